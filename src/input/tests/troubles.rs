//! Files that shrink, data that are damaged, a spool that is full.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use super::*;

fn one_trouble(troubles: &[Trouble]) -> &Trouble {
    assert_eq!(troubles.len(), 1, "{troubles:?}");
    &troubles[0]
}

fn numbered_lines(count: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|n| format!("line {n}\n").into_bytes())
        .collect()
}

/// Opens a file of `text`, lets `change` happen to it in the middle of the first pass, and gives the
/// troubles of both passes.
fn changed_while_read(text: &[u8], no_mmap: bool, change: fn(&Path)) -> [Vec<Trouble>; 2] {
    guard::install().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = PathBuf::from(write(directory.path(), "access.log", text));
    let mut settings = settings(&[path.to_str().unwrap().to_owned()], 4096);
    settings.no_mmap = no_mmap;
    let mut input = Input::open(&settings).unwrap().input;
    let changed = std::sync::Once::new();
    let step = |sum: &mut u64, chunk: &Chunk<'_>| {
        if chunk.number == 3 {
            changed.call_once(|| change(&path));
        }
        // Touches every byte, as a parser would.
        *sum += chunk.bytes.iter().map(|b| u64::from(*b)).sum::<u64>();
    };
    let first = input.first_pass(|| 0, step, &|_| {});
    let second = input.second_pass(&|_, _| true, || 0, step, &|_| {});
    [first.troubles, second.troubles]
}

#[test]
fn a_file_that_shrinks_is_a_trouble_and_not_the_end() {
    let text = numbered_lines(100_000);
    for no_mmap in [false, true] {
        let truncate = |path: &Path| {
            File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(0)
                .unwrap()
        };
        for troubles in changed_while_read(&text, no_mmap, truncate) {
            let Trouble::Shrank {
                analysed, expected, ..
            } = one_trouble(&troubles)
            else {
                panic!("{troubles:?}");
            };
            assert_eq!(*expected, text.len() as u64);
            assert!(analysed < expected);
        }
    }
}

#[test]
fn a_long_array_that_shrinks_is_a_trouble_and_gives_its_whole_elements() {
    let text = format!("[{}", "{\"a\":1},".repeat(4 << 17)).into_bytes();
    let half = |path: &Path| {
        let file = File::options().write(true).open(path).unwrap();
        file.set_len(3 << 20).unwrap();
    };
    let [first, second] = changed_while_read(&text, false, half);
    let Trouble::Shrank {
        analysed, expected, ..
    } = one_trouble(&first)
    else {
        panic!("{first:?}");
    };
    assert_eq!(*expected, text.len() as u64);
    assert!(*analysed > 2 << 20 && *analysed <= 3 << 20);
    assert!(second.is_empty(), "{second:?}");
}

#[test]
fn a_file_that_is_rewritten_is_a_trouble() {
    let text = numbered_lines(100_000);
    for no_mmap in [false, true] {
        let rewrite = |path: &Path| fs::write(path, vec![b'x'; 10_000_000]).unwrap();
        for troubles in changed_while_read(&text, no_mmap, rewrite) {
            assert!(
                matches!(one_trouble(&troubles), Trouble::Shrank { .. }),
                "{troubles:?}"
            );
        }
    }
}

#[test]
fn a_file_that_grows_or_is_rotated_is_none() {
    let text = numbered_lines(10_000);
    for no_mmap in [false, true] {
        let grow = |path: &Path| {
            let mut file = File::options().append(true).open(path).unwrap();
            file.write_all(b"one more\n").unwrap();
        };
        let rotate = |path: &Path| {
            fs::rename(path, path.with_extension("1")).unwrap();
            fs::write(path, "new\n").unwrap();
        };
        for change in [grow, rotate] {
            for troubles in changed_while_read(&text, no_mmap, change) {
                assert!(troubles.is_empty(), "{troubles:?}");
            }
        }
    }
}

#[test]
fn only_the_length_at_open_counts() {
    guard::install().unwrap();
    for no_mmap in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let path = write(directory.path(), "access.log", b"one\ntw");
        let mut settings = settings(std::slice::from_ref(&path), 2);
        settings.no_mmap = no_mmap;
        let mut input = Input::open(&settings).unwrap().input;
        fs::write(path, b"one\ntwo\nthree\n").unwrap();
        let (seen, troubles) = first_pass(&mut input);
        assert_eq!(text_of(&seen), b"one\ntw");
        // The beginning that is remembered is what the file had at open, all of it.
        assert!(troubles.is_empty(), "{troubles:?}");
    }
}

