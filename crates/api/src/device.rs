//! A person's devices and their key packages: what others need to write to them.

use crate::caller::{At, Caller, Once};
use crate::error::Error;
use crate::input::Input;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use tertulia_state::device::{AppendRecord, Records};
use tertulia_state::key_package::{ClaimPackages, StockPackages};
use tertulia_types::device::SignedRecord;
use tertulia_types::entity::{Base64, DeviceRecord, EmptyObject, KeyPackage, NotARecord, PackagesLeft};
use tertulia_types::{AccountId, DeviceId, Scopes};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(append))
        .routes(routes!(records))
        .routes(routes!(stock))
        .routes(routes!(claim))
}

/// Adds a device of one's own, or revokes one: the next statement of the chain. Only with a session opened by the password.
#[utoipa::path(post, path = "/api/tertulia/v1/devices", tag = "messages", request_body = DeviceRecord,
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat with it changes nothing twice")),
    responses((status = 200, body = EmptyObject), (status = 409, description = "Another statement came first: read the chain again")))]
async fn append(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    Input(said): Input<DeviceRecord>,
) -> Result<Json<EmptyObject>, Error> {
    let record =
        SignedRecord::try_from(said).map_err(|wrong: NotARecord| Error::Invalid(wrong.to_string()))?;
    service.submit(AppendRecord { actor, record, key }).await?;
    Ok(Json(EmptyObject {}))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct From {
    /// The first statement that is asked for: 0 if not said.
    from: u32,
}

/// What somebody has said of their devices, oldest first, 200 at once. Whoever relies on it checks the signatures and the chain.
#[utoipa::path(get, path = "/api/tertulia/v1/accounts/{id}/devices", tag = "messages", params(("id" = String, Path), From),
    responses((status = 200, body = Vec<DeviceRecord>)))]
async fn records(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    At(account): At<AccountId>,
    Input(From { from }): Input<From>,
) -> Result<Json<Vec<DeviceRecord>>, Error> {
    let asked = Records { account, from };
    let records = service
        .query_for(Some(actor), Scopes::READ_MESSAGES, asked)
        .await?;
    Ok(Json(records.iter().map(DeviceRecord::from).collect()))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct Stock {
    /// Which of one's devices.
    #[schema(value_type = String)]
    device: DeviceId,
    /// Key packages (RFC 9420) to be given out once each; 100 at most at a time.
    #[serde(default)]
    packages: Vec<Base64>,
    /// Whether they come in place of those that are there.
    #[serde(default)]
    replaces: bool,
    /// One that may be given out as often as it must be, in place of the one before.
    last_resort: Option<Base64>,
}

/// Puts key packages of one's device where others find them. Answers how many there are.
#[utoipa::path(post, path = "/api/tertulia/v1/key_packages", tag = "messages", request_body = Stock,
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat with it changes nothing twice")),
    responses((status = 200, body = PackagesLeft)))]
async fn stock(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    Input(stock): Input<Stock>,
) -> Result<Json<PackagesLeft>, Error> {
    let command = StockPackages {
        actor,
        device: stock.device,
        packages: stock.packages.into_iter().map(|package| package.0).collect(),
        replaces: stock.replaces,
        last_resort: stock.last_resort.map(|package| package.0),
        key,
    };
    let left = service.submit(command).await?;
    Ok(Json(PackagesLeft { left }))
}

/// Takes one key package of each device of somebody, to begin to write to them. Nothing comes back for who has no device yet.
#[utoipa::path(post, path = "/api/tertulia/v1/accounts/{id}/key_packages", tag = "messages",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = "A repeat with it gets the same ones")),
    responses((status = 200, body = Vec<KeyPackage>)))]
async fn claim(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Once(key): Once,
    At(of): At<AccountId>,
) -> Result<Json<Vec<KeyPackage>>, Error> {
    let by = actor.account;
    let claimed = service
        .submit_for(actor, Scopes::WRITE_MESSAGES, ClaimPackages { by, of, key })
        .await?;
    let packages = claimed.into_iter().map(|(device, package)| KeyPackage {
        device,
        package: Base64(package),
    });
    Ok(Json(packages.collect()))
}
