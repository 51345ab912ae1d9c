//! A group of one copy in memory, in which a few people have been about: what hostile verbs are tried on.
//!
//! **Invariant:** no command and no query that can be read makes a `Fault`, for that would stop the group on each of its machines.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex};

use tertulia_state::account::{Own, Register};
use tertulia_state::dweet::{Profile, Publish};
use tertulia_state::favourite::SetFavourite;
use tertulia_state::follow::Follow;
use tertulia_state::mute::{Mute, SetMute};
use tertulia_state::notification::Notifications;
use tertulia_state::oauth::{App, CreateApp, OpenAppToken};
use tertulia_state::outbox::{Parcel, Pending, Settle, Settled};
use tertulia_state::page::Page;
use tertulia_state::redweet::Redweet;
use tertulia_state::request::RequestKey;
use tertulia_state::session::{Actor, NewSession, SecretHash};
use tertulia_state::timeline::{CountUnseen, Home, NextPage};
use tertulia_state::{
    AnyCommand, AnyQuery, Command, Database, Descriptor, Location, Placed, Proposal, Query, Reader,
};
use tertulia_types::view::{Body, DweetView, Mention, ReplyTo, Visibility};
use tertulia_types::{AccountId, Range, Rejected, Scopes};

use crate::chance::Pool;

/// When it all begins.
const BEGIN_MS: u64 = 1_700_000_000_000;
/// Ids that are kept in mind.
const LEARNT_MAX: usize = 96;
/// The people: the bytes of their sessions' hashes are their places here, from 1 on.
const NICKS: [&str; 4] = ["ana", "bob", "eva", "zoe"];
const CLIENT: &str = "app";

/// One copy.
pub struct Group {
    pub database: Database,
    pub reader: Reader,
    /// What was applied since it was copied.
    pub log: Vec<Placed>,
    index: u64,
    stamp_ms: u64,
}

/// A community that has lived for a while; each run begins with a copy of it.
struct Template {
    reader: Reader,
    index: u64,
    stamp_ms: u64,
    pool: Pool,
    _kept: Database,
}

static TEMPLATE: LazyLock<Mutex<Template>> = LazyLock::new(|| Mutex::new(Template::make()));

/// A place in memory that nobody has used.
fn nowhere() -> Location {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    Location {
        path: format!("/fuzz-{}", NEXT.fetch_add(1, Ordering::Relaxed)).into(),
        vfs: Some("memdb".to_owned()),
        key: None,
    }
}

/// The same community twice, and what means something in it.
#[must_use]
pub fn twins() -> (Group, Group, Pool) {
    let template = TEMPLATE.lock().expect("nobody panics with it");
    (
        Group::copied(&template),
        Group::copied(&template),
        template.pool.clone(),
    )
}

impl Group {
    fn copied(template: &Template) -> Self {
        let location = nowhere();
        // What lies in memory goes when nobody has it open.
        let empty = Reader::open(&location).ok();
        template.reader.copy_to(&location).expect("there is room");
        let database = Database::open(&location).expect("a copy opens");
        drop(empty);
        let reader = Reader::open(&location).expect("a copy is read");
        Self {
            database,
            reader,
            log: Vec::new(),
            index: template.index,
            stamp_ms: template.stamp_ms,
        }
    }

    /// Lets time pass.
    pub fn wait(&mut self, ms: u64) {
        self.stamp_ms += ms;
    }

    /// Applies commands as one entry of the log. The replies are encoded.
    pub fn apply(&mut self, commands: Vec<Vec<u8>>, is_settled: bool) -> Vec<Vec<u8>> {
        self.stamp_ms += 1;
        self.index += 1;
        let entry = Placed {
            index: self.index,
            is_settled,
            proposal: Proposal {
                stamp_ms: self.stamp_ms,
                commands,
            },
        };
        self.bear(&entry);
        let applied = self.database.apply(std::slice::from_ref(&entry), b"fuzz");
        let mut applied = applied.expect("no command stops the group");
        self.log.push(entry);
        applied.replies.remove(0)
    }

    /// What a split gives birth to comes into being, and is what was foreseen.
    fn bear(&mut self, entry: &Placed) {
        let foreseen = self.database.foresee(entry).expect("no command stops the group");
        let Some(birth) = foreseen else { return };
        let location = nowhere();
        let empty = Reader::open(&location).ok();
        self.reader.copy_to(&location).expect("there is room");
        let mut child = Database::open(&location).expect("a copy opens");
        drop(empty);
        child.become_child(entry, b"fuzz").expect("a child is born");
        assert_eq!(
            (child.descriptor(), child.origin()),
            (birth.child, Some(birth.origin()))
        );
        assert!(!birth.parent.range.contains(birth.child.range.end()));
    }

