//! `backup`: the staging file is copied while others may write to it.

use anyhow::Result;
use serde::Serialize;

use super::answer::Answer;
use super::context::read_staging;
use super::own_files::refuse_own_file;
use crate::cli::BackupArgs;
use crate::config::Config;
use crate::staging::check_backup_target;

/// What was copied where.
#[derive(Serialize)]
pub(super) struct CopiedFile {
    pub(super) file: String,
    pub(super) bars: u64,
    pub(super) bytes: u64,
    /// Where what was there before is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kept_as: Option<String>,
}

pub(super) fn run(args: &BackupArgs, config: &Config) -> Result<Answer> {
    refuse_own_file("the backup", &args.file, config)?;
    check_backup_target(&args.file, args.force)?;
    let copied = read_staging(config)?.backup(&args.file)?;
    let copy = CopiedFile {
        file: args.file.display().to_string(),
        bars: copied.bars,
        bytes: copied.bytes,
        kept_as: None,
    };
    let text = format!(
        "Wrote {} with {} bars, {} bytes; SQLite finds it sound.\n",
        copy.file, copy.bars, copy.bytes
    );
    Ok(Answer::row(copy, text))
}
