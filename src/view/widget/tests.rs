//! What the pieces look like, and the laws that hold for all of them at any place and size.

use super::*;
use crate::theme::{Depth, Glyphs};
use proptest::prelude::*;
use ratatui::style::{Color, Modifier};
use ratatui::text::Span;

fn theme(glyphs: &'static Glyphs) -> Theme {
    Theme::load("dark", Depth::True, glyphs).unwrap()
}

/// What a drawing looks like in an empty area, spaces at the ends of lines left out.
fn drawn(width: u16, height: u16, glyphs: &'static Glyphs, draw: impl Fn(&mut Buffer, Rect, &Theme)) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    draw(&mut buf, area, &theme(glyphs));
    let rows = (0..height).map(|y| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned());
    rows.collect::<Vec<_>>().join("\n")
}

fn unicode(width: u16, height: u16, draw: impl Fn(&mut Buffer, Rect, &Theme)) -> String {
    drawn(width, height, &Glyphs::UNICODE, draw)
}

fn written(width: u16, line: &str) -> String {
    unicode(30, 1, |buf, _, theme| _ = text(buf, 0, 0, width, line, Style::new(), theme))
}

#[test]
fn text_is_cut_with_an_ellipsis_by_cells() {
    assert_eq!(written(10, "postgres-0"), "postgres-0");
    assert_eq!(written(9, "postgres-0"), "postgres…");
    assert_eq!(written(1, "postgres-0"), "…");
    assert_eq!(written(0, "postgres-0"), "");
    assert_eq!(written(6, "日本語"), "日 本 語");
    assert_eq!(written(5, "日本語"), "日 本 …");
    assert_eq!(written(4, "日本語"), "日 …");
    assert_eq!(written(30, "a\u{1b}[31mb\nc\u{202e}d"), "a[31mbcd", "nothing that a server says reaches the terminal as control");
    assert_eq!(written(40, "a text longer than the whole buffer"), "a text longer than the whole …");
}

#[test]
fn text_returns_the_column_after_it_and_keeps_the_styles_of_spans() {
    let theme = theme(&Glyphs::UNICODE);
    let mut buf = Buffer::empty(Rect::new(0, 0, 20, 1));
    let line = Line::from(vec!["lag ".into(), Span::styled("14 s", theme.warning)]);
    assert_eq!(text(&mut buf, 2, 0, 18, line.clone(), theme.muted, &theme), 10);
    assert_eq!((buf[(2, 0)].fg, buf[(6, 0)].fg), (theme.muted.fg.unwrap(), theme.warning.fg.unwrap()));
    assert_eq!(text(&mut buf, 2, 0, 6, line, theme.muted, &theme), 8);
    assert_eq!(text(&mut buf, 25, 0, 6, "out", theme.muted, &theme), 25);
}

