//! Asking a person for something until the answer makes sense.
//!
//! **Invariant:** a wrong answer gets a hint that says what is expected, and the question comes again; Ctrl-C and Ctrl-D
//! leave every question, and nothing is done.

use crate::look::Look;
use crate::page::{Page, Style};
use crate::refusal;
use crate::terminal::{Question, Terminal, Typed};
use std::time::Duration;
use tertulia_client::failure::Misuse;
use tertulia_client::near::NearRing;
use tertulia_client::session::PASSWORD_CHARACTERS_MIN;
use tertulia_client::trust::{Offer, in_pairs};
use tertulia_client::{Client, Failure};
use zeroize::Zeroizing;

/// The height of the panel of choices, with the line below it.
const PANEL_ROWS: usize = 8;
/// A person who sees nothing for longer than this thinks that something is broken.
const SILENCE_MS_MAX: u64 = 1_500;
/// Sixteen pairs of digits, each with its colon.
const PAIRS_LINE_CHARACTERS: usize = 48;
/// How many machines of a list may have certificates of their own to be looked at.
const OFFERS_MAX: usize = 8;

/// Somebody who can be asked.
pub struct Asking<'a> {
    /// How things look.
    pub look: &'a Look,
    /// Where to ask.
    pub terminal: &'a mut dyn Terminal,
}

impl Asking<'_> {
    /// Shows one text.
    pub fn say(&mut self, style: Style, text: &str) {
        let mut page = self.look.page();
        page.text(style, 0, text);
        self.terminal.show(&page);
    }

    /// Shows the text of a key as a hint.
    pub fn hint(&mut self, key: &str) {
        let text = self.look.words.say(key);
        self.say(Style::Bad, &text);
    }

    /// Shows why something was not done.
    pub fn failed(&mut self, failure: &Failure) {
        let text = refusal::words(self.look, failure);
        self.say(Style::Bad, &text);
    }

    /// Shows a page, in pieces where it does not fit on the screen above the panel.
    pub fn show(&mut self, mut page: Page) {
        let rows = self.look.rows;
        let mark = self.look.words.say("page-go-on");
        let room = rows.saturating_sub(PANEL_ROWS).max(3);
        while page.height() > room {
            let rest = page.split_off(room);
            self.terminal.show(&page);
            if !self.terminal.pause(&mark) {
                return;
            }
            page = rest;
        }
        self.terminal.show(&page);
    }

    /// Asks for a line until `check` takes it. None: not this.
    pub fn line<T>(&mut self, key: &str, check: impl FnMut(&mut Self, &str) -> Option<T>) -> Option<T> {
        self.line_again(key, None, check)
    }

    /// The same for a longer text: it stands on the line already, and what `check` refuses stays there to be mended.
    pub fn line_from<T>(
        &mut self,
        key: &str,
        draft: String,
        check: impl FnMut(&mut Self, &str) -> Option<T>,
    ) -> Option<T> {
        self.line_again(key, Some(draft), check)
    }

    fn line_again<T>(
        &mut self,
        key: &str,
        mut draft: Option<String>,
        mut check: impl FnMut(&mut Self, &str) -> Option<T>,
    ) -> Option<T> {
        let mark = format!("{} ", self.look.words.say(key));
        loop {
            match self.terminal.line(&Question {
                above: "",
                mark: &mark,
                draft: draft.as_deref().unwrap_or_default(),
            }) {
                Typed::Line(line) => {
                    if let Some(taken) = check(self, &line) {
                        return Some(taken);
                    }
                    draft = draft.map(|_| line);
                }
                Typed::Cancelled | Typed::Ended => return self.cancelled(),
            }
        }
    }

    /// Asks yes or no.
    pub fn yes(&mut self, key: &str) -> Option<bool> {
        let (yes, no) = (self.look.words.say("word-yes"), self.look.words.say("word-no"));
        let mark = format!("{} ", self.look.words.say(key));
        loop {
            match self.terminal.line(&Question {
                above: "",
                mark: &mark,
                draft: "",
            }) {
                Typed::Line(line) => match crate::choice::folded(&line) {
                    typed if is(&typed, &yes) => return Some(true),
                    typed if is(&typed, &no) => return Some(false),
                    _ => self.hint("hint-yes-no"),
                },
                Typed::Cancelled | Typed::Ended => return self.cancelled(),
            }
        }
    }

    /// Asks for a secret that is known already.
    pub fn secret(&mut self, key: &str) -> Option<Zeroizing<String>> {
        let mark = format!("{} ", self.look.words.say(key));
        loop {
            match self.terminal.secret(&mark) {
                Typed::Line(secret) if secret.is_empty() => self.hint("hint-password-empty"),
                Typed::Line(secret) => return Some(secret),
                Typed::Cancelled | Typed::Ended => return self.cancelled(),
            }
        }
    }

    /// Asks for a new secret, twice.
    pub fn new_secret(&mut self, key: &str) -> Option<Zeroizing<String>> {
        loop {
            let secret = self.secret(key)?;
            if secret.chars().count() < PASSWORD_CHARACTERS_MIN {
                let min = [("min", PASSWORD_CHARACTERS_MIN.into())];
                let hint = self.look.words.with("hint-password-short", &min);
                self.say(Style::Bad, &hint);
                continue;
            }
            if self.secret("ask-password-again")? == secret {
                return Some(secret);
            }
            self.hint("hint-password-differs");
        }
    }

    /// Does something, and asks about each authority that stands in the way, and which ring is meant where several are
    /// near. Says which machines were not to be trusted.
    pub async fn trusting<T>(
        &mut self,
        client: &Client,
        mut deed: impl AsyncFnMut() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        for _ in 0..OFFERS_MAX {
            let outcome = self.patiently(deed()).await;
            self.sound(client);
            match outcome {
                Err(Failure::Misused(Misuse::WhichRing(rings))) if self.look.talking => {
                    let Some(ring) = self.ring(&rings) else {
                        return Err(Misuse::WhichRing(rings).into());
                    };
                    client.choose(ring);
                }
                Err(Failure::Untrusted(offer)) => {
                    if !self.vouches_for(&offer) {
                        return Err(Failure::Untrusted(offer));
                    }
                    client.trust(&offer)?;
                }
                other => return other,
            }
        }
        deed().await
    }

    /// Waits for an answer, and says that it is waited for where somebody watches and it takes a while.
    async fn patiently<T>(&mut self, answer: impl Future<Output = T>) -> T {
        tokio::pin!(answer);
        if !self.look.talking {
            return answer.await;
        }
        match tokio::time::timeout(Duration::from_millis(SILENCE_MS_MAX), &mut answer).await {
            Ok(answer) => answer,
            Err(_) => {
                let text = self.look.words.say("still-asking");
                self.say(Style::Dim, &text);
                answer.await
            }
        }
    }

    /// Says which machines showed another authority than the ring's.
    fn sound(&mut self, client: &Client) {
        for offer in client.alarms() {
            let server = [("server", offer.server.into())];
            let text = self.look.words.with("alarm-authority", &server);
            self.say(Style::Bad, &text);
        }
    }

    /// Asks which of several rings is meant.
    fn ring<'a>(&mut self, rings: &'a [NearRing]) -> Option<&'a NearRing> {
        let text = format!(
            "{}\n{}",
            self.look.words.say("misuse-which-ring"),
            refusal::rings(self.look, rings)
        );
        self.say(Style::Plain, &text);
        self.line("ask-which-ring", |asking, typed| {
            let number = typed.trim().parse::<usize>().ok();
            let chosen = number.and_then(|number| rings.get(number.checked_sub(1)?));
            if chosen.is_none() {
                let max = [("max", rings.len().into())];
                let hint = asking.look.words.with("hint-which-ring", &max);
                asking.say(Style::Bad, &hint);
            }
            chosen
        })
    }

    fn vouches_for(&mut self, offer: &Offer) -> bool {
        let key = if offer.changed {
            "trust-changed"
        } else {
            "trust-first"
        };
        let text = self
            .look
            .words
            .with(key, &[("server", offer.server.as_str().into())]);
        self.say(if offer.changed { Style::Bad } else { Style::Plain }, &text);
        let mut page = self.look.page();
        let pairs = in_pairs(&offer.fingerprint);
        // Two lines of sixteen pairs: one of 95 characters would be broken anywhere.
        let (one, other) = pairs.split_at(pairs.len().min(PAIRS_LINE_CHARACTERS));
        page.text(Style::Strong, 2, one);
        page.text(Style::Strong, 2, other);
        self.terminal.show(&page);
        self.yes("ask-trust").unwrap_or(false)
    }

    fn cancelled<T>(&mut self) -> Option<T> {
        let text = self.look.words.say("cancelled");
        self.say(Style::Dim, &text);
        None
    }
}

