//! What a device says when letters go from device to device: where it can be reached, and that it keeps a letter.
//!
//! Both are signed by the key with which the device signs in conversations. What it signs there begins with a length and a label of
//! the protocol, what it signs here with `tertulia`, so that neither can be taken for the other.
//!
//! **Invariant:** a signature holds for one device, and for one text to the byte.
//!
//! Deliberately absent: whether the device lives; that is asked of its owner's [`crate::chain`].

use crate::device::DeviceKey;
use crate::identity::has_signed;
use tertulia_types::device::PublicKey;
use tertulia_types::presence::{Kept, Presence, SignedPresence};

/// Signs where a device can be reached.
#[must_use]
pub fn sign_presence(device: &DeviceKey, presence: Presence) -> SignedPresence {
    let signature = device.sign_text(&presence.statement());
    SignedPresence { presence, signature }
}

/// Whether the device with this key has said so of itself.
#[must_use]
pub fn is_said_by(key: PublicKey, said: &SignedPresence) -> bool {
    let presence = &said.presence;
    presence.device == key.device() && has_signed(key, presence.statement().as_bytes(), &said.signature)
}

/// Signs that a device keeps a letter.
#[must_use]
pub fn sign_kept(device: &DeviceKey, kept: &Kept) -> Vec<u8> {
    device.sign_text(&kept.statement())
}

/// Whether the device with this key keeps that letter, as it says.
#[must_use]
pub fn is_kept_by(key: PublicKey, kept: &Kept, signature: &[u8]) -> bool {
    kept.device == key.device() && has_signed(key, kept.statement().as_bytes(), signature)
}

#[cfg(test)]
mod tests {
    use super::{is_kept_by, is_said_by, sign_kept, sign_presence};
    use crate::device::DeviceKey;
    use tertulia_types::device::PublicKey;
    use tertulia_types::presence::{Kept, Presence};
    use tertulia_types::{AccountId, MessageId};

    fn device() -> DeviceKey {
        DeviceKey::random(AccountId::from_number(7 << 16).unwrap())
    }

    fn presence(of: &DeviceKey) -> Presence {
        Presence {
            account: of.account(),
            device: of.id(),
            counter: 1,
            until_ms: 2,
            key: PublicKey([3; 32]),
            addresses: vec!["192.0.2.1:6000".parse().unwrap()],
        }
    }

    #[test]
    fn a_presence_is_said_by_the_device_that_it_names() {
        let (one, other) = (device(), device());
        let said = sign_presence(&one, presence(&one));
        assert!(is_said_by(one.public(), &said));
        assert!(!is_said_by(other.public(), &said));
        let mut moved = said.clone();
        moved.presence.addresses.clear();
        assert!(!is_said_by(one.public(), &moved));
        let of_another = sign_presence(&other, presence(&one));
        assert!(!is_said_by(other.public(), &of_another) && !is_said_by(one.public(), &of_another));
    }

    #[test]
    fn m5_a_letter_is_kept_by_whoever_signs_that_and_no_other_letter_is() {
        let (one, other) = (device(), device());
        let kept = Kept::of(one.id(), MessageId([1; 16]), b"body");
        let signature = sign_kept(&one, &kept);
        assert!(is_kept_by(one.public(), &kept, &signature));
        for wrong in [
            Kept::of(one.id(), MessageId([2; 16]), b"body"),
            Kept::of(one.id(), MessageId([1; 16]), b"bodies"),
            Kept::of(other.id(), MessageId([1; 16]), b"body"),
        ] {
            assert!(!is_kept_by(one.public(), &wrong, &signature));
            assert!(!is_kept_by(other.public(), &wrong, &signature));
        }
        for signature in [&[][..], &[0; 64], &signature[1..]] {
            assert!(!is_kept_by(one.public(), &kept, signature));
        }
    }
}
