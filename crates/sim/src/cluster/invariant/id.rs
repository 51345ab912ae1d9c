//! Ids never repeat: what was given an id once is the only thing that has it, whatever the clocks do (C3).

use std::collections::BTreeMap;

use super::{Census, text_of};
use crate::cluster::ledger::Ledger;

/// The invariant's name.
pub const NAME: &str = "ids never repeat";

/// The ids that two things have.
#[must_use]
pub fn repeated(ledger: &Ledger, census: &Census) -> Vec<String> {
    let told = ledger
        .repeated
        .iter()
        .map(|(id, first, second)| format!("{id} is the id of {first} and of {second}"));
    let mut found: BTreeMap<i64, (String, String)> = BTreeMap::new();
    let mut wrong: Vec<String> = told.collect();
    for dweet in census.profiles.values().flatten() {
        let thing = (dweet.author.id.to_string(), text_of(dweet).to_owned());
        if let Some(known) = found.insert(dweet.id.get(), thing.clone())
            && known != thing
        {
            wrong.push(format!("{} is the id of {known:?} and of {thing:?}", dweet.id));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::super::sample::{account, dweet, town};
    use super::*;

    #[test]
    fn an_id_that_was_given_twice_is_seen() {
        let (mut ledger, mut census) = town();
        ledger.note_id(5, "a".to_owned());
        ledger.note_id(5, "a".to_owned());
        assert_eq!(repeated(&ledger, &census), [""; 0]);
        ledger.note_id(5, "b".to_owned());
        assert_eq!(repeated(&ledger, &census).len(), 1);
        let profile = census.profiles.get_mut(&account(2)).unwrap();
        profile.push(dweet(10, account(2), "mine"));
        assert_eq!(repeated(&ledger, &census).len(), 2);
    }
}
