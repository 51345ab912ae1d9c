//! Private messages, as far as homes know them: devices, key packages, mailboxes and the order of commits.

use crate::community::Community;
use tertulia_state::actor::Actor;
use tertulia_state::closing::CloseAccount;
use tertulia_state::conversation::{Commits, SubmitCommit, Verdict};
use tertulia_state::device::{AppendRecord, Records};
use tertulia_state::key_package::{ClaimPackages, StockPackages};
use tertulia_state::mailbox::{Acknowledge, Deposit, Expired, Fetch, Fetched, KEPT_MS, Letter};
use tertulia_state::prune::Prune;
use tertulia_state::safe::{Contents, EmptyBox, FillBox, LASTING_MAX, OpenBox, PASSING_MAX, PASSING_MS};
use tertulia_state::session::{CheckSession, NewSession, OpenSession};
use tertulia_types::device::{Change, Link, PublicKey, Record, SignedRecord};
use tertulia_types::message::{BOX_BYTES_MAX, LetterKind, MESSAGE_BYTES_MAX};
use tertulia_types::{
    AccountId, BoxName, ConversationId, DeviceId, Epoch, MessageId, Rejected, Scopes, Slot,
};

/// A key of somebody's device, or their identity: made up, since homes look at no signature.
fn key(of: Actor, number: u8) -> PublicKey {
    let mut bytes = [number; 32];
    bytes[..8].copy_from_slice(&of.account.get().to_be_bytes());
    PublicKey(bytes)
}

pub(crate) fn record(of: Actor, before: Option<&Record>, change: Change) -> Record {
    Record {
        account: of.account,
        identity: key(of, 0),
        sequence: before.map_or(0, |before| before.sequence + 1),
        previous: before.map_or(Link::default(), Record::link),
        made_ms: 1,
        change,
    }
}

pub(crate) fn added(of: Actor, number: u8) -> Change {
    Change::Add {
        key: key(of, number),
        label: format!("device {number}"),
    }
}

impl Community {
    pub(crate) fn append(&mut self, of: Actor, record: &Record) -> Result<(), Rejected> {
        let key = self.key();
        let record = SignedRecord {
            record: record.clone(),
            signature: vec![0; 64],
        };
        self.submit(AppendRecord {
            actor: of,
            record,
            key,
        })
    }

    /// Gives somebody so many devices.
    pub(crate) fn equip(&mut self, of: Actor, devices: u8) -> Vec<DeviceId> {
        let mut last = None;
        for number in 1..=devices {
            let next = record(of, last.as_ref(), added(of, number));
            self.append(of, &next).expect("added");
            last = Some(next);
        }
        (1..=devices).map(|number| key(of, number).device()).collect()
    }

    pub(crate) fn stock(
        &mut self,
        of: Actor,
        device: DeviceId,
        packages: &[&[u8]],
        last_resort: Option<&[u8]>,
    ) {
        let key = self.key();
        let packages = packages.iter().map(|package| package.to_vec()).collect();
        let last_resort = last_resort.map(<[u8]>::to_vec);
        self.submit(StockPackages {
            actor: of,
            device,
            packages,
            replaces: false,
            last_resort,
            key,
        })
        .expect("stocked");
    }

    pub(crate) fn claim(&mut self, by: Actor, of: Actor) -> Vec<Vec<u8>> {
        let key = self.key();
        let claim = ClaimPackages {
            by: by.account,
            of: of.account,
            key,
        };
        let claimed = self.submit(claim).expect("claimed");
        claimed.into_iter().map(|(_, package)| package).collect()
    }

    pub(crate) fn deposit(&mut self, from: Actor, to: Actor, id: u8) -> Result<u64, Rejected> {
        self.submit(Deposit {
            sender: from.account,
            recipient: to.account,
            devices: None,
            letter: letter(from, to, id, vec![id; 10]),
        })
    }

    pub(crate) fn fetch(&mut self, of: Actor, device: DeviceId, after: u64) -> Fetched {
        let fetch = Fetch {
            actor: of,
            device,
            after,
        };
        self.query(fetch).expect("fetched")
    }

    pub(crate) fn acknowledge(&mut self, of: Actor, device: DeviceId, number: u64) {
        let acknowledge = Acknowledge {
            actor: of,
            device,
            number,
        };
        self.submit(acknowledge).expect("acknowledged");
    }

