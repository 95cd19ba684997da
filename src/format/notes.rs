//! Lines that are no requests, in logs of requests: what servers write of themselves between them.
//!
//! They are counted as such and not as malformed: of a Kubernetes audit log half of the events are only
//! received, and a container's log holds what the server wrote to standard error as well.

use super::envelope::{self, logger::is_logged};
use super::field::METHODS;
use super::json::walk;
use super::role::without_port;
use super::shape::is_ip;
use memchr::memmem::find;

/// Whether a line that no format takes is one of these.
#[cold]
pub(super) fn is_note(line: &[u8]) -> bool {
    let mut is_carried = false;
    let inner = envelope::any(line, |_, opened| {
        is_carried = true;
        is_bare_note(&opened.inner) || of_logger(&opened.inner)
    });
    // A carrier's stamp is not that of a program's logger.
    inner || is_bare_note(line) || !is_carried && of_logger(line)
}

/// The same by what the line itself holds, without that a logger wrote it.
fn is_bare_note(line: &[u8]) -> bool {
    unanswered(line)
        || of_storage(line)
        || zap(line)
        || haproxy(line)
        || http_sys(line)
        || couchdb(line)
        || sogo(line)
        || is_of_error_log(line)
        || of_development(line)
        || of_tornado(line)
        || beside_a_request(line)
        || of_pairs(line)
        || of_program(line)
}

/// Methods whose names are not words of messages, too.
fn usual_methods() -> impl Iterator<Item = &'static [u8]> {
    METHODS.into_iter().take(7)
}

fn holds(line: &[u8], text: &str) -> bool {
    find(line, text.as_bytes()).is_some()
}

/// An audit event of a stage at which a request has no answer yet: of Kubernetes, and of ForgeRock's AM.
fn unanswered(line: &[u8]) -> bool {
    let early = ["\"RequestReceived\"", "\"ResponseStarted\""];
    let kubernetes = holds(line, "\"auditID\"")
        && holds(line, "\"stage\"")
        && early.iter().any(|stage| holds(line, stage));
    kubernetes || line.starts_with(b"{") && holds(line, "\"AM-ACCESS-ATTEMPT\"")
}

/// What Amazon S3 does of itself, by the rules of a bucket, and logs among requests: `S3.EXPIRE.OBJECT`
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-and-other-bucket-config.html>).
fn of_storage(line: &[u8]) -> bool {
    let behind_time = find(line, b"] ").map(|at| &line[at + 2..]);
    let mut words = behind_time.unwrap_or_default().split(|&byte| byte == b' ');
    words
        .nth(3)
        .is_some_and(|operation| operation.starts_with(b"S3."))
}

/// What Caddy, and others that log with zap, say of themselves; and Caddy's errors, whose requests are in
/// its access log too.
fn zap(line: &[u8]) -> bool {
    let written =
        line.starts_with(b"{\"level\":") && holds(line, "\"ts\":") && holds(line, "\"msg\":");
    written && (!holds(line, "\"status\":") || holds(line, "\"logger\":\"http.log.error"))
}

/// An object that tells of no request: an event of another kind, or what a program says of itself.
fn of_program(line: &[u8]) -> bool {
    if !line.starts_with(b"{") {
        return false;
    }
    let mut told = Told::default();
    walk(line, &mut |key, found| told.take(key, found.text)).is_some() && told.is_note()
}

/// What the members of an object say of it.
#[derive(Default)]
struct Told {
    /// Suricata and Corelight's Zeek name in each event what it is of.
    other_kind: bool,
    flow: bool,
    /// A status or a code with digits: it may be a request that cannot be read.
    answer: bool,
    method: bool,
    /// A text that is a request or holds one, or one that carries lines of another log.
    line: bool,
    level: bool,
    message: bool,
}

impl Told {
    fn take(&mut self, key: &[u8], text: &[u8]) {
        let has = |part: &[u8]| {
            let lower = key.to_ascii_lowercase();
            find(&lower, part).is_some()
        };
        match key {
            b"event_type" | b"_path" => self.other_kind |= text != b"http",
            b"flow_id" | b"_write_ts" | b"stats" => self.flow = true,
            b"level" | b"severity" | b"lvl" | b"levelname" | b"loglevel" | b"log.level" => {
                self.level = true;
            }
            b"msg" | b"message" => self.message = true,
            b"log" | b"MESSAGE" | b"textPayload" | b"_raw" | b"original" | b"line" => {
                self.line = true;
            }
            _ => {}
        }
        let digits = text.first().is_some_and(u8::is_ascii_digit);
        self.answer |= digits && (has(b"status") || has(b"code"));
        self.method |= usual_methods().any(|method| text.eq_ignore_ascii_case(method));
        let asks = |method: &[u8]| {
            let at = find(text, method);
            at.is_some_and(|at| text.get(at + method.len()) == Some(&b' '))
        };
        self.line |= holds(text, "HTTP/") || holds(text, "HTTP\\/");
        self.line |= usual_methods().any(asks);
    }

