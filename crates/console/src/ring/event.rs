//! What happens on the ring, the way to a home, and how far a leaving is, in words.

use super::duration;
use super::glyph::Glyphs;
use crate::look::Look;
use crate::page::{Page, Style};
use crate::plain;
use crate::words::Value;
use tertulia_types::MachineId;
use tertulia_types::entity::Timestamp;
use tertulia_types::ring::{EventKind, Hindrance, HopKind, LeaveProgress, LookupPath, RingEvent};

/// What happened, without the time.
#[must_use]
pub fn event(look: &Look, event: &RingEvent) -> String {
    let key = match event.kind {
        EventKind::Joined => "ring-event-joined",
        EventKind::Leaving => "ring-event-leaving",
        EventKind::Left => "ring-event-left",
        EventKind::Suspect => "ring-event-suspect",
        EventKind::Returned => "ring-event-returned",
        EventKind::Dead => "ring-event-dead",
        EventKind::Removed => "ring-event-removed",
        EventKind::Split => "ring-event-split",
        EventKind::Adopted => "ring-event-adopted",
        EventKind::Moved => "ring-event-moved",
        EventKind::Leader => "ring-event-leader",
        EventKind::Recovered => "ring-event-recovered",
    };
    let machine = event.machine.map_or_else(|| "?".to_owned(), short);
    let group = event
        .group
        .map_or_else(|| "?".to_owned(), |group| group.to_string());
    let values = [("machine", machine.into()), ("group", group.into())];
    look.words.with(key, &values)
}

/// What happened and when, in one line however long, for a log.
#[must_use]
pub fn event_line(look: &Look, happened: &RingEvent) -> String {
    plain::line(&format!("{} {}", at(happened), event(look, happened)))
}

/// When it happened.
pub(super) fn at(event: &RingEvent) -> Timestamp {
    Timestamp::from_unix_ms(i64::try_from(event.time_ms).unwrap_or(i64::MAX))
}

/// The way to a home.
#[must_use]
pub fn path(look: &Look, glyphs: Glyphs, path: &LookupPath) -> Page {
    let mut page = look.page();
    let position = path.position.to_string();
    let head: [(&str, Value<'_>); 2] = [
        ("nick", path.nick.as_str().into()),
        ("position", position.as_str().into()),
    ];
    page.text(Style::Strong, 0, &look.words.with("ring-path-head", &head));
    for (at, hop) in path.hops.iter().enumerate() {
        let key = match hop.kind {
            HopKind::Start => "ring-hop-start",
            HopKind::Known => "ring-hop-known",
            HopKind::Finger => "ring-hop-finger",
            HopKind::Successor => "ring-hop-successor",
            HopKind::Host => "ring-hop-host",
        };
        let arrow = if at == 0 {
            String::new()
        } else {
            format!("{} ", glyphs.arrow)
        };
        let (machine, how) = (hop.machine.to_string(), look.words.say(key));
        let pieces = [
            (Style::Dim, arrow.as_str()),
            (Style::Key, machine.as_str()),
            (Style::Dim, "  "),
            (Style::Dim, how.as_str()),
        ];
        page.pieces(2 * at.min(8), &pieces);
    }
    let home = [
        ("group", path.group.to_string().into()),
        ("range", path.range.to_string().into()),
    ];
    page.text(Style::Plain, 0, &look.words.with("ring-path-home", &home));
    match path.leader {
        Some(leader) => {
            let leader = [("machine", leader.to_string().into())];
            page.text(Style::Good, 0, &look.words.with("ring-path-leader", &leader));
        }
        None => page.text(Style::Bad, 0, &look.words.say("ring-path-no-leader")),
    }
    page
}

/// How far a leaving is.
#[must_use]
pub fn progress(look: &Look, progress: &LeaveProgress) -> String {
    let copies = [
        ("n", progress.copies_left.into()),
        ("all", progress.copies.into()),
    ];
    let said = look.words.with("leave-progress", &copies);
    let why = match progress.hindrance {
        None => return said,
        Some(Hindrance::CatchingUp { group }) => look
            .words
            .with("leave-catching-up", &[("group", group.to_string().into())]),
        Some(Hindrance::NoLeader { group }) => look
            .words
            .with("leave-no-leader", &[("group", group.to_string().into())]),
        Some(Hindrance::Silent { machine }) => look
            .words
            .with("leave-silent", &[("machine", machine.to_string().into())]),
    };
    format!("{said} {why}")
}

/// "2 min ago" and the like, for the screen.
pub(super) fn age(look: &Look, event: &RingEvent) -> String {
    let ms = (look.now)().unix_ms.saturating_sub(at(event).unix_ms);
    duration(look, u64::try_from(ms).unwrap_or_default())
}

fn short(machine: MachineId) -> String {
    machine.to_string().chars().take(8).collect()
}
