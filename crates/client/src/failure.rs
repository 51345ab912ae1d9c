//! What can go wrong between a person and the ring.
//!
//! There are three kinds that matter to a script, each with an exit status: refused (1), misused (2), unreachable (3).
//!
//! **Invariant:** a failure is a value. The surface chooses the words, in the person's language; only [`Refusal::words`]
//! come from the server.

use crate::near::NearRing;
use crate::offer::Offer;
use tertulia_crypto::opened::SealError;
use tertulia_crypto::payload::PayloadError;
use tertulia_types::AccountId;
use tertulia_types::text::Unfit;

/// Why an action was not done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A machine answered, and said no.
    #[error("refused: {}", .0.words)]
    Refused(Refusal),
    /// The session is over: closed elsewhere, or ended by a change of password.
    #[error("the session has ended")]
    SessionEnded,
    /// No machine answered.
    #[error("no machine answered")]
    Unreachable(Vec<Missed>),
    /// No machine is known, none answered where one usually is, and none on the local network.
    #[error("no machine answered on this network")]
    NothingNear(Vec<Missed>),
    /// A machine answered whose certificate nobody has vouched for yet, or whose authority has changed.
    #[error("the certificate of {} is not trusted", .0.server)]
    Untrusted(Box<Offer>),
    /// What the ring says of somebody's devices is not signed by them, or not what it said before.
    #[error("what the ring says of the devices of {0} does not hold")]
    Mistrusted(AccountId),
    /// The question makes no sense as it was asked: nothing was sent.
    #[error("{0}")]
    Misused(Misuse),
    /// This computer failed: its disk, its files.
    #[error("this computer: {0}")]
    Local(#[from] Fault),
}

impl Failure {
    /// The status with which a command ends.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Failure::Refused(_) | Failure::SessionEnded | Failure::Mistrusted(_) | Failure::Local(_) => 1,
            Failure::Misused(misuse) => misuse.exit_status(),
            Failure::Unreachable(_) | Failure::NothingNear(_) | Failure::Untrusted(_) => 3,
        }
    }

    /// A word for scripts that names the kind: the server's own code for a refusal.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Failure::Refused(refusal) => refusal.code.as_deref().unwrap_or("refused"),
            Failure::SessionEnded => "session_ended",
            Failure::Unreachable(_) | Failure::NothingNear(_) => "unreachable",
            Failure::Untrusted(offer) if offer.changed => "authority_changed",
            Failure::Untrusted(_) => "untrusted",
            Failure::Mistrusted(_) => "mistrusted",
            Failure::Misused(misuse) => misuse.code(),
            Failure::Local(Fault::Locked) => "locked",
            Failure::Local(Fault::WrongPassphrase) => "wrong_passphrase",
            Failure::Local(Fault::InUse(_)) => "in_use",
            Failure::Local(_) => "local",
        }
    }

    /// The same failure, or, if it is a refusal of that HTTP status, one that says more exactly what was refused.
    pub(crate) fn named(self, status: u16, code: &str, words: &str) -> Self {
        match self {
            Failure::Refused(refusal) if refusal.status == status => Failure::Refused(Refusal {
                code: Some(code.to_owned()),
                words: words.to_owned(),
                ..refusal
            }),
            Failure::Refused(_)
            | Failure::SessionEnded
            | Failure::Unreachable(_)
            | Failure::NothingNear(_)
            | Failure::Untrusted(_)
            | Failure::Mistrusted(_)
            | Failure::Misused(_)
            | Failure::Local(_) => self,
        }
    }

    /// Whether a machine has said no to what was asked, and not only to asking it now or in this session.
    pub(crate) fn settles(&self) -> bool {
        match self {
            Failure::Refused(refusal) => !matches!(refusal.status, 408 | 425 | 429),
            Failure::Misused(_) => true,
            Failure::SessionEnded
            | Failure::Unreachable(_)
            | Failure::NothingNear(_)
            | Failure::Untrusted(_)
            | Failure::Mistrusted(_)
            | Failure::Local(_) => false,
        }
    }

    /// Whether asking again later, unchanged, may succeed.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Failure::Unreachable(_) | Failure::NothingNear(_))
    }
}

/// The words with which a machine refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The machine-readable reason, when there is one.
    pub code: Option<String>,
    /// The server's words: text from outside, not yet made harmless.
    pub words: String,
    /// How long to wait before asking again, when the server says so.
    pub retry_after_s: Option<u64>,
}

