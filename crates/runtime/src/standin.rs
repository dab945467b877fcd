#![allow(missing_docs, clippy::all, dead_code)]
use std::{path::PathBuf, sync::Arc, time::Duration};
use model::{AgentId, ContactId, LogSeq, TenantId, Timestamp, TranscriptId, inbound::Inbound, message::Message, record::FactRecord};
use store::{Store, StoreError};
#[derive(Debug, Clone)]
pub struct RuntimeOptions { pub turn_timeout: Duration, pub models: PathBuf }
impl RuntimeOptions { pub fn in_data_dir(d: &std::path::Path) -> Self { Self { turn_timeout: Duration::from_secs(20), models: d.join("models") } } }
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserType { New, Ongoing, Returning }
#[derive(Clone)]
pub struct Runtime { store: Arc<Store> }
impl Runtime {
    pub fn start(store: Store, _o: RuntimeOptions) -> Self { Self { store: Arc::new(store) } }
    pub fn store(&self) -> &Store { &self.store }
    pub async fn turn(&self, _call: TurnCall) -> Result<TurnAnswer, TurnError> { Err(TurnError::ShuttingDown) }
    pub async fn record_fact(&self, fact: FactRecord) -> Result<LogSeq, TurnError> { Ok(self.store.append(model::record::Record::Fact(Box::new(fact))).await?) }
    pub async fn user_type(&self, _t: &TenantId, _a: AgentId, _c: &ContactId) -> Result<UserType, TurnError> { Ok(UserType::New) }
    pub async fn warm(&self, _t: &TenantId, _a: AgentId) -> Result<(), TurnError> { Ok(()) }
    pub async fn shutdown(&self, _l: Duration) {}
}
#[derive(Debug, Clone)]
pub struct TurnCall { pub tenant: TenantId, pub agent: AgentChoice, pub contact: ContactId, pub message_id: Option<String>, pub inbound: Inbound, pub request: Arrival, pub platform: &'static str }
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentChoice { Named(AgentId), Draft(AgentId), ByConditions }
#[derive(Debug, Clone, Default)]
pub struct Arrival { pub url: String, pub source_ip: String }
#[derive(Debug, Clone)]
pub struct TurnAnswer { pub agent: AgentId, pub transcript: TranscriptId, pub turn: u32, pub at: Timestamp, pub messages: Vec<Message>, pub replayed: bool, pub time_zone: Option<String> }
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    #[error("there is no such agent")] UnknownAgent,
    #[error("draft")] NoActiveVersion,
    #[error("busy")] Overloaded { retry_after: Duration },
    #[error("slow")] TimedOut(Duration),
    #[error("down")] ShuttingDown,
    #[error(transparent)] Store(StoreError),
    #[error("broken: {0}")] Broken(String),
}
impl From<StoreError> for TurnError { fn from(e: StoreError) -> Self { Self::Store(e) } }
