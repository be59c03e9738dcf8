//! Key strings in; where they lead, what they ask of the world, and what the screen says, out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/press.rs"]
mod press;
#[path = "support/scenario.rs"]
mod scenario;

use press::press;
use quarterdeck::app::{App, Effect, Node, Pane};
use quarterdeck::keymap::{BINDINGS, Place};
use quarterdeck::source::Interests;
use quarterdeck::theme::{Depth, Glyphs, Theme};
use quarterdeck::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use scenario::Scenario;

/// Keys, the place they lead to, the box in focus, what is asked of the world, and what stands on the screen.
type Row = (&'static str, Place, &'static str, &'static str, &'static str);

use Place::{Log, Overview, Postgres, Redis};

const HEALTHY: &[Row] = &[
    ("", Overview, "", "", "Architecture"),
    // Along the diagram: from nowhere to the primary, then by rows and sides.
    ("down", Overview, "postgres-0", "", "Architecture"),
    ("up", Overview, "postgres-0", "", "Architecture"),
    ("down down", Overview, "postgres-2", "", "Architecture"),
    ("down left down", Overview, "postgres-2", "", "Architecture"),
    ("down right", Overview, "redis-0", "", "Architecture"),
    ("down right down right down", Overview, "redis-sentinel-2", "", "Architecture"),
    ("tab tab tab", Overview, "postgres-1", "", "Architecture"),
    ("tab backtab", Overview, "redis-sentinel-2", "", "Architecture"),
    ("down esc", Overview, "", "", "Architecture"),
    // A box opens its part, and the way back keeps the focus.
    ("enter", Overview, "postgres-0", "", "Architecture"),
    ("enter enter", Postgres, "postgres-0", "", "timeline"),
    ("down right enter", Redis, "redis-0", "", "offset"),
    ("down right down down enter", Redis, "redis-sentinel-2", "", "offset"),
    ("down enter esc", Overview, "postgres-0", "", "Architecture"),
    ("down enter backspace esc", Overview, "", "", "Architecture"),
    // Places by number, from anywhere.
    ("2", Postgres, "", "", "replayed"),
    ("3", Redis, "", "", "offset"),
    ("3 1", Overview, "", "", "Architecture"),
    ("2 3 2", Postgres, "", "", "replayed"),
    ("l", Log, "", "", "Log"),
    ("l l", Overview, "", "", "Architecture"),
    ("2 l esc", Overview, "", "", "Architecture"),
    // An open view declares what it wants; leaving it ends that.
    ("2 t", Postgres, "", "statements postgres-0", "▸ postgres-0"),
    ("2 t right", Postgres, "postgres-1", "statements postgres-1", "▸ postgres-1"),
    ("2 t tab tab", Postgres, "postgres-2", "statements postgres-2", "▸ postgres-2"),
    ("down down enter w", Postgres, "postgres-2", "locks postgres-2", "▸ postgres-2"),
    ("2 w t", Postgres, "", "statements postgres-0", "▸ postgres-0"),
    ("2 t i", Postgres, "", "", "replayed"),
    ("2 t esc", Postgres, "", "", "replayed"),
    ("2 t esc esc", Overview, "", "", "Architecture"),
    ("2 t 1", Overview, "", "", "Architecture"),
    ("2 t 1 2", Postgres, "", "", "replayed"),
    // Keys of another place mean nothing here.
    ("t", Overview, "", "", "Architecture"),
    ("3 w", Redis, "", "", "offset"),
    // Help shows keys and takes none, but for quitting.
    ("?", Overview, "", "", "Keys: Overview"),
    ("f1", Overview, "", "", "Keys: Overview"),
    ("2 ?", Postgres, "", "", "Keys: PostgreSQL"),
    ("? 2", Overview, "", "", "Architecture"),
    ("? esc", Overview, "", "", "Architecture"),
    ("? q", Overview, "", "quit", "Keys: Overview"),
    // Out.
    ("q", Overview, "", "quit", "Architecture"),
    ("ctrl-c", Overview, "", "quit", "Architecture"),
    ("2 t q", Postgres, "", "quit statements postgres-0", "▸ postgres-0"),
    ("ctrl-l", Overview, "", "repaint", "Architecture"),
    ("down enter t right esc q", Postgres, "postgres-1", "quit", "▸ postgres-1"),
];

