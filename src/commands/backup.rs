//! `backup`: copies the staging file, even while others write to it.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::answer::Answer;
use super::context::read_staging;
use super::own_files::refuse_own_file;
use super::result_place::{SQLITE, check_ending, take_ending};
use crate::cli::BackupArgs;
use crate::config::{Config, ConfigError};
use crate::staging::check_backup_target;

/// What was copied, and where.
#[derive(Serialize)]
pub(super) struct CopiedFile {
    pub(super) file: String,
    pub(super) bars: u64,
    pub(super) bytes: u64,
    /// Where the previous file is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kept_as: Option<String>,
}

pub(super) fn run(args: &BackupArgs, config: &Config) -> Result<Answer> {
    refuse_own_file("the backup", &args.file, config)?;
    if args.file == Path::new("-") {
        let why = "cannot write a backup to stdout; name a file";
        return Err(ConfigError(why.to_owned()).into());
    }
    check_ending("the backup", &args.file, &SQLITE, take_ending(&SQLITE))?;
    check_backup_target(&args.file, args.force)?;
    let copied = read_staging(config)?.backup(&args.file)?;
    let copy = CopiedFile {
        file: args.file.display().to_string(),
        bars: copied.bars,
        bytes: copied.bytes,
        kept_as: None,
    };
    let text = format!(
        "Wrote {} with {} bars, {} bytes; integrity check passed.\n",
        copy.file, copy.bars, copy.bytes
    );
    Ok(Answer::row(copy, text))
}
