//! Numbers of 64 bits in JSON: sixteen hexadecimal digits, since many readers of JSON keep numbers exact to 53 bits only.
//!
//! Where bytes are written for machines alone (postcard), a number stays a number.
//!
//! And bytes as text, two digits each.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};
use std::borrow::Cow;
use std::fmt::Write;

/// How many digits a number has, with its leading zeros.
const DIGITS: usize = 16;

/// Two digits for each byte.
#[must_use]
pub fn digits(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Writes a number, for `#[serde(with = …)]`.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.collect_str(&format_args!("{number:016x}"))
    } else {
        serializer.serialize_u64(*number)
    }
}

/// Reads a number, for `#[serde(with = …)]`.
///
/// # Errors
/// Those of the deserializer; in text, anything but sixteen hexadecimal digits.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    if !deserializer.is_human_readable() {
        return u64::deserialize(deserializer);
    }
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    let is_whole = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u64::from_str_radix(&text, 16).ok().filter(|_| is_whole);
    number.ok_or_else(|| D::Error::custom(format_args!("{DIGITS} hexadecimal digits are expected")))
}

#[cfg(test)]
mod tests {
    use crate::{MachineId, Position};
    use proptest::prelude::{any, prop_assert_eq, proptest};

    #[test]
    fn only_sixteen_digits_are_a_number() {
        let read = |text: &str| {
            serde_json::from_str::<MachineId>(text)
                .map(|machine| machine.0)
                .ok()
        };
        assert_eq!(read("\"00000000000000ff\""), Some(255));
        for wrong in [
            "\"ff\"",
            "\"+0000000000000ff\"",
            "\"00000000000000fg\"",
            "255",
            "\"\"",
            "null",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_the_same_after_any_writing(number in any::<u64>()) {
            let text = serde_json::to_string(&Position(number)).expect("written");
            prop_assert_eq!(&text, &format!("\"{number:016x}\""));
            prop_assert_eq!(serde_json::from_str::<Position>(&text).expect("read"), Position(number));
            let bytes = postcard::to_stdvec(&MachineId(number)).expect("written");
            prop_assert_eq!(&bytes, &postcard::to_stdvec(&number).expect("written"));
            prop_assert_eq!(postcard::from_bytes::<MachineId>(&bytes).expect("read"), MachineId(number));
        }
    }
}
