//! What a stream tells: events of the node, read as one viewer may read them.
//!
//! An event is a hint that something became visible; what is sent is read from the viewer's home with their session, so a
//! stream can tell nothing that a request could not (rule P1).
//!
//! **Invariant:** a stream ends when its session ends: at once when the event comes here, within [`SESSION_CHECK_BEATS`]
//! beats at most.
//! **Invariant:** a stream tells all that concerns it, in order, or ends: when homes do not answer for long, or the reader
//! is slow, its queue in the [`hub`](crate::hub) runs full. Apps read the timeline again when they come back.

use crate::error::Error;
use crate::hub::{Change, Concern, Seat, Shared, Tiding};
use crate::limit::Left;
use crate::login::owner;
use crate::origin::Origin;
use crate::place::Place;
use crate::render;
use crate::service::Service;
use serde::Serialize;
use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tertulia_state::dweet::Show;
use tertulia_state::notification::Notification;
use tertulia_state::session::{Actor, CheckSession};
use tertulia_state::timeline::{FollowedIds, HomeEntry};
use tertulia_types::{AccountId, DweetId, NotificationId, Rejected, Scopes, text};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// How often a silent stream shows that it lives: as often as Mastodon's.
pub(crate) const BEAT: Duration = Duration::from_secs(15);
/// After so many beats a session is checked whose end may have been told elsewhere.
pub(crate) const SESSION_CHECK_BEATS: u32 = 4;
/// What one WebSocket may listen to.
const CHANNELS_MAX: usize = 32;
/// When there are as many streams as there may be.
const FULL_WAIT: Duration = Duration::from_secs(30);
/// Until a home that did not answer is asked again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// What can be listened to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    /// The home timeline and the notifications.
    User,
    /// The notifications.
    UserNotification,
    /// That letters have come.
    Mailbox,
    /// Everybody's public dweets: its name, as it was asked for.
    Public(&'static str),
    /// Public dweets with a hashtag.
    Hashtag {
        /// Its name, as it was asked for.
        name: &'static str,
        /// The tag, in lower case.
        tag: String,
        /// The tag, as it was asked for: apps compare it.
        asked: String,
    },
    /// What this service has not (lists, direct messages, other services): silent.
    Silent(&'static str),
}

impl Channel {
    /// The channel of this name, as Mastodon names them in both kinds of streaming.
    pub(crate) fn named(name: &str, asked: Option<&str>) -> Result<Self, Error> {
        let hashtag = |name| {
            let asked = asked.unwrap_or_default();
            let tag =
                text::hashtag(asked).ok_or_else(|| Error::Invalid("the stream needs a tag".to_owned()))?;
            Ok(Self::Hashtag {
                name,
                tag,
                asked: asked.to_owned(),
            })
        };
        match name.replace('/', ":").as_str() {
            "user" => Ok(Self::User),
            "user:notification" => Ok(Self::UserNotification),
            "mailbox" => Ok(Self::Mailbox),
            "public" => Ok(Self::Public("public")),
            "public:local" => Ok(Self::Public("public:local")),
            "hashtag" => hashtag("hashtag"),
            "hashtag:local" => hashtag("hashtag:local"),
            "public:remote" => Ok(Self::Silent("public:remote")),
            "public:media" => Ok(Self::Silent("public:media")),
            "public:local:media" => Ok(Self::Silent("public:local:media")),
            "public:remote:media" => Ok(Self::Silent("public:remote:media")),
            "list" => Ok(Self::Silent("list")),
            "direct" => Ok(Self::Silent("direct")),
            _ => Err(Error::Invalid("there is no stream of this name".to_owned())),
        }
    }

    /// What a WebSocket message names it by.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Self::User => vec!["user"],
            Self::UserNotification => vec!["user:notification"],
            Self::Mailbox => vec!["mailbox"],
            Self::Public(name) | Self::Silent(name) => vec![name],
            Self::Hashtag { name, asked, .. } => vec![name, asked],
        }
    }

    /// Whether it is the same one, however its tag is written.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Hashtag { name, tag, .. },
                Self::Hashtag {
                    name: other,
                    tag: wanted,
                    ..
                },
            ) => (name, tag) == (other, wanted),
            _ => self == other,
        }
    }

    /// What the session must allow; public channels need none.
    fn needed(&self) -> Option<Scopes> {
        match self {
            Self::User | Self::Silent("list" | "direct") => Some(Scopes::READ_STATUSES),
            Self::UserNotification => Some(Scopes::READ_NOTIFICATIONS),
            Self::Mailbox => Some(Scopes::READ_MESSAGES),
            Self::Public(_) | Self::Hashtag { .. } | Self::Silent(_) => None,
        }
    }
}

