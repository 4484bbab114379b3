//! `doctor`: what would stop tomorrow's run, judged from facts. Pure.

use std::path::Path;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::domain::answer::Said;
use crate::domain::asset::{Asset, SourceEntry};
use crate::domain::misfit::{misfit, other_currency};
use crate::staging;

mod check;
mod warehouse;

pub(crate) use check::{Check, Verdict};
pub(crate) use warehouse::warehouse;

/// The staging file.
#[must_use]
pub(crate) fn staging_file(path: &Path, found: &staging::Diagnosis) -> Check {
    const NAME: &str = "staging file";
    let place = path.display();
    if let Some(damage) = &found.damage {
        return Check::fail(
            NAME,
            format!("{place} is damaged: {damage}"),
            "`pricestash restore` a backup; keep the damaged file, sqlite3's .recover may save the newest rows",
        );
    }
    if !found.can_wal {
        return Check::fail(
            NAME,
            format!("SQLite cannot keep a write-ahead log beside {place}"),
            "set STAGING_DB to a folder on a disk of this machine",
        );
    }
    if let Some(holder) = &found.locked_by {
        return Check::warn(
            NAME,
            format!("{place} is locked by {holder}"),
            "let that end, or close the program that has the file open for writing",
        );
    }
    let state = match found.bytes {
        None => format!("{place} is not there yet and can be made"),
        Some(bytes) => format!("{place} is sound and writable, {}", megabytes(bytes)),
    };
    let detail = match found.log_bytes {
        0 => state,
        log => format!(
            "{state}, {} of it in its write-ahead log, which a copy of the file alone lacks",
            megabytes(log)
        ),
    };
    Check::ok(NAME, detail)
}

/// Where the staging file lies: `file_system` is the system's name of what it is on, where that is known.
#[must_use]
pub(crate) fn staging_place(path: &Path, file_system: Option<&str>) -> Check {
    const NAME: &str = "staging folder";
    const REMEDY: &str =
        "set STAGING_DB to a folder on a disk of this machine that no program synchronises";
    const NETWORK: [&str; 9] = [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "fuse.sshfs",
        "afpfs",
        "fuse.rclone",
    ];
    let text = path.display().to_string();
    if let Some(network) = file_system.filter(|f| NETWORK.contains(f)) {
        return Check::fail(
            NAME,
            format!("{text} is on a network folder ({network}), where SQLite's locks do not hold"),
            REMEDY,
        );
    }
    if text.starts_with(r"\\") && !text.starts_with(r"\\?\") || text.starts_with(r"\\?\UNC\") {
        return Check::fail(
            NAME,
            format!("{text} is on a network folder, where SQLite's locks do not hold"),
            REMEDY,
        );
    }
    if let Some(cloud) = text.split(['/', '\\']).find(|part| is_of_a_cloud(part)) {
        return Check::warn(
            NAME,
            format!(
                "{text} is in a folder that is copied to a cloud ({cloud}), which may copy half a transaction"
            ),
            REMEDY,
        );
    }
    Check::ok(NAME, format!("{text} is on a disk of this machine"))
}

/// Whether a folder is one that a program copies to a cloud: its names as the programs give them, in English, as macOS has them
/// (`OneDrive-Personal` below `CloudStorage`), in Korean and in some other languages.
fn is_of_a_cloud(folder: &str) -> bool {
    const NAMES: [&str; 43] = [
        "onedrive",
        "원드라이브",
        "skydrive",
        "dropbox",
        "드롭박스",
        "google drive",
        "googledrive",
        "google 드라이브",
        "구글 드라이브",
        "구글드라이브",
        "googleドライブ",
        "my drive",
        "내 드라이브",
        "マイドライブ",
        "我的云端硬盘",
        "meine ablage",
        "mon drive",
        "mi unidad",
        "drivefs",
        "icloud",
        "icloud drive",
        "iclouddrive",
        "아이클라우드",
        "com~apple~clouddocs",
        "mobile documents",
        "cloudstorage",
        "mybox",
        "마이박스",
        "네이버 마이박스",
        "naver mybox",
        "nextcloud",
        "owncloud",
        "mega",
        "megasync",
        "pcloud",
        "pclouddrive",
        "box sync",
        "yandex.disk",
        "synologydrive",
        "synology drive",
        "seafile",
        "proton drive",
        "kdrive",
    ];
    let folder = decomposed(&folder.to_lowercase());
    NAMES.iter().map(|name| decomposed(name)).any(|name| {
        let behind = folder.strip_prefix(&name);
        // `OneDrive - Firm`, `Dropbox (Personal)`, `GoogleDrive-me@example.com`.
        behind.is_some_and(|b| b.is_empty() || b.starts_with([' ', '-', '(', '_']))
    })
}

