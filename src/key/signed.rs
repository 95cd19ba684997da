//! When a signed URL expires, as the URL itself says: proof of an expired credential, where the
//! log's own time is later.
//!
//! Only the expiry is read, never checked against a signature, and nothing of the query is kept or
//! shown. A scheme counts only with all of its parameters, because `Expires` alone means anything.
//! Sources: AWS SigV4 query parameters (`X-Amz-Date` + `X-Amz-Expires`) and SigV2, CloudFront signed
//! URLs, GCS V4 and V2, Azure SAS (`se`), nginx `secure_link`, Akamai edge tokens (`exp=`), Alibaba
//! OSS, Tencent COS (`q-sign-time`), RFC 7519 (`exp`).

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde::Deserialize;

use super::secret::percent_decoded;
use crate::find::find;

/// Most bytes of a token or policy that are decoded.
const MAX_BASE64_BYTES: usize = 8 << 10;

/// Longest query that is looked at.
const MAX_QUERY_BYTES: usize = 64 << 10;

/// Stamps before 2000 or after 2200, in seconds, are no expiry that anybody signed.
const SENSIBLE_SECONDS: std::ops::Range<i64> = 946_684_800..7_258_118_400;

/// When a signed URL stops being good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// Last moment at which it is good, in milliseconds since the epoch, UTC.
    pub not_after_ms: i64,
    /// The scheme that says so.
    pub scheme: &'static str,
}

/// The expiry that a query states, if it is that of a signed URL.
pub fn expiry(query: &[u8]) -> Option<Expiry> {
    let query = &query[..query.len().min(MAX_QUERY_BYTES)];
    let parameters = Parameters::of(query)?;
    let schemes: [Scheme; 6] = [dated, azure, epoch, edge_token, jwt, home_grown];
    let (seconds, scheme) = schemes.iter().find_map(|scheme| scheme(&parameters))?;
    SENSIBLE_SECONDS.contains(&seconds).then_some(Expiry {
        not_after_ms: seconds * 1000,
        scheme,
    })
}

/// Reads one scheme's expiry, in seconds since the epoch, and its name.
type Scheme = fn(&Parameters<'_>) -> Option<(i64, &'static str)>;

/// Shortest value that can tell an expiry: the seconds of the year 2000.
const SHORTEST_EXPIRY: usize = 9;

/// The parameters of a query that have a value.
struct Parameters<'q>(Vec<(&'q [u8], &'q [u8])>);

impl<'q> Parameters<'q> {
    /// None where no value is long enough: nearly all queries are known by that.
    fn of(query: &'q [u8]) -> Option<Parameters<'q>> {
        let mut start = 0;
        loop {
            let equals = find(query, start, b'=')?;
            let end = find(query, equals, b'&').unwrap_or(query.len());
            if end - equals > SHORTEST_EXPIRY {
                break;
            }
            start = end;
        }
        let pair = |parameter: &'q [u8]| {
            let equals = find(parameter, 0, b'=')?;
            Some((&parameter[..equals], &parameter[equals + 1..]))
        };
        let parameters = query.split(|byte| *byte == b'&');
        Some(Parameters(parameters.filter_map(pair).collect()))
    }