#[test]
fn truncated_data_give_their_whole_lines() {
    let text = numbered_lines(400_000);
    for way in WAYS {
        let Way::Packed(compression) = way else {
            continue;
        };
        let mut packed = pack(compression, &text);
        packed.truncate(packed.len() * 3 / 4);
        let directory = tempfile::tempdir().unwrap();
        let path = write(directory.path(), "access.log", &packed);
        let mut input = Input::open(&settings(&[path], 10_000)).unwrap().input;
        let (seen, troubles) = first_pass(&mut input);
        let read = text_of(&seen);
        assert!(
            text.starts_with(&read) && read.ends_with(b"\n"),
            "{compression}"
        );
        assert!(read.len() > text.len() / 3, "{compression}: {}", read.len());
        let Trouble::Damaged { analysed, .. } = one_trouble(&troubles) else {
            panic!("{troubles:?}");
        };
        assert_eq!(*analysed, read.len() as u64);
        assert!(second_pass(&input).0 == seen, "{compression}");
    }
}

#[test]
fn garbage_within_or_behind_the_data_is_a_trouble() {
    let text = numbered_lines(200_000);
    for way in WAYS {
        let Way::Packed(compression) = way else {
            continue;
        };
        let packed = pack(compression, &text);
        let mut within = packed.clone();
        let middle = within.len() / 2;
        within[middle..middle + 64].fill(0x55);
        let mut behind = packed;
        behind.extend_from_slice(b"this is not compressed at all");
        // A decoder may drop what it made in the call in which it finds the garbage.
        let all_but_a_step = text.len() - (33 << 10);
        for (damaged, least) in [(within, text.len() / 8), (behind, all_but_a_step)] {
            let directory = tempfile::tempdir().unwrap();
            let path = write(directory.path(), "access.log", &damaged);
            let mut input = Input::open(&settings(&[path], 10_000)).unwrap().input;
            let (seen, troubles) = first_pass(&mut input);
            let bytes = text_of(&seen).len();
            assert!(bytes >= least, "{compression}: {bytes} of {}", text.len());
            assert!(matches!(one_trouble(&troubles), Trouble::Damaged { .. }));
        }
    }
}

#[test]
fn damage_in_the_first_bytes_is_a_trouble_of_the_pass() {
    for way in [Compression::Gzip, Compression::Xz] {
        let packed = pack(way, b"line\n");
        let (path, reader, writer) = pipe(packed[..packed.len() - 6].to_vec());
        let mut input = Input::open(&settings(&[path], 100)).unwrap().input;
        drop(reader);
        let (_, troubles) = first_pass(&mut input);
        assert!(matches!(one_trouble(&troubles), Trouble::Damaged { .. }));
        writer.join().unwrap();
    }
}

#[test]
fn a_full_spool_costs_the_second_pass_only() {
    let text = numbered_lines(100_000);
    let directory = tempfile::tempdir().unwrap();
    let path = write(
        directory.path(),
        "access.log",
        &pack(Compression::Gzip, &text),
    );
    let mut settings = settings(&[path], 50_000);
    settings.max_temp_bytes = 100_000;
    let mut input = Input::open(&settings).unwrap().input;
    let (seen, troubles) = first_pass(&mut input);
    assert!(text_of(&seen) == text);
    assert!(matches!(one_trouble(&troubles), Trouble::SpoolFull { .. }));
    let (again, troubles) = second_pass(&input);
    let Trouble::NotKept { chunks, .. } = one_trouble(&troubles) else {
        panic!("{troubles:?}");
    };
    assert_eq!(again.len() + chunks, seen.len());
    assert!(!again.is_empty() && again.iter().all(|chunk| seen.contains(chunk)));
}

/// A fault in memory that is not a guarded mapping still ends the process, by SIGBUS.
#[test]
fn the_guard_leaves_other_faults_alone() {
    const CHILD: &str = "FORBID_LOGS_TEST_FAULT";
    if std::env::var_os(CHILD).is_some() {
        fault_in_an_unguarded_mapping();
        return;
    }
    let name = "input::tests::troubles::the_guard_leaves_other_faults_alone";
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env(CHILD, "1")
        .output()
        .unwrap()
        .status;
    assert_eq!(status.signal(), Some(libc::SIGBUS), "{status}");
}

fn fault_in_an_unguarded_mapping() {
    guard::install().unwrap();
    let file = tempfile::tempfile().unwrap();
    file.set_len(100_000).unwrap();
    // SAFETY: the fault is what is tested; nothing relies on the bytes.
    let map = unsafe { memmap2::Mmap::map(&file) }.unwrap();
    file.set_len(0).unwrap();
    println!("{}", std::hint::black_box(map[50_000]));
}
