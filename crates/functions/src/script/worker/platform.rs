//! What code finds around itself: `log`, `fetch` and the others. Only `fetch` is written in JavaScript, and read when it
//! is first called: to read a source takes an engine longer than all else that a short call does.

use std::rc::Rc;

use jiff::Timestamp;
use model::function::Effect;
use rquickjs::{
    Coerced, Ctx, Error, Exception, Function, Object, Persistent, Promise, Value,
    context::EvalOptions,
    function::{IntoJsFunc, Opt, Rest},
};
use uuid::Uuid;

use super::task_state::{TaskState, Waiter};

const FETCH: &str = include_str!("fetch.js");
/// What the platform's own code is called in traces.
pub(super) const NAME: &str = "<platform>";

/// Puts everything into a fresh context; what it gives back are the helpers, as code is given them too.
pub(super) fn install<'js>(ctx: &Ctx<'js>, state: &Rc<TaskState>) -> rquickjs::Result<Object<'js>> {
    let platform = Platform { ctx, helpers: Object::new(ctx.clone())? };

    let task = Rc::clone(state);
    platform.put("fetch", move |ctx: Ctx<'js>, values: Rest<Value<'js>>| fetch(&ctx, &task, values))?;

    let task = Rc::clone(state);
    let log = platform.put("log", move |ctx: Ctx<'js>, values: Rest<Value<'js>>| {
        let line: Vec<String> = values.0.iter().map(|value| shown(&ctx, value)).collect();
        task.log(&line.join(" "));
    })?;

    let task = Rc::clone(state);
    platform.put("handoff", move |ctx: Ctx<'js>, options: Opt<Value<'js>>| {
        let skills = skills(&ctx, options.0)?;
        noted(&ctx, &task, Effect::HandOff { skills })
    })?;

    let task = Rc::clone(state);
    platform.put("transfer", move |ctx: Ctx<'js>, contact: Opt<Value<'js>>| {
        let contact = text(&ctx, contact.0.as_ref(), "transfer: name the internal contact")?;
        noted(&ctx, &task, Effect::Transfer { contact, number: None })
    })?;

    let task = Rc::clone(state);
    platform.put("endConversation", move |ctx: Ctx<'js>| noted(&ctx, &task, Effect::End))?;

    let task = Rc::clone(state);
    platform.put("setTag", move |ctx: Ctx<'js>, name: Opt<Value<'js>>, value: Opt<Value<'js>>| {
        let name = text(&ctx, name.0.as_ref(), "setTag: name the tag")?;
        let value = value.0.filter(is_given).map(|value| shown(&ctx, &value)).unwrap_or_default();
        noted(&ctx, &task, Effect::Tag { name, value })
    })?;

    let task = Rc::clone(state);
    platform.put("secret", move |ctx: Ctx<'js>, name: Coerced<String>| {
        task.secret(name.0).map_err(|problem| thrown(&ctx, &problem))
    })?;

    platform.put("now", || Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())?;
    platform.put("uuid", || Uuid::new_v4().to_string())?;

    let task = Rc::clone(state);
    platform.put("sleep", move |ctx: Ctx<'js>, millis: Opt<Coerced<f64>>| {
        let (promise, resolve, _) = Promise::new(&ctx)?;
        let waiter = Waiter::Sleeper(Persistent::save(&ctx, resolve));
        task.timer(millis.0.map_or(0.0, |millis| millis.0), waiter).map_err(|problem| thrown(&ctx, &problem))?;
        Ok::<_, Error>(promise)
    })?;
    timers(ctx, state)?;

    let console = Object::new(ctx.clone())?;
    for level in ["log", "info", "warn", "error", "debug"] {
        console.set(level, log.clone())?;
    }
    ctx.globals().set("console", frozen(ctx, console)?)?;
    frozen(ctx, platform.helpers)
}

struct Platform<'c, 'js> {
    ctx: &'c Ctx<'js>,
    helpers: Object<'js>,
}

