//! A small HTTP/1.1 client: one keep-alive connection, one request at a time, bytes in and bytes out.
//!
//! It exists because the load generator shares two cores with the server it measures: a general
//! client would spend more on a request than the server does. It understands what a server may answer
//! to it (a length, chunks, an empty answer) and nothing more.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Largest answer that is read; more is an error.
const ANSWER_LIMIT: usize = 64 << 20;

/// One keep-alive connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// What was read and not yet consumed.
    unread: Vec<u8>,
    body: Vec<u8>,
}

/// An answer; the body borrows the connection's buffer.
#[derive(Debug, Clone, Copy)]
pub struct Response<'c> {
    /// Status code.
    pub status: u16,
    /// Whole body, chunks joined.
    pub body: &'c [u8],
}

/// How the end of a body is known.
enum Framing {
    Length(usize),
    Chunked,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, unread: Vec::with_capacity(4096), body: Vec::with_capacity(4096) })
    }

    /// Sends a complete request and reads its answer. After an error the connection is of no more use.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<Response<'_>> {
        self.stream.write_all(request).await?;
        let (status, framing) = self.read_head().await?;
        self.body.clear();
        match framing {
            Framing::Length(length) => {
                self.take(length).await?;
            }
            Framing::Chunked => loop {
                let size = self.read_chunk_size().await?;
                self.take(size).await?;
                self.expect_line_end().await?;
                if size == 0 {
                    break;
                }
            },
        }
        Ok(Response { status, body: &self.body })
    }

    async fn read_head(&mut self) -> io::Result<(u16, Framing)> {
        loop {
            if let Some((consumed, status, framing)) = parse_head(&self.unread)? {
                self.unread.drain(..consumed);
                return Ok((status, framing));
            }
            self.fill().await?;
        }
    }

    async fn read_chunk_size(&mut self) -> io::Result<usize> {
        loop {
            match httparse::parse_chunk_size(&self.unread) {
                Ok(httparse::Status::Complete((consumed, size))) => {
                    self.unread.drain(..consumed);
                    return usize::try_from(size).map_err(|_| malformed("chunk too large"));
                }
                Ok(httparse::Status::Partial) => self.fill().await?,
                Err(_) => return Err(malformed("bad chunk size")),
            }
        }
    }

    async fn expect_line_end(&mut self) -> io::Result<()> {
        while self.unread.len() < 2 {
            self.fill().await?;
        }
        if &self.unread[..2] != b"\r\n" {
            return Err(malformed("chunk without its end"));
        }
        self.unread.drain(..2);
        Ok(())
    }

    /// Moves `count` bytes from the stream to the body.
    async fn take(&mut self, count: usize) -> io::Result<()> {
        if self.body.len() + count > ANSWER_LIMIT {
            return Err(malformed("answer too large"));
        }
        while self.unread.len() < count {
            self.fill().await?;
        }
        self.body.extend(self.unread.drain(..count));
        Ok(())
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.unread).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// Length of the head, status and framing; `None` when the head is not whole yet.
fn parse_head(bytes: &[u8]) -> io::Result<Option<(usize, u16, Framing)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(consumed) = response.parse(bytes).map_err(|_| malformed("bad head"))? else {
        return Ok(None);
    };
    let status = response.code.unwrap_or_default();
    let mut framing = None;
    for header in response.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            let length = str::from_utf8(header.value).ok().and_then(|text| text.trim().parse().ok());
            framing = Some(Framing::Length(length.ok_or_else(|| malformed("bad content-length"))?));
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            framing = Some(Framing::Chunked);
        }
    }
    match framing {
        Some(framing) => Ok(Some((consumed, status, framing))),
        None if matches!(status, 204 | 304) => Ok(Some((consumed, status, Framing::Length(0)))),
        None => Err(malformed("answer with neither length nor chunks")),
    }
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// Serves one connection that answers each request with the next of `answers`, cut in small pieces.
    async fn serve(answers: Vec<&'static str>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            for answer in answers {
                assert_ne!(stream.read(&mut request).await.unwrap(), 0);
                for piece in answer.as_bytes().chunks(7) {
                    stream.write_all(piece).await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
        });
        address
    }

    #[tokio::test]
    async fn reads_lengths_chunks_and_empty_answers_on_one_connection() {
        let address = serve(vec![
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nword\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 422 Unprocessable\r\ncontent-length: 2\r\n\r\n{}",
        ])
        .await;
        let mut connection = Connection::open(address).await.unwrap();
        for expected in [(200, "hello"), (200, "word0123456789"), (204, ""), (422, "{}")] {
            let response = connection.exchange(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            assert_eq!((response.status, str::from_utf8(response.body).unwrap()), expected);
        }
        let gone = connection.exchange(b"GET / HTTP/1.1\r\n\r\n").await;
        assert!(gone.is_err(), "{gone:?}");
    }

    #[tokio::test]
    async fn refuses_an_answer_without_an_end() {
        let address = serve(vec!["HTTP/1.1 200 OK\r\n\r\nhello"]).await;
        let mut connection = Connection::open(address).await.unwrap();
        let error = connection.exchange(b"GET / HTTP/1.1\r\n\r\n").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
