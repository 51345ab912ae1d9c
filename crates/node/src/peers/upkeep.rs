//! What a machine does for itself: its certificate, its addresses, its book on disk, and that nobody who was removed stays connected.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tertulia_types::Role;
use tokio::time::timeout;

use super::address;
use super::book::BookError;
use super::core::Core;
use super::credential;
use super::enter::Knocker;
use super::error::{EnterError, PeersError};
use super::question::{Question, Reply};
use super::record::Entry;

/// How often certificate and addresses are looked at.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);
/// Between two attempts to have the certificate renewed at once.
const RENEWAL_PAUSE: Duration = Duration::from_secs(5);

impl Core {
    /// The founder enters itself; everybody says where they are.
    pub(super) fn enter_own_book(&self) -> Result<(), PeersError> {
        let addresses = address::advertised(&self.advertised, self.address);
        match (self.book.own(), &self.authority) {
            (Some(_), _) => self.book.update(|own| own.addresses = addresses)?,
            (None, Some(authority)) => {
                let founder = Entry::new(&self.identity, Role::Node, addresses);
                let founder = founder.sign(self.ring.ring, &self.identity);
                self.book.admit(authority, founder)?;
            }
            (None, None) => return Err(BookError::Stranger.into()),
        }
        Ok(())
    }

    /// Who has the CA's key signs for itself.
    pub(super) fn sign_own_certificate(&self) {
        let now = self.now();
        let is_good = self.wallet.credential().is_some_and(|own| !own.is_old(now));
        if is_good {
            return;
        }
        let Some(authority) = &self.authority else {
            return;
        };
        match authority.machine_certificate(self.ring.ring, self.identity.public_key(), now) {
            Ok(der) => _ = self.wallet.put(&der),
            Err(error) => tracing::error!(%error, "the machine's certificate could not be renewed"),
        }
    }

    /// Keeps the certificate and the addresses as they should be.
    pub(super) async fn keep_fresh(self: Arc<Self>) {
        loop {
            self.sign_own_certificate();
            if self.authority.is_none() {
                self.have_own_certificate_signed().await;
            }
            let core = self.clone();
            let entered = tokio::task::spawn_blocking(move || core.enter_own_book()).await;
            if let Ok(Err(error)) = entered {
                tracing::warn!(%error, "this machine's addresses are not in the book");
            }
            tokio::time::sleep(RENEWAL_PAUSE).await;
            let _ = timeout(CHECK_INTERVAL, self.renew.notified()).await;
        }
    }

    pub(super) async fn have_own_certificate_signed(&self) {
        let now = self.now();
        if self.wallet.credential().is_some_and(|own| !own.is_old(now)) {
            return;
        }
        let signed = async {
            let record = Box::new(self.book.own_record()?);
            let signed = self.have_signed(Question::Renew { record }).await?;
            Ok::<_, PeersError>(CertificateDer::from(signed))
        };
        match signed.await {
            Ok(der) if self.wallet.put(&der) => {
                tracing::info!("the machine's certificate was renewed");
            }
            Ok(_) => tracing::warn!("the renewed certificate of this machine does not fit"),
            Err(error) if self.is_news(self.identity.machine, error.to_string()) => {
                tracing::warn!(%error, "the machine's certificate could not be renewed; it is tried again");
            }
            Err(_) => {}
        }
    }

    /// Asks machines that have the CA's key for a signature.
    pub(super) async fn have_signed(&self, question: Question) -> Result<Vec<u8>, EnterError> {
        let expected = self.book.ca().fingerprint();
        let knocker = Knocker {
            tls: credential::for_knocking(Some(expected))?,
            expected: Some(expected),
            identity: Some(&self.identity),
            token: None,
        };
        match knocker.ask_any(&self.doors(), &question).await? {
            (_, Reply::Signed(der)) => Ok(der),
            (
                contact,
                Reply::Who(_)
                | Reply::Entered(_)
                | Reply::EnteredRestored(..)
                | Reply::EnteredEncrypting(..)
                | Reply::Refused(_),
            ) => Err(EnterError::Garbled { contact }),
        }
    }

    /// Who is removed is not listened to any more, from that moment on.
    pub(super) async fn shut_out_removed(self: Arc<Self>) {
        let mut changed = self.book.watch();
        loop {
            let linked: Vec<_> = self.peers().values().cloned().collect();
            for peer in linked {
                if self.book.is_removed(peer.machine) && peer.is_linked() {
                    tracing::warn!(machine = %peer.machine, "a removed machine is shut out");
                    peer.close();
                }
            }
            if changed.changed().await.is_err() {
                return;
            }
        }
    }
}
