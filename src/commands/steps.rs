//! The steps of a day: what became of each, and the exit code of all.

use std::fmt::Display;

use crate::cli::Step;
use crate::domain::language::Language;

/// What `sync --if-configured` ends with in a day where there is no warehouse; no exit code of the program's own.
pub(super) const LEFT_OUT: u8 = 100;

/// What became of a step.
pub(super) fn outcome(Step { name, code }: &Step, language: Language) -> String {
    let step: (&str, &dyn Display) = ("step", name);
    match code {
        0 => language.say("{step} succeeded", &[step]),
        2 => language.say("{step} was refused (exit code 2)", &[step]),
        3 => language.say("{step} failed in part (exit code 3)", &[step]),
        code if *code == i64::from(LEFT_OUT) => {
            language.say("{step} sent nothing (DATABASE_URL is not set)", &[step])
        }
        code => language.say("{step} failed (exit code {code})", &[step, ("code", code)]),
    }
}

/// The code of the worst step, in the order 2 (wrong usage or configuration), 1 (failure), 3 (partial failure), 0. A code that is
/// none of the program's own (a signal, a crash) is a failure.
pub(super) fn worst(steps: &[Step]) -> u8 {
    let codes = steps.iter().map(|step| match step.code {
        0 => 0,
        code if code == i64::from(LEFT_OUT) => 0,
        2 => 2,
        3 => 3,
        _ => 1,
    });
    let how_bad = |code: &u8| [0, 3, 1, 2].iter().position(|c| c == code);
    codes.max_by_key(how_bad).unwrap_or(1)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::commands) fn steps(codes: &[(&str, i64)]) -> Vec<Step> {
        let step = |(name, code): &(&str, i64)| Step {
            name: (*name).to_owned(),
            code: *code,
        };
        codes.iter().map(step).collect()
    }

    #[test]
    fn the_worst_step_decides_and_a_crash_is_a_failure() {
        for (codes, code) in [
            (&[0, 100, 0][..], 0),
            (&[3, 0, 0], 3),
            (&[3, 0, 1], 1),
            (&[3, 2, 1], 2),
            (&[0, -1_073_741_819], 1),
            (&[3, 137], 1),
            // Nothing was done.
            (&[], 1),
        ] {
            let codes: Vec<(&str, i64)> = codes.iter().map(|code| ("step", *code)).collect();
            assert_eq!(worst(&steps(&codes)), code, "{codes:?}");
        }
    }
}
