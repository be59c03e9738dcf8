//! Quarterdeck: a control room in a terminal for one highly available stack.

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
pub mod record;
pub mod run;
pub mod source;
pub mod sql;
pub mod status;
pub mod terminal;
pub mod theme;
pub mod view;
