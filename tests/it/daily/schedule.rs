//! What runs the daily script every day: the Task Scheduler on Windows, systemd elsewhere.

use std::fs;

use crate::support::install::Install;
use crate::support::program::Ran;
use crate::support::repository;

/// Puts a file of the repository where a package has it, unless this is one.
fn add(install: &Install, file: &str) {
    let path = install.path(file);
    if path.exists() {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::copy(repository(file), path).unwrap();
}

fn assert_ended(ran: &Ran, code: i32, words: &[&str]) {
    for word in words {
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(word), "{word:?} is not in {ran:?}");
    }
    assert_eq!(ran.code, code, "{ran:?}");
}

#[cfg(windows)]
mod task_scheduler {
    use std::path::Path;

    use super::*;

    const REGISTER: &str = "scripts/register_scheduler.bat";
    /// Where the Task Scheduler keeps the task.
    const TASK: &str = r"C:\Windows\System32\Tasks\Pricestash_DailyCollect";

    fn task() -> String {
        let bytes = fs::read(TASK).unwrap();
        // Windows keeps it in UTF-16, Wine in UTF-8.
        if !bytes.starts_with(&[0xff, 0xfe]) {
            return String::from_utf8(bytes).unwrap();
        }
        let units = bytes
            .chunks_exact(2)
            .map(|b| u16::from_le_bytes([b[0], b[1]]));
        char::decode_utf16(units).map(Result::unwrap).collect()
    }

    /// That the scheduler has the task as it was defined. Wine takes it, but keeps neither its trigger nor its action.
    fn assert_keeps(install: &Install, at: &str) {
        let xml = task();
        assert!(xml.contains("<StartWhenAvailable>true"), "{xml}");
        if xml.contains("created by Wine") {
            return;
        }
        let script = install.path("scripts").join("daily_collect.bat");
        let script = script
            .to_str()
            .unwrap()
            .replace('/', "\\")
            .replace('&', "&amp;");
        for part in [&script, &format!("T{at}:00</StartBoundary>")] {
            assert!(xml.contains(part), "{part} is not in {xml}");
        }
    }

    /// Only where the task of that name is nobody's: the test replaces and removes it.
    fn may_register() -> bool {
        std::env::var_os("PRICESTASH_TEST_SCHEDULER").is_some_and(|v| v == "1")
    }

    fn install() -> Install {
        let install = Install::new();
        add(&install, REGISTER);
        install.with("USERDOMAIN", "PC").with("USERNAME", "me")
    }

    #[test]
    fn the_task_is_registered_replaced_and_removed_without_a_question() {
        if !may_register() {
            return;
        }
        let install = install();
        let run = |arguments: &[&str]| install.start(REGISTER, arguments).wait();
        assert_ended(&run(&[]), 0, &["every day at 18:00"]);
        assert_keeps(&install, "18:00");
        assert_ended(&run(&["07:30"]), 0, &["every day at 07:30"]);
        assert_keeps(&install, "07:30");
        assert_ended(&run(&["/unregister"]), 0, &["removed"]);
        assert!(!Path::new(TASK).exists());
    }

    #[test]
    fn a_time_that_is_none_is_refused() {
        for time in ["25:00", "6pm", "18:00:00"] {
            let ran = install().start(REGISTER, &[time]).wait();
            assert_ended(&ran, 2, &[time, "18:00"]);
        }
        let ran = install().start(REGISTER, &["18:00", "19:00"]).wait();
        assert_ended(&ran, 2, &["Too many arguments", "/unregister"]);
    }
}

#[cfg(unix)]
mod systemd {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const INSTALLER: &str = "scripts/install_systemd.sh";

    /// An installation with a systemctl that only says what it is asked, and units in a folder of their own.
    fn install() -> Install {
        let install = Install::new();
        let units = ["pricestash.service", "pricestash.timer"];
        for unit in units {
            add(&install, &format!("scripts/systemd/{unit}"));
        }
        add(&install, INSTALLER);
        for (name, text) in [
            ("systemctl", "echo systemctl \"$@\""),
            ("loginctl", "exit 1"),
        ] {
            let path = format!("bin/{name}");
            install.write(&path, format!("#!/bin/sh\n{text}\n"));
            fs::set_permissions(install.path(&path), PermissionsExt::from_mode(0o755)).unwrap();
        }
        let folder = install.elsewhere().to_str().unwrap().to_owned();
        let bin = install.path("bin");
        install
            .with("PATH", &format!("{}:/usr/bin:/bin", bin.display()))
            .with("DESTDIR", &folder)
            .with("XDG_CONFIG_HOME", &format!("{folder}/config"))
    }

    /// A unit, of the system when this runs as root and of the user otherwise.
    fn unit(install: &Install, name: &str) -> Option<String> {
        let places = ["etc/systemd/system", "config/systemd/user"];
        let paths = places.map(|p| install.elsewhere().join(p).join(name));
        paths.iter().find_map(|path| fs::read_to_string(path).ok())
    }

    #[test]
    fn service_and_timer_are_installed_and_removed() {
        let install = install();
        let run = |arguments: &[&str]| install.start(INSTALLER, arguments).wait();
        let ran = run(&["07:30"]);
        assert_ended(
            &ran,
            0,
            &[
                "every day at 07:30",
                "daemon-reload",
                "enable --now pricestash.timer",
            ],
        );
        let timer = unit(&install, "pricestash.timer").unwrap();
        assert!(
            timer.contains("\nOnCalendar=*-*-* 07:30:00\n")
                && timer.contains("\nPersistent=true\n"),
            "{timer}"
        );
        let service = unit(&install, "pricestash.service").unwrap();
        let script = install.path("scripts/daily_collect.sh");
        let start = format!("\nExecStart=/bin/bash \"{}\"\n", script.display());
        assert!(
            service.contains(&start) && !service.contains('@'),
            "{service}"
        );
        assert_ended(
            &run(&["--uninstall"]),
            0,
            &["disable --now pricestash.timer", "removed"],
        );
        assert!(
            unit(&install, "pricestash.timer").is_none()
                && unit(&install, "pricestash.service").is_none()
        );
    }

    #[test]
    fn a_time_that_is_none_is_refused() {
        for time in ["25:00", "6pm", "18:00:00"] {
            let install = install();
            assert_ended(
                &install.start(INSTALLER, &[time]).wait(),
                2,
                &[time, "18:00"],
            );
            assert!(unit(&install, "pricestash.timer").is_none());
        }
    }
}
