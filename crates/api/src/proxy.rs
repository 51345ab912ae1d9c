//! Proxies in front of a machine: they speak for others, and only those that the operator has named are believed.
//!
//! **Invariant:** whoever is not a named proxy is known by where the connection comes from, whatever the headers say: limits go by that address.

use axum::http::HeaderMap;
use std::net::{AddrParseError, IpAddr};
use std::str::FromStr;

/// A network in the sense of routers: an address, and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    address: IpAddr,
    bits: u8,
}

/// What is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubnetError {
    /// The address.
    #[error("{0:?} is no address; give one such as 127.0.0.1, or a network such as 10.0.0.0/8")]
    Address(String, #[source] AddrParseError),
    /// The number of bits.
    #[error(
        "{0:?} is no network: behind the / stands how many bits count, at most 32 of IPv4 and 128 of IPv6"
    )]
    Bits(String),
}

impl FromStr for Subnet {
    type Err = SubnetError;

    fn from_str(text: &str) -> Result<Self, SubnetError> {
        let (address, bits) = text
            .split_once('/')
            .map_or((text, None), |(at, bits)| (at, Some(bits)));
        let address: IpAddr = address
            .parse()
            .map_err(|error| SubnetError::Address(text.to_owned(), error))?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(bits_max), str::parse);
        let bits = bits.ok().filter(|bits| *bits <= bits_max);
        let bits = bits.ok_or_else(|| SubnetError::Bits(text.to_owned()))?;
        Ok(Self { address, bits })
    }
}

impl Subnet {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let differing = u32::from(ours) ^ u32::from(theirs);
                differing.leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let differing = u128::from(ours) ^ u128::from(theirs);
                differing.leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// The proxies that are believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(Vec<Subnet>);

impl Proxies {
    pub(crate) fn new(trusted: Vec<Subnet>) -> Self {
        Self(trusted)
    }

    /// Whether what comes from there is believed.
    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        self.0.iter().any(|subnet| subnet.contains(peer))
    }

    /// For whom a request is that comes from `peer`. Each proxy adds at the end of `X-Forwarded-For` from where it was asked; what is before the
    /// last one who is no proxy of ours, anybody may have made up.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        let named = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        let mut client = peer;
        for named in named {
            if !self.trusts(client) {
                break;
            }
            let Ok(address) = named.trim().parse::<IpAddr>() else {
                break;
            };
            client = address.to_canonical();
        }
        client
    }
}

#[cfg(test)]
mod tests {
    use super::{Proxies, Subnet, SubnetError};
    use axum::http::HeaderMap;
    use std::net::IpAddr;

    fn proxies(trusted: &[&str]) -> Proxies {
        Proxies::new(
            trusted
                .iter()
                .map(|subnet| subnet.parse().expect("a network"))
                .collect(),
        )
    }

    fn client(proxies: &Proxies, peer: &str, lines: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().expect("a value"));
        }
        proxies
            .client(peer.parse().expect("an address"), &headers)
            .to_string()
    }

    #[test]
    fn only_a_named_proxy_is_believed() {
        let none = proxies(&[]);
        for peer in ["127.0.0.1", "::1", "10.0.0.7"] {
            assert_eq!(client(&none, peer, &["10.9.9.9"]), peer, "nobody is named");
        }
        let one = proxies(&["127.0.0.1"]);
        assert_eq!(client(&one, "127.0.0.1", &["10.9.9.9"]), "10.9.9.9");
        assert_eq!(client(&one, "10.0.0.7", &["10.9.9.9"]), "10.0.0.7");
        assert_eq!(client(&one, "127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(client(&one, "127.0.0.1", &["unknown"]), "127.0.0.1");
    }

    #[test]
    fn what_the_client_has_made_up_itself_is_not_believed() {
        let one = proxies(&["127.0.0.1"]);
        assert_eq!(client(&one, "127.0.0.1", &["1.1.1.1, 10.9.9.9"]), "10.9.9.9");
        assert_eq!(client(&one, "127.0.0.1", &["1.1.1.1", "10.9.9.9"]), "10.9.9.9");
        assert_eq!(client(&one, "127.0.0.1", &["10.9.9.9, nonsense"]), "127.0.0.1");
    }

    #[test]
    fn a_proxy_may_stand_before_another() {
        let two = proxies(&["127.0.0.0/8", "fd00::/8"]);
        let through = ["1.1.1.1, 10.9.9.9, fd00::7", "127.0.0.2"];
        assert_eq!(client(&two, "127.0.0.1", &through), "10.9.9.9");
    }

    #[test]
    fn a_network_has_as_many_bits_as_it_says() {
        let within = |subnet: &str, address: &str| {
            let address: IpAddr = address.parse().expect("an address");
            subnet.parse::<Subnet>().expect("a network").contains(address)
        };
        assert!(within("10.1.0.0/16", "10.1.255.1") && !within("10.1.0.0/16", "10.2.0.1"));
        assert!(within("0.0.0.0/0", "8.8.8.8") && !within("0.0.0.0/0", "2001:db8::1"));
        assert!(within("10.1.2.3", "::ffff:10.1.2.3") && !within("10.1.2.3", "10.1.2.4"));
        assert!(within("2001:db8::/32", "2001:db8:7::1") && !within("2001:db8::/32", "2001:db9::1"));
        for wrong in ["", "here", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "::/129"] {
            assert!(wrong.parse::<Subnet>().is_err(), "{wrong}");
        }
        assert!(matches!("::/129".parse::<Subnet>(), Err(SubnetError::Bits(_))));
    }
}
