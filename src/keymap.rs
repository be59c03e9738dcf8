//! One table: what an operator can want, the keys for it, where they apply and how it reads. Dispatch, the footer, the help and the
//! README follow from it; nothing else knows a key.

use crokey::KeyCombination;
use crossterm::event::{KeyCode, KeyModifiers};
use std::str::FromStr;

/// What the operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intent {
    /// End the program.
    Quit,
    /// Close what is on top, or go back to the overview.
    Back,
    /// Open what is in focus.
    Open,
    /// Move up.
    Up,
    /// Move down.
    Down,
    /// Move left.
    Left,
    /// Move right.
    Right,
    /// To the next box.
    Next,
    /// To the box before.
    Previous,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// The overview.
    Overview,
    /// PostgreSQL in detail.
    Postgres,
    /// Redis and Sentinel in detail.
    Redis,
    /// The servers side by side.
    Instances,
    /// The statements that cost most.
    Statements,
    /// Who waits for whom.
    Locks,
    /// All problems and the whole timeline.
    Events,
    /// The program's own log.
    Log,
    /// Help for this place.
    Help,
    /// Draw everything anew.
    Repaint,
}

/// Where the operator is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Place {
    /// The architecture diagram.
    #[default]
    Overview,
    /// PostgreSQL in detail.
    Postgres,
    /// Redis and Sentinel in detail.
    Redis,
    /// All problems and the whole timeline.
    Events,
    /// The log.
    Log,
}

impl Place {
    /// Every place, in the order of the keys that lead there.
    pub const ALL: [Place; 5] = [Place::Overview, Place::Postgres, Place::Redis, Place::Events, Place::Log];

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Place::Overview => "Overview",
            Place::Postgres => "PostgreSQL",
            Place::Redis => "Redis and Sentinel",
            Place::Events => "Problems and timeline",
            Place::Log => "Log",
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What is wanted.
    pub intent: Intent,
    /// Keys for it, the first of which is shown.
    pub keys: &'static [&'static str],
    /// Where it applies.
    pub places: &'static [Place],
    /// One word or two for the footer; empty if it is not worth the room.
    pub short: &'static str,
    /// A line for the help.
    pub help: &'static str,
}

const EVERYWHERE: &[Place] = &Place::ALL;
const OVERVIEW: &[Place] = &[Place::Overview];
const POSTGRES: &[Place] = &[Place::Postgres];
const LISTS: &[Place] = &[Place::Postgres, Place::Redis, Place::Events, Place::Log];

/// The table.
pub const BINDINGS: &[Binding] = &[
    Binding { intent: Intent::Open, keys: &["enter"], places: OVERVIEW, short: "open", help: "open the box in focus" },
    Binding {
        intent: Intent::Back,
        keys: &["esc", "backspace"],
        places: EVERYWHERE,
        short: "back",
        help: "close what is on top; back to the overview",
    },
    Binding { intent: Intent::Up, keys: &["up"], places: EVERYWHERE, short: "", help: "up along the diagram; up in a list" },
    Binding { intent: Intent::Down, keys: &["down"], places: EVERYWHERE, short: "", help: "down along the diagram; down in a list" },
    Binding { intent: Intent::Left, keys: &["left"], places: EVERYWHERE, short: "", help: "to the left; the server before" },
    Binding { intent: Intent::Right, keys: &["right"], places: EVERYWHERE, short: "", help: "to the right; the next server" },
    Binding { intent: Intent::Next, keys: &["tab"], places: EVERYWHERE, short: "", help: "to the next box or server" },
    Binding { intent: Intent::Previous, keys: &["backtab"], places: EVERYWHERE, short: "", help: "to the box or server before" },
    Binding { intent: Intent::PageUp, keys: &["pageup"], places: LISTS, short: "", help: "a page up" },
    Binding { intent: Intent::PageDown, keys: &["pagedown"], places: LISTS, short: "", help: "a page down" },
    Binding { intent: Intent::Home, keys: &["home"], places: LISTS, short: "", help: "to the beginning" },
    Binding { intent: Intent::End, keys: &["end"], places: LISTS, short: "", help: "to the end" },
    Binding { intent: Intent::Instances, keys: &["i"], places: POSTGRES, short: "instances", help: "the servers side by side" },
    Binding {
        intent: Intent::Statements,
        keys: &["t"],
        places: POSTGRES,
        short: "top",
        help: "the statements that cost most, of the server in focus",
    },
    Binding { intent: Intent::Locks, keys: &["w"], places: POSTGRES, short: "waits", help: "who waits for whom, on the server in focus" },
    Binding { intent: Intent::Overview, keys: &["1"], places: EVERYWHERE, short: "overview", help: "the architecture diagram" },
    Binding { intent: Intent::Postgres, keys: &["2"], places: EVERYWHERE, short: "pg", help: "PostgreSQL in detail" },
    Binding { intent: Intent::Redis, keys: &["3"], places: EVERYWHERE, short: "redis", help: "Redis and Sentinel in detail" },
    Binding { intent: Intent::Events, keys: &["4"], places: EVERYWHERE, short: "events", help: "all problems and the whole timeline" },
    Binding { intent: Intent::Log, keys: &["l"], places: EVERYWHERE, short: "log", help: "the program's own log" },
    Binding { intent: Intent::Help, keys: &["?", "f1"], places: EVERYWHERE, short: "help", help: "the keys of this place" },
    Binding { intent: Intent::Repaint, keys: &["ctrl-l"], places: EVERYWHERE, short: "", help: "draw everything anew" },
    Binding { intent: Intent::Quit, keys: &["q", "ctrl-c"], places: EVERYWHERE, short: "quit", help: "end the program" },
];

