//! The redis source.

use super::Outlet;
use crate::connect::RedisTarget;

/// Watches one server for ever.
pub async fn watch(_target: RedisTarget, _outlet: Outlet) {
    std::future::pending::<()>().await;
}
