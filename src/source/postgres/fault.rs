//! What can go wrong with a PostgreSQL connection, and which state of the link that is. Words come from the server or from
//! here; no address, no password and no connection string is ever among them.

use crate::connect;
use crate::event::Link;
use crate::source::Awaited;
use std::error::Error as _;
use std::fmt;
use std::io;
use tokio_postgres::error::{Severity, SqlState};

/// Why an attempt to connect or a poll brought nothing.
#[derive(Debug)]
pub(super) enum Fault {
    /// TCP was refused, or the name does not resolve.
    Dial(io::Error),
    /// TCP got no answer within the limit.
    NoTcp,
    /// TCP works and nothing answers within the limit.
    Silent,
    /// Our own settings or files do not allow an attempt; a sentence.
    Settings(String),
    /// What the client reports; often the server's own words.
    Postgres(tokio_postgres::Error),
    /// The connection ended without a word.
    Gone,
    /// The answer is not what the catalogue promises.
    Answer(String),
    /// The server is older than what we can read; its version.
    TooOld(String),
}

impl Fault {
    /// The connection still works: the server answered, with an error.
    pub(super) fn spares_the_connection(&self) -> bool {
        match self {
            Fault::Answer(_) => true,
            Fault::Postgres(error) => error.as_db_error().is_some_and(|e| e.parsed_severity() == Some(Severity::Error)),
            _ => false,
        }
    }

    /// The role of the server changed while a statement ran; the next poll will see the new one.
    pub(super) fn is_change_of_role(&self) -> bool {
        matches!(self, Fault::Postgres(error) if error.code() == Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE))
    }

    /// A right is missing.
    pub(super) fn is_no_right(&self) -> bool {
        matches!(self, Fault::Postgres(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE))
    }

    /// The server gave up the statement because it took too long.
    pub(super) fn is_too_slow(&self) -> bool {
        matches!(self, Fault::Postgres(error) if error.code() == Some(&SqlState::QUERY_CANCELED))
    }

    /// The state of the link that this means. `was` is the state until now: a server that hung and now drops packets still hangs.
    pub(super) fn link(&self, was: &Link) -> Link {
        match self {
            Fault::Silent => Link::Hung,
            Fault::NoTcp if *was == Link::Hung => Link::Hung,
            Fault::Postgres(error) => of_client(error),
            other => Link::Down(other.to_string()),
        }
    }

    /// What the next attempt waits for, given the link that this fault means.
    pub(super) fn awaits(&self, link: &Link) -> Awaited {
        match self {
            Fault::Settings(_) | Fault::TooOld(_) | Fault::Answer(_) => Awaited::Repair,
            Fault::Dial(error) if connect::is_unknown_host(error) => Awaited::Repair,
            // The server is there and says no, for example that there is no such database. Class 57 is that of servers that go or come.
            Fault::Postgres(error) if matches!(link, Link::Down(_)) && error.code().is_some_and(|code| !code.code().starts_with("57")) => {
                Awaited::Repair
            }
            _ => Awaited::of(link),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Dial(error) => f.write_str(&connect::io_words(error)),
            Fault::NoTcp => write!(f, "no answer to TCP within {} s", crate::source::CONNECT_LIMIT.as_secs()),
            Fault::Silent => f.write_str("no answer"),
            Fault::Settings(why) => f.write_str(why),
            Fault::Postgres(error) => f.write_str(&words(error)),
            Fault::Gone => f.write_str(connect::CLOSED),
            Fault::Answer(why) => write!(f, "an answer that cannot be read: {why}"),
            Fault::TooOld(version) => write!(f, "PostgreSQL {version} is too old: {} or later is needed", crate::sql::OLDEST),
        }
    }
}

fn of_client(error: &tokio_postgres::Error) -> Link {
    match error.as_db_error() {
        Some(said) => of_sqlstate(said.code(), said.message(), said.detail()),
        None if is_untrusted(error) || is_credentials(error) => Link::Unauthorised(words(error)),
        None => Link::Down(words(error)),
    }
}

fn of_sqlstate(code: &SqlState, message: &str, detail: Option<&str>) -> Link {
    let words = message.to_owned();
    match code.code() {
        // Too many connections.
        "53300" => Link::Refused(words),
        // Ended by an operator or by the crash of another process: whether it comes back, the next attempt tells.
        "57P01" | "57P02" => Link::Down(words),
        "57P03" => not_now(message, detail),
        // Wrong password; no such role, or no rule in pg_hba.conf lets it in.
        "28P01" | "28000" => Link::Unauthorised(words),
        "42501" => Link::NoPermission(format!("grant pg_monitor: {words}")),
        // The statement ran into its time limit.
        "57014" => Link::Hung,
        _ => Link::Down(words),
    }
}

