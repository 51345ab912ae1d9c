//! People who use the ring: they register, write, follow, read, log out and in again, each by themselves, as the seed has it.
//!
//! A person asks some machine that runs. If there is no answer they ask again, with the same key, and mostly another machine; in the end they know that it was
//! done or refused, or they never know. All of that goes into the [`Ledger`]; what they read is held against it at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tertulia_node::Failure;
use tertulia_state::account::Register;
use tertulia_state::dweet::{Delete, Profile, Publish};
use tertulia_state::favourite::SetFavourite;
use tertulia_state::follow::{Follow, Relationships, Unfollow};
use tertulia_state::page::{LIMIT_MAX, Page};
use tertulia_state::redweet::Redweet;
use tertulia_state::request::RequestKey;
use tertulia_state::session::{Actor, CloseSession, NewSession, OpenSession, SecretHash};
use tertulia_state::timeline::Home;
use tertulia_state::{AnyCommand, AnyQuery, Command, Query};
use tertulia_types::view::{Body, DweetView, Visibility};
use tertulia_types::{AccountId, DweetId, Rejected, Scopes};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::chance::Chance;
use super::invariant::{acknowledged, session};
use super::ledger::{self, Edge, Fate, Ledger, Registration};
use super::world::World;

/// How long a person waits for an answer; longer than a machine tries (5 s), mostly.
const PATIENCE_MS: (u64, u64) = (1_500, 7_000);
/// How often a person asks.
const TRIES: u32 = 3;
/// Between two things that a person does.
const THOUGHT_MS: (u64, u64) = (20, 700);
/// The same, where all are busy.
const BUSY_MS: (u64, u64) = (5, 120);
/// People who want the same nick at the same time.
const RIVALS: usize = 3;

/// What all people share.
#[derive(Clone)]
pub struct Town {
    world: World,
    ledger: Arc<Mutex<Ledger>>,
    habit: Habit,
    /// Whether all people sleep.
    night: watch::Sender<bool>,
}

/// How people live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// They take their time.
    Usual,
    /// They do one thing after another.
    Busy,
    /// They do too, and it is mostly following and not following any more, writing and deleting.
    Fickle,
}

/// What came of something that was asked, perhaps more than once.
enum Verdict<T> {
    Done(T),
    Refused(Rejected),
    Open,
}

/// One person.
struct Person {
    town: Town,
    name: String,
    chance: Chance,
    /// The session that is never ended; and the one that is.
    actor: Actor,
    second: Option<Actor>,
    written: u64,
}

impl Town {
    /// A town in which nobody has done anything yet, and in which people live like this.
    #[must_use]
    pub fn new(world: World, habit: Habit) -> Self {
        Self {
            world,
            ledger: Arc::default(),
            habit,
            night: watch::Sender::new(false),
        }
    }

    /// People sleep when they have finished what they have begun, or wake up.
    pub fn set_night(&self, is_night: bool) {
        self.night.send_replace(is_night);
    }

    /// Rests between two things, and for as long as it is night.
    async fn pause(&self, chance: &mut Chance, between_ms: (u64, u64), home: &CancellationToken) {
        let pause: Duration = chance.millis(between_ms.0, between_ms.1);
        let mut night = self.night.subscribe();
        let rest = async {
            sleep(pause).await;
            // The sender lives as long as the town.
            let _ = night.wait_for(|is_night| !*is_night).await;
        };
        let _ = home.run_until_cancelled(rest).await;
    }

    /// What people have been told.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The world that they live in.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// So many people live their lives until told to go home.
    pub async fn live(&self, count: usize, home: &CancellationToken) {
        let people = (0..count).map(|number| {
            let (town, home) = (self.clone(), home.clone());
            let living = async move {
                let Some(mut person) = Person::arrive(&town, number, &home).await else {
                    return;
                };
                person.live(&home).await;
            };
            tokio::spawn(living)
        });
        let rivals = tokio::spawn(self.clone().compete(home.clone()));
        for person in people.collect::<Vec<_>>() {
            join(person).await;
        }
        join(rivals).await;
    }

    /// Over and over, several want the same new nick at the same time, through several machines.
    async fn compete(self, home: CancellationToken) {
        let mut chance = Chance::new(self.world.seed(), "rivals");
        let mut round = 0;
        while !home.is_cancelled() {
            round += 1;
            let rivals = (0..RIVALS).map(|rival| {
                let (town, name) = (self.clone(), format!("rival{rival}/{round}"));
                let mut chance = Chance::new(self.world.seed(), &name);
                async move {
                    sleep(chance.millis(0, 20)).await;
                    town.register(&mut chance, &name, &format!("plaza{round}")).await
                }
            });
            futures::future::join_all(rivals).await;
            self.pause(&mut chance, (500, 4_000), &home).await;
        }
    }

