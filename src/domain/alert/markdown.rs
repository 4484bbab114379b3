//! Discord's messages: Markdown that shows a text as it is, and lengths.

use crate::domain::text::is_steering;

/// Discord takes at most so many characters; counted in UTF-16 units, which is never less.
pub(crate) const MAX_LENGTH: usize = 2000;

/// Puts alerts into as few messages as they fit in, in their order; gives how many went into each, and its text.
#[must_use]
pub(crate) fn pack(alerts: &[String]) -> Vec<(usize, String)> {
    let mut messages: Vec<(usize, String)> = Vec::new();
    for alert in alerts {
        let alert = clip(alert, MAX_LENGTH);
        match messages.last_mut() {
            Some((count, message)) if length(message) + 2 + length(&alert) <= MAX_LENGTH => {
                message.push_str("\n\n");
                message.push_str(&alert);
                *count += 1;
            }
            _ => messages.push((1, alert)),
        }
    }
    messages
}

/// The message as Discord takes it. Whatever stands in it, nobody is mentioned.
#[must_use]
pub(crate) fn payload(content: &str) -> serde_json::Value {
    serde_json::json!({
        "content": clip(content, MAX_LENGTH),
        "allowed_mentions": { "parse": [] },
    })
}

/// A text as Markdown that shows just this text, in one line.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut is_in_word = false;
    while let Some(c) = characters.next() {
        let is_special = match c {
            // Between letters it is none: `NO_DATA`.
            '_' => !(is_in_word && characters.peek().is_some_and(|n| n.is_alphanumeric())),
            c => matches!(
                c,
                '\\' | '*' | '~' | '`' | '|' | '<' | '>' | '@' | '#' | '[' | ']'
            ),
        };
        if is_special {
            escaped.push('\\');
        }
        escaped.push(if is_steering(c) { ' ' } else { c });
        is_in_word = c.is_alphanumeric();
    }
    escaped
}

/// The length as Discord counts it at most.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The text, or as much of it as fits with an ellipsis, cut neither within a character nor behind a lone backslash.
pub(super) fn clip(text: &str, room: usize) -> String {
    if length(text) <= room {
        return text.to_owned();
    }
    let mut left = room.saturating_sub(1);
    let mut clipped = String::new();
    for c in text.chars() {
        if c.len_utf16() > left {
            break;
        }
        left -= c.len_utf16();
        clipped.push(c);
    }
    let backslashes = clipped.chars().rev().take_while(|c| *c == '\\').count();
    if backslashes % 2 == 1 {
        clipped.pop();
    }
    clipped.push('…');
    clipped
}
