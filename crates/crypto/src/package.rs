//! Key packages: what a device leaves at its home so that it can be let into a group while it is away.
//!
//! A package serves once, and the secret half that waits for it in the device's storage goes with its use. One more, the *last
//! resort*, serves as often as needed when the others have been used up; it is to be replaced soon after. Whoever lets a device
//! in claims one of its packages from its home and looks at it here: a home could hand out packages of its own making.
//!
//! A package lives 84 days at most, and openmls looks at that with the clock of whoever *follows* the commit that uses it, not only
//! of whoever makes it: a device that comes to such a commit outside the package's time cannot follow, and is out of the group. So
//! packages begin a day early, for clocks that are wrong by hours, and none is taken that ends within [`LEFT_MS_MIN`], which is
//! longer than a commit waits in a mailbox. A device renews what it has left at its home in time for that.
//!
//! **Invariant:** a [`Package`] has been checked: its signatures hold, and its device lives in its owner's chain.
//!
//! Deliberately absent: how many there are, and when they are renewed.

use crate::chain::Chain;
use crate::device::{self, DeviceKey};
use crate::storage::{Fault, Provider, Storage};
use openmls::ciphersuite::hash_ref::make_key_package_ref;
use openmls::extensions::ExtensionType;
use openmls::framing::{MlsMessageBodyIn, MlsMessageIn, MlsMessageOut};
use openmls::key_packages::errors::KeyPackageVerifyError;
use openmls::key_packages::key_package_in::KeyPackageIn;
use openmls::key_packages::{KeyPackage, Lifetime};
use openmls::prelude::Capabilities;
use openmls::prelude::tls_codec::{DeserializeBytes as _, Serialize as _};
use openmls::versions::ProtocolVersion;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider as _;
use openmls_traits::crypto::OpenMlsCrypto as _;
use openmls_traits::types::Ciphersuite;
use tertulia_types::message::KEY_PACKAGE_BYTES_MAX;
use tertulia_types::{AccountId, DeviceId};

/// The one suite that is spoken: number 0x0001 of the standard.
pub(crate) const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

const HOUR_MS: u64 = 60 * 60 * 1_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// How long before it was made a package begins: clocks are wrong by hours, time zones taken for none.
pub const EARLY_MS: u64 = DAY_MS;
/// How long after it was made a package ends: with its early beginning, the 84 days that openmls allows.
pub const LIFE_MS: u64 = 83 * DAY_MS;
/// What a package has to live yet when it is used: a commit waits 30 days in a mailbox, and whoever opens it then must find the
/// package alive.
pub const LEFT_MS_MIN: u64 = 31 * DAY_MS;

/// Why a package is not used.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The bytes are none, or too many.
    #[error("this is no key package")]
    Unreadable,
    /// A signature does not hold, or a law of the protocol is broken.
    #[error("the key package does not hold")]
    Forged(#[source] KeyPackageVerifyError),
    /// Of a suite that is not spoken here.
    #[error("the key package is of another suite")]
    OtherSuite,
    /// Not begun, over, about to be over, or living longer than packages do. The device has to renew it.
    #[error("the key package is out of its time")]
    OutOfTime,
    /// It is not of a living device of that person, or not with that device's key.
    #[error("the key package is of no living device of the account {account}")]
    NotLive {
        /// Whose package was wanted.
        account: AccountId,
    },
}

/// A key package that has been looked at.
#[derive(Debug, Clone)]
pub struct Package {
    account: AccountId,
    device: DeviceId,
    key_package: KeyPackage,
}

