//! How private messages look on the screen.

use crate::look::Look;
use crate::page::{Page, Style};
use crate::plain;
use tertulia_client::message::alarm::{Alarm, Kind};
use tertulia_client::message::requests::Request;
use tertulia_client::message::{Chat, Contact, Event, Found, Member, Message, Progress, Room, Sent};

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
            Kind::OlderRing => "alarm-older-ring",
            Kind::OtherHistory => "alarm-other-history",
            Kind::Unopened => "alarm-unopened",
            Kind::UnfitPackage => "alarm-unfit-package",
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
        Progress::Expired => (Style::Bad, "sent-expired"),
    };
    let to = match (&sent.nick, &sent.room) {
        (_, Some(room)) => room.clone(),
        (nick, None) => at(nick.as_deref()),
    };
    page.text(style, 0, &look.words.with(key, &[("to", to.into())]));
}

fn at(nick: Option<&str>) -> String {
    nick.map_or_else(|| "?".to_owned(), |nick| format!("@{nick}"))
}

/// With whom a conversation is, as it was typed: a room, or a nick.
pub(crate) fn named(typed: &str) -> String {
    let typed = typed.trim();
    match typed.starts_with(['+', '@']) {
        true => typed.to_owned(),
        false => format!("@{typed}"),
    }
}

/// A room with its people.
pub(crate) fn room(look: &Look, page: &mut Page, room: &Room) {
    let Room {
        room,
        name,
        people,
        is_left,
    } = room;
    page.pieces(0, &[(Style::Strong, name), (Style::Dim, &format!(" · {room}"))]);
    if *is_left {
        page.text(Style::Dim, INDENT, &look.words.say("room-left"));
        return;
    }
    for Member { nick, is_own, wish } in people {
        let who = match is_own {
            true => look.words.say("messages-you"),
            false => at(nick.as_deref()),
        };
        let wish = match wish {
            Some(true) => format!(" · {}", look.words.say("room-to-come")),
            Some(false) => format!(" · {}", look.words.say("room-to-go")),
            None => String::new(),
        };
        page.pieces(INDENT, &[(Style::Key, &who), (Style::Dim, &wish)]);
    }
}

/// What happened in a room.
fn event(look: &Look, message: &Message, event: Event) -> String {
    let who = match message.is_own {
        true => look.words.say("messages-you"),
        false => at(message.sender.as_deref()),
    };
    let subject = match message.is_subject {
        true => look.words.say("messages-you-whom"),
        false => at(message.subject.as_deref()),
    };
    let key = match (event, message.is_own) {
        (Event::Began, true) => "event-began-you",
        (Event::Began, false) => "event-began",
        (Event::Added, true) => "event-added-you",
        (Event::Added, false) => "event-added",
        (Event::Removed, true) if message.is_subject => "event-out",
        (Event::Removed, true) => "event-removed-you",
        (Event::Removed, false) => "event-removed",
        (Event::Left, true) => "event-left-you",
        (Event::Left, false) => "event-left",
        (Event::Renamed, true) => "event-renamed-you",
        (Event::Renamed, false) => "event-renamed",
    };
    let name = plain::line(&message.text);
    look.words.with(
        key,
        &[
            ("who", who.into()),
            ("subject", subject.into()),
            ("name", name.into()),
        ],
    )
}

/// How many strangers ask for a conversation, if any do.
pub(crate) fn asked(look: &Look, page: &mut Page, requests: usize) {
    if requests > 0 {
        let text = look.next_with("chats-requests", &[("n", requests.into())]);
        page.text(Style::Good, 0, &text);
    }
}

