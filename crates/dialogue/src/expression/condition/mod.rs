//! Conditions: operations on attributes, joined by one operator (spec/opendialog.md §3.4).

mod comparison;
mod operation;
mod presence;
mod seen;
mod set;
#[cfg(test)]
mod tests;
mod time;
mod truth;

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::scenario::document::{self, Joiner};

use super::{Expression, ExpressionError, FillOptions, Part, Reference, Scope, Template};

pub use comparison::equal;
pub(super) use operation::Operation;
pub use seen::{SeenCondition, SeenValue};

const MAX_CONDITIONS: usize = 256;

/// Why a condition cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionProblem {
    /// Which condition of the object, from 0.
    pub index: usize,
    /// The field at fault: `operation`, `operationAttributes` or `parameters`.
    pub field: &'static str,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// The conditions of one object.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    joiner: Joiner,
    list: Vec<Condition>,
}

impl Conditions {
    /// Compiles the conditions of a document; without a joiner all must hold.
    ///
    /// # Errors
    /// All conditions that cannot be compiled.
    pub fn compile(list: &[document::Condition], joiner: Option<Joiner>) -> Result<Self, Vec<ConditionProblem>> {
        if list.len() > MAX_CONDITIONS {
            let message = format!("an object may have at most {MAX_CONDITIONS} conditions; split it");
            return Err(vec![ConditionProblem { index: MAX_CONDITIONS, field: "conditions", message }]);
        }
        let mut compiled = Vec::with_capacity(list.len());
        let mut problems = Vec::new();
        for (index, condition) in list.iter().enumerate() {
            match Condition::compile(condition) {
                Ok(condition) => compiled.push(condition),
                Err((field, message)) => problems.push(ConditionProblem { index, field, message }),
            }
        }
        if problems.is_empty() {
            Ok(Self { joiner: joiner.unwrap_or_default(), list: compiled })
        } else {
            Err(problems)
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none; then they hold.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether they hold, and what was looked at to know it: evaluation stops as soon as the
    /// outcome is certain.
    pub fn evaluate(&self, scope: &dyn Scope, seen: &mut Vec<SeenCondition>) -> bool {
        let decisive = self.joiner == Joiner::Or;
        let decided = self.list.iter().any(|condition| condition.evaluate(scope, seen) == decisive);
        self.list.is_empty() || decided == decisive
    }

    /// All attributes that they read.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.list.iter().flat_map(|condition| {
            let parameter: Box<dyn Iterator<Item = &Reference>> = match &condition.parameter {
                None | Some(Parameter::Literal { .. }) => Box::new(std::iter::empty()),
                Some(Parameter::Expression(expression)) => Box::new(expression.references()),
                Some(Parameter::Template(template)) => Box::new(template.references()),
            };
            condition.attribute.references().chain(parameter)
        })
    }
}

#[derive(Debug, Clone)]
struct Condition {
    /// The attribute as it was written.
    written: Arc<str>,
    attribute: Expression,
    operation: &'static Operation,
    parameter: Option<Parameter>,
}

#[derive(Debug, Clone)]
enum Parameter {
    Literal {
        value: Value,
        /// What the journal shows.
        seen: SeenValue,
    },
    /// A text that is nothing but one reference: the value keeps its type.
    Expression(Expression),
    Template(Template),
}

impl Condition {
    fn compile(condition: &document::Condition) -> Result<Self, (&'static str, String)> {
        let operation = Operation::named(&condition.operation).ok_or_else(|| {
            let shown: String = condition.operation.chars().take(64).collect();
            ("operation", format!("there is no operation `{shown}`; known operations: {}", Operation::names()))
        })?;
        let written = argument(&condition.operation_attributes, "attribute")
            .and_then(Value::as_str)
            .ok_or(("operationAttributes", "name the attribute: {\"id\": \"attribute\", \"value\": …}".to_owned()))?;
        let attribute =
            Expression::parse(without_braces(written)).map_err(|error| ("operationAttributes", error.to_string()))?;
        let parameter = match argument(&condition.parameters, "value") {
            Some(value) if operation.takes_parameter() => {
                Some(Parameter::compile(value).map_err(|error| ("parameters", error.to_string()))?)
            }
            None if operation.takes_parameter() => {
                let message = format!("`{}` needs a value: {{\"id\": \"value\", \"value\": …}}", operation.id());
                return Err(("parameters", message));
            }
            _ => None,
        };
        Ok(Self { written: written.into(), attribute, operation, parameter })
    }

    fn evaluate(&self, scope: &dyn Scope, seen: &mut Vec<SeenCondition>) -> bool {
        let value = self.attribute.resolve(scope);
        let parameter = self.parameter.as_ref().and_then(|parameter| parameter.value(scope));
        let outcome = self.operation.holds(value.as_deref(), parameter.as_deref(), scope);
        seen.push(SeenCondition {
            reference: Arc::clone(&self.written),
            operation: self.operation.id(),
            value: SeenValue::of(value.as_deref()),
            parameter: match &self.parameter {
                Some(Parameter::Literal { seen, .. }) => seen.clone(),
                _ => SeenValue::of(parameter.as_deref()),
            },
            outcome,
        });
        outcome
    }
}

impl Parameter {
    fn compile(value: &Value) -> Result<Self, ExpressionError> {
        if let Value::String(text) = value {
            if let Some(reference) = text.strip_prefix('@').and_then(|rest| Expression::parse(rest).ok()) {
                return Ok(Self::Expression(reference));
            }
            let template = Template::parse(text, FillOptions::default())?;
            if let [Part::Expression(expression)] = template.parts() {
                return Ok(Self::Expression(expression.clone()));
            }
            if template.literal().is_none() {
                return Ok(Self::Template(template));
            }
        }
        Ok(Self::Literal { value: value.clone(), seen: SeenValue::of(Some(value)) })
    }

    fn value<'s>(&'s self, scope: &'s dyn Scope) -> Option<Cow<'s, Value>> {
        match self {
            Self::Literal { value, .. } => Some(Cow::Borrowed(value)),
            Self::Expression(expression) => expression.resolve(scope),
            Self::Template(template) => Some(Cow::Owned(Value::String(template.fill(scope)))),
        }
    }
}

/// The argument of that name; a single argument may have any.
fn argument<'d>(list: &'d [document::Argument], id: &str) -> Option<&'d Value> {
    let named = list.iter().find(|argument| argument.id == id);
    named.or(if let [only] = list { Some(only) } else { None }).map(|argument| &argument.value)
}

/// Editors show `{user.age}`, documents hold `user.age`: both are accepted.
fn without_braces(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text)
}
