//! `tertulia status` and `tertulia lookup`: what there is.

use super::{At, Counter, Undone, one_line};
use crate::control::{Answer, Ask, Channel, Unreached};
use clap::Args;
use serde_json::json;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use tertulia_console::Words;
use tertulia_console::look::Look;
use tertulia_console::page::{Page, Style};
use tertulia_console::ring::{self, Screen};
use tertulia_types::Nick;

/// Flags of `status`.
#[derive(Clone, Debug, Args)]
pub(crate) struct StatusFlags {
    #[command(flatten)]
    at: At,
    /// Go on showing it, whenever it changes
    #[arg(long)]
    watch: bool,
}

/// Flags of `lookup`.
#[derive(Clone, Debug, Args)]
pub(crate) struct LookupFlags {
    /// The nick
    nick: Nick,
    #[command(flatten)]
    at: At,
}

/// Shows the ring.
pub(crate) async fn status(flags: StatusFlags) -> ExitCode {
    let counter = Counter::new(&flags.at);
    let outcome = if flags.watch {
        tokio::select! {
            outcome = watch(&counter) => outcome,
            // Ctrl-C is how one goes back.
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    } else {
        once(&counter).await
    };
    counter.end(outcome)
}

async fn once(counter: &Counter) -> Result<(), Undone> {
    let status = counter.ring().await?;
    let page = ring::status(&counter.look, counter.glyphs, &status);
    counter.show(&page, &json!(status));
    Ok(())
}

/// Shows the ring anew whenever it changes, and what happens on it, until the machine stops or nobody reads any more.
async fn watch(counter: &Counter) -> Result<(), Undone> {
    let mut channel = Channel::open(&counter.data, &Ask::Watch).await?;
    let mut shown = None;
    while let Some(answer) = channel.next().await? {
        if let Answer::Refused(refusal) = answer {
            return Err(refusal.into());
        }
        let sight = match &mut shown {
            Some(sight) => sight,
            // The terminal is taken when there is something to show.
            None => match Sight::open(counter) {
                Ok(sight) => shown.insert(sight),
                Err(_) => return Ok(()),
            },
        };
        match sight.show(counter, answer) {
            Ok(true) => {}
            Ok(false) => return Err(Unreached::Nonsense.into()),
            Err(_) => return Ok(()),
        }
    }
    drop(shown);
    Err(Unreached::NotRunning(counter.data.clone()).into())
}

/// Where a watched ring is seen.
enum Sight {
    /// On a terminal: a screen of its own.
    Screen(Box<Screen<io::Stdout>>),
    /// Elsewhere: one thing after the other.
    Pages,
    /// For scripts: an object a line.
    Objects,
}

impl Sight {
    fn open(counter: &Counter) -> io::Result<Self> {
        if counter.json {
            return Ok(Self::Objects);
        }
        if !io::stdout().is_terminal() {
            return Ok(Self::Pages);
        }
        let look = Look::of_terminal(Words::of_environment(), true);
        let screen = Screen::open(io::stdout(), look, counter.glyphs)?;
        Ok(Self::Screen(Box::new(screen)))
    }

    /// Shows an answer; false if it is none that belongs here. An error: nobody reads any more.
    fn show(&mut self, counter: &Counter, answer: Answer) -> io::Result<bool> {
        let look = &counter.look;
        match (self, answer) {
            (Self::Screen(screen), Answer::Status(status)) => screen.status(status)?,
            (Self::Screen(screen), Answer::Event(event)) => screen.event(event)?,
            (Self::Screen(_), Answer::Missed) => {}
            (Self::Pages, Answer::Status(status)) => {
                let mut page = ring::status(look, counter.glyphs, &status);
                page.gap();
                print(look, &page)?;
            }
            (Self::Pages, Answer::Event(event)) => write(&format!("{}\n", ring::event_line(look, &event)))?,
            (Self::Pages, Answer::Missed) => print(look, &counter.text(Style::Dim, "ring-missed", &[]))?,
            (Self::Objects, Answer::Status(status)) => write(&one_line(&json!({ "status": status })))?,
            (Self::Objects, Answer::Event(event)) => write(&one_line(&json!({ "event": event })))?,
            (Self::Objects, Answer::Missed) => write(&one_line(&json!({ "missed": true })))?,
            (_, _) => return Ok(false),
        }
        Ok(true)
    }
}

fn print(look: &Look, page: &Page) -> io::Result<()> {
    write(&page.print(look.paint))
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

/// Shows the way to a home.
pub(crate) async fn lookup(flags: LookupFlags) -> ExitCode {
    let counter = Counter::new(&flags.at);
    let outcome = way(&counter, flags.nick).await;
    counter.end(outcome)
}

async fn way(counter: &Counter, nick: Nick) -> Result<(), Undone> {
    let Answer::Lookup(path) = counter.ask(&Ask::Lookup { nick }).await? else {
        return Err(Unreached::Nonsense.into());
    };
    counter.show(&ring::path(&counter.look, counter.glyphs, &path), &json!(path));
    Ok(())
}
