//! Numbers as Prometheus reads them: its text format, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

/// A number of one thing, named by its labels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    labels: Vec<(&'static str, String)>,
    value: f64,
}

/// Numbers of one kind. All of ours are gauges: they are facts of a moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gauge {
    name: &'static str,
    help: &'static str,
    samples: Vec<Sample>,
}

impl Gauge {
    /// A kind without numbers yet. What is not known gets none: a zero would be a fact.
    pub(crate) fn new(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            samples: Vec::new(),
        }
    }

    /// The same with the number of something.
    pub(crate) fn with(mut self, labels: &[(&'static str, &str)], value: f64) -> Self {
        let labels = labels
            .iter()
            .map(|(name, text)| (*name, (*text).to_owned()));
        self.samples.push(Sample {
            labels: labels.collect(),
            value,
        });
        self
    }

    /// The same with the numbers of many things.
    pub(crate) fn with_all<'a>(
        self,
        label: &'static str,
        values: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> Self {
        values
            .into_iter()
            .fold(self, |gauge, (of, value)| gauge.with(&[(label, of)], value))
    }
}

/// The text of all of them; a kind without numbers is left out.
#[must_use]
pub(crate) fn text(gauges: &[Gauge]) -> String {
    let mut text = String::new();
    for Gauge {
        name,
        help,
        samples,
    } in gauges
    {
        if samples.is_empty() {
            continue;
        }
        text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
        for Sample { labels, value } in samples {
            let labels: Vec<String> = labels
                .iter()
                .map(|(label, text)| format!("{label}=\"{}\"", escaped(text)))
                .collect();
            let labels = match labels.is_empty() {
                true => String::new(),
                false => format!("{{{}}}", labels.join(",")),
            };
            text.push_str(&format!("{name}{labels} {value}\n"));
        }
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_has_its_help_its_type_and_a_line_a_number() {
        let gauges = [
            Gauge::new("rows", "Rows that wait.").with(&[], 1_100_000.0),
            Gauge::new("unknown", "Nothing is known."),
            Gauge::new("fresh", "Whether it is fresh.")
                .with_all("asset", [("005930", 1.0), ("a\"\\\nb", 0.0)])
                .with(&[("asset", "삼성"), ("source", "naver")], 0.5),
        ];
        assert_eq!(
            text(&gauges),
            "# HELP rows Rows that wait.\n# TYPE rows gauge\nrows 1100000\n\
             # HELP fresh Whether it is fresh.\n# TYPE fresh gauge\n\
             fresh{asset=\"005930\"} 1\nfresh{asset=\"a\\\"\\\\\\nb\"} 0\nfresh{asset=\"삼성\",source=\"naver\"} 0.5\n"
        );
    }
}
