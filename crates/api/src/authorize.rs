//! Letting an application in: what it asks for is checked, the page is shown ([`consent`]), and nick and
//! password, typed into that page, make a code.
//!
//! Nobody stays logged in here: each application is let in with the password. So there is no cookie that a foreign page
//! could ride on; the one cookie there is proves that the form came from us.
//!
//! **Invariant:** without a known application and an address that it registered nothing is sent anywhere; after that, what
//! is wrong with the request, and a refusal, is told to that address (RFC 6749, 4.1.2.1). What is wrong with nick or
//! password is told to the person, on the form.

use crate::caller::Address;
use crate::consent::{self, Asked, Consent};
use crate::error::Error;
use crate::input::Input;
use crate::login;
use crate::oauth::{OUT_OF_BAND, granted};
use crate::origin::Origin;
use crate::page::Language;
use crate::service::Service;
use crate::token::Secret;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::Arc;
use tertulia_state::oauth::{App, Authorize, FindApp};
use tertulia_state::session::SecretHash;
use tertulia_types::{Rejected, Scopes};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(ask, answer))
}

/// A SHA-256 in base64url.
const CHALLENGE_BYTES: usize = 43;

/// What an application asks for, found to be in order.
struct Sound {
    app: App,
    scopes: Scopes,
    challenge: Option<String>,
}

/// Why nobody is asked.
enum Unsound {
    /// There is nowhere to send anybody: told to the person, in English and Spanish.
    Unknown(&'static str, &'static str),
    /// Told to the application: the standard's code, and what to say to its maker.
    Faulty(&'static str, String),
    /// No home answered.
    Failed(Error),
}

/// The page on which a person lets an application in, or refuses.
#[utoipa::path(get, path = "/oauth/authorize", tag = "oauth", params(Asked), responses(
    (status = 200, description = "The page", content_type = "text/html", body = String),
    (status = 303, description = "Back to the application, with what is wrong with its request"),
    (status = 400, description = "The application or its address is not known", content_type = "text/html", body = String),
))]
async fn ask(
    State(service): State<Arc<Service>>,
    (origin, accepted): (Origin, Language),
    Input(asked): Input<Asked>,
) -> Response {
    let language = chosen(&asked, accepted);
    match check(&service, &asked).await {
        Ok(sound) => form(&service, &origin, &asked, &sound, language, ""),
        Err(unsound) => hindered(&asked, unsound, language),
    }
}

/// The language that the application asks for, if there is one: Mastodon.py sends `None`.
fn chosen(asked: &Asked, accepted: Language) -> Language {
    let named = asked.lang.as_deref().and_then(Language::named);
    named.unwrap_or(accepted)
}

async fn check(service: &Service, asked: &Asked) -> Result<Sound, Unsound> {
    let client_id = asked.client_id.clone();
    let app = match service.query(FindApp { client_id }).await {
        Ok(app) => app,
        Err(Error::Rejected(Rejected::NotFound)) => {
            return Err(Unsound::Unknown(
                "This application is not known here.",
                "Esta aplicación no se conoce aquí.",
            ));
        }
        Err(error) => return Err(Unsound::Failed(error)),
    };
    if !app.redirect_uris.contains(&asked.redirect_uri) {
        return Err(Unsound::Unknown(
            "The application wants to be sent to an address that it did not register.",
            "La aplicación quiere que la enviemos a una dirección que no registró.",
        ));
    }
    if asked.response_type != "code" {
        let only = "response_type must be code".to_owned();
        return Err(Unsound::Faulty("unsupported_response_type", only));
    }
    let challenge = challenge(asked)?;
    match granted(&app, &asked.scope) {
        Ok(scopes) => Ok(Sound {
            app,
            scopes,
            challenge,
        }),
        Err(error) => Err(Unsound::Faulty("invalid_scope", error.to_string())),
    }
}

fn challenge(asked: &Asked) -> Result<Option<String>, Unsound> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let faulty = |why: &str| Err(Unsound::Faulty("invalid_request", why.to_owned()));
    match (
        given(&asked.code_challenge),
        given(&asked.code_challenge_method).as_deref(),
    ) {
        (None, None) => Ok(None),
        (Some(challenge), Some("S256")) if challenge.len() == CHALLENGE_BYTES => Ok(Some(challenge)),
        (Some(_), Some("S256")) => faulty("code_challenge must be a SHA-256 in base64url"),
        (None, Some(_)) => faulty("code_challenge is missing"),
        (Some(_), _) => faulty("code_challenge_method must be S256"),
    }
}

