//! What must be refused clearly, with nothing half done.

use crate::fixture::{self, PASSWORD};
use crate::token::Secret;
use axum::body::Body;
use axum::http::Request;
use serde_json::json;

#[tokio::test]
async fn dweets_that_do_not_fit() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    for (text, code) in [
        (String::new(), "text_empty"),
        (" \n ".to_owned(), "text_empty"),
        ("ñ".repeat(226), "text_too_long"),
        ("bell \u{7}".to_owned(), "text_control_character"),
    ] {
        let (status, refused) = app
            .post("/api/v1/statuses", &ana, json!({ "status": text }))
            .await;
        assert_eq!((status, &refused["code"]), (422, &json!(code)), "{text:?}");
        assert!(
            refused["error"]
                .as_str()
                .expect("text")
                .starts_with("Validation failed: ")
        );
    }
    let (status, _) = app
        .post("/api/v1/statuses", &ana, json!({ "status": "👩‍👩‍👧".repeat(225) }))
        .await;
    assert_eq!(status, 200, "as a person counts");
    for extra in [
        json!({ "media_ids": ["1"] }),
        json!({ "poll": { "options": ["a", "b"] } }),
        json!({ "scheduled_at": "2030-01-01" }),
    ] {
        let mut body = json!({ "status": "hola" });
        body.as_object_mut()
            .expect("an object")
            .extend(extra.as_object().expect("an object").clone());
        assert_eq!(app.post("/api/v1/statuses", &ana, body).await.0, 422, "{extra}");
    }
    assert_eq!(
        app.post(
            "/api/v1/statuses",
            &ana,
            json!({ "status": "re", "in_reply_to_id": "1" })
        )
        .await
        .0,
        404
    );
}

#[tokio::test]
async fn nicks_and_passwords_that_do_not_fit() {
    let app = fixture::app(true).await;
    for nick in ["", "ñandú", "a b", "a-b", "<b>", &"a".repeat(31)] {
        let (status, refused) = app
            .post(
                "/api/tertulia/v1/register",
                "",
                json!({ "nick": nick, "password": PASSWORD }),
            )
            .await;
        assert_eq!(
            (status, &refused["details"]["username"][0]["error"]),
            (422, &json!("ERR_INVALID")),
            "{nick:?}"
        );
    }
    for password in ["", "1234567", &"x".repeat(129)] {
        let (status, refused) = app
            .post(
                "/api/tertulia/v1/register",
                "",
                json!({ "nick": "ana", "password": password }),
            )
            .await;
        assert_eq!(status, 422, "{password:?}");
        assert!(refused["details"]["password"].is_array(), "{refused}");
    }
    assert_eq!(
        app.post("/api/tertulia/v1/register", "", json!({ "nick": "ana" }))
            .await
            .0,
        422
    );
}

#[tokio::test]
async fn forged_and_missing_tokens() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    let mut own = Secret::parse(&ana).expect("a token");
    own = Secret::new(own.owner());
    for token in [
        "",
        "nonsense",
        own.text(),
        Secret::new(1 << 63).text(),
        Secret::new(0).text(),
    ] {
        for path in [
            "/api/v1/accounts/verify_credentials",
            "/api/v1/timelines/home",
            "/api/v1/notifications",
        ] {
            let (status, refused) = app.get(path, token).await;
            assert_eq!(
                (status, &refused["code"]),
                (401, &json!("no_session")),
                "{path} {token}"
            );
        }
        assert_eq!(
            app.post("/api/v1/statuses", token, json!({ "status": "hola" }))
                .await
                .0,
            401
        );
    }
    assert_eq!(
        app.get("/api/v1/timelines/public", own.text()).await.0,
        401,
        "also where none is needed"
    );
}

#[tokio::test]
async fn ids_that_are_not() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    for id in ["1", "nonsense", "-1", "99999999999999999999", "%00", "..%2f.."] {
        for path in [
            "statuses/ID",
            "accounts/ID",
            "statuses/ID/context",
            "accounts/ID/statuses",
            "notifications/ID",
        ] {
            let path = format!("/api/v1/{}", path.replace("ID", id));
            assert_eq!(app.get(&path, &ana).await.0, 404, "{path}");
        }
        for path in [
            "statuses/ID/reblog",
            "statuses/ID/favourite",
            "accounts/ID/follow",
            "accounts/ID/block",
        ] {
            let path = format!("/api/v1/{}", path.replace("ID", id));
            assert_eq!(app.ask("POST", &path, &ana).await.0, 404, "{path}");
        }
    }
    assert_eq!(app.get("/api/v1/timelines/home?max_id=x", &ana).await.0, 422);
    assert_eq!(app.get("/api/v1/timelines/home?limit=many", &ana).await.0, 422);
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused_in_json() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    for (kind, body, expected) in [
        ("application/json", "{\"status\":".to_owned(), 400),
        ("text/plain", "hola".to_owned(), 415),
        (
            "application/json",
            format!("{{\"status\":\"{}\"}}", "x".repeat(300_000)),
            413,
        ),
    ] {
        let request = Request::post("/api/v1/statuses").header("authorization", format!("Bearer {ana}"));
        let request = request
            .header("content-type", kind)
            .body(Body::from(body))
            .expect("a request");
        let (status, refused) = app.json(request).await;
        assert_eq!(status, expected, "{refused}");
        assert!(refused["error"].is_string() && refused["code"].is_string());
    }
    assert_eq!(
        app.get("/api/v1/timelines/home", &ana).await.1,
        json!([]),
        "nothing was half done"
    );
}

#[tokio::test]
async fn a_host_that_could_break_out_is_refused() {
    let app = fixture::app(true).await;
    let request = Request::get("/api/v1/instance")
        .header("host", "a\"><script>")
        .body(Body::empty())
        .expect("a request");
    assert_eq!(app.json(request).await.0, 400);
}
