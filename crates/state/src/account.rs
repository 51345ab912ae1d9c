//! Accounts: registration, profile, password.
//!
//! **Invariants**
//! - A nick is given once: there is one home for it, one row with it, and the row outlives the account (rule P4).
//! - Password hashes are made outside; the log and the remembered replies hold no secret (rule P2).

use crate::community;
use crate::errand::{self, Errand};
use crate::error::{Fault, Outcome};
use crate::growth::{self, Counted};
use crate::request::{self, Request, RequestKey};
use crate::session::{self, Actor, NewSession};
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::moderation::Role;
use tertulia_types::view::{AccountView, Visibility};
use tertulia_types::{AccountId, Nick, Position, Rejected, Scopes};

/// The longest display name, in bytes; the API counts graphemes.
const NAME_BYTES_MAX: usize = 512;
/// The longest bio, in bytes.
const NOTE_BYTES_MAX: usize = 8_192;

/// The standing of an account that everybody can see, and of one that waits for the home of its invitation.
const STANDS: i64 = 0;
pub(crate) const WAITING: i64 = 2;
/// Of an account that is neither closed nor on its way into being.
const KEPT: &str = "closed_ms IS NULL AND standing <> 2";

/// Columns of a view, in the order in which [`from_row`] reads them.
const COLUMNS: &str =
    "id, nick, name, note, bot, discoverable, version, followers, following, dweets, last_dweet_ms";

fn from_row(row: &Row<'_>) -> rusqlite::Result<AccountView> {
    let nick: String = row.get(1)?;
    let bad = |_| rusqlite::Error::InvalidColumnType(1, "nick".to_owned(), rusqlite::types::Type::Text);
    Ok(AccountView {
        id: AccountId::from_number(row.get(0)?).unwrap_or(AccountId::MIN),
        nick: nick.parse().map_err(bad)?,
        name: row.get(2)?,
        note: row.get(3)?,
        bot: row.get(4)?,
        discoverable: row.get(5)?,
        version: row.get(6)?,
        followers: row.get(7)?,
        following: row.get(8)?,
        dweets: row.get(9)?,
        last_dweet_ms: row.get(10)?,
    })
}

/// The account, unless it is closed or suspended, or was never there: what readers may know of it.
pub(crate) fn find(view: &View<'_>, id: AccountId) -> Result<Option<AccountView>, Fault> {
    let sql = const_format_select("slot = ?1 AND id = ?2");
    view.first(&sql, (id.slot().0, id.get()), from_row)
}

/// The account, also while it is suspended: for what goes on all the same, out of sight.
pub(crate) fn kept(view: &View<'_>, id: AccountId) -> Result<Option<AccountView>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM account WHERE slot = ?1 AND id = ?2 AND {KEPT}");
    view.first(&sql, (id.slot().0, id.get()), from_row)
}

/// As [`kept`], or `NotFound`.
pub(crate) fn keeping(view: &View<'_>, id: AccountId) -> Outcome<AccountView> {
    kept(view, id)?.ok_or_else(|| Rejected::NotFound.into())
}

/// As [`kept`], by the nick.
pub(crate) fn kept_by_nick(view: &View<'_>, nick: &Nick) -> Result<Option<AccountView>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM account WHERE nick = ?1 AND {KEPT}");
    view.first(&sql, [nick.as_str()], from_row)
}

/// Which role somebody has.
pub(crate) fn role(view: &View<'_>, id: AccountId) -> Result<Role, Fault> {
    let sql = "SELECT role FROM account WHERE slot = ?1 AND id = ?2 AND closed_ms IS NULL";
    let number = view.first(sql, (id.slot().0, id.get()), |row| row.get(0))?;
    Ok(number.map_or(Role::Member, Role::from_number))
}

/// By which measure somebody has their role; 0 before the first.
pub(crate) fn role_by(view: &View<'_>, id: AccountId) -> Result<i64, Fault> {
    let sql = "SELECT role_by FROM account WHERE slot = ?1 AND id = ?2";
    Ok(view
        .first(sql, (id.slot().0, id.get()), |row| row.get(0))?
        .unwrap_or(0))
}

