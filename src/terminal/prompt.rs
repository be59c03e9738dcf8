//! A question on the terminal whose answer is not shown, before the screen is taken. Whatever ends it, the line gets its modes
//! back: a signal too, which would else leave a shell that types blind.

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures::{Stream, StreamExt};
use secrecy::SecretString;
use secrecy::zeroize::{Zeroize, Zeroizing};
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use tokio::signal::unix::{SignalKind, signal};

/// Room for any password, so that growing leaves no copy behind.
const ROOM: usize = 1024;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Nothing can be asked, or nothing was answered: in words.
    Nothing(String),
    /// Somebody wants the program to end, with this status: 128 and the signal's number.
    Stop(u8),
}

/// Asks `question` on the controlling terminal.
pub async fn ask(question: &str) -> Result<SecretString, Unanswered> {
    if !io::stdin().is_terminal() {
        return Err(Unanswered::Nothing("standard input is not a terminal".to_owned()));
    }
    let failed = |error: io::Error| Unanswered::Nothing(error.to_string());
    // Not standard output: that may be a file.
    let mut line = File::options().write(true).open("/dev/tty").map_err(failed)?;
    let raw = Raw::enter().map_err(failed)?;
    line.write_all(question.as_bytes()).map_err(failed)?;
    let answer = tokio::select! {
        biased;
        status = signalled() => Err(Unanswered::Stop(status)),
        answer = type_in(EventStream::new()) => answer,
    };
    drop(raw);
    // The line that was typed blind ends here; if the terminal is gone, so is the line.
    let _ = line.write_all(b"\n");
    answer
}

/// Waits until INT, TERM or HUP asks the process to end, and gives the status for it: 128 and the signal's number. From the first
/// call on these signals do nothing by themselves, so whatever runs later must wait here too.
pub async fn signalled() -> u8 {
    let caught = |kind| signal(kind).ok();
    let (Some(mut interrupt), Some(mut terminate), Some(mut hang_up)) =
        (caught(SignalKind::interrupt()), caught(SignalKind::terminate()), caught(SignalKind::hangup()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
        _ = hang_up.recv() => 129,
    }
}

/// Reads keys up to Enter.
async fn type_in(mut events: impl Stream<Item = io::Result<Event>> + Unpin) -> Result<SecretString, Unanswered> {
    let mut typed = Zeroizing::new(String::with_capacity(ROOM));
    loop {
        let key = match events.next().await {
            Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => key,
            Some(Ok(_)) => continue,
            Some(Err(_)) | None => return Err(Unanswered::Stop(129)),
        };
        let KeyEvent { code, modifiers, .. } = key;
        match (code, modifiers.contains(KeyModifiers::CONTROL)) {
            // A line break that was pasted is Ctrl-J.
            (KeyCode::Enter, _) | (KeyCode::Char('j'), true) => return Ok(SecretString::from(typed.as_str())),
            (KeyCode::Char('c'), true) => return Err(Unanswered::Stop(130)),
            (KeyCode::Char('d'), true) if typed.is_empty() => return Err(Unanswered::Nothing("none was given".to_owned())),
            (KeyCode::Char('u'), true) => typed.zeroize(),
            (KeyCode::Backspace, _) | (KeyCode::Char('h'), true) => drop(typed.pop()),
            (KeyCode::Char(letter), false) if !modifiers.contains(KeyModifiers::ALT) => typed.push(letter),
            _ => {}
        }
    }
}

/// The line without echo and without its own signals, until this is dropped.
struct Raw;

impl Raw {
    fn enter() -> io::Result<Raw> {
        crossterm::terminal::enable_raw_mode().map(|()| Raw)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = crossterm::terminal::disable_raw_mode();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn typed(keys: &[(KeyCode, KeyModifiers)]) -> Result<String, Unanswered> {
        let events = keys.iter().map(|(code, modifiers)| Ok(Event::Key(KeyEvent::new(*code, *modifiers))));
        let answer = futures::executor::block_on(type_in(futures::stream::iter(events)));
        answer.map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn keys_make_an_answer() {
        let plain = |letter| (KeyCode::Char(letter), KeyModifiers::NONE);
        let control = |letter| (KeyCode::Char(letter), KeyModifiers::CONTROL);
        let (enter, back) = ((KeyCode::Enter, KeyModifiers::NONE), (KeyCode::Backspace, KeyModifiers::NONE));
        let capital = (KeyCode::Char('Ü'), KeyModifiers::SHIFT);
        assert_eq!(typed(&[back, plain('a'), capital, enter, plain('x')]), Ok("aÜ".into()));
        assert_eq!(typed(&[plain('a'), plain('b'), back, plain('c'), control('j')]), Ok("ac".into()));
        assert_eq!(
            typed(&[plain('a'), control('u'), plain('b'), control('x'), (KeyCode::Left, KeyModifiers::NONE), enter]),
            Ok("b".into())
        );
        assert_eq!(typed(&[enter]), Ok(String::new()));
        assert_eq!(typed(&[control('d')]), Err(Unanswered::Nothing("none was given".into())));
        assert_eq!(typed(&[plain('a'), control('c')]), Err(Unanswered::Stop(130)));
        assert_eq!(typed(&[plain('a')]), Err(Unanswered::Stop(129)), "the terminal is gone");
    }
}
