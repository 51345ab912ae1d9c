//! Private messages: letters into mailboxes and out of them, and the order of a conversation's commits. What they say only the
//! devices of a conversation can read.

use crate::caller::{At, Caller};
use crate::error::Error;
use crate::input::Input;
use crate::render;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use futures::StreamExt;
use serde::Deserialize;
use std::sync::Arc;
use tertulia_state::conversation::{Commits, SubmitCommit, Verdict};
use tertulia_state::mailbox::{self, Acknowledge, Deposit, Fetch};
use tertulia_types::entity::{
    Base64, Commit, Committed, Conversation, Deposited, EmptyObject, Letter, Mailbox, Progress,
};
use tertulia_types::message::{COMMIT_BYTES_MAX, LetterKind, PEOPLE_MAX};
use tertulia_types::{AccountId, ConversationId, DeviceId, Epoch, MessageId, Scopes};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Recipients whose homes are asked at once.
const HOMES_AT_ONCE: usize = 16;
/// A commit and its welcome as base64, and the people.
const COMMIT_BODY_BYTES_MAX: usize = 3 * COMMIT_BYTES_MAX;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(send))
        .routes(routes!(fetch))
        .routes(routes!(acknowledge))
        .routes(routes!(expired))
        .routes(routes!(commit))
        .routes(routes!(conversation))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct Outgoing {
    /// The message's name, drawn at random: a repeat with it changes nothing twice.
    #[schema(value_type = String)]
    id: MessageId,
    /// Of which conversation.
    #[schema(value_type = String)]
    conversation: ConversationId,
    /// Where the conversation's group is.
    #[serde(flatten)]
    at: Progress,
    /// For whom, oneself too if other devices of one's own shall have it: up to 256 people.
    recipients: Vec<Recipient>,
    /// An `MLSMessage` of RFC 9420, up to 64 KiB.
    body: Base64,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct Recipient {
    /// Who.
    #[schema(value_type = String)]
    account: AccountId,
    /// How many statements about devices they had made when the message was written: if there are more by now, their home does not take
    /// it (`stale_devices`), since their new device could not read it.
    devices: u32,
}

/// Hands in a message. The answer says for each recipient whether their home has it.
#[utoipa::path(post, path = "/api/tertulia/v1/messages", tag = "messages", request_body = Outgoing, responses((status = 200, body = Vec<Deposited>)))]
async fn send(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Input(outgoing): Input<Outgoing>,
) -> Result<Json<Vec<Deposited>>, Error> {
    if outgoing.recipients.len() > PEOPLE_MAX {
        return Err(Error::Invalid(format!(
            "a message has up to {PEOPLE_MAX} recipients"
        )));
    }
    service.check_session(actor, Scopes::WRITE_MESSAGES).await?;
    let letter = mailbox::Letter {
        kind: LetterKind::Message,
        id: outgoing.id,
        conversation: outgoing.conversation,
        epoch: outgoing.at.into(),
        body: outgoing.body.0,
    };
    let deposits = outgoing
        .recipients
        .into_iter()
        .map(|Recipient { account, devices }| {
            let (service, letter) = (&service, letter.clone());
            async move {
                let deposit = Deposit {
                    sender: actor.account,
                    recipient: account,
                    devices: Some(devices),
                    letter,
                };
                deposited(account, service.submit(deposit).await)
            }
        });
    let answers = futures::stream::iter(deposits).buffered(HOMES_AT_ONCE);
    Ok(Json(answers.collect().await))
}

fn deposited(account: AccountId, outcome: Result<u64, Error>) -> Deposited {
    let (number, refused) = match outcome {
        Ok(number) => (Some(number), None),
        Err(error) => (None, Some(error)),
    };
    Deposited {
        account,
        number,
        code: refused.as_ref().map(|error| error.code().to_owned()),
        error: refused.map(|error| error.to_string()),
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// For which of one's devices.
    #[param(value_type = String)]
    device: DeviceId,
    /// Behind which letter: 0 if not said.
    #[serde(default)]
    after: u64,
}

/// The letters that wait for one of one's devices.
#[utoipa::path(get, path = "/api/tertulia/v1/mailbox", tag = "messages", params(Asked),
    responses((status = 200, body = Mailbox), (status = 410, description = "The device has been revoked")))]
