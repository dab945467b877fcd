//! The filter that writes dates.

use super::{Apply, Argument, Arguments, Datum, Group};
use crate::expression::moment::{self, Clock};
use crate::expression::php_date::PhpFormat;

pub(super) const FILTERS: Group = &[("format_date", format_date)];

/// The zone is the argument's, else the visitor's, else UTC. What is no date has no value.
fn format_date(arguments: Arguments) -> Result<Apply, String> {
    let [Some(format), zone] = arguments.optional()? else {
        return Err("takes a format and perhaps a time zone".to_owned());
    };
    let compiled = format.literal().map(PhpFormat::compile);
    let known_zone = match zone.as_ref().and_then(Argument::literal) {
        None => None,
        Some(name) => Some(moment::zone(name).ok_or("the time zone must be an IANA name such as Europe/London")?),
    };
    Ok(std::sync::Arc::new(move |datum: Datum<'_>, scope| {
        let mut clock = Clock::of(scope);
        let named = || zone.as_ref().and_then(|zone| moment::zone(&zone.text(scope)));
        if let Some(zone) = known_zone.clone().or_else(named) {
            clock.zone = zone;
        }
        let Some(at) = clock.read(&datum.into_value()) else { return Datum::nothing() };
        let at = at.to_zoned(clock.zone);
        Datum::owned(match &compiled {
            Some(format) => format.write(&at),
            None => PhpFormat::compile(&format.text(scope)).write(&at),
        })
    }))
}
