//! Messages that come late, from the wrong machine, or make no sense: refused or ignored, and no pointer changes.

use tertulia_ring::message::Step;
use tertulia_ring::{Message, Nonsense, Output, Pointer, Ring, Settings};
use tertulia_types::{MachineId, Position};

fn pointer(place: u64) -> Pointer {
    Pointer {
        machine: MachineId(place),
        position: Position(place << 56),
    }
}

/// Machine 40 between 20 and 60 on a ring of four, at its first stabilisation: with the ticket that it has sent to 60.
fn asking() -> (Ring, u64) {
    let [before, first, second] = [0x20, 0x60, 0x80].map(pointer);
    let mut ring = Ring::settled(
        pointer(0x40),
        Some(before),
        vec![first, second, before],
        &[second, before],
        Settings::default(),
    );
    ring.wake(0);
    let mut asked = None;
    for _ in 0..50 {
        ring.wake(ring.next_deadline().expect("a member has deadlines"));
        while let Some(output) = ring.poll() {
            if let Output::Send {
                to,
                message: Message::Neighbours { ticket },
            } = output
            {
                assert_eq!(to, first);
                asked = asked.or(Some(ticket));
            }
        }
        if let Some(ticket) = asked {
            return (ring, ticket);
        }
    }
    panic!("it does not stabilise");
}

fn pointers(ring: &Ring) -> (Option<Pointer>, Vec<Pointer>, Vec<(u8, Pointer)>) {
    (
        ring.predecessor(),
        ring.successors().to_vec(),
        ring.fingers().collect(),
    )
}

fn neighbourhood(ticket: u64, predecessor: Option<Pointer>, successors: Vec<Pointer>) -> Message {
    Message::Neighbourhood {
        ticket,
        predecessor,
        successors,
    }
}

/// Hands the machine a message, which must be refused for this reason and change nothing.
fn refuse(from: Pointer, message: impl FnOnce(u64) -> Message, why: Nonsense) {
    let (mut ring, ticket) = asking();
    let before = pointers(&ring);
    assert_eq!(ring.handle(1000, from, message(ticket)), Err(why));
    assert_eq!(pointers(&ring), before);
    assert!(!ring.is_suspect(from.machine));
}

#[test]
fn the_right_answer_is_taken() {
    let (mut ring, ticket) = asking();
    let list = vec![pointer(0x70), pointer(0x80), pointer(0x20), pointer(0x40)];
    let answer = neighbourhood(ticket, Some(pointer(0x40)), list);
    assert_eq!(ring.handle(1000, pointer(0x60), answer), Ok(()));
    let after = [0x60, 0x70, 0x80, 0x20].map(pointer);
    assert_eq!(ring.successors(), after);
}

#[test]
fn an_answer_that_comes_twice_is_ignored() {
    let (mut ring, ticket) = asking();
    let answer = |second| neighbourhood(ticket, Some(pointer(0x40)), vec![pointer(second), pointer(0x80)]);
    assert_eq!(ring.handle(1000, pointer(0x60), answer(0x70)), Ok(()));
    let before = pointers(&ring);
    assert_eq!(ring.handle(1001, pointer(0x60), answer(0x78)), Ok(()));
    assert_eq!(pointers(&ring), before);
}

#[test]
fn an_answer_that_comes_too_late_is_ignored() {
    let (mut ring, ticket) = asking();
    for _ in 0..10 {
        ring.wake(ring.next_deadline().expect("a member has deadlines"));
    }
    let before = pointers(&ring);
    let answer = neighbourhood(ticket, Some(pointer(0x50)), vec![pointer(0x70), pointer(0x80)]);
    assert_eq!(ring.handle(9000, pointer(0x60), answer), Ok(()));
    assert_eq!(pointers(&ring), before);
}

#[test]
fn an_answer_that_nobody_asked_for_is_ignored() {
    let (mut ring, ticket) = asking();
    let before = pointers(&ring);
    let answer = neighbourhood(ticket ^ 1, Some(pointer(0x50)), vec![pointer(0x70)]);
    assert_eq!(ring.handle(1000, pointer(0x60), answer), Ok(()));
    assert_eq!(pointers(&ring), before);
}

#[test]
fn a_machine_that_was_not_asked_cannot_answer() {
    refuse(
        pointer(0x80),
        |ticket| neighbourhood(ticket, None, vec![pointer(0x20)]),
        Nonsense::NotAsked(asking().1),
    );
}

#[test]
fn an_answer_of_another_kind_is_refused() {
    let ticket = asking().1;
    refuse(
        pointer(0x60),
        |ticket| Message::Alive { ticket },
        Nonsense::NotAsked(ticket),
    );
    refuse(
        pointer(0x60),
        |ticket| Message::Found {
            ticket,
            step: Step::Nobody,
        },
        Nonsense::NotAsked(ticket),
    );
}