    /// Asks for a nick.
    async fn register(&self, chance: &mut Chance, who: &str, nick: &str) -> Verdict<Actor> {
        let key = key(chance);
        let session = secret(chance);
        let command = Register {
            nick: nick.parse().expect("these are nicks"),
            name: who.to_owned(),
            password: "$argon2id$…".to_owned(),
            language: None,
            key,
            session: new_session(session),
        };
        let at = {
            let mut ledger = self.ledger();
            ledger.registrations.push(Registration {
                nick: nick.to_owned(),
                fate: Fate::Open,
                account: None,
            });
            ledger.registrations.len() - 1
        };
        let verdict = self
            .insist(chance, &format!("{who} registers {nick}"), &command)
            .await;
        let mut ledger = self.ledger();
        let moment = ledger.moment();
        match verdict {
            Verdict::Done(account) => {
                ledger.registrations[at].fate = Fate::Done(moment);
                ledger.registrations[at].account = Some(account.id);
                ledger.note_id(account.id.get(), format!("account {nick}"));
                ledger.note_session(account.id, session);
                let actor = Actor {
                    account: account.id,
                    session,
                };
                ledger.actors.insert(account.id, actor);
                Verdict::Done(actor)
            }
            Verdict::Refused(rejected) => {
                ledger.registrations[at].fate = Fate::Refused;
                Verdict::Refused(rejected)
            }
            Verdict::Open => Verdict::Open,
        }
    }

    /// A dweet with this text was asked for.
    fn note_asked(&self, text: &str, author: AccountId) {
        let mut ledger = self.ledger();
        let asked = ledger.moment();
        let dweet = ledger::Dweet {
            author,
            asked,
            fate: Fate::Open,
            id: None,
            deletion: None,
        };
        ledger.dweets.insert(text.to_owned(), dweet);
    }

    /// Asks until there is an answer, or patience is at its end.
    async fn insist<C: Command + Into<AnyCommand> + Clone>(
        &self,
        chance: &mut Chance,
        what: &str,
        command: &C,
    ) -> Verdict<C::Reply> {
        let mut is_open = false;
        for _ in 0..TRIES {
            match self.ask(chance, what, command).await {
                Some(Ok(reply)) => {
                    self.ledger().writes.acknowledged += 1;
                    return Verdict::Done(reply);
                }
                // The first try may have been carried out, and changed what the second one met. But a repeat of one's own
                // registration succeeds (P3): a nick that is taken is another's.
                Some(Err(Failure::Rejected(rejected)))
                    if rejected == Rejected::NickTaken
                        || !is_open && !matches!(rejected, Rejected::Moved { .. }) =>
                {
                    self.ledger().writes.refused += 1;
                    return Verdict::Refused(rejected);
                }
                Some(Err(_)) | None => is_open = true,
            }
            sleep(chance.millis(50, 1_000)).await;
        }
        self.ledger().writes.unknown += 1;
        Verdict::Open
    }

    /// Asks one machine once.
    async fn ask<C: Command + Into<AnyCommand> + Clone>(
        &self,
        chance: &mut Chance,
        what: &str,
        command: &C,
    ) -> Option<Result<C::Reply, Failure>> {
        let lives = self.world.lives();
        let life = chance.pick(&lives)?.clone();
        let patience = chance.millis(PATIENCE_MS.0, PATIENCE_MS.1);
        let answer = life
            .pulse
            .answer(timeout(patience, life.node.submit(command.clone())))
            .await;
        let answer = answer.and_then(Result::ok);
        let came_of_it = match &answer {
            Some(Ok(_)) => "done".to_owned(),
            Some(Err(failure)) => failure.to_string(),
            None => "no answer".to_owned(),
        };
        self.world
            .trace()
            .note(format_args!("{what} at {}: {came_of_it}", life.name));
        answer
    }

    /// Reads at one machine; `None` if there is no answer.
    async fn read<Q: Query + Into<AnyQuery> + Clone>(
        &self,
        chance: &mut Chance,
        query: &Q,
    ) -> Option<Result<Q::Reply, Rejected>> {
        let lives = self.world.lives();
        let life = chance.pick(&lives)?.clone();
        let patience = chance.millis(PATIENCE_MS.0, PATIENCE_MS.1);
        let answer = life
            .pulse
            .answer(timeout(patience, life.node.query(query.clone())))
            .await;
        match answer?.ok()? {
            Ok(reply) => {
                self.ledger().reads += 1;
                Some(Ok(reply))
            }
            Err(Failure::Rejected(rejected)) if !matches!(rejected, Rejected::Moved { .. }) => {
                Some(Err(rejected))
            }
            Err(_) => None,
        }
    }
}