fn hindered(asked: &Asked, unsound: Unsound, language: Language) -> Response {
    match unsound {
        Unsound::Unknown(english, spanish) => {
            consent::hindrance(StatusCode::BAD_REQUEST, language, language.pick(english, spanish))
                .into_response()
        }
        Unsound::Faulty(_, why) if asked.redirect_uri == OUT_OF_BAND => {
            consent::hindrance(StatusCode::BAD_REQUEST, language, &why).into_response()
        }
        Unsound::Faulty(code, why) => {
            tell(asked, &[("error", code), ("error_description", &why)]).into_response()
        }
        Unsound::Failed(error) => {
            let (status, words) = consent::failure(&error, language);
            consent::hindrance(status, language, &words).into_response()
        }
    }
}

/// Sends the person back to the application.
fn tell(asked: &Asked, outcome: &[(&str, &str)]) -> Redirect {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(outcome);
    if let Some(state) = &asked.state {
        query.append_pair("state", state);
    }
    let separator = if asked.redirect_uri.contains('?') {
        '&'
    } else {
        '?'
    };
    Redirect::to(&format!("{}{separator}{}", asked.redirect_uri, query.finish()))
}

/// What the person sends: the form, with what the application asked for in it.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct Answer {
    /// Who lets it in.
    nick: String,
    /// Their password.
    password: String,
    /// The same as in the cookie.
    proof: String,
    /// `yes` or `no`.
    allow: String,
    #[serde(flatten)]
    asked: Asked,
}

/// The form of that page.
#[utoipa::path(post, path = "/oauth/authorize", tag = "oauth",
    request_body(content = Answer, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The code, to be copied", content_type = "text/html", body = String),
        (status = 303, description = "Back to the application, with the code or the refusal"),
        (status = 403, description = "The page again, and what was wrong", content_type = "text/html", body = String),
    ))]
async fn answer(
    State(service): State<Arc<Service>>,
    Address(from): Address,
    (origin, accepted, headers): (Origin, Language, HeaderMap),
    Input(mut answer): Input<Answer>,
) -> Response {
    let asked = std::mem::take(&mut answer.asked);
    let password = Zeroizing::new(std::mem::take(&mut answer.password));
    let language = chosen(&asked, accepted);
    let sound = match check(&service, &asked).await {
        Ok(sound) => sound,
        Err(unsound) => return hindered(&asked, unsound, language),
    };
    let error = if !is_from_our_form(&service, &origin, &headers, &answer.proof) {
        consent::stale(language)
    } else if answer.allow != "yes" {
        return refused(&asked, &sound, language);
    } else {
        match let_in(&service, &asked, &sound, &answer.nick, password, from).await {
            Ok(code) if asked.redirect_uri == OUT_OF_BAND => {
                return consent::code(language, &sound.app, code.text()).into_response();
            }
            Ok(code) => return tell(&asked, &[("code", code.text())]).into_response(),
            Err(error) => consent::failure(&error, language),
        }
    };
    let page = Consent {
        error: Some(error),
        nick: &answer.nick,
        ..page(&origin, &asked, &sound, language)
    };
    with_proof(&service, page)
}

fn refused(asked: &Asked, sound: &Sound, language: Language) -> Response {
    if asked.redirect_uri == OUT_OF_BAND {
        return consent::refusal(language, &sound.app).into_response();
    }
    tell(asked, &[("error", "access_denied")]).into_response()
}

async fn let_in(
    service: &Service,
    asked: &Asked,
    sound: &Sound,
    nick: &str,
    password: Zeroizing<String>,
    from: IpAddr,
) -> Result<Secret, Error> {
    let proven = login::prove(service, nick, password, from).await?;
    let code = Secret::new(login::owner(proven.account));
    let authorize = Authorize {
        account: proven.account,
        password_version: proven.password_version,
        code: SecretHash(code.hash()),
        client_id: sound.app.client_id.clone(),
        label: sound.app.name.clone(),
        website: sound.app.website.clone(),
        redirect_uri: asked.redirect_uri.clone(),
        scopes: sound.scopes,
        challenge: sound.challenge.clone(),
    };
    service.submit(authorize).await?;
    Ok(code)
}

