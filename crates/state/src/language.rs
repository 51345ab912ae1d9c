//! The whole language: the lists of all commands and all queries, and how each is carried out.
//!
//! Adding a verb is its file and one line here, and the compiler leads from there.
//!
//! **Invariant:** a variant's number (its place in the list) and its meaning never change; new meanings are new variants
//! at the end. Encoded commands lie in logs, and travel between machines of different versions (rule R15).

use crate::error::{Fault, Outcome, decode, encode};
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use crate::{
    account, block, bookmark, card, closing, community, conversation, deed, device, dweet, entry, errand,
    favourite, follow, growth, hidden, invitation, key_package, mailbox, marker, measure, mute, notification,
    oauth, presence, prune, range, redweet, report, safe, search, session, tag, thread, timeline,
};
use serde::{Deserialize, Serialize};
use tertulia_types::{Bug, Position};

fn carry_out<C: Command>(command: &C, kind: u32, tx: &mut Tx<'_>) -> Outcome<Vec<u8>> {
    if !Bug::UncheckedOwner.is_planted() {
        tx.owns(command.home())?;
    }
    if let Some((actor, scopes)) = command.authority() {
        session::check(tx, actor, scopes)?;
    }
    let request = command.request();
    if let Some(remembered) = request
        .as_ref()
        .map(|r| r.recall(tx, kind))
        .transpose()?
        .flatten()
    {
        return Ok(remembered);
    }
    let reply = encode(&command.apply(tx)?)?;
    if let Some(request) = request {
        request.remember(tx, kind, &reply)?;
    }
    Ok(reply)
}

pub(crate) fn answer<Q: Query>(query: &Q, view: &View<'_>) -> Outcome<Q::Reply> {
    view.owns(query.home())?;
    if let Some((actor, scopes)) = query.authority() {
        session::check(view, actor, scopes)?;
    }
    query.read(view)
}

