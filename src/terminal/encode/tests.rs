//! What a terminal shows after the bytes is what the buffer says, whatever was shown before.

use crate::terminal::Canvas;
use proptest::prelude::*;
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

const COLOURS: [Color; 8] =
    [Color::Reset, Color::Black, Color::Gray, Color::DarkGray, Color::LightCyan, Color::White, Color::Indexed(203), Color::Rgb(1, 22, 255)];

/// What vt100 can tell apart; but it is either bold or dim, the last of the two.
const MODIFIERS: [Modifier; 5] = [Modifier::BOLD, Modifier::DIM, Modifier::ITALIC, Modifier::UNDERLINED, Modifier::REVERSED];

fn style() -> impl Strategy<Value = Style> {
    let colour = || proptest::sample::select(&COLOURS[..]);
    (colour(), colour(), proptest::sample::subsequence(&MODIFIERS[..], 0..3))
        .prop_map(|(fg, bg, modifiers)| Style::new().fg(fg).bg(bg).add_modifier(modifiers.into_iter().collect()))
}

/// A screen of 16 × 3 with some texts on it.
fn screen() -> impl Strategy<Value = Buffer> {
    let word = proptest::sample::select(&["0 B 0.0 s", "96 B", "接続", "é●─█", "a", "   ", "▲ 接 ≥"][..]);
    proptest::collection::vec((0_u16..16, 0_u16..3, word, style()), 0..8).prop_map(|texts| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 16, 3));
        for (x, y, word, style) in texts {
            buffer.set_stringn(x, y, word, usize::from(16 - x), style);
        }
        buffer
    })
}

fn same_colour(shown: vt100::Color, wanted: Color) -> bool {
    let index = |c: Color| {
        COLOURS
            .iter()
            .position(|known| *known == c)
            .and_then(|i| [None, Some(0), Some(7), Some(8), Some(14), Some(15)].get(i).copied().flatten())
    };
    match wanted {
        Color::Reset => shown == vt100::Color::Default,
        Color::Rgb(r, g, b) => shown == vt100::Color::Rgb(r, g, b),
        Color::Indexed(i) => shown == vt100::Color::Idx(i),
        named => Some(shown) == index(named).map(vt100::Color::Idx),
    }
}

fn assert_shown(terminal: &vt100::Parser, wanted: &Buffer) {
    let mut x = 0;
    for position in wanted.area.positions() {
        let cell = &wanted[position];
        if position.x == 0 {
            x = 0;
        }
        // The other half of a wide character is not looked at, and one that is half covered by something is not there.
        if position.x < x {
            continue;
        }
        let covered = cell.cell_width() > 1 && wanted.cell((position.x + 1, position.y)).is_none_or(|half| half.symbol() != " ");
        let symbol = if covered { " " } else { cell.symbol() };
        x = position.x + symbol.cell_width();
        let shown = terminal.screen().cell(position.y, position.x).unwrap();
        let said = if shown.has_contents() { shown.contents() } else { " " };
        let look = (shown.bold(), shown.dim(), shown.italic(), shown.underline(), shown.inverse());
        let has = |modifier| cell.modifier.contains(modifier);
        let [mut bold, mut dim, italic, underlined, reversed] = MODIFIERS.map(has);
        if bold && dim {
            (bold, dim) = (look.0, look.1);
            assert!(bold || dim);
        }
        assert_eq!((said, look), (symbol, (bold, dim, italic, underlined, reversed)), "at {position}");
        assert!(same_colour(shown.fgcolor(), cell.fg) && same_colour(shown.bgcolor(), cell.bg), "colours at {position}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn the_terminal_shows_what_the_buffer_says(screens in proptest::collection::vec(screen(), 1..5)) {
        let mut terminal = vt100::Parser::new(3.try_into().unwrap(), 16.try_into().unwrap(), 0);
        terminal.process(b"\x1b[1;31;44mwhat was there before");
        let mut canvas = Canvas::new(false);
        for screen in screens {
            terminal.process(&canvas.frame(screen.clone()));
            assert_shown(&terminal, &screen);
        }
    }
}

#[test]
fn sixteen_colours_are_asked_for_as_every_terminal_knows_them() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 2, 1));
    buffer.set_string(0, 0, "a", Style::new().fg(Color::Red));
    buffer.set_string(1, 0, "b", Style::new().fg(Color::LightRed).bg(Color::Black));
    let bytes = String::from_utf8(Canvas::new(false).frame(buffer)).unwrap();
    assert!(bytes.contains("\x1b[31ma\x1b[91;40mb"), "{bytes:?}");
}

#[test]
fn no_control_character_reaches_the_terminal() {
    let mut canvas = Canvas::new(false);
    canvas.frame(Buffer::empty(Rect::new(0, 0, 4, 1)));
    let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
    buffer[(1, 0)].set_symbol("\u{1b}]0;x\u{7}");
    let bytes = String::from_utf8(canvas.frame(buffer)).unwrap();
    assert_eq!(bytes, "\x1b[?2026h\x1b[1;2H\u{fffd}\x1b[?2026l");
}
