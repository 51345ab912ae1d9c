//! Where devices say that they can be reached, as far as homes know it.

use crate::community::Community;
use crate::message::{added, record};
use tertulia_state::actor::Actor;
use tertulia_state::block::SetBlock;
use tertulia_state::presence::{Presences, SetPresence};
use tertulia_state::prune::Prune;
use tertulia_types::device::{Change, PublicKey};
use tertulia_types::presence::{ADDRESSES_MAX, LIFETIME_MS, Presence, SignedPresence};
use tertulia_types::{DeviceId, Rejected, Slot};

impl Community {
    pub(crate) fn say(&mut self, of: Actor, said: &SignedPresence) -> Result<(), Rejected> {
        let record = said.clone();
        self.submit(SetPresence { actor: of, record })
    }

    fn presences(&mut self, by: Actor, of: Actor) -> Result<Vec<SignedPresence>, Rejected> {
        let asked = Presences {
            by: by.account,
            of: of.account,
        };
        let said = self.query(asked)?;
        Ok(said.into_iter().map(|(record, _)| record).collect())
    }
}

/// A presence of somebody's device, for a day: signed by nobody, since homes look at no signature.
pub(crate) fn said(community: &Community, of: Actor, device: DeviceId, counter: u64) -> SignedPresence {
    let address = format!("192.0.2.1:{}", 6_000 + counter);
    SignedPresence {
        presence: Presence {
            account: of.account,
            device,
            counter,
            until_ms: community.clock_ms + LIFETIME_MS,
            key: PublicKey([7; 32]),
            addresses: vec![address.parse().expect("an address")],
        },
        signature: vec![0; 64],
    }
}

#[test]
fn the_newest_presence_of_each_device_is_kept() {
    let mut community = Community::of(3);
    let [ana, ben] = community.people(["ana", "ben"]);
    let devices = community.equip(ana, 2);
    assert_eq!(community.presences(ben, ana), Ok(Vec::new()));
    let (one, other) = (
        said(&community, ana, devices[0], 5),
        said(&community, ana, devices[1], 1),
    );
    for said in [&one, &one, &other] {
        assert_eq!(community.say(ana, said), Ok(()), "a repeat is fine");
    }
    let older = said(&community, ana, devices[0], 4);
    let mut changed = one.clone();
    changed.presence.addresses.clear();
    for refused in [older, changed.clone()] {
        assert_eq!(community.say(ana, &refused), Err(Rejected::Conflict));
    }
    let mut kept = community.presences(ben, ana).expect("told");
    kept.sort_by_key(|said| said.presence.counter);
    assert_eq!(kept, [other.clone(), one]);
    // It cannot be reached any more: an older word is not taken for all that.
    changed.presence.counter = 6;
    community.say(ana, &changed).expect("withdrawn");
    let again = said(&community, ana, devices[0], 5);
    assert_eq!(community.say(ana, &again), Err(Rejected::Conflict));
    let mut kept = community.presences(ben, ana).expect("told");
    kept.sort_by_key(|said| said.presence.counter);
    assert_eq!(kept, [other, changed]);
}

#[test]
fn a_presence_says_nothing_after_its_time_and_is_removed() {
    let mut community = Community::of(1);
    let [ana, ben] = community.people(["ana", "ben"]);
    let device = community.equip(ana, 1)[0];
    let mut eternal = said(&community, ana, device, 1);
    eternal.presence.until_ms = u64::MAX;
    community.say(ana, &eternal).expect("said");
    community.clock_ms += LIFETIME_MS;
    assert_eq!(community.presences(ben, ana), Ok(vec![eternal.clone()]));
    community.clock_ms += LIFETIME_MS;
    assert_eq!(
        community.presences(ben, ana),
        Ok(Vec::new()),
        "no longer than others"
    );
    let short = SignedPresence {
        presence: Presence {
            counter: 2,
            until_ms: community.clock_ms + 1_000,
            ..eternal.presence
        },
        ..eternal
    };
    community.say(ana, &short).expect("said");
    assert_eq!(community.presences(ben, ana), Ok(vec![short.clone()]));
    community.clock_ms += 1_001;
    assert_eq!(community.presences(ben, ana), Ok(Vec::new()));
    let at = community.groups[0].database.descriptor().range.end();
    for from in 0..=63 {
        let from = Slot(from * 1024);
        community.submit(Prune { at, from }).expect("pruned");
    }
    let anew = said(&community, ana, device, 1);
    assert_eq!(community.say(ana, &anew), Ok(()), "nothing is left of it");
}

#[test]
fn a_presence_goes_with_its_device() {
    let mut community = Community::of(2);
    let [ana, ben] = community.people(["ana", "ben"]);
    let first = record(ana, None, added(ana, 1));
    community.append(ana, &first).expect("added");
    let device = match first.change {
        Change::Add { key, .. } => key.device(),
        Change::Revoke { device } => device,
    };
    let here = said(&community, ana, device, 1);
    community.say(ana, &here).expect("said");
    let revoked = record(ana, Some(&first), Change::Revoke { device });
    community.append(ana, &revoked).expect("revoked");
    assert_eq!(community.presences(ben, ana), Ok(Vec::new()));
    let still = said(&community, ana, device, 2);
    assert_eq!(community.say(ana, &still), Err(Rejected::NoDevice));
}

#[test]
fn a_presence_of_somebody_else_or_without_bounds_is_refused() {
    let mut community = Community::of(2);
    let [ana, ben] = community.people(["ana", "ben"]);
    let device = community.equip(ana, 1)[0];
    community.equip(ben, 1);
    let good = said(&community, ana, device, 1);
    let refused = |community: &mut Community, by, change: fn(&mut SignedPresence)| {
        let mut bad = good.clone();
        change(&mut bad);
        community.say(by, &bad).expect_err("refused")
    };
    let invalid = |rejected| matches!(rejected, Rejected::Invalid(_));
    assert!(
        invalid(refused(&mut community, ben, |_| {})),
        "of somebody else's device"
    );
    assert!(invalid(refused(&mut community, ana, |said| said
        .signature
        .push(0))));
    assert!(invalid(refused(&mut community, ana, |said| {
        let address = said.presence.addresses[0];
        said.presence.addresses = vec![address; ADDRESSES_MAX + 1];
    })));
    let strange = refused(&mut community, ana, |said| {
        said.presence.device = DeviceId([9; 16]);
    });
    assert_eq!(strange, Rejected::NoDevice);
    community.say(ana, &good).expect("said");
    let key = community.key();
    let block = SetBlock {
        actor: ana,
        target: ben.account,
        stands: true,
        key,
    };
    community.submit(block).expect("blocked");
    assert_eq!(community.presences(ben, ana), Err(Rejected::Blocked));
    assert_eq!(community.presences(ana, ana).map(|said| said.len()), Ok(1));
}
