//! Letters from client to client, past the machines.

use crate::puppet::{Dialler, Ear, Manner, Person, Puppet, hand, until_cut};
use crate::town::{PATIENCE, Town, texts};
use quinn::Connection;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tertulia_client::failure::{Failure, Misuse};
use tertulia_client::message::{Direct, Messenger, Progress};
use tertulia_client::{Client, DIRECT_MS_MAX};
use tertulia_crypto::direct::is_kept_by;
use tertulia_crypto::payload::{Content, Payload};
use tertulia_types::device::PublicKey;
use tertulia_types::entity::Base64;
use tertulia_types::presence::Kept;
use tertulia_types::{ConversationId, MessageId};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

/// Taking letters at a free port of this computer, which is all that tests may use.
const HERE: Option<Direct> = Some(Direct {
    address: Some(SocketAddr::new(
        std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        0,
    )),
});

/// An agent at work.
struct Agent {
    stop: oneshot::Sender<()>,
    work: JoinHandle<Result<(), Failure>>,
    looks: watch::Receiver<(usize, usize)>,
}

impl Agent {
    /// One that has looked once.
    async fn begin(client: Client, direct: Option<Direct>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (looked, mut looks) = watch::channel((0, 0));
        let work = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            let told = |now: tertulia_client::message::agent::Looked| {
                looked.send_modify(|(looks, texts)| {
                    *looks += 1;
                    *texts += now.texts;
                });
            };
            client.attend(direct, stopped, told).await
        });
        let looked = looks.wait_for(|(looks, _)| *looks > 0);
        tokio::time::timeout(PATIENCE, looked)
            .await
            .expect("in time")
            .expect("it works");
        Self { stop, work, looks }
    }

    async fn until(&mut self, is_it: impl FnMut(&(usize, usize)) -> bool) {
        let looked = self.looks.wait_for(is_it);
        tokio::time::timeout(PATIENCE, looked)
            .await
            .expect("in time")
            .expect("it works");
    }

    async fn end(self) {
        self.stop.send(()).expect("it works");
        let ended = tokio::time::timeout(PATIENCE, self.work).await;
        ended.expect("in time").expect("no panic").expect("a clean end");
    }
}

/// How far a text of one's own has come.
async fn progress(of: &Messenger<'_>, with: &str, text: &str) -> Option<Progress> {
    let said = of.read(with, 100).await.expect("read");
    let found = said.into_iter().find(|message| message.text == text);
    found.expect("said").progress
}

