//! Whose certificate is believed.

use crate::authority::{Authority, provider};
use crate::ring::{Machine, client, entries, settings};
use tertulia_client::failure::Why;
use tertulia_client::trust::Offer;
use tertulia_client::{Client, Failure};

fn offer(failure: Failure) -> Offer {
    let Failure::Untrusted(offer) = failure else {
        panic!("{failure:?}")
    };
    *offer
}

fn port(machine: &Machine) -> u16 {
    machine
        .url
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .expect("a port")
}

#[tokio::test]
async fn an_unknown_authority_is_offered_and_believed_after_the_persons_word() {
    provider();
    let directory = tempfile::tempdir().expect("a directory");
    let authority = Authority::new();
    let machine = authority.machine("127.0.0.1", 0).await;
    let person = client(&directory, &[&machine.url]);
    let failure = person
        .login("ana", "correct horse")
        .await
        .expect_err("not trusted yet");
    assert_eq!((failure.exit_status(), failure.code()), (3, "untrusted"));
    let offer = offer(failure);
    assert_eq!(offer.fingerprint, authority.fingerprint());
    assert!(!offer.changed);
    let asked: Vec<String> = machine.asked().into_iter().map(|asked| asked.what).collect();
    assert_eq!(
        asked,
        ["GET /api/tertulia/v1/ca"],
        "nothing else may be sent to a machine that is not trusted"
    );

    person.trust(&offer).expect("pinned");
    person.login("ana", "correct horse").await.expect("trusted");
    drop(person);
    client(&directory, &[])
        .whoami()
        .await
        .expect("trusted in the next process too");
}

#[tokio::test]
async fn the_rings_other_machines_need_no_second_word() {
    provider();
    let directory = tempfile::tempdir().expect("a directory");
    let authority = Authority::new();
    let (one, two) = (
        authority.machine("127.0.0.1", 0).await,
        authority.machine("127.0.0.1", 0).await,
    );
    let person = client(&directory, &[&one.url]);
    let failure = person.reach().await.expect_err("not trusted yet");
    person.trust(&offer(failure)).expect("pinned");
    client(&directory, &[&two.url])
        .reach()
        .await
        .expect("the same authority");
}

#[tokio::test]
async fn a_changed_authority_is_a_loud_refusal() {
    provider();
    let directory = tempfile::tempdir().expect("a directory");
    let (true_one, false_one) = (Authority::new(), Authority::new());
    let machine = true_one.machine("127.0.0.1", 0).await;
    let port = port(&machine);
    let person = client(&directory, &[&machine.url]);
    person
        .trust(&offer(person.reach().await.expect_err("not trusted yet")))
        .expect("pinned");
    person.login("ana", "correct horse").await.expect("in");
    drop(machine);
    let impostor = loop {
        // The port is free as soon as the first machine has let it go.
        tokio::task::yield_now().await;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            break false_one.machine("127.0.0.1", port).await;
        }
    };
    let failure = client(&directory, &[]).whoami().await.expect_err("an impostor");
    assert_eq!(failure.code(), "authority_changed");
    assert!(offer(failure).changed);
    assert!(
        impostor.asked().iter().all(|asked| asked.token.is_none()),
        "the token must not reach it"
    );
}

#[tokio::test]
async fn an_authority_named_beforehand_is_believed_without_asking() {
    provider();
    let authority = Authority::new();
    let machine = authority.machine("127.0.0.1", 0).await;

    let by_fingerprint = tempfile::tempdir().expect("a directory");
    let mut named = settings(&by_fingerprint, &[&machine.url]);
    named.ca_fingerprint = Some(authority.fingerprint().to_uppercase());
    Client::open(&named)
        .expect("opens")
        .reach()
        .await
        .expect("believed");
    client(&by_fingerprint, &[&machine.url])
        .reach()
        .await
        .expect("and remembered");

    let by_file = tempfile::tempdir().expect("a directory");
    let file = by_file.path().join("ca.pem");
    std::fs::write(&file, &authority.pem).expect("written");
    let mut named = settings(&by_file, &[&machine.url]);
    named.ca = Some(file);
    Client::open(&named)
        .expect("opens")
        .reach()
        .await
        .expect("believed");

    let wrong = tempfile::tempdir().expect("a directory");
    let mut named = settings(&wrong, &[&machine.url]);
    named.ca_fingerprint = Some("00".repeat(32));
    let failure = Client::open(&named)
        .expect("opens")
        .reach()
        .await
        .expect_err("another fingerprint");
    assert_eq!(offer(failure).fingerprint, authority.fingerprint());
}

