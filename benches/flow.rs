//! What the flow costs: taking a fact in (a million small ones a second is the least), a whole frame at 200 × 60 (2 ms at most), and
//! the report of `status`. Run with `cargo bench`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quarterdeck::app::App;
use quarterdeck::event::*;
use quarterdeck::keymap::Place;
use quarterdeck::model::Model;
use quarterdeck::status::Report;
use quarterdeck::terminal::Canvas;
use quarterdeck::theme::{Depth, Glyphs, Theme};
use quarterdeck::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::hint::black_box;

#[path = "../tests/support/made.rs"]
mod made;

fn app(events: impl IntoIterator<Item = Envelope>) -> App {
    let mut app = App::new(false);
    for event in events {
        app.on_event(&event);
    }
    app.settle();
    app
}

/// A healthy plane after two busy minutes: sparklines, clocks and histories are full.
fn busy() -> App {
    let minutes = (1..=120_u64).flat_map(|second| {
        let end = made::END + second * 5000;
        let mut events = made::idle(second * 1000);
        let fast = [made::primary(end), made::standby(end, end - second % 7 * 100), made::standby(end, end)];
        for (index, fast) in fast.into_iter().enumerate() {
            let event = Event::PgFast(Box::new(fast));
            events.push(made::envelope(second * 1000, Upstream::Postgres, &format!("postgres-{index}"), event));
        }
        let tick = Event::Tick { unix_ms: made::WALL + second as i64 * 1000 };
        events.push(made::envelope(second * 1000 + 200, Upstream::Program, "", tick));
        events
    });
    app(made::healthy(0).into_iter().chain(minutes))
}

/// One event after the other, each changed a little by `vary`. Little time passes, so that nobody else grows stale meanwhile: a model
/// of stale servers has less to do.
fn apply(bench: &mut Criterion, name: &str, model: &Model, mut envelope: Envelope, vary: impl Fn(&mut Event, u64)) {
    let mut group = bench.benchmark_group("apply");
    group.throughput(Throughput::Elements(1));
    let mut model = model.clone();
    let (begin, mut count) = (model.now, 0);
    group.bench_function(name, |b| {
        b.iter(|| {
            count += 1;
            envelope.at = begin + count / 200_000;
            vary(&mut envelope.event, count);
            model.apply(black_box(&envelope))
        });
    });
    assert!(model.age(begin) < 5000 && model.redis.elected(model.now).is_some(), "the others grew stale");
}

fn facts(bench: &mut Criterion) {
    let model = busy().model;
    let none = |_: &mut Event, _| {};
    let to = |upstream, name, event| made::envelope(0, upstream, name, event);
    apply(bench, "unchanged postgres", &model, to(Upstream::Postgres, "postgres-2", Event::Unchanged(Feed::PgFast)), none);
    apply(bench, "unchanged redis", &model, to(Upstream::Redis, "redis-2", Event::Unchanged(Feed::Redis)), none);
    apply(bench, "unchanged sentinel", &model, to(Upstream::Sentinel, "redis-sentinel-2", Event::Unchanged(Feed::Sentinel)), none);
    let flip = |event: &mut Event, at: u64| *event = Event::Link(if at.is_multiple_of(2) { Link::Live } else { Link::Hung });
    apply(bench, "link", &model, to(Upstream::Postgres, "postgres-2", Event::Link(Link::Live)), flip);
    let moved = |event: &mut Event, at: u64| {
        if let Event::PgFast(fast) = event {
            let end = Some(Lsn(made::END + at * 100));
            if fast.in_recovery { fast.replay_lsn = end } else { (fast.write_lsn, fast.flush_lsn) = (end, end) }
        }
    };
    let (primary, standby) = (made::primary(made::END), made::standby(made::END, made::END));
    apply(bench, "primary", &model, to(Upstream::Postgres, "postgres-0", Event::PgFast(Box::new(primary))), moved);
    apply(bench, "standby", &model, to(Upstream::Postgres, "postgres-1", Event::PgFast(Box::new(standby))), moved);
    let grown = |event: &mut Event, at: u64| {
        if let Event::Redis(info) = event {
            info.offset = made::OFFSET + at;
        }
    };
    for (index, name) in ["redis-0", "redis-1"].into_iter().enumerate() {
        let info = Event::Redis(Box::new(made::redis(index, made::OFFSET)));
        apply(bench, if index == 0 { "master" } else { "replica" }, &model, to(Upstream::Redis, name, info), grown);
    }
    apply(bench, "tick", &model, to(Upstream::Program, "", Event::Tick { unix_ms: 0 }), |event, at| {
        *event = Event::Tick { unix_ms: made::WALL + at as i64 };
    });
}

fn frames(bench: &mut Criterion) {
    let theme = Theme::load("dark", Depth::True, &Glyphs::UNICODE).unwrap_or_default();
    let mut group = bench.benchmark_group("frame 200x60");
    for (name, mut app) in [("healthy", busy()), ("broken", app(made::healthy(0).into_iter().chain(made::disaster(1000))))] {
        for place in [Place::Overview, Place::Postgres, Place::Redis] {
            app.ui.place = place;
            let draw = || {
                let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 60));
                view::draw(&app, &theme, &mut buffer);
                buffer
            };
            // What a frame costs in the run: judged, drawn, compared with what is shown; nothing differs.
            let mut canvas = Canvas::new(false);
            canvas.frame(draw());
            group.bench_function(format!("{name} {place:?}"), |b| b.iter(|| canvas.frame(draw())));
            // And when every cell is sent.
            group.bench_function(format!("{name} {place:?} whole"), |b| {
                b.iter(|| {
                    canvas.forget();
                    canvas.frame(draw())
                });
            });
        }
    }
    group.finish();
}

fn judgement(bench: &mut Criterion) {
    let mut app = busy();
    bench.bench_function("health", |b| b.iter(|| app.settle()));
    let report = || serde_json::to_string_pretty(&Report::of(&app.model, &app.health, made::WALL));
    bench.bench_function("status report", |b| b.iter(report));
}

criterion_group!(benches, facts, frames, judgement);
criterion_main!(benches);
