//! Operations on time. Time Passed counts the seconds since the attribute's moment; the others read
//! both sides as moments, in the visitor's zone where none is written.

use std::cmp::Ordering;

use serde_json::Value;

use super::comparison::compare;
use super::operation::{Operation, Test};
use crate::expression::Scope;
use crate::expression::moment::Clock;
use crate::expression::value::number;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "time_passed_equals",
        other_names: &["time_passed_equal"],
        test: Test::With(|value, parameter, scope| passed(value, parameter, scope) == Some(Ordering::Equal)),
    },
    Operation {
        id: "time_passed_greater_than",
        other_names: &[],
        test: Test::With(|value, parameter, scope| passed(value, parameter, scope) == Some(Ordering::Greater)),
    },
    Operation {
        id: "time_passed_less_than",
        other_names: &[],
        test: Test::With(|value, parameter, scope| passed(value, parameter, scope) == Some(Ordering::Less)),
    },
    Operation {
        id: "is_before",
        other_names: &["before"],
        test: Test::With(|value, parameter, scope| order(value, parameter, scope) == Some(Ordering::Less)),
    },
    Operation {
        id: "is_after",
        other_names: &["after"],
        test: Test::With(|value, parameter, scope| order(value, parameter, scope) == Some(Ordering::Greater)),
    },
    Operation {
        id: "is_past",
        other_names: &["is_in_the_past", "past"],
        test: Test::Alone(|value, scope| against_now(value, scope) == Some(Ordering::Less)),
    },
    Operation {
        id: "is_future",
        other_names: &["is_in_the_future", "future"],
        test: Test::Alone(|value, scope| against_now(value, scope) == Some(Ordering::Greater)),
    },
    Operation { id: "is_today", other_names: &["today"], test: Test::Alone(is_today) },
];

/// Order of the seconds passed and the parameter. A moment that is no whole number has no answer.
fn passed(value: Option<&Value>, parameter: Option<&Value>, scope: &dyn Scope) -> Option<Ordering> {
    let seconds = scope.now().seconds().checked_sub(number(value?)?.as_i64()?)?;
    compare(&seconds.into(), &number(parameter?)?)
}

fn order(value: Option<&Value>, parameter: Option<&Value>, scope: &dyn Scope) -> Option<Ordering> {
    let clock = Clock::of(scope);
    Some(clock.read(value?)?.cmp(&clock.read(parameter?)?))
}

fn against_now(value: Option<&Value>, scope: &dyn Scope) -> Option<Ordering> {
    let clock = Clock::of(scope);
    Some(clock.read(value?)?.cmp(&clock.now))
}

fn is_today(value: Option<&Value>, scope: &dyn Scope) -> bool {
    let clock = Clock::of(scope);
    value.and_then(|value| clock.read(value)).is_some_and(|at| clock.day(at) == clock.day(clock.now))
}
