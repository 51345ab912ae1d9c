//! Dweets at their author's home: publishing, editing, deleting, reading.
//!
//! **Invariants**
//! - `version` grows with each change; whoever keeps an image of a dweet takes the higher version.
//! - A deleted dweet keeps its row (id, version), so that late errands find that it is gone; its words are wiped.
//! - Visibility is enforced here for every reader who is not served from a delivered entry: see `may_read`.

use crate::account::{self, visibility_number};
use crate::edge;
use crate::entry::Deliver;
use crate::errand::{self, Errand, Waiting, number};
use crate::error::{Fault, Outcome, decode, encode};
use crate::event::Event;
use crate::growth::{self, Counted};
use crate::notification::{self, Notify};
use crate::page::{Page, Sifted};
use crate::request::{Request, RequestKey};
use crate::session::{self, Actor};
pub(crate) use crate::stored::{
    COLUMNS, Stored, body_of, dweet_id, from_row, may_read, show, standing, stored, whole,
};
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tertulia_types::view::{Body, Content, DweetView, NotificationKind, Visibility};
use tertulia_types::{AccountId, DweetId, Position, Rejected, Scopes, Slot};

/// The longest text and warning together, in bytes; the API counts graphemes.
const TEXT_BYTES_MAX: usize = 16_384;
/// People that a dweet may name, and hashtags that it may have.
const NAMED_MAX: usize = 60;
/// Edits of which the words are kept.
const EDITS_MAX: u64 = 50;

/// Publishes a dweet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publish {
    /// Who asks.
    pub actor: Actor,
    /// What it says. The entry machine has counted the text and resolved mentions and the thread; the application is
    /// filled in from the session.
    pub body: Body,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for Publish {
    type Reply = DweetView;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for Publish {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_STATUSES))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<DweetView> {
        bounded(&self.body)?;
        let author = self.actor.account;
        let body = Body {
            application: session::application(tx, &self.actor)?,
            ..self.body.clone()
        };
        // What the public timeline shows, too.
        let public = body.visibility == Visibility::Public && body.reply_to.is_none();
        let dweet = insert(tx, author, Content::Dweet(body))?;
        let id = dweet.id;
        if let Content::Dweet(body) = &dweet.content {
            post_all(tx, id, author, body)?;
        }
        growth::count(tx, Counted::Dweet)?;
        tx.tell(Event::Published { id, author, public });
        Ok(dweet)
    }
}

fn bounded(body: &Body) -> Outcome<()> {
    if body.text.trim().is_empty() {
        return Err(Rejected::Invalid("a dweet needs text".to_owned()).into());
    }
    if body.text.len() + body.spoiler.len() > TEXT_BYTES_MAX {
        return Err(Rejected::Invalid("the dweet is too long".to_owned()).into());
    }
    if body.mentions.len() > NAMED_MAX || body.tags.len() > NAMED_MAX {
        return Err(Rejected::Limit(format!(
            "a dweet names at most {NAMED_MAX} people and {NAMED_MAX} hashtags"
        ))
        .into());
    }
    Ok(())
}

/// Inserts a dweet or redweet, counts it and sends it on its way to the followers' groups.
pub(crate) fn insert(tx: &mut Tx<'_>, author: AccountId, content: Content) -> Outcome<DweetView> {
    let slot = author.slot();
    let ms = tx.fresh_ms(slot)?;
    let id = DweetId::new(ms, slot);
    let (body, visibility, original, reply_to) = match &content {
        Content::Dweet(body) => (encode(body)?, body.visibility, None, body.reply_to),
        Content::Redweet(original) => (encode(original)?, Visibility::Public, Some(original), None),
    };
    let sql = "INSERT INTO dweet (id, slot, author_id, version, visibility, redweet_of, original_version, reply_to, body)
               VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8)";
    let params = (
        id.get(),
        slot.0,
        author.get(),
        visibility_number(visibility),
        original.map(|original| original.id.get()),
        original.map(|original| original.version),
        reply_to.map(|parent| parent.id.get()),
        body,
    );
    tx.write(sql, params)?;
    let card = account::count_dweet(tx, author, ms)?.ok_or(Rejected::NotFound)?;
    post_delivery(tx, id, author)?;
    Ok(DweetView {
        id,
        author: card,
        version: 1,
        edited_ms: None,
        replies: 0,
        redweets: 0,
        favourites: 0,
        content,
    })
}

/// Nobody following means nothing to deliver: a later first follow fetches the dweet (rule T3).
pub(crate) fn post_delivery(tx: &mut Tx<'_>, id: DweetId, author: AccountId) -> Result<(), Fault> {
    if edge::next_follower_slot(tx, author, Slot(0))?.is_some() {
        errand::post(tx, author.slot(), Errand::Deliver, id.get(), &[])?;
    }
    Ok(())
}

