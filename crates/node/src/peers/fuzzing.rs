//! What `fuzz/` reads of the peers' side beside its public face: thin doors to private readers. There is no copy of anything here.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use serde::{Deserialize, Deserializer};
use tertulia_types::{MachineId, Role};

use super::authority::{Authority, Ca};
use super::credential::Credential;
use super::lines;
use super::question::{Asked, Question, Reply};
use super::record::{Entry, News};
use super::ring_file::RingFile;
use super::ring_id::RingId;
use super::token::{Secret, Token};
use super::wire::{AnswerFrame, Content, Envelope, Frame, LetterFrame, Refusal};
use super::{Book, Peers, Settings};
use crate::identity::Identity;

/// When it is at the door.
pub const NOW: Duration = Duration::from_secs(1_800_000_000);
/// What both ends of the one connection know.
const BINDING: [u8; 32] = [7; 32];

/// A machine that can let others in, and one that wants in.
pub struct Door {
    peers: Peers,
    newcomer: Identity,
    /// What opens it.
    token: Token,
}

impl Door {
    /// In a directory for each.
    #[must_use]
    pub fn open(host: &Path, newcomer: &Path) -> Self {
        let identity = Identity::take(host).expect("a directory");
        let ring = RingFile::found("La plaza", 3).expect("randomness");
        let book = Book::open(&identity, &ring).expect("a directory");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let peers = Peers::open(Settings {
            identity,
            ring,
            book,
            listener,
            advertised: Vec::new(),
            clock: Arc::new(|| NOW.as_millis() as u64),
        });
        let peers = peers.expect("a machine");
        let invitation = peers
            .token(None, Duration::from_secs(3600))
            .expect("a storage machine");
        Self {
            peers,
            newcomer: Identity::take(newcomer).expect("a directory"),
            token: invitation.token.parse().expect("a token"),
        }
    }

    /// A token that opens it.
    #[must_use]
    pub fn token(&self) -> String {
        self.token.to_string()
    }

    /// Whether another token opens it, too.
    #[must_use]
    pub fn opens_for(&self, token: &Token, role: Role) -> bool {
        let here = (self.peers.ring().ring, self.authority());
        let has_token = |secret: &Secret| secret.has_proved(&BINDING, token.prove(&BINDING));
        token.terms.check(here, has_token, role, NOW).is_ok()
    }

    /// The ring's authority.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        self.peers.authority().expect("a storage machine")
    }

    /// The machine's book.
    #[must_use]
    pub fn book(&self) -> &Arc<Book> {
        self.peers.book()
    }

    /// Who wants in.
    #[must_use]
    pub fn newcomer(&self) -> &Identity {
        &self.newcomer
    }

    /// What is answered to any bytes.
    #[must_use]
    pub fn knock(&self, body: Vec<u8>) -> Option<Vec<u8>> {
        let reply = self
            .peers
            .0
            .reply(&body.into(), BINDING, Ipv4Addr::LOCALHOST.into())?;
        Some(super::question::envelope(&reply).body.to_vec())
    }

    /// What is answered to a question that the newcomer proves to be its own. `sign` makes what it says of itself its own, too.
    #[must_use]
    pub fn ask<'de, D: Deserializer<'de>>(&self, question: D, sign: bool) -> Option<Vec<u8>> {
        let mut question = Question::deserialize(question).ok()?;
        let signed = match &mut question {
            Question::Enter { newcomer, .. } | Question::EnterEncrypting { newcomer, .. } => {
                Some(&mut **newcomer)
            }
            Question::Renew { record } | Question::Certify { record, .. } => Some(&mut record.signed),
            Question::Who => None,
        };
        if let (Some(signed), true) = (signed, sign) {
            let entry = Entry {
                machine: self.newcomer.machine,
                public_key: self.newcomer.public_key(),
                ..signed.entry.clone()
            };
            *signed = entry.sign(self.peers.ring().ring, &self.newcomer);
        }
        let asked = Asked::new(&question, BINDING, Some(&self.newcomer), Some(&self.token));
        self.knock(asked.to_envelope().body.to_vec())
    }
}

/// Reads what a door has answered, as far as a newcomer believes it; what it reads like when it is written again.
#[must_use]
pub fn answered(body: &[u8], book: &Book) -> Option<Vec<u8>> {
    let reply: Reply = postcard::from_bytes(body).ok()?;
    if let Reply::Entered(welcome)
    | Reply::EnteredRestored(welcome, _)
    | Reply::EnteredEncrypting(welcome, ..) = &reply
    {
        let _ = Ca::from_pem(&welcome.ca);
        let _ = welcome.record.holds(book.ca(), welcome.ring);
        book.merge(welcome.news.clone());
    }
    if let Reply::Refused(reason) = &reply {
        let _ = reason.to_string();
    }
    Some(super::question::envelope(&reply).body.to_vec())
}

/// Reads a frame of the wire: as it is written again, and as it is written when what is in it was taken out.
#[must_use]
pub fn frame(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let frame = Frame::decode(bytes).ok()?;
    let content = frame.content.clone()?;
    let taken = match content {
        Content::Letter(frame) => {
            let (id, deadline_ms) = (frame.id, frame.deadline_ms);
            Content::Letter(LetterFrame::new(id, deadline_ms, frame.letter()?))
        }
        Content::Answer(frame) => {
            let id = frame.id;
            let answer = frame.answer();
            if answer.is_err() {
                let _ = AnswerFrame::new(id, answer);
                return None;
            }
            Content::Answer(AnswerFrame::new(id, answer))
        }
        Content::Hello(hello) => {
            let _ = (hello.class(), hello.life(), hello.is_understood());
            Content::Hello(hello)
        }
        Content::Refusal(refusal) => {
            let _ = Refusal::from_number(refusal.reason).to_string();
            Content::Refusal(refusal)
        }
        content @ (Content::Ping(_) | Content::Pong(_)) => content,
    };
    Some((frame.encode_to_vec(), Frame::from(taken).encode_to_vec()))
}

/// Reads an envelope of the door; what it reads like when it is written again.
#[must_use]
pub fn envelope(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(Envelope::decode(bytes).ok()?.encode_to_vec())
}

/// Whose certificate it is.
#[must_use]
pub fn credential(der: &[u8]) -> Option<(RingId, MachineId)> {
    let read = Credential::read(der)?;
    let _ = (read.has_expired(NOW), read.is_old(NOW), read.signed_at());
    Some((read.ring, read.machine))
}

/// Reads a file of the book.
#[must_use]
pub fn book_file(bytes: &[u8]) -> Option<Vec<News>> {
    lines::from_file(bytes)
}
