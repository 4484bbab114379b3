//! `show`: prints an asset's newest bars as a table and a chart.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Serialize;

use super::answer::Answer;
use super::context::{find_asset, read_staging};
use super::rates::{self, stored_rates};
use crate::cli::ShowArgs;
use crate::config::{Config, ConfigError};
use crate::domain::adjustment::{Adjust, Factors};
use crate::domain::asset::AssetId;
use crate::domain::bar_values::Values;
use crate::domain::calendar::sub_days;
use crate::domain::digits::shortest;
use crate::domain::exchange::{Exchange, Rate};
use crate::domain::text::brief;
use crate::output::chart::{Candle, Size, candles};
use crate::output::numbers::{self, percent, price, rounded};
use crate::output::screen::{self, Column, Screen, always, if_room};
use crate::output::terminal::Terminal;
use crate::staging::{Staging, StoredAsset, StoredBar, StoredFinding, StoredSeries, best_bars};

/// Longest heading, in characters.
const LONGEST_HEADING: usize = 500;
/// Days read before the shown ones.
const COMPARED_DAYS: u64 = 30;
/// Remark on a day without a rate.
const NO_RATE: &str = "no rate";
/// Height of the price chart, in lines.
const CHART_HEIGHT: usize = 15;

/// A day of the result. The fields are the columns of JSON and CSV.
#[derive(Debug, Serialize)]
struct ShownDay {
    asset_id: String,
    date: String,
    source: String,
    currency: String,
    /// `None` if the prices cannot be adjusted because the factor is unknown.
    open: Option<f64>,
    high: Option<f64>,
    low: Option<f64>,
    close: Option<f64>,
    /// Change of the close since the previous bar, as a share.
    change: Option<f64>,
    volume: Option<i64>,
    is_final: bool,
    ingested_at: String,
    /// Findings of the day, whether it is provisional, and the rate behind its prices.
    remarks: Vec<String>,
}

pub(super) fn run(args: &ShowArgs, config: &Config) -> Result<Answer> {
    let staging = read_staging(config)?;
    let id = find_asset(&args.asset, &staging, config)?;
    let assets = staging.stored_assets()?;
    let asset = assets.iter().find(|a| a.asset_id == id.as_str());
    let asset = asset.ok_or_else(|| nothing_of(&id))?;
    let series = newest_series(&staging, asset, args.days)?;
    let best = best_bars(&series, &asset.own_sources(&series));
    if best.is_empty() {
        return Err(in_other_currencies(asset, &series)
            .unwrap_or_else(|| nothing_of(&id))
            .into());
    }
    let remarks = remarks(&staging, asset)?;
    let spans = match args.adjust {
        Adjust::None => None,
        _ => staging.adjustments(Some(id.as_str()))?.remove(id.as_str()),
    };
    let factors = Factors::new(args.adjust, spans.unwrap_or_default());
    let currency = args.currency.as_deref().map(rates::currency).transpose()?;
    let currency = currency.unwrap_or_else(|| asset.currency.clone());
    let rates = match args.currency {
        Some(_) => stored_rates(&staging, &assets)?,
        None => Vec::new(),
    };
    let exchange = Exchange::between(&asset.currency, &currency, &rates);
    let prices = Prices {
        factors: &factors,
        exchange: &exchange.map_err(ConfigError)?,
        currency: &currency,
    };
    let days = days(asset, &best, args.days, &remarks, prices);
    let asset = StoredAsset {
        currency,
        ..asset.clone()
    };
    let (ascii, with_chart) = (args.ascii, args.chart);
    let is_computed = args.adjust != Adjust::None || args.currency.is_some();
    let answer = Answer::on_screen(days, move |days, screen| {
        let mut terminal = Terminal::of_stdout();
        terminal.style.ascii |= ascii;
        let screen = screen.or_ascii(ascii);
        let table = table(days, is_computed, screen)?;
        let mut text =
            heading(&asset, days, is_computed) + &table + &adjusted_words(days, &factors);
        if screen.is_ascii() {
            text = text.replace('−', "-");
        }
        if with_chart {
            text.push_str(&chart(days, is_computed, terminal));
        }
        Ok(text)
    });
    Ok(if args.chart { answer.drawn() } else { answer })
}

