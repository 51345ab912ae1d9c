//! A join token: with it, a machine is let in.
//!
//! Any storage machine makes one, offline, and any other can check it: its secret follows from its terms and the key of the ring's CA, which only these have (J8).
//! The terms carry the CA's fingerprint, so that the newcomer knows whom to trust before it says anything. As text it is `tt1-` and base64url of its parts and a
//! checksum: a slip of the keyboard is told apart from a forgery.
//!
//! **Invariant:** the secret leaves the newcomer only as a proof for one connection. A gateway, or who has a certificate of the ring and stands where a member was,
//! learns nothing from it with which to enter.
//!
//! Deliberately absent: using a token up. Several machines may enter with one until it expires, which is how one sets up a room full of them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tertulia_types::{MachineId, Role};

use super::authority::{Authority, Fingerprint};
use super::ring_id::RingId;

/// How long a token is good for, if nobody says otherwise.
pub const TOKEN_LIFE: Duration = Duration::from_secs(24 * 3600);

const PREFIX: &str = "tt1-";
const CONTEXT: &str = "join token 1";
/// Bytes of a token's secret, and of a proof that one has it.
const SECRET_BYTES: usize = 32;
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

/// What a token says: no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
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
}

/// A token.
#[derive(Clone, Serialize, Deserialize)]
pub struct Token {
    /// What it says.
    pub terms: Terms,
    secret: Secret,
}

/// What makes terms a token. It is compared by what it proves, and not shown.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Secret([u8; SECRET_BYTES]);

/// Proves that one has a token, for what it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proof([u8; SECRET_BYTES]);

impl Token {
    /// A new token. `now` counts from 1970.
    #[must_use]
    pub fn make(
        (ring, authority): (RingId, &Authority),
        maker: MachineId,
        role: Option<Role>,
        now: Duration,
        valid_for: Duration,
    ) -> Self {
        let terms = Terms {
            ring,
            ca: authority.ca().fingerprint().0,
            role,
            expires_s: now.saturating_add(valid_for).as_secs(),
            maker,
            nonce: rand::random(),
        };
        let secret = terms.secret(authority);
        Self { terms, secret }
    }

    /// The CA that a newcomer trusts by this token.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.terms.ca)
    }

    /// Proves that one has it.
    pub(crate) fn prove(&self, what: &[u8]) -> Proof {
        let tag = hmac::sign(&self.secret.key(), what);
        let mut proof = [0; SECRET_BYTES];
        proof.copy_from_slice(tag.as_ref());
        Proof(proof)
    }
}

