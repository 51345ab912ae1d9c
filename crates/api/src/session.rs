//! Tertulia's own way in and out: register, log in, log out, change the password, close the account.

use crate::caller::{Address, At, Caller, Once};
use crate::error::Error;
use crate::input::Input;
use crate::login::{self, Newcomer, Purpose};
use crate::password::acceptable;
use crate::render;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use tertulia_state::account::{ChangePassword, OwnPassword};
use tertulia_state::closing::CloseAccount;
use tertulia_state::session::{CloseSession, Sessions};
use tertulia_types::NotificationId;
use tertulia_types::entity::{EmptyObject, Session, Token};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(logout))
        .routes(routes!(password))
        .routes(routes!(close))
        .routes(routes!(sessions))
        .routes(routes!(end))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct RegisterParams {
    /// 1 to 30 of a to z, 0 to 9 and _.
    nick: String,
    /// Up to 30 characters; the nick if not said.
    name: Option<String>,
    /// 8 to 128 characters.
    password: String,
    /// What the session is called in the list.
    label: Option<String>,
    /// The code of an invitation.
    invite: Option<String>,
}

/// Makes an account and logs in.
#[utoipa::path(post, path = "/api/tertulia/v1/register", tag = "tertulia", request_body = RegisterParams,
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat with it gets the same account")),
    responses((status = 200, body = Token), (status = 422, description = "The nick is taken, or something does not fit, or the invitation is not good any more"),
    (status = 403, description = "Nobody can register, or not without an invitation")))]
async fn register(
    State(service): State<Arc<Service>>,
    Address(from): Address,
    once: Once,
    Input(asked): Input<RegisterParams>,
) -> Result<Json<Token>, Error> {
    let password = Zeroizing::new(asked.password);
    let newcomer = Newcomer {
        nick: asked.nick,
        name: asked.name,
        password,
        language: None,
        invite: asked.invite,
    };
    let token = login::register(&service, newcomer, &Purpose::own(asked.label), once, from).await?;
    Ok(Json(token))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct LoginParams {
    nick: String,
    password: String,
    /// What the session is called in the list.
    label: Option<String>,
}

/// Opens a session.
#[utoipa::path(post, path = "/api/tertulia/v1/login", tag = "tertulia", request_body = LoginParams,
    responses((status = 200, body = Token), (status = 401, description = "Wrong nick or password")))]
async fn login(
    State(service): State<Arc<Service>>,
    Address(from): Address,
    Input(asked): Input<LoginParams>,
) -> Result<Json<Token>, Error> {
    let proven = login::prove(&service, &asked.nick, Zeroizing::new(asked.password), from).await?;
    Ok(Json(
        login::open(&service, &proven, &Purpose::own(asked.label)).await?,
    ))
}

/// Ends the session: its token is worthless from now on, everywhere.
#[utoipa::path(post, path = "/api/tertulia/v1/logout", tag = "tertulia", responses((status = 200, body = EmptyObject)))]
async fn logout(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
) -> Result<Json<EmptyObject>, Error> {
    service.submit(CloseSession { actor, id: None }).await?;
    Ok(Json(EmptyObject {}))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct PasswordParams {
    current: String,
    /// 8 to 128 characters.
    new: String,
}

/// Changes the password. All other sessions end.
#[utoipa::path(post, path = "/api/tertulia/v1/password", tag = "tertulia", request_body = PasswordParams,
    responses((status = 200, body = EmptyObject), (status = 403, description = "The current password is wrong")))]
async fn password(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Address(from): Address,
    Input(asked): Input<PasswordParams>,
) -> Result<Json<EmptyObject>, Error> {
    let (current, new) = (Zeroizing::new(asked.current), Zeroizing::new(asked.new));
    acceptable(&new).map_err(Error::Invalid)?;
    let stored = service.query(OwnPassword { actor }).await?;
    let verified_version = login::prove_again(&service, stored, current, from).await?;
    let hash = service.vault.hash(new).await?;
    service
        .submit(ChangePassword {
            actor,
            verified_version,
            hash,
        })
        .await?;
    Ok(Json(EmptyObject {}))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct CloseParams {
    password: String,
}

/// Closes the account for good: the profile, its dweets and its sessions go, and the nick is never given out again.
#[utoipa::path(post, path = "/api/tertulia/v1/account/close", tag = "tertulia", request_body = CloseParams,
    responses((status = 200, body = EmptyObject), (status = 403, description = "The password is wrong")))]
async fn close(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    Address(from): Address,
    Input(asked): Input<CloseParams>,
) -> Result<Json<EmptyObject>, Error> {
    let stored = service.query(OwnPassword { actor }).await?;
    let verified_version = login::prove_again(&service, stored, Zeroizing::new(asked.password), from).await?;
    service
        .submit(CloseAccount {
            actor,
            verified_version,
        })
        .await?;
    Ok(Json(EmptyObject {}))
}

/// Where one is logged in.
#[utoipa::path(get, path = "/api/tertulia/v1/sessions", tag = "tertulia", responses((status = 200, body = Vec<Session>)))]
async fn sessions(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
) -> Result<Json<Vec<Session>>, Error> {
    let open = service.query(Sessions { actor }).await?;
    let sessions = open.into_iter().map(|session| Session {
        id: session.id.to_string(),
        label: session.label,
        created_at: render::moment(session.created_ms),
        current: session.current,
    });
    Ok(Json(sessions.collect()))
}

/// Ends one of one's sessions.
#[utoipa::path(delete, path = "/api/tertulia/v1/sessions/{id}", tag = "tertulia", params(("id" = String, Path)),
    responses((status = 200, body = EmptyObject), (status = 404, description = "There is none with this id")))]
async fn end(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    At(id): At<NotificationId>,
) -> Result<Json<EmptyObject>, Error> {
    service.submit(CloseSession { actor, id: Some(id) }).await?;
    Ok(Json(EmptyObject {}))
}
