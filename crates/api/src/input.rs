//! The parameters of a request: query string and body together, whatever the body's type (W2 in docs/apps.md).
//!
//! **Invariant:** at most [`BODY_BYTES_MAX`] are read where a handler does not ask for more, in at most [`BODY_TIME_MAX`]; who sends more or slower gets a
//! JSON error, and the connection is done with.

use crate::error::Error;
use crate::lenient::{Fields, TooMany};
use axum::RequestExt;
use axum::body::{Body, Bytes};
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header;
use bytes::BytesMut;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// Far above the longest dweet or the longest list of ids.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;
/// So much more is read and thrown away, so that a client which sends all before it reads gets to see the refusal.
const DISCARDED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A body of that size arrives in this time even over a poor link.
const BODY_TIME_MAX: Duration = Duration::from_secs(15);

/// The parameters of a request as the struct that the handler asks for, from a body of so many bytes at most.
pub(crate) struct Input<T, const BYTES_MAX: usize = BODY_BYTES_MAX>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync, const BYTES_MAX: usize> FromRequest<S> for Input<T, BYTES_MAX> {
    type Rejection = Error;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Error> {
        let mut fields = Fields::default();
        if let Some(query) = request.uri().query() {
            fields.add_urlencoded(query.as_bytes())?;
        }
        let arriving = tokio::time::timeout(BODY_TIME_MAX, add_body(&mut fields, request, BYTES_MAX));
        arriving.await.map_err(|_| Error::TooSlow)??;
        fields
            .read()
            .map(Self)
            .map_err(|error| Error::Invalid(error.to_string()))
    }
}

async fn add_body(fields: &mut Fields, request: Request, bytes_max: usize) -> Result<(), Error> {
    let declared = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let kind = declared
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if kind == "multipart/form-data" {
        return add_multipart(fields, request, bytes_max).await;
    }
    let body = whole(request.into_body(), bytes_max).await?;
    if body.is_empty() {
        return Ok(());
    }
    match kind.as_str() {
        "application/x-www-form-urlencoded" => Ok(fields.add_urlencoded(&body)?),
        "application/json" => match serde_json::from_slice(&body) {
            Ok(Value::Object(object)) => {
                fields.add_json(object);
                Ok(())
            }
            Ok(Value::Null) => Ok(()),
            Ok(_) => Err(Error::Malformed("the JSON is not an object".to_owned())),
            Err(error) => Err(Error::Malformed(format!("the JSON is broken: {error}"))),
        },
        _ => Err(Error::UnknownType),
    }
}

async fn whole(body: Body, bytes_max: usize) -> Result<Bytes, Error> {
    let mut body = Limited::new(body, DISCARDED_BYTES_MAX);
    let mut read = BytesMut::new();
    let mut fits = true;
    while let Some(frame) = body.frame().await {
        let Some(data) = frame
            .map_err(|error| broke_off(error, bytes_max))?
            .into_data()
            .ok()
        else {
            continue;
        };
        fits = fits && read.len() + data.len() <= bytes_max;
        if fits {
            read.extend_from_slice(&data);
        }
    }
    if fits {
        Ok(read.freeze())
    } else {
        Err(Error::TooLarge(bytes_max))
    }
}

fn broke_off(error: Box<dyn std::error::Error + Send + Sync>, bytes_max: usize) -> Error {
    if error.is::<LengthLimitError>() {
        return Error::TooLarge(bytes_max);
    }
    Error::Malformed(format!("the body broke off: {error}"))
}

