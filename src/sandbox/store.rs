//! The objects of the cluster with one version that counts every change, and the log of those changes. What may be written is
//! decided in `store/rules`; who may write, elsewhere. Nothing here waits.

mod deletion;
mod rules;
#[cfg(test)]
mod tests;

pub use deletion::{Deletion, Propagation};
pub use rules::Part;

use super::failure::Failure;
use super::object;
use super::resource::{self, Resource};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Changes kept for watches that resume; who is further behind must list again.
const LOG: usize = 8192;

/// The cluster's memory. All its calls are short and none of them waits.
#[derive(Debug)]
pub struct Store {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    kind: &'static str,
    namespace: String,
    name: String,
}

#[derive(Debug, Default)]
struct State {
    version: u64,
    objects: BTreeMap<Key, Arc<Value>>,
    log: VecDeque<Change>,
    /// The version before the first change of the log.
    oldest: u64,
}

/// One change of one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// The version that this change made.
    pub version: u64,
    key: Key,
    /// The object as it was; nothing if it is new.
    pub before: Option<Arc<Value>>,
    /// The object as it is; nothing if it went.
    pub after: Option<Arc<Value>>,
    /// The object as it went, with the version of its going.
    pub last: Arc<Value>,
}

impl Change {
    /// The kind of the object.
    pub fn kind(&self) -> &'static str {
        self.key.kind
    }
}

/// A collection as it was at one version.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The version.
    pub version: u64,
    /// The objects, by namespace and name.
    pub objects: Vec<Arc<Value>>,
}

/// The resource that serves `kind`; a failure for a kind that the table does not have.
fn resource(kind: &str) -> Result<&'static Resource, Failure> {
    resource::of_kind(kind).ok_or_else(|| Failure::internal(format!("no resource serves the kind {kind:?}")))
}

