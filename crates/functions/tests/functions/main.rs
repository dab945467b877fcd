//! Functions as the server calls them: in worker processes, with a host that answers and remembers what it was asked.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]
mod calls;
mod confined;
mod hostile;
mod integrations;
mod pool;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use functions::{
    host::{FetchRequest, FetchResponse, Host},
    script::{CallLimits, Script, WorkerOptions, Workers},
};
use model::{
    TenantId,
    function::{FunctionError, FunctionInput, FunctionOutput},
};
use parking_lot::Mutex;
use serde_json::{Value, json};

/// Answers requests to `example.com` and knows the secret `KEY`.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) requests: Mutex<Vec<FetchRequest>>,
    pub(crate) secrets: Mutex<Vec<String>>,
}

#[async_trait]
impl Host for World {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, String> {
        self.requests.lock().push(request.clone());
        let Some(path) = request.url.strip_prefix("https://example.com/") else {
            return Err(format!("`{}` is not among the allowed domains", request.url));
        };
        if let Some(millis) = path.strip_prefix("slow/") {
            tokio::time::sleep(Duration::from_millis(millis.parse().unwrap())).await;
        }
        let (status, body) = match path {
            "missing" => (404, "nothing here".to_owned()),
            "huge" => (200, "x".repeat(5 << 20)),
            "large" => (200, "x".repeat(1 << 20)),
            _ => (200, json!({"slots": [{"at": "09:00"}], "path": path}).to_string()),
        };
        Ok(FetchResponse { status, headers: vec![("Content-Type".into(), "application/json".into())], body })
    }

    async fn secret(&self, name: &str) -> Result<String, String> {
        self.secrets.lock().push(name.into());
        if name == "KEY" { Ok("s3cret".into()) } else { Err(format!("no secret `{name}` is stored")) }
    }
}

/// Workers, and a world for what they run.
pub(crate) struct Bench {
    pub(crate) workers: Workers,
    pub(crate) world: Arc<World>,
    pub(crate) limits: CallLimits,
}

pub(crate) fn options() -> WorkerOptions {
    WorkerOptions { size: 4, per_tenant: 2, ..WorkerOptions::new(env!("CARGO_BIN_EXE_function-worker")) }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(options())
    }

    pub(crate) fn with(options: WorkerOptions) -> Self {
        let limits = CallLimits { wall: Duration::from_secs(10), cpu: Duration::from_secs(5), memory: 32 << 20 };
        Self { workers: Workers::start(options), world: Arc::default(), limits }
    }

    /// With bounds that hostile code meets soon.
    pub(crate) fn strict() -> Self {
        let mut bench = Self::new();
        bench.limits =
            CallLimits { wall: Duration::from_millis(300), cpu: Duration::from_millis(200), memory: 16 << 20 };
        bench
    }

    pub(crate) async fn call(&self, source: &str) -> Result<FunctionOutput, FunctionError> {
        self.call_as("acme", &Script::new(source, [], ["KEY".to_owned(), "GONE".to_owned()]), Value::Null).await
    }

    pub(crate) async fn call_as(
        &self,
        tenant: &str,
        script: &Script,
        parameters: Value,
    ) -> Result<FunctionOutput, FunctionError> {
        let map = |value: Value| value.as_object().cloned().unwrap_or_default();
        let input = FunctionInput {
            parameters: map(parameters),
            internal_parameters: map(json!({"customer": "Ada"})),
            static_parameters: map(json!({"base": "https://example.com"})),
            conversation: map(json!({"language": "en"})),
        };
        self.workers.call(&tenant_of(tenant), script, &input, &self.limits, &*self.world).await
    }

    /// The response of code that must succeed.
    pub(crate) async fn response(&self, source: &str) -> Value {
        self.call(source).await.unwrap_or_else(|error| panic!("{source}: {error:?}")).response
    }

    /// The failure of code that must fail.
    pub(crate) async fn failure(&self, source: &str) -> FunctionError {
        match self.call(source).await {
            Ok(output) => panic!("{source}: {output:?}"),
            Err(error) => error,
        }
    }
}

pub(crate) fn tenant_of(name: &str) -> TenantId {
    name.parse().unwrap()
}
