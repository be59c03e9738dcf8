//! The diagram as rows of boxes, from top to bottom: how the arrows move, and in which order the view draws.

use crate::event::Name;
use crate::keymap::Intent;
use crate::model::Model;

/// A box of the diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A PostgreSQL server.
    Postgres(Name),
    /// A Redis data node.
    Redis(Name),
    /// A Sentinel.
    Sentinel(Name),
}

/// The rows: those that take writes, those that follow them, those that watch.
pub fn rows(model: &Model) -> Vec<Vec<Node>> {
    let (pg, redis, now) = (&model.postgres, &model.redis, model.now);
    let postgres = |name: &Name| Node::Postgres(name.clone());
    let node = |name: &Name| Node::Redis(name.clone());
    let writers = pg.primary(now).map(|s| postgres(&s.name)).into_iter().chain(redis.master(now).map(|n| node(&n.name))).collect();
    let followers = pg.others(now).map(|s| postgres(&s.name)).chain(redis.others(now).map(|n| node(&n.name))).collect();
    let sentinels = redis.sentinels.iter().map(|s| Node::Sentinel(s.name.clone())).collect();
    let mut rows: Vec<Vec<Node>> = vec![writers, followers, sentinels];
    rows.retain(|row| !row.is_empty());
    rows
}

/// Whether the box is still part of the stack.
pub fn exists(model: &Model, node: &Node) -> bool {
    match node {
        Node::Postgres(name) => model.postgres.server(name).is_some(),
        Node::Redis(name) => model.redis.node(name).is_some(),
        Node::Sentinel(name) => model.redis.sentinel(name).is_some(),
    }
}

/// The box that an intent leads to; from nowhere it leads to the first one.
pub fn walk(rows: &[Vec<Node>], from: Option<&Node>, intent: Intent) -> Option<Node> {
    let flat = || rows.iter().flatten();
    let place = from.and_then(|node| rows.iter().enumerate().find_map(|(r, row)| row.iter().position(|n| n == node).map(|c| (r, c))));
    let Some((row, column)) = place else { return flat().next().cloned() };
    let here = rows.get(row)?;
    let index = rows.iter().take(row).map(Vec::len).sum::<usize>() + column;
    let total = flat().count();
    let found = match intent {
        Intent::Left => here.get(column.saturating_sub(1)),
        Intent::Right => here.get((column + 1).min(here.len() - 1)),
        Intent::Up => across(rows.get(row.wrapping_sub(1)), column, here.len()),
        Intent::Down => across(rows.get(row + 1), column, here.len()),
        Intent::Next => flat().nth((index + 1) % total),
        Intent::Previous => flat().nth((index + total - 1) % total),
        _ => from,
    };
    found.or(from).cloned()
}

/// The box of another row on the same side: rows differ in length, and the eye keeps to its side.
fn across(target: Option<&Vec<Node>>, column: usize, length: usize) -> Option<&Node> {
    let target = target?;
    let position = (2 * column + 1) * target.len() / (2 * length.max(1));
    target.get(position.min(target.len().saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Vec<Vec<Node>> {
        let pg = |n: &str| Node::Postgres(n.into());
        let redis = |n: &str| Node::Redis(n.into());
        let sentinel = |n: &str| Node::Sentinel(n.into());
        vec![
            vec![pg("p0"), redis("r1")],
            vec![pg("p1"), pg("p2"), redis("r0"), redis("r2")],
            vec![sentinel("s0"), sentinel("s1"), sentinel("s2")],
        ]
    }

    #[test]
    fn arrows_follow_the_diagram() {
        let grid = grid();
        let mut at = None;
        for (intent, expected) in [
            (Intent::Down, "p0"),
            (Intent::Down, "p2"),
            (Intent::Left, "p1"),
            (Intent::Left, "p1"),
            (Intent::Up, "p0"),
            (Intent::Right, "r1"),
            (Intent::Down, "r2"),
            (Intent::Down, "s2"),
            (Intent::Next, "p0"),
            (Intent::Previous, "s2"),
        ] {
            at = walk(&grid, at.as_ref(), intent);
            let name = match at.as_ref().unwrap() {
                Node::Postgres(n) | Node::Redis(n) | Node::Sentinel(n) => n.to_string(),
            };
            assert_eq!(name, expected, "{intent:?}");
        }
    }

    #[test]
    fn tab_visits_every_box_once() {
        let grid = grid();
        let mut at = walk(&grid, None, Intent::Next);
        let first = at.clone();
        let mut steps = 0;
        loop {
            at = walk(&grid, at.as_ref(), Intent::Next);
            steps += 1;
            if at == first {
                break;
            }
        }
        assert_eq!(steps, 9);
    }

    #[test]
    fn an_empty_diagram_has_nothing_in_focus() {
        assert_eq!(walk(&[], None, Intent::Down), None);
    }
}
