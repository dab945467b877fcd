//! Language: the example-based intent classifier ([`intent`]), which needs no network and no model files;
//! language models of any provider, and scripts that stand in for them ([`chat`]); what may be said
//! ([`moderation`]) and what a model may be shown ([`screening`]); what a message shows of its writer ([`sentiment`]).
//!
//! It knows texts, prompts and intent names, nothing of agents, conversations, HTTP surfaces or stores.

pub mod chat;
pub mod intent;
pub mod moderation;
pub mod screening;
pub mod sentiment;

pub use intent::{
    IntentClassifier, MAX_EXAMPLES, MAX_INTENTS, Scored, StoredClassifierError, TrainingError, TrainingIntent,
};
