//! Conversations with a model that is played.
