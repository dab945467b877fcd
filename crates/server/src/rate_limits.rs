//! Limits on how often an endpoint is called by one caller (row OD-P08). Off unless configured, but
//! where the contract documents one.
//!
//! A limit counts calls in windows of fixed length, each beginning with a caller's first call, because
//! the contract counts so: the 31st call within a minute is refused (row OD-G02).

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    str::FromStr,
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use model::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// What can be limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Endpoint {
    UserInteractions,
    UserDataExport,
    DeepLinks,
    AnalyticsDataExport,
    FlagEvaluations,
    SignIn,
    ChatLink,
}

/// So many calls in so much time, or as many as one likes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RateLimit {
    /// No limit.
    #[default]
    Off,
    /// A limit.
    Calls {
        /// How many.
        calls: u32,
        /// Within how long.
        window: Duration,
    },
}

impl RateLimit {
    /// So many calls a minute.
    pub const fn per_minute(calls: u32) -> Self {
        Self::Calls { calls, window: Duration::from_secs(60) }
    }
}

/// Not a rate limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rate limit: write off, or calls and a unit of time, such as 30/minute or 1000/hour")]
pub struct NotARate(String);

const UNITS: [(&str, u64); 4] = [("second", 1), ("minute", 60), ("hour", 3_600), ("day", 86_400)];

impl FromStr for RateLimit {
    type Err = NotARate;

    fn from_str(text: &str) -> Result<Self, NotARate> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let wrong = || NotARate(text.to_owned());
        let (calls, unit) = text.split_once('/').ok_or_else(wrong)?;
        let calls = calls.trim().parse().ok().filter(|calls| *calls > 0).ok_or_else(wrong)?;
        let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit.trim()).ok_or_else(wrong)?;
        Ok(Self::Calls { calls, window: Duration::from_secs(seconds) })
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Calls { calls, window } = self else { return f.write_str("off") };
        let unit =
            UNITS.into_iter().find(|(_, seconds)| *seconds == window.as_secs()).map_or("second", |(name, _)| name);
        write!(f, "{calls}/{unit}")
    }
}

impl<'de> Deserialize<'de> for RateLimit {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        String::deserialize(source)?.parse().map_err(D::Error::custom)
    }
}

impl Serialize for RateLimit {
    fn serialize<S: Serializer>(&self, target: S) -> Result<S::Ok, S::Error> {
        target.collect_str(self)
    }
}

/// The limits of an installation, by endpoint.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimits {
    /// `GET /public/api/user-interactions`
    pub user_interactions: RateLimit,
    /// `GET /public/api/user-data-export`
    pub user_data_export: RateLimit,
    /// `POST /public/api/generate-webchat-deep-link`
    pub deep_links: RateLimit,
    /// `GET /public/api/analytics-data-export`
    pub analytics_data_export: RateLimit,
    /// `GET /public/api/flag-evaluations`; 30 a minute unless configured (spec/opendialog.md §1.7).
    pub flag_evaluations: RateLimit,
    /// Attempts to sign in, and letters asked for, from one address; 30 a minute unless configured.
    pub sign_in: RateLimit,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            user_interactions: RateLimit::Off,
            user_data_export: RateLimit::Off,
            deep_links: RateLimit::Off,
            analytics_data_export: RateLimit::Off,
            flag_evaluations: RateLimit::Calls { calls: 30, window: Duration::from_secs(60) },
            sign_in: RateLimit::Calls { calls: 30, window: Duration::from_secs(60) },
        }
    }
}

impl RateLimits {
    fn of(&self, endpoint: Endpoint) -> RateLimit {
        match endpoint {
            Endpoint::UserInteractions => self.user_interactions,
            Endpoint::UserDataExport => self.user_data_export,
            Endpoint::DeepLinks => self.deep_links,
            Endpoint::AnalyticsDataExport => self.analytics_data_export,
            Endpoint::FlagEvaluations => self.flag_evaluations,
            Endpoint::SignIn => self.sign_in,
            // Each point of contact has its own.
            Endpoint::ChatLink => RateLimit::Off,
        }
    }
}

/// Who has called how often.
pub(crate) struct Calls {
    limits: RateLimits,
    hasher: RandomState,
    windows: Mutex<HashMap<(Endpoint, u64), Window>>,
}

struct Window {
    ends: Instant,
    calls: u32,
}

/// Windows kept before those that are over are forgotten.
const KEPT: usize = 10_000;

