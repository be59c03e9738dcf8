//! What errors mean, and that a login tells what it should and hides what it must.

use super::*;
use crate::connect::{Address, SslMode, Tls};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

#[test]
fn errors_are_told_apart() {
    assert!(matches!(fault("LOADING", "Redis is loading the dataset in memory"), Fault::Unusable(Link::StartingUp(_))));
    assert!(matches!(fault("NOAUTH", "Authentication required."), Fault::Unusable(Link::Unauthorised(_))));
    assert!(matches!(fault("ERR", "max number of clients reached"), Fault::Unusable(Link::Refused(_))));
    assert!(matches!(fault("NOPERM", "this user has no permissions to run the 'info' command"), Fault::Forbidden(_)));
    assert_eq!(fault("ERR", "No such master with that name"), Fault::Other("ERR No such master with that name".into()));
    assert!(matches!(fault("NOQUORUM", "1 usable Sentinels."), Fault::Other(words) if words.starts_with("NOQUORUM 1")));
}

#[tokio::test]
async fn what_a_person_must_mend_is_told_from_a_server_that_may_return() {
    let open = |host: &str| connect::Address { host: host.into(), port: 1 };
    let tls = Tls { mode: SslMode::Disable, ..Tls::default() };
    let ended = async |address| Ended::from(connect::open(&address, &tls, CONNECT_LIMIT).await.err().unwrap());
    assert!(matches!(ended(open("127.0.0.1")).await, Ended::Link(Link::Down(why)) if why == "connection refused"));
    assert!(matches!(ended(open("nobody here")).await, Ended::Wrong(why) if why.contains("address")));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_had_worked_is_replaced_without_a_word() {
    let began = Instant::now();
    assert_eq!(after_cut(began), Some(Link::Down(connect::CLOSED.into())));
    tokio::time::advance(WORTH_REPLACING).await;
    assert_eq!(after_cut(began), None);
}

/// A server that says `answers` one after the other, each to one request, the first before it has read any if `at_once`; what it read.
async fn scripted(answers: &'static [&'static str], at_once: bool) -> (RedisTarget, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address { host: "127.0.0.1".into(), port: listener.local_addr().unwrap().port() };
    let heard = Arc::new(Mutex::new(String::new()));
    let (log, mut buffer) = (heard.clone(), [0; 512]);
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        for answer in answers {
            if !at_once {
                let read = tcp.read(&mut buffer).await.unwrap();
                log.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
            tcp.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let login = Login { user: Some("watcher".into()), password: Some("hunter2".to_owned().into()) };
    (RedisTarget { name: "redis-0".into(), address, login, tls: Tls { mode: SslMode::Disable, ..Tls::default() } }, heard)
}

async fn refusal(answers: &'static [&'static str], at_once: bool) -> Link {
    let (target, _) = scripted(answers, at_once).await;
    let (mut stream, _) = connect::open(&target.address, &target.tls, CONNECT_LIMIT).await.unwrap();
    if at_once {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    log_in(&mut stream, &target.login).await.unwrap_err()
}

#[tokio::test]
async fn a_login_names_itself() {
    let (target, heard) = scripted(&["+OK\r\n", "-NOPERM not that\r\n"], false).await;
    let (mut stream, _) = connect::open(&target.address, &target.tls, CONNECT_LIMIT).await.unwrap();
    log_in(&mut stream, &target.login).await.unwrap();
    let heard = heard.lock().unwrap().clone();
    assert!(heard.starts_with("*3\r\n$4\r\nAUTH\r\n$7\r\nwatcher\r\n$7\r\nhunter2\r\n") && heard.contains("quarterdeck"), "{heard}");
}

#[tokio::test]
async fn refusals_keep_the_servers_words_and_never_the_password() {
    let told = refusal(&["-WRONGPASS invalid username-password pair or user is disabled.\r\n"], false).await;
    assert_eq!(told, Link::Unauthorised("WRONGPASS invalid username-password pair or user is disabled.".into()));
    let told = refusal(&["-ERR unknown command `AUTH`, with args beginning with: `watcher`, `hunter2`, \r\n"], false).await;
    assert!(matches!(&told, Link::Unauthorised(why) if !why.contains("hunter2")), "{told:?}");
    // Said and closed before anything was asked.
    let told = refusal(&["-ERR max number of clients reached\r\n"], true).await;
    assert_eq!(told, Link::Refused("ERR max number of clients reached".into()));
    assert_eq!(refusal(&["+O"], false).await, Link::Down(connect::CLOSED.into()));
}

#[tokio::test]
async fn a_server_without_resp3_is_told_apart() {
    const ANSWERS: [&str; 3] = ["+OK\r\n", "+OK\r\n", "-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n"];
    let (target, _) = scripted(&ANSWERS, false).await;
    let (events, _inbox) = mpsc::channel(8);
    let origin = crate::event::Origin { upstream: crate::event::Upstream::Sentinel, name: "sentinel-0".into() };
    let outlet = Outlet::new(origin, events, Instant::now());
    let (pushes, _) = mpsc::channel(8);
    assert!(matches!(Session::open(&target, &outlet, &mut None, Some(pushes)).await, Err(Ended::NoPushes)));
}

#[tokio::test]
async fn a_reply_that_is_cut_short_is_a_closed_connection() {
    const CUT: [&[&str]; 3] =
        [&["+OK\r\n", "+OK\r\n", "$100\r\nhalf of it"], &["+OK\r\n", "+OK\r\n", "*3\r\n+OK\r\n$5"], &["+OK\r\n", "+OK\r\n", "+O"]];
    for answers in CUT {
        let (target, _) = scripted(answers, false).await;
        let (events, _inbox) = mpsc::channel(8);
        let origin = crate::event::Origin { upstream: crate::event::Upstream::Redis, name: "redis-0".into() };
        let outlet = Outlet::new(origin, events, Instant::now());
        let mut session = Session::open(&target, &outlet, &mut None, None).await.map_err(|_| ()).unwrap();
        let ended = session.ask(redis::pipe().cmd("INFO")).await;
        assert!(matches!(ended, Err(Ended::Cut)), "{answers:?}: {ended:?}");
    }
}

#[tokio::test]
async fn only_who_answers_plainly_is_taken_for_a_plain_server() {
    for (answer, plain) in [("-NOAUTH Authentication required.\r\n", true), ("+PONG\r\n", true), ("\u{15}\u{3}\u{1}", false)] {
        let (target, _) = scripted(Box::leak(Box::new([answer])), false).await;
        assert_eq!(answers_plainly(&target.address).await, plain, "{answer:?}");
    }
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address { host: "127.0.0.1".into(), port: silent.local_addr().unwrap().port() };
    assert!(!answers_plainly(&address).await, "a server that hangs, hangs");
}
