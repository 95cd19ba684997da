//! Plays the sources of a scenario against a server, in stretched time.
//!
//! One thread hands requests out when they are due; workers hold connections open, send, and tell the
//! source how it was answered.

use crate::clock::Clock;
use crate::traffic::{Request, Source};
use socket2::{Domain, Socket, Type};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Connections at most; as many requests can be under way at once.
const WORKERS: usize = 96;
/// Requests that wait for an answer, or for a connection; a server that is slower gets them later.
const MOST_UNDER_WAY: u64 = 2000;
/// Real time after which an answer is given up; stretched servers are slow at times.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a server is connected to.
#[derive(Debug, Clone, Copy)]
pub struct Connect {
    pub to: SocketAddr,
    /// Whether each caller has connections and a loopback address of its own.
    pub has_own_address: bool,
}

/// Something to do at a moment.
enum Due {
    /// The next request of a source.
    Next(usize),
    /// A request once more.
    Again(Box<Request>),
}

/// What was played.
#[derive(Debug, Default, Clone, Copy)]
pub struct Played {
    pub requests: u64,
    /// Answers that did not come.
    pub failures: u64,
    /// The most seconds, of the log's clock, that a request was sent late.
    pub latest_s: f64,
}

/// Plays until all sources have ended.
pub fn play(mut sources: Vec<Source>, server: Connect, clock: Clock) -> Played {
    let mut queue = Queue::default();
    for (index, source) in sources.iter_mut().enumerate() {
        if let Some(at) = source.first_s() {
            queue.push(at, Due::Next(index));
        }
    }
    let (to_workers, from_dispatcher) = mpsc::channel::<Request>();
    let (to_dispatcher, from_workers) = mpsc::channel::<(Request, io::Result<u16>)>();
    let from_dispatcher = Arc::new(Mutex::new(from_dispatcher));
    let names: Arc<Vec<String>> =
        Arc::new(sources.iter().map(|source| source.name.clone()).collect());
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (receiver, sender) = (from_dispatcher.clone(), to_dispatcher.clone());
            let names = names.clone();
            thread::spawn(move || work(server, &names, &receiver, &sender))
        })
        .collect();
    let mut played = Played::default();
    let mut under_way = 0u64;
    loop {
        let Some(at) = queue.first_s() else {
            if under_way == 0 {
                break;
            }
            let Ok(answer) = from_workers.recv_timeout(2 * PATIENCE) else {
                break;
            };
            under_way -= 1;
            take_answer(answer, &mut sources, &mut queue, clock, &mut played);
            continue;
        };
        let due_in = clock.instant(at).saturating_duration_since(Instant::now());
        let wait = if under_way < MOST_UNDER_WAY {
            due_in
        } else {
            PATIENCE
        };
        if let Ok(answer) = from_workers.recv_timeout(wait) {
            under_way -= 1;
            take_answer(answer, &mut sources, &mut queue, clock, &mut played);
            continue;
        }
        let request = match queue.pop() {
            Due::Next(index) => {
                let (request, next) = sources[index].take(index, at);
                if let Some(next) = next {
                    queue.push(next, Due::Next(index));
                }
                request
            }
            Due::Again(request) => Some(*request),
        };
        if let Some(request) = request {
            played.requests += 1;
            played.latest_s = played.latest_s.max(clock.now_s() - at);
            under_way += 1;
            let _ = to_workers.send(request);
        }
    }
    drop(to_workers);
    for worker in workers {
        let _ = worker.join();
    }
    played
}

fn take_answer(
    (mut request, status): (Request, io::Result<u16>),
    sources: &mut [Source],
    queue: &mut Queue,
    clock: Clock,
    played: &mut Played,
) {
    let Ok(status) = status else {
        played.failures += 1;
        return;
    };
    let now_s = clock.now_s();
    if let Some(wait) = sources[request.source].answered(&request, status, now_s) {
        request.attempts += 1;
        queue.push(now_s + wait, Due::Again(Box::new(request)));
    }
}

/// What is to be done, the earliest first.
#[derive(Default)]
struct Queue {
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    due: std::collections::HashMap<u64, Due>,
    turn: u64,
}

impl Queue {
    fn push(&mut self, at_s: f64, due: Due) {
        self.turn += 1;
        // The bits of floats that are not negative are in their order.
        self.heap.push(Reverse((at_s.to_bits(), self.turn)));
        self.due.insert(self.turn, due);
    }