    fn fill(
        &mut self,
        of: Actor,
        name: BoxName,
        before: u64,
        is_lasting: bool,
        body: &[u8],
    ) -> Result<u64, Rejected> {
        self.submit(FillBox {
            actor: of,
            name,
            before,
            is_lasting,
            body: body.to_vec(),
        })
    }

    fn look_into(&mut self, of: Actor, name: BoxName) -> Result<(u64, Vec<u8>), Rejected> {
        let Contents { version, body } = self.query(OpenBox { actor: of, name })?;
        Ok((version, body))
    }

    /// Another session of somebody, as a second computer opens one.
    fn log_in(&mut self, of: Actor) -> Actor {
        let hash = self.secret();
        let session = NewSession {
            hash,
            scopes: Scopes::EVERYTHING,
            label: "terminal".to_owned(),
            client: None,
        };
        self.submit(OpenSession {
            account: of.account,
            password_version: 1,
            session,
        })
        .expect("opened");
        Actor {
            account: of.account,
            session: hash,
        }
    }

    fn is_logged_in(&mut self, actor: Actor) -> bool {
        let needed = Scopes::NONE;
        self.query(CheckSession { actor, needed }).is_ok()
    }

    pub(crate) fn commit(
        &mut self,
        by: Actor,
        room: ConversationId,
        at: (u32, u64),
        commit: &[u8],
        people: &[Actor],
    ) -> Result<Verdict, Rejected> {
        let mut people: Vec<AccountId> = people.iter().map(|person| person.account).collect();
        people.sort();
        self.submit(SubmitCommit {
            by: by.account,
            conversation: room,
            at: epoch(at),
            commit: commit.to_vec(),
            welcome: Some(b"welcome".to_vec()),
            welcomed: people.clone(),
            people,
        })
    }
}

fn letter(from: Actor, to: Actor, id: u8, body: Vec<u8>) -> Letter {
    Letter {
        kind: LetterKind::Message,
        id: MessageId([id; 16]),
        conversation: ConversationId::of_two(from.account, to.account),
        epoch: epoch((1, 1)),
        body,
    }
}

pub(crate) fn epoch((generation, number): (u32, u64)) -> Epoch {
    Epoch { generation, number }
}

pub(crate) fn numbers(fetched: &Fetched) -> Vec<u64> {
    fetched.letters.iter().map(|waiting| waiting.number).collect()
}

#[test]
fn a_statement_about_devices_comes_behind_the_last_one_or_not_at_all() {
    let mut community = Community::of(2);
    let [ana, ben] = community.people(["ana", "ben"]);
    let first = record(ana, None, added(ana, 1));
    let second = record(ana, Some(&first), added(ana, 2));
    assert_eq!(community.append(ana, &second), Err(Rejected::Conflict));
    assert_eq!(community.append(ana, &first), Ok(()));
    assert_eq!(
        community.append(ana, &first),
        Err(Rejected::Conflict),
        "its place is taken"
    );
    let forked = Record {
        previous: Link([7; 32]),
        ..second.clone()
    };
    assert_eq!(community.append(ana, &forked), Err(Rejected::Conflict));
    assert_eq!(community.append(ana, &second), Ok(()));
    assert!(
        matches!(community.append(ben, &first), Err(Rejected::Invalid(_))),
        "of somebody else"
    );
    let asked = Records {
        account: ana.account,
        from: 1,
    };
    let said = community.query(asked).expect("the chain");
    assert_eq!(
        said.into_iter().map(|said| said.record).collect::<Vec<_>>(),
        [second]
    );
}

