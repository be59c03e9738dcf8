//! A PostgreSQL primary with streaming standbys.

use super::process::{Process, Recipe, run};
use super::{Dir, Pair, Port, Proxy, SOON, wait_for};
use quarterdeck::connect::{Address, Login, PostgresTarget, Tls};
use std::path::{Path, PathBuf};

/// A role that may watch: it logs in with a password (SCRAM) and has `pg_monitor`.
pub const WATCHER: &str = "moltbook_user";
/// Its password.
pub const WATCHER_PASSWORD: &str = "correct horse";

/// What differs from an ordinary cluster.
#[derive(Clone, Default)]
pub struct PostgresOptions {
    /// Lines for `postgresql.conf`.
    pub conf: String,
    /// Lines for `pg_hba.conf`, before the usual ones.
    pub hba: String,
    /// `synchronous_standby_names`, set once the standbys stream.
    pub synchronous: Option<String>,
    /// The server's certificate.
    pub tls: Option<Pair>,
    /// `application_name` of the standbys instead of their instance names.
    pub application_names: Vec<String>,
    /// A proxy between each standby and the primary: see `upstream`.
    pub proxied: bool,
    /// The binaries; the newest installed if not given.
    pub bin: Option<PathBuf>,
}

/// The servers `postgres-0` (the first primary), `postgres-1`, …
pub struct Postgres {
    pub servers: Vec<Server>,
    bin: PathBuf,
    // Last, so that the servers are gone before it is.
    dir: Dir,
}

/// One of them.
pub struct Server {
    pub name: String,
    pub port: u16,
    pub process: Process,
    /// What stands between it and the primary that it was cloned from.
    pub upstream: Option<Proxy>,
}

/// The binaries of every installed major, newest last.
pub fn installations() -> Vec<PathBuf> {
    if let Some(bin) = std::env::var_os("QUARTERDECK_TEST_PG_BIN") {
        return vec![bin.into()];
    }
    let majors = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = majors.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("postgres").exists()).collect();
    found.sort_by_key(|bin| bin.parent().and_then(|major| major.file_name()?.to_str()?.parse::<u32>().ok()));
    assert!(!found.is_empty(), "no PostgreSQL in /usr/lib/postgresql/*/bin; `.ci/run` installs it (or set QUARTERDECK_TEST_PG_BIN)");
    found
}

