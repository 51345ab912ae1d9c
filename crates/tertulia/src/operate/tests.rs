//! The commands that change who is there, against a machine that only plays its part.

use super::change::{RecoverFlags, RemoveFlags, leaving, recovering, removing};
use super::{At, Counter, Undone};
use crate::control::{Control, Invitation, Operator, Piece, Refusal, TokenWish, Why};
use async_trait::async_trait;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{BufRead, Cursor};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tertulia_console::Words;
use tertulia_console::look::Look;
use tertulia_console::ring::Glyphs;
use tertulia_console::words::Language;
use tertulia_types::ring::{
    CopyKind, CopyStatus, GroupId, LeaveProgress, LookupPath, MachineState, MachineStatus, RangeStatus,
    RingEvent, RingFacts, RingStatus,
};
use tertulia_types::{MachineId, Nick, Range, Role, moderation};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const THIS: MachineId = MachineId(0x1111_0000_0000_0000);
const OTHER: MachineId = MachineId(0x2222_0000_0000_0000);
const THIRD: MachineId = MachineId(0x3333_0000_0000_0000);

/// A machine of a ring of three, of which the other two are as the test says.
struct Player {
    others: MachineState,
    done: Arc<Mutex<Vec<String>>>,
}

impl Player {
    fn does(&self, what: &str) {
        self.done.lock().unwrap().push(what.to_owned());
    }
}

fn machine(id: MachineId, state: MachineState) -> MachineStatus {
    MachineStatus {
        id,
        role: Role::Node,
        state,
        position: None,
        peers: Vec::new(),
        http: Vec::new(),
        is_entry: true,
        version: None,
        is_this: id == THIS,
        silent_for_ms: None,
        clock_off_ms: None,
        sick: Vec::new(),
        disk: None,
    }
}

fn ring(others: MachineState) -> RingStatus {
    let copy = |machine| CopyStatus {
        machine,
        node: 1,
        kind: CopyKind::Voter,
        lag_entries: None,
        is_stranger: false,
    };
    let range = RangeStatus {
        group: GroupId(7),
        range: Range::whole(),
        end: Some(THIS),
        epoch: 1,
        leader: Some(THIS),
        is_led: true,
        copies: [THIS, OTHER, THIRD].map(copy).to_vec(),
        rows: None,
        bytes: None,
    };
    let facts = RingFacts {
        id: 1,
        name: "Barrio".to_owned(),
        replicas: 5,
    };
    let machines = vec![
        machine(THIS, MachineState::Alive),
        machine(OTHER, others),
        machine(THIRD, others),
    ];
    RingStatus::of(facts, machines, vec![range], false)
}

#[async_trait]
impl Operator for Player {
    async fn status(&self) -> RingStatus {
        ring(self.others)
    }

    fn events(&self) -> broadcast::Receiver<RingEvent> {
        broadcast::channel(1).1
    }

    async fn token(&self, _wish: &TokenWish) -> Result<Invitation, Refusal> {
        Err(Refusal::new(Why::NoKey))
    }

    async fn lookup(&self, _nick: &Nick) -> Result<LookupPath, Refusal> {
        Err(Refusal::new(Why::NotNow))
    }

    async fn leave(&self, progress: watch::Sender<LeaveProgress>) -> Result<(), Refusal> {
        progress.send_replace(LeaveProgress {
            copies: 1,
            copies_left: 1,
            hindrance: None,
        });
        self.does("leave");
        Ok(())
    }

    fn is_leaving(&self) -> bool {
        false
    }

    async fn remove(&self, machine: MachineId) -> Result<(), Refusal> {
        self.does(&format!("remove {machine}"));
        Ok(())
    }

    async fn appoint(&self, _nick: &Nick, role: moderation::Role) -> Result<moderation::Role, Refusal> {
        Ok(role)
    }

    async fn recover(&self, groups: &BTreeSet<GroupId>) -> Result<Vec<GroupId>, Refusal> {
        self.does(&format!("recover {groups:?}"));
        Ok(vec![GroupId(9)])
    }

    async fn backup(&self, _tell: mpsc::Sender<Piece>) -> Result<(), Refusal> {
        Err(Refusal::new(Why::NoKey))
    }
}

/// A machine that plays its part, and a command that asks it.
struct Stage {
    folder: tempfile::TempDir,
    done: Arc<Mutex<Vec<String>>>,
    closing: CancellationToken,
    left: CancellationToken,
    served: JoinHandle<()>,
}

