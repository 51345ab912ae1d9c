//! What members do that devices of this program do not.

use crate::scene::{GENERATION, Machine, ROOM, Storage, World, account, now_ms, three, two};
use openmls::credentials::{BasicCredential, CredentialWithKey};
use openmls::extensions::{Extension, Extensions, ExternalSender, ExternalSendersExtension};
use openmls::group::{GroupContext, GroupId, MlsGroup, MlsGroupCreateConfig};
use openmls::prelude::{Ciphersuite, KeyPackageIn, LeafNodeParameters, OpenMlsProvider, ProtocolVersion};
use openmls::prelude::{MlsMessageBodyIn, MlsMessageIn, tls_codec::DeserializeBytes as _};
use openmls_rust_crypto::RustCrypto;
use rusqlite::Connection;
use tertulia_crypto::chain::Chain;
use tertulia_crypto::conversation::{Conversation, JoinError};
use tertulia_crypto::device::DeviceKey;
use tertulia_crypto::device::Stranger;
use tertulia_crypto::identity::IdentityKey;
use tertulia_crypto::opened::{OpenError, Opened};
use tertulia_crypto::package::{Package, PackageError};
use tertulia_types::device::Change;

/// openmls without our rules.
struct Bare<'a> {
    algorithms: RustCrypto,
    storage: Storage<'a>,
}

impl<'a> OpenMlsProvider for Bare<'a> {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = Storage<'a>;

    fn storage(&self) -> &Storage<'a> {
        &self.storage
    }

    fn crypto(&self) -> &RustCrypto {
        &self.algorithms
    }

    fn rand(&self) -> &RustCrypto {
        &self.algorithms
    }
}

fn bare(database: &Connection) -> Bare<'_> {
    Bare {
        algorithms: RustCrypto::default(),
        storage: Storage::new(database),
    }
}

fn name() -> GroupId {
    GroupId::from_slice(&[&ROOM.0[..], &GENERATION.to_be_bytes()[..]].concat())
}

/// The group of a machine, without our rules.
fn group_of(machine: &Machine) -> (Bare<'_>, MlsGroup) {
    let provider = bare(&machine.database);
    let group = MlsGroup::load(&provider.storage, &name()).expect("read");
    (provider, group.expect("the group"))
}

fn named(text: &str, key: &DeviceKey) -> CredentialWithKey {
    CredentialWithKey {
        credential: BasicCredential::new(text.as_bytes().to_vec()).into(),
        signature_key: key.public().0.to_vec().into(),
    }
}

/// Somebody's device that stands in no chain, and the chain that they would have us believe.
fn impostor(victim: i64) -> (Machine, Chain) {
    let key = DeviceKey::random(account(victim));
    let identity = IdentityKey::random();
    let mut chain = Chain::empty(account(victim));
    let change = Change::Add {
        key: key.public(),
        label: "mine".to_owned(),
    };
    let record = chain.next(identity.public(), change, 1);
    chain.append(&identity.sign(record)).expect("a good statement");
    let machine = Machine::new(key, Connection::open_in_memory().expect("a database"));
    (machine, chain)
}

fn still_talk(world: &World, one: &mut Machine, other: &mut Machine) {
    for _ in 0..2 {
        let sealed = one.seal("still here");
        assert_eq!(other.read(&sealed, world).as_deref(), Some("still here"));
        std::mem::swap(one, other);
    }
}

#[test]
fn who_is_let_in_by_somebody_under_a_false_name_does_not_come() {
    let mut world = World::default();
    let mut ben = world.device(2);
    world.device(1);
    let (mut mallory, _) = impostor(1);
    mallory.create();
    let package = ben.package(&world);
    let welcome = mallory.changed(&[package], &[]).welcome.unwrap();
    let joined = ben.join(&welcome, &world);
    let (account, device) = mallory.name();
    assert!(
        matches!(joined, Err(JoinError::Stranger(stranger)) if stranger == Stranger::Unknown { account, device }),
        "{joined:?}"
    );
}

