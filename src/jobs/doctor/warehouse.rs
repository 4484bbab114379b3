//! The warehouse that answered, judged by what a sync without rows met and by what such a one does not meet.

use chrono::{DateTime, TimeDelta, Utc};

use super::check::{Check, Verdict};
use crate::domain::outgoing::OutgoingTexts;
use crate::warehouse::{Diagnosis, Refused, TableFacts};

/// The warehouse: `now` and `round_trip_ms` tell how far its clock is from ours.
#[must_use]
pub(crate) fn warehouse(
    place: &str,
    found: &Diagnosis,
    refused: &[Refused],
    sent: &OutgoingTexts,
    now: DateTime<Utc>,
    round_trip_ms: u64,
) -> Vec<Check> {
    let mut checks = vec![connection(place, found, round_trip_ms)];
    match refused.is_empty() {
        true => checks.push(tables(found)),
        false => checks.extend(refusals(refused, found, sent)),
    }
    checks.extend(rows(found, refused, sent));
    checks.push(clock(found.clock, now));
    checks
}

fn connection(place: &str, found: &Diagnosis, round_trip_ms: u64) -> Check {
    let tls = match &found.tls {
        Some(version) => format!("encrypted ({version})"),
        None => "not encrypted".to_owned(),
    };
    let version = &found.server_version;
    let detail =
        format!("{place}: PostgreSQL {version}, {tls}, a round trip takes {round_trip_ms} ms");
    let major = version.split(|c: char| !c.is_ascii_digit()).next();
    match major.and_then(|v| v.parse::<u32>().ok()) {
        Some(..11) => Check::warn(
            "warehouse",
            detail,
            "pricestash is made for PostgreSQL 11 or newer, and `verify` needs it: use a newer server",
        ),
        _ => Check::ok("warehouse", detail),
    }
}

fn tables(found: &Diagnosis) -> Check {
    const NAME: &str = "warehouse tables";
    if !found.missing.is_empty() {
        let missing = found.missing.join(", ");
        return Check::ok(NAME, format!("{missing} will be created by the next sync"));
    }
    let mut details = vec!["all are there, and may be written".to_owned()];
    let kept = found.tables.iter().filter(|t| !t.can_delete);
    let kept: Vec<&str> = kept.map(|t| t.name.as_str()).collect();
    let names = kept.join(", ");
    if kept.contains(&"price_daily") {
        details.push(format!(
            "this user may delete no row of {names}: `retract` needs DELETE to take a bar out there"
        ));
    } else if !kept.is_empty() {
        details.push(format!("this user may delete no row of {names}"));
    }
    let constraints = found.tables.iter().flat_map(|t| &t.constraints);
    let constraints: Vec<&str> = constraints.map(String::as_str).collect();
    if !constraints.is_empty() {
        let constraints = constraints.join(", ");
        details.push(format!(
            "what constraints refuse ({constraints}), only rows show"
        ));
    }
    Check::ok(NAME, details.join("; "))
}

/// What a sync would meet at the tables, once where several say the same.
fn refusals(refused: &[Refused], found: &Diagnosis, sent: &OutgoingTexts) -> Vec<Check> {
    let is_missing = |r: &Refused| found.missing.iter().any(|name| name == r.table);
    let is_alike = |a: &Refused, b: &Refused| a.why == b.why && is_missing(a) == is_missing(b);
    let groups = refused.chunk_by(is_alike);
    groups
        .filter_map(|alike| {
            let first = alike.first()?;
            let tables: Vec<&str> = alike.iter().map(|r| r.table).collect();
            let verb = match (is_missing(first), first.is_forbidden) {
                (true, true) => "missing, and this user may not create it",
                (true, false) => "missing and cannot be created",
                (false, _) => "not to be written",
            };
            Some(Check::new(
                "warehouse tables",
                alike.iter().map(|r| verdict(r, sent)).max()?,
                format!("{}: {verb}: {}", tables.join(", "), first.why),
                remedy(first, is_missing(first), found),
            ))
        })
        .collect()
}

/// Without `price_daily` nothing goes, without `asset_master` no new asset; the record of a run that cannot be written is a warning
/// of `sync`, too.
fn verdict(refused: &Refused, sent: &OutgoingTexts) -> Verdict {
    match refused.table {
        _ if refused.is_locked => Verdict::Warn,
        "price_daily" => Verdict::Fail,
        "asset_master" if sent.assets_wait => Verdict::Fail,
        _ => Verdict::Warn,
    }
}

