//! Real servers for the tests, on loopback, started and ended by the test itself: PostgreSQL, Redis, Sentinel, a proxy that
//! breaks connections, certificates, and a watch that collects what the sources say. Nothing here is skipped in silence: a
//! server that is not installed fails the test.
#![allow(
    dead_code,
    unused_imports,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

pub mod certificates;
pub mod plane;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod redis;
pub mod watch;

pub use certificates::{Certificates, Pair};
pub use plane::{Plane, config_toml};
pub use postgres::{Postgres, PostgresOptions};
pub use process::Process;
pub use proxy::Proxy;
pub use redis::{Redis, RedisOptions};
pub use watch::{Seen, Watch};

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// Long enough for anything that must happen sooner or later, even on a busy machine.
pub const SOON: Duration = Duration::from_secs(30);

pub fn seconds(s: f64) -> Duration {
    Duration::from_secs_f64(s)
}

/// Waits until `check` gives a value; it says what it saw when it does not, and that ends up in the failure.
pub fn wait_for<T>(what: &str, limit: Duration, mut check: impl FnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match check() {
            Ok(value) => return value,
            Err(saw) if start.elapsed() > limit => panic!("not within {limit:?}: {what}; last seen: {saw}"),
            Err(_) => std::thread::sleep(Duration::from_millis(25)),
        }
    }
}

/// A directory that ends with its value. What a killed test leaves behind is swept by the next one.
pub struct Dir(tempfile::TempDir);

impl Dir {
    pub fn new(label: &str) -> Dir {
        static SWEPT: std::sync::Once = std::sync::Once::new();
        SWEPT.call_once(sweep);
        let dir = tempfile::Builder::new().prefix(&format!("quarterdeck-{}-{label}-", std::process::id())).tempdir().expect("a directory");
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).expect("open to the server's user");
        hand_over(dir.path());
        Dir(dir)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file that the servers can read and nobody else.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.join(name);
        std::fs::write(&path, text).expect("a file is written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its mode is set");
        hand_over(&path);
        path
    }
}

/// Removes the directories of tests that no longer run: statics are never dropped.
fn sweep() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix("quarterdeck-").and_then(|rest| rest.split('-').next()).and_then(|pid| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// PostgreSQL refuses to run as root; then it runs as the user `postgres`, who must own its files.
pub fn server_user() -> Option<(u32, u32)> {
    let root = std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    root.then(|| {
        let users = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd");
        let line = users.lines().find(|line| line.starts_with("postgres:")).expect("no user postgres here; `.ci/run` installs PostgreSQL");
        let ids: Vec<u32> = line.split(':').skip(2).take(2).map(|id| id.parse().expect("an id")).collect();
        (ids[0], ids[1])
    })
}

/// Gives a file to the servers' user, if that is somebody else.
pub fn hand_over(path: &Path) {
    if let Some((uid, gid)) = server_user() {
        chown(path, Some(uid), Some(gid)).expect("a file changes its owner");
    }
}

/// The path of an installed program, or a failure that says how to get it.
pub fn installed(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).chain([PathBuf::from("/usr/bin")]).map(|dir| dir.join(program)).find(|file| file.exists());
    found.unwrap_or_else(|| panic!("{program} is not installed; `.ci/run` installs what these tests need"))
}

/// A port that nobody else takes until its server starts.
pub struct Port {
    pub number: u16,
    held: Option<TcpListener>,
}

impl Port {
    /// Ports come from below the range that the kernel gives to outgoing connections: else one of these could sit on the port of a
    /// server that is down for a moment.
    pub fn free() -> Port {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        loop {
            let step = NEXT.fetch_add(1, Ordering::Relaxed);
            let number = 12_000 + ((std::process::id() as u16).wrapping_mul(97).wrapping_add(step)) % 20_000;
            if let Ok(listener) = TcpListener::bind(("127.0.0.1", number)) {
                return Port { number, held: Some(listener) };
            }
        }
    }

    pub fn release(&mut self) -> u16 {
        self.held = None;
        self.number
    }
}
