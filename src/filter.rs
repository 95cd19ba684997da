//! Conditions on requests, as `--where` takes them.

use crate::key::client;
use crate::key::{Method, referer_host};
use crate::record::Record;
use ipnet::IpNet;
use regex::bytes::Regex;
use std::borrow::Cow;
use std::net::IpAddr;

/// A `--where FIELD=VALUE` condition.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The field of the record that it looks at.
    pub field: ConditionField,
    /// What the field must be.
    pub test: Test,
    /// `!=`: the condition holds where the test fails.
    pub negated: bool,
}

/// Fields that `--where` may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ConditionField {
    Ip,
    Status,
    Method,
    Path,
    Query,
    Route,
    Host,
    User,
    UserAgent,
    Client,
    Referer,
    RefererHost,
}

impl ConditionField {
    /// Names and fields, for messages and parsing.
    pub const ALL: [(&'static str, ConditionField); 12] = [
        ("ip", ConditionField::Ip),
        ("status", ConditionField::Status),
        ("method", ConditionField::Method),
        ("path", ConditionField::Path),
        ("query", ConditionField::Query),
        ("route", ConditionField::Route),
        ("host", ConditionField::Host),
        ("user", ConditionField::User),
        ("user_agent", ConditionField::UserAgent),
        ("client", ConditionField::Client),
        ("referer", ConditionField::Referer),
        ("referer_host", ConditionField::RefererHost),
    ];
}

/// How a field is compared.
#[derive(Debug, Clone)]
pub enum Test {
    /// The same bytes.
    Equal(Vec<u8>),
    /// An address within one of these networks.
    Within(Vec<IpNet>),
    /// A match anywhere.
    Matches(Regex),
}

/// Why a `--where` argument is not a condition.
#[derive(Debug, thiserror::Error)]
pub enum ConditionError {
    /// There is no `=`, `!=`, `~` or `!~`.
    #[error(
        "--where {0:?} has no comparison; write FIELD=VALUE, FIELD!=VALUE, FIELD~REGEX or FIELD!~REGEX"
    )]
    NoOperator(String),
    /// Unknown field.
    #[error("--where does not know the field {0:?}; it knows {known}", known = known_fields())]
    UnknownField(String),
    /// Not a regular expression.
    #[error("--where {argument:?}: {source}")]
    Regex {
        /// The argument.
        argument: String,
        /// What is wrong with it.
        source: regex::Error,
    },
}

fn known_fields() -> String {
    ConditionField::ALL.map(|(name, _)| name).join(", ")
}

impl Condition {
    /// Parses `FIELD=VALUE`, `FIELD!=VALUE`, `FIELD~REGEX` or `FIELD!~REGEX`.
    pub fn parse(argument: &str) -> Result<Condition, ConditionError> {
        let at = argument
            .find(['=', '~', '!'])
            .ok_or_else(|| ConditionError::NoOperator(argument.to_string()))?;
        let (name, rest) = argument.split_at(at);
        let (negated, rest) = match rest.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let field = ConditionField::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, field)| *field)
            .ok_or_else(|| ConditionError::UnknownField(name.to_string()))?;
        let test = if let Some(pattern) = rest.strip_prefix('~') {
            let regex = Regex::new(pattern).map_err(|source| ConditionError::Regex {
                argument: argument.to_string(),
                source,
            })?;
            Test::Matches(regex)
        } else if let Some(value) = rest.strip_prefix('=') {
            match (field, networks(value)) {
                (ConditionField::Ip, Some(networks)) => Test::Within(networks),
                _ => Test::Equal(value.as_bytes().to_vec()),
            }
        } else {
            return Err(ConditionError::NoOperator(argument.to_string()));
        };
        Ok(Condition {
            field,
            test,
            negated,
        })
    }

    /// Whether the request meets the condition; `client_address` is its client behind trusted proxies.
    pub fn holds(&self, record: &Record<'_>, client_address: &[u8]) -> bool {
        let value = value_of(self.field, record, client_address);
        let met = match &self.test {
            Test::Equal(wanted) => value[..] == wanted[..],
            Test::Matches(regex) => regex.is_match(&value),
            Test::Within(networks) => std::str::from_utf8(&value)
                .ok()
                .and_then(|text| text.parse::<IpAddr>().ok())
                .is_some_and(|ip| networks.iter().any(|network| network.contains(&ip))),
        };
        met != self.negated
    }
}

/// Networks, and addresses among them, with commas between; none where it is one address or something else.
fn networks(value: &str) -> Option<Vec<IpNet>> {
    let network = |text: &str| {
        let alone = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse::<IpNet>().or_else(|_| alone()).ok()
    };
    match value.contains(['/', ',']) {
        true => value.split(',').map(network).collect(),
        false => None,
    }
}

fn value_of<'a>(
    field: ConditionField,
    record: &'a Record<'_>,
    client_address: &'a [u8],
) -> Cow<'a, [u8]> {
    match field {
        ConditionField::Ip => Cow::Borrowed(client_address),
        ConditionField::Status => Cow::Owned(record.status.to_string().into_bytes()),
        ConditionField::Method => Cow::Borrowed(Method::parse(record.method).name().as_bytes()),
        ConditionField::Path => Cow::Borrowed(record.path()),
        ConditionField::Query => Cow::Borrowed(record.query()),
        ConditionField::Route => {
            let mut route = Vec::new();
            crate::key::route::template(record.path(), &mut route);
            Cow::Owned(route)
        }
        ConditionField::Host => Cow::Borrowed(&record.host),
        ConditionField::User => Cow::Borrowed(&record.user),
        ConditionField::UserAgent => Cow::Borrowed(&record.user_agent),
        ConditionField::Client => Cow::Owned(
            client::classify(&record.user_agent)
                .family
                .as_bytes()
                .to_vec(),
        ),
        ConditionField::Referer => Cow::Borrowed(&record.referer),
        ConditionField::RefererHost => Cow::Borrowed(referer_host(&record.referer)),
    }
}
