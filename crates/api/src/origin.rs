//! Under which address the caller reached us: what absolute addresses in answers begin with.
//!
//! A ring has no name of its own: one caller says `localhost:8080`, another `192.168.1.5:8443`, and each must get
//! addresses that lead somewhere for them. So it is the request's `Host`, checked, under the scheme that this machine
//! serves; a proxy that is believed says the scheme.

use crate::error::Error;
use crate::service::Service;
use crate::shell;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use std::fmt;
use std::sync::Arc;

/// Scheme, host and port, as in `https://tertulia.local:8443`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    scheme: &'static str,
    host: String,
}

impl Origin {
    #[cfg(any(test, fuzzing))]
    /// From its parts; `host` with the port unless it is the scheme's usual one.
    pub(crate) fn new(scheme: &'static str, host: &str) -> Self {
        Self {
            scheme,
            host: host.to_owned(),
        }
    }

    /// Host, and port if it is not the usual one.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The same under the scheme of WebSockets.
    pub(crate) fn streaming(&self) -> String {
        let scheme = if self.scheme == "https" { "wss" } else { "ws" };
        format!("{scheme}://{}", self.host)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)
    }
}

impl FromRequestParts<Arc<Service>> for Origin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Error> {
        let host = host(&parts.headers, &parts.uri)
            .ok_or_else(|| Error::Malformed("the Host is missing or broken".to_owned()))?;
        let is_believed = service.proxies.trusts(shell::peer(parts));
        let forwarded = parts.headers.get("x-forwarded-proto").filter(|_| is_believed);
        let secure = service.secure() || forwarded.is_some_and(|scheme| scheme == "https");
        Ok(Self {
            scheme: if secure { "https" } else { "http" },
            host,
        })
    }
}

/// The host that the caller named: in the target for HTTP/2, in the header for HTTP/1.
fn host(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let named = uri.authority().map(|authority| authority.as_str());
    let host = named.or_else(|| headers.get(header::HOST)?.to_str().ok())?;
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    (!host.is_empty() && host.len() <= 255 && host.bytes().all(allowed)).then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::host;
    use axum::http::{HeaderMap, HeaderValue, Uri};

    #[test]
    fn a_host_that_could_break_out_of_an_address_is_refused() {
        let uri = Uri::from_static("/x");
        let named = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static(value));
            host(&headers, &uri)
        };
        assert_eq!(named("LocalHost:80").as_deref(), Some("localhost:80"));
        assert_eq!(named("[::1]:80").as_deref(), Some("[::1]:80"));
        for broken in ["", "a>b", "a\"b", "a/b", "a b", "user@host"] {
            assert_eq!(named(broken), None, "{broken}");
        }
        assert_eq!(
            host(&HeaderMap::new(), &Uri::from_static("https://h2.example:8/x")).as_deref(),
            Some("h2.example:8")
        );
    }
}
