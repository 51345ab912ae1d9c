//! The day on which all devices are lost: a code on paper, a safe at home, and a file.
//!
//! A person writes down a recovery code once. What it opens: in the safe (a sealed box that stays at the person's home) the identity and
//! the people, so that nick, password and code are enough to be the same person again; in a file that the person keeps where they like,
//! what was said besides.
//!
//! **Invariants**
//! - Both have the same number, which only grows; the safe is filled over the number that was seen.
//! - An older backup than the one in the safe is taken only if the person says so.
//! - Nothing of a group is in a backup.

use crate::ask::Ask;
use crate::failure::{Failure, Fault, Misuse};
use crate::message::Messenger;
use crate::message::archive::{self, Order, Page, Wiped};
use crate::message::devices::OwnDevice;
use crate::message::link::read_code;
use crate::message::own::LABEL;
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tertulia_crypto::backup::{BackupError, Code, open_backup, seal_backup};
use tertulia_crypto::device::DeviceKey;
use tertulia_crypto::identity::IdentityKey;
use tertulia_types::BoxName;
use tertulia_types::entity::{Base64, Filled};
use tertulia_types::message::BOX_BYTES_MAX;
use zeroize::Zeroizing;

/// A file that is larger is no backup of ours.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// People and conversations in the safe, and what they may weigh: the identity and the seal are small.
const SAFE_ROWS_MAX: usize = 1_000;
const SAFE_BYTES: usize = BOX_BYTES_MAX - (4 << 10);
/// How often another device may fill the safe meanwhile.
const RACES_MAX: usize = 3;

/// What a backup holds.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// The seed of the identity.
    identity: Wiped<[u8; 32]>,
    /// The newest of what was said comes first.
    page: Page,
}

/// What came of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackedUp {
    /// The recovery code, if it was made now: it is never shown again.
    pub code: Option<Zeroizing<String>>,
    /// Where the file is.
    pub file: PathBuf,
    /// The number of the backup.
    pub number: u64,
    /// Messages in the file.
    pub messages: usize,
}

/// With which code a backup is to be sealed.
#[derive(Debug, Clone, Copy)]
pub enum With<'a> {
    /// The one that is known here; a new one, if there was none ever.
    Known,
    /// The one that the person has on paper.
    Typed(&'a str),
    /// A new one: the one before opens later backups no more.
    New,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The number of the backup.
    pub number: u64,
    /// Messages that were not here.
    pub messages: usize,
    /// Whether this computer has become one of the person's devices by it.
    pub is_let_in: bool,
    /// All devices of the person, those that are lost among them.
    pub devices: Vec<OwnDevice>,
}

