//! Rings that say on the local network that they are there.
//!
//! **Invariant:** what was found is a suggestion. Its authority is believed no sooner than the person's word, or the
//! fingerprint that they named, says so; a ring that is known already is recognised by the authority that is pinned.

use std::collections::BTreeMap;
use std::time::Duration;
use tertulia_discovery::{BROWSE_TIME, Found, Kind, browse};

/// Rings of one network that a person is asked to choose from.
const RINGS_MAX: usize = 8;
/// Addresses of one ring that are tried.
const SERVERS_MAX: usize = 8;

/// Where a client without an address looks for a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Lookout {
    /// Nowhere.
    #[default]
    Nowhere,
    /// On the local network.
    Network,
    /// Somebody else has looked already, and found these.
    Told(Vec<NearRing>),
}

/// A ring that says it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearRing {
    /// Its id, as it claims.
    pub id: String,
    /// Its name, as it claims: short, without control characters; may be empty.
    pub name: String,
    /// The fingerprint of its authority, as it claims.
    pub authority: Option<String>,
    /// Addresses of its machines.
    pub servers: Vec<String>,
}

impl Lookout {
    /// The rings that can be seen. A network that cannot be asked has none.
    pub(crate) async fn rings(&self) -> Vec<NearRing> {
        match self {
            Lookout::Nowhere => Vec::new(),
            Lookout::Told(rings) => rings.clone(),
            Lookout::Network => {
                let looking = tokio::task::spawn_blocking(|| browse(Kind::Client, BROWSE_TIME));
                by_ring(looking.await.ok().and_then(Result::ok).unwrap_or_default())
            }
        }
    }

    /// How long one looks.
    #[must_use]
    pub fn limit() -> Duration {
        BROWSE_TIME
    }
}

/// Two that claim to be the same ring under different authorities are two.
fn by_ring(found: Vec<Found>) -> Vec<NearRing> {
    let mut rings: BTreeMap<(u64, Option<String>), NearRing> = BTreeMap::new();
    for machine in found {
        let key = (machine.ring, machine.authority.clone());
        if rings.len() == RINGS_MAX && !rings.contains_key(&key) {
            continue;
        }
        let urls = machine.urls();
        let ring = rings.entry(key).or_insert_with(|| NearRing {
            id: format!("{:016x}", machine.ring),
            name: machine.name.clone(),
            authority: machine.authority.clone(),
            servers: Vec::new(),
        });
        for url in urls {
            if ring.servers.len() < SERVERS_MAX && !ring.servers.contains(&url) {
                ring.servers.push(url);
            }
        }
    }
    let reachable = |ring: &NearRing| !ring.servers.is_empty();
    rings.into_values().filter(reachable).collect()
}
