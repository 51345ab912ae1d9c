//! What came of a deed, and its JSON for scripts.
//!
//! **Invariant:** the JSON of an answer is one object on one line, and its fields are only ever added to: scripts rely
//! on them. It holds plain text, not HTML, and no secret.

use serde_json::{Map, Value, json};
use std::path::PathBuf;
use tertulia_client::community::ReportPage;
use tertulia_client::dweet::Dweet;
use tertulia_client::feed::FeedPage;
use tertulia_client::mark::{ListPage, Mark};
use tertulia_client::message::alarm::Alarm;
use tertulia_client::message::devices::{OwnDevice, ShutOut};
use tertulia_client::message::link::Linked;
use tertulia_client::message::recovery::{BackedUp, Restored};
use tertulia_client::message::requests::Request;
use tertulia_client::message::verify::Verification;
use tertulia_client::message::{Chat, Contact, Found as FoundMessage, Message, Progress, Room, Sent};
use tertulia_client::moderation::{Decided, Decision, LogPage, Noted};
use tertulia_client::notification::Notification;
use tertulia_client::profile::{Profile, ProfilePage};
use tertulia_client::relation::{Relation, Tie};
use tertulia_client::search::Found;
use tertulia_client::session::{LoggedOut, Me};
use tertulia_client::thread::Thread;
use tertulia_client::view::Seen;
use tertulia_types::entity::{Community, Invitation, Unseen};

/// What came of a deed. Lists know the short numbers of their dweets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A new account, logged in.
    Registered(Me),
    /// Logged in.
    LoggedIn(Me),
    /// Logged out.
    LoggedOut {
        /// Whether the ring was told.
        how: LoggedOut,
        /// Whether what is on this computer was kept.
        kept: bool,
    },
    /// The password was changed.
    PasswordChanged,
    /// What this computer keeps lies under another passphrase, or under none.
    PassphraseChanged {
        /// Whether there is one.
        is_set: bool,
    },
    /// The account is closed for good.
    Closed,
    /// Who is logged in.
    Me {
        /// Who.
        me: Seen<Me>,
        /// What waits for them.
        unseen: Option<Unseen>,
    },
    /// A profile.
    Profile {
        /// The profile and its dweets.
        page: Seen<ProfilePage>,
        /// The numbers of its dweets.
        numbers: Vec<u32>,
        /// Whether this is the first page.
        head: bool,
    },
    /// One's own profile, after a change.
    Edited(Profile),
    /// Published.
    Published {
        /// What.
        dweet: Dweet,
        /// Its number.
        number: u32,
    },
    /// A mark was put on a dweet, or taken off.
    Marked {
        /// Which dweet.
        dweet: Dweet,
        /// What.
        mark: Mark,
        /// Taken off.
        undo: bool,
    },
    /// A list of dweets that have a mark.
    List {
        /// The page.
        page: Seen<ListPage>,
        /// The numbers of its dweets.
        numbers: Vec<u32>,
        /// Whether this is the first page.
        head: bool,
    },
    /// Deleted.
    Deleted {
        /// Which.
        id: String,
    },
    /// Followed, blocked, muted, or undone.
    Tied {
        /// Whom.
        nick: String,
        /// What.
        tie: Tie,
        /// How things stand now.
        relation: Relation,
    },
    /// A page of home.
    Feed {
        /// The page.
        page: Seen<FeedPage>,
        /// The numbers of its dweets.
        numbers: Vec<u32>,
    },
    /// A thread.
    Thread {
        /// In reading order.
        thread: Seen<Thread>,
        /// The numbers of its dweets.
        numbers: Vec<u32>,
    },
    /// What was found.
    Found {
        /// What.
        found: Found,
        /// The numbers of its dweets.
        numbers: Vec<u32>,
    },
    /// What others did.
    Notifications {
        /// Newest first.
        page: Seen<Vec<Notification>>,
        /// The numbers of its dweets.
        numbers: Vec<u32>,
        /// Whether this is the first page.
        head: bool,
    },
    /// Something that needs a role was decided.
    Decided {
        /// What.
        decision: Decision,
        /// What came of it.
        decided: Decided,
    },
    /// An invitation was made.
    Invited(Invitation),
    /// One's own invitations.
    Invitations(Vec<Invitation>),
    /// One was taken back.
    Disinvited {
        /// Which.
        invitation: String,
    },
    /// The moderators will hear of somebody.
    Reported {
        /// The report's number.
        report: String,
        /// Of whom.
        about: String,
    },
    /// Reports, as moderators read them.
    Reports {
        /// The page.
        page: ReportPage,
        /// Whether this is the first page.
        head: bool,
    },
    /// A report was settled.
    Resolved(Decided),
    /// What the community has settled.
    Community(Community),
    /// Something else was settled.
    Settled(Decided),
    /// People as moderators see them.
    Noted(Vec<Noted>),
    /// What moderators did.
    Modlog {
        /// The page.
        page: LogPage,
        /// Whether this is the first page.
        head: bool,
    },
    /// A private message is on its way, or waits.
    Sent {
        /// What became of it.
        sent: Sent,
        /// What the person must hear of.
        alarms: Vec<Alarm>,
    },
    /// All conversations.
    Chats {
        /// The one with the newest message first.
        chats: Vec<Chat>,
        /// How many conversations strangers ask for.
        requests: usize,
        /// What the person must hear of.
        alarms: Vec<Alarm>,
        /// Whether no machine answered.
        offline: bool,
    },
    /// What strangers ask for.
    Requests {
        /// The newest first.
        requests: Vec<Request>,
        /// Whether no machine answered.
        offline: bool,
    },
    /// The messages with somebody, or of a room.
    Messages {
        /// With whom, as it was typed.
        with: String,
        /// Oldest first.
        messages: Vec<Message>,
        /// What the person must hear of.
        alarms: Vec<Alarm>,
        /// Whether no machine answered.
        offline: bool,
    },
    /// The agent was told to end.
    AgentStopped {
        /// Whether there was one.
        was_running: bool,
    },
    /// The contacts, by name.
    Contacts {
        /// They.
        contacts: Vec<Contact>,
        /// Whether no machine answered.
        offline: bool,
    },
    /// Messages that were found, oldest first.
    FoundMessages(Vec<FoundMessage>),
    /// All messages were written into a file.
    Exported {
        /// How many.
        messages: usize,
        /// Which file.
        file: PathBuf,
    },
    /// A room, as it is now.
    Room {
        /// It.
        room: Room,
        /// What the person must hear of.
        alarms: Vec<Alarm>,
    },
    /// One's own devices.
    Devices(Vec<OwnDevice>),
    /// One of them was shut out.
    ShutOut(ShutOut),
    /// All of them are void, and another identity was begun on this computer.
    DevicesReset,
    /// Two computers were linked.
    Linked {
        /// What came of it.
        linked: Linked,
        /// Whether this is the one that was let in.
        is_new: bool,
    },
    /// A backup was made.
    BackedUp(BackedUp),
    /// A backup was taken back.
    Restored(Restored),
    /// How somebody's identity stands.
    Verification(Verification),
}

