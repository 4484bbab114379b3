//! Looks up what a word is: asked like prices, but a person waits for it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::Duration;

use chrono::NaiveDate;

use crate::domain::listing::Listing;
use crate::domain::timestamp::millis;
use crate::process::clock::Clock;
use crate::process::retry::RetryPolicy;
use crate::sources::AnswerError;
use crate::sources::fetch::{AboutHost, FetchError, LookUpFeed, Question, Response};
use crate::sources::lookup::LookUp;

mod add;
mod search;

pub(crate) use add::{Found, Outcome, Wanted, find};
pub(crate) use search::{Searched, search};

/// Longest time a command may lose to failed requests and the waits after them; from then on a source that fails once
/// is skipped.
const PATIENCE: Duration = Duration::from_secs(25);

/// Asks questions, with retries where that can help.
pub(crate) struct LookUps<'a> {
    feed: &'a dyn LookUpFeed,
    retry: RetryPolicy,
    clock: &'a Clock,
    today: NaiveDate,
    /// Why a source is skipped from now on.
    closed: RefCell<HashMap<&'static str, String>>,
    /// Time lost so far.
    lost: Cell<Duration>,
    /// The names of Upbit's markets, which are a single answer.
    markets: RefCell<Option<Result<Vec<Listing>, String>>>,
}

/// An answer and its day.
struct Answered {
    listings: Vec<Listing>,
    day: NaiveDate,
}

impl<'a> LookUps<'a> {
    pub(crate) fn new(
        feed: &'a dyn LookUpFeed,
        retry: RetryPolicy,
        clock: &'a Clock,
        today: NaiveDate,
    ) -> Self {
        Self {
            feed,
            retry,
            clock,
            today,
            closed: RefCell::default(),
            lost: Cell::default(),
            markets: RefCell::default(),
        }
    }

    /// Asks one question.
    fn ask(&self, look_up: LookUp, word: &str) -> Result<Answered, FetchError> {
        let name = look_up.name();
        let mut attempt = 0;
        loop {
            if let Some(why) = self.closed.borrow().get(name) {
                return Err(FetchError::NotAsked(why.clone()));
            }
            let began = (self.clock.uptime)();
            let error = match self.ask_once(look_up, word) {
                Ok(answered) => return Ok(answered),
                Err(error) => error,
            };
            let spent = (self.clock.uptime)().saturating_sub(began);
            self.lost.set(self.lost.get() + spent);
            let wait = self
                .retry
                .wait(attempt, (self.clock.random)(), error.retry_after());
            let has_patience = self.lost.get() + wait < PATIENCE;
            let is_silent = error.about_host() == AboutHost::Silent;
            if error.is_transient() && !is_silent && attempt + 1 < self.retry.tries && has_patience
            {
                log::info!(source = name, word = word, attempt = attempt + 1, wait_ms = millis(wait); "trying again: {error}");
                (self.clock.sleep)(wait)?;
                self.lost.set(self.lost.get() + wait);
                attempt += 1;
                continue;
            }
            let is_lost = error.is_transient() && self.lost.get() >= PATIENCE;
            if error.about_host() != AboutHost::Nothing || is_lost {
                let why = format!("{error} (for {word})");
                log::warn!(source = name; "skipped for the rest of this run: {why}");
                self.closed.borrow_mut().insert(name, why);
            }
            return Err(error);
        }
    }

    fn ask_once(&self, look_up: LookUp, word: &str) -> Result<Answered, FetchError> {
        let question = Question {
            look_up,
            word,
            today: self.today,
        };
        let response: Response = self.feed.look_up(question)?;
        let read = look_up.read(response.status, &response.body, word);
        let listings = read.map_err(|error| FetchError::Answer {
            error,
            retry_after: response.retry_after(),
        })?;
        let day = response.fetched_at.date_naive();
        Ok(Answered { listings, day })
    }

