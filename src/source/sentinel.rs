//! The sentinel source.

use super::Outlet;
use crate::connect::SentinelTarget;

/// Watches one server for ever.
pub async fn watch(_target: SentinelTarget, _outlet: Outlet) {
    std::future::pending::<()>().await;
}