#[test]
fn frames_have_titles_that_give_way() {
    let framed =
        |width| unicode(width, 3, |buf, area, theme| _ = frame(buf, area, "Problems", Line::from("1 critical"), theme.border, theme));
    insta::assert_snapshot!(framed(26), @"
    ┌ Problems ── 1 critical ┐
    │                        │
    └────────────────────────┘
    ");
    insta::assert_snapshot!(framed(24), @"
    ┌ Problems ────────────┐
    │                      │
    └──────────────────────┘
    ");
    insta::assert_snapshot!(framed(9), @"
    ┌ Probl…┐
    │       │
    └───────┘
    ");
    insta::assert_snapshot!(framed(2), @"
    ┌┐
    ││
    └┘
    ");
    assert_eq!(framed(1).trim(), "");
}

fn diagram(buf: &mut Buffer, area: Rect, theme: &Theme) {
    let (a, b, c) = (Rect::new(8, 0, 13, 3), Rect::new(0, 6, 13, 3), Rect::new(16, 6, 13, 3));
    for (area, name) in [(a, "postgres-0"), (b, "postgres-1"), (c, "postgres-2")] {
        let inner = frame(buf, area, "", "", theme.border, theme);
        text(buf, inner.x, inner.y, inner.width, name, theme.text, theme);
    }
    wire(buf, area, &[(14, 2), (14, 4), (6, 4), (6, 6)], Wire::Whole, theme.border, theme);
    wire(buf, area, &[(14, 4), (22, 4), (22, 6)], Wire::Broken, theme.critical, theme);
}

#[test]
fn wires_join_frames_and_each_other() {
    insta::assert_snapshot!(unicode(29, 9, diagram), @"
            ┌───────────┐
            │postgres-0 │
            └─────┬─────┘
                  │
          ┌───────┴╌╌╌╌╌╌╌┐
          │               ╎
    ┌─────┴─────┐   ┌─────┴─────┐
    │postgres-1 │   │postgres-2 │
    └───────────┘   └───────────┘
    ");
    insta::assert_snapshot!(drawn(29, 9, &Glyphs::ASCII, diagram), @"
            +-----------+
            |postgres-0 |
            +-----+-----+
                  |
          +-------+.......+
          |               :
    +-----+-----+   +-----+-----+
    |postgres-1 |   |postgres-2 |
    +-----------+   +-----------+
    ");
}

#[test]
fn what_is_written_over_a_line_keeps_nothing_of_it() {
    let theme = Theme::load("mono", Depth::True, &Glyphs::UNICODE).unwrap();
    let area = Rect::new(0, 0, 12, 3);
    let mut buf = Buffer::empty(area);
    frame(&mut buf, area, "A", Line::from(Span::styled("x", theme.critical)), theme.critical, &theme);
    assert_eq!(buf[(0, 0)].modifier, Modifier::BOLD, "a reversed line would be a block");
    assert_eq!(buf[(2, 0)].modifier, Modifier::BOLD);
    assert_eq!(buf[(9, 0)].modifier, Modifier::BOLD | Modifier::REVERSED);
    text(&mut buf, 9, 0, 1, "y", theme.text, &theme);
    assert_eq!(buf[(9, 0)].modifier, Modifier::empty());
}

#[test]
fn a_divider_joins_the_sides_of_its_frame() {
    insta::assert_snapshot!(unicode(14, 5, |buf, area, theme| {
        frame(buf, area, "A", "", theme.border, theme);
        divider(buf, area, 2, "Zones", theme.border, theme);
    }), @"
    ┌ A ─────────┐
    │            │
    ├ Zones ─────┤
    │            │
    └────────────┘
    ");
}

#[test]
fn a_sparkline_ends_at_the_right_and_keeps_its_gaps() {
    let series = [Some(9.0), Some(0.0), None, Some(1.0), Some(2.0), Some(4.0), Some(f64::NAN), Some(8.0)];
    let lines = |width, height, full| unicode(width, height, |buf, area, theme| sparkline(buf, area, &series, full, theme.graph, theme));
    assert_eq!(lines(7, 1, 0.0), "▁ ▂▃▅ █");
    assert_eq!(lines(9, 1, 0.0), " █▁ ▂▃▄ ▇");
    assert_eq!(lines(7, 1, 100.0), "▁ ▁▁▁ ▂");
    assert_eq!(lines(7, 2, 0.0), "    ▁ █\n▁ ▃▅█ █");
}

#[test]
fn bars_show_anything_above_nothing_and_less_than_all() {
    let filled = |fraction| unicode(4, 1, |buf, _, theme| bar(buf, 0, 0, 4, fraction, theme.graph, theme));
    let shown = [0.0, 0.001, 0.5, 0.53, 0.999, 1.0, 7.0, -1.0, f64::NAN].map(filled);
    assert_eq!(shown, ["····", "▏···", "██··", "██▏·", "███▉", "████", "████", "····", "····"]);
}

fn table(buf: &mut Buffer, area: Rect, theme: &Theme) {
    let column = |header, min, max, priority, align| Column { header, min, max, priority, align };
    let specs = [
        column("name", 6, 12, 9, Align::Left),
        column("role", 4, 10, 3, Align::Left),
        column("lag", 6, 6, 5, Align::Right),
        column("retained WAL", 7, 12, 1, Align::Right),
    ];
    let row = |cells: [&'static str; 4]| cells.into_iter().map(Line::from).collect::<Vec<_>>();
    let rows = [
        row(["postgres-0", "primary", "", "0 B"]),
        row(["postgres-1", "standby", "0.1 s", "12 MB"]),
        vec!["postgres-2-with-a-long-name".into()],
    ];
    columns(buf, area, &specs, &rows, 0, Some(1), theme);
}

#[test]
fn a_table_drops_what_matters_least() {
    insta::assert_snapshot!(unicode(50, 4, table), @"
    name          role        lag  retained WAL
    postgres-0    primary                   0 B
    postgres-1    standby   0.1 s         12 MB
    postgres-2-…
    ");
    insta::assert_snapshot!(unicode(28, 4, table), @"
    name         role        lag
    postgres-0   primary
    postgres-1   standby   0.1 s
    postgres-2…
    ");
    insta::assert_snapshot!(unicode(15, 3, table), @"
    name        lag
    postgr…
    postgr…   0.1 s
    ");
    assert_eq!(unicode(4, 2, table), "name\npos…");
}

#[test]
fn the_selected_row_is_marked_over_its_whole_width() {
    let theme = theme(&Glyphs::UNICODE);
    let area = Rect::new(0, 0, 50, 4);
    let mut buf = Buffer::empty(area);
    table(&mut buf, area, &theme);
    assert!((0..50).all(|x| Some(buf[(x, 2)].bg) == theme.selection.bg && buf[(x, 2)].modifier.contains(Modifier::BOLD)));
    assert!((0..50).all(|x| buf[(x, 1)].bg == Color::Reset));
}

#[test]
fn scrolling_follows_the_selection_and_leaves_no_hole() {
    assert_eq!(scroll(0, Some(4), 10, 5), 0);
    assert_eq!(scroll(0, Some(5), 10, 5), 1);
    assert_eq!(scroll(7, Some(2), 10, 5), 2);
    assert_eq!(scroll(8, None, 10, 5), 5);
    assert_eq!(scroll(3, Some(0), 1, 0), 0);
}

proptest! {
    #[test]
    fn nothing_is_ever_drawn_outside_its_area(
        x in 0..70u16, y in 0..26u16, width in 0..=60u16, height in 0..=20u16,
        words in "[a-z日本é\u{301}\u{1b}\u{200d}👍 ]{0,40}", figures in prop::collection::vec(prop::option::of(any::<f64>()), 0..80),
        fraction: f64, corners in prop::collection::vec((0..80u16, 0..30u16), 0..6), offset in 0..5usize, ascii: bool,
    ) {
        let theme = theme(if ascii { &Glyphs::ASCII } else { &Glyphs::UNICODE });
        let area = Rect { x, y, width, height };
        let row = Rect { height: height.min(1), ..area };
        let specs = [("a", 3, 9, 1, Align::Left), ("header", 0, 40, 1, Align::Right), ("last", 5, 5, 0, Align::Right)]
            .map(|(header, min, max, priority, align)| Column { header, min, max, priority, align });
        let rows: Vec<Vec<Line<'_>>> = (0..4).map(|cells| vec![Line::from(words.as_str()); cells]).collect();
        let style = theme.critical;
        type Draw<'a> = (Rect, &'a dyn Fn(&mut Buffer));
        let drawings: [Draw<'_>; 8] = [
            (row, &|buf| _ = text(buf, x, y, if height == 0 { 0 } else { width }, words.as_str(), style, &theme)),
            (area, &|buf| {
                let inner = frame(buf, area, words.as_str(), "right", style, &theme);
                assert!(inner.is_empty() || area.intersection(inner) == inner);
            }),
            (area, &|buf| divider(buf, area, y.saturating_add(2), words.as_str(), style, &theme)),
            (area, &|buf| clear(buf, area)),
            (area, &|buf| sparkline(buf, area, &figures, 0.0, style, &theme)),
            (row, &|buf| bar(buf, x, y, if height == 0 { 0 } else { width }, fraction, style, &theme)),
            (area, &|buf| columns(buf, area, &specs, &rows, offset, Some(1), &theme)),
            (area, &|buf| wire(buf, area, &corners, Wire::Broken, style, &theme)),
        ];
        for (index, (allowed, draw)) in drawings.iter().enumerate() {
            let before = Buffer::filled(Rect::new(0, 0, 64, 24), ratatui::buffer::Cell::new("x"));
            let mut buf = before.clone();
            draw(&mut buf);
            for position in before.area.positions().filter(|position| !allowed.contains(*position)) {
                prop_assert_eq!(&buf[position], &before[position], "drawing {} at {:?}", index, position);
            }
        }
    }
}

#[test]
fn text_is_broken_between_words() {
    assert_eq!(wrap("a cut-off master goes on", 10), ["a cut-off", "master", "goes on"]);
    assert_eq!(wrap("unbreakable words", 4), ["unbreakable", "words"]);
    assert_eq!(wrap("", 4), [""]);
}
