//! The log: one event per line, as text or JSON, to stderr and optionally a daily file. Contains no secrets.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::{Days, Local, NaiveDate, SecondsFormat};
use env_logger::{Builder, Target, WriteStyle};
use log::kv::{self, Key, Value, VisitSource};
use log::{Level, LevelFilter, Record};

use super::stderr;
use crate::config::redact::Redaction;
use crate::config::{ConfigError, LogFormat, Unwritable};
use crate::domain::language::Language;
use crate::domain::text::brief;

/// Longest text of a line, in characters.
const LONGEST_LINE: usize = 8000;

/// Log files older than this are removed.
const KEEP_DAYS: u64 = 30;

/// Where lines go, and in which format.
pub struct Log {
    format: LogFormat,
    redaction: Redaction,
    /// Of the one error that says why nothing was done; every other line is English.
    language: Language,
    file: Option<File>,
}

impl Log {
    /// Logs to stderr only.
    #[must_use]
    pub fn new(format: LogFormat, redaction: Redaction) -> Self {
        Self {
            format,
            redaction,
            language: Language::English,
            file: None,
        }
    }

    /// The same for who reads this language.
    #[must_use]
    pub fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// Writes the lines also to the day's file in a folder.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn open_folder(&mut self, folder: &Path) -> Result<()> {
        self.file = Some(open_log_file(folder, Local::now().date_naive())?);
        Ok(())
    }

    /// Starts logging. Other crates are heard only from level `warn`, and at `trace` from `debug`: at trace, HTTP
    /// clients print what they send.
    pub fn start(self: &Arc<Self>, level: LevelFilter) {
        let others = match level {
            LevelFilter::Trace => LevelFilter::Debug,
            level => level.min(LevelFilter::Warn),
        };
        let log = Arc::clone(self);
        Builder::new()
            .filter_level(others)
            .filter_module(env!("CARGO_PKG_NAME"), level)
            .write_style(WriteStyle::Never)
            .target(Target::Pipe(Box::new(Tee(Arc::clone(self)))))
            .format(move |out, record| writeln!(out, "{}", log.line(record)))
            .init();
    }

    /// Reports panics as errors, like everything else.
    pub fn catch_panics(self: &Arc<Self>) {
        let log = Arc::clone(self);
        panic::set_hook(Box::new(move |info| log.fail(&panic_message(info))));
    }

    /// Says why nothing could be done: on stderr as `error: …` in the reader's language or as a JSON line, in the file as a log line.
    pub fn fail(&self, message: &str) {
        self.with_record(Level::Error, message, |record| {
            let line = self.line(record);
            let said = match self.format {
                LogFormat::Json => line.clone(),
                LogFormat::Text => self.error(message),
            };
            // If stderr is gone, nobody can be told.
            drop(io::stderr().write_all(format!("{said}\n").as_bytes()));
            drop(self.append(format!("{line}\n").as_bytes()));
        });
    }

    fn error(&self, message: &str) -> String {
        let message = self.language.sentence(&self.clean(message));
        self.language
            .say("error: {message}", &[("message", &message)])
    }

    /// Notes in the file how a command ended: nobody watches a scheduled run.
    pub fn ended(&self, command: &str, code: u8) {
        let level = match code {
            1 | 2 => Level::Error,
            3 => Level::Warn,
            // 0, or the code that a script asked for.
            _ => Level::Info,
        };
        let message = format!("{command} ended with exit code {code}");
        self.with_record(level, &message, |record| {
            drop(self.append(format!("{}\n", self.line(record)).as_bytes()));
        });
    }

    fn with_record(&self, level: Level, message: &str, then: impl FnOnce(&Record<'_>)) {
        // In one expression, because the arguments live no longer.
        then(
            &Record::builder()
                .level(level)
                .target(env!("CARGO_PKG_NAME"))
                .args(format_args!("{message}"))
                .build(),
        );
    }

    /// Appends to the file, if there is one. Each line is a single write, so that lines of several processes do not
    /// mix.
    fn append(&self, line: &[u8]) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        wait_for_turn(file);
        let written = (&*file).write_all(line);
        // Without the lock there is nothing to release.
        drop(file.unlock());
        written
    }

    fn line(&self, record: &Record<'_>) -> String {
        match self.format {
            LogFormat::Text => self.text_line(record),
            LogFormat::Json => self.json_line(record),
        }
    }

    /// Redacted, in one line and bounded: messages of sources may contain line ends, and one event must stay one line.
    fn clean(&self, text: &str) -> String {
        brief(&self.redaction.text(text), LONGEST_LINE)
    }

    fn text_line(&self, record: &Record<'_>) -> String {
        let mut line = format!("{} {:<5} {}", now(), record.level(), record.args());
        for (key, value) in fields(record) {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            line.push_str(&format!(" {key}={value}"));
        }
        self.clean(&line)
    }

    fn json_line(&self, record: &Record<'_>) -> String {
        let mut line = serde_json::Map::new();
        line.insert("time".to_owned(), now().into());
        line.insert("level".to_owned(), record.level().as_str().into());
        line.insert("target".to_owned(), record.target().into());
        line.insert(
            "message".to_owned(),
            self.clean(&record.args().to_string()).into(),
        );
        for (key, value) in fields(record) {
            let value = match value {
                serde_json::Value::String(text) => self.clean(&text).into(),
                other => other,
            };
            // A field never replaces what every line has.
            line.entry(key).or_insert(value);
        }
        self.redaction
            .json(&serde_json::Value::Object(line).to_string())
    }
}

