//! The jobs: what the commands do, as facts. Nothing here prints.

pub mod alert_delivery;
pub mod collect;
pub mod doctor;
pub mod healthcheck;
pub mod import;
pub mod reconcile;
pub mod status;
pub mod sync;
pub mod verify;