impl Terms {
    /// Whether who shows these terms has the token, and whether it lets a machine in, here and now. `is_proved` says whether the secret was proved.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn check(
        &self,
        (ring, authority): (RingId, &Authority),
        is_proved: impl FnOnce(&Secret) -> bool,
        asked: Role,
        now: Duration,
    ) -> Result<(), TokenError> {
        if self.ring != ring {
            return Err(TokenError::ForeignRing {
                token: self.ring,
                here: ring,
            });
        }
        if !is_proved(&self.secret(authority)) {
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

    fn secret(&self, authority: &Authority) -> Secret {
        let terms = postcard::to_stdvec(self).expect("numbers can be encoded");
        Secret(authority.secret(CONTEXT, &terms))
    }
}

impl Secret {
    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0)
    }

    /// Whether somebody who has the token made this proof.
    pub(crate) fn has_proved(&self, what: &[u8], proof: Proof) -> bool {
        hmac::verify(&self.key(), what, &proof.0).is_ok()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Token").field(&self.terms).finish()
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
        Token::make((RingId(7), authority), MachineId(9), role, NOW, HOUR)
    }

    /// Shows a token at a door.
    fn shown(token: &Token, here: (RingId, &Authority), role: Role, now: Duration) -> Result<(), TokenError> {
        let proof = token.prove(b"here");
        let is_proved = |secret: &Secret| secret.has_proved(b"here", proof);
        token.terms.check(here, is_proved, role, now)
    }

    #[test]
    fn j8_a_token_opens_one_ring_for_a_while_and_a_role() {
        let authority = Authority::make().unwrap();
        let here = (RingId(7), &authority);
        let any = token(&authority, None);
        for role in [Role::Node, Role::Replica, Role::Gateway] {
            assert_eq!(shown(&any, here, role, NOW), Ok(()));
        }
        let gateway = token(&authority, Some(Role::Gateway));
        assert_eq!(shown(&gateway, here, Role::Gateway, NOW), Ok(()));
        assert!(matches!(
            shown(&gateway, here, Role::Node, NOW),
            Err(TokenError::Role {
                allowed: Role::Gateway,
                asked: Role::Node
            })
        ));
        assert_eq!(
            shown(&any, here, Role::Node, NOW + HOUR * 3),
            Err(TokenError::Expired { since: HOUR * 2 })
        );
        assert!(matches!(
            shown(&any, (RingId(8), &authority), Role::Node, NOW),
            Err(TokenError::ForeignRing { .. })
        ));
        let other = Authority::make().unwrap();
        assert_eq!(
            shown(&any, (RingId(7), &other), Role::Node, NOW),
            Err(TokenError::Forged)
        );
        // Another storage machine has the CA's key as text.
        let again = Authority::from_pem(authority.ca().pem(), &authority.key_pem()).unwrap();
        assert_eq!(shown(&any, (RingId(7), &again), Role::Node, NOW), Ok(()));
    }

    #[test]
    fn j8_what_a_token_allows_cannot_be_changed_by_its_holder() {
        let authority = Authority::make().unwrap();
        let here = (RingId(7), &authority);
        let token = token(&authority, Some(Role::Gateway));
        let changes: [fn(&mut Token); 5] = [
            |token| token.terms.role = None,
            |token| token.terms.expires_s += 1,
            |token| token.terms.maker.0 += 1,
            |token| token.terms.nonce += 1,
            |token| token.secret.0[0] ^= 1,
        ];
        for change in changes {
            let mut changed = token.clone();
            change(&mut changed);
            let changed: Token = changed.to_string().parse().unwrap();
            assert_eq!(shown(&changed, here, Role::Gateway, NOW), Err(TokenError::Forged));
        }
    }

    #[test]
    fn j8_a_proof_of_a_token_is_good_for_one_thing() {
        let authority = Authority::make().unwrap();
        let token = token(&authority, None);
        let proof = token.prove(b"there");
        let is_proved = |secret: &Secret| secret.has_proved(b"here", proof);
        let here = (RingId(7), &authority);
        let shown = token.terms.check(here, is_proved, Role::Node, NOW);
        assert_eq!(shown, Err(TokenError::Forged));
        assert!(!format!("{token:?}").contains("secret"));
    }

    #[test]
    fn what_is_no_token_is_told_apart_from_a_damaged_one() {
        let text = token(&Authority::make().unwrap(), None).to_string();
        assert!(text.len() < 250, "{text}");
        assert_eq!(format!(" {text}\n").parse::<Token>().unwrap().to_string(), text);
        let wrong = |text: &str| text.parse::<Token>().err();
        assert_eq!(wrong(""), Some(TokenError::NoToken));
        assert_eq!(wrong("hunter2"), Some(TokenError::NoToken));
        let tail = &text[PREFIX.len()..];
        assert_eq!(wrong(tail), Some(TokenError::NoToken));
        for damaged in [
            &text[..text.len() - 1],
            &text[..10],
            PREFIX,
            &text.replace(&tail[20..22], ""),
        ] {
            assert_eq!(wrong(damaged), Some(TokenError::Mistyped), "{damaged}");
        }
    }

    proptest! {
        #[test]
        fn a_wrong_character_is_noticed(at in 4_usize..110, to in "[A-Za-z0-9_-]") {
            let text = token(&Authority::make().unwrap(), None).to_string();
            let mut wrong = text.clone();
            wrong.replace_range(at..=at, &to);
            prop_assume!(wrong != text);
            prop_assert_eq!(wrong.parse::<Token>().err(), Some(TokenError::Mistyped));
        }

        #[test]
        fn nonsense_is_no_token(text in "tt1-[A-Za-z0-9_-]{0,600}") {
            prop_assert!(text.parse::<Token>().is_err());
        }
    }
}
