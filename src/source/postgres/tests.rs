//! Against a server made of bytes: what the source does with silence, refusals and answers, without PostgreSQL.

use super::*;
use crate::connect::{Address, Login, SslMode, Tls};
use crate::event::{Envelope, Origin, PgReceiver, Upstream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// What the fast statement answers on a standby, as a real server gave it.
const STANDBY: &str = r#"{"version" : 150018, "system_id" : "7710905996514158498", "started" : 1795335207.844638, "in_recovery" : true,
"default_read_only" : false, "sync_names" : "", "sync_commit" : "local", "timeline" : 1, "write_lsn" : null, "flush_lsn" : null,
"receive_lsn" : "0/4000060", "replay_lsn" : "0/4000000", "replayed_commit" : null, "replay_paused" : false, "receiver" : {"present" :
{"status" : "streaming", "timeline" : 1, "written" : null, "flushed" : "0/4000060", "sender_end" : null, "message_age" : 0, "slot" : "pg2",
"sender_host" : "127.0.0.1", "sender_port" : 39101}}, "senders" : [{"pid" : 14290, "name" : "pg2", "address" : "127.0.0.1",
"state" : "streaming", "sync" : "async", "sent" : "0/4000000", "write" : "0/4000000", "flush" : "0/4000000", "replay" : "0/4000000",
"write_lag" : 0.100, "flush_lag" : null, "replay_lag" : 0.100}], "blind" : null}"#;

/// And without the right to see more.
const BLIND: &str = r#"{"version" : 150018, "in_recovery" : true, "receiver" : "hidden", "senders" : null, "blind" : "watcher"}"#;

/// How the server behaves after TCP.
#[derive(Clone, Copy)]
enum Manner {
    Silent,
    Refuses(&'static str, &'static str),
    WantsPassword,
    /// Reports this version and gives this answer, so many times; then as the second manner of ending says.
    Answers(&'static str, &'static str, usize, Ending),
}

#[derive(Clone, Copy)]
enum Ending {
    Silence,
    LastWords(&'static str, &'static str),
    /// Half an answer, and no more.
    CutShort,
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend((body.len() as u32 + 4).to_be_bytes());
    bytes.extend(body);
    bytes
}

fn refusal(code: &str, words: &str) -> Vec<u8> {
    message(b'E', format!("SFATAL\0VFATAL\0C{code}\0M{words}\0\0").as_bytes())
}

fn reply_to(kind: u8, answer: &str) -> Vec<u8> {
    match kind {
        b'P' => message(b'1', &[]),
        b'D' => {
            let json = [0, 0, 0, 0, 0, 0, 0, 0, 0, 114, 255, 255, 255, 255, 255, 255, 0, 0];
            let column = [&[0, 1], b"facts\0".as_slice(), &json].concat();
            [message(b't', &[0, 0]), message(b'T', &column)].concat()
        }
        b'B' => message(b'2', &[]),
        b'E' => {
            let row = [&[0, 1], (answer.len() as u32).to_be_bytes().as_slice(), answer.as_bytes()].concat();
            [message(b'D', &row), message(b'C', b"SELECT 1\0")].concat()
        }
        b'S' => message(b'Z', b"I"),
        _ => Vec::new(),
    }
}

async fn startup(stream: &mut TcpStream) {
    loop {
        let length = stream.read_u32().await.unwrap() as usize;
        let mut body = vec![0; length - 4];
        stream.read_exact(&mut body).await.unwrap();
        let asks_for_tls = body == 80_877_103_u32.to_be_bytes();
        if !asks_for_tls {
            return;
        }
        stream.write_all(b"N").await.unwrap();
    }
}

