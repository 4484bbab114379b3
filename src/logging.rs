//! Log lines: one event a line, as text or JSON, to stderr and perhaps to a daily file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result};
use chrono::{Days, Local, NaiveDate, SecondsFormat};
use env_logger::{Builder, Target, WriteStyle};
use log::kv::{self, Key, Value, VisitSource};
use log::{Level, LevelFilter, Record};

use crate::config::{LogConfig, LogFormat};

/// Log files older than this are removed.
const KEEP_DAYS: u64 = 30;

/// How lines look, as soon as the configuration is read.
static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// Starts logging. Other crates are heard only when they warn: at trace, HTTP clients print what they send.
///
/// # Errors
/// When the folder of the log files cannot be written.
pub fn init(config: LogConfig, log_dir: Option<&Path>) -> Result<()> {
    FORMAT.get_or_init(|| config.format);
    let mut builder = Builder::new();
    builder
        .filter_level(config.level.min(LevelFilter::Warn))
        .filter_module(env!("CARGO_PKG_NAME"), config.level)
        .write_style(WriteStyle::Never);
    if let Some(folder) = log_dir {
        let file = open_log_file(folder, Local::now().date_naive())?;
        builder.target(Target::Pipe(Box::new(Tee { file })));
    }
    match config.format {
        LogFormat::Text => builder.format(|out, record| writeln!(out, "{}", text_line(record))),
        LogFormat::Json => builder.format(|out, record| writeln!(out, "{}", json_line(record))),
    };
    builder.init();
    Ok(())
}

/// Appends to the day's log file how a command ended: nobody watches a scheduled run, and a refused configuration ends it
/// before the log begins. Stderr does not get it: the result or the error stands there.
pub fn note_end(folder: &Path, code: u8, message: &str) {
    let level = match code {
        0 => Level::Info,
        3 => Level::Warn,
        _ => Level::Error,
    };
    let args = format_args!("{message}");
    let target = env!("CARGO_PKG_NAME");
    let record = Record::builder()
        .level(level)
        .target(target)
        .args(args)
        .build();
    let line = match FORMAT.get() {
        Some(LogFormat::Json) => json_line(&record),
        Some(LogFormat::Text) | None => text_line(&record),
    };
    if let Ok(mut file) = open_log_file(folder, Local::now().date_naive()) {
        // A log that cannot be written changes no result.
        drop(file.write_all(format!("{line}\n").as_bytes()));
    }
}

/// Writes to stderr and to the log file. Each line is one write, so that lines of several processes do not mix.
struct Tee {
    file: File,
}

impl Write for Tee {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write_all(buffer)?;
        io::stderr().write_all(buffer)?;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()?;
        io::stderr().flush()
    }
}

fn open_log_file(folder: &Path, today: NaiveDate) -> Result<File> {
    let doing = || format!("the log folder {} cannot be written", folder.display());
    fs::create_dir_all(folder).with_context(doing)?;
    remove_old_files(folder, today).with_context(doing)?;
    let path = folder.join(format!("collect_{}.log", today.format("%Y%m%d")));
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(doing)
}

fn remove_old_files(folder: &Path, today: NaiveDate) -> io::Result<()> {
    let oldest = today
        .checked_sub_days(Days::new(KEEP_DAYS))
        .unwrap_or(NaiveDate::MIN);
    let old: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| log_file_date(path).is_some_and(|d| d < oldest))
        .collect();
    old.iter().try_for_each(fs::remove_file)
}

/// The day of a file named `collect_YYYYMMDD.log`; `None` for every other file.
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

fn text_line(record: &Record<'_>) -> String {
    let mut line = format!("{} {:<5} {}", now(), record.level(), record.args());
    for (key, value) in fields(record) {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        line.push_str(&format!(" {key}={value}"));
    }
    // A source's words may hold line ends: one event stays one line.
    line.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn json_line(record: &Record<'_>) -> String {
    let mut line = serde_json::Map::new();
    line.insert("time".to_owned(), now().into());
    line.insert("level".to_owned(), record.level().as_str().into());
    line.insert("target".to_owned(), record.target().into());
    line.insert("message".to_owned(), record.args().to_string().into());
    line.extend(fields(record));
    serde_json::Value::Object(line).to_string()
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

    #[test]
    fn one_event_is_one_line() {
        let args = format_args!("the source says:\n<html>");
        let fields = [("asset", "005930"), ("detail", "a\nb")];
        let record = Record::builder()
            .args(args)
            .level(log::Level::Warn)
            .target("pricestash")
            .key_values(&fields)
            .build();
        let text = text_line(&record);
        assert!(
            text.ends_with("WARN  the source says: <html> asset=005930 detail=a b"),
            "{text}"
        );
        let json: serde_json::Value = serde_json::from_str(&json_line(&record)).unwrap();
        assert_eq!(json["message"], "the source says:\n<html>");
        assert_eq!(
            (&json["level"], &json["asset"]),
            (&"WARN".into(), &"005930".into())
        );
        assert!(!json_line(&record).contains('\n'));
    }
}