/// Something to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) channel: Channel,
    pub(crate) event: &'static str,
    pub(crate) payload: Arc<str>,
}

/// What comes next on a stream.
#[derive(Debug)]
pub(crate) enum Next {
    /// Something to send.
    Told(Told),
    /// Nothing for a while: time to show that both ends live.
    Beat,
    /// The session or the machine has ended, or the reader was too slow.
    End,
}

/// One stream.
pub(crate) struct Watch {
    service: Arc<Service>,
    origin: Origin,
    actor: Option<Actor>,
    channels: BTreeSet<Channel>,
    followed: Vec<AccountId>,
    seat: Seat,
    tidings: mpsc::Receiver<Tiding>,
    /// Taken from the queue and not told yet: the wait for its words may be given up in the middle.
    pending: Option<Tiding>,
    ready: VecDeque<Told>,
    beat: Instant,
    beats: u32,
    /// Where the reader is.
    address: IpAddr,
    _places: Vec<Place>,
    /// A stopping machine waits until it is dropped.
    _open: TaskTrackerToken,
}

impl Watch {
    /// Opens a stream without a channel yet. The session, if there is one, is valid.
    pub(crate) async fn open(
        service: Arc<Service>,
        origin: Origin,
        actor: Option<Actor>,
        address: IpAddr,
    ) -> Result<Self, Error> {
        if let Some(actor) = actor {
            service
                .query(CheckSession {
                    actor,
                    needed: Scopes::NONE,
                })
                .await?;
        }
        let places = service.limits.stream(address, actor.is_some());
        let places = places.ok_or(Error::TooMany(FULL_WAIT))?;
        service
            .hub
            .listen(&service.node, &service.streams, &service.closing);
        let account = actor.map(|actor| actor.account);
        let (seat, tidings) = service
            .hub
            .enter(account)
            .map_err(|_full| Error::TooMany(FULL_WAIT))?;
        Ok(Self {
            _open: service.streams.token(),
            _places: places,
            address,
            service,
            origin,
            actor,
            channels: BTreeSet::new(),
            followed: Vec::new(),
            seat,
            tidings,
            pending: None,
            ready: VecDeque::new(),
            beat: Instant::now() + BEAT,
            beats: 0,
        })
    }

    /// Counts what the reader says as a request.
    pub(crate) fn count(&self) -> Result<(), Error> {
        let limits = &self.service.limits;
        let refused = |none_left: Left| Error::TooMany(none_left.reset);
        limits.request(self.address).map_err(refused)?;
        if let Some(actor) = self.actor {
            let account = owner(actor.account);
            limits.account(account).map_err(refused)?;
            limits.count_account(account);
        }
        Ok(())
    }

    /// Listens to one more channel.
    pub(crate) async fn subscribe(&mut self, channel: Channel) -> Result<(), Error> {
        if let Some(needed) = channel.needed() {
            let actor = self.actor.ok_or(Error::NoToken)?;
            self.service.query(CheckSession { actor, needed }).await?;
        }
        if self.channels.len() >= CHANNELS_MAX {
            return Err(Rejected::Limit(format!("{CHANNELS_MAX} channels on one stream")).into());
        }
        let is_user = channel == Channel::User;
        self.channels.insert(channel);
        if is_user {
            return self.learn_followed().await;
        }
        self.concern();
        Ok(())
    }