/// A caller's standing after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    limit: u32,
    remaining: u32,
    resets_in: Duration,
    pub(crate) allowed: bool,
}

impl Calls {
    pub(crate) fn new(limits: RateLimits) -> Self {
        Self { limits, hasher: RandomState::new(), windows: Mutex::default() }
    }

    /// Counts a call; none where there is no limit.
    pub(crate) fn count(&self, endpoint: Endpoint, caller: (&str, &str)) -> Option<Allowance> {
        self.count_at(endpoint, caller, Instant::now())
    }

    /// Counts a call against a limit that is not the installation's.
    pub(crate) fn count_within(&self, endpoint: Endpoint, caller: (&str, &str), limit: RateLimit) -> Option<Allowance> {
        self.count_against(limit, endpoint, caller, Instant::now())
    }

    fn count_at(&self, endpoint: Endpoint, caller: (&str, &str), now: Instant) -> Option<Allowance> {
        self.count_against(self.limits.of(endpoint), endpoint, caller, now)
    }

    fn count_against(
        &self,
        limit: RateLimit,
        endpoint: Endpoint,
        caller: (&str, &str),
        now: Instant,
    ) -> Option<Allowance> {
        let RateLimit::Calls { calls: limit, window } = limit else { return None };
        let mut windows = self.windows.lock();
        if windows.len() >= KEPT {
            windows.retain(|_, window| window.ends > now);
        }
        let fresh = || Window { ends: now + window, calls: 0 };
        let entry = windows.entry((endpoint, self.hasher.hash_one(caller))).or_insert_with(fresh);
        if entry.ends <= now {
            *entry = fresh();
        }
        let allowed = entry.calls < limit;
        if allowed {
            entry.calls += 1;
        }
        // A limit that was lowered meanwhile may be below what was counted.
        Some(Allowance { limit, remaining: limit.saturating_sub(entry.calls), resets_in: entry.ends - now, allowed })
    }
}

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

impl Allowance {
    /// Seconds until the window is over.
    pub(crate) fn wait(self) -> u64 {
        self.resets_in.as_secs() + 1
    }

    /// Says it in the answer: the limit and what is left of it, and where it is used up, when to come back.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, self.limit.into());
        headers.insert(REMAINING, self.remaining.into());
        if !self.allowed {
            let seconds = self.resets_in.as_secs_f64().ceil().max(1.0) as u64;
            headers.insert(header::RETRY_AFTER, seconds.into());
            headers.insert(RESET, HeaderValue::from(Timestamp::now().seconds().unsigned_abs() + seconds));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_people_write_them() {
        assert_eq!("off".parse(), Ok(RateLimit::Off));
        assert_eq!("30/minute".parse(), Ok(RateLimit::Calls { calls: 30, window: Duration::from_secs(60) }));
        assert_eq!("5 / second".parse(), Ok(RateLimit::Calls { calls: 5, window: Duration::from_secs(1) }));
        for rate in ["off", "5/second", "30/minute", "1000/hour", "3/day"] {
            assert_eq!(rate.parse::<RateLimit>().expect("a rate").to_string(), rate);
        }
        for wrong in ["", "30", "0/minute", "-1/minute", "30/fortnight", "many/hour"] {
            assert!(wrong.parse::<RateLimit>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn od_g02_the_31st_call_within_a_minute_is_refused_and_the_next_minute_begins_anew() {
        let calls = Calls::new(RateLimits::default());
        let start = Instant::now();
        let ann = ("token", "127.0.0.1");
        for call in 0..30 {
            let now = start + Duration::from_secs(call);
            let allowance = calls.count_at(Endpoint::FlagEvaluations, ann, now).expect("there is a limit");
            assert!(allowance.allowed);
            assert_eq!(allowance.remaining, 29 - u32::try_from(call).expect("small"));
        }
        let last = calls.count_at(Endpoint::FlagEvaluations, ann, start + Duration::from_secs(59));
        let last = last.expect("there is a limit");
        assert!(!last.allowed);
        assert_eq!(last.resets_in, Duration::from_secs(1));
        let other = calls.count_at(Endpoint::FlagEvaluations, ("token", "127.0.0.2"), start);
        assert!(other.expect("there is a limit").allowed);
        let next = calls.count_at(Endpoint::FlagEvaluations, ann, start + Duration::from_secs(60));
        assert!(next.expect("there is a limit").allowed);
        assert_eq!(calls.count_at(Endpoint::UserInteractions, ann, start), None);
    }
}
