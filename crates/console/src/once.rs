//! One command: do it, say what came of it, end with its status.

use crate::account::{self, Given, Left};
use crate::agent;
use crate::answer::Answer;
use crate::asking::Asking;
use crate::background::Background;
use crate::command::{
    AccountVerb, ClientCommand, Common, CommunityVerb, ContactsVerb, DevicesVerb, InviteVerb, Paging,
    PassphraseVerb, ProfileVerb, RequestsVerb, Verb,
};
use crate::deed::{Deed, Listing, perform};
use crate::device::{self, Linking, Restoring};
use crate::interactive;
use crate::look::Look;
use crate::page::{Page, Paint, Style};
use crate::terminal::{Editor, Lines, Terminal};
use crate::words::Words;
use crate::{plain, refusal, show};
use serde_json::json;
use std::io::{BufRead, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use tertulia_client::community::Settling;
use tertulia_client::failure::{Fault, Misuse};
use tertulia_client::key::Passphrase;
use tertulia_client::mark::{BOOKMARK, BOOKMARKS, FAVOURITE, FAVOURITES, REDWEET};
use tertulia_client::message::Direct;
use tertulia_client::message::verify::Word;
use tertulia_client::moderation::Decision;
use tertulia_client::place::Place;
use tertulia_client::relation::Tie;
use tertulia_client::{Client, Failure, Lookout, Settings};
use zeroize::Zeroizing;

/// The machine that is asked first when none is named or remembered: the one on this computer. Then the network is.
pub const USUAL_SERVER: &str = "http://127.0.0.1:8787";
/// How often a passphrase is asked for.
const PASSPHRASES_MAX: usize = 5;
/// How much of standard input is read as the text of a dweet: far more than one may hold.
const TEXT_BYTES_MAX: u64 = 64 << 10;

/// How a command is carried out.
enum Task {
    Register {
        nick: String,
        name: Option<String>,
        invite: Option<String>,
    },
    Login {
        nick: String,
    },
    Logout {
        keep: bool,
    },
    Passwd,
    Close {
        sure: bool,
    },
    Link {
        code: Option<Zeroizing<String>>,
        label: Option<String>,
        sure: bool,
    },
    Reset {
        sure: bool,
    },
    Backup {
        file: Option<PathBuf>,
        new_code: bool,
    },
    Restore {
        file: Option<PathBuf>,
        older: bool,
        label: Option<String>,
    },
    /// Whether there is to be one.
    Passphrase(bool),
    Console,
    Agent(Option<Direct>),
    StopAgent,
    /// The messages with somebody, and those that come.
    Follow {
        with: String,
        limit: usize,
    },
    /// What needs no dialogue, and how many rows are wanted.
    Deed(Deed, usize),
}

/// Runs a command of the client.
pub async fn run(command: ClientCommand) -> ExitCode {
    let words = Words::of_environment();
    let look = Look::of_terminal(words, std::io::stdout().is_terminal());
    let json = command.common.json;
    let prepared = settings(&command.common).and_then(|settings| {
        let (client, settings) = opened(&look, settings)?;
        Ok((client, settings, task_of(command.verb)?))
    });
    let (client, settings, task) = match prepared {
        Ok((client, settings, Task::Console)) => return console(client, settings, look, json).await,
        Ok((client, settings, Task::Passphrase(is_set))) => {
            // The databases get another key: nobody may have them open.
            drop(client);
            return ExitCode::from(report(&look, json, passphrase(&look, &settings, is_set)));
        }
        Ok((client, _, Task::Agent(direct))) => {
            return attend(&look, json, agent::run(&client, &look, direct).await);
        }
        Ok((client, _, Task::Follow { with, limit })) => {
            let followed = agent::follow(&client, &look, json, &with, limit).await;
            return attend(&look, json, followed);
        }
        Ok((client, settings, task)) => (client, settings, task),
        Err(failure) => return ExitCode::from(report(&look, json, Err(Left::Failed(failure)))),
    };
    let has_sent = matches!(task, Task::Deed(Deed::Send { .. } | Deed::Room(_), _));
    let outcome = one(&client, &look, task).await;
    let status = report(&look, json, outcome);
    if let Some(background) = Background::of_environment().filter(|_| has_sent && status != 2) {
        background.start(&client, &settings);
    }
    // The answer stands on the screen. A list of machines that does not come will be asked for next time.
    let _ = client.settle().await;
    ExitCode::from(status)
}

/// An empty variable is as good as none.
fn settings(common: &Common) -> Result<Settings, Failure> {
    let path = |given: &Option<PathBuf>| given.clone().filter(|path| !path.as_os_str().is_empty());
    let data = match path(&common.data) {
        Some(data) => data,
        None => Place::usual(|name| std::env::var(name).ok())?,
    };
    let given = |text: &&String| !text.trim().is_empty();
    Ok(Settings {
        data,
        servers: common.server.iter().filter(given).cloned().collect(),
        usual_server: Some(USUAL_SERVER.to_owned()),
        lookout: Lookout::Network,
        ca: path(&common.ca),
        ca_fingerprint: common.ca_fingerprint.as_ref().filter(given).cloned(),
        passphrase: secret("TERTULIA_PASSPHRASE").map(Passphrase::new),
        patience_ms: None,
        direct_patience_ms: None,
    })
}

/// Opens what the client keeps; the passphrase that it lies under is asked for where there is a keyboard.
fn opened(look: &Look, mut settings: Settings) -> Result<(Client, Settings), Failure> {
    let (mut terminal, keyboard) = questions(look);
    for _ in 0..PASSPHRASES_MAX {
        match Client::open(&settings) {
            Err(failure @ Failure::Local(Fault::Locked | Fault::WrongPassphrase)) if keyboard => {
                let mut asking = Asking {
                    look,
                    terminal: &mut terminal,
                };
                if settings.passphrase.is_some() {
                    asking.failed(&failure);
                }
                let typed = asking.secret("ask-passphrase");
                settings.passphrase = Some(Passphrase::new(typed.ok_or(failure)?));
            }
            opened => return Ok((opened?, settings)),
        }
    }
    Ok((Client::open(&settings)?, settings))
}

/// Puts what the client keeps under a passphrase, or under none.
fn passphrase(look: &Look, settings: &Settings, is_set: bool) -> Result<Answer, Left> {
    let (mut terminal, keyboard) = questions(look);
    let mut asking = Asking {
        look,
        terminal: &mut terminal,
    };
    let new = match (is_set, secret("TERTULIA_NEW_PASSPHRASE")) {
        (false, _) => None,
        (true, Some(given)) => Some(given),
        (true, None) => match asking.new_secret("ask-passphrase-new") {
            Some(typed) => Some(typed),
            None => {
                if !keyboard {
                    asking.hint("no-keyboard");
                }
                return Err(Left::Cancelled);
            }
        },
    };
    Client::change_passphrase(settings, new.map(Passphrase::new))?;
    Ok(Answer::PassphraseChanged { is_set })
}

/// Questions go to standard error, so that standard output holds the answer alone. Without a keyboard nobody is asked.
fn questions(look: &Look) -> (Lines<Box<dyn BufRead>, std::io::Stderr>, bool) {
    let keyboard = std::io::stdin().is_terminal();
    let input: Box<dyn BufRead> = if keyboard {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::io::empty())
    };
    let paint = if std::io::stderr().is_terminal() {
        look.paint
    } else {
        Paint::Bare
    };
    (Lines::new(input, std::io::stderr(), paint, keyboard), keyboard)
}