#[test]
fn a_revoked_device_has_neither_mailbox_nor_packages_and_another_identity_voids_all() {
    let mut community = Community::of(2);
    let [ana, ben] = community.people(["ana", "ben"]);
    let devices = community.equip(ana, 2);
    community.stock(ana, devices[0], &[b"one"], None);
    community.deposit(ben, ana, 1).expect("deposited");
    community.acknowledge(ana, devices[1], 1);
    assert_eq!(
        numbers(&community.fetch(ana, devices[1], 0)),
        [1],
        "the other one has not got it"
    );
    let chain = |community: &mut Community| {
        let all = Records {
            account: ana.account,
            from: 0,
        };
        community
            .query(all)
            .expect("the chain")
            .pop()
            .expect("one")
            .record
    };
    let revoked = record(
        ana,
        Some(&chain(&mut community)),
        Change::Revoke { device: devices[0] },
    );
    community.append(ana, &revoked).expect("revoked");
    assert_eq!(
        numbers(&community.fetch(ana, devices[1], 0)),
        [0; 0],
        "nobody waits for it"
    );
    let fetch = Fetch {
        actor: ana,
        device: devices[0],
        after: 0,
    };
    assert_eq!(community.query(fetch.clone()).err(), Some(Rejected::NoDevice));
    assert!(community.claim(ben, ana).is_empty());
    let again = record(ana, Some(&revoked), Change::Revoke { device: devices[0] });
    assert_eq!(community.append(ana, &again), Err(Rejected::NoDevice));

    let new = Record {
        identity: PublicKey([5; 32]),
        ..record(ana, Some(&revoked), added(ana, 9))
    };
    community.append(ana, &new).expect("a new beginning");
    let fetch = Fetch {
        device: devices[1],
        ..fetch
    };
    assert_eq!(community.query(fetch).err(), Some(Rejected::NoDevice));
    community.fetch(ana, key(ana, 9).device(), 0);
}

#[test]
fn m4_a_package_is_given_to_one_claim_and_a_repeated_claim_gets_the_same() {
    let mut community = Community::of(3);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let device = community.equip(ana, 1)[0];
    assert!(community.claim(ben, ana).is_empty(), "m6: nothing yet");
    community.stock(ana, device, &[b"one", b"two"], Some(b"last"));
    let key = community.key();
    let claim = ClaimPackages {
        by: ben.account,
        of: ana.account,
        key,
    };
    for _ in 0..3 {
        assert_eq!(
            community.submit(claim.clone()),
            Ok(vec![(device, b"one".to_vec())])
        );
    }
    assert_eq!(community.claim(eva, ana), [b"two"]);
    for _ in 0..2 {
        assert_eq!(community.claim(eva, ana), [b"last"]);
    }
    assert_eq!(community.fetch(ana, device, 0).packages_left, 0);
}

#[test]
fn m4_who_claims_without_end_gets_the_last_resort_and_leaves_the_others_to_others() {
    let mut community = Community::of(1);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let device = community.equip(ana, 1)[0];
    let packages: Vec<[u8; 1]> = (0..50).map(|number| [number]).collect();
    let packages: Vec<&[u8]> = packages.iter().map(|package| &package[..]).collect();
    community.stock(ana, device, &packages, Some(b"last"));
    let claimed: Vec<_> = (0..40).flat_map(|_| community.claim(ben, ana)).collect();
    assert_eq!(claimed.iter().filter(|package| *package == b"last").count(), 30);
    assert_ne!(community.claim(eva, ana), [b"last"]);
    community.clock_ms += 25 * 3_600_000;
    let at = community.groups[0].database.descriptor().range.end();
    for from in 0..=63 {
        let from = Slot(from * 1024);
        community.submit(Prune { at, from }).expect("pruned");
    }
    assert_ne!(community.claim(ben, ana), [b"last"], "a day later");
}

#[test]
fn m4_numbers_grow_a_letter_comes_once_and_goes_when_all_devices_have_it() {
    let mut community = Community::of(3);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let devices = community.equip(ana, 2);
    assert_eq!(community.deposit(ben, ana, 1), Ok(1));
    assert_eq!(community.deposit(ben, ana, 2), Ok(2));
    assert_eq!(community.deposit(ben, ana, 1), Ok(1), "a repeat");
    assert_eq!(
        community.deposit(eva, ana, 1),
        Ok(3),
        "of somebody else the same name is another letter"
    );
    assert_eq!(numbers(&community.fetch(ana, devices[0], 1)), [2, 3]);
    community.acknowledge(ana, devices[0], 3);
    community.acknowledge(ana, devices[0], 1);
    assert_eq!(
        community.fetch(ana, devices[0], 0).acknowledged,
        3,
        "it only grows"
    );
    assert_eq!(numbers(&community.fetch(ana, devices[1], 0)), [1, 2, 3]);
    community.acknowledge(ana, devices[1], 2);
    assert_eq!(numbers(&community.fetch(ana, devices[1], 0)), [3]);
    community.acknowledge(ana, devices[1], 99);
    assert_eq!(
        community.fetch(ana, devices[1], 0).acknowledged,
        3,
        "nobody acknowledges what has not come"
    );
    assert_eq!(community.deposit(ben, ana, 2), Ok(2), "known after it is gone");
    assert_eq!(community.deposit(ben, ana, 3), Ok(4), "never restarts");
}

