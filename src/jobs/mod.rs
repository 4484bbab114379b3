//! The jobs behind the commands. They return facts and print nothing.

pub(crate) mod alert_delivery;
pub(crate) mod collect;
pub(crate) mod doctor;
pub(crate) mod healthcheck;
pub(crate) mod import;
pub(crate) mod lookup;
pub(crate) mod pull;
pub(crate) mod reconcile;
pub(crate) mod status;
pub(crate) mod sync;
pub(crate) mod verify;
