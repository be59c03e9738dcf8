//! A position in the write-ahead log.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A position in the write-ahead log, in bytes; written `0/3000060` as PostgreSQL does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

impl Lsn {
    /// Bytes from `earlier` to here; 0 if `earlier` is ahead (the two were read at different moments).
    pub fn since(self, earlier: Lsn) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl FromStr for Lsn {
    type Err = String;

    fn from_str(text: &str) -> Result<Lsn, String> {
        let part = |digits: &str| u64::from(u32::from_str_radix(digits, 16).unwrap_or_default());
        match text.split_once('/') {
            Some((high, low)) if [high, low].iter().all(|p| u32::from_str_radix(p, 16).is_ok()) => Ok(Lsn(part(high) << 32 | part(low))),
            _ => Err(format!("'{text}' is not a WAL position such as 0/3000060")),
        }
    }
}

impl Serialize for Lsn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Lsn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Lsn, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_number_agree(raw: u64) {
            prop_assert_eq!(Lsn(raw).to_string().parse::<Lsn>().unwrap(), Lsn(raw));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            let _ = text.parse::<Lsn>();
        }
    }

    #[test]
    fn reads_postgresql_notation() {
        assert_eq!("1/A0".parse::<Lsn>(), Ok(Lsn(0x1_0000_00A0)));
        assert!("1/".parse::<Lsn>().is_err());
        assert!("100000000/0".parse::<Lsn>().is_err());
    }
}
