//! Calls of functions, and what they do to the conversation (spec/dialai.md §7, §21.3 R4 to R7).

use model::{
    attribute::Provenance,
    chat::ToolCall,
    function::{Effect, FunctionError, FunctionErrorKind, FunctionOutput},
    transcript::{Control, TranscriptStatus},
};
use serde_json::{Map, Value, json};

use super::{
    context, intervention,
    journal::Step,
    line::Line,
    needs::{Answer, Call, Need, Occasion},
    prompt::{END, HAND_OFF},
    turn::{Stop, Then, Turn},
};
use crate::flow::{
    compiled::{Arrival, Callable},
    document::Permission,
};

/// Most calls that the model may ask for in one turn.
pub(super) const MAX_CALLS: usize = 24;
/// Most of a function's response that the model reads, in characters.
const MAX_RESULT: usize = 32_000;

/// Where a conversation is handed to.
#[derive(Clone, Copy)]
struct Destination<'d> {
    name: &'d str,
    /// The telephone number of an internal contact.
    number: Option<&'d str>,
}

/// Whoever of the tenant's people comes first.
const QUEUE: Destination<'static> = Destination { name: "queue", number: None };

/// What became of a call.
pub(super) struct Ran {
    /// Which call of the turn it was; none where it was refused before it ran.
    ordinal: Option<usize>,
    result: Result<FunctionOutput, FunctionError>,
}

impl Ran {
    fn refused(error: FunctionError) -> Self {
        Self { ordinal: None, result: Err(error) }
    }
}

