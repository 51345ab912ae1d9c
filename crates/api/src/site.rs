//! The web app: its files, which whoever composes the machine hands over, and the addresses that lead to it.
//!
//! One document serves all of the app's addresses. At those that everybody may read (people, dweets, hashtags) it comes
//! filled with the plain page, so that programs that run no script (previews of links, text browsers) find the same there
//! as people do; the app takes its place when it starts.
//!
//! **Invariant:** the document's policy lets it run its own scripts and nothing else, and talk to this machine and to the
//! ring's other entry machines and nobody else.
//! **Invariant:** what a name with a hash in it stands for never changes; everything else is asked for each time.

use crate::page::{Page, escape};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tertulia_types::entity::Entries;

/// A file of the app.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Where it is: `/index.html`.
    pub path: &'static str,
    /// What it is.
    pub media_type: &'static str,
    /// Its bytes.
    pub plain: &'static [u8],
    /// The same by gzip.
    pub gzip: Option<&'static [u8]>,
    /// The same by Brotli.
    pub brotli: Option<&'static [u8]>,
}

/// The document for all of the app's addresses.
const DOCUMENT: &str = "/index.html";
/// The service worker: it has a policy of its own, and fetches the page from the machine that it came from.
const WORKER: &str = "/sw.js";
const WORKER_POLICY: &str = "default-src 'none'; connect-src 'self'";
/// Below it names have a hash of the content in them.
const HASHED: &str = "/assets/";
/// Where programs ask: there an answer is never the app.
const FOR_PROGRAMS: [&str; 4] = ["/api/", "/oauth/", "/.well-known/", "/assets/"];
/// What the document has for the plain page: the build keeps them, and a test of the app looks for them.
const TITLE: &str = "<title>Tertulia</title>";
const LANGUAGE: &str = "<html lang=\"en\"";
const CONTENT: &str = "<div id=\"app\"></div>";

/// All files of the app, or none.
pub(crate) struct Site {
    files: BTreeMap<&'static str, (Asset, String)>,
}

impl Site {
    pub(crate) fn new(assets: &[Asset]) -> Self {
        let named = |asset: &Asset| {
            let hash = Sha256::digest(asset.plain);
            let tag = hash[..12].iter().fold(String::new(), |mut tag, byte| {
                let _ = write!(tag, "{byte:02x}");
                tag
            });
            (asset.path, (*asset, tag))
        };
        Self {
            files: assets.iter().map(named).collect(),
        }
    }

    /// What there is at an address: a file of the app, or the app itself where only it understands the address.
    pub(crate) fn at(&self, path: &str, entries: &Entries, asked: &HeaderMap) -> Option<Response> {
        let is_for_programs = FOR_PROGRAMS.iter().any(|start| path.starts_with(start));
        let document = || {
            let is_shown = !is_for_programs && has(asked, header::ACCEPT, "text/html");
            is_shown.then(|| self.document(entries, asked))?
        };
        self.file(path, asked).or_else(document)
    }

    /// The app at an address of its own; none where it was not built.
    pub(crate) fn document(&self, entries: &Entries, asked: &HeaderMap) -> Option<Response> {
        let (asset, hash) = self.files.get(DOCUMENT)?;
        // The policy names the entry machines: with another list it is another answer.
        let tag = format!("W/\"{hash}-{:x}\"", entries.version);
        let mut response = answer(asset, &tag, "no-cache", asked);
        confine(response.headers_mut(), entries);
        Some(response)
    }

    /// The plain page inside the app's document; the plain page alone where there is no app.
    pub(crate) fn filled(&self, entries: &Entries, page: Page, summary: &str) -> Response {
        let document = self
            .files
            .get(DOCUMENT)
            .and_then(|(asset, _)| std::str::from_utf8(asset.plain).ok());
        let Some(document) = document else {
            return page.into_response();
        };
        let (title, summary) = (escape(&page.title), escape(summary));
        let head = format!(
            "<title>{title} · Tertulia</title><meta name=\"description\" content=\"{summary}\">\
             <meta property=\"og:title\" content=\"{title}\"><meta property=\"og:description\" content=\"{summary}\">\
             <meta property=\"og:site_name\" content=\"Tertulia\">"
        );
        let html = document
            .replacen(
                LANGUAGE,
                &format!("<html lang=\"{}\"", page.language.pick("en", "es")),
                1,
            )
            .replacen(TITLE, &head, 1)
            .replacen(
                CONTENT,
                &format!(
                    "<div id=\"app\"><main class=\"plain\"><h1>{title}</h1>{}</main></div>",
                    page.body
                ),
                1,
            );
        let mut response = (page.status, html).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
        confine(headers, entries);
        response
    }

