//! The source of a function as a file, and running it outside conversations (rows DA-J10, DA-J12).

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use dialogue::flow::{
    bounds,
    function::{Code, FunctionDocument},
};
use model::{
    TenantId,
    function::{FunctionError, FunctionInput, FunctionOutput},
};
use runtime::access::scope;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Json},
    camel::refused,
    functions::{FunctionCard, Path, readable},
    noted::Did,
    revision::{IfMatch, Revised},
};
use crate::{
    app::App,
    intake::{self, IntakeError},
    problem::Problem,
};

/// The media type of JavaScript (RFC 9239).
const JAVASCRIPT: &str = "text/javascript";

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_source, put_source)).routes(routes!(test))
}

/// The source of a function, as a file.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/functions/{functionId}/source", tag = "Functions", operation_id = "getFunctionSource",
    params(("tenant" = String, Path, description = "The tenant"), ("functionId" = String, Path, description = "The function's id")),
    responses(
        (status = 200, description = "The source", body = String, content_type = "text/javascript", headers(("ETag" = String, description = "The function's revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["functions:read"]))
)]
async fn get_source(
    app: State<App>,
    caller: Caller<scope::FunctionsRead>,
    path: Path,
) -> Result<Revised<Response>, Problem> {
    let mut found = app.functions.need(caller.tenant(), &path.0.1).await?;
    let source = std::mem::take(source_of(&mut found.value.function)?);
    let mut response = source.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"));
    let disposition = format!("attachment; filename=\"{}.js\"", found.value.id);
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(Revised(found.version, response))
}

/// The source of a function that has one.
fn source_of(function: &mut FunctionDocument) -> Result<&mut String, Problem> {
    match &mut function.code {
        Code::JavaScript { source } | Code::Library { source } => Ok(source),
        Code::Integration { .. } => {
            Err(Problem::conflict("The function is a built-in integration: it has settings and no source.".to_owned()))
        }
    }
}

/// Replaces the source of a function by a file.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/functions/{functionId}/source", tag = "Functions", operation_id = "putFunctionSource",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("functionId" = String, Path, description = "The function's id"),
        ("If-Match" = Option<String>, Header, description = "The revision that was read; another one is 412"),
    ),
    request_body(content = String, content_type = "text/javascript", description = "The source"),
    responses(
        (status = 200, description = "The function", body = FunctionCard, headers(("ETag" = String, description = "The function's revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["functions:update"]))
)]
async fn put_source(
    app: State<App>,
    caller: Caller<scope::FunctionsUpdate>,
    path: Path,
    revision: IfMatch,
    body: Body,
) -> Result<Revised<axum::Json<FunctionCard>>, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    let before = app.functions.need(tenant, id).await?;
    let revision = revision.of(before.version)?;
    let bytes = intake::bytes(body, bounds::SOURCE, app.options.body_timeout).await.map_err(|error| match error {
        IntakeError::TooLarge(limit) => Problem::too_large(limit),
        IntakeError::Incomplete | IntakeError::NotJson => Problem::slow_body(),
    })?;
    let new = String::from_utf8(bytes).map_err(|_| {
        Problem::invalid("body", "It is no text in UTF-8.", format!("Send the source as `{JAVASCRIPT}` in UTF-8."))
    })?;
    let mut function = before.value.function.clone();
    *source_of(&mut function)? = new;
    readable(&app, tenant, &function).await?;
    let after = app.functions.replace(tenant, id, function, revision).await.map_err(refused)?;
    let (was, is) = (FunctionCard::from(&before.value), FunctionCard::from(&after.value));
    caller.note(&app, Did::to("function.source_updated", id).before(&was).after(&is)).await?;
    Ok(Revised(after.version, axum::Json(is)))
}

/// What is run: one input, one saved test, or all saved tests when nothing is named.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct FunctionRun {
    /// `parameters`, `internalParameters`, `staticParameters`, `conversation`; what is absent is empty.
    #[schema(value_type = Option<Map<String, Value>>)]
    input: Option<PartialInput>,
    /// The name of a saved test.
    test: Option<String>,
}

/// An input of which parts may be absent.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct PartialInput {
    parameters: Map<String, Value>,
    internal_parameters: Map<String, Value>,
    static_parameters: Map<String, Value>,
    conversation: Map<String, Value>,
}

impl From<PartialInput> for FunctionInput {
    fn from(input: PartialInput) -> Self {
        let PartialInput { parameters, internal_parameters, static_parameters, conversation } = input;
        Self { parameters, internal_parameters, static_parameters, conversation }
    }
}

/// What runs of a function gave.
#[derive(Debug, Serialize, ToSchema)]
struct FunctionRuns {
    /// Whether no test failed and nothing that was run broke.
    passed: bool,
    results: Vec<FunctionResult>,
}

