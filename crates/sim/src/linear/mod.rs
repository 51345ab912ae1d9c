//! Whether what people saw can be told as one thing after another: linearizability, after Herlihy and Wing.
//!
//! Each act has an instant at which somebody asked and one at which they were answered. A history is right if there is one instant between the two for each act, so
//! that all of them, done one by one in that order on something that is in one place only, give the answers that were seen. That is stronger than what each
//! reader can check alone: it finds an answer that was right a moment ago, and two readers of whom the later one sees less.
//!
//! The search is that of Wing and Gong, with Lowe's memory of what was tried in vain ("Testing for linearizability", 2016). Acts on different things can be
//! looked at apart from each other (Herlihy and Wing, theorem 1), so each nick and each author is a history of its own ([`object`]); [`crowd`] makes
//! them, at real machines.
//!
//! **Invariant:** an act that was never answered may have been done at any time after it was asked, or never: it stays open for ever.

pub mod crowd;
pub mod object;

use std::collections::{BTreeMap, HashSet};
use std::hash::Hash;

/// Something that is in one place only.
pub trait Object {
    /// What can be done with it, and what was answered.
    type Act;
    /// What it is like at an instant.
    type State: Clone + Eq + Hash + Default;

    /// What it is like when this has been done, or `None` if that cannot be answered so.
    fn after(state: &Self::State, act: &Self::Act) -> Option<Self::State>;

    /// Whether this may still be answered so, when other things have been done before. Saying no early spares the search most of its ways.
    fn may_follow(_: &Self::State, _: &Self::Act) -> bool {
        true
    }
}

/// What somebody did, when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done<A> {
    /// Who.
    pub by: usize,
    /// What, and what was answered.
    pub act: A,
    /// When it was asked; the unit does not matter.
    pub asked: u64,
    /// When the answer was there; `None` if it never came.
    pub answered: Option<u64>,
}

/// Whether a history is right; otherwise how many of its acts can be told one after another at most, and after which none of the others fits.
///
/// # Errors
/// The acts that were placed, in their order, where the search came furthest: indexes into the history.
pub fn check<O: Object>(history: &[Done<O::Act>]) -> Result<(), Vec<usize>> {
    let mut acts: Vec<usize> = (0..history.len()).collect();
    acts.sort_by_key(|index| (history[*index].answered.is_none(), history[*index].asked));
    let mut search = Search::<O> {
        history,
        acts,
        placed: Placed::new(history.len()),
        order: Vec::new(),
        states: vec![O::State::default()],
        in_vain: HashSet::new(),
        furthest: Vec::new(),
    };
    if search.run() {
        Ok(())
    } else {
        Err(search.furthest)
    }
}

/// A set of acts.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Placed(Vec<u64>);

impl Placed {
    fn new(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn has(&self, index: usize) -> bool {
        self.0[index / 64] & (1 << (index % 64)) != 0
    }

    fn flip(&mut self, index: usize) {
        self.0[index / 64] ^= 1 << (index % 64);
    }
}

struct Search<'a, O: Object> {
    history: &'a [Done<O::Act>],
    /// Indexes, in the order in which things were asked; those that were never answered last, since they are seldom needed.
    acts: Vec<usize>,
    placed: Placed,
    /// What was placed, in its order.
    order: Vec<usize>,
    /// What the object was like, after nothing and after each of these.
    states: Vec<O::State>,
    /// From where it has been tried to go on.
    in_vain: HashSet<(Placed, O::State)>,
    furthest: Vec<usize>,
}

impl<O: Object> Search<'_, O> {
    fn run(&mut self) -> bool {
        // Of each step: where to go on looking for another act in its place.
        let mut tried = vec![0];
        while let Some(from) = tried.last_mut() {
            if self.is_told() {
                return true;
            }
            match self.next(*from) {
                Some((at, state)) => {
                    *from = at + 1;
                    let index = self.acts[at];
                    self.placed.flip(index);
                    if self.in_vain.insert((self.placed.clone(), state.clone())) {
                        self.order.push(index);
                        self.states.push(state);
                        tried.push(0);
                        if self.order.len() > self.furthest.len() {
                            self.furthest.clone_from(&self.order);
                        }
                    } else {
                        self.placed.flip(index);
                    }
                }
                None => {
                    tried.pop();
                    if let Some(index) = self.order.pop() {
                        self.placed.flip(index);
                        self.states.pop();
                    }
                }
            }
        }
        false
    }

    /// Whether all that was answered has its place.
    fn is_told(&self) -> bool {
        let mut answered = self
            .acts
            .iter()
            .filter(|index| self.history[**index].answered.is_some());
        answered.all(|index| self.placed.has(*index))
    }

    /// The next act that can come now: one that was asked before any other that is left was answered.
    fn next(&self, from: usize) -> Option<(usize, O::State)> {
        let left = || {
            self.acts
                .iter()
                .enumerate()
                .filter(|(_, index)| !self.placed.has(**index))
        };
        let first_answer = left()
            .filter_map(|(_, index)| self.history[*index].answered)
            .min()
            .unwrap_or(u64::MAX);
        let state = self.states.last()?;
        let is_dead_end = |after: &O::State, but: usize| {
            left().any(|(at, index)| {
                let done = &self.history[*index];
                at != but && done.answered.is_some() && !O::may_follow(after, &done.act)
            })
        };
        left()
            .filter(|(at, index)| *at >= from && self.history[**index].asked <= first_answer)
            .find_map(|(at, index)| {
                let after = O::after(state, &self.history[*index].act)?;
                (!is_dead_end(&after, at)).then_some((at, after))
            })
    }
}

