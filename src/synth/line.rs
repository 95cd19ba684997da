//! How a request and its answer become a line.

use super::hostile::{Damage, Visit};
use super::server::{Answer, Request};
use chrono::{DateTime, Datelike, FixedOffset, Timelike};
use std::io::{self, Write};

/// A format of access logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Apache and nginx `combined`.
    #[default]
    Combined,
    /// `common`: no referer, no agent.
    Common,
    /// Debian's `vhost_combined`: host and port first.
    VhostCombined,
    /// `combined`, then `rt=` seconds, `us=` upstream status and `key=` the API key.
    Extended,
    /// An nginx `log_format` with `escape=json`.
    Json,
}

impl Format {
    /// All formats, with the names used on command lines.
    pub const ALL: [(&'static str, Format); 5] = [
        ("combined", Format::Combined),
        ("common", Format::Common),
        ("vhost", Format::VhostCombined),
        ("extended", Format::Extended),
        ("json", Format::Json),
    ];

    /// The name used on command lines and in the truth.
    pub fn name(self) -> &'static str {
        Format::ALL
            .iter()
            .find(|(_, format)| *format == self)
            .map_or("combined", |(name, _)| name)
    }
}

/// Completion time in milliseconds since the epoch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp(pub(super) i64);

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

pub(super) struct LineWriter {
    format: Format,
    offset_s: i32,
    second: i64,
    shown: String,
    line: Vec<u8>,
    bytes: u64,
}

impl LineWriter {
    pub(super) fn new(format: Format, offset_s: i32) -> LineWriter {
        LineWriter {
            format,
            offset_s,
            second: i64::MIN,
            shown: String::new(),
            line: Vec::new(),
            bytes: 0,
        }
    }

    /// Bytes written so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn write(
        &mut self,
        out: &mut dyn Write,
        stamp: Stamp,
        request: &Request,
        answer: &Answer,
    ) -> io::Result<()> {
        self.show(stamp.0.div_euclid(1000));
        self.line.clear();
        match self.format {
            Format::Json => self.json(stamp, request, answer)?,
            Format::VhostCombined => {
                self.line.extend_from_slice(b"shop.example.com:443 ");
                self.combined(request, answer)?;
            }
            Format::Common => self.common(request, answer)?,
            Format::Combined => self.combined(request, answer)?,
            Format::Extended => {
                self.combined(request, answer)?;
                let upstream = if answer.by_application {
                    answer.status.to_string()
                } else {
                    "-".to_string()
                };
                let seconds = f64::from(answer.duration_ms) / 1000.0;
                let key = request.sender.token.as_deref().unwrap_or("-");
                write!(self.line, " rt={seconds:.3} us={upstream} key=\"{key}\"")?;
            }
        }
        self.line.push(b'\n');
        self.bytes += self.line.len() as u64;
        out.write_all(&self.line)
    }

    /// Writes a line that no server wrote on purpose, after the lines of that second.
    pub(super) fn write_hostile(
        &mut self,
        out: &mut dyn Write,
        stamp: Stamp,
        visit: &Visit,
    ) -> io::Result<()> {
        self.show(stamp.0.div_euclid(1000));
        self.line.clear();
        match (visit.damage, self.format) {
            (Damage::Replaced, _) => self.line.extend_from_slice(&visit.target),
            (_, Format::Json) => self.hostile_json(stamp, visit)?,
            _ => self.hostile_text(visit)?,
        }
        if visit.damage == Damage::Cut {
            self.line.truncate(self.line.len() * 2 / 3);
        }
        self.line.push(b'\n');
        self.bytes += self.line.len() as u64;
        out.write_all(&self.line)
    }

    fn hostile_text(&mut self, visit: &Visit) -> io::Result<()> {
        if self.format == Format::VhostCombined {
            self.line.extend_from_slice(b"shop.example.com:443 ");
        }
        write!(self.line, "{} - - [{}] \"", visit.ip, self.shown)?;
        self.line.extend_from_slice(&visit.target);
        write!(self.line, "\" {} 157", visit.status)?;
        if self.format != Format::Common {
            self.line.extend_from_slice(b" \"-\" \"");
            self.line.extend_from_slice(&visit.user_agent);
            self.line.push(b'"');
        }
        if self.format == Format::Extended {
            self.line.extend_from_slice(b" rt=0.000 us=- key=\"-\"");
        }
        Ok(())
    }

    fn hostile_json(&mut self, stamp: Stamp, visit: &Visit) -> io::Result<()> {
        let object = serde_json::json!({
            "msec": format!("{}.{:03}", stamp.0.div_euclid(1000), stamp.0.rem_euclid(1000)),
            "remote_addr": visit.ip.to_string(),
            "request": String::from_utf8_lossy(&visit.target),
            "status": visit.status.to_string(),
            "body_bytes_sent": "157",
            "http_user_agent": String::from_utf8_lossy(&visit.user_agent),
        });
        serde_json::to_writer(&mut self.line, &object)?;
        Ok(())
    }

    /// Formats a second once, however many lines share it.
    fn show(&mut self, second: i64) {
        if second == self.second {
            return;
        }
        self.second = second;
        let utc = DateTime::from_timestamp(second, 0).unwrap_or_default();
        let Some(offset) = FixedOffset::east_opt(self.offset_s) else {
            return;
        };
        let local = utc.with_timezone(&offset);
        let minutes = self.offset_s.abs() / 60;
        self.shown = format!(
            "{:02}/{}/{}:{:02}:{:02}:{:02} {}{:02}{:02}",
            local.day(),
            MONTHS[local.month0() as usize % 12],
            local.year(),
            local.hour(),
            local.minute(),
            local.second(),
            if self.offset_s < 0 { '-' } else { '+' },
            minutes / 60,
            minutes % 60
        );
    }

    fn common(&mut self, request: &Request, answer: &Answer) -> io::Result<()> {
        write!(
            self.line,
            "{} - {} [{}] \"{} {} HTTP/1.1\" {} {}",
            request.sender.ip,
            request.sender.user.as_deref().unwrap_or("-"),
            self.shown,
            request.method,
            request.target,
            answer.status,
            answer.bytes
        )
    }

    fn combined(&mut self, request: &Request, answer: &Answer) -> io::Result<()> {
        self.common(request, answer)?;
        write!(
            self.line,
            " \"{}\" \"{}\"",
            request.referer, request.sender.user_agent
        )
    }

    fn json(&mut self, stamp: Stamp, request: &Request, answer: &Answer) -> io::Result<()> {
        let upstream = if answer.by_application {
            answer.status.to_string()
        } else {
            String::new()
        };
        let object = serde_json::json!({
            "msec": format!("{}.{:03}", stamp.0.div_euclid(1000), stamp.0.rem_euclid(1000)),
            "remote_addr": request.sender.ip.to_string(),
            "remote_user": request.sender.user.as_deref().unwrap_or(""),
            "request_method": request.method,
            "request_uri": request.target,
            "status": answer.status.to_string(),
            "body_bytes_sent": answer.bytes.to_string(),
            "http_referer": if request.referer == "-" { "" } else { &request.referer },
            "http_user_agent": &*request.sender.user_agent,
            "request_time": format!("{:.3}", f64::from(answer.duration_ms) / 1000.0),
            "upstream_status": upstream,
            "http_x_api_key": request.sender.token.as_deref().unwrap_or(""),
        });
        serde_json::to_writer(&mut self.line, &object)?;
        Ok(())
    }
}
