//! Threads that send requests, so that a hanging one can be abandoned.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::header::SET_COOKIE;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{NextTimeout, time};
use ureq::{Agent, Timeout};

use super::FetchError;
use crate::process::stop::{Stop, Stopped};
use crate::sources::AnswerError;

/// How quickly a running request is abandoned after a stop.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// How much longer than its own time-out a request is awaited: only the name look-up has no time-out.
const GRACE: Duration = Duration::from_secs(1);

/// Largest body that is read, in bytes; 25 years of Yahoo are under 1 MB.
const MAX_BODY: u64 = 16 << 20;

/// Status, headers and body.
type Received = (u16, Vec<(String, String)>, Vec<u8>);
/// A request ready to send.
pub(super) struct Job {
    pub(super) url: String,
    /// Headers that the source needs beyond the client's own.
    pub(super) headers: Vec<(String, String)>,
    /// Whether to follow redirects. A key must not go to another host.
    pub(super) is_sent_on: bool,
}

/// A thread that sends one request at a time. It ends when it is dropped and its request is done.
struct RequestThread {
    jobs: Sender<Job>,
    answers: Receiver<Result<Received, FetchError>>,
}

/// One thread per simultaneous request, created when first needed.
pub(super) struct RequestThreads {
    agent: Agent,
    /// Time limit of a whole request.
    longest: Duration,
    stop: Stop,
    idle: Mutex<Vec<RequestThread>>,
}

impl RequestThreads {
    pub(super) fn new(agent: Agent, timeout: Duration, stop: Stop) -> Self {
        Self {
            agent,
            longest: timeout.saturating_add(GRACE),
            stop,
            idle: Mutex::default(),
        }
    }

    /// Sends a request and waits for the answer. A hanging request is abandoned after a stop, and when its time is up.
    pub(super) fn fetch(&self, job: Job) -> Result<Received, FetchError> {
        let idle = self.idle().pop();
        let thread = idle.map_or_else(|| RequestThread::start(self.agent.clone()), Ok)?;
        thread.jobs.send(job).map_err(|_| died())?;
        let answer = self.wait(&thread.answers)?;
        self.idle().push(thread);
        answer
    }

    fn wait(
        &self,
        answers: &Receiver<Result<Received, FetchError>>,
    ) -> Result<Result<Received, FetchError>, FetchError> {
        let started = Instant::now();
        loop {
            match answers.recv_timeout(POLL_INTERVAL) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Timeout) if self.stop.is_set() => return Err(Stopped.into()),
                Err(RecvTimeoutError::Timeout) if started.elapsed() >= self.longest => {
                    let why = ureq::Error::Timeout(Timeout::Global);
                    return Err(FetchError::Network(Box::new(why)));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(died()),
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<RequestThread>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RequestThread {
    fn start(agent: Agent) -> Result<Self, FetchError> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let (answered, answers) = mpsc::channel();
        let serve = move || {
            for job in waiting {
                // After a stop nobody listens any more.
                drop(answered.send(fetch(&agent, &job)));
            }
        };
        thread::Builder::new()
            .name("fetch".to_owned())
            .spawn(serve)
            .map_err(|e| FetchError::Network(Box::new(ureq::Error::Io(e))))?;
        Ok(Self { jobs, answers })
    }
}

/// Sends one request and reads the answer.
fn fetch(agent: &Agent, job: &Job) -> Result<Received, FetchError> {
    let headers = job.headers.iter();
    let mut request = headers.fold(agent.get(&job.url), |request, (name, value)| {
        request.header(name, value)
    });
    if !job.is_sent_on {
        request = request.config().max_redirects(0).build();
    }
    let mut response = request
        .call()
        .map_err(|error| FetchError::Network(Box::new(error)))?;
    let body = response
        .body_mut()
        .with_config()
        .limit(MAX_BODY)
        .read_to_vec()
        .map_err(broken_body)?;
    let headers = response.headers().iter();
    // A cookie is the key to a session: nobody needs it, so it is not kept.
    let headers = headers
        .filter(|(name, _)| *name != SET_COOKIE)
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), value)
        })
        .collect();
    Ok((response.status().as_u16(), headers, body))
}

/// Why the rest of a body did not arrive.
fn broken_body(error: ureq::Error) -> FetchError {
    match error {
        ureq::Error::Io(_) | ureq::Error::Protocol(_) | ureq::Error::BodyStalled => {
            FetchError::Answer {
                error: AnswerError::CutShort(error.to_string()),
                retry_after: None,
            }
        }
        // The host does answer.
        ureq::Error::Timeout(_) => FetchError::Answer {
            error: AnswerError::CutShort("the rest did not arrive in time".to_owned()),
            retry_after: None,
        },
        error => FetchError::Network(Box::new(error)),
    }
}

fn died() -> FetchError {
    FetchError::Network(Box::new(ureq::Error::ConnectionFailed))
}

/// Resolves names in the thread that sends the request, which can be abandoned; ureq would create a thread for each.
#[derive(Debug, Default)]
pub(super) struct InThisThread(DefaultResolver);

impl Resolver for InThisThread {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let after = time::Duration::NotHappening;
        self.0
            .resolve(uri, config, NextTimeout { after, ..timeout })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// Answers a number of requests, each on its own connection, then accepts one more and stays silent.
    fn serve(answers: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        thread::spawn(move || {
            let mut silent = Vec::new();
            for (n, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                if n >= answers {
                    silent.push(stream);
                    continue;
                }
                let _ = stream.read(&mut [0; 4096]).unwrap();
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]";
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        url
    }

    fn job(url: &str) -> Job {
        Job {
            url: url.to_owned(),
            headers: Vec::new(),
            is_sent_on: true,
        }
    }

    fn threads(longest: Duration, stop: &Stop) -> RequestThreads {
        let agent = Agent::with_parts(
            Config::default(),
            ureq::unversioned::transport::DefaultConnector::default(),
            InThisThread::default(),
        );
        RequestThreads {
            longest,
            ..RequestThreads::new(agent, Duration::ZERO, stop.clone())
        }
    }

    #[test]
    fn one_request_after_the_other_is_sent_by_one_thread() {
        let (url, threads) = (serve(3), threads(Duration::MAX, &Stop::default()));
        for _ in 0..3 {
            let (status, _, body) = threads.fetch(job(&url)).unwrap();
            assert_eq!((status, &*body), (200, &b"[]"[..]));
            assert_eq!(threads.idle().len(), 1);
        }
    }

    #[test]
    fn a_request_that_hangs_is_left_alone_and_its_thread_with_it() {
        let stop = Stop::default();
        let (url, hasty) = (serve(1), threads(Duration::from_millis(100), &stop));
        hasty.fetch(job(&url)).unwrap();
        let error = hasty.fetch(job(&url)).unwrap_err();
        assert_eq!(error.to_string(), "no answer in time");
        assert!(hasty.idle().is_empty(), "it may yet answer another request");
        stop.set();
        let patient = threads(Duration::MAX, &stop);
        let error = patient.fetch(job(&url)).unwrap_err();
        assert!(matches!(error, FetchError::Stopped(_)), "{error}");
        assert!(patient.idle().is_empty());
    }
}
