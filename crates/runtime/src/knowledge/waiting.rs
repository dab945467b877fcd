//! Documents that wait to be indexed: those of a tenant in the order in which they came, tenants in turns, so that nobody
//! waits for all that somebody else has.

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
    lines: Mutex<Lines>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Lines {
    /// Tenants in the order of their turns, each with at least one document.
    of_tenants: VecDeque<(TenantId, VecDeque<String>)>,
    /// What is being done: the same document waits until it is.
    begun: Vec<Job>,
}

impl Waiting {
    /// Adds a document, unless it waits already.
    pub(super) fn add(&self, tenant: &TenantId, document: &str) {
        let mut lines = self.lines.lock();
        match lines.of_tenants.iter_mut().find(|(of, _)| of == tenant) {
            Some((_, line)) if line.iter().any(|known| known == document) => {}
            Some((_, line)) => line.push_back(document.to_owned()),
            None => lines.of_tenants.push_back((tenant.clone(), VecDeque::from([document.to_owned()]))),
        }
        drop(lines);
        self.news.notify_one();
    }

    /// The next one, when there is one. Whoever takes it says when it is [`Self::done`].
    pub(super) async fn next(&self) -> Job {
        loop {
            match self.take() {
                Some(job) => return job,
                None => self.news.notified().await,
            }
        }
    }

    /// Lets the same document be taken again.
    pub(super) fn done(&self, job: &Job) {
        self.lines.lock().begun.retain(|begun| begun != job);
        self.news.notify_one();
    }

    fn take(&self) -> Option<Job> {
        let mut lines = self.lines.lock();
        for _ in 0..lines.of_tenants.len() {
            let (tenant, mut line) = lines.of_tenants.pop_front()?;
            let is_begun = |document: &String| {
                lines.begun.iter().any(|begun| begun.tenant == tenant && begun.document == *document)
            };
            let document = line.iter().position(|document| !is_begun(document)).and_then(|at| line.remove(at));
            if !line.is_empty() {
                lines.of_tenants.push_back((tenant.clone(), line));
            }
            if let Some(document) = document {
                let job = Job { tenant, document };
                lines.begun.push(job.clone());
                return Some(job);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;

    fn tenant(name: &str) -> TenantId {
        name.parse().expect("a tenant")
    }

    async fn next(waiting: &Waiting) -> String {
        let Job { tenant, document } = waiting.next().await;
        format!("{tenant}/{document}")
    }

    #[tokio::test]
    async fn each_waits_once_and_tenants_take_turns() {
        let waiting = Waiting::default();
        for (of, document) in [("many", "a"), ("many", "b"), ("many", "a"), ("many", "c"), ("few", "x")] {
            waiting.add(&tenant(of), document);
        }
        let mut order = Vec::new();
        for _ in 0..4 {
            order.push(next(&waiting).await);
        }
        assert_eq!(order, ["many/a", "few/x", "many/b", "many/c"]);
    }

    #[tokio::test]
    async fn what_is_being_done_is_not_begun_a_second_time() {
        let waiting = Waiting::default();
        waiting.add(&tenant("demo"), "a");
        let job = waiting.next().await;
        waiting.add(&tenant("demo"), "a");
        waiting.add(&tenant("demo"), "b");
        assert_eq!(next(&waiting).await, "demo/b");
        assert_eq!(waiting.take(), None);
        waiting.done(&job);
        assert_eq!(next(&waiting).await, "demo/a");
    }

    #[tokio::test]
    async fn who_comes_first_waits_for_documents() {
        let waiting = Arc::new(Waiting::default());
        let later = tokio::spawn({
            let waiting = waiting.clone();
            async move { next(&waiting).await }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!later.is_finished());
        waiting.add(&tenant("demo"), "a");
        assert_eq!(later.await.expect("a job"), "demo/a");
    }
}
