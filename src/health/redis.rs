//! Rules about Redis and Sentinel.

use super::{Problems, Severity, lags};
use crate::event::{Link, Millis, Name, SentinelMaster, SentinelView};
use crate::figure::bytes;
use crate::model::{Freshness, LinkState, Model, RedisGroup, RedisNode, ReplicaState, same_instance};
use std::collections::BTreeMap;

/// A lag above this many seconds, three samples in a row, is a warning.
const LAG_LIMIT_S: f64 = 10.0;

/// Share of `maxmemory` above which it is a warning, per cent.
const MEMORY_LIMIT: f64 = 90.0;

pub(super) fn judge(model: &Model, problems: &mut Problems) {
    let (group, now) = (&model.redis, model.now);
    if !group.nodes.is_empty() {
        roles(model, problems);
        let master = group.master(now).map(|m| m.name.clone());
        for node in &group.nodes {
            let vital = (master.as_ref() == Some(&node.name)).then_some("master");
            // The Sentinels are witnesses too: what their quorum calls down is down.
            let agreed = group.fresh_views(now).filter_map(|v| v.master.as_ref()).any(|m| m.flags.iter().any(|flag| flag == "o_down"));
            let fed = if vital.is_some() && !agreed { fed_by(model, node) } else { 0 };
            match node.link_state(now) {
                // A second witness: whom others hear is not down.
                LinkState::Is(Link::Down(reason), since) if fed > 0 => {
                    let text = format!(
                        "the master cannot be reached from here ({reason}); {fed} replica{} still hear it",
                        if fed == 1 { "" } else { "s" }
                    );
                    problems.add(Severity::Unknown, &node.name, Some(since), text);
                }
                link => problems.link(&node.name, &link, vital, node.info.is_some()),
            }
            if node.is_fresh(now) {
                replication(model, node, problems);
                store(node, problems);
            }
        }
    }
    for sentinel in &group.sentinels {
        problems.link(&sentinel.name, &sentinel.link_state(now), None, sentinel.view.is_some());
        if let Some(view) = sentinel.view.as_ref().filter(|_| sentinel.is_fresh(now)) {
            believes(model, &sentinel.name, &view.value, problems);
        }
    }
    if !group.sentinels.is_empty() {
        agreement(model, problems);
        given_up(model, problems);
    }
}

/// Replicas whose link to `master` is up and was used within ten seconds, as of an answer that came after we lost it.
fn fed_by(model: &Model, master: &RedisNode) -> usize {
    let group = &model.redis;
    let hears = |node: &&RedisNode| {
        let link = node.info.as_ref().filter(|info| info.at > master.link.since).and_then(|info| info.value.master.as_ref());
        link.is_some_and(|link| {
            link.up && link.last_io.is_some_and(|s| s < 10) && group.node_at(&link.host, link.port) == Some(&master.name)
        })
    };
    group.nodes.iter().filter(|node| node.is_fresh(model.now)).filter(hears).count()
}

fn roles(model: &Model, problems: &mut Problems) {
    let (group, now) = (&model.redis, model.now);
    let part: Name = "Redis".into();
    let masters: Vec<&str> = group.fresh_masters(now).map(|m| &*m.name).collect();
    let unseen = group.nodes.iter().filter(|n| n.freshness(now) == Freshness::Never).count();
    match masters.len() {
        0 if group.master(now).is_some_and(|m| m.is_master() || m.info.is_none()) => {}
        0 if unseen == 0 => problems.add(Severity::Critical, &part, None, "no master: nobody takes writes"),
        0 => {
            problems.add(Severity::Unknown, &part, None, format!("no master seen; {unseen} of {} nodes cannot be seen", group.nodes.len()))
        }
        1 => {}
        _ => problems.add(Severity::Critical, &part, None, format!("two masters: {} both take writes", masters.join(" and "))),
    }
    // What a minority of the Sentinels says is no ground to call a master a false one.
    let agreed = group.elected(now).filter(|(_, _, votes, _)| 2 * votes > group.sentinels.len());
    let elected = agreed.and_then(|(host, port, ..)| group.node_at(host, port));
    let promoted = promoted(group, now);
    for second in group.fresh_masters(now).filter(|m| elected.is_some_and(|e| *e != m.name) && Some(&m.name) != promoted) {
        // Not longer than there has been another one, nor than it has been seen again.
        let other = group.failover.as_ref().and_then(|f| f.switched).max(group.master(now).map(|m| m.role_since));
        let since = second.role_since.max(second.link.since).max(other.unwrap_or(0));
        let text = "takes writes that will be lost: it is not the elected master";
        problems.add(Severity::Critical, &second.name, Some(since), text);
    }
    let online = group.nodes.iter().filter_map(|n| group.lag(n, now)).any(|lag| lag.state == ReplicaState::Online);
    if group.nodes.len() > 1 && masters.len() == 1 && !online {
        let severity = if group.nodes.iter().all(|n| n.is_fresh(now)) { Severity::Critical } else { Severity::Unknown };
        problems.add(severity, &part, None, "no replica is online: a loss of the master loses data");
    }
    if let (Some(elected), [claimed]) = (elected, masters.as_slice())
        && **elected != **claimed
        && promoted.is_none_or(|promoted| **promoted != **claimed)
    {
        problems.add(Severity::Critical, &part, None, format!("the Sentinels name {elected} as master, but {claimed} takes writes"));
    }
    let unguarded =
        group.master(now).filter(|m| m.is_master() && m.settings.as_ref().is_some_and(|s| s.value.min_replicas_to_write == Some(0)));
    if let Some(master) = unguarded.filter(|_| group.nodes.len() > 1) {
        problems.add(
            Severity::Notice,
            &master.name,
            None,
            "min-replicas-to-write is 0: a cut-off master goes on taking writes that will be lost",
        );
    }
}

