//! The web app as data: what was in `web/dist` when the program was built.
//!
//! It is a crate by itself, so that a change of the page compiles this table and links the binary, and nothing else.
//!
//! **Invariant:** nothing is in it where the page was not built; the program is whole without it.
//!
//! Deliberately absent: how files are served (`tertulia-api`), and how they come to be (`web/`).

/// A file of the page.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Where it is, from the page's root: `/index.html`.
    pub path: &'static str,
    /// What it is.
    pub media_type: &'static str,
    /// Its bytes.
    pub plain: &'static [u8],
    /// The same by gzip, where that is shorter.
    pub gzip: Option<&'static [u8]>,
    /// The same by Brotli, where that is shorter.
    pub brotli: Option<&'static [u8]>,
}

/// All of them.
pub const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

#[cfg(test)]
mod tests {
    use super::FILES;
    use std::collections::BTreeSet;

    #[test]
    fn each_file_is_there_once_and_packing_saves_something() {
        let paths: BTreeSet<&str> = FILES.iter().map(|file| file.path).collect();
        assert_eq!(paths.len(), FILES.len());
        for file in FILES {
            assert!(file.path.starts_with('/'), "{}", file.path);
            for packed in [file.gzip, file.brotli].into_iter().flatten() {
                assert!(packed.len() < file.plain.len(), "{}", file.path);
            }
        }
        assert!(FILES.is_empty() || paths.contains("/index.html"));
    }
}
