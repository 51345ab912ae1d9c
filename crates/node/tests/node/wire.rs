//! Machines with real networks between them: TLS on the loopback.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::community::{home, options, publish, register, until};
use crate::neighbourhood::{HASTE, chord, is_settled};
use tertulia_node::peers::{Peers, RingFile, Settings, advertised, bind, enter};
use tertulia_node::{Charter, Identity, Node, Options, unix_ms};
use tertulia_types::Role;

const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// A machine with its network.
struct Machine {
    node: Arc<Node>,
    peers: Peers,
}

impl Machine {
    /// Founds a ring, joins that of another machine, or goes on where the directory has stopped.
    async fn open(directory: &Path, listen: SocketAddr, through: Option<&Self>) -> Self {
        let listener = bind(listen).expect("a port");
        let here = advertised(&[], listener.local_addr().expect("an address"));
        let identity = Identity::take(directory).expect("an identity");
        let known = Charter::read(&identity).expect("readable");
        let is_newcomer = known.is_none() && through.is_some();
        let charter = match (known, through) {
            (Some(charter), _) => charter,
            (None, None) => {
                let ring = RingFile::found("test", 3).expect("a ring");
                Charter::found(&identity, ring).expect("founded")
            }
            (None, Some(member)) => {
                let invitation = member
                    .peers
                    .token(None, Duration::from_secs(60))
                    .expect("a token");
                let (contacts, token) = (&invitation.contacts, &invitation.token);
                let entered = enter(contacts, token, &identity, Role::Replica, here).await;
                let (ring, book) = entered.expect("let in").keep(&identity).expect("kept");
                Charter {
                    identity: identity.clone(),
                    ring,
                    book,
                }
            }
        };
        let settings = Settings {
            identity,
            ring: charter.ring.clone(),
            book: charter.book.clone(),
            listener,
            advertised: Vec::new(),
            clock: Arc::new(unix_ms),
        };
        let peers = Peers::open(settings).expect("a network");
        let options = Options {
            charter: Some(charter),
            network: Arc::new(peers.clone()),
            patience: Some(HASTE),
            chord: chord(),
            ..options(directory, 1)
        };
        let node = Node::open(options).await.expect("opens");
        if is_newcomer {
            node.settle_in(Some(Role::Replica))
                .await
                .expect("finds its place");
        }
        Self { node, peers }
    }

    async fn stop(self) {
        self.node.stop().await;
        self.peers.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn j5_three_copies_over_tls_survive_the_first_machine_and_new_addresses() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let one = Machine::open(&path("one"), ANYWHERE, None).await;
    one.node.until_ready().await;
    let ana = register(&one.node, "ana").await;
    let mut expected = Vec::new();
    for number in 0..50 {
        let text = format!("hola {number}");
        publish(&one.node, ana, &text).await.unwrap();
        expected.insert(0, text);
    }
    let two = Machine::open(&path("two"), ANYWHERE, Some(&one)).await;
    let three = Machine::open(&path("three"), ANYWHERE, Some(&one)).await;
    until("there are three copies", || async {
        is_settled(&one.node.status().await, 3, 3)
    })
    .await;
    publish(&one.node, ana, "con tres").await.unwrap();
    expected.insert(0, "con tres".to_owned());

    // The first one goes; the others go on.
    let old = one.peers.address();
    one.stop().await;
    until("they take commands", || async {
        publish(&two.node, ana, "sin uno").await.is_ok()
    })
    .await;
    let shown = home(&three.node, ana).await;
    let before: Vec<_> = shown.iter().skip_while(|text| *text == "sin uno").collect();
    assert!(
        before.len() > 10
            && before
                .into_iter()
                .zip(&expected)
                .all(|(shown, said)| shown == said),
        "{shown:?}"
    );

    // All of them end. One comes back where it was, the others elsewhere: they find it, and through it each other.
    two.stop().await;
    three.stop().await;
    let one = Machine::open(&path("one"), old, None).await;
    let two = Machine::open(&path("two"), ANYWHERE, None).await;
    let three = Machine::open(&path("three"), ANYWHERE, None).await;
    until("they take commands again", || async {
        publish(&one.node, ana, "de vuelta").await.is_ok()
    })
    .await;
    for machine in [&one, &two, &three] {
        until("all have what was said", || async {
            let status = machine.node.status().await;
            is_settled(&status, 3, 3)
        })
        .await;
        assert_eq!(
            home(&machine.node, ana).await.first().map(String::as_str),
            Some("de vuelta")
        );
        assert_eq!(machine.peers.book().all().len(), 3);
    }
}
