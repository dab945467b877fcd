//! Flows as documents: checked, changed, compared, taken elsewhere.

mod check;
mod difference;
mod edit;
mod flows;
mod portable;
