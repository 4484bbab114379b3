//! How a column of a table is named: by the word above it, or by its place.

use std::fmt;

/// A column of somebody's table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Column {
    /// Its place, the first is 1.
    Number(usize),
    /// The word above it, or its key in JSON.
    Name(String),
}

impl Column {
    /// Reads a name, or a number from 1 on.
    ///
    /// # Errors
    /// What would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("a column should be a name, or a number from 1 on".to_owned());
        }
        match text.parse::<usize>() {
            Ok(0) => Err("columns are counted from 1".to_owned()),
            Ok(number) => Ok(Self::Number(number)),
            Err(_) => Ok(Self::Name(text.to_owned())),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "number {number}"),
            Self::Name(name) => write!(f, "{name:?}"),
        }
    }
}
