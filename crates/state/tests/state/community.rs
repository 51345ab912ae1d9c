//! A community in memory of the test: some groups that share the ring, their databases, and a courier that carries by
//! hand. No consensus and no network: what is tested is what verbs do.

use std::collections::BTreeMap;
use tempfile::TempDir;
use tertulia_state::account::Register;
use tertulia_state::dweet::Publish;
use tertulia_state::follow::Follow;
use tertulia_state::outbox::{Hop, Parcel, Pending, Resume, Settle, Settled, Walked};
use tertulia_state::range::{Birth, Split};
use tertulia_state::request::RequestKey;
use tertulia_state::session::{Actor, NewSession, SecretHash};
use tertulia_state::{
    AnyCommand, Command, Database, Descriptor, Event, Location, Placed, Proposal, Query, Reader,
};
use tertulia_types::view::{Body, DweetView, Visibility};
use tertulia_types::{AccountId, MachineId, Position, Range, Rejected, Scopes, Slot};

pub(crate) struct Group {
    pub(crate) database: Database,
    pub(crate) reader: Reader,
    /// The log index of what it applies next.
    next_index: u64,
}

impl Group {
    /// While rows of the other half of a split are here, nothing may come of them.
    fn owes_nothing_for_others(&self) {
        if self.database.is_trimmed() {
            return;
        }
        let conn = rusqlite::Connection::open(&self.database.location().path).expect("opens");
        let mut statement = conn.prepare("SELECT slot FROM outbox").expect("prepares");
        let slots = statement.query_map([], |row| row.get(0)).expect("rows");
        let range = self.database.descriptor().range;
        for slot in slots.map(|slot| Slot(slot.expect("a slot"))) {
            assert!(range.contains(slot.end()), "slot {slot:?} is another group's");
        }
    }

    fn new(database: Database, next_index: u64) -> Self {
        let reader = Reader::open(database.location()).expect("a reader");
        Self {
            database,
            reader,
            next_index,
        }
    }
}

pub(crate) struct Community {
    pub(crate) groups: Vec<Group>,
    pub(crate) clock_ms: u64,
    pub(crate) events: Vec<Event>,
    /// Every proposal that each group applied: its log.
    pub(crate) logs: Vec<Vec<Placed>>,
    /// Whether memberships are settled at the moment, and not joint.
    pub(crate) is_settled: bool,
    people: BTreeMap<String, Actor>,
    requests: u64,
    dir: TempDir,
}

impl Community {
    pub(crate) fn of(groups: u32) -> Self {
        let dir = TempDir::new().expect("a directory");
        let make = |(i, range): (usize, Range)| {
            let location = Location::file(dir.path().join(format!("{i}.db")));
            let descriptor = Descriptor {
                group: i as u64 + 1,
                range,
                epoch: 1,
            };
            let database = Database::create(&location, descriptor).expect("a database");
            Group::new(database, 1)
        };
        let groups: Vec<_> = Range::even(groups).into_iter().enumerate().map(make).collect();
        let logs = groups.iter().map(|_| Vec::new()).collect();
        let clock_ms = 1_700_000_000_000;
        Self {
            groups,
            clock_ms,
            events: Vec::new(),
            logs,
            is_settled: true,
            people: BTreeMap::new(),
            requests: 0,
            dir,
        }
    }

    pub(crate) fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub(crate) fn group_of(&self, position: Position) -> usize {
        let owns = |group: &Group| group.database.descriptor().range.contains(position);
        self.groups.iter().position(owns).expect("the ring is covered")
    }

    pub(crate) fn key(&mut self) -> RequestKey {
        self.requests += 1;
        let mut key = [0; 16];
        key[..8].copy_from_slice(&self.requests.to_be_bytes());
        RequestKey(key)
    }

    pub(crate) fn submit<C: Command + Into<AnyCommand>>(&mut self, command: C) -> Result<C::Reply, Rejected> {
        let group = self.group_of(command.home());
        self.submit_to(group, command)
    }

    pub(crate) fn submit_to<C: Command + Into<AnyCommand>>(
        &mut self,
        group: usize,
        command: C,
    ) -> Result<C::Reply, Rejected> {
        let any: AnyCommand = command.into();
        let reply = self.apply(group, any.to_bytes().expect("encodes"));
        postcard::from_bytes(&reply).expect("a reply")
    }

