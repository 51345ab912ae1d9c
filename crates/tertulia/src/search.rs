//! Looks for machines of the ring that do not answer where the address book says: at the contacts that the operator gave, and on the local network
//! (J5). After a power cut a whole house may have new addresses; nobody then knows where anybody is.
//!
//! **Invariant:** nothing is believed of what is found: see [`Peers::look_at`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tertulia_discovery::{BROWSE_TIME, Kind, browse};
use tertulia_node::Node;
use tertulia_node::peers::{Peers, State};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Whoever has stayed where the book says has answered by then.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// Somebody may come back long after; it takes a minute, and disturbs nobody.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Searches, until what it returns is dropped.
pub(crate) fn search(node: Arc<Node>, peers: Peers, contacts: Vec<String>) -> DropGuard {
    let ends = CancellationToken::new();
    let searching = async move {
        let mut pause = PAUSE_MIN;
        loop {
            tokio::time::sleep(pause).await;
            if !is_anybody_missing(&node) {
                // The next one to be missing may have to be found soon.
                pause = PAUSE_MIN;
                continue;
            }
            let mut seen = peers.look_at(&contacts).await;
            let others = nearby(&peers)
                .await
                .into_iter()
                .map(|address| address.to_string());
            seen.extend(peers.look_at(&others.collect::<Vec<_>>()).await);
            if !seen.is_empty() {
                tracing::info!(?seen, "machines of the ring are there");
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    };
    tokio::spawn(ends.clone().run_until_cancelled_owned(searching));
    ends.drop_guard()
}

fn is_anybody_missing(node: &Node) -> bool {
    let me = node.member().machine;
    node.book().all().into_iter().any(|entry| {
        let is_there = matches!(entry.state, State::Active | State::Leaving);
        is_there && entry.machine != me && node.is_in_doubt(entry.machine)
    })
}

/// What machines of this ring say on the local network. A computer without one is no obstacle.
async fn nearby(peers: &Peers) -> Vec<SocketAddr> {
    let ring = peers.ring().ring.0;
    let found = tokio::task::spawn_blocking(|| browse(Kind::Peer, BROWSE_TIME)).await;
    let found = found.ok().and_then(Result::ok).unwrap_or_default();
    let members = found.into_iter().filter(|found| found.ring == ring);
    members.flat_map(|found| found.addresses).collect()
}
