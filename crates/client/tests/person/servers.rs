//! Which machine is asked, and what happens when it fails.

use crate::ring::{Machine, Mood, TOKEN, ana, client, nobody, page, settings, status};
use serde_json::json;
use tertulia_client::failure::{Missed, Misuse, Refusal, Why};
use tertulia_client::{Client, Failure};

#[tokio::test]
async fn the_next_machine_answers_when_the_first_is_down_and_is_asked_first_from_then_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let (gone, second) = (nobody().await, Machine::start().await);
    let person = ana(&directory, &[&gone, &second.url]).await;
    assert_eq!(person.servers(), [second.url.as_str(), &gone]);
    drop(person);

    let later = client(&directory, &[]);
    assert_eq!(later.servers(), [second.url.as_str(), &gone]);
    assert_eq!(later.nick().as_deref(), Some("ana"));
    assert_eq!(later.whoami().await.expect("answered").what.server, second.url);
}

#[tokio::test]
async fn a_silent_busy_or_senseless_machine_is_passed_by() {
    for mood in [Mood::Silent, Mood::Busy, Mood::Nonsense] {
        let directory = tempfile::tempdir().expect("a directory");
        let (first, second) = (Machine::start().await, Machine::start().await);
        let mut settings = settings(&directory, &[&first.url, &second.url]);
        settings.patience_ms = Some(300);
        first.mood(mood);
        let person = Client::open(&settings).expect("opens");
        person
            .login("ana", "correct horse")
            .await
            .expect("the second answered");
        assert!(!first.asked().is_empty(), "{mood:?}");
        assert_eq!(person.servers()[0], second.url);
    }
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_is_not_asked_for_elsewhere() {
    let directory = tempfile::tempdir().expect("a directory");
    let (first, second) = (Machine::start().await, Machine::start().await);
    let words = json!({ "error": "this nick is taken", "code": "nick_taken" });
    first.on("POST /api/tertulia/v1/register", 422, words);
    let person = client(&directory, &[&first.url, &second.url]);
    let failure = person
        .register("ana", None, "correct horse")
        .await
        .expect_err("refused");
    let Failure::Refused(Refusal {
        status, code, words, ..
    }) = &failure
    else {
        panic!("{failure:?}")
    };
    assert_eq!(
        (*status, code.as_deref(), words.as_str()),
        (422, Some("nick_taken"), "this nick is taken")
    );
    assert_eq!(failure.exit_status(), 1);
    assert_eq!(second.asked(), []);
    assert_eq!(person.nick(), None);
}

#[tokio::test]
async fn all_down_says_why_for_each() {
    let directory = tempfile::tempdir().expect("a directory");
    let (gone, busy) = (nobody().await, Machine::start().await);
    busy.mood(Mood::Busy);
    let failure = client(&directory, &[&gone, &busy.url])
        .login("ana", "x")
        .await
        .expect_err("nobody there");
    let Failure::Unreachable(missed) = &failure else {
        panic!("{failure:?}")
    };
    let busy = Missed {
        server: busy.url.clone(),
        why: Why::Busy,
    };
    assert_eq!(
        *missed,
        [
            Missed {
                server: gone,
                why: Why::NoConnection
            },
            busy
        ]
    );
    assert_eq!(failure.exit_status(), 3);
}

#[tokio::test]
async fn what_makes_no_sense_is_not_sent() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    let person = client(&directory, &[&machine.url]);
    assert!(matches!(
        person.login("señora", "x").await,
        Err(Failure::Misused(Misuse::NotANick(_)))
    ));
    assert!(matches!(
        person.publish("hola", None).await,
        Err(Failure::Misused(Misuse::NotLoggedIn))
    ));
    assert_eq!(machine.asked(), []);
    let failure = Client::open(&settings(&directory, &["not an address"])).expect_err("none");
    assert!(matches!(failure, Failure::Misused(Misuse::NotAServer(_))));
    assert_eq!(failure.exit_status(), 2);
}

