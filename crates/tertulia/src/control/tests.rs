//! The channel between commands and a machine, with a machine that only plays its part.

use super::{
    Answer, Ask, Channel, Control, Invitation, Operator, Piece, REQUEST_BYTES_MAX, Refusal, SOCKET,
    TokenWish, Unreached, Why, ask,
};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tertulia_types::entity::Base64;
use tertulia_types::ring::{
    EventKind, GroupId, Hop, HopKind, LeaveProgress, LookupPath, RingEvent, RingFacts, RingStatus,
};
use tertulia_types::{MachineId, Nick, Range, moderation};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Far more than anything here takes.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// A machine that plays its part.
struct Player {
    ring: Mutex<String>,
    events: broadcast::Sender<RingEvent>,
    /// What a leaving tells; and, when it has a value, its end.
    progress: watch::Sender<LeaveProgress>,
    leave_ends: watch::Sender<Option<Result<(), Refusal>>>,
    leavings: AtomicU32,
    /// Whether it was about to leave when it was started.
    is_leaving: bool,
    /// Whether questions are never answered.
    is_stuck: watch::Sender<bool>,
}

impl Player {
    fn new() -> Self {
        Self {
            ring: Mutex::new("Barrio".to_owned()),
            events: broadcast::Sender::new(4),
            progress: watch::Sender::new(LeaveProgress::default()),
            leave_ends: watch::Sender::new(None),
            leavings: AtomicU32::new(0),
            is_leaving: false,
            is_stuck: watch::Sender::new(false),
        }
    }

    fn rename(&self, name: &str) {
        name.clone_into(&mut self.ring.lock().unwrap());
    }
}

#[async_trait]
impl Operator for Player {
    async fn status(&self) -> RingStatus {
        let facts = RingFacts {
            id: 1,
            name: self.ring.lock().unwrap().clone(),
            replicas: 5,
        };
        RingStatus::of(facts, Vec::new(), Vec::new(), true)
    }

    fn events(&self) -> broadcast::Receiver<RingEvent> {
        self.events.subscribe()
    }

    async fn token(&self, wish: &TokenWish) -> Result<Invitation, Refusal> {
        let _ = self.is_stuck.subscribe().wait_for(|stuck| !stuck).await;
        Ok(Invitation {
            token: format!("{:?}", wish.role),
            contacts: vec!["127.0.0.1:8788".to_owned()],
            expires_ms: wish.valid_for_s,
        })
    }

    async fn lookup(&self, nick: &Nick) -> Result<LookupPath, Refusal> {
        Ok(LookupPath {
            nick: nick.clone(),
            position: nick.position(),
            hops: vec![Hop {
                machine: MachineId(1),
                kind: HopKind::Start,
            }],
            group: GroupId(1),
            range: Range::whole(),
            leader: None,
        })
    }

    async fn leave(&self, progress: watch::Sender<LeaveProgress>) -> Result<(), Refusal> {
        self.leavings.fetch_add(1, Ordering::SeqCst);
        let (mut told, mut ends) = (self.progress.subscribe(), self.leave_ends.subscribe());
        loop {
            progress.send_replace(*told.borrow_and_update());
            tokio::select! {
                Ok(ended) = ends.wait_for(Option::is_some) => {
                    return ended.clone().unwrap_or(Ok(()));
                }
                Ok(()) = told.changed() => {}
            }
        }
    }

    fn is_leaving(&self) -> bool {
        self.is_leaving
    }

    async fn remove(&self, machine: MachineId) -> Result<(), Refusal> {
        match machine {
            MachineId(7) => Ok(()),
            _ => Err(Refusal::new(Why::UnknownMachine)),
        }
    }

    async fn appoint(&self, _nick: &Nick, role: moderation::Role) -> Result<moderation::Role, Refusal> {
        Ok(role)
    }

    async fn recover(&self, groups: &BTreeSet<GroupId>) -> Result<Vec<GroupId>, Refusal> {
        Ok(groups.iter().copied().collect())
    }