impl<'js> Platform<'_, 'js> {
    /// Gives code a function, as a global and among the helpers.
    fn put<P>(&self, name: &str, native: impl IntoJsFunc<'js, P> + 'js) -> rquickjs::Result<Function<'js>> {
        let function = Function::new(self.ctx.clone(), native)?.with_name(name)?;
        self.ctx.globals().set(name, function.clone())?;
        self.helpers.set(name, function.clone())?;
        Ok(function)
    }
}

/// The browser's timers, for libraries that expect them.
fn timers<'js>(ctx: &Ctx<'js>, state: &Rc<TaskState>) -> rquickjs::Result<()> {
    let task = Rc::clone(state);
    let set = move |ctx: Ctx<'js>, code: Function<'js>, millis: Opt<Coerced<f64>>, values: Rest<Value<'js>>| {
        let values = values.0.into_iter().map(|value| Persistent::save(&ctx, value)).collect();
        let waiter = Waiter::Code(Persistent::save(&ctx, code), values);
        task.timer(millis.0.map_or(0.0, |millis| millis.0), waiter).map_err(|problem| thrown(&ctx, &problem))
    };
    ctx.globals().set("setTimeout", Function::new(ctx.clone(), set)?)?;
    let task = Rc::clone(state);
    let clear = move |number: Opt<Coerced<f64>>| task.clear(number.0.map_or(0.0, |number| number.0));
    ctx.globals().set("clearTimeout", Function::new(ctx.clone(), clear)?)
}

/// Begins a task, to what its code is a promise of. A body comes as a function that takes the names it may use; a module
/// as its default export.
pub(super) fn begin<'js>(
    ctx: &Ctx<'js>,
    code: &Function<'js>,
    input: &str,
    helpers: Object<'js>,
    is_module: bool,
) -> rquickjs::Result<Promise<'js>> {
    let input: Object<'js> = ctx.json_parse(input)?.get()?;
    input.set("helpers", helpers.clone())?;
    let value: Value<'js> = if is_module {
        code.call((input,))?
    } else {
        let part = |name: &str| input.get::<_, Value<'js>>(name);
        let names = (
            part("parameters")?,
            part("internalParameters")?,
            part("staticParameters")?,
            part("conversation")?,
            helpers,
        );
        let body: Function<'js> = code.call(names)?;
        body.call((input,))?
    };
    if let Some(promise) = value.as_promise() {
        return Ok(promise.clone());
    }
    let (promise, resolve, _) = Promise::new(ctx)?;
    resolve.call::<_, ()>((value,))?;
    Ok(promise)
}

/// Lets those go on who waited for an answer or a time.
pub(super) fn settle<'js>(ctx: &Ctx<'js>, waiter: Waiter, outcome: Result<String, String>) -> rquickjs::Result<()> {
    match waiter {
        Waiter::Asker(resolve, reject) => match outcome {
            Ok(answer) => resolve.restore(ctx)?.call((answer,)),
            Err(problem) => reject.restore(ctx)?.call((Exception::from_message(ctx.clone(), &problem)?,)),
        },
        Waiter::Sleeper(resolve) => resolve.restore(ctx)?.call(()),
        Waiter::Code(code, values) => {
            let values = values.into_iter().map(|value| value.restore(ctx)).collect::<rquickjs::Result<_>>()?;
            // Nobody waits for what it throws, as in a browser.
            if code.restore(ctx)?.call::<_, Value<'js>>((Rest(values),)).is_err() {
                ctx.catch();
            }
            Ok(())
        }
    }
}

