//! The door: what machines ask that have no certificate, or none that is good any more.
//!
//! A newcomer enters with a [token](super::token); a member has its certificate renewed, or one for its clients signed, if it has not the CA's key itself. Who asks
//! proves that it has its machine's key, on this very connection: a proof that is seen elsewhere is worth nothing here.
//!
//! **Invariant:** nothing is said to a stranger but which ring this is; the CA's key is given to storage machines only (J8).
//! **Invariant:** who was removed gets nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tertulia_types::MachineId;
use tokio::time::Instant;
use tonic::Status;

use super::authority::{Authority, Fingerprint};
use super::book::BookError;
use super::core::Core;
use super::record::{News, Record, Signed, State};
use super::ring_file::RingId;
use super::server::Connection;
use super::token::{Token, TokenError};
use super::wire::{Envelope, VERSION};
use crate::identity::Identity;
use crate::key::{PublicKey, Signature};

const CONTEXT: &str = "door 1";
/// Other doors that are named to who knocks at one that cannot open.
const OTHER_DOORS_MAX: usize = 8;

/// What is asked, and who asks.
#[derive(Serialize, Deserialize)]
pub(crate) struct Asked {
    /// An encoded [`Question`].
    question: Vec<u8>,
    proof: Option<(PublicKey, Signature)>,
}

/// What may be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Question {
    /// Which ring is this?
    Who,
    /// Let me in.
    Enter {
        /// By what right, as text.
        token: String,
        /// Who I am.
        newcomer: Box<Signed>,
    },
    /// Sign me a new certificate.
    Renew {
        /// Who I am.
        record: Box<Record>,
    },
    /// Sign me a certificate for my clients.
    Certify {
        /// Who I am.
        record: Box<Record>,
        /// To what it is made out.
        names: BTreeSet<String>,
        /// The public half of its key, as SubjectPublicKeyInfo.
        public_key: Vec<u8>,
    },
}

/// What is answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    Who(Who),
    Entered(Box<Welcome>),
    Signed(Vec<u8>),
    Refused(Refused),
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
    #[error("no certificate can be made out to these names")]
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

fn sick(error: &dyn std::error::Error) -> Refused {
    tracing::error!(%error, source = ?error.source(), "a question at the door could not be answered");
    Refused::Sick
}

impl Asked {
    /// A question, with the proof that the machine itself asks it on this connection.
    pub(crate) fn new(question: &Question, prover: Option<(&Identity, [u8; 32])>) -> Self {
        let question = postcard::to_stdvec(question).expect("numbers and texts can be encoded");
        let proof = prover.map(|(identity, binding)| {
            let signature = identity.sign(CONTEXT, &proved(binding, &question));
            (identity.public_key(), signature)
        });
        Self { question, proof }
    }

    pub(crate) fn to_envelope(&self) -> Envelope {
        envelope(self)
    }

