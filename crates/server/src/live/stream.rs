//! One follower's stream: first what it missed, from the log, then what happens.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::HeaderMap,
    response::Response,
};
use futures_util::stream;
use model::{LogSeq, Timestamp, record::Record};
use serde_json::json;
use store::StoreError;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use uuid::Uuid;

use super::{
    event,
    hub::{Admitted, Subscription, Topic},
};
use crate::{
    app::{App, text},
    problem::Problem,
    sse,
};

/// How often a stream says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a stream lasts. Who goes on shows anew that they may.
const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// Streams of one conversation to its customer at once: a few pages and their reconnections. A chat link is no secret,
/// so what it opens is bounded.
const MOST_OF_CUSTOMER: usize = 16;
/// In how many seconds one more may be tried.
const AGAIN: u64 = 5;
/// Records that are read of the log at once.
const PAGE: usize = 200;

/// Who follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// People of the tenant.
    Operators,
    /// The customer of the conversation, with the chat code of the link that lets them; none where a token of the
    /// tenant does.
    Customer(Option<Uuid>),
}

impl Audience {
    /// Whether what let them in still does. A link that was shut opens nothing more.
    fn may_go_on(self, app: &App) -> bool {
        match self {
            Self::Operators | Self::Customer(None) => true,
            Self::Customer(Some(code)) => {
                app.directory.now().by_chat_code(code).is_some_and(|known| known.endpoint.is_open())
            }
        }
    }
}

/// A place among all events: the record, and which of its events; all of them at the end. What is there and before
/// was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    seq: LogSeq,
    index: usize,
}

impl Place {
    const fn after(seq: LogSeq) -> Self {
        Self { seq, index: usize::MAX }
    }

    /// From `Last-Event-ID`: `<record>.<event>`, or a record alone.
    fn read(id: &str) -> Option<Self> {
        let (seq, index) = match id.trim().split_once('.') {
            None => (id.trim(), usize::MAX),
            Some((seq, index)) => (seq, index.parse().ok()?),
        };
        // The store counts in signed integers.
        let seq = seq.parse::<i64>().ok().filter(|seq| *seq >= 0)?.unsigned_abs();
        Some(Self { seq: LogSeq(seq), index })
    }

    fn id(self) -> String {
        match self.index {
            usize::MAX => self.seq.to_string(),
            index => format!("{}.{index}", self.seq),
        }
    }

    /// After which record the log is read to find what follows.
    fn reads_after(self) -> LogSeq {
        if self.index == usize::MAX { self.seq } else { LogSeq(self.seq.0.saturating_sub(1)) }
    }
}