fn remedy(refused: &Refused, is_missing: bool, found: &Diagnosis) -> &'static str {
    if refused.is_locked {
        "let that session end; a sync waits for it as long as SYNC_STATEMENT_TIMEOUT says"
    } else if found.is_standby {
        "point DATABASE_URL to the primary: this server is a standby, which only reads"
    } else if is_missing && refused.is_forbidden {
        "let a user who may run what `pricestash schema warehouse` prints, or grant create on the schema"
    } else {
        refused.advice.unwrap_or("change the table as it says")
    }
}

/// What may happen to rows that a statement without rows does not show.
fn rows(found: &Diagnosis, refused: &[Refused], sent: &OutgoingTexts) -> Vec<Check> {
    const NAME: &str = "warehouse rows";
    let mut checks = Vec::new();
    for table in &found.tables {
        checks.extend(policies(table, sent));
        let mut warn = |detail: String, remedy| checks.push(Check::warn(NAME, detail, remedy));
        let name = &table.name;
        if table.is_unlogged {
            warn(
                format!("{name} is UNLOGGED: a crash of the server empties it"),
                "ALTER TABLE … SET LOGGED; rows that a crash took are sent again by the next sync",
            );
        }
        if !table.triggers.is_empty() {
            warn(
                format!(
                    "{name} has triggers that may change a row or drop it ({}), which only a sync shows",
                    table.triggers.join(", ")
                ),
                "nothing, where they are meant; rows that they drop are in the table sync_reject",
            );
        }
        if table.has_gaps {
            warn(
                format!(
                    "{name} has partitions and no default one: rows of none of them are refused"
                ),
                "make the partitions of the coming years, or a default one",
            );
        }
        // Newer servers refuse it at once.
        if table.lacks_identity && refused.iter().all(|r| r.table != name) {
            warn(
                format!(
                    "{name} is published without a replica identity: the server may refuse to update it"
                ),
                "ALTER TABLE … REPLICA IDENTITY FULL, or give it a primary key",
            );
        }
        if let Some((column, longest, text)) = too_long(table, sent) {
            warn(
                format!(
                    "{name}.{column} takes {longest} characters, and \"{text}\" has more: it is refused"
                ),
                "let the column take as many as `pricestash schema warehouse` prints",
            );
        }
    }
    checks
}

fn too_long<'a>(
    table: &'a TableFacts,
    sent: &'a OutgoingTexts,
) -> Option<(&'a str, usize, &'a str)> {
    table.lengths.iter().find_map(|(column, longest)| {
        let mut texts = sent.texts.iter();
        let (_, _, text) = texts.find(|(of, at, text)| {
            *of == table.name && at == column && text.chars().count() > *longest
        })?;
        Some((column.as_str(), *longest, text.as_str()))
    })
}

/// Row level security denies what no policy allows; what one allows, only a row shows.
fn policies(table: &TableFacts, sent: &OutgoingTexts) -> Option<Check> {
    const NAME: &str = "warehouse rows";
    let (name, denied) = (&table.name, table.denied_rows.as_ref()?);
    let may_insert = !denied.iter().any(|command| command != "UPDATE");
    let remedy =
        "give the user of DATABASE_URL policies for SELECT, INSERT and UPDATE, or BYPASSRLS";
    if denied.is_empty() {
        return Some(Check::warn(
            NAME,
            format!(
                "row level security holds for this user on {name}: which rows its policies refuse, only a sync shows"
            ),
            "nothing, where its policies allow every row",
        ));
    }
    let commands = denied.join(", ");
    let detail = format!(
        "row level security allows this user no row of {name} for {commands}: no policy does"
    );
    let is_needed = name == "price_daily" || name == "asset_master" && sent.assets_wait;
    Some(match is_needed && !may_insert {
        true => Check::fail(NAME, detail, remedy),
        false => Check::warn(NAME, detail, remedy),
    })
}