impl Package {
    /// Looks at a package that a home has handed out for a device of this person.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(bytes: &[u8], chain: &Chain, now_ms: u64) -> Result<Self, PackageError> {
        let package = read(bytes).ok_or(PackageError::Unreadable)?;
        let key_package = package
            .validate(&RustCrypto::default(), ProtocolVersion::Mls10)
            .map_err(not_valid)?;
        if key_package.ciphersuite() != SUITE {
            return Err(PackageError::OtherSuite);
        }
        if !is_in_time(key_package.life_time(), now_ms) {
            return Err(PackageError::OutOfTime);
        }
        let account = chain.account();
        let leaf = key_package.leaf_node();
        device::named_with_key(leaf.credential(), leaf.signature_key().as_slice())
            .filter(|(named, device, key)| *named == account && chain.key(*device) == Some(*key))
            .map(|(account, device, _)| Self {
                account,
                device,
                key_package,
            })
            .ok_or(PackageError::NotLive { account })
    }

    /// Whose device it lets in.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Which device it lets in.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// Whether it is one that serves more than once.
    #[must_use]
    pub fn is_last_resort(&self) -> bool {
        self.key_package.last_resort()
    }

    pub(crate) fn key_package(&self) -> &KeyPackage {
        &self.key_package
    }
}

/// Makes packages for this device. Their secret halves stay in the storage; the bytes go to the home once the storage's
/// transaction is committed.
///
/// # Errors
/// If the storage fails.
pub fn make_packages(
    storage: &impl Storage,
    device: &DeviceKey,
    count: usize,
    now_ms: u64,
    is_last_resort: bool,
) -> Result<Vec<Vec<u8>>, Fault> {
    let provider = Provider::new(storage);
    let make = || {
        let mut builder = KeyPackage::builder()
            .key_package_lifetime(lifetime(now_ms))
            .leaf_node_capabilities(capabilities());
        if is_last_resort {
            builder = builder.mark_as_last_resort();
        }
        let bundle = builder
            .build(SUITE, &provider, device, device.credential())
            .map_err(Fault::of)?;
        MlsMessageOut::from(bundle.into_key_package())
            .tls_serialize_detached()
            .map_err(Fault::of)
    };
    (0..count).map(|_| make()).collect()
}

/// Forgets the secret half of a package that the home does not hand out any more. With bytes that are no package nothing happens.
///
/// # Errors
/// If the storage fails.
pub fn forget_package(storage: &impl Storage, bytes: &[u8]) -> Result<(), Fault> {
    let Some(package) = read(bytes) else {
        return Ok(());
    };
    let provider = Provider::new(storage);
    let plain = package.tls_serialize_detached().map_err(Fault::of)?;
    let reference = make_key_package_ref(&plain, SUITE, provider.crypto()).map_err(Fault::of)?;
    storage.delete_key_package(&reference).map_err(Fault::of)
}

/// How long a leaf lives that is made now.
pub(crate) fn lifetime(now_ms: u64) -> Lifetime {
    let from_ms = now_ms.saturating_sub(EARLY_MS);
    Lifetime::init(from_ms / 1_000, now_ms.saturating_add(LIFE_MS) / 1_000)
}

/// What a device can do. That it knows packages of last resort has to be said here too, or such a package is refused.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities::builder()
        .ciphersuites(RustCrypto::default().supported_ciphersuites())
        .extensions(vec![ExtensionType::LastResort])
        .build()
}

fn read(bytes: &[u8]) -> Option<KeyPackageIn> {
    if bytes.len() > KEY_PACKAGE_BYTES_MAX {
        return None;
    }
    match MlsMessageIn::tls_deserialize_exact_bytes(bytes).ok()?.extract() {
        MlsMessageBodyIn::KeyPackage(package) => Some(package),
        MlsMessageBodyIn::PublicMessage(_)
        | MlsMessageBodyIn::PrivateMessage(_)
        | MlsMessageBodyIn::Welcome(_)
        | MlsMessageBodyIn::GroupInfo(_) => None,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other reasons of openmls are one to us"
)]
fn not_valid(error: KeyPackageVerifyError) -> PackageError {
    match error {
        KeyPackageVerifyError::LifetimeError(_) => PackageError::OutOfTime,
        error => PackageError::Forged(error),
    }
}

