//! Dates in queries: `YYYY-MM-DD HH:MM:SS` and `YYYY-MM-DD`, in UTC (spec/opendialog.md §1.3, §1.6).

use jiff::{
    civil::{Date, DateTime},
    tz::TimeZone,
};
use model::Timestamp;

/// A date and time, exactly as the contract writes it.
pub(crate) fn date_and_time(text: &str) -> Option<Timestamp> {
    let at = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
    // `strptime` is liberal about leading zeros; the contract is not.
    (text.len() == 19).then(|| in_utc(at)).flatten()
}

/// The first microsecond of a day.
pub(crate) fn day(text: &str) -> Option<Timestamp> {
    let day = Date::strptime("%Y-%m-%d", text).ok()?;
    (text.len() == 10).then(|| in_utc(day.at(0, 0, 0, 0))).flatten()
}

/// The last microsecond of the second or day that begins then.
pub(crate) const fn end_of(start: Timestamp, seconds: i64) -> Timestamp {
    Timestamp(start.0 + seconds * 1_000_000 - 1)
}

/// One day in seconds.
pub(crate) const DAY: i64 = 86_400;

/// `YYYY-MM-DD HH:MM:SS`, as analytics write it.
pub(crate) fn plain(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Writes moments as [`Timestamp`] is displayed (row OD-P10). An export has many of few days: the text of a
/// day is used again.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// The last day's number, and its text with the `T` that follows.
    day: Option<(i64, String)>,
}

impl Clock {
    /// Adds a moment.
    pub(crate) fn write(&mut self, at: Timestamp, out: &mut Vec<u8>) {
        const SECOND: i64 = 1_000_000;
        let number = at.seconds().div_euclid(DAY);
        match &self.day {
            Some((known, text)) if *known == number => {
                out.extend_from_slice(text.as_bytes());
                let seconds = at.seconds().rem_euclid(DAY);
                digits::<2>(seconds / 3600, out);
                out.push(b':');
                digits::<2>(seconds / 60 % 60, out);
                out.push(b':');
                digits::<2>(seconds % 60, out);
                out.push(b'.');
                digits::<6>(at.0.rem_euclid(SECOND), out);
                out.push(b'Z');
            }
            _ => {
                let text = at.to_string();
                out.extend_from_slice(text.as_bytes());
                self.day = text.find('T').map(|end| (number, text[..=end].to_owned()));
            }
        }
    }
}

/// Adds a number of so many digits, zeros in front.
fn digits<const COUNT: usize>(mut number: i64, out: &mut Vec<u8>) {
    let mut text = [b'0'; COUNT];
    for digit in text.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&text);
}

fn in_utc(at: DateTime) -> Option<Timestamp> {
    // The last day of the year 9999 is beyond what can be told; whoever names it means "for ever".
    let told = at.to_zoned(TimeZone::UTC).map_or(jiff::Timestamp::MAX, |zoned| zoned.timestamp());
    (at.year() >= 0).then(|| told.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn od_p10_a_clock_writes_what_timestamps_display() {
        let mut clock = Clock::default();
        let day = 1_705_276_800_000_000;
        let moments = [
            day,
            day + 1,
            day + 37_815_000_009,
            day + 86_399_999_999,
            day + 86_400_000_000,
            day - 1,
            day - 86_400_000_000,
            0,
            -1,
            -86_400_000_000,
        ];
        for at in moments.map(Timestamp) {
            // The first may be a new day, the second never is.
            for _ in 0..2 {
                let mut out = Vec::new();
                clock.write(at, &mut out);
                assert_eq!(String::from_utf8(out).expect("a text"), at.to_string());
            }
        }
    }

    #[test]
    fn od_u02_only_the_documented_form_is_read() {
        assert_eq!(date_and_time("2024-01-15 10:30:00"), Some(Timestamp(1_705_314_600_000_000)));
        for wrong in [
            "2024-01-01",
            "2024-13-01 00:00:00",
            "2024-01-01T00:00:00",
            "2024-1-1 0:0:0",
            "",
            "yesterday",
            "2024-02-30 00:00:00",
            "2024-01-01 24:00:00",
            "-024-01-01 00:00:00",
            " 2024-01-01 00:00:00",
        ] {
            assert_eq!(date_and_time(wrong), None, "{wrong}");
        }
        assert_eq!(date_and_time("9999-12-31 23:59:59"), Some(jiff::Timestamp::MAX.into()));
        assert_eq!(day("2024-01-15"), Some(Timestamp(1_705_276_800_000_000)));
        for wrong in ["2024-01-15 10:30:00", "2024-1-15", "15.01.2024", "2024-02-30"] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
        assert_eq!(plain(Timestamp(1_705_314_600_999_999)), "2024-01-15 10:30:00");
    }
}
