//! A client that reads one long answer to its end, counts what is in it, and keeps nothing of it.
//!
//! [`crate::http`] keeps whole answers in memory, as suits small ones; an export has no bound.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// Bytes that are read at once.
const READ_AHEAD: usize = 256 << 10;

/// Longest line of a head, and longest size of a chunk.
const LONGEST_LINE: u64 = 8 << 10;

/// How long nothing may come.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer whose first byte has come; dropping it hangs up.
#[derive(Debug)]
pub struct Download {
    reader: BufReader<TcpStream>,
    start: Instant,
    first_byte: Duration,
    /// Bytes of the chunk that has begun.
    left: usize,
}

/// An answer that was read to its end.
#[derive(Debug, Clone, Copy)]
pub struct Whole {
    /// Time from connecting to the last byte.
    pub elapsed: Duration,
    /// Bytes of the body.
    pub bytes: u64,
    /// How often the text stood in it that was counted.
    pub count: u64,
}

impl Whole {
    /// What was counted, per second.
    pub fn rate(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64()
    }

    /// Millions of bytes per second.
    pub fn megabytes_per_second(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.elapsed.as_secs_f64()
    }
}

/// A `GET` with a bearer token, on a connection of its own.
pub fn request(address: SocketAddr, token: &str, target: &str) -> Vec<u8> {
    let head = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    format!("{head}Authorization: Bearer {token}\r\nAccept: application/json\r\n\r\n").into_bytes()
}

impl Download {
    /// Connects, asks, and reads to the first byte of the body.
    ///
    /// # Errors
    /// When the answer is not a 200 in chunks, or the connection breaks.
    pub fn begin(address: SocketAddr, request: &[u8]) -> io::Result<Self> {
        let start = Instant::now();
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request)?;
        let mut reader = BufReader::with_capacity(READ_AHEAD, stream);
        let status = line(&mut reader)?;
        if status.split(' ').nth(1) != Some("200") {
            let mut rest = String::new();
            reader.take(1000).read_to_string(&mut rest)?;
            return Err(io::Error::other(format!("{status}: {rest}")));
        }
        let mut chunked = false;
        loop {
            let header = line(&mut reader)?;
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(':').unwrap_or((header.as_str(), ""));
            chunked |= name.eq_ignore_ascii_case("transfer-encoding") && value.trim().eq_ignore_ascii_case("chunked");
        }
        if !chunked {
            return Err(malformed("an answer that is not in chunks"));
        }
        let left = chunk_size(&mut reader)?;
        if left > 0 {
            reader.fill_buf()?;
        }
        Ok(Self { reader, start, first_byte: start.elapsed(), left })
    }

    /// Time from connecting to the first byte of the body.
    pub fn first_byte(&self) -> Duration {
        self.first_byte
    }

    /// Reads the rest, counting `text`, whose first byte must not occur in it a second time.
    ///
    /// # Errors
    /// When the answer is cut off.
    pub fn finish(mut self, text: &[u8]) -> io::Result<Whole> {
        let mut counter = Counter::new(text);
        let mut bytes = 0;
        while self.left > 0 {
            while self.left > 0 {
                let buffer = self.reader.fill_buf()?;
                let piece = &buffer[..buffer.len().min(self.left)];
                if piece.is_empty() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                counter.add(piece);
                let length = piece.len();
                self.reader.consume(length);
                self.left -= length;
                bytes += length as u64;
            }
            if !line(&mut self.reader)?.is_empty() {
                return Err(malformed("a chunk without its end"));
            }
            self.left = chunk_size(&mut self.reader)?;
        }
        Ok(Whole { elapsed: self.start.elapsed(), bytes, count: counter.count })
    }
}

/// Counts a text, whose first byte must not occur in it a second time, in an answer that comes in pieces.
#[derive(Debug, Clone)]
pub struct Counter<'t> {
    text: &'t [u8],
    /// How much of the text the last bytes were.
    matched: usize,
    /// How often it came.
    pub count: u64,
}

impl<'t> Counter<'t> {
    /// Of a text that has not come yet.
    pub fn new(text: &'t [u8]) -> Self {
        Self { text, matched: 0, count: 0 }
    }

    /// Looks at the next piece.
    pub fn add(&mut self, piece: &[u8]) {
        for &byte in piece {
            if byte != self.text[self.matched] {
                self.matched = usize::from(byte == self.text[0]);
                continue;
            }
            self.matched += 1;
            if self.matched == self.text.len() {
                self.count += 1;
                self.matched = 0;
            }
        }
    }
}

/// A line without its end.
fn line(reader: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    reader.by_ref().take(LONGEST_LINE).read_line(&mut line)?;
    match line.strip_suffix("\r\n") {
        Some(text) => Ok(text.to_owned()),
        None if line.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
        None => Err(malformed("a line without its end")),
    }
}

fn chunk_size(reader: &mut BufReader<TcpStream>) -> io::Result<usize> {
    let line = line(reader)?;
    let digits = line.split(';').next().unwrap_or_default().trim();
    usize::from_str_radix(digits, 16).map_err(|_| malformed("a chunk without its size"))
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    /// Answers one connection, cut in small pieces.
    fn serve(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert_ne!(stream.read(&mut [0; 1024]).unwrap(), 0);
            for piece in answer.as_bytes().chunks(7) {
                stream.write_all(piece).unwrap();
            }
        });
        address
    }

    #[test]
    fn what_is_counted_may_be_cut_in_two_by_a_chunk() {
        let address = serve(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
             B\r\n[{\"type\":1}\r\n5\r\n,{\"ty\r\nA;x=y\r\npe\":2},{{\"\r\n9\r\ntype\":3}]\r\n0\r\n\r\n",
        );
        let download = Download::begin(address, b"GET / HTTP/1.1\r\n\r\n").unwrap();
        assert!(download.first_byte() > Duration::ZERO);
        let whole = download.finish(b"{\"type\":").unwrap();
        assert_eq!((whole.count, whole.bytes), (3, 35));
    }

    #[test]
    fn a_refusal_and_an_answer_that_is_cut_off_are_errors() {
        let address = serve("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}");
        let refused = Download::begin(address, b"GET / HTTP/1.1\r\n\r\n").unwrap_err();
        assert!(refused.to_string().starts_with("HTTP/1.1 401"), "{refused}");
        let address = serve("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFF\r\n[{\"type\"");
        let download = Download::begin(address, b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let cut_off = download.finish(b"{\"type\":").unwrap_err();
        assert_eq!(cut_off.kind(), io::ErrorKind::UnexpectedEof);
    }
}
