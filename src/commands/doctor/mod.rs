//! `doctor`: one screen with what would stop tomorrow's run.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use super::Printed;
use super::context::{now, patience, read_assets};
use crate::cli::{DoctorArgs, Format};
use crate::config::Config;
use crate::domain::asset::Asset;
use crate::domain::timestamp;
use crate::domain::timestamp::millis;
use crate::jobs::doctor;
use crate::jobs::doctor::{Check, Verdict};
use crate::notify::{Discord, Webhook};
use crate::output::table;
use crate::staging::{self, Staging, Trouble};
use crate::warehouse::{Target, Warehouse, recognise};

mod schedule;
mod sources;

pub(super) fn run(args: &DoctorArgs, format: Format, config: &Config) -> Result<Printed> {
    let mut checks = vec![configuration(config)];
    let assets = match read_assets(&config.assets_file) {
        Ok(assets) => assets,
        Err(error) => {
            checks.push(Check::fail(
                "assets",
                format!("{error:#}"),
                "mend the file, or let `pricestash init` write one where there is none",
            ));
            Vec::new()
        }
    };
    let active: Vec<&Asset> = assets.iter().filter(|a| a.active).collect();
    if !assets.is_empty() {
        checks.push(count(&assets, &active));
    }
    let (found, staging) = staging_file(&config.staging_db);
    checks.extend(found);
    checks.extend(local(&config.staging_db, &active));
    checks.extend(warehouse(config, staging.as_ref()));
    if args.offline {
        checks.push(Check::ok("sources", "not asked, --offline"));
    } else {
        checks.extend(sources::check(config, &active));
    }
    checks.push(webhook(config, args.offline));
    checks.push(heartbeat(config));
    checks.push(schedule::check());
    let has_failed = checks.iter().any(|c| c.status == Verdict::Fail);
    let text = match format {
        Format::Json => table::json(&checks)?,
        Format::Table => screen(&checks),
    };
    Ok(Printed {
        text,
        exit_code: u8::from(has_failed),
    })
}

/// For people: a line for each check, and below it what to do.
fn screen(checks: &[Check]) -> String {
    let width = checks.iter().map(|c| c.check.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for Check {
        check,
        status,
        detail,
        remedy,
    } in checks
    {
        let detail: String = detail
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        text.push_str(&format!(
            "{:<4}  {check:<width$}  {detail}\n",
            status.name()
        ));
        if !remedy.is_empty() {
            text.push_str(&format!("      {:<width$}  → {remedy}\n", ""));
        }
    }
    let count = |verdict| checks.iter().filter(|c| c.status == verdict).count();
    text.push_str(&format!(
        "\n{} OK, {} WARN, {} FAIL\n",
        count(Verdict::Ok),
        count(Verdict::Warn),
        count(Verdict::Fail)
    ));
    text
}

fn configuration(config: &Config) -> Check {
    const NAME: &str = "configuration";
    let set: Vec<String> = config
        .set
        .iter()
        .map(|s| format!("{}={} ({})", s.name, s.shown, s.origin))
        .collect();
    let detail = match set.is_empty() {
        true => "every variable has its default".to_owned(),
        false => format!("{}; the others have their defaults", set.join(", ")),
    };
    match config.warnings.is_empty() {
        true => Check::ok(NAME, detail),
        false => Check::warn(NAME, detail, &config.warnings.join("; ")),
    }
}

fn count(assets: &[Asset], active: &[&Asset]) -> Check {
    let detail = format!("{} assets, {} of them active", assets.len(), active.len());
    match active.is_empty() {
        true => Check::fail("assets", detail, "`pricestash assets enable` one"),
        false => Check::ok("assets", detail),
    }
}

/// Looks at the staging file; gives it where it can be asked.
fn staging_file(path: &Path) -> (Vec<Check>, Option<Staging>) {
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
        Some(Trouble::DiskFull { .. }) => "make room on its disk",
        _ => "set STAGING_DB to a file that this user may write",
    };
    Check::fail("staging file", format!("{error:#}"), remedy)
}

/// What else can be seen on this machine.
fn local(path: &Path, active: &[&Asset]) -> Vec<Check> {
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
    checks.extend(calendars(active));
    checks
}

