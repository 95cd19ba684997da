//! Attack shapes in the target of a request: what a web application firewall would have refused.
//!
//! A classifier over the decoded target (percent-encoding twice, `\xHH`, `%uHHHH`, `+`, comments and
//! white space folded), by the shape that makes a string an attack and not by lists of examples: a
//! quote *and* a boolean comparison, a shell separator *and* a command with an argument. A single
//! suspicious word (`select`, `union`, `o'reilly`, `javascript`) proves nothing. Asking for a
//! sensitive path ([`Attack::Probe`]) is kept apart from carrying an attack argument, because
//! ordinary route rules deny such paths. Shapes follow the families of OWASP CRS 930-944.

use std::sync::LazyLock;

use regex::bytes::{RegexSet, RegexSetBuilder};

use super::probe::is_sensitive;
use super::secret::hex_digit;

/// Only so much of a target is looked at; what comes behind is padding.
const MAX_BYTES: usize = 8 << 10;

/// A class of attacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attack {
    /// A query to a database is changed.
    SqlInjection,
    /// A script is put into a page.
    CrossSiteScripting,
    /// A path leads out of its directory.
    PathTraversal,
    /// A system file, a stream wrapper or a metadata service is included.
    FileInclusion,
    /// A command or code is run.
    CommandInjection,
    /// A template or expression is evaluated; log4j lookups too.
    TemplateInjection,
    /// A line break starts a header of its own.
    HeaderInjection,
    /// A zero byte cuts a string short.
    NullByte,
    /// A sensitive path is asked for, without an attack in it.
    Probe,
}

impl Attack {
    /// The name in output.
    pub const fn name(self) -> &'static str {
        match self {
            Attack::SqlInjection => "sql_injection",
            Attack::CrossSiteScripting => "cross_site_scripting",
            Attack::PathTraversal => "path_traversal",
            Attack::FileInclusion => "file_inclusion",
            Attack::CommandInjection => "command_injection",
            Attack::TemplateInjection => "template_injection",
            Attack::HeaderInjection => "header_injection",
            Attack::NullByte => "null_byte",
            Attack::Probe => "probe",
        }
    }

    /// Whether the request carries an attack, rather than only asking for a sensitive path.
    pub const fn is_payload(self) -> bool {
        !matches!(self, Attack::Probe)
    }
}

