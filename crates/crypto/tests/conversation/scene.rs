//! People, their chains, and their devices with a database each.

use openmls_sqlite_storage::{Codec, SqliteStorageProvider};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;
use tertulia_crypto::chain::Chain;
use tertulia_crypto::conversation::{Change, ChangeError, Conversation, JoinError};
use tertulia_crypto::device::{DeviceKey, Named};
use tertulia_crypto::identity::IdentityKey;
use tertulia_crypto::opened::{OpenError, Opened};
use tertulia_crypto::package::{self, Package};
use tertulia_types::device;
use tertulia_types::{AccountId, ConversationId, DeviceId};

/// The conversation that most tests are about, and its generation.
pub(crate) const ROOM: ConversationId = ConversationId([7; 16]);
pub(crate) const GENERATION: u32 = 1;

/// How the storage writes.
#[derive(Default)]
pub(crate) struct Json;

impl Codec for Json {
    type Error = serde_json::Error;

    fn to_vec<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, Self::Error> {
        serde_json::to_vec(value)
    }

    fn from_slice<T: serde::de::DeserializeOwned>(slice: &[u8]) -> Result<T, Self::Error> {
        serde_json::from_slice(slice)
    }
}

pub(crate) type Storage<'a> = SqliteStorageProvider<Json, &'a Connection>;

/// The machine's time: openmls looks at its clock too.
#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "only tests have a clock"
)]
pub(crate) fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let ms = since.expect("after 1970").as_millis();
    ms.try_into().expect("before the end of time")
}

pub(crate) fn account(number: i64) -> AccountId {
    AccountId::from_number(number << 16).expect("a small number")
}

/// Whoever has said something of their devices.
#[derive(Default)]
pub(crate) struct World {
    people: BTreeMap<AccountId, (IdentityKey, Chain)>,
}

impl World {
    /// A new device of this person, in its owner's chain.
    pub(crate) fn device(&mut self, person: i64) -> Machine {
        self.device_in(person, Connection::open_in_memory().expect("a database"))
    }

    pub(crate) fn device_in(&mut self, person: i64, database: Connection) -> Machine {
        let machine = Machine::new(DeviceKey::random(account(person)), database);
        let change = device::Change::Add {
            key: machine.key.public(),
            label: "device".to_owned(),
        };
        self.say(person, change);
        machine
    }

    pub(crate) fn revoke(&mut self, machine: &Machine) {
        let person = machine.key.account().get() >> 16;
        self.say(person, device::Change::Revoke { device: machine.id() });
    }

    pub(crate) fn chain(&self, account: AccountId) -> &Chain {
        &self.people[&account].1
    }

    /// A device that its owner has named.
    pub(crate) fn named(&self, account: AccountId, device: DeviceId) -> Option<Named> {
        self.people
            .get(&account)
            .and_then(|(_, chain)| chain.named(device))
    }

    fn say(&mut self, person: i64, change: device::Change) {
        let account = account(person);
        let (identity, chain) = self
            .people
            .entry(account)
            .or_insert_with(|| (IdentityKey::random(), Chain::empty(account)));
        let record = chain.next(identity.public(), change, 1);
        chain.append(&identity.sign(record)).expect("a good statement");
    }

    /// A group of these, the first of whom has let in all others.
    pub(crate) fn gather(&self, machines: &mut [Machine]) {
        let (first, others) = machines.split_first_mut().expect("somebody");
        first.create();
        let packages: Vec<_> = others.iter_mut().map(|machine| machine.package(self)).collect();
        let change = first.change(&packages, &[]).expect("a change");
        first.accepted();
        let welcome = change.welcome.expect("a welcome");
        for machine in others {
            machine.join(&welcome, self).expect("let in");
        }
    }
}

/// A device with its database.
pub(crate) struct Machine {
    pub(crate) key: DeviceKey,
    pub(crate) database: Connection,
}

impl Machine {
    pub(crate) fn new(key: DeviceKey, mut database: Connection) -> Self {
        SqliteStorageProvider::<Json, _>::new(&mut database)
            .run_migrations()
            .expect("tables");
        Self { key, database }
    }

    /// Leaves the database that is open and opens the one of this file.
    pub(crate) fn reopen(&mut self, path: &Path) {
        self.database = Connection::open(path).expect("a database");
    }

    pub(crate) fn id(&self) -> DeviceId {
        self.key.id()
    }

