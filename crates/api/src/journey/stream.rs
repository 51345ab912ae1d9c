//! Streams: what they tell, and when they end.

use crate::fixture::{self, App, PASSWORD};
use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures::StreamExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn one_address_does_not_take_all_streams() {
    let app = fixture::app(true).await;
    let open = async || {
        let request = Request::get("/api/v1/streaming/public").body(Body::empty());
        app.answer(request.expect("a request")).await
    };
    let mut streams = Vec::new();
    let refused = loop {
        let answer = open().await;
        if answer.status() != 200 {
            break answer;
        }
        streams.push(answer);
        assert!(streams.len() <= 128, "without end");
    };
    assert_eq!((streams.len(), refused.status().as_u16()), (128, 429));
    assert!(refused.headers().contains_key("retry-after"));
    streams.pop();
    assert_eq!(open().await.status(), 200, "one was closed");
}

/// A stream of server-sent events, read as Mastodon.py reads it.
struct Events {
    body: BodyDataStream,
    read: String,
}

impl Events {
    async fn open(app: &App, path: &str, token: &str) -> Self {
        let request = Request::get(path)
            .header("authorization", format!("Bearer {token}"))
            .body(Body::empty())
            .expect("a request");
        let answer = app.answer(request).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self {
            body: answer.into_body().into_data_stream(),
            read: String::new(),
        }
    }

    /// The next event and its payload; `None` when the stream has ended.
    async fn next(&mut self) -> Option<(String, String)> {
        tokio::time::timeout(PATIENCE, self.read_event())
            .await
            .expect("an event in time")
    }

    async fn read_event(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((block, rest)) = self.read.clone().split_once("\n\n") {
                self.read = rest.to_owned();
                let line = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(str::to_owned)
                };
                match (line("event: "), line("data: ")) {
                    (Some(event), Some(data)) => return Some((event, data)),
                    (None, None) => assert!(block.starts_with(':'), "only comments have no event: {block}"),
                    _ => panic!("half an event: {block}"),
                }
                continue;
            }
            let chunk = self.body.next().await?.expect("a chunk");
            self.read.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }
}

fn payload(data: &str) -> Value {
    serde_json::from_str(data).expect("JSON")
}

#[tokio::test]
async fn w14_a_follower_hears_dweets_edits_deletions_and_notifications() {
    let app = fixture::app(true).await;
    let (ana, bob) = (app.register("ana").await, app.register("bob").await);
    app.follow(&bob, "ana").await;
    let mut events = Events::open(&app, "/api/v1/streaming/user", &bob).await;
    let id = app.publish(&ana, "en vivo").await;
    let (event, data) = events.next().await.expect("an event");
    assert_eq!((event.as_str(), &payload(&data)["id"]), ("update", &json!(id)));
    app.ask(
        "POST",
        &format!("/api/v1/accounts/{}/follow", app.id("bob").await),
        &ana,
    )
    .await;
    let (event, data) = events.next().await.expect("an event");
    assert_eq!(
        (event.as_str(), &payload(&data)["type"]),
        ("notification", &json!("follow"))
    );
    app.ask("DELETE", &format!("/api/v1/statuses/{id}"), &ana).await;
    assert_eq!(events.next().await.expect("an event"), ("delete".to_owned(), id));
}

#[tokio::test]
async fn one_hears_ones_own_dweets_once() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    let mut events = Events::open(&app, "/api/v1/streaming/user", &ana).await;
    let first = app.publish(&ana, "uno").await;
    let second = app.publish(&ana, "dos").await;
    for id in [first, second] {
        let (event, data) = events.next().await.expect("an event");
        assert_eq!((event.as_str(), &payload(&data)["id"]), ("update", &json!(id)));
    }
}

#[tokio::test]
async fn public_and_hashtag_streams_tell_public_dweets_only() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    let mut public = Events::open(&app, "/api/v1/streaming/public/local", &ana).await;
    let mut tagged = Events::open(&app, "/api/v1/streaming/hashtag?tag=Mate", &ana).await;
    for visibility in ["private", "unlisted"] {
        app.post(
            "/api/v1/statuses",
            &ana,
            json!({ "status": "no #mate", "visibility": visibility }),
        )
        .await;
    }
    let id = app.publish(&ana, "sí #mate").await;
    for events in [&mut public, &mut tagged] {
        let (event, data) = events.next().await.expect("an event");
        assert_eq!((event.as_str(), &payload(&data)["id"]), ("update", &json!(id)));
    }
}

#[tokio::test]
async fn p1_a_stream_ends_with_its_session() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    let login = async || {
        let body = json!({ "nick": "ana", "password": PASSWORD });
        app.post("/api/tertulia/v1/login", "", body).await.1["access_token"]
            .as_str()
            .expect("a token")
            .to_owned()
    };
    let (phone, laptop) = (login().await, login().await);
    let mut on_phone = Events::open(&app, "/api/v1/streaming/user", &phone).await;
    let mut on_laptop = Events::open(&app, "/api/v1/streaming/user", &laptop).await;
    app.ask("POST", "/api/tertulia/v1/logout", &phone).await;
    assert_eq!(on_phone.next().await, None, "logged out");
    let id = app.publish(&ana, "sigue").await;
    assert_eq!(
        payload(&on_laptop.next().await.expect("an event").1)["id"],
        json!(id),
        "the other one goes on"
    );
    app.post(
        "/api/tertulia/v1/password",
        &ana,
        json!({ "current": PASSWORD, "new": "another one" }),
    )
    .await;
    assert_eq!(on_laptop.next().await, None, "the password changed");
    let mut own = Events::open(&app, "/api/v1/streaming/user", &ana).await;
    app.post(
        "/api/tertulia/v1/account/close",
        &ana,
        json!({ "password": "another one" }),
    )
    .await;
    assert_eq!(own.next().await, None, "the account is closed");
}

