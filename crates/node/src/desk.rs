//! Answers letters: those about a group go to it, the questions to this machine are answered here.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bytes::Bytes;
use tertulia_ring::pointer::Pointer;
use tertulia_state::{AnyCommand, Descriptor};
use tertulia_types::MachineId;
use tertulia_types::ring::HopKind;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::ask::{
    CallRoll, Chord, Compare, Dismiss, Exchange, Hear, Hour, Invite, Lend, Locate, MACHINE, Muster, Opinion,
    Question, Refused, Report, Rest, TakeBack, Told, encoded,
};
use crate::copies::Copies;
use crate::driver::Driver;
use crate::error::NodeError;
use crate::finder::Finder;
use crate::given_up;
use crate::lender::Lender;
use crate::peers::{Book, State};
use crate::raft::network::{Absence, Call, Letter};
use crate::raft::{Member, NodeId};
use crate::relay::HEAR_PATIENCE;
use crate::report::Reporter;
use crate::roster::{Receive, Roster};
use crate::trace;

/// Summaries and news in one exchange at most.
const LINES_MAX: usize = crate::peers::book::MACHINES_MAX;

/// Where letters come in.
pub(crate) struct Desk {
    pub(crate) roster: Arc<Roster>,
    /// What there is once the machine is put together; a letter that comes before is told to come again.
    pub(crate) clerk: OnceLock<Clerk>,
}

/// Knows the answers.
pub(crate) struct Clerk {
    pub(crate) driver: Arc<Driver>,
    pub(crate) finder: Arc<Finder>,
    pub(crate) copies: Arc<Copies>,
    pub(crate) book: Arc<Book>,
    pub(crate) reporter: Arc<Reporter>,
    pub(crate) lender: Arc<Lender>,
    /// Where a copy's tasks run, whoever's task it is that brings a letter.
    pub(crate) consensus: Handle,
}

#[async_trait]
impl Receive for Desk {
    async fn receive(&self, from: MachineId, letter: Letter) -> Result<Bytes, Absence> {
        trace::take_up(letter.trace, self.answer(from, letter)).await
    }
}

impl Desk {
    async fn answer(&self, from: MachineId, letter: Letter) -> Result<Bytes, Absence> {
        let clerk = self.clerk.get();
        if letter.group != MACHINE {
            let is_among_keepers = letter.call.is_between_members() || !is_of_people(&letter);
            if is_among_keepers && !clerk.is_none_or(|clerk| clerk.may_keep_copies(from)) {
                return Err(Absence::Garbled);
            }
            if let Some((origin, node)) = self.roster.passed_over(&letter)
                && let Some(clerk) = clerk
            {
                clerk.make_late(origin, node).await;
            }
            return self.roster.receive(&letter).await;
        }
        let clerk = clerk.ok_or(Absence::NotYet)?;
        if letter.call == Call::Lent && clerk.may_be_lent_to(from) {
            let leaf = postcard::from_bytes(&letter.body).map_err(|_| Absence::Garbled)?;
            return clerk.lender.leaf(leaf).await.ok_or(Absence::Gone);
        }
        if letter.call != Call::Ask {
            return Err(Absence::Garbled);
        }
        let question: Question = postcard::from_bytes(&letter.body).map_err(|_| Absence::Garbled)?;
        clerk.driver.heard(from);
        let is_for_keepers = matches!(
            question,
            Question::Chord(_) | Question::Invite(_) | Question::Dismiss(_)
        );
        let is_for_members = matches!(
            question,
            Question::Rest(_) | Question::Lend(_) | Question::TakeBack(_)
        );
        let is_foreign =
            is_for_keepers && !clerk.may_keep_copies(from) || is_for_members && !clerk.may_be_lent_to(from);
        if is_foreign {
            return Err(Absence::Garbled);
        }
        clerk.answer(from, question).await.ok_or(Absence::Garbled)
    }
}

/// Whether a letter has only such commands in it as people give. What cannot be read is refused by the group.
fn is_of_people(letter: &Letter) -> bool {
    if letter.call != Call::Submit {
        return true;
    }
    let commands: Vec<Vec<u8>> = postcard::from_bytes(&letter.body).unwrap_or_default();
    let mut known = commands
        .iter()
        .filter_map(|command| AnyCommand::from_bytes(command).ok());
    known.all(|command| command.is_of_people())
}

impl Clerk {
    /// Whether a machine may have to do with copies: one that stores may, a gateway may not, nor one that was removed (J8). A newcomer may be at work before
    /// everybody has heard of it.
    fn may_keep_copies(&self, from: MachineId) -> bool {
        let stores = self.book.get(from).is_none_or(|entry| entry.role.stores());
        stores && !self.book.is_removed(from)
    }

