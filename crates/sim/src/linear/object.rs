//! The things of which histories are made: a nick, that can be had once; and what an author has written.

use super::{Done, Object};

/// A nick: whoever asks first has it for ever.
#[derive(Debug)]
pub struct Nick;

/// What was done with a nick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NickAct {
    /// Somebody wanted it and got it, as this account.
    Got(String),
    /// Somebody wanted it, and it was another's.
    Refused,
    /// Somebody wanted it, and does not know what came of that.
    Wanted,
    /// Somebody looked whose it is.
    Seen(Option<String>),
}

/// Who has a nick.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Holder {
    /// Nobody.
    #[default]
    Nobody,
    /// Somebody who was not told so.
    Unknown,
    /// This account.
    Account(String),
}

impl Object for Nick {
    type Act = NickAct;
    type State = Holder;

    fn after(state: &Holder, act: &NickAct) -> Option<Holder> {
        match (state, act) {
            (Holder::Nobody, NickAct::Got(account)) => Some(Holder::Account(account.clone())),
            (Holder::Nobody, NickAct::Wanted) => Some(Holder::Unknown),
            (Holder::Unknown | Holder::Account(_), NickAct::Refused | NickAct::Wanted) => Some(state.clone()),
            (Holder::Nobody, NickAct::Seen(None)) => Some(Holder::Nobody),
            // From now on it is known who that is.
            (Holder::Unknown, NickAct::Seen(Some(account))) => Some(Holder::Account(account.clone())),
            (Holder::Account(known), NickAct::Seen(Some(account))) if known == account => Some(state.clone()),
            (Holder::Nobody, NickAct::Refused | NickAct::Seen(Some(_)))
            | (Holder::Unknown | Holder::Account(_), NickAct::Got(_) | NickAct::Seen(None))
            | (Holder::Account(_), NickAct::Seen(Some(_))) => None,
        }
    }
}

/// What an author has written, in its order.
#[derive(Debug)]
pub struct Author;

/// What was done with it. Texts are numbers: each is written once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorAct {
    /// This was written.
    Wrote(u32),
    /// The newest ones were read, newest first: all of them, if there are fewer than asked for.
    Read {
        /// What was there.
        newest: Vec<u32>,
        /// How many were asked for.
        limit: usize,
    },
}

impl Object for Author {
    type Act = AuthorAct;
    type State = Vec<u32>;

    fn after(state: &Vec<u32>, act: &AuthorAct) -> Option<Vec<u32>> {
        match act {
            AuthorAct::Wrote(text) => {
                let mut after = state.clone();
                after.push(*text);
                Some(after)
            }
            AuthorAct::Read { newest, limit } => {
                state.iter().rev().take(*limit).eq(newest).then(|| state.clone())
            }
        }
    }

    /// What is there stays there, in its order, and goes out of sight only behind what is newer.
    fn may_follow(state: &Vec<u32>, act: &AuthorAct) -> bool {
        let AuthorAct::Read { newest, limit } = act else {
            return true;
        };
        let Some(last) = state.last() else { return true };
        match newest.iter().position(|text| text == last) {
            Some(at) => state.iter().rev().take(limit - at).eq(&newest[at..]),
            None => newest.len() == *limit,
        }
    }
}