/// Errands to the thread, to those named and to the tags.
fn post_all(tx: &mut Tx<'_>, id: DweetId, author: AccountId, body: &Body) -> Result<(), Fault> {
    let slot = author.slot();
    if let Some(parent) = body.reply_to {
        errand::post(tx, slot, Errand::Reply, id.get(), &parent.id.get().to_be_bytes())?;
        errand::post(
            tx,
            slot,
            Errand::Thread,
            id.get(),
            &parent.root.get().to_be_bytes(),
        )?;
    }
    for person in addressed(body).filter(|person| *person != author) {
        errand::post(tx, slot, Errand::Mention, id.get(), &person.get().to_be_bytes())?;
    }
    if body.visibility == Visibility::Public {
        for tag in &body.tags {
            errand::post(tx, slot, Errand::Tag, id.get(), tag.as_bytes())?;
        }
    }
    Ok(())
}

/// Whom a dweet is told to: those whom it names, and whom it answers, each once.
fn addressed(body: &Body) -> impl Iterator<Item = AccountId> {
    let named = body.mentions.iter().map(|mention| mention.id);
    let people: BTreeSet<_> = named.chain(body.reply_to.map(|parent| parent.author)).collect();
    people.into_iter()
}

/// Edits a dweet; what it answers and who may read it stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Who asks.
    pub actor: Actor,
    /// Which.
    pub id: DweetId,
    /// The new words; `visibility`, `reply_to` and `application` are ignored. Without a language the old one stays.
    pub body: Body,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for Edit {
    type Reply = DweetView;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for Edit {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_STATUSES))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<DweetView> {
        bounded(&self.body)?;
        let (id, author) = (self.id, self.actor.account);
        let stored = own(tx, author, id)?;
        let old = body_of(&stored)?.ok_or(Rejected::Forbidden)?;
        if stored.version > EDITS_MAX {
            return Err(Rejected::Limit(format!("a dweet can be edited {EDITS_MAX} times")).into());
        }
        let kept =
            "INSERT INTO dweet_edit (slot, dweet_id, version, at_ms, body) VALUES (?1, ?2, ?3, ?4, ?5)";
        let at_ms = stored.edited_ms.unwrap_or(id.unix_ms());
        tx.write(kept, (id.slot().0, id.get(), stored.version, at_ms, &stored.body))?;
        let body = Body {
            visibility: old.visibility,
            reply_to: old.reply_to,
            application: old.application.clone(),
            language: self.body.language.clone().or_else(|| old.language.clone()),
            ..self.body.clone()
        };
        let now_ms = tx.now_ms;
        let sql = "UPDATE dweet SET body = ?2, version = version + 1, edited_ms = ?3 WHERE id = ?1";
        tx.write(sql, (id.get(), encode(&body)?, now_ms))?;
        // What the old words named is told as well: it may be named no more.
        post_all(tx, id, author, &old)?;
        post_all(tx, id, author, &body)?;
        post_delivery(tx, id, author)?;
        post_original(tx, id)?;
        tx.tell(Event::Edited { id, author });
        let stored = standing(tx, id)?;
        show(tx, &stored)?.ok_or_else(|| Rejected::NotFound.into())
    }
}

fn own(view: &View<'_>, author: AccountId, id: DweetId) -> Outcome<Stored> {
    let stored = standing(view, id)?;
    if stored.author == author {
        Ok(stored)
    } else {
        Err(Rejected::NotFound.into())
    }
}

/// Deletes a dweet or undoes a redweet by its id. Answers what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delete {
    /// Who asks.
    pub actor: Actor,
    /// Which.
    pub id: DweetId,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for Delete {
    type Reply = DweetView;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for Delete {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_STATUSES))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<DweetView> {
        let stored = own(tx, self.actor.account, self.id)?;
        let was = whole(tx, &stored)?.ok_or(Rejected::NotFound)?;
        remove(tx, &stored)?;
        Ok(was)
    }
}

/// Refuses unless this person's dweet was here and is gone.
pub(crate) fn was_by(view: &View<'_>, id: DweetId, author: AccountId) -> Outcome<()> {
    match stored(view, id)? {
        Some(stored) if stored.author == author && stored.deleted => Ok(()),
        _ => Err(Rejected::NotFound.into()),
    }
}

