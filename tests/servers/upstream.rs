//! The plain application behind the servers: it answers whatever it is asked for.
//!
//! `X-Lab-Status` names the status, `X-Lab-Answer-S` how long it takes (seconds of the log); the size of
//! the body follows from the path. `/_lab/authorise` says whether a proxy may pass a request on, by its key;
//! `POST /_lab/revoke?token=KEY` and `/_lab/reinstate?token=KEY` change its mind.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Keys that are not accepted any more.
type Revoked = Arc<Mutex<HashSet<String>>>;

/// What basic plans lack.
const PRO_ONLY: &str = "/api/v1/exports";

/// Starts it; it runs until the program ends.
///
/// # Errors
/// No port is free.
pub fn start(factor: f64) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let revoked = Revoked::default();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let revoked = revoked.clone();
            thread::spawn(move || serve(stream, factor, &revoked));
        }
    });
    Ok(address)
}

/// Calls its control, such as `revoke?token=key-pro-7`.
///
/// # Errors
/// It does not answer.
pub fn control(upstream: SocketAddr, order: &str) -> io::Result<()> {
    let mut stream = TcpStream::connect(upstream)?;
    write!(
        stream,
        "POST /_lab/{order} HTTP/1.1\r\nHost: application\r\n\r\n"
    )?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)
}

fn serve(stream: TcpStream, factor: f64, revoked: &Revoked) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    while let Ok(true) = answer(&mut reader, factor, revoked) {}
}

/// Answers one request; false at the end of the connection.
fn answer(reader: &mut BufReader<TcpStream>, factor: f64, revoked: &Revoked) -> io::Result<bool> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(false);
    }
    let mut words = line.split(' ');
    let (method, target) = (
        words.next().unwrap_or_default().to_string(),
        words.next().unwrap_or_default().to_string(),
    );
    let (mut status, mut wait_s, mut length) = (200u16, 0.0f64, 0u64);
    let (mut key, mut asked_for, mut stays_open) = (String::new(), String::new(), true);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let name = name.to_ascii_lowercase();
        match &*name {
            "x-api-key" => key = value.trim().to_string(),
            "authorization" => key = value.trim().replace("Bearer ", ""),
            "connection" => stays_open = !value.trim().eq_ignore_ascii_case("close"),
            "x-forwarded-uri" => asked_for = value.trim().to_string(),
            _ => {}
        }
        match (&*name, value.trim().parse::<f64>()) {
            ("x-lab-status", Ok(number)) => status = number as u16,
            ("x-lab-answer-s", Ok(number)) => wait_s = number.clamp(0.0, 600.0),
            ("content-length", Ok(number)) => length = number as u64,
            _ => {}
        }
    }
    io::copy(&mut reader.take(length), &mut io::sink())?;
    if let Some(order) = target.strip_prefix("/_lab/") {
        let refusal = match order.split('?').next() {
            Some("authorise") => refusal(&key, &asked_for, revoked),
            _ => change(order, revoked),
        };
        return refused(reader, refusal);
    }
    thread::sleep(Duration::from_secs_f64(wait_s / factor));
    let size = match status {
        204 | 304 => 0,
        200 => {
            200 + target
                .bytes()
                .fold(7u64, |sum, byte| (sum * 31 + u64::from(byte)) % 9973)
        }
        _ => 153,
    };
    let location = if matches!(status, 301 | 302) {
        "Location: /\r\n"
    } else {
        ""
    };
    let body = if method == "HEAD" { 0 } else { size };
    let head = format!(
        "HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\n{location}Content-Length: {size}\r\n\r\n"
    );
    let mut bytes = head.into_bytes();
    bytes.resize(bytes.len() + body as usize, b'x');
    reader.get_mut().write_all(&bytes)?;
    Ok(stays_open)
}

/// Why a key may not have what it asks for, as the name of the cause.
fn refusal(key: &str, asked_for: &str, revoked: &Revoked) -> Option<&'static str> {
    let is_revoked = || {
        let revoked = revoked.lock().unwrap_or_else(PoisonError::into_inner);
        revoked.contains(key)
    };
    let (is_pro, is_basic) = (key.starts_with("key-pro-"), key.starts_with("key-basic-"));
    if !(is_pro || is_basic) || is_revoked() {
        return Some("credential");
    }
    (is_basic && asked_for.starts_with(PRO_ONLY)).then_some("permission")
}

/// Takes an order to revoke or reinstate a key.
fn change(order: &str, revoked: &Revoked) -> Option<&'static str> {
    let mut revoked = revoked.lock().unwrap_or_else(PoisonError::into_inner);
    match order.split_once("?token=") {
        Some(("revoke", key)) => revoked.insert(key.to_string()),
        Some(("reinstate", key)) => revoked.remove(key),
        _ => panic!("no control is called {order:?}"),
    };
    None
}

/// Answers 403 with the cause, or 200.
fn refused(reader: &mut BufReader<TcpStream>, refusal: Option<&str>) -> io::Result<bool> {
    let (head, body) = match refusal {
        None => ("200 OK\r\n".to_string(), "{\"ok\":true}"),
        Some(cause @ "permission") => (
            format!("403 Forbidden\r\nX-Lab-Cause: {cause}\r\n"),
            "{\"error\":\"your plan does not include this\"}",
        ),
        Some(cause) => (
            format!("403 Forbidden\r\nX-Lab-Cause: {cause}\r\n"),
            "{\"error\":\"invalid api key\"}",
        ),
    };
    let length = body.len();
    write!(
        reader.get_mut(),
        "HTTP/1.1 {head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    Ok(true)
}
