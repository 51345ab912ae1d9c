//! Registering, profiles, following, blocking, muting, finding.

use crate::fixture::{self, PASSWORD};
use axum::body::Body;
use axum::http::Request;
use serde_json::json;

#[tokio::test]
async fn a_nick_is_taken_once() {
    let app = fixture::app(true).await;
    app.register("ana").await;
    let (status, body) = app
        .post(
            "/api/tertulia/v1/register",
            "",
            json!({ "nick": "ANA", "password": PASSWORD }),
        )
        .await;
    assert_eq!((status, &body["code"]), (422, &json!("nick_taken")));
    assert_eq!(body["details"]["username"][0]["error"], "ERR_TAKEN");
}

#[tokio::test]
async fn p3_a_registration_can_be_repeated_and_not_stolen() {
    let app = fixture::app(true).await;
    let register = |password: &str| {
        let body = json!({ "nick": "ana", "name": "Ana", "password": password }).to_string();
        let request = Request::post("/api/tertulia/v1/register").header("content-type", "application/json");
        request
            .header("idempotency-key", "1")
            .body(Body::from(body))
            .expect("a request")
    };
    let (first, one) = app.json(register(PASSWORD)).await;
    let (again, two) = app.json(register(PASSWORD)).await;
    assert_eq!((first, again), (200, 200), "{one} {two}");
    for token in [one, two] {
        let token = token["access_token"].as_str().expect("a token").to_owned();
        assert_eq!(
            app.get("/api/v1/accounts/verify_credentials", &token).await.1["display_name"],
            "Ana"
        );
    }
    let (stolen, body) = app.json(register("another password")).await;
    assert_eq!(
        (stolen, &body["code"]),
        (422, &json!("nick_taken")),
        "a guessed key is not enough"
    );
}

#[tokio::test]
async fn a_profile_is_changed_and_shown() {
    let app = fixture::app(true).await;
    let ana = app.register("ana").await;
    let form = "display_name=Ana+Mar%C3%ADa&note=Escribo+%23poes%C3%ADa&bot=True&source[privacy]=unlisted&source[language]=es";
    let request = Request::patch("/api/v1/accounts/update_credentials")
        .header("authorization", format!("Bearer {ana}"));
    let request = request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .expect("a request");
    let (status, changed) = app.json(request).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(
        (&changed["display_name"], &changed["bot"]),
        (&json!("Ana María"), &json!(true))
    );
    assert_eq!(changed["source"]["note"], "Escribo #poesía");
    assert_eq!(
        (&changed["source"]["privacy"], &changed["source"]["language"]),
        (&json!("unlisted"), &json!("es"))
    );
    let (_, dweet) = app
        .post("/api/v1/statuses", &ana, json!({ "status": "hola" }))
        .await;
    assert_eq!(
        (&dweet["visibility"], &dweet["language"]),
        (&json!("unlisted"), &json!("es"))
    );
    let (_, preferences) = app.get("/api/v1/preferences", &ana).await;
    assert_eq!(preferences["posting:default:visibility"], "unlisted");
    let (_, page, html) = app
        .send(Request::get("/@ana").body(Body::empty()).expect("a request"))
        .await;
    assert!(
        html.contains("Ana María")
            && page["content-type"]
                .to_str()
                .expect("text")
                .starts_with("text/html"),
        "{html}"
    );
}

#[tokio::test]
async fn following_brings_dweets_and_a_notification() {
    let app = fixture::app(true).await;
    let (ana, bob) = (app.register("ana").await, app.register("bob").await);
    let old = app.publish(&ana, "antes").await;
    app.follow(&bob, "ana").await;
    let new = app.publish(&ana, "después").await;
    let home = app
        .until("/api/v1/timelines/home", &bob, |home| {
            home.as_array().is_some_and(|list| list.len() == 2)
        })
        .await;
    assert_eq!((&home[0]["id"], &home[1]["id"]), (&json!(new), &json!(old)));
    let told = app
        .until("/api/v1/notifications", &ana, |told| {
            told.as_array().is_some_and(|list| !list.is_empty())
        })
        .await;
    assert_eq!(
        (&told[0]["type"], &told[0]["account"]["acct"]),
        (&json!("follow"), &json!("bob"))
    );
    let (ana_id, bob_id) = (app.id("ana").await, app.id("bob").await);
    let (_, followers) = app
        .get(&format!("/api/v1/accounts/{ana_id}/followers"), &bob)
        .await;
    let (_, following) = app.get(&format!("/api/v1/accounts/{bob_id}/following"), "").await;
    assert_eq!(
        (&followers[0]["acct"], &following[0]["acct"]),
        (&json!("bob"), &json!("ana"))
    );
    let (status, stands) = app
        .ask("POST", &format!("/api/v1/accounts/{ana_id}/unfollow"), &bob)
        .await;
    assert_eq!((status, &stands["following"]), (200, &json!(false)));
    assert_eq!(app.get("/api/v1/timelines/home", &bob).await.1, json!([]));
}

