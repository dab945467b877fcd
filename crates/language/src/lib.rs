//! Language understanding: the example-based intent classifier, which needs no network and no model files, and the text
//! in files. It knows texts and intent names, nothing of agents or conversations.

pub mod extraction;
pub mod intent;

pub use intent::{
    IntentClassifier, MAX_EXAMPLES, MAX_INTENTS, Scored, StoredClassifierError, TrainingError, TrainingIntent,
};
