//! From a word and what was typed behind it to a deed: what is missing or wrong is asked for.
//!
//! **Invariant:** a wish is only made of what a home could take: nicks, numbers and texts are checked as they are asked
//! for, so that the hint comes at once and nothing that was typed is lost.

use crate::account::valid_nick;
use crate::asking::Asking;
use crate::choice::{Choice, Takes, folded};
use crate::command::{ContactsVerb, RequestsVerb, RoomVerb};
use crate::deed::Deed;
use crate::words::Words;
use tertulia_client::Client;
use tertulia_client::failure::Misuse;
use tertulia_client::mark::{List, Mark};
use tertulia_client::message::verify::Word;
use tertulia_client::moderation::Decision;
use tertulia_client::relation::Tie;
use tertulia_types::moderation::Role;
use tertulia_types::text::{self, Unfit};

/// Somebody who wants something.
pub struct Wish<'a> {
    /// Whose lists and numbers are meant.
    pub client: &'a Client,
    /// Whom to ask.
    pub asking: Asking<'a>,
}

impl Wish<'_> {
    /// The deed, when all that it needs is known; none when the person left a question.
    pub fn deed(&mut self, choice: Choice, rest: &str) -> Option<Deed> {
        Some(match (choice.id, choice.takes) {
            ("feed" | "latest", _) => Deed::Feed {
                latest: choice.id == "latest",
                from: None,
            },
            ("notifications", _) => Deed::Notifications { from: None },
            ("thread", _) => Deed::Thread {
                dweet: self.dweet(rest)?,
            },
            ("search", _) => Deed::Search {
                words: self.words(rest)?,
            },
            ("dweet", _) => Deed::Publish {
                text: self.dweet_text("ask-text", rest)?,
                answers: None,
            },
            ("reply", _) => {
                let (dweet, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                let answers = Some(self.dweet(dweet)?);
                Deed::Publish {
                    text: self.dweet_text("ask-reply", text.trim())?,
                    answers,
                }
            }
            ("send", _) => {
                let (nick, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                let to = self.chat(nick)?;
                let text = self.text("ask-message", text.trim(), |typed| Ok(typed.to_owned()))?;
                Deed::Send { to, text }
            }
            ("read", _) => Deed::Read {
                with: self.chat(rest)?,
            },
            ("find", _) => Deed::Find {
                words: self.words(rest)?,
            },
            ("requests", _) => Deed::Requests(RequestsVerb::List),
            ("accept", _) => Deed::Requests(RequestsVerb::Accept {
                from: self.chat(rest)?,
            }),
            ("refuse", _) => Deed::Requests(RequestsVerb::Refuse {
                from: self.chat(rest)?,
            }),
            ("contacts", _) => Deed::Contacts(ContactsVerb::List),
            ("contact", _) => {
                let (nick, name) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                let nick = self.nick(nick)?;
                let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
                Deed::Contacts(ContactsVerb::Add { nick, name })
            }
            ("uncontact", _) => Deed::Contacts(ContactsVerb::Remove {
                nick: self.nick(rest)?,
            }),
            ("room", _) => Deed::Room(self.room(rest)?),
            ("chats", _) => Deed::Chats,
            ("verify", _) => {
                let (nick, word) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                let is = |key: &str, english: &str| {
                    let typed = folded(word);
                    typed == english || typed == folded(&self.asking.look.words.say(key))
                };
                let word = match (is("word-confirm", "confirm"), is("word-accept", "accept")) {
                    (true, _) => Some(Word::Confirm),
                    (false, true) => Some(Word::Accept),
                    (false, false) => None,
                };
                let nick = self.nick(nick)?;
                Deed::Verify { nick, word }
            }
            ("report", _) => {
                let (dweet, comment) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                Deed::Report {
                    nick: None,
                    dweets: vec![self.dweet(dweet)?],
                    category: None,
                    comment: comment.trim().to_owned(),
                }
            }
            ("invite", _) => Deed::Invite {
                note: String::new(),
                uses: 1,
                days: 7,
            },
            ("invitations", _) => Deed::Invitations,
            ("community", _) => Deed::Community,
            ("reports", _) => Deed::Reports {
                resolved: false,
                from: None,
            },
            ("resolve", _) => {
                let (report, note) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                Deed::Resolve {
                    report: report.to_owned(),
                    note: note.trim().to_owned(),
                }
            }
            ("noted", _) => Deed::Noted {
                nick: match rest {
                    "" => None,
                    nick => Some(self.nick(nick)?),
                },
            },
            ("modlog", _) => Deed::Modlog { from: None },
            ("suspend" | "unsuspend" | "appoint", _) => {
                let (nick, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                let nick = self.nick(nick)?;
                let (decision, why) = match choice.id {
                    "suspend" => (Decision::Suspend { nick }, rest),
                    "unsuspend" => (Decision::Unsuspend { nick }, rest),
                    _ => {
                        let (role, why) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest, ""));
                        let role = self.role(role)?;
                        (Decision::GiveRole { nick, role }, why)
                    }
                };
                let why = why.trim().to_owned();
                Deed::Decide { decision, why }
            }
            ("takedown", _) => {
                let (dweet, why) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                let decision = Decision::TakeDown {
                    dweet: self.dweet(dweet)?,
                };
                let why = why.trim().to_owned();
                Deed::Decide { decision, why }
            }
            ("devices", _) => Deed::Devices,
            ("revoke", _) => Deed::Revoke {
                device: self.device(rest)?,
            },
            ("delete", _) => self.deletion(rest)?,
            ("profile", _) if rest.is_empty() => Deed::Profile {
                nick: None,
                from: None,
            },
            ("profile", _) => Deed::Profile {
                nick: Some(self.nick(rest)?),
                from: None,
            },
            ("name", _) => {
                let name = self.text("ask-name", rest, text::display_name)?;
                Deed::EditProfile {
                    name: Some(name),
                    bio: None,
                }
            }
            ("bio", _) => Deed::EditProfile {
                name: None,
                bio: Some(self.text("ask-bio", rest, text::note)?),
            },
            (id, Takes::Dweet) => {
                let (mark, undo) = Mark::called(id)?;
                let dweet = self.dweet(rest)?;
                Deed::Mark { dweet, mark, undo }
            }
            (id, Takes::Nick) => Deed::Tie {
                nick: self.nick(rest)?,
                tie: tie(id)?,
            },
            (id, _) => match List::called(id) {
                Some(list) => Deed::Marked { list, from: None },
                None => Deed::Whoami,
            },
        })
    }

    fn deletion(&mut self, typed: &str) -> Option<Deed> {
        let dweet = self.dweet(typed)?;
        self.asking.yes("ask-delete")?.then_some(Deed::Delete { dweet })
    }

    fn dweet(&mut self, typed: &str) -> Option<String> {
        if typed.is_empty() && matches!(self.client.greatest_number(), Ok(0)) {
            self.asking.hint("hint-no-list");
            return None;
        }
        let client = self.client;
        let check = |asking: &mut Asking<'_>, typed: &str| match client.meant(typed) {
            Ok(id) => Some(id),
            Err(failure) => {
                asking.failed(&failure);
                None
            }
        };
        let given = if typed.is_empty() {
            None
        } else {
            check(&mut self.asking, typed)
        };
        given.or_else(|| self.asking.line("ask-dweet", check))
    }

    fn nick(&mut self, typed: &str) -> Option<String> {
        let given = if typed.is_empty() {
            None
        } else {
            valid_nick(&mut self.asking, typed)
        };
        given.or_else(|| self.asking.line("ask-nick-whom", valid_nick))
    }

    /// A role, in the person's language or in English. Whoever types something else is told what there is.
    fn role(&mut self, typed: &str) -> Option<Role> {
        let words = &self.asking.look.words;
        let typed = folded(typed);
        let is = |role: &Role| typed == role.as_str() || typed == folded(&words.say(&format!("role-{role}")));
        let role = Role::ALL.into_iter().find(is);
        if role.is_none() {
            self.asking.hint("hint-role");
        }
        role
    }

    /// With whom to talk: a room as it was typed, or a nick.
    fn chat(&mut self, typed: &str) -> Option<String> {
        match typed.starts_with('+') {
            true => Some(typed.to_owned()),
            false => self.nick(typed),
        }
    }

    /// What to do with a room. Whoever types something else is told what there is.
    fn room(&mut self, typed: &str) -> Option<RoomVerb> {
        let deed = room_deed(&self.asking.look.words, typed);
        if deed.is_none() {
            self.asking.hint("hint-room");
        }
        deed
    }

    fn dweet_text(&mut self, key: &str, typed: &str) -> Option<String> {
        self.text(key, typed, |typed| text::dweet(typed, "").map(|fit| fit.text))
    }

    fn text(
        &mut self,
        key: &str,
        typed: &str,
        fit: impl Fn(&str) -> Result<String, Unfit>,
    ) -> Option<String> {
        let check = |asking: &mut Asking<'_>, text: &str| match fit(text) {
            Ok(text) => Some(text),
            Err(unfit) => {
                asking.failed(&Misuse::Unfit(unfit).into());
                None
            }
        };
        let given = if typed.is_empty() {
            None
        } else {
            check(&mut self.asking, typed)
        };
        given.or_else(|| self.asking.line_from(key, typed.to_owned(), check))
    }

    fn device(&mut self, typed: &str) -> Option<String> {
        if !typed.is_empty() {
            return Some(typed.to_owned());
        }
        self.asking.line("ask-device", |_, line| {
            let typed = line.trim();
            (!typed.is_empty()).then(|| typed.to_owned())
        })
    }

    fn words(&mut self, typed: &str) -> Option<String> {
        if !typed.is_empty() {
            return Some(typed.to_owned());
        }
        self.asking.line("ask-search", |asking, line| {
            let words = line.trim();
            if words.is_empty() {
                asking.hint("hint-search-empty");
            }
            (!words.is_empty()).then(|| words.to_owned())
        })
    }
}