fn is_in_time(lifetime: &Lifetime, now_ms: u64) -> bool {
    let begins_ms = lifetime.not_before().saturating_mul(1_000);
    let ends_ms = lifetime.not_after().saturating_mul(1_000);
    // Its maker's clock may be ahead of ours by as much as it begins early.
    let has_begun = begins_ms <= now_ms;
    lifetime.has_acceptable_range() && has_begun && ends_ms >= now_ms.saturating_add(LEFT_MS_MIN)
}

#[cfg(test)]
mod tests {
    use super::{DAY_MS, EARLY_MS, HOUR_MS, LEFT_MS_MIN, LIFE_MS, Package, PackageError, is_in_time};
    use super::{capabilities, forget_package, lifetime, make_packages};
    use crate::chain::Chain;
    use crate::device::DeviceKey;
    use crate::identity::IdentityKey;
    use crate::testing::{account, now_ms};
    use openmls::key_packages::{KeyPackage, Lifetime};
    use openmls::prelude::MlsMessageOut;
    use openmls_rust_crypto::{MemoryStorage, OpenMlsRustCrypto};
    use openmls_traits::OpenMlsProvider as _;
    use openmls_traits::types::Ciphersuite;
    use proptest::prelude::{ProptestConfig, any, prop_assert, proptest};
    use tertulia_types::device::Change;
    use tertulia_types::message::KEY_PACKAGE_BYTES_MAX;

    fn chain_of(identity: &IdentityKey, devices: &[&DeviceKey]) -> Chain {
        let mut chain = Chain::empty(devices[0].account());
        for device in devices {
            let change = Change::Add {
                key: device.public(),
                label: "laptop".to_owned(),
            };
            let record = chain.next(identity.public(), change, 1);
            chain.append(&identity.sign(record)).unwrap();
        }
        chain
    }

    #[test]
    fn a_package_tells_which_device_it_lets_in() {
        let device = DeviceKey::random(account(1));
        let chain = chain_of(&IdentityKey::random(), &[&device]);
        let storage = MemoryStorage::default();
        for is_last_resort in [false, true] {
            let made = make_packages(&storage, &device, 2, now_ms(), is_last_resort).unwrap();
            assert_ne!(made[0], made[1]);
            for bytes in made {
                assert!(bytes.len() < 512, "{}", bytes.len());
                let package = Package::check(&bytes, &chain, now_ms()).unwrap();
                assert_eq!((package.account(), package.device()), (account(1), device.id()));
                assert_eq!(package.is_last_resort(), is_last_resort);
            }
        }
    }

    #[test]
    fn a_package_of_a_revoked_device_or_of_another_person_is_not_used() {
        let identity = IdentityKey::random();
        let (device, stranger) = (DeviceKey::random(account(1)), DeviceKey::random(account(1)));
        let mut chain = chain_of(&identity, &[&device]);
        let storage = MemoryStorage::default();
        let bytes = make_packages(&storage, &device, 1, now_ms(), false)
            .unwrap()
            .remove(0);
        let of_stranger = make_packages(&storage, &stranger, 1, now_ms(), false)
            .unwrap()
            .remove(0);
        let not_live = |bytes: &[u8], chain: &Chain| {
            matches!(
                Package::check(bytes, chain, now_ms()),
                Err(PackageError::NotLive { .. })
            )
        };
        assert!(!not_live(&bytes, &chain));
        assert!(not_live(&of_stranger, &chain));

        let elsewhere = DeviceKey::from_seed(account(2), &device.seed());
        assert!(not_live(&bytes, &chain_of(&IdentityKey::random(), &[&elsewhere])));

        let revoke = Change::Revoke { device: device.id() };
        let record = chain.next(identity.public(), revoke, 2);
        chain.append(&identity.sign(record)).unwrap();
        assert!(not_live(&bytes, &chain));
    }

