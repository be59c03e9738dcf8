//! How to reach a server: an address, a login, TLS as libpq means it, and the stream that the clients are fed with.
//! No other module dials. Nothing here prints a secret.

use crate::event::Name;
use secrecy::SecretString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A host and a port; `host:port` or `[::1]:port`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// A name or an IP address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') { write!(f, "[{}]:{}", self.host, self.port) } else { write!(f, "{}:{}", self.host, self.port) }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Address, String> {
        let wrong = || format!("'{text}' is not an address such as 10.0.0.7:5432 or postgres-0.postgres-headless:5432");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let named = !bare.is_empty() && !bare.contains(char::is_whitespace) && (bare == host) != bare.contains(':');
        match port.parse() {
            Ok(port) if named && port != 0 => Ok(Address { host: bare.to_owned(), port }),
            _ => Err(wrong()),
        }
    }
}

/// Who we say we are.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// The role or ACL user; `None` is the server's default user.
    pub user: Option<String>,
    /// Its password, if there is one.
    pub password: Option<SecretString>,
}

/// How much TLS, as libpq's `sslmode` means it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// Never.
    Disable,
    /// If the server offers it; the certificate is not looked at.
    #[default]
    Prefer,
    /// Always; the certificate is checked only if a CA file is given.
    Require,
    /// Always; the certificate must come from the CA.
    VerifyCa,
    /// Always; the certificate must come from the CA and name the host.
    VerifyFull,
}

/// TLS towards one kind of server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// How much.
    pub mode: SslMode,
    /// Certificates of the CAs that are trusted, PEM.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate chain, PEM.
    pub cert_file: Option<PathBuf>,
    /// Its key, PEM.
    pub key_file: Option<PathBuf>,
}

/// A PostgreSQL server to watch.
#[derive(Clone, Debug)]
pub struct PostgresTarget {
    /// Instance.
    pub name: Name,
    /// Where.
    pub address: Address,
    /// Database to connect to.
    pub database: String,
    /// As whom.
    pub login: Login,
    /// TLS.
    pub tls: Tls,
}

/// A Redis data node to watch. Redis has no TLS negotiation: `SslMode::Prefer` is not used here.
#[derive(Clone, Debug)]
pub struct RedisTarget {
    /// Instance.
    pub name: Name,
    /// Where.
    pub address: Address,
    /// As whom.
    pub login: Login,
    /// TLS.
    pub tls: Tls,
}

/// A Sentinel to watch.
#[derive(Clone, Debug)]
pub struct SentinelTarget {
    /// The Sentinel itself.
    pub server: RedisTarget,
    /// The name under which it knows the master, for example `mymaster`.
    pub master: String,
}

/// A TCP connection to `address`, and the peer that the name resolved to. The caller sets the time limit.
pub async fn dial(address: &Address) -> std::io::Result<(tokio::net::TcpStream, std::net::SocketAddr)> {
    let stream = tokio::net::TcpStream::connect((address.host.as_str(), address.port)).await?;
    stream.set_nodelay(true)?;
    let peer = stream.peer_addr()?;
    Ok((stream, peer))
}

/// What rustls needs to know to act as `tls` says; the error is a sentence for the operator.
pub fn client_config(_tls: &Tls) -> Result<std::sync::Arc<rustls::ClientConfig>, String> {
    Err("TLS is not built in yet".to_owned())
}
