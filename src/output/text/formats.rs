//! What `formats` prints: the known formats, what a log's lines become, what a format string tells.
//!
//! Lines of logs come to the page without their secrets and through `sheet::Sheet`, which escapes them.

use super::sheet::{Piece, Sheet, Tint};
use super::wrap::{pad_left, pad_right};
use crate::escape;
use crate::format::Known;
use crate::format::explain::{
    ExplainedLine, ExplainedTemplate, Explanation, Field, Server, Span, Variable, pastes,
};
use crate::key::address::{self, Address};
use crate::key::token::TokenKey;
use crate::output::Context;
use chrono::{DateTime, SecondsFormat};

/// Columns of a place such as `1024-1030`, and of the name of a field.
const PLACE: usize = 9;
const FIELD: usize = 15;
/// Columns of a variable of a format string; a longer one has a line of its own.
const VARIABLE: usize = 26;
/// Columns of a quoted part of a suggested directive.
const PART: usize = 64;

/// What may be shown of lines.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// For fingerprints.
    pub token_key: &'a TokenKey,
    /// Secrets in clear.
    pub show_tokens: bool,
    /// Addresses without their host part.
    pub anonymize_ip: bool,
    /// Users as fingerprints.
    pub anonymize_user: bool,
}

/// The formats that are known.
pub fn list(known: &[Known], context: &Context) -> String {
    let mut sheet = Sheet::new(context);
    sheet.line(&[Piece::plain("Formats that are recognised by themselves:")]);
    for format in known {
        sheet.blank();
        sheet.line(&[Piece::new(Tint::Strong, format.name)]);
        sheet.sentence(2, Tint::Plain, format.description, 4);
        if !format.aliases.is_empty() {
            let names = format!("also named {}", format.aliases.join(", "));
            sheet.sentence(2, Tint::Faint, &names, 4);
        }
    }
    sheet.blank();
    let others = [
        "Any other is read by the server's own format string: --log-format with an nginx log_format \
         or an Apache LogFormat, or --nginx-conf or --apache-conf with its configuration; JSON with \
         other keys by --map.",
        "forbid-logs formats LOG says which format a log has; forbid-logs formats --log-format \
         STRING explains a format string.",
    ];
    for other in others {
        sheet.sentence(0, Tint::Plain, other, 6);
    }
    sheet.into_text()
}

/// What a format makes of a log.
pub fn log(path: &str, explanation: &Explanation, shown: Shown<'_>, context: &Context) -> String {
    let mut sheet = Sheet::new(context);
    let detected = &explanation.detected;
    let title = [
        Piece::new(Tint::Strong, path),
        Piece::plain(detected.name.as_str()),
    ];
    sheet.flow(2, &title);
    sheet.entry("why", &explanation.why, 4);
    let of = explanation.sampled;
    sheet.entry(
        "runner-up",
        &match explanation.runner_up {
            Some((_, 0)) => format!("none: all others read 0 of {of} sampled lines"),
            Some((name, parsed)) => format!("{name}, which reads {parsed} of {of} sampled lines"),
            None => "none".to_owned(),
        },
        3,
    );
    for warning in &detected.warnings {
        sheet.entry("warning", warning, 4);
    }
    for explained in &explanation.lines {
        line(explained, shown, &mut sheet);
    }
    if let Some((number, bytes)) = &explanation.unread {
        sheet.heading(&format!("line {number} cannot be read"));
        let text = match shown.anonymize_ip || shown.anonymize_user {
            true => "(withheld: the line would tell what is anonymised)".into(),
            false => escape::terminal_bytes(&without_secrets(bytes, b"", shown)).into_owned(),
        };
        rows(&text, &mut sheet);
        if let Some((fitting, expected)) = &explanation.stop {
            let text = format!("its first {fitting} bytes fit; behind them {expected} is expected");
            sheet.sentence(2, Tint::Plain, &text, 4);
        }
    }
    for paste in pastes(&detected.name) {
        let server = paste.server;
        sheet.heading(&format!(
            "To log more of the next denial, in the configuration of {server}"
        ));
        for line in parts(paste.text) {
            sheet.pasted(&line);
        }
    }
    sheet.into_text()
}