    /// The only listing of a symbol, with the day of the answer.
    fn ask_one(&self, look_up: LookUp, symbol: &str) -> Result<(Listing, NaiveDate), FetchError> {
        let Answered { listings, day } = self.ask(look_up, symbol)?;
        let listing = listings.into_iter().next();
        let listing = listing.ok_or_else(|| FetchError::Answer {
            error: AnswerError::OtherShape("no facts about the symbol".to_owned()),
            retry_after: None,
        })?;
        Ok((listing, day))
    }

    /// A market of Upbit from the list of all markets, or why the list is not available. The list is requested once.
    fn market(&self, market: &str) -> Result<Result<Option<Listing>, String>, FetchError> {
        if self.markets.borrow().is_none() {
            let markets = match self.ask(LookUp::UpbitMarkets, market) {
                Ok(answered) => Ok(answered.listings),
                Err(error @ FetchError::Stopped(_)) => return Err(error),
                Err(error) => Err(error.to_string()),
            };
            *self.markets.borrow_mut() = Some(markets);
        }
        let markets = self.markets.borrow();
        Ok(match markets.as_ref() {
            Some(Ok(markets)) => Ok(markets.iter().find(|m| m.symbol == market).cloned()),
            Some(Err(why)) => Err(why.clone()),
            None => Ok(None),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use chrono::{DateTime, Utc};

    use super::*;

    /// Answers every question with this status, and counts them.
    struct Canned {
        status: u16,
        asked: Cell<usize>,
    }

    impl LookUpFeed for Canned {
        fn look_up(&self, _: Question<'_>) -> Result<Response, FetchError> {
            self.asked.set(self.asked.get() + 1);
            if self.status == 0 {
                let silent = ureq::Error::Timeout(ureq::Timeout::Global);
                return Err(FetchError::Network(Box::new(silent)));
            }
            Ok(Response {
                status: self.status,
                body: b"{}".to_vec(),
                fetched_at: DateTime::<Utc>::UNIX_EPOCH,
                url: String::new(),
                headers: Vec::new(),
            })
        }
    }

    /// Asks for two hundred words; the requests that were made, and the seconds that were waited.
    fn ask_for_two_hundred(status: u16) -> (usize, u64) {
        let waits = Arc::new(Mutex::new(Duration::ZERO));
        let (passed, slept) = (Arc::clone(&waits), Arc::clone(&waits));
        let clock = Clock {
            uptime: Box::new(move || *passed.lock().unwrap()),
            sleep: Box::new(move |time| {
                *slept.lock().unwrap() += time;
                Ok(())
            }),
            random: Box::new(|| 0.0),
        };
        let feed = Canned {
            status,
            asked: Cell::new(0),
        };
        let retry = RetryPolicy {
            tries: 3,
            base_delay: Duration::from_secs(1),
        };
        let day = DateTime::<Utc>::UNIX_EPOCH.date_naive();
        let look_ups = LookUps::new(&feed, retry, &clock, day);
        for word in 0..200 {
            let asked = look_ups.ask(LookUp::YahooMeta, &format!("S{word}"));
            assert!(asked.is_err());
        }
        let waited = waits.lock().unwrap().as_secs();
        (feed.asked.get(), waited)
    }

    #[test]
    fn two_hundred_words_are_not_waited_for_in_vain() {
        // Three seconds a word are waited eight times; then each is asked once, as its source answers.
        let (asked, waited) = ask_for_two_hundred(503);
        assert!(waited <= PATIENCE.as_secs(), "{waited} s");
        assert!((200..230).contains(&asked), "{asked}");
        assert_eq!(
            ask_for_two_hundred(404),
            (200, 0),
            "what is final is not asked again"
        );
        assert_eq!(ask_for_two_hundred(0), (1, 0), "one silence is enough");
        let (asked, waited) = ask_for_two_hundred(429);
        assert!(asked == 3 && waited == 3, "{asked} {waited}");
    }
}
