//! PHP's relative date formats: `+1 day`, `next friday`, `first monday of next month`, `tomorrow noon`.
//!
//! Follows PHP where it surprises: a weekday is today if today is that day, `next` and `last` never are; naming a day
//! sets the time to midnight, adding to one keeps it; a month that is too short runs over into the next one
//! (31 January + 1 month = 2 or 3 March); a later time of day replaces an earlier one.

use jiff::civil::{Date, Time, Weekday};
use jiff::{SignedDuration, Span, Zoned};

/// Longest text and largest number that are understood.
const MAX_CHARACTERS: usize = 200;
const MAX_AMOUNT: i64 = 1_000_000;

const ORDINALS: [&str; 12] = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth",
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A parsed relative date.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Relative {
    months: i64,
    days: i64,
    seconds: i64,
    /// Days from Monday to Friday.
    working_days: i64,
    time: Option<Time>,
    month: Option<i8>,
    weekday: Option<Named>,
    /// `next week` and the like: a weekday then means that day of the week, Monday first.
    by_week: bool,
    of_month: Option<OfMonth>,
}

/// A weekday by name; `other` if today does not count.
#[derive(Debug, PartialEq)]
struct Named {
    day: Weekday,
    other: bool,
}

/// A day counted within the month.
#[derive(Debug, PartialEq)]
enum OfMonth {
    FirstDay,
    LastDay,
    Nth(i64, Weekday),
    Last(Weekday),
}

enum Unit {
    Seconds(i64),
    Days(i64),
    Weeks,
    Months(i64),
    WorkingDays,
    Day(Weekday),
}