/// Text parts are parameters; files are passed over, for this service keeps none.
async fn add_multipart(fields: &mut Fields, request: Request, bytes_max: usize) -> Result<(), Error> {
    let (head, body) = request.into_parts();
    let request = Request::from_parts(head, Body::from(whole(body, bytes_max).await?));
    let broken = |reason: String| Error::Malformed(format!("the form is broken: {reason}"));
    let mut parts: Multipart = request
        .extract()
        .await
        .map_err(|error| broken(format!("{error}")))?;
    let broken = |error: MultipartError| broken(error.body_text());
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = part.file_name().is_some();
        let text = part.bytes().await.map_err(broken)?;
        if !is_file {
            let text = String::from_utf8(text.to_vec());
            fields.add(
                &name,
                text.map_err(|_| Error::Malformed(format!("{name:?} is not UTF-8")))?,
            )?;
        }
    }
    Ok(())
}

impl From<TooMany> for Error {
    fn from(_: TooMany) -> Self {
        Self::Malformed("too many parameters".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{BODY_BYTES_MAX, Input};
    use crate::error::Error;
    use axum::body::Body;
    use axum::extract::{FromRequest, Request};
    use axum::response::IntoResponse;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Asked {
        status: String,
        #[serde(default)]
        media_ids: Vec<String>,
        #[serde(default)]
        sensitive: bool,
    }

    async fn read(kind: &str, body: impl Into<Body>) -> Result<Asked, Error> {
        let mut request = Request::builder().method("POST").uri("/?sensitive=1");
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let request = request.body(body.into()).expect("a request");
        <Input<Asked>>::from_request(request, &())
            .await
            .map(|Input(asked)| asked)
    }

    fn status(refused: Result<Asked, Error>) -> u16 {
        refused.expect_err("refused").into_response().status().as_u16()
    }

    #[tokio::test]
    async fn w2_one_struct_from_three_kinds_of_body() {
        let multipart = "--x\r\nContent-Disposition: form-data; name=\"status\"\r\n\r\nhola\r\n\
            --x\r\nContent-Disposition: form-data; name=\"media_ids[]\"\r\n\r\n7\r\n\
            --x\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"a.png\"\r\n\r\n\u{1}\r\n--x--\r\n";
        for (kind, body) in [
            (
                "application/json; charset=utf-8",
                r#"{"status":"hola","media_ids":["7"]}"#,
            ),
            ("application/x-www-form-urlencoded", "status=hola&media_ids[]=7"),
            ("multipart/form-data; boundary=x", multipart),
        ] {
            let asked = read(kind, body).await.expect("readable");
            let media_ids = vec!["7".to_owned()];
            assert_eq!(
                asked,
                Asked {
                    status: "hola".to_owned(),
                    media_ids,
                    sensitive: true
                },
                "{kind}"
            );
        }
    }

    #[tokio::test]
    async fn bad_bodies_are_told_apart() {
        assert_eq!(status(read("application/json", "{\"status\":").await), 400);
        assert_eq!(status(read("application/json", "[]").await), 400);
        assert_eq!(
            status(read("application/json", r#"{"status":{"a":1}}"#).await),
            422
        );
        assert_eq!(status(read("application/json", "").await), 422);
        assert_eq!(status(read("text/plain", "hola").await), 415);
        assert_eq!(status(read("", "hola").await), 415);
        assert_eq!(
            status(read("multipart/form-data; boundary=x", "--x\r\nbroken").await),
            400
        );
        assert_eq!(status(read("multipart/form-data", "").await), 400);
        let huge = format!("status={}", "x".repeat(BODY_BYTES_MAX));
        assert_eq!(
            status(read("application/x-www-form-urlencoded", huge.clone()).await),
            413
        );
        let huge =
            format!("--x\r\nContent-Disposition: form-data; name=\"status\"\r\n\r\n{huge}\r\n--x--\r\n");
        assert_eq!(status(read("multipart/form-data; boundary=x", huge).await), 413);
        let deep = "[".repeat(100_000);
        assert_eq!(
            status(read("application/json", format!("{{\"status\":{deep}")).await),
            400
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_is_given_up() {
        let never = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
        assert_eq!(
            status(read("application/json", Body::from_stream(never)).await),
            408
        );
    }
}
