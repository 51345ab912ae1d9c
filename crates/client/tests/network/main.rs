//! A client without an address finds the machine of its ring on the network: two network namespaces, joined by a cable.
//!
//! Needs root and `ip` (Debian's iproute2), and says so where either is missing.

#[allow(dead_code, reason = "shared with the other tests, which use the rest")]
#[path = "../person/authority.rs"]
mod authority;
#[allow(dead_code, reason = "shared with the tests of discovery, which use the rest")]
#[path = "../../../discovery/tests/network/lan.rs"]
mod lan;
#[allow(dead_code, reason = "shared with the other tests, which use the rest")]
#[path = "../person/ring.rs"]
mod ring;

use authority::{Authority, provider};
use lan::{Lan, PART};
use std::io::{Read, Write};
use std::net::SocketAddr;
use tertulia_client::{Client, Failure, Lookout};
use tertulia_discovery::{Announcement, Announcer, Http};
use tertulia_types::MachineId;

/// What runs inside a namespace, when the test below starts it there.
#[tokio::test(flavor = "multi_thread")]
async fn part() {
    let Ok(part) = std::env::var(PART) else { return };
    provider();
    match part.split_once(' ').expect("an argument") {
        ("serve", address) => serve(address).await,
        ("login", fingerprint) => login(fingerprint).await,
        (other, _) => panic!("no part {other:?}"),
    }
}

/// A machine that announces itself, until its standard input ends.
async fn serve(address: &str) {
    let authority = Authority::new();
    let listen: SocketAddr = format!("{address}:8787").parse().expect("an address");
    let machine = authority.machine_at(listen, address).await;
    let announcement = Announcement {
        ring: 7,
        ring_of_machines: 7,
        name: "Plaza".to_owned(),
        machine: MachineId(1),
        authority: Some(authority.fingerprint()),
        http: Some(Http {
            listen,
            is_tls: true,
            host: None,
        }),
        peer: None,
    };
    let announcer = Announcer::start(&announcement).expect("announced");
    say(&authority.fingerprint());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()))
        .await
        .expect("waited")
        .expect("the end");
    drop((announcer, machine));
}

/// Somebody who knows their ring's fingerprint, and no address.
async fn login(fingerprint: &str) {
    let directory = tempfile::tempdir().expect("a directory");
    let mut settings = ring::settings(&directory, &[]);
    settings.usual_server = Some("http://127.0.0.1:8787".to_owned());
    settings.lookout = Lookout::Network;
    let stranger = Client::open(&settings).expect("opens").reach().await;
    say(&format!(
        "unvouched: {}",
        stranger.as_ref().map_or_else(Failure::code, |()| "reached")
    ));
    settings.ca_fingerprint = Some(fingerprint.to_owned());
    let person = Client::open(&settings).expect("opens");
    match person.login("ana", "correct horse").await {
        Ok(me) => say(&format!("at {}", me.server)),
        Err(failure) => say(&format!("failed: {}", failure.code())),
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "> {line}")
        .and_then(|()| out.flush())
        .expect("said");
}

#[test]
fn a_client_without_an_address_finds_its_ring_and_trusts_it_by_its_fingerprint_alone() {
    let lan = Lan::new("client", true);
    let machine = lan.left.run(&format!("serve {}", lan.left.address));
    let fingerprint = machine.next();
    let said = lan.right.run(&format!("login {fingerprint}")).lines();
    let at = format!("at https://{}:8787", lan.left.address);
    assert_eq!(said, ["unvouched: untrusted", at.as_str()]);
    let other = "cd".repeat(32);
    let said = lan.right.run(&format!("login {other}")).lines();
    assert_eq!(
        said,
        ["unvouched: untrusted", "failed: unreachable"],
        "a ring of another authority is not the one that is meant"
    );
    drop(machine);
    let said = lan.right.run(&format!("login {fingerprint}")).lines();
    assert_eq!(said, ["unvouched: unreachable", "failed: unreachable"]);
}
