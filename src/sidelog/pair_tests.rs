//! Lines meet their denials: by id, by client, path and time, over zones.

use super::*;
use proptest::prelude::*;

fn mark(second: i64, client: u64, path: u64) -> Mark {
    Mark {
        source: 0,
        line: second as u32,
        local_ms: second * 1000,
        client,
        id: 0,
        path,
        leaf: path + 1000,
    }
}

fn entry(second: i64, client: u64, path: u64) -> Entry {
    Entry {
        local_ms: second * 1000,
        client,
        path,
        leaf: path + 1000,
        id: 0,
        connection: 0,
        saying: 0,
        source: 0,
        line: second as u32,
    }
}

#[test]
fn a_line_meets_the_denial_of_its_second_first() {
    let marks = [
        mark(10, 1, 1),
        mark(11, 1, 1),
        mark(40, 1, 2),
        mark(50, 2, 1),
    ];
    let entries = [entry(11, 1, 1), entry(39, 1, 2), entry(49, 3, 1)];
    let (pairs, offsets) = pair(&marks, &entries, 1);
    assert_eq!(pairs, [None, Some(0), Some(1), None]);
    assert_eq!(offsets, [0]);
}

#[test]
fn an_id_needs_no_clock_and_a_connection_needs_the_path() {
    let by_id = Mark {
        id: 7,
        ..mark(10, 1, 1)
    };
    let by_connection = Mark {
        id: 8,
        ..mark(500, 1, 2)
    };
    let entries = [
        Entry {
            id: 7,
            ..entry(90_000, 9, 9)
        },
        Entry {
            connection: 8,
            ..entry(500, 9, 3)
        },
        Entry {
            connection: 8,
            ..entry(500, 9, 2)
        },
    ];
    let (pairs, _) = pair(&[by_id, by_connection], &entries, 1);
    assert_eq!(pairs, [Some(0), Some(2)]);
}

#[test]
fn a_line_without_client_or_path_meets_what_it_can() {
    let file = Entry {
        path: 0,
        leaf: 1005,
        ..entry(10, 0, 0)
    };
    let bare = Entry {
        path: 0,
        leaf: 0,
        ..entry(20, 2, 0)
    };
    let marks = [mark(10, 1, 5), mark(20, 2, 6)];
    let (pairs, _) = pair(&marks, &[file, bare], 1);
    assert_eq!(pairs, [Some(0), Some(1)]);
}

#[test]
fn the_clock_is_learned_and_zones_are_preferred() {
    for offset in [0, 3600, -12_600, 47, -100] {
        let marks: Vec<Mark> = (0..200)
            .map(|n| mark(n * 37 + 100_000, n as u64 % 7 + 1, n as u64 % 5 + 1))
            .collect();
        let entries: Vec<Entry> = (0..200)
            .map(|n| {
                entry(
                    n * 37 + 100_000 - offset,
                    n as u64 % 7 + 1,
                    n as u64 % 5 + 1,
                )
            })
            .collect();
        let (pairs, offsets) = pair(&marks, &entries, 1);
        assert_eq!(offsets, [offset]);
        assert!(pairs.iter().all(Option::is_some));
    }
}

proptest! {
    #[test]
    fn each_line_meets_one_denial_and_each_denial_one_line(
        ours in prop::collection::vec((0i64..200, 1u64..4, 1u64..4), 0..80),
        theirs in prop::collection::vec((0i64..200, 1u64..4, 1u64..4), 0..80),
    ) {
        let marks: Vec<Mark> = ours.iter().map(|(s, c, p)| mark(*s, *c, *p)).collect();
        let entries: Vec<Entry> = theirs.iter().map(|(s, c, p)| entry(*s, *c, *p)).collect();
        let (pairs, offsets) = pair(&marks, &entries, 1);
        let mut used: Vec<u32> = pairs.iter().flatten().copied().collect();
        used.sort_unstable();
        let count = used.len();
        used.dedup();
        prop_assert_eq!(used.len(), count);
        for (mark, entry) in marks.iter().zip(&pairs) {
            let Some(entry) = entry.map(|at| &entries[at as usize]) else { continue };
            prop_assert_eq!(mark.client, entry.client);
            prop_assert!((mark.local_ms / 1000 - entry.local_ms / 1000 - offsets[0]).abs() <= 60);
        }
    }
}
