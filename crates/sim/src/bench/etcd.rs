//! etcd, and its `put` over gRPC: the peer of our log.
//!
//! The client is written for little cost, as ours is: protobuf by hand (two byte strings), HTTP/2 over a few
//! connections, many calls on each. etcd's own JSON gateway would cost etcd a translation, and be unfair to it.
//!
//! **Invariant:** a put counts when etcd's status says that it was done, which is after its fsync.
//!
//! Deliberately absent: reads, leases, watches.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::{BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::load::Client;
use crate::machine::free_address;

/// The program of Debian's package `etcd-server`.
const PROGRAM: &str = "etcd";
const START_WAIT_MAX: Duration = Duration::from_secs(30);
/// Calls share connections, as any gRPC client's do.
pub const CONNECTIONS: usize = 16;
/// As long as what `touch` writes: a row with an account, a timeline's name and an id.
const VALUE: &[u8] = b"home:0001234567890123:0009876543210987:0000000001";

/// Running members of one etcd; dropped, they are killed.
#[derive(Debug)]
pub struct Etcd {
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    process: Child,
    address: SocketAddr,
}

impl Etcd {
    /// Is there an etcd on this computer?
    #[must_use]
    pub fn is_installed() -> bool {
        Command::new(PROGRAM)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok()
    }

    /// Starts one of so many members that keep their data in `folder`, and waits until it serves.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(folder: &Path, members: usize) -> Result<Self> {
        let mut places = Vec::new();
        for number in 0..members {
            places.push((format!("member-{number}"), free_address()?, free_address()?));
        }
        let all: Vec<String> = places
            .iter()
            .map(|(name, _, peer)| format!("{name}=http://{peer}"))
            .collect();
        let mut etcd = Self { members: Vec::new() };
        for (name, address, peer) in &places {
            let process = member(&folder.join(name), name, *address, *peer, &all.join(","))
                .spawn()
                .context("running etcd")?;
            etcd.members.push(Member {
                process,
                address: *address,
            });
        }
        etcd.wait_until_it_serves().await?;
        Ok(etcd)
    }

    /// The process ids of its members.
    #[must_use]
    pub fn ids(&self) -> Vec<u32> {
        self.members.iter().map(|member| member.process.id()).collect()
    }

    /// As many clients as wished, on [`CONNECTIONS`] connections, each with a key of its own.
    ///
    /// # Errors
    /// When a connection cannot be made.
    pub async fn clients(&self, count: usize) -> Result<Vec<Put>> {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS.min(count) {
            let address = self.members[connections.len() % self.members.len()].address;
            connections.push((connect(address).await?, address));
        }
        Ok((0..count)
            .map(|number| Put {
                connection: connections[number % connections.len()].0.clone(),
                address: connections[number % connections.len()].1,
                message: put_message(format!("client/{number:016}").as_bytes(), VALUE),
            })
            .collect())
    }

    async fn wait_until_it_serves(&self) -> Result<()> {
        let end = Instant::now() + START_WAIT_MAX;
        let mut ticks = interval(Duration::from_millis(50));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Ok(mut clients) = self.clients(1).await
                && clients[0].once().await.is_ok()
            {
                return Ok(());
            }
            if Instant::now() > end {
                bail!("etcd does not serve within {} s", START_WAIT_MAX.as_secs());
            }
        }
    }
}

/// The program of one member.
fn member(data: &Path, name: &str, address: SocketAddr, peer: SocketAddr, all: &str) -> Command {
    let (client_url, peer_url) = (format!("http://{address}"), format!("http://{peer}"));
    let mut command = Command::new(PROGRAM);
    command
        .args(["--name", name, "--data-dir"])
        .arg(data)
        .args([
            "--listen-client-urls",
            &client_url,
            "--advertise-client-urls",
            &client_url,
        ])
        .args([
            "--listen-peer-urls",
            &peer_url,
            "--initial-advertise-peer-urls",
            &peer_url,
        ])
        .args(["--initial-cluster", all])
        .args(["--quota-backend-bytes", "8000000000", "--log-level", "error"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

impl Drop for Member {
    fn drop(&mut self) {
        // It may have ended by itself already: then there is nothing to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A client that puts one key again and again.
#[derive(Debug)]
pub struct Put {
    connection: SendRequest<Bytes>,
    address: SocketAddr,
    message: Bytes,
}

impl Client for Put {
    async fn once(&mut self) -> Result<()> {
        let request = http::Request::builder()
            .method("POST")
            .uri(format!("http://{}/etcdserverpb.KV/Put", self.address))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())?;
        let mut connection = self.connection.clone().ready().await?;
        let (answer, mut body) = connection.send_request(request, false)?;
        body.send_data(self.message.clone(), true)?;
        let mut answer = answer.await?.into_body();
        while let Some(piece) = answer.data().await {
            let size = piece?.len();
            answer.flow_control().release_capacity(size)?;
        }
        let trailers = answer.trailers().await?.context("an answer without trailers")?;
        let status = trailers
            .get("grpc-status")
            .context("an answer without a status")?;
        ensure!(status == "0", "etcd refused with status {status:?}");
        Ok(())
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Bytes>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (requests, connection) = h2::client::handshake(stream).await?;
    // Ends with the last client; what breaks it, the clients report.
    spawn_local(async move { drop(connection.await) });
    Ok(requests)
}

/// `PutRequest { key: 1, value: 2 }`, with gRPC's prefix: not compressed, and its length.
fn put_message(key: &[u8], value: &[u8]) -> Bytes {
    let mut message = BytesMut::new();
    for (field, bytes) in [(0x0a, key), (0x12, value)] {
        // Both are shorter than 128 bytes, so that the length is one byte.
        message.put_u8(field);
        message.put_u8(bytes.len() as u8);
        message.put_slice(bytes);
    }
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(message.len() as u32);
    framed.put_slice(&message);
    framed.freeze()
}

#[cfg(test)]
mod tests {
    use super::put_message;

    #[test]
    fn a_put_is_two_byte_strings_in_a_frame() {
        assert_eq!(&put_message(b"k", b"vw")[..], b"\0\0\0\0\x07\x0a\x01k\x12\x02vw");
    }
}
