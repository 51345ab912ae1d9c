//! Favourites.

use crate::community::Community;
use tertulia_state::favourite::{FavouritedBy, Favourites};
use tertulia_state::page::Page;
use tertulia_types::view::{Flags, NotificationKind};

#[test]
fn a_favourite_is_counted_once_and_listed_on_both_sides() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    let (one, two) = (community.publish(ana, "one"), community.publish(ana, "two"));
    assert!(community.favourite(ben, one.id, true));
    assert!(!community.favourite(ben, one.id, true), "nothing changed");
    community.favourite(ben, two.id, true);
    community.carry();
    let page = Page::default();
    assert_eq!(community.show(one.id, None).expect("there").favourites, 1);
    let by = FavouritedBy {
        dweet: one.id,
        viewer: None,
        page,
    };
    assert_eq!(community.query(by.clone()), Ok(vec![ben.account]));
    let listed = community
        .query(Favourites { actor: ben, page })
        .expect("favourites");
    assert_eq!(
        listed.iter().map(|(_, id)| *id).collect::<Vec<_>>(),
        [two.id, one.id]
    );
    assert_eq!(community.told(ana).len(), 2);
    assert!(community.favourite(ben, one.id, false));
    community.carry();
    assert_eq!(community.show(one.id, None).expect("there").favourites, 0);
    assert_eq!(community.query(by), Ok(Vec::new()));
    assert_eq!(community.told(ana).len(), 1, "what was taken back is not told");
}

#[test]
fn nobody_is_told_of_a_favourite_of_their_own() {
    let mut community = Community::of(1);
    let [ana, ben] = community.people(["ana", "ben"]);
    let dweet = community.publish(ana, "hola");
    community.favourite(ana, dweet.id, true);
    community.favourite(ben, dweet.id, true);
    community.carry();
    let told: Vec<_> = community
        .told(ana)
        .into_iter()
        .map(|(kind, by, _)| (kind, by))
        .collect();
    assert_eq!(told, [(NotificationKind::Favourite, "ben".to_owned())]);
    assert_eq!(community.show(dweet.id, None).expect("there").favourites, 2);
}

#[test]
fn counts_and_flags_are_in_the_home_timeline() {
    let mut community = Community::of(1);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.follow(ben, ana.account);
    community.carry();
    let dweet = community.publish(ana, "hola");
    community.carry();
    community.favourite(ben, dweet.id, true);
    community.redweet(ben, &dweet);
    community.carry();
    let page = Page {
        max_id: Some(dweet.id.get() + 1),
        ..Page::default()
    };
    let shown = &community.home_page(ben, page)[0];
    let expected = Flags::FAVOURITED.with(Flags::REDWEETED, true);
    assert_eq!(shown.flags, expected);
    assert_eq!((shown.dweet.favourites, shown.dweet.redweets), (1, 1));
}
