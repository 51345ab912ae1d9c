//! What machines know of a message: on a ring of three, all that lies on their disks, all that they say to each other, write into their
//! logs and tell of themselves is searched for what people said in private.
//!
//! **Invariant:** each place is shown to be searched: what is public is found there, or what was put there for that.

use crate::town::{PATIENCE, Town, any_file, forms, holds, leaves_trace, open_door, texts};
use async_trait::async_trait;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use protobuf::reflect::MessageDescriptor;
use protobuf::{Clear, CodedInputStream, CodedOutputStream, Message, ProtobufResult, UnknownFields};
use raft_engine::{Config, Engine, MessageExt};
use std::any::Any;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tertulia_client::{Client, Settings};
use tertulia_node::switchboard::{Network, Switchboard};
use tertulia_node::{Absence, Letter, MachineId, Node, Options, Patience, Receive, Transport, Unreached};
use tertulia_state::conversation::SubmitCommit;
use tertulia_types::ring::CopyKind;
use tertulia_types::{ConversationId, Epoch, Role};
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;

/// What is said in private, what a room is called, and what somebody is called by somebody else.
const SECRETS: [&str; 3] = ["indelible secret", "indelible room", "indelible name"];
/// What is public.
const DWEET: &str = "indelible dweet";
/// What a machine is made to keep compressed.
const PRESSED: &str = "indelible pressing";
/// What is put where nothing public comes.
const PLANTED: &str = "indelible plant";
/// More than the log keeps as it comes.
const PRESSED_BYTES: usize = 128 << 10;
/// As quick as a test wants it.
const HASTE: Patience = Patience {
    grace: Duration::from_secs(60),
    calm: Duration::from_millis(300),
    homecoming: Duration::from_millis(500),
    loneliness: Duration::from_secs(1),
    round: Duration::from_millis(100),
};

/// Bytes that have passed somewhere.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    fn note(&self, bytes: &[u8]) {
        self.0
            .lock()
            .expect("nobody panics with it")
            .extend_from_slice(bytes);
    }

    fn holds(&self, words: &str) -> bool {
        holds(&self.0.lock().expect("nobody panics with it"), &forms(words))
    }
}

