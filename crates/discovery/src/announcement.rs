//! What a machine says about itself, and how it is written into DNS records.

use crate::Kind;
use mdns_sd::{IfKind, ServiceInfo};
use std::net::{IpAddr, SocketAddr};
use tertulia_types::MachineId;

/// The format of the records; who does not know it passes them by.
pub(crate) const FORMAT: &str = "1";
/// The keys of the TXT record.
pub(crate) const KEY_FORMAT: &str = "v";
pub(crate) const KEY_RING: &str = "ring";
pub(crate) const KEY_NAME: &str = "name";
pub(crate) const KEY_MACHINE: &str = "machine";
pub(crate) const KEY_AUTHORITY: &str = "ca";
pub(crate) const KEY_HOST: &str = "host";
pub(crate) const KEY_TLS: &str = "tls";
/// A ring's name in a record, in characters; a TXT string holds 255 bytes.
pub(crate) const NAME_CHARACTERS_MAX: usize = 40;

/// What a machine says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The ring that it belongs to.
    pub ring: u64,
    /// The same as other machines know it: another one in a ring that was restored from a backup.
    pub ring_of_machines: u64,
    /// The ring's name, for people.
    pub name: String,
    /// The machine.
    pub machine: MachineId,
    /// SHA-256 of the certificate of the ring's authority, hexadecimal; colons and capitals do not matter.
    pub authority: Option<String>,
    /// Where clients find it; none: it takes no clients.
    pub http: Option<Http>,
    /// Where it listens for other machines; none: newcomers are to ask another one.
    pub peer: Option<SocketAddr>,
}

/// Where a machine takes clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// Where it listens. An unspecified address stands for all that the computer has.
    pub listen: SocketAddr,
    /// Whether it speaks TLS.
    pub is_tls: bool,
    /// The host name by which people reach it, if it has one: its certificate is for that name.
    pub host: Option<String>,
}

impl Announcement {
    /// The services to be registered. What listens on loopback alone is none of the network's business.
    pub(crate) fn services(&self) -> Result<Vec<ServiceInfo>, mdns_sd::Error> {
        let http = self
            .http
            .as_ref()
            .map(|http| (Kind::Client, http.listen, http.texts()));
        let peer = self.peer.map(|listen| (Kind::Peer, listen, Vec::new()));
        [http, peer]
            .into_iter()
            .flatten()
            .filter(|(_, listen, _)| !listen.ip().is_loopback())
            .map(|(kind, listen, texts)| self.service(kind, listen, texts))
            .collect()
    }

    fn service(
        &self,
        kind: Kind,
        listen: SocketAddr,
        more: Vec<(&'static str, String)>,
    ) -> Result<ServiceInfo, mdns_sd::Error> {
        let ring = match kind {
            Kind::Client => self.ring,
            Kind::Peer => self.ring_of_machines,
        };
        let name: String = self.name.chars().take(NAME_CHARACTERS_MAX).collect();
        let mut texts = vec![
            (KEY_FORMAT, FORMAT.to_owned()),
            (KEY_RING, format!("{ring:016x}")),
            (KEY_MACHINE, self.machine.to_string()),
            (KEY_NAME, name),
        ];
        if let Some(authority) = self.authority.as_deref().and_then(fingerprint) {
            texts.push((KEY_AUTHORITY, authority));
        }
        texts.extend(more);
        let instance = self.machine.to_string();
        // A host name of its own: the computer may have another responder that owns its usual one.
        let host = format!("tertulia-{instance}.local.");
        let service = ServiceInfo::new(
            kind.service(),
            &instance,
            &host,
            "",
            listen.port(),
            texts.as_slice(),
        )?;
        let mut service = service.enable_addr_auto();
        service.set_interfaces(interfaces(listen.ip()));
        Ok(service)
    }
}

impl Http {
    fn texts(&self) -> Vec<(&'static str, String)> {
        let mut texts = Vec::new();
        if self.is_tls {
            texts.push((KEY_TLS, "1".to_owned()));
        }
        if let Some(host) = &self.host {
            texts.push((KEY_HOST, host.to_ascii_lowercase()));
        }
        texts
    }
}

/// Which addresses of the computer lead to what listens there.
fn interfaces(listen: IpAddr) -> Vec<IfKind> {
    vec![match listen {
        IpAddr::V4(address) if address.is_unspecified() => IfKind::IPv4,
        // On Linux this takes IPv4 too.
        IpAddr::V6(address) if address.is_unspecified() => IfKind::All,
        address @ (IpAddr::V4(_) | IpAddr::V6(_)) => IfKind::Addr(address),
    }]
}

/// A fingerprint as 64 lower-case hexadecimal digits; none if it is none.
pub(crate) fn fingerprint(text: &str) -> Option<String> {
    let hex: String = text
        .chars()
        .filter(|char| *char != ':')
        .map(|char| char.to_ascii_lowercase())
        .collect();
    (hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(hex)
}

#[cfg(test)]
mod tests {
    use super::{Announcement, Http};
    use std::net::SocketAddr;
    use tertulia_types::MachineId;

    fn announcement(http: &str, peer: &str) -> Announcement {
        let listen: SocketAddr = http.parse().expect("an address");
        Announcement {
            ring: 7,
            ring_of_machines: 7,
            name: "Plaza".to_owned(),
            machine: MachineId(9),
            authority: Some(["AB"; 32].join(":")),
            http: Some(Http {
                listen,
                is_tls: true,
                host: None,
            }),
            peer: Some(peer.parse().expect("an address")),
        }
    }

    #[test]
    fn what_listens_on_loopback_alone_is_not_announced() {
        let of = |http, peer| {
            let services = announcement(http, peer).services().expect("services");
            services
                .iter()
                .map(|service| service.get_type().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(of("127.0.0.1:1", "[::1]:2"), [""; 0]);
        assert_eq!(of("0.0.0.0:1", "127.0.0.1:2"), ["_tertulia._tcp.local."]);
        assert_eq!(
            of("0.0.0.0:1", "10.0.0.1:2"),
            ["_tertulia._tcp.local.", "_tertulia-peer._tcp.local."]
        );
    }

    #[test]
    fn a_long_name_is_cut_and_not_refused() {
        let mut long = announcement("0.0.0.0:1", "0.0.0.0:2");
        long.name = "ñ".repeat(500);
        assert_eq!(long.services().expect("services").len(), 2);
    }
}
