//! A connection on its own thread, so that an answer that never arrives can be abandoned.
//!
//! The `postgres` crate waits for answers without limit. If the network swallows one, or a server accepts a connection
//! and stays silent, the waiting thread is abandoned; it ends with its socket or with the process.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{CancelToken, Client};

use super::attempt::{Place, Way};
use super::error::WarehouseError;
use super::locks;
use super::target::Target;

type Job = Box<dyn FnOnce(&mut Client) + Send>;

/// Time limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// To connect, including TLS and the password.
    pub connect: Duration,
    /// For the answer to one statement.
    pub statement: Duration,
}

/// After the time limit of a statement, the server has this long to confirm that it was cancelled. An idle connection
/// has this long to say goodbye.
const GRACE: Duration = Duration::from_millis(500);

/// Time limit for asking who blocks a statement.
const LOOK: Duration = Duration::from_secs(2);

pub(super) struct Connection {
    line: Line,
    target: Target,
    patience: Duration,
}

/// A thread with a connection.
struct Line {
    /// `None` if the connection was abandoned.
    jobs: Option<Sender<Job>>,
    /// Closed when the connection has ended.
    ended: Receiver<()>,
    cancel: CancelToken,
    way: Way,
}

impl Connection {
    /// Connects to the first host that accepts us; each host in the list has its own time.
    pub(super) fn open(target: &Target, patience: Patience) -> Result<Self, WarehouseError> {
        let timeout = target.connect_timeout().unwrap_or(patience.connect);
        Ok(Self {
            line: open_line(target, timeout)?,
            target: target.clone(),
            patience: patience.statement,
        })
    }

    /// Runs a statement and waits for its answer within the time limit.
    ///
    /// After [`WarehouseError::Silent`] it is unknown whether the statement was executed, and the connection is
    /// abandoned.
    pub(super) fn ask<T: Send + 'static>(
        &mut self,
        statement: impl FnOnce(&mut Client) -> Result<T, postgres::Error> + Send + 'static,
    ) -> Result<T, WarehouseError> {
        let (to_caller, answer) = channel();
        let job = Box::new(move |client: &mut Client| drop(to_caller.send(statement(client))));
        let jobs = self.line.jobs.as_ref().ok_or(WarehouseError::Closed)?;
        jobs.send(job).map_err(|_| WarehouseError::Closed)?;
        let result = match answer.recv_timeout(self.patience) {
            Ok(result) => result.map_err(WarehouseError::of_statement),
            Err(RecvTimeoutError::Disconnected) => Err(WarehouseError::Closed),
            Err(RecvTimeoutError::Timeout) => {
                // While the statement waits, its blockers can be seen.
                let holders = self.lock_holders();
                self.cancel_statement();
                // It may have finished at the last moment.
                let late = answer.recv_timeout(GRACE).ok().and_then(Result::ok);
                late.ok_or_else(|| match holders {
                    Some(holders) => WarehouseError::Locked {
                        patience: self.patience,
                        holders,
                    },
                    None => WarehouseError::Silent(self.patience),
                })
            }
        };
        if matches!(&result, Err(failure) if failure.is_transient()) {
            self.line.jobs = None;
        }
        result
    }

    /// Who holds a lock that the statement may be waiting for, asked over another connection; `None` without a quick
    /// answer.
    fn lock_holders(&self) -> Option<String> {
        let time = self.patience.min(LOOK);
        let line = open_line(&self.target, time).ok()?;
        let (to_caller, answer) = channel();
        let job = Box::new(move |client: &mut Client| {
            drop(to_caller.send(locks::holders(client)));
        });
        line.jobs.as_ref()?.send(job).ok()?;
        answer.recv_timeout(time).ok()?.ok()?
    }

    /// Asks the server to cancel the statement, over another connection as the protocol requires.
    fn cancel_statement(&self) {
        let (target, token) = (self.target.clone(), self.line.cancel.clone());
        let way = self.line.way;
        thread::spawn(move || {
            if let Err(error) = target.cancel(&token, way) {
                log::debug!("cannot cancel the statement: {error}");
            }
        });
    }
}

/// Connects to the first host that accepts us; each host in the list has its own time.
fn open_line(target: &Target, timeout: Duration) -> Result<Line, WarehouseError> {
    let mut why = None;
    for place in target.places() {
        let opened =
            addresses(place, timeout).and_then(|addresses| open_at(target, addresses, timeout));
        match opened {
            Ok(line) => return Ok(line),
            Err(failure) => why = Some(more_telling(why, failure)),
        }
    }
    Err(why.unwrap_or(WarehouseError::Silent(timeout)))
}

