//! Delivering for as long as somebody lets it: what comes is fetched when the ring says so, and what waits is tried again when it is due.
//!
//! **Invariant:** it may be given up at any moment: whatever it does is a transaction on disk before it counts.
//! **Invariant:** one agent at a time works for a person on a computer. Commands may work beside it.

use crate::client::Client;
use crate::failure::{Failure, Fault, Misuse};
use crate::message::{Messenger, vault_name};
use crate::time::now;
use std::fs::File;
use std::io::Write;
use std::pin::pin;
use std::time::Duration;

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

    /// Fetches and sends until `stop`, and tells after each look what came of it.
    pub async fn attend(
        &self,
        stop: impl Future<Output = ()>,
        mut told: impl FnMut(Looked),
    ) -> Result<(), Failure> {
        let messenger = self.messenger().await?;
        let mut stop = pin!(stop);
        let work = async {
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
                told(looked);
                tokio::time::sleep(PAUSE).await;
                let wait = messenger.until_due()?.min(match ear {
                    Some(_) if looked.waiting == 0 => LOOK,
                    Some(_) | None => LOOK_WITHOUT_STREAM,
                });
                let heard = tokio::time::timeout(wait, hear(&mut ear)).await;
                if heard == Ok(false) {
                    ear = None;
                }
            }
        };
        tokio::select! {
            ended = work => ended,
            () = &mut stop => Ok(()),
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
        let sql = "SELECT min(due_ms) FROM (SELECT next_ms AS due_ms FROM addressee UNION ALL SELECT due_ms FROM wish)";
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
