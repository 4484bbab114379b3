//! Texts with placeholders: the URL of a user-defined source, and its headers.

use chrono::format::{Item, StrftimeItems};
use chrono::{NaiveDate, NaiveTime};

use super::window::Window;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Piece {
    /// Literal text.
    Text(String),
    /// The source's symbol for the asset.
    Symbol,
    /// The first requested day.
    Start(DayForm),
    /// The last requested day.
    End(DayForm),
    /// The value of a variable, which is secret. Only its name is known here.
    Key(String),
}

/// The format of a day in a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum DayForm {
    /// A strftime pattern.
    Pattern(String),
    /// Time since 1970 in UTC; the number is the units per second.
    Epoch(i64),
}

impl DayForm {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "epoch" => Some(Self::Epoch(1)),
            "epoch_ms" => Some(Self::Epoch(1000)),
            "" => None,
            pattern => {
                let is_right = !StrftimeItems::new(pattern).any(|item| item == Item::Error);
                is_right.then(|| Self::Pattern(pattern.to_owned()))
            }
        }
    }

    fn write(&self, day: NaiveDate, time: NaiveTime) -> String {
        let time = day.and_time(time).and_utc();
        match self {
            Self::Pattern(pattern) => time.format(pattern).to_string(),
            Self::Epoch(in_a_second) => (time.timestamp() * in_a_second).to_string(),
        }
    }
}

/// A text with placeholders for the symbol, the days and keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Template(Vec<Piece>);

/// In a filled text, `${NAME}` stands for a key, whose value the sender of the request fills in.
const KEY: &str = "${";

impl Template {
    /// Reads a text with `{symbol}`, `{start:%Y-%m-%d}`, `{end:…}` and `${VARIABLE}`.
    ///
    /// # Errors
    /// What is wrong with a placeholder, and what would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, from)) = rest.split_once('{') {
            let (inside, after) = from
                .split_once('}')
                .ok_or_else(|| "it has { without a } after it".to_owned())?;
            let (before, is_key) = match before.strip_suffix('$') {
                Some(before) => (before, true),
                None => (before, false),
            };
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(match is_key {
                true => key(inside)?,
                false => place(inside)?,
            });
            rest = after;
        }
        if rest.contains('}') {
            return Err("it has } without a { before it".to_owned());
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// The text for one request. `escape` encodes a value for its place: in a query or, before the `?`, in a path. Keys
    /// appear by name, `${NAME}`.
    pub(crate) fn fill(
        &self,
        symbol: &str,
        window: Window,
        escape: impl Fn(&str, bool) -> String,
    ) -> String {
        let mut filled = String::new();
        let last_second = NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default();
        for piece in &self.0 {
            let in_query = filled.contains('?');
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Symbol => filled.push_str(&escape(symbol, in_query)),
                Piece::Start(form) => {
                    let day = form.write(window.start, NaiveTime::MIN);
                    filled.push_str(&escape(&day, in_query));
                }
                Piece::End(form) => {
                    let time = match form {
                        DayForm::Pattern(_) => NaiveTime::MIN,
                        // The end of the last day, which is requested too.
                        DayForm::Epoch(_) => last_second,
                    };
                    filled.push_str(&escape(&form.write(window.end, time), in_query));
                }
                Piece::Key(name) => filled.push_str(&format!("{KEY}{name}}}")),
            }
        }
        filled
    }

    /// Whether it contains the symbol.
    #[must_use]
    pub(crate) fn has_symbol(&self) -> bool {
        self.0.contains(&Piece::Symbol)
    }

    /// Whether it contains the requested days.
    #[must_use]
    pub(crate) fn has_days(&self) -> bool {
        let is_day = |piece: &Piece| matches!(piece, Piece::Start(_) | Piece::End(_));
        self.0.iter().any(is_day)
    }

    /// The names of the variables whose values it needs.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Key(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The text before the first placeholder.
    #[must_use]
    pub(crate) fn head(&self) -> &str {
        match self.0.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }

    /// The literal texts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }
}

fn key(name: &str) -> Result<Piece, String> {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_name.then(|| Piece::Key(name.to_owned())).ok_or_else(|| {
        "expected the name of a variable between ${ and }, like ${MY_KEY}".to_owned()
    })
}

fn place(inside: &str) -> Result<Piece, String> {
    let (name, form) = inside.split_once(':').unwrap_or((inside, "%Y-%m-%d"));
    let day = |piece: fn(DayForm) -> Piece| {
        DayForm::parse(form).map(piece).ok_or_else(|| {
            format!("{{{inside}}} needs a pattern like {{{name}:%Y-%m-%d}}, or epoch or epoch_ms")
        })
    };
    match name {
        "symbol" if inside == "symbol" => Ok(Piece::Symbol),
        "start" => day(Piece::Start),
        "end" => day(Piece::End),
        _ => Err(format!(
            "unknown placeholder {{{inside}}}; allowed are {{symbol}}, {{start:%Y-%m-%d}}, {{end:%Y-%m-%d}} and ${{VARIABLE}}"
        )),
    }
}

/// The parts of a filled text between the keys, each with the name of the key after it.
pub(crate) fn split_keys(filled: &str) -> Vec<(&str, Option<&str>)> {
    let mut pieces = Vec::new();
    let mut rest = filled;
    while let Some((before, from)) = rest.split_once(KEY) {
        let (name, after) = from.split_once('}').unwrap_or((from, ""));
        pieces.push((before, Some(name)));
        rest = after;
    }
    pieces.push((rest, None));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window() -> Window {
        Window {
            start: "2026-01-02".parse().unwrap(),
            end: "2026-01-31".parse().unwrap(),
        }
    }

    fn filled(text: &str) -> String {
        let template = Template::parse(text).unwrap();
        template.fill("^A&B", window(), |value, in_query| match in_query {
            true => format!("<{value}>"),
            false => format!("({value})"),
        })
    }

    #[test]
    fn a_text_is_filled() {
        assert_eq!(
            filled("https://h/{symbol}/d?s={start:%Y%m%d}&e={end}&k=${MY_KEY}&x=1"),
            "https://h/(^A&B)/d?s=<20260102>&e=<2026-01-31>&k=${MY_KEY}&x=1"
        );
        assert_eq!(
            filled("?{start:epoch}-{end:epoch_ms}"),
            "?<1767312000>-<1769903999000>"
        );
        assert_eq!(filled("Token ${A}"), "Token ${A}");
        assert_eq!(
            split_keys("a${B}c${D}"),
            [("a", Some("B")), ("c", Some("D")), ("", None)]
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_what_would_be_right() {
        for (text, says) in [
            ("{ticker}", "{symbol}"),
            ("{start:%Q}", "pattern"),
            ("{symbol:x}", "allowed are"),
            ("{symbol", "without a }"),
            ("symbol}", "without a {"),
            ("${my key}", "name of a variable"),
            ("${}", "name of a variable"),
        ] {
            let why = Template::parse(text).unwrap_err();
            assert!(why.contains(says), "{text}: {why}");
        }
    }
}
