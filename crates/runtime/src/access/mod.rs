//! What credentials may do: scopes, and roles made of them (spec/dialai.md §3.7, §15.6, spec/opendialog.md §6.13).
//!
//! [`scope`] is the one table of scopes. A [`Role`] bundles some; [`BuiltIn`] ones are there in every tenant and
//! never change. Somebody may do what any of their roles holds. Who holds what, `users` knows.

mod administrators;
mod built_in;
mod roles;
pub mod scope;

pub use administrators::{Change, administrator_remains};
pub use built_in::{BuiltIn, UnknownRole};
pub use roles::{MOST_ROLES, NewRole, Role, Roles};
pub use scope::{Scope, Scopes};
