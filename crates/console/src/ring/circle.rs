//! The ring as a circle of letters: position 0 is at the top, positions grow clockwise.

use super::glyph::Glyphs;
use super::names::Names;
use crate::page::Style;
use std::f64::consts::TAU;
use tertulia_types::MachineId;
use tertulia_types::ring::{MachineState, RingStatus};

/// The width of the picture.
pub(super) const COLUMNS: usize = 22;
const ROWS: usize = 9;
/// Finer than the picture: so no place of the circle is missed.
const STEPS: u32 = 720;
/// Two letters in each third place at most; more would be no circle but a heap.
const MACHINES_MAX: usize = 16;

/// The picture, line by line; empty where there is nothing to draw, or too much.
pub(super) fn draw(glyphs: Glyphs, status: &RingStatus, names: &Names) -> Vec<Vec<(Style, String)>> {
    let standing: Vec<_> = status
        .machines
        .iter()
        .filter(|machine| machine.state.is_member())
        .filter_map(|machine| Some((machine, machine.position?)))
        .collect();
    let has_letters = standing
        .iter()
        .all(|(machine, _)| names.letter(machine.id).is_some());
    if standing.is_empty() || standing.len() > MACHINES_MAX || !has_letters {
        return Vec::new();
    }
    let places = places();
    let mut marks: Vec<Option<(MachineId, Style)>> = vec![None; places.len()];
    for (machine, position) in standing {
        let turn = position.0 as f64 / 2_f64.powi(64);
        let step = (turn * f64::from(STEPS)).round() as u32 % STEPS;
        let wanted = places
            .iter()
            .rposition(|place| place.from <= step)
            .unwrap_or_default();
        // A place that is taken: the next one, so that the order stays.
        let free = (0..places.len())
            .map(|further| (wanted + further) % places.len())
            .find(|place| marks[*place].is_none());
        if let Some(free) = free {
            marks[free] = Some((machine.id, style(machine.state, machine.is_this)));
        }
    }
    (0..ROWS)
        .map(|row| line(glyphs, names, &places, &marks, row))
        .collect()
}

/// A place of the circle, and the first step of the way around that leads to it.
struct Place {
    column: usize,
    row: usize,
    from: u32,
}

/// The places of the circle, clockwise from the top, each once.
fn places() -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let (radius_x, radius_y) = ((COLUMNS - 1) as f64 / 2.0, (ROWS - 1) as f64 / 2.0);
    for step in 0..STEPS {
        let angle = TAU * f64::from(step) / f64::from(STEPS);
        let column = (radius_x + radius_x * angle.sin()).round() as usize;
        let row = (radius_y - radius_y * angle.cos()).round() as usize;
        // Every second column: a cell is twice as high as it is wide.
        let column = column - column % 2;
        let is_new = places
            .iter()
            .all(|place| (place.column, place.row) != (column, row));
        if is_new {
            places.push(Place {
                column,
                row,
                from: step,
            });
        }
    }
    places
}

fn style(state: MachineState, is_this: bool) -> Style {
    match state {
        MachineState::Suspect | MachineState::Dead => Style::Bad,
        MachineState::Alive | MachineState::Leaving | MachineState::Left | MachineState::Removed => {
            if is_this { Style::Key } else { Style::Strong }
        }
    }
}

fn line(
    glyphs: Glyphs,
    names: &Names,
    places: &[Place],
    marks: &[Option<(MachineId, Style)>],
    row: usize,
) -> Vec<(Style, String)> {
    let mut cells: Vec<_> = places
        .iter()
        .zip(marks)
        .filter(|(place, _)| place.row == row)
        .map(|(place, mark)| (place.column, *mark))
        .collect();
    cells.sort_by_key(|(column, _)| *column);
    let (mut line, mut used) = (Vec::new(), 0);
    for (column, mark) in cells {
        line.push((Style::Plain, " ".repeat(column.saturating_sub(used))));
        line.push(match mark {
            Some((machine, style)) => (style, names.of_machine(machine)),
            None => (Style::Dim, glyphs.dot.to_owned()),
        });
        used = column + 1;
    }
    line
}
