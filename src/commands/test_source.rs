//! `assets test-source`: sends one request to a user-defined source and shows what would be taken from the answer.
//! Stores nothing.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use chrono::NaiveDate;
use serde::Serialize;

use super::answer::Answer;
use super::context::{assets_text, read_calendars};
use super::feeds::Source;
use crate::cli::TestSourceArgs;
use crate::config::assets_file::{AssetsFile, check_symbol, parse_assets_file};
use crate::config::{Area, Config, ConfigError};
use crate::domain::answer::{Answer as SourceAnswer, RawBar, RawDay};
use crate::domain::asset::{Asset, Category, SourceKind};
use crate::domain::bar::Sign;
use crate::domain::calendar::{Calendar, sub_days};
use crate::domain::digits::shortest;
use crate::domain::run::Status;
use crate::domain::text::brief;
use crate::domain::user_source::UserSource;
use crate::domain::validate::{Checked, Context, check};
use crate::domain::window::Window;
use crate::output::numbers::counted;
use crate::output::screen::{self, Column, Screen, always, shortened};
use crate::process::clock::Clock;
use crate::process::stop::Stop;
use crate::sources::Upstream;
use crate::sources::fetch::{Part, Request, Response, without_keys};

/// How many rows are shown, and how many of those that would be rejected.
const SHOWN: usize = 10;
/// Longest shown value, in characters.
const LONGEST_VALUE: usize = 24;

/// A row as read. The fields are the columns of the result.
#[derive(Serialize)]
struct ReadRow {
    date: String,
    open: String,
    high: String,
    low: String,
    close: String,
    volume: String,
    /// `ok`, or why it would not be a bar.
    result: String,
}

/// Properties of the asset with this symbol, if the assets file has one.
struct Subject {
    calendar: Calendar,
    category: Category,
    sign: Sign,
}

pub(super) fn run(args: &TestSourceArgs, config: &Config) -> Result<Answer> {
    check_symbol(&args.symbol).map_err(ConfigError)?;
    let file = read_file(config)?;
    let source = find(&file, &args.name)?;
    let subject = subject(&file, source, &args.symbol)?;
    let stop = Stop::default();
    let answers = match &args.replay {
        Some(folder) => Source::recordings(folder, None, &config.fetch.keys)?,
        None => {
            config.refuse(&[Area::Fetch])?;
            config.fetch.keys.check(source).map_err(ConfigError)?;
            Source::network(config, &Arc::new(Clock::real(&stop)), &stop)
        }
    };
    let feed = answers.feed();
    let asked_at = feed.asked_at(source, &args.symbol);
    let today = subject
        .calendar
        .trading_day(asked_at, subject.calendar.zone());
    let window = Window {
        start: sub_days(today, u64::from(args.days)),
        end: today,
    };
    let part = feed.parts(source, &args.symbol, window).pop();
    let part = part.unwrap_or_else(|| Part::of(window));
    let request = Request {
        upstream: source,
        symbol: &args.symbol,
        category: subject.category,
        part: &part,
    };
    let asked = shown_request(request);
    let response = feed.get(request).map_err(|why| anyhow!("{asked}: {why}"))?;
    let answer = source
        .read(
            response.status,
            &response.body,
            &args.symbol,
            &subject.calendar,
        )
        .map_err(|why| anyhow!("{asked}: {why}"))?;
    Ok(judge(&answer, &response, &subject, asked))
}

fn read_file(config: &Config) -> Result<AssetsFile> {
    let path = &config.assets_file;
    let file = parse_assets_file(&assets_text(path)?, &read_calendars()?);
    Ok(file.map_err(|why| ConfigError(format!("{}: {why}", path.display())))?)
}

fn find(file: &AssetsFile, name: &str) -> Result<&'static UserSource, ConfigError> {
    let found = file.sources.iter().find(|source| source.name == name);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = file.sources.iter().map(|s| s.name.as_str()).collect();
        let known = match names[..] {
            [] => "which has none".to_owned(),
            _ => format!("which has {}", names.join(", ")),
        };
        ConfigError(format!(
            "there is no [[source]] {name:?} in the assets file, {known}; data/README.md shows how to write one"
        ))
    })
}

/// The asset with this symbol of the source. Without one, days are in UTC and every day is a session.
fn subject(file: &AssetsFile, source: &'static UserSource, symbol: &str) -> Result<Subject> {
    let kind = SourceKind::User(source);
    let has = |asset: &&Asset| {
        asset
            .sources
            .iter()
            .any(|s| s.kind == kind && s.symbol == symbol)
    };
    if let Some(asset) = file.assets.iter().find(has) {
        return Ok(Subject {
            calendar: asset.calendar.clone(),
            category: asset.category,
            sign: asset.sign,
        });
    }
    let calendar = read_calendars()?.get("24/7");
    Ok(Subject {
        calendar: calendar.ok_or_else(|| anyhow!("the calendar 24/7 is missing"))?,
        category: Category::Stock,
        sign: Sign::Positive,
    })
}

/// The request without its keys.
fn shown_request(request: Request<'_>) -> String {
    let Request {
        upstream,
        symbol,
        category,
        part,
    } = request;
    let url = without_keys(&upstream.url("", symbol, category, part.window));
    let headers = upstream.headers(symbol, part.window).into_iter();
    let headers = headers.map(|(name, value)| format!(" [{name}: {}]", without_keys(&value)));
    format!("GET {url}{}", headers.collect::<String>())
}

