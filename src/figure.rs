//! Figures and times as the screen writes them: short, rounded so that they hold still, never a digit that is not known.
//! Pure; an age also tells when its text will change next, so that an idle screen is not redrawn.

use std::time::Duration;

/// A size in bytes, in decimal units: `0 B`, `340 kB`, `1.2 GB`.
pub fn bytes(bytes: u64) -> String {
    scaled(bytes as f64, &["B", "kB", "MB", "GB", "TB", "PB", "EB"])
}

/// Bytes per second: `340 kB/s`. Less than nothing, or no number, is written `?`.
pub fn rate(bytes_per_second: f64) -> String {
    if bytes_per_second.is_finite() && bytes_per_second >= 0.0 {
        scaled(bytes_per_second, &["B/s", "kB/s", "MB/s", "GB/s", "TB/s", "PB/s", "EB/s"])
    } else {
        "?".to_owned()
    }
}

/// Two or three digits and the unit, each of which is a thousand of the one before.
fn scaled(value: f64, units: &[&str]) -> String {
    let mut value = value.round();
    let mut exponent = 0;
    // What would be written as 1000 goes to the next unit.
    while value.round() >= 1000.0 && exponent + 1 < units.len() {
        value /= 1000.0;
        exponent += 1;
    }
    let unit = units.get(exponent).copied().unwrap_or_default();
    let tenths = (value * 10.0).round();
    if exponent > 0 && tenths < 100.0 { format!("{:.1} {unit}", tenths / 10.0) } else { format!("{value:.0} {unit}") }
}

/// A count in at most three digits: `0`, `940`, `14.7k`, `1.20M`.
pub fn count(count: u64) -> String {
    let mut value = count as f64;
    let mut suffix = "";
    for next in ["k", "M", "G", "T", "P", "E"] {
        // 999.5 and more would be written as 1000.
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        suffix = next;
    }
    let digits = match value {
        _ if suffix.is_empty() => 0,
        small if small < 9.995 => 2,
        middle if middle < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$}{suffix}")
}

