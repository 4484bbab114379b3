//! The program as it lies on a user's disk, with its scripts, in a folder whose name makes trouble.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use tempfile::TempDir;

use super::program::{Ran, Running};
use super::repository;

/// The program's file name.
pub(crate) const PROGRAM: &str = if cfg!(windows) {
    "pricestash.exe"
} else {
    "pricestash"
};

/// The daily script of this system.
pub(crate) const DAILY: &str = if cfg!(windows) {
    "scripts/daily_collect.bat"
} else {
    "scripts/daily_collect.sh"
};

/// A folder with the program, and an environment that holds nothing but the given variables and what a system needs.
pub(crate) struct Install {
    parent: TempDir,
    variables: BTreeMap<String, String>,
}

impl Install {
    /// What a package has: of `PRICESTASH_PACKAGE` (an unpacked one) when it is set, else of the repository.
    pub(crate) fn new() -> Self {
        let install = Self {
            parent: tempfile::tempdir().unwrap(),
            variables: BTreeMap::new(),
        };
        match env::var_os("PRICESTASH_PACKAGE") {
            Some(package) => copy_folder(Path::new(&package), &install.path("")),
            None => install.copy_repository(),
        }
        install
            // English, also on a Korean Windows.
            .with("LC_MESSAGES", "C")
            .with("FETCH_HOST_INTERVAL", "0")
            .with("FETCH_MAX_RETRIES", "1")
            .with("SYNC_MAX_RETRIES", "1")
    }

    fn copy_repository(&self) {
        copy_folder(&repository("data/sample"), &self.path("data/sample"));
        fs::create_dir(self.path("scripts")).unwrap();
        for file in ["data/assets.toml", DAILY] {
            fs::copy(repository(file), self.path(file)).unwrap();
        }
        fs::copy(env!("CARGO_BIN_EXE_pricestash"), self.path(PROGRAM)).unwrap();
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The same with a folder of it on PATH.
    pub(crate) fn with_on_path(self, folder: &str) -> Self {
        let folder = self.path(folder);
        let folders = env::split_paths(&system_path())
            .chain([folder])
            .collect::<Vec<_>>();
        let path = env::join_paths(folders).unwrap().into_string().unwrap();
        self.with("PATH", &path)
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.parent.path().join("가격 저장소 & (새것)").join(name)
    }

    /// Another folder beside it.
    pub(crate) fn elsewhere(&self) -> &Path {
        self.parent.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Moves the program to another place in the folder.
    pub(crate) fn move_program(&self, to: &str) {
        let to = self.path(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(self.path(PROGRAM), to).unwrap();
    }

    /// Starts a script of the folder, from a folder that is not its own.
    pub(crate) fn start(&self, script: &str, arguments: &[&str]) -> Running {
        self.start_from(self.elsewhere(), script, arguments)
    }

    /// Starts a program of the folder, in the folder.
    pub(crate) fn start_in_folder(&self, program: &str, arguments: &[&str]) -> Running {
        self.start_from(&self.path(""), program, arguments)
    }

    fn start_from(&self, folder: &Path, program: &str, arguments: &[&str]) -> Running {
        let mut command = Command::new(self.path(program));
        command
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .stdin(Stdio::null());
        for name in ["SystemRoot", "TEMP", "ComSpec", "PATHEXT"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        // A program that is installed on this machine is not meant.
        command.env("PATH", system_path());
        command.env("HOME", self.elsewhere());
        command.envs(&self.variables);
        Running::of(command)
    }

    pub(crate) fn daily(&self, arguments: &[&str]) -> Ran {
        self.start(DAILY, arguments).wait()
    }

    /// The day's log; there must be one only.
    pub(crate) fn log(&self) -> String {
        let logs = self.logs();
        assert_eq!(logs.len(), 1, "{logs:?}");
        fs::read_to_string(self.path("logs").join(&logs[0])).unwrap()
    }

    /// The names of the log files.
    pub(crate) fn logs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("logs")).unwrap();
        entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

/// Where the system's own programs lie.
fn system_path() -> OsString {
    match env::var_os("SystemRoot") {
        Some(root) => Path::new(&root).join("System32").into(),
        None => "/usr/bin:/bin".into(),
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
