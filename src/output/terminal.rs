//! What stdout can show: its width, colours, and more than ASCII.

use std::env;
use std::io::{self, IsTerminal};

use super::chart::Style;

/// The width if it is unknown.
const USUAL_WIDTH: usize = 80;

/// What is known about the destination of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terminal {
    pub(crate) width: usize,
    /// Whether the width is known: for a pipe or a file only if COLUMNS sets it.
    pub(crate) has_width: bool,
    /// What may be drawn.
    pub(crate) style: Style,
}

impl Terminal {
    /// Inspects stdout.
    #[must_use]
    pub(crate) fn of_stdout() -> Self {
        let size = terminal_size::terminal_size_of(io::stdout());
        let width = size.map(|(width, _)| usize::from(width.0));
        let variable = |name: &str| env::var_os(name).map(|v| v.to_string_lossy().into_owned());
        Self::of(io::stdout().is_terminal(), width, variable)
    }

    fn of(
        is_terminal: bool,
        width: Option<usize>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let set = |name: &str| variable(name).filter(|v| !v.is_empty());
        let columns = || set("COLUMNS").and_then(|v| v.parse().ok());
        let is_simple = matches!(set("TERM").as_deref(), Some("dumb" | "linux"));
        // The first of the three that is set decides, as for every program. If none is, readers of a pipe expect UTF-8.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| set(name));
        let other_charset = locale.is_some_and(|l| !is_utf8(&l));
        let width = width.or_else(columns);
        Self {
            width: width.unwrap_or(USUAL_WIDTH).clamp(20, 500),
            has_width: width.is_some(),
            style: Style {
                // The Linux console lacks most of the characters.
                ascii: (is_terminal && is_simple) || (!cfg!(windows) && other_charset),
                // https://no-color.org
                colour: is_terminal && !is_simple && set("NO_COLOR").is_none(),
            },
        }
    }
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.ends_with("utf-8") || locale.ends_with("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(is_terminal: bool, width: Option<usize>, variables: &[(&str, &str)]) -> Terminal {
        let find = |name: &str| {
            variables
                .iter()
                .find(|v| v.0 == name)
                .map(|v| v.1.to_owned())
        };
        Terminal::of(is_terminal, width, find)
    }

    #[test]
    fn a_pipe_gets_no_colour_and_the_usual_width() {
        let pipe = of(false, None, &[]);
        assert_eq!(
            (pipe.width, pipe.style.colour, pipe.style.ascii),
            (80, false, false)
        );
        assert_eq!(of(false, None, &[("COLUMNS", "132")]).width, 132);
        assert_eq!(of(true, Some(100), &[("COLUMNS", "132")]).width, 100);
    }

    #[test]
    fn colour_is_for_terminals_that_nobody_asked_to_leave_it_out() {
        assert!(of(true, None, &[("LANG", "ko_KR.UTF-8")]).style.colour);
        assert!(of(true, None, &[("NO_COLOR", "")]).style.colour);
        assert!(!of(true, None, &[("NO_COLOR", "1")]).style.colour);
        assert!(!of(true, None, &[("TERM", "dumb")]).style.colour);
    }

    #[cfg(not(windows))]
    #[test]
    fn ascii_is_for_those_who_can_show_no_more() {
        let ascii = |variables: &[(&str, &str)]| of(true, None, variables).style.ascii;
        assert!(ascii(&[("LANG", "C")]) && ascii(&[("TERM", "linux")]));
        assert!(ascii(&[("LANG", "ko_KR.UTF-8"), ("LC_ALL", "ko_KR.eucKR")]));
        assert!(!ascii(&[("LANG", "C"), ("LC_ALL", "C.utf8")]) && !ascii(&[]));
    }
}
