//! Two computers and a cable: namespaces and a pair of virtual interfaces. Gone when dropped.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The variable that names the part of a process.
pub(crate) const PART: &str = "TERTULIA_PART";
/// Longer than any part takes.
const WAIT: Duration = Duration::from_secs(60);

/// A network of two.
pub(crate) struct Lan {
    pub(crate) left: Computer,
    pub(crate) right: Computer,
}

/// A namespace.
pub(crate) struct Computer {
    name: String,
    pub(crate) address: String,
}

impl Lan {
    /// Two computers; with `is_plugged_in` their interfaces are up.
    pub(crate) fn new(name: &str, is_plugged_in: bool) -> Self {
        let process = std::process::id();
        let computer = |side: &str, last: u8| Computer {
            name: format!("tert-{name}-{process}-{side}"),
            address: format!("10.77.0.{last}"),
        };
        let lan = Self {
            left: computer("l", 1),
            right: computer("r", 2),
        };
        for computer in [&lan.left, &lan.right] {
            ip(&["netns", "add", &computer.name]);
        }
        // The pair is made inside a namespace: nothing of it is ever seen outside.
        let (left, right) = (&lan.left.name, &lan.right.name);
        ip(&[
            "-n", left, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", right,
        ]);
        if is_plugged_in {
            lan.plug_in();
        }
        lan
    }

    /// Gives both their addresses, and raises the interfaces. The kernel takes up to a second to see that they are up.
    pub(crate) fn plug_in(&self) {
        for computer in [&self.left, &self.right] {
            let address = format!("{}/24", computer.address);
            ip(&["-n", &computer.name, "addr", "add", &address, "dev", "eth0"]);
            ip(&["-n", &computer.name, "link", "set", "eth0", "up"]);
        }
        let began = Instant::now();
        let is_up = |computer: &Computer| {
            let shown = ip(&["-n", &computer.name, "-brief", "link", "show", "eth0"]);
            shown.split_whitespace().nth(1) == Some("UP")
        };
        while ![&self.left, &self.right].into_iter().all(is_up) {
            assert!(began.elapsed() < WAIT, "the interfaces never come up");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        for computer in [&self.left, &self.right] {
            // One that was never made cannot be deleted.
            let _ = Command::new("ip")
                .args(["netns", "del", &computer.name])
                .stderr(Stdio::null())
                .status();
        }
    }
}

impl Computer {
    /// Runs a part there.
    pub(crate) fn run(&self, part: &str) -> Process {
        self.start(part, &[])
    }

    /// The same, with little patience.
    pub(crate) fn run_short(&self, part: &str) -> Process {
        self.start(part, &[("TERTULIA_SHORT", "1")])
    }

    fn start(&self, part: &str, variables: &[(&str, &str)]) -> Process {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new("ip")
            .args(["netns", "exec", &self.name])
            .arg(program)
            .args(["part", "--exact", "--nocapture"])
            .env(PART, part)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let out = BufReader::new(child.stdout.take().expect("its output"));
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                // The harness writes on the same line.
                if let Some((_, said)) = line.split_once("> ") {
                    let _ = send.send(said.to_owned());
                }
            }
        });
        Process { child, lines }
    }
}

/// A part that runs.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    /// Until it says that.
    pub(crate) fn wait_for(&self, line: &str) {
        assert_eq!(self.next(), line);
    }

    /// What it says next.
    pub(crate) fn next(&self) -> String {
        self.lines.recv_timeout(WAIT).expect("it says something")
    }

    /// Lets it end, and gives what it said.
    pub(crate) fn lines(mut self) -> Vec<String> {
        drop(self.child.stdin.take());
        let mut said = Vec::new();
        loop {
            match self.lines.recv_timeout(WAIT) {
                Ok(line) => said.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end; it said {said:?}"),
            }
        }
        let status = self.child.wait().expect("ended");
        assert!(status.success(), "{status}; it said {said:?}");
        said
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `ip`, which must be there and be allowed to; gives what it says.
fn ip(arguments: &[&str]) -> String {
    let ran = Command::new("ip")
        .args(arguments)
        .output()
        .unwrap_or_else(|error| {
            panic!("this test needs the program `ip` (Debian: apt-get install iproute2): {error}")
        });
    assert!(
        ran.status.success(),
        "`ip {}` failed; this test needs root and network namespaces: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&ran.stderr)
    );
    String::from_utf8_lossy(&ran.stdout).into_owned()
}
