//! What the benchmarks and the kill test are made of.
//!
//! Everything here sees a server from outside only: its command line, its port and the files of its
//! process. Nothing of Parlance is linked, so a benchmark cannot measure anything a client could not see. (The
//! runner links `functions` for P7, whose calls no client makes.)

pub mod chat;
pub mod download;
pub mod flows;
pub mod http;
pub mod kill;
pub mod live;
pub mod load;
pub mod models;
pub mod parlance;
pub mod process;
pub mod report;
pub mod scenario;