    /// Applies a command of ours, which succeeds.
    fn submit<C: Command + Into<AnyCommand>>(&mut self, command: C) -> C::Reply {
        let any: AnyCommand = command.into();
        let reply = self.apply(vec![any.to_bytes().expect("encodes")], true).remove(0);
        let reply: Result<C::Reply, Rejected> = postcard::from_bytes(&reply).expect("a reply");
        reply.unwrap_or_else(|rejected| panic!("{} is refused: {rejected}", any.name()))
    }

    /// Answers a query of ours.
    pub fn query<Q: Query>(&mut self, query: &Q) -> Option<Q::Reply> {
        let answer = self.reader.query(query, self.stamp_ms);
        answer.expect("no query stops the group").ok()
    }

    /// Answers any query: the encoded reply.
    pub fn ask(&mut self, query: &AnyQuery) -> Vec<u8> {
        let query = query.to_bytes().expect("encodes");
        let answer = self.reader.query_bytes(&query, self.stamp_ms);
        answer.expect("no query stops the group")
    }

    /// The first errands that wait.
    pub fn pending(&mut self, limit: u32) -> Vec<Parcel> {
        let at = self.database.descriptor().range.end();
        let pending = Pending {
            at,
            after_seq: 0,
            limit,
        };
        self.query(&pending).expect("the group's own end")
    }

    /// Carries an errand to this very group, once; what came of it.
    pub fn carry(&mut self, parcel: &Parcel) -> Settled {
        let seq = parcel.seq;
        let Some(command) = &parcel.command else {
            return Settled {
                seq,
                result: Ok(None),
            };
        };
        let reply = self.apply(vec![command.clone()], true).remove(0);
        let result = match reply.split_first() {
            Some((0, _)) if parcel.walk.is_some() => Ok(None),
            Some((0, reply)) => Ok(Some(reply.to_vec())),
            _ => postcard::from_bytes::<Result<(), Rejected>>(&reply)
                .expect("a refusal")
                .map(|()| None),
        };
        Settled { seq, result }
    }

    /// Says what came of errands.
    pub fn settle(&mut self, parcels: Vec<Settled>) {
        let at = self.database.descriptor().range.end();
        self.submit(Settle { at, parcels });
    }

    fn carry_all(&mut self) {
        for _ in 0..8 {
            let settled = self
                .pending(256)
                .iter()
                .map(|parcel| self.carry(parcel))
                .collect();
            self.settle(settled);
        }
    }

    /// Reads what a person has, in all the ways in which their app does.
    pub fn visit(&mut self, actor: Actor) {
        let page = || Page::newest(80);
        let account = actor.account;
        let needed = Scopes::NONE;
        self.query(&Own { actor, needed });
        self.query(&Home { actor, page: page() });
        self.query(&CountUnseen { actor });
        self.query(&NextPage {
            actor,
            limit: 20,
            from: None,
        });
        self.query(&Notifications {
            actor,
            page: page(),
            kinds: Vec::new(),
            from: None,
        });
        self.query(&Profile {
            author: account,
            viewer: Some(account),
            page: page(),
            exclude_replies: false,
            exclude_redweets: false,
            tagged: None,
        });
    }

    fn register(&mut self, place: usize, nick: &str) -> Actor {
        let hash = SecretHash([place as u8 + 1; 32]);
        let account = self.submit(Register {
            nick: nick.parse().expect("a nick"),
            name: nick.to_uppercase(),
            password: "$argon2id$".to_owned(),
            language: None,
            key: RequestKey([200 + place as u8; 16]),
            session: NewSession {
                hash,
                scopes: Scopes::EVERYTHING,
                label: "fuzz".to_owned(),
                client: None,
            },
        });
        Actor {
            account: account.id,
            session: hash,
        }
    }
}

/// What people write.
#[must_use]
pub fn body(text: &str) -> Body {
    Body {
        text: text.to_owned(),
        spoiler: String::new(),
        visibility: Visibility::Public,
        sensitive: false,
        language: None,
        reply_to: None,
        mentions: Vec::new(),
        tags: Vec::new(),
        application: None,
    }
}

/// The people of the community, as far as their first sessions stand.
#[must_use]
pub fn people(pool: &Pool) -> Vec<Actor> {
    let actors = pool.pairs["Actor"].iter();
    let actor = |&(account, hash): &(u64, u64)| {
        Some(Actor {
            account: AccountId::from_number(i64::try_from(account).ok()?)?,
            session: SecretHash([hash as u8; 32]),
        })
    };
    actors.filter_map(actor).collect()
}

