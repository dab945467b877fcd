//! The rows of the flow engine's tables (spec/dialai.md §22.4, §22.6), each as a conversation.

mod around;
mod calls;
mod drawing;
mod failures;
mod guardrails;
mod judging;
mod laws;
mod opening;
mod passages;
mod people;
mod prompts;
mod scenarios;
mod stage;
mod states;
mod trust;
