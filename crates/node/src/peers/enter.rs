//! Knocks at the door of a ring: to enter it, to learn which one it is, or, as a member, to have something signed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::{AlertDescription, CertificateError};
use tertulia_types::Role;
use tokio::time::timeout;
use tonic::Code;
use tonic_prost::ProstCodec;

use super::authority::{Ca, Fingerprint};
use super::book::Book;
use super::client;
use super::credential;
use super::error::EnterError;
use super::peer::Misdial;
use super::question::{Asked, Question, Refused, Reply, Secrecy, Welcome, Who};
use super::record::Entry;
use super::ring_file::RingFile;
use super::ring_id::RingId;
use super::token::Token;
use super::wire::{ASK, Envelope, FRAME_BYTES_MAX, KEEP_ALIVE_INTERVAL, path};
use crate::identity::Identity;
use crate::seal::DataKey;

/// How long a connection may take, TLS and all.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// How long the answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// Contacts that are asked at most, those among them that others have named.
const CONTACTS_MAX: usize = 32;

/// Asks to be let into a ring, at one contact (`host:port`) after the other. A contact that cannot let anybody in names others.
///
/// Nothing is written yet: see [`Entered::keep`]. `advertised` is where others will reach the machine: see [`advertised`](super::advertised).
///
/// # Errors
/// If none lets the machine in: what the last one said, or, if one has said no, that.
pub async fn enter(
    contacts: &[String],
    token: &str,
    identity: &Identity,
    role: Role,
    advertised: Vec<String>,
) -> Result<Entered, EnterError> {
    let parsed: Token = token.parse()?;
    let newcomer = Entry::new(identity, role, advertised).sign(parsed.terms.ring, identity);
    let (terms, newcomer) = (parsed.terms.clone(), Box::new(newcomer));
    let question = match identity.seal() {
        Some(_) => Question::EnterEncrypting { terms, newcomer },
        None => Question::Enter { terms, newcomer },
    };
    let tls = credential::for_knocking(Some(parsed.fingerprint()))?;
    let knocker = Knocker {
        tls,
        expected: Some(parsed.fingerprint()),
        identity: Some(identity),
        token: Some(&parsed),
    };
    let entered = match knocker.ask_any(contacts, &question).await? {
        (contact, Reply::Entered(welcome)) => {
            let known_as = welcome.ring;
            (contact, welcome, known_as, None)
        }
        (contact, Reply::EnteredRestored(welcome, known_as)) => (contact, welcome, known_as, None),
        (contact, Reply::EnteredEncrypting(welcome, known_as, key)) => (contact, welcome, known_as, key),
        (contact, Reply::Who(_) | Reply::Signed(_) | Reply::Refused(_)) => {
            return Err(EnterError::Garbled { contact });
        }
    };
    let (contact, welcome, known_as, data_key) = entered;
    let is_right = welcome.ring == parsed.terms.ring
        && Ca::from_pem(&welcome.ca)?.fingerprint() == parsed.fingerprint()
        && welcome.record.signed.entry.machine == identity.machine;
    if !is_right {
        return Err(EnterError::Garbled { contact });
    }
    Ok(Entered {
        contact,
        welcome: *welcome,
        known_as,
        data_key: data_key.map(|Secrecy(key)| DataKey::new(key)),
    })
}

/// Asks a contact which ring it belongs to. Nothing is proved by the answer.
///
/// # Errors
/// If it does not say.
pub async fn who(contact: &str) -> Result<Who, EnterError> {
    let knocker = Knocker {
        tls: credential::for_knocking(None)?,
        expected: None,
        identity: None,
        token: None,
    };
    match knocker.ask(contact, &Question::Who).await? {
        Reply::Who(who) => Ok(who),
        Reply::Refused(reason) => Err(EnterError::Refused {
            contact: contact.to_owned(),
            reason,
        }),
        Reply::Entered(_) | Reply::EnteredRestored(..) | Reply::EnteredEncrypting(..) | Reply::Signed(_) => {
            Err(EnterError::Garbled {
                contact: contact.to_owned(),
            })
        }
    }
}

/// A machine that was let in: what it has to keep.
pub struct Entered {
    contact: String,
    welcome: Welcome,
    known_as: RingId,
    data_key: Option<DataKey>,
}

impl Entered {
    /// Who has let it in.
    #[must_use]
    pub fn contact(&self) -> &str {
        &self.contact
    }

    /// The ring.
    #[must_use]
    pub fn ring(&self) -> RingFile {
        RingFile {
            ring: self.welcome.ring,
            known_as: self.known_as,
            title: self.welcome.title.clone(),
            replicas: self.welcome.replicas,
            ca: self.welcome.ca.clone(),
            ca_key: self.welcome.ca_key.clone(),
            data_key: self.data_key.clone(),
        }
    }

    /// Writes all of it into the data directory. The ring file comes last: with it, the machine is a member.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(self, identity: &Identity) -> Result<(RingFile, Arc<Book>), EnterError> {
        let ring = self.ring();
        let directory = identity.directory();
        credential::keep_certificate(identity, &self.welcome.certificate).map_err(|source| {
            EnterError::Io {
                path: directory.to_owned(),
                source,
            }
        })?;
        let book = Book::open(identity, &ring)?;
        book.enter(self.welcome.record)?;
        book.merge(self.welcome.news);
        book.save()?;
        ring.write(directory, identity.seal())?;
        Ok((ring, book))
    }
}

