//! Where `--output` writes: `-` is stdout; refuses the program's own files and names of another format.

use std::path::Path;

use anyhow::Result;

use super::own_files::refuse_own_file;
use crate::config::{Config, ConfigError};
use crate::process::result_file::Place;

/// The format of a file and the endings that promise it.
pub(super) struct FileFormat {
    /// Name for people.
    pub(super) name: &'static str,
    endings: &'static [&'static str],
}

pub(super) const CSV: FileFormat = FileFormat {
    name: "CSV",
    endings: &["csv"],
};
pub(super) const JSON: FileFormat = FileFormat {
    name: "JSON",
    endings: &["json"],
};
pub(super) const JSON_LINES: FileFormat = FileFormat {
    name: "JSON lines",
    endings: &["jsonl", "ndjson"],
};
pub(super) const LEDGER: FileFormat = FileFormat {
    name: "a price list of Ledger",
    endings: &["ledger", "journal", "hledger"],
};
pub(super) const BEANCOUNT: FileFormat = FileFormat {
    name: "a price list of Beancount",
    endings: &["beancount", "bean"],
};
pub(super) const PROMETHEUS: FileFormat = FileFormat {
    name: "numbers for Prometheus",
    endings: &["prom"],
};
pub(super) const HTML: FileFormat = FileFormat {
    name: "HTML",
    endings: &["html", "htm"],
};
pub(super) const XML: FileFormat = FileFormat {
    name: "XML",
    endings: &["xml"],
};
pub(super) const SQLITE: FileFormat = FileFormat {
    name: "a SQLite file",
    endings: &["db", "db3", "sqlite", "sqlite3"],
};

/// Endings of formats that no command writes. An ending that is neither here nor ours promises nothing.
const OTHER_ENDINGS: &[&str] = &[
    "7z", "arrow", "avro", "bz2", "doc", "docx", "duckdb", "feather", "gz", "h5", "hdf5", "md",
    "numbers", "ods", "odt", "orc", "parquet", "pdf", "pickle", "pkl", "png", "pptx", "rtf", "sql",
    "svg", "tar", "tgz", "toml", "tsv", "xls", "xlsb", "xlsm", "xlsx", "xz", "yaml", "yml", "zip",
    "zst",
];

/// Where `--output` leads. `instead` tells what to do about a name of another format.
///
/// # Errors
/// [`ConfigError`] for one of the program's own files, a name of another format, or a place that cannot be written.
pub(super) fn result_place(
    path: &Path,
    format: &FileFormat,
    instead: impl FnOnce(&str) -> String,
    config: &Config,
) -> Result<Place> {
    if path == Path::new("-") {
        return Ok(Place::Stdout);
    }
    refuse_own_file("--output", path, config)?;
    check_ending("--output", path, format, instead)?;
    let wrong = |e| ConfigError(format!("--output: cannot write {path:?}: {e}"));
    Ok(Place::of(path).map_err(wrong)?)
}

/// Refuses a name that promises another format.
///
/// # Errors
/// [`ConfigError`] with the ending and what to do.
pub(super) fn check_ending(
    what: &str,
    path: &Path,
    format: &FileFormat,
    instead: impl FnOnce(&str) -> String,
) -> Result<(), ConfigError> {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let ending = ending.to_lowercase();
    let ours = [&CSV, &JSON, &JSON_LINES, &HTML, &XML, &SQLITE];
    let is_ours = ours.iter().any(|f| f.endings.contains(&&*ending));
    let promises = is_ours || OTHER_ENDINGS.contains(&&*ending);
    if !promises || format.endings.contains(&&*ending) {
        return Ok(());
    }
    Err(ConfigError(format!(
        "{what}: {path:?} would contain {}, not .{ending}; {}",
        format.name,
        instead(&ending)
    )))
}

/// Advice for a name if the format is fixed.
pub(super) fn take_ending(format: &'static FileFormat) -> impl FnOnce(&str) -> String {
    let ending = format.endings.first().copied().unwrap_or_default();
    move |_| format!("use a name that ends in .{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_that_promises_another_format_is_refused() {
        let check = |path: &str, format: &'static FileFormat| {
            check_ending("--output", Path::new(path), format, take_ending(format))
        };
        for (path, format) in [
            ("x.xlsx", &CSV),
            ("x.XLSX", &CSV),
            ("x.json", &CSV),
            ("x.csv", &JSON),
            ("x.csv.gz", &CSV),
            ("x.pdf", &HTML),
            ("x.db.zip", &SQLITE),
        ] {
            assert!(check(path, format).is_err(), "{path}");
        }
        for (path, format) in [
            ("x.csv", &CSV),
            ("x.CSV", &CSV),
            ("x.txt", &CSV),
            ("x", &CSV),
            ("x.2026", &SQLITE),
            ("x.db.bak", &SQLITE),
            ("x.ndjson", &JSON_LINES),
            ("x.htm", &HTML),
        ] {
            assert!(check(path, format).is_ok(), "{path}");
        }
        assert_eq!(
            check("x.xlsx", &CSV).unwrap_err().0,
            "--output: \"x.xlsx\" would contain CSV, not .xlsx; use a name that ends in .csv"
        );
    }
}
