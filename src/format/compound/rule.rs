//! The rule that refused, where a line names it: each service has a way of its own.
//!
//! Names tell the denials of one rule from those of another, and whoever reads the report finds the rule by them.
//! Lines name rules that looked on or let pass too; those are none.

use super::super::field::present;
use super::{Compound, ending, ending_group, is_refusal, items, listed};
use crate::format::role::Role;
use crate::record::{NamedRule, Record, Upstream};
use crate::stated::firewall::rule_of;
use crate::stated::{Source, Stated};
use serde_json::Value;

impl Compound<'_> {
    /// The rule that refused this request; none where the line does not say that it was refused by a rule.
    pub(in crate::format) fn rule(&self, record: &Record<'_>) -> Option<NamedRule> {
        if self.told.is_empty()
            || record.status < 400
            || matches!(record.upstream, Upstream::Status(_))
        {
            return None;
        }
        let rule = match record.stated.map(|stated| stated.reason().source) {
            Some(Source::AmazonFirewall) => self.amazon_rule(),
            Some(Source::Cloudflare) => self.cloudflare_rule(),
            Some(Source::Armor) => self.armor_rule(),
            Some(Source::AzureFirewall) => self.azure_rule(),
            Some(Source::ModSecurity) => self.modsecurity_rule(),
            Some(Source::LoadBalancer) => self.listener_rule(record.stated?),
            Some(Source::Kubernetes) => self.admission(record.stated?),
            _ => self.named_rule(),
        }?;
        (!rule.name.is_empty()).then_some(rule)
    }

    /// As a mapping or a service names it that tells a rule of each request, and what it did.
    fn named_rule(&self) -> Option<NamedRule> {
        let is_refused = self.get(Role::WafAction).is_empty() || self.status().is_some();
        is_refused.then(|| NamedRule {
            name: present(self.get(Role::Rule)).to_vec(),
            message: present(self.get(Role::RuleMessage)).to_vec(),
        })
    }

    /// Kubernetes' admission: the webhook or the policy that its message names.
    fn admission(&self, stated: Stated) -> Option<NamedRule> {
        let message = self.get(Role::RuleMessage);
        let has = |text: &str| memchr::memmem::find(message, text.as_bytes());
        let webhook = has("admission webhook \"").and_then(|at| {
            let name = &message[at + "admission webhook \"".len()..];
            name.get(..memchr::memchr(b'"', name)?)
        });
        let name = match webhook {
            Some(name) => name,
            None if has("violates PodSecurity").is_some() => b"PodSecurity",
            None if has("exceeded quota").is_some() => b"ResourceQuota",
            None => return None,
        };
        (stated.reason().by == "kubernetes:admission").then(|| NamedRule {
            name: name.to_vec(),
            message: Vec::new(),
        })
    }

    /// AWS WAF: the rule that ended the request, within its group where it is of one; of one that limits, the limit.
    /// <https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html>
    fn amazon_rule(&self) -> Option<NamedRule> {
        let name = self.get(Role::WafRule);
        let (_, within) = ending_group(self.get(Role::WafGroups));
        let message = match self.get(Role::WafRuleKind) {
            b"RATE_BASED" => limit(&listed(self.get(Role::RateLimits)), name).unwrap_or_default(),
            _ => String::new(),
        };
        // Without a rule, the default action of the list says all.
        (name != b"Default_Action").then(|| NamedRule {
            name: match within.is_empty() {
                true => name.to_vec(),
                false => [name, b"/", &within].concat(),
            },
            message: message.into_bytes(),
        })
    }

    /// Cloudflare: the number at the place of the action that ended the request, and the description, which is of it.
    fn cloudflare_rule(&self) -> Option<NamedRule> {
        let place = || items(self.security_actions()).position(|action| ending(action).is_some());
        let number = match present(self.get(Role::Rule)) {
            b"" => place().and_then(|place| items(self.get(Role::RuleNumbers)).nth(place)),
            number => Some(number),
        };
        let described = present(self.get(Role::RuleMessage));
        Some(NamedRule {
            name: number.or(Some(described))?.to_vec(),
            message: number.map_or(&b""[..], |_| described).to_vec(),
        })
    }

    /// Google Cloud Armor: rules have no names, their policies have.
    fn armor_rule(&self) -> Option<NamedRule> {
        let policy = self.get(Role::Rule);
        let name = match self.get(Role::RulePriority) {
            b"" => policy.to_vec(),
            priority => [policy, b" priority ", priority].concat(),
        };
        let signatures: Vec<&[u8]> = items(self.get(Role::WafEvidence)).collect();
        Some(NamedRule {
            name,
            message: signatures.join(&b", "[..]),
        })
    }

    /// Azure: `Microsoft_DefaultRuleSet-2.1-SQLI-942100`, or a number and a message.
    fn azure_rule(&self) -> Option<NamedRule> {
        Some(NamedRule {
            name: self.get(Role::AzureRule).to_vec(),
            message: present(self.get(Role::RuleMessage)).to_vec(),
        })
    }

    /// ModSecurity and Coraza: the rule that refused; where that only judged a score, the first that matched.
    fn modsecurity_rule(&self) -> Option<NamedRule> {
        let messages = self.get(Role::WafEvidence);
        if is_refusal(messages) {
            return Some(of_message(messages));
        }
        let messages = listed(messages);
        let all = messages.as_array()?;
        let texts = || all.iter().filter_map(Value::as_str).map(str::as_bytes);
        let refusal = texts().find(|text| is_refusal(text)).map(of_message);
        let is_score = |rule: &NamedRule| matches!(&rule.name[..], b"949110" | b"949111");
        if refusal.as_ref().is_some_and(|rule| !is_score(rule)) {
            return refusal;
        }
        let mut rules = texts().map(of_message).chain(all.iter().map(of_object));
        rules
            .find(|rule| !rule.name.is_empty() && !is_score(rule))
            .or(refusal)
            .or_else(|| all.first().map(of_object))
    }

    /// ALB: rules of a listener are known by their priority.
    fn listener_rule(&self, stated: Stated) -> Option<NamedRule> {
        let is_of_listener = stated.reason().by == "actions_executed:fixed_response";
        let priority = present(self.get(Role::RulePriority));
        (is_of_listener && !priority.is_empty()).then(|| NamedRule {
            name: match priority {
                b"0" => b"default".to_vec(),
                _ => [b"priority ", priority].concat(),
            },
            message: Vec::new(),
        })
    }
}

