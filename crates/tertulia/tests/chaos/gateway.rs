//! A machine that stores nothing, and serves everything.

use std::path::Path;

use tertulia_sim::load::{Doors, Load};
use tertulia_types::Role;

use crate::ring::Ring;
use crate::{CROWD, account, alone, progress};

/// What every dweet of the load has in it.
const WORDS: &[u8] = b"author 0 dweet ";

/// Whether a file in a directory, at any depth, has these bytes in it.
fn is_kept(directory: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(directory).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return is_kept(&path, bytes);
        }
        // A socket cannot be read.
        std::fs::read(&path).is_ok_and(|kept| kept.windows(bytes.len()).any(|part| part == bytes))
    })
}

#[test]
fn a_gateway_serves_everything_and_stores_nothing() {
    alone(async {
        let mut ring = Ring::of(3).await;
        let number = ring.join_as("gateway").await;
        let id = ring.id(number).await;
        // Everybody comes by way of the gateway.
        let doors = Doors::new(vec![ring.machine(number).address()]);
        let mut load = Load::begin(&doors, CROWD).await;
        progress(&mut load, &ring, 60).await;
        ring.kill(1);
        progress(&mut load, &ring, 60).await;
        ring.start(1).await;
        progress(&mut load, &ring, 60).await;
        ring.settle().await;

        let seen = ring.status(0).await.unwrap();
        let gateway = seen.machine(id).unwrap();
        assert_eq!((gateway.role, gateway.position), (Role::Gateway, None));
        let keeps = |range: &tertulia_types::ring::RangeStatus| {
            range.end == Some(id) || range.copies.iter().any(|copy| copy.machine == id)
        };
        assert!(!seen.ranges.iter().any(keeps), "{seen:#?}");
        account("all by way of a gateway", &mut ring, load).await;
        let refused = ring.machine(number).command(&["token"]).await.unwrap();
        assert!(!refused.status.success(), "a gateway lets nobody in");
        for storing in [0, 1, 2] {
            assert!(
                is_kept(ring.machine(storing).data(), WORDS),
                "the search finds what is stored"
            );
        }
        ring.stop(number).await;
        assert!(
            !is_kept(ring.machine(number).data(), WORDS),
            "a gateway has words of somebody's on its disk"
        );
    });
}
