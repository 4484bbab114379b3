//! A PostgreSQL server of a test's own, which may be restarted as it pleases.

use std::io::{BufRead, BufReader, Write};
#[cfg(unix)]
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::repository;

/// The server; it ends with its value, and with the test's process.
pub(crate) struct OwnServer {
    script: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    url: String,
}

/// Starts the server, says where it is, and restarts it for every line that comes; the end of the lines is its end.
///
/// A commit reaches the system before it is confirmed, so that it outlives the server, if not the machine.
const SCRIPT: &str = r#"
. scripts/throwaway_postgres.sh
trap throwaway_postgres_stop EXIT
throwaway_postgres_start fsync=off full_page_writes=off "$@" || exit 1
echo "$THROWAWAY_POSTGRES_URL"
# The server reads its key only when it is its own.
put() { _throwaway_run sh -c "umask 077; cat >'$_throwaway_folder/data/$2'" <"$1"; }
while read -r mode certificate key; do
    if [ -n "$certificate" ]; then
        put "$certificate" server.crt && put "$key" server.key
        _throwaway_options="$_throwaway_options -c ssl=on"
    fi
    throwaway_postgres_restart "$mode" && echo started || echo failed
done
"#;

impl OwnServer {
    /// Starts a server with settings; `None` where there are no server programs.
    pub(crate) fn start(settings: &[&str]) -> Option<Self> {
        let mut script = Command::new("bash")
            .args(["-c", SCRIPT, "bash"])
            .args(settings)
            .current_dir(repository(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let orders = script.stdin.take();
        let mut answers = BufReader::new(script.stdout.take()?);
        let mut url = String::new();
        answers.read_line(&mut url).ok()?;
        if url.is_empty() {
            script.wait().unwrap();
            return None;
        }
        Some(Self {
            script,
            orders,
            answers,
            url: url.trim().to_owned(),
        })
    }

    /// The URL of its administrator.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Stops the server, `immediate` (as a crash) or `fast`, and starts it again at the same address.
    pub(crate) fn restart(&mut self, mode: &str) {
        self.order(mode);
    }

    /// Turns TLS on with a certificate and its key. Neither path may have a space.
    #[cfg(unix)]
    pub(crate) fn use_certificate(&mut self, certificate: &Path, key: &Path) {
        self.order(&format!("fast {} {}", certificate.display(), key.display()));
    }

    fn order(&mut self, line: &str) {
        writeln!(self.orders.as_mut().unwrap(), "{line}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert_eq!(answer.trim(), "started", "the server did not start again");
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        drop(self.orders.take());
        drop(self.script.wait());
    }
}
