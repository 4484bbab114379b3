//! A connection on a thread of its own, so that an answer that never comes can be given up.
//!
//! The `postgres` crate waits for an answer without end. Where the network swallows it, or a server accepts a connection
//! and says nothing, the waiting thread is left behind; it ends with its socket or with the process.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use postgres::{CancelToken, Client};

use super::error::WarehouseError;
use super::target::Target;

type Job = Box<dyn FnOnce(&mut Client) + Send>;

/// How long to wait at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until a connection stands, with TLS and the password.
    pub connect: Duration,
    /// For the answer to one statement.
    pub statement: Duration,
}

/// How long a server has, after the time of a statement was over, to say that it has ended it. And how long an idle
/// connection takes at most to say goodbye.
const GRACE: Duration = Duration::from_millis(500);

pub(super) struct Connection {
    /// `None` when the connection was given up.
    jobs: Option<Sender<Job>>,
    /// Closed when the connection has ended.
    ended: Receiver<()>,
    target: Target,
    cancel: CancelToken,
    patience: Duration,
}

impl Connection {
    pub(super) fn open(target: &Target, patience: Patience) -> Result<Self, WarehouseError> {
        let (to_line, jobs) = channel::<Job>();
        let (to_caller, connected) = channel();
        let (end, ended) = channel();
        let patience = Patience {
            connect: target.connect_timeout().unwrap_or(patience.connect),
            ..patience
        };
        let (own, timeout) = (target.clone(), patience.connect);
        thread::spawn(move || {
            // Dropped last, and so closed when everything else is over.
            let _end: Sender<()> = end;
            match own.connect(timeout) {
                Err(error) => drop(to_caller.send(Err(error))),
                Ok(mut client) => {
                    if to_caller.send(Ok(client.cancel_token())).is_ok() {
                        jobs.into_iter().for_each(|job| job(&mut client));
                    }
                }
            }
        });
        // Each host of a list has its time.
        let longest = patience.connect.saturating_mul(target.hosts());
        let cancel = connected
            .recv_timeout(longest)
            .map_err(|_| WarehouseError::Silent(longest))??;
        Ok(Self {
            jobs: Some(to_line),
            ended,
            target: target.clone(),
            cancel,
            patience: patience.statement,
        })
    }

    /// Runs a statement and waits for its answer, no longer than the patience lasts.
    ///
    /// After [`WarehouseError::Silent`] it is not known whether the statement was done, and the connection is given up.
    pub(super) fn ask<T: Send + 'static>(
        &mut self,
        statement: impl FnOnce(&mut Client) -> Result<T, postgres::Error> + Send + 'static,
    ) -> Result<T, WarehouseError> {
        let (to_caller, answer) = channel();
        let job = Box::new(move |client: &mut Client| drop(to_caller.send(statement(client))));
        let jobs = self.jobs.as_ref().ok_or(WarehouseError::Closed)?;
        jobs.send(job).map_err(|_| WarehouseError::Closed)?;
        let result = match answer.recv_timeout(self.patience) {
            Ok(result) => result.map_err(WarehouseError::of_statement),
            Err(RecvTimeoutError::Disconnected) => Err(WarehouseError::Closed),
            Err(RecvTimeoutError::Timeout) => {
                self.cancel_statement();
                // It may have been done at the last moment.
                let late = answer.recv_timeout(GRACE).ok().and_then(Result::ok);
                late.ok_or(WarehouseError::Silent(self.patience))
            }
        };
        if matches!(&result, Err(failure) if failure.is_transient()) {
            self.jobs = None;
        }
        result
    }

    /// Asks the server to end the statement, by a connection of its own as the protocol wants it.
    fn cancel_statement(&self) {
        let (target, token) = (self.target.clone(), self.cancel.clone());
        thread::spawn(move || {
            if let Err(error) = target.cancel(&token) {
                log::debug!("the statement could not be cancelled: {error}");
            }
        });
    }
}

impl Drop for Connection {
    /// Lets the thread say goodbye to the server before the process ends.
    fn drop(&mut self) {
        if self.jobs.take().is_some() {
            let _ = self.ended.recv_timeout(GRACE);
        }
    }
}