#[tokio::test]
async fn who_blocks_is_not_read_nor_followed() {
    let app = fixture::app(true).await;
    let (ana, bob) = (app.register("ana").await, app.register("bob").await);
    let dweet = app.publish(&ana, "para casi todos").await;
    let (ana_id, bob_id) = (app.id("ana").await, app.id("bob").await);
    let (status, stands) = app
        .ask("POST", &format!("/api/v1/accounts/{bob_id}/block"), &ana)
        .await;
    assert_eq!((status, &stands["blocking"]), (200, &json!(true)));
    assert_eq!(app.get(&format!("/api/v1/statuses/{dweet}"), &bob).await.0, 404);
    assert_eq!(app.get("/api/v1/blocks", &ana).await.1[0]["acct"], "bob");
    app.until(
        &format!("/api/v1/accounts/relationships?id[]={ana_id}"),
        &bob,
        |list| list[0]["blocked_by"] == json!(true),
    )
    .await;
    let (status, refused) = app
        .ask("POST", &format!("/api/v1/accounts/{ana_id}/follow"), &bob)
        .await;
    assert_eq!((status, &refused["code"]), (403, &json!("blocked")));
    app.ask("POST", &format!("/api/v1/accounts/{bob_id}/unblock"), &ana)
        .await;
    app.until(&format!("/api/v1/statuses/{dweet}"), &bob, |dweet| {
        dweet["content"] == json!("<p>para casi todos</p>")
    })
    .await;
}

#[tokio::test]
async fn who_is_muted_stays_out_of_public_timelines() {
    let app = fixture::app(true).await;
    let (ana, bob) = (app.register("ana").await, app.register("bob").await);
    app.publish(&ana, "ruido #tema").await;
    let ana_id = app.id("ana").await;
    assert_eq!(
        app.get("/api/v1/timelines/public", &bob)
            .await
            .1
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    let (status, stands) = app
        .post(
            &format!("/api/v1/accounts/{ana_id}/mute"),
            &bob,
            json!({ "notifications": false }),
        )
        .await;
    assert_eq!(
        (status, &stands["muting"], &stands["muting_notifications"]),
        (200, &json!(true), &json!(false))
    );
    assert_eq!(app.get("/api/v1/timelines/public", &bob).await.1, json!([]));
    assert_eq!(app.get("/api/v1/mutes", &bob).await.1[0]["acct"], "ana");
    app.ask("POST", &format!("/api/v1/accounts/{ana_id}/unmute"), &bob)
        .await;
    assert_eq!(
        app.get("/api/v1/timelines/public", &bob)
            .await
            .1
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn w16_people_are_found_as_toot_looks_for_them() {
    let app = fixture::app(true).await;
    let bob = app.register("bob").await;
    app.register("ana").await;
    app.register("anabel").await;
    for q in ["ana", "@ana", "ANA@localhost:8080"] {
        let (status, found) = app
            .get(&format!("/api/v2/search?q={q}&type=accounts&resolve=true"), &bob)
            .await;
        assert_eq!(
            (status, &found["accounts"][0]["acct"]),
            (200, &json!("ana")),
            "{q}: {found}"
        );
        assert!(found["statuses"].is_array() && found["hashtags"].is_array());
    }
    let (_, found) = app.get("/api/v1/accounts/search?q=ana&limit=10", &bob).await;
    assert_eq!(found.as_array().map(Vec::len), Some(2), "{found}");
    assert_eq!(app.get("/api/v1/accounts/lookup?acct=nobody", "").await.0, 404);
}
