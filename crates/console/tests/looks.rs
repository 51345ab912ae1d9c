//! How answers look, in both languages, and their JSON.

use tertulia_client::dweet::{Author, Dweet};
use tertulia_client::failure::{Failure, Missed, Misuse, Refusal, Why};
use tertulia_client::feed::FeedPage;
use tertulia_client::mark::{self, ListPage};
use tertulia_client::message::devices::{OwnDevice, ShutOut, short};
use tertulia_client::message::link::Linked;
use tertulia_client::message::recovery::{BackedUp, Restored};
use tertulia_client::message::verify::Verification;
use tertulia_client::near::NearRing;
use tertulia_client::notification::{Kind, Notification};
use tertulia_client::profile::{Profile, ProfilePage};
use tertulia_client::relation::{Relation, Tie};
use tertulia_client::search::Found;
use tertulia_client::session::{LoggedOut, Me};
use tertulia_client::thread::Thread;
use tertulia_client::trust::Offer;
use tertulia_client::view::Seen;
use tertulia_console::answer::Answer;
use tertulia_console::look::Look;
use tertulia_console::page::{Paint, Style};
use tertulia_console::refusal;
use tertulia_console::show::show;
use tertulia_console::words::{Language, Words};
use tertulia_types::DeviceId;
use tertulia_types::entity::{Timestamp, Unseen, Visibility};
use tertulia_types::text::Unfit;
use zeroize::Zeroizing;

/// The moment at which everything is looked at.
const NOW_MS: i64 = 1_795_236_184_931;
const MINUTE_MS: i64 = 60_000;

fn look(language: Language) -> Look {
    Look {
        words: Words::new(language),
        talking: true,
        columns: 80,
        rows: 24,
        resizes: false,
        paint: Paint::Bare,
        now: || Timestamp::from_unix_ms(NOW_MS),
    }
}

fn author(nick: &str, name: &str) -> Author {
    Author {
        nick: nick.to_owned(),
        name: name.to_owned(),
    }
}

fn dweet(id: &str, nick: &str, text: &str, minutes_ago: i64) -> Dweet {
    Dweet {
        id: id.to_owned(),
        entry_id: id.to_owned(),
        author: author(nick, nick),
        text: text.to_owned(),
        warning: String::new(),
        visibility: Visibility::Public,
        created_at: Timestamp::from_unix_ms(NOW_MS - minutes_ago * MINUTE_MS),
        redweeted_by: None,
        in_reply_to: None,
        answers: None,
        redweets: 0,
        favourites: 0,
        replies: 0,
        redweeted: false,
        favourited: false,
        bookmarked: false,
    }
}

fn dweets() -> Vec<Dweet> {
    let ana = author("ana", "Ana de la Torre");
    let long = "A long text that goes on, and on, until it must be broken into lines, so that all of it can be read.";
    vec![
        Dweet {
            author: ana.clone(),
            ..dweet("101", "ana", "¡Hola a todos!", 0)
        },
        Dweet {
            redweeted_by: Some(ana),
            redweets: 2,
            redweeted: true,
            favourites: 1,
            ..dweet("102", "bob", long, 90)
        },
        Dweet {
            in_reply_to: Some("101".to_owned()),
            answers: Some("ana".to_owned()),
            visibility: Visibility::Private,
            warning: "spoilers".to_owned(),
            ..dweet("103", "eva", "one line\nand another", 60 * 24 * 3)
        },
        dweet(
            "104",
            "mallory",
            "\u{1b}[2J\u{1b}[31mred \u{202e}desrever\u{7}",
            60 * 24 * 400,
        ),
    ]
}

fn profile() -> Profile {
    Profile {
        author: author("bob", "Bob Esponja"),
        id: "7".to_owned(),
        bio: "I live in a pineapple.\nUnder the sea.".to_owned(),
        created_at: Timestamp::from_unix_ms(0),
        followers: 1,
        following: 2,
        dweet_count: 3,
        relation: Some(Relation {
            following: true,
            followed_by: true,
            blocking: false,
            muting: false,
        }),
    }
}

