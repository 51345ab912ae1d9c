//! Follows. The follower's home holds the truth of an edge, the author's home an image (rule T2).
//!
//! **Invariants**
//! - An edge's version grows with each change at the follower's home; the image takes the higher version. Counts change
//!   only when an edge's state changes.
//! - The order of a first follow (rule T3): the edge stands here, then the image is applied at the author's home, and only
//!   then, by the same command, the author's recent dweets are read there and come back with the answer. What is
//!   published after the image is delivered; what was before is in the answer. The author may publish much between the
//!   edge and an answer that arrives: all since the edge is among the recent ones, up to ten pages, however often it is
//!   asked for.
//! - An image is taken away only after its edge has ended. So while an edge of a group is *taken* (its image was applied),
//!   nothing that the author does passes the group by; when the last taken edge ends, the author's entries go (rule T4),
//!   and edges that are still on their way fetch them anew, once they are gone.

use crate::account;
use crate::dweet;
use crate::edge;
use crate::entry::{self, GoOnForgetting};
use crate::errand::{self, Errand, Waiting, number};
use crate::error::{Fault, Outcome, encode};
use crate::event::Event;
use crate::notification::Cause;
use crate::page::{Page, Sifted};
use crate::request::{Request, RequestKey};
use crate::session::Actor;
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::view::{AccountView, DweetView, NotificationKind, Relationship};
use tertulia_types::{AccountId, Bug, DweetId, NotificationId, Position, Rejected, Scopes};

/// Dweets that a first follow brings with it; more, page by page, where more were published since somebody asked for it.
const RECENT_DWEETS: u32 = 40;
/// Pages of them at most.
const RECENT_PAGES_MAX: usize = 10;
/// No page more when what there is takes so much: it becomes one entry of a log.
const RECENT_BYTES: usize = 1 << 20;
/// The clocks of two homes differ by less: a machine whose clock is further off does not lead.
const CLOCKS_APART_MS: u64 = 60_000;
/// People whom one may follow.
const FOLLOWING_MAX: u64 = 7_500;

/// Follows someone, or changes whether their redweets are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follow {
    /// Who asks.
    pub actor: Actor,
    /// Whom.
    pub author: AccountId,
    /// Whether their redweets are wanted too.
    pub redweets: bool,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for Follow {
    type Reply = Relationship;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for Follow {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_FOLLOWS))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Relationship> {
        let me = self.actor.account;
        if me == self.author {
            return Err(Rejected::Oneself.into());
        }
        if edge::blocks(tx, me, self.author)? || edge::is_blocked_by(tx, me, self.author)? {
            return Err(Rejected::Blocked.into());
        }
        let is_new = !edge::is_following(tx, me, self.author)?;
        if is_new && account::standing(tx, me)?.following >= FOLLOWING_MAX {
            return Err(Rejected::Limit(format!("one can follow at most {FOLLOWING_MAX} people")).into());
        }
        set_following(tx, me, self.author, true, self.redweets)?;
        tx.tell(Event::Edges { account: me });
        edge::relationship(tx, me, self.author)
    }
}

/// Stops following someone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfollow {
    /// Who asks.
    pub actor: Actor,
    /// Whom.
    pub author: AccountId,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for Unfollow {
    type Reply = Relationship;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for Unfollow {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_FOLLOWS))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Relationship> {
        let me = self.actor.account;
        end(tx, me, self.author)?;
        edge::relationship(tx, me, self.author)
    }
}

/// Ends an edge at the follower's home, and with the group's last edge to the author the author's entries (rule T4).
pub(crate) fn end(tx: &mut Tx<'_>, follower: AccountId, author: AccountId) -> Result<(), Fault> {
    if set_following(tx, follower, author, false, false)? {
        entry::drop_unfollowed(tx, author, follower)?;
        tx.tell(Event::Edges { account: follower });
    }
    Ok(())
}

/// Sets the truth of an edge and posts it to the author's home. Answers whether its state changed.
pub(crate) fn set_following(
    tx: &mut Tx<'_>,
    follower: AccountId,
    author: AccountId,
    stands: bool,
    redweets: bool,
) -> Result<bool, Fault> {
    let slot = follower.slot();
    let stood = edge::is_following(tx, follower, author)?;
    if !stands && !stood {
        return Ok(false);
    }
    if stands && !entry::is_followed(tx, author)? {
        // Of the other half of a split: nothing has been delivered to it since, and it would not be missed.
        entry::forget(tx, author)?;
    }
    let id = NotificationId::new(tx.fresh_ms(slot)?, slot);
    let arrival = tx.counter(entry::ARRIVALS)?;
    let sql = "INSERT INTO following (slot, follower_id, author_id, version, state, redweets, arrival, id)
               VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7)
               ON CONFLICT (slot, follower_id, author_id) DO UPDATE SET version = version + 1, redweets = excluded.redweets,
               arrival = CASE WHEN state = excluded.state THEN arrival ELSE excluded.arrival END,
               taken = CASE WHEN state = excluded.state THEN taken ELSE 0 END,
               id = CASE WHEN state = excluded.state THEN id ELSE excluded.id END, state = excluded.state";
    tx.write(
        sql,
        (
            slot.0,
            follower.get(),
            author.get(),
            stands,
            redweets,
            arrival,
            id.get(),
        ),
    )?;
    if stands != stood {
        let step = if stands { 1 } else { -1 };
        let sql = "UPDATE account SET following = max(following + ?3, 0) WHERE slot = ?1 AND id = ?2";
        tx.write(sql, (slot.0, follower.get(), step))?;
        errand::post(
            tx,
            slot,
            Errand::Follower,
            follower.get(),
            &author.get().to_be_bytes(),
        )?;
    }
    Ok(stands != stood)
}