/// Follows a topic. From where the header `Last-Event-ID` says, from the beginning when it says 0, and from now on
/// without.
///
/// # Errors
/// When the header says no place, too many follow already, or nothing can be followed any more.
pub(crate) fn follow(app: &App, topic: Topic, audience: Audience, headers: &HeaderMap) -> Result<Response, Problem> {
    let place = match text(headers, "last-event-id").filter(|id| !id.trim().is_empty()) {
        None => None,
        Some(id) => Some(Place::read(id).ok_or_else(|| {
            Problem::invalid(
                "Last-Event-ID",
                "It is no event's id.",
                "Send the `id` of the last event, or leave it out.",
            )
        })?),
    };
    let admitted = match audience {
        Audience::Operators => None,
        Audience::Customer(_) => {
            Some(app.live.admit(&topic, MOST_OF_CUSTOMER).ok_or_else(|| Problem::too_often(AGAIN))?)
        }
    };
    let subscription = match place {
        Some(_) => None,
        None => Some(app.live.subscribe(topic.clone()).ok_or(StoreError::Closed)?),
    };
    let begins = Instant::now();
    let mut heartbeat = interval_at(begins + HEARTBEAT, HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut follower = Follower {
        place: place
            .or(subscription.as_ref().map(|following| Place::after(following.from)))
            .unwrap_or(Place::after(LogSeq(0))),
        stage: if subscription.is_some() { Stage::Following } else { Stage::CatchingUp },
        app: app.clone(),
        topic,
        audience,
        _admitted: admitted,
        subscription,
        ready: VecDeque::new(),
        heartbeat,
        ends: begins + LIFETIME,
    };
    // The first says that it runs, and from where.
    follower.beat();
    let frames = stream::unfold(follower, |mut follower| async move {
        let frame = follower.next().await?;
        Some((Ok::<_, Infallible>(frame), follower))
    });
    Ok(sse::response(Body::from_stream(frames)))
}

struct Follower {
    app: App,
    topic: Topic,
    audience: Audience,
    _admitted: Option<Admitted>,
    subscription: Option<Subscription>,
    place: Place,
    stage: Stage,
    /// What is to be sent.
    ready: VecDeque<Bytes>,
    heartbeat: Interval,
    ends: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    CatchingUp,
    Following,
    Over,
}

impl Follower {
    /// The next event; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            if self.app.stop.is_cancelled() || Instant::now() >= self.ends {
                return None;
            }
            match self.stage {
                Stage::CatchingUp => self.catch_up().await,
                Stage::Following => self.wait().await?,
                Stage::Over => return None,
            }
        }
    }

    /// Reads a piece of what was missed. At its end the live feed is joined and the log is read once more: what came
    /// between the two is in one of them.
    async fn catch_up(&mut self) {
        let store = self.app.runtime.store().tenant(self.topic.tenant());
        let read = store.records_after(self.place.reads_after(), PAGE, self.topic.transcript()).await;
        let page = match read {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, "a live stream could not be read from the log");
                self.stage = Stage::Over;
                return;
            }
        };
        for (seq, record) in &page.records {
            self.tell(*seq, record);
        }
        self.place = self.place.max(Place::after(page.reached));
        if page.more {
            return;
        }
        if self.subscription.is_some() {
            self.stage = Stage::Following;
            return;
        }
        self.subscription = self.app.live.subscribe(self.topic.clone());
        if self.subscription.is_none() {
            self.stage = Stage::Over;
        }
    }

    /// Waits for something to tell; none when it is over.
    async fn wait(&mut self) -> Option<()> {
        let subscription = self.subscription.as_mut()?;
        let stop = self.app.stop.clone();
        let committed = tokio::select! {
            () = stop.cancelled() => return None,
            () = tokio::time::sleep_until(self.ends) => return None,
            _ = self.heartbeat.tick() => {
                if !self.audience.may_go_on(&self.app) {
                    return None;
                }
                self.beat();
                return Some(());
            }
            committed = subscription.next() => committed,
        };
        if !self.audience.may_go_on(&self.app) {
            return None;
        }
        match committed {
            Some(committed) => self.tell(committed.seq, &committed.record),
            // At the server's end queues close too: nobody was too slow then.
            None if self.app.stop.is_cancelled() => return None,
            None => {
                let why = json!({ "message": "You read too slowly. Connect again: what you missed comes then." });
                self.ready.push_back(sse::frame("overrun", None, &why));
                self.stage = Stage::Over;
            }
        }
        Some(())
    }

    /// Makes what a record tells, as far as it was not told.
    fn tell(&mut self, seq: LogSeq, record: &Record) {
        if Place::after(seq) <= self.place {
            return;
        }
        for (index, event) in event::of_record(record).into_iter().enumerate() {
            let place = Place { seq, index };
            if place <= self.place {
                continue;
            }
            let data = match self.audience {
                Audience::Operators => Some(event.data),
                Audience::Customer(_) => event.for_customer(),
            };
            if let Some(data) = data {
                self.ready.push_back(sse::frame(event.name, Some(&place.id()), &data));
            }
        }
        self.place = Place::after(seq);
    }

    fn beat(&mut self) {
        let now = json!({ "at": Timestamp::now().to_string() });
        self.ready.push_back(sse::frame("heartbeat", Some(&self.place.id()), &now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn da_l08_a_place_is_read_as_it_is_written() {
        for place in [Place { seq: LogSeq(7), index: 0 }, Place { seq: LogSeq(7), index: 12 }, Place::after(LogSeq(9))]
        {
            assert_eq!(Place::read(&place.id()), Some(place));
        }
        for wrong in ["", "x", "1.x", "-1", "1.2.3", "99999999999999999999"] {
            assert_eq!(Place::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn da_l08_the_rest_of_a_record_is_read_again_and_a_whole_one_is_not() {
        assert_eq!(Place { seq: LogSeq(7), index: 0 }.reads_after(), LogSeq(6));
        assert_eq!(Place::after(LogSeq(7)).reads_after(), LogSeq(7));
        assert!(Place { seq: LogSeq(7), index: 5 } < Place::after(LogSeq(7)));
        assert!(Place::after(LogSeq(7)) < Place { seq: LogSeq(8), index: 0 });
    }
}
