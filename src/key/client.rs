//! Who a user agent claims to be: its family (`axios`, `Chrome`, `GPTBot`) and what kind of program
//! that is.
//!
//! The families stand in `clients.txt`; `--clients FILE` puts rules of the same form before them.
//! What no rule knows is called by its own first product (`MyApp/1.2` → `MyApp`). Rules are indexed
//! by their first word, so a user agent costs one lookup per word and not one search per rule; only
//! the first 512 bytes are looked at. Callers ask once per distinct user agent.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::secret::percent_decoded;

/// The families that we know.
const BUILT_IN: &str = include_str!("clients.txt");

/// A user agent says who it is at its start.
const MAX_BYTES: usize = 512;

/// Longest family of a user agent that no rule knows.
const MAX_FAMILY_BYTES: usize = 40;

/// What kind of program a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A person's browser, by its own account.
    Browser,
    /// An application on a phone.
    MobileApp,
    /// A library inside of another program.
    HttpLibrary,
    /// A command or a downloader.
    CommandLine,
    /// A tool to try interfaces out with.
    ApiTool,
    /// A browser or crawler framework driven by a program.
    Automation,
    /// A load generator.
    LoadTest,
    /// A crawler of a search engine or archive.
    SearchBot,
    /// A crawler or assistant of an AI company.
    AiCrawler,
    /// A crawler for search optimisation and marketing.
    SeoBot,
    /// A health check or monitor.
    Monitor,
    /// A security scanner or attack tool.
    Scanner,
    /// A reader of feeds or podcasts.
    FeedReader,
    /// A preview of a link in a chat or network.
    SocialPreview,
    /// It calls itself a bot, and we do not know it.
    OtherBot,
    /// None of these.
    Unknown,
    /// The request had no user agent.
    Empty,
}

impl Class {
    /// Every class.
    pub const ALL: [Class; 17] = [
        Class::Browser,
        Class::MobileApp,
        Class::HttpLibrary,
        Class::CommandLine,
        Class::ApiTool,
        Class::Automation,
        Class::LoadTest,
        Class::SearchBot,
        Class::AiCrawler,
        Class::SeoBot,
        Class::Monitor,
        Class::Scanner,
        Class::FeedReader,
        Class::SocialPreview,
        Class::OtherBot,
        Class::Unknown,
        Class::Empty,
    ];

    /// The name in output and in files of rules.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Browser => "browser",
            Class::MobileApp => "mobile_app",
            Class::HttpLibrary => "http_library",
            Class::CommandLine => "command_line",
            Class::ApiTool => "api_tool",
            Class::Automation => "automation",
            Class::LoadTest => "load_test",
            Class::SearchBot => "search_bot",
            Class::AiCrawler => "ai_crawler",
            Class::SeoBot => "seo_bot",
            Class::Monitor => "monitor",
            Class::Scanner => "scanner",
            Class::FeedReader => "feed_reader",
            Class::SocialPreview => "social_preview",
            Class::OtherBot => "other_bot",
            Class::Unknown => "unknown",
            Class::Empty => "empty",
        }
    }

    /// Whether a program that goes through sites by itself says so: what lists of bots deny.
    pub const fn is_crawler(self) -> bool {
        matches!(
            self,
            Class::SearchBot
                | Class::AiCrawler
                | Class::SeoBot
                | Class::Scanner
                | Class::OtherBot
                | Class::Automation
        )
    }

    fn from_name(name: &str) -> Option<Class> {
        Class::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// Who a user agent claims to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client<'a> {
    /// Name of the family; printable ASCII where it comes from the log.
    pub family: Cow<'a, str>,
    /// What kind of program it is.
    pub class: Class,
}

/// Why a file of rules cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line}: {what}; expected `class | family | pattern, pattern`, for example `monitor | Our probe | acme-probe`"
)]
pub struct RuleError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// One pattern of a rule.
#[derive(Debug)]
struct Pattern {
    /// Lower case.
    text: Vec<u8>,
    at_start: bool,
    at_end: bool,
    rule: usize,
}

/// Rules that name user agents.
#[derive(Debug, Default)]
pub struct Clients {
    rules: Vec<(String, Class)>,
    /// Patterns by their first word, in the order of the rules.
    by_word: HashMap<Vec<u8>, Vec<Pattern>>,
}

/// Who a user agent claims to be, by the built-in rules.
pub fn classify(user_agent: &[u8]) -> Client<'_> {
    static CLIENTS: LazyLock<Clients> = LazyLock::new(Clients::built_in);
    CLIENTS.classify(user_agent)
}

impl Clients {
    /// The rules that come with the program.
    pub fn built_in() -> Clients {
        let mut clients = Clients::default();
        // A test reads the whole table, so there is no error to lose.
        let _ = clients.add(BUILT_IN);
        clients
    }

    /// The rules of `text`, and the built-in ones behind them.
    ///
    /// # Errors
    /// When a line is not a rule.
    pub fn with(text: &str) -> Result<Clients, RuleError> {
        let mut clients = Clients::default();
        clients.add(text)?;
        let _ = clients.add(BUILT_IN);
        Ok(clients)
    }