    fn is_note(&self) -> bool {
        let of_program = !self.answer && !self.line && (!self.method || self.level && self.message);
        self.other_kind && self.flow || of_program
    }
}

/// HAProxy's notices, and connections that came to no request.
fn haproxy(line: &[u8]) -> bool {
    const NOTICES: [&str; 6] = [
        "]: Proxy ",
        "]: Server ",
        "]: Backup Server ",
        "]: Connect from ",
        "]: backend ",
        "]: Health check for ",
    ];
    let notice = holds(line, "haproxy[") && NOTICES.iter().any(|notice| holds(line, notice));
    notice || line.ends_with(b": SSL handshake failure") || line.ends_with(b" during SSL handshake")
}

/// A connection that HTTP.sys ended before it asked for anything, `Timer_ConnectionIdle`:
/// `date time client port server port - - - - - reason queue`.
fn http_sys(line: &[u8]) -> bool {
    let mut words = line.split(|&byte| byte == b' ');
    let (date, time) = (words.next(), words.next());
    let is_port =
        |word: Option<&[u8]>| word.is_some_and(|word| word.iter().all(u8::is_ascii_digit));
    let has_ports = words.next().is_some()
        && is_port(words.next())
        && words.next().is_some()
        && is_port(words.next());
    let absent = words.take_while(|word| *word == b"-").count();
    const REASONS: [&str; 3] = [" Timer_", " Connection_", " Client_Reset"];
    date.is_some_and(|date| date.len() == 10)
        && time.is_some_and(|time| time.get(2) == Some(&b':'))
        && has_ports
        && absent >= 5
        && REASONS.iter().any(|reason| holds(line, reason))
}

/// What CouchDB logs beside requests: a level, a stamp, the node and the process; before version 2 the stamp came
/// first. Terms of Erlang go on over many lines, which are set far in.
fn couchdb(line: &[u8]) -> bool {
    const LEVELS: [&str; 8] = [
        "debug",
        "info",
        "notice",
        "warning",
        "error",
        "critical",
        "alert",
        "emergency",
    ];
    let behind_level = |text: &[u8]| {
        let body = text.strip_prefix(b"[")?;
        let mut levels = LEVELS.iter();
        levels.find_map(|level| {
            let behind = body.strip_prefix(level.as_bytes())?;
            behind.strip_prefix(b"] ").map(|rest| rest.len())
        })
    };
    let is_stamp = |text: &[u8]| text.get(10) == Some(&b'T') && text.get(4) == Some(&b'-');
    if let Some(length) = behind_level(line) {
        let rest = &line[line.len() - length..];
        let has_node = rest.iter().take(80).any(|&byte| byte == b'@');
        return is_stamp(rest) && has_node;
    }
    let stamped = find(&line[..line.len().min(40)], b" GMT] ").map(|end| &line[end + 6..]);
    if line.starts_with(b"[") && stamped.and_then(behind_level).is_some() {
        return true;
    }
    let inner = line.trim_ascii_start();
    line.len() - inner.len() >= 16
        && matches!(inner.first(), Some(b'{' | b'[' | b'<' | b'"' | b'\''))
}

/// What SOGo's daemon logs beside requests.
fn sogo(line: &[u8]) -> bool {
    let head = &line[..line.len().min(120)];
    let behind = find(head, b" sogod [").map(|at| &head[at + 8..]);
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    behind.is_some_and(|text| digits(text) > 0 && text[digits(text)..].starts_with(b"]: "))
}

/// What a program's logger was given that is no request: it names no method and no protocol, and no status beside an
/// address.
fn of_logger(line: &[u8]) -> bool {
    let asks = |method: &[u8]| {
        let at = find(line, method);
        at.is_some_and(|at| {
            line.get(at + method.len())
                .is_some_and(|byte| !byte.is_ascii_alphanumeric())
        })
    };
    let words = || line.split(|byte| b" \t,;|\"[]()=".contains(byte));
    let is_status = |word: &[u8]| matches!(word, [b'1'..=b'5', b, c] if b.is_ascii_digit() && c.is_ascii_digit());
    let answers = || words().any(is_status) && words().any(|word| is_ip(without_port(word)));
    // Fields with bars or tabs between are a record of some kind.
    let is_message =
        memchr::memchr(b'\t', line).is_none() && memchr::memchr_iter(b'|', line).count() <= 3;
    is_logged(line)
        && is_message
        && !holds(line, "HTTP/")
        && !usual_methods().any(asks)
        && !answers()
}

/// What is logged by Tornado's formatter, `[I 260310 09:43:00 module:line] `, and is no answer with its status.
fn of_tornado(line: &[u8]) -> bool {
    let [b'[', b'D' | b'I' | b'W' | b'E' | b'C', b' ', digit, ..] = line else {
        return false;
    };
    let message = find(line, b"] ").map(|end| &line[end + 2..]);
    let is_answer = |message: &[u8]| {
        let (status, behind) = message.split_at(message.len().min(3));
        status.iter().all(u8::is_ascii_digit) && behind.starts_with(b" ")
    };
    digit.is_ascii_digit() && message.is_some_and(|message| !is_answer(message))
}

