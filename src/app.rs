//! App = Model + Ui: facts in, intents in, effects out. Awaits nothing, reads no clock, knows no client and no widget.

use crate::event::{Envelope, Event, Name};
use crate::health::{Health, assess};
use crate::keymap::{Intent, Place};
use crate::model::Model;
use crate::source::Interests;

mod topology;
pub use topology::Node;

/// The program's state.
#[derive(Debug, Default)]
pub struct App {
    /// What is known.
    pub model: Model,
    /// What it means.
    pub health: Health,
    /// Where the operator is.
    pub ui: Ui,
    /// Nothing that can write exists in this process.
    pub read_only: bool,
}

/// Where the operator is and what he looks at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ui {
    /// The place.
    pub place: Place,
    /// The box in focus, by identity: if it goes, nothing is in focus, not its neighbour.
    pub focus: Option<Node>,
    /// What the PostgreSQL view shows.
    pub pane: Pane,
    /// The help is open.
    pub help: bool,
    /// First line of a list that is longer than the screen, or in the log pages back from its end; `u16::MAX` is as far as it goes.
    /// The view bounds it.
    pub scroll: u16,
    /// Height of a page, as last drawn.
    pub page: u16,
}

/// What the PostgreSQL view shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// The servers side by side.
    #[default]
    Instances,
    /// Top statements of the server in focus.
    Statements,
    /// The lock tree of the server in focus.
    Locks,
}

/// What the app asks of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// End the program.
    Quit,
    /// Draw everything anew, whatever the terminal shows.
    Repaint,
}

impl App {
    /// An app that knows nothing yet.
    pub fn new(read_only: bool) -> App {
        App { read_only, ..App::default() }
    }

    /// Takes a fact in. Says whether the screen may look different; ages are the view's own affair.
    pub fn on_event(&mut self, envelope: &Envelope) -> bool {
        let changed = self.model.apply(envelope);
        // Staleness comes with time, so each tick judges anew; between ticks only what changed is judged, once, before drawing.
        changed || (matches!(envelope.event, Event::Tick { .. }) && self.settle())
    }

    /// Judges the model. Says whether the judgement differs.
    pub fn settle(&mut self) -> bool {
        let health = assess(&self.model);
        let differs = health != self.health;
        self.health = health;
        if self.ui.focus.as_ref().is_some_and(|node| !topology::exists(&self.model, node)) {
            self.ui.focus = None;
        }
        differs
    }

    /// Carries out what the operator wants, as far as it concerns the app; returns what the world must do.
    pub fn on_intent(&mut self, intent: Intent) -> Option<Effect> {
        let ui = &mut self.ui;
        if ui.help && !matches!(intent, Intent::Quit | Intent::Repaint) {
            // Any key leaves the help; it shows keys, so it does not take them.
            ui.help = false;
            return None;
        }
        match intent {
            Intent::Quit => return Some(Effect::Quit),
            Intent::Repaint => return Some(Effect::Repaint),
            Intent::Help => ui.help = true,
            Intent::Back if ui.place == Place::Postgres && ui.pane != Pane::Instances => self.show(Pane::Instances),
            Intent::Back if ui.place == Place::Overview => ui.focus = None,
            Intent::Back | Intent::Overview => self.go(Place::Overview),
            Intent::Postgres => self.go(Place::Postgres),
            Intent::Redis => self.go(Place::Redis),
            Intent::Events => self.go(Place::Events),
            Intent::Log => self.go(if self.ui.place == Place::Log { Place::Overview } else { Place::Log }),
            Intent::Open => match &ui.focus {
                Some(Node::Postgres(_)) => self.go(Place::Postgres),
                Some(Node::Redis(_) | Node::Sentinel(_)) => self.go(Place::Redis),
                None => self.walk(intent),
            },
            Intent::Instances => self.show(Pane::Instances),
            Intent::Statements => self.show(Pane::Statements),
            Intent::Locks => self.show(Pane::Locks),
            // The log reads from its end: its scroll position counts pages back.
            Intent::Up | Intent::PageUp if ui.place == Place::Log => ui.scroll = ui.scroll.saturating_add(1),
            Intent::Down | Intent::PageDown if ui.place == Place::Log => ui.scroll = ui.scroll.saturating_sub(1),
            Intent::Home if ui.place == Place::Log => ui.scroll = u16::MAX,
            Intent::End if ui.place == Place::Log => ui.scroll = 0,
            Intent::Up | Intent::Down if ui.place != Place::Overview => {
                ui.scroll = if intent == Intent::Up { ui.scroll.saturating_sub(1) } else { ui.scroll.saturating_add(1) };
            }
            Intent::PageUp => ui.scroll = ui.scroll.saturating_sub(ui.page.max(1)),
            Intent::PageDown => ui.scroll = ui.scroll.saturating_add(ui.page.max(1)),
            Intent::Home => ui.scroll = 0,
            Intent::End => ui.scroll = u16::MAX,
            Intent::Up | Intent::Down | Intent::Left | Intent::Right | Intent::Next | Intent::Previous => self.walk(intent),
        }
        None
    }

    /// The view drew a list of `rows` lines of which `page` fit; the scroll position is held within.
    pub fn drawn(&mut self, rows: u16, page: u16) {
        self.ui.page = page;
        self.ui.scroll = self.ui.scroll.min(rows.saturating_sub(page));
    }

    /// What the open view wants besides the regular polls.
    pub fn interests(&self) -> Interests {
        let server = || self.server_in_focus();
        match (self.ui.place, self.ui.pane) {
            (Place::Postgres, Pane::Statements) => Interests { statements: server(), locks: None },
            (Place::Postgres, Pane::Locks) => Interests { statements: None, locks: server() },
            _ => Interests::default(),
        }
    }

    /// The PostgreSQL server in focus, else the primary, else the first.
    pub fn server_in_focus(&self) -> Option<Name> {
        let cluster = &self.model.postgres;
        match &self.ui.focus {
            Some(Node::Postgres(name)) => Some(name.clone()),
            _ => cluster.primary(self.model.now).or(cluster.servers.first()).map(|server| server.name.clone()),
        }
    }

    fn go(&mut self, place: Place) {
        if self.ui.place != place {
            self.ui = Ui { place, focus: self.ui.focus.take(), page: self.ui.page, ..Ui::default() };
        }
    }

    fn show(&mut self, pane: Pane) {
        self.ui.pane = pane;
        self.ui.scroll = 0;
    }

    fn walk(&mut self, intent: Intent) {
        self.ui.focus = match self.ui.place {
            Place::Overview => topology::walk(&topology::rows(&self.model), self.ui.focus.as_ref(), intent),
            Place::Postgres => {
                let servers = self.model.postgres.servers.iter().map(|s| Node::Postgres(s.name.clone())).collect();
                let from = self.server_in_focus().map(Node::Postgres);
                topology::walk(&[servers], from.as_ref(), intent)
            }
            Place::Redis => {
                let nodes = self.model.redis.nodes.iter().map(|n| Node::Redis(n.name.clone()));
                let sentinels = self.model.redis.sentinels.iter().map(|s| Node::Sentinel(s.name.clone()));
                topology::walk(&[nodes.chain(sentinels).collect()], self.ui.focus.as_ref(), intent)
            }
            Place::Events | Place::Log => self.ui.focus.take(),
        };
    }
}

#[cfg(test)]
mod tests;
