//! Secrets that are known by their own shape, whatever stands before them.
//!
//! Sources: RFC 7519 (a JWT begins with `{"` in base64url, `eyJ`), RFC 3986 §3.2.1 (user
//! information), RFC 9110 §11 (`Bearer`, `Basic`), and the documented prefixes of token issuers:
//! GitHub, GitLab, Slack, Stripe, AWS, Google, npm, PyPI, Hugging Face, SendGrid, Shopify,
//! DigitalOcean, OpenAI, Anthropic, as of 2026-11.

use super::redact::Span;
use super::secret::is_placeholder;

/// A prefix, and how many token bytes must follow it.
struct Prefix(&'static [u8], usize);

/// Prefixes that nothing else begins with.
const PREFIXES: &[Prefix] = &[
    Prefix(b"ghp_", 16),
    Prefix(b"gho_", 16),
    Prefix(b"ghu_", 16),
    Prefix(b"ghs_", 16),
    Prefix(b"ghr_", 16),
    Prefix(b"github_pat_", 16),
    Prefix(b"glpat-", 16),
    Prefix(b"gldt-", 16),
    Prefix(b"xoxb-", 8),
    Prefix(b"xoxp-", 8),
    Prefix(b"xoxa-", 8),
    Prefix(b"xoxr-", 8),
    Prefix(b"xoxs-", 8),
    Prefix(b"xapp-", 8),
    Prefix(b"xoxe", 12),
    Prefix(b"sk_live_", 8),
    Prefix(b"sk_test_", 8),
    Prefix(b"rk_live_", 8),
    Prefix(b"rk_test_", 8),
    Prefix(b"pk_live_", 8),
    Prefix(b"pk_test_", 8),
    Prefix(b"whsec_", 12),
    Prefix(b"sk_", 16),
    Prefix(b"AKIA", 16),
    Prefix(b"ASIA", 16),
    Prefix(b"AIza", 30),
    Prefix(b"ya29.", 16),
    Prefix(b"GOCSPX-", 16),
    Prefix(b"npm_", 30),
    Prefix(b"pypi-", 30),
    Prefix(b"hf_", 30),
    Prefix(b"SG.", 30),
    Prefix(b"shpat_", 20),
    Prefix(b"shpss_", 20),
    Prefix(b"dop_v1_", 20),
    Prefix(b"sk-ant-", 16),
    Prefix(b"sk-proj-", 16),
    Prefix(b"sk-", 20),
    Prefix(b"sq0csp-", 16),
    Prefix(b"EAACEdEose0cBA", 8),
    Prefix(b"eyJ", 17),
];

/// Schemes whose credential may stand in a field of its own.
const SCHEMES: &[&[u8]] = &[
    b"bearer ",
    b"basic ",
    b"bearer%20",
    b"basic%20",
    b"bearer+",
    b"basic+",
    b"bearer%2520",
    b"basic%2520",
    b"bearer\\x20",
    b"basic\\x20",
];

/// How far a candidate is read to see whether letters and digits are mixed in it.
const LOOK: usize = 64;

/// User information and host are looked for so far; a bound, because candidates may overlap.
const MAX_AUTHORITY_BYTES: usize = 1024;

/// Beginnings that are no prefix of a token: a URL's `://` and the schemes of `Authorization`.
const OTHER_STARTS: &[&[u8; 2]] = &[
    b":/", b"%3", b"be", b"Be", b"bE", b"BE", b"ba", b"Ba", b"bA", b"BA",
];

/// The first two bytes of everything that is looked for, as a set of bits: nearly every place of a
/// line is ruled out by one look.
const STARTS: [u64; 1024] = {
    let mut bits = [0; 1024];
    let mut at = 0;
    while at < PREFIXES.len() {
        let pair = pair(PREFIXES[at].0[0], PREFIXES[at].0[1]);
        bits[pair / 64] |= 1 << (pair % 64);
        at += 1;
    }
    at = 0;
    while at < OTHER_STARTS.len() {
        let pair = pair(OTHER_STARTS[at][0], OTHER_STARTS[at][1]);
        bits[pair / 64] |= 1 << (pair % 64);
        at += 1;
    }
    bits
};

const fn pair(first: u8, second: u8) -> usize {
    (first as usize) << 8 | second as usize
}

/// Marks every secret of a known shape.
pub(super) fn find(line: &[u8], spans: &mut Vec<Span>) {
    let mut at = 0;
    while let Some(&[byte, second]) = line.get(at..at + 2) {
        let pair = pair(byte, second);
        if STARTS[pair / 64] >> (pair % 64) & 1 == 0 {
            at += 1;
            continue;
        }
        let rest = &line[at..];
        let found = match byte {
            b':' | b'%' => user_information(rest),
            b'b' | b'B' => scheme(rest),
            _ => prefixed(rest, before(line, at)),
        };
        at += match found {
            Some((start, end)) => {
                spans.push((at + start, at + end));
                end
            }
            None => 1,
        };
    }
}

/// The byte before a place.
fn before(line: &[u8], at: usize) -> Option<u8> {
    at.checked_sub(1).and_then(|at| line.get(at).copied())
}

/// A known prefix with enough behind it. The short ones that words end in (`task-`, `risk_`) count
/// only where no letter stands before them.
fn prefixed(rest: &[u8], before: Option<u8>) -> Option<Span> {
    let Prefix(prefix, least) = PREFIXES.iter().find(|known| rest.starts_with(known.0))?;
    let body = &rest[prefix.len()..];
    let jwt = *prefix == b"eyJ";
    let length = body
        .iter()
        .take_while(|byte| is_token_byte(**byte, jwt))
        .take(if jwt { usize::MAX } else { 512 })
        .count();
    let look = &body[..length.min(LOOK)];
    let mixed = look.iter().any(u8::is_ascii_digit) || look.iter().any(u8::is_ascii_uppercase);
    let in_word = prefix.starts_with(b"sk") && before.is_some_and(|b| b.is_ascii_alphabetic());
    (length >= *least && mixed && !in_word).then_some((0, prefix.len() + length))
}

fn is_token_byte(byte: u8, jwt: bool) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'-')
        || byte == b'.'
        || jwt && matches!(byte, b'=' | b'+' | b'~')
}