#[tokio::test]
async fn an_action_that_is_put_off_keeps_its_key() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    let person = ana(&directory, &[&machine.url]).await;
    let publish = "POST /api/v1/statuses";
    let mut keys = Vec::new();
    for (code, name) in [(429, "too_many"), (200, ""), (422, "invalid"), (200, "")] {
        let body = if code == 200 {
            status("10", "ana", "hola")
        } else {
            json!({ "error": "no", "code": name })
        };
        machine.on(publish, code, body);
        assert_eq!(person.publish("hola", None).await.is_ok(), code == 200);
        keys.push(machine.asked_for(publish).pop().and_then(|asked| asked.key));
    }
    assert_eq!(keys[0], keys[1], "put off, and not refused");
    assert_ne!(keys[1], keys[2], "done");
    assert_ne!(keys[2], keys[3], "refused");
}

#[tokio::test]
async fn an_action_whose_answer_was_lost_keeps_its_key() {
    let directory = tempfile::tempdir().expect("a directory");
    let (first, second) = (Machine::start().await, Machine::start().await);
    let mut settings = settings(&directory, &[&first.url, &second.url]);
    settings.patience_ms = Some(300);
    for machine in [&first, &second] {
        machine.on("POST /api/v1/statuses", 200, status("10", "ana", "hola"));
    }
    let person = Client::open(&settings).expect("opens");
    person.login("ana", "correct horse").await.expect("logged in");

    for machine in [&first, &second] {
        machine.mood(Mood::Silent);
    }
    assert!(
        person
            .publish("hola", None)
            .await
            .expect_err("lost")
            .is_unreachable()
    );
    drop(person);
    second.mood(Mood::Well);
    let later = Client::open(&settings).expect("opens");
    later.publish("hola", None).await.expect("published");
    later
        .publish("hola", None)
        .await
        .expect("published once more, on purpose");

    let keys = |machine: &Machine| -> Vec<_> {
        let asked = machine.asked_for("POST /api/v1/statuses");
        asked.into_iter().map(|asked| asked.key.expect("a key")).collect()
    };
    let (one, two) = (keys(&first), keys(&second));
    assert_eq!(two.len(), 3);
    assert!(
        one.iter().chain(&two[..2]).all(|key| *key == two[0]),
        "{one:?} {two:?}"
    );
    assert_ne!(two[2], two[0]);
}

#[tokio::test]
async fn a_session_that_has_ended_is_told_from_a_wrong_password() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    let person = ana(&directory, &[&machine.url]).await;
    let wrong = json!({ "error": "wrong nick or password", "code": "wrong_password" });
    machine.on("POST /api/tertulia/v1/password", 401, wrong);
    let failure = person
        .change_password("wrong", "new password")
        .await
        .expect_err("refused");
    assert_eq!((failure.code(), failure.exit_status()), ("wrong_password", 1));
    let ended = json!({ "error": "log in again", "code": "no_session" });
    machine.on("POST /api/tertulia/v1/home/next", 401, ended);
    assert!(matches!(person.feed(None, 5).await, Err(Failure::SessionEnded)));
    person.drop_session().expect("dropped");
    assert_eq!(client(&directory, &[]).nick(), None);
}

#[tokio::test]
async fn too_many_requests_say_how_long_to_wait() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    let person = ana(&directory, &[&machine.url]).await;
    machine.on(
        "POST /api/tertulia/v1/home/next",
        429,
        json!({ "error": "slow down", "code": "too_many_requests" }),
    );
    let failure = person.feed(None, 5).await.expect_err("refused");
    assert_eq!(failure.code(), "too_many_requests");
}

#[tokio::test]
async fn the_token_travels_with_what_needs_it_and_with_nothing_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    let person = ana(&directory, &[&machine.url]).await;
    machine.on("POST /api/tertulia/v1/home/next", 200, page(Vec::new()));
    person.reach().await.expect("there");
    person.feed(None, 5).await.expect("a page");
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(machine.asked_for("GET /api/v1/instance")[0].token, None);
    assert_eq!(machine.asked_for("POST /api/tertulia/v1/login")[0].token, None);
    assert_eq!(
        machine.asked_for("POST /api/tertulia/v1/home/next")[0]
            .token
            .as_deref(),
        Some(bearer.as_str())
    );
}
