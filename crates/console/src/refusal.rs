//! What a person reads when something was not done: what happened, and what to do.

use crate::look::Look;
use crate::plain;
use tertulia_client::failure::{Fault, Missed, Misuse, Refusal, Why};
use tertulia_client::near::NearRing;
use tertulia_client::trust::in_pairs;
use tertulia_client::{Failure, Lookout};
use tertulia_types::text::Unfit;

/// How much of what was typed is said again.
const TYPED_COLUMNS_MAX: usize = 40;

/// The words for a failure. They may hold words of a server: show them through a page.
#[must_use]
pub fn words(look: &Look, failure: &Failure) -> String {
    match failure {
        Failure::Refused(refusal) => refused(look, refusal),
        Failure::SessionEnded => look.next("failure-session-ended"),
        Failure::Unreachable(missed) => missing(look, look.next("failure-unreachable"), missed),
        Failure::NothingNear(missed) => {
            let looked_s = [("n", Lookout::limit().as_secs().into())];
            missing(look, look.next_with("failure-nothing-near", &looked_s), missed)
        }
        Failure::Untrusted(offer) => {
            let key = if offer.changed {
                "failure-authority-changed"
            } else {
                "failure-untrusted"
            };
            let fingerprint = in_pairs(&offer.fingerprint);
            let values = [
                ("server", offer.server.as_str().into()),
                ("fingerprint", fingerprint.into()),
            ];
            look.next_with(key, &values)
        }
        Failure::Mistrusted(_) => look.next("failure-mistrusted"),
        Failure::Misused(misuse) => misused(look, misuse),
        Failure::Local(Fault::Locked) => look.words.say("failure-locked"),
        Failure::Local(Fault::WrongPassphrase) => look.words.say("failure-wrong-passphrase"),
        Failure::Local(Fault::InUse(file)) => look
            .words
            .with("failure-in-use", &[("file", file.as_str().into())]),
        Failure::Local(fault) => look
            .words
            .with("failure-local", &[("why", fault.to_string().into())]),
    }
}

/// The server's reason in the person's language where it is known; else the server's own words.
fn refused(look: &Look, refusal: &Refusal) -> String {
    if refusal.status == 429
        && let Some(seconds) = refusal.retry_after_s
    {
        return look.words.with("refused-too-many-wait", &[("n", seconds.into())]);
    }
    if refusal.status == 403 && refusal.code.as_deref() == Some("wrong_password") {
        return look.words.say("refused-own-password");
    }
    let by_code = refusal
        .code
        .as_deref()
        .map(|code| format!("refused-{}", code.replace('_', "-")));
    let words = [("words", refusal.words.as_str().into())];
    let known = by_code.and_then(|key| look.words.find(&key, &words));
    known.unwrap_or_else(|| look.words.with("refused", &words))
}

/// The rings of one network, each on a line, numbered where one can be chosen.
#[must_use]
pub fn rings(look: &Look, rings: &[NearRing]) -> String {
    let line = |(at, ring): (usize, &NearRing)| {
        let name = if ring.name.is_empty() {
            look.words.say("ring-unnamed")
        } else {
            ring.name.clone()
        };
        let server = ring.servers.first().map_or("", String::as_str);
        let number = if look.talking {
            format!("{}  ", at + 1)
        } else {
            String::new()
        };
        format!("  {number}{name}: {server}")
    };
    let lines: Vec<String> = rings.iter().enumerate().map(line).collect();
    lines.join("\n")
}

fn missing(look: &Look, first: String, missed: &[Missed]) -> String {
    let mut said = vec![first];
    for Missed { server, why } in missed {
        let key = match why {
            Why::NoConnection => "missed-no-connection",
            Why::TimedOut => "missed-timed-out",
            Why::BadCertificate => "missed-bad-certificate",
            Why::Busy => "missed-busy",
            Why::Nonsense => "missed-nonsense",
        };
        said.push(format!("  {server}: {}", look.words.say(key)));
    }
    said.join("\n")
}

