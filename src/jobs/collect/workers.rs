//! Hosts in parallel, the assets of each host one after another.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use super::collector::Collector;
use super::fetch::Fetcher;
use super::outcome::{AssetOutcome, AssetProgress, log_outcome};
use super::series::Series;
use crate::domain::asset::Asset;
use crate::process::stop::Stopped;
use crate::sources::endpoints;
use crate::staging::StagedSeries;

/// Indexes of the assets whose first source is at the same host.
type HostAssets = Vec<usize>;

impl Collector<'_> {
    /// Collects the assets and returns their outcomes in the same order.
    pub(super) fn in_parallel<'s>(
        &self,
        assets: &[&'s Asset],
        fetcher: &Fetcher<'_>,
    ) -> (Vec<AssetOutcome>, Vec<StagedSeries<'s>>) {
        let queues = self.by_host(assets);
        let workers = self.options.jobs.unwrap_or(queues.len()).min(queues.len());
        let queues = Mutex::new(VecDeque::from(queues));
        let next = || {
            queues
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front()
        };
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..workers {
                let sender = sender.clone();
                scope.spawn(move || {
                    while let Some(queue) = next() {
                        for place in queue {
                            let Some(asset) = assets.get(place) else {
                                continue;
                            };
                            let done = self.observed(asset, fetcher);
                            // Sending cannot fail: the receiver lives until all have sent.
                            drop(sender.send((place, done)));
                        }
                    }
                });
            }
        });
        drop(sender);
        let mut done: Vec<_> = receiver.into_iter().collect();
        done.sort_by_key(|(place, _)| *place);
        let (outcomes, staged): (Vec<_>, Vec<_>) = done.into_iter().map(|(_, d)| d).unzip();
        (outcomes, staged.into_iter().flatten().collect())
    }

    /// Groups the assets by the host of their first source, keeping the order of the list.
    fn by_host(&self, assets: &[&Asset]) -> Vec<HostAssets> {
        let mut queues: Vec<(String, HostAssets)> = Vec::new();
        for (place, asset) in assets.iter().enumerate() {
            let host = self.first_host(asset);
            match queues.iter_mut().find(|(other, _)| *other == host) {
                Some((_, queue)) => queue.push(place),
                None => queues.push((host, vec![place])),
            }
        }
        queues.into_iter().map(|(_, queue)| queue).collect()
    }

    fn first_host(&self, asset: &Asset) -> String {
        let mut entries = asset.sources.iter();
        let first = entries.find_map(|e| Some((e, endpoints(e.kind).into_iter().next()?)));
        first.map_or_else(String::new, |(entry, upstream)| {
            let asked_at = (self.now)();
            Series {
                asset,
                entry,
                upstream,
                asked_at,
            }
            .host(self.feed)
        })
    }

    /// Collects one asset unless the program was told to stop, and tells the observer.
    fn observed<'s>(
        &self,
        asset: &'s Asset,
        fetcher: &Fetcher<'_>,
    ) -> (AssetOutcome, Vec<StagedSeries<'s>>) {
        if self.stop.is_set() {
            let mut progress = AssetProgress::new(asset);
            progress.fail(None, format!("skipped: {Stopped}"));
            return (progress.finish(0), Vec::new());
        }
        self.observer.begun(asset);
        let (outcome, staged) = self.collect(asset, fetcher);
        log_outcome(&outcome);
        self.observer.done(&outcome);
        (outcome, staged)
    }
}
