//! What an analysis found: the types behind `--format json`, schema `forbid-logs.analysis/1`.
//!
//! Other programs read these names to the letter: fields may be added, never renamed.
//! Times are RFC 3339 in UTC. Log text in here is raw; every output escapes it by its own rules.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Name and version of the schema of these types.
pub const SCHEMA: &str = "forbid-logs.analysis/1";

/// A moment, in UTC.
pub type Moment = DateTime<Utc>;

/// Everything that one analysis found.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Analysis {
    /// Name and version of this schema.
    pub schema: String,
    /// Version of the program.
    pub version: String,
    /// What was read.
    pub input: Input,
    /// Sums over the whole log.
    pub totals: Totals,
    /// What the logs of `--error-log` state; null without one.
    pub side_logs: Option<SideLogs>,
    /// Requests answered 401, 429 and 503: not denials, but signs of a login or a limiter nearby.
    pub neighbours: BTreeMap<String, u64>,
    /// Width of a window, in seconds.
    pub window_s: u64,
    /// Requests and denials per window; windows without requests are not listed.
    pub timeline: Vec<TimelineWindow>,
    /// The spikes, earliest first.
    pub spikes: Vec<Spike>,
    /// Denials outside every spike, one entry per cause, largest first.
    pub standing: Vec<Spike>,
    /// Share of all denials per cause; they add up to 1 where there are denials.
    pub shares: BTreeMap<String, f64>,
    /// The values of each dimension with the most denials.
    pub groups: Groups,
    /// What the reader has to know to trust the rest.
    pub warnings: Vec<String>,
    /// Offset of the log's own clock from UTC in seconds; text output shows times in it.
    pub utc_offset_s: i32,
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Input {
    /// The files, in time order.
    pub files: Vec<InputFile>,
    /// Lines of all files; equal to `parsed` plus everything skipped.
    pub lines: u64,
    /// Lines that are requests within the filters.
    pub parsed: u64,
    /// Lines that were not counted, by reason.
    pub skipped: Skipped,
    /// First request.
    pub start: Option<Moment>,
    /// Last request.
    pub end: Option<Moment>,
}

/// One file that was read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct InputFile {
    /// Path as given or found.
    pub path: String,
    /// Name of the format, e.g. `nginx.combined`.
    pub format: String,
    /// Why this format was chosen.
    pub detected_by: String,
    /// `gzip`, `zstd`, `bzip2`, `xz` or null.
    pub compression: Option<String>,
    /// Bytes after decompression.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Lines that are requests within the filters.
    pub parsed: u64,
    /// Lines that were not counted, by reason.
    pub skipped: Skipped,
    /// First request.
    pub start: Option<Moment>,
    /// Last request.
    pub end: Option<Moment>,
}

/// Lines that were not counted, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Skipped {
    /// The line does not have the shape of its file's format.
    pub malformed: u64,
    /// Longer than 1 MiB.
    pub too_long: u64,
    /// A request outside `--since`, `--until` or `--where`.
    pub filtered: u64,
    /// Blank, a `#` directive or a bracket of a JSON array.
    pub not_a_request: u64,
}

impl Skipped {
    /// All skipped lines.
    pub fn total(&self) -> u64 {
        self.malformed + self.too_long + self.filtered + self.not_a_request
    }

    /// Adds the lines of another part.
    pub fn add(&mut self, other: &Skipped) {
        self.malformed += other.malformed;
        self.too_long += other.too_long;
        self.filtered += other.filtered;
        self.not_a_request += other.not_a_request;
    }

    /// Lines that should have been requests and could not be read; what `--max-skipped` limits.
    pub fn unreadable(&self) -> u64 {
        self.malformed + self.too_long
    }
}

/// Sums over the whole log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Totals {
    /// Requests, whatever their status.
    pub requests: u64,
    /// Requests answered with a denied status.
    pub denials: u64,
}

/// What the logs of `--error-log` state about the denials.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SideLogs {
    /// The files.
    pub files: Vec<SideLogFile>,
    /// Denials of the access log that were compared with them.
    pub denials: u64,
    /// Denials that a line was found for.
    pub stated: u64,
    /// Of these, denials of which the line names the cause; of the others it leaves a few.
    pub named: u64,
    /// Denials at a time that the logs cover and that have no line, although the server writes one for
    /// what it limits itself.
    pub silent: u64,
}

