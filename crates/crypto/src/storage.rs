//! Where the secrets of a device's conversations lie: in a storage that the caller lends for one step.
//!
//! The caller lends one that writes into an open transaction, and puts what comes of the step into the same transaction: the bytes
//! to be sent with the ratchet's turn that made them, the plaintext with the turn that opened it. Only the caller commits.
//!
//! **Invariant:** after a transaction has been rolled back, every [`crate::conversation::Conversation`] that was used in it is
//! dropped and loaded anew: what it has in memory is ahead of what is stored.

use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;
use openmls_traits::storage::{CURRENT_VERSION, StorageProvider};
use std::error::Error;

/// What can be lent: any storage of openmls whose errors can travel.
pub trait Storage: StorageProvider<CURRENT_VERSION, Error = <Self as Storage>::Failure> {
    /// What it says when it fails.
    type Failure: Error + Send + Sync + 'static;
}

impl<S, E> Storage for S
where
    S: StorageProvider<CURRENT_VERSION, Error = E>,
    E: Error + Send + Sync + 'static,
{
    type Failure = E;
}

/// This device is sick: its storage failed, or what lies in it does not fit together. The transaction is to be rolled back, and
/// nothing of the step to be believed.
#[derive(Debug, thiserror::Error)]
#[error("the secrets of this device cannot be used")]
pub struct Fault(#[source] Box<dyn Error + Send + Sync>);

impl Fault {
    pub(crate) fn of(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// The algorithms and the lent storage, as openmls wants them together.
pub(crate) struct Provider<'a, S> {
    algorithms: RustCrypto,
    storage: &'a S,
}

impl<'a, S: Storage> Provider<'a, S> {
    pub(crate) fn new(storage: &'a S) -> Self {
        Self {
            algorithms: RustCrypto::default(),
            storage,
        }
    }
}

impl<S: Storage> OpenMlsProvider for Provider<'_, S> {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = S;

    fn storage(&self) -> &S {
        self.storage
    }

    fn crypto(&self) -> &RustCrypto {
        &self.algorithms
    }

    fn rand(&self) -> &RustCrypto {
        &self.algorithms
    }
}