fn judge(
    answer: &SourceAnswer<'_>,
    response: &Response,
    subject: &Subject,
    asked: String,
) -> Answer {
    let all = check_rows(answer, answer.rows.clone(), response, subject);
    let days = all.bars.iter().map(|b| b.bar.date());
    let span = match (days.clone().min(), days.max()) {
        (Some(first), Some(last)) => format!(", bars from {first} to {last}"),
        _ => String::new(),
    };
    let refused = match all.rejected.len() {
        0 => String::new(),
        count => format!(", {} would be rejected", counted(count, "row", "rows")),
    };
    let head = format!(
        "{asked}\nHTTP {}, {}, {}{span}{refused}\n",
        response.status,
        counted(response.body.len(), "byte", "bytes"),
        counted(answer.rows.len(), "row", "rows"),
    );
    let read = answer.rows.iter().map(|row| {
        let alone = check_rows(answer, vec![*row], response, subject);
        read_row(row, &alone, result_of(row, &alone, &all))
    });
    let (mut first, mut bad) = (Vec::new(), Vec::new());
    for (at, row) in read.enumerate() {
        match at < SHOWN {
            true => first.push(row),
            false if row.result != OK && bad.len() < SHOWN => bad.push(row),
            false => {}
        }
    }
    first.extend(bad);
    let status = Status::of(all.bars.len(), all.rejected.len());
    let exit_code = match all.bars.is_empty() {
        true => Status::Failure.exit_code(),
        false => status.exit_code(),
    };
    const COLUMNS: &[&str] = &["date", "open", "high", "low", "close", "volume", "result"];
    const SHOWN_COLUMNS: &[Column] = &[
        shortened("date", 10),
        shortened("open", 7).number(),
        shortened("high", 7).number(),
        shortened("low", 7).number(),
        shortened("close", 7).number(),
        shortened("volume", 6).number(),
        always("result"),
    ];
    let head = match answer.rows.is_empty() {
        true => head + NO_ROWS,
        false => head,
    };
    let said = head.clone();
    let shown = move |rows: &[ReadRow], screen: Screen<'_>| match rows.is_empty() {
        true => Ok(head),
        false => Ok(head + &screen::table(rows, SHOWN_COLUMNS, screen)?),
    };
    Answer::on_screen(first, shown)
        .with_columns(COLUMNS)
        .beside_rows(move || log::info!("{}", said.trim_end().replace('\n', "; ")))
        .ending(exit_code)
}

/// Advice for an answer that is a list without rows.
const NO_ROWS: &str =
    "The answer has no rows: check the symbol, and the dates and `rows` of the definition.\n";

const OK: &str = "ok";

fn check_rows(
    answer: &SourceAnswer<'_>,
    rows: Vec<RawBar<'_>>,
    response: &Response,
    subject: &Subject,
) -> Checked {
    let answer = SourceAnswer {
        rows,
        zone: answer.zone,
        fractional_volume: answer.fractional_volume,
        decimal: answer.decimal,
        ..SourceAnswer::default()
    };
    let ever = Window {
        start: NaiveDate::MIN,
        end: NaiveDate::MAX,
    };
    let context = Context {
        window: ever,
        calendar: &subject.calendar,
        sign: subject.sign,
        fetched_at: response.fetched_at,
    };
    check(&answer, context)
}

/// The result of one row: alone, and among the others.
fn result_of(row: &RawBar<'_>, alone: &Checked, all: &Checked) -> String {
    let Some(fetched) = alone.bars.first() else {
        return match alone.rejected.first() {
            Some(rejected) => rejected.reason.to_string(),
            None if row.close.is_empty() => "no price".to_owned(),
            None => "incomplete".to_owned(),
        };
    };
    let date = fetched.bar.date();
    let is_taken = all
        .bars
        .iter()
        .any(|b| b.bar.date() == date && b.bar.same_values(&fetched.bar));
    let day = date.to_string();
    let refused = all.rejected.iter().find(|r| r.date == day);
    match refused.filter(|_| !is_taken) {
        Some(rejected) => rejected.reason.to_string(),
        None if alone.unread_volumes.is_empty() => OK.to_owned(),
        None => "volume_unknown".to_owned(),
    }
}

/// The row as it would be stored, or as received if it would not be.
fn read_row(row: &RawBar<'_>, alone: &Checked, result: String) -> ReadRow {
    let shown = |text: &str| brief(text, LONGEST_VALUE);
    let taken = alone.bars.first().map(|fetched| fetched.bar);
    let price = |at: usize, text: &str| {
        let price = taken.and_then(|bar| bar.prices().get(at).copied());
        price.map_or_else(|| shown(text), shortest)
    };
    let volume = taken.and_then(|bar| bar.volume());
    ReadRow {
        date: match row.day {
            RawDay::Date(date) => date.to_string(),
            RawDay::Impossible(text) => shown(text),
        },
        open: price(0, row.open),
        high: price(1, row.high),
        low: price(2, row.low),
        close: price(3, row.close),
        volume: volume.map_or_else(|| shown(row.volume), |v| v.to_string()),
        result,
    }
}
