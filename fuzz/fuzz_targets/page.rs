//! What a hostile machine answers, on its way to a person's terminal: nothing of it moves the cursor, turns the text's direction or leaves its line, and it is
//! shown soon, however long it is.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tertulia_client::failure::{Failure, Refusal};
use tertulia_client::feed::FeedPage;
use tertulia_client::fuzzing;
use tertulia_client::profile::ProfilePage;
use tertulia_client::search::Found;
use tertulia_client::view::Seen;
use tertulia_console::answer::Answer;
use tertulia_console::look::Look;
use tertulia_console::page::{Page, Paint, Style};
use tertulia_console::ring::{self, Glyphs};
use tertulia_console::show::show;
use tertulia_console::words::{Language, Words};
use tertulia_console::{plain, refusal};
use tertulia_fuzz::clock::worked;
use tertulia_fuzz::{Chance, Pool};
use tertulia_types::entity::{Account, Notification, Status, Timestamp};
use tertulia_types::ring::{LookupPath, RingEvent, RingStatus};

const NOW_MS: i64 = 1_795_236_184_931;
/// However long an answer is.
const TIME_MAX: Duration = Duration::from_secs(4);
/// Times that a piece of text stands in a row.
const TIMES_MAX: usize = 12_000;

/// What a terminal must not get, or what has a meaning for what reads HTML, JSON or lines.
const PIECES: [&str; 32] = [
    "a",
    " ",
    "\n",
    "\r",
    "\t",
    "\u{1b}[2J",
    "\u{9b}31m",
    "\u{7}",
    "\u{202e}",
    "\u{2067}",
    "\u{200b}",
    "\u{200d}",
    "\u{200f}",
    "\u{ad}",
    "\u{301}",
    "\u{e0041}",
    "\u{2028}",
    "<p>",
    "</p>",
    "<br />",
    "<",
    ">",
    "&",
    "&#27;",
    "&#x202e;",
    "&amp;",
    "👨‍👩‍👧",
    "日本",
    "שלום",
    "\u{1d173}",
    "{ $n }",
    "\u{2068}",
];

static POOL: LazyLock<Pool> = LazyLock::new(|| Pool {
    numbers: vec![NOW_MS as u64, u64::MAX, i64::MAX as u64, 0xFFFF_FFFF_FFFF],
    texts: [
        &PIECES[..],
        &[
            "ana",
            "2026-11-21T04:43:04.931Z",
            "0001-01-01T00:00:00.000Z",
            "9999-12-31",
            "127.0.0.1:8788",
        ],
    ]
    .concat()
    .into_iter()
    .map(str::to_owned)
    .collect(),
    ..Pool::default()
});

static LOOKS: LazyLock<[Look; 2]> = LazyLock::new(|| {
    [(Language::English, 80), (Language::Spanish, 40)].map(|(language, columns)| Look {
        words: Words::new(language),
        talking: columns == 80,
        columns,
        rows: 24,
        resizes: false,
        paint: Paint::Bare,
        now: || Timestamp::from_unix_ms(NOW_MS),
    })
});

