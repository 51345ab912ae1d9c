//! Logging in and out, passwords, sessions, closing the account.

use crate::fixture::{self, PASSWORD};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

#[tokio::test]
async fn wrong_nick_and_wrong_password_are_answered_alike() {
    let app = fixture::app(true).await;
    app.register("ana").await;
    let wrong = app
        .post(
            "/api/tertulia/v1/login",
            "",
            json!({ "nick": "ana", "password": "incorrect" }),
        )
        .await;
    let unknown = app
        .post(
            "/api/tertulia/v1/login",
            "",
            json!({ "nick": "nobody", "password": "incorrect" }),
        )
        .await;
    let nonsense = app
        .post(
            "/api/tertulia/v1/login",
            "",
            json!({ "nick": "no body!", "password": "incorrect" }),
        )
        .await;
    assert_eq!((wrong.0, &wrong.1["code"]), (401, &json!("wrong_password")));
    assert_eq!(wrong, unknown);
    assert_eq!(wrong, nonsense);
    let (status, token) = app
        .post(
            "/api/tertulia/v1/login",
            "",
            json!({ "nick": "ana@example.org", "password": PASSWORD }),
        )
        .await;
    assert_eq!(
        (status, &token["token_type"]),
        (200, &json!("Bearer")),
        "an e-mail names the nick before its @"
    );
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let app = fixture::app(true).await;
    app.register("ana").await;
    let mut answers = Vec::new();
    for _ in 0..12 {
        answers.push(
            app.post(
                "/api/tertulia/v1/login",
                "",
                json!({ "nick": "ana", "password": "incorrect" }),
            )
            .await
            .0,
        );
    }
    assert_eq!((answers[0], answers[9], answers[11]), (401, 401, 429));
    let (status, _) = app
        .post(
            "/api/tertulia/v1/login",
            "",
            json!({ "nick": "ana", "password": PASSWORD }),
        )
        .await;
    assert_eq!(status, 429, "the right one has to wait, too");
}

