//! TLS, passwords and rights against real servers: every `sslmode` as libpq means it, Redis and Sentinel with client certificates,
//! and the grants and ACLs that the product ships.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use quarterdeck::connect::{PostgresTarget, SslMode, Tls};
use quarterdeck::event::{Link, Upstream};
use quarterdeck::source::Targets;
use std::path::PathBuf;
use support::redis::RedisTls;
use support::{Certificates, Pair, Postgres, PostgresOptions, Redis, RedisOptions, SOON, Watch};

/// What becomes of a link: live without TLS, live with it, a certificate that is not trusted, or no TLS to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Plain,
    Encrypted,
    Untrusted,
    Impossible,
}

/// Watches one server and says how it went; whether a live session is encrypted, the server itself is asked.
fn outcome(postgres: &Postgres, mode: SslMode, ca_file: Option<PathBuf>) -> Outcome {
    let tls = Tls { mode, ca_file, ..Tls::default() };
    let target = PostgresTarget { tls, ..postgres.target(0) };
    let mut watch = Watch::start(Targets { postgres: vec![target], ..Targets::default() });
    let key = (Upstream::Postgres, "postgres-0".to_owned());
    let settled = |link: &Link| !matches!(link, Link::Connecting);
    let link = watch.expect("an outcome", SOON, |seen| seen.links.get(&key).filter(|link| settled(link)).cloned()).0;
    match link {
        Link::Live => {
            let sql = "select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'moltbook_user'";
            if postgres.psql(0, sql) == "t" { Outcome::Encrypted } else { Outcome::Plain }
        }
        Link::Unauthorised(why) if why.contains("certificate") => Outcome::Untrusted,
        Link::Unauthorised(why) if why.contains("TLS") => Outcome::Impossible,
        other => panic!("{mode:?}: {other:?}"),
    }
}

#[test]
fn each_sslmode_means_what_libpq_means() {
    use Outcome::*;
    use SslMode::*;
    let certificates = Certificates::new();
    let ca = || Some(certificates.ca());
    let server = |tls: Option<&Pair>| Postgres::cluster(1, &PostgresOptions { tls: tls.cloned(), ..PostgresOptions::default() });
    let check = |what: &str, tls: Option<&Pair>, table: &[(SslMode, Option<PathBuf>, Outcome)]| {
        let postgres = server(tls);
        for (mode, ca, wanted) in table {
            let got = outcome(&postgres, *mode, ca.clone());
            assert_eq!(got, *wanted, "{what}, {mode:?}, {}", if ca.is_some() { "with a CA" } else { "without a CA" });
            support::wait_for("the sessions are gone", SOON, || {
                match postgres.psql(0, "select count(*) from pg_stat_activity where usename = 'moltbook_user'").as_str() {
                    "0" => Ok(()),
                    other => Err(other.to_owned()),
                }
            });
        }
    };
    check(
        "no TLS",
        None,
        &[
            (Disable, None, Plain),
            (Prefer, None, Plain),
            (Require, None, Impossible),
            (VerifyCa, ca(), Impossible),
            (VerifyFull, ca(), Impossible),
        ],
    );
    let good = [(Disable, None, Plain), (Prefer, None, Encrypted), (Require, None, Encrypted), (Require, ca(), Encrypted)];
    check(
        "a good certificate",
        Some(&certificates.server),
        &[&good[..], &[(VerifyCa, ca(), Encrypted), (VerifyFull, ca(), Encrypted)]].concat(),
    );
    check(
        "a wrong name",
        Some(&certificates.wrong_name),
        &[(Prefer, None, Encrypted), (Require, ca(), Encrypted), (VerifyCa, ca(), Encrypted), (VerifyFull, ca(), Untrusted)],
    );
    check(
        "another CA",
        Some(&certificates.stranger),
        &[
            (Prefer, None, Encrypted),
            (Require, None, Encrypted),
            (Require, ca(), Untrusted),
            (VerifyCa, ca(), Untrusted),
            (VerifyFull, ca(), Untrusted),
        ],
    );
}

#[test]
fn postgres_with_a_client_certificate() {
    let certificates = Certificates::new();
    let conf = format!("ssl_ca_file = '{}'", certificates.ca().display());
    let hba = "hostssl all moltbook_user 127.0.0.1/32 scram-sha-256 clientcert=verify-ca".to_owned();
    let postgres =
        Postgres::cluster(1, &PostgresOptions { tls: Some(certificates.server.clone()), conf, hba, ..PostgresOptions::default() });
    let client = &certificates.client;
    let tls = Tls { mode: SslMode::VerifyFull, ca_file: Some(client.ca.clone()), ..Tls::default() };
    let without = PostgresTarget { tls: tls.clone(), ..postgres.target(0) };
    let mut watch = Watch::start(Targets { postgres: vec![without], ..Targets::default() });
    watch
        .expect_link(Upstream::Postgres, "postgres-0", "refused without a certificate", SOON, |link| matches!(link, Link::Unauthorised(_)));
    let with = Tls { cert_file: Some(client.cert.clone()), key_file: Some(client.key.clone()), ..tls };
    let with = PostgresTarget { tls: with, ..postgres.target(0) };
    Watch::start(Targets { postgres: vec![with], ..Targets::default() }).expect_all_live();
}

