//! Answers as the price sources do, from recordings, and fails as they do: plain threads and sockets, on a port of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use percent_encoding::percent_decode_str;

use super::answer::SILENCE;
pub(crate) use super::answer::{Answer, Gate};

/// A request as it was seen, percent-decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    /// By their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) at: Instant,
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
            at: Instant::now(),
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

/// What is answered to a route: each answer once, the last one from then on.
struct Script {
    route: Seen,
    answers: Vec<Answer>,
    told: usize,
}

impl Script {
    fn next(&mut self) -> Answer {
        let answer = self.answers[self.told.min(self.answers.len() - 1)].clone();
        self.told += 1;
        answer
    }
}

#[derive(Default)]
struct State {
    scripts: Vec<Script>,
    seen: Vec<Seen>,
    is_closing: bool,
    /// Requests that wait for their answers, and the most there were at once.
    open: usize,
    most_open: usize,
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
        self.answer_in_turn(route, [answer]);
    }

    /// Answers the first request for a route with the first answer and so on, all further ones with the last.
    pub(crate) fn answer_in_turn(&self, route: &str, answers: impl Into<Vec<Answer>>) {
        let (route, answers) = (Seen::read(route), answers.into());
        let mut state = self.state.lock().unwrap();
        let is_other = |s: &Script| s.route.path != route.path || s.route.query != route.query;
        state.scripts.retain(is_other);
        state.scripts.push(Script {
            route,
            answers,
            told: 0,
        });
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

    /// When each request came, in their order.
    pub(crate) fn times(&self) -> Vec<Instant> {
        let state = self.state.lock().unwrap();
        state.seen.iter().map(|s| s.at).collect()
    }

    /// The most requests that waited for their answers at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.state.lock().unwrap().most_open
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

/// The address of a host that nobody is at.
pub(crate) fn dead_origin() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// The target of the request that a stream begins with, left in the stream.
fn peek_target(stream: &TcpStream) -> std::io::Result<Option<String>> {
    let mut buffer = [0; 2048];
    loop {
        let length = stream.peek(&mut buffer)?;
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if let Some((line, _)) = text.split_once("\r\n") {
            return Ok(line.split(' ').nth(1).map(str::to_owned));
        }
        if length == 0 {
            return Ok(None);
        }
    }
}

/// The headers and the body of the request that a stream begins with.
fn read_request(stream: &TcpStream) -> std::io::Result<(BTreeMap<String, String>, String)> {
    let mut reader = BufReader::new(stream);
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    reader.read_line(&mut line)?;
    line.clear();
    while reader.read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        line.clear();
    }
    let length = headers.get("content-length").map(|l| l.parse().unwrap());
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body)?;
    Ok((headers, String::from_utf8(body).unwrap()))
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(SILENCE))?;
    let Some(target) = peek_target(&stream)? else {
        return Ok(());
    };
    let mut seen = Seen::read(&target);
    let answer = {
        let mut state = state.lock().unwrap();
        let scripts = state.scripts.iter_mut().rev();
        let script = scripts.filter(|s| seen.is_for(&s.route)).map(Script::next);
        script.take(1).next()
    };
    let answer = answer.unwrap_or_else(|| Answer::new(404, "nothing was recorded for this"));
    if !answer.is_reset() {
        (seen.headers, seen.body) = read_request(&stream)?;
    }
    {
        let mut state = state.lock().unwrap();
        state.seen.push(seen);
        state.open += 1;
        state.most_open = state.most_open.max(state.open);
    }
    answer.wait();
    state.lock().unwrap().open -= 1;
    answer.write_to(&stream)
}
