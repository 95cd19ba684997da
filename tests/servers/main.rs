//! The lab: real servers with stated policies, real clients, and access logs in which the cause of every
//! denial is known.
//!
//! ```text
//! tests/servers/setup                                              installs servers and clients
//! cargo test --features lab --test servers                         the quick set
//! cargo test --features lab --test servers -- --only limit         some of it
//! cargo test --features lab --test servers -- --generate 150 --seed 1 --out DIR
//! ```
//!
//! A scenario fails when its server does not do what it says: a denial without a cause, a spike that does
//! not come, or labels that the server's own error log contradicts; and when the program, given that error log and
//! the configuration, takes a stated cause for another or does not find the line of a limit.

mod agents;
mod application;
mod client;
mod clock;
mod drive;
mod labels;
mod matrix;
mod product;
mod rebuilt;
mod recognition;
mod scenario;
mod server;
mod statement;
mod traffic;
mod upstream;

use clap::Parser;
use scenario::Scenario;
use server::{Running, Site};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::slice;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Real seconds behind the last request in which answers that are under way arrive.
const GRACE: Duration = Duration::from_millis(400);

/// Real seconds of lateness with which a log is made again.
const TOO_LATE_S: f64 = 2.0;
/// How often a log is made again at most.
const MOST_AGAIN: u32 = 2;

/// Makes access logs of real servers with known causes.
#[derive(Parser)]
struct Arguments {
    /// Only scenarios with this in their name.
    #[arg(long, default_value = "")]
    only: String,
    /// Makes so many scenarios by chance instead of the quick set.
    #[arg(long)]
    generate: Option<usize>,
    /// The seed of that chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Lists the scenarios and makes nothing.
    #[arg(long)]
    list: bool,
    /// Where logs and labels are written, a folder each; kept only if it is given.
    #[arg(long)]
    out: Option<PathBuf>,
    /// How many servers run at the same time; they are idle most of the time.
    #[arg(long, default_value_t = 4)]
    jobs: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let all = match arguments.generate {
        Some(count) => matrix::generate(count, arguments.seed),
        None => scenario::load(include_str!("quick.toml")),
    };
    let scenarios: Vec<Scenario> = all
        .into_iter()
        .filter(|scenario| scenario.title().contains(&arguments.only))
        .collect();
    if arguments.list {
        for scenario in &scenarios {
            let (mechanism, traffic) = (&scenario.mechanism, &scenario.traffic);
            let around = &scenario.around;
            println!(
                "{:40} {mechanism:20} {traffic:15} {around}",
                scenario.title()
            );
        }
        return ExitCode::SUCCESS;
    }
    let kept = arguments.out.clone();
    let scratch = std::env::temp_dir().join(format!("forbid-logs-lab-{}", std::process::id()));
    let out = kept.clone().unwrap_or_else(|| scratch.clone());
    let queue = Mutex::new(scenarios.iter());
    let failed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..arguments.jobs {
            scope.spawn(|| {
                while let Some(scenario) = next(&queue) {
                    let is_well = report(scenario, &out);
                    failed.fetch_add(usize::from(!is_well), Ordering::Relaxed);
                }
            });
        }
    });
    let failed = failed.into_inner();
    if kept.is_none() {
        let _ = fs::remove_dir_all(scratch);
    }
    println!("{} scenarios, {failed} failed", scenarios.len());
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn next<'a>(queue: &Mutex<slice::Iter<'a, Scenario>>) -> Option<&'a Scenario> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    queue.next()
}

/// Makes one log and says how it went; whether all is well. A log is made again where the machine was too
/// busy to send in time (its labels are true, but a crowd of late requests is not what the scenario says), and
/// where something was not as it should be, which is told all the same.
fn report(scenario: &Scenario, out: &Path) -> bool {
    let began = Instant::now();
    let mut before = Vec::new();
    let (mut told, mut complaints, mut late_s) = attempt(scenario, out);
    for _ in 0..MOST_AGAIN {
        if complaints.is_empty() && late_s < TOO_LATE_S {
            break;
        }
        before.push(format!("made again, {late_s:.1} s late: {complaints:?}"));
        (told, complaints, late_s) = attempt(scenario, out);
    }
    let verdict = if complaints.is_empty() {
        "ok"
    } else {
        "FAILED"
    };
    let seconds = began.elapsed().as_secs_f64();
    let mut text = format!(
        "{:40} {verdict:6} {seconds:4.0} s  {told}\n",
        scenario.title()
    );
    for complaint in before.iter().chain(&complaints) {
        text += &format!("    {complaint}\n");
    }
    // One write, so that scenarios do not mix.
    print!("{text}");
    complaints.is_empty()
}

fn attempt(scenario: &Scenario, out: &Path) -> (String, Vec<String>, f64) {
    make(scenario, out).unwrap_or_else(|error| (String::new(), vec![error.to_string()], 0.0))
}

/// Makes one log; a word about it, what is not as it should be, and by how many real seconds a request came
/// late at most.
fn make(scenario: &Scenario, out: &Path) -> io::Result<(String, Vec<String>, f64)> {
    let directory = out.join(scenario.title());
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory)?;
    let port = server::free_port()?;
    let application = application::Running::start(scenario, port)?;
    let site = Site {
        scenario,
        directory: directory.canonicalize()?,
        port,
        upstream: upstream::start(scenario.factor)?,
        application: application.as_ref().map(|running| running.address),
    };
    let mut sources = traffic::sources(scenario);
    let addresses: Vec<_> = sources
        .iter()
        .map(|source| (source.name.clone(), source.addresses().to_vec()))
        .collect();
    let mut clients = client::start(scenario, &mut sources, port)?;
    let server = server::of(scenario.server());
    let running = Running::start(&*server, &site)?;
    let clock = running.clock;
    let connect = drive::Connect {
        to: site.address(),
        has_own_address: server.looks_at_connections(scenario),
    };
    client::begin(&mut clients);
    let played = thread::scope(|scope| {
        scope.spawn(|| change(&running, scenario));
        scope.spawn(|| application::play_events(scenario, application.as_ref(), &site, clock));
        drive::play(sources, connect, clock)
    });
    let of_clients = client::finish(clients);
    thread::sleep(GRACE);
    drop(running);
    let made = labels::finish(&*server, &site, &addresses)?;
    let mut complaints = made.complaints;
    complaints.extend(of_clients);
    complaints.extend(recognition::check(
        scenario,
        &site.path("access.log"),
        &made.labels,
    )?);
    let settings = statement::settings(&*server, &site);
    let analysis = product::analyzed(&settings)?;
    complaints.extend(statement::misstated(&settings, &made.labels)?);
    complaints.extend(statement::without_line(scenario, &analysis));
    complaints.extend(rebuilt::check(scenario, &analysis));
    if played.failures > 0 {
        complaints.push(format!(
            "{} of {} requests had no answer",
            played.failures, played.requests
        ));
    }
    let told = format!(
        "{} lines, {}, at most {:.1} s late",
        made.labels.len(),
        made.truth["c403"],
        played.latest_s
    );
    Ok((told, complaints, played.latest_s / scenario.factor))
}

/// Changes policies when their time comes.
fn change(running: &Running<'_>, scenario: &Scenario) {
    for minute in scenario.changes() {
        running.clock.wait_until(minute * 60.0);
        if let Err(error) = running.change(minute) {
            eprintln!("{}: {error}", scenario.title());
        }
    }
}
