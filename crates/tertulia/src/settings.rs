//! What `tertulia up` can be told: by flags, by `TERTULIA_…` variables, and by a TOML file; the first one that says
//! something wins. In the file the keys have the flags' names.

use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Where a machine listens when nobody says otherwise: reached from this computer alone, and without TLS.
const HTTP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8787);
/// Where a machine keeps its data when nobody says otherwise.
const DATA: &str = "data";
/// The settings file that is read, if it is there, when none is named.
const FILE: &str = "tertulia.toml";
/// What clients see as the ring's name when nobody says otherwise.
const TITLE: &str = "Tertulia";

/// Flags of `up`.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct UpFlags {
    /// Directory of this machine's data [default: data]
    #[arg(long, value_name = "DIR", env = "TERTULIA_DATA")]
    data: Option<PathBuf>,
    /// Address and port for people and apps; any address but loopback speaks TLS [default: 127.0.0.1:8787]
    #[arg(long, value_name = "ADDR", env = "TERTULIA_HTTP")]
    http: Option<SocketAddr>,
    /// A name by which people reach this machine, for its certificate; repeatable
    #[arg(
        long = "name",
        value_name = "NAME",
        env = "TERTULIA_NAME",
        value_delimiter = ','
    )]
    #[serde(rename = "names")]
    names: Vec<String>,
    /// Certificate chain (PEM) to be used instead of the ring's own authority
    #[arg(long, value_name = "FILE", env = "TERTULIA_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key (PEM) of that certificate
    #[arg(long, value_name = "FILE", env = "TERTULIA_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// What the community is called
    #[arg(long, env = "TERTULIA_TITLE")]
    title: Option<String>,
    /// How much is logged: error, warn, info, debug, or per part as in tertulia_node=debug [default: warn]
    #[arg(long, value_name = "LEVEL", env = "TERTULIA_LOG")]
    log: Option<String>,
    /// Log one JSON object a line
    #[arg(long, env = "TERTULIA_LOG_JSON")]
    log_json: bool,
    /// Limits of how often people and addresses may ask; `off` is for load tests
    #[arg(long, value_name = "on|off", env = "TERTULIA_RATE_LIMIT")]
    rate_limit: Option<Switch>,
    /// Settings file [default: tertulia.toml in the data directory]
    #[arg(long, value_name = "FILE", env = "TERTULIA_CONFIG")]
    #[serde(skip)]
    config: Option<PathBuf>,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Switch {
    On,
    Off,
}

/// What a machine is run with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UpSettings {
    pub(crate) data: PathBuf,
    pub(crate) http: SocketAddr,
    pub(crate) names: Vec<String>,
    /// Certificate chain and key.
    pub(crate) tls_files: Option<(PathBuf, PathBuf)>,
    pub(crate) title: String,
    pub(crate) log: String,
    pub(crate) log_json: bool,
    pub(crate) is_limited: bool,
}

impl UpSettings {
    /// Whether clients come by TLS: wherever others could listen in.
    pub(crate) fn speaks_tls(&self) -> bool {
        self.tls_files.is_some() || !self.http.ip().is_loopback()
    }
}

impl UpFlags {
    /// What the flags and variables say, what the file says where they are silent, and the defaults.
    pub(crate) fn resolve(self) -> anyhow::Result<UpSettings> {
        let file = self.file()?;
        let (cert, key) = (self.tls_cert.or(file.tls_cert), self.tls_key.or(file.tls_key));
        let tls_files = match (cert, key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => bail!("tls-cert and tls-key go together: give both or none"),
        };
        Ok(UpSettings {
            data: self.data.or(file.data).unwrap_or_else(|| DATA.into()),
            http: self.http.or(file.http).unwrap_or(HTTP),
            names: if self.names.is_empty() {
                file.names
            } else {
                self.names
            },
            tls_files,
            title: self.title.or(file.title).unwrap_or_else(|| TITLE.to_owned()),
            log: self.log.or(file.log).unwrap_or_else(|| "warn".to_owned()),
            log_json: self.log_json || file.log_json,
            is_limited: self.rate_limit.or(file.rate_limit) != Some(Switch::Off),
        })
    }

    fn file(&self) -> anyhow::Result<Self> {
        let usual = || self.data.as_deref().unwrap_or(Path::new(DATA)).join(FILE);
        let path = match &self.config {
            Some(path) => path.clone(),
            None if usual().exists() => usual(),
            None => return Ok(Self::default()),
        };
        let text = std::fs::read_to_string(&path);
        let text = text.with_context(|| format!("the settings file {} cannot be read", path.display()))?;
        toml::from_str(&text)
            .with_context(|| format!("the settings file {} cannot be understood", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Switch, UpFlags};
    use std::path::PathBuf;

    fn flags_with(file: &str) -> (tempfile::TempDir, UpFlags) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("tertulia.toml"), file).unwrap();
        let flags = UpFlags {
            data: Some(dir.path().to_owned()),
            ..UpFlags::default()
        };
        (dir, flags)
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let file = "http = '127.0.0.1:1'\ntitle = 'Barrio'\nnames = ['a.local']\nrate-limit = 'off'\n";
        let (_dir, flags) = flags_with(file);
        let settings = UpFlags {
            title: Some("Taller".to_owned()),
            rate_limit: Some(Switch::On),
            ..flags
        }
        .resolve()
        .unwrap();
        assert_eq!((settings.title.as_str(), settings.http.port()), ("Taller", 1));
        assert_eq!(settings.names, ["a.local"]);
        assert!(settings.is_limited);
        assert_eq!(settings.log, "warn");
    }

    #[test]
    fn a_mistyped_key_is_named_with_its_file() {
        let (_dir, flags) = flags_with("htpp = '127.0.0.1:1'\n");
        let error = format!("{:#}", flags.resolve().unwrap_err());
        assert!(
            error.contains("tertulia.toml") && error.contains("htpp"),
            "{error}"
        );
    }

    #[test]
    fn a_certificate_needs_its_key() {
        let (_dir, flags) = flags_with("tls-cert = 'a.pem'\n");
        assert!(flags.clone().resolve().is_err());
        let settings = UpFlags {
            tls_key: Some(PathBuf::from("a.key")),
            ..flags
        }
        .resolve()
        .unwrap();
        assert!(settings.speaks_tls());
    }
}