/// By which measure somebody was last suspended or not any more, and whether they are.
pub(crate) fn suspension(view: &View<'_>, id: AccountId) -> Result<Option<(i64, bool)>, Fault> {
    let sql = "SELECT standing_by, standing = 1 FROM account WHERE slot = ?1 AND id = ?2";
    view.first(sql, (id.slot().0, id.get()), |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The account, or `NotFound`.
pub(crate) fn standing(view: &View<'_>, id: AccountId) -> Outcome<AccountView> {
    find(view, id)?.ok_or_else(|| Rejected::NotFound.into())
}

/// Counts a new dweet; the account as it is then, unless it is closed.
pub(crate) fn count_dweet(tx: &Tx<'_>, id: AccountId, ms: u64) -> Result<Option<AccountView>, Fault> {
    let sql = format!(
        "UPDATE account SET dweets = dweets + 1, last_dweet_ms = ?3 WHERE slot = ?1 AND id = ?2 AND closed_ms IS NULL AND standing = 0
         RETURNING {COLUMNS}"
    );
    tx.first(&sql, (id.slot().0, id.get(), ms), from_row)
}

fn const_format_select(condition: &str) -> String {
    format!("SELECT {COLUMNS} FROM account WHERE {condition} AND closed_ms IS NULL AND standing = 0")
}

/// Takes a nick and opens the first session.
///
/// It has a key of its own, which binds nick and password: a repeat after a lost reply succeeds (rule P3), for as long as
/// replies are remembered and the password is the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// The nick.
    pub nick: Nick,
    /// Display name, may be empty.
    pub name: String,
    /// The password's hash in PHC form (argon2id).
    pub password: String,
    /// What a new dweet's language is by default.
    pub language: Option<String>,
    /// Hash over the client's key, the nick and the password.
    pub key: RequestKey,
    /// The session that is opened with it.
    pub session: NewSession,
}

impl Verb for Register {
    type Reply = AccountView;

    fn home(&self) -> Position {
        self.nick.position()
    }
}

impl Command for Register {
    fn is_of_people(&self) -> bool {
        true
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<AccountView> {
        let id = match registered(tx, &self.nick, self.key)? {
            Some((id, true)) => id,
            Some((_, false)) => return Err(Rejected::NickTaken.into()),
            None => {
                community::admits(tx, false)?;
                growth::count(tx, Counted::Account)?;
                self.insert(tx, STANDS)?
            }
        };
        let account = find(tx, id)?.ok_or(Rejected::NickTaken)?;
        session::open(tx, id, &self.session)?;
        Ok(account)
    }
}

/// Who has a nick, and whether they have it by a registration with this key, which may still be repeated.
pub(crate) fn registered(
    view: &View<'_>,
    nick: &Nick,
    key: RequestKey,
) -> Result<Option<(AccountId, bool)>, Fault> {
    let sql = "SELECT id, registration = ?2 AND password_version = 1 FROM account WHERE nick = ?1";
    let found = view.first(sql, (nick.as_str(), key.0), |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?))
    })?;
    Ok(found.map(|(id, is_same)| {
        let id = AccountId::from_number(id).unwrap_or(AccountId::MIN);
        (id, is_same && view.now_ms < id.unix_ms() + request::KEPT_MS)
    }))
}

/// Whether an account waits for what the home of its invitation says.
pub(crate) fn is_waiting(view: &View<'_>, id: AccountId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM account WHERE slot = ?1 AND id = ?2 AND standing = 2";
    view.exists(sql, (id.slot().0, id.get()))
}

/// An account that has waited stands from now on.
pub(crate) fn stand_up(tx: &mut Tx<'_>, id: AccountId) -> Result<(), Fault> {
    let sql = "UPDATE account SET standing = 0 WHERE slot = ?1 AND id = ?2 AND standing = 2";
    tx.write(sql, (id.slot().0, id.get()))?;
    growth::count(tx, Counted::Account)
}

/// An account that has waited was never there: nobody has seen it, so its nick is free (rule P4).
pub(crate) fn take_away(tx: &mut Tx<'_>, id: AccountId) -> Result<(), Fault> {
    let sql = "DELETE FROM account WHERE slot = ?1 AND id = ?2 AND standing = 2";
    tx.write(sql, (id.slot().0, id.get()))?;
    Ok(())
}

