//! Sessions: nothing is done or read without one that stands and allows it.

use crate::community::Community;
use std::collections::BTreeSet;
use tertulia_state::account::Credentials;
use tertulia_state::closing::CloseAccount;
use tertulia_state::dweet::Publish;
use tertulia_state::prune::Prune;
use tertulia_state::session::{
    Actor, CheckSession, CloseSession, LIFETIME_MS, NewSession, OpenSession, SecretHash, Sessions,
};
use tertulia_state::{
    AnyCommand, AnyQuery, Event, account, block, bookmark, device, dweet, favourite, follow, invitation,
    key_package, mailbox, report, safe,
};
use tertulia_state::{marker, measure, mute, notification, page::Page, presence, redweet, session, timeline};
use tertulia_types::device::{Change, Link, PublicKey, Record, SignedRecord};
use tertulia_types::moderation::{Measure, Person, Role};
use tertulia_types::presence::{Presence, SignedPresence};
use tertulia_types::view::Visibility;
use tertulia_types::{BoxName, DweetId, NotificationId, Rejected, Scopes, Slot};

fn open(community: &mut Community, of: Actor, scopes: Scopes) -> Result<Actor, Rejected> {
    let hash = community.secret();
    let open = OpenSession {
        account: of.account,
        password_version: 1,
        session: NewSession {
            hash,
            scopes,
            label: "phone".to_owned(),
            client: None,
        },
    };
    community.submit(open)?;
    Ok(Actor {
        account: of.account,
        session: hash,
    })
}

/// All commands that someone asks for with a session.
fn commands(community: &mut Community, actor: Actor) -> Vec<AnyCommand> {
    let (ana, own) = (
        community.person("ana"),
        community.publish(community.person("ana"), "hola"),
    );
    let other = community.person("ben").account;
    let mut key = || community.key();
    let body = Community::body("text");
    let id = own.id;
    vec![
        account::ChangePassword {
            actor,
            verified_version: 1,
            hash: String::new(),
        }
        .into(),
        account::EditProfile {
            actor,
            name: None,
            note: None,
            bot: None,
            discoverable: None,
            defaults: None,
        }
        .into(),
        CloseSession {
            actor,
            id: Some(NotificationId::new(1, ana.account.slot())),
        }
        .into(),
        Publish {
            actor,
            body: body.clone(),
            key: key(),
        }
        .into(),
        dweet::Edit {
            actor,
            id,
            body,
            key: key(),
        }
        .into(),
        dweet::Delete {
            actor,
            id,
            key: key(),
        }
        .into(),
        redweet::Redweet {
            actor,
            original: own,
            key: key(),
        }
        .into(),
        redweet::Unredweet {
            actor,
            original: id,
            key: key(),
        }
        .into(),
        favourite::SetFavourite {
            actor,
            dweet: id,
            stands: true,
            key: key(),
        }
        .into(),
        bookmark::SetBookmark {
            actor,
            dweet: id,
            stands: true,
            key: key(),
        }
        .into(),
        follow::Follow {
            actor,
            author: other,
            redweets: true,
            key: key(),
        }
        .into(),
        follow::Unfollow {
            actor,
            author: other,
            key: key(),
        }
        .into(),
        block::SetBlock {
            actor,
            target: other,
            stands: true,
            key: key(),
        }
        .into(),
        mute::SetMute {
            actor,
            target: other,
            mute: None,
            key: key(),
        }
        .into(),
        notification::Dismiss { actor, id: None }.into(),
        device::AppendRecord {
            actor,
            record: SignedRecord {
                record: Record {
                    account: actor.account,
                    identity: PublicKey([1; 32]),
                    sequence: 0,
                    previous: Link::default(),
                    made_ms: 1,
                    change: Change::Add {
                        key: PublicKey([2; 32]),
                        label: "laptop".to_owned(),
                    },
                },
                signature: vec![0; 64],
            },
            key: key(),
        }
        .into(),
        key_package::StockPackages {
            actor,
            device: PublicKey([2; 32]).device(),
            packages: Vec::new(),
            replaces: false,
            last_resort: None,
            key: key(),
        }
        .into(),
        presence::SetPresence {
            actor,
            record: SignedPresence {
                presence: Presence {
                    account: actor.account,
                    device: PublicKey([2; 32]).device(),
                    counter: 1,
                    until_ms: 1,
                    key: PublicKey([3; 32]),
                    addresses: Vec::new(),
                },
                signature: vec![0; 64],
            },
        }
        .into(),
        mailbox::Acknowledge {
            actor,
            device: PublicKey([2; 32]).device(),
            number: 0,
        }
        .into(),
        safe::FillBox {
            actor,
            name: BoxName::SAFE,
            before: 0,
            is_lasting: true,
            body: vec![1],
        }
        .into(),
        safe::EmptyBox {
            actor,
            name: BoxName::SAFE,
            version: 1,
        }
        .into(),
        marker::SetMarker {
            actor,
            timeline: marker::Timeline::Home,
            last_read_id: 1,
        }
        .into(),
        invitation::Invite {
            actor,
            hash: SecretHash([3; 32]),
            note: String::new(),
            uses_max: 1,
            lifetime_ms: 1_000,
            key: key(),
        }
        .into(),
        invitation::Disinvite {
            actor,
            id: NotificationId::new(1, ana.account.slot()),
        }
        .into(),
        report::FileReport {
            actor,
            about: Person {
                id: other,
                nick: "ben".parse().expect("a nick"),
            },
            dweets: Vec::new(),
            comment: String::new(),
            category: "other".to_owned(),
            key: key(),
        }
        .into(),
        measure::Decide {
            actor,
            measure: Measure::Suspend {
                whom: Person {
                    id: other,
                    nick: "ben".parse().expect("a nick"),
                },
            },
            why: String::new(),
            key: key(),
        }
        .into(),
        CloseAccount {
            actor,
            verified_version: 1,
        }
        .into(),
        // Last, for it ends the session that asks.
        CloseSession { actor, id: None }.into(),
    ]
}

