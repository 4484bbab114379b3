//! User-defined sources from the assets file. They use the same code as the built-in ones, except for how they are
//! asked and where the prices are in their answers.

mod complaint;
mod csv;
mod fields;
mod json;

use std::time::Duration;

use super::body::{AnswerError, path_segment, query_value};
use super::upstream::Upstream;
use crate::config::Variable;
use crate::domain::answer::Answer;
use crate::domain::asset::Category;
use crate::domain::calendar::Calendar;
use crate::domain::user_source::{AnswerForm, UserSource};
use crate::domain::window::Window;

/// Coins are traded in fractions, on the calendar that never closes.
const OF_COINS: &str = "24/7";

impl Upstream for UserSource {
    fn name(&self) -> &str {
        &self.name
    }

    /// The whole address is in the assets file.
    fn origin(&self) -> Variable {
        Variable::origin("", "")
    }

    fn url(&self, _origin: &str, symbol: &str, _category: Category, part: Window) -> String {
        self.url.fill(symbol, part, escape)
    }

    fn headers(&self, symbol: &str, part: Window) -> Vec<(String, String)> {
        let value = |text: &str, _in_query: bool| text.to_owned();
        let headers = self.headers.iter();
        headers
            .map(|(name, template)| (name.clone(), template.fill(symbol, part, value)))
            .collect()
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    /// If the URL contains no dates, every answer contains all days.
    fn serves_whole_files(&self) -> bool {
        !self.url.has_days()
    }

    fn recording(&self, symbol: &str, _part: Window) -> String {
        let ending = match self.form {
            AnswerForm::Csv { .. } => "csv",
            AnswerForm::Json { .. } => "json",
        };
        format!("{}/{symbol}.{ending}", self.name)
    }

    fn parse<'a>(
        &self,
        body: &'a [u8],
        symbol: &str,
        calendar: &Calendar,
    ) -> Result<Answer<'a>, AnswerError> {
        let rows = match &self.form {
            AnswerForm::Csv { delimiter } => csv::rows(self, body, symbol, *delimiter)?,
            AnswerForm::Json { rows } => json::rows(self, body, symbol, rows.as_deref())?,
        };
        Ok(Answer {
            rows,
            fractional_volume: calendar.name() == OF_COINS,
            decimal: self.decimal,
            ..Answer::default()
        })
    }

    fn explain<'a>(&self, status: u16, body: &'a [u8]) -> Option<Result<Answer<'a>, AnswerError>> {
        let words = complaint::words_of(body)?;
        Some(Err(AnswerError::Status { status, words }))
    }
}

fn escape(value: &str, in_query: bool) -> String {
    match in_query {
        true => query_value(value),
        false => path_segment(value),
    }
}
