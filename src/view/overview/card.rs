//! What stands in each box of the diagram, and on the line that leads to it.

use crate::app::Node;
use crate::event::SentinelView;
use crate::figure;
use crate::health::Severity;
use crate::model::{Freshness, History, LinkState, PgServer, RedisNode, Sentinel};
use crate::view::context::Context;
use crate::view::words;
use ratatui::text::{Line, Span};

/// A line in pieces, the most important first.
pub type Words<'a> = Vec<Span<'a>>;

/// One side of the diagram: who takes writes, and who follows.
pub struct Half<'a> {
    /// What this part is called.
    pub name: &'static str,
    /// What to know about the part as a whole.
    pub about: String,
    /// The box that takes writes; `None` if nobody is known to.
    pub writer: Option<Card<'a>>,
    /// Said in its place.
    pub no_writer: &'static str,
    /// Anybody of this part was ever seen.
    pub seen: bool,
    /// The others.
    pub followers: Vec<Card<'a>>,
}

/// A box.
pub struct Card<'a> {
    /// Which.
    pub node: Node,
    /// Its title.
    pub name: &'a str,
    /// The worst of its problems.
    pub severity: Severity,
    /// What is said in it, the most important first; as many lines are drawn as fit, and of each as many pieces: a figure is shown whole
    /// or not at all.
    pub lines: Vec<Words<'a>>,
    /// Drawn below the lines where there is room, with what it is.
    pub history: Option<(&'static str, &'a History)>,
    /// On the line that leads to it.
    pub label: Option<Span<'a>>,
    /// Data flows along that line.
    pub flows: bool,
}

/// PostgreSQL's half; `None` where there is none.
pub fn postgres<'a>(context: &Context<'a>) -> Option<Half<'a>> {
    let model = context.model();
    let (cluster, now) = (&model.postgres, model.now);
    if cluster.servers.is_empty() {
        return None;
    }
    let primary = cluster.primary(now);
    let about = primary.and_then(|p| p.fast.as_ref()).map(|fast| match fast.value.sync_names.as_str() {
        "" => "async".to_owned(),
        names => format!("sync {names}"),
    });
    let about = about.unwrap_or_default();
    let card = |server: &'a PgServer| postgres_card(context, server);
    Some(Half {
        name: "PostgreSQL",
        about,
        writer: primary.map(card),
        no_writer: "no primary seen",
        seen: cluster.servers.iter().any(|s| s.fast.is_some()),
        followers: cluster.others(now).map(card).collect(),
    })
}

fn postgres_card<'a>(context: &Context<'a>, server: &'a PgServer) -> Card<'a> {
    let (model, theme) = (context.model(), context.theme);
    let (cluster, now) = (&model.postgres, model.now);
    let fresh = server.is_fresh(now);
    let lag = cluster.lag(server, now);
    let mut lines = Vec::new();
    let role = server.fast.as_ref().map(|fast| (fast.value.in_recovery, fast.value.timeline));
    lines.push(match role {
        None => vec![Span::styled("not seen yet", theme.muted)],
        Some((in_recovery, timeline)) => {
            role_line(context, if in_recovery { "standby" } else { "PRIMARY" }, !in_recovery, fresh, format!("TL {timeline}"))
        }
    });
    lines.extend(trouble_lines(context, &server.link_state(now)));
    let told = lines.len();
    if let Some(fast) = server.fast.as_ref() {
        let medium = server.medium.as_ref().map(|m| &m.value);
        if fast.value.in_recovery {
            let sync = cluster.upstream_of(server).and_then(|name| cluster.server(name)).and_then(|up| cluster.sender_of(up, server));
            let sync = sync.and_then(|row| row.sync.as_deref()).filter(|_| lag.is_some_and(|lag| lag.state.follows())).unwrap_or("");
            let state = lag.map(|lag| words::standby_state(context, &lag));
            lines.extend(state.filter(|_| fresh).map(|(state, style)| vec![Span::styled(state, style), Span::styled(sync, style)]));
            lines.extend(lag.and_then(|lag| lag.primary_unseen).map(|unseen| {
                vec![Span::styled("primary unseen", theme.stale), Span::styled(context.age(now.saturating_sub(unseen)), theme.stale)]
            }));
            let primary = cluster.primary(now).map(|p| &p.name);
            if let Some(upstream) = cluster.upstream_of(server).filter(|upstream| Some(*upstream) != primary) {
                lines.push(vec![Span::styled(format!("follows {upstream}"), theme.muted)]);
            }
            lines.extend(
                fast.value.replay_lsn.map(|lsn| vec![Span::styled(lsn.to_string(), theme.muted), Span::styled("replayed", theme.muted)]),
            );
        } else {
            let connections = medium.map(|m| format!("{}/{} conn.", m.connections.clients, m.connections.max));
            lines.extend(connections.map(|text| vec![Span::styled(text, theme.text)]));
            let rate = server.clock.rate(10_000).map(|rate| format!("WAL {}", figure::rate(rate)));
            lines.extend(rate.map(|text| vec![Span::styled(text, theme.muted)]));
            lines.extend(
                fast.value.flush_lsn.map(|lsn| vec![Span::styled(lsn.to_string(), theme.muted), Span::styled("flushed", theme.muted)]),
            );
        }
        lines.extend(
            medium
                .and_then(|m| words::hit_rate(m.blocks_hit, m.blocks_read, 1000))
                .filter(|rate| rate != "idle")
                .map(|rate| vec![Span::styled(format!("{rate} hits"), theme.muted)]),
        );
    }
    if !fresh {
        lines.iter_mut().skip(told).flatten().for_each(|span| span.style = theme.stale);
    }
    let label = lag
        .map(|lag| words::standby_figures(context, &lag))
        .map(|(text, style)| Span::styled(text, if fresh { style } else { theme.stale }));
    Card {
        node: Node::Postgres(server.name.clone()),
        name: words::short(&server.name),
        severity: context.health().of(&server.name),
        lines,
        history: server.is_standby().then_some(("lag", &server.lag_history)),
        label,
        flows: lag.is_some_and(|lag| lag.state.follows()),
    }
}