/// All queries that someone asks with a session.
fn queries(actor: Actor) -> Vec<AnyQuery> {
    let (page, needed) = (Page::default(), Scopes::NONE);
    let id = NotificationId::new(1, actor.account.slot());
    let device = PublicKey([2; 32]).device();
    vec![
        account::OwnPassword { actor }.into(),
        account::Own { actor, needed }.into(),
        CheckSession { actor, needed }.into(),
        Sessions { actor }.into(),
        bookmark::Bookmarks { actor, page }.into(),
        favourite::Favourites { actor, page }.into(),
        follow::Relationships {
            actor,
            others: Vec::new(),
        }
        .into(),
        block::Blocks { actor, page }.into(),
        mute::Mutes { actor, page }.into(),
        timeline::Home { actor, page }.into(),
        timeline::HomeEntry {
            actor,
            id: DweetId::new(1, Slot(0)),
        }
        .into(),
        timeline::FollowedIds { actor }.into(),
        timeline::FlagsOf {
            actor,
            needed,
            dweets: Vec::new(),
        }
        .into(),
        timeline::CountUnseen { actor }.into(),
        timeline::NextPage {
            actor,
            limit: 1,
            from: None,
        }
        .into(),
        notification::Notifications {
            actor,
            page,
            kinds: Vec::new(),
            from: None,
        }
        .into(),
        notification::Notification { actor, id }.into(),
        mailbox::Fetch {
            actor,
            device,
            after: 0,
        }
        .into(),
        safe::OpenBox {
            actor,
            name: BoxName::SAFE,
        }
        .into(),
        marker::Markers { actor }.into(),
        invitation::Invitations { actor }.into(),
        measure::OutcomeOf { actor, id }.into(),
        measure::CheckRole {
            actor,
            needed: Role::Moderator,
        }
        .into(),
    ]
}

/// What machines ask of each other and applications ask without a person, what anybody may read, and what itself opens a
/// session or checks the secret that it was given.
const WITHOUT_SESSION: &[&str] = &[
    "Register",
    "OpenSession",
    "CreateApp",
    "OpenAppToken",
    "CloseAppToken",
    "Authorize",
    "ExchangeCode",
    "Revoke",
    "CountRedweet",
    "SetOriginal",
    "CountFavourite",
    "CountReply",
    "PutInThread",
    "PutUnderTag",
    "SetFollower",
    "SetBlockedBy",
    "Settle",
    "Deliver",
    "DeliverCard",
    "SetReader",
    "Notify",
    "GoOnClosing",
    "GoOnForgetting",
    "GoOnDismissing",
    "Prune",
    "Split",
    "TakeEnd",
    "Trim",
    #[cfg(debug_assertions)]
    "Try",
    "Credentials",
    "Lookup",
    "LookupMany",
    "FindApp",
    "AppOfToken",
    "Show",
    "ShowMany",
    "History",
    "Profile",
    "Public",
    "RedweetedBy",
    "FavouritedBy",
    "Thread",
    "Tagged",
    "Followers",
    "Following",
    "Pending",
    "Resume",
    "SearchAccounts",
    "Count",
    "AppOfSession",
    "FindEnd",
    // What concerns somebody else's home, or a conversation's: the session was asked for at the asker's.
    "ClaimPackages",
    "Deposit",
    "SubmitCommit",
    "Commits",
    "Records",
    "Presences",
    "Expired",
    // Homes to each other, and the one who runs a machine; what moderators read elsewhere, whose role was asked for at their home.
    "Take",
    "Appoint",
    "RecordDeed",
    "SetHidden",
    "Inspect",
    "Noted",
    "Deeds",
    "SetSettlement",
    "Use",
    "RegisterInvited",
    "TakeReport",
    "Settled",
    "Look",
    "Awaited",
    "Reports",
    "FindReport",
    "Days",
];

