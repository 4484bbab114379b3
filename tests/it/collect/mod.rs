//! `collect`: its runs, and how they are stopped.

mod runs;
#[cfg(unix)]
mod stop;