/// Turns a dweet that stands into a tombstone and sends word of it to all who have an image (rule T5).
pub(crate) fn remove(tx: &mut Tx<'_>, stored: &Stored) -> Outcome<()> {
    let (id, author, slot) = (stored.id, stored.author, stored.author.slot());
    let now_ms = tx.now_ms;
    let sql = "UPDATE dweet SET deleted_ms = ?2, version = version + 1, body = x'' WHERE id = ?1";
    tx.write(sql, (id.get(), now_ms))?;
    tx.write(
        "DELETE FROM dweet_edit WHERE slot = ?1 AND dweet_id = ?2",
        (slot.0, id.get()),
    )?;
    tx.write(
        "UPDATE account SET dweets = max(dweets - 1, 0) WHERE slot = ?1 AND id = ?2",
        (slot.0, author.get()),
    )?;
    post_delivery(tx, id, author)?;
    match stored.redweet_of {
        Some(original) => errand::post(tx, slot, Errand::Redweet, id.get(), &original.get().to_be_bytes())?,
        None => {
            if let Some(body) = body_of(stored)? {
                post_all(tx, id, author, &body)?;
            }
            post_original(tx, id)?;
            notification::forget(tx, author, id)?;
        }
    }
    tx.tell(Event::Deleted { id, author });
    Ok(())
}

/// The slot of the first follower at or behind a delivery's cursor.
pub(crate) fn next_slot(view: &View<'_>, row: &Waiting) -> Outcome<Option<Slot>> {
    match stored(view, dweet_id(row.subject))? {
        Some(stored) => Ok(edge::next_follower_slot(view, stored.author, row.cursor)?),
        None => Ok(None),
    }
}

/// The next hop of a delivery: to the first follower at or behind the cursor.
pub(crate) fn deliver_parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<Deliver>> {
    let Some(stored) = stored(view, dweet_id(row.subject))? else {
        return Ok(None);
    };
    let Some(slot) = edge::next_follower_slot(view, stored.author, row.cursor)? else {
        return Ok(None);
    };
    let deliver = Deliver {
        slot,
        id: stored.id,
        author: stored.author,
        original: stored.redweet_of.unwrap_or(stored.id),
        version: stored.version,
        view: whole(view, &stored)?,
    };
    Ok(Some(deliver))
}

/// A dweet to someone whom it names or answers, or named before an edit or its deletion. A private one is told only to
/// those who may read it.
pub(crate) fn mention_parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<Notify>> {
    let Some(stored) = stored(view, dweet_id(row.subject))? else {
        return Ok(None);
    };
    let Some(account) = AccountId::from_number(number(&row.object)?) else {
        return Ok(None);
    };
    let is_for = body_of(&stored)?.is_some_and(|body| addressed(&body).any(|person| person == account));
    let mut told = if is_for { whole(view, &stored)? } else { None };
    if let Some(shown) = &told
        && !may_read(view, shown, Some(account))?
    {
        told = None;
    }
    let notify = Notify {
        account,
        kind: NotificationKind::Mention,
        from: stored.author,
        dweet: stored.id,
        version: stored.version,
        view: told,
    };
    Ok(Some(notify))
}

/// One dweet or redweet, by its id, for a viewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Show {
    /// Which.
    pub id: DweetId,
    /// Who reads. Whether this is really they is checked at their home, beside this query (rule P1).
    pub viewer: Option<AccountId>,
}

impl Verb for Show {
    type Reply = DweetView;

    fn home(&self) -> Position {
        self.id.home()
    }
}

impl Query for Show {
    fn read(&self, view: &View<'_>) -> Outcome<DweetView> {
        let shown = show(view, &standing(view, self.id)?)?.ok_or(Rejected::NotFound)?;
        if may_read(view, &shown, self.viewer)? {
            Ok(shown)
        } else {
            Err(Rejected::NotFound.into())
        }
    }
}

/// Several dweets of one group; those that the viewer may not read are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowMany {
    /// At which group.
    pub at: Position,
    /// Which; at most 200 are answered.
    pub ids: Vec<DweetId>,
    /// Who reads.
    pub viewer: Option<AccountId>,
}

impl Verb for ShowMany {
    type Reply = Vec<DweetView>;

    fn home(&self) -> Position {
        self.at
    }
}

impl Query for ShowMany {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<DweetView>> {
        let mut found = Vec::new();
        for id in self.ids.iter().take(200) {
            if view.owns(id.home()).is_ok()
                && let Some(stored) = stored(view, *id)?
                && let Some(shown) = show(view, &stored)?
                && may_read(view, &shown, self.viewer)?
            {
                found.push(shown);
            }
        }
        Ok(found)
    }
}

/// The versions of an edited dweet, oldest first, each with its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Which.
    pub id: DweetId,
    /// Who reads.
    pub viewer: Option<AccountId>,
}

impl Verb for History {
    /// The dweet as it is now, and its words over time.
    type Reply = (DweetView, Vec<(u64, Body)>);

