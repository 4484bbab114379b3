//! A TCP proxy in front of a server that fails as networks do, and is as slow as they are.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What becomes of the connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Everything passes.
    Fair,
    /// After so many bytes of requests the connection is cut, before they reach the server.
    CutRequest(u64),
    /// After so many bytes of answers the connection is cut: the work is done, its answer is lost.
    CutAnswer(u64),
    /// After so many bytes of answers nothing passes any more, in either direction, and nobody is told.
    BlackHole(u64),
    /// The next chunk of bars is answered with an error of severity FATAL and this SQLSTATE, as a pooler or a server does that
    /// ends the connection, and does not reach the server.
    Fatal(&'static str),
}

/// The proxy; it ends with its value.
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    server: SocketAddr,
    /// One way, for every packet.
    delay: Duration,
    weather: Mutex<Weather>,
    /// Bytes of requests and answers of all connections, since the weather changed.
    passed: [AtomicU64; 2],
    is_closing: AtomicBool,
}

impl Proxy {
    /// A proxy in front of `host:port`, which delays every packet by so much each way.
    pub(crate) fn new(server: &str, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            server: server.to_socket_addrs().unwrap().next().unwrap(),
            delay,
            weather: Mutex::new(Weather::Fair),
            passed: Default::default(),
            is_closing: AtomicBool::default(),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                if shared.is_closing.load(Ordering::Relaxed) {
                    return;
                }
                let state = Arc::clone(&shared);
                // A server that is away refuses, and so does the proxy.
                thread::spawn(move || client.and_then(|c| carry(c, &state)).ok());
            }
        });
        Self { address, state }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on, for connections that are open too.
    pub(crate) fn set(&self, weather: Weather) {
        let mut now = self.state.weather.lock().unwrap();
        self.state
            .passed
            .iter()
            .for_each(|p| p.store(0, Ordering::Relaxed));
        *now = weather;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.is_closing.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Request,
    Answer,
}

fn carry(client: TcpStream, state: &Arc<State>) -> std::io::Result<()> {
    let server = TcpStream::connect(state.server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from, to, shared) = (client.try_clone()?, server.try_clone()?, Arc::clone(state));
    thread::spawn(move || pass(from, to, Direction::Request, &shared));
    pass(server, client, Direction::Answer, state);
    Ok(())
}

/// PostgreSQL's message that a connection has ended.
fn fatal(code: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C{code}\0Mthe connection is ended\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
    [b"E", &length[..], fields.as_bytes()].concat()
}

/// Passes bytes on until one end closes, or the weather ends it.
fn pass(mut from: TcpStream, mut to: TcpStream, direction: Direction, state: &State) {
    let mut buffer = vec![0; 65536];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => count,
        };
        if !state.delay.is_zero() {
            // What is read in one go was sent in one go: packets of one direction are not delayed by each other.
            let due = Instant::now() + state.delay;
            thread::sleep(due - Instant::now());
        }
        if let (Direction::Request, Some(code)) = (direction, state.fatal_for(&buffer[..count])) {
            drop(from.write_all(&fatal(code)));
            break;
        }
        match state.fate(direction, count as u64) {
            Fate::Passes => {
                if to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            Fate::Vanishes => {}
            Fate::Ends => break,
        }
    }
    for end in [from, to] {
        drop(end.shutdown(Shutdown::Both));
    }
}

enum Fate {
    Passes,
    Vanishes,
    Ends,
}

impl State {
    /// The SQLSTATE that a request is to be refused with; once.
    fn fatal_for(&self, request: &[u8]) -> Option<&'static str> {
        const BARS: &[u8] = b"price_daily AS stored";
        let mut weather = self.weather.lock().unwrap();
        let Weather::Fatal(code) = *weather else {
            return None;
        };
        let is_chunk = request.windows(BARS.len()).any(|part| part == BARS);
        is_chunk.then(|| {
            *weather = Weather::Fair;
            code
        })
    }

    fn fate(&self, direction: Direction, count: u64) -> Fate {
        let weather = *self.weather.lock().unwrap();
        let own = &self.passed[direction as usize];
        let passed = own.fetch_add(count, Ordering::Relaxed) + count;
        let answers = self.passed[Direction::Answer as usize].load(Ordering::Relaxed);
        match (weather, direction) {
            (Weather::CutRequest(limit), Direction::Request) if passed > limit => Fate::Ends,
            (Weather::CutAnswer(limit), Direction::Answer) if passed > limit => Fate::Ends,
            (Weather::BlackHole(limit), _) if answers > limit => Fate::Vanishes,
            _ => Fate::Passes,
        }
    }
}