/// Serves one connection; counts what arrives together as one burst.
async fn serve(mut stream: TcpStream, manner: Manner, bursts: &AtomicUsize) {
    let (version, answer, times, ending) = match manner {
        Manner::Silent => return std::future::pending().await,
        Manner::Refuses(code, words) => {
            startup(&mut stream).await;
            return stream.write_all(&refusal(code, words)).await.unwrap();
        }
        Manner::WantsPassword => {
            startup(&mut stream).await;
            return stream.write_all(&message(b'R', &3_u32.to_be_bytes())).await.unwrap();
        }
        Manner::Answers(version, answer, times, ending) => (version, answer, times, ending),
    };
    startup(&mut stream).await;
    let parameter = format!("server_version\0{version}\0");
    let welcome = [message(b'R', &[0; 4]), message(b'S', parameter.as_bytes()), message(b'Z', b"I")].concat();
    stream.write_all(&welcome).await.unwrap();
    let mut buffer = vec![0; 65_536];
    for _ in 0..=times {
        let Ok(length @ 1..) = stream.read(&mut buffer).await else { return };
        bursts.fetch_add(1, Ordering::Relaxed);
        let mut rest = &buffer[..length];
        let mut reply = Vec::new();
        while let [kind, a, b, c, d, ..] = *rest {
            reply.extend(reply_to(kind, answer));
            rest = &rest[1 + u32::from_be_bytes([a, b, c, d]) as usize..];
        }
        stream.write_all(&reply).await.unwrap();
    }
    match ending {
        Ending::Silence => std::future::pending().await,
        Ending::CutShort => stream.write_all(b"D\0\0").await.unwrap(),
        Ending::LastWords(code, words) => stream.write_all(&refusal(code, words)).await.unwrap(),
    }
}

struct Watched {
    events: mpsc::Receiver<Envelope>,
    bursts: Arc<AtomicUsize>,
    _tasks: tokio::task::JoinSet<()>,
}

impl Watched {
    async fn start(manner: Manner, mode: SslMode) -> Watched {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = PostgresTarget {
            name: "pg".into(),
            address: Address { host: "127.0.0.1".into(), port },
            database: "postgres".into(),
            login: Login { user: Some("watcher".into()), password: None },
            tls: Tls { mode, ..Tls::default() },
        };
        let (sender, events) = mpsc::channel(64);
        let outlet = Outlet::new(Origin { upstream: Upstream::Postgres, name: "pg".into() }, sender, Instant::now());
        let bursts = Arc::new(AtomicUsize::new(0));
        let counter = bursts.clone();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let counter = counter.clone();
                tokio::spawn(async move { serve(stream, manner, &counter).await });
            }
        });
        tasks.spawn(watch_fast(target, outlet));
        Watched { events, bursts, _tasks: tasks }
    }

    async fn next(&mut self) -> Event {
        timeout(Duration::from_secs(5), self.events.recv()).await.unwrap().unwrap().event
    }

    async fn next_link(&mut self) -> Link {
        loop {
            if let Event::Link(link) = self.next().await {
                return link;
            }
        }
    }

    /// The first link after `Connecting`.
    async fn first_link(manner: Manner) -> Link {
        let mut watched = Watched::start(manner, SslMode::Disable).await;
        assert_eq!(watched.next_link().await, Link::Connecting);
        watched.next_link().await
    }
}

#[tokio::test]
async fn one_round_trip_per_poll() {
    let mut watched = Watched::start(Manner::Answers("15.18", STANDBY, 100, Ending::Silence), SslMode::Disable).await;
    let (mut facts, mut unchanged) = (0, 0);
    while unchanged < 3 {
        match watched.next().await {
            Event::PgFast(_) => facts += 1,
            Event::Unchanged(Feed::PgFast) => unchanged += 1,
            _ => {}
        }
    }
    assert_eq!(facts, 1, "what did not change is not sent again");
    assert_eq!(watched.bursts.load(Ordering::Relaxed), 1 + 4, "one burst to prepare, then one per poll");
}

#[tokio::test]
async fn facts_come_before_live_and_read_as_the_server_said() {
    let mut watched = Watched::start(Manner::Answers("15.18", STANDBY, 100, Ending::Silence), SslMode::Disable).await;
    assert_eq!(watched.next().await, Event::Link(Link::Connecting));
    assert!(matches!(watched.next().await, Event::Peer(at) if at.starts_with("127.0.0.1:")));
    let Event::PgFast(facts) = watched.next().await else { panic!("no facts") };
    assert_eq!(watched.next().await, Event::Link(Link::Live));
    assert!(facts.in_recovery && facts.version == 150_018 && facts.timeline == 1);
    assert_eq!(facts.receive_lsn, "0/4000060".parse().ok());
    let PgReceiver::Present(receiver) = &facts.receiver else { panic!("no receiver") };
    assert_eq!((receiver.status.as_str(), receiver.message_age, receiver.sender_port), ("streaming", Some(0), Some(39101)));
    let sender = &facts.senders.as_ref().unwrap()[0];
    assert_eq!((sender.name.as_str(), sender.write_lag, sender.flush_lag), ("pg2", Some(0.1), None));
}