/// How far something is behind: `0.0 s`, `4.1 s`, `14 s`, `2m`, `3h`. Seconds up to two minutes, for there they matter.
pub fn lag(lag: Duration) -> String {
    let tenths = lag.as_secs_f64() * 10.0;
    match lag.as_secs_f64().round() as u64 {
        _ if tenths.round() < 100.0 => format!("{:.1} s", tenths.round() / 10.0),
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{}m", seconds / 60),
        seconds => format!("{}h", seconds / 3600),
    }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The unit in which an age of so many seconds is written: seconds in it, and its letter.
fn unit(seconds: u64) -> (u64, char) {
    match seconds {
        0..MINUTE => (1, 's'),
        MINUTE..HOUR => (MINUTE, 'm'),
        HOUR..DAY => (HOUR, 'h'),
        _ => (DAY, 'd'),
    }
}

/// How old something is, rounded down: `45s`, `12m`, `3h`, `2d`.
pub fn age(age: Duration) -> String {
    let (unit, letter) = unit(age.as_secs());
    format!("{}{letter}", age.as_secs() / unit)
}

/// How long the text of this age stays as it is.
pub fn next_change(age: Duration) -> Duration {
    let (unit, _) = unit(age.as_secs());
    Duration::from_secs(unit - age.as_secs() % unit) - Duration::from_nanos(age.subsec_nanos().into())
}

/// A fraction of one as a percentage: `0 %`, `0.02 %`, `4.1 %`, `61 %`, `99.9 %`, `100 %`. It never says 100 of what is less,
/// nor 0 of what is more.
pub fn percent(fraction: f64) -> String {
    let percent = fraction * 100.0;
    let digits = match percent.abs() {
        no if !no.is_finite() => return "?".to_owned(),
        0.0 => 0,
        tiny if tiny < 0.01 => return "<0.01 %".to_owned(),
        small if small < 0.995 => 2,
        few if few < 9.95 => 1,
        many if (99.0..100.0).contains(&many) => return format!("{:.1} %", (percent * 10.0).trunc() / 10.0),
        _ => 0,
    };
    format!("{percent:.digits$} %")
}

/// The time of day in UTC, `12:04`, of a moment in Unix milliseconds.
pub fn clock(unix_ms: i64) -> String {
    time_of_day(unix_ms, "%H:%M", "--:--")
}

/// The time of day in UTC with seconds, `12:04:28`, of a moment in Unix milliseconds.
pub fn clock_seconds(unix_ms: i64) -> String {
    time_of_day(unix_ms, "%H:%M:%S", "--:--:--")
}

/// `impossible` stands for moments outside the calendar, which only a broken recording can bring.
fn time_of_day(unix_ms: i64, pattern: &str, impossible: &str) -> String {
    match jiff::Timestamp::from_millisecond(unix_ms) {
        Ok(moment) => moment.strftime(pattern).to_string(),
        Err(_) => impossible.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts<T: Copy>(write: impl Fn(T) -> String, cases: &[(T, &str)]) {
        for (value, text) in cases {
            assert_eq!(write(*value), *text);
        }
    }

    #[test]
    fn sizes_have_two_or_three_digits() {
        texts(bytes, &[(0, "0 B"), (12, "12 B"), (999, "999 B"), (1000, "1.0 kB"), (1249, "1.2 kB"), (9_949, "9.9 kB")]);
        texts(bytes, &[(9_950, "10 kB"), (340_400, "340 kB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (12_300_000, "12 MB")]);
        texts(bytes, &[(1_200_000_000, "1.2 GB"), (u64::MAX, "18 EB")]);
        texts(rate, &[(0.0, "0 B/s"), (0.4, "0 B/s"), (340_000.0, "340 kB/s"), (f64::NAN, "?"), (-1.0, "?"), (f64::INFINITY, "?")]);
    }

    #[test]
    fn counts_have_at_most_three_digits() {
        texts(count, &[(0, "0"), (999, "999"), (1000, "1.00k"), (9_994, "9.99k"), (9_996, "10.0k"), (14_700, "14.7k")]);
        texts(count, &[(99_940, "99.9k"), (99_960, "100k"), (999_499, "999k"), (999_500, "1.00M"), (1_204_000, "1.20M")]);
        texts(count, &[(u64::MAX, "18.4E")]);
    }

    #[test]
    fn lags_show_tenths_only_while_short() {
        let of = |ms: u64| lag(Duration::from_millis(ms));
        texts(of, &[(0, "0.0 s"), (49, "0.0 s"), (4_100, "4.1 s"), (9_940, "9.9 s"), (9_960, "10 s"), (14_000, "14 s")]);
        texts(of, &[(119_400, "119 s"), (119_600, "2m"), (3_600_000, "60m"), (7_199_000, "119m"), (7_200_000, "2h"), (11_000_000, "3h")]);
    }

    #[test]
    fn ages_coarsen_at_each_boundary() {
        let of = |ms: u64| age(Duration::from_millis(ms));
        texts(of, &[(0, "0s"), (999, "0s"), (1_000, "1s"), (59_999, "59s"), (60_000, "1m"), (119_999, "1m"), (3_599_999, "59m")]);
        texts(of, &[(3_600_000, "1h"), (86_399_999, "23h"), (86_400_000, "1d"), (172_800_000, "2d")]);
    }

    #[test]
    fn percentages_never_round_to_all_or_nothing() {
        texts(percent, &[(0.0, "0 %"), (0.00001, "<0.01 %"), (0.0002, "0.02 %"), (0.00996, "1.0 %"), (0.041, "4.1 %"), (0.0996, "10 %")]);
        texts(percent, &[(0.61, "61 %"), (0.985, "98 %"), (0.9999, "99.9 %"), (1.0, "100 %"), (1.5, "150 %"), (f64::NAN, "?")]);
    }

    #[test]
    fn clocks_are_in_utc() {
        assert_eq!(clock(1_700_000_000_000), "22:13");
        assert_eq!(clock_seconds(1_700_000_000_999), "22:13:20");
        assert_eq!(clock(i64::MAX), "--:--");
    }

    proptest! {
        #[test]
        fn an_age_keeps_its_text_until_the_next_change_and_no_longer(
            milliseconds in prop_oneof![0..200_000u64, 0..400_000_000u64], within in 0.0..1.0f64,
        ) {
            let now = Duration::from_millis(milliseconds);
            let wait = next_change(now);
            prop_assert!(wait > Duration::ZERO);
            prop_assert_eq!(age(now + wait.mul_f64(within * 0.999_999)), age(now));
            prop_assert_ne!(age(now + wait), age(now));
        }

        #[test]
        fn figures_stay_short(value: u64, real: f64) {
            prop_assert!(bytes(value).len() <= 6, "{}", bytes(value));
            prop_assert!(count(value).len() <= 5, "{}", count(value));
            prop_assert!(rate(real.min(1e18)).len() <= 8, "{}", rate(real.min(1e18)));
            prop_assert!(lag(Duration::from_millis(value / 1_000_000)).len() <= 11);
        }
    }
}
