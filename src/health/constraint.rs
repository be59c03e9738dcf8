//! The binding constraint: what one more failure would cost, of the part that has the least left.

use super::postgres::{missing_synchronous, streaming};
use super::redis::unseen_sentinels;
use crate::model::{Model, ReplicaState, Replication};

/// How much redundancy is left of one part, and the sentence for it.
struct Left {
    spare: usize,
    sentence: String,
}

/// One sentence about the part that has the least redundancy left.
pub(super) fn sentence(model: &Model) -> String {
    let parts = [postgres(model), redis(model), sentinel(model)];
    let worst = parts.into_iter().flatten().min_by_key(|left| left.spare);
    worst.map(|left| left.sentence).unwrap_or_default()
}

fn postgres(model: &Model) -> Option<Left> {
    let (cluster, now) = (&model.postgres, model.now);
    if cluster.servers.is_empty() {
        return None;
    }
    if cluster.fresh_primaries(now).count() > 1 {
        return Some(Left { spare: 0, sentence: "PostgreSQL has two primaries: what is written to one of them will be lost".to_owned() });
    }
    if cluster.fresh_primaries(now).next().is_none() {
        return Some(Left { spare: 0, sentence: "PostgreSQL: no primary is seen; whether writes go on is not known".to_owned() });
    }
    if cluster.fresh_primaries(now).any(|p| missing_synchronous(p) > 0) {
        return Some(Left { spare: 0, sentence: "PostgreSQL: commits wait, because a synchronous standby is missing".to_owned() });
    }
    let listed = cluster.primary(now).map_or(0, streaming);
    let states: Vec<_> =
        cluster.servers.iter().filter(|s| s.is_fresh(now)).filter_map(|s| cluster.lag(s, now)).map(|lag| lag.state).collect();
    let following = states.iter().filter(|state| state.follows()).count();
    let sentence = match following {
        0 if states.contains(&Replication::NoPermission) => {
            "PostgreSQL: whether a standby follows cannot be seen; a loss of the primary may lose data".to_owned()
        }
        0 if listed > 0 => format!("PostgreSQL: {listed} standbys stream, but none can be seen from here"),
        0 => "If the PostgreSQL primary fails: no standby can take over, data may be lost".to_owned(),
        1 => "If one more PostgreSQL instance fails: no standby is left (RPO at risk)".to_owned(),
        n => format!("PostgreSQL can lose {} of {n} standbys and still have one to promote", n - 1),
    };
    Some(Left { spare: following, sentence })
}

fn redis(model: &Model) -> Option<Left> {
    let (group, now) = (&model.redis, model.now);
    if group.nodes.is_empty() {
        return None;
    }
    if group.fresh_masters(now).count() > 1 {
        return Some(Left { spare: 0, sentence: "Redis has two masters: what is written to one of them will be lost".to_owned() });
    }
    if group.fresh_masters(now).next().is_none() {
        return Some(Left { spare: 0, sentence: "Redis: no master is seen; whether writes go on is not known".to_owned() });
    }
    let online = group.nodes.iter().filter_map(|n| group.lag(n, now)).filter(|lag| lag.state == ReplicaState::Online).count();
    let sentence = match online {
        0 => "If the Redis master fails: no replica can take over, data may be lost".to_owned(),
        1 => "If one more Redis instance fails: no replica is left to fail over to".to_owned(),
        n => format!("Redis can lose {} of {n} replicas and still fail over", n - 1),
    };
    Some(Left { spare: online, sentence })
}

fn sentinel(model: &Model) -> Option<Left> {
    let (group, now) = (&model.redis, model.now);
    let total = group.sentinels.len();
    if total == 0 {
        return None;
    }
    if group.fresh_views(now).count() > 0 && group.fresh_views(now).all(|view| view.master.is_none()) {
        let sentence = format!("No Sentinel knows a master called {}: whether Redis can fail over is not known", group.master_name);
        return Some(Left { spare: 0, sentence });
    }
    let able = group.fresh_views(now).filter(|view| !view.tilt && view.master.is_some()).count();
    let majority = total / 2 + 1;
    let sentence = match able.checked_sub(majority) {
        None if able + unseen_sentinels(group, now) >= majority => {
            format!("{able} of {total} Sentinels can be seen: whether Redis can fail over is not known")
        }
        None => format!("Redis cannot fail over: {able} of {total} Sentinels can act, {majority} are needed"),
        Some(0) => "If one more Sentinel fails: no majority is left, Redis cannot fail over".to_owned(),
        Some(n) => format!("{n} of {total} Sentinels may fail before Redis cannot fail over"),
    };
    // One that may fail is what three Sentinels are for; it binds only when nothing else does.
    Some(Left { spare: able.saturating_sub(majority).saturating_mul(2), sentence })
}
