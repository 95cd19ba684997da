//! A scenario as data: a server, its policies, who calls, and what of that is a spike.
//!
//! `quick.toml` holds the fixed set, `matrix` makes more of them by seed. Times are minutes of the log's
//! own clock, counted from its beginning; rates are requests per second of that clock.

use forbid_logs::findings::Cause;
use forbid_logs::policy::rule::Policy;
use serde::Deserialize;

/// A file of scenarios.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenarios {
    /// Each may name several servers; [`load`] makes one scenario of each.
    pub scenario: Vec<Scenario>,
}

/// One log that is to be made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What happens, in a few words with hyphens; with the server it is the name of the log.
    pub name: String,
    /// The servers that can do it.
    pub servers: Vec<ServerKind>,
    /// The row of the matrix that it is an example of: the mechanism that denies.
    pub mechanism: String,
    /// Minutes of the log.
    #[serde(default = "an_hour")]
    pub minutes: f64,
    /// How many times faster than real time the log's clock runs.
    #[serde(default = "usual_factor")]
    pub factor: f64,
    /// How the server writes its log.
    #[serde(default)]
    pub format: LogFormat,
    /// Ordinary requests per second.
    #[serde(default = "usual_background")]
    pub background: f64,
    /// What the server denies.
    #[serde(default)]
    pub policies: Vec<Denial>,
    /// Who calls besides the ordinary traffic.
    #[serde(default)]
    pub streams: Vec<Stream>,
    /// What happens to the application meanwhile.
    #[serde(default)]
    pub events: Vec<Event>,
    /// The application behind the server.
    #[serde(default)]
    pub application: Application,
    /// The form of the traffic and what goes on around it, by their names in the generator.
    #[serde(default)]
    pub traffic: String,
    #[serde(default)]
    pub around: String,
    /// Seed of all chance.
    #[serde(default)]
    pub seed: u64,
}

/// A server program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerKind {
    Nginx,
    Apache,
    Haproxy,
    Caddy,
    Lighttpd,
}

impl ServerKind {
    pub fn name(self) -> &'static str {
        match self {
            ServerKind::Nginx => "nginx",
            ServerKind::Apache => "apache",
            ServerKind::Haproxy => "haproxy",
            ServerKind::Caddy => "caddy",
            ServerKind::Lighttpd => "lighttpd",
        }
    }
}

/// How the access log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// The server's own: combined, or HAProxy's httplog, or Caddy's JSON.
    #[default]
    Usual,
    /// The combined format, of servers whose own is another.
    Combined,
    /// The virtual host in front.
    Vhost,
    /// One JSON object per line, with the credential where there is one.
    Json,
}

/// The application behind the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Application {
    /// Answers all that it is asked for.
    #[default]
    Plain,
    /// `applications/express`.
    Express,
    /// `applications/flask`.
    Flask,
}

/// A policy of the server, and when it is in force.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denial {
    /// In the grammar of `rule.text`, where that can say it.
    #[serde(default)]
    pub rule: Option<String>,
    /// Otherwise a feature of the server by its name, such as `crs` or `autoindex`.
    #[serde(default)]
    pub feature: Option<String>,
    /// Its cause; by default the one that the rule's fields suggest.
    #[serde(default)]
    pub cause: Option<String>,
    /// Whether the application applies it, not the server.
    #[serde(default)]
    pub application: bool,
    /// What a limit answers with, where it is not 403.
    #[serde(default)]
    pub status: Option<u16>,
    /// Minute from which it is in force; from the beginning if none.
    #[serde(default)]
    pub from: Option<f64>,
    /// Minute in which it is lifted again.
    #[serde(default)]
    pub until: Option<f64>,
}

/// Someone who calls.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// Name in labels and truth.
    pub name: String,
    /// Its program, whose user agent is imitated (`agents.rs`) unless it is `real`.
    pub client: String,
    /// Whether the program itself sends the requests: one of `clients/`, see `client.rs`.
    #[serde(default)]
    pub real: bool,
    /// The name that the product has for the client.
    #[serde(default)]
    pub known_as: Option<String>,
    /// Requests per second of the whole stream, while it is busy.
    pub rate: f64,
    /// Minutes from which and until which it is busy; the whole log by default.
    #[serde(default)]
    pub from: f64,
    #[serde(default = "forever")]
    pub until: f64,
    /// Requests per second before and after.
    #[serde(default)]
    pub calm: f64,
    /// How the busy time is filled.
    #[serde(default)]
    pub shape: Shape,
    /// How many addresses it has.
    #[serde(default = "one")]
    pub addresses: usize,
    /// The stream whose callers these are too, with the same addresses: what else they do.
    #[serde(default)]
    pub callers_of: Option<String>,
    /// How many callers share them, if there are more, as behind a NAT.
    #[serde(default)]
    pub callers: usize,
    /// The networks that they are of, e.g. `47.76.0.0/16, 5.2.0.0/15`; anywhere by default.
    #[serde(default)]
    pub network: Option<String>,
    #[serde(default = "get")]
    pub method: String,
    /// What it asks for; `{n}` is a number, `{word}` a word, each another one each time.
    pub paths: Vec<String>,
    /// What it does when it is denied.
    #[serde(default)]
    pub denied: Reaction,
    /// Header lines besides the usual ones, as `Name: value`.
    #[serde(default)]
    pub headers: Vec<String>,
    /// Names of users, sent by basic authentication; `{n}` as in paths.
    #[serde(default)]
    pub user: Option<String>,
    #[serde(default)]
    pub referer: Option<String>,
    #[serde(default)]
    pub body: Option<String>,
    /// Seconds that the answer takes.
    #[serde(default)]
    pub answer_s: f64,
    /// Minute at which the signed links that it follows expire.
    #[serde(default)]
    pub links_expire: Option<f64>,
    /// Whether its denials are a spike.
    #[serde(default)]
    pub spike: bool,
    /// Other causes of the spike that are as right.
    #[serde(default)]
    pub accept: Vec<String>,
}

