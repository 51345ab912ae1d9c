//! What is lost when a machine dies, at each stage of a ring (V4): what docs/rules.md says of it.

use tertulia_sim::load::{Load, NoProgress, patiently};
use tertulia_sim::person::{Person, Undone, text};
use tertulia_types::ring::{CopyKind, NoteKind, RangeStatus, RingStatus};
use tokio::time::{Duration, timeout};

use crate::ring::Ring;
use crate::{CROWD, account, alone, progress};

/// How much is acknowledged between two things that happen.
const ACTS: u64 = 40;
/// Enough people that each of two machines is the home of some.
const PEOPLE: usize = 8;
/// People ask for so long, and get nothing.
const STANDSTILL: Duration = Duration::from_secs(8);

/// People at work get nothing acknowledged any more, as far as they have asked already.
async fn stands_still(load: &mut Load) {
    // What was under way when the machine died may still be answered; far less than this.
    let went_on = timeout(STANDSTILL, load.progress(ACTS)).await;
    assert!(
        matches!(went_on, Err(_) | Ok(Err(NoProgress))),
        "something was acknowledged by a minority"
    );
}

#[test]
fn v4_one_machine_stands_still_while_it_is_away_and_has_everything_when_it_is_back() {
    alone(async {
        let mut ring = Ring::of(1).await;
        let seen = ring.status(0).await.unwrap();
        assert_eq!(seen.tolerates, 0);
        assert!(seen.notes.iter().any(|note| note.kind == NoteKind::OneMachine));
        let mut load = Load::begin(ring.doors(), CROWD).await;
        progress(&mut load, &ring, ACTS).await;
        ring.kill(0);
        stands_still(&mut load).await;
        ring.start(0).await;
        progress(&mut load, &ring, ACTS).await;
        account("one machine", &mut ring, load).await;
    });
}

#[test]
fn v4_of_two_machines_each_serves_its_own_ranges_and_none_may_be_lost() {
    alone(async {
        let mut ring = Ring::of(2).await;
        let seen = ring.status(0).await.unwrap();
        assert_eq!(seen.tolerates, 0);
        assert!(seen.notes.iter().any(|note| note.kind == NoteKind::TwoMachines));
        for range in &seen.ranges {
            let voters = range.copies.iter().filter(|copy| copy.kind == CopyKind::Voter);
            assert_eq!(
                (voters.count(), range.copies.len()),
                (1, 2),
                "one votes, the other one follows"
            );
        }
        let is_home = |status: &RingStatus| {
            let at_home = |range: &RangeStatus| range.leader.is_some() && range.leader == range.end;
            status.ranges.iter().all(at_home)
        };
        ring.until(0, is_home, "each leads its own range").await;
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let nick = format!("person_{number}");
            let person = Person::register(ring.machine(0).address(), &nick, &nick)
                .await
                .unwrap();
            let leader = ring.command(0, &["lookup", &nick]).await["leader"].clone();
            people.push((person, leader.as_str().unwrap().to_owned(), Vec::new()));
        }
        for victim in [0, 1] {
            let (lost, left) = (
                ring.id(victim).await.to_string(),
                ring.machine(1 - victim).address(),
            );
            let at_lost = people.iter().filter(|(_, leader, _)| *leader == lost).count();
            assert!(
                (1..PEOPLE).contains(&at_lost),
                "some are at home there, some are not: {at_lost}"
            );
            ring.kill(victim);
            let key = format!("without {victim}");
            let asked = people.iter_mut().map(async |(person, leader, published)| {
                person.go_to(left);
                if *leader == lost {
                    let asked = person.publish(&key, &key).await;
                    let is_put_off = matches!(asked, Err(Undone::Busy(_)));
                    assert!(is_put_off, "a copy without a vote answers: {asked:?}");
                } else {
                    published.push(patiently(async || person.publish(&key, &key).await).await);
                }
            });
            futures::future::join_all(asked).await;
            ring.start(victim).await;
            // It was not done, or it was and could not be told: with the same key it is done once.
            for (person, leader, published) in &mut people {
                if *leader == lost {
                    published.push(patiently(async || person.publish(&key, &key).await).await);
                }
            }
        }
        for (person, _, published) in &mut people {
            published.reverse();
            let id = person.id().to_owned();
            let profile = patiently(async || person.profile(&id).await).await;
            let found: Vec<_> = profile.iter().map(|dweet| text(&dweet["id"])).collect();
            assert_eq!(found, *published, "each dweet once");
        }
    });
}

#[test]
fn v4_of_three_machines_one_may_be_lost_and_with_two_away_nothing_is_acknowledged() {
    alone(async {
        let mut ring = Ring::of(3).await;
        assert_eq!(ring.status(0).await.unwrap().tolerates, 1);
        let mut load = Load::begin(ring.doors(), CROWD).await;
        progress(&mut load, &ring, ACTS).await;
        ring.kill(1);
        progress(&mut load, &ring, ACTS).await;
        ring.kill(2);
        stands_still(&mut load).await;
        let said = ring.machine(0).command(&["status"]).await.unwrap();
        assert!(said.status.success(), "status answers without a majority");
        ring.start_all(&[1, 2]).await;
        progress(&mut load, &ring, ACTS).await;
        ring.settle().await;
        account("three machines, two away", &mut ring, load).await;
    });
}
