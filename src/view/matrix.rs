//! Instances side by side: a column for each, rows in groups with captions. Each group knows how fresh what it shows is: what is
//! stale says its age, what was never seen says so, and neither is ever a zero. Draws a part of the rows when not all fit.

use super::context::Context;
use super::words;
use crate::event::{Feed, Millis};
use crate::health::Severity;
use crate::model::{Freshness, LinkState, Observed, fresh_for};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

mod draw;
pub use draw::{draw, flow, halves, within};

/// Least width of an instance's column; with less, fewer instances are shown.
pub const LEAST_CELL: u16 = 18;

/// More than that would put a value far from its neighbours.
const MOST_CELL: u16 = 46;

/// What stands where a row meets a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Does not apply. A row that applies to nobody is left out.
    Blank,
    /// Words or figures.
    Text(Line<'static>),
    /// The same with a fraction of one as a bar, where there is room.
    Bar(Line<'static>, f64),
    /// A figure over time, oldest first, and the value that the full height stands for at least.
    Spark(Vec<Option<f64>>, f64),
}

impl Cell {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Cell {
        Cell::Text(Line::raw(text.into()))
    }

    /// Text with a meaning.
    pub fn styled(text: impl Into<String>, style: Style) -> Cell {
        Cell::Text(Line::styled(text.into(), style))
    }

    /// Not seen yet.
    pub fn not_yet(context: &Context<'_>) -> Cell {
        Cell::styled(context.theme.glyphs.ellipsis, context.theme.muted)
    }

    /// A right is missing.
    pub fn forbidden(context: &Context<'_>) -> Cell {
        Cell::styled("no permission", context.theme.unknown)
    }

    /// The text of a known value; else not seen yet.
    pub fn known<V>(context: &Context<'_>, value: Option<V>, text: impl Fn(V) -> String) -> Cell {
        value.map_or_else(|| Cell::not_yet(context), |value| Cell::text(text(value)))
    }

    fn is_in(&self, style: Style) -> bool {
        matches!(self, Cell::Text(line) if line.style == style)
    }

    /// The whole in one style, whatever it was before.
    pub fn restyled(self, style: Style) -> Cell {
        let plain = |line: Line<'static>| Line::from(line.to_string()).style(style);
        match self {
            Cell::Text(line) => Cell::Text(plain(line)),
            Cell::Bar(line, fraction) => Cell::Bar(plain(line), fraction),
            other => other,
        }
    }
}

/// Where the cells of a row stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    caption: u16,
    cell: u16,
}

impl Layout {
    fn caption_of(width: u16) -> u16 {
        (width * 2 / 9).clamp(8, 19)
    }

    /// How many columns fit into a width; at least one.
    pub fn fit(width: u16) -> usize {
        usize::from((width.saturating_sub(Layout::caption_of(width)) / LEAST_CELL).max(1))
    }

    fn of(width: u16, columns: usize) -> Layout {
        let caption = Layout::caption_of(width);
        let cell = width.saturating_sub(caption) / u16::try_from(columns.max(1)).unwrap_or(u16::MAX);
        Layout { caption, cell: cell.min(MOST_CELL) }
    }
}

/// A line of the drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    layout: Layout,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    /// Names of the columns; whether one is in focus. Stays in sight while its rows are scrolled.
    Header(Line<'static>, Vec<(Line<'static>, bool)>),
    /// Caption of a group, and the age of what is stale.
    Group(&'static str, Vec<Line<'static>>),
    /// A caption and its values.
    Values(&'static str, Vec<Cell>),
    /// A line over the whole width.
    Free(Line<'static>),
}

impl Row {
    /// A line over the whole width.
    pub fn free(line: impl Into<Line<'static>>) -> Row {
        Row { layout: Layout { caption: 0, cell: 0 }, kind: Kind::Free(line.into()) }
    }
}

/// Which instances are shown when not all of them fit: those around the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Left of those shown.
    pub before: usize,
    /// Shown.
    pub shown: usize,
    /// Right of those shown.
    pub after: usize,
}

impl Window {
    /// Of `total` the `fit` around `focus`.
    pub fn around(total: usize, focus: usize, fit: usize) -> Window {
        let shown = fit.max(1).min(total);
        let before = focus.saturating_sub(shown / 2).min(total - shown);
        Window { before, shown, after: total - shown - before }
    }

