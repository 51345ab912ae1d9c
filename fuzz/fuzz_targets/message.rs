//! Private messages as a home may leave them, change them and make them up: what comes of them is what somebody's device said, or nothing.
#![no_main]

use std::sync::{LazyLock, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use libfuzzer_sys::fuzz_target;
use openmls_rust_crypto::MemoryStorage;
use tertulia_crypto::chain::Chain;
use tertulia_crypto::conversation::Conversation;
use tertulia_crypto::device::{DeviceKey, Named};
use tertulia_crypto::identity::IdentityKey;
use tertulia_crypto::opened::Opened;
use tertulia_crypto::package::{Package, forget_package, make_packages};
use tertulia_crypto::payload::Payload;
use tertulia_crypto::{direct, kept};
use tertulia_fuzz::{Chance, Pool};
use tertulia_types::device::{Change, SignedRecord};
use tertulia_types::presence::Presence;
use tertulia_types::{AccountId, ConversationId, DeviceId};

const ROOM: ConversationId = ConversationId([7; 16]);
const SAID: &[u8] = b"See you on Friday";

/// Somebody with one device, which their chain names.
struct Person {
    identity: IdentityKey,
    device: DeviceKey,
    chain: Chain,
}

/// Ana has let Bob into a room, said something there, and then renewed her keys: all that is on its way to Bob, and what Bob keeps.
struct Room {
    ana: Person,
    bob: Person,
    package: Vec<u8>,
    welcome: Vec<u8>,
    message: Vec<u8>,
    commit: Vec<u8>,
    before_joining: MemoryStorage,
    joined: MemoryStorage,
    kept: Vec<u8>,
    pool: Pool,
}

static ROOM_OF_TWO: LazyLock<Room> = LazyLock::new(|| {
    let (ana, bob) = (person(1), person(2));
    let (anas, bobs) = (MemoryStorage::default(), MemoryStorage::default());
    let mut packages = make_packages(&bobs, &bob.device, 1, now_ms(), false).expect("memory");
    let package = packages.remove(0);
    let before_joining = copy(&bobs);
    let checked = Package::check(&package, &bob.chain, now_ms()).expect("a good package");
    let mut group = Conversation::create(&anas, &ana.device, ROOM, 0, now_ms()).expect("a room");
    let added = group
        .change(&anas, &ana.device, &[checked], &[])
        .expect("a change");
    group.accepted(&anas).expect("memory");
    let welcome = added.welcome.expect("somebody was added");
    let devices = devices(&ana, &bob);
    Conversation::join(&bobs, &welcome, ROOM, 0, &devices).expect("a good welcome");
    let message = group.seal(&anas, &ana.device, SAID).expect("short enough");
    let renewed = group.change(&anas, &ana.device, &[], &[]).expect("a change");
    let keys = [&ana, &bob].map(|person| person.device.public());
    let pool = Pool {
        numbers: [&ana, &bob]
            .map(|person| person.chain.account().get() as u64)
            .to_vec(),
        texts: vec![
            "Laptop".to_owned(),
            keys[0].device().to_string(),
            keys[1].device().to_string(),
        ],
        ..Pool::default()
    };
    let kept = kept::seal(&bob.identity, "contacts", 3, SAID);
    drop(devices);
    Room {
        ana,
        bob,
        package,
        welcome,
        message,
        commit: renewed.commit,
        before_joining,
        joined: bobs,
        kept,
        pool,
    }
});

fuzz_target!(|bytes: &[u8]| {
    let room = &*ROOM_OF_TWO;
    let mut chance = Chance::new(bytes, &room.pool);
    match chance.byte() & 7 {
        0 => payload(chance.rest()),
        1 => {
            if let Some(drawn) = chance.value::<Payload>()
                && let Ok(written) = drawn.encode()
            {
                assert_eq!(Payload::decode(&written).expect("what was written"), drawn);
            }
        }
        2 => chain(room, &mut chance),
        3 => made_up(room, chance.rest()),
        4 => {
            let package = changed(&room.package, &mut chance);
            if let Ok(package) = Package::check(&package, &room.bob.chain, now_ms()) {
                assert_eq!(package.device(), room.bob.device.id());
            }
        }
        5 => {
            let welcome = changed(&room.welcome, &mut chance);
            let devices = devices(&room.ana, &room.bob);
            if let Ok(joined) = Conversation::join(&copy(&room.before_joining), &welcome, ROOM, 0, &devices) {
                assert_eq!(joined.by, (room.ana.chain.account(), room.ana.device.id()));
                assert_eq!(joined.conversation.members().len(), 2);
            }
        }
        6 => {
            let sent = [&room.message, &room.commit][chance.one_of(2)];
            let sent = changed(sent, &mut chance);
            opened(room, &sent);
        }
        _ => {
            let changed = changed(&room.kept, &mut chance);
            let opened = kept::open(&room.bob.identity, "contacts", 3, &changed);
            assert_eq!(opened.is_some(), changed == room.kept);
            if let Some(presence) = chance.value::<Presence>() {
                said(room, presence, &mut chance);
            }
        }
    }
});

/// Bytes that no device has made.
fn made_up(room: &Room, bytes: &[u8]) {
    payload(bytes);
    opened(room, bytes);
    let storage = copy(&room.before_joining);
    let devices = devices(&room.ana, &room.bob);
    assert!(Conversation::join(&storage, bytes, ROOM, 0, &devices).is_err());
    assert!(Package::check(bytes, &room.bob.chain, now_ms()).is_err());
    forget_package(&storage, bytes).expect("no fault");
    assert!(kept::open(&room.bob.identity, "contacts", 3, bytes).is_none());
}

fn payload(bytes: &[u8]) {
    if let Ok(read) = Payload::decode(bytes)
        && let Ok(again) = read.encode()
    {
        assert_eq!(Payload::decode(&again).expect("what was written"), read);
    }
}

/// Opens what came: only what Ana has said comes of it, and never a fault.
fn opened(room: &Room, bytes: &[u8]) {
    let storage = copy(&room.joined);
    let devices = devices(&room.ana, &room.bob);
    let mut group = Conversation::load(&storage, ROOM, 0)
        .expect("no fault")
        .expect("joined");
    let ana = (room.ana.chain.account(), room.ana.device.id());
    match group.open(&storage, bytes, &devices) {
        Ok(Opened::Message {
            account,
            device,
            payload,
            ..
        }) => {
            assert_eq!(((account, device), &payload[..]), (ana, SAID));
        }
        Ok(Opened::Changed {
            by,
            added,
            removed,
            is_own_removal,
            ..
        }) => {
            assert_eq!(
                (by, added, removed, is_own_removal),
                (ana, Vec::new(), Vec::new(), false)
            );
        }
        Ok(Opened::TooEarly { .. } | Opened::TooLate | Opened::Repeat | Opened::Own) | Err(_) => {}
    }
}

/// Statements in any order, signed by whom it may be: what is taken is one history, and what is refused changes nothing.
fn chain(room: &Room, chance: &mut Chance<'_, '_>) {
    let mut chain = Chain::empty(room.ana.chain.account());
    let mut taken: Vec<SignedRecord> = Vec::new();
    for _ in 0..chance.one_of(16) {
        let signer = [&room.ana, &room.bob][chance.one_of(2)];
        let Some(change) = chance.value::<Change>() else {
            break;
        };
        let mut record = chain.next(signer.identity.public(), change, chance.number());
        if let (0, Some(other)) = (chance.byte() & 7, chance.value()) {
            record = other;
        }
        let mut signed = signer.identity.sign(record);
        let is_forged = chance.byte() & 7 == 0;
        if is_forged {
            signed.signature = changed(&signed.signature, chance);
        }
        let before = chain.clone();
        match chain.append(&signed) {
            Ok(()) => {
                assert_eq!(chain.length(), before.length() + 1);
                assert!(chain.extends((before.length(), chain.head())));
                assert_eq!(
                    signed.record.identity,
                    signer.identity.public(),
                    "nobody speaks for somebody else"
                );
                taken.push(signed);
            }
            Err(_) => assert_eq!(chain, before),
        }
    }
    assert_eq!(
        Chain::verify(chain.account(), &taken).expect("taken before"),
        chain
    );
    for (device, lives) in chain.devices() {
        assert_eq!(lives.key.device(), *device);
    }
}

/// Where a device can be reached is believed from that device alone.
fn said(room: &Room, presence: Presence, chance: &mut Chance<'_, '_>) {
    let presence = Presence {
        device: room.bob.device.id(),
        ..presence
    };
    let said = direct::sign_presence(&room.bob.device, presence);
    assert!(direct::is_said_by(room.bob.device.public(), &said));
    assert!(!direct::is_said_by(room.ana.device.public(), &said));
    if let Some(other) = chance.value::<Presence>()
        && other != said.presence
    {
        let other = tertulia_types::presence::SignedPresence {
            presence: other,
            ..said
        };
        assert!(!direct::is_said_by(room.bob.device.public(), &other));
    }
}

/// The bytes with a few of them changed, cut off or added.
fn changed(bytes: &[u8], chance: &mut Chance<'_, '_>) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..chance.one_of(4) {
        let at = (usize::from(chance.byte()) << 8 | usize::from(chance.byte())) % bytes.len();
        bytes[at] = chance.byte();
    }
    match chance.byte() & 3 {
        0 => bytes.truncate(bytes.len() - chance.one_of(bytes.len())),
        1 => bytes.extend_from_slice(chance.raw()),
        _ => {}
    }
    bytes
}

fn person(number: u8) -> Person {
    let account = AccountId::from_number(i64::from(number) << 16).expect("a small number");
    let (identity, device) = (
        IdentityKey::from_seed(&[number; 32]),
        DeviceKey::from_seed(account, &[number + 100; 32]),
    );
    let mut chain = Chain::empty(account);
    let add = Change::Add {
        key: device.public(),
        label: "Laptop".to_owned(),
    };
    let record = identity.sign(chain.next(identity.public(), add, 1));
    chain.append(&record).expect("the first statement");
    Person {
        identity,
        device,
        chain,
    }
}

fn devices<'a>(ana: &'a Person, bob: &'a Person) -> impl Fn(AccountId, DeviceId) -> Option<Named> + 'a {
    move |account, device| {
        let of = [ana, bob]
            .into_iter()
            .find(|person| person.chain.account() == account)?;
        of.chain.named(device)
    }
}

/// What is kept, so that each try begins with the same.
fn copy(storage: &MemoryStorage) -> MemoryStorage {
    let values = storage.values.read().expect("nobody else").clone();
    let mut copy = MemoryStorage::default();
    copy.values = RwLock::new(values);
    copy
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    since.as_millis() as u64
}
