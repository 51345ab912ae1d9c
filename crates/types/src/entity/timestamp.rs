//! Moments and days as JSON shows them.
//!
//! **Invariant:** a moment is written with exactly three decimals and `Z`: toot parses it with a fixed pattern.
//!
//! Deliberately absent: clocks and time zones. The days are reckoned by Howard Hinnant's `days_from_civil`
//! (<https://howardhinnant.github.io/date_algorithms.html>).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;

const DAY_MS: i64 = 86_400_000;

/// A moment, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Milliseconds since the beginning of 1970, UTC.
    pub unix_ms: i64,
}

/// A day of the UTC calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Days since the beginning of 1970, UTC.
    pub unix_days: i64,
}

impl Timestamp {
    /// The moment that many milliseconds after the beginning of 1970.
    #[must_use]
    pub const fn from_unix_ms(unix_ms: i64) -> Self {
        Self { unix_ms }
    }

    /// The day of this moment.
    #[must_use]
    pub const fn date(self) -> Date {
        Date {
            unix_days: self.unix_ms.div_euclid(DAY_MS),
        }
    }

    /// Reads `YYYY-MM-DDTHH:MM:SS`, with up to three decimals or more, and `Z`.
    #[must_use]
    pub fn parse(written: &str) -> Option<Self> {
        let (date, time) = written.strip_suffix('Z')?.split_once('T')?;
        let (clock, decimals) = time.split_once('.').unwrap_or((time, "0"));
        let [hours, minutes, seconds] = numbers(clock, ':')?;
        let fits = hours < 24 && minutes < 60 && seconds <= 60 && !decimals.is_empty();
        if !fits || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let thousandths = format!("{decimals:0<3}");
        let millis: i64 = thousandths.get(..3)?.parse().ok()?;
        let day_ms = ((hours * 60 + minutes) * 60 + seconds) * 1000 + millis;
        Some(Self {
            unix_ms: Date::parse(date)?.unix_days * DAY_MS + day_ms,
        })
    }
}

impl Date {
    /// Reads `YYYY-MM-DD`.
    #[must_use]
    pub fn parse(written: &str) -> Option<Self> {
        let [year, month, day] = numbers(written, '-')?;
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year > 9999 {
            return None;
        }
        let date = Self {
            unix_days: days_from_civil(year, month, day),
        };
        (date.civil() == (year, month, day)).then_some(date)
    }

    /// Year, month and day.
    fn civil(self) -> (i64, i64, i64) {
        let shifted = self.unix_days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Three unsigned numbers between two separators.
fn numbers(written: &str, separator: char) -> Option<[i64; 3]> {
    let mut found = written
        .split(separator)
        .map(|digits| digits.parse::<u16>().map(i64::from));
    let three = [found.next()?.ok()?, found.next()?.ok()?, found.next()?.ok()?];
    found.next().is_none().then_some(three)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day_ms = self.unix_ms.rem_euclid(DAY_MS);
        let (seconds, millis) = (day_ms / 1000, day_ms % 1000);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z",
            self.date()
        )
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        Self::parse(&written).ok_or_else(|| D::Error::custom("a moment is written 2026-11-21T04:43:04.931Z"))
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        Self::parse(&written).ok_or_else(|| D::Error::custom("a day is written 2026-11-21"))
    }
}

#[cfg(feature = "openapi")]
mod schema {
    use super::{Date, Timestamp};
    use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
    use utoipa::openapi::{RefOr, Schema};

    fn text(format: KnownFormat) -> RefOr<Schema> {
        let object = ObjectBuilder::new().schema_type(Type::String);
        object.format(Some(SchemaFormat::KnownFormat(format))).into()
    }

    impl utoipa::PartialSchema for Timestamp {
        fn schema() -> RefOr<Schema> {
            text(KnownFormat::DateTime)
        }
    }

    impl utoipa::ToSchema for Timestamp {}

    impl utoipa::PartialSchema for Date {
        fn schema() -> RefOr<Schema> {
            text(KnownFormat::Date)
        }
    }

    impl utoipa::ToSchema for Date {}
}

#[cfg(test)]
mod tests {
    use super::{Date, Timestamp};
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn moments_are_written_as_mastodon_writes_them() {
        let written = "2026-11-21T04:43:04.931Z";
        let moment = Timestamp::parse(written).expect("a moment");
        assert_eq!(moment.unix_ms, 1_795_236_184_931);
        assert_eq!(moment.to_string(), written);
        assert_eq!(moment.date().to_string(), "2026-11-21");
        assert_eq!(Timestamp::from_unix_ms(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            Timestamp::parse("2000-02-29T23:59:59Z").map(|m| m.unix_ms),
            Some(951_868_799_000)
        );
    }

    #[test]
    fn nonsense_is_not_a_moment() {
        for written in ["", "2026-02-30", "2026-13-01", "1-1", "2026-11-21-1", "año-11-21"] {
            assert_eq!(Date::parse(written), None, "{written}");
        }
        for written in [
            "2026-11-21",
            "2026-11-21T04:43:04",
            "2026-11-21T24:00:00Z",
            "2026-11-21T04:43:04.é1Z",
        ] {
            assert_eq!(Timestamp::parse(written), None, "{written}");
        }
    }

    proptest! {
        #[test]
        fn written_and_read_again(unix_ms in 0i64..250_000_000_000_000) {
            let moment = Timestamp::from_unix_ms(unix_ms);
            prop_assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
            prop_assert_eq!(Date::parse(&moment.date().to_string()), Some(moment.date()));
        }
    }
}
