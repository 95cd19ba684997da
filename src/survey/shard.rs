//! One thread's part of Survey.

use super::outline::{Entry, NOBODY};
use super::{ChunkTally, NEIGHBOURS, SourceTally, Survey};
use crate::format::{Detected, Line, Visitor};
use crate::gate::Gate;
use crate::input::Chunk;
use crate::key::familiar::Familiar;
use crate::key::memo::{Memo, slots};
use crate::key::route_tree::Answer;
use crate::key::{referer_host, route, token};
use crate::record::{Record, Reject};

/// Counts the chunks that one thread reads.
pub struct Shard<'a> {
    formats: &'a [Option<Detected>],
    gate: &'a Gate,
    survey: Survey,
    source: usize,
    chunk: ChunkTally,
    /// Which answers each template was already entered into the tree with: a bit per answer.
    answers: Vec<u8>,
    template: Vec<u8>,
    targets: Memo<Target>,
    referers: Memo<u32>,
    clients: Familiar,
    agents: Familiar,
    offset: (i32, u64),
    /// The outline of the chunk that is being read, while there is room for it.
    outline: Option<Vec<Entry>>,
    lines_of_last_chunk: usize,
}

/// Ids of what follows from a target.
#[derive(Debug, Clone, Copy)]
struct Target {
    template: u32,
    token: Option<u32>,
}

impl<'a> Shard<'a> {
    /// An empty part; `formats` has one entry per source, none where no format was found.
    pub fn new(formats: &'a [Option<Detected>], gate: &'a Gate) -> Shard<'a> {
        let mut survey = Survey::default();
        survey.sources.resize_with(formats.len(), SourceTally::new);
        Shard {
            formats,
            gate,
            survey,
            source: 0,
            chunk: empty_chunk(0),
            answers: Vec::new(),
            template: Vec::new(),
            targets: Memo::new(slots::TARGETS),
            referers: Memo::new(slots::REFERERS),
            clients: Familiar::new(slots::CLIENTS),
            agents: Familiar::new(slots::AGENTS),
            offset: (0, 0),
            outline: None,
            lines_of_last_chunk: 0,
        }
    }

    /// Counts the lines of a chunk.
    pub fn read(&mut self, chunk: &Chunk<'_>) {
        self.source = chunk.source;
        self.chunk = empty_chunk(chunk.number);
        self.survey.sources[chunk.source].bytes += chunk.bytes.len() as u64;
        // Offsets are of four bytes; a longer chunk holds a line that is nearly as long.
        let fits = self.survey.outlines.has_room() && u32::try_from(chunk.bytes.len()).is_ok();
        self.outline = fits.then(|| Vec::with_capacity(self.lines_of_last_chunk));
        let formats = self.formats;
        match &formats[chunk.source] {
            Some(format) => format.visit(chunk.bytes, self),
            None => crate::format::visit_unknown(chunk.bytes, self),
        }
        self.survey.sources[chunk.source].chunks.push(self.chunk);
        if let Some(lines) = self.outline.take() {
            self.lines_of_last_chunk = lines.len();
            self.survey.outlines.add(chunk.source, chunk.number, lines);
        }
    }

    /// The counts of all chunks.
    pub fn finish(mut self) -> Survey {
        self.flush_offset();
        let (clients, templates) = (self.survey.ip.keys.len(), self.survey.template.keys.len());
        self.survey.outlines.seal(clients, templates);
        self.survey
    }

    fn flush_offset(&mut self) {
        let (offset, count) = self.offset;
        if count > 0 {
            *self.survey.offsets.entry(offset).or_default() += count;
        }
    }

    /// Counts what follows from the target: its route, and the token in its query. The template's id.
    #[inline]
    fn count_target(&mut self, record: &Record<'_>, denied: bool) -> u32 {
        let (survey, template) = (&mut self.survey, &mut self.template);
        let found = self.targets.get_or(&record.target, || {
            route::template(record.path(), template);
            let template = survey.template.id(template);
            let token = token::find_in_query(record.query()).map(|token| survey.token.id(token));
            Some(Target { template, token })
        });
        let Some(Target { template, token }) = found.copied() else {
            return NOBODY;
        };
        survey.template.count_id(template, record.time_ms, denied);
        if record.token.is_empty() {
            if let Some(token) = token {
                survey.token.count_id(token, record.time_ms, denied);
            }
        } else if let Some(token) = token::find(record) {
            survey.token.count(token, record.time_ms, denied);
        }
        if denied {
            survey.denied_hours.count(template, record.time_ms);
        }
        self.place(template, Answer::of(record.status, denied));
        template
    }

    /// Enters a template into the tree, once for each answer.
    #[inline]
    fn place(&mut self, template: u32, answer: Answer) {
        let at = template as usize;
        if at >= self.answers.len() {
            self.answers.resize(at + 1, 0);
        }
        let bit = 1 << answer as u8;
        if self.answers[at] & bit == 0 {
            self.answers[at] |= bit;
            self.survey
                .routes
                .insert(self.survey.template.keys.bytes(template), answer);
        }
    }

    /// Counts everything else that a request is put under. The client's id.
    #[inline]
    fn count_keys(&mut self, record: &Record<'_>, denied: bool) -> u32 {
        let (survey, time_ms) = (&mut self.survey, record.time_ms);
        let client = self.gate.client(record);
        let client = survey
            .ip
            .count_familiar(&mut self.clients, client, time_ms, denied);
        survey
            .user_agent
            .count_familiar(&mut self.agents, &record.user_agent, time_ms, denied);
        if !record.user.is_empty() {
            survey.user.count(&record.user, time_ms, denied);
        }
        if !record.host.is_empty() {
            survey.host.count(&record.host, time_ms, denied);
        }
        if !record.referer.is_empty() {
            let table = &mut survey.referer_host;
            let host = || Some(table.id(referer_host(&record.referer)));
            if let Some(host) = self.referers.get_or(&record.referer, host).copied() {
                table.count_id(host, time_ms, denied);
            }
        }
        client
    }

    /// Notes whose a line is.
    #[inline]
    fn outline(&mut self, line: Line<'_>, client: u32, template: u32) {
        if let Some(lines) = &mut self.outline {
            lines.push(Entry {
                offset: line.offset as u32,
                client,
                template,
            });
        }
    }
}