    fn apply(&mut self, group: usize, command: Vec<u8>) -> Vec<u8> {
        self.apply_all(group, vec![command]).remove(0)
    }

    /// Applies commands as one entry of a group's log: the group is divided if one of them says so.
    pub(crate) fn apply_all(&mut self, group: usize, commands: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        self.clock_ms += 1;
        let entry = Placed {
            index: self.groups[group].next_index,
            is_settled: self.is_settled,
            proposal: Proposal {
                stamp_ms: self.clock_ms,
                commands,
            },
        };
        self.groups[group].next_index += 1;
        if let Some(birth) = self.groups[group].database.foresee(&entry).expect("no fault") {
            self.bear(group, &entry, birth);
        }
        let applied = self.groups[group]
            .database
            .apply(std::slice::from_ref(&entry), b"test")
            .expect("no fault");
        self.logs[group].push(entry);
        self.groups[group].owes_nothing_for_others();
        self.events.extend(applied.events);
        applied.replies[0].clone()
    }

    fn bear(&mut self, parent: usize, entry: &Placed, birth: Birth) {
        let location = Location::file(self.dir.path().join(format!("{:016x}.db", birth.child.group)));
        self.groups[parent].reader.copy_to(&location).expect("a copy");
        let mut child = Database::open(&location).expect("opens");
        child.become_child(entry, b"test").expect("a child");
        assert_eq!(
            (child.descriptor(), child.origin()),
            (birth.child, Some(birth.origin()))
        );
        self.groups.push(Group::new(child, entry.index + 1));
        self.logs.push(Vec::new());
    }

    /// Divides the group that owns a position, for a machine.
    pub(crate) fn split(&mut self, at: Position, machine: u64) -> Result<Birth, Rejected> {
        let machine = MachineId(machine);
        self.submit(Split {
            at,
            machine,
            incarnation: 1,
        })
    }

    pub(crate) fn query<Q: Query>(&mut self, query: Q) -> Result<Q::Reply, Rejected> {
        let group = self.group_of(query.home());
        self.groups[group]
            .reader
            .query(&query, self.clock_ms)
            .expect("no fault")
    }

    /// Carries all errands of all groups until none is left; answers how many parcels that took.
    pub(crate) fn carry(&mut self) -> usize {
        let mut carried = 0;
        for _round in 0..10_000 {
            let mut idle = true;
            for group in 0..self.groups.len() {
                let at = self.groups[group].database.descriptor().range.end();
                let parcels = self
                    .query(Pending {
                        at,
                        after_seq: 0,
                        limit: 100,
                    })
                    .expect("pending");
                for parcel in parcels {
                    idle = false;
                    carried += self.carry_one(at, parcel);
                }
            }
            if idle {
                return carried;
            }
        }
        panic!("the errands never end");
    }

    /// What waits in all outboxes: each with the end of its group's range.
    pub(crate) fn pending(&mut self) -> Vec<(Position, Parcel)> {
        let ends: Vec<_> = self
            .groups
            .iter()
            .map(|g| g.database.descriptor().range.end())
            .collect();
        let mut found = Vec::new();
        for at in ends {
            let parcels = self
                .query(Pending {
                    at,
                    after_seq: 0,
                    limit: 1_000,
                })
                .expect("pending");
            found.extend(parcels.into_iter().map(|parcel| (at, parcel)));
        }
        found
    }

    /// Tells a group what came of one of its parcels.
    pub(crate) fn settle(&mut self, at: Position, seq: u64, result: Result<Option<Vec<u8>>, Rejected>) {
        let parcels = vec![Settled { seq, result }];
        self.submit(Settle { at, parcels }).expect("settles");
    }

    /// Where a word lies: group and table, without some tables.
    pub(crate) fn holds(&self, word: &str, without: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for (group, Group { database, .. }) in self.groups.iter().enumerate() {
            let conn = rusqlite::Connection::open(&database.location().path).expect("opens");
            let names = |sql: &str| -> Vec<String> {
                let mut statement = conn.prepare(sql).expect("prepares");
                let rows = statement.query_map([], |row| row.get(0)).expect("rows");
                rows.collect::<Result<_, _>>().expect("names")
            };
            for table in names("SELECT name FROM sqlite_master WHERE type = 'table'") {
                let columns = names(&format!("SELECT name FROM pragma_table_info('{table}')"));
                let holds = |column: &String| {
                    let sql = format!(
                        "SELECT EXISTS (SELECT 1 FROM \"{table}\" WHERE instr(CAST(\"{column}\" AS BLOB), ?1) > 0)"
                    );
                    conn.query_row(&sql, [word.as_bytes()], |row| row.get(0))
                        .expect("searched")
                };
                if !without.contains(&table.as_str()) && columns.iter().any(holds) {
                    found.push(format!("{group} {table}"));
                }
            }
        }
        found
    }

