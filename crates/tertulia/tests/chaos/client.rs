//! The terminal's client, whose machine is lost.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::alone;
use crate::ring::{Ring, said};

/// Somebody's commands, with a home directory of their own.
pub(crate) struct Client {
    home: PathBuf,
}

impl Client {
    pub(crate) fn new(home: &Path) -> Self {
        Self {
            home: home.to_owned(),
        }
    }

    /// Runs a command, and gives its answer.
    pub(crate) async fn does(&self, words: &[&str]) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tertulia"));
        command
            .args(words)
            .arg("--json")
            .env("TERTULIA_HOME", &self.home)
            .env("TERTULIA_PASSWORD", "correct horse")
            .env_remove("TERTULIA_SERVER")
            .stdin(Stdio::null());
        let ran = tokio::task::spawn_blocking(move || command.output())
            .await
            .unwrap()
            .unwrap();
        assert!(ran.status.success(), "{words:?}: {}", said(&ran));
        serde_json::from_slice(&ran.stdout).unwrap()
    }
}

#[test]
fn a_client_that_loses_its_machine_goes_on_with_the_next() {
    alone(async {
        let mut ring = Ring::of(3).await;
        let (ana, bob) = (
            Client::new(&ring.folder().join("ana")),
            Client::new(&ring.folder().join("bob")),
        );
        let first = format!("http://{}", ring.machine(0).address());
        ana.does(&["register", "ana", "--server", &first]).await;
        bob.does(&["register", "bob", "--server", &first]).await;
        ana.does(&["follow", "bob"]).await;
        assert_eq!(bob.does(&["whoami"]).await["server"], first.as_str());

        let mut published = Vec::new();
        for victim in [0, 1, 2] {
            ring.kill(victim);
            let words = format!("without machine {victim}");
            published.push(bob.does(&["dweet", &words]).await["id"].clone());
            let server = bob.does(&["whoami"]).await["server"].clone();
            assert_ne!(
                server,
                format!("http://{}", ring.machine(victim).address()).as_str()
            );
            ring.start(victim).await;
            ring.settle().await;
        }
        published.reverse();
        let mut shown = Vec::new();
        tertulia_sim::load::until(async || {
            let page = ana.does(&["profile", "bob"]).await;
            shown = page["dweets"]
                .as_array()
                .unwrap()
                .iter()
                .map(|dweet| dweet["id"].clone())
                .collect();
            shown.len() >= published.len()
        })
        .await
        .unwrap();
        assert_eq!(shown, published, "each dweet once");
    });
}
