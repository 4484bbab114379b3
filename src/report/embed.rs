//! What must not break out of where it stands: data inside of a script element, and the hashes that a page's own style and
//! script are known by.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// JSON that may stand between `<script>` and `</script>`, whatever its texts hold.
///
/// Every character by which HTML or an old JavaScript could take the text for something else is written as an escape,
/// which is the same JSON: `</script`, `<!--` and the line ends U+2028 and U+2029 cannot occur.
#[must_use]
pub(super) fn json_in_script(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => text.push(c),
        }
    }
    text
}

/// The source by which a content security policy permits exactly this style or script.
#[must_use]
pub(super) fn csp_hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_json_is_the_same_json_and_harmless() {
        let hostile = "</script><script>alert(1)</script><!-- & \u{2028}\u{2029} \" ' 삼성";
        let json = serde_json::to_string(hostile).unwrap();
        let embedded = json_in_script(&json);
        for bad in ["<", ">", "&", "\u{2028}", "\u{2029}"] {
            assert!(!embedded.contains(bad), "{embedded}");
        }
        let back: String = serde_json::from_str(&embedded).unwrap();
        assert_eq!(back, hostile);
    }

    #[test]
    fn a_hash_is_the_one_that_browsers_compute() {
        // Of https://www.w3.org/TR/CSP3/#external-hash and of an empty text.
        assert_eq!(
            csp_hash(""),
            "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
        );
        assert_eq!(
            csp_hash("alert('Hello, world.');"),
            "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
        );
    }
}
