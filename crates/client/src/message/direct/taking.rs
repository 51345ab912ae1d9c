//! Taking in what others bring.

use crate::message::direct::letter::{Answer, Handed};
use crate::message::direct::listener::Letters;
use crate::message::{Messenger, chains};
use std::convert::Infallible;
use tertulia_crypto::direct::sign_kept;
use tertulia_types::entity::{Base64, Letter};
use tertulia_types::presence::Kept;

impl Messenger<'_> {
    /// Takes in what comes, for as long as it is let, and tells how many texts of it are new.
    pub(in crate::message) async fn receive(
        &self,
        letters: Option<&mut Letters>,
        mut told: impl FnMut(usize),
    ) -> Infallible {
        let Some(letters) = letters else {
            return std::future::pending().await;
        };
        loop {
            let Some(arrived) = letters.recv().await else {
                return std::future::pending().await;
            };
            let (answer, texts) = self.answer(arrived.handed);
            // Who has brought it may have gone: then they bring it again, or it comes by the mailbox.
            let is_kept = answer != Answer::NotKept;
            let _ = arrived.answer.send(answer);
            if is_kept {
                told(texts);
            }
        }
    }

    /// Keeps a letter, if it can be, and signs that. What fails here is not kept, and found out when it comes by the mailbox.
    fn answer(&self, handed: Handed) -> (Answer, usize) {
        let signed = || {
            let device = self.device().ok()?;
            let known = self
                .vault
                .store
                .change(|tx| Ok(chains::chain(tx, self.me)?.length()));
            // The sender does not know of a device of this person.
            if known.ok()? > handed.devices {
                return None;
            }
            let kept = Kept::of(device.id(), handed.id, &handed.body.0);
            let texts = self.take_directly(&Letter::from(handed))?;
            let signature = sign_kept(&device, &kept);
            Some((Answer::Kept(Base64(signature)), texts))
        };
        signed().unwrap_or((Answer::NotKept, 0))
    }
}
