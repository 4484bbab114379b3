//! What the tests of the program stand on.
//!
//! - `program`: runs the built binary in a folder and an environment of its own
//! - `server`: answers as the price sources do, from recordings
//! - `warehouse`: a PostgreSQL database for one test
//! - `reading`: reads the recordings in another way than the program does

pub(crate) mod program;
pub(crate) mod reading;
pub(crate) mod server;
pub(crate) mod warehouse;

use std::fs;
use std::path::{Path, PathBuf};

/// The text of an `[[asset]]`; sources are pairs of source and symbol.
pub(crate) fn asset(id: &str, calendar: &str, currency: &str, sources: &[(&str, &str)]) -> String {
    let category = if id.starts_with("KS") {
        "index"
    } else {
        "stock"
    };
    let sources: Vec<String> = sources
        .iter()
        .map(|(source, symbol)| format!("{{ source = \"{source}\", symbol = \"{symbol}\" }}"))
        .collect();
    format!(
        "[[asset]]\nid = \"{id}\"\nname = \"The {id}\"\ncategory = \"{category}\"\ncalendar = \"{calendar}\"\n\
         currency = \"{currency}\"\nsources = [{}]\n\n",
        sources.join(", ")
    )
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The bytes of a recorded answer.
pub(crate) fn recorded(file: &str) -> Vec<u8> {
    let path = repository("tests/fixtures").join(file);
    fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