/// How the actor stands to others, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relationships {
    /// Who asks.
    pub actor: Actor,
    /// To whom; at most 500 are answered.
    pub others: Vec<AccountId>,
}

impl Verb for Relationships {
    type Reply = Vec<Relationship>;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for Relationships {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::NONE))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Vec<Relationship>> {
        self.others
            .iter()
            .take(500)
            .map(|other| edge::relationship(view, self.actor.account, *other))
            .collect()
    }
}

/// Sets the image of an edge at the author's home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetFollower {
    /// Who is followed.
    pub author: AccountId,
    /// Who follows.
    pub follower: AccountId,
    /// The follower's card, for the notification; `None` when that account is closed.
    pub card: Option<AccountView>,
    /// The edge's version.
    pub version: u64,
    /// Whether it stands.
    pub stands: bool,
    /// Where the follower's group has nothing of the author yet: what was published from then on (Unix time in milliseconds) is wanted, besides the newest.
    pub want_since_ms: Option<u64>,
}

/// The answer to an edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowerSet {
    /// The author's card.
    pub card: AccountView,
    /// The author's recent dweets, if they were wanted.
    pub recent: Option<Vec<DweetView>>,
}

impl Verb for SetFollower {
    type Reply = Option<FollowerSet>;

    fn home(&self) -> Position {
        self.author.home()
    }
}

impl Command for SetFollower {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Option<FollowerSet>> {
        if self.stands {
            account::keeping(tx, self.author)?;
            if edge::blocks(tx, self.author, self.follower)? {
                return Err(Rejected::Blocked.into());
            }
        }
        self.upsert(tx)?;
        if !self.stands {
            return Ok(None);
        }
        Ok(Some(FollowerSet {
            card: account::keeping(tx, self.author)?,
            recent: self
                .want_since_ms
                .map(|since_ms| self.recent(tx, since_ms))
                .transpose()?,
        }))
    }
}

impl SetFollower {
    fn upsert(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let slot = self.author.slot();
        let stood = edge::is_follower(tx, self.author, self.follower)?;
        let id = NotificationId::new(tx.fresh_ms(slot)?, slot);
        let sql = "INSERT INTO follower (slot, author_id, follower_slot, follower_id, version, state, id)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                   ON CONFLICT (slot, author_id, follower_slot, follower_id) DO UPDATE
                   SET version = excluded.version, state = excluded.state, id = excluded.id WHERE excluded.version > version";
        let follower = self.follower;
        let params = (
            slot.0,
            self.author.get(),
            follower.slot().0,
            follower.get(),
            self.version,
            self.stands,
            id.get(),
        );
        tx.write(sql, params)?;
        let stands = edge::is_follower(tx, self.author, follower)?;
        if stands != stood || Bug::CountedTwice.is_planted() {
            count_followers(tx, self.author, if stands { 1 } else { -1 })?;
        }
        let cause = Cause {
            account: self.author,
            kind: NotificationKind::Follow,
            from: follower,
            dweet: None,
        };
        match (stood, stands, &self.card) {
            (false, true, Some(card)) => cause.tell(tx, card, None, self.version),
            (true, false, _) => cause.withdraw(tx, self.version),
            _ => Ok(()),
        }
    }

    fn recent(&self, view: &View<'_>, since_ms: u64) -> Outcome<Vec<DweetView>> {
        let mut profile = dweet::Profile {
            author: self.author,
            viewer: Some(self.follower),
            page: Page::newest(RECENT_DWEETS),
            exclude_replies: false,
            exclude_redweets: false,
            tagged: None,
        };
        let (mut recent, mut bytes) = (Vec::new(), 0);
        for _ in 0..RECENT_PAGES_MAX {
            let Sifted { shown, stretch } = profile.read(view)?;
            for dweet in &shown {
                bytes += encode(dweet)?.len();
            }
            recent.extend(shown);
            let oldest = stretch.map(|(_, oldest)| oldest);
            let is_before = |id| DweetId::from_number(id).is_none_or(|id| id.unix_ms() < since_ms);
            if oldest.is_none_or(is_before) || bytes > RECENT_BYTES {
                break;
            }
            profile.page.max_id = oldest;
        }
        Ok(recent)
    }
}

/// Changes the number of followers, at the author's home.
pub(crate) fn count_followers(tx: &mut Tx<'_>, author: AccountId, step: i64) -> Result<(), Fault> {
    let sql = "UPDATE account SET followers = max(followers + ?3, 0) WHERE slot = ?1 AND id = ?2";
    tx.write(sql, (author.slot().0, author.get(), step))?;
    Ok(())
}

