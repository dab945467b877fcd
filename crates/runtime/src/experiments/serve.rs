//! What a turn does with flags: what was assigned stays, what is not assigned yet is evaluated, and the
//! agent reads the variants as attributes of the contact.
//!
//! An assignment is remembered with the contact. A default is served and not remembered: the flag is off,
//! or no rule matched yet; both may change, and then the contact must not be held back. Of a default the
//! feed has one event per transcript, of an assignment one at all.

use std::borrow::Cow;

use dialogue::engine::ContactState;
use model::{
    attribute::{Attribute, Provenance},
    inbound::Inbound,
};
use serde_json::{Map, Value};

use super::{Flag, Flags, Reason};
use crate::turn::TurnCall;

/// What is recorded of an evaluation.
#[derive(Debug)]
pub(crate) struct Evaluated {
    pub(crate) flag: String,
    pub(crate) variant: String,
    pub(crate) reason: Reason,
    pub(crate) context: Map<String, Value>,
}

/// A contact as a turn's agent is to see it.
pub(crate) struct Served<'c> {
    /// With the variants as attributes. Borrowed where there is nothing to add.
    pub(crate) contact: Cow<'c, ContactState>,
    evaluated: Vec<Evaluated>,
    /// Attributes that hold a default during this turn, and what they hold after it.
    defaults: Vec<(String, Option<Attribute>)>,
}

/// Gives the contact of a call the variants of an agent's flags. `turn` is the number of the turn in
/// its transcript.
pub(crate) fn serve<'c>(flags: &Flags, call: &TurnCall, contact: &'c ContactState, turn: u32) -> Served<'c> {
    let mut served = Served { contact: Cow::Borrowed(contact), evaluated: Vec::new(), defaults: Vec::new() };
    for flag in &flags.flags {
        let attribute = flag.attribute();
        let assigned = contact.attributes.get(&attribute).filter(|held| flag.assigned(held));
        if flag.enabled && assigned.is_some() {
            continue;
        }
        let evaluation = flag.evaluate(call.contact.as_str(), |name| value(contact, &call.inbound, name));
        let reason = evaluation.reason;
        if reason == Reason::RuleMatch || turn == 1 {
            served.evaluated.push(Evaluated {
                flag: flag.name.clone(),
                variant: evaluation.variant.to_owned(),
                reason,
                context: evaluation.context,
            });
        }
        if reason == Reason::Default {
            served.defaults.push((attribute.clone(), assigned.cloned()));
        }
        let variant = Attribute { value: evaluation.variant.into(), provenance: Provenance::Platform };
        served.contact.to_mut().attributes.insert(attribute, variant);
    }
    served
}

impl Served<'_> {
    /// Takes what is not remembered out of the contact as the turn leaves it; gives what is to be recorded.
    pub(crate) fn settle(self, after: &mut ContactState) -> Vec<Evaluated> {
        for (name, kept) in self.defaults {
            match kept {
                Some(assigned) => after.attributes.insert(name, assigned),
                None => after.attributes.remove(&name),
            };
        }
        self.evaluated
    }
}

impl Flag {
    /// Whether an attribute is an assignment of one of its variants: what a browser or an agent says is none.
    fn assigned(&self, held: &Attribute) -> bool {
        held.provenance == Provenance::Platform && held.value.as_str().is_some_and(|variant| self.has(variant))
    }
}

/// An attribute of the contact as the turn will see it: what the client says counts unless something
/// better is known.
fn value<'a>(contact: &'a ContactState, inbound: &'a Inbound, name: &str) -> Option<&'a Value> {
    if let Some(proved) = inbound.verified.get(name) {
        return Some(proved);
    }
    let held = contact.attributes.get(name);
    let verified = held.filter(|held| matches!(held.provenance, Provenance::Token | Provenance::Platform));
    let value = match verified {
        Some(verified) => Some(&verified.value),
        None => inbound.visitor.get(name).or(held.map(|held| &held.value)),
    };
    value.filter(|value| !value.is_null())
}
