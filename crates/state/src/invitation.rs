//! Invitations, at the home of the one who invites, and how they are used up.
//!
//! A newcomer's account is made at the home of their nick, and *waits*: nobody sees it, and nobody can log in. With it an errand goes to
//! the home of the invitation, which counts it, or refuses; then the account stands, or is taken away again.
//!
//! **Invariants**
//! - An invitation is used once by an account, however often that is asked for, and never by more accounts than it is good for: its home
//!   decides that, one after the other.
//! - It is good for as long as whoever made it may invite.
//! - Its code is known here by its hash only (rule P2).

use crate::account::{self, Register};
use crate::actor::SecretHash;
use crate::community;
use crate::errand::{self, Errand, Waiting};
use crate::error::{Fault, Outcome, decode, encode};
use crate::request::{self, Request, RequestKey};
use crate::session::{self, Actor};
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::moderation::Role;
use tertulia_types::view::AccountView;
use tertulia_types::{AccountId, Nick, NotificationId, Position, Rejected, Scopes, Slot};

/// Accounts that one invitation may be good for.
pub const USES_MAX: u32 = 10_000;
/// The longest that an invitation is good: what a session lives.
pub const LIFETIME_MS_MAX: u64 = session::LIFETIME_MS;
/// Invitations that one person may have at the same time, spent and expired ones too while they are listed.
const PER_PERSON_MAX: u32 = 200;
/// The longest note, in bytes; the API counts graphemes.
const NOTE_BYTES_MAX: usize = 400;
/// How long an invitation is listed after it has expired: also so that a late repeat of a use finds it.
const LISTED_MS: u64 = 30 * 24 * 3_600_000;

/// The states of a newcomer's row.
const WAITING: i64 = 0;
const REFUSED: i64 = 1;

/// Which invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The slot of its home.
    pub slot: Slot,
    /// The hash of its secret.
    pub hash: SecretHash,
}

/// An invitation as the one who made it sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationView {
    /// Its number.
    pub id: NotificationId,
    /// What it is for, in the words of the one who made it.
    pub note: String,
    /// How many accounts it is good for.
    pub uses_max: u32,
    /// How many have used it.
    pub uses: u32,
    /// Until when.
    pub expires_ms: u64,
    /// Whether it was taken back.
    pub is_revoked: bool,
}

/// Whether somebody may invite, at their home.
fn may_invite(view: &View<'_>, id: AccountId) -> Outcome<bool> {
    if account::find(view, id)?.is_none() {
        return Ok(false);
    }
    let by_role = account::role(view, id)? >= Role::Moderator;
    Ok(by_role || community::settled(view)?.1.members_may_invite)
}

/// Makes an invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// Who invites.
    pub actor: Actor,
    /// The hash of the code's secret, made by the machine that was asked.
    pub hash: SecretHash,
    /// What it is for; may be empty.
    pub note: String,
    /// How many accounts it is good for.
    pub uses_max: u32,
    /// For how long.
    pub lifetime_ms: u64,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for Invite {
    type Reply = InvitationView;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for Invite {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::ALL))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<InvitationView> {
        let me = self.actor.account;
        if !may_invite(tx, me)? {
            return Err(Rejected::RoleNeeded.into());
        }
        let fits = (1..=USES_MAX).contains(&self.uses_max)
            && (1..=LIFETIME_MS_MAX).contains(&self.lifetime_ms)
            && self.note.len() <= NOTE_BYTES_MAX;
        if !fits {
            let said = format!("an invitation is good for 1 to {USES_MAX} accounts and up to 400 days");
            return Err(Rejected::Invalid(said).into());
        }
        let slot = me.slot();
        let counted = "SELECT count(*) FROM invitation WHERE slot = ?1 AND by_id = ?2";
        if tx.first(counted, (slot.0, me.get()), |row| row.get::<_, u32>(0))? >= Some(PER_PERSON_MAX) {
            return Err(Rejected::Limit(format!("at most {PER_PERSON_MAX} invitations at a time")).into());
        }
        let id = NotificationId::new(tx.fresh_ms(slot)?, slot);
        let expires_ms = tx.now_ms + self.lifetime_ms;
        let sql = "INSERT INTO invitation (slot, hash, by_id, id, note, uses_max, uses, expires_ms, revoked)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, 0)";
        let key = (slot.0, self.hash.0, me.get(), id.get());
        tx.write(
            sql,
            (key.0, key.1, key.2, key.3, &self.note, self.uses_max, expires_ms),
        )?;
        Ok(InvitationView {
            id,
            note: self.note.clone(),
            uses_max: self.uses_max,
            uses: 0,
            expires_ms,
            is_revoked: false,
        })
    }
}

