//! Makes texts of others (sources, programs, files) safe to keep and show: one line, bounded, and without characters
//! that steer a terminal.

/// Whether a character steers a terminal: control characters (colours, line ends, the cursor), and marks that change
/// the direction of writing, so that a text reads like another one.
#[must_use]
pub(crate) fn is_steering(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

/// A text in one line, with blanks for characters that steer.
#[must_use]
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if is_steering(c) { ' ' } else { c })
        .collect()
}

/// The start of a text longer than `longest` characters, with its length.
#[must_use]
pub(crate) fn bounded(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((cut, _)) => format!(
            "{}… ({} characters)",
            text.get(..cut).unwrap_or_default(),
            text.chars().count()
        ),
        None => text.to_owned(),
    }
}

/// Both: [`one_line`] and [`bounded`].
#[must_use]
pub(crate) fn brief(text: &str, longest: usize) -> String {
    bounded(&one_line(text), longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_and_everything_else_stays() {
        let text = "a\u{1b}[31mb\r\nc\u{9b}2Jd\u{202e}e\u{2066}f\u{200f}g\u{2028}h\u{7f}";
        assert_eq!(one_line(text), "a [31mb  c 2Jd e f g h ");
        let korean = "삼성전자 — 12,5 % · é 👨‍👩‍👧";
        assert_eq!(one_line(korean), korean);
    }

    #[test]
    fn a_long_text_says_how_long_it_was() {
        assert_eq!(bounded("가나다", 3), "가나다");
        assert_eq!(bounded("가나다라", 3), "가나다… (4 characters)");
        let long = "9".repeat(1_000_000);
        assert_eq!(brief(&long, 2), "99… (1000000 characters)");
        assert_ne!(bounded(&long, 2), bounded(&format!("{long}9"), 2));
    }
}
