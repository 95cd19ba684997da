//! What several fields of a line state together.
//!
//! A firewall tells action, mode and rule in fields of their own: only together they say whether it denied,
//! and by what. So they are kept until the line is read, and each service has a rule here that makes one
//! word of them. What the word means is a row of `stated/reasons.rs`.

mod rule;

use super::role::Role;
use crate::record::{Field, Record, Upstream};
use crate::stated::firewall::{Subject, is_refusal};
use crate::stated::{Source, Stated};
use serde_json::Value;

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
        // Nearly all lines of IIS have no substatus, and lists are mostly empty: that tells nothing.
        let is_nothing = role == Role::Substatus && *value == *b"0" || *value == *b"[]";
        if !is_nothing {
            self.told.push((role, value));
        }
    }

    /// The first value of a role; empty where there is none.
    fn get(&self, role: Role) -> &[u8] {
        let told = self.told.iter().find(|(told, _)| *told == role);
        told.map_or(&[], |(_, value)| value)
    }

    /// Cloudflare's actions; its interface of questions tells one, as other firewalls do.
    fn security_actions(&self) -> &[u8] {
        match self.get(Role::SecurityActions) {
            b"" => self.get(Role::WafAction),
            actions => actions,
        }
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
            b"block" | b"blocked" | b"deny" | b"denied" | b"drop" | b"jschallengeblock" => {
                Some(b"403")
            }
            // Imperva adds why.
            action if action.starts_with(b"req_blocked") => Some(b"403"),
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

/// AWS WAF: what ended the request. Of rules that only counted, labels stay on the request; so these count only where
/// nothing else tells and all say the same.
fn amazon_firewall(line: &Compound<'_>, _: &Record<'_>) -> Option<Stated> {
    /// What a managed group is for, by its name or by the labels that it leaves, the surest first;
    /// <https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html>.
    const GROUPS: &[(&str, &str, &[u8])] = &[
        ("BotControlRuleSet", "bot-control:", b"bot_control"),
        ("ATPRuleSet", ":atp:", b"account_fraud"),
        ("ACFPRuleSet", ":acfp:", b"account_fraud"),
        ("AntiDDoSRuleSet", "anti-ddos:", b"ddos"),
        ("AnonymousIpList", "anonymous-ip-list:", b"reputation"),
        ("AmazonIpReputationList", "amazon-ip-list:", b"reputation"),
        ("SQLiRuleSet", "sql-database:", b"attack"),
        ("KnownBadInputsRuleSet", "known-bad-inputs:", b"attack"),
        ("LinuxRuleSet", "linux-os:", b"attack"),
        ("UnixRuleSet", "posix-os:", b"attack"),
        ("WindowsRuleSet", "windows-os:", b"attack"),
        ("PHPRuleSet", "php-app:", b"attack"),
        ("WordPressRuleSet", "wordpress-app:", b"attack"),
        ("CommonRuleSet", "core-rule-set:", b"attack"),
    ];
    let kind = line.get(Role::WafRuleKind);
    if kind.is_empty() || line.status() != Some(b"403") {
        return None;
    }
    let says = |word: &[u8]| Stated::by(Source::AmazonFirewall, word);
    if kind == b"RATE_BASED" {
        return says(kind);
    }
    if line.get(Role::WafRule) == b"Default_Action" {
        return says(b"default_action");
    }
    let matched = |text| line.holds(Role::WafEvidence, text);
    if matched("SQL_INJECTION") || matched("\"XSS\"") {
        return says(b"attack");
    }
    let (group, rule) = ending_group(line.get(Role::WafGroups));
    let group = if group.is_empty() {
        line.get(Role::WafRule)
    } else {
        &group
    };
    let has = |text: &[u8], part: &str| memchr::memmem::find(text, part.as_bytes()).is_some();
    if has(group, "CommonRuleSet") && has(&rule, "NoUserAgent") {
        return says(b"no_user_agent");
    }
    if let Some((.., word)) = GROUPS.iter().find(|(name, ..)| has(group, name)) {
        return says(word);
    }
    if kind == b"MANAGED_RULE_GROUP" {
        let labelled = |label: &str| line.holds(Role::WafLabels, label);
        let left = GROUPS.iter().filter(|(_, label, _)| labelled(label));
        let words: Vec<&[u8]> = left.map(|(.., word)| *word).collect();
        if let Some((first, rest)) = words.split_first()
            && rest.iter().all(|word| word == first)
        {
            return match *first == b"attack" && labelled("NoUserAgent_Header") {
                true => says(b"no_user_agent"),
                false => says(first),
            };
        }
    }
    says(kind)
}

/// The group whose rule ended a request, and that rule; empty where there is none.
fn ending_group(groups: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let groups: Value = serde_json::from_slice(groups).unwrap_or_default();
    let ends = |group: &&Value| group["terminatingRule"].is_object();
    let ending = groups
        .as_array()
        .and_then(|groups| groups.iter().find(ends));
    let text = |value: &Value| value.as_str().unwrap_or_default().as_bytes().to_vec();
    ending.map_or_else(Default::default, |group| {
        (
            text(&group["ruleGroupId"]),
            text(&group["terminatingRule"]["ruleId"]),
        )
    })
}

/// Cloudflare: the source at the place of the action that ended the request; in older logs the path
/// through the edge.
fn cloudflare(line: &Compound<'_>, record: &Record<'_>) -> Option<Stated> {
    if record.status != FORBIDDEN || matches!(record.upstream, Upstream::Status(_)) {
        return None;
    }
    let actions = items(line.security_actions());
    let sources = items(line.get(Role::SecuritySources));
    if let Some((action, source)) = actions
        .zip(sources)
        .find(|(action, _)| ending(action).is_some())
    {
        let source = source.to_ascii_lowercase();
        // What is challenged may pass; only a limit's threshold says more of why.
        return match ending(action) {
            Some(Ending::Challenge) if source != b"ratelimit" => {
                Stated::by(Source::Cloudflare, b"challenge")
            }
            _ => Stated::by(Source::Cloudflare, &source),
        };
    }
    if let Some(ending) = ending(line.get(Role::SecurityAction)) {
        return Stated::by(
            Source::Cloudflare,
            match ending {
                Ending::Challenge => b"challenge",
                Ending::Refused => b"action",
            },
        );
    }
    let operation = line.get(Role::PathingOperation).to_ascii_lowercase();
    if !matches!(&operation[..], b"ban" | b"err" | b"err_host" | b"errhost") {
        return None;
    }
    // `user` alone leaves it to the status: `macro`, `bic` and `hot` ban by a list of theirs, whatever the status.
    let (source, status) = (line.get(Role::PathingSource), line.get(Role::PathingStatus));
    let by_source = Stated::by(Source::CloudflarePath, source);
    by_source.or_else(|| Stated::by(Source::CloudflarePath, status))
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
    let action = line.get(Role::WafAction);
    let word: &[u8] = if action.eq_ignore_ascii_case(b"JSChallengeBlock") {
        b"challenge"
    } else if has("BotManager") {
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

/// Audit logs hold what others denied too: only one that says that it intercepted did, or whose rules judged the score
/// of anomalies, which version 3 logs without a word of who refused.
fn modsecurity(line: &Compound<'_>, record: &Record<'_>) -> Option<Stated> {
    if line.looks_on() || record.status < 400 {
        return None;
    }
    let evidence = line.get(Role::WafEvidence);
    let word = match line.get(Role::Intercepted) {
        b"true" => refusing(evidence),
        b"" | b"false" => {
            let is_on = line.get(Role::WafMode).eq_ignore_ascii_case(b"enabled");
            (is_on && judged(&listed(evidence))).then_some(Subject::Attack.word())?
        }
        message => Subject::of_message(message).word(),
    };
    Stated::by(Source::ModSecurity, word)
}

/// The messages of a transaction in JSON; null where there are none.
fn listed(messages: &[u8]) -> Value {
    serde_json::from_slice(messages).unwrap_or_default()
}

/// What the messages of a transaction that was intercepted, or the one that says so, tell of the rule that did it.
fn refusing(messages: &[u8]) -> &'static [u8] {
    if is_refusal(messages) {
        return Subject::of_message(messages).word();
    }
    let messages = listed(messages);
    let all = messages.as_array().map_or(&[][..], Vec::as_slice);
    let mut texts = all.iter().filter_map(Value::as_str).map(str::as_bytes);
    if let Some(message) = texts.find(|text| is_refusal(text)) {
        return Subject::of_message(message).word();
    }
    let is_of_core_rules = rules(&messages).any(|number| (900_000..=999_999).contains(&number));
    match all.is_empty() || is_of_core_rules {
        true => Subject::Attack.word(),
        false => b"intercepted",
    }
}

/// Whether one of the rules is of those that judge the score of anomalies.
fn judged(messages: &Value) -> bool {
    rules(messages).any(|number| matches!(number, 949_110 | 949_111))
}

/// The numbers of the rules that messages are of: of version 3, and of Coraza.
fn rules(messages: &Value) -> impl Iterator<Item = i64> {
    let all = messages.as_array().into_iter().flatten();
    let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
    all.filter_map(move |message| {
        number(&message["details"]["ruleId"]).or_else(|| number(&message["data"]["id"]))
    })
}

/// HAProxy's termination state.
fn haproxy(line: &Compound<'_>, _: &Record<'_>) -> Option<Stated> {
    let state = line.get(Role::Termination).get(..2)?;
    Stated::by(Source::Termination, state)
}

#[cfg(test)]
mod tests;