#[test]
fn who_floods_a_mailbox_fills_their_own_part_of_it() {
    let mut community = Community::of(1);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let device = community.equip(ana, 1)[0];
    let flood = |community: &mut Community, first: u16| {
        let refused = (first..).find_map(|number| {
            let mut id = [0; 16];
            id[..2].copy_from_slice(&number.to_be_bytes());
            let letter = Letter {
                id: MessageId(id),
                ..letter(ben, ana, 0, vec![1; MESSAGE_BYTES_MAX])
            };
            let deposit = Deposit {
                sender: ben.account,
                recipient: ana.account,
                devices: None,
                letter,
            };
            community.submit(deposit).err().map(|refused| (number, refused))
        });
        refused.expect("somewhere it ends")
    };
    let (count, refused) = flood(&mut community, 0);
    assert!(matches!(refused, Rejected::Limit(_)));
    assert_eq!(community.deposit(eva, ana, 1), Ok(u64::from(count) + 1));
    let top = community.fetch(ana, device, 0).top;
    community.acknowledge(ana, device, top);
    assert_eq!(
        flood(&mut community, count).0,
        2 * count,
        "as much as before, once it is fetched"
    );
    let too_much = Deposit {
        sender: eva.account,
        recipient: ana.account,
        devices: None,
        letter: letter(eva, ana, 9, vec![1; MESSAGE_BYTES_MAX + 1]),
    };
    assert!(matches!(community.submit(too_much), Err(Rejected::Invalid(_))));
}

#[test]
fn a_message_for_other_devices_than_there_are_is_not_taken() {
    let mut community = Community::of(3);
    let [ana, ben] = community.people(["ana", "ben"]);
    let deposit = |community: &mut Community, devices, id| {
        community.submit(Deposit {
            sender: ben.account,
            recipient: ana.account,
            devices: Some(devices),
            letter: letter(ben, ana, id, vec![id]),
        })
    };
    community.equip(ana, 2);
    assert_eq!(deposit(&mut community, 2, 1), Ok(1));
    for stale in [0, 1, 3] {
        assert_eq!(deposit(&mut community, stale, 2), Err(Rejected::StaleDevices));
    }
    assert_eq!(
        deposit(&mut community, 0, 1),
        Ok(1),
        "a repeat is known whatever has changed since"
    );
}

#[test]
fn who_has_sent_what_nobody_fetched_in_time_can_learn_of_it() {
    let mut community = Community::of(1);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let devices = community.equip(ana, 2);
    for id in [1, 2] {
        community.deposit(ben, ana, id).expect("deposited");
    }
    // One device has the first one, and so the sender has heard of it.
    community.acknowledge(ana, devices[0], 1);
    let expired = |community: &mut Community, by: Actor| {
        let (by, of) = (by.account, ana.account);
        community.query(Expired { by, of }).expect("answered")
    };
    assert_eq!(expired(&mut community, ben), []);
    community.clock_ms += KEPT_MS + 1;
    let at = community.groups[0].database.descriptor().range.end();
    for from in 0..=63 {
        let from = Slot(from * 1024);
        community.submit(Prune { at, from }).expect("pruned");
    }
    assert_eq!(expired(&mut community, ben), [letter(ben, ana, 2, Vec::new()).id]);
    assert_eq!(expired(&mut community, eva), [], "it is none of hers");
}

