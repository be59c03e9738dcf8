//! The whole program on scenario files: what it makes of them, and what its screens show. Screens are text; the log is not among them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/expect.rs"]
mod expect;
#[path = "support/press.rs"]
mod press;
#[path = "support/scenario.rs"]
mod scenario;

use expect::Expect;
use press::press;
use quarterdeck::app::App;
use quarterdeck::theme::{Depth, Glyphs, Theme};
use quarterdeck::view;
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::Rect;
use scenario::{Scenario, replay};

/// The sizes that every screen is held to.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn theme(name: &str, depth: Depth, glyphs: &'static Glyphs) -> Theme {
    Theme::load(name, depth, glyphs).unwrap()
}

fn dark() -> Theme {
    theme("dark", Depth::True, &Glyphs::UNICODE)
}

fn drawn(app: &App, theme: &Theme, (columns, rows): (u16, u16)) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
    view::draw(app, theme, &mut buffer);
    buffer
}

/// The rows as text, without what is blank at their ends. A wide character takes the place of its second cell too.
fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let (mut row, mut x) = (String::new(), 0);
        while x < buffer.area.width {
            row += buffer[(x, y)].symbol();
            x += buffer[(x, y)].cell_width().max(1);
        }
        out += row.trim_end();
        out.push('\n');
    }
    out
}

fn screens(app: &App, theme: &Theme) -> String {
    SIZES.map(|size| format!("{}×{}\n{}", size.0, size.1, text(&drawn(app, theme, size)))).join("\n")
}

fn snapshot(name: &str, what: &str, screens: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(what);
    settings.bind(|| insta::assert_snapshot!(name, screens));
}

fn called(scenario: &str, moment: &str) -> String {
    if moment.is_empty() { scenario.to_owned() } else { format!("{scenario}.{moment}") }
}

#[test]
fn every_scenario_is_judged_as_its_file_says() {
    let mut wrong = String::new();
    for name in Scenario::names() {
        let scenario = Scenario::load(&name);
        for moment in &scenario.moments {
            let expect: Expect = moment.expect.clone().try_into().unwrap_or_else(|e| panic!("{name}: {e}"));
            let found = expect.held_against(&replay(scenario.until(moment)));
            found.iter().for_each(|line| wrong += &format!("{}: {line}\n", called(&name, &moment.name)));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_scenario_on_the_overview() {
    for name in Scenario::names() {
        let scenario = Scenario::load(&name);
        for moment in &scenario.moments {
            let app = replay(scenario.until(moment));
            snapshot(&called(&name, &moment.name), &scenario.title, &screens(&app, &dark()));
        }
    }
}

/// What a place shows after some keys, in a scenario.
const PLACES: &[(&str, &str)] = &[
    ("healthy", "2"),
    ("healthy", "3"),
    ("healthy", "?"),
    ("healthy", "down down enter"),
    ("standby-cut-off", "2"),
    ("primary-hung", "2"),
    ("standby-promoted", "2"),
    ("no-pg-monitor", "2"),
    ("slot-retains-wal", "2"),
    ("archiver-failing", "2"),
    ("many-instances", "2"),
    ("many-instances", "3"),
    ("queries", "2 t"),
    ("queries", "2 w"),
    ("replica-link", "3"),
    ("sentinels-disagree", "3"),
    ("failover-aborted", "3"),
    ("first-second", "2"),
    ("first-second", "3"),
    ("nothing-configured", "2"),
    ("nothing-configured", "3"),
];

#[test]
fn places_and_help() {
    for (name, keys) in PLACES {
        let scenario = Scenario::load(name);
        let mut app = scenario.app();
        press(&mut app, keys);
        snapshot(&format!("{name}@{}", keys.replace(' ', "-").replace('?', "help")), &scenario.title, &screens(&app, &dark()));
    }
    let scenario = Scenario::load("redis-failover");
    let election = scenario.moments.iter().find(|moment| moment.name == "2-election").unwrap();
    let mut app = replay(scenario.until(election));
    press(&mut app, "3");
    snapshot("redis-failover.2-election@3", &scenario.title, &screens(&app, &dark()));
}

#[test]
fn poor_terminals_show_the_same() {
    let app = Scenario::load("standby-cut-off").app();
    let ascii = SIZES.map(|size| text(&drawn(&app, &theme("dark", Depth::Ansi16, &Glyphs::ASCII), size))).join("\n");
    assert!(ascii.is_ascii(), "{ascii}");
    snapshot("ascii", "A standby is cut off, on a terminal with ASCII characters only", &ascii);
    let mono = drawn(&app, &theme("mono", Depth::None, &Glyphs::UNICODE), SIZES[0]);
    let coloured = drawn(&app, &dark(), SIZES[0]);
    assert_eq!(text(&mono), text(&coloured), "colour changes no word");
    snapshot("mono", "A standby is cut off, without colour: what remains of styles", &styles(&mono));
    snapshot("styles", "A standby is cut off: styles of the dark theme", &styles(&coloured));
}

/// Which style each cell has: a letter for each, and what the letters mean.
fn styles(buffer: &Buffer) -> String {
    let letter = |index: usize| char::from(if index == 0 { b'.' } else { b'`' + index as u8 });
    let mut seen = Vec::new();
    let mut out = String::new();
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            let style = buffer[(x, y)].style();
            let known = seen.iter().position(|known| *known == style).unwrap_or_else(|| {
                seen.push(style);
                seen.len() - 1
            });
            out.push(letter(known));
        }
        out.push('\n');
    }
    for (index, style) in seen.iter().enumerate() {
        let (fg, bg) = (style.fg.unwrap_or_default(), style.bg.unwrap_or_default());
        out += &format!("{} {fg:?} on {bg:?} {:?}\n", letter(index), style.add_modifier);
    }
    out
}
