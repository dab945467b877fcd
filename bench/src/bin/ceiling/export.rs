//! Mode `export`: what visitors said, from the tables of a Parlance that runs beside it, in one statement, as the
//! JSON that `GET /public/api/user-interactions` answers with.
//!
//! It checks nobody, looks at no profile and does one thing at a time.

use std::{
    borrow::Cow,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
};

use bench::parlance::TENANT;
use rusqlite::{Connection, OpenFlags};
use serde::Deserialize;

type Failure = Box<dyn std::error::Error>;

/// The plus keeps the statement on the order of contacts: an index by time would have to be sorted.
const LINES: &str = "SELECT r.contact, e.kind, e.text, e.at, e.body FROM records r
    CROSS JOIN entries e ON e.position BETWEEN r.log_seq * 4096 AND r.log_seq * 4096 + 4095
    WHERE r.tenant = ?1 AND +r.at > 0 AND e.author = 0 ORDER BY r.contact, r.log_seq, e.position";

/// Bytes of a chunk.
const CHUNK: usize = 64 << 10;

/// What stands before a chunk: room for its size.
const SIZE_LINE: &[u8] = b"00000000\r\n";

/// Serves until it is killed.
pub(crate) fn serve(listen: SocketAddr, data_dir: &Path) -> Result<(), Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let tables = Connection::open_with_flags(data_dir.join("tables.db"), flags)?;
    // As Parlance reads them.
    tables.pragma_update(None, "mmap_size", 4_i64 << 30)?;
    let listener = TcpListener::bind(listen)?;
    println!("listening on http://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        // A client that has seen enough hangs up.
        if let Err(failure) = answer(&tables, stream?) {
            eprintln!("cut off: {failure}");
        }
    }
    Ok(())
}

fn answer(tables: &Connection, mut stream: TcpStream) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece)? {
            0 => return Ok(()),
            length => request.extend_from_slice(&piece[..length]),
        }
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")?;
    let mut answer = Chunks { stream, out: SIZE_LINE.to_vec() };
    write_lines(tables, &mut answer)?;
    answer.send()?;
    Ok(answer.stream.write_all(b"0\r\n\r\n")?)
}

/// An answer in chunks of about the same size.
struct Chunks {
    stream: TcpStream,
    out: Vec<u8>,
}

impl Chunks {
    fn send(&mut self) -> io::Result<()> {
        let size = format!("{:08x}", self.out.len() - SIZE_LINE.len());
        self.out[..size.len()].copy_from_slice(size.as_bytes());
        self.out.extend_from_slice(b"\r\n");
        self.stream.write_all(&self.out)?;
        self.out.truncate(SIZE_LINE.len());
        Ok(())
    }
}

fn write_lines(tables: &Connection, answer: &mut Chunks) -> Result<(), Failure> {
    let mut query = tables.prepare_cached(LINES)?;
    let mut rows = query.query([TENANT])?;
    let mut contact = String::new();
    let mut clock = Clock::default();
    answer.out.extend_from_slice(b"{\"data\":[");
    while let Some(row) = rows.next()? {
        let of = row.get_ref(0)?.as_str()?;
        if of == contact {
            answer.out.push(b',');
        } else {
            begin(&contact, of, &mut answer.out)?;
            contact.clear();
            contact.push_str(of);
        }
        let (kind, text) = (row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
        write!(answer.out, "{{\"type\":\"{kind}\",\"date\":\"")?;
        clock.write(row.get(3)?, &mut answer.out)?;
        answer.out.extend_from_slice(b"\",\"text\":");
        serde_json::to_writer(&mut answer.out, text)?;
        write_data(kind, row.get_ref(4)?.as_str()?, &mut answer.out)?;
        if answer.out.len() >= CHUNK {
            answer.send()?;
        }
    }
    answer.out.extend_from_slice(if contact.is_empty() { b"]}" } else { b"]}}]}" });
    Ok(())
}

/// Begins a visitor, after the one before.
fn begin(before: &str, contact: &str, out: &mut Vec<u8>) -> Result<(), Failure> {
    out.extend_from_slice(if before.is_empty() { b"{" } else { b"]}},{" });
    let id = serde_json::to_string(contact)?;
    write!(
        out,
        "{id}:{{\"chatbot_user_data\":{{\"id\":{id},\"name\":\"\",\"email\":\"\"}},\
         \"from\":\"2000-01-01T00:00:00.000000Z\",\"to\":\"2099-12-31T23:59:59.000000Z\",\
         \"user_id\":{id},\"interactions\":["
    )?;
    Ok(())
}

/// What was pressed.
#[derive(Deserialize)]
struct Pressed<'b> {
    #[serde(default, borrow)]
    text: Cow<'b, str>,
    #[serde(default, borrow)]
    intent: Cow<'b, str>,
    #[serde(default, borrow)]
    value: Cow<'b, str>,
}

/// Ends a line with its `data`.
fn write_data(kind: &str, body: &str, out: &mut Vec<u8>) -> Result<(), Failure> {
    if kind == "text" {
        out.extend_from_slice(b",\"data\":null}");
        return Ok(());
    }
    let pressed: Pressed<'_> = serde_json::from_str(body)?;
    let fields =
        [(",\"data\":{\"name\":", pressed.text), (",\"callback_id\":", pressed.intent), (",\"value\":", pressed.value)];
    for (name, value) in fields {
        out.extend_from_slice(name.as_bytes());
        serde_json::to_writer(&mut *out, &value)?;
    }
    out.extend_from_slice(b"}}");
    Ok(())
}

/// Writes moments; the text of the last second is used again.
#[derive(Default)]
struct Clock {
    second: i64,
    text: String,
}

impl Clock {
    fn write(&mut self, micros: i64, out: &mut Vec<u8>) -> Result<(), Failure> {
        let second = micros.div_euclid(1_000_000);
        if second != self.second || self.text.is_empty() {
            self.second = second;
            self.text = jiff::Timestamp::from_second(second)?.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        }
        write!(out, "{}.{:06}Z", self.text, micros.rem_euclid(1_000_000))?;
        Ok(())
    }
}
