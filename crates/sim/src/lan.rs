//! A local network of several computers on this one, whose cables can be pulled: a network namespace for each, and two switches.
//!
//! What runs in a namespace sees the others by its cable alone; people reach it from outside, by a port that is passed on. Cables are plugged into one
//! switch or into the other: so the network is cut into two without anybody being told, as by a switch that dies. Gone when dropped.
//!
//! **Invariant:** nothing of it is seen outside of its own namespaces. It needs root and `ip` (Debian's iproute2), and says so.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result, ensure};
use nix::sched::{CloneFlags, setns};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The switches.
const SWITCHES: [&str; 2] = ["one", "other"];

/// The network.
#[derive(Debug)]
pub struct Lan {
    /// Where the switches are.
    closet: String,
    hosts: Vec<Host>,
}

/// A computer of it.
#[derive(Debug)]
pub struct Host {
    name: String,
    passing: Vec<DropGuard>,
}

impl Lan {
    /// So many computers, all plugged into one switch. Networks that are there at the same time have different names.
    ///
    /// # Errors
    /// Where namespaces cannot be made.
    pub fn new(name: &str, count: usize) -> Result<Self> {
        let stem = format!("tert-{name}-{}", std::process::id());
        let mut lan = Self {
            closet: format!("{stem}-closet"),
            hosts: Vec::new(),
        };
        ip(&["netns", "add", &lan.closet])?;
        for switch in SWITCHES {
            ip(&["-n", &lan.closet, "link", "add", switch, "type", "bridge"])?;
            ip(&["-n", &lan.closet, "link", "set", switch, "up"])?;
        }
        for number in 0..count {
            let name = format!("{stem}-{number}");
            ip(&["netns", "add", &name])?;
            lan.hosts.push(Host {
                name: name.clone(),
                passing: Vec::new(),
            });
            let port = port(number);
            ip(&[
                "-n",
                &name,
                "link",
                "add",
                "eth0",
                "type",
                "veth",
                "peer",
                "name",
                &port,
                "netns",
                &lan.closet,
            ])?;
            ip(&["-n", &name, "link", "set", "lo", "up"])?;
            ip(&["-n", &name, "link", "set", "eth0", "up"])?;
            ip(&["-n", &lan.closet, "link", "set", &port, "up"])?;
            lan.plug(number, 0)?;
            lan.give_address(number, host_address(number, 0))?;
        }
        Ok(lan)
    }

    /// The namespace of a computer.
    #[must_use]
    pub fn namespace(&self, number: usize) -> &str {
        &self.hosts[number].name
    }

    /// Plugs a computer's cable into a switch, 0 or 1: from now on it sees those there, and nobody else.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn plug(&self, number: usize, switch: usize) -> Result<()> {
        ip(&[
            "-n",
            &self.closet,
            "link",
            "set",
            &port(number),
            "master",
            SWITCHES[switch],
        ])
    }

    /// Gives a computer an address instead of the one that it has.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn give_address(&self, number: usize, address: Ipv4Addr) -> Result<()> {
        let name = self.namespace(number);
        ip(&["-n", name, "addr", "flush", "dev", "eth0"])?;
        ip(&["-n", name, "addr", "add", &format!("{address}/16"), "dev", "eth0"])
    }

    /// Lets nothing reach one computer from another any more; the other direction stays as it is.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn silence(&self, from: usize, to: usize) -> Result<()> {
        let lost = format!("{}/32", host_address(to, 0));
        ip(&["-n", self.namespace(from), "route", "replace", "blackhole", &lost])
    }

    /// Undoes it.
    ///
    /// # Errors
    /// When `ip` fails, or the line was not cut.
    pub fn unsilence(&self, from: usize, to: usize) -> Result<()> {
        let lost = format!("{}/32", host_address(to, 0));
        ip(&["-n", self.namespace(from), "route", "del", "blackhole", &lost])
    }

    /// Passes connections on from a free port of this computer to a port on the loopback of one of the network; which port.
    ///
    /// # Errors
    /// When there is no port, or no way into the namespace.
    pub fn pass_on(&mut self, number: usize, port: u16) -> Result<SocketAddr> {
        let outside = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        outside.set_nonblocking(true)?;
        let address = outside.local_addr()?;
        let namespace = std::fs::File::open(format!("/run/netns/{}", self.namespace(number)))?;
        let (ends, (tell, told)) = (CancellationToken::new(), mpsc::channel());
        let until = ends.clone();
        // A namespace is a thread's: the socket that listens is from outside, those that connect are from inside.
        thread::spawn(move || {
            let runtime = setns(namespace, CloneFlags::CLONE_NEWNET)
                .map_err(std::io::Error::from)
                .and_then(|()| tokio::runtime::Builder::new_current_thread().enable_all().build());
            match runtime {
                Ok(runtime) => {
                    // Whoever asked for it may have gone.
                    let _ = tell.send(Ok(()));
                    runtime.block_on(until.run_until_cancelled(pass_all(outside, port)));
                }
                Err(error) => drop(tell.send(Err(error))),
            }
        });
        told.recv()?.context("this needs root")?;
        self.hosts[number].passing.push(ends.drop_guard());
        Ok(address)
    }
}

/// An address on the network: of a computer, the first one that it has, or another one later.
#[must_use]
pub fn host_address(number: usize, time: u8) -> Ipv4Addr {
    let last = u8::try_from(number + 1).unwrap_or(u8::MAX);
    Ipv4Addr::new(10, 77, time, last)
}

async fn pass_all(outside: std::net::TcpListener, port: u16) {
    let Ok(listener) = TcpListener::from_std(outside) else {
        return;
    };
    while let Ok((mut near, _)) = listener.accept().await {
        tokio::spawn(async move {
            // Nobody may be there: then the connection ends, as it would there.
            if let Ok(mut far) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                let _ = copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
}

/// The end of a computer's cable at the switches.
fn port(number: usize) -> String {
    format!("port{number}")
}

impl Drop for Lan {
    fn drop(&mut self) {
        let hosts = self.hosts.iter().map(|host| &host.name);
        for namespace in hosts.chain([&self.closet]) {
            // One that was never made cannot be deleted.
            let _ = Command::new("ip")
                .args(["netns", "del", namespace])
                .stderr(Stdio::null())
                .status();
        }
    }
}

fn ip(arguments: &[&str]) -> Result<()> {
    let ran = Command::new("ip")
        .args(arguments)
        .output()
        .context("this needs the program `ip` (Debian: apt-get install iproute2)")?;
    ensure!(
        ran.status.success(),
        "`ip {}` failed; this needs root and network namespaces: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&ran.stderr)
    );
    Ok(())
}
