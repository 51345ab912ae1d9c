//! The machines at which the ring can be entered: heard from the ring, kept for the day on which this client's own fails.
//!
//! Each answer names the version of the ring's list. When it is another than the one that is held, the list is fetched
//! beside whatever the client does next, and kept.
//!
//! **Invariant:** a list is taken from a machine that is trusted, for the ring that the person is in; what it names is
//! believed under that ring's authority and no other, and is bounded.
//! **Invariant:** a list that cannot be had disturbs nobody: the old one stays.
//! **Invariant:** a machine that names nobody but itself takes nobody's place: one that has just started, or is cut off, knows of no other that lives, and
//! whoever forgot the others for it would have nowhere to go when it fails.

use crate::address;
use crate::bounded;
use crate::failure::Failure;
use crate::store::Store;
use crate::trust;
use rusqlite::Transaction;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tertulia_types::entity::{ENTRY_MACHINES_MAX, ENTRY_URLS_MAX, Entries};
use tokio::task::JoinSet;

/// Where a machine hands out its list.
const PATH: &str = "/api/tertulia/v1/entries";
/// A list of five machines is smaller.
const LIST_BYTES_MAX: usize = 64 << 10;
/// A version that could not be fetched is not asked for again for so long.
const RETRY_TIME: Duration = Duration::from_secs(60);
/// How long the end of a command may be put off for a list that is on its way.
const SETTLE_TIME_MAX: Duration = Duration::from_millis(1_500);

/// What is known of the ring that is spoken to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ring {
    /// Its id; none until a list was had.
    pub(crate) id: Option<String>,
    /// The fingerprint of its authority.
    pub(crate) authority: Option<String>,
    /// The version of the list that is held.
    pub(crate) version: Option<u64>,
    /// Whether it is the ring of the person who is logged in, or one that answered in this process; else it is what was
    /// found at this address before, and the machine there may have become another ring's since.
    pub(crate) is_certain: bool,
}

impl Ring {
    /// The ring of the person who is logged in, or of a machine.
    pub(crate) fn of(store: &Store, id: Option<&str>) -> Result<Self, Failure> {
        let Some(id) = id else { return Ok(Self::default()) };
        let sql = "SELECT id, authority, version FROM ring WHERE id = ?1";
        let ring = store.first(sql, [id], |row| {
            Ok(Self {
                id: Some(row.get(0)?),
                authority: row.get(1)?,
                version: u64::try_from(row.get::<_, i64>(2)?).ok(),
                is_certain: false,
            })
        })?;
        Ok(ring.unwrap_or_default())
    }
}

/// The list that is on its way, if one is.
#[derive(Debug, Default)]
pub(crate) struct Errand {
    /// One at most.
    under_way: Mutex<JoinSet<Option<Brought>>>,
    /// The version that was sent for last, and when.
    sent: Mutex<Option<(u64, Instant)>>,
}

/// A list, and who gave it.
#[derive(Debug)]
pub(crate) struct Brought {
    server: String,
    list: Entries,
}

impl Errand {
    /// Sends for the list of a machine that has just named `version`, unless that is held, or was sent for just now.
    pub(crate) fn send(&self, pool: &reqwest::Client, server: &str, version: u64, held: Option<u64>) {
        let now = Instant::now();
        let mut under_way = lock(&self.under_way);
        let mut sent = lock(&self.sent);
        let just_now = sent.is_some_and(|(last, at)| last == version && now < at + RETRY_TIME);
        if held == Some(version) || just_now || !under_way.is_empty() {
            return;
        }
        *sent = Some((version, now));
        under_way.spawn(fetch(pool.clone(), server.to_owned()));
    }

    /// The list that has come meanwhile.
    pub(crate) fn brought(&self) -> Option<Brought> {
        lock(&self.under_way).try_join_next()?.ok().flatten()
    }

    /// Waits for the list that is on its way, not for long.
    pub(crate) async fn wait(&self) -> Option<Brought> {
        let mut under_way = std::mem::take(&mut *lock(&self.under_way));
        let coming = tokio::time::timeout(SETTLE_TIME_MAX, under_way.join_next());
        coming.await.ok()??.ok().flatten()
    }
}

/// What a list comes to.
#[derive(Debug)]
pub(crate) struct Recommended {
    /// The addresses, the best first.
    pub(crate) urls: Vec<String>,
    /// Whether they are of one machine at most: they come beside what was recommended before.
    pub(crate) is_alone: bool,
}

