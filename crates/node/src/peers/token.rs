//! A join token: with it, a machine is let in.
//!
//! Any storage machine makes one, offline; any member can check it, for it is sealed by the ring's CA (J8). It carries the CA's fingerprint, so that the newcomer
//! knows whom to trust before it says anything. As text it is `tt1-` and base64url of its parts and a checksum: a slip of the keyboard is told apart from a forgery.
//!
//! Deliberately absent: using a token up. Several machines may enter with one until it expires, which is how one sets up a room full of them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tertulia_types::{MachineId, Role};

use super::authority::{Authority, AuthorityError, Ca, Fingerprint};
use super::ring_id::RingId;
use crate::key::Signature;

/// How long a token is good for, if nobody says otherwise.
pub const TOKEN_LIFE: Duration = Duration::from_secs(24 * 3600);

const PREFIX: &str = "tt1-";
const CONTEXT: &str = "join token 1";
const CHECKSUM_BYTES: usize = 4;
/// No token is longer.
const TEXT_LENGTH_MAX: usize = 512;

/// Why a token does not open the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum TokenError {
    /// It is something else.
    #[error(
        "this is no join token: a token begins with {PREFIX}; copy it from what `tertulia token` printed"
    )]
    NoToken,
    /// A character is wrong or missing.
    #[error(
        "the join token is damaged: a character is wrong or missing; copy the whole of it from what `tertulia token` printed"
    )]
    Mistyped,
    /// Too late.
    #[error("the join token expired {} ago; make a new one on a machine of the ring with `tertulia token` (or set the clock, if it is wrong)", spoken(*.since))]
    Expired {
        /// Since when.
        since: Duration,
    },
    /// It opens another door.
    #[error(
        "the join token is for ring {token}, and this is ring {here}; give the address of a machine of that ring, or a token of this one"
    )]
    ForeignRing {
        /// The token's ring.
        token: RingId,
        /// Where it was shown.
        here: RingId,
    },
    /// The ring did not make it.
    #[error(
        "the join token was not made by this ring; make one on a machine of the ring with `tertulia token`"
    )]
    Forged,
    /// It allows something else.
    #[error("the join token lets a machine in as {allowed} only, and this one wants to be a {asked}; join as {allowed}, or make another token with `tertulia token`", allowed = word(*.allowed), asked = word(*.asked))]
    Role {
        /// What it allows.
        allowed: Role,
        /// What was wanted.
        asked: Role,
    },
    /// Its maker was removed from the ring.
    #[error(
        "the join token was made by machine {0}, which has been removed from the ring; make a new one on another machine with `tertulia token`"
    )]
    MakerRemoved(MachineId),
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Node => "node",
        Role::Replica => "replica",
        Role::Gateway => "gateway",
    }
}

