//! The interactive console: the choices stay in view, one word is enough, and it asks for the rest.
//!
//! **Invariant:** nothing typed here ends the console but `quit` and Ctrl-D; whatever goes wrong is said, and the next
//! line is asked for.
//!
//! Deliberately absent: a screen of its own. What was shown stays in the terminal, can be scrolled back, copied, and
//! read aloud by a screen reader.

use crate::account::{self, Given, Left, valid_nick};
use crate::answer::Answer;
use crate::asking::Asking;
use crate::background::Background;
use crate::choice::{self, Choice, Takes};
use crate::complete::Completions;
use crate::deed::{Deed, Listing, perform};
use crate::device::{self, Linking, Restoring};
use crate::look::Look;
use crate::news::Watch;
use crate::page::Style;
use crate::show;
use crate::terminal::{Question, Terminal, Typed};
use crate::wish::Wish;
use std::path::PathBuf;
use std::time::Duration;
use tertulia_client::failure::Refusal;
use tertulia_client::mark::List;
use tertulia_client::{Client, Failure, Settings};
use tertulia_types::entity::Unseen;

/// How long a person waits for the number of unseen dweets before the prompt comes without it.
const UNSEEN_MS_MAX: u64 = 1_500;
/// What most dweets take on the screen: names, two lines, a gap.
const DWEET_ROWS: usize = 4;
/// Behind this one, a new list is numbered from 1 again.
const NUMBER_MAX: u32 = 80;
/// What the panel, the prompt and the line below a list take.
const OTHER_ROWS: usize = 8;

/// What `more` brings.
#[derive(Debug, Clone, Default)]
enum More {
    #[default]
    Feed,
    FeedFrom(bool, String),
    Profile(Option<String>, String),
    Notifications(String),
    Marked(List, String),
    Nothing,
}

/// What stands before the cursor.
#[derive(Debug, Clone, Copy)]
enum Status {
    Known(Unseen),
    Unknown,
    Offline,
}

/// Whether the console goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Stay,
    Quit,
}

struct Console<'a> {
    client: Client,
    background: Option<Background>,
    watch: Option<Watch>,
    settings: Settings,
    look: Look,
    terminal: &'a mut dyn Terminal,
    more: More,
    status: Status,
}

/// Talks until the person has enough.
pub async fn run(
    client: Client,
    settings: Settings,
    look: Look,
    terminal: &mut dyn Terminal,
    background: Option<Background>,
) {
    let look = Look {
        talking: true,
        ..look
    };
    let mut console = Console {
        client,
        background,
        watch: None,
        settings,
        look,
        terminal,
        more: More::default(),
        status: Status::Unknown,
    };
    console.greet().await;
    loop {
        console.learn();
        console.watch();
        match console.ask() {
            Typed::Line(line) if line.trim().is_empty() => {}
            Typed::Line(line) => {
                if console.take(line.trim()).await == Flow::Quit {
                    break;
                }
            }
            Typed::Cancelled => console.asking().hint("console-how-to-leave"),
            Typed::Ended => break,
        }
    }
    let goodbye = console.look.words.say("goodbye");
    console.asking().say(Style::Plain, &goodbye);
    // What is not known of the ring's machines now will be asked for next time.
    let _ = console.client.settle().await;
}

