//! Runs the built binary in a folder and an environment of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pricestash::sources;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tempfile::TempDir;

use super::WEEK;
use super::server::Server;

/// A run that takes longer is stuck.
const LONGEST_RUN: Duration = Duration::from_secs(120);

/// Collects [`WEEK`].
pub(crate) const COLLECT: [&str; 5] = ["collect", "--start", WEEK[0], "--end", WEEK[3]];

/// A folder as the working directory, and an environment that holds nothing but the given variables.
pub(crate) struct TestEnv {
    folder: TempDir,
    variables: BTreeMap<String, String>,
}

/// What a run printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A run that is under way.
pub(crate) struct Running {
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

impl TestEnv {
    /// An empty folder; no wait between requests or tries; English, also on a Korean Windows.
    pub(crate) fn new() -> Self {
        let env = Self {
            folder: tempfile::tempdir().unwrap(),
            variables: BTreeMap::new(),
        };
        env.with("LC_MESSAGES", "C")
            .with("FETCH_HOST_INTERVAL", "0")
            .with("FETCH_BASE_DELAY", "0")
            .with("FETCH_MAX_RETRIES", "2")
            .with("SYNC_BASE_DELAY", "0")
            .with("SYNC_MAX_RETRIES", "2")
    }

    /// The same with these assets, and every source at the local server.
    pub(crate) fn at(server: &Server, assets: &[String]) -> Self {
        let env = sources::origins().iter().fold(Self::new(), |env, origin| {
            env.with(origin.name, &server.origin())
        });
        env.write("data/assets.toml", assets.concat());
        env
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and the folders above it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Every file and folder with its content, by its path.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut files = BTreeMap::new();
        list(self.folder.path(), &mut files);
        files
    }

    /// A connection of another program to the staging file.
    pub(crate) fn staging(&self) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.path("data/staging.db"), flags).unwrap();
        connection.busy_timeout(Duration::from_secs(60)).unwrap();
        connection
    }

    /// What the log in the folder `logs` says so far.
    pub(crate) fn log(&self) -> String {
        let files = fs::read_dir(self.path("logs")).into_iter().flatten();
        let texts = files.map(|f| fs::read_to_string(f.unwrap().path()).unwrap());
        texts.collect()
    }

    /// A number out of the staging file.
    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.staging().query_row(sql, [], |r| r.get(0)).unwrap()
    }

    /// The first two columns of a query as text, row by row.
    pub(crate) fn pairs(&self, sql: &str) -> Vec<(String, String)> {
        let connection = self.staging();
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// Overwrites the staging file from a byte on, with everything in its write-ahead log brought over first.
    pub(crate) fn damage_staging(&self, from: usize) {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.staging()
            .query_row(checkpoint, [], |_| Ok(()))
            .unwrap();
        let path = self.path("data/staging.db");
        let mut bytes = fs::read(&path).unwrap();
        bytes.iter_mut().skip(from).for_each(|b| *b = 0x55);
        fs::write(path, bytes).unwrap();
    }

    /// Rows that wait for the next sync.
    pub(crate) fn pending(&self) -> i64 {
        self.count("SELECT count(*) FROM pending")
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pricestash"));
        command.args(arguments);
        self.spawn(command)
    }

    /// Runs another program in the folder and the environment, such as a shell around the program.
    pub(crate) fn command(&self, command: Command) -> Ran {
        self.spawn(command).wait()
    }

    fn spawn(&self, mut command: Command) -> Running {
        command
            .current_dir(self.folder.path())
            .env_clear()
            .envs(&self.variables)
            .stdin(Stdio::null());
        // Windows cannot open a socket without it.
        if let Some(root) = std::env::var_os("SystemRoot") {
            command.env("SystemRoot", root);
        }
        Running::of(command)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).wait()
    }

    /// Runs what must succeed.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran
    }

    /// Collects [`WEEK`].
    pub(crate) fn collect(&self) -> Ran {
        self.run(&COLLECT)
    }

    /// Syncs, and gives the row of the result.
    pub(crate) fn sync(&self, arguments: &[&str]) -> (i32, Value) {
        let ran = self.run(&[&["sync", "--format", "json"], arguments].concat());
        (ran.code, ran.row())
    }

    /// Runs with a JSON result.
    pub(crate) fn json(&self, arguments: &[&str]) -> Ran {
        self.run(&[arguments, &["--format", "json"]].concat())
    }

    /// How many bars are staged.
    pub(crate) fn bars(&self) -> i64 {
        self.count("SELECT count(*) FROM price_daily")
    }

    /// The error message of the last run.
    pub(crate) fn said(&self) -> String {
        self.runs().pop().unwrap().2.unwrap_or_default()
    }

    /// Name, status and error message of the runs, oldest first.
    pub(crate) fn runs(&self) -> Vec<(String, String, Option<String>)> {
        let connection = self.staging();
        let mut statement = connection
            .prepare("SELECT job_name, status, error_message FROM job_run ORDER BY job_id")
            .unwrap();
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }
}