fn focus(app: &App) -> String {
    match &app.ui.focus {
        Some(Node::Postgres(name) | Node::Redis(name) | Node::Sentinel(name)) => name.to_string(),
        None => String::new(),
    }
}

/// Effects and interests in one line.
fn asked(app: &App, effects: &[Effect]) -> String {
    let Interests { statements, locks } = app.interests();
    let effects = effects.iter().map(|effect| match effect {
        Effect::Quit => "quit".to_owned(),
        Effect::Repaint => "repaint".to_owned(),
    });
    let statements = statements.map(|name| format!("statements {name}"));
    effects.chain(statements).chain(locks.map(|name| format!("locks {name}"))).collect::<Vec<_>>().join(" ")
}

fn screen(app: &App) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 40));
    view::draw(app, &Theme::load("mono", Depth::None, &Glyphs::UNICODE).unwrap(), &mut buffer);
    buffer.content().iter().map(|cell| cell.symbol()).collect()
}

#[test]
fn keys_lead_where_the_table_says() {
    let scenario = Scenario::load("healthy");
    for &(keys, place, in_focus, asks, shows) in HEALTHY {
        let mut app = scenario.app();
        let effects = press(&mut app, keys);
        assert_eq!((app.ui.place, focus(&app).as_str(), asked(&app, &effects).as_str()), (place, in_focus, asks), "{keys}");
        assert!(screen(&app).contains(shows), "{keys}: no {shows} on the screen");
    }
}

#[test]
fn the_diagram_of_a_failover_is_walked_as_it_stands() {
    // postgres-1 is the primary now, so the arrows begin there.
    let mut app = Scenario::load("standby-promoted").app();
    press(&mut app, "down");
    assert_eq!(focus(&app), "postgres-1");
    press(&mut app, "enter t");
    assert_eq!(app.interests().statements.as_deref(), Some("postgres-1"));
}

#[test]
fn focus_stays_with_its_box_when_the_diagram_changes() {
    let scenario = Scenario::load("standby-promoted");
    let before = scenario.events.partition_point(|envelope| envelope.at < 90_000);
    let mut app = scenario::replay(&scenario.events[..before]);
    press(&mut app, "down");
    assert_eq!(focus(&app), "postgres-0");
    scenario.events[before..].iter().for_each(|envelope| {
        app.on_event(envelope);
    });
    app.settle();
    assert_eq!(focus(&app), "postgres-0", "it is a standby now, and still the one that was chosen");
}

#[test]
fn lists_scroll_within_their_ends() {
    let mut app = Scenario::load("many-instances").app();
    press(&mut app, "2 up");
    assert_eq!(app.ui.scroll, 0);
    press(&mut app, "down down");
    assert_eq!(app.ui.scroll, 2);
    press(&mut app, "end");
    let end = app.ui.scroll;
    press(&mut app, "down pagedown");
    assert_eq!(app.ui.scroll, end, "nothing lies beyond the end");
    press(&mut app, "pageup");
    assert!(app.ui.scroll < end);
    press(&mut app, "home");
    assert_eq!(app.ui.scroll, 0);
}

#[test]
fn no_key_of_the_table_fails_in_any_place_of_any_scenario() {
    for name in ["nothing-configured", "only-redis", "only-postgres", "no-sentinel", "first-second", "many-instances"] {
        let scenario = Scenario::load(name);
        for place in ["1", "2", "3"] {
            for key in BINDINGS.iter().flat_map(|binding| binding.keys) {
                let mut app = scenario.app();
                press(&mut app, &format!("{place} {key} {key} down enter"));
            }
        }
    }
}

#[test]
fn a_pane_is_forgotten_when_its_place_is_left() {
    let mut app = Scenario::load("healthy").app();
    press(&mut app, "2 w");
    assert_eq!(app.ui.pane, Pane::Locks);
    press(&mut app, "3 2");
    assert_eq!(app.ui.pane, Pane::Instances);
}