fn last_run(staging: &Staging) -> Result<Check> {
    let runs = staging.last_runs(100)?;
    let collect = runs.iter().find(|r| r.job_name == "collect");
    let last =
        collect.and_then(|r| Some((r.status.as_str(), timestamp::from_text(&r.started_at)?)));
    Ok(doctor::last_run(last, now()))
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

fn calendars(active: &[&Asset]) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for calendar in active.iter().map(|a| &a.calendar) {
        if let Some(end) = calendar.known_until() {
            let today = now().with_timezone(&calendar.zone()).date_naive();
            let check = doctor::calendar(calendar.name(), end, today);
            if !checks.contains(&check) {
                checks.push(check);
            }
        }
    }
    checks
}

fn warehouse(config: &Config, staging: Option<&Staging>) -> Vec<Check> {
    const NAME: &str = "warehouse";
    let Some(url) = &config.sync.database_url else {
        return vec![Check::warn(
            NAME,
            "DATABASE_URL is not set, everything stays in the staging file",
            "set it when you have a PostgreSQL",
        )];
    };
    let target = match Target::parse(url, config.sync.tls_mode) {
        Ok(target) => target,
        Err(error) => return vec![Check::fail(NAME, error.0, "mend DATABASE_URL")],
    };
    let place = target.place();
    let failed = |failure: &dyn std::fmt::Display| {
        vec![Check::fail(
            NAME,
            format!("{place}: {failure}"),
            "look at DATABASE_URL, the server, the network and its firewall",
        )]
    };
    let mut warehouse = match Warehouse::connect(&target, patience(config)) {
        Ok(warehouse) => warehouse,
        Err(failure) => return failed(&failure),
    };
    let asked = Instant::now();
    let found = match warehouse.diagnose() {
        Ok(found) => found,
        Err(failure) => return failed(&failure),
    };
    let round_trip = millis(asked.elapsed());
    let mut checks = doctor::warehouse(&place, &found, now(), round_trip);
    if let Err(failure) = warehouse.check_tables() {
        checks.push(Check::fail(
            "warehouse columns",
            failure.to_string(),
            "change the table as it says",
        ));
    }
    if let Err(error) = recognise_warehouse(&mut warehouse, staging) {
        checks.push(Check::fail(
            "warehouse identity",
            format!("{error:#}"),
            "mend DATABASE_URL, or let `pricestash sync --full` send everything to this one",
        ));
    }
    checks
}

/// Sees to it that this is the warehouse that the rows were sent to before, as `sync` does.
fn recognise_warehouse(warehouse: &mut Warehouse, staging: Option<&Staging>) -> Result<()> {
    // Where the staging file cannot be asked, its own check says why.
    let expected = staging.map(Staging::recognised_warehouse).transpose()?;
    let expected = expected.flatten();
    let found = warehouse.identity(expected.as_deref())?;
    Ok(recognise(expected.as_deref(), &found)?)
}

fn webhook(config: &Config, offline: bool) -> Check {
    const NAME: &str = "webhook";
    let Some(url) = &config.tell.webhook else {
        return Check::warn(
            NAME,
            "ALERT_WEBHOOK_URL is not set or malformed, nobody is told of a failure",
            "set it to a Discord webhook",
        );
    };
    if offline {
        return Check::ok(NAME, "set, not asked, --offline");
    }
    match Discord::new(url).look() {
        Webhook::Known => Check::ok(NAME, "Discord knows it; nothing was posted"),
        Webhook::Unknown(said) => Check::fail(
            NAME,
            said,
            "make a new webhook in the channel's settings and set ALERT_WEBHOOK_URL",
        ),
        Webhook::Unclear(said) => Check::warn(
            NAME,
            format!("whether it takes alerts is not known without posting: {said}"),
            "",
        ),
    }
}

fn heartbeat(config: &Config) -> Check {
    match &config.tell.heartbeat {
        Some(_) => Check::ok("heartbeat", "set, not pinged"),
        None => Check::warn(
            "heartbeat",
            "HEARTBEAT_URL is not set, nobody notices when the task never runs",
            "set it to a check of healthchecks.io or a like",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_not_taken_for_a_missing_right() {
        let full = Trouble::DiskFull {
            what: "the staging file",
            file: "s.db".into(),
        };
        let full = anyhow::anyhow!("SQLite's words").context(full);
        let check = serde_json::to_string(&unusable(&full)).unwrap();
        assert!(
            check.contains("is full") && check.contains("make room on"),
            "{check}"
        );
        let other = serde_json::to_string(&unusable(&anyhow::anyhow!("denied"))).unwrap();
        assert!(other.contains("that this user may write"), "{other}");
    }
}