fuzz_target!(|bytes: &[u8]| {
    let mut chance = Chance::new(bytes, &POOL);
    let kind = chance.byte();
    let look = &LOOKS[usize::from(kind >> 7)];
    let begun = worked();
    match kind & 7 {
        0 => read::<Status>(&mut chance, status_json(), |status| {
            let dweet = fuzzing::dweet(status);
            Answer::Published { dweet, number: 1 }
        })
        .into_iter()
        .for_each(|answer| see(look, &answer)),
        1 => read::<Vec<Status>>(&mut chance, json!([status_json(), status_json()]), |page| {
            let dweets: Vec<_> = page.into_iter().map(fuzzing::dweet).collect();
            let numbers = (1..=dweets.len() as u32).collect();
            let page = Seen {
                what: FeedPage {
                    dweets,
                    unseen: None,
                    older: true,
                },
                as_of: Some(Timestamp::from_unix_ms(NOW_MS - 1)),
            };
            Answer::Feed { page, numbers }
        })
        .into_iter()
        .for_each(|answer| see(look, &answer)),
        2 => read::<Account>(&mut chance, account_json(), |account| {
            let profile = fuzzing::profile(account);
            let page = Seen::now(ProfilePage {
                profile,
                dweets: Vec::new(),
            });
            Answer::Profile {
                page,
                numbers: Vec::new(),
                head: true,
            }
        })
        .into_iter()
        .for_each(|answer| see(look, &answer)),
        3 => read::<Vec<Notification>>(&mut chance, notifications_json(), |page| {
            let page: Vec<_> = page.into_iter().map(fuzzing::notification).collect();
            Answer::Notifications {
                numbers: (1..=page.len() as u32).collect(),
                page: Seen::now(page),
                head: true,
            }
        })
        .into_iter()
        .for_each(|answer| see(look, &answer)),
        4 => {
            let found: Found = chance.value().unwrap_or_default();
            let numbers = (1..=found.dweets.len() as u32).collect();
            see(look, &Answer::Found { found, numbers });
        }
        5 => {
            let refused = Failure::Refused(Refusal {
                status: chance.number() as u16,
                code: chance.value().unwrap_or_default(),
                words: hostile(&mut chance),
                retry_after_s: chance.value().unwrap_or_default(),
            });
            let mut page = look.page();
            page.text(Style::Bad, 0, &refusal::words(look, &refused));
            harmless(look, &page);
        }
        6 => operators(look, &mut chance),
        _ => {
            let text = hostile(&mut chance);
            let mut page = look.page();
            page.text(Style::Strong, 3, &text);
            page.pieces(1, &[(Style::Key, &text), (Style::Dim, &text)]);
            harmless(look, &page);
            let written = plain::json(&serde_json::to_string(&text).expect("JSON"));
            assert!(!written.chars().any(is_harmful));
            assert_eq!(serde_json::from_str::<String>(&written).ok(), Some(text));
        }
    }
    let took = worked().saturating_sub(begun);
    assert!(took < TIME_MAX, "a page took {took:?}");
});

/// What operators are shown of the ring.
fn operators(look: &Look, chance: &mut Chance<'_, '_>) {
    let glyphs = [Glyphs::UNICODE, Glyphs::ASCII][chance.one_of(2)];
    match chance.one_of(3) {
        0 => {
            if let Some(status) = chance.value::<RingStatus>() {
                harmless(look, &ring::status(look, glyphs, &status));
            }
        }
        1 => {
            if let Some(path) = chance.value::<LookupPath>() {
                harmless(look, &ring::path(look, glyphs, &path));
            }
        }
        _ => {
            if let Some(event) = chance.value::<RingEvent>() {
                let line = ring::event_line(look, &event);
                assert!(
                    !line.chars().any(|char| char != '\n' && is_harmful(char)),
                    "{line:?}"
                );
            }
        }
    }
}

/// An answer, its page and its JSON.
fn see(look: &Look, answer: &Answer) {
    harmless(look, &show(look, answer));
    let json = plain::json(&answer.json().to_string());
    assert!(!json.chars().any(is_harmful));
}

fn harmless(look: &Look, page: &Page) {
    let bare = page.print(Paint::Bare);
    for line in bare.lines() {
        assert!(!line.chars().any(is_harmful), "{line:?}");
        assert!(plain::width(line) <= look.columns, "{line:?}");
    }
    assert_eq!(bare.lines().count(), page.height());
    // Nothing but our own colours.
    let coloured = page.print(Paint::Colours);
    for sequence in coloured.split('\u{1b}').skip(1) {
        let ours = ["[1m", "[36m", "[2m", "[32m", "[33m", "[0m"];
        assert!(ours.iter().any(|ours| sequence.starts_with(ours)), "{sequence:?}");
    }
}

