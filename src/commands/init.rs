//! `init`: the files that a user edits are written where there are none.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::answer::Answer;
use crate::config::Config;
use crate::domain::language::{Language, with_comments};
use crate::output::print;
use crate::output::screen::Screen;

/// As they are in English.
const DOT_ENV: &str = include_str!("../../.env.example");
const ASSETS: &str = include_str!("../../data/assets.toml");

/// A file and what became of it.
#[derive(Serialize)]
struct InitFile {
    file: String,
    result: &'static str,
}

pub(super) fn run(config: &Config) -> Result<Answer> {
    let files = [
        (Path::new(".env"), dot_env(config.language)),
        (&*config.assets_file, with_comments(ASSETS, config.language)),
    ];
    let mut written = Vec::new();
    for (path, content) in files {
        let is_new = write_new(path, &content)
            .with_context(|| format!("cannot write {}", path.display()))?;
        written.push(InitFile {
            file: path.display().to_string(),
            result: if is_new {
                "written"
            } else {
                "was there, left as it is"
            },
        });
    }
    Ok(Answer::on_screen(written, text))
}

fn text(written: &[InitFile], screen: Screen<'_>) -> Result<String> {
    #[derive(Serialize)]
    struct Shown<'a> {
        file: &'a str,
        result: String,
    }
    let shown = written.iter().map(|InitFile { file, result }| Shown {
        file,
        result: screen.sentence(result),
    });
    Ok(
        print::table(&shown.collect::<Vec<_>>(), &["file", "result"])?
            + "Set DATABASE_URL and ALERT_URL in .env, look at the assets, then `pricestash doctor` says what is missing.\n",
    )
}

/// The settings. A scheduled run has no locale, so that the language is one of them.
fn dot_env(language: Language) -> String {
    let text = with_comments(DOT_ENV, language);
    match language {
        Language::English => text,
        Language::Korean => text.replace("\nPRICESTASH_LANG=\n", "\nPRICESTASH_LANG=ko\n"),
    }
}

/// Writes a file unless one is there; says whether it did.
fn write_new(path: &Path, content: &str) -> io::Result<bool> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        // Passwords will stand in it.
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(if path.ends_with(".env") { 0o600 } else { 0o666 });
    }
    match options.open(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e),
        Ok(mut file) => {
            file.write_all(content.as_bytes())?;
            file.sync_all()?;
            Ok(true)
        }
    }
}
