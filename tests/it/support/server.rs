//! Answers as the price sources do, from recordings: plain threads and sockets, on a port of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use percent_encoding::percent_decode_str;

/// A client that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(30);

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

/// What is answered to a request.
#[derive(Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    gate: Option<Gate>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            gate: None,
        }
    }

    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body)
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

    fn write_to(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        if let Some(gate) = &self.gate {
            gate.pass();
        }
        let mut head = format!(
            "HTTP/1.1 {} Recorded\r\nContent-Length: {}\r\nConnection: close\r\n",
            self.status,
            self.body.len()
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        stream.write_all(&self.body)
    }
}

/// A request as it was seen, percent-decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    /// By their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Seen {
    /// Reads a target such as `/sise.nhn?symbol=005930`.
    fn read(target: &str) -> Self {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self {
            path: decoded(path),
            query: pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decoded(name), decoded(value)))
                .collect(),
            headers: BTreeMap::new(),
            body: String::new(),
        }
    }

    /// Whether this is a request for a route: the same path, and every pair of the route's query.
    fn is_for(&self, route: &Self) -> bool {
        self.path == route.path
            && route
                .query
                .iter()
                .all(|(name, value)| self.query.get(name) == Some(value))
    }
}

#[derive(Default)]
struct State {
    answers: Vec<(Seen, Answer)>,
    seen: Vec<Seen>,
    is_closing: bool,
}

/// The server; it ends with its value.
pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    listening: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let listening = thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.lock().unwrap().is_closing {
                    return;
                }
                let shared = Arc::clone(&shared);
                // A client that goes away is no fault of the server.
                thread::spawn(move || stream.and_then(|s| serve(s, &shared)).ok());
            }
        });
        Self {
            address,
            state,
            listening: Some(listening),
        }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers requests for a route (`/sise.nhn?symbol=005930`; other pairs of the query do not matter) from now on.
    pub(crate) fn answer(&self, route: &str, answer: Answer) {
        let route = Seen::read(route);
        let mut state = self.state.lock().unwrap();
        state.answers.retain(|(other, _)| *other != route);
        state.answers.push((route, answer));
    }

    /// How many requests for a route were seen.
    pub(crate) fn count(&self, route: &str) -> usize {
        self.seen(route).len()
    }

    /// The requests for a route, in their order.
    pub(crate) fn seen(&self, route: &str) -> Vec<Seen> {
        let route = Seen::read(route);
        let seen = self.state.lock().unwrap().seen.clone();
        seen.into_iter().filter(|s| s.is_for(&route)).collect()
    }

    /// Every path that was asked for, in the order of the requests.
    pub(crate) fn paths(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.seen.iter().map(|s| s.path.clone()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.lock().unwrap().is_closing = true;
        drop(TcpStream::connect(self.address));
        if let Some(listening) = self.listening.take() {
            drop(listening.join());
        }
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(SILENCE))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut headers = BTreeMap::new();
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        if let Some((name, value)) = header.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        header.clear();
    }
    let Some(target) = request.split(' ').nth(1) else {
        return Ok(());
    };
    let length = headers.get("content-length").map(|l| l.parse().unwrap());
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body)?;
    let mut seen = Seen::read(target);
    (seen.headers, seen.body) = (headers, String::from_utf8(body).unwrap());
    let answer = {
        let mut state = state.lock().unwrap();
        state.seen.push(seen.clone());
        let answers = state.answers.iter();
        answers
            .filter(|(route, _)| seen.is_for(route))
            .map(|(_, answer)| answer.clone())
            .next_back()
    };
    answer
        .unwrap_or_else(|| Answer::new(404, "nothing was recorded for this"))
        .write_to(&mut stream)
}
