//! The built-in actions that an agent may call.
