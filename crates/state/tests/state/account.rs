//! Registration, profile and password.

use crate::community::Community;
use tertulia_state::account::{
    ChangePassword, Credentials, EditProfile, Lookup, LookupMany, Own, OwnPassword, Register, Who,
};
use tertulia_state::request::{KEPT_MS, RequestKey};
use tertulia_state::session::{NewSession, Sessions};
use tertulia_types::{Rejected, Scopes};

fn register(community: &mut Community, nick: &str, key: RequestKey) -> Register {
    Register {
        nick: nick.parse().expect("a nick"),
        name: "Ana".to_owned(),
        password: "$argon2id$…".to_owned(),
        language: None,
        key,
        session: NewSession {
            hash: community.secret(),
            scopes: Scopes::EVERYTHING,
            label: "test".to_owned(),
            client: None,
        },
    }
}

#[test]
fn p3_a_repeated_registration_succeeds_and_another_is_refused() {
    let mut community = Community::of(3);
    let key = community.key();
    let first = register(&mut community, "ana", key);
    let account = community.submit(first.clone()).expect("registered");
    assert_eq!(community.submit(first), Ok(account.clone()), "the same again");
    let again = register(&mut community, "ana", key);
    assert_eq!(
        community.submit(again),
        Ok(account),
        "a repeat with another session"
    );
    let other = community.key();
    let other = register(&mut community, "ana", other);
    assert_eq!(community.submit(other), Err(Rejected::NickTaken));
}

#[test]
fn p3_a_registration_is_not_repeated_with_a_password_that_has_changed_or_a_day_later() {
    let mut community = Community::of(1);
    let key = community.key();
    let first = register(&mut community, "ana", key);
    let id = community.submit(first.clone()).expect("registered").id;
    let actor = tertulia_state::session::Actor {
        account: id,
        session: first.session.hash,
    };
    let change = ChangePassword {
        actor,
        verified_version: 1,
        hash: "new".to_owned(),
    };
    community.submit(change).expect("changed");
    assert_eq!(community.submit(first), Err(Rejected::NickTaken));
    let key = community.key();
    let second = register(&mut community, "ben", key);
    community.submit(second.clone()).expect("registered");
    community.clock_ms += KEPT_MS;
    assert_eq!(community.submit(second), Err(Rejected::NickTaken));
}

#[test]
fn p4_a_nick_is_never_given_out_again() {
    let mut community = Community::of(3);
    let key = community.key();
    let first = register(&mut community, "ana", key);
    let id = community.submit(first.clone()).expect("registered").id;
    let actor = tertulia_state::session::Actor {
        account: id,
        session: first.session.hash,
    };
    community.close(actor);
    assert_eq!(
        community.submit(first),
        Err(Rejected::NickTaken),
        "not even to its owner"
    );
    assert_eq!(community.try_register("ana"), Err(Rejected::NickTaken));
    community.carry();
    assert_eq!(community.try_register("ana"), Err(Rejected::NickTaken));
}

#[test]
fn p1_a_change_of_password_ends_all_other_sessions() {
    let mut community = Community::of(1);
    let key = community.key();
    let first = register(&mut community, "ana", key);
    let account = community.submit(first.clone()).expect("registered").id;
    let again = register(&mut community, "ana", key);
    community.submit(again.clone()).expect("registered");
    let actor = |session: &NewSession| tertulia_state::session::Actor {
        account,
        session: session.hash,
    };
    let (kept, other) = (actor(&first.session), actor(&again.session));
    let wrong = ChangePassword {
        actor: kept,
        verified_version: 7,
        hash: "new".to_owned(),
    };
    assert_eq!(community.submit(wrong), Err(Rejected::Conflict));
    let change = ChangePassword {
        actor: kept,
        verified_version: 1,
        hash: "new".to_owned(),
    };
    community.submit(change).expect("changed");
    assert_eq!(
        community.query(Sessions { actor: other }),
        Err(Rejected::NoSession)
    );
    assert_eq!(
        community.query(Sessions { actor: kept }).expect("sessions").len(),
        1
    );
    let password = community.query(OwnPassword { actor: kept }).expect("a password");
    assert_eq!((password.hash.as_str(), password.version), ("new", 2));
}

#[test]
fn a_profile_is_edited_field_by_field_and_seen_by_nick_and_id() {
    let mut community = Community::of(3);
    let ana = community.register("ana");
    let edit = |name: Option<&str>, note: Option<&str>| EditProfile {
        actor: ana,
        name: name.map(str::to_owned),
        note: note.map(str::to_owned),
        bot: None,
        discoverable: None,
        defaults: None,
    };
    community.submit(edit(Some("Ana María"), None)).expect("edited");
    community.submit(edit(None, Some("hola"))).expect("edited");
    let nick: tertulia_types::Nick = "ana".parse().expect("a nick");
    let by_nick = community
        .query(Lookup {
            who: Who::Nick(nick.clone()),
        })
        .expect("found");
    assert_eq!(
        (by_nick.name.as_str(), by_nick.note.as_str(), by_nick.version),
        ("Ana María", "hola", 3)
    );
    assert_eq!(community.account(ana.account), Ok(by_nick.clone()));
    let needed = Scopes::NONE;
    assert_eq!(
        community.query(Own { actor: ana, needed }).expect("own").0,
        by_nick
    );
    let too_long = edit(Some(&"x".repeat(513)), None);
    assert!(matches!(community.submit(too_long), Err(Rejected::Invalid(_))));
    let unknown = "nobody".parse().expect("a nick");
    assert_eq!(
        community.query(Credentials { nick: unknown }),
        Err(Rejected::NotFound)
    );
}

#[test]
fn lookup_many_leaves_out_the_closed_and_what_lives_elsewhere() {
    let mut community = Community::of(4);
    let people: Vec<_> = (0..12)
        .map(|i| community.register(&format!("person{i}")))
        .collect();
    community.close(people[0]);
    let at = people[0].account.home();
    let group = community.group_of(at);
    let here = people
        .iter()
        .filter(|person| community.group_of(person.account.home()) == group);
    let mut expected: Vec<_> = here.map(|person| person.account).collect();
    expected.remove(0);
    let ids = people.iter().map(|person| person.account).collect();
    let found = community.query(LookupMany { at, ids }).expect("found");
    assert_eq!(
        found.iter().map(|account| account.id).collect::<Vec<_>>(),
        expected
    );
}