/// How long the Sentinels may take to name the new master, each in its own view, after the first one did.
const NAMING: Millis = 10_000;

/// The replica that a failover promotes: for some seconds it takes writes, rightly, before all Sentinels name it.
fn promoted(group: &RedisGroup, now: Millis) -> Option<&Name> {
    let recent = |at: Millis| now.saturating_sub(at) < NAMING;
    let failover = group.failover.as_ref().filter(|failover| failover.running(now) || failover.switched.is_some_and(recent))?;
    failover.steps.iter().find(|step| matches!(step.kind.as_str(), "+selected-slave" | "+promoted-slave")).map(|step| &step.subject)
}

/// A failover that was given up longer ago than this says nothing about the loss of a master now.
const GIVEN_UP: Millis = 600_000;

/// A failover that was given up while the master is still lost: nobody will take its place by itself.
fn given_up(model: &Model, problems: &mut Problems) {
    let (group, now) = (&model.redis, model.now);
    let lost = group.fresh_masters(now).next().is_none();
    let tried = group.failover.as_ref().filter(|f| lost && f.tried() && model.age(f.last) < GIVEN_UP);
    let Some((failover, why)) = tried.and_then(|f| Some((f, f.given_up()?))) else { return };
    problems.add(Severity::Critical, &"Redis".into(), Some(failover.last), format!("Sentinel gave up the failover: {why}"));
}

fn replication(model: &Model, node: &RedisNode, problems: &mut Problems) {
    let Some(lag) = model.redis.lag(node, model.now) else { return };
    let behind = lag
        .bytes
        .filter(|bytes| *bytes > 0)
        .map(|b| format!(", {}{} behind", if lag.bytes_at_least { "≥ " } else { "" }, bytes(b)))
        .unwrap_or_default();
    match lag.state {
        ReplicaState::Online => {}
        ReplicaState::Syncing => {
            problems.add(Severity::Warning, &node.name, node.cut_off_since, format!("full synchronisation under way{behind}"))
        }
        ReplicaState::Down(since) => {
            problems.add(Severity::Warning, &node.name, Some(since), format!("link to its master is down{behind}"))
        }
        ReplicaState::Astray => {
            problems.add(Severity::Critical, &node.name, None, "follows another master: it keeps nothing of what this one takes")
        }
        ReplicaState::Unknown => problems.add(Severity::Unknown, &node.name, None, "replication cannot be seen"),
    }
    if lag.state == ReplicaState::Online && lags(&node.lag_history, lag.seconds, LAG_LIMIT_S) {
        let seconds = lag.seconds.unwrap_or_default();
        problems.add(Severity::Warning, &node.name, None, format!("replication lag {seconds:.0} s (limit {LAG_LIMIT_S:.0} s){behind}"));
    }
}

/// Memory, evictions, persistence.
fn store(node: &RedisNode, problems: &mut Problems) {
    // Without the right to INFO there is no version, and nothing to judge.
    let Some(info) = node.info.as_ref().map(|i| &i.value).filter(|info| !info.version.is_empty()) else { return };
    let name = &node.name;
    if info.loading {
        problems.add(Severity::Warning, name, None, "loading its data set");
    }
    if !info.save_ok {
        problems.add(Severity::Warning, name, None, "the last RDB save failed");
    }
    if info.aof && !(info.aof_write_ok && info.aof_rewrite_ok) {
        problems.add(Severity::Warning, name, None, "writing the append-only file fails");
    }
    let share = 100.0 * info.used_memory as f64 / info.max_memory.max(1) as f64;
    if info.max_memory > 0 && share > MEMORY_LIMIT {
        problems.add(Severity::Warning, name, None, format!("{share:.0} % of maxmemory in use (limit {MEMORY_LIMIT:.0} %)"));
    }
    if let Some(rate) = info.evictions_per_s.filter(|rate| *rate > 0.0) {
        problems.add(Severity::Notice, name, None, format!("evicts {rate:.1} keys/s"));
    }
}

