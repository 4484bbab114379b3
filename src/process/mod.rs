//! What any program needs: stopping, waiting, trying again, replacing a file in one step. It knows nothing of prices.

pub(crate) mod atomic_file;
pub(crate) mod clock;
pub(crate) mod retry;
pub(crate) mod stop;
