//! The commands of those who run machines: each asks the machine that runs on a data directory, and shows what it says.
//!
//! **Invariant:** with `--json` standard output is one object on one line (with `--watch` one per line), and nothing else.
//! **Invariant:** the exit status is 0 done, 1 refused, 2 wrong usage, 3 nobody reached.

mod appoint;
mod backup;
mod change;
#[cfg(test)]
mod tests;
mod token;
mod view;

pub(crate) use appoint::{RoleFlags, role};
pub(crate) use backup::{BackupFlags, RestoreFlags, backup, restore};
pub(crate) use change::{LeaveFlags, RecoverFlags, RemoveFlags, leave, recover, remove};
pub(crate) use token::{TokenFlags, join_command, only_here, token};
pub(crate) use view::{LookupFlags, StatusFlags, lookup, status};

use crate::control::{self, Answer, Ask, Refusal, Unreached, Why};
use crate::settings::DATA;
use clap::Args;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use tertulia_console::look::Look;
use tertulia_console::page::{Page, Paint, Style};
use tertulia_console::ring::Glyphs;
use tertulia_console::{Words, plain};
use tertulia_types::ring::RingStatus;

/// Which machine is meant.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct At {
    /// Directory of this machine's data [default: data]
    #[arg(id = "machine_data", long = "data", value_name = "DIR", env = "TERTULIA_DATA")]
    data: Option<PathBuf>,
    /// Answer with one JSON object on standard output
    #[arg(long)]
    json: bool,
}

/// Why a command has not done its work.
#[derive(Debug)]
enum Undone {
    /// No machine answers.
    Unreached(Unreached),
    /// The machine refuses; it may be about another machine.
    Refused(Refusal, Option<String>),
    /// More than one machine is meant.
    Ambiguous(String),
    /// The machine has stopped before it had left.
    BrokenOff,
    /// A file or a directory is not as it should be: said already, in the person's language.
    Said {
        /// What scripts see.
        code: &'static str,
        /// What people see.
        text: String,
    },
    /// The person does not want it after all; or there is none to be asked.
    Cancelled {
        /// Whether somebody could be asked.
        has_keyboard: bool,
    },
}

impl From<Unreached> for Undone {
    fn from(unreached: Unreached) -> Self {
        Self::Unreached(unreached)
    }
}

impl From<Refusal> for Undone {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal, None)
    }
}

impl Undone {
    fn status(&self) -> u8 {
        match self {
            Self::Cancelled { .. } => 2,
            Self::Ambiguous(_) | Self::Said { .. } => 1,
            Self::Unreached(_) | Self::BrokenOff => 3,
            Self::Refused(refusal, _) => match refusal.why {
                Why::NotNow | Why::Stopping => 3,
                Why::Busy
                | Why::Version
                | Why::Malformed
                | Why::UnknownMachine
                | Why::UnknownNick
                | Why::StoresNothing
                | Why::Itself
                | Why::LastMachine
                | Why::NoKey
                | Why::NothingLost
                | Why::Needed
                | Why::NewerElsewhere
                | Why::Failed => 1,
            },
        }
    }

    /// What scripts see: it does not change with the language.
    fn code(&self) -> Value {
        match self {
            Self::Unreached(_) => json!("unreachable"),
            Self::Refused(refusal, _) => json!(refusal.why),
            Self::Ambiguous(_) => json!("ambiguous_machine"),
            Self::BrokenOff => json!("broken_off"),
            Self::Said { code, .. } => json!(code),
            Self::Cancelled { .. } => json!("cancelled"),
        }
    }
}

/// Where a command speaks, and whom it asks.
struct Counter {
    data: PathBuf,
    json: bool,
    look: Look,
    glyphs: Glyphs,
    /// Where a person can be asked; taken by whoever asks.
    keyboard: RefCell<Option<Box<dyn BufRead>>>,
}

