//! Quarterdeck: a control room in a terminal for one highly available stack.
pub mod connect;
pub mod event;
pub mod source;
pub mod sql;
pub mod theme;
pub mod view;
