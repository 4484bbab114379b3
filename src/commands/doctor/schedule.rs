//! Whether something runs the daily task: Windows' task scheduler, a systemd timer, cron.

use std::collections::HashMap;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::jobs::doctor::Check;

const NAME: &str = "scheduled task";
/// As scripts/register_scheduler.bat calls it.
const TASK: &str = "Pricestash_DailyCollect";
/// As scripts/install_systemd.sh calls it.
const UNIT: &str = "pricestash";
/// What a system's own program may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the system says about the daily task.
pub(super) fn check() -> Check {
    if cfg!(windows) {
        let answer = output(
            "schtasks",
            &["/query", "/tn", TASK, "/fo", "CSV", "/v", "/nh"],
        );
        return answer.as_deref().and_then(of_schtasks).unwrap_or_else(|| {
            Check::warn(
                NAME,
                format!("Windows has no task {TASK}"),
                r"run scripts\register_scheduler.bat once",
            )
        });
    }
    for scope in [&["--user"][..], &[]] {
        let show = |unit: &str, properties: &str| {
            output(
                "systemctl",
                &[scope, &["show", unit, "-p", properties]].concat(),
            )
        };
        let timer = show(&format!("{UNIT}.timer"), "LoadState,ActiveState");
        let service = show(
            &format!("{UNIT}.service"),
            "Result,ExecMainStatus,ExecMainStartTimestamp",
        );
        if let Some(check) = of_systemd(&timer.unwrap_or_default(), &service.unwrap_or_default()) {
            return check;
        }
    }
    let cron = output("crontab", &["-l"]).unwrap_or_default();
    let line = |l: &&str| {
        let l = l.trim_start();
        !l.starts_with('#') && (l.contains("daily_collect") || l.contains("pricestash"))
    };
    match cron.lines().find(line) {
        Some(line) => Check::ok(NAME, format!("cron: {}", line.trim())),
        None => Check::warn(
            NAME,
            "there is no systemd timer pricestash.timer and no line of this user's crontab",
            "run scripts/install_systemd.sh, or let cron run scripts/daily_collect.sh",
        ),
    }
}

/// From a line of `schtasks /fo CSV /v /nh`: its columns keep their order in every language.
fn of_schtasks(csv_line: &str) -> Option<Check> {
    const NEXT_RUN: usize = 2;
    const LAST_RUN: usize = 5;
    const LAST_RESULT: usize = 6;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(csv_line.as_bytes());
    let record = reader.records().next()?.ok()?;
    let (next, last, result) = (
        record.get(NEXT_RUN)?,
        record.get(LAST_RUN)?,
        record.get(LAST_RESULT)?,
    );
    let detail =
        format!("Windows task {TASK}: next run {next}, last run {last} with result {result}");
    // 267009 (0x41301): it runs right now; 267011 (0x41303): it has not run yet.
    Some(match result.trim() {
        "0" | "267009" | "267011" => Check::ok(NAME, detail),
        _ => Check::warn(NAME, detail, "the newest file in logs says why"),
    })
}

/// From the properties of the timer and of its service; `None` where there is no such timer.
fn of_systemd(timer: &str, service: &str) -> Option<Check> {
    let properties = |text: &str| -> HashMap<String, String> {
        let pairs = text.lines().filter_map(|l| l.split_once('='));
        pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
    };
    let (timer, service) = (properties(timer), properties(service));
    if timer.get("LoadState").is_none_or(|s| s != "loaded") {
        return None;
    }
    let of = |name: &str| service.get(name).map_or("", String::as_str);
    let last = match of("ExecMainStartTimestamp") {
        "" => "it has not run yet".to_owned(),
        at => format!("last run {at}, exit code {}", of("ExecMainStatus")),
    };
    let detail = format!("systemd timer {UNIT}.timer: {last}");
    let is_active = timer.get("ActiveState").is_some_and(|s| s == "active");
    Some(match (is_active, of("ExecMainStatus")) {
        (false, _) => Check::fail(
            NAME,
            format!("the systemd timer {UNIT}.timer is not active"),
            "systemctl enable --now pricestash.timer, with --user for a user's timer",
        ),
        (true, "" | "0") => Check::ok(NAME, detail),
        (true, _) => Check::warn(
            NAME,
            detail,
            "`pricestash status` or the newest file in logs says why",
        ),
    })
}

/// What a program of the system prints; `None` when it is not there, fails, or takes too long.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut pipe = child.stdout.take()?;
    let reading = thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).map(|_| bytes)
    });
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(20)),
            _ => {
                drop(child.kill());
                drop(child.wait());
                return None;
            }
        }
    };
    let bytes = reading.join().ok()?.ok()?;
    status
        .success()
        .then(|| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::doctor::Verdict;

    #[test]
    fn a_windows_task_is_read_by_its_columns_whatever_the_language() {
        let line = |result: &str| {
            format!(
                "\"PC\",\"\\Pricestash_DailyCollect\",\"2026-11-26 오후 6:00:00\",\"준비\",\"대화형만\",\"2026-11-25 오후 6:00:01\",\"{result}\",\"me\",\"C:\\p\\daily.bat\"\r\n"
            )
        };
        for (result, verdict) in [
            ("0", Verdict::Ok),
            ("267011", Verdict::Ok),
            ("1", Verdict::Warn),
            ("-2147024894", Verdict::Warn),
        ] {
            let check = of_schtasks(&line(result)).unwrap();
            assert_eq!(check.status, verdict);
            assert!(check.detail.contains("2026-11-25") && check.detail.contains(result));
        }
        assert_eq!(
            of_schtasks("ERROR: The system cannot find the file specified.\n"),
            None
        );
        assert_eq!(of_schtasks(""), None);
    }

    #[test]
    fn a_systemd_timer_is_read_by_its_properties() {
        let timer = "LoadState=loaded\nActiveState=active\n";
        let service = |status: &str| {
            format!(
                "Result=x\nExecMainStatus={status}\nExecMainStartTimestamp=Wed 2026-11-25 18:00:00 KST\n"
            )
        };
        for (timer, service, verdict) in [
            (timer, service("0"), Some(Verdict::Ok)),
            (timer, service("3"), Some(Verdict::Warn)),
            (
                timer,
                "ExecMainStatus=0\nExecMainStartTimestamp=\n".to_owned(),
                Some(Verdict::Ok),
            ),
            (
                "LoadState=loaded\nActiveState=inactive\n",
                service("0"),
                Some(Verdict::Fail),
            ),
            (
                "LoadState=not-found\nActiveState=inactive\n",
                String::new(),
                None,
            ),
            ("", String::new(), None),
        ] {
            assert_eq!(of_systemd(timer, &service).map(|c| c.status), verdict);
        }
    }
}
