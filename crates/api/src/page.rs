//! The few pages of plain HTML: no script, one style sheet, two languages.
//!
//! **Invariant:** text goes into a page through [`escape`] alone, and the policy sent with each page forbids scripts,
//! frames and foreign content, should that ever be forgotten.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::convert::Infallible;

/// The style of all pages, served at `/style.css`.
pub(crate) const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8886;--accent:#b3261e}
*{box-sizing:border-box}
body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere}
header{border-bottom:1px solid var(--line);margin-bottom:1rem}
a{color:inherit;text-decoration-color:var(--accent)}
label{display:block;margin:.75rem 0 .25rem}
input{font:inherit;width:100%;padding:.5rem;border:1px solid var(--line);border-radius:.4rem;background:transparent;color:inherit}
button{font:inherit;margin:1rem .5rem 0 0;padding:.5rem 1.25rem;border:1px solid var(--line);border-radius:.4rem}
.error{border-left:.25rem solid var(--accent);padding-left:.75rem}
article{border-bottom:1px solid var(--line);padding:.5rem 0}
code{font-size:.9em}
small{opacity:.8}
";

/// The language in which a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// What is shown to who asks for neither.
    English,
    /// Spanish.
    Spanish,
}

impl Language {
    /// The one of the two that fits.
    pub(crate) fn pick<'text>(self, english: &'text str, spanish: &'text str) -> &'text str {
        match self {
            Self::English => english,
            Self::Spanish => spanish,
        }
    }

    /// The language of a code as `es-AR`, if we speak it.
    pub(crate) fn named(code: &str) -> Option<Self> {
        match code.trim().get(..2)?.to_ascii_lowercase().as_str() {
            "es" => Some(Self::Spanish),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// The first of our languages in an `Accept-Language` header (its order is nearly always its preference).
    pub(crate) fn accepted(header: &str) -> Self {
        let ours = header.split(',').find_map(Self::named);
        ours.unwrap_or(Self::English)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let header = parts
            .headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        Ok(Self::accepted(header.unwrap_or_default()))
    }
}

/// A whole page.
pub(crate) struct Page {
    /// 200, or what went wrong.
    pub(crate) status: StatusCode,
    /// In which language it is.
    pub(crate) language: Language,
    /// Its title, as text.
    pub(crate) title: String,
    /// What is in it, as HTML.
    pub(crate) body: String,
    /// Beside ourselves, where a form's answer may lead (an app's address), as a source of a content security policy.
    pub(crate) form_target: Option<String>,
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let title = escape(&self.title);
        let html = format!(
            "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <title>{title} · Tertulia</title><link rel=\"stylesheet\" href=\"/style.css\"></head>\
             <body><header><h1>{title}</h1></header><main>{}</main></body></html>",
            self.language.pick("en", "es"),
            self.body,
        );
        let target = self.form_target.filter(|target| {
            target
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b';' && byte != b',')
        });
        let policy = format!(
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
            target.unwrap_or_default()
        );
        let mut response = (self.status, html).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(policy) = HeaderValue::try_from(policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

/// Text as HTML, in an element or a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    escape_into(&mut html, text);
    html
}

/// Appends text as HTML.
pub(crate) fn escape_into(html: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Language, Page, escape};
    use axum::http::StatusCode;
    use axum::response::IntoResponse;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            escape("<b a=\"1\" c='2'>&amp;"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;"
        );
    }

    #[test]
    fn the_first_language_we_speak_is_taken() {
        assert_eq!(Language::accepted("es-AR,es;q=0.9,en;q=0.8"), Language::Spanish);
        assert_eq!(Language::accepted("fr, en-GB;q=0.5, es;q=0.1"), Language::English);
        assert_eq!(Language::accepted("日本"), Language::English);
        assert_eq!(Language::accepted(""), Language::English);
    }

    #[test]
    fn a_page_allows_no_script_and_no_injected_policy() {
        let page = |target: &str| Page {
            status: StatusCode::OK,
            language: Language::English,
            title: "<x>".to_owned(),
            body: String::new(),
            form_target: Some(target.to_owned()),
        };
        let policy = |target| {
            page(target).into_response().headers()["content-security-policy"]
                .to_str()
                .expect("text")
                .to_owned()
        };
        assert!(policy("https://app.example").contains("form-action 'self' https://app.example;"));
        assert!(!policy("https://app.example; script-src *").contains("script-src"));
    }
}
