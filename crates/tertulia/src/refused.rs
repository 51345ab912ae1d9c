//! Why a machine does not get into a ring, said in the person's language.

use crate::said::Said;
use tertulia_console::Words;
use tertulia_console::words::Value;
use tertulia_node::peers::{EnterError, Refused, TokenError};
use tertulia_types::Role;

/// What to tell whoever wanted to join.
pub(crate) fn said(error: EnterError, words: &Words) -> anyhow::Error {
    let reached = |key, contact: &str| words.with(key, &[("contact", contact.into())]);
    let with_reason = |key, contact: &str, reason: &str| {
        words.with(key, &[("contact", contact.into()), ("reason", reason.into())])
    };
    let said = match &error {
        EnterError::Token(why) => Said::misused(of_token(why, words)),
        EnterError::NoContact => Said::misused(words.say("enter-no-contact")),
        EnterError::Address(text) => Said::misused(reached("enter-no-address", text)),
        EnterError::Unreachable { contact, reason } => {
            Said::unreachable(with_reason("enter-unreachable", contact, reason))
        }
        EnterError::NotAPeer { contact, reason } => {
            Said::refused(with_reason("enter-not-a-peer", contact, reason))
        }
        EnterError::OtherRing { contact, expected } => Said::refused(words.with(
            "enter-other-ring",
            &[
                ("contact", contact.as_str().into()),
                ("expected", expected.to_string().into()),
            ],
        )),
        EnterError::Version { contact, reason } => {
            Said::refused(with_reason("enter-version", contact, reason))
        }
        EnterError::Silent { contact } => Said::unreachable(reached("enter-silent", contact)),
        EnterError::Refused { contact, reason } => {
            Said::refused(with_reason("enter-refused", contact, &of_refusal(reason, words)))
        }
        EnterError::Garbled { contact } => Said::refused(reached("enter-garbled", contact)),
        // A file of this computer, or a fault of this program: its own words name it.
        EnterError::Ring(_)
        | EnterError::Book(_)
        | EnterError::Io { .. }
        | EnterError::Authority(_)
        | EnterError::Tls(_) => {
            return error.into();
        }
    };
    said.into()
}

fn of_refusal(refused: &Refused, words: &Words) -> String {
    match refused {
        Refused::Token(why) => of_token(why, words),
        Refused::Removed => words.say("refused-removed"),
        Refused::Stranger => words.say("refused-stranger"),
        Refused::NoProof => words.say("refused-no-proof"),
        Refused::TooLong => words.say("refused-too-long"),
        Refused::Names => words.say("refused-names"),
        Refused::NoKey { .. } => words.say("refused-no-key"),
        Refused::TooMany => words.say("refused-too-many"),
        Refused::Full => words.say("refused-full"),
        Refused::Sick => words.say("refused-sick"),
        Refused::KeyFileMissing => words.say("refused-key-file-missing"),
        Refused::InTheClear => words.say("refused-in-the-clear"),
    }
}

fn of_token(why: &TokenError, words: &Words) -> String {
    match why {
        TokenError::NoToken | TokenError::Mistyped => words.say("join-bad-token"),
        TokenError::Expired { since } => {
            let minutes = since.as_secs().div_ceil(60);
            words.with("token-expired", &[("minutes", Value::from(minutes))])
        }
        TokenError::ForeignRing { token, here } => words.with(
            "token-foreign-ring",
            &[
                ("token", token.to_string().into()),
                ("here", here.to_string().into()),
            ],
        ),
        TokenError::Forged => words.say("token-forged"),
        TokenError::Role { allowed, asked } => words.with(
            "token-role",
            &[
                ("allowed", role(*allowed, words).into()),
                ("asked", role(*asked, words).into()),
            ],
        ),
        TokenError::MakerRemoved(machine) => {
            words.with("token-maker-removed", &[("machine", machine.to_string().into())])
        }
    }
}

fn role(role: Role, words: &Words) -> String {
    words.say(match role {
        Role::Node => "ring-role-node",
        Role::Replica => "ring-role-replica",
        Role::Gateway => "ring-role-gateway",
    })
}

#[cfg(test)]
mod tests {
    use super::said;
    use std::time::Duration;
    use tertulia_console::Words;
    use tertulia_console::words::Language;
    use tertulia_node::MachineId;
    use tertulia_node::peers::{EnterError, Refused, RingId, TokenError};
    use tertulia_types::Role;

    fn all() -> Vec<EnterError> {
        let contact = || "10.0.0.7:8788".to_owned();
        let reason = || "why".to_owned();
        let tokens = || {
            [
                TokenError::NoToken,
                TokenError::Mistyped,
                TokenError::Expired {
                    since: Duration::from_secs(90),
                },
                TokenError::ForeignRing {
                    token: RingId(1),
                    here: RingId(2),
                },
                TokenError::Forged,
                TokenError::Role {
                    allowed: Role::Gateway,
                    asked: Role::Node,
                },
                TokenError::MakerRemoved(MachineId(7)),
            ]
        };
        let refusals = [
            Refused::Removed,
            Refused::Stranger,
            Refused::NoProof,
            Refused::TooLong,
            Refused::Names,
            Refused::NoKey { others: Vec::new() },
            Refused::TooMany,
            Refused::Full,
            Refused::Sick,
            Refused::KeyFileMissing,
            Refused::InTheClear,
        ];
        let refused = |reason| EnterError::Refused {
            contact: contact(),
            reason,
        };
        let mut all = vec![
            EnterError::NoContact,
            EnterError::Address(contact()),
            EnterError::Unreachable {
                contact: contact(),
                reason: reason(),
            },
            EnterError::NotAPeer {
                contact: contact(),
                reason: reason(),
            },
            EnterError::Version {
                contact: contact(),
                reason: reason(),
            },
            EnterError::Silent { contact: contact() },
            EnterError::Garbled { contact: contact() },
        ];
        all.extend(tokens().map(EnterError::Token));
        all.extend(tokens().map(|why| refused(Refused::Token(why))));
        all.extend(refusals.map(refused));
        all
    }

    #[test]
    fn each_reason_is_said_in_each_language() {
        for language in [Language::English, Language::Spanish] {
            let words = Words::new(language);
            for error in all() {
                let (shown, told) = (format!("{error:?}"), said(error, &words).to_string());
                // A key that has no text is shown as it is, and a value that is missing in braces.
                assert!(
                    told.contains(' ') && !told.contains('{'),
                    "{language:?}, {shown}: {told}"
                );
            }
        }
        let spanish = said(EnterError::NoContact, &Words::new(Language::Spanish)).to_string();
        assert_ne!(
            spanish,
            said(EnterError::NoContact, &Words::new(Language::English)).to_string()
        );
    }
}
