//! The words of an alert.

use chrono::NaiveDate;

use super::facts::{Facts, NewFailure, Ongoing, Recovered, ReportFacts};
use super::style::{Message, Severity, Style};
use crate::domain::language::Language;

/// The longest line about one asset when there is room.
const MAX_LINE: usize = 600;
/// The longest name of an asset in an alert.
const MAX_NAME: usize = 40;
/// The longest name of a machine in an alert.
const MAX_HOST: usize = 80;

/// The words of an alert for a channel; never longer than its style allows.
#[must_use]
pub(crate) fn render(facts: &Facts, style: Style, language: Language) -> Message {
    let voice = Voice { style, language };
    let (text, severity) = match facts {
        Facts::Report(report) => (voice.report(report), severity(report)),
        Facts::Abandoned {
            topic,
            run,
            host,
            started_at,
        } => (
            voice.abandoned(topic, run, host, started_at),
            Severity::Failure,
        ),
        Facts::Text { markdown } => (style.of_markdown(markdown), Severity::Warning),
        Facts::Test { host } => (voice.test(host), Severity::Info),
    };
    Message {
        text: style.clip(&text, style.longest),
        severity,
    }
}

fn severity(report: &ReportFacts) -> Severity {
    let goes_on = !report.news.is_empty() || !report.again.is_empty();
    match report.status.as_str() {
        _ if !goes_on => Severity::Success,
        "failure" => Severity::Failure,
        _ => Severity::Warning,
    }
}

/// How somebody is told.
#[derive(Clone, Copy)]
struct Voice {
    style: Style,
    language: Language,
}

impl Voice {
    fn report(self, report: &ReportFacts) -> String {
        let style = self.style;
        let recovered = (!report.recovered.is_empty()).then(|| self.well_again(report));
        // The recovery is the part that must not be cut off.
        let recovered = recovered.map(|r| style.clip(&r, style.longest / 4));
        let taken = recovered.as_ref().map_or(0, |r| style.length(r) + 1);
        let room = style.longest.saturating_sub(taken);
        let failures = match (report.news.is_empty(), report.again.is_empty()) {
            (false, _) => Some(self.in_full(report, room)),
            (true, false) => Some(self.in_one_line(report)),
            (true, true) => None,
        };
        let parts: Vec<String> = failures.into_iter().chain(recovered).collect();
        parts.join("\n")
    }

    fn well_again(self, report: &ReportFacts) -> String {
        let named = report
            .recovered
            .iter()
            .map(|Recovered { asset_id, since }| {
                let days = self.days(*since, report.day);
                let asset = self.style.escape(asset_id);
                self.language.say(
                    "{asset} (after {days})",
                    &[("asset", &asset), ("days", &days)],
                )
            });
        let assets = self.list(&named.collect::<Vec<_>>(), report.more_recovered);
        self.language
            .say("Well again: {assets}", &[("assets", &assets)])
    }

    /// Everything about failures that are new, and a line about those that go on.
    fn in_full(self, report: &ReportFacts, room: usize) -> String {
        let style = self.style;
        let (head, tail) = (self.head(report), self.tail(report));
        let room = room.saturating_sub(style.length(&head) + style.length(&tail));
        // One for the line end.
        let line_room = (room / report.news.len().max(1)).saturating_sub(1);
        let lines = report.news.iter().map(|failure| {
            let line = self.line(failure, report.day);
            format!("\n{}", style.clip(&line, line_room.min(MAX_LINE)))
        });
        format!("{head}{}{tail}", lines.collect::<String>())
    }

    /// What stands below the failures: those that go on, what to do, the run.
    fn tail(self, report: &ReportFacts) -> String {
        let language = self.language;
        let mut lines = vec![String::new()];
        if report.more_news > 0 {
            lines.push(language.say("and {more} more", &[("more", &report.more_news)]));
        }
        if !report.again.is_empty() {
            let named = report.again.iter().map(|ongoing| {
                let who = match ongoing.asset_id.as_str() {
                    "" => language.say("the run as a whole", &[]),
                    id => self.style.escape(id),
                };
                format!("{who} ({})", self.ordinal_day(ongoing.since, report.day))
            });
            let assets = self.list(&named.collect::<Vec<_>>(), report.more_again);
            let assets = self.style.clip(&assets, self.style.longest / 6);
            lines.push(language.say("As before: {assets}", &[("assets", &assets)]));
        }
        lines.push(self.advice(report));
        if let Some(run) = &report.run {
            lines.push(language.say("Run `{run}`", &[("run", run)]));
        }
        lines.join("\n")
    }

    /// The program and what it did.
    fn title(self, topic: &str) -> String {
        let topic = self.style.escape(topic);
        self.style.bold(&format!("pricestash {topic}"))
    }

    fn host(self, host: &str) -> String {
        self.style.clip(&self.style.escape(host), MAX_HOST)
    }

