//! Rows about what each Sentinel believes. What most of those that answer do not share is marked.

use super::{link_rows, named};
use crate::event::{Feed, SentinelMaster, SentinelView};
use crate::figure;
use crate::health::Severity;
use crate::model::Sentinel;
use crate::view::context::Context;
use crate::view::matrix::{Cell, Matrix};
use ratatui::text::Line;

pub fn rows<'a>(context: &'a Context<'a>, matrix: &mut Matrix<'a, Sentinel>) {
    let (theme, now) = (context.theme, context.now());
    link_rows(context, matrix, |sentinel: &Sentinel| sentinel.link_state(now));
    // What the Sentinel says of the master; some of it is hidden from those who may not ask for it.
    let master = |view: &'a SentinelView, cell: &dyn Fn(&'a SentinelMaster) -> Cell| match &view.master {
        None => Cell::styled("not known to it", theme.warning),
        Some(master) => cell(master),
    };
    let asked = |view: &'a SentinelView, cell: &dyn Fn(&'a SentinelMaster) -> Cell| match &view.master {
        None => Cell::Blank,
        // A quorum of none does not exist: these figures come from INFO alone.
        Some(SentinelMaster { quorum: 0, .. }) => Cell::forbidden(context),
        Some(master) => cell(master),
    };
    let mut group = matrix.group("Belief", Feed::Sentinel, |sentinel| sentinel.link_state(now), |sentinel| sentinel.view.as_ref());
    group.alike("master", Severity::Critical, |_, view| master(view, &|m| Cell::text(named(context, &m.host, m.port))));
    group.alike("flags", Severity::Warning, |_, view| master(view, &|m| flags(context, m)));
    group.alike("epoch", Severity::Warning, |_, view| asked(view, &|m| Cell::text(m.epoch.to_string())));
    group.alike("quorum", Severity::Warning, |_, view| asked(view, &|m| Cell::text(m.quorum.to_string())));
    group.row("check", |_, view| check(context, view));
    group.row("failover", |_, view| match view.master.as_ref().and_then(|m| m.failover_state.clone()) {
        None => Cell::Blank,
        Some(state) => Cell::styled(format!("{} leads: {state}", theme.glyphs.running), theme.warning),
    });
    group.alike("replicas", Severity::Warning, |_, view| {
        master(view, &|m| counted(m.replicas, view.replicas.iter().filter(|r| !r.link_ok || down(&r.flags)).count()))
    });
    group.alike("other Sentinels", Severity::Warning, |_, view| {
        master(view, &|m| counted(m.other_sentinels, view.sentinels.iter().filter(|s| down(&s.flags)).count()))
    });
    group.alike("down after", Severity::Warning, |_, view| asked(view, &|m| Cell::text(seconds(m.down_after_ms))));
    group.alike("failover limit", Severity::Warning, |_, view| asked(view, &|m| Cell::text(seconds(m.failover_timeout_ms))));
    group.alike("parallel syncs", Severity::Warning, |_, view| asked(view, &|m| Cell::text(m.parallel_syncs.to_string())));
    group.row("TILT", |_, view| match (view.tilt, view.tilt_seconds) {
        (false, _) => Cell::styled("no", theme.muted),
        (true, Some(seconds)) => Cell::styled(format!("{} for {seconds} s", theme.glyphs.warning), theme.warning),
        (true, None) => Cell::styled(format!("{} yes", theme.glyphs.warning), theme.warning),
    });
    group.alike("version", Severity::Notice, |_, view| match view.version.as_str() {
        "" => Cell::forbidden(context),
        version => Cell::text(version.to_owned()),
    });
}

/// The flags besides `master`, which says nothing; each down by one Sentinel is a warning, by the quorum critical.
fn flags(context: &Context<'_>, master: &SentinelMaster) -> Cell {
    let theme = context.theme;
    let notable: Vec<&str> = master.flags.iter().map(String::as_str).filter(|flag| *flag != "master").collect();
    if notable.is_empty() {
        return Cell::styled("up", theme.ok);
    }
    let style = if notable.contains(&"o_down") { theme.critical } else { theme.warning };
    Cell::styled(notable.join(" "), style)
}

fn down(flags: &[String]) -> bool {
    flags.iter().any(|flag| matches!(flag.as_str(), "s_down" | "o_down" | "disconnected"))
}

fn counted(known: u32, down: usize) -> Cell {
    if down == 0 { Cell::text(known.to_string()) } else { Cell::text(format!("{known}, {down} down")) }
}

/// Whether the Sentinel could have a failover authorised, in its own words where there is room.
fn check(context: &Context<'_>, view: &SentinelView) -> Cell {
    let theme = context.theme;
    // `OK 3 usable Sentinels. Quorum and failover authorization can be reached`, `NOQUORUM 1 usable Sentinels. …`
    let words = view.quorum_text.split('.').next().unwrap_or_default();
    let words = words.trim_start_matches("OK ").trim_end_matches(" Sentinels");
    let (sign, style) = match view.quorum_ok {
        None => return Cell::forbidden(context),
        Some(true) => (theme.glyphs.ok, theme.ok),
        Some(false) => (theme.glyphs.critical, theme.critical),
    };
    Cell::Text(Line::styled(format!("{sign} {words}"), style))
}

fn seconds(ms: u64) -> String {
    if ms.is_multiple_of(1000) { format!("{} s", figure::count(ms / 1000)) } else { format!("{ms} ms") }
}
