//! What a stream tells: events of the node, read as one viewer may read them.
//!
//! An event is a hint that something became visible; what is sent is read from the viewer's home with their session, so a
//! stream can tell nothing that a request could not (rule P1).
//!
//! **Invariant:** a stream ends when its session ends: at once when the event comes here, within [`SESSION_CHECK`] at most.
//! **Invariant:** who is slow misses events, and costs no memory; apps read the timeline again when they come back.

use crate::error::Error;
use crate::origin::Origin;
use crate::render;
use crate::service::Service;
use serde::Serialize;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tertulia_node::{Heard, Listener};
use tertulia_state::Event;
use tertulia_state::dweet::Show;
use tertulia_state::notification::Notification;
use tertulia_state::session::{Actor, CheckSession};
use tertulia_state::timeline::{FollowedIds, HomeEntry};
use tertulia_types::{AccountId, DweetId, NotificationId, Rejected, Scopes, text};
use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// How often a session is checked whose end may have been told elsewhere; also the beat of the heart.
pub(crate) const SESSION_CHECK: Duration = Duration::from_secs(20);
/// Each costs a listener and some tens of KiB.
const STREAMS_MAX: usize = 4_096;
/// When there are so many.
const BUSY_WAIT: Duration = Duration::from_secs(30);

/// What can be listened to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    /// The home timeline and the notifications.
    User,
    /// The notifications.
    UserNotification,
    /// Everybody's public dweets: its name, as it was asked for.
    Public(&'static str),
    /// Public dweets with a hashtag.
    Hashtag(String),
    /// What this service has not (lists, direct messages, other services): silent.
    Silent(&'static str),
}

impl Channel {
    /// The channel of this name, as Mastodon names them in both kinds of streaming.
    pub(crate) fn named(name: &str, tag: Option<&str>) -> Result<Self, Error> {
        Ok(match name.replace('/', ":").as_str() {
            "user" => Self::User,
            "user:notification" => Self::UserNotification,
            "public" => Self::Public("public"),
            "public:local" => Self::Public("public:local"),
            "hashtag" | "hashtag:local" => {
                let tag = tag.and_then(text::hashtag);
                Self::Hashtag(tag.ok_or_else(|| Error::Invalid("the stream needs a tag".to_owned()))?)
            }
            "public:remote" => Self::Silent("public:remote"),
            "public:media" => Self::Silent("public:media"),
            "public:local:media" => Self::Silent("public:local:media"),
            "list" => Self::Silent("list"),
            "direct" => Self::Silent("direct"),
            _ => return Err(Error::Invalid("there is no stream of this name".to_owned())),
        })
    }

    /// What a WebSocket message names it by.
    pub(crate) fn names(&self) -> Vec<String> {
        match self {
            Self::User => vec!["user".to_owned()],
            Self::UserNotification => vec!["user:notification".to_owned()],
            Self::Public(name) | Self::Silent(name) => vec![(*name).to_owned()],
            Self::Hashtag(tag) => vec!["hashtag".to_owned(), tag.clone()],
        }
    }

    /// What the session must allow.
    fn needed(&self) -> Option<Scopes> {
        match self {
            Self::User => Some(Scopes::READ_STATUSES.with(Scopes::READ_NOTIFICATIONS)),
            Self::UserNotification => Some(Scopes::READ_NOTIFICATIONS),
            Self::Silent("list" | "direct") => Some(Scopes::READ_STATUSES),
            Self::Public(_) | Self::Hashtag(_) | Self::Silent(_) => None,
        }
    }
}

/// Something to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) channel: Channel,
    pub(crate) event: &'static str,
    pub(crate) payload: String,
}

/// What comes next on a stream.
#[derive(Debug)]
pub(crate) enum Next {
    /// Something to send.
    Told(Told),
    /// Nothing for a while: time to show that both ends live.
    Beat,
    /// The session or the machine has ended.
    End,
}

/// One stream.
pub(crate) struct Watch {
    service: Arc<Service>,
    origin: Origin,
    actor: Option<Actor>,
    channels: BTreeSet<Channel>,
    followed: BTreeSet<AccountId>,
    listener: Listener,
    /// What is being looked at: it stays until it has been told, however often the waiting is given up meanwhile.
    heard: Option<Heard>,
    ready: VecDeque<Told>,
    beat: Instant,
    /// A stopping machine waits until it is dropped.
    _open: TaskTrackerToken,
}

