//! A watch: what changed in a collection, line by line, until its time is over, the log is lost or something goes wrong with the
//! server. It reads the store and writes nothing.

use super::answer::Form;
use super::failure::Failure;
use super::fault::{Fault, Faults, Trouble};
use super::request::{Place, Request};
use super::selector::Selector;
use super::store::{Change, Store};
use futures::Stream;
use hyper::body::Bytes;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// How often a quiet watch says that it is alive, to those who take bookmarks.
const BOOKMARK: Duration = Duration::from_secs(60);

/// How long a watch lasts if nobody says; a real server takes half an hour to an hour.
const LIMIT: Duration = Duration::from_secs(1800);

struct Watch {
    store: Arc<Store>,
    changed: watch::Receiver<u64>,
    faults: watch::Receiver<Option<Trouble>>,
    place: Place,
    selector: Selector,
    form: Form,
    /// Everything up to this version has been told.
    version: u64,
    bookmarks: bool,
    until: Instant,
    next_bookmark: Instant,
    over: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    object: &'a Value,
}

/// Begins a watch as the request asks for it. What the log no longer reaches is refused here; what is lost later ends the stream with
/// an `ERROR`.
pub fn begin(
    store: &Arc<Store>,
    faults: &Faults,
    request: &Request,
    place: &Place,
    selector: Selector,
    form: Form,
) -> Result<impl Stream<Item = Bytes> + Send + 'static, Failure> {
    let bad = |what: &str| Failure::bad_request(format!("invalid {what}"));
    let limit = match request.query("timeoutSeconds") {
        "" => LIMIT,
        text => Duration::from_secs(text.parse().map_err(|_| bad("timeoutSeconds"))?),
    };
    let asked: u64 = match request.query("resourceVersion") {
        "" => 0,
        text => text.parse().map_err(|_| bad("resourceVersion"))?,
    };
    let initial = request.asks("sendInitialEvents") || (asked == 0 && request.query("sendInitialEvents").is_empty());
    let now = Instant::now();
    let mut watch = Watch {
        changed: store.changed(),
        store: Arc::clone(store),
        faults: faults.changes(),
        place: place.clone(),
        selector,
        form,
        version: asked,
        bookmarks: request.asks("allowWatchBookmarks"),
        until: now + limit,
        next_bookmark: now + BOOKMARK,
        over: false,
    };
    let mut first = Vec::new();
    if initial {
        let snapshot = store.list(place.resource.kind, watch.namespace());
        watch.version = snapshot.version;
        for object in snapshot.objects.iter().filter(|object| watch.selector.matches(object)) {
            watch.line(&mut first, "ADDED", object);
        }
        if request.asks("sendInitialEvents") && watch.bookmarks {
            write(&mut first, "BOOKMARK", &form.bookmark(watch.version, true));
        }
    } else if asked == 0 {
        watch.version = store.version();
    } else {
        store.since(place.resource.kind, watch.namespace(), asked)?;
    }
    // An empty part makes the head of the answer go out before there is anything to tell.
    Ok(futures::stream::unfold((Some(first), watch), |(first, mut watch)| async move {
        if let Some(first) = first {
            return Some((Bytes::from(first), (None, watch)));
        }
        let part = watch.next().await?;
        Some((Bytes::from(part), (None, watch)))
    }))
}

impl Watch {
    fn namespace(&self) -> Option<&str> {
        Some(self.place.namespace.as_str()).filter(|namespace| !namespace.is_empty())
    }

    /// The next lines; nothing when it is over.
    async fn next(&mut self) -> Option<Vec<u8>> {
        if self.over {
            return None;
        }
        loop {
            let mut part = Vec::new();
            self.changed.borrow_and_update();
            match self.store.since(self.place.resource.kind, self.namespace(), self.version) {
                Ok((version, changes)) => {
                    self.version = version;
                    changes.iter().for_each(|change| self.tell(&mut part, change));
                }
                Err(lost) => return self.end(&lost),
            }
            if !part.is_empty() {
                return Some(part);
            }
            let deadline = if self.bookmarks { self.until.min(self.next_bookmark) } else { self.until };
            tokio::select! {
                biased;
                changed = self.faults.changed() => {
                    let plural = self.place.resource.plural;
                    let fault = self.faults.borrow_and_update().as_ref().and_then(|trouble| trouble.concerns(plural));
                    match fault {
                        Some(Fault::Expired) => return self.end(&Failure::expired(self.version, self.version + 1)),
                        Some(Fault::Slow(_)) | None if changed.is_ok() => {}
                        _ => return None,
                    }
                }
                changed = timeout_at(deadline, self.changed.changed()) => match changed {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return None,
                    Err(_) if self.bookmarks => {
                        self.over = deadline == self.until;
                        self.next_bookmark = deadline + BOOKMARK;
                        write(&mut part, "BOOKMARK", &self.form.bookmark(self.version, false));
                        return Some(part);
                    }
                    Err(_) => return None,
                },
            }
        }
    }

    fn end(&mut self, why: &Failure) -> Option<Vec<u8>> {
        self.over = true;
        let mut part = Vec::new();
        write(&mut part, "ERROR", &why.status());
        Some(part)
    }

    /// A change as this watch sees it: what begins to match is new, what ceases to match is gone.
    fn tell(&self, part: &mut Vec<u8>, change: &Change) {
        let matches = |object: &Option<Arc<Value>>| object.as_ref().is_some_and(|object| self.selector.matches(object));
        match (matches(&change.before), matches(&change.after)) {
            (false, true) => self.line(part, "ADDED", &change.last),
            (true, true) => self.line(part, "MODIFIED", &change.last),
            (true, false) => self.line(part, "DELETED", &change.last),
            (false, false) => {}
        }
    }

    fn line(&self, part: &mut Vec<u8>, kind: &str, object: &Arc<Value>) {
        write(part, kind, &self.form.one(object));
    }
}

fn write(part: &mut Vec<u8>, kind: &str, object: &Value) {
    if let Ok(mut line) = serde_json::to_vec(&Line { kind, object }) {
        part.append(&mut line);
        part.push(b'\n');
    }
}
