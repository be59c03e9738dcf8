//! A server process: started, stopped, continued, killed and restarted by the test that owns it, and gone with it.

use super::{hand_over, server_user, wait_for};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

/// How a process is started, so that it can be started again.
#[derive(Clone)]
pub struct Recipe {
    pub program: PathBuf,
    pub args: Vec<String>,
    pub log: PathBuf,
    /// Run as the servers' user when the test runs as root.
    pub unprivileged: bool,
    /// The signal that ends it quickly and in order.
    pub end: &'static str,
}

/// A running server with its children.
pub struct Process {
    recipe: Recipe,
    child: Child,
}

impl Process {
    pub fn start(recipe: Recipe) -> Process {
        let child = spawn(&recipe);
        Process { recipe, child }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Freezes it with all its children, as a frozen container is.
    pub fn stop(&self) {
        self.stop_alone();
        signal("STOP", &children(self.pid()));
    }

    /// Freezes the process alone: a PostgreSQL postmaster that stands still while its sessions go on.
    pub fn stop_alone(&self) {
        signal("STOP", &[self.pid()]);
    }

    pub fn cont(&self) {
        let mut all = children(self.pid());
        all.push(self.pid());
        signal("CONT", &all);
    }

    /// Ends it and its children at once, as a killed container is.
    pub fn kill(&mut self) {
        self.end("KILL");
    }

    /// Ends it in order.
    pub fn shut_down(&mut self) {
        let end = self.recipe.end;
        self.end(end);
    }

    /// Starts it again after `kill` or `shut_down`.
    pub fn restart(&mut self) {
        assert!(self.gone(), "{} still runs", self.recipe.program.display());
        self.child = spawn(&self.recipe);
    }

    pub fn gone(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.recipe.log).unwrap_or_default()
    }

    fn end(&mut self, how: &str) {
        if self.gone() {
            return;
        }
        let kin = children(self.pid());
        if how == "KILL" {
            signal("KILL", &[self.pid()]);
            signal("KILL", &kin);
        } else {
            signal(how, &[self.pid()]);
            self.cont();
        }
        for _ in 0..200 {
            // A restart finds the data directory in use as long as one old child is left.
            if self.gone() && kin.iter().all(|&pid| !alive(pid)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        signal("KILL", &kin);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// Runs a program to its end with the rights of the servers; its output, or what it said when it failed.
pub fn run(program: &Path, args: &[&str], envs: &[(&str, &str)], unprivileged: bool) -> Result<String, String> {
    let mut command = command(program, unprivileged, false);
    let output =
        command.args(args).envs(envs.iter().copied()).stdin(Stdio::null()).output().map_err(|e| format!("{}: {e}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    if output.status.success() { Ok(text) } else { Err(format!("{} {}", text, String::from_utf8_lossy(&output.stderr).trim_end())) }
}

/// Waits until `pid` is gone: also when nobody has collected it yet.
pub fn wait_gone(pid: u32) {
    wait_for("a process ends", super::SOON, || if alive(pid) { Err(format!("{pid} runs")) } else { Ok(()) });
}

fn command(program: &Path, unprivileged: bool, bound: bool) -> Command {
    let other = unprivileged && server_user().is_some();
    let mut command = if other || bound {
        let mut command = Command::new("setpriv");
        if other {
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
        }
        if bound {
            // The server dies with the test, however that ends.
            command.args(["--pdeathsig", "KILL"]);
        }
        command.arg("--").arg(program);
        command
    } else {
        Command::new(program)
    };
    // A fixed locale and none of the caller's PG* variables.
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin").env("LC_ALL", "C.UTF-8").current_dir("/");
    command
}

fn spawn(recipe: &Recipe) -> Child {
    let log = File::options().create(true).append(true).open(&recipe.log).expect("a log file");
    hand_over(&recipe.log);
    let mut command = command(&recipe.program, recipe.unprivileged, true);
    command.args(&recipe.args).stdin(Stdio::null()).stdout(log.try_clone().expect("a log file")).stderr(log);
    let (reply, answer) = channel();
    starter().send((command, reply)).expect("the starter runs");
    answer.recv().expect("the starter answers").unwrap_or_else(|e| panic!("{}: {e}", recipe.program.display()))
}

type Order = (Command, Sender<std::io::Result<Child>>);

/// All servers are started by one thread that lives as long as the process: the death signal is sent when the *thread* that
/// started a child ends, and each test has a thread of its own while servers may be shared.
fn starter() -> Sender<Order> {
    static STARTER: OnceLock<Sender<Order>> = OnceLock::new();
    let start = || {
        let (sender, orders) = channel::<Order>();
        std::thread::spawn(move || orders.into_iter().for_each(|(mut command, reply)| drop(reply.send(command.spawn()))));
        sender
    };
    STARTER.get_or_init(start).clone()
}

/// Sends a signal; a process that is gone already is no failure.
pub fn signal(name: &str, pids: &[u32]) {
    if !pids.is_empty() {
        // The shell's own kill: there is no program of that name everywhere.
        let mut command = Command::new("sh");
        command.args(["-c", "s=$1; shift; kill -$s \"$@\"", "sh", name]).args(pids.iter().map(u32::to_string));
        let _ = command.stderr(Stdio::null()).status();
    }
}

fn alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != "Z")
}

/// State and parent of a process.
fn stat(pid: u32) -> Option<(String, u32)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may contain anything.
    let mut rest = text.rsplit_once(')')?.1.split_whitespace();
    Some((rest.next()?.to_owned(), rest.next()?.parse().ok()?))
}

/// PostgreSQL makes each child the leader of a group of its own, so a signal to the group would not reach them.
fn children(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|&pid| stat(pid).is_some_and(|(_, of)| of == parent)).collect()
}
