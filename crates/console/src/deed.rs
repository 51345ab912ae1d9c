//! What a person can do once they are logged in: one list for the commands and for the console.
//!
//! A surface turns what was typed into a [`Deed`]; [`perform`] does it and gives an [`Answer`], which can be shown
//! ([`crate::show`]) or written as JSON.
//!
//! Deliberately absent: what needs a secret (registering, logging in, passwords, closing an account). Those are
//! dialogues, in [`crate::account`].

use crate::answer::Answer;
use crate::command::{ContactsVerb, RequestsVerb, RoomVerb};
use crate::export;
use std::path::PathBuf;
use tertulia_client::community::Settling;
use tertulia_client::dweet::Dweet;
use tertulia_client::failure::Misuse;
use tertulia_client::mark::{List, Mark};
use tertulia_client::message::verify::Word;
use tertulia_client::moderation::Decision;
use tertulia_client::relation::Tie;
use tertulia_client::{Client, Failure};

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Who am I, and what waits for me?
    Whoami,
    /// Somebody's profile, or one's own, from below a row on.
    Profile {
        /// Whose; none: one's own.
        nick: Option<String>,
        /// The last row that was shown.
        from: Option<String>,
    },
    /// Change one's own name or bio.
    EditProfile {
        /// The new name.
        name: Option<String>,
        /// The new bio.
        bio: Option<String>,
    },
    /// Publish.
    Publish {
        /// The text.
        text: String,
        /// The dweet that it answers, as it was typed: a number of the last list, or an id.
        answers: Option<String>,
    },
    /// Put a mark on a dweet, or take it off.
    Mark {
        /// Which, as it was typed.
        dweet: String,
        /// What.
        mark: Mark,
        /// Take it off.
        undo: bool,
    },
    /// The dweets that have a mark.
    Marked {
        /// Which list.
        list: List,
        /// Behind what the page begins.
        from: Option<String>,
    },
    /// Delete one's own dweet.
    Delete {
        /// Which, as it was typed.
        dweet: String,
    },
    /// Follow, block, mute, or undo it.
    Tie {
        /// Whom.
        nick: String,
        /// What.
        tie: Tie,
    },
    /// New dweets; with `latest`, the top of home without marking anything as seen.
    Feed {
        /// The top, instead of what is next.
        latest: bool,
        /// The last row that was shown.
        from: Option<String>,
    },
    /// A dweet among its neighbours.
    Thread {
        /// Which, as it was typed.
        dweet: String,
    },
    /// Search.
    Search {
        /// What for.
        words: String,
    },
    /// What others did.
    Notifications {
        /// The last row that was shown.
        from: Option<String>,
    },
    /// Decide something that needs a role.
    Decide {
        /// What; a dweet as it was typed.
        decision: Decision,
        /// Why.
        why: String,
    },
    /// Make an invitation.
    Invite {
        /// What it is for.
        note: String,
        /// For how many accounts.
        uses: u32,
        /// For how many days.
        days: u32,
    },
    /// One's own invitations.
    Invitations,
    /// Take one of them back.
    Disinvite {
        /// Which.
        invitation: String,
    },
    /// Tell the moderators of somebody; nobody named: the author of the dweets.
    Report {
        /// Of whom.
        nick: Option<String>,
        /// Which dweets, as they were typed.
        dweets: Vec<String>,
        /// What kind.
        category: Option<String>,
        /// What there is to say.
        comment: String,
    },
    /// The reports that wait, or those that were settled.
    Reports {
        /// Those that were settled.
        resolved: bool,
        /// Behind what the page begins.
        from: Option<String>,
    },
    /// Settle a report.
    Resolve {
        /// Which.
        report: String,
        /// What came of it.
        note: String,
    },
    /// What the community has settled.
    Community,
    /// Settle something else.
    Settle(Settling),
    /// Who has a role or is suspended, or how it stands with somebody.
    Noted {
        /// With whom.
        nick: Option<String>,
    },
    /// What moderators did.
    Modlog {
        /// Behind what the page begins.
        from: Option<String>,
    },
    /// Send a private message.
    Send {
        /// To whom: a nick, or a room.
        to: String,
        /// The text.
        text: String,
    },
    /// All conversations.
    Chats,
    /// What strangers ask for; what is left of it is listed afterwards.
    Requests(RequestsVerb),
    /// The messages with somebody, or of a room.
    Read {
        /// With whom: a nick, or a room.
        with: String,
    },
    /// The people whom one wants to find again; all of them are listed afterwards.
    Contacts(ContactsVerb),
    /// Search one's messages.
    Find {
        /// What for.
        words: String,
    },
    /// Write all messages into a file.
    Export {
        /// Which.
        file: PathBuf,
    },
    /// Make, change or show a room.
    Room(RoomVerb),
    /// One's own devices.
    Devices,
    /// Shut one of them out.
    Revoke {
        /// The beginning of its name.
        device: String,
    },
    /// The safety number with somebody.
    Verify {
        /// With whom.
        nick: String,
        /// What the person says of it.
        word: Option<Word>,
    },
}

