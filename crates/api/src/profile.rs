//! What the addresses of people, dweets and hashtags lead to in a browser: small pages of what everybody may read.
//!
//! They come inside the web app's document (`site`), which shows more to who is logged in; alone where the app was not built.
//!
//! Deliberately absent: anything for somebody who is logged in. That is what the apps, and the terminal, are for.

use crate::error::Error;
use crate::origin::Origin;
use crate::page::{Language, Page, escape};
use crate::render;
use crate::service::Service;
use crate::status::{Conversation, conversation, shown};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use std::sync::Arc;
use tertulia_state::account::Who;
use tertulia_state::dweet::Profile;
use tertulia_state::page::Page as Part;
use tertulia_state::tag::Tagged;
use tertulia_types::entity::Status;
use tertulia_types::view::{Content, DweetView};
use tertulia_types::{DweetId, Nick, Rejected, text};

pub(crate) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/@{nick}", get(person))
        .route("/@{nick}/{id}", get(dweet))
        .route("/tags/{hashtag}", get(tag))
        .route(
            "/users/{nick}",
            get(async |Path(nick): Path<String>| to(&[&nick])),
        )
        .route(
            "/users/{nick}/statuses/{id}",
            get(async |Path((nick, id)): Path<(String, String)>| to(&[&nick, &id])),
        )
}

/// From the name of a thing to its page. What is neither a nick nor an id does not get into an address.
fn to(parts: &[&str]) -> Response {
    if parts.iter().all(|part| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    }) {
        return Redirect::permanent(&format!("/@{}", parts.join("/"))).into_response();
    }
    Error::from(Rejected::NotFound).into_response()
}

/// Dweets on one page.
const DWEETS: u32 = 40;

async fn person(
    State(service): State<Arc<Service>>,
    (origin, language): (Origin, Language),
    Path(nick): Path<String>,
) -> Result<Response, Error> {
    let found = async {
        let nick: Nick = nick.parse().map_err(|_| Rejected::NotFound)?;
        let account = service.find(Who::Nick(nick)).await?;
        let profile = Profile {
            author: account.id,
            viewer: None,
            page: Part::newest(DWEETS),
            exclude_replies: false,
            exclude_redweets: false,
            tagged: None,
        };
        let dweets = service.query(profile).await?.shown;
        Ok((account, dweets))
    };
    let (account, dweets) = match found.await {
        Ok(found) => found,
        Err(Error::Rejected(Rejected::NotFound)) => return Ok(inside(&service, missing(language), "")),
        Err(error) => return Err(error),
    };
    let person = render::account(&origin, &account);
    let counts = format!(
        "{} {} · {} {} · {} {}",
        person.statuses_count,
        language.pick("dweets", "dweets"),
        person.followers_count,
        language.pick("followers", "seguidores"),
        person.following_count,
        language.pick("following", "siguiendo"),
    );
    let mut body = format!(
        "<p><small>@{} · {}</small></p>{}",
        escape(&person.acct),
        escape(&counts),
        person.note
    );
    body += &articles(&origin, &dweets);
    let title = person.display_name;
    let page = Page {
        status: StatusCode::OK,
        language,
        title,
        body,
        form_target: None,
    };
    Ok(inside(&service, page, &account.note))
}

async fn dweet(
    State(service): State<Arc<Service>>,
    (origin, language): (Origin, Language),
    Path((nick, id)): Path<(String, String)>,
) -> Result<Response, Error> {
    let found = async {
        let id: DweetId = id.parse().map_err(|_| Rejected::NotFound)?;
        let dweet = shown(&service, None, id).await?;
        if !dweet.author.nick.as_str().eq_ignore_ascii_case(&nick) {
            return Err(Error::from(Rejected::NotFound));
        }
        let Conversation {
            ancestors,
            descendants,
        } = conversation(&service, None, dweet.original()).await?;
        Ok([ancestors, vec![dweet], descendants].concat())
    };
    match found.await {
        Ok(thread) => {
            let body = articles(&origin, &thread);
            let title = format!("@{}", nick.to_ascii_lowercase());
            let summary = thread.iter().find(|dweet| dweet.id.to_string() == id);
            let page = Page {
                status: StatusCode::OK,
                language,
                title,
                body,
                form_target: None,
            };
            Ok(inside(&service, page, summary.map_or("", said)))
        }
        Err(Error::Rejected(Rejected::NotFound)) => Ok(inside(&service, missing(language), "")),
        Err(error) => Err(error),
    }
}

async fn tag(
    State(service): State<Arc<Service>>,
    (origin, language): (Origin, Language),
    Path(name): Path<String>,
) -> Result<Response, Error> {
    let Some(tag) = text::hashtag(&name) else {
        return Ok(inside(&service, missing(language), ""));
    };
    let dweets = service
        .query(Tagged {
            tag: tag.clone(),
            all: Vec::new(),
            none: Vec::new(),
            page: Part::newest(DWEETS),
        })
        .await?;
    let (title, body) = (format!("#{tag}"), articles(&origin, &dweets.shown));
    let page = Page {
        status: StatusCode::OK,
        language,
        title,
        body,
        form_target: None,
    };
    Ok(inside(&service, page, ""))
}

fn inside(service: &Service, page: Page, summary: &str) -> Response {
    service.site.filled(&service.entries(), page, summary)
}

/// A dweet for a preview: its warning instead of what it warns of.
fn said(dweet: &DweetView) -> &str {
    match &dweet.content {
        Content::Dweet(body) if body.spoiler.is_empty() => &body.text,
        Content::Dweet(body) => &body.spoiler,
        Content::Redweet(inner) => said(inner),
    }
}

fn articles(origin: &Origin, dweets: &[DweetView]) -> String {
    dweets
        .iter()
        .map(|dweet| article(&render::status(origin, dweet, None)))
        .collect()
}

fn article(status: &Status) -> String {
    let inner = status.reblog.as_deref().unwrap_or(status);
    let link = |nick: &str, url: &str| format!("<a href=\"{}\">@{}</a>", escape(url), escape(nick));
    let mut html = String::from("<article><p>");
    if status.reblog.is_some() {
        html += &format!("{} ↻ ", link(&status.account.acct, &status.account.url));
    }
    html += &link(&inner.account.acct, &inner.account.url);
    let (url, at) = (
        inner.url.as_deref().unwrap_or_default(),
        inner.created_at.to_string(),
    );
    html += &format!(
        " <small><a href=\"{}\"><time datetime=\"{at}\">{}</time></a></small></p>",
        escape(url),
        &at[..16].replace('T', " ")
    );
    if inner.spoiler_text.is_empty() {
        html += &inner.content;
    } else {
        html += &format!(
            "<details><summary>{}</summary>{}</details>",
            escape(&inner.spoiler_text),
            inner.content
        );
    }
    html + "</article>"
}

fn missing(language: Language) -> Page {
    let title = language.pick("Nothing here", "Aquí no hay nada").to_owned();
    let why = language.pick(
        "There is nothing at this address, or it is not for everybody.",
        "En esta dirección no hay nada, o no es para todos.",
    );
    let body = format!("<p>{}</p>", escape(why));
    Page {
        status: StatusCode::NOT_FOUND,
        language,
        title,
        body,
        form_target: None,
    }
}
