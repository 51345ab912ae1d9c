//! For which names and addresses a machine without the CA's key gets a certificate for its clients.
//!
//! People trust the ring's CA for every website there is, so it does not sign whatever a member asks for. Nobody can check from afar which names are a machine's
//! own; so a gateway gets what means nothing outside of a local network, and the address that it is seen to come from. Who wants a public name for it brings a
//! certificate of its own.
//!
//! Deliberately absent: limits for machines that store. They have the key, and sign for themselves: who trusts the CA trusts those who run them.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use tertulia_types::network;

/// Endings of names that no public authority gives away (RFC 6761, 6762 and 8375, and the one that ICANN has set aside), or that nobody can.
const LOCAL_ENDINGS: [&str; 11] = [
    "corp",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "private",
    "test",
];

/// Those of `names` that may stand in the certificate of a machine that asks from this address; `others` are the addresses of other machines.
pub(crate) fn own_names(
    names: &BTreeSet<String>,
    from: IpAddr,
    others: &BTreeSet<IpAddr>,
) -> BTreeSet<String> {
    let is_own = |name: &&String| match name.parse::<IpAddr>() {
        Ok(address) => is_own_address(address.to_canonical(), from.to_canonical(), others),
        Err(_) => is_local(name),
    };
    names.iter().filter(is_own).cloned().collect()
}

fn is_own_address(address: IpAddr, from: IpAddr, others: &BTreeSet<IpAddr>) -> bool {
    if address.is_loopback() || address == from {
        return true;
    }
    let is_inside = match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local() || is_shared(v4),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    (is_inside || network(address) == network(from)) && !others.contains(&address)
}

/// Behind a provider's own translation of addresses (RFC 6598).
fn is_shared(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    first == 100 && (64..128).contains(&second)
}

fn is_local(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let has_ending = |ending: &&str| {
        name.strip_suffix(*ending)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let is_one_word = !name.contains('.');
    !name.contains('*') && (is_one_word || LOCAL_ENDINGS.iter().any(has_ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn own(names: &[&str], from: &str, others: &[&str]) -> BTreeSet<String> {
        let others = others.iter().map(|other| other.parse().unwrap()).collect();
        own_names(&set(names), from.parse().unwrap(), &others)
    }

    #[test]
    fn what_is_known_outside_of_the_local_network_is_not_for_the_asking() {
        let inside = [
            "localhost",
            "casa",
            "casa.local",
            "Plaza.LAN",
            "a.b.home.arpa",
            "127.0.0.1",
            "::1",
            "10.0.0.7",
            "192.168.1.5",
            "100.64.3.2",
            "fd00::7",
        ];
        assert_eq!(own(&inside, "192.168.1.9", &[]), set(&inside));
        let outside = [
            "bank.example",
            "lan.example",
            "mylan.org",
            "notlocal.com",
            "*.lan",
            "*",
            "a.machine.tertulia",
            "8.8.8.8",
            "2001:db8::7",
            "100.128.0.1",
        ];
        assert_eq!(own(&outside, "192.168.1.9", &[]), set(&[]));
    }

    #[test]
    fn a_public_address_is_its_own_when_it_comes_from_there() {
        assert_eq!(own(&["8.8.8.8", "8.8.8.9"], "8.8.8.8", &[]), set(&["8.8.8.8"]));
        let one_network = ["2001:db8::7", "2001:db8:0:1::7"];
        assert_eq!(own(&one_network, "2001:db8::1", &[]), set(&["2001:db8::7"]));
    }

    #[test]
    fn the_address_of_another_machine_is_not_its_own() {
        let names = ["10.0.0.7", "10.0.0.8"];
        assert_eq!(
            own(&names, "10.0.0.8", &["10.0.0.7", "10.0.0.8"]),
            set(&["10.0.0.8"])
        );
    }
}