impl Binding {
    /// The first key as it is shown, for example `Ctrl-l`.
    pub fn key(&self) -> String {
        self.keys.first().map(|key| shown(key)).unwrap_or_default()
    }

    /// All keys as they are shown.
    pub fn all_keys(&self) -> String {
        self.keys.iter().map(|key| shown(key)).collect::<Vec<_>>().join(", ")
    }
}

fn shown(key: &str) -> String {
    match key {
        "up" => "↑".to_owned(),
        "down" => "↓".to_owned(),
        "left" => "←".to_owned(),
        "right" => "→".to_owned(),
        "backtab" => "Shift-Tab".to_owned(),
        "pageup" => "PgUp".to_owned(),
        "pagedown" => "PgDn".to_owned(),
        key if key.len() == 1 => key.to_owned(),
        key => key
            .split('-')
            .map(|part| {
                part.chars().next().map(|c| c.to_uppercase().to_string() + part.get(c.len_utf8()..).unwrap_or("")).unwrap_or_default()
            })
            .collect::<Vec<_>>()
            .join("-"),
    }
}

/// The rows that apply in a place.
pub fn here(place: Place) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| binding.places.contains(&place))
}

/// The table, ready to be asked.
pub struct Keymap {
    keys: Vec<(KeyCombination, &'static Binding)>,
}

impl Default for Keymap {
    fn default() -> Keymap {
        let parsed = |key: &str| KeyCombination::from_str(key).ok();
        let keys = BINDINGS.iter().flat_map(|binding| binding.keys.iter().filter_map(move |key| Some((parsed(key)?, binding)))).collect();
        Keymap { keys }
    }
}

impl Keymap {
    /// What a key means in a place.
    pub fn intent(&self, key: KeyCombination, place: Place) -> Option<Intent> {
        let mut key = key.normalized();
        // Terminals differ in whether they say Shift for a character that needs it anyway, such as `?`.
        if matches!(key.codes, crokey::OneToThree::One(KeyCode::Char(c)) if !c.is_alphabetic()) {
            key.modifiers.remove(KeyModifiers::SHIFT);
        }
        self.keys.iter().find(|(bound, binding)| *bound == key && binding.places.contains(&place)).map(|(_, binding)| binding.intent)
    }
}

/// The table as Markdown, for the README.
pub fn markdown() -> String {
    let place = |binding: &Binding| match binding.places.len() {
        n if n == EVERYWHERE.len() => "everywhere".to_owned(),
        _ => binding.places.iter().map(|place| place.title()).collect::<Vec<_>>().join(", "),
    };
    let row = |binding: &Binding| {
        format!(
            "| {} | {} | {} |\n",
            binding.all_keys().split(", ").map(|k| format!("`{k}`")).collect::<Vec<_>>().join(" "),
            binding.help,
            place(binding)
        )
    };
    format!("| key | what it does | where |\n|---|---|---|\n{}", BINDINGS.iter().map(row).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_can_be_read_and_no_two_rows_of_a_place_share_one() {
        let mut seen = Vec::new();
        for binding in BINDINGS {
            for key in binding.keys {
                let key = KeyCombination::from_str(key).unwrap_or_else(|e| panic!("{key}: {e}")).normalized();
                for place in binding.places {
                    assert!(!seen.contains(&(key, *place)), "{key} has two meanings in {place:?}");
                    seen.push((key, *place));
                }
            }
        }
    }

    #[test]
    fn keys_from_the_terminal_find_their_row() {
        use crossterm::event::KeyEvent;
        let keymap = Keymap::default();
        for (code, modifiers, intent) in [
            (KeyCode::Char('q'), KeyModifiers::NONE, Intent::Quit),
            (KeyCode::Char('c'), KeyModifiers::CONTROL, Intent::Quit),
            (KeyCode::BackTab, KeyModifiers::SHIFT, Intent::Previous),
            (KeyCode::Char('?'), KeyModifiers::NONE, Intent::Help),
            (KeyCode::Char('?'), KeyModifiers::SHIFT, Intent::Help),
            (KeyCode::Char('l'), KeyModifiers::CONTROL, Intent::Repaint),
        ] {
            let found = keymap.intent(KeyEvent::new(code, modifiers).into(), Place::Overview);
            assert_eq!(found, Some(intent), "{code:?} {modifiers:?}");
        }
    }
}
