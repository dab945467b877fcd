//! What an agent may call. Built-in actions: each is a function from a configuration and the attributes to new values of
//! attributes, without I/O and without a clock ([`action`]). Functions of a tenant: JavaScript in worker processes
//! ([`script`]) and built-in integrations ([`integration`]), which reach the world only through a [`host::Host`].
//!
//! To add an action: one file, and one line in [`action`].

mod call;
mod datetime;
pub mod host;
pub mod integration;
pub mod script;
mod set_attributes;

pub use call::{Action, ActionError, Call, Output, Outputs};

/// The built-in action of a component id, if there is one.
pub fn action(component: &str) -> Option<Action> {
    match component {
        "action.core.set_attributes" | "set_attributes" => Some(set_attributes::set_attributes),
        "action.core.datetime" | "datetime" => Some(datetime::datetime),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn actions_are_found_by_component_id_and_by_plain_name() {
        for name in ["action.core.set_attributes", "set_attributes", "action.core.datetime", "datetime"] {
            assert!(super::action(name).is_some(), "{name}");
        }
        assert!(super::action("action.core.unheard_of").is_none());
    }
}
