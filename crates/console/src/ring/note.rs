//! What an operator ought to know, in words.

use super::names::Names;
use super::{duration, size};
use crate::look::Look;
use crate::page::Style;
use std::collections::BTreeMap;
use tertulia_types::ring::{Note, NoteKind, RingStatus};

/// So many groups or machines are named; of more only the number is told.
const NAMED_MAX: usize = 4;

/// The notes, those of one kind together.
pub(super) fn notes(look: &Look, status: &RingStatus, names: &Names) -> Vec<(Style, String)> {
    let mut by_kind: BTreeMap<NoteKind, Vec<&Note>> = BTreeMap::new();
    for note in &status.notes {
        by_kind.entry(note.kind).or_default().push(note);
    }
    by_kind
        .into_iter()
        .map(|(kind, notes)| {
            let style = if kind.is_bad() { Style::Bad } else { Style::Plain };
            (style, words(look, status, names, kind, &notes))
        })
        .collect()
}

fn words(look: &Look, status: &RingStatus, names: &Names, kind: NoteKind, notes: &[&Note]) -> String {
    let which = |note: &&Note| match (note.machine, note.group) {
        (Some(machine), _) => named(look, names, note, machine),
        (None, Some(group)) => {
            let range = status.ranges.iter().find(|range| range.group == group);
            range.map_or_else(|| group.to_string(), |range| range.range.to_string())
        }
        (None, None) => String::new(),
    };
    let mut which: Vec<String> = notes.iter().take(NAMED_MAX).map(which).collect();
    if let more @ 1.. = notes.len().saturating_sub(NAMED_MAX) {
        which.push(look.words.with("ring-more", &[("n", more.into())]));
    }
    let n = notes.first().and_then(|note| note.n).unwrap_or_default();
    let values = [
        ("which", which.join(", ").into()),
        ("count", notes.len().into()),
        ("n", n.into()),
    ];
    look.words.with(key(kind), &values)
}

/// A machine, with the number that belongs to it.
fn named(look: &Look, names: &Names, note: &Note, machine: tertulia_types::MachineId) -> String {
    let name = names.full(machine);
    match (note.kind, note.n) {
        (NoteKind::ClockOff, Some(ms)) => {
            let key = if ms > 0 { "ring-ahead" } else { "ring-behind" };
            let by = [("time", duration(look, ms.unsigned_abs()).into())];
            format!("{name}, {}", look.words.with(key, &by))
        }
        (NoteKind::LowDisk, Some(bytes)) => {
            let by = [("size", size(look, bytes.unsigned_abs()).into())];
            format!("{name}, {}", look.words.with("ring-free", &by))
        }
        (_, _) => name,
    }
}

fn key(kind: NoteKind) -> &'static str {
    match kind {
        NoteKind::NoMajority => "ring-note-no-majority",
        NoteKind::NoLeader => "ring-note-no-leader",
        NoteKind::Weak => "ring-note-weak",
        NoteKind::SickCopies => "ring-note-sick-copies",
        NoteKind::Suspect => "ring-note-suspect",
        NoteKind::Dead => "ring-note-dead",
        NoteKind::LowDisk => "ring-note-low-disk",
        NoteKind::ClockOff => "ring-note-clock-off",
        NoteKind::Leaving => "ring-note-leaving",
        NoteKind::FewCopies => "ring-note-few-copies",
        NoteKind::OrphanedEnd => "ring-note-orphaned-end",
        NoteKind::VersionsDiffer => "ring-note-versions-differ",
        NoteKind::OneMachine => "ring-note-one-machine",
        NoteKind::TwoMachines => "ring-note-two-machines",
        NoteKind::MoreMachines => "ring-note-more-machines",
    }
}
