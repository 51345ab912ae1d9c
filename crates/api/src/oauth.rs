//! OAuth for programs: registering an application, and getting, using up and giving back tokens. The page on which a
//! person lets an application in is in [`authorize`](crate::authorize).
//!
//! **Invariant:** an application's id is 16 hexadecimal digits whose first bit is set, so an application's own token names
//! its owner in the same 8 bytes as a person's (whose ids are below 2^63), and cannot be taken for one.

use crate::caller::{Address, Caller, Once};
use crate::error::Error;
use crate::input::Input;
use crate::login::{self, Newcomer, Purpose};
use crate::origin::Origin;
use crate::service::Service;
use crate::token::Secret;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tertulia_state::oauth::{
    App, AppOfSession, AppOfToken, CloseAppToken, CreateApp, ExchangeCode, FindApp, OpenAppToken, Revoke,
};
use tertulia_state::session::SecretHash;
use tertulia_types::entity::{Application, CredentialApplication, EmptyObject, Token};
use tertulia_types::{AccountId, Rejected, Scopes};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

/// Where a code is shown instead of sent.
pub(crate) const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";
const APP: u64 = 1 << 63;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(create_app))
        .routes(routes!(verify_app))
        .routes(routes!(token))
        .routes(routes!(revoke))
        .routes(routes!(register))
        .routes(routes!(metadata))
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct AppParams {
    client_name: String,
    /// One per line, or a list.
    redirect_uris: Vec<String>,
    /// Separated by spaces; `read` if not said.
    scopes: String,
    website: Option<String>,
}

/// Mastodon's bound; it stands in one line of the page that asks for consent.
const NAME_CHARACTERS_MAX: usize = 60;
/// More than any application needs.
const REDIRECT_URIS_MAX: usize = 10;
/// Of an app's own page.
const WEBSITE_BYTES_MAX: usize = 200;

/// Registers an application.
#[utoipa::path(post, path = "/api/v1/apps", tag = "oauth", request_body = AppParams, responses((status = 200, body = CredentialApplication)))]
async fn create_app(
    State(service): State<Arc<Service>>,
    Address(from): Address,
    Input(asked): Input<AppParams>,
) -> Result<Json<CredentialApplication>, Error> {
    let name = asked.client_name.trim();
    let is_fit = (1..=NAME_CHARACTERS_MAX).contains(&name.chars().count());
    if !is_fit || name.chars().any(char::is_control) {
        return Err(Error::Invalid(format!(
            "Validation failed: client_name has 1 to {NAME_CHARACTERS_MAX} characters"
        )));
    }
    let redirect_uris: Vec<String> = asked
        .redirect_uris
        .iter()
        .flat_map(|uris| uris.split_whitespace())
        .map(str::to_owned)
        .collect();
    if redirect_uris.is_empty()
        || redirect_uris.len() > REDIRECT_URIS_MAX
        || !redirect_uris.iter().all(|uri| may_lead_to(uri))
    {
        return Err(Error::Invalid(
            "Validation failed: redirect_uris must be addresses".to_owned(),
        ));
    }
    let scopes = Scopes::parse(&asked.scopes).map_err(|error| Error::Invalid(error.to_string()))?;
    service.limits.registration(from).map_err(Error::TooMany)?;
    let client_id = format!("{:016x}", rand::random::<u64>() | APP);
    let client_secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    // It is shown with each dweet that the app makes.
    let leads_out = |website: &String| {
        website.starts_with("http") && website.len() <= WEBSITE_BYTES_MAX && may_lead_to(website)
    };
    let website = asked.website.filter(leads_out);
    let app = App {
        client_id,
        secret: hashed(&client_secret),
        name: name.to_owned(),
        website,
        redirect_uris,
        scopes,
    };
    service.submit(CreateApp { app: app.clone() }).await?;
    let (application, client_id) = (public(&app), app.client_id);
    Ok(Json(CredentialApplication {
        application,
        client_id,
        client_secret,
        client_secret_expires_at: 0,
    }))
}

