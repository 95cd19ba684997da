//! Envelopes that stand before the line: syslog, container runtimes, stamps; quotes around it, colours within.
//!
//! Sources: RFC 3164 and RFC 5424; the file formats of rsyslog (`RSYSLOG_FileFormat`); the CRI logging
//! format of the Kubernetes design documents (`kubelet-cri-logging`).

use super::Opened;
use crate::format::shape::is_ip;
use std::borrow::Cow;

pub(super) fn carried<'a>(stamp: &'a [u8], inner: &'a [u8]) -> Option<Opened<'a>> {
    let inner = inner.strip_prefix(b"\xef\xbb\xbf").unwrap_or(inner);
    (!inner.is_empty()).then_some(Opened {
        inner: Cow::Borrowed(inner),
        stamp: Cow::Borrowed(stamp),
    })
}

/// Up to the next space, and the rest behind it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b' ', text)?;
    Some((&text[..end], &text[end + 1..]))
}

/// `<134>` without its brackets, and the rest.
fn priority(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"<")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = rest.get(digits..)?.strip_prefix(b">")?;
    // Some relays put a space there.
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    (1..=3).contains(&digits).then_some(rest)
}

/// Behind the octet count that RFC 6587 puts before a message on a stream.
fn behind_octet_count(line: &[u8]) -> &[u8] {
    match word(line) {
        Some((count, rest))
            if rest.starts_with(b"<")
                && !count.is_empty()
                && count.iter().all(u8::is_ascii_digit) =>
        {
            rest
        }
        _ => line,
    }
}

/// `<34>1 2003-10-11T22:14:15.003Z host app procid msgid [data] message`.
pub(super) fn syslog_5424(line: &[u8]) -> Option<Opened<'_>> {
    let rest = priority(behind_octet_count(line))?;
    let rest = rest.strip_prefix(b"1 ")?;
    let (stamp, rest) = word(rest)?;
    let (_host, rest) = word(rest)?;
    let (_app, rest) = word(rest)?;
    let (_process, rest) = word(rest)?;
    let (message, rest) = word(rest)?;
    // Heroku's drains leave out the structured data (https://devcenter.heroku.com/articles/log-drains).
    let inner = structured_data(rest).or((message == b"-").then_some(rest))?;
    carried(stamp, inner)
}

/// Behind `-` or `[id name="value"]...`, in whose values `"`, `\` and `]` are escaped. The name of a logger in
/// brackets is none of it.
fn structured_data(text: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = text.strip_prefix(b"- ") {
        return Some(rest);
    }
    let mut rest = text;
    while let Some(body) = rest.strip_prefix(b"[") {
        let (mut in_quotes, mut has_quotes) = (false, false);
        let mut at = 0;
        loop {
            match body.get(at)? {
                b'\\' if in_quotes => at += 1,
                b'"' => (in_quotes, has_quotes) = (!in_quotes, true),
                b']' if !in_quotes => break,
                _ => {}
            }
            at += 1;
        }
        // The first element without parameters.
        let is_name = |byte: &u8| byte.is_ascii_uppercase();
        if rest.len() == text.len() && !has_quotes && body[..at].iter().all(is_name) {
            return None;
        }
        rest = body.get(at + 1..)?;
    }
    rest.strip_prefix(b" ").filter(|_| rest.len() < text.len())
}

