//! What is pending for the warehouse: reads it, acknowledges it, keeps what the warehouse rejected.

pub(in crate::staging) mod acknowledge;
mod actions;
pub(in crate::staging) mod assets;
pub(in crate::staging) mod pending;
pub(in crate::staging) mod rejects;
mod retractions;
mod texts;
pub(in crate::staging) mod warehouse;
