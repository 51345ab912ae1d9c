//! How things look on this screen: in which language, how wide, in colour or not, and what time it is.

use crate::page::{Page, Paint};
use crate::words::{Value, Words};
use tertulia_client::time;
use tertulia_types::entity::Timestamp;

/// Where the width of the screen is unknown.
const COLUMNS_USUAL: usize = 80;
/// Longer lines tire the eye.
const COLUMNS_MAX: usize = 100;
/// Narrower screens are treated as this wide.
const COLUMNS_MIN: usize = 40;
/// Where the height of the screen is unknown.
const ROWS_USUAL: usize = 24;

/// From here on a date says more than an age.
const MONTH_MS: i64 = 30 * 86_400_000;

/// All that decides how something is shown.
#[derive(Debug)]
pub struct Look {
    /// The texts.
    pub words: Words,
    /// Whether somebody talks with the console; else with a shell.
    pub talking: bool,
    /// The width of the screen.
    pub columns: usize,
    /// The height of the screen.
    pub rows: usize,
    /// Whether the screen has a size that may change.
    pub resizes: bool,
    /// Colour or not.
    pub paint: Paint,
    /// By what ages are reckoned: now, but in tests.
    pub now: fn() -> Timestamp,
}

impl Look {
    /// The look of the terminal that this process has.
    #[must_use]
    pub fn of_terminal(words: Words, is_terminal: bool) -> Self {
        let paint = Paint::of(is_terminal, |name| std::env::var(name).ok());
        let mut look = Self {
            words,
            talking: false,
            columns: COLUMNS_USUAL,
            rows: ROWS_USUAL,
            resizes: is_terminal,
            paint,
            now: time::now,
        };
        look.measure();
        look
    }

    /// Looks at the size of the terminal again: windows are resized.
    pub fn measure(&mut self) {
        if !self.resizes {
            return;
        }
        if let Ok((columns, rows)) = crossterm::terminal::size()
            // A terminal without a size says 0.
            && columns > 0
            && rows > 0
        {
            self.columns = usize::from(columns).clamp(COLUMNS_MIN, COLUMNS_MAX);
            self.rows = usize::from(rows);
        }
    }

    /// A text that names what one can type next: in a shell that is another text, of the key with `-command`.
    #[must_use]
    pub fn next(&self, key: &str) -> String {
        self.next_with(key, &[])
    }

    /// The same, with its place holders.
    #[must_use]
    pub fn next_with(&self, key: &str, values: &[(&str, Value<'_>)]) -> String {
        let key = if self.talking {
            key.to_owned()
        } else {
            format!("{key}-command")
        };
        self.words.with(&key, values)
    }

    /// An empty page of this width.
    #[must_use]
    pub fn page(&self) -> Page {
        Page::new(self.columns)
    }

    /// That no machine answers, and of when what is shown is.
    #[must_use]
    pub fn as_of(&self, then: Timestamp) -> String {
        match (self.now)().unix_ms - then.unix_ms {
            ..60_000 => self.words.say("offline-as-of-now"),
            60_000..MONTH_MS => self
                .words
                .with("offline-as-of", &[("age", self.age(then).into())]),
            MONTH_MS.. => self
                .words
                .with("offline-as-of-day", &[("day", then.date().to_string().into())]),
        }
    }

    /// How long ago something was, or the day, when that is longer ago than a month.
    #[must_use]
    pub fn age(&self, then: Timestamp) -> String {
        let seconds = ((self.now)().unix_ms - then.unix_ms).max(0) / 1_000;
        match seconds {
            0..60 => self.words.say("age-now"),
            60..3_600 => self.words.with("age-minutes", &[("n", (seconds / 60).into())]),
            3_600..86_400 => self.words.with("age-hours", &[("n", (seconds / 3_600).into())]),
            86_400..2_592_000 => self.words.with("age-days", &[("n", (seconds / 86_400).into())]),
            _ => then.date().to_string(),
        }
    }
}
