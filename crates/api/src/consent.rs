//! What a person reads when an application asks to be let in: who it is, what it may do, as whom, and where they go next.

use crate::error::Error;
use crate::oauth::OUT_OF_BAND;
use crate::page::{Language, Page, escape};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tertulia_state::oauth::App;
use tertulia_types::{Rejected, Scopes};

/// What an application asks for; the form sends it again.
#[derive(Debug, Default, Clone, Deserialize, Serialize, utoipa::IntoParams, utoipa::ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct Asked {
    /// `code`.
    pub(crate) response_type: String,
    /// The application.
    pub(crate) client_id: String,
    /// Where the code goes: an address that it registered.
    pub(crate) redirect_uri: String,
    /// Separated by spaces; `read` if not said.
    pub(crate) scope: String,
    /// Comes back with the code.
    pub(crate) state: Option<String>,
    /// For PKCE.
    pub(crate) code_challenge: Option<String>,
    /// `S256`.
    pub(crate) code_challenge_method: Option<String>,
    /// In which language to ask: `en` or `es`.
    pub(crate) lang: Option<String>,
    /// Taken and not needed: nobody is logged in here.
    pub(crate) force_login: Option<String>,
}

/// The page with the form.
pub(crate) struct Consent<'a> {
    /// Who asks.
    pub(crate) app: &'a App,
    /// For what.
    pub(crate) scopes: Scopes,
    /// As it asked: the form carries it on.
    pub(crate) asked: &'a Asked,
    /// By which name the person reached us.
    pub(crate) host: &'a str,
    /// In which language.
    pub(crate) language: Language,
    /// What was typed last time.
    pub(crate) nick: &'a str,
    /// What was wrong with it.
    pub(crate) error: Option<(StatusCode, String)>,
}

impl Consent<'_> {
    /// The page; `proof` goes into its form.
    pub(crate) fn page(&self, proof: &str) -> Page {
        let language = self.language;
        let (status, mut body) = match &self.error {
            None => (StatusCode::OK, String::new()),
            Some((status, words)) => (
                *status,
                format!("<p class=\"error\" role=\"alert\">{}</p>", escape(words)),
            ),
        };
        body += &self.request();
        body += &self.form(proof);
        body += &format!("<p><small>{}</small></p>", self.destination());
        let title = language.pick("Let an application in", "Dejar entrar a una aplicación");
        Page {
            status,
            language,
            title: title.to_owned(),
            body,
            form_target: Some(target(&self.asked.redirect_uri)),
        }
    }

    fn request(&self) -> String {
        let language = self.language;
        let website = self.app.website.as_ref();
        let website = website.map_or_else(String::new, |website| format!(" ({})", escape(website)));
        let wants = language.pick("wants to use your account on", "quiere usar tu cuenta en");
        let then = language.pick("If you let it in, it may:", "Si la dejas entrar, podrá:");
        let never = language.pick(
            "It can never change your password or close your account, and you can end its session whenever you like.",
            "Nunca podrá cambiar tu contraseña ni cerrar tu cuenta, y puedes cerrar su sesión cuando quieras.",
        );
        format!(
            "<p><strong>{}</strong>{website} {wants} <strong>{}</strong>. {then}</p>{}<p>{never}</p>",
            escape(&self.app.name),
            escape(self.host),
            permissions(self.scopes, language),
        )
    }

    fn form(&self, proof: &str) -> String {
        let (asked, language) = (self.asked, self.language);
        let hidden = [
            ("response_type", Some(asked.response_type.as_str())),
            ("client_id", Some(&asked.client_id)),
            ("redirect_uri", Some(&asked.redirect_uri)),
            ("scope", Some(&asked.scope)),
            ("state", asked.state.as_deref()),
            ("code_challenge", asked.code_challenge.as_deref()),
            ("code_challenge_method", asked.code_challenge_method.as_deref()),
            ("lang", Some(language.pick("en", "es"))),
            ("proof", Some(proof)),
        ];
        let mut html = "<form method=\"post\" action=\"/oauth/authorize\">".to_owned();
        for (name, value) in hidden {
            if let Some(value) = value {
                let value = escape(value);
                html += &format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
            }
        }
        html += &format!(
            "<label for=\"nick\">{}</label><input id=\"nick\" name=\"nick\" type=\"text\" value=\"{}\" \
             autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" required autofocus>\
             <label for=\"password\">{}</label><input id=\"password\" name=\"password\" type=\"password\" \
             autocomplete=\"current-password\" required>\
             <button name=\"allow\" value=\"yes\">{}</button>\
             <button name=\"allow\" value=\"no\" formnovalidate>{}</button></form>",
            language.pick(
                "Your nick: the application will act as this account",
                "Tu nick: la aplicación actuará con esta cuenta",
            ),
            escape(self.nick),
            language.pick("Your password", "Tu contraseña"),
            language.pick("Let it in", "Dejarla entrar"),
            language.pick("Refuse", "Rechazar"),
        );
        html
    }

    /// Where the person goes next, so that a stranger's address is seen.
    fn destination(&self) -> String {
        let (uri, language) = (&self.asked.redirect_uri, self.language);
        if uri == OUT_OF_BAND {
            let code = language.pick("You will see a code to copy.", "Verás un código para copiar.");
            return code.to_owned();
        }
        let leads = language.pick("Both buttons lead to", "Los dos botones llevan a");
        format!("{leads} <code>{}</code>", escape(&target(uri)))
    }
}

