//! A machine's data at rest, under a key that is kept apart from it.
//!
//! The *key file* lies outside the data directory, and each machine has its own. Under it the machine's few private files are sealed as wholes (see `private`),
//! and one of these, the ring's file, holds the ring's [data key](DataKey), which is the same on all machines that store: databases go from machine to machine
//! as they are. Under keys that follow from that one lie the databases (SQLCipher) and what the log's entries and small records say.
//!
//! **Invariant:** whether a directory is encrypted is settled when its machine founds a ring or joins one, and whoever comes with another key, or with none,
//! changes nothing in it.
//! **Invariant:** no key is written but sealed, or to a file of its own that the operator has asked for.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
pub use tertulia_state::DataKey;
use tertulia_types::hexadecimal::digits;
use zeroize::Zeroizing;

/// How a sealed file begins.
const MAGIC: &[u8; 18] = b"tertulia sealed 1\n";
const NAME_BYTES: usize = 16;
const NONCE_BYTES: usize = 24;
/// Hexadecimal digits, and what may stand around them.
const KEY_FILE_BYTES_MAX: u64 = 1024;
/// Who else may write to a key file, or is not even of its group. Its group may read it: a service manager lends keys like that.
const MODE_FORBIDDEN: u32 = 0o027;

/// A key file that is of no use.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error("the key file {} cannot be read or written", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Something else is in it.
    #[error("{} is no key file: it has to hold 64 hexadecimal digits; `tertulia key-file FILE` makes one", .0.display())]
    NoKey(PathBuf),
    /// Others can get at it.
    #[error("others can read or change the key file {path}; make it yours alone: chmod 600 {path}", path = .0.display())]
    Open(PathBuf),
    /// Who has the data would have the key.
    #[error("the key file {} lies in the data directory; keep it apart from the data, or it protects nothing", .0.display())]
    Inside(PathBuf),
}

/// Data that this key, or no key, does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It is encrypted, and no key was given.
    #[error("{} is encrypted; give the machine its key file (--key-file)", .0.display())]
    KeyMissing(PathBuf),
    /// It is encrypted under another key.
    #[error("{} is encrypted under another key; give the key file with which this data directory began (--key-file)", .0.display())]
    OtherKey(PathBuf),
    /// It is not encrypted.
    #[error("{} is not encrypted, and a key file was given; start without --key-file, or give --data another directory", .0.display())]
    InTheClear(PathBuf),
    /// It was changed, or only a part of it is there.
    #[error("{} is damaged; restore it from a backup, or give --data another directory", .0.display())]
    Damaged(PathBuf),
}

/// What a key file holds. It is wiped when the last clone goes, and nobody prints it.
#[derive(Clone)]
pub struct FileKey(Zeroizing<[u8; 32]>);

impl FileKey {
    /// Reads the key of a machine with this data directory.
    ///
    /// # Errors
    /// If the file holds no key, or is not kept as a key has to be.
    pub fn read(path: &Path, data: &Path) -> Result<Self, KeyFileError> {
        let io = |source| KeyFileError::Io {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(io)?;
        let inside = data.canonicalize().ok();
        if inside.is_some_and(|data| path.canonicalize().is_ok_and(|path| path.starts_with(data))) {
            return Err(KeyFileError::Inside(path.to_owned()));
        }
        if file.metadata().map_err(io)?.permissions().mode() & MODE_FORBIDDEN != 0 {
            return Err(KeyFileError::Open(path.to_owned()));
        }
        let mut text = Zeroizing::new(String::new());
        match file.take(KEY_FILE_BYTES_MAX).read_to_string(&mut text) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(KeyFileError::NoKey(path.to_owned()));
            }
            read => drop(read.map_err(io)?),
        }
        from_hex(text.trim())
            .map(Self)
            .ok_or_else(|| KeyFileError::NoKey(path.to_owned()))
    }

    /// Makes a key file, and never over one that is there.
    ///
    /// # Errors
    /// If there is a file already, or it cannot be written.
    pub fn make(path: &Path) -> Result<(), KeyFileError> {
        let io = |source| KeyFileError::Io {
            path: path.to_owned(),
            source,
        };
        let mut key = Zeroizing::new([0; 32]);
        rand::fill(&mut key[..]);
        let text = to_hex(&key);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(io)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .map_err(io)?;
        file.sync_all().map_err(io)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(io)?;
        folder.sync_all().map_err(io)
    }

    /// What names the key, and tells nothing of it.
    fn name(&self) -> [u8; NAME_BYTES] {
        let mut name = [0; NAME_BYTES];
        name.copy_from_slice(&derived(&self.0, "name of a key")[..NAME_BYTES]);
        name
    }

    fn sealer(&self) -> Sealer {
        Sealer::new(&derived(&self.0, "private files"))
    }

    /// A file's content, sealed. It counts under this name only.
    pub(crate) fn seal(&self, path: &Path, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut sealed = [&MAGIC[..], &self.name()].concat();
        sealed.extend(self.sealer().seal(&name_of(path), bytes)?);
        Ok(sealed)
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey")
    }
}