/// Asks at doors.
pub(crate) struct Knocker<'a> {
    pub(crate) tls: Arc<ClientConfig>,
    /// Whose doors they are.
    pub(crate) expected: Option<Fingerprint>,
    /// Who asks, if it matters.
    pub(crate) identity: Option<&'a Identity>,
    /// With what right, if it is asked for.
    pub(crate) token: Option<&'a Token>,
}

impl Knocker<'_> {
    /// Asks one contact after the other, until one answers something else than no.
    pub(crate) async fn ask_any(
        &self,
        contacts: &[String],
        question: &Question,
    ) -> Result<(String, Reply), EnterError> {
        let mut queue: VecDeque<String> = contacts.iter().cloned().collect();
        let mut asked: Vec<String> = Vec::new();
        let mut last = EnterError::NoContact;
        while let Some(contact) = queue.pop_front() {
            if asked.contains(&contact) || asked.len() >= CONTACTS_MAX {
                continue;
            }
            asked.push(contact.clone());
            match self.ask(&contact, question).await {
                Ok(Reply::Refused(reason)) => {
                    if let Refused::NoKey { others } = &reason {
                        queue.extend(others.iter().cloned());
                    }
                    let is_final = !matches!(
                        reason,
                        Refused::NoKey { .. } | Refused::Sick | Refused::TooMany | Refused::NoProof
                    );
                    last = EnterError::Refused { contact, reason };
                    if is_final {
                        return Err(last);
                    }
                }
                Ok(reply) => return Ok((contact, reply)),
                // What somebody has said is worth more than that another one is silent.
                Err(_) if matches!(last, EnterError::Refused { .. }) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    pub(crate) async fn ask(&self, contact: &str, question: &Question) -> Result<Reply, EnterError> {
        let contact = contact.trim();
        let has_port = contact
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        if !has_port || contact.contains('/') {
            return Err(EnterError::Address(contact.to_owned()));
        }
        let stream = client::connect(contact, self.tls.clone(), CONNECT_TIME_MAX).await;
        let stream = stream.map_err(|misdial| self.explain(contact, misdial))?;
        let not_a_peer = |reason: String| EnterError::NotAPeer {
            contact: contact.to_owned(),
            reason,
        };
        if stream.get_ref().1.alpn_protocol().is_none() {
            return Err(not_a_peer("it does not speak HTTP/2".to_owned()));
        }
        let binding = credential::binding(stream.get_ref().1)?;
        let asked = Asked::new(question, binding, self.identity, self.token);
        let answered = timeout(ANSWER_TIME_MAX, async {
            let channel = client::channel(stream, KEEP_ALIVE_INTERVAL).await;
            let channel = channel.map_err(|misdial| self.explain(contact, misdial))?;
            let mut client = tonic::client::Grpc::new(channel).max_decoding_message_size(FRAME_BYTES_MAX);
            client
                .ready()
                .await
                .map_err(|error| not_a_peer(error.to_string()))?;
            let codec = ProstCodec::<Envelope, Envelope>::default();
            let request = tonic::Request::new(asked.to_envelope());
            let answered = client.unary(request, path(ASK), codec).await;
            answered.map_err(|status| {
                let contact = contact.to_owned();
                let reason = status.message().to_owned();
                if status.code() == Code::FailedPrecondition {
                    EnterError::Version { contact, reason }
                } else if matches!(status.code(), Code::InvalidArgument | Code::OutOfRange) {
                    EnterError::Garbled { contact }
                } else {
                    EnterError::NotAPeer { contact, reason }
                }
            })
        });
        let Ok(answered) = answered.await else {
            return Err(EnterError::Silent {
                contact: contact.to_owned(),
            });
        };
        let envelope = answered?.into_inner();
        postcard::from_bytes(&envelope.body).map_err(|_| EnterError::Garbled {
            contact: contact.to_owned(),
        })
    }

    fn explain(&self, contact: &str, misdial: Misdial) -> EnterError {
        let contact = contact.to_owned();
        let reason = misdial.to_string();
        match (misdial, self.expected) {
            (
                Misdial::Tls(rustls::Error::InvalidCertificate(
                    CertificateError::UnknownIssuer | CertificateError::BadSignature,
                )),
                Some(expected),
            ) => EnterError::OtherRing { contact, expected },
            (Misdial::Tls(rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)), _) => {
                let reason = "it speaks HTTPS".to_owned();
                EnterError::NotAPeer { contact, reason }
            }
            (Misdial::Tls(_) | Misdial::Strange(_), _) => EnterError::NotAPeer { contact, reason },
            // Something is there, and hangs up at the first word.
            (Misdial::Io(error), _)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData
                ) =>
            {
                EnterError::NotAPeer { contact, reason }
            }
            (Misdial::Silent, _) => EnterError::Unreachable { contact, reason },
            (Misdial::NoAddress | Misdial::Io(_) | Misdial::Refused(_), _) => {
                EnterError::Unreachable { contact, reason }
            }
        }
    }
}
