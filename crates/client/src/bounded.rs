//! Answers are read to a limit, whoever sends them.

use crate::failure::Why;
use reqwest::Response;

/// Reads an answer, but no more than `bytes_max`.
pub(crate) async fn body(mut response: Response, bytes_max: usize) -> Result<Vec<u8>, Why> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| why(&error))? {
        if bytes.len() + chunk.len() > bytes_max {
            return Err(Why::Nonsense);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Why nothing came.
pub(crate) fn why(error: &reqwest::Error) -> Why {
    if error.is_timeout() {
        Why::TimedOut
    } else {
        Why::NoConnection
    }
}
