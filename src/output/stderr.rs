//! Stderr, shared by log lines and a progress bar: the bar makes way while a line is written.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::domain::text::one_line;

/// The current progress bar, if any. There is one stderr, and one bar on it.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn bar() -> MutexGuard<'static, Option<ProgressBar>> {
    BAR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes lines to stderr, above the bar if there is one.
///
/// # Errors
/// If stderr cannot be written.
pub(crate) fn write(lines: &[u8]) -> io::Result<()> {
    match &*bar() {
        Some(bar) => bar.suspend(|| io::stderr().write_all(lines)),
        None => io::stderr().write_all(lines),
    }
}

/// A progress bar; it disappears when dropped. If stderr is not a terminal, nothing is drawn.
pub(crate) struct ProgressLine(ProgressBar);

impl ProgressLine {
    /// Starts a bar on stderr.
    #[must_use]
    pub(crate) fn on_stderr(steps: u64) -> Self {
        let drawn = Self::on(ProgressDrawTarget::stderr(), steps);
        *bar() = Some(drawn.0.clone());
        drawn
    }

    /// A bar that is never drawn.
    #[must_use]
    pub(crate) fn hidden(steps: u64) -> Self {
        Self::on(ProgressDrawTarget::hidden(), steps)
    }

    fn on(target: ProgressDrawTarget, steps: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        // ASCII only: consoles of older Windows have no block characters.
        let style = ProgressStyle::with_template("[{bar:24}] {pos}/{len} {msg}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(bar)
    }

    /// Updates the progress and the description.
    pub(crate) fn show(&self, done: u64, doing: String) {
        self.0.set_position(done);
        self.0.set_message(one_line(&doing));
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.0.finish_and_clear();
        bar().take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::InMemoryTerm;

    #[test]
    fn a_bar_shows_how_far_it_has_come_and_goes() {
        let screen = InMemoryTerm::new(10, 80);
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let bar = ProgressLine::on(target, 4);
        bar.show(2, "SOXL, BTC, 753 rows".to_owned());
        assert_eq!(
            screen.contents(),
            "[============>           ] 2/4 SOXL, BTC, 753 rows"
        );
        bar.0.suspend(|| assert_eq!(screen.contents(), ""));
        drop(bar);
        assert_eq!(screen.contents(), "");
    }
}