/// What one run of a function gave.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FunctionResult {
    /// The saved test.
    test: Option<String>,
    passed: bool,
    /// What is not as the test expects.
    failures: Vec<String>,
    /// What it gave back; null when it failed.
    output: Option<FunctionRunOutput>,
    error: Option<FunctionFailure>,
    warnings: Vec<String>,
    logs: Vec<String>,
    duration_micros: u64,
}

/// What a function gave back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FunctionRunOutput {
    response: Value,
    context_additions: Map<String, Value>,
    event: Option<String>,
    /// What it asked of the conversation: nothing is done in a test.
    effects: Value,
}

/// Why a function gave nothing back.
#[derive(Debug, Serialize, ToSchema)]
struct FunctionFailure {
    /// `threw`, `timed_out`, `memory`, `syntax` …
    kind: Value,
    message: String,
}

impl FunctionResult {
    /// A run, and what a test says of it. Without a test it passes when it gave something back.
    fn of(
        function: &FunctionDocument,
        test: Option<(&str, Vec<String>)>,
        ran: Result<FunctionOutput, FunctionError>,
    ) -> Self {
        let passed = test.as_ref().map_or(ran.is_ok(), |(_, failures)| failures.is_empty());
        let (name, failures) = test.map(|(name, failures)| (name.to_owned(), failures)).unzip();
        let failures = failures.unwrap_or_default();
        match ran {
            Ok(output) => {
                let mut warnings = output.warnings.clone();
                warnings.extend(function.undeclared(&output).into_iter().filter(|one| !output.warnings.contains(one)));
                let FunctionOutput { response, context_additions, event, effects, logs, duration_micros, .. } = output;
                let effects = serde_json::to_value(effects).unwrap_or_default();
                let output = Some(FunctionRunOutput { response, context_additions, event, effects });
                Self { test: name, passed, failures, output, error: None, warnings, logs, duration_micros }
            }
            Err(FunctionError { kind, message, logs }) => {
                let error = FunctionFailure { kind: serde_json::to_value(kind).unwrap_or_default(), message };
                Self {
                    test: name,
                    passed,
                    failures,
                    output: None,
                    error: Some(error),
                    warnings: Vec::new(),
                    logs,
                    duration_micros: 0,
                }
            }
        }
    }
}

/// Runs a function as it is now, outside conversations: with an input, or its saved tests.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/functions/{functionId}/test", tag = "Functions", operation_id = "testFunction",
    params(("tenant" = String, Path, description = "The tenant"), ("functionId" = String, Path, description = "The function's id")),
    request_body = FunctionRun,
    responses(
        (status = 200, description = "What it gave", body = FunctionRuns),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["functions:test"]))
)]
async fn test(
    app: State<App>,
    caller: Caller<scope::FunctionsTest>,
    path: Path,
    run: Json<FunctionRun>,
) -> Result<axum::Json<FunctionRuns>, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    let function = app.functions.need(tenant, id).await?.value.function;
    if matches!(function.code, Code::Library { .. }) {
        return Err(Problem::conflict("The function is a library: run one that imports it.".to_owned()));
    }
    let results = match run.0 {
        FunctionRun { input: Some(_), test: Some(_) } => {
            return Err(Problem::invalid("test", "A saved test has an input.", "Send either `input` or `test`."));
        }
        FunctionRun { input: Some(input), test: None } => {
            let ran = app.runtime.run_function(tenant, &function, input.into()).await;
            vec![FunctionResult::of(&function, None, ran)]
        }
        FunctionRun { input: None, test } => run_tests(&app, tenant, &function, test.as_deref()).await?,
    };
    caller.note(&app, Did::to("function.tested", id)).await?;
    Ok(axum::Json(FunctionRuns { passed: results.iter().all(|result| result.passed), results }))
}

/// Runs saved tests one after the other: all, or the one of a name.
async fn run_tests(
    app: &App,
    tenant: &TenantId,
    function: &FunctionDocument,
    name: Option<&str>,
) -> Result<Vec<FunctionResult>, Problem> {
    let mut results = Vec::new();
    for saved in function.tests.iter().filter(|saved| name.is_none_or(|name| saved.name == name)) {
        let ran = app.runtime.run_function(tenant, function, saved.input.clone()).await;
        let failures = match (&saved.expect, &ran) {
            (Some(expect), ran) => expect.failures(ran),
            (None, Err(error)) => vec![format!("it failed: {error}")],
            (None, Ok(_)) => Vec::new(),
        };
        results.push(FunctionResult::of(function, Some((saved.name.as_str(), failures)), ran));
    }
    match name {
        Some(name) if results.is_empty() => Err(Problem::not_found("test", name)),
        _ => Ok(results),
    }
}
