//! Text as HTML: whatever was typed, the only markup is ours; what is read from it is what was typed; and it is done in time that grows as the text does.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tertulia_api::fuzzing;
use tertulia_client::html;
use tertulia_fuzz::clock::worked;
use tertulia_types::AccountId;
use tertulia_types::text::{self, Part};
use tertulia_types::view::Mention;

const HOST: &str = "localhost:8080";
/// What a body of a request may hold at most, and how long it may take, with sanity checks and on a slow computer.
const TYPED_BYTES_MAX: usize = 256 << 10;
const TIME_MAX: Duration = Duration::from_secs(4);

/// Tags as they are written, those with an address apart.
const PLAIN_TAGS: [&str; 7] = [
    "<p>",
    "</p>",
    "<br />",
    "<span>",
    "</span>",
    "</a>",
    "<span class=\"h-card\">",
];
const LINK_ENDS: [&str; 3] = [
    "\" rel=\"nofollow noopener noreferrer\" target=\"_blank\">",
    "\" class=\"u-url mention\">",
    "\" class=\"mention hashtag\" rel=\"tag\">",
];
const ENTITIES: [&str; 5] = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];

fuzz_target!(|typed: &str| {
    let ana = Mention {
        id: AccountId::MIN,
        nick: "ana".parse().expect("a nick"),
    };
    for plain in [typed.to_owned(), text::note(typed).unwrap_or_default()] {
        let shown = fuzzing::html(HOST, &plain, std::slice::from_ref(&ana));
        only_ours(&shown);
        // Without links, one reads what was typed; more than one empty line is one. What is kept has no white space around it.
        let is_kept = plain == plain.trim();
        if is_kept
            && text::parts(&plain)
                .iter()
                .all(|part| !matches!(part, Part::Mention { .. }))
        {
            assert_eq!(html::text(&shown), read_again(&plain));
        }
    }
    let escaped = fuzzing::escape(typed);
    assert!(!escaped.contains(['<', '>', '"', '\'']));
    in_time(typed);
});

/// Every tag and entity is one of ours.
fn only_ours(html: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find(['<', '>', '&']) {
        rest = &rest[at..];
        if rest.starts_with('&') {
            let entity = ENTITIES.iter().find(|entity| rest.starts_with(**entity));
            rest = &rest[entity.expect("an entity of ours").len()..];
            continue;
        }
        let length = tag(rest).unwrap_or_else(|| panic!("not ours: {rest}"));
        let name = rest[1..length]
            .trim_start_matches('/')
            .split([' ', '>'])
            .next()
            .expect("a name");
        if rest.starts_with("</") {
            assert_eq!(open.pop(), Some(name));
        } else if name != "br" {
            open.push(name);
        }
        rest = &rest[length..];
    }
    assert!(open.is_empty(), "{open:?} stay open");
}

/// The length of the tag at the beginning, if it is one of ours.
fn tag(rest: &str) -> Option<usize> {
    if let Some(plain) = PLAIN_TAGS.iter().find(|tag| rest.starts_with(**tag)) {
        return Some(plain.len());
    }
    let address = rest.strip_prefix("<a href=\"http")?;
    // HTTP:// may have been typed.
    let end = address.find('"')?;
    assert!(!address[..end].contains(['<', '>', '\'', ' ', '\n']), "{address}");
    let after = LINK_ENDS
        .iter()
        .find(|after| address[end..].starts_with(**after))?;
    Some(rest.len() - address.len() + end + after.len())
}

fn read_again(plain: &str) -> String {
    let mut again = String::new();
    for (breaks, line) in plain.split('\n').enumerate() {
        let ends_paragraph = again.ends_with("\n\n") || again.is_empty();
        if breaks > 0 && !ends_paragraph {
            again.push('\n');
        }
        again.push_str(line);
    }
    again.trim_end_matches('\n').to_owned()
}

/// Repeated until a request could not hold more. That takes a while, so only some are.
fn in_time(typed: &str) {
    let sum = typed.bytes().fold(0_u8, u8::wrapping_add);
    if typed.is_empty() || typed.len() > 64 || sum % 32 != 0 {
        return;
    }
    let long = typed.repeat(TYPED_BYTES_MAX / typed.len());
    let begun = worked();
    let _ = text::characters(&long);
    let shown = fuzzing::html(HOST, &long, &[]);
    let _ = html::text(&shown);
    let _ = html::text(&long);
    let took = worked().saturating_sub(begun);
    assert!(took < TIME_MAX, "{typed:?}, again and again, took {took:?}");
}
