//! Two people who write to each other in private while the machines are attacked, with the client that people have; and the check that
//! each word has come, once and in its order, and that nobody had to be warned.
//!
//! They live on a thread of their own: what a client computes is not to be taken for a pause of the machines.
//!
//! **Invariant:** what fails here panics, as among the other people.

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tertulia_client::{Client, Failure, Settings};
use tokio::sync::watch;

/// For each single thing that is waited for: far more than it takes, so that only what never comes fails.
const WAIT_MAX: Duration = Duration::from_secs(120);
const PASSWORD: &str = "correct horse";
/// A machine that has not answered for this long is left for another one.
const PATIENCE_MS: u64 = 6_000;
/// Until something is tried again that no machine has answered.
const PAUSE: Duration = Duration::from_millis(100);

/// Two people, and what each has said.
#[derive(Debug)]
pub(crate) struct Talk {
    homes: TempDir,
    nicks: [String; 2],
    said: [Vec<String>; 2],
}

/// They come, and talk until it is over.
pub(crate) fn begin(
    number: usize,
    doors: watch::Receiver<Vec<SocketAddr>>,
    over: watch::Receiver<bool>,
    rest: Duration,
) -> JoinHandle<Talk> {
    std::thread::spawn(move || {
        on_this_thread(async {
            let mut talk = Talk {
                homes: tempfile::tempdir().expect("a directory"),
                nicks: ["one", "other"].map(|who| format!("talker{number}{who}")),
                said: Default::default(),
            };
            for who in 0..2 {
                talk.come(who, &doors).await;
            }
            while !*over.borrow() {
                for who in 0..2 {
                    talk.say(who, &doors).await;
                    tokio::time::sleep(rest).await;
                }
            }
            talk
        })
    })
}

fn on_this_thread<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

impl Talk {
    /// The client of one of the two, as each command opens it.
    fn client(&self, who: usize, doors: &[SocketAddr]) -> Client {
        let settings = Settings {
            data: self.homes.path().join(&self.nicks[who]),
            servers: doors.iter().map(|door| format!("http://{door}")).collect(),
            patience_ms: Some(PATIENCE_MS),
            ..Settings::default()
        };
        Client::open(&settings).expect("the client opens")
    }

    async fn come(&self, who: usize, doors: &watch::Receiver<Vec<SocketAddr>>) {
        insist("to register", async || {
            let client = self.client(who, &doors.borrow().clone());
            match client.register(&self.nicks[who], None, PASSWORD).await {
                // The answer to an earlier try was lost.
                Err(Failure::Refused(_)) => client.login(&self.nicks[who], PASSWORD).await.map(drop),
                registered => registered.map(drop),
            }
        })
        .await;
    }

    async fn say(&mut self, who: usize, doors: &watch::Receiver<Vec<SocketAddr>>) {
        let text = format!("{} says {}", self.nicks[who], self.said[who].len());
        insist("to say something", async || {
            let client = self.client(who, &doors.borrow().clone());
            let messenger = client.messenger().await?;
            messenger.send(&self.nicks[1 - who], &text).await.map(drop)
        })
        .await;
        self.said[who].push(text);
    }

    /// How much they said.
    pub(crate) fn texts(&self) -> usize {
        self.said.iter().map(Vec::len).sum()
    }

    /// Each has heard all that the other has said, once and in its order.
    ///
    /// # Panics
    /// When it is not so.
    pub(crate) fn check(&self, doors: &[SocketAddr]) {
        std::thread::scope(|scope| {
            let checked = scope.spawn(|| on_this_thread(self.check_both(doors)));
            if let Err(panic) = checked.join() {
                std::panic::resume_unwind(panic);
            }
        });
    }

    async fn check_both(&self, doors: &[SocketAddr]) {
        // Twice: what one sends last the other has yet to fetch.
        for who in [0, 1, 0, 1] {
            insist("to deliver everything", async || {
                let client = self.client(who, doors);
                let (_, pushed) = client.messenger().await?.deliver().await?;
                match pushed.waiting {
                    0 => Ok(()),
                    _ => Err(Failure::Unreachable(Vec::new())),
                }
            })
            .await;
        }
        for who in 0..2 {
            let client = self.client(who, doors);
            let messenger = client.messenger().await.expect("opens");
            let all = self.texts();
            let heard = messenger.read(&self.nicks[1 - who], all * 2 + 1).await;
            let heard = heard.expect("reads").into_iter();
            let heard: Vec<String> = heard
                .filter(|message| !message.is_own)
                .map(|message| message.text)
                .collect();
            assert_eq!(heard, self.said[1 - who], "what {} heard", self.nicks[who]);
            assert_eq!(
                messenger.alarms().expect("reads"),
                [],
                "what {} is warned of",
                self.nicks[who]
            );
        }
    }
}

/// Tries until it is done.
async fn insist(what: &str, mut deed: impl AsyncFnMut() -> Result<(), Failure>) {
    let begun = Instant::now();
    loop {
        match deed().await {
            Ok(()) => return,
            Err(failure) if failure.is_unreachable() || matches!(failure, Failure::Refused(_)) => {
                assert!(begun.elapsed() < WAIT_MAX, "it took too long {what}: {failure}");
            }
            Err(failure) => panic!("{what}: {failure}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