/// What one Sentinel's own view says.
fn believes(model: &Model, name: &Name, view: &SentinelView, problems: &mut Problems) {
    let group = &model.redis;
    if view.tilt {
        let since = view.tilt_seconds.map(|s| format!(" for {s} s")).unwrap_or_default();
        problems.add(Severity::Warning, name, None, format!("in TILT{since}: it watches but does not act"));
    }
    let Some(master) = &view.master else {
        problems.add(Severity::Warning, name, None, format!("does not know a master called {}", group.master_name));
        return;
    };
    let flag = |wanted: &str| master.flags.iter().any(|flag| flag == wanted);
    // A leader remembers the old master for a second after the others have been told of the new one.
    let outvoted =
        group.elected(model.now).is_some_and(|(host, port, ..)| !same_instance(group, (host, port), (&master.host, master.port)));
    if outvoted {
        // Its opinion of a master that nobody else has is no news.
    } else if flag("o_down") {
        problems.add(Severity::Critical, name, None, "the master is objectively down");
    } else if flag("s_down") {
        // Only the Sentinel that would lead counts the others; the rest never say that the quorum agrees.
        let agreed = group.fresh_views(model.now).any(|view| view.master.as_ref().is_some_and(|m| m.flags.iter().any(|f| f == "o_down")));
        let text = if agreed { "sees the master down" } else { "sees the master down; the quorum does not agree (yet)" };
        problems.add(Severity::Warning, name, None, text);
    }
    if flag("failover_in_progress") {
        problems.add(
            Severity::Warning,
            name,
            None,
            format!("leads a failover: {}", master.failover_state.as_deref().unwrap_or("in progress")),
        );
    }
    let known = master.other_sentinels as usize + 1;
    if known > group.sentinels.len() {
        let text = format!("knows {known} Sentinels, {} are configured: stale ones count against the majority", group.sentinels.len());
        problems.add(Severity::Warning, name, None, text);
    }
    if view.quorum_ok == Some(false) && !flag("o_down") {
        problems.add(Severity::Critical, name, None, format!("no quorum: {}", view.quorum_text));
    }
}

/// Sentinels that may be able to act, and that we cannot see: they refuse us, or have not answered yet.
pub(super) fn unseen_sentinels(group: &RedisGroup, now: Millis) -> usize {
    let gone = |link: &LinkState<'_>| matches!(link, LinkState::Is(Link::Down(_) | Link::Hung | Link::Refused(_) | Link::StartingUp(_), _));
    group.sentinels.iter().filter(|s| !s.is_fresh(now) && (s.view.is_none() || !gone(&s.link_state(now)))).count()
}

/// Whether the Sentinels agree.
fn agreement(model: &Model, problems: &mut Problems) {
    let (group, now) = (&model.redis, model.now);
    let part: Name = "Sentinel".into();
    let able = group.fresh_views(now).filter(|view| !view.tilt).count();
    let (total, majority) = (group.sentinels.len(), group.sentinels.len() / 2 + 1);
    let unseen = unseen_sentinels(group, now);
    if able + unseen < majority {
        let text = format!("{able} of {total} Sentinels can act, {majority} are needed: no failover");
        problems.add(Severity::Critical, &part, None, text);
    } else if able < majority {
        let text = format!("{able} of {total} Sentinels seen: whether Redis can fail over is not known");
        problems.add(Severity::Unknown, &part, None, text);
    }
    let named: Vec<_> = group.fresh_views(now).filter_map(|view| view.master.as_ref()).collect();
    let Some(first) = named.first() else { return };
    if named.iter().any(|m| !same_instance(group, (&m.host, m.port), (&first.host, first.port))) {
        // The others hear of a new master about a second after the leader.
        let moving = named.iter().any(|m| m.flags.iter().any(|flag| flag == "failover_in_progress"));
        let severity = if moving { Severity::Warning } else { Severity::Critical };
        problems.add(severity, &part, None, format!("the Sentinels disagree about who is master: {}", votes(group, &named)));
    } else if known(&named).any(|m| known(&named).any(|other| m.epoch != other.epoch)) {
        problems.add(Severity::Notice, &part, None, "the Sentinels differ in the configuration epoch");
    }
    if known(&named).any(|m| known(&named).any(|other| m.quorum != other.quorum)) {
        problems.add(Severity::Warning, &part, None, "the Sentinels are configured with different quorums");
    }
}

/// Those that tell their quorum and epoch: without the right to SENTINEL MASTER both are hidden and come as 0.
fn known<'a>(named: &'a [&SentinelMaster]) -> impl Iterator<Item = &'a SentinelMaster> {
    named.iter().copied().filter(|m| m.quorum > 0)
}

/// Who is named by how many: `2 say redis-0, 1 says redis-1`.
fn votes(group: &RedisGroup, named: &[&SentinelMaster]) -> String {
    let called = |m: &SentinelMaster| group.node_at(&m.host, m.port).map_or_else(|| format!("{}:{}", m.host, m.port), ToString::to_string);
    let mut votes: BTreeMap<String, usize> = BTreeMap::new();
    named.iter().for_each(|master| *votes.entry(called(master)).or_default() += 1);
    let said = |(name, count): (&String, &usize)| format!("{count} {} {name}", if *count == 1 { "says" } else { "say" });
    votes.iter().map(said).collect::<Vec<_>>().join(", ")
}
