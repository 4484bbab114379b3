//! The staging file.
//!
//! - `locks`: a file that others hold, or that is damaged
//! - `imports`: bars of the user's own files
//! - `upkeep`: copies, room, bars out and in
//! - `windows`: what only Windows has

mod imports;
mod locks;
mod upkeep;
#[cfg(windows)]
mod windows;

use std::fs;

use crate::support::program::TestEnv;
use crate::support::repository;

/// The sample, collected.
fn sample() -> TestEnv {
    let env = TestEnv::new();
    let assets = fs::read(repository("data/assets.toml")).unwrap();
    env.write("data/assets.toml", assets);
    let sample = repository("data/sample");
    let assets = "KS200,005930,000660,SOXL,BTC,GC=F";
    let replay = [
        "collect",
        "--assets",
        assets,
        "--replay",
        sample.to_str().unwrap(),
    ];
    assert_eq!(env.run(&replay).code, 0);
    env
}
