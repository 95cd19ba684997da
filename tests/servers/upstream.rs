//! The plain application behind the servers: it answers whatever it is asked for.
//!
//! `X-Lab-Status` names the status, `X-Lab-Answer-S` how long it takes (seconds of the log); the size of
//! the body follows from the path.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Starts it; it runs until the program ends.
///
/// # Errors
/// No port is free.
pub fn start(factor: f64) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream, factor));
        }
    });
    Ok(address)
}

fn serve(stream: TcpStream, factor: f64) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    while let Ok(true) = answer(&mut reader, factor) {}
}

/// Answers one request; false at the end of the connection.
fn answer(reader: &mut BufReader<TcpStream>, factor: f64) -> io::Result<bool> {
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
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        match (&*name.to_ascii_lowercase(), value.trim().parse::<f64>()) {
            ("x-lab-status", Ok(number)) => status = number as u16,
            ("x-lab-answer-s", Ok(number)) => wait_s = number.clamp(0.0, 600.0),
            ("content-length", Ok(number)) => length = number as u64,
            _ => {}
        }
    }
    io::copy(&mut reader.take(length), &mut io::sink())?;
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
    Ok(true)
}
