//! What can be typed. Validation happens where settings are made from it.

use super::fail_on::FailOn;
use super::size;
use crate::export;
use crate::filter::Condition;
use crate::output;
use crate::policy::rule::Policy;
use crate::time;
use crate::whatif;
use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
use std::path::PathBuf;

/// Says why a server answered 403: finds the spikes in an access log, who was denied, where, when, and
/// the rule that did it.
#[derive(Debug, Parser)]
#[command(
    name = "forbid-logs",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Analyze(Box<Analyze>),
    Export(Box<Export>),
    Formats(Box<Formats>),
    Report(Box<Report>),
    Bench(Box<super::bench::Arguments>),
    Whatif(Box<WhatIf>),
}

/// Report the spikes of denied requests and their causes.
///
/// LOG is a file, a glob, a directory, or - for standard input. gzip, zstd, bzip2 and xz are recognised
/// by content, rotated sets are read in time order, several logs count as one. Without a LOG the usual
/// places of nginx, Apache, Caddy and HAProxy are read.
///
/// Exit codes: 0 analysed, 1 --fail-on was met, 2 nothing usable, 3 analysed in part.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  forbid-logs analyze access.log
  forbid-logs analyze /var/log/nginx/ --since -3h
  zcat access.log.*.gz | forbid-logs analyze - --format json
  forbid-logs analyze access.log --nginx-conf /etc/nginx/nginx.conf
  forbid-logs analyze access.log --where route~^/api/ --where ip!=10.0.0.0/8
  forbid-logs analyze access.log --format csv -o spikes.csv --fail-on rate_limit:100")]
pub struct Analyze {
    /// Access logs
    #[arg(value_name = "LOG")]
    pub logs: Vec<String>,
    #[command(flatten)]
    pub reading: Reading,
    #[command(flatten)]
    pub privacy: Privacy,
    #[command(flatten)]
    pub writing: Writing,
}

/// Write the requests as normalised records, one a line.
///
/// Denials only, unless --all is given; in the order of the input. Secrets are replaced by
/// fingerprints. With --verdict each denial carries the spike that it belongs to and its cause, as
/// analyze tells them.
///
/// Exit codes: 0 exported, 2 nothing usable, 3 exported in part.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  forbid-logs export access.log | jq -r .path
  forbid-logs export access.log --verdict --where route=/api/search
  forbid-logs export /var/log/nginx/ --all --format csv -o requests.csv
  forbid-logs export access.log --verdict --format csv -o denials.csv")]
pub struct Export {
    /// Access logs, as analyze takes them
    #[arg(value_name = "LOG")]
    pub logs: Vec<String>,
    /// All requests, not only denials
    #[arg(long)]
    pub all: bool,
    /// With the spike, the cause and the confidence of each denial
    #[arg(long)]
    pub verdict: bool,
    /// With a record for each line that could not be read
    #[arg(long)]
    pub keep_unparsed: bool,
    /// ndjson or csv
    #[arg(long, value_name = "FORMAT", default_value = "ndjson", value_parser = |s: &str| s.parse::<export::Encoding>())]
    pub format: export::Encoding,
    /// Write to a file, whole or not at all
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// No progress, no notices
    #[arg(short, long)]
    pub quiet: bool,
    /// No progress
    #[arg(long)]
    pub no_progress: bool,
    /// Exit with 3 if more than this share of the lines could not be read, such as 1%
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub max_skipped: Option<f64>,
    #[command(flatten)]
    pub reading: Reading,
    #[command(flatten)]
    pub privacy: Privacy,
}

/// List the log formats, say which one a log has, or explain a format string.
///
/// Without arguments: the formats that are known. With a LOG: which format it has and why, what came
/// second, and what of its lines became which field. With --log-format STRING: what each variable of
/// an nginx log_format or an Apache LogFormat becomes, and what to add so that the next denial states
/// its cause.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  forbid-logs formats
  forbid-logs formats access.log
  forbid-logs formats --log-format '$remote_addr [$time_local] \"$request\" $status'
  forbid-logs formats access.log --nginx-conf /etc/nginx/nginx.conf")]