/// What is to be done for an edge.
pub(crate) enum Next {
    /// It goes to the author's home.
    Set(SetFollower),
    /// First the rest of what this group once had of the author goes.
    Forget(GoOnForgetting),
}

/// What is to be done for the edge of a row, as it is now.
pub(crate) fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<Next>> {
    let Some((follower, author)) = ends(row)? else {
        return Ok(None);
    };
    let sql =
        "SELECT version, state, id FROM following WHERE slot = ?1 AND follower_id = ?2 AND author_id = ?3";
    let map = |row: &Row<'_>| {
        let id = row.get::<_, i64>(2)?;
        Ok((row.get::<_, u64>(0)?, row.get::<_, bool>(1)?, id))
    };
    let Some((version, stands, id)) =
        view.first(sql, (follower.slot().0, follower.get(), author.get()), map)?
    else {
        return Ok(None);
    };
    if stands && entry::is_outdated(view, author)? {
        return Ok(Some(Next::Forget(GoOnForgetting { follower, author })));
    }
    let since_ms = NotificationId::from_number(id).map_or(0, NotificationId::unix_ms);
    let want = stands && !entry::is_fetched(view, author)?;
    let card = account::kept(view, follower)?;
    Ok(Some(Next::Set(SetFollower {
        author,
        follower,
        card,
        version,
        stands,
        want_since_ms: want.then(|| since_ms.saturating_sub(CLOCKS_APART_MS)),
    })))
}

fn ends(row: &Waiting) -> Result<Option<(AccountId, AccountId)>, Fault> {
    let author = number(&row.object)?;
    Ok(AccountId::from_number(row.subject).zip(AccountId::from_number(author)))
}

/// The author's home has taken the edge: what it sent along comes into this group's entries. The edge stands as it was
/// sent, or its row would have been replaced.
pub(crate) fn settled(tx: &mut Tx<'_>, row: &Waiting, reply: &Option<FollowerSet>) -> Outcome<()> {
    let (Some((follower, author)), Some(reply)) = (ends(row)?, reply) else {
        return Ok(());
    };
    if !edge::is_following(tx, follower, author)? {
        return Ok(());
    }
    let is_lost =
        entry::is_outdated(tx, author)? || (reply.recent.is_none() && !entry::is_fetched(tx, author)?);
    if is_lost {
        // The group's last taken edge has ended while this one was on its way, and the entries with it.
        errand::post(tx, follower.slot(), Errand::Follower, row.subject, &row.object)?;
        return Ok(());
    }
    let sql = "UPDATE following SET taken = 1 WHERE slot = ?1 AND follower_id = ?2 AND author_id = ?3";
    tx.write(sql, (follower.slot().0, follower.get(), author.get()))?;
    if let Some(recent) = &reply.recent {
        entry::take_fetched(tx, recent)?;
        tx.tell(Event::Edges { account: follower });
    }
    entry::put_card(tx, &reply.card, true)?;
    Ok(())
}

/// The author's home has refused the edge (closed, or blocked meanwhile): it is taken back here (rule O1).
pub(crate) fn refused(tx: &mut Tx<'_>, row: &Waiting) -> Outcome<()> {
    if let Some((follower, author)) = ends(row)? {
        end(tx, follower, author)?;
    }
    Ok(())
}

/// Who follows someone, newest first: for each the edge's id, by which one pages, and the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followers {
    /// Whose followers.
    pub author: AccountId,
    /// Who reads.
    pub viewer: Option<AccountId>,
    /// Which part.
    pub page: Page,
}

impl Verb for Followers {
    type Reply = Vec<(NotificationId, AccountId)>;

    fn home(&self) -> Position {
        self.author.home()
    }
}

impl Query for Followers {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<(NotificationId, AccountId)>> {
        visible(view, self.author, self.viewer)?;
        let select =
            "SELECT id, follower_id FROM follower WHERE slot = ?4 AND author_id = ?5 AND state = 1 AND";
        edge::edges(view, select, self.author, &self.page)
    }
}

/// Whom someone follows, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Following {
    /// Who follows.
    pub follower: AccountId,
    /// Who reads.
    pub viewer: Option<AccountId>,
    /// Which part.
    pub page: Page,
}

impl Verb for Following {
    type Reply = Vec<(NotificationId, AccountId)>;

    fn home(&self) -> Position {
        self.follower.home()
    }
}

impl Query for Following {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<(NotificationId, AccountId)>> {
        visible(view, self.follower, self.viewer)?;
        let select =
            "SELECT id, author_id FROM following WHERE slot = ?4 AND follower_id = ?5 AND state = 1 AND";
        edge::edges(view, select, self.follower, &self.page)
    }
}

fn visible(view: &View<'_>, account: AccountId, viewer: Option<AccountId>) -> Outcome<()> {
    account::standing(view, account)?;
    match viewer {
        Some(viewer) if edge::blocks(view, account, viewer)? => Err(Rejected::NotFound.into()),
        _ => Ok(()),
    }
}
