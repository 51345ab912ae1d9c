//! The key under which a ring's data lies on its machines' disks.

use std::fmt;
use tertulia_types::hexadecimal::digits;
use zeroize::Zeroizing;

/// A ring's data key: 32 random bytes. It is wiped when the last clone goes, and nobody prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// The key of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As SQLCipher takes a key that it is not to derive from a passphrase.
    pub(crate) fn for_database(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(67));
        text.push_str("x'");
        text.push_str(&Zeroizing::new(digits(&self.0[..])));
        text.push('\'');
        text
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}