async fn fetch(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Input(Asked { device, after }): Input<Asked>,
) -> Result<Json<Mailbox>, Error> {
    let fetched = service.query(Fetch { actor, device, after }).await?;
    let letters = fetched.letters.into_iter().map(|waiting| {
        let mailbox::Letter {
            kind,
            id,
            conversation,
            epoch,
            body,
        } = waiting.letter;
        Letter {
            number: waiting.number,
            kind,
            sender: waiting.sender,
            id,
            conversation,
            generation: epoch.generation,
            epoch: epoch.number,
            body: Base64(body),
            arrived_at: render::moment(waiting.stamp_ms),
        }
    });
    Ok(Json(Mailbox {
        letters: letters.collect(),
        top: fetched.top,
        acknowledged: fetched.acknowledged,
        packages_left: fetched.packages_left,
    }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct Kept {
    /// Which of one's devices.
    #[schema(value_type = String)]
    device: DeviceId,
    /// The last letter that it has kept.
    number: u64,
}

/// Says that a device has kept all letters up to a number: they are deleted once all of one's devices have them.
#[utoipa::path(post, path = "/api/tertulia/v1/mailbox/acknowledge", tag = "messages", request_body = Kept, responses((status = 200, body = EmptyObject)))]
async fn acknowledge(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Input(Kept { device, number }): Input<Kept>,
) -> Result<Json<EmptyObject>, Error> {
    service
        .submit(Acknowledge {
            actor,
            device,
            number,
        })
        .await?;
    Ok(Json(EmptyObject {}))
}

/// Which of one's own messages to somebody their home has let go after 30 days, since none of their devices came for them: those of the
/// last 60 days.
#[utoipa::path(get, path = "/api/tertulia/v1/accounts/{id}/expired", tag = "messages", params(("id" = String, Path)),
    responses((status = 200, body = Vec<String>)))]
async fn expired(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    At(of): At<AccountId>,
) -> Result<Json<Vec<MessageId>>, Error> {
    let asked = mailbox::Expired {
        by: actor.account,
        of,
    };
    let names = service
        .query_for(Some(actor), Scopes::READ_MESSAGES, asked)
        .await?;
    Ok(Json(names))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct NewCommit {
    /// The epoch that it ends; `{"generation": n + 1, "epoch": 0}` begins another group in place of group n.
    #[serde(flatten)]
    at: Progress,
    /// An `MLSMessage` of RFC 9420 that holds a commit, up to 512 KiB.
    commit: Base64,
    /// One that holds the welcome of the devices that are added.
    welcome: Option<Base64>,
    /// Whose devices these are: they get the welcome.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    welcomed: Vec<AccountId>,
    /// Who is in the conversation afterwards, in the order of their ids: up to 256.
    #[schema(value_type = Vec<String>)]
    people: Vec<AccountId>,
}

/// Hands in a commit. One counts at each epoch; the same bytes count again.
#[utoipa::path(post, path = "/api/tertulia/v1/conversations/{id}/commits", tag = "messages", request_body = NewCommit,
    params(("id" = String, Path, description = "The conversation")), responses((status = 200, body = Committed)))]
async fn commit(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    At(conversation): At<ConversationId>,
    Input(new): Input<NewCommit, COMMIT_BODY_BYTES_MAX>,
) -> Result<Json<Committed>, Error> {
    let command = SubmitCommit {
        by: actor.account,
        conversation,
        at: new.at.into(),
        commit: new.commit.0,
        welcome: new.welcome.map(|welcome| welcome.0),
        welcomed: new.welcomed,
        people: new.people,
    };
    let verdict = service.submit_for(actor, Scopes::WRITE_MESSAGES, command).await?;
    Ok(Json(match verdict {
        Verdict::Accepted => Committed {
            is_accepted: true,
            now: None,
            winner: None,
        },
        Verdict::Superseded { now, winner } => Committed {
            is_accepted: false,
            now: Some(now.into()),
            winner: winner.map(Base64),
        },
    }))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Since {
    /// The first group of which commits are asked for.
    generation: u32,
    /// The first epoch whose end is asked for.
    epoch: u64,
}

/// How far a conversation of one's own has come, and its commits of the last 30 days.
#[utoipa::path(get, path = "/api/tertulia/v1/conversations/{id}", tag = "messages", params(("id" = String, Path), Since),
    responses((status = 200, body = Conversation), (status = 404, description = "One is not in it")))]
async fn conversation(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    At(conversation): At<ConversationId>,
    Input(since): Input<Since>,
) -> Result<Json<Conversation>, Error> {
    let from = Epoch {
        generation: since.generation,
        number: since.epoch,
    };
    let asked = Commits {
        by: actor.account,
        conversation,
        from,
    };
    let found = service
        .query_for(Some(actor), Scopes::READ_MESSAGES, asked)
        .await?;
    let commits = found.commits.into_iter().map(|(at, commit)| Commit {
        at: at.into(),
        commit: Base64(commit),
    });
    Ok(Json(Conversation {
        now: found.now.into(),
        people: found.people,
        commits: commits.collect(),
    }))
}

