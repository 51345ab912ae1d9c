//! The key file of a machine whose ring encrypts its data at rest: made, read, and tried on the data directory before anything else is done there.

use crate::said::Said;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;
use tertulia_console::Words;
use tertulia_node::charter;
use tertulia_node::seal::{FileKey, KeyFileError, SealError};

/// Makes a key file.
pub(crate) fn make(path: &Path, words: &Words) -> ExitCode {
    match FileKey::make(path) {
        Ok(()) => {
            let file = [("file", path.display().to_string().into())];
            println!("{}", words.with("key-file-made", &file));
            ExitCode::SUCCESS
        }
        Err(error) => crate::failed(&refused(&error, words).into()),
    }
}

/// The key of a machine; `None` if it has none. Touches nothing.
pub(crate) fn of(path: Option<&Path>, data: &Path, words: &Words) -> Result<Option<FileKey>, Said> {
    let key = path.map(|path| FileKey::read(path, data)).transpose();
    key.map_err(|error| refused(&error, words))
}

/// Sees to it that a data directory lies under this key, or in the clear if there is none; one of no ring lies under any. Touches nothing.
pub(crate) fn fits(key: Option<&FileKey>, data: &Path, words: &Words) -> Result<(), Said> {
    charter::opens(data, key).map_err(|error| {
        let (key, file) = match &error {
            SealError::KeyMissing(file) => ("key-file-missing", file),
            SealError::OtherKey(file) => ("key-file-other", file),
            SealError::InTheClear(file) => ("key-file-in-the-clear", file),
            SealError::Damaged(file) => ("key-file-damaged", file),
        };
        said(key, file, "", data, words)
    })
}

fn refused(error: &KeyFileError, words: &Words) -> Said {
    let (key, file, why) = match error {
        KeyFileError::Io { path, source } if source.kind() == ErrorKind::AlreadyExists => {
            ("key-file-exists", path, String::new())
        }
        KeyFileError::Io { path, source } => ("key-file-unusable", path, source.to_string()),
        KeyFileError::NoKey(path) => ("key-file-no-key", path, String::new()),
        KeyFileError::Open(path) => ("key-file-open", path, String::new()),
        KeyFileError::Inside(path) => ("key-file-inside", path, String::new()),
    };
    said(key, file, &why, Path::new(""), words)
}

fn said(key: &str, file: &Path, why: &str, data: &Path, words: &Words) -> Said {
    let values = [
        ("file", file.display().to_string().into()),
        ("data", data.display().to_string().into()),
        ("why", why.into()),
    ];
    Said::refused(words.with(key, &values))
}

#[cfg(test)]
mod tests {
    use super::{fits, of};
    use std::path::{Path, PathBuf};
    use tertulia_console::Words;
    use tertulia_console::words::Language;
    use tertulia_node::peers::RingFile;
    use tertulia_node::seal::FileKey;
    use tertulia_node::{Charter, Identity};

    fn made(directory: &Path, name: &str) -> (PathBuf, FileKey) {
        let path = directory.join(name);
        FileKey::make(&path).unwrap();
        let key = FileKey::read(&path, Path::new("nowhere")).unwrap();
        (path, key)
    }

    fn found(data: &Path, key: Option<FileKey>) {
        let ring = RingFile::found("x", 3).unwrap();
        let ring = if key.is_some() { ring.encrypting() } else { ring };
        Charter::found(&Identity::take_under(data, key).unwrap(), ring).unwrap();
    }

    fn all_files(data: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = std::fs::read_dir(data).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
            .into_iter()
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect()
    }

    #[test]
    fn without_its_key_or_with_another_one_a_directory_is_left_alone_and_what_to_do_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let (_, key) = made(directory.path(), "one");
        let (_, other) = made(directory.path(), "two");
        let (sealed, clear) = (directory.path().join("sealed"), directory.path().join("clear"));
        found(&sealed, Some(key.clone()));
        found(&clear, None);
        let before = (all_files(&sealed), all_files(&clear));
        for language in [Language::English, Language::Spanish] {
            let words = Words::new(language);
            assert!(fits(Some(&key), &sealed, &words).is_ok());
            assert!(fits(None, &clear, &words).is_ok());
            assert!(fits(Some(&key), &directory.path().join("new"), &words).is_ok());
            let refusals = [
                fits(None, &sealed, &words),
                fits(Some(&other), &sealed, &words),
                fits(Some(&key), &clear, &words),
            ]
            .map(|refused| refused.unwrap_err().to_string());
            for refused in &refusals {
                assert!(
                    refused.contains("--key-file") && !refused.contains('{'),
                    "{refused}"
                );
            }
            assert!(refusals[0] != refusals[1] && refusals[1] != refusals[2]);
        }
        assert_eq!(before, (all_files(&sealed), all_files(&clear)));
        for (path, bytes) in &before.0 {
            let text = String::from_utf8_lossy(bytes);
            assert!(
                !text.contains("PRIVATE KEY") && !text.contains("CERTIFICATE"),
                "{path:?}"
            );
        }
    }

    #[test]
    fn each_fault_of_a_key_file_is_said_in_each_language() {
        let directory = tempfile::tempdir().unwrap();
        let (path, _) = made(directory.path(), "key");
        let nowhere = Path::new("nowhere");
        std::fs::write(directory.path().join("empty"), "").unwrap();
        for language in [Language::English, Language::Spanish] {
            let words = Words::new(language);
            let told = |path: &Path, data: &Path| of(Some(path), data, &words).unwrap_err().to_string();
            for text in [
                told(&path, directory.path()),
                told(&directory.path().join("none"), nowhere),
                told(&directory.path().join("empty"), nowhere),
            ] {
                assert!(text.contains(' ') && !text.contains('{'), "{text}");
            }
        }
        assert!(
            of(Some(&path), nowhere, &Words::new(Language::English))
                .unwrap()
                .is_some()
        );
        assert!(
            of(None, nowhere, &Words::new(Language::English))
                .unwrap()
                .is_none()
        );
    }
}
