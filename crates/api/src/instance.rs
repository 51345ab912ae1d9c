//! The service about itself: what apps read before anything else.
//!
//! **Invariant:** the version begins as Mastodon's does, for apps look for features by it (W9 in docs/apps.md), and 225 is announced
//! wherever some app looks (docs/apps.md).

use crate::community::rules_of;
use crate::error::Error;
use crate::origin::Origin;
use crate::page::escape;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Value, json};
use std::sync::Arc;
use tertulia_types::community::{Registration, Settlement};
use tertulia_types::entity::{
    AccountLimits, ApiVersions, Contact, EmptyList, Instance, InstanceUrls, InstanceV1, InstanceV1Urls,
    Limits, LimitsV1, MediaLimits, PollLimits, Registrations, Stats, StatusLimits, Thumbnail, Translation,
    Usage, UsageUsers, Vapid,
};
use tertulia_types::text::{DWEET_CHARACTERS_MAX, URL_CHARACTERS};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What this program is.
const VERSION: &str = concat!("4.2.0 (compatible; Tertulia ", env!("CARGO_PKG_VERSION"), ")");
const DESCRIPTION: &str = "A microblog on machines of its own people.";
/// What newcomers are told who cannot register.
const BY_INVITATION: &str = "Registering here needs an invitation: ask somebody who is here for one.";
const CLOSED: &str = "Nobody can register here at the moment.";
const LANGUAGES: [&str; 2] = ["en", "es"];

const STATUSES: StatusLimits = StatusLimits {
    max_characters: DWEET_CHARACTERS_MAX,
    max_media_attachments: 0,
    characters_reserved_per_url: URL_CHARACTERS,
};
const ACCOUNTS: AccountLimits = AccountLimits {
    max_featured_tags: 0,
    max_pinned_statuses: 0,
};
const POLLS: PollLimits = PollLimits {
    max_options: 0,
    max_characters_per_option: 0,
    min_expiration: 0,
    max_expiration: 0,
};

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(version_1))
        .routes(routes!(version_2))
        .routes(routes!(nodeinfo_links))
        .routes(routes!(nodeinfo))
        .routes(routes!(host_meta))
}

/// What the community says of itself; what the program says, until it has.
fn described(settlement: &Settlement) -> String {
    match settlement.description.as_str() {
        "" => DESCRIPTION.to_owned(),
        description => description.to_owned(),
    }
}

/// The service, as older apps ask for it.
#[utoipa::path(get, path = "/api/v1/instance", tag = "instance", responses((status = 200, body = InstanceV1)))]
async fn version_1(State(service): State<Arc<Service>>, origin: Origin) -> Result<Json<InstanceV1>, Error> {
    let size = service.size().await?;
    let settlement = service.settlement().await?;
    let description = described(&settlement);
    Ok(Json(InstanceV1 {
        uri: origin.host().to_owned(),
        title: service.title.clone(),
        short_description: description.clone(),
        description,
        email: String::new(),
        version: VERSION.to_owned(),
        urls: InstanceV1Urls {
            streaming_api: origin.streaming(),
        },
        stats: Stats {
            user_count: size.accounts,
            status_count: size.dweets,
            domain_count: 1,
        },
        thumbnail: Some(format!("{origin}/pictures/header.png")),
        languages: LANGUAGES.map(str::to_owned).into(),
        registrations: settlement.registration == Registration::Open,
        approval_required: false,
        invites_enabled: settlement.members_may_invite,
        configuration: LimitsV1 {
            accounts: ACCOUNTS,
            statuses: STATUSES,
            media_attachments: MediaLimits::default(),
            polls: POLLS,
        },
        max_toot_chars: DWEET_CHARACTERS_MAX,
        contact_account: None,
        rules: rules_of(&settlement),
    }))
}

/// The service.
#[utoipa::path(get, path = "/api/v2/instance", tag = "instance", responses((status = 200, body = Instance)))]
async fn version_2(State(service): State<Arc<Service>>, origin: Origin) -> Result<Json<Instance>, Error> {
    let size = service.size().await?;
    let settlement = service.settlement().await?;
    Ok(Json(Instance {
        domain: origin.host().to_owned(),
        title: service.title.clone(),
        version: VERSION.to_owned(),
        source_url: format!("{origin}/"),
        description: described(&settlement),
        usage: Usage {
            users: UsageUsers {
                active_month: size.active,
            },
        },
        thumbnail: Thumbnail {
            url: format!("{origin}/pictures/header.png"),
        },
        icon: EmptyList,
        languages: LANGUAGES.map(str::to_owned).into(),
        configuration: Limits {
            urls: InstanceUrls {
                streaming: origin.streaming(),
            },
            vapid: Vapid {
                public_key: String::new(),
            },
            accounts: ACCOUNTS,
            statuses: STATUSES,
            media_attachments: MediaLimits::default(),
            polls: POLLS,
            translation: Translation { enabled: false },
        },
        registrations: Registrations {
            enabled: settlement.registration == Registration::Open,
            approval_required: false,
            message: match settlement.registration {
                Registration::Open => None,
                Registration::Invitation => Some(BY_INVITATION.to_owned()),
                Registration::Closed => Some(CLOSED.to_owned()),
            },
        },
        contact: Contact {
            email: String::new(),
            account: None,
        },
        rules: rules_of(&settlement),
        api_versions: ApiVersions { mastodon: 1 },
    }))
}

/// Where the description of this node is.
#[utoipa::path(get, path = "/.well-known/nodeinfo", tag = "instance", responses((status = 200, body = Object)))]
async fn nodeinfo_links(origin: Origin) -> Json<Value> {
    let rel = "http://nodeinfo.diaspora.software/ns/schema/2.0";
    Json(json!({ "links": [{ "rel": rel, "href": format!("{origin}/nodeinfo/2.0") }] }))
}

/// The description of this node, for programs that compare services.
#[utoipa::path(get, path = "/nodeinfo/2.0", tag = "instance", responses((status = 200, body = Object)))]
async fn nodeinfo(State(service): State<Arc<Service>>) -> Result<Json<Value>, Error> {
    let size = service.size().await?;
    let is_open = service.settlement().await?.registration == Registration::Open;
    Ok(Json(json!({
        "version": "2.0",
        "software": { "name": "tertulia", "version": env!("CARGO_PKG_VERSION") },
        "protocols": [],
        "services": { "inbound": [], "outbound": [] },
        "usage": { "users": { "total": size.accounts, "activeMonth": size.active }, "localPosts": size.dweets },
        "openRegistrations": is_open,
        "metadata": { "nodeName": service.title },
    })))
}

/// Where addresses of this host are described: nowhere but here.
#[utoipa::path(get, path = "/.well-known/host-meta", tag = "instance", responses((status = 200, description = "XRD", body = String)))]
async fn host_meta(origin: Origin) -> impl IntoResponse {
    let template = escape(&format!("{origin}/.well-known/webfinger?resource={{uri}}"));
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<XRD xmlns=\"http://docs.oasis-open.org/ns/xri/xrd-1.0\">\
         <Link rel=\"lrdd\" template=\"{template}\"/></XRD>\n"
    );
    (
        [(header::CONTENT_TYPE, "application/xrd+xml; charset=utf-8")],
        xml,
    )
}
