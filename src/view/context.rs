//! What every drawing function is given: the app, the theme, and a note of when what it writes will change by itself.

use super::Drawn;
use crate::app::App;
use crate::event::{Link, Millis};
use crate::figure;
use crate::health::{Health, Severity};
use crate::model::{LinkState, Model};
use crate::theme::Theme;
use ratatui::style::Style;
use std::cell::Cell;
use std::time::Duration;

/// What every drawing function is given.
pub struct Context<'a> {
    /// The program's state.
    pub app: &'a App,
    /// How things look.
    pub theme: &'a Theme,
    drawn: Cell<Drawn>,
}

impl<'a> Context<'a> {
    pub fn new(app: &'a App, theme: &'a Theme) -> Context<'a> {
        Context { app, theme, drawn: Cell::default() }
    }

    pub fn model(&self) -> &'a Model {
        &self.app.model
    }

    pub fn health(&self) -> &'a Health {
        &self.app.health
    }

    pub fn now(&self) -> Millis {
        self.app.model.now
    }

    /// What was noted while drawing.
    pub fn drawn(&self) -> Drawn {
        self.drawn.get()
    }

    /// A list of `rows` lines is drawn of which `page` fit. Returns the first one to show.
    pub fn list(&self, rows: usize, page: u16) -> usize {
        let rows = u16::try_from(rows).unwrap_or(u16::MAX);
        self.drawn.set(Drawn { rows, page, ..self.drawn.get() });
        usize::from(self.app.ui.scroll.min(rows.saturating_sub(page)))
    }

    /// How long ago a moment was, as text; noted, so that it is drawn again when the text changes.
    pub fn age(&self, at: Millis) -> String {
        let age = Duration::from_millis(self.now().saturating_sub(at));
        self.changes_in(figure::next_change(age));
        figure::age(age)
    }

    /// How long ago a moment in Unix seconds was, as text; `?` before the first tick, when we have no wall clock.
    pub fn age_of_unix(&self, unix_s: f64) -> String {
        let Some(now) = self.model().unix_ms(self.now()) else { return "?".to_owned() };
        let seconds = now as f64 / 1000.0 - unix_s;
        // The server's clock is ahead of ours by more than two readings can differ: then no age is right.
        if seconds < -5.0 {
            return "?".to_owned();
        }
        let age = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        self.changes_in(figure::next_change(age));
        figure::age(age)
    }

    /// The time of day, `12:04 UTC`.
    pub fn clock(&self) -> String {
        let Some(unix_ms) = self.model().unix_ms(self.now()) else { return String::new() };
        self.changes_in(Duration::from_millis(60_000 - unix_ms.rem_euclid(60_000) as u64));
        format!("{} UTC", figure::clock(unix_ms))
    }

    fn changes_in(&self, wait: Duration) {
        let at = self.now() + wait.as_millis() as Millis;
        let drawn = self.drawn.get();
        self.drawn.set(Drawn { next_change: Some(drawn.next_change.map_or(at, |known| known.min(at))), ..drawn });
    }

    /// The style of a severity.
    pub fn style(&self, severity: Severity) -> Style {
        match severity {
            Severity::Ok => self.theme.ok,
            Severity::Notice => self.theme.notice,
            Severity::Warning => self.theme.warning,
            Severity::Unknown => self.theme.unknown,
            Severity::Critical => self.theme.critical,
        }
    }

    /// The sign of a severity.
    pub fn sign(&self, severity: Severity) -> &'static str {
        let glyphs = self.theme.glyphs;
        match severity {
            Severity::Ok => glyphs.ok,
            Severity::Notice => glyphs.notice,
            Severity::Warning => glyphs.warning,
            Severity::Unknown => glyphs.unknown,
            Severity::Critical => glyphs.critical,
        }
    }

    /// The sign and the style of a link.
    pub fn link(&self, link: &LinkState<'_>) -> (&'static str, Style) {
        let (theme, glyphs) = (self.theme, self.theme.glyphs);
        match link {
            LinkState::Stale(_) => (glyphs.unknown, theme.stale),
            LinkState::Is(Link::Connecting, _) => (glyphs.connecting, theme.muted),
            LinkState::Is(Link::Live, _) => (glyphs.live, theme.live),
            LinkState::Is(Link::NoPermission(_) | Link::Unauthorised(_), _) => (glyphs.unknown, theme.unknown),
            LinkState::Is(Link::StartingUp(_), _) => (glyphs.running, theme.warning),
            LinkState::Is(Link::Hung | Link::Refused(_) | Link::Down(_), _) => (glyphs.critical, theme.critical),
        }
    }
}