impl Console<'_> {
    fn asking(&mut self) -> Asking<'_> {
        Asking {
            look: &self.look,
            terminal: &mut *self.terminal,
        }
    }

    fn inside(&self) -> bool {
        self.client.nick().is_some()
    }

    async fn greet(&mut self) {
        let welcome = match self.client.nick() {
            Some(nick) => self.look.words.with("welcome-back", &[("nick", nick.into())]),
            None => self.look.words.say("welcome"),
        };
        self.asking().say(Style::Strong, &welcome);
        let mut asking = Asking {
            look: &self.look,
            terminal: &mut *self.terminal,
        };
        let reached = asking
            .trusting(&self.client, async || self.client.reach().await)
            .await;
        match reached {
            Ok(()) => self.count_unseen().await,
            Err(failure) => {
                self.status = Status::Offline;
                let hint = match (self.inside(), failure.is_unreachable()) {
                    (true, _) => Some("offline-inside"),
                    (false, true) => Some("offline-outside"),
                    (false, false) => None,
                };
                let mut asking = self.asking();
                asking.failed(&failure);
                if let Some(key) = hint {
                    let hint = asking.look.words.say(key);
                    asking.say(Style::Bad, &hint);
                }
            }
        }
    }

    /// What completes, and what the arrow keys bring back: the person may have changed.
    fn learn(&mut self) {
        let words = choice::choices(self.inside())
            .iter()
            .map(|choice| choice.word(&self.look.words));
        let nicks = self.client.nicks_met().unwrap_or_default();
        let lines = self.client.lines().unwrap_or_default();
        self.terminal
            .learn(Completions::new(words.collect(), nicks), &lines);
    }

    /// Sees to it that messages come in, and are told of, for whoever is logged in now.
    fn watch(&mut self) {
        let nick = self.client.nick();
        if self.watch.as_ref().map(|watch| &watch.nick) == nick.as_ref() {
            return;
        }
        self.watch = None;
        let Some(nick) = nick else { return };
        if let Some(background) = &self.background {
            background.start(&self.client, &self.settings);
        }
        if let Some(printer) = self.terminal.printer() {
            self.watch = Watch::begin(&nick, &self.settings, self.look.columns, printer);
        }
    }

    fn ask(&mut self) -> Typed<String> {
        self.look.measure();
        let above = choice::panel(&self.look, self.inside()).print(self.look.paint);
        let mark = match (self.client.nick(), self.status) {
            (None, _) => "tertulia › ".to_owned(),
            (Some(nick), Status::Unknown) => format!("@{nick} › "),
            (Some(nick), Status::Known(unseen)) => {
                format!("@{nick} · {} › ", show::unseen(&self.look, unseen))
            }
            (Some(nick), Status::Offline) => format!("@{nick} · {} › ", self.look.words.say("offline")),
        };
        self.terminal.command(&Question {
            above: &above,
            mark: &mark,
            draft: "",
        })
    }

    async fn take(&mut self, line: &str) -> Flow {
        let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        if rest.is_empty() && self.inside() && is_number(first) {
            self.do_it(Deed::Thread {
                dweet: first.to_owned(),
            })
            .await;
            return Flow::Stay;
        }
        let Some(choice) = choice::find(&self.look.words, self.inside(), first) else {
            self.unknown(first);
            return Flow::Stay;
        };
        // A line that is not remembered is only not offered again.
        let _ = self.client.keep_line(line);
        if choice.id == "quit" {
            return Flow::Quit;
        }
        self.choose(choice, rest).await;
        Flow::Stay
    }

    fn unknown(&mut self, typed: &str) {
        let inside = self.inside();
        let hint = match choice::nearest(&self.look.words, inside, typed) {
            Some(near) => self.look.words.with(
                "hint-did-you-mean",
                &[("typed", typed.into()), ("near", near.into())],
            ),
            None => self.look.words.with("hint-unknown", &[("typed", typed.into())]),
        };
        self.asking().say(Style::Bad, &hint);
    }

    async fn choose(&mut self, choice: Choice, rest: &str) {
        match choice.id {
            "register" => self.enter(true).await,
            "login" => self.enter(false).await,
            "server" => self.change_server(rest).await,
            "logout" => self.leave(rest).await,
            "passwd" => {
                let mut asking = Asking {
                    look: &self.look,
                    terminal: &mut *self.terminal,
                };
                let outcome = account::change_password(&mut asking, &self.client, Given::default()).await;
                self.finish(outcome).await;
            }
            "delete-account" => {
                let mut asking = Asking {
                    look: &self.look,
                    terminal: &mut *self.terminal,
                };
                let outcome = account::close(&mut asking, &self.client, Given::default()).await;
                self.finish(outcome).await;
            }
            "devices" if device::is_reset(&self.look.words, rest) => {
                let mut asking = Asking {
                    look: &self.look,
                    terminal: &mut *self.terminal,
                };
                let outcome = device::reset(&mut asking, &self.client, false).await;
                self.finish(outcome).await;
            }
            "link" | "backup" | "restore" => {
                let mut asking = Asking {
                    look: &self.look,
                    terminal: &mut *self.terminal,
                };
                let file = (!rest.is_empty()).then(|| PathBuf::from(rest));
                let outcome = match choice.id {
                    "link" => device::link(&mut asking, &self.client, Linking::default()).await,
                    "backup" => device::backup(&mut asking, &self.client, file, None, false).await,
                    _ => {
                        let restoring = Restoring {
                            file,
                            ..Restoring::default()
                        };
                        device::restore(&mut asking, &self.client, restoring).await
                    }
                };
                self.finish(outcome).await;
            }
            "help" => self.help(rest),
            "more" => match self.next() {
                Some(deed) => self.do_it(deed).await,
                None => self.asking().hint("hint-nothing-more"),
            },
            _ => {
                let asking = Asking {
                    look: &self.look,
                    terminal: &mut *self.terminal,
                };
                let wish = Wish {
                    client: &self.client,
                    asking,
                }
                .deed(choice, rest);
                if let Some(deed) = wish {
                    self.do_it(deed).await;
                }
            }
        }
    }

    async fn do_it(&mut self, deed: Deed) {
        self.look.measure();
        let limit = (self.look.rows.saturating_sub(OTHER_ROWS) / DWEET_ROWS).clamp(3, 20);
        // The head of a profile takes the place of a dweet.
        let limit = limit - usize::from(matches!(deed, Deed::Profile { from: None, .. }));
        // What is on the screen keeps its number; numbers of two digits are still easy to type.
        let go_on = self
            .client
            .greatest_number()
            .is_ok_and(|greatest| greatest < NUMBER_MAX);
        let listing = Listing { limit, go_on };
        let mut deed = deed;
        loop {
            let mut asking = Asking {
                look: &self.look,
                terminal: &mut *self.terminal,
            };
            let outcome = asking
                .trusting(&self.client, async || perform(&self.client, &deed, listing).await)
                .await;
            // A nick that nobody has is the commonest slip: ask for it again at once.
            if let (Err(failure @ Failure::Refused(Refusal { status: 404, .. })), Deed::Tie { tie, .. }) =
                (&outcome, &deed)
            {
                asking.failed(failure);
                let Some(nick) = asking.line("ask-nick-whom", valid_nick) else {
                    return;
                };
                deed = Deed::Tie { nick, tie: *tie };
                continue;
            }
            if let (Err(failure), Some(line)) = (&outcome, self.typed_again(&deed))
                && failure.is_unreachable()
            {
                // A line that is not remembered is only not offered again.
                let _ = self.client.keep_line(&line);
                self.asking().failed(failure);
                self.asking().hint("hint-text-kept");
                self.status = Status::Offline;
                return;
            }
            if let Ok(answer) = &outcome {
                self.more = more_after(&deed, answer);
            }
            return self.finish(outcome.map_err(Left::Failed)).await;
        }
    }

    /// The line that publishes a text once more: what somebody wrote must not be lost with the connection.
    fn typed_again(&self, deed: &Deed) -> Option<String> {
        let Deed::Publish { text, answers } = deed else {
            return None;
        };
        let word = |id: &str| self.look.words.say(&format!("word-{id}"));
        let text = text.replace('\n', " ");
        Some(match answers {
            Some(answered) => format!("{} {answered} {text}", word("reply")),
            None => format!("{} {text}", word("dweet")),
        })
    }

    /// Shows what came of it, and counts anew what is unseen.
    async fn finish(&mut self, outcome: Result<Answer, Left>) {
        match outcome {
            Ok(answer) => {
                let page = show::show(&self.look, &answer);
                self.asking().show(page);
                if let Answer::Feed { page, .. } = &answer
                    && let Some(unseen) = page.what.unseen
                {
                    self.status = Status::Known(unseen);
                } else if answer.is_offline() {
                    self.status = Status::Offline;
                } else {
                    self.count_unseen().await;
                }
            }
            Err(Left::Cancelled) => {}
            Err(Left::Failed(failure)) => {
                self.asking().failed(&failure);
                match failure {
                    Failure::SessionEnded => {
                        // Without its token the session cannot be used anyway.
                        let _ = self.client.drop_session();
                    }
                    Failure::Unreachable(_) | Failure::NothingNear(_) => self.status = Status::Offline,
                    Failure::Refused(_)
                    | Failure::Untrusted(_)
                    | Failure::Mistrusted(_)
                    | Failure::Misused(_)
                    | Failure::Local(_) => {}
                }
            }
        }
    }

    async fn count_unseen(&mut self) {
        if !self.inside() {
            self.status = Status::Unknown;
            return;
        }
        let limit = Duration::from_millis(UNSEEN_MS_MAX);
        self.status = match tokio::time::timeout(limit, self.client.unseen()).await {
            Ok(Ok(unseen)) => Status::Known(unseen),
            Ok(Err(failure)) if failure.is_unreachable() => Status::Offline,
            Ok(Err(_)) | Err(_) => Status::Unknown,
        };
    }

    async fn enter(&mut self, new: bool) {
        let mut asking = Asking {
            look: &self.look,
            terminal: &mut *self.terminal,
        };
        let outcome = if new {
            account::register(&mut asking, &self.client, Given::default()).await
        } else {
            account::login(&mut asking, &self.client, Given::default()).await
        };
        self.more = More::default();
        self.finish(outcome).await;
    }

    async fn leave(&mut self, rest: &str) {
        let keep =
            choice::folded(rest) == choice::folded(&self.look.words.say("word-keep")) || rest == "keep";
        self.watch = None;
        let outcome = self.client.logout(keep).await;
        self.more = More::default();
        self.finish(
            outcome
                .map(|how| Answer::LoggedOut { how, kept: keep })
                .map_err(Left::Failed),
        )
        .await;
    }

    /// Asks for another machine, until one answers.
    async fn change_server(&mut self, rest: &str) {
        let mut typed = rest.to_owned();
        loop {
            if typed.is_empty() {
                let asked = self.asking().line("ask-server", |_, line| {
                    (!line.trim().is_empty()).then(|| line.to_owned())
                });
                let Some(line) = asked else { return };
                typed = line;
            }
            let settings = Settings {
                servers: vec![typed.trim().to_owned()],
                ..self.settings.clone()
            };
            let mut asking = Asking {
                look: &self.look,
                terminal: &mut *self.terminal,
            };
            let reached = match Client::open(&settings) {
                Ok(client) => asking
                    .trusting(&client, async || client.reach().await)
                    .await
                    .map(|()| client),
                Err(failure) => Err(failure),
            };
            match reached {
                Ok(client) => {
                    (self.client, self.settings) = (client, settings);
                    return self.asking().hint("server-reached");
                }
                Err(failure) => asking.failed(&failure),
            }
            typed.clear();
        }
    }

    fn help(&mut self, rest: &str) {
        let words = &self.look.words;
        let inside = self.inside();
        let mut page = self.look.page();
        let about = choice::find(words, inside, rest);
        let wanted = choice::choices(inside)
            .iter()
            .filter(|choice| about.is_none_or(|about| about == **choice));
        for choice in wanted {
            let usage = format!(
                "{:<24}",
                format!("{} {}", choice.word(words), takes(&self.look, choice.takes))
            );
            let help = words.say(&format!("help-{}", choice.id));
            page.pieces(1, &[(Style::Key, &usage), (Style::Plain, &help)]);
        }
        if about.is_none() && inside {
            page.text(Style::Dim, 1, &words.say("help-numbers"));
        }
        self.asking().show(page);
    }

    /// What `more` does now.
    fn next(&self) -> Option<Deed> {
        Some(match self.more.clone() {
            More::Feed => Deed::Feed {
                latest: false,
                from: None,
            },
            More::FeedFrom(latest, from) => Deed::Feed {
                latest,
                from: Some(from),
            },
            More::Profile(nick, from) => Deed::Profile {
                nick,
                from: Some(from),
            },
            More::Notifications(from) => Deed::Notifications { from: Some(from) },
            More::Marked(list, from) => Deed::Marked {
                list,
                from: Some(from),
            },
            More::Nothing => return None,
        })
    }
}