#[test]
fn letters_that_nobody_fetches_go_after_their_time_and_make_room() {
    let mut community = Community::of(1);
    let [ana, ben] = community.people(["ana", "ben"]);
    let device = community.equip(ana, 1)[0];
    community.deposit(ben, ana, 1).expect("deposited");
    community.clock_ms += KEPT_MS + 1;
    let at = community.groups[0].database.descriptor().range.end();
    for from in 0..=63 {
        let from = Slot(from * 1024);
        community.submit(Prune { at, from }).expect("pruned");
    }
    let fetched = community.fetch(ana, device, 0);
    assert_eq!((numbers(&fetched), fetched.top), (Vec::new(), 1));
    assert_eq!(
        community.deposit(ben, ana, 1),
        Ok(1),
        "its name is known for longer"
    );
}

#[test]
fn nobody_gets_letters_or_packages_from_whom_they_block() {
    let mut community = Community::of(2);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.equip(ana, 1);
    let key = community.key();
    let block = tertulia_state::block::SetBlock {
        actor: ana,
        target: ben.account,
        stands: true,
        key,
    };
    community.submit(block).expect("blocked");
    assert_eq!(community.deposit(ben, ana, 1), Err(Rejected::Blocked));
    let claim = ClaimPackages {
        by: ben.account,
        of: ana.account,
        key,
    };
    assert_eq!(community.submit(claim).err(), Some(Rejected::Blocked));
}

#[test]
fn m1_a_commit_its_copies_and_its_welcomes_are_one() {
    let mut community = Community::of(7);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let devices = [ana, ben, eva].map(|person| community.equip(person, 1)[0]);
    let room = ConversationId::of_room([3; 16]);
    let made = community.commit(ana, room, (1, 0), b"first", &[ana, ben]);
    assert_eq!(made, Ok(Verdict::Accepted));
    community.carry();
    let kinds = |community: &mut Community, of: Actor, device| -> Vec<(LetterKind, Epoch)> {
        let fetched = community.fetch(of, device, 0);
        let letters = fetched.letters.into_iter().map(|waiting| waiting.letter);
        let mut kinds: Vec<_> = letters.map(|letter| (letter.kind, letter.epoch)).collect();
        kinds.sort();
        kinds
    };
    let both = |at| [(LetterKind::Commit, epoch(at)), (LetterKind::Welcome, epoch(at))];
    assert_eq!(kinds(&mut community, ben, devices[1]), both((1, 0)));
    let next = community.commit(ben, room, (1, 1), b"second", &[ben, eva]);
    assert_eq!(next, Ok(Verdict::Accepted));
    community.carry();
    assert_eq!(kinds(&mut community, eva, devices[2]), both((1, 1)));
    let ana_learns = (LetterKind::Commit, epoch((1, 1)));
    assert!(
        kinds(&mut community, ana, devices[0]).contains(&ana_learns),
        "that she is out"
    );
    let refused = community.commit(ana, room, (1, 2), b"third", &[ana]);
    assert_eq!(refused, Err(Rejected::NotFound), "she is out");
    let from = Epoch::default();
    let asked = Commits {
        by: ana.account,
        conversation: room,
        from,
    };
    assert_eq!(community.query(asked.clone()).err(), Some(Rejected::NotFound));
    let committed = community
        .query(Commits {
            by: eva.account,
            ..asked
        })
        .expect("a member may");
    assert_eq!(committed.now, epoch((1, 2)));
    let expected = [
        (epoch((1, 0)), b"first".to_vec()),
        (epoch((1, 1)), b"second".to_vec()),
    ];
    assert_eq!(committed.commits, expected);
}

#[test]
fn m1_a_welcome_goes_to_those_alone_whose_devices_it_lets_in() {
    let mut community = Community::of(7);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let devices = [ana, ben, eva].map(|person| community.equip(person, 1)[0]);
    let mut people = [ana, ben].map(|person| person.account).to_vec();
    people.sort();
    let commit = SubmitCommit {
        by: ana.account,
        conversation: ConversationId::of_room([3; 16]),
        at: epoch((1, 0)),
        commit: b"first".to_vec(),
        welcome: Some(b"welcome".to_vec()),
        welcomed: vec![ben.account],
        people,
    };
    let mut outside = commit.clone();
    outside.welcomed = vec![eva.account];
    let refused = community.submit(outside);
    assert!(matches!(refused, Err(Rejected::Invalid(_))), "{refused:?}");
    assert_eq!(community.submit(commit), Ok(Verdict::Accepted));
    community.carry();
    let mut welcomes = |of: Actor, device| {
        let letters = community.fetch(of, device, 0).letters.into_iter();
        let kinds = letters.map(|waiting| waiting.letter.kind);
        kinds.filter(|kind| *kind == LetterKind::Welcome).count()
    };
    assert_eq!(welcomes(ana, devices[0]), 0);
    assert_eq!(welcomes(ben, devices[1]), 1);
    assert_eq!(welcomes(eva, devices[2]), 0);
}

