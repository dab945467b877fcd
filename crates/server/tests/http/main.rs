//! The server through its public door: the real router on a fresh database.

mod access;
mod analytics;
mod app;
mod bad_input;
mod configuration;
mod contacts;
mod deep_links;
mod described;
mod experiments;
mod files;
mod flag_evaluations;
mod history;
mod management;
mod message;
mod openapi;
mod pages;
mod realm;
mod realm_sign_in;
mod realm_tokens;
mod secrets;
mod signing_in;
mod sink;
mod webhooks;