impl Counter {
    fn new(at: &At) -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        Self {
            data: at.data.clone().unwrap_or_else(|| DATA.into()),
            json: at.json,
            look: Look::of_terminal(Words::of_environment(), std::io::stdout().is_terminal()),
            glyphs: Glyphs::of(variable),
            keyboard: RefCell::new(std::io::stdin().is_terminal().then(keyboard)),
        }
    }

    /// Asks for what has one answer.
    async fn ask(&self, ask: &Ask) -> Result<Answer, Undone> {
        let answer = control::ask(&self.data, ask).await?;
        if let Answer::Refused(refusal) = answer {
            return Err(refusal.into());
        }
        Ok(answer)
    }

    async fn ring(&self) -> Result<RingStatus, Undone> {
        let Answer::Status(status) = self.ask(&Ask::Status).await? else {
            return Err(Unreached::Nonsense.into());
        };
        Ok(status)
    }

    /// Shows an answer, as a page or as JSON.
    fn show(&self, page: &Page, object: &Value) {
        let text = if self.json {
            one_line(object)
        } else {
            page.print(self.look.paint)
        };
        let mut out = std::io::stdout().lock();
        // A reader that has gone away (`| head`) is no failure of the command.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Says something on standard error: what is not the answer.
    fn say(&self, style: Style, text: &str) {
        let mut page = self.look.page();
        page.text(style, 0, text);
        let paint = self.paint_of_errors();
        eprint!("{}", page.print(paint));
    }

    fn paint_of_errors(&self) -> Paint {
        if std::io::stderr().is_terminal() {
            self.look.paint
        } else {
            Paint::Bare
        }
    }

    /// A text of a key.
    fn text(&self, style: Style, key: &str, values: &[(&str, tertulia_console::words::Value<'_>)]) -> Page {
        let mut page = self.look.page();
        page.text(style, 0, &self.look.words.with(key, values));
        page
    }

    /// Says why it is not done, if it is not; gives the exit status.
    fn end(&self, outcome: Result<(), Undone>) -> ExitCode {
        let Err(undone) = outcome else {
            return ExitCode::SUCCESS;
        };
        let said = self.words(&undone);
        if self.json {
            let object = json!({ "error": plain::text(&said), "code": undone.code() });
            self.show(&self.look.page(), &object);
        } else if !said.is_empty() {
            self.say(Style::Bad, &said);
        }
        ExitCode::from(undone.status())
    }

    fn words(&self, undone: &Undone) -> String {
        let words = &self.look.words;
        let data = |path: &PathBuf| [("data", path.display().to_string().into())];
        match undone {
            Undone::Unreached(Unreached::NoDirectory(path)) => {
                words.with("unreached-no-directory", &data(path))
            }
            Undone::Unreached(Unreached::NotRunning(path)) => {
                words.with("unreached-not-running", &data(path))
            }
            Undone::Unreached(Unreached::NotYours(path)) => words.with("unreached-not-yours", &data(path)),
            Undone::Unreached(Unreached::Silent) => words.with("unreached-silent", &data(&self.data)),
            Undone::Unreached(Unreached::Nonsense) => words.with("unreached-nonsense", &data(&self.data)),
            Undone::Unreached(Unreached::Io(error)) => {
                let [data] = data(&self.data);
                words.with("unreached-io", &[data, ("why", error.to_string().into())])
            }
            Undone::Refused(refusal, machine) => {
                let values = [
                    ("machine", machine.clone().unwrap_or_default().into()),
                    ("detail", refusal.detail.as_str().into()),
                ];
                words.with(denied(refusal.why), &values)
            }
            Undone::Ambiguous(typed) => {
                words.with("denied-ambiguous-machine", &[("machine", typed.as_str().into())])
            }
            Undone::BrokenOff => words.say("leave-broken-off"),
            Undone::Said { text, .. } => text.clone(),
            Undone::Cancelled { has_keyboard: true } => String::new(),
            Undone::Cancelled { has_keyboard: false } => words.say("no-keyboard-yes"),
        }
    }
}

fn denied(why: Why) -> &'static str {
    match why {
        Why::Busy => "denied-busy",
        Why::Version => "denied-version",
        Why::Malformed => "denied-malformed",
        Why::Stopping => "denied-stopping",
        Why::NotNow => "denied-not-now",
        Why::UnknownMachine => "denied-unknown-machine",
        Why::UnknownNick => "denied-unknown-nick",
        Why::StoresNothing => "denied-stores-nothing",
        Why::Itself => "denied-itself",
        Why::LastMachine => "denied-last-machine",
        Why::NoKey => "denied-no-key",
        Why::NothingLost => "denied-nothing-lost",
        Why::Needed => "denied-needed",
        Why::NewerElsewhere => "denied-newer-elsewhere",
        Why::Failed => "denied-failed",
    }
}

fn keyboard() -> Box<dyn BufRead> {
    Box::new(BufReader::new(std::io::stdin()))
}

fn one_line(object: &Value) -> String {
    format!("{}\n", plain::json(&object.to_string()))
}
