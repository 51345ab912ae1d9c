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
pub(crate) struct MessagePack;

impl Codec for MessagePack {
    type Error = Unreadable;

    fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, Unreadable> {
        Ok(rmp_serde::to_vec_named(value)?)
    }

    fn from_slice<T: DeserializeOwned>(slice: &[u8]) -> Result<T, Unreadable> {
        Ok(rmp_serde::from_slice(slice)?)
    }
}

/// What is kept of a group does not read, or cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("cannot be written: {0}")]
    Write(#[from] rmp_serde::encode::Error),
    #[error("does not read: {0}")]
    Read(#[from] rmp_serde::decode::Error),
}

/// The keys of groups, as a transaction sees them.
pub(crate) fn keys<'a>(tx: &'a Transaction<'_>) -> SqliteStorageProvider<MessagePack, &'a Connection> {
    SqliteStorageProvider::new(tx)
}

/// Forgets all keys of groups and of packages.
pub(crate) fn forget_keys(tx: &Transaction<'_>) -> Result<(), Failure> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'openmls_*' AND name NOT GLOB '*migration*'";
    let tables = tx
        .prepare(sql)?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    for table in tables {
        tx.execute(&format!("DELETE FROM \"{table}\""), [])?;
    }
    Ok(())
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
            M::up(include_str!("rooms.sql")),
            M::up(include_str!("device.sql")),
            M::up(include_str!("contacts.sql")),
            M::up(include_str!("direct.sql")),
            M::up(include_str!("requests.sql")),
            M::up(include_str!("expiry.sql")),
            M::up(include_str!("renewal.sql")),
        ];
        let store = Store::open_as(place, &name(account), layouts, |connection| {
            let mut keys = SqliteStorageProvider::<MessagePack, &mut Connection>::new(connection);
            keys.run_migrations().map_err(|error| Fault::Keys(error.into()))
        })?;
        Ok(Self { store })
    }
}