    /// Two blocks, and then what the leaving is told to end with.
    async fn backup(&self, tell: mpsc::Sender<Piece>) -> Result<(), Refusal> {
        for block in [vec![1; 1 << 20], vec![2; 3]] {
            if tell.send(Piece::Block(Base64(block))).await.is_err() {
                return Ok(());
            }
        }
        let mut ends = self.leave_ends.subscribe();
        let ended = ends.wait_for(Option::is_some).await;
        ended.map_or(Ok(()), |ended| ended.clone().unwrap_or(Ok(())))
    }
}

/// A machine's control channel, in a directory of its own.
struct Stage {
    _folder: tempfile::TempDir,
    directory: PathBuf,
    player: Arc<Player>,
    closing: CancellationToken,
    left: CancellationToken,
    served: JoinHandle<()>,
}

impl Stage {
    fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().to_owned();
        Self::set_in(folder, directory)
    }

    fn set_in(folder: tempfile::TempDir, directory: PathBuf) -> Self {
        Self::with(Player::new(), folder, directory)
    }

    fn with(player: Player, folder: tempfile::TempDir, directory: PathBuf) -> Self {
        let (player, closing, left) = (
            Arc::new(player),
            CancellationToken::new(),
            CancellationToken::new(),
        );
        let control = Control::bind(&directory).unwrap();
        let served = tokio::spawn(control.serve(player.clone(), closing.clone(), left.clone()));
        Self {
            _folder: folder,
            directory,
            player,
            closing,
            left,
            served,
        }
    }

    async fn ask(&self, what: Ask) -> Answer {
        within(ask(&self.directory, &what)).await.unwrap()
    }

    async fn open(&self, what: Ask) -> Channel {
        within(Channel::open(&self.directory, &what)).await.unwrap()
    }

    /// Sends these bytes as they are, and reads what comes back to its end.
    async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = UnixStream::connect(self.directory.join(SOCKET)).await.unwrap();
        // A machine that has had enough may hang up meanwhile.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = within(stream.read_to_end(&mut answer)).await;
        String::from_utf8(answer).unwrap()
    }

    async fn close(self) {
        self.closing.cancel();
        within(self.served).await.unwrap();
    }
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    timeout(WAIT_MAX, work).await.expect("it comes in time")
}

async fn next(channel: &mut Channel) -> Answer {
    within(channel.next()).await.unwrap().expect("an answer")
}

fn token(role: Option<tertulia_types::Role>) -> Ask {
    Ask::Token(TokenWish {
        role,
        valid_for_s: 60,
    })
}

fn joined(number: u64) -> RingEvent {
    RingEvent {
        time_ms: number,
        kind: EventKind::Joined,
        machine: Some(MachineId(number)),
        group: None,
    }
}

#[tokio::test]
async fn each_question_has_its_answer() {
    let stage = Stage::set();
    let Answer::Status(status) = stage.ask(Ask::Status).await else {
        panic!("a status")
    };
    assert_eq!(status.ring.name, "Barrio");
    let Answer::Token(invitation) = stage.ask(token(Some(tertulia_types::Role::Gateway))).await else {
        panic!("a token")
    };
    assert_eq!(
        (invitation.token.as_str(), invitation.expires_ms),
        ("Some(Gateway)", 60)
    );
    let nick: Nick = "ana".parse().unwrap();
    assert!(
        matches!(stage.ask(Ask::Lookup { nick: nick.clone() }).await, Answer::Lookup(path) if path.nick == nick)
    );
    assert_eq!(
        stage
            .ask(Ask::Remove {
                machine: MachineId(7)
            })
            .await,
        Answer::Done
    );
    let refused = Answer::Refused(Refusal::new(Why::UnknownMachine));
    assert_eq!(
        stage
            .ask(Ask::Remove {
                machine: MachineId(8)
            })
            .await,
        refused
    );
    let groups = BTreeSet::from([GroupId(3), GroupId(4)]);
    assert_eq!(
        stage.ask(Ask::Recover { groups }).await,
        Answer::Recovered(vec![GroupId(3), GroupId(4)])
    );
    stage.close().await;
}

