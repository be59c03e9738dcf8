//! Quarterdeck is a control room in a terminal for one highly available stack: PostgreSQL with streaming replication, Redis with
//! Sentinel, and the Kubernetes cluster around them. This page is the map; each file opens with what it is and what it must not do.
//!
//! # The flow
//!
//! ```text
//!   PostgreSQL ×n      Redis ×n      Sentinel ×n
//!        │                │               │
//!   ┌────▼────────────────▼───────────────▼────┐ source: a task for each upstream, with its own client, reconnect
//!   │ connect → poll → project → what changed  │ and back-off; connect: the only module that dials
//!   └────────────────────┬─────────────────────┘
//!                        │ event::Envelope       one bounded channel: one order, which `record` can write down
//!   ┌────────────────────▼─────────────────────┐
//!   │ run: select { key, tick, event } → draw  │ the only loop
//!   │   app::App::on_event → model::Model::apply → health::assess
//!   │   key → keymap → Intent → App::on_intent → Effect, and Interests for the sources
//!   │   view::draw(&app, &theme) → terminal::Canvas → the bytes that differ → a writer thread with one slot
//!   └──────────────────────────────────────────┘
//! ```
//!
//! `status` is the same flow without a screen: it ends as soon as every upstream has answered or said why not.
//!
//! `sandbox` is not in it: a cluster to try things out on, in the same binary but another world, which the rest meets only over the
//! network.
//!
//! # The words
//!
//! A *source* watches one upstream and speaks only *events*: facts, never wishes, never a secret. The *model* is what is known; only
//! `apply` changes it. *Health* is what it means, a function of the model alone. An *intent* is what the operator wants, out of the one
//! table in `keymap`. An *effect* is what the app asks of the world; an *interest* is a lasting wish that an open view declares and the
//! sources follow. A *theme* is style by meaning.
//!
//! # Invariants
//!
//! 1. `model` and `health` do no IO, read no clock and cannot fail: they say "unknown". Time is the recorded tick.
//! 2. Only `view`, `theme`, `terminal` and the loop that joins them know ratatui. Only `source` and `connect` know the clients of
//!    databases. `sql` imports nothing. A test holds this.
//! 3. The loop awaits neither an upstream nor the terminal. Frames go to a thread with one slot; while it is busy nothing is drawn, and
//!    events are taken all the same.
//! 4. An error is a state of a link, never an empty collection, a zero or an exit. Every wait on the network has a limit.
//! 5. Values outlive their source: they grow old on the screen, and are never emptied. Unknown is never ok, and never 0.
//! 6. What is in focus is addressed by name, never by position: if it goes, nothing is in focus.
//! 7. Nothing that can write exists. The statements are those of the catalogue in `sql`, all of which read; sessions are set up by
//!    start-up parameters.
//! 8. A password lives in a `SecretString` from where it is found to where a client needs it, and is printed by nothing.
//!
//! # Considered and refused
//!
//! - *A component trait for views*: each would have one caller. Plain `draw(context, buffer, area)` functions compose, and a test needs
//!   no more than a buffer.
//! - *ratatui's `Terminal` and `Layout`*: its terminal writes 25 bytes for an identical frame, and the constraint solver can hang. We
//!   place rectangles by arithmetic and send nothing when nothing differs.
//! - *`CrosstermBackend` for frames*: its resets cost a third of a small frame. `terminal::encode` writes what differs and is tested against a
//!   terminal parser.
//! - *A mutex around the app, shared with the network tasks*: drawing would wait for IO.
//! - *Published snapshots or `watch` channels for facts*: they drop transitions, and a failover that heals between two reads is gone.
//! - *Redrawing on a timer*: ages tell when their text changes next, so an idle screen costs nothing.
//! - *One connection for all PostgreSQL statements*: a slow `pg_database_size` would make a healthy primary look hung.
//! - *`now() - pg_last_xact_replay_timestamp()` for lag*: it grows on an idle primary. `model::LsnClock` says why ours does not.
//! - *A second connection for Sentinel's announcements*: on one RESP3 connection the poll is also their heartbeat.
//! - *Several threads for the sources*: all of them together need a few milliseconds a second.

pub mod app;
pub mod cli;
pub mod config;
pub mod connect;
pub mod console;
pub mod event;
pub mod figure;
pub mod health;
pub mod keymap;
pub mod log;
pub mod model;
mod nearest;
pub mod record;
pub mod run;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod source;
pub mod sql;
pub mod status;
pub mod terminal;
pub mod theme;
pub mod view;
