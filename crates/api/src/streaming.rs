//! Streaming, by server-sent events and by WebSocket (W13, W14 in docs/apps.md).
//!
//! **Invariant:** each event names its stream (masto.js drops others), and each line of server-sent events has a blank
//! after its colon (Mastodon.py splits there).

use crate::caller::{Address, Caller};
use crate::error::Error;
use crate::input::Input;
use crate::lenient::Fields;
use crate::origin::Origin;
use crate::service::Service;
use crate::token::{Secret, presented};
use crate::watch::{BEAT, Channel, Next, Told, Watch};
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use serde::Deserialize;
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Far above any subscription.
const MESSAGE_BYTES_MAX: usize = 4_096;
/// Most messages are far below; the library's own buffers would be 128 KiB for each stream.
const BUFFER_BYTES: usize = 8 * 1024;
/// How long a client may take to read one message.
const SEND_TIME_MAX: Duration = Duration::from_secs(10);
/// A client answers each ping; one that was not heard for so long is gone.
const SILENCE_MAX: Duration = Duration::from_secs(4 * BEAT.as_secs());
/// The standard's code for an end that is nobody's fault.
const GOING_AWAY: u16 = 1001;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(socket))
        .routes(routes!(health))
        .routes(routes!(events))
        .routes(routes!(events_of_part))
}

/// Whether there is streaming here.
#[utoipa::path(get, path = "/api/v1/streaming/health", tag = "streaming", responses((status = 200, description = "OK", body = String)))]
async fn health() -> &'static str {
    "OK"
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Asked {
    /// For a WebSocket: what to listen to from the start.
    stream: Option<String>,
    /// For hashtags: which.
    tag: Option<String>,
}

/// What happens, as server-sent events: `update`, `status.update`, `delete` and `notification`; of a mailbox `letter`, with the
/// number of the letter that came.
#[utoipa::path(get, path = "/api/v1/streaming/{stream}", tag = "streaming",
    params(("stream" = String, Path, description = "`user`, `public`, `hashtag`, `mailbox`; `list` and `direct` stay silent"), Asked),
    responses((status = 200, description = "Events, until either end closes", content_type = "text/event-stream", body = String)))]
async fn events(
    State(service): State<Arc<Service>>,
    caller: Option<Caller>,
    origin: Origin,
    Address(from): Address,
    Path(name): Path<String>,
    Input(asked): Input<Asked>,
) -> Result<Response, Error> {
    let channel = Channel::named(&name, asked.tag.as_deref())?;
    let mut watch = Watch::open(service, origin, caller.map(|caller| caller.0), from).await?;
    watch.subscribe(channel).await?;
    // Proxies must pass on each event when it comes.
    Ok(([("x-accel-buffering", "no")], Sse::new(sent(watch))).into_response())
}

/// A part of what happens, as server-sent events.
#[utoipa::path(get, path = "/api/v1/streaming/{stream}/{part}", tag = "streaming",
    params(
        ("stream" = String, Path, description = "`user`, `public` or `hashtag`"),
        ("part" = String, Path, description = "`notification` of `user`; `local` of the others; `remote` stays silent"),
        Asked,
    ),
    responses((status = 200, description = "Events, until either end closes", content_type = "text/event-stream", body = String)))]
async fn events_of_part(
    service: State<Arc<Service>>,
    caller: Option<Caller>,
    origin: Origin,
    from: Address,
    Path((name, part)): Path<(String, String)>,
    asked: Input<Asked>,
) -> Result<Response, Error> {
    events(
        service,
        caller,
        origin,
        from,
        Path(format!("{name}/{part}")),
        asked,
    )
    .await
}

fn sent(watch: Watch) -> impl Stream<Item = Result<Event, Infallible>> {
    let first = futures::stream::iter([Ok(Event::default().comment("welcome"))]);
    first.chain(futures::stream::unfold(watch, async |mut watch| {
        let event = match watch.next().await {
            Next::Told(Told { event, payload, .. }) => Event::default().event(event).data(payload),
            Next::Beat => Event::default().comment("thump"),
            Next::End => return None,
        };
        Some((Ok(event), watch))
    }))
}