/// A text whose Hangul syllables are taken apart, as macOS writes them in names. The numbers are Unicode's (chapter 3.12).
fn decomposed(text: &str) -> String {
    let part = |base: u32, number: u32| char::from_u32(base + number);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c).checked_sub(0xAC00).filter(|s| *s < 11_172) {
            Some(syllable) => {
                out.extend(part(0x1100, syllable / 588));
                out.extend(part(0x1161, syllable % 588 / 28));
                out.extend(part(0x11A7, syllable % 28).filter(|_| syllable % 28 > 0));
            }
            None => out.push(c),
        }
    }
    out
}

/// The free room on a disk.
#[must_use]
pub(crate) fn disk(folder: &Path, free: u64) -> Check {
    const NAME: &str = "disk space";
    const REMEDY: &str = "free some space; `pricestash prune` removes what is old";
    let detail = format!("{} free at {}", megabytes(free), folder.display());
    match free >> 20 {
        0..100 => Check::fail(NAME, detail, REMEDY),
        100..1000 => Check::warn(NAME, detail, REMEDY),
        _ => Check::ok(NAME, detail),
    }
}

fn megabytes(bytes: u64) -> String {
    match bytes >> 20 {
        0 => format!("{} kB", bytes >> 10),
        mb => format!("{mb} MB"),
    }
}

/// The last day that a calendar knows; `hidden_until` is that of the program's own list, where a file of the user's is in its
/// place and ends earlier.
#[must_use]
pub(crate) fn calendar(
    name: &str,
    known_until: NaiveDate,
    hidden_until: Option<NaiveDate>,
    today: NaiveDate,
) -> Check {
    /// As `healthcheck` warns.
    const SOON: TimeDelta = TimeDelta::days(60);
    let check = format!("calendar {name}");
    let detail = format!("closed days are known until {known_until}");
    let remedy =
        format!("a newer pricestash has more, or write them into data/calendars/{name}.toml");
    if let Some(longer) = hidden_until {
        let remedy = format!(
            "remove data/calendars/{name}.toml, or leave only your own lines in it: the program's list is known until {longer}"
        );
        return Check::warn(&check, detail, &remedy);
    }
    match known_until - today {
        left if left < SOON => Check::warn(&check, detail, &remedy),
        _ => Check::ok(&check, detail),
    }
}

/// What a source of an asset said last otherwise than the assets file says.
#[must_use]
pub(crate) fn misfits(
    asset: &Asset,
    entry: &SourceEntry,
    said: &Said,
    today: NaiveDate,
) -> Vec<Check> {
    let name = format!("asset {}", asset.id);
    let about = |why: String, remedy: &str| {
        let detail = format!("{}: {why}", entry.stored_as);
        Check::warn(&name, detail, remedy)
    };
    let calendar = misfit(asset, entry, said, today).map(|why| {
        about(
            why,
            "change its calendar in the assets file; `pricestash assets --calendars` lists them",
        )
    });
    let currency =
        other_currency(entry, said).map(|why| about(why, "change its currency in the assets file"));
    calendar.into_iter().chain(currency).collect()
}