impl Store {
    /// An empty cluster.
    pub fn new() -> Arc<Store> {
        // Versions begin beyond 0 and 1, which some clients give a meaning of their own.
        let state = State { version: 100, oldest: 100, ..State::default() };
        Arc::new(Store { changed: watch::Sender::new(state.version), state: Mutex::new(state) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` as one step that nobody sees the middle of, and tells those who wait if it changed anything. What a failed
    /// `work` has changed stays changed: check first, then write.
    fn step<T>(&self, work: impl FnOnce(&mut State) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut state = self.lock();
        let before = state.version;
        let done = work(&mut state);
        if state.version != before {
            self.changed.send_replace(state.version);
        }
        done
    }

    /// The version of the last change.
    pub fn version(&self) -> u64 {
        self.lock().version
    }

    /// Tells of every change by its version.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The object, if it is there.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.lock().get(kind, namespace, name)
    }

    /// All objects of a kind in a namespace, or in all of them.
    pub fn list(&self, kind: &str, namespace: Option<&str>) -> Snapshot {
        let state = self.lock();
        Snapshot { version: state.version, objects: state.range(kind, namespace).map(|(_, object)| Arc::clone(object)).collect() }
    }

    /// The same as it was at `version`, which the log must still reach.
    pub fn list_at(&self, kind: &str, namespace: Option<&str>, version: u64) -> Option<Snapshot> {
        let state = self.lock();
        if !(state.oldest..=state.version).contains(&version) {
            return None;
        }
        let mut objects: BTreeMap<Key, Arc<Value>> =
            state.range(kind, namespace).map(|(key, object)| (key.clone(), object.clone())).collect();
        let later = state.log.iter().rev().take_while(|change| change.version > version);
        for change in later.filter(|change| change.key.is_in(kind, namespace)) {
            match &change.before {
                Some(before) => objects.insert(change.key.clone(), Arc::clone(before)),
                None => objects.remove(&change.key),
            };
        }
        Some(Snapshot { version, objects: objects.into_values().collect() })
    }

    /// What changed in a collection after `version`, and the version up to which that is everything. A failure with 410 if the log
    /// does not reach back so far, or if the version is none of this cluster's.
    pub fn since(&self, kind: &str, namespace: Option<&str>, version: u64) -> Result<(u64, Vec<Change>), Failure> {
        let state = self.lock();
        if !(state.oldest..=state.version).contains(&version) {
            return Err(Failure::expired(version, state.oldest));
        }
        let first = state.log.partition_point(|change| change.version <= version);
        let changes = state.log.range(first..).filter(|change| change.key.is_in(kind, namespace)).cloned().collect();
        Ok((state.version, changes))
    }

    /// Creates the object, as `rules` says; with `dry` only says what would be.
    pub fn create(&self, object: Value, dry: bool) -> Result<Arc<Value>, Failure> {
        let resource = resource(object::text(&object, "/kind"))?;
        self.step(|state| rules::create(state, resource, object, dry))
    }

    /// Replaces a part of the object by what `change` makes of it, as `rules` says; with `dry` only says what would be. `change` sees
    /// the object as it is at that instant and may refuse.
    pub fn update(
        &self,
        kind: &str,
        (namespace, name): (&str, &str),
        part: Part,
        dry: bool,
        change: impl FnOnce(&Value) -> Result<Value, Failure>,
    ) -> Result<Arc<Value>, Failure> {
        let resource = resource(kind)?;
        self.step(|state| rules::update(state, resource, (namespace, name), part, dry, change))
    }

    /// Changes the `status` of an object in place; for controllers. An object that is gone is no failure.
    pub fn set_status(&self, kind: &str, (namespace, name): (&str, &str), change: impl FnOnce(&mut Value)) -> Result<(), Failure> {
        let done = self.update(kind, (namespace, name), Part::Status, false, |object| {
            let mut object = object.clone();
            change(object::entry(&mut object, "status"));
            Ok(object)
        });
        match done {
            Err(failure) if failure.code == 404 => Ok(()),
            done => done.map(|_| ()),
        }
    }

    /// Creates the object, or makes the whole of an existing one equal to it, status too; for seeding and controllers.
    pub fn apply(&self, object: Value) -> Result<Arc<Value>, Failure> {
        let resource = resource(object::text(&object, "/kind"))?;
        let place = (object::namespace(&object).to_owned(), object::name(&object).to_owned());
        self.step(|state| match state.get(resource.kind, &place.0, &place.1) {
            Some(_) => rules::update(state, resource, (&place.0, &place.1), Part::Whole, false, |_| Ok(object)),
            None => rules::create_whole(state, resource, object),
        })
    }

    /// Deletes the object, or begins to, as `deletion` says. The object as it went or as it is on its way; the flag says that it is gone.
    pub fn delete(&self, kind: &str, place: (&str, &str), how: &Deletion) -> Result<(Arc<Value>, bool), Failure> {
        let resource = resource(kind)?;
        self.step(|state| deletion::delete(state, resource, place, how))
    }

    /// Looks at the cluster and deletes one object, with nothing in between: what an eviction needs. `check` gets the pods and budgets
    /// of the namespace.
    pub fn delete_if(
        &self,
        kind: &str,
        place: (&str, &str),
        how: &Deletion,
        check: impl FnOnce(&Value, &dyn Fn(&str) -> Vec<Arc<Value>>) -> Result<(), Failure>,
    ) -> Result<(Arc<Value>, bool), Failure> {
        let resource = resource(kind)?;
        self.step(|state| {
            let object = state.get(kind, place.0, place.1).ok_or_else(|| Failure::not_found(resource.about(place.1)))?;
            check(&object, &|kind| state.range(kind, Some(place.0)).map(|(_, object)| Arc::clone(object)).collect())?;
            deletion::delete(state, resource, place, how)
        })
    }
}

impl State {
    fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let kind = resource::of_kind(kind)?.kind;
        self.objects.get(&Key { kind, namespace: namespace.to_owned(), name: name.to_owned() }).cloned()
    }

    fn range(&self, kind: &str, namespace: Option<&str>) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        // A kind that is not in the table has no objects, and "" has none either.
        let kind = resource::of_kind(kind).map_or("", |resource| resource.kind);
        let namespace = namespace.map(str::to_owned);
        let first = Key { kind, namespace: namespace.clone().unwrap_or_default(), name: String::new() };
        let inside = move |key: &Key| key.kind == kind && namespace.as_ref().is_none_or(|namespace| key.namespace == *namespace);
        self.objects.range((Bound::Included(first), Bound::Unbounded)).take_while(move |(key, _)| inside(key))
    }

    /// Writes the object under the next version; `None` removes it.
    fn put(&mut self, key: Key, object: Option<Value>) -> Arc<Value> {
        self.version += 1;
        let stamp = |mut object: Value| {
            object::entry(&mut object, "metadata")["resourceVersion"] = self.version.to_string().into();
            Arc::new(object)
        };
        let before = self.objects.get(&key).cloned();
        let after = object.map(stamp);
        let last = match &after {
            Some(after) => Arc::clone(after),
            None => stamp(before.as_deref().cloned().unwrap_or_default()),
        };
        match &after {
            Some(after) => self.objects.insert(key.clone(), Arc::clone(after)),
            None => self.objects.remove(&key),
        };
        if self.log.len() == LOG
            && let Some(forgotten) = self.log.pop_front()
        {
            self.oldest = forgotten.version;
        }
        self.log.push_back(Change { version: self.version, key, before, after, last: Arc::clone(&last) });
        last
    }
}

impl Key {
    fn is_in(&self, kind: &str, namespace: Option<&str>) -> bool {
        self.kind == kind && namespace.is_none_or(|namespace| self.namespace == namespace)
    }
}