    /// Listens to one channel less.
    pub(crate) fn unsubscribe(&mut self, channel: &Channel) {
        self.channels.retain(|known| !known.is(channel));
        if *channel == Channel::User {
            self.followed.clear();
        }
        self.concern();
    }

    /// Waits for what comes next. Nothing is lost when the waiting is given up and begun again.
    pub(crate) async fn next(&mut self) -> Next {
        let closing = self.service.closing.clone();
        loop {
            if let Some(told) = self.ready.pop_front() {
                return Next::Told(told);
            }
            if let Some(tiding) = self.pending.clone() {
                match self.hear(&tiding).await {
                    Ok(()) => self.pending = None,
                    Err(Error::Unavailable | Error::Busy(_)) => tokio::select! {
                        () = tokio::time::sleep(RETRY_PAUSE) => {}
                        () = closing.cancelled() => return Next::End,
                    },
                    Err(error) => {
                        tracing::debug!(%error, "a stream ends");
                        return Next::End;
                    }
                }
                continue;
            }
            tokio::select! {
                tiding = self.tidings.recv() => match tiding {
                    Some(tiding) => self.pending = Some(tiding),
                    None => return Next::End,
                },
                () = tokio::time::sleep_until(self.beat) => return self.beat().await,
                () = closing.cancelled() => return Next::End,
            }
        }
    }

    async fn beat(&mut self) -> Next {
        if self.beats % SESSION_CHECK_BEATS == SESSION_CHECK_BEATS - 1
            // Whether a home cannot say now, or says yes: the next check asks again.
            && let Err(Error::Rejected(_)) = self.check().await
        {
            return Next::End;
        }
        self.beats += 1;
        self.beat = Instant::now() + BEAT;
        Next::Beat
    }

    async fn check(&self) -> Result<(), Error> {
        let Some(actor) = self.actor else { return Ok(()) };
        self.service
            .query(CheckSession {
                actor,
                needed: Scopes::NONE,
            })
            .await
    }

    async fn learn_followed(&mut self) -> Result<(), Error> {
        let actor = self.actor.ok_or(Error::NoToken)?;
        self.followed = self.service.query(FollowedIds { actor }).await?;
        self.concern();
        Ok(())
    }

    /// Tells the hub what concerns this stream.
    fn concern(&self) {
        let tags = self.channels.iter().filter_map(|channel| match channel {
            Channel::Hashtag { tag, .. } => Some(tag.clone()),
            Channel::User
            | Channel::UserNotification
            | Channel::Mailbox
            | Channel::Public(_)
            | Channel::Silent(_) => None,
        });
        self.seat.concern(Concern {
            authors: self.followed.clone(),
            tags: tags.collect(),
            public: self
                .channels
                .iter()
                .any(|channel| matches!(channel, Channel::Public(_))),
        });
    }

    async fn hear(&mut self, tiding: &Tiding) -> Result<(), Error> {
        match tiding {
            Tiding::Home(id, change) => self.hear_home(*id, *change).await,
            Tiding::Public(shared, change) => {
                let channels = self.those(|channel| matches!(channel, Channel::Public(_)));
                self.hear_shared(shared, *change, channels).await
            }
            Tiding::Tagged(told, shared, change) => {
                let channels =
                    self.those(|channel| matches!(channel, Channel::Hashtag { tag, .. } if **tag == **told));
                self.hear_shared(shared, *change, channels).await
            }
            Tiding::Notified(id) => self.hear_notification(*id).await,
            Tiding::Letter(number) => {
                let channels = self.those(|channel| *channel == Channel::Mailbox);
                self.tell(channels, "letter", &number.to_string());
                Ok(())
            }
            Tiding::Edges if self.channels.contains(&Channel::User) => self.learn_followed().await,
            Tiding::Edges => Ok(()),
            Tiding::Sessions => self.check().await,
        }
    }

    fn those(&self, wanted: impl Fn(&Channel) -> bool) -> Vec<Channel> {
        self.channels
            .iter()
            .filter(|channel| wanted(channel))
            .cloned()
            .collect()
    }

