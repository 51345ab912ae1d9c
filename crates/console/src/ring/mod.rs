//! The ring on the screen, for those who run it: a picture, who is there, what is where, and what may be lost.
//!
//! Each machine of the ring is named by a letter, in the order of the ring, where there are letters enough; the tables
//! say whose letter it is.
//!
//! **Invariant:** nothing of it is wider than the screen; what does not fit is left out, the less important first.
//! **Invariant:** where the locale is not UTF-8 the drawing uses ASCII alone.

mod circle;
mod event;
mod glyph;
mod names;
mod note;
mod screen;
mod table;

pub use event::{event, event_line, path, progress};
pub use glyph::Glyphs;
pub use screen::Screen;

use crate::look::Look;
use crate::page::{Page, Style};
use crate::plain;
use crate::words::Language;
use names::Names;
use table::{Cell, Column, Table};
use tertulia_types::Role;
use tertulia_types::ring::{CopyKind, CopyStatus, MachineState, MachineStatus, RangeStatus, RingStatus};

/// Between the picture and what stands beside it.
const GAP: usize = 4;
/// So little room beside the picture is none.
const BESIDE_COLUMNS_MIN: usize = 30;
/// A ring of so many slots.
const SLOTS: f64 = 65_536.0;

/// The ring as it is.
#[must_use]
pub fn status(look: &Look, glyphs: Glyphs, status: &RingStatus) -> Page {
    let mut page = look.page();
    let names = Names::of(status);
    head(look, glyphs, &mut page, status, &names);
    page.gap();
    machines(look, glyphs, status, &names).print(look, &mut page);
    gone(look, &mut page, status, &names);
    page.gap();
    ranges(look, glyphs, status, &names).print(look, &mut page);
    legend(look, glyphs, &mut page, status);
    let notes: Vec<_> = note::notes(look, status, &names);
    if !notes.is_empty() {
        page.gap();
    }
    for (style, text) in notes {
        page.text(style, 0, &text);
    }
    page
}

/// The picture, and the sum of it all beside or below it.
fn head(look: &Look, glyphs: Glyphs, page: &mut Page, status: &RingStatus, names: &Names) {
    let picture = circle::draw(glyphs, status, names);
    let room = look.columns.saturating_sub(circle::COLUMNS + GAP);
    if picture.is_empty() || room < BESIDE_COLUMNS_MIN {
        for (style, text) in sum(look, status, names) {
            page.text(style, 0, &text);
        }
        return;
    }
    let beside: Vec<(Style, String)> = sum(look, status, names)
        .into_iter()
        .flat_map(|(style, text)| {
            let lines = plain::wrap(&plain::line(&text), room);
            lines.into_iter().map(move |line| (style, line))
        })
        .collect();
    // In the middle of the picture's height; what is longer than the picture goes on below it.
    let above = picture.len().saturating_sub(beside.len()) / 2;
    for row in 0..picture.len().max(beside.len()) {
        let drawn = picture.get(row).map(Vec::as_slice).unwrap_or_default();
        let wide: usize = drawn.iter().map(|(_, text)| plain::width(text)).sum();
        let margin = " ".repeat((circle::COLUMNS + GAP).saturating_sub(wide));
        let said = row.checked_sub(above).and_then(|at| beside.get(at));
        let said = said.map(|(style, text)| (*style, text.as_str()));
        let pieces: Vec<_> = drawn
            .iter()
            .map(|(style, text)| (*style, text.as_str()))
            .chain([(Style::Plain, margin.as_str())])
            .chain(said)
            .collect();
        page.pieces(0, &pieces);
    }
}

/// What matters first.
fn sum(look: &Look, status: &RingStatus, names: &Names) -> Vec<(Style, String)> {
    let words = &look.words;
    let members = status.machines.iter().filter(|machine| machine.state.is_member());
    let (storing, gateways): (Vec<_>, Vec<_>) = members.partition(|machine| machine.role.stores());
    let mut sum = vec![
        (Style::Strong, plain::line(&status.ring.name)),
        (
            Style::Plain,
            words.with("ring-storing", &[("n", storing.len().into())]),
        ),
    ];
    if !gateways.is_empty() {
        sum.push((
            Style::Plain,
            words.with("ring-gateways", &[("n", gateways.len().into())]),
        ));
    }
    let replicas = [("n", status.ring.replicas.into())];
    sum.push((Style::Dim, words.with("ring-replicas", &replicas)));
    let tolerates = words.with("ring-tolerates", &[("n", status.tolerates.into())]);
    // A ring that is too small to bear a loss is no failure; the notes say what helps.
    let is_small = storing.len() < 3;
    sum.push(match (status.tolerates, is_small) {
        (0, false) => (Style::Bad, tolerates),
        (0, true) => (Style::Plain, tolerates),
        (_, _) => (Style::Good, tolerates),
    });
    if let Some(this) = status.machines.iter().find(|machine| machine.is_this) {
        let this = names.of_machine(this.id);
        sum.push((Style::Dim, words.with("ring-asked", &[("machine", this.into())])));
    }
    if status.is_partial {
        sum.push((Style::Bad, words.say("ring-partial")));
    }
    sum
}