/// An absolute address without a fragment (RFC 6749, 3.1.2), with a scheme that does not run in the page that leads there.
fn may_lead_to(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let is_clean =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'"' | b'<' | b'>' | b'\\' | b'`');
    let leads_out = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => {
            let has_host = |uri: Uri| uri.host().is_some_and(|host| !host.is_empty());
            rest.starts_with("//") && uri.parse().is_ok_and(has_host)
        }
        "about" | "blob" | "data" | "file" | "filesystem" | "javascript" | "vbscript" => false,
        _ => !rest.is_empty(),
    };
    is_scheme && leads_out && uri.bytes().all(is_clean)
}

fn hashed(secret: &str) -> SecretHash {
    SecretHash(Sha256::digest(secret).into())
}

fn public(app: &App) -> Application {
    let scopes = app.scopes.to_string();
    Application {
        id: app.client_id.clone(),
        name: app.name.clone(),
        website: app.website.clone(),
        scopes: scopes.split(' ').map(str::to_owned).collect(),
        redirect_uri: app.redirect_uris.join("\n"),
        redirect_uris: app.redirect_uris.clone(),
        vapid_key: String::new(),
    }
}

/// The application of a token, be it the application's own or a person's.
#[utoipa::path(get, path = "/api/v1/apps/verify_credentials", tag = "oauth", responses(
    (status = 200, body = Application),
    (status = 401, description = "The token is not valid"),
    (status = 404, description = "The session was opened without an application"),
))]
async fn verify_app(State(service): State<Arc<Service>>, token: Secret) -> Result<Json<Application>, Error> {
    let app = match Caller::of(&token) {
        Some(Caller(actor)) => {
            let client_id = service.query(AppOfSession { actor }).await?;
            let client_id = client_id.ok_or(Rejected::NotFound)?;
            service.query(FindApp { client_id }).await?
        }
        None => app_of(&service, &token).await?,
    };
    Ok(Json(public(&app)))
}

async fn app_of(service: &Service, token: &Secret) -> Result<App, Error> {
    let client_id = format!("{:016x}", token.owner());
    service
        .query(AppOfToken {
            client_id,
            hash: SecretHash(token.hash()),
        })
        .await
}

#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct TokenParams {
    /// `authorization_code`, `password` or `client_credentials`.
    grant_type: String,
    client_id: String,
    client_secret: String,
    code: String,
    redirect_uri: String,
    /// For a code that was asked for with a `code_challenge`.
    code_verifier: Option<String>,
    username: String,
    password: String,
    /// Separated by spaces; `read` if not said.
    scope: String,
}

/// Gives out a token.
#[utoipa::path(post, path = "/oauth/token", tag = "oauth", request_body = TokenParams,
    responses((status = 200, body = Token), (status = 400, description = "The grant is not valid"), (status = 401, description = "The application is not known")))]
async fn token(
    State(service): State<Arc<Service>>,
    Address(from): Address,
    headers: HeaderMap,
    Input(mut asked): Input<TokenParams>,
) -> Result<(HeaderMap, Json<Token>), Error> {
    let password = Zeroizing::new(std::mem::take(&mut asked.password));
    let app = client(&service, &headers, &asked.client_id, &asked.client_secret).await?;
    let token = match asked.grant_type.as_str() {
        "authorization_code" => exchange(&service, &app, asked).await?,
        "client_credentials" => {
            let scopes = granted(&app, &asked.scope)?;
            let token = Secret::new(u64::from_str_radix(&app.client_id, 16).map_err(|_| Error::Internal)?);
            let hash = SecretHash(token.hash());
            service
                .submit(OpenAppToken {
                    client_id: app.client_id,
                    hash,
                    scopes,
                })
                .await?;
            login::entity(&token, scopes)
        }
        "password" => {
            let purpose = Purpose {
                scopes: granted(&app, &asked.scope)?,
                label: app.name,
                client: Some((app.client_id, app.website)),
            };
            let proven = login::prove(&service, &asked.username, password, from)
                .await
                .map_err(as_grant)?;
            login::open(&service, &proven, &purpose).await.map_err(as_grant)?
        }
        other => {
            return Err(refused(
                "unsupported_grant_type",
                format!("{other:?} is not a grant that is known here"),
            ));
        }
    };
    let unkept = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((HeaderMap::from_iter([unkept]), Json(token)))
}

