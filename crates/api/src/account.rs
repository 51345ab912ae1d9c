//! People: who they are, what they wrote, and changing one's own profile.

use crate::caller::{At, Caller, Paging};
use crate::error::Error;
use crate::input::Input;
use crate::link::links;
use crate::moderation::role_entity;
use crate::origin::Origin;
use crate::render;
use crate::search;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tertulia_state::account::{Defaults, EditProfile, Own, Who};
use tertulia_state::dweet::Profile;
use tertulia_state::follow::{Followers, Following};
use tertulia_state::measure::CheckRole;
use tertulia_types::entity::{Account, CredentialAccount, EmptyList, Source, Status, Visibility};
use tertulia_types::moderation;
use tertulia_types::view::{self, AccountView};
use tertulia_types::{AccountId, NotificationId, Scopes, text};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(verify_credentials))
        .routes(routes!(update_credentials))
        .routes(routes!(lookup))
        .routes(routes!(find))
        .routes(routes!(several))
        .routes(routes!(account_search))
        .routes(routes!(statuses))
        .routes(routes!(followers))
        .routes(routes!(following))
}

/// Oneself.
#[utoipa::path(get, path = "/api/v1/accounts/verify_credentials", tag = "accounts", responses((status = 200, body = CredentialAccount)))]
async fn verify_credentials(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    origin: Origin,
) -> Result<Json<CredentialAccount>, Error> {
    let needed = Scopes::NONE;
    let role = CheckRole {
        actor,
        needed: moderation::Role::Member,
    };
    let (own, role) = futures::join!(service.query(Own { actor, needed }), service.query(role));
    let ((account, defaults), role) = (own?, role?);
    Ok(Json(credential(&origin, &account, defaults, role)))
}

fn credential(
    origin: &Origin,
    account: &AccountView,
    defaults: Defaults,
    role: moderation::Role,
) -> CredentialAccount {
    CredentialAccount {
        account: render::account(origin, account),
        source: Source {
            note: account.note.clone(),
            fields: EmptyList,
            privacy: render::visibility(defaults.visibility),
            sensitive: defaults.sensitive,
            language: defaults.language.unwrap_or_default(),
            follow_requests_count: 0,
        },
        role: role_entity(role),
    }
}

/// What can be changed of a profile.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct Changes {
    /// Up to 30 characters.
    display_name: Option<String>,
    /// Up to 500 characters.
    note: Option<String>,
    /// Whether a program writes here.
    bot: Option<bool>,
    /// Whether to be listed.
    discoverable: Option<bool>,
    /// How new dweets are, unless said otherwise.
    source: DefaultChanges,
}

#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct DefaultChanges {
    privacy: Option<Visibility>,
    sensitive: Option<bool>,
    language: Option<String>,
}

/// Changes one's profile. Pictures are not kept here, and passed over.
#[utoipa::path(patch, path = "/api/v1/accounts/update_credentials", tag = "accounts", request_body = Changes,
    responses((status = 200, body = CredentialAccount)))]
async fn update_credentials(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    origin: Origin,
    Input(changes): Input<Changes>,
) -> Result<Json<CredentialAccount>, Error> {
    let name = changes
        .display_name
        .as_deref()
        .map(text::display_name)
        .transpose()?;
    let note = changes.note.as_deref().map(text::note).transpose()?;
    let defaults = match changes.source {
        DefaultChanges {
            privacy: None,
            sensitive: None,
            language: None,
        } => None,
        DefaultChanges {
            privacy,
            sensitive,
            language,
        } => {
            let (_, old) = service
                .query(Own {
                    actor,
                    needed: Scopes::NONE,
                })
                .await?;
            let visibility = privacy.map_or(Ok(old.visibility), kept_visibility)?;
            let language = language.map_or(old.language, |language| self::language(&language));
            Some(Defaults {
                visibility,
                sensitive: sensitive.unwrap_or(old.sensitive),
                language,
            })
        }
    };
    let edit = EditProfile {
        actor,
        name,
        note,
        bot: changes.bot,
        discoverable: changes.discoverable,
        defaults,
    };
    let (account, defaults) = service.submit(edit).await?;
    let needed = moderation::Role::Member;
    let role = service.query(CheckRole { actor, needed }).await?;
    Ok(Json(credential(&origin, &account, defaults, role)))
}

