//! Streaming, by server-sent events and by WebSocket (FACTS W13, W14).
//!
//! **Invariant:** each event names its stream (masto.js drops others), and each line of server-sent events has a blank
//! after its colon (Mastodon.py splits there).

use crate::caller::Caller;
use crate::error::Error;
use crate::input::Input;
use crate::origin::Origin;
use crate::service::Service;
use crate::token::{Secret, presented};
use crate::watch::{Channel, Next, Told, Watch};
use axum::Router;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::Stream;
use serde::Deserialize;
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// Far above any subscription.
const MESSAGE_BYTES_MAX: usize = 4_096;
/// How long a client may take to read one message.
const SEND_TIME_MAX: Duration = Duration::from_secs(10);
/// `CloseFrame` codes of RFC 6455.
const GOING_AWAY: u16 = 1001;

pub(crate) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/api/v1/streaming", get(socket))
        .route("/api/v1/streaming/health", get(async || "OK"))
        .route("/api/v1/streaming/{*name}", get(events))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    stream: Option<String>,
    tag: Option<String>,
}

async fn events(
    State(service): State<Arc<Service>>,
    caller: Option<Caller>,
    origin: Origin,
    Path(name): Path<String>,
    Input(asked): Input<Asked>,
) -> Result<Response, Error> {
    let channel = Channel::named(&name, asked.tag.as_deref())?;
    let mut watch = Watch::open(service, origin, caller.map(|caller| caller.0)).await?;
    watch.subscribe(channel).await?;
    Ok(Sse::new(sent(watch)).into_response())
}

fn sent(watch: Watch) -> impl Stream<Item = Result<Event, Infallible>> {
    let first = futures::stream::iter([Ok(Event::default().comment("welcome"))]);
    let rest = futures::stream::unfold(watch, async |mut watch| {
        let event = match watch.next().await {
            Next::Told(Told { event, payload, .. }) => Event::default().event(event).data(payload),
            Next::Beat => Event::default().comment("thump"),
            Next::End => return None,
        };
        Some((Ok(event), watch))
    });
    futures::StreamExt::chain(first, rest)
}

async fn socket(
    State(service): State<Arc<Service>>,
    origin: Origin,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Result<Response, Error> {
    let upgrade = upgrade
        .map_err(|_| Error::Malformed("open a WebSocket here, or read /api/v1/streaming/user".to_owned()))?;
    let (parts, _) = request.into_parts();
    let by_protocol = protocol(&parts);
    let token = by_protocol.clone().or_else(|| presented(&parts));
    if token.is_none() && parts.headers.contains_key(header::AUTHORIZATION) {
        return Err(Error::NoToken);
    }
    let mut watch = Watch::open(
        service,
        origin,
        token.as_ref().and_then(Caller::of).map(|caller| caller.0),
    )
    .await?;
    let asked = asked(&parts)?;
    let first = asked
        .stream
        .map(|name| Channel::named(&name, asked.tag.as_deref()))
        .transpose()?;
    if let Some(channel) = first {
        watch.subscribe(channel).await?;
    }
    // A browser refuses the connection unless the protocol that it offered is answered.
    let upgrade = match by_protocol {
        Some(token) => upgrade.protocols([token.text().to_owned()]),
        None => upgrade,
    };
    Ok(upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .on_upgrade(async move |socket| talk(socket, watch).await))
}

fn protocol(parts: &Parts) -> Option<Secret> {
    let offered = parts.headers.get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    offered.split(',').find_map(|token| Secret::parse(token.trim()))
}

fn asked(parts: &Parts) -> Result<Asked, Error> {
    let mut fields = crate::lenient::Fields::default();
    fields.add_urlencoded(parts.uri.query().unwrap_or_default().as_bytes())?;
    fields.read().map_err(|error| Error::Invalid(error.to_string()))
}

/// Passes on what is told, and takes subscriptions, until either end is done.
async fn talk(mut socket: WebSocket, mut watch: Watch) {
    loop {
        let outgoing = tokio::select! {
            next = watch.next() => match next {
                Next::Told(told) => Message::text(message(&told)),
                Next::Beat => Message::Ping(Vec::new().into()),
                Next::End => break,
            },
            incoming = socket.recv() => match incoming {
                Some(Ok(Message::Text(text))) => match subscribe(&mut watch, &text).await {
                    Ok(()) => continue,
                    Err(error) => Message::text(json!({ "error": error.to_string() }).to_string()),
                },
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => continue,
            },
        };
        if !send(&mut socket, outgoing).await {
            return;
        }
    }
    let goodbye = Message::Close(Some(CloseFrame {
        code: GOING_AWAY,
        reason: "the session or the machine has ended".into(),
    }));
    send(&mut socket, goodbye).await;
}

async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(
        tokio::time::timeout(SEND_TIME_MAX, socket.send(message)).await,
        Ok(Ok(()))
    )
}

fn message(told: &Told) -> String {
    json!({ "stream": told.channel.names(), "event": told.event, "payload": told.payload }).to_string()
}

#[derive(Debug, Deserialize)]
struct Subscription {
    #[serde(rename = "type")]
    kind: String,
    stream: String,
    tag: Option<String>,
}

async fn subscribe(watch: &mut Watch, text: &str) -> Result<(), Error> {
    let asked: Subscription = serde_json::from_str(text)
        .map_err(|_| Error::Malformed("expected {\"type\":\"subscribe\",\"stream\":…}".to_owned()))?;
    let channel = Channel::named(&asked.stream, asked.tag.as_deref())?;
    match asked.kind.as_str() {
        "subscribe" => watch.subscribe(channel).await,
        "unsubscribe" => {
            watch.unsubscribe(&channel);
            Ok(())
        }
        _ => Err(Error::Invalid("the type is subscribe or unsubscribe".to_owned())),
    }
}
