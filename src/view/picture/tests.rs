//! The document itself, piece by piece; that it also looks right was seen by eye.

use super::*;
use crate::theme::Depth;
use crate::view::widget::{Wire, bar, clear, divider, frame, sparkline, text, wire};
use ratatui::layout::Rect;
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};

fn theme(name: &str) -> Theme {
    Theme::load(name, Depth::True, &Glyphs::UNICODE).unwrap()
}

fn one_line(line: Line<'_>) -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, 24, 1));
    buf.set_line(0, 0, &line, 24);
    svg(&buf, &theme("dark"), "a <test>")
}

#[test]
fn a_document_has_its_shapes_below_its_text() {
    let line = Line::from(vec![
        "lag & more   ".into(),
        Span::raw("14 s").bg(ratatui::style::Color::Rgb(1, 2, 3)).bold().underlined(),
        " ✖".into(),
    ]);
    insta::assert_snapshot!(one_line(line), @r##"
    <svg xmlns="http://www.w3.org/2000/svg" width="240" height="42" viewBox="0 0 240 42" role="img">
    <title>a &lt;test&gt;</title>
    <rect width="240" height="42" rx="8" fill="#0d1117"/>
    <g transform="translate(12 12)">
    <g shape-rendering="crispEdges" stroke-linecap="square">
    <rect x="117" y="0" width="36" height="18" fill="#010203"/>
    <rect x="117" y="16" width="36" height="1" fill="#d7dde4"/>
    </g>
    <g font-family="'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,monospace" font-size="15" fill="#d7dde4">
    <text x="0" textLength="90" y="14">lag &amp; more</text>
    <text x="117" textLength="36" y="14" font-weight="bold">14 s</text>
    <text x="166.5" text-anchor="middle" y="14">✖</text>
    </g>
    </g>
    </svg>
    "##);
}

#[test]
fn wide_and_unusual_characters_stand_in_their_own_cells() {
    let out = one_line(Line::from("日本 é x"));
    assert!(out.contains(r#"<text x="9" text-anchor="middle" y="14">日</text>"#), "{out}");
    assert!(out.contains(r#"<text x="27" text-anchor="middle" y="14">本</text>"#), "{out}");
    assert!(out.contains(r#"<text x="49.5" text-anchor="middle" y="14">é</text>"#), "{out}");
    assert!(out.contains(r#"<text x="63" textLength="9" y="14">x</text>"#), "{out}");
}

#[test]
fn reversed_and_dim_are_worked_out() {
    let out = one_line(Line::from(vec![Span::raw("r").reversed(), Span::raw("d").dim()]));
    assert!(out.contains(r##"<rect x="0" y="0" width="9" height="18" fill="#d7dde4"/>"##), "{out}");
    assert!(out.contains(r##"y="14" fill="#0d1117">r</text>"##), "{out}");
    assert!(out.contains(r##"y="14" fill="#868b92">d</text>"##), "{out}");
}

#[test]
fn lines_that_touch_are_one_stroke() {
    let theme = theme("dark");
    let mut buf = Buffer::empty(Rect::new(0, 0, 4, 3));
    frame(&mut buf, Rect::new(0, 0, 4, 3), "", "", Style::new(), &theme);
    let out = svg(&buf, &theme, "");
    assert!(out.contains(r##"<path d="M4.5 9.5H31.5M4.5 45.5H31.5M4.5 9.5V45.5M31.5 9.5V45.5" stroke="#d7dde4"/>"##), "{out}");
    assert!(!out.contains("<text"), "{out}");
}

#[test]
fn what_xml_forbids_never_gets_in() {
    let mut buf = Buffer::empty(Rect::new(0, 0, 2, 1));
    buf[(0, 0)].set_symbol("<");
    buf[(1, 0)].set_symbol("é\u{7}");
    let out = svg(&buf, &theme("dark"), "\"\u{1b}&");
    assert!(out.contains("&lt;</text>") && out.contains("<title>&quot;\u{fffd}&amp;</title>") && !out.contains('\u{7}'), "{out}");
}

#[test]
fn the_same_screen_gives_the_same_picture() {
    let theme = theme("dark");
    let area = Rect::new(0, 0, 76, 22);
    let draw = || {
        let mut buf = Buffer::empty(area);
        clear(&mut buf, area);
        let title = Line::from(vec!["PostgreSQL ".into(), Span::styled("async", theme.muted)]);
        frame(&mut buf, area, title, Line::from(Span::styled("1 critical", theme.critical)), theme.border_focused, &theme);
        let boxes = [("postgres-0 primary", 20, 2), ("postgres-1 日本語", 4, 8), ("postgres-2", 40, 8)];
        for (name, x, y) in boxes {
            let inner = frame(&mut buf, Rect::new(x, y, 24, 3), "", "", theme.border, &theme);
            let x = text(&mut buf, inner.x + 1, inner.y, inner.width - 2, name, theme.text, &theme);
            text(&mut buf, x + 1, inner.y, 2, theme.glyphs.primary, theme.accent, &theme);
        }
        wire(&mut buf, area, &[(32, 4), (32, 6), (16, 6), (16, 8)], Wire::Whole, theme.border, &theme);
        wire(&mut buf, area, &[(32, 6), (52, 6), (52, 8)], Wire::Broken, theme.critical, &theme);
        divider(&mut buf, area, 12, "Styles", theme.border, &theme);
        let (mut x, mut y) = (2, 13);
        for (meaning, style) in theme.styles() {
            if x > 60 {
                (x, y) = (2, y + 1);
            }
            text(&mut buf, x, y, 16, format!("✔▲✖?○●◌◔★ {meaning}"), style, &theme);
            x += 18;
        }
        let series: Vec<Option<f64>> = (0..30).map(|at| (at % 11 != 4).then_some(f64::from(at * 7 % 23))).collect();
        sparkline(&mut buf, Rect::new(2, 19, 30, 2), &series, 0.0, theme.graph, &theme);
        bar(&mut buf, 36, 19, 30, 0.67, theme.graph, &theme);
        text(&mut buf, 36, 20, 30, "12 MB  0.1 s  a selected row here ", theme.text, &theme);
        buf.set_style(Rect::new(35, 20, 39, 1), theme.selection);
        buf
    };
    assert_eq!(svg(&draw(), &theme, "A test"), svg(&draw(), &theme, "A test"));
}
