//! Which names stand before secrets, which values only stand in for one, and percent-decoding.
//!
//! Two questions are kept apart. *What identifies a caller* ([`rank`]) is a short list of exact
//! names, because a wrong key spoils an analysis. *What must not be shown* ([`secret_from`]) is
//! broad, because a shown secret cannot be taken back. Names compare without case and punctuation.
//! Sources: query parameters of AWS SigV2/V4, GCS, Azure SAS and CloudFront signing; RFC 6750 §2.3,
//! RFC 6749; common API gateways (Kong `apikey`, Azure `subscription-key`), as of 2026-11.

/// How well a query parameter tells one caller from another; the better one is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A credential that stays the same over many requests.
    Credential,
    /// A session, which lasts a while.
    Session,
    /// A signature, which is of one URL only.
    Signature,
}

/// Longest name that is looked at, without its punctuation.
const MAX_NAME_BYTES: usize = 32;

/// A name in lower case without `_`, `-` and `.`; empty for one that is too long to be known.
struct Plain {
    bytes: [u8; MAX_NAME_BYTES],
    length: usize,
}

impl Plain {
    #[inline]
    fn of(name: &[u8]) -> Plain {
        let mut plain = Plain {
            bytes: [0; MAX_NAME_BYTES],
            length: 0,
        };
        for byte in name {
            if is_punctuation(*byte) {
                continue;
            }
            match plain.bytes.get_mut(plain.length) {
                Some(place) => *place = byte.to_ascii_lowercase(),
                None => {
                    plain.keep_tail(*byte);
                    continue;
                }
            }
            plain.length += 1;
        }
        plain
    }

    /// The end of a long name says what it is: `..._customer_api_key`.
    #[cold]
    fn keep_tail(&mut self, byte: u8) {
        self.bytes.rotate_left(1);
        self.bytes[MAX_NAME_BYTES - 1] = byte.to_ascii_lowercase();
    }

    #[inline]
    fn get(&self) -> &[u8] {
        &self.bytes[..self.length.min(MAX_NAME_BYTES)]
    }
}

/// What a name may have in it without being another name.
#[inline]
fn is_punctuation(byte: u8) -> bool {
    matches!(byte, b'_' | b'-' | b'.' | b'[' | b']')
}

/// Query parameters that identify the caller.
const IDENTIFYING: [(Rank, &[&[u8]]); 3] = [
    (
        Rank::Credential,
        &[
            b"apikey",
            b"key",
            b"xapikey",
            b"appkey",
            b"appid",
            b"apitoken",
            b"accesskey",
            b"subscriptionkey",
            b"accesstoken",
            b"token",
            b"authtoken",
            b"usertoken",
            b"xauthtoken",
            b"auth",
            b"authorization",
            b"jwt",
            b"idtoken",
            b"bearer",
            b"bearertoken",
            b"oauthtoken",
            b"privatetoken",
            b"awsaccesskeyid",
            b"xamzcredential",
            b"googleaccessid",
            b"xgoogcredential",
            b"ossaccesskeyid",
            b"clientsecret",
            b"refreshtoken",
            b"secret",
            b"keypairid",
        ],
    ),
    (
        Rank::Session,
        &[
            b"session",
            b"sessionid",
            b"sid",
            b"sessiontoken",
            b"phpsessid",
            b"jsessionid",
        ],
    ),
    (
        Rank::Signature,
        &[
            b"sig",
            b"signature",
            b"xamzsignature",
            b"xgoogsignature",
            b"xamzsecuritytoken",
            b"hdnts",
            b"hdnea",
        ],
    ),
];

/// By the first letter of [`IDENTIFYING`] names, a bit for each last one: most other names of a query
/// differ in one of them, and are known by that.
const EDGES: [u32; 32] = edges();

const fn edges() -> [u32; 32] {
    let mut edges = [0; 32];
    let mut rank = 0;
    while rank < IDENTIFYING.len() {
        let names = IDENTIFYING[rank].1;
        let mut name = 0;
        while name < names.len() {
            let name_bytes = names[name];
            edges[letter(name_bytes[0])] |= 1 << letter(name_bytes[name_bytes.len() - 1]);
            name += 1;
        }
        rank += 1;
    }
    edges
}

/// The number of a letter in either case; other bytes share one with some letter.
const fn letter(byte: u8) -> usize {
    (byte & 31) as usize
}

