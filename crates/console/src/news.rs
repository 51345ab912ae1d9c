//! Messages that come while the person is in the console: one line each, above the prompt.

use crate::plain;
use crate::terminal::Printer;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;
use tertulia_client::message::Said;
use tertulia_client::{Client, Failure, Settings};

/// Between two looks into this computer's own database.
const PAUSE: Duration = Duration::from_secs(1);

/// Looks for messages that have come, for as long as it is kept.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Whose messages.
    pub(crate) nick: String,
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins to look for whoever is logged in; none if they cannot be looked for.
    #[must_use]
    pub(crate) fn begin(nick: &str, settings: &Settings, columns: usize, printer: Printer) -> Option<Self> {
        let (stop, stopped) = mpsc::channel();
        let settings = settings.clone();
        // A thread, since the terminal is waited for in the thread of all else.
        let thread = std::thread::Builder::new().name("news".to_owned());
        let thread = thread.spawn(move || {
            // That nothing can be looked for is found by whoever reads.
            let _ = tell(&settings, columns, &printer, &stopped);
        });
        Some(Self {
            nick: nick.to_owned(),
            stop: Some(stop),
            thread: Some(thread.ok()?),
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn tell(
    settings: &Settings,
    columns: usize,
    printer: &Printer,
    stopped: &mpsc::Receiver<()>,
) -> Result<(), Failure> {
    let client = Client::open(settings)?;
    let Some(messenger) = client.messenger_if_known()? else {
        return Ok(());
    };
    let mut place = messenger.newest()?;
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(PAUSE) {
        let (news, next) = messenger.news_after(place)?;
        if !news.is_empty() && !printer.print(news.iter().map(|said| line(said, columns)).collect()) {
            continue;
        }
        place = next;
    }
    Ok(())
}

fn line(said: &Said, columns: usize) -> String {
    let who = said.nick.as_ref();
    let who = who.map_or_else(|| "?".to_owned(), |nick| format!("@{nick}"));
    let place = match &said.room {
        Some(room) => format!(" · {room}"),
        None => String::new(),
    };
    let line = plain::line(&format!("» {who}{place}: {}", said.text));
    plain::shorten(&line, columns.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::line;
    use tertulia_client::message::Said;

    #[test]
    fn what_came_is_one_line_without_anything_hostile() {
        let said = Said {
            nick: Some("ana".to_owned()),
            room: Some("+garden".to_owned()),
            text: "hello\n\u{1b}[2Jworld".to_owned(),
        };
        let line = line(&said, 80);
        assert!(line.starts_with("» @ana · +garden: hello"), "{line}");
        assert!(!line.contains(['\n', '\u{1b}']), "{line}");
    }
}
