//! Each slot has one owner at any time.
//!
//! A group that answers for a slot, after it has made sure that it may (the read index, and the range as its database has it), owned the slot at some instant
//! between question and answer. Ownership goes from a group to its child and never back, so once another group has answered, no question that is asked later
//! may be answered by a former owner.

use std::collections::BTreeMap;

use tertulia_types::{Range, Slot};

/// The invariant's name.
pub const NAME: &str = "a slot has one owner at any time";

/// A group has answered for a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// For which.
    pub slot: Slot,
    /// Which group.
    pub group: u64,
    /// When it was asked, in virtual time.
    pub asked_ms: u64,
    /// When it answered.
    pub answered_ms: u64,
}

/// When a group was the owner of a slot.
#[derive(Clone, Copy, Debug)]
struct Reign {
    first_answered_ms: u64,
    last_asked_ms: u64,
}

/// What is known of who owned what.
#[derive(Debug, Default)]
pub struct Owners {
    reigns: BTreeMap<Slot, BTreeMap<u64, Reign>>,
    ranges: BTreeMap<(u64, u64), Range>,
}

impl Owners {
    /// Takes a claim in; tells what is wrong with it.
    pub fn claim(&mut self, claim: Claim) -> Option<String> {
        let reigns = self.reigns.entry(claim.slot).or_default();
        let own = reigns.entry(claim.group).or_insert(Reign {
            first_answered_ms: claim.answered_ms,
            last_asked_ms: claim.asked_ms,
        });
        own.first_answered_ms = own.first_answered_ms.min(claim.answered_ms);
        own.last_asked_ms = own.last_asked_ms.max(claim.asked_ms);
        let own = *own;
        // Two groups that each answered a question which was asked after the other one's first answer: it went there and back.
        let rival = reigns.iter().find(|(group, reign)| {
            **group != claim.group
                && reign.first_answered_ms < own.last_asked_ms
                && own.first_answered_ms < reign.last_asked_ms
        });
        rival.map(|(group, reign)| {
            format!(
                "slot {} was answered for by group {:016x} ({own:?}) and by group {group:016x} ({reign:?})",
                claim.slot.0, claim.group
            )
        })
    }

    /// A copy says what its group owns in an epoch: all copies must say the same.
    pub fn describe(&mut self, group: u64, epoch: u64, range: Range) -> Option<String> {
        let known = *self.ranges.entry((group, epoch)).or_insert(range);
        (known != range).then(|| format!("group {group:016x} owns {known} and {range} in epoch {epoch}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(group: u64, asked_ms: u64, answered_ms: u64) -> Claim {
        Claim {
            slot: Slot(7),
            group,
            asked_ms,
            answered_ms,
        }
    }

    #[test]
    fn a_slot_may_go_to_another_group_once() {
        let mut owners = Owners::default();
        for claim in [claim(1, 0, 2), claim(1, 5, 9), claim(2, 6, 12), claim(2, 20, 21)] {
            assert_eq!(owners.claim(claim), None);
        }
        assert!(
            owners.claim(claim(1, 13, 14)).is_some(),
            "the former owner answers again"
        );
    }

    #[test]
    fn an_epoch_has_one_range() {
        let mut owners = Owners::default();
        let halves = Range::even(2);
        assert_eq!(owners.describe(1, 1, Range::whole()), None);
        assert_eq!(owners.describe(1, 2, halves[0]), None);
        assert!(owners.describe(1, 2, halves[1]).is_some());
    }
}
