//! Korean particles, which have two forms: that behind a consonant and that behind a vowel. A text writes both (`을/를`), and the last
//! syllable before it decides.

/// Both forms as texts write them: behind a consonant, behind a vowel.
const PAIRS: [(&str, &str, &str); 5] = [
    ("은/는", "은", "는"),
    ("이/가", "이", "가"),
    ("을/를", "을", "를"),
    ("과/와", "과", "와"),
    ("으로/로", "으로", "로"),
];

/// How a word ends when it is read aloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Vowel,
    /// ㄹ, which counts as a vowel before 로.
    Rieul,
    Consonant,
}

/// Puts a text behind what stands there already, each particle in its form.
pub(super) fn with_particles(written: &mut String, text: &str) {
    let mut rest = text;
    while let Some((at, pair)) = first_pair(rest) {
        let (before, from) = rest.split_at(at);
        written.push_str(before);
        written.push_str(form(pair, ending(written)));
        rest = from.strip_prefix(pair.0).unwrap_or_default();
    }
    written.push_str(rest);
}

type Pair = (&'static str, &'static str, &'static str);

fn first_pair(text: &str) -> Option<(usize, Pair)> {
    let found = PAIRS
        .iter()
        .filter_map(|pair| Some((text.find(pair.0)?, *pair)));
    found.min_by_key(|(at, _)| *at)
}

/// Of a word that nobody knows how to read both forms stay.
fn form(pair: Pair, ending: Option<Ending>) -> &'static str {
    let (both, consonant, vowel) = pair;
    match ending {
        None => both,
        Some(Ending::Vowel) => vowel,
        Some(Ending::Rieul) if vowel == "로" => vowel,
        Some(_) => consonant,
    }
}

/// Quotes and brackets are not read.
fn ending(text: &str) -> Option<Ending> {
    /// The first syllable of Hangul, and how many others differ by their final consonant only.
    const FIRST: u32 = 0xAC00;
    const FINALS: u32 = 28;
    const RIEUL: u32 = 8;
    let last = text.chars().rev().find(|c| c.is_alphanumeric())?;
    Some(match last {
        '가'..='힣' => match (u32::from(last) - FIRST) % FINALS {
            0 => Ending::Vowel,
            RIEUL => Ending::Rieul,
            _ => Ending::Consonant,
        },
        '1' | '7' | '8' | 'l' | 'L' | 'R' => Ending::Rieul,
        '0' | '3' | '6' | 'm' | 'M' | 'n' | 'N' => Ending::Consonant,
        c if c.is_ascii_alphanumeric() => Ending::Vowel,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(word: &str, particle: &str) -> String {
        let mut text = word.to_owned();
        with_particles(&mut text, particle);
        text
    }

    #[test]
    fn the_last_syllable_decides() {
        for (word, particle, right) in [
            ("삼성전자", "을/를", "삼성전자를"),
            ("종목", "은/는", "종목은"),
            ("가격 파일", "으로/로", "가격 파일로"),
            ("폴더", "으로/로", "폴더로"),
            ("시장", "으로/로", "시장으로"),
            ("`logs`", "이/가 없습니다", "`logs`가 없습니다"),
            ("\"data/staging.db\"", "을/를", "\"data/staging.db\"를"),
            ("AAPL", "이/가", "AAPL이"),
            ("AAPL", "으로/로", "AAPL로"),
            ("005930", "은/는", "005930은"),
            ("KS200", "과/와", "KS200과"),
            ("EUR", "이/가", "EUR이"),
            ("server", "이/가", "server가"),
            ("SOXL(레버리지)", "을/를 ", "SOXL(레버리지)를 "),
            ("株", "을/를", "株을/를"),
        ] {
            assert_eq!(said(word, particle), right);
        }
        assert_eq!(said("", "값을/를 삼성은/는"), "값을 삼성은");
    }
}