#[tokio::test]
async fn a_certificate_for_another_address_is_no_matter_of_trust() {
    provider();
    let directory = tempfile::tempdir().expect("a directory");
    let authority = Authority::new();
    let machine = authority.machine("elsewhere.example", 0).await;
    let mut named = settings(&directory, &[&machine.url]);
    named.ca_fingerprint = Some(authority.fingerprint());
    let failure = Client::open(&named)
        .expect("opens")
        .reach()
        .await
        .expect_err("another address");
    let Failure::Unreachable(missed) = failure else {
        panic!("{failure:?}")
    };
    assert_eq!(missed[0].why, Why::BadCertificate);
}

#[test]
fn a_file_without_a_certificate_is_said_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, "hello").expect("written");
    let mut named = settings(&directory, &["https://127.0.0.1:1"]);
    named.ca = Some(file);
    assert_eq!(
        Client::open(&named).expect_err("none").code(),
        "not_a_certificate"
    );
}

#[tokio::test]
async fn entry_machine_under_the_rings_authority_is_believed_and_another_is_refused_loudly() {
    provider();
    let directory = tempfile::tempdir().expect("a directory");
    let (ours, theirs) = (Authority::new(), Authority::new());
    let first = ours.machine("127.0.0.1", 0).await;
    let impostor = theirs.machine("127.0.0.1", 0).await;
    let third = ours.machine("127.0.0.1", 0).await;
    let list = |urls: &[&str]| entries(7, Some(&ours.fingerprint()), urls);
    first.recommends(&list(&[&first.url, &impostor.url, &third.url]));
    third.recommends(&list(&[&first.url, &impostor.url, &third.url]));
    let mut named = settings(&directory, &[&first.url]);
    named.ca_fingerprint = Some(ours.fingerprint());
    let person = Client::open(&named).expect("opens");
    person.login("ana", "correct horse").await.expect("trusted");
    person.settle().await.expect("kept");
    drop((person, first));

    // The next one shows another authority: it gets nothing, the one after it answers, and the person hears of it.
    let person = client(&directory, &[]);
    person.whoami().await.expect("at the third, without asking");
    assert_eq!(person.servers()[0], third.url);
    let alarms = person.alarms();
    assert_eq!(alarms.len(), 1);
    assert_eq!(
        (alarms[0].server.as_str(), alarms[0].changed),
        (impostor.url.as_str(), true)
    );
    assert_eq!(person.alarms(), [], "told once");
    let asked: Vec<String> = impostor.asked().into_iter().map(|asked| asked.what).collect();
    assert_eq!(
        asked,
        ["GET /api/tertulia/v1/ca"],
        "no token for a machine of another authority"
    );
    drop((person, third));

    let failure = client(&directory, &[])
        .unseen()
        .await
        .expect_err("only the impostor is there");
    assert_eq!((failure.exit_status(), failure.code()), (3, "authority_changed"));
    assert_eq!(offer(failure).fingerprint, theirs.fingerprint());
}

#[tokio::test]
async fn entry_that_a_person_names_must_be_of_their_ring_too() {
    provider();
    let directory = tempfile::tempdir().expect("a directory");
    let (ours, theirs) = (Authority::new(), Authority::new());
    let first = ours.machine("127.0.0.1", 0).await;
    let other = theirs.machine("127.0.0.1", 0).await;
    first.recommends(&entries(7, None, &[&first.url]));
    let mut named = settings(&directory, &[&first.url]);
    named.ca_fingerprint = Some(ours.fingerprint());
    let person = Client::open(&named).expect("opens");
    person.login("ana", "correct horse").await.expect("trusted");
    person.settle().await.expect("kept");
    drop(person);
    let failure = client(&directory, &[&other.url])
        .unseen()
        .await
        .expect_err("not of the ring");
    assert_eq!(failure.code(), "authority_changed");
    assert!(other.asked().iter().all(|asked| asked.token.is_none()));
}