/// The credential behind `Bearer ` or `Basic `: token68 of RFC 9110, long or clearly no word.
fn scheme(rest: &[u8]) -> Option<Span> {
    let scheme = SCHEMES.iter().find(|scheme| {
        rest.get(..scheme.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    })?;
    let body = &rest[scheme.len()..];
    let token68 = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
    let length = body.iter().take_while(|byte| token68(byte)).count();
    let token = &body[..length];
    let no_word = token.iter().skip(1).any(|byte| !byte.is_ascii_lowercase());
    let secret = length >= 4 && no_word && !is_placeholder(token);
    secret.then_some((scheme.len(), scheme.len() + length))
}

/// The user information of `://user:password@`, raw or percent-encoded.
fn user_information(rest: &[u8]) -> Option<Span> {
    let start = if rest.starts_with(b"://") {
        3
    } else if rest.get(..9)?.eq_ignore_ascii_case(b"%3A%2F%2F") {
        9
    } else {
        return None;
    };
    let body = &rest[start..rest.len().min(start + MAX_AUTHORITY_BYTES)];
    let ends = |byte: &u8| {
        matches!(
            byte,
            b'/' | b'?' | b'#' | b'"' | b' ' | b'&' | b'<' | b'>' | b'\n'
        )
    };
    let authority = &body[..body.iter().position(ends).unwrap_or(body.len())];
    let (authority, at) = if start == 3 {
        (authority, memchr::memrchr(b'@', authority))
    } else {
        let end = memchr::memmem::find(authority, b"%2F")
            .or_else(|| memchr::memmem::find(authority, b"%2f"))
            .unwrap_or(authority.len());
        let authority = &authority[..end];
        let encoded = memchr::memmem::rfind(authority, b"%40");
        (authority, encoded.max(memchr::memrchr(b'@', authority)))
    };
    let at = at?;
    let secret = &authority[..at];
    (!is_placeholder(secret)).then_some((start, start + at))
}
