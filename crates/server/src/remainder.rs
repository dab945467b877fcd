//! What is left of a request's body when the request is answered.
//!
//! A stranger is refused before their body is read. What they still send would be taken for the next request, so the
//! connection must end, and the answer has to say so (RFC 9112 §9.6): a client that is told opens another one, a client
//! that is not may lose what it sends next. Where little is left and it arrives soon, it is read instead, and the
//! connection goes on.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use parking_lot::Mutex;

/// Bytes that are read after the answer is known. More cost more than another connection.
const MOST: u64 = 64 << 10;
/// How long they may take: the answer waits for them.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far a body was read.
enum Place<B> {
    /// Somebody still has it.
    Lent,
    /// To its end, or until it broke off.
    Read,
    /// Not to its end; this is the rest.
    Left(B),
}

/// A body that comes back when nobody wants it any more.
pub(crate) struct Lent<B> {
    body: Option<B>,
    place: Arc<Mutex<Place<B>>>,
}

/// What comes back of a body.
pub(crate) struct Remainder<B>(Arc<Mutex<Place<B>>>);

/// Lends a body to those who answer.
pub(crate) fn lend<B>(body: B) -> (Lent<B>, Remainder<B>) {
    let place = Arc::new(Mutex::new(Place::Lent));
    (Lent { body: Some(body), place: place.clone() }, Remainder(place))
}

impl<B: Body<Data = Bytes> + Unpin> Body for Lent<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B> Drop for Lent<B> {
    fn drop(&mut self) {
        let left = self.body.take().map_or(Place::Read, Place::Left);
        *self.place.lock() = left;
    }
}

impl<B: Body<Data = Bytes> + Unpin> Remainder<B> {
    /// Whether the body has been read to its end: what little is left is read now.
    pub(crate) async fn read_to_end(self) -> bool {
        let place = std::mem::replace(&mut *self.0.lock(), Place::Lent);
        match place {
            Place::Read => true,
            Place::Lent => false,
            Place::Left(body) => body.is_end_stream() || is_drained(body).await,
        }
    }
}

async fn is_drained<B: Body<Data = Bytes> + Unpin>(mut body: B) -> bool {
    if body.size_hint().lower() > MOST {
        return false;
    }
    let read = async {
        let mut left = MOST;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            let length = frame.data_ref().map_or(0, Bytes::len);
            match u64::try_from(length).ok().and_then(|length| left.checked_sub(length)) {
                Some(less) => left = less,
                None => return false,
            }
        }
        true
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, io};

    use axum::body::Body as Any;
    use futures_util::{StreamExt, stream};

    use super::*;

    /// A body whose length is not announced.
    fn pieces(count: usize, length: usize) -> Any {
        let piece = Bytes::from(vec![b'x'; length]);
        Any::from_stream(stream::iter(vec![Ok::<_, Infallible>(piece); count]))
    }

    /// A body that is silent after its first piece.
    fn stuck() -> Any {
        let first = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"{"))]);
        Any::from_stream(first.chain(stream::pending()))
    }

    #[tokio::test]
    async fn what_was_read_to_its_end_leaves_nothing() {
        for body in [Any::empty(), Any::from("hello"), pieces(3, 100 << 10)] {
            let (lent, remainder) = lend(body);
            lent.collect().await.expect("all of it");
            assert!(remainder.read_to_end().await);
        }
        let (lent, remainder) = lend(Any::empty());
        drop(lent);
        assert!(remainder.read_to_end().await, "there was nothing to read");
    }

    #[tokio::test]
    async fn little_that_is_left_is_read_and_much_is_not() {
        let most = usize::try_from(MOST).expect("a small constant");
        for (body, is_read) in [
            (Any::from("hello"), true),
            (Any::from(vec![b'x'; most]), true),
            (Any::from(vec![b'x'; most + 1]), false),
            (pieces(4, most / 4), true),
            (pieces(5, most / 4), false),
        ] {
            let (lent, remainder) = lend(body);
            drop(lent);
            assert_eq!(remainder.read_to_end().await, is_read);
        }
        let (mut lent, remainder) = lend(pieces(2, most));
        lent.frame().await.expect("a piece").expect("a good one");
        drop(lent);
        assert!(remainder.read_to_end().await, "of what was read before nothing is counted");
    }

    #[tokio::test]
    async fn what_does_not_arrive_is_not_waited_for() {
        let (lent, remainder) = lend(stuck());
        drop(lent);
        let is_read = tokio::time::timeout(PATIENCE * 10, remainder.read_to_end()).await;
        assert!(!is_read.expect("it ends"));
    }

    #[tokio::test]
    async fn what_somebody_still_has_is_not_read() {
        let (lent, remainder) = lend(Any::from("hello"));
        assert!(!remainder.read_to_end().await);
        drop(lent);
    }

    #[tokio::test]
    async fn what_breaks_off_is_not_read() {
        let broken = || Any::from_stream(stream::iter([Err::<Bytes, _>(io::Error::other("gone"))]));
        let (lent, remainder) = lend(broken());
        drop(lent);
        assert!(!remainder.read_to_end().await);
    }
}
