//! `doctor`'s look at the staging file, and at where it is.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::commands::context::now;
use crate::domain::timestamp;
use crate::jobs::doctor::{self, Check};
use crate::staging::{self, Staging, StagingError};

/// Looks at the staging file; gives it where it can be asked.
pub(super) fn check(path: &Path) -> (Vec<Check>, Option<Staging>) {
    let found = match staging::diagnose(path) {
        Ok(found) => found,
        Err(error) => {
            return (vec![unusable(&error)], None);
        }
    };
    let mut checks = vec![doctor::staging_file(path, &found)];
    // Neither a damaged nor a locked file can be asked.
    if found.damage.is_some() || found.locked_by.is_some() {
        return (checks, None);
    }
    let looked = Staging::open_to_look(path).and_then(|staging| {
        let last = staging.as_ref().map(last_run).transpose()?;
        Ok((staging, last))
    });
    match looked {
        Ok((staging, last)) => {
            checks.extend(last);
            (checks, staging)
        }
        Err(error) => {
            checks.push(Check::fail(
                "last collect",
                format!("{error:#}"),
                "see the staging file above",
            ));
            (checks, None)
        }
    }
}

fn unusable(error: &anyhow::Error) -> Check {
    let remedy = match error.downcast_ref() {
        Some(StagingError::DiskFull { .. }) => "free some space on its disk",
        _ => "set STAGING_DB to a file that this user may write",
    };
    Check::fail("staging file", format!("{error:#}"), remedy)
}

fn last_run(staging: &Staging) -> Result<Check> {
    let runs = staging.last_runs(100)?;
    let collect = runs.iter().find(|r| r.job_name == "collect");
    let last =
        collect.and_then(|r| Some((r.status.as_str(), timestamp::from_text(&r.started_at)?)));
    Ok(doctor::last_run(last, now()))
}

/// Looks at the folder of the staging file and its disk.
pub(super) fn check_folder(path: &Path) -> Vec<Check> {
    let folder = staging::nearest_folder(path);
    let folder = fs::canonicalize(&folder).unwrap_or(folder);
    let mut checks = vec![doctor::staging_place(
        &folder,
        file_system(&folder).as_deref(),
    )];
    match fs4::available_space(&folder) {
        Ok(free) => checks.push(doctor::disk(&folder, free)),
        Err(error) => checks.push(Check::warn("disk space", format!("not known: {error}"), "")),
    }
    checks
}

/// What kind of file system a folder is on, where the system says it as Linux does.
fn file_system(folder: &Path) -> Option<String> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let on = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        // A blank in a path is written as an octal number.
        let point = fields.next()?.replace("\\040", " ");
        folder
            .starts_with(&point)
            .then(|| (point.len(), fields.next().map(str::to_owned)))
    });
    on.max_by_key(|(length, _)| *length)?.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_not_taken_for_a_missing_right() {
        let full = StagingError::DiskFull {
            what: "the staging file",
            file: "s.db".into(),
        };
        let full = anyhow::anyhow!("SQLite's words").context(full);
        let check = serde_json::to_string(&unusable(&full)).unwrap();
        assert!(
            check.contains("is full") && check.contains("free some space on"),
            "{check}"
        );
        let other = serde_json::to_string(&unusable(&anyhow::anyhow!("denied"))).unwrap();
        assert!(other.contains("that this user may write"), "{other}");
    }
}
