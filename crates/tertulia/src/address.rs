//! Where a machine is reached: a host, and a port where it is not the usual one.

use serde::Deserialize;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// The longest name in the domain name system.
const HOST_BYTES_MAX: usize = 253;

/// `HOST` or `HOST:PORT`; the host is a name, an address, or an IPv6 address in brackets if a port follows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Address {
    host: String,
    port: Option<u16>,
}

/// The text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no address: it is HOST or HOST:PORT, for example 192.168.1.5:8788")]
pub(crate) struct NotAnAddress(String);

impl Address {
    /// `host:port`, with this port where none was named.
    pub(crate) fn with_port(&self, usual: u16) -> String {
        format!("{}:{}", self.host, self.port.unwrap_or(usual))
    }
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let wrong = || NotAnAddress(text.chars().take(HOST_BYTES_MAX).collect());
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Ok(Self {
                host: format!("[{address}]"),
                port: None,
            });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                let number: u16 = port.parse().map_err(|_| wrong())?;
                (
                    host,
                    Some(number)
                        .filter(|number| *number > 0)
                        .ok_or_else(wrong)?
                        .into(),
                )
            }
            Some(_) | None => (text, None),
        };
        let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_host = match inside {
            Some(inside) => inside.parse::<Ipv6Addr>().is_ok(),
            None => is_name(host) || host.parse::<IpAddr>().is_ok(),
        };
        if !is_host {
            return Err(wrong());
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

/// Letters, digits, hyphens, underscores (containers have them) and dots between.
fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(fits)
    };
    host.len() <= HOST_BYTES_MAX && host.trim_end_matches('.').split('.').all(is_label)
}

impl TryFrom<String> for Address {
    type Error = NotAnAddress;

    fn try_from(text: String) -> Result<Self, NotAnAddress> {
        text.parse()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn a_port_may_be_left_out() {
        let reached = |text: &str| {
            text.parse::<Address>()
                .map(|address| address.with_port(8788))
                .ok()
        };
        for (text, expected) in [
            ("192.168.1.5", "192.168.1.5:8788"),
            ("192.168.1.5:1", "192.168.1.5:1"),
            ("machine-1.local", "machine-1.local:8788"),
            ("tertulia_2:9", "tertulia_2:9"),
            ("::1", "[::1]:8788"),
            ("[fe80::1]", "[fe80::1]:8788"),
            ("[fe80::1]:9", "[fe80::1]:9"),
        ] {
            assert_eq!(reached(text).as_deref(), Some(expected));
        }
        for wrong in [
            "", ":1", "a:", "a:0", "a:65536", "a b", "[a]:1", "http://a", "a/b", "[::1", "a..b", "-:-",
        ] {
            assert_eq!(reached(wrong), None, "{wrong}");
        }
    }
}
