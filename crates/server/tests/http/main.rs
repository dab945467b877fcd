//! The server through its public door: the real router on a fresh database.

mod access;
mod app;
mod bad_input;
mod configuration;
mod contacts;
mod described;
mod files;
mod history;
mod management;
mod message;
mod openapi;
mod pages;
mod secrets;
mod sink;
mod webhooks;
