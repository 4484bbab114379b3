//! Names a column of a table: by its header or by its position.

use std::fmt;

/// A column of a user's table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Column {
    /// Its position, starting at 1.
    Number(usize),
    /// Its header, or its key in JSON.
    Name(String),
}

impl Column {
    /// Reads a name, or a number starting at 1.
    ///
    /// # Errors
    /// What would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("a column is a name or a number starting at 1".to_owned());
        }
        match text.parse::<usize>() {
            Ok(0) => Err("column numbers start at 1".to_owned()),
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
