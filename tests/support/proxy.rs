//! A TCP proxy in front of a server that can break the connection in the ways networks do, and counts round trips.

use super::Port;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// A proxy on a port of its own. It ends with its value.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    server: u16,
    state: Mutex<State>,
    changed: Condvar,
    connections: AtomicU64,
    /// By connection.
    bursts: Mutex<Vec<u64>>,
    bytes: AtomicU64,
}

struct State {
    mode: Mode,
    listener: Option<TcpListener>,
    delay: Duration,
    streams: Vec<TcpStream>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Pass,
    Cut,
    Hold,
    Ended,
}

impl Proxy {
    /// A proxy to a port on loopback, which need not be open yet.
    pub fn to(server: u16) -> Proxy {
        let mut port = Port::free();
        let number = port.release();
        let state = State { mode: Mode::Pass, listener: Some(listen(number)), delay: Duration::ZERO, streams: Vec::new() };
        let (state, changed) = (Mutex::new(state), Condvar::new());
        let shared = Arc::new(Shared { server, state, changed, connections: 0.into(), bursts: Mutex::default(), bytes: 0.into() });
        let accepting = shared.clone();
        std::thread::spawn(move || accepting.accept());
        Proxy { port: number, shared }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything passes; what was held flows on.
    pub fn pass(&self) {
        let mut state = self.shared.state.lock().unwrap();
        state.listener.get_or_insert_with(|| listen(self.port));
        (state.mode, state.delay) = (Mode::Pass, Duration::ZERO);
        self.shared.changed.notify_all();
    }

    /// Every connection is closed and new ones are refused.
    pub fn cut(&self) {
        self.shared.close(Mode::Cut);
    }

    /// Connections stand and new ones are accepted, but nothing moves: a peer that vanished, or a network that swallows all.
    pub fn hold(&self) {
        self.shared.state.lock().unwrap().mode = Mode::Hold;
    }

    /// Every piece of data takes this much longer, each way.
    pub fn delay(&self, by: Duration) {
        self.shared.state.lock().unwrap().delay = by;
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Round trips so far by connection: how often the client spoke after its server had, or first.
    pub fn bursts(&self) -> Vec<u64> {
        self.shared.bursts.lock().unwrap().clone()
    }

    /// Bytes passed in both directions.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.close(Mode::Ended);
    }
}

fn listen(port: u16) -> TcpListener {
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the proxy's port is free");
    listener.set_nonblocking(true).expect("a listener that does not block");
    listener
}

impl Shared {
    fn close(&self, mode: Mode) {
        let mut state = self.state.lock().unwrap();
        state.mode = mode;
        state.listener = None;
        state.streams.drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
        self.changed.notify_all();
    }

    fn accept(self: Arc<Shared>) {
        loop {
            let client = {
                let state = self.state.lock().unwrap();
                if state.mode == Mode::Ended {
                    return;
                }
                state.listener.as_ref().and_then(|listener| listener.accept().ok())
            };
            match client {
                Some((client, _)) => {
                    self.connections.fetch_add(1, Ordering::SeqCst);
                    client.set_nonblocking(false).expect("a stream that blocks");
                    let shared = self.clone();
                    std::thread::spawn(move || shared.join(client));
                }
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    /// Pumps both ways until one side ends.
    fn join(self: Arc<Shared>, client: TcpStream) {
        if !self.may_pass() {
            return;
        }
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.server)) else { return };
        let mut ends = Vec::new();
        {
            let mut state = self.state.lock().unwrap();
            if matches!(state.mode, Mode::Cut | Mode::Ended) {
                return;
            }
            for stream in [&client, &server] {
                let _ = stream.set_nodelay(true);
                state.streams.push(stream.try_clone().expect("a second handle"));
                ends.push(stream.try_clone().expect("a second handle"));
            }
        }
        let number = {
            let mut bursts = self.bursts.lock().unwrap();
            bursts.push(0);
            bursts.len() - 1
        };
        let server_spoke = Arc::new(AtomicBool::new(true));
        let (up, spoke) = (self.clone(), server_spoke.clone());
        let upward = std::thread::spawn(move || {
            up.pump(client, server, || {
                if spoke.swap(false, Ordering::SeqCst) {
                    up.bursts.lock().unwrap()[number] += 1;
                }
            });
        });
        if let (Some(server), Some(client)) = (ends.pop(), ends.pop()) {
            self.pump(server, client, || server_spoke.store(true, Ordering::SeqCst));
        }
        let _ = upward.join();
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream, moved: impl Fn()) {
        let mut buffer = vec![0; 65536];
        while let Ok(length) = from.read(&mut buffer) {
            if length == 0 || !self.may_pass() {
                break;
            }
            let delay = self.state.lock().unwrap().delay;
            if !delay.is_zero() {
                std::thread::sleep(delay);
            }
            moved();
            self.bytes.fetch_add(length as u64, Ordering::SeqCst);
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        // An end that comes while the network swallows all is swallowed too.
        self.may_pass();
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }

    /// Waits while everything is held; whether there is still something to pass.
    fn may_pass(&self) -> bool {
        let state = self.state.lock().unwrap();
        let state = self.changed.wait_while(state, |state| state.mode == Mode::Hold).unwrap();
        state.mode == Mode::Pass
    }
}
