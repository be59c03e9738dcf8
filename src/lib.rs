//! Quarterdeck: a control room in a terminal for one highly available stack.
pub mod cli;
pub mod config;
pub mod connect;
pub mod event;
pub mod source;
pub mod sql;
