//! Turns a word into an asset: asks the source that fits it for its facts, and Yahoo whether it has the same asset.

use chrono::NaiveDate;

use super::LookUps;
use crate::config::assets_edit::{NewAsset, NewSource};
use crate::domain::asset::SourceKind;
use crate::domain::calendar::Calendars;
use crate::domain::listing::{
    Doubt, Given, Listing, Proposal, Word, propose, second_symbol, why_no_second,
};
use crate::sources::AnswerError;
use crate::sources::fetch::FetchError;
use crate::sources::is_same_symbol;
use crate::sources::lookup::LookUp;

/// What a person wants to add.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// The word; the id if sources are given.
    pub(crate) word: String,
    /// Facts given by options.
    pub(crate) given: Given,
    /// Sources given by options; empty if the word implies them.
    pub(crate) sources: Vec<NewSource>,
    /// Whether it is collected by default.
    pub(crate) active: bool,
}

/// The result for a word.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The id that the asset has or would have.
    pub(crate) id: String,
    /// The source's answer, if it was asked and answered.
    pub(crate) listing: Option<Listing>,
    pub(crate) outcome: Outcome,
    /// Remarks for the person that change nothing.
    pub(crate) remarks: Vec<String>,
}

/// The result of a look-up.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// An asset that is certain.
    Asset(NewAsset),
    /// What it would be, and what the person still has to decide.
    Doubtful(Proposal),
    /// No source has it.
    Unknown(String),
    /// The assets file would refuse it.
    Refused(String),
    /// The source could not be asked or did not answer.
    Failed(String),
}

/// Looks up one word. No source is asked if all facts are given.
///
/// # Errors
/// When the program is told to stop.
pub(crate) fn find(
    look_ups: &LookUps<'_>,
    calendars: &Calendars,
    wanted: &Wanted,
) -> Result<Found, FetchError> {
    if let Some(asset) = complete(wanted) {
        return Ok(Found {
            id: asset.id.clone(),
            listing: None,
            outcome: Outcome::Asset(asset),
            remarks: Vec::new(),
        });
    }
    let ended = |outcome| Found {
        id: wanted.word.clone(),
        listing: None,
        outcome,
        remarks: Vec::new(),
    };
    let word = match wanted.sources.first() {
        Some(NewSource { source, symbol, .. }) => match Word::of_source(source, symbol) {
            Some(word) => word,
            None => return Ok(ended(Outcome::Doubtful(cannot_ask(source, wanted)))),
        },
        None => match Word::read(&wanted.word) {
            Ok(word) => word,
            Err(why) => return Ok(ended(Outcome::Unknown(why))),
        },
    };
    match ask(look_ups, &word) {
        Ok(asked) => asset(look_ups, calendars, wanted, asked),
        Err(error @ FetchError::Stopped(_)) => Err(error),
        Err(FetchError::Answer {
            error: AnswerError::UnknownSymbol(why),
            ..
        }) => {
            let word = word.symbol();
            let why = format!("{why}; `pricestash assets search {word}` searches for it by name");
            Ok(ended(Outcome::Unknown(why)))
        }
        Err(FetchError::Symbol { got, .. }) => {
            let source = word.source();
            let why = format!("{source} answers with {got}; add that if you mean it");
            Ok(ended(Outcome::Unknown(why)))
        }
        Err(error) => Ok(ended(Outcome::Failed(error.to_string()))),
    }
}

/// The asset, if all facts are given.
fn complete(wanted: &Wanted) -> Option<NewAsset> {
    let Given {
        name,
        category,
        calendar,
        currency,
    } = wanted.given.clone();
    if wanted.sources.is_empty() {
        return None;
    }
    Some(NewAsset {
        id: wanted.word.clone(),
        name: name?,
        category: category?,
        calendar: calendar?,
        currency: currency?,
        active: wanted.active,
        sources: wanted.sources.clone(),
    })
}

/// The facts to give if the source does not describe its symbols.
fn cannot_ask(source: &str, wanted: &Wanted) -> Proposal {
    let Given {
        name,
        category,
        calendar,
        currency,
    } = wanted.given.clone();
    let options = [
        ("--name", &name),
        ("--category", &category),
        ("--calendar", &calendar),
        ("--currency", &currency),
    ];
    let missing = options.into_iter().filter(|(_, given)| given.is_none());
    let why = format!("{source} does not describe its symbols");
    let doubts = missing.map(|(option, _)| Doubt {
        option,
        why: why.clone(),
    });
    Proposal {
        doubts: doubts.collect(),
        name: name.unwrap_or_default(),
        category,
        calendar,
        currency,
        remarks: Vec::new(),
    }
}

/// The first source's answer and its day.
struct Asked {
    listing: Listing,
    day: NaiveDate,
    remarks: Vec<String>,
}

