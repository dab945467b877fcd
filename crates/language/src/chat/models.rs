//! Asking a model: once more where that may help, another one where it does not, and all within a time limit.

use std::{sync::Arc, time::Duration};

use model::{
    TenantId,
    chat::{ChatError, ChatErrorKind, ChatReply, ChatRequest},
};
use tokio::{
    pin,
    sync::mpsc::UnboundedSender,
    time::{Instant, sleep, timeout_at},
};

use super::{
    endpoint::ModelEndpoint,
    pool::{Pool, PoolLoad, PoolOptions},
    prices::Prices,
    provider::{Deltas, Providers},
};

/// Says whether an address may be called, or why not. It is asked about every address before it is called; names are
/// looked up by the client, which guards what they lead to.
pub type Permit = Arc<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// The wait before the first repetition; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest time of a call, whatever is configured.
const LONGEST_CALL: Duration = Duration::from_secs(24 * 3600);
/// The longest wait that is not the provider's wish.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Which model is asked, and for how long.
#[derive(Debug, Clone)]
pub struct ModelCall {
    /// The model.
    pub primary: ModelEndpoint,
    /// The model that takes over when the first one fails.
    pub fallback: Option<ModelEndpoint>,
    /// The time for all of it, fallback included, from the moment at which the call may begin. The wait for the
    /// tenant's share has its own bound ([`PoolOptions::wait`]).
    pub timeout: Duration,
    /// How often each model is asked again after a failure that may pass.
    pub retries: u32,
}

/// All models of all tenants; cheap to clone.
#[derive(Clone)]
pub struct Models {
    inner: Arc<Inner>,
}

struct Inner {
    providers: Providers,
    pool: Arc<Pool>,
    prices: Prices,
}

impl Models {
    /// `client` must look names up itself and refuse what leads inside, as `runtime::outbound` does; `permit` judges
    /// addresses as they are written.
    pub fn new(client: reqwest::Client, permit: Permit, pool: PoolOptions, prices: Prices) -> Self {
        let inner = Inner { providers: Providers::new(client, permit), pool: Pool::new(pool), prices };
        Self { inner: Arc::new(inner) }
    }

    /// Asks a model. Parts of its text go to `deltas` as they arrive; the reply has the whole text.
    ///
    /// A failure that may pass is tried again, and then the fallback is asked, unless a part of an answer has gone to
    /// `deltas` already, or time is up. What a provider blocks because of what was said is not asked of another.
    /// A model with a fallback has two thirds of the time to begin to answer.
    ///
    /// # Errors
    /// [`ChatError`]: of the kind of the last failure, and with the texts of all models that were asked.
    pub async fn complete(
        &self,
        tenant: &TenantId,
        call: &ModelCall,
        request: &ChatRequest,
        deltas: Option<&UnboundedSender<String>>,
    ) -> Result<ChatReply, ChatError> {
        let _slot = self.inner.pool.enter(tenant).await.inspect_err(|error| count(&call.primary, Some(error.kind)))?;
        let run = Run {
            providers: &self.inner.providers,
            request,
            deltas: Deltas::new(deltas),
            began: Instant::now(),
            retries: call.retries,
        };
        let mut attempts = 0;
        let limit = call.timeout.min(LONGEST_CALL);
        let over = run.began + limit;
        let first_over = if call.fallback.is_some() { run.began + limit / 3 * 2 } else { over };
        let mut answered =
            run.ask(&call.primary, first_over, over, &mut attempts).await.map(|reply| (reply, &call.primary));
        if let (Err(failed), Some(fallback)) = (&answered, &call.fallback)
            && failed.kind != ChatErrorKind::Blocked
            && !run.deltas.said()
            && Instant::now() < over
        {
            tracing::debug!(fallback = %fallback.name(), %failed, "the fallback is asked");
            let second = run.ask(fallback, over, over, &mut attempts).await;
            answered = match second {
                Ok(reply) => Ok((reply, fallback)),
                Err(second) => Err(both(failed, second)),
            };
        }
        let (mut reply, by) = answered?;
        let provider = by.provider.name();
        reply.usage.attempts = attempts;
        let took = run.began.elapsed();
        reply.usage.duration_micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        reply.usage.cost = self.inner.prices.cost(provider, &by.model, &reply.usage);
        metrics::histogram!("parlance_model_seconds", "provider" => provider).record(took.as_secs_f64());
        metrics::counter!("parlance_model_tokens_total", "provider" => provider, "kind" => "input")
            .increment(reply.usage.input_tokens);
        metrics::counter!("parlance_model_tokens_total", "provider" => provider, "kind" => "cached")
            .increment(reply.usage.cached_tokens);
        metrics::counter!("parlance_model_tokens_total", "provider" => provider, "kind" => "output")
            .increment(reply.usage.output_tokens);
        Ok(reply)
    }