/// One log of `--error-log`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SideLogFile {
    /// Path as given or found.
    pub path: String,
    /// Kind of log, e.g. `nginx error log`.
    pub format: String,
    /// Lines.
    pub lines: u64,
    /// Lines that state a denial.
    pub statements: u64,
    /// Of these, lines that a denial was found for.
    pub joined: u64,
    /// What has to be added to its times to get those of the access log, in seconds.
    pub clock_offset_s: i64,
}

/// One window of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TimelineWindow {
    /// Start, inclusive.
    pub start: Moment,
    /// Requests in the window.
    pub requests: u64,
    /// Denials in the window.
    pub denials: u64,
}

/// A spike of denials with one cause, or the standing denials of one cause.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Spike {
    /// Run and number, e.g. `1-2`; standing denials use `s` and a number.
    pub id: String,
    /// `open` when it still goes on at the end of the log, else `closed`.
    pub state: State,
    /// First denial.
    pub start: Moment,
    /// End, exclusive: one second after the last denial.
    pub end: Moment,
    /// Requests in the interval that match `rule.where` (all, without a rule).
    pub requests: u64,
    /// Denials.
    pub denials: u64,
    /// Denials that the rest of the log lets expect in that scope and interval.
    pub expected: f64,
    /// The window with the most denials.
    pub peak: Peak,
    /// Family of the cause.
    pub family: Family,
    /// Why the server denied.
    pub cause: Cause,
    /// What exactly, e.g. `leaky_bucket`, `list_pushed`, `preflight`.
    pub mechanism: Option<String>,
    /// Calibrated probability that `cause` is right; null when undetermined.
    pub confidence: Option<f64>,
    /// Band of the confidence.
    pub band: Band,
    /// Why the cause is undetermined.
    pub reason: Option<String>,
    /// The rule of `--known` that expects this spike; null where none does.
    pub known: Option<String>,
    /// Other causes that fit, most likely first.
    pub alternatives: Vec<Alternative>,
    /// The policy, rebuilt from the log.
    pub rule: Option<Rule>,
    /// The values with the most denials, by dimension.
    pub keys: BTreeMap<String, Vec<KeyCount>>,
    /// How many different values each dimension has among the denials.
    pub distinct: BTreeMap<String, u64>,
    /// What speaks for and against the cause.
    pub evidence: Vec<Evidence>,
    /// What the server stated about these denials, most frequent first.
    pub stated: Vec<StatedBy>,
    /// The directives of the server's configuration that do it, the surest first; needs `--nginx-conf`,
    /// `--apache-conf` or `--haproxy-conf`, unless the server stated the place.
    pub configured: Vec<ConfiguredAt>,
    /// Who may be hit without being meant.
    pub collateral: Collateral,
    /// What would be left of the peak without these denials.
    pub without: Without,
    /// A few of the lines themselves.
    pub examples: Vec<Example>,
    /// Commands that show or repeat a denied request.
    pub reproduce: Vec<String>,
    /// What to log so that the next spike states its cause.
    pub settle: Option<String>,
    /// What to do next.
    pub advice: Advice,
}

/// Whether a spike still goes on at the end of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Denials go on up to the end of the log.
    Open,
    /// It ended within the log.
    Closed,
}

impl State {
    /// The name used in every output.
    pub fn name(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Closed => "closed",
        }
    }
}

/// The window of a spike with the most denials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Peak {
    /// Start of the window.
    pub start: Moment,
    /// Denials in it.
    pub denials: u64,
}

/// The three families of causes, and undetermined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// A limit on how much a caller may ask.
    RateLimit,
    /// An access rule.
    Acl,
    /// A filter of unwanted programs.
    BotFilter,
    /// Not to be told from the log.
    Undetermined,
}

/// Why a server denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The recent request count of the caller, or of a group that shares a limit.
    RateLimit,
    /// A list of addresses, networks, countries or autonomous systems.
    IpAcl,
    /// The place itself: denied location, hidden file, directory without index, file permission.
    RouteAcl,
    /// No, unknown, expired or revoked credential; expired signed URL.
    Credential,
    /// A valid credential that lacks a role, scope or plan.
    Permission,
    /// A preflight or cross-origin rule.
    Cors,
    /// Method, referer, content type, CSRF token, required header.
    RequestShape,
    /// User agent lists, attack signatures, challenges, reputation.
    BotFilter,
    /// Not to be told from the log.
    Undetermined,
}

