//! What was heard from the network, checked and made harmless.

use crate::Kind;
use crate::announcement::{
    FORMAT, KEY_AUTHORITY, KEY_FORMAT, KEY_HOST, KEY_MACHINE, KEY_NAME, KEY_RING, KEY_TLS,
    NAME_CHARACTERS_MAX, fingerprint,
};
use mdns_sd::{ResolvedService, ScopedIp};
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use tertulia_types::MachineId;

/// Addresses of one machine that are kept.
const ADDRESSES_MAX: usize = 8;
/// The longest host name of DNS.
const HOST_BYTES_MAX: usize = 253;

/// A machine that says it is there. Nothing of it is proven.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// For whom its addresses are.
    pub kind: Kind,
    /// The ring that it claims to belong to.
    pub ring: u64,
    /// The name that it gives the ring: short, on one line, without control characters; may be empty.
    pub name: String,
    /// Which machine it claims to be.
    pub machine: MachineId,
    /// The fingerprint that it gives the ring's authority, as 64 lower-case hexadecimal digits.
    pub authority: Option<String>,
    /// Where it is, IPv4 first; at least one.
    pub addresses: Vec<SocketAddr>,
    is_tls: bool,
    host: Option<String>,
}

impl Found {
    /// What a record says; none if it makes no sense.
    pub(crate) fn read(kind: Kind, record: &ResolvedService) -> Option<Self> {
        let text = |key| record.get_property_val_str(key);
        if text(KEY_FORMAT) != Some(FORMAT) || record.port == 0 {
            return None;
        }
        let mut found = Self {
            kind,
            ring: number(text(KEY_RING)?)?,
            name: harmless(text(KEY_NAME).unwrap_or_default()),
            machine: MachineId(number(text(KEY_MACHINE)?)?),
            authority: text(KEY_AUTHORITY).and_then(fingerprint),
            addresses: record
                .addresses
                .iter()
                .filter_map(|at| address(at, record.port))
                .collect(),
            is_tls: text(KEY_TLS) == Some("1"),
            host: text(KEY_HOST)
                .filter(|host| is_host(host))
                .map(|host| format!("{host}:{}", record.port)),
        };
        found.tidy();
        (!found.addresses.is_empty()).then_some(found)
    }

    /// Whether both speak of the same machine in the same words, so that their addresses belong together.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let words = |found: &Self| {
            (
                found.kind,
                found.ring,
                found.machine,
                found.authority.clone(),
                found.is_tls,
                found.host.clone(),
            )
        };
        words(self) == words(other)
    }

    /// Takes over the addresses of another report of the same machine.
    pub(crate) fn join(&mut self, other: Self) {
        self.addresses.extend(other.addresses);
        self.tidy();
    }

    /// The addresses as clients name them, for [`Kind::Client`] and TLS; the host name first, if it has one.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        if self.kind == Kind::Peer || !self.is_tls {
            return Vec::new();
        }
        let named = self.host.iter().map(|host| format!("https://{host}"));
        let plain = self
            .addresses
            .iter()
            // An address of URLs has no place for the interface of a link-local one.
            .filter(|at| !is_scoped(at.ip()))
            .map(|at| format!("https://{at}"));
        named.chain(plain).collect()
    }

    fn tidy(&mut self) {
        self.addresses
            .sort_by_key(|at| (at.is_ipv6(), is_scoped(at.ip()), *at));
        self.addresses.dedup();
        self.addresses.truncate(ADDRESSES_MAX);
    }
}

fn address(at: &ScopedIp, port: u16) -> Option<SocketAddr> {
    let ip = at.to_ip_addr();
    // This very computer is nothing that another one can suggest.
    if ip.is_unspecified() || ip.is_multicast() || ip.is_loopback() {
        return None;
    }
    if let (ScopedIp::V6(scoped), true) = (at, is_scoped(ip)) {
        return Some(SocketAddrV6::new(*scoped.addr(), port, 0, scoped.scope_id().index).into());
    }
    Some(SocketAddr::new(ip, port))
}

