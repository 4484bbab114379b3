//! Number formats: decimal point or comma, and separators of thousands.

use std::borrow::Cow;

/// Whether a text means that there is no number, in the notation of people and programs.
#[must_use]
pub(crate) fn is_nothing(text: &str) -> bool {
    const WORDS: [&str; 6] = ["null", "n/a", "nan", "none", "n/d", "#n/a"];
    matches!(text, "" | "-" | "." | "--")
        || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// The decimal mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Decimal {
    /// `1,234.5`
    #[default]
    Point,
    /// `1.234,5`
    Comma,
}

/// A text that no rule accepts as a number.
const NO_NUMBER: &str = "?";

/// Other separators of thousands: blanks, including non-breaking ones, and apostrophes.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’')
}

impl Decimal {
    /// Reads `.` or `,`.
    ///
    /// # Errors
    /// What would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "." => Ok(Self::Point),
            "," => Ok(Self::Comma),
            _ => Err(format!("expected . or , but found {text:?}")),
        }
    }

    /// A number in this program's notation: with a decimal point; commas before groups of three digits may stay. A text
    /// in another notation becomes one that is not a number.
    #[must_use]
    pub(crate) fn plain<'a>(self, text: &'a str) -> Cow<'a, str> {
        let text = match text.contains(is_blank) {
            true if is_grouped(text, is_blank) => Cow::Owned(text.replace(is_blank, "")),
            true => return NO_NUMBER.into(),
            false => Cow::Borrowed(text),
        };
        if self == Self::Point {
            return text;
        }
        let (whole, fraction) = match text.split_once(',') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (&*text, None),
        };
        let is_wrong = whole.contains('.') && !is_grouped(whole, |c| c == '.')
            || fraction.is_some_and(|f| f.contains(['.', ',']));
        if is_wrong {
            return NO_NUMBER.into();
        }
        match (whole.contains('.'), fraction) {
            (false, None) => text,
            (_, fraction) => {
                let point = if fraction.is_some() { "." } else { "" };
                format!(
                    "{}{point}{}",
                    whole.replace('.', ""),
                    fraction.unwrap_or_default()
                )
                .into()
            }
        }
    }

    /// What a number reveals about the notation of its file.
    #[must_use]
    pub(crate) fn hint(text: &str) -> Hint {
        let is_digit = |c: char| c.is_ascii_digit();
        let text = text
            .trim()
            .trim_start_matches(['-', '+'])
            .replace(is_blank, "");
        if !text.starts_with(is_digit)
            || !text.chars().all(|c| is_digit(c) || matches!(c, '.' | ','))
        {
            return Hint::Nothing;
        }
        let count = |mark: char| text.matches(mark).count();
        let is_thousands = |mark: char| is_grouped(&text, |c| c == mark);
        match (count('.'), count(',')) {
            (0, 0) => Hint::Nothing,
            (1, 0) if is_thousands('.') => Hint::Either,
            (0, 1) if is_thousands(',') => Hint::Either,
            (1, 0) => Hint::Is(Self::Point),
            (0, 1) => Hint::Is(Self::Comma),
            (_, 0) => Hint::of(is_thousands('.'), Self::Comma),
            (0, _) => Hint::of(is_thousands(','), Self::Point),
            (1, _) if text.rfind('.') > text.rfind(',') => Hint::Is(Self::Point),
            (_, 1) if text.rfind(',') > text.rfind('.') => Hint::Is(Self::Comma),
            _ => Hint::Nothing,
        }
    }
}

/// What one number reveals about the whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    /// Nothing: it contains neither a point nor a comma, or is not a number.
    Nothing,
    /// It uses this mark.
    Is(Decimal),
    /// `1.234` may be about one and a quarter or a thousand.
    Either,
}

impl Hint {
    fn of(is: bool, decimal: Decimal) -> Self {
        match is {
            true => Self::Is(decimal),
            false => Self::Nothing,
        }
    }
}

/// Whether each mark in the whole part precedes three digits, and at most three digits, not starting with zero, precede
/// the first.
fn is_grouped(text: &str, is_mark: impl Fn(char) -> bool) -> bool {
    let text = text.trim_start_matches(['-', '+']);
    let whole = text.split(|c| matches!(c, '.' | ',') && !is_mark(c)).next();
    let mut groups = whole.unwrap_or_default().split(is_mark);
    let first = groups.next().unwrap_or_default();
    let is_number = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    (1..=3).contains(&first.len())
        && is_number(first)
        && !first.starts_with('0')
        && groups.all(|group| group.len() == 3 && is_number(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_is_written() {
        for (decimal, text, plain) in [
            (Decimal::Point, "1,234.5", "1,234.5"),
            (Decimal::Point, "1 234.5", "1234.5"),
            (Decimal::Point, "1'234'567", "1234567"),
            (Decimal::Point, "12 34", "?"),
            (Decimal::Comma, "1.234,56", "1234.56"),
            (Decimal::Comma, "1\u{a0}234,56", "1234.56"),
            (Decimal::Comma, "-0,5", "-0.5"),
            (Decimal::Comma, "1234", "1234"),
            (Decimal::Comma, "1.234", "1234"),
            (Decimal::Comma, "12.5", "?"),
            (Decimal::Comma, "0.123", "?"),
            (Decimal::Comma, "1,2,3", "?"),
            (Decimal::Comma, "1,234.5", "?"),
            (Decimal::Comma, "", ""),
            (Decimal::Comma, "N/A", "N/A"),
        ] {
            assert_eq!(decimal.plain(text), plain, "{decimal:?} {text}");
        }
    }

    #[test]
    fn a_number_says_how_its_file_writes_numbers_or_that_it_cannot_tell() {
        use Hint::{Either, Is, Nothing};
        for (text, hint) in [
            ("12.5", Is(Decimal::Point)),
            ("1234.567", Is(Decimal::Point)),
            ("0.123", Is(Decimal::Point)),
            ("1,234.5", Is(Decimal::Point)),
            ("1,234,567", Is(Decimal::Point)),
            ("12,5", Is(Decimal::Comma)),
            ("0,123", Is(Decimal::Comma)),
            ("1.234,5", Is(Decimal::Comma)),
            ("1.234.567", Is(Decimal::Comma)),
            ("-1.234", Either),
            ("1,234", Either),
            ("123", Nothing),
            ("1,23,456", Nothing),
            ("1.5M", Nothing),
            ("", Nothing),
        ] {
            assert_eq!(Decimal::hint(text), hint, "{text}");
        }
    }
}