fn ask(look_ups: &LookUps<'_>, word: &Word) -> Result<Asked, FetchError> {
    let symbol = word.symbol();
    let mut asked = match word {
        Word::Naver(_) => one(look_ups, LookUp::NaverBasic, symbol)?,
        Word::Yahoo(_) => one(look_ups, LookUp::YahooMeta, symbol)?,
        Word::Upbit(_) => market(look_ups, symbol)?,
    };
    if !is_same_symbol(symbol, &asked.listing.symbol) {
        return Err(FetchError::Symbol {
            got: asked.listing.symbol,
            expected: symbol.to_owned(),
        });
    }
    // A rate against the dollar has two names; keep the one that was typed.
    symbol.clone_into(&mut asked.listing.symbol);
    Ok(asked)
}

fn one(look_ups: &LookUps<'_>, look_up: LookUp, symbol: &str) -> Result<Asked, FetchError> {
    let (listing, day) = look_ups.ask_one(look_up, symbol)?;
    Ok(Asked {
        listing,
        day,
        remarks: Vec::new(),
    })
}

/// A market of Upbit: its newest candle, and its names from the list of markets. Either shows that it exists.
fn market(look_ups: &LookUps<'_>, symbol: &str) -> Result<Asked, FetchError> {
    let candle = match one(look_ups, LookUp::UpbitMarket, symbol) {
        Err(
            error @ (FetchError::Stopped(_)
            | FetchError::Answer {
                error: AnswerError::UnknownSymbol(_),
                ..
            }),
        ) => return Err(error),
        candle => candle,
    };
    let listed = look_ups.market(symbol)?;
    match (candle, listed) {
        (Ok(mut asked), Ok(Some(market))) => {
            asked.listing.name = market.name;
            asked.listing.english_name = market.english_name;
            Ok(asked)
        }
        (Ok(mut asked), other) => {
            let why = other.err();
            let why = why.unwrap_or_else(|| "not in Upbit's list of markets".to_owned());
            asked.remarks.push(format!("its name is unknown: {why}"));
            Ok(asked)
        }
        (Err(error), Ok(Some(listing))) => Ok(Asked {
            listing,
            day: look_ups.today,
            remarks: vec![format!("its newest price is unknown: {error}")],
        }),
        (Err(error), _) => Err(error),
    }
}

fn asset(
    look_ups: &LookUps<'_>,
    calendars: &Calendars,
    wanted: &Wanted,
    asked: Asked,
) -> Result<Found, FetchError> {
    let Asked {
        mut listing,
        day,
        mut remarks,
    } = asked;
    let has_sources = !wanted.sources.is_empty();
    let second = match has_sources && wanted.given.category.is_some() {
        true => None,
        // A user who names the sources gets no remarks on others, but their category counts.
        false if has_sources => second_source(look_ups, &listing, &mut Vec::new())?,
        false => second_source(look_ups, &listing, &mut remarks)?,
    };
    if listing.source == SourceKind::Naver {
        listing.first_day = second.as_ref().and_then(|second| second.first_day);
    }
    let mut proposal = propose(&listing, second.as_ref(), &wanted.given, calendars, day);
    remarks.append(&mut proposal.remarks);
    let sources = match has_sources {
        true => wanted.sources.clone(),
        false => [Some(&listing), second.as_ref()]
            .into_iter()
            .flatten()
            .map(entry)
            .collect(),
    };
    let id = match has_sources {
        true => wanted.word.clone(),
        false => listing.symbol.clone(),
    };
    let outcome = match proposal {
        Proposal {
            name,
            category: Some(category),
            calendar: Some(calendar),
            currency: Some(currency),
            doubts,
            ..
        } if doubts.is_empty() => Outcome::Asset(NewAsset {
            id: id.clone(),
            name,
            category,
            calendar,
            currency,
            active: wanted.active,
            sources,
        }),
        proposal => Outcome::Doubtful(proposal),
    };
    Ok(Found {
        id,
        listing: Some(listing),
        outcome,
        remarks,
    })
}

fn entry(listing: &Listing) -> NewSource {
    NewSource {
        source: listing.source.name().to_owned(),
        symbol: listing.symbol.clone(),
        currency: None,
    }
}

/// The same asset at Yahoo, if it has it. If it does not or does not answer, a remark says so.
fn second_source(
    look_ups: &LookUps<'_>,
    first: &Listing,
    remarks: &mut Vec<String>,
) -> Result<Option<Listing>, FetchError> {
    let Some(symbol) = second_symbol(first) else {
        return Ok(None);
    };
    let why = match look_ups.ask_one(LookUp::YahooMeta, &symbol) {
        Ok((second, _)) if is_same_symbol(&symbol, &second.symbol) => {
            match why_no_second(first, &second) {
                None => return Ok(Some(second)),
                Some(why) => why,
            }
        }
        Ok((second, _)) => format!("Yahoo answers for {symbol} with {}", second.symbol),
        Err(error @ FetchError::Stopped(_)) => return Err(error),
        Err(error) => format!("{symbol} at Yahoo: {error}"),
    };
    remarks.push(format!("no second source: {why}"));
    Ok(None)
}
