//! When a failed delivery is tried again.

use std::time::Duration;

use model::Timestamp;

/// Longest wait that an endpoint may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// The waits between tries, each the most that the try after it is delayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySchedule {
    waits: Vec<Duration>,
}

impl RetrySchedule {
    /// One try more than there are waits.
    pub fn new(waits: Vec<Duration>) -> Self {
        Self { waits }
    }

    /// How long to wait after this many failed tries; none when it was the last one. A random part of the
    /// wait, so that what failed together is not sent together again (full jitter); never less than the
    /// endpoint asked for.
    pub(super) fn wait(&self, failed: u32, asked: Option<Duration>) -> Option<Duration> {
        let most = self.waits.get(usize::try_from(failed).ok()?.checked_sub(1)?)?;
        let wait = most.mul_f64(rand::random::<f64>());
        Some(asked.map_or(wait, |asked| wait.max(asked.min(LONGEST_WAIT))))
    }
}

/// What Standard Webhooks suggests: 5 s to 24 h, ten tries within about three days.
impl Default for RetrySchedule {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        let seconds = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
        Self::new(seconds.into_iter().map(Duration::from_secs).collect())
    }
}

/// What a `Retry-After` header asks for (RFC 9110 §10.2.3): seconds, or a date.
pub(super) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = Timestamp::from(jiff::fmt::rfc2822::parse(header).ok()?.timestamp());
    Some(Duration::from_micros(u64::try_from(at.0 - now.0).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_jittered_and_end() {
        let schedule = RetrySchedule::new(vec![Duration::from_secs(10), Duration::from_secs(20)]);
        for _ in 0..100 {
            assert!(schedule.wait(1, None).unwrap() <= Duration::from_secs(10));
            assert!(schedule.wait(2, None).unwrap() <= Duration::from_secs(20));
        }
        assert_eq!(schedule.wait(3, Some(Duration::from_secs(1))), None);
    }

    #[test]
    fn an_endpoint_may_ask_for_more_time_but_not_for_ever() {
        let schedule = RetrySchedule::new(vec![Duration::from_secs(10)]);
        assert_eq!(schedule.wait(1, Some(Duration::from_secs(60))), Some(Duration::from_secs(60)));
        assert_eq!(schedule.wait(1, Some(Duration::from_secs(u64::MAX))), Some(LONGEST_WAIT));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp::from_seconds(784_111_770);
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }
}
