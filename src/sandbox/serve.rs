//! The sockets of the API server: HTTP/1.1 over TLS on loopback. It knows users, faults and the audit; what a request means is
//! `api`'s.

use super::answer::{self, Body};
use super::api::Api;
use super::audit::Entry;
use super::failure::Failure;
use super::fault::{Fault, Trouble};
use super::request::Request;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, UPGRADE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request as HttpRequest, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use rustls::ServerConfig;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// The longest body that is read.
const BODY: usize = 3 * 1024 * 1024;

/// How long a client may take to agree on TLS, and to send a body.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes connections until `stop`.
pub async fn accept(api: Arc<Api>, listener: TcpListener, tls: Arc<ServerConfig>, stop: CancellationToken) {
    let tls = TlsAcceptor::from(tls);
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of descriptors, most likely: they come back when connections end.
                    tracing::warn!("accepting a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        if !api.faults.is_down() {
            tokio::spawn(connection(Arc::clone(&api), stream, tls.clone(), stop.clone()));
        }
    }
}

/// One connection, until it ends, the server stops or goes down.
async fn connection(api: Arc<Api>, stream: TcpStream, tls: TlsAcceptor, stop: CancellationToken) {
    // Answers are small and are waited for.
    let _ = stream.set_nodelay(true);
    let mut faults = api.faults.changes();
    let talk = async {
        let Ok(Ok(stream)) = timeout(PATIENCE, tls.accept(stream)).await else { return };
        let service = service_fn(|request| respond(Arc::clone(&api), request));
        let served = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).with_upgrades().await;
        if let Err(error) = served {
            tracing::debug!("a connection ended: {error}");
        }
    };
    tokio::select! {
        () = talk => {}
        () = stop.cancelled() => {}
        _ = faults.wait_for(|trouble| trouble.as_ref().is_some_and(Trouble::is_down)) => {}
    }
}

async fn respond(api: Arc<Api>, mut request: HttpRequest<Incoming>) -> Result<Response<Body>, Infallible> {
    let upgrade = request.headers().contains_key(UPGRADE).then(|| hyper::upgrade::on(&mut request));
    let (parts, body) = request.into_parts();
    let authorization = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let user = api.authenticate(authorization, parts.uri.path());
    let body = match timeout(PATIENCE, Limited::new(body, BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err(Failure::too_large()),
        Err(_) => Err(Failure::bad_request("the body did not come")),
    };
    let (body, broken) = match body {
        Ok(body) => (body, None),
        Err(failure) => (Default::default(), Some(failure)),
    };
    let request = Request::new(&parts, body);
    let mut entry = entry(&request, user.as_ref().ok().copied().flatten().map_or("", |user| user.name), &parts.uri.to_string());
    let debugging = request.path.starts_with("/debug/");
    let fault = api.faults.now(request.attributes().resource).filter(|_| !debugging);
    if let Some(Fault::Slow(delay)) = fault {
        tokio::time::sleep(delay).await;
    }
    let refused = fault.and_then(|fault| fault.refuses(&request)).or(broken);
    let answered = match (user, refused) {
        (Err(failure), _) | (Ok(_), Some(failure)) => Err(failure),
        (Ok(user), None) => api.answer(user, request, upgrade).await,
    };
    let response = answered.unwrap_or_else(|failure| answer::failure(&failure));
    entry.code = response.status().as_u16();
    entry.time = Timestamp::now();
    api.audit.record(entry);
    Ok(response)
}

fn entry(request: &Request, user: &str, uri: &str) -> Entry {
    let wanted = request.attributes();
    Entry {
        user: user.to_owned(),
        verb: wanted.verb.to_owned(),
        group: wanted.group.to_owned(),
        resource: wanted.resource.to_owned(),
        subresource: wanted.subresource.to_owned(),
        namespace: wanted.namespace.to_owned(),
        name: wanted.name.to_owned(),
        uri: uri.to_owned(),
        ..Entry::default()
    }
}
