//! Letters from other machines: what is not for us, and what makes no sense.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::community::{options, register};
use tertulia_node::switchboard::{Network, Switchboard};
use tertulia_node::{
    Absence, Call, Letter, MachineId, Node, Options, Receive, Recipient, Transport, Unavailable, trace,
};
use tertulia_state::Descriptor;
use tertulia_state::account::Credentials;
use tertulia_types::Range;
use tokio::sync::mpsc;

const DEADLINE: Duration = Duration::from_secs(10);

/// A machine that only asks.
pub(crate) fn stranger(switchboard: &Switchboard) -> Arc<dyn Transport> {
    struct Nobody;
    #[async_trait::async_trait]
    impl Receive for Nobody {
        async fn receive(&self, _: MachineId, _: Letter) -> Result<bytes::Bytes, Absence> {
            Err(Absence::NeverHeard)
        }
    }
    switchboard.connect(MachineId(1), Weak::<Nobody>::new())
}

fn letter(group: u64, to: Option<Recipient>, call: Call, body: &'static [u8]) -> Letter {
    let body = bytes::Bytes::from_static(body);
    Letter {
        group,
        to,
        call,
        body,
        trace: None,
    }
}

#[tokio::test]
async fn r3_what_is_not_here_is_said_and_nonsense_harms_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let switchboard = Switchboard::default();
    let options = Options {
        network: Arc::new(switchboard.clone()),
        ..options(directory.path(), 1)
    };
    let node = Node::open(options).await.unwrap();
    let line = stranger(&switchboard);
    let machine = node.member().machine;
    let incarnation = node.member().incarnation;
    let group = node.standings()[0].descriptor.group;
    let ask = async |letter: Letter| line.exchange(machine, letter, DEADLINE).await.unwrap();

    let unknown = ask(letter(group ^ 1, None, Call::Query, b"")).await;
    assert_eq!(unknown, Err(Absence::NeverHeard));
    let other_life = Recipient {
        node: 0,
        incarnation: incarnation ^ 1,
        origin: None,
        descriptor: None,
    };
    let answer = ask(letter(group, Some(other_life), Call::Append, b"")).await;
    assert_eq!(answer, Err(Absence::NeverHeard));
    let other_node = Recipient {
        node: 77,
        incarnation,
        origin: None,
        descriptor: None,
    };
    let answer = ask(letter(group, Some(other_node), Call::Append, b"")).await;
    assert_eq!(answer, Err(Absence::Gone));

    let meant = Some(Recipient {
        node: 0,
        incarnation,
        origin: None,
        descriptor: None,
    });
    for call in [
        Call::Append,
        Call::Vote,
        Call::PreVote,
        Call::Transfer,
        Call::Block,
        Call::Install,
        Call::Submit,
    ] {
        for body in [&b""[..], &[0xff; 64], b"{\"json\": true}"] {
            let answer = ask(letter(group, meant, call, body)).await;
            assert_eq!(answer, Err(Absence::Garbled), "{call:?}");
        }
    }
    // What a newer program may know, and this one does not: nothing of it enters the log, and what comes with it is not held up.
    let older = postcard::to_stdvec(&Err::<Vec<u8>, _>(Unavailable::Older)).expect("encodes");
    let answer = ask(letter(group, None, Call::Query, &[0xff; 64])).await;
    assert_eq!(answer.as_deref(), Ok(older.as_slice()));
    let answer = ask(letter(group, None, Call::Submit, &[1, 3, 0xff, 0xff, 0xff])).await;
    assert_eq!(
        answer.as_deref(),
        Ok([&[1], older.as_slice()].concat().as_slice())
    );
    register(&node, "ana").await;
    node.stop().await;
}

/// Notes for which request letters are.
struct Spy(mpsc::UnboundedSender<Option<u64>>);

#[async_trait::async_trait]
impl Receive for Spy {
    async fn receive(&self, _: MachineId, letter: Letter) -> Result<bytes::Bytes, Absence> {
        if letter.call == Call::Query {
            self.0.send(letter.trace).expect("the test listens");
        }
        Err(Absence::NotYet)
    }
}

#[tokio::test]
async fn a_letter_names_the_request_that_it_is_for() {
    let directory = tempfile::tempdir().unwrap();
    let switchboard = Switchboard::default();
    let node = Node::open(Options {
        network: Arc::new(switchboard.clone()),
        ..options(directory.path(), 0)
    })
    .await
    .unwrap();
    let (tell, mut told) = mpsc::unbounded_channel();
    let spy = Arc::new(Spy(tell));
    let there = MachineId(77);
    switchboard.connect(there, Arc::<Spy>::downgrade(&spy));
    let elsewhere = Descriptor {
        group: 9,
        range: Range::whole(),
        epoch: 1,
    };
    node.learn(elsewhere, vec![there]);
    let nick = "ana".parse().unwrap();
    let asked = trace::follow(7, node.query(Credentials { nick }));
    tokio::select! {
        answer = asked => panic!("nobody has it: {answer:?}"),
        traced = tokio::time::timeout(DEADLINE, told.recv()) => assert_eq!(traced, Ok(Some(Some(7)))),
    }
    node.stop().await;
}
