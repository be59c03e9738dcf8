//! The servers that the other tests rely on: they start, stream, agree, freeze, die and come back, and the proxy breaks what it
//! should. When these fail, no other live test means anything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use support::{Plane, Proxy, SOON, Watch, config_toml, wait_for};

#[test]
fn nine_servers_start_freeze_die_and_return() {
    let mut plane = Plane::start();

    assert_eq!(plane.postgres.psql(0, "select count(*) from pg_stat_replication where state = 'streaming'"), "2");
    assert_eq!(plane.postgres.psql(1, "select pg_is_in_recovery()"), "t");
    assert!((0..3).all(|i| plane.redis.master_by(i) == Some(0)));
    assert_eq!(toml::from_str::<toml::Table>(&config_toml(&plane)).unwrap().len(), 3);

    // The picture stands as soon as anybody looks. Passwords cost time in a build without optimisation, so here there are none.
    let mut targets = plane.targets();
    for target in &mut targets.postgres {
        (target.login.user, target.login.password) = (Some("postgres".into()), None);
    }
    let mut watch = Watch::start(targets);
    watch.expect("all roles", Duration::from_secs(1), |seen| (seen.fast.len() + seen.redis.len() + seen.sentinel.len() == 9).then_some(()));
    drop(watch);

    let server = &mut plane.postgres.servers[1].process;
    server.stop();
    let pid = server.pid().to_string();
    wait_for("the postmaster stands still", SOON, || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).map_err(|e| e.to_string())?;
        if stat.contains(") T ") { Ok(()) } else { Err(stat) }
    });
    server.cont();
    plane.postgres.wait_up(1);

    plane.postgres.servers[1].process.kill();
    assert!(plane.postgres.try_psql(1, "select 1").is_err());
    plane.postgres.servers[1].process.restart();
    plane.postgres.wait_streaming(0, 2);

    plane.redis.nodes[2].process.kill();
    assert!(plane.redis.try_cli(2, &["ping"]).is_err());
    plane.redis.nodes[2].process.restart();
    plane.redis.wait_replicas(0, 2);

    plane.postgres.servers[0].process.kill();
    plane.postgres.promote(2);
    assert_eq!(plane.postgres.psql(2, "select pg_is_in_recovery()"), "f");
}

#[test]
fn the_proxy_passes_holds_cuts_and_counts() {
    let echo = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::to(echo.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in echo.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || drop(std::io::copy(&mut stream.try_clone().unwrap(), &mut stream)));
        }
    });
    let ask = |stream: &mut TcpStream| -> std::io::Result<()> {
        stream.write_all(b"ping")?;
        stream.read_exact(&mut [0; 4])
    };
    let connect = || {
        let stream = TcpStream::connect(("127.0.0.1", proxy.port()))?;
        stream.set_read_timeout(Some(Duration::from_millis(300)))?;
        std::io::Result::Ok(stream)
    };
    let mut stream = connect().unwrap();
    (0..3).for_each(|_| ask(&mut stream).unwrap());
    assert_eq!((proxy.connections(), proxy.bursts()), (1, vec![3]));

    proxy.hold();
    assert!(ask(&mut stream).is_err(), "nothing comes back");
    assert!(ask(&mut connect().unwrap()).is_err(), "a new connection is accepted and silent");
    proxy.pass();
    stream.read_exact(&mut [0; 4]).expect("what was held flows on");

    proxy.cut();
    assert!(ask(&mut stream).is_err());
    assert!(connect().is_err(), "refused");
    proxy.pass();
    ask(&mut connect().unwrap()).unwrap();
}
