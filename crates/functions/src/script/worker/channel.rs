//! A worker's side of the two pipes. When the other side is gone, or says what cannot be read, the process ends.

use std::{cell::RefCell, process, time::Instant};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, read, write},
    stdio::{stdin, stdout},
};

use crate::script::message::{self, Frames, FromWorker, MAX_FROM_WORKER, MAX_TO_WORKER, ToWorker};

/// Bytes that are read at a time.
const CHUNK: usize = 16 << 10;

pub(super) struct Channel {
    frames: RefCell<Frames>,
}

impl Default for Channel {
    fn default() -> Self {
        Self { frames: RefCell::new(Frames::new(MAX_TO_WORKER)) }
    }
}

impl Channel {
    /// Writes a message.
    pub(super) fn send(&self, message: &FromWorker) {
        let Ok(bytes) = message::encode(message, MAX_FROM_WORKER) else { gone() };
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            match write(stdout(), rest) {
                Ok(0) => gone(),
                Ok(written) => rest = &rest[written..],
                Err(Errno::INTR) => {}
                Err(_) => gone(),
            }
        }
    }

    /// Waits for a message.
    pub(super) fn receive(&self) -> ToWorker {
        loop {
            if let Some(message) = self.next() {
                return message;
            }
            self.fill();
        }
    }

    /// Waits for a message until a time; `None` when none came.
    pub(super) fn receive_until(&self, end: Instant) -> Option<ToWorker> {
        loop {
            if let Some(message) = self.next() {
                return Some(message);
            }
            let left = end.checked_duration_since(Instant::now())?;
            let left = Timespec::try_from(left).ok()?;
            match poll(&mut [PollFd::from_borrowed_fd(stdin(), PollFlags::IN)], Some(&left)) {
                Ok(0) => return None,
                Ok(_) => self.fill(),
                Err(Errno::INTR) => {}
                Err(_) => gone(),
            }
        }
    }

    /// Whether nothing has come that waits to be read.
    pub(super) fn is_quiet(&self) -> bool {
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        let polled = poll(&mut [PollFd::from_borrowed_fd(stdin(), PollFlags::IN)], Some(&at_once));
        self.frames.borrow().is_empty() && polled == Ok(0)
    }

    fn next(&self) -> Option<ToWorker> {
        match self.frames.borrow_mut().read() {
            Ok(message) => message,
            Err(_) => gone(),
        }
    }

    fn fill(&self) {
        let mut chunk = [0; CHUNK];
        match read(stdin(), &mut chunk[..]) {
            Ok(0) => gone(),
            Ok(length) => self.frames.borrow_mut().push(&chunk[..length]),
            Err(Errno::INTR) => {}
            Err(_) => gone(),
        }
    }
}

/// Ends the process: there is nobody to work for.
fn gone() -> ! {
    process::exit(0)
}