impl Relative {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() > MAX_CHARACTERS {
            return Err(format!("it is longer than {MAX_CHARACTERS} characters"));
        }
        let lower = text.to_lowercase();
        let tokens = tokens(&lower);
        let mut relative = Self::default();
        let mut rest = tokens.as_slice();
        while !rest.is_empty() {
            let used = relative.take(rest).map_err(|problem| format!("`{}`: {problem}", shortened(text)))?;
            rest = &rest[used..];
        }
        Ok(relative)
    }

    /// Understands what the tokens start with; gives how many that were.
    fn take(&mut self, tokens: &[&str]) -> Result<usize, String> {
        let midnight = Some(Time::midnight());
        match tokens {
            ["now", ..] => {}
            ["today" | "midnight", ..] => self.time = midnight,
            ["noon", ..] => self.time = Some(Time::constant(12, 0, 0, 0)),
            ["tomorrow", ..] => (self.time, self.days) = (midnight, self.days + 1),
            ["yesterday", ..] => (self.time, self.days) = (midnight, self.days - 1),
            ["ago", ..] => {
                self.months = -self.months;
                self.days = -self.days;
                self.seconds = -self.seconds;
                self.working_days = -self.working_days;
            }
            ["at" | "on", _, ..] => {}
            ["first", "day", "of", ..] => return self.set_of_month(OfMonth::FirstDay),
            ["last", "day", "of", ..] => return self.set_of_month(OfMonth::LastDay),
            [word, day, "of", ..]
                if weekday(day).is_some() && amount(word).is_some_and(|n| n > 0 || *word == "last") =>
            {
                let (Some(day), Some(amount)) = (weekday(day), amount(word)) else { return Err(unknown(word)) };
                self.time = midnight;
                let which = if amount > 0 { OfMonth::Nth(amount, day) } else { OfMonth::Last(day) };
                return self.set_of_month(which);
            }
            [word, unit_word, ..] if amount(word).is_some() && unit(unit_word).is_some() => {
                let (Some(amount), Some(unit)) = (amount(word), unit(unit_word)) else { return Err(unknown(word)) };
                self.add(amount, &unit);
                self.by_week |= matches!(unit, Unit::Weeks);
                return Ok(2);
            }
            [word, ..] if weekday(word).is_some() => {
                self.weekday = weekday(word).map(|day| Named { day, other: false });
                self.time = midnight;
            }
            [word, ..] if month(word).is_some() => self.month = month(word),
            [number, half @ ("am" | "pm"), ..] => {
                self.time = Some(twelve_hours(number, half).ok_or_else(|| unknown(number))?);
                return Ok(2);
            }
            [word, ..] if word.contains(':') => self.time = Some(clock(word).ok_or_else(|| unknown(word))?),
            [number, unit_word, ..] if is_number(number) => {
                let amount = number.parse::<i64>().ok().filter(|amount| amount.abs() <= MAX_AMOUNT);
                let amount = amount.ok_or_else(|| format!("{number} is more than {MAX_AMOUNT}"))?;
                self.add(amount, &unit(unit_word).ok_or_else(|| unknown(unit_word))?);
                return Ok(2);
            }
            [word, ..] => return Err(unknown(word)),
            [] => {}
        }
        Ok(1)
    }

    fn set_of_month(&mut self, which: OfMonth) -> Result<usize, String> {
        self.of_month = Some(which);
        Ok(3)
    }

    fn add(&mut self, amount: i64, unit: &Unit) {
        match unit {
            Unit::Seconds(each) => self.seconds += amount * each,
            Unit::Days(each) => self.days += amount * each,
            Unit::Weeks => self.days += amount * 7,
            Unit::Months(each) => self.months += amount * each,
            Unit::WorkingDays => self.working_days += amount,
            Unit::Day(day) => {
                self.days += if amount > 0 { amount - 1 } else { amount } * 7;
                self.weekday = Some(Named { day: *day, other: amount != 0 });
                self.time = Some(Time::midnight());
            }
        }
    }

    /// The moment that this means, seen from another one. Days are days of its time zone.
    pub(super) fn apply(&self, from: &Zoned) -> Result<Zoned, String> {
        let outside = |_| "it leads outside the years that are supported".to_owned();
        let date = self.date(from.date()).map_err(outside)?;
        let local = date.to_datetime(self.time.unwrap_or_else(|| from.time()));
        let at = local.to_zoned(from.time_zone().clone()).map_err(outside)?;
        at.checked_add(SignedDuration::from_secs(self.seconds)).map_err(outside)
    }

    fn date(&self, from: Date) -> Result<Date, jiff::Error> {
        let months = self.months + self.month.map_or(0, |month| i64::from(month - from.month()));
        let first = from.first_of_month().checked_add(Span::new().try_months(months)?)?;
        let date = match &self.of_month {
            Some(OfMonth::FirstDay) => first,
            Some(OfMonth::LastDay) => first.last_of_month(),
            Some(OfMonth::Nth(count, day)) => {
                let ahead = i64::from(first.weekday().until(*day));
                first.checked_add(days(ahead + (count - 1) * 7)?)?
            }
            Some(OfMonth::Last(day)) => {
                let last = first.last_of_month();
                last.checked_sub(days(i64::from(day.until(last.weekday())))?)?
            }
            None => first.checked_add(days(i64::from(from.day()) - 1 + self.days_to_weekday(from))?)?,
        };
        add_working_days(date.checked_add(days(self.days)?)?, self.working_days)
    }

    /// PHP looks for the weekday from the day it starts from, and adds days and months to what it found.
    fn days_to_weekday(&self, from: Date) -> i64 {
        match &self.weekday {
            None => 0,
            Some(Named { day, other: false }) if self.by_week => {
                i64::from(day.to_monday_zero_offset() - from.weekday().to_monday_zero_offset())
            }
            Some(Named { day, other }) => {
                let ahead = i64::from(from.weekday().until(*day));
                // `last friday` on a Friday: a week was taken off already.
                if ahead == 0 && *other && self.days >= 0 { 7 } else { ahead }
            }
        }
    }
}

fn add_working_days(mut date: Date, count: i64) -> Result<Date, jiff::Error> {
    let is_weekend = |date: Date| matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    // From a weekend one counts as from the working day before it (behind it, when counting back).
    while count != 0 && is_weekend(date) {
        date = date.checked_sub(days(count.signum())?)?;
    }
    // Whole weeks at once, so that a large number takes no longer than a small one.
    date = date.checked_add(days(count / 5 * 7)?)?;
    for _ in 0..(count % 5).abs() {
        date = date.checked_add(days(count.signum())?)?;
        while is_weekend(date) {
            date = date.checked_add(days(count.signum())?)?;
        }
    }
    Ok(date)
}

fn days(count: i64) -> Result<Span, jiff::Error> {
    Span::new().try_days(count)
}

/// Words, and numbers with their sign: `+1day` is two tokens, `10:30` one.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_part: fn(char) -> bool = if first.is_alphabetic() {
            char::is_alphabetic
        } else if first.is_ascii_digit() || matches!(first, '+' | '-') {
            |c| c.is_ascii_digit() || c == ':'
        } else if first.is_whitespace() || first == ',' {
            rest = &rest[first.len_utf8()..];
            continue;
        } else {
            |_| false
        };
        let after = first.len_utf8();
        let end = rest[after..].find(|c| !is_part(c)).map_or(rest.len(), |end| after + end);
        tokens.push(&rest[..end]);
        rest = &rest[end..];
    }
    tokens
}

