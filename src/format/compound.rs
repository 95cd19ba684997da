//! What several fields of a line state together.
//!
//! A firewall tells action, mode and rule in fields of their own: only together they say whether it denied,
//! and by what. So they are kept until the line is read, and each service has a rule here that makes one
//! word of them. What the word means is a row of `stated/reasons.rs`.

use super::role::Role;
use crate::record::{Field, Record, Upstream};
use crate::stated::{Source, Stated};

/// The fields of a line that tell something together only.
#[derive(Debug, Default)]
pub(super) struct Compound<'a> {
    told: Vec<(Role, Field<'a>)>,
}

/// The status that is asked about where nothing else is said.
const FORBIDDEN: u16 = 403;

type Rule = fn(&Compound<'_>, &Record<'_>) -> Option<Stated>;

/// One rule a service; each sees by its own roles whether the line is its.
const RULES: &[Rule] = &[
    iis,
    load_balancer,
    amazon_firewall,
    cloudflare,
    armor,
    azure_firewall,
    kubernetes,
    squid,
    modsecurity,
    haproxy,
];

impl<'a> Compound<'a> {
    pub(super) fn take(&mut self, role: Role, value: Field<'a>) {
        // Nearly all lines of IIS have it so, and it tells nothing.
        let is_no_substatus = role == Role::Substatus && *value == *b"0";
        if !is_no_substatus {
            self.told.push((role, value));
        }
    }

    /// The first value of a role; empty where there is none.
    fn get(&self, role: Role) -> &[u8] {
        let told = self.told.iter().find(|(told, _)| *told == role);
        told.map_or(&[], |(_, value)| value)
    }

    /// Whether a value of the role holds a text.
    fn holds(&self, role: Role, text: &str) -> bool {
        let mut told = self.told.iter().filter(|(told, _)| *told == role);
        told.any(|(_, value)| memchr::memmem::find(value, text.as_bytes()).is_some())
    }

    /// The answer that a firewall sent by default after what it did, where its log has no status: none where
    /// it only looked on.
    pub(super) fn status(&self) -> Option<&'static [u8]> {
        if self.told.is_empty() || self.looks_on() {
            return None;
        }
        match &self.get(Role::WafAction).to_ascii_lowercase()[..] {
            b"block" | b"blocked" | b"deny" | b"denied" | b"drop" => Some(b"403"),
            b"captcha" => Some(b"405"),
            b"challenge" => Some(b"202"),
            _ => None,
        }
    }

    /// Whether the firewall was told to block nothing.
    fn looks_on(&self) -> bool {
        let mode = self.get(Role::WafMode).to_ascii_lowercase();
        matches!(
            &mode[..],
            b"detection" | b"detectiononly" | b"detection_only" | b"off"
        )
    }

    /// What HAProxy's termination state tells of who answered, beside what else the line tells: the proxy itself ended
    /// the session (`P`, `L`), before a server was asked or after; or nobody cut it short.
    pub(super) fn upstream(&self, told: Upstream, status: u16) -> Upstream {
        match (self.get(Role::Termination), told) {
            ([b'P' | b'L', b'R' | b'T', ..], Upstream::Unknown) => Upstream::NotAsked,
            ([b'P' | b'L', ..], Upstream::Status(_)) => Upstream::Unknown,
            ([b'-', b'-', ..], Upstream::Unknown) if status > 0 => Upstream::Status(status),
            _ => told,
        }
    }

    /// What the line states, once it is read.
    pub(super) fn states(&self, record: &Record<'_>) -> Option<Stated> {
        if self.told.is_empty() {
            return None;
        }
        RULES.iter().find_map(|rule| rule(self, record))
    }
}