/// One machine that did not answer as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// Its address.
    pub server: String,
    /// What happened.
    pub why: Why,
}

/// Why a machine is passed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Nobody listens there, or there is no way to it.
    NoConnection,
    /// It did not answer in time.
    TimedOut,
    /// Its certificate is not valid for its address, or has expired.
    BadCertificate,
    /// It says that it cannot answer now.
    Busy,
    /// What it sent is not an answer of Tertulia.
    Nonsense,
}

/// A question that cannot be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misuse {
    /// No machine is known.
    #[error("no server is known")]
    NoServer,
    /// Several rings were found on the local network: the person must say which one is meant.
    #[error("several rings were found on this network")]
    WhichRing(Vec<NearRing>),
    /// The text is no address of a server.
    #[error("not an address of a server: {0}")]
    NotAServer(String),
    /// There is nobody to talk to.
    #[error("there is no terminal")]
    NoTerminal,
    /// Nobody is logged in.
    #[error("not logged in")]
    NotLoggedIn,
    /// Somebody is logged in already.
    #[error("already logged in as {0}")]
    LoggedInAs(String),
    /// The last listing has no such number.
    #[error("the last list has no number {0}")]
    NoSuchNumber(u32),
    /// The text is neither a number of the last listing nor an id.
    #[error("not a number of the last list, nor an id: {0}")]
    NotADweet(String),
    /// The text is no number of an invitation or a report.
    #[error("not a number of the list: {0}")]
    NotANumber(String),
    /// The text is no nick.
    #[error("not a nick: {0}")]
    NotANick(String),
    /// The text cannot be published, or is no name or bio.
    #[error("{0}")]
    Unfit(#[from] Unfit),
    /// The file holds no certificate.
    #[error("no certificate in {0}")]
    NotACertificate(String),
    /// The text is no fingerprint.
    #[error("not a fingerprint: {0}")]
    NotAFingerprint(String),
    /// A message to oneself.
    #[error("a message goes to somebody else")]
    ToOneself,
    /// Oneself among those who are to be let in or put out.
    #[error("this is oneself")]
    Oneself,
    /// They are not among the person's contacts.
    #[error("{0} is no contact")]
    NotAContact(String),
    /// Nobody asks for a conversation there.
    #[error("no request from {0}")]
    NoRequest(String),
    /// The list of contacts is full.
    #[error("{0} contacts are the most")]
    ContactsFull(usize),
    /// The text cannot be what somebody is called.
    #[error("a name has 1 to 80 characters")]
    NotAName,
    /// No room is called so.
    #[error("no room {0}")]
    NoSuchRoom(String),
    /// Several rooms are called so: these.
    #[error("which room: {0}")]
    WhichRoom(String),
    /// The person is in that room no more.
    #[error("the person is not in that room")]
    NotInRoom,
    /// They are in the room already.
    #[error("{0} is in the room")]
    InRoom(String),
    /// They are not in the room.
    #[error("{0} is not in the room")]
    NobodyInRoom(String),
    /// More people than a room holds.
    #[error("a room holds {0} people")]
    RoomFull(usize),
    /// What is to be said cannot be a message.
    #[error("{0}")]
    NotAMessage(String),
    /// This computer is not one of the person's devices.
    #[error("this computer is not one of the person's devices yet")]
    NoDevice,
    /// Another process delivers already.
    #[error("another agent is running")]
    OtherAgent,
    /// This computer cannot be reached there.
    #[error("cannot listen at {address}: {why}")]
    CannotListen {
        /// Where, if it was said.
        address: String,
        /// What the system says.
        why: String,
    },
    /// The person has other devices: this one has to be let in by one of them.
    #[error("the person has other devices")]
    OtherDevices,
    /// The person has left all devices, and a backup of their identity is in their safe.
    #[error("a backup of the identity waits to be taken back")]
    BackupWaits,
    /// Other devices are being added or shut out at the same moment: later.
    #[error("other devices are being added or shut out at the same moment")]
    DevicesChange,
    /// The text is the beginning of no device's name, or of several.
    #[error("no one device begins with {0}")]
    NotADevice(String),
    /// A device does not shut itself out: who logs out does that.
    #[error("this is the device that would be shut out")]
    ThisDevice,
    /// Another device has shut this one out.
    #[error("this computer was shut out by another device")]
    ShutOut,
    /// There is no device that could let this one in.
    #[error("there is no other device that could let this one in")]
    NoOtherDevice,
    /// What was typed is no code.
    #[error("this is no code")]
    NotACode {
        /// Which group of it is wrong, from 1 on; none if it does not have as many as it should.
        group: Option<usize>,
    },
    /// Nobody waits with this code: it is used up, or too old, or another one.
    #[error("nobody waits with this code")]
    NoSuchCode,
    /// The other device did not go on, or what it left cannot be read.
    #[error("the other device did not go on")]
    LinkBroken,
    /// The person has begun anew with another identity since.
    #[error("the person has begun anew with another identity")]
    OtherIdentity,
    /// The recovery code was made on another device: it has to be typed, or another one made.
    #[error("the recovery code is needed")]
    CodeNeeded,
    /// There is nothing in the safe.
    #[error("there is no backup at home")]
    NoBackup,
    /// The recovery code does not open the backup.
    #[error("the recovery code does not open this backup")]
    WrongCode,
    /// The backup is damaged, or none.
    #[error("the backup is damaged")]
    DamagedBackup,
    /// A newer program has made the backup.
    #[error("the backup was made by a newer version")]
    NewerBackup,
    /// There is a newer backup.
    #[error("this is backup {number}, the newest is {newest}")]
    OldBackup {
        /// Its number.
        number: u64,
        /// The number of the newest.
        newest: u64,
    },
    /// Somebody has no device yet, and so no safety number.
    #[error("{0} has no device yet")]
    NoIdentity(String),
    /// A safety number is confirmed that was not shown, or has changed since.
    #[error("the safety number of {0} was not shown, or has changed since")]
    NotShown(String),
    /// Somebody's identity is not the one that was verified: nothing is sent.
    #[error("the identity of {0} is not the one that was verified")]
    HeldBack(String),
}