impl Turn<'_> {
    /// Runs what the model calls; gives what it is told of it.
    pub(super) fn call(&mut self, call: &ToolCall) -> Result<String, Stop> {
        if self.asked >= MAX_CALLS {
            return Ok("error: too much was called in one turn".to_owned());
        }
        self.asked += 1;
        let flow = self.input.flow;
        let found = flow.offered(&self.session.visited).into_iter().find(|callable| callable.tool == call.name);
        let Some(callable) = found else { return Ok(self.call_built_in(call)) };
        let Value::Object(arguments) = &call.arguments else {
            let error = FunctionError::new(FunctionErrorKind::Input, "the arguments are no JSON object");
            return Ok(self.settle(callable, Occasion::Agent, &call.arguments, &Ran::refused(error)));
        };
        let ran = match check(callable, arguments) {
            Ok(()) => self.run(callable, Occasion::Agent, declared(callable, arguments))?,
            Err(error) => Some(Ran::refused(error)),
        };
        let Some(ran) = ran else { return Ok(String::new()) };
        Ok(self.settle(callable, Occasion::Agent, &call.arguments, &ran))
    }

    /// Runs a function. None when a person took over meanwhile.
    pub(super) fn run(
        &mut self,
        callable: &Callable,
        occasion: Occasion,
        parameters: Map<String, Value>,
    ) -> Result<Option<Ran>, Stop> {
        let internal_parameters = match self.internal_parameters(callable) {
            Ok(parameters) => parameters,
            Err(error) => return Ok(Some(Ran::refused(error))),
        };
        let ordinal = self.calls;
        match self.answers.call(ordinal) {
            Some(Answer::Call { result }) => {
                self.calls += 1;
                Ok(Some(Ran { ordinal: Some(ordinal), result: result.clone() }))
            }
            Some(_) => {
                self.interrupt();
                Ok(None)
            }
            None => Err(Need::Call(Box::new(Call {
                ordinal,
                function: callable.id.clone(),
                name: callable.function.name.clone(),
                occasion,
                parameters,
                internal_parameters,
                conversation: self.facts(),
            }))
            .into()),
        }
    }

    /// The context, as far as the function may rely on it.
    fn internal_parameters(&self, callable: &Callable) -> Result<Map<String, Value>, FunctionError> {
        let mut values = context::values(&self.transcript.parameters);
        for declared in &callable.function.internal_parameters {
            let known = self.transcript.parameters.get(&declared.name);
            let trusted = known.is_some_and(|attribute| attribute.provenance > Provenance::Browser);
            if declared.verified && !trusted {
                values.remove(&declared.name);
            }
            if declared.required && !values.contains_key(&declared.name) {
                let verified = if declared.verified { " (and must not come from the browser)" } else { "" };
                let message = format!("the internal parameter `{}` is needed{verified} and is not set", declared.name);
                return Err(FunctionError::new(FunctionErrorKind::Input, message));
            }
        }
        Ok(values)
    }

    /// Facts of the conversation, for functions.
    fn facts(&self) -> Map<String, Value> {
        let transcript = &self.transcript;
        let facts = json!({
            "transcriptId": self.input.transcript_id,
            "contactId": self.input.contact_id,
            "channel": transcript.channel,
            "state": self.state().map(|state| state.name.as_str()),
            "language": transcript.language,
            "flow": self.input.flow.document.name,
            "tags": transcript.tags,
            "test": transcript.test,
        });
        match facts {
            Value::Object(facts) => facts,
            _ => Map::new(),
        }
    }

    /// Lets what became of a call act on the conversation; gives what the model sees of it.
    pub(super) fn settle(&mut self, callable: &Callable, occasion: Occasion, arguments: &Value, ran: &Ran) -> String {
        let (event, error) = match &ran.result {
            Ok(output) => (output.event.clone(), None),
            Err(error) => (None, Some(error.message.clone())),
        };
        let name = &callable.function.name;
        if !self.transcript.functions.contains(name) {
            self.transcript.functions.push(name.clone());
        }
        self.journal.note(Step::Called { call: ran.ordinal, function: name.clone(), event, error });
        match &ran.result {
            Ok(output) => self.apply(callable, occasion, arguments, ran.ordinal, output),
            Err(error) => self.failed(callable, occasion, arguments, ran.ordinal, error),
        }
    }

    fn apply(
        &mut self,
        callable: &Callable,
        occasion: Occasion,
        arguments: &Value,
        ordinal: Option<usize>,
        output: &FunctionOutput,
    ) -> String {
        let mut warnings = callable.function.undeclared(output);
        warnings.extend(output.warnings.iter().cloned());
        for (name, value) in &output.context_additions {
            if let Err(problem) = context::set(&mut self.transcript.parameters, name, value, Provenance::Function) {
                warnings.push(format!("`{name}` was not added to the context: {problem}"));
            }
        }
        self.lines.push(Line::noted(
            "function_call",
            json!({
                "ordinal": ordinal,
                "function": callable.function.name,
                "tool": callable.tool,
                "occasion": occasion,
                "parameters": arguments,
                "response": output.response,
                "event": output.event,
                "context_additions": output.context_additions,
                "warnings": warnings,
                "logs": output.logs,
                "duration_micros": output.duration_micros,
            }),
        ));
        for effect in &output.effects {
            self.act(effect, occasion);
        }
        match &output.event {
            // What is over goes nowhere.
            Some(event) if occasion == Occasion::WrapUp => self.ignore(event),
            Some(event) => self.emit(event),
            None => {}
        }
        match &output.response {
            Value::Null => "done".to_owned(),
            Value::String(text) => bounded(text),
            other => bounded(&other.to_string()),
        }
    }

    /// A failure is the function's answer, and ends nothing (row DA-J9).
    fn failed(
        &mut self,
        callable: &Callable,
        occasion: Occasion,
        arguments: &Value,
        ordinal: Option<usize>,
        error: &FunctionError,
    ) -> String {
        self.lines.push(Line::noted(
            "function_call",
            json!({
                "ordinal": ordinal,
                "function": callable.function.name,
                "tool": callable.tool,
                "occasion": occasion,
                "parameters": arguments,
                "error": {"kind": error.kind, "message": error.message},
                "logs": error.logs,
            }),
        ));
        format!("error: {}", bounded(&error.message))
    }

    fn act(&mut self, effect: &Effect, occasion: Occasion) {
        match effect {
            Effect::Tag { name, value } => intervention::tag(&mut self.transcript, name, value),
            // Otherwise a conversation that is over would wait for a person.
            _ if occasion == Occasion::WrapUp => {
                self.warn("a function that runs at the end can neither hand the conversation off nor end it");
            }
            Effect::HandOff { skills } => self.hand_off(skills.clone(), QUEUE, None),
            Effect::Transfer { contact, number } => {
                self.hand_off(Vec::new(), Destination { name: contact, number: number.as_deref() }, None);
            }
            Effect::End => self.end(),
        }
    }

    /// The conversation ends after the agent's words, unless it goes back to a scenario.
    fn end(&mut self) {
        if self.then == Then::Wait {
            self.then = Then::End;
        }
    }

    fn warn(&mut self, message: &str) {
        self.lines.push(Line::noted("warning", json!({"message": message})));
    }

    /// Queues the conversation for a person, or sends it elsewhere (rows DA-J15, DA-X8).
    fn hand_off(&mut self, skills: Vec<String>, destination: Destination<'_>, reason: Option<&str>) {
        if self.transcript.control == Control::Operator {
            self.warn("the conversation was not handed off: a person has it already");
            return;
        }
        let Destination { name, number } = destination;
        let line = json!({"skills": skills, "destination": name, "number": number, "reason": reason});
        self.lines.push(Line::noted("hand_off", line));
        self.transcript.control = Control::Queued;
        self.transcript.status = TranscriptStatus::HumanHandoff;
        self.transcript.skills = skills;
        self.transcript.destination = Some(name.to_owned());
        self.transcript.destination_number = number.map(str::to_owned);
    }

    /// Follows an event where it leads; from a state where it leads nowhere it is noted (§21.3 R6).
    fn emit(&mut self, event: &str) {
        let flow = self.input.flow;
        let Some(from) = self.session.state.clone() else { return };
        // Who is on the way back to the scenario has left the flow.
        let has_left = matches!(self.then, Then::Return(_));
        let Some(arrival) = flow.arrival(&from, event).filter(|_| !has_left) else {
            self.ignore(event);
            return;
        };
        let name = |id: &str| flow.state(id).map_or_else(|| id.to_owned(), |state| state.name.clone());
        let (to, shown) = match arrival {
            Arrival::State(at) => {
                let state = flow.state_at(*at);
                self.session.state = Some(state.id.clone());
                if !self.session.visited.contains(&state.id) {
                    self.session.visited.push(state.id.clone());
                }
                (state.id.clone(), state.name.clone())
            }
            Arrival::End => {
                self.end();
                ("end".to_owned(), "end".to_owned())
            }
            Arrival::Scenario(intent) => {
                // What came from no scenario has none to go back to.
                self.then = if self.input.in_scenario { Then::Return(intent.clone()) } else { Then::End };
                ("scenario".to_owned(), intent.clone())
            }
        };
        self.journal.note(Step::Moved { from: from.clone(), to, event: event.to_owned() });
        self.lines.push(Line::noted("state_change", json!({"from": name(&from), "to": shown, "event": event})));
    }

    /// Notes an event that leads nowhere.
    fn ignore(&mut self, event: &str) {
        let id = self.session.state.clone().unwrap_or_default();
        let state = self.input.flow.state(&id).map_or(id.as_str(), |state| state.name.as_str());
        let message = format!("the event `{event}` leads nowhere from the state `{state}`");
        self.warn(&message);
        self.journal.note(Step::Ignored { event: event.to_owned(), state: id });
    }

    fn call_built_in(&mut self, call: &ToolCall) -> String {
        let configuration = &self.input.flow.document.configuration;
        match call.name.as_str() {
            END if configuration.agent_may_end == Permission::Allowed => {
                self.end();
                "The conversation ends after your next words: say goodbye.".to_owned()
            }
            HAND_OFF if configuration.agent_may_hand_off == Permission::Allowed => {
                let skills = call.arguments.get("skills").and_then(Value::as_array);
                let skills = skills.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
                let reason = call.arguments.get("reason").and_then(Value::as_str).map(str::to_owned);
                self.hand_off(skills, QUEUE, reason.as_deref());
                "A person will take over: tell the customer.".to_owned()
            }
            name => {
                self.warn(&format!("the agent called `{name}`, which it does not have"));
                format!("error: there is no tool `{name}`")
            }
        }
    }
}