async fn one(client: &Client, look: &Look, task: Task) -> Result<Answer, Left> {
    let (mut terminal, keyboard) = questions(look);
    let mut asking = Asking {
        look,
        terminal: &mut terminal,
    };
    let outcome = carry_out(client, &mut asking, task).await;
    if let (Err(Left::Cancelled), false) = (&outcome, keyboard) {
        asking.hint("no-keyboard");
    }
    outcome
}

async fn carry_out(client: &Client, asking: &mut Asking<'_>, task: Task) -> Result<Answer, Left> {
    let given = Given {
        password: secret("TERTULIA_PASSWORD"),
        ..Given::default()
    };
    match task {
        Task::Register { nick, name, invite } => {
            account::register(
                asking,
                client,
                Given {
                    nick: Some(nick),
                    name,
                    invite,
                    ..given
                },
            )
            .await
        }
        Task::Login { nick } => {
            account::login(
                asking,
                client,
                Given {
                    nick: Some(nick),
                    ..given
                },
            )
            .await
        }
        Task::Passwd => {
            let new_password = secret("TERTULIA_NEW_PASSWORD");
            account::change_password(
                asking,
                client,
                Given {
                    new_password,
                    ..given
                },
            )
            .await
        }
        Task::Close { sure } => account::close(asking, client, Given { sure, ..given }).await,
        Task::Logout { keep } => {
            let how = client.logout(keep).await?;
            Ok(Answer::LoggedOut { how, kept: keep })
        }
        Task::StopAgent => Ok(Answer::AgentStopped {
            was_running: agent::stop(client)?,
        }),
        Task::Link { code, label, sure } => device::link(asking, client, Linking { code, label, sure }).await,
        Task::Reset { sure } => device::reset(asking, client, sure).await,
        Task::Backup { file, new_code } => {
            let code = secret("TERTULIA_RECOVERY_CODE");
            device::backup(asking, client, file, code, new_code).await
        }
        Task::Restore { file, older, label } => {
            let code = secret("TERTULIA_RECOVERY_CODE");
            let restoring = Restoring {
                file,
                code,
                older,
                label,
            };
            device::restore(asking, client, restoring).await
        }
        Task::Passphrase(_) | Task::Console | Task::Agent(_) | Task::Follow { .. } => Err(Left::Cancelled),
        Task::Deed(deed, limit) => Ok(asking
            .trusting(client, async || {
                perform(client, &deed, Listing { limit, go_on: false }).await
            })
            .await?),
    }
}

