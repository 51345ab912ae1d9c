//! The document that describes this API, served at `/api/openapi.json`.
//!
//! Its paths come with the routes; here are its head, and the test that no route is missing in it.

use crate::service::Service;
use axum::routing::get;
use axum::{Json, Router};
use std::sync::Arc;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::{Modify, OpenApi as _};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Tertulia",
        description = "Mastodon's client API, as far as a microblog of text needs it, and under /api/tertulia/v1 what Mastodon \
                       has no word for. Parameters are taken from the query string and from JSON, form or multipart bodies alike. \
                       Errors are JSON: `error` for a person, `code` for a program.",
    ),
    modifiers(&Token),
)]
struct Document;

/// How a caller shows who they are. What needs it answers 401 without.
struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut OpenApi) {
        let description = "From /oauth/token, or from /api/tertulia/v1/register and login";
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(description))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
        let optional = SecurityRequirement::default();
        document.security = Some(vec![optional, SecurityRequirement::new("token", [""; 0])]);
    }
}

/// The document without paths.
pub(crate) fn head() -> OpenApi {
    Document::openapi()
}

pub(crate) fn routes(document: OpenApi) -> Router<Arc<Service>> {
    let document = Arc::new(document);
    Router::new().route(
        "/api/openapi.json",
        get(async move || Json(Arc::clone(&document))),
    )
}

#[cfg(test)]
mod tests {
    use crate::router;
    use std::collections::BTreeSet;

    /// What is for people, and the document itself.
    const PAGES: [&str; 11] = [
        "/",
        "/style.css",
        "/pictures/avatar.png",
        "/pictures/header.png",
        "/trust",
        "/@{nick}",
        "/@{nick}/{id}",
        "/users/{nick}",
        "/users/{nick}/statuses/{id}",
        "/tags/{hashtag}",
        "/api/openapi.json",
    ];

    /// The paths of a router and their methods, from how it describes itself.
    fn table(described: &str) -> BTreeSet<(String, &'static str)> {
        let methods = ["get", "delete", "patch", "post", "put"];
        let (own, _) = described
            .split_once("fallback_router")
            .expect("its own routes first");
        let (routes, paths) = own.split_once("node: Node").expect("routes, then paths");
        let mut pairs = BTreeSet::new();
        for entry in paths.split("RouteId(").skip(1) {
            let (id, rest) = entry.split_once(')').expect("a route's number");
            let path = rest.split('"').nth(1).expect("a path");
            let route = routes.split(&format!("RouteId({id}): ")).nth(1).expect("a route");
            let route = route.split("RouteId(").next().unwrap_or_default();
            for method in methods {
                if !route.contains(&format!("{method}: None")) {
                    pairs.insert((path.to_owned(), method));
                }
            }
        }
        pairs
    }

    #[test]
    fn no_route_is_missing_in_the_document_and_none_is_made_up() {
        let document = router::api().into_openapi();
        let documented: BTreeSet<(String, &str)> = document
            .paths
            .paths
            .iter()
            .flat_map(|(path, item)| {
                let methods = [
                    ("get", &item.get),
                    ("delete", &item.delete),
                    ("patch", &item.patch),
                    ("post", &item.post),
                    ("put", &item.put),
                ];
                let there = methods.into_iter().filter(|(_, operation)| operation.is_some());
                there.map(move |(method, _)| (path.clone(), method))
            })
            .collect();
        let routed = table(&format!("{:?}", router::routes()));
        let pages = |pair: &&(String, &str)| !PAGES.contains(&pair.0.as_str());
        let none: [&(String, &str); 0] = [];
        assert_eq!(
            Vec::from_iter(routed.difference(&documented).filter(pages)),
            none,
            "not documented"
        );
        assert_eq!(Vec::from_iter(documented.difference(&routed)), none, "not routed");
        for page in PAGES {
            assert!(routed.contains(&(page.to_owned(), "get")), "{page} is gone");
        }
    }

    #[test]
    fn each_operation_says_what_it_is() {
        let document = router::api().into_openapi();
        for (path, item) in &document.paths.paths {
            for operation in [&item.get, &item.post, &item.put, &item.patch, &item.delete]
                .into_iter()
                .flatten()
            {
                assert!(
                    operation
                        .summary
                        .as_ref()
                        .is_some_and(|summary| !summary.is_empty()),
                    "{path}"
                );
                assert!(
                    operation.tags.as_ref().is_some_and(|tags| tags.len() == 1),
                    "{path}"
                );
            }
        }
    }
}