    /// Whether all that people have may be lent to a machine: one of which the book says that it stores.
    fn may_be_lent_to(&self, from: MachineId) -> bool {
        self.book.get(from).is_some_and(|entry| entry.role.stores()) && !self.book.is_removed(from)
    }

    async fn answer(&self, from: MachineId, question: Question) -> Option<Bytes> {
        match question {
            Question::Chord(Chord { position, message }) => {
                let from = Pointer {
                    machine: from,
                    position,
                };
                self.driver.receive(from, message);
                encoded::<Chord>(&())
            }
            Question::Locate(locate) => encoded::<Locate>(&self.finder.locate(locate, HopKind::Start).await),
            Question::Report(_) => encoded::<Report>(&self.reporter.report()),
            Question::Invite(invite) => encoded::<Invite>(&self.take_copy(invite).await),
            Question::Dismiss(Dismiss { group, roll }) => {
                // Once begun, it is finished, whether who asks still waits or not.
                let copies = self.copies.clone();
                let dismissed = self.consensus.spawn(async move {
                    let dismissed = copies.dismiss(group, &roll).await;
                    if let Err(error) = &dismissed {
                        tracing::debug!(group = format_args!("{group:016x}"), %error, "a copy stays");
                    }
                    dismissed.is_ok()
                });
                encoded::<Dismiss>(&dismissed.await.unwrap_or(false))
            }
            Question::CallRoll(CallRoll { group }) => {
                let roll = self.copies.roster.group(group).and_then(|group| group.roll());
                encoded::<CallRoll>(&roll)
            }
            Question::Muster(Muster { group }) => encoded::<Muster>(&self.copies.muster(group)),
            Question::Compare(Compare { digest }) => {
                let differs = digest != self.book.digest();
                encoded::<Compare>(&differs.then(|| self.book.summary()))
            }
            Question::Exchange(Exchange { summary, news }) => {
                if summary.len() > LINES_MAX || news.len() > 2 * LINES_MAX {
                    return None;
                }
                let missing = self.book.newer_than(&summary);
                let (book, stage) = (self.book.clone(), self.copies.ground.stage);
                // Checking signatures takes its time, and where letters are answered nothing may (P8).
                stage.blocking(move || book.merge(news)).await;
                encoded::<Exchange>(&missing)
            }
            Question::Opinion(Opinion { machine }) => {
                let silent = self.driver.silent_for(machine);
                let is_unknown = silent.is_none() && machine != from && self.book.get(machine).is_none();
                if is_unknown && self.may_keep_copies(from) {
                    // It holds an end, or is a member: from now on it is known since when it has been silent.
                    self.driver.doubt(machine);
                }
                encoded::<Opinion>(
                    &silent.map(|silent| u64::try_from(silent.as_millis()).unwrap_or(u64::MAX)),
                )
            }
            Question::Hear(hear) => encoded::<Hear>(&self.tell(hear).await),
            Question::Rest(rest) => encoded::<Rest>(&self.lender.rest(rest).await),
            Question::Lend(lend) => encoded::<Lend>(&self.lender.lend(lend).await),
            Question::TakeBack(TakeBack { loans }) => {
                self.lender.take_back(&loans);
                encoded::<TakeBack>(&())
            }
            Question::Hour(_) => encoded::<Hour>(&(self.copies.ground.clock)()),
        }
    }

    /// Waits until there is something to tell of a group.
    async fn tell(&self, Hear { group, after }: Hear) -> Option<Told> {
        let events = &self.copies.ground.events;
        let mut listener = events.listen();
        let limit = Instant::now() + HEAR_PATIENCE;
        loop {
            self.copies.roster.group(group)?;
            let (new, place, is_all) = events.since(group, after);
            if after.is_none() || !new.is_empty() || !is_all || Instant::now() >= limit {
                return Some(Told {
                    events: new,
                    place,
                    is_all,
                });
            }
            // What it hears is looked up above, as is that time is over; once a machine has stopped, nothing comes.
            let _ = tokio::time::timeout_at(limit, listener.next()).await;
        }
    }

    /// Makes the copy that a split has passed over, empty, under the id that it should have had (R2). Where that fails it is not there, and the letter is
    /// answered so.
    async fn make_late(&self, origin: Descriptor, node: NodeId) {
        let group = origin.group;
        if given_up::is_given_up(&self.book, group) {
            return;
        }
        let copies = self.copies.clone();
        // Once begun, it is finished, whether who asks still waits or not.
        let made = self.consensus.spawn(async move {
            match copies.host(origin, node).await {
                Ok(()) => tracing::info!(
                    group = format_args!("{group:016x}"),
                    node,
                    "a copy that a split has passed over is made, empty"
                ),
                Err(error) => tracing::warn!(
                    group = format_args!("{group:016x}"),
                    node,
                    %error,
                    "a copy that a split has passed over is not made"
                ),
            }
        });
        if let Err(error) = made.await {
            tracing::debug!(%error, "the machine stops");
        }
    }