/// Whether the agent filled in what it must, with values of the right kind.
fn check(callable: &Callable, arguments: &Map<String, Value>) -> Result<(), FunctionError> {
    use crate::flow::function::ParameterType as Kind;
    let wrong = |message: String| Err(FunctionError::new(FunctionErrorKind::Input, message));
    for parameter in &callable.function.parameters {
        let value = arguments.get(&parameter.name).unwrap_or(&Value::Null);
        if value.is_null() {
            if parameter.required {
                return wrong(format!("`{}` is needed: ask the customer for it", parameter.name));
            }
            continue;
        }
        let fits = match parameter.kind {
            Kind::String => value.is_string(),
            Kind::Number => value.is_number(),
            Kind::Integer => {
                value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
            }
            Kind::Boolean => value.is_boolean(),
            Kind::Array => value.is_array(),
            Kind::Object => value.is_object(),
        };
        if !fits {
            return wrong(format!("`{}` must be of the type {}", parameter.name, parameter.kind.as_str()));
        }
        let is_choice = match value {
            Value::String(text) => parameter.choices.contains(text),
            Value::Number(_) | Value::Bool(_) => parameter.choices.contains(&value.to_string()),
            _ => true,
        };
        if !parameter.choices.is_empty() && !is_choice {
            return wrong(format!("`{}` must be one of: {}", parameter.name, parameter.choices.join(", ")));
        }
    }
    Ok(())
}

/// The arguments that the function declares. What else the agent fills in, or was talked into, nobody has checked: it is
/// in the transcript and does not reach the code.
fn declared(callable: &Callable, arguments: &Map<String, Value>) -> Map<String, Value> {
    let is_declared = |name: &String| callable.function.parameters.iter().any(|parameter| parameter.name == *name);
    let declared = arguments.iter().filter(|(name, _)| is_declared(name));
    declared.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What the model reads of a function's response.
pub(super) fn bounded(text: &str) -> String {
    match text.char_indices().nth(MAX_RESULT) {
        Some((at, _)) => format!("{} … (shortened)", &text[..at]),
        None => text.to_owned(),
    }
}
