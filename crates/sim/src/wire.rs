//! HTTP/1.1 on a bare socket, one request at a time on a connection that stays open.
//!
//! A loader shares the computer with the machine that it loads: what it spends is missing there. So there is no
//! pool, no TLS and no redirect here, and the buffers are used again.
//!
//! **Invariant:** after an error the connection is out of step, so it is closed and the next call opens another.
//!
//! Deliberately absent: any retry. Whether a call may be repeated is for its caller to know.

use std::fmt::Write;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// No answer takes longer, unless the machine is gone; whoever has another machine to go to waits less.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(60);
/// Far more than any answer of the API; beyond it something is wrong.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum Broken {
    /// The connection could not be made, or broke.
    #[error("the connection failed: {0}")]
    Connection(#[from] std::io::Error),
    /// Nothing came in time.
    #[error("no answer within {} s", .0.as_secs())]
    Late(Duration),
    /// What came is no HTTP that this module reads.
    #[error("not an answer: {0}")]
    Malformed(String),
}

/// An answer: its status and its body.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; `Null` if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Was the request carried out?
    #[must_use]
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A request, written out in bytes once and sent as often as one likes.
#[derive(Debug, Clone)]
pub struct Request(Vec<u8>);

impl Request {
    /// Writes out a request. `token` is a session's, `key` an `Idempotency-Key`.
    #[must_use]
    pub fn new(
        method: &str,
        path: &str,
        token: Option<&str>,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Self {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: tertulia-sim\r\n");
        // Writing to a String cannot fail.
        if let Some(token) = token {
            let _ = write!(text, "Authorization: Bearer {token}\r\n");
        }
        if let Some(key) = key {
            let _ = write!(text, "Idempotency-Key: {key}\r\n");
        }
        if !body.is_empty() {
            text.push_str("Content-Type: application/json\r\n");
        }
        if method != "GET" {
            let _ = write!(text, "Content-Length: {}\r\n", body.len());
        }
        text.push_str("\r\n");
        text.push_str(&body);
        Self(text.into_bytes())
    }
}

/// A connection to a machine, opened when it is first needed.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    wait_max: Duration,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Wire {
    /// A connection to `address`, not yet opened.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            wait_max: ANSWER_WAIT_MAX,
            stream: None,
            buffer: Vec::with_capacity(16 * 1024),
        }
    }

    /// The same, with another limit for each answer.
    #[must_use]
    pub fn within(self, wait_max: Duration) -> Self {
        Self { wait_max, ..self }
    }

    /// Where it leads.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads to another machine from now on.
    pub fn go_to(&mut self, address: SocketAddr) {
        if address != self.address {
            (self.address, self.stream) = (address, None);
        }
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// [`Broken`], and then nobody knows whether the request was carried out.
    pub async fn call(&mut self, request: &Request) -> Result<Answer, Broken> {
        let answer = timeout(self.wait_max, self.exchange(request))
            .await
            .unwrap_or(Err(Broken::Late(self.wait_max)));
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }

    async fn exchange(&mut self, request: &Request) -> Result<Answer, Broken> {
        // A machine closes what was idle for long: nothing was sent on it, so another connection does as well.
        if let Some(stream) = &self.stream
            && !matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
        {
            self.stream = None;
        }
        let stream = match &mut self.stream {
            Some(stream) => stream,
            empty @ None => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                empty.insert(stream)
            }
        };
        stream.write_all(&request.0).await?;

        self.buffer.clear();
        let head = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n", 0) {
                break Head::read(&self.buffer[..end], end + 4)?;
            }
            more(stream, &mut self.buffer).await?;
        };
        let body = match head.body {
            Length::Bytes(count) => {
                while self.buffer.len() < head.size + count {
                    more(stream, &mut self.buffer).await?;
                }
                self.buffer[head.size..head.size + count].to_vec()
            }
            Length::Chunked => chunks(stream, &mut self.buffer, head.size).await?,
        };
        if head.closes {
            self.stream = None;
        }
        Ok(Answer {
            status: head.status,
            body,
        })
    }
}

