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

use super::{
    hub::{Admitted, Subscription, Topic},
    news::{Audience, News, Place, frames},
};
use crate::{
    app::{App, text},
    lasting::Lasting,
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
    let told = stream::unfold(follower, |mut follower| async move {
        let frame = follower.next().await?;
        Some((Ok::<_, Infallible>(frame), follower))
    });
    let mut response = sse::response(Body::from_stream(told));
    response.extensions_mut().insert(Lasting);
    Ok(response)
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
            // Before anything is sent, what is read again of the log included.
            if !self.audience.may_go_on(&self.app) {
                return None;
            }
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            if self.app.stop.is_cancelled() || Instant::now() >= self.ends {
                return None;
            }
            match self.stage {
                // Boxed: who follows keeps no room for it.
                Stage::CatchingUp => Box::pin(self.catch_up()).await,
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
            self.tell_of_log(*seq, record);
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

    /// Waits for something to tell; none when it is over. At the server's end all queues close. How long a stream lasts
    /// is looked at after each heartbeat: a timer of its own would cost more than those seconds are worth.
    async fn wait(&mut self) -> Option<()> {
        let subscription = self.subscription.as_mut()?;
        let news = tokio::select! {
            _ = self.heartbeat.tick() => {
                self.beat();
                return Some(());
            }
            news = subscription.next() => news,
        };
        match news {
            Some(news) => self.tell(&news),
            // Nobody was too slow then.
            None if self.app.stop.is_cancelled() => return None,
            None => {
                let why = json!({ "message": "You read too slowly. Connect again: what you missed comes then." });
                self.ready.push_back(sse::frame("overrun", None, &why));
                self.stage = Stage::Over;
            }
        }
        Some(())
    }

    /// Tells a record of the feed, as far as it was not told.
    fn tell(&mut self, news: &News) {
        let (seq, record) = (news.committed.seq, &news.committed.record);
        if self.place < (Place { seq, index: 0 }) {
            self.send(news.frames(self.audience).clone());
            self.place = Place::after(seq);
        } else {
            self.tell_of_log(seq, record);
        }
    }

    /// Tells a record of the log, as far as it was not told.
    fn tell_of_log(&mut self, seq: LogSeq, record: &Record) {
        if Place::after(seq) <= self.place {
            return;
        }
        self.send(frames(seq, record, self.audience, Some(self.place)));
        self.place = Place::after(seq);
    }

    fn send(&mut self, frames: Bytes) {
        if !frames.is_empty() {
            self.ready.push_back(frames);
        }
    }

    fn beat(&mut self) {
        let now = json!({ "at": Timestamp::now().to_string() });
        self.ready.push_back(sse::frame("heartbeat", Some(&self.place.id()), &now));
    }
}
