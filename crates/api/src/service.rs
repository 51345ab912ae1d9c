//! What every handler sees: the node below, and the few things that the API itself keeps.
//!
//! **Invariant:** nothing here outlives the process or is needed to be right: limits, threads for passwords, a sum.

use crate::error::Error;
use crate::hub::Hub;
use crate::known::Known;
use crate::limit::Limits;
use crate::noted;
use crate::password::Vault;
use crate::past::Past;
use crate::proxy::{Proxies, Subnet};
use crate::serve::FINISH_TIME_MAX;
use crate::site::{Asset, Site};
use crate::tls::Tls;
use futures::StreamExt;
use futures::future::BoxFuture;
use metrics_exporter_prometheus::PrometheusHandle;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tertulia_node::peers::Ca;
use tertulia_node::{Answers, Failure, Node, Unavailable};
use tertulia_state::account::{Lookup, LookupMany, Who};
use tertulia_state::search::{Count, Size};
use tertulia_state::session::{Actor, CheckSession};
use tertulia_state::{AnyCommand, AnyQuery, Command, Query};
use tertulia_types::entity::Entries;
use tertulia_types::view::AccountView;
use tertulia_types::{AccountId, Position, Rejected, Scopes};
use tokio::sync::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// When a group's queue is full.
const BUSY_WAIT: Duration = Duration::from_secs(1);
/// The sums over the whole ring read whole tables; who asks within a minute gets the last ones.
const SIZE_AGE_MAX: Duration = Duration::from_secs(60);
/// Questions that one request has under way at once.
const QUESTIONS_MAX: usize = 16;

/// What the one who starts a machine decides.
pub struct Settings {
    /// The machine.
    pub node: Arc<Node>,
    /// The ring's name, for people.
    pub title: String,
    /// The web app's files; none where it was not built.
    pub app: Vec<Asset>,
    /// Whether limits apply; off for load tests (`TERTULIA_RATE_LIMIT=off`).
    pub is_limited: bool,
    /// Proxies that are believed when they say for whom they ask.
    pub proxies: Vec<Subnet>,
    /// Whether anybody may read the machine's figures, or only who is on this computer.
    pub has_open_metrics: bool,
    /// What is shown to clients, if not plain HTTP.
    pub tls: Option<Arc<Tls>>,
    /// The machines at which the ring can be entered, as they come and go.
    pub entries: watch::Receiver<Arc<Entries>>,
    /// Where the process keeps its figures.
    pub metrics: PrometheusHandle,
    /// Cancelled when the machine stops.
    pub closing: CancellationToken,
}

/// The HTTP API of one machine.
///
/// What it is made of is behind a trait object, so that the question whether all of that may go from thread to thread is settled here. The
/// compiler asks it anew for each future of each handler: that was more than half of its work at this crate.
pub struct Service(Box<dyn AsRef<Parts> + Send + Sync>);

/// What a service is made of.
pub struct Parts {
    pub(crate) node: Arc<Node>,
    pub(crate) title: String,
    /// The web app.
    pub(crate) site: Site,
    pub(crate) limits: Limits,
    pub(crate) proxies: Proxies,
    pub(crate) has_open_metrics: bool,
    pub(crate) vault: Vault,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) closing: CancellationToken,
    /// Streams that are open; a stopping machine waits for them.
    pub(crate) streams: TaskTracker,
    /// What concerns which of them.
    pub(crate) hub: Arc<Hub>,
    /// What was read of the whole ring a moment ago.
    pub(crate) known: Known,
    /// What has happened on the ring.
    pub(crate) past: Arc<Past>,
    tls: Option<Arc<Tls>>,
    entries: watch::Receiver<Arc<Entries>>,
    /// Locked only to copy it in or out.
    size: Mutex<Option<(Instant, Size)>>,
}

impl AsRef<Self> for Parts {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Deref for Service {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        (*self.0).as_ref()
    }
}

impl Service {
    /// Starts what the API needs for itself.
    ///
    /// # Errors
    /// If the threads for passwords cannot be started.
    pub fn new(settings: Settings) -> std::io::Result<Arc<Self>> {
        let Settings {
            node,
            title,
            app,
            is_limited,
            proxies,
            has_open_metrics,
            tls,
            entries,
            metrics,
            closing,
        } = settings;
        let (vault, limits) = (Vault::open()?, Limits::new(is_limited));
        let (streams, size) = (TaskTracker::new(), Mutex::new(None));
        let past = Past::of(&node, &closing);
        Ok(Arc::new(Self(Box::new(Parts {
            known: Known::default(),
            past,
            node,
            title,
            site: Site::new(&app),
            limits,
            proxies: Proxies::new(proxies),
            has_open_metrics,
            vault,
            metrics,
            closing,
            streams,
            hub: Arc::default(),
            tls,
            entries,
            size,
        }))))
    }

    /// Waits until the streams that were open when the machine began to stop have said goodbye; not for ever.
    pub async fn finish(&self) {
        self.streams.close();
        if tokio::time::timeout(FINISH_TIME_MAX, self.streams.wait())
            .await
            .is_err()
        {
            tracing::warn!("some streams did not end in time and are cut");
        }
    }

    /// Whether clients come by TLS.
    pub(crate) fn secure(&self) -> bool {
        self.tls.is_some()
    }

    /// The ring's own authority, if it vouches for what this machine shows.
    pub(crate) fn ca(&self) -> Option<&Ca> {
        self.tls.as_ref().and_then(|tls| tls.ca())
    }

    /// The machines at which the ring can be entered now.
    pub(crate) fn entries(&self) -> Arc<Entries> {
        Arc::clone(&self.entries.borrow())
    }

