//! The file itself: waits for its locks, explains its errors, copies it, removes old rows.

pub(in crate::staging) mod backup;
pub(in crate::staging) mod companions;
pub(in crate::staging) mod diagnose;
pub(in crate::staging) mod error;
pub(in crate::staging) mod lock_wait;
pub(in crate::staging) mod long_path;
pub(in crate::staging) mod prune;
mod read_only;
pub(in crate::staging) mod run_lock;
pub(in crate::staging) mod running;
pub(in crate::staging) mod sync_lock;
mod tables;