impl Messenger<'_> {
    /// Backs up the identity and the people at home, and these with all that was said into a file.
    pub async fn backup(&self, file: &Path, with: With<'_>) -> Result<BackedUp, Failure> {
        self.enrol().await?;
        let identity = self.identity()?.ok_or(Misuse::NoDevice)?;
        for _ in 0..RACES_MAX {
            let safe = self.open_box(BoxName::SAFE).await?;
            let (code, is_new) = self.code_for(with, safe.as_ref().map(|safe| &safe.body.0[..]))?;
            let before = safe.map_or(0, |safe| safe.version);
            let number = before + 1;
            let (all, few) = self.vault.store.change(|tx| {
                let chats = archive::chats(tx, None, usize::MAX >> 1)?;
                let newest = archive::newest(tx)?.saturating_add(1);
                let all = Page {
                    people: archive::people(tx, None, usize::MAX >> 1, false)?,
                    said: archive::said(tx, Order::Before, newest, usize::MAX)?.0,
                    chats,
                };
                Ok((all, for_safe(tx)?))
            })?;
            let messages = all.said.len();
            let seal = |page| {
                let kept = Kept {
                    identity: Wiped(identity.seed()),
                    page,
                };
                let plain = Zeroizing::new(serde_json::to_vec(&kept).map_err(Fault::Row)?);
                seal_backup(&code, number, &plain).map_err(not_opened)
            };
            let sealed = seal(few)?;
            write(file, &seal(all)?)?;
            self.vault
                .store
                .execute("UPDATE own SET code = ?1", [&*code.text()])?;
            let body = json!({ "before": before, "is_lasting": true, "body": Base64(sealed) });
            let ask = Ask::post(format!("/api/tertulia/v1/boxes/{}", BoxName::SAFE), body);
            match self.client.read::<Filled>(ask).await {
                Ok(_) => {}
                // Another device was faster.
                Err(Failure::Refused(refusal)) if refusal.status == 409 => continue,
                Err(failure) => return Err(failure),
            }
            self.vault.store.execute("UPDATE own SET backup = ?1", [number])?;
            return Ok(BackedUp {
                code: is_new.then(|| code.text()),
                file: file.to_owned(),
                number,
                messages,
            });
        }
        Err(Misuse::DevicesChange.into())
    }

    /// The code that a backup is sealed with, and whether it is a new one.
    fn code_for(&self, with: With<'_>, safe: Option<&[u8]>) -> Result<(Code, bool), Failure> {
        let known = self
            .vault
            .store
            .first("SELECT code FROM own", [], |row| row.get::<_, Option<String>>(0))?;
        let known = known.flatten().map(Zeroizing::new);
        match (with, known, safe) {
            (With::New, _, _) | (With::Known, None, None) => Ok((Code::random(), true)),
            (With::Known, Some(known), _) => Ok((read_code(&known)?, false)),
            (With::Known, None, Some(_)) => Err(Misuse::CodeNeeded.into()),
            (With::Typed(typed), _, safe) => {
                let code = read_code(typed)?;
                if let Some(safe) = safe {
                    open_backup(&code, 0, safe).map_err(not_opened)?;
                }
                Ok((code, false))
            }
        }
    }

    /// Takes back what a backup holds: the file's, or, without one, that of the safe. On a computer that is none of the person's devices
    /// it makes it one, under the same identity.
    pub async fn restore(
        &self,
        file: Option<&Path>,
        code: &str,
        is_older_taken: bool,
        label: Option<&str>,
    ) -> Result<Restored, Failure> {
        let code = read_code(code)?;
        let safe = self.open_box(BoxName::SAFE).await?;
        let sql = "SELECT backup FROM own";
        let seen: u64 = self.vault.store.first(sql, [], |row| row.get(0))?.unwrap_or(0);
        let (least, backup) = match (file, safe) {
            (Some(file), safe) => (seen.max(safe.map_or(0, |safe| safe.version)), read(file)?),
            (None, Some(safe)) => (seen, safe.body.0),
            (None, None) => return Err(Misuse::NoBackup.into()),
        };
        let least = if is_older_taken { 0 } else { least };
        let (number, plain) = open_backup(&code, least, &backup).map_err(not_opened)?;
        let kept: Kept = serde_json::from_slice(&plain).map_err(|_| Misuse::DamagedBackup)?;
        let identity = IdentityKey::from_seed(&kept.identity.0);
        let is_let_in = !self.is_device()?;
        if is_let_in {
            let chain = self.ask_chain(self.me).await?;
            if chain.identity().is_some_and(|now| now != identity.public()) {
                return Err(Misuse::OtherIdentity.into());
            }
            let device = DeviceKey::random(self.me);
            self.adopt(&device, &identity, &chain, label.unwrap_or(LABEL))?;
        }
        let messages = self
            .vault
            .store
            .change(|tx| archive::take(tx, &kept.page, Order::Before))?;
        self.enter().await?;
        let is_same = self
            .identity()?
            .is_some_and(|own| own.public() == identity.public());
        if is_same {
            let sql = "UPDATE own SET code = ?1, backup = max(backup, ?2)";
            self.vault.store.execute(sql, (&*code.text(), number))?;
        }
        Ok(Restored {
            number,
            messages,
            is_let_in,
            devices: self.devices().await?,
        })
    }
}

/// People and conversations, as many as fit into the safe: the others are met again.
fn for_safe(tx: &Transaction<'_>) -> Result<Page, Failure> {
    let mut most = SAFE_ROWS_MAX;
    loop {
        let page = Page {
            people: archive::people(tx, None, most, true)?,
            chats: archive::chats(tx, None, most)?,
            said: Vec::new(),
        };
        if most == 0 || serde_json::to_vec(&page).map_err(Fault::Row)?.len() <= SAFE_BYTES {
            return Ok(page);
        }
        most /= 2;
    }
}

/// Writes a file that its owner alone can read; the one from before stays until this one is whole.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |source| Fault::File {
        path: path.display().to_string(),
        source,
    };
    let aside = path.with_extension("unfinished");
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(true).write(true).mode(0o600);
    let mut file = file.open(&aside).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&aside, path).map_err(failed)?;
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |source| Fault::File {
        path: path.display().to_string(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(FILE_BYTES_MAX)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}

fn not_opened(error: BackupError) -> Failure {
    let misuse = match error {
        BackupError::Damaged => Misuse::DamagedBackup,
        BackupError::Newer => Misuse::NewerBackup,
        BackupError::WrongCode => Misuse::WrongCode,
        BackupError::TooOld { counter, least } => Misuse::OldBackup {
            number: counter,
            newest: least,
        },
    };
    misuse.into()
}