    /// Whether people can be served now: a home can be asked, and the machine is not stopping.
    pub(crate) async fn ready(&self) -> Result<(), Error> {
        if self.closing.is_cancelled() {
            return Err(Error::Unavailable);
        }
        let nobody = Lookup {
            who: Who::Id(AccountId::MIN),
        };
        match self.query(nobody).await {
            Ok(_) | Err(Error::Rejected(Rejected::NotFound)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Changes something.
    pub(crate) fn submit<C: Command + Into<AnyCommand>>(
        &self,
        command: C,
    ) -> BoxFuture<'_, Result<C::Reply, Error>> {
        Box::pin(async move {
            let is_authorized = command.authority().is_some();
            let outcome = self.node.submit(command).await.map_err(Error::from);
            note_session(is_authorized, &outcome);
            outcome
        })
    }

    /// Asks what needs no session, or what the actor's own home answers (it checks the session itself).
    pub(crate) fn query<Q: Query + Into<AnyQuery> + Clone>(
        &self,
        query: Q,
    ) -> BoxFuture<'_, Result<Q::Reply, Error>> {
        Box::pin(async move {
            let is_authorized = query.authority().is_some();
            let outcome = self.node.query(query).await.map_err(Error::from);
            note_session(is_authorized, &outcome);
            outcome
        })
    }

    /// Asks another home on behalf of somebody, while theirs checks the session (rule P1).
    pub(crate) async fn query_for<Q: Query + Into<AnyQuery> + Clone>(
        &self,
        actor: Option<Actor>,
        needed: Scopes,
        query: Q,
    ) -> Result<Q::Reply, Error> {
        let Some(actor) = actor else {
            return self.query(query).await;
        };
        let (valid, reply) = futures::join!(self.check_session(actor, needed), self.query(query));
        valid?;
        reply
    }

    /// Changes something at another home on behalf of somebody, once theirs has said that the session stands (rule P1).
    pub(crate) async fn submit_for<C: Command + Into<AnyCommand>>(
        &self,
        actor: Actor,
        needed: Scopes,
        command: C,
    ) -> Result<C::Reply, Error> {
        self.check_session(actor, needed).await?;
        self.submit(command).await
    }

    /// Whether the session stands and allows this.
    pub(crate) async fn check_session(&self, actor: Actor, needed: Scopes) -> Result<(), Error> {
        self.query(CheckSession { actor, needed }).await
    }

    /// Asks all groups. What a group that does not answer would have said is missing (rule T11).
    pub(crate) async fn query_all<Q: Query + Into<AnyQuery> + Clone>(
        &self,
        ask: impl Fn(Position) -> Q,
    ) -> Result<Vec<Q::Reply>, Error> {
        let Answers { replies, is_partial } = self.node.query_all(ask).await;
        if replies.is_empty() && is_partial {
            return Err(Error::Unavailable);
        }
        if is_partial {
            tracing::warn!("a question to all groups was answered in part");
            noted::answer_is_partial();
        }
        Ok(replies)
    }

    /// The account of an id or nick.
    pub(crate) async fn find(&self, who: Who) -> Result<AccountView, Error> {
        self.query(Lookup { who }).await
    }

    /// The accounts with these ids, in their order; those that are gone are left out.
    pub(crate) async fn find_all(&self, ids: &[AccountId]) -> Result<Vec<AccountView>, Error> {
        let mut by_home: BTreeMap<Position, Vec<AccountId>> = BTreeMap::new();
        for id in ids {
            by_home.entry(id.home()).or_default().push(*id);
        }
        let questions = by_home
            .into_iter()
            .map(|(at, ids)| self.query(LookupMany { at, ids }));
        let mut answers = futures::stream::iter(questions).buffer_unordered(QUESTIONS_MAX);
        let mut found = BTreeMap::new();
        while let Some(answer) = answers.next().await {
            found.extend(answer?.into_iter().map(|account| (account.id, account)));
        }
        Ok(ids.iter().filter_map(|id| found.get(id).cloned()).collect())
    }

    /// How many people and dweets the ring has.
    pub(crate) async fn size(&self) -> Result<Size, Error> {
        // Held meanwhile: whoever comes next waits for this count instead of making another.
        let mut known = self.size.lock().await;
        if let Some((at, size)) = *known
            && at.elapsed() < SIZE_AGE_MAX
        {
            return Ok(size);
        }
        let mut sum = Size {
            accounts: 0,
            dweets: 0,
            active: 0,
        };
        for part in self.query_all(|at| Count { at }).await? {
            sum = Size {
                accounts: sum.accounts + part.accounts,
                dweets: sum.dweets + part.dweets,
                active: sum.active + part.active,
            };
        }
        *known = Some((Instant::now(), sum));
        Ok(sum)
    }
}

/// The home looks at the session before anything else: any answer but one about the session says that it is valid.
fn note_session<T>(is_authorized: bool, outcome: &Result<T, Error>) {
    let is_valid = match outcome {
        Ok(_) => true,
        Err(Error::Rejected(rejected)) => !matches!(rejected, Rejected::NoSession | Rejected::Moved { .. }),
        Err(_) => false,
    };
    if is_authorized && is_valid {
        noted::session_is_valid();
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Rejected(rejected) => Self::Rejected(rejected),
            Failure::Unavailable(Unavailable::Busy) => Self::Busy(BUSY_WAIT),
            Failure::Unavailable(why) => {
                tracing::warn!(%why, "a home did not answer");
                Self::Unavailable
            }
        }
    }
}