/// `direct` is refused: the ring's machines could read such dweets.
pub(crate) fn kept_visibility(visibility: Visibility) -> Result<view::Visibility, Error> {
    match visibility {
        Visibility::Public => Ok(view::Visibility::Public),
        Visibility::Unlisted => Ok(view::Visibility::Unlisted),
        Visibility::Private => Ok(view::Visibility::Private),
        Visibility::Direct => Err(Error::NotHere(
            "a dweet cannot be for named people only, because machines of the ring could read it: send a private message \
             instead (tertulia send NICK TEXT)",
        )),
    }
}

/// A language code as it is kept: two or three letters, with a region perhaps.
pub(crate) fn language(code: &str) -> Option<String> {
    let is_code = (2..=8).contains(&code.len())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    is_code.then(|| code.to_owned())
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct LookupParams {
    /// The nick, perhaps with this service's host behind an @.
    acct: String,
}

/// The account of a nick.
#[utoipa::path(get, path = "/api/v1/accounts/lookup", tag = "accounts", params(LookupParams),
    responses((status = 200, body = Account), (status = 404, description = "Nobody has this nick")))]
async fn lookup(
    State(service): State<Arc<Service>>,
    origin: Origin,
    Input(asked): Input<LookupParams>,
) -> Result<Json<Account>, Error> {
    let nick = search::nick_of(&asked.acct, &origin).ok_or(tertulia_types::Rejected::NotFound)?;
    let account = service.find(Who::Nick(nick)).await?;
    Ok(Json(render::account(&origin, &account)))
}

/// The account of an id.
#[utoipa::path(get, path = "/api/v1/accounts/{id}", tag = "accounts", params(("id" = String, Path)),
    responses((status = 200, body = Account), (status = 404, description = "Nobody has this id")))]