/// Redis' half; `None` where there is none.
pub fn redis<'a>(context: &Context<'a>) -> Option<Half<'a>> {
    let model = context.model();
    let (group, now) = (&model.redis, model.now);
    if group.nodes.is_empty() {
        return None;
    }
    let quorum = group.fresh_views(now).filter_map(|view| view.master.as_ref()).map(|m| m.quorum).find(|quorum| *quorum > 0);
    let about = quorum.map(|quorum| format!("quorum {quorum} of {}", group.sentinels.len())).unwrap_or_default();
    let card = |node: &'a RedisNode| redis_card(context, node);
    Some(Half {
        name: "Redis",
        about,
        writer: group.master(now).map(card),
        no_writer: "no master seen",
        seen: group.nodes.iter().any(|n| n.info.is_some()),
        followers: group.others(now).map(card).collect(),
    })
}

fn redis_card<'a>(context: &Context<'a>, node: &'a RedisNode) -> Card<'a> {
    let (model, theme) = (context.model(), context.theme);
    let (group, now) = (&model.redis, model.now);
    let fresh = node.is_fresh(now);
    let lag = group.lag(node, now);
    let mut lines = Vec::new();
    lines.push(match node.info.as_ref().map(|info| &info.value) {
        None => vec![Span::styled("not seen yet", theme.muted)],
        Some(info) => {
            let memory = match info.max_memory {
                _ if info.version.is_empty() => String::new(),
                0 => figure::bytes(info.used_memory),
                max => figure::percent(info.used_memory as f64 / max as f64),
            };
            role_line(context, if node.is_master() { "MASTER" } else { "replica" }, node.is_master(), fresh, memory)
        }
    });
    lines.extend(trouble_lines(context, &node.link_state(now)));
    let told = lines.len();
    // Without the right to INFO there is a role and an offset, and no version: the rest is not zero but hidden.
    let hidden = node.info.as_ref().is_some_and(|info| info.value.version.is_empty());
    if let Some(info) = node.info.as_ref().map(|info| &info.value) {
        let clients = if info.clients == 1 { "1 client".to_owned() } else { format!("{} clients", info.clients) };
        let load = info.commands_per_s.map(|rate| format!("{rate:.0}/s")).unwrap_or_default();
        let work = |style| vec![Span::styled(clients.clone(), style), Span::styled(load.clone(), style)];
        match lag.filter(|_| fresh) {
            Some(lag) => lines.extend([words::replica_state(context, &lag)].map(|(state, style)| vec![Span::styled(state, style)])),
            None if hidden => {}
            None => lines.push(work(theme.text)),
        }
        lines.extend(
            words::hit_rate(info.hits, info.misses, 100)
                .filter(|rate| rate != "idle")
                .map(|rate| vec![Span::styled(format!("{rate} hits"), theme.muted)]),
        );
        if hidden {
            lines.push(vec![Span::styled("no permission", theme.unknown)]);
        } else if lag.is_some() && fresh {
            lines.push(work(theme.muted));
        }
        lines.extend((!hidden).then(|| vec![Span::styled(if info.aof { "AOF on" } else { "AOF off" }, theme.muted)]));
    }
    if !fresh {
        lines.iter_mut().skip(told).flatten().for_each(|span| span.style = theme.stale);
    }
    let label = lag
        .map(|lag| words::replica_figures(context, &lag))
        .map(|(text, style)| Span::styled(text, if fresh { style } else { theme.stale }));
    Card {
        node: Node::Redis(node.name.clone()),
        name: words::short(&node.name),
        severity: context.health().of(&node.name),
        lines,
        history: Some(if node.is_master() { ("commands/s", &node.load_history) } else { ("lag", &node.lag_history) }),
        label,
        flows: lag.is_some_and(|lag| lag.state == crate::model::ReplicaState::Online),
    }
}