fn spoken(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..120 => format!("{seconds} seconds"),
        seconds @ ..7_200 => format!("{} minutes", seconds / 60),
        seconds @ ..172_800 => format!("{} hours", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Which ring it opens.
    pub ring: RingId,
    /// The ring's CA.
    pub ca: [u8; 32],
    /// As what a machine may enter; `None`: as anything.
    pub role: Option<Role>,
    /// When it ends, in seconds since 1970.
    pub expires_s: u64,
    /// Who made it.
    pub maker: MachineId,
    /// Random, so that no two are alike.
    pub nonce: u64,
    seal: Option<Signature>,
}

impl Token {
    /// A new token. `now` counts from 1970.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn make(
        (ring, authority): (RingId, &Authority),
        maker: MachineId,
        role: Option<Role>,
        now: Duration,
        valid_for: Duration,
    ) -> Result<Self, AuthorityError> {
        let mut token = Self {
            ring,
            ca: authority.ca().fingerprint().0,
            role,
            expires_s: now.saturating_add(valid_for).as_secs(),
            maker,
            nonce: rand::random(),
            seal: None,
        };
        token.seal = Some(authority.seal(CONTEXT, &token.sealed())?);
        Ok(token)
    }

    /// The CA that a newcomer trusts by this token.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.ca)
    }

    /// Whether it lets a machine in, here and now.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, (ring, ca): (RingId, &Ca), asked: Role, now: Duration) -> Result<(), TokenError> {
        if self.ring != ring {
            return Err(TokenError::ForeignRing {
                token: self.ring,
                here: ring,
            });
        }
        let is_ours = self
            .seal
            .is_some_and(|seal| ca.has_sealed(CONTEXT, &self.sealed(), &seal));
        if !is_ours {
            return Err(TokenError::Forged);
        }
        if let Some(since) = now.checked_sub(Duration::from_secs(self.expires_s)) {
            return Err(TokenError::Expired { since });
        }
        match self.role {
            Some(allowed) if allowed != asked => Err(TokenError::Role { allowed, asked }),
            _ => Ok(()),
        }
    }

    /// What is sealed: all but the seal.
    fn sealed(&self) -> Vec<u8> {
        let parts = (
            self.ring,
            self.ca,
            self.role,
            self.expires_s,
            self.maker,
            self.nonce,
        );
        postcard::to_stdvec(&parts).expect("numbers can be encoded")
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = postcard::to_stdvec(self).map_err(|_| fmt::Error)?;
        bytes.extend(checksum(&bytes));
        write!(f, "{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let body = text.trim().strip_prefix(PREFIX).ok_or(TokenError::NoToken)?;
        if body.len() > TEXT_LENGTH_MAX {
            return Err(TokenError::Mistyped);
        }
        let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| TokenError::Mistyped)?;
        let (parts, sum) = bytes
            .len()
            .checked_sub(CHECKSUM_BYTES)
            .and_then(|at| bytes.split_at_checked(at))
            .ok_or(TokenError::Mistyped)?;
        if checksum(parts) != *sum {
            return Err(TokenError::Mistyped);
        }
        match postcard::take_from_bytes(parts) {
            Ok((token, [])) => Ok(token),
            _ => Err(TokenError::Mistyped),
        }
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Sha256::digest(bytes);
    [digest[0], digest[1], digest[2], digest[3]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Duration = Duration::from_secs(1_800_000_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn token(authority: &Authority, role: Option<Role>) -> Token {
        Token::make((RingId(7), authority), MachineId(9), role, NOW, HOUR).unwrap()
    }

    #[test]
    fn j8_a_token_opens_one_ring_for_a_while_and_a_role() {
        let authority = Authority::make().unwrap();
        let here = (RingId(7), authority.ca());
        let any = token(&authority, None);
        for role in [Role::Node, Role::Replica, Role::Gateway] {
            assert_eq!(any.check(here, role, NOW), Ok(()));
        }
        let gateway = token(&authority, Some(Role::Gateway));
        assert_eq!(gateway.check(here, Role::Gateway, NOW), Ok(()));
        assert!(matches!(
            gateway.check(here, Role::Node, NOW),
            Err(TokenError::Role {
                allowed: Role::Gateway,
                asked: Role::Node
            })
        ));
        assert_eq!(
            any.check(here, Role::Node, NOW + HOUR * 3),
            Err(TokenError::Expired { since: HOUR * 2 })
        );
        assert!(matches!(
            any.check((RingId(8), authority.ca()), Role::Node, NOW),
            Err(TokenError::ForeignRing { .. })
        ));
        let other = Authority::make().unwrap();
        assert_eq!(
            any.check((RingId(7), other.ca()), Role::Node, NOW),
            Err(TokenError::Forged)
        );
    }

    #[test]
    fn j8_what_a_token_allows_cannot_be_changed_by_its_holder() {
        let authority = Authority::make().unwrap();
        let here = (RingId(7), authority.ca());
        let token = token(&authority, Some(Role::Gateway));
        let changes: [fn(&mut Token); 5] = [
            |token| token.role = None,
            |token| token.expires_s += 1,
            |token| token.maker.0 += 1,
            |token| token.nonce += 1,
            |token| token.seal = None,
        ];
        for change in changes {
            let mut changed = token.clone();
            change(&mut changed);
            let changed: Token = changed.to_string().parse().unwrap();
            assert_eq!(changed.check(here, Role::Gateway, NOW), Err(TokenError::Forged));
        }
    }

    #[test]
    fn what_is_no_token_is_told_apart_from_a_damaged_one() {
        let text = token(&Authority::make().unwrap(), None).to_string();
        assert!(text.len() < 250, "{text}");
        assert_eq!(format!(" {text}\n").parse::<Token>().unwrap().to_string(), text);
        assert_eq!("".parse::<Token>(), Err(TokenError::NoToken));
        assert_eq!("hunter2".parse::<Token>(), Err(TokenError::NoToken));
        let tail = &text[PREFIX.len()..];
        assert_eq!(tail.parse::<Token>(), Err(TokenError::NoToken));
        for damaged in [
            &text[..text.len() - 1],
            &text[..10],
            PREFIX,
            &text.replace(&tail[20..22], ""),
        ] {
            assert_eq!(damaged.parse::<Token>(), Err(TokenError::Mistyped), "{damaged}");
        }
    }

    proptest! {
        #[test]
        fn a_wrong_character_is_noticed(at in 4_usize..150, to in "[A-Za-z0-9_-]") {
            let text = token(&Authority::make().unwrap(), None).to_string();
            let mut wrong = text.clone();
            wrong.replace_range(at..=at, &to);
            prop_assume!(wrong != text);
            prop_assert_eq!(wrong.parse::<Token>(), Err(TokenError::Mistyped));
        }

        #[test]
        fn nonsense_is_no_token(text in "tt1-[A-Za-z0-9_-]{0,600}") {
            prop_assert!(text.parse::<Token>().is_err());
        }
    }
}