impl Misuse {
    fn exit_status(&self) -> u8 {
        match self {
            Misuse::NotLoggedIn
            | Misuse::LoggedInAs(_)
            | Misuse::Unfit(_)
            | Misuse::ToOneself
            | Misuse::Oneself
            | Misuse::NotAContact(_)
            | Misuse::NoRequest(_)
            | Misuse::ContactsFull(_)
            | Misuse::NotAName
            | Misuse::NoSuchRoom(_)
            | Misuse::WhichRoom(_)
            | Misuse::NotInRoom
            | Misuse::InRoom(_)
            | Misuse::NobodyInRoom(_)
            | Misuse::RoomFull(_)
            | Misuse::NotAMessage(_)
            | Misuse::NoDevice
            | Misuse::OtherAgent
            | Misuse::CannotListen { .. }
            | Misuse::OtherDevices
            | Misuse::BackupWaits
            | Misuse::DevicesChange
            | Misuse::ThisDevice
            | Misuse::ShutOut
            | Misuse::NoOtherDevice
            | Misuse::NoSuchCode
            | Misuse::LinkBroken
            | Misuse::OtherIdentity
            | Misuse::CodeNeeded
            | Misuse::NoBackup
            | Misuse::WrongCode
            | Misuse::DamagedBackup
            | Misuse::NewerBackup
            | Misuse::OldBackup { .. }
            | Misuse::NoIdentity(_)
            | Misuse::NotShown(_)
            | Misuse::HeldBack(_) => 1,
            Misuse::NoServer
            | Misuse::NoTerminal
            | Misuse::WhichRing(_)
            | Misuse::NotAServer(_)
            | Misuse::NoSuchNumber(_)
            | Misuse::NotADweet(_)
            | Misuse::NotANumber(_)
            | Misuse::NotANick(_)
            | Misuse::NotACertificate(_)
            | Misuse::NotAFingerprint(_)
            | Misuse::NotADevice(_)
            | Misuse::NotACode { .. } => 2,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Misuse::NoServer => "no_server",
            Misuse::WhichRing(_) => "several_rings",
            Misuse::NotAServer(_) => "not_a_server",
            Misuse::NoTerminal => "no_terminal",
            Misuse::NotLoggedIn => "not_logged_in",
            Misuse::LoggedInAs(_) => "logged_in_already",
            Misuse::NoSuchNumber(_) => "no_such_number",
            Misuse::NotADweet(_) => "not_a_dweet",
            Misuse::NotANumber(_) => "not_a_number",
            Misuse::NotANick(_) => "not_a_nick",
            Misuse::Unfit(_) => "unfit_text",
            Misuse::NotACertificate(_) => "not_a_certificate",
            Misuse::NotAFingerprint(_) => "not_a_fingerprint",
            Misuse::ToOneself | Misuse::Oneself => "oneself",
            Misuse::NotAContact(_) => "not_a_contact",
            Misuse::NoRequest(_) => "no_request",
            Misuse::ContactsFull(_) => "contacts_full",
            Misuse::NotAName => "not_a_name",
            Misuse::NoSuchRoom(_) => "no_such_room",
            Misuse::WhichRoom(_) => "several_rooms",
            Misuse::NotInRoom => "not_in_room",
            Misuse::InRoom(_) => "in_room",
            Misuse::NobodyInRoom(_) => "nobody_in_room",
            Misuse::RoomFull(_) => "room_full",
            Misuse::NotAMessage(_) => "not_a_message",
            Misuse::NoDevice => "no_device",
            Misuse::OtherAgent => "other_agent",
            Misuse::CannotListen { .. } => "cannot_listen",
            Misuse::OtherDevices => "other_devices",
            Misuse::BackupWaits => "backup_waits",
            Misuse::DevicesChange => "devices_change",
            Misuse::NotADevice(_) => "not_a_device",
            Misuse::ThisDevice => "this_device",
            Misuse::ShutOut => "shut_out",
            Misuse::NoOtherDevice => "no_other_device",
            Misuse::NotACode { .. } => "not_a_code",
            Misuse::NoSuchCode => "no_such_code",
            Misuse::LinkBroken => "link_broken",
            Misuse::OtherIdentity => "other_identity",
            Misuse::CodeNeeded => "code_needed",
            Misuse::NoBackup => "no_backup",
            Misuse::WrongCode => "wrong_code",
            Misuse::DamagedBackup => "damaged_backup",
            Misuse::NewerBackup => "newer_backup",
            Misuse::OldBackup { .. } => "old_backup",
            Misuse::NoIdentity(_) => "no_identity",
            Misuse::NotShown(_) => "not_shown",
            Misuse::HeldBack(_) => "held_back",
        }
    }
}

