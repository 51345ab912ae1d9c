//! What is kept on this computer: shown when no machine answers, gone after logging out.

use crate::ring::{Machine, TOKEN, account, ana, client, page, relationship, status};
use serde_json::json;
use std::path::Path;
use tertulia_client::Failure;
use tertulia_client::failure::Misuse;
use tertulia_client::mark::{FAVOURITES, ListPage};
use tertulia_client::session::LoggedOut;

fn with_views(machine: &Machine) {
    let (one, two) = (
        status("101", "bob", "the first"),
        status("102", "eva", "the second"),
    );
    machine.on(
        "POST /api/tertulia/v1/home/next",
        200,
        page(vec![two.clone(), one.clone()]),
    );
    machine.on("GET /api/v1/accounts/lookup", 200, account("7", "bob"));
    machine.on("GET /api/v1/accounts/7/statuses", 200, json!([one.clone()]));
    machine.on(
        "GET /api/v1/accounts/relationships",
        200,
        json!([relationship(true)]),
    );
    machine.on("GET /api/v1/statuses/102", 200, two);
    let answer = status("103", "leo", "an answer");
    machine.on(
        "GET /api/v1/statuses/102/context",
        200,
        json!({ "ancestors": [one], "descendants": [answer] }),
    );
    let follow = json!({
        "id": "55", "type": "follow", "created_at": "2026-11-21T04:43:04.931Z", "account": account("8", "zoe"),
        "group_key": "x"
    });
    machine.on("GET /api/v1/notifications", 200, json!([follow]));
}

#[tokio::test]
async fn what_was_seen_is_shown_when_no_machine_answers() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    with_views(&machine);
    let person = ana(&directory, &[&machine.url]).await;
    let home = person.feed(None, 20).await.expect("home").what.dweets;
    let profile = person.profile("bob", None, 20).await.expect("a profile").what;
    let thread = person.thread("102").await.expect("a thread").what;
    let news = person.notifications(None, 20).await.expect("notifications").what;
    drop((person, machine));

    let later = client(&directory, &[]);
    let kept = later.feed(None, 20).await.expect("kept");
    assert!(kept.as_of.is_some());
    assert_eq!((kept.what.dweets, kept.what.unseen), (home, None));
    assert_eq!(later.profile("bob", None, 20).await.expect("kept").what, profile);
    assert_eq!(later.thread("102").await.expect("kept").what, thread);
    assert_eq!(later.notifications(None, 20).await.expect("kept").what, news);
    let me = later.whoami().await.expect("kept");
    assert_eq!(
        (me.what.author.name.as_str(), me.as_of.is_some()),
        ("The ana", true)
    );
    assert_eq!(later.nicks_met().expect("kept"), ["bob", "eva", "leo", "zoe"]);

    assert!(
        later
            .thread("101")
            .await
            .expect_err("never seen")
            .is_unreachable()
    );
    assert!(
        later
            .profile("eva", None, 20)
            .await
            .expect_err("never seen")
            .is_unreachable()
    );
    assert!(
        later
            .search("x", 20)
            .await
            .expect_err("not kept")
            .is_unreachable()
    );
    let second = later
        .latest(Some("102"), 20)
        .await
        .expect("the page below")
        .what
        .dweets;
    assert_eq!(
        second.iter().map(|dweet| dweet.id.as_str()).collect::<Vec<_>>(),
        ["101"]
    );
}

#[tokio::test]
async fn a_list_goes_on_where_the_ring_says_also_when_no_machine_answers() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    let person = ana(&directory, &[&machine.url]).await;
    let ids = |page: ListPage| page.dweets.into_iter().map(|dweet| dweet.id).collect::<Vec<_>>();
    // In the order in which they were marked, which is not that of the dweets.
    let (top, below) = (["101", "103"], ["105", "102"]);
    let on = |ids: [&str; 2]| {
        machine.on(
            "GET /api/v1/favourites",
            200,
            json!(ids.map(|id| status(id, "bob", "x"))),
        )
    };
    on(top);
    machine.names_next(Some(20 << 16));
    let page = person.marked(FAVOURITES, None, 2).await.expect("the top").what;
    let from = page.next.clone().expect("there is more");
    assert_eq!(from, (20 << 16).to_string());
    assert_eq!(ids(page), top);
    on(below);
    machine.names_next(Some(10 << 16));
    let page = person
        .marked(FAVOURITES, Some(&from), 2)
        .await
        .expect("the rest")
        .what;
    assert_eq!(ids(page), below);
    drop((person, machine));

    let later = client(&directory, &[]);
    let kept = later.marked(FAVOURITES, None, 2).await.expect("kept");
    assert!(kept.as_of.is_some());
    let from = kept.what.next.clone().expect("there is more");
    assert_eq!(ids(kept.what), top);
    let kept = later.marked(FAVOURITES, Some(&from), 2).await.expect("kept");
    assert_eq!(ids(kept.what), below);
}