fn is_harmful(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A text that means no good, perhaps a long one.
fn hostile(chance: &mut Chance<'_, '_>) -> String {
    let mut text = String::new();
    for _ in 0..=chance.one_of(6) {
        let piece = match chance.byte() {
            byte @ ..224 => PIECES[usize::from(byte) % PIECES.len()].to_owned(),
            _ => String::from_utf8_lossy(chance.raw()).into_owned(),
        };
        let times = match chance.byte() {
            byte @ ..240 => usize::from(byte % 4),
            byte => TIMES_MAX / 16 * usize::from(byte - 239),
        };
        text.push_str(&piece.repeat(times.min(TIMES_MAX * 4 / piece.len().max(1))));
    }
    text
}

/// An entity of a machine's answer, as it should be or with some of its leaves replaced; or any bytes.
fn read<T: serde::de::DeserializeOwned>(
    chance: &mut Chance<'_, '_>,
    mut good: Value,
    show: impl FnOnce(T) -> Answer,
) -> Option<Answer> {
    if chance.byte() & 15 == 15 {
        return serde_json::from_slice(chance.rest()).ok().map(show);
    }
    spoil(chance, &mut good);
    // As it travels.
    serde_json::from_str(&good.to_string()).ok().map(show)
}

fn spoil(chance: &mut Chance<'_, '_>, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                let is_strict = matches!(&**name, "created_at" | "visibility" | "type" | "last_status_at");
                if !is_strict || chance.byte() > 220 {
                    spoil(chance, field);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|element| spoil(chance, element)),
        Value::String(text) => match chance.byte() & 7 {
            0 | 1 => *text = hostile(chance),
            2 => *text = chance.text(),
            _ => {}
        },
        Value::Number(_) => {
            if chance.byte() & 3 == 0 {
                *value = chance.number().into();
            }
        }
        Value::Bool(truth) => *truth = chance.byte() & 1 == 1,
        Value::Null => {
            // A redweet in a redweet.
            if chance.byte() > 250 {
                *value = status_json();
            }
        }
    }
}

fn account_json() -> Value {
    json!({
        "id": "117651000000000000", "username": "ana", "acct": "ana", "display_name": "Ana", "locked": false, "bot": false,
        "discoverable": true, "group": false, "indexable": false, "created_at": "2026-11-21T04:43:04.931Z", "note": "<p>hola</p>",
        "url": "http://h/@ana", "uri": "http://h/users/ana", "avatar": "", "avatar_static": "", "header": "", "header_static": "",
        "followers_count": 1, "following_count": 2, "statuses_count": 3, "last_status_at": "2026-11-21", "emojis": [], "fields": [],
        "roles": []
    })
}

fn status_json() -> Value {
    json!({
        "id": "117651000000000007", "created_at": "2026-11-21T04:43:04.931Z", "in_reply_to_id": "1", "in_reply_to_account_id": "2",
        "sensitive": false, "spoiler_text": "", "visibility": "public", "language": "es", "uri": "u", "url": "u", "replies_count": 0,
        "reblogs_count": 1, "favourites_count": 2, "edited_at": null, "content": "<p>hola<br />a &amp; b</p>", "reblog": null,
        "application": { "name": "toot", "website": null }, "account": account_json(), "media_attachments": [],
        "mentions": [{ "id": "2", "username": "bob", "acct": "bob", "url": "u" }], "tags": [{ "name": "mate", "url": "u" }],
        "emojis": [], "card": null, "poll": null, "favourited": true, "reblogged": false
    })
}

fn notifications_json() -> Value {
    let told = |kind: &str, status: Value| {
        json!({ "id": "7", "type": kind, "created_at": "2026-11-21T04:43:04.931Z", "account": account_json(), "status": status,
                "group_key": "ungrouped-7" })
    };
    json!([told("mention", status_json()), told("follow", Value::Null)])
}