/// `<134>Dec  9 13:01:26 host tag[pid]: message`, with or without priority and host; the stamp may be
/// one of ISO 8601.
pub(super) fn syslog_3164(line: &[u8]) -> Option<Opened<'_>> {
    let line = behind_octet_count(line);
    let text = priority(line).unwrap_or(line);
    // The journal's short form, and forwarders that keep the time to themselves, have no stamp.
    let (stamp, rest) = bsd_stamp(text)
        .or_else(|| iso_stamp(text))
        .or_else(|| sophos_stamp(text))
        .unwrap_or((b"", text));
    let rest = rest.trim_ascii_start();
    let (first, behind) = word(rest)?;
    // `heroku[router]: `, where whoever showed the line left the stamp out.
    if is_tag(first) && (!stamp.is_empty() || first.ends_with(b"]:")) {
        return carried(stamp, behind);
    }
    // Forwarders that know no tag put an object right behind the host.
    let object = behind.trim_ascii_start();
    if object.starts_with(b"{") && is_name(first) && !stamp.is_empty() {
        return carried(stamp, object);
    }
    let (second, message) = word(behind)?;
    if is_tag(second) && is_name(first) {
        return carried(stamp, message);
    }
    if stamp.is_empty() {
        return None;
    }
    // Or leave its place empty.
    if second == b":" && is_name(first) {
        return carried(stamp, message);
    }
    // `kernel nginx message`: a tag without colon is told by nothing, so it is not looked for.
    if let Some((third, message)) = word(message)
        && is_tag(third)
        && is_name(first)
    {
        return carried(stamp, message);
    }
    // No tag at all, as relays send it.
    (line.len() > text.len() && is_name(first)).then(|| carried(stamp, behind))?
}

/// `Dec  9 13:01:26`, with or without a year, a fraction or the second space, and the rest behind it.
fn bsd_stamp(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (day, behind_day) = match text.get(4..)? {
        [d, b' ', ..] if d.is_ascii_digit() => (true, 6),
        [d, dd, b' ', ..] => {
            let day = (*d == b' ' || d.is_ascii_digit()) && dd.is_ascii_digit();
            (day, 7)
        }
        _ => return None,
    };
    let letters = text[3] == b' ' && text[..3].iter().all(u8::is_ascii_alphabetic);
    let clock = match text.get(behind_day..behind_day + 5)? {
        [a, b, c, e, b' '] if [a, b, c, e].iter().all(|byte| byte.is_ascii_digit()) => {
            behind_day + 5
        }
        _ => behind_day,
    };
    let time = text.get(clock..clock + 8)?;
    let is_time = time[2] == b':' && time[5] == b':' && time[0].is_ascii_digit();
    let mut end = clock + 8;
    if text.get(end) == Some(&b'.') {
        end += 1 + text[end + 1..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
    }
    let stamp = text.get(..end)?;
    let rest = text.get(end..)?.strip_prefix(b" ")?;
    (letters && day && is_time).then_some((stamp, rest))
}

/// `2015-08-26T02:09:48+02:00`, and the rest behind it.
fn iso_stamp(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (stamp, rest) = word(text)?;
    let looks = stamp.len() >= 19
        && stamp[4] == b'-'
        && stamp[7] == b'-'
        && matches!(stamp[10], b'T' | b't')
        && stamp[13] == b':'
        && stamp[..4].iter().all(u8::is_ascii_digit);
    looks.then_some((stamp, rest))
}

/// `2026:03:10-09:43:00` of Sophos UTM, and the rest behind it.
fn sophos_stamp(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (stamp, rest) = word(text)?;
    let looks = matches!(
        stamp,
        [
            _,
            _,
            _,
            _,
            b':',
            _,
            _,
            b':',
            _,
            _,
            b'-',
            _,
            _,
            b':',
            _,
            _,
            b':',
            _,
            _
        ]
    ) && stamp[..4].iter().all(u8::is_ascii_digit);
    looks.then_some((stamp, rest))
}

/// `nginx:`, `haproxy[123]:`, `app[web.1]:`.
fn is_tag(word: &[u8]) -> bool {
    let Some(name) = word.strip_suffix(b":") else {
        return false;
    };
    // Keys of an object end in a colon, too.
    let other = name.contains(&b':') || name.contains(&b'"');
    !name.is_empty() && !other && name.len() <= 128 && name.iter().all(u8::is_ascii_graphic)
}

fn is_name(word: &[u8]) -> bool {
    let is_number = word.iter().all(u8::is_ascii_digit);
    !is_number && !word.contains(&b'"') && !word.starts_with(b"[")
}

/// `2016-10-06T00:17:09.669794202Z stdout F message`. A `P` that is still there is a part whose last one never
/// came: a line by itself, like one without a newline.
pub(super) fn cri(line: &[u8]) -> Option<Opened<'_>> {
    let (stamp, rest) = iso_stamp(line)?;
    let rest = rest
        .strip_prefix(b"stdout ")
        .or_else(|| rest.strip_prefix(b"stderr "))?;
    let (tags, message) = word(rest)?;
    let tagged = matches!(tags, [b'F' | b'P', ..]);
    tagged.then(|| carried(stamp, message))?
}

