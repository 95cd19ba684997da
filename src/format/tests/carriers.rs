//! Each carrier carries each format: a request that stands alone in a file, and the same one in what carries lines,
//! tell the same.

use super::*;

/// What stands before a line. The stamps are later than those of the samples, whose own count.
const BEFORE: &[&str] = &[
    "<134>Mar 10 09:43:05 web-1 app: ",
    "<134>Mar 10 09:43:05 web-1 app[812]: ",
    "<134>1 2026-03-10T09:43:05.003Z web-1 app 812 - - ",
    "<134>1 2026-03-10T09:43:05Z - app - - - ",
    "2026-03-10T09:43:05.123456+00:00 web-1 app[812]: ",
    "2026-03-10T09:43:05.123456789Z stdout F ",
    "2026-03-10T09:43:05.123456789+00:00 stderr F ",
    "2026-03-10T09:43:05.123456789Z ",
    "web-1  | ",
    "[pod/web-7d9f/nginx] ",
];

/// Samples that some of these do not carry, and why.
const EXCEPT: &[(&str, &str)] = &[
    (
        "actix",
        "its lines begin with a stamp, a level and a name, which are taken with a stamp before them",
    ),
    ("logfmt", "as those of actix"),
    (
        "logfmt-lograge",
        "Ruby's logger writes no zone, so that the carrier's stamp counts",
    ),
    ("logfmt-lograge-lists", "as above"),
    ("ktor", "its logger's stamp has no zone"),
    ("openstack", "as above"),
    ("json-records", "a line of it holds several records"),
    (
        "tower-http",
        "a line of it is a message with a stamp of its own",
    ),
];

fn is_of_one_format(folder: &Path) -> bool {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let is_mixed = ["carried-", "mixed"]
        .iter()
        .any(|start| name.starts_with(start));
    let is_excepted = EXCEPT.iter().any(|(other, _)| *other == name);
    !is_mixed && !is_excepted && !folder.join("settings.json").exists()
}

/// The only record of a text; none where there is another number of them.
fn only_record(text: &[u8]) -> Option<Map<String, Value>> {
    let detected = detect(text, &FormatSettings::default()).ok()?;
    match &told(&detected, &[text])[..] {
        [Value::Object(record)] if !record.contains_key("skipped") => Some(record.clone()),
        _ => None,
    }
}

/// The line in Docker's log, in a cell of a table, and behind each of [`BEFORE`].
fn carried(line: &str) -> Vec<String> {
    let docker = json!({ "log": format!("{line}\n"), "stream": "stdout", "time": "2026-03-10T09:43:05.123456789Z" });
    let journal = json!({ "__REALTIME_TIMESTAMP": "1773135785000000", "SYSLOG_IDENTIFIER": "app", "MESSAGE": line.as_bytes() });
    let mut all = vec![docker.to_string(), journal.to_string()];
    // A line that is an object, or begins with a quote, is no cell by these rules.
    if !line.starts_with('"') {
        all.push(format!("\"{}\"", line.replace('"', "\"\"")));
    }
    all.extend(BEFORE.iter().map(|before| format!("{before}{line}")));
    all
}

#[test]
fn every_carrier_carries_every_format() {
    /// Requests of each sample that are looked at.
    const MOST: usize = 4;
    let mut failed = Vec::new();
    for folder in folders()
        .into_iter()
        .filter(|folder| is_of_one_format(folder))
    {
        let sample = fs::read(folder.join("sample.log")).unwrap();
        let lines = sample
            .split(|byte| *byte == b'\n')
            .filter_map(|line| std::str::from_utf8(line).ok());
        let requests = lines.filter_map(|line| {
            let line = line.strip_suffix('\r').unwrap_or(line);
            Some((line, only_record(line.as_bytes())?))
        });
        for (line, alone) in requests.take(MOST) {
            for text in carried(line) {
                let mut found = only_record(text.as_bytes()).unwrap_or_default();
                // Where the line tells no time, that of its carrier counts.
                if alone["time"] == "1970-01-01T00:00:00.000Z" {
                    found.insert("time".to_owned(), alone["time"].clone());
                }
                if found != alone {
                    failed.push(format!(
                        "{}: {text}\n  alone {alone:?}\n  here  {found:?}",
                        folder.display()
                    ));
                }
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{} of them, first:\n{}",
        failed.len(),
        failed[..failed.len().min(12)].join("\n")
    );
}
