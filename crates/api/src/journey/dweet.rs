//! Writing, reading, answering, redweeting, favouriting, deleting.

use crate::fixture::{self, App};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

fn count(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn a_repeat_with_the_same_key_is_the_same_dweet() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    let publish = |text: &str| {
        let request = Request::post("/api/v1/statuses").header("authorization", format!("Bearer {ana}"));
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("status", text)
            .finish();
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("idempotency-key", "k1");
        request.body(Body::from(form)).expect("a request")
    };
    let (first, one) = app.json(publish("hola")).await;
    let (again, two) = app.json(publish("hola")).await;
    assert_eq!((first, again, &one["id"]), (200, 200, &two["id"]));
    assert_eq!(one["content"], "<p>hola</p>");
    assert_eq!(
        one["url"],
        format!(
            "http://localhost:8080/@ana/{}",
            one["id"].as_str().expect("an id")
        )
    );
    assert_eq!(count(&app.get("/api/v1/timelines/home", &ana).await.1), 1);
}

#[tokio::test]
async fn a_thread_is_read_from_any_of_its_dweets() {
    let app = fixture::app(true).await;
    let (ana, bob) = (app.register("ana").await, app.register("bob").await);
    let root = app.publish(&ana, "uno").await;
    let answer = |token: String, to: String, text: &'static str| {
        let app = &app;
        async move {
            let body = json!({ "status": text, "in_reply_to_id": to });
            app.post("/api/v1/statuses", &token, body).await.1["id"]
                .as_str()
                .expect("an id")
                .to_owned()
        }
    };
    let second = answer(bob.clone(), root.clone(), "@ana dos").await;
    let third = answer(ana.clone(), second.clone(), "@bob tres").await;
    let path = format!("/api/v1/statuses/{second}/context");
    let context = app
        .until(&path, &ana, |context| count(&context["descendants"]) == 1)
        .await;
    assert_eq!(
        (&context["ancestors"][0]["id"], &context["descendants"][0]["id"]),
        (&json!(root), &json!(third))
    );
    let whole = app
        .until(&format!("/api/v1/statuses/{root}/context"), "", |c| {
            count(&c["descendants"]) == 2
        })
        .await;
    assert_eq!(whole["ancestors"], json!([]));
    app.until(&format!("/api/v1/statuses/{root}"), "", |dweet| {
        dweet["replies_count"] == json!(1)
    })
    .await;
    let told = app
        .until("/api/v1/notifications?types[]=mention", &ana, |told| {
            count(told) == 1
        })
        .await;
    assert_eq!(
        (&told[0]["status"]["id"], &told[0]["status"]["in_reply_to_id"]),
        (&json!(second), &json!(root))
    );
    let link = "<a href=\"http://localhost:8080/@ana\" class=\"u-url mention\">@<span>ana</span></a>";
    assert!(
        told[0]["status"]["content"]
            .as_str()
            .expect("text")
            .contains(link)
    );
}

#[tokio::test]
async fn w17_redweeting_and_taking_it_back() {
    let app = fixture::app(true).await;
    let (ana, bob, eva) = (
        app.register("ana").await,
        app.register("bob").await,
        app.register("eva").await,
    );
    app.follow(&eva, "bob").await;
    let original = app.publish(&ana, "digno").await;
    let (status, wrapper) = app
        .ask("POST", &format!("/api/v1/statuses/{original}/reblog"), &bob)
        .await;
    assert_eq!(status, 200, "{wrapper}");
    assert_ne!(wrapper["id"], json!(original));
    assert_eq!(
        (&wrapper["reblog"]["id"], &wrapper["reblogged"]),
        (&json!(original), &json!(true))
    );
    assert_eq!(wrapper["reblog"]["reblogs_count"], 1);
    let (_, again) = app
        .ask("POST", &format!("/api/v1/statuses/{original}/reblog"), &bob)
        .await;
    assert_eq!(
        again["id"], wrapper["id"],
        "one redweet, however often it is asked for"
    );
    let home = app
        .until("/api/v1/timelines/home", &eva, |home| count(home) == 1)
        .await;
    assert_eq!(
        (&home[0]["account"]["acct"], &home[0]["reblog"]["account"]["acct"]),
        (&json!("bob"), &json!("ana"))
    );
    app.until(&format!("/api/v1/statuses/{original}"), "", |dweet| {
        dweet["reblogs_count"] == json!(1)
    })
    .await;
    let by = app
        .get(&format!("/api/v1/statuses/{original}/reblogged_by"), "")
        .await
        .1;
    assert_eq!(by[0]["acct"], "bob");
    let (status, back) = app
        .ask("POST", &format!("/api/v1/statuses/{original}/unreblog"), &bob)
        .await;
    assert_eq!(
        (status, &back["id"], &back["reblogged"], &back["reblog"]),
        (200, &json!(original), &json!(false), &Value::Null)
    );
    app.until("/api/v1/timelines/home", &eva, |home| count(home) == 0)
        .await;
}