/// Reads the newest `days` bars and the one before them, from which the first change is computed; reads all bars if
/// rows that are not bars lie among them.
fn newest_series(staging: &Staging, asset: &StoredAsset, days: usize) -> Result<StoredSeries> {
    let wanted = days.saturating_add(1);
    let own = asset.sources.iter().filter(|s| s.own_currency);
    let own: Vec<&str> = own.map(|s| s.source.as_str()).collect();
    let since = staging.start_of_newest(&asset.asset_id, &own, wanted)?;
    // The days before are needed to compare a stand-in source with the better one.
    let compared_from = since.map(|day| sub_days(day, COMPARED_DAYS));
    let series = staging.stored_series(&asset.asset_id, compared_from)?;
    let found = best_bars(&series, &asset.own_sources(&series)).len();
    match since {
        Some(_) if found < wanted => staging.stored_series(&asset.asset_id, None),
        _ => Ok(series),
    }
}

fn nothing_of(id: &AssetId) -> ConfigError {
    ConfigError(format!(
        "no price of {:?} in its own currency is stored yet; fetch it with `pricestash collect --assets {id}`",
        id.as_str()
    ))
}

/// The error if stored bars are in other currencies than the asset; `None` if there are none.
fn in_other_currencies(asset: &StoredAsset, series: &StoredSeries) -> Option<ConfigError> {
    let others = asset
        .sources
        .iter()
        .filter(|s| series.contains_key(&s.source));
    let others: BTreeSet<&str> = others.map(|s| s.currency.as_str()).collect();
    let StoredAsset {
        asset_id, currency, ..
    } = asset;
    let stored = others.into_iter().collect::<Vec<_>>().join(", ");
    (!stored.is_empty() && stored != *currency).then(|| {
        ConfigError(format!(
            "no bar of {asset_id:?} in {currency} is staged yet; its stored bars are in {stored}, `pricestash export --assets \
             {asset_id}` has them"
        ))
    })
}

type Remarks = BTreeMap<(String, String), Vec<StoredFinding>>;

fn remarks(staging: &Staging, asset: &StoredAsset) -> Result<Remarks> {
    let mut remarks = Remarks::new();
    for finding in staging.stored_findings(&asset.asset_id)? {
        let key = (finding.date.clone(), finding.source.clone());
        remarks.entry(key).or_default().push(finding);
    }
    Ok(remarks)
}

/// How stored prices are converted before they are shown.
#[derive(Clone, Copy)]
struct Prices<'a> {
    factors: &'a Factors,
    exchange: &'a Exchange<'a>,
    currency: &'a str,
}

impl Prices<'_> {
    /// A bar's values and the rate behind them.
    fn of(&self, bar: &StoredBar) -> (Option<Values>, Option<Rate>) {
        let rate = self.exchange.at(bar.date);
        let adjusted = self.factors.adjusted(bar.date, bar.values);
        let values = rate.as_ref().zip(adjusted);
        (values.map(|(rate, v)| v.times(rate.factor)), rate)
    }
}

/// The newest `count` days, oldest first.
fn days(
    asset: &StoredAsset,
    best: &[(&str, &StoredBar)],
    count: usize,
    remarks: &Remarks,
    prices: Prices<'_>,
) -> Vec<ShownDay> {
    let closes = best
        .iter()
        .map(|(_, bar)| prices.of(bar).0.map(|v| v.close));
    let before = std::iter::once(None).chain(closes);
    let all = best.iter().zip(before);
    all.skip(best.len().saturating_sub(count))
        .map(|((source, bar), before)| {
            let date = bar.date.to_string();
            let found = remarks.get(&(date.clone(), (*source).to_owned()));
            let provisional = (!bar.is_final).then(|| "provisional".to_owned());
            let found = found.into_iter().flatten().map(|f| f.rule.clone());
            let (values, rate) = prices.of(bar);
            let is_final = bar.is_final && rate.as_ref().is_none_or(|rate| rate.is_final);
            let rate = rate.map_or_else(|| NO_RATE.to_owned(), |rate| rate.named);
            let rate = Some(rate).filter(|named| !named.is_empty());
            ShownDay {
                asset_id: asset.asset_id.clone(),
                date,
                source: (*source).to_owned(),
                currency: prices.currency.to_owned(),
                open: values.map(|v| v.open),
                high: values.map(|v| v.high),
                low: values.map(|v| v.low),
                close: values.map(|v| v.close),
                change: before
                    .zip(values)
                    .and_then(|(before, v)| numbers::change(before, v.close)),
                volume: bar.values.volume,
                is_final,
                ingested_at: bar.ingested_at.clone(),
                remarks: provisional.into_iter().chain(found).chain(rate).collect(),
            }
        })
        .collect()
}

