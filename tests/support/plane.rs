//! All nine servers, and the configuration that names them.

use super::{Postgres, PostgresOptions, Redis, RedisOptions};
use quarterdeck::source::Targets;
use std::fmt::Write;

/// Three PostgreSQL servers, three Redis data nodes, three Sentinels.
pub struct Plane {
    pub postgres: Postgres,
    pub redis: Redis,
}

impl Plane {
    /// Both halves start side by side.
    pub fn start() -> Plane {
        std::thread::scope(|scope| {
            let redis = scope.spawn(|| Redis::plane(&RedisOptions::default()));
            let postgres = Postgres::cluster(3, &PostgresOptions::default());
            Plane { postgres, redis: redis.join().expect("Redis starts") }
        })
    }

    pub fn targets(&self) -> Targets {
        Targets { postgres: self.postgres.targets(), redis: self.redis.targets(), sentinel: self.redis.sentinel_targets() }
    }
}

/// The ten lines or so that an operator would write for this plane.
pub fn config_toml(plane: &Plane) -> String {
    let mut text = String::from("[postgres]\nuser = \"postgres\"\ndatabase = \"postgres\"\n");
    let mut section = |kind: &str, servers: Vec<(&str, u16)>| {
        let _ = writeln!(text, "[{kind}.addresses]");
        for (name, port) in servers {
            let _ = writeln!(text, "{name} = \"127.0.0.1:{port}\"");
        }
    };
    section("postgres", plane.postgres.servers.iter().map(|server| (server.name.as_str(), server.port)).collect());
    section("redis", plane.redis.nodes.iter().map(|node| (node.name.as_str(), node.port)).collect());
    section("sentinel", plane.redis.sentinels.iter().map(|node| (node.name.as_str(), node.port)).collect());
    text
}
