//! Conversations that nobody goes on with: the service that ends them as abandoned (row DA-X9).
//!
//! One ends by a turn, as if somebody had closed it: wrap-up functions run once (row DA-F22), and whoever follows it
//! hears of it. The turn is one record: when the server is killed in the middle of it, nothing has happened, the
//! conversation is as idle as before, and the next round ends it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use model::{
    LogSeq, TenantId, Timestamp,
    inbound::{Inbound, Intervention},
    transcript::{Control, TranscriptStatus},
};
use store::{StoreError, StoredTranscript, TranscriptFilter};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    documents::DocumentError,
    environment::{Effective, Environment, Scalar, catalogue::IDLE_MINUTES},
    runtime::Shared,
    tenants::Tenants,
    turn::{AgentChoice, Arrival, Conversation, TurnCall, TurnError},
};

/// How often it is looked whether something was left.
const EVERY: Duration = Duration::from_secs(60);
/// Conversations of one read.
const STEP: usize = 200;
/// Most conversations of a tenant that are tried to be ended in one round: other tenants come after it.
const MOST: usize = 64;
/// How many of them end at once: wrap-up may ask models and call functions.
const AT_ONCE: usize = 4;
/// Pause between reads: turns come first.
const BREATH: Duration = Duration::from_millis(50);
/// How long a conversation rests at least that waits for a person or is with one, whatever the tenant says of others:
/// people go home, and come back the next day.
const WITH_PEOPLE: Duration = Duration::from_secs(24 * 3600);
/// The channel whose conversations have no end of their own.
const CHANNEL: &str = "web";

/// Where a round stopped that had more to end than it may, by tenant and status: the next one goes on there, so that
/// what cannot be ended does not stand in the way of the rest.
pub(crate) type Places = HashMap<(TenantId, TranscriptStatus), LogSeq>;

/// Ends what was left, in small steps, until told to stop.
pub(crate) async fn follow(shared: Arc<Shared>, stop: CancellationToken) {
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut places = Places::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = every.tick() => {}
        }
        // A turn that is being taken when it stops is finished all the same.
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            outcome = shared.end_idle(Timestamp::now(), &mut places) => outcome,
        };
        if let Err(error) = outcome {
            tracing::warn!(%error, "what was left could not be ended; trying again in a minute");
        }
    }
}

/// How long a tenant's conversations may rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Patience(Duration);

impl Patience {
    /// As the tenant says; none where they may rest for ever.
    fn of(environment: &Effective) -> Option<Self> {
        match environment.get(IDLE_MINUTES) {
            Some(Scalar::Integer(minutes)) if *minutes > 0 => {
                u64::try_from(*minutes).ok().map(|minutes| Self(Duration::from_secs(minutes.saturating_mul(60))))
            }
            _ => None,
        }
    }