/// `2016-10-06T00:17:09.669794202Z message`: what is left may be any line but one that goes on as
/// other logs do that begin with such a stamp.
pub(super) fn stamped(line: &[u8]) -> Option<Opened<'_>> {
    let (stamp, message) = iso_stamp(line)?;
    carried(stamp, message)
}

/// What the name of a pod begins with.
pub(super) const POD: &[u8] = b"[pod/";

/// `web_1  | message`; a service's name may be set in, in brackets, or followed by where it runs (`web.1@swarm`).
/// `kubectl logs --prefix` writes `[pod/web-0/nginx] message`.
pub(super) fn compose(line: &[u8]) -> Option<Opened<'_>> {
    if let Some(name) = line.strip_prefix(POD) {
        let end = memchr::memmem::find(name, b"] ")?;
        let is_name = !name[..end].contains(&b' ');
        return is_name.then(|| carried(b"", &name[end + 2..]))?;
    }
    let bar = memchr::memchr(b'|', line)?;
    let name = line.get(..bar)?.strip_suffix(b" ")?.trim_ascii();
    let usual = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.@[]".contains(byte);
    // Bitbucket's lines begin with the client and a bar.
    let named = !name.is_empty() && name.iter().all(usual) && !is_ip(name);
    let message = line.get(bar + 1..)?.strip_prefix(b" ")?;
    if named { carried(b"", message) } else { None }
}

/// `/var/log/nginx/access.log.1:message`, as `grep` writes the lines of several files, with their numbers or without.
pub(super) fn of_grep(line: &[u8]) -> Option<Opened<'_>> {
    /// Longest name that is looked for, in bytes.
    const LONGEST: usize = 256;
    let near = &line[..line.len().min(LONGEST)];
    let end = memchr::memmem::find(near, b".log")?;
    let is_name = |byte: &u8| byte.is_ascii_graphic() && !b"\"'{}<>=,|".contains(byte);
    let colon = end + memchr::memchr(b':', &near[end..])?;
    let message = line.get(colon + 1..)?;
    let digits = message
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let behind_number = message[digits..].strip_prefix(b":").filter(|_| digits > 0);
    // The first part of an address may be all digits.
    let is_address = word(message).is_some_and(|(first, _)| is_ip(first));
    let message = behind_number.filter(|_| !is_address).unwrap_or(message);
    let named = line[..colon].iter().all(is_name);
    (named && !message.starts_with(b" ") && !message.starts_with(b"/"))
        .then(|| carried(b"", message))?
}

/// `"message"`, in which a quote is written `\"`, `""` or as it is.
pub(super) fn quoted(line: &[u8]) -> Option<Opened<'_>> {
    let inner = line.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    // Two quotes are an empty field too; in a table of comma-separated values none stands alone.
    let pairs = memchr::memmem::find_iter(inner, b"\"\"").count();
    if pairs > 0 && 2 * pairs == memchr::memchr_iter(b'"', inner).count() {
        return Some(Opened {
            inner: Cow::Owned(crate::format::field::undoubled(inner)),
            stamp: Cow::Borrowed(b""),
        });
    }
    if memchr::memmem::find(inner, b"\\\"").is_some() {
        return Some(Opened {
            inner: Cow::Owned(crate::format::json::unescape(inner)),
            stamp: Cow::Borrowed(b""),
        });
    }
    carried(b"", inner)
}

/// Stamp, level, logger, message and an object, with tabs between. Caddy's `http.log.error` lines repeat
/// requests of its access log.
pub(super) fn console(line: &[u8]) -> Option<Opened<'_>> {
    let mut fields = line.splitn(5, |&byte| byte == b'\t');
    let (stamp, level, logger) = (fields.next()?, fields.next()?, fields.next()?);
    let object = fields.nth(1).filter(|object| object.starts_with(b"{"))?;
    let is_level = !level.is_empty() && level.iter().all(u8::is_ascii_alphabetic);
    let dated = stamp.len() >= 10 && stamp[0].is_ascii_digit();
    if !is_level || !dated || logger.starts_with(b"http.log.error") {
        return None;
    }
    carried(stamp, object)
}