/// The rank of a query parameter that identifies the caller; nothing for any other.
#[inline]
pub(super) fn rank(name: &[u8]) -> Option<Rank> {
    let (&[first, .., last], 3..=MAX_NAME_BYTES) = (name, name.len()) else {
        return None;
    };
    let has_edges = EDGES[letter(first)] >> letter(last) & 1 != 0;
    (has_edges || is_punctuation(first) || is_punctuation(last)).then(|| listed(name))?
}

fn listed(name: &[u8]) -> Option<Rank> {
    let plain = Plain::of(name);
    let mut ranks = IDENTIFYING.iter();
    let (rank, _) = ranks.find(|(_, names)| names.contains(&plain.get()))?;
    Some(*rank)
}

/// Ends of names whose values are never shown.
const SECRET_ENDINGS: &[&[u8]] = &[
    b"token",
    b"secret",
    b"password",
    b"passwd",
    b"passphrase",
    b"pwd",
    b"apikey",
    b"accesskey",
    b"secretkey",
    b"privatekey",
    b"subscriptionkey",
    b"authkey",
    b"appkey",
    b"functionskey",
    b"accesskeyid",
    b"accessid",
    b"signature",
    b"credential",
    b"credentials",
    b"sessionid",
    b"sessid",
    b"connectsid",
    b"jwt",
    b"bearer",
    b"authorization",
    b"cookie",
    b"keypairid",
    b"otp",
    b"mfacode",
    b"hmac",
    b"samlresponse",
    b"samlrequest",
    b"wpnonce",
];

/// Names whose values are never shown.
const SECRET_NAMES: &[&[u8]] = &[
    b"key", b"auth", b"sig", b"sid", b"session", b"pass", b"pw", b"appid", b"hdnts", b"hdnea",
    b"xauth", b"magic", b"sign", b"pin",
];

/// Names that are harmless with a short value (`state=CA`) and secret with a long one (OAuth).
const LONG_SECRET_NAMES: &[&[u8]] = &[
    b"code", b"state", b"nonce", b"ticket", b"hash", b"policy", b"md5", b"reset", b"invite",
    b"license", b"webhook",
];

/// A value this long behind one of [`LONG_SECRET_NAMES`], or behind any `...key`, is a secret.
const LONG_VALUE_BYTES: usize = 16;

/// Last letters of all of these, to rule out most names at once.
const LAST_LETTERS: [bool; 256] = {
    let mut table = [false; 256];
    let lists = [SECRET_ENDINGS, SECRET_NAMES, LONG_SECRET_NAMES];
    let mut list = 0;
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            let name = lists[list][at];
            table[name[name.len() - 1] as usize] = true;
            at += 1;
        }
        list += 1;
    }
    table
};

/// From how many bytes on a value behind this name must not be shown; nothing for harmless names.
#[inline]
pub(super) fn secret_from(name: &[u8]) -> Option<usize> {
    let last = name.iter().rfind(|byte| !is_punctuation(**byte))?;
    if !LAST_LETTERS[usize::from(last.to_ascii_lowercase())] {
        return None;
    }
    let plain = Plain::of(name);
    let plain = plain.get();
    if SECRET_NAMES.contains(&plain) || SECRET_ENDINGS.iter().any(|end| plain.ends_with(end)) {
        Some(1)
    } else if plain.ends_with(b"key") || LONG_SECRET_NAMES.contains(&plain) {
        Some(LONG_VALUE_BYTES)
    } else {
        None
    }
}

/// Values that a log has in place of a secret, in lower case.
const PLACEHOLDERS: &[&[u8]] = &[
    b"redacted",
    b"filtered",
    b"masked",
    b"removed",
    b"null",
    b"nil",
    b"none",
    b"undefined",
    b"nan",
    b"scrubbed",
    b"deleted",
];

/// Whether a value is no secret: empty, a mask such as `***` or `xxxx`, a word such as
/// `[FILTERED]`, or a fingerprint of ours.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    if value.len() > 64 {
        return false;
    }
    let mask = |byte: &u8| matches!(byte, b'*' | b'x' | b'X' | b'-' | b'.' | b'_' | b'#' | b'?');
    if value.iter().all(mask) || is_fingerprint(value) {
        return true;
    }
    let decoded = percent_decoded(value);
    let word = decoded
        .trim_ascii()
        .strip_prefix_any(b"[<({\"*")
        .strip_suffix_any(b"]>)}\"*");
    word.is_empty()
        || PLACEHOLDERS
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
}

/// `tok_` and twelve hexadecimal digits.
fn is_fingerprint(value: &[u8]) -> bool {
    match value.strip_prefix(b"tok_") {
        Some(digest) => digest.len() == 12 && digest.iter().all(u8::is_ascii_hexdigit),
        None => false,
    }
}

