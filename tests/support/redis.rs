//! Redis data nodes and the Sentinels that watch them.

use super::process::{Process, Recipe, run};
use super::{Dir, Pair, Port, SOON, installed, wait_for};
use quarterdeck::connect::{Address, Login, RedisTarget, SentinelTarget, SslMode, Tls};

/// What differs from an ordinary plane.
#[derive(Clone, Default)]
pub struct RedisOptions {
    /// Password of the default user on data nodes, which replicas and Sentinels use too.
    pub password: Option<String>,
    /// Password of the default user on Sentinels.
    pub sentinel_password: Option<String>,
    /// `user …` lines of the data nodes' ACL.
    pub users: Vec<String>,
    /// `user …` lines of the Sentinels' ACL.
    pub sentinel_users: Vec<String>,
    /// Further lines for the data nodes.
    pub conf: String,
    /// TLS everywhere: the server's pair and the pair that clients must show, both from the CA in it.
    pub tls: Option<RedisTls>,
}

/// Certificates for a plane that speaks nothing but TLS.
#[derive(Clone)]
pub struct RedisTls {
    pub server: Pair,
    pub client: Pair,
}

/// The name under which the Sentinels know the master.
pub const MASTER: &str = "mymaster";

/// The data nodes `redis-0` (the first master), … and the Sentinels `redis-sentinel-0`, …
pub struct Redis {
    pub nodes: Vec<Node>,
    pub sentinels: Vec<Node>,
    options: RedisOptions,
    // Last, so that the servers are gone before it is.
    _dir: Dir,
}

/// One of them.
pub struct Node {
    pub name: String,
    pub port: u16,
    pub process: Process,
}

impl Redis {
    /// Three data nodes and three Sentinels.
    pub fn plane(options: &RedisOptions) -> Redis {
        Redis::of(3, 3, options)
    }

    /// When it returns, replicas are online and every Sentinel sees every other server.
    pub fn of(nodes: usize, sentinels: usize, options: &RedisOptions) -> Redis {
        let dir = Dir::new("redis");
        let mut ports: Vec<Port> = (0..nodes + sentinels).map(|_| Port::free()).collect();
        let master = ports[0].number;
        let mut start = |i: usize, program: &str, name: String, conf: String| {
            let port = ports[i].number;
            let conf = format!("bind 127.0.0.1\ndaemonize no\nlogfile \"\"\n{}{conf}", listen(port, options));
            std::fs::create_dir(dir.join(&name)).expect("a directory");
            let home = dir.join(&name).display().to_string();
            let file = dir.write(&format!("{name}/{program}.conf"), &format!("dir {home}\n{conf}")).display().to_string();
            let recipe = Recipe {
                program: installed(program),
                args: vec![file],
                log: dir.join(&format!("{name}.log")),
                unprivileged: false,
                end: "TERM",
            };
            ports[i].release();
            Node { name, port, process: Process::start(recipe) }
        };
        let data: Vec<_> = (0..nodes).map(|i| start(i, "redis-server", format!("redis-{i}"), node_conf(i, master, options))).collect();
        let watchers: Vec<_> = (0..sentinels)
            .map(|i| start(nodes + i, "redis-sentinel", format!("redis-sentinel-{i}"), sentinel_conf(master, sentinels, options)))
            .collect();
        let redis = Redis { nodes: data, sentinels: watchers, options: options.clone(), _dir: dir };
        (0..nodes).for_each(|i| redis.wait_up(i));
        (0..sentinels).for_each(|i| redis.tune(i));
        redis.wait_replicas(0, nodes - 1);
        redis.wait_quorum();
        redis
    }

    /// Runs a command on data node `i`.
    pub fn cli(&self, i: usize, args: &[&str]) -> String {
        self.try_cli(i, args).unwrap_or_else(|e| panic!("redis-{i}: {args:?}: {e}"))
    }

    pub fn try_cli(&self, i: usize, args: &[&str]) -> Result<String, String> {
        self.ask(self.nodes[i].port, None, self.options.password.as_deref(), args)
    }

