//! Points in time as designers and clients write them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// A date with or without time, as text.
pub(super) fn absolute(text: &str, zone: &TimeZone) -> Option<jiff::Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let civil = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from)).ok()?;
    zone.to_timestamp(civil).ok()
}
