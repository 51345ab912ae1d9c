//! Threads.

use crate::community::Community;
use crate::script::{answer, private, text};
use tertulia_state::dweet::ShowMany;
use tertulia_state::thread::Thread;
use tertulia_types::Rejected;
use tertulia_types::view::{Body, NotificationKind, Visibility};

#[test]
fn a_thread_is_read_at_the_home_of_its_first_dweet() {
    let mut community = Community::of(7);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let root = community.publish(ana, "root");
    let reply = community.publish_body(ben, answer(&root, "reply"));
    let deeper = community.publish_body(eva, answer(&reply, "deeper"));
    community.carry();
    let thread = community.query(Thread { root: root.id }).expect("a thread");
    let read: Vec<_> = thread
        .iter()
        .map(|e| (e.id, e.parent, e.view.as_ref().map(text)))
        .collect();
    assert_eq!(
        read,
        [
            (reply.id, root.id, Some("reply".to_owned())),
            (deeper.id, reply.id, Some("deeper".to_owned()))
        ]
    );
    assert_eq!(community.show(root.id, None).expect("there").replies, 1);
    assert_eq!(community.show(reply.id, None).expect("there").replies, 1);
    assert_eq!(
        community.told(ana),
        [(NotificationKind::Mention, "ben".to_owned(), "reply".to_owned())]
    );
    assert_eq!(
        community.told(ben),
        [(NotificationKind::Mention, "eva".to_owned(), "deeper".to_owned())]
    );
    community.edit(ben, reply.id, Community::body("better"));
    community.delete(eva, deeper.id);
    community.carry();
    let thread = community.query(Thread { root: root.id }).expect("a thread");
    let read: Vec<_> = thread.iter().map(|e| e.view.as_ref().map(text)).collect();
    assert_eq!(read, [Some("better".to_owned()), None]);
    assert_eq!(community.show(reply.id, None).expect("there").replies, 0);
    assert!(community.told(ben).is_empty());
    assert_eq!(community.told(ana)[0].2, "better");
}

#[test]
fn p_the_words_of_a_private_reply_stay_away_from_the_threads_home_and_its_author() {
    let mut community = Community::of(7);
    let [ana, ben, fan] = community.people(["ana", "ben", "fan"]);
    community.follow(fan, ben.account);
    community.carry();
    let root = community.publish(ana, "root");
    let hidden = Body {
        visibility: Visibility::Private,
        ..answer(&root, "behind her back")
    };
    let reply = community.publish_body(ben, hidden);
    community.carry();
    let thread = community.query(Thread { root: root.id }).expect("a thread");
    assert_eq!(
        (thread.len(), thread[0].private, thread[0].view.clone()),
        (1, true, None)
    );
    assert_eq!(community.show(root.id, None).expect("there").replies, 1);
    assert!(
        community.told(ana).is_empty(),
        "she does not follow ben, and is not named"
    );
    let many = |viewer| ShowMany {
        at: reply.id.home(),
        ids: vec![reply.id],
        viewer,
    };
    assert!(community.query(many(Some(ana.account))).expect("none").is_empty());
    assert_eq!(community.query(many(Some(fan.account))).expect("one").len(), 1);
    let group = community.group_of(root.id.home());
    if group != community.group_of(ben.account.home()) && group != community.group_of(fan.account.home()) {
        assert!(
            community
                .holds("behind her back", &[])
                .iter()
                .all(|at| !at.starts_with(&format!("{group} ")))
        );
    }
    // To who follows him it is told.
    community.follow(ana, ben.account);
    community.carry();
    let again = Body {
        visibility: Visibility::Private,
        ..answer(&root, "to her face")
    };
    community.publish_body(ben, again);
    community.carry();
    assert_eq!(community.told(ana)[0].2, "to her face");
}

#[test]
fn a_reply_of_someone_blocked_is_neither_counted_nor_told() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    let root = community.publish(ana, "root");
    community.block(ana, ben.account, true);
    community.publish_body(ben, answer(&root, "but"));
    community.carry();
    assert_eq!(community.show(root.id, None).expect("there").replies, 0);
    assert!(community.told(ana).is_empty());
    assert_eq!(community.show(root.id, Some(ben)), Err(Rejected::NotFound));
}

#[test]
fn ones_own_reply_is_counted_and_not_told() {
    let mut community = Community::of(3);
    let ana = community.register("ana");
    let root = community.publish(ana, "root");
    community.publish_body(ana, answer(&root, "and"));
    community.publish_body(ana, private("unrelated"));
    community.carry();
    assert_eq!(community.show(root.id, None).expect("there").replies, 1);
    assert!(community.told(ana).is_empty());
}