#[cfg(test)]
mod tests {
    use crate::fixture::{self, App};
    use serde_json::{Value, json};
    use tertulia_types::device::PublicKey;
    use tertulia_types::{AccountId, ConversationId};

    const ZEROS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const IDENTITY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    /// 32 times 2.
    const KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

    fn device() -> String {
        PublicKey([2; 32]).device().to_string()
    }

    fn record(account: &str) -> Value {
        let signature = format!("{}==", "A".repeat(86));
        json!({
            "account": account, "identity": IDENTITY, "sequence": 0, "previous": ZEROS, "made_ms": 1,
            "add": { "key": KEY, "label": "laptop" }, "signature": signature,
        })
    }

    /// Somebody with a device: their token and id.
    async fn equipped(app: &App, nick: &str) -> (String, String) {
        let token = app.register(nick).await;
        let id = app.id(nick).await;
        let (status, answer) = app.post("/api/tertulia/v1/devices", &token, record(&id)).await;
        assert_eq!(status, 200, "{answer}");
        (token, id)
    }

    fn message(id: u8, recipients: &[&str]) -> Value {
        let (id, conversation) = (format!("{id:032x}"), "01".repeat(16));
        let recipients: Vec<Value> = recipients
            .iter()
            .map(|account| json!({ "account": account, "devices": 1 }))
            .collect();
        json!({
            "id": id, "conversation": conversation, "generation": 1, "epoch": 1, "recipients": recipients, "body": "aGVsbG8=",
        })
    }

    #[tokio::test]
    async fn a_letter_waits_in_the_mailbox_until_it_is_acknowledged() {
        let app = fixture::app_of_groups(5).await;
        let ((ana, ana_id), (ben, ben_id)) = (equipped(&app, "ana").await, equipped(&app, "ben").await);
        for _ in 0..2 {
            let sent = message(7, &[&ben_id, "77", &ana_id]);
            let (status, answer) = app.post("/api/tertulia/v1/messages", &ana, sent).await;
            assert_eq!(status, 200, "{answer}");
            assert_eq!(answer[0], json!({ "account": ben_id, "number": 1 }));
            assert_eq!(answer[1]["code"], "not_found", "{answer}");
            assert_eq!(answer[2]["number"], 1);
        }
        let mailbox = format!("/api/tertulia/v1/mailbox?device={}", device());
        let (_, fetched) = app.get(&mailbox, &ben).await;
        let letter = &fetched["letters"][0];
        assert_eq!(
            fetched["letters"].as_array().expect("letters").len(),
            1,
            "{fetched}"
        );
        assert_eq!(
            (
                &letter["body"],
                &letter["sender"],
                &letter["kind"],
                &letter["number"]
            ),
            (&json!("aGVsbG8="), &json!(ana_id), &json!("message"), &json!(1))
        );
        let kept = json!({ "device": device(), "number": 1 });
        assert_eq!(
            app.post("/api/tertulia/v1/mailbox/acknowledge", &ben, kept)
                .await
                .0,
            200
        );
        let (_, fetched) = app.get(&mailbox, &ben).await;
        assert_eq!((&fetched["letters"], &fetched["top"]), (&json!([]), &json!(1)));
        assert_eq!(app.get(&mailbox, "").await.0, 401);
        let strange = format!("/api/tertulia/v1/mailbox?device={}", "00".repeat(16));
        assert_eq!(app.get(&strange, &ben).await.0, 410);
    }

    #[tokio::test]
    async fn p1_who_has_no_session_hands_in_nothing_and_takes_nothing() {
        let app = fixture::app_of_groups(3).await;
        let (ana, ana_id) = equipped(&app, "ana").await;
        let (_, ben_id) = equipped(&app, "ben").await;
        assert_eq!(app.ask("POST", "/api/tertulia/v1/logout", &ana).await.0, 200);
        let (claim, room) = (
            format!("/api/tertulia/v1/accounts/{ben_id}/key_packages"),
            format!("/api/tertulia/v1/conversations/{}", "01".repeat(16)),
        );
        let commit = json!({ "generation": 1, "epoch": 0, "commit": "AAAA", "people": [ana_id] });
        for (status, answer) in [
            app.post("/api/tertulia/v1/messages", &ana, message(1, &[&ben_id]))
                .await,
            app.post(&claim, &ana, json!({})).await,
            app.post(&format!("{room}/commits"), &ana, commit).await,
            app.get(&room, &ana).await,
            app.get(&format!("/api/tertulia/v1/accounts/{ben_id}/expired"), &ana)
                .await,
            app.get(&format!("/api/tertulia/v1/accounts/{ben_id}/devices"), &ana)
                .await,
        ] {
            assert_eq!((status, &answer["code"]), (401, &json!("no_session")), "{answer}");
        }
    }

