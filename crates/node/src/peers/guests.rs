//! What strangers may hold and ask, by address, before and after they have shown who they are; and where there was a member.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Connections of members at once.
pub(super) const MEMBERS_MAX: usize = 7_168;
/// Handshakes with one address at once.
pub(super) const HANDSHAKES_PER_ADDRESS_MAX: usize = 16;
/// The same where members are: there may be many of them at one, and all come at once after a power cut.
const HANDSHAKES_OF_MEMBERS_MAX: usize = 64;
/// Connections of guests from one address at once.
const GUESTS_PER_ADDRESS_MAX: usize = 32;
/// Addresses that are remembered at once for these limits.
const ADDRESSES_MAX: usize = 4_096;
/// Questions of one address at the door: so many at once, and then one per interval.
const QUESTIONS_AT_ONCE: u32 = 32;
const QUESTION_INTERVAL: Duration = Duration::from_secs(1);

/// What strangers may do, by address; and where there was a member.
#[derive(Default)]
pub(crate) struct Guests(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    visits: BTreeMap<IpAddr, Visits>,
    /// Where members have come from.
    members: BTreeSet<IpAddr>,
}

struct Visits {
    /// Before they have shown who they are.
    handshakes: usize,
    connections: usize,
    questions_left: u32,
    since: Instant,
}

impl Visits {
    fn handshakes(&mut self) -> &mut usize {
        &mut self.handshakes
    }

    fn connections(&mut self) -> &mut usize {
        &mut self.connections
    }
}

/// A place in an address's count, until it is dropped.
pub(super) struct Guest {
    guests: Arc<Mutex<Known>>,
    address: IpAddr,
    counted: fn(&mut Visits) -> &mut usize,
}

impl Guests {
    /// Somebody comes, and has not shown who they are.
    pub(super) fn begin(&self, address: IpAddr, is_known: bool, now: Instant) -> Option<Guest> {
        let count_max = match is_known {
            true => HANDSHAKES_OF_MEMBERS_MAX,
            false => HANDSHAKES_PER_ADDRESS_MAX,
        };
        self.count((address, is_known), Visits::handshakes, count_max, now)
    }

    /// A guest is in.
    pub(super) fn enter(&self, address: IpAddr, is_known: bool, now: Instant) -> Option<Guest> {
        self.count(
            (address, is_known),
            Visits::connections,
            GUESTS_PER_ADDRESS_MAX,
            now,
        )
    }

    fn count(
        &self,
        (address, is_known): (IpAddr, bool),
        counted: fn(&mut Visits) -> &mut usize,
        count_max: usize,
        now: Instant,
    ) -> Option<Guest> {
        let mut known = lock(&self.0);
        let count = counted(visits(&mut known.visits, address, is_known, now)?);
        if *count >= count_max {
            return None;
        }
        *count += 1;
        Some(Guest {
            guests: self.0.clone(),
            address,
            counted,
        })
    }

    /// A member has come from there.
    pub(super) fn note_member(&self, address: IpAddr) {
        let members = &mut lock(&self.0).members;
        if members.len() >= MEMBERS_MAX && !members.contains(&address) {
            members.pop_first();
        }
        members.insert(address);
    }

    /// Whether a member has come from there.
    pub(super) fn has_seen_member(&self, address: IpAddr) -> bool {
        lock(&self.0).members.contains(&address)
    }

    /// Whether somebody at this address may ask now.
    pub(crate) fn may_ask(&self, address: IpAddr, now: Instant) -> bool {
        let mut known = lock(&self.0);
        let Some(visits) = visits(&mut known.visits, address, false, now) else {
            return false;
        };
        let regained = now.duration_since(visits.since).as_secs() / QUESTION_INTERVAL.as_secs();
        if regained > 0 {
            let regained = u32::try_from(regained).unwrap_or(QUESTIONS_AT_ONCE);
            visits.questions_left = visits
                .questions_left
                .saturating_add(regained)
                .min(QUESTIONS_AT_ONCE);
            visits.since = now;
        }
        let may = visits.questions_left > 0;
        visits.questions_left = visits.questions_left.saturating_sub(1);
        may
    }
}

/// What is known of an address; `None` if too many are known, and it is no member's.
fn visits(
    guests: &mut BTreeMap<IpAddr, Visits>,
    address: IpAddr,
    is_known: bool,
    now: Instant,
) -> Option<&mut Visits> {
    if guests.len() >= ADDRESSES_MAX && !guests.contains_key(&address) {
        let forgiven = QUESTION_INTERVAL * QUESTIONS_AT_ONCE;
        guests.retain(|_, visits| {
            visits.handshakes + visits.connections > 0 || now.duration_since(visits.since) < forgiven
        });
        if guests.len() >= ADDRESSES_MAX && !is_known {
            return None;
        }
    }
    Some(guests.entry(address).or_insert_with(|| Visits {
        handshakes: 0,
        connections: 0,
        questions_left: QUESTIONS_AT_ONCE,
        since: now,
    }))
}

impl Drop for Guest {
    fn drop(&mut self) {
        if let Some(visits) = lock(&self.guests).visits.get_mut(&self.address) {
            let count = (self.counted)(visits);
            *count = count.saturating_sub(1);
        }
    }
}

fn lock<T>(guests: &Mutex<T>) -> MutexGuard<'_, T> {
    guests.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_does_not_take_all_places_nor_ask_for_ever() {
        let (guests, now) = (Guests::default(), Instant::now());
        let (one, two) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let mut inside: Vec<_> = (0..GUESTS_PER_ADDRESS_MAX)
            .map(|_| guests.enter(one, false, now).unwrap())
            .collect();
        assert!(guests.enter(one, true, now).is_none());
        assert!(guests.enter(two, false, now).is_some());
        inside.pop();
        assert!(guests.enter(one, false, now).is_some());
        let half_open: Vec<_> = (0..HANDSHAKES_PER_ADDRESS_MAX)
            .map(|_| guests.begin(one, false, now).unwrap())
            .collect();
        assert!(guests.begin(one, false, now).is_none());
        assert!(guests.begin(one, true, now).is_some(), "a member may be there");
        drop(half_open);
        assert!(guests.begin(one, false, now).is_some());

        assert!((0..QUESTIONS_AT_ONCE).all(|_| guests.may_ask(one, now)));
        assert!(!guests.may_ask(one, now));
        assert!(guests.may_ask(two, now));
        let now = now + QUESTION_INTERVAL * 2;
        assert!(guests.may_ask(one, now) && guests.may_ask(one, now) && !guests.may_ask(one, now));
    }

    #[test]
    fn addresses_without_number_do_not_fill_the_memory() {
        let (guests, now) = (Guests::default(), Instant::now());
        let address = |number: usize| IpAddr::from(u32::try_from(number).unwrap().to_be_bytes());
        let known = (0..ADDRESSES_MAX).filter(|number| guests.may_ask(address(*number), now));
        assert_eq!(known.count(), ADDRESSES_MAX);
        assert!(!guests.may_ask(address(ADDRESSES_MAX), now));
        assert!(guests.begin(address(ADDRESSES_MAX), false, now).is_none());
        drop(
            guests
                .begin(address(ADDRESSES_MAX + 1), true, now)
                .expect("a member is there"),
        );
        let now = now + QUESTION_INTERVAL * QUESTIONS_AT_ONCE;
        assert!(guests.may_ask(address(ADDRESSES_MAX), now));
        assert_eq!(lock(&guests.0).visits.len(), 1);
    }
}