impl Person {
    /// Registers, under the first nick of a list that is free; neighbours want the same ones.
    async fn arrive(town: &Town, number: usize, home: &CancellationToken) -> Option<Self> {
        let name = format!("p{number}");
        let mut chance = Chance::new(town.world.seed(), &name);
        for wish in 0.. {
            if home.is_cancelled() {
                return None;
            }
            let nick = format!("n{}x{wish}", number / 2);
            match town.register(&mut chance, &name, &nick).await {
                Verdict::Done(actor) => {
                    return Some(Self {
                        town: town.clone(),
                        name,
                        chance,
                        actor,
                        second: None,
                        written: 0,
                    });
                }
                // Taken, or nobody knows: the next one.
                Verdict::Refused(_) | Verdict::Open => {}
            }
        }
        None
    }

    async fn live(&mut self, home: &CancellationToken) {
        let town = self.town.clone();
        let thought_ms = match town.habit {
            Habit::Usual => THOUGHT_MS,
            Habit::Busy | Habit::Fickle => BUSY_MS,
        };
        let is_fickle = town.habit == Habit::Fickle;
        while !home.is_cancelled() {
            match self.chance.below(100) {
                0..25 if is_fickle => self.unfollow().await,
                25..60 if is_fickle => self.follow().await,
                60..74 if is_fickle => self.delete().await,
                74.. if is_fickle => self.publish().await,
                0..35 => self.publish().await,
                35..48 => self.follow().await,
                48..51 => self.unfollow().await,
                51..58 => self.redweet().await,
                58..64 => self.delete().await,
                64..68 => self.like().await,
                68..74 => self.log_in_or_out().await,
                74..86 => self.read_profile().await,
                86..90 => self.read_relationships().await,
                _ => self.read_home().await,
            }
            town.pause(&mut self.chance, thought_ms, home).await;
        }
    }

    async fn insist<C: Command + Into<AnyCommand> + Clone>(
        &mut self,
        what: String,
        command: &C,
    ) -> Verdict<C::Reply> {
        let what = format!("{} {what}", self.name);
        self.town.insist(&mut self.chance, &what, command).await
    }

    async fn publish(&mut self) {
        self.written += 1;
        let text = format!("{} {}", self.name, self.written);
        self.town.note_asked(&text, self.actor.account);
        let command = Publish {
            actor: self.actor,
            body: body(&text),
            key: key(&mut self.chance),
        };
        let verdict = self.insist(format!("publishes “{text}”"), &command).await;
        let mut ledger = self.town.ledger();
        let moment = ledger.moment();
        if let Verdict::Done(view) = &verdict {
            ledger.note_id(view.id.get(), format!("dweet “{text}”"));
        }
        if let Some(dweet) = ledger.dweets.get_mut(&text) {
            match verdict {
                Verdict::Done(view) => {
                    dweet.fate = Fate::Done(moment);
                    dweet.id = Some(view.id);
                }
                Verdict::Refused(_) => dweet.fate = Fate::Refused,
                Verdict::Open => {}
            }
        }
    }

    async fn delete(&mut self) {
        let own: Vec<(String, DweetId)> = {
            let ledger = self.town.ledger();
            let own = ledger.dweets.iter().filter(|(_, dweet)| {
                dweet.author == self.actor.account && dweet.deletion.is_none() && dweet.fate.is_done()
            });
            own.filter_map(|(text, dweet)| Some((text.clone(), dweet.id?)))
                .collect()
        };
        let Some((text, id)) = self.chance.pick(&own).cloned() else {
            return;
        };
        if let Some(dweet) = self.town.ledger().dweets.get_mut(&text) {
            dweet.deletion = Some(Fate::Open);
        }
        let command = Delete {
            actor: self.actor,
            id,
            key: key(&mut self.chance),
        };
        let verdict = self.insist(format!("deletes “{text}”"), &command).await;
        let mut ledger = self.town.ledger();
        let moment = ledger.moment();
        let Some(dweet) = ledger.dweets.get_mut(&text) else {
            return;
        };
        match verdict {
            Verdict::Done(_) => dweet.deletion = Some(Fate::Done(moment)),
            Verdict::Refused(rejected) => {
                // It was there, it is this person's, and nobody else can have deleted it.
                drop(ledger);
                self.town.world.breach(
                    acknowledged::NAME,
                    format!("“{text}” cannot be deleted: {rejected}"),
                );
            }
            Verdict::Open => {}
        }
    }

