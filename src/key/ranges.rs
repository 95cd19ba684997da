//! The address ranges that the owners of crawlers publish: whether who calls himself Googlebot is it.
//!
//! A user agent is a claim that anybody can make; the networks that a crawler asks from are not. Two
//! forms of files are read: the JSON that Google, Bing, OpenAI, Apple and others publish
//! (`{"prefixes": [{"ipv4Prefix": "66.249.64.0/27"}, ...]}`, or any other whose strings are networks),
//! and text with one network a line. The crawler is the file's name (`googlebot.json`), or is named before
//! it (`OAI-SearchBot=searchbot.json`).

use super::client;
use crate::small_file;
use ipnet::IpNet;
use serde_json::Value;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Why a file of ranges cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RangesError {
    /// It cannot be read.
    #[error("cannot read the ranges {path}: {source}; give --ranges a file that the crawler's owner publishes", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line of it is no network.
    #[error("{path}:{line}: expected a network such as 66.249.64.0/27, found {found:?}; # begins a comment", path = path.display())]
    NoNetwork {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// It names no network at all.
    #[error("{path}: there is no network in it; expected \"prefixes\" as Google publishes them, or one network a line", path = path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Its name is that of no crawler.
    #[error("no crawler is called {stem:?}; say whose ranges they are, for example --ranges OAI-SearchBot={path}", path = path.display())]
    NoCrawler {
        /// The file.
        path: PathBuf,
        /// Its name without the ending.
        stem: String,
    },
}

/// Whose networks are known.
#[derive(Debug, Clone, Default)]
pub struct Ranges {
    crawlers: Vec<Crawler>,
}

#[derive(Debug, Clone)]
struct Crawler {
    /// Its family of user agents, in letters and digits of one case.
    name: String,
    /// Sorted, and none within another.
    networks: Vec<IpNet>,
}

impl Ranges {
    /// Reads files of ranges, each written as `FILE` or `CRAWLER=FILE`.
    ///
    /// # Errors
    /// When one cannot be read, holds what is no network or none at all, or when it cannot be told whose it is.
    pub fn read(arguments: &[String]) -> Result<Ranges, RangesError> {
        let mut ranges = Ranges::default();
        for argument in arguments {
            let (name, path) = match argument.split_once('=') {
                Some((name, path)) if !Path::new(argument).exists() => (Some(name), path),
                _ => (None, argument.as_str()),
            };
            let path = Path::new(path);
            let name = match name {
                Some(name) => plain(name),
                None => crawler_of(path)?,
            };
            ranges.add(name, networks(path, &contents(path)?)?);
        }
        Ok(ranges)
    }

    fn add(&mut self, name: String, networks: Vec<IpNet>) {
        let known = self.crawlers.iter_mut().find(|known| known.name == name);
        match known {
            Some(known) => {
                let all = [known.networks.as_slice(), &networks].concat();
                known.networks = disjoint(&all);
            }
            None => self.crawlers.push(Crawler {
                name,
                networks: disjoint(&networks),
            }),
        }
    }

    /// Whether no ranges are known.
    pub fn is_empty(&self) -> bool {
        self.crawlers.is_empty()
    }

    /// The ranges of a family of user agents; none where its owner's are not known.
    pub fn of(&self, family: &[u8]) -> Option<Published<'_>> {
        let name = plain(&String::from_utf8_lossy(family));
        let crawler = self.crawlers.iter().find(|known| known.name == name)?;
        Some(Published(&crawler.networks))
    }
}

/// The published ranges of one crawler.
#[derive(Debug, Clone, Copy)]
pub struct Published<'a>(&'a [IpNet]);

impl Published<'_> {
    /// Whether an address lies in them.
    pub fn hold(self, address: IpAddr) -> bool {
        let behind = self.0.partition_point(|net| net.network() <= address);
        behind > 0 && self.0[behind - 1].contains(&address)
    }
}

fn disjoint(networks: &[IpNet]) -> Vec<IpNet> {
    let mut networks = IpNet::aggregate(&networks.to_vec());
    networks.sort_by_key(IpNet::network);
    networks
}

/// Letters and digits in one case: `OAI-SearchBot` and `oai_searchbot` are one name.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// The crawler that a file is named after.
fn crawler_of(path: &Path) -> Result<String, RangesError> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let client = client::classify(stem.as_bytes());
    match client.class.is_crawler() && plain(&client.family) == plain(&stem) {
        true => Ok(plain(&stem)),
        false => Err(RangesError::NoCrawler {
            path: path.to_owned(),
            stem: stem.into_owned(),
        }),
    }
}