    /// Follows an invitation (R2). A copy that is here under an id which is no member any more goes first.
    async fn take_copy(&self, invite: Invite) -> Result<Member, Refused> {
        let takes_copies = self
            .book
            .own()
            .is_some_and(|own| own.state == State::Active && own.role.stores());
        if !takes_copies {
            return Err(Refused::TakesNone);
        }
        let group = invite.origin.group;
        if given_up::is_given_up(&self.book, group) {
            return Err(Refused::GivenUp);
        }
        let copies = self.copies.clone();
        // Once begun, it is finished, whether who invites still waits or not.
        let hosted = self.consensus.spawn(async move {
            let here = copies.roster.group(group);
            if here.is_some_and(|here| here.node < invite.node && !here.is_sick())
                && let Err(error) = copies.dismiss(group, &invite.roll).await
            {
                tracing::info!(group = format_args!("{group:016x}"), %error, "an invitation is not followed");
                return Err(NodeError::KnownHere(group));
            }
            copies.host(invite.origin, invite.node).await
        });
        match hosted.await.map_err(|_| Refused::Failed)? {
            Ok(()) => Ok(self.copies.ground.member),
            Err(NodeError::KnownHere(_)) => Err(Refused::KnownHere),
            Err(error) => {
                tracing::error!(group = format_args!("{group:016x}"), %error, "a copy cannot be made");
                Err(Refused::Failed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tertulia_state::measure::Appoint;
    use tertulia_types::{Position, moderation};

    use super::*;
    use crate::ask::Caller;
    use crate::raft::network::{Recipient, Transport};
    use crate::stand_in::Town;

    const DEADLINE: Duration = Duration::from_secs(10);

    #[tokio::test(flavor = "multi_thread")]
    async fn j8_copies_are_the_business_of_machines_that_store_and_were_not_removed() {
        let mut town = Town::new().await;
        let stores = town.add(Some(Position(1)), |_| None);
        let founder = town.founder.member();
        let group = town.founder.standings()[0].descriptor.group;
        let roll = town.founder.roll(group).unwrap();
        // What a question about a copy is answered, and a vote for a member that is not here.
        let hears = async |line: Arc<dyn Transport>| {
            let dismiss = Dismiss {
                group,
                roll: roll.clone(),
            };
            let letter = Letter {
                group,
                to: Some(Recipient {
                    node: 77,
                    incarnation: founder.incarnation,
                    origin: None,
                    descriptor: None,
                }),
                call: Call::Vote,
                body: Bytes::new(),
                trace: None,
            };
            let sent = line.exchange(founder.machine, letter, DEADLINE).await.unwrap();
            let asked = Caller(line).ask(founder.machine, dismiss, DEADLINE).await;
            (asked.ok(), sent)
        };
        assert_eq!(hears(town.line()).await, (Some(false), Err(Absence::Gone)));
        let refused = (None, Err(Absence::Garbled));
        let gateway = town.other.caller().0.clone();
        assert_eq!(hears(gateway.clone()).await, refused, "a gateway");
        let borrows = async |line: Arc<dyn Transport>| {
            let lend = Lend {
                position: Position(0),
                loan: 1,
            };
            Caller(line).ask(founder.machine, lend, DEADLINE).await.is_ok()
        };
        assert!(!borrows(gateway.clone()).await, "a gateway");
        assert!(borrows(town.line()).await, "one that stores");
        let appoints = async |line: Arc<dyn Transport>| {
            let appoint = Appoint {
                nick: "ana".parse().unwrap(),
                role: moderation::Role::Admin,
                machine: stores,
            };
            let commands = vec![AnyCommand::from(appoint).to_bytes().unwrap()];
            let letter = Letter {
                group,
                to: None,
                call: Call::Submit,
                body: postcard::to_stdvec(&commands).unwrap().into(),
                trace: None,
            };
            line.exchange(founder.machine, letter, DEADLINE).await.unwrap()
        };
        // Rule G1: a gateway gives nobody a role, and takes no measure.
        assert_eq!(
            appoints(gateway.clone()).await,
            Err(Absence::Garbled),
            "a gateway"
        );
        assert!(appoints(town.line()).await.is_ok(), "one that stores");
        let authority = town.founder.charter().ring.authority().unwrap().unwrap();
        town.founder.book().remove(&authority, stores).unwrap();
        assert_eq!(hears(town.line()).await, refused, "one that was removed");
        assert!(!borrows(town.line()).await, "one that was removed");
        town.stop().await;
    }
}
