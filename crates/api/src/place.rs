//! How much of something bounded each network has at the moment: connections, streams.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tertulia_types::network;

/// Places, and who has them.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    counts: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
    of_one_max: usize,
}

/// A network's place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    network: IpAddr,
}

impl Places {
    /// Each network may have so many.
    pub(crate) fn new(of_one_max: usize) -> Self {
        Self {
            counts: Arc::default(),
            of_one_max,
        }
    }

    /// One more for the network of this address, if it has not too many.
    pub(crate) fn enter(&self, address: IpAddr) -> Option<Place> {
        let network = network(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(network).or_default();
        if *count >= self.of_one_max {
            return None;
        }
        *count += 1;
        Some(Place {
            places: self.clone(),
            network,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.places.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Places;
    use std::net::IpAddr;

    #[test]
    fn one_network_does_not_take_the_places_of_others() {
        let places = Places::new(2);
        let from = |last: u8| IpAddr::from([10, 0, 0, last]);
        let held = [
            places.enter(from(1)).expect("room"),
            places.enter(from(1)).expect("room"),
        ];
        assert!(places.enter(from(1)).is_none());
        assert!(places.enter(from(2)).is_some());
        drop(held);
        assert!(places.enter(from(1)).is_some());
        assert!(
            places.counts.lock().expect("not poisoned").is_empty(),
            "nobody is remembered"
        );
    }
}
