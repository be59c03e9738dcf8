//! What holds for every scenario, whatever it is about.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/scenario.rs"]
mod scenario;

use quarterdeck::app::App;
use quarterdeck::event::{Envelope, Event, Feed, Link, Upstream};
use quarterdeck::health::Severity;
use quarterdeck::model::Model;
use quarterdeck::record::read;
use quarterdeck::theme::{Depth, Glyphs, Theme};
use quarterdeck::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use scenario::{Scenario, replay};

/// The scenarios whose length is not what they are about.
fn scenarios() -> impl Iterator<Item = (String, Scenario)> {
    Scenario::names().into_iter().filter(|name| name != "idle-for-an-hour").map(|name| (name.clone(), Scenario::load(&name)))
}

fn severity(events: &[Envelope]) -> Severity {
    replay(events).health.severity
}

/// Everything that one source said about one thing: what is missing when it is never asked, or not allowed to say.
fn observations(events: &[Envelope]) -> Vec<(Upstream, String, Option<Feed>)> {
    let mut seen = Vec::new();
    for envelope in events.iter().filter(|envelope| envelope.from.upstream != Upstream::Program) {
        let about = (envelope.from.upstream, envelope.from.name.to_string(), feed(&envelope.event));
        if !seen.contains(&about) && !matches!(envelope.event, Event::Link(_) | Event::Peer(_) | Event::SentinelMessage(_)) {
            seen.push(about);
        }
    }
    seen
}

fn feed(event: &Event) -> Option<Feed> {
    Some(match event {
        Event::PgFast(_) => Feed::PgFast,
        Event::PgMedium(_) => Feed::PgMedium,
        Event::PgIo(_) => Feed::PgIo,
        Event::PgSlow(_) => Feed::PgSlow,
        Event::PgStatements(_) => Feed::PgStatements,
        Event::PgLocks(_) => Feed::PgLocks,
        Event::Redis(_) => Feed::Redis,
        Event::RedisSettings(_) => Feed::RedisSettings,
        Event::Sentinel(_) => Feed::Sentinel,
        Event::Unchanged(feed) => *feed,
        _ => return None,
    })
}

/// Whoever is not seen cannot be known to be well: without what one server says of its state nothing looks better than unknown, unless
/// it looked better with it.
#[test]
fn a_server_that_is_not_seen_never_makes_it_look_healthier() {
    for (name, scenario) in scenarios() {
        let whole = severity(&scenario.events);
        for (upstream, instance, _) in observations(&scenario.events) {
            let of_it = |e: &Envelope| e.from.upstream == upstream && *e.from.name == *instance;
            if upstream == Upstream::PostgresDetail {
                continue;
            }
            let never: Vec<_> =
                scenario.events.iter().filter(|e| !of_it(e) || matches!(e.event, Event::SentinelMessage(_))).cloned().collect();
            assert!(
                severity(&never) >= whole.min(Severity::Unknown),
                "{name} without {instance}: {:?}, with it {whole:?}",
                severity(&never)
            );
            // It falls silent, and its link does not say so.
            let last = scenario.events.last().unwrap().at;
            let silent: Vec<_> = scenario.events.iter().filter(|e| !of_it(e) || e.at + 15_000 < last).cloned().collect();
            assert!(severity(&silent) >= whole.min(Severity::Unknown), "{name}, {instance} silent: {:?}", severity(&silent));
        }
    }
}

/// In a healthy stack any single observation that is missing leaves it no better than it is, and a missing server unknown.
#[test]
fn nothing_is_ok_unseen() {
    let scenario = Scenario::load("healthy");
    for (upstream, instance, feed_name) in observations(&scenario.events) {
        let it = |e: &Envelope| e.from.upstream == upstream && *e.from.name == *instance && feed(&e.event) == feed_name;
        let without: Vec<_> = scenario.events.iter().filter(|e| !it(e)).cloned().collect();
        let fast = matches!(feed_name, Some(Feed::PgFast | Feed::Redis | Feed::Sentinel));
        let least = if fast { Severity::Unknown } else { Severity::Ok };
        assert!(severity(&without) >= least, "without {feed_name:?} of {instance}");
    }
}

