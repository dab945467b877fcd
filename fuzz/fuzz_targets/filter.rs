//! Any text as a template, an expression and both sides of a condition.
#![no_main]

use dialogue::{
    expression::{Conditions, Expression, FillOptions, Template},
    scenario::document::{Argument, Condition},
};
use dialogue_fuzz::Awkward;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, &str)| {
    let (text, operation, parameter) = input;
    if let Ok(template) = Template::parse(text, FillOptions::default()) {
        template.fill(&Awkward);
    }
    if let Ok(expression) = Expression::parse(text) {
        expression.evaluate(&Awkward);
    }
    let argument = |id: &str, value: &str| vec![Argument { id: id.into(), value: value.into() }];
    let condition = Condition {
        operation: operation.into(),
        operation_attributes: argument("attribute", text),
        parameters: argument("value", parameter),
        ..Condition::default()
    };
    if let Ok(conditions) = Conditions::compile(&[condition], None) {
        conditions.evaluate(&Awkward, &mut Vec::new());
    }
});
