//! Where this device keeps what a person's messages need: a database of its own for each person, encrypted.
//!
//! **Invariant:** a step is one transaction: the keys of a group, what was read or is to be sent, and how far the mailbox has been
//! read. Nothing of a group is held in memory from one transaction to the next, so that any number of processes may take turns.

use crate::failure::{Failure, Fault};
use crate::place::Place;
use crate::store::Store;
use openmls_sqlite_storage::{Codec, SqliteStorageProvider};
use rusqlite::{Connection, Transaction};
use rusqlite_migration::M;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tertulia_types::AccountId;

/// The database of a person's messages.
#[derive(Debug)]
pub(crate) struct Vault {
    pub(crate) store: Store,
}

/// How the library that keeps the keys of groups writes them.
#[derive(Debug, Default)]
pub(crate) struct Json;

impl Codec for Json {
    type Error = serde_json::Error;

    fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(value)
    }

    fn from_slice<T: DeserializeOwned>(slice: &[u8]) -> Result<T, serde_json::Error> {
        serde_json::from_slice(slice)
    }
}

/// The keys of groups, as a transaction sees them.
pub(crate) fn keys<'a>(tx: &'a Transaction<'_>) -> SqliteStorageProvider<Json, &'a Connection> {
    SqliteStorageProvider::new(tx)
}

/// The name of a person's database.
pub(crate) fn name(account: AccountId) -> String {
    format!("messages-{account}")
}

impl Vault {
    /// Opens the database of a person, and makes it when there is none.
    pub(crate) fn open(place: &Place, account: AccountId) -> Result<Self, Failure> {
        let layouts = vec![
            M::up(include_str!("schema.sql")),
            M::up(include_str!("direct.sql")),
        ];
        let store = Store::open_as(place, &name(account), layouts, |connection| {
            let mut keys = SqliteStorageProvider::<Json, &mut Connection>::new(connection);
            keys.run_migrations().map_err(|error| Fault::Keys(error.into()))
        })?;
        Ok(Self { store })
    }
}