    fn head(self, report: &ReportFacts) -> String {
        let (title, host) = (self.title(&report.topic), self.host(&report.host));
        let head = self.language.say(
            "{title} `{status}` on {host}",
            &[
                ("title", &title),
                ("status", &report.status),
                ("host", &host),
            ],
        );
        match report.failed {
            0 => head,
            failed => self.language.say(
                "{head}: {failed} of {all} assets",
                &[
                    ("head", &head),
                    ("failed", &failed),
                    ("all", &report.assets),
                ],
            ),
        }
    }

    fn line(self, failure: &NewFailure, today: NaiveDate) -> String {
        let NewFailure {
            asset_id,
            name,
            words,
            since,
        } = failure;
        let style = self.style;
        let words = style.escape(&self.language.sentence(words));
        if asset_id.is_empty() {
            return format!("• {words}");
        }
        let name = match name.is_empty() || name == asset_id {
            true => String::new(),
            false => format!(" {}", style.clip(&style.escape(name), MAX_NAME)),
        };
        let day = match *since == today {
            true => String::new(),
            false => format!(" ({})", self.ordinal_day(*since, today)),
        };
        let id = style.bold(&style.escape(asset_id));
        format!("• {id}{name}{day}: {words}")
    }

    /// What goes on as it was said before.
    fn in_one_line(self, report: &ReportFacts) -> String {
        let language = self.language;
        let again = &report.again;
        let oldest = again.iter().map(|a| a.since).min().unwrap_or(report.day);
        let is_asset = |ongoing: &&Ongoing| !ongoing.asset_id.is_empty();
        let named = again.iter().filter(is_asset);
        let named: Vec<String> = named.map(|a| self.style.escape(&a.asset_id)).collect();
        let what = match (named.is_empty(), again.first()) {
            (true, Some(ongoing)) => self.style.escape(&language.sentence(&ongoing.words)),
            _ => {
                let assets = self.list(&named, report.more_again);
                language.say("as before, {assets}", &[("assets", &assets)])
            }
        };
        let what = self.style.clip(&what, MAX_LINE);
        let (title, status) = (self.title(&report.topic), &report.status);
        let day = self.ordinal_day(oldest, report.day);
        let line = format!("{title} `{status}`, {day}: {what}");
        match &report.run {
            Some(run) => language.say("{line}; run `{run}`", &[("line", &line), ("run", run)]),
            None => line,
        }
    }

    /// A list that is named, and how many more there are.
    fn list(self, named: &[String], more: usize) -> String {
        let names = named.join(", ");
        match more {
            0 => names,
            more => self.language.say(
                "{names} and {more} more",
                &[("names", &names), ("more", &more)],
            ),
        }
    }

    /// What the user can do.
    fn advice(self, report: &ReportFacts) -> String {
        let is_a_run = matches!(report.topic.as_str(), "collect" | "sync");
        match report.topic.as_str() {
            _ if is_a_run && report.run.is_none() => self.language.say(
                "The run did not begin, nor will the next one until this is corrected; `pricestash doctor` says how.",
                &[],
            ),
            "collect" => self.language.say(
                "All prices received are staged. The next `pricestash collect` asks again; if it persists, check the symbol in assets.toml, `pricestash status` and, for rejected rows, the table `quarantine`. A suspect asset recovers with a correct answer, or by `pricestash waive` as its message says.",
                &[],
            ),
            "sync" => self.language.say(
                "Nothing is lost: the rows wait in the staging file for the next `pricestash sync`. `pricestash doctor` says what is wrong with the connection. Rejected rows are in the table `sync_reject`; `pricestash sync --full` sends them again.",
                &[],
            ),
            _ => self.language.say(
                "`pricestash collect` asks again. If the exchange was closed, add the day to data/calendars or `pricestash waive` it.",
                &[],
            ),
        }
    }

    /// The alert of a run whose process died.
    fn abandoned(self, topic: &str, run: &str, host: &str, started_at: &str) -> String {
        let style = self.style;
        self.language.say(
            "{title} `failure` on {host}: abandoned, its process died (a power cut, a restart, a kill). It began at {start}. What was staged until then is safe; the next run goes on from there.\nRun `{run}`",
            &[
                ("title", &self.title(topic)),
                ("host", &self.host(host)),
                ("start", &style.escape(started_at)),
                ("run", &style.escape(run)),
            ],
        )
    }

    fn test(self, host: &str) -> String {
        self.language.say(
            "{title} on {host}: a test, asked for by `pricestash alert --test`. Alerts arrive here.",
            &[
                ("title", &self.style.bold("pricestash")),
                ("host", &self.host(host)),
            ],
        )
    }

    /// `third day`, counted from the first one.
    fn ordinal_day(self, since: NaiveDate, today: NaiveDate) -> String {
        let number = (today - since).num_days().max(0).unsigned_abs() + 1;
        let ordinal = self.language.ordinal(number);
        self.language.say("{ordinal} day", &[("ordinal", &ordinal)])
    }

    fn days(self, since: NaiveDate, today: NaiveDate) -> String {
        match (today - since).num_days().max(0) {
            0 => self.language.say("less than a day", &[]),
            1 => self.language.say("1 day", &[]),
            number => self.language.say("{number} days", &[("number", &number)]),
        }
    }
}
