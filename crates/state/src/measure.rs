//! Measures: what people with a role decide about others, about dweets and about the community.
//!
//! [`Decide`] is said at the moderator's own home, which checks the session and the role, and writes the measure down with an errand.
//! The courier brings it to the home that it concerns as [`Take`]; what came of it goes into the log, at the community's home.
//!
//! **Invariants**
//! - Whether somebody may decide is said by their own home, in the transaction in which the decision is written down. `Take` is a home's word to
//!   another home, which no gateway can say (rule J8).
//! - The home that is concerned looks at the role of the one whom it is about: nobody acts on people of their own role or a higher one.
//! - A measure has effect once, and of two about the same the later one counts, in whichever order they come: its number is its version.
//! - Each measure that was decided comes into the log once, with what came of it; nothing is taken out of the log.

use crate::account;
use crate::community;
use crate::deed::RecordDeed;
use crate::dweet;
use crate::errand::{self, Errand, Waiting};
use crate::error::{Error, Fault, Outcome, decode, encode};
use crate::report;
use crate::request::{KEPT_MS, Request, RequestKey};
use crate::session::{self, Actor};
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::moderation::{By, Deed, Dossier, Measure, Person, Role};
use tertulia_types::{AccountId, MachineId, Nick, NotificationId, Position, Rejected, Scopes};

/// The longest reason, in bytes; the API counts graphemes.
const WHY_BYTES_MAX: usize = 2_000;
/// Measures that one person may decide in a day.
const PER_DAY_MAX: u32 = 2_000;
/// People with a role, or suspended, that one group tells at once.
const NOTED_MAX: u32 = 200;

/// The states of a row.
const UNDER_WAY: i64 = 0;
const SETTLED: i64 = 1;
const LOGGED: i64 = 2;

/// Where a measure takes effect.
fn home_of(measure: &Measure) -> Position {
    match measure {
        Measure::GiveRole { to: person, .. }
        | Measure::Suspend { whom: person }
        | Measure::Unsuspend { whom: person } => person.id.home(),
        Measure::DeleteDweet { dweet, .. } => dweet.home(),
        Measure::Settle { .. } | Measure::Resolve { .. } => community::position(),
    }
}

/// Refuses whoever has a lower role than this, at their home.
fn check(view: &View<'_>, actor: &Actor, needed: Role) -> Outcome<Role> {
    let role = account::role(view, actor.account)?;
    if role >= needed {
        Ok(role)
    } else {
        Err(Rejected::RoleNeeded.into())
    }
}

/// Decides something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decide {
    /// Who.
    pub actor: Actor,
    /// What.
    pub measure: Measure,
    /// Why; may be empty.
    pub why: String,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for Decide {
    /// The measure's number.
    type Reply = NotificationId;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for Decide {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::ALL))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<NotificationId> {
        let me = account::standing(tx, self.actor.account)?;
        let role = check(tx, &self.actor, self.measure.needs())?;
        if self.measure.whom().is_some_and(|whom| whom.id == me.id) {
            return Err(Rejected::Oneself.into());
        }
        if self.why.len() > WHY_BYTES_MAX {
            return Err(Rejected::Invalid("the reason is too long".to_owned()).into());
        }
        let slot = me.id.slot();
        let recent = "SELECT count(*) FROM measure WHERE slot = ?1 AND by_id = ?2 AND stamp_ms > ?3";
        let since_ms = tx.now_ms.saturating_sub(KEPT_MS);
        let count = tx.first(recent, (slot.0, me.id.get(), since_ms), |row| {
            row.get::<_, u32>(0)
        })?;
        if count >= Some(PER_DAY_MAX) {
            return Err(Rejected::Limit(format!("at most {PER_DAY_MAX} measures a day")).into());
        }
        let by = By::Person(Person {
            id: me.id,
            nick: me.nick,
        });
        let id = write_down(tx, me.id, by, role, self.measure.clone(), &self.why, UNDER_WAY)?;
        errand::post(tx, slot, Errand::Measure, id.get(), &[])?;
        Ok(id)
    }
}

fn write_down(
    tx: &mut Tx<'_>,
    at: AccountId,
    by: By,
    role: Role,
    measure: Measure,
    why: &str,
    state: i64,
) -> Result<NotificationId, Fault> {
    let slot = at.slot();
    let id = NotificationId::new(tx.fresh_ms(slot)?, slot);
    let by_id = match &by {
        By::Person(person) => person.id.get(),
        By::Operator(_) => 0,
    };
    let deed = Deed {
        id,
        by,
        measure,
        why: why.to_owned(),
        outcome: Ok(()),
    };
    let sql = "INSERT INTO measure (slot, id, by_id, role, state, deed, stamp_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let now_ms = tx.now_ms;
    let key = (slot.0, id.get());
    let row = (key.0, key.1, by_id, role.number(), state, encode(&deed)?, now_ms);
    tx.write(sql, row)?;
    Ok(id)
}

struct Stored {
    state: i64,
    role: Role,
    deed: Deed,
}

