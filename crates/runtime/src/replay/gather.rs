//! Finds what is to be replayed, contact by contact, and lets the rest do its work off the async threads.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use model::{AgentId, ContactId, LogSeq, TenantId, TranscriptId};
use store::{Store, TranscriptFilter};
use tokio::sync::Semaphore;

use super::{
    ReplayCall, Which,
    report::ReplayReport,
    track::{Setting, Track},
};
use crate::{classifiers::Classifiers, loaded::LoadedAgents, turn::TurnError};

/// Records that are read at once.
const PAGE: usize = 1_000;
/// Transcripts that are listed at once.
const LISTED: usize = 1_000;
/// Each takes a processor for as long as it lasts; visitors need the others.
static AT_ONCE: Semaphore = Semaphore::const_new(1);

/// Replays recorded conversations. Reads, and changes nothing.
#[derive(Clone)]
pub struct Replayer {
    store: Store,
    agents: Arc<LoadedAgents>,
}

impl Replayer {
    /// Over a store, which may be open beside a running server ([`Store::open_beside`]). Trained classifiers are kept in
    /// the folder `models`.
    pub fn new(store: &Store, models: PathBuf) -> Self {
        Self::over(store.clone(), LoadedAgents::new(store.clone(), Classifiers::in_folder(models)))
    }

    pub(crate) fn over(store: Store, agents: Arc<LoadedAgents>) -> Self {
        Self { store, agents }
    }

    /// Replays conversations of an agent. One replay at a time goes on in a process.
    ///
    /// # Errors
    /// [`TurnError::UnknownAgent`] where the agent has no such version, [`TurnError::UnknownTranscript`] where a
    /// conversation that is named is not there or began with another agent; when the store fails.
    pub async fn replay(
        &self,
        tenant: &TenantId,
        agent: AgentId,
        call: &ReplayCall,
    ) -> Result<ReplayReport, TurnError> {
        let loaded = self.agents.get(tenant, agent, call.source).await?;
        let globals = self.agents.globals(tenant).await?;
        let chosen = self.choose(tenant, agent, &call.which).await?;
        let _only = AT_ONCE.acquire().await.map_err(|_| TurnError::ShuttingDown)?;
        let mut report = ReplayReport::new(agent, loaded.version);
        let conversations = self.store.tenant(tenant);
        for (contact, transcripts) in chosen {
            let mut track = Track::of(transcripts);
            let mut after = LogSeq(0);
            loop {
                let page = conversations.contact_records(&contact, after, PAGE).await?;
                let is_last = page.len() < PAGE;
                after = page.last().map_or(after, |(seq, _)| *seq);
                let (agent, globals, chained) = (loaded.clone(), globals.clone(), call.chained);
                let went_on = tokio::task::spawn_blocking(move || {
                    let began = Instant::now();
                    let setting = Setting { agent: &agent, globals: &globals, chained };
                    track.go_on(page.into_iter().map(|(_, record)| record).collect(), &setting);
                    (track, began.elapsed())
                });
                let (went_on, took) = went_on.await.map_err(|problem| TurnError::Broken(problem.to_string()))?;
                track = went_on;
                report.micros += u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
                if is_last {
                    break;
                }
            }
            report.add(track.into_conversations());
        }
        Ok(report)
    }

    /// The transcripts by their contacts, contacts in the order in which they come up.
    async fn choose(
        &self,
        tenant: &TenantId,
        agent: AgentId,
        which: &Which,
    ) -> Result<Vec<(ContactId, HashSet<TranscriptId>)>, TurnError> {
        let conversations = self.store.tenant(tenant);
        let mut chosen = Chosen::default();
        match which {
            Which::These(transcripts) => {
                for transcript in transcripts {
                    let found = conversations.transcript(transcript).await?;
                    let found = found.filter(|found| found.agent == agent).ok_or(TurnError::UnknownTranscript)?;
                    chosen.add(found.contact, found.transcript);
                }
            }
            Which::Latest { most, from } => {
                let mut left = *most;
                let mut before = None;
                while left > 0 {
                    let limit = left.min(LISTED);
                    let filter = TranscriptFilter {
                        agent: Some(agent),
                        started_from: *from,
                        before,
                        limit,
                        ..TranscriptFilter::default()
                    };
                    let found = conversations.transcripts(filter).await?;
                    before = found.last().map(|last| last.started_seq);
                    let is_last = found.len() < limit;
                    left -= found.len();
                    for transcript in found {
                        chosen.add(transcript.contact, transcript.transcript);
                    }
                    if is_last {
                        break;
                    }
                }
            }
        }
        Ok(chosen.0)
    }
}

/// Transcripts by contact.
#[derive(Default)]
struct Chosen(Vec<(ContactId, HashSet<TranscriptId>)>, HashMap<ContactId, usize>);

impl Chosen {
    fn add(&mut self, contact: ContactId, transcript: TranscriptId) {
        let at = *self.1.entry(contact.clone()).or_insert_with(|| {
            self.0.push((contact, HashSet::new()));
            self.0.len() - 1
        });
        self.0[at].1.insert(transcript);
    }
}
