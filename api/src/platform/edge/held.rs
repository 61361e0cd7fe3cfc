//! Data that must live until the answer is sent.
//!
//! When the reader of a chunked body is dropped, actix reads the rest of the body, however much and
//! however slow, before it serves the connection again. While the body is still held, actix closes
//! the connection after the answer instead, with a moment for the client to read it. So the answer
//! holds the body. While a long answer is being sent, its connection is not idle, but its client
//! must keep reading.

use super::pace::Busy;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpResponse};
use futures_util::{Stream, StreamExt};
use std::cell::RefCell;
use std::error::Error;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Answers up to this size are passed to the operating system at once.
const SHORT: u64 = 64 << 10;

type Shared = Rc<RefCell<Payload>>;

/// The body of a request, if it is chunked, and the mark that its connection is busy.
pub struct Held {
    chunked: Option<Shared>,
    busy: Option<Busy>,
}

impl Held {
    /// Holds a chunked body while the request reads it.
    pub fn of(request: &mut ServiceRequest) -> Self {
        let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
        let chunked = is_chunked.then(|| Rc::new(RefCell::new(request.take_payload())));
        if let Some(shared) = &chunked {
            let payload = Box::pin(Reader(Rc::clone(shared)));
            request.set_payload(Payload::Stream { payload });
        }
        Self { chunked, busy: Busy::of(request) }
    }

    /// Releases the body once the answer is sent.
    pub fn until_sent(self, response: HttpResponse) -> HttpResponse {
        let is_short = match response.body().size() {
            BodySize::None => true,
            BodySize::Sized(size) => size <= SHORT,
            BodySize::Stream => false,
        };
        if is_short && self.chunked.is_none() {
            return response;
        }
        response.map_body(|_, body| BoxBody::new(Answer { body, held: self }))
    }
}

struct Reader(Shared);

impl Stream for Reader {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll_next_unpin(context)
    }
}

struct Answer {
    body: BoxBody,
    held: Held,
}

impl MessageBody for Answer {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let next = self.body.as_pin_mut().poll_next(context);
        if let Some(busy) = &self.held.busy {
            match &next {
                Poll::Ready(Some(Ok(part))) => busy.given(part.len()),
                _ => busy.has_nothing_to_give(),
            }
        }
        next
    }
}