    fn file(&self, path: &str, asked: &HeaderMap) -> Option<Response> {
        let (asset, hash) = self.files.get(path).filter(|_| path != DOCUMENT)?;
        let freshness = if path.starts_with(HASHED) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let mut response = answer(asset, &format!("W/\"{hash}\""), freshness, asked);
        if path == WORKER {
            response.headers_mut().insert(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(WORKER_POLICY),
            );
        }
        Some(response)
    }
}

fn answer(asset: &Asset, tag: &str, freshness: &'static str, asked: &HeaderMap) -> Response {
    let accepts = |name| has(asked, header::ACCEPT_ENCODING, name);
    let brotli = asset.brotli.filter(|_| accepts("br")).map(|bytes| (bytes, "br"));
    let packed = brotli.or_else(|| {
        asset
            .gzip
            .filter(|_| accepts("gzip"))
            .map(|bytes| (bytes, "gzip"))
    });
    let mut response = if has(asked, header::IF_NONE_MATCH, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = packed.map_or(asset.plain, |(bytes, _)| bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
        if let Some((_, name)) = packed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(freshness));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Whether a header's list has an item, and not with the weight of nothing.
fn has(headers: &HeaderMap, name: header::HeaderName, item: &str) -> bool {
    let lists = headers.get_all(name);
    lists
        .iter()
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(|part| part.split_once(';').unwrap_or((part, "")))
        .any(|(part, weight)| {
            let is_refused = weight
                .trim()
                .strip_prefix("q=")
                .and_then(|weight| weight.parse::<f32>().ok())
                .is_some_and(|weight| weight <= 0.0);
            part.trim() == item && !is_refused
        })
}

/// What the document may do in a browser.
fn confine(headers: &mut HeaderMap, entries: &Entries) {
    let mut reached = String::new();
    for url in entries.machines.iter().flat_map(|machine| &machine.urls) {
        // An address by number of the sixth version cannot be named in a policy.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:/-_".contains(&byte);
        if let Some(rest) = url.strip_prefix("http").filter(|_| url.bytes().all(is_plain)) {
            let _ = write!(reached, " {url} ws{rest}");
        }
    }
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; manifest-src 'self'; \
         worker-src 'self'; connect-src 'self'{reached}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

#[cfg(test)]
mod tests {
    use crate::fixture;
    use axum::body::Body;
    use axum::http::{HeaderMap, Request, StatusCode};
    use std::sync::Arc;
    use tertulia_types::MachineId;
    use tertulia_types::entity::Entries;

    const PAGE: &[(&str, &str)] = &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];

    async fn get(
        app: &fixture::App,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (StatusCode, HeaderMap, String) {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        app.send(request.body(Body::empty()).expect("a request")).await
    }

    #[tokio::test]
    async fn all_addresses_of_the_app_lead_to_one_document_and_those_of_programs_do_not() {
        let app = fixture::app_with_page().await;
        for path in ["/", "/home", "/chats/abc", "/nonsense"] {
            let (status, headers, body) = get(&app, path, PAGE).await;
            assert_eq!(
                (status, &headers["cache-control"]),
                (StatusCode::OK, &"no-cache".parse().expect("a value")),
                "{path}"
            );
            assert!(body.contains("<div id=\"app\"></div>"), "{path}: {body}");
            let again = [
                PAGE[0],
                ("if-none-match", headers["etag"].to_str().expect("text")),
            ];
            assert_eq!(
                get(&app, path, &again).await.0,
                StatusCode::NOT_MODIFIED,
                "{path}"
            );
        }
        for path in ["/api/v1/nonsense", "/oauth/nonsense", "/assets/gone.js"] {
            let (status, _, body) = get(&app, path, PAGE).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert!(body.contains("no_such_path"), "{path}: {body}");
        }
        let (status, _, _) = get(&app, "/nonsense", &[("accept", "application/json")]).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn files_with_a_hash_are_kept_for_ever_and_come_packed_to_who_can_unpack() {
        let app = fixture::app_with_page().await;
        let path = "/assets/app-1a2b.js";
        for (accepted, expected) in [
            ("gzip, deflate, br", Some("br")),
            ("gzip", Some("gzip")),
            ("br;q=0, gzip;q=0.5", Some("gzip")),
            ("identity", None),
        ] {
            let (status, headers, body) = get(&app, path, &[("accept-encoding", accepted)]).await;
            assert_eq!(status, StatusCode::OK);
            let encoding = headers
                .get("content-encoding")
                .map(|value| value.to_str().expect("text"));
            assert_eq!(encoding, expected, "{accepted}");
            assert_eq!(body, expected.unwrap_or("script"));
            assert_eq!(headers["vary"], "accept-encoding");
            assert_eq!(headers["content-type"], "text/javascript; charset=utf-8");
            assert_eq!(headers["x-content-type-options"], "nosniff");
            let kept = headers["cache-control"].to_str().expect("text");
            assert!(
                kept.contains("immutable") && kept.contains("max-age=31536000"),
                "{kept}"
            );
        }
    }

    #[tokio::test]
    async fn the_policy_lets_the_document_reach_the_entry_machines_and_nobody_else() {
        let app = fixture::app_with_page().await;
        let machine = |id, url: &str| (MachineId(id), vec![url.to_owned()]);
        let tag_of = async || get(&app, "/", PAGE).await.1["etag"].clone();
        let before = tag_of().await;
        app.entries.send_replace(Arc::new(Entries::new(
            7,
            None,
            MachineId(1),
            [
                machine(1, "https://plaza.example:8443"),
                machine(2, "http://10.0.0.2:8787"),
                machine(3, "https://evil.example; script-src *"),
            ],
        )));
        let (_, headers, _) = get(&app, "/home", PAGE).await;
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
            "{policy}"
        );
        let reached = "connect-src 'self' https://plaza.example:8443 wss://plaza.example:8443 http://10.0.0.2:8787 ws://10.0.0.2:8787;";
        assert!(policy.contains(reached), "{policy}");
        assert!(!policy.contains("evil") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_ne!(before, tag_of().await, "another policy is another answer");
    }

    #[tokio::test]
    async fn the_service_worker_may_fetch_the_page_and_is_never_old() {
        let app = fixture::app_with_page().await;
        let (status, headers, _) = get(&app, "/sw.js", &[]).await;
        assert_eq!(
            (status, &headers["cache-control"]),
            (StatusCode::OK, &"no-cache".parse().expect("a value"))
        );
        assert_eq!(headers["content-security-policy"], super::WORKER_POLICY);
    }

    #[tokio::test]
    async fn addresses_of_dweets_say_without_a_script_what_the_app_shows() {
        let app = fixture::app_with_page().await;
        let token = app.register("ana").await;
        let (_, dweet) = app
            .post(
                "/api/v1/statuses",
                &token,
                serde_json::json!({"status": "hola <b>a \"todos\" #plaza"}),
            )
            .await;
        let id = dweet["id"].as_str().expect("an id");
        let is_there = |found: &serde_json::Value| found.as_array().is_some_and(|found| !found.is_empty());
        app.until("/api/v1/timelines/tag/plaza", &token, is_there).await;
        for path in [
            "/@ana".to_owned(),
            format!("/@ana/{id}"),
            "/tags/plaza".to_owned(),
        ] {
            let spanish = [PAGE[0], ("accept-language", "es")];
            let (status, headers, body) = get(&app, &path, &spanish).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            assert!(
                body.contains("<html lang=\"es\">") && body.contains("/assets/app-1a2b.js"),
                "{path}: {body}"
            );
            assert!(
                body.contains("hola &lt;b&gt;a") && !body.contains("<b>a"),
                "{path}: {body}"
            );
            assert!(
                body.contains("og:title") && headers.contains_key("content-security-policy"),
                "{path}"
            );
        }
        let (_, _, body) = get(&app, &format!("/@ana/{id}"), PAGE).await;
        assert!(
            body.contains("og:description\" content=\"hola &lt;b&gt;a &quot;todos&quot; #plaza\""),
            "{body}"
        );
        let (status, _, body) = get(&app, "/@nobody", PAGE).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(
            body.contains("/assets/app-1a2b.js"),
            "somebody who is logged in may see more: {body}"
        );
    }
}
