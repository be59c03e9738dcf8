//! One connection to a Redis server or a Sentinel: dialled, logged in, asked. It turns whatever goes wrong into a `Link`.
//! It does not reconnect, and no password reaches an error or a log.

use crate::connect::{self, Login, OpenError, RedisTarget, Stream};
use crate::event::{Event, Link};
use crate::source::{CONNECT_LIMIT, Closed, FAST_LIMIT, Outlet};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Pipeline, ProtocolVersion, PushInfo, RedisConnectionInfo, RedisError, Value};
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// Why a session is over.
#[derive(Debug)]
pub enum Ended {
    /// The program ends.
    Closed,
    /// What to say of the link until the next attempt.
    Link(Link),
    /// Down until a person mends what these words say.
    Wrong(String),
    /// The server closed a connection that had worked. It may have gone, or have closed this one only: a Sentinel cuts off all clients
    /// of a node whose role it changes.
    Cut,
    /// The server does not speak RESP3, so there are no pushed messages.
    NoPushes,
}

impl From<OpenError> for Ended {
    fn from(error: OpenError) -> Ended {
        match error {
            OpenError::UnknownHost(why) | OpenError::Settings(why) => Ended::Wrong(why),
            error => Ended::Link(error.into()),
        }
    }
}

impl From<Closed> for Ended {
    fn from(_: Closed) -> Ended {
        Ended::Closed
    }
}

/// A connection that was cut after this long is replaced at once and silently; if nobody is there, that attempt tells.
const WORTH_REPLACING: Duration = Duration::from_secs(1);

/// What to say of the link after a connection that was cut; nothing if it is to be replaced at once.
pub fn after_cut(began: Instant) -> Option<Link> {
    (began.elapsed() < WORTH_REPLACING).then(|| Link::Down(connect::CLOSED.to_owned()))
}

/// A connection that is logged in. Dropping it closes it.
pub struct Session {
    connection: MultiplexedConnection,
    driver: JoinSet<()>,
}

impl Session {
    /// Dials, tells the outlet of the peer if that is another one than `peer`, and logs in. With `pushes` the connection speaks RESP3
    /// and pushed messages go there; they are dropped while it is full.
    pub async fn open(
        target: &RedisTarget,
        outlet: &Outlet,
        peer: &mut Option<String>,
        pushes: Option<mpsc::Sender<PushInfo>>,
    ) -> Result<Session, Ended> {
        let (mut stream, address) = match connect::open(&target.address, &target.tls, CONNECT_LIMIT).await {
            Err(OpenError::Silent) if answers_plainly(&target.address).await => {
                return Err(Ended::Link(Link::Unauthorised(connect::NO_TLS.to_owned())));
            }
            opened => opened?,
        };
        let address = address.to_string();
        if peer.as_ref() != Some(&address) {
            *peer = Some(address.clone());
            outlet.send(Event::Peer(address)).await?;
        }
        timeout(CONNECT_LIMIT, log_in(&mut stream, &target.login)).await.map_err(|_| Ended::Link(Link::Hung))?.map_err(Ended::Link)?;
        timeout(CONNECT_LIMIT, Session::start(stream, pushes)).await.map_err(|_| Ended::Link(Link::Hung))?
    }

    async fn start(stream: Stream, pushes: Option<mpsc::Sender<PushInfo>>) -> Result<Session, Ended> {
        // No login in here: it has happened. No CLIENT SETINFO: before 7.2 an ACL rule cannot even name it.
        let mut info = RedisConnectionInfo::default().set_skip_set_lib_name();
        // The limit on answers is ours, in `ask`: the client's own of 0.5 s would call a busy server hung.
        let mut config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        if let Some(pushes) = pushes {
            info = info.set_protocol(ProtocolVersion::RESP3);
            config = config.set_push_sender(move |push| pushes.try_send(push));
        }
        let started = MultiplexedConnection::new_with_config(&info, stream, config).await;
        let (connection, future) = started.map_err(|error| match error.is_io_error() {
            true => Ended::Link(broken(&error)),
            // The only other answer to HELLO 3, after a login that went well, is that it is unknown or not permitted.
            false => Ended::NoPushes,
        })?;
        let mut driver = JoinSet::new();
        driver.spawn(future);
        Ok(Session { connection, driver })
    }

    /// Sends `commands` in one write and returns one reply for each; an error of the server's is a reply (see `reply`).
    pub async fn ask(&mut self, commands: &Pipeline) -> Result<Vec<Value>, Ended> {
        match timeout(FAST_LIMIT, self.connection.req_packed_commands(commands, 0, commands.len())).await {
            Ok(Ok(replies)) => Ok(replies),
            Ok(Err(error)) if error.is_connection_dropped() => Err(Ended::Cut),
            Ok(Err(error)) => Err(Ended::Link(broken(&error))),
            Err(_) => Err(Ended::Link(Link::Hung)),
        }
    }

    /// Asks for the messages of all channels. `Err` of a fault when the server refuses, of a link when the connection is gone.
    pub async fn subscribe_to_all(&mut self) -> Result<Result<(), Fault>, Link> {
        match timeout(FAST_LIMIT, self.connection.psubscribe("*")).await {
            Ok(Ok(())) => Ok(Ok(())),
            Ok(Err(error)) if error.is_io_error() => Err(broken(&error)),
            Ok(Err(error)) => Ok(Err(fault(error.code().unwrap_or_default(), error.detail().unwrap_or_default()))),
            Err(_) => Err(Link::Hung),
        }
    }