/// The shapes: each line is a regular expression over the folded target. The first one in this
/// order names the class.
const SHAPES: &[(Attack, &str)] = &[
    // Lookups and expressions: `${jndi:`, `{{7*7}}`, `<%= 7 %>`, OGNL.
    (
        Attack::TemplateInjection,
        r"\$\{[^}]{0,40}(jndi|lower:|upper:|env:|sys:|java:|::-)",
    ),
    (
        Attack::TemplateInjection,
        r"[$#@*%]?\{\{?[^}&]{0,40}\d+ ?\* ?'?\d+[^}&]{0,40}\}",
    ),
    (
        Attack::TemplateInjection,
        r"\{\{[^}&]{0,80}(__\w|\bconfig\b|\bself\.|\brequest\.|\.constructor|cycler|lipsum)",
    ),
    (
        Attack::TemplateInjection,
        r"<%= ?[\w(]|#_memberaccess|@java\.lang|ognl[.:]|\bjava\.lang\.|getruntime ?\(|class\.module\.classloader",
    ),
    // A quote, then a boolean with a comparison; a comment right behind a quote.
    (
        Attack::SqlInjection,
        r#"['"`] ?\)* ?(or|and|xor|\|\||&&) ?\(* ?(not )?(['"`]?\d+|['"`]\w{0,40})['"`]? ?(=|<|>|!=| like | is | in ?\(| between )"#,
    ),
    (
        Attack::SqlInjection,
        r#"['"`] ?\)* ?(or|and|xor|\|\||&&) ?\(* ?(not )?\w{2,20}\("#,
    ),
    (
        Attack::SqlInjection,
        r#"['"] ?\)* ?(--( |-|\+|&|$)|/\*|#$|;? ?--$)"#,
    ),
    (
        Attack::SqlInjection,
        r"\b(or|and|having|where) \(?'?\d+'? ?= ?'?\d+",
    ),
    (
        Attack::SqlInjection,
        r"\bunion (all |distinct )?\(?select\b",
    ),
    (
        Attack::SqlInjection,
        r"\bselect [^&]{0,80}?(\*|@@|\w ?\()[^&]{0,80}? from [\w(`]",
    ),
    (
        Attack::SqlInjection,
        r"\b(sleep|pg_sleep) ?\( ?'?\d+(\.\d+)?'? ?\)|\b(benchmark|dbms_pipe\.receive_message) ?\( ?['\d(]|\bwaitfor delay '",
    ),
    (
        Attack::SqlInjection,
        r"\b(extractvalue|updatexml|load_file|xp_cmdshell|utl_inaddr|group_concat|concat) ?\( ?(0x|char|select|\d+,|user|database|version|table_name|schema_name|@@|\()",
    ),
    (
        Attack::SqlInjection,
        r#"(['")\d] ?|=)\)*; ?(drop|insert|update|delete|declare|exec|shutdown|alter|create|truncate) (table|into|from|database|@|user|\w+ set)"#,
    ),
    (
        Attack::SqlInjection,
        r"\border by \d{1,3} ?(--|#|/\*)|\binformation_schema\.|\bsysobjects\b|@@version|\bchr\(\d+\) ?\|\|",
    ),
    // Tags, handlers in tags, scripts as addresses.
    (
        Attack::CrossSiteScripting,
        r"< ?/? ?(script|iframe|object|embed|svg|img|body|video|audio|math|style|link|meta|base|form|input|details|marquee)\b[^a-z]",
    ),
    (
        Attack::CrossSiteScripting,
        r#"[ "'/<>;]on(error|load|click|mouse(over|enter|move|down|out)|focus|blur|toggle|start|animation(start|end)|key(down|up|press)|pointer\w+|change|submit|wheel) ?= ?["'\w]"#,
    ),
    (
        Attack::CrossSiteScripting,
        r"(java|vb)script ?:( ?(alert|eval|prompt|confirm|void|document|window|fetch)\b|[^ &]*\(|//)",
    ),
    (
        Attack::CrossSiteScripting,
        r"\b(alert|prompt|confirm) ?\( ?['`\d)d]|\bstring\.fromcharcode ?\(|\bdocument\.(cookie|domain|write)\b|data:text/html",
    ),
    // Out of the directory: in a run, or towards something worth it.
    (Attack::PathTraversal, r"(\.\.[/\\;]+){2}"),
    (
        Attack::PathTraversal,
        r"\.\.[/\\].{0,80}(etc/|windows|win\.ini|boot\.ini|proc/|passwd|wp-config|web\.config|\.env|\.git)",
    ),
    // System files and wrappers as arguments.
    (
        Attack::FileInclusion,
        r"/etc/(passwd|shadow|group|hosts|issue)\b|/proc/(self|\d+)/|\bc:[/\\]+(windows|winnt|boot)|/windows/(system32|win\.ini)|\b(win|boot)\.ini\b",
    ),
    (
        Attack::FileInclusion,
        r"[=/](php|phar|expect|glob|file|dict|gopher|netdoc|zip|ogg|compress\.zlib):/?/|data://text|\ballow_url_include\b|\bauto_prepend_file\b",
    ),
    (
        Attack::FileInclusion,
        r"169\.254\.169\.254|metadata\.google\.internal",
    ),
    // A separator with a command and its argument; substitution; interpreters.
    (
        Attack::CommandInjection,
        r#"([;|`\n]|&&) ?(cat|ls|id|uname|wget|curl|nc|ncat|bash|sh|ping|sleep|chmod|rm|echo|cmd|certutil|tftp|python[23]?|perl|php|nslookup|busybox|cd|type|dir) ([-/\\$.~"'<>]|\d+( |$|&|;|\|)|https?:)"#,
    ),
    (
        Attack::CommandInjection,
        r"([;|`\n]|&&)(id|whoami|uname|ls|pwd|env|printenv|netstat|ps|dir|ifconfig|ipconfig|cat \S+)( ?$| ?[;|&`#)]| [-/>])",
    ),
    (
        Attack::CommandInjection,
        r"([;|`\n]|&&) (whoami|ifconfig|ipconfig|printenv)\b",
    ),
    (
        Attack::CommandInjection,
        r"\$\( ?[a-z/]|\$\{ifs|\$ifs\b|\(\) ?\{ ?[:;]|/dev/tcp/|/bin/(ba|da|z)?sh\b|\bcmd\.exe\b|\bpowershell(\.exe)? -",
    ),
    (
        Attack::CommandInjection,
        r"\b(wget|curl) (-\w+ )*(https?:|\d+\.\d+\.\d+\.\d+)|\b(system|passthru|shell_exec|phpinfo|proc_open|popen|base64_decode|call_user_func(_array)?|file_put_contents|eval|assert)\(",
    ),
    (
        Attack::CommandInjection,
        r"=call_user_func|\binvokefunction&function=",
    ),
    (
        Attack::HeaderInjection,
        r"\n ?(set-cookie|location|content-(type|length|security-policy)|x-[a-z-]+|host|http/1) ?[:.]",
    ),
    (Attack::NullByte, r"\x00"),
];