    /// `◂ 1 more  2 more ▸`, or nothing when all are shown.
    pub fn words(&self, context: &Context<'_>) -> String {
        let glyphs = context.theme.glyphs;
        let left = (self.before > 0).then(|| format!("{} {} more", glyphs.left, self.before));
        let right = (self.after > 0).then(|| format!("{} more {}", self.after, glyphs.right));
        left.into_iter().chain(right).collect::<Vec<_>>().join("  ")
    }
}

/// Builds the rows for some instances.
pub struct Matrix<'a, T> {
    context: &'a Context<'a>,
    layout: Layout,
    shown: Vec<&'a T>,
    rows: Vec<Row>,
}

impl<'a, T> Matrix<'a, T> {
    /// For these instances in this width, without rows yet.
    pub fn new(context: &'a Context<'a>, all: &'a [T], window: Window, width: u16) -> Matrix<'a, T> {
        let shown: Vec<&T> = all.iter().skip(window.before).take(window.shown).collect();
        Matrix { context, layout: Layout::of(width, shown.len()), shown, rows: Vec::new() }
    }

    /// The rows.
    pub fn rows(self) -> Vec<Row> {
        self.rows
    }

    /// Adds the names of the columns, each with whether it is in focus.
    pub fn header(&mut self, title: impl Into<Line<'static>>, name: impl Fn(&'a T) -> (Line<'static>, bool)) {
        let names = self.shown.iter().map(|instance| name(instance)).collect();
        self.push(Kind::Header(title.into(), names));
    }

    /// Adds a row that knows by itself how fresh it is; one that applies to nobody is left out.
    pub fn row(&mut self, caption: &'static str, cell: impl Fn(&'a T) -> Cell) {
        let cells: Vec<Cell> = self.shown.iter().map(|instance| cell(instance)).collect();
        if cells.iter().any(|cell| *cell != Cell::Blank) {
            self.push(Kind::Values(caption, cells));
        }
    }

