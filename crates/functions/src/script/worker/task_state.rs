//! What one task has done so far, shared by the engine and what the platform gives to the code.

use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap, VecDeque},
    rc::Rc,
    time::{Duration, Instant},
};

use model::function::Effect;
use rquickjs::{Function, Persistent, Value};

use super::{channel::Channel, confine};
use crate::script::{
    limits::{self, MAX_EFFECTS, MAX_LOG_CHARS, MAX_LOGS, MAX_SECRETS},
    message::{Answer, Done, Failure, FromWorker, Question, Task, ToWorker, Wanted},
};

/// Timers of a task that may run at once.
const MAX_TIMERS: usize = 1_000;

/// What one task has done so far.
pub(super) struct TaskState {
    channel: Rc<Channel>,
    /// When it must be over.
    bounds: Cell<Option<Bounds>>,
    /// Which bound it met.
    met: Cell<Option<Bound>>,
    numbers: Cell<u32>,
    fetches: Cell<u32>,
    secrets: Cell<u32>,
    max_fetches: Cell<u32>,
    /// Requests that are not answered yet.
    open: Cell<u32>,
    timers: RefCell<BinaryHeap<Reverse<(Instant, u32)>>>,
    answers: RefCell<VecDeque<Answer>>,
    /// Who waits for which number.
    waiting: RefCell<HashMap<u32, Waiter>>,
    /// What `fetch` is, once it was called.
    pub(super) fetch: RefCell<Option<Persistent<Function<'static>>>>,
    logs: RefCell<Vec<String>>,
    logs_left_out: Cell<u32>,
    effects: RefCell<Vec<Effect>>,
    pub(super) libraries: RefCell<BTreeMap<String, String>>,
}

/// Code that goes on when something has come or a time is over.
pub(super) enum Waiter {
    /// Waits for an answer: what to call with it, and what to call where there is none.
    Asker(Persistent<Function<'static>>, Persistent<Function<'static>>),
    /// Waits for a time.
    Sleeper(Persistent<Function<'static>>),
    /// Is called at a time, with these.
    Code(Persistent<Function<'static>>, Vec<Persistent<Value<'static>>>),
}

#[derive(Clone, Copy)]
struct Bounds {
    end: Instant,
    wall: Duration,
    cpu_end: Duration,
    cpu: Duration,
}

/// A bound that a task met.
#[derive(Clone, Copy)]
enum Bound {
    Wall(Duration),
    Cpu(Duration),
}

/// What goes on when no code can run.
pub(super) enum Next {
    /// A question was answered, or a timer is over.
    Settled(Waiter, Result<String, String>),
    /// Nothing ever will.
    Nothing,
    /// Time is up.
    Over,
}

impl Waiter {
    const fn is_for_a_time(&self) -> bool {
        matches!(self, Self::Sleeper(_) | Self::Code(..))
    }
}

impl TaskState {
    pub(super) fn new(channel: Rc<Channel>) -> Self {
        Self {
            channel,
            bounds: Cell::new(None),
            met: Cell::new(None),
            numbers: Cell::new(0),
            fetches: Cell::new(0),
            secrets: Cell::new(0),
            max_fetches: Cell::new(0),
            open: Cell::new(0),
            timers: RefCell::default(),
            answers: RefCell::default(),
            waiting: RefCell::default(),
            fetch: RefCell::default(),
            logs: RefCell::default(),
            logs_left_out: Cell::new(0),
            effects: RefCell::default(),
            libraries: RefCell::default(),
        }
    }

    /// The clocks run from here.
    pub(super) fn begin(&self, task: &mut Task) {
        let (wall, cpu) = (Duration::from_micros(task.wall_micros), Duration::from_micros(task.cpu_micros));
        confine::end_after(cpu);
        let now = Instant::now();
        let cpu_end = confine::cpu_time() + cpu;
        // A time that cannot be told is too far away to matter; a day does as well.
        let end = now.checked_add(wall).unwrap_or(now + Duration::from_secs(86_400));
        self.bounds.set(Some(Bounds { end, wall, cpu_end, cpu }));
        self.max_fetches.set(task.max_fetches);
        *self.libraries.borrow_mut() = std::mem::take(&mut task.libraries).into_iter().collect();
    }

    /// Whether a bound is met; the engine asks while it runs code. Once met, it stays met.
    pub(super) fn is_over(&self) -> bool {
        if self.met.get().is_some() {
            return true;
        }
        let Some(bounds) = self.bounds.get() else { return false };
        if Instant::now() >= bounds.end {
            self.met.set(Some(Bound::Wall(bounds.wall)));
        } else if confine::cpu_time() >= bounds.cpu_end {
            self.met.set(Some(Bound::Cpu(bounds.cpu)));
        }
        self.met.get().is_some()
    }

    /// The failure of the bound that was met.
    pub(super) fn met(&self) -> Option<Failure> {
        Some(match self.met.get()? {
            Bound::Wall(limit) => limits::out_of_time(limit),
            Bound::Cpu(limit) => limits::out_of_cpu(limit),
        })
    }