#[tokio::test]
async fn a_backup_comes_piece_by_piece_and_one_at_a_time() {
    let stage = Stage::set();
    let block = |bytes: &[u8]| Answer::Backup(Piece::Block(Base64(bytes.to_vec())));
    let mut channel = stage.open(Ask::Backup).await;
    assert_eq!(next(&mut channel).await, block(&vec![1; 1 << 20]));
    assert_eq!(next(&mut channel).await, block(&[2; 3]));
    assert_eq!(
        stage.ask(Ask::Backup).await,
        Answer::Refused(Refusal::new(Why::Busy))
    );
    drop(channel);
    // Whoever goes away leaves room for the next one; that comes to the end.
    let mut channel = loop {
        let mut channel = stage.open(Ask::Backup).await;
        let answer = next(&mut channel).await;
        if !matches!(answer, Answer::Refused(refusal) if refusal.why == Why::Busy) {
            break channel;
        }
    };
    assert_eq!(next(&mut channel).await, block(&[2; 3]));
    let failed = Refusal::because(Why::Failed, "a disk");
    stage.player.leave_ends.send_replace(Some(Err(failed.clone())));
    assert_eq!(next(&mut channel).await, Answer::Refused(failed));
    stage.player.leave_ends.send_replace(Some(Ok(())));
    let mut channel = stage.open(Ask::Backup).await;
    next(&mut channel).await;
    next(&mut channel).await;
    assert_eq!(next(&mut channel).await, Answer::Done);
    stage.close().await;
}

#[tokio::test]
async fn only_the_owner_may_use_the_socket_and_it_goes_with_the_machine() {
    let stage = Stage::set();
    let socket = stage.directory.join(SOCKET);
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let directory = stage.directory.clone();
    let names: Vec<_> = directory
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, [SOCKET], "nothing else is left there");
    stage.closing.cancel();
    within(stage.served).await.unwrap();
    assert!(!socket.exists());
    let gone = within(ask(&directory, &Ask::Status)).await;
    assert!(matches!(gone, Err(Unreached::NotRunning(at)) if at == directory));
}

#[tokio::test]
async fn a_socket_of_a_former_life_is_no_hindrance_and_no_machine() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_owned();
    // A machine that was killed leaves its socket, perhaps in the middle of making it.
    drop(std::os::unix::net::UnixListener::bind(directory.join(SOCKET)).unwrap());
    std::fs::create_dir(directory.join("control.new")).unwrap();
    drop(std::os::unix::net::UnixListener::bind(directory.join("control.new/control")).unwrap());
    let dead = within(ask(&directory, &Ask::Status)).await;
    assert!(matches!(dead, Err(Unreached::NotRunning(_))), "{dead:?}");
    let stage = Stage::set_in(folder, directory);
    assert!(matches!(stage.ask(Ask::Status).await, Answer::Status(_)));
    stage.close().await;
}