    #[tokio::test]
    async fn m2_the_second_commit_of_an_epoch_is_told_of_the_first() {
        let app = fixture::app_of_groups(3).await;
        let ((ana, ana_id), (ben, ben_id)) = (equipped(&app, "ana").await, equipped(&app, "ben").await);
        let number = |id: &str| id.parse::<AccountId>().expect("an id");
        let (one, other) = (number(&ana_id), number(&ben_id));
        let path = format!(
            "/api/tertulia/v1/conversations/{}",
            ConversationId::of_two(one, other)
        );
        let people = [one.min(other).to_string(), one.max(other).to_string()];
        let commit = |bytes: &str| json!({ "generation": 1, "epoch": 0, "commit": bytes, "welcome": "AAAA", "welcomed": people, "people": people });
        let commits = format!("{path}/commits");
        for (token, bytes, expected) in [
            (&ana, "AQID", json!({ "is_accepted": true })),
            (
                &ben,
                "BAUG",
                json!({ "is_accepted": false, "now": { "generation": 1, "epoch": 1 }, "winner": "AQID" }),
            ),
            (&ana, "AQID", json!({ "is_accepted": true })),
        ] {
            assert_eq!(app.post(&commits, token, commit(bytes)).await, (200, expected));
        }
        let found = app.get(&path, &ben).await;
        let commits = json!([{ "generation": 1, "epoch": 0, "commit": "AQID" }]);
        assert_eq!(
            found,
            (
                200,
                json!({ "generation": 1, "epoch": 1, "people": people, "commits": commits })
            )
        );
        let mailbox = format!("/api/tertulia/v1/mailbox?device={}", device());
        let letters = |fetched: &Value| fetched["letters"].as_array().map_or(0, Vec::len);
        app.until(&mailbox, &ben, |fetched| letters(fetched) == 2).await;
    }

    #[tokio::test]
    async fn a_claim_that_is_repeated_with_its_key_gets_the_same_package() {
        let app = fixture::app_of_groups(3).await;
        let ((ana, _), (ben, ben_id)) = (equipped(&app, "ana").await, equipped(&app, "ben").await);
        let stock = json!({ "device": device(), "packages": ["AQ==", "Ag=="], "last_resort": "Aw==" });
        let stocked = app.post("/api/tertulia/v1/key_packages", &ben, stock).await;
        assert_eq!(stocked, (200, json!({ "left": 2 })));
        let claim = async |key: &str| {
            let path = format!("/api/tertulia/v1/accounts/{ben_id}/key_packages");
            let request = axum::http::Request::post(path)
                .header("authorization", format!("Bearer {ana}"))
                .header("idempotency-key", key)
                .body(axum::body::Body::empty());
            app.json(request.expect("a request")).await.1[0]["package"].clone()
        };
        assert_eq!(claim("one").await, "AQ==");
        assert_eq!(claim("one").await, "AQ==");
        assert_eq!(claim("two").await, "Ag==");
        assert_eq!(claim("three").await, "Aw==");
    }

    #[tokio::test]
    async fn bad_letters_are_refused_with_a_reason() {
        let app = fixture::app(true).await;
        let (ana, ana_id) = equipped(&app, "ana").await;
        let with = |field: &str, value: Value| {
            let mut message = message(1, &[&ana_id]);
            message[field] = value;
            message
        };
        let many: Vec<Value> = (0..257)
            .map(|number| json!({ "account": number.to_string(), "devices": 1 }))
            .collect();
        for (wrong, expected) in [
            (with("id", json!("ff")), "32 hexadecimal digits"),
            (with("body", json!("***")), "base64"),
            (with("recipients", json!(many)), "256 recipients"),
            (
                with("recipients", json!([{ "account": "x", "devices": 1 }])),
                "an id is a decimal number",
            ),
        ] {
            let (status, answer) = app.post("/api/tertulia/v1/messages", &ana, wrong).await;
            assert_eq!(status, 422, "{answer}");
            assert!(
                answer["error"].as_str().expect("why").contains(expected),
                "{answer}"
            );
        }
        let (_, answer) = app
            .post("/api/tertulia/v1/messages", &ana, with("body", json!("")))
            .await;
        assert_eq!(answer[0]["code"], "invalid", "{answer}");
        let mut record = record(&ana_id);
        record["add"]["key"] = json!("AAAA");
        let (status, answer) = app.post("/api/tertulia/v1/devices", &ana, record).await;
        assert_eq!((status, &answer["code"]), (422, &json!("invalid")), "{answer}");
    }
}
