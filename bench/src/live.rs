//! Live streams from the reader's side: many of them held open on one thread, and the time at which what happened
//! arrived at each.

use std::{
    cell::RefCell,
    io,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::{JoinSet, LocalSet},
};

use crate::{
    download::Counter,
    load::{ask, histogram, in_words},
};

/// What stands in the one event of each turn that is waited for: what the agent said. Its first byte is in it once.
pub const AGENT_SAYS: &str = r#"role":"agent"#;

/// Streams that are being opened at once.
const OPENING: usize = 100;

/// Longest time until a stream has begun.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long the last arrivals are waited for.
const LAST_ARRIVALS: Duration = Duration::from_secs(2);

/// Bytes that are read of a stream at once.
const PIECE: usize = 4 << 10;

/// A `GET` of events with a bearer token.
pub fn request(address: SocketAddr, token: &str, path: &str) -> Vec<u8> {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n");
    format!("{head}Accept: text/event-stream\r\n\r\n").into_bytes()
}

/// Opens a stream and reads its first event: it is followed from then on.
///
/// # Errors
/// When it is refused, or does not begin in time.
async fn open(address: SocketAddr, request: Rc<[u8]>) -> io::Result<TcpStream> {
    let begun = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        stream.write_all(&request).await?;
        let mut read = Vec::with_capacity(1024);
        loop {
            if stream.read_buf(&mut read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let text = String::from_utf8_lossy(&read);
            let Some((head, events)) = text.split_once("\r\n\r\n") else { continue };
            if head.split(' ').nth(1) != Some("200") {
                return Err(io::Error::other(text.chars().take(300).collect::<String>()));
            }
            if events.contains("\n\n") {
                return Ok(stream);
            }
        }
    };
    tokio::time::timeout(PATIENCE, begun).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
}

/// Opens one stream for each request, some at a time, in their order.
async fn open_all(address: SocketAddr, requests: &[Rc<[u8]>]) -> io::Result<Vec<TcpStream>> {
    let mut streams = Vec::with_capacity(requests.len());
    for some in requests.chunks(OPENING) {
        let opening: Vec<_> =
            some.iter().map(|request| tokio::task::spawn_local(open(address, request.clone()))).collect();
        for stream in opening {
            streams.push(stream.await.map_err(io::Error::other)??);
        }
    }
    Ok(streams)
}

/// Opens many streams, holds them while `meanwhile` runs on the calling thread, and lets them go.
///
/// # Errors
/// When not all can be opened.
pub fn hold<R>(address: SocketAddr, request: Vec<u8>, streams: usize, meanwhile: impl FnOnce() -> R) -> io::Result<R> {
    let requests: Vec<Rc<[u8]>> = vec![Rc::from(request); streams];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let held = LocalSet::new().block_on(&runtime, open_all(address, &requests))?;
    let result = meanwhile();
    drop(held);
    Ok(result)
}

/// At whom a turn arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// At all who follow.
    All,
    /// At one: turns go round.
    One,
}

/// Who follows what, and the turns that are taken meanwhile.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server.
    pub address: SocketAddr,
    /// The requests of those who follow.
    pub followers: Vec<Vec<u8>>,
    /// The requests of turns: taken one after the other, from the first again after the last.
    pub turns: Vec<Vec<u8>>,
    /// At whom each arrives.
    pub reach: Reach,
    /// Time from one turn to the next.
    pub every: Duration,
    /// How many.
    pub count: u64,
}

/// What was seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// From sending a turn to its answer, in microseconds.
    pub answers: Histogram<u64>,
    /// From sending a turn to its arrival at each who follows.
    pub arrivals: Histogram<u64>,
    /// From a turn's answer to its arrival; 0 where it arrived before.
    pub after_answer: Histogram<u64>,
    /// Arrivals that should have been.
    pub expected: u64,
    /// Streams that ended.
    pub ended: u64,
}

/// When a turn was sent and answered, and when it arrived.
struct Turn {
    sent: Instant,
    answered: Option<Instant>,
    arrived: Vec<Instant>,
}

struct Shared {
    turns: RefCell<Vec<Turn>>,
    ended: RefCell<u64>,
}

/// Takes the turns while all follow.
///
/// # Errors
/// When a stream cannot be opened or a turn fails.
pub fn run(plan: &Plan) -> io::Result<Seen> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, take_turns(plan))
}