fn empty_chunk(number: usize) -> ChunkTally {
    ChunkTally {
        number,
        lines: 0,
        start_ms: i64::MAX,
        end_ms: i64::MIN,
        denials: 0,
    }
}

impl Visitor for Shard<'_> {
    fn record(&mut self, line: Line<'_>, record: &Record<'_>, format: usize) {
        self.chunk.lines += 1;
        let source = &mut self.survey.sources[self.source];
        if !self.gate.admits(record) {
            source.skipped.filtered += 1;
            return self.outline(line, NOBODY, NOBODY);
        }
        source.parsed += 1;
        if format >= source.formats.len() {
            source.formats.resize(format + 1, 0);
        }
        source.formats[format] += 1;
        source.start_ms = source.start_ms.min(record.time_ms);
        source.end_ms = source.end_ms.max(record.time_ms);
        let denied = self.gate.is_denial(record.status);
        self.chunk.start_ms = self.chunk.start_ms.min(record.time_ms);
        self.chunk.end_ms = self.chunk.end_ms.max(record.time_ms);
        self.chunk.denials += u64::from(denied);
        self.survey
            .timeline
            .count(record.time_ms.div_euclid(1000), denied);
        self.survey.total.count(record.time_ms, denied);
        if !denied
            && let Some(at) = NEIGHBOURS
                .iter()
                .position(|status| *status == record.status)
        {
            self.survey.neighbours[at] += 1;
        }
        if self.offset.0 != record.utc_offset_s {
            self.flush_offset();
            self.offset = (record.utc_offset_s, 0);
        }
        self.offset.1 += 1;
        let template = self.count_target(record, denied);
        let client = self.count_keys(record, denied);
        self.outline(line, client, template);
    }

    fn skipped(&mut self, line: Line<'_>, why: Reject) {
        self.chunk.lines += 1;
        self.outline(line, NOBODY, NOBODY);
        let skipped = &mut self.survey.sources[self.source].skipped;
        match why {
            Reject::Malformed => skipped.malformed += 1,
            Reject::TooLong => skipped.too_long += 1,
            Reject::NotARequest => skipped.not_a_request += 1,
        }
    }
}