    /// Waits for what goes on.
    pub(super) fn next(&self) -> Next {
        loop {
            if let Some(answer) = self.answers.borrow_mut().pop_front() {
                self.open.set(self.open.get().saturating_sub(1));
                if let Some(waiter) = self.waiting.borrow_mut().remove(&answer.number) {
                    return Next::Settled(waiter, answer.outcome);
                }
                continue;
            }
            let Some(bounds) = self.bounds.get() else { return Next::Nothing };
            if self.is_over() {
                return Next::Over;
            }
            let now = Instant::now();
            let timer = self.timers.borrow().peek().map(|Reverse(timer)| *timer);
            if let Some((at, number)) = timer
                && at <= now
            {
                self.timers.borrow_mut().pop();
                if let Some(waiter) = self.waiting.borrow_mut().remove(&number) {
                    return Next::Settled(waiter, Ok(String::new()));
                }
                continue;
            }
            let end = match timer {
                Some((at, _)) => at.min(bounds.end),
                None if self.open.get() == 0 => return Next::Nothing,
                None => bounds.end,
            };
            if let Some(ToWorker::Answer(answer)) = self.channel.receive_until(end) {
                self.answers.borrow_mut().push_back(answer);
            }
        }
    }

    /// Asks for a request, for somebody who waits for its answer.
    pub(super) fn ask_for(&self, request: String, waiter: Waiter) -> Result<(), String> {
        let limit = self.max_fetches.get();
        if self.fetches.get() >= limit {
            return Err(format!("fetch: a call may make at most {limit} requests"));
        }
        self.fetches.set(self.fetches.get() + 1);
        self.open.set(self.open.get() + 1);
        let number = self.ask(Wanted::Fetch(request));
        self.waiting.borrow_mut().insert(number, waiter);
        Ok(())
    }

    /// Asks for a secret and waits for it. Answers to other questions wait meanwhile.
    pub(super) fn secret(&self, name: String) -> Result<String, String> {
        if self.secrets.get() >= MAX_SECRETS {
            return Err(format!("secret: a call may ask for at most {MAX_SECRETS} secrets"));
        }
        self.secrets.set(self.secrets.get() + 1);
        let asked = self.ask(Wanted::Secret(name));
        while let Some(bounds) = self.bounds.get() {
            match self.channel.receive_until(bounds.end) {
                Some(ToWorker::Answer(answer)) if answer.number == asked => return answer.outcome,
                Some(ToWorker::Answer(answer)) => self.answers.borrow_mut().push_back(answer),
                Some(ToWorker::Task(_)) => {}
                None if self.is_over() => break,
                None => {}
            }
        }
        Err("secret: there was no time to get it".into())
    }

    fn ask(&self, wanted: Wanted) -> u32 {
        let number = self.number();
        self.channel.send(&FromWorker::Question(Question { number, wanted }));
        number
    }

    /// Begins a timer for somebody who waits for its end; its number.
    pub(super) fn timer(&self, millis: f64, waiter: Waiter) -> Result<u32, String> {
        let mut timers = self.timers.borrow_mut();
        if timers.len() >= MAX_TIMERS {
            return Err(format!("sleep: at most {MAX_TIMERS} timers may run at once"));
        }
        // What is no number, negative or endless is bounded by the task's own end.
        let millis = if millis > 0.0 { millis.min(86_400_000.0) } else { 0.0 };
        let number = self.number();
        timers.push(Reverse((Instant::now() + Duration::from_secs_f64(millis / 1000.0), number)));
        self.waiting.borrow_mut().insert(number, waiter);
        Ok(number)
    }

    /// Forgets who waits for a timer; what is no number of any is passed over.
    pub(super) fn clear(&self, number: f64) {
        let mut waiting = self.waiting.borrow_mut();
        let of_timer = waiting.iter().find(|(known, waiter)| f64::from(**known) == number && waiter.is_for_a_time());
        let found = of_timer.map(|(known, _)| *known);
        found.and_then(|found| waiting.remove(&found));
    }

    /// Lets go of all that belongs to the engine, which must be before the engine ends.
    pub(super) fn let_go(&self) {
        self.waiting.take();
        self.fetch.take();
    }

    fn number(&self) -> u32 {
        self.numbers.set(self.numbers.get().wrapping_add(1));
        self.numbers.get()
    }

    /// Writes to the log.
    pub(super) fn log(&self, line: &str) {
        let mut logs = self.logs.borrow_mut();
        if logs.len() >= MAX_LOGS {
            self.logs_left_out.set(self.logs_left_out.get().saturating_add(1));
        } else {
            logs.push(line.chars().take(MAX_LOG_CHARS).collect());
        }
    }

    /// Notes what the code asks of the conversation.
    pub(super) fn effect(&self, effect: Effect) -> Result<(), String> {
        let mut effects = self.effects.borrow_mut();
        if effects.len() >= MAX_EFFECTS {
            return Err(format!("a call may ask at most {MAX_EFFECTS} things of the conversation"));
        }
        effects.push(effect);
        Ok(())
    }

    /// All of it, as it is told to the server.
    pub(super) fn done(&self, outcome: Result<String, Failure>) -> Done {
        Done {
            outcome,
            // An effect is texts and lists of them: always JSON.
            effects: serde_json::to_string(&*self.effects.borrow()).unwrap_or_default(),
            logs: self.logs.take(),
            logs_left_out: self.logs_left_out.get(),
        }
    }
}
