//! Who asks, and for what: the parts of a request that handlers share.

use crate::error::Error;
use crate::lenient::Fields;
use crate::service::Service;
use crate::shell;
use crate::token::{Secret, presented};
use axum::extract::{FromRequestParts, OptionalFromRequestParts, RawPathParams};
use axum::http::header;
use axum::http::request::Parts;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use tertulia_state::page::Page;
use tertulia_state::request::RequestKey;
use tertulia_state::session::{Actor, SecretHash};
use tertulia_types::{AccountId, Rejected};

/// A person with a token. Whether it is valid is said by their home, with each verb (rule P1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller(pub(crate) Actor);

impl Caller {
    /// Of a token that belongs to a person; an app's own token is none.
    pub(crate) fn of(token: &Secret) -> Option<Self> {
        let account = AccountId::from_number(i64::try_from(token.owner()).ok()?)?;
        Some(Self(Actor {
            account,
            session: SecretHash(token.hash()),
        }))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        presented(parts).as_ref().and_then(Self::of).ok_or(Error::NoToken)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Error;

    /// Nobody, if there is no token at all or only an app's own; a token that cannot be one is refused.
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Error> {
        match presented(parts) {
            Some(token) => Ok(Self::of(&token)),
            None if parts.headers.contains_key(header::AUTHORIZATION) => Err(Error::NoToken),
            None => Ok(None),
        }
    }
}

/// The id in the path. What cannot be an id is not there.
pub(crate) struct At<T>(pub(crate) T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Rejected::NotFound)?;
        let (_, id) = params.iter().next().ok_or(Rejected::NotFound)?;
        Ok(Self(id.parse().map_err(|_| Rejected::NotFound)?))
    }
}

/// Which part of a list, and how much of it.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct Paging {
    /// Only what is older than this id.
    max_id: Option<String>,
    /// Only what is newer than this id; the newest of it.
    since_id: Option<String>,
    /// Only what is newer than this id; what comes right after it.
    min_id: Option<String>,
    /// How many: 20 if not said, at most 40 (80 for people).
    limit: Option<u32>,
}

impl Paging {
    /// As the homes understand it.
    pub(crate) fn page(&self, limit: u32, limit_max: u32) -> Result<Page, Error> {
        Ok(Page {
            max_id: bound(self.max_id.as_deref())?,
            since_id: bound(self.since_id.as_deref())?,
            min_id: bound(self.min_id.as_deref())?,
            limit: self.limit.unwrap_or(limit).clamp(1, limit_max),
        })
    }
}

fn bound(id: Option<&str>) -> Result<Option<i64>, Error> {
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    let number = id.parse().ok().filter(|number: &i64| *number >= 0);
    number
        .map(Some)
        .ok_or_else(|| Error::Invalid(format!("{id:?} is not an id")))
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        let mut fields = Fields::default();
        fields.add_urlencoded(parts.uri.query().unwrap_or_default().as_bytes())?;
        fields.read().map_err(|error| Error::Invalid(error.to_string()))
    }
}

/// Under which key a repeat of this request gets the same answer: the client's `Idempotency-Key` for this method and path, or a random one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Once(pub(crate) RequestKey);

impl<S: Send + Sync> FromRequestParts<S> for Once {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let Some(key) = parts.headers.get("idempotency-key").filter(|key| !key.is_empty()) else {
            return Ok(Self(RequestKey(rand::random())));
        };
        // The same key at another address is another request.
        let digest: [u8; 32] = Sha256::new()
            .chain_update(parts.method.as_str())
            .chain_update([0])
            .chain_update(parts.uri.path())
            .chain_update([0])
            .chain_update(key.as_bytes())
            .finalize()
            .into();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        Ok(Self(RequestKey(first)))
    }
}

/// The address that the request comes from, for limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address(pub(crate) IpAddr);

impl FromRequestParts<Arc<Service>> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Infallible> {
        Ok(Self(shell::address(service, parts)))
    }
}