    #[test]
    fn a_package_of_another_suite_is_not_used() {
        let device = DeviceKey::random(account(1));
        let chain = chain_of(&IdentityKey::random(), &[&device]);
        let provider = OpenMlsRustCrypto::default();
        let bundle = KeyPackage::builder()
            .key_package_lifetime(lifetime(now_ms()))
            .leaf_node_capabilities(capabilities())
            .build(
                Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519,
                &provider,
                &device,
                device.credential(),
            )
            .unwrap();
        let bytes = MlsMessageOut::from(bundle.into_key_package()).to_bytes().unwrap();
        let checked = Package::check(&bytes, &chain, now_ms());
        assert!(matches!(checked, Err(PackageError::OtherSuite)), "{checked:?}");
    }

    #[test]
    fn a_package_is_used_in_its_time_only() {
        let now_ms = 1_800_000_000_000;
        let made = lifetime(now_ms);
        assert!(made.has_acceptable_range());
        assert!(is_in_time(&made, now_ms));
        // By a clock that is behind by hours, and until its life is too short for a commit that waits.
        assert!(is_in_time(&made, now_ms - 23 * HOUR_MS));
        assert!(!is_in_time(&made, now_ms - EARLY_MS - HOUR_MS));
        assert!(is_in_time(&made, now_ms + LIFE_MS - LEFT_MS_MIN));
        assert!(!is_in_time(&made, now_ms + LIFE_MS - LEFT_MS_MIN + HOUR_MS));

        let for_ever = Lifetime::init(0, u64::MAX);
        assert!(!is_in_time(&for_ever, now_ms));
        let upside_down = Lifetime::init(u64::MAX, 0);
        assert!(!is_in_time(&upside_down, now_ms));
    }

    #[test]
    fn a_package_too_old_by_the_given_time_is_refused() {
        let device = DeviceKey::random(account(1));
        let chain = chain_of(&IdentityKey::random(), &[&device]);
        let bytes = make_packages(&MemoryStorage::default(), &device, 1, now_ms(), false)
            .unwrap()
            .remove(0);
        let later_ms = now_ms() + LIFE_MS - LEFT_MS_MIN + DAY_MS;
        assert!(matches!(
            Package::check(&bytes, &chain, later_ms),
            Err(PackageError::OutOfTime)
        ));
    }

    #[test]
    fn a_package_forgotten_leaves_nothing_in_the_storage() {
        let device = DeviceKey::random(account(1));
        let provider = OpenMlsRustCrypto::default();
        let storage = provider.storage();
        let before = storage.values.read().unwrap().len();
        let bytes = make_packages(storage, &device, 1, now_ms(), false)
            .unwrap()
            .remove(0);
        assert!(storage.values.read().unwrap().len() > before);
        forget_package(storage, &bytes).unwrap();
        assert_eq!(storage.values.read().unwrap().len(), before);
        forget_package(storage, b"no package").unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_bit_of_a_package_can_be_turned(place in any::<proptest::sample::Index>(), bit in 0_u8..8) {
            let device = DeviceKey::from_seed(account(1), &[3; 32]);
            let chain = chain_of(&IdentityKey::from_seed(&[4; 32]), &[&device]);
            let mut bytes = make_packages(&MemoryStorage::default(), &device, 1, now_ms(), true).unwrap().remove(0);
            let at = place.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(Package::check(&bytes, &chain, now_ms()).is_err(), "at {at}");
        }

        #[test]
        fn any_bytes_can_be_looked_at(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let chain = Chain::empty(account(1));
            prop_assert!(Package::check(&bytes, &chain, 1).is_err());
            let long = bytes.into_iter().cycle().take(KEY_PACKAGE_BYTES_MAX + 1).collect::<Vec<_>>();
            prop_assert!(Package::check(&long, &chain, 1).is_err());
        }
    }
}
