//! Bytes of logs for tests: written down, copied, repeated, compressed, cut off.

#![allow(dead_code)] // each test uses a part of it

use serde::Deserialize;
use std::fs;
use std::io::Write;
use std::path::Path;

/// What a file holds: a text, a made part, or several of these one after the other.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Content {
    Text(String),
    Part(Part),
    Parts(Vec<Content>),
}

/// A part of a file.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Part {
    /// The text; `{n}` is the number of the repetition, `{time}` its time as combined logs write it.
    text: String,
    /// Bytes that are no text.
    bytes: Vec<u8>,
    /// A file of this repository.
    copy: Option<String>,
    /// How often it is repeated.
    times: Option<u32>,
    /// The time of the first repetition, in seconds since 2026-03-10T00:00:00Z.
    start_s: i64,
    /// Seconds from one repetition to the next.
    step_s: i64,
    /// gzip, zstd, bzip2 or xz.
    compress: Option<String>,
    /// How many bytes of all that are kept; of negative ones, how many are cut off.
    keep: Option<i64>,
    /// Bytes that are turned over, by place.
    flip: Vec<usize>,
}

impl Content {
    /// Writes it to a file, with the directories that lead there.
    pub fn put(&self, path: &Path) {
        if path.to_string_lossy().ends_with('/') {
            return fs::create_dir_all(path).expect("a directory is made");
        }
        fs::create_dir_all(path.parent().expect("a file has a parent"))
            .expect("directories are made");
        fs::write(path, self.bytes()).expect("a file is written");
    }

    /// The bytes.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Content::Text(text) => text.clone().into_bytes(),
            Content::Part(part) => part.bytes(),
            Content::Parts(parts) => parts.iter().flat_map(Content::bytes).collect(),
        }
    }
}

impl Part {
    fn bytes(&self) -> Vec<u8> {
        let mut once = self.bytes.clone();
        if let Some(path) = &self.copy {
            once.extend(fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}")));
        }
        let mut all = Vec::new();
        for n in 0..self.times.unwrap_or(1) {
            let time = clf_time(self.start_s + i64::from(n) * self.step_s);
            let text = self
                .text
                .replace("{n}", &n.to_string())
                .replace("{time}", &time);
            all.extend_from_slice(text.as_bytes());
            all.extend_from_slice(&once);
        }
        if let Some(compression) = &self.compress {
            all = compressed(compression, &all);
        }
        match self.keep {
            Some(keep) if keep >= 0 => all.truncate(keep as usize),
            Some(cut) => all.truncate(all.len().saturating_sub(cut.unsigned_abs() as usize)),
            None => {}
        }
        for place in &self.flip {
            all[*place] ^= 0xff;
        }
        all
    }
}

/// Characters that must never reach an output as they are: controls, and marks that turn text around.
pub fn is_hazard(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Compresses as servers' log rotation does.
pub fn compressed(compression: &str, bytes: &[u8]) -> Vec<u8> {
    let written = match compression {
        "gzip" => {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            writer.write_all(bytes).and_then(|()| writer.finish())
        }
        "zstd" => zstd::encode_all(bytes, 1),
        "bzip2" => {
            let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            writer.write_all(bytes).and_then(|()| writer.finish())
        }
        "xz" => {
            let mut writer = liblzma::write::XzEncoder::new(Vec::new(), 1);
            writer.write_all(bytes).and_then(|()| writer.finish())
        }
        other => panic!("no compression is called {other}"),
    };
    written.expect("memory takes all")
}

/// `10/Mar/2026:00:00:00 +0000` and so many seconds.
fn clf_time(second: i64) -> String {
    let (day, rest) = (10 + second.div_euclid(86_400), second.rem_euclid(86_400));
    assert!((1..=31).contains(&day), "times of cases stay within March");
    format!(
        "{day:02}/Mar/2026:{:02}:{:02}:{:02} +0000",
        rest / 3_600,
        rest / 60 % 60,
        rest % 60
    )
}