pub struct Formats {
    /// Access logs
    #[arg(value_name = "LOG")]
    pub logs: Vec<String>,
    /// A format by name, an nginx log_format or an Apache LogFormat string
    #[arg(long, value_name = "NAME|STRING")]
    pub log_format: Option<String>,
    /// Where JSON lines keep a field: status=resp.code,ip=client.addr; or @FILE with one a line
    #[arg(long, value_name = "FIELD=PATH,...|@FILE", value_delimiter = ',', value_parser = mapping)]
    pub map: Vec<FieldMap>,
    /// Take the log formats from an nginx configuration
    #[arg(long, value_name = "FILE")]
    pub nginx_conf: Option<PathBuf>,
    /// Take the log formats from an Apache configuration
    #[arg(long, value_name = "FILE")]
    pub apache_conf: Option<PathBuf>,
    /// Take the log formats from an HAProxy configuration
    #[arg(long, value_name = "FILE")]
    pub haproxy_conf: Option<PathBuf>,
    /// Time zone of stamps that have none, such as Europe/Berlin [default: UTC]
    #[arg(long, value_name = "TZ", value_parser = timezone)]
    pub timezone: Option<chrono_tz::Tz>,
    /// Key of token fingerprints [default: one kept in the state directory]
    #[arg(long, value_name = "FILE")]
    pub token_key: Option<PathBuf>,
    #[command(flatten)]
    pub privacy: Privacy,
}

/// Publish what came since the last run, as a set of CSV tables: for cron.
///
/// A set is a directory, DIR/runs/000012, with spikes.csv, windows.csv, ips.csv, clients.csv, users.csv,
/// tokens.csv, routes.csv and summary.csv. DIR/current leads to the newest one, DIR/spikes.csv and the
/// others through it, so that who reads finds a whole set of one run. With --state a run counts only the
/// lines that came since the one before, across rotation; without it, all is counted again as run 1.
/// Nothing is printed when all is well.
///
/// Exit codes: 0 published, 1 --fail-on was met, 2 nothing usable or another run is at work, 3 published
/// in part.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  forbid-logs report /var/log/nginx/access.log --out /var/lib/forbid-logs/nginx \\
    --state /var/lib/forbid-logs/nginx.state --print
  forbid-logs report access.log --out report --fail-on new:100 --known expected-rules.txt")]
pub struct Report {
    /// Access logs
    #[arg(value_name = "LOG")]
    pub logs: Vec<String>,
    #[command(flatten)]
    pub publishing: Publishing,
    #[command(flatten)]
    pub reading: Reading,
    #[command(flatten)]
    pub privacy: Privacy,
}

/// What is published, and when it is told.
#[derive(Debug, Args)]
#[command(next_help_heading = "Publishing")]
pub struct Publishing {
    /// Directory of the published sets
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Count only what came since the last run, which left this file
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// How many sets stay
    #[arg(long, value_name = "N", default_value = "30", value_parser = clap::value_parser!(u64).range(1..))]
    pub keep: u64,
    /// Read again so much before the first new line, as exposure [needs --state]
    #[arg(long, value_name = "SPAN", default_value = "1h", requires = "state", value_parser = span)]
    pub context: i64,
    /// Print what is new, for the mail of cron
    #[arg(long)]
    pub print: bool,
    /// Add the rules of this run's spikes to a file for --known
    #[arg(long, value_name = "FILE")]
    pub write_known: Option<PathBuf>,
    /// Exit with 1 if there is a spike of FAMILY, CAUSE, any or new (not seen in earlier runs), with MIN
    /// new denials or more, that --known does not expect
    #[arg(long, value_name = "WHAT[:MIN]")]
    pub fail_on: Vec<FailOn>,
    /// Exit with 3 if more than this share of the new lines could not be read, such as 1%
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub max_skipped: Option<f64>,
    /// No progress on the terminal; from cron there is none anyway
    #[arg(long)]
    pub no_progress: bool,
    /// No notices
    #[arg(short, long)]
    pub quiet: bool,
}

/// Replay other policies over the log: whose requests would have been admitted or denied.
///
/// A POLICY is written as a report shows its rules (rule.text), so that the rule of a verdict can be
/// pasted here and changed. Several policies take their turn in the order given: what one denies, the
/// next does not see. Requests in no policy's scope stay as they were answered.
///
/// Exit codes: 0 replayed, 2 nothing usable, 3 replayed in part.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  forbid-logs whatif --policy 'limit 25/s burst 50 per ip on /api/search' access.log
  forbid-logs whatif --policy 'deny prefix 203.0.113.0/24' --policy 'limit 10/s burst 20 per ip' access.log
  forbid-logs whatif --policy 'deny client scanner' --format json access.log")]