impl Cause {
    /// Every cause, in the order of the documentation.
    pub const ALL: [Cause; 9] = [
        Cause::RateLimit,
        Cause::IpAcl,
        Cause::RouteAcl,
        Cause::Credential,
        Cause::Permission,
        Cause::Cors,
        Cause::RequestShape,
        Cause::BotFilter,
        Cause::Undetermined,
    ];
    /// What a denial may be for: all but the last, which is no cause.
    pub const ANY: &[Cause] = Cause::ALL.split_at(Cause::ALL.len() - 1).0;

    /// The family that the cause belongs to.
    pub fn family(self) -> Family {
        match self {
            Cause::RateLimit => Family::RateLimit,
            Cause::BotFilter => Family::BotFilter,
            Cause::Undetermined => Family::Undetermined,
            _ => Family::Acl,
        }
    }

    /// The name used in every output.
    pub fn name(self) -> &'static str {
        match self {
            Cause::RateLimit => "rate_limit",
            Cause::IpAcl => "ip_acl",
            Cause::RouteAcl => "route_acl",
            Cause::Credential => "credential",
            Cause::Permission => "permission",
            Cause::Cors => "cors",
            Cause::RequestShape => "request_shape",
            Cause::BotFilter => "bot_filter",
            Cause::Undetermined => "undetermined",
        }
    }
}

impl Family {
    /// The name used in every output.
    pub fn name(self) -> &'static str {
        match self {
            Family::RateLimit => "rate_limit",
            Family::Acl => "acl",
            Family::BotFilter => "bot_filter",
            Family::Undetermined => "undetermined",
        }
    }
}

/// Bands of confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// The server states it.
    Certain,
    /// At least 0.8.
    Likely,
    /// At least 0.6.
    Leaning,
    /// Below 0.6.
    Undetermined,
}

impl Band {
    /// The name used in every output.
    pub fn name(self) -> &'static str {
        match self {
            Band::Certain => "certain",
            Band::Likely => "likely",
            Band::Leaning => "leaning",
            Band::Undetermined => "undetermined",
        }
    }
}

/// Another cause that fits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Alternative {
    /// The cause.
    pub cause: Cause,
    /// Its probability.
    pub confidence: f64,
}

/// The policy that the server must have applied, rebuilt from the log.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Rule {
    /// One line in the grammar of `policy`, which parses back.
    pub text: String,
    /// Which requests it looks at; all conditions hold together.
    pub r#where: Vec<Condition>,
    /// The limit, for a rate limit.
    pub limit: Option<Limit>,
    /// When it came into force, where the log shows it.
    pub since: Option<Moment>,
    /// When it was lifted, where the log shows it.
    pub until: Option<Moment>,
    /// Of the requests in the interval that the rule would deny, the share that was denied.
    pub precision: f64,
    /// Of the denials, the share that the rule explains.
    pub coverage: f64,
}

/// One condition of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Condition {
    /// A dimension, e.g. `ip`, `prefix`, `route`, `method`, `client`.
    pub field: String,
    /// `in`, `not_in`, `prefix` (routes below one of the values) or `contains`.
    pub op: Operator,
    /// The values.
    pub values: Vec<String>,
}

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// Equal to one of the values (an ip within one of the networks).
    In,
    /// Equal to none of the values.
    NotIn,
    /// The route starts with one of the values, at a segment.
    Prefix,
    /// The text contains one of the values.
    Contains,
}

/// A rate limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Limit {
    /// What is counted apart: dimensions such as `ip`, `token`; empty for all callers together.
    pub key: Vec<String>,
    /// How it counts.
    pub algorithm: Algorithm,
    /// Sustained rate, in requests per second.
    pub rate_per_s: Option<f64>,
    /// Requests admitted above the rate at once.
    pub burst: Option<u32>,
    /// Requests admitted per window, or in flight for a concurrency limit.
    pub limit: Option<u32>,
    /// Width of the window, in seconds.
    pub window_s: Option<f64>,
    /// How long a caller stays denied after crossing the limit, in seconds.
    pub hold_s: Option<f64>,
    /// For a hold: whether requests while it lasts prolong it; for a sliding window: whether denied requests count
    /// (null means that they do).
    pub renewed: Option<bool>,
}

