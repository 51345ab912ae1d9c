//! What is answered when the answer is no: one type, one table of status and code, always JSON.
//!
//! **Invariant:** the body of every refusal is `{"error", "code"}` (OAuth's and registration's have more); `error` tells
//! a person what happened and what to do, `code` tells a program.
//! **Invariant:** what went wrong inside (a fault, a panic) is logged, and never shown.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::time::Duration;
use tertulia_types::Rejected;
use tertulia_types::text::Unfit;

/// Why a request is not answered with what it asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A home said no.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// No home answered in time; the request may be repeated.
    #[error("the ring cannot answer right now; try again in a moment")]
    Unavailable,
    /// Too much work of this kind is waiting.
    #[error("too busy at the moment; try again in {} s", .0.as_secs())]
    Busy(Duration),
    /// Too many requests from this account or address.
    #[error("too many requests; try again in {} s", .0.as_secs().max(1))]
    TooMany(Duration),
    /// The request cannot be read.
    #[error("the request cannot be read: {0}")]
    Malformed(String),
    /// It can be read, but a parameter is missing or nonsense.
    #[error("{0}")]
    Invalid(String),
    /// A text that is empty, too long or has control characters.
    #[error("Validation failed: {0}")]
    Unfit(#[from] Unfit),
    /// A registration with faults, by parameter: name of the parameter, Mastodon's code, what to tell the person.
    #[error("Validation failed: {}", .0.iter().map(|fault| fault.2.as_str()).collect::<Vec<_>>().join(", "))]
    Registration(Vec<(&'static str, &'static str, String)>),
    /// The body is of a kind that is not read here.
    #[error("send application/json, application/x-www-form-urlencoded or multipart/form-data")]
    UnknownType,
    /// The body is larger than any request needs.
    #[error("the request is larger than {0} bytes")]
    TooLarge(usize),
    /// The body did not arrive in time.
    #[error("the request took too long to arrive")]
    TooSlow,
    /// The password of the one who asks is wrong; their session is not at fault.
    #[error("the password is wrong")]
    WrongOwnPassword,
    /// A token is needed, and there is none that could be one.
    #[error("The access token is invalid: log in")]
    NoToken,
    /// Nothing has this path.
    #[error("there is nothing at this address")]
    NoSuchPath,
    /// The path exists, the method does not.
    #[error("this address does not know that method")]
    NoSuchMethod,
    /// Mastodon has it, this service does not.
    #[error("{0}")]
    NotHere(&'static str),
    /// OAuth's own way to say no.
    #[error("{description}")]
    OAuth {
        /// 400 or 401.
        status: StatusCode,
        /// The standard's code.
        code: &'static str,
        /// For a person.
        description: String,
    },
    /// A bug, or the machine is sick; logged where it happened.
    #[error("something went wrong here; it was written to the log")]
    Internal,
}

impl Error {
    /// The table: status and machine-readable code.
    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Rejected(rejected) => rejection(rejected),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed"),
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Self::Unfit(Unfit::Empty) => (StatusCode::UNPROCESSABLE_ENTITY, "text_empty"),
            Self::Unfit(Unfit::TooLong { .. } | Unfit::TooLarge { .. }) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "text_too_long")
            }
            Self::Unfit(Unfit::Control(_)) => (StatusCode::UNPROCESSABLE_ENTITY, "text_control_character"),
            Self::Registration(faults) => {
                let taken = faults.iter().any(|fault| fault.1 == "ERR_TAKEN");
                (
                    StatusCode::UNPROCESSABLE_ENTITY,
                    if taken { "nick_taken" } else { "invalid" },
                )
            }
            Self::UnknownType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown_type"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too_slow"),
            Self::WrongOwnPassword => (StatusCode::FORBIDDEN, "wrong_password"),
            Self::NoToken => (StatusCode::UNAUTHORIZED, "no_session"),
            Self::NoSuchPath => (StatusCode::NOT_FOUND, "no_such_path"),
            Self::NoSuchMethod => (StatusCode::METHOD_NOT_ALLOWED, "no_such_method"),
            Self::NotHere(_) => (StatusCode::UNPROCESSABLE_ENTITY, "not_here"),
            Self::OAuth { status, code, .. } => (*status, code),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// The code, for a program.
    pub(crate) fn code(&self) -> &'static str {
        self.status().1
    }

    fn retry_after(&self) -> Option<Duration> {
        if let Self::Busy(wait) | Self::TooMany(wait) = self {
            return Some(*wait);
        }
        matches!(self, Self::Unavailable).then_some(Duration::from_secs(1))
    }

    fn body(&self, code: &'static str) -> Value {
        let mut body = Map::new();
        if matches!(self, Self::OAuth { .. }) {
            body.insert("error".to_owned(), json!(code));
            body.insert("error_description".to_owned(), json!(self.to_string()));
        } else {
            body.insert("error".to_owned(), json!(self.to_string()));
        }
        body.insert("code".to_owned(), json!(code));
        if let Self::Registration(faults) = self {
            let mut details: Map<String, Value> = Map::new();
            for (parameter, error, description) in faults {
                let list = details.entry(*parameter).or_insert_with(|| json!([]));
                if let Value::Array(list) = list {
                    list.push(json!({ "error": error, "description": description }));
                }
            }
            body.insert("details".to_owned(), Value::Object(details));
        }
        Value::Object(body)
    }
}

