#![no_main]

use libfuzzer_sys::fuzz_target;

const DEFINITION: &str = "format = \"csv\"\ndelimiter = \";\"\ndecimal = \",\"\ndate = 1\nopen = 2\nhigh = 3\nlow = 4\nclose = \"Close\"\nvolume = 6\n";

fuzz_target!(|body: &[u8]| pricestash_fuzz::read_user(DEFINITION, "XNYS", body));