/// How the busy time of a stream is filled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Independent requests.
    #[default]
    Random,
    /// One request every so often.
    Regular,
    /// Half a minute of requests, then two of silence.
    Bursts,
    /// Up to the rate and down again.
    Hill,
    /// The rate at once, and less and less of it.
    Flash,
    /// Up by day and down by night, before and after the busy time too.
    Diurnal,
}

/// What a caller does when it is denied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reaction {
    /// Goes on as before.
    #[default]
    Ignore,
    /// Asks again at once, twice.
    Retry,
    /// Asks again and again, eight times.
    Storm,
    /// Is silent for five seconds, and twice as long each further time.
    BackOff,
    /// Stops for good after twenty denials in a row.
    GiveUp,
}

/// A call to the application's control, such as `revoke?token=key-pro-7`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Minute.
    pub at: f64,
    /// Path below `/_lab/`.
    pub control: String,
}

fn an_hour() -> f64 {
    60.0
}

fn usual_factor() -> f64 {
    120.0
}

fn usual_background() -> f64 {
    1.2
}

fn forever() -> f64 {
    f64::INFINITY
}

fn one() -> usize {
    1
}

fn get() -> String {
    "GET".to_string()
}

impl Denial {
    /// The rule, parsed.
    ///
    /// # Panics
    /// When it is not one: scenarios are data of ours.
    pub fn policy(&self) -> Option<Policy> {
        let rule = self.rule.as_ref()?;
        Some(
            rule.parse()
                .unwrap_or_else(|error| panic!("{rule:?}: {error}")),
        )
    }

    /// The cause of what it denies.
    pub fn cause(&self) -> Cause {
        if let Some(name) = &self.cause {
            return cause_named(name);
        }
        let policy = self.policy().unwrap_or_default();
        if policy.limit.is_some() {
            return Cause::RateLimit;
        }
        let fields = policy.conditions.iter().map(|condition| &*condition.field);
        // A route beside another field only says where that one counts.
        let field = fields.clone().find(|field| *field != "route");
        match field.or(fields.clone().next()) {
            Some("ip" | "prefix") => Cause::IpAcl,
            Some("client" | "user_agent" | "payload") => Cause::BotFilter,
            Some("method" | "referer" | "referer_host" | "content_type") => Cause::RequestShape,
            Some("token") => Cause::Credential,
            Some("user") => Cause::Permission,
            _ => Cause::RouteAcl,
        }
    }

    /// Whether it denies with 403, as all but a limit with a status of its own does.
    pub fn forbids(&self) -> bool {
        self.status.is_none_or(|status| status == 403)
    }

    /// Whether a request of a stream may be to a route that it is about.
    pub fn meets(&self, stream: &Stream) -> bool {
        let policy = self.policy().unwrap_or_default();
        let conditions = policy.conditions.iter();
        let routes = conditions.filter(|condition| condition.field == "route");
        let mut routes = routes.flat_map(|condition| &condition.values).peekable();
        let is_below = |route: &String| stream.paths.iter().any(|path| path.starts_with(route));
        routes.peek().is_none() || routes.any(is_below)
    }

    /// Whether it is in force in a minute.
    pub fn holds_at(&self, minute: f64) -> bool {
        self.from.is_none_or(|from| from <= minute) && self.until.is_none_or(|until| minute < until)
    }
}

/// The cause of this name.
pub fn cause_named(name: &str) -> Cause {
    let known = Cause::ALL.into_iter().find(|cause| cause.name() == name);
    known.unwrap_or_else(|| panic!("no cause is called {name:?}"))
}

impl Scenario {
    /// Name of its log, unique in a set.
    pub fn title(&self) -> String {
        format!("{}-{}", self.server().name(), self.name)
    }

    /// The server, of a scenario that [`load`] gave.
    pub fn server(&self) -> ServerKind {
        self.servers[0]
    }

    /// Mechanism and server: what is left out together when an attribution is judged on what it has
    /// not seen.
    pub fn family(&self) -> String {
        format!("{}/{}", self.mechanism, self.server().name())
    }

    /// The minutes at which policies change, in order.
    pub fn changes(&self) -> Vec<f64> {
        let ends = self
            .policies
            .iter()
            .flat_map(|denial| [denial.from, denial.until]);
        let mut changes: Vec<f64> = ends.flatten().filter(|at| *at > 0.0).collect();
        changes.sort_by(f64::total_cmp);
        changes.dedup();
        changes
    }

    /// The server's policies in force in a minute.
    pub fn policies_at(&self, minute: f64) -> Vec<&Denial> {
        let denials = self.policies.iter();
        denials
            .filter(|denial| !denial.application && denial.holds_at(minute))
            .collect()
    }
}

/// The scenarios of a file, one for each server.
pub fn load(text: &str) -> Vec<Scenario> {
    let file: Scenarios = toml::from_str(text).unwrap_or_else(|error| panic!("{error}"));
    let each = |scenario: Scenario| {
        let servers = scenario.servers.clone();
        servers.into_iter().map(move |server| {
            let mut scenario = scenario.clone();
            scenario.servers = vec![server];
            if scenario.seed == 0 {
                scenario.seed = seed_of(&scenario.title());
            }
            scenario
        })
    };
    file.scenario.into_iter().flat_map(each).collect()
}

/// FNV-1a: each name its own chance, the same on every machine.
fn seed_of(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
