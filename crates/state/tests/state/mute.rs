//! Mutes.

use crate::community::Community;
use tertulia_state::mute::Mute;

#[test]
fn who_is_muted_is_not_seen_and_not_counted_until_it_is_taken_back() {
    let mut community = Community::of(3);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    for author in [ana, ben] {
        community.follow(eva, author.account);
    }
    community.carry();
    let of_ana = community.publish(ana, "ana's");
    community.publish(ben, "ben's");
    community.redweet(ben, &of_ana);
    community.publish_body(ana, community.naming("@eva", &["eva"]));
    community.carry();
    assert_eq!((community.home(eva).len(), community.unseen(eva)), (3, 4));
    let mut mute = Mute {
        notifications: false,
        duration_ms: None,
    };
    let relationship = community.mute(eva, ana.account, Some(mute));
    assert!(relationship.muting && !relationship.muting_notifications && relationship.following);
    assert_eq!(
        (community.home(eva), community.unseen(eva)),
        (vec!["ben's".to_owned()], 1)
    );
    let next = community.ask(eva, 10);
    assert_eq!(
        (next.dweets.len(), next.unseen.count),
        (1, 0),
        "what is counted is what is shown"
    );
    assert_eq!(community.told(eva).len(), 1);
    mute.notifications = true;
    community.mute(eva, ana.account, Some(mute));
    assert!(community.told(eva).is_empty());
    community.mute(eva, ana.account, None);
    assert_eq!((community.home(eva).len(), community.told(eva).len()), (3, 1));
}