/// The same by WebSocket: several streams on one connection, by `{"type": "subscribe", "stream": …}`.
///
/// The token comes as in other requests, or as `Sec-WebSocket-Protocol`.
#[utoipa::path(get, path = "/api/v1/streaming", tag = "streaming", params(Asked),
    responses((status = 101, description = "Messages `{stream, event, payload}`"), (status = 400, description = "No WebSocket is asked for")))]
async fn socket(
    State(service): State<Arc<Service>>,
    origin: Origin,
    Address(from): Address,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Result<Response, Error> {
    let upgrade = upgrade
        .map_err(|_| Error::Malformed("open a WebSocket here, or read /api/v1/streaming/user".to_owned()))?;
    let (parts, _) = request.into_parts();
    let asked = asked(&parts)?;
    let offered = offered(&parts);
    let token = offered
        .as_deref()
        .and_then(Secret::parse)
        .or_else(|| presented(&parts));
    if token.is_none() && (offered.is_some() || parts.headers.contains_key(header::AUTHORIZATION)) {
        return Err(Error::NoToken);
    }
    let actor = token.as_ref().and_then(Caller::of).map(|caller| caller.0);
    let mut watch = Watch::open(service, origin, actor, from).await?;
    if let Some(name) = asked.stream {
        watch
            .subscribe(Channel::named(&name, asked.tag.as_deref())?)
            .await?;
    }
    // A browser refuses the connection unless the protocol that it offered is answered.
    let upgrade = upgrade.protocols(offered);
    let upgrade = upgrade
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES);
    Ok(upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .on_upgrade(async move |socket| talk(socket, watch).await))
}

/// The protocol that the client offered: in a browser the only place for a token beside the address.
fn offered(parts: &Parts) -> Option<String> {
    let offered = parts.headers.get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    let mut protocols = offered
        .split(',')
        .map(str::trim)
        .filter(|protocol| !protocol.is_empty());
    let first = protocols.clone().next()?;
    Some(
        protocols
            .find(|protocol| Secret::parse(protocol).is_some())
            .unwrap_or(first)
            .to_owned(),
    )
}

fn asked(parts: &Parts) -> Result<Asked, Error> {
    let mut fields = Fields::default();
    fields.add_urlencoded(parts.uri.query().unwrap_or_default().as_bytes())?;
    fields.read().map_err(|error| Error::Invalid(error.to_string()))
}

/// Passes on what is told, and takes subscriptions, until either end is done.
async fn talk(mut socket: WebSocket, mut watch: Watch) {
    let mut heard = Instant::now();
    loop {
        let outgoing = tokio::select! {
            next = watch.next() => match next {
                Next::Told(told) => Message::text(message(&told)),
                Next::Beat if heard.elapsed() > SILENCE_MAX => return,
                Next::Beat => Message::Ping(Vec::new().into()),
                Next::End => break,
            },
            incoming = socket.recv() => {
                heard = Instant::now();
                match incoming {
                    Some(Ok(Message::Text(text))) => match subscribe(&mut watch, &text).await {
                        Ok(()) => continue,
                        Err(error) => Message::text(json!({ "error": error.to_string() }).to_string()),
                    },
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => continue,
                }
            },
        };
        if !send(&mut socket, outgoing).await {
            return;
        }
    }
    let reason = "the session or the machine has ended, or too much was left unread".into();
    send(
        &mut socket,
        Message::Close(Some(CloseFrame {
            code: GOING_AWAY,
            reason,
        })),
    )
    .await;
}

async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(
        tokio::time::timeout(SEND_TIME_MAX, socket.send(message)).await,
        Ok(Ok(()))
    )
}

fn message(told: &Told) -> String {
    json!({ "stream": told.channel.names(), "event": told.event, "payload": &*told.payload }).to_string()
}

#[derive(Debug, Deserialize)]
struct Subscription {
    #[serde(rename = "type")]
    kind: String,
    stream: String,
    tag: Option<String>,
}

async fn subscribe(watch: &mut Watch, text: &str) -> Result<(), Error> {
    watch.count()?;
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
