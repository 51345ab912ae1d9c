//! The ring's picture for everybody: its machines, ranges and copies, and what happens on it.
//!
//! **Invariant:** no address is told here but those at which people enter anyway (`/api/tertulia/v1/entries` tells them too).
//! **Invariant:** however many ask, the machines are asked for their reports every [`AGE_MAX`] at most.
//!
//! Deliberately absent: what happened before this machine was started.

use crate::error::Error;
use crate::input::Input;
use crate::past::Told;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tertulia_types::ring::RingStatus;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How old the picture may be.
const AGE_MAX: Duration = Duration::from_secs(2);

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(ring)).routes(routes!(events))
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
            machine.remove("disk");
        }
    }
    shown
}

/// The ring: its machines, ranges, copies and leaders, who is suspected, and what may be lost. As `tertulia status --json` tells it, without the
/// machines' own addresses and disks.
#[utoipa::path(get, path = "/api/tertulia/v1/ring", tag = "ring", responses((status = 200, body = Object)))]
async fn ring(State(service): State<Arc<Service>>) -> Result<Json<Value>, Error> {
    let shown = match service.known.picture.look(AGE_MAX).await {
        Ok(shown) => shown,
        Err(place) => place.keep(shown(service.node.status().await)),
    };
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
    Json(service.past.since(after.as_deref()))
}
