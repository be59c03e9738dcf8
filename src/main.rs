//! Parses the command line, installs the error and terminal hooks, and runs what was asked for.

use color_eyre::eyre::{Result, WrapErr, eyre};
use quarterdeck::cli::{self, Cli, Command, Flags};
use quarterdeck::config::{self, Config, Credentials};
use quarterdeck::console::{self, Opening};
use quarterdeck::log::{self, Sink};
use quarterdeck::record::Recorder;
use quarterdeck::theme::{Depth, Glyphs, Theme};
use quarterdeck::{status, terminal};
use std::io::IsTerminal;
use std::process::ExitCode;

fn main() -> Result<ExitCode> {
    let cli = Cli::parse_or_exit();
    terminal::install_hooks()?;
    if let Some(Command::Config { example: true }) = cli.command {
        return print(config::EXAMPLE);
    }
    let config = match config::read(&cli.flags) {
        Ok(config) => config,
        Err(error) => return Ok(complain(&error.to_string(), cli::BAD_CONFIG)),
    };
    match cli.command {
        Some(Command::Config { .. }) => print(&config.show()),
        Some(Command::Status { timeout, output }) => {
            log::start(Sink::Stderr, config.verbose, config.log_file.as_deref()).wrap_err("the log file")?;
            let targets = config.targets(&credentials(&config));
            let recorder = recorder(&config)?;
            let judged = runtime()?.block_on(status::take(config.stack(), targets, timeout, recorder));
            print(&judged.print(output))?;
            Ok(ExitCode::from(judged.exit_status()))
        }
        #[cfg(feature = "sandbox")]
        Some(Command::Sandbox { dir, port }) => run_sandbox(&dir, port, &config),
        None => run_console(&config, &cli.flags),
    }
}

#[cfg(feature = "sandbox")]
fn run_sandbox(dir: &std::path::Path, port: u16, config: &Config) -> Result<ExitCode> {
    log::start(Sink::Stderr, config.verbose, config.log_file.as_deref()).wrap_err("the log file")?;
    let say = |path: &std::path::Path| {
        // Whoever waits for the file has what it needs; whoever reads the line may have gone.
        let _ = print(&format!("The sandbox answers. Ctrl-C ends it.\n  export KUBECONFIG={}\n", path.display()));
    };
    runtime()?.block_on(quarterdeck::sandbox::run(dir, port, say))?;
    Ok(ExitCode::SUCCESS)
}

fn run_console(config: &Config, flags: &Flags) -> Result<ExitCode> {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return Ok(complain("the console needs a terminal; without one, `quarterdeck status` looks once and prints", cli::MISUSE));
    }
    let theme = match theme(config) {
        Ok(theme) => theme,
        Err(error) => return Ok(complain(&error, cli::BAD_CONFIG)),
    };
    log::start(Sink::View, config.verbose, config.log_file.as_deref()).wrap_err("the log file")?;
    let targets = config.targets(&credentials(config));
    let opening = Opening { stack: config.stack(), targets, theme, read_only: config.read_only, recorder: recorder(config)? };
    let (stop, stats) = runtime()?.block_on(console::open(opening))?;
    if flags.stats {
        print(&format!("{stats}\n"))?;
    }
    Ok(ExitCode::from(stop.status))
}

/// One thread: the sources do little and wait long, and a frame takes about a millisecond.
fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().wrap_err("the runtime")
}

fn recorder(config: &Config) -> Result<Option<Recorder>> {
    let create = |path: &std::path::PathBuf| Recorder::create(path).wrap_err_with(|| eyre!("the recording {}", path.display()));
    config.record.as_ref().map(create).transpose()
}

fn theme(config: &Config) -> Result<Theme, String> {
    let env = |name: &str| std::env::var(name).ok();
    let glyphs = match config.ascii {
        Some(true) => &Glyphs::ASCII,
        Some(false) => &Glyphs::UNICODE,
        None => Glyphs::detect(env),
    };
    Theme::load(&config.theme, Depth::detect(env), glyphs).map_err(|error| error.to_string())
}

/// Passwords, before the screen is taken; what stood in the way is logged, because the console says which server lacks one.
fn credentials(config: &Config) -> Credentials {
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let found = Credentials::gather(config, &env, &mut config::credentials::ask_at_terminal);
    let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for warning in config::unknown_variables(variables, config).iter().chain(&found.warnings) {
        tracing::warn!("{warning}");
    }
    found
}

#[expect(clippy::print_stdout, reason = "what commands that print are for")]
fn print(text: &str) -> Result<ExitCode> {
    print!("{text}");
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stderr, reason = "the screen is not taken")]
fn complain(what: &str, status: u8) -> ExitCode {
    eprintln!("quarterdeck: {what}");
    ExitCode::from(status)
}
