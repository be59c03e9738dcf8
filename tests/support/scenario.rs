//! Plays scenario files: terse steps in TOML become the events that sources would have sent, polls and ticks included.
//! It makes facts only; what they mean is the model's affair, and what they should mean stands in `expect.rs`.
//!
//! ```toml
//! title = "A standby is cut off"
//! base = "healthy"                 # played first; the times below count from its end
//! lasts = 30                       # seconds
//! [stack]                          # name, master; postgres, redis, sentinel: name = "address". Replaces parts of the base's stack
//! [[step]]
//! at = 2                           # seconds
//! from = "postgres-2"              # or several names in a list
//! pg_fast.receiver = "absent"      # any event by its name; a feed is laid over what the same source brought last
//! grow.pg_fast.replay_lsn = 0      # what each second adds to a figure, a position or an age
//! silent = true                    # polls stop, and the source says nothing about it
//! [expect]                         # at the end; [[moment]] with `name`, `at` and `expect` for moments on the way
//! ```
//! What is said before the link is live comes with it. A source whose link is live repeats each feed at its period, as `unchanged` where nothing grew. Dates are written as dates and
//! become Unix seconds; `"null"` takes a value away; a Sentinel's announcement is its line: `"+sdown master mymaster 10.0.0.1 6379"`.

// Each test file uses a part of it.
#![allow(dead_code)]

use quarterdeck::app::App;
use quarterdeck::event::{Envelope, Event, Member, Millis, Origin, Stack, Upstream};
use serde::Deserialize;
use serde_json::{Map, Value};
use source::Source;
use std::collections::BTreeMap;

mod source;

/// The wall clock when a scenario begins: 2026-03-01 12:00:00 UTC, Unix milliseconds.
const BEGIN: i64 = 1_772_366_400_000;

/// The tick comes this long after the second, as in the program.
const TICK_OFFSET: Millis = 200;

/// A scenario with its bases, as a stream of events.
pub struct Scenario {
    /// What it is about.
    pub title: String,
    /// Everything that is seen, in order.
    pub events: Vec<Envelope>,
    /// When to look, the end last.
    pub moments: Vec<Moment>,
}

/// A moment worth looking at.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// What it is called; empty at the end.
    pub name: String,
    /// Seconds from the beginning of this scenario; after loading, from the beginning of its first base.
    pub at: f64,
    /// What must hold then.
    #[serde(default)]
    pub expect: toml::Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    base: Option<String>,
    lasts: f64,
    #[serde(default)]
    stack: toml::Table,
    #[serde(default)]
    step: Vec<toml::Table>,
    #[serde(default)]
    moment: Vec<Moment>,
    #[serde(default)]
    expect: toml::Table,
}

impl Scenario {
    /// The scenario in `tests/scenarios/NAME.toml`.
    pub fn load(name: &str) -> Scenario {
        let file = read(name);
        let mut player = Player::default();
        let begin = player.prepare(&file);
        let mut moments = file.moment;
        moments.push(Moment { name: String::new(), at: file.lasts, expect: file.expect });
        moments.iter_mut().for_each(|moment| moment.at += begin);
        Scenario { title: file.title, events: player.play(begin + file.lasts), moments }
    }

