//! Reports: what people tell moderators, in Mastodon's words, and how these read and settle it.

use crate::caller::{At, Caller, Once, Paging};
use crate::error::Error;
use crate::input::Input;
use crate::link::links;
use crate::moderation::named;
use crate::origin::Origin;
use crate::render::{self, moment};
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tertulia_state::account::{Own, Who};
use tertulia_state::report::{FileReport, FindReport, Reports};
use tertulia_types::entity::{Decision, Report, Resolution};
use tertulia_types::moderation::{self, Measure, Person, Role};
use tertulia_types::{AccountId, DweetId, NotificationId, Rejected, Scopes, text};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Mastodon's kinds.
const CATEGORIES: [&str; 4] = ["spam", "violation", "legal", "other"];
/// As Mastodon allows.
const COMMENT_CHARACTERS_MAX: usize = 1_000;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(file))
        .routes(routes!(reports))
        .routes(routes!(resolve))
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct Filing {
    /// Whom it is about.
    account_id: String,
    /// Which of their dweets, at most 20.
    status_ids: Vec<String>,
    /// Up to 1 000 characters.
    comment: String,
    /// `spam`, `violation`, `legal` or `other`.
    category: Option<String>,
}

/// Tells the moderators of somebody. At most 20 a day.
#[utoipa::path(post, path = "/api/v1/reports", tag = "reports", request_body = Filing, responses((status = 200, body = Object)))]
async fn file(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    origin: Origin,
    once: Once,
    Input(filing): Input<Filing>,
) -> Result<Json<Value>, Error> {
    let about: AccountId = filing.account_id.parse().map_err(|_| Rejected::NotFound)?;
    let about = service.find(Who::Id(about)).await?;
    let dweet = |id: &String| id.parse::<DweetId>().map_err(|_| Rejected::NotFound);
    let dweets: Vec<DweetId> = filing.status_ids.iter().map(dweet).collect::<Result<_, _>>()?;
    // A dweet's number names its author's slot: what cannot be theirs is a mistake.
    if dweets.iter().any(|dweet| dweet.slot() != about.id.slot()) {
        return Err(Error::Invalid("these are not that person's dweets".to_owned()));
    }
    let comment = filing.comment.trim();
    if comment.chars().count() > COMMENT_CHARACTERS_MAX {
        let said = format!("the comment is longer than {COMMENT_CHARACTERS_MAX} characters");
        return Err(Error::Invalid(said));
    }
    let category = filing.category.unwrap_or_else(|| "other".to_owned());
    if !CATEGORIES.contains(&category.as_str()) {
        return Err(Error::Invalid(
            "a category is spam, violation, legal or other".to_owned(),
        ));
    }
    let report = FileReport {
        actor,
        about: Person {
            id: about.id,
            nick: about.nick.clone(),
        },
        dweets,
        comment: comment.to_owned(),
        category,
        key: once.0,
    };
    let (comment, category) = (report.comment.clone(), report.category.clone());
    let id = service.submit(report).await?;
    Ok(Json(json!({
        "id": id.to_string(),
        "action_taken": false,
        "action_taken_at": null,
        "category": category,
        "comment": comment,
        "forwarded": false,
        "created_at": moment(id.unix_ms()),
        "status_ids": filing.status_ids,
        "rule_ids": [],
        "target_account": render::account(&origin, &about),
    })))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct ReportsParams {
    /// Those that were settled, instead of those that wait.
    resolved: bool,
}

/// The reports that wait, or those that were settled, newest first. For moderators; only with a session opened by the password.
#[utoipa::path(get, path = "/api/tertulia/v1/moderation/reports", tag = "moderation", params(Paging, ReportsParams),
    responses((status = 200, body = Vec<Report>)))]
async fn reports(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    (origin, uri, paging): (Origin, Uri, Paging),
    Input(asked): Input<ReportsParams>,
) -> Result<(HeaderMap, Json<Vec<Report>>), Error> {
    let wanted = Reports {
        resolved: asked.resolved,
        page: paging.page(40, 80)?,
    };
    let found = service.query_as(actor, Role::Moderator, wanted).await?;
    let (newest, oldest) = (found.first(), found.last());
    let headers = links(
        &origin,
        &uri,
        newest.map(|(report, _)| report.id),
        oldest.map(|(report, _)| report.id),
    );
    Ok((headers, Json(found.into_iter().map(entity).collect())))
}

fn entity((report, resolution): (moderation::Report, Option<moderation::Resolution>)) -> Report {
    Report {
        id: report.id.to_string(),
        at: moment(report.id.unix_ms()),
        by: named(&report.by),
        about: named(&report.about),
        dweets: report.dweets.iter().map(ToString::to_string).collect(),
        comment: report.comment,
        category: report.category,
        resolution: resolution.map(|resolution| Resolution {
            by: named(&resolution.by),
            at: moment(resolution.at_ms),
            note: resolution.note,
        }),
    }
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct Resolving {
    /// What came of it, up to 500 characters; moderators read it.
    note: String,
}

/// Settles a report. For moderators whom it is not about; only with a session opened by the password.
#[utoipa::path(post, path = "/api/tertulia/v1/moderation/reports/{id}/resolve", tag = "moderation", params(("id" = String, Path)),
    request_body = Resolving, responses((status = 200, body = Decision), (status = 409, description = "It is settled already")))]
async fn resolve(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    once: Once,
    At(id): At<NotificationId>,
    Input(Resolving { note }): Input<Resolving>,
) -> Result<Json<Decision>, Error> {
    let report = service
        .query_as(actor, Role::Moderator, FindReport { id })
        .await?;
    let needed = Scopes::ALL;
    let (me, _) = service.query(Own { actor, needed }).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let resolution = moderation::Resolution {
        by: Person {
            id: me.id,
            nick: me.nick,
        },
        at_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
        note: text::note(&note)?,
    };
    let measure = Measure::Resolve {
        report: id,
        about: report.about,
        resolution,
    };
    service.decide(actor, once, measure, &note).await
}
