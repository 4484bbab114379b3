#![no_main]

use libfuzzer_sys::fuzz_target;

const DEFINITION: &str = "format = \"json\"\nrows = \"a.b\"\ndate = \"d\"\nopen = 2\nhigh = \"h\"\nlow = \"l\"\nclose = \"c.v\"\nvolume = 6\nzone = \"UTC\"\n";
const BY_DAY: &str = "format = \"json\"\ndate = \"*\"\nclose = 1\n";

fuzz_target!(|body: &[u8]| {
    pricestash_fuzz::read_user(DEFINITION, "24/7", body);
    pricestash_fuzz::read_user(BY_DAY, "XNYS", body);
});