#[test]
fn m2_one_commit_counts_at_an_epoch_and_the_same_bytes_count_again() {
    let mut community = Community::of(3);
    let [ana, ben] = community.people(["ana", "ben"]);
    let two = ConversationId::of_two(ana.account, ben.account);
    let both = [ana, ben];
    assert_eq!(
        community.commit(ana, two, (1, 0), b"a", &both),
        Ok(Verdict::Accepted)
    );
    let superseded = Verdict::Superseded {
        now: epoch((1, 1)),
        winner: Some(b"a".to_vec()),
    };
    assert_eq!(community.commit(ben, two, (1, 0), b"b", &both), Ok(superseded));
    assert_eq!(
        community.commit(ben, two, (1, 1), b"c", &both),
        Ok(Verdict::Accepted)
    );
    assert_eq!(
        community.commit(ana, two, (1, 0), b"a", &both),
        Ok(Verdict::Accepted),
        "its answer was lost"
    );
    let ahead = Verdict::Superseded {
        now: epoch((1, 2)),
        winner: None,
    };
    assert_eq!(community.commit(ana, two, (1, 5), b"d", &both), Ok(ahead.clone()));
    assert_eq!(
        community.commit(ana, two, (3, 0), b"d", &both),
        Ok(ahead),
        "one generation after another"
    );
    assert_eq!(
        community.commit(ana, two, (2, 0), b"e", &both),
        Ok(Verdict::Accepted)
    );
    let late = community.commit(ben, two, (1, 2), b"f", &both);
    assert_eq!(
        late,
        Ok(Verdict::Superseded {
            now: epoch((2, 1)),
            winner: None
        })
    );
}

#[test]
fn m3_a_message_lies_at_its_recipients_homes_and_nowhere_else() {
    let mut community = Community::of(7);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    for person in [ana, ben, eva] {
        community.equip(person, 1);
    }
    let room = ConversationId::of_room([3; 16]);
    let made = community.commit(ana, room, (1, 0), b"first", &[ana, ben, eva]);
    assert_eq!(made, Ok(Verdict::Accepted));
    community.carry();
    for recipient in [ben, eva] {
        let letter = Letter {
            conversation: room,
            ..letter(ana, recipient, 9, b"unmistakable body".to_vec())
        };
        let deposit = Deposit {
            sender: ana.account,
            recipient: recipient.account,
            devices: Some(1),
            letter,
        };
        community.submit(deposit).expect("deposited");
    }
    assert_eq!(community.carry(), 0, "nobody else is told");
    let homes: Vec<String> = [ben, eva]
        .map(|person| format!("{} letter", community.group_of(person.account.home())))
        .into();
    let mut holders = community.holds("unmistakable body", &[]);
    holders.sort();
    let mut expected = homes;
    expected.sort();
    expected.dedup();
    assert_eq!(holders, expected);
}

#[test]
fn nobody_begins_the_conversation_of_two_others() {
    let mut community = Community::of(1);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let two = ConversationId::of_two(ana.account, ben.account);
    for (by, people) in [
        (eva, vec![ana, ben]),
        (eva, vec![ana, eva]),
        (ana, vec![ana, ben, eva]),
        (ana, vec![ana]),
    ] {
        let refused = community.commit(by, two, (1, 0), b"x", &people);
        assert!(matches!(refused, Err(Rejected::Invalid(_))), "{people:?}");
    }
}

