//! How a machine leaves the ring (J7): it says so in the address book, waits until nothing of what it holds is needed any more, and says goodbye.
//!
//! **Invariant:** whoever leaves stays until its last copy has gone, one that cannot be used too: that may be the one which is needed.
//! **Invariant:** somebody stays: when all that store want to leave at once, the one with the lowest id takes it back.

use std::time::Duration;

use tertulia_types::ring::{GroupId, Hindrance, LeaveProgress};
use tertulia_types::{MachineId, Position};
use tokio::sync::watch;

use crate::census;
use crate::node::Node;
use crate::peers::{BookError, State};

/// How often a leaving machine looks at what it still holds.
const LOOK: Duration = Duration::from_millis(200);

/// Why a machine cannot leave.
#[derive(Debug, thiserror::Error)]
pub enum LeaveError {
    /// Nobody would be left.
    #[error("no machine that stores would stay: what it holds would be lost")]
    Last,
    /// The address book.
    #[error(transparent)]
    Book(#[from] BookError),
}

impl Node {
    /// Leaves the ring: hands over what it holds, and returns when nothing is left (J7).
    pub async fn leave(&self, progress: &watch::Sender<LeaveProgress>) -> Result<(), LeaveError> {
        let own = self.book().own().ok_or(BookError::Stranger)?;
        let stores = own.role.stores();
        let is_new = own.state != State::Leaving;
        if stores && is_new && !self.others().any(|(_, is_leaving)| !is_leaving) {
            return Err(LeaveError::Last);
        }
        self.book().update(|entry| entry.state = State::Leaving)?;
        let count = |node: &Self| u32::try_from(node.kept().len()).unwrap_or(u32::MAX);
        let copies = count(self);
        loop {
            let copies_left = count(self);
            if copies_left > 0 && stores && self.has_to_stay() {
                self.book().update(|entry| entry.state = State::Active)?;
                return Err(LeaveError::Last);
            }
            let now = LeaveProgress {
                copies,
                copies_left,
                hindrance: self.hindrance(),
            };
            progress.send_if_modified(|known| std::mem::replace(known, now) != now);
            if copies_left == 0 {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        self.driver().leave().await;
        self.book().update(|entry| {
            entry.state = State::Left;
            entry.position = None;
        })?;
        self.spread_news().await;
        Ok(())
    }

    /// Whether this machine is about to leave, as it has said before.
    pub fn is_leaving(&self) -> bool {
        self.book().own().is_some_and(|own| own.state == State::Leaving)
    }

    /// The other machines that store, and whether they are about to leave.
    fn others(&self) -> impl Iterator<Item = (MachineId, bool)> {
        let me = self.member().machine;
        census::placed_from(self.book(), Position(0))
            .into_iter()
            .filter(move |placed| placed.machine != me)
            .map(|placed| (placed.machine, placed.is_leaving))
    }

    /// Whether all that store are about to leave, and it is this one that takes it back.
    fn has_to_stay(&self) -> bool {
        let me = self.member().machine;
        self.others()
            .all(|(machine, is_leaving)| is_leaving && (me < machine || self.driver().is_in_doubt(machine)))
    }

    /// What keeps this machine from leaving just now.
    fn hindrance(&self) -> Option<Hindrance> {
        let Some(standing) = self.standings().into_iter().next() else {
            let (group, _) = *self.kept().first()?;
            return Some(Hindrance::CatchingUp {
                group: GroupId(group),
            });
        };
        let group = GroupId(standing.descriptor.group);
        let silent = standing
            .seats
            .iter()
            .map(|seat| seat.member.machine)
            .find(|machine| self.driver().is_in_doubt(*machine));
        Some(match (standing.leader, silent) {
            (None, _) => Hindrance::NoLeader { group },
            (Some(_), Some(machine)) => Hindrance::Silent { machine },
            (Some(_), None) => Hindrance::CatchingUp { group },
        })
    }
}
