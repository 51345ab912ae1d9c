//! Access tokens: what a session is proved by.
//!
//! A token is base64url of 8 bytes of owner (an account's id, or an app's position) and 32 random bytes, so any machine
//! knows the home that can check it, and who the viewer is, before asking.
//!
//! **Invariant:** only the SHA-256 of the random bytes leaves this process (rule P2); the token goes to its owner, once.
//! **Invariant:** a token here is only well formed; whether it is valid is said by the home, with each verb (rule P1).

use crate::error::Error;
use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

const OWNER_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;

/// A token in its owner's hands.
#[derive(Clone)]
pub(crate) struct Secret {
    text: Zeroizing<String>,
    owner: u64,
    hash: [u8; 32],
}

impl Secret {
    /// A new one for this owner.
    pub(crate) fn new(owner: u64) -> Self {
        let mut bytes = Zeroizing::new([0; OWNER_BYTES + SECRET_BYTES]);
        bytes[..OWNER_BYTES].copy_from_slice(&owner.to_be_bytes());
        rand::fill(&mut bytes[OWNER_BYTES..]);
        Self {
            text: Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)),
            owner,
            hash: hash(&bytes[OWNER_BYTES..]),
        }
    }

    /// Another secret, for another owner, which follows from this one and a key: the same each time, and unknown to whoever has only the key.
    pub(crate) fn child(&self, owner: u64, key: &[u8]) -> Self {
        let drawn = Sha256::new()
            .chain_update("child of a secret")
            .chain_update([0])
            .chain_update(self.text.as_bytes())
            .chain_update(key)
            .finalize();
        let mut bytes = Zeroizing::new([0; OWNER_BYTES + SECRET_BYTES]);
        bytes[..OWNER_BYTES].copy_from_slice(&owner.to_be_bytes());
        bytes[OWNER_BYTES..].copy_from_slice(&drawn);
        Self {
            text: Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)),
            owner,
            hash: hash(&bytes[OWNER_BYTES..]),
        }
    }

    /// The token that somebody presents; none if it cannot be one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let owner = bytes.first_chunk::<OWNER_BYTES>()?;
        if bytes.len() != OWNER_BYTES + SECRET_BYTES {
            return None;
        }
        let hash = hash(&bytes[OWNER_BYTES..]);
        Some(Self {
            owner: u64::from_be_bytes(*owner),
            hash,
            text: Zeroizing::new(text.to_owned()),
        })
    }

    /// The same secret in the hands of another owner: an account's id is known only after its first session was made.
    pub(crate) fn of(&self, owner: u64) -> Option<Self> {
        let mut bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(&*self.text).ok()?);
        bytes
            .get_mut(..OWNER_BYTES)?
            .copy_from_slice(&owner.to_be_bytes());
        Self::parse(&URL_SAFE_NO_PAD.encode(&*bytes))
    }

    /// What the owner keeps.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whose it is, if it is valid.
    pub(crate) fn owner(&self) -> u64 {
        self.owner
    }

    /// What the ring keeps.
    pub(crate) fn hash(&self) -> [u8; 32] {
        self.hash
    }
}

fn hash(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

/// The token of a request: `Authorization: Bearer …`, or `access_token` in the query string.
pub(crate) fn presented(parts: &Parts) -> Option<Secret> {
    if let Some(header) = parts.headers.get(header::AUTHORIZATION) {
        let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
        return scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| Secret::parse(token.trim()))?;
    }
    let pairs = form_urlencoded::parse(parts.uri.query()?.as_bytes());
    let (_, token) = pairs.into_iter().find(|(name, _)| name == "access_token")?;
    Secret::parse(&token)
}

impl<S: Send + Sync> FromRequestParts<S> for Secret {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        presented(parts).ok_or(Error::NoToken)
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, presented};
    use axum::http::Request;

    #[test]
    fn a_token_names_its_owner_and_is_kept_as_a_hash() {
        let token = Secret::new(0x0123_4567_89ab_cdef);
        let again = Secret::parse(token.text()).expect("a token");
        assert_eq!((again.owner(), again.hash()), (token.owner(), token.hash()));
        assert_eq!(again.owner(), 0x0123_4567_89ab_cdef);
        assert_ne!(Secret::new(1).hash(), Secret::new(1).hash());
        let given = Secret::new(0).of(9).expect("a token");
        assert_eq!(given.owner(), 9);
        assert_eq!(given.hash(), given.of(3).expect("a token").hash());
        assert!(!format!("{token:?}").contains(token.text()));
    }

    #[test]
    fn forged_tokens_are_not_tokens() {
        let long = "A".repeat(4000);
        for forged in ["", "short", "ñandú", long.as_str(), "AAAA AAAA"] {
            assert!(Secret::parse(forged).is_none(), "{forged}");
        }
    }

    #[test]
    fn it_is_found_in_the_header_or_the_query() {
        let token = Secret::new(7);
        let by_query = Request::get(format!("/?a=b&access_token={}", token.text()))
            .body(())
            .expect("a request");
        assert!(presented(&by_query.into_parts().0).is_some());
        for (value, found) in [
            (format!("bearer {}", token.text()), true),
            (format!("Basic {}", token.text()), false),
        ] {
            let request = Request::get("/")
                .header("authorization", value)
                .body(())
                .expect("a request");
            assert_eq!(presented(&request.into_parts().0).is_some(), found);
        }
    }
}