fn stored(view: &View<'_>, id: NotificationId) -> Result<Option<Stored>, Fault> {
    let sql = "SELECT state, role, deed FROM measure WHERE slot = ?1 AND id = ?2";
    let row = view.first(sql, (id.slot().0, id.get()), |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?))
    })?;
    row.map(|(state, role, bytes)| {
        Ok(Stored {
            state,
            role: Role::from_number(role),
            deed: decode("measure", &bytes)?,
        })
    })
    .transpose()
}

fn id_of(row: &Waiting) -> NotificationId {
    NotificationId::from_number(row.subject).unwrap_or(NotificationId::MIN)
}

/// A measure on its way to the home that it concerns.
pub(crate) fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<Take>> {
    let found = stored(view, id_of(row))?;
    Ok(found.map(|Stored { role, deed, .. }| Take {
        id: deed.id,
        role,
        measure: deed.measure,
    }))
}

/// The home that it concerns has taken or refused it.
pub(crate) fn settled(tx: &mut Tx<'_>, row: &Waiting, outcome: Result<(), Rejected>) -> Outcome<()> {
    let id = id_of(row);
    let Some(Stored { mut deed, .. }) = stored(tx, id)? else {
        return Ok(());
    };
    deed.outcome = outcome;
    let sql = "UPDATE measure SET state = ?3, deed = ?4 WHERE slot = ?1 AND id = ?2";
    tx.write(sql, (id.slot().0, id.get(), SETTLED, encode(&deed)?))?;
    Ok(errand::post(tx, id.slot(), Errand::Deed, id.get(), &[])?)
}

/// What came of a measure on its way into the log.
pub(crate) fn deed_parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<RecordDeed>> {
    let found = stored(view, id_of(row))?;
    Ok(found.map(|stored| RecordDeed { deed: stored.deed }))
}

/// The log has it.
pub(crate) fn logged(tx: &mut Tx<'_>, row: &Waiting) -> Outcome<()> {
    let id = id_of(row);
    let sql = "UPDATE measure SET state = ?3 WHERE slot = ?1 AND id = ?2";
    tx.write(sql, (id.slot().0, id.get(), LOGGED))?;
    Ok(())
}

/// Forgets the measures of some slots that have been in the log for a day.
pub(crate) fn prune(tx: &mut Tx<'_>, first: u16, last: u16) -> Result<(), Fault> {
    let before_ms = tx.now_ms.saturating_sub(KEPT_MS);
    let sql = "DELETE FROM measure WHERE slot BETWEEN ?1 AND ?2 AND state = ?3 AND stamp_ms < ?4";
    tx.write(sql, (first, last, LOGGED, before_ms))?;
    Ok(())
}

/// Takes a measure, at the home that it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Take {
    /// Its number.
    pub id: NotificationId,
    /// The role of the one who decided it.
    pub role: Role,
    /// What it is.
    pub measure: Measure,
}

impl Verb for Take {
    type Reply = ();

    fn home(&self) -> Position {
        home_of(&self.measure)
    }
}

impl Command for Take {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        match &self.measure {
            Measure::GiveRole { to, role } => {
                self.outranks(tx, to.id)?;
                give(tx, to.id, *role, self.id.get())
            }
            Measure::Suspend { whom } => self.suspend(tx, whom.id, true),
            Measure::Unsuspend { whom } => self.suspend(tx, whom.id, false),
            Measure::DeleteDweet { author, dweet } => match dweet::standing(tx, *dweet) {
                Ok(stored) if stored.author == author.id => {
                    self.outranks(tx, author.id)?;
                    dweet::remove(tx, &stored)
                }
                // A repeat finds it gone.
                Ok(_) | Err(Error::Rejected(_)) => dweet::was_by(tx, *dweet, author.id),
                Err(fault) => Err(fault),
            },
            Measure::Settle { over, settlement } => community::settle(tx, self.id, *over, settlement),
            Measure::Resolve {
                report, resolution, ..
            } => report::resolve(tx, *report, resolution),
        }
    }
}

impl Take {
    /// Refuses what is about somebody of the same role or a higher one. What they were when it was decided is not known here; what they are counts.
    fn outranks(&self, view: &View<'_>, whom: AccountId) -> Outcome<()> {
        if account::kept(view, whom)?.is_none() {
            return Err(Rejected::NotFound.into());
        }
        let is_repeat = account::role_by(view, whom)? == self.id.get();
        if is_repeat || self.role > account::role(view, whom)? {
            Ok(())
        } else {
            Err(Rejected::RoleNeeded.into())
        }
    }

    fn suspend(&self, tx: &mut Tx<'_>, whom: AccountId, suspended: bool) -> Outcome<()> {
        self.outranks(tx, whom)?;
        let sql = "UPDATE account SET standing = ?3, standing_by = ?4
                   WHERE slot = ?1 AND id = ?2 AND closed_ms IS NULL AND standing <> 2 AND standing_by < ?4";
        let key = (whom.slot().0, whom.get());
        if tx.write(sql, (key.0, key.1, suspended, self.id.get()))? == 0 {
            return Ok(());
        }
        if suspended {
            session::end_all(tx, whom, None)?;
        }
        Ok(errand::post(tx, whom.slot(), Errand::Hidden, whom.get(), &[])?)
    }
}

