//! `tertulia backup` and `tertulia restore`: the whole ring in a file, and a ring from it on new hosts.
//!
//! A backup comes through the machine's socket and is written by whoever runs the command: to where they may write, and under a
//! passphrase that the machine never sees. A restore needs no machine: it makes one.
//!
//! **Invariant:** a file has its name when it is complete and on disk; what is broken off leaves none.
//! **Invariant:** a directory belongs to a ring when the whole backup was read and found sound, and not before.

use super::{At, Counter, Undone};
use crate::backup::{Manifest, Reader, Unreadable, Writer};
use crate::control::{Answer, Ask, Channel, Piece, Unreached};
use crate::key_file;
use clap::Args;
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tertulia_console::page::Style;
use tertulia_node::peers::{RingFile, RingId};
use tertulia_node::restore::{self, Descriptor, Restored, place_of, state_of};
use tertulia_node::seal::{DataKey, from_hex};
use tertulia_node::unix_ms;
use tertulia_types::entity::Timestamp;
use zeroize::Zeroizing;

/// A passphrase is a line.
const PASSPHRASE_BYTES_MAX: u64 = 4096;
/// How far the clock may be behind the one that a backup was made by.
const CLOCK_BEHIND_MS_MAX: u64 = 60_000;

/// Flags of `backup`.
#[derive(Clone, Debug, Args)]
pub(crate) struct BackupFlags {
    /// The file to write; it must not be there yet
    #[arg(id = "backup_to", long = "to", value_name = "FILE")]
    to: PathBuf,
    /// A file that holds the passphrase of the backup; - is standard input
    #[arg(id = "backup_passphrase_file", long = "passphrase-file", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    at: At,
}

/// Flags of `restore`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RestoreFlags {
    /// The backup
    #[arg(id = "backup_file", value_name = "FILE")]
    file: PathBuf,
    /// A file that holds the passphrase of the backup; - is standard input
    #[arg(id = "backup_passphrase_file", long = "passphrase-file", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// File with the key under which the machine's data is to be encrypted
    #[arg(
        id = "restore_key_file",
        long = "key-file",
        value_name = "FILE",
        env = "TERTULIA_KEY_FILE"
    )]
    key_file: Option<PathBuf>,
    #[command(flatten)]
    at: At,
}

/// Saves the ring.
pub(crate) async fn backup(flags: BackupFlags) -> ExitCode {
    let counter = Counter::new(&flags.at);
    let outcome = saving(&counter, &flags).await;
    counter.end(outcome)
}

async fn saving(counter: &Counter, flags: &BackupFlags) -> Result<(), Undone> {
    let passphrase = passphrase(counter, flags.passphrase_file.as_deref())?;
    if flags.to.exists() {
        return Err(said(counter, "file_exists", "backup-file-exists", &flags.to, ""));
    }
    let mut channel = Channel::open(&counter.data, &Ask::Backup).await?;
    let not_written = |error: io::Error| not_written(counter, &flags.to, &error);
    let draft = Draft::create(&flags.to).map_err(not_written)?;
    let manifest = loop {
        match next(&mut channel).await? {
            Some(Piece::Covering(slots)) => told(counter, "backup-copying", u64::from(slots), 1 << 16),
            Some(Piece::Manifest(manifest)) => break manifest,
            Some(Piece::Waiting) => {}
            Some(Piece::Block(_)) | None => return Err(Unreached::Nonsense.into()),
        }
    };
    let out = BufWriter::new(draft.file.try_clone().map_err(not_written)?);
    let mut writer = Writer::begin(out, passphrase.as_ref().map(|words| words.as_str()), &manifest)
        .map_err(not_written)?;
    let (mut done_bytes, mut told_tenths) = (0, 0);
    for lot in &manifest.groups {
        writer.begin_database(lot.bytes).map_err(not_written)?;
        while !writer.is_complete() {
            match next(&mut channel).await? {
                Some(Piece::Block(block)) => {
                    writer.write(&block.0).map_err(not_written)?;
                    done_bytes += block.0.len() as u64;
                }
                Some(Piece::Waiting) => {}
                Some(Piece::Covering(_) | Piece::Manifest(_)) | None => {
                    return Err(Unreached::Nonsense.into());
                }
            }
            let tenths = done_bytes * 10 / manifest.bytes().max(1);
            if tenths > told_tenths {
                told(counter, "backup-fetching", done_bytes, manifest.bytes());
                told_tenths = tenths;
            }
        }
    }
    if next(&mut channel).await?.is_some() {
        return Err(Unreached::Nonsense.into());
    }
    let out = writer.finish().map_err(not_written)?;
    let file = out
        .into_inner()
        .map_err(|error| not_written(error.into_error()))?;
    let length_bytes = draft.keep(&file, &flags.to).map_err(not_written)?;
    saved(counter, flags, &manifest, length_bytes, passphrase.is_some());
    Ok(())
}