#[tokio::test]
async fn where_there_is_no_directory_that_is_said() {
    let nowhere = Path::new("/nowhere/at/all");
    let error = within(ask(nowhere, &Ask::Status)).await.unwrap_err();
    assert!(
        matches!(&error, Unreached::NoDirectory(at) if at == nowhere),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_path_longer_than_a_sockets_may_be_is_fine() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("a-long-name/".repeat(20));
    assert!(directory.as_os_str().len() > 200);
    std::fs::create_dir_all(&directory).unwrap();
    let stage = Stage::set_in(folder, directory);
    assert!(matches!(stage.ask(Ask::Status).await, Answer::Status(_)));
    stage.close().await;
}

#[tokio::test]
async fn garbage_is_refused_and_disturbs_nobody() {
    let stage = Stage::set();
    for garbage in [
        &b"garbage\n"[..],
        b"\xff\xfe\x00\n",
        b"{}\n",
        b"[]\n",
        b"{\"version\":1}\n",
        b"{\"version\":1,\"ask\":\"fly\"}\n",
        b"{\"version\":1,\"ask\":{\"remove\":{\"machine\":7}}}\n",
        b"{\"version\":1,\"ask\":{\"lookup\":{\"nick\":\"No Nick\"}}}\n",
        &[b'['; 4_000],
    ] {
        let mut line = garbage.to_vec();
        line.push(b'\n');
        let said = stage.raw(&line).await;
        assert!(said.contains("\"malformed\"") && said.ends_with('\n'), "{said}");
    }
    let other = stage.raw(b"{\"version\":2,\"ask\":{\"sing\":[]}}\n").await;
    assert!(
        other.contains("\"version\"") && other.contains("refused"),
        "{other}"
    );
    assert!(matches!(stage.ask(Ask::Status).await, Answer::Status(_)));
    stage.close().await;
}

#[tokio::test]
async fn a_request_without_an_end_is_not_read_for_ever() {
    let stage = Stage::set();
    let size = usize::try_from(REQUEST_BYTES_MAX).unwrap() + 1;
    let said = stage.raw(&vec![b' '; size]).await;
    assert!(said.is_empty() || said.contains("too long"), "{said}");
    assert!(matches!(stage.ask(Ask::Status).await, Answer::Status(_)));
    stage.close().await;
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_told_so_and_makes_room() {
    let stage = Stage::set();
    let mut silent = Vec::new();
    for _ in 0..16 {
        silent.push(UnixStream::connect(stage.directory.join(SOCKET)).await.unwrap());
    }
    let mut said = String::new();
    silent[0].read_to_string(&mut said).await.unwrap();
    assert!(said.contains("no request came in time"), "{said}");
    for mut other in silent.drain(1..) {
        other.read_to_string(&mut String::new()).await.unwrap();
    }
    assert!(matches!(stage.ask(Ask::Status).await, Answer::Status(_)));
    stage.close().await;
}

#[tokio::test]
async fn one_too_many_is_told_that_the_machine_is_busy() {
    let stage = Stage::set();
    let mut watching = Vec::new();
    for _ in 0..8 {
        let mut channel = stage.open(Ask::Watch).await;
        assert!(matches!(next(&mut channel).await, Answer::Status(_)));
        watching.push(channel);
    }
    let busy = Answer::Refused(Refusal::new(Why::Busy));
    assert_eq!(stage.ask(Ask::Watch).await, busy, "a ninth watcher");
    assert!(
        matches!(stage.ask(Ask::Status).await, Answer::Status(_)),
        "others find room"
    );
    watching.pop();
    // As soon as the machine has noticed.
    within(async {
        loop {
            let mut channel = stage.open(Ask::Watch).await;
            if let Answer::Status(_) = next(&mut channel).await {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    stage.close().await;
}

#[tokio::test]
async fn a_watcher_sees_changes_and_events_until_the_machine_stops() {
    let stage = Stage::set();
    let mut channel = stage.open(Ask::Watch).await;
    assert!(matches!(next(&mut channel).await, Answer::Status(_)));
    stage.player.events.send(joined(1)).unwrap();
    assert_eq!(next(&mut channel).await, Answer::Event(joined(1)));
    stage.player.rename("Taller");
    assert!(matches!(next(&mut channel).await, Answer::Status(status) if status.ring.name == "Taller"));
    stage.closing.cancel();
    assert_eq!(within(channel.next()).await.unwrap(), None);
    within(stage.served).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_watcher_hears_from_the_machine_even_when_nothing_changes() {
    let stage = Stage::set();
    let mut channel = stage.open(Ask::Watch).await;
    for _ in 0..3 {
        assert!(matches!(next(&mut channel).await, Answer::Status(_)));
    }
    stage.close().await;
}

#[tokio::test]
async fn a_slow_watcher_is_told_that_it_missed_something() {
    let stage = Stage::set();
    let mut channel = stage.open(Ask::Watch).await;
    assert!(matches!(next(&mut channel).await, Answer::Status(_)));
    // More than are kept, without letting the machine run meanwhile.
    for number in 0..20 {
        stage.player.events.send(joined(number)).unwrap();
    }
    assert_eq!(next(&mut channel).await, Answer::Missed);
    assert_eq!(next(&mut channel).await, Answer::Event(joined(16)));
    stage.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_question_that_the_machine_cannot_answer_in_time_is_refused() {
    let stage = Stage::set();
    stage.player.is_stuck.send_replace(true);
    assert_eq!(
        stage.ask(token(None)).await,
        Answer::Refused(Refusal::new(Why::NotNow))
    );
    stage.close().await;
}

#[tokio::test]
async fn a_stopping_machine_says_so() {
    let stage = Stage::set();
    stage.player.is_stuck.send_replace(true);
    let mut channel = stage.open(token(None)).await;
    stage.closing.cancel();
    // Asked before it stopped, or not let in any more.
    match within(channel.next()).await {
        Ok(Some(answer)) => assert_eq!(answer, Answer::Refused(Refusal::new(Why::Stopping))),
        Ok(None) | Err(Unreached::Io(_)) => {}
        Err(other) => panic!("{other}"),
    }
    within(stage.served).await.unwrap();
}

fn copies(copies_left: u32) -> LeaveProgress {
    LeaveProgress {
        copies: 3,
        copies_left,
        hindrance: None,
    }
}

#[tokio::test]
async fn j7_a_leaving_goes_on_when_its_command_is_interrupted_and_others_see_the_same_one() {
    let stage = Stage::set();
    stage.player.progress.send_replace(copies(3));
    let mut first = stage.open(Ask::Leave).await;
    until_told(&mut first, copies(3)).await;
    drop(first);
    stage.player.progress.send_replace(copies(1));
    let mut second = stage.open(Ask::Leave).await;
    until_told(&mut second, copies(1)).await;
    assert!(!stage.left.is_cancelled());
    stage.player.leave_ends.send_replace(Some(Ok(())));
    assert_eq!(until_ended(&mut second).await, Answer::Done);
    within(stage.left.cancelled()).await;
    assert_eq!(stage.player.leavings.load(Ordering::SeqCst), 1);
    let late = until_ended(&mut stage.open(Ask::Leave).await).await;
    assert_eq!(late, Answer::Done, "whoever asks later finds the end as well");
    stage.close().await;
}

#[tokio::test]
async fn j7_a_leaving_that_a_restart_broke_off_goes_on_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_owned();
    let player = Player {
        is_leaving: true,
        ..Player::new()
    };
    let stage = Stage::with(player, folder, directory);
    stage.player.leave_ends.send_replace(Some(Ok(())));
    within(stage.left.cancelled()).await;
    assert_eq!(stage.player.leavings.load(Ordering::SeqCst), 1);
    stage.close().await;
}

#[tokio::test]
async fn j7_a_machine_that_may_not_leave_stays_and_may_be_asked_again() {
    let stage = Stage::set();
    let refusal = Refusal::new(Why::LastMachine);
    stage.player.leave_ends.send_replace(Some(Err(refusal.clone())));
    for asked in 1..=2 {
        let mut channel = stage.open(Ask::Leave).await;
        assert_eq!(until_ended(&mut channel).await, Answer::Refused(refusal.clone()));
        assert_eq!(stage.player.leavings.load(Ordering::SeqCst), asked);
    }
    assert!(!stage.left.is_cancelled());
    stage.close().await;
}

#[tokio::test]
async fn a_machine_that_is_stopped_while_it_leaves_says_that_it_has_not_left() {
    let stage = Stage::set();
    stage.player.progress.send_replace(copies(2));
    let mut channel = stage.open(Ask::Leave).await;
    until_told(&mut channel, copies(2)).await;
    stage.closing.cancel();
    assert_eq!(
        until_ended(&mut channel).await,
        Answer::Refused(Refusal::new(Why::Stopping))
    );
    within(stage.served).await.unwrap();
    assert!(!stage.left.is_cancelled());
}

async fn until_told(channel: &mut Channel, progress: LeaveProgress) {
    while next(channel).await != Answer::Leaving(progress) {}
}

async fn until_ended(channel: &mut Channel) -> Answer {
    loop {
        let answer = next(channel).await;
        if !matches!(answer, Answer::Leaving(_)) {
            return answer;
        }
    }
}