#[test]
fn who_is_let_in_to_a_revoked_device_comes_does_not_hear_it_and_can_remove_it() {
    let (mut world, [mut ana, mut ben, mut eve]) = three();
    let mut dan = world.device(4);
    let package = dan.package(&world);
    let change = ana.changed(&[package], &[]);
    for machine in [&mut ben, &mut eve] {
        machine.follow(&change.commit, &world);
    }
    world.revoke(&eve);
    dan.join(&change.welcome.unwrap(), &world).unwrap();
    let sealed = eve.seal("still here");
    let opened = dan.open(&sealed, &world);
    assert!(
        matches!(opened, Err(OpenError::Stranger(Stranger::NotLive { .. }))),
        "{opened:?}"
    );
    let change = dan.changed(&[], &[eve.id()]);
    for machine in [&mut ana, &mut ben] {
        machine.follow(&change.commit, &world);
    }
    let without = ana.seal("without eve");
    assert_eq!(dan.read(&without, &world).as_deref(), Some("without eve"));
    assert!(eve.read(&without, &world).is_none());
}

#[test]
fn who_was_away_while_a_device_was_let_in_and_revoked_follows_all_that_was_done() {
    let (mut world, [mut ana, mut ben, mut eve]) = three();
    let mut phone = world.device(1);
    let package = phone.package(&world);
    let letting_in = ana.changed(&[package], &[]);
    eve.follow(&letting_in.commit, &world);
    phone.join(&letting_in.welcome.clone().unwrap(), &world).unwrap();
    // What the phone itself has changed while it lived is no less a part of the way.
    let of_phone = phone.changed(&[], &[]);
    for machine in [&mut ana, &mut eve] {
        machine.follow(&of_phone.commit, &world);
    }
    let from_phone = phone.seal("from the phone");
    world.revoke(&phone);
    let shutting_out = ana.changed(&[], &[phone.id()]);
    eve.follow(&shutting_out.commit, &world);
    let after = ana.seal("among us");
    for commit in [&letting_in, &of_phone] {
        ben.follow(&commit.commit, &world);
    }
    let opened = ben.open(&from_phone, &world);
    assert!(
        matches!(opened, Err(OpenError::Stranger(Stranger::NotLive { .. }))),
        "{opened:?}"
    );
    ben.follow(&shutting_out.commit, &world);
    assert_eq!(ben.read(&after, &world).as_deref(), Some("among us"));
    still_talk(&world, &mut ben, &mut eve);
}

#[test]
fn a_revoked_device_is_let_in_by_no_honest_one() {
    let (mut world, [mut ana, mut ben, mut eve]) = three();
    let package = eve.package(&world);
    let bytes = eve.package_bytes(false);
    let change = ana.changed(&[], &[eve.id()]);
    ben.follow(&change.commit, &world);
    world.revoke(&eve);
    let checked = Package::check(&bytes, world.chain(account(3)), now_ms());
    assert!(
        matches!(checked, Err(PackageError::NotLive { .. })),
        "{checked:?}"
    );
    // Whoever has looked at it before lets it in unawares: the others go along, hear nothing of it, and remove it.
    let change = ana.changed(&[package], &[]);
    ben.follow(&change.commit, &world);
    eve.store(|storage, _| {
        let group = Conversation::load(storage, ROOM, GENERATION).unwrap();
        group.unwrap().delete(storage).unwrap();
    });
    eve.join(&change.welcome.unwrap(), &world).unwrap();
    let sealed = eve.seal("here again");
    assert!(ben.read(&sealed, &world).is_none());
    let change = ben.changed(&[], &[eve.id()]);
    ana.follow(&change.commit, &world);
    let without = ana.seal("without eve");
    assert!(ben.read(&without, &world).is_some());
    assert!(eve.read(&without, &world).is_none());
}

/// What lets Ben into a group that somebody began without our rules.
fn let_in_by(
    begun_by: &Machine,
    text: &str,
    extensions: Extensions<GroupContext>,
    ben: &mut Machine,
) -> Vec<u8> {
    let provider = bare(&begun_by.database);
    let config = MlsGroupCreateConfig::builder()
        .ciphersuite(Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519)
        .with_group_context_extensions(extensions)
        .use_ratchet_tree_extension(true)
        .build();
    let credential = named(text, &begun_by.key);
    let group = MlsGroup::new_with_group_id(&provider, &begun_by.key, &config, name(), credential);
    let bytes = ben.package_bytes(false);
    let message = MlsMessageIn::tls_deserialize_exact_bytes(&bytes).expect("a message");
    let MlsMessageBodyIn::KeyPackage(package) = message.extract() else {
        panic!("a key package")
    };
    let package = KeyPackageIn::validate(package, &provider.algorithms, ProtocolVersion::Mls10);
    let package = package.expect("a good package");
    let added = group
        .expect("a group")
        .add_members(&provider, &begun_by.key, &[package]);
    let (_, welcome, _) = added.expect("added");
    welcome.to_bytes().expect("written")
}

