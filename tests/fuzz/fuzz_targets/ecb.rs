#![no_main]

use libfuzzer_sys::fuzz_target;
use pricestash::domain::asset::SourceKind;

fuzz_target!(|body: &[u8]| pricestash_fuzz::read(SourceKind::Ecb, "ecb", "24/7", body));