impl Register {
    /// Makes the account, as it stands at first.
    pub(crate) fn insert(&self, tx: &mut Tx<'_>, standing: i64) -> Outcome<AccountId> {
        if self.name.len() > NAME_BYTES_MAX {
            return Err(Rejected::Invalid("the name is too long".to_owned()).into());
        }
        let slot = self.home().slot();
        let id = AccountId::new(tx.fresh_ms(slot)?, slot);
        let sql = "INSERT INTO account (slot, id, nick, name, name_key, note, bot, discoverable, visibility, sensitive, language,
                   version, password, password_version, registration, standing)
                   VALUES (?1, ?2, ?3, ?4, ?5, '', 0, 1, 0, 0, ?6, 1, ?7, 1, ?8, ?9)";
        let name_key = self.name.to_lowercase();
        let key = self.key.0;
        tx.write(
            sql,
            (
                slot.0,
                id.get(),
                self.nick.as_str(),
                &self.name,
                name_key,
                &self.language,
                &self.password,
                key,
                standing,
            ),
        )?;
        Ok(id)
    }
}

/// What is needed to verify a password outside of the log (rule P2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Whose.
    pub nick: Nick,
}

/// A password's hash and its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Password {
    /// Whose.
    pub account: AccountId,
    /// PHC form.
    pub hash: String,
    /// Grows with each change.
    pub version: u64,
}

impl Verb for Credentials {
    type Reply = Password;

    fn home(&self) -> Position {
        self.nick.position()
    }
}

impl Query for Credentials {
    fn read(&self, view: &View<'_>) -> Outcome<Password> {
        let sql = "SELECT id, password, password_version FROM account WHERE nick = ?1 AND closed_ms IS NULL";
        let map = |row: &Row<'_>| {
            let account = AccountId::from_number(row.get(0)?).unwrap_or(AccountId::MIN);
            Ok(Password {
                account,
                hash: row.get(1)?,
                version: row.get(2)?,
            })
        };
        view.first(sql, [self.nick.as_str()], map)?
            .ok_or_else(|| Rejected::NotFound.into())
    }
}

/// The password of the actor's own account, for the change of password and the closing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnPassword {
    /// Who asks.
    pub actor: Actor,
}

impl Verb for OwnPassword {
    type Reply = Password;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for OwnPassword {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::ALL))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Password> {
        let account = self.actor.account;
        let sql = "SELECT password, password_version FROM account WHERE slot = ?1 AND id = ?2 AND closed_ms IS NULL";
        let map = |row: &Row<'_>| {
            Ok(Password {
                account,
                hash: row.get(0)?,
                version: row.get(1)?,
            })
        };
        view.first(sql, (account.slot().0, account.get()), map)?
            .ok_or_else(|| Rejected::NotFound.into())
    }
}

/// Changes the password; all other sessions end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePassword {
    /// Who asks.
    pub actor: Actor,
    /// The version that was verified outside.
    pub verified_version: u64,
    /// The new hash in PHC form.
    pub hash: String,
}

impl Verb for ChangePassword {
    type Reply = ();

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for ChangePassword {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::ALL))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let account = self.actor.account;
        let sql = "UPDATE account SET password = ?1, password_version = password_version + 1
                   WHERE slot = ?2 AND id = ?3 AND password_version = ?4 AND closed_ms IS NULL";
        if tx.write(
            sql,
            (&self.hash, account.slot().0, account.get(), self.verified_version),
        )? == 0
        {
            // The router repeats what was not answered: then it is done already.
            let same =
                "SELECT 1 FROM account WHERE slot = ?1 AND id = ?2 AND password = ?3 AND closed_ms IS NULL";
            if tx.exists(same, (account.slot().0, account.get(), &self.hash))? {
                return Ok(());
            }
            return Err(Rejected::Conflict.into());
        }
        Ok(session::end_all(tx, account, Some(self.actor.session))?)
    }
}

/// Which account is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Who {
    /// By its id.
    Id(AccountId),
    /// By its nick.
    Nick(Nick),
}

/// The public face of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// Which.
    pub who: Who,
}

impl Verb for Lookup {
    type Reply = AccountView;

    fn home(&self) -> Position {
        match &self.who {
            Who::Id(id) => id.home(),
            Who::Nick(nick) => nick.position(),
        }
    }
}

impl Query for Lookup {
    fn read(&self, view: &View<'_>) -> Outcome<AccountView> {
        match &self.who {
            Who::Id(id) => standing(view, *id),
            Who::Nick(nick) => {
                let found = view.first(&const_format_select("nick = ?1"), [nick.as_str()], from_row)?;
                found.ok_or_else(|| Rejected::NotFound.into())
            }
        }
    }
}

/// Several accounts of one group at once; those that are not here or closed are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookupMany {
    /// At which group.
    pub at: Position,
    /// Which; at most 200 are answered.
    pub ids: Vec<AccountId>,
}