    async fn hear_home(&mut self, id: DweetId, change: Change) -> Result<(), Error> {
        let channels = self.those(|channel| *channel == Channel::User);
        let (Some(actor), false) = (self.actor, channels.is_empty()) else {
            return Ok(());
        };
        if change == Change::Gone {
            self.tell(channels, "delete", &id.to_string());
        } else if let Some(shown) = visible(self.service.query(HomeEntry { actor, id }).await)? {
            let status = render::shown(&self.origin, &shown, Some(actor.account));
            self.tell(channels, event(change), &json(&status)?);
        }
        Ok(())
    }

    /// A public dweet as this viewer sees it; not if there is a block, or if they have muted its author.
    async fn hear_shared(
        &mut self,
        shared: &Shared,
        change: Change,
        channels: Vec<Channel>,
    ) -> Result<(), Error> {
        if channels.is_empty() {
            return Ok(());
        }
        if change == Change::Gone {
            self.tell(channels, "delete", &shared.id.to_string());
            return Ok(());
        }
        let read = shared.words.get_or_try_init(|| {
            self.service.query(Show {
                id: shared.id,
                viewer: None,
            })
        });
        let Some(words) = visible(read.await)? else {
            return Ok(());
        };
        let Some(status) = visible(self.service.dress_one(&self.origin, self.actor, words).await)? else {
            return Ok(());
        };
        if status.muted != Some(true) {
            self.tell(channels, event(change), &json(&status)?);
        }
        Ok(())
    }

    async fn hear_notification(&mut self, id: NotificationId) -> Result<(), Error> {
        let channels = self.those(|channel| matches!(channel, Channel::User | Channel::UserNotification));
        let (Some(actor), false) = (self.actor, channels.is_empty()) else {
            return Ok(());
        };
        if let Some(told) = visible(self.service.query(Notification { actor, id }).await)? {
            self.tell(
                channels,
                "notification",
                &json(&render::notification(&self.origin, &told, actor.account))?,
            );
        }
        Ok(())
    }

    fn tell(&mut self, channels: Vec<Channel>, event: &'static str, payload: &str) {
        let payload: Arc<str> = payload.into();
        self.ready.extend(channels.into_iter().map(|channel| Told {
            channel,
            event,
            payload: Arc::clone(&payload),
        }));
    }
}

fn event(change: Change) -> &'static str {
    match change {
        Change::New => "update",
        Change::Edited => "status.update",
        Change::Gone => "delete",
    }
}

/// What is not there, or not for this viewer or this app, is not told.
fn visible<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(Error::Rejected(
            Rejected::NotFound | Rejected::Forbidden | Rejected::Blocked | Rejected::OutOfScope,
        )) => Ok(None),
        Err(error) => Err(error),
    }
}

fn json<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| {
        tracing::error!(%error, "an entity could not be written as JSON");
        Error::Internal
    })
}

#[cfg(test)]
mod tests {
    use super::Channel;

    #[test]
    fn channels_have_mastodons_names() {
        let named = |name| Channel::named(name, Some("#Río")).map(|channel| channel.names().join(" "));
        for (name, expected) in [
            ("user", "user"),
            ("user/notification", "user:notification"),
            ("user:notification", "user:notification"),
            ("public/local", "public:local"),
            ("hashtag", "hashtag #Río"),
            ("hashtag/local", "hashtag:local #Río"),
            ("direct", "direct"),
            ("mailbox", "mailbox"),
        ] {
            assert_eq!(named(name).expect("a stream"), expected);
        }
        let tag = |name, tag| Channel::named(name, Some(tag)).expect("a stream");
        assert!(tag("hashtag", "#Río").is(&tag("hashtag", "río")));
        assert!(!tag("hashtag", "río").is(&tag("hashtag/local", "río")));
        assert!(!tag("hashtag", "río").is(&tag("hashtag", "mar")));
        assert!(Channel::named("nonsense", None).is_err());
        assert!(Channel::named("hashtag", None).is_err());
        assert!(Channel::named("hashtag", Some("")).is_err());
    }
}
