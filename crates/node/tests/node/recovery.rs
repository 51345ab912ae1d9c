//! Going on from one copy when the others are lost for good.

use std::collections::BTreeSet;

use crate::community::{home, publish, register, until};
use crate::moving::{all_equal, groups, id};
use crate::neighbourhood::Neighbourhood;
use tertulia_node::{Failure, RecoverError};
use tertulia_types::Role;

#[tokio::test(flavor = "multi_thread")]
async fn v4_one_copy_goes_on_and_the_lost_ones_are_refused_when_they_come_back() {
    let ring = Neighbourhood::of(3, Role::Replica).await;
    ring.until_settled(3, 3).await;
    let [left, lost @ ..] = &ring.machines[..] else {
        unreachable!("there are three")
    };
    let ana = register(left, "ana").await;
    publish(left, ana, "before").await.unwrap();
    let old = groups(left)[0];
    until("all copies are equal", || all_equal(&ring.machines, old.group)).await;
    let all = BTreeSet::from([old.group]);
    let refused = left.recover(&all).await;
    assert!(matches!(refused, Err(RecoverError::NothingLost)), "{refused:?}");

    for node in lost {
        ring.switchboard.isolate(id(node));
    }
    let others = BTreeSet::from([old.group ^ 1]);
    let refused = left.recover(&others).await;
    assert!(
        matches!(refused, Err(RecoverError::NothingLost)),
        "nobody has confirmed this one: {refused:?}"
    );
    let made = left.recover(&all).await.unwrap();
    let [new] = made[..] else {
        panic!("one group was lost: {made:?}")
    };
    assert_ne!(new.group, old.group);
    assert_eq!(new.range, old.range);
    publish(left, ana, "after").await.unwrap();
    assert_eq!(home(left, ana).await, ["after", "before"]);
    assert_eq!(groups(left), [new], "the old copy is gone");

    // What was believed lost comes back: two voters of three, who could decide among themselves.
    ring.switchboard.heal();
    ring.until_settled(3, 3).await;
    for node in &ring.machines {
        until("the old group is refused everywhere", || async {
            groups(node) == [new]
        })
        .await;
        assert_eq!(home(node, ana).await, ["after", "before"]);
    }
    until("the new copies are equal", || {
        all_equal(&ring.machines, new.group)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v4_nobody_goes_on_from_a_copy_while_a_newer_one_answers() {
    let ring = Neighbourhood::of(5, Role::Replica).await;
    ring.until_settled(5, 5).await;
    let ana = register(&ring.machines[0], "ana").await;
    let group = groups(&ring.machines[0])[0].group;
    until("all copies are equal", || all_equal(&ring.machines, group)).await;
    let leader = ring.machines[0].standings()[0].leader;
    let (mut lost, mut left) = (Vec::new(), Vec::new());
    for node in &ring.machines {
        if Some(id(node)) == leader || left.len() == 2 {
            lost.push(node.clone());
        } else {
            left.push(node.clone());
        }
    }
    let (newer, older) = (&left[0], &left[1]);
    for other in &lost {
        ring.switchboard.cut(id(other), id(older));
        ring.switchboard.cut(id(older), id(other));
    }
    publish(&lost[0], ana, "not heard by all").await.unwrap();
    let heard = [newer.clone(), lost[0].clone(), lost[1].clone(), lost[2].clone()];
    until("the others have it", || all_equal(&heard, group)).await;
    for node in &lost {
        ring.switchboard.isolate(id(node));
    }
    let all = BTreeSet::from([group]);
    let refused = older.recover(&all).await;
    assert!(
        matches!(refused, Err(RecoverError::NewerElsewhere { machine, .. }) if machine == id(newer)),
        "{refused:?}"
    );
    let made = newer.recover(&all).await.unwrap();
    assert_eq!(home(newer, ana).await, ["not heard by all"]);
    until("the older copy begins anew from it", || async {
        groups(older) == made && all_equal(&left, made[0].group).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v4_what_waits_when_the_majority_is_lost_is_not_acknowledged_and_goes_on_with_the_copy() {
    let ring = Neighbourhood::of(3, Role::Replica).await;
    ring.until_settled(3, 3).await;
    let ana = register(&ring.machines[0], "ana").await;
    publish(&ring.machines[0], ana, "before").await.unwrap();
    let group = groups(&ring.machines[0])[0].group;
    until("all copies are equal", || all_equal(&ring.machines, group)).await;
    let leads = ring.machines[0].standings()[0].leader;
    let (left, lost): (Vec<_>, Vec<_>) = ring.machines.iter().partition(|node| Some(id(node)) == leads);
    for node in lost {
        ring.switchboard.isolate(id(node));
    }
    let waits = publish(left[0], ana, "waits").await;
    assert!(matches!(waits, Err(Failure::Unavailable(_))), "{waits:?}");
    left[0].recover(&BTreeSet::from([group])).await.unwrap();
    publish(left[0], ana, "after").await.unwrap();
    assert_eq!(home(left[0], ana).await, ["after", "waits", "before"]);
}
