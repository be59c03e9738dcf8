//! The PostgreSQL source.

use super::{Interests, Outlet};
use crate::connect::PostgresTarget;
use tokio::sync::watch;

/// Watches role and positions of one server for ever, on a connection of its own.
pub async fn watch_fast(_target: PostgresTarget, _outlet: Outlet) {
    std::future::pending::<()>().await;
}

/// Watches the rest of one server for ever, on a second connection.
pub async fn watch_detail(_target: PostgresTarget, _outlet: Outlet, _interests: watch::Receiver<Interests>) {
    std::future::pending::<()>().await;
}
