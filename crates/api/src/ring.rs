//! The ring's picture for everybody: its machines, ranges and copies, and what happens on it.
//!
//! **Invariant:** no address is told here but those at which people enter anyway (`/api/tertulia/v1/entries` tells them too).
//! **Invariant:** however many ask, the machines are asked for their reports every [`AGE_MAX`] at most.
//!
//! Deliberately absent: what happened before this machine was started.

use crate::error::Error;
use crate::input::Input;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::{Duration, Instant};
use tertulia_node::Node;
use tertulia_types::ring::{RingEvent, RingStatus};
use tokio::sync::Mutex;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How old the picture may be.
const AGE_MAX: Duration = Duration::from_secs(2);
/// Events that are remembered.
const EVENTS_MAX: usize = 500;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(ring)).routes(routes!(events))
}

/// The picture as it was last made, and what happened since the machine was started.
pub(crate) struct Picture {
    status: Mutex<Option<(Instant, Value)>>,
    past: Arc<Past>,
}

impl Picture {
    /// Listens to what happens from now on, until `closing`.
    pub(crate) fn of(node: &Arc<Node>, closing: &CancellationToken) -> Self {
        let past = Arc::new(Past {
            life: rand::random(),
            told: Lock::default(),
        });
        let (mut events, remembered) = (node.ring_events(), past.clone());
        tokio::spawn(closing.clone().run_until_cancelled_owned(async move {
            loop {
                match events.recv().await {
                    Ok(event) => remembered.remember(Some(event)),
                    Err(RecvError::Lagged(_)) => remembered.remember(None),
                    Err(RecvError::Closed) => return,
                }
            }
        }));
        Self {
            status: Mutex::new(None),
            past,
        }
    }
}

/// What has happened. Places in it are named by a number of this process and a count, so that another machine's place is known for one.
struct Past {
    life: u32,
    /// How many there were before those that are remembered, and they.
    told: Lock<(u64, VecDeque<RingEvent>)>,
}

/// What happened behind a place.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Told {
    /// The oldest first.
    #[schema(value_type = Vec<Object>)]
    events: Vec<RingEvent>,
    /// From where to ask next.
    next: String,
    /// Whether more happened than is told: look at the whole picture again.
    missed: bool,
}

impl Past {
    /// Remembers an event; none: some were missed, so that what came before is no whole story.
    fn remember(&self, event: Option<RingEvent>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, events) = &mut *told;
        match event {
            Some(event) => events.push_back(event),
            None => {
                *before += events.len() as u64 + 1;
                events.clear();
            }
        }
        while events.len() > EVENTS_MAX {
            events.pop_front();
            *before += 1;
        }
    }

    fn since(&self, place: Option<&str>) -> Told {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, events) = &*told;
        let end = before + events.len() as u64;
        let known = place.and_then(|place| {
            let (life, count) = place.split_once('-')?;
            let is_ours = u32::from_str_radix(life, 16) == Ok(self.life);
            count.parse::<u64>().ok().filter(|count| is_ours && *count <= end)
        });
        let from = known.unwrap_or(*before).max(*before);
        let skipped = usize::try_from(from - before).unwrap_or(usize::MAX);
        Told {
            events: events.iter().skip(skipped).cloned().collect(),
            next: format!("{:08x}-{end}", self.life),
            missed: place.is_some() && known.is_none_or(|known| known < *before),
        }
    }
}

/// What of a status is for everybody.
fn shown(mut status: RingStatus) -> Value {
    for machine in &mut status.machines {
        machine.peers = Vec::new();
        if !machine.is_entry {
            machine.http = Vec::new();
        }
    }
    let mut shown = json!(status);
    for machine in shown["machines"].as_array_mut().into_iter().flatten() {
        if let Some(machine) = machine.as_object_mut() {
            machine.remove("peers");
        }
    }
    shown
}

/// The ring: its machines, ranges, copies and leaders, who is suspected, and what may be lost. As `tertulia status --json` tells it, without the
/// machines' own addresses.
#[utoipa::path(get, path = "/api/tertulia/v1/ring", tag = "ring", responses((status = 200, body = Object)))]
async fn ring(State(service): State<Arc<Service>>) -> Result<Json<Value>, Error> {
    // Held meanwhile: whoever comes next waits for this picture instead of asking for another.
    let mut known = service.picture.status.lock().await;
    if let Some((at, shown)) = &*known
        && at.elapsed() < AGE_MAX
    {
        return Ok(Json(shown.clone()));
    }
    let shown = shown(service.node.status().await);
    *known = Some((Instant::now(), shown.clone()));
    Ok(Json(shown))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct EventsParams {
    /// `next` of the answer before; without it, all that is remembered.
    after: Option<String>,
}

/// What happened on the ring, as far as this machine heard of it: to be asked again from time to time, at the same machine.
#[utoipa::path(get, path = "/api/tertulia/v1/ring/events", tag = "ring", params(EventsParams), responses((status = 200, body = Told)))]
async fn events(
    State(service): State<Arc<Service>>,
    Input(EventsParams { after }): Input<EventsParams>,
) -> Json<Told> {
    Json(service.picture.past.since(after.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::{EVENTS_MAX, Past};
    use std::sync::Mutex;
    use tertulia_types::ring::{EventKind, RingEvent};

    fn event(time_ms: u64) -> RingEvent {
        RingEvent {
            time_ms,
            kind: EventKind::Leader,
            machine: None,
            group: None,
        }
    }

    #[test]
    fn events_are_told_once_from_a_place_on_and_gaps_are_said() {
        let past = Past {
            life: 7,
            told: Mutex::default(),
        };
        let times = |told: &super::Told| told.events.iter().map(|event| event.time_ms).collect::<Vec<_>>();
        let begin = past.since(None);
        assert!(begin.events.is_empty() && !begin.missed);
        past.remember(Some(event(1)));
        past.remember(Some(event(2)));
        let two = past.since(Some(&begin.next));
        assert_eq!((times(&two), two.missed), (vec![1, 2], false));
        assert!(past.since(Some(&two.next)).events.is_empty());
        for time in 3..(EVENTS_MAX as u64 + 4) {
            past.remember(Some(event(time)));
        }
        let late = past.since(Some(&begin.next));
        assert_eq!((late.events.len(), late.missed), (EVENTS_MAX, true));
        assert!(!past.since(Some(&late.next)).missed);
        past.remember(None);
        let gap = past.since(Some(&late.next));
        assert!(gap.events.is_empty() && gap.missed);
        for strange in ["00000008-0", "x", "", "00000007-99999"] {
            assert!(past.since(Some(strange)).missed, "{strange}");
        }
    }
}
