//! The staging file.
//!
//! - `locks`: a file that others hold, or that is damaged
//! - `upkeep`: copies, room, bars out and in
//! - `windows`: what only Windows has

mod imports;
mod locks;
mod upkeep;
#[cfg(windows)]
mod windows;
