//! Sealed boxes: what a person's devices leave for each other, or for the day on which all of them are lost.

use crate::caller::{At, Caller};
use crate::error::Error;
use crate::input::Input;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use tertulia_state::safe::{EmptyBox, FillBox, OpenBox};
use tertulia_types::BoxName;
use tertulia_types::entity::{Base64, EmptyObject, Filled, SealedBox};
use tertulia_types::message::BOX_BYTES_MAX;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What a box holds as base64, and what is said beside it.
const BODY_BYTES_MAX: usize = 2 * BOX_BYTES_MAX;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(open, fill, empty))
}

/// Looks into one of one's sealed boxes. Only with a session opened by the password.
#[utoipa::path(get, path = "/api/tertulia/v1/boxes/{name}", tag = "messages", params(("name" = String, Path)),
    responses((status = 200, body = SealedBox), (status = 404, description = "There is nothing in it, or not any more")))]
async fn open(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    At(name): At<BoxName>,
) -> Result<Json<SealedBox>, Error> {
    let found = service.query(OpenBox { actor, name }).await?;
    Ok(Json(SealedBox {
        version: found.version,
        body: Base64(found.body),
    }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct Filling {
    /// The version that is filled over: 0 for an empty box.
    before: u64,
    /// Whether it stays until it is emptied; else it goes after ten minutes.
    #[serde(default)]
    is_lasting: bool,
    /// Up to 256 KiB.
    body: Base64,
}

/// Fills one of one's sealed boxes over what was seen in it. The same bytes over the same version count again. Only with a session
/// opened by the password.
#[utoipa::path(post, path = "/api/tertulia/v1/boxes/{name}", tag = "messages", params(("name" = String, Path)), request_body = Filling,
    responses((status = 200, body = Filled), (status = 409, description = "There is another version in it")))]
async fn fill(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    At(name): At<BoxName>,
    Input(filling): Input<Filling, BODY_BYTES_MAX>,
) -> Result<Json<Filled>, Error> {
    let Filling {
        before,
        is_lasting,
        body,
    } = filling;
    let fill = FillBox {
        actor,
        name,
        before,
        is_lasting,
        body: body.0,
    };
    let version = service.submit(fill).await?;
    Ok(Json(Filled { version }))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Seen {
    /// The version that was seen.
    version: u64,
}

/// Empties one of one's sealed boxes, if that version is still in it. Only with a session opened by the password.
#[utoipa::path(delete, path = "/api/tertulia/v1/boxes/{name}", tag = "messages", params(("name" = String, Path), Seen),
    responses((status = 200, body = EmptyObject)))]
async fn empty(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    At(name): At<BoxName>,
    Input(Seen { version }): Input<Seen>,
) -> Result<Json<EmptyObject>, Error> {
    service.submit(EmptyBox { actor, name, version }).await?;
    Ok(Json(EmptyObject {}))
}