#[test]
fn r8_mailboxes_and_conversations_stay_whole_when_a_range_is_divided() {
    let mut community = Community::of(1);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let devices = [ana, ben, eva].map(|person| community.equip(person, 1)[0]);
    let rooms: Vec<_> = (1..=8)
        .map(|number| ConversationId::of_room([number; 16]))
        .collect();
    for room in &rooms {
        let made = community.commit(ana, *room, (1, 0), b"first", &[ana, ben, eva]);
        assert_eq!(made, Ok(Verdict::Accepted));
    }
    let at = Slot(1 << 15).end();
    community.split(at, 2).expect("divided");
    community.carry();
    for (person, device) in [ana, ben, eva].into_iter().zip(devices) {
        let fetched = community.fetch(person, device, 0);
        assert_eq!(fetched.letters.len(), 2 * rooms.len(), "{person:?}");
    }
    for room in rooms {
        let next = community.commit(ben, room, (1, 1), b"second", &[ana, ben]);
        assert_eq!(next, Ok(Verdict::Accepted));
    }
}

#[test]
fn p5_what_a_closed_account_left_of_messages_goes() {
    let mut community = Community::of(2);
    let [ana, ben] = community.people(["ana", "ben"]);
    let device = community.equip(ana, 1)[0];
    community.stock(ana, device, &[b"unmistakable package"], None);
    community.deposit(ben, ana, 1).expect("deposited");
    let mut presence = crate::presence::said(&community, ana, device, 1);
    presence.signature = b"unmistakable signature".repeat(3)[..64].to_vec();
    community.say(ana, &presence).expect("said");
    assert_eq!(community.holds("unmistakable signature", &[]).len(), 1);
    let close = CloseAccount {
        actor: ana,
        verified_version: 1,
    };
    community.submit(close).expect("closed");
    community.carry();
    assert_eq!(community.deposit(ben, ana, 2), Err(Rejected::NotFound));
    for left in ["unmistakable package", "unmistakable signature"] {
        assert!(community.holds(left, &[]).is_empty(), "{left}");
    }
}

#[test]
fn a_box_is_filled_over_what_was_seen_or_not_at_all() {
    let mut community = Community::of(2);
    let [ana, ben] = community.people(["ana", "ben"]);
    let name = BoxName::SAFE;
    assert_eq!(community.look_into(ana, name), Err(Rejected::NotFound));
    assert_eq!(
        community.fill(ana, name, 1, true, b"one"),
        Err(Rejected::Conflict)
    );
    assert_eq!(community.fill(ana, name, 0, true, b"one"), Ok(1));
    assert_eq!(community.fill(ana, name, 0, true, b"one"), Ok(1), "a repeat");
    assert_eq!(
        community.fill(ana, name, 0, true, b"other"),
        Err(Rejected::Conflict)
    );
    assert_eq!(community.fill(ana, name, 1, true, b"two"), Ok(2));
    assert_eq!(
        community.fill(ana, name, 0, true, b"one"),
        Err(Rejected::Conflict),
        "late"
    );
    assert_eq!(community.look_into(ana, name), Ok((2, b"two".to_vec())));
    assert_eq!(community.look_into(ben, name), Err(Rejected::NotFound), "his own");
    let empty = |version| EmptyBox {
        actor: ana,
        name,
        version,
    };
    community.submit(empty(1)).expect("done");
    assert_eq!(community.look_into(ana, name), Ok((2, b"two".to_vec())));
    for _ in 0..2 {
        community.submit(empty(2)).expect("done");
        assert_eq!(community.look_into(ana, name), Err(Rejected::NotFound));
    }
}

#[test]
fn a_box_that_does_not_stay_goes_after_ten_minutes_and_one_that_stays_does_not() {
    let mut community = Community::of(1);
    let [ana] = community.people(["ana"]);
    let (passing, lasting) = (BoxName([1; 16]), BoxName([2; 16]));
    community
        .fill(ana, passing, 0, false, b"unmistakable passing")
        .expect("filled");
    community
        .fill(ana, lasting, 0, true, b"unmistakable lasting")
        .expect("filled");
    community.clock_ms += PASSING_MS - 1_000;
    assert!(community.look_into(ana, passing).is_ok());
    community.clock_ms += 2_000;
    assert_eq!(community.look_into(ana, passing), Err(Rejected::NotFound));
    assert_eq!(
        community.fill(ana, passing, 0, false, b"again"),
        Ok(1),
        "it is empty"
    );
    community.clock_ms += PASSING_MS + 1_000;
    let prune = Prune {
        at: ana.account.home(),
        from: ana.account.slot(),
    };
    assert!(!community.holds("again", &[]).is_empty());
    community.submit(prune).expect("pruned");
    assert!(community.holds("again", &[]).is_empty());
    assert!(community.look_into(ana, lasting).is_ok());
}