/// Where the form's answer may lead: the application's host, or its scheme.
fn target(redirect_uri: &str) -> String {
    let (scheme, rest) = redirect_uri.split_once(':').unwrap_or((redirect_uri, ""));
    let authority = rest
        .strip_prefix("//")
        .map(|rest| rest.split(['/', '?', '#', '\\']).next().unwrap_or_default());
    match (scheme.to_ascii_lowercase().as_str(), authority) {
        (scheme @ ("http" | "https"), Some(authority)) => {
            // What stands before an @ is no host, though it may look like one.
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}")
        }
        (scheme, _) => format!("{scheme}:"),
    }
}

/// What each scope means to a person, in English and Spanish. What this service has nothing of (lists, filters, pictures)
/// is not said.
const MEANINGS: &[(Scopes, &str, &str)] = &[
    (
        Scopes::READ_STATUSES,
        "read your timelines and dweets, also those for followers only",
        "leer tus líneas de tiempo y tus dweets, también los que son solo para seguidores",
    ),
    (
        Scopes::WRITE_STATUSES,
        "write, redweet, change and delete dweets in your name",
        "escribir, redweetear, cambiar y borrar dweets en tu nombre",
    ),
    (Scopes::READ_ACCOUNTS, "see your profile", "ver tu perfil"),
    (Scopes::WRITE_ACCOUNTS, "change your profile", "cambiar tu perfil"),
    (
        Scopes::READ_NOTIFICATIONS,
        "read your notifications",
        "leer tus notificaciones",
    ),
    (
        Scopes::WRITE_NOTIFICATIONS,
        "clear your notifications",
        "borrar tus notificaciones",
    ),
    (Scopes::READ_FOLLOWS, "see whom you follow", "ver a quién sigues"),
    (
        Scopes::WRITE_FOLLOWS,
        "follow and unfollow people for you",
        "seguir y dejar de seguir a gente por ti",
    ),
    (
        Scopes::READ_FAVOURITES,
        "see your favourites",
        "ver tus favoritos",
    ),
    (
        Scopes::WRITE_FAVOURITES,
        "add and remove favourites",
        "añadir y quitar favoritos",
    ),
    (Scopes::READ_BOOKMARKS, "see your bookmarks", "ver tus marcadores"),
    (
        Scopes::WRITE_BOOKMARKS,
        "add and remove bookmarks",
        "añadir y quitar marcadores",
    ),
    (
        Scopes::READ_BLOCKS.with(Scopes::READ_MUTES),
        "see whom you block and mute",
        "ver a quién bloqueas y silencias",
    ),
    (
        Scopes::WRITE_BLOCKS.with(Scopes::WRITE_MUTES),
        "block and mute people for you",
        "bloquear y silenciar a gente por ti",
    ),
    (Scopes::READ_SEARCH, "search in your name", "buscar en tu nombre"),
    (
        Scopes::READ_MESSAGES,
        "fetch your encrypted messages",
        "recoger tus mensajes cifrados",
    ),
    (
        Scopes::WRITE_MESSAGES,
        "send encrypted messages in your name, and remove those that wait for you",
        "enviar mensajes cifrados en tu nombre y quitar los que te esperan",
    ),
    (Scopes::PROFILE, "see who you are", "ver quién eres"),
];

fn permissions(scopes: Scopes, language: Language) -> String {
    let meant = MEANINGS
        .iter()
        .filter(|(meant, ..)| meant.bits() & scopes.bits() != 0);
    let lines = meant.map(|(_, english, spanish)| format!("<li>{}</li>", language.pick(english, spanish)));
    let lines: String = lines.collect();
    if lines.is_empty() {
        let nothing = language.pick(
            "know that you have an account here, and no more",
            "saber que tienes una cuenta aquí, y nada más",
        );
        return format!("<ul><li>{nothing}</li></ul>");
    }
    format!("<ul>{lines}</ul>")
}