    /// Somebody else who has an account.
    fn other(&mut self) -> Option<AccountId> {
        let others: Vec<AccountId> = {
            let ledger = self.town.ledger();
            let all = ledger.actors.keys().copied();
            all.filter(|account| *account != self.actor.account).collect()
        };
        self.chance.pick(&others).copied()
    }

    async fn follow(&mut self) {
        let Some(author) = self.other() else { return };
        let command = Follow {
            actor: self.actor,
            author,
            redweets: true,
            key: key(&mut self.chance),
        };
        let edge = self.wish(author, true);
        let verdict = self.insist(format!("follows {author}"), &command).await;
        self.wished(author, edge, &verdict);
    }

    async fn unfollow(&mut self) {
        let Some(author) = self.other() else { return };
        let command = Unfollow {
            actor: self.actor,
            author,
            key: key(&mut self.chance),
        };
        let edge = self.wish(author, false);
        let verdict = self.insist(format!("unfollows {author}"), &command).await;
        self.wished(author, edge, &verdict);
    }

    fn wish(&self, author: AccountId, follows: bool) -> Edge {
        let mut ledger = self.town.ledger();
        let asked = ledger.moment();
        let place = (self.actor.account, author);
        let before = ledger.edges.get(&place).copied();
        let edge = Edge {
            follows,
            // To follow whom one follows changes nothing: it goes on from when it was first asked.
            asked: before
                .filter(|before| before.follows && follows && before.fate.is_done())
                .map_or(asked, |before| before.asked),
            fate: Fate::Open,
            is_muddled: before.is_some_and(|before| before.is_muddled || before.fate == Fate::Open),
        };
        ledger.edges.insert(place, edge);
        edge
    }

    fn wished<T>(&self, author: AccountId, edge: Edge, verdict: &Verdict<T>) {
        let mut ledger = self.town.ledger();
        let moment = ledger.moment();
        let fate = match verdict {
            Verdict::Done(_) => Fate::Done(moment),
            Verdict::Refused(_) => Fate::Refused,
            Verdict::Open => Fate::Open,
        };
        ledger
            .edges
            .insert((self.actor.account, author), Edge { fate, ..edge });
    }

    async fn redweet(&mut self) {
        let Some(author) = self.other() else { return };
        let Some(shown) = self.profile(author).await else {
            return;
        };
        let written: Vec<DweetView> = shown
            .iter()
            .map(|dweet| dweet.original().clone())
            .filter(|dweet| dweet.author.id == author)
            .collect();
        let Some(original) = self.chance.pick(&written).cloned() else {
            return;
        };
        let command = Redweet {
            actor: self.actor,
            original: original.clone(),
            key: key(&mut self.chance),
        };
        let verdict = self.insist(format!("redweets {}", original.id), &command).await;
        let mut ledger = self.town.ledger();
        let moment = ledger.moment();
        let fate = match verdict {
            Verdict::Done(view) => {
                let what = format!("redweet of {} by {}", original.id, self.name);
                ledger.note_id(view.id.get(), what);
                Fate::Done(moment)
            }
            Verdict::Refused(_) => return,
            Verdict::Open => Fate::Open,
        };
        ledger.redweets.push(ledger::Redweet {
            by: self.actor.account,
            original: original.id,
            fate,
        });
    }

    async fn like(&mut self) {
        let Some(author) = self.other() else { return };
        let Some(shown) = self.profile(author).await else {
            return;
        };
        let Some(dweet) = self.chance.pick(&shown).map(|dweet| dweet.original().id) else {
            return;
        };
        let command = SetFavourite {
            actor: self.actor,
            dweet,
            stands: self.chance.permille(700),
            key: key(&mut self.chance),
        };
        drop(self.insist(format!("likes {dweet}"), &command).await);
    }

    /// A second session comes, is used, goes, and must not work any more.
    async fn log_in_or_out(&mut self) {
        match self.second.take() {
            None => {
                let hash = secret(&mut self.chance);
                let command = OpenSession {
                    account: self.actor.account,
                    password_version: 1,
                    session: new_session(hash),
                };
                if let Verdict::Done(id) = self.insist("logs in".to_owned(), &command).await {
                    let mut ledger = self.town.ledger();
                    ledger.note_id(id.get(), format!("session {:02x?}", &hash.0[..8]));
                    ledger.note_session(self.actor.account, hash);
                    self.second = Some(Actor {
                        account: self.actor.account,
                        session: hash,
                    });
                }
            }
            Some(actor) => {
                let set_end = |town: &Town, end| {
                    if let Some(session) = town.ledger().sessions.get_mut(&actor.session.0) {
                        session.end = Some(end);
                    }
                };
                set_end(&self.town, Fate::Open);
                let command = CloseSession { actor, id: None };
                let verdict = self.insist("logs out".to_owned(), &command).await;
                if let Verdict::Done(()) = verdict {
                    let moment = self.town.ledger().moment();
                    set_end(&self.town, Fate::Done(moment));
                    self.use_ended(actor).await;
                }
            }
        }
    }

