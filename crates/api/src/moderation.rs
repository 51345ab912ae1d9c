//! Moderators at work: who has which role, who is suspended, what was done and why.
//!
//! **Invariant:** whether somebody may do or read this is said by their own home, for each request (rules P1, G1); only sessions that were opened by the
//! password will do, for no app is asked to moderate.

use crate::caller::{At, Caller, Once, Paging};
use crate::error::Error;
use crate::input::Input;
use crate::link::links;
use crate::origin::Origin;
use crate::render;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tertulia_state::Query;
use tertulia_state::account::Who;
use tertulia_state::deed::Deeds;
use tertulia_state::measure::{CheckRole, Decide, Inspect, Noted, OutcomeOf};
use tertulia_state::session::Actor;
use tertulia_types::entity::{Decision, Deed, Dossier, Named};
use tertulia_types::moderation::{self, By, Measure, Person, Role};
use tertulia_types::{AccountId, DweetId, NotificationId, Rejected, text};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long a decision is waited for. It needs two homes, and is carried in milliseconds when all is well.
const OUTCOME_TIME_MAX: Duration = Duration::from_secs(3);
/// How often is looked.
const OUTCOME_PAUSE: Duration = Duration::from_millis(25);

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(people))
        .routes(routes!(give_role))
        .routes(routes!(suspend))
        .routes(routes!(unsuspend))
        .routes(routes!(delete_dweet))
        .routes(routes!(log))
}

impl Service {
    /// Asks another home on behalf of somebody with a role, while theirs checks session and role.
    pub(crate) async fn query_as<Q: Query + Into<tertulia_state::AnyQuery> + Clone>(
        &self,
        actor: Actor,
        needed: Role,
        query: Q,
    ) -> Result<Q::Reply, Error> {
        let (valid, reply) = futures::join!(self.query(CheckRole { actor, needed }), self.query(query));
        valid?;
        reply
    }

    /// Decides something, and waits a while for what comes of it.
    pub(crate) async fn decide(
        &self,
        actor: Actor,
        Once(key): Once,
        measure: Measure,
        why: &str,
    ) -> Result<Json<Decision>, Error> {
        let why = text::note(why)?;
        let decide = Decide {
            actor,
            measure,
            why,
            key,
        };
        let id = self.submit(decide).await?;
        let done = match tokio::time::timeout(OUTCOME_TIME_MAX, self.outcome(actor, id)).await {
            Ok(outcome) => {
                outcome??;
                true
            }
            Err(_) => false,
        };
        let id = id.to_string();
        Ok(Json(Decision { id, done }))
    }

    async fn outcome(&self, actor: Actor, id: NotificationId) -> Result<Result<(), Rejected>, Error> {
        loop {
            if let Some(outcome) = self.query(OutcomeOf { actor, id }).await? {
                return Ok(outcome);
            }
            tokio::time::sleep(OUTCOME_PAUSE).await;
        }
    }

    /// Somebody by their id, for one who may moderate.
    async fn inspect(&self, actor: Actor, id: AccountId) -> Result<Person, Error> {
        let who = Who::Id(id);
        let found = self.query_as(actor, Role::Moderator, Inspect { who }).await?;
        let nick = found.account.nick;
        Ok(Person { id, nick })
    }
}

fn dossier(origin: &Origin, found: &moderation::Dossier) -> Dossier {
    Dossier {
        account: render::account(origin, &found.account),
        role: found.role,
        suspended: found.is_suspended,
    }
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct PeopleParams {
    /// Only who has this nick, whether noted or not.
    nick: Option<String>,
}

/// Who has a role or is suspended; or, for moderators alone, anybody. Only with a session opened by the password.
#[utoipa::path(get, path = "/api/tertulia/v1/moderation/people", tag = "moderation", params(PeopleParams),
    responses((status = 200, body = Vec<Dossier>), (status = 403, description = "Not for you")))]
async fn people(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    origin: Origin,
    Input(asked): Input<PeopleParams>,
) -> Result<Json<Vec<Dossier>>, Error> {
    let needed = Role::Moderator;
    let found = match asked.nick {
        Some(nick) => {
            let nick = nick.trim_start_matches('@').parse();
            let who = Who::Nick(nick.map_err(|_| Rejected::NotFound)?);
            vec![service.query_as(actor, needed, Inspect { who }).await?]
        }
        None => {
            service.query(CheckRole { actor, needed }).await?;
            let parts = service.query_all(|at| Noted { at }).await?;
            let mut noted: Vec<_> = parts.into_iter().flatten().collect();
            noted.sort_by(|one, other| one.account.nick.cmp(&other.account.nick));
            noted
        }
    };
    Ok(Json(found.iter().map(|found| dossier(&origin, found)).collect()))
}

/// Why something is decided.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct Why {
    /// In the moderator's words, for the log; up to 500 characters.
    why: String,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct Giving {
    /// `member`, `moderator` or `admin`.
    role: String,
    /// In the admin's words, for the log; up to 500 characters.
    #[serde(default)]
    why: String,
}

/// Gives somebody a role. For admins, and not over other admins.
#[utoipa::path(post, path = "/api/tertulia/v1/moderation/people/{id}/role", tag = "moderation", params(("id" = String, Path)),
    request_body = Giving, responses((status = 200, body = Decision)))]