/// Histories of many objects of one kind, by their names.
#[derive(Debug)]
pub struct Histories<A>(pub BTreeMap<String, Vec<Done<A>>>);

impl<A> Default for Histories<A> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<A> Histories<A> {
    /// Adds what somebody did with one of them.
    pub fn add(&mut self, name: &str, done: Done<A>) {
        self.0.entry(name.to_owned()).or_default().push(done);
    }

    /// How many acts there are, and how many of them were never answered.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let all = || self.0.values().flatten();
        (
            all().count(),
            all().filter(|done| done.answered.is_none()).count(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number in one place: written, and read.
    struct Register;

    enum Act {
        Write(u8),
        Read(u8),
    }

    impl Object for Register {
        type Act = Act;
        type State = u8;

        fn after(state: &u8, act: &Act) -> Option<u8> {
            match act {
                Act::Write(value) => Some(*value),
                Act::Read(value) => (value == state).then_some(*state),
            }
        }
    }

    fn done(act: Act, asked: u64, answered: impl Into<Option<u64>>) -> Done<Act> {
        Done {
            by: 0,
            act,
            asked,
            answered: answered.into(),
        }
    }

    fn is_right(history: &[Done<Act>]) -> bool {
        check::<Register>(history).is_ok()
    }

    #[test]
    fn what_overlaps_may_come_in_either_order() {
        let both = |first, second| {
            vec![
                done(Act::Write(1), 0, 10),
                done(Act::Write(2), 1, 9),
                done(Act::Read(first), 11, 12),
                done(Act::Read(second), 13, 14),
            ]
        };
        assert!(is_right(&both(1, 1)) && is_right(&both(2, 2)));
        assert!(!is_right(&both(1, 2)), "it cannot have been both");
    }

    #[test]
    fn an_answer_that_was_right_a_moment_ago_is_wrong() {
        let history = [
            done(Act::Write(1), 0, 1),
            done(Act::Write(2), 2, 3),
            done(Act::Read(1), 4, 5),
        ];
        assert_eq!(check::<Register>(&history), Err(vec![0, 1]));
    }

    #[test]
    fn the_later_reader_does_not_see_less() {
        let history = |second| {
            [
                done(Act::Write(1), 0, 10),
                done(Act::Read(1), 1, 2),
                done(Act::Read(second), 3, 4),
            ]
        };
        assert!(is_right(&history(1)));
        assert!(
            !is_right(&history(0)),
            "it was seen already, though not answered yet"
        );
    }

    #[test]
    fn what_was_never_answered_may_have_been_done_late_or_never_but_not_early() {
        let open = || done(Act::Write(1), 2, None);
        assert!(is_right(&[open(), done(Act::Read(0), 3, 4)]));
        assert!(is_right(&[open(), done(Act::Read(1), 100, 101)]));
        assert!(is_right(&[
            open(),
            done(Act::Read(0), 3, 4),
            done(Act::Read(1), 5, 6)
        ]));
        assert!(!is_right(&[
            open(),
            done(Act::Read(1), 3, 4),
            done(Act::Read(0), 5, 6)
        ]));
        assert!(
            !is_right(&[open(), done(Act::Read(1), 0, 1)]),
            "before it was asked"
        );
    }

    #[test]
    fn many_that_were_never_answered_are_no_trouble() {
        let mut history: Vec<_> = (0..30).map(|number| done(Act::Write(number), 0, None)).collect();
        history.extend((0..30).map(|number| {
            done(
                Act::Read(number),
                100 + 2 * u64::from(number),
                101 + 2 * u64::from(number),
            )
        }));
        assert!(is_right(&history));
    }
}