    /// Returns when the connection has ended, so that a killed server is told at once and not by the next poll.
    pub async fn ended(&mut self) -> Ended {
        let _ = self.driver.join_next().await;
        Ended::Cut
    }
}

/// Longest wait for the answer to a question without TLS; the server has been given its time before.
const PLAIN_LIMIT: Duration = Duration::from_secs(1);

/// Whether somebody who was silent to TLS speaks Redis without. A plain Redis waits for ever for the end of what it takes for a line when
/// it is greeted in TLS, and so looks as if it hung. Nothing is said to it but PING; refusals count, since whoever refuses is there.
async fn answers_plainly(address: &connect::Address) -> bool {
    let asked = async {
        let (mut tcp, _) = connect::dial(address).await?;
        tcp.write_all(b"PING\r\n").await?;
        tcp.read_u8().await
    };
    matches!(timeout(PLAIN_LIMIT, asked).await, Ok(Ok(b'+' | b'-')))
}

/// Logs in on the bare stream, one line each way. Not by the client, for two reasons: it drops a reply that comes before its question,
/// as "max number of clients reached" does; and an unknown command's error quotes its arguments, the password among them.
async fn log_in(stream: &mut Stream, login: &Login) -> Result<(), Link> {
    let password = login.password.as_ref().map(|password| password.expose_secret());
    let authenticate = match (&login.user, password) {
        (None, None) => None,
        (None, Some(password)) => Some(vec!["AUTH", password]),
        // A user without a password: with `nopass` any is taken.
        (Some(user), password) => Some(vec!["AUTH", user, password.unwrap_or_default()]),
    };
    if let Some(words) = authenticate {
        let answer = exchange(stream, &words).await?;
        match answer.strip_prefix('-') {
            None => {}
            Some(error) if error.contains("unknown command") => {
                return Err(Link::Unauthorised("the server does not know the command AUTH".to_owned()));
            }
            Some(error) => return Err(verdict(error).unwrap_or_else(|| Link::Unauthorised(error.to_owned()))),
        }
    }
    // The name shows in CLIENT LIST who this is. It is not needed, so its refusal does not matter unless it refuses us altogether.
    let answer = exchange(stream, &["CLIENT", "SETNAME", "quarterdeck"]).await?;
    answer.strip_prefix('-').and_then(verdict).map_or(Ok(()), Err)
}

/// Longest reply that a login brings.
const LONGEST_LINE: usize = 1024;

async fn exchange(stream: &mut Stream, words: &[&str]) -> Result<String, Link> {
    let mut request = Zeroizing::new(format!("*{}\r\n", words.len()));
    for word in words {
        request.push_str(&format!("${}\r\n", word.len()));
        request.push_str(word);
        request.push_str("\r\n");
    }
    // A server that refused us may have closed already: what it said is still there to be read, and tells more than a broken pipe.
    let written = async {
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await
    }
    .await;
    let mut line = Vec::new();
    while line.len() < LONGEST_LINE {
        match stream.read_u8().await {
            Ok(b'\n') => return Ok(String::from_utf8_lossy(&line).trim_end().to_owned()),
            Ok(byte) => line.push(byte),
            Err(read) => return Err(broken(&written.err().unwrap_or(read))),
        }
    }
    Err(Link::Down("the server does not speak Redis on this port".to_owned()))
}

/// The link after an error of the connection itself.
fn broken(error: &(dyn std::error::Error + 'static)) -> Link {
    match connect::explain(error) {
        Some((true, why)) => return Link::Unauthorised(why),
        Some((false, why)) => return Link::Down(why),
        None => {}
    }
    let gone = match (error.downcast_ref::<std::io::Error>(), error.downcast_ref::<RedisError>()) {
        (Some(io), _) => connect::is_closed(io),
        (_, Some(redis)) => redis.is_connection_dropped(),
        _ => false,
    };
    Link::Down(if gone { connect::CLOSED.to_owned() } else { error.to_string() })
}

/// What is wrong with one reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not permitted, or only on other channels; the server's words.
    Forbidden(String),
    /// The whole connection is of no use: this is its state.
    Unusable(Link),
    /// Anything else; the server's words.
    Other(String),
}

/// A reply, or what the server has against that one command.
pub fn reply(value: Option<Value>) -> Result<Value, Fault> {
    match value {
        Some(Value::ServerError(error)) => Err(fault(error.code(), error.details().unwrap_or_default())),
        Some(value) => Ok(value),
        None => Err(Fault::Other("no reply".to_owned())),
    }
}

fn fault(code: &str, details: &str) -> Fault {
    let words = format!("{code} {details}").trim().to_owned();
    match verdict(&words) {
        Some(link) => Fault::Unusable(link),
        None if code == "NOPERM" => Fault::Forbidden(words),
        None => Fault::Other(words),
    }
}

/// The state of the link, if an error says something about the connection or the server as a whole.
fn verdict(words: &str) -> Option<Link> {
    let code = words.split(' ').next().unwrap_or_default();
    match code {
        "LOADING" => Some(Link::StartingUp(words.to_owned())),
        "NOAUTH" | "WRONGPASS" => Some(Link::Unauthorised(words.to_owned())),
        // The server's own words are a page of advice.
        "DENIED" => Some(Link::Unauthorised("protected mode: without a password it is open to its own host only".to_owned())),
        _ if words.contains("max number of clients") => Some(Link::Refused(words.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
