//! What of a record may be shown, and how: its texts as cells, without secrets.
//!
//! Secrets become fingerprints, unless they are to be shown; addresses lose their host part and users
//! their names where that is asked for. The texts of a log come again and again, so their cells are
//! remembered; a record with a credential of its own is looked at by itself, because the credential may
//! stand anywhere in it.

use super::columns;
use super::encoding::{Encoding, Row};
use super::lines::Plan;
use super::remembered::Remembered;
use crate::escape;
use crate::key::address::{self, Address};
use crate::key::memo::slots;
use crate::key::{client, route, token};
use crate::record::Record;
use std::borrow::Cow;

/// Makes cells of texts.
pub(super) struct Shown<'a> {
    plan: &'a Plan<'a>,
    paths: Remembered,
    queries: Remembered,
    agents: Remembered,
    referers: Remembered,
}

/// The columns of a record that are made of text, but for the short ones; each is a part of a [`Row`].
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
            paths: Remembered::new(slots::TARGETS / 2),
            queries: Remembered::new(slots::QUERIES / 2),
            agents: Remembered::new(slots::AGENTS / 2),
            referers: Remembered::new(slots::REFERERS / 2),
        }
    }

    /// The long texts of a record.
    pub(super) fn cells<'c>(&'c mut self, record: &Record<'_>) -> Cells<'c> {
        let plan = self.plan;
        let (path, query, agent) = (record.path(), record.query(), &record.user_agent[..]);
        let (path, route) = self.paths.get_or(
            path,
            |part| plan.text("path", path, part),
            |part| plan.text("route", &plan.route(path), part),
        );
        let (query, token) = self.queries.get_or(
            query,
            |part| plan.text("query", query, part),
            |part| plan.token(token::find_in_query(query), part),
        );
        let (user_agent, client) = self.agents.get_or(
            agent,
            |part| plan.text("user_agent", agent, part),
            |part| {
                let client = match agent {
                    b"" => "",
                    agent => &client::classify(agent).family,
                };
                plan.text("client", client.as_bytes(), part);
            },
        );
        let referer = &record.referer;
        let (referer, _) =
            self.referers
                .get_or(referer, |part| plan.text("referer", referer, part), |_| {});
        let mut cells = Cells {
            path: Cow::Borrowed(path),
            query: Cow::Borrowed(query),
            referer: Cow::Borrowed(referer),
            user_agent: Cow::Borrowed(user_agent),
            token: Cow::Borrowed(token),
            client,
            route: Cow::Borrowed(route),
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
    pub(super) fn redacted<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        match self.settings.show_tokens || text.is_empty() {
            true => Cow::Borrowed(text),
            false => self.token_key.redact(text),
        }
    }

    /// A text without its secrets, as part of a record.
    fn text(&self, column: &str, text: &[u8], part: &mut Vec<u8>) {
        self.row(column, part).text(&self.redacted(text));
    }

    fn row<'o>(&self, column: &str, part: &'o mut Vec<u8>) -> Row<'o> {
        Row::at(columns::position(column), self.encoding(), part)
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

    fn token(&self, token: Option<&[u8]>, part: &mut Vec<u8>) {
        let mut row = self.row("token", part);
        match token {
            None => row.text(b""),
            Some(token) if self.settings.show_tokens => row.text(token),
            Some(token) => row.text(self.token_key.fingerprint(token).as_bytes()),
        }
    }

    /// Hides the credential of a record wherever it stands, and puts it where it belongs.
    fn hide(&self, record: &Record<'_>, cells: &mut Cells<'_>) {
        if let Some(token) = token::find(record) {
            let mut part = Vec::new();
            self.token(Some(token), &mut part);
            cells.token = Cow::Owned(part);
        }
        if self.settings.show_tokens {
            return;
        }
        let hidden = |column: &str, text: &[u8]| {
            let mut part = Vec::new();
            let redacted = self.token_key.redact_known(text, &record.token);
            self.row(column, &mut part).text(&redacted);
            Cow::Owned(part)
        };
        cells.route = hidden("route", &self.route(record.path()));
        cells.path = hidden("path", record.path());
        cells.query = hidden("query", record.query());
        cells.referer = hidden("referer", &record.referer);
        cells.user_agent = hidden("user_agent", &record.user_agent);
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
    pub(super) fn user<'r>(&self, user: &'r [u8]) -> Cow<'r, [u8]> {
        if !self.settings.anonymize_user || user.is_empty() {
            return self.redacted(user);
        }
        let print = self.token_key.fingerprint(user);
        Cow::Owned(print.replacen("tok_", "user_", 1).into_bytes())
    }

    /// The path of a log, as typed or found.
    pub(super) fn file(&self, path: &str) -> Vec<u8> {
        self.encoding().cell(escape::terminal(path).as_bytes())
    }
}
