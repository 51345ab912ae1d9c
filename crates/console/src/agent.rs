//! What goes on until it is stopped: receiving and sending in the background, and a conversation on the screen.

use crate::look::Look;
use crate::message;
use crate::page::Style;
use crate::plain;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::cell::Cell;
use std::io::Write;
use std::time::Duration;
use tertulia_client::failure::Misuse;
use tertulia_client::message::{Direct, Message};
use tertulia_client::{Client, Failure};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

/// How often it is looked at what is kept on this computer.
const LOOK_HERE: Duration = Duration::from_secs(1);
/// Messages that are looked at for new ones, when some have come.
const NEW_MAX: usize = 200;

/// Receives and sends for the person who is logged in.
pub(crate) async fn run(client: &Client, look: &Look, direct: Option<Direct>) -> Result<(), Failure> {
    let Some(_agency) = client.agency()? else {
        return Err(Misuse::OtherAgent.into());
    };
    let nick = client.nick().ok_or(Misuse::NotLoggedIn)?;
    say(
        look,
        Style::Good,
        &look.words.with("agent-begins", &[("nick", nick.into())]),
    );
    match direct {
        Some(_) => say(look, Style::Dim, &look.words.say("agent-direct")),
        None => client.close_door().await?,
    }
    let was_connected = Cell::new(true);
    client
        .attend(direct, stopped(), |looked| {
            if was_connected.replace(looked.is_connected) != looked.is_connected {
                let key = match looked.is_connected {
                    true => "agent-connected",
                    false => "agent-disconnected",
                };
                say(look, Style::Dim, &look.words.say(key));
            }
        })
        .await
}

/// Tells the agent of the person who is logged in to end; says whether there was one.
pub(crate) fn stop(client: &Client) -> Result<bool, Failure> {
    let process = client.agent()?.and_then(|number| i32::try_from(number).ok());
    Ok(process.is_some_and(|number| kill(Pid::from_raw(number), Signal::SIGTERM).is_ok()))
}

/// Shows the messages with somebody, or of a room, and those that come, until it is stopped.
pub(crate) async fn follow(
    client: &Client,
    look: &Look,
    json: bool,
    with: &str,
    limit: usize,
) -> Result<(), Failure> {
    let messenger = client.messenger().await?;
    let offline = messenger.is_offline_after_delivery().await?;
    let mut last = None;
    let mut limit = limit;
    let news = Notify::new();
    let showing = async {
        let mut offline = offline;
        loop {
            let messages = messenger.read(with, limit).await?;
            let place = messages.iter().rposition(|message| Some(message.id) == last);
            let new = &messages[place.map_or(0, |place| place + 1)..];
            if last.is_none() || !new.is_empty() {
                show(look, json, with, new, &mut offline);
            }
            last = messages.last().map(|message| message.id).or(last);
            limit = NEW_MAX;
            if !new.is_empty() {
                // Their senders learn that they were read; if not now, then with the next delivery.
                let _ = messenger.push().await;
            }
            // An agent of its own process may be faster: then it has kept them here.
            let _ = tokio::time::timeout(LOOK_HERE, news.notified()).await;
        }
    };
    let attending = client.attend(None, stopped(), |looked| {
        if looked.texts > 0 {
            news.notify_one();
        }
    });
    tokio::select! {
        failed = showing => failed,
        ended = attending => ended,
    }
}

fn show(look: &Look, json: bool, with: &str, new: &[Message], offline: &mut bool) {
    let text = if json {
        new.iter()
            .map(|message| plain::json_line(&json!(message)))
            .collect()
    } else {
        let mut page = look.page();
        message::head(look, &mut page, &[], std::mem::take(offline));
        message::messages(look, &mut page, with, new);
        page.print(look.paint)
    };
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    // A reader that has gone away ends this at the next signal.
    let _ = written.and_then(|()| std::io::stdout().flush());
}

fn say(look: &Look, style: Style, text: &str) {
    let mut page = look.page();
    page.text(style, 0, text);
    let _ = std::io::stdout()
        .lock()
        .write_all(page.print(look.paint).as_bytes());
}

/// Comes back when the process is told to end.
async fn stopped() {
    match signal(SignalKind::terminate()) {
        Ok(mut told) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = told.recv() => {}
        },
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
