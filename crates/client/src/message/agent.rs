//! Delivering for as long as somebody lets it: what comes is fetched when the ring says so, and what waits is tried again when it is due.
//!
//! **Invariant:** it may be given up at any moment: whatever it does is a transaction on disk before it counts.
//! **Invariant:** one agent at a time works for a person on a computer. Commands may work beside it.

use crate::client::Client;
use crate::failure::{Failure, Fault, Misuse};
use crate::message::direct::listener::Door;
use crate::message::{Direct, Messenger, vault_name};
use crate::time::now;
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// The stream on which the ring says that letters have come.
const STREAM: &str = "/api/v1/streaming/mailbox";
/// A stream that was silent for longer is dead: machines show that they live four times a minute.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// With a stream, so often is looked nevertheless; without one, and while something waits that nobody tells of, so often at most.
const LOOK: Duration = Duration::from_secs(120);
const LOOK_WITHOUT_STREAM: Duration = Duration::from_secs(15);
/// Between two looks at least.
const PAUSE: Duration = Duration::from_millis(100);

/// What an agent has done since it was told of last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looked {
    /// Texts that are new.
    pub texts: usize,
    /// Letters that still wait to be taken.
    pub waiting: usize,
    /// Whether a machine answered.
    pub is_connected: bool,
}

impl Client {
    /// The right to be the person's agent on this computer, for as long as it is held; none if another process has it.
    pub fn agency(&self) -> Result<Option<File>, Failure> {
        let account = self.known_account()?.ok_or(Misuse::NotLoggedIn)?;
        let Some(mut lock) = self.place.lock_if_free(&vault_name(account))? else {
            return Ok(None);
        };
        let number = std::process::id().to_string();
        let written = lock.set_len(0).and_then(|()| lock.write_all(number.as_bytes()));
        written.map_err(|source| Fault::File {
            path: vault_name(account),
            source,
        })?;
        Ok(Some(lock))
    }

    /// The number of the process that is the person's agent on this computer, if one is.
    pub fn agent(&self) -> Result<Option<u32>, Failure> {
        let account = self.known_account()?.ok_or(Misuse::NotLoggedIn)?;
        Ok(self.place.lock_holder(&vault_name(account))?)
    }

    /// Sees to it that nobody is told to bring letters directly: an agent that was cut off may have left word that it takes them.
    pub async fn close_door(&self) -> Result<(), Failure> {
        self.messenger().await?.withdraw_presence().await
    }

    /// Fetches and sends until `stop`, and tells after each look what came of it. If that is allowed, letters are taken directly too;
    /// then this must be the person's agent.
    pub async fn attend(
        &self,
        direct: Option<Direct>,
        stop: impl Future<Output = ()>,
        mut told: impl FnMut(Looked),
    ) -> Result<(), Failure> {
        let messenger = self.messenger().await?;
        let (door, mut letters) = match direct {
            Some(direct) => {
                let (door, letters) = Door::open(direct)?;
                (Some(door), Some(letters))
            }
            None => (None, None),
        };
        let (come, news) = (AtomicUsize::new(0), Notify::new());
        let look = self.look_again_and_again(&messenger, door.as_ref(), &news, |looked| {
            let texts = looked.texts + come.swap(0, Ordering::Relaxed);
            told(Looked { texts, ..looked });
        });
        let receive = messenger.receive(letters.as_mut(), |texts| {
            come.fetch_add(texts, Ordering::Relaxed);
            news.notify_one();
        });
        tokio::select! {
            ended = look => ended,
            never = receive => match never {},
            () = stop => match door {
                Some(_) => messenger.withdraw_presence().await,
                None => Ok(()),
            },
        }
    }

    async fn look_again_and_again(
        &self,
        messenger: &Messenger<'_>,
        door: Option<&Door>,
        news: &Notify,
        mut told: impl FnMut(Looked),
    ) -> Result<(), Failure> {
        let mut ear = None;
        loop {
            // The person has logged out, and what was theirs is gone.
            if !self.has_messages()? {
                return Ok(());
            }
            // Opened before the look, so that nothing comes unheard between the two.
            if ear.is_none() {
                ear = self.listen().await?;
            }
            let looked = match messenger.deliver().await {
                Ok((fetched, pushed)) => Looked {
                    texts: fetched.texts,
                    waiting: pushed.waiting,
                    is_connected: true,
                },
                Err(failure) if failure.is_unreachable() => Looked::default(),
                Err(failure) => return Err(failure),
            };
            if let Some(door) = door.filter(|_| looked.is_connected) {
                messenger.show_presence(door).await?;
            }
            told(looked);
            tokio::time::sleep(PAUSE).await;
            let wait = match ear {
                // What is due waits for a machine then.
                _ if !looked.is_connected => LOOK_WITHOUT_STREAM,
                Some(_) if looked.waiting == 0 => messenger.until_due()?.min(LOOK),
                Some(_) | None => messenger.until_due()?.min(LOOK_WITHOUT_STREAM),
            };
            tokio::select! {
                heard = tokio::time::timeout(wait, hear(&mut ear)) => if heard == Ok(false) {
                    ear = None;
                },
                () = news.notified() => {}
            }
        }
    }

    /// Opens the stream at the machine that answered last; none if it cannot be had now.
    async fn listen(&self) -> Result<Option<reqwest::Response>, Failure> {
        let me = self.me()?;
        self.wire.listen(&self.store, STREAM, &me.token).await
    }
}

/// Waits until the stream says that a letter has come; says whether the stream lives. Without a stream nothing is heard.
async fn hear(ear: &mut Option<reqwest::Response>) -> bool {
    let Some(response) = ear else {
        return std::future::pending().await;
    };
    loop {
        match tokio::time::timeout(SILENCE_MAX, response.chunk()).await {
            Ok(Ok(Some(chunk))) => {
                // An event is short, and written at once; one that comes in pieces is found by the next look.
                if chunk.windows(6).any(|window| window == b"letter") {
                    return true;
                }
            }
            Ok(Ok(None) | Err(_)) | Err(_) => return false,
        }
    }
}

impl Messenger<'_> {
    /// How long until something is due that was put off.
    fn until_due(&self) -> Result<Duration, Failure> {
        let sql = "SELECT min(due_ms) FROM (SELECT next_ms AS due_ms FROM addressee UNION ALL SELECT due_ms FROM wish
                   UNION ALL SELECT renew_ms FROM conversation)";
        let next = self
            .vault
            .store
            .first(sql, [], |row| row.get::<_, Option<i64>>(0))?;
        let until_ms = next.flatten().map(|next_ms| next_ms - now().unix_ms);
        Ok(until_ms.map_or(LOOK, |until_ms| {
            Duration::from_millis(u64::try_from(until_ms).unwrap_or(0))
        }))
    }
}