/// What would let somebody outside propose changes.
fn open_to_outside() -> Extensions<GroupContext> {
    let sender = ExternalSender::new(
        DeviceKey::random(account(9)).public().0.to_vec().into(),
        BasicCredential::new(b"outside".to_vec()).into(),
    );
    let senders: ExternalSendersExtension = vec![sender];
    Extensions::single(Extension::ExternalSenders(senders)).expect("an extension of groups")
}

#[test]
fn a_name_that_does_not_fit_its_key_is_refused_at_joining() {
    let mut world = World::default();
    let ana = world.device(1);
    let mut ben = world.device(2);
    // Mallory takes Ana's whole name, but cannot take her key.
    let (mallory, _) = impostor(1);
    let (owner, device) = ana.name();
    let text = format!("{owner}/{device}");
    let welcome = let_in_by(&mallory, &text, Extensions::empty(), &mut ben);
    let joined = ben.join(&welcome, &world);
    assert!(matches!(joined, Err(JoinError::Stranger(Stranger::Unnamed))));
}

#[test]
fn a_group_open_to_somebody_outside_is_not_joined() {
    let mut world = World::default();
    let ana = world.device(1);
    let mut ben = world.device(2);
    let (owner, device) = ana.name();
    let text = format!("{owner}/{device}");
    let welcome = let_in_by(&ana, &text, open_to_outside(), &mut ben);
    let joined = ben.join(&welcome, &world);
    assert!(matches!(joined, Err(JoinError::Forged(_))), "{joined:?}");
}

#[test]
fn a_commit_that_lets_in_an_impostor_is_not_followed() {
    let (world, [mut ana, mut ben, mut eve]) = three();
    let (mut mallory, forged) = impostor(2);
    let bytes = mallory.package_bytes(false);
    let package = Package::check(&bytes, &forged, now_ms()).unwrap();
    let change = ana.change(&[package], &[]).unwrap();
    for machine in [&mut ben, &mut eve] {
        let opened = machine.open(&change.commit, &world);
        assert!(
            matches!(opened, Err(OpenError::Stranger(Stranger::Unknown { .. }))),
            "{opened:?}"
        );
        assert_eq!(machine.number(), 1);
    }
    still_talk(&world, &mut ben, &mut eve);
    // The home finds another commit for the epoch, and all go on.
    ana.rejected();
    let good = ben.changed(&[], &[]);
    ana.follow(&good.commit, &world);
    eve.follow(&good.commit, &world);
}

#[test]
fn a_commit_refused_is_followed_with_newer_chains_if_it_was_rolled_back() {
    let (mut world, [mut ana, mut ben]) = two();
    let old_key = |_, _| None;
    let mut eve = world.device(3);
    let package = eve.package(&world);
    let change = ana.changed(&[package], &[]);
    let transaction = ben.database.transaction().unwrap();
    let storage = Storage::new(&transaction);
    let mut group = Conversation::load(&storage, ROOM, GENERATION).unwrap().unwrap();
    assert!(group.open(&storage, &change.commit, &old_key).is_err());
    drop(transaction);
    ben.follow(&change.commit, &world);
}

#[test]
fn a_member_does_not_take_another_name() {
    let (world, [ana, mut ben, mut eve]) = three();
    let (provider, mut group) = group_of(&ana);
    let (owner, device) = eve.name();
    for text in [
        format!("{owner}/{device}"),
        format!("{owner}/{}", ana.id()),
        String::new(),
    ] {
        let parameters = LeafNodeParameters::builder()
            .with_credential_with_key(named(&text, &ana.key))
            .build();
        let bundle = group.self_update(&provider, &ana.key, parameters).unwrap();
        let commit = bundle.into_commit().to_bytes().unwrap();
        let opened = ben.open(&commit, &world);
        assert!(
            matches!(opened, Err(OpenError::Stranger(Stranger::Unnamed))),
            "{opened:?}"
        );
        group.clear_pending_commit(&provider.storage).unwrap();
    }
    assert_eq!(ben.number(), 1);
    still_talk(&world, &mut ben, &mut eve);
}

