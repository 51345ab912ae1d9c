//! A client that loses its machine goes on with the next one: it has heard of it from the ring.

use crate::ring::{Machine, Mood, ana, client, entries, nobody, page, settings, status};
use serde_json::json;
use tertulia_client::failure::Why;
use tertulia_client::{Client, Failure};
use tertulia_types::entity::EntryMachine;

const LIST: &str = "GET /api/tertulia/v1/entries";

fn with_dweets(machines: &[&Machine]) {
    for machine in machines {
        machine.on("POST /api/v1/statuses", 200, status("10", "ana", "hola"));
        machine.on("POST /api/tertulia/v1/home/next", 200, page(Vec::new()));
    }
}

#[tokio::test]
async fn entry_machine_that_was_only_heard_of_answers_when_the_first_is_lost() {
    let directory = tempfile::tempdir().expect("a directory");
    let (first, second) = (Machine::start().await, Machine::start().await);
    with_dweets(&[&first, &second]);
    let list = entries(7, None, &[&first.url, &second.url]);
    first.recommends(&list);
    second.recommends(&list);
    let person = ana(&directory, &[&first.url]).await;
    person.settle().await.expect("kept");
    assert_eq!(person.servers(), [first.url.as_str(), &second.url]);
    assert!(second.asked().is_empty(), "nobody asks without need");

    let (lost, second_url) = (first.url.clone(), second.url.clone());
    drop(first);
    person.publish("hola", None).await.expect("at the second");
    assert_eq!(person.servers(), [second_url.as_str(), &lost]);
    drop(person);

    let later = client(&directory, &[]);
    assert_eq!(
        later.servers()[0],
        second_url,
        "it answered last, so it is asked first"
    );
    later
        .feed(None, 5)
        .await
        .expect("at the second, in another process");
}

#[tokio::test]
async fn entry_list_comes_at_the_end_of_a_command_that_asks_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let (first, second) = (Machine::start().await, Machine::start().await);
    with_dweets(&[&first, &second]);
    drop(ana(&directory, &[&first.url]).await);
    first.recommends(&entries(7, None, &[&first.url, &second.url]));
    let command = client(&directory, &[]);
    command.feed(None, 5).await.expect("a page");
    command.settle().await.expect("kept");
    drop((command, first));
    client(&directory, &[])
        .feed(None, 5)
        .await
        .expect("at the second");
}

#[tokio::test]
async fn entry_list_is_fetched_once_for_each_version_whoever_names_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let (first, second) = (Machine::start().await, Machine::start().await);
    with_dweets(&[&first, &second]);
    let list = entries(7, None, &[&first.url, &second.url]);
    first.recommends(&list);
    second.recommends(&list);
    let person = ana(&directory, &[&first.url, &second.url]).await;
    person.settle().await.expect("kept");
    let fetched = || first.asked_for(LIST).len() + second.asked_for(LIST).len();
    for asked in [&second, &first, &second] {
        let other = if asked.url == first.url { &second } else { &first };
        other.mood(Mood::Busy);
        asked.mood(Mood::Well);
        for _ in 0..3 {
            person.feed(None, 5).await.expect("a page");
        }
        person.settle().await.expect("nothing to keep");
        assert_eq!(person.servers()[0], asked.url);
    }
    assert_eq!(fetched(), 1);
    drop(person);
    let later = client(&directory, &[]);
    later.feed(None, 5).await.expect("a page");
    later.settle().await.expect("nothing to keep");
    assert_eq!(fetched(), 1, "another process knows it too");

    second.recommends(&entries(7, None, &[&second.url]));
    for _ in 0..3 {
        later.feed(None, 5).await.expect("a page");
        later.settle().await.expect("kept");
    }
    assert_eq!(fetched(), 2);
}

