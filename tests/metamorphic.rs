//! What must not change a verdict: another day, other names, less or more of the traffic that has nothing to do with
//! it, lines within a second in another order, a log in rotated parts.

mod running;
mod traffic;

use chrono::{DateTime, Duration};
use forbid_logs::findings::{Analysis, Cause, Moment, Spike};
use forbid_logs::synth::Random;
use running::{analyze, settings};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use traffic::{BROWSERS, Traffic, analyzed, get, written};

/// Labelled logs in the combined format, each of another cause.
const LOGS: [&str; 8] = [
    "nginx-limit-req",
    "nginx-geo-ban-list",
    "nginx-denied-location",
    "nginx-hotlink-referer",
    "nginx-user-agent-list",
    "apache-modsecurity-crs",
    "nginx-auth-request-revoked-token",
    "nginx-permission-role-and-plan",
];

fn text(name: &str) -> String {
    let folder = Path::new("fixtures/labelled").join(name);
    let log = fs::read_dir(&folder)
        .expect("there is a folder")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("access.log"))
        })
        .expect("there is a log");
    let bytes = fs::read(&log).expect("the log can be read");
    let is_packed = log.extension().is_some_and(|extension| extension == "gz");
    let plain = if is_packed { unpacked(&bytes) } else { bytes };
    String::from_utf8(plain).expect("labelled logs are text")
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(bytes), &mut plain)
        .expect("a gzip");
    plain
}

/// When, how long and why, in seconds from the first spike's start.
#[derive(Debug, PartialEq)]
struct Told {
    cause: Cause,
    start_s: i64,
    end_s: i64,
    denials: u64,
}

fn told(analysis: &Analysis) -> Vec<Told> {
    let first = analysis.spikes.first().map(|spike| spike.start);
    let since = |moment: Moment| first.map_or(0, |first| (moment - first).num_seconds());
    let one = |spike: &Spike| Told {
        cause: spike.cause,
        start_s: since(spike.start),
        end_s: since(spike.end),
        denials: spike.denials,
    };
    analysis.spikes.iter().map(one).collect()
}

/// The causes, and whether each spike lies within a tenth of its length of where it lay.
fn assert_alike(name: &str, before: &[Told], after: &[Told]) {
    assert_eq!(
        before.len(),
        after.len(),
        "{name}: {before:?} became {after:?}"
    );
    for (a, b) in before.iter().zip(after) {
        let slack = ((a.end_s - a.start_s) / 10).max(5);
        let near = (a.start_s - b.start_s).abs() <= slack && (a.end_s - b.end_s).abs() <= slack;
        assert!(a.cause == b.cause && near, "{name}: {a:?} became {b:?}");
    }
}

/// A log as it is, and what is said about it.
struct Original {
    name: &'static str,
    text: String,
    told: Vec<Told>,
}

/// Read once, whichever tests run at the same time.
static ORIGINALS: LazyLock<Vec<Original>> = LazyLock::new(|| {
    let original = |name: &'static str| {
        let text = text(name);
        let told = told(&analyzed(&format!("metamorphic-{name}"), &text));
        assert!(!told.is_empty(), "{name} has spikes");
        Original { name, text, told }
    };
    LOGS.into_iter().map(original).collect()
});

#[test]
fn another_day_and_hour() {
    for Original {
        name,
        text,
        told: before,
    } in ORIGINALS.iter()
    {
        let shifted: String = text
            .lines()
            .map(|line| shifted(line, Duration::seconds(40 * 86_400 + 7 * 3_600 + 60)) + "\n")
            .collect();
        let after = told(&analyzed(&format!("metamorphic-shifted-{name}"), &shifted));
        assert_eq!(*before, after, "{name}");
    }
}

fn shifted(line: &str, by: Duration) -> String {
    const STAMP: &str = "%d/%b/%Y:%H:%M:%S %z";
    let (Some(from), Some(to)) = (line.find('['), line.find(']')) else {
        panic!("no stamp in {line}");
    };
    let time = DateTime::parse_from_str(&line[from + 1..to], STAMP).expect("a stamp");
    format!(
        "{}[{}{}",
        &line[..from],
        (time + by).format(STAMP),
        &line[to..]
    )
}

#[test]
fn other_addresses_routes_and_agents() {
    for Original {
        name,
        text,
        told: before,
    } in ORIGINALS.iter()
    {
        let renamed: String = text.lines().map(|line| renamed(line) + "\n").collect();
        let after = told(&analyzed(&format!("metamorphic-renamed-{name}"), &renamed));
        assert_eq!(*before, after, "{name}");
    }
}

/// Addresses keep which network they share; routes and agents keep what kind of thing they are.
fn renamed(line: &str) -> String {
    let (ip, rest) = line.split_once(' ').expect("an address first");
    let octets: Vec<u8> = ip
        .split('.')
        .map(|octet| octet.parse().expect("IPv4"))
        .collect();
    let (a, b) = (1 + (octets[0] ^ 0x15) % 223, octets[1] ^ 0x2a);
    let rest = [
        ("/products", "/articles"),
        ("/orders", "/invoices"),
        ("python-requests/2", "python-requests/3"),
        ("okhttp/4.", "okhttp/5."),
        ("Chrome/12", "Chrome/92"),
    ]
    .into_iter()
    .fold(rest.to_string(), |rest, (from, to)| rest.replace(from, to));
    format!("{a}.{b}.{}.{} {rest}", octets[2] ^ 0x33, octets[3])
}