fn give(tx: &mut Tx<'_>, to: AccountId, role: Role, by: i64) -> Outcome<()> {
    let sql = "UPDATE account SET role = ?3, role_by = ?4 WHERE slot = ?1 AND id = ?2 AND role_by < ?4";
    tx.write(sql, (to.slot().0, to.get(), role.number(), by))?;
    Ok(())
}

/// Gives a role without being asked who one is: by whoever runs a machine that stores, so that there is a first admin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appoint {
    /// Who gets it.
    pub nick: Nick,
    /// Which.
    pub role: Role,
    /// At which machine it was said.
    pub machine: MachineId,
}

impl Verb for Appoint {
    /// What they were before.
    type Reply = Role;

    fn home(&self) -> Position {
        self.nick.position()
    }
}

impl Command for Appoint {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Role> {
        let to = account::kept_by_nick(tx, &self.nick)?.ok_or(Rejected::NotFound)?;
        let before = account::role(tx, to.id)?;
        if before == self.role {
            return Ok(before);
        }
        let (by, role) = (By::Operator(self.machine), self.role);
        let person = Person {
            id: to.id,
            nick: to.nick,
        };
        let measure = Measure::GiveRole { to: person, role };
        let id = write_down(tx, to.id, by, Role::Admin, measure, "", SETTLED)?;
        // Also where an admin's clock was ahead of this one's.
        let version = id.get().max(account::role_by(tx, to.id)? + 1);
        give(tx, to.id, role, version)?;
        errand::post(tx, to.id.slot(), Errand::Deed, id.get(), &[])?;
        Ok(before)
    }
}

/// What has come of a measure so far; for a day or longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeOf {
    /// Who decided it.
    pub actor: Actor,
    /// Which.
    pub id: NotificationId,
}

impl Verb for OutcomeOf {
    /// `None` while it is on its way.
    type Reply = Option<Result<(), Rejected>>;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for OutcomeOf {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::ALL))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Option<Result<(), Rejected>>> {
        let found = stored(view, self.id)?.ok_or(Rejected::NotFound)?;
        match &found.deed.by {
            By::Person(person) if person.id == self.actor.account => {}
            By::Person(_) | By::Operator(_) => return Err(Rejected::NotFound.into()),
        }
        Ok((found.state != UNDER_WAY).then_some(found.deed.outcome))
    }
}

/// Whether the actor has a role, or a higher one: for what is answered by another home (rule P1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRole {
    /// Whose.
    pub actor: Actor,
    /// Which.
    pub needed: Role,
}

impl Verb for CheckRole {
    /// The one that they have.
    type Reply = Role;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for CheckRole {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        // Which role one has may be known to any app of one's own; what comes with it is not for apps.
        let scopes = match self.needed {
            Role::Member => Scopes::NONE,
            Role::Moderator | Role::Admin => Scopes::ALL,
        };
        Some((&self.actor, scopes))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Role> {
        check(view, &self.actor, self.needed)
    }
}

/// Somebody as moderators see them. Whether a moderator asks is checked at their home, beside this query (rule P1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspect {
    /// Whom.
    pub who: account::Who,
}

impl Verb for Inspect {
    type Reply = Dossier;

    fn home(&self) -> Position {
        account::Lookup {
            who: self.who.clone(),
        }
        .home()
    }
}

impl Query for Inspect {
    fn read(&self, view: &View<'_>) -> Outcome<Dossier> {
        let found = match &self.who {
            account::Who::Id(id) => account::kept(view, *id)?,
            account::Who::Nick(nick) => account::kept_by_nick(view, nick)?,
        };
        dossier(view, found.ok_or(Rejected::NotFound)?.id)
    }
}

fn dossier(view: &View<'_>, id: AccountId) -> Outcome<Dossier> {
    let account = account::kept(view, id)?.ok_or(Rejected::NotFound)?;
    Ok(Dossier {
        role: account::role(view, id)?,
        is_suspended: account::suspension(view, id)?.is_some_and(|(_, hidden)| hidden),
        account,
    })
}

/// The people of one group who have a role or are suspended. Asked of all groups by moderators (rule T11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// At which group.
    pub at: Position,
}

impl Verb for Noted {
    type Reply = Vec<Dossier>;

    fn home(&self) -> Position {
        self.at
    }
}

impl Query for Noted {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<Dossier>> {
        let sql = "SELECT id FROM account INDEXED BY account_noted WHERE (role > 0 OR standing = 1) AND closed_ms IS NULL
                   AND ((slot - ?1) & 65535) < ?2 ORDER BY slot, id LIMIT ?3";
        let (first, count) = view.own_slots();
        let id = |row: &Row<'_>| row.get::<_, i64>(0);
        let ids = view.all(sql, (first, count, NOTED_MAX), id)?;
        ids.into_iter()
            .filter_map(AccountId::from_number)
            .map(|id| dossier(view, id))
            .collect()
    }
}
