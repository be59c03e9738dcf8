//! Log lines: to the log view and a file while the screen is ours, to standard error for the commands that print.
//! Nothing here may write to the terminal while the console has it.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal};
use std::path::Path;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Where lines go besides the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    /// The log view of the console.
    View,
    /// Standard error.
    Stderr,
}

/// Starts logging. `verbose` counts `-v`: 0 is info (warnings only for `Sink::Stderr`), 1 debug, 2 trace; other crates are heard from
/// warnings on. Fails if the file cannot be opened.
pub fn start(sink: Sink, verbose: u8, file: Option<&Path>) -> io::Result<()> {
    let level = match (verbose, sink) {
        (0, Sink::Stderr) => "warn",
        (0, Sink::View) => "info",
        (1, _) => "debug",
        _ => "trace",
    };
    let filter = || EnvFilter::new(format!("warn,quarterdeck={level}"));
    let to_file = file.map(open).transpose()?.map(|file| {
        tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_span_events(FmtSpan::NONE)
            .with_writer(std::sync::Mutex::new(file))
            .with_filter(filter())
    });
    let registry = tracing_subscriber::registry().with(to_file);
    let installed = match sink {
        Sink::View => {
            // Without `init_logger` there is no thread that wakes a hundred times a second; the loop's tick moves the lines.
            tui_logger::set_default_level(log_level(level));
            registry.with(tui_logger::TuiTracingSubscriberLayer.with_filter(filter())).try_init()
        }
        Sink::Stderr => {
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal() && !plain);
            registry.with(lines.without_time().with_target(false).with_filter(filter())).try_init()
        }
    };
    installed.map_err(io::Error::other)
}

fn open(path: &Path) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

fn log_level(level: &str) -> log::LevelFilter {
    level.parse().unwrap_or(log::LevelFilter::Info)
}