    /// What happened last before this has rested for too long.
    fn before(self, now: Timestamp, control: Control) -> Timestamp {
        let rest = match control {
            Control::Agent => self.0,
            Control::Queued | Control::Operator => self.0.max(WITH_PEOPLE),
        };
        Timestamp(now.0.saturating_sub(i64::try_from(rest.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Whether a conversation was left. One that came through no point of contact is a test or a scenario's.
    fn is_over(self, transcript: &StoredTranscript, now: Timestamp) -> bool {
        let standing = transcript.state.as_ref().filter(|state| state.status.is_open() && state.endpoint.is_some());
        standing.is_some_and(|state| transcript.last_at < self.before(now, state.control))
    }
}

impl Shared {
    /// Ends what was left at a moment, of each tenant a bounded number; answers how many conversations.
    pub(crate) async fn end_idle(
        self: &Arc<Self>,
        now: Timestamp,
        places: &mut Places,
    ) -> Result<usize, DocumentError> {
        let environment = Environment::new(&self.store);
        let mut ended = 0;
        for tenant in Tenants::new(&self.store).list().await? {
            let Some(patience) = Patience::of(&environment.effective(&tenant.id).await?) else { continue };
            let of_tenant = self.end_idle_of(&tenant.id, patience, now, places).await?;
            if of_tenant > 0 {
                tracing::info!(tenant = %tenant.id, conversations = of_tenant, "conversations were left and are over");
            }
            ended += of_tenant;
        }
        Ok(ended)
    }

    async fn end_idle_of(
        self: &Arc<Self>,
        tenant: &TenantId,
        patience: Patience,
        now: Timestamp,
        places: &mut Places,
    ) -> Result<usize, StoreError> {
        let conversations = self.store.tenant(tenant);
        let (mut tried, mut ended) = (0, 0);
        for status in TranscriptStatus::ALL.into_iter().filter(|status| status.is_open()) {
            let mut before = places.remove(&(tenant.clone(), status));
            loop {
                let filter = TranscriptFilter {
                    statuses: vec![status],
                    channel: Some(CHANNEL.to_owned()),
                    // What began later cannot have rested for so long.
                    started_to: Some(patience.before(now, Control::Agent)),
                    before,
                    limit: STEP,
                    ..TranscriptFilter::default()
                };
                let page = conversations.transcripts(filter).await?;
                let (last, is_last) = (page.last().map(|last| last.started_seq), page.len() < STEP);
                let left = page.into_iter().filter(|transcript| patience.is_over(transcript, now));
                let left: Vec<StoredTranscript> = left.take(MOST - tried).collect();
                tried += left.len();
                let stopped_at = left.last().map(|last| last.started_seq);
                ended += self.end_all(tenant, left).await;
                if tried == MOST {
                    places.extend(stopped_at.or(before).map(|place| ((tenant.clone(), status), place)));
                    return Ok(ended);
                }
                if is_last {
                    break;
                }
                before = last;
                tokio::time::sleep(BREATH).await;
            }
        }
        Ok(ended)
    }

    /// Ends conversations, a few at once; answers how many of them.
    async fn end_all(self: &Arc<Self>, tenant: &TenantId, left: Vec<StoredTranscript>) -> usize {
        let mut left = left.into_iter();
        let mut ending = JoinSet::new();
        let mut ended = 0;
        let mut failed: Option<TurnError> = None;
        loop {
            while ending.len() < AT_ONCE
                && let Some(transcript) = left.next()
            {
                let (shared, call) = (self.clone(), closing(tenant, &transcript));
                ending.spawn(async move { shared.turn(call).await });
            }
            let Some(outcome) = ending.join_next().await else { break };
            match outcome {
                Ok(Ok(_)) => ended += 1,
                // Somebody went on with it, or ended it, in this very moment.
                Ok(Err(TurnError::GoneOn | TurnError::Refused(_) | TurnError::UnknownTranscript)) => {}
                Ok(Err(TurnError::ShuttingDown)) => break,
                Ok(Err(error)) => failed = Some(error),
                Err(error) => failed = Some(TurnError::Broken(error.to_string())),
            }
        }
        if let Some(error) = failed {
            tracing::warn!(%tenant, %error, "a conversation that was left could not be ended; it is tried again");
        }
        ended
    }
}

/// The turn that ends a conversation, if it is as it was found.
fn closing(tenant: &TenantId, transcript: &StoredTranscript) -> TurnCall {
    TurnCall {
        tenant: tenant.clone(),
        agent: AgentChoice::Version(transcript.agent, transcript.agent_version),
        contact: transcript.contact.clone(),
        message_id: None,
        inbound: Inbound::intervention(Intervention::Close { status: TranscriptStatus::Abandoned }),
        request: Arrival::default(),
        platform: CHANNEL,
        conversation: Conversation::Unchanged { transcript: transcript.transcript, turn: transcript.turns },
        live: None,
    }
}

#[cfg(test)]
mod tests {
    use model::{AgentId, TranscriptId, transcript::TranscriptState};
    use uuid::Uuid;

    use super::*;

    const MINUTE: i64 = 60;

    fn resting_since(seconds: i64, state: Option<TranscriptState>) -> StoredTranscript {
        StoredTranscript {
            transcript: TranscriptId(Uuid::from_u128(1)),
            contact: "ann".parse().expect("an id"),
            agent: AgentId(Uuid::from_u128(2)),
            agent_version: 0,
            turns: 3,
            closed: false,
            started_at: Timestamp::default(),
            last_at: Timestamp::from_seconds(seconds),
            started_seq: LogSeq(1),
            last_seq: LogSeq(3),
            state,
            mood: None,
        }
    }

    fn through_a_point(status: TranscriptStatus, control: Control) -> TranscriptState {
        TranscriptState { status, control, endpoint: Some("e".to_owned()), ..TranscriptState::default() }
    }

    #[test]
    fn da_x09_a_conversation_is_left_after_as_long_as_the_tenant_says() {
        let (patience, now) = (Patience(Duration::from_secs(1_800)), Timestamp::from_seconds(1_000_000));
        let open = || through_a_point(TranscriptStatus::InProgress, Control::Agent);
        let over = |before: i64, state| patience.is_over(&resting_since(now.seconds() - before, state), now);
        assert!(over(30 * MINUTE + 1, Some(open())));
        assert!(!over(30 * MINUTE, Some(open())) && !over(0, Some(open())) && !over(-MINUTE, Some(open())));
        assert!(!over(900 * MINUTE, None), "a scenario's");
        assert!(!over(900 * MINUTE, Some(TranscriptState { endpoint: None, ..open() })), "a test's");
        assert!(!over(900 * MINUTE, Some(through_a_point(TranscriptStatus::Completed, Control::Agent))));
    }

    #[test]
    fn da_x09_who_waits_for_a_person_has_a_day() {
        let now = Timestamp::from_seconds(1_000_000);
        for (patience, day) in [(Patience(Duration::from_secs(60)), 1), (Patience(Duration::from_secs(2 * 86_400)), 2)]
        {
            for control in [Control::Queued, Control::Operator] {
                let state = through_a_point(TranscriptStatus::HumanHandoff, control);
                let over =
                    |before: i64| patience.is_over(&resting_since(now.seconds() - before, Some(state.clone())), now);
                assert!(!over(day * 86_400) && over(day * 86_400 + 1), "{control:?} {day}");
            }
        }
    }
}