#[tokio::test]
async fn a_refusal_is_never_papered_over_by_what_is_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    with_views(&machine);
    let person = ana(&directory, &[&machine.url]).await;
    person.thread("102").await.expect("a thread");
    machine.on(
        "GET /api/v1/statuses/102",
        404,
        json!({ "error": "not found", "code": "not_found" }),
    );
    assert_eq!(
        person.thread("102").await.expect_err("deleted").code(),
        "not_found"
    );
}

#[tokio::test]
async fn what_was_deleted_elsewhere_goes_from_here_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    with_views(&machine);
    let (one, two, three) = (
        status("101", "bob", "a"),
        status("102", "bob", "b"),
        status("103", "bob", "c"),
    );
    machine.on(
        "GET /api/v1/timelines/home",
        200,
        json!([three.clone(), two, one.clone()]),
    );
    let person = ana(&directory, &[&machine.url]).await;
    person.latest(None, 20).await.expect("home");
    machine.on("GET /api/v1/timelines/home", 200, json!([three, one]));
    person.latest(None, 20).await.expect("home");
    machine.on("DELETE /api/v1/statuses/103", 200, json!({}));
    person.delete("103").await.expect("deleted");
    drop((person, machine));
    let kept = client(&directory, &[])
        .latest(None, 20)
        .await
        .expect("kept")
        .what
        .dweets;
    assert_eq!(
        kept.iter().map(|dweet| dweet.id.as_str()).collect::<Vec<_>>(),
        ["101"]
    );
}

/// Whether a text is in the client's database, read with its key.
fn found_in(directory: &Path, needle: &str) -> bool {
    let key = std::fs::read_to_string(directory.join("client.key")).expect("a key");
    let database = rusqlite::Connection::open(directory.join("client.db")).expect("opens");
    database
        .pragma_update(None, "key", format!("x'{key}'"))
        .expect("a key");
    let names = |sql: &str| -> Vec<String> {
        let mut statement = database.prepare(sql).expect("prepares");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("names")
    };
    names("SELECT name FROM sqlite_master WHERE type = 'table'")
        .into_iter()
        .any(|table| {
            let columns = names(&format!("SELECT name FROM pragma_table_info('{table}')"));
            columns.iter().any(|column| {
                let sql = format!(
                    "SELECT EXISTS (SELECT 1 FROM \"{table}\" WHERE instr(CAST(\"{column}\" AS BLOB), CAST(?1 AS BLOB)) > 0)"
                );
                database
                    .query_row(&sql, [needle], |row| row.get::<_, bool>(0))
                    .expect("searched")
            })
        })
}

#[tokio::test]
async fn logging_out_leaves_nothing_to_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    with_views(&machine);
    let person = ana(&directory, &[&machine.url]).await;
    person.feed(None, 20).await.expect("home");
    person.profile("bob", None, 20).await.expect("a profile");
    person.keep_line("dweet something private").expect("kept");
    person.number(["101"].into_iter(), false).expect("numbered");
    let data = directory.path().join("client");
    let traces = [TOKEN, "The ana", "the first", "something private", "eva"];
    assert!(traces.iter().all(|trace| found_in(&data, trace)));
    assert_eq!(person.logout(false).await.expect("out"), LoggedOut::Everywhere);
    assert_eq!(machine.asked_for("POST /api/tertulia/v1/logout").len(), 1);
    for trace in traces {
        assert!(
            !found_in(&data, trace),
            "{trace} is still there, with the client open"
        );
    }
    drop(person);
    for trace in traces {
        assert!(!found_in(&data, trace), "{trace} is still there");
    }
    let later = client(&directory, &[]);
    assert_eq!(
        later.servers(),
        [machine.url.as_str()],
        "the servers are nobody's secret"
    );
    assert!(matches!(
        later.feed(None, 20).await,
        Err(Failure::Misused(Misuse::NotLoggedIn))
    ));
}