static SET: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    // The expressions are ours and a test compiles them; without them nothing is an attack.
    RegexSetBuilder::new(SHAPES.iter().map(|(_, shape)| *shape))
        .unicode(false)
        .build()
        .ok()
});

const ALWAYS: u8 = 1;
const DOT: u8 = 2;
const QUESTION: u8 = 4;

/// Bytes that some payload needs; a target without any of them carries none. A dot needs another
/// one behind it, and a `?` a slash (for a file name as an argument).
const SUSPICIOUS: [u8; 256] = {
    let mut table = [0; 256];
    let bytes = b"'\"`<>(){}$|;%\\+:*\0\t\n\r ";
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = ALWAYS;
        at += 1;
    }
    table[b'.' as usize] = DOT;
    table[b'?' as usize] = QUESTION;
    table
};

/// The class of attack that a target (path and query) shows, if any.
#[inline]
pub fn classify(target: &[u8]) -> Option<Attack> {
    if suspicious(target)
        && let Some(attack) = payload(target)
    {
        return Some(attack);
    }
    is_sensitive(target).then_some(Attack::Probe)
}

/// Whether a target holds anything that a payload needs. The first look is free of branches.
#[inline]
fn suspicious(target: &[u8]) -> bool {
    let near = &target[..target.len().min(MAX_BYTES)];
    let seen = near
        .iter()
        .fold(0, |seen, byte| seen | SUSPICIOUS[usize::from(*byte)]);
    if seen & ALWAYS != 0 {
        return true;
    }
    seen & DOT != 0 && near.windows(2).any(|pair| pair == b"..")
        || seen & QUESTION != 0
            && memchr::memchr(b'?', near)
                .is_some_and(|at| memchr::memchr(b'/', &near[at..]).is_some())
        || near.starts_with(b"/etc/")
        || near.starts_with(b"/proc/")
}

#[cold]
fn payload(target: &[u8]) -> Option<Attack> {
    let folded = folded(target);
    let matches = SET.as_ref()?.matches(&folded);
    let first = matches.iter().next()?;
    SHAPES.get(first).map(|(attack, _)| *attack)
}

/// The target as an application would see it after it decoded once too often: escapes undone, in
/// lower case, comments and runs of white space as one space (or one line break).
fn folded(target: &[u8]) -> Vec<u8> {
    let target = &target[..target.len().min(MAX_BYTES)];
    let query = memchr::memchr(b'?', target).unwrap_or(target.len());
    let mut text = target.to_vec();
    for byte in text.iter_mut().skip(query) {
        if *byte == b'+' {
            *byte = b' ';
        }
    }
    for _ in 0..2 {
        text = decoded(&text);
    }
    text.make_ascii_lowercase();
    single_spaced(&text)
}

/// Undoes one level of `%HH`, `%uHHHH` (of Latin-1) and `\xHH`.
fn decoded(text: &[u8]) -> Vec<u8> {
    let pair = |high: u8, low: u8| Some(hex_digit(high)? << 4 | hex_digit(low)?);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        let found = match rest {
            [b'%', b'u' | b'U', b'0', b'0', high, low, ..] => pair(*high, *low).map(|b| (b, 6)),
            [b'\\', b'x', high, low, ..] => pair(*high, *low).map(|b| (b, 4)),
            [b'%', high, low, ..] => pair(*high, *low).map(|b| (b, 3)),
            // Overlong UTF-8 of `.` and `/`, once it is decoded.
            [0xc0, 0xae, ..] => Some((b'.', 2)),
            [0xc0, 0xaf, ..] => Some((b'/', 2)),
            _ => None,
        };
        let (value, length) = found.unwrap_or((byte, rest.len() - behind.len()));
        out.push(value);
        rest = &rest[length..];
    }
    out
}

/// White space, and SQL comments that stand for it, become one space each run; a run with a line
/// break in it becomes a line break.
fn single_spaced(text: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        let space = match byte {
            b'\n' | b'\r' => b'\n',
            b' ' | b'\t' | 0x0b | 0x0c => b' ',
            b'/' if behind.starts_with(b"*") && !behind.starts_with(b"*!") => {
                match memchr::memmem::find(behind, b"*/") {
                    Some(end) => rest = &behind[end + 2..],
                    None => {
                        out.push(byte);
                        continue;
                    }
                }
                b' '
            }
            _ => {
                out.push(byte);
                continue;
            }
        };
        match out.last_mut() {
            Some(last @ (b' ' | b'\n')) => *last = space.min(*last),
            _ => out.push(space),
        }
    }
    out
}

#[cfg(test)]
#[path = "payload_tests.rs"]
mod tests;
