//! Finding a place on the ring when something has come in between.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::community::until;
use crate::moving::id;
use crate::neighbourhood::{HASTE, Neighbourhood};
use tertulia_node::{Charter, MachineId, Node, Options};
use tertulia_state::range::{FindEnd, Split, TakeEnd};
use tertulia_types::{Position, Role, Slot};

/// Opens a machine that was let in, and lets it find its place.
async fn settle(ring: &Neighbourhood, name: &str, charter: Charter) -> Arc<Node> {
    let options = Options {
        charter: Some(charter),
        ..ring.options(name.to_owned())
    };
    let node = Node::open(options).await.expect("opens");
    node.settle_in(Some(Role::Node)).await.expect("finds its place");
    node
}

fn admitted(ring: &Neighbourhood, name: &str) -> Charter {
    let charter = ring.machines[0].charter().admit(&ring.path(name), Role::Node);
    charter.expect("is let in")
}

async fn holder(ring: &Neighbourhood, at: Position) -> Option<MachineId> {
    let end = ring.machines[0]
        .query(FindEnd { of: at })
        .await
        .expect("is known");
    assert_eq!(end.descriptor.range.end(), at);
    end.holder.map(|holder| holder.machine)
}

fn position(node: &Node) -> Option<Position> {
    node.book().own().and_then(|own| own.position)
}

#[tokio::test(flavor = "multi_thread")]
async fn j2_a_newcomer_that_was_broken_off_asks_for_the_same_place_again() {
    let ring = Neighbourhood::new().await;
    for (name, slot, had_arrived) in [("early", 77, false), ("late", 777, true)] {
        let at = Slot(slot).end();
        let charter = admitted(&ring, name);
        // It wrote down where, and was gone before it had the answer: what it asked for may have arrived.
        std::fs::write(ring.path(name).join("place"), at.to_string()).unwrap();
        if had_arrived {
            let split = Split {
                at,
                machine: charter.identity.machine,
                incarnation: charter.identity.incarnation,
            };
            ring.machines[0].submit(split).await.expect("splits");
        }
        let node = settle(&ring, name, charter).await;
        assert_eq!(position(&node), Some(at));
        assert_eq!(holder(&ring, at).await, Some(id(&node)));
    }
    assert_eq!(
        ring.machines[0].status().await.ranges.len(),
        3,
        "no other was cut"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn j3_an_end_goes_back_to_the_one_who_came_back_before_its_taker_stood_there() {
    let mut ring = Neighbourhood::new().await;
    let back = ring.join(Role::Node).await;
    let at = position(&back).expect("has a place");
    let charter = admitted(&ring, "new");
    let take = TakeEnd {
        at,
        machine: charter.identity.machine,
        incarnation: charter.identity.incarnation,
        instead_of: Some(id(&back)),
    };
    ring.machines[0].submit(take).await.expect("takes it");
    let node = settle(&ring, "new", charter).await;
    assert_ne!(position(&node), Some(at));
    assert_eq!(holder(&ring, at).await, Some(id(&back)));
}

#[tokio::test(flavor = "multi_thread")]
async fn j3_an_end_that_somebody_unknown_holds_stops_nobody_and_is_free_in_the_end() {
    let mut ring = Neighbourhood::new().await;
    let at = Slot(77).end();
    let nobody = MachineId(99);
    let split = Split {
        at,
        machine: nobody,
        incarnation: 1,
    };
    ring.machines[0].submit(split).await.expect("splits");
    ring.join(Role::Node).await;
    let asked = Instant::now();
    assert_eq!(holder(&ring, at).await, Some(nobody), "it may be on its way");
    until("it has had the grace period", || async {
        asked.elapsed() > HASTE.grace + Duration::from_secs(1)
    })
    .await;
    let taker = ring.join(Role::Node).await;
    assert_eq!(holder(&ring, at).await, Some(id(&taker)));
    assert_eq!(position(&taker), Some(at));
}