/// Delivers until a text of one's own has come so far.
async fn until_progress(of: &Messenger<'_>, with: &str, text: &str, expected: Progress) {
    let waiting = async {
        while progress(of, with, text).await != Some(expected) {
            of.is_offline_after_delivery().await.expect("delivered");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_whole_ring_away_two_people_go_on_talking() {
    let mut town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    let mut agents = [Agent::begin(ana, HERE).await, Agent::begin(ben, HERE).await];
    let (ana, ben) = (town.again("ana"), town.again("ben"));
    let (ana, ben) = (
        ana.messenger().await.expect("opens"),
        ben.messenger().await.expect("opens"),
    );
    ana.send("ben", "one").await.expect("sent");
    agents[1].until(|(_, texts)| *texts == 1).await;
    until_progress(&ana, "ben", "one", Progress::Delivered).await;
    ben.send("ana", "two").await.expect("sent");
    until_progress(&ben, "ana", "two", Progress::Delivered).await;
    ben.deliver().await.expect("delivered");
    until_progress(&ana, "ben", "one", Progress::Read).await;

    town.stop().await;
    let sent = ana.send("ben", "three").await.expect("sent");
    assert_eq!(sent.progress, Progress::Delivered);
    let sent = ben.send("ana", "four").await.expect("sent");
    assert_eq!(sent.progress, Progress::Delivered);
    let sent = ana.send("ben", "five").await.expect("sent");
    assert_eq!(sent.progress, Progress::Delivered);
    let all = ["one", "two", "three", "four", "five"];
    for (messenger, other) in [(&ana, "ben"), (&ben, "ana")] {
        let said = messenger.read(other, 10).await.expect("read");
        assert_eq!(texts(&said), all, "with {other}");
        assert_eq!(messenger.alarms().expect("alarms"), []);
    }
    // That it was read is told directly as well.
    assert!(ben.is_offline_after_delivery().await.expect("delivered"));
    until_progress(&ana, "ben", "five", Progress::Read).await;
    agents[1].until(|(_, texts)| *texts == 3).await;

    // Back again, the ring has nothing to add.
    town.start().await;
    for (messenger, other) in [(&ana, "ben"), (&ben, "ana")] {
        Town::later(messenger).await;
        let said = messenger.read(other, 10).await.expect("read");
        assert_eq!(texts(&said), all, "with {other}");
        assert_eq!(messenger.alarms().expect("alarms"), []);
    }
    for agent in agents {
        agent.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_allow_it_gets_letters_by_the_mailbox_only() {
    let mut town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    let mut agent = Agent::begin(ben, None).await;
    let messenger = ana.messenger().await.expect("opens");
    let sent = messenger.send("ben", "one").await.expect("sent");
    assert_eq!(sent.progress, Progress::AtHome);
    agent.until(|(_, texts)| *texts == 1).await;
    until_progress(&messenger, "ben", "one", Progress::Delivered).await;
    assert_eq!(town.presences(), 0);
    agent.end().await;
    town.stop().await;
    let sent = messenger.send("ben", "two").await.expect("kept");
    assert_eq!(sent.progress, Progress::Waiting);
}

/// Somebody who has one device that answers in a manner, and a friend who knows of it and writes for the first time.
async fn written_to(town: &Town, nick: &str, manner: Manner) -> (Puppet, Ear, Progress) {
    let puppet = Puppet::make(town, nick, 1).await;
    let ear = Ear::open(&puppet.devices[0], manner);
    puppet.say(0, ear.key, vec![ear.address]).await;
    // Who never answers is not waited for as long as one who is slow on a busy computer.
    let patience_ms = match manner == Manner::Silence {
        true => DIRECT_MS_MAX,
        false => 10_000,
    };
    let ana = town.again_with("ana", Some(patience_ms));
    let ana = ana.messenger().await.expect("opens");
    let sent = ana.send(nick, "hello").await.expect("sent");
    (puppet, ear, sent.progress)
}

/// How many messages lie in a mailbox.
async fn messages(of: &Puppet) -> usize {
    let letters = of.mailbox().await;
    let is_message = |letter: &&tertulia_types::entity::Letter| {
        letter.kind == tertulia_types::message::LetterKind::Message
    };
    letters.iter().filter(is_message).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn m5_only_the_signature_of_the_device_cancels_the_deposit() {
    let town = Town::build().await;
    town.person("ana").await;
    let (puppet, ear, progress) = written_to(&town, "ben", Manner::Keep).await;
    assert_eq!(progress, Progress::Delivered);
    assert_eq!((ear.letters(), messages(&puppet).await), (1, 0), "as a control");
    for (number, manner) in [
        Manner::Refuse,
        Manner::Unsigned,
        Manner::OtherKey,
        Manner::OtherLetter,
        Manner::OtherBody,
        Manner::Garbage,
        Manner::Silence,
    ]
    .into_iter()
    .enumerate()
    {
        let (puppet, ear, progress) = written_to(&town, &format!("ben{number}"), manner).await;
        assert_eq!(progress, Progress::AtHome, "{manner:?}");
        assert_eq!(messages(&puppet).await, 1, "{manner:?}");
        if manner != Manner::Silence {
            assert_eq!(ear.letters(), 1, "{manner:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn m5_one_of_two_devices_cancels_nothing() {
    let town = Town::build().await;
    town.person("ana").await;
    for (nick, second, expected) in [
        ("ben", Some(Manner::Keep), Progress::Delivered),
        ("eva", Some(Manner::Refuse), Progress::AtHome),
        ("leo", None, Progress::AtHome),
    ] {
        let puppet = Puppet::make(&town, nick, 2).await;
        let manners = [Some(Manner::Keep), second];
        let mut ears = Vec::new();
        for (number, manner) in manners.into_iter().enumerate() {
            let Some(manner) = manner else {
                continue;
            };
            let ear = Ear::open(&puppet.devices[number], manner);
            puppet.say(number, ear.key, vec![ear.address]).await;
            ears.push(ear);
        }
        let ana = town.again("ana");
        let ana = ana.messenger().await.expect("opens");
        let sent = ana.send(nick, "hello").await.expect("sent");
        assert_eq!(sent.progress, expected, "{nick}");
        let deposited = usize::from(expected == Progress::AtHome);
        assert_eq!(messages(&puppet).await, deposited, "{nick}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn m5_what_was_said_before_and_lies_at_home_is_not_overtaken() {
    let town = Town::build().await;
    town.person("ana").await;
    let (puppet, ear, _) = written_to(&town, "ben", Manner::Refuse).await;
    assert_eq!(ear.letters(), 1);
    let ana = town.again("ana");
    let ana = ana.messenger().await.expect("opens");
    let sent = ana.send("ben", "later").await.expect("sent");
    assert_eq!(sent.progress, Progress::AtHome);
    assert_eq!(ear.letters(), 1, "it was not dialled");
    assert_eq!(messages(&puppet).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_where_nobody_listens_costs_little() {
    let town = Town::build().await;
    town.person("ana").await;
    let puppet = Puppet::make(&town, "ben", 1).await;
    // Held, so that nobody else listens there, and never read.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    puppet.say(0, PublicKey([7; 32]), vec![address]).await;
    let ana = town.again_with("ana", None);
    let ana = ana.messenger().await.expect("opens");
    let began = Instant::now();
    let sent = ana.send("ben", "hello").await.expect("sent");
    assert_eq!(sent.progress, Progress::AtHome);
    let took = began.elapsed();
    assert!(
        took > Duration::from_millis(DIRECT_MS_MAX),
        "it was dialled: {took:?}"
    );
    assert!(took < Duration::from_secs(10), "{took:?}");
    silent.set_nonblocking(true).expect("set");
    assert!(silent.recv(&mut [0; 2_048]).is_ok(), "it was dialled");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_another_key_than_was_said_gets_nothing() {
    let town = Town::build().await;
    town.person("ana").await;
    let puppet = Puppet::make(&town, "ben", 1).await;
    let ear = Ear::open(&puppet.devices[0], Manner::Keep);
    puppet.say(0, PublicKey([7; 32]), vec![ear.address]).await;
    let ana = town.again("ana");
    let ana = ana.messenger().await.expect("opens");
    let sent = ana.send("ben", "hello").await.expect("sent");
    assert_eq!((sent.progress, ear.letters()), (Progress::AtHome, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_comes_directly_and_by_the_mailbox_is_one_and_no_commit_comes_directly() {
    let town = Town::build().await;
    let ana = town.person("ana").await;
    let puppet = Puppet::make(&town, "ben", 1).await;
    let account = Person::enter(&town, "eva").await.account("ana").await;
    let agent = Agent::begin(ana, HERE).await;
    let ana = town.again("ana");
    let ana = ana.messenger().await.expect("opens");
    ana.send("ben", "welcome").await.expect("sent");
    let mut group = puppet.join(account).await;
    let device = &puppet.devices[0];
    let presence = Person::enter(&town, "eva").await.presences(account).await;
    let dialler = Dialler::from([127, 0, 0, 1]);
    let connection = dialler.dial(presence[0].addresses[0]).await.expect("connected");
    let give = async |handed: &Value| hand(&connection, handed.to_string().as_bytes()).await;

    let before = group.epoch();
    let change = group.change(&puppet.storage(), device, &[], &[]).expect("made");
    let handed = puppet.handed(1, &group, change.commit);
    assert_eq!(give(&handed).await, Some(json!("not_kept")));
    group.rejected(&puppet.storage()).expect("dropped");
    assert_eq!(group.epoch(), before);

    let payload = Payload {
        id: MessageId([9; 16]),
        sent_ms: 1,
        heads: Vec::new(),
        content: Content::Text {
            text: "hello".to_owned(),
            reply_to: None,
        },
    };
    let payload = payload.encode().expect("encoded");
    let body = group.seal(&puppet.storage(), device, &payload).expect("sealed");
    let handed = puppet.handed(2, &group, body.clone());
    // The person has another device by now, of which the sender does not know.
    let mut stale = handed.clone();
    stale["devices"] = json!(0);
    assert_eq!(give(&stale).await, Some(json!("not_kept")));
    let key = {
        let path = format!("/api/tertulia/v1/accounts/{account}/devices");
        let records: Vec<Value> = Person::enter(&town, "eva").await.get(&path).await;
        let key: Base64 = serde_json::from_value(records[0]["add"]["key"].clone()).expect("a key");
        PublicKey(key.array().expect("32 bytes"))
    };
    for _ in 0..2 {
        let answer = give(&handed).await.expect("an answer");
        let signature: Base64 = serde_json::from_value(answer["kept"].clone()).expect("kept");
        let kept = Kept::of(key.device(), MessageId([2; 16]), &body);
        assert!(is_kept_by(key, &kept, &signature.0));
    }
    puppet.deposit(&handed, account).await;
    Town::later(&ana).await;
    let said = ana.read("ben", 10).await.expect("read");
    assert_eq!(texts(&said), ["welcome", "hello"]);
    assert_eq!(ana.alarms().expect("alarms"), []);
    agent.end().await;
}

/// Hands over a letter that never ends, byte by byte, for as long as it is let.
async fn drip(connection: Connection) {
    let (mut handing, _answering) = connection.open_bi().await.expect("a stream");
    let mut beat = tokio::time::interval(Duration::from_millis(50));
    while handing.write_all(b" ").await.is_ok() {
        beat.tick().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_brings_nothing_good_is_cut_off_and_others_are_served_meanwhile() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    let mut agent = Agent::begin(ben, HERE).await;
    let messenger = ana.messenger().await.expect("opens");
    messenger.send("ben", "before").await.expect("sent");
    agent.until(|(_, texts)| *texts == 1).await;
    until_progress(&messenger, "ben", "before", Progress::Delivered).await;

    let eva = Person::enter(&town, "eva").await;
    let (ana_id, ben_id) = (eva.account("ana").await, eva.account("ben").await);
    let address = eva.presences(ben_id).await[0].addresses[0];
    let raw = std::net::UdpSocket::bind("127.0.0.2:0").expect("a port");
    for byte in 0..=255 {
        raw.send_to(&[byte; 1_200], address).expect("sent");
    }
    let hostile = Dialler::from([127, 0, 0, 2]);
    let garbage = hostile.dial(address).await.expect("connected");
    assert_eq!(hand(&garbage, &[0xFF; 100]).await, None);
    until_cut(&garbage).await;
    let oversize = hostile.dial(address).await.expect("connected");
    assert_eq!(hand(&oversize, &vec![b' '; 1 << 20]).await, None);
    until_cut(&oversize).await;
    // As many letters that never end as are let in.
    let mut slow = JoinSet::new();
    while slow.len() < 32
        && let Some(connection) = hostile.dial(address).await
    {
        slow.spawn(drip(connection));
    }
    assert!(slow.len() > 1);
    let sent = messenger.send("ben", "meanwhile").await.expect("sent");
    assert_eq!(sent.progress, Progress::Delivered);
    while let Some(dripped) = tokio::time::timeout(PATIENCE, slow.join_next())
        .await
        .expect("cut off")
    {
        dripped.expect("no panic");
    }

    // Letters that open nothing, for a conversation that there is and for one that there is not: a few, and then no more.
    let hostile = Dialler::from([127, 0, 0, 3]);
    let connection = hostile.dial(address).await.expect("connected");
    let mut refused = 0;
    let letter = |conversation: ConversationId| {
        let handed = json!({
            "id": MessageId([3; 16]), "conversation": conversation, "generation": 1, "epoch": 1, "sender": ana_id,
            "devices": 9, "body": Base64(vec![7; 1_000]),
        });
        handed.to_string().into_bytes()
    };
    let letters = [
        letter(ConversationId::of_two(ana_id, ben_id)),
        letter(ConversationId([5; 16])),
    ];
    while let Some(answer) = hand(&connection, &letters[refused % 2]).await {
        assert_eq!(answer, json!("not_kept"));
        refused += 1;
        assert!(refused < 100, "there is no end of them");
    }
    assert!(refused > 1);
    let sent = messenger.send("ben", "after").await.expect("sent");
    assert_eq!(sent.progress, Progress::Delivered);
    agent.until(|(_, texts)| *texts == 3).await;
    let ben = town.again("ben");
    let ben = ben.messenger().await.expect("opens");
    assert_eq!(
        ben.alarms().expect("alarms"),
        [],
        "nobody is blamed for what strangers bring"
    );
    agent.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p7_looks_say_nothing_of_where_a_device_is_but_its_beginning_and_its_end_do() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    let eva = Person::enter(&town, "eva").await;
    let ben_id = eva.account("ben").await;
    let mut agent = Agent::begin(ben, HERE).await;
    let messenger = ana.messenger().await.expect("opens");
    for number in 1..=4 {
        let text = format!("message {number}");
        messenger.send("ben", &text).await.expect("sent");
        agent.until(|(_, texts)| *texts == number).await;
        until_progress(&messenger, "ben", &text, Progress::Delivered).await;
    }
    agent.until(|(looks, _)| *looks > 4).await;
    assert_eq!(town.presences(), 1);
    assert_eq!(eva.presences(ben_id).await[0].addresses.len(), 1);
    agent.end().await;
    assert_eq!(town.presences(), 2);
    assert_eq!(eva.presences(ben_id).await[0].addresses, []);

    // Who was cut off leaves word behind, and whoever begins without a door takes it back.
    let agent = Agent::begin(town.again("ben"), HERE).await;
    agent.work.abort();
    assert_eq!(eva.presences(ben_id).await[0].addresses.len(), 1);
    for _ in 0..2 {
        town.again("ben").close_door().await.expect("said");
    }
    assert_eq!(eva.presences(ben_id).await[0].addresses, []);
    assert_eq!(town.presences(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_somebody_else_has_is_told() {
    let town = Town::build().await;
    let ana = town.person("ana").await;
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let direct = Direct {
        address: Some(taken.local_addr().expect("an address")),
    };
    let ended = ana.attend(Some(direct), std::future::pending(), |_| {}).await;
    assert!(matches!(
        ended,
        Err(Failure::Misused(Misuse::CannotListen { .. }))
    ));
}