fn refused(code: &'static str, description: String) -> Error {
    Error::OAuth {
        status: StatusCode::BAD_REQUEST,
        code,
        description,
    }
}

/// A home's refusal in the standard's words.
fn as_grant(error: Error) -> Error {
    if let Error::Rejected(
        Rejected::WrongPassword | Rejected::Invalid(_) | Rejected::NotFound | Rejected::NoSession,
    ) = error
    {
        return refused("invalid_grant", error.to_string());
    }
    error
}

/// The application that asks, if its secret is right. It may come in the header instead (RFC 6749, 2.3.1).
async fn client(service: &Service, headers: &HeaderMap, id: &str, secret: &str) -> Result<App, Error> {
    let basic = basic(headers);
    let (id, secret) = basic.as_ref().map_or((id, secret), |(id, secret)| (id, secret));
    let unknown = || Error::OAuth {
        status: StatusCode::UNAUTHORIZED,
        code: "invalid_client",
        description: "the application is not known here, or its secret is wrong: register it again"
            .to_owned(),
    };
    match service
        .query(FindApp {
            client_id: id.to_owned(),
        })
        .await
    {
        Ok(app) if app.secret == hashed(secret) => Ok(app),
        Ok(_) | Err(Error::Rejected(Rejected::NotFound)) => Err(unknown()),
        Err(error) => Err(error),
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// What was asked for, if the application registered for it.
pub(crate) fn granted(app: &App, asked: &str) -> Result<Scopes, Error> {
    let scopes = Scopes::parse(asked).map_err(|error| refused("invalid_scope", error.to_string()))?;
    if app.scopes.contains(scopes) {
        return Ok(scopes);
    }
    Err(refused(
        "invalid_scope",
        format!("the application registered for \"{}\" only", app.scopes),
    ))
}

async fn exchange(service: &Service, app: &App, asked: TokenParams) -> Result<Token, Error> {
    let unknown = || refused("invalid_grant", "the code is unknown, used or expired".to_owned());
    let code = Secret::parse(&asked.code).ok_or_else(unknown)?;
    let account = i64::try_from(code.owner())
        .ok()
        .and_then(AccountId::from_number)
        .ok_or_else(unknown)?;
    let token = Secret::new(code.owner());
    let challenge = asked.code_verifier.filter(|verifier| !verifier.is_empty());
    let exchange = ExchangeCode {
        account,
        code: SecretHash(code.hash()),
        client_id: app.client_id.clone(),
        redirect_uri: asked.redirect_uri,
        challenge: challenge.map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))),
        hash: SecretHash(token.hash()),
    };
    let scopes = service.submit(exchange).await.map_err(as_grant)?;
    Ok(login::entity(&token, scopes))
}

#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct RevokeParams {
    client_id: String,
    client_secret: String,
    token: String,
}

/// Gives a token back. One that is not known is worthless already (RFC 7009).
#[utoipa::path(post, path = "/oauth/revoke", tag = "oauth", request_body = RevokeParams, responses((status = 200, body = EmptyObject)))]
async fn revoke(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    Input(asked): Input<RevokeParams>,
) -> Result<Json<EmptyObject>, Error> {
    let App { client_id, .. } = client(&service, &headers, &asked.client_id, &asked.client_secret).await?;
    let Some(token) = Secret::parse(&asked.token) else {
        return Ok(Json(EmptyObject {}));
    };
    let ended = match Caller::of(&token) {
        Some(Caller(actor)) => service.submit(Revoke { actor, client_id }).await,
        None => {
            service
                .submit(CloseAppToken {
                    client_id,
                    hash: SecretHash(token.hash()),
                })
                .await
        }
    };
    match ended {
        Ok(()) | Err(Error::Rejected(Rejected::NoSession | Rejected::NotFound)) => Ok(Json(EmptyObject {})),
        Err(error) => Err(error),
    }
}

