//! The `Link` header, by which apps page (W6 in docs/apps.md).
//!
//! **Invariant:** `rel="next"` comes first (toot matches the beginning), addresses are absolute (masto.js parses them),
//! and an empty page has no header at all.

use crate::origin::Origin;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use std::fmt::Display;

/// The headers of a page whose first entry is the newest. `uri` is the request's: its other parameters are kept.
pub(crate) fn links(
    origin: &Origin,
    uri: &Uri,
    newest: Option<impl Display>,
    oldest: Option<impl Display>,
) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let (Some(newest), Some(oldest)) = (newest, oldest) else {
        return headers;
    };
    let next = address(origin, uri, "max_id", &oldest.to_string());
    let prev = address(origin, uri, "min_id", &newest.to_string());
    if let Ok(value) = HeaderValue::try_from(format!("<{next}>; rel=\"next\", <{prev}>; rel=\"prev\"")) {
        headers.insert(header::LINK, value);
    }
    headers
}

fn address(origin: &Origin, uri: &Uri, bound: &str, id: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if !matches!(&*name, "max_id" | "min_id" | "since_id" | "access_token") {
            query.append_pair(&name, &value);
        }
    }
    query.append_pair(bound, id);
    format!("{origin}{}?{}", uri.path(), query.finish())
}

#[cfg(test)]
mod tests {
    use super::links;
    use crate::origin::Origin;
    use axum::http::Uri;

    #[test]
    fn w6_next_comes_first_and_addresses_are_absolute() {
        let origin = Origin::new("http", "localhost:8080");
        let uri = Uri::from_static("/api/v1/timelines/home?limit=2&max_id=9&access_token=secret&types[]=a");
        let headers = links(&origin, &uri, Some(8), Some(7));
        let expected = "<http://localhost:8080/api/v1/timelines/home?limit=2&types%5B%5D=a&max_id=7>; rel=\"next\", \
                        <http://localhost:8080/api/v1/timelines/home?limit=2&types%5B%5D=a&min_id=8>; rel=\"prev\"";
        assert_eq!(headers["link"], expected);
        assert!(links(&origin, &uri, None::<u8>, None::<u8>).is_empty());
    }
}
