//! Compression of answers, as the client accepts it.
//!
//! Only answers are compressed; compressed requests are refused, because a few bytes of them can
//! grow to hundreds of megabytes. The framework's own middleware would do both, so this is done
//! here. Tokens travel in headers that no browser sends by itself, so nobody can make a victim's
//! browser ask for the same secret again and again and learn it from the size of the answers;
//! answers that carry credentials stay as they are all the same.

use crate::platform::reply;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header::{
    self, AcceptEncoding, ContentEncoding, Encoding, Header, HeaderMap, HeaderValue, Preference,
    Quality,
};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpResponse};
use std::error::Error;
use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Bytes below which an answer is not worth compressing: it fits into one packet anyway.
const WORTH: u64 = 1 << 10;

/// Bytes up to which an answer is compressed as a whole, which takes a worker about a millisecond.
/// What is longer is compressed part by part while it is sent, and others get their turns between.
const WHOLE: usize = 256 << 10;

/// Bytes compressed at a time.
const STEP: usize = 64 << 10;

/// A way to compress an answer. Those that take less time for the same result come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Zstandard, RFC 8878.
    Zstd,
    /// Brotli, RFC 7932.
    Brotli,
    /// RFC 1952.
    Gzip,
}

impl Coding {
    const ALL: [Self; 3] = [Self::Zstd, Self::Brotli, Self::Gzip];

    /// The one that the client wants most; none if it wants none, or wants an answer as it is more.
    /// A header that cannot be read asks for nothing.
    pub fn wanted(request: &impl HttpMessage) -> Option<Self> {
        let accepted = AcceptEncoding::parse(request).ok()?;
        let of = |encoding: Encoding| {
            accepted.iter().find(|one| one.item == Preference::Specific(encoding.clone()))
        };
        let any = accepted.iter().find(|one| one.item == Preference::Any);
        let quality = |coding: &Self| of(coding.encoding()).or(any).map(|one| one.quality);
        let as_it_is = of(Encoding::identity()).map_or(Quality::ZERO, |one| one.quality);
        // The last of equals wins, and that shall be the first of ours.
        let best = Self::ALL.into_iter().rev().max_by_key(quality)?;
        quality(&best).is_some_and(|quality| quality > as_it_is).then_some(best)
    }

    fn encoding(self) -> Encoding {
        Encoding::Known(match self {
            Self::Zstd => ContentEncoding::Zstd,
            Self::Brotli => ContentEncoding::Brotli,
            Self::Gzip => ContentEncoding::Gzip,
        })
    }

    /// The name in headers.
    const fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

/// Marks an answer as one that depends on what the client accepts, and compresses it in the way
/// that the client wants, if it is worth the time.
pub fn apply(wanted: Option<Coding>, path: &str, mut response: HttpResponse) -> HttpResponse {
    // A part of a file, or its digest, is of the file as it is.
    let stays = |header: &str| response.headers().contains_key(header);
    if path.starts_with("/v1/auth/") || stays("Content-Encoding") || stays(reply::DIGEST) {
        return response;
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    let is_worth_it = match response.body().size() {
        BodySize::None => false,
        BodySize::Sized(size) => size >= WORTH,
        BodySize::Stream => true,
    };
    let coding = wanted.filter(|_| is_worth_it && is_text(response.headers()));
    let Some((coding, encoder)) = coding.and_then(|one| Some((one, Encoder::new(one).ok()?)))
    else {
        return response;
    };
    let (response, body) = response.into_parts();
    let body = match compressed(encoder, body) {
        Ok(body) => body,
        Err(body) => return response.set_body(body),
    };
    let mut response = response.set_body(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    if let Some(tag) = tag.and_then(|tag| reply::extended(tag, coding.name()).try_into().ok()) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Whether the body is text, which compression makes several times smaller. Workbooks and fonts are
/// compressed already.
fn is_text(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    media.and_then(|media| media.split(';').next()).is_some_and(|media| {
        media.starts_with("text/") || media.ends_with("json") || media.ends_with("xml")
    })
}

/// The compressed body, or the body as it is where compression fails.
fn compressed(mut encoder: Encoder, body: BoxBody) -> Result<BoxBody, BoxBody> {
    let source = match body.try_into_bytes() {
        Ok(bytes) if bytes.len() <= WHOLE => {
            let whole = encoder.write_all(&bytes).and_then(|()| encoder.end());
            return whole.map(BoxBody::new).map_err(|_| BoxBody::new(bytes));
        }
        Ok(bytes) => Source::Bytes(bytes),
        Err(stream) => Source::Stream(stream),
    };
    Ok(BoxBody::new(Compressed { source, encoder: Some(encoder) }))
}

/// An encoder that writes into memory.
enum Encoder {
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
}

impl Encoder {
    /// The levels make an answer of this API six to nine times smaller; higher ones take several
    /// times longer to save a few per cent more.
    fn new(coding: Coding) -> io::Result<Self> {
        Ok(match coding {
            Coding::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), 3)?),
            Coding::Brotli => {
                Self::Brotli(Box::new(brotli::CompressorWriter::new(Vec::new(), 4 << 10, 4, 18)))
            }
            Coding::Gzip => {
                Self::Gzip(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6)))
            }
        })
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Zstd(encoder) => encoder.write_all(bytes),
            Self::Brotli(encoder) => encoder.write_all(bytes),
            Self::Gzip(encoder) => encoder.write_all(bytes),
        }
    }

    /// What is ready to be sent.
    fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Self::Zstd(encoder) => encoder.get_mut(),
            Self::Brotli(encoder) => encoder.get_mut(),
            Self::Gzip(encoder) => encoder.get_mut(),
        })
    }

    /// The rest.
    fn end(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Zstd(encoder) => encoder.finish(),
            Self::Brotli(encoder) => Ok(encoder.into_inner()),
            Self::Gzip(encoder) => encoder.finish(),
        }
    }
}

enum Source {
    Bytes(Bytes),
    Stream(BoxBody),
}

impl Source {
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        match self {
            Self::Bytes(rest) if rest.is_empty() => Poll::Ready(None),
            Self::Bytes(rest) => Poll::Ready(Some(Ok(rest.split_to(STEP.min(rest.len()))))),
            Self::Stream(body) => body.as_pin_mut().poll_next(context),
        }
    }
}

/// A body that is compressed while it is sent. One that breaks off is not ended, so the client sees
/// that it is not whole.
struct Compressed {
    source: Source,
    /// None once the end is sent.
    encoder: Option<Encoder>,
}

impl MessageBody for Compressed {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        while let Some(encoder) = &mut this.encoder {
            let part = ready!(this.source.poll_next(context)).transpose()?;
            let bytes = match part {
                Some(part) => {
                    encoder.write_all(&part)?;
                    encoder.take()
                }
                None => this.encoder.take().map_or_else(|| Ok(Vec::new()), Encoder::end)?,
            };
            if !bytes.is_empty() {
                return Poll::Ready(Some(Ok(bytes.into())));
            }
        }
        Poll::Ready(None)
    }
}