#[test]
fn p1_each_verb_is_asked_with_a_session_or_says_that_it_needs_none() {
    let mut community = Community::of(1);
    let [ana, _] = community.people(["ana", "ben"]);
    let commands = commands(&mut community, ana);
    let with = commands.iter().map(AnyCommand::name);
    let with: BTreeSet<_> = with.chain(queries(ana).iter().map(AnyQuery::name)).collect();
    let without: BTreeSet<_> = WITHOUT_SESSION.iter().copied().collect();
    assert_eq!(with.intersection(&without).count(), 0);
    let all: BTreeSet<_> = AnyCommand::NAMES.iter().chain(AnyQuery::NAMES).copied().collect();
    assert_eq!(&with | &without, all);
}

fn refusals(community: &mut Community, actor: Actor) -> Vec<(String, Option<Rejected>)> {
    let mut found = Vec::new();
    for query in queries(actor) {
        let group = community.group_of(query.home());
        let now_ms = community.clock_ms;
        let bytes = query.to_bytes().expect("encodes");
        let reply = community.groups[group]
            .reader
            .query_bytes(&bytes, now_ms)
            .expect("no fault");
        let refused = postcard::from_bytes::<Result<(), Rejected>>(&reply)
            .expect("an answer")
            .err();
        found.push((query.name().to_owned(), refused));
    }
    for command in commands(community, actor) {
        let refused = community.deliver(&command.to_bytes().expect("encodes")).err();
        found.push((command.name().to_owned(), refused));
    }
    found
}

#[test]
fn p1_an_ended_session_is_worthless_for_every_verb() {
    let mut community = Community::of(3);
    let [ana, _] = community.people(["ana", "ben"]);
    let ended = open(&mut community, ana, Scopes::EVERYTHING).expect("opened");
    community
        .submit(CloseSession {
            actor: ended,
            id: None,
        })
        .expect("closed");
    for (verb, refused) in refusals(&mut community, ended) {
        assert_eq!(refused, Some(Rejected::NoSession), "{verb}");
    }
    // Nor is a session worth anything for someone else, or one that never was.
    let ben = community.person("ben");
    let stolen = Actor {
        session: ben.session,
        ..ana
    };
    let forged = Actor {
        session: SecretHash([9; 32]),
        ..ana
    };
    for actor in [stolen, forged] {
        for (verb, refused) in refusals(&mut community, actor) {
            assert_eq!(refused, Some(Rejected::NoSession), "{verb}");
        }
    }
}

#[test]
fn p1_a_late_repeat_of_a_login_does_not_bring_an_ended_session_back() {
    let mut community = Community::of(1);
    let [ana, _] = community.people(["ana", "ben"]);
    let hash = community.secret();
    let login = OpenSession {
        account: ana.account,
        password_version: 1,
        session: NewSession {
            hash,
            scopes: Scopes::EVERYTHING,
            label: "phone".to_owned(),
            client: None,
        },
    };
    let actor = Actor {
        account: ana.account,
        session: hash,
    };
    let check = CheckSession {
        actor,
        needed: Scopes::NONE,
    };
    let id = community.submit(login.clone()).expect("opened");
    assert_eq!(
        community.submit(login.clone()),
        Ok(id),
        "a repeat names the same session"
    );
    assert_eq!(community.query(check.clone()), Ok(()));
    community
        .submit(CloseSession { actor, id: None })
        .expect("closed");
    assert_eq!(community.submit(login.clone()), Err(Rejected::NoSession));
    assert_eq!(community.query(check.clone()), Err(Rejected::NoSession));
    // Also when what has expired was removed meanwhile.
    let at = ana.account.home();
    let mut from = Some(Slot(0));
    while let Some(slot) = from {
        from = community.submit(Prune { at, from: slot }).expect("pruned");
    }
    assert_eq!(community.submit(login), Err(Rejected::NoSession));
    assert_eq!(community.query(check), Err(Rejected::NoSession));
    let listed = community.query(Sessions { actor: ana }).expect("sessions");
    assert_eq!(listed.len(), 1, "an ended session is not listed");
}

#[test]
fn p1_a_session_expires() {
    let mut community = Community::of(1);
    let [ana, _] = community.people(["ana", "ben"]);
    community.clock_ms += LIFETIME_MS - 10;
    let check = CheckSession {
        actor: ana,
        needed: Scopes::NONE,
    };
    assert_eq!(community.query(check.clone()), Ok(()));
    community.clock_ms += 20;
    assert_eq!(community.query(check), Err(Rejected::NoSession));
    community.events.clear();
    let at = community.groups[0].database.descriptor().range.end();
    let mut from = Some(Slot(0));
    while let Some(slot) = from {
        from = community.submit(Prune { at, from: slot }).expect("pruned");
    }
    assert!(
        community
            .events
            .contains(&Event::SessionsEnded { account: ana.account }),
        "whoever streams with it is told"
    );
}