impl Watch {
    /// Opens a stream without a channel yet. The session, if there is one, is valid.
    pub(crate) async fn open(
        service: Arc<Service>,
        origin: Origin,
        actor: Option<Actor>,
    ) -> Result<Self, Error> {
        if service.streams.len() >= STREAMS_MAX {
            return Err(Error::Busy(BUSY_WAIT));
        }
        let open = service.streams.token();
        if let Some(actor) = actor {
            service
                .query(CheckSession {
                    actor,
                    needed: Scopes::NONE,
                })
                .await?;
        }
        let listener = service.node.listen();
        let (channels, followed, ready) = (BTreeSet::new(), BTreeSet::new(), VecDeque::new());
        let beat = Instant::now() + SESSION_CHECK;
        Ok(Self {
            service,
            origin,
            actor,
            channels,
            followed,
            listener,
            heard: None,
            ready,
            beat,
            _open: open,
        })
    }

    /// Listens to one more channel.
    pub(crate) async fn subscribe(&mut self, channel: Channel) -> Result<(), Error> {
        if let Some(needed) = channel.needed() {
            let actor = self.actor.ok_or(Error::NoToken)?;
            self.service.query(CheckSession { actor, needed }).await?;
        }
        if channel == Channel::User {
            self.learn_followed().await?;
        }
        self.channels.insert(channel);
        Ok(())
    }

    /// Listens to one channel less.
    pub(crate) fn unsubscribe(&mut self, channel: &Channel) {
        self.channels.remove(channel);
    }

    /// Waits for what comes next. Nothing is lost when the waiting is given up and begun again.
    pub(crate) async fn next(&mut self) -> Next {
        let closing = self.service.closing.clone();
        loop {
            if let Some(told) = self.ready.pop_front() {
                return Next::Told(told);
            }
            let heard = match self.heard.clone() {
                Some(heard) => heard,
                None => tokio::select! {
                    heard = self.listener.next() => match heard {
                        Some(heard) => self.heard.insert(heard).clone(),
                        None => return Next::End,
                    },
                    () = tokio::time::sleep_until(self.beat) => {
                        let stands = self.check().await.is_ok();
                        self.beat = Instant::now() + SESSION_CHECK;
                        return if stands { Next::Beat } else { Next::End };
                    }
                    () = closing.cancelled() => return Next::End,
                },
            };
            let outcome = match heard {
                Heard::Event(happened) => self.hear(&happened.event).await,
                Heard::Missed => self.catch_up().await,
            };
            self.heard = None;
            match outcome {
                Ok(()) => {}
                Err(Error::Rejected(Rejected::NoSession | Rejected::OutOfScope)) => return Next::End,
                Err(error) => tracing::debug!(%error, "an event could not be told"),
            }
        }
    }