    /// Reads with a session that has ended.
    async fn use_ended(&mut self, actor: Actor) {
        let query = Home {
            actor,
            page: Page::default(),
        };
        if let Some(Ok(_)) = self.town.read(&mut self.chance, &query).await {
            self.town.world.breach(
                session::NAME,
                format!("{} still reads with the session that they ended", self.name),
            );
        }
    }

    /// Somebody's newest dweets, as anybody sees them.
    async fn profile(&mut self, author: AccountId) -> Option<Vec<DweetView>> {
        let query = Profile {
            author,
            viewer: None,
            page: Page::newest(LIMIT_MAX),
            exclude_replies: false,
            exclude_redweets: false,
            tagged: None,
        };
        Some(self.town.read(&mut self.chance, &query).await?.ok()?.shown)
    }

    /// Reads somebody's dweets; what was answered before must be there (C1, C2).
    async fn read_profile(&mut self) {
        let author = if self.chance.permille(500) {
            self.actor.account
        } else {
            self.other().unwrap_or(self.actor.account)
        };
        let asked = self.town.ledger().moment();
        let Some(shown) = self.profile(author).await else {
            return;
        };
        let stale = acknowledged::stale(&self.town.ledger(), author, asked, &shown);
        for what in stale {
            self.town
                .world
                .breach(acknowledged::NAME, format!("{} reads and {what}", self.name));
        }
    }

    /// Reads whom one follows; what was answered before must be so (C1, C2).
    async fn read_relationships(&mut self) {
        let edges: Vec<(AccountId, Edge)> = {
            let ledger = self.town.ledger();
            let all = ledger.edges.iter();
            all.filter(|((follower, _), edge)| {
                *follower == self.actor.account && !edge.is_muddled && edge.fate.is_done()
            })
            .map(|((_, author), edge)| (*author, *edge))
            .collect()
        };
        let query = Relationships {
            actor: self.actor,
            others: edges.iter().map(|(author, _)| *author).collect(),
        };
        let Some(Ok(shown)) = self.town.read(&mut self.chance, &query).await else {
            return;
        };
        for ((author, edge), shown) in edges.iter().zip(shown) {
            if shown.following != edge.follows {
                self.town.world.breach(
                    acknowledged::NAME,
                    format!(
                        "{} was told that following {author} is {}, and reads {}",
                        self.name, edge.follows, shown.following
                    ),
                );
            }
        }
    }

    /// Reads the home timeline; nothing is in it twice.
    async fn read_home(&mut self) {
        let query = Home {
            actor: self.actor,
            page: Page::newest(LIMIT_MAX),
        };
        let Some(answer) = self.town.read(&mut self.chance, &query).await else {
            return;
        };
        match answer {
            Ok(page) => {
                let mut ids: Vec<DweetId> = page.shown.iter().map(|shown| shown.dweet.id).collect();
                ids.sort_unstable();
                if ids.windows(2).any(|pair| pair[0] == pair[1]) {
                    self.town.world.breach(
                        super::invariant::delivery::NAME,
                        format!("{} sees an entry twice on one page", self.name),
                    );
                }
            }
            Err(rejected) => self.town.world.breach(
                acknowledged::NAME,
                format!("{} cannot read their timeline: {rejected}", self.name),
            ),
        }
    }
}

/// Waits for a task. One that has panicked is a breach already.
async fn join(task: tokio::task::JoinHandle<()>) {
    drop(task.await);
}

fn key(chance: &mut Chance) -> RequestKey {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&chance.below(u64::MAX).to_be_bytes());
    key[8..].copy_from_slice(&chance.below(u64::MAX).to_be_bytes());
    RequestKey(key)
}

fn secret(chance: &mut Chance) -> SecretHash {
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(&key(chance).0);
    hash[16..].copy_from_slice(&key(chance).0);
    SecretHash(hash)
}

fn new_session(hash: SecretHash) -> NewSession {
    NewSession {
        hash,
        scopes: Scopes::EVERYTHING,
        label: "simulation".to_owned(),
        client: None,
    }
}

fn body(text: &str) -> Body {
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
