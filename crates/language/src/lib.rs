//! Language understanding. So far: the example-based intent classifier, which needs no network and
//! no model files. It knows texts and intent names, nothing of agents or conversations.

pub mod intent;

pub use intent::{
    IntentClassifier, MAX_EXAMPLES, MAX_INTENTS, Scored, StoredClassifierError, TrainingError, TrainingIntent,
};
