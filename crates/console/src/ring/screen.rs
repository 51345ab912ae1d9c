//! The ring on a screen of its own, drawn anew in place for as long as somebody watches.
//!
//! **Invariant:** what was on the terminal before is there again afterwards.

use super::event::{age, event};
use super::glyph::Glyphs;
use super::status;
use crate::look::Look;
use crate::page::{Page, Style};
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use std::collections::VecDeque;
use std::io::{self, Write};
use tertulia_types::ring::{RingEvent, RingStatus};

/// So many of the last events are shown.
const EVENTS_MAX: usize = 6;

/// A screen.
pub struct Screen<W: Write> {
    out: W,
    look: Look,
    glyphs: Glyphs,
    status: Option<RingStatus>,
    events: VecDeque<RingEvent>,
}

impl<W: Write> std::fmt::Debug for Screen<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen")
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

impl<W: Write> Screen<W> {
    /// Takes the terminal.
    ///
    /// # Errors
    /// If it does not take text.
    pub fn open(mut out: W, look: Look, glyphs: Glyphs) -> io::Result<Self> {
        queue!(out, EnterAlternateScreen, Hide)?;
        out.flush()?;
        Ok(Self {
            out,
            look,
            glyphs,
            status: None,
            events: VecDeque::new(),
        })
    }

    /// Shows the ring as it is now.
    ///
    /// # Errors
    /// If the terminal does not take text.
    pub fn status(&mut self, status: RingStatus) -> io::Result<()> {
        self.status = Some(status);
        self.draw()
    }

    /// Shows that something happened.
    ///
    /// # Errors
    /// If the terminal does not take text.
    pub fn event(&mut self, event: RingEvent) -> io::Result<()> {
        self.events.truncate(EVENTS_MAX - 1);
        self.events.push_front(event);
        self.draw()
    }

    fn draw(&mut self) -> io::Result<()> {
        self.look.measure();
        let text = self.page().print(self.look.paint);
        queue!(self.out, MoveTo(0, 0))?;
        for (at, line) in text.lines().enumerate() {
            if at > 0 {
                self.out.write_all(b"\r\n")?;
            }
            self.out.write_all(line.as_bytes())?;
            queue!(self.out, Clear(ClearType::UntilNewLine))?;
        }
        queue!(self.out, Clear(ClearType::FromCursorDown))?;
        self.out.flush()
    }

    /// What fits: the end is always there, since it says how to go back.
    fn page(&self) -> Page {
        let look = &self.look;
        let mut page = match &self.status {
            Some(known) => status(look, self.glyphs, known),
            None => look.page(),
        };
        let mut below = look.page();
        if !self.events.is_empty() {
            below.gap();
        }
        for happened in &self.events {
            let (age, said) = (format!("{:>6}  ", age(look, happened)), event(look, happened));
            below.pieces(0, &[(Style::Dim, &age), (Style::Plain, &said)]);
        }
        below.gap();
        below.text(Style::Dim, 0, &look.words.say("ring-watch-end"));
        let room = look.rows.saturating_sub(below.height());
        if page.height() > room {
            let hidden = page.cut(room.saturating_sub(1));
            page.text(
                Style::Dim,
                0,
                &look.words.with("ring-watch-cut", &[("n", hidden.into())]),
            );
        }
        page.append(below);
        page
    }
}

impl<W: Write> Drop for Screen<W> {
    fn drop(&mut self) {
        // A terminal that has gone away needs nothing back.
        let _ = queue!(self.out, Show, LeaveAlternateScreen);
        let _ = self.out.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::{EVENTS_MAX, Screen};
    use crate::look::Look;
    use crate::page::Paint;
    use crate::ring::Glyphs;
    use crate::words::{Language, Words};
    use tertulia_types::MachineId;
    use tertulia_types::entity::Timestamp;
    use tertulia_types::ring::{EventKind, RingEvent, RingFacts, RingStatus};

    fn look(rows: usize) -> Look {
        Look {
            words: Words::new(Language::English),
            talking: false,
            columns: 80,
            rows,
            resizes: false,
            paint: Paint::Bare,
            now: || Timestamp::from_unix_ms(100_000),
        }
    }

    fn joined(time_ms: u64) -> RingEvent {
        RingEvent {
            time_ms,
            kind: EventKind::Joined,
            machine: Some(MachineId(time_ms)),
            group: None,
        }
    }

    #[test]
    fn a_small_screen_shows_the_last_events_and_the_way_back_and_gives_the_terminal_back() {
        let facts = RingFacts {
            id: 1,
            name: "Barrio".to_owned(),
            replicas: 5,
        };
        let mut written = Vec::new();
        let mut screen = Screen::open(&mut written, look(12), Glyphs::ASCII).expect("opened");
        screen
            .status(RingStatus::of(facts, Vec::new(), Vec::new(), true))
            .expect("drawn");
        for at in 0..20 {
            screen.event(joined(at)).expect("drawn");
        }
        let page = screen.page();
        assert!(page.height() <= 12, "{}", page.height());
        let shown = page.print(Paint::Bare);
        assert_eq!(shown.matches("joined").count(), EVENTS_MAX, "{shown}");
        assert!(shown.contains("Ctrl-C") && shown.contains("1 min"), "{shown}");
        drop(screen);
        let written = String::from_utf8(written).expect("text");
        assert!(written.starts_with("\u{1b}[?1049h") && written.ends_with("\u{1b}[?1049l"));
    }
}
