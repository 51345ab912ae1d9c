//! Every delivery happens exactly once: when all has come to rest, each dweet is on the timeline of each follower once, and nothing else is (O1–O4, T3–T5).
//!
//! What was written before somebody asked to follow may be there or not, since a first follow brings only the newest along.

use std::collections::{BTreeMap, BTreeSet};

use tertulia_types::view::{Content, Shown};
use tertulia_types::{AccountId, DweetId};

use super::{Census, text_of};
use crate::cluster::ledger::{Ledger, Moment};

/// The invariant's name.
pub const NAME: &str = "every delivery happens exactly once";

/// What is wrong with the timelines.
#[must_use]
pub fn wrong(ledger: &Ledger, census: &Census) -> Vec<String> {
    let standing: BTreeMap<DweetId, &str> = census
        .profiles
        .values()
        .flatten()
        .map(|dweet| (dweet.id, text_of(dweet)))
        .collect();
    let mut wrong = Vec::new();
    for (reader, pages) in &census.homes {
        let followed = census.following.get(reader);
        let mut seen = BTreeSet::new();
        let mut originals = BTreeSet::new();
        for shown in pages.iter().flatten() {
            let id = shown.dweet.id;
            originals.insert(shown.dweet.original().id);
            if !seen.insert(id) {
                wrong.push(format!("{reader} sees {id} twice"));
            }
            if standing.get(&id) != Some(&text_of(&shown.dweet)) {
                wrong.push(format!(
                    "{reader} sees {id} (“{}”), which is not there",
                    text_of(&shown.dweet)
                ));
            }
            let author = shown.dweet.author.id;
            if author != *reader && !followed.is_some_and(|followed| followed.contains(&author)) {
                wrong.push(format!("{reader} sees {id} of {author}, whom they do not follow"));
            }
        }
        wrong.extend(pages.iter().filter_map(|page| twice_on_one_page(*reader, page)));
        for author in followed.into_iter().flatten() {
            let since = since(ledger, *reader, *author);
            for dweet in census.profiles.get(author).into_iter().flatten() {
                let is_due = match &dweet.content {
                    Content::Dweet(_) => ledger
                        .dweets
                        .get(text_of(dweet))
                        .is_some_and(|written| written.asked > since),
                    // When a redweet was asked for is not known; what it shows is there in any case.
                    Content::Redweet(_) => false,
                };
                // A page shows a dweet once: itself, or the newest redweet of it.
                if is_due && !originals.contains(&dweet.id) {
                    wrong.push(format!(
                        "{reader} does not see {} (“{}”) of {author}",
                        dweet.id,
                        text_of(dweet)
                    ));
                }
            }
        }
    }
    wrong
}

/// From when on the reader must see what the author writes.
fn since(ledger: &Ledger, reader: AccountId, author: AccountId) -> Moment {
    match ledger.edges.get(&(reader, author)) {
        Some(edge) if !edge.is_muddled && edge.follows => match edge.fate {
            crate::cluster::ledger::Fate::Done(done) => done,
            // It is so in the end, and nobody knows since when.
            crate::cluster::ledger::Fate::Open | crate::cluster::ledger::Fate::Refused => Moment::MAX,
        },
        Some(_) | None => Moment::MAX,
    }
}

fn twice_on_one_page(reader: AccountId, page: &[Shown]) -> Option<String> {
    let mut originals = BTreeSet::new();
    page.iter()
        .find(|shown| !originals.insert(shown.dweet.original().id))
        .map(|shown| format!("{reader} sees {} twice on one page", shown.dweet.original().id))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{account, dweet, shown, town};
    use super::*;

    #[test]
    fn what_did_not_come_or_came_twice_is_seen() {
        let (ledger, mut census) = town();
        let home = &mut census.homes.get_mut(&account(2)).unwrap()[0];
        let one = home.pop().unwrap();
        assert_eq!(wrong(&ledger, &census).len(), 1, "it did not come");
        census
            .homes
            .get_mut(&account(2))
            .unwrap()
            .extend([vec![one.clone()], vec![one]]);
        assert_eq!(wrong(&ledger, &census).len(), 1, "it came twice");
    }

    #[test]
    fn what_was_deleted_or_is_a_strangers_is_seen() {
        let (ledger, mut census) = town();
        census.profiles.get_mut(&account(1)).unwrap().pop();
        assert_eq!(
            wrong(&ledger, &census).len(),
            2,
            "one is gone, and is on two timelines"
        );
        let (ledger, mut census) = town();
        census
            .profiles
            .get_mut(&account(2))
            .unwrap()
            .push(dweet(30, account(2), "mine"));
        census.homes.get_mut(&account(1)).unwrap()[0].push(shown(dweet(30, account(2), "mine")));
        assert_eq!(wrong(&ledger, &census).len(), 1);
    }
}
