//! The `.env` file.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};

use super::ConfigError;
use crate::process::result_file;

/// The text of `.env` in the working folder; empty without the file.
///
/// # Errors
/// [`ConfigError`] if it is not text; errors of the system.
pub fn read_dot_env() -> Result<String> {
    match result_file::read(Path::new(".env")) {
        Ok(bytes) => Ok(String::from_utf8(bytes)
            .map_err(|_| ConfigError(".env is not UTF-8 text".to_owned()))?),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(e) => Err(e).context("cannot read .env"),
    }
}

/// Parses the text of a `.env` file: `NAME=value` lines, `#` comments, optional `export`, quotes around a value.
///
/// Substitutes nothing in values, because passwords contain dollar signs (the crates for this do). Also returns an
/// error for the first invalid line.
pub(super) fn parse_dot_env(text: &str) -> (HashMap<String, String>, Option<ConfigError>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut variables = HashMap::new();
    let mut wrong = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let pair = line.split_once('=').map(|(n, v)| (n.trim(), v.trim()));
        match pair.filter(|(name, _)| is_name(name)) {
            Some((name, value)) => {
                variables.insert(name.to_owned(), unquote(value).to_owned());
            }
            None => {
                wrong.get_or_insert_with(|| {
                    ConfigError(format!(
                        ".env, line {}: expected NAME=value, or a comment that starts with #",
                        number + 1
                    ))
                });
            }
        }
    }
    (variables, wrong)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Removes the quotes around a value, or the comment after it.
fn unquote(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some((inside, rest)) = value.strip_prefix(quote).and_then(|v| v.rsplit_once(quote)) {
            let rest = rest.trim();
            if rest.is_empty() || rest.starts_with('#') {
                return inside;
            }
        }
    }
    if value.starts_with('#') {
        return "";
    }
    value.find(" #").map_or(value, |at| value[..at].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_env_takes_what_people_write() {
        let text = "\u{feff}# comment\r\n\r\nexport A=1\r\nB = \"x y\" # why\r\nC='pa$s#word'\r\nD=pa$s#word\r\nE=a=b # c\r\nF=\r\nG=# only a comment\r\n";
        let (variables, wrong) = parse_dot_env(text);
        assert_eq!(wrong, None);
        let get = |name: &str| variables[name].as_str();
        assert_eq!(
            [get("A"), get("B"), get("C"), get("D")],
            ["1", "x y", "pa$s#word", "pa$s#word"]
        );
        assert_eq!([get("E"), get("F"), get("G")], ["a=b", "", ""]);
        let (variables, wrong) = parse_dot_env("A=1\nnonsense\nmore\nB=2\n");
        assert_eq!(
            wrong.unwrap().0,
            ".env, line 2: expected NAME=value, or a comment that starts with #"
        );
        assert_eq!(variables["B"], "2");
    }
}