/// Leaves out what was never answered and never seen: it may as well never have been done. There may be much of it, and the search tries each at each place.
#[must_use]
pub fn without_unseen(history: Vec<Done<AuthorAct>>) -> Vec<Done<AuthorAct>> {
    let seen: std::collections::BTreeSet<u32> = history
        .iter()
        .flat_map(|done| match &done.act {
            AuthorAct::Read { newest, .. } => newest.clone(),
            AuthorAct::Wrote(_) => Vec::new(),
        })
        .collect();
    let may_be_left_out = |done: &Done<AuthorAct>| match &done.act {
        AuthorAct::Wrote(text) => done.answered.is_none() && !seen.contains(text),
        AuthorAct::Read { .. } => false,
    };
    history
        .into_iter()
        .filter(|done| !may_be_left_out(done))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    fn done<A>(act: A, asked: u64, answered: impl Into<Option<u64>>) -> Done<A> {
        Done {
            by: 0,
            act,
            asked,
            answered: answered.into(),
        }
    }

    fn got(account: &str) -> NickAct {
        NickAct::Got(account.to_owned())
    }

    fn seen(account: &str) -> NickAct {
        NickAct::Seen(Some(account.to_owned()))
    }

    fn nick(acts: Vec<Done<NickAct>>) -> bool {
        check::<Nick>(&acts).is_ok()
    }

    #[test]
    fn a_nick_that_two_have_or_nobody_is_found() {
        assert!(nick(vec![done(got("a"), 0, 5), done(NickAct::Refused, 1, 4)]));
        assert!(!nick(vec![done(got("a"), 0, 5), done(got("b"), 1, 4)]));
        assert!(
            !nick(vec![done(NickAct::Refused, 0, 5)]),
            "refused, and nobody has it"
        );
        assert!(!nick(vec![done(NickAct::Refused, 0, 1), done(got("a"), 2, 3)]));
    }

    #[test]
    fn a_nick_is_seen_from_its_registration_on_and_always_with_the_same_account() {
        assert!(nick(vec![
            done(got("a"), 0, 5),
            done(seen("a"), 1, 2),
            done(seen("a"), 6, 7)
        ]));
        assert!(!nick(vec![done(got("a"), 0, 5), done(NickAct::Seen(None), 6, 7)]));
        assert!(!nick(vec![done(got("a"), 0, 5), done(seen("b"), 6, 7)]));
        assert!(!nick(vec![
            done(got("a"), 0, 9),
            done(seen("a"), 1, 2),
            done(NickAct::Seen(None), 3, 4)
        ]));
    }

    #[test]
    fn who_was_never_told_may_have_the_nick_and_then_has_it_for_ever() {
        let open = || done(NickAct::Wanted, 0, None);
        assert!(nick(vec![
            open(),
            done(NickAct::Refused, 1, 2),
            done(seen("x"), 3, 4)
        ]));
        assert!(nick(vec![open(), done(got("a"), 1, 2)]));
        assert!(!nick(vec![open(), done(seen("x"), 1, 2), done(seen("y"), 3, 4)]));
        assert!(!nick(vec![open(), done(seen("x"), 1, 2), done(got("a"), 3, 4)]));
    }

    fn read(newest: &[u32]) -> AuthorAct {
        AuthorAct::Read {
            newest: newest.to_vec(),
            limit: 3,
        }
    }

    fn author(acts: Vec<Done<AuthorAct>>) -> bool {
        check::<Author>(&without_unseen(acts)).is_ok()
    }

    #[test]
    fn a_dweet_that_is_missing_or_comes_and_goes_is_found() {
        let wrote = |text, asked, answered| done(AuthorAct::Wrote(text), asked, Some(answered));
        assert!(author(vec![
            wrote(1, 0, 1),
            wrote(2, 2, 3),
            done(read(&[2, 1]), 4, 5)
        ]));
        assert!(!author(vec![
            wrote(1, 0, 1),
            wrote(2, 2, 3),
            done(read(&[2]), 4, 5)
        ]));
        assert!(
            !author(vec![wrote(1, 0, 1), done(read(&[]), 2, 3)]),
            "a stale read"
        );
        assert!(!author(vec![
            wrote(1, 0, 9),
            done(read(&[1]), 1, 2),
            done(read(&[]), 3, 4)
        ]));
        assert!(
            !author(vec![wrote(1, 0, 1), done(read(&[1, 1]), 2, 3)]),
            "it is there twice"
        );
        assert!(!author(vec![done(read(&[7]), 2, 3)]), "nobody wrote that");
    }

    #[test]
    fn dweets_stay_in_the_order_in_which_they_were_seen() {
        let wrote = |text| done(AuthorAct::Wrote(text), 0, 9);
        assert!(author(vec![wrote(1), wrote(2), done(read(&[1, 2]), 10, 11)]));
        assert!(!author(vec![
            wrote(1),
            wrote(2),
            done(read(&[1, 2]), 10, 11),
            done(read(&[2, 1]), 12, 13)
        ]));
    }

    #[test]
    fn of_many_the_newest_are_read() {
        let mut acts: Vec<_> = (0..5)
            .map(|text| {
                done(
                    AuthorAct::Wrote(text),
                    2 * u64::from(text),
                    2 * u64::from(text) + 1,
                )
            })
            .collect();
        acts.push(done(read(&[4, 3, 2]), 20, 21));
        assert!(author(acts.clone()));
        acts.push(done(read(&[4, 3]), 22, 23));
        assert!(!author(acts));
    }

    #[test]
    fn what_was_never_answered_is_open_and_what_nobody_saw_of_it_is_left_out() {
        let open = |text| done(AuthorAct::Wrote(text), 0, None);
        let mut acts: Vec<_> = (0..40).map(open).collect();
        acts.push(done(read(&[]), 1, 2));
        acts.push(done(read(&[7]), 3, 4));
        assert_eq!(without_unseen(acts.clone()).len(), 3);
        assert!(author(acts.clone()));
        acts.push(done(read(&[]), 5, 6));
        assert!(!author(acts));
    }
}
