//! Apache httpd: authorization, mod_rewrite, mod_evasive, and ModSecurity with the OWASP Core Rule Set.
//!
//! Whatever denies sets the environment variable `LAB` to its cause and the part of Apache that carries it
//! out, such as `ip_acl:authz`. mod_evasive alone sets nothing: a denial that nobody claims is its own,
//! and the error log has to count as many.

mod configuration;
mod rules;

use super::{ERROR_LOG, Server, Site, Stated, lines_with, signal, write};
use crate::labels::Label;
use crate::scenario::{Denial, Scenario, Stream, cause_named};
use configuration::Draft;
use forbid_logs::findings::Cause;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command};

/// Users and their passwords, for basic authentication.
const PASSWORDS: &str = "passwords";
/// A program that bans addresses.
const BANS: &str = "bans.py";
/// A folder that the server's modules may write to.
const DATA: &str = "data";
/// What clients send as their password, `lab`, as `htpasswd -s` stores it.
const PASSWORD: &str = "{SHA}OVP53fl1q1CX7kaNmVVcW0QRab8=";
/// Numbers that a pattern of a user's name may be filled with.
const MOST_NUMBERS: usize = 2400;

/// What Apache writes to its error log when a part of it denies; mod_rewrite and applications are silent.
const ERROR_LINES: [(&str, &str, &str); 5] = [
    ("authz", "denials by authorization", "AH01630"),
    ("user", "denials of users", "AH01631"),
    ("index", "denials of directory indexes", "AH01276"),
    ("file", "denials by file permissions", "AH00132"),
    (
        "crs",
        "denials by ModSecurity",
        "ModSecurity: Access denied with code 403",
    ),
];

pub struct Apache;

impl Server for Apache {
    fn configuration(&self) -> &'static str {
        "apache.conf"
    }

    fn prepare(&self, site: &Site<'_>) -> io::Result<()> {
        write(&site.path("www/files/report.txt"), "a report\n")?;
        let secret = site.path("www/private/ledger.txt");
        write(&secret, "not for the server\n")?;
        fs::set_permissions(secret, fs::Permissions::from_mode(0o000))?;
        let data = site.path(DATA);
        fs::create_dir_all(&data)?;
        fs::set_permissions(data, fs::Permissions::from_mode(0o777))?;
        write(&site.path(BANS), include_str!("bans.py"))?;
        write(&site.path(PASSWORDS), &passwords(site.scenario))
    }

    fn configured(&self, site: &Site<'_>, policies: &[&Denial]) -> String {
        let mut draft = Draft::default();
        for (number, denial) in policies.iter().enumerate() {
            match (denial.policy(), &denial.feature) {
                (Some(policy), _) => rules::rule(&mut draft, site, number, &policy, denial.cause()),
                (None, Some(feature)) => rules::feature(&mut draft, site, feature),
                (None, None) => panic!("a policy has a rule or a feature"),
            }
        }
        draft.text(site)
    }

    fn command(&self, site: &Site<'_>) -> Command {
        let mut command = Command::new("apache2");
        command.arg("-f").arg(site.path(self.configuration()));
        command.args(["-D", "FOREGROUND"]);
        command
    }

    fn has_threads(&self) -> bool {
        true
    }

    /// mod_evasive looks at connections only, whatever mod_remoteip says.
    fn looks_at_connections(&self, scenario: &Scenario) -> bool {
        let mut policies = scenario.policies.iter();
        let holds = |limit: forbid_logs::findings::Limit| limit.renewed != Some(false);
        policies.any(|denial| {
            denial
                .policy()
                .is_some_and(|policy| policy.limit.is_some_and(holds))
        })
    }

    /// Gracefully: requests under way are finished by the old configuration.
    fn reload(&self, _site: &Site<'_>, child: &Child) -> io::Result<()> {
        signal(child, "USR1")
    }

    /// The fields are `LAB` and the application's word.
    fn cause(&self, fields: &[&str]) -> Option<Cause> {
        let [lab, application] = fields else {
            return None;
        };
        let named = [lab, application]
            .into_iter()
            .find(|name| !matches!(**name, "" | "-"));
        let Some(name) = named else {
            return Some(Cause::RateLimit);
        };
        let cause = name.split_once(':').map_or(*name, |(cause, _)| cause);
        Some(cause_named(cause))
    }

    fn stated(&self, error_log: &str, labels: &[Label]) -> Vec<Stated> {
        let denied = || labels.iter().filter(|label| label.status == 403);
        let is_by = |label: &&Label, part: &str| {
            let by = label.fields[0].split_once(':').map(|(_, by)| by);
            by == Some(part)
        };
        let mut stated: Vec<Stated> = ERROR_LINES
            .into_iter()
            .map(|(part, what, text)| Stated {
                what,
                in_error_log: lines_with(error_log, text),
                in_labels: denied().filter(|label| is_by(label, part)).count(),
            })
            .collect();
        let unclaimed = |label: &&Label| label.fields.iter().all(|field| field == "-");
        stated.push(Stated {
            what: "denials by mod_evasive",
            in_error_log: lines_with(error_log, "[evasive20:error]"),
            in_labels: denied().filter(unclaimed).count(),
        });
        stated
    }
}

/// A line for each user whom a stream may call itself.
fn passwords(scenario: &Scenario) -> String {
    let users = scenario.streams.iter().flat_map(users);
    let mut lines: Vec<String> = users.map(|user| format!("{user}:{PASSWORD}\n")).collect();
    lines.sort();
    lines.dedup();
    lines.concat()
}

fn users(stream: &Stream) -> Vec<String> {
    let Some(pattern) = &stream.user else {
        return Vec::new();
    };
    let callers = (0..stream.addresses.max(stream.callers))
        .map(|caller| pattern.replace("{caller}", &caller.to_string()));
    let filled = |name: String| match name.contains("{n}") {
        true => (0..MOST_NUMBERS)
            .map(|number| name.replace("{n}", &number.to_string()))
            .collect(),
        false => vec![name],
    };
    callers.flat_map(filled).collect()
}

/// Where the error log stands, for the configuration.
fn error_log(site: &Site<'_>) -> String {
    site.path(ERROR_LOG).display().to_string()
}
