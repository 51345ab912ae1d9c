//! Tables that fit the screen.

use crate::look::Look;
use crate::page::{Page, Style};
use crate::plain;

/// Between two columns.
const GAP: usize = 2;
/// What of a column is left at least when it shrinks.
const SHRUNK_COLUMNS_MIN: usize = 12;

/// A column.
pub(super) struct Column {
    head: String,
    /// The higher, the later it is left out; `None`: never.
    weight: Option<u8>,
    is_right: bool,
    /// Whether it is cut short before others are left out.
    shrinks: bool,
    /// Whether its pieces go on in further lines. Only the last one may.
    wraps: bool,
}

impl Column {
    /// One that is always there.
    pub(super) fn needed(head: String) -> Self {
        Self {
            head,
            weight: None,
            is_right: false,
            shrinks: false,
            wraps: false,
        }
    }

    /// One that is left out where there is no room for all, those of less weight first.
    pub(super) fn optional(head: String, weight: u8) -> Self {
        Self {
            weight: Some(weight),
            ..Self::needed(head)
        }
    }

    pub(super) fn right(self) -> Self {
        Self {
            is_right: true,
            ..self
        }
    }

    pub(super) fn shrinks(self) -> Self {
        Self {
            shrinks: true,
            ..self
        }
    }

    pub(super) fn wraps(self) -> Self {
        Self { wraps: true, ..self }
    }
}

/// What stands in one place: pieces, with a blank between.
pub(super) struct Cell(Vec<(Style, String)>);

impl Cell {
    pub(super) fn new(style: Style, text: String) -> Self {
        Self(vec![(style, text)])
    }

    pub(super) fn of(pieces: Vec<(Style, String)>) -> Self {
        Self(pieces)
    }

    fn width(&self) -> usize {
        let pieces: usize = self
            .0
            .iter()
            .map(|(_, text)| plain::width(&plain::line(text)))
            .sum();
        pieces + self.0.len().saturating_sub(1)
    }
}

/// Columns and rows.
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(super) fn new(columns: Vec<Column>) -> Self {
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    /// Adds a row, with as many cells as there are columns.
    pub(super) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Adds the table to a page.
    pub(super) fn print(mut self, look: &Look, page: &mut Page) {
        let heads = self
            .columns
            .iter()
            .map(|column| Cell::new(Style::Dim, column.head.clone()));
        self.rows.insert(0, heads.collect());
        let widths = self.widths(look.columns);
        for row in &self.rows {
            self.line(row, &widths, look.columns, page);
        }
    }

    /// How wide each column is; `None` where it is left out.
    fn widths(&self, columns: usize) -> Vec<Option<usize>> {
        let mut widths: Vec<Option<usize>> = (0..self.columns.len())
            .map(|at| {
                let cells = self.rows.iter().filter_map(|row| row.get(at));
                // A column with nothing in it but its head is no column.
                let is_empty = cells.clone().skip(1).all(|cell| cell.width() == 0);
                let widest = cells.map(Cell::width).max().unwrap_or_default();
                (!is_empty || self.columns[at].weight.is_none()).then_some(widest)
            })
            .collect();
        loop {
            let over = self.total(&widths).saturating_sub(columns);
            if over == 0 {
                return widths;
            }
            let shrinking = (0..widths.len())
                .filter(|at| self.columns[*at].shrinks)
                .find_map(|at| {
                    widths[at]
                        .filter(|wide| *wide >= SHRUNK_COLUMNS_MIN + over)
                        .map(|wide| (at, wide))
                });
            if let Some((at, wide)) = shrinking {
                widths[at] = Some(wide - over);
                return widths;
            }
            let lightest = (0..widths.len())
                .filter(|at| widths[*at].is_some())
                .filter_map(|at| self.columns[at].weight.map(|weight| (weight, at)))
                .min();
            match lightest {
                Some((_, at)) => widths[at] = None,
                None => return widths,
            }
        }
    }

    /// The width of all, gaps between. A column that wraps needs room for its head and little more.
    fn total(&self, widths: &[Option<usize>]) -> usize {
        let wide = |(at, wide): (usize, &Option<usize>)| {
            let wide = (*wide)?;
            Some(if self.columns[at].wraps {
                wide.min(SHRUNK_COLUMNS_MIN)
            } else {
                wide
            })
        };
        let there: Vec<usize> = widths.iter().enumerate().filter_map(wide).collect();
        there.iter().sum::<usize>() + GAP * there.len().saturating_sub(1)
    }

    fn line(&self, row: &[Cell], widths: &[Option<usize>], columns: usize, page: &mut Page) {
        let mut line: Vec<(Style, String)> = Vec::new();
        let mut used = 0;
        let there = self.columns.iter().zip(row).zip(widths);
        for ((column, cell), wide) in there {
            let Some(wide) = *wide else { continue };
            if !line.is_empty() {
                line.push((Style::Plain, " ".repeat(GAP)));
                used += GAP;
            }
            if column.wraps {
                self.wrapped(line, used, cell, columns, page);
                return;
            }
            let pad = " ".repeat(wide.saturating_sub(cell.width()));
            let pieces = cell
                .0
                .iter()
                .map(|(style, text)| (*style, plain::shorten(&plain::line(text), wide)));
            if column.is_right {
                line.push((Style::Plain, pad));
                line.extend(pieces);
            } else {
                line.extend(pieces);
                line.push((Style::Plain, pad));
            }
            used += wide;
        }
        show(page, &line);
    }

    /// The last cell, in as many lines as it takes.
    fn wrapped(
        &self,
        start: Vec<(Style, String)>,
        margin: usize,
        cell: &Cell,
        columns: usize,
        page: &mut Page,
    ) {
        let (mut line, mut used) = (start, margin);
        for (style, text) in &cell.0 {
            let text = plain::shorten(&plain::line(text), columns.saturating_sub(margin));
            let wide = plain::width(&text);
            if used > margin && used + 1 + wide > columns {
                show(page, &line);
                (line, used) = (vec![(Style::Plain, " ".repeat(margin))], margin);
            }
            if used > margin {
                line.push((Style::Plain, " ".to_owned()));
                used += 1;
            }
            line.push((*style, text));
            used += wide;
        }
        show(page, &line);
    }
}

fn show(page: &mut Page, line: &[(Style, String)]) {
    let pieces: Vec<_> = line.iter().map(|(style, text)| (*style, text.as_str())).collect();
    page.pieces(0, &pieces);
}
