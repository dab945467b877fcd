//! A language model that takes no time: a server of OpenAI's chat protocol, in a thread of this process, which says
//! the same to everybody.

use std::{io, net::SocketAddr};

use axum::{Router, http::header, response::IntoResponse, routing::post};
use tokio::{net::TcpListener, runtime::Runtime};

/// What it says.
pub const SAYS: &str = "Good day.";

/// The answer as it is streamed (OpenAI's API reference, Chat Completions, Streaming).
const STREAM: &str = concat!(
    r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"bench","choices":[{"index":0,"delta":{"role":"assistant","content":"Good day."},"finish_reason":null}]}"#,
    "\n\n",
    r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"bench","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":200,"completion_tokens":2,"total_tokens":202}}"#,
    "\n\ndata: [DONE]\n\n",
);

/// The server, until it is dropped.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    /// It serves as long as its runtime is there.
    _runtime: Runtime,
}

impl ModelServer {
    /// Starts it on a free port of the loopback address.
    ///
    /// # Errors
    /// When there is no port or no thread.
    pub fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let router = Router::new().route("/v1/chat/completions", post(complete));
        runtime.spawn(async { axum::serve(listener, router).await });
        Ok(Self { address, _runtime: runtime })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// The request is read to its end, so that the connection can be used again.
async fn complete(_request: axum::body::Bytes) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/event-stream")], STREAM)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Connection;

    #[test]
    fn it_says_what_it_always_says() {
        let server = ModelServer::start().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(async {
            let mut connection = Connection::open(server.address()).await.unwrap();
            let request = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";
            let response = connection.exchange(request).await.unwrap();
            (response.status, String::from_utf8(response.body.to_vec()).unwrap())
        });
        assert_eq!(answer.0, 200);
        assert!(answer.1.contains(SAYS) && answer.1.ends_with("data: [DONE]\n\n"), "{}", answer.1);
    }
}
