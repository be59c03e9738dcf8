//! One connection to a PostgreSQL server: dialled, logged in and asked within limits. It may be given nothing but names of the catalogue.
//! It ends with its owner: nothing goes on behind a dropped session.

use super::farewell::Farewell;
use super::fault::Fault;
use crate::connect::{self, PostgresTarget, SslMode};
use crate::source::{CONNECT_LIMIT, FAST_LIMIT, SLOW_LIMIT};
use crate::sql;
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::config::SslMode as Wire;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::Json;
use tokio_postgres::{Client, Config, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What a connection is for, which decides how long an answer may take.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// The fast poll and nothing else.
    Fast,
    /// Everything else.
    Detail,
}

impl Purpose {
    fn limit(self) -> Duration {
        match self {
            Purpose::Fast => FAST_LIMIT,
            Purpose::Detail => SLOW_LIMIT,
        }
    }

    /// Settings of the session, as startup parameters so that they cost no round trip. `default_transaction_read_only` and
    /// `synchronous_commit` must not be among them: the fast statement reads them to tell the server's own values.
    fn options(self) -> String {
        // The server gives up a little earlier than we do, so that a slow statement costs an answer and not the connection.
        let statement = self.limit().as_millis() * 9 / 10;
        format!("-c statement_timeout={statement} -c lock_timeout=200 -c idle_in_transaction_session_timeout=10000")
    }
}

/// A logged-in connection.
pub(super) struct Session {
    client: Client,
    /// Moves the bytes; comes back with why it ended.
    driver: JoinHandle<Result<(), tokio_postgres::Error>>,
    prepared: HashMap<&'static str, Statement>,
    limit: Duration,
    version: u32,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Session {
    /// Connects within `CONNECT_LIMIT`, which covers dial, TLS and log-in. `peer` is set as soon as a dial succeeds.
    pub(super) async fn open(target: &PostgresTarget, purpose: Purpose, peer: &mut Option<SocketAddr>) -> Result<Session, Fault> {
        let deadline = Instant::now() + CONNECT_LIMIT;
        let mut config = Config::new();
        config.application_name("quarterdeck").dbname(&target.database).options(purpose.options());
        if let Some(user) = &target.login.user {
            config.user(user);
        }
        if let Some(password) = &target.login.password {
            config.password(password.expose_secret());
        }
        let plain = |stream| log_in(stream, NoTls, &config, purpose);
        if target.tls.mode == SslMode::Disable {
            let stream = dial(target, peer, deadline).await?;
            return within(deadline, plain(stream)).await;
        }
        let prefer = target.tls.mode == SslMode::Prefer;
        let mut secured = config.clone();
        secured.ssl_mode(if prefer { Wire::Prefer } else { Wire::Require });
        let refusal = match connect::client_config(&target.tls) {
            Ok(rustls) => {
                let mut make = MakeRustlsConnect::new((*rustls).clone());
                let Ok(tls) = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut make, &target.address.host);
                let stream = dial(target, peer, deadline).await?;
                match within(deadline, log_in(stream, Farewell(tls), &secured, purpose)).await {
                    Err(fault) if prefer && wants_plain(&fault) => fault,
                    done => return done,
                }
            }
            Err(why) => Fault::Settings(why),
        };
        if !prefer {
            return Err(refusal);
        }
        // As libpq: a connection that TLS alone keeps from working is tried once more without.
        tracing::debug!(server = %target.name, %refusal, "without TLS");
        let stream = dial(target, peer, deadline).await?;
        within(deadline, plain(stream)).await
    }

    /// Answers to the statement `name`, read as `T`; `None` if this version has no such statement.
    /// Prepared on its first use, afterwards one round trip.
    pub(super) async fn ask<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<Option<T>, Fault> {
        let Some(entry) = sql::for_version(name, self.version) else { return Ok(None) };
        let answered = timeout(self.limit, async {
            let statement = match self.prepared.get(name) {
                Some(statement) => statement.clone(),
                None => {
                    let statement = self.client.prepare(entry.text).await?;
                    self.prepared.insert(name, statement.clone());
                    statement
                }
            };
            self.client.query_one(&statement, &[]).await
        });
        match answered.await.map_err(|_| Fault::Silent)? {
            Ok(row) => row.try_get::<_, Json<T>>(0).map(|facts| Some(facts.0)).map_err(|error| Fault::Answer(super::fault::words(&error))),
            // What the server said last, if it said anything, reached the driver and not the question.
            Err(error) if error.as_db_error().is_none() => Err(self.last_words().await.unwrap_or(Fault::Postgres(error))),
            Err(error) => Err(Fault::Postgres(error)),
        }
    }

    async fn last_words(&mut self) -> Option<Fault> {
        timeout(Duration::from_millis(200), self.ended()).await.ok()
    }

    /// Waits until the connection ends, and tells why. The session is of no use afterwards.
    pub(super) async fn ended(&mut self) -> Fault {
        match (&mut self.driver).await {
            Ok(Err(error)) => Fault::Postgres(error),
            Ok(Ok(())) | Err(_) => Fault::Gone,
        }
    }
}

async fn dial(target: &PostgresTarget, peer: &mut Option<SocketAddr>, deadline: Instant) -> Result<TcpStream, Fault> {
    let (stream, at) = timeout_at(deadline, connect::dial(&target.address)).await.map_err(|_| Fault::NoTcp)?.map_err(Fault::Dial)?;
    *peer = Some(at);
    Ok(stream)
}

async fn within<T>(deadline: Instant, attempt: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    timeout_at(deadline, attempt).await.map_err(|_| Fault::Silent)?
}

async fn log_in<T>(stream: TcpStream, tls: T, config: &Config, purpose: Purpose) -> Result<Session, Fault>
where
    T: TlsConnect<TcpStream>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect_raw(stream, tls).await.map_err(Fault::Postgres)?;
    let said = connection.parameter("server_version").unwrap_or_default().to_owned();
    let version = version_num(&said);
    let driver = tokio::spawn(async move {
        let end = connection.await;
        tracing::debug!(why = end.as_ref().err().map(super::fault::words), "connection ended");
        end
    });
    let session = Session { client, driver, prepared: HashMap::new(), limit: purpose.limit(), version };
    if version / 10_000 < sql::OLDEST { Err(Fault::TooOld(said)) } else { Ok(session) }
}

/// The major version in `server_version` (`15.18 (Debian …)`, `18beta1`), as `server_version_num` would count it.
fn version_num(said: &str) -> u32 {
    let digits = said.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse::<u32>().unwrap_or_default().saturating_mul(10_000)
}

/// libpq's `prefer` tries without TLS when the handshake failed, or when the rules of the server refuse this user over TLS.
fn wants_plain(fault: &Fault) -> bool {
    match fault {
        Fault::Postgres(error) => super::fault::is_tls(error) || error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_the_server_says() {
        assert_eq!(["15.18 (Debian 15.18-0+deb12u1)", "18beta1", "9.6.24", ""].map(version_num), [150_000, 180_000, 90_000, 0]);
    }

    #[test]
    fn the_session_leaves_alone_what_the_fast_statement_reads() {
        for purpose in [Purpose::Fast, Purpose::Detail] {
            let options = purpose.options();
            assert!(!options.contains("read_only") && !options.contains("synchronous_commit"), "{options}");
        }
        assert!(Purpose::Fast.options().starts_with("-c statement_timeout=1350 "));
    }
}
