//! Under which addresses others reach this machine.

use std::net::{IpAddr, SocketAddr, TcpListener};

use super::record::ADDRESSES_MAX;

/// Takes the address on which the machine listens for others.
///
/// # Errors
/// If it is taken, or not this machine's.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// What stands in the address book: what was given, or else what the listener can be reached at.
#[must_use]
pub fn advertised(given: &[String], listen: SocketAddr) -> Vec<String> {
    if !given.is_empty() {
        return given.iter().take(ADDRESSES_MAX).cloned().collect();
    }
    if !listen.ip().is_unspecified() {
        return vec![listen.to_string()];
    }
    let mut addresses: Vec<IpAddr> = interfaces()
        .into_iter()
        .filter(|ip| listen.is_ipv6() || ip.is_ipv4())
        .collect();
    addresses.sort_by_key(|ip| (ip.is_loopback(), ip.is_ipv6(), *ip));
    addresses.dedup();
    // Only among machines of one computer is this of use, and then there is nothing else.
    if addresses.iter().any(|ip| !ip.is_loopback()) {
        addresses.retain(|ip| !ip.is_loopback());
    }
    let with_port = |ip| SocketAddr::new(ip, listen.port()).to_string();
    addresses.into_iter().take(ADDRESSES_MAX).map(with_port).collect()
}

/// The addresses of this machine's interfaces, but those that need a scope.
#[must_use]
pub fn interfaces() -> Vec<IpAddr> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else {
        return Vec::new();
    };
    let addresses = interfaces.filter_map(|interface| interface.address);
    addresses
        .filter_map(|address| {
            let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
        })
        .filter(|address| !matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_advertised_else_what_is_listened_on() {
        let listen = "127.0.0.1:8741".parse().unwrap();
        assert_eq!(advertised(&[], listen), ["127.0.0.1:8741"]);
        let given = vec!["plaza.lan:8741".to_owned()];
        assert_eq!(advertised(&given, listen), given);
        let everywhere = advertised(&[], "0.0.0.0:8741".parse().unwrap());
        assert!(!everywhere.is_empty());
        for address in everywhere {
            let address: SocketAddr = address.parse().unwrap();
            assert!(address.is_ipv4() && address.port() == 8741 && !address.ip().is_unspecified());
        }
    }

    #[test]
    fn an_address_is_free_again_at_once() {
        let first = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = first.local_addr().unwrap();
        assert!(bind(address).is_err());
        let _open = std::net::TcpStream::connect(address).unwrap();
        let (_accepted, _) = loop {
            if let Ok(accepted) = first.accept() {
                break accepted;
            }
        };
        drop(first);
        bind(address).unwrap();
    }
}
