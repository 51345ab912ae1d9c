//! Passwords: argon2id on threads of its own (rule P8), and the slowness that protects them.
//!
//! A hash costs some 25 ms of a core and 19 MiB. Few threads hash, so the memory is bounded; a short queue waits, and who
//! finds it full is told when to come back. Consensus and log never wait for a password.
//!
//! **Invariant:** salts and hashes are made here, before anything is proposed (rule P2).
//! **Invariant:** a check for a nick that does not exist costs as much as one for a nick that does.

use crate::error::Error;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// NIST 800-63B: at least 8.
pub(crate) const CHARACTERS_MIN: usize = 8;
/// NIST 800-63B: at least 64 must be allowed; longer than this is refused, never cut.
pub(crate) const CHARACTERS_MAX: usize = 128;
/// OWASP's minimum for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Each thread that hashes holds 19 MiB.
const THREADS_MAX: usize = 4;
/// With 25 ms each, the last one of a full queue waits half a second on two threads.
const QUEUE_MAX: usize = 40;
/// How long who finds the queue full should wait.
const BUSY_WAIT: Duration = Duration::from_secs(2);
/// Long enough for a full queue on the slowest machine we know (a Raspberry Pi).
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);

/// A password as somebody typed it; wiped from memory when it is no longer needed.
pub(crate) type Password = Zeroizing<String>;

enum Work {
    Hash(Password, oneshot::Sender<Result<String, Error>>),
    Verify(Password, String, oneshot::Sender<Result<bool, Error>>),
}

/// The threads that hash.
#[derive(Clone)]
pub(crate) struct Vault {
    queue: SyncSender<Work>,
    /// Verified against when there is no account: same parameters, same time.
    nobody: Arc<str>,
}

impl Vault {
    /// Starts the threads; they end when the last clone of the vault is dropped.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub(crate) fn open() -> std::io::Result<Self> {
        let (queue, waiting) = sync_channel(QUEUE_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        let threads = std::thread::available_parallelism()
            .map_or(1, usize::from)
            .clamp(1, THREADS_MAX);
        for _ in 0..threads {
            let waiting = Arc::clone(&waiting);
            std::thread::Builder::new()
                .name("password".to_owned())
                .spawn(move || work(&waiting))?;
        }
        let nobody =
            hash("nobody's password").map_err(|_| std::io::Error::other("argon2 does not work here"))?;
        Ok(Self {
            queue,
            nobody: nobody.into(),
        })
    }

    /// A salted hash, to be stored.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, Error> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(Work::Hash(password, answer))?;
        receive(answered).await
    }

    /// Whether the password fits; without a stored hash it never does, and takes as long to say so.
    pub(crate) async fn verify(&self, password: Password, stored: Option<String>) -> Result<bool, Error> {
        let exists = stored.is_some();
        let (answer, answered) = oneshot::channel();
        let against = stored.unwrap_or_else(|| self.nobody.to_string());
        self.enqueue(Work::Verify(password, against, answer))?;
        Ok(receive(answered).await? && exists)
    }

    fn enqueue(&self, work: Work) -> Result<(), Error> {
        self.queue.try_send(work).map_err(|_| {
            metrics::counter!("tertulia_password_busy_total").increment(1);
            Error::Busy(BUSY_WAIT)
        })
    }
}

async fn receive<T>(answered: oneshot::Receiver<Result<T, Error>>) -> Result<T, Error> {
    match tokio::time::timeout(ANSWER_TIME_MAX, answered).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) | Err(_) => Err(Error::Busy(BUSY_WAIT)),
    }
}

/// What each thread does. Who no longer waits is not hashed for.
fn work(waiting: &Mutex<Receiver<Work>>) {
    loop {
        // Held while waiting, too: the others queue for the lock instead of the channel.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Err(_) => return,
            Ok(Work::Hash(password, answer)) if !answer.is_closed() => {
                answer.send(hash(&password)).ok();
            }
            Ok(Work::Verify(password, stored, answer)) if !answer.is_closed() => {
                answer.send(verify(&password, &stored)).ok();
            }
            Ok(Work::Hash(..) | Work::Verify(..)) => {}
        }
    }
}

fn argon2id() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|_| Error::Internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, Error> {
    let mut salt = [0; 16];
    rand::fill(&mut salt);
    let hash: PasswordHash = argon2id()?
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            Error::Internal
        })?;
    Ok(hash.to_string())
}

fn verify(password: &str, stored: &str) -> Result<bool, Error> {
    let parsed = PasswordHash::new(stored).map_err(|error| {
        tracing::error!(%error, "a stored password hash cannot be read");
        Error::Internal
    })?;
    Ok(argon2id()?.verify_password(password.as_bytes(), &parsed).is_ok())
}

/// Checks a new password's length. Its characters are nobody's business.
pub(crate) fn acceptable(password: &str) -> Result<(), String> {
    let characters = password.chars().count();
    if characters < CHARACTERS_MIN {
        return Err(format!("a password has at least {CHARACTERS_MIN} characters"));
    }
    if characters > CHARACTERS_MAX {
        return Err(format!("a password has at most {CHARACTERS_MAX} characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{QUEUE_MAX, Vault, acceptable};
    use crate::error::Error;

    fn typed(text: &str) -> super::Password {
        text.to_owned().into()
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let vault = Vault::open().expect("threads");
        let stored = vault.hash(typed("correct horse")).await.expect("hashed");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(
            stored,
            vault.hash(typed("correct horse")).await.expect("hashed"),
            "salted"
        );
        assert!(
            vault
                .verify(typed("correct horse"), Some(stored.clone()))
                .await
                .expect("verified")
        );
        assert!(
            !vault
                .verify(typed("correct horsf"), Some(stored))
                .await
                .expect("verified")
        );
        assert!(
            !vault
                .verify(typed("nobody's password"), None)
                .await
                .expect("verified")
        );
    }

    #[tokio::test]
    async fn p8_a_full_queue_answers_busy() {
        let vault = Vault::open().expect("threads");
        let all = (0..QUEUE_MAX * 3).map(|_| vault.verify(typed("x"), None));
        let answers = futures::future::join_all(all).await;
        let busy = answers
            .iter()
            .filter(|answer| matches!(answer, Err(Error::Busy(_))))
            .count();
        let done = answers
            .iter()
            .filter(|answer| matches!(answer, Ok(false)))
            .count();
        assert!(busy > 0 && done >= QUEUE_MAX, "{busy} busy, {done} done");
        assert_eq!(busy + done, answers.len());
    }

    #[test]
    fn long_passwords_are_refused_not_cut() {
        assert!(acceptable("1234567").is_err());
        assert!(acceptable("ñandúes!").is_ok());
        assert!(acceptable(&"x".repeat(128)).is_ok());
        assert!(acceptable(&"x".repeat(129)).is_err());
    }
}
