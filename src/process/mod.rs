//! What any program needs: stopping, waiting, trying again, replacing a file in one step. It knows nothing of prices.

pub mod atomic_file;
pub mod clock;
pub mod retry;
pub mod stop;
