//! Machines of a ring that encrypts its data at rest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::community::{follow, home, options, publish, register, until};
use crate::moving::{all_equal, groups, invite};
use tertulia_node::peers::RingFile;
use tertulia_node::seal::FileKey;
use tertulia_node::switchboard::Switchboard;
use tertulia_node::{Charter, Identity, Node, Options};
use tertulia_types::Role;

const TEXT: &str = "nobody finds these words on a disk";

/// The key of a machine, beside its directory.
fn key(directory: &Path) -> Option<FileKey> {
    let path = directory.with_extension("key");
    if !path.exists() {
        FileKey::make(&path).expect("a key file");
    }
    Some(FileKey::read(&path, directory).expect("a key"))
}

async fn open(switchboard: &Switchboard, directory: &Path, charter: Charter, found: u32) -> Arc<Node> {
    let options = Options {
        charter: Some(charter),
        network: Arc::new(switchboard.clone()),
        ..options(directory, found)
    };
    Node::open(options).await.expect("opens")
}

/// All files under a directory that have these bytes in them.
fn with_bytes(directory: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(with_bytes(&path, bytes));
        } else if std::fs::read(&path)
            .expect("a file")
            .windows(bytes.len())
            .any(|part| part == bytes)
        {
            found.push(path);
        }
    }
    found
}

/// A founder writes, a newcomer gets a snapshot, both are opened again. Who was written to, where, and which files have the words.
async fn found_with_the_words(is_encrypting: bool) -> Vec<PathBuf> {
    let place = tempfile::tempdir().expect("is done");
    let (first, second) = (place.path().join("one"), place.path().join("two"));
    let switchboard = Switchboard::default();
    let key = |directory: &Path| is_encrypting.then(|| key(directory)).flatten();
    let ring = RingFile::found("test", 3).expect("is done");
    let ring = match is_encrypting {
        true => ring.encrypting(),
        false => ring,
    };
    let founder =
        Charter::found(&Identity::take_under(&first, key(&first)).expect("is done"), ring).expect("is done");
    let one = open(&switchboard, &first, founder.clone(), 1).await;
    let newcomer = Identity::take_under(&second, key(&second)).expect("is done");
    let newcomer = founder.admit_as(&newcomer, Role::Node).expect("is done");
    let two = open(&switchboard, &second, newcomer.clone(), 1).await;
    one.until_ready().await;
    let (ana, ben) = (register(&one, "ana").await, register(&one, "ben").await);
    follow(&one, ben, ana.account).await;
    publish(&one, ana, TEXT).await.expect("is done");
    until("it is on the timeline", || async {
        home(&one, ben).await == [TEXT]
    })
    .await;
    let group = groups(&one)[0];
    two.learn(group, vec![one.member().machine]);
    let node = invite(&one, &two, group).await;
    let seats = one.standings().remove(0).seats;
    let voters: BTreeSet<_> = seats.iter().map(|seat| seat.node).chain([node]).collect();
    one.elect(group.group, voters).await.expect("is done");
    let machines = [one.clone(), two.clone()];
    until("both copies are equal", || all_equal(&machines, group.group)).await;
    one.stop().await;
    two.stop().await;
    let identities = [&one, &two].map(|machine| machine.identity().clone());
    drop((one, two, machines, founder, newcomer));

    let mut found = with_bytes(&first, TEXT.as_bytes());
    found.extend(with_bytes(&second, TEXT.as_bytes()));
    for name in ["@ana", "$argon2"] {
        let found = [&first, &second].map(|directory| with_bytes(directory, name.as_bytes()));
        assert!(
            !is_encrypting || found.iter().all(Vec::is_empty),
            "{name}: {found:?}"
        );
    }
    let [first_again, second_again] =
        identities.map(|identity| Charter::read(&identity).expect("is done").expect("is done"));
    let one = open(&switchboard, &first, first_again, 1).await;
    let two = open(&switchboard, &second, second_again, 1).await;
    one.until_ready().await;
    for machine in [&one, &two] {
        until("all is there after a restart", || async {
            home(machine, ben).await == [TEXT]
        })
        .await;
    }
    one.stop().await;
    two.stop().await;
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_that_encrypts_moves_by_snapshot_and_starts_again_and_shows_nothing_on_its_disks() {
    assert_eq!(found_with_the_words(true).await, Vec::<PathBuf>::new());
    // Who looks does find it where nothing is encrypted.
    assert!(!found_with_the_words(false).await.is_empty());
}

#[test]
fn a_ring_that_encrypts_is_not_kept_by_a_machine_without_a_key() {
    let directory = tempfile::tempdir().unwrap();
    let identity = Identity::take(directory.path()).unwrap();
    let ring = RingFile::found("test", 3).unwrap().encrypting();
    assert!(Charter::found(&identity, ring).is_err());
    assert!(RingFile::read(directory.path(), None).unwrap().is_none());
}

#[test]
fn a_machine_of_no_ring_that_comes_with_a_key_for_the_first_time_begins_anew() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("one");
    let plain = Identity::take(&directory).unwrap().machine;
    assert!(Identity::take_under(&directory, key(&directory)).is_err());
    let sealed = Identity::take_anew(&directory, key(&directory)).unwrap().machine;
    assert_ne!(sealed, plain);
    assert!(with_bytes(&directory, b"PRIVATE KEY").is_empty());
    let again = Identity::take_anew(&directory, key(&directory)).unwrap().machine;
    assert_eq!(again, sealed);
    assert!(Identity::take(&directory).is_err());
}