#[tokio::test]
async fn streams_end_when_the_machine_stops() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    let mut events = Events::open(&app, "/api/v1/streaming/user", &ana).await;
    app.service.closing.cancel();
    assert_eq!(events.next().await, None);
    drop(events);
    tokio::time::timeout(PATIENCE, app.service.finish())
        .await
        .expect("in time");
    assert_eq!(app.get("/readyz", "").await.0, 503);
}

#[tokio::test]
async fn streams_need_what_they_show() {
    let app = fixture::app(true).await;
    for path in [
        "/api/v1/streaming/user",
        "/api/v1/streaming/user/notification",
        "/api/v1/streaming/list",
    ] {
        assert_eq!(app.get(path, "").await.0, 401, "{path}");
    }
    let ana = app.register("ana").await;
    assert_eq!(app.get("/api/v1/streaming/nonsense", &ana).await.0, 422);
    assert_eq!(app.get("/api/v1/streaming/hashtag", &ana).await.0, 422, "no tag");
    assert_eq!(
        app.get("/api/v1/streaming?stream=user", &ana).await.0,
        400,
        "not a WebSocket"
    );
}

#[tokio::test]
async fn each_entry_is_told_once_by_a_machine_with_several_groups() {
    let app = fixture::app_of_groups(4).await;
    let ana = app.register("ana").await;
    let mut readers = Vec::new();
    for nick in ["bob", "carla", "dora", "eva", "fito", "gala"] {
        let token = app.register(nick).await;
        app.follow(&token, "ana").await;
        readers.push(Events::open(&app, "/api/v1/streaming/user", &token).await);
    }
    let mut ids = Vec::new();
    for text in ["uno", "dos", "tres"] {
        ids.push(app.publish(&ana, text).await);
    }
    for reader in &mut readers {
        let mut told = Vec::new();
        for _ in &ids {
            let (event, data) = reader.next().await.expect("an event");
            assert_eq!(event, "update");
            told.push(payload(&data)["id"].as_str().expect("an id").to_owned());
        }
        assert_eq!(
            told.iter().collect::<BTreeSet<_>>(),
            ids.iter().collect::<BTreeSet<_>>()
        );
    }
}

#[tokio::test]
async fn edits_and_deletions_reach_the_lists_that_showed_the_dweet() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    let mut public = Events::open(&app, "/api/v1/streaming/public", &ana).await;
    let mut tagged = Events::open(&app, "/api/v1/streaming/hashtag?tag=sol", &ana).await;
    let id = app.publish(&ana, "sale el #sol").await;
    for events in [&mut public, &mut tagged] {
        assert_eq!(events.next().await.expect("an event").0, "update");
    }
    let path = format!("/api/v1/statuses/{id}");
    let edit = Request::put(&path).header("authorization", format!("Bearer {ana}"));
    let edit = edit.header("content-type", "application/x-www-form-urlencoded");
    let (status, _) = app
        .json(
            edit.body(Body::from("status=se+pone+el+%23sol"))
                .expect("a request"),
        )
        .await;
    assert_eq!(status, 200);
    for events in [&mut public, &mut tagged] {
        let (event, data) = events.next().await.expect("an event");
        assert_eq!(event, "status.update");
        assert!(
            payload(&data)["content"]
                .as_str()
                .expect("text")
                .contains("se pone")
        );
    }
    app.ask("DELETE", &path, &ana).await;
    for events in [&mut public, &mut tagged] {
        assert_eq!(
            events.next().await.expect("an event"),
            ("delete".to_owned(), id.clone())
        );
    }
}

#[tokio::test]
async fn those_whom_one_mutes_or_who_block_are_not_heard() {
    let app = fixture::app(true).await;
    let (ana, bob, carla) = (
        app.register("ana").await,
        app.register("bob").await,
        app.register("carla").await,
    );
    app.ask(
        "POST",
        &format!("/api/v1/accounts/{}/mute", app.id("ana").await),
        &bob,
    )
    .await;
    app.ask(
        "POST",
        &format!("/api/v1/accounts/{}/block", app.id("bob").await),
        &carla,
    )
    .await;
    let stands = format!("/api/v1/accounts/relationships?id[]={}", app.id("carla").await);
    app.until(&stands, &bob, |stands| stands[0]["blocked_by"] == json!(true))
        .await;
    let mut events = Events::open(&app, "/api/v1/streaming/public", &bob).await;
    app.publish(&ana, "muted").await;
    app.publish(&carla, "blocked").await;
    let own = app.publish(&bob, "heard").await;
    let (event, data) = events.next().await.expect("an event");
    assert_eq!((event.as_str(), &payload(&data)["id"]), ("update", &json!(own)));
}