/// `I, [2026-03-10T09:43:00.123456 #7]  INFO -- name: message` of Ruby's logger, whose name may be empty
/// (<https://docs.ruby-lang.org/en/master/Logger/Formatter.html>).
pub(super) fn ruby(line: &[u8]) -> Option<Opened<'_>> {
    let [
        b'D' | b'I' | b'W' | b'E' | b'F' | b'A',
        b',',
        b' ',
        b'[',
        rest @ ..,
    ] = line
    else {
        return None;
    };
    let (inside, behind) = rest.split_at(memchr::memchr(b']', rest)?);
    let (stamp, _process) = inside.split_at(memchr::memmem::find(inside, b" #")?);
    let behind = &behind[memchr::memmem::find(behind, b" -- ")? + b" -- ".len()..];
    let (name, message) = behind.split_at(memchr::memchr(b':', behind)?);
    let message = message.strip_prefix(b": ")?;
    if name.contains(&b' ') {
        return None;
    }
    carried(stamp, behind_tags(message))
}

/// Behind what Rails' tagged logging puts before an object: `[a-request-id] {`.
fn behind_tags(message: &[u8]) -> &[u8] {
    let mut rest = message;
    while let Some(tag) = rest.strip_prefix(b"[") {
        let end = memchr::memmem::find(tag, b"] ");
        match end {
            Some(end) => rest = &tag[end + 2..],
            None => return message,
        }
    }
    match rest.starts_with(b"{") {
        true => rest,
        false => message,
    }
}

/// Fields with tabs or bars between, where all others have spaces: the client, the time in brackets, the request in
/// quotes.
pub(super) fn tabbed(line: &[u8]) -> Option<Opened<'_>> {
    let holds = |text: &[u8]| memchr::memmem::find(line, text).is_some();
    if holds(b" | [") && holds(b"] | ") && holds(b" | \"") && holds(b"\" | ") {
        let mut inner = Vec::with_capacity(line.len());
        let mut from = 0;
        for bar in memchr::memmem::find_iter(line, b" | ") {
            inner.extend_from_slice(&line[from..=bar]);
            from = bar + b" | ".len();
        }
        inner.extend_from_slice(&line[from..]);
        return Some(Opened {
            inner: Cow::Owned(inner),
            stamp: Cow::Borrowed(b""),
        });
    }
    let has = |text: &[u8]| memchr::memmem::find(line, text).is_some();
    (has(b"\t[") && has(b"]\t\"") && has(b"\"\t")).then(|| Opened {
        inner: Cow::Owned(
            line.iter()
                .map(|byte| if *byte == b'\t' { b' ' } else { *byte })
                .collect(),
        ),
        stamp: Cow::Borrowed(b""),
    })
}

/// A line with the colours of a terminal (`ESC [ 97;42 m`) taken out; rsyslog writes the escape as `#033`.
pub(super) fn coloured(line: &[u8]) -> Option<Opened<'_>> {
    let escape: &[u8] = match memchr::memchr(0x1b, line) {
        Some(_) => b"\x1b[",
        None => b"#033[",
    };
    let mut plain = Vec::new();
    let mut rest = line;
    while let Some(at) = memchr::memmem::find(rest, escape) {
        let behind = &rest[at + escape.len()..];
        let digits = |byte: &&u8| byte.is_ascii_digit() || **byte == b';';
        let end = behind.iter().take_while(digits).count();
        if behind.get(end) != Some(&b'm') {
            return None;
        }
        plain.extend_from_slice(&rest[..at]);
        rest = &behind[end + 1..];
    }
    if rest.len() == line.len() {
        return None;
    }
    plain.extend_from_slice(rest);
    Some(Opened {
        inner: Cow::Owned(plain),
        stamp: Cow::Borrowed(b""),
    })
}
