//! What a worker has when it is ready: next to nothing. And how it ends when nobody is left.

use std::{
    fs,
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
};

use functions::script::message::{
    self, Done, Frames, FromWorker, MAX_FROM_WORKER, MAX_TO_WORKER, Question, Task, ToWorker, Wanted,
};
use model::function::FunctionErrorKind;

struct Worker {
    child: Child,
    frames: Frames,
}

impl Worker {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_function-worker"));
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut worker = Self { child, frames: Frames::new(MAX_FROM_WORKER) };
        assert!(matches!(worker.hear(), FromWorker::Ready { .. }));
        worker
    }

    fn hear(&mut self) -> FromWorker {
        let mut chunk = [0; 1024];
        loop {
            if let Some(message) = self.frames.read().unwrap() {
                return message;
            }
            let length = self.child.stdout.as_mut().unwrap().read(&mut chunk).unwrap();
            assert!(length > 0, "the worker ended");
            self.frames.push(&chunk[..length]);
        }
    }

    fn tell(&mut self, message: &ToWorker) {
        let bytes = message::encode(message, MAX_TO_WORKER).unwrap();
        self.child.stdin.as_mut().unwrap().write_all(&bytes).unwrap();
    }

    fn proc(&self, name: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{name}", self.child.id())).unwrap()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself; either is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn task(source: &str) -> Task {
    Task {
        source: source.into(),
        input: Some("{}".into()),
        wall_micros: 500_000,
        cpu_micros: 500_000,
        memory_bytes: 16 << 20,
        stack_bytes: 512 << 10,
        max_output_bytes: 1 << 10,
        max_fetches: 1,
        ..Task::default()
    }
}

#[test]
fn a_ready_worker_can_open_nothing_and_gain_nothing() {
    let worker = Worker::start();
    assert!(worker.proc("status").lines().any(|line| line == "NoNewPrivs:\t1"));
    let limits = worker.proc("limits");
    for (name, soft) in
        [("Max open files", "3"), ("Max core file size", "0"), ("Max file size", "0"), ("Max processes", "0")]
    {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        assert_eq!(line[name.len()..].split_whitespace().next(), Some(soft), "{line}");
    }
    // What belongs to a process that may not be looked into is root's to read.
    if let Ok(files) = fs::read_dir(format!("/proc/{}/fd", worker.child.id())) {
        let passed_on = passed_on();
        let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let others: Vec<_> = files.filter(|file| !passed_on.contains(file)).collect();
        assert_eq!(others, Vec::<String>::new());
    }
}

/// The descriptors that this process was itself given to pass on, whoever started it: its standard ones, and those
/// that do not close when a program is started.
fn passed_on() -> Vec<String> {
    const CLOSES: u32 = 0o2_000_000;
    let described = fs::read_dir("/proc/self/fdinfo").unwrap().filter_map(|entry| {
        let entry = entry.unwrap();
        let about = fs::read_to_string(entry.path()).ok()?;
        let flags = about.lines().find_map(|line| line.strip_prefix("flags:"))?;
        let flags = u32::from_str_radix(flags.trim(), 8).ok()?;
        (flags & CLOSES == 0).then(|| entry.file_name().into_string().unwrap())
    });
    described.chain(["0", "1", "2"].map(str::to_owned)).collect()
}

#[test]
fn a_worker_ends_when_nobody_is_left() {
    let mut worker = Worker::start();
    drop(worker.child.stdin.take());
    assert!(worker.child.wait().unwrap().success());

    let mut worker = Worker::start();
    worker.tell(&ToWorker::Task(task("await fetch('https://example.com/')")));
    let question = worker.hear();
    assert!(matches!(question, FromWorker::Question(Question { wanted: Wanted::Fetch(_), .. })), "{question:?}");
    drop(worker.child.stdin.take());
    assert!(worker.child.wait().unwrap().success());
}

#[test]
fn a_worker_that_is_told_nonsense_ends() {
    let mut worker = Worker::start();
    worker.child.stdin.as_mut().unwrap().write_all(&[0xff; 64]).unwrap();
    assert!(worker.child.wait().unwrap().success());
}

#[test]
fn a_late_answer_is_not_taken_for_the_next_tasks() {
    let mut worker = Worker::start();
    worker.tell(&ToWorker::Task(task("fetch('https://example.com/'); return { response: 1 }")));
    let FromWorker::Question(question) = worker.hear() else { panic!("no question") };
    assert!(matches!(worker.hear(), FromWorker::Done(Done { outcome: Ok(_), .. })));
    assert!(matches!(worker.hear(), FromWorker::Ready { .. }));
    let outcome = Ok("{\"status\":200,\"headers\":[],\"body\":\"late\"}".to_owned());
    worker.tell(&ToWorker::Answer(message::Answer { number: question.number, outcome }));
    worker.tell(&ToWorker::Task(task("await new Promise(() => {})")));
    match worker.hear() {
        FromWorker::Done(Done { outcome: Err(failure), .. }) => assert_eq!(failure.kind, FunctionErrorKind::Output),
        other => panic!("{other:?}"),
    }
}
