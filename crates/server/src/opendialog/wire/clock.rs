//! Times as the wire writes them, in the visitor's time zone.

use jiff::tz::TimeZone;
use model::Timestamp;

/// The visitor's clock; UTC where the client said no zone, or one that does not exist.
fn zoned(at: Timestamp, time_zone: Option<&str>) -> jiff::Zoned {
    let zone = time_zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    at.to_jiff().to_zoned(zone)
}

/// `02:32 PM` (PHP `h:i A`).
pub(crate) fn time(at: Timestamp, time_zone: Option<&str>) -> String {
    zoned(at, time_zone).strftime("%I:%M %p").to_string()
}

/// `Tue 2 May` (PHP `D j M`).
pub(crate) fn date(at: Timestamp, time_zone: Option<&str>) -> String {
    zoned(at, time_zone).strftime("%a %-d %b").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_php_writes_it() {
        let at = Timestamp::from_seconds(1_683_037_966);
        assert_eq!((time(at, None).as_str(), date(at, None).as_str()), ("02:32 PM", "Tue 2 May"));
        assert_eq!(time(at, Some("Europe/London")), "03:32 PM");
        assert_eq!(
            (time(at, Some("Asia/Tokyo")).as_str(), date(at, Some("Pacific/Auckland")).as_str()),
            ("11:32 PM", "Wed 3 May")
        );
        assert_eq!(time(at, Some("Mars/Base")), "02:32 PM");
        assert_eq!(time(Timestamp::from_seconds(0), None), "12:00 AM");
    }
}
