//! The command line: what may be typed, its help, and the status that misuse ends with. It reads no file and no environment:
//! options become settings in `config`, by the same table as the file's keys. No option ever carries a secret.

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Exit status for a command line that cannot be understood. clap's own 2 would mean "critical" to whoever runs `status`.
pub const MISUSE: u8 = 64;

/// Exit status for what nobody foresaw.
pub const SOFTWARE: u8 = 70;

/// Exit status for a file that cannot be created: a recording, a log.
pub const CANNOT_CREATE: u8 = 73;

/// Exit status for output that cannot be written.
pub const IO_ERROR: u8 = 74;

/// Exit status for a configuration that cannot be used.
pub const BAD_CONFIG: u8 = 78;

const EXAMPLES: &str = "\
Examples:
  quarterdeck                                  the console
  quarterdeck --read-only --theme light        only watch
  quarterdeck status --output json             one look, for scripts
  quarterdeck status --timeout 3 || page-me    unless all is well
  quarterdeck config                           what is in effect, and why
  mkdir -p ~/.config/quarterdeck
  quarterdeck config --example > ~/.config/quarterdeck/config.toml

Every key of the configuration can also be set in the environment:
QUARTERDECK_THEME, QUARTERDECK_READ_ONLY, QUARTERDECK_POSTGRES_PASSWORD and so
on; QUARTERDECK_CONFIG names the file. Flags win over the environment, the
environment over the file, the file over the defaults.

Exit status: 64 for a wrong command line, 78 for an unusable configuration,
73 for a recording or log file that cannot be created, 74 for output that cannot
be written, 70 for what nobody foresaw.";

/// A control room in a terminal for one highly available stack: Kubernetes, PostgreSQL, Redis with Sentinel.
#[derive(Clone, Debug, Parser)]
#[command(name = "quarterdeck", version, after_help = EXAMPLES, max_term_width = 80, disable_help_subcommand = true)]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub flags: Flags,
    /// What to do; the console if absent.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do instead of opening the console.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum Command {
    /// Look once, print what was seen and exit: 0 ok or notice, 1 warning, 2 critical, 3 unknown
    Status {
        /// Longest wait for the servers, in seconds
        #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
        timeout: Duration,
        /// Text for people or JSON for scripts
        #[arg(long, value_name = "FORM", default_value = "text")]
        output: Output,
    },
    /// Print the effective configuration as TOML and where each value came from; secrets are masked
    Config {
        /// Print the annotated example instead
        #[arg(long)]
        example: bool,
    },
    /// Run a cluster for trying things out: a Kubernetes API on loopback with the whole stack in it, until interrupted
    #[cfg(feature = "sandbox")]
    Sandbox {
        /// Directory that gets the kubeconfig; made if it does not exist
        #[arg(long, value_name = "DIR", default_value = "quarterdeck-sandbox")]
        dir: PathBuf,
        /// Port of the API server; 0 takes any that is free
        #[arg(long, value_name = "P", default_value = "0")]
        port: u16,
    },
}

/// The form of what `status` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For scripts; its shape is stable.
    Json,
}

/// Options that every command takes, before or after its name. An absent one leaves the setting to the environment, the file
/// and the default.
#[derive(Args, Clone, Debug, Default)]
pub struct Flags {
    /// Read the configuration from this file, which must exist [default: $XDG_CONFIG_HOME/quarterdeck/config.toml]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Colours: dark, light, mono or high-contrast
    #[arg(long, value_name = "NAME", global = true)]
    pub theme: Option<String>,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Never build anything that can write
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Write the stream of events to this file; no secrets, log lines or query texts
    #[arg(long, value_name = "FILE", global = true)]
    pub record: Option<String>,
    /// Write log lines to this file
    #[arg(long, value_name = "FILE", global = true)]
    pub log_file: Option<String>,
    /// More log lines; twice for still more
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Print frames, bytes and the longest turn on exit
    #[arg(long, hide = true, global = true)]
    pub stats: bool,
}

