//! The page on which a person lets an application in: nick and password, in plain HTML.
//!
//! Nobody stays logged in here: each application is let in with the password. So there is no cookie that a foreign page
//! could ride on; the one cookie there is proves that the form came from us.
//!
//! **Invariant:** without a known application and an address that it registered nothing is sent anywhere; after that, every
//! outcome, a refusal too, is told to that address (RFC 6749, 4.1.2.1).

use crate::caller::Address;
use crate::error::Error;
use crate::input::Input;
use crate::login;
use crate::oauth::{OUT_OF_BAND, granted};
use crate::origin::Origin;
use crate::page::{Language, Page, escape};
use crate::service::Service;
use crate::token::Secret;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use std::sync::Arc;
use tertulia_state::oauth::{App, Authorize, FindApp};
use tertulia_state::session::SecretHash;
use tertulia_types::{Rejected, Scopes};
use zeroize::Zeroizing;

pub(crate) fn routes() -> Router<Arc<Service>> {
    Router::new().route("/oauth/authorize", get(ask).post(answer))
}

/// What an application asks for; the form sends it again.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Asked {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    scope: String,
    state: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    lang: Option<String>,
}

/// What an application asks for, found to be in order.
struct Sound {
    app: App,
    scopes: Scopes,
    challenge: Option<String>,
}

async fn ask(
    State(service): State<Arc<Service>>,
    accepted: Language,
    Input(asked): Input<Asked>,
) -> Result<Response, Error> {
    let language = asked.lang.as_deref().map_or(accepted, Language::accepted);
    match check(&service, &asked).await {
        Ok(Ok(sound)) => Ok(form(&service, &asked, &sound, language, None, "")),
        Ok(Err(told)) => Ok(told.into_response()),
        Err(Error::OAuth { description, .. }) => Ok(broken(language, &description)),
        Err(error) => Err(error),
    }
}

/// Checks what an application asks for: an `Err` goes to the person, an inner one to the application.
async fn check(service: &Service, asked: &Asked) -> Result<Result<Sound, Redirect>, Error> {
    let unsound = |why: &str| Error::OAuth {
        status: StatusCode::BAD_REQUEST,
        code: "invalid_request",
        description: why.to_owned(),
    };
    let app = match service
        .query(FindApp {
            client_id: asked.client_id.clone(),
        })
        .await
    {
        Ok(app) => app,
        Err(Error::Rejected(Rejected::NotFound)) => {
            return Err(unsound("This application is not known here."));
        }
        Err(error) => return Err(error),
    };
    if !app.redirect_uris.contains(&asked.redirect_uri) {
        return Err(unsound(
            "The application wants to be sent to an address that it did not register.",
        ));
    }
    if asked.response_type != "code" {
        return Ok(Err(tell(asked, &[("error", "unsupported_response_type")])));
    }
    let challenge = asked
        .code_challenge
        .clone()
        .filter(|challenge| !challenge.is_empty());
    let method = asked
        .code_challenge_method
        .as_deref()
        .filter(|method| !method.is_empty());
    if challenge.is_some() && method != Some("S256") {
        return Ok(Err(tell(
            asked,
            &[
                ("error", "invalid_request"),
                ("error_description", "code_challenge_method must be S256"),
            ],
        )));
    }
    Ok(match granted(&app, &asked.scope) {
        Ok(scopes) => Ok(Sound {
            app,
            scopes,
            challenge,
        }),
        Err(error) => Err(tell(
            asked,
            &[
                ("error", "invalid_scope"),
                ("error_description", &error.to_string()),
            ],
        )),
    })
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
    let (address, fragment) = asked
        .redirect_uri
        .split_once('#')
        .map_or((asked.redirect_uri.as_str(), ""), |parts| parts);
    let fragment = if fragment.is_empty() {
        String::new()
    } else {
        format!("#{fragment}")
    };
    Redirect::to(&format!("{address}{separator}{}{fragment}", query.finish()))
}

/// What the person sends: the form, with what the application asked for in it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    nick: String,
    password: String,
    /// The same as in the cookie.
    proof: String,
    /// `yes` or `no`.
    allow: String,
    #[serde(flatten)]
    asked: Asked,
}

async fn answer(
    State(service): State<Arc<Service>>,
    Address(from): Address,
    (origin, accepted, headers): (Origin, Language, HeaderMap),
    Input(mut answer): Input<Answer>,
) -> Result<Response, Error> {
    let asked = std::mem::take(&mut answer.asked);
    let password = Zeroizing::new(std::mem::take(&mut answer.password));
    let language = asked.lang.as_deref().map_or(accepted, Language::accepted);
    let sound = match check(&service, &asked).await {
        Ok(Ok(sound)) => sound,
        Ok(Err(told)) => return Ok(told.into_response()),
        Err(Error::OAuth { description, .. }) => return Ok(broken(language, &description)),
        Err(error) => return Err(error),
    };
    if !is_from_our_form(&service, &origin, &headers, &answer.proof) {
        let stale = language.pick(
            "The form was not ours, or too old. Try again.",
            "El formulario no era nuestro o es viejo. Prueba otra vez.",
        );
        return Ok(form(
            &service,
            &asked,
            &sound,
            language,
            Some(stale),
            &answer.nick,
        ));
    }
    if answer.allow != "yes" {
        return Ok(tell(&asked, &[("error", "access_denied")]).into_response());
    }
    match let_in(&service, &asked, &sound, &answer.nick, password, from).await {
        Ok(code) if asked.redirect_uri == OUT_OF_BAND => Ok(show(language, code.text())),
        Ok(code) => Ok(tell(&asked, &[("code", code.text())]).into_response()),
        Err(Error::Rejected(Rejected::WrongPassword)) => {
            let wrong = language.pick("Wrong nick or password.", "Apodo o contraseña incorrectos.");
            Ok(form(
                &service,
                &asked,
                &sound,
                language,
                Some(wrong),
                &answer.nick,
            ))
        }
        Err(Error::TooMany(_)) => {
            let wait = language.pick(
                "Too many attempts. Wait a minute.",
                "Demasiados intentos. Espera un minuto.",
            );
            Ok(form(&service, &asked, &sound, language, Some(wait), &answer.nick))
        }
        Err(error) => Err(error),
    }
}

