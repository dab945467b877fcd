//! Dates in the letters of PHP's `date`, which designers write in `format_date`.

use std::fmt::Write as _;

use jiff::Zoned;

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A compiled format.
pub(super) struct PhpFormat(Vec<Piece>);

enum Piece {
    Letter(char),
    Literal(char),
}

impl PhpFormat {
    /// Any text is a format: what is no letter of PHP's stands for itself, as does a letter after
    /// a backslash.
    pub(super) fn compile(format: &str) -> Self {
        let mut pieces = Vec::new();
        let mut letters = format.chars();
        while let Some(letter) = letters.next() {
            pieces.push(match letter {
                '\\' => Piece::Literal(letters.next().unwrap_or('\\')),
                letter => Piece::Letter(letter),
            });
        }
        Self(pieces)
    }

    pub(super) fn write(&self, at: &Zoned) -> String {
        let mut out = String::with_capacity(self.0.len() * 3);
        for piece in &self.0 {
            match *piece {
                Piece::Literal(letter) => out.push(letter),
                Piece::Letter(letter) => {
                    write_letter(letter, at, &mut out).expect("a String takes all that is written");
                }
            }
        }
        out
    }
}

#[rustfmt::skip]
fn write_letter(letter: char, at: &Zoned, out: &mut String) -> std::fmt::Result {
    let day = DAYS[at.weekday().to_monday_zero_offset().unsigned_abs() as usize];
    let month = MONTHS[at.month().unsigned_abs() as usize - 1];
    match letter {
        'd' => write!(out, "{:02}", at.day()),
        'D' => write!(out, "{}", &day[..3]),
        'j' => write!(out, "{}", at.day()),
        'l' => write!(out, "{day}"),
        'N' => write!(out, "{}", at.weekday().to_monday_one_offset()),
        'S' => write!(out, "{}", day_ending(at.day())),
        'w' => write!(out, "{}", at.weekday().to_sunday_zero_offset()),
        'z' => write!(out, "{}", at.day_of_year() - 1),
        'W' => write!(out, "{:02}", at.date().iso_week_date().week()),
        'o' => write!(out, "{}", at.date().iso_week_date().year()),
        'F' => write!(out, "{month}"),
        'M' => write!(out, "{}", &month[..3]),
        'm' => write!(out, "{:02}", at.month()),
        'n' => write!(out, "{}", at.month()),
        't' => write!(out, "{}", at.days_in_month()),
        'L' => write!(out, "{}", u8::from(at.in_leap_year())),
        'Y' => write!(out, "{:04}", at.year()),
        'y' => write!(out, "{:02}", at.year().rem_euclid(100)),
        'a' => write!(out, "{}", if at.hour() < 12 { "am" } else { "pm" }),
        'A' => write!(out, "{}", if at.hour() < 12 { "AM" } else { "PM" }),
        'g' => write!(out, "{}", twelve_hours(at.hour())),
        'G' => write!(out, "{}", at.hour()),
        'h' => write!(out, "{:02}", twelve_hours(at.hour())),
        'H' => write!(out, "{:02}", at.hour()),
        'i' => write!(out, "{:02}", at.minute()),
        's' => write!(out, "{:02}", at.second()),
        'u' => write!(out, "{:06}", at.subsec_nanosecond() / 1_000),
        'v' => write!(out, "{:03}", at.subsec_nanosecond() / 1_000_000),
        'e' => match at.time_zone().iana_name() {
            Some(name) => write!(out, "{name}"),
            None => write_offset(at, ":", out),
        },
        'I' => write!(out, "{}", u8::from(at.time_zone().to_offset_info(at.timestamp()).dst().is_dst())),
        'O' => write_offset(at, "", out),
        'P' => write_offset(at, ":", out),
        'p' if at.offset().is_zero() => write!(out, "Z"),
        'p' => write_offset(at, ":", out),
        'T' => match at.time_zone().iana_name() {
            Some(_) => write!(out, "{}", at.time_zone().to_offset_info(at.timestamp()).abbreviation()),
            None => write_offset(at, ":", out),
        },
        'Z' => write!(out, "{}", at.offset().seconds()),
        'c' => write_all("Y-m-d\\TH:i:sP", at, out),
        'r' => write_all("D, d M Y H:i:s O", at, out),
        'U' => write!(out, "{}", at.timestamp().as_second()),
        other => write!(out, "{other}"),
    }
}

/// The letters that stand for a whole format.
fn write_all(format: &str, at: &Zoned, out: &mut String) -> std::fmt::Result {
    out.write_str(&PhpFormat::compile(format).write(at))
}

fn day_ending(day: i8) -> &'static str {
    match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    }
}

fn twelve_hours(hour: i8) -> i8 {
    (hour + 11) % 12 + 1
}

fn write_offset(at: &Zoned, separator: &str, out: &mut String) -> std::fmt::Result {
    let seconds = at.offset().seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    write!(out, "{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
}
