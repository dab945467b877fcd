//! What the listings of analytics are asked for: a scenario, days, a page (spec/opendialog.md §1.6, §1.7).
//! Complaints are worded as the product's framework words them.

use std::num::IntErrorKind;

use model::{AgentId, Timestamp};
use utoipa::ToSchema;

use super::super::refusal::Violations;
use super::{
    access::Program,
    moment::{DAY, day, end_of},
    query::Pairs,
    refusal::PublicRefusal,
};
use crate::app::App;

/// Most rows of a page.
const MAX_PER_PAGE: u64 = 1_000;

/// A scenario, days and a page, as they are asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    /// The scenario's id or alias.
    pub(crate) scenario: String,
    /// The first moment of the first day.
    pub(crate) from: Timestamp,
    /// The last moment of the last day.
    pub(crate) to: Timestamp,
    pub(crate) page: PageAsked,
}

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageAsked {
    /// Rows of a page.
    pub(crate) per_page: u64,
    /// Which one, from 1.
    pub(crate) page: u64,
}

/// What the server says when it fails.
#[expect(dead_code, reason = "described, never built: the refusal writes it")]
#[derive(ToSchema)]
pub(crate) struct ServerFailure {
    #[schema(example = "An error occurred while processing your request.")]
    error: String,
}

impl Listing {
    /// Reads a query. What is missing or wrong is added to `wrong`, and stands here as if it had not been sent.
    pub(crate) fn read(pairs: &Pairs<'_>, per_page: u64, wrong: &mut Violations) -> Self {
        let scenario = pairs.get("scenario_id").unwrap_or_default().to_owned();
        if scenario.is_empty() {
            wrong.add("scenario_id", "The scenario id field is required.");
        }
        let start = date(pairs, "start_date", "start date", wrong);
        let end = date(pairs, "end_date", "end date", wrong);
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            wrong.add("end_date", "The end date must be a date after or equal to start date.");
        }
        let per_page = number(pairs, "per_page", "per page", MAX_PER_PAGE, wrong).unwrap_or(per_page);
        let page = number(pairs, "page", "page", u64::MAX, wrong).unwrap_or(1);
        Self {
            scenario,
            from: start.unwrap_or(Timestamp(i64::MIN)),
            to: end.map_or(Timestamp(i64::MAX), |end| end_of(end, DAY)),
            page: PageAsked { per_page, page },
        }
    }
}

impl PageAsked {
    /// How many rows come before the page.
    pub(crate) const fn skip(self) -> u64 {
        (self.page - 1).saturating_mul(self.per_page)
    }

    /// How many rows the page has when there are `total`.
    pub(crate) fn rows(self, total: u64) -> u64 {
        total.saturating_sub(self.skip()).min(self.per_page)
    }

    /// The number of the last page: there is always one, even if it is empty.
    pub(crate) fn last(self, total: u64) -> u64 {
        total.div_ceil(self.per_page).max(1)
    }
}

/// A count as the store takes it.
pub(crate) fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Finds a scenario of the caller's tenant by id or alias.
pub(crate) async fn scenario(app: &App, caller: &Program, name: &str) -> Result<AgentId, PublicRefusal> {
    if let Some(agent) = known(app, caller, name) {
        return Ok(agent);
    }
    // It may have been made a moment ago by another process.
    app.directory.refresh().await;
    known(app, caller, name).ok_or_else(|| {
        PublicRefusal::InvalidFirst(Violations::of("scenario_id", "The selected scenario id is invalid."))
    })
}

fn known(app: &App, caller: &Program, name: &str) -> Option<AgentId> {
    let directory = app.directory.now();
    let tenant = directory.tenant(caller.tenant().as_str())?;
    directory.named(tenant, name).map(|named| named.agent.agent.id)
}

fn date(pairs: &Pairs<'_>, field: &str, spoken: &str, wrong: &mut Violations) -> Option<Timestamp> {
    let text = pairs.get(field)?;
    let day = day(text);
    if day.is_none() {
        wrong.add(field, format!("The {spoken} does not match the format Y-m-d."));
    }
    day
}

fn number(pairs: &Pairs<'_>, field: &str, spoken: &str, most: u64, wrong: &mut Violations) -> Option<u64> {
    let complaint = match pairs.get(field)?.parse::<i128>() {
        Ok(number) if number < 1 => format!("The {spoken} must be at least 1."),
        Ok(number) => match u64::try_from(number) {
            Ok(number) if number <= most => return Some(number),
            _ => format!("The {spoken} may not be greater than {most}."),
        },
        Err(error) => match error.kind() {
            IntErrorKind::PosOverflow => format!("The {spoken} may not be greater than {most}."),
            IntErrorKind::NegOverflow => format!("The {spoken} must be at least 1."),
            _ => format!("The {spoken} must be an integer."),
        },
    };
    wrong.add(field, complaint);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> (Listing, Option<String>) {
        let mut wrong = Violations::default();
        let listing = Listing::read(&Pairs::read(Some(query)), 50, &mut wrong);
        (listing, wrong.first().map(str::to_owned))
    }

    #[test]
    fn od_a04_bounds_have_the_words_of_the_framework() {
        for (query, complaint) in [
            ("", "The scenario id field is required."),
            ("scenario_id=", "The scenario id field is required."),
            ("scenario_id=s&per_page=0", "The per page must be at least 1."),
            ("scenario_id=s&per_page=-99999999999999999999999999999999999999999", "The per page must be at least 1."),
            ("scenario_id=s&per_page=1001", "The per page may not be greater than 1000."),
            (
                "scenario_id=s&per_page=99999999999999999999999999999999999999999",
                "The per page may not be greater than 1000.",
            ),
            ("scenario_id=s&per_page=ten", "The per page must be an integer."),
            ("scenario_id=s&per_page=1.5", "The per page must be an integer."),
            ("scenario_id=s&page=0", "The page must be at least 1."),
            ("scenario_id=s&start_date=2026-1-1", "The start date does not match the format Y-m-d."),
            ("scenario_id=s&end_date=tomorrow", "The end date does not match the format Y-m-d."),
            (
                "scenario_id=s&start_date=2026-01-02&end_date=2026-01-01",
                "The end date must be a date after or equal to start date.",
            ),
        ] {
            assert_eq!(read(query).1.as_deref(), Some(complaint), "{query}");
        }
        let (listing, complaint) = read("scenario_id=s&start_date=2026-01-01&end_date=2026-01-01&per_page=1000&page=3");
        assert_eq!(complaint, None);
        assert_eq!(listing.page, PageAsked { per_page: 1_000, page: 3 });
        assert_eq!(listing.to.0 - listing.from.0, DAY * 1_000_000 - 1, "all of that day");
        assert_eq!(read("scenario_id=s").0.page, PageAsked { per_page: 50, page: 1 });
    }

    #[test]
    fn pages_neither_lose_nor_double_rows() {
        for total in [0, 1, 49, 50, 51, 1_000] {
            let page = |page| PageAsked { per_page: 50, page };
            let last = page(1).last(total);
            assert_eq!((1..=last).map(|number| page(number).rows(total)).sum::<u64>(), total);
            assert_eq!(page(last + 1).rows(total), 0);
        }
        assert_eq!(PageAsked { per_page: 1_000, page: u64::MAX }.rows(10), 0);
    }
}