#[tokio::test]
async fn favourites_are_kept_and_told() {
    let app = fixture::app(true).await;
    let (ana, bob) = (app.register("ana").await, app.register("bob").await);
    let dweet = app.publish(&ana, "bonito").await;
    let (status, shown) = app
        .ask("POST", &format!("/api/v1/statuses/{dweet}/favourite"), &bob)
        .await;
    assert_eq!(
        (status, &shown["favourited"], &shown["favourites_count"]),
        (200, &json!(true), &json!(1))
    );
    assert_eq!(app.get("/api/v1/favourites", &bob).await.1[0]["id"], json!(dweet));
    app.until("/api/v1/notifications", &ana, |told| {
        told[0]["type"] == json!("favourite")
    })
    .await;
    app.until(&format!("/api/v1/statuses/{dweet}/favourited_by"), "", |by| {
        by[0]["acct"] == json!("bob")
    })
    .await;
    let (_, shown) = app
        .ask("POST", &format!("/api/v1/statuses/{dweet}/unfavourite"), &bob)
        .await;
    assert_eq!(
        (&shown["favourited"], &shown["favourites_count"]),
        (&json!(false), &json!(0))
    );
}

#[tokio::test]
async fn bookmarks_are_kept_and_nobody_is_told() {
    let app = fixture::app(true).await;
    let (ana, bob) = (app.register("ana").await, app.register("bob").await);
    let (first, second) = (app.publish(&ana, "uno").await, app.publish(&ana, "dos").await);
    let (_, wrapper) = app
        .ask("POST", &format!("/api/v1/statuses/{first}/reblog"), &bob)
        .await;
    let wrapper = wrapper["id"].as_str().expect("an id").to_owned();
    for dweet in [&second, &wrapper] {
        let (status, shown) = app
            .ask("POST", &format!("/api/v1/statuses/{dweet}/bookmark"), &bob)
            .await;
        assert_eq!((status, &shown["bookmarked"]), (200, &json!(true)));
    }
    let listed = async || {
        let (_, list) = app.get("/api/v1/bookmarks", &bob).await;
        let list = list.as_array().expect("a list").clone();
        list.into_iter()
            .map(|dweet| dweet["id"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        listed().await,
        [json!(first), json!(second)],
        "of a redweet, the original"
    );
    assert_eq!(app.get("/api/v1/bookmarks", &ana).await.1, json!([]));
    let (_, shown) = app
        .ask("POST", &format!("/api/v1/statuses/{first}/unbookmark"), &bob)
        .await;
    assert_eq!(shown["bookmarked"], json!(false));
    // What is gone is in no list, and its bookmark can still be taken back.
    let gone = app
        .ask("DELETE", &format!("/api/v1/statuses/{second}"), &ana)
        .await;
    assert_eq!(gone.0, 200);
    assert_eq!(listed().await, Vec::<serde_json::Value>::new());
    let (status, _) = app
        .ask("POST", &format!("/api/v1/statuses/{second}/unbookmark"), &bob)
        .await;
    assert_eq!(status, 404);
    let told = app.get("/api/v1/notifications", &ana).await.1;
    assert_eq!(
        told.as_array().expect("a list").len(),
        1,
        "of the redweet alone: {told}"
    );
    assert_eq!(app.ask("POST", "/api/v1/statuses/1/bookmark", &bob).await.0, 404);
}

#[tokio::test]
async fn what_is_for_followers_is_for_followers() {
    let app = fixture::app(true).await;
    let (ana, bob, eva) = (
        app.register("ana").await,
        app.register("bob").await,
        app.register("eva").await,
    );
    app.follow(&bob, "ana").await;
    let (status, dweet) = app
        .post(
            "/api/v1/statuses",
            &ana,
            json!({ "status": "en casa #casa", "visibility": "private" }),
        )
        .await;
    assert_eq!((status, &dweet["visibility"]), (200, &json!("private")));
    let id = dweet["id"].as_str().expect("an id").to_owned();
    app.until("/api/v1/timelines/home", &bob, |home| count(home) == 1)
        .await;
    let ana_id = app.id("ana").await;
    for (token, sees) in [
        (ana.as_str(), true),
        (bob.as_str(), true),
        (eva.as_str(), false),
        ("", false),
    ] {
        assert_eq!(
            app.get(&format!("/api/v1/statuses/{id}"), token).await.0 == 200,
            sees
        );
        assert_eq!(
            count(
                &app.get(&format!("/api/v1/accounts/{ana_id}/statuses"), token)
                    .await
                    .1
            ) == 1,
            sees
        );
        assert_eq!(
            app.get(&format!("/api/v1/statuses/{id}/context"), token).await.0 == 200,
            sees
        );
    }
    for path in ["/api/v1/timelines/public", "/api/v1/timelines/tag/casa"] {
        assert_eq!(app.get(path, &bob).await.1, json!([]), "{path}");
    }
    let (status, refused) = app
        .ask("POST", &format!("/api/v1/statuses/{id}/reblog"), &bob)
        .await;
    assert_eq!((status, &refused["code"]), (422, &json!("forbidden")));
    let (_, _, page) = app
        .send(
            Request::get(format!("/@ana/{id}"))
                .body(Body::empty())
                .expect("a request"),
        )
        .await;
    assert!(!page.contains("en casa"), "{page}");
}

#[tokio::test]
async fn an_answer_for_followers_is_seen_by_them_in_the_thread() {
    let app = fixture::app(true).await;
    let (ana, bob, eva) = (
        app.register("ana").await,
        app.register("bob").await,
        app.register("eva").await,
    );
    app.follow(&bob, "ana").await;
    let root = app.publish(&eva, "pregunta").await;
    let answer = json!({ "status": "en voz baja", "in_reply_to_id": root, "visibility": "private" });
    let (_, answer) = app.post("/api/v1/statuses", &ana, answer).await;
    let path = format!("/api/v1/statuses/{root}/context");
    let sees = |context: &Value| count(&context["descendants"]) == 1;
    let context = app.until(&path, &bob, sees).await;
    assert_eq!(context["descendants"][0]["id"], answer["id"]);
    for token in [eva.as_str(), ""] {
        assert_eq!(app.get(&path, token).await.1["descendants"], json!([]));
    }
}

#[tokio::test]
async fn direct_is_refused_and_never_stored() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    let (status, refused) = app
        .post(
            "/api/v1/statuses",
            &ana,
            json!({ "status": "@bob secreto", "visibility": "direct" }),
        )
        .await;
    assert_eq!((status, &refused["code"]), (422, &json!("not_here")));
    assert!(refused["error"].as_str().expect("text").contains("tertulia send"));
    assert_eq!(app.get("/api/v1/timelines/home", &ana).await.1, json!([]));
}

#[tokio::test]
async fn a_deleted_dweet_is_gone_everywhere_and_its_text_comes_back() {
    let app = fixture::app(true).await;
    let (ana, bob) = (app.register("ana").await, app.register("bob").await);
    app.follow(&bob, "ana").await;
    let dweet = app.publish(&ana, "mejor no #error").await;
    app.until("/api/v1/timelines/home", &bob, |home| count(home) == 1)
        .await;
    app.until("/api/v1/timelines/tag/error", &bob, |list| count(list) == 1)
        .await;
    assert_eq!(
        app.ask("DELETE", &format!("/api/v1/statuses/{dweet}"), &bob)
            .await
            .0,
        404,
        "not one's own"
    );
    let (status, was) = app
        .ask("DELETE", &format!("/api/v1/statuses/{dweet}"), &ana)
        .await;
    assert_eq!((status, &was["text"]), (200, &json!("mejor no #error")));
    assert_eq!(app.get(&format!("/api/v1/statuses/{dweet}"), &ana).await.0, 404);
    app.until("/api/v1/timelines/home", &bob, |home| count(home) == 0)
        .await;
    app.until("/api/v1/timelines/tag/error", &bob, |list| count(list) == 0)
        .await;
}

#[tokio::test]
async fn an_edited_dweet_keeps_its_history() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    let dweet = app.publish(&ana, "hoal").await;
    let request =
        Request::put(format!("/api/v1/statuses/{dweet}")).header("authorization", format!("Bearer {ana}"));
    let request = request
        .header("content-type", "application/json")
        .body(Body::from(json!({ "status": "hola" }).to_string()));
    let (status, edited) = app.json(request.expect("a request")).await;
    assert_eq!((status, &edited["content"]), (200, &json!("<p>hola</p>")));
    assert!(edited["edited_at"].is_string());
    let (_, history) = app.get(&format!("/api/v1/statuses/{dweet}/history"), "").await;
    assert_eq!(
        (&history[0]["content"], &history[1]["content"]),
        (&json!("<p>hoal</p>"), &json!("<p>hola</p>"))
    );
    assert_eq!(
        app.get(&format!("/api/v1/statuses/{dweet}/source"), &ana).await.1["text"],
        "hola"
    );
}

