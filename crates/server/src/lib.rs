//! HTTP: one module per surface, authentication, error bodies.

pub mod opendialog;