/// What a command means. Reads standard input where a text is to come from there.
fn task_of(verb: Verb) -> Result<Task, Failure> {
    /// Where a command has no `--limit`.
    const LIMIT: usize = 20;
    let tie = |nick, undo, one, other| Deed::Tie {
        nick,
        tie: if undo { other } else { one },
    };
    let mark = |dweet, mark, undo| Deed::Mark { dweet, mark, undo };
    let marked = |list, Paging { limit, before: from }| (Deed::Marked { list, from }, usize::from(limit));
    let (deed, limit) = match verb {
        Verb::Register { nick, name, invite } => return Ok(Task::Register { nick, name, invite }),
        Verb::Login { nick } => return Ok(Task::Login { nick }),
        Verb::Logout { keep } => return Ok(Task::Logout { keep }),
        Verb::Passwd => return Ok(Task::Passwd),
        Verb::DeleteAccount { yes } => return Ok(Task::Close { sure: yes }),
        Verb::Console => return Ok(Task::Console),
        Verb::Whoami => (Deed::Whoami, LIMIT),
        Verb::Profile {
            nick,
            paging,
            verb: None,
        } => (
            Deed::Profile {
                nick,
                from: paging.before,
            },
            usize::from(paging.limit),
        ),
        Verb::Profile {
            verb: Some(ProfileVerb::Edit { name, bio }),
            ..
        } => (Deed::EditProfile { name, bio }, LIMIT),
        Verb::Dweet { text } => (
            Deed::Publish {
                text: text_of(text)?,
                answers: None,
            },
            LIMIT,
        ),
        Verb::Reply { dweet, text } => (
            Deed::Publish {
                text: text_of(text)?,
                answers: Some(dweet),
            },
            LIMIT,
        ),
        Verb::Redweet { dweet } => (mark(dweet, REDWEET, false), LIMIT),
        Verb::Unredweet { dweet } => (mark(dweet, REDWEET, true), LIMIT),
        Verb::Favourite { dweet, undo } => (mark(dweet, FAVOURITE, undo), LIMIT),
        Verb::Bookmark { dweet, undo } => (mark(dweet, BOOKMARK, undo), LIMIT),
        Verb::Bookmarks { paging } => marked(BOOKMARKS, paging),
        Verb::Favourites { paging } => marked(FAVOURITES, paging),
        Verb::Delete { dweet } => (Deed::Delete { dweet }, LIMIT),
        Verb::Follow { nick } => (tie(nick, false, Tie::Follow, Tie::Unfollow), LIMIT),
        Verb::Unfollow { nick } => (tie(nick, true, Tie::Follow, Tie::Unfollow), LIMIT),
        Verb::Block { nick, undo } => (tie(nick, undo, Tie::Block, Tie::Unblock), LIMIT),
        Verb::Mute { nick, undo } => (tie(nick, undo, Tie::Mute, Tie::Unmute), LIMIT),
        Verb::Feed { latest, limit } => (Deed::Feed { latest, from: None }, usize::from(limit)),
        Verb::Thread { dweet } => (Deed::Thread { dweet }, LIMIT),
        Verb::Search { words } => (
            Deed::Search {
                words: words.join(" "),
            },
            LIMIT,
        ),
        Verb::Appoint { nick, role, why } => {
            let decision = Decision::GiveRole { nick, role };
            (Deed::Decide { decision, why }, LIMIT)
        }
        Verb::Suspend { nick, why } => {
            let decision = Decision::Suspend { nick };
            (Deed::Decide { decision, why }, LIMIT)
        }
        Verb::Unsuspend { nick, why } => {
            let decision = Decision::Unsuspend { nick };
            (Deed::Decide { decision, why }, LIMIT)
        }
        Verb::Takedown { dweet, why } => {
            let decision = Decision::TakeDown { dweet };
            (Deed::Decide { decision, why }, LIMIT)
        }
        Verb::Invite { verb } => match verb {
            InviteVerb::Create { uses, days, note } => (Deed::Invite { note, uses, days }, LIMIT),
            InviteVerb::List => (Deed::Invitations, LIMIT),
            InviteVerb::Revoke { invitation } => (Deed::Disinvite { invitation }, LIMIT),
        },
        Verb::Report {
            nick,
            dweets,
            category,
            comment,
        } => {
            let report = Deed::Report {
                nick: Some(nick),
                dweets,
                category: Some(category),
                comment,
            };
            (report, LIMIT)
        }
        Verb::Reports { resolved, paging } => {
            let from = paging.before;
            (Deed::Reports { resolved, from }, usize::from(paging.limit))
        }
        Verb::Resolve { report, note } => (Deed::Resolve { report, note }, LIMIT),
        Verb::Community { verb: None } => (Deed::Community, LIMIT),
        Verb::Community {
            verb:
                Some(CommunityVerb::Set {
                    registration,
                    members_may_invite,
                    description,
                    rules,
                    no_rules,
                    welcome,
                    why,
                }),
        } => {
            let rules = (no_rules || !rules.is_empty()).then_some(rules);
            let settling = Settling {
                registration,
                members_may_invite,
                description,
                rules,
                welcome,
                why,
            };
            (Deed::Settle(settling), LIMIT)
        }
        Verb::Noted { nick } => (Deed::Noted { nick }, LIMIT),
        Verb::Modlog { paging } => (Deed::Modlog { from: paging.before }, usize::from(paging.limit)),
        Verb::Send { to, text } => {
            let text = text_of(text)?;
            (Deed::Send { to, text }, LIMIT)
        }
        Verb::Contacts { verb } => (Deed::Contacts(verb.unwrap_or(ContactsVerb::List)), LIMIT),
        Verb::Find { words, limit } => (
            Deed::Find {
                words: words.join(" "),
            },
            usize::from(limit),
        ),
        Verb::Export { file } => (Deed::Export { file }, LIMIT),
        Verb::Room { verb } => (Deed::Room(verb), LIMIT),
        Verb::Chats => (Deed::Chats, LIMIT),
        Verb::Requests { verb } => (Deed::Requests(verb.unwrap_or(RequestsVerb::List)), LIMIT),
        Verb::Read {
            with,
            limit,
            follow: true,
        } => {
            let limit = usize::from(limit);
            return Ok(Task::Follow { with, limit });
        }
        Verb::Read { with, limit, .. } => (Deed::Read { with }, usize::from(limit)),
        Verb::Agent { stop: true, .. } => return Ok(Task::StopAgent),
        Verb::Devices { verb: None } => (Deed::Devices, LIMIT),
        Verb::Devices {
            verb: Some(DevicesVerb::Revoke { device }),
        } => (Deed::Revoke { device }, LIMIT),
        Verb::Devices {
            verb: Some(DevicesVerb::Reset { yes }),
        } => return Ok(Task::Reset { sure: yes }),
        Verb::Link { code, label, yes } => {
            return Ok(Task::Link {
                code: code.map(Zeroizing::new),
                label,
                sure: yes,
            });
        }
        Verb::Account {
            verb: AccountVerb::Backup { file, new_code },
        } => return Ok(Task::Backup { file, new_code }),
        Verb::Account {
            verb: AccountVerb::Restore { file, older, label },
        } => return Ok(Task::Restore { file, older, label }),
        Verb::Account {
            verb: AccountVerb::Passphrase { verb },
        } => return Ok(Task::Passphrase(verb == PassphraseVerb::Set)),
        Verb::Verify {
            nick,
            confirm,
            accept,
        } => {
            let word = match (confirm, accept) {
                (true, _) => Some(Word::Confirm),
                (false, true) => Some(Word::Accept),
                (false, false) => None,
            };
            (Deed::Verify { nick, word }, LIMIT)
        }
        Verb::Agent {
            direct,
            direct_address,
            ..
        } => {
            let direct = direct.then_some(Direct {
                address: direct_address,
            });
            return Ok(Task::Agent(direct));
        }
        Verb::Notifications { paging } => (
            Deed::Notifications { from: paging.before },
            usize::from(paging.limit),
        ),
    };
    Ok(Task::Deed(deed, limit))
}

