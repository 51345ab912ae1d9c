//! Times, as milliseconds since 1970.
//!
//! Deliberately absent: time zones. A person is shown ages ("5 min"), and a date only for what is old.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, by this computer's clock.
#[must_use]
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The day `YYYY-MM-DD` (UTC) of a time. Algorithm: Howard Hinnant, `civil_from_days`.
#[must_use]
pub fn day(unix_ms: u64) -> String {
    let days = unix_ms / 86_400_000 + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The time in ISO 8601 with milliseconds and `Z`.
#[must_use]
pub fn iso(unix_ms: u64) -> String {
    let of_day = unix_ms % 86_400_000;
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1_000 % 60);
    format!("{}T{hour:02}:{minute:02}:{second:02}.{:03}Z", day(unix_ms), of_day % 1_000)
}

/// Reads a time as the API writes it, `2026-11-21T04:43:04.931Z`.
#[must_use]
pub fn parse(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let milliseconds = number(20, 23).unwrap_or(0);
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000 + milliseconds)
}

#[cfg(test)]
mod tests {
    use super::{day, iso, parse};

    #[test]
    fn a_time_reads_as_it_was_written() {
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(parse("2024-02-29T23:59:59.999Z").map(iso).as_deref(), Some("2024-02-29T23:59:59.999Z"));
        assert_eq!(parse("2026-11-21T04:43:04.931Z"), Some(1_795_236_184_931));
        for text in ["", "2026", "2026-13-01T00:00:00.000Z", "yesterday, at noon or so"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_time_reads_back(ms in 0_u64..253_402_300_799_999) {
            proptest::prop_assert_eq!(parse(&iso(ms)), Some(ms));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = parse(&text);
        }
    }
}