    /// The value of a name without case, of the first parameter of that name.
    fn get(&self, name: &str) -> Option<&'q [u8]> {
        let named = |(other, _): &&(&[u8], &[u8])| other.eq_ignore_ascii_case(name.as_bytes());
        self.0.iter().find(named).map(|(_, value)| *value)
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn number(&self, name: &str) -> Option<i64> {
        number(self.get(name)?)
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// AWS SigV4 and GCS V4: a date and a number of seconds.
fn dated(parameters: &Parameters<'_>) -> Option<(i64, &'static str)> {
    for (date, seconds, signature, scheme) in [
        (
            "X-Amz-Date",
            "X-Amz-Expires",
            "X-Amz-Signature",
            "aws_sigv4",
        ),
        (
            "X-Goog-Date",
            "X-Goog-Expires",
            "X-Goog-Signature",
            "gcs_v4",
        ),
    ] {
        if let (Some(date), Some(seconds), true) = (
            parameters.get(date),
            parameters.number(seconds),
            parameters.has(signature),
        ) {
            let text = std::str::from_utf8(date).ok()?;
            let start = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").ok()?;
            return Some((start.and_utc().timestamp().checked_add(seconds)?, scheme));
        }
    }
    None
}

/// Azure shared access signature: `se` is ISO 8601, with a time or without.
fn azure(parameters: &Parameters<'_>) -> Option<(i64, &'static str)> {
    if !(parameters.has("sig") && parameters.has("sv")) {
        return None;
    }
    let stamp = percent_decoded(parameters.get("se")?);
    let text = std::str::from_utf8(&stamp).ok()?;
    let seconds = match DateTime::parse_from_rfc3339(text) {
        Ok(time) => time.timestamp(),
        Err(_) => match NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%MZ") {
            Ok(time) => time.and_utc().timestamp(),
            Err(_) => NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()?
                .and_hms_opt(0, 0, 0)?
                .and_utc()
                .timestamp(),
        },
    };
    Some((seconds, "azure_sas"))
}

/// Schemes that sites make themselves: an expiry as seconds since the epoch beside a long signature.
fn home_grown(parameters: &Parameters<'_>) -> Option<(i64, &'static str)> {
    const EXPIRIES: [&str; 7] = [
        "expires",
        "expiry",
        "expire",
        "exp",
        "expires_at",
        "valid_until",
        "validuntil",
    ];
    const SIGNATURES: [&str; 8] = [
        "signature",
        "sig",
        "sign",
        "hash",
        "hmac",
        "digest",
        "s",
        "hdnts",
    ];
    /// Shorter values are names or numbers.
    const SHORTEST_SIGNATURE: usize = 16;
    let signed = SIGNATURES.iter().any(|name| {
        parameters
            .get(name)
            .is_some_and(|value| value.len() >= SHORTEST_SIGNATURE)
    });
    let seconds = EXPIRIES.iter().find_map(|name| parameters.number(name))?;
    signed.then_some((seconds, "signed_link"))
}

/// Schemes with the second itself in a parameter, each with what must stand beside it.
fn epoch(parameters: &Parameters<'_>) -> Option<(i64, &'static str)> {
    const SCHEMES: [(&str, &str, &str, &str); 6] = [
        ("AWSAccessKeyId", "Signature", "Expires", "aws_sigv2"),
        ("Key-Pair-Id", "Signature", "Expires", "cloudfront"),
        ("GoogleAccessId", "Signature", "Expires", "gcs_v2"),
        ("OSSAccessKeyId", "Signature", "Expires", "alibaba_oss"),
        ("md5", "md5", "expires", "nginx_secure_link"),
        ("token", "token", "expires", "token_expires"),
    ];
    let found = SCHEMES.iter().find_map(|(one, other, expires, scheme)| {
        let complete = parameters.has(one) && parameters.has(other);
        Some((parameters.number(expires).filter(|_| complete)?, *scheme))
    });
    found.or_else(|| cloudfront_policy(parameters)).or_else(|| {
        let period = percent_decoded(parameters.get("q-sign-time")?).into_owned();
        let end = period.rsplit(|byte| *byte == b';').next()?;
        Some((number(end)?, "tencent_cos"))
    })
}

/// A CloudFront custom policy: JSON in base64 with `+`, `=` and `/` as `-`, `_` and `~`.
fn cloudfront_policy(parameters: &Parameters<'_>) -> Option<(i64, &'static str)> {
    if !parameters.has("Key-Pair-Id") {
        return None;
    }
    let policy = base64(parameters.get("Policy")?, |byte| match byte {
        b'-' => Some(62),
        b'~' => Some(63),
        _ => None,
    })?;
    let marker = b"\"AWS:EpochTime\"";
    let limit = &policy[memchr::memmem::find(&policy, b"\"DateLessThan\"")?..];
    let value = &limit[memchr::memmem::find(limit, marker)? + marker.len()..];
    let from = value.iter().position(u8::is_ascii_digit)?;
    let digits = &value[from..];
    let end = digits.iter().position(|byte| !byte.is_ascii_digit());
    Some((number(&digits[..end?])?, "cloudfront_policy"))
}

/// Akamai: `hdnts=st=…~exp=1700000000~acl=…~hmac=…`.
fn edge_token(parameters: &Parameters<'_>) -> Option<(i64, &'static str)> {
    let token = ["hdnts", "hdnea", "__token__", "hdntl"]
        .iter()
        .find_map(|name| parameters.get(name))?;
    let token = percent_decoded(token);
    let exp = token
        .split(|byte| *byte == b'~')
        .find_map(|part| part.strip_prefix(b"exp="))?;
    Some((number(exp)?, "akamai"))
}

/// The part of a JWT's claims that matters here; RFC 7519 allows fractions of a second.
#[derive(Deserialize)]
struct Claims {
    exp: f64,
}

/// The `exp` of a JWT in any parameter that commonly holds one.
fn jwt(parameters: &Parameters<'_>) -> Option<(i64, &'static str)> {
    let token = [
        "token",
        "access_token",
        "jwt",
        "id_token",
        "auth",
        "sig",
        "signature",
    ]
    .iter()
    .filter_map(|name| parameters.get(name))
    .find(|value| value.starts_with(b"eyJ"))?;
    let claims = token.split(|byte| *byte == b'.').nth(1)?;
    let claims = base64(claims, |byte| match byte {
        b'-' | b'+' => Some(62),
        b'_' | b'/' => Some(63),
        _ => None,
    })?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    // A float cast saturates, and what is not sensible is sorted out above.
    Some((claims.exp as i64, "jwt"))
}

/// Decodes base64 in the alphabet whose last two digits `special` knows; stops at padding.
fn base64(text: &[u8], special: impl Fn(u8) -> Option<u8>) -> Option<Vec<u8>> {
    if text.len() > MAX_BASE64_BYTES {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);
    for &byte in text {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            _ => match special(byte) {
                Some(digit) => digit,
                None => break,
            },
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(query: &str, seconds: i64, scheme: &'static str) {
        let expected = Expiry {
            not_after_ms: seconds * 1000,
            scheme,
        };
        assert_eq!(expiry(query.as_bytes()), Some(expected), "{query}");
    }

    #[test]
    fn schemes() {
        check(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261123T100000Z&X-Amz-Expires=900&X-Amz-Signature=ab",
            1_795_428_900,
            "aws_sigv4",
        );
        check(
            "X-Goog-Date=20261123T100000Z&X-Goog-Expires=900&X-Goog-Signature=ab",
            1_795_428_900,
            "gcs_v4",
        );
        check(
            "AWSAccessKeyId=A&Expires=1795428900&Signature=x%3D",
            1_795_428_900,
            "aws_sigv2",
        );
        check(
            "Expires=1795428900&Signature=x&Key-Pair-Id=K",
            1_795_428_900,
            "cloudfront",
        );
        check(
            "GoogleAccessId=A&Expires=1795428900&Signature=x",
            1_795_428_900,
            "gcs_v2",
        );
        check(
            "sv=2022-11-02&se=2026-11-23T10%3A15%3A00Z&sr=b&sp=r&sig=x%3D",
            1_795_428_900,
            "azure_sas",
        );
        check(
            "sv=2022-11-02&se=2026-11-23&sig=x",
            1_795_392_000,
            "azure_sas",
        );
        check(
            "md5=abc&expires=1795428900",
            1_795_428_900,
            "nginx_secure_link",
        );
        check(
            "hdnts=st=1795428000~exp=1795428900~acl=/*~hmac=ab",
            1_795_428_900,
            "akamai",
        );
        check(
            "q-sign-time=1795428000;1795428900&q-signature=x",
            1_795_428_900,
            "tencent_cos",
        );
        check(
            "token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIiwiZXhwIjoxNzk1NDI4OTAwfQ.c2ln",
            1_795_428_900,
            "jwt",
        );
        check(
            "Policy=eyJTdGF0ZW1lbnQiOlt7IkNvbmRpdGlvbiI6eyJEYXRlTGVzc1RoYW4iOnsiQVdTOkVwb2NoVGltZSI6MTc5NTQyODkwMH19fV19&Signature=x&Key-Pair-Id=K",
            1_795_428_900,
            "cloudfront_policy",
        );
    }

    #[test]
    fn what_is_not_signed_has_no_expiry() {
        for query in [
            "",
            "Expires=1795428900",
            "se=2026-11-23",
            "md5=a&expires=soon",
            "md5=a&expires=5",
            "X-Amz-Date=nonsense&X-Amz-Expires=9&X-Amz-Signature=a",
            "token=eyJ",
            "token=eyJ.!!.x",
            "X-Amz-Date=20261123T100000Z&X-Amz-Expires=9223372036854775807&X-Amz-Signature=a",
        ] {
            assert_eq!(expiry(query.as_bytes()), None, "{query}");
        }
    }

    proptest! {
        #[test]
        fn any_query_is_taken(query in "((Policy|Key-Pair-Id|se|sv|sig|hdnts|jwt|Expires|md5)=[ -~]{0,20}&){0,8}") {
            if let Some(expiry) = expiry(query.as_bytes()) {
                prop_assert!(SENSIBLE_SECONDS.contains(&(expiry.not_after_ms / 1000)));
            }
        }
    }
}
