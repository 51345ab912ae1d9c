//! Machines that are stopped as an operator stops them, and machines that hang.

use tertulia_sim::load::Load;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use crate::client::Client;
use crate::ring::Ring;
use crate::{CROWD, PAUSE_MAX, account, alone, lot, progress, rounds};

/// How much is acknowledged before, while and after a machine is away.
const ACTS: u64 = 40;

/// The busiest leader among them too. One client is the terminal's own program: each of its commands has to succeed.
#[test]
fn a_rolling_restart_under_load_shows_no_client_an_error() {
    alone(async {
        let mut ring = Ring::of(3).await;
        let mut load = Load::begin(ring.doors(), CROWD).await;
        let cleo = Client::new(&ring.folder().join("cleo"));
        let first = format!("http://{}", ring.machine(0).address());
        cleo.does(&["register", "cleo", "--server", &first]).await;
        let (over, mut is_over) = oneshot::channel();
        let writes = tokio::task::spawn_local(async move {
            let mut written = Vec::new();
            while is_over.try_recv() == Err(TryRecvError::Empty) {
                let words = format!("number {}", written.len());
                written.push(cleo.does(&["dweet", &words]).await["id"].clone());
            }
            (cleo, written)
        });
        for _ in 0..rounds(1) {
            for number in ring.running() {
                progress(&mut load, &ring, ACTS).await;
                ring.stop(number).await;
                progress(&mut load, &ring, ACTS).await;
                ring.start(number).await;
                ring.settle().await;
            }
        }
        over.send(()).unwrap();
        let (cleo, mut written) = writes.await.unwrap();
        let page = cleo.does(&["profile", "cleo", "--limit", "40"]).await;
        let page = page["dweets"].as_array().unwrap();
        written.reverse();
        let shown: Vec<_> = page.iter().map(|dweet| dweet["id"].clone()).collect();
        assert!(
            !shown.is_empty() && written.starts_with(&shown),
            "{shown:?} of {written:?}"
        );
        let done = account("a rolling restart", &mut ring, load).await;
        assert!(done.figures().longest.took < PAUSE_MAX, "{}", done.figures());
    });
}

#[test]
fn a_machine_that_hangs_is_done_without_and_what_it_missed_it_learns() {
    alone(async {
        let mut ring = Ring::of(3).await;
        let mut lot = lot();
        let mut load = Load::begin(ring.doors(), CROWD).await;
        for _ in 0..rounds(1) {
            progress(&mut load, &ring, ACTS).await;
            let victim = *lot.one_of(&ring.running());
            ring.freeze(victim);
            progress(&mut load, &ring, ACTS).await;
            ring.thaw(victim);
            progress(&mut load, &ring, ACTS).await;
            ring.settle().await;
        }
        let done = account("a machine that hangs", &mut ring, load).await;
        assert!(done.figures().longest.took < PAUSE_MAX, "{}", done.figures());
    });
}
