//! The server through its public door: the real router on a fresh database.

mod access;
mod analytics;
mod app;
mod appended;
mod bad_input;
mod browser_facts;
mod configuration;
mod contacts;
mod deep_links;
mod described;
mod experiments;
mod files;
mod flag_evaluations;
mod history;
mod management;
mod many_visitors;
mod message;
mod openapi;
mod pages;
mod public_access;
mod secrets;
mod sink;
mod user_data_export;
mod user_interactions;
mod users;
mod webhooks;
