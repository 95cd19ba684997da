//! Real servers: each turns policies into its own configuration, and says which of them denied.
//!
//! Each access log is written with a tail behind every line: a byte 1F, the stream, another 1F, and the
//! cause as the server's own configuration knows it. `labels.rs` takes the tail off again.

mod apache;
mod caddy;
mod haproxy;
mod lighttpd;
mod nginx;

use crate::clock::{self, Clock};
use crate::scenario::{Denial, Scenario, ServerKind};
use forbid_logs::findings::Cause;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What parts the fields of the tail; no server writes it by itself.
pub const TAIL: char = '\u{1f}';

/// The log as the server writes it, tails included.
pub const RAW_LOG: &str = "raw.log";
/// The server's error log, in its directory.
pub const ERROR_LOG: &str = "error.log";

/// Where a server runs.
pub struct Site<'a> {
    pub scenario: &'a Scenario,
    /// Its configuration and logs.
    pub directory: PathBuf,
    pub port: u16,
    /// The plain application behind it.
    pub upstream: SocketAddr,
    /// The one that answers below `/app/`.
    pub application: Option<SocketAddr>,
}

impl Site<'_> {
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// A line without the lab's port behind the name of the shop.
    pub fn without_port(&self, line: &str) -> String {
        line.replace(
            &format!("shop.example.com:{}", self.port),
            "shop.example.com",
        )
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// What a server program can do.
pub trait Server: Sync {
    /// Name of its configuration file.
    fn configuration(&self) -> &'static str;

    /// The configuration with these policies in force.
    fn configured(&self, site: &Site<'_>, policies: &[&Denial]) -> String;

    /// What else has to stand in its directory before it starts.
    ///
    /// # Errors
    /// A file cannot be written.
    fn prepare(&self, _site: &Site<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The command that runs it in the foreground.
    fn command(&self, site: &Site<'_>) -> Command;

    /// Whether its threads read the clock, for libfaketime.
    fn has_threads(&self) -> bool {
        false
    }

    /// Whether it lives by libfaketime at all; otherwise its stamps are stretched afterwards.
    fn is_stretched(&self) -> bool {
        true
    }

    /// Whether a policy counts by the address of the connection, where no header can name another.
    fn looks_at_connections(&self, _scenario: &Scenario) -> bool {
        false
    }

    /// Makes it take a changed configuration.
    ///
    /// # Errors
    /// It cannot be told.
    fn reload(&self, site: &Site<'_>, child: &Child) -> io::Result<()> {
        let _ = site;
        signal(child, "HUP")
    }

    /// A line as it was written, without its tail: the line, the stream, and what [`Server::cause`] takes.
    /// None if there is no tail.
    fn parted(&self, raw: &str) -> Option<(String, String, Vec<String>)> {
        let mut parts = raw.split(TAIL).map(str::to_string);
        Some((parts.next()?, parts.next()?, parts.collect()))
    }

    /// The line of the access log as it is published, if the tail does not tell all.
    fn finish(&self, line: &str, _site: &Site<'_>) -> String {
        line.to_string()
    }

    /// The cause of a denial, from what stands in the tail behind the stream.
    fn cause(&self, fields: &[&str]) -> Option<Cause>;

    /// How many denials of each kind its error log states, and how many the labels have of that kind:
    /// they have to agree.
    fn stated(&self, _error_log: &str, _labels: &[crate::labels::Label]) -> Vec<Stated> {
        Vec::new()
    }
}

/// A count of the error log beside the same count of the labels.
#[derive(Debug)]
pub struct Stated {
    /// Read where it is printed.
    #[allow(dead_code)]
    pub what: &'static str,
    pub in_error_log: usize,
    pub in_labels: usize,
}

/// The server of a kind.
pub fn of(kind: ServerKind) -> Box<dyn Server> {
    match kind {
        ServerKind::Apache => Box::new(apache::Apache),
        ServerKind::Nginx => Box::new(nginx::Nginx),
        ServerKind::Haproxy => Box::new(haproxy::Haproxy::default()),
        ServerKind::Caddy => Box::new(caddy::Caddy::default()),
        ServerKind::Lighttpd => Box::new(lighttpd::Lighttpd),
    }
}

/// A server that runs; it is stopped when this is dropped.
pub struct Running<'a> {
    server: &'a dyn Server,
    site: &'a Site<'a>,
    child: Child,
    /// The clock that began when it started.
    pub clock: Clock,
}

impl<'a> Running<'a> {
    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    /// It does not start; its output says why.
    pub fn start(server: &'a dyn Server, site: &'a Site<'a>) -> io::Result<Running<'a>> {
        server.prepare(site)?;
        configure(server, site, 0.0)?;
        let mut command = server.command(site);
        let factor = site.scenario.factor;
        if server.is_stretched() {
            clock::stretch(&mut command, factor, server.has_threads());
        }
        let output = fs::File::create(site.path("output.txt"))?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let child = command
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("{command:?}: {error}")))?;
        let clock = Clock::start(factor);
        let running = Running {
            server,
            site,
            child,
            clock,
        };
        running.wait_until_it_listens()?;
        Ok(running)
    }

    fn wait_until_it_listens(&self) -> io::Result<()> {
        let patience = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(self.site.address()).is_err() {
            if Instant::now() > patience {
                let said = fs::read_to_string(self.site.path("output.txt")).unwrap_or_default();
                return Err(io::Error::other(format!(
                    "{} does not listen: {said}",
                    self.site.scenario.title()
                )));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Puts the policies of a minute in force.
    ///
    /// # Errors
    /// The server cannot be told.
    pub fn change(&self, minute: f64) -> io::Result<()> {
        configure(self.server, self.site, minute)?;
        self.server.reload(self.site, &self.child)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = signal(&self.child, "TERM");
        let patience = Instant::now() + Duration::from_secs(5);
        while Instant::now() < patience {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configure(server: &dyn Server, site: &Site<'_>, minute: f64) -> io::Result<()> {
    let policies = site.scenario.policies_at(minute);
    let text = server.configured(site, &policies);
    fs::write(site.path(server.configuration()), text)
}

/// Sends a signal by its name.
///
/// # Errors
/// There is no such process any more.
pub fn signal(child: &Child, name: &str) -> io::Result<()> {
    let status = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!(
            "cannot send {name} to the server"
        ))),
    }
}

/// A port of this machine that nobody listens on.
///
/// # Errors
/// There is none.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Lines of a log that contain a text.
pub fn lines_with(log: &str, text: &str) -> usize {
    log.lines().filter(|line| line.contains(text)).count()
}

/// Whether this program may give files away and drop its rights, as a server's master does.
pub fn is_root() -> bool {
    let owner = fs::metadata("/proc/self").map(|of| std::os::unix::fs::MetadataExt::uid(&of));
    owner.is_ok_and(|uid| uid == 0)
}

/// Writes a file, and the folders that it needs.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}