/// How a list is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// How many rows it has at most.
    pub limit: usize,
    /// Whether the numbers of earlier lists stay, because these are still on the screen.
    pub go_on: bool,
}

/// Does it.
pub async fn perform(client: &Client, deed: &Deed, listing: Listing) -> Result<Answer, Failure> {
    let Listing { limit, go_on } = listing;
    Ok(match deed {
        Deed::Send { to, text } => {
            let messenger = client.messenger().await?;
            let sent = messenger.send(to, text).await?;
            let alarms = messenger.alarms()?;
            Answer::Sent { sent, alarms }
        }
        Deed::Decide { decision, why } => {
            let decision = match decision {
                Decision::TakeDown { dweet } => Decision::TakeDown {
                    dweet: client.meant(dweet)?,
                },
                Decision::GiveRole { .. } | Decision::Suspend { .. } | Decision::Unsuspend { .. } => {
                    decision.clone()
                }
            };
            let decided = client.decide(&decision, why).await?;
            Answer::Decided { decision, decided }
        }
        Deed::Invite { note, uses, days } => Answer::Invited(client.invite(note, *uses, *days).await?),
        Deed::Invitations => Answer::Invitations(client.invitations().await?),
        Deed::Disinvite { invitation } => {
            client.disinvite(invitation).await?;
            Answer::Disinvited {
                invitation: invitation.clone(),
            }
        }
        Deed::Report {
            nick,
            dweets,
            category,
            comment,
        } => {
            let (mut about, mut meant) = (nick.clone(), Vec::new());
            for dweet in dweets {
                let (author, id) = client.author_of(&client.meant(dweet)?).await?;
                about.get_or_insert(author);
                meant.push(id);
            }
            let about = about.ok_or_else(|| Misuse::NotANick(String::new()))?;
            let report = client
                .report(&about, &meant, category.as_deref(), comment)
                .await?;
            Answer::Reported { report, about }
        }
        Deed::Reports { resolved, from } => Answer::Reports {
            page: client.reports(*resolved, from.as_deref(), limit).await?,
            head: from.is_none(),
        },
        Deed::Resolve { report, note } => Answer::Resolved(client.resolve(report, note).await?),
        Deed::Community => Answer::Community(client.community().await?),
        Deed::Settle(settling) => Answer::Settled(client.settle_community(settling).await?),
        Deed::Noted { nick: Some(nick) } => Answer::Noted(vec![client.dossier(nick).await?]),
        Deed::Noted { nick: None } => Answer::Noted(client.noted().await?),
        Deed::Modlog { from } => Answer::Modlog {
            page: client.moderation_log(from.as_deref(), limit).await?,
            head: from.is_none(),
        },
        Deed::Chats => {
            let messenger = client.messenger().await?;
            let offline = messenger.is_offline_after_delivery().await?;
            Answer::Chats {
                chats: messenger.chats()?,
                requests: messenger.request_count()?,
                alarms: messenger.alarms()?,
                offline,
            }
        }
        Deed::Requests(deed) => {
            let messenger = client.messenger().await?;
            match deed {
                RequestsVerb::List => {}
                RequestsVerb::Accept { from } => messenger.accept(from).await?,
                RequestsVerb::Refuse { from } => messenger.refuse(from).await?,
            }
            let (requests, offline) = messenger.requests().await?;
            Answer::Requests { requests, offline }
        }
        Deed::Contacts(deed) => {
            let messenger = client.messenger().await?;
            match deed {
                ContactsVerb::List => {}
                ContactsVerb::Add { nick, name } => messenger.add_contact(nick, name.as_deref()).await?,
                ContactsVerb::Rename { nick, name } => messenger.rename_contact(nick, name).await?,
                ContactsVerb::Remove { nick } => messenger.remove_contact(nick).await?,
            }
            let (contacts, offline) = messenger.contacts().await?;
            Answer::Contacts { contacts, offline }
        }
        Deed::Find { words } => {
            let messenger = client.messenger().await?;
            Answer::FoundMessages(messenger.find(words, limit)?)
        }
        Deed::Export { file } => {
            let messenger = client.messenger().await?;
            let messages = export::write(&messenger, file)?;
            Answer::Exported {
                messages,
                file: file.clone(),
            }
        }
        Deed::Room(deed) => {
            let messenger = client.messenger().await?;
            let room = match deed {
                RoomVerb::Create { name, nicks } => messenger.create_room(name, nicks).await?,
                RoomVerb::Add { room, nicks } => messenger.add_to_room(room, nicks).await?,
                RoomVerb::Remove { room, nicks } => messenger.remove_from_room(room, nicks).await?,
                RoomVerb::Leave { room } => messenger.leave_room(room).await?,
                RoomVerb::Rename { room, name } => messenger.rename_room(room, name).await?,
                RoomVerb::People { room } => messenger.show_room(room).await?,
            };
            let alarms = messenger.alarms()?;
            Answer::Room { room, alarms }
        }
        Deed::Read { with } => {
            let messenger = client.messenger().await?;
            let offline = messenger.is_offline_after_delivery().await?;
            let messages = messenger.read(with, limit).await?;
            if !offline {
                // Their senders learn that they were read; if not now, then with the next delivery.
                let _ = messenger.push().await;
            }
            let (with, alarms) = (with.clone(), messenger.alarms()?);
            Answer::Messages {
                with,
                messages,
                alarms,
                offline,
            }
        }
        Deed::Devices => Answer::Devices(client.messenger().await?.devices().await?),
        Deed::Revoke { device } => Answer::ShutOut(client.messenger().await?.revoke(device).await?),
        Deed::Verify { nick, word } => {
            let messenger = client.messenger().await?;
            Answer::Verification(match word {
                Some(word) => messenger.take_word(nick, *word).await?,
                None => messenger.safety_number(nick).await?,
            })
        }
        Deed::Whoami => {
            let me = client.whoami().await?;
            let unseen = if me.as_of.is_none() {
                client.unseen().await.ok()
            } else {
                None
            };
            Answer::Me { me, unseen }
        }
        Deed::Profile { nick, from } => {
            let nick = match nick {
                Some(nick) => nick.clone(),
                None => client.nick().ok_or(Misuse::NotLoggedIn)?,
            };
            let page = client.profile(&nick, from.as_deref(), limit).await?;
            let numbers = client.number(ids(&page.what.dweets), go_on || from.is_some())?;
            Answer::Profile {
                page,
                numbers,
                head: from.is_none(),
            }
        }
        Deed::EditProfile { name, bio } => {
            Answer::Edited(client.edit_profile(name.as_deref(), bio.as_deref()).await?)
        }
        Deed::Publish { text, answers } => {
            let answered = answers.as_deref().map(|typed| client.meant(typed)).transpose()?;
            let dweet = client.publish(text, answered.as_deref()).await?;
            let number = client
                .number(std::iter::once(&*dweet.id), true)?
                .first()
                .copied()
                .unwrap_or(0);
            Answer::Published { dweet, number }
        }
        &Deed::Mark {
            ref dweet,
            mark,
            undo,
        } => {
            let dweet = client.mark(&client.meant(dweet)?, mark, undo).await?;
            Answer::Marked { dweet, mark, undo }
        }
        Deed::Marked { list, from } => {
            let page = client.marked(*list, from.as_deref(), limit).await?;
            let numbers = client.number(ids(&page.what.dweets), go_on || from.is_some())?;
            Answer::List {
                page,
                numbers,
                head: from.is_none(),
            }
        }
        Deed::Delete { dweet } => {
            let id = client.meant(dweet)?;
            client.delete(&id).await?;
            Answer::Deleted { id }
        }
        Deed::Tie { nick, tie } => {
            let nick = tertulia_client::nick::checked(nick)?.to_string();
            let relation = client.tie(&nick, *tie).await?;
            Answer::Tied {
                nick,
                tie: *tie,
                relation,
            }
        }
        Deed::Feed { latest, from } => {
            let page = match latest {
                true => client.latest(from.as_deref(), limit).await?,
                false => client.feed(from.as_deref(), limit).await?,
            };
            let numbers = client.number(ids(&page.what.dweets), go_on || from.is_some())?;
            Answer::Feed { page, numbers }
        }
        Deed::Thread { dweet } => {
            let thread = client.thread(&client.meant(dweet)?).await?;
            let numbers = client.number(ids(&thread.what.dweets), go_on)?;
            Answer::Thread { thread, numbers }
        }
        Deed::Search { words } => {
            let found = client.search(words, limit).await?;
            let numbers = client.number(ids(&found.dweets), go_on)?;
            Answer::Found { found, numbers }
        }
        Deed::Notifications { from } => {
            let page = client.notifications(from.as_deref(), limit).await?;
            let dweets = page
                .what
                .iter()
                .filter_map(|notification| notification.dweet.as_ref());
            let numbers = client.number(dweets.map(|dweet| &*dweet.id), go_on || from.is_some())?;
            Answer::Notifications {
                page,
                numbers,
                head: from.is_none(),
            }
        }
    })
}

fn ids(dweets: &[Dweet]) -> impl Iterator<Item = &str> {
    dweets.iter().map(|dweet| &*dweet.id)
}
