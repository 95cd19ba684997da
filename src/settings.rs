//! Validated settings, with their defaults and the reasons for them.
//!
//! `cli` turns what was typed into these; nothing below `cli` looks at arguments or the environment.

use crate::key::ranges::Ranges;
use crate::time::Moment;
use std::path::PathBuf;

/// Everything that an analysis depends on besides the bytes of the logs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where bytes come from.
    pub input: InputSettings,
    /// Error and audit logs of the servers: files, globs, directories.
    pub error_logs: Vec<String>,
    /// How lines become records.
    pub format: FormatSettings,
    /// Statuses that count as denials.
    pub denied_statuses: Vec<u16>,
    /// Width of a window in seconds; chosen from the span when absent.
    pub window_s: Option<u64>,
    /// Only requests at or after this moment.
    pub since: Option<Moment>,
    /// Only requests before this moment.
    pub until: Option<Moment>,
    /// Only requests that meet all of these.
    pub conditions: Vec<crate::filter::Condition>,
    /// How many values of each dimension are listed.
    pub top: usize,
    /// The log holds one of N requests.
    pub sampled: Option<u32>,
    /// Show tokens in clear.
    pub show_tokens: bool,
    /// Zero the last octet (IPv4) or all behind /48 (IPv6) wherever an address is shown.
    pub anonymize_ip: bool,
    /// Show user names as fingerprints.
    pub anonymize_user: bool,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Ranges that owners of crawlers publish.
    pub crawler_ranges: Ranges,
    /// Threads; 0 means one per core.
    pub threads: usize,
    /// Bytes that tables and rows may take, about; past it rare keys are pooled.
    pub max_memory: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            input: InputSettings::default(),
            error_logs: Vec::new(),
            format: FormatSettings::default(),
            denied_statuses: vec![403],
            window_s: None,
            since: None,
            until: None,
            conditions: Vec::new(),
            top: 10,
            sampled: None,
            show_tokens: false,
            anonymize_ip: false,
            anonymize_user: false,
            trusted_proxies: Vec::new(),
            crawler_ranges: Ranges::default(),
            threads: 0,
            max_memory: u64::MAX,
        }
    }
}

/// Where bytes come from.
#[derive(Debug, Clone)]
pub struct InputSettings {
    /// Files, globs, directories, or `-`.
    pub logs: Vec<String>,
    /// Read plain files instead of mapping them.
    pub no_mmap: bool,
    /// Bytes per chunk. 1 MiB keeps two cores busy and the last chunk short, and fits a core's cache.
    pub chunk_bytes: usize,
    /// Where the spool of compressed and piped input goes; the system's when absent.
    pub temp_dir: Option<PathBuf>,
    /// Most bytes that the spool may take.
    pub max_temp_bytes: u64,
}

impl Default for InputSettings {
    fn default() -> Self {
        InputSettings {
            logs: Vec::new(),
            no_mmap: false,
            chunk_bytes: 1 << 20,
            temp_dir: None,
            max_temp_bytes: 64 << 30,
        }
    }
}

/// How lines become records.
#[derive(Debug, Clone, Default)]
pub struct FormatSettings {
    /// Name of a built-in format, or an nginx `log_format` / Apache `LogFormat` string.
    pub log_format: Option<String>,
    /// `FIELD=PATH` pairs for JSON lines.
    pub map: Vec<(String, String)>,
    /// nginx configuration to take `log_format`s from.
    pub nginx_conf: Option<PathBuf>,
    /// Apache configuration to take `LogFormat`s from.
    pub apache_conf: Option<PathBuf>,
    /// HAProxy configuration to take `log-format`s from.
    pub haproxy_conf: Option<PathBuf>,
    /// Offset for stamps without a zone; UTC when absent.
    pub timezone: Option<chrono_tz::Tz>,
}