#[tokio::test]
async fn entry_machines_that_are_no_longer_named_go_and_those_that_a_person_named_stay() {
    let directory = tempfile::tempdir().expect("a directory");
    let (machine, named) = (Machine::start().await, nobody().await);
    with_dweets(&[&machine]);
    let (old, new) = ("http://127.0.0.1:1", "http://127.0.0.1:2");
    machine.recommends(&entries(7, None, &[&machine.url, old]));
    let person = ana(&directory, &[&machine.url, &named]).await;
    person.settle().await.expect("kept");
    assert_eq!(person.servers(), [machine.url.as_str(), &named, old]);
    machine.recommends(&entries(7, None, &[&machine.url, new]));
    person.feed(None, 5).await.expect("a page");
    person.settle().await.expect("kept");
    assert_eq!(person.servers(), [machine.url.as_str(), &named, new]);
    drop(person);
    assert_eq!(
        client(&directory, &[]).servers(),
        [machine.url.as_str(), &named, new]
    );
}

#[tokio::test]
async fn entry_machine_that_names_itself_alone_takes_nobodys_place() {
    let directory = tempfile::tempdir().expect("a directory");
    let (first, second) = (Machine::start().await, Machine::start().await);
    with_dweets(&[&first, &second]);
    let list = entries(7, None, &[&first.url, &second.url]);
    second.recommends(&list);
    first.recommends(&list);
    let person = ana(&directory, &[&first.url]).await;
    person.settle().await.expect("kept");
    // It has just started, and has heard of nobody yet.
    first.recommends(&entries(8, None, &[&first.url]));
    person.feed(None, 5).await.expect("a page");
    person.settle().await.expect("kept");
    assert_eq!(person.servers(), [first.url.as_str(), &second.url]);
    drop((person, first));
    client(&directory, &[])
        .feed(None, 5)
        .await
        .expect("at the second, in another process");
}

#[tokio::test]
async fn entry_list_is_bounded_and_what_makes_no_sense_in_it_is_passed_by() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    with_dweets(&[&machine]);
    let mut list = entries(7, None, &[&machine.url]);
    list.machines = (0..50)
        .map(|number| EntryMachine {
            id: format!("{number:016x}"),
            urls: (0..9)
                .map(|port| format!("http://127.0.0.1:{}", 20_000 + number * 10 + port))
                .collect(),
        })
        .collect();
    list.machines[0].urls = vec![
        "http://10.0.0.1:1".to_owned(),
        "nonsense".to_owned(),
        "https://10.0.0.1/x".to_owned(),
    ];
    machine.recommends(&list);
    let person = ana(&directory, &[&machine.url]).await;
    person.settle().await.expect("kept");
    let servers = person.servers();
    assert_eq!(servers.len(), 1 + 4 * 3, "{servers:?}");
    assert!(
        !servers.iter().any(|server| server.contains("10.0.0.1")),
        "{servers:?}"
    );

    machine.on(
        LIST,
        200,
        json!({ "version": 5, "ring": "no id", "ca_fingerprint": null, "machines": [] }),
    );
    person.feed(None, 5).await.expect("a page");
    person.settle().await.expect("nothing to keep");
    assert_eq!(person.servers().len(), 13, "nonsense changes nothing");
}

#[tokio::test]
async fn entry_list_of_another_ring_is_not_taken_and_rings_are_kept_apart() {
    let directory = tempfile::tempdir().expect("a directory");
    let (one, other) = (Machine::start().await, Machine::start().await);
    with_dweets(&[&one, &other]);
    one.recommends(&entries(7, None, &[&one.url, "http://127.0.0.1:1"]));
    other.recommends(&entries(8, None, &[&other.url, "http://127.0.0.1:2"]));
    let person = ana(&directory, &[&one.url]).await;
    person.settle().await.expect("kept");
    one.recommends(&entries(8, None, &[&one.url, "http://127.0.0.1:3"]));
    person.feed(None, 5).await.expect("a page");
    person.settle().await.expect("nothing to keep");
    assert_eq!(person.servers(), [one.url.as_str(), "http://127.0.0.1:1"]);
    person.logout(false).await.expect("out");
    drop(person);

    let person = ana(&directory, &[&other.url]).await;
    person.settle().await.expect("kept");
    drop(person);
    let later = client(&directory, &[]);
    assert_eq!(
        later.servers(),
        [other.url.as_str(), "http://127.0.0.1:2"],
        "a token of one ring is not sent to the other"
    );
}