fn machines<'a>(look: &'a Look, glyphs: Glyphs, status: &'a RingStatus, names: &'a Names) -> Table {
    let say = |key: &str| look.words.say(key);
    let mut table = Table::new(vec![
        Column::needed(String::new()),
        Column::needed(say("ring-head-machine")),
        Column::optional(say("ring-head-role"), 4),
        Column::needed(say("ring-head-state")),
        Column::optional(say("ring-head-position"), 2),
        Column::optional(say("ring-head-leads"), 3).right(),
        Column::optional(say("ring-head-copies"), 5).right(),
        Column::optional(say("ring-head-address"), 1).shrinks(),
    ]);
    for machine in status.machines.iter().filter(|machine| machine.state.is_member()) {
        let here = if machine.is_this { glyphs.here } else { " " };
        let letter = names.letter(machine.id).map(String::from).unwrap_or_default();
        let leads = status
            .ranges
            .iter()
            .filter(|range| range.leader == Some(machine.id));
        let holds = |range: &&RangeStatus| range.copies.iter().any(|copy| copy.machine == machine.id);
        let copies = status.ranges.iter().filter(holds);
        let count = |count: usize| {
            let text = if machine.role.stores() {
                count.to_string()
            } else {
                String::new()
            };
            Cell::new(Style::Plain, text)
        };
        let position = machine.position.map(|at| format!("{:04x}", at.slot().0));
        table.row(vec![
            Cell::new(Style::Key, format!("{here}{letter}")),
            Cell::new(Style::Key, names.short(machine.id)),
            Cell::new(Style::Plain, say(role_key(machine.role))),
            Cell::new(state_style(machine.state), state(look, machine)),
            Cell::new(Style::Dim, position.unwrap_or_default()),
            count(leads.count()),
            count(copies.count()),
            Cell::new(Style::Dim, machine.peers.first().cloned().unwrap_or_default()),
        ]);
    }
    table
}

fn role_key(role: Role) -> &'static str {
    match role {
        Role::Node => "ring-role-node",
        Role::Replica => "ring-role-replica",
        Role::Gateway => "ring-role-gateway",
    }
}

fn state_style(state: MachineState) -> Style {
    match state {
        MachineState::Alive => Style::Good,
        MachineState::Suspect | MachineState::Dead => Style::Bad,
        MachineState::Leaving => Style::Plain,
        MachineState::Left | MachineState::Removed => Style::Dim,
    }
}

/// "alive", "suspect, 12 s".
fn state(look: &Look, machine: &MachineStatus) -> String {
    let key = match machine.state {
        MachineState::Alive => "ring-state-alive",
        MachineState::Suspect => "ring-state-suspect",
        MachineState::Dead => "ring-state-dead",
        MachineState::Leaving => "ring-state-leaving",
        MachineState::Left => "ring-state-left",
        MachineState::Removed => "ring-state-removed",
    };
    let word = look.words.say(key);
    match machine.silent_for_ms {
        Some(ms) if !machine.state.is_up() => format!("{word}, {}", duration(look, ms)),
        Some(_) | None => word,
    }
}

/// How long: "12 s", "3 min", "2 h", "4 d".
#[must_use]
pub fn duration(look: &Look, ms: u64) -> String {
    let seconds = ms / 1_000;
    let (key, n) = match seconds {
        0..60 => ("ring-seconds", seconds),
        60..3_600 => ("age-minutes", seconds / 60),
        3_600..86_400 => ("age-hours", seconds / 3_600),
        86_400.. => ("age-days", seconds / 86_400),
    };
    look.words.with(key, &[("n", n.into())])
}

/// Machines that were there once.
fn gone(look: &Look, page: &mut Page, status: &RingStatus, names: &Names) {
    for (state, key) in [
        (MachineState::Left, "ring-gone-left"),
        (MachineState::Removed, "ring-gone-removed"),
    ] {
        let gone = status.machines.iter().filter(|machine| machine.state == state);
        let ids: Vec<_> = gone.map(|machine| names.short(machine.id)).collect();
        if !ids.is_empty() {
            let text = look.words.with(key, &[("machines", ids.join(" ").into())]);
            page.text(Style::Dim, 0, &text);
        }
    }
}