impl Verb for LookupMany {
    type Reply = Vec<AccountView>;

    fn home(&self) -> Position {
        self.at
    }
}

impl Query for LookupMany {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<AccountView>> {
        let mut found = Vec::new();
        for id in self.ids.iter().take(200) {
            if view.owns(id.home()).is_ok() {
                found.extend(find(view, *id)?);
            }
        }
        Ok(found)
    }
}

/// What new dweets of a person are by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defaults {
    /// Who may read them.
    pub visibility: Visibility,
    /// Whether they are marked as sensitive.
    pub sensitive: bool,
    /// Their language.
    pub language: Option<String>,
}

/// One's own account, with one's defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// Who asks.
    pub actor: Actor,
    /// What the session must allow.
    pub needed: Scopes,
}

impl Verb for Own {
    type Reply = (AccountView, Defaults);

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for Own {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, self.needed))
    }

    fn read(&self, view: &View<'_>) -> Outcome<(AccountView, Defaults)> {
        own(view, self.actor.account)
    }
}

fn own(view: &View<'_>, id: AccountId) -> Outcome<(AccountView, Defaults)> {
    let account = standing(view, id)?;
    let sql = "SELECT visibility, sensitive, language FROM account WHERE slot = ?1 AND id = ?2";
    let map = |row: &Row<'_>| {
        Ok(Defaults {
            visibility: visibility_from(row.get(0)?),
            sensitive: row.get(1)?,
            language: row.get(2)?,
        })
    };
    let defaults = view
        .first(sql, (id.slot().0, id.get()), map)?
        .ok_or(Rejected::NotFound)?;
    Ok((account, defaults))
}

/// How a visibility is stored.
pub(crate) fn visibility_number(visibility: Visibility) -> i64 {
    match visibility {
        Visibility::Public => 0,
        Visibility::Unlisted => 1,
        Visibility::Private => 2,
    }
}

/// The stored visibility; what is unknown is treated as private.
pub(crate) fn visibility_from(number: i64) -> Visibility {
    match number {
        0 => Visibility::Public,
        1 => Visibility::Unlisted,
        _ => Visibility::Private,
    }
}

/// Changes the profile; `None` leaves a field as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditProfile {
    /// Who asks.
    pub actor: Actor,
    /// Display name.
    pub name: Option<String>,
    /// The bio.
    pub note: Option<String>,
    /// Whether a program runs the account.
    pub bot: Option<bool>,
    /// Whether it wants to be listed.
    pub discoverable: Option<bool>,
    /// Defaults of new dweets.
    pub defaults: Option<Defaults>,
}

impl Verb for EditProfile {
    type Reply = (AccountView, Defaults);

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for EditProfile {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_ACCOUNTS))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<(AccountView, Defaults)> {
        let too_long = |text: &Option<String>, max: usize| text.as_ref().is_some_and(|t| t.len() > max);
        if too_long(&self.name, NAME_BYTES_MAX) || too_long(&self.note, NOTE_BYTES_MAX) {
            return Err(Rejected::Invalid("the name or the bio is too long".to_owned()).into());
        }
        let id = self.actor.account;
        let (slot, number) = (id.slot().0, id.get());
        let sql = "UPDATE account SET name = coalesce(?3, name), name_key = coalesce(?4, name_key), note = coalesce(?5, note),
                   bot = coalesce(?6, bot), discoverable = coalesce(?7, discoverable), version = version + 1
                   WHERE slot = ?1 AND id = ?2 AND closed_ms IS NULL";
        let name_key = self.name.as_ref().map(|name| name.to_lowercase());
        tx.write(
            sql,
            (
                slot,
                number,
                &self.name,
                name_key,
                &self.note,
                self.bot,
                self.discoverable,
            ),
        )?;
        if let Some(defaults) = &self.defaults {
            let sql = "UPDATE account SET visibility = ?3, sensitive = ?4, language = ?5 WHERE slot = ?1 AND id = ?2";
            let visibility = visibility_number(defaults.visibility);
            tx.write(
                sql,
                (slot, number, visibility, defaults.sensitive, &defaults.language),
            )?;
        }
        errand::post(tx, id.slot(), Errand::Card, number, &[])?;
        own(tx, id)
    }
}

/// Keys of [`Request`] for verbs of this module's people.
pub(crate) fn request(actor: &Actor, key: RequestKey) -> Request {
    Request {
        actor: actor.account,
        key,
    }
}
