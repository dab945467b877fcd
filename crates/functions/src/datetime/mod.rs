//! Computes a moment from another one, as in "the first Monday of next month" (spec §6.8).
//!
//! `attribute_name` gets unix seconds. `base` is unix seconds, a date, or a text with a reference to one; the default
//! is the turn's moment. `modifier` is a relative date in PHP's notation. `time_zone` (our addition) says where
//! days begin; the default is UTC.

mod relative;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

use crate::call::{ActionError, Call, Output, Outputs, split_context};
use relative::Relative;

const NAME: &str = "attribute_name";
const BASE: &str = "base";
const MODIFIER: &str = "modifier";
const ZONE: &str = "time_zone";

pub(crate) fn datetime(call: &Call<'_>) -> Result<Outputs, ActionError> {
    let (context, name) = match call.text(NAME)?.as_deref().map(str::trim) {
        None | Some("") => {
            return Err(ActionError::Missing { field: NAME, remedy: "name the attribute that gets the moment" });
        }
        Some(name) => split_context(name),
    };
    let zone = match call.text(ZONE)?.as_deref().map(str::trim) {
        None | Some("") => TimeZone::UTC,
        Some(zone) => TimeZone::get(zone)
            .map_err(|_| ActionError::unusable(ZONE, format!("`{zone}` is no IANA time zone such as Europe/Paris")))?,
    };
    let now = call.now.to_jiff().to_zoned(zone);
    let base = match call.value(BASE) {
        None => now,
        Some(value) => moment(&value, &now).map_err(|problem| ActionError::unusable(BASE, problem))?,
    };
    let at = match call.text(MODIFIER)? {
        None => base,
        Some(modifier) => Relative::parse(&modifier)
            .and_then(|relative| relative.apply(&base))
            .map_err(|problem| ActionError::unusable(MODIFIER, problem))?,
    };
    Ok(Outputs(vec![Output { context, name, value: at.timestamp().as_second().into() }]))
}

/// The moment that a value means: unix seconds, a date, a date and time, or a date relative to `now`.
fn moment(value: &Value, now: &Zoned) -> Result<Zoned, String> {
    let zone = now.time_zone();
    let seconds = |seconds: i64| match Timestamp::from_second(seconds) {
        Ok(at) => Ok(at.to_zoned(zone.clone())),
        Err(_) => Err(format!("{seconds} seconds are outside the years that are supported")),
    };
    let text = match value {
        Value::Number(number) => {
            // A float saturates on conversion; the range check follows.
            return seconds(number.as_i64().unwrap_or_else(|| number.as_f64().unwrap_or_default().floor() as i64));
        }
        Value::String(text) => text.trim(),
        Value::Null => "",
        _ => return Err("expected unix seconds or a date".to_owned()),
    };
    if text.is_empty() {
        return Err("the attribute that it refers to has no value".to_owned());
    }
    if let Ok(number) = text.trim_start_matches('@').parse::<i64>() {
        return seconds(number);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.to_zoned(zone.clone()));
    }
    let civil = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from));
    if let Ok(at) = civil {
        return at.to_zoned(zone.clone()).map_err(|_| format!("`{text}` is outside the years that are supported"));
    }
    Relative::parse(text)
        .and_then(|relative| relative.apply(now))
        .map_err(|_| format!("`{}` is neither unix seconds nor a date", relative::shortened(text)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    // Wednesday, 15 May 2024, 10:30:00 UTC.
    const NOW: i64 = 1_715_769_000;

    fn run(configuration: Value) -> Result<Output, String> {
        let Value::Object(configuration) = configuration else { panic!("a configuration is an object") };
        let fill = |text: &str| match text {
            "{first_seen}" => json!(1_700_000_000),
            "{birthday}" => json!("2024-02-29"),
            "{unknown}" => Value::Null,
            _ => json!(text),
        };
        let now = model::Timestamp::from_seconds(NOW);
        let mut outputs =
            datetime(&Call { configuration: &configuration, fill: &fill, now }).map_err(|e| e.to_string())?;
        Ok(outputs.0.remove(0))
    }

    #[test]
    fn od_x14_base_and_modifier() {
        let seconds = |configuration| run(configuration).unwrap().value;
        assert_eq!(seconds(json!({"attribute_name": "at"})), json!(NOW));
        assert_eq!(seconds(json!({"attribute_name": "at", "modifier": "+1 day"})), json!(NOW + 86_400));
        let from_first_seen = json!({"attribute_name": "at", "base": "{first_seen}", "modifier": "-1 week"});
        assert_eq!(seconds(from_first_seen), json!(1_700_000_000 - 7 * 86_400));
        let date = json!({"attribute_name": "at", "base": "{birthday}", "modifier": "+1 year"});
        assert_eq!(seconds(date), json!(1_740_787_200)); // 2025-03-01, as PHP overflows
        assert_eq!(seconds(json!({"attribute_name": "at", "base": "@86400"})), json!(86_400));
        let zoned = json!({"attribute_name": "at", "modifier": "tomorrow", "time_zone": "Europe/Paris"});
        assert_eq!(seconds(zoned), json!(1_715_810_400)); // 2024-05-15T22:00Z
    }

    #[test]
    fn od_x14_the_name_may_carry_a_context() {
        let output = run(json!({"attribute_name": "session.at"})).unwrap();
        assert_eq!((output.context.as_deref(), output.name.as_str()), (Some("session"), "at"));
    }

    #[test]
    fn errors_name_the_field() {
        let error = |configuration| run(configuration).unwrap_err();
        assert!(error(json!({})).starts_with("`attribute_name` is missing"));
        assert!(error(json!({"attribute_name": 3})).starts_with("`attribute_name` is not usable"));
        assert!(error(json!({"attribute_name": "at", "base": "{unknown}"})).contains("`base`"));
        assert!(error(json!({"attribute_name": "at", "base": "soonish"})).contains("neither"));
        assert!(error(json!({"attribute_name": "at", "base": 1e300})).contains("`base`"));
        assert!(error(json!({"attribute_name": "at", "modifier": "+1 blink"})).contains("`modifier`"));
        assert!(error(json!({"attribute_name": "at", "modifier": "+999999 years"})).contains("`modifier`"));
        assert!(error(json!({"attribute_name": "at", "time_zone": "Moon"})).contains("`time_zone`"));
    }
}