    fn home(&self) -> Position {
        self.id.home()
    }
}

impl Query for History {
    fn read(&self, view: &View<'_>) -> Outcome<(DweetView, Vec<(u64, Body)>)> {
        let shown = Show {
            id: self.id,
            viewer: self.viewer,
        }
        .read(view)?;
        let sql =
            "SELECT at_ms, body FROM dweet_edit WHERE slot = ?1 AND dweet_id = ?2 ORDER BY version LIMIT 100";
        let map = |row: &Row<'_>| Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?));
        let rows = view.all(sql, (self.id.slot().0, self.id.get()), map)?;
        let mut versions = rows
            .into_iter()
            .map(|(at_ms, body)| Ok((at_ms, decode("edit", &body)?)))
            .collect::<Result<Vec<(u64, Body)>, Fault>>()?;
        if let Content::Dweet(body) = &shown.content {
            versions.push((shown.edited_ms.unwrap_or(shown.id.unix_ms()), body.clone()));
        }
        Ok((shown, versions))
    }
}

/// The dweets and redweets of one person, newest first, as far as the viewer may read them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Whose.
    pub author: AccountId,
    /// Who reads.
    pub viewer: Option<AccountId>,
    /// Which part.
    pub page: Page,
    /// Without replies to others.
    pub exclude_replies: bool,
    /// Without redweets.
    pub exclude_redweets: bool,
    /// Only those with this hashtag (lower case).
    pub tagged: Option<String>,
}

impl Verb for Profile {
    type Reply = Sifted<DweetView>;

    fn home(&self) -> Position {
        self.author.home()
    }
}

impl Query for Profile {
    fn read(&self, view: &View<'_>) -> Outcome<Sifted<DweetView>> {
        let author = account::standing(view, self.author)?;
        if let Some(viewer) = self.viewer
            && edge::blocks(view, author.id, viewer)?
        {
            return Err(Rejected::NotFound.into());
        }
        let select = format!(
            "SELECT {COLUMNS} FROM dweet WHERE slot = ?4 AND author_id = ?5 AND deleted_ms IS NULL AND"
        );
        let read = |page: &Page| {
            let params = (
                page.below(),
                page.above(),
                page.size() * 2,
                author.id.slot().0,
                author.id.get(),
            );
            view.all(&page.sql(&select, "id"), params, from_row)
        };
        let id = |stored: &Stored| stored.id.get();
        self.page.sift(read, id, |stored| {
            if self.wants(&stored)
                && let Some(shown) = show(view, &stored)?
                && self.is_tagged(&shown)
                && may_read(view, &shown, self.viewer)?
            {
                Ok(Some(shown))
            } else {
                Ok(None)
            }
        })
    }
}

impl Profile {
    fn wants(&self, stored: &Stored) -> bool {
        let is_redweet = self.exclude_redweets && stored.redweet_of.is_some();
        let is_reply = self.exclude_replies && stored.reply_to.is_some();
        !is_redweet && !is_reply
    }

    fn is_tagged(&self, shown: &DweetView) -> bool {
        let Some(tag) = &self.tagged else { return true };
        shown.body().is_some_and(|body| body.tags.contains(tag))
    }
}

/// The public dweets of one group's people, newest first. The public timeline asks all groups (rule T11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Public {
    /// At which group.
    pub at: Position,
    /// Which part.
    pub page: Page,
}

impl Verb for Public {
    type Reply = Sifted<DweetView>;

    fn home(&self) -> Position {
        self.at
    }
}

impl Query for Public {
    fn read(&self, view: &View<'_>) -> Outcome<Sifted<DweetView>> {
        let select = format!(
            "SELECT {COLUMNS} FROM dweet INDEXED BY dweet_public
               WHERE visibility = 0 AND redweet_of IS NULL AND reply_to IS NULL AND deleted_ms IS NULL
               AND ((id - ?4) & 65535) < ?5 AND"
        );
        let (first, count) = view.own_slots();
        let read = |page: &Page| {
            let params = (page.below(), page.above(), page.size(), first, count);
            view.all(&page.sql(&select, "id"), params, from_row)
        };
        let id = |stored: &Stored| stored.id.get();
        self.page.sift(read, id, |stored| Ok(show(view, &stored)?))
    }
}

/// Sends an edit or the deletion of a dweet to its redweets; who redweets it later is told when that is counted.
pub(crate) fn post_original(tx: &mut Tx<'_>, original: DweetId) -> Result<(), Fault> {
    if edge::next_redweeter_slot(tx, original, Slot(0))?.is_some() {
        errand::post(tx, original.slot(), Errand::Original, original.get(), &[])?;
    }
    Ok(())
}
