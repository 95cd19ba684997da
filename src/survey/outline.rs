//! The outline of a chunk: whose each line is, so that Examine passes over lines without reading them.
//!
//! Twelve bytes a line, for as many lines as have room; a chunk without an outline is read whole, so
//! nothing but speed depends on it. Ids are those of the shard that read the chunk; `Shards` leads
//! from them to the ids of the merged tables.

/// Lines that one shard outlines: 48 MiB.
const MOST_LINES: usize = 1 << 22;

/// Where a line begins, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its first byte within the chunk.
    pub offset: u32,
    /// Id of the client address; [`NOBODY`] for a line that is not a request within the filters.
    pub client: u32,
    /// Id of the template.
    pub template: u32,
}

/// What stands in the place of ids where a line is not a request.
pub const NOBODY: u32 = u32::MAX;

/// The outline of a chunk.
#[derive(Debug, Clone)]
pub struct Outline {
    /// Source of the chunk.
    pub source: usize,
    /// Number of the chunk.
    pub number: usize,
    /// Whose ids these are, as an index of [`Outlines::shards`].
    pub shard: usize,
    /// Its lines.
    pub lines: Vec<Entry>,
}

/// The ids in the merged tables, by the ids of a shard.
#[derive(Debug, Clone, Default)]
pub struct Ids {
    /// Of client addresses.
    pub client: Vec<u32>,
    /// Of templates.
    pub template: Vec<u32>,
}

/// The outlines of all chunks that have one.
#[derive(Debug, Default)]
pub struct Outlines {
    /// In no order.
    pub chunks: Vec<Outline>,
    /// What their ids mean.
    pub shards: Vec<Ids>,
    lines: usize,
}

impl Outlines {
    /// Whether there is room for another chunk of this shard.
    pub(super) fn has_room(&self) -> bool {
        self.lines < MOST_LINES
    }

    /// Forgets all, and takes no more: ids have changed.
    pub(super) fn give_up(&mut self) {
        *self = Outlines {
            lines: MOST_LINES,
            ..Outlines::default()
        };
    }

    /// Adds the outline of a chunk to a shard's own outlines.
    pub(super) fn add(&mut self, source: usize, number: usize, lines: Vec<Entry>) {
        self.lines += lines.len();
        self.chunks.push(Outline {
            source,
            number,
            shard: 0,
            lines,
        });
    }

    /// Notes how many ids a shard gave, once it is done.
    pub(super) fn seal(&mut self, clients: usize, templates: usize) {
        let all = |count: usize| (0..).take(count).collect();
        self.shards = vec![Ids {
            client: all(clients),
            template: all(templates),
        }];
    }

    /// Adds the outlines of others, whose tables were merged with ours: `mine` and `theirs` say
    /// what our and their ids are now.
    pub(super) fn merge(&mut self, mut other: Outlines, mine: &Renamed, theirs: &Renamed) {
        self.shards.iter_mut().for_each(|ids| mine.rename(ids));
        other.shards.iter_mut().for_each(|ids| theirs.rename(ids));
        other
            .chunks
            .iter_mut()
            .for_each(|chunk| chunk.shard += self.shards.len());
        self.shards.append(&mut other.shards);
        self.chunks.append(&mut other.chunks);
        self.lines += other.lines;
    }
}

/// What ids became when tables were merged; absent where they stayed.
#[derive(Debug, Default)]
pub(super) struct Renamed {
    pub(super) client: Option<Vec<u32>>,
    pub(super) template: Option<Vec<u32>>,
}

impl Renamed {
    fn rename(&self, ids: &mut Ids) {
        for (ids, names) in [
            (&mut ids.client, &self.client),
            (&mut ids.template, &self.template),
        ] {
            if let Some(names) = names {
                for id in ids {
                    *id = names.get(*id as usize).copied().unwrap_or(u32::MAX);
                }
            }
        }
    }
}