async fn find(
    State(service): State<Arc<Service>>,
    origin: Origin,
    At(id): At<AccountId>,
) -> Result<Json<Account>, Error> {
    let account = service.find(Who::Id(id)).await?;
    Ok(Json(render::account(&origin, &account)))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Several {
    /// Which; unknown ones are left out.
    id: Vec<String>,
}

/// More than this are not looked up at once.
const ACCOUNTS_MAX: usize = 80;

/// Several accounts.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "accounts", params(Several), responses((status = 200, body = Vec<Account>)))]
async fn several(
    State(service): State<Arc<Service>>,
    origin: Origin,
    Input(asked): Input<Several>,
) -> Result<Json<Vec<Account>>, Error> {
    let ids: Vec<AccountId> = asked
        .id
        .iter()
        .filter_map(|id| id.parse().ok())
        .take(ACCOUNTS_MAX)
        .collect();
    let found = service.find_all(&ids).await?;
    Ok(Json(
        found
            .iter()
            .map(|account| render::account(&origin, account))
            .collect(),
    ))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct AccountQuery {
    /// How the nick or name begins.
    q: String,
    /// How many: 40 if not said, at most 80.
    limit: Option<u32>,
    /// Only those whom one follows.
    following: bool,
}

/// People whose nick or name begins so.
#[utoipa::path(get, path = "/api/v1/accounts/search", tag = "accounts", params(AccountQuery), responses((status = 200, body = Vec<Account>)))]
async fn account_search(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    origin: Origin,
    Input(asked): Input<AccountQuery>,
) -> Result<Json<Vec<Account>>, Error> {
    let limit = asked.limit.unwrap_or(40).clamp(1, 80);
    let found = search::people(&service, &origin, Some(actor), &asked.q, limit, asked.following).await?;
    Ok(Json(
        found
            .iter()
            .map(|account| render::account(&origin, account))
            .collect(),
    ))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct StatusesParams {
    /// Without replies.
    exclude_replies: bool,
    /// Without redweets.
    exclude_reblogs: bool,
    /// Only with pictures: there are none.
    only_media: bool,
    /// Only pinned ones: there are none.
    pinned: bool,
    /// Only with this hashtag.
    tagged: Option<String>,
}

/// Somebody's dweets and redweets, newest first.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/statuses", tag = "accounts", params(("id" = String, Path), Paging, StatusesParams),
    responses((status = 200, body = Vec<Status>)))]
async fn statuses(
    State(service): State<Arc<Service>>,
    caller: Option<Caller>,
    (origin, uri, paging): (Origin, Uri, Paging),
    At(author): At<AccountId>,
    Input(asked): Input<StatusesParams>,
) -> Result<(HeaderMap, Json<Vec<Status>>), Error> {
    if asked.only_media || asked.pinned {
        return Ok((HeaderMap::new(), Json(Vec::new())));
    }
    let actor = caller.map(|caller| caller.0);
    let profile = Profile {
        author,
        viewer: actor.map(|actor| actor.account),
        page: paging.page(20, 40)?,
        exclude_replies: asked.exclude_replies,
        exclude_redweets: asked.exclude_reblogs,
        tagged: asked.tagged.as_deref().and_then(text::hashtag),
    };
    let page = service.query_for(actor, Scopes::READ_STATUSES, profile).await?;
    let (newest, oldest) = page.stretch.unzip();
    let statuses = service.dress(&origin, actor, &page.shown).await?;
    Ok((links(&origin, &uri, newest, oldest), Json(statuses)))
}

/// Who follows somebody.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/followers", tag = "accounts", params(("id" = String, Path), Paging),
    responses((status = 200, body = Vec<Account>)))]
async fn followers(
    State(service): State<Arc<Service>>,
    caller: Option<Caller>,
    (origin, uri, paging): (Origin, Uri, Paging),
    At(author): At<AccountId>,
) -> Result<(HeaderMap, Json<Vec<Account>>), Error> {
    let actor = caller.map(|caller| caller.0);
    let asked = Followers {
        author,
        viewer: actor.map(|actor| actor.account),
        page: paging.page(40, 80)?,
    };
    let rows = service.query_for(actor, Scopes::READ_ACCOUNTS, asked).await?;
    list(&service, &origin, &uri, rows).await
}

/// Whom somebody follows.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/following", tag = "accounts", params(("id" = String, Path), Paging),
    responses((status = 200, body = Vec<Account>)))]
async fn following(
    State(service): State<Arc<Service>>,
    caller: Option<Caller>,
    (origin, uri, paging): (Origin, Uri, Paging),
    At(follower): At<AccountId>,
) -> Result<(HeaderMap, Json<Vec<Account>>), Error> {
    let actor = caller.map(|caller| caller.0);
    let asked = Following {
        follower,
        viewer: actor.map(|actor| actor.account),
        page: paging.page(40, 80)?,
    };
    let rows = service.query_for(actor, Scopes::READ_ACCOUNTS, asked).await?;
    list(&service, &origin, &uri, rows).await
}

/// A page of people; the list's own ids go into the `Link` header.
pub(crate) async fn list(
    service: &Service,
    origin: &Origin,
    uri: &Uri,
    rows: Vec<(NotificationId, AccountId)>,
) -> Result<(HeaderMap, Json<Vec<Account>>), Error> {
    let headers = links(
        origin,
        uri,
        rows.first().map(|row| row.0),
        rows.last().map(|row| row.0),
    );
    let ids: Vec<AccountId> = rows.into_iter().map(|row| row.1).collect();
    let found = service.find_all(&ids).await?;
    Ok((
        headers,
        Json(
            found
                .iter()
                .map(|account| render::account(origin, account))
                .collect(),
        ),
    ))
}
