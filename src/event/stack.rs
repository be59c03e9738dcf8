//! The stack as configured: which instances there are, and what they are called.

use super::Name;
use serde::{Deserialize, Serialize};

/// The stack as configured. A part without instances is absent, which is not the same as unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stack {
    /// What the stack is called, for example `moltbook`.
    pub name: String,
    /// PostgreSQL servers, in the order of their names.
    pub postgres: Vec<Member>,
    /// Redis data nodes.
    pub redis: Vec<Member>,
    /// Sentinels.
    pub sentinel: Vec<Member>,
    /// The name under which Sentinel knows the master, for example `mymaster`.
    pub master: String,
}

/// One configured instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name, for example `postgres-0`.
    pub name: Name,
    /// Where it is reached, `host:port`.
    pub address: String,
}
