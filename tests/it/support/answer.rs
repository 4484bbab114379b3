//! What the local server says, and the faults that it injects.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// A client or a gate that is silent for so long is stuck.
pub(crate) const SILENCE: Duration = Duration::from_secs(30);

/// A door that stays closed until the test opens it.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let (open, changed) = &*self.0;
        let guard = open.lock().unwrap();
        drop(
            changed
                .wait_timeout_while(guard, SILENCE, |open| !*open)
                .unwrap(),
        );
    }
}

/// What goes wrong with an answer on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The connection is reset before a byte is said.
    Reset,
    /// Bytes that are no HTTP.
    Garbage,
    /// So many bytes of the body come, then the connection closes; by its length, or in chunks without the last one.
    Cut { at: usize, chunked: bool },
    /// The length that is said is not the body's.
    Length(usize),
    /// The body comes byte by byte with this pause.
    Drip(Duration),
}

/// What is answered to a request.
#[derive(Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    gate: Option<Gate>,
    delay: Duration,
    fault: Option<Fault>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            gate: None,
            delay: Duration::ZERO,
            fault: None,
        }
    }

    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body)
    }

    /// The same list of rows behind one more.
    pub(crate) fn with_row_before(mut self, row: &str) -> Self {
        let list = format!("[{row},");
        self.body.splice(..1, list.into_bytes());
        self
    }

    pub(crate) fn reset() -> Self {
        Self::new(0, "").with(Fault::Reset)
    }

    pub(crate) fn garbage() -> Self {
        Self::new(0, "\0\x01 220 smtp.example.org ready\r\n\r\n").with(Fault::Garbage)
    }

    /// Sends the client to this place, which may be the same.
    pub(crate) fn redirect(to: &str) -> Self {
        Self::new(302, "").header("Location", to)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Answered only when the gate is open.
    pub(crate) fn behind(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// Answered after a while.
    pub(crate) fn late(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    fn with(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Only so many bytes of the body come.
    pub(crate) fn cut(self, at: usize) -> Self {
        self.with(Fault::Cut { at, chunked: false })
    }

    /// Only so many bytes of the body come, in a chunk that is not the last.
    pub(crate) fn cut_in_chunks(self, at: usize) -> Self {
        self.with(Fault::Cut { at, chunked: true })
    }

    /// Says that the body has another length.
    pub(crate) fn with_length(self, length: usize) -> Self {
        self.with(Fault::Length(length))
    }

    pub(crate) fn drip(self, pause: Duration) -> Self {
        self.with(Fault::Drip(pause))
    }

    pub(crate) fn is_reset(&self) -> bool {
        self.fault == Some(Fault::Reset)
    }

    fn head(&self, length: Option<usize>) -> String {
        let framing = length.map_or("Transfer-Encoding: chunked".to_owned(), |length| {
            format!("Content-Length: {length}")
        });
        let mut head = format!(
            "HTTP/1.1 {} Recorded\r\n{framing}\r\nConnection: close\r\n",
            self.status
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head + "\r\n"
    }

    /// Waits as long as the client is to wait for its first byte.
    pub(crate) fn wait(&self) {
        if let Some(gate) = &self.gate {
            gate.pass();
        }
        thread::sleep(self.delay);
    }

    pub(crate) fn write_to(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let whole = self.body.len();
        match self.fault {
            // Closed with the request unread, the system resets the connection.
            Some(Fault::Reset) => return Ok(()),
            Some(Fault::Garbage) => stream.write_all(&self.body)?,
            Some(Fault::Cut { at, chunked: false }) => {
                stream.write_all(self.head(Some(whole)).as_bytes())?;
                stream.write_all(&self.body[..at])?;
            }
            Some(Fault::Cut { at, chunked: true }) => {
                stream.write_all(self.head(None).as_bytes())?;
                stream.write_all(format!("{at:x}\r\n").as_bytes())?;
                stream.write_all(&self.body[..at])?;
                stream.write_all(b"\r\n")?;
            }
            Some(Fault::Length(length)) => {
                stream.write_all(self.head(Some(length)).as_bytes())?;
                stream.write_all(&self.body)?;
            }
            Some(Fault::Drip(pause)) => {
                stream.write_all(self.head(Some(whole)).as_bytes())?;
                for byte in &self.body {
                    stream.write_all(&[*byte])?;
                    thread::sleep(pause);
                }
            }
            None => {
                stream.write_all(self.head(Some(whole)).as_bytes())?;
                stream.write_all(&self.body)?;
            }
        }
        // What the client still wants to say is read, so that the close is no reset.
        stream.shutdown(Shutdown::Write)?;
        drop(stream.read_to_end(&mut Vec::new()));
        Ok(())
    }
}