    /// Under which categories OpenAI's moderation, or one of its form, flags a text; none when it does not.
    ///
    /// # Errors
    /// [`ChatError`], as of a model that is asked once.
    pub async fn flagged(
        &self,
        tenant: &TenantId,
        endpoint: &ModelEndpoint,
        text: &str,
        limit: Duration,
    ) -> Result<Vec<String>, ChatError> {
        let _slot = self.inner.pool.enter(tenant).await?;
        self.inner.providers.flagged(endpoint, text, limit).await
    }

    /// How much a tenant has of the pool.
    pub fn load(&self, tenant: &TenantId) -> PoolLoad {
        self.inner.pool.load(tenant)
    }

    /// How much all tenants have of the pool.
    pub fn total_load(&self) -> PoolLoad {
        self.inner.pool.total_load()
    }

    /// The prices that are reckoned with.
    pub fn prices(&self) -> &Prices {
        &self.inner.prices
    }
}

/// One call, over all its attempts.
struct Run<'a> {
    providers: &'a Providers,
    request: &'a ChatRequest,
    deltas: Deltas<'a>,
    began: Instant,
    retries: u32,
}

impl Run<'_> {
    /// Asks one model until it answers, fails for good, or has no time left: until `first` to begin to answer, until
    /// `last` to end.
    async fn ask(
        &self,
        endpoint: &ModelEndpoint,
        first: Instant,
        last: Instant,
        attempts: &mut u32,
    ) -> Result<ChatReply, ChatError> {
        let mut tried = 0;
        loop {
            *attempts += 1;
            let answered = self.once(endpoint, first, last).await;
            count(endpoint, answered.as_ref().err().map(|error| error.kind));
            let failed = match answered {
                Ok(reply) => return Ok(reply),
                Err(failed) => failed,
            };
            if !failed.kind.is_passing() || tried >= self.retries || self.deltas.said() {
                return Err(failed);
            }
            let pause = pause(tried).max(failed.retry_after.unwrap_or_default());
            if Instant::now() + pause >= first {
                return Err(failed);
            }
            tried += 1;
            sleep(pause).await;
        }
    }

    async fn once(&self, endpoint: &ModelEndpoint, first: Instant, last: Instant) -> Result<ChatReply, ChatError> {
        let answer = self.providers.ask(endpoint, self.request, &self.deltas);
        pin!(answer);
        if let Ok(answered) = timeout_at(first, &mut answer).await {
            return answered;
        }
        if self.deltas.said()
            && let Ok(answered) = timeout_at(last, &mut answer).await
        {
            return answered;
        }
        let waited = self.began.elapsed().as_millis();
        let message = format!("{} has no whole answer after {waited} ms", endpoint.name());
        Err(ChatError::new(ChatErrorKind::TimedOut, message))
    }
}

/// The wait before the next repetition. It is jittered, so that those who failed together do not come back together.
fn pause(tried: u32) -> Duration {
    let full = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tried)).min(LONGEST_PAUSE);
    full.mul_f64(rand::random_range(0.5..=1.0))
}

fn both(first: &ChatError, second: ChatError) -> ChatError {
    ChatError {
        message: format!("{}; the fallback: {}", first.message, second.message),
        retry_after: second.retry_after.or(first.retry_after),
        kind: second.kind,
    }
}

fn count(endpoint: &ModelEndpoint, failed: Option<ChatErrorKind>) {
    let outcome = match failed {
        None => "answered",
        Some(ChatErrorKind::NotConfigured) => "not_configured",
        Some(ChatErrorKind::Unavailable) => "unavailable",
        Some(ChatErrorKind::RateLimited) => "rate_limited",
        Some(ChatErrorKind::TimedOut) => "timed_out",
        Some(ChatErrorKind::Refused) => "refused",
        Some(ChatErrorKind::Blocked) => "blocked",
        Some(ChatErrorKind::Rubbish) => "rubbish",
        Some(ChatErrorKind::Cut) => "cut",
        Some(ChatErrorKind::Saturated) => "saturated",
        Some(ChatErrorKind::OverBudget) => "over_budget",
    };
    let provider = endpoint.provider.name();
    metrics::counter!("parlance_model_calls_total", "provider" => provider, "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_are_jittered_and_bounded() {
        for _ in 0..100 {
            assert!((FIRST_PAUSE / 2..=FIRST_PAUSE).contains(&pause(0)));
            assert!((FIRST_PAUSE..=FIRST_PAUSE * 2).contains(&pause(1)));
            assert!(pause(u32::MAX) <= LONGEST_PAUSE);
        }
    }
}
