//! Bookmarks.

use crate::community::Community;
use tertulia_state::bookmark::Bookmarks;
use tertulia_state::page::Page;
use tertulia_types::DweetId;
use tertulia_types::view::Flags;

#[test]
fn bookmarks_are_listed_by_when_they_were_made_and_concern_nobody_else() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.follow(ben, ana.account);
    community.carry();
    let (one, two) = (community.publish(ana, "one"), community.publish(ana, "two"));
    community.carry();
    let list = |community: &mut Community, page: Page| -> Vec<DweetId> {
        let rows = community
            .query(Bookmarks { actor: ben, page })
            .expect("bookmarks");
        rows.into_iter().map(|row| row.1).collect()
    };
    for dweet in [two.id, one.id, two.id] {
        community.bookmark(ben, dweet, true);
    }
    assert!(community.pending().is_empty(), "nobody else learns of it");
    assert_eq!(
        list(&mut community, Page::default()),
        [one.id, two.id],
        "again changes nothing"
    );
    let page = Page::newest(1);
    let last = community.query(Bookmarks { actor: ben, page }).expect("one")[0].0;
    let below = Page {
        max_id: Some(last.get()),
        ..Page::default()
    };
    assert_eq!(list(&mut community, below), [two.id]);
    let flags = |community: &mut Community| community.home_page(ben, Page::default())[1].flags;
    assert_eq!(flags(&mut community), Flags::BOOKMARKED);

    community.bookmark(ben, one.id, false);
    assert_eq!(list(&mut community, Page::default()), [two.id]);
    assert_eq!(flags(&mut community), Flags::default());
}
