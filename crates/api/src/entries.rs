//! Where else the ring can be entered: a list of living machines, and in each answer the version of that list.
//!
//! **Invariant:** what is handed out comes from one place (`Settings::entries`), so the header names the very list that
//! the endpoint answers, or a newer one.

use crate::service::Service;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tertulia_node::peers::interfaces;
use tertulia_types::entity::{ENTRIES_HEADER, ENTRY_URLS_MAX, Entries};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The version of the list, in every answer.
pub(crate) const VERSION: HeaderName = HeaderName::from_static(ENTRIES_HEADER);

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(entries))
}

/// Machines at which the ring can be entered: at most five that live. Every answer of this API has a header
/// `Tertulia-Entries` with the list's version; who holds another version fetches the list and keeps it.
#[utoipa::path(get, path = "/api/tertulia/v1/entries", tag = "tertulia", responses((status = 200, body = Entries)))]
async fn entries(State(service): State<Arc<Service>>) -> Json<Entries> {
    Json(service.entries().as_ref().clone())
}

/// Where clients reach a machine that listens there, the best first: by its names, for which its certificate surely is,
/// then by the addresses that others can reach.
#[must_use]
pub fn entry_urls(listen: SocketAddr, names: &[String], is_tls: bool) -> Vec<String> {
    urls_of(listen, names, is_tls, interfaces)
}

fn urls_of(
    listen: SocketAddr,
    names: &[String],
    is_tls: bool,
    own: impl FnOnce() -> Vec<IpAddr>,
) -> Vec<String> {
    let scheme = if is_tls { "https" } else { "http" };
    let addresses = if listen.ip().is_unspecified() {
        let reached = |ip: &IpAddr| !ip.is_loopback() && (ip.is_ipv4() || listen.is_ipv6());
        let mut addresses: Vec<IpAddr> = own().into_iter().filter(reached).collect();
        addresses.sort_by_key(IpAddr::is_ipv6);
        addresses
    } else {
        vec![listen.ip()]
    };
    let named = names
        .iter()
        .map(|name| format!("{scheme}://{name}:{}", listen.port()));
    let plain = addresses
        .into_iter()
        .map(|ip| format!("{scheme}://{}", SocketAddr::new(ip, listen.port())));
    named.chain(plain).take(ENTRY_URLS_MAX).collect()
}

/// Says in an answer which list is the current one.
pub(crate) fn show(service: &Service, headers: &mut HeaderMap) {
    headers.insert(VERSION, service.entries().version.into());
}

#[cfg(test)]
mod tests {
    use super::urls_of;
    use crate::fixture;
    use axum::body::Body;
    use axum::http::Request;
    use serde_json::json;
    use std::sync::Arc;
    use tertulia_types::MachineId;
    use tertulia_types::entity::Entries;

    #[test]
    fn entry_addresses_are_those_that_others_can_reach() {
        let own = || {
            ["127.0.0.1", "2001:db8::1", "10.0.0.1", "10.0.0.2", "::1"]
                .map(|ip| ip.parse().expect("an address"))
                .to_vec()
        };
        let of = |listen: &str, names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            urls_of(listen.parse().expect("an address"), &names, true, own)
        };
        assert_eq!(of("0.0.0.0:1", &[]), ["https://10.0.0.1:1", "https://10.0.0.2:1"]);
        assert_eq!(
            of("[::]:1", &["plaza.example"]),
            [
                "https://plaza.example:1",
                "https://10.0.0.1:1",
                "https://10.0.0.2:1"
            ]
        );
        assert_eq!(of("10.0.0.9:1", &[]), ["https://10.0.0.9:1"]);
        assert_eq!(of("127.0.0.1:1", &[]), ["https://127.0.0.1:1"]);
    }

    #[tokio::test]
    async fn entry_machines_are_told_and_each_answer_names_the_lists_version() {
        let app = fixture::app(true).await;
        let machine = |id| (MachineId(id), vec![format!("https://10.0.0.{id}:8787")]);
        for list in [vec![machine(1)], vec![machine(1), machine(2)]] {
            let expected = Entries::new(7, None, MachineId(1), list);
            app.entries.send_replace(Arc::new(expected.clone()));
            let (status, body) = app.get("/api/tertulia/v1/entries", "").await;
            assert_eq!((status, body), (200, json!(expected)));
            let version = expected.version.to_string();
            for path in [
                "/api/tertulia/v1/entries",
                "/api/v1/instance",
                "/api/v1/nonsense",
                "/livez",
            ] {
                let request = Request::get(path)
                    .header("origin", "https://elk.zone")
                    .body(Body::empty());
                let (_, headers, _) = app.send(request.expect("a request")).await;
                assert_eq!(headers["tertulia-entries"], version.as_str(), "{path}");
                let exposed = headers["access-control-expose-headers"].to_str().expect("text");
                assert!(exposed.contains("tertulia-entries"), "{exposed}");
            }
        }
    }
}