#[test]
fn redis_and_sentinel_with_client_certificates_and_passwords() {
    let certificates = Certificates::new();
    let redis = Redis::plane(&RedisOptions {
        tls: Some(RedisTls { server: certificates.server.clone(), client: certificates.client.clone() }),
        password: Some("correct horse".into()),
        sentinel_password: Some("another battery".into()),
        ..RedisOptions::default()
    });
    let all = || Targets { redis: redis.targets(), sentinel: redis.sentinel_targets(), ..Targets::default() };
    let mut watch = Watch::start(all());
    watch.expect_all_live();
    watch.expect_sentinel("redis-sentinel-0", "the whole picture", SOON, |view| view.quorum_ok == Some(true) && view.sentinels.len() == 2);
    drop(watch);

    let spoiled = |spoil: &dyn Fn(&mut Tls)| {
        let mut targets = all();
        targets.redis.iter_mut().for_each(|target| spoil(&mut target.tls));
        targets.sentinel.iter_mut().for_each(|target| spoil(&mut target.server.tls));
        Watch::start(targets)
    };
    // Nothing to show, and a CA that did not sign the server.
    for spoil in [&(|tls: &mut Tls| (tls.cert_file, tls.key_file) = (None, None)) as &dyn Fn(&mut Tls), &|tls: &mut Tls| {
        tls.ca_file = Some(certificates.stranger.ca.clone());
    }] {
        let mut watch = spoiled(spoil);
        for (upstream, name) in [(Upstream::Redis, "redis-0"), (Upstream::Sentinel, "redis-sentinel-0")] {
            watch.expect_link(upstream, name, "no trust", SOON, |link| matches!(link, Link::Unauthorised(_)));
        }
    }
    // Speaking plainly to a port that speaks TLS.
    let mut watch = spoiled(&|tls| tls.mode = SslMode::Disable);
    watch.expect_link(Upstream::Redis, "redis-0", "not live", SOON, |link| !matches!(link, Link::Connecting | Link::Live));
}

#[test]
fn redis_under_a_wrong_name() {
    let certificates = Certificates::new();
    let tls = RedisTls { server: certificates.wrong_name.clone(), client: certificates.client.clone() };
    let redis = Redis::of(1, 0, &RedisOptions { tls: Some(tls), ..RedisOptions::default() });
    let watched = |mode| {
        let mut target = redis.target(0);
        target.tls.mode = mode;
        Watch::start(Targets { redis: vec![target], ..Targets::default() })
    };
    watched(SslMode::VerifyFull).expect_link(Upstream::Redis, "redis-0", "no trust", SOON, |link| matches!(link, Link::Unauthorised(_)));
    watched(SslMode::VerifyCa).expect_all_live();
}

#[test]
fn a_plain_server_that_is_asked_for_tls_says_so_and_does_not_look_hung() {
    let certificates = Certificates::new();
    let (password, sentinel_password) = (Some("correct horse".to_owned()), Some("another battery".to_owned()));
    let redis = Redis::of(1, 1, &RedisOptions { password, sentinel_password, ..RedisOptions::default() });
    let tls = Tls { mode: SslMode::VerifyFull, ca_file: Some(certificates.ca()), ..Tls::default() };
    let (mut node, mut sentinel) = (redis.target(0), redis.sentinel_target(0));
    (node.tls, sentinel.server.tls) = (tls.clone(), tls);
    let mut watch = Watch::start(Targets { redis: vec![node], sentinel: vec![sentinel], ..Targets::default() });
    for (upstream, name) in [(Upstream::Redis, "redis-0"), (Upstream::Sentinel, "redis-sentinel-0")] {
        let told = watch.expect("the first word", SOON, |seen| seen.links.get(&(upstream, name.to_owned())).cloned()).0;
        assert_eq!(told, Link::Unauthorised("the server does not speak TLS on this port".to_owned()));
    }
}

#[test]
fn a_console_that_ends_takes_its_leave() {
    let certificates = Certificates::new();
    let postgres = Postgres::cluster(1, &PostgresOptions { tls: Some(certificates.server.clone()), ..PostgresOptions::default() });
    let target = PostgresTarget { tls: Tls { mode: SslMode::Require, ..Tls::default() }, ..postgres.target(0) };
    let mut watch = Watch::start(Targets { postgres: vec![target], ..Targets::default() });
    watch.expect_all_live();
    drop(watch);
    support::wait_for("the sessions are gone", SOON, || {
        match postgres.psql(0, "select count(*) from pg_stat_activity where usename = 'moltbook_user'").as_str() {
            "0" => Ok(()),
            other => Err(other.to_owned()),
        }
    });
    let log = postgres.servers[0].process.log();
    assert!(!log.contains("could not receive data from client"), "{log}");
}