fn contents(path: &Path) -> Result<Vec<u8>, RangesError> {
    small_file::read(path).map_err(|source| RangesError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn networks(path: &Path, bytes: &[u8]) -> Result<Vec<IpNet>, RangesError> {
    let mut networks = Vec::new();
    if let Ok(value @ (Value::Object(_) | Value::Array(_))) = serde_json::from_slice(bytes) {
        in_json(&value, &mut networks);
    } else {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        for (number, line) in (1..).zip(text.lines()) {
            let entry = line.split('#').next().unwrap_or_default().trim();
            if entry.is_empty() {
                continue;
            }
            networks.push(network(entry).ok_or_else(|| RangesError::NoNetwork {
                path: path.to_owned(),
                line: number,
                found: entry.chars().take(80).collect(),
            })?);
        }
    }
    match networks.is_empty() {
        true => Err(RangesError::Empty {
            path: path.to_owned(),
        }),
        false => Ok(networks),
    }
}

/// Every string that is a network, wherever it stands: each owner names the fields differently.
fn in_json(value: &Value, networks: &mut Vec<IpNet>) {
    match value {
        Value::String(text) => networks.extend(network(text)),
        Value::Array(values) => values.iter().for_each(|value| in_json(value, networks)),
        Value::Object(fields) => fields.values().for_each(|value| in_json(value, networks)),
        _ => {}
    }
}

fn network(text: &str) -> Option<IpNet> {
    let alone = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>().or_else(|_| alone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of Google's own file.
    const PUBLISHED: &str = r#"{"creationTime": "2026-01-05T15:46:07.000000",
        "prefixes": [{"ipv6Prefix": "2001:4860:4801:10::/64"}, {"ipv4Prefix": "66.249.64.0/27"}]}"#;

    fn ranges(name: &str, text: &str) -> Ranges {
        let mut ranges = Ranges::default();
        let networks = networks(Path::new(name), text.as_bytes()).expect("these are networks");
        ranges.add(plain(name), networks);
        ranges
    }

    fn holds(ranges: &Ranges, family: &str, address: &str) -> Option<bool> {
        let address = address.parse().expect("an address");
        ranges
            .of(family.as_bytes())
            .map(|published| published.hold(address))
    }

    #[test]
    fn published_json_and_lists_of_networks_are_read() {
        for text in [
            PUBLISHED,
            "# Googlebot\n66.249.64.0/27 # one\n\n2001:4860:4801:10::/64\n",
        ] {
            let ranges = ranges("Googlebot", text);
            assert_eq!(holds(&ranges, "Googlebot", "66.249.64.31"), Some(true));
            assert_eq!(holds(&ranges, "googlebot", "66.249.64.32"), Some(false));
            assert_eq!(
                holds(&ranges, "Googlebot", "2001:4860:4801:10::9"),
                Some(true)
            );
            assert_eq!(holds(&ranges, "bingbot", "66.249.64.31"), None);
        }
    }

    #[test]
    fn networks_of_several_files_are_one_set() {
        let mut both = ranges("Bingbot", "157.55.39.0/24\n157.55.0.0/16");
        both.add(plain("bingbot"), vec!["40.77.167.0/24".parse().unwrap()]);
        for (address, inside) in [
            ("157.55.1.1", true),
            ("157.55.39.9", true),
            ("40.77.167.3", true),
            ("40.77.168.3", false),
            ("1.1.1.1", false),
            ("::1", false),
        ] {
            assert_eq!(holds(&both, "bingbot", address), Some(inside), "{address}");
        }
    }

    #[test]
    fn what_is_no_list_of_networks_is_named_with_its_line() {
        let error = networks(Path::new("x.txt"), b"10.0.0.0/8\n10.0.0.0/99\n").unwrap_err();
        assert!(error.to_string().starts_with("x.txt:2: "), "{error}");
        let error = networks(Path::new("x.json"), b"{\"prefixes\": []}").unwrap_err();
        assert!(matches!(error, RangesError::Empty { .. }), "{error}");
    }

    #[test]
    fn a_file_is_named_after_its_crawler_or_told_whose_it_is() {
        assert_eq!(
            crawler_of(Path::new("/x/googlebot.json")).unwrap(),
            "googlebot"
        );
        assert_eq!(crawler_of(Path::new("GPTBot.txt")).unwrap(), "gptbot");
        let error = crawler_of(Path::new("published.json")).unwrap_err();
        assert!(
            error.to_string().contains("OAI-SearchBot=published.json"),
            "{error}"
        );
    }
}