impl Flags {
    /// The settings that were given, as the key and the value in words.
    pub fn given(&self) -> Vec<(&'static str, String)> {
        let on = |flag: bool| flag.then(|| "true".to_owned());
        let all = [
            ("theme", self.theme.clone()),
            ("ascii", on(self.ascii)),
            ("read_only", on(self.read_only)),
            ("record", self.record.clone()),
            ("log_file", self.log_file.clone()),
            ("verbose", (self.verbose > 0).then(|| self.verbose.to_string())),
        ];
        all.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }
}

/// What to print, and the status to end with: help and version with 0 on standard output, misuse with 64 on standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The text, ready to print.
    pub message: String,
    /// Exit status.
    pub status: u8,
}

impl Cli {
    /// Understands `args`, the program's own name first.
    pub fn try_from_args(args: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Cli, Exit> {
        Cli::try_parse_from(args).map_err(|error| {
            let status = if error.use_stderr() { MISUSE } else { 0 };
            Exit { message: error.render().to_string(), status }
        })
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.strip_suffix('s').unwrap_or(text).parse::<f64>() {
        Ok(seconds) if (0.1..=3600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("expected seconds between 0.1 and 3600".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, Exit> {
        Cli::try_from_args(std::iter::once("quarterdeck").chain(line.split_whitespace()))
    }

    #[test]
    fn clap_finds_nothing_wrong_with_the_definition() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in [
            "--theme light --read-only --ascii --record r --log-file l -vv --config c status",
            "status --theme light --read-only --ascii --record r --log-file l -vv --config c",
            "--theme light --ascii -vv --config c status --read-only --record r --log-file l",
        ] {
            let flags = parse(line).unwrap().flags;
            let given = flags.given();
            let words: Vec<_> = given.iter().map(|(key, value)| (*key, value.as_str())).collect();
            let expected =
                [("theme", "light"), ("ascii", "true"), ("read_only", "true"), ("record", "r"), ("log_file", "l"), ("verbose", "2")];
            assert_eq!(words, expected, "{line}");
            assert_eq!(flags.config, Some("c".into()), "{line}");
        }
    }

    #[test]
    fn nothing_given_is_the_console_with_nothing_set() {
        let cli = parse("").unwrap();
        assert_eq!((cli.command, cli.flags.given()), (None, vec![]));
    }

    #[test]
    fn status_has_a_time_limit_and_a_form() {
        let status = |timeout, output| Some(Command::Status { timeout: Duration::from_millis(timeout), output });
        assert_eq!(parse("status").unwrap().command, status(10_000, Output::Text));
        assert_eq!(parse("status --output json --timeout 2.5").unwrap().command, status(2_500, Output::Json));
        assert_eq!(parse("status --timeout 3s").unwrap().command, status(3_000, Output::Text));
        for wrong in ["0", "-1", "NaN", "inf", "1e9", "soon"] {
            assert_eq!(parse(&format!("status --timeout={wrong}")).unwrap_err().status, MISUSE, "{wrong}");
        }
    }

    #[test]
    fn misuse_ends_with_64_and_help_with_0() {
        for line in ["--thme dark", "stats", "status --output xml", "--config", "config extra"] {
            let exit = parse(line).unwrap_err();
            assert_eq!(exit.status, MISUSE, "{line}");
            assert!(exit.message.starts_with("error: "), "{}", exit.message);
        }
        for line in ["--help", "-h", "status --help", "--version"] {
            assert_eq!(parse(line).unwrap_err().status, 0, "{line}");
        }
        let help = parse("--help").unwrap_err().message;
        assert!(help.contains("Examples:") && help.contains("--read-only") && !help.contains("--stats"), "{help}");
        for line in ["--help", "-h", "status --help", "status -h", "config --help", "config -h"] {
            let help = parse(line).unwrap_err().message;
            let long: Vec<_> = help.lines().filter(|line| line.chars().count() > 80).collect();
            assert!(long.is_empty(), "{line}: {long:#?}");
        }
        assert_eq!(parse("-V").unwrap_err().message, format!("quarterdeck {}\n", env!("CARGO_PKG_VERSION")));
    }
}