/// `100 per IP`: what a rule of this name counts.
fn limit(limits: &Value, name: &[u8]) -> Option<String> {
    let is_own = |limit: &&Value| {
        let named = limit["rateBasedRuleName"].as_str();
        named.is_none_or(|named| named.as_bytes() == name)
    };
    let limit = limits.as_array()?.iter().find(is_own)?;
    let most = match &limit["maxRateAllowed"] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let per = limit["limitKey"].as_str().unwrap_or_default();
    Some(match per {
        "" => format!("at most {most}"),
        per => format!("at most {most} per {per}"),
    })
}

/// `... [id "942100"] [msg "SQL Injection"] ...`.
fn of_message(message: &[u8]) -> NamedRule {
    let (number, _) = rule_of(message);
    let quoted = memchr::memmem::find(message, b"[msg \"").map(|at| &message[at + 6..]);
    let quoted = quoted.and_then(|text| text.get(..memchr::memchr(b'"', text)?));
    NamedRule {
        name: number.to_vec(),
        message: quoted.unwrap_or_default().to_vec(),
    }
}

/// A message of version 3, and of Coraza.
fn of_object(message: &Value) -> NamedRule {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone().into_bytes(),
        Value::Number(number) => number.to_string().into_bytes(),
        _ => Vec::new(),
    };
    let first = |values: [&Value; 2]| {
        let mut texts = values.into_iter().map(text);
        texts.find(|text| !text.is_empty()).unwrap_or_default()
    };
    NamedRule {
        name: first([&message["details"]["ruleId"], &message["data"]["id"]]),
        message: first([&message["message"], &message["data"]["msg"]]),
    }
}