/// How a rate limit counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// A leaky or token bucket: rate and burst.
    #[default]
    LeakyBucket,
    /// A budget per window that starts at round times.
    FixedWindow,
    /// A budget over the last seconds; denied requests count too, unless `renewed` is false.
    SlidingWindow,
    /// Denied for a while after too many requests; more requests prolong it.
    Hold,
    /// Requests in flight at once.
    Concurrency,
}

impl Algorithm {
    /// The name used in every output.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::LeakyBucket => "leaky_bucket",
            Algorithm::FixedWindow => "fixed_window",
            Algorithm::SlidingWindow => "sliding_window",
            Algorithm::Hold => "hold",
            Algorithm::Concurrency => "concurrency",
        }
    }
}

/// One value of a dimension within a spike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeyCount {
    /// The value; a fingerprint for tokens.
    pub value: String,
    /// Denials in the spike.
    pub denials: u64,
    /// Requests of this value in the spike's interval and scope.
    pub requests: u64,
}

/// One test's outcome for or against a cause.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Evidence {
    /// Name of the test, e.g. `clamp`.
    pub test: String,
    /// What sort of evidence it is.
    pub kind: EvidenceKind,
    /// The cause that it speaks for (or against, with a negative weight).
    pub r#for: Cause,
    /// Log-likelihood ratio, bounded to ±4.
    pub weight: f64,
    /// A sentence with the counts.
    pub text: String,
    /// The counts behind the sentence.
    pub counts: BTreeMap<String, f64>,
    /// The command that shows the lines which the sentence counts.
    pub command: Option<String>,
}

/// What the server stated about denials: in a field of the line, or in its error log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StatedBy {
    /// Who says so: the field, or the kind of log.
    pub by: String,
    /// What it says.
    pub text: String,
    /// How many of the denials.
    pub denials: u64,
    /// Name of the limiter's zone.
    pub zone: Option<String>,
    /// Number of the rule.
    pub rule: Option<String>,
    /// The rule's own message.
    pub message: Option<String>,
    /// Where the rule stands in the server's configuration, where the log says.
    pub place: Option<String>,
    /// The error log; null where the access log states it.
    pub file: Option<String>,
    /// Its first line that says so, from 1.
    pub line: Option<u64>,
}

/// A directive of a server's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConfiguredAt {
    /// File as given or included.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// The directive, without what stands in its block.
    pub text: String,
}

/// Where a piece of evidence comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// The server says so.
    Stated,
    /// A policy replayed over the arrivals gives these answers.
    Replay,
    /// How denials and admissions are spread.
    Behaviour,
    /// Who answered: body size, upstream.
    Responder,
}

/// Who may be hit without being meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Collateral {
    /// Denied addresses with at least 20 admitted requests before the onset.
    pub established_clients: u64,
    /// Denied clients that claim to be search engines.
    pub claimed_crawlers: u64,
    /// A sentence about them.
    pub text: String,
}

/// What would be left without the denials of a spike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Without {
    /// Denials in the spike's peak window that belong to something else.
    pub peak_denials: u64,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Example {
    /// File as given or found.
    pub file: String,
    /// Line, counted from 1.
    pub line: u64,
    /// The line, with its secrets replaced by fingerprints.
    pub text: String,
}

/// What to do next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Advice {
    /// For whoever runs the server.
    pub server: Vec<String>,
    /// For whoever wrote the client.
    pub client: Vec<String>,
}

/// The values of each dimension with the most denials over the whole log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Groups {
    /// Client addresses.
    pub ip: Vec<Group>,
    /// Networks: /24 and /48.
    pub prefix: Vec<Group>,
    /// Families of user agents.
    pub client: Vec<Group>,
    /// User names.
    pub user: Vec<Group>,
    /// Fingerprints of tokens.
    pub token: Vec<Group>,
    /// Route templates.
    pub route: Vec<Group>,
    /// Windows; the value is their start, RFC 3339.
    pub window: Vec<Group>,
}

/// One value of a dimension over the whole log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Group {
    /// The value.
    pub value: String,
    /// Denials.
    pub denials: u64,
    /// Requests of the whole log.
    pub requests: u64,
    /// First denial.
    pub first: Moment,
    /// Last denial.
    pub last: Moment,
}
