//! Scenarios: the document that designers write, and its compiled form.

pub mod document;