#[tokio::test]
async fn p1_a_session_that_ended_is_worthless_at_once() {
    let app = fixture::app(true).await;
    let first = app.register("ana").await;
    let login = json!({ "nick": "ana", "password": PASSWORD, "label": "phone" });
    let second = app.post("/api/tertulia/v1/login", "", login).await.1["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let (_, sessions) = app.get("/api/tertulia/v1/sessions", &second).await;
    assert_eq!(
        (&sessions[0]["label"], &sessions[0]["current"]),
        (&json!("phone"), &json!(true)),
        "{sessions}"
    );
    assert_eq!(
        app.ask("POST", "/api/tertulia/v1/logout", &first).await,
        (200, json!({}))
    );
    let (status, refused) = app.get("/api/v1/accounts/verify_credentials", &first).await;
    assert_eq!((status, &refused["code"]), (401, &json!("no_session")));
    let id = sessions[0]["id"].as_str().expect("an id");
    assert_eq!(
        app.ask("DELETE", &format!("/api/tertulia/v1/sessions/{id}"), &second)
            .await
            .0,
        200
    );
    assert_eq!(
        app.get("/api/v1/accounts/verify_credentials", &second).await.0,
        401
    );
}

#[tokio::test]
async fn p1_what_other_homes_answer_waits_for_the_check_of_the_session() {
    let app = fixture::app_of_groups(3).await;
    let ana = app.register("ana").await;
    let mut shown = Vec::new();
    // Of several homes, which cannot all be that of the one who asks.
    for nick in ["bob", "eva", "leo", "zoe"] {
        let token = app.register(nick).await;
        let dweet = app.publish(&token, "hola").await;
        for what in ["", "/history", "/favourited_by", "/reblogged_by"] {
            shown.push(format!("/api/v1/statuses/{dweet}{what}"));
        }
        for what in ["statuses", "followers", "following"] {
            shown.push(format!("/api/v1/accounts/{}/{what}", app.id(nick).await));
        }
    }
    for path in &shown {
        assert_eq!(app.get(path, &ana).await.0, 200, "{path}");
    }
    app.ask("POST", "/api/tertulia/v1/logout", &ana).await;
    for path in &shown {
        let (status, refused) = app.get(path, &ana).await;
        assert_eq!((status, &refused["code"]), (401, &json!("no_session")), "{path}");
        assert_eq!(app.get(path, "").await.0, 200, "{path} is public");
    }
}

#[tokio::test]
async fn p2_neither_passwords_nor_tokens_come_into_the_log_or_a_database() {
    let app = fixture::app(true).await;
    let mut tokens = vec![app.register("ana").await];
    let login = json!({ "nick": "ana", "password": PASSWORD });
    let token = app.post("/api/tertulia/v1/login", "", login).await.1;
    tokens.push(token["access_token"].as_str().expect("a token").to_owned());
    let change = json!({ "current": PASSWORD, "new": "another one" });
    assert_eq!(
        app.post("/api/tertulia/v1/password", &tokens[0], change).await.0,
        200
    );
    assert!(app.is_on_disk(b"$argon2id$"), "what is kept is found");
    for password in [PASSWORD, "another one"] {
        assert!(!app.is_on_disk(password.as_bytes()), "{password}");
    }
    for token in tokens {
        let bytes = URL_SAFE_NO_PAD.decode(&token).expect("a token");
        assert!(!app.is_on_disk(&bytes[8..]) && !app.is_on_disk(token.as_bytes()));
    }
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions() {
    let app = fixture::app(true).await;
    let (mine, other) = (
        app.register("ana").await,
        json!({ "nick": "ana", "password": PASSWORD }),
    );
    let other = app.post("/api/tertulia/v1/login", "", other).await.1["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    let (status, refused) = app
        .post(
            "/api/tertulia/v1/password",
            &mine,
            change("incorrect", "another one"),
        )
        .await;
    assert_eq!((status, &refused["code"]), (403, &json!("wrong_password")));
    assert_eq!(
        app.post("/api/tertulia/v1/password", &mine, change(PASSWORD, "short"))
            .await
            .0,
        422
    );
    assert_eq!(
        app.post(
            "/api/tertulia/v1/password",
            &mine,
            change(PASSWORD, "another one")
        )
        .await,
        (200, json!({}))
    );
    assert_eq!(app.get("/api/v1/accounts/verify_credentials", &mine).await.0, 200);
    assert_eq!(
        app.get("/api/v1/accounts/verify_credentials", &other).await.0,
        401
    );
    assert_eq!(
        app.post(
            "/api/tertulia/v1/login",
            "",
            json!({ "nick": "ana", "password": PASSWORD })
        )
        .await
        .0,
        401
    );
    assert_eq!(
        app.post(
            "/api/tertulia/v1/login",
            "",
            json!({ "nick": "ana", "password": "another one" })
        )
        .await
        .0,
        200
    );
}

#[tokio::test]
async fn p4_a_closed_account_is_gone_and_its_nick_stays_taken() {
    let app = fixture::app(true).await;
    let (ana, bob) = (app.register("ana").await, app.register("bob").await);
    app.follow(&bob, "ana").await;
    let dweet = app.publish(&ana, "adiós").await;
    app.until("/api/v1/timelines/home", &bob, |home| {
        home.as_array().is_some_and(|list| list.len() == 1)
    })
    .await;
    assert_eq!(
        app.post(
            "/api/tertulia/v1/account/close",
            &ana,
            json!({ "password": "incorrect" })
        )
        .await
        .0,
        403
    );
    assert_eq!(
        app.post(
            "/api/tertulia/v1/account/close",
            &ana,
            json!({ "password": PASSWORD })
        )
        .await,
        (200, json!({}))
    );
    assert_eq!(app.get("/api/v1/accounts/verify_credentials", &ana).await.0, 401);
    assert_eq!(app.get("/api/v1/accounts/lookup?acct=ana", "").await.0, 404);
    app.until(&format!("/api/v1/statuses/{dweet}"), &bob, |gone| {
        gone["code"] == json!("not_found")
    })
    .await;
    app.until("/api/v1/timelines/home", &bob, |home| home == &json!([]))
        .await;
    let (status, taken) = app
        .post(
            "/api/tertulia/v1/register",
            "",
            json!({ "nick": "ana", "password": PASSWORD }),
        )
        .await;
    assert_eq!((status, &taken["code"]), (422, &json!("nick_taken")));
    assert_eq!(
        app.post(
            "/api/tertulia/v1/login",
            "",
            json!({ "nick": "ana", "password": PASSWORD })
        )
        .await
        .0,
        401
    );
}

#[tokio::test]
async fn a_forged_token_does_not_use_up_its_owners_limit() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    let owner = crate::token::Secret::parse(&ana).expect("a token").owner();
    let left = || {
        app.service
            .limits
            .account(owner)
            .expect("some left")
            .expect("limited")
            .remaining
    };
    let before = left();
    let forged = crate::token::Secret::new(owner);
    for path in [
        "/api/v1/instance",
        "/api/v1/timelines/home",
        "/api/v1/accounts/lookup?acct=ana",
    ] {
        app.get(path, forged.text()).await;
        assert_eq!(left(), before, "{path}");
    }
    // What was counted flows back slowly enough to be seen right after.
    for path in ["/api/v1/timelines/home", "/api/v1/notifications/1"] {
        app.get(path, &ana).await;
        assert!(left() < before, "{path}");
    }
}