/// The text of a dweet: what was typed, or standard input for `-`.
fn text_of(typed: String) -> Result<String, Failure> {
    if typed != "-" {
        return Ok(typed);
    }
    let mut text = String::new();
    let read = std::io::stdin()
        .lock()
        .take(TEXT_BYTES_MAX)
        .read_to_string(&mut text);
    read.map_err(|source| tertulia_client::failure::Fault::File {
        path: "stdin".to_owned(),
        source,
    })?;
    Ok(text)
}

fn secret(variable: &str) -> Option<Zeroizing<String>> {
    std::env::var(variable)
        .ok()
        .filter(|secret| !secret.is_empty())
        .map(Zeroizing::new)
}

/// The end of what goes on until it is stopped.
fn attend(look: &Look, json: bool, ended: Result<(), Failure>) -> ExitCode {
    ended.map_or_else(
        |failure| ExitCode::from(report(look, json, Err(Left::Failed(failure)))),
        |()| ExitCode::SUCCESS,
    )
}

/// Says what came of it; gives the exit status.
fn report(look: &Look, json: bool, outcome: Result<Answer, Left>) -> u8 {
    match outcome {
        Ok(answer) => {
            let text = if answer.is_written() {
                String::new()
            } else if json {
                plain::json_line(&answer.json())
            } else {
                show::show(look, &answer).print(look.paint)
            };
            let written = std::io::stdout().lock().write_all(text.as_bytes());
            // A reader that has gone away (`| head`) is no failure of the action.
            let _ = written.and_then(|()| std::io::stdout().flush());
            if answer.is_offline() { 3 } else { 0 }
        }
        Err(Left::Cancelled) => 2,
        Err(Left::Failed(failure)) => {
            let said = refusal::words(look, &failure);
            if json {
                print!(
                    "{}",
                    plain::json_line(&json!({ "error": plain::text(&said), "code": failure.code() }))
                );
            } else {
                let mut page = Page::new(look.columns);
                page.text(Style::Bad, 0, &said);
                let paint = if std::io::stderr().is_terminal() {
                    look.paint
                } else {
                    Paint::Bare
                };
                eprint!("{}", page.print(paint));
            }
            failure.exit_status()
        }
    }
}