/// The asset, the newest close and its change.
fn heading(asset: &StoredAsset, days: &[ShownDay], is_computed: bool) -> String {
    let Some(newest) = days.last() else {
        return String::new();
    };
    let moved = newest.change.map(percent).unwrap_or_default();
    let StoredAsset {
        name,
        asset_id,
        currency,
        ..
    } = asset;
    let close = newest.close.map(|close| match is_computed {
        true => rounded(close, decimals(days, true)),
        false => price(close, numbers::decimals(currency)),
    });
    let close = close.map_or_else(String::new, |close| format!("{close} {currency}"));
    let heading = format!("{name} ({asset_id})  {close}  {moved}");
    brief(heading.trim_end(), LONGEST_HEADING) + "\n\n"
}

/// What the prices are adjusted for, and how many have no factor.
fn adjusted_words(days: &[ShownDay], factors: &Factors) -> String {
    let what = match factors.adjust() {
        Adjust::None => return String::new(),
        Adjust::Splits => "splits that the source did not adjust for",
        Adjust::All => "splits and dividends",
    };
    let has_rate = |day: &&ShownDay| !day.remarks.iter().any(|r| r == NO_RATE);
    let unpriced = days.iter().filter(|d| d.close.is_none());
    let unknown = unpriced.filter(has_rate).count();
    let unknown = match unknown {
        0 => String::new(),
        _ => format!(
            " {} without a price: the adjustment since then is unknown.",
            numbers::counted(unknown, "day is", "days are")
        ),
    };
    format!("\nAdjusted for {what}.{unknown}\n")
}

fn table(days: &[ShownDay], is_computed: bool, screen: Screen<'_>) -> Result<String> {
    const COLUMNS: &[Column] = &[
        always("date"),
        if_room("open").number(),
        if_room("high").number(),
        if_room("low").number(),
        always("close").number(),
        always("change").number(),
        if_room("volume").number(),
        if_room("source"),
        always("remarks"),
    ];
    #[derive(Serialize)]
    struct ShownRow<'a> {
        date: &'a str,
        open: String,
        high: String,
        low: String,
        close: String,
        change: String,
        volume: String,
        source: &'a str,
        remarks: String,
    }
    let decimals = decimals(days, is_computed);
    let written = if is_computed { rounded } else { price };
    let price = |value: Option<f64>| value.map(|v| written(v, decimals)).unwrap_or_default();
    let rows: Vec<ShownRow<'_>> = days
        .iter()
        .map(|d| ShownRow {
            date: &d.date,
            open: price(d.open),
            high: price(d.high),
            low: price(d.low),
            close: price(d.close),
            change: d.change.map(percent).unwrap_or_default(),
            volume: d.volume.map(numbers::count).unwrap_or_default(),
            source: &d.source,
            remarks: d.remarks.join(", "),
        })
        .collect();
    screen::table(&rows, COLUMNS, screen)
}

/// The number of decimals of the price that has the most, so that decimal points line up.
///
/// Computed prices (adjusted or converted) have no digits of their own: they get two more than the currency, and as many as show
/// four digits of the smallest.
fn decimals(days: &[ShownDay], is_computed: bool) -> usize {
    let of = |value: f64| {
        let digits = shortest(value);
        digits
            .split_once('.')
            .map_or(0, |(_, fraction)| fraction.len())
    };
    let least = days.first().map_or(0, |d| numbers::decimals(&d.currency));
    let prices = days.iter().flat_map(|d| [d.open, d.high, d.low, d.close]);
    let prices = prices.flatten();
    if is_computed {
        /// Digits of the smallest price behind its first one.
        const FURTHER: i32 = 3;
        let needed = prices.filter(|p| p.abs() > 0.0).filter_map(|price| {
            let scientific = format!("{:e}", price.abs());
            let (_, exponent) = scientific.split_once('e')?;
            let exponent: i32 = exponent.parse().ok()?;
            usize::try_from(FURTHER - exponent).ok()
        });
        return needed.fold(least + 2, usize::max);
    }
    prices.map(of).fold(least, usize::max)
}

fn chart(days: &[ShownDay], is_computed: bool, terminal: Terminal) -> String {
    let bars: Vec<Candle> = days
        .iter()
        .filter_map(|d| {
            Some(Candle {
                label: d.date.clone(),
                open: d.open?,
                high: d.high?,
                low: d.low?,
                close: d.close?,
                volume: d.volume.map(numbers::from_int),
            })
        })
        .collect();
    let size = Size {
        width: terminal.width,
        height: CHART_HEIGHT,
    };
    // An axis needs only the digits that distinguish its lines.
    let range = bars.iter().map(|b| b.high).fold(0.0, f64::max);
    let decimals = if range >= 1000.0 {
        0
    } else {
        decimals(days, is_computed).min(4)
    };
    let lines = candles(&bars, size, terminal.style, |p| {
        numbers::rounded(p, decimals)
    });
    format!("\n{}\n", lines.join("\n"))
}
