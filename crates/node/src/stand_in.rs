//! For tests: a ring of which only the founder and one other machine are real. The others stand in the address book, and say what a test lets them say.

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tempfile::TempDir;
use tertulia_types::{MachineId, Position, Role};

use crate::ask::{Compare, Opinion, Question, encoded};
use crate::census;
use crate::node::{Node, Options};
use crate::raft::network::{Absence, Letter, Transport};
use crate::roster::Receive;
use crate::switchboard::{Network, Switchboard};

/// How long the machines may take to find each other.
const LIMIT: Duration = Duration::from_secs(30);

/// What a machine says to a question; `None` where the test does not care.
type Says = dyn Fn(Question) -> Option<Bytes> + Send + Sync;

struct StandIn(Box<Says>);

#[async_trait]
impl Receive for StandIn {
    async fn receive(&self, _: MachineId, letter: Letter) -> Result<Bytes, Absence> {
        let question: Question = postcard::from_bytes(&letter.body).map_err(|_| Absence::Garbled)?;
        let opinion = matches!(question, Question::Opinion(_)).then(|| encoded::<Opinion>(&None));
        let nothing_new = matches!(question, Question::Compare(_)).then(|| encoded::<Compare>(&None));
        let otherwise = opinion.or(nothing_new).flatten();
        (self.0)(question).or(otherwise).ok_or(Absence::Garbled)
    }
}

/// The ring.
pub(crate) struct Town {
    directory: TempDir,
    switchboard: Switchboard,
    pub(crate) founder: Arc<Node>,
    /// A machine without a place.
    pub(crate) other: Arc<Node>,
    stand_ins: Vec<(Arc<StandIn>, Arc<dyn Transport>)>,
}

impl Town {
    /// The other real machine is a gateway.
    pub(crate) async fn new() -> Self {
        Self::with(Role::Gateway).await
    }

    pub(crate) async fn with(role: Role) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let switchboard = Switchboard::default();
        let options = |name: &str| Options {
            network: Arc::new(switchboard.clone()),
            patience: None,
            ..Options::new(directory.path().join(name))
        };
        let founder = Node::open(options("founder")).await.unwrap();
        founder.until_ready().await;
        let path = directory.path().join("other");
        let other = Node::open(Options {
            charter: Some(founder.charter().admit(&path, role).unwrap()),
            ..options("other")
        });
        Self {
            other: other.await.unwrap(),
            directory,
            switchboard,
            founder,
            stand_ins: Vec::new(),
        }
    }

    /// One more machine that stores and stands there, as the other one knows.
    pub(crate) fn add(
        &mut self,
        position: Option<Position>,
        says: impl Fn(Question) -> Option<Bytes> + Send + Sync + 'static,
    ) -> MachineId {
        let path = self.directory.path().join(self.stand_ins.len().to_string());
        let charter = self.founder.charter().admit(&path, Role::Node).unwrap();
        charter.book.update(|own| own.position = position).unwrap();
        self.other.book().merge(charter.book.newer_than(&[]));
        let machine = charter.identity.machine;
        let stand_in = Arc::new(StandIn(Box::new(says)));
        let receiver: Weak<dyn Receive> = Arc::<StandIn>::downgrade(&stand_in);
        let line = self.switchboard.connect(machine, receiver);
        self.stand_ins.push((stand_in, line));
        machine
    }

    /// One more real machine, which has found its place as a node.
    pub(crate) async fn join(&self) -> Arc<Node> {
        let path = self.directory.path().join("newcomer");
        let options = Options {
            charter: Some(self.founder.charter().admit(&path, Role::Node).unwrap()),
            network: Arc::new(self.switchboard.clone()),
            patience: None,
            ..Options::new(&path)
        };
        let newcomer = Node::open(options).await.unwrap();
        newcomer.settle_in(Some(Role::Node)).await.unwrap();
        newcomer
    }

    /// Waits until all that were added have answered the other one.
    pub(crate) async fn until_heard(&self) {
        let driver = self.other.driver();
        let heard = async {
            while census::storage_machines(self.other.book())
                .into_iter()
                .any(|machine| driver.is_in_doubt(machine))
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LIMIT, heard).await.expect("they answer");
    }

    /// By which the last machine that was added asks others.
    pub(crate) fn line(&self) -> Arc<dyn Transport> {
        let (_, line) = self.stand_ins.last().unwrap();
        line.clone()
    }

    pub(crate) async fn stop(self) {
        self.other.stop().await;
        self.founder.stop().await;
    }
}