/// The content of a file that lies under this key, or in the clear if there is none.
pub(crate) fn open(key: Option<&FileKey>, path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>, SealError> {
    let at = || path.to_owned();
    match (key, bytes.strip_prefix(MAGIC)) {
        (None, None) => Ok(bytes),
        (None, Some(_)) => Err(SealError::KeyMissing(at())),
        (Some(_), None) => Err(SealError::InTheClear(at())),
        (Some(key), Some(sealed)) => match sealed.split_at_checked(NAME_BYTES) {
            None => Err(SealError::Damaged(at())),
            Some((name, _)) if name != key.name() => Err(SealError::OtherKey(at())),
            Some((_, sealed)) => key
                .sealer()
                .open(&name_of(path), sealed)
                .ok_or_else(|| SealError::Damaged(at())),
        },
    }
}

fn name_of(path: &Path) -> Vec<u8> {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().to_vec()
}

/// Seals under one key. A nonce is drawn at random each time: it is long enough for that.
pub(crate) struct Sealer(XChaCha20Poly1305);

impl Sealer {
    fn new(key: &Zeroizing<[u8; 32]>) -> Self {
        Self(XChaCha20Poly1305::new(Key::from_slice(&key[..])))
    }

    /// What seals the log of a machine of a ring with this key.
    pub(crate) fn of_log(key: &DataKey) -> Self {
        Self::new(&derived(key.bytes(), "log"))
    }

    /// Seals. What comes out opens only for the same `about`.
    pub(crate) fn seal(&self, about: &[u8], bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        rand::fill(&mut nonce);
        let payload = Payload {
            msg: bytes,
            aad: about,
        };
        let sealed = self.0.encrypt(XNonce::from_slice(&nonce), payload);
        let sealed = sealed.map_err(|_| io::Error::other("too long to be encrypted"))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens; `None` if it was sealed under another key or about something else, or was changed.
    pub(crate) fn open(&self, about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
        let payload = Payload {
            msg: sealed,
            aad: about,
        };
        self.0.decrypt(XNonce::from_slice(nonce), payload).ok()
    }
}

/// A new data key.
pub(crate) fn new_data_key() -> DataKey {
    let mut key = Zeroizing::new([0; 32]);
    rand::fill(&mut key[..]);
    DataKey::new(*key)
}

/// A data key as text.
#[must_use]
pub fn to_hex(key: &[u8; 32]) -> Zeroizing<String> {
    Zeroizing::new(digits(key))
}

/// A key from its text; `None` if it is none.
#[must_use]
pub fn from_hex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let text: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut key = Zeroizing::new([0; 32]);
    let value = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    for (byte, pair) in key.iter_mut().zip(text.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(key)
}

/// A key for one purpose, from a random one.
fn derived(key: &[u8; 32], purpose: &str) -> Zeroizing<[u8; 32]> {
    let hash = Sha256::new().chain_update(crate::key::for_purpose(purpose, &[]));
    Zeroizing::new(hash.chain_update(key).finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(directory: &Path, name: &str) -> PathBuf {
        let path = directory.join(name);
        FileKey::make(&path).unwrap();
        path
    }

    #[test]
    fn a_key_file_is_its_owners_alone_and_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let (path, data) = (made(directory.path(), "key"), directory.path().join("data"));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read(&path).unwrap();
        assert!(matches!(FileKey::make(&path), Err(KeyFileError::Io { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), text);
        let key = FileKey::read(&path, &data).unwrap();
        assert_eq!(format!("{}\n", *to_hex(&key.0)).as_bytes(), text);
        assert_eq!(format!("{key:?}"), "FileKey");
        // As a service manager lends it.
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o440)).unwrap();
        assert!(FileKey::read(&path, &data).is_ok());
        for mode in [0o644, 0o604, 0o660] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert!(matches!(FileKey::read(&path, &data), Err(KeyFileError::Open(_))));
        }
    }

    #[test]
    fn a_key_file_beside_the_data_or_without_a_key_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = made(directory.path(), "key");
        let refused = FileKey::read(&path, directory.path());
        assert!(matches!(refused, Err(KeyFileError::Inside(_))));
        let data = directory.path().join("data");
        for text in [&b""[..], b"12ab", &[b'x'; 64], &[0xff; 64], &[b'a'; 65]] {
            std::fs::write(&path, text).unwrap();
            assert!(matches!(FileKey::read(&path, &data), Err(KeyFileError::NoKey(_))));
        }
        let missing = FileKey::read(&directory.path().join("none"), &data);
        assert!(matches!(missing, Err(KeyFileError::Io { .. })));
    }

    #[test]
    fn a_sealed_file_opens_with_its_key_and_under_its_name_only() {
        let (key, other) = (FileKey([1; 32].into()), FileKey([2; 32].into()));
        let path = Path::new("here/secret");
        let sealed = key.seal(path, b"words").unwrap();
        assert!(!sealed.windows(5).any(|part| part == b"words"));
        assert_ne!(sealed, key.seal(path, b"words").unwrap());
        let opened = |key: Option<&FileKey>, bytes: &[u8]| open(key, path, bytes.to_vec());
        assert_eq!(opened(Some(&key), &sealed).unwrap(), b"words");
        assert_eq!(opened(None, b"words").unwrap(), b"words");
        let at = || path.to_owned();
        assert_eq!(opened(None, &sealed), Err(SealError::KeyMissing(at())));
        assert_eq!(opened(Some(&other), &sealed), Err(SealError::OtherKey(at())));
        assert_eq!(opened(Some(&key), b"words"), Err(SealError::InTheClear(at())));
        for cut in MAGIC.len()..sealed.len() {
            let damaged = opened(Some(&key), &sealed[..cut]);
            assert_eq!(damaged, Err(SealError::Damaged(at())), "{cut}");
        }
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(opened(Some(&key), &changed), Err(SealError::Damaged(at())));
        assert!(open(Some(&key), Path::new("here/other"), sealed).is_err());
    }
}
