//! Keys in, places and effects out.

use super::*;
use crate::keymap::Keymap;
use crate::model::tests::{empty, pg, primary, standby};
use std::str::FromStr;

fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    let keymap = Keymap::default();
    let mut effects = Vec::new();
    for key in keys.split(' ') {
        let key = crokey::KeyCombination::from_str(key).unwrap();
        if let Some(intent) = keymap.intent(key, app.ui.place) {
            effects.extend(app.on_intent(intent));
        }
    }
    effects
}

fn app() -> App {
    let mut model = empty();
    pg(&mut model, 0, "postgres-0", primary(100));
    pg(&mut model, 0, "postgres-1", standby(100, true));
    App { model, ..App::default() }
}

#[test]
fn enter_opens_and_escape_returns() {
    let mut app = app();
    assert_eq!(press(&mut app, "down enter"), []);
    assert_eq!((app.ui.place, app.ui.focus.clone()), (Place::Postgres, Some(Node::Postgres("postgres-0".into()))));
    press(&mut app, "esc");
    assert_eq!(app.ui.place, Place::Overview);
    press(&mut app, "esc");
    assert_eq!(app.ui.focus, None);
}

#[test]
fn an_open_view_declares_what_it_wants() {
    let mut app = app();
    press(&mut app, "2 t");
    assert_eq!(app.interests().statements.as_deref(), Some("postgres-0"));
    press(&mut app, "right w");
    assert_eq!(app.interests(), Interests { statements: None, locks: Some("postgres-1".into()) });
    press(&mut app, "1");
    assert_eq!(app.interests(), Interests::default());
}

#[test]
fn help_takes_no_key_but_quit() {
    let mut app = app();
    press(&mut app, "? 2");
    assert_eq!((app.ui.help, app.ui.place), (false, Place::Overview));
    assert_eq!(press(&mut app, "? q"), [Effect::Quit]);
}

#[test]
fn a_box_that_goes_takes_the_focus_with_it() {
    let mut app = app();
    app.ui.focus = Some(Node::Postgres("postgres-9".into()));
    app.settle();
    assert_eq!(app.ui.focus, None);
}