/// Substatuses mean something else under each status; those of 401 that address restrictions give
/// are the same as of 403.
fn iis(line: &Compound<'_>, record: &Record<'_>) -> Option<Stated> {
    let substatus = line.get(Role::Substatus);
    let restricted = record.status == 401 && substatus.starts_with(b"50");
    (record.status == FORBIDDEN || restricted)
        .then(|| Stated::by(Source::Substatus, substatus))
        .flatten()
}

/// The last of the actions is the one that answered, where no target did.
fn load_balancer(line: &Compound<'_>, record: &Record<'_>) -> Option<Stated> {
    let last = line
        .get(Role::AlbActions)
        .rsplit(|byte| *byte == b',')
        .next()?;
    let answered = record.status == FORBIDDEN && !matches!(record.upstream, Upstream::Status(_));
    answered
        .then(|| Stated::by(Source::LoadBalancer, last))
        .flatten()
}

/// AWS WAF: only the terminating rule's type tells a rate; a filled list of rate rules does not.
fn amazon_firewall(line: &Compound<'_>, _: &Record<'_>) -> Option<Stated> {
    /// What a label of a managed group, or a match of a rule, tells; the surest first.
    const LABELS: &[(&str, &[u8])] = &[
        ("bot-control:", b"bot_control"),
        (":atp:", b"account_fraud"),
        (":acfp:", b"account_fraud"),
        ("NoUserAgent_Header", b"no_user_agent"),
        ("anonymous-ip-list:", b"reputation"),
        ("amazon-ip-list:", b"reputation"),
        ("sql-database:", b"attack"),
        ("known-bad-inputs:", b"attack"),
        ("linux-os:", b"attack"),
        ("posix-os:", b"attack"),
        ("windows-os:", b"attack"),
        ("php-app:", b"attack"),
        ("wordpress-app:", b"attack"),
        ("core-rule-set:", b"attack"),
        ("SQL_INJECTION", b"attack"),
        ("\"XSS\"", b"attack"),
    ];
    let kind = line.get(Role::WafRuleKind);
    if kind.is_empty() || line.status() != Some(b"403") {
        return None;
    }
    if kind == b"RATE_BASED" {
        return Stated::by(Source::AmazonFirewall, kind);
    }
    if line.get(Role::WafRule) == b"Default_Action" {
        return Stated::by(Source::AmazonFirewall, b"default_action");
    }
    let label = LABELS
        .iter()
        .find(|(label, _)| line.holds(Role::WafEvidence, label));
    Stated::by(Source::AmazonFirewall, label.map_or(kind, |(_, word)| word))
}

/// Cloudflare: the source at the place of the action that ended the request; in older logs the path
/// through the edge.
fn cloudflare(line: &Compound<'_>, record: &Record<'_>) -> Option<Stated> {
    if record.status != FORBIDDEN || matches!(record.upstream, Upstream::Status(_)) {
        return None;
    }
    let actions = items(line.get(Role::SecurityActions));
    let sources = items(line.get(Role::SecuritySources));
    for (action, source) in actions.zip(sources) {
        let Some(ending) = ending(action) else {
            continue;
        };
        let source = source.to_ascii_lowercase();
        let custom = matches!(&source[..], b"firewallcustom" | b"firewallrules");
        return match (custom, ending) {
            (true, Ending::Challenge) => Stated::by(Source::Cloudflare, b"challenge"),
            _ => Stated::by(Source::Cloudflare, &source),
        };
    }
    let operation = line.get(Role::PathingOperation);
    if operation != b"ban" && operation != b"err" {
        return None;
    }
    let (source, status) = (line.get(Role::PathingSource), line.get(Role::PathingStatus));
    let by_source = Stated::by(Source::CloudflarePath, source);
    Stated::by(Source::CloudflarePath, status).or(by_source)
}

/// How an action of Cloudflare ends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Refused,
    Challenge,
}

