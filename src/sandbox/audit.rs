//! Every request that was answered: who asked for what, and with which code. Bodies and tokens are never kept.

use jiff::Timestamp;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Requests kept; the oldest go first.
const KEPT: usize = 20_000;

/// One request.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Entry {
    /// When it was answered.
    pub time: Timestamp,
    /// Who asked; "" if nobody knows.
    pub user: String,
    /// get, list, watch, create, update, patch, delete, deletecollection; for other paths the method in lower case.
    pub verb: String,
    /// The API group.
    pub group: String,
    /// The resource in the plural; "" for other paths.
    pub resource: String,
    /// The path below the object.
    pub subresource: String,
    /// The namespace.
    pub namespace: String,
    /// The object.
    pub name: String,
    /// The path with its query.
    pub uri: String,
    /// The status that was answered.
    pub code: u16,
}

/// The list of them.
#[derive(Debug, Default)]
pub struct Audit(Mutex<VecDeque<Entry>>);

impl Audit {
    /// Takes one down.
    pub fn record(&self, entry: Entry) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == KEPT {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// All that are kept, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