/// Takes an invitation back. Whoever has used it stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disinvite {
    /// Who asks.
    pub actor: Actor,
    /// Which.
    pub id: NotificationId,
}

impl Verb for Disinvite {
    type Reply = ();

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for Disinvite {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::ALL))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let me = self.actor.account;
        let sql = "UPDATE invitation SET revoked = 1 WHERE slot = ?1 AND by_id = ?2 AND id = ?3";
        if tx.write(sql, (me.slot().0, me.get(), self.id.get()))? == 0 {
            return Err(Rejected::NotFound.into());
        }
        Ok(())
    }
}

const COLUMNS: &str = "id, note, uses_max, uses, expires_ms, revoked";

fn from_row(row: &Row<'_>) -> rusqlite::Result<InvitationView> {
    Ok(InvitationView {
        id: NotificationId::from_number(row.get(0)?).unwrap_or(NotificationId::MIN),
        note: row.get(1)?,
        uses_max: row.get(2)?,
        uses: row.get(3)?,
        expires_ms: row.get(4)?,
        is_revoked: row.get(5)?,
    })
}

/// The actor's invitations, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitations {
    /// Who asks.
    pub actor: Actor,
}

impl Verb for Invitations {
    type Reply = Vec<InvitationView>;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for Invitations {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::ALL))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Vec<InvitationView>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM invitation WHERE slot = ?1 AND by_id = ?2 ORDER BY id DESC LIMIT ?3"
        );
        let me = self.actor.account;
        Ok(view.all(&sql, (me.slot().0, me.get(), PER_PERSON_MAX), from_row)?)
    }
}

/// An invitation and whose it is, while it is good for somebody.
fn good(view: &View<'_>, code: Code) -> Outcome<(AccountView, InvitationView)> {
    let sql = format!("SELECT {COLUMNS}, by_id FROM invitation WHERE slot = ?1 AND hash = ?2");
    let row = |row: &Row<'_>| Ok((from_row(row)?, row.get::<_, i64>(6)?));
    let found = view.first(&sql, (code.slot.0, code.hash.0), row)?;
    let (invitation, by) = found.ok_or(Rejected::BadInvitation)?;
    let by = AccountId::from_number(by).unwrap_or(AccountId::MIN);
    let is_good = !invitation.is_revoked
        && view.now_ms < invitation.expires_ms
        && invitation.uses < invitation.uses_max
        && may_invite(view, by)?;
    if !is_good {
        return Err(Rejected::BadInvitation.into());
    }
    Ok((account::standing(view, by)?, invitation))
}

/// Who invites with a code, and until when; refused if it is good for nobody (any more). Whoever has the code may ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Which.
    pub code: Code,
}

impl Verb for Look {
    type Reply = (AccountView, u64);

    fn home(&self) -> Position {
        self.code.slot.end()
    }
}

impl Query for Look {
    fn read(&self, view: &View<'_>) -> Outcome<(AccountView, u64)> {
        let (by, invitation) = good(view, self.code)?;
        Ok((by, invitation.expires_ms))
    }
}

/// Uses an invitation up by one, for an account that waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// Which.
    pub code: Code,
    /// For whom.
    pub newcomer: AccountId,
}

impl Verb for Use {
    type Reply = ();

    fn home(&self) -> Position {
        self.code.slot.end()
    }
}

impl Command for Use {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let Code { slot, hash } = self.code;
        let key = (slot.0, hash.0, self.newcomer.get());
        let known = "SELECT 1 FROM invitation_use WHERE slot = ?1 AND hash = ?2 AND newcomer_id = ?3";
        if tx.exists(known, key)? {
            return Ok(());
        }
        let (by, _) = good(tx, self.code)?;
        let sql = "INSERT INTO invitation_use (slot, hash, newcomer_id, by_id) VALUES (?1, ?2, ?3, ?4)";
        tx.write(sql, (key.0, key.1, key.2, by.id.get()))?;
        let sql = "UPDATE invitation SET uses = uses + 1 WHERE slot = ?1 AND hash = ?2";
        tx.write(sql, (key.0, key.1))?;
        Ok(())
    }
}

/// Takes a nick with an invitation. It is repeated as [`Register`] is, and opens a session once the account stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterInvited {
    /// Who.
    pub register: Register,
    /// By which invitation.
    pub code: Code,
}

/// What came of a registration with an invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Registered {
    /// The account waits for the home of the invitation.
    Waiting,
    /// It stands, and the session is open.
    Standing(AccountView),
}

impl Verb for RegisterInvited {
    type Reply = Registered;

