//! Commands that no machine of ours makes: refused or done, and never a fault, for that would stop every copy of the group.

use crate::community::Community;
use tertulia_state::entry::Deliver;
use tertulia_state::outbox::{Pending, Settle, Settled};
use tertulia_types::Rejected;

#[test]
fn a_number_that_no_column_can_hold_is_refused() {
    let mut community = Community::of(1);
    let [ana, bob] = community.people(["ana", "bob"]);
    community.follow(ana, bob.account);
    let dweet = community.publish(bob, "hola");
    community.carry();
    let deliver = |version| Deliver {
        slot: ana.account.slot(),
        id: dweet.id,
        author: bob.account,
        original: dweet.id,
        version,
        view: None,
    };
    let refused = community
        .submit(deliver(u64::MAX))
        .expect_err("no column holds it");
    assert!(matches!(refused, Rejected::Invalid(_)), "{refused}");
    assert_eq!(community.home(ana), ["hola"]);
    let at = ana.account.home();
    let pending = Pending {
        at,
        after_seq: u64::MAX,
        limit: 1,
    };
    assert!(matches!(community.query(pending), Err(Rejected::Invalid(_))));
}

#[test]
fn an_answer_to_an_errand_that_cannot_be_read_says_nothing() {
    let mut community = Community::of(1);
    let [ana, bob] = community.people(["ana", "bob"]);
    let dweet = community.publish(bob, "hola");
    community.carry();
    community.follow(ana, bob.account);
    community.redweet(ana, &dweet);
    let parcels: Vec<Settled> = community
        .pending()
        .into_iter()
        .map(|(_, parcel)| Settled {
            seq: parcel.seq,
            result: Ok(Some(vec![7; 9])),
        })
        .collect();
    assert!(parcels.len() >= 2);
    let at = ana.account.home();
    assert_eq!(community.submit(Settle { at, parcels }), Ok(()));
    assert!(community.relationship(ana, bob.account).following);
}