    /// Every scenario there is.
    pub fn names() -> Vec<String> {
        let files = std::fs::read_dir(dir()).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<_> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    /// What was seen up to a moment.
    pub fn until(&self, moment: &Moment) -> &[Envelope] {
        let seen = self.events.partition_point(|envelope| envelope.at as f64 <= moment.at * 1000.0);
        &self.events[..seen]
    }

    /// The program at the end.
    pub fn app(&self) -> App {
        replay(&self.events)
    }
}

/// The program after these events.
pub fn replay(events: &[Envelope]) -> App {
    let mut app = App::new(false);
    events.iter().for_each(|envelope| {
        app.on_event(envelope);
    });
    app.settle();
    app
}

fn dir() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn read(name: &str) -> File {
    let path = dir().join(name).with_extension("toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    toml::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// A step of any of the files, at its place in time.
struct Step {
    at: Millis,
    from: Vec<String>,
    /// `None` in a base, whose instances the scenario may have taken out of the stack.
    file: Option<String>,
    says: Map<String, Value>,
}

#[derive(Default)]
struct Player {
    stack: BTreeMap<String, Value>,
    steps: Vec<Step>,
    sources: BTreeMap<String, Source>,
    events: Vec<Envelope>,
}

impl Player {
    /// Takes a file's bases and then its own steps in; returns when its own time begins.
    fn prepare(&mut self, file: &File) -> f64 {
        let begin = file.base.as_deref().map_or(0.0, |base| {
            let base = read(base);
            let begin = self.prepare(&base);
            self.steps.iter_mut().for_each(|step| step.file = None);
            begin + base.lasts
        });
        self.stack.extend(file.stack.iter().map(|(key, value)| (key.clone(), plain(value))));
        for step in &file.step {
            let Value::Object(mut says) = plain(&toml::Value::Table(step.clone())) else { unreachable!() };
            let at = says.remove("at").and_then(|at| at.as_f64()).unwrap_or_else(|| panic!("{}: a step has no `at`", file.title));
            let from = match says.remove("from") {
                Some(Value::String(name)) => vec![name],
                Some(Value::Array(names)) => names.iter().map(|name| name.as_str().unwrap().to_owned()).collect(),
                _ => panic!("{}: the step at {at} has no `from`", file.title),
            };
            self.steps.push(Step { at: ((begin + at) * 1000.0).round() as Millis, from, file: Some(file.title.clone()), says });
        }
        begin
    }

    fn play(mut self, until: f64) -> Vec<Envelope> {
        let until = (until * 1000.0) as Millis;
        self.open();
        let mut steps = std::mem::take(&mut self.steps);
        steps.sort_by_key(|step| step.at);
        let mut steps = steps.into_iter().peekable();
        let mut second = 0;
        while second <= until {
            // What happens in the very moment of a poll is what the poll brings.
            while let Some(step) = steps.next_if(|step| step.at <= second) {
                self.step(&step);
            }
            self.poll(second);
            while let Some(step) = steps.next_if(|step| step.at <= second + TICK_OFFSET) {
                self.step(&step);
            }
            if second + TICK_OFFSET <= until {
                let tick = Event::Tick { unix_ms: BEGIN + (second + TICK_OFFSET) as i64 };
                self.send(second + TICK_OFFSET, Upstream::Program, "", 0, tick);
            }
            second += 1000;
            while let Some(step) = steps.next_if(|step| step.at < second && step.at <= until) {
                self.step(&step);
            }
        }
        if let Some(late) = steps.next() {
            panic!("{}: a step at {} ms comes after the end", late.file.unwrap_or_default(), late.at);
        }
        self.events
    }

    /// The first event: the stack; and a source for each of its instances.
    fn open(&mut self) {
        let text = |key: &str| self.stack.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let members = |key: &str| -> Vec<Member> {
            let table = self.stack.get(key).and_then(Value::as_object).into_iter().flatten();
            table.map(|(name, address)| Member { name: name.as_str().into(), address: address.as_str().unwrap().to_owned() }).collect()
        };
        let stack = Stack {
            name: text("name"),
            master: text("master"),
            postgres: members("postgres"),
            redis: members("redis"),
            sentinel: members("sentinel"),
        };
        let parts = [(&stack.postgres, Upstream::Postgres), (&stack.redis, Upstream::Redis), (&stack.sentinel, Upstream::Sentinel)];
        for (member, upstream) in parts.iter().flat_map(|(members, upstream)| members.iter().map(|m| (m, *upstream))) {
            self.sources.insert(member.name.to_string(), Source::new(upstream));
        }
        self.send(0, Upstream::Program, "", 0, Event::Stack(Box::new(stack)));
    }

    fn step(&mut self, step: &Step) {
        for name in &step.from {
            let Some(source) = self.sources.get_mut(name) else {
                assert!(step.file.is_none(), "{:?}: there is no {name}", step.file);
                continue;
            };
            let told = source.told(step.at, step.says.clone());
            let generation = source.generation;
            told.into_iter().for_each(|(upstream, event)| self.send(step.at, upstream, name, generation, event));
        }
    }

    /// What every source brings in this second.
    fn poll(&mut self, at: Millis) {
        let mut brought = Vec::new();
        for (name, source) in &mut self.sources {
            brought.extend(source.polled(at).into_iter().map(|(upstream, event)| (name.clone(), upstream, source.generation, event)));
        }
        brought.into_iter().for_each(|(name, upstream, generation, event)| self.send(at, upstream, &name, generation, event));
    }

    fn send(&mut self, at: Millis, upstream: Upstream, name: &str, generation: u32, event: Event) {
        self.events.push(Envelope { at, from: Origin { upstream, name: name.into() }, generation, event });
    }
}

/// TOML as the events' serde form has it.
fn plain(value: &toml::Value) -> Value {
    match value {
        toml::Value::Table(table) => table.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        toml::Value::Array(items) => items.iter().map(plain).collect(),
        toml::Value::Datetime(date) => date.to_string().parse::<jiff::Timestamp>().unwrap().as_second().into(),
        toml::Value::String(text) if text == "null" => Value::Null,
        other => serde_json::to_value(other).unwrap(),
    }
}
