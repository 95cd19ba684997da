//! What of a record may be shown, and how: its texts as cells, without secrets.
//!
//! Secrets become fingerprints, unless they are to be shown; addresses lose their host part and users
//! their names where that is asked for. The texts of a log come again and again, so their cells are
//! remembered; a record with a credential of its own is looked at by itself, because the credential may
//! stand anywhere in it.

use super::encoding::Encoding;
use super::lines::Plan;
use super::remembered::Remembered;
use crate::escape;
use crate::key::address::{self, Address};
use crate::key::{client, route, token};
use crate::record::Record;
use std::borrow::Cow;

/// Makes cells of texts.
pub(super) struct Shown<'a> {
    plan: &'a Plan<'a>,
    paths: Remembered<Path>,
    queries: Remembered<Query>,
    agents: Remembered<Agent>,
    texts: Remembered<Vec<u8>>,
}

/// What follows from a path.
struct Path {
    path: Vec<u8>,
    route: Vec<u8>,
}

/// What follows from a query.
struct Query {
    query: Vec<u8>,
    token: Vec<u8>,
}

/// What follows from a user agent.
struct Agent {
    user_agent: Vec<u8>,
    client: Vec<u8>,
}

/// The cells of a record that are made of text, but for the short ones.
pub(super) struct Cells<'c> {
    pub(super) path: Cow<'c, [u8]>,
    pub(super) query: Cow<'c, [u8]>,
    pub(super) referer: Cow<'c, [u8]>,
    pub(super) user_agent: Cow<'c, [u8]>,
    pub(super) token: Cow<'c, [u8]>,
    pub(super) client: &'c [u8],
    pub(super) route: Cow<'c, [u8]>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(plan: &'a Plan<'a>) -> Shown<'a> {
        Shown {
            plan,
            paths: Remembered::new(),
            queries: Remembered::new(),
            agents: Remembered::new(),
            texts: Remembered::new(),
        }
    }

    /// The long texts of a record.
    pub(super) fn cells<'c>(&'c mut self, record: &Record<'_>) -> Cells<'c> {
        let plan = self.plan;
        let (path, query, agent) = (record.path(), record.query(), &record.user_agent[..]);
        let path = self.paths.get_or(path, || Path {
            path: plan.cell(path),
            route: plan.cell(&plan.route(path)),
        });
        let query = self.queries.get_or(query, || Query {
            query: plan.cell(query),
            token: token::find_in_query(query).map_or_else(Vec::new, |token| plan.token(token)),
        });
        let agent = self.agents.get_or(agent, || Agent {
            user_agent: plan.cell(agent),
            client: match agent {
                b"" => Vec::new(),
                agent => plan.cell(client::classify(agent).family.as_bytes()),
            },
        });
        let referer = self
            .texts
            .get_or(&record.referer, || plan.cell(&record.referer));
        let mut cells = Cells {
            path: Cow::Borrowed(&path.path),
            query: Cow::Borrowed(&query.query),
            referer: Cow::Borrowed(referer),
            user_agent: Cow::Borrowed(&agent.user_agent),
            token: Cow::Borrowed(&query.token),
            client: &agent.client,
            route: Cow::Borrowed(&path.route),
        };
        if !record.token.is_empty() {
            plan.hide(record, &mut cells);
        }
        cells
    }
}

impl Plan<'_> {
    fn encoding(&self) -> Encoding {
        self.request.encoding
    }

    /// A text without the secrets that show by their name or form.
    pub(super) fn cell(&self, text: &[u8]) -> Vec<u8> {
        match self.settings.show_tokens || text.is_empty() {
            true => self.encoding().cell(text),
            false => self.encoding().cell(&self.token_key.redact(text)),
        }
    }

    /// The route of a path: with an analysis its final name, else what the path alone says.
    fn route(&self, path: &[u8]) -> Vec<u8> {
        let mut template = Vec::new();
        if !path.is_empty() {
            route::template(path, &mut template);
        }
        let named = self.counted.and_then(|(survey, routes)| {
            let id = survey.template.keys.get(&template)?;
            let route = *routes.of_template.get(id as usize)?;
            Some(routes.names.bytes(route).to_vec())
        });
        named.unwrap_or(template)
    }

    fn token(&self, token: &[u8]) -> Vec<u8> {
        match self.settings.show_tokens {
            true => self.encoding().cell(token),
            false => {
                let print = self.token_key.fingerprint(token);
                self.encoding().cell(print.as_bytes())
            }
        }
    }

    /// Hides the credential of a record wherever it stands, and puts it where it belongs.
    fn hide(&self, record: &Record<'_>, cells: &mut Cells<'_>) {
        if let Some(token) = token::find(record) {
            cells.token = Cow::Owned(self.token(token));
        }
        if self.settings.show_tokens {
            return;
        }
        let hidden = |text: &[u8]| {
            let redacted = self.token_key.redact_known(text, &record.token);
            Cow::Owned(self.encoding().cell(&redacted))
        };
        cells.route = hidden(&self.route(record.path()));
        cells.path = hidden(record.path());
        cells.query = hidden(record.query());
        cells.referer = hidden(&record.referer);
        cells.user_agent = hidden(&record.user_agent);
    }

    /// The client's address, as far as it may be shown.
    pub(super) fn address<'r>(&self, client: &'r [u8]) -> Cow<'r, [u8]> {
        if !self.settings.anonymize_ip {
            return Cow::Borrowed(client);
        }
        match Address::parse(client) {
            Address::Ip(ip) => Cow::Owned(address::anonymized(ip).to_string().into_bytes()),
            Address::Absent => Cow::Borrowed(b""),
            Address::Unix | Address::Name(_) => Cow::Borrowed(b"(withheld)"),
        }
    }

    /// The user's name, as far as it may be shown.
    pub(super) fn user(&self, user: &[u8]) -> Vec<u8> {
        match self.settings.anonymize_user && !user.is_empty() {
            true => {
                let print = self
                    .token_key
                    .fingerprint(user)
                    .replacen("tok_", "user_", 1);
                self.encoding().cell(print.as_bytes())
            }
            false => self.cell(user),
        }
    }

    /// The path of a log, as typed or found.
    pub(super) fn file(&self, path: &str) -> Vec<u8> {
        self.encoding().cell(escape::terminal(path).as_bytes())
    }
}