#[test]
fn a_session_allows_what_its_scopes_say() {
    let mut community = Community::of(1);
    let [ana, _] = community.people(["ana", "ben"]);
    let narrow = open(&mut community, ana, Scopes::READ_STATUSES).expect("opened");
    let allowed = [
        "CheckSession",
        "Home",
        "FollowedIds",
        "CountUnseen",
        "NextPage",
        "Markers",
        "Own",
        "FlagsOf",
        "Relationships",
    ];
    for (verb, refused) in refusals(&mut community, narrow) {
        match verb.as_str() {
            "HomeEntry" => assert_eq!(refused, Some(Rejected::NotFound)),
            verb if allowed.contains(&verb) => assert_ne!(refused, Some(Rejected::OutOfScope), "{verb}"),
            // Ending the session that asks is allowed to each, ending another to a full one.
            "CloseSession" => assert!(matches!(refused, Some(Rejected::OutOfScope) | None)),
            verb => assert_eq!(refused, Some(Rejected::OutOfScope), "{verb}"),
        }
    }
}

#[test]
fn p2_a_session_opens_only_for_the_password_that_was_verified() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    let nick = "ana".parse().expect("a nick");
    let version = community.query(Credentials { nick }).expect("a password").version;
    assert_eq!(version, 1);
    open(&mut community, ana, Scopes::EVERYTHING).expect("opened");
    let hash = String::new();
    community
        .submit(account::ChangePassword {
            actor: ana,
            verified_version: 1,
            hash,
        })
        .expect("changed");
    assert_eq!(
        open(&mut community, ana, Scopes::EVERYTHING),
        Err(Rejected::WrongPassword)
    );
}

#[test]
fn p2_the_hash_of_a_secret_is_not_shown_by_debug() {
    let hash = SecretHash([0xAB; 32]);
    assert_eq!(format!("{hash:?}"), "SecretHash(…)");
}

#[test]
fn sessions_are_listed_and_ended_one_by_one() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    let phone = open(&mut community, ana, Scopes::EVERYTHING).expect("opened");
    let listed = community.query(Sessions { actor: ana }).expect("sessions");
    assert_eq!(
        listed
            .iter()
            .map(|s| (s.label.as_str(), s.current))
            .collect::<Vec<_>>(),
        [("phone", false), ("test", true)]
    );
    community.events.clear();
    let id = Some(listed[0].id);
    community.submit(CloseSession { actor: ana, id }).expect("closed");
    assert_eq!(community.events, [Event::SessionsEnded { account: ana.account }]);
    assert_eq!(
        community.query(Sessions { actor: phone }),
        Err(Rejected::NoSession)
    );
    let again = community.submit(CloseSession { actor: ana, id });
    assert_eq!(again, Ok(()), "a repeat is answered as the first time");
    assert_eq!(community.events.len(), 1);
    let ben = community.register("ben");
    assert_eq!(
        community.submit(CloseSession { actor: ben, id }),
        Err(Rejected::NotFound)
    );
}

#[test]
fn p1_the_oldest_of_too_many_sessions_ends_and_its_streams_are_told() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    for _ in 0..99 {
        open(&mut community, ana, Scopes::EVERYTHING).expect("opened");
    }
    assert_eq!(
        community.query(Sessions { actor: ana }).expect("sessions").len(),
        100
    );
    community.events.clear();
    open(&mut community, ana, Scopes::EVERYTHING).expect("opened");
    assert_eq!(community.query(Sessions { actor: ana }), Err(Rejected::NoSession));
    assert_eq!(community.events, [Event::SessionsEnded { account: ana.account }]);
}

#[test]
fn the_application_of_a_dweet_is_that_of_its_session() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    let hash = community.secret();
    let session = session::NewSession {
        hash,
        scopes: Scopes::EVERYTHING,
        label: "Tusky".to_owned(),
        client: Some(("id".to_owned(), Some("https://tusky.app".to_owned()))),
    };
    community
        .submit(OpenSession {
            account: ana.account,
            password_version: 1,
            session,
        })
        .expect("opened");
    let tusky = Actor { session: hash, ..ana };
    let written = community.publish(tusky, "hola");
    let body = written.body().expect("a body");
    assert_eq!(
        body.application.as_ref().map(|app| app.name.as_str()),
        Some("Tusky")
    );
    assert_eq!(body.visibility, Visibility::Public);
    let plain = community.publish(ana, "hola");
    assert_eq!(plain.body().expect("a body").application, None);
}
