//! The changes to rows of the warehouse's `asset_master` that others created, when they are taken over.

use serde::Serialize;

use super::outgoing::AssetRow;

/// A row of `asset_master` that is not ours, as its owner has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnersRow {
    pub(crate) asset_id: String,
    /// Its columns `name`, `category`, `source_priority` (JSON), `is_active`, and `currency` if that column exists.
    pub(crate) values: Vec<(String, Option<String>)>,
}

/// A changed value. The fields are the columns of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    pub(crate) asset_id: String,
    pub(crate) column: String,
    /// The owner's value.
    pub(crate) there: Option<String>,
    /// The new value.
    pub(crate) here: String,
}

/// The changes that make the row match the configuration.
#[must_use]
pub(crate) fn changes(there: &OwnersRow, here: &AssetRow) -> Vec<Change> {
    let changed = there.values.iter().filter_map(|(column, value)| {
        let new = configured(here, column)?;
        let is_same = value.as_ref().is_some_and(|old| match column.as_str() {
            "source_priority" => json(old).is_some() && json(old) == json(&new),
            _ => *old == new,
        });
        (!is_same).then(|| Change {
            asset_id: there.asset_id.clone(),
            column: column.clone(),
            there: value.clone(),
            here: new,
        })
    });
    changed.collect()
}

fn configured(asset: &AssetRow, column: &str) -> Option<String> {
    Some(match column {
        "name" => asset.name.clone(),
        "category" => asset.category.clone(),
        "source_priority" => asset.source_priority.clone(),
        "is_active" => asset.is_active.to_string(),
        "currency" => asset.currency.clone(),
        _ => return None,
    })
}

fn json(text: &str) -> Option<serde_json::Value> {
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_changes() {
        let here = AssetRow {
            asset_id: "SOXL".to_owned(),
            name: "Semis".to_owned(),
            category: "etf".to_owned(),
            source_priority: "[\"yahoo\",\"naver\"]".to_owned(),
            is_active: true,
            currency: "USD".to_owned(),
            sources: Vec::new(),
            removed: Vec::new(),
            is_claimed: false,
            revision: 1,
        };
        let value = |column: &str, value: &str| (column.to_owned(), Some(value.to_owned()));
        let there = OwnersRow {
            asset_id: "SOXL".to_owned(),
            values: vec![
                value("name", "Semis"),
                ("category".to_owned(), None),
                value("source_priority", "[\"yahoo\", \"naver\"]"),
                value("is_active", "false"),
                value("note", "mine"),
            ],
        };
        let told: Vec<_> = changes(&there, &here)
            .into_iter()
            .map(|c| (c.column, c.there, c.here))
            .collect();
        let expected = [
            ("category", None, "etf"),
            ("is_active", Some("false"), "true"),
        ];
        let expected = expected.map(|(column, there, here)| {
            (column.to_owned(), there.map(str::to_owned), here.to_owned())
        });
        assert_eq!(told, expected);
    }
}
