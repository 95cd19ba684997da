//! The applications behind the servers, as child processes.
//!
//! `applications/express` and `applications/flask` answer below `/app/`; everything else is answered by
//! the plain one (`upstream.rs`). Their windows and signed links live by the log's clock.

use crate::clock::{self, Clock};
use crate::scenario::{Application, Scenario};
use crate::server::{Site, free_port};
use crate::upstream;
use forbid_logs::findings::Algorithm;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

/// An application that runs; it ends when its standard input does.
pub struct Running {
    child: Child,
    pub address: SocketAddr,
}

/// Where `tests/servers/setup` puts packages.
pub fn packages() -> PathBuf {
    match std::env::var_os("LAB_DIR") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("target/lab"),
    }
}

/// The Python of the lab, with the packages of clients and applications.
pub fn python() -> PathBuf {
    packages().join("python/bin/python")
}

/// A file of the lab's sources.
pub fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/servers")
        .join(path)
}

impl Running {
    /// Starts the application of a scenario, if it has one; `port` is the server's in front of it.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(scenario: &Scenario, port: u16) -> io::Result<Option<Running>> {
        let mut command = match scenario.application {
            Application::Plain => return Ok(None),
            Application::Express => {
                let mut command = Command::new("node");
                command.arg(source("applications/express/app.mjs"));
                command
            }
            Application::Flask => {
                let mut command = Command::new(python());
                command.arg(source("applications/flask/app.py"));
                command
            }
        };
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let started = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        command
            .env("LAB_PORT", address.port().to_string())
            .env("LAB_FACTOR", scenario.factor.to_string())
            .env("LAB_EPOCH", clock::begins_at().to_string())
            .env("LAB_START_MS", started.as_millis().to_string())
            .env(
                "LAB_ORIGINS",
                format!("http://localhost:{port},https://app.example.com"),
            )
            .env("LAB_DIR", packages());
        for (name, value) in limit(scenario) {
            command.env(name, value);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("{command:?}: {error}")))?;
        let mut said = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut said)?;
        }
        let running = Running { child, address };
        match said.trim() {
            "ready" => Ok(Some(running)),
            _ => Err(io::Error::other(format!(
                "{command:?} said {said:?} instead of ready"
            ))),
        }
    }

    /// Calls its control, e.g. `revoke?token=key-pro-7`.
    ///
    /// # Errors
    /// It does not answer.
    pub fn control(&self, call: &str) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.address)?;
        let head = format!(
            "POST /_lab/{call} HTTP/1.1\r\nHost: lab\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        let mut status = String::new();
        BufReader::new(stream).read_line(&mut status)?;
        match status.contains(" 204 ") {
            true => Ok(()),
            false => Err(io::Error::other(format!("{call}: {status}"))),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The limiter that the application runs, as its environment.
fn limit(scenario: &Scenario) -> Vec<(&'static str, String)> {
    let limits = scenario.policies.iter().filter(|denial| denial.application);
    let mut limits = limits.filter_map(|denial| Some((denial.policy()?.limit?, denial.status)));
    let Some((limit, status)) = limits.next() else {
        return Vec::new();
    };
    let algorithm = match limit.algorithm {
        Algorithm::SlidingWindow => "sliding",
        _ => "fixed",
    };
    vec![
        ("LAB_LIMIT", limit.limit.unwrap_or(60).to_string()),
        ("LAB_WINDOW_S", limit.window_s.unwrap_or(60.0).to_string()),
        ("LAB_ALGORITHM", algorithm.to_string()),
        ("LAB_LIMIT_STATUS", status.unwrap_or(403).to_string()),
    ]
}

/// Calls the controls of a scenario when their time comes.
pub fn play_events(
    scenario: &Scenario,
    application: Option<&Running>,
    site: &Site<'_>,
    clock: Clock,
) {
    let mut events = scenario.events.clone();
    events.sort_by(|a, b| a.at.total_cmp(&b.at));
    for event in events {
        clock.wait_until(event.at * 60.0);
        let call = event.control.replace("{port}", &site.port.to_string());
        let done = match application {
            Some(application) => application.control(&call),
            None => upstream::control(site.upstream, &call),
        };
        if let Err(error) = done {
            eprintln!("{}: {error}", scenario.title());
        }
    }
}
