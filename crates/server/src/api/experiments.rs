//! Experiments of an agent: flags that give each contact one of their variants (docs/experiments.md).

use axum::extract::State;
use model::AgentId;
use runtime::{access::scope, experiments};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Json, Named},
    noted::Did,
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, put))
}

/// All flags of an agent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Experiments {
    /// At most 50; their names are unique.
    flags: Vec<ExperimentFlag>,
}

/// A flag. Texts and conditions of the agent read a contact's variant as `user.flag_<name>`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExperimentFlag {
    /// 1 to 60 lower-case letters, digits and underscores.
    #[schema(example = "welcome_tone", pattern = "^[a-z0-9_]{1,60}$")]
    name: String,
    /// Whether variants are assigned. While it is off, everybody is served the default variant.
    #[serde(default = "on")]
    enabled: bool,
    /// 1 to 20 variants; at least one weighs more than 0.
    #[schema(example = json!([{ "name": "control", "weight": 80 }, { "name": "warm", "weight": 20 }]))]
    variants: Vec<FlagVariant>,
    /// What contacts are served that no rule matches.
    #[schema(example = "control")]
    default_variant: String,
    /// Who takes part: the first rule that matches assigns. Without rules, everybody does. At most 20.
    #[serde(default)]
    rules: Vec<FlagRule>,
    /// Mixed into the split. Kept, or made, when absent; another one deals new contacts anew.
    #[serde(default)]
    salt: String,
}

const fn on() -> bool {
    true
}

/// A variant and its share.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FlagVariant {
    /// 1 to 60 lower-case letters, digits and underscores.
    name: String,
    /// Its part of the sum of all weights.
    #[schema(minimum = 0, maximum = 1000000)]
    weight: i64,
}

/// Who gets what.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FlagRule {
    /// All must hold; without any, the rule matches everybody. At most 10.
    #[serde(default)]
    conditions: Vec<FlagCondition>,
    /// The variant of those who match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    /// How those who match are split, where no variant is named; as the flag's variants say when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    split: Vec<FlagVariant>,
}

/// What an attribute of the contact must be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FlagCondition {
    /// The attribute, without `user.`
    #[schema(example = "country")]
    attribute: String,
    /// Its value: a text, a number or a boolean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    equals: Option<Value>,
    /// One of these values, at most 100, where one is not enough.
    #[serde(default, rename = "in", skip_serializing_if = "Vec::is_empty")]
    among: Vec<Value>,
}

type Path = Named<(String, AgentId)>;

/// The experiments of an agent.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/agents/{agent}/experiments", tag = "Agents", operation_id = "getAgentExperiments",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    responses(
        (status = 200, description = "The experiments", body = Experiments),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["experiments:read"]))
)]
async fn get(
    app: State<App>,
    caller: Caller<scope::ExperimentsRead>,
    path: Path,
) -> Result<axum::Json<Experiments>, Problem> {
    app.agents.need(caller.tenant(), path.0.1).await?;
    Ok(axum::Json(app.experiments.get(caller.tenant(), path.0.1).await?.into()))
}

/// Replaces the experiments of an agent; they apply at once.
///
/// Contacts keep the variants that they have, whatever the weights become. A variant that is taken out
/// is assigned anew.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/agents/{agent}/experiments", tag = "Agents", operation_id = "putAgentExperiments",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    request_body = Experiments,
    responses(
        (status = 200, description = "The experiments as they are now", body = Experiments),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["experiments:update"]))
)]
async fn put(
    app: State<App>,
    caller: Caller<scope::ExperimentsUpdate>,
    path: Path,
    flags: Json<Experiments>,
) -> Result<axum::Json<Experiments>, Problem> {
    let (id, tenant) = (path.0.1, caller.tenant());
    app.agents.need(tenant, id).await?;
    let before = Experiments::from(app.experiments.get(tenant, id).await?);
    let flags = Experiments::from(app.experiments.put(tenant, id, flags.0.into()).await?);
    caller.note(&app, Did::to("experiments.updated", id).before(&before).after(&flags)).await?;
    Ok(axum::Json(flags))
}

impl From<experiments::Flags> for Experiments {
    fn from(flags: experiments::Flags) -> Self {
        Self { flags: flags.flags.into_iter().map(ExperimentFlag::from).collect() }
    }
}

impl From<Experiments> for experiments::Flags {
    fn from(flags: Experiments) -> Self {
        Self { flags: flags.flags.into_iter().map(experiments::Flag::from).collect() }
    }
}

impl From<experiments::Flag> for ExperimentFlag {
    fn from(flag: experiments::Flag) -> Self {
        let experiments::Flag { name, enabled, variants, default_variant, rules, salt } = flag;
        let variants = variants.into_iter().map(FlagVariant::from).collect();
        let rules = rules.into_iter().map(FlagRule::from).collect();
        Self { name, enabled, variants, default_variant, rules, salt }
    }
}

impl From<ExperimentFlag> for experiments::Flag {
    fn from(flag: ExperimentFlag) -> Self {
        let ExperimentFlag { name, enabled, variants, default_variant, rules, salt } = flag;
        let variants = variants.into_iter().map(experiments::Variant::from).collect();
        let rules = rules.into_iter().map(experiments::Rule::from).collect();
        Self { name, enabled, variants, default_variant, rules, salt }
    }
}

impl From<experiments::Variant> for FlagVariant {
    fn from(variant: experiments::Variant) -> Self {
        Self { name: variant.name, weight: variant.weight.into() }
    }
}

impl From<FlagVariant> for experiments::Variant {
    fn from(variant: FlagVariant) -> Self {
        // Out of range either way, so that the check names the place.
        Self { name: variant.name, weight: variant.weight.try_into().unwrap_or(u32::MAX) }
    }
}

impl From<experiments::Rule> for FlagRule {
    fn from(rule: experiments::Rule) -> Self {
        Self {
            conditions: rule.conditions.into_iter().map(FlagCondition::from).collect(),
            variant: rule.variant,
            split: rule.split.into_iter().map(FlagVariant::from).collect(),
        }
    }
}

impl From<FlagRule> for experiments::Rule {
    fn from(rule: FlagRule) -> Self {
        Self {
            conditions: rule.conditions.into_iter().map(experiments::Condition::from).collect(),
            variant: rule.variant,
            split: rule.split.into_iter().map(experiments::Variant::from).collect(),
        }
    }
}

impl From<experiments::Condition> for FlagCondition {
    fn from(condition: experiments::Condition) -> Self {
        let experiments::Condition { attribute, equals, among } = condition;
        Self { attribute, equals, among }
    }
}

impl From<FlagCondition> for experiments::Condition {
    fn from(condition: FlagCondition) -> Self {
        let FlagCondition { attribute, equals, among } = condition;
        Self { attribute, equals, among }
    }
}