/// A line of a log over a few rows; a longer one is cut.
fn rows(text: &str, sheet: &mut Sheet) {
    const MOST: usize = 6;
    let limit = sheet.width() - 2;
    let text = sheet.shown(text).into_owned();
    let mut rest = text.as_str();
    for row in 1..=MOST {
        let mut used = 0;
        let fits = |c: char| {
            used += escape::columns(c);
            used > limit
        };
        let end = match row {
            MOST => rest.len(),
            _ => rest.find(fits).unwrap_or(rest.len()),
        };
        let (shown, behind) = rest.split_at(end);
        let shown = sheet.fitted(shown, limit);
        sheet.line(&[Piece::plain(format!("  {shown}"))]);
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
}

fn line(line: &ExplainedLine, shown: Shown<'_>, sheet: &mut Sheet) {
    let length = line.bytes.len();
    sheet.heading(&format!("line {}, {length} bytes", line.number));
    if line.spans.is_empty() {
        let text = "too long to tell its bytes apart, or nothing in it can be told apart";
        return sheet.sentence(2, Tint::Faint, text, 2);
    }
    for span in &line.spans {
        let place = format!("{}-{}", span.bytes.start + 1, span.bytes.end);
        let pieces = [
            Piece::new(Tint::Faint, pad_left(&place, PLACE)),
            Piece::plain("  "),
            Piece::new(Tint::Strong, pad_right(span.field.name(), FIELD)),
            Piece::plain("  "),
            Piece::plain(value(line, span, shown)),
        ];
        sheet.line(&pieces);
    }
    let used: usize = line.spans.iter().map(|span| span.bytes.len()).sum();
    let rest = format!("the other {} bytes are passed over", length - used);
    sheet.sentence(2, Tint::Faint, &rest, 2);
}

/// The bytes of a span as they may be shown, and what they became where that looks different.
fn value(line: &ExplainedLine, span: &Span, shown: Shown<'_>) -> String {
    let bytes = line.bytes.get(span.bytes.clone()).unwrap_or_default();
    let print = |prefix: &str| {
        shown
            .token_key
            .fingerprint(bytes)
            .replacen("tok_", prefix, 1)
    };
    match span.field {
        Field::Time => {
            let text = escape::terminal_bytes(bytes);
            let utc = DateTime::from_timestamp_millis(line.time_ms).unwrap_or_default();
            let utc = utc.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            match *text == utc {
                true => utc,
                false => format!("{text} = {utc}"),
            }
        }
        Field::Token if !shown.show_tokens => print("tok_"),
        Field::User if shown.anonymize_user => print("user_"),
        Field::ForwardedFor if shown.anonymize_ip => "(withheld)".to_owned(),
        Field::Ip if shown.anonymize_ip => match Address::parse(bytes) {
            Address::Ip(ip) => address::anonymized(ip).to_string(),
            _ => "(withheld)".to_owned(),
        },
        _ => escape::terminal_bytes(&without_secrets(bytes, &line.token, shown)).into_owned(),
    }
}

fn without_secrets<'b>(
    bytes: &'b [u8],
    token: &[u8],
    shown: Shown<'_>,
) -> std::borrow::Cow<'b, [u8]> {
    match shown.show_tokens {
        true => bytes.into(),
        false => shown.token_key.redact_known(bytes, token),
    }
}

/// What a format string tells.
pub fn template(explained: &ExplainedTemplate, context: &Context) -> String {
    let mut sheet = Sheet::new(context);
    let (server, directive) = match explained.server {
        Server::Nginx => ("nginx", "log_format"),
        Server::Apache => ("Apache", "LogFormat"),
        Server::Haproxy => ("HAProxy", "log-format"),
    };
    let title = format!("{server} {directive}: it compiles, and lines of it can be read");
    sheet.line(&[Piece::plain(title)]);
    sheet.blank();
    for variable in &explained.variables {
        pair(&variable.source, &becomes(variable), &mut sheet);
    }
    if let Some(ambiguity) = &explained.ambiguity {
        sheet.blank();
        sheet.sentence(0, Tint::Plain, ambiguity, 4);
    }
    if explained.additions.is_empty() {
        sheet.blank();
        sheet.sentence(
            0,
            Tint::Plain,
            "Nothing to add: it tells all that this program can use.",
            2,
        );
        return sheet.into_text();
    }
    sheet.heading("Add, so that the next denial tells more of its cause");
    for addition in &explained.additions {
        pair(addition.variable, addition.why, &mut sheet);
    }
    if !explained.tells_credential {
        sheet.blank();
        let text = "To tell credentials apart, log an id or a fingerprint of the API key as key=\"...\", \
                    not the key itself: logs are read by many.";
        sheet.sentence(0, Tint::Plain, text, 3);
    }
    if let Some(suggestion) = &explained.suggestion {
        sheet.blank();
        sheet.line(&[Piece::plain("For example, to be pasted:")]);
        for line in parts(suggestion) {
            sheet.pasted(&line);
        }
    }
    sheet.into_text()
}

fn becomes(variable: &Variable) -> String {
    match (variable.field, &variable.behind) {
        (None, _) => "passed over".to_owned(),
        (Some(field), None) => field.to_owned(),
        (Some(field), Some(other)) => format!("{field}, where {other} has none"),
    }
}