impl Running {
    /// Starts a command, whose output is kept.
    pub(crate) fn of(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn(&mut command);
        let stdout = read_all(child.stdout.take().unwrap());
        let stderr = read_all(child.stderr.take().unwrap());
        Self {
            child,
            stdout,
            stderr,
        }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal by its name (`INT`).
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &process]).status();
        assert!(sent.unwrap().success());
    }

    /// Ends the process as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for the end of the run, which must be none by panic.
    pub(crate) fn wait(mut self) -> Ran {
        let deadline = Instant::now() + LONGEST_RUN;
        while self.is_running() {
            if Instant::now() > deadline {
                self.child.kill().unwrap();
                panic!("still running after {LONGEST_RUN:?}");
            }
            thread::sleep(Duration::from_millis(5));
        }
        let status = self.child.wait().unwrap();
        let ran = Ran {
            code: status.code().unwrap_or(-1),
            stdout: self.stdout.join().unwrap(),
            stderr: self.stderr.join().unwrap(),
        };
        assert!(
            ran.code != 101 && !ran.stderr.contains("panicked at"),
            "{ran:?}"
        );
        ran
    }
}

impl Ran {
    /// The JSON result, which is an array of objects.
    pub(crate) fn rows(&self) -> Vec<Value> {
        let rows: Vec<Value> =
            serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:?}"));
        assert!(rows.iter().all(Value::is_object), "{self:?}");
        rows
    }

    /// The one row of a JSON result.
    pub(crate) fn row(&self) -> Value {
        let mut rows = self.rows();
        assert_eq!(rows.len(), 1, "{self:?}");
        rows.remove(0)
    }

    /// The row of an asset in a JSON result.
    pub(crate) fn of(&self, asset_id: &str) -> Value {
        let mut rows = self.rows().into_iter();
        let row = rows.find(|r| r["asset_id"] == asset_id);
        row.unwrap_or_else(|| panic!("{asset_id}: {self:?}"))
    }

    /// What a JSON result says about an asset.
    pub(crate) fn message(&self, asset_id: &str) -> String {
        let message = &self.of(asset_id)["message"];
        message.as_str().unwrap_or_default().to_owned()
    }

    /// The one line of stderr that says why nothing was done.
    pub(crate) fn error(&self) -> &str {
        let mut errors = self.stderr.lines().filter(|l| l.starts_with("error:"));
        match (errors.next(), errors.next()) {
            (Some(error), None) => error,
            _ => panic!("not one error: {self:?}"),
        }
    }
}

fn read_all(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    })
}

fn list(folder: &Path, files: &mut BTreeMap<PathBuf, Option<Vec<u8>>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, files);
            files.insert(path, None);
        } else {
            let content = fs::read(&path).unwrap();
            files.insert(path, Some(content));
        }
    }
}

/// Starts a process. Wine is sometimes too busy for one ("internal error"): then it is asked again.
fn spawn(command: &mut Command) -> Child {
    const ERROR_INTERNAL_ERROR: i32 = 1359;
    for _ in 0..5 {
        match command.spawn() {
            Err(e) if cfg!(windows) && e.raw_os_error() == Some(ERROR_INTERNAL_ERROR) => {
                thread::sleep(Duration::from_millis(200));
            }
            result => return result.unwrap(),
        }
    }
    command.spawn().unwrap()
}

/// Asks again and again until the answer is yes.
pub(crate) fn until(what: &str, mut yes: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !yes() {
        assert!(
            Instant::now() < deadline,
            "waited for {what} without result"
        );
        thread::sleep(Duration::from_millis(5));
    }
}