/// What to tell the person whose consent did not come about.
pub(crate) fn failure(error: &Error, language: Language) -> (StatusCode, String) {
    if let Error::Rejected(Rejected::WrongPassword) = error {
        let words = language.pick(
            "Wrong nick or password. Try again.",
            "Nick o contraseña incorrectos. Prueba otra vez.",
        );
        return (StatusCode::FORBIDDEN, words.to_owned());
    }
    if let Error::TooMany(wait) = error {
        let seconds = wait.as_secs().max(1);
        let words = match language {
            Language::English => format!("Too many attempts. Try again in {seconds} s."),
            Language::Spanish => format!("Demasiados intentos. Prueba de nuevo en {seconds} s."),
        };
        return (StatusCode::TOO_MANY_REQUESTS, words);
    }
    tracing::warn!(%error, "a consent did not come about");
    let words = language.pick(
        "The ring cannot answer right now, and nothing was allowed. Try again in a moment.",
        "El anillo no puede responder ahora y no se permitió nada. Prueba de nuevo en un momento.",
    );
    (StatusCode::SERVICE_UNAVAILABLE, words.to_owned())
}

/// A form that cannot be trusted.
pub(crate) fn stale(language: Language) -> (StatusCode, String) {
    let words = language.pick(
        "The form was not ours, or too old. Try again.",
        "El formulario no era nuestro o es viejo. Prueba otra vez.",
    );
    (StatusCode::FORBIDDEN, words.to_owned())
}

/// The code, for a person to copy.
pub(crate) fn code(language: Language, app: &App, code: &str) -> Page {
    let title = language.pick("Copy this code", "Copia este código");
    let paste = language.pick("Paste it into", "Pégalo en");
    let good = language.pick(
        "It is good once, for ten minutes.",
        "Sirve una vez, diez minutos.",
    );
    let (app, code) = (escape(&app.name), escape(code));
    let body = format!("<p>{paste} <strong>{app}</strong>. {good}</p><p><code>{code}</code></p>");
    plain(StatusCode::OK, language, title, body)
}

/// That the application stays outside.
pub(crate) fn refusal(language: Language, app: &App) -> Page {
    let title = language.pick("Refused", "Rechazado");
    let outside = language.pick(
        "stays outside. You may close this page.",
        "se queda fuera. Puedes cerrar esta página.",
    );
    let body = format!("<p><strong>{}</strong> {outside}</p>", escape(&app.name));
    plain(StatusCode::OK, language, title, body)
}

/// That nobody can be asked, and why.
pub(crate) fn hindrance(status: StatusCode, language: Language, why: &str) -> Page {
    let title = language.pick("This cannot go on", "Esto no puede seguir");
    let again = language.pick(
        "Go back to the application and begin again.",
        "Vuelve a la aplicación y empieza de nuevo.",
    );
    let body = format!("<p class=\"error\">{}</p><p>{again}</p>", escape(why));
    plain(status, language, title, body)
}

fn plain(status: StatusCode, language: Language, title: &str, body: String) -> Page {
    Page {
        status,
        language,
        title: title.to_owned(),
        body,
        form_target: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{permissions, target};
    use crate::page::Language;
    use tertulia_types::Scopes;

    #[test]
    fn the_policy_lets_the_answer_reach_the_application() {
        assert_eq!(target("https://app.example:8/back?x=1"), "https://app.example:8");
        assert_eq!(target("http://[::1]:3000/"), "http://[::1]:3000");
        assert_eq!(target("com.example.app://oauth"), "com.example.app:");
        assert_eq!(target("urn:ietf:wg:oauth:2.0:oob"), "urn:");
    }

    #[test]
    fn an_address_dressed_up_as_another_is_shown_as_what_it_is() {
        assert_eq!(
            target("https://bank.example@evil.example/x"),
            "https://evil.example"
        );
        assert_eq!(
            target("HTTPS://evil.example\\@bank.example/"),
            "https://evil.example"
        );
    }

    #[test]
    fn what_an_application_may_do_is_said_in_words() {
        let scopes = Scopes::parse("read:accounts write:blocks").expect("known");
        let words = permissions(scopes, Language::English);
        assert_eq!(
            words,
            "<ul><li>see your profile</li><li>block and mute people for you</li></ul>"
        );
        assert!(permissions(scopes, Language::Spanish).contains("<li>ver tu perfil</li>"));
        assert!(permissions(Scopes::NONE, Language::English).contains("no more"));
        let all = permissions(Scopes::EVERYTHING, Language::Spanish);
        assert_eq!(all.matches("<li>").count(), super::MEANINGS.len());
    }
}