#[tokio::test]
async fn entry_that_stops_is_passed_by_and_the_change_carries_the_same_key() {
    let directory = tempfile::tempdir().expect("a directory");
    let (first, second) = (Machine::start().await, Machine::start().await);
    with_dweets(&[&first, &second]);
    let list = entries(7, None, &[&first.url, &second.url]);
    first.recommends(&list);
    let person = ana(&directory, &[&first.url]).await;
    person.settle().await.expect("kept");
    first.mood(Mood::Busy);
    person.publish("hola", None).await.expect("at the second");
    let key = |machine: &Machine| machine.asked_for("POST /api/v1/statuses")[0].key.clone();
    assert_eq!((key(&first).is_some(), key(&first)), (true, key(&second)));

    first.mood(Mood::Well);
    second.mood(Mood::Busy);
    person.publish("hola", None).await.expect("at the first again");
    assert_eq!(person.servers()[0], first.url);
    first.mood(Mood::Busy);
    let failure = person.publish("hola", None).await.expect_err("nobody can");
    let Failure::Unreachable(missed) = failure else {
        panic!("{failure:?}")
    };
    assert!(missed.len() == 2 && missed.iter().all(|missed| missed.why == Why::Busy));
}

#[tokio::test]
async fn a_password_whose_change_was_done_and_its_answer_lost_is_changed() {
    let directory = tempfile::tempdir().expect("a directory");
    let (first, second) = (Machine::start().await, Machine::start().await);
    let person = ana(&directory, &[&first.url, &second.url]).await;
    first.mood(Mood::Busy);
    second.answers_password("the new one");
    person
        .change_password("the old one", "the new one")
        .await
        .expect("done by the first");
    let failure = person
        .change_password("the old one", "another one")
        .await
        .expect_err("really wrong");
    assert_eq!(failure.code(), "wrong_password");
}

#[tokio::test]
async fn an_account_that_was_closed_and_the_answer_lost_is_closed() {
    let directory = tempfile::tempdir().expect("a directory");
    let (first, second) = (Machine::start().await, Machine::start().await);
    let mut settings = settings(&directory, &[&first.url, &second.url]);
    settings.patience_ms = Some(300);
    let ended = json!({ "error": "log in again", "code": "no_session" });
    second.on("POST /api/tertulia/v1/account/close", 401, ended.clone());
    for (is_gone, closed) in [(false, false), (true, true)] {
        let person = Client::open(&settings).expect("opens");
        first.mood(Mood::Well);
        if person.nick().is_none() {
            person.login("ana", "correct horse").await.expect("logged in");
        }
        first.mood(Mood::Silent);
        if !is_gone {
            second.on(
                "GET /api/v1/accounts/lookup",
                200,
                crate::ring::account("1", "ana"),
            );
        } else {
            second.on(
                "GET /api/v1/accounts/lookup",
                404,
                json!({ "error": "not found", "code": "not_found" }),
            );
        }
        let outcome = person.close_account("correct horse").await;
        assert_eq!(outcome.is_ok(), closed, "{outcome:?}");
        if let Err(failure) = outcome {
            assert!(matches!(failure, Failure::SessionEnded), "{failure:?}");
            assert_eq!(person.nick().as_deref(), Some("ana"), "nothing is removed here");
        }
    }
}

#[tokio::test]
async fn entry_list_of_a_ring_made_anew_at_the_same_address_is_taken_at_the_next_login() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    with_dweets(&[&machine]);
    machine.recommends(&entries(7, None, &[&machine.url, "http://127.0.0.1:1"]));
    let person = ana(&directory, &[&machine.url]).await;
    person.settle().await.expect("kept");
    person.logout(false).await.expect("out");
    drop(person);
    machine.recommends(&entries(
        8,
        None,
        &[&machine.url, "http://127.0.0.1:1", "http://127.0.0.1:2"],
    ));
    for (named, more) in [(vec![machine.url.as_str()], 2), (Vec::new(), 2)] {
        let person = ana(&directory, &named).await;
        person.settle().await.expect("kept");
        drop(person);
        let later = client(&directory, &[]);
        assert_eq!(later.servers().len(), 1 + more, "{:?}", later.servers());
        later.logout(false).await.expect("out");
    }
}