/// Over TLS the browser itself sees to it that only we can have set the cookie.
fn cookie_name(service: &Service) -> &'static str {
    if service.secure() {
        "__Host-tertulia-form"
    } else {
        "tertulia-form"
    }
}

fn is_from_our_form(service: &Service, origin: &Origin, headers: &HeaderMap, proof: &str) -> bool {
    let from_elsewhere = headers
        .get(header::ORIGIN)
        .is_some_and(|from| from != origin.to_string().as_str() && from != "null");
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok());
    let mut pairs = cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let is_ours = pairs.any(|(name, value)| name == cookie_name(service) && value == proof);
    !from_elsewhere && !proof.is_empty() && is_ours
}

fn form(
    service: &Service,
    origin: &Origin,
    asked: &Asked,
    sound: &Sound,
    language: Language,
    nick: &str,
) -> Response {
    let page = Consent {
        nick,
        ..page(origin, asked, sound, language)
    };
    with_proof(service, page)
}

fn page<'a>(origin: &'a Origin, asked: &'a Asked, sound: &'a Sound, language: Language) -> Consent<'a> {
    Consent {
        app: &sound.app,
        scopes: sound.scopes,
        asked,
        host: origin.host(),
        language,
        nick: "",
        error: None,
    }
}

/// The page, with a fresh proof in its form and in the cookie.
fn with_proof(service: &Service, page: Consent<'_>) -> Response {
    let proof = format!("{:032x}", rand::random::<u128>());
    let mut response = page.page(&proof).into_response();
    let secure = if service.secure() { "; Secure" } else { "" };
    let cookie = format!(
        "{}={proof}; Path=/; HttpOnly; SameSite=Strict; Max-Age=3600{secure}",
        cookie_name(service)
    );
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::{Asked, Unsound, challenge, chosen, tell};
    use crate::page::Language;
    use axum::response::IntoResponse;

    #[test]
    fn outcomes_join_what_the_address_has_already() {
        let asked = |redirect_uri: &str| Asked {
            redirect_uri: redirect_uri.to_owned(),
            state: Some("a b".to_owned()),
            ..Asked::default()
        };
        let to = |redirect_uri| {
            tell(&asked(redirect_uri), &[("code", "x")])
                .into_response()
                .headers()["location"]
                .clone()
        };
        assert_eq!(
            to("https://a.example/back"),
            "https://a.example/back?code=x&state=a+b"
        );
        assert_eq!(to("app://back?q=1"), "app://back?q=1&code=x&state=a+b");
    }

    #[test]
    fn the_browsers_language_holds_unless_the_application_knows_better() {
        let in_language = |lang: &str| {
            let lang = Some(lang.to_owned());
            chosen(
                &Asked {
                    lang,
                    ..Asked::default()
                },
                Language::Spanish,
            )
        };
        assert_eq!(in_language("en-GB"), Language::English);
        for unknown in ["None", "", "ñ", "fr"] {
            assert_eq!(in_language(unknown), Language::Spanish, "{unknown}");
        }
    }

    #[test]
    fn a_challenge_is_a_hash_or_nothing() {
        let asked = |challenge: Option<&str>, method: Option<&str>| Asked {
            code_challenge: challenge.map(str::to_owned),
            code_challenge_method: method.map(str::to_owned),
            ..Asked::default()
        };
        let hash = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(matches!(challenge(&asked(None, Some(""))), Ok(None)));
        assert!(matches!(challenge(&asked(Some(hash), Some("S256"))), Ok(Some(_))));
        for (given, method) in [
            (Some(hash), None),
            (Some(hash), Some("plain")),
            (Some("short"), Some("S256")),
            (None, Some("S256")),
        ] {
            let refused = challenge(&asked(given, method));
            assert!(
                matches!(refused, Err(Unsound::Faulty("invalid_request", _))),
                "{method:?}"
            );
        }
    }
}