fn rejection(rejected: &Rejected) -> (StatusCode, &'static str) {
    match rejected {
        // The router follows these; one that arrives here has given up.
        Rejected::Moved { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Rejected::NickTaken => (StatusCode::UNPROCESSABLE_ENTITY, "nick_taken"),
        Rejected::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        Rejected::NoSession => (StatusCode::UNAUTHORIZED, "no_session"),
        Rejected::OutOfScope => (StatusCode::FORBIDDEN, "out_of_scope"),
        Rejected::WrongPassword => (StatusCode::UNAUTHORIZED, "wrong_password"),
        Rejected::Blocked => (StatusCode::FORBIDDEN, "blocked"),
        Rejected::Oneself => (StatusCode::UNPROCESSABLE_ENTITY, "oneself"),
        Rejected::Limit(_) => (StatusCode::UNPROCESSABLE_ENTITY, "limit"),
        Rejected::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        Rejected::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "key_reused"),
        Rejected::Conflict => (StatusCode::CONFLICT, "conflict"),
        // Between machines only.
        Rejected::EndTaken | Rejected::Indivisible => (StatusCode::CONFLICT, "conflict"),
        Rejected::Forbidden => (StatusCode::UNPROCESSABLE_ENTITY, "forbidden"),
        Rejected::StaleDevices => (StatusCode::CONFLICT, "stale_devices"),
        Rejected::NoDevice => (StatusCode::GONE, "no_device"),
        Rejected::Suspended => (StatusCode::FORBIDDEN, "suspended"),
        Rejected::RoleNeeded => (StatusCode::FORBIDDEN, "role_needed"),
        Rejected::RegistrationClosed => (StatusCode::FORBIDDEN, "registration_closed"),
        Rejected::InvitationNeeded => (StatusCode::FORBIDDEN, "invitation_needed"),
        Rejected::BadInvitation => (StatusCode::UNPROCESSABLE_ENTITY, "bad_invitation"),
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        if status.is_server_error() {
            tracing::warn!(%status, code, error = %self, "not answered");
        } else {
            tracing::debug!(%status, code, error = %self, "refused");
        }
        let mut response = (status, Json(self.body(code))).into_response();
        if let Some(wait) = self.retry_after() {
            let seconds = HeaderValue::from(wait.as_secs().max(1));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        if status == StatusCode::UNAUTHORIZED {
            const CHALLENGE: (HeaderName, HeaderValue) = (
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"tertulia\""),
            );
            response.headers_mut().insert(CHALLENGE.0, CHALLENGE.1);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::Error;
    use axum::body::to_bytes;
    use axum::http::StatusCode;
    use axum::response::IntoResponse;
    use serde_json::{Value, json};
    use std::time::Duration;
    use tertulia_types::Rejected;

    async fn shown(error: Error) -> (StatusCode, Option<String>, Value) {
        let response = error.into_response();
        let status = response.status();
        let retry = response
            .headers()
            .get("retry-after")
            .map(|wait| wait.to_str().expect("text").to_owned());
        let body = to_bytes(response.into_body(), 10_000).await.expect("a body");
        (status, retry, serde_json::from_slice(&body).expect("JSON"))
    }

    #[tokio::test]
    async fn refusals_are_json_with_a_code() {
        let (status, _, body) = shown(Rejected::NotFound.into()).await;
        assert_eq!(
            (status, body),
            (
                StatusCode::NOT_FOUND,
                json!({"error": "not found", "code": "not_found"})
            )
        );
        let (status, retry, body) = shown(Error::Busy(Duration::from_secs(3))).await;
        assert_eq!(
            (status, retry.as_deref()),
            (StatusCode::SERVICE_UNAVAILABLE, Some("3"))
        );
        assert_eq!(body["code"], "busy");
    }

    #[tokio::test]
    async fn registration_names_the_parameter() {
        let taken = ("username", "ERR_TAKEN", "this nick is taken".to_owned());
        let (status, _, body) = shown(Error::Registration(vec![taken])).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(body["code"], "nick_taken");
        assert_eq!(body["details"]["username"][0]["error"], "ERR_TAKEN");
    }

    #[tokio::test]
    async fn oauth_says_no_in_its_own_words() {
        let description = "unknown code".to_owned();
        let (status, _, body) = shown(Error::OAuth {
            status: StatusCode::BAD_REQUEST,
            code: "invalid_grant",
            description,
        })
        .await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(
            (&body["error"], &body["error_description"]),
            (&json!("invalid_grant"), &json!("unknown code"))
        );
    }
}