/// Actions that end a request; others look on, let pass or are solved challenges.
fn ending(action: &[u8]) -> Option<Ending> {
    match &action.to_ascii_lowercase()[..] {
        b"block" | b"drop" | b"connectionclose" | b"forceconnectionclose" => Some(Ending::Refused),
        b"challenge" | b"jschallenge" | b"managedchallenge" | b"challengefailed"
        | b"jschallengefailed" | b"managed_challenge" => Some(Ending::Challenge),
        _ => None,
    }
}

/// The texts of a JSON list, or the text itself.
fn items(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| b"[],".contains(byte))
        .map(|item| item.trim_ascii())
        .map(|item| item.strip_prefix(b"\"").unwrap_or(item))
        .map(|item| item.strip_suffix(b"\"").unwrap_or(item))
        .filter(|item| !item.is_empty())
}

/// Google Cloud Armor: a rate rule denied only where its outcome says that a threshold was passed.
fn armor(line: &Compound<'_>, record: &Record<'_>) -> Option<Stated> {
    let details = line.get(Role::ArmorDetails);
    if record.status < 400 || details.is_empty() {
        return None;
    }
    let by_policy = memchr::memmem::find(details, b"denied_by_security_policy").is_some();
    if !by_policy {
        return Stated::by(Source::Armor, details);
    }
    let outcome = line.get(Role::ArmorOutcome);
    let word: &[u8] = if outcome.ends_with(b"EXCEED") {
        b"threshold_exceed"
    } else if line.get(Role::WafEvidence).contains(&b'"') {
        b"preconfigured"
    } else {
        b"denied_by_security_policy"
    };
    Stated::by(Source::Armor, word)
}

/// Azure's firewalls name their rules by the set that they are of.
fn azure_firewall(line: &Compound<'_>, _: &Record<'_>) -> Option<Stated> {
    let rule = line.get(Role::AzureRule);
    if rule.is_empty() || line.status() != Some(b"403") {
        return None;
    }
    let has = |text: &str| memchr::memmem::find(rule, text.as_bytes()).is_some();
    // Numbers of the core rule set have six digits.
    let is_number = rule.len() == 6 && rule.iter().all(u8::is_ascii_digit);
    let word: &[u8] = if has("BotManager") {
        b"bot_manager"
    } else if has("DefaultRuleSet") || has("OWASP") || is_number {
        b"rule_set"
    } else {
        b"custom"
    };
    Stated::by(Source::AzureFirewall, word)
}

/// Kubernetes: what the authorizer allowed and is refused all the same, admission refused.
fn kubernetes(line: &Compound<'_>, record: &Record<'_>) -> Option<Stated> {
    if record.status != FORBIDDEN {
        return None;
    }
    let word: &[u8] = match line.get(Role::Decision) {
        b"forbid" if &record.user[..] == b"system:anonymous" => b"anonymous",
        b"forbid" => b"forbid",
        b"allow" => b"admission",
        _ => return None,
    };
    Stated::by(Source::Kubernetes, word)
}

/// Squid denies by its access lists; 407 asks for a login.
fn squid(line: &Compound<'_>, record: &Record<'_>) -> Option<Stated> {
    let denied = line.get(Role::SquidResult).starts_with(b"TCP_DENIED");
    (denied && record.status == FORBIDDEN)
        .then(|| Stated::by(Source::Squid, b"tcp_denied"))
        .flatten()
}

/// Audit logs hold what others denied too: only one that says that it intercepted did.
fn modsecurity(line: &Compound<'_>, record: &Record<'_>) -> Option<Stated> {
    let intercepted = line.get(Role::Intercepted) == b"true" && !line.looks_on();
    (intercepted && record.status >= 400)
        .then(|| Stated::by(Source::ModSecurity, b"intercepted"))
        .flatten()
}

/// HAProxy's termination state.
fn haproxy(line: &Compound<'_>, _: &Record<'_>) -> Option<Stated> {
    let state = line.get(Role::Termination).get(..2)?;
    Stated::by(Source::Termination, state)
}

#[cfg(test)]
mod tests;