async fn console(client: Client, settings: Settings, mut look: Look, json: bool) -> ExitCode {
    // Who is not there answers no question.
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return ExitCode::from(report(&look, json, Err(Left::Failed(Misuse::NoTerminal.into()))));
    }
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    let mut editor;
    let mut lines;
    let terminal: &mut dyn Terminal = if !dumb {
        look.measure();
        editor = Editor::new(look.paint);
        &mut editor
    } else {
        let input = std::io::stdin().lock();
        lines = Lines::new(input, std::io::stdout(), look.paint, true);
        &mut lines
    };
    let background = Background::of_environment();
    interactive::run(client, settings, look, terminal, background).await;
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::settings;
    use crate::command::Common;
    use std::path::PathBuf;

    #[test]
    fn an_empty_variable_is_as_good_as_none() {
        let common = Common {
            server: vec![String::new(), "127.0.0.1:1".to_owned()],
            data: Some(PathBuf::from("/somewhere")),
            ca: Some(PathBuf::new()),
            ca_fingerprint: Some(" ".to_owned()),
            json: false,
        };
        let settings = settings(&common).expect("settings");
        assert_eq!(settings.servers, ["127.0.0.1:1"]);
        assert_eq!((settings.ca, settings.ca_fingerprint), (None, None));
    }
}
