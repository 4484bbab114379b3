//! General tools: stopping, waiting, retrying, replacing a file in one step. Knows nothing of prices.

pub(crate) mod clock;
pub(crate) mod lock_file;
pub(crate) mod result_file;
pub(crate) mod retry;
pub(crate) mod rights;
pub(crate) mod stop;
pub(crate) mod unfinished;
