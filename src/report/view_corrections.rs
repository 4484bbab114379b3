//! Corrections, and rows here and there, in the words of the page.

use super::facts::{AssetFacts, Facts, WarehouseFacts};
use super::view::Change;
use super::view_runs::time;
use crate::domain::bar_values::Values;
use crate::output::numbers;
use crate::staging::Correction;

/// So many groups of either kind are listed, and so many days of each.
const LISTED_GROUPS: usize = 200;
const LISTED_CORRECTIONS: usize = 60;

/// What changed afterwards. Every session's provisional bar becomes final: apart, so that they do not hide a correction.
pub(super) struct CorrectionsView {
    pub(super) corrected: Groups,
    pub(super) became_final: Groups,
}

/// Groups, newest first.
pub(super) struct Groups {
    pub(super) groups: Vec<GroupView>,
    /// How many older groups are not listed.
    pub(super) more: usize,
    /// Values in all of them.
    pub(super) values: usize,
}

/// What one run changed of one series.
pub(super) struct GroupView {
    pub(super) asset_at: usize,
    pub(super) asset: String,
    pub(super) source: String,
    pub(super) replaced_at: String,
    pub(super) job: String,
    /// The command and when it began, of a run that the page knows.
    pub(super) run: Option<(String, String)>,
    pub(super) was_provisional: bool,
    pub(super) count: usize,
    pub(super) first: String,
    pub(super) last: String,
    /// The least and the greatest change of a close.
    pub(super) range: String,
    pub(super) days: Vec<CorrectionView>,
    pub(super) more: usize,
}

/// One day's change.
pub(super) struct CorrectionView {
    pub(super) date: String,
    pub(super) fields: Vec<FieldView>,
}

/// One changed value.
pub(super) struct FieldView {
    pub(super) name: &'static str,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) change: Option<Change>,
}

/// One asset's rows here and there.
pub(super) struct CountView {
    pub(super) asset: String,
    pub(super) staged: String,
    pub(super) pending: String,
    pub(super) warehouse: Option<String>,
    pub(super) differs: bool,
}

/// What changed afterwards, together what one run changed of one series.
pub(super) fn corrections(facts: &Facts) -> CorrectionsView {
    let mut groups: Vec<GroupView> = Vec::new();
    for (at, asset) in facts.assets.iter().enumerate() {
        let same = |a: &Correction, b: &Correction| key(a) == key(b);
        let mut corrections: Vec<&Correction> = asset.corrections.iter().collect();
        corrections.sort_by_key(|c| key(c));
        for group in corrections.chunk_by(|a, b| same(a, b)) {
            groups.extend(correction_group(at, asset, group, facts));
        }
    }
    let (became_final, corrected) = groups.into_iter().partition(|g| g.was_provisional);
    CorrectionsView {
        corrected: newest(corrected),
        became_final: newest(became_final),
    }
}

fn newest(mut groups: Vec<GroupView>) -> Groups {
    let values = groups.iter().map(|g| g.count).sum();
    groups.sort_by(|a, b| b.replaced_at.cmp(&a.replaced_at));
    let more = groups.len().saturating_sub(LISTED_GROUPS);
    groups.truncate(LISTED_GROUPS);
    Groups {
        groups,
        more,
        values,
    }
}

fn key(c: &Correction) -> (&str, &str, Option<&str>, bool) {
    (
        &c.replaced_at,
        &c.source,
        c.job_id.as_deref(),
        c.was_provisional,
    )
}

fn correction_group(
    at: usize,
    asset: &AssetFacts,
    group: &[&Correction],
    facts: &Facts,
) -> Option<GroupView> {
    let first = group.first()?;
    let dates = || group.iter().map(|c| c.date.as_str());
    let job = first.job_id.clone().unwrap_or_default();
    let run = facts.runs.iter().find(|r| r.job_id == job);
    Some(GroupView {
        asset_at: at,
        asset: asset.name.clone(),
        source: first.source.clone(),
        replaced_at: first.replaced_at.clone(),
        run: run.map(|r| (r.job_name.clone(), time(r.started_at))),
        job,
        was_provisional: first.was_provisional,
        count: group.len(),
        first: dates().min().unwrap_or_default().to_owned(),
        last: dates().max().unwrap_or_default().to_owned(),
        range: range(group),
        days: group
            .iter()
            .take(LISTED_CORRECTIONS)
            .map(|c| CorrectionView {
                date: c.date.clone(),
                fields: fields(c, &asset.currency),
            })
            .collect(),
        more: group.len().saturating_sub(LISTED_CORRECTIONS),
    })
}

/// By how much the closes moved: from the least to the greatest change.
fn range(group: &[&Correction]) -> String {
    let change = |c: &&Correction| numbers::change(c.before.close, c.after?.close);
    let changes: Vec<f64> = group.iter().filter_map(change).collect();
    let Some(least) = changes.iter().copied().reduce(f64::min) else {
        return String::new();
    };
    let greatest = changes.iter().copied().fold(least, f64::max);
    let [least, greatest] = [least, greatest].map(numbers::percent);
    if least == greatest {
        least
    } else {
        format!("{least} … {greatest}")
    }
}

fn fields(c: &Correction, currency: &str) -> Vec<FieldView> {
    let Some(after) = c.after else {
        return Vec::new();
    };
    let decimals = numbers::decimals(currency);
    let names = ["open", "high", "low", "close"];
    let prices = names
        .into_iter()
        .zip(c.before.prices().into_iter().zip(after.prices()));
    let mut fields: Vec<FieldView> = prices
        .filter(|(_, (before, after))| before.to_bits() != after.to_bits())
        .map(|(name, (before, after))| FieldView {
            name,
            before: numbers::price(before, decimals),
            after: numbers::price(after, decimals),
            change: Change::between(before, after),
        })
        .collect();
    fields.extend(volume_field(c.before, after));
    fields
}

fn volume_field(before: Values, after: Values) -> Option<FieldView> {
    let text = |v: Values| v.volume.map_or_else(|| "–".to_owned(), numbers::count);
    (before.volume != after.volume).then(|| FieldView {
        name: "volume",
        before: text(before),
        after: text(after),
        change: before
            .volume
            .zip(after.volume)
            .and_then(|(b, a)| Change::between(numbers::from_int(b), numbers::from_int(a))),
    })
}

/// Rows by asset: here, waiting, and there.
pub(super) fn counts(facts: &Facts) -> Vec<CountView> {
    let there = match &facts.sync.warehouse {
        WarehouseFacts::Counts(counts) => Some(counts),
        _ => None,
    };
    let view = |asset: &AssetFacts| {
        let staged: u64 = asset.staged;
        let warehouse = there.map(|c| c.get(&asset.id).copied().unwrap_or(0));
        CountView {
            asset: asset.name.clone(),
            staged: numbers::whole(staged),
            pending: numbers::whole(asset.pending),
            warehouse: warehouse.map(numbers::whole),
            // More rows there may come from another machine; fewer than were acknowledged are a loss.
            differs: warehouse.is_some_and(|w| w + asset.pending < staged),
        }
    };
    facts.assets.iter().map(view).collect()
}
