//! Where a person's devices can be reached directly: said by each device, and told to those who write to that person.

use crate::caller::{At, Caller};
use crate::error::Error;
use crate::input::Input;
use crate::render;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use std::sync::Arc;
use tertulia_state::presence::{Presences, SetPresence};
use tertulia_types::entity::{EmptyObject, NotAPresence, Presence};
use tertulia_types::presence::SignedPresence;
use tertulia_types::{AccountId, Scopes};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(set))
        .routes(routes!(presences))
}

/// Says where one of one's devices can be reached directly; without addresses, that it cannot be. The one with the highest counter is
/// kept until it expires, and shown to whoever on this ring is not blocked. To be said when it changes, not to show that one lives.
#[utoipa::path(post, path = "/api/tertulia/v1/presence", tag = "messages", request_body = Presence,
    responses((status = 200, body = EmptyObject), (status = 409, description = "A newer one is there"),
        (status = 410, description = "The device has been revoked")))]
async fn set(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Input(said): Input<Presence>,
) -> Result<Json<EmptyObject>, Error> {
    let record =
        SignedPresence::try_from(said).map_err(|wrong: NotAPresence| Error::Invalid(wrong.to_string()))?;
    // What is there already is not written again (rule P7).
    let own = Presences {
        by: actor.account,
        of: actor.account,
    };
    let known = service
        .query_for(Some(actor), Scopes::WRITE_MESSAGES, own)
        .await?;
    if !known.iter().any(|(known, _)| *known == record) {
        service.submit(SetPresence { actor, record }).await?;
    }
    Ok(Json(EmptyObject {}))
}

/// Where somebody's devices say that they can be reached directly. Whoever relies on it checks the signatures.
#[utoipa::path(get, path = "/api/tertulia/v1/accounts/{id}/presence", tag = "messages", params(("id" = String, Path)),
    responses((status = 200, body = Vec<Presence>)))]
async fn presences(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    At(of): At<AccountId>,
) -> Result<Json<Vec<Presence>>, Error> {
    let by = actor.account;
    let said = service
        .query_for(Some(actor), Scopes::READ_MESSAGES, Presences { by, of })
        .await?;
    let entities = said.iter().map(|(record, stamp_ms)| Presence {
        updated_at: Some(render::moment(*stamp_ms)),
        ..Presence::from(record)
    });
    Ok(Json(entities.collect()))
}

#[cfg(test)]
mod tests {
    use crate::fixture::{self, App};
    use serde_json::{Value, json};
    use tertulia_types::device::PublicKey;

    const ZEROS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    /// 32 times 2.
    const KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

    fn signature() -> String {
        format!("{}==", "A".repeat(86))
    }

    /// Somebody with a device: their token and id.
    async fn equipped(app: &App, nick: &str) -> (String, String) {
        let (token, id) = (app.register(nick).await, app.id(nick).await);
        let record = json!({
            "account": id, "identity": KEY, "sequence": 0, "previous": ZEROS, "made_ms": 1,
            "add": { "key": KEY, "label": "laptop" }, "signature": signature(),
        });
        let (status, answer) = app.post("/api/tertulia/v1/devices", &token, record).await;
        assert_eq!(status, 200, "{answer}");
        (token, id)
    }

    fn presence(account: &str, counter: u64) -> Value {
        json!({
            "account": account, "device": PublicKey([2; 32]).device(), "counter": counter, "until_ms": 4_000_000_000_000_u64,
            "key": KEY, "addresses": ["192.0.2.1:6000", "[2001:db8::1]:6000"], "signature": signature(),
        })
    }

    #[tokio::test]
    async fn where_a_device_can_be_reached_is_told_to_whoever_has_a_session() {
        let app = fixture::app_of_groups(5).await;
        let (ana, id) = equipped(&app, "ana").await;
        let ben = app.register("ben").await;
        let of_ana = format!("/api/tertulia/v1/accounts/{id}/presence");
        assert_eq!(app.get(&of_ana, &ben).await, (200, json!([])));
        let said = presence(&id, 2);
        let (status, answer) = app.post("/api/tertulia/v1/presence", &ana, said.clone()).await;
        assert_eq!((status, answer), (200, json!({})));
        let (_, mut told) = app.get(&of_ana, &ben).await;
        let entity = told[0].as_object_mut().expect("a presence");
        let updated_at = entity.remove("updated_at");
        assert!(updated_at.is_some_and(|at| at.as_str().is_some_and(|at| at.ends_with('Z'))));
        assert_eq!(told, json!([said]));
        assert_eq!(app.get(&of_ana, "").await.0, 401);
        assert_eq!(app.post("/api/tertulia/v1/presence", "", said).await.0, 401);
        let mut short = presence(&id, 3);
        short["key"] = json!("AAAA");
        let mut wrong = presence(&id, 3);
        wrong["addresses"] = json!(["localhost:6000"]);
        for (token, bad, expected) in [
            (&ana, presence(&id, 1), 409),
            (&ben, presence(&id, 3), 422),
            (&ana, short, 422),
            (&ana, wrong, 422),
        ] {
            assert_eq!(
                app.post("/api/tertulia/v1/presence", token, bad).await.0,
                expected
            );
        }
    }

    #[tokio::test]
    async fn p7_what_a_home_knows_of_a_device_is_not_written_into_its_log_again() {
        let app = fixture::app(true).await;
        let (ana, id) = equipped(&app, "ana").await;
        let group = app.service.node.standings()[0].descriptor.group;
        let entries = async || app.service.node.digest_at(group).await.expect("a copy").0;
        let say = async |counter| {
            let said = presence(&id, counter);
            assert_eq!(app.post("/api/tertulia/v1/presence", &ana, said).await.0, 200);
        };
        say(1).await;
        let before = entries().await;
        for _ in 0..20 {
            say(1).await;
        }
        let beaten = entries().await;
        for counter in 2..22 {
            say(counter).await;
        }
        let changed = entries().await;
        // The machine itself may write something meanwhile.
        assert!(beaten - before < 10, "{before} {beaten}");
        assert!(changed - beaten >= 20, "as a control: {beaten} {changed}");
    }
}
