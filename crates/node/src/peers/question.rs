//! What is asked at the [door](super::door), and what is answered.
//!
//! **Invariant:** who asks proves that it has its machine's key, and its token if it has one, on this connection; neither is shown.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tertulia_types::MachineId;

use super::authority::Fingerprint;
use super::book::BookError;
use super::record::{News, Record, Signed};
use super::ring_id::RingId;
use super::token::{Proof, Secret, Terms, Token, TokenError};
use super::wire::{Envelope, VERSION};
use crate::identity::Identity;
use crate::key::{PublicKey, Signature};

const CONTEXT: &str = "door 1";

/// What is asked, and who asks.
#[derive(Serialize, Deserialize)]
pub(crate) struct Asked {
    /// An encoded [`Question`].
    pub(super) question: Vec<u8>,
    proof: Option<(PublicKey, Signature)>,
    /// That who asks has the token that the question is about.
    right: Option<Proof>,
}

/// What may be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Question {
    /// Which ring is this?
    Who,
    /// Let me in.
    Enter {
        /// By what right: the token's terms.
        terms: Terms,
        /// Who I am.
        newcomer: Box<Signed>,
    },
    /// Sign me a new certificate.
    Renew {
        /// Who I am.
        record: Box<Record>,
    },
    /// Sign me a certificate for my clients; names that are not mine to have are left out.
    Certify {
        /// Who I am.
        record: Box<Record>,
        /// To what it is made out.
        names: BTreeSet<String>,
        /// The public half of its key, as SubjectPublicKeyInfo.
        public_key: Vec<u8>,
    },
    /// As `Enter`, from a machine that has a key file: into a ring that encrypts its data at rest.
    EnterEncrypting {
        /// By what right: the token's terms.
        terms: Terms,
        /// Who I am.
        newcomer: Box<Signed>,
    },
}

/// What is answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    Who(Who),
    Entered(Box<Welcome>),
    Signed(Vec<u8>),
    Refused(Refused),
    /// As `Entered`, into a ring that was restored from a backup: people's programs know it by this name.
    EnteredRestored(Box<Welcome>, RingId),
    /// As `EnteredRestored`, into a ring that encrypts; the ring's data key is for storage machines.
    EnteredEncrypting(Box<Welcome>, RingId, Option<Secrecy>),
}

/// A data key on its way to a machine of the ring.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Secrecy(pub(crate) [u8; 32]);

impl std::fmt::Debug for Secrecy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrecy")
    }
}

/// Which ring it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// Its id.
    pub ring: RingId,
    /// What its people call it.
    pub title: String,
    /// SHA-256 of its CA's certificate.
    pub ca: [u8; 32],
    /// The machine that answers.
    pub machine: MachineId,
}

impl Who {
    /// SHA-256 of its CA's certificate, as people compare it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.ca)
    }
}

/// What a newcomer needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Welcome {
    pub(crate) ring: RingId,
    pub(crate) title: String,
    pub(crate) replicas: u32,
    pub(crate) ca: String,
    /// For storage machines.
    pub(crate) ca_key: Option<String>,
    pub(crate) certificate: Vec<u8>,
    pub(crate) record: Record,
    /// The book, as far as it fits; the rest comes by gossip.
    pub(crate) news: Vec<News>,
}

/// Why a question at the door is not answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refused {
    /// The token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The machine was removed for good.
    #[error(
        "this machine was removed from the ring for good; with another data directory (--data) it is another machine, which may join"
    )]
    Removed,
    /// A machine that nobody has let in asks for what is for members.
    #[error("this machine is not a member of the ring; join it with a token")]
    Stranger,
    /// The proof of the key is missing or false.
    #[error("the machine has not proved that it has its key; try again")]
    NoProof,
    /// What it says of itself breaks a limit.
    #[error("too many or too long addresses; give fewer with --peer")]
    TooLong,
    /// The names for a certificate.
    #[error(
        "the ring makes out no certificate to these names; give the machine one of its own (--tls-cert, --tls-key)"
    )]
    Names,
    /// This machine has not the CA's key.
    #[error("this machine is a gateway and cannot let others in; give the address of a machine that stores")]
    NoKey {
        /// Machines that have it, where they are.
        others: Vec<String>,
    },
    /// Too many questions.
    #[error("too many attempts from this address; wait a minute and try again")]
    TooMany,
    /// The book is full.
    #[error("the ring has as many machines as it can have")]
    Full,
    /// The member's disk, most likely.
    #[error("the machine that was asked has a problem, which its log names; try again, or ask another one")]
    Sick,
    /// The ring encrypts its data at rest, and the machine has no key for that.
    #[error(
        "this ring encrypts its data at rest: give this machine a key file (--key-file); `tertulia key-file FILE` makes one"
    )]
    KeyFileMissing,
    /// The ring does not encrypt, and the machine wants to.
    #[error(
        "this ring does not encrypt its data at rest, which is settled when a ring is founded: join without --key-file"
    )]
    InTheClear,
}

impl From<BookError> for Refused {
    fn from(error: BookError) -> Self {
        match error {
            BookError::Removed(_) => Self::Removed,
            BookError::TooLong | BookError::NotSigned => Self::TooLong,
            BookError::Full => Self::Full,
            BookError::Stranger => Self::Stranger,
            error @ (BookError::Io { .. } | BookError::Damaged(_) | BookError::Authority(_)) => sick(&error),
        }
    }
}

pub(super) fn sick(error: &dyn std::error::Error) -> Refused {
    tracing::error!(%error, source = ?error.source(), "a question at the door could not be answered");
    Refused::Sick
}

impl Asked {
    /// A question on this connection, with the proofs that the machine itself asks it, and that it has the token.
    pub(crate) fn new(
        question: &Question,
        binding: [u8; 32],
        prover: Option<&Identity>,
        token: Option<&Token>,
    ) -> Self {
        let question = postcard::to_stdvec(question).expect("numbers and texts can be encoded");
        let proved = proved(binding, &question);
        let proof = prover.map(|identity| (identity.public_key(), identity.sign(CONTEXT, &proved)));
        let right = token.map(|token| token.prove(&proved));
        Self {
            question,
            proof,
            right,
        }
    }

    pub(crate) fn to_envelope(&self) -> Envelope {
        envelope(self)
    }

    /// Whether the machine with this key asks.
    pub(super) fn is_by(&self, key: PublicKey, binding: [u8; 32]) -> bool {
        let proved = proved(binding, &self.question);
        self.proof
            .as_ref()
            .is_some_and(|(prover, signature)| *prover == key && key.has_signed(CONTEXT, &proved, signature))
    }

    /// Whether who asks has the token with this secret.
    pub(super) fn is_with(&self, secret: &Secret, binding: [u8; 32]) -> bool {
        let proved = proved(binding, &self.question);
        self.right.is_some_and(|right| secret.has_proved(&proved, right))
    }
}

fn proved(binding: [u8; 32], question: &[u8]) -> Vec<u8> {
    [binding, Sha256::digest(question).into()].concat()
}

pub(crate) fn envelope(content: &impl Serialize) -> Envelope {
    let body = postcard::to_stdvec(content).expect("numbers and texts can be encoded");
    Envelope {
        version: VERSION,
        body: body.into(),
    }
}