pub struct WhatIf {
    /// Access logs, as analyze takes them
    #[arg(value_name = "LOG")]
    pub logs: Vec<String>,
    /// A limit or a list, as in 'limit 25/s burst 50 per ip on /api/search' or 'deny client scanner'
    #[arg(long, value_name = "POLICY", required = true, value_parser = |s: &str| s.parse::<Policy>())]
    pub policy: Vec<Policy>,
    /// text, json or csv
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = |s: &str| s.parse::<whatif::shown::Format>())]
    pub format: whatif::shown::Format,
    /// Write to a file, whole or not at all
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Values listed per dimension
    #[arg(long, value_name = "N", default_value = "10")]
    pub top: usize,
    /// No progress, no notices
    #[arg(short, long)]
    pub quiet: bool,
    /// No progress
    #[arg(long)]
    pub no_progress: bool,
    #[command(flatten)]
    pub reading: Reading,
    #[command(flatten)]
    pub privacy: Privacy,
}

/// How logs are read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub struct Reading {
    /// A format by name, an nginx log_format or an Apache LogFormat string
    #[arg(long, value_name = "NAME|STRING")]
    pub log_format: Option<String>,
    /// Where JSON lines keep a field: status=resp.code,ip=client.addr; or @FILE with one a line
    #[arg(long, value_name = "FIELD=PATH,...|@FILE", value_delimiter = ',', value_parser = mapping)]
    pub map: Vec<FieldMap>,
    /// Take the log formats from an nginx configuration, and name the directives that denied
    #[arg(long, value_name = "FILE")]
    pub nginx_conf: Option<PathBuf>,
    /// Take the log formats from an Apache configuration, and name the directives that denied
    #[arg(long, value_name = "FILE")]
    pub apache_conf: Option<PathBuf>,
    /// Take the log formats from an HAProxy configuration, and name the directives that denied
    #[arg(long, value_name = "FILE")]
    pub haproxy_conf: Option<PathBuf>,
    /// Time zone of stamps that have none, such as Europe/Berlin [default: UTC]
    #[arg(long, value_name = "TZ", value_parser = timezone)]
    pub timezone: Option<chrono_tz::Tz>,
    /// Width of a window, such as 60s or 5m [default: by the span of the log; report: 60s]
    #[arg(long, value_name = "SPAN", value_parser = window)]
    pub window: Option<u64>,
    /// Only requests from then on: 2026-03-10, 2026-03-10T09:43:00Z, or -3h before the log's end
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Only requests before then
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// Statuses that count as denials
    #[arg(long, value_name = "STATUS", value_delimiter = ',', default_value = "403", value_parser = clap::value_parser!(u16).range(100..=599))]
    pub status: Vec<u16>,
    /// Only requests that meet a condition: FIELD=VALUE, != not, ~ regex, !~ no match; ip takes CIDRs,
    /// with commas between
    #[arg(long = "where", value_name = "CONDITION", value_parser = Condition::parse)]
    pub conditions: Vec<Condition>,
    /// Networks of proxies whose X-Forwarded-For is believed
    #[arg(long, value_name = "CIDR", value_delimiter = ',', value_parser = network)]
    pub trusted_proxy: Vec<IpNet>,
    /// Ranges that a crawler's owner publishes, as JSON or one network a line: FILE named after the crawler, or
    /// CRAWLER=FILE
    #[arg(long, value_name = "[CRAWLER=]FILE")]
    pub ranges: Vec<String>,
    /// Error logs of nginx, Apache or lighttpd, audit logs of ModSecurity: what they state is certain
    #[arg(long, value_name = "FILE")]
    pub error_log: Vec<String>,
    /// Rules that are expected, one a line: their spikes are shown, and raise no alarm
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,
    /// The log holds one of N requests
    #[arg(long, value_name = "1/N", value_parser = sampled)]
    pub sampled: Option<u32>,
    /// Read with so many threads [default: one per core]
    #[arg(long, value_name = "N", default_value = "0", hide_default_value = true, value_parser = threads)]
    pub threads: usize,
    /// Most memory for what is counted; past it rare addresses, routes and agents are counted together
    /// [default: a quarter of the machine's]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub max_memory: Option<u64>,
    /// Read files instead of mapping them into memory
    #[arg(long)]
    pub no_mmap: bool,
    /// Where to keep what cannot be read twice (compressed and piped logs)
    #[arg(long, value_name = "DIR")]
    pub temp_dir: Option<PathBuf>,
    /// Most that may be kept there, such as 10G
    #[arg(long, value_name = "SIZE", value_parser = size::parse, default_value = "64G")]
    pub max_temp: u64,
    /// Key of token fingerprints [default: one kept in the state directory]
    #[arg(long, value_name = "FILE")]
    pub token_key: Option<PathBuf>,
}