impl Answer {
    /// Whether it comes from this computer because no machine answered, or a machine could not be told.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        match self {
            Answer::Me { me, .. } => me.as_of.is_some(),
            Answer::Profile { page, .. } => page.as_of.is_some(),
            Answer::Feed { page, .. } => page.as_of.is_some(),
            Answer::List { page, .. } => page.as_of.is_some(),
            Answer::Thread { thread, .. } => thread.as_of.is_some(),
            Answer::Notifications { page, .. } => page.as_of.is_some(),
            Answer::LoggedOut { how, .. } => *how == LoggedOut::HereOnly,
            Answer::Sent { sent, .. } => sent.progress == Progress::Waiting,
            Answer::Chats { offline, .. }
            | Answer::Requests { offline, .. }
            | Answer::Contacts { offline, .. }
            | Answer::Messages { offline, .. } => *offline,
            Answer::Registered(_)
            | Answer::LoggedIn(_)
            | Answer::PasswordChanged
            | Answer::PassphraseChanged { .. }
            | Answer::Closed
            | Answer::Edited(_)
            | Answer::Published { .. }
            | Answer::Marked { .. }
            | Answer::Deleted { .. }
            | Answer::Tied { .. }
            | Answer::Found { .. }
            | Answer::Decided { .. }
            | Answer::Noted(_)
            | Answer::Invited(_)
            | Answer::Invitations(_)
            | Answer::Disinvited { .. }
            | Answer::Reported { .. }
            | Answer::Reports { .. }
            | Answer::Resolved(_)
            | Answer::Community(_)
            | Answer::Settled(_)
            | Answer::Modlog { .. }
            | Answer::AgentStopped { .. }
            | Answer::FoundMessages(_)
            | Answer::Exported { .. }
            | Answer::Room { .. }
            | Answer::Devices(_)
            | Answer::ShutOut(_)
            | Answer::DevicesReset
            | Answer::Linked { .. }
            | Answer::BackedUp(_)
            | Answer::Restored(_)
            | Answer::Verification(_) => false,
        }
    }

    /// Whether what was asked for is on standard output already, and nothing is to follow it.
    #[must_use]
    pub fn is_written(&self) -> bool {
        matches!(self, Answer::Exported { file, .. } if file.as_os_str() == "-")
    }

    /// The JSON for scripts.
    #[must_use]
    pub fn json(&self) -> Value {
        match self {
            Answer::Registered(me) | Answer::LoggedIn(me) => json!(me),
            Answer::LoggedOut { how, kept } => {
                json!({ "logged_out": true, "everywhere": *how == LoggedOut::Everywhere, "kept": kept })
            }
            Answer::PasswordChanged => json!({ "password_changed": true }),
            Answer::PassphraseChanged { is_set } => json!({ "passphrase": is_set }),
            Answer::Closed => json!({ "closed": true }),
            Answer::Me { me, unseen } => seen(me, json!(me.what), json!({ "unseen": unseen })),
            Answer::Profile { page, numbers, .. } => {
                let dweets = numbered(numbers, &page.what.dweets);
                seen(page, json!(page.what.profile), json!({ "dweets": dweets }))
            }
            Answer::Edited(profile) => json!(profile),
            Answer::Published { dweet, number } => with_number(*number, dweet),
            Answer::Marked { dweet, .. } => json!(dweet),
            Answer::List { page, numbers, .. } => {
                let dweets = numbered(numbers, &page.what.dweets);
                seen(
                    page,
                    json!({ "dweets": dweets }),
                    json!({ "next": page.what.next }),
                )
            }
            Answer::Deleted { id } => json!({ "deleted": id }),
            Answer::Tied { nick, relation, .. } => merged(json!({ "nick": nick }), json!(relation)),
            Answer::Feed { page, numbers } => {
                let FeedPage {
                    dweets,
                    unseen,
                    older,
                } = &page.what;
                let dweets = numbered(numbers, dweets);
                seen(
                    page,
                    json!({ "dweets": dweets }),
                    json!({ "unseen": unseen, "older": older }),
                )
            }
            Answer::Thread { thread, numbers } => {
                let dweets = numbered(numbers, &thread.what.dweets);
                seen(
                    thread,
                    json!({ "dweets": dweets }),
                    json!({ "at": thread.what.at }),
                )
            }
            Answer::Found { found, numbers } => {
                let dweets = numbered(numbers, &found.dweets);
                json!({ "people": found.people, "dweets": dweets, "hashtags": found.hashtags })
            }
            Answer::Decided { decided, .. } => json!(decided),
            Answer::Invited(invitation) => json!(invitation),
            Answer::Invitations(all) => json!({ "invitations": all }),
            Answer::Disinvited { invitation } => json!({ "revoked": invitation }),
            Answer::Reported { report, about } => json!({ "report": report, "about": about }),
            Answer::Reports { page, .. } => json!(page),
            Answer::Resolved(decided) | Answer::Settled(decided) => json!(decided),
            Answer::Community(community) => json!(community),
            Answer::Noted(people) => json!({ "people": people }),
            Answer::Modlog { page, .. } => json!(page),
            Answer::Devices(devices) => json!({ "devices": devices }),
            Answer::ShutOut(shut_out) => json!({ "shut_out": shut_out.short, "waiting": shut_out.waiting }),
            Answer::DevicesReset => json!({ "devices_reset": true }),
            Answer::Linked { linked, is_new } => {
                merged(json!({ "linked": true, "is_new": is_new }), json!(linked))
            }
            Answer::BackedUp(backed_up) => {
                let BackedUp {
                    file,
                    number,
                    messages,
                    code,
                } = backed_up;
                json!({ "file": file, "number": number, "messages": messages, "is_code_new": code.is_some() })
            }
            Answer::Restored(restored) => json!(restored),
            Answer::Verification(verification) => json!(verification),
            Answer::Sent { sent, alarms } => merged(json!(sent), json!({ "alarms": alarms })),
            Answer::Chats {
                chats,
                requests,
                alarms,
                offline,
            } => json!({ "chats": chats, "requests": requests, "alarms": alarms, "offline": offline }),
            Answer::Requests { requests, offline } => json!({ "requests": requests, "offline": offline }),
            Answer::Messages {
                with,
                messages,
                alarms,
                offline,
            } => {
                let field = match with.starts_with('+') {
                    true => "room",
                    false => "nick",
                };
                json!({ field: with, "messages": messages, "alarms": alarms, "offline": offline })
            }
            Answer::AgentStopped { was_running } => json!({ "stopped": was_running }),
            Answer::Contacts { contacts, offline } => json!({ "contacts": contacts, "offline": offline }),
            Answer::FoundMessages(found) => json!({ "messages": found }),
            Answer::Exported { messages, file } => json!({ "messages": messages, "file": file }),
            Answer::Room { room, alarms } => merged(json!(room), json!({ "alarms": alarms })),
            Answer::Notifications { page, numbers, .. } => {
                let mut next = numbers.iter();
                let rows = page.what.iter().map(|notification| {
                    let number = notification.dweet.as_ref().and_then(|_| next.next());
                    merged(json!({ "number": number }), json!(notification))
                });
                seen(
                    page,
                    json!({ "notifications": rows.collect::<Vec<_>>() }),
                    json!({}),
                )
            }
        }
    }
}

/// The dweets of a list with their numbers.
fn numbered(numbers: &[u32], dweets: &[Dweet]) -> Vec<Value> {
    numbers
        .iter()
        .zip(dweets)
        .map(|(number, dweet)| with_number(*number, dweet))
        .collect()
}

fn with_number(number: u32, dweet: &Dweet) -> Value {
    merged(json!({ "number": number }), json!(dweet))
}

/// The fields of two objects, and whether they come from this computer.
fn seen<T>(of: &Seen<T>, one: Value, other: Value) -> Value {
    merged(
        merged(one, other),
        json!({ "offline": of.as_of.is_some(), "as_of": of.as_of }),
    )
}

fn merged(one: Value, other: Value) -> Value {
    let fields = [one, other].into_iter().filter_map(|value| match value {
        Value::Object(fields) => Some(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    });
    Value::Object(fields.flatten().collect::<Map<_, _>>())
}