    pub(crate) fn name(&self) -> (AccountId, DeviceId) {
        (self.key.account(), self.id())
    }

    /// One step in a transaction, which is committed whatever comes of it.
    pub(crate) fn store<T>(&mut self, act: impl FnOnce(&Storage<'_>, &DeviceKey) -> T) -> T {
        let transaction = self.database.transaction().expect("a transaction");
        let made = act(&Storage::new(&transaction), &self.key);
        transaction.commit().expect("committed");
        made
    }

    /// One step with the group as the database holds it.
    pub(crate) fn step<T>(
        &mut self,
        act: impl FnOnce(&mut Conversation, &Storage<'_>, &DeviceKey) -> T,
    ) -> T {
        self.store(|storage, key| {
            let loaded = Conversation::load(storage, ROOM, GENERATION).expect("read");
            act(&mut loaded.expect("the group"), storage, key)
        })
    }

    pub(crate) fn create(&mut self) {
        self.store(|storage, key| Conversation::create(storage, key, ROOM, GENERATION, now_ms()))
            .expect("created");
    }

    pub(crate) fn package_bytes(&mut self, is_last_resort: bool) -> Vec<u8> {
        self.store(|storage, key| package::make_packages(storage, key, 1, now_ms(), is_last_resort))
            .expect("made")
            .remove(0)
    }

    pub(crate) fn package(&mut self, world: &World) -> Package {
        let bytes = self.package_bytes(false);
        Package::check(&bytes, world.chain(self.key.account()), now_ms()).expect("a good package")
    }

    /// Who let it in.
    pub(crate) fn join(&mut self, welcome: &[u8], world: &World) -> Result<(AccountId, DeviceId), JoinError> {
        self.store(|storage, _| {
            Conversation::join(storage, welcome, ROOM, GENERATION, &|account, device| {
                world.named(account, device)
            })
        })
        .map(|joined| joined.by)
    }

    pub(crate) fn change(&mut self, add: &[Package], remove: &[DeviceId]) -> Result<Change, ChangeError> {
        self.step(|group, storage, key| group.change(storage, key, add, remove))
    }

    /// Makes a change that the home accepts at once.
    pub(crate) fn changed(&mut self, add: &[Package], remove: &[DeviceId]) -> Change {
        let change = self.change(add, remove).expect("a change");
        self.accepted();
        change
    }

    pub(crate) fn accepted(&mut self) {
        self.step(|group, storage, _| group.accepted(storage))
            .expect("accepted");
    }

    pub(crate) fn rejected(&mut self) {
        self.step(|group, storage, _| group.rejected(storage))
            .expect("rejected");
    }

    pub(crate) fn seal(&mut self, text: &str) -> Vec<u8> {
        self.step(|group, storage, key| group.seal(storage, key, text.as_bytes()))
            .expect("sealed")
    }

    pub(crate) fn open(&mut self, bytes: &[u8], world: &World) -> Result<Opened, OpenError> {
        self.step(|group, storage, _| {
            group.open(storage, bytes, &|account, device| world.named(account, device))
        })
    }

    /// What a message says; none if these bytes give none.
    pub(crate) fn read(&mut self, bytes: &[u8], world: &World) -> Option<String> {
        if let Ok(Opened::Message { payload, .. }) = self.open(bytes, world) {
            Some(String::from_utf8(payload).expect("a text"))
        } else {
            None
        }
    }

    /// Follows a commit.
    pub(crate) fn follow(&mut self, commit: &[u8], world: &World) {
        let opened = self.open(commit, world);
        assert!(matches!(opened, Ok(Opened::Changed { .. })), "{opened:?}");
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.step(|group, _, _| group.epoch().number)
    }

    pub(crate) fn members(&mut self) -> Vec<(AccountId, DeviceId)> {
        self.step(|group, _, _| group.members())
    }

    pub(crate) fn authenticator(&mut self) -> Vec<u8> {
        self.step(|group, _, _| group.authenticator())
    }
}

/// Three devices, of three people, in one group.
pub(crate) fn three() -> (World, [Machine; 3]) {
    let mut world = World::default();
    let mut machines = [world.device(1), world.device(2), world.device(3)];
    world.gather(&mut machines);
    (world, machines)
}

/// Two devices, of two people, in one group.
pub(crate) fn two() -> (World, [Machine; 2]) {
    let mut world = World::default();
    let mut machines = [world.device(1), world.device(2)];
    world.gather(&mut machines);
    (world, machines)
}