fn is_number(token: &str) -> bool {
    let digits = token.trim_start_matches(['+', '-']);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Words that stand for a number.
fn amount(word: &str) -> Option<i64> {
    match word {
        "next" => Some(1),
        "last" | "previous" => Some(-1),
        "this" => Some(0),
        _ => ORDINALS.iter().zip(1..).find(|(ordinal, _)| **ordinal == word).map(|(_, number)| number),
    }
}

fn unit(word: &str) -> Option<Unit> {
    if let Some(day) = weekday(word) {
        return Some(Unit::Day(day));
    }
    Some(match word.strip_suffix('s').unwrap_or(word) {
        "sec" | "second" => Unit::Seconds(1),
        "min" | "minute" => Unit::Seconds(60),
        "hour" => Unit::Seconds(3_600),
        "day" => Unit::Days(1),
        "week" => Unit::Weeks,
        "fortnight" => Unit::Days(14),
        "month" => Unit::Months(1),
        "year" => Unit::Months(12),
        "weekday" => Unit::WorkingDays,
        _ => return None,
    })
}

fn weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "monday" | "mon" => Weekday::Monday,
        "tuesday" | "tue" | "tues" => Weekday::Tuesday,
        "wednesday" | "wed" => Weekday::Wednesday,
        "thursday" | "thu" | "thur" | "thurs" => Weekday::Thursday,
        "friday" | "fri" => Weekday::Friday,
        "saturday" | "sat" => Weekday::Saturday,
        "sunday" | "sun" => Weekday::Sunday,
        _ => return None,
    })
}

fn month(word: &str) -> Option<i8> {
    let is_meant = |name: &&str| **name == *word || (word.len() == 3 && name.starts_with(word));
    MONTHS.iter().zip(1..).find(|(name, _)| is_meant(name)).map(|(_, number)| number)
}

fn clock(text: &str) -> Option<Time> {
    let mut parts = text.split(':').map(|part| part.parse::<i8>().ok().filter(|number| *number >= 0));
    let time = Time::new(parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?, 0).ok()?;
    parts.next().is_none().then_some(time)
}

fn twelve_hours(text: &str, half: &str) -> Option<Time> {
    let time = clock(text).or_else(|| clock(&format!("{text}:00")))?;
    let hour = time.hour();
    let hour_of_day = (1..=12).contains(&hour).then_some(hour % 12 + if half == "pm" { 12 } else { 0 })?;
    time.with().hour(hour_of_day).build().ok()
}

fn unknown(word: &str) -> String {
    format!("`{}` is not understood; write for example `+1 day` or `first monday of next month`", shortened(word))
}

