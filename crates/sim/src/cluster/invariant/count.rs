//! What is counted is right: when all has come to rest, each account has as many followers as follow it, and follows as many as it says; each dweet was
//! redweeted as often as it says (T2, O4).

use std::collections::BTreeMap;

use tertulia_types::view::{Content, DweetView};
use tertulia_types::{AccountId, DweetId};

use super::Census;

/// The invariant's name.
pub const NAME: &str = "what is counted is right";

/// The counts that are wrong.
#[must_use]
pub fn wrong(census: &Census) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut compare = |what: String, told: u64, found: usize| {
        if told != found as u64 {
            wrong.push(format!("{what}: {told} are told of, and there are {found}"));
        }
    };
    for (account, card) in &census.cards {
        let followers = census
            .following
            .values()
            .filter(|followed| followed.contains(account));
        compare(
            format!("followers of {account}"),
            card.followers,
            followers.count(),
        );
        let following = census.following.get(account).map_or(0, |followed| followed.len());
        compare(
            format!("people whom {account} follows"),
            card.following,
            following,
        );
    }
    let redweets = redweets(&census.profiles);
    for dweet in census.profiles.values().flatten() {
        if matches!(dweet.content, Content::Dweet(_)) {
            let found = redweets.get(&dweet.id).copied().unwrap_or(0);
            compare(format!("redweets of {}", dweet.id), dweet.redweets, found);
        }
    }
    wrong
}

/// How often each dweet stands on others' profiles.
fn redweets(profiles: &BTreeMap<AccountId, Vec<DweetView>>) -> BTreeMap<DweetId, usize> {
    let mut found = BTreeMap::new();
    for dweet in profiles.values().flatten() {
        if matches!(dweet.content, Content::Redweet(_)) {
            *found.entry(dweet.original().id).or_default() += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::sample::{account, town};
    use super::*;

    #[test]
    fn a_follower_too_many_and_a_redweet_too_few_are_seen() {
        let (_, mut census) = town();
        assert_eq!(wrong(&census), [""; 0]);
        census.cards.get_mut(&account(1)).unwrap().followers = 2;
        assert_eq!(wrong(&census).len(), 1);
        census.cards.get_mut(&account(2)).unwrap().following = 0;
        assert_eq!(wrong(&census).len(), 2);
        census.profiles.get_mut(&account(1)).unwrap()[0].redweets = 1;
        assert_eq!(wrong(&census).len(), 3);
    }
}