/// A second delivery is not a second event; ticks apart, which count seconds, and announcements, which are happenings and no states.
#[test]
fn a_second_delivery_changes_nothing() {
    for (name, scenario) in scenarios() {
        let happens = |e: &Envelope| is_tick(e) || matches!(e.event, Event::SentinelMessage(_));
        let twice: Vec<_> = scenario.events.iter().flat_map(|e| std::iter::repeat_n(e.clone(), if happens(e) { 1 } else { 2 })).collect();
        same(&replay(&scenario.events).model, &replay(&twice).model, &name);
    }
}

fn is_tick(envelope: &Envelope) -> bool {
    matches!(envelope.event, Event::Tick { .. } | Event::Stack(_))
}

/// Which of two servers answers first within a moment is chance.
#[test]
fn the_order_of_sources_within_a_moment_does_not_matter() {
    for (name, scenario) in scenarios() {
        let mut turned = scenario.events.clone();
        // Stable: what one source says stays in its order.
        turned.sort_by(|a, b| {
            (a.at, is_tick(a)).cmp(&(b.at, is_tick(b))).then_with(|| (b.from.upstream, &b.from.name).cmp(&(a.from.upstream, &a.from.name)))
        });
        turned.sort_by_key(|e| !matches!(e.event, Event::Stack(_)));
        let (straight, turned) = (replay(&scenario.events), replay(&turned));
        let mut models = [straight.model, turned.model];
        models.iter_mut().for_each(|model| {
            model.timeline = Default::default();
            model.redis.failover.iter_mut().flat_map(|f| &mut f.steps).for_each(|step| step.by.sort());
        });
        let [straight_model, turned_model] = &models;
        same(straight_model, turned_model, &name);
        assert_eq!(straight.health, turned.health, "{name}");
    }
}

/// The first line in which two models differ is enough to know where.
fn same(a: &Model, b: &Model, name: &str) {
    if a != b {
        let (a, b) = (format!("{a:#?}"), format!("{b:#?}"));
        let lines: Vec<_> = a.lines().zip(b.lines()).collect();
        let first = lines.iter().position(|(a, b)| a != b).unwrap_or(lines.len() - 1);
        panic!("{name}: {:#?}", &lines[first.saturating_sub(8)..=first]);
    }
}

/// What is recorded, written as the recorder writes it and read back.
#[test]
fn a_recording_gives_the_same_screens() {
    let theme = Theme::load("dark", Depth::True, &Glyphs::UNICODE).unwrap();
    let screen = |app: &App| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 60));
        view::draw(app, &theme, &mut buffer);
        buffer
    };
    for (name, scenario) in scenarios() {
        let line = |e: &Envelope| serde_json::to_string(&Envelope { event: e.event.for_recording(), ..e.clone() }).unwrap() + "\n";
        let recording: String = scenario.events.iter().map(line).collect();
        let (seen, replayed) = (replay(&scenario.events), replay(&read(recording.as_bytes()).unwrap()));
        assert_eq!(screen(&seen), screen(&replayed), "{name}");
        if name == "queries" {
            assert!(recording.contains("not recorded") && !recording.contains("karma"));
        } else {
            same(&seen.model, &replayed.model, &name);
        }
    }
}

/// A link that was lost and came back leaves no trace but history: what is shown is what the server says now.
#[test]
fn a_link_that_comes_back_heals() {
    let scenario = Scenario::load("healthy");
    let last = scenario.events.last().unwrap().at;
    for down in [Link::Hung, Link::Down("connection refused".into()), Link::StartingUp("starting".into())] {
        let healed: Vec<_> = scenario
            .events
            .iter()
            .flat_map(|e| {
                let poll = e.from.upstream != Upstream::Program
                    && matches!(e.event, Event::PgFast(_) | Event::Redis(_) | Event::Unchanged(Feed::Sentinel));
                let link = |link: &Link, at| Envelope { at, event: Event::Link(link.clone()), ..e.clone() };
                if poll && e.at + 20_000 > last && e.at + 19_000 <= last {
                    vec![link(&down, e.at), link(&Link::Live, e.at), e.clone()]
                } else {
                    vec![e.clone()]
                }
            })
            .collect();
        assert!(healed.len() > scenario.events.len());
        assert_eq!(severity(&healed), Severity::Ok);
    }
}
