//! Decodes a user's file: UTF-8, UTF-16 as spreadsheets write it, or the Korean code page 949.

use std::borrow::Cow;

/// Placeholder for letters that are not decoded: apart from column names, everything that matters in such a file is
/// ASCII.
const UNREAD: char = '\u{fffd}';

/// Column names in code page 949. Nothing else is needed: a table of its 8,836 letters would be larger than the rest of
/// `import`.
const WORDS: &[(&[u8], &str)] = &[
    (b"\xb3\xaf\xc2\xa5", "날짜"),
    (b"\xb0\xc5\xb7\xa1\xc0\xcf\xc0\xda", "거래일자"),
    (b"\xb0\xc5\xb7\xa1\xc0\xcf", "거래일"),
    (b"\xb1\xe2\xc1\xd8\xc0\xcf\xc0\xda", "기준일자"),
    (b"\xb1\xe2\xc1\xd8\xc0\xcf", "기준일"),
    (b"\xc0\xcf\xc0\xda", "일자"),
    (b"\xbd\xc3\xb0\xa1", "시가"),
    (b"\xb0\xed\xb0\xa1", "고가"),
    (b"\xc0\xfa\xb0\xa1", "저가"),
    (b"\xc1\xbe\xb0\xa1", "종가"),
    (b"\xc7\xf6\xc0\xe7\xb0\xa1", "현재가"),
    (b"\xb1\xe2\xc1\xd8\xb0\xa1\xb0\xdd", "기준가격"),
    (b"\xb1\xe2\xc1\xd8\xb0\xa1", "기준가"),
    (b"\xb0\xc5\xb7\xa1\xb7\xae", "거래량"),
    (b"\xc1\xbe\xb8\xf1\xc4\xda\xb5\xe5", "종목코드"),
    (b"\xb4\xdc\xc3\xe0\xc4\xda\xb5\xe5", "단축코드"),
    // Parts of dates: 2026년 1월 5일.
    (b"\xb3\xe2", "년"),
    (b"\xbf\xf9", "월"),
    (b"\xc0\xcf", "일"),
];

/// Decodes a file.
///
/// # Errors
/// If the bytes are not text.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    let wide = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| read(*pair)).collect();
        let text = String::from_utf16(&units).ok().filter(|_| rest.is_empty());
        text.map(Cow::Owned)
            .ok_or_else(|| "it starts like UTF-16 but is not".to_owned())
    };
    if let Some(bytes) = bytes.strip_prefix(b"\xff\xfe") {
        return wide(bytes, u16::from_le_bytes);
    }
    if let Some(bytes) = bytes.strip_prefix(b"\xfe\xff") {
        return wide(bytes, u16::from_be_bytes);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) => code_page_949(bytes).map(Cow::Owned).ok_or_else(|| {
            "it is not text in UTF-8, UTF-16 or the Korean code page 949; save it as CSV in UTF-8".to_owned()
        }),
    }
}

/// Decodes code page 949 with [`UNREAD`] for everything that is not in [`WORDS`]; `None` if the bytes are invalid.
fn code_page_949(bytes: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, behind)) = rest.split_first() {
        if first.is_ascii() {
            text.push(char::from(*first));
            rest = behind;
            continue;
        }
        let word = WORDS.iter().find(|(word, _)| rest.starts_with(word));
        if let Some((word, meaning)) = word {
            text.push_str(meaning);
            rest = rest.get(word.len()..)?;
            continue;
        }
        let second = behind.first()?;
        let is_letter = matches!(first, 0x81..=0xfe)
            && matches!(second, 0x41..=0x5a | 0x61..=0x7a | 0x81..=0xfe);
        is_letter.then(|| text.push(UNREAD))?;
        rest = behind.get(1..)?;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_korean_spreadsheet_is_text() {
        // 일자,종목명,종가 / 2026-01-05,삼성전자,100
        let bytes = b"\xc0\xcf\xc0\xda,\xc1\xbe\xb8\xf1\xb8\xed,\xc1\xbe\xb0\xa1\r\n2026-01-05,\xbb\xef\xbc\xba\xc0\xfc\xc0\xda,100\r\n";
        let text = decode(bytes).unwrap();
        assert!(
            text.starts_with("일자,") && text.contains(",종가\r\n"),
            "{text}"
        );
        assert!(text.ends_with(",100\r\n"), "{text}");
    }

    #[test]
    fn marks_and_wide_text_are_read_and_bytes_are_none() {
        let wide: Vec<u8> = "날짜\t종가"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(
            decode(&[b"\xff\xfe", &wide[..]].concat()).unwrap(),
            "날짜\t종가"
        );
        assert_eq!(decode("\u{feff}날짜".as_bytes()).unwrap(), "날짜");
        for bytes in [&b"\xff\xfea"[..], b"\xff\xff\xff", b"a\x80", b"\xb0"] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
