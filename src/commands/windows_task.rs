//! `windows-task`: writes the definition of the daily task for the Windows Task Scheduler.

use std::path::{Path, absolute};

use anyhow::{Context, Result};
use chrono::{Days, Local, NaiveDateTime, NaiveTime};
use quick_xml::escape::escape;

use super::answer::Answer;
use super::result_place::{XML, result_place, take_ending};
use crate::cli::WindowsTaskArgs;
use crate::config::Config;

/// Starts a missed run once the computer is on, runs on battery, does not wake the computer, runs once at a time, stops
/// after an hour, retries three times. Elements follow the order of the published schema (MS-TSCH, section 2.5).
const DEFINITION: &str = include_str!("windows_task.xml");

pub(super) fn run(args: &WindowsTaskArgs, config: &Config) -> Result<Answer> {
    let place = result_place(&args.output, &XML, take_ending(&XML), config)?;
    let script = absolute(&args.script).context("cannot resolve the path of the script")?;
    let xml = definition(
        &script,
        args.at,
        args.user.as_deref(),
        Local::now().naive_local(),
    );
    place
        .write(|to| Ok(to.write_all(&utf_16(&xml))?))
        .with_context(|| format!("cannot write {}", args.output.display()))?;
    Ok(Answer::text(String::new()))
}

/// The task that runs a script every day. With a user it runs even if nobody is logged on, which needs an
/// administrator; without one, only while the user who registers it is logged on.
fn definition(script: &Path, at: NaiveTime, user: Option<&str>, now: NaiveDateTime) -> String {
    let principal = match user {
        Some(user) => format!(
            "<UserId>{}</UserId>\n      <LogonType>S4U</LogonType>",
            escape(user)
        ),
        None => "<LogonType>InteractiveToken</LogonType>".to_owned(),
    };
    DEFINITION
        .replace(
            "{start}",
            &next(at, now).format("%Y-%m-%dT%H:%M:%S").to_string(),
        )
        .replace("{principal}", &principal)
        .replace("{script}", &escape(script.to_string_lossy()))
        .replace('\n', "\r\n")
}

/// The next occurrence of the time, so that registering the task does not count as a missed run.
fn next(at: NaiveTime, now: NaiveDateTime) -> NaiveDateTime {
    let today = now.date().and_time(at);
    let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
    if today > now { today } else { tomorrow }
}

