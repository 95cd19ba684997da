//! Sets of fields for lines before which no directive stands: those that servers write by default, or that their
//! documentation shows. IIS's own order, of whichever fields, is read by `bare`.
//!
//! No directive names the fields, so each value must look like what it is taken for.
//!
//! Sources: `https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/` (standard-logs-reference.html and
//! real-time-logs.html), HTTP.sys's error log, Microsoft's documentation of IIS, AWStats' (`awstats_faq.html`, which tells
//! administrators of IIS and ISA which fields to log), Zeek's `base/protocols/http/main.zeek`, ProxySG's formats `main`,
//! `bcreportermain_v1` and `bcreporterssl_v1` (administrators add fields behind), and WebLogic's extended log, whose
//! directives its rotated files may lack.

use super::bare::is_client;
use super::names::Column;
use super::{Layout, host_before};
use crate::format::role::Role;
use crate::format::shape::is_host_name;

/// A set of fields.
pub(super) struct Usual {
    fields: &'static str,
    /// How many of them a line must have: servers have added to theirs over the years.
    least: usize,
    /// Whether tabs stand between the values, and nothing else.
    by_tabs: bool,
    /// Whether more may stand behind.
    is_open: bool,
}

impl Usual {
    /// The set as a line is read with it.
    pub(super) fn layout(&self) -> Layout {
        let layout = Layout::new(self.fields.as_bytes());
        Layout {
            least: self.least.min(layout.columns.len()),
            by_tabs: self.by_tabs,
            is_open: self.is_open,
            // HTTP.sys logs what it could not read as it came; its ports and its status tell it well enough.
            is_assumed: !self.fields.contains("s-reason"),
            ..layout
        }
    }
}

const fn usual(fields: &'static str) -> Usual {
    Usual {
        fields,
        least: usize::MAX,
        by_tabs: false,
        is_open: false,
    }
}

const fn by_tabs(usual: Usual) -> Usual {
    Usual {
        by_tabs: true,
        ..usual
    }
}

const fn at_least(least: usize, usual: Usual) -> Usual {
    Usual { least, ..usual }
}

const fn open(usual: Usual) -> Usual {
    Usual {
        is_open: true,
        ..usual
    }
}

const CLOUDFRONT: &str = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end";