/// The addresses of a host, if they are resolved in time.
fn addresses(place: Place, timeout: Duration) -> Result<Vec<Place>, WarehouseError> {
    let (to_caller, found) = channel();
    thread::spawn(move || to_caller.send(place.addresses()));
    let silent = |_| WarehouseError::Silent(timeout);
    found.recv_timeout(timeout).map_err(silent)
}

/// Connects to one of the addresses of a host in time. If an address stays silent for its share of the time, the next
/// one is tried in parallel; the first that accepts us wins.
fn open_at(
    target: &Target,
    addresses: Vec<Place>,
    timeout: Duration,
) -> Result<Line, WarehouseError> {
    let started = Instant::now();
    let left = || timeout.saturating_sub(started.elapsed());
    let share = timeout / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let (to_caller, lines) = channel();
    let mut why = None;
    let mut note = |failure| why = Some(more_telling(why.take(), failure));
    for address in addresses {
        start(target.clone(), address, left(), to_caller.clone());
        match lines.recv_timeout(share.min(left())) {
            Ok(Ok(line)) => return Ok(line),
            Ok(Err(failure)) => note(failure),
            Err(_) => {}
        }
    }
    // Those that have not answered yet.
    drop(to_caller);
    while let Ok(answer) = lines.recv_timeout(left()) {
        match answer {
            Ok(line) => return Ok(line),
            Err(failure) => note(failure),
        }
    }
    Err(why.unwrap_or(WarehouseError::Silent(timeout)))
}

/// Starts the thread of a connection. A line that nobody takes ends by itself.
fn start(
    target: Target,
    place: Place,
    timeout: Duration,
    to_caller: Sender<Result<Line, WarehouseError>>,
) {
    thread::spawn(move || {
        let (to_line, jobs) = channel::<Job>();
        let (end, ended) = channel();
        // Dropped last, so that it closes when everything else is done.
        let _end: Sender<()> = end;
        let connected = target.connect(&place, timeout);
        let (mut client, way) = match connected {
            Ok(connected) => connected,
            Err(failure) => return drop(to_caller.send(Err(failure))),
        };
        let line = Line {
            jobs: Some(to_line),
            ended,
            cancel: client.cancel_token(),
            way,
        };
        drop(to_caller.send(Ok(line)));
        // Otherwise it would block those who wait for the last answer.
        drop(to_caller);
        jobs.into_iter().for_each(|job| job(&mut client));
    });
}

/// The more informative of two failures: the server's message over the network's, later over earlier.
fn more_telling(earlier: Option<WarehouseError>, later: WarehouseError) -> WarehouseError {
    match earlier {
        Some(earlier) if earlier.is_of_server() && !later.is_of_server() => earlier,
        _ => later,
    }
}

impl Drop for Connection {
    /// Lets the thread say goodbye to the server before the process ends.
    fn drop(&mut self) {
        if self.line.jobs.take().is_some() {
            let _ = self.line.ended.recv_timeout(GRACE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;
    use crate::config::Secret;

    #[test]
    fn an_address_that_says_nothing_leaves_time_for_the_next_one() {
        // Other systems have one loopback address only.
        if !cfg!(target_os = "linux") {
            return;
        }
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let server = TcpListener::bind(("127.0.0.2", port)).unwrap();
        let served = thread::spawn(move || {
            let (mut socket, _) = server.accept().unwrap();
            assert!(socket.read(&mut [0; 1024]).unwrap() > 0);
            socket
                .write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I")
                .unwrap();
            socket.read_to_end(&mut Vec::new()).unwrap();
        });
        let url = format!("host=two,two hostaddr=127.0.0.1,127.0.0.2 port={port} sslmode=disable");
        let target = Target::parse(&Secret::new(url), None).unwrap();
        // A whole time of waiting for the first one would be seen.
        let timeout = Duration::from_secs(4);
        let started = Instant::now();
        let line = open_at(&target, target.places(), timeout).unwrap();
        assert!(started.elapsed() < timeout);
        drop(line);
        served.join().unwrap();
        let only_silent = target.places().into_iter().take(1).collect();
        let failure = open_at(&target, only_silent, Duration::from_millis(200)).err();
        assert!(
            matches!(failure, Some(WarehouseError::Silent(_))),
            "{failure:?}"
        );
    }
}
