//! Codes that a camera reads, drawn with half blocks: two rows of the code on each line.
//!
//! **Invariant:** it is drawn dark on light whatever colours the terminal has, or not at all: many cameras read nothing else.

use crate::look::Look;
use crate::page::{Page, Paint, Style};
use qrcode::{Color, QrCode};

/// What must stay light around a code, for a camera to find it. The standard has four; these do, and leave room on a screen of 24 lines.
const MARGIN: usize = 2;
/// How far it stands from the left.
const INDENT: usize = 3;

/// Draws a text as a code, where colours are shown and there is room for it.
pub(crate) fn draw(look: &Look, page: &mut Page, text: &str) {
    let Ok(code) = QrCode::new(text) else {
        return;
    };
    let lines = lines(&code);
    let columns = code.width() + 2 * MARGIN + INDENT;
    if look.paint == Paint::Bare || columns > look.columns || lines.len() >= look.rows {
        return;
    }
    for line in lines {
        page.pieces(INDENT, &[(Style::Inked, &line)]);
    }
}

fn lines(code: &QrCode) -> Vec<String> {
    let (width, colours) = (code.width(), code.to_colors());
    let side = width + 2 * MARGIN;
    let is_dark = |row: usize, column: usize| {
        let inside = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < width);
        let place = inside(row).zip(inside(column));
        place.is_some_and(|(row, column)| colours.get(row * width + column) == Some(&Color::Dark))
    };
    let line = |row: usize| {
        let halves = (0..side).map(|column| match (is_dark(row, column), is_dark(row + 1, column)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        });
        halves.collect()
    };
    (0..side).step_by(2).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{MARGIN, draw, lines};
    use crate::look::Look;
    use crate::page::Paint;
    use crate::words::{Language, Words};
    use qrcode::{Color, QrCode};
    use tertulia_client::time;

    fn look(paint: Paint, columns: usize) -> Look {
        Look {
            words: Words::new(Language::English),
            talking: true,
            columns,
            rows: 24,
            resizes: false,
            paint,
            now: time::now,
        }
    }

    #[test]
    fn each_module_of_the_code_is_half_a_block() {
        let code = QrCode::new("48213 90112").expect("a code");
        let (width, drawn) = (code.width(), lines(&code));
        let mut read = Vec::new();
        for line in &drawn {
            for is_lower in [false, true] {
                let dark = line.chars().map(|half| match half {
                    '█' => true,
                    '▀' => !is_lower,
                    '▄' => is_lower,
                    ' ' => false,
                    other => panic!("{other:?}"),
                });
                read.push(dark.collect::<Vec<bool>>());
            }
        }
        for (row, dark) in read.iter().enumerate() {
            for (column, dark) in dark.iter().enumerate() {
                let place = row.checked_sub(MARGIN).zip(column.checked_sub(MARGIN));
                let place = place.filter(|(row, column)| row.max(column) < &width);
                let wanted = place.is_some_and(|(row, column)| code[(column, row)] == Color::Dark);
                assert_eq!(*dark, wanted, "{row} {column}");
            }
        }
    }

    #[test]
    fn a_code_of_a_link_fits_on_a_small_screen_and_is_not_drawn_without_colours() {
        let link = "0".repeat(40);
        let drawn = |look: Look| {
            let mut page = look.page();
            draw(&look, &mut page, &link);
            page.height()
        };
        assert!((10..24).contains(&drawn(look(Paint::Colours, 80))));
        assert_eq!(drawn(look(Paint::Bare, 80)), 0);
        assert_eq!(drawn(look(Paint::Colours, 20)), 0);
    }
}
