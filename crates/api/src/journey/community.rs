//! Who may register, invitations, reports, and the ring's picture.

use crate::fixture::{self, App, PASSWORD};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tertulia_types::moderation::Role;

impl App {
    async fn settle(&self, admin: &str, settling: Value) -> (u16, Value) {
        let request = Request::patch("/api/tertulia/v1/community")
            .header("authorization", format!("Bearer {admin}"))
            .header("content-type", "application/json");
        self.json(request.body(Body::from(settling.to_string())).expect("a request"))
            .await
    }

    async fn enter(&self, nick: &str, invite: Option<&str>) -> (u16, Value) {
        let body = json!({ "nick": nick, "password": PASSWORD, "invite": invite });
        self.post("/api/tertulia/v1/register", "", body).await
    }
}

#[tokio::test]
async fn g3_registration_is_what_the_admins_have_settled_and_mastodons_fields_say_so() {
    let app = fixture::app_of_groups(4).await;
    let admin = app.staff("admin", Role::Admin).await;
    let ana = app.register("ana").await;
    let (status, body) = app.settle(&ana, json!({ "registration": "closed" })).await;
    assert_eq!((status, &body["code"]), (403, &json!("role_needed")));
    let (_, before) = app.get("/api/v1/instance", "").await;
    assert_eq!(
        (&before["registrations"], &before["invites_enabled"]),
        (&json!(true), &json!(false))
    );
    let settling = json!({
        "registration": "invitation",
        "members_may_invite": true,
        "description": "Un barrio",
        "rules": ["Be kind", "No ads"],
        "welcome": "Hola",
    });
    let (status, done) = app.settle(&admin, settling).await;
    assert_eq!((status, &done["done"]), (200, &json!(true)), "{done}");
    let (_, one) = app.get("/api/v1/instance", "").await;
    assert_eq!(
        (&one["registrations"], &one["invites_enabled"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(
        (&one["description"], &one["rules"][1]["text"]),
        (&json!("Un barrio"), &json!("No ads"))
    );
    let (_, two) = app.get("/api/v2/instance", "").await;
    assert_eq!(two["registrations"]["enabled"], false);
    assert!(
        two["registrations"]["message"]
            .as_str()
            .is_some_and(|said| said.contains("invitation"))
    );
    let (_, rules) = app.get("/api/v1/instance/rules", "").await;
    assert_eq!(rules[0], json!({ "id": "1", "text": "Be kind", "hint": "" }));
    let (_, community) = app.get("/api/tertulia/v1/community", "").await;
    assert_eq!(
        (&community["welcome"], &community["registration"]),
        (&json!("Hola"), &json!("invitation"))
    );
    // At the newcomer's home as soon as that has heard of it.
    let refused = async {
        for at in 0.. {
            let (status, body) = app.enter(&format!("nobody{at}"), None).await;
            if status != 200 {
                return (status, body["code"].clone());
            }
        }
        unreachable!("some registration is refused")
    };
    let refused = tokio::time::timeout(std::time::Duration::from_secs(20), refused).await;
    assert_eq!(refused.expect("in time"), (403, json!("invitation_needed")));
    // What is not said stays; and rules can be taken away.
    let (status, _) = app
        .settle(&admin, json!({ "registration": "closed", "without_rules": true }))
        .await;
    assert_eq!(status, 200);
    let (_, community) = app.get("/api/tertulia/v1/community", "").await;
    assert_eq!(
        (&community["rules"], &community["welcome"]),
        (&json!([]), &json!("Hola"))
    );
    let (status, _) = app.settle(&admin, json!({ "registration": "ajar" })).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn g4_as_many_register_at_once_with_an_invitation_as_it_is_good_for() {
    let app = fixture::app_of_groups(4).await;
    let admin = app.staff("admin", Role::Admin).await;
    assert_eq!(
        app.settle(&admin, json!({ "registration": "invitation" }))
            .await
            .0,
        200
    );
    let making = || {
        let body = json!({ "uses": 3, "note": "for the neighbours" }).to_string();
        let request = Request::post("/api/tertulia/v1/invitations")
            .header("authorization", format!("Bearer {admin}"))
            .header("idempotency-key", "one")
            .header("content-type", "application/json");
        request.body(Body::from(body)).expect("a request")
    };
    let (status, made) = app.json(making()).await;
    assert_eq!(status, 200, "{made}");
    let code = made["code"].as_str().expect("a code").to_owned();
    let (_, again) = app.json(making()).await;
    assert_eq!(again, made, "a repeat shows the same code");
    assert!(
        !app.is_on_disk(code.as_bytes()),
        "P2: the ring keeps its hash only"
    );
    let (status, invited) = app.get(&format!("/api/tertulia/v1/invitations/{code}"), "").await;
    assert_eq!((status, &invited["by"]["nick"]), (200, &json!("admin")));
    let newcomers: Vec<String> = (0..8).map(|i| format!("new{i}")).collect();
    let entering = newcomers.iter().map(|nick| app.enter(nick, Some(&code)));
    let answers = futures::future::join_all(entering).await;
    let let_in: Vec<_> = answers.iter().filter(|(status, _)| *status == 200).collect();
    assert_eq!(let_in.len(), 3, "{answers:?}");
    for (status, body) in &answers {
        match status {
            200 => {
                let token = body["access_token"].as_str().expect("a token");
                assert_eq!(app.get("/api/v1/accounts/verify_credentials", token).await.0, 200);
            }
            _ => assert_eq!((*status, &body["code"]), (422, &json!("bad_invitation"))),
        }
    }
    let (_, list) = app.get("/api/tertulia/v1/invitations", &admin).await;
    assert_eq!(
        (&list[0]["uses"], &list[0]["uses_max"], &list[0]["code"]),
        (&json!(3), &json!(3), &Value::Null)
    );
    let id = list[0]["id"].as_str().expect("an id");
    let revoke = format!("/api/tertulia/v1/invitations/{id}");
    assert_eq!(app.ask("DELETE", &revoke, &admin).await.0, 200);
    assert_eq!(app.enter("late", Some(&code)).await.1["code"], "bad_invitation");
    assert_eq!(
        app.enter("late", Some("nonsense")).await.1["code"],
        "bad_invitation"
    );
}

#[tokio::test]
async fn g5_from_a_report_to_a_suspension() {
    let app = fixture::app_of_groups(4).await;
    let (ana, ben) = (app.register("ana").await, app.register("ben").await);
    let ida = app.staff("ida", Role::Moderator).await;
    let dweet = app.publish(&ana, "buy watches").await;
    let about = app.id("ana").await;
    let filing =
        json!({ "account_id": about, "status_ids": [dweet], "comment": "spam again", "category": "spam" });
    let (status, filed) = app.post("/api/v1/reports", &ben, filing).await;
    assert_eq!((status, &filed["action_taken"]), (200, &json!(false)), "{filed}");
    assert_eq!(
        (&filed["target_account"]["acct"], &filed["category"]),
        (&json!("ana"), &json!("spam"))
    );
    let reports = "/api/tertulia/v1/moderation/reports";
    let there = |list: &Value| list.as_array().is_some_and(|list| list.len() == 1);
    let list = app.until(reports, &ida, there).await;
    assert_eq!(
        (&list[0]["by"]["nick"], &list[0]["about"]["nick"]),
        (&json!("ben"), &json!("ana"))
    );
    assert_eq!(
        (&list[0]["dweets"][0], &list[0]["comment"]),
        (&json!(dweet), &json!("spam again"))
    );
    assert_eq!(app.get(reports, &ben).await.1["code"], "role_needed");
    let suspend = format!("/api/tertulia/v1/moderation/people/{about}/suspend");
    assert_eq!(app.post(&suspend, &ida, json!({ "why": "spam" })).await.0, 200);
    assert_eq!(app.get(&format!("/api/v1/statuses/{dweet}"), &ben).await.0, 404);
    let resolve = format!("{reports}/{}/resolve", list[0]["id"].as_str().expect("an id"));
    let (status, done) = app.post(&resolve, &ida, json!({ "note": "suspended" })).await;
    assert_eq!((status, &done["done"]), (200, &json!(true)), "{done}");
    let (status, body) = app.post(&resolve, &ida, json!({ "note": "again" })).await;
    assert_eq!((status, &body["code"]), (409, &json!("conflict")));
    assert_eq!(app.get(reports, &ida).await.1, json!([]));
    let (_, settled) = app.get(&format!("{reports}?resolved=true"), &ida).await;
    assert_eq!(
        (
            &settled[0]["resolution"]["by"]["nick"],
            &settled[0]["resolution"]["note"]
        ),
        (&json!("ida"), &json!("suspended"))
    );
    // What is no report.
    let somebody_else = json!({ "account_id": app.id("ben").await, "status_ids": [dweet] });
    assert_eq!(app.post("/api/v1/reports", &ida, somebody_else).await.0, 422);
    let strange = json!({ "account_id": app.id("ben").await, "category": "boredom" });
    assert_eq!(app.post("/api/v1/reports", &ida, strange).await.0, 422);
}

#[tokio::test]
async fn the_ring_shows_itself_and_its_growth_to_everybody_and_no_address_of_machines() {
    let app = fixture::app_of_groups(4).await;
    let ana = app.register("ana").await;
    app.publish(&ana, "hola").await;
    let (status, ring) = app.get("/api/tertulia/v1/ring", "").await;
    assert_eq!(status, 200);
    assert_eq!(
        (
            ring["ranges"].as_array().map(Vec::len),
            ring["machines"].as_array().map(Vec::len)
        ),
        (Some(4), Some(1))
    );
    assert!(
        ring["machines"][0].get("peers").is_none() && ring["machines"][0]["state"] == "alive",
        "{ring}"
    );
    let (status, told) = app.get("/api/tertulia/v1/ring/events", "").await;
    assert_eq!((status, &told["missed"]), (200, &json!(false)));
    let next = told["next"].as_str().expect("a place");
    let (_, told) = app
        .get(&format!("/api/tertulia/v1/ring/events?after={next}"), "")
        .await;
    assert_eq!((&told["missed"], &told["events"]), (&json!(false), &json!([])));
    let (status, growth) = app.get("/api/tertulia/v1/growth", "").await;
    let sum = |field: &str| -> u64 {
        let days = growth.as_array().into_iter().flatten();
        days.filter_map(|day| day[field].as_u64()).sum()
    };
    assert_eq!((status, sum("accounts"), sum("dweets")), (200, 1, 1), "{growth}");
}
