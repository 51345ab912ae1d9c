//! Positions on the ring, slots, and ranges of positions.
//!
//! A position is the first 8 bytes (big-endian) of a SHA-256; a slot is its top 16 bits. Ranges are cut only between
//! slots, so a slot never has two homes. A range `(start, end]` wraps around; `start == end` is the whole ring.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// A point on the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position(#[serde(with = "crate::hexadecimal")] pub u64);

/// The top 16 bits of a position: the unit in which ranges are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot(pub u16);

impl Position {
    /// The position of a name of the given kind, for example `("nick", "ana")` or `("tag", "mate")`.
    ///
    /// The kind keeps names of different nouns apart. The hash is SHA-256 of `kind`, a zero byte and `name`.
    #[must_use]
    pub fn of(kind: &str, name: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(kind)
            .chain_update([0])
            .chain_update(name)
            .finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self(u64::from_be_bytes(first))
    }

    /// The slot that this position lies in.
    #[must_use]
    pub fn slot(self) -> Slot {
        Slot((self.0 >> 48) as u16)
    }
}

impl Slot {
    /// How many slots the ring has.
    pub const COUNT: u32 = 1 << 16;

    /// The last position of the slot: where a range that ends with this slot is cut.
    #[must_use]
    pub fn end(self) -> Position {
        Position((u64::from(self.0) << 48) | 0xFFFF_FFFF_FFFF)
    }

    /// The slot after this one, or `None` behind the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A stretch of the ring, `(start, end]`, wrapping around. Equal ends mean the whole ring.
///
/// **Invariant:** both ends are the last position of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Range {
    start: Position,
    end: Position,
}

impl Range {
    /// The whole ring, cut at the end of the last slot.
    #[must_use]
    pub fn whole() -> Self {
        Self {
            start: Slot(u16::MAX).end(),
            end: Slot(u16::MAX).end(),
        }
    }

    /// The slots behind `start` up to and with `end`; the whole ring if they are equal.
    #[must_use]
    pub fn between(start: Slot, end: Slot) -> Self {
        Self {
            start: start.end(),
            end: end.end(),
        }
    }

    /// The ring cut into `count` ranges of nearly equal width, in order; `count` is 1 to 65 536.
    #[must_use]
    pub fn even(count: u32) -> Vec<Self> {
        let count = count.clamp(1, Slot::COUNT);
        let cut =
            |i: u32| Slot((u64::from(Slot::COUNT) * u64::from(i) / u64::from(count)).wrapping_sub(1) as u16);
        (0..count).map(|i| Self::between(cut(i), cut(i + 1))).collect()
    }

    /// The exclusive start.
    #[must_use]
    pub fn start(&self) -> Position {
        self.start
    }

    /// The inclusive end.
    #[must_use]
    pub fn end(&self) -> Position {
        self.end
    }

    /// Whether the position lies in the range.
    #[must_use]
    pub fn contains(&self, position: Position) -> bool {
        if self.start == self.end {
            true
        } else if self.start < self.end {
            self.start < position && position <= self.end
        } else {
            self.start < position || position <= self.end
        }
    }

    /// Its slots: the first one, and how many there are, wrapping around.
    #[must_use]
    pub fn slots(&self) -> (Slot, u32) {
        let first = self.start.slot().0.wrapping_add(1);
        let count = u32::from(self.end.slot().0.wrapping_sub(self.start.slot().0));
        (Slot(first), if count == 0 { Slot::COUNT } else { count })
    }

    /// The slots of the rest of the ring, as stretches (first, last) that do not wrap: none, one or two.
    #[must_use]
    pub fn slots_outside(&self) -> Vec<(Slot, Slot)> {
        let (start, end) = (self.start.slot(), self.end.slot());
        if start == end {
            return Vec::new();
        }
        match end.next() {
            Some(first) if first <= start => vec![(first, start)],
            Some(first) => vec![(Slot(0), start), (first, Slot(u16::MAX))],
            None => vec![(Slot(0), start)],
        }
    }

