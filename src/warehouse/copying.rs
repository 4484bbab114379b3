//! Decides whether and when a connection tries to send a chunk by COPY.

/// Whether a connection may use COPY.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Copying {
    /// Not checked yet.
    #[default]
    Unknown,
    /// The server is near. Contains the table that was found suitable, and the number of chunks to send otherwise
    /// before the next attempt, which grows with failures.
    Near {
        fit: Option<String>,
        wait: u32,
        last_wait: u32,
    },
    /// The server is far away, or refused it for a permanent reason.
    Never,
}

impl Copying {
    /// The server is near; nothing else is known yet.
    pub(super) const NEAR: Self = Self::Near {
        fit: None,
        wait: 0,
        last_wait: 0,
    };

    /// Whether to try this chunk. After a failure the next attempt comes after one chunk, then two, four and so on:
    /// each attempt costs a round trip.
    pub(super) fn is_turn(&mut self) -> bool {
        match self {
            Self::Near { wait: 0, .. } => true,
            Self::Near { wait, .. } => {
                *wait -= 1;
                false
            }
            Self::Unknown | Self::Never => false,
        }
    }

    /// COPY of a chunk failed.
    pub(super) fn failed(&mut self) {
        if let Self::Near {
            wait, last_wait, ..
        } = self
        {
            *last_wait = last_wait.saturating_mul(2).max(1);
            *wait = *last_wait;
        }
    }

    /// The table (schema and number) that was found suitable.
    pub(super) fn fit(&self) -> Option<&str> {
        match self {
            Self::Near { fit, .. } => fit.as_deref(),
            Self::Unknown | Self::Never => None,
        }
    }

    /// A table was found suitable.
    pub(super) fn fits(&mut self, table: &str) {
        if let Self::Near { fit, .. } = self {
            *fit = Some(table.to_owned());
        }
    }

    /// A chunk was copied.
    pub(super) fn succeeded(&mut self) {
        if let Self::Near {
            wait, last_wait, ..
        } = self
        {
            (*wait, *last_wait) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_copied_is_tried_again_ever_later() {
        let mut copying = Copying::NEAR;
        let mut tried = Vec::new();
        for chunk in 0..20 {
            if copying.is_turn() {
                tried.push(chunk);
                copying.failed();
            }
        }
        assert_eq!(tried, [0, 2, 5, 10, 19]);
        copying.succeeded();
        copying.fits("public.5");
        assert!(copying.is_turn());
        assert_eq!(copying.fit(), Some("public.5"));
    }
}