impl Stage {
    fn set(others: MachineState) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let done = Arc::new(Mutex::new(Vec::new()));
        let (closing, left) = (CancellationToken::new(), CancellationToken::new());
        let player = Arc::new(Player {
            others,
            done: Arc::clone(&done),
        });
        let control = Control::bind(folder.path()).unwrap();
        let served = tokio::spawn(control.serve(player, closing.clone(), left.clone()));
        Self {
            folder,
            done,
            closing,
            left,
            served,
        }
    }

    /// A command's place, with a keyboard on which somebody types this, or without one.
    fn counter(&self, typed: Option<&'static str>) -> Counter {
        let keyboard = |typed: &'static str| -> Box<dyn BufRead> { Box::new(Cursor::new(typed)) };
        Counter {
            data: PathBuf::from(self.folder.path()),
            json: false,
            look: Look::of_terminal(Words::new(Language::English), false),
            glyphs: Glyphs::ASCII,
            keyboard: RefCell::new(typed.map(keyboard)),
        }
    }

    async fn remove(&self, machine: &str, yes: bool, typed: Option<&'static str>) -> Result<(), Undone> {
        let flags = RemoveFlags {
            machine: machine.to_owned(),
            at: At::default(),
            yes,
            force: false,
        };
        removing(&self.counter(typed), &flags).await
    }

    async fn remove_by_force(&self, machine: &str) -> Result<(), Undone> {
        let flags = RemoveFlags {
            machine: machine.to_owned(),
            at: At::default(),
            yes: false,
            force: true,
        };
        removing(&self.counter(None), &flags).await
    }

    async fn recover(&self, yes: bool, typed: Option<&'static str>) -> Result<(), Undone> {
        let flags = RecoverFlags {
            from_this_copy: true,
            at: At::default(),
            yes,
        };
        recovering(&self.counter(typed), &flags).await
    }

    fn done(&self) -> Vec<String> {
        self.done.lock().unwrap().clone()
    }

    async fn close(self) {
        self.closing.cancel();
        self.served.await.unwrap();
    }
}

#[tokio::test]
async fn j8_a_machine_that_answers_is_removed_only_by_somebody_who_is_sure() {
    let stage = Stage::set(MachineState::Alive);
    let unasked = stage.remove("2222", false, None).await;
    assert!(
        matches!(unasked, Err(Undone::Cancelled { has_keyboard: false })),
        "{unasked:?}"
    );
    for typed in ["no\n", "", "perhaps\n"] {
        let unsure = stage.remove("2222", false, Some(typed)).await;
        assert!(
            matches!(unsure, Err(Undone::Cancelled { has_keyboard: true })),
            "{unsure:?}"
        );
    }
    assert_eq!(stage.done(), [""; 0], "nothing is done");
    stage.remove("2222", false, Some("yes\n")).await.unwrap();
    stage.remove("3333", true, None).await.unwrap();
    assert_eq!(
        stage.done(),
        [format!("remove {OTHER}"), format!("remove {THIRD}")]
    );
    stage.close().await;
}

#[tokio::test]
async fn v4_a_machine_without_which_a_range_has_no_majority_is_removed_by_force_only() {
    let stage = Stage::set(MachineState::Dead);
    for yes in [false, true] {
        let needed = stage.remove("2222", yes, None).await;
        let Err(Undone::Refused(refusal, Some(machine))) = needed else {
            panic!("one of three voters is left: {needed:?}")
        };
        assert_eq!((refusal.why, machine), (Why::Needed, OTHER.to_string()));
        assert_eq!(refusal.detail, Range::whole().to_string());
    }
    assert_eq!(stage.done(), [""; 0]);
    stage.remove_by_force("2222").await.unwrap();
    assert_eq!(stage.done(), [format!("remove {OTHER}")]);
    stage.close().await;
}

#[tokio::test]
async fn j8_a_dead_machine_is_removed_without_a_question_and_this_one_never() {
    let stage = Stage::set(MachineState::Dead);
    stage.remove_by_force("2222").await.unwrap();
    let oneself = stage.remove("1111", true, None).await;
    assert!(matches!(oneself, Err(Undone::Refused(refusal, _)) if refusal.why == Why::Itself));
    let nobody = stage.remove("4444", true, None).await;
    assert!(matches!(nobody, Err(Undone::Refused(refusal, Some(_))) if refusal.why == Why::UnknownMachine));
    assert_eq!(stage.done(), [format!("remove {OTHER}")]);
    stage.close().await;
}

#[tokio::test]
async fn v4_recovery_asks_for_the_name_of_the_ring() {
    let stage = Stage::set(MachineState::Dead);
    for typed in [None, Some(""), Some("yes\n"), Some("barrio\nTaller\n")] {
        let unsure = stage.recover(false, typed).await;
        assert!(matches!(unsure, Err(Undone::Cancelled { .. })), "{unsure:?}");
    }
    assert_eq!(stage.done(), [""; 0], "nothing is done");
    stage.recover(false, Some("barrio\nBarrio\n")).await.unwrap();
    stage.recover(true, None).await.unwrap();
    assert_eq!(
        stage.done(),
        ["recover {0000000000000007}", "recover {0000000000000007}"],
        "what was shown, and nothing else"
    );
    stage.close().await;
}

#[tokio::test]
async fn v4_where_every_range_has_its_majority_nothing_is_recovered() {
    let stage = Stage::set(MachineState::Alive);
    let refused = stage.recover(true, None).await;
    assert!(matches!(refused, Err(Undone::Refused(refusal, _)) if refusal.why == Why::NothingLost));
    assert_eq!(stage.done(), [""; 0], "the machine is not even asked");
    stage.close().await;
}

#[tokio::test]
async fn j7_leaving_ends_the_machine_when_it_is_done() {
    let stage = Stage::set(MachineState::Alive);
    leaving(&stage.counter(None)).await.unwrap();
    assert_eq!(stage.done(), ["leave"]);
    assert!(stage.left.is_cancelled());
    stage.close().await;
}
