//! `quarterdeck status`: one look at everything configured, within a time limit, judged like the console judges.

use crate::cli::Output;
use crate::event::{Envelope, Event, Link, Origin, Stack, Upstream};
use crate::health::{Health, assess};
use crate::model::{Model, PgServer};
use crate::record::Recorder;
use crate::source::{self, Interests, Targets};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

mod report;
mod text;

pub use report::Report;

/// What was seen and what it means.
pub struct Status {
    model: Model,
    health: Health,
    /// Unix milliseconds.
    taken: i64,
}

/// Looks until every instance has answered or said why not, but not for longer than `limit`.
pub async fn take(stack: Stack, targets: Targets, limit: Duration, mut recorder: Option<Recorder>) -> Status {
    let epoch = Instant::now();
    let (sender, mut events) = mpsc::channel(source::CHANNEL);
    let (_interests, wanted) = watch::channel(Interests::default());
    let mut model = Model::default();
    let taken = jiff::Timestamp::now().as_millisecond();
    let program = |event| Envelope { at: 0, from: Origin { upstream: Upstream::Program, name: "".into() }, generation: 0, event };
    let first = [program(Event::Stack(Box::new(stack))), program(Event::Tick { unix_ms: taken })];
    let mut take = |model: &mut Model, envelope: &Envelope| {
        if let Some(recorder) = &mut recorder {
            recorder.record(envelope);
        }
        model.apply(envelope);
    };
    first.iter().for_each(|envelope| take(&mut model, envelope));
    let _sources = source::start(targets, &sender, epoch, &wanted);
    while !settled(&model) {
        match tokio::time::timeout_at(epoch + limit, events.recv()).await {
            Ok(Some(envelope)) => take(&mut model, &envelope),
            Ok(None) | Err(_) => break,
        }
    }
    // The settings of a node come right behind its facts, and do not always come.
    let moment = (Instant::now() + Duration::from_millis(50)).min(epoch + limit);
    while let Ok(Some(envelope)) = tokio::time::timeout_at(moment, events.recv()).await {
        take(&mut model, &envelope);
    }
    model.now = model.now.max(epoch.elapsed().as_millis() as u64);
    Status { health: assess(&model), model, taken }
}

/// Nothing that is still missing can be expected to come.
fn settled(model: &Model) -> bool {
    let (pg, redis) = (&model.postgres, &model.redis);
    let answered = |link: &Link, seen: bool| match link {
        Link::Connecting => false,
        Link::Live | Link::NoPermission(_) => seen,
        _ => true,
    };
    let detail = |s: &PgServer| !s.is_fresh(model.now) || answered(&s.detail_link.value, s.medium.is_some() && s.slow.is_some());
    pg.servers.iter().all(|s| answered(&s.link.value, s.fast.is_some()) && detail(s))
        && redis.nodes.iter().all(|n| answered(&n.link.value, n.info.is_some()))
        && redis.sentinels.iter().all(|s| answered(&s.link.value, s.view.is_some()))
}

impl Status {
    /// 0 ok or notice, 1 warning, 2 critical, 3 unknown.
    pub fn exit_status(&self) -> u8 {
        self.health.severity.exit_status()
    }

    /// As it is printed.
    pub fn print(&self, output: Output) -> String {
        let report = Report::of(&self.model, &self.health, self.taken);
        match output {
            Output::Json => serde_json::to_string_pretty(&report).unwrap_or_default() + "\n",
            Output::Text => text::of(&report),
        }
    }
}

#[cfg(test)]
mod tests;
