//! Notifications.

use crate::community::Community;
use crate::script::answer;
use tertulia_state::Event;
use tertulia_state::notification::{Dismiss, Notification, Notifications, Notify};
use tertulia_state::page::Page;
use tertulia_types::view::NotificationKind;
use tertulia_types::{NotificationId, Rejected};

fn all(actor: tertulia_state::session::Actor) -> Notifications {
    Notifications {
        actor,
        page: Page::default(),
        kinds: Vec::new(),
        from: None,
    }
}

#[test]
fn each_cause_is_told_once_and_filtered_by_kind_and_person() {
    let mut community = Community::of(7);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let dweet = community.publish(ana, "hola");
    community.events.clear();
    community.follow(ben, ana.account);
    community.favourite(ben, dweet.id, true);
    community.redweet(eva, &dweet);
    community.publish_body(eva, answer(&dweet, "reply"));
    community.carry();
    let told = |event: &&Event| matches!(event, Event::Notified { account, .. } if *account == ana.account);
    assert_eq!(community.events.iter().filter(told).count(), 4);
    let mut kinds: Vec<_> = community
        .told(ana)
        .into_iter()
        .map(|told| (told.1, told.0 as u8))
        .collect();
    kinds.sort();
    let kind = |kind: NotificationKind| kind as u8;
    let mut expected = vec![
        ("ben".to_owned(), kind(NotificationKind::Favourite)),
        ("ben".to_owned(), kind(NotificationKind::Follow)),
        ("eva".to_owned(), kind(NotificationKind::Mention)),
        ("eva".to_owned(), kind(NotificationKind::Redweet)),
    ];
    expected.sort();
    assert_eq!(kinds, expected);
    let follows = Notifications {
        kinds: vec![NotificationKind::Follow],
        ..all(ana)
    };
    assert_eq!(community.query(follows).expect("some").shown.len(), 1);
    let from_eva = Notifications {
        from: Some(eva.account),
        ..all(ana)
    };
    assert_eq!(community.query(from_eva).expect("some").shown.len(), 2);
}

#[test]
fn what_is_dismissed_does_not_come_back() {
    let mut community = Community::of(3);
    let [ana, ben] = community.people(["ana", "ben"]);
    let dweet = community.publish(ana, "hola");
    community.favourite(ben, dweet.id, true);
    community.follow(ben, ana.account);
    community.carry();
    let told = community.query(all(ana)).expect("some").shown;
    let id = Some(told[0].id);
    community.submit(Dismiss { actor: ana, id }).expect("dismissed");
    let again = community.submit(Dismiss { actor: ana, id });
    assert_eq!(again, Ok(()), "a repeat is answered as the first time");
    let unknown = Some(NotificationId::MIN);
    assert_eq!(
        community.submit(Dismiss {
            actor: ana,
            id: unknown
        }),
        Err(Rejected::NotFound)
    );
    assert_eq!(
        community.query(Notification {
            actor: ana,
            id: told[0].id
        }),
        Err(Rejected::NotFound)
    );
    assert_eq!(
        community
            .query(Notification {
                actor: ana,
                id: told[1].id
            })
            .expect("there"),
        told[1]
    );
    community
        .submit(Dismiss { actor: ana, id: None })
        .expect("dismissed");
    community.favourite(ben, dweet.id, false);
    community.favourite(ben, dweet.id, true);
    community.unfollow(ben, ana.account);
    community.follow(ben, ana.account);
    community.carry();
    assert!(community.told(ana).is_empty());
}

#[test]
fn what_was_taken_back_and_done_again_is_shown_again_without_a_second_call() {
    let mut community = Community::of(3);
    let [ana, ben] = community.people(["ana", "ben"]);
    let dweet = community.publish(ana, "hola");
    community.events.clear();
    for stands in [true, false, true] {
        community.favourite(ben, dweet.id, stands);
        community.carry();
        assert_eq!(community.told(ana).len(), usize::from(stands));
    }
    let calls = community
        .events
        .iter()
        .filter(|event| matches!(event, Event::Notified { .. }))
        .count();
    assert_eq!(calls, 1);
}

#[test]
fn o3_an_old_mention_that_comes_after_its_withdrawal_tells_nothing() {
    let mut community = Community::of(3);
    let [ana, ben] = community.people(["ana", "ben"]);
    let body = community.naming("@ana", &["ana"]);
    let dweet = community.publish_body(ben, body);
    let told = Notify {
        account: ana.account,
        kind: NotificationKind::Mention,
        from: ben.account,
        dweet: dweet.id,
        version: dweet.version,
        view: Some(dweet.clone()),
    };
    // The deletion overtakes the mention, which was under way.
    community.delete(ben, dweet.id);
    community.carry();
    community.submit(told.clone()).expect("taken");
    assert!(community.told(ana).is_empty());
    assert_eq!(community.holds("@ana", &["request"]), Vec::<String>::new());
    let later = Notify { version: 9, ..told };
    community.submit(later).expect("taken");
    assert_eq!(community.told(ana).len(), 1, "the higher version wins");
}

#[test]
fn who_is_gone_is_not_told() {
    let mut community = Community::of(3);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.close(ana);
    let body = community.naming("@ana", &["ana"]);
    community.publish_body(ben, body);
    assert!(community.carry() > 0);
}

#[test]
fn all_are_dismissed_little_by_little_and_what_comes_meanwhile_stays() {
    let mut community = Community::of(1);
    let [ana, ben] = community.people(["ana", "ben"]);
    for _ in 0..1_010 {
        community.publish_body(ben, community.naming("@ana", &["ana"]));
    }
    community.carry();
    let standing = |community: &Community| community.count(ana, "notification WHERE state = 1");
    assert_eq!(standing(&community), 1_010);
    let all = Dismiss { actor: ana, id: None };
    community.submit(all.clone()).expect("dismissed");
    assert_eq!(standing(&community), 510);
    community.publish_body(ben, community.naming("@ana, later", &["ana"]));
    community.carry();
    let told = community.told(ana);
    assert_eq!((told.len(), told[0].2.as_str()), (1, "@ana, later"));
    community.submit(all.clone()).expect("dismissed");
    community.submit(all).expect("nothing is left");
    assert_eq!((standing(&community), community.told(ana).len()), (0, 0));
}
