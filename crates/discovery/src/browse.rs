//! Listening for machines, for a bounded time.

use crate::announcer::loopback;
use crate::found::Found;
use crate::{Error, Kind};
use mdns_sd::{Receiver, ServiceDaemon, ServiceEvent};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Machines that are listed; a network with more says enough by these.
const FOUND_MAX: usize = 32;
/// After the first answer: the others answer within a fraction of a second, those that missed the first question within
/// a second.
const SETTLE_TIME: Duration = Duration::from_millis(1_200);
/// How long the library may take to end its thread.
const END_TIME_MAX: Duration = Duration::from_millis(500);

/// Asks the network which machines are there: for `limit` if none answers, else until the others have had time to.
/// Waits where it is called. The list is in order of rings and machines.
///
/// # Errors
/// If this computer is on no network, or multicast DNS cannot be set up. Nobody answering is no error: the list is empty.
pub fn browse(kind: Kind, limit: Duration) -> Result<Vec<Found>, Error> {
    let interfaces = if_addrs::get_if_addrs().map_err(Error::Interfaces)?;
    if !interfaces
        .iter()
        .any(|interface| !interface.is_loopback() && interface.is_oper_up())
    {
        return Err(Error::NoNetwork);
    }
    let daemon = ServiceDaemon::new()?;
    daemon.disable_interface(loopback())?;
    let events = daemon.browse(kind.service())?;
    let found = listen(kind, &events, limit);
    if let Ok(ended) = daemon.shutdown() {
        let _ = ended.recv_timeout(END_TIME_MAX);
    }
    Ok(found)
}

fn listen(kind: Kind, events: &Receiver<ServiceEvent>, limit: Duration) -> Vec<Found> {
    let mut until = Instant::now() + limit;
    // By the name of the record: a later one of that name replaces the former.
    let mut records: BTreeMap<String, Found> = BTreeMap::new();
    while let Ok(event) = events.recv_deadline(until) {
        if let ServiceEvent::ServiceRemoved(_, name) = &event {
            records.remove(name);
        }
        let ServiceEvent::ServiceResolved(record) = event else {
            continue;
        };
        let Some(found) = Found::read(kind, &record) else {
            continue;
        };
        if records.is_empty() {
            until = until.min(Instant::now() + SETTLE_TIME);
        }
        if records.len() < FOUND_MAX || records.contains_key(&record.fullname) {
            records.insert(record.fullname, found);
        }
    }
    merged(records.into_values())
}

/// One entry for each machine, whatever the number of its records.
fn merged(records: impl Iterator<Item = Found>) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    for found in records {
        match all.iter_mut().find(|known| known.is_like(&found)) {
            Some(known) => known.join(found),
            None => all.push(found),
        }
    }
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::{FOUND_MAX, listen, merged};
    use crate::{Found, Kind};
    use mdns_sd::{ServiceEvent, ServiceInfo};
    use std::time::{Duration, Instant};

    fn event(instance: &str, machine: u64, address: &str) -> ServiceEvent {
        let machine = format!("{machine:016x}");
        let texts = [
            ("v", "1"),
            ("ring", "00000000000000ab"),
            ("machine", machine.as_str()),
        ];
        let service = ServiceInfo::new(
            "_tertulia._tcp.local.",
            instance,
            "x.local.",
            address,
            1,
            &texts[..],
        );
        ServiceEvent::ServiceResolved(Box::new(service.expect("a service").as_resolved_service()))
    }

    fn heard(events: Vec<ServiceEvent>) -> Vec<Found> {
        let (send, receive) = channel(events.len());
        for event in events {
            send.send(event).expect("room");
        }
        drop(send);
        let began = Instant::now();
        let found = listen(Kind::Client, &receive, Duration::from_secs(20));
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "nobody can say any more, and yet it waits"
        );
        found
    }

    fn channel(room: usize) -> (flume::Sender<ServiceEvent>, flume::Receiver<ServiceEvent>) {
        flume::bounded(room)
    }

    #[test]
    fn the_same_machine_is_listed_once_with_all_its_addresses() {
        let found = heard(vec![
            event("a", 1, "10.0.0.1"),
            event("a (2)", 1, "10.0.1.1"),
            event("b", 2, "10.0.0.2"),
        ]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].addresses.len(), 2);
    }

    #[test]
    fn one_that_said_goodbye_is_not_listed() {
        let gone = ServiceEvent::ServiceRemoved(
            "_tertulia._tcp.local.".to_owned(),
            "a._tertulia._tcp.local.".to_owned(),
        );
        assert_eq!(heard(vec![event("a", 1, "10.0.0.1"), gone]), []);
    }

    #[test]
    fn a_flood_is_bounded() {
        let flood = (0..500).map(|number| event(&format!("m{number}"), number, "10.0.0.1"));
        assert_eq!(heard(flood.collect()).len(), FOUND_MAX);
    }

    #[test]
    fn two_that_claim_to_be_one_machine_stay_two() {
        let mut one = heard(vec![event("a", 1, "10.0.0.1")]);
        let mut other = one.clone();
        other[0].authority = Some("cd".repeat(32));
        assert_eq!(merged(one.drain(..).chain(other)).len(), 2);
    }
}