impl io::Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.note(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The network between the machines, with somebody who hears all letters and all answers as they are before TLS.
#[derive(Clone, Default)]
struct Tapped {
    network: Switchboard,
    heard: Heard,
}

impl Network for Tapped {
    fn connect(&self, machine: MachineId, receiver: Weak<dyn Receive>) -> Arc<dyn Transport> {
        let line = self.network.connect(machine, receiver);
        let heard = self.heard.clone();
        Arc::new(TappedLine { line, heard })
    }
}

struct TappedLine {
    line: Arc<dyn Transport>,
    heard: Heard,
}

#[async_trait]
impl Transport for TappedLine {
    async fn exchange(
        &self,
        to: MachineId,
        letter: Letter,
        deadline: Duration,
    ) -> Result<Result<bytes::Bytes, Absence>, Unreached> {
        self.heard.note(&letter.body);
        let answer = self.line.exchange(to, letter, deadline).await?;
        if let Ok(body) = &answer {
            self.heard.note(body);
        }
        Ok(answer)
    }
}

/// An entry of a machine's log, as the machine made it: its index comes first.
#[derive(Clone, Debug, Default, PartialEq)]
struct Entry {
    bytes: Vec<u8>,
    absent: UnknownFields,
}

impl MessageExt for Entry {
    type Entry = Self;

    fn index(entry: &Self) -> u64 {
        let index = entry.bytes.first_chunk();
        u64::from_le_bytes(*index.expect("an index"))
    }
}

impl Clear for Entry {
    fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Message for Entry {
    fn descriptor(&self) -> &'static MessageDescriptor {
        unreachable!("an entry has no fields that could be missing")
    }

    fn is_initialized(&self) -> bool {
        true
    }

    fn merge_from(&mut self, input: &mut CodedInputStream<'_>) -> ProtobufResult<()> {
        while !input.eof()? {
            self.bytes.push(input.read_raw_byte()?);
        }
        Ok(())
    }

    fn write_to_with_cached_sizes(&self, output: &mut CodedOutputStream<'_>) -> ProtobufResult<()> {
        output.write_raw_bytes(&self.bytes)
    }

    fn compute_size(&self) -> u32 {
        u32::try_from(self.bytes.len()).expect("short")
    }

    fn get_cached_size(&self) -> u32 {
        self.compute_size()
    }

    fn get_unknown_fields(&self) -> &UnknownFields {
        &self.absent
    }

    fn mut_unknown_fields(&mut self) -> &mut UnknownFields {
        &mut self.absent
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn new() -> Self {
        Self::default()
    }

    fn default_instance() -> &'static Self {
        static NONE: std::sync::LazyLock<Entry> = std::sync::LazyLock::new(Entry::default);
        &NONE
    }
}

/// All that the log of a machine that has stopped says, decompressed.
fn log_of(machine: &Path) -> Heard {
    let config = Config {
        dir: log(machine).to_str().expect("text").to_owned(),
        ..Config::default()
    };
    let engine = Engine::open(config).expect("the log opens");
    let said = Heard::default();
    for group in engine.raft_groups() {
        engine
            .scan_raw_messages(group, None, None, false, |name, value| {
                said.note(name);
                said.note(value);
                true
            })
            .expect("the log reads");
        let (first, last) = (engine.first_index(group), engine.last_index(group));
        let mut entries = Vec::new();
        if let Some((first, last)) = first.zip(last) {
            let fetched = engine.fetch_entries_to::<Entry>(group, first, last + 1, None, &mut entries);
            fetched.expect("the log reads");
        }
        entries.iter().for_each(|entry| said.note(&entry.bytes));
    }
    said
}

fn log(machine: &Path) -> PathBuf {
    machine.join("log")
}

/// Three machines, of which each keeps everything.
struct Ring {
    directories: Vec<PathBuf>,
    machines: Vec<Arc<Node>>,
    tap: Tapped,
}

impl Ring {
    async fn build(directory: &Path) -> Self {
        let tap = Tapped::default();
        let directories: Vec<PathBuf> = (0..3)
            .map(|number| directory.join(format!("machine{number}")))
            .collect();
        let options = |directory: &PathBuf| Options {
            network: Arc::new(tap.clone()),
            patience: Some(HASTE),
            ..Options::new(directory)
        };
        let founder = Node::open(options(&directories[0])).await.expect("opens");
        founder.until_ready().await;
        let mut machines = vec![founder];
        for directory in &directories[1..] {
            let charter = machines[0].charter().admit(directory, Role::Replica);
            let options = Options {
                charter: Some(charter.expect("is let in")),
                ..options(directory)
            };
            let node = Node::open(options).await.expect("opens");
            node.settle_in(Some(Role::Replica)).await.expect("settles in");
            machines.push(node);
        }
        let ring = Self {
            directories,
            machines,
            tap,
        };
        tokio::time::timeout(PATIENCE, ring.until_whole())
            .await
            .expect("in time");
        ring
    }

    /// Until each machine votes on everything.
    async fn until_whole(&self) {
        loop {
            let status = self.machines[0].status().await;
            let is_whole = status.ranges.iter().all(|range| {
                let voters = range.copies.iter().filter(|copy| copy.kind == CopyKind::Voter);
                range.is_led && voters.count() == self.machines.len()
            });
            if is_whole && !status.ranges.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The client of somebody who goes to the machine at this address.
async fn person(directory: &Path, nick: &str, url: &str) -> Client {
    let settings = Settings {
        data: directory.join(nick),
        servers: vec![url.to_owned()],
        ..Settings::default()
    };
    let client = Client::open(&settings).expect("opens");
    client
        .register(nick, None, "correct horse")
        .await
        .expect("registered");
    client
}

/// Bytes that come out of the compression with the pressed words in pieces, and nowhere in one.
fn pressed() -> Vec<u8> {
    let (one, other) = PRESSED.split_at(10);
    let mut bytes = format!("{one}_____{other}____{PRESSED}____").into_bytes();
    bytes.resize(PRESSED_BYTES, b'.');
    bytes
}

fn is_write_ahead(path: &Path) -> bool {
    path.to_string_lossy().ends_with("-wal")
}

/// What the machine at this address tells of itself.
async fn metrics_at(url: &str) -> String {
    let asked = reqwest::get(format!("{url}/metrics")).await.expect("answered");
    asked.text().await.expect("read")
}

fn listen_to_logs() -> Heard {
    let heard = Heard::default();
    let writer = heard.clone();
    let log = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(LevelFilter::DEBUG);
    // This file alone does it in its process.
    log.with_writer(move || writer.clone()).init();
    heard
}

fn recorded() -> PrometheusHandle {
    let recorder = PrometheusBuilder::new().install_recorder();
    recorder.expect("this file alone does it in its process")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_message_is_on_any_disk_or_crosses_between_machines_in_the_clear() {
    let (logged, metrics) = (listen_to_logs(), recorded());
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    let ring = Ring::build(directory).await;
    let (mut urls, mut doors) = (Vec::new(), Vec::new());
    for node in &ring.machines {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        urls.push(format!("http://{}", listener.local_addr().expect("an address")));
        doors.push(open_door(node, listener, metrics.clone(), &Arc::default()));
    }
    let ana = person(directory, "ana", &urls[0]).await;
    let ben = person(directory, "ben", &urls[2]).await;
    {
        let (ana, ben) = (
            ana.messenger().await.expect("opens"),
            ben.messenger().await.expect("opens"),
        );
        ben.deliver().await.expect("a device");
        ana.send("ben", SECRETS[0]).await.expect("sent");
        Town::later(&ana).await;
        ben.deliver().await.expect("delivered");
        assert_eq!(texts(&ben.read("ana", 1).await.expect("read")), [SECRETS[0]]);
        ana.create_room(SECRETS[1], &["ben".to_owned()])
            .await
            .expect("made");
        ana.add_contact("ben", Some(SECRETS[2])).await.expect("added");
        ben.add_contact("ana", Some(SECRETS[2])).await.expect("added");
        Town::later(&ana).await;
        let come = async {
            loop {
                ben.deliver().await.expect("delivered");
                let chats = ben.chats().expect("chats");
                if chats.iter().any(|chat| chat.name.as_deref() == Some(SECRETS[1])) {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, come)
            .await
            .expect("the room in time");
    }
    ana.publish(DWEET, None).await.expect("published");

    // What is put where it will be looked for.
    let mut people = Vec::new();
    for client in [&ana, &ben] {
        people.push(
            client
                .whoami()
                .await
                .expect("known")
                .what
                .id
                .parse()
                .expect("an id"),
        );
    }
    people.sort_unstable();
    let commit = SubmitCommit {
        by: people[0],
        conversation: ConversationId::of_room([7; 16]),
        at: Epoch {
            generation: 1,
            number: 0,
        },
        commit: pressed(),
        welcome: None,
        welcomed: Vec::new(),
        people,
    };
    ring.machines[1].submit(commit).await.expect("taken");
    tracing::debug!("{PLANTED}");
    metrics::counter!("tertulia_test_planted_total", "planted" => PLANTED).increment(1);

    // What lies there while the machines run.
    for words in SECRETS {
        assert!(!leaves_trace(directory, words), "{words} on a disk");
    }
    let write_ahead = |words: &str| {
        let forms = forms(words);
        any_file(directory, &|path| {
            is_write_ahead(path) && holds(&std::fs::read(path).expect("read"), &forms)
        })
    };
    assert!(write_ahead(DWEET));
    let told = metrics_at(&urls[1]).await;
    assert!(told.contains(PLANTED) && told.contains("tertulia_"), "{told}");
    for words in SECRETS {
        assert!(!holds(told.as_bytes(), &forms(words)), "{words} in the figures");
    }

    for (closing, served) in doors {
        closing.cancel();
        served.await.expect("it closes");
    }
    for node in ring.machines {
        node.stop().await;
    }
    drop((ana, ben));
    for machine in &ring.directories {
        let log_said = log_of(machine);
        assert!(log_said.holds(DWEET), "each machine keeps everything");
        // The log does compress: what was pressed is in it, and its bytes do not show it.
        assert!(log_said.holds(PRESSED));
        assert!(!leaves_trace(&log(machine), PRESSED));
        assert!(leaves_trace(&machine.join("state"), DWEET));
        for words in SECRETS {
            assert!(!log_said.holds(words), "{words} in a log");
        }
    }
    let (crossed, places) = (&ring.tap.heard, [DWEET, PRESSED]);
    assert!(places.iter().all(|words| crossed.holds(words)));
    assert!(logged.holds(PLANTED));
    for words in SECRETS {
        assert!(!leaves_trace(directory, words), "{words} on a disk");
        assert!(!crossed.holds(words), "{words} between machines");
        assert!(!logged.holds(words), "{words} in what is logged");
    }
    // As a control, each form in which something could stand there is found.
    let control = directory.join("control");
    std::fs::create_dir(&control).expect("made");
    for (number, form) in forms(PLANTED).into_iter().enumerate() {
        assert!(!leaves_trace(&control, PLANTED), "{number}");
        let file = control.join("file");
        std::fs::write(&file, [b"before ", &form[..], b" after"].concat()).expect("written");
        assert!(leaves_trace(&control, PLANTED), "{number}");
        std::fs::remove_file(&file).expect("removed");
    }
}
