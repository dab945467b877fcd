//! What `parlance serve --demo` brings: a tenant with a scenario and a flow to talk to, and a token. What is there
//! already stays as it is.

use model::{
    TenantId,
    agent::{Agent, AgentKind},
};
use runtime::{
    agents::{Access, Agents, Flow},
    documents::DocumentError,
    endpoints::{ChannelType, EndpointEnvironment, EndpointFilter, EndpointTerms, Endpoints, Variant},
    environment::{Environment, Scalar, Source},
    models::ModelScripts,
    settings::Settings,
    tenants::Tenants,
    test_scenarios::{TestScenario, TestScenarios},
    tokens::Tokens,
};
use serde_json::json;
use store::Store;

use crate::Failure;

const SCENARIO: &str = include_str!("../../../examples/lighthouse-inn.scenario.json");
const FLOW: &str = include_str!("../../../examples/appointments/appointments.flow.json");
const FLOW_TESTS: &str = include_str!("../../../examples/appointments/appointments.tests.json");
const MODEL: &str = include_str!("../../../examples/appointments/appointments.model.json");
/// The name of the script that stands in for a model.
const MODEL_NAME: &str = "appointments";
const TOKEN_NAME: &str = "printed by serve --demo";

/// What there is to talk to.
#[derive(Debug)]
pub(crate) struct Demo {
    /// The scenario.
    pub(crate) scenario: Agent,
    /// The chat link of the flow; none where somebody closed it.
    pub(crate) chat_code: Option<String>,
    /// An API token of the tenant.
    pub(crate) token: String,
}

/// Brings what is not there.
pub(crate) async fn bring(store: &Store) -> Result<Demo, Failure> {
    let tenant: TenantId = "demo".parse().expect("`demo` is a tenant name");
    match Tenants::new(store).create(&tenant, "Demo").await {
        Ok(_) | Err(DocumentError::Exists { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let scenario = scenario(store, &tenant).await?;
    let flow = flow(store, &tenant).await?;
    lend_model(store, &tenant).await?;
    Ok(Demo { scenario, chat_code: chat_code(store, &tenant, &flow).await?, token: token(store, &tenant).await? })
}

/// The oldest scenario in service, else the example.
async fn scenario(store: &Store, tenant: &TenantId) -> Result<Agent, Failure> {
    let agents = Agents::new(store);
    let serves = |agent: &Agent| agent.kind == AgentKind::Scenario && agent.active_version.is_some();
    if let Some(serving) = agents.list(tenant).await?.into_iter().find(serves) {
        return Ok(serving);
    }
    let document = serde_json::from_str(SCENARIO)?;
    let agent = agents.create(tenant, &document, Access::Guarded).await?;
    // The demo shows all of the chat's controls, and its host invites to type as well as to press.
    let settings = Settings::new(store);
    let mut chat = settings.get(tenant, agent.id).await?;
    let general = json!({
        "teamName": "The Lighthouse Inn",
        "chatbotName": "Pearl",
        "showRestartButton": true,
        "showEndChatButton": true,
        "showTextInputWithExternalButtons": true,
    });
    chat.appearance.insert("general".to_owned(), general);
    settings.put(tenant, agent.id, &chat).await?;
    Ok(agents.publish(tenant, agent.id).await?)
}

/// The oldest flow in service, else the example with its test scenarios.
async fn flow(store: &Store, tenant: &TenantId) -> Result<Flow, Failure> {
    let agents = Agents::new(store);
    let serving = agents.flows(tenant).await?.into_iter().find(|flow| flow.agent.active_version.is_some());
    if let Some(serving) = serving {
        return Ok(serving);
    }
    let file = serde_json::from_str(FLOW)?;
    let flow = agents.import_flow(tenant, &file, Access::Guarded).await?.flow;
    let tests: Vec<TestScenario> = serde_json::from_str(FLOW_TESTS)?;
    for test in tests {
        TestScenarios::new(store).create(tenant, flow.agent.id, test).await?;
    }
    Ok(agents.publish_flow(tenant, flow.agent.id, TOKEN_NAME, "").await?)
}

/// Lets a script stand in for a model until the tenant has one, so that the flow needs no key.
async fn lend_model(store: &Store, tenant: &TenantId) -> Result<(), Failure> {
    let environment = Environment::new(store);
    let provider = environment.need(tenant, "LanguageModels.Provider").await?;
    let model = environment.need(tenant, "LanguageModels.Model").await?.value;
    let is_ours = model.is_none_or(|model| model == Scalar::Text(MODEL_NAME.to_owned()));
    if provider.source == Source::TenantOverride || !is_ours {
        return Ok(());
    }
    ModelScripts::new(store).put(tenant, MODEL_NAME, serde_json::from_str(MODEL)?).await?;
    environment.set(tenant, "LanguageModels.Model", &json!(MODEL_NAME)).await?;
    environment.set(tenant, "LanguageModels.Provider", &json!("scripted")).await?;
    Ok(())
}

/// The chat link of a flow, which is made where the flow answers nowhere on the web yet.
async fn chat_code(store: &Store, tenant: &TenantId, flow: &Flow) -> Result<Option<String>, Failure> {
    let endpoints = Endpoints::new(store);
    let filter =
        EndpointFilter { channel_type: Some(ChannelType::Web), flow: Some(flow.agent.id), ..EndpointFilter::default() };
    let known = endpoints.list(tenant, filter).await?;
    let endpoint = if known.is_empty() {
        let terms = EndpointTerms {
            friendly_name: "Harbour Practice, web chat".to_owned(),
            channel_type: ChannelType::Web,
            address: None,
            chat_code: None,
            environment: EndpointEnvironment::Production,
            variants: vec![Variant { flow: flow.agent.id, version: flow.agent.active_version, weight: 100 }],
            enabled: true,
            origins: Vec::new(),
            rate_limit_per_minute: None,
        };
        Some(endpoints.create(tenant, terms).await?.value)
    } else {
        known.into_iter().find(|endpoint| endpoint.is_open())
    };
    Ok(endpoint.and_then(|endpoint| endpoint.terms.chat_code).map(|code| code.to_string()))
}

/// The secret of an earlier token is nobody's to print: each start has its own.
async fn token(store: &Store, tenant: &TenantId) -> Result<String, Failure> {
    let tokens = Tokens::new(store);
    for token in tokens.list(tenant).await?.into_iter().filter(|token| token.name == TOKEN_NAME) {
        tokens.revoke(tenant, &token.id).await?;
    }
    let (_, secret) = tokens.create(tenant, TOKEN_NAME, None).await?;
    Ok(secret)
}