/// What comes after an answer, when `more` is asked for.
fn more_after(deed: &Deed, answer: &Answer) -> More {
    let last = |ids: Option<&String>, more: fn(String) -> More| ids.cloned().map_or(More::Nothing, more);
    match (deed, answer) {
        (Deed::Feed { latest, .. }, Answer::Feed { page, .. }) => match page.what.dweets.last() {
            Some(dweet) => More::FeedFrom(*latest, dweet.entry_id.clone()),
            None => More::Feed,
        },
        (Deed::Profile { nick, .. }, Answer::Profile { page, .. }) => match page.what.dweets.last() {
            Some(dweet) => More::Profile(nick.clone(), dweet.entry_id.clone()),
            None => More::Nothing,
        },
        (Deed::Notifications { .. }, Answer::Notifications { page, .. }) => last(
            page.what.last().map(|notification| &notification.id),
            More::Notifications,
        ),
        (Deed::Marked { list, .. }, Answer::List { page, .. }) => match &page.what.next {
            Some(next) => More::Marked(*list, next.clone()),
            None => More::Nothing,
        },
        _ => More::Feed,
    }
}

/// What follows the word of a choice, as the help shows it.
fn takes(look: &Look, takes: Takes) -> String {
    match takes {
        Takes::Nothing => String::new(),
        Takes::Dweet => "3".to_owned(),
        Takes::DweetAndText => format!("3 {}", look.words.say("takes-text")),
        Takes::Text => look.words.say("takes-text"),
        Takes::Chat => look.words.say("takes-chat"),
        Takes::ChatAndText => {
            let (chat, text) = (look.words.say("takes-chat"), look.words.say("takes-text"));
            format!("{chat} {text}")
        }
        Takes::Room => look.words.say("takes-room"),
        Takes::Nick | Takes::MaybeNick => look.words.say("takes-nick"),
        Takes::NickAndText => {
            format!(
                "{} {}",
                look.words.say("takes-nick"),
                look.words.say("takes-text")
            )
        }
        Takes::MaybeFile => look.words.say("takes-file"),
        Takes::Device => look.words.say("takes-device"),
        Takes::Words => look.words.say("takes-words"),
        Takes::Address => look.words.say("takes-address"),
        Takes::Choice => String::new(),
    }
}

fn is_number(typed: &str) -> bool {
    let digits = typed.strip_prefix('#').unwrap_or(typed);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
