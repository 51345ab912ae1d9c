//! Where a device can be reached by other clients directly, and what it says of a letter that it got that way.
//!
//! Both are statements of a device, signed by its key: homes keep the first and never see the second, and neither needs to be
//! believed, since the key stands in its owner's chain (see [`crate::device`]). As there, a statement is text.
//!
//! **Invariant:** a statement has one form only: the same presence is the same text, to the byte.

use crate::device::PublicKey;
use crate::hexadecimal::digits;
use crate::id::AccountId;
use crate::message::{DeviceId, MessageId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

/// Addresses of one device at most.
pub const ADDRESSES_MAX: usize = 8;
/// For how long a device says that it can be reached: a day.
pub const LIFETIME_MS: u64 = 24 * 3_600_000;

/// Where a device says that it can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Whose device.
    pub account: AccountId,
    /// Which.
    pub device: DeviceId,
    /// Grows from one presence of a device to the next.
    pub counter: u64,
    /// After this moment it says nothing any more; milliseconds since 1970, by the clock of the device.
    pub until_ms: u64,
    /// The key that whoever listens there shows: of this device, and made anew whenever it begins to listen.
    pub key: PublicKey,
    /// Where. None: the device cannot be reached directly.
    pub addresses: Vec<SocketAddr>,
}

/// A presence with its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedPresence {
    /// What is said.
    pub presence: Presence,
    /// By the device's key, over [`Presence::statement`]: 64 bytes.
    pub signature: Vec<u8>,
}

impl Presence {
    /// What is signed: lines of text.
    #[must_use]
    pub fn statement(&self) -> String {
        let mut text = format!(
            "tertulia presence 1\naccount {}\ndevice {}\ncounter {}\nuntil {}\nkey {}\n",
            self.account,
            self.device,
            self.counter,
            self.until_ms,
            digits(&self.key.0)
        );
        for address in &self.addresses {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "at {address}");
        }
        text
    }
}

/// Whether somebody could listen there: what anybody may say of a device is looked at before anything is sent to it.
#[must_use]
pub fn is_address(address: &SocketAddr) -> bool {
    let is_one = match address.ip().to_canonical() {
        IpAddr::V4(ip) => !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast(),
        IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_multicast() && !ip.is_unicast_link_local(),
    };
    is_one && address.port() != 0
}

/// That a device has a letter, on its disk: the statement with which it takes the letter off its sender's hands (rule M5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Which device.
    pub device: DeviceId,
    /// Which letter.
    pub letter: MessageId,
    /// The SHA-256 of what only devices can read in it.
    pub body: [u8; 32],
}

impl Kept {
    /// What a device says of a letter with this body.
    #[must_use]
    pub fn of(device: DeviceId, letter: MessageId, body: &[u8]) -> Self {
        Self {
            device,
            letter,
            body: Sha256::digest(body).into(),
        }
    }

    /// What is signed: lines of text.
    #[must_use]
    pub fn statement(&self) -> String {
        let Self { device, letter, body } = self;
        let body = digits(body);
        format!("tertulia kept 1\ndevice {device}\nletter {letter}\nbody {body}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::{Kept, Presence, is_address};
    use crate::device::PublicKey;
    use crate::id::AccountId;
    use crate::message::{DeviceId, MessageId};

    #[test]
    fn the_statements_are_text_that_any_program_can_make() {
        let presence = Presence {
            account: AccountId::from_number(77 << 16).expect("an id"),
            device: DeviceId([2; 16]),
            counter: 3,
            until_ms: 4,
            key: PublicKey([5; 32]),
            addresses: ["192.0.2.1:6000", "[2001:db8::1]:6000"]
                .map(|address| address.parse().expect("an address"))
                .into(),
        };
        let expected = format!(
            "tertulia presence 1\naccount 5046272\ndevice {}\ncounter 3\nuntil 4\nkey {}\nat 192.0.2.1:6000\nat [2001:db8::1]:6000\n",
            "02".repeat(16),
            "05".repeat(32)
        );
        assert_eq!(presence.statement(), expected);
        let kept = Kept::of(DeviceId([2; 16]), MessageId([9; 16]), b"hello");
        let hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let expected = format!(
            "tertulia kept 1\ndevice {}\nletter {}\nbody {hash}\n",
            "02".repeat(16),
            "09".repeat(16)
        );
        assert_eq!(kept.statement(), expected);
    }

    #[test]
    fn nothing_is_sent_to_everybody_or_nobody() {
        for (address, expected) in [
            ("192.0.2.1:6000", true),
            ("127.0.0.1:6000", true),
            ("[2001:db8::1]:6000", true),
            ("192.0.2.1:0", false),
            ("0.0.0.0:6000", false),
            ("224.0.0.251:5353", false),
            ("255.255.255.255:6000", false),
            ("[::]:6000", false),
            ("[::ffff:224.0.0.251]:5353", false),
            ("[ff02::fb]:5353", false),
            ("[fe80::1]:6000", false),
        ] {
            assert_eq!(
                is_address(&address.parse().expect("parses")),
                expected,
                "{address}"
            );
        }
    }
}