fn me() -> Me {
    let server = "https://10.0.0.5:8787".to_owned();
    Me {
        author: author("ana", "Ana de la Torre"),
        id: "1".to_owned(),
        server,
    }
}

fn news() -> Vec<Notification> {
    let notification = |id: &str, kind, dweet| {
        let created_at = Timestamp::from_unix_ms(NOW_MS - 5 * MINUTE_MS);
        Notification {
            id: id.to_owned(),
            kind,
            created_at,
            who: author("bob", "Bob Esponja"),
            dweet,
        }
    };
    vec![
        notification("9", Kind::Mention, Some(dweets().remove(0))),
        notification("8", Kind::Redweet, Some(dweets().remove(0))),
        notification("7", Kind::Favourite, Some(dweets().remove(0))),
        notification("6", Kind::Follow, None),
    ]
}

fn lists() -> Vec<(&'static str, Answer)> {
    let one = || vec![dweets().remove(0)];
    let feed = |dweets, unseen: Option<(u64, bool)>, older, numbers: &[u32]| {
        let unseen = unseen.map(|(count, more)| Unseen { count, more });
        let page = Seen::now(FeedPage {
            dweets,
            unseen,
            older,
        });
        Answer::Feed {
            page,
            numbers: numbers.to_vec(),
        }
    };
    let an_hour_ago = Some(Timestamp::from_unix_ms(NOW_MS - 60 * MINUTE_MS));
    let old = Seen {
        what: FeedPage {
            dweets: one(),
            unseen: None,
            older: false,
        },
        as_of: an_hour_ago,
    };
    let profile = Seen::now(ProfilePage {
        profile: profile(),
        dweets: one(),
    });
    let thread = Seen::now(Thread {
        dweets: dweets(),
        at: 1,
    });
    let people = vec![author("bob", "Bob Esponja")];
    let found = Found {
        people,
        dweets: one(),
        hashtags: vec!["mar".to_owned()],
    };
    vec![
        ("feed", feed(dweets(), Some((12, false)), true, &[1, 2, 3, 4])),
        ("feed_many", feed(one(), Some((800, true)), true, &[5])),
        ("feed_older", feed(one(), Some((0, false)), true, &[5])),
        ("feed_empty", feed(Vec::new(), Some((0, false)), false, &[])),
        (
            "feed_offline",
            Answer::Feed {
                page: old,
                numbers: vec![1],
            },
        ),
        (
            "profile",
            Answer::Profile {
                page: profile,
                numbers: vec![1],
                head: true,
            },
        ),
        (
            "thread",
            Answer::Thread {
                thread,
                numbers: vec![1, 2, 3, 4],
            },
        ),
        (
            "found",
            Answer::Found {
                found,
                numbers: vec![1],
            },
        ),
        (
            "found_nothing",
            Answer::Found {
                found: Found::default(),
                numbers: Vec::new(),
            },
        ),
        (
            "notifications",
            Answer::Notifications {
                page: Seen::now(news()),
                numbers: vec![1, 1, 1],
                head: true,
            },
        ),
    ]
}

fn deeds() -> Vec<(&'static str, Answer)> {
    let one = || dweets().remove(0);
    let relation = profile().relation.unwrap_or_default();
    let unseen = Some(Unseen {
        count: 1,
        more: false,
    });
    vec![
        (
            "published",
            Answer::Published {
                dweet: one(),
                number: 7,
            },
        ),
        (
            "redweeted",
            Answer::Marked {
                dweet: one(),
                mark: mark::REDWEET,
                undo: false,
            },
        ),
        (
            "favoured",
            Answer::Marked {
                dweet: one(),
                mark: mark::FAVOURITE,
                undo: true,
            },
        ),
        (
            "bookmarked",
            Answer::Marked {
                dweet: one(),
                mark: mark::BOOKMARK,
                undo: false,
            },
        ),
        (
            "favourites",
            Answer::List {
                page: Seen::now(ListPage {
                    dweets: dweets(),
                    next: Some("77".to_owned()),
                }),
                numbers: vec![1, 2, 3, 4],
                head: true,
            },
        ),
        (
            "favourites_none",
            Answer::List {
                page: Seen::now(ListPage {
                    dweets: Vec::new(),
                    next: None,
                }),
                numbers: Vec::new(),
                head: true,
            },
        ),
        ("deleted", Answer::Deleted { id: "101".to_owned() }),
        (
            "tied",
            Answer::Tied {
                nick: "bob".to_owned(),
                tie: Tie::Follow,
                relation,
            },
        ),
        ("registered", Answer::Registered(me())),
        ("logged_in", Answer::LoggedIn(me())),
        (
            "whoami",
            Answer::Me {
                me: Seen::now(me()),
                unseen,
            },
        ),
        ("edited", Answer::Edited(profile())),
        (
            "logged_out",
            Answer::LoggedOut {
                how: LoggedOut::Everywhere,
                kept: false,
            },
        ),
        (
            "logged_out_here_only",
            Answer::LoggedOut {
                how: LoggedOut::HereOnly,
                kept: true,
            },
        ),
        ("password_changed", Answer::PasswordChanged),
        ("closed", Answer::Closed),
    ]
}