async fn fetch(pool: reqwest::Client, server: String) -> Option<Brought> {
    let response = pool.get(format!("{server}{PATH}")).send().await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let bytes = bounded::body(response, LIST_BYTES_MAX).await.ok()?;
    let list = serde_json::from_slice(&bytes).ok()?;
    Some(Brought { server, list })
}

impl Brought {
    /// Keeps the list, if it is one of the ring that is spoken to, or if that is not known yet: the ring as it is known
    /// then, and its addresses. `named` are the machines that the person took for the ring's.
    pub(crate) fn keep(
        self,
        store: &Store,
        ring: &Ring,
        named: &[String],
    ) -> Result<Option<(Ring, Recommended)>, Failure> {
        let is_id = self.list.ring.len() == 16 && self.list.ring.bytes().all(|byte| byte.is_ascii_hexdigit());
        let Ok(version) = i64::try_from(self.list.version) else {
            return Ok(None);
        };
        let is_another = ring.id.as_ref().is_some_and(|id| *id != self.list.ring);
        if !is_id || (is_another && ring.is_certain) {
            return Ok(None);
        }
        let urls = self.urls();
        store.change(|tx| {
            let pinned = trust::pinned_fingerprint(tx, &self.server)?;
            let differ = |(one, other)| one != other;
            if pinned.as_ref().zip(ring.authority.as_ref()).is_some_and(differ) {
                return Ok(None);
            }
            // Who answers under the ring's own authority proves it; else the machine's word is taken for it.
            let authority = pinned.clone().or_else(|| ring.authority.clone()).or_else(|| {
                let claimed = self.list.ca_fingerprint.as_deref()?;
                trust::fingerprint(claimed).ok()
            });
            let sql = "INSERT INTO ring (id, authority, version) VALUES (?1, ?2, ?3)
                       ON CONFLICT (id) DO UPDATE SET authority = ?2, version = ?3";
            tx.execute(sql, (&self.list.ring, &authority, version))?;
            let sql = "UPDATE person SET ring = ?1 WHERE token IS NOT NULL AND ring IS NULL";
            tx.execute(sql, [&self.list.ring])?;
            let sql = "UPDATE server SET ring = ?1 WHERE url = ?2";
            tx.execute(sql, (&self.list.ring, &self.server))?;
            for named in named {
                let sql = "UPDATE server SET ring = ?1 WHERE url = ?2 AND ring IS NULL";
                tx.execute(sql, (&self.list.ring, named))?;
            }
            self.keep_servers(tx, &urls, pinned.as_deref())?;
            let ring = Ring {
                id: Some(self.list.ring.clone()),
                authority,
                version: Some(self.list.version),
                is_certain: true,
            };
            let is_alone = self.is_alone();
            Ok(Some((ring, Recommended { urls, is_alone })))
        })
    }

    fn keep_servers(
        &self,
        tx: &Transaction<'_>,
        urls: &[String],
        authority: Option<&str>,
    ) -> Result<(), Failure> {
        let ring = &self.list.ring;
        let sql = "SELECT url FROM server WHERE ring = ?1 AND is_heard AND url <> ?2";
        let mut statement = tx.prepare(sql)?;
        let heard = statement
            .query_map((ring, &self.server), |row| row.get::<_, String>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let is_gone = |url: &&String| !self.is_alone() && !urls.contains(url);
        for gone in heard.iter().filter(is_gone) {
            tx.execute("DELETE FROM server WHERE url = ?1", [gone])?;
        }
        for url in urls {
            // A machine that is known to be another ring's, under an authority of its own, stays that one's.
            let sql = "INSERT INTO server (url, place, authority, ring, is_heard)
                       VALUES (?1, (SELECT coalesce(max(place), 0) + 1 FROM server), ?2, ?3, 1)
                       ON CONFLICT (url) DO UPDATE SET ring = ?3, authority = coalesce(authority, ?2)
                       WHERE ring IS NULL OR ring = ?3 OR authority IS ?2";
            tx.execute(sql, (url, authority, ring))?;
        }
        Ok(())
    }

    fn is_alone(&self) -> bool {
        self.list.machines.len() < 2
    }

    /// The addresses of the list that may be followed: the first of each machine, then the second ones.
    fn urls(&self) -> Vec<String> {
        let machines = || self.list.machines.iter().take(ENTRY_MACHINES_MAX);
        let mut urls = Vec::new();
        for place in 0..ENTRY_URLS_MAX {
            for named in machines().filter_map(|machine| machine.urls.get(place)) {
                if let Some(url) = address::heard(named, &self.server)
                    && !urls.contains(&url)
                {
                    urls.push(url);
                }
            }
        }
        urls
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
