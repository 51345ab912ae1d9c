//! Addresses of machines, as people type them and as the ring names them.

use crate::failure::{Failure, Misuse};
use reqwest::Url;

/// The longest address that is taken from a machine.
const HEARD_BYTES_MAX: usize = 300;

/// The address of a machine as a person typed it, made whole: without a scheme it is `https`, on this computer `http`.
pub fn address(typed: &str) -> Result<String, Failure> {
    let refused = || Misuse::NotAServer(typed.to_owned());
    let typed_url = typed.trim();
    let whole = if typed_url.contains("://") {
        typed_url.to_owned()
    } else {
        let https = Url::parse(&format!("https://{typed_url}")).map_err(|_| refused())?;
        format!(
            "{}://{typed_url}",
            if is_loopback(&https) { "http" } else { "https" }
        )
    };
    let url = Url::parse(&whole).map_err(|_| refused())?;
    let bare =
        url.username().is_empty() && url.password().is_none() && url.path() == "/" && url.query().is_none();
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() || !bare {
        return Err(refused().into());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The address that the machine at `from` names, if a client may follow it there with a person's token.
///
/// Clear text is taken from a machine that is itself asked in clear text, and this very computer is named only by itself:
/// another's `127.0.0.1` would be whoever listens here.
pub(crate) fn heard(named: &str, from: &str) -> Option<String> {
    let named = (named.len() <= HEARD_BYTES_MAX && named.contains("://")).then(|| address(named).ok())??;
    let (there, here) = (Url::parse(&named).ok()?, Url::parse(from).ok()?);
    let is_clear = |url: &Url| url.scheme() == "http";
    let may = if is_loopback(&there) {
        is_loopback(&here)
    } else {
        !is_clear(&there) || (is_clear(&here) && !is_loopback(&here))
    };
    may.then_some(named)
}

/// Whether it leads to this very computer.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

#[cfg(test)]
mod tests {
    use super::{address, heard};

    #[test]
    fn an_address_is_made_whole() {
        for (typed, whole) in [
            ("127.0.0.1:7700", "http://127.0.0.1:7700"),
            ("localhost", "http://localhost"),
            ("[::1]:80", "http://[::1]"),
            ("10.0.0.5:7700", "https://10.0.0.5:7700"),
            ("tertulia.example", "https://tertulia.example"),
            ("http://10.0.0.5:7700/", "http://10.0.0.5:7700"),
            (" HTTPS://Tertulia.example ", "https://tertulia.example"),
        ] {
            assert_eq!(address(typed).expect("an address"), whole);
        }
        for typed in [
            "",
            "http://",
            "ftp://x",
            "http://a:b@x",
            "http://x/y",
            "a b",
            "http://x/?q",
        ] {
            assert!(address(typed).is_err(), "{typed:?}");
        }
    }

    #[test]
    fn entry_addresses_do_not_lure_a_token_into_clear_text_or_to_this_computer() {
        let (tls, clear, own) = ("https://10.0.0.1:1", "http://10.0.0.1:1", "http://127.0.0.1:1");
        for (named, from, taken) in [
            ("https://10.0.0.2:1", tls, true),
            ("https://10.0.0.2:1", own, true),
            ("http://10.0.0.2:1", tls, false),
            ("http://10.0.0.2:1", own, false),
            ("http://10.0.0.2:1", clear, true),
            ("http://127.0.0.1:2", own, true),
            ("http://127.0.0.1:2", tls, false),
            ("https://localhost:2", tls, false),
            ("10.0.0.2:1", tls, false),
            ("https://10.0.0.2:1/x", tls, false),
            ("https://a:b@10.0.0.2:1", tls, false),
        ] {
            assert_eq!(heard(named, from).is_some(), taken, "{named} from {from}");
        }
        assert_eq!(heard(&format!("https://{}", "a".repeat(400)), tls), None);
    }
}
