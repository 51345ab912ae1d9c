//! Hashtags.

use crate::community::Community;
use crate::script::{private, text};
use tertulia_state::Event;
use tertulia_state::page::{Page, Sifted};
use tertulia_state::tag::Tagged;
use tertulia_types::view::Body;

fn asked(tag: &str, page: Page) -> Tagged {
    Tagged {
        tag: tag.to_owned(),
        all: Vec::new(),
        none: Vec::new(),
        page,
    }
}

fn tagged(community: &mut Community, tag: &str) -> Vec<String> {
    let found = community.query(asked(tag, Page::default())).expect("a page");
    found.shown.iter().map(text).collect()
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

#[test]
fn an_edit_is_no_new_dweet_under_its_tag() {
    let mut community = Community::of(3);
    let ana = community.register("ana");
    let dweet = community.publish_body(ana, with_tags("one", &["mate"]));
    community.carry();
    let told = |community: &Community| -> Vec<String> {
        let mut tags = Vec::new();
        for event in &community.events {
            if let Event::Tagged { tag, .. } = event {
                tags.push(tag.clone());
            }
        }
        tags
    };
    assert_eq!(told(&community), ["mate"]);
    community.edit(ana, dweet.id, with_tags("one, edited", &["mate", "té"]));
    community.carry();
    assert_eq!(told(&community), ["mate", "té"]);
}

#[test]
fn a_tag_with_a_filter_is_paged_to_its_end() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    for i in 0..30 {
        let tags: &[&str] = match i {
            2 | 3 => &["mate", "té"],
            4 => &["mate", "té", "café"],
            _ => &["mate"],
        };
        community.publish_body(ana, with_tags(&format!("{i}"), tags));
    }
    community.carry();
    let mut pages = |all: &[&str], none: &[&str]| {
        let owned = |tags: &[&str]| tags.iter().map(|&tag| tag.to_owned()).collect::<Vec<_>>();
        let (mut pages, mut page) = (Vec::new(), Page::newest(2));
        loop {
            let filtered = Tagged {
                all: owned(all),
                none: owned(none),
                ..asked("mate", page)
            };
            let found = community.query(filtered).expect("a page");
            pages.push(found.shown.iter().map(text).collect::<Vec<_>>());
            match found.stretch {
                Some((_, oldest)) => page.max_id = Some(oldest),
                None => return pages,
            }
        }
    };
    assert_eq!(pages(&["té"], &[]), [vec!["4", "3"], vec!["2"], vec![]]);
    assert_eq!(pages(&["té"], &["café"]), [vec!["3", "2"], vec![]]);
}

#[test]
fn lists_are_paged_as_one_though_one_was_not_looked_at_to_the_end() {
    let part = |shown: &[i64], stretch| Sifted {
        shown: shown.to_vec(),
        stretch,
    };
    let cut = part(&[90], Some((90, 50)));
    let whole = part(&[80, 60, 40], Some((80, 40)));
    let ended = part(&[], None);
    let down = |limit| {
        let parts = vec![cut.clone(), whole.clone(), ended.clone(), whole.clone()];
        Sifted::merge(parts, Page::newest(limit), |id| *id)
    };
    assert_eq!(down(10), part(&[90, 80, 60], Some((90, 50))));
    assert_eq!(down(2), part(&[90, 80], Some((90, 80))));
    let up = Page {
        min_id: Some(30),
        ..Page::newest(10)
    };
    let cut = part(&[50], Some((70, 50)));
    let merged = Sifted::merge(vec![cut, whole.clone()], up, |id| *id);
    assert_eq!(merged, part(&[60, 50, 40], Some((70, 40))));
    let merged = Sifted::merge(vec![ended.clone(), ended], Page::newest(3), |id| *id);
    assert_eq!(merged, part(&[], None));
}
