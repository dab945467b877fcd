//! `<date-message>`, and the older `<date-picker-message>` with one field for each part (§4.2.7).

use model::message::{Body, DateFormat, DatePicker, DatePickerForm};

use super::{BodyTemplate, Kind};
use crate::{
    expression::Scope,
    message::{
        field::{Label, Prose, Switch, Text},
        reading::Reader,
    },
};

pub(super) const KIND: Kind = Kind::new("date-message", read);
pub(super) const PARTS: Kind = Kind::new("date-picker-message", read);

#[derive(Debug)]
struct DateTemplate {
    form: FormTemplate,
    text: Prose,
    intent: Text,
    submit_text: Label,
    min: Bound,
    max: Bound,
    attribute: Text,
}

#[derive(Debug)]
enum FormTemplate {
    Calendar(DateFormat),
    Parts { day: Switch, month: Switch, year: Switch },
}

/// The first or last date: a date, or `today` where a switch says so.
#[derive(Debug)]
struct Bound {
    date: Option<Text>,
    is_today: Switch,
}

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    reader.structured();
    for name in ["text", "callback", "submit_text", "attribute_name"] {
        reader.require(name, &format!("Date picker messages must have \"{name}\""));
    }
    let form = if reader.element.name == PARTS.element {
        FormTemplate::Parts {
            day: reader.switch("day_required", true),
            month: reader.switch("month_required", true),
            year: reader.switch("year_required", true),
        }
    } else {
        FormTemplate::Calendar(format(reader))
    };
    Box::new(DateTemplate {
        form,
        text: reader.prose("text"),
        intent: reader.text("callback"),
        submit_text: reader.label("submit_text"),
        min: bound(reader, "min_date", "no_past_dates"),
        max: bound(reader, "max_date", "no_future_dates"),
        attribute: reader.text("attribute_name"),
    })
}

fn format(reader: &mut Reader<'_, '_>) -> DateFormat {
    let written = reader.text("format");
    match written.fixed().unwrap_or_default() {
        "" | "default" => DateFormat::Date,
        "only-time" => DateFormat::Time,
        "date-time" => DateFormat::DateTime,
        "only-year" => DateFormat::Year,
        "month-year" => DateFormat::Month,
        other => {
            reader.reading.refuse(
                format!("`{other}` is no format of a date message"),
                "write `default`, `only-time`, `date-time`, `only-year` or `month-year`",
            );
            DateFormat::Date
        }
    }
}

fn bound(reader: &mut Reader<'_, '_>, date: &'static str, switch: &'static str) -> Bound {
    let bound = Bound { date: reader.optional(date), is_today: reader.switch(switch, false) };
    let fixed = bound.date.as_ref().and_then(Text::fixed).unwrap_or_default();
    if !fixed.is_empty() && iso_date(fixed).is_none() {
        reader
            .reading
            .refuse(format!("`{date}` is `{fixed}`, not a date"), "write `YYYY-MM-DD`, `YYYYMMDD` or `today`");
    }
    bound
}

/// A date as ISO 8601, or `today`: from `YYYYMMDD`, `YYYY-MM-DD`, `YYYY/MM/DD`, `today`.
fn iso_date(text: &str) -> Option<String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("today") {
        return Some("today".into());
    }
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | '/' | '.')).collect();
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, month, day) = (digits[..4].parse().ok()?, digits[4..6].parse().ok()?, digits[6..].parse().ok()?);
    jiff::civil::Date::new(year, month, day).ok().map(|date| date.to_string())
}

impl Bound {
    /// A date that is written counts more than the switch: it says more.
    fn fill(&self, scope: &dyn Scope) -> Option<String> {
        let date = self.date.as_ref().and_then(|date| iso_date(&date.fill(scope)));
        date.or_else(|| self.is_today.fill(scope).then(|| "today".into()))
    }
}

impl BodyTemplate for DateTemplate {
    fn fill(&self, scope: &dyn Scope) -> Body {
        Body::DatePicker(DatePicker {
            form: match &self.form {
                FormTemplate::Calendar(format) => DatePickerForm::Calendar(*format),
                FormTemplate::Parts { day, month, year } => {
                    DatePickerForm::Parts { day: day.fill(scope), month: month.fill(scope), year: year.fill(scope) }
                }
            },
            text: self.text.fill(scope),
            intent: self.intent.fill(scope),
            submit_text: self.submit_text.fill(scope),
            min: self.min.fill(scope),
            max: self.max.fill(scope),
            attribute: self.attribute.fill(scope),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn od_m22_dates_in_all_spellings() {
        for spelling in ["20200131", "2020-01-31", "2020/01/31", " 2020-01-31 "] {
            assert_eq!(iso_date(spelling).as_deref(), Some("2020-01-31"), "{spelling}");
        }
        assert_eq!(iso_date("Today").as_deref(), Some("today"));
        for wrong in ["20200231", "2020", "tomorrow", "", "２０２００１３１"] {
            assert_eq!(iso_date(wrong), None, "{wrong}");
        }
    }
}