/// The newest run of `collect`: how it ended and when it began.
#[must_use]
pub(crate) fn last_run(last: Option<(&str, DateTime<Utc>)>, now: DateTime<Utc>) -> Check {
    const NAME: &str = "last collect";
    let Some((status, at)) = last else {
        return Check::warn(
            NAME,
            "there was none yet",
            "run `pricestash collect`, then let it run every day",
        );
    };
    let detail = format!("{status}, at {}", at.format("%Y-%m-%d %H:%M UTC"));
    match (now - at, status) {
        (age, _) if age > TimeDelta::hours(50) => Check::warn(
            NAME,
            detail,
            "the daily task does not run; look at the scheduled task",
        ),
        (_, "success" | "running") => Check::ok(NAME, detail),
        _ => Check::warn(NAME, detail, "`pricestash status` says why"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_or_a_synced_folder_is_no_place_for_the_file() {
        for (path, file_system, verdict) in [
            ("/home/me/prices/staging.db", Some("ext4"), Verdict::Ok),
            ("/mnt/nas/staging.db", Some("nfs4"), Verdict::Fail),
            (r"\\nas\prices\staging.db", None, Verdict::Fail),
            (r"\\?\UNC\nas\prices\staging.db", None, Verdict::Fail),
            (r"\\?\C:\prices\staging.db", None, Verdict::Ok),
            (
                r"C:\Users\me\OneDrive - Firm\staging.db",
                None,
                Verdict::Warn,
            ),
            ("/home/me/Dropbox/staging.db", Some("ext4"), Verdict::Warn),
            ("/home/me/omega/staging.db", None, Verdict::Ok),
            (r"G:\내 드라이브\staging.db", None, Verdict::Warn),
            (
                r"C:\Users\me\OneDrive - 회사\문서\staging.db",
                None,
                Verdict::Warn,
            ),
            (
                r"C:\Users\me\네이버 마이박스\staging.db",
                None,
                Verdict::Warn,
            ),
            // As macOS writes it.
            (
                "/Users/me/Google \u{1103}\u{1173}\u{1105}\u{1161}\u{110b}\u{1175}\u{1107}\u{1173}/staging.db",
                None,
                Verdict::Warn,
            ),
            (
                "/Users/me/Library/CloudStorage/GoogleDrive-me@example.com/x/staging.db",
                None,
                Verdict::Warn,
            ),
            (
                "/Users/me/Library/Mobile Documents/com~apple~CloudDocs/staging.db",
                None,
                Verdict::Warn,
            ),
            (
                "/home/me/Dropbox (Personal)/staging.db",
                None,
                Verdict::Warn,
            ),
            ("/home/me/boxes/megaphone/staging.db", None, Verdict::Ok),
        ] {
            assert_eq!(
                staging_place(Path::new(path), file_system).status,
                verdict,
                "{path}"
            );
        }
    }

    #[test]
    fn the_staging_file_is_judged() {
        let path = Path::new("s.db");
        let sound = staging::Diagnosis {
            bytes: Some(3 << 20),
            can_wal: true,
            ..staging::Diagnosis::default()
        };
        let check = staging_file(path, &sound);
        assert_eq!(
            (check.status, check.detail.as_str()),
            (Verdict::Ok, "s.db is sound and writable, 3 MB")
        );
        let logged = staging::Diagnosis {
            log_bytes: 1 << 20,
            ..sound.clone()
        };
        let detail = staging_file(path, &logged).detail;
        assert!(
            detail.contains("1 MB of it in its write-ahead log"),
            "{detail}"
        );
        let cases = [
            (
                staging::Diagnosis {
                    damage: Some("page 3".to_owned()),
                    ..sound.clone()
                },
                Verdict::Fail,
            ),
            (
                staging::Diagnosis {
                    can_wal: false,
                    ..sound.clone()
                },
                Verdict::Fail,
            ),
            (
                staging::Diagnosis {
                    locked_by: Some("another program".to_owned()),
                    ..sound.clone()
                },
                Verdict::Warn,
            ),
            (
                staging::Diagnosis {
                    bytes: None,
                    ..sound
                },
                Verdict::Ok,
            ),
        ];
        for (found, verdict) in cases {
            assert_eq!(staging_file(path, &found).status, verdict);
        }
    }

    #[test]
    fn room_calendars_and_runs_are_judged() {
        let hidden = Some("2029-12-31".parse().unwrap());
        let old = calendar(
            "XKRX",
            "2027-12-31".parse().unwrap(),
            hidden,
            "2026-11-25".parse().unwrap(),
        );
        assert_eq!(old.status, Verdict::Warn);
        assert!(old.remedy.contains("until 2029-12-31"), "{}", old.remedy);
        for (free, verdict) in [
            (5 << 20, Verdict::Fail),
            (500 << 20, Verdict::Warn),
            (5 << 30, Verdict::Ok),
        ] {
            assert_eq!(disk(Path::new("."), free).status, verdict);
        }
        let now = time("2026-11-25T10:00:00Z");
        let day = |text: &str| text.parse().unwrap();
        assert_eq!(
            calendar("XKRX", day("2027-12-31"), None, day("2026-11-25")).status,
            Verdict::Ok
        );
        assert_eq!(
            calendar("XKRX", day("2026-12-31"), None, day("2026-11-25")).status,
            Verdict::Warn
        );
        for (last, verdict) in [
            (None, Verdict::Warn),
            (Some(("success", time("2026-11-24T09:00:00Z"))), Verdict::Ok),
            (
                Some(("success", time("2026-11-20T09:00:00Z"))),
                Verdict::Warn,
            ),
            (
                Some(("failure", time("2026-11-25T09:00:00Z"))),
                Verdict::Warn,
            ),
        ] {
            assert_eq!(last_run(last, now).status, verdict);
        }
    }
}
