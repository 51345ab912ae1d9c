//! The door: what machines ask that have no certificate, or none that is good any more.
//!
//! A newcomer enters with a [token](super::token), which it proves to have and does not show; a member has its certificate renewed, or one for its clients
//! signed, if it has not the CA's key itself. Who asks proves that it has its machine's key. Proofs are made for one connection: what is heard on another is
//! worth nothing here.
//!
//! **Invariant:** nothing is said to a stranger but which ring this is; the CA's key and the data key are given to storage machines only (J8).
//! **Invariant:** who was removed gets nothing.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use tertulia_types::MachineId;
use tokio::time::Instant;
use tonic::Status;

use super::authority::Authority;
use super::connection::Connection;
use super::core::Core;
use super::name::own_names;
use super::question::{Asked, Question, Refused, Reply, Secrecy, Welcome, Who, envelope, sick};
use super::record::{Entry, Record, Signed, State, hosts};
use super::token::{Secret, Terms, TokenError};
use super::wire::{Envelope, VERSION};
use crate::key::PublicKey;

/// Other doors that are named to who knocks at one that cannot open.
const OTHER_DOORS_MAX: usize = 8;

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
    let (core, binding, from) = (core.clone(), connection.binding, connection.from);
    let reply = tokio::task::spawn_blocking(move || core.reply(&envelope.body, binding, from)).await;
    let reply = reply.map_err(|_| Status::internal("the question could not be answered"))?;
    let reply = reply.ok_or_else(|| Status::invalid_argument("the question cannot be read"))?;
    Ok(self::envelope(&reply))
}

impl Core {
    /// `None` if the question makes no sense.
    pub(super) fn reply(&self, body: &Bytes, binding: [u8; 32], from: IpAddr) -> Option<Reply> {
        let asked: Asked = postcard::from_bytes(body).ok()?;
        let question: Question = postcard::from_bytes(&asked.question).ok()?;
        let replied = match &question {
            Question::Who => Ok(Reply::Who(Who {
                ring: self.ring.ring,
                title: self.ring.title.clone(),
                ca: self.book.ca().fingerprint().0,
                machine: self.identity.machine,
            })),
            Question::Enter { terms, newcomer } => {
                self.let_in(terms, newcomer, &asked, binding, false)
                    .map(|welcome| match self.ring.known_as {
                        ring if ring == self.ring.ring => Reply::Entered(Box::new(welcome)),
                        known_as => Reply::EnteredRestored(Box::new(welcome), known_as),
                    })
            }
            Question::EnterEncrypting { terms, newcomer } => self
                .let_in(terms, newcomer, &asked, binding, true)
                .map(|welcome| {
                    let key = self.ring.data_key.as_ref();
                    let key = key.filter(|_| newcomer.entry.role.stores());
                    let key = key.map(|key| Secrecy(*key.bytes()));
                    Reply::EnteredEncrypting(Box::new(welcome), self.ring.known_as, key)
                }),
            Question::Renew { record } => self
                .known(record, &asked, binding)
                .and_then(|authority| self.certificate(authority, record.signed.entry.public_key))
                .map(Reply::Signed),
            Question::Certify {
                record,
                names,
                public_key,
            } => self.known(record, &asked, binding).and_then(|authority| {
                let asker = record.signed.entry.machine;
                let names = own_names(names, from, &self.addresses_but_of(asker, from));
                if names.is_empty() {
                    return Err(Refused::Names);
                }
                let signed = authority.client_certificate(&names, public_key, self.now());
                let signed = signed.map_err(|_| Refused::Names)?;
                tracing::info!(machine = %asker, ?names, "signed a certificate for clients");
                Ok(Reply::Signed(signed.to_vec()))
            }),
        };
        Some(replied.unwrap_or_else(Reply::Refused))
    }

    fn let_in(
        &self,
        terms: &Terms,
        newcomer: &Signed,
        asked: &Asked,
        binding: [u8; 32],
        encrypts: bool,
    ) -> Result<Welcome, Refused> {
        let authority = self.key_holder()?;
        let entry = &newcomer.entry;
        let has_token = |secret: &Secret| asked.is_with(secret, binding);
        terms.check((self.ring.ring, authority), has_token, entry.role, self.now())?;
        if self.book.is_removed(terms.maker) {
            return Err(TokenError::MakerRemoved(terms.maker).into());
        }
        if !asked.is_by(entry.public_key, binding) {
            return Err(Refused::NoProof);
        }
        if !entry.fits() {
            return Err(Refused::TooLong);
        }
        match (self.ring.data_key.is_some(), encrypts) {
            (true, false) => return Err(Refused::KeyFileMissing),
            (false, true) => return Err(Refused::InTheClear),
            (true, true) | (false, false) => {}
        }
        let record = self.book.admit(authority, newcomer.clone())?;
        tracing::info!(machine = %entry.machine, role = ?entry.role, by = %terms.maker, "let a machine into the ring");
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

    /// At which addresses machines are that are not the one that asks from here.
    fn addresses_but_of(&self, asker: MachineId, from: IpAddr) -> BTreeSet<IpAddr> {
        let entries = self.book.all();
        let is_another =
            |entry: &&Entry| entry.machine != asker && matches!(entry.state, State::Active | State::Leaving);
        let mut others: BTreeSet<IpAddr> = entries.iter().filter(is_another).flat_map(hosts).collect();
        // Who calls over the loopback is on this computer, and has its addresses.
        for address in self
            .book
            .own()
            .iter()
            .filter(|_| from.is_loopback())
            .flat_map(hosts)
        {
            others.remove(&address);
        }
        others
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