/// Writes to stderr and to the log file; a failure of one does not affect the other.
struct Tee(Arc<Log>);

impl Write for Tee {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.0.append(buffer);
        stderr::write(buffer)?;
        written.map(|()| buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn panic_message(info: &PanicHookInfo<'_>) -> String {
    let said = panic_words(info).unwrap_or("no reason given");
    let place = info
        .location()
        .map(|l| format!(" at {}:{}", l.file(), l.line()))
        .unwrap_or_default();
    format!(
        "pricestash has a bug and panicked{place}: {said}; staged data is safe, please report it"
    )
}

/// The message of the panic: `panic!` with a constant has another type than with a format.
fn panic_words<'a>(info: &'a PanicHookInfo<'_>) -> Option<&'a str> {
    let payload = info.payload();
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

fn open_log_file(folder: &Path, today: NaiveDate) -> Result<File> {
    let doing = || {
        Unwritable(format!(
            "cannot write to the log folder {}",
            folder.display()
        ))
    };
    fs::create_dir_all(folder).with_context(doing)?;
    remove_old_files(folder, today);
    let path = folder.join(format!("collect_{}.log", today.format("%Y%m%d")));
    refuse_what_is_no_file(&path)?;
    OpenOptions::new()
        .create(true)
        // Windows does not allow locking a file opened only for appending.
        .read(true)
        .append(true)
        .open(path)
        .with_context(doing)
}

/// Others who can write to the folder must not redirect the lines to another file, or into a pipe that nobody reads.
fn refuse_what_is_no_file(path: &Path) -> Result<()> {
    let is_file = fs::symlink_metadata(path).map(|m| m.is_file());
    if matches!(is_file, Ok(false)) {
        let why = format!(
            "the log file {} is a link or not a regular file; remove it",
            path.display()
        );
        return Err(ConfigError(why).into());
    }
    Ok(())
}

/// Lets other processes finish their line. A local disk appends whole lines by itself; a network folder may not, and
/// Wine does not. A lock that someone holds for long, such as another program, is not awaited.
fn wait_for_turn(file: &File) {
    const TRIES: u32 = 200;
    for _ in 0..TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
            Ok(()) | Err(TryLockError::Error(_)) => return,
        }
    }
}

/// A file that cannot be removed stays: another process may have been first, or have it open on Windows.
fn remove_old_files(folder: &Path, today: NaiveDate) {
    let oldest = today
        .checked_sub_days(Days::new(KEEP_DAYS))
        .unwrap_or(NaiveDate::MIN);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let old: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| log_file_date(path).is_some_and(|d| d < oldest))
        .collect();
    for path in old {
        drop(fs::remove_file(path));
    }
}

/// The day of a file named `collect_YYYYMMDD.log`; `None` for any other file.
fn log_file_date(path: &Path) -> Option<NaiveDate> {
    let name = path
        .file_name()?
        .to_str()?
        .strip_prefix("collect_")?
        .strip_suffix(".log")?;
    NaiveDate::parse_from_str(name, "%Y%m%d").ok()
}

fn now() -> String {
    Local::now().to_rfc3339_opts(SecondsFormat::Millis, false)
}