#[tokio::test]
async fn logging_out_may_keep_the_cache_but_never_the_token() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    with_views(&machine);
    let person = ana(&directory, &[&machine.url]).await;
    person.feed(None, 20).await.expect("home");
    person.logout(true).await.expect("out");
    drop(person);
    let data = directory.path().join("client");
    assert!(!found_in(&data, TOKEN));
    assert!(found_in(&data, "the first"));
}

#[tokio::test]
async fn logging_out_works_without_a_machine_and_says_that_the_session_goes_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    let person = ana(&directory, &[&machine.url]).await;
    drop((person, machine));
    let later = client(&directory, &[]);
    assert_eq!(later.logout(false).await.expect("out"), LoggedOut::HereOnly);
    drop(later);
    assert!(!found_in(&directory.path().join("client"), TOKEN));
}

#[tokio::test]
async fn who_loses_the_ring_while_they_log_in_does_it_again_and_is_in() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    let who = "GET /api/v1/accounts/verify_credentials";
    machine.on(who, 503, serde_json::json!({ "error": "busy", "code": "busy" }));
    let person = client(&directory, &[&machine.url]);
    let lost = person.login("ana", "correct horse").await;
    assert!(lost.expect_err("it did not say who this is").is_unreachable());
    machine.on(who, 200, account("7", "ana"));
    let other = person.login("bob", "correct horse").await;
    assert!(matches!(other, Err(Failure::Misused(Misuse::LoggedInAs(_)))));
    assert_eq!(person.login("Ana", "correct horse").await.expect("in").id, "7");
    assert_eq!(
        machine.asked_for("POST /api/tertulia/v1/login").len(),
        1,
        "one session"
    );
    let again = person.login("ana", "correct horse").await;
    assert!(matches!(again, Err(Failure::Misused(Misuse::LoggedInAs(_)))));
}

#[tokio::test]
async fn one_person_never_sees_what_another_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    with_views(&machine);
    let person = ana(&directory, &[&machine.url]).await;
    person.feed(None, 20).await.expect("home");
    person.number(["101"].into_iter(), false).expect("numbered");
    assert!(matches!(
        person.login("bob", "x").await,
        Err(Failure::Misused(Misuse::LoggedInAs(_)))
    ));
    person.logout(true).await.expect("out");
    machine.on(
        "GET /api/v1/accounts/verify_credentials",
        200,
        account("7", "bob"),
    );
    person.login("bob", "correct horse").await.expect("in");
    drop(machine);
    assert!(
        person
            .feed(None, 20)
            .await
            .expect_err("nothing of bob's")
            .is_unreachable()
    );
    assert!(matches!(
        person.meant("1"),
        Err(Failure::Misused(Misuse::NoSuchNumber(1)))
    ));
}

#[tokio::test]
async fn short_numbers_mean_the_last_list() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::start().await;
    let person = ana(&directory, &[&machine.url]).await;
    assert_eq!(
        person
            .number(["101", "102"].into_iter(), false)
            .expect("numbered"),
        [1, 2]
    );
    assert_eq!(
        person.number(["103", "101"].into_iter(), true).expect("numbered"),
        [3, 1]
    );
    assert_eq!(person.greatest_number().expect("known"), 3);
    assert_eq!(person.meant("#3").expect("there"), "103");
    drop(person);
    let later = client(&directory, &[]);
    assert_eq!(later.meant(" 2 ").expect("there"), "102");
    assert_eq!(
        later.meant("115909876543210987").expect("an id"),
        "115909876543210987"
    );
    for typed in ["", "#", "x", "-1", "99999999999999999999"] {
        assert!(
            matches!(later.meant(typed), Err(Failure::Misused(Misuse::NotADweet(_)))),
            "{typed:?}"
        );
    }
    later.number(["104"].into_iter(), false).expect("numbered");
    assert!(matches!(
        later.meant("2"),
        Err(Failure::Misused(Misuse::NoSuchNumber(2)))
    ));
}
