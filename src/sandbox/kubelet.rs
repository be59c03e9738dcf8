//! The seam between the API server and whatever runs containers: logs, and the streams into a running pod. What stands here is a
//! cluster whose pods have nothing running in them.

use super::answer::{self, Body};
use super::failure::Failure;
use super::object::{items, name, text};
use super::request::Request;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use hyper::Response;
use hyper::body::Bytes;
use hyper::upgrade::OnUpgrade;
use serde_json::Value;
use std::sync::Arc;

/// Which part of a log is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogWish {
    /// The container.
    pub container: String,
    /// Go on with what is written from now on.
    pub follow: bool,
    /// The container before the last restart.
    pub previous: bool,
    /// Only the last so many lines.
    pub tail: Option<usize>,
    /// Only what is younger, in seconds.
    pub since: Option<u64>,
    /// A time before each line.
    pub timestamps: bool,
}

/// What runs containers.
pub trait Kubelet: Send + Sync {
    /// The log of a container, in whole lines.
    fn log(&self, pod: Arc<Value>, wish: LogWish) -> BoxFuture<'static, Result<BoxStream<'static, Bytes>, Failure>> {
        let line = format!("{}/{}: nothing runs here\n", name(&pod), wish.container);
        let lines: BoxStream<'static, Bytes> = Box::pin(stream::iter([Bytes::from(line)]));
        Box::pin(async move { Ok(lines) })
    }

    /// exec, attach, portforward and proxy: `request.path` and its query say what, `upgrade` becomes the raw stream once the answer
    /// has gone out with 101.
    fn connect(
        &self,
        pod: Arc<Value>,
        request: Request,
        upgrade: Option<OnUpgrade>,
    ) -> BoxFuture<'static, Result<Response<Body>, Failure>> {
        drop(upgrade);
        let what = request.path.rsplit('/').next().unwrap_or_default().to_owned();
        Box::pin(async move { Err(Failure::not_implemented(format!("{what} into pod {}: nothing runs here", name(&pod)))) })
    }
}

/// Runs nothing.
#[derive(Debug)]
pub struct Idle;

impl Kubelet for Idle {}

/// Answers `pods/NAME/log`.
pub async fn log(kubelet: &dyn Kubelet, pod: Arc<Value>, request: &Request) -> Result<Response<Body>, Failure> {
    let number = |key: &str| match request.query(key) {
        "" => Ok(None),
        text => text.parse::<u64>().map(Some).map_err(|_| Failure::bad_request(format!("invalid {key}"))),
    };
    let wish = LogWish {
        container: container(&pod, request.query("container"))?,
        follow: request.asks("follow"),
        previous: request.asks("previous"),
        tail: number("tailLines")?.map(|lines| usize::try_from(lines).unwrap_or(usize::MAX)),
        since: number("sinceSeconds")?,
        timestamps: request.asks("timestamps"),
    };
    if text(&pod, "/spec/nodeName").is_empty() {
        let container = &wish.container;
        return Err(Failure::bad_request(format!(
            "container \"{container}\" in pod \"{}\" is waiting to start: no host assigned",
            name(&pod)
        )));
    }
    Ok(answer::stream("text/plain", kubelet.log(pod, wish).await?))
}

/// The container that is meant: the named one, or the only one.
pub fn container(pod: &Value, wanted: &str) -> Result<String, Failure> {
    let names: Vec<_> = items(pod, "/spec/containers").iter().map(|container| text(container, "/name")).collect();
    match (wanted, names.as_slice()) {
        ("", [only]) => Ok((*only).to_owned()),
        ("", _) => {
            let names = names.join(" ");
            Err(Failure::bad_request(format!("a container name must be specified for pod {}, choose one of: [{names}]", name(pod))))
        }
        (wanted, names) if names.contains(&wanted) => Ok(wanted.to_owned()),
        (wanted, _) => Err(Failure::bad_request(format!("container {wanted} is not valid for pod {}", name(pod)))),
    }
}