fn ranges<'a>(look: &'a Look, glyphs: Glyphs, status: &'a RingStatus, names: &'a Names) -> Table {
    let say = |key: &str| look.words.say(key);
    let mut table = Table::new(vec![
        Column::needed(say("ring-head-range")),
        Column::optional(say("ring-head-share"), 5).right(),
        Column::optional(say("ring-head-size"), 2).right(),
        Column::optional(say("ring-head-end"), 3),
        Column::optional(say("ring-head-leader"), 4),
        Column::needed(say("ring-head-held")).wraps(),
    ]);
    for range in &status.ranges {
        let end = match range.end {
            Some(machine) => Cell::new(Style::Plain, names.of_machine(machine)),
            None => Cell::new(Style::Bad, glyphs.none.to_owned()),
        };
        let leader = match range.leader {
            Some(machine) => Cell::new(Style::Strong, names.of_machine(machine)),
            None => Cell::new(Style::Bad, glyphs.none.to_owned()),
        };
        // Voters first, as they come; among themselves in the order of the ring.
        let mut copies: Vec<_> = range.copies.iter().collect();
        copies.sort_by_key(|copy| (copy.kind, names.place(copy.machine).unwrap_or(usize::MAX)));
        let copies = copies.into_iter().map(|copy| held(glyphs, status, names, copy));
        table.row(vec![
            Cell::new(Style::Plain, range.range.to_string()),
            Cell::new(Style::Plain, share(look, range)),
            Cell::new(
                Style::Dim,
                range.bytes.map(|bytes| size(look, bytes)).unwrap_or_default(),
            ),
            end,
            leader,
            Cell::of(copies.collect()),
        ]);
    }
    table
}

/// "33.3 %" of the ring.
fn share(look: &Look, range: &RangeStatus) -> String {
    let (start, end) = (range.range.start().slot().0, range.range.end().slot().0);
    let slots = match end.wrapping_sub(start) {
        0 => SLOTS,
        slots => f64::from(slots),
    };
    format!("{} %", decimal(look, slots * 100.0 / SLOTS))
}

/// "512 kB", "1.2 MB".
fn size(look: &Look, bytes: u64) -> String {
    let mut amount = bytes as f64 / 1_000.0;
    for unit in ["kB", "MB", "GB"] {
        if amount < 999.5 {
            return if amount < 9.95 {
                format!("{} {unit}", decimal(look, amount))
            } else {
                format!("{amount:.0} {unit}")
            };
        }
        amount /= 1_000.0;
    }
    format!("{} TB", decimal(look, amount))
}

fn decimal(look: &Look, number: f64) -> String {
    let written = format!("{number:.1}");
    match look.words.language() {
        Language::English => written,
        Language::Spanish => written.replace('.', ","),
    }
}

/// One copy: "A" votes, "(B −120)" learns and is 120 entries behind; marks say what else there is to it.
fn held(glyphs: Glyphs, status: &RingStatus, names: &Names, copy: &CopyStatus) -> (Style, String) {
    let name = names.of_machine(copy.machine);
    let state = status.machine(copy.machine).map(|machine| machine.state);
    let is_up = state.is_some_and(MachineState::is_up);
    let mark = if is_up { "" } else { glyphs.silent };
    let anew = if copy.is_stranger { glyphs.anew } else { "" };
    let behind = match copy.lag_entries {
        Some(lag) if lag > 0 => format!(" {}{lag}", glyphs.minus),
        Some(_) | None => String::new(),
    };
    match copy.kind {
        CopyKind::Voter => {
            let counts = is_up && !copy.is_stranger;
            let style = if counts { Style::Plain } else { Style::Bad };
            (style, format!("{name}{mark}{anew}{behind}"))
        }
        CopyKind::Learner => (Style::Dim, format!("({name}{mark}{anew}{behind})")),
    }
}

/// What the marks mean that occur.
fn legend(look: &Look, glyphs: Glyphs, page: &mut Page, status: &RingStatus) {
    let copies = || status.ranges.iter().flat_map(|range| &range.copies);
    let is_silent = |copy: &CopyStatus| {
        let state = status.machine(copy.machine).map(|machine| machine.state);
        !state.is_some_and(MachineState::is_up)
    };
    let marks = [
        (
            copies().any(|copy| copy.kind == CopyKind::Learner),
            "ring-legend-learner",
            "",
        ),
        (
            copies().any(|copy| copy.lag_entries > Some(0)),
            "ring-legend-lag",
            glyphs.minus,
        ),
        (copies().any(is_silent), "ring-legend-silent", glyphs.silent),
        (
            copies().any(|copy| copy.is_stranger),
            "ring-legend-anew",
            glyphs.anew,
        ),
        (
            status.ranges.iter().any(|range| range.end.is_none()),
            "ring-legend-orphan",
            glyphs.none,
        ),
    ];
    let said: Vec<_> = marks
        .into_iter()
        .filter(|(occurs, _, _)| *occurs)
        .map(|(_, key, mark)| look.words.with(key, &[("mark", mark.into())]))
        .collect();
    if !said.is_empty() {
        page.text(Style::Dim, 0, &said.join("; "));
    }
}