/// What strangers ask for.
pub(crate) fn requests(look: &Look, page: &mut Page, requests: &[Request]) {
    if requests.is_empty() {
        page.text(Style::Dim, 0, &look.words.say("requests-empty"));
    }
    for Request {
        nick,
        room,
        texts,
        last,
    } in requests
    {
        let (who, count) = (at(nick.as_deref()), *texts);
        let place = match room {
            Some(room) => format!(
                " · {}",
                look.words.with("request-room", &[("room", room.clone().into())])
            ),
            None => String::new(),
        };
        let texts = format!(" · {}", look.words.with("request-texts", &[("n", count.into())]));
        page.pieces(
            0,
            &[
                (Style::Strong, &who),
                (Style::Plain, &place),
                (Style::Dim, &texts),
            ],
        );
        if let Some(last) = last {
            page.text(Style::Plain, INDENT, &plain::line(&last.text));
        }
    }
    if !requests.is_empty() {
        page.text(Style::Dim, 0, &look.next("requests-next"));
    }
}

/// All conversations.
pub(crate) fn chats(look: &Look, page: &mut Page, chats: &[Chat]) {
    if chats.is_empty() {
        page.text(Style::Dim, 0, &look.words.say("chats-empty"));
    }
    for Chat {
        nick,
        room,
        name,
        is_left,
        unread,
        last,
    } in chats
    {
        let with = room.clone().unwrap_or_else(|| at(nick.as_deref()));
        let name = name
            .as_deref()
            .filter(|name| *name != &with[1..] && !name.is_empty());
        let who = name.map_or_else(|| with.clone(), |name| format!("{name} {with}"));
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
        let left = match is_left {
            true => format!(" · {}", look.words.say("room-left")),
            false => String::new(),
        };
        page.pieces(
            0,
            &[
                (Style::Strong, &who),
                (Style::Good, &unread),
                (Style::Dim, &left),
                (Style::Dim, &age),
            ],
        );
        if let Some(last) = last {
            match last.event {
                Some(event) => page.text(Style::Dim, INDENT, &self::event(look, last, event)),
                None => page.text(Style::Plain, INDENT, &plain::line(&last.text)),
            }
        }
    }
}

/// The contacts.
pub(crate) fn contacts(look: &Look, page: &mut Page, contacts: &[Contact]) {
    if contacts.is_empty() {
        page.text(Style::Dim, 0, &look.words.say("contacts-empty"));
    }
    for Contact {
        nick,
        name,
        is_verified,
    } in contacts
    {
        let verified = match is_verified {
            true => format!(" · {}", look.words.say("contacts-verified")),
            false => String::new(),
        };
        let name = name
            .as_deref()
            .map_or_else(String::new, |name| format!("{} ", plain::line(name)));
        page.pieces(
            0,
            &[
                (Style::Strong, &name),
                (Style::Key, &at(nick.as_deref())),
                (Style::Good, &verified),
            ],
        );
    }
}

/// Messages that were found, each with where it was said.
pub(crate) fn found(look: &Look, page: &mut Page, found: &[Found]) {
    if found.is_empty() {
        page.text(Style::Dim, 0, &look.words.say("found-no-message"));
    }
    for Found { nick, room, message } in found {
        let with = room.clone().unwrap_or_else(|| at(nick.as_deref()));
        let who = match message.is_own {
            true => look.words.say("messages-you"),
            false => at(message.sender.as_deref()),
        };
        let age = format!(" · {}", look.age(message.sent_at));
        let place = match who == with {
            true => String::new(),
            false => format!(" · {with}"),
        };
        page.pieces(0, &[(Style::Key, &who), (Style::Dim, &place), (Style::Dim, &age)]);
        page.text(Style::Plain, INDENT, &message.text);
    }
}

/// The messages with somebody, or of a room.
pub(crate) fn messages(look: &Look, page: &mut Page, with: &str, messages: &[Message]) {
    if messages.is_empty() {
        let empty = look.words.with("messages-empty", &[("with", named(with).into())]);
        page.text(Style::Dim, 0, &empty);
    }
    for message in messages {
        if let Some(event) = message.event {
            let said = self::event(look, message, event);
            let age = format!(" · {}", look.age(message.sent_at));
            page.pieces(0, &[(Style::Dim, &said), (Style::Dim, &age)]);
            continue;
        }
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
            Progress::Expired => "progress-expired",
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
