//! The language of the system, for who has not chosen one for this program.

use crate::domain::language::Language;

/// The locale's variables in the order of POSIX: the first one that is set decides.
const VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// By the locale of the environment, else by that of Windows.
pub(super) fn of_system(
    environment: impl Fn(&str) -> Option<String>,
    windows: impl FnOnce() -> Option<String>,
) -> Language {
    let set = |name: &&str| environment(name).filter(|value| !value.is_empty());
    let locale = VARIABLES.iter().find_map(set).or_else(windows);
    Language::of_locale(&locale.unwrap_or_default())
}

/// The language in which Windows speaks to this user, such as `ko-KR`.
#[cfg(windows)]
pub(super) fn of_windows() -> Option<String> {
    sys_locale::get_locale()
}

/// Elsewhere the environment has it.
#[cfg(not(windows))]
pub(super) fn of_windows() -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_decides_and_windows_where_none_is() {
        for (variables, windows, language) in [
            (&[("LANG", "ko_KR.UTF-8")][..], None, Language::Korean),
            (
                &[("LANG", "ko_KR.UTF-8"), ("LC_MESSAGES", "C")],
                None,
                Language::English,
            ),
            (
                &[("LANG", "C"), ("LC_MESSAGES", "ko_KR.UTF-8")],
                None,
                Language::Korean,
            ),
            (
                &[("LC_MESSAGES", "C"), ("LC_ALL", "ko_KR.UTF-8")],
                None,
                Language::Korean,
            ),
            (
                &[("LC_ALL", ""), ("LANG", "ko_KR.UTF-8")],
                None,
                Language::Korean,
            ),
            (&[("LANG", "en_US.UTF-8")], Some("ko-KR"), Language::English),
            (&[], Some("ko-KR"), Language::Korean),
            (&[], Some("de-DE"), Language::English),
            (&[], None, Language::English),
        ] {
            let find = |name: &str| {
                let found = variables.iter().find(|(n, _)| *n == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let said = of_system(find, || windows.map(str::to_owned));
            assert_eq!(said, language, "{variables:?} {windows:?}");
        }
    }
}