#[test]
fn less_of_the_traffic_that_was_never_denied() {
    for Original {
        name,
        text,
        told: before,
    } in ORIGINALS.iter()
    {
        let ip = |line: &str| line.split(' ').next().unwrap_or("").to_string();
        let denied: HashSet<String> = text
            .lines()
            .filter(|line| line.contains("\" 403 "))
            .map(ip)
            .collect();
        let mut nth = 0u32;
        let thinned: String = text
            .lines()
            .filter(|line| {
                nth += 1;
                denied.contains(&ip(line)) || !nth.is_multiple_of(3)
            })
            .map(|line| format!("{line}\n"))
            .collect();
        assert!(thinned.len() < text.len(), "{name}: something was left out");
        let after = told(&analyzed(&format!("metamorphic-thinned-{name}"), &thinned));
        assert_alike(name, before, &after);
    }
}

#[test]
fn lines_within_a_second_in_another_order() {
    for Original {
        name,
        text,
        told: before,
    } in ORIGINALS.iter()
    {
        let mut random = Random::new(11);
        let mut lines: Vec<(&str, u64, &str)> = text
            .lines()
            .map(|line| {
                let from = line.find('[').expect("a stamp");
                (&line[from..from + 22], random.bits(), line)
            })
            .collect();
        // Stamps stay where they are; what stands under the same one is shuffled.
        for under_stamp in lines.chunk_by_mut(|a, b| a.0 == b.0) {
            under_stamp.sort_by_key(|(_, chance, _)| *chance);
        }
        let shuffled: String = lines
            .iter()
            .map(|(_, _, line)| format!("{line}\n"))
            .collect();
        assert_ne!(*text, shuffled, "{name}: something was moved");
        let after = told(&analyzed(
            &format!("metamorphic-shuffled-{name}"),
            &shuffled,
        ));
        assert_eq!(*before, after, "{name}");
    }
}

#[test]
fn a_log_in_rotated_parts() {
    for Original {
        name,
        text,
        told: before,
    } in ORIGINALS.iter()
    {
        let lines: Vec<&str> = text.lines().collect();
        let parts: Vec<PathBuf> = lines
            .chunks(lines.len().div_ceil(3))
            .enumerate()
            .map(|(nth, part)| {
                let text: String = part.iter().map(|line| format!("{line}\n")).collect();
                written(&format!("metamorphic-part-{name}-{}", 3 - nth), &text)
            })
            .collect();
        let after = told(&analyze(&settings(&parts)));
        assert_eq!(*before, after, "{name}");
    }
}

#[test]
fn more_traffic_that_has_nothing_to_do_with_it() {
    for Original {
        name,
        text,
        told: before,
    } in ORIGINALS.iter()
    {
        // Visitors of another site on the same server, as many as a fifth of what there is.
        let count = text.lines().count();
        let mut random = Random::new(13);
        let stamped: Vec<&str> = text.lines().collect();
        let mut more = String::with_capacity(text.len() * 2);
        for line in &stamped {
            more.push_str(line);
            more.push('\n');
            if random.below(5) == 0 {
                let from = line.find('[').expect("a stamp");
                let ip = format!("{}.{}.77.7", 150 + random.below(20), random.below(200));
                let path = ["/other/", "/other/list", "/other/about"][random.below(3)];
                let agent = BROWSERS[random.below(4)];
                more.push_str(&format!(
                    "{ip} - - {} \"GET {path} HTTP/1.1\" 200 7300 \"-\" \"{agent}\"\n",
                    &line[from..from + 28]
                ));
            }
        }
        assert!(
            more.lines().count() > count + count / 10,
            "{name}: something was added"
        );
        let after = told(&analyzed(&format!("metamorphic-more-{name}"), &more));
        assert_alike(name, before, &after);
    }
}

#[test]
fn a_second_cause_elsewhere_leaves_the_first_as_it_was() {
    let mut traffic = Traffic::ordinary(1);
    traffic.stream(2, 600.0, 1_200.0, 1.0, |at_s, random| {
        let path = ["/", "/cart", "/products", "/about"][random.below(4)];
        get(
            at_s,
            &format!("198.51.100.{}", 1 + random.below(9)),
            path,
            BROWSERS[random.below(4)],
        )
        .denied()
    });
    let alone = told(&traffic.analyzed("metamorphic-alone"));
    traffic.stream(3, 2_400.0, 3_000.0, 1.5, |at_s, random| {
        get(
            at_s,
            &format!("{}.7.7.7", 40 + random.below(50)),
            "/admin/",
            BROWSERS[random.below(4)],
        )
        .denied()
    });
    let both = told(&traffic.analyzed("metamorphic-both"));
    assert_eq!(both.len(), 2, "{both:?}");
    assert_eq!(alone[0], both[0]);
}
