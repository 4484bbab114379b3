//! How a channel is written to: its markup, how long a message may be, and how that is counted.

use crate::domain::text::is_steering;

/// How a text is written so that it shows just that text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Markup {
    /// Discord's Markdown.
    Discord,
    /// As it is, but for the three characters that Slack reads.
    Slack,
    /// As it is; a name behind `@` would call somebody, so that a mark without width follows it.
    Telegram,
    /// As it is.
    Plain,
}

/// What a length is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// UTF-16 units, which are never fewer than characters.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
}

/// How a channel is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) markup: Markup,
    pub(crate) unit: Unit,
    /// The longest message, in units.
    pub(crate) longest: usize,
}

/// How bad it is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Only a test.
    Info,
    /// What failed is well again.
    Success,
    /// Something failed.
    Warning,
    /// Everything did.
    Failure,
}

/// Words for a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) text: String,
    pub(crate) severity: Severity,
}

/// Puts alerts into as few messages as they fit in, in their order; gives how many went into each.
#[must_use]
pub(crate) fn pack(alerts: Vec<Message>, style: Style) -> Vec<(usize, Message)> {
    let mut messages: Vec<(usize, Message)> = Vec::new();
    for alert in alerts {
        let text = style.clip(&alert.text, style.longest);
        match messages.last_mut() {
            Some((count, message))
                if style.length(&message.text) + 2 + style.length(&text) <= style.longest =>
            {
                message.text.push_str("\n\n");
                message.text.push_str(&text);
                message.severity = message.severity.max(alert.severity);
                *count += 1;
            }
            _ => messages.push((1, Message { text, ..alert })),
        }
    }
    messages
}

impl Style {
    /// A text that shows just this text, in one line.
    pub(super) fn escape(self, text: &str) -> String {
        if self.markup == Markup::Discord {
            return escape_markdown(text);
        }
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            match (self.markup, c) {
                (_, c) if is_steering(c) => escaped.push(' '),
                (Markup::Slack, '&') => escaped.push_str("&amp;"),
                (Markup::Slack, '<') => escaped.push_str("&lt;"),
                (Markup::Slack, '>') => escaped.push_str("&gt;"),
                (Markup::Telegram, '@') => escaped.push_str("@\u{200b}"),
                (_, c) => escaped.push(c),
            }
        }
        escaped
    }

    /// A text that stands out, where the markup has that.
    pub(super) fn bold(self, escaped: &str) -> String {
        match self.markup {
            Markup::Discord => format!("**{escaped}**"),
            _ => escaped.to_owned(),
        }
    }

    /// What an older version wrote for Discord.
    pub(super) fn of_markdown(self, markdown: &str) -> String {
        if self.markup == Markup::Discord {
            return markdown.to_owned();
        }
        let mut plain = String::with_capacity(markdown.len());
        let mut rest = markdown.chars().peekable();
        while let Some(c) = rest.next() {
            match (c, rest.peek()) {
                ('\\', Some(_)) => plain.extend(rest.next()),
                ('*', Some('*')) => drop(rest.next()),
                _ => plain.push(c),
            }
        }
        let lines: Vec<String> = plain.lines().map(|line| self.escape(line)).collect();
        lines.join("\n")
    }

    /// The length as the channel counts it at most.
    pub(super) fn length(self, text: &str) -> usize {
        text.chars().map(|c| self.width(c)).sum()
    }

    fn width(self, c: char) -> usize {
        match self.unit {
            Unit::Utf16 => c.len_utf16(),
            Unit::Bytes => c.len_utf8(),
        }
    }

    /// The text, or as much of it as fits with an ellipsis, cut neither within a character nor within an escape.
    pub(super) fn clip(self, text: &str, room: usize) -> String {
        if self.length(text) <= room {
            return text.to_owned();
        }
        let Some(mut left) = room.checked_sub(self.width('…')) else {
            return String::new();
        };
        let mut clipped = String::new();
        for c in text.chars() {
            match left.checked_sub(self.width(c)) {
                Some(less) => left = less,
                None => break,
            }
            clipped.push(c);
        }
        self.drop_half_escape(&mut clipped);
        clipped.push('…');
        clipped
    }

    fn drop_half_escape(self, clipped: &mut String) {
        let end = match self.markup {
            Markup::Discord => {
                let backslashes = clipped.chars().rev().take_while(|c| *c == '\\').count();
                clipped.len() - backslashes % 2
            }
            Markup::Slack => match clipped.rfind('&') {
                Some(at) if !clipped.get(at..).is_some_and(|e| e.contains(';')) => at,
                _ => return,
            },
            Markup::Telegram => clipped.trim_end_matches('@').len(),
            Markup::Plain => return,
        };
        clipped.truncate(end);
    }
}

/// A text as Markdown that shows just this text, in one line.
fn escape_markdown(text: &str) -> String {
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