/// What development servers say of themselves, of connections and of errors.
fn of_development(line: &[u8]) -> bool {
    const BEGINNINGS: [&str; 24] = [
        " * Running on ",
        " * Debug",
        " * Serving Flask app",
        " * Environment: ",
        " * Restarting with ",
        "   WARNING: This is a development server",
        "   Use a production WSGI server instead",
        "Press CTRL+C to quit",
        "Watching for file changes with ",
        "Performing system checks...",
        "System check identified ",
        "Django version ",
        "Starting development server at ",
        "Starting ASGI/",
        "Quit the server with ",
        "Not Found: /",
        "Forbidden: /",
        "Forbidden (",
        "Unauthorized: /",
        "Bad Request: /",
        "Method Not Allowed: /",
        "Internal Server Error: /",
        "Traceback (most recent call last)",
        "[GIN-debug] ",
    ];
    let begins = BEGINNINGS
        .iter()
        .any(|beginning| line.starts_with(beginning.as_bytes()));
    let of_php = line.starts_with(b"[")
        && (line.ends_with(b" Accepted") || line.ends_with(b" Closing"))
        || holds(line, "] PHP ") && line.ends_with(b") started");
    let of_trace = line.starts_with(b"  File \"") && holds(line, ", line ");
    begins || of_php || of_trace
}

/// What programs in Go say of themselves as key=value: `level=info msg="Starting"`, and some with a time before it.
fn of_pairs(line: &[u8]) -> bool {
    let stands = |key: &str| {
        let at = find(line, key.as_bytes());
        at.is_some_and(|at| at == 0 || line[at - 1] == b' ')
    };
    stands("level=") && stands("msg=") && !stands("status=")
}

/// The beginning or the end of a request that is logged by itself, or one that the server made of another.
fn beside_a_request(line: &[u8]) -> bool {
    // Ceph's gateway, before and after each request.
    let of_ceph =
        holds(line, " ====== starting new request req=") || holds(line, " ====== req done req=");
    // What httpx, a client, asked of others.
    let of_client = holds(line, "HTTP Request: ") && line.ends_with(b"\"");
    let is_begun = holds(line, "trace::on_request: started processing request");
    // WEBrick's own access log: who led to what.
    let of_webrick =
        line.trim_ascii_start().starts_with(b"- -> /") || holds(line, "WEBrick::HTTPServer#start");
    // koa-logger's requests, whose answers follow.
    let of_koa = line.trim_ascii_start().strip_prefix(b"<-- ");
    let is_asked = |text: &[u8]| usual_methods().any(|method| text.starts_with(method));
    of_ceph || of_client || is_begun || of_webrick || of_koa.is_some_and(is_asked)
}

/// A line of nginx's, Apache's, LiteSpeed's or gunicorn's error log, cPanel's of logins, or of what starts nginx's container.
pub(super) fn is_of_error_log(line: &[u8]) -> bool {
    // PHP-FPM, Istio's agent: `0` stands for a digit, `a` for a letter.
    const WHOLE: [&str; 2] = [
        "[00-aaa-0000 00:00:00] aaaa",
        "0000-00-00T00:00:00.000000Z\taaaa\t",
    ];
    // These with brackets behind.
    const BEGINNINGS: [&str; 6] = [
        // klog, as ingress-nginx and Kubernetes' servers have it.
        "a0000 00:00:00.000000 ",
        "0000/00/00 00:00:00 [aaaa",
        "[aaa aaa 00 00:00:00.000000 0000] [",
        "0000-00-00 00:00:00.000000 [aaaa",
        "[0000-00-00 00:00:00 +0000] [",
        "[0000-00-00 00:00:00 +0000] info [",
    ];
    let begins = |shape: &&str| {
        let stands = |(byte, shape): (&u8, u8)| match shape {
            b'0' => byte.is_ascii_digit(),
            b'a' => byte.is_ascii_alphabetic(),
            // East or west of Greenwich.
            b'+' => matches!(byte, b'+' | b'-'),
            other => *byte == other,
        };
        line.len() > shape.len() && line.iter().zip(shape.bytes()).all(stands)
    };
    if WHOLE.iter().any(&begins) {
        return true;
    }
    // The level, or the process, stands in brackets of its own.
    let is_closed = |shape: &str| holds(&line[shape.len()..line.len().min(shape.len() + 40)], "] ");
    let beginning = BEGINNINGS.iter().find(|shape| begins(shape));
    beginning.is_some_and(|shape| is_closed(shape)) || line.starts_with(b"/docker-entrypoint.")
}

#[cfg(test)]
mod tests;