impl Postgres {
    /// `count` servers; when it returns, every standby streams.
    pub fn cluster(count: usize, options: &PostgresOptions) -> Postgres {
        let bin = options.bin.clone().unwrap_or_else(|| installations().pop().expect("one"));
        let dir = Dir::new("postgres");
        let mut ports: Vec<Port> = (0..count).map(|_| Port::free()).collect();
        let numbers: Vec<u16> = ports.iter().map(|port| port.number).collect();

        let data = dir.join("postgres-0").display().to_string();
        let initdb = ["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "-k"];
        run(&bin.join("initdb"), &initdb, &[], true).expect("initdb");
        configure(Path::new(&data), options);
        ports[0].release();
        let mut cluster = Postgres { servers: vec![serve(&bin, &dir, 0, numbers[0], None)], bin, dir };
        cluster.wait_up(0);
        cluster.psql(0, &format!("create role {WATCHER} login password '{WATCHER_PASSWORD}'; grant pg_monitor to {WATCHER}"));

        let upstream: Vec<_> = (1..count).map(|_| options.proxied.then(|| Proxy::to(numbers[0]))).collect();
        std::thread::scope(|scope| {
            for (proxy, i) in upstream.iter().zip(1..) {
                let (bin, dir, port) = (&cluster.bin, &cluster.dir, proxy.as_ref().map_or(numbers[0], Proxy::port));
                scope.spawn(move || clone(bin, dir, i, port, options.application_names.get(i - 1)));
            }
        });
        for (proxy, i) in upstream.into_iter().zip(1..) {
            ports[i].release();
            cluster.servers.push(serve(&cluster.bin, &cluster.dir, i, numbers[i], proxy));
        }
        cluster.wait_streaming(0, count - 1);
        if let Some(names) = &options.synchronous {
            cluster.psql(0, &format!("alter system set synchronous_standby_names = '{names}'"));
            cluster.psql(0, "alter system set synchronous_commit = 'on'");
            cluster.psql(0, "select pg_reload_conf()");
        }
        cluster
    }

    /// Runs SQL as the superuser; rows by line, columns by `|`.
    pub fn psql(&self, i: usize, sql: &str) -> String {
        self.try_psql(i, sql).unwrap_or_else(|e| panic!("postgres-{i}: {sql}: {e}\n{}", self.servers[i].process.log()))
    }

    pub fn try_psql(&self, i: usize, sql: &str) -> Result<String, String> {
        let port = self.servers[i].port.to_string();
        let args = ["-XAtq", "-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-c", sql];
        run(&self.bin.join("psql"), &args, &[("PGCONNECT_TIMEOUT", "5")], false)
    }

    /// A session of `user` that runs `sql` until its value is dropped.
    pub fn session(&self, i: usize, user: &str, sql: &str) -> Process {
        let port = self.servers[i].port.to_string();
        let args = ["-XAtq", "-h", "127.0.0.1", "-p", &port, "-U", user, "-d", "postgres", "-c", sql].map(str::to_owned);
        let log = self.dir.join("sessions.log");
        // psql cancels its statement when it is interrupted, so the server notices at once.
        Process::start(Recipe { program: self.bin.join("psql"), args: args.into(), log, unprivileged: false, end: "INT" })
    }

    /// Adds a line to the configuration of server `i`; the last one counts, from its next start or reload.
    pub fn set_conf(&self, i: usize, line: &str) {
        append(&self.data(i).join("postgresql.conf"), line);
    }

    pub fn wait_up(&self, i: usize) {
        wait_for(&format!("postgres-{i} answers"), SOON, || self.try_psql(i, "select 1"));
    }

    /// Waits until `count` standbys stream from server `i`.
    pub fn wait_streaming(&self, i: usize, count: usize) {
        wait_for(&format!("{count} standbys stream from postgres-{i}"), SOON, || {
            let got = self.try_psql(i, "select count(*) from pg_stat_replication where state = 'streaming'")?;
            if got == count.to_string() { Ok(()) } else { Err(got) }
        });
    }

    /// Writes about `megabytes` of WAL on server `i`.
    pub fn write_wal(&self, i: usize, megabytes: usize) {
        self.psql(i, "create table if not exists written (line text)");
        self.psql(i, &format!("insert into written select repeat('x', 1000) from generate_series(1, {})", megabytes * 1000));
    }

    pub fn promote(&self, i: usize) {
        self.psql(i, "select pg_promote(true, 30)");
    }

    pub fn name(&self, i: usize) -> &str {
        &self.servers[i].name
    }

    pub fn data(&self, i: usize) -> PathBuf {
        self.dir.join(&self.servers[i].name)
    }

    /// Ends server `i` with its children and starts it again.
    pub fn restart(&mut self, i: usize) {
        self.servers[i].process.shut_down();
        self.servers[i].process.restart();
    }

    /// Server `i` as a target, by the role that may watch.
    pub fn target(&self, i: usize) -> PostgresTarget {
        self.target_at(i, self.servers[i].port)
    }

    /// The same server reached through another port, for example a proxy's.
    pub fn target_at(&self, i: usize, port: u16) -> PostgresTarget {
        PostgresTarget {
            name: self.name(i).into(),
            address: Address { host: "127.0.0.1".into(), port },
            database: "postgres".into(),
            login: Login { user: Some(WATCHER.into()), password: Some(WATCHER_PASSWORD.into()) },
            tls: Tls::default(),
        }
    }

    pub fn targets(&self) -> Vec<PostgresTarget> {
        (0..self.servers.len()).map(|i| self.target(i)).collect()
    }
}

fn serve(bin: &Path, dir: &Dir, i: usize, port: u16, upstream: Option<Proxy>) -> Server {
    let name = format!("postgres-{i}");
    let mut args = vec!["-D".to_owned(), dir.join(&name).display().to_string(), "-p".into(), port.to_string()];
    args.extend(["-c".to_owned(), format!("cluster_name={name}")]);
    let log = dir.join(&format!("{name}.log"));
    let process = Process::start(Recipe { program: bin.join("postgres"), args, log, unprivileged: true, end: "QUIT" });
    Server { name, port, process, upstream }
}

fn clone(bin: &Path, dir: &Dir, i: usize, port: u16, application_name: Option<&String>) {
    let data = dir.join(&format!("postgres-{i}")).display().to_string();
    let name = application_name.cloned().unwrap_or_else(|| format!("postgres-{i}"));
    let from = format!("host=127.0.0.1 port={port} user=postgres application_name={name}");
    let slot = format!("postgres_{i}");
    let args = ["-D", &data, "-d", &from, "-R", "-X", "stream", "-c", "fast", "--no-sync", "-C", "-S", &slot];
    run(&bin.join("pg_basebackup"), &args, &[], true).expect("pg_basebackup");
}

fn configure(data: &Path, options: &PostgresOptions) {
    // Nothing here is worth keeping, and a cut connection should be noticed within seconds.
    let mut conf = String::from(
        "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\nsynchronous_commit = local\nshared_buffers = 16MB\n\
         max_connections = 40\nwal_log_hints = on\nwal_keep_size = 64MB\nhot_standby_feedback = on\nwal_receiver_status_interval = 1s\n\
         wal_receiver_timeout = 3s\nwal_sender_timeout = 3s\nwal_retrieve_retry_interval = 200ms\nautovacuum = off\n\
         log_line_prefix = '%m [%p] '\n",
    );
    if let Some(pair) = &options.tls {
        conf += &format!("ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\n", pair.cert.display(), pair.key.display());
    }
    conf += &options.conf;
    append(&data.join("postgresql.conf"), &conf);
    let usual =
        "host all postgres 127.0.0.1/32 trust\nhost replication postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
    std::fs::write(data.join("pg_hba.conf"), format!("{}\n{usual}", options.hba)).expect("pg_hba.conf");
}

fn append(path: &Path, text: &str) {
    let before = std::fs::read_to_string(path).expect("a configuration");
    std::fs::write(path, format!("{before}\n{text}\n")).expect("a configuration is written");
}
