//! Real clients: streams that a program of `clients/` sends, with its own user agent and its own ways.
//!
//! A plan of all requests goes to the program beforehand; it starts when its standard input ends.

use crate::application::{packages, python, source};
use crate::scenario::{Scenario, Stream};
use crate::traffic::{Request, Source};
use serde_json::{Map, Value, json};
use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};

/// Clients that `clients/node/run.mjs` runs.
const NODE: [&str; 6] = ["axios", "undici", "fetch", "node-fetch", "got", "http"];
/// Clients that `clients/python/run.py` runs.
const PYTHON: [&str; 9] = [
    "requests", "httpx", "aiohttp", "urllib3", "urllib", "httpie", "curl", "wget", "wrk",
];
/// What repeats one request as fast as it may.
const HAMMER: &str = "wrk";
/// What `clients/node/browser.mjs` runs.
const BROWSER: &str = "chromium";

/// A client that has its plan and waits for the start.
pub struct Waiting {
    name: String,
    child: Child,
}

/// Starts the real clients of a scenario, and hands each its plan.
///
/// # Errors
/// One cannot be started.
pub fn start(
    scenario: &Scenario,
    sources: &mut Vec<Source>,
    port: u16,
) -> io::Result<Vec<Waiting>> {
    let mut waiting = Vec::new();
    for stream in scenario.streams.iter().filter(|stream| stream.real) {
        let Some(at) = sources.iter().position(|source| source.name == stream.name) else {
            continue;
        };
        let mut source = sources.remove(at);
        let plan = match &*stream.client {
            HAMMER => hammering(&mut source, scenario, stream, port),
            client => plan(&mut source, scenario, client, port),
        };
        waiting.push(spawn(&stream.client, &plan)?);
    }
    Ok(waiting)
}

/// Lets all begin.
pub fn begin(waiting: &mut [Waiting]) {
    for client in waiting {
        drop(client.child.stdin.take());
    }
}

/// Waits for all to end; what went wrong.
pub fn finish(waiting: Vec<Waiting>) -> Vec<String> {
    let mut complaints = Vec::new();
    for mut client in waiting {
        let mut said = String::new();
        if let Some(mut output) = client.child.stdout.take() {
            let _ = output.read_to_string(&mut said);
        }
        let is_well = client.child.wait().is_ok_and(|status| status.success());
        let outcome: Option<Value> = said
            .lines()
            .last()
            .and_then(|line| serde_json::from_str(line).ok());
        let errors = outcome.and_then(|outcome| outcome["errors"].as_u64());
        if !is_well || errors != Some(0) {
            complaints.push(format!("client {} failed: {said}", client.name));
        }
    }
    complaints
}

/// The requests of a stream, whatever the answers will be.
fn plan(source: &mut Source, scenario: &Scenario, client: &str, port: u16) -> String {
    let mut lines = String::new();
    let mut next = source.first_s();
    while let Some(at_s) = next {
        let (request, after) = source.take(0, at_s);
        next = after;
        let Some(request) = request else { continue };
        let headers = headers(&request, &source.name);
        let at_ms = at_s / scenario.factor * 1000.0;
        let url = format!("http://127.0.0.1:{port}{}", request.target);
        let line = if client == BROWSER {
            // The same server under another name: another origin.
            json!({ "at_ms": at_ms, "fetch": url, "from": format!("http://localhost:{port}/about"),
                    "method": request.method, "headers": headers, "body": request.body })
        } else {
            json!({ "at_ms": at_ms, "method": request.method, "url": url, "headers": headers, "body": request.body })
        };
        lines += &line.to_string();
        lines.push('\n');
    }
    lines
}

/// The one request that a stream repeats while it is busy; it begins anew with each answer.
fn hammering(source: &mut Source, scenario: &Scenario, stream: &Stream, port: u16) -> String {
    let first = source.first_s().and_then(|at_s| source.take(0, at_s).0);
    let Some(request) = first else {
        return String::new();
    };
    let real_s = |minutes: f64| minutes * 60.0 / scenario.factor;
    let until = stream.until.min(scenario.minutes);
    let plan = json!({
        "at_ms": real_s(stream.from) * 1000.0,
        "duration_s": real_s(until - stream.from),
        "rate": stream.rate * scenario.factor,
        "method": request.method,
        "url": format!("http://127.0.0.1:{port}{}", request.target),
        "headers": headers(&request, &source.name),
        "body": request.body,
    });
    format!("{plan}\n")
}

/// What a program sends besides its own headers.
fn headers(request: &Request, stream: &str) -> Map<String, Value> {
    let mut headers = Map::new();
    headers.insert(
        "X-Forwarded-For".to_string(),
        json!(request.address.to_string()),
    );
    headers.insert("X-Lab-Stream".to_string(), json!(stream));
    for header in &request.headers {
        if let Some((name, value)) = header.split_once(": ") {
            headers.insert(name.to_string(), json!(value));
        }
    }
    headers.remove("User-Agent");
    headers
}

fn spawn(client: &str, plan: &str) -> io::Result<Waiting> {
    let mut command = match client {
        BROWSER => {
            let mut command = Command::new("node");
            command.arg(source("clients/node/browser.mjs"));
            command
        }
        _ if NODE.contains(&client) => {
            let mut command = Command::new("node");
            command.arg(source("clients/node/run.mjs")).arg(client);
            command
        }
        _ if PYTHON.contains(&client) => {
            let mut command = Command::new(python());
            command.arg(source("clients/python/run.py")).arg(client);
            command
        }
        _ => {
            return Err(io::Error::other(format!(
                "no real client is called {client:?}"
            )));
        }
    };
    let mut child = command
        .env("LAB_DIR", packages())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("{command:?}: {error}")))?;
    if let Some(input) = &mut child.stdin {
        input.write_all(plan.as_bytes())?;
        input.flush()?;
    }
    Ok(Waiting {
        name: client.to_string(),
        child,
    })
}
