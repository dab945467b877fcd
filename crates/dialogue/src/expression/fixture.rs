//! A scope made of JSON, for tests.

use std::borrow::Cow;

use model::Timestamp;
use serde_json::Value;

use super::{Expression, FillOptions, Scope, Template};

/// Wednesday 23 July 2025, 09:30:00 UTC.
pub(crate) const NOW: i64 = 1_753_263_000;

pub(crate) struct Attributes {
    contexts: Value,
    zone: Option<&'static str>,
    /// Values come owned, as computed ones do.
    owned: bool,
}

impl Attributes {
    /// `{"user": {"age": 30}}`
    pub(crate) fn new(contexts: Value) -> Self {
        Self { contexts, zone: None, owned: false }
    }

    pub(crate) fn in_zone(self, zone: &'static str) -> Self {
        Self { zone: Some(zone), ..self }
    }

    pub(crate) fn computed(self) -> Self {
        Self { owned: true, ..self }
    }

    pub(crate) fn fill(&self, template: &str) -> String {
        Template::parse(template, FillOptions::default()).expect("the template compiles").fill(self)
    }

    pub(crate) fn evaluate(&self, expression: &str) -> Option<Value> {
        Expression::parse(expression).expect("the expression compiles").evaluate(self)
    }
}

impl Scope for Attributes {
    fn value(&self, context: &str, name: &str) -> Option<Cow<'_, Value>> {
        let value = self.contexts.get(context)?.get(name)?;
        Some(if self.owned { Cow::Owned(value.clone()) } else { Cow::Borrowed(value) })
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(NOW)
    }

    fn time_zone(&self) -> Option<&str> {
        self.zone
    }
}
