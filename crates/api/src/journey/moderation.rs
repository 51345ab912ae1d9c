//! Moderators at work.

use crate::fixture::{self, App, PASSWORD};
use serde_json::json;
use tertulia_types::moderation::Role;

impl App {
    /// Registers somebody with a role, and answers their token.
    pub(crate) async fn staff(&self, nick: &str, role: Role) -> String {
        let token = self.register(nick).await;
        let nick = nick.parse().expect("a nick");
        self.service.node.appoint(&nick, role).await.expect("appointed");
        token
    }
}

#[tokio::test]
async fn g1_without_the_role_nothing_of_moderation_is_answered() {
    let app = fixture::app_of_groups(4).await;
    let ana = app.register("ana").await;
    app.register("ben").await;
    let ben = app.id("ben").await;
    for path in ["people", "people?nick=ben", "log"] {
        let path = format!("/api/tertulia/v1/moderation/{path}");
        let (status, body) = app.get(&path, &ana).await;
        assert_eq!((status, &body["code"]), (403, &json!("role_needed")), "{path}");
        assert_eq!(app.get(&path, "").await.0, 401, "{path}");
    }
    for verb in ["suspend", "unsuspend", "role"] {
        let path = format!("/api/tertulia/v1/moderation/people/{ben}/{verb}");
        let (status, body) = app.post(&path, &ana, json!({ "role": "admin" })).await;
        assert_eq!((status, &body["code"]), (403, &json!("role_needed")), "{verb}");
    }
    let (_, me) = app.get("/api/v1/accounts/verify_credentials", &ana).await;
    assert_eq!(
        (&me["role"]["id"], &me["role"]["permissions"]),
        (&json!("-99"), &json!("0"))
    );
}

#[tokio::test]
async fn g2_a_suspension_holds_for_sessions_readers_and_logins_and_is_undone() {
    let app = fixture::app_of_groups(4).await;
    let (ana, fan) = (app.register("ana").await, app.register("fan").await);
    let ida = app.staff("ida", Role::Moderator).await;
    app.follow(&fan, "ana").await;
    let dweet = app.publish(&ana, "hola").await;
    let home = "/api/v1/timelines/home";
    let is_there = |list: &serde_json::Value| list.as_array().is_some_and(|list| !list.is_empty());
    app.until(home, &fan, is_there).await;
    let id = app.id("ana").await;
    let suspend = format!("/api/tertulia/v1/moderation/people/{id}/suspend");
    let (status, done) = app.post(&suspend, &ida, json!({ "why": "spam" })).await;
    assert_eq!((status, &done["done"]), (200, &json!(true)), "{done}");
    // At once at her home.
    assert_eq!(app.get("/api/v1/accounts/verify_credentials", &ana).await.0, 401);
    assert_eq!(app.get(&format!("/api/v1/statuses/{dweet}"), &fan).await.0, 404);
    assert_eq!(app.get(&format!("/api/v1/accounts/{id}"), "").await.0, 404);
    let body = json!({ "nick": "ana", "password": PASSWORD });
    let (status, refused) = app.post("/api/tertulia/v1/login", "", body.clone()).await;
    assert_eq!((status, &refused["code"]), (403, &json!("suspended")));
    // Elsewhere soon.
    app.until(home, &fan, |list| !is_there(list)).await;
    let (_, noted) = app.get("/api/tertulia/v1/moderation/people?nick=ana", &ida).await;
    assert_eq!(
        (&noted[0]["suspended"], &noted[0]["role"]),
        (&json!(true), &json!("member"))
    );
    let (_, all) = app.get("/api/tertulia/v1/moderation/people", &ida).await;
    assert_eq!(all.as_array().map(Vec::len), Some(2), "{all}");
    let unsuspend = format!("/api/tertulia/v1/moderation/people/{id}/unsuspend");
    assert_eq!(app.post(&unsuspend, &ida, json!({})).await.0, 200);
    app.until(home, &fan, is_there).await;
    assert_eq!(app.post("/api/tertulia/v1/login", "", body).await.0, 200);
    let log = app
        .until("/api/tertulia/v1/moderation/log", &ida, |log| {
            log.as_array().is_some_and(|log| log.len() == 3)
        })
        .await;
    let told: Vec<_> = log
        .as_array()
        .expect("a list")
        .iter()
        .map(|deed| deed["measure"].clone())
        .collect();
    assert_eq!(told, ["unsuspend", "suspend", "give_role"]);
    assert_eq!(
        (&log[1]["why"], &log[1]["by"]["nick"]),
        (&json!("spam"), &json!("ida"))
    );
    assert_eq!(
        (&log[1]["whom"]["nick"], &log[1]["refused"]),
        (&json!("ana"), &json!(null))
    );
    assert!(log[2]["by"].is_null() && log[2]["machine"].is_string());
}

#[tokio::test]
async fn admins_give_roles_and_moderators_delete_single_dweets() {
    let app = fixture::app_of_groups(4).await;
    let ana = app.register("ana").await;
    let admin = app.staff("admin", Role::Admin).await;
    let (_, me) = app.get("/api/v1/accounts/verify_credentials", &admin).await;
    assert_eq!(
        (&me["role"]["name"], &me["role"]["permissions"]),
        (&json!("admin"), &json!("1"))
    );
    app.register("ida").await;
    let ida = app.id("ida").await;
    let role = format!("/api/tertulia/v1/moderation/people/{ida}/role");
    let (status, _) = app.post(&role, &admin, json!({ "role": "emperor" })).await;
    assert_eq!(status, 422);
    let (status, done) = app.post(&role, &admin, json!({ "role": "moderator" })).await;
    assert_eq!((status, &done["done"]), (200, &json!(true)));
    let body = json!({ "nick": "ida", "password": PASSWORD });
    let (_, token) = app.post("/api/tertulia/v1/login", "", body).await;
    let ida = token["access_token"].as_str().expect("a token").to_owned();
    let dweet = app.publish(&ana, "hola").await;
    let delete = format!("/api/tertulia/v1/moderation/dweets/{dweet}/delete");
    let author = app.id("ana").await;
    assert_eq!(app.post(&delete, &ida, json!({ "author": author })).await.0, 200);
    assert_eq!(app.get(&format!("/api/v1/statuses/{dweet}"), "").await.0, 404);
    // Nobody acts on people of their own role or a higher one, and is told so.
    let (_, theirs) = app.get("/api/v1/accounts/lookup?acct=admin", "").await;
    let theirs = theirs["id"].as_str().expect("an id");
    let suspend = format!("/api/tertulia/v1/moderation/people/{theirs}/suspend");
    let (status, body) = app.post(&suspend, &ida, json!({})).await;
    assert_eq!((status, &body["code"]), (403, &json!("role_needed")));
}
