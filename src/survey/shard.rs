//! One thread's part of Survey.

use super::outline::{Entry, NOBODY};
use super::{ChunkTally, NEIGHBOURS, SourceTally, Survey};
use crate::format::{Detected, Line, Visitor};
use crate::gate::Gate;
use crate::input::Chunk;
use crate::key::familiar::{self, Familiar};
use crate::key::memo::{self, Memo, slots};
use crate::key::route_tree::Answer;
use crate::key::{self, route, token};
use crate::record::{Record, Reject};

/// The ids that nearly every request has, and what is counted under them.
#[derive(Debug, Clone, Copy)]
struct Counted {
    client: u32,
    template: u32,
    agent: u32,
    /// [`NOBODY`] without one.
    referer_host: u32,
    time_ms: i64,
    denied: bool,
}

/// Keys of a request that have to be worked out, and where the caches may know them and the others.
struct Sought<'r> {
    path: &'r [u8],
    query: &'r [u8],
    client: &'r [u8],
    path_spot: memo::Spot,
    client_spot: familiar::Spot,
    agent_spot: familiar::Spot,
    referer_spot: memo::Spot,
}

/// Counts the chunks that one thread reads.
pub struct Shard<'a> {
    formats: &'a [Option<Detected>],
    gate: &'a Gate,
    survey: Survey,
    source: usize,
    chunk: ChunkTally,
    /// Requests of the chunk by the format that read them.
    formats_of_chunk: Vec<u64>,
    /// Which answers each template was already entered into the tree with: a bit per answer.
    answers: Vec<u8>,
    template: Vec<u8>,
    /// The template of a path.
    paths: Memo<u32>,
    referers: Memo<u32>,
    clients: Familiar,
    agents: Familiar,
    offset: (i32, u64),
    /// The request whose tallies are on their way.
    last: Option<Counted>,
    /// The outline of the chunk that is being read, while there is room for it.
    outline: Option<Vec<Entry>>,
    lines_of_last_chunk: usize,
    /// Bytes that the tables may take.
    room: usize,
}