/// One Sentinel, in a few words after its name.
pub fn sentinel<'a>(context: &Context<'a>, sentinel: &'a Sentinel) -> Line<'a> {
    let (model, theme) = (context.model(), context.theme);
    let severity = context.health().of(&sentinel.name);
    let mut line = Line::from(vec![
        Span::raw(words::short(&sentinel.name)),
        Span::raw(" "),
        Span::styled(context.sign(severity), context.style(severity)),
    ]);
    let link = sentinel.link_state(model.now);
    let words = match (words::trouble(context, &link), &sentinel.view) {
        (Some(trouble), _) => Some((trouble, context.link(&link).1)),
        (None, Some(view)) if sentinel.freshness(model.now) == Freshness::Fresh => dissent(context, &view.value),
        _ => Some(("not seen yet".to_owned(), theme.muted)),
    };
    if let Some((words, style)) = words {
        line.push_span(Span::styled(format!(" {words}"), style));
    }
    line
}

/// What one Sentinel says that the others do not, or that stops it from acting.
fn dissent(context: &Context<'_>, view: &SentinelView) -> Option<(String, ratatui::style::Style)> {
    let (group, theme) = (&context.model().redis, context.theme);
    let Some(master) = &view.master else { return Some((format!("knows no {}", group.master_name), theme.warning)) };
    let flag = |wanted: &str| master.flags.iter().any(|flag| flag == wanted);
    if view.tilt {
        return Some(("TILT".to_owned(), theme.warning));
    }
    if flag("failover_in_progress") {
        return Some(("leads".to_owned(), theme.warning));
    }
    if flag("o_down") {
        return Some(("o_down".to_owned(), theme.critical));
    }
    if flag("s_down") {
        return Some(("s_down".to_owned(), theme.warning));
    }
    let named = group.node_at(&master.host, master.port);
    let elected = group.elected(context.now()).and_then(|(host, port, ..)| group.node_at(host, port));
    (named != elected).then(|| (format!("says {}", named.map_or(master.host.as_str(), |n| n)), theme.critical))
}

fn role_line<'a>(context: &Context<'a>, role: &'static str, leads: bool, fresh: bool, more: String) -> Words<'a> {
    let theme = context.theme;
    match (fresh, leads) {
        (false, _) => vec![Span::styled(format!("was {}", role.to_lowercase()), theme.stale), Span::styled(more, theme.stale)],
        (true, true) => vec![Span::styled(format!("{} {role}", theme.glyphs.primary), theme.accent), Span::styled(more, theme.text)],
        (true, false) => vec![Span::styled(role, theme.text), Span::styled(more, theme.text)],
    }
}

/// What is the matter with the link and since when, and why.
fn trouble_lines<'a>(context: &Context<'a>, link: &LinkState<'a>) -> Vec<Words<'a>> {
    let theme = context.theme;
    let Some((word, age)) = words::trouble_parts(context, link) else { return Vec::new() };
    let trouble = vec![Span::styled(word, theme.critical), Span::styled(age, theme.critical)];
    let reason = link.reason().map(|reason| vec![Span::styled(reason, theme.muted)]);
    std::iter::once(trouble).chain(reason).collect()
}
