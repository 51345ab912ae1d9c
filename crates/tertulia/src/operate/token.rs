//! `tertulia token`: the command with which another machine joins.

use super::{At, Counter, Undone};
use crate::control::{Answer, Ask, Invitation, TokenWish, Unreached};
use clap::Args;
use serde_json::json;
use std::process::ExitCode;
use std::str::FromStr;
use tertulia_console::page::Style;
use tertulia_console::ring::duration;
use tertulia_types::Role;
use tertulia_types::entity::Timestamp;

/// The longest time for which a token may be valid: what lies about for longer is forgotten.
const VALID_S_MAX: u64 = 30 * 86_400;

/// Flags of `token`.
#[derive(Clone, Debug, Args)]
pub(crate) struct TokenFlags {
    #[command(flatten)]
    at: At,
    /// What the other machine may be
    #[arg(id = "token_as", long = "as", value_name = "ROLE", default_value = "any")]
    role: TokenAs,
    /// How long the token is valid: 90m, 24h, 7d
    #[arg(long, value_name = "TIME", default_value = "24h")]
    valid: Validity,
}

/// As what a token lets a machine join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum TokenAs {
    Any,
    Node,
    Replica,
    Gateway,
}

/// A time in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Validity(u64);

/// The text is no such time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time is a number with s, m, h or d behind it, at most 30d")]
struct NotATime;

impl FromStr for Validity {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let at = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at));
        let (number, unit) = text.split_at(at.ok_or(NotATime)?);
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(NotATime),
        };
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = number.parse().ok().filter(|_| is_number).ok_or(NotATime)?;
        let time = number
            .checked_mul(seconds)
            .filter(|time| (1..=VALID_S_MAX).contains(time));
        time.map(Self).ok_or(NotATime)
    }
}

impl TokenAs {
    fn role(self) -> Option<Role> {
        match self {
            Self::Any => None,
            Self::Node => Some(Role::Node),
            Self::Replica => Some(Role::Replica),
            Self::Gateway => Some(Role::Gateway),
        }
    }
}

/// The line that another computer is to run.
pub(crate) fn join_command(invitation: &Invitation, role: Option<Role>) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "tertulia".to_owned());
    let contacts = invitation.contacts.join(" ");
    let role = match role {
        None => "",
        Some(Role::Node) => " --as node",
        Some(Role::Replica) => " --as replica",
        Some(Role::Gateway) => " --as gateway",
    };
    // Other users of that computer see arguments, for as long as the machine runs; variables they do not.
    let line = format!(
        "TERTULIA_TOKEN={} {} join {contacts}",
        quoted(&invitation.token),
        quoted(&program),
    );
    line.trim_end().to_owned() + role
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@%,".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Makes a token, and prints the command to join with.
pub(crate) async fn token(flags: TokenFlags) -> ExitCode {
    let counter = Counter::new(&flags.at);
    let outcome = make(&counter, &flags).await;
    counter.end(outcome)
}

async fn make(counter: &Counter, flags: &TokenFlags) -> Result<(), Undone> {
    let (role, Validity(valid_for_s)) = (flags.role.role(), flags.valid);
    let answer = counter.ask(&Ask::Token(TokenWish { role, valid_for_s })).await?;
    let Answer::Token(invitation) = answer else {
        return Err(Unreached::Nonsense.into());
    };
    let command = join_command(&invitation, role);
    let expires_at = Timestamp::from_unix_ms(i64::try_from(invitation.expires_ms).unwrap_or(i64::MAX));
    let object = json!({
        "token": invitation.token,
        "command": command,
        "contacts": invitation.contacts,
        "expires_at": expires_at,
    });
    if !counter.json {
        // What is to be copied stands alone on standard output, and is not broken into lines.
        let time = duration(&counter.look, valid_for_s.saturating_mul(1_000));
        let said = counter.look.words.with("token-command", &[("time", time.into())]);
        counter.say(Style::Plain, &said);
        println!("{}", tertulia_console::plain::line(&command));
        if only_here(&invitation.contacts) {
            counter.say(Style::Bad, &counter.look.words.say("token-loopback"));
        }
        return Ok(());
    }
    counter.show(&counter.look.page(), &object);
    Ok(())
}

/// Whether other computers cannot reach any of these.
pub(crate) fn only_here(contacts: &[String]) -> bool {
    let is_loopback = |contact: &String| {
        let address = contact.parse::<std::net::SocketAddr>();
        address.is_ok_and(|address| address.ip().is_loopback()) || contact.starts_with("localhost:")
    };
    !contacts.is_empty() && contacts.iter().all(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::{NotATime, Validity, join_command, only_here, quoted};
    use crate::control::Invitation;
    use tertulia_types::Role;

    #[test]
    fn a_time_has_a_unit_and_a_limit() {
        for (text, seconds) in [("1s", 1), ("90m", 5_400), ("24h", 86_400), ("30d", 2_592_000)] {
            assert_eq!(text.parse(), Ok(Validity(seconds)));
        }
        for wrong in [
            "",
            "h",
            "24",
            "0s",
            "31d",
            "-1h",
            "+1h",
            "1.5h",
            "24 h",
            "1ñ",
            "99999999999999999999s",
        ] {
            assert_eq!(wrong.parse::<Validity>(), Err(NotATime), "{wrong}");
        }
    }

    #[test]
    fn the_command_can_be_pasted_into_a_shell() {
        let mut invitation = Invitation {
            token: "tt1-word".to_owned(),
            contacts: vec!["10.0.0.1:8788".to_owned(), "[::1]:1".to_owned()],
            expires_ms: 0,
        };
        let line = join_command(&invitation, Some(Role::Gateway));
        assert!(
            line.starts_with("TERTULIA_TOKEN=tt1-word ")
                && line.ends_with(" join 10.0.0.1:8788 [::1]:1 --as gateway"),
            "{line}"
        );
        let (_, arguments) = line.split_once(' ').unwrap();
        assert!(!arguments.contains("tt1-"), "for all to see: {line}");
        invitation.contacts.clear();
        assert!(join_command(&invitation, None).ends_with(" join"));
        assert_eq!(quoted("target/release/tertulia"), "target/release/tertulia");
        assert_eq!(quoted("/my programs/it's"), r"'/my programs/it'\''s'");
    }

    #[test]
    fn what_others_cannot_reach_is_told_apart() {
        let only =
            |contacts: &[&str]| only_here(&contacts.iter().map(|at| (*at).to_owned()).collect::<Vec<_>>());
        assert!(only(&["127.0.0.1:1", "[::1]:2", "localhost:3"]));
        assert!(!only(&["127.0.0.1:1", "10.0.0.1:2"]) && !only(&["machine:1"]) && !only(&[]));
    }
}