#[test]
fn a_list_that_is_too_long_is_refused() {
    let list: Vec<_> = (0..65).map(|place| pointer(0x61 + place)).collect();
    refuse(
        pointer(0x60),
        |ticket| neighbourhood(ticket, None, list),
        Nonsense::Oversized(65),
    );
}

#[test]
fn a_list_out_of_order_is_refused() {
    for (list, wrong) in [
        (vec![0x80, 0x70], 0x70),
        (vec![0x70, 0x70], 0x70),
        (vec![0x70, 0x60], 0x60),
        (vec![0x80, 0x20, 0x70], 0x70),
    ] {
        let list = list.into_iter().map(pointer).collect();
        refuse(
            pointer(0x60),
            |ticket| neighbourhood(ticket, None, list),
            Nonsense::Disordered(pointer(wrong)),
        );
    }
}

#[test]
fn ones_own_name_and_place_are_ones_own() {
    let thief = Pointer {
        machine: MachineId(7),
        ..pointer(0x40)
    };
    let displaced = Pointer {
        machine: MachineId(0x40),
        ..pointer(0x44)
    };
    refuse(pointer(0x40), |_| Message::Notify, Nonsense::OwnName);
    refuse(thief, |_| Message::Notify, Nonsense::OwnPosition(thief));
    refuse(
        pointer(0x60),
        |ticket| neighbourhood(ticket, Some(thief), Vec::new()),
        Nonsense::OwnPosition(thief),
    );
    refuse(
        pointer(0x60),
        |ticket| neighbourhood(ticket, None, vec![displaced]),
        Nonsense::Misplaced(displaced.position),
    );
    refuse(
        pointer(0x60),
        |_| Message::Meet { machine: thief },
        Nonsense::OwnPosition(thief),
    );
}

#[test]
fn too_many_machines_to_avoid_are_refused() {
    let message = Message::Find {
        ticket: 1,
        key: Position(0),
        avoid: (0..33).map(MachineId).collect(),
    };
    refuse(pointer(0x60), |_| message, Nonsense::Oversized(33));
}

#[test]
fn hearsay_makes_no_neighbour() {
    // 60 says that there is a machine between; 40 asks it, and adopts nobody who does not answer.
    let (mut ring, ticket) = asking();
    let answer = neighbourhood(ticket, Some(pointer(0x50)), vec![pointer(0x80), pointer(0x20)]);
    assert_eq!(ring.handle(1000, pointer(0x60), answer), Ok(()));
    assert_eq!(
        ring.handle(
            1000,
            pointer(0x80),
            Message::Meet {
                machine: pointer(0x48)
            }
        ),
        Ok(())
    );
    assert_eq!(ring.successors()[0], pointer(0x60));
    let mut asked = Vec::new();
    while let Some(output) = ring.poll() {
        if let Output::Send {
            to,
            message: Message::Neighbours { .. },
        } = output
        {
            asked.push(to);
        }
    }
    assert_eq!(asked, [pointer(0x50), pointer(0x48)]);
}

#[test]
fn a_lookup_that_is_led_astray_takes_another_way() {
    let [first, second, third] = [0x60, 0x80, 0x20].map(pointer);
    let settings = Settings {
        successors: 2,
        ..Settings::default()
    };
    let mut ring = Ring::settled(
        pointer(0x40),
        Some(third),
        vec![first, second],
        &[second],
        settings,
    );
    ring.wake(0);
    let mut at_ms = 0;
    let (to, ticket) = loop {
        at_ms = ring.next_deadline().expect("a member has deadlines").max(at_ms);
        ring.wake(at_ms);
        let find = std::iter::from_fn(|| ring.poll()).find_map(|output| match output {
            Output::Send {
                to,
                message: Message::Find { ticket, .. },
            } => Some((to, ticket)),
            Output::Send { .. } | Output::Event(_) => None,
        });
        if let Some(found) = find {
            break found;
        }
    };
    // The finger's start is behind 80, so the way on cannot lead to 60.
    assert_eq!(to, second);
    let step = Step::Forward(first);
    assert_eq!(
        ring.handle(at_ms, to, Message::Found { ticket, step }),
        Err(Nonsense::Astray(first))
    );
    let again = std::iter::from_fn(|| ring.poll()).find_map(|output| match output {
        Output::Send {
            to,
            message: Message::Find { avoid, .. },
        } => Some((to, avoid)),
        Output::Send { .. } | Output::Event(_) => None,
    });
    assert_eq!(again, Some((first, vec![second.machine])));
}
