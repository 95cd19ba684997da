//! From the options that the reading commands share to settings.

use super::arguments::{FieldMap, Privacy, Reading};
use crate::bench::machine;
use crate::input::Input;
use crate::key::ranges::Ranges;
use crate::policy::known::Known;
use crate::settings::{FormatSettings, InputSettings, Settings};
use crate::time::{self, Moment};
use anyhow::{Context as _, bail};

/// What was asked for.
pub struct Requested {
    /// The settings.
    pub settings: Settings,
    /// The LOGs as typed.
    pub source: String,
    /// What to tell beforehand.
    pub notices: Vec<String>,
}

impl Reading {
    /// Settings for the LOGs, or for the servers' usual places where none is given.
    ///
    /// # Errors
    /// No LOG is there, or the options contradict each other.
    pub fn settings(&self, logs: &[String], privacy: &Privacy) -> anyhow::Result<Requested> {
        let mut notices = Vec::new();
        let mut logs = logs.to_vec();
        if logs.is_empty() {
            logs = Input::usual_places();
            if logs.is_empty() {
                bail!(
                    "no LOG given, and none in the usual places of nginx, Apache, Caddy and HAProxy under /var/log; \
                     give a file, a directory, or - for standard input"
                );
            }
            notices.push(format!("no LOG given; reading {}", logs.join(" ")));
        }
        let (since, until) = self.interval()?;
        let source = logs.join(" ");
        let settings = Settings {
            input: InputSettings {
                logs,
                no_mmap: self.no_mmap,
                temp_dir: self.temp_dir.clone(),
                max_temp_bytes: self.max_temp,
                ..InputSettings::default()
            },
            error_logs: self.error_log.clone(),
            format: FormatSettings {
                log_format: self.log_format.clone(),
                map: FieldMap::fields(&self.map),
                nginx_conf: self.nginx_conf.clone(),
                apache_conf: self.apache_conf.clone(),
                haproxy_conf: self.haproxy_conf.clone(),
                timezone: self.timezone,
            },
            denied_statuses: self.status.clone(),
            window_s: self.window,
            since,
            until,
            conditions: self.conditions.clone(),
            sampled: self.sampled,
            show_tokens: privacy.show_tokens,
            anonymize_ip: privacy.anonymize_ip,
            anonymize_user: privacy.anonymize_user,
            trusted_proxies: self.trusted_proxy.clone(),
            crawler_ranges: Ranges::read(&self.ranges)?,
            threads: self.threads,
            max_memory: self.max_memory.unwrap_or_else(usual_memory),
            ..Settings::default()
        };
        Ok(Requested {
            settings,
            source,
            notices,
        })
    }

    /// The rules that are expected; none without `--known`.
    ///
    /// # Errors
    /// The file cannot be read, or holds what is no rule.
    pub fn known(&self) -> anyhow::Result<Known> {
        let known = self.known.as_deref().map(Known::read).transpose()?;
        Ok(known.unwrap_or_default())
    }

    fn interval(&self) -> anyhow::Result<(Option<Moment>, Option<Moment>)> {
        let moment = |name: &str, text: &Option<String>| {
            text.as_deref()
                .map(|text| time::parse_moment(text, self.timezone))
                .transpose()
                .with_context(|| format!("--{name}"))
        };
        let (since, until) = (moment("since", &self.since)?, moment("until", &self.until)?);
        let empty = match (since, until) {
            (Some(Moment::Absolute(since)), Some(Moment::Absolute(until))) => since >= until,
            (Some(Moment::BeforeEnd(since)), Some(Moment::BeforeEnd(until))) => since <= until,
            _ => false,
        };
        if empty {
            bail!("--since is not before --until, so no request can lie between; swap them");
        }
        Ok((since, until))
    }
}

/// A quarter of the memory that there is; where the system does not tell, a gigabyte.
fn usual_memory() -> u64 {
    machine::memory_bytes().map_or(1 << 30, |bytes| bytes / 4)
}