async fn ids(app: &App, path: &str, token: &str) -> Vec<String> {
    let (_, list) = app.get(path, token).await;
    list.as_array()
        .expect("a list")
        .iter()
        .map(|one| one["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[tokio::test]
async fn w6_a_timeline_is_paged_in_both_directions() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    let mut all = Vec::new();
    for text in ["a", "b", "c", "d", "e"] {
        all.insert(0, app.publish(&ana, text).await);
    }
    let request =
        Request::get("/api/v1/timelines/home?limit=2").header("authorization", format!("Bearer {ana}"));
    let (_, headers, _) = app.send(request.body(Body::empty()).expect("a request")).await;
    let next = format!(
        "<http://localhost:8080/api/v1/timelines/home?limit=2&max_id={}>; rel=\"next\", ",
        all[1]
    );
    assert!(
        headers["link"].to_str().expect("text").starts_with(&next),
        "{headers:?}"
    );
    let (oldest, newest) = (&all[4], &all[0]);
    assert_eq!(
        ids(
            &app,
            &format!("/api/v1/timelines/home?limit=2&max_id={}", all[1]),
            &ana
        )
        .await,
        all[2..4]
    );
    assert_eq!(
        ids(
            &app,
            &format!("/api/v1/timelines/home?limit=2&min_id={oldest}"),
            &ana
        )
        .await,
        all[2..4],
        "right after"
    );
    assert_eq!(
        ids(
            &app,
            &format!("/api/v1/timelines/home?limit=2&since_id={oldest}"),
            &ana
        )
        .await,
        all[0..2],
        "the newest"
    );
    let ana_id = app.id("ana").await;
    for path in [
        format!("/api/v1/accounts/{ana_id}/statuses"),
        "/api/v1/timelines/public".to_owned(),
    ] {
        assert_eq!(
            ids(&app, &format!("{path}?limit=2&max_id={}", all[1]), "").await,
            all[2..4],
            "{path}"
        );
        assert_eq!(
            ids(&app, &format!("{path}?limit=2&min_id={oldest}"), "").await,
            all[2..4],
            "{path}"
        );
        assert_eq!(
            ids(&app, &format!("{path}?min_id={newest}"), "").await,
            Vec::<String>::new(),
            "{path}"
        );
    }
}

#[tokio::test]
async fn t6_asking_again_brings_older_ones_and_counts_the_unseen() {
    let app = fixture::app(true).await;
    let (ana, bob) = (app.register("ana").await, app.register("bob").await);
    app.follow(&bob, "ana").await;
    let mut all = Vec::new();
    for text in ["a", "b", "c"] {
        all.insert(0, app.publish(&ana, text).await);
    }
    app.until("/api/tertulia/v1/home/unseen", &bob, |unseen| {
        unseen["count"] == json!(3)
    })
    .await;
    assert_eq!(
        ids(&app, "/api/v1/timelines/home", &bob).await,
        all,
        "a GET marks nothing"
    );
    let (status, first) = app
        .post("/api/tertulia/v1/home/next", &bob, json!({ "limit": 2 }))
        .await;
    assert_eq!(
        (status, count(&first["dweets"]), &first["unseen"]["count"]),
        (200, 2, &json!(1)),
        "{first}"
    );
    assert_eq!(first["dweets"][0]["id"], json!(all[0]));
    let (_, second) = app
        .post("/api/tertulia/v1/home/next", &bob, json!({ "limit": 2 }))
        .await;
    assert_eq!(
        (&second["dweets"][0]["id"], &second["unseen"]),
        (&json!(all[2]), &json!({ "count": 0, "more": false }))
    );
    let new = app.publish(&ana, "d").await;
    app.until("/api/tertulia/v1/home/unseen", &bob, |unseen| {
        unseen["count"] == json!(1)
    })
    .await;
    let (status, left) = app
        .post("/api/tertulia/v1/home/seen", &bob, json!({ "up_to": new }))
        .await;
    assert_eq!((status, left), (200, json!({ "count": 0, "more": false })));
}

#[tokio::test]
async fn w19_markers_are_there_before_anything_was_read() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    let (_, markers) = app.get("/api/v1/markers?timeline[]=notifications", &ana).await;
    assert_eq!(
        (&markers["notifications"]["last_read_id"], &markers["home"]),
        (&json!("0"), &Value::Null)
    );
    let (status, set) = app
        .post(
            "/api/v1/markers",
            &ana,
            json!({ "home": { "last_read_id": "77" } }),
        )
        .await;
    assert_eq!((status, &set["home"]["last_read_id"]), (200, &json!("77")));
    let (_, markers) = app.get("/api/v1/markers?timeline=home", &ana).await;
    assert_eq!(markers["home"]["last_read_id"], "77");
}

#[tokio::test]
async fn what_apps_ask_for_at_their_start_is_answered() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    for path in [
        "custom_emojis",
        "lists",
        "filters",
        "followed_tags",
        "announcements",
        "follow_requests",
        "conversations",
    ] {
        assert_eq!(
            app.get(&format!("/api/v1/{path}"), &ana).await,
            (200, json!([])),
            "{path}"
        );
    }
    assert_eq!(app.get("/api/v2/filters", &ana).await, (200, json!([])));
    assert_eq!(app.get("/api/v1/push/subscription", &ana).await.0, 404);
    let (_, old) = app.get("/api/v1/instance/", "").await;
    assert_eq!(
        (
            &old["configuration"]["statuses"]["max_characters"],
            &old["max_toot_chars"]
        ),
        (&json!(225), &json!(225))
    );
    assert_eq!(
        (&old["uri"], &old["stats"]["user_count"]),
        (&json!("localhost:8080"), &json!(1))
    );
    let (_, new) = app.get("/api/v2/instance", "").await;
    assert_eq!(new["configuration"]["statuses"]["max_characters"], 225);
    assert_eq!(new["configuration"]["urls"]["streaming"], "ws://localhost:8080");
    assert!(
        new["version"]
            .as_str()
            .expect("text")
            .starts_with("4.2.0 (compatible; Tertulia ")
    );
    assert_eq!(
        app.get("/nodeinfo/2.0", "").await.1["software"]["name"],
        "tertulia"
    );
    assert!(app.get("/.well-known/nodeinfo", "").await.1["links"][0]["href"].is_string());
}