/// The latest ingest wins: a clock that is wrong makes newer prices lose.
fn clock(theirs: DateTime<Utc>, ours: DateTime<Utc>) -> Check {
    const NAME: &str = "clock";
    const REMEDY: &str = "let the machines keep the time of the network: the latest ingest wins, by the clock of this machine";
    let apart = (ours - theirs).abs();
    let detail = format!(
        "this machine and the warehouse are {} s apart",
        apart.num_seconds()
    );
    match apart {
        a if a > TimeDelta::minutes(5) => Check::fail(NAME, detail, REMEDY),
        a if a > TimeDelta::seconds(10) => Check::warn(NAME, detail, REMEDY),
        _ => Check::ok(NAME, detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn found() -> Diagnosis {
        Diagnosis {
            server_version: "15.13 (Debian)".to_owned(),
            tls: None,
            clock: time("2026-11-25T10:00:00Z"),
            missing: Vec::new(),
            is_standby: false,
            encoding: "UTF8".to_owned(),
            tables: Vec::new(),
        }
    }

    fn worst(found: &Diagnosis, refused: &[Refused], sent: &OutgoingTexts) -> Verdict {
        let checks = warehouse("h/d", found, refused, sent, found.clock, 3);
        let has = |verdict| checks.iter().any(|c| c.status == verdict);
        match (has(Verdict::Fail), has(Verdict::Warn)) {
            (true, _) => Verdict::Fail,
            (_, true) => Verdict::Warn,
            _ => Verdict::Ok,
        }
    }

    #[test]
    fn a_table_that_refuses_is_as_bad_as_what_does_not_arrive() {
        let refused = |table| Refused {
            table,
            why: "why".to_owned(),
            advice: None,
            is_locked: false,
            is_forbidden: true,
        };
        let waits = |assets_wait| OutgoingTexts {
            assets_wait,
            ..OutgoingTexts::default()
        };
        for (table, assets_wait, verdict) in [
            ("price_daily", false, Verdict::Fail),
            ("asset_master", true, Verdict::Fail),
            ("asset_master", false, Verdict::Warn),
            ("job_run", true, Verdict::Warn),
        ] {
            let judged = worst(&found(), &[refused(table)], &waits(assets_wait));
            assert_eq!(judged, verdict, "{table}");
        }
        let locked = Refused {
            is_locked: true,
            ..refused("price_daily")
        };
        assert_eq!(worst(&found(), &[locked], &waits(true)), Verdict::Warn);
        assert_eq!(worst(&found(), &[], &waits(true)), Verdict::Ok);
    }

    #[test]
    fn what_rows_would_meet_is_judged_by_its_certainty() {
        let prices = || TableFacts {
            name: "price_daily".to_owned(),
            ..TableFacts::default()
        };
        let denied = |commands: &[&str]| TableFacts {
            denied_rows: Some(commands.iter().map(|&c| c.to_owned()).collect()),
            ..prices()
        };
        let short = TableFacts {
            lengths: vec![("asset_id".to_owned(), 6)],
            ..prices()
        };
        let sent = |text: &str| OutgoingTexts {
            assets_wait: true,
            texts: vec![(
                "price_daily".to_owned(),
                "asset_id".to_owned(),
                text.to_owned(),
            )],
        };
        for (table, text, verdict) in [
            (prices(), "005930", Verdict::Ok),
            (denied(&[]), "005930", Verdict::Warn),
            (denied(&["UPDATE"]), "005930", Verdict::Warn),
            (denied(&["INSERT"]), "005930", Verdict::Fail),
            (short.clone(), "005930", Verdict::Ok),
            (short, "KRW-BTC", Verdict::Warn),
        ] {
            let found = Diagnosis {
                tables: vec![table.clone()],
                ..found()
            };
            assert_eq!(worst(&found, &[], &sent(text)), verdict, "{table:?}");
        }
    }

    #[test]
    fn versions_and_clocks_are_judged() {
        for (version, verdict) in [
            ("9.6", Verdict::Warn),
            ("10.23", Verdict::Warn),
            ("11.22", Verdict::Ok),
            ("18beta1", Verdict::Ok),
        ] {
            let found = Diagnosis {
                server_version: version.to_owned(),
                ..found()
            };
            assert_eq!(connection("h/d", &found, 3).status, verdict, "{version}");
        }
        let now = time("2026-11-25T10:00:00Z");
        for (theirs, verdict) in [
            ("2026-11-25T10:00:03Z", Verdict::Ok),
            ("2026-11-25T09:59:30Z", Verdict::Warn),
            ("2026-11-25T11:00:00Z", Verdict::Fail),
        ] {
            assert_eq!(clock(time(theirs), now).status, verdict);
        }
    }
}