    /// Runs a command on Sentinel `i`.
    pub fn sentinel_cli(&self, i: usize, args: &[&str]) -> String {
        self.try_sentinel_cli(i, args).unwrap_or_else(|e| panic!("redis-sentinel-{i}: {args:?}: {e}"))
    }

    pub fn try_sentinel_cli(&self, i: usize, args: &[&str]) -> Result<String, String> {
        self.ask(self.sentinels[i].port, None, self.options.sentinel_password.as_deref(), args)
    }

    /// Runs a command on the server at `port`, by default as the default user.
    pub fn ask(&self, port: u16, user: Option<&str>, password: Option<&str>, args: &[&str]) -> Result<String, String> {
        let port = port.to_string();
        let mut all = vec!["-h", "127.0.0.1", "-p", &port, "-e"];
        let files: Vec<String> = self.options.tls.iter().flat_map(|tls| cli_tls(&tls.client)).collect();
        all.extend(files.iter().map(String::as_str));
        all.extend(user.iter().flat_map(|user| ["--user", *user]));
        all.extend(args);
        // A server that is frozen must not freeze the test.
        let limited: Vec<&str> = [vec!["5", "redis-cli"], all].concat();
        run(&installed("timeout"), &limited, password.map(|secret| ("REDISCLI_AUTH", secret)).as_slice(), false)
    }

    /// The index of the data node that Sentinel `i` calls the master.
    pub fn master_by(&self, i: usize) -> Option<usize> {
        let said = self.try_sentinel_cli(i, &["sentinel", "get-master-addr-by-name", MASTER]).ok()?;
        let port: u16 = said.lines().nth(1)?.parse().ok()?;
        self.nodes.iter().position(|node| node.port == port)
    }

    pub fn wait_up(&self, i: usize) {
        wait_for(&format!("redis-{i} answers"), SOON, || expect_in("PONG", self.try_cli(i, &["ping"])?));
    }

    /// Waits until `count` replicas are online at data node `i`.
    pub fn wait_replicas(&self, i: usize, count: usize) {
        wait_for(&format!("{count} replicas at redis-{i}"), SOON, || {
            let said = self.try_cli(i, &["info", "replication"])?;
            if said.matches("state=online").count() == count { Ok(()) } else { Err(said) }
        });
    }

    /// Waits until every Sentinel sees every replica and every other Sentinel.
    pub fn wait_quorum(&self) {
        let all = format!("slaves={},sentinels={}", self.nodes.len() - 1, self.sentinels.len());
        for i in 0..self.sentinels.len() {
            wait_for(&format!("redis-sentinel-{i} sees the others"), SOON, || {
                expect_in(&all, self.try_sentinel_cli(i, &["info", "sentinel"])?)?;
                expect_in("OK", self.try_sentinel_cli(i, &["sentinel", "ckquorum", MASTER])?)
            });
        }
    }

    /// Shortens a Sentinel's timers; they are not in its file, so a restart loses them. Shorter ones break a failover: while one
    /// runs, INFO is fetched each second whatever is set here, so four hellos and five pings must last longer than that, or the
    /// others turn the promoted replica back, or every replica looks stale.
    pub fn tune(&self, i: usize) {
        wait_for(&format!("redis-sentinel-{i} answers"), SOON, || expect_in("PONG", self.try_sentinel_cli(i, &["ping"])?));
        let timers =
            "info-period 400 ping-period 400 publish-period 500 ask-period 100 slave-reconf-timeout 1000 min-link-reconnect-period 500";
        self.sentinel_cli(i, &["sentinel", "debug"].into_iter().chain(timers.split(' ')).collect::<Vec<_>>());
    }

    /// Data node `i` as a target, with the default user's password.
    pub fn target(&self, i: usize) -> RedisTarget {
        self.target_at(i, self.nodes[i].port)
    }