fn misused(look: &Look, misuse: &Misuse) -> String {
    let with = |key: &str, name: &str, value: &str| {
        look.words
            .with(key, &[(name, plain::shorten(value, TYPED_COLUMNS_MAX).into())])
    };
    match misuse {
        Misuse::NoServer => look.next("misuse-no-server"),
        Misuse::WhichRing(found) => format!("{}\n{}", look.next("misuse-which-ring"), rings(look, found)),
        Misuse::NotAServer(typed) => with("misuse-not-a-server", "typed", typed),
        Misuse::NoTerminal => look.words.say("misuse-no-terminal"),
        Misuse::NotLoggedIn => look.next("misuse-not-logged-in"),
        Misuse::LoggedInAs(nick) => with("misuse-logged-in-as", "nick", nick),
        Misuse::NoSuchNumber(number) => look
            .words
            .with("misuse-no-such-number", &[("n", (*number).into())]),
        Misuse::NotADweet(typed) => with("misuse-not-a-dweet", "typed", typed),
        Misuse::NotANumber(typed) => with("misuse-not-a-number", "typed", typed),
        Misuse::NotANick(typed) => with("misuse-not-a-nick", "typed", typed),
        Misuse::Unfit(unfit) => text_words(look, unfit),
        Misuse::NotACertificate(path) => with("misuse-not-a-certificate", "path", path),
        Misuse::NotAFingerprint(typed) => with("misuse-not-a-fingerprint", "typed", typed),
        Misuse::ToOneself => look.next("misuse-to-oneself"),
        Misuse::Oneself => look.next("misuse-oneself"),
        Misuse::NotAContact(nick) => with("misuse-not-a-contact", "nick", nick),
        Misuse::NoRequest(typed) => with("misuse-no-request", "typed", typed),
        Misuse::ContactsFull(most) => look.words.with("misuse-contacts-full", &[("n", (*most).into())]),
        Misuse::NotAName => look.next("misuse-not-a-name"),
        Misuse::NoSuchRoom(typed) => with("misuse-no-such-room", "typed", typed),
        Misuse::WhichRoom(rooms) => with("misuse-which-room", "rooms", rooms),
        Misuse::NotInRoom => look.next("misuse-not-in-room"),
        Misuse::InRoom(nick) => with("misuse-in-room", "nick", nick),
        Misuse::NobodyInRoom(nick) => with("misuse-nobody-in-room", "nick", nick),
        Misuse::RoomFull(most) => look.words.with("misuse-room-full", &[("n", (*most).into())]),
        Misuse::NotAMessage(why) => with("misuse-not-a-message", "why", why),
        Misuse::NoDevice => look.next("misuse-no-device"),
        Misuse::OtherAgent => look.next("misuse-other-agent"),
        Misuse::CannotListen { address, why } => look.words.with(
            "misuse-cannot-listen",
            &[
                ("address", plain::shorten(address, TYPED_COLUMNS_MAX).into()),
                ("why", plain::shorten(why, TYPED_COLUMNS_MAX).into()),
            ],
        ),
        Misuse::OtherDevices => look.next("misuse-other-devices"),
        Misuse::BackupWaits => look.next("misuse-backup-waits"),
        Misuse::DevicesChange => look.words.say("misuse-devices-change"),
        Misuse::NotADevice(typed) => with("misuse-not-a-device", "typed", typed),
        Misuse::ThisDevice => look.next("misuse-this-device"),
        Misuse::ShutOut => look.next("misuse-shut-out"),
        Misuse::NoOtherDevice => look.next("misuse-no-other-device"),
        Misuse::NotACode { group: None } => look.words.say("misuse-not-a-code"),
        Misuse::NotACode { group: Some(group) } => {
            look.words.with("misuse-mistyped-code", &[("n", (*group).into())])
        }
        Misuse::NoSuchCode => look.next("misuse-no-such-code"),
        Misuse::LinkBroken => look.next("misuse-link-broken"),
        Misuse::OtherIdentity => look.next("misuse-other-identity"),
        Misuse::CodeNeeded => look.words.say("misuse-code-needed"),
        Misuse::NoBackup => look.words.say("misuse-no-backup"),
        Misuse::WrongCode => look.words.say("misuse-wrong-code"),
        Misuse::DamagedBackup => look.words.say("misuse-damaged-backup"),
        Misuse::NewerBackup => look.words.say("misuse-newer-backup"),
        Misuse::OldBackup { number, newest } => {
            let values = [("n", (*number).into()), ("newest", (*newest).into())];
            look.words.with("misuse-old-backup", &values)
        }
        Misuse::NoIdentity(nick) => with("misuse-no-identity", "nick", nick),
        Misuse::NotShown(nick) => look.next_with("misuse-not-shown", &[("nick", nick.as_str().into())]),
        Misuse::HeldBack(nick) => look.next_with("misuse-held-back", &[("nick", nick.as_str().into())]),
    }
}

/// Why a text cannot be published.
fn text_words(look: &Look, unfit: &Unfit) -> String {
    match unfit {
        Unfit::Empty => look.words.say("unfit-empty"),
        Unfit::TooLong {
            characters,
            characters_max,
        } => {
            let over = characters.saturating_sub(*characters_max);
            look.words.with(
                "unfit-too-long",
                &[("over", over.into()), ("max", (*characters_max).into())],
            )
        }
        Unfit::TooLarge { .. } => look.words.say("unfit-too-large"),
        Unfit::Control(_) => look.words.say("unfit-control"),
    }
}