enum Length {
    Bytes(usize),
    Chunked,
}

struct Head {
    status: u16,
    body: Length,
    closes: bool,
    size: usize,
}

impl Head {
    fn read(bytes: &[u8], size: usize) -> Result<Self, Broken> {
        let text = String::from_utf8_lossy(bytes);
        let malformed = || Broken::Malformed(text.chars().take(200).collect());
        let mut lines = text.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|code| code.parse().ok())
            .ok_or_else(malformed)?;
        let mut head = Self {
            status,
            body: Length::Bytes(0),
            closes: false,
            size,
        };
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                head.body = Length::Bytes(value.parse().map_err(|_| malformed())?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked")
            {
                head.body = Length::Chunked;
            } else if name.eq_ignore_ascii_case("connection") {
                head.closes = value.eq_ignore_ascii_case("close");
            }
        }
        Ok(head)
    }
}

/// The body that comes in chunks from `at` on, put together.
async fn chunks(stream: &mut TcpStream, buffer: &mut Vec<u8>, mut at: usize) -> Result<Vec<u8>, Broken> {
    let mut body = Vec::new();
    loop {
        let Some(end) = find(buffer, b"\r\n", at) else {
            more(stream, buffer).await?;
            continue;
        };
        let size = std::str::from_utf8(&buffer[at..end])
            .ok()
            .and_then(|hex| usize::from_str_radix(hex, 16).ok());
        let size = size.ok_or_else(|| Broken::Malformed("a chunk without a size".to_owned()))?;
        while buffer.len() < end + 2 + size + 2 {
            more(stream, buffer).await?;
        }
        body.extend_from_slice(&buffer[end + 2..end + 2 + size]);
        at = end + 2 + size + 2;
        if size == 0 {
            return Ok(body);
        }
    }
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(), Broken> {
    if buffer.len() > ANSWER_BYTES_MAX {
        return Err(Broken::Malformed("an answer without an end".to_owned()));
    }
    match stream.read_buf(buffer).await? {
        0 => Err(Broken::Connection(ErrorKind::UnexpectedEof.into())),
        _ => Ok(()),
    }
}

fn find(bytes: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    bytes[from..]
        .windows(wanted.len())
        .position(|window| window == wanted)
        .map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::{Answer, Request, Wire};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn answered(bytes: &'static [u8]) -> Answer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut wire = Wire::new(listener.local_addr().unwrap());
        let request = Request::new("GET", "/", None, None, None);
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 16];
            stream.read_exact(&mut asked).await.unwrap();
            for byte in bytes {
                stream.write_all(&[*byte]).await.unwrap();
            }
            stream
        };
        tokio::join!(serve, wire.call(&request)).1.unwrap()
    }

    #[tokio::test]
    async fn reads_an_answer_that_comes_byte_by_byte() {
        let answer = answered(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n{\"a\":1}").await;
        assert_eq!((answer.status, answer.json()["a"].as_i64()), (200, Some(1)));
    }

    #[tokio::test]
    async fn a_connection_that_the_machine_has_closed_meanwhile_is_opened_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut wire = Wire::new(listener.local_addr().unwrap());
        let request = Request::new("POST", "/", None, None, None);
        for _ in 0..2 {
            let serve = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut asked = [0; 16];
                stream.read_exact(&mut asked).await.unwrap();
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                    .await
                    .unwrap();
            };
            let (answer, ()) = tokio::join!(wire.call(&request), serve);
            assert!(answer.unwrap().is_ok());
            let closed = wire.stream.as_ref().unwrap().readable();
            tokio::time::timeout(std::time::Duration::from_secs(10), closed)
                .await
                .unwrap()
                .unwrap();
        }
    }

    #[tokio::test]
    async fn puts_chunks_together() {
        let bytes =
            b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        let answer = answered(bytes).await;
        assert_eq!(
            (answer.status, answer.body.as_slice(), answer.is_ok()),
            (404, b"abcde".as_slice(), false)
        );
    }
}
