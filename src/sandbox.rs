//! A Kubernetes cluster for trying things out: an API server on loopback, good enough for kube and kubectl, that holds the whole
//! stack. It is another world behind the same protocols: it knows nothing of the console's model, sources or views.
//!
//! ```text
//!   client ─ TLS ─► serve ─► request ─► access ─► api ─► store ─► watching ─► client
//!                     │                            │       ▲
//!                   fault, audit                kubelet   seed, healthy, budget: whoever works on the cluster from inside
//! ```

pub mod access;
pub mod answer;
pub mod api;
pub mod audit;
pub mod budget;
mod certificate;
pub mod defaults;
mod discovery;
pub mod failure;
pub mod fault;
pub mod healthy;
pub mod kubeconfig;
pub mod kubelet;
pub mod metrics;
pub mod object;
pub mod patch;
mod protobuf;
pub mod request;
pub mod resource;
pub mod seed;
pub mod selector;
mod serve;
pub mod store;
mod watching;

use access::Tokens;
use api::Api;
use color_eyre::eyre::{Result, WrapErr, eyre};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A running sandbox. It ends when this is dropped.
pub struct Sandbox {
    /// Where the API server listens.
    pub address: SocketAddr,
    /// The API server: its store, audit and faults.
    pub api: Arc<Api>,
    /// The authority that clients must trust, PEM.
    pub ca: String,
    _running: DropGuard,
}

impl Sandbox {
    /// Starts the API server on `port`, 0 for any, with the stack in it. When this returns, it answers.
    pub async fn start(port: u16) -> Result<Sandbox> {
        let store = Store::new();
        seed::stack(&store).map_err(|error| eyre!("the stack's manifests: {error}"))?;
        healthy::fill(&store).map_err(|error| eyre!("the stack's pods: {error}"))?;
        let identity = certificate::make().map_err(|error| eyre!("the certificates: {error}"))?;
        let tokens = Tokens::random().map_err(|error| eyre!("the tokens: {error}"))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.wrap_err_with(|| format!("listening on port {port}"))?;
        let address = listener.local_addr().wrap_err("the listener's address")?;
        let (audit, faults, kubelet) = (audit::Audit::default(), fault::Faults::default(), Arc::new(kubelet::Idle));
        let api = Arc::new(Api { store: Arc::clone(&store), audit, faults, tokens, kubelet });
        let stop = CancellationToken::new();
        tokio::spawn(serve::accept(Arc::clone(&api), listener, identity.server, stop.clone()));
        for work in [tokio::spawn(budget::keep(Arc::clone(&store))), tokio::spawn(healthy::keep(store))] {
            let stop = stop.clone();
            tokio::spawn(async move {
                stop.cancelled().await;
                work.abort();
            });
        }
        Ok(Sandbox { address, api, ca: identity.ca, _running: stop.drop_guard() })
    }

    /// A kubeconfig with a context for each user, on `user` first.
    pub fn kubeconfig(&self, user: &str) -> String {
        kubeconfig::write(self.address, &self.ca, &self.api.tokens, user)
    }
}

/// Runs a sandbox until the process is told to end; `dir` gets the kubeconfig, in place at once and whole.
pub async fn run(dir: &Path, port: u16, said: impl FnOnce(&Path)) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let sandbox = Sandbox::start(port).await?;
    let path = dir.join("kubeconfig");
    kubeconfig::put(&path, &sandbox.kubeconfig("admin")).wrap_err_with(|| format!("writing {}", path.display()))?;
    said(&path);
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    // A kubeconfig that leads nowhere misleads.
    std::fs::remove_file(&path).wrap_err_with(|| format!("removing {}", path.display()))
}