async fn give_role(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    once: Once,
    At(id): At<AccountId>,
    Input(giving): Input<Giving>,
) -> Result<Json<Decision>, Error> {
    let role: Role = giving
        .role
        .parse()
        .map_err(|error: moderation::NotARole| Error::Invalid(error.to_string()))?;
    let to = service.inspect(actor, id).await?;
    service
        .decide(actor, once, Measure::GiveRole { to, role }, &giving.why)
        .await
}

/// Suspends somebody: their sessions end, they cannot log in, and nobody sees what is theirs. Nothing is deleted.
#[utoipa::path(post, path = "/api/tertulia/v1/moderation/people/{id}/suspend", tag = "moderation", params(("id" = String, Path)),
    request_body = Why, responses((status = 200, body = Decision)))]
async fn suspend(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    once: Once,
    At(id): At<AccountId>,
    Input(Why { why }): Input<Why>,
) -> Result<Json<Decision>, Error> {
    let whom = service.inspect(actor, id).await?;
    service.decide(actor, once, Measure::Suspend { whom }, &why).await
}

/// Takes a suspension back: all is as it was.
#[utoipa::path(post, path = "/api/tertulia/v1/moderation/people/{id}/unsuspend", tag = "moderation", params(("id" = String, Path)),
    request_body = Why, responses((status = 200, body = Decision)))]
async fn unsuspend(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    once: Once,
    At(id): At<AccountId>,
    Input(Why { why }): Input<Why>,
) -> Result<Json<Decision>, Error> {
    let whom = service.inspect(actor, id).await?;
    service
        .decide(actor, once, Measure::Unsuspend { whom }, &why)
        .await
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct Deletion {
    /// The id of the dweet's author.
    author: String,
    /// In the moderator's words, for the log; up to 500 characters.
    #[serde(default)]
    why: String,
}

/// Deletes somebody's dweet, as if they had done it.
#[utoipa::path(post, path = "/api/tertulia/v1/moderation/dweets/{id}/delete", tag = "moderation", params(("id" = String, Path)),
    request_body = Deletion, responses((status = 200, body = Decision)))]
async fn delete_dweet(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    once: Once,
    At(dweet): At<DweetId>,
    Input(deletion): Input<Deletion>,
) -> Result<Json<Decision>, Error> {
    let author = deletion.author.parse().map_err(|_| Rejected::NotFound)?;
    let author = service.inspect(actor, author).await?;
    let measure = Measure::DeleteDweet { author, dweet };
    service.decide(actor, once, measure, &deletion.why).await
}

/// What moderators did, newest first: who, what, to whom, when and why. For moderators.
#[utoipa::path(get, path = "/api/tertulia/v1/moderation/log", tag = "moderation", params(Paging),
    responses((status = 200, body = Vec<Deed>)))]
async fn log(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    (origin, uri, paging): (Origin, Uri, Paging),
) -> Result<(HeaderMap, Json<Vec<Deed>>), Error> {
    let page = paging.page(40, 80)?;
    let deeds = service.query_as(actor, Role::Moderator, Deeds { page }).await?;
    let ids = (deeds.first(), deeds.last());
    let headers = links(
        &origin,
        &uri,
        ids.0.map(|deed| deed.id),
        ids.1.map(|deed| deed.id),
    );
    Ok((headers, Json(deeds.iter().map(deed).collect())))
}

pub(crate) fn named(person: &Person) -> Named {
    Named {
        id: person.id.to_string(),
        nick: person.nick.to_string(),
    }
}

fn deed(done: &moderation::Deed) -> Deed {
    let (by, machine) = match &done.by {
        By::Person(person) => (Some(named(person)), None),
        By::Operator(machine) => (None, Some(machine.to_string())),
    };
    let detail = match &done.measure {
        Measure::GiveRole { role, .. } => Some(role.to_string()),
        Measure::DeleteDweet { dweet, .. } => Some(dweet.to_string()),
        Measure::Settle { settlement, .. } => Some(settlement.registration.to_string()),
        Measure::Resolve { report, .. } => Some(report.to_string()),
        Measure::Suspend { .. } | Measure::Unsuspend { .. } => None,
    };
    Deed {
        id: done.id.to_string(),
        at: render::moment(done.id.unix_ms()),
        by,
        machine,
        measure: done.measure.name().to_owned(),
        whom: done.measure.whom().map(named),
        detail,
        why: done.why.clone(),
        refused: done.outcome.as_ref().err().map(ToString::to_string),
    }
}

/// One's role, as Mastodon's apps read it: its permissions are a set of bits.
pub(crate) fn role_entity(role: Role) -> tertulia_types::entity::Role {
    /// View the log, the dashboard and reports' buttons: of Mastodon's bits those that have something behind them here.
    const MODERATOR: u32 = 0x4 | 0x10 | 0x400;
    const ADMIN: u32 = 1;
    let (id, permissions) = match role {
        Role::Member => return tertulia_types::entity::Role::default(),
        Role::Moderator => (1, MODERATOR),
        Role::Admin => (2, ADMIN),
    };
    tertulia_types::entity::Role {
        id: id.to_string(),
        name: role.to_string(),
        color: String::new(),
        permissions: permissions.to_string(),
        highlighted: false,
    }
}
