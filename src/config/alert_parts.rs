//! The parts of a URL of `ALERT_URL`, as Apprise reads them.

use percent_encoding::percent_decode_str;

/// The parts of a URL, decoded but for those whose names say otherwise.
pub(super) struct Parts<'a> {
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    /// With its port, not decoded.
    pub(super) host: &'a str,
    pub(super) path: Vec<String>,
    /// Without the query, with the slash that it begins with.
    pub(super) raw_path: &'a str,
    pub(super) query: Vec<(String, String)>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(url: &'a str) -> Option<Self> {
        let (_, rest) = url.split_once("://")?;
        let rest = rest.split('#').next()?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, raw_path) = match rest.find('/') {
            Some(at) => rest.split_at_checked(at)?,
            None => (rest, ""),
        };
        let (user_info, host) = match authority.rsplit_once('@') {
            Some((info, host)) => (Some(info), host),
            None => (None, authority),
        };
        let (user, password) = match user_info.map(|i| i.split_once(':').ok_or(i)) {
            Some(Ok((user, password))) => (Some(decoded(user)?), Some(decoded(password)?)),
            Some(Err(user)) => (Some(decoded(user)?), None),
            None => (None, None),
        };
        let path = raw_path.split('/').filter(|p| !p.is_empty());
        let pairs = query.split('&').filter(|p| !p.is_empty());
        let pairs = pairs.map(|p| p.split_once('=').unwrap_or((p, "")));
        Some(Self {
            user: user.filter(|u| !u.is_empty()),
            password,
            host,
            path: path.map(decoded).collect::<Option<_>>()?,
            raw_path,
            query: pairs
                .map(|(name, value)| Some((decoded(name)?, decoded(value)?)))
                .collect::<Option<_>>()?,
        })
    }

    /// Whether a URL of ntfy names a server of its own: as Apprise has it, a host with topics behind it. `ntfy.sh` is the one that
    /// counts anyway.
    pub(super) fn is_hosted(&self) -> bool {
        !self.path.is_empty() && !self.host.eq_ignore_ascii_case("ntfy.sh")
    }

    /// The topics of a URL of ntfy without a host.
    pub(super) fn topics(&self) -> Vec<String> {
        match self.path.is_empty() {
            true => decoded(self.host).into_iter().collect(),
            false => self.path.clone(),
        }
    }

    pub(super) fn query_of(&self, name: &str) -> Option<&str> {
        let found = self
            .query
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// A part as it is meant; `None` where it is no text, or has characters that no line may have.
pub(super) fn decoded(text: &str) -> Option<String> {
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    let is_text = !decoded.chars().any(char::is_control);
    is_text.then(|| decoded.into_owned())
}

/// Whether a text is a host, perhaps with a port.
pub(super) fn is_server(host: &str) -> bool {
    match host.rsplit_once(':') {
        // The colon within [::1] is none of a port.
        Some((name, port)) if !port.ends_with(']') => {
            !name.is_empty() && port.parse::<u16>().is_ok()
        }
        _ => !host.is_empty(),
    }
}

/// Whether a text is a part of an address as it is.
pub(super) fn is_token(text: &str) -> bool {
    let is_right = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !text.is_empty() && text.bytes().all(is_right)
}