#[tokio::test]
async fn a_missing_right_is_told_while_facts_flow() {
    let mut watched = Watched::start(Manner::Answers("15.18", BLIND, 100, Ending::Silence), SslMode::Disable).await;
    let facts = loop {
        if let Event::PgFast(facts) = watched.next().await {
            break facts;
        }
    };
    assert_eq!((&facts.receiver, &facts.senders), (&PgReceiver::Hidden, &None));
    assert_eq!(watched.next_link().await, Link::NoPermission("grant pg_monitor to watcher".into()));
}

#[tokio::test]
async fn silence_is_hung_from_the_start_and_later() {
    let start = Instant::now();
    assert_eq!(Watched::first_link(Manner::Silent).await, Link::Hung);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());

    let mut watched = Watched::start(Manner::Answers("15.18", STANDBY, 1, Ending::Silence), SslMode::Disable).await;
    assert_eq!([watched.next_link().await, watched.next_link().await], [Link::Connecting, Link::Live]);
    let start = Instant::now();
    assert_eq!(watched.next_link().await, Link::Hung);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[tokio::test]
async fn refusals_keep_the_words_of_the_server() {
    let full = Manner::Refuses("53300", "sorry, too many clients already");
    assert_eq!(Watched::first_link(full).await, Link::Refused("sorry, too many clients already".into()));
    let starting = Manner::Refuses("57P03", "the database system is starting up");
    assert_eq!(Watched::first_link(starting).await, Link::StartingUp("the database system is starting up".into()));
    assert_eq!(Watched::first_link(Manner::WantsPassword).await, Link::Unauthorised("password missing".into()));
    let old = Manner::Answers("12.9", STANDBY, 9, Ending::Silence);
    assert_eq!(Watched::first_link(old).await, Link::Down("PostgreSQL 12.9 is too old: 13 or later is needed".into()));
}

#[tokio::test]
async fn the_last_words_of_an_idle_connection_are_heard() {
    let words = "terminating connection due to administrator command";
    let manner = Manner::Answers("15.18", STANDBY, 1, Ending::LastWords("57P01", words));
    let mut watched = Watched::start(manner, SslMode::Disable).await;
    assert_eq!([watched.next_link().await, watched.next_link().await], [Link::Connecting, Link::Live]);
    assert_eq!(watched.next_link().await, Link::Down(words.into()));
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_a_closed_connection() {
    let mut watched = Watched::start(Manner::Answers("15.18", STANDBY, 1, Ending::CutShort), SslMode::Disable).await;
    assert_eq!([watched.next_link().await, watched.next_link().await], [Link::Connecting, Link::Live]);
    assert_eq!(watched.next_link().await, Link::Down("the server closed the connection".into()));
}

#[tokio::test]
async fn a_server_without_tls_is_refused_only_where_tls_is_required() {
    let manner = Manner::Answers("15.18", STANDBY, 9, Ending::Silence);
    for (mode, works) in [(SslMode::Prefer, true), (SslMode::Require, false), (SslMode::VerifyFull, false)] {
        let mut watched = Watched::start(manner, mode).await;
        assert_eq!(watched.next_link().await, Link::Connecting);
        let link = watched.next_link().await;
        assert_eq!(link == Link::Live, works, "{mode:?} {link:?}");
    }
}

#[tokio::test]
async fn the_client_still_words_tls_as_we_know_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { startup(&mut listener.accept().await.unwrap().0).await });
    let mut config = tokio_postgres::Config::new();
    config.user("watcher").ssl_mode(tokio_postgres::config::SslMode::Require);
    let stream = TcpStream::connect(address).await.unwrap();
    let error = config.connect_raw(stream, tokio_postgres::NoTls).await.err().unwrap();
    assert!(fault::is_tls(&error), "{error}");
    assert_eq!(fault::words(&error), "server does not support TLS");
}