/// Keeps in mind what looks like an id in something that was answered.
pub fn learn(pool: &mut Pool, reply: &[u8]) {
    for at in 0..reply.len() {
        let Ok((number, _)) = postcard::take_from_bytes::<i64>(&reply[at..]) else {
            continue;
        };
        let ms = (number >> 16) as u64;
        let number = number as u64;
        if (BEGIN_MS..BEGIN_MS * 2).contains(&ms)
            && !pool.numbers.contains(&number)
            && pool.numbers.len() < LEARNT_MAX
        {
            pool.numbers.push(number);
        }
    }
}

impl Template {
    fn make() -> Self {
        let location = nowhere();
        let descriptor = Descriptor {
            group: 7,
            range: Range::whole(),
            epoch: 1,
        };
        let database = Database::create(&location, descriptor).expect("a database");
        let mut group = Group {
            database,
            reader: Reader::open(&location).expect("a reader"),
            log: Vec::new(),
            index: 0,
            stamp_ms: BEGIN_MS,
        };
        let (actors, dweets) = live(&mut group);
        let mut pool = Pool {
            numbers: vec![1, 2, 3, Range::whole().end().0],
            texts: NICKS.map(str::to_owned).into(),
            ..Pool::default()
        };
        let accounts = actors.iter().map(|actor| actor.account.get() as u64);
        pool.numbers.extend(accounts.clone());
        pool.numbers
            .extend(dweets.iter().map(|dweet| dweet.id.get() as u64));
        // The ends of their slots, where a range may be cut.
        pool.numbers
            .extend(actors.iter().map(|actor| actor.account.home().0));
        pool.texts
            .extend(["mate", CLIENT, "https://app.example/back", "hola @ana #mate", ""].map(str::to_owned));
        pool.pairs.insert("Actor", accounts.zip(1..).collect());
        Self {
            index: group.index,
            stamp_ms: group.stamp_ms,
            reader: group.reader,
            pool,
            _kept: group.database,
        }
    }
}

/// What the people have been about.
fn live(group: &mut Group) -> (Vec<Actor>, Vec<DweetView>) {
    let mut number = 210;
    let mut key = move || {
        number += 1;
        RequestKey([number; 16])
    };
    let actors: Vec<Actor> = NICKS
        .iter()
        .enumerate()
        .map(|(place, nick)| group.register(place, nick))
        .collect();
    let (ana, bob, eva) = (actors[0], actors[1], actors[2]);
    for (actor, author) in [(ana, bob), (ana, eva), (bob, ana), (eva, bob)] {
        let author = author.account;
        let key = key();
        group.submit(Follow {
            actor,
            author,
            redweets: true,
            key,
        });
    }
    group.carry_all();
    let first = Body {
        mentions: vec![Mention {
            id: ana.account,
            nick: "ana".parse().expect("a nick"),
        }],
        tags: vec!["mate".to_owned()],
        ..body("hola @ana #mate")
    };
    let first = group.submit(Publish {
        actor: bob,
        body: first,
        key: key(),
    });
    let reply_to = Some(ReplyTo {
        id: first.id,
        author: bob.account,
        root: first.id,
    });
    let second = group.submit(Publish {
        actor: ana,
        body: Body {
            reply_to,
            ..body("sí")
        },
        key: key(),
    });
    let private = Body {
        visibility: Visibility::Private,
        ..body("entre nosotros")
    };
    let third = group.submit(Publish {
        actor: eva,
        body: private,
        key: key(),
    });
    let passed_on = group.submit(Redweet {
        actor: eva,
        original: first.clone(),
        key: key(),
    });
    group.submit(SetFavourite {
        actor: ana,
        dweet: first.id,
        stands: true,
        key: key(),
    });
    group.submit(SetMute {
        actor: bob,
        target: eva.account,
        mute: Some(Mute {
            notifications: true,
            duration_ms: None,
        }),
        key: key(),
    });
    group.submit(CreateApp {
        app: App {
            client_id: CLIENT.to_owned(),
            secret: SecretHash([1; 32]),
            name: "An app".to_owned(),
            website: None,
            redirect_uris: vec!["https://app.example/back".to_owned()],
            scopes: Scopes::EVERYTHING,
        },
    });
    group.submit(OpenAppToken {
        client_id: CLIENT.to_owned(),
        hash: SecretHash([2; 32]),
        scopes: Scopes::READ_ACCOUNTS,
    });
    group.carry_all();
    // Something still waits.
    let last = group.submit(Publish {
        actor: bob,
        body: body("otro"),
        key: key(),
    });
    (actors, vec![first, second, third, passed_on, last])
}
