//! Points in time as designers and clients write them: unix seconds, dates, times of day, with or
//! without a zone (`10:00 BST`).
//!
//! Zones come from the database in the binary, so that no file is read and answers are the same
//! everywhere.

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, Zoned};
use serde_json::Value;

use super::{Scope, value};

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Longer texts are no dates.
const MAX_LENGTH: usize = 64;

/// Abbreviations with one common meaning, in minutes east of UTC.
#[rustfmt::skip]
const ABBREVIATIONS: &[(&str, i32)] = &[
    ("Z", 0), ("UTC", 0), ("GMT", 0), ("WET", 0), ("BST", 60), ("WEST", 60), ("CET", 60), ("WAT", 60),
    ("CEST", 120), ("EET", 120), ("CAT", 120), ("SAST", 120), ("EEST", 180), ("MSK", 180), ("EAT", 180),
    ("GST", 240), ("PKT", 300), ("IST", 330), ("ICT", 420), ("WIB", 420), ("HKT", 480), ("SGT", 480), ("AWST", 480),
    ("JST", 540), ("KST", 540), ("ACST", 570), ("AEST", 600), ("ACDT", 630), ("AEDT", 660), ("NZST", 720),
    ("NZDT", 780), ("BRT", -180), ("ART", -180), ("NST", -210), ("NDT", -150), ("AST", -240), ("ADT", -180),
    ("EST", -300), ("EDT", -240), ("CST", -360), ("CDT", -300), ("MST", -420), ("MDT", -360), ("PST", -480),
    ("PDT", -420), ("AKST", -540), ("AKDT", -480), ("HST", -600),
];

/// Slashes are American, dashes and dots European, as PHP reads them.
const DATES: [&str; 11] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d %B %Y",
    "%d %b %Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%B %d %Y",
    "%b %d %Y",
];
const TIMES: [&str; 7] = ["%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%I:%M%p", "%I %p", "%I%p"];

/// The zone of an IANA name, an abbreviation or an offset such as `+01:00`.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    if name.is_empty() || name.len() > MAX_LENGTH {
        return None;
    }
    ZONES.get(name).ok().or_else(|| abbreviated(name)).or_else(|| offset(name).map(Offset::to_time_zone))
}

fn abbreviated(name: &str) -> Option<TimeZone> {
    let (_, minutes) = ABBREVIATIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Offset::from_seconds(minutes * 60).ok().map(Offset::to_time_zone)
}

/// `+1`, `+01`, `+0100`, `+01:00`
fn offset(text: &str) -> Option<Offset> {
    let (sign, digits) =
        text.strip_prefix('+').map(|rest| (1, rest)).or(text.strip_prefix('-').map(|rest| (-1, rest)))?;
    let digits = digits.replacen(':', "", 1);
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(if digits.len() > 2 { digits.len() - 2 } else { digits.len() });
    let minutes: i32 = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
    Offset::from_seconds(sign * (hours.parse::<i32>().ok()? * 3600 + minutes * 60)).ok()
}

/// A date with or without time, as text.
pub(super) fn absolute(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let (text, zone) = with_zone(text, zone)?;
    match text.parse() {
        Ok(at) => Some(at),
        Err(_) => zone.to_timestamp(civil(text)?).ok(),
    }
}

/// When and where a turn happens: what relative times are read against.
pub(super) struct Clock {
    pub(super) now: Timestamp,
    /// The visitor's, else UTC.
    pub(super) zone: TimeZone,
}

impl Clock {
    pub(super) fn of(scope: &dyn Scope) -> Self {
        Self { now: scope.now().to_jiff(), zone: scope.time_zone().and_then(zone).unwrap_or(TimeZone::UTC) }
    }

    /// The moment that a value says: unix seconds, a date, a time of day (today), `now`, `today`,
    /// `tomorrow`, `yesterday`.
    pub(super) fn read(&self, value: &Value) -> Option<Timestamp> {
        if let Some(number) = value::number(value) {
            return unix(&number);
        }
        let text = value.as_str()?;
        absolute(text, &self.zone).or_else(|| self.relative(text))
    }

    /// The calendar day of a moment.
    pub(super) fn day(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    fn relative(&self, text: &str) -> Option<Timestamp> {
        let (text, zone) = with_zone(text, &self.zone)?;
        let now = Zoned::new(self.now, zone.clone());
        let day = match &*text.to_ascii_lowercase() {
            "now" => return Some(self.now),
            "today" => now.start_of_day(),
            "tomorrow" => now.tomorrow().and_then(|at| at.start_of_day()),
            "yesterday" => now.yesterday().and_then(|at| at.start_of_day()),
            _ => return zone.to_timestamp(now.date().to_datetime(time_of_day(text)?)).ok(),
        };
        day.ok().map(|at| at.timestamp())
    }
}

fn unix(number: &serde_json::Number) -> Option<Timestamp> {
    match number.as_i64() {
        Some(seconds) => Timestamp::from_second(seconds).ok(),
        None => Timestamp::from_duration(SignedDuration::try_from_secs_f64(number.as_f64()?).ok()?).ok(),
    }
}

/// The text without the zone at its end, and that zone, else the given one.
fn with_zone<'t>(text: &'t str, default: &TimeZone) -> Option<(&'t str, TimeZone)> {
    let text = text.trim();
    if text.len() > MAX_LENGTH {
        return None;
    }
    let split = text.rsplit_once(char::is_whitespace).and_then(|(rest, last)| {
        // Behind a time `CET` is an hour; as the name of a place it has a summer time.
        Some((rest.trim_end(), abbreviated(last).or_else(|| self::zone(last))?))
    });
    Some(split.unwrap_or_else(|| (text, default.clone())))
}

fn civil(text: &str) -> Option<DateTime> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let text = without_weekday(text);
    DATES.iter().find_map(|format| {
        let (date, read) = BrokenDownTime::parse_prefix(format, text).ok()?;
        let date = date.to_date().ok()?;
        let rest = text.get(read..)?;
        let time = rest.trim_start_matches([',', ' ', 'T']);
        if rest.is_empty() {
            Some(date.to_datetime(Time::midnight()))
        } else if time.len() < rest.len() {
            Some(date.to_datetime(time_of_day(time)?))
        } else {
            None
        }
    })
}

/// `Wed, 23 July 2025` without its first word.
fn without_weekday(text: &str) -> &str {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    match text.split_once([' ', ',']) {
        Some((first, rest)) if DAYS.iter().any(|day| first.to_ascii_lowercase().starts_with(day)) => {
            rest.trim_start_matches([',', ' '])
        }
        _ => text,
    }
}

fn time_of_day(text: &str) -> Option<Time> {
    TIMES.iter().find_map(|format| Time::strptime(format, text.trim()).ok())
}
