//! What a client does with rings that were found on the local network.

use crate::ring::{Machine, Mood, ana, client, entries, nobody, page, settings};
use tertulia_client::failure::Misuse;
use tertulia_client::near::NearRing;
use tertulia_client::{Client, Failure, Lookout};

fn near(id: u64, name: &str, servers: &[&str]) -> NearRing {
    NearRing {
        id: format!("{id:016x}"),
        name: name.to_owned(),
        authority: None,
        servers: servers.iter().map(|&server| server.to_owned()).collect(),
    }
}

#[tokio::test]
async fn without_an_address_the_usual_one_is_asked_then_the_network() {
    let directory = tempfile::tempdir().expect("a directory");
    let (usual, machine) = (nobody().await, Machine::start().await);
    let mut told = settings(&directory, &[]);
    told.usual_server = Some(usual.clone());
    told.lookout = Lookout::Told(vec![near(7, "Plaza", &[&machine.url])]);
    let person = Client::open(&told).expect("opens");
    person.login("ana", "correct horse").await.expect("found");
    assert_eq!(person.servers(), [machine.url.as_str(), &usual]);
    drop(person);
    assert_eq!(
        client(&directory, &[]).servers(),
        [machine.url.as_str()],
        "what was found and answered is remembered, the guess is not"
    );

    let elsewhere = tempfile::tempdir().expect("a directory");
    let usual = Machine::start().await;
    let mut told = settings(&elsewhere, &[]);
    told.usual_server = Some(usual.url.clone());
    told.lookout = Lookout::Told(vec![near(7, "Plaza", &[&machine.url])]);
    let before = machine.asked().len();
    Client::open(&told)
        .expect("opens")
        .reach()
        .await
        .expect("the usual one");
    assert_eq!(
        machine.asked().len(),
        before,
        "the one on this computer comes first"
    );
}

#[tokio::test]
async fn several_rings_are_named_and_one_is_chosen() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    let (one, other) = (
        near(7, "Plaza", &["http://127.0.0.1:1"]),
        near(8, "Taller", &[&machine.url]),
    );
    let mut told = settings(&directory, &[]);
    told.lookout = Lookout::Told(vec![one.clone(), other.clone()]);
    let person = Client::open(&told).expect("opens");
    let failure = person.reach().await.expect_err("which one?");
    assert_eq!((failure.exit_status(), failure.code()), (2, "several_rings"));
    let Failure::Misused(Misuse::WhichRing(rings)) = failure else {
        panic!("{failure:?}")
    };
    assert_eq!(rings, [one, other.clone()]);
    person.choose(&other);
    person.login("ana", "correct horse").await.expect("chosen");
    assert_eq!(person.servers(), [machine.url.as_str()]);
}

#[tokio::test]
async fn a_fingerprint_named_beforehand_chooses_among_rings() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    let mut mine = near(8, "Plaza", &[&machine.url]);
    mine.authority = Some("ab".repeat(32));
    let mut told = settings(&directory, &[]);
    told.ca_fingerprint = mine.authority.clone();
    told.lookout = Lookout::Told(vec![near(7, "Plaza", &["http://127.0.0.1:1"]), mine]);
    Client::open(&told).expect("opens").reach().await.expect("found");
}

#[tokio::test]
async fn nobody_near_is_said_with_what_was_tried() {
    let directory = tempfile::tempdir().expect("a directory");
    let usual = nobody().await;
    let mut told = settings(&directory, &[]);
    told.usual_server = Some(usual.clone());
    told.lookout = Lookout::Told(Vec::new());
    let failure = Client::open(&told)
        .expect("opens")
        .reach()
        .await
        .expect_err("nobody");
    assert_eq!((failure.exit_status(), failure.code()), (3, "unreachable"));
    let Failure::NothingNear(missed) = failure else {
        panic!("{failure:?}")
    };
    assert_eq!(missed[0].server, usual);
}

#[tokio::test]
async fn who_named_a_machine_is_not_sent_to_another() {
    let directory = tempfile::tempdir().expect("a directory");
    let (gone, machine) = (nobody().await, Machine::start().await);
    let mut told = settings(&directory, &[&gone]);
    told.lookout = Lookout::Told(vec![near(7, "Plaza", &[&machine.url])]);
    let failure = Client::open(&told)
        .expect("opens")
        .reach()
        .await
        .expect_err("silent");
    assert!(matches!(failure, Failure::Unreachable(_)), "{failure:?}");
    assert_eq!(machine.asked(), []);
}

#[tokio::test]
async fn entry_machines_that_all_moved_are_found_again_if_they_are_of_the_ring() {
    let directory = tempfile::tempdir().expect("a directory");
    let (old, moved, other) = (
        Machine::start().await,
        Machine::start().await,
        Machine::start().await,
    );
    for machine in [&old, &moved] {
        machine.on("POST /api/tertulia/v1/home/next", 200, page(Vec::new()));
    }
    old.recommends(&entries(7, None, &[&old.url]));
    let person = ana(&directory, &[&old.url]).await;
    person.settle().await.expect("kept");
    drop((person, old));
    let mut told = settings(&directory, &[]);
    told.lookout = Lookout::Told(vec![
        near(8, "Plaza", &[&other.url]),
        near(7, "Plaza", &[&moved.url]),
    ]);
    let person = Client::open(&told).expect("opens");
    person.feed(None, 5).await.expect("at its new address");
    assert_eq!(other.asked(), [], "a token of one ring is not sent to the other");

    moved.mood(Mood::Busy);
    let failure = person.feed(None, 5).await.expect("what was kept");
    assert!(
        failure.as_of.is_some(),
        "who is busy is there: nobody looks around for others"
    );
}