    /// Carries one parcel to its end, with all hops of a walk.
    pub(crate) fn carry_one(&mut self, at: Position, parcel: Parcel) -> usize {
        let (mut parcel, mut hops) = (parcel, 0);
        let result = loop {
            let Some(bytes) = parcel.command.clone() else {
                break Ok(None);
            };
            hops += 1;
            let reply = self.deliver(&bytes);
            let reply = match reply {
                Ok(reply) => reply,
                Err(rejected) => break Err(rejected),
            };
            let Some(hop) = answered(&parcel, &reply) else {
                break Ok(Some(reply));
            };
            let rows = vec![hop];
            let resumed = self.query(Resume { at, rows }).expect("resumes");
            match resumed.into_iter().next() {
                Some(resumed) => parcel = resumed,
                None => return hops,
            }
        };
        let settled = Settled {
            seq: parcel.seq,
            result,
        };
        self.submit(Settle {
            at,
            parcels: vec![settled],
        })
        .expect("settles");
        hops
    }

    /// Brings an encoded command to its home: the bytes of its reply, or the refusal.
    pub(crate) fn deliver(&mut self, command: &[u8]) -> Result<Vec<u8>, Rejected> {
        let home = AnyCommand::from_bytes(command).expect("a command").home();
        let group = self.group_of(home);
        let reply = self.apply(group, command.to_vec());
        match reply.split_first() {
            Some((0, reply)) => Ok(reply.to_vec()),
            _ => Err(postcard::from_bytes::<Result<(), Rejected>>(&reply)
                .expect("a refusal")
                .expect_err("refused")),
        }
    }

    pub(crate) fn register(&mut self, nick: &str) -> Actor {
        let actor = self.try_register(nick).expect("the nick is free");
        self.people.insert(nick.to_owned(), actor);
        actor
    }

    pub(crate) fn try_register(&mut self, nick: &str) -> Result<Actor, Rejected> {
        let hash = self.secret();
        let session = NewSession {
            hash,
            scopes: Scopes::EVERYTHING,
            label: "test".to_owned(),
            client: None,
        };
        let register = Register {
            nick: nick.parse().expect("a nick"),
            name: String::new(),
            password: "$argon2id$…".to_owned(),
            language: None,
            key: self.key(),
            session,
        };
        Ok(Actor {
            account: self.submit(register)?.id,
            session: hash,
        })
    }

    pub(crate) fn secret(&mut self) -> SecretHash {
        let mut hash = [7; 32];
        hash[..16].copy_from_slice(&self.key().0);
        SecretHash(hash)
    }

    pub(crate) fn person(&self, nick: &str) -> Actor {
        self.people[nick]
    }

    pub(crate) fn body(text: &str) -> Body {
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

    pub(crate) fn publish(&mut self, actor: Actor, text: &str) -> DweetView {
        self.publish_body(actor, Self::body(text))
    }

    pub(crate) fn publish_body(&mut self, actor: Actor, body: Body) -> DweetView {
        let key = self.key();
        self.submit(Publish { actor, body, key }).expect("published")
    }

    pub(crate) fn follow(&mut self, actor: Actor, author: AccountId) {
        let key = self.key();
        self.submit(Follow {
            actor,
            author,
            redweets: true,
            key,
        })
        .expect("follows");
    }
}

/// The hop that a parcel was, as its answer has it; `None` if it is no walk.
pub(crate) fn answered(parcel: &Parcel, reply: &[u8]) -> Option<Hop> {
    let from = parcel.walk?;
    let command = parcel.command.as_ref().expect("a command");
    let walked: Walked = postcard::from_bytes(reply).expect("a hop's answer");
    Some(Hop {
        seq: parcel.seq,
        from,
        to: AnyCommand::from_bytes(command).expect("a command").home().slot(),
        next: walked.next,
    })
}
