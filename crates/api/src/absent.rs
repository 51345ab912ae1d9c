//! What Mastodon has and this service has not: apps ask for it at their start, and must be told so kindly.
//!
//! An empty list where apps expect a list (docs/apps.md), 404 for one thing of a kind that there is not, 422 for making one.
//! One table makes the routes and their documentation.

use crate::caller::Caller;
use crate::error::Error;
use crate::service::Service;
use axum::Json;
use axum::extract::State;
use axum::routing::{MethodFilter, MethodRouter, on};
use serde_json::{Value, json};
use std::sync::Arc;
use tertulia_state::account::Own;
use tertulia_types::Rejected;
use tertulia_types::Scopes;
use tertulia_types::entity::EmptyList;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{HttpMethod, Required, ResponseBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How something is absent.
#[derive(Clone, Copy)]
enum Answer {
    /// There are none, for anybody.
    Empty,
    /// There is no such thing.
    NotFound,
    /// It cannot be made here, and why.
    NotHere(&'static str),
}

const EMPTY: &[(HttpMethod, Answer)] = &[(HttpMethod::Get, Answer::Empty)];
const GET_ALONE: &[(HttpMethod, Answer)] = &[(HttpMethod::Get, Answer::NotFound)];
const POST_ALONE: &[(HttpMethod, Answer)] = &[(HttpMethod::Post, Answer::NotFound)];
const DELETE_ALONE: &[(HttpMethod, Answer)] = &[(HttpMethod::Delete, Answer::NotFound)];
const GET_PUT: &[(HttpMethod, Answer)] = &[
    (HttpMethod::Get, Answer::NotFound),
    (HttpMethod::Put, Answer::NotFound),
];
const GET_PUT_DELETE: &[(HttpMethod, Answer)] = &[
    (HttpMethod::Get, Answer::NotFound),
    (HttpMethod::Put, Answer::NotFound),
    (HttpMethod::Delete, Answer::NotFound),
];
const GET_POST_DELETE: &[(HttpMethod, Answer)] = &[
    (HttpMethod::Get, Answer::NotFound),
    (HttpMethod::Post, Answer::NotFound),
    (HttpMethod::Delete, Answer::NotFound),
];
const LISTS: &[(HttpMethod, Answer)] = &[
    (HttpMethod::Get, Answer::Empty),
    (HttpMethod::Post, Answer::NotHere("there are no lists here")),
];
const FILTERS: &[(HttpMethod, Answer)] = &[
    (HttpMethod::Get, Answer::Empty),
    (
        HttpMethod::Post,
        Answer::NotHere("there are no filters here: mute the person"),
    ),
];
const MEDIA: &[(HttpMethod, Answer)] = &[(
    HttpMethod::Post,
    Answer::NotHere("dweets are text: pictures are not kept here"),
)];
const PUSH: &[(HttpMethod, Answer)] = &[
    (HttpMethod::Get, Answer::NotFound),
    (HttpMethod::Delete, Answer::NotFound),
    (
        HttpMethod::Post,
        Answer::NotHere("push messages need the Internet: keep a stream open instead"),
    ),
];

/// All of it: where, and what is answered.
const ABSENT: [(&str, &[(HttpMethod, Answer)]); 40] = [
    ("/api/v1/custom_emojis", EMPTY),
    ("/api/v1/followed_tags", EMPTY),
    ("/api/v1/featured_tags", EMPTY),
    ("/api/v1/announcements", EMPTY),
    ("/api/v1/follow_requests", EMPTY),
    ("/api/v1/follow_requests/{id}/authorize", POST_ALONE),
    ("/api/v1/follow_requests/{id}/reject", POST_ALONE),
    ("/api/v1/conversations", EMPTY),
    ("/api/v1/conversations/{id}", DELETE_ALONE),
    ("/api/v1/conversations/{id}/read", POST_ALONE),
    ("/api/v1/scheduled_statuses", EMPTY),
    ("/api/v1/scheduled_statuses/{id}", GET_PUT_DELETE),
    ("/api/v1/domain_blocks", EMPTY),
    ("/api/v1/endorsements", EMPTY),
    ("/api/v1/suggestions", EMPTY),
    ("/api/v2/suggestions", EMPTY),
    ("/api/v1/trends", EMPTY),
    ("/api/v1/trends/tags", EMPTY),
    ("/api/v1/trends/statuses", EMPTY),
    ("/api/v1/trends/links", EMPTY),
    ("/api/v1/directory", EMPTY),
    ("/api/v1/accounts/{id}/lists", EMPTY),
    ("/api/v1/accounts/{id}/featured_tags", EMPTY),
    ("/api/v1/accounts/{id}/identity_proofs", EMPTY),
    ("/api/v1/accounts/familiar_followers", EMPTY),
    ("/api/v1/instance/peers", EMPTY),
    ("/api/v1/instance/activity", EMPTY),
    ("/api/v1/instance/domain_blocks", EMPTY),
    ("/api/v1/lists", LISTS),
    ("/api/v1/lists/{id}", GET_PUT_DELETE),
    ("/api/v1/lists/{id}/accounts", GET_POST_DELETE),
    ("/api/v1/filters", FILTERS),
    ("/api/v1/filters/{id}", GET_PUT_DELETE),
    ("/api/v2/filters", FILTERS),
    ("/api/v2/filters/{id}", GET_PUT_DELETE),
    ("/api/v1/media", MEDIA),
    ("/api/v2/media", MEDIA),
    ("/api/v1/media/{id}", GET_PUT),
    ("/api/v1/polls/{id}", GET_ALONE),
    ("/api/v1/polls/{id}/votes", POST_ALONE),
];

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    let router = OpenApiRouter::new().routes(routes!(preferences));
    let all = ABSENT.into_iter().chain([("/api/v1/push/subscription", PUSH)]);
    all.fold(router, |router, (path, answers)| {
        let methods = answers
            .iter()
            .fold(MethodRouter::new(), |methods, (method, answer)| {
                let filter = filter(method);
                methods.merge(match *answer {
                    Answer::Empty => on(filter, async || Json(EmptyList)),
                    Answer::NotFound => on(filter, async || Error::from(Rejected::NotFound)),
                    Answer::NotHere(why) => on(filter, async move |Caller(_): Caller| Error::NotHere(why)),
                })
            });
        let mut router = router.route(path, methods);
        for (method, answer) in answers {
            let paths = &mut router.get_openapi_mut().paths;
            paths.add_path_operation(path, vec![method.clone()], documented(path, *answer));
        }
        router
    })
}

fn filter(method: &HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Options => MethodFilter::OPTIONS,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Trace => MethodFilter::TRACE,
    }
}

