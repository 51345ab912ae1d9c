//! Where blocking work runs: the log's writes and the database's transactions.
//!
//! In service each worker has a thread of its own, so that a slow disk never holds up consensus. In tests and simulations, where threads would make a
//! run irreproducible, the same worker runs as a task between two awaits.
//!
//! **Invariant:** a worker sees its jobs in the order they were sent, and all that were waiting at once (the more wait, the larger the batch).
//! **Invariant:** the queue is bounded; a sender waits.

use std::io;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

/// Where workers run.
#[derive(Clone, Copy, Debug, Default)]
pub enum Stage {
    /// Each worker on a thread of its own.
    #[default]
    Threads,
    /// Each worker as a task of the runtime that starts it.
    Inline,
    /// As `Inline`, and each batch of work takes as long as its disk would.
    Paced(Lag),
}

/// How slow a simulated disk is.
#[derive(Clone, Copy, Debug)]
pub struct Lag {
    /// Whose disk it is; means something to `of` only.
    pub machine: u64,
    /// How long the machine's disk takes for the next batch of this worker.
    pub of: fn(machine: u64, worker: &str) -> Duration,
}

/// The sending side of a worker, and the news of its end.
pub(crate) struct Worker<J> {
    /// Jobs go in here. The worker ends when the last sender is gone.
    pub(crate) jobs: mpsc::Sender<J>,
    /// Resolves (with an error, for the sender is dropped) when the worker has done its last job and dropped all it held.
    pub(crate) ended: oneshot::Receiver<()>,
}

impl Stage {
    /// Starts a worker that is given up to `batch` waiting jobs at a time, from a queue of as many.
    pub(crate) fn start<J, F>(self, name: &str, batch: usize, work: F) -> io::Result<Worker<J>>
    where
        J: Send + 'static,
        F: FnMut(&mut Vec<J>) + Send + 'static,
    {
        self.start_with(name, batch, |_| work)
    }

    /// As [`Self::start`], for a worker that has others send it jobs.
    pub(crate) fn start_with<J, F>(
        self,
        name: &str,
        batch: usize,
        make: impl FnOnce(mpsc::WeakSender<J>) -> F,
    ) -> io::Result<Worker<J>>
    where
        J: Send + 'static,
        F: FnMut(&mut Vec<J>) + Send + 'static,
    {
        let (jobs, mut waiting) = mpsc::channel(batch);
        let mut work = make(jobs.downgrade());
        let (end, ended) = oneshot::channel::<()>();
        match self {
            Self::Threads => {
                std::thread::Builder::new().name(name.to_owned()).spawn(move || {
                    let mut taken = Vec::with_capacity(batch);
                    while waiting.blocking_recv_many(&mut taken, batch) > 0 {
                        work(&mut taken);
                        taken.clear();
                    }
                    drop(work);
                    drop(end);
                })?;
            }
            Self::Inline | Self::Paced(_) => {
                let name = name.to_owned();
                tokio::spawn(async move {
                    let mut taken = Vec::with_capacity(batch);
                    while waiting.recv_many(&mut taken, batch).await > 0 {
                        self.wait(&name).await;
                        work(&mut taken);
                        taken.clear();
                    }
                    drop(work);
                    drop(end);
                });
            }
        }
        Ok(Worker { jobs, ended })
    }

    /// Does one thing that blocks, off the threads that run tasks.
    pub(crate) async fn blocking<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> T {
        match self {
            Self::Inline | Self::Paced(_) => {
                self.wait("blocking").await;
                work()
            }
            Self::Threads => match tokio::task::spawn_blocking(work).await {
                Ok(done) => done,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // Work that has been handed over is cancelled only when the runtime goes down, and then nobody is left to be told.
                    Err(_) => std::future::pending().await,
                },
            },
        }
    }

    /// As long as the disk takes.
    async fn wait(self, worker: &str) {
        if let Self::Paced(lag) = self {
            let duration = (lag.of)(lag.machine, worker);
            if !duration.is_zero() {
                tokio::time::sleep(duration).await;
            }
        }
    }
}