/// A text short enough to stand in an error.
pub(super) fn shortened(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    if start.len() < text.len() { format!("{start}…") } else { start }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn apply(from: &str, modifier: &str) -> String {
        let from: Zoned = format!("{from}[UTC]").parse().unwrap();
        let at = Relative::parse(modifier).and_then(|relative| relative.apply(&from)).unwrap();
        at.strftime("%a %Y-%m-%d %H:%M:%S").to_string()
    }

    // 15 May 2024 is a Wednesday.
    #[rstest]
    #[case("+1 day", "Thu 2024-05-16 10:30:00")]
    #[case("1 day", "Thu 2024-05-16 10:30:00")]
    #[case("+1day -2hours", "Thu 2024-05-16 08:30:00")]
    #[case("-1 week", "Wed 2024-05-08 10:30:00")]
    #[case("+2 months", "Mon 2024-07-15 10:30:00")]
    #[case("-1 YEAR", "Mon 2023-05-15 10:30:00")]
    #[case("+1 week 2 days 4 hours 2 seconds", "Fri 2024-05-24 14:30:02")]
    #[case("2 days ago", "Mon 2024-05-13 10:30:00")]
    #[case("Monday", "Mon 2024-05-20 00:00:00")]
    #[case("wednesday", "Wed 2024-05-15 00:00:00")]
    #[case("next wednesday", "Wed 2024-05-22 00:00:00")]
    #[case("this wednesday", "Wed 2024-05-15 00:00:00")]
    #[case("last wednesday", "Wed 2024-05-08 00:00:00")]
    #[case("next friday", "Fri 2024-05-17 00:00:00")]
    #[case("last tue", "Tue 2024-05-14 00:00:00")]
    #[case("monday next week", "Mon 2024-05-20 00:00:00")]
    #[case("sunday this week", "Sun 2024-05-19 00:00:00")]
    #[case("monday last week", "Mon 2024-05-06 00:00:00")]
    #[case("next week", "Wed 2024-05-22 10:30:00")]
    #[case("next month", "Sat 2024-06-15 10:30:00")]
    #[case("last year", "Mon 2023-05-15 10:30:00")]
    #[case("last monday of this month", "Mon 2024-05-27 00:00:00")]
    #[case("first monday of next month", "Mon 2024-06-03 00:00:00")]
    #[case("second friday of january", "Fri 2024-01-12 00:00:00")]
    #[case("first day of next month", "Sat 2024-06-01 10:30:00")]
    #[case("last day of february midnight", "Thu 2024-02-29 00:00:00")]
    #[case("tomorrow", "Thu 2024-05-16 00:00:00")]
    #[case("tomorrow noon", "Thu 2024-05-16 12:00:00")]
    #[case("noon tomorrow", "Thu 2024-05-16 00:00:00")]
    #[case("yesterday 14:15", "Tue 2024-05-14 14:15:00")]
    #[case("monday 9am", "Mon 2024-05-20 09:00:00")]
    #[case("today 12 pm", "Wed 2024-05-15 12:00:00")]
    #[case("midnight", "Wed 2024-05-15 00:00:00")]
    #[case("+3 weekdays", "Mon 2024-05-20 10:30:00")]
    #[case("-3 weekdays", "Fri 2024-05-10 10:30:00")]
    #[case("+10 weekdays", "Wed 2024-05-29 10:30:00")]
    #[case("", "Wed 2024-05-15 10:30:00")]
    fn od_x14_relative_formats(#[case] modifier: &str, #[case] expected: &str) {
        assert_eq!(apply("2024-05-15T10:30:00Z", modifier), expected);
    }

    #[rstest]
    #[case("2024-01-31T08:00:00Z", "+1 month", "Sat 2024-03-02 08:00:00")]
    #[case("2024-01-31T08:00:00Z", "first monday of next month", "Mon 2024-02-05 00:00:00")]
    #[case("2024-01-31T08:00:00Z", "last day of next month", "Thu 2024-02-29 08:00:00")]
    #[case("2024-05-19T08:00:00Z", "monday next week", "Mon 2024-05-20 00:00:00")]
    #[case("2024-06-01T08:00:00Z", "first saturday of this month", "Sat 2024-06-01 00:00:00")]
    #[case("2024-06-01T08:00:00Z", "+5 weekdays", "Fri 2024-06-07 08:00:00")]
    #[case("2024-06-01T08:00:00Z", "-1 weekday", "Fri 2024-05-31 08:00:00")]
    #[case("2024-12-31T23:30:00Z", "+1 hour", "Wed 2025-01-01 00:30:00")]
    fn od_x14_ends_of_months_and_weeks(#[case] from: &str, #[case] modifier: &str, #[case] expected: &str) {
        assert_eq!(apply(from, modifier), expected);
    }

    #[rstest]
    #[case("soon")]
    #[case("+1")]
    #[case("+1 blink")]
    #[case("25:00")]
    #[case("13 pm")]
    #[case("next")]
    #[case("+99999999999999999999 days")]
    #[case("10:30:00:00")]
    #[case("€ 🦀")]
    #[case("--1 day")]
    fn what_is_not_understood_is_an_error(#[case] modifier: &str) {
        let error = Relative::parse(modifier).unwrap_err();
        assert!(error.contains(shortened(modifier).as_str()), "{error}");
    }

    #[test]
    fn a_lapse_beyond_the_calendar_is_an_error() {
        let from: Zoned = "2024-05-15T10:30:00Z[UTC]".parse().unwrap();
        for modifier in ["+1000000 years", "-1000000 weeks", "+1000000 weekdays +1000000 weekdays +1000000 weekdays"] {
            assert!(Relative::parse(modifier).unwrap().apply(&from).is_err(), "{modifier}");
        }
        assert!(Relative::parse(&"+1 day ".repeat(100)).unwrap_err().contains("longer"));
    }
}
