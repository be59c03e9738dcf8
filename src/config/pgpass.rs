//! libpq's password file: `host:port:database:user:password`, `*` for any, backslash before `:` and `\`, the first match counts.
//! Pure: whoever reads the file judges its mode.

use secrecy::SecretString;

/// The password for a connection, if a line of `text` gives one.
pub fn lookup(text: &str, host: &str, port: u16, database: &str, user: &str) -> Option<SecretString> {
    let port = port.to_string();
    let wanted = [host, &port, database, user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut rest = line;
        for value in wanted {
            let (field, tail) = field(rest)?;
            let same = field == "*" || unescaped(field) == value;
            rest = tail.filter(|_| same)?;
        }
        let password = unescaped(field(rest)?.0);
        (!password.is_empty()).then(|| SecretString::from(password))
    })
}

/// The text up to the next `:` that stands without a backslash, and what follows it.
fn field(text: &str) -> Option<(&str, Option<&str>)> {
    let mut escaped = false;
    let end = text.find(|c: char| {
        let stop = c == ':' && !escaped;
        escaped = c == '\\' && !escaped;
        stop
    });
    match end {
        Some(end) => Some((text.get(..end)?, text.get(end + 1..))),
        None => Some((text, None)),
    }
}

fn unescaped(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    let mut letters = field.chars();
    while let Some(letter) = letters.next() {
        // A lone backslash at the end stands for itself, as in libpq.
        out.push(if letter == '\\' { letters.next().unwrap_or('\\') } else { letter });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[track_caller]
    fn check(text: &str, host: &str, expected: Option<&str>) {
        let found = lookup(text, host, 5432, "moltbook", "ada");
        assert_eq!(found.as_ref().map(ExposeSecret::expose_secret), expected, "{text}");
    }

    #[test]
    fn fields_match_whole_or_by_a_star() {
        check("db:5432:moltbook:ada:pw", "db", Some("pw"));
        check("*:*:*:*:pw", "db", Some("pw"));
        check("db:5433:moltbook:ada:pw", "db", None);
        check("db:5432:moltbook:bob:pw", "db", None);
        check("db*:5432:moltbook:ada:pw", "db", None);
        check("d:5432:moltbook:ada:pw", "db", None);
        check("\\*:5432:moltbook:ada:pw", "*", Some("pw"));
    }

    #[test]
    fn the_first_match_counts_and_comments_do_not() {
        check("#db:*:*:*:no\nother:*:*:*:no\ndb:*:*:*:first\n*:*:*:*:second", "db", Some("first"));
        check("\n\n*:*:*:*:pw\r\n", "db", Some("pw"));
    }

    #[test]
    fn colons_and_backslashes_are_escaped() {
        check(r"\:\:1:5432:moltbook:ada:pw", "::1", Some("pw"));
        check("::1:5432:moltbook:ada:pw", "::1", None);
        check(r"fe80\:\:7:*:*:*:a\:b\\c", "fe80::7", Some(r"a:b\c"));
        check(r"*:*:*:*:p\w:rest", "db", Some("pw"));
        check("*:*:*:*:pw\\", "db", Some("pw\\"));
        check("*:*:*:*:größe", "db", Some("größe"));
    }

    #[test]
    fn lines_that_are_cut_short_give_nothing() {
        for text in ["", ":", "*", "*:*:*:*", "*:*:*:*:", "*:*", "\\", "::::"] {
            check(text, "db", None);
        }
    }
}
