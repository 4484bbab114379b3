#![no_main]

use libfuzzer_sys::fuzz_target;
use pricestash::sources::lookup::LookUp;

fuzz_target!(|body: &[u8]| pricestash_fuzz::look_up(LookUp::YahooMeta, body));
