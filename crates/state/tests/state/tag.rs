//! Hashtags.

use crate::community::Community;
use crate::script::{private, text};
use tertulia_state::page::Page;
use tertulia_state::tag::Tagged;
use tertulia_types::view::Body;

fn tagged(community: &mut Community, tag: &str) -> Vec<String> {
    let page = Page::default();
    let found = community
        .query(Tagged {
            tag: tag.to_owned(),
            page,
        })
        .expect("a page");
    found.iter().map(text).collect()
}

fn with_tags(text: &str, tags: &[&str]) -> Body {
    Body {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..Community::body(text)
    }
}

#[test]
fn public_dweets_lie_under_their_tags_as_they_are_now() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    let first = community.publish_body(ana, with_tags("one", &["mate", "té"]));
    community.publish_body(ben, with_tags("two", &["mate"]));
    community.publish_body(
        ben,
        Body {
            tags: vec!["mate".to_owned()],
            ..private("hidden")
        },
    );
    community.carry();
    assert_eq!(tagged(&mut community, "mate"), ["two", "one"]);
    assert_eq!(tagged(&mut community, "té"), ["one"]);
    community.edit(ana, first.id, with_tags("one, edited", &["mate", "café"]));
    community.carry();
    assert_eq!(tagged(&mut community, "mate"), ["two", "one, edited"]);
    assert_eq!(tagged(&mut community, "café"), ["one, edited"]);
    assert!(tagged(&mut community, "té").is_empty());
    community.delete(ana, first.id);
    community.carry();
    assert_eq!(tagged(&mut community, "mate"), ["two"]);
    assert!(tagged(&mut community, "café").is_empty());
}