/// The whole word, or its first letter.
fn is(typed: &str, word: &str) -> bool {
    let word = crate::choice::folded(word);
    typed == word || (typed.chars().count() == 1 && word.starts_with(typed))
}

#[cfg(test)]
mod tests {
    use super::Asking;
    use crate::look::Look;
    use crate::page::Paint;
    use crate::terminal::Lines;
    use crate::words::{Language, Words};
    use tertulia_client::time;

    fn asked<T>(language: Language, typed: &str, ask: impl FnOnce(&mut Asking<'_>) -> T) -> (T, String) {
        let look = Look {
            words: Words::new(language),
            talking: true,
            columns: 80,
            rows: 24,
            resizes: false,
            paint: Paint::Bare,
            now: time::now,
        };
        let mut terminal = Lines::new(typed.as_bytes(), Vec::new(), Paint::Bare, false);
        let answer = ask(&mut Asking {
            look: &look,
            terminal: &mut terminal,
        });
        (answer, String::from_utf8(terminal.into_output()).expect("text"))
    }

    #[test]
    fn a_wrong_answer_gets_a_hint_and_the_question_again() {
        let (answer, shown) = asked(Language::English, "maybe\nYES\n", |asking| {
            asking.yes("ask-trust")
        });
        assert_eq!(answer, Some(true));
        assert_eq!(shown.matches("yes or no").count(), 3, "{shown}");
        let (answer, _) = asked(Language::Spanish, "quizá\nsí\n", |asking| {
            asking.yes("ask-trust")
        });
        assert_eq!(answer, Some(true));
        let (answer, _) = asked(Language::English, "", |asking| asking.yes("ask-trust"));
        assert_eq!(answer, None);
    }

    #[test]
    fn a_new_password_is_long_enough_and_typed_twice_alike() {
        let typed = "short\nlong enough\nlong enouhg\nlong enough\nlong enough\n";
        let (answer, shown) = asked(Language::English, typed, |asking| {
            asking.new_secret("ask-password-new")
        });
        assert_eq!(answer.as_deref().map(String::as_str), Some("long enough"));
        assert!(!shown.contains("long enough"), "{shown}");
    }
}