/// "Cannot connect now" is one code for a server that comes, one that goes, and a standby that is told to let nobody in: only the
/// words tell them apart. Where they are translated, all of them are starting up, and shown with what the server says.
fn not_now(message: &str, detail: Option<&str>) -> Link {
    let words = match detail {
        Some(detail) => format!("{message}: {}", detail.trim_end_matches('.')),
        None => message.to_owned(),
    };
    if message.contains("shutting down") {
        Link::Down(words)
    } else if detail.is_some_and(|detail| detail.starts_with("Hot standby mode is disabled")) {
        Link::Refused(words)
    } else {
        Link::StartingUp(words)
    }
}

/// Which grant the role called `role` lacks.
pub(super) fn no_monitor(role: &str) -> Link {
    Link::NoPermission(format!("grant pg_monitor to {role}"))
}

/// The error in words: the server's own, else the innermost ones; the client's outer wording is only a category.
pub(super) fn words(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return said.message().to_owned();
    }
    let closed = error.source().and_then(|cause| cause.downcast_ref::<io::Error>()).is_some_and(connect::is_closed);
    if closed || error.is_closed() {
        return if is_tls(error) { format!("{} during the TLS handshake", connect::CLOSED) } else { connect::CLOSED.to_owned() };
    }
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words = cause.to_string();
        source = cause.source();
    }
    words
}

/// TLS could not be agreed on. The client tells its kinds of errors apart only by their wording; a test holds it.
pub(super) fn is_tls(error: &tokio_postgres::Error) -> bool {
    error.to_string() == "error performing TLS handshake"
}

/// One side refuses the other's certificate, or TLS as such; a connection that merely broke during the handshake is not that.
/// A server that refuses our certificate says so only after the handshake.
fn is_untrusted(error: &tokio_postgres::Error) -> bool {
    match error.source().and_then(|cause| cause.downcast_ref::<io::Error>()) {
        Some(cause) => cause.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()),
        None => is_tls(error),
    }
}

/// The client could not log in with what it has: no password was given, or the server did not prove that it knows it.
fn is_credentials(error: &tokio_postgres::Error) -> bool {
    ["authentication error", "invalid configuration"].contains(&error.to_string().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_decides_and_the_words_stay() {
        let link = |code| of_sqlstate(&SqlState::from_code(code), "so it says", None);
        let said = || "so it says".to_owned();
        assert_eq!(link("53300"), Link::Refused(said()));
        assert_eq!(link("57P03"), Link::StartingUp(said()));
        assert_eq!([link("57P01"), link("57P02")], [(); 2].map(|()| Link::Down(said())));
        assert_eq!([link("28P01"), link("28000")], [(); 2].map(|()| Link::Unauthorised(said())));
        assert_eq!(link("3D000"), Link::Down(said()));
        assert_eq!(link("57014"), Link::Hung);
        assert_eq!(link("42501"), Link::NoPermission("grant pg_monitor: so it says".to_owned()));
    }

    #[test]
    fn coming_going_and_closed_to_all_are_told_apart() {
        let link = |message, detail| of_sqlstate(&SqlState::CANNOT_CONNECT_NOW, message, detail);
        assert_eq!(link("the database system is shutting down", None), Link::Down("the database system is shutting down".to_owned()));
        assert_eq!(
            link("the database system is not accepting connections", Some("Hot standby mode is disabled.")),
            Link::Refused("the database system is not accepting connections: Hot standby mode is disabled".to_owned())
        );
        for detail in ["Consistent recovery state has not been yet reached.", "Recovery snapshot is not yet ready for hot standby."] {
            let told = link("the database system is not yet accepting connections", Some(detail));
            assert!(matches!(&told, Link::StartingUp(words) if words.ends_with(detail.trim_end_matches('.'))), "{told:?}");
        }
        assert!(matches!(link("the database system is in recovery mode", None), Link::StartingUp(_)));
    }

    #[test]
    fn a_closed_port_is_tried_soon_and_a_wrong_name_seldom() {
        let awaits = |fault: Fault| fault.awaits(&fault.link(&Link::Live));
        assert_eq!(awaits(Fault::Dial(io::Error::from_raw_os_error(111))), Awaited::Return);
        assert_eq!([Fault::NoTcp, Fault::Silent, Fault::Gone].map(awaits), [Awaited::Return; 3]);
        assert_eq!(awaits(Fault::Dial(io::Error::other("failed to lookup address information"))), Awaited::Repair);
        assert_eq!(awaits(Fault::Settings("no such file".to_owned())), Awaited::Repair);
    }

    #[test]
    fn a_hung_server_that_drops_packets_still_hangs() {
        assert_eq!(Fault::NoTcp.link(&Link::Hung), Link::Hung);
        assert_eq!(Fault::NoTcp.link(&Link::Live), Link::Down("no answer to TCP within 3 s".to_owned()));
        assert_eq!(Fault::Dial(io::Error::from_raw_os_error(111)).link(&Link::Hung), Link::Down("connection refused".to_owned()));
        assert_eq!(Fault::Silent.link(&Link::Live), Link::Hung);
    }
}
