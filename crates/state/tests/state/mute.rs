//! Mutes.

use crate::community::Community;
use crate::script::texts;
use tertulia_state::mute::Mute;
use tertulia_state::page::Page;
use tertulia_state::timeline::Home;

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

#[test]
fn t9_a_timeline_of_which_nearly_nothing_is_wanted_is_read_in_bounded_stretches_to_its_end() {
    let mut community = Community::of(1);
    let [ana, ben, cid] = community.people(["ana", "ben", "cid"]);
    community.publish(ana, "oldest");
    community.follow(ben, ana.account);
    community.carry();
    community.publish(ana, "old");
    for _ in 0..2_010 {
        let unwanted = community.publish(cid, "cid's");
        community.redweet(ana, &unwanted);
    }
    community.publish(ana, "new");
    community.carry();
    let forever = Mute {
        notifications: false,
        duration_ms: None,
    };
    community.mute(ben, cid.account, Some(forever));
    let mut pages = |first: Page, next: fn((i64, i64)) -> Page| {
        let (mut pages, mut page) = (Vec::new(), first);
        loop {
            let found = community.query(Home { actor: ben, page }).expect("a page");
            pages.push(texts(&found.shown));
            match found.stretch {
                Some(stretch) => page = next(stretch),
                None => return pages,
            }
        }
    };
    let down = pages(Page::default(), |(_, oldest)| Page {
        max_id: Some(oldest),
        ..Page::default()
    });
    assert_eq!(down, [vec!["new"], vec!["old", "oldest"], vec![]]);
    let above = |id| Page {
        min_id: Some(id),
        ..Page::default()
    };
    let up = pages(above(0), |(newest, _)| Page {
        min_id: Some(newest),
        ..Page::default()
    });
    assert_eq!(up, [vec!["old", "oldest"], vec!["new"], vec![]]);
    let mut asked = || texts(&community.ask(ben, 1).dweets);
    assert_eq!([asked(), asked()], [vec!["new"], vec!["old"]]);
    let older: Vec<_> = (0..3).map(|_| asked()).collect();
    assert_eq!(older, [vec![], vec!["oldest"], vec![]]);
}
