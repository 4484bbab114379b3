//! What runs tell: how long, how many rows, what failed, and how often each source answered.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;

use super::facts::{RunFacts, SourceFacts};
use crate::domain::run::{JobRun, Problem};
use crate::domain::timestamp;

/// A run's row as facts; `None` for one of another program without a time.
pub(super) fn run_facts(run: &JobRun) -> Option<RunFacts> {
    let started_at = timestamp::from_text(&run.started_at)?;
    let ended_at = run.ended_at.as_deref().and_then(timestamp::from_text);
    Some(RunFacts {
        job_id: run.job_id.clone(),
        job_name: run.job_name.clone(),
        started_at,
        milliseconds: ended_at.map(|end| (end - started_at).num_milliseconds()),
        status: run.status.clone(),
        rows: rows(&counted(run)),
        problems: problems(run),
    })
}

/// The part of a run's summary that is of use here. An older collect has one for each asset.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Counted {
    new: Option<u64>,
    changed: Option<u64>,
    unchanged: Option<u64>,
    sent: Option<u64>,
}

/// Another program may have written something else there: that counts nothing.
fn counted(run: &JobRun) -> Vec<Counted> {
    let summary = run.summary.as_deref().unwrap_or_default();
    serde_json::from_str(summary).unwrap_or_default()
}

fn rows(counted: &[Counted]) -> Option<u64> {
    let counts = counted
        .iter()
        .flat_map(|c| [c.new, c.changed, c.unchanged, c.sent]);
    counts.flatten().reduce(|a, b| a + b)
}

/// What failed in a run; a text that is not our JSON list is one failure.
fn problems(run: &JobRun) -> Vec<Problem> {
    let Some(text) = run.error_message.as_deref().filter(|t| !t.is_empty()) else {
        return Vec::new();
    };
    serde_json::from_str(text).unwrap_or_else(|_| vec![Problem::of_run(text)])
}

/// A problem's source without the way that was tried: `naver` for `naver fchart`.
fn source_itself(problem: &Problem) -> Option<&str> {
    problem.source()?.split(' ').next()
}

/// How often each source was asked for an asset in these runs (newest first), and how often it gave bars.
/// `all_answered`: run, asset and source of what was staged.
pub(super) fn source_facts(runs: &[JobRun], all_answered: &[[String; 3]]) -> Vec<SourceFacts> {
    let mut answered_by_run: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
    for [job_id, asset_id, sources] in all_answered {
        let of_run = answered_by_run.entry(job_id).or_default();
        // With --all-sources an asset has several.
        of_run.extend(sources.split(", ").map(|source| (source, &**asset_id)));
    }
    let mut sources: BTreeMap<String, SourceFacts> = BTreeMap::new();
    for run in runs {
        let problems = problems(run);
        let complained: BTreeSet<(&str, &str)> = problems
            .iter()
            .filter_map(|p| Some((source_itself(p)?, p.asset_id()?)))
            .collect();
        let of_run = answered_by_run.get(&*run.job_id).into_iter().flatten();
        let answered: BTreeSet<(&str, &str)> = of_run.copied().collect();
        for asked in complained.union(&answered) {
            let facts = sources
                .entry(asked.0.to_owned())
                .or_insert_with(|| SourceFacts {
                    source: asked.0.to_owned(),
                    asked: 0,
                    answered: 0,
                    last_problem: None,
                });
            facts.asked += 1;
            facts.answered += u64::from(answered.contains(asked));
            if facts.last_problem.is_none() {
                let of_source = |p: &&Problem| source_itself(p) == Some(asked.0);
                facts.last_problem = problems
                    .iter()
                    .find(of_source)
                    .map(|p| p.error().to_owned());
            }
        }
    }
    sources.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(summary: &str, error_message: Option<&str>) -> JobRun {
        JobRun {
            job_id: "j".to_owned(),
            job_name: "collect".to_owned(),
            started_at: "2026-11-20T09:00:00.000000Z".to_owned(),
            ended_at: Some("2026-11-20T09:00:02.500000Z".to_owned()),
            status: "success".to_owned(),
            error_message: error_message.map(str::to_owned),
            summary: Some(summary.to_owned()),
            ..JobRun::default()
        }
    }

    #[test]
    fn a_run_says_how_long_it_took_and_how_many_rows_it_had() {
        let summary =
            r#"[{"asset_id":"A","source":"naver","new":5,"changed":1,"unchanged":2,"findings":9}]"#;
        let facts = run_facts(&run(summary, None)).unwrap();
        assert_eq!((facts.milliseconds, facts.rows), (Some(2500), Some(8)));
        let sync = run_facts(&run(r#"[{"sent":56,"inserted":50}]"#, None)).unwrap();
        assert_eq!(sync.rows, Some(56));
        let foreign = run_facts(&run("done", Some("it <broke>"))).unwrap();
        assert_eq!(
            (foreign.rows, foreign.problems[0].error()),
            (None, "it <broke>")
        );
    }

    fn answered(run: &str, asset: &str, sources: &str) -> [String; 3] {
        [run, asset, sources].map(str::to_owned)
    }

    #[test]
    fn a_source_is_counted_once_for_an_asset_of_a_run() {
        let failed = r#"[{"asset_id":"A","source":"naver","error":"HTTP 503"},{"asset_id":"A","source":"naver","error":"again"}]"#;
        let second = JobRun {
            job_id: "k".to_owned(),
            ..run("", None)
        };
        let runs = [run("", Some(failed)), second];
        let all = ["j", "k"].map(|run| [answered(run, "A", "yahoo"), answered(run, "B", "naver")]);
        let facts = source_facts(&runs, all.as_flattened());
        let naver = &facts[0];
        assert_eq!(
            (naver.source.as_str(), naver.asked, naver.answered),
            ("naver", 3, 2)
        );
        assert_eq!(naver.last_problem.as_deref(), Some("HTTP 503"));
        assert_eq!((facts[1].asked, facts[1].answered), (2, 2));
    }

    #[test]
    fn a_source_that_answers_in_its_second_way_has_answered_and_its_complaint_is_told() {
        let complaint =
            r#"[{"asset_id":"A","source":"naver fchart","error":"nothing until 2023"}]"#;
        let facts = source_facts(&[run("", Some(complaint))], &[answered("j", "A", "naver")]);
        assert_eq!(facts.len(), 1);
        assert_eq!((facts[0].asked, facts[0].answered), (1, 1));
        assert_eq!(facts[0].last_problem.as_deref(), Some("nothing until 2023"));
    }

    #[test]
    fn each_of_an_assets_sources_is_counted_by_itself() {
        let all = [
            answered("j", "A", "naver, yahoo:BTC-USD"),
            answered("j", "B", "naver"),
        ];
        let facts = source_facts(&[run("", None)], &all);
        let counted = facts
            .iter()
            .map(|s| (s.source.as_str(), s.asked, s.answered));
        assert_eq!(
            counted.collect::<Vec<_>>(),
            [("naver", 2, 2), ("yahoo:BTC-USD", 1, 1)]
        );
    }
}
