//! A nick is given to one account, whoever asks at the same time and through which machine; and a repeat of a registration whose answer was lost succeeds (P3).

use std::collections::BTreeMap;

use super::Census;
use crate::cluster::ledger::{Fate, Ledger, Registration};

/// The invariant's name.
pub const NAME: &str = "a nick is unique";

/// What is wrong with the nicks.
#[must_use]
pub fn shared(ledger: &Ledger, census: &Census) -> Vec<String> {
    let mut wishes: BTreeMap<&str, Vec<&Registration>> = BTreeMap::new();
    for wish in &ledger.registrations {
        wishes.entry(&wish.nick).or_default().push(wish);
    }
    let mut wrong = Vec::new();
    for (nick, wishes) in wishes {
        let given: Vec<_> = wishes.iter().filter_map(|wish| wish.account).collect();
        let holder = census.nicks.get(nick).copied().flatten();
        match (given.as_slice(), holder) {
            ([], None) => {}
            // Somebody has it whose answer was lost.
            ([], Some(_)) if wishes.iter().any(|wish| wish.fate == Fate::Open) => {}
            ([], Some(holder)) => wrong.push(format!(
                "{nick} belongs to {holder}, and all who asked were refused"
            )),
            ([one], Some(holder)) if *one == holder => {}
            ([one], holder) => wrong.push(format!("{nick} was given to {one}, and belongs to {holder:?}")),
            (several, _) => wrong.push(format!("{nick} was given to {several:?}")),
        }
        let all_refused = wishes.iter().all(|wish| wish.fate == Fate::Refused);
        if all_refused && holder.is_none() {
            wrong.push(format!("{nick} was refused to all, and nobody has it"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::super::sample::{account, town};
    use super::*;

    #[test]
    fn a_nick_that_was_given_twice_is_seen() {
        let (mut ledger, census) = town();
        ledger.registrations.push(Registration {
            nick: "ana".to_owned(),
            fate: Fate::Done(9),
            account: Some(account(3)),
        });
        assert_eq!(shared(&ledger, &census).len(), 1);
    }

    #[test]
    fn a_nick_whose_owner_was_refused_is_seen() {
        let (mut ledger, mut census) = town();
        for wish in &mut ledger.registrations {
            wish.fate = Fate::Refused;
            wish.account = None;
        }
        assert_eq!(shared(&ledger, &census).len(), 2, "each belongs to somebody");
        census.nicks.clear();
        assert_eq!(shared(&ledger, &census).len(), 2, "and now to nobody");
        ledger.registrations[0].fate = Fate::Open;
        assert_eq!(shared(&ledger, &census).len(), 1);
    }
}