    /// The same server reached through another port, for example a proxy's.
    pub fn target_at(&self, i: usize, port: u16) -> RedisTarget {
        self.reach(&self.nodes[i].name, port, &self.options.password)
    }

    pub fn sentinel_target(&self, i: usize) -> SentinelTarget {
        self.sentinel_target_at(i, self.sentinels[i].port)
    }

    pub fn sentinel_target_at(&self, i: usize, port: u16) -> SentinelTarget {
        SentinelTarget { server: self.reach(&self.sentinels[i].name, port, &self.options.sentinel_password), master: MASTER.into() }
    }

    pub fn targets(&self) -> Vec<RedisTarget> {
        (0..self.nodes.len()).map(|i| self.target(i)).collect()
    }

    pub fn sentinel_targets(&self) -> Vec<SentinelTarget> {
        (0..self.sentinels.len()).map(|i| self.sentinel_target(i)).collect()
    }

    fn reach(&self, name: &str, port: u16, password: &Option<String>) -> RedisTarget {
        let tls = self.options.tls.as_ref().map(|tls| Tls {
            mode: SslMode::VerifyFull,
            ca_file: Some(tls.client.ca.clone()),
            cert_file: Some(tls.client.cert.clone()),
            key_file: Some(tls.client.key.clone()),
        });
        RedisTarget {
            name: name.into(),
            address: Address { host: "127.0.0.1".into(), port },
            login: Login { user: None, password: password.as_deref().map(Into::into) },
            tls: tls.unwrap_or(Tls { mode: SslMode::Disable, ..Tls::default() }),
        }
    }
}

fn expect_in(needle: &str, said: String) -> Result<(), String> {
    if said.contains(needle) { Ok(()) } else { Err(said) }
}

fn cli_tls(client: &Pair) -> Vec<String> {
    let path = |file: &std::path::Path| file.display().to_string();
    vec!["--tls".into(), "--cacert".into(), path(&client.ca), "--cert".into(), path(&client.cert), "--key".into(), path(&client.key)]
}

fn listen(port: u16, options: &RedisOptions) -> String {
    let Some(RedisTls { server, .. }) = &options.tls else { return format!("port {port}\n") };
    let (cert, key, ca) = (server.cert.display(), server.key.display(), server.ca.display());
    let files = format!("tls-cert-file {cert}\ntls-key-file {key}\ntls-ca-cert-file {ca}\n");
    format!("port 0\ntls-port {port}\n{files}tls-auth-clients yes\ntls-replication yes\n")
}

fn node_conf(i: usize, master: u16, options: &RedisOptions) -> String {
    let mut conf = String::from(
        "save \"\"\nappendonly no\nrepl-diskless-sync yes\nrepl-diskless-sync-delay 0\nrepl-ping-replica-period 1\nrepl-timeout 5\n",
    );
    if i > 0 {
        conf += &format!("replicaof 127.0.0.1 {master}\n");
    }
    if let Some(secret) = &options.password {
        conf += &format!("requirepass \"{secret}\"\nmasterauth \"{secret}\"\n");
    }
    options.users.iter().for_each(|line| conf += &format!("{line}\n"));
    conf + &options.conf
}

fn sentinel_conf(master: u16, sentinels: usize, options: &RedisOptions) -> String {
    let quorum = sentinels / 2 + 1;
    let mut conf = format!("sentinel monitor {MASTER} 127.0.0.1 {master} {quorum}\nsentinel down-after-milliseconds {MASTER} 1000\n");
    conf += &format!("sentinel failover-timeout {MASTER} 2000\nsentinel parallel-syncs {MASTER} 2\n");
    if let Some(secret) = &options.password {
        conf += &format!("sentinel auth-pass {MASTER} \"{secret}\"\n");
    }
    if let Some(secret) = &options.sentinel_password {
        conf += &format!("requirepass \"{secret}\"\nsentinel sentinel-pass \"{secret}\"\n");
    }
    options.sentinel_users.iter().for_each(|line| conf += &format!("{line}\n"));
    conf
}