#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct AccountParams {
    username: String,
    password: String,
    /// Neither needed nor kept.
    #[allow(dead_code, reason = "part of the documented request")]
    email: String,
    /// Nothing needs to be agreed to.
    #[allow(dead_code, reason = "part of the documented request")]
    agreement: bool,
    /// The language of new dweets.
    locale: Option<String>,
    /// The code of an invitation.
    invite_code: Option<String>,
}

/// Makes an account, for an application with a token of its own; answers a token for it.
#[utoipa::path(post, path = "/api/v1/accounts", tag = "accounts", request_body = AccountParams,
    responses((status = 200, body = Token), (status = 422, description = "Something does not fit; `details` says what")))]
async fn register(
    State(service): State<Arc<Service>>,
    Address(from): Address,
    (token, once): (Secret, Once),
    Input(asked): Input<AccountParams>,
) -> Result<Json<Token>, Error> {
    let app = app_of(&service, &token).await?;
    if !app.scopes.contains(Scopes::WRITE_ACCOUNTS) {
        return Err(Rejected::OutOfScope.into());
    }
    let language = asked.locale.as_deref().and_then(crate::account::language);
    let newcomer = Newcomer {
        nick: asked.username,
        name: None,
        password: Zeroizing::new(asked.password),
        language,
        invite: asked.invite_code,
    };
    let purpose = Purpose {
        scopes: app.scopes,
        label: app.name,
        client: Some((app.client_id, app.website)),
    };
    Ok(Json(
        login::register(&service, newcomer, &purpose, once, from).await?,
    ))
}

/// What this service does of OAuth (RFC 8414).
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    revocation_endpoint: String,
    app_registration_endpoint: String,
    scopes_supported: [&'static str; 5],
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 3],
    token_endpoint_auth_methods_supported: [&'static str; 2],
    code_challenge_methods_supported: [&'static str; 1],
}

/// What this service does of OAuth. Over plain HTTP it says nothing: apps would refuse its addresses (W10 in docs/apps.md).
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "oauth", responses(
    (status = 200, body = Metadata),
    (status = 404, description = "Served by plain HTTP"),
))]
async fn metadata(origin: Origin) -> Result<Json<Metadata>, Error> {
    let issuer = origin.to_string();
    if !issuer.starts_with("https:") {
        return Err(Error::NoSuchPath);
    }
    Ok(Json(Metadata {
        authorization_endpoint: format!("{issuer}/oauth/authorize"),
        token_endpoint: format!("{issuer}/oauth/token"),
        revocation_endpoint: format!("{issuer}/oauth/revoke"),
        app_registration_endpoint: format!("{issuer}/api/v1/apps"),
        issuer,
        scopes_supported: ["read", "write", "follow", "push", "profile"],
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: ["authorization_code", "password", "client_credentials"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        code_challenge_methods_supported: ["S256"],
    }))
}

#[cfg(test)]
mod tests {
    use super::{OUT_OF_BAND, may_lead_to};

    #[test]
    fn codes_are_not_sent_into_a_page() {
        for fine in [
            OUT_OF_BAND,
            "https://app.example/back?x=1",
            "http://127.0.0.1:9/",
            "com.example.app://oauth",
            "toot:x",
        ] {
            assert!(may_lead_to(fine), "{fine}");
        }
        for bad in [
            "",
            "nothing",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "https:",
            "https://",
            "https:///x",
            "://x",
            "https://a b",
            "https://a.example/#part",
            "https://a.example\\@b.example/",
            "https://a.example/\"><b>",
        ] {
            assert!(!may_lead_to(bad), "{bad}");
        }
    }
}