/// The sets.
#[rustfmt::skip]
pub(super) const USUAL: &[Usual] = &[
    // CloudFront: a line has at least what comes up to its status.
    at_least(9, by_tabs(usual(CLOUDFRONT))),
    // The same whose tabs were copied as blanks: what tells is the result of the edge.
    at_least(15, usual(CLOUDFRONT)),
    // CloudFront, real-time, with all its fields, which have become more.
    open(at_least(20, by_tabs(usual("timestamp c-ip time-to-first-byte sc-status sc-bytes cs-method cs-protocol cs-host cs-uri-stem cs-bytes x-edge-location x-edge-request-id x-host-header time-taken cs-protocol-version c-ip-version cs-user-agent cs-referer cs-cookie cs-uri-query x-edge-response-result-type x-forwarded-for ssl-protocol ssl-cipher x-edge-result-type fle-encrypted-fields fle-status sc-content-type sc-content-len sc-range-start sc-range-end c-port x-edge-detailed-result-type")))),
    // Zeek, before 2.5, since, and since 3.0.
    by_tabs(usual("ts uid id.orig_h id.orig_p id.resp_h id.resp_p trans_depth method host uri referrer user_agent request_body_len response_body_len status_code status_msg info_code info_msg filename tags username password proxied orig_fuids orig_mime_types resp_fuids resp_mime_types")),
    by_tabs(usual("ts uid id.orig_h id.orig_p id.resp_h id.resp_p trans_depth method host uri referrer version user_agent request_body_len response_body_len status_code status_msg info_code info_msg tags username password proxied orig_fuids orig_filenames orig_mime_types resp_fuids resp_filenames resp_mime_types")),
    by_tabs(usual("ts uid id.orig_h id.orig_p id.resp_h id.resp_p trans_depth method host uri referrer version user_agent origin request_body_len response_body_len status_code status_msg info_code info_msg tags username password proxied orig_fuids orig_filenames orig_mime_types resp_fuids resp_filenames resp_mime_types")),
    // IIS, client first.
    usual("date time c-ip cs-username s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status sc-bytes cs-bytes time-taken cs(User-Agent) cs(Referrer)"),
    usual("date time c-ip cs-username s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status sc-bytes cs-bytes time-taken cs-version cs-host cs(User-Agent) cs(Cookie) cs(Referer)"),
    usual("date time c-ip cs-username s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status cs(User-Agent)"),
    at_least(9, usual("date time c-ip cs-username cs-method cs-uri-stem sc-status sc-bytes cs-version cs(User-Agent) cs(Referer)")),
    // IIS and ISA without the server's own address.
    usual("date time cs-method cs-uri-stem cs-uri-query cs-username c-ip cs(User-Agent) cs(Referer) cs-host sc-status sc-bytes time-taken"),
    usual("date time cs-method cs-uri-stem cs-username c-ip cs-version cs(User-Agent) cs(Referer) sc-status sc-bytes"),
    usual("date time cs-method cs-uri-stem - c-ip - cs(User-Agent) cs(Referer) sc-status sc-bytes cs-version"),
    // WebLogic, client first.
    at_least(7, usual("c-ip date time time-taken cs-method cs-uri sc-status bytes")),
    // HTTP.sys.
    at_least(12, usual("date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename")),
    usual("date time c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid sc-status s-siteid s-reason s-queuename"),
    // ProxySG, before its version 6.
    open(at_least(20, usual("date time time-taken c-ip sc-status s-action sc-bytes cs-bytes cs-method cs-uri-scheme cs-host cs-uri-path cs-uri-query cs-username s-hierarchy s-supplier-name rs(Content-Type) cs(User-Agent) sc-filter-result sc-filter-category x-virus-id s-ip"))),
    // ProxySG.
    open(at_least(24, usual("date time time-taken c-ip sc-status s-action sc-bytes cs-bytes cs-method cs-uri-scheme cs-host cs-uri-port cs-uri-path cs-uri-query cs-username cs-auth-group s-supplier-name rs(Content-Type) cs(Referer) cs(User-Agent) sc-filter-result cs-categories x-virus-id s-ip"))),
    usual("date time time-taken c-ip sc-status s-action sc-bytes cs-bytes cs-method cs-uri-scheme cs-host cs-uri-port cs-uri-path cs-uri-query cs-username cs-auth-group s-hierarchy s-supplier-name rs(Content-Type) cs(Referer) cs(User-Agent) sc-filter-result cs-categories x-virus-id s-ip"),
    open(at_least(25, usual("date time time-taken c-ip cs-username cs-auth-group s-supplier-name s-supplier-ip s-supplier-country s-supplier-failures x-exception-id sc-filter-result cs-categories sc-status s-action cs-method rs(Content-Type) cs-uri-scheme cs-host cs-uri-port cs-uri-extension cs(User-Agent) s-ip sc-bytes cs-bytes"))),
    open(at_least(28, usual("date time time-taken c-ip cs-username cs-auth-group s-supplier-name s-supplier-ip s-supplier-country s-supplier-failures x-exception-id sc-filter-result cs-categories cs(Referer) sc-status s-action cs-method rs(Content-Type) cs-uri-scheme cs-host cs-uri-port cs-uri-path cs-uri-query cs-uri-extension cs(User-Agent) s-ip sc-bytes cs-bytes"))),
];

/// What CloudFront's edge makes of a request, as documented.
const EDGE_RESULTS: [&[u8]; 8] = [
    b"Hit",
    b"RefreshHit",
    b"OriginShieldHit",
    b"Miss",
    b"LimitExceeded",
    b"CapacityExceeded",
    b"Error",
    b"Redirect",
];

impl Column {
    /// Whether a value looks like what is in the column, where nothing but its place says so.
    pub(super) fn may_hold(&self, value: &[u8], by_tabs: bool) -> bool {
        let is_number = || {
            value
                .iter()
                .all(|byte| byte.is_ascii_digit() || *byte == b'.')
        };
        match self {
            Column::Field(Role::Address, _) => is_client(value),
            _ if value == b"-" => by_tabs || !matches!(self, Column::Field(Role::EdgeResult, _)),
            Column::Field(Role::Bytes | Role::TimeTaken | Role::Milliseconds, _) => is_number(),
            Column::Field(Role::Target, _) => {
                value.starts_with(b"/")
                    || value == b"*"
                    || memchr::memmem::find(value, b"://").is_some()
                    || is_host_name(value)
                    || host_before(value).is_some()
            }
            Column::Field(Role::EdgeResult, _) => by_tabs || EDGE_RESULTS.contains(&value),
            Column::Protocol => {
                value.starts_with(b"HTTP/")
                    || value.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.'))
            }
            _ => true,
        }
    }
}
