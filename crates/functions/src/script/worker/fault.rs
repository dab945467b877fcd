//! What a failure of the engine means, in words that are the same each time.

use model::function::FunctionErrorKind;
use rquickjs::{Coerced, Ctx, Error, Exception, Value};

use super::{engine::MAIN, platform, task_state::TaskState};
use crate::script::{
    limits::{self, MAX_MESSAGE_CHARS},
    message::{Failure, Task},
};

/// Why a task gave nothing.
pub(super) enum Fault {
    /// The source cannot be read.
    Source(Error),
    /// What was returned has no form in JSON.
    Unwritable(Error),
    /// The code threw, or the engine failed.
    Thrown(Error),
    /// It is said already.
    Said(Failure),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Thrown(error)
    }
}

/// A returned value that is no output.
pub(super) fn no_output(what: &str) -> Failure {
    let message = format!("it returned a value of type {what}: return an object {{response, contextAdditions, event}}");
    Failure::new(FunctionErrorKind::Output, message)
}

/// The failure in words. May run code of the task, a getter for one, which its bounds still hold for.
pub(super) fn explain(ctx: &Ctx<'_>, fault: Fault, task: &Task, state: &TaskState) -> Failure {
    // Also when the bound was met elsewhere than where the failure showed.
    if let Some(failure) = state.met() {
        return failure;
    }
    let (kind, error) = match fault {
        Fault::Said(failure) => return failure,
        Fault::Source(error) => (FunctionErrorKind::Syntax, error),
        Fault::Unwritable(error) => (FunctionErrorKind::Output, error),
        Fault::Thrown(error) => (FunctionErrorKind::Threw, error),
    };
    let failure = match error {
        Error::Exception => thrown(ctx, ctx.catch(), kind, task),
        Error::Allocation => limits::out_of_memory(task.memory_bytes),
        Error::InvalidString(_) => Failure::new(kind, "its source holds a NUL character"),
        other => Failure::new(kind, other.to_string()),
    };
    let failure = state.met().unwrap_or(failure);
    Failure { message: failure.message.chars().take(MAX_MESSAGE_CHARS).collect(), ..failure }
}

fn thrown<'js>(ctx: &Ctx<'js>, value: Value<'js>, kind: FunctionErrorKind, task: &Task) -> Failure {
    let Some(exception) = value.as_object().cloned().and_then(Exception::from_object) else {
        return Failure::new(kind, plain(ctx, &value));
    };
    let name = exception.get::<_, Coerced<String>>("name").map_or_else(|_| forget(ctx, "Error".into()), |name| name.0);
    let message = exception.message().unwrap_or_else(|| forget(ctx, String::new()));
    match (name.as_str(), message.as_str()) {
        ("InternalError", "out of memory") => return limits::out_of_memory(task.memory_bytes),
        ("RangeError", "Maximum call stack size exceeded") => return limits::out_of_stack(),
        _ => {}
    }
    let stack = exception.stack().unwrap_or_else(|| forget(ctx, String::new()));
    let place = place(&stack, task.module).map(|place| format!(" ({place})")).unwrap_or_default();
    let colon = if message.is_empty() { "" } else { ": " };
    let said = format!("{name}{colon}{message}{place}");
    match kind {
        FunctionErrorKind::Output => Failure::new(kind, format!("what it returned has no form in JSON: {said}")),
        _ => Failure::new(kind, said),
    }
}

/// What was thrown that is no error.
fn plain<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> String {
    if let Some(text) = value.as_string() {
        return text.to_string().unwrap_or_default();
    }
    if value.is_null() {
        return "it threw null, which may also mean that its memory is used up".into();
    }
    let json = ctx.json_stringify(value.clone()).ok().flatten().and_then(|json| json.to_string().ok());
    let json = json.unwrap_or_else(|| forget(ctx, value.type_name().to_owned()));
    format!("it threw {json}")
}

/// Takes away what reading an exception threw in turn.
fn forget<T>(ctx: &Ctx<'_>, instead: T) -> T {
    ctx.catch();
    instead
}

/// The first place of a trace that is the tenant's own: `line 3, column 7`, with the library's name if it is one.
fn place(stack: &str, is_module: bool) -> Option<String> {
    stack.lines().find_map(|line| {
        let line = line.trim_end().trim_end_matches(')');
        let (rest, column) = line.rsplit_once(':')?;
        let (rest, row) = rest.rsplit_once(':')?;
        let (column, row) = (column.parse::<u32>().ok()?, row.parse::<u32>().ok()?);
        let file = rest.rsplit_once('(').map_or_else(|| rest.trim_start().trim_start_matches("at "), |(_, file)| file);
        match file {
            platform::NAME => None,
            // A body stands one line below where it was written.
            MAIN if !is_module => Some(format!("line {}, column {column}", row.saturating_sub(1).max(1))),
            MAIN => Some(format!("line {row}, column {column}")),
            library => Some(format!("`{library}` line {row}, column {column}")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_place_is_the_first_of_the_tenants_own() {
        let trace =
            "    at fetch (<platform>:40:7)\n    at inner (<function>:4:9)\n    at <anonymous> (<function>:2:1)\n";
        assert_eq!(place(trace, false).as_deref(), Some("line 3, column 9"));
        assert_eq!(place(trace, true).as_deref(), Some("line 4, column 9"));
        assert_eq!(place("    at <function>:1:5\n", true).as_deref(), Some("line 1, column 5"));
        assert_eq!(place("    at slots (slots:7:2)", false).as_deref(), Some("`slots` line 7, column 2"));
        assert_eq!(place("    at native\n    at map (native)\n", false), None);
        assert_eq!(place("", false), None);
    }
}