    fn add(&mut self, text: &str) -> Result<(), RuleError> {
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                self.add_rule(line)
                    .map_err(|what| RuleError { line: at + 1, what })?;
            }
        }
        Ok(())
    }

    fn add_rule(&mut self, line: &str) -> Result<(), String> {
        let mut columns = line.splitn(3, '|').map(str::trim);
        let (Some(class), Some(family), Some(patterns)) =
            (columns.next(), columns.next(), columns.next())
        else {
            return Err("there are fewer than three columns".to_owned());
        };
        let class =
            Class::from_name(class).ok_or_else(|| format!("there is no class {class:?}"))?;
        let rule = self.rules.len();
        self.rules.push((family.to_owned(), class));
        for pattern in patterns.split(", ").flat_map(|part| part.split(',')) {
            self.add_pattern(pattern.trim(), rule)?;
        }
        Ok(())
    }

    fn add_pattern(&mut self, pattern: &str, rule: usize) -> Result<(), String> {
        let text = pattern.strip_prefix('^').unwrap_or(pattern);
        let text = text.strip_suffix('$').unwrap_or(text).to_ascii_lowercase();
        let text = text.into_bytes();
        let word = words(&text)
            .next()
            .filter(|(start, _)| *start <= 1)
            .map(|(start, end)| text[start..end].to_vec())
            .ok_or_else(|| format!("the pattern {pattern:?} does not begin with a word"))?;
        self.by_word.entry(word).or_default().push(Pattern {
            text,
            at_start: pattern.starts_with('^'),
            at_end: pattern.ends_with('$'),
            rule,
        });
        Ok(())
    }

    /// Who a user agent claims to be.
    pub fn classify<'a>(&'a self, user_agent: &'a [u8]) -> Client<'a> {
        let near = &user_agent[..user_agent.len().min(MAX_BYTES)];
        let plain = spaced(near.trim_ascii());
        if plain.is_empty() || *plain == *b"-" {
            return Client {
                family: Cow::Borrowed("(none)"),
                class: Class::Empty,
            };
        }
        let lower = plain.to_ascii_lowercase();
        match self.first_rule(&lower) {
            Some((family, class)) if family == "*" => Client {
                family: Cow::Owned(first_product(&plain)),
                class: *class,
            },
            Some((family, class)) => Client {
                family: Cow::Borrowed(family),
                class: *class,
            },
            None => unknown(&plain, &lower),
        }
    }

    /// The first rule of the table that holds for a user agent in lower case.
    fn first_rule(&self, lower: &[u8]) -> Option<&(String, Class)> {
        let like_a_browser = lower.starts_with(b"mozilla/") || lower.starts_with(b"opera/");
        let holds = |pattern: &Pattern, start: usize| {
            let browser = matches!(self.rules.get(pattern.rule), Some((_, Class::Browser)));
            (like_a_browser || !browser) && pattern.stands_at(lower, start)
        };
        let rule = words(lower)
            .filter_map(|(start, end)| {
                let patterns = self.by_word.get(lower.get(start..end)?)?;
                let first = patterns.iter().filter(|pattern| holds(pattern, start));
                first.map(|pattern| pattern.rule).min()
            })
            .min()?;
        self.rules.get(rule)
    }
}

impl Pattern {
    /// Whether the pattern, whose first word begins at `word` of the user agent, stands there.
    fn stands_at(&self, lower: &[u8], word: usize) -> bool {
        let lead = usize::from(!self.text.first().is_some_and(u8::is_ascii_alphanumeric));
        let Some(start) = word.checked_sub(lead) else {
            return false;
        };
        let Some(rest) = lower[start..].strip_prefix(&self.text[..]) else {
            return false;
        };
        let joined = start > 0 && matches!(lower[start - 1], b'-' | b'_');
        !joined
            && !rest.first().is_some_and(u8::is_ascii_alphanumeric)
            && (!self.at_start || start == 0)
            && (!self.at_end || rest.is_empty())
    }
}

/// The runs of letters and digits.
fn words(text: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.iter().position(u8::is_ascii_alphanumeric)?;
        let length = text[start..]
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric())
            .unwrap_or(text.len() - start);
        at = start + length;
        Some((start, at))
    })
}

/// IIS logs write `+` for spaces, CloudFront `%20`: both are undone where no real space stands.
fn spaced(user_agent: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b' ', user_agent).is_some() {
        return user_agent.into();
    }
    if memchr::memmem::find(user_agent, b"%20").is_some() {
        return percent_decoded(user_agent);
    }
    if memchr::memchr(b'+', user_agent).is_some() {
        return user_agent
            .iter()
            .map(|byte| if *byte == b'+' { b' ' } else { *byte })
            .collect::<Vec<u8>>()
            .into();
    }
    user_agent.into()
}

/// A user agent that no rule knows: the name of a bot, what stands behind `compatible;`, or the
/// first product.
fn unknown(plain: &[u8], lower: &[u8]) -> Client<'static> {
    const BOT_ENDINGS: [&[u8]; 4] = [b"bot", b"crawler", b"spider", b"scraper"];
    let bot = words(lower).find(|(start, end)| {
        let word = &lower[*start..*end];
        // CUBOT makes phones.
        word != b"cubot" && BOT_ENDINGS.iter().any(|ending| word.ends_with(ending))
    });
    if let Some((_, end)) = bot {
        let joined = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let start = plain[..end].iter().rposition(|byte| !joined(byte));
        let rest = &plain[start.map_or(0, |at| at + 1)..];
        return Client {
            family: Cow::Owned(first_product(rest)),
            class: Class::OtherBot,
        };
    }
    let marker = b"(compatible; ";
    let named = match memchr::memmem::find(lower, marker) {
        Some(at) if lower.starts_with(b"mozilla/") => &plain[at + marker.len()..],
        _ => plain,
    };
    Client {
        family: Cow::Owned(first_product(named)),
        class: Class::Unknown,
    }
}

/// What stands before the first version, space or bracket: printable, and of bounded length.
fn first_product(plain: &[u8]) -> String {
    let product: String = plain
        .iter()
        .take_while(|byte| byte.is_ascii_graphic() && !b"/;,()[]{}\"'<>".contains(byte))
        .take(MAX_FAMILY_BYTES)
        .map(|byte| char::from(*byte))
        .collect();
    if product.is_empty() {
        "(unreadable)".to_owned()
    } else {
        product
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
