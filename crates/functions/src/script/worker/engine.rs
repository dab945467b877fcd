//! One engine for one task.

use std::rc::Rc;

use model::function::FunctionErrorKind;
use rquickjs::{
    Context, Ctx, Error, Function, Module, Object, Persistent, Promise, Runtime, Value,
    context::EvalOptions,
    loader::{ImportAttributes, Loader, Resolver},
    module::Declared,
};

use super::{
    channel::Channel,
    fault::{self, Fault},
    platform,
    task_state::{Next, TaskState},
};
use crate::script::{
    limits,
    message::{Done, Failure, Task},
};

/// What a task's own source is called in traces; no function of a tenant can have this name.
pub(super) const MAIN: &str = "<function>";
/// Puts the names that a body may use around it. The body stands on lines of its own, one below where it was written,
/// inside a function of its own, so that it may declare the same names anew.
const BEFORE: &str = "(function (parameters, internalParameters, staticParameters, conversation, helpers) { return async function (input) {\n";
const AFTER: &str = "\n}; })";

/// An engine that has run nothing yet. Dropped in this order: what is saved of it goes before it does.
pub(super) struct Engine {
    helpers: Persistent<Object<'static>>,
    context: Context,
    runtime: Runtime,
    state: Rc<TaskState>,
}

impl Engine {
    pub(super) fn new(channel: Rc<Channel>) -> rquickjs::Result<Self> {
        let state = Rc::new(TaskState::new(channel));
        let runtime = Runtime::new()?;
        let watched = Rc::clone(&state);
        runtime.set_interrupt_handler(Some(Box::new(move || watched.is_over())));
        runtime.set_loader(Libraries(Rc::clone(&state)), Libraries(Rc::clone(&state)));
        let context = Context::full(&runtime)?;
        let helpers = context.with(|ctx| {
            let helpers = platform::install(&ctx, &state)?;
            Ok::<_, Error>(Persistent::save(&ctx, helpers))
        })?;
        Ok(Self { helpers, context, runtime, state })
    }

    /// Runs or checks a task.
    pub(super) fn run(&self, mut task: Task) -> Done {
        let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        self.runtime.set_memory_limit(bytes(task.memory_bytes));
        self.runtime.set_max_stack_size(bytes(task.stack_bytes));
        self.state.begin(&mut task);
        let outcome = self.context.with(|ctx| {
            let outcome = self.attempt(&ctx, &task);
            outcome.map_err(|fault| fault::explain(&ctx, fault, &task, &self.state))
        });
        self.state.done(outcome)
    }

    fn attempt<'js>(&self, ctx: &Ctx<'js>, task: &Task) -> Result<String, Fault> {
        let Some(input) = &task.input else {
            // Only what the compiler says counts; nothing of it runs.
            if task.module {
                declare(ctx, task).map(drop)?
            } else {
                compile(ctx, task).map(drop)?
            }
            return Ok(String::new());
        };
        let code = if task.module { self.default_export(ctx, task)? } else { compile(ctx, task)? };
        let helpers = self.helpers.clone().restore(ctx)?;
        let promise = platform::begin(ctx, &code, input, helpers, task.module)?;
        let value = self.finish(ctx, &promise)?;
        written(ctx, value, task)
    }

    /// The function that a module exports.
    fn default_export<'js>(&self, ctx: &Ctx<'js>, task: &Task) -> Result<Function<'js>, Fault> {
        let (module, promise) = declare(ctx, task)?.eval()?;
        self.finish(ctx, &promise)?;
        let exported: Value<'js> = module.get("default")?;
        exported.into_function().ok_or_else(|| {
            let message = "a module needs a default export that is a function: `export default async (input) => {…}`";
            Fault::Said(Failure::new(FunctionErrorKind::Syntax, message))
        })
    }

    /// Runs what there is to run until a promise is settled.
    fn finish<'js>(&self, ctx: &Ctx<'js>, promise: &Promise<'js>) -> Result<Value<'js>, Fault> {
        loop {
            if let Some(failure) = self.state.met() {
                return Err(Fault::Said(failure));
            }
            if let Some(result) = promise.result() {
                return Ok(result?);
            }
            if ctx.execute_pending_job() {
                continue;
            }
            match self.state.next() {
                Next::Settled(waiter, outcome) => platform::settle(ctx, waiter, outcome)?,
                // What was met is told at the loop's head.
                Next::Over => {}
                Next::Nothing => {
                    let message = "it waits for a promise that nothing is left to settle";
                    return Err(Fault::Said(Failure::new(FunctionErrorKind::Output, message)));
                }
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.state.let_go();
    }
}

fn declare<'js>(ctx: &Ctx<'js>, task: &Task) -> Result<Module<'js, Declared>, Fault> {
    Module::declare(ctx.clone(), MAIN, task.source.as_str()).map_err(Fault::Source)
}

fn compile<'js>(ctx: &Ctx<'js>, task: &Task) -> Result<Function<'js>, Fault> {
    let mut options = EvalOptions::default();
    options.filename = Some(MAIN.into());
    // As lenient as a plain script: code that was written for other hosts runs.
    options.strict = false;
    ctx.eval_with_options(format!("{BEFORE}{}{AFTER}", task.source), options).map_err(Fault::Source)
}

/// What was returned as JSON; empty when nothing was.
fn written<'js>(ctx: &Ctx<'js>, value: Value<'js>, task: &Task) -> Result<String, Fault> {
    if value.is_undefined() || value.is_null() {
        return Ok(String::new());
    }
    if !value.is_object() || value.is_array() || value.is_function() {
        return Err(Fault::Said(fault::no_output(value.type_name())));
    }
    let json = ctx.json_stringify(value).map_err(Fault::Unwritable)?;
    let json = json.map(|json| json.to_string()).transpose().map_err(Fault::Unwritable)?.unwrap_or_default();
    if json.len() as u64 > task.max_output_bytes {
        return Err(Fault::Said(limits::output_too_long(task.max_output_bytes)));
    }
    Ok(json)
}

/// The tenant's own libraries: what can be imported, and nothing else.
struct Libraries(Rc<TaskState>);

impl Resolver for Libraries {
    fn resolve<'js>(
        &mut self,
        _ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<String> {
        if self.0.libraries.borrow().contains_key(name) {
            Ok(name.to_owned())
        } else {
            Err(Error::new_resolving_message(base, name, "it is none of the libraries"))
        }
    }
}

impl Loader for Libraries {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<Module<'js, Declared>> {
        let source = self.0.libraries.borrow().get(name).cloned();
        let source = source.ok_or_else(|| Error::new_loading(name))?;
        Module::declare(ctx.clone(), name, source)
    }
}
