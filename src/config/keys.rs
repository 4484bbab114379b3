//! Keys of user-defined sources: variables named in the assets file. Every key is known to the redaction before anyone
//! gets it.

use std::collections::HashMap;
use std::env;
use std::fmt;
use std::sync::Arc;

use super::redact::{Redaction, without_key};
use super::secret::Secret;
use crate::domain::user_source::UserSource;

/// A shorter key cannot be redacted: it is part of ordinary words and numbers.
const SHORTEST: usize = 8;

/// Looks keys up in the environment, then in `.env`.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    dot_env: Arc<HashMap<String, String>>,
    redaction: Redaction,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}

impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        self.dot_env == other.dot_env
    }
}

impl Keys {
    pub(super) fn new(dot_env: HashMap<String, String>, redaction: Redaction) -> Self {
        Self {
            dot_env: Arc::new(dot_env),
            redaction,
        }
    }

    /// The value of a variable.
    ///
    /// # Errors
    /// If it is not set or cannot be a key; never shows its value.
    pub(crate) fn get(&self, name: &str) -> Result<Secret, String> {
        let environment = env::var_os(name).map(|v| v.to_string_lossy().into_owned());
        let value = environment.or_else(|| self.dot_env.get(name).cloned());
        let value = value.unwrap_or_default().trim().to_owned();
        // A refused key is redacted, too.
        self.redaction.learn(&value);
        if value.is_empty() {
            return Err(format!(
                "{name} is not set; set it in the environment or in .env, like {name}=the-key"
            ));
        }
        if value.chars().count() < SHORTEST {
            return Err(format!(
                "{name} has fewer than {SHORTEST} characters, too few to be redacted; if it is not secret, write it into the \
                 assets file itself"
            ));
        }
        if value.chars().any(char::is_control) || !value.is_ascii() {
            return Err(format!(
                "{name} should contain only ASCII letters, digits and punctuation"
            ));
        }
        Ok(Secret::new(value))
    }

    /// Refuses a source with missing keys.
    ///
    /// # Errors
    /// What is wrong with the first of them.
    pub(crate) fn check(&self, source: &UserSource) -> Result<(), String> {
        let mut keys = source.keys().into_iter();
        keys.try_for_each(|name| self.get(name).map(drop))
            .map_err(|why| format!("source {}: {why}", source.name))
    }

    /// The text with secrets redacted.
    #[must_use]
    pub(crate) fn hide_in(&self, text: &str) -> String {
        self.redaction.text(text)
    }

    /// The body with the keys of a source redacted: some answers quote the key of the request.
    #[must_use]
    pub(crate) fn hide(&self, names: &[String], body: Vec<u8>) -> Vec<u8> {
        let names = names.iter();
        names
            .filter_map(|name| self.get(name).ok())
            .fold(body, |body, key| without_key(body, key.expose()))
    }
}