/// What is shown of clients and their secrets.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Privacy")]
pub struct Privacy {
    /// Show tokens in clear
    #[arg(long)]
    pub show_tokens: bool,
    /// Hide the host part of addresses
    #[arg(long)]
    pub anonymize_ip: bool,
    /// Show user names as fingerprints
    #[arg(long)]
    pub anonymize_user: bool,
}

/// What is written, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Writing")]
pub struct Writing {
    /// text, json or csv
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = |s: &str| s.parse::<output::Format>())]
    pub format: output::Format,
    /// Write to a file, whole or not at all
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Values listed per dimension [default: 10, in text 3]
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: When,
    /// Show everything that was found
    #[arg(short, long)]
    pub verbose: bool,
    /// No progress, no notices
    #[arg(short, long)]
    pub quiet: bool,
    /// No progress
    #[arg(long)]
    pub no_progress: bool,
    /// Exit with 1 if there is a spike of FAMILY, CAUSE, any or new (that --known does not expect), with
    /// MIN denials or more
    #[arg(long, value_name = "WHAT[:MIN]")]
    pub fail_on: Vec<FailOn>,
    /// Exit with 3 if more than this share of the lines could not be read, such as 1%
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub max_skipped: Option<f64>,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

/// Fields of JSON lines and where they are: one as typed, or those of a file.
#[derive(Debug, Clone)]
pub struct FieldMap(Vec<(String, String)>);

impl FieldMap {
    /// All fields of several.
    pub fn fields(mappings: &[FieldMap]) -> Vec<(String, String)> {
        let fields = mappings.iter().flat_map(|mapping| &mapping.0);
        fields.cloned().collect()
    }
}

/// `FIELD=PATH`, or `@FILE` with such, one or several a line; behind a `#` is a comment.
fn mapping(text: &str) -> Result<FieldMap, String> {
    let Some(file) = text.strip_prefix('@') else {
        return Ok(FieldMap(vec![field_path(text)?]));
    };
    let kept = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let mut fields = Vec::new();
    for (number, line) in (1..).zip(kept.lines()) {
        let line = line.split('#').next().unwrap_or_default();
        for field in line.split(',').map(str::trim) {
            if !field.is_empty() {
                let at = |error: String| format!("{file}:{number}: {error}");
                fields.push(field_path(field).map_err(at)?);
            }
        }
    }
    Ok(FieldMap(fields))
}

fn field_path(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, path)) if !field.is_empty() && !path.is_empty() => {
            Ok((field.trim().to_string(), path.trim().to_string()))
        }
        _ => Err("write FIELD=PATH, for example status=resp.code".to_string()),
    }
}

fn span(text: &str) -> Result<i64, String> {
    time::parse_span(text).map_err(|error| error.to_string())
}

fn window(text: &str) -> Result<u64, String> {
    match time::parse_span(text) {
        Ok(ms) if ms >= 1000 => Ok(ms as u64 / 1000),
        Ok(_) => Err("a window is at least 1s wide".to_string()),
        Err(error) => Err(error.to_string()),
    }
}

fn timezone(text: &str) -> Result<chrono_tz::Tz, String> {
    text.parse()
        .map_err(|_| "write a name of the tz database, such as UTC or Europe/Berlin".to_string())
}

/// More threads than any machine has cores take minutes to start.
fn threads(text: &str) -> Result<usize, String> {
    const MOST: usize = 1024;
    match text.parse() {
        Ok(threads) if threads <= MOST => Ok(threads),
        _ => Err(format!(
            "write a number from 1 to {MOST}, or 0 for one per core"
        )),
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| "write an address or a network, for example 10.0.0.0/8".to_string())
}

fn sampled(text: &str) -> Result<u32, String> {
    text.strip_prefix("1/")
        .and_then(|n| n.parse().ok())
        .filter(|n| *n >= 1)
        .ok_or_else(|| "write 1/N, for example 1/100".to_string())
}

fn share(text: &str) -> Result<f64, String> {
    let (number, scale) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    number
        .trim()
        .parse::<f64>()
        .ok()
        .map(|value| value / scale)
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "write a share such as 1% or 0.01".to_string())
}