    /// Whether the machine with this key asks.
    fn is_by(&self, key: PublicKey, binding: [u8; 32]) -> bool {
        let proved = proved(binding, &self.question);
        self.proof
            .as_ref()
            .is_some_and(|(prover, signature)| *prover == key && key.has_signed(CONTEXT, &proved, signature))
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

/// Answers a question at the door.
pub(crate) async fn answer(
    core: &Arc<Core>,
    connection: &Arc<Connection>,
    envelope: Envelope,
) -> Result<Envelope, Status> {
    if envelope.version != VERSION {
        return Err(Status::failed_precondition(format!(
            "this machine speaks version {VERSION} of the protocol"
        )));
    }
    if !core.guests.may_ask(connection.address, Instant::now()) {
        return Ok(self::envelope(&Reply::Refused(Refused::TooMany)));
    }
    // Signing and the disk take their time.
    let (core, binding) = (core.clone(), connection.binding);
    let reply = tokio::task::spawn_blocking(move || core.reply(&envelope.body, binding)).await;
    let reply = reply.map_err(|_| Status::internal("the question could not be answered"))?;
    let reply = reply.ok_or_else(|| Status::invalid_argument("the question cannot be read"))?;
    Ok(self::envelope(&reply))
}

impl Core {
    /// `None` if the question makes no sense.
    pub(super) fn reply(&self, body: &Bytes, binding: [u8; 32]) -> Option<Reply> {
        let asked: Asked = postcard::from_bytes(body).ok()?;
        let question: Question = postcard::from_bytes(&asked.question).ok()?;
        let replied = match &question {
            Question::Who => Ok(Reply::Who(Who {
                ring: self.ring.ring,
                title: self.ring.title.clone(),
                ca: self.book.ca().fingerprint().0,
                machine: self.identity.machine,
            })),
            Question::Enter { token, newcomer } => {
                let is_proved = asked.is_by(newcomer.entry.public_key, binding);
                self.let_in(token, newcomer, is_proved)
                    .map(|welcome| Reply::Entered(Box::new(welcome)))
            }
            Question::Renew { record } => self
                .known(record, &asked, binding)
                .and_then(|authority| self.certificate(authority, record.signed.entry.public_key))
                .map(Reply::Signed),
            Question::Certify {
                record,
                names,
                public_key,
            } => self.known(record, &asked, binding).and_then(|authority| {
                let signed = authority.client_certificate(names, public_key, self.now());
                let signed = signed.map_err(|_| Refused::Names)?;
                tracing::info!(machine = %record.signed.entry.machine, ?names, "signed a certificate for clients");
                Ok(Reply::Signed(signed.to_vec()))
            }),
        };
        Some(replied.unwrap_or_else(Reply::Refused))
    }

    fn let_in(&self, token: &str, newcomer: &Signed, is_proved: bool) -> Result<Welcome, Refused> {
        let authority = self.key_holder()?;
        let entry = &newcomer.entry;
        let token: Token = token.parse()?;
        token.check((self.ring.ring, authority.ca()), entry.role, self.now())?;
        if self.book.is_removed(token.maker) {
            return Err(TokenError::MakerRemoved(token.maker).into());
        }
        if !is_proved {
            return Err(Refused::NoProof);
        }
        if !entry.fits() {
            return Err(Refused::TooLong);
        }
        let record = self.book.admit(authority, newcomer.clone())?;
        tracing::info!(machine = %entry.machine, role = ?entry.role, by = %token.maker, "let a machine into the ring");
        Ok(Welcome {
            ring: self.ring.ring,
            title: self.ring.title.clone(),
            replicas: self.ring.replicas,
            ca: self.ring.ca.clone(),
            ca_key: entry.role.stores().then(|| authority.key_pem()),
            certificate: self.certificate(authority, entry.public_key)?,
            record,
            news: self.book.newer_than(&[]),
        })
    }

    /// The CA, for a member that has proved who it is.
    fn known(&self, record: &Record, asked: &Asked, binding: [u8; 32]) -> Result<&Authority, Refused> {
        let authority = self.key_holder()?;
        let entry = &record.signed.entry;
        if self.book.is_removed(entry.machine) {
            return Err(Refused::Removed);
        }
        if !record.holds(authority.ca(), self.ring.ring) {
            return Err(Refused::Stranger);
        }
        if !asked.is_by(entry.public_key, binding) {
            return Err(Refused::NoProof);
        }
        Ok(authority)
    }

    pub(crate) fn certificate(&self, authority: &Authority, key: PublicKey) -> Result<Vec<u8>, Refused> {
        let signed = authority.machine_certificate(self.ring.ring, key, self.now());
        signed.map(|der| der.to_vec()).map_err(|error| sick(&error))
    }

    fn key_holder(&self) -> Result<&Authority, Refused> {
        self.authority.as_deref().ok_or_else(|| Refused::NoKey {
            others: self.doors().into_iter().take(OTHER_DOORS_MAX).collect(),
        })
    }

    /// Where machines are that have the CA's key.
    pub(crate) fn doors(&self) -> Vec<String> {
        let entries = self.book.all().into_iter();
        let holders = entries.filter(|entry| {
            let is_there = matches!(entry.state, State::Active | State::Leaving);
            is_there && entry.role.stores() && entry.machine != self.identity.machine
        });
        holders.flat_map(|entry| entry.addresses).collect()
    }
}
