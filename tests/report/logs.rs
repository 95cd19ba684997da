//! A log as a server and logrotate make it, with what was written to it.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// A log that is written, rotated and packed.
pub struct Logs {
    /// The LOG as typed.
    pub name: String,
    path: PathBuf,
    /// Lines and denials written.
    pub lines: u64,
    pub denials: u64,
    /// Seconds of its clock since 2026-03-10 00:00 UTC.
    pub seconds: i64,
    /// Rotated files that there are.
    pub rotated: u32,
}

impl Logs {
    pub fn new(path: PathBuf) -> Logs {
        fs::write(&path, "").unwrap();
        Logs {
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            path,
            lines: 0,
            denials: 0,
            seconds: 0,
            rotated: 0,
        }
    }

    /// Appends so many lines, each of them different; every third is a denial.
    pub fn append(&mut self, lines: u64) {
        let mut text = String::new();
        for _ in 0..lines {
            self.lines += 1;
            self.seconds += 1;
            let denied = self.lines.is_multiple_of(3);
            self.denials += u64::from(denied);
            let time = chrono::DateTime::from_timestamp(1_773_100_800 + self.seconds, 0).unwrap();
            text.push_str(&format!(
                "203.0.113.{} - - [{}] \"GET /items/{} HTTP/1.1\" {} 512 \"-\" \"curl/8.5\"\n",
                self.lines % 9,
                time.format("%d/%b/%Y:%H:%M:%S +0000"),
                self.lines,
                if denied { 403 } else { 200 },
            ));
        }
        self.append_raw(text.as_bytes());
    }

    /// Appends bytes as they are, as a server does: by one write.
    pub fn append_raw(&mut self, bytes: &[u8]) {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.path)
            .unwrap();
        file.write_all(bytes).unwrap();
    }

    fn rotated_path(&self, number: u32) -> PathBuf {
        self.path
            .with_file_name(format!("{}.{number}", self.file_name()))
    }

    fn file_name(&self) -> String {
        self.path.file_name().unwrap().to_str().unwrap().to_owned()
    }

    fn with_gz(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".gz");
        name.into()
    }

    /// Makes room for a new `.1`, from the oldest on.
    fn shift(&mut self) {
        for number in (1..=self.rotated).rev() {
            let (from, to) = (self.rotated_path(number), self.rotated_path(number + 1));
            if from.exists() {
                fs::rename(&from, &to).unwrap();
            }
            let (from, to) = (Self::with_gz(&from), Self::with_gz(&to));
            if from.exists() {
                fs::rename(&from, &to).unwrap();
            }
        }
        self.rotated += 1;
    }

    /// Rotation by rename, as logrotate's `create`.
    pub fn rename(&mut self) {
        self.shift();
        fs::rename(&self.path, self.rotated_path(1)).unwrap();
        fs::write(&self.path, "").unwrap();
    }

    /// Rotation as logrotate's `copytruncate`; the copy comes in two parts.
    pub fn copy_and_truncate(&mut self) {
        self.shift();
        let text = fs::read(&self.path).unwrap();
        let mut copy = fs::File::create(self.rotated_path(1)).unwrap();
        copy.write_all(&text[..text.len() / 2]).unwrap();
        copy.write_all(&text[text.len() / 2..]).unwrap();
        OpenOptions::new()
            .write(true)
            .open(&self.path)
            .unwrap()
            .set_len(0)
            .unwrap();
    }

    /// Packs the rotated files that are not, in two parts, and then removes them.
    pub fn compress_rotated(&mut self) {
        for number in 1..=self.rotated {
            let path = self.rotated_path(number);
            if path.exists() {
                let packed = packed(&fs::read(&path).unwrap());
                let mut file = fs::File::create(Self::with_gz(&path)).unwrap();
                file.write_all(&packed[..packed.len() / 2]).unwrap();
                file.write_all(&packed[packed.len() / 2..]).unwrap();
                fs::remove_file(&path).unwrap();
            }
        }
    }

    /// A file beside the log, packed.
    pub fn packed(&self, name: &str) -> Vec<u8> {
        packed(&fs::read(self.path.with_file_name(name)).unwrap())
    }

    /// Whatever may happen to a log.
    pub fn something(&mut self, random: &mut Random) {
        match random.below(12) {
            0 => self.rename(),
            1 => self.copy_and_truncate(),
            2 => self.compress_rotated(),
            _ => self.append(random.below(40)),
        }
    }
}

/// The text in gzip data.
pub fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    flate2::bufread::MultiGzDecoder::new(packed)
        .read_to_end(&mut text)
        .unwrap();
    text
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    flate2::bufread::GzEncoder::new(text, flate2::Compression::fast())
        .read_to_end(&mut packed)
        .unwrap();
    packed
}

/// Numbers that look random (SplitMix64); the same seed gives the same ones.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}