fn documented(path: &str, answer: Answer) -> Operation {
    let (status, meaning) = match answer {
        Answer::Empty => ("200", "An empty list: this service has none of it"),
        Answer::NotFound => ("404", "This service has none of it"),
        Answer::NotHere(why) => ("422", why),
    };
    let response = ResponseBuilder::new().description(meaning).build();
    let operation = OperationBuilder::new()
        .tag("absent")
        .summary(Some(meaning))
        .response(status, response);
    let id = path.contains("{id}").then(|| -> Parameter {
        ParameterBuilder::new()
            .name("id")
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .build()
    });
    operation.parameters(id.map(|id| [id])).build()
}

/// How an app should behave, as far as the account says.
#[utoipa::path(get, path = "/api/v1/preferences", tag = "accounts", responses((status = 200, description = "By Mastodon's names", body = Object)))]
async fn preferences(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
) -> Result<Json<Value>, Error> {
    let (_, defaults) = service
        .query(Own {
            actor,
            needed: Scopes::READ_ACCOUNTS,
        })
        .await?;
    Ok(Json(json!({
        "posting:default:visibility": crate::render::visibility(defaults.visibility),
        "posting:default:sensitive": defaults.sensitive,
        "posting:default:language": defaults.language,
        "reading:expand:media": "default",
        "reading:expand:spoilers": false,
        "reading:autoplay:gifs": false,
    })))
}