/// The next piece; none at the end.
async fn next(channel: &mut Channel) -> Result<Option<Piece>, Undone> {
    match channel.next().await? {
        Some(Answer::Backup(piece)) => Ok(Some(piece)),
        Some(Answer::Done) => Ok(None),
        Some(Answer::Refused(refusal)) => Err(refusal.into()),
        None => Err(Unreached::Silent.into()),
        Some(_) => Err(Unreached::Nonsense.into()),
    }
}

fn saved(counter: &Counter, flags: &BackupFlags, manifest: &Manifest, length_bytes: u64, is_encrypted: bool) {
    let values = [
        ("file", flags.to.display().to_string().into()),
        ("n", manifest.groups.len().into()),
        ("megabytes", length_bytes.div_ceil(1 << 20).into()),
    ];
    let mut page = counter.text(Style::Good, "backup-done", &values);
    if !manifest.is_one_moment {
        page.append(counter.text(Style::Bad, "backup-several-moments", &[]));
    }
    let secret = match is_encrypted {
        true => "backup-secret",
        false => "backup-secret-in-the-clear",
    };
    page.append(counter.text(Style::Bad, secret, &[]));
    let object = json!({
        "file": flags.to,
        "bytes": length_bytes,
        "groups": manifest.groups.len(),
        "taken_at": taken_at(manifest),
        "is_one_moment": manifest.is_one_moment,
        "is_encrypted": is_encrypted,
    });
    counter.show(&page, &object);
}

fn taken_at(manifest: &Manifest) -> Timestamp {
    Timestamp::from_unix_ms(i64::try_from(manifest.taken_ms).unwrap_or(i64::MAX))
}

fn told(counter: &Counter, key: &str, done: u64, all: u64) {
    if !counter.json {
        let percent = done.saturating_mul(100) / all.max(1);
        counter.say(
            Style::Dim,
            &counter.look.words.with(key, &[("percent", percent.into())]),
        );
    }
}

/// A file that has not its name yet, and goes if it does not get it.
struct Draft {
    file: File,
    path: PathBuf,
}

impl Draft {
    fn create(target: &Path) -> io::Result<Self> {
        let mut path = target.as_os_str().to_owned();
        path.push(".part");
        let path = PathBuf::from(path);
        // One that was broken off by a power cut may have another mode.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        Ok(Self {
            file: private(&path)?,
            path,
        })
    }

    /// Gives it its name, complete and on disk. How long it is.
    fn keep(self, file: &File, target: &Path) -> io::Result<u64> {
        file.sync_all()?;
        std::fs::rename(&self.path, target)?;
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Once it has its name nothing is there any more.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A new file that only its owner may read.
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Brings a ring back.
pub(crate) async fn restore(flags: RestoreFlags) -> ExitCode {
    let counter = Counter::new(&flags.at);
    let outcome = restoring(&counter, &flags).await;
    counter.end(outcome)
}

async fn restoring(counter: &Counter, flags: &RestoreFlags) -> Result<(), Undone> {
    let data = &counter.data;
    let passphrase = passphrase(counter, flags.passphrase_file.as_deref())?;
    let key = key_file::of(flags.key_file.as_deref(), data, &counter.look.words);
    let key = key.map_err(|said| Undone::Said {
        code: "key_file",
        text: said.to_string(),
    })?;
    let is_empty = match std::fs::read_dir(data) {
        Ok(mut there) => there.next().is_none(),
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) => return Err(not_written(counter, data, &error)),
    };
    if !is_empty {
        return Err(said(counter, "not_empty", "restore-not-empty", data, ""));
    }
    let unreadable = |unreadable: Unreadable| unread(counter, &flags.file, unreadable);
    let file = File::open(&flags.file).map_err(|error| unreadable(Unreadable::Io(error)))?;
    let passphrase = passphrase.as_ref().map(|words| words.as_str());
    let mut reader = Reader::begin(BufReader::new(file), passphrase).map_err(unreadable)?;
    let manifest = reader.manifest().clone();
    if unix_ms() + CLOCK_BEHIND_MS_MAX < manifest.taken_ms {
        let taken = json!(taken_at(&manifest));
        return Err(said(
            counter,
            "clock",
            "restore-clock",
            &flags.file,
            taken.as_str().unwrap_or_default(),
        ));
    }
    let data_key = manifest.ring.data_key.as_deref().map(from_hex);
    let data_key = match (data_key, &key) {
        (Some(None), _) => return Err(unreadable(Unreadable::Damaged)),
        (Some(Some(_)), None) => return Err(said(counter, "key_file", "restore-encrypted", &flags.file, "")),
        (Some(Some(data_key)), Some(_)) => Some(DataKey::new(*data_key)),
        (None, _) => None,
    };
    let unpacked = unpack(counter, &mut reader, &manifest);
    let checked = unpacked.and_then(|groups| reader.finish().map(|()| groups).map_err(unreadable));
    let mut groups = match checked {
        Ok(groups) => groups,
        Err(undone) => {
            // Nothing but what was unpacked is there.
            let _ = std::fs::remove_dir_all(state_of(data));
            return Err(undone);
        }
    };
    let count = groups.len();
    let begins_to_encrypt = data_key.is_none() && key.is_some();
    for group in &mut groups {
        group.is_to_be_encrypted = begins_to_encrypt;
    }
    let ring = RingFile {
        ring: RingId(manifest.ring.id),
        known_as: RingId(manifest.ring.id),
        title: manifest.ring.title.clone(),
        replicas: manifest.ring.replicas,
        ca: manifest.ring.ca.clone(),
        ca_key: Some(manifest.ring.ca_key.clone()),
        data_key,
    };
    let ring = match begins_to_encrypt {
        true => ring.encrypting(),
        false => ring,
    };
    restore::restore(data, key, ring, groups, unix_ms())
        .await
        .map_err(|error| {
            let why = format!("{:#}", anyhow::Error::from(error));
            said(counter, "failed", "restore-failed", data, &why)
        })?;
    let values = [
        ("ring", manifest.ring.title.as_str().into()),
        ("data", data.display().to_string().into()),
        ("n", count.into()),
    ];
    let mut page = counter.text(Style::Good, "restore-done", &values);
    page.append(counter.text(Style::Plain, "restore-next", &values));
    if !manifest.is_one_moment {
        page.append(counter.text(Style::Bad, "backup-several-moments", &[]));
    }
    page.append(counter.text(Style::Bad, "restore-old-machines", &[]));
    let object = json!({
        "restored": manifest.ring.title,
        "groups": count,
        "taken_at": taken_at(&manifest),
        "is_one_moment": manifest.is_one_moment,
    });
    counter.show(&page, &object);
    Ok(())
}

