//! Machines that are not where the book says: when all of them have moved at the same moment, no book helps (J5). Somebody may have heard where
//! they are now, on the local network or from an operator; such an address is looked at, and whoever is there is called there from then on.
//!
//! **Invariant:** a rumour is never believed: the ring's CA decides at the door whether it is a member at all, and its own key, when it is called,
//! whether it is the one. The book learns nothing from it; what the machine says of itself comes by gossip.

use tertulia_types::MachineId;

use super::credential;
use super::enter::Knocker;
use super::question::{Question, Reply};
use super::service::Peers;

/// Addresses that are looked at together.
const LOOKS_MAX: usize = 32;

impl Peers {
    /// Asks at these addresses (`host:port`) who is there. Machines of this ring are called there too from now on; their ids.
    pub async fn look_at(&self, addresses: &[String]) -> Vec<MachineId> {
        let core = &self.0;
        let expected = Some(core.book.ca().fingerprint());
        let Ok(tls) = credential::for_knocking(expected) else {
            return Vec::new();
        };
        let knocker = Knocker {
            tls,
            expected,
            identity: None,
            token: None,
        };
        let looks = addresses.iter().take(LOOKS_MAX).map(|address| {
            let knocker = &knocker;
            async move { (address, knocker.ask(address, &Question::Who).await) }
        });
        let mut seen = Vec::new();
        for (address, answered) in futures::future::join_all(looks).await {
            match answered {
                Ok(Reply::Who(who))
                    if who.ring == core.ring.ring
                        && who.machine != core.identity.machine
                        && core.book.get(who.machine).is_some() =>
                {
                    core.sightings.places().insert(who.machine, address.clone());
                    seen.push(who.machine);
                }
                Ok(_) => tracing::debug!(address, "no machine of this ring is there"),
                Err(error) => tracing::debug!(address, %error, "nobody says who is there"),
            }
        }
        seen
    }
}