/// What is to be done with a room: a word, then the room or its new name, then nicks with their `@`.
fn room_deed(words: &Words, typed: &str) -> Option<RoomVerb> {
    const VERBS: [&str; 6] = ["create", "add", "remove", "leave", "rename", "people"];
    let (verb, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let folded_verb = folded(verb);
    let is_verb =
        |id: &&&str| **id == folded_verb || folded(&words.say(&format!("room-word-{id}"))) == folded_verb;
    let verb = *VERBS.iter().find(is_verb)?;
    let (nicks, named): (Vec<&str>, Vec<&str>) =
        rest.split_whitespace().partition(|word| word.starts_with('@'));
    let nicks: Vec<String> = nicks.into_iter().map(str::to_owned).collect();
    if verb == "create" {
        let name = named.join(" ");
        return (!name.is_empty()).then_some(RoomVerb::Create { name, nicks });
    }
    let (room, more) = named.split_first()?;
    let (room, name) = ((*room).to_owned(), more.join(" "));
    let nicks: Vec<String> = more.iter().map(|nick| (*nick).to_owned()).chain(nicks).collect();
    Some(match verb {
        "add" if !nicks.is_empty() => RoomVerb::Add { room, nicks },
        "remove" if !nicks.is_empty() => RoomVerb::Remove { room, nicks },
        "rename" if !name.is_empty() => RoomVerb::Rename { room, name },
        "leave" => RoomVerb::Leave { room },
        "people" => RoomVerb::People { room },
        _ => return None,
    })
}

fn tie(id: &str) -> Option<Tie> {
    Some(match id {
        "follow" => Tie::Follow,
        "unfollow" => Tie::Unfollow,
        "block" => Tie::Block,
        "unblock" => Tie::Unblock,
        "mute" => Tie::Mute,
        "unmute" => Tie::Unmute,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::room_deed;
    use crate::command::RoomVerb;
    use crate::words::{Language, Words};

    #[test]
    fn rooms_are_asked_for_in_both_languages() {
        let (english, spanish) = (Words::new(Language::English), Words::new(Language::Spanish));
        let created = RoomVerb::Create {
            name: "book club".to_owned(),
            nicks: vec!["@ana".to_owned()],
        };
        assert_eq!(
            room_deed(&english, "create book club @ana"),
            Some(created.clone())
        );
        assert_eq!(room_deed(&spanish, "crear book club @ana"), Some(created));
        let added = RoomVerb::Add {
            room: "+garden".to_owned(),
            nicks: vec!["ben".to_owned(), "@ana".to_owned()],
        };
        assert_eq!(room_deed(&spanish, "ANADIR +garden @ana ben"), Some(added));
        for wrong in ["", "create", "add +garden", "rename +garden", "paint +garden red"] {
            assert_eq!(room_deed(&english, wrong), None, "{wrong}");
        }
    }
}