fn fields(record: &Record<'_>) -> Vec<(String, serde_json::Value)> {
    struct Collect(Vec<(String, serde_json::Value)>);
    impl<'kvs> VisitSource<'kvs> for Collect {
        fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
            let value = value
                .to_u64()
                .map_or_else(|| value.to_string().into(), serde_json::Value::from);
            self.0.push((key.to_string(), value));
            Ok(())
        }
    }
    let mut collect = Collect(Vec::new());
    if let Err(error) = record.key_values().visit(&mut collect) {
        collect
            .0
            .push(("fields_error".to_owned(), error.to_string().into()));
    }
    collect.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::redact::SecretKind;

    #[test]
    fn only_old_log_files_of_ours_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "collect_20260101.log",
            "collect_20260201.log",
            "collect_notes.log",
            "other_20200101.log",
        ] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        open_log_file(folder.path(), "2026-02-20".parse().unwrap()).unwrap();
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(
            left,
            [
                "collect_20260201.log",
                "collect_20260220.log",
                "collect_notes.log",
                "other_20200101.log"
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "mine").unwrap();
        let logs = folder.path().join("logs");
        fs::create_dir(&logs).unwrap();
        let today = "2026-02-20".parse().unwrap();
        let path = logs.join("collect_20260220.log");
        for target in [&victim, &folder.path().join("nothing yet")] {
            std::os::unix::fs::symlink(target, &path).unwrap();
            let refused = open_log_file(&logs, today).unwrap_err();
            assert!(refused.to_string().contains("is a link"), "{refused}");
            fs::remove_file(&path).unwrap();
        }
        assert_eq!(fs::read(victim).unwrap(), b"mine");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn one_event_is_one_line_without_a_secret() {
        let url = "postgres://me:c4n4ry@h/d";
        let redaction = || Redaction::new([(SecretKind::Connection, url)]);
        let args = format_args!("the source says c4n4ry:\n<html>");
        let fields = [
            ("asset", "005930"),
            ("detail", "a\nb c4n4ry"),
            ("level", "9"),
        ];
        let record = Record::builder()
            .args(args)
            .level(log::Level::Warn)
            .target("pricestash")
            .key_values(&fields)
            .build();
        let text = Log::new(LogFormat::Text, redaction()).line(&record);
        assert!(
            text.ends_with("WARN  the source says ***: <html> asset=005930 detail=a b *** level=9"),
            "{text}"
        );
        let line = Log::new(LogFormat::Json, redaction()).line(&record);
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(json["message"], "the source says ***: <html>");
        assert_eq!(
            (&json["level"], &json["asset"]),
            (&"WARN".into(), &"005930".into())
        );
        assert!(!line.contains('\n'));
    }

    #[test]
    fn several_processes_append_whole_lines_to_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let line = |n: usize| format!("{n}").repeat(2000) + "\n";
        std::thread::scope(|scope| {
            for n in 0..8 {
                // Each with a file handle of its own, as another process has it.
                let mut log = Log::new(LogFormat::Text, Redaction::default());
                log.open_folder(folder.path()).unwrap();
                scope.spawn(move || {
                    for _ in 0..50 {
                        log.append(line(n).as_bytes()).unwrap();
                    }
                });
            }
        });
        let file = fs::read_dir(folder.path()).unwrap().next().unwrap();
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        assert_eq!(text.lines().count(), 400);
        assert!(text.lines().all(|l| (0..8).any(|n| l == line(n).trim())));
    }

    #[test]
    fn a_panic_is_said_like_an_error() {
        let log = Arc::new(Log::new(
            LogFormat::Json,
            Redaction::new([(SecretKind::Whole, "c4n4ry")]),
        ));
        let before = panic::take_hook();
        let (said, heard) = std::sync::mpsc::channel();
        panic::set_hook(Box::new(move |info| {
            // The tests of other threads may panic meanwhile.
            if panic_words(info).is_some_and(|p| p.contains("c4n4ry")) {
                log.with_record(Level::Error, &panic_message(info), |r| {
                    drop(said.send(log.line(r)));
                });
            }
        }));
        let result = panic::catch_unwind(|| panic!("the password is c4n4ry"));
        panic::set_hook(before);
        assert!(result.is_err());
        let line = heard.recv().unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok());
        assert!(
            line.contains("the password is ***") && line.contains("log.rs"),
            "{line}"
        );
    }
}
