//! Whether this disk is the newest that its device has had.
//!
//! Keys of a group are used once. A disk that is put back as it was before (a copy, a snapshot) does not know which of its keys have
//! been used since, and whoever seals with them a second time gives away what was sealed, and is not read besides. So before anything
//! newly sealed leaves, the device fills its box at home over what it saw there last, with bytes drawn at random: a disk from before
//! sees another version there. That it has acknowledged letters of which it knows nothing tells the same.
//!
//! Where the home is behind what the device has told it, the ring was brought back from a backup, and so were the groups' commits there. Nothing
//! was used twice then, but the groups cannot go on as they were: the device does the same, and says what has happened.
//!
//! A device that has forgotten something reads in its groups as far as it can, writes nothing in them any more, and begins the next
//! generation of each conversation. Its key packages are made anew, since it may not have the secrets of those at home.
//!
//! **Invariant:** nothing newly sealed is handed in before the home has its step.

use crate::ask::Ask;
use crate::failure::Failure;
use crate::message::Messenger;
use crate::message::alarm::{self, Kind};
use crate::message::outgoing::seal_anew;
use crate::message::own::LAST_RESORT_MS;
use crate::moment::moment;
use crate::time::now;
use serde_json::json;
use tertulia_types::BoxName;
use tertulia_types::entity::{Base64, Filled, SealedBox};

impl Messenger<'_> {
    /// Tells the home of the step that is about to be made. Answers whether it may be: if not, this disk is older than the home knows,
    /// and what was sealed has to be sealed anew.
    pub(crate) async fn tell_step(&self) -> Result<bool, Failure> {
        while let Some((steps, step)) = self.step()? {
            let name = BoxName::of_device(self.device_id()?);
            let body = json!({ "before": steps, "is_lasting": true, "body": Base64(step.to_vec()) });
            let ask = Ask::post(format!("/api/tertulia/v1/boxes/{name}"), body);
            match self.client.read::<Filled>(ask).await {
                Ok(filled) => {
                    moment("step-told");
                    let sql = "UPDATE own SET steps = ?1, step = NULL WHERE steps = ?2 AND step = ?3";
                    self.vault.store.execute(sql, (filled.version, steps, step))?;
                    return Ok(true);
                }
                Err(Failure::Refused(refusal)) if refusal.status == 409 => {
                    // Another process may have told it, and gone on.
                    if self.step()? == Some((steps, step)) {
                        self.leave_groups().await?;
                        return Ok(false);
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(true)
    }

    fn step(&self) -> Result<Option<(u64, [u8; 16])>, Failure> {
        let sql = "SELECT steps, step FROM own WHERE step IS NOT NULL";
        self.vault
            .store
            .first(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Writes nothing more in the groups that this device is in.
    pub(crate) async fn leave_groups(&self) -> Result<(), Failure> {
        let name = BoxName::of_device(self.device_id()?);
        let found = self
            .client
            .read::<SealedBox>(Ask::get(format!("/api/tertulia/v1/boxes/{name}")))
            .await;
        let steps = match found {
            Ok(found) => found.version,
            Err(Failure::Refused(refusal)) if refusal.status == 404 => 0,
            Err(failure) => return Err(failure),
        };
        self.vault.store.change(|tx| {
            let told: u64 = tx.query_row("SELECT steps FROM own", [], |row| row.get(0))?;
            let kind = match steps < told {
                true => Kind::OlderRing,
                false => Kind::OlderDisk,
            };
            tx.execute("UPDATE own SET steps = ?1, step = NULL, renewed_ms = 0", [steps])?;
            tx.execute("DELETE FROM package WHERE is_last_resort = 0", [])?;
            let sql = "UPDATE package SET made_ms = min(made_ms, ?1) WHERE is_last_resort = 1";
            tx.execute(sql, [now().unix_ms - LAST_RESORT_MS - 1])?;
            tx.execute("UPDATE conversation SET spent = max(spent, generation)", [])?;
            let sealed = tx
                .prepare("SELECT seq FROM sealed")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<i64>>>()?;
            for sealed in sealed {
                seal_anew(tx, sealed)?;
            }
            alarm::raise(tx, kind, Some(self.me), None)
        })
    }
}
