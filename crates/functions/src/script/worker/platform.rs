//! What code finds around itself: `fetch`, `log` and the others, in `platform.js`, over the few functions here.

use std::rc::Rc;

use rquickjs::{Ctx, Error, Exception, Function, Object, context::EvalOptions};
use uuid::Uuid;

use super::task_state::TaskState;

const SOURCE: &str = include_str!("platform.js");
/// What the platform's own code is called in traces.
pub(super) const NAME: &str = "<platform>";

/// The two functions that the engine calls.
pub(super) struct Platform<'js> {
    /// Begins a task: `(code, input as JSON, whether the code is a module's)` to a promise.
    pub(super) begin: Function<'js>,
    /// Settles what the code waits for: `(number, whether it went well, text)`.
    pub(super) settle: Function<'js>,
}

/// Puts everything into a fresh context.
pub(super) fn install<'js>(ctx: &Ctx<'js>, state: &Rc<TaskState>) -> rquickjs::Result<Platform<'js>> {
    let mut options = EvalOptions::default();
    options.filename = Some(NAME.into());
    let make: Function<'js> = ctx.eval_with_options(SOURCE, options)?;
    let made: Object<'js> = make.call((natives(ctx, state)?,))?;
    Ok(Platform { begin: made.get("begin")?, settle: made.get("settle")? })
}

fn natives<'js>(ctx: &Ctx<'js>, state: &Rc<TaskState>) -> rquickjs::Result<Object<'js>> {
    let native = Object::new(ctx.clone())?;

    let task = Rc::clone(state);
    let log = move |line: String| task.log(&line);
    native.set("log", Function::new(ctx.clone(), log)?)?;

    let task = Rc::clone(state);
    let effect = move |ctx: Ctx<'js>, json: String| task.effect(&json).map_err(|problem| thrown(&ctx, &problem));
    native.set("effect", Function::new(ctx.clone(), effect)?)?;

    let task = Rc::clone(state);
    let fetch = move |ctx: Ctx<'js>, request: String| task.fetch(request).map_err(|problem| thrown(&ctx, &problem));
    native.set("fetch", Function::new(ctx.clone(), fetch)?)?;

    let task = Rc::clone(state);
    let secret = move |ctx: Ctx<'js>, name: String| task.secret(name).map_err(|problem| thrown(&ctx, &problem));
    native.set("secret", Function::new(ctx.clone(), secret)?)?;

    let task = Rc::clone(state);
    let timer = move |ctx: Ctx<'js>, millis: f64| task.timer(millis).map_err(|problem| thrown(&ctx, &problem));
    native.set("timer", Function::new(ctx.clone(), timer)?)?;

    native.set("uuid", Function::new(ctx.clone(), || Uuid::new_v4().to_string())?)?;
    Ok(native)
}

fn thrown(ctx: &Ctx<'_>, problem: &str) -> Error {
    Exception::throw_message(ctx, problem)
}