    fn first_s(&self) -> Option<f64> {
        self.heap.peek().map(|Reverse((at, _))| f64::from_bits(*at))
    }

    fn pop(&mut self) -> Due {
        let Reverse((_, turn)) = self.heap.pop().expect("asked for only when there is one");
        self.due.remove(&turn).expect("each turn has something due")
    }
}

fn work(
    server: Connect,
    names: &[String],
    requests: &Mutex<Receiver<Request>>,
    answers: &Sender<(Request, io::Result<u16>)>,
) {
    let mut connection = None;
    loop {
        let next = requests
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .recv();
        let Ok(request) = next else { return };
        let text = written(&request, &names[request.source], server.to);
        let from = server.has_own_address.then(|| loopback(request.address));
        if from.is_some() {
            connection = None;
        }
        let mut status = send(&mut connection, server.to, from, &text, &request.method);
        if status.is_err() {
            // The server may have closed a connection that was kept.
            status = send(&mut connection, server.to, from, &text, &request.method);
        }
        let _ = answers.send((request, status));
    }
}

fn written(request: &Request, stream: &str, server: SocketAddr) -> String {
    let mut text = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
    let names_host = |header: &String| header.to_ascii_lowercase().starts_with("host:");
    if !request.headers.iter().any(names_host) {
        text += &format!("Host: shop.example.com:{}\r\n", server.port());
    }
    text += &format!(
        "X-Forwarded-For: {}\r\nX-Lab-Stream: {stream}\r\n",
        request.address
    );
    for header in &request.headers {
        text += header;
        text += "\r\n";
    }
    let body = request.body.as_deref().unwrap_or_default();
    if !body.is_empty() || matches!(&*request.method, "POST" | "PUT" | "PATCH") {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    text + "\r\n" + body
}

/// The loopback address that stands for an address of the log.
fn loopback(address: Ipv4Addr) -> Ipv4Addr {
    // Fibonacci hashing: networks differ in their first bits, hosts in their last.
    let host = (u32::from(address).wrapping_mul(0x9e37_79b9) >> 8).clamp(2, 0x00ff_fffd);
    Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 0, 0, 0)) | host)
}

fn connect(server: SocketAddr, from: Option<Ipv4Addr>) -> io::Result<TcpStream> {
    let Some(from) = from else {
        return TcpStream::connect(server);
    };
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    socket.connect(&server.into())?;
    Ok(socket.into())
}

fn send(
    connection: &mut Option<BufReader<TcpStream>>,
    server: SocketAddr,
    from: Option<Ipv4Addr>,
    text: &str,
    method: &str,
) -> io::Result<u16> {
    let mut reader = match connection.take() {
        Some(reader) => reader,
        None => {
            let stream = connect(server, from)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            BufReader::new(stream)
        }
    };
    reader.get_mut().write_all(text.as_bytes())?;
    let (status, stays_open) = read_answer(&mut reader, method)?;
    if stays_open {
        *connection = Some(reader);
    }
    Ok(status)
}

/// Reads an answer whole; its status, and whether the connection stays open.
fn read_answer(reader: &mut BufReader<TcpStream>, method: &str) -> io::Result<(u16, bool)> {
    let broken = || io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer");
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status: u16 = line
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .ok_or_else(broken)?;
    let (mut length, mut is_chunked, mut stays_open) = (None, false, true);
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Err(broken());
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        match (&*name.to_ascii_lowercase(), value.trim()) {
            ("content-length", value) => length = value.parse::<u64>().ok(),
            ("transfer-encoding", value) => is_chunked = value.eq_ignore_ascii_case("chunked"),
            ("connection", value) => stays_open = !value.eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    if method == "HEAD" || status == 204 || status == 304 {
        return Ok((status, stays_open));
    }
    if is_chunked {
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let size = u64::from_str_radix(line.trim(), 16).map_err(|_| broken())?;
            io::copy(&mut reader.take(size + 2), &mut io::sink())?;
            if size == 0 {
                break;
            }
        }
    } else {
        match length {
            Some(length) => io::copy(&mut reader.take(length), &mut io::sink())?,
            None => {
                stays_open = false;
                io::copy(reader, &mut io::sink())?
            }
        };
    }
    Ok((status, stays_open))
}
