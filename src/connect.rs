//! How to reach a server: an address, a login, TLS as libpq means it, and the stream that the clients are fed with.
//! No other module dials. Nothing here prints a secret.

use crate::event::{Link, Name};
use rustls::pki_types::ServerName;
use secrecy::SecretString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

mod tls;

pub use tls::{client_config, explain};

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
pub async fn dial(address: &Address) -> std::io::Result<(TcpStream, SocketAddr)> {
    let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
    stream.set_nodelay(true)?;
    let peer = stream.peer_addr()?;
    Ok((stream, peer))
}

/// Whether a failed `dial` got no further than the name: it does not resolve. Whatever fails later carries the operating system's number.
pub fn is_unknown_host(error: &std::io::Error) -> bool {
    error.raw_os_error().is_none()
}

/// What is said of a connection that the other side ended without a word, however the client noticed.
pub const CLOSED: &str = "the server closed the connection";

/// What is said of a port where TLS is spoken to and something else answers.
pub const NO_TLS: &str = "the server does not speak TLS on this port";

/// Whether this is one of the ways in which a closed connection shows. The codec under both clients calls it "other" when part of an
/// answer had come.
pub fn is_closed(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof) || error.to_string() == CUT_SHORT
}

/// How that codec words it.
const CUT_SHORT: &str = "bytes remaining on stream";

/// An error of the operating system in plain words, without its number: `connection refused`.
pub fn io_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    let plain = text.split(" (os error").next().unwrap_or(&text);
    // "Connection refused" reads in the middle of a sentence; an abbreviation at the beginning stays as it is.
    let mut letters = plain.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().collect::<String>() + plain.get(first.len_utf8()..).unwrap_or("")
        }
        _ => plain.to_owned(),
    }
}

/// Bytes both ways, whatever carries them: TCP, TLS over it, a forwarded port.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// What the clients are fed with.
pub type Stream = Box<dyn Duplex>;

/// Why there is no stream. The texts are sentences for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// The connection is refused or broken, or nobody answers.
    Unreachable(String),
    /// The name does not resolve.
    UnknownHost(String),
    /// The TCP connection stands, and the server does not answer on it.
    Silent,
    /// We refuse the server's certificate or the server refuses ours; or it does not speak TLS.
    Untrusted(String),
    /// Our own files or settings are wrong; nothing was dialled.
    Settings(String),
}

impl From<OpenError> for Link {
    fn from(error: OpenError) -> Link {
        match error {
            OpenError::Unreachable(why) | OpenError::UnknownHost(why) | OpenError::Settings(why) => Link::Down(why),
            OpenError::Silent => Link::Hung,
            OpenError::Untrusted(why) => Link::Unauthorised(why),
        }
    }
}

/// A stream to `address` for a protocol that starts with TLS or without, and the peer that the name resolved to.
/// Dialling and the handshake have `limit` each, since only the second tells a server that hangs from one that is away.
pub async fn open(address: &Address, tls: &Tls, limit: Duration) -> Result<(Stream, SocketAddr), OpenError> {
    let secured = match tls.mode {
        SslMode::Disable => None,
        _ => {
            let config = client_config(tls).map_err(OpenError::Settings)?;
            let name = ServerName::try_from(address.host.clone())
                .map_err(|_| OpenError::Settings(format!("'{}' is neither a host name nor an IP address", address.host)))?;
            Some((TlsConnector::from(config), name))
        }
    };
    let (tcp, peer) = match timeout(limit, dial(address)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) if is_unknown_host(&error) => return Err(OpenError::UnknownHost(io_words(&error))),
        Ok(Err(error)) => return Err(OpenError::Unreachable(io_words(&error))),
        Err(_) => return Err(OpenError::Unreachable(format!("no answer to TCP within {} s", limit.as_secs()))),
    };
    let Some((connector, name)) = secured else { return Ok((Box::new(tcp), peer)) };
    match timeout(limit, connector.connect(name, tcp)).await {
        Ok(Ok(stream)) => Ok((Box::new(stream), peer)),
        Ok(Err(error)) => Err(match explain(&error) {
            Some((true, why)) => OpenError::Untrusted(why),
            Some((false, why)) => OpenError::Unreachable(why),
            None => OpenError::Unreachable(format!("{} during the TLS handshake", io_words(&error))),
        }),
        Err(_) => Err(OpenError::Silent),
    }
}
