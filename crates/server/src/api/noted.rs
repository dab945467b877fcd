//! Noting in the audit log what a caller did. A handler that changes something notes it before it answers: what a
//! caller is told happened is in the log.

use runtime::audit::{Actor, NewEntry, Target};
use serde::Serialize;
use serde_json::Value;

use super::access::Principal;
use crate::{app::App, problem::Problem};

/// What was done. States are answers of the API, which have no secrets in them.
#[derive(Debug)]
pub(crate) struct Did {
    action: &'static str,
    id: Option<String>,
    before: Option<Value>,
    after: Option<Value>,
}

impl Did {
    /// Something to one of many; the action is `<kind>.<what happened to it>`.
    pub(crate) fn to(action: &'static str, id: impl ToString) -> Self {
        Self { id: Some(id.to_string()), ..Self::what(action) }
    }

    /// Something to what there is one of, or to what must not be named.
    pub(crate) fn what(action: &'static str) -> Self {
        Self { action, id: None, before: None, after: None }
    }

    /// With what was before.
    pub(crate) fn before(self, state: &impl Serialize) -> Self {
        Self { before: serde_json::to_value(state).ok(), ..self }
    }

    /// With what is now.
    pub(crate) fn after(self, state: &impl Serialize) -> Self {
        Self { after: serde_json::to_value(state).ok(), ..self }
    }
}

impl Principal {
    /// Notes what they did. When it cannot be noted, the answer is an error, although the change is made: asking
    /// again is the way out.
    pub(crate) async fn note(&self, app: &App, did: Did) -> Result<(), Problem> {
        let Did { action, id, before, after } = did;
        let token = self.token();
        let kind = action.split_once('.').map_or(action, |(kind, _)| kind).to_owned();
        let entry = NewEntry {
            actor: Actor { token: token.id.clone(), token_name: token.name.clone(), user: token.user.clone() },
            action: action.to_owned(),
            target: Target { kind, id },
            source_ip: self.source_ip().to_owned(),
            before: before.filter(|state| !state.is_null()),
            after: after.filter(|state| !state.is_null()),
        };
        Ok(app.audit.note(self.tenant(), entry).await?)
    }
}