    /// Cuts the range at the end of a slot inside of it: `(start, at]` and `(at, end]`. `None` if `at` is no end of a slot,
    /// not in the range, or its end already; so a range of one slot cannot be cut.
    #[must_use]
    pub fn cut(&self, at: Position) -> Option<(Self, Self)> {
        let can_be_cut = at == at.slot().end() && self.contains(at) && at != self.end;
        can_be_cut.then_some((
            Self {
                start: self.start,
                end: at,
            },
            Self {
                start: at,
                end: self.end,
            },
        ))
    }

    /// The first slot at or after `from` that lies behind this range when walking upwards from `from`, which must lie
    /// in the range; `None` when the walk reaches the last slot without leaving it.
    #[must_use]
    pub fn next_slot_behind(&self, from: Slot) -> Option<Slot> {
        let leaves = self.start != self.end && self.end.slot() >= from && self.contains(from.end());
        if leaves { self.end.slot().next() } else { None }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:04x}, {:04x}]", self.start.slot().0, self.end.slot().0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Position, Range, Slot};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn the_whole_ring_contains_every_end() {
        let whole = Range::whole();
        assert!(whole.contains(Position(0)) && whole.contains(Position(u64::MAX)));
        assert_eq!(whole.next_slot_behind(Slot(0)), None);
        assert_eq!(Range::even(1), [whole]);
    }

    proptest! {
        #[test]
        fn even_ranges_cover_each_position_once(count in 1_u32..200, position in any::<u64>()) {
            let owners = Range::even(count).iter().filter(|r| r.contains(Position(position))).count();
            prop_assert_eq!(owners, 1);
        }

        #[test]
        fn a_walk_visits_each_slot_through_its_owner(count in 1_u32..40) {
            let ranges = Range::even(count);
            let mut next = Some(Slot(0));
            let mut visits = 0;
            while let Some(slot) = next {
                let owner = ranges.iter().find(|r| r.contains(slot.end())).expect("covered");
                next = owner.next_slot_behind(slot);
                visits += 1;
            }
            prop_assert_eq!(visits, count);
        }

        #[test]
        fn slots_are_counted_and_the_others_are_outside(a in any::<u16>(), b in any::<u16>(), at in any::<u16>()) {
            let range = Range::between(Slot(a), Slot(b));
            let (first, count) = range.slots();
            let counted = u32::from(at.wrapping_sub(first.0)) < count;
            let outside = range.slots_outside().iter().filter(|(first, last)| (*first..=*last).contains(&Slot(at))).count();
            prop_assert_eq!((counted, outside), (range.contains(Slot(at).end()), usize::from(!counted)));
        }

        #[test]
        fn the_halves_of_a_range_are_the_range(a in any::<u16>(), b in any::<u16>(), at in any::<u16>(), position in any::<u64>()) {
            let range = Range::between(Slot(a), Slot(b));
            let at = Slot(at).end();
            let position = Position(position);
            match range.cut(at) {
                Some((lower, upper)) => {
                    prop_assert_eq!((lower.end(), upper.end()), (at, range.end()));
                    let halves = u8::from(lower.contains(position)) + u8::from(upper.contains(position));
                    prop_assert_eq!(halves, u8::from(range.contains(position)));
                }
                None => prop_assert!(at == range.end() || !range.contains(at)),
            }
            prop_assert_eq!(range.cut(Position(at.0 - 1)), None);
        }

        #[test]
        fn a_slot_lies_in_the_range_wholly_or_not_at_all(a in any::<u16>(), b in any::<u16>(), at in any::<u64>()) {
            let range = Range::between(Slot(a), Slot(b));
            let at = Position(at);
            prop_assert_eq!(range.contains(at), range.contains(at.slot().end()));
        }
    }
}
