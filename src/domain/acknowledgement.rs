//! Where acknowledged rows are: an acknowledgement belongs to a table and holds while that table has the rows.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// How many of the last acknowledged bars are looked up.
pub(crate) const MOST_WITNESSES: usize = 10;

/// A table that receives bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableIdentity {
    /// The server's system identifier or its substitute, and the database's name.
    pub database: String,
    /// The table's schema and its number there (`public.16385`).
    pub relation: String,
}

/// An acknowledged bar: its key and its fetch time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Witness {
    pub(crate) asset_id: String,
    pub(crate) date: NaiveDate,
    pub(crate) source: String,
    pub(crate) ingested_at: DateTime<Utc>,
}

/// The table that has the acknowledged rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// As [`TableIdentity::database`].
    pub(crate) database: String,
    /// As [`TableIdentity::relation`]; `None` in a file of the first version.
    pub(crate) relation: Option<String>,
    /// Host, port and database of the connection; likewise.
    pub(crate) place: Option<String>,
    /// Bars of which it must have at least one.
    pub(crate) witnesses: Vec<Witness>,
}

/// A table that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundTable {
    /// Its identity.
    pub table: TableIdentity,
    /// Host, port and database of the connection.
    pub place: String,
    /// Whether it has no rows.
    pub is_empty: bool,
    /// Whether it has one of the witnesses, or none was requested.
    pub has_witness: bool,
}

/// What an acknowledgement is worth at a table that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is the table, and it has the acknowledged rows.
    Holds,
    /// The rows are gone, or it is another table in the same place or one to which sending everything is harmless:
    /// everything is sent again.
    SendAgain,
    /// It is another database that has rows, none of them sent from here. Only the user knows whether that is intended.
    Elsewhere,
}

impl Acknowledged {
    /// Judges a table that was found.
    #[must_use]
    pub(crate) fn standing(&self, found: &FoundTable) -> Standing {
        let is_database = self.database == found.table.database;
        let is_table = is_database
            && self
                .relation
                .as_ref()
                .is_none_or(|known| *known == found.table.relation);
        let is_place = is_database || self.place.as_ref() == Some(&found.place);
        if is_table && found.has_witness {
            Standing::Holds
        } else if is_place || found.is_empty || (found.has_witness && !self.witnesses.is_empty()) {
            Standing::SendAgain
        } else {
            Standing::Elsewhere
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table that was found, what is expected of it, and what by a file of the first version, which knows the database only.
    const CASES: &str = "
1/prices public.5 nas:5432/prices rows witness     Holds Holds
1/prices public.5 other:6432/prices rows witness   Holds Holds
1/prices public.5 nas:5432/prices rows none        SendAgain SendAgain
1/prices public.5 nas:5432/prices empty none       SendAgain SendAgain
1/prices public.9 nas:5432/prices rows none        SendAgain SendAgain
1/prices mine.5 nas:5432/prices rows witness       SendAgain Holds
2/prices public.5 nas:5432/prices rows none        SendAgain Elsewhere
2/prices public.5 new:5432/prices empty none       SendAgain SendAgain
2/prices public.5 new:5432/prices rows witness     SendAgain Elsewhere
2/prices public.5 new:5432/prices rows none        Elsewhere Elsewhere
1/other public.5 nas:5432/other rows none          Elsewhere Elsewhere";

    fn known() -> Acknowledged {
        Acknowledged {
            database: "1/prices".to_owned(),
            relation: Some("public.5".to_owned()),
            place: Some("nas:5432/prices".to_owned()),
            witnesses: vec![Witness {
                asset_id: "A".to_owned(),
                date: NaiveDate::default(),
                source: "naver".to_owned(),
                ingested_at: DateTime::UNIX_EPOCH,
            }],
        }
    }

    #[test]
    fn only_a_foreign_database_with_rows_and_no_witness_stops() {
        let known = known();
        let first_version = Acknowledged {
            relation: None,
            place: None,
            witnesses: Vec::new(),
            ..known.clone()
        };
        for case in CASES.trim().lines() {
            let words: Vec<&str> = case.split_whitespace().collect();
            let found = FoundTable {
                table: TableIdentity {
                    database: words[0].to_owned(),
                    relation: words[1].to_owned(),
                },
                place: words[2].to_owned(),
                is_empty: words[3] == "empty",
                has_witness: words[4] == "witness",
            };
            let standings = [&known, &first_version].map(|known| known.standing(&found));
            assert_eq!(standings.map(|s| format!("{s:?}")), words[5..], "{case}");
        }
    }
}