    fn home(&self) -> Position {
        self.register.home()
    }
}

impl Command for RegisterInvited {
    fn is_of_people(&self) -> bool {
        true
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Registered> {
        let Register { nick, key, .. } = &self.register;
        match account::registered(tx, nick, *key)? {
            Some((id, true)) if account::is_waiting(tx, id)? => Ok(Registered::Waiting),
            Some(_) => self.register.apply(tx).map(Registered::Standing),
            None => {
                community::admits(tx, true)?;
                let id = self.register.insert(tx, account::WAITING)?;
                let sql = "INSERT INTO newcomer (slot, account_id, registration, code, state, stamp_ms)
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                let (slot, now_ms) = (id.slot(), tx.now_ms);
                tx.write(
                    sql,
                    (slot.0, id.get(), key.0, encode(&self.code)?, WAITING, now_ms),
                )?;
                errand::post(tx, slot, Errand::Use, id.get(), &[])?;
                Ok(Registered::Waiting)
            }
        }
    }
}

/// A newcomer's use of an invitation on its way to the invitation's home.
pub(crate) fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<Use>> {
    let Some(newcomer) = AccountId::from_number(row.subject) else {
        return Ok(None);
    };
    let sql = "SELECT code FROM newcomer WHERE slot = ?1 AND account_id = ?2 AND state = 0";
    let code = view.first(sql, (newcomer.slot().0, newcomer.get()), |row| {
        row.get::<_, Vec<u8>>(0)
    })?;
    let code = code
        .map(|code| decode("code of an invitation", &code))
        .transpose()?;
    Ok(code.map(|code| Use { code, newcomer }))
}

/// The invitation's home has counted it, or refuses it: then the account was never there, and its nick is free.
pub(crate) fn settled(tx: &mut Tx<'_>, row: &Waiting, outcome: Result<(), Rejected>) -> Outcome<()> {
    let Some(id) = AccountId::from_number(row.subject) else {
        return Ok(());
    };
    if !account::is_waiting(tx, id)? {
        return Ok(());
    }
    let key = (id.slot().0, id.get());
    match outcome {
        Ok(()) => {
            account::stand_up(tx, id)?;
            tx.write("DELETE FROM newcomer WHERE slot = ?1 AND account_id = ?2", key)?;
        }
        Err(_) => {
            account::take_away(tx, id)?;
            let sql = "UPDATE newcomer SET state = ?3 WHERE slot = ?1 AND account_id = ?2";
            tx.write(sql, (key.0, key.1, REFUSED))?;
        }
    }
    Ok(())
}

/// Whether a registration with an invitation has come to something; refused if the invitation was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// Under which nick.
    pub nick: Nick,
    /// By which key.
    pub key: RequestKey,
}

impl Verb for Awaited {
    /// Whether the account stands.
    type Reply = bool;

    fn home(&self) -> Position {
        self.nick.position()
    }
}

impl Query for Awaited {
    fn read(&self, view: &View<'_>) -> Outcome<bool> {
        match account::registered(view, &self.nick, self.key)? {
            Some((id, true)) => Ok(!account::is_waiting(view, id)?),
            Some((_, false)) => Err(Rejected::NickTaken.into()),
            None => {
                let slot = self.nick.position().slot();
                let sql = "SELECT 1 FROM newcomer WHERE slot = ?1 AND registration = ?2 AND state = 1";
                let is_refused = view.exists(sql, (slot.0, self.key.0))?;
                Err(if is_refused {
                    Rejected::BadInvitation
                } else {
                    Rejected::NotFound
                }
                .into())
            }
        }
    }
}

/// Forgets what has been over for long, in some slots.
pub(crate) fn prune(tx: &mut Tx<'_>, first: u16, last: u16) -> Result<(), Fault> {
    let now_ms = tx.now_ms;
    let sql = "DELETE FROM newcomer WHERE slot BETWEEN ?1 AND ?2 AND state = 1 AND stamp_ms < ?3";
    tx.write(sql, (first, last, now_ms.saturating_sub(request::KEPT_MS)))?;
    let over = "DELETE FROM invitation WHERE slot BETWEEN ?1 AND ?2 AND expires_ms < ?3 RETURNING slot, hash";
    let key = |row: &Row<'_>| Ok((row.get::<_, u16>(0)?, row.get::<_, Vec<u8>>(1)?));
    let before_ms = now_ms.saturating_sub(LISTED_MS);
    for (slot, hash) in tx.all(over, (first, last, before_ms), key)? {
        tx.write(
            "DELETE FROM invitation_use WHERE slot = ?1 AND hash = ?2",
            (slot, hash),
        )?;
    }
    Ok(())
}