/// Trims any of a set of bytes from one end.
trait StripAny {
    fn strip_prefix_any(&self, set: &[u8]) -> &Self;
    fn strip_suffix_any(&self, set: &[u8]) -> &Self;
}

impl StripAny for [u8] {
    fn strip_prefix_any(&self, set: &[u8]) -> &Self {
        let start = self.iter().position(|byte| !set.contains(byte));
        &self[start.unwrap_or(self.len())..]
    }

    fn strip_suffix_any(&self, set: &[u8]) -> &Self {
        let end = self.iter().rposition(|byte| !set.contains(byte));
        &self[..end.map_or(0, |at| at + 1)]
    }
}

/// Words of `Authorization` before the credential itself (RFC 9110 §11.4).
const SCHEMES: &[&[u8]] = &[
    b"bearer",
    b"basic",
    b"token",
    b"digest",
    b"apikey",
    b"negotiate",
];

/// A credential without the word of its scheme and the space behind it, raw or encoded.
#[inline]
pub(super) fn without_scheme(value: &[u8]) -> &[u8] {
    for scheme in SCHEMES {
        let Some((head, rest)) = value.split_at_checked(scheme.len()) else {
            continue;
        };
        if head.eq_ignore_ascii_case(scheme) {
            let spaces: [&[u8]; 3] = [b" ", b"+", b"%20"];
            if let Some(rest) = spaces.iter().find_map(|space| rest.strip_prefix(*space)) {
                return rest.trim_ascii_start();
            }
        }
    }
    value
}

/// The value of one hexadecimal digit.
#[inline]
pub(super) fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// `bytes` with each `%HH` decoded once; what is no valid escape stays.
pub(super) fn percent_decoded(bytes: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if memchr::memchr(b'%', bytes).is_none() {
        return bytes.into();
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        let escape = match (byte, after) {
            (b'%', [high, low, ..]) => hex_digit(*high).zip(hex_digit(*low)),
            _ => None,
        };
        match escape {
            Some((high, low)) => {
                out.push(high << 4 | low);
                rest = &after[2..];
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_identifying_name_is_known_in_any_spelling() {
        for (rank, names) in IDENTIFYING {
            for name in names {
                let name = String::from_utf8_lossy(name);
                for spelled in [name.to_string(), name.to_uppercase(), format!("_{name}-")] {
                    assert_eq!(super::rank(spelled.as_bytes()), Some(rank), "{spelled}");
                }
            }
        }
    }

    #[test]
    fn names_that_identify() {
        for (name, expected) in [
            ("api_key", Some(Rank::Credential)),
            ("X-Api-Key", Some(Rank::Credential)),
            ("X-Amz-Credential", Some(Rank::Credential)),
            ("X-Amz-Signature", Some(Rank::Signature)),
            ("sid", Some(Rank::Session)),
            ("state", None),
            ("keyword", None),
            ("page", None),
            ("tokens", None),
        ] {
            assert_eq!(rank(name.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn names_that_hide() {
        for name in [
            "token",
            "csrf_token",
            "client-secret",
            "PHPSESSID",
            "connect.sid",
            "Set-Cookie",
            "a_very_long_prefix_for_the_customers_own_api_key",
        ] {
            assert_eq!(secret_from(name.as_bytes()), Some(1), "{name}");
        }
        for name in ["state", "sort_key", "license-key"] {
            assert_eq!(
                secret_from(name.as_bytes()),
                Some(LONG_VALUE_BYTES),
                "{name}"
            );
        }
        for name in ["page", "max_tokens", "keyword", "author", ""] {
            assert_eq!(secret_from(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn stand_ins_are_no_secrets() {
        for value in [
            "",
            "-",
            "***",
            "xxxx",
            "REDACTED",
            "[FILTERED]",
            "%5BFILTERED%5D",
            "null",
            "<redacted>",
            "(masked)",
            "tok_0123456789ab",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
        for value in ["abc", "tok_live_123", "redactedx"] {
            assert!(!is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn schemes_are_no_part_of_the_secret() {
        for value in [
            "Bearer abc",
            "bearer abc",
            "Basic  abc",
            "token%20abc",
            "Bearer+abc",
            "abc",
        ] {
            assert_eq!(without_scheme(value.as_bytes()), b"abc", "{value}");
        }
        assert_eq!(without_scheme(b"Bearerabc"), b"Bearerabc");
    }
}