async fn take_turns(plan: &Plan) -> io::Result<Seen> {
    let requests: Vec<Rc<[u8]>> = plan.followers.iter().map(|request| Rc::from(request.as_slice())).collect();
    let streams = open_all(plan.address, &requests).await?;
    let followers = streams.len() as u64;
    let shared = Rc::new(Shared { turns: RefCell::default(), ended: RefCell::new(0) });
    let mut following = JoinSet::new();
    for (index, stream) in streams.into_iter().enumerate() {
        let (first, step) = match plan.reach {
            Reach::All => (0, 1),
            Reach::One => (index, followers as usize),
        };
        following.spawn_local(follow(stream, first, step, shared.clone()));
    }

    let mut clock = tokio::time::interval(plan.every);
    let mut connection = None;
    for request in plan.turns.iter().cycle().take(usize::try_from(plan.count).unwrap_or(usize::MAX)) {
        clock.tick().await;
        let number = shared.turns.borrow().len();
        shared.turns.borrow_mut().push(Turn { sent: Instant::now(), answered: None, arrived: Vec::new() });
        let response = ask(&mut connection, plan.address, request).await.map_err(io::Error::other)?;
        let answered = Instant::now();
        if response.status != 200 {
            return Err(io::Error::other(in_words(response)));
        }
        shared.turns.borrow_mut()[number].answered = Some(answered);
    }

    let expected = plan.count * if plan.reach == Reach::All { followers } else { 1 };
    let all_came = || shared.turns.borrow().iter().map(|turn| turn.arrived.len() as u64).sum::<u64>() >= expected;
    let limit = Instant::now() + LAST_ARRIVALS;
    while !all_came() && Instant::now() < limit {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let ended = *shared.ended.borrow();
    Ok(seen(&shared.turns.borrow(), expected, ended))
}

/// Reads a stream to its end. Its nth arrival is of turn `first + n × step`.
async fn follow(mut stream: TcpStream, first: usize, step: usize, shared: Rc<Shared>) {
    let mut counter = Counter::new(AGENT_SAYS.as_bytes());
    let mut piece = vec![0; PIECE];
    // A connection that breaks is a stream that ended.
    while let Ok(length @ 1..) = stream.read(&mut piece).await {
        let now = Instant::now();
        let before = counter.count;
        counter.add(&piece[..length]);
        for nth in before..counter.count {
            let number = first + nth as usize * step;
            if let Some(turn) = shared.turns.borrow_mut().get_mut(number) {
                turn.arrived.push(now);
            }
        }
    }
    *shared.ended.borrow_mut() += 1;
}

fn seen(turns: &[Turn], expected: u64, ended: u64) -> Seen {
    let mut seen = Seen { answers: histogram(), arrivals: histogram(), after_answer: histogram(), expected, ended };
    let micros = |from: Instant, to: Instant| to.saturating_duration_since(from).as_micros() as u64;
    for turn in turns {
        let Some(answered) = turn.answered else { continue };
        seen.answers.saturating_record(micros(turn.sent, answered));
        for &arrived in &turn.arrived {
            seen.arrivals.saturating_record(micros(turn.sent, arrived));
            seen.after_answer.saturating_record(micros(answered, arrived));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    /// One who follows, then two turns; the first arrives after 30 ms, the second never.
    fn serve() -> SocketAddr {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut request = [0; 1024];
            let (mut follower, _) = listener.accept().unwrap();
            assert_ne!(follower.read(&mut request).unwrap(), 0);
            follower.write_all(b"HTTP/1.1 200 OK\r\n\r\nevent: heartbeat\ndata: {}\n\n").unwrap();
            let (mut sender, _) = listener.accept().unwrap();
            for turn in 0..2 {
                assert_ne!(sender.read(&mut request).unwrap(), 0);
                sender.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
                if turn == 0 {
                    std::thread::sleep(Duration::from_millis(30));
                    follower.write_all(b"data: {\"role\":\"user\"}\n\ndata: {\"role\":\"ag").unwrap();
                    follower.write_all(b"ent\"}\n\n").unwrap();
                }
            }
            assert_eq!(sender.read(&mut request).unwrap(), 0, "nothing more is asked");
        });
        address
    }

    #[test]
    fn what_arrives_is_timed_and_what_does_not_is_missed() {
        let address = serve();
        let seen = run(&Plan {
            address,
            followers: vec![request(address, "token", "/live")],
            turns: vec![b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n".to_vec()],
            reach: Reach::All,
            every: Duration::from_millis(60),
            count: 2,
        })
        .unwrap();
        assert_eq!((seen.arrivals.len(), seen.expected), (1, 2));
        assert!(seen.arrivals.max() >= 30_000, "{}", seen.arrivals.max());
        assert_eq!(seen.answers.len(), 2);
    }
}