#[test]
fn a_commit_that_opens_the_group_to_somebody_outside_is_not_followed() {
    let (world, [ana, mut ben, mut eve]) = three();
    let (provider, mut group) = group_of(&ana);
    let (commit, _, _) = group
        .update_group_context_extensions(&provider, open_to_outside(), &ana.key)
        .unwrap();
    let opened = ben.open(&commit.to_bytes().unwrap(), &world);
    assert!(matches!(opened, Err(OpenError::NotSpoken)), "{opened:?}");
    assert_eq!(ben.number(), 1);
    still_talk(&world, &mut ben, &mut eve);
}

#[test]
fn a_proposal_by_itself_is_not_kept() {
    let (world, [ana, mut ben, mut eve]) = three();
    let (provider, mut group) = group_of(&ana);
    let leaf = group
        .members()
        .find(|member| member.signature_key == eve.key.public().0)
        .unwrap();
    let (proposal, _) = group
        .propose_remove_member(&provider, &ana.key, leaf.index)
        .unwrap();
    let opened = ben.open(&proposal.to_bytes().unwrap(), &world);
    assert!(matches!(opened, Err(OpenError::NotSpoken)), "{opened:?}");
    still_talk(&world, &mut ben, &mut eve);
    assert_eq!(ben.members().len(), 3);
}

#[test]
fn nobody_comes_in_from_outside() {
    let (world, [ana, mut ben, _]) = three();
    let (provider, group) = group_of(&ana);
    let info = group
        .export_group_info(&provider.algorithms, &ana.key, true)
        .unwrap();
    let info = MlsMessageIn::from(info).extract();
    let MlsMessageBodyIn::GroupInfo(info) = info else {
        panic!("a group info")
    };
    let mallory = Machine::new(
        DeviceKey::random(account(9)),
        Connection::open_in_memory().unwrap(),
    );
    let outside = bare(&mallory.database);
    let credential = named(&format!("{}/{}", account(9), mallory.id()), &mallory.key);
    let (_, bundle) = MlsGroup::external_commit_builder()
        .build_group(&outside, info, credential)
        .unwrap()
        .load_psks(outside.storage())
        .unwrap()
        .build(outside.rand(), outside.crypto(), &mallory.key, |_| true)
        .unwrap()
        .finalize(&outside)
        .unwrap();
    let commit = bundle.into_commit().to_bytes().unwrap();
    let opened = ben.open(&commit, &world);
    assert!(matches!(opened, Err(OpenError::Unreadable)), "{opened:?}");
    assert_eq!(ben.number(), 1);
}

#[test]
fn what_a_stranger_sends_under_a_members_place_does_not_open() {
    // A group of the same name, with the same people in it, that is another one.
    let (world, [mut ana, mut ben]) = two();
    let mut other = World::default();
    let mut others = [other.device(1), other.device(2)];
    other.gather(&mut others);
    let [mut mallory, _] = others;
    let sealed = mallory.seal("believe me");
    assert!(matches!(ben.open(&sealed, &world), Err(OpenError::Forged(_))));
    let commit = mallory.changed(&[], &[]).commit;
    assert!(matches!(ben.open(&commit, &world), Err(OpenError::Forged(_))));
    let ahead = mallory.seal("from the future");
    assert!(matches!(ben.open(&ahead, &world), Ok(Opened::TooEarly { .. })));
    still_talk(&world, &mut ana, &mut ben);
}

#[test]
fn every_change_gives_its_maker_new_keys() {
    let (mut world, [mut ana, _]) = two();
    let encryption_key = |machine: &Machine| {
        let (_, group) = group_of(machine);
        let own = group.own_leaf_node().expect("a leaf");
        own.encryption_key().clone()
    };
    let mut eve = world.device(3);
    let package = eve.package(&world);
    let mut keys = vec![encryption_key(&ana)];
    for packages in [&[package][..], &[]] {
        ana.changed(packages, &[]);
        let key = encryption_key(&ana);
        assert!(!keys.contains(&key));
        keys.push(key);
    }
}