async fn let_in(
    service: &Service,
    asked: &Asked,
    sound: &Sound,
    nick: &str,
    password: Zeroizing<String>,
    from: std::net::IpAddr,
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

/// The form, with a fresh proof in it and in the cookie.
fn form(
    service: &Service,
    asked: &Asked,
    sound: &Sound,
    language: Language,
    error: Option<&str>,
    nick: &str,
) -> Response {
    let proof = format!("{:032x}", rand::random::<u128>());
    let body = form_html(service, asked, sound, language, error, nick, &proof);
    let status = if error.is_some() {
        StatusCode::FORBIDDEN
    } else {
        StatusCode::OK
    };
    let title = language
        .pick("Let an application in", "Dejar entrar a una aplicación")
        .to_owned();
    let mut response = Page {
        status,
        language,
        title,
        body,
        form_target: Some(target(&asked.redirect_uri)),
    }
    .into_response();
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

/// Where the form's answer may lead: the application's host, or its scheme.
fn target(redirect_uri: &str) -> String {
    let (scheme, rest) = redirect_uri.split_once(':').unwrap_or((redirect_uri, ""));
    let host = rest
        .strip_prefix("//")
        .map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match (scheme, host) {
        ("http" | "https", Some(host)) => format!("{scheme}://{host}"),
        _ => format!("{scheme}:"),
    }
}

fn form_html(
    service: &Service,
    asked: &Asked,
    sound: &Sound,
    language: Language,
    error: Option<&str>,
    nick: &str,
    proof: &str,
) -> String {
    let say = |english, spanish| escape(language.pick(english, spanish));
    let wants = say("wants to use your account here:", "quiere usar tu cuenta aquí:");
    let mut html = format!(
        "<p><strong>{}</strong> {wants} <strong>{}</strong></p>",
        escape(&sound.app.name),
        escape(&service.title)
    );
    html += &format!(
        "<p>{}: <code>{}</code></p>",
        say("It may", "Podrá"),
        escape(&sound.scopes.to_string())
    );
    if let Some(error) = error {
        html += &format!("<p class=\"error\" role=\"alert\">{}</p>", escape(error));
    }
    html += "<form method=\"post\" action=\"/oauth/authorize\">";
    let optional = |value: &Option<String>| value.clone().unwrap_or_default();
    let hidden = [
        ("response_type", asked.response_type.clone()),
        ("client_id", asked.client_id.clone()),
        ("redirect_uri", asked.redirect_uri.clone()),
        ("scope", asked.scope.clone()),
        ("code_challenge", optional(&asked.code_challenge)),
        ("code_challenge_method", optional(&asked.code_challenge_method)),
        ("lang", language.pick("en", "es").to_owned()),
        ("proof", proof.to_owned()),
    ];
    let state = asked.state.clone().map(|state| ("state", state));
    for (name, value) in hidden.into_iter().chain(state) {
        html += &format!(
            "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
            escape(&value)
        );
    }
    html += &format!(
        "<label for=\"nick\">{}</label><input id=\"nick\" name=\"nick\" value=\"{}\" autocomplete=\"username\" \
         autocapitalize=\"none\" required autofocus>\
         <label for=\"password\">{}</label><input id=\"password\" name=\"password\" type=\"password\" \
         autocomplete=\"current-password\" required>\
         <button name=\"allow\" value=\"yes\">{}</button>\
         <button name=\"allow\" value=\"no\" formnovalidate>{}</button></form>",
        say("Nick", "Apodo"),
        escape(nick),
        say("Password", "Contraseña"),
        say("Let it in", "Dejarla entrar"),
        say("No", "No"),
    );
    html
}

/// The code, for a person to copy.
fn show(language: Language, code: &str) -> Response {
    let title = language.pick("Copy this code", "Copia este código").to_owned();
    let hint = language.pick(
        "Paste it into the application. It is good once, for ten minutes.",
        "Pégalo en la aplicación. Sirve una vez, diez minutos.",
    );
    let body = format!("<p>{}</p><p><code>{}</code></p>", escape(hint), escape(code));
    Page {
        status: StatusCode::OK,
        language,
        title,
        body,
        form_target: None,
    }
    .into_response()
}

fn broken(language: Language, why: &str) -> Response {
    let title = language
        .pick("This cannot go on", "Esto no puede seguir")
        .to_owned();
    let hint = language.pick(
        "Go back to the application and begin again.",
        "Vuelve a la aplicación y empieza de nuevo.",
    );
    let body = format!("<p class=\"error\">{}</p><p>{}</p>", escape(why), escape(hint));
    Page {
        status: StatusCode::BAD_REQUEST,
        language,
        title,
        body,
        form_target: None,
    }
    .into_response()
}

#[cfg(test)]
mod tests {
    use super::{Asked, target, tell};
    use axum::response::IntoResponse;

    #[test]
    fn the_policy_lets_the_answer_reach_the_application() {
        assert_eq!(target("https://app.example:8/back?x=1"), "https://app.example:8");
        assert_eq!(target("com.example.app://oauth"), "com.example.app:");
        assert_eq!(target("urn:ietf:wg:oauth:2.0:oob"), "urn:");
    }

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
        assert_eq!(to("app://back?q=1#top"), "app://back?q=1&code=x&state=a+b#top");
    }
}
