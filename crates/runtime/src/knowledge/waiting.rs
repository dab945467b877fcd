//! Documents that wait to be indexed, in the order in which they came.

use std::collections::VecDeque;

use model::TenantId;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// A document that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) tenant: TenantId,
    pub(super) document: String,
}

/// Who waits. It is made anew from the documents at each start, and kept nowhere.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    jobs: Mutex<VecDeque<Job>>,
    news: Notify,
}

impl Waiting {
    /// Adds a document, unless it waits already.
    pub(super) fn add(&self, tenant: &TenantId, document: &str) {
        let job = Job { tenant: tenant.clone(), document: document.to_owned() };
        let mut jobs = self.jobs.lock();
        if !jobs.contains(&job) {
            jobs.push_back(job);
        }
        drop(jobs);
        self.news.notify_one();
    }

    /// The next one, when there is one. For one caller.
    pub(super) async fn next(&self) -> Job {
        loop {
            let job = self.jobs.lock().pop_front();
            match job {
                Some(job) => return job,
                None => self.news.notified().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;

    #[tokio::test]
    async fn each_waits_once_and_in_order() {
        let (waiting, demo) = (Arc::new(Waiting::default()), "demo".parse().expect("a tenant"));
        for document in ["a", "b", "a"] {
            waiting.add(&demo, document);
        }
        assert_eq!((waiting.next().await.document, waiting.next().await.document), ("a".to_owned(), "b".to_owned()));
        let later = tokio::spawn({
            let waiting = waiting.clone();
            async move { waiting.next().await.document }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!later.is_finished());
        waiting.add(&demo, "a");
        assert_eq!(later.await.expect("a job"), "a");
    }
}