fn devices() -> Vec<(&'static str, Answer)> {
    let device = |number: u8, label: &str, is_this| {
        let id = DeviceId([number; 16]);
        OwnDevice {
            id,
            short: short(id),
            label: label.to_owned(),
            since: Timestamp::from_unix_ms(1_790_000_000_000),
            is_this,
        }
    };
    let all = vec![device(0xab, "terminal", true), device(0xcd, "laptop", false)];
    let linked = |is_new, waiting| Answer::Linked {
        linked: Linked {
            messages: 1_234,
            waiting,
        },
        is_new,
    };
    let verification = |is_verified, is_held_back| {
        Answer::Verification(Verification {
            nick: "ben".to_owned(),
            number: ["12345"; 12].join(" "),
            is_verified,
            is_held_back,
        })
    };
    let restored = |is_let_in, devices| {
        Answer::Restored(Restored {
            number: 3,
            messages: 12,
            is_let_in,
            devices,
        })
    };
    vec![
        ("devices", Answer::Devices(all.clone())),
        ("no devices", Answer::Devices(Vec::new())),
        (
            "shut out",
            Answer::ShutOut(ShutOut {
                short: "cdcdcdcd".to_owned(),
                waiting: 1,
            }),
        ),
        ("reset", Answer::DevicesReset),
        ("linked here", linked(true, 0)),
        ("linked", linked(false, 2)),
        (
            "backed up",
            Answer::BackedUp(BackedUp {
                code: Some(Zeroizing::new("THE-CODE".to_owned())),
                file: "tertulia-ana.backup".into(),
                number: 3,
                messages: 12,
            }),
        ),
        ("restored with the identity", restored(true, all)),
        ("restored", restored(false, Vec::new())),
        ("not verified", verification(false, false)),
        ("verified", verification(true, false)),
        ("held back", verification(false, true)),
    ]
}

fn answers() -> Vec<(&'static str, Answer)> {
    [lists(), deeds(), devices()].concat()
}

#[test]
fn every_answer_looks_as_it_should() {
    for (language, suffix) in [(Language::English, "en"), (Language::Spanish, "es")] {
        let look = look(language);
        let shown: Vec<String> = answers()
            .iter()
            .map(|(name, answer)| format!("--- {name}\n{}", show(&look, answer).print(Paint::Bare)))
            .collect();
        insta::assert_snapshot!(format!("answers_{suffix}"), shown.join("\n"));
    }
}

#[test]
fn every_answer_has_its_json() {
    let written: Vec<String> = answers()
        .iter()
        .map(|(name, answer)| format!("{name}: {}", answer.json()))
        .collect();
    insta::assert_snapshot!("json", written.join("\n"));
}

