//! How much those who dial may ask of this computer: a pure core.
//!
//! Each address has so many connections and so much credit. A letter costs a little, one that opens nothing much more: whoever is in
//! no conversation with this person wastes a bounded amount of work, and leaves room for others.
//!
//! **Invariant:** what is remembered is bounded, however many addresses dial.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

/// Connections at once, of all and of one address.
pub(super) const VISITS_MAX: usize = 64;
const VISITS_OF_ONE_MAX: usize = 16;
/// Addresses that are remembered.
const VISITORS_MAX: usize = 1_024;
/// What an address may spend at once, and how fast it comes back.
const CREDIT_MAX: u64 = 600;
const CREDIT_EACH_MS: u64 = 100;
/// What things cost.
pub(super) const COST_OF_VISIT: u64 = 1;
pub(super) const COST_OF_LETTER: u64 = 1;
pub(super) const COST_OF_NOTHING: u64 = 60;

/// Everybody who dials.
#[derive(Debug, Default)]
pub(super) struct Guard(BTreeMap<IpAddr, Visitor>);

#[derive(Debug)]
struct Visitor {
    visits: usize,
    credit: u64,
    /// Up to when the credit has been counted.
    at_ms: u64,
}

impl Visitor {
    fn earn(&mut self, now_ms: u64) {
        let earned = now_ms.saturating_sub(self.at_ms) / CREDIT_EACH_MS;
        self.credit = (self.credit + earned).min(CREDIT_MAX);
        self.at_ms += earned * CREDIT_EACH_MS;
    }
}

impl Guard {
    /// Whether somebody may come in now. Who does goes by [`Guard::leave`].
    pub(super) fn enter(&mut self, from: IpAddr, now_ms: u64) -> bool {
        let from = visitor(from);
        if !self.0.contains_key(&from) && self.0.len() >= VISITORS_MAX {
            self.0.retain(|_, visitor| {
                visitor.earn(now_ms);
                visitor.visits > 0 || visitor.credit < CREDIT_MAX
            });
            if self.0.len() >= VISITORS_MAX {
                return false;
            }
        }
        let all: usize = self.0.values().map(|visitor| visitor.visits).sum();
        let visitor = self.0.entry(from).or_insert(Visitor {
            visits: 0,
            credit: CREDIT_MAX,
            at_ms: now_ms,
        });
        visitor.earn(now_ms);
        if all >= VISITS_MAX || visitor.visits >= VISITS_OF_ONE_MAX || visitor.credit < COST_OF_VISIT {
            return false;
        }
        visitor.visits += 1;
        visitor.credit -= COST_OF_VISIT;
        true
    }

    /// Somebody has gone.
    pub(super) fn leave(&mut self, from: IpAddr) {
        if let Some(visitor) = self.0.get_mut(&visitor(from)) {
            visitor.visits = visitor.visits.saturating_sub(1);
        }
    }

    /// Takes what something costs; whether there was as much.
    pub(super) fn pay(&mut self, from: IpAddr, cost: u64, now_ms: u64) -> bool {
        let Some(visitor) = self.0.get_mut(&visitor(from)) else {
            return false;
        };
        visitor.earn(now_ms);
        let is_enough = visitor.credit >= cost;
        visitor.credit = visitor.credit.saturating_sub(cost);
        is_enough
    }

    /// Whether so many are in that it is asked of newcomers to show that they are where they say.
    pub(super) fn is_busy(&self) -> bool {
        let all: usize = self.0.values().map(|visitor| visitor.visits).sum();
        all >= VISITS_MAX / 2
    }
}

/// Under which name somebody is remembered: of the newer internet, with their whole network.
fn visitor(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        COST_OF_LETTER, COST_OF_NOTHING, CREDIT_EACH_MS, CREDIT_MAX, Guard, VISITORS_MAX, VISITS_MAX,
        VISITS_OF_ONE_MAX,
    };
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    fn ip(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn one_address_leaves_room_for_others() {
        let mut guard = Guard::default();
        for _ in 0..VISITS_OF_ONE_MAX {
            assert!(guard.enter(ip(1), 0));
        }
        assert!(!guard.enter(ip(1), 0));
        assert!(guard.enter(ip(2), 0));
        guard.leave(ip(1));
        assert!(guard.enter(ip(1), 0));
        let of_one_network = |last| IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last));
        let entered = (0..100).filter(|last| guard.enter(of_one_network(*last), 0));
        assert_eq!(entered.count(), VISITS_OF_ONE_MAX);
    }

    #[test]
    fn all_addresses_together_are_bounded() {
        let mut guard = Guard::default();
        let entered = (0..1_000).filter(|number| guard.enter(ip(*number), 0));
        assert_eq!(entered.count(), VISITS_MAX);
        assert!(guard.is_busy());
    }

    #[test]
    fn who_brings_nothing_that_opens_is_soon_done_and_may_come_back() {
        let mut guard = Guard::default();
        assert!(guard.enter(ip(1), 0));
        let paid = (0..).take_while(|_| guard.pay(ip(1), COST_OF_NOTHING, 0)).count();
        assert_eq!(paid as u64, (CREDIT_MAX - 1) / COST_OF_NOTHING);
        assert!(!guard.pay(ip(1), COST_OF_LETTER, 0));
        assert!(!guard.enter(ip(1), 0));
        assert!(guard.enter(ip(1), CREDIT_EACH_MS));
        assert!(!guard.pay(ip(3), COST_OF_LETTER, 0), "who has not come in");
    }

    #[test]
    fn a_clock_that_goes_back_takes_and_gives_nothing() {
        let mut guard = Guard::default();
        assert!(guard.enter(ip(1), 10_000));
        while guard.pay(ip(1), COST_OF_NOTHING, 10_000) {}
        assert!(!guard.pay(ip(1), COST_OF_LETTER, 0));
        assert!(!guard.pay(ip(1), COST_OF_LETTER, 10_000));
    }

    #[test]
    fn no_number_of_addresses_makes_it_remember_more() {
        let mut guard = Guard::default();
        for number in 0..5 * VISITORS_MAX as u32 {
            let now_ms = u64::from(number);
            if guard.enter(ip(number), now_ms) {
                guard.leave(ip(number));
            }
            assert!(guard.0.len() <= VISITORS_MAX);
        }
        let later = 10 * CREDIT_MAX * CREDIT_EACH_MS;
        assert!(
            guard.enter(ip(u32::MAX), later),
            "those who have gone are forgotten"
        );
    }
}
