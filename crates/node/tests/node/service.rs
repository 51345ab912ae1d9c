//! One machine in service: verbs, restarts, the courier among its own groups.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use crate::community::{follow, home, options, publish, register, registration, until};
use tertulia_node::files::SystemFiles;
use tertulia_node::{Blocks, CharterError, DirectoryError, Failure, Files, Node, NodeError, Unavailable};
use tertulia_state::account::Credentials;
use tertulia_state::range::{FindEnd, Split};
use tertulia_types::{MachineId, Rejected, Slot};

#[tokio::test]
async fn a_command_is_answered_and_a_query_sees_it() {
    let directory = tempfile::tempdir().unwrap();
    let node = Node::open(options(directory.path(), 1)).await.unwrap();
    let ana = register(&node, "ana").await;
    let found = node
        .query(Credentials {
            nick: "ana".parse().unwrap(),
        })
        .await
        .unwrap();
    assert_eq!(found.account, ana.account);
    let taken = node.submit(registration("ana").0).await.unwrap_err();
    assert_eq!(taken, Failure::Rejected(Rejected::NickTaken));
    node.stop().await;
    let stopped = node.submit(registration("eva").0).await.unwrap_err();
    assert!(
        matches!(
            stopped,
            Failure::Unavailable(Unavailable::Stopping | Unavailable::Unreached)
        ),
        "{stopped}"
    );
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut people: Vec<String> = Vec::new();
    for round in 0..4 {
        let node = Node::open(options(directory.path(), 3)).await.unwrap();
        for nick in &people {
            node.query(Credentials {
                nick: nick.parse().unwrap(),
            })
            .await
            .unwrap();
        }
        for person in 0..10 {
            let nick = format!("p{round}x{person}");
            register(&node, &nick).await;
            people.push(nick);
        }
        node.stop().await;
    }
}

#[tokio::test]
async fn a_directory_has_one_machine_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let node = Node::open(options(directory.path(), 1)).await.unwrap();
    let second = Node::open(options(directory.path(), 1)).await.err().unwrap();
    assert!(
        matches!(
            second,
            NodeError::Charter(CharterError::Directory(DirectoryError::InUse(_)))
        ),
        "{second}"
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_courier_reaches_every_group_and_itself() {
    let directory = tempfile::tempdir().unwrap();
    for groups in [1, 3] {
        let directory = directory.path().join(groups.to_string());
        let node = Node::open(options(&directory, groups)).await.unwrap();
        let ana = register(&node, "ana").await;
        let mut readers = Vec::new();
        for reader in 0..20 {
            let reader = register(&node, &format!("reader{reader}")).await;
            follow(&node, reader, ana.account).await;
            readers.push(reader);
        }
        for dweet in 0..5 {
            publish(&node, ana, &format!("hola {dweet}")).await.unwrap();
        }
        let wanted: Vec<String> = (0..5).rev().map(|dweet| format!("hola {dweet}")).collect();
        for reader in readers {
            until("each reader has each dweet", || async {
                home(&node, reader).await == wanted
            })
            .await;
        }
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_a_query_sees_what_was_answered_before_it() {
    let directory = tempfile::tempdir().unwrap();
    let node = Node::open(options(directory.path(), 1)).await.unwrap();
    let people = (0..64).map(|person| {
        let node = node.clone();
        async move {
            for round in 0..5 {
                let nick = format!("p{person}x{round}");
                let ana = register(&node, &nick).await;
                let nick = nick.parse().unwrap();
                assert_eq!(
                    node.query(Credentials { nick }).await.unwrap().account,
                    ana.account
                );
            }
        }
    });
    futures::future::join_all(people).await;
    node.stop().await;
}

/// The system's files, of which no copy is made before the sender is gone.
struct Held {
    released: Mutex<mpsc::Receiver<()>>,
    is_asked: Arc<AtomicBool>,
}

impl Files for Held {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Blocks>> {
        SystemFiles.create(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Blocks>> {
        SystemFiles.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        SystemFiles.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemFiles.remove(path)
    }

    fn copy(&self, from: &Path, to: &Path) -> io::Result<Box<dyn Blocks>> {
        self.is_asked.store(true, Ordering::Relaxed);
        let _ = self.released.lock().expect("whole").recv();
        SystemFiles.copy(from, to)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        SystemFiles.sync_directory(path)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_a_query_waits_for_what_is_committed_and_not_applied_yet() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(directory.path(), 1);
    let (hold, released) = mpsc::channel();
    let is_asked = Arc::<AtomicBool>::default();
    options.medium.files = Arc::new(Held {
        released: Mutex::new(released),
        is_asked: is_asked.clone(),
    });
    let node = Node::open(options).await.unwrap();
    let ana = register(&node, "ana").await;
    // A split is committed, and cannot be applied before the child's database is made.
    let split = Split {
        at: Slot(0).end(),
        machine: MachineId(7),
        incarnation: 1,
    };
    let splitting = tokio::spawn({
        let node = node.clone();
        async move { node.submit(split).await }
    });
    until("the split is committed", || async {
        is_asked.load(Ordering::Relaxed)
    })
    .await;
    let mut asking = tokio::spawn({
        let (node, of) = (node.clone(), ana.account.home());
        async move { node.query(FindEnd { of }).await }
    });
    let early = tokio::time::timeout(Duration::from_millis(300), &mut asking).await;
    assert!(early.is_err(), "from before the split: {early:?}");
    drop(hold);
    let birth = splitting.await.unwrap().unwrap();
    let end = asking.await.unwrap().unwrap();
    assert!([birth.parent, birth.child].contains(&end.descriptor), "{end:?}");
    node.stop().await;
}

#[tokio::test]
async fn c3_a_clock_that_is_set_back_does_not_take_time_along() {
    let directory = tempfile::tempdir().unwrap();
    let now_ms = Arc::new(AtomicU64::new(1_800_000_000_000));
    let clock = now_ms.clone();
    let mut options = options(directory.path(), 1);
    options.clock = Arc::new(move || clock.load(Ordering::Relaxed));
    let node = Node::open(options).await.unwrap();
    let ana = register(&node, "ana").await;
    let first = publish(&node, ana, "before").await.unwrap();
    now_ms.fetch_sub(3_600_000, Ordering::Relaxed);
    let second = publish(&node, ana, "after").await.unwrap();
    assert!(second.id > first.id, "{:?} after {:?}", second.id, first.id);
    node.stop().await;
}

#[tokio::test]
async fn a_nick_is_given_once_to_many_who_ask_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let node = Node::open(options(directory.path(), 3)).await.unwrap();
    let tries = (0..50).map(|_| node.submit(registration("ana").0));
    let answers = futures::future::join_all(tries).await;
    let taken = |answer: &&Result<_, Failure>| matches!(answer, Err(Failure::Rejected(Rejected::NickTaken)));
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(answers.iter().filter(taken).count(), 49);
    node.stop().await;
}