#[test]
fn what_somebody_leaves_in_boxes_is_bounded() {
    let mut community = Community::of(1);
    let [ana] = community.people(["ana"]);
    let largest = vec![1; BOX_BYTES_MAX];
    for wrong in [&[][..], &[&largest[..], &[1]].concat()] {
        let refused = community.fill(ana, BoxName::SAFE, 0, true, wrong);
        assert!(matches!(refused, Err(Rejected::Invalid(_))));
    }
    assert_eq!(community.fill(ana, BoxName::SAFE, 0, true, &largest), Ok(1));
    for (is_lasting, most) in [(true, LASTING_MAX), (false, PASSING_MAX)] {
        let name = |number: u32| {
            let mut name = [u8::from(is_lasting) + 1; 16];
            name[..4].copy_from_slice(&number.to_be_bytes());
            BoxName(name)
        };
        // The safe is one of those that stay.
        for number in u32::from(is_lasting)..most {
            assert_eq!(
                community.fill(ana, name(number), 0, is_lasting, b"x"),
                Ok(1),
                "{number}"
            );
        }
        let refused = community.fill(ana, name(most), 0, is_lasting, b"x");
        assert!(matches!(refused, Err(Rejected::Limit(_))), "{refused:?}");
        assert_eq!(
            community.fill(ana, name(most - 1), 1, is_lasting, b"y"),
            Ok(2),
            "no box more"
        );
    }
    community.clock_ms += PASSING_MS + 1_000;
    assert_eq!(
        community.fill(ana, BoxName([9; 16]), 0, false, b"x"),
        Ok(1),
        "there is room again"
    );
}

#[test]
fn who_shuts_a_device_out_ends_its_session_and_empties_its_box() {
    let mut community = Community::of(2);
    let [ana, ben] = community.people(["ana", "ben"]);
    let (phone, laptop, later) = (
        community.log_in(ana),
        community.log_in(ana),
        community.log_in(ana),
    );
    let mut last = None;
    for (number, session) in [(1, ana), (2, phone), (3, laptop)] {
        let next = record(ana, last.as_ref(), added(ana, number));
        community.append(session, &next).expect("added");
        last = Some(next);
    }
    let devices: Vec<_> = (1..=3).map(|number| key(ana, number).device()).collect();
    let name = BoxName::of_device(devices[1]);
    community.fill(phone, name, 0, true, b"step").expect("filled");
    // The laptop has logged in anew since.
    community.deposit(ben, ana, 1).expect("deposited");
    community.acknowledge(later, devices[2], 1);
    let out = record(ana, last.as_ref(), Change::Revoke { device: devices[1] });
    community.append(ana, &out).expect("shut out");
    assert!(!community.is_logged_in(phone));
    assert!(community.is_logged_in(laptop) && community.is_logged_in(later) && community.is_logged_in(ana));
    assert_eq!(community.look_into(ana, name), Err(Rejected::NotFound));
    let out = record(ana, Some(&out), Change::Revoke { device: devices[2] });
    community.append(ana, &out).expect("shut out");
    assert!(!community.is_logged_in(later), "with which it was seen last");
    assert!(community.is_logged_in(laptop));
    let own = record(ana, Some(&out), Change::Revoke { device: devices[0] });
    community.append(ana, &own).expect("retired");
    assert!(community.is_logged_in(ana), "who says so stays");
}

#[test]
fn m4_when_all_packages_are_given_out_the_last_resort_is_and_as_often_as_it_must_be() {
    let mut community = Community::of(2);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let device = community.equip(ben, 1)[0];
    community.stock(ben, device, &[b"one", b"two"], Some(b"last"));
    let claimed: Vec<_> = [ana, eva, ana, eva]
        .map(|by| community.claim(by, ben).concat())
        .to_vec();
    assert_eq!(claimed, [&b"one"[..], b"two", b"last", b"last"]);
    assert_eq!(
        community.fetch(ben, device, 0).packages_left,
        0,
        "so that more are made"
    );
}
