//! Parses the command line, installs the error and terminal hooks, and runs what was asked for.

use color_eyre::eyre::{Report, Result, WrapErr};
use quarterdeck::cli::{self, Cli, Command, Exit, Flags};
use quarterdeck::config::{self, Config, Credentials};
use quarterdeck::console::{self, Opening};
use quarterdeck::log::{self, Sink};
use quarterdeck::record::Recorder;
use quarterdeck::source::Targets;
use quarterdeck::terminal::prompt::{self, Unanswered};
use quarterdeck::theme::{Depth, Glyphs, Theme};
use quarterdeck::{status, terminal};
use secrecy::SecretString;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::runtime::Runtime;

/// Why the program ends without having done what was asked: a line on standard error, and the exit status.
struct Failure {
    what: String,
    status: u8,
}

/// What nobody foresaw. Its status is none of those by which `status` judges.
impl From<Report> for Failure {
    fn from(error: Report) -> Failure {
        Failure { what: format!("{error:#}"), status: cli::SOFTWARE }
    }
}

fn main() -> ExitCode {
    let done = match Cli::try_from_args(std::env::args_os()) {
        Ok(cli) => run(&cli),
        Err(Exit { message, status: 0 }) => print(&message).map(|()| ExitCode::SUCCESS),
        Err(Exit { message, status }) => return complain(&message, status),
    };
    done.unwrap_or_else(|Failure { what, status }| complain(&format!("quarterdeck: {what}\n"), status))
}

fn run(cli: &Cli) -> Result<ExitCode, Failure> {
    terminal::install_hooks()?;
    if let Some(Command::Config { example: true }) = cli.command {
        print(config::EXAMPLE)?;
        return Ok(ExitCode::SUCCESS);
    }
    let config = config::read(&cli.flags).map_err(|error| Failure { what: error.to_string(), status: cli::BAD_CONFIG })?;
    // Only the console draws, but a setting that is wrong is wrong for every command.
    let theme = theme(&config)?;
    match &cli.command {
        Some(Command::Config { .. }) => {
            log::start(Sink::Stderr, config.verbose, None).wrap_err("the log")?;
            // Nobody is asked: which server would need an answer is all that is shown.
            let credentials = credentials(&config, &mut |_| Ok("".into()));
            warn(&config, &credentials);
            print(&config.show(&credentials))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Status { timeout, output }) => {
            start_log(Sink::Stderr, &config)?;
            let recorder = recorder(&config)?;
            let runtime = runtime()?;
            let targets = targets(&config, &runtime)?;
            let judged = runtime.block_on(async {
                tokio::select! {
                    judged = status::take(config.stack(), targets, *timeout, recorder) => Ok(judged),
                    status = prompt::signalled() => Err(Failure { what: "ended by a signal".to_owned(), status }),
                }
            });
            // A name that is still being looked up is not waited for.
            runtime.shutdown_background();
            let judged = judged?;
            print(&judged.print(*output))?;
            Ok(ExitCode::from(judged.exit_status()))
        }
        #[cfg(feature = "sandbox")]
        Some(Command::Sandbox { dir, port }) => {
            start_log(Sink::Stderr, &config)?;
            let say = |path: &Path| {
                // Whoever waits for the file has what it needs; whoever reads the line may have gone.
                let _ = print(&format!("The sandbox answers. Ctrl-C ends it.\n  export KUBECONFIG={}\n", path.display()));
            };
            runtime()?.block_on(quarterdeck::sandbox::run(dir, *port, say))?;
            Ok(ExitCode::SUCCESS)
        }
        None => run_console(&config, theme, &cli.flags),
    }
}

fn run_console(config: &Config, theme: Theme, flags: &Flags) -> Result<ExitCode, Failure> {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        let what = "the console needs a terminal; without one, `quarterdeck status` looks once and prints".to_owned();
        return Err(Failure { what, status: cli::MISUSE });
    }
    start_log(Sink::View, config)?;
    let recorder = recorder(config)?;
    let runtime = runtime()?;
    let targets = targets(config, &runtime)?;
    let opening = Opening { stack: config.stack(), targets, theme, read_only: config.read_only, recorder };
    let ended = runtime.block_on(console::open(opening));
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
    let (stop, stats) = ended?;
    if flags.stats {
        print(&format!("{stats}\n"))?;
    }
    Ok(ExitCode::from(stop.status))
}

/// One thread: the sources do little and wait long, and a frame takes about a millisecond.
fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().wrap_err("the runtime")
}

fn start_log(sink: Sink, config: &Config) -> Result<(), Failure> {
    log::start(sink, config.verbose, config.log_file.as_deref()).map_err(|error| match &config.log_file {
        Some(path) => cannot_write("log file", path, &error),
        None => Failure { what: format!("the log: {error}"), status: cli::SOFTWARE },
    })
}

fn recorder(config: &Config) -> Result<Option<Recorder>, Failure> {
    let create = |path: &PathBuf| Recorder::create(path).map_err(|error| cannot_write("recording", path, &error));
    config.record.as_ref().map(create).transpose()
}

fn cannot_write(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure { what: format!("the {what} {} cannot be written: {error}", path.display()), status: cli::CANNOT_CREATE }
}

fn theme(config: &Config) -> Result<Theme, Failure> {
    let env = |name: &str| std::env::var(name).ok();
    let glyphs = match config.ascii {
        Some(true) => &Glyphs::ASCII,
        Some(false) => &Glyphs::UNICODE,
        None => Glyphs::detect(env),
    };
    Theme::load(&config.theme, Depth::detect(env), glyphs).map_err(|error| {
        let place = config.origin("theme").place();
        Failure { what: format!("{place}: {error}"), status: cli::BAD_CONFIG }
    })
}

/// What to watch. Ctrl-C at a question ends the program; Ctrl-D leaves that part without a password, and the others can be watched.
fn targets(config: &Config, runtime: &Runtime) -> Result<Targets, Failure> {
    let mut stop = None;
    let credentials = credentials(config, &mut |question| match stop {
        Some(_) => Err("not asked".to_owned()),
        None => runtime.block_on(prompt::ask(question)).map_err(|why| match why {
            Unanswered::Nothing(why) => why,
            Unanswered::Stop(status) => {
                stop = Some(status);
                "not answered".to_owned()
            }
        }),
    });
    if let Some(status) = stop {
        return Err(Failure { what: "no password was given".to_owned(), status });
    }
    warn(config, &credentials);
    Ok(config.targets(&credentials))
}

/// Passwords, before the screen is taken.
fn credentials(config: &Config, ask: &mut dyn FnMut(&str) -> Result<SecretString, String>) -> Credentials {
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Credentials::gather(config, &env, ask)
}

/// What stood in the way of a password is logged and no more: the console says which server lacks one.
fn warn(config: &Config, credentials: &Credentials) {
    let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for warning in config::unknown_variables(variables, config).iter().chain(&credentials.warnings) {
        tracing::warn!("{warning}");
    }
}

/// Prints on standard output. That nobody reads any more is no failure: who looked at the first lines has what was wanted.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure { what: format!("standard output: {error}"), status: cli::IO_ERROR })
        }
        _ => Ok(()),
    }
}

fn complain(text: &str, status: u8) -> ExitCode {
    // Nobody may be reading; the status is what counts.
    let _ = std::io::stderr().write_all(text.as_bytes());
    ExitCode::from(status)
}