impl<'a> Shard<'a> {
    /// An empty part; `formats` has one entry per source, none where no format was found. Its tables take
    /// some `room` bytes at the most.
    pub fn new(formats: &'a [Option<Detected>], gate: &'a Gate, room: usize) -> Shard<'a> {
        let mut survey = Survey::default();
        survey.sources.resize_with(formats.len(), SourceTally::new);
        Shard {
            formats,
            gate,
            survey,
            source: 0,
            chunk: empty_chunk(0),
            formats_of_chunk: Vec::new(),
            answers: Vec::new(),
            template: Vec::new(),
            paths: Memo::new(slots::TARGETS),
            referers: Memo::new(slots::REFERERS),
            clients: Familiar::new(slots::CLIENTS),
            agents: Familiar::new(slots::AGENTS),
            offset: (0, 0),
            last: None,
            outline: None,
            lines_of_last_chunk: 0,
            room,
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
            Some(format) => format.visit_chunk(chunk.directives, chunk.bytes, self),
            None => crate::format::visit_unknown(chunk.bytes, self),
        }
        self.finish_chunk();
        if let Some(lines) = self.outline.take() {
            self.lines_of_last_chunk = lines.len();
            self.survey.outlines.add(chunk.source, chunk.number, lines);
        }
        if self.table_bytes() > self.room {
            self.make_room();
        }
    }

    fn table_bytes(&self) -> usize {
        let tables = self.survey.tables();
        tables.iter().map(|(table, _)| table.memory_bytes()).sum()
    }

    /// Pools rare keys until the tables take a half of their room.
    #[cold]
    fn make_room(&mut self) {
        // A share of one in so many leaves next to nothing: keys that are not rare fill the room then.
        const LEAST_SHARE: u32 = 1 << 24;
        // Keys that came since the last cut go by that one first.
        self.survey.cut_to(self.survey.cut.again());
        while self.table_bytes() > self.room / 2 && self.survey.cut.share < LEAST_SHARE {
            let (mut keys, mut denied) = (0, 0);
            for (table, _) in self.survey.tables() {
                keys += table.tallies.len();
                denied += table.denied().count();
            }
            let closer = self.survey.cut.closer(2 * denied > keys);
            self.survey.cut_to(closer.again());
        }
        // What was remembered names ids that are others now.
        self.answers.clear();
        self.paths = Memo::new(slots::TARGETS);
        self.referers = Memo::new(slots::REFERERS);
        self.clients = Familiar::new(slots::CLIENTS);
        self.agents = Familiar::new(slots::AGENTS);
    }

    /// The counts of all chunks.
    pub fn finish(mut self) -> Survey {
        self.flush_offset();
        let (clients, templates) = (self.survey.ip.keys.len(), self.survey.template.keys.len());
        self.survey.outlines.seal(clients, templates);
        self.survey
    }

    /// Counts a request by the format that read it.
    #[inline]
    fn count_format(&mut self, format: usize) {
        if format >= self.formats_of_chunk.len() {
            self.formats_of_chunk.resize(format + 1, 0);
        }
        self.formats_of_chunk[format] += 1;
    }

    /// Counts an answer that stands near denials.
    fn count_neighbour(&mut self, status: u16) {
        if let Some(at) = NEIGHBOURS.iter().position(|near| *near == status) {
            self.survey.neighbours[at] += 1;
        }
    }

    /// Adds what was counted of the chunk to its source.
    fn finish_chunk(&mut self) {
        self.count_last();
        let source = &mut self.survey.sources[self.source];
        if source.formats.len() < self.formats_of_chunk.len() {
            source.formats.resize(self.formats_of_chunk.len(), 0);
        }
        for (all, here) in source
            .formats
            .iter_mut()
            .zip(self.formats_of_chunk.drain(..))
        {
            *all += here;
            source.parsed += here;
        }
        source.start_ms = source.start_ms.min(self.chunk.start_ms);
        source.end_ms = source.end_ms.max(self.chunk.end_ms);
        source.chunks.push(self.chunk);
    }

    fn flush_offset(&mut self) {
        let (offset, count) = self.offset;
        if count > 0 {
            *self.survey.offsets.entry(offset).or_default() += count;
        }
    }

    /// The template of a path.
    #[inline]
    fn template_of(&mut self, path: &[u8], spot: memo::Spot) -> u32 {
        let (table, text) = (&mut self.survey.template, &mut self.template);
        let template = self.paths.get_or_at(spot, path, || {
            route::template(path, text);
            Some(table.id(text))
        });
        template.map_or(NOBODY, |template| *template)
    }

    /// Counts the token of a request, if it has one.
    #[inline]
    fn count_token(&mut self, record: &Record<'_>, query: &[u8], denied: bool) {
        let token = match record.token.is_empty() {
            true if query.is_empty() => return,
            true => token::find_in_query(query),
            false => token::find(record),
        };
        if let Some(token) = token {
            self.survey.token.count(token, record.time_ms, denied);
        }
    }

    /// Enters a template into the tree, once for each answer.
    #[inline]
    fn place(&mut self, template: u32, answer: Answer) {
        let at = template as usize;
        let bit = 1 << answer as u8;
        if self.answers.get(at).is_some_and(|known| known & bit != 0) || template == NOBODY {
            return;
        }
        if at >= self.answers.len() {
            self.answers.resize(at + 1, 0);
        }
        self.answers[at] |= bit;
        self.survey
            .routes
            .insert(self.survey.template.keys.bytes(template), answer);
    }

    /// Begins to seek the keys of a request.
    #[inline(always)]
    fn seek<'r>(&self, record: &'r Record<'_>) -> Sought<'r> {
        let ((path, query), client) = (record.path_and_query(), self.gate.client(record));
        Sought {
            path,
            query,
            client,
            path_spot: self.paths.spot(path),
            client_spot: self.clients.spot(client),
            agent_spot: self.agents.spot(&record.user_agent),
            referer_spot: self.referers.spot(&record.referer),
        }
    }

    /// Counts everything that a request is put under. The ids of its client and its template.
    #[inline]
    fn count_keys(&mut self, record: &Record<'_>, sought: Sought<'_>, denied: bool) -> (u32, u32) {
        let template = self.template_of(sought.path, sought.path_spot);
        let (survey, time_ms) = (&mut self.survey, record.time_ms);
        let (clients, agents) = (&mut self.clients, &mut self.agents);
        let client = survey
            .ip
            .familiar_id(clients, sought.client_spot, sought.client);
        let agent = survey
            .user_agent
            .familiar_id(agents, sought.agent_spot, &record.user_agent);
        let mut referer_host = NOBODY;
        if !record.referer.is_empty() {
            let table = &mut survey.referer_host;
            let host = || Some(table.id(key::referer_host(&record.referer)));
            let id = self
                .referers
                .get_or_at(sought.referer_spot, &record.referer, host);
            referer_host = id.map_or(NOBODY, |id| *id);
        }
        if !record.user.is_empty() {
            survey.user.count(&record.user, time_ms, denied);
        }
        if !record.host.is_empty() {
            survey.host.count(&record.host, time_ms, denied);
        }
        if denied {
            survey.denied_hours.count(template, time_ms);
        }
        self.count_token(record, sought.query, denied);
        self.place(template, Answer::of(record.status, denied));
        self.count_later(Counted {
            client,
            template,
            agent,
            referer_host,
            time_ms,
            denied,
        });
        (client, template)
    }

    /// Counts a request after the next one was read: its tallies, which no near cache holds, come in
    /// meanwhile.
    #[inline(always)]
    fn count_later(&mut self, counted: Counted) {
        let survey = &self.survey;
        survey.template.prefetch(counted.template);
        survey.ip.prefetch(counted.client);
        survey.user_agent.prefetch(counted.agent);
        survey.referer_host.prefetch(counted.referer_host);
        self.count_last();
        self.last = Some(counted);
    }

    /// Counts the request that was read last.
    #[inline(always)]
    fn count_last(&mut self) {
        let Some(last) = self.last.take() else { return };
        let (survey, time_ms, denied) = (&mut self.survey, last.time_ms, last.denied);
        survey.template.count_id(last.template, time_ms, denied);
        survey.ip.count_id(last.client, time_ms, denied);
        survey.user_agent.count_id(last.agent, time_ms, denied);
        let referer_hosts = &mut survey.referer_host;
        referer_hosts.count_id(last.referer_host, time_ms, denied);
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
    #[inline(always)]
    fn record(&mut self, line: Line<'_>, record: &Record<'_>, format: usize) {
        self.chunk.lines += 1;
        if !self.gate.admits(record) {
            self.survey.sources[self.source].skipped.filtered += 1;
            return self.outline(line, NOBODY, NOBODY);
        }
        let sought = self.seek(record);
        self.count_format(format);
        self.chunk.start_ms = self.chunk.start_ms.min(record.time_ms);
        self.chunk.end_ms = self.chunk.end_ms.max(record.time_ms);
        let denied = self.gate.is_denial(record.status);
        self.chunk.denials += u64::from(denied);
        self.survey
            .timeline
            .count(record.time_ms.div_euclid(1000), denied);
        self.survey.total.count(record.time_ms, denied);
        if record.status > 400 && !denied {
            self.count_neighbour(record.status);
        }
        if self.offset.0 != record.utc_offset_s {
            self.flush_offset();
            self.offset = (record.utc_offset_s, 0);
        }
        self.offset.1 += 1;
        let (client, template) = self.count_keys(record, sought, denied);
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