fn fetch<'js>(ctx: &Ctx<'js>, task: &Rc<TaskState>, values: Rest<Value<'js>>) -> rquickjs::Result<Value<'js>> {
    let known = task.fetch.borrow().clone();
    let fetch = match known {
        Some(fetch) => fetch.restore(ctx)?,
        None => {
            let mut options = EvalOptions::default();
            options.filename = Some(NAME.into());
            let make: Function<'js> = ctx.eval_with_options(FETCH, options)?;
            let asked = Rc::clone(task);
            let send = move |ctx: Ctx<'js>, request: String| {
                let (promise, resolve, reject) = Promise::new(&ctx)?;
                let waiter = Waiter::Asker(Persistent::save(&ctx, resolve), Persistent::save(&ctx, reject));
                asked.ask_for(request, waiter).map_err(|problem| thrown(&ctx, &problem))?;
                Ok::<_, Error>(promise)
            };
            let fetch: Function<'js> = make.call((Function::new(ctx.clone(), send)?,))?;
            *task.fetch.borrow_mut() = Some(Persistent::save(ctx, fetch.clone()));
            fetch
        }
    };
    fetch.call((values,))
}

fn noted(ctx: &Ctx<'_>, task: &TaskState, effect: Effect) -> rquickjs::Result<()> {
    task.effect(effect).map_err(|problem| thrown(ctx, &problem))
}

/// The skills of `{skills}`: a list of names, or one.
fn skills<'js>(ctx: &Ctx<'js>, options: Option<Value<'js>>) -> rquickjs::Result<Vec<String>> {
    const WANTED: &str = "handoff: `skills` is a list of names";
    let Some(options) = options.as_ref().and_then(Value::as_object) else { return Ok(Vec::new()) };
    let given: Value<'js> = options.get("skills")?;
    match given.as_array() {
        Some(list) => list.iter::<Value<'js>>().map(|skill| text(ctx, Some(&skill?), WANTED)).collect(),
        None if is_given(&given) => Ok(vec![text(ctx, Some(&given), WANTED)?]),
        None => Ok(Vec::new()),
    }
}

/// A text that is not empty.
fn text<'js>(ctx: &Ctx<'js>, value: Option<&Value<'js>>, wanted: &str) -> rquickjs::Result<String> {
    let text = value.and_then(Value::as_string).map(rquickjs::String::to_string).transpose()?;
    text.filter(|text| !text.is_empty()).ok_or_else(|| Exception::throw_type(ctx, wanted))
}

fn is_given(value: &Value<'_>) -> bool {
    !value.is_undefined() && !value.is_null()
}

/// A value as it stands in a log. Reading it may run code of the task; what that throws is left out.
fn shown<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> String {
    if let Some(text) = value.as_string() {
        return text.to_string().unwrap_or_default();
    }
    let plain = |value: Value<'js>| match value.get::<Coerced<String>>() {
        Ok(text) => text.0,
        Err(_) => {
            ctx.catch();
            value_kind(&value)
        }
    };
    let Some(object) = value.as_object().filter(|_| !value.is_function()) else { return plain(value.clone()) };
    if object.is_error() {
        let part = |name: &str| object.get::<_, Value<'js>>(name).map(plain);
        return match (part("name"), part("message")) {
            (Ok(name), Ok(message)) => format!("{name}: {message}"),
            _ => {
                ctx.catch();
                "[error]".to_owned()
            }
        };
    }
    let json = ctx.json_stringify(value.clone()).ok().flatten().and_then(|json| json.to_string().ok());
    json.unwrap_or_else(|| {
        // Circular, or with something that JSON has no form for.
        ctx.catch();
        value_kind(value)
    })
}

fn value_kind(value: &Value<'_>) -> String {
    format!("[{}]", value.type_name())
}

fn frozen<'js>(ctx: &Ctx<'js>, object: Object<'js>) -> rquickjs::Result<Object<'js>> {
    let freeze: Function<'js> = ctx.globals().get::<_, Object<'js>>("Object")?.get("freeze")?;
    freeze.call((object,))
}

fn thrown(ctx: &Ctx<'_>, problem: &str) -> Error {
    Exception::throw_message(ctx, problem)
}