impl From<Misuse> for Failure {
    fn from(misuse: Misuse) -> Self {
        Failure::Misused(misuse)
    }
}

/// This computer failed.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The directory or a file in it cannot be used.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The database fails.
    #[error("the client's database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The database was written by a newer version, or is none.
    #[error("the client's database has another layout: {0}")]
    Layout(#[from] rusqlite_migration::Error),
    /// The keys of messages fail, or do not fit together.
    #[error("the keys of messages: {0}")]
    Keys(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A cached row does not read.
    #[error("a cached row: {0}")]
    Row(#[from] serde_json::Error),
    /// The database does not open with the key that lies beside it.
    #[error("{0} does not open with the key beside it: it is damaged, or client.key was replaced")]
    WrongKey(String),
    /// The file is no key.
    #[error("{0} does not hold a key: restore it, or remove it and the databases beside it")]
    NotAKey(String),
    /// The key of the databases lies under a passphrase, and none was given.
    #[error(
        "what is kept here lies under a passphrase: set TERTULIA_PASSPHRASE, or type it where there is a keyboard"
    )]
    Locked,
    /// The key of the databases lies under another passphrase.
    #[error("the passphrase is another one")]
    WrongPassphrase,
    /// Another process has a database open, whose key cannot be changed meanwhile.
    #[error("another process uses {0}: end it first (tertulia agent --stop)")]
    InUse(String),
    /// No home directory is known.
    #[error("no home directory: name one with --data")]
    NoPlace,
}

impl From<rusqlite::Error> for Failure {
    fn from(source: rusqlite::Error) -> Self {
        Failure::Local(Fault::Database(source))
    }
}

impl From<tertulia_crypto::storage::Fault> for Failure {
    fn from(fault: tertulia_crypto::storage::Fault) -> Self {
        Failure::Local(Fault::Keys(fault.into()))
    }
}

impl From<PayloadError> for Failure {
    fn from(error: PayloadError) -> Self {
        Misuse::NotAMessage(error.to_string()).into()
    }
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        Failure::Local(Fault::Keys(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, Misuse};

    #[test]
    fn each_kind_has_its_exit_status() {
        assert_eq!(Failure::SessionEnded.exit_status(), 1);
        assert_eq!(Failure::from(Misuse::NotLoggedIn).exit_status(), 1);
        assert_eq!(Failure::from(Misuse::NoSuchNumber(3)).exit_status(), 2);
        assert_eq!(Failure::Unreachable(Vec::new()).exit_status(), 3);
    }
}