    /// Adds the caption of a group that shows what `feed` brought over `link`, and gives the group to add rows to.
    pub fn group<V>(
        &mut self,
        caption: &'static str,
        feed: Feed,
        link: impl Fn(&'a T) -> LinkState<'a>,
        observed: impl Fn(&'a T) -> Option<&'a Observed<V>>,
    ) -> Group<'_, 'a, T, V> {
        let (context, limit) = (self.context, fresh_for(feed));
        let seen: Vec<_> = self.shown.iter().map(|i| Seen::of(context, &link(i), observed(i), limit)).collect();
        let note = |seen: &Seen<'a, V>| match seen {
            Seen::Stale(_, at) => Line::styled(format!("{} {} old", context.theme.glyphs.unknown, context.age(*at)), context.theme.stale),
            Seen::Never(Cell::Text(words)) => words.clone(),
            _ => Line::default(),
        };
        let notes: Vec<Line<'static>> = seen.iter().map(note).collect();
        // A group without a caption goes on with the one before it.
        if !caption.is_empty() || seen.iter().any(|seen| matches!(seen, Seen::Stale(..))) {
            self.push(Kind::Group(caption, notes));
        }
        Group { matrix: self, seen }
    }

    fn push(&mut self, kind: Kind) {
        self.rows.push(Row { layout: self.layout, kind });
    }
}

/// What is known of one instance.
enum Seen<'a, V> {
    Fresh(&'a V),
    Stale(&'a V, Millis),
    Never(Cell),
}

impl<'a, V> Seen<'a, V> {
    fn of(context: &Context<'_>, link: &LinkState<'_>, observed: Option<&'a Observed<V>>, limit: Millis) -> Seen<'a, V> {
        use crate::event::Link::{NoPermission, Unauthorised};
        match observed {
            Some(observed) if link.answers() && observed.freshness(context.now(), limit) == Freshness::Fresh => {
                Seen::Fresh(&observed.value)
            }
            Some(observed) => Seen::Stale(&observed.value, observed.at),
            None if matches!(link, LinkState::Is(NoPermission(_) | Unauthorised(_), _)) => Seen::Never(Cell::forbidden(context)),
            None => Seen::Never(Cell::not_yet(context)),
        }
    }
}

/// Rows that show what one feed brought.
pub struct Group<'m, 'a, T, V> {
    matrix: &'m mut Matrix<'a, T>,
    seen: Vec<Seen<'a, V>>,
}

impl<'a, T, V> Group<'_, 'a, T, V> {
    /// Adds a row.
    pub fn row(&mut self, caption: &'static str, cell: impl Fn(&'a T, &'a V) -> Cell) -> &mut Self {
        let cells = self.cells(cell);
        self.values(caption, cells);
        self
    }

    /// Adds rows for things of which each instance has its own number, such as slots: the first of each, the second of each, …;
    /// `none` stands where there are none. At most `most` rows.
    pub fn list<I: 'a>(
        &mut self,
        caption: &'static str,
        most: usize,
        things: impl Fn(&'a V) -> &'a [I],
        none: impl Fn(&'a V) -> Cell,
        cell: impl Fn(&'a I) -> Cell,
    ) {
        let count = |seen: &Seen<'a, V>| match seen {
            Seen::Fresh(value) | Seen::Stale(value, _) => things(value).len(),
            Seen::Never(_) => 0,
        };
        let longest = self.seen.iter().map(count).max().unwrap_or(0);
        for index in 0..longest.clamp(1, most) {
            self.row(if index == 0 { caption } else { "" }, |_, value| match things(value) {
                [] if index == 0 => none(value),
                all if index + 1 == most && all.len() > most => Cell::text(format!("and {} more", all.len() - index)),
                all => all.get(index).map_or(Cell::Blank, &cell),
            });
        }
    }

    /// Adds a row of values that should be the same everywhere: a fresh and known one that most of these
    /// do not share is marked.
    pub fn alike(&mut self, caption: &'static str, severity: Severity, cell: impl Fn(&'a T, &'a V) -> Cell) -> &mut Self {
        let context = self.matrix.context;
        let cells = self.cells(cell);
        let told = |(cell, seen): (&Cell, &Seen<'a, V>)| match (cell, seen) {
            (Cell::Text(line), Seen::Fresh(_)) if line.style != context.theme.unknown => Some(line.to_string()),
            _ => None,
        };
        let texts: Vec<Option<String>> = cells.iter().zip(&self.seen).map(told).collect();
        let fresh = texts.iter().flatten().count();
        let mark = |(cell, text): (Cell, &Option<String>)| {
            let Some(text) = text else { return cell };
            let same = texts.iter().flatten().filter(|other| *other == text).count();
            let style = if cell.is_in(context.theme.critical) { context.theme.critical } else { context.style(severity) };
            if 2 * same > fresh { cell } else { Cell::styled(format!("{} {text}", context.sign(severity)), style) }
        };
        let cells = cells.into_iter().zip(&texts).map(mark).collect();
        self.values(caption, cells);
        self
    }

    /// Where nothing is seen of anybody the caption says so once; a row that applies to nobody who is seen is left out.
    fn values(&mut self, caption: &'static str, cells: Vec<Cell>) {
        let known = cells.iter().zip(&self.seen).filter(|(_, seen)| !matches!(seen, Seen::Never(_)));
        if known.into_iter().any(|(cell, _)| *cell != Cell::Blank) {
            self.matrix.push(Kind::Values(caption, cells));
        }
    }

    fn cells(&self, cell: impl Fn(&'a T, &'a V) -> Cell) -> Vec<Cell> {
        let stale = self.matrix.context.theme.stale;
        let one = |(instance, seen): (&&'a T, &Seen<'a, V>)| match seen {
            Seen::Fresh(value) => cell(instance, value),
            Seen::Stale(value, _) => cell(instance, value).restyled(stale),
            Seen::Never(words) => words.clone(),
        };
        self.matrix.shown.iter().zip(&self.seen).map(one).collect()
    }
}

/// What is wrong with a part or its instances, the worst first, as lines for the top of a view; at most `most`.
pub fn problems(context: &Context<'_>, concerns: impl Fn(&str) -> bool, most: usize) -> Vec<Row> {
    let wrong = || context.health().problems.iter().filter(|p| p.severity >= Severity::Warning && concerns(&p.subject));
    let line = |p: &crate::health::Problem| {
        let sign = Span::styled(format!("{} ", context.sign(p.severity)), context.style(p.severity));
        // Health knows no glyphs.
        let text = p.text.replace('≥', context.theme.glyphs.at_least);
        Row::free(vec![sign, Span::styled(format!("{}  ", p.subject), context.theme.title), Span::raw(text)])
    };
    // One more takes no more room than saying so.
    let most = if wrong().count() == most + 1 { most + 1 } else { most };
    let more = wrong().count().saturating_sub(most);
    let rest = (more > 0).then(|| Row::free(Line::styled(format!("  and {}", words::more(more)), context.theme.muted)));
    wrong().take(most).map(line).chain(rest).collect()
}

impl From<Vec<Span<'static>>> for Cell {
    fn from(spans: Vec<Span<'static>>) -> Cell {
        Cell::Text(Line::from(spans))
    }
}

#[cfg(test)]
pub(in crate::view) mod tests;