/// Puts all databases where they are to be taken in. Nothing of it counts yet.
fn unpack<R: Read>(
    counter: &Counter,
    reader: &mut Reader<R>,
    manifest: &Manifest,
) -> Result<Vec<Restored>, Undone> {
    let data = &counter.data;
    let not_written = |error: io::Error| not_written(counter, data, &error);
    std::fs::create_dir_all(state_of(data)).map_err(not_written)?;
    let mut groups = Vec::new();
    let (mut done_bytes, mut told_tenths) = (0, 0);
    for lot in &manifest.groups {
        let path = place_of(data, lot.group.0);
        let mut file = private(&path).map_err(not_written)?;
        reader
            .database(&mut file)
            .map_err(|unreadable| unread(counter, data, unreadable))?;
        groups.push(Restored {
            descriptor: Descriptor {
                group: lot.group.0,
                range: lot.range,
                epoch: lot.epoch,
            },
            applied: lot.applied,
            path,
            is_to_be_encrypted: false,
        });
        done_bytes += lot.bytes;
        let tenths = done_bytes * 10 / manifest.bytes().max(1);
        if tenths > told_tenths {
            told(counter, "restore-reading", done_bytes, manifest.bytes());
            told_tenths = tenths;
        }
    }
    Ok(groups)
}

/// The passphrase in a file: its first line.
fn passphrase(counter: &Counter, file: Option<&Path>) -> Result<Option<Zeroizing<String>>, Undone> {
    let Some(path) = file else { return Ok(None) };
    let mut text = Zeroizing::new(String::new());
    let read = if path == Path::new("-") {
        io::stdin().take(PASSPHRASE_BYTES_MAX).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(PASSPHRASE_BYTES_MAX).read_to_string(&mut text))
    };
    read.map_err(|error| {
        said(
            counter,
            "passphrase",
            "backup-passphrase-unread",
            path,
            &error.to_string(),
        )
    })?;
    let line = Zeroizing::new(text.lines().next().unwrap_or_default().to_owned());
    if line.is_empty() {
        return Err(said(counter, "passphrase", "backup-passphrase-empty", path, ""));
    }
    Ok(Some(line))
}

fn unread(counter: &Counter, file: &Path, unreadable: Unreadable) -> Undone {
    let (code, key) = match &unreadable {
        Unreadable::Other => ("no_backup", "restore-no-backup"),
        Unreadable::Version(_) => ("version", "restore-version"),
        Unreadable::Locked => ("passphrase", "restore-locked"),
        Unreadable::Passphrase => ("passphrase", "restore-wrong-passphrase"),
        Unreadable::CutOff => ("damaged", "restore-cut-off"),
        Unreadable::Damaged => ("damaged", "restore-damaged"),
        Unreadable::Io(_) => ("failed", "restore-failed"),
    };
    said(counter, code, key, file, &unreadable.to_string())
}

fn not_written(counter: &Counter, path: &Path, error: &io::Error) -> Undone {
    said(counter, "failed", "backup-not-written", path, &error.to_string())
}

fn said(counter: &Counter, code: &'static str, key: &str, path: &Path, why: &str) -> Undone {
    let values = [("file", path.display().to_string().into()), ("why", why.into())];
    Undone::Said {
        code,
        text: counter.look.words.with(key, &values),
    }
}