fn failures() -> Vec<Failure> {
    let refused = |status, code: &str, words: &str, retry_after_s| {
        let code = Some(code.to_owned());
        Failure::Refused(Refusal {
            status,
            code,
            words: words.to_owned(),
            retry_after_s,
        })
    };
    let offer = |changed| {
        let (server, pem) = ("https://10.0.0.5:8787".to_owned(), String::new());
        Failure::Untrusted(Box::new(Offer {
            server,
            fingerprint: "ab".repeat(32),
            pem,
            changed,
        }))
    };
    let missed = [
        Why::NoConnection,
        Why::TimedOut,
        Why::BadCertificate,
        Why::Busy,
        Why::Nonsense,
    ];
    let missed = missed.map(|why| Missed {
        server: "https://10.0.0.5:8787".to_owned(),
        why,
    });
    let near = |name: &str, last: u8| NearRing {
        id: format!("{last:016x}"),
        name: name.to_owned(),
        authority: None,
        servers: vec![format!("https://10.0.0.{last}:8787")],
    };
    vec![
        refused(422, "nick_taken", "this nick is taken", None),
        refused(401, "wrong_password", "wrong nick or password", None),
        refused(404, "no_such_nick", "nadie", None),
        refused(429, "too_many_requests", "too many requests", Some(30)),
        refused(422, "something_new", "in the server's \u{1b}[31mwords", None),
        Failure::SessionEnded,
        Failure::Unreachable(missed.to_vec()),
        Failure::NothingNear(missed[..1].to_vec()),
        Misuse::WhichRing(vec![near("Plaza", 1), near("", 2)]).into(),
        offer(false),
        offer(true),
        Misuse::NotLoggedIn.into(),
        Misuse::LoggedInAs("ana".to_owned()).into(),
        Misuse::NoSuchNumber(9).into(),
        Misuse::NotADweet("x".repeat(500)).into(),
        Misuse::NotANick("señora".to_owned()).into(),
        Misuse::Unfit(Unfit::TooLong {
            characters: 240,
            characters_max: 225,
        })
        .into(),
        Misuse::Unfit(Unfit::Empty).into(),
        Misuse::OtherDevices.into(),
        Misuse::BackupWaits.into(),
        Misuse::DevicesChange.into(),
        Misuse::NotADevice("zz".to_owned()).into(),
        Misuse::ThisDevice.into(),
        Misuse::ShutOut.into(),
        Misuse::NoOtherDevice.into(),
        Misuse::NotACode { group: None }.into(),
        Misuse::NotACode { group: Some(3) }.into(),
        Misuse::NoSuchCode.into(),
        Misuse::LinkBroken.into(),
        Misuse::OtherIdentity.into(),
        Misuse::CodeNeeded.into(),
        Misuse::NoBackup.into(),
        Misuse::WrongCode.into(),
        Misuse::DamagedBackup.into(),
        Misuse::NewerBackup.into(),
        Misuse::OldBackup { number: 2, newest: 3 }.into(),
        Misuse::NoIdentity("ben".to_owned()).into(),
        Misuse::NotShown("ben".to_owned()).into(),
        Misuse::HeldBack("ben".to_owned()).into(),
    ]
}

#[test]
fn every_failure_says_what_happened_and_what_to_do() {
    for (language, suffix) in [(Language::English, "en"), (Language::Spanish, "es")] {
        let look = look(language);
        let shown: Vec<String> = failures()
            .iter()
            .map(|failure| {
                let mut page = look.page();
                page.text(Style::Bad, 0, &refusal::words(&look, failure));
                format!(
                    "--- {} ({})\n{}",
                    failure.code(),
                    failure.exit_status(),
                    page.print(Paint::Bare)
                )
            })
            .collect();
        insta::assert_snapshot!(format!("failures_{suffix}"), shown.join("\n"));
    }
}

#[test]
fn colours_are_the_only_escape_sequences() {
    let look = look(Language::English);
    for (name, answer) in answers() {
        let painted = show(&look, &answer).print(Paint::Colours);
        assert!(
            !painted
                .chars()
                .any(|char| char.is_control() && !matches!(char, '\n' | '\u{1b}')),
            "{name}"
        );
        for sequence in painted.split('\u{1b}').skip(1) {
            let digits = sequence
                .strip_prefix('[')
                .and_then(|rest| rest.split_once('m'))
                .expect("a colour")
                .0;
            assert!(
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()),
                "{name}"
            );
        }
    }
}
