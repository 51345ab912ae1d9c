//! A device as the groups of conversations know it: a signature key, and a credential that says whose device it is.
//!
//! A credential is text, `"{account}/{device}"`, the account in decimal and the device in hexadecimal digits, and proves nothing by
//! itself. It is believed as far as two things hold: the device is named after its key (its id is the key's hash), and its owner's
//! [`crate::chain`] has named the key. The first is looked at here, at every leaf that comes in; for the second whoever opens something
//! brings [`Devices`].
//!
//! A device that has been revoked since is known by its place in a group and heard no more: who was away while it was in would
//! otherwise never find the way to where the group is now. To let somebody in, and to be heard, a device has to live.
//!
//! **Invariant:** the secret half is wiped from memory with the value, and is never printed.
//!
//! Deliberately absent: the encryption keys of a device. Groups make their own, in their storage.

use crate::randomness;
use ed25519_dalek::{Signer as _, SigningKey};
use openmls::credentials::{BasicCredential, Credential, CredentialWithKey};
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::SignatureScheme;
use std::fmt;
use tertulia_types::device::PublicKey;
use tertulia_types::{AccountId, DeviceId};
use zeroize::Zeroizing;

/// A device that its owner's chain has named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// Its key.
    pub key: PublicKey,
    /// When it was revoked or became void with an identity, by the clock of whoever said so; none while it lives.
    pub ended_ms: Option<u64>,
}

impl Named {
    /// Whether it is a device of its owner's still.
    #[must_use]
    pub fn lives(&self) -> bool {
        self.ended_ms.is_none()
    }
}

/// What is asked of everybody's chains: a device of an account, if they have ever named it.
pub type Devices<'a> = dyn Fn(AccountId, DeviceId) -> Option<Named> + 'a;

/// A member who cannot be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    /// Its credential names no device, or another one than its key.
    #[error("a member's name does not fit its key")]
    Unnamed,
    /// That account has never named such a device, as far as is known.
    #[error("{device} is no device that the account {account} has named")]
    Unknown {
        /// Whose it says to be.
        account: AccountId,
        /// Which device it says to be.
        device: DeviceId,
    },
    /// It says something, and is no living device of that account, as far as is known.
    #[error("{device} is no living device of the account {account}")]
    NotLive {
        /// Whose it says to be.
        account: AccountId,
        /// Which device it says to be.
        device: DeviceId,
    },
}

/// The key with which a device signs in conversations.
pub struct DeviceKey {
    account: AccountId,
    key: SigningKey,
}

impl DeviceKey {
    /// A new one, drawn at random.
    #[must_use]
    pub fn random(account: AccountId) -> Self {
        Self::from_seed(account, &Zeroizing::new(randomness::bytes()))
    }

    /// The one with this seed: the same seed gives the same key.
    #[must_use]
    pub fn from_seed(account: AccountId, seed: &[u8; 32]) -> Self {
        Self {
            account,
            key: SigningKey::from_bytes(seed),
        }
    }

    /// What the whole key can be made of again: to be kept secret, and on this device only.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_bytes())
    }

    /// The half that the owner's chain names.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.key.verifying_key().to_bytes())
    }

    /// The device's name.
    #[must_use]
    pub fn id(&self) -> DeviceId {
        self.public().device()
    }

    /// Whose device it is.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Signs a text that is none of a conversation's: see [`crate::direct`].
    pub(crate) fn sign_text(&self, text: &str) -> Vec<u8> {
        self.key.sign(text.as_bytes()).to_bytes().to_vec()
    }

    pub(crate) fn credential(&self) -> CredentialWithKey {
        let text = format!("{}/{}", self.account, self.id());
        CredentialWithKey {
            credential: BasicCredential::new(text.into_bytes()).into(),
            signature_key: self.public().0.to_vec().into(),
        }
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceKey")
            .field("account", &self.account)
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

impl Signer for DeviceKey {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.key.sign(payload).to_bytes().to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// Whose device a credential says it is.
///
/// One form only is read, so that two members never have the same name in two writings.
pub(crate) fn named_by(credential: &Credential) -> Option<(AccountId, DeviceId)> {
    let basic = BasicCredential::try_from(credential.clone()).ok()?;
    let text = std::str::from_utf8(basic.identity()).ok()?;
    let (account, device) = text.split_once('/')?;
    let account: AccountId = account.parse().ok()?;
    let device: DeviceId = device.parse().ok()?;
    (format!("{account}/{device}") == text).then_some((account, device))
}

/// Whose device this is, if its key bears its name.
pub(crate) fn named_with_key(
    credential: &Credential,
    key: &[u8],
) -> Option<(AccountId, DeviceId, PublicKey)> {
    let (account, device) = named_by(credential)?;
    let key = PublicKey(key.try_into().ok()?);
    (key.device() == device).then_some((account, device, key))
}

#[cfg(test)]
mod tests {
    use super::{DeviceKey, named_by, named_with_key};
    use openmls::credentials::{BasicCredential, Credential, CredentialType};
    use proptest::prelude::{any, prop_assert, proptest};
    use tertulia_types::AccountId;

    fn account() -> AccountId {
        AccountId::from_number(7 << 16).unwrap()
    }

    fn basic(text: &str) -> Credential {
        BasicCredential::new(text.as_bytes().to_vec()).into()
    }

    #[test]
    fn a_credential_says_whose_device_it_is() {
        let key = DeviceKey::random(account());
        let credential = key.credential();
        let text = format!("458752/{}", key.id());
        assert_eq!(credential.credential, basic(&text));
        let named = named_with_key(&credential.credential, &key.public().0);
        assert_eq!(named, Some((account(), key.id(), key.public())));
    }

    #[test]
    fn a_device_is_named_after_its_key() {
        let (key, other) = (DeviceKey::random(account()), DeviceKey::random(account()));
        let credential = key.credential().credential;
        assert_eq!(named_with_key(&credential, &other.public().0), None);
        assert_eq!(named_with_key(&credential, &[1; 31]), None);
    }

    #[test]
    fn a_credential_is_read_in_one_form_only() {
        let device = "000102030405060708090a0b0c0d0eff";
        assert!(named_by(&basic(&format!("7/{device}"))).is_some());
        for wrong in [
            String::new(),
            "7".to_owned(),
            format!("07/{device}"),
            format!("+7/{device}"),
            format!("7/{}", device.to_uppercase()),
            format!("7/{device}/"),
            format!(" 7/{device}"),
        ] {
            assert_eq!(named_by(&basic(&wrong)), None, "{wrong:?}");
        }
        let of_another_kind = Credential::new(CredentialType::X509, format!("7/{device}").into_bytes());
        assert_eq!(named_by(&of_another_kind), None);
    }

    #[test]
    fn a_seed_gives_the_same_device_again_and_is_not_printed() {
        let key = DeviceKey::from_seed(account(), &[0xAB; 32]);
        assert_eq!(DeviceKey::from_seed(account(), &key.seed()).id(), key.id());
        assert!(!format!("{key:?}").contains("171, 171"));
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_a_credential(bytes in any::<Vec<u8>>()) {
            let named = named_by(&BasicCredential::new(bytes).into());
            prop_assert!(named.is_none());
        }
    }
}