    async fn check(&self) -> Result<(), Error> {
        let Some(actor) = self.actor else { return Ok(()) };
        match self
            .service
            .query(CheckSession {
                actor,
                needed: Scopes::NONE,
            })
            .await
        {
            Err(Error::Rejected(rejected)) => Err(rejected.into()),
            // Nobody can say now; the next beat asks again.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    async fn catch_up(&mut self) -> Result<(), Error> {
        self.check().await?;
        if self.channels.contains(&Channel::User) {
            self.learn_followed().await
        } else {
            Ok(())
        }
    }

    async fn learn_followed(&mut self) -> Result<(), Error> {
        let actor = self.actor.ok_or(Error::NoToken)?;
        self.followed = self
            .service
            .query(FollowedIds { actor })
            .await?
            .into_iter()
            .collect();
        Ok(())
    }

    async fn hear(&mut self, event: &Event) -> Result<(), Error> {
        let me = self.actor.map(|actor| actor.account);
        match event {
            Event::Delivered { id, author, edited } if self.is_followed(*author) => {
                self.tell_home(*id, *edited).await
            }
            Event::Withdrawn { id, author } if self.is_followed(*author) => {
                self.tell(Channel::User, "delete", id.to_string());
                Ok(())
            }
            Event::Published { id, author, public } => {
                if me == Some(*author) && self.channels.contains(&Channel::User) {
                    self.tell_home(*id, false).await?;
                }
                if *public {
                    self.tell_public(*id).await
                } else {
                    Ok(())
                }
            }
            Event::Edited { id, author } if me == Some(*author) => self.tell_home(*id, true).await,
            Event::Deleted { id, author } => {
                self.tell_deleted(*id, me == Some(*author));
                Ok(())
            }
            Event::Tagged { tag, id } => self.tell_tagged(tag, *id).await,
            Event::Notified { account, id } if me == Some(*account) => self.tell_notification(*id).await,
            Event::Edges { account } if me == Some(*account) && self.channels.contains(&Channel::User) => {
                self.learn_followed().await
            }
            Event::SessionsEnded { account } if me == Some(*account) => self.check().await,
            Event::Delivered { .. }
            | Event::Withdrawn { .. }
            | Event::Edited { .. }
            | Event::Notified { .. }
            | Event::Edges { .. }
            | Event::SessionsEnded { .. }
            | Event::Errands => Ok(()),
        }
    }

    fn is_followed(&self, author: AccountId) -> bool {
        self.channels.contains(&Channel::User) && self.followed.contains(&author)
    }

    async fn tell_home(&mut self, id: DweetId, is_edit: bool) -> Result<(), Error> {
        let Some(actor) = self.actor.filter(|_| self.channels.contains(&Channel::User)) else {
            return Ok(());
        };
        if let Some(shown) = visible(self.service.query(HomeEntry { actor, id }).await)? {
            let status = render::shown(&self.origin, &shown, Some(actor.account));
            let event = if is_edit { "status.update" } else { "update" };
            self.tell(Channel::User, event, json(&status)?);
        }
        Ok(())
    }

    async fn tell_public(&mut self, id: DweetId) -> Result<(), Error> {
        let wanted: Vec<Channel> = self
            .channels
            .iter()
            .filter(|channel| matches!(channel, Channel::Public(_)))
            .cloned()
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let Some(payload) = self.read(id).await? else {
            return Ok(());
        };
        for channel in wanted {
            self.tell(channel, "update", payload.clone());
        }
        Ok(())
    }

    async fn tell_tagged(&mut self, tag: &str, id: DweetId) -> Result<(), Error> {
        let channel = Channel::Hashtag(tag.to_owned());
        if !self.channels.contains(&channel) {
            return Ok(());
        }
        if let Some(payload) = self.read(id).await? {
            self.tell(channel, "update", payload);
        }
        Ok(())
    }

    /// A public dweet as this viewer sees it; none if they may not, or have muted its author.
    async fn read(&self, id: DweetId) -> Result<Option<String>, Error> {
        let viewer = self.actor.map(|actor| actor.account);
        let Some(dweet) = visible(self.service.query(Show { id, viewer }).await)? else {
            return Ok(None);
        };
        let Some(status) = visible(self.service.dress_one(&self.origin, self.actor, &dweet).await)? else {
            return Ok(None);
        };
        if status.muted == Some(true) {
            Ok(None)
        } else {
            json(&status).map(Some)
        }
    }

    fn tell_deleted(&mut self, id: DweetId, is_own: bool) {
        let concerned: Vec<Channel> = self
            .channels
            .iter()
            .filter(|channel| match channel {
                Channel::User => is_own,
                Channel::Public(_) | Channel::Hashtag(_) => true,
                Channel::UserNotification | Channel::Silent(_) => false,
            })
            .cloned()
            .collect();
        for channel in concerned {
            self.tell(channel, "delete", id.to_string());
        }
    }

    async fn tell_notification(&mut self, id: NotificationId) -> Result<(), Error> {
        let wanted =
            [Channel::User, Channel::UserNotification].map(|channel| self.channels.get(&channel).cloned());
        let (Some(actor), true) = (self.actor, wanted.iter().any(Option::is_some)) else {
            return Ok(());
        };
        if let Some(told) = visible(self.service.query(Notification { actor, id }).await)? {
            let payload = json(&render::notification(&self.origin, &told, actor.account))?;
            for channel in wanted.into_iter().flatten() {
                self.tell(channel, "notification", payload.clone());
            }
        }
        Ok(())
    }

    fn tell(&mut self, channel: Channel, event: &'static str, payload: String) {
        self.ready.push_back(Told {
            channel,
            event,
            payload,
        });
    }
}

/// What is not there, or not for this viewer, is not told.
fn visible<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(Error::Rejected(Rejected::NotFound | Rejected::Forbidden | Rejected::Blocked)) => Ok(None),
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
            ("hashtag", "hashtag río"),
            ("direct", "direct"),
        ] {
            assert_eq!(named(name).expect("a stream"), expected);
        }
        assert!(Channel::named("nonsense", None).is_err());
        assert!(Channel::named("hashtag", None).is_err());
    }
}
