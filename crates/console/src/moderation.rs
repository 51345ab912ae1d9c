//! How it looks when somebody with a role reads and decides.

use crate::look::Look;
use crate::page::{Page, Style};
use crate::words::Words;
use tertulia_client::moderation::{Decided, Decision, LogPage, Noted};
use tertulia_types::entity::Deed;
use tertulia_types::moderation::Role;

/// How far what belongs to a row stands from the left.
const INDENT: usize = 3;

/// A role in the person's language.
fn role_word(words: &Words, role: Role) -> String {
    words.say(&format!("role-{role}"))
}

/// What came of a decision.
pub(crate) fn decided(look: &Look, page: &mut Page, decision: &Decision, decided: &Decided) {
    let (key, nick, role) = match decision {
        Decision::GiveRole { nick, role } => ("decided-role", nick.as_str(), role_word(&look.words, *role)),
        Decision::Suspend { nick } => ("decided-suspend", nick.as_str(), String::new()),
        Decision::Unsuspend { nick } => ("decided-unsuspend", nick.as_str(), String::new()),
        Decision::TakeDown { .. } => ("decided-takedown", "", String::new()),
    };
    let nick = nick.trim_start_matches('@');
    let values = [("nick", nick.into()), ("role", role.into())];
    page.text(Style::Good, 0, &look.words.with(key, &values));
    if !decided.done {
        page.text(Style::Dim, 0, &look.words.say("decided-later"));
    }
}

/// People, each with their role and whether they are suspended.
pub(crate) fn noted(look: &Look, page: &mut Page, people: &[Noted]) {
    if people.is_empty() {
        page.text(Style::Dim, 0, &look.words.say("noted-nobody"));
    }
    for noted in people {
        let nick = format!("@{}", noted.author.nick);
        let role = format!(" · {}", role_word(&look.words, noted.role));
        let mut pieces = vec![(Style::Strong, nick.as_str()), (Style::Plain, role.as_str())];
        let suspended = format!(" · {}", look.words.say("noted-suspended"));
        if noted.suspended {
            pieces.push((Style::Bad, &suspended));
        }
        page.pieces(0, &pieces);
    }
}

/// What moderators did.
pub(crate) fn log(look: &Look, page: &mut Page, log: &LogPage, head: bool) {
    if log.deeds.is_empty() {
        let key = if head { "modlog-empty" } else { "list-ended" };
        page.text(Style::Dim, 0, &look.words.say(key));
    }
    for deed in &log.deeds {
        let age = format!(" · {} · {}", look.age(deed.at), deed.id);
        page.pieces(0, &[(Style::Plain, &said(look, deed)), (Style::Dim, &age)]);
        if !deed.why.is_empty() {
            page.text(Style::Plain, INDENT, &deed.why);
        }
        if let Some(why) = &deed.refused {
            let refused = look.words.with("modlog-refused", &[("why", why.as_str().into())]);
            page.text(Style::Bad, INDENT, &refused);
        }
    }
}

fn said(look: &Look, deed: &Deed) -> String {
    let words = &look.words;
    let who = match (&deed.by, &deed.machine) {
        (Some(by), _) => format!("@{}", by.nick),
        (None, machine) => {
            let machine = machine.as_deref().unwrap_or_default();
            words.with("modlog-operator", &[("machine", machine.into())])
        }
    };
    let whom = deed
        .whom
        .as_ref()
        .map(|whom| whom.nick.clone())
        .unwrap_or_default();
    let detail = deed.detail.clone().unwrap_or_default();
    let detail = match detail.parse::<Role>() {
        Ok(role) => role_word(words, role),
        Err(_) => detail,
    };
    let values = [
        ("who", who.into()),
        ("whom", whom.into()),
        ("detail", detail.into()),
        ("measure", deed.measure.as_str().into()),
    ];
    let key = format!("modlog-{}", deed.measure.replace('_', "-"));
    words
        .find(&key, &values)
        .unwrap_or_else(|| words.with("modlog-other", &values))
}