/// A name and what there is to say of it, below each other where the name is long.
fn pair(name: &str, text: &str, sheet: &mut Sheet) {
    let limit = sheet.width() - VARIABLE - 4;
    let name = sheet.fitted(name, sheet.width() - 2);
    let lines = super::wrap::wrap(&sheet.shown(text), limit, 4, sheet.ellipsis());
    let mut label = name;
    if label.len() > VARIABLE {
        sheet.line(&[Piece::plain(format!("  {label}"))]);
        label = String::new();
    }
    for line in lines {
        let label = pad_right(&std::mem::take(&mut label), VARIABLE);
        sheet.line(&[
            Piece::plain("  "),
            Piece::new(Tint::Strong, label),
            Piece::plain("  "),
            Piece::plain(line),
        ]);
    }
}

/// A directive in lines: nginx joins quoted strings, so that they can be pasted; others stay whole.
fn parts(directive: &str) -> Vec<String> {
    let whole = || vec![directive.to_owned()];
    let Some((start, rest)) = directive.split_once('\'') else {
        return whole();
    };
    let Some(format) = rest.strip_suffix("';").filter(|f| !f.contains('\'')) else {
        return whole();
    };
    let mut lines = vec![format!("{start}'")];
    for word in format.split_inclusive(' ') {
        let indent = "    '";
        match lines.last_mut() {
            Some(line) if line.len() + word.len() <= PART => line.push_str(word),
            Some(line) => {
                line.push('\'');
                lines.push(format!("{indent}{word}"));
            }
            None => {}
        }
    }
    if let Some(line) = lines.last_mut() {
        line.push_str("';");
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::explain::{explain, explain_template};
    use crate::format::list as known;
    use crate::settings::FormatSettings;

    fn shown(key: &TokenKey) -> Shown<'_> {
        Shown {
            token_key: key,
            show_tokens: false,
            anonymize_ip: false,
            anonymize_user: false,
        }
    }

    fn of_log(text: &str, shown: Shown<'_>) -> String {
        let explanation = explain(text.as_bytes(), &FormatSettings::default()).unwrap();
        log("a.log", &explanation, shown, &Context::default())
    }

    const LINE: &str = "192.0.2.77 - ann [10/Mar/2026:09:43:00 +0100] \"GET /a?api_key=sk_live_0123456789abcdef HTTP/1.1\" 403 5 \"-\" \"x\\x1b[2J\"\n";

    #[test]
    fn fits_eighty_columns_and_tells_no_secret() {
        let key = TokenKey::from_bytes([7; 32]);
        let text = of_log(LINE, shown(&key));
        // What is to be pasted is whole.
        let directives = || pastes("ncsa").iter().flat_map(|paste| parts(paste.text));
        let mut lines = text.lines();
        assert!(
            directives().all(|part| lines.any(|line| line == part)),
            "{text}"
        );
        let mut page = text.lines().filter(|line| !line.starts_with("LogFormat"));
        assert!(page.all(|line| line.chars().count() <= 80), "{text}");
        assert!(
            !text.contains("0123456789abcdef") && text.contains("tok_"),
            "{text}"
        );
        assert!(
            text.contains("10/Mar/2026:09:43:00 +0100 = 2026-03-10T08:43:00Z"),
            "{text}"
        );
        assert!(
            text.contains("ncsa.combined") && text.contains("runner-up"),
            "{text}"
        );
        for text in [
            list(known(), &Context::default()),
            template(&explain_template("%h %t %>s").unwrap(), &Context::default())
                .lines()
                .filter(|line| !line.starts_with("LogFormat"))
                .collect(),
        ] {
            assert!(text.contains("LogFormat"), "{text}");
        }
    }

    #[test]
    fn what_is_anonymised_is_not_shown() {
        let key = TokenKey::from_bytes([7; 32]);
        let hidden = Shown {
            anonymize_ip: true,
            anonymize_user: true,
            ..shown(&key)
        };
        let text = of_log(&format!("{LINE}192.0.2.78 ann what\n"), hidden);
        assert!(
            text.contains("192.0.2.0") && text.contains("user_"),
            "{text}"
        );
        assert!(
            !text.contains("192.0.2.7") && !text.contains(" ann"),
            "{text}"
        );
    }

    #[test]
    fn a_suggested_directive_can_be_pasted_in_parts() {
        let format =
            r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent"#;
        let suggestion = explain_template(format).unwrap().suggestion.unwrap();
        let pasted = parts(&suggestion);
        assert!(
            pasted.len() > 3 && pasted.iter().all(|line| line.len() <= 80),
            "{pasted:?}"
        );
        let whole = explain_template(&suggestion).unwrap();
        assert_eq!(explain_template(&pasted.join("\n")).unwrap(), whole);
    }
}