/// Whether it means something on one interface only.
fn is_scoped(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

/// Sixteen hexadecimal digits.
fn number(text: &str) -> Option<u64> {
    let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(text, 16).ok().filter(|_| digits)
}

/// A name as it can be shown on one line.
fn harmless(name: &str) -> String {
    let shown = |char: &char| !char.is_control() && !is_invisible(*char);
    let kept: String = name.chars().filter(shown).take(NAME_CHARACTERS_MAX).collect();
    kept.trim().to_owned()
}

/// What turns the direction of a text, or stands in it unseen.
fn is_invisible(char: char) -> bool {
    matches!(char, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn is_host(host: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    !host.is_empty()
        && host.len() <= HOST_BYTES_MAX
        && host.bytes().all(allowed)
        && host.as_bytes()[0].is_ascii_alphanumeric()
        // A number of dots and digits is an address, and those come from the address records.
        && host.bytes().any(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::Found;
    use crate::Kind;
    use mdns_sd::{ResolvedService, ServiceInfo};

    const RING: (&str, &str) = ("ring", "00000000000000ab");
    const MACHINE: (&str, &str) = ("machine", "00000000000000cd");

    fn record(texts: &[(&str, &str)], addresses: &str) -> ResolvedService {
        ServiceInfo::new("_tertulia._tcp.local.", "x", "x.local.", addresses, 8787, texts)
            .expect("a service")
            .as_resolved_service()
    }

    fn read(texts: &[(&str, &str)], addresses: &str) -> Option<Found> {
        Found::read(Kind::Client, &record(texts, addresses))
    }

    #[test]
    fn a_record_is_read_and_its_addresses_are_in_order() {
        let ca = "AB".repeat(32);
        let texts = [
            ("v", "1"),
            RING,
            MACHINE,
            ("name", "Plaza"),
            ("ca", &ca),
            ("tls", "1"),
            ("host", "plaza.example"),
        ];
        let found = read(&texts, "fe80::1,2001:db8::1,10.0.0.2,10.0.0.1").expect("found");
        assert_eq!(
            (found.ring, found.machine.0, found.name.as_str()),
            (0xab, 0xcd, "Plaza")
        );
        assert_eq!(found.authority, Some(ca.to_lowercase()));
        assert_eq!(
            found.urls(),
            [
                "https://plaza.example:8787",
                "https://10.0.0.1:8787",
                "https://10.0.0.2:8787",
                "https://[2001:db8::1]:8787"
            ]
        );
        assert_eq!(found.addresses.len(), 4);
    }

    #[test]
    fn nobody_is_lured_into_clear_text() {
        let texts = [("v", "1"), RING, MACHINE, ("host", "plaza.example")];
        assert_eq!(read(&texts, "10.0.0.1").expect("found").urls(), [""; 0]);
        assert!(
            read(&texts, "127.0.0.1").is_none(),
            "nobody else knows who listens here"
        );
    }

    #[test]
    fn what_is_shown_is_harmless_and_short() {
        let nasty = format!("\u{1b}[31mPla\u{202e}za\n{}", "x".repeat(200));
        let texts = [
            ("v", "1"),
            RING,
            MACHINE,
            ("name", nasty.as_str()),
            ("ca", "not a fingerprint"),
            ("tls", "1"),
            ("host", "a/../b"),
        ];
        let found = read(&texts, "10.0.0.1").expect("found");
        assert!(found.name.starts_with("[31mPlaza") && found.name.chars().count() <= 40);
        assert!(!found.name.chars().any(char::is_control));
        assert_eq!(found.authority, None);
        assert_eq!(found.urls(), ["https://10.0.0.1:8787"]);
    }

    #[test]
    fn what_makes_no_sense_is_passed_by() {
        let all = [("v", "1"), RING, MACHINE];
        assert!(read(&all, "10.0.0.1").is_some());
        assert!(read(&all, "").is_none(), "no address");
        assert!(read(&all, "0.0.0.0").is_none(), "an address of nobody");
        assert!(read(&all[..2], "10.0.0.1").is_none(), "no machine");
        assert!(read(&all[1..], "10.0.0.1").is_none(), "no format");
        for ring in ["", "ab", "zz000000000000ab", "+0000000000000ab"] {
            assert!(
                read(&[("v", "1"), ("ring", ring), MACHINE], "10.0.0.1").is_none(),
                "{ring}"
            );
        }
    }

    #[test]
    fn many_addresses_are_cut() {
        let many: Vec<String> = (1..=40).map(|last| format!("10.0.0.{last}")).collect();
        let found = read(&[("v", "1"), RING, MACHINE], &many.join(",")).expect("found");
        assert_eq!(found.addresses.len(), super::ADDRESSES_MAX);
    }
}
