//! What a command prints, and with which exit code it ends.

use anyhow::{Context, Result};

/// What a command prints, and its exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// For stdout.
    pub text: String,
    /// 0 success, 1 failure, 3 partial failure.
    pub exit_code: u8,
}

impl Printed {
    pub(super) fn success(text: String) -> Self {
        Self { text, exit_code: 0 }
    }

    /// Text that somebody else wrote as bytes.
    pub(super) fn utf_8(text: Vec<u8>) -> Result<Self> {
        String::from_utf8(text)
            .map(Self::success)
            .context("the text is not UTF-8")
    }
}

/// A table, and below it what is said of single assets.
pub(super) fn with_remarks<'a>(
    mut table: String,
    remarks: impl Iterator<Item = (&'a str, &'a str)>,
    dry_run: bool,
) -> String {
    for (asset, remark) in remarks {
        table.push_str(&format!("{asset}: {remark}\n"));
    }
    if dry_run {
        table.push_str("This was a dry run: nothing was written.\n");
    }
    table
}