macro_rules! language {
    ($any:ident, $doc:literal, $($(#[$when:meta])? $name:ident($type:ty)),* $(,)?) => {
        #[doc = $doc]
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[allow(clippy::large_enum_variant, missing_docs, reason = "short-lived; each variant is documented at its type")]
        pub enum $any { $($(#[$when])? $name($type)),* }

        impl $any {
            /// Where it must be answered.
            #[must_use]
            pub fn home(&self) -> Position {
                match self { $($(#[$when])? Self::$name(verb) => verb.home()),* }
            }

            /// The names of all.
            pub const NAMES: &[&str] = &[$($(#[$when])? stringify!($name)),*];

            /// Its name, for logs and metrics.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $($(#[$when])? Self::$name(_) => stringify!($name)),* }
            }

            /// The bytes that go into the log or to another machine.
            ///
            /// # Errors
            /// If the codec fails, which for these types it does not.
            pub fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
                encode(self)
            }

            /// Reads the bytes back.
            ///
            /// # Errors
            /// If they are no verb that this version knows.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
                decode(stringify!($any), bytes)
            }
        }

        $($(#[$when])? impl From<$type> for $any {
            fn from(verb: $type) -> Self {
                Self::$name(verb)
            }
        })*
    };
}

macro_rules! commands {
    ($($(#[$when:meta])? $name:ident($type:ty)),* $(,)?) => {
        language!(AnyCommand, "Any command: what the log holds.", $($(#[$when])? $name($type)),*);

        impl AnyCommand {
            pub(crate) fn execute(&self, tx: &mut Tx<'_>) -> Outcome<Vec<u8>> {
                match self { $($(#[$when])? Self::$name(command) => carry_out(command, self.kind(), tx)),* }
            }

            /// How many variants there are: each with a number below.
            const KINDS: u32 = Self::NAMES.len() as u32;

            /// Whether somebody's app may be behind it: see [`Command::is_of_people`].
            #[must_use]
            pub fn is_of_people(&self) -> bool {
                match self { $($(#[$when])? Self::$name(command) => command.is_of_people()),* }
            }

            /// The variant's number.
            #[must_use]
            #[allow(clippy::enum_variant_names, reason = "a list of numbers in disguise")]
            pub fn kind(&self) -> u32 {
                enum Kind { $($(#[$when])? $name),* }
                match self { $($(#[$when])? Self::$name(_) => Kind::$name as u32),* }
            }
        }
    };
}

impl AnyCommand {
    /// The number of a split: whoever applies the log has to see it coming.
    pub(crate) const SPLIT: u32 = 39;

    /// How many variants this machine knows: each with a number below.
    #[must_use]
    pub fn kinds() -> u32 {
        #[cfg(debug_assertions)]
        if !crate::trial::is_next() {
            return Self::KINDS - 1;
        }
        Self::KINDS
    }

    /// How many kinds the first version knows. Whoever has not said how many it knows, knows these (rule R15).
    pub const KINDS_AT_FIRST: u32 = 42;

    /// The variant's number of an encoded command, whether this version knows it or not.
    #[must_use]
    pub fn kind_of(command: &[u8]) -> Option<u32> {
        postcard::take_from_bytes(command).ok().map(|(kind, _)| kind)
    }

    /// Whether a version that knows so many variants can read an encoded command. One that a member of the group cannot
    /// read must not be proposed (rule R15).
    #[must_use]
    pub fn is_known_to(command: &[u8], kinds: u32) -> bool {
        Self::kind_of(command).is_some_and(|kind| kind < kinds)
    }
}

macro_rules! queries {
    ($($name:ident($type:ty)),* $(,)?) => {
        language!(AnyQuery, "Any query, as it travels between machines.", $($name($type)),*);

        impl AnyQuery {
            pub(crate) fn answer(&self, view: &View<'_>) -> Outcome<Vec<u8>> {
                match self { $(Self::$name(query) => Ok(encode(&answer(query, view)?)?)),* }
            }
        }
    };
}

commands! {
    Register(account::Register),
    ChangePassword(account::ChangePassword),
    EditProfile(account::EditProfile),
    OpenSession(session::OpenSession),
    CloseSession(session::CloseSession),
    CreateApp(oauth::CreateApp),
    OpenAppToken(oauth::OpenAppToken),
    CloseAppToken(oauth::CloseAppToken),
    Authorize(oauth::Authorize),
    ExchangeCode(oauth::ExchangeCode),
    Revoke(oauth::Revoke),
    Publish(dweet::Publish),
    Edit(dweet::Edit),
    Delete(dweet::Delete),
    Redweet(redweet::Redweet),
    Unredweet(redweet::Unredweet),
    CountRedweet(redweet::CountRedweet),
    SetOriginal(redweet::SetOriginal),
    SetFavourite(favourite::SetFavourite),
    CountFavourite(favourite::CountFavourite),
    CountReply(thread::CountReply),
    PutInThread(thread::PutInThread),
    PutUnderTag(tag::PutUnderTag),
    Follow(follow::Follow),
    Unfollow(follow::Unfollow),
    SetFollower(follow::SetFollower),
    SetBlock(block::SetBlock),
    SetBlockedBy(block::SetBlockedBy),
    SetMute(mute::SetMute),
    Settle(errand::Settle),
    Deliver(entry::Deliver),
    DeliverCard(card::DeliverCard),
    SetReader(timeline::SetReader),
    Notify(notification::Notify),
    Dismiss(notification::Dismiss),
    SetMarker(marker::SetMarker),
    CloseAccount(closing::CloseAccount),
    GoOnClosing(closing::GoOnClosing),
    Prune(prune::Prune),
    Split(range::Split),
    TakeEnd(range::TakeEnd),
    Trim(range::Trim),
    SetBookmark(bookmark::SetBookmark),
    GoOnForgetting(entry::GoOnForgetting),
    GoOnDismissing(notification::GoOnDismissing),
    AppendRecord(device::AppendRecord),
    StockPackages(key_package::StockPackages),
    ClaimPackages(key_package::ClaimPackages),
    Deposit(mailbox::Deposit),
    Acknowledge(mailbox::Acknowledge),
    SubmitCommit(conversation::SubmitCommit),
    FillBox(safe::FillBox),
    EmptyBox(safe::EmptyBox),
    SetPresence(presence::SetPresence),
    Decide(measure::Decide),
    Take(measure::Take),
    Appoint(measure::Appoint),
    RecordDeed(deed::RecordDeed),
    SetHidden(hidden::SetHidden),
    SetSettlement(community::SetSettlement),
    Invite(invitation::Invite),
    Disinvite(invitation::Disinvite),
    Use(invitation::Use),
    RegisterInvited(invitation::RegisterInvited),
    FileReport(report::FileReport),
    TakeReport(report::TakeReport),
    // Always the last one.
    #[cfg(debug_assertions)]
    Try(crate::trial::Try),
}

queries! {
    Credentials(account::Credentials),
    OwnPassword(account::OwnPassword),
    Lookup(account::Lookup),
    LookupMany(account::LookupMany),
    Own(account::Own),
    CheckSession(session::CheckSession),
    Sessions(session::Sessions),
    FindApp(oauth::FindApp),
    AppOfToken(oauth::AppOfToken),
    Show(dweet::Show),
    ShowMany(dweet::ShowMany),
    History(dweet::History),
    Profile(dweet::Profile),
    Public(dweet::Public),
    RedweetedBy(redweet::RedweetedBy),
    FavouritedBy(favourite::FavouritedBy),
    Favourites(favourite::Favourites),
    Thread(thread::Thread),
    Tagged(tag::Tagged),
    Followers(follow::Followers),
    Following(follow::Following),
    Relationships(follow::Relationships),
    Blocks(block::Blocks),
    Mutes(mute::Mutes),
    Pending(errand::Pending),
    Resume(errand::Resume),
    Home(timeline::Home),
    HomeEntry(timeline::HomeEntry),
    FollowedIds(timeline::FollowedIds),
    FlagsOf(timeline::FlagsOf),
    CountUnseen(timeline::CountUnseen),
    NextPage(timeline::NextPage),
    Notifications(notification::Notifications),
    Notification(notification::Notification),
    Markers(marker::Markers),
    SearchAccounts(search::SearchAccounts),
    Count(search::Count),
    AppOfSession(oauth::AppOfSession),
    FindEnd(range::FindEnd),
    Bookmarks(bookmark::Bookmarks),
    Records(device::Records),
    Fetch(mailbox::Fetch),
    Commits(conversation::Commits),
    OpenBox(safe::OpenBox),
    Presences(presence::Presences),
    OutcomeOf(measure::OutcomeOf),
    CheckRole(measure::CheckRole),
    Inspect(measure::Inspect),
    Noted(measure::Noted),
    Deeds(deed::Deeds),
    Settled(community::Settled),
    Invitations(invitation::Invitations),
    Look(invitation::Look),
    Awaited(invitation::Awaited),
    Reports(report::Reports),
    FindReport(report::FindReport),
    Days(growth::Days),
    Expired(mailbox::Expired),
}

#[cfg(test)]
mod tests {
    use super::AnyCommand;
    use crate::range::Split;
    use tertulia_types::{MachineId, Position};

    #[test]
    fn r15_a_split_is_known_by_its_number() {
        let at = Position(0);
        let split = Split {
            at,
            machine: MachineId(1),
            incarnation: 1,
        };
        let split = AnyCommand::from(split);
        assert_eq!(split.kind(), AnyCommand::SPLIT);
        let bytes = split.to_bytes().expect("encodes");
        assert_eq!(AnyCommand::kind_of(&bytes), Some(AnyCommand::SPLIT));
        assert!(AnyCommand::is_known_to(&bytes, AnyCommand::kinds()));
        assert!(!AnyCommand::is_known_to(&bytes, AnyCommand::SPLIT));
    }

    #[cfg(debug_assertions)]
    #[test]
    fn r15_what_the_next_version_knows_cannot_be_read_before() {
        let bytes = AnyCommand::from(crate::trial::Try { at: Position(0) });
        let bytes = bytes.to_bytes().expect("encodes");
        assert!(!AnyCommand::is_known_to(&bytes, AnyCommand::kinds()));
        assert!(AnyCommand::from_bytes(&bytes).is_err());
    }
}