/// UTF-16, as the Task Scheduler exports it; other encodings are read in the machine's code page.
fn utf_16(text: &str) -> Vec<u8> {
    let units = "\u{feff}".encode_utf16().chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use quick_xml::Reader;
    use quick_xml::escape::unescape;
    use quick_xml::events::Event;

    use super::*;

    /// Each element of the definition by the path to it, and its text.
    fn elements(xml: &str) -> Vec<(String, String)> {
        let mut reader = Reader::from_str(xml);
        let mut path: Vec<String> = Vec::new();
        let mut elements = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => {
                    path.push(start.name().as_ref().to_owned());
                    elements.push((path.join("/"), String::new()));
                }
                Event::End(_) => drop(path.pop()),
                Event::Text(text) if text.trim().is_empty() => {}
                Event::Text(text) => elements.last_mut().unwrap().1.push_str(&text),
                Event::GeneralRef(name) => {
                    let name = format!("&{};", &*name);
                    elements
                        .last_mut()
                        .unwrap()
                        .1
                        .push_str(&unescape(&name).unwrap());
                }
                Event::Eof => return elements,
                _ => {}
            }
        }
    }

    fn task(user: Option<&str>) -> Vec<(String, String)> {
        let at = NaiveTime::from_hms_opt(18, 0, 0).unwrap();
        let now = "2026-11-25T09:30:00".parse().unwrap();
        let script = Path::new(r"C:\가격 & 저장소\scripts\daily_collect.bat");
        elements(&definition(script, at, user, now))
    }

    #[test]
    fn it_says_when_and_how_the_task_runs() {
        let elements = task(None);
        for (path, text) in [
            (
                "Triggers/CalendarTrigger/StartBoundary",
                "2026-11-25T18:00:00",
            ),
            ("Triggers/CalendarTrigger/ScheduleByDay/DaysInterval", "1"),
            ("Settings/StartWhenAvailable", "true"),
            ("Settings/DisallowStartIfOnBatteries", "false"),
            ("Settings/StopIfGoingOnBatteries", "false"),
            ("Settings/WakeToRun", "false"),
            ("Settings/MultipleInstancesPolicy", "IgnoreNew"),
            ("Settings/ExecutionTimeLimit", "PT1H"),
            ("Settings/RestartOnFailure/Count", "3"),
            ("Principals/Principal/LogonType", "InteractiveToken"),
            (
                "Actions/Exec/Arguments",
                r#"/d /c ""C:\가격 & 저장소\scripts\daily_collect.bat"""#,
            ),
        ] {
            let path = format!("Task/{path}");
            assert!(
                elements.contains(&(path.clone(), text.to_owned())),
                "{path}: {elements:?}"
            );
        }
    }

    #[test]
    fn with_a_user_nobody_need_be_logged_on() {
        let elements = task(Some(r"PC\a&b"));
        let of = |name: &str| {
            let path = format!("Task/Principals/Principal/{name}");
            elements.iter().find(|(p, _)| *p == path).unwrap().1.clone()
        };
        assert_eq!(
            (of("UserId"), of("LogonType")),
            (r"PC\a&b".to_owned(), "S4U".to_owned())
        );
    }

    /// The children that the published schema gives each element, in their order.
    const SCHEMA: &str = "\
Task: RegistrationInfo Triggers Principals Settings Data Actions
RegistrationInfo: URI SecurityDescriptor Source Date Author Version Description Documentation
Triggers: BootTrigger RegistrationTrigger IdleTrigger TimeTrigger EventTrigger LogonTrigger SessionStateChangeTrigger CalendarTrigger
CalendarTrigger: Enabled StartBoundary EndBoundary Repetition ExecutionTimeLimit RandomDelay ScheduleByDay ScheduleByWeek ScheduleByMonth ScheduleByMonthDayOfWeek
ScheduleByDay: DaysInterval
Principals: Principal
Principal: UserId LogonType GroupId DisplayName RunLevel
Settings: AllowStartOnDemand RestartOnFailure MultipleInstancesPolicy DisallowStartIfOnBatteries StopIfGoingOnBatteries AllowHardTerminate StartWhenAvailable NetworkProfileName RunOnlyIfNetworkAvailable WakeToRun Enabled Hidden DeleteExpiredTaskAfter IdleSettings NetworkSettings ExecutionTimeLimit Priority RunOnlyIfIdle
RestartOnFailure: Interval Count
Actions: Exec ComHandler SendEmail ShowMessage
Exec: Command Arguments WorkingDirectory
";

    #[test]
    fn every_element_is_one_of_the_published_schema() {
        let place = |parent: &str, name: &str| {
            let line = SCHEMA
                .lines()
                .find_map(|l| l.strip_prefix(&format!("{parent}: ")));
            let mut children = line.unwrap_or_default().split(' ');
            children
                .position(|c| c == name)
                .unwrap_or_else(|| panic!("{parent} has no {name}"))
        };
        for elements in [task(None), task(Some("me"))] {
            assert!(elements.len() > 30);
            let mut last: HashMap<&str, usize> = HashMap::new();
            for (path, _) in elements.iter().skip(1) {
                let (above, name) = path.rsplit_once('/').unwrap();
                let place = place(above.rsplit('/').next().unwrap(), name);
                let before = last.insert(above, place);
                assert!(before.is_none_or(|b| b < place), "{path} stands too late");
            }
        }
    }

    #[test]
    fn the_first_run_is_the_next_one() {
        let at = NaiveTime::from_hms_opt(7, 30, 0).unwrap();
        for (now, first) in [
            ("2026-02-28T07:29:59", "2026-02-28T07:30:00"),
            ("2026-02-28T07:30:00", "2026-03-01T07:30:00"),
        ] {
            assert_eq!(next(at, now.parse().unwrap()), first.parse().unwrap());
        }
    }

    #[test]
    fn the_file_is_what_the_scheduler_exports() {
        assert_eq!(utf_16("가"), [0xff, 0xfe, 0x00, 0xac]);
    }
}
