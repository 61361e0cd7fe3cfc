//! A small HTTP/1.1 client: one connection that is kept open, one request at a time.

use crate::Result;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Most bytes read from the socket at once.
const READ: usize = 64 << 10;

/// A connection to a server on this machine.
pub struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    head: String,
}

impl Connection {
    /// Opens a connection.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, input: Vec::with_capacity(READ), head: String::new() })
    }

    /// Sends a request and reads the answer. Calls `body` with each part of the body as it arrives;
    /// returns the status.
    pub async fn exchange(&mut self, request: &[u8], mut body: impl FnMut(&[u8])) -> Result<u16> {
        self.stream.write_all(request).await?;
        let end = self.find(b"\r\n\r\n").await? + 4;
        self.head.clear();
        self.head.push_str(std::str::from_utf8(&self.input[..end])?);
        self.input.drain(..end);
        let status = self.head.get(9..12).ok_or("an answer without status")?.parse()?;
        if self.header("transfer-encoding") == Some("chunked") {
            while self.chunk(&mut body).await? > 0 {}
        } else {
            let length = self.header("content-length").map_or(Ok(0), str::parse)?;
            self.pass(length, &mut body).await?;
        }
        Ok(status)
    }

    /// A header of the last answer.
    pub fn header(&self, name: &str) -> Option<&str> {
        let line =
            |line: &'_ str| line.split_once(':').is_some_and(|(n, _)| n.eq_ignore_ascii_case(name));
        let found = self.head.lines().find(|text| line(text))?;
        found.split_once(':').map(|(_, value)| value.trim())
    }

    async fn chunk(&mut self, body: &mut impl FnMut(&[u8])) -> Result<usize> {
        let end = self.find(b"\r\n").await?;
        let size = usize::from_str_radix(std::str::from_utf8(&self.input[..end])?, 16)?;
        self.input.drain(..end + 2);
        self.pass(size, body).await?;
        self.pass(2, &mut |_| {}).await?;
        Ok(size)
    }

    async fn pass(&mut self, mut length: usize, body: &mut impl FnMut(&[u8])) -> Result<()> {
        while length > 0 {
            if self.input.is_empty() {
                self.more().await?;
            }
            let part = length.min(self.input.len());
            body(&self.input[..part]);
            self.input.drain(..part);
            length -= part;
        }
        Ok(())
    }

    async fn find(&mut self, mark: &[u8]) -> Result<usize> {
        loop {
            if let Some(at) = self.input.windows(mark.len()).position(|window| window == mark) {
                return Ok(at);
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Result<()> {
        self.input.reserve(READ);
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }
}

/// The bytes of a request.
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut request = format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        request += &format!("content-length: {}\r\n", body.len());
    }
    let mut request = (request + "\r\n").into_bytes();
    request.extend_from_slice(body);
    request
}
