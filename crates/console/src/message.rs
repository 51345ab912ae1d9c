//! How private messages look on the screen.

use crate::look::Look;
use crate::page::{Page, Style};
use crate::plain;
use tertulia_client::message::alarm::{Alarm, Kind};
use tertulia_client::message::{Chat, Message, Progress, Sent};

/// How far the text of a message stands from the left.
const INDENT: usize = 3;

/// What stands above messages: what the person must hear of, and that no machine answered.
pub(crate) fn head(look: &Look, page: &mut Page, alarms: &[Alarm], offline: bool) {
    self::alarms(look, page, alarms);
    if offline {
        page.text(Style::Bad, 0, &look.words.say("messages-offline"));
    }
}

/// What the person must hear of, loudly.
pub(crate) fn alarms(look: &Look, page: &mut Page, alarms: &[Alarm]) {
    for Alarm { kind, nick, .. } in alarms {
        let key = match kind {
            Kind::NewIdentity => "alarm-new-identity",
            Kind::OtherThanVerified => "alarm-other-than-verified",
            Kind::OlderDisk => "alarm-older-disk",
            Kind::OtherHistory => "alarm-other-history",
            Kind::Unopened => "alarm-unopened",
        };
        let nick = nick.as_deref().unwrap_or("?");
        page.text(Style::Bad, 0, &look.words.with(key, &[("nick", nick.into())]));
    }
}

/// What became of a message.
pub(crate) fn sent(look: &Look, page: &mut Page, sent: &Sent) {
    let (style, key) = match sent.progress {
        Progress::Waiting => (Style::Bad, "sent-waiting"),
        Progress::AtHome => (Style::Good, "sent-at-home"),
        Progress::Delivered | Progress::Read => (Style::Good, "sent-delivered"),
        Progress::Refused => (Style::Bad, "sent-refused"),
    };
    let said = look.words.with(key, &[("nick", sent.nick.as_str().into())]);
    page.text(style, 0, &said);
}

/// All conversations.
pub(crate) fn chats(look: &Look, page: &mut Page, chats: &[Chat]) {
    if chats.is_empty() {
        page.text(Style::Dim, 0, &look.words.say("chats-empty"));
    }
    for Chat {
        nick,
        name,
        unread,
        last,
    } in chats
    {
        let nick = nick.as_deref().unwrap_or("?");
        let name = name.as_deref().filter(|name| *name != nick && !name.is_empty());
        let who = name.map_or_else(|| format!("@{nick}"), |name| format!("{name} @{nick}"));
        let unread = match unread {
            0 => String::new(),
            count => look.words.with("chats-unread", &[("n", (*count).into())]),
        };
        let age = last
            .as_ref()
            .map(|last| format!(" · {}", look.age(last.sent_at)))
            .unwrap_or_default();
        let unread = if unread.is_empty() {
            unread
        } else {
            format!(" · {unread}")
        };
        page.pieces(
            0,
            &[(Style::Strong, &who), (Style::Good, &unread), (Style::Dim, &age)],
        );
        if let Some(last) = last {
            page.text(Style::Plain, INDENT, &plain::line(&last.text));
        }
    }
}

/// The messages with somebody.
pub(crate) fn messages(look: &Look, page: &mut Page, nick: &str, messages: &[Message]) {
    if messages.is_empty() {
        page.text(
            Style::Dim,
            0,
            &look.words.with("messages-empty", &[("nick", nick.into())]),
        );
    }
    for message in messages {
        let who = match &message.sender {
            _ if message.is_own => look.words.say("messages-you"),
            Some(nick) => format!("@{nick}"),
            None => "?".to_owned(),
        };
        let progress = message.progress.map(|progress| match progress {
            Progress::Waiting => "progress-waiting",
            Progress::AtHome => "progress-at-home",
            Progress::Delivered => "progress-delivered",
            Progress::Read => "progress-read",
            Progress::Refused => "progress-refused",
        });
        let progress = progress
            .map(|key| format!(" · {}", look.words.say(key)))
            .unwrap_or_default();
        let age = format!(" · {}", look.age(message.sent_at));
        let style = if message.is_read {
            Style::Plain
        } else {
            Style::Strong
        };
        page.pieces(
            0,
            &[(Style::Key, &who), (Style::Dim, &age), (Style::Dim, &progress)],
        );
        page.text(style, INDENT, &message.text);
    }
}
