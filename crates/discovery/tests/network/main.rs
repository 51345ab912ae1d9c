//! Discovery between two computers: network namespaces, joined by a cable of their own.
//!
//! Each test runs this very program again inside a namespace, in a part that an environment variable names. They need
//! root and `ip` (Debian's iproute2), and say so where either is missing.

mod lan;

use lan::{Lan, PART};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tertulia_discovery::{Announcement, Announcer, Error, Http, Kind, browse};
use tertulia_types::MachineId;

/// How long one looks: far longer than an answer takes, and not for ever.
const LIMIT: Duration = Duration::from_secs(15);
/// What a computer on which nobody answers waits.
const SHORT: Duration = Duration::from_millis(1_500);

/// What runs inside a namespace, when one of the tests below starts it there.
#[test]
fn part() {
    let Ok(part) = std::env::var(PART) else { return };
    let (part, argument) = part.split_once(' ').unwrap_or((&part, ""));
    match part {
        "announce" => announce(argument),
        "browse" => look(argument),
        other => panic!("no part {other:?}"),
    }
}

/// Announces until its standard input ends.
fn announce(ring: &str) {
    let any: SocketAddr = "0.0.0.0:8787".parse().expect("an address");
    let announcement = Announcement {
        ring: ring.parse().expect("a number"),
        ring_of_machines: ring.parse().expect("a number"),
        name: format!("Plaza {ring}"),
        machine: MachineId(0xa1),
        authority: Some("ab".repeat(32)),
        http: Some(Http {
            listen: any,
            is_tls: true,
            host: None,
        }),
        peer: Some(SocketAddr::from(([0, 0, 0, 0], 8790))),
    };
    let announcer = Announcer::start(&announcement).expect("announced");
    say("announcing");
    std::io::stdin().read_to_end(&mut Vec::new()).expect("the end");
    drop(announcer);
    say("withdrawn");
}

/// Says what it finds.
fn look(kind: &str) {
    let kind = if kind == "peer" { Kind::Peer } else { Kind::Client };
    let limit = if std::env::var_os("TERTULIA_SHORT").is_some() {
        SHORT
    } else {
        LIMIT
    };
    let began = Instant::now();
    match browse(kind, limit) {
        Ok(found) => {
            for found in found {
                say(&format!(
                    "{} {} {:x} {:?} {:?}",
                    found.ring,
                    found.name,
                    found.machine.0,
                    found.addresses,
                    found.urls()
                ));
            }
            say(&format!("after {}", began.elapsed().as_millis()));
        }
        Err(error @ (Error::NoNetwork | Error::Interfaces(_) | Error::Multicast(_))) => {
            say(&format!("error: {error}"))
        }
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "> {line}")
        .and_then(|()| out.flush())
        .expect("said");
}

#[test]
fn a_machine_is_found_across_the_network_by_clients_and_by_newcomers() {
    let lan = Lan::new("found", true);
    let machine = lan.left.run("announce 7");
    machine.wait_for("announcing");
    let found = lan.right.run("browse client").lines();
    let url = format!("https://{}:8787", lan.left.address);
    assert!(
        found[0].starts_with("7 Plaza 7 a1 ") && found[0].contains(&url),
        "{found:?}"
    );
    assert_eq!(found.len(), 2, "one machine, and the time: {found:?}");
    let found = lan.right.run("browse peer").lines();
    let peer = format!("[{}:8790]", lan.left.address);
    assert!(found[0].contains(&peer) && found[0].ends_with("[]"), "{found:?}");
}

#[test]
fn two_rings_on_one_network_are_told_apart() {
    let lan = Lan::new("rings", true);
    let (one, other) = (lan.left.run("announce 7"), lan.right.run("announce 8"));
    one.wait_for("announcing");
    other.wait_for("announcing");
    let found = lan.right.run("browse client").lines();
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found[0].starts_with("7 Plaza 7") && found[1].starts_with("8 Plaza 8"),
        "{found:?}"
    );
}

#[test]
fn one_that_has_left_is_found_no_more_and_looking_ends_in_time() {
    let lan = Lan::new("left", true);
    let machine = lan.left.run("announce 7");
    machine.wait_for("announcing");
    assert_eq!(lan.right.run("browse client").lines().len(), 2);
    assert_eq!(machine.lines().last().map(String::as_str), Some("withdrawn"));
    let found = lan.right.run_short("browse client").lines();
    let waited_ms: u128 = found[0]
        .strip_prefix("after ")
        .expect("nobody there")
        .parse()
        .expect("a number");
    assert!(
        (SHORT.as_millis()..SHORT.as_millis() * 8).contains(&waited_ms),
        "{found:?}"
    );
}

#[test]
fn an_interface_that_comes_later_is_announced_on_too() {
    let lan = Lan::new("later", false);
    let machine = lan.left.run("announce 7");
    machine.wait_for("announcing");
    lan.plug_in();
    let found = lan.right.run("browse client").lines();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains(&lan.left.address), "{found:?}");
}

#[test]
fn without_a_network_it_is_said_at_once() {
    let lan = Lan::new("none", false);
    assert_eq!(
        lan.right.run("browse client").lines(),
        ["error: this computer is on no network"]
    );
}
