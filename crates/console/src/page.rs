//! What is about to be shown: lines of text, each piece in a style.
//!
//! **Invariant:** this is the only way to the screen, and every piece goes through [`plain`] as it is added; so no
//! caller can forget to make harmless what came from outside.
//!
//! Deliberately absent: colour where the person or the terminal does not want it ([`Paint`]).

use crate::plain;

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// As the terminal has it.
    Plain,
    /// Somebody's name, a heading.
    Strong,
    /// What one may type: commands, numbers.
    Key,
    /// What matters less: ages, counts.
    Dim,
    /// It worked.
    Good,
    /// It did not, or take care.
    Bad,
    /// Black on white, for cameras.
    Inked,
}

/// Whether styles are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// No escape sequences at all.
    Bare,
    /// Sixteen colours.
    Colours,
}

impl Paint {
    /// Colours on a terminal, unless `NO_COLOR` is set or the terminal is a dumb one.
    #[must_use]
    pub fn of(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> Self {
        let unwanted = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = variable("TERM").is_some_and(|value| value == "dumb");
        if is_terminal && !unwanted && !dumb {
            Paint::Colours
        } else {
            Paint::Bare
        }
    }

    fn wrap(self, style: Style, text: &str) -> String {
        let code = match (self, style) {
            (Paint::Bare, _) | (Paint::Colours, Style::Plain) => return text.to_owned(),
            (Paint::Colours, Style::Strong) => "1",
            (Paint::Colours, Style::Key) => "36",
            (Paint::Colours, Style::Dim) => "2",
            (Paint::Colours, Style::Good) => "32",
            (Paint::Colours, Style::Bad) => "33",
            (Paint::Colours, Style::Inked) => "30;107",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// Lines to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    columns: usize,
    lines: Vec<Vec<(Style, String)>>,
}

impl Page {
    /// An empty page for a screen of that many columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            lines: Vec::new(),
        }
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.lines.push(Vec::new());
    }

    /// Text in one style, broken to the width, each line behind `indent` blanks.
    pub fn text(&mut self, style: Style, indent: usize, text: &str) {
        let margin = " ".repeat(indent);
        for line in plain::wrap(&plain::text(text), self.columns.saturating_sub(indent)) {
            self.lines
                .push(vec![(Style::Plain, margin.clone()), (style, line)]);
        }
    }

    /// Pieces in several styles, one after the other; broken between pieces where they do not fit on one line.
    pub fn pieces(&mut self, indent: usize, pieces: &[(Style, &str)]) {
        let margin = || vec![(Style::Plain, " ".repeat(indent))];
        let (mut line, mut used) = (margin(), indent);
        for (style, piece) in pieces {
            let piece = plain::shorten(&plain::line(piece), self.columns.saturating_sub(indent));
            let wide = plain::width(&piece);
            if used + wide > self.columns && used > indent {
                self.lines.push(std::mem::replace(&mut line, margin()));
                used = indent;
            }
            used += wide;
            line.push((*style, piece));
        }
        self.lines.push(line);
    }

    /// The lines of another page below those of this one.
    pub fn append(&mut self, other: Page) {
        self.lines.extend(other.lines);
    }

    /// How many lines there are.
    #[must_use]
    pub fn height(&self) -> usize {
        self.lines.len()
    }

    /// Keeps that many lines at most; says how many were cut off.
    pub fn cut(&mut self, rows: usize) -> usize {
        let cut = self.lines.len().saturating_sub(rows);
        self.lines.truncate(rows);
        cut
    }

    /// Cuts off what lies below that many lines, between two dweets where there is a gap in the lower half.
    #[must_use]
    pub fn split_off(&mut self, rows: usize) -> Page {
        let rows = rows.min(self.lines.len());
        let gap = self
            .lines
            .iter()
            .take(rows)
            .rposition(Vec::is_empty)
            .map(|gap| gap + 1);
        let below = self
            .lines
            .split_off(gap.filter(|&gap| gap > rows / 2).unwrap_or(rows));
        Page {
            columns: self.columns,
            lines: below,
        }
    }

    /// The page as it is written to the terminal, each line ended.
    #[must_use]
    pub fn print(&self, paint: Paint) -> String {
        let mut out = String::new();
        for line in &self.lines {
            // What is drawn on white is seen where it is blank, too.
            let is_seen = |(style, text): &(Style, String)| *style == Style::Inked || !text.trim().is_empty();
            let used = line.iter().rposition(is_seen).map_or(0, |last| last + 1);
            for (at, (style, text)) in line.iter().take(used).enumerate() {
                let text = match at + 1 == used && *style != Style::Inked {
                    true => text.trim_end(),
                    false => text,
                };
                out.push_str(&paint.wrap(*style, text));
            }
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{Page, Paint, Style};
    use crate::plain;
    use proptest::prelude::{any, prop_assert, proptest};

    #[test]
    fn colour_comes_only_where_it_is_wanted() {
        let with = |name: &'static str, value: &'static str| {
            Paint::of(true, move |asked| (asked == name).then(|| value.to_owned()))
        };
        assert_eq!(with("NO_COLOR", "1"), Paint::Bare);
        assert_eq!(with("NO_COLOR", ""), Paint::Colours);
        assert_eq!(with("TERM", "dumb"), Paint::Bare);
        assert_eq!(with("TERM", "xterm"), Paint::Colours);
        assert_eq!(Paint::of(false, |_| None), Paint::Bare);
    }

    proptest! {
        #[test]
        fn nothing_on_a_page_can_harm_the_terminal(raw in any::<String>(), columns in 20_usize..90) {
            let mut page = Page::new(columns);
            page.text(Style::Strong, 3, &raw);
            page.pieces(1, &[(Style::Key, &raw), (Style::Dim, &raw)]);
            let bare = page.print(Paint::Bare);
            prop_assert!(bare.chars().all(|char| char == '\n' || !char.is_control()));
            for line in bare.lines() {
                prop_assert!(plain::width(line) <= columns, "{line:?}");
            }
        }
    }
}
