//! A log that is one array on a line over 1 MiB gives what its elements as lines give, through the real program.

mod content;

use content::compressed;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Requests of an hour: admitted ones of many, and those of one client that all are denied in the middle of it.
fn records() -> Vec<String> {
    (0..9_000u64)
        .map(|n| {
            let is_denied = (3_000..5_000).contains(&n) && n % 4 == 0;
            json!({
                "time": 1_773_135_000 + n * 2 / 5,
                "remote_addr": if is_denied { "198.51.100.7".to_owned() } else { format!("203.0.113.{}", n % 97) },
                "request": format!("GET /a/{}?q=[{{}},{{\"\\ HTTP/1.1", n % 7),
                "status": if is_denied { 403 } else { 200 },
                "body_bytes_sent": 100 + n % 50,
                "http_user_agent": format!("agent \"{{[,{}", n % 5),
                "tags": [{"a": 1}, {"b": [n, null]}],
            })
            .to_string()
        })
        .collect()
}

fn run(directory: &Path, arguments: &[&str], stdin: Stdio) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_forbid-logs"))
        .args(arguments)
        .current_dir(directory)
        .env("XDG_STATE_HOME", directory)
        .stdin(stdin)
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// An analysis without what names the file, and the space around the elements of an array.
fn analysis(text: &str, name: &str) -> Value {
    let mut analysis: Value = serde_json::from_str(&text.replace(name, "LOG")).expect("JSON");
    let file = &mut analysis["input"]["files"][0];
    for key in ["compression", "bytes", "detected_by"] {
        file[key] = Value::Null;
    }
    for list in ["spikes", "standing"] {
        let groups = analysis[list].as_array_mut().into_iter().flatten();
        for example in
            groups.flat_map(|group| group["examples"].as_array_mut().into_iter().flatten())
        {
            example["text"] = example["text"].as_str().map(str::trim).into();
        }
    }
    analysis
}

#[test]
fn a_long_array_gives_what_its_elements_as_lines_give() {
    let directory = tempfile::tempdir().expect("a directory");
    let here = directory.path();
    let records = records();
    let lines = records.iter().map(|record| format!("{record}\n"));
    fs::write(here.join("lines.json"), lines.collect::<String>()).expect("a log is written");
    let list = records.join(",");
    assert!(list.len() > 3 << 19);
    let written = [
        ("array.json", format!("[{list}]"), false),
        (
            "array.json.gz",
            format!("[ {}]\n", records.join(" , ")),
            true,
        ),
        ("held.json", format!("{{\"Records\":[{list}]}}"), false),
        ("held.json.gz", format!("{{\"value\": [{list}]}}\n"), true),
        (
            "several.json",
            format!(
                "[{}][{}]",
                records[..8_000].join(","),
                records[8_000..].join(",")
            ),
            false,
        ),
    ];
    let analyze = |name: &str, stdin: Stdio, shown: &str| {
        let text = run(here, &["analyze", name, "--format", "json"], stdin);
        analysis(&text, shown)
    };
    let export = |name: &str, stdin: Stdio, shown: &str| {
        let arguments = ["export", name, "--all", "--verdict", "--format", "ndjson"];
        run(here, &arguments, stdin).replace(&format!("\"file\":\"{shown}\""), "")
    };
    let expected = analyze("lines.json", Stdio::null(), "lines.json");
    assert_eq!(expected["input"]["parsed"], 9_000);
    assert_eq!(expected["totals"]["denials"], 500);
    let examples = expected.pointer("/spikes/0/examples");
    assert!(examples.is_some_and(|examples| examples[0]["line"].as_u64() > Some(3_000)));
    let records = export("lines.json", Stdio::null(), "lines.json");
    assert_eq!(records.lines().count(), 9_000);
    for (name, text, is_packed) in written {
        let bytes = match is_packed {
            true => compressed("gzip", text.as_bytes()),
            false => text.into_bytes(),
        };
        fs::write(here.join(name), bytes).expect("a log is written");
        assert!(analyze(name, Stdio::null(), name) == expected, "{name}");
        assert!(export(name, Stdio::null(), name) == records, "{name}");
        let mut cat = Command::new("cat")
            .arg(here.join(name))
            .stdout(Stdio::piped())
            .spawn()
            .expect("cat runs");
        let pipe = cat.stdout.take().expect("a pipe");
        assert!(export("-", pipe.into(), "-") == records, "{name} piped");
        cat.wait().expect("cat ends");
        let told = run(here, &["formats", name], Stdio::null());
        assert!(told.contains("sampled lines parse as json"), "{told}");
    }
}

#[test]
fn messages_side_by_side_give_what_their_events_give() {
    let directory = tempfile::tempdir().expect("a directory");
    let here = directory.path();
    let events: Vec<String> = records()
        .iter()
        .enumerate()
        .map(|(n, record)| json!({"id": n, "timestamp": 1_773_135_000_000u64, "message": record}))
        .map(|event| event.to_string())
        .collect();
    fs::write(here.join("events.json"), events.join("\n")).expect("a log is written");
    let messages: String = events
        .chunks(4_500)
        .map(|events| {
            let list = events.join(",");
            format!(r#"{{"messageType":"DATA_MESSAGE","logEvents":[{list}],"owner":"o"}}"#)
        })
        .collect();
    fs::write(
        here.join("messages.gz"),
        compressed("gzip", messages.as_bytes()),
    )
    .expect("a log is written");
    let analyze = |name: &str| {
        let text = run(here, &["analyze", name, "--format", "json"], Stdio::null());
        analysis(&text, name)
    };
    assert!(analyze("messages.gz") == analyze("events.json"));
}

#[test]
fn elements_have_their_numbers_in_every_chunk() {
    let directory = tempfile::tempdir().expect("a directory");
    let records = records();
    let arrays = records
        .chunks(100)
        .map(|list| format!("[{}]\n", list.join(",")));
    let text: String = arrays.collect();
    assert!(text.len() > 3 << 19);
    fs::write(directory.path().join("arrays.json"), text).expect("a log is written");
    let arguments = ["export", "arrays.json", "--all", "--format", "ndjson"];
    let exported = run(directory.path(), &arguments, Stdio::null());
    let numbers = exported.lines().map(|record| {
        let record: Value = serde_json::from_str(record).expect("JSON");
        record["line"].as_u64().expect("a number")
    });
    assert!(numbers.eq(1..=9_000));
}
