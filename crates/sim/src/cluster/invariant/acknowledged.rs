//! No acknowledged write is lost: what was answered is there from then on, for everybody who asks later, and at the end (C1, C2).
//!
//! The other way round too: what was refused, or deleted with an answer, is not there; and what is there was asked for, and is there once, however often it
//! had to be asked for.

use std::collections::BTreeMap;

use tertulia_types::AccountId;
use tertulia_types::view::{Content, DweetView};

use super::{Census, text_of};
use crate::cluster::ledger::{Fate, Ledger, Moment};

/// The invariant's name.
pub const NAME: &str = "no acknowledged write is lost";

/// What is wrong with somebody's newest dweets, as they were read by somebody who asked at this moment.
#[must_use]
pub fn stale(ledger: &Ledger, author: AccountId, asked: Moment, shown: &[DweetView]) -> Vec<String> {
    let mut wrong = Vec::new();
    let texts: BTreeMap<&str, usize> = own(shown).fold(BTreeMap::new(), |mut texts, dweet| {
        *texts.entry(text_of(dweet)).or_default() += 1;
        texts
    });
    // Older ones may be on the next page.
    let oldest = shown.last().map(|dweet| dweet.id);
    let is_whole = shown.len() < tertulia_state::page::LIMIT_MAX as usize;
    for (text, dweet) in ledger.dweets.iter().filter(|(_, dweet)| dweet.author == author) {
        let is_shown = texts.contains_key(text.as_str());
        let is_on_this_page = is_whole || dweet.id >= oldest;
        match dweet.deletion {
            None if dweet.fate.is_done_before(asked) && is_on_this_page && !is_shown => {
                wrong.push(format!("“{text}” is missing, which was acknowledged before"));
            }
            Some(deletion) if deletion.is_done_before(asked) && is_shown => {
                wrong.push(format!("“{text}” is there, which was deleted before"));
            }
            None | Some(_) => {}
        }
    }
    for (text, count) in texts {
        if count > 1 {
            wrong.push(format!("“{text}” is there {count} times"));
        }
        match ledger.dweets.get(text) {
            Some(dweet) if dweet.author == author && dweet.fate != Fate::Refused => {}
            Some(_) => wrong.push(format!("“{text}” is there, which was refused")),
            None => wrong.push(format!("“{text}” is there, which nobody wrote")),
        }
    }
    wrong
}

/// What is wrong with what people were told, at the end.
#[must_use]
pub fn lost(ledger: &Ledger, census: &Census) -> Vec<String> {
    let mut wrong = Vec::new();
    for account in ledger.actors.keys() {
        let Some(profile) = census.profiles.get(account) else {
            wrong.push(format!("account {account} is missing"));
            continue;
        };
        wrong.extend(stale(ledger, *account, Moment::MAX, profile));
        wrong.extend(lost_redweets(ledger, *account, profile));
        wrong.extend(lost_edges(ledger, census, *account));
    }
    wrong
}

fn lost_redweets(ledger: &Ledger, by: AccountId, profile: &[DweetView]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mine = ledger
        .redweets
        .iter()
        .filter(|redweet| redweet.by == by && redweet.fate.is_done());
    for redweet in mine {
        // It goes with its original.
        let deletes = |dweet: &&crate::cluster::ledger::Dweet| {
            dweet.id == Some(redweet.original) && dweet.deletion.is_some()
        };
        let count = profile
            .iter()
            .filter(|dweet| is_redweet(dweet) && dweet.original().id == redweet.original)
            .count();
        if count > 1 || count == 0 && ledger.dweets.values().find(deletes).is_none() {
            wrong.push(format!(
                "the redweet of {} by {by} is there {count} times",
                redweet.original
            ));
        }
    }
    wrong
}

fn lost_edges(ledger: &Ledger, census: &Census, follower: AccountId) -> Vec<String> {
    let followed = census.following.get(&follower);
    let mine = ledger
        .edges
        .iter()
        .filter(|((own, _), edge)| *own == follower && !edge.is_muddled && edge.fate.is_done());
    let lost = mine.filter(|((_, author), edge)| {
        followed.is_some_and(|followed| followed.contains(author)) != edge.follows
    });
    lost.map(|((_, author), edge)| {
        format!(
            "{follower} was told that following {author} is {}, and it is not",
            edge.follows
        )
    })
    .collect()
}

fn is_redweet(dweet: &DweetView) -> bool {
    matches!(dweet.content, Content::Redweet(_))
}

fn own(shown: &[DweetView]) -> impl Iterator<Item = &DweetView> {
    shown.iter().filter(|dweet| !is_redweet(dweet))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{account, dweet, town};
    use super::*;

    #[test]
    fn a_dweet_that_is_gone_is_missed() {
        let (ledger, mut census) = town();
        census.profiles.get_mut(&account(1)).unwrap().pop();
        assert_eq!(
            lost(&ledger, &census),
            ["“one” is missing, which was acknowledged before"]
        );
    }

    #[test]
    fn a_dweet_that_came_twice_or_back_or_from_nowhere_is_seen() {
        let (mut ledger, mut census) = town();
        let profile = census.profiles.get_mut(&account(1)).unwrap();
        profile.push(dweet(30, account(1), "one"));
        profile.push(dweet(40, account(1), "three"));
        ledger.dweets.get_mut("two").unwrap().deletion = Some(Fate::Done(50));
        let wrong = lost(&ledger, &census);
        assert_eq!(wrong.len(), 3, "{wrong:?}");
    }

    #[test]
    fn who_asked_before_the_answer_may_miss_it() {
        let (ledger, census) = town();
        let shown = &census.profiles[&account(1)][1..];
        assert_eq!(stale(&ledger, account(1), 21, shown), [""; 0]);
        assert_eq!(stale(&ledger, account(1), 22, shown).len(), 1);
    }

    #[test]
    fn an_edge_that_is_gone_is_missed_unless_nobody_can_know() {
        let (mut ledger, mut census) = town();
        census.following.clear();
        assert_eq!(lost(&ledger, &census).len(), 1);
        for edge in ledger.edges.values_mut() {
            edge.is_muddled = true;
        }
        assert_eq!(lost(&ledger, &census), [""; 0]);
    }
}
