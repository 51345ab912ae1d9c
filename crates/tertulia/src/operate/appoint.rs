//! `tertulia role`: gives somebody a role, so that a community has its first admin.

use super::{At, Counter, Undone};
use crate::control::{Answer, Ask, Unreached};
use clap::Args;
use serde_json::json;
use std::process::ExitCode;
use tertulia_console::page::Style;
use tertulia_types::Nick;
use tertulia_types::moderation::Role;

/// Flags of `role`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RoleFlags {
    /// Whom
    nick: Nick,
    /// member, moderator or admin
    role: Role,
    #[command(flatten)]
    at: At,
}

/// Gives somebody a role.
pub(crate) async fn role(flags: RoleFlags) -> ExitCode {
    let counter = Counter::new(&flags.at);
    let outcome = appointing(&counter, flags.nick, flags.role).await;
    counter.end(outcome)
}

async fn appointing(counter: &Counter, nick: Nick, role: Role) -> Result<(), Undone> {
    let ask = Ask::Appoint {
        nick: nick.clone(),
        role,
    };
    let Answer::Appointed(before) = counter.ask(&ask).await? else {
        return Err(Unreached::Nonsense.into());
    };
    let word = |role: Role| counter.look.words.say(&format!("role-{role}"));
    let values = [
        ("nick", nick.as_str().into()),
        ("role", word(role).into()),
        ("before", word(before).into()),
    ];
    counter.show(
        &counter.text(Style::Good, "role-done", &values),
        &json!({ "nick": nick, "role": role, "before": before }),
    );
    Ok(())
}
