//! `sync` and `verify`: from the staging file to PostgreSQL.
//!
//! - `actions`: dividends and splits, and the prices adjusted by them
//! - `best_price`: the view there and in the staging file
//! - `documents`: the steps, recipes and queries that schema/README.md and the dashboard give
//! - `runs`: the warehouse as others made it, latest ingest, acknowledgement, replay
//! - `failures`: each class of failure, one at a time
//! - `hostile`: what answers is no PostgreSQL, or an evil one
//! - `apart`: one bad thing alone: a run, an asset, a row, a connection
//! - `storms`: hundreds of syncs that are killed, cut off and disturbed at random moments
//! - `lost_tables`: the table is gone, emptied, moved or set back
//! - `one_price`: one row an asset and day for readers who select by asset alone
//! - `ownership`: rows of asset_master that others made, and those that are ours
//! - `order`: every order of a sync's steps, against a model
//! - `pull`: an empty file is filled from the warehouse
//! - `retracted`: bars that the owner takes back
//! - `first_load`: many rows at once
//! - `sixty_thousand`: a large first load through kills, a crash and a second sync
//! - `tls`: TLS, passwords, sockets, a pooler
//! - `shapes`: tables, rights and servers of every shape: `doctor` says what `sync` meets
//! - `verify`: staging against the warehouse

mod actions;
mod apart;
mod best_price;
mod copy;
mod documents;
mod failures;
mod first_load;
mod hostile;
mod lost_tables;
mod one_price;
mod order;
mod ownership;
mod pull;
mod retracted;
mod runs;
mod shapes;
mod sixty_thousand;
mod storms;
#[cfg(unix)]
mod tls;
mod verify;
