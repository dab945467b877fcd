//! A flow to be killed: its model is a script that takes a few milliseconds and says back what was typed.

use std::{io, path::Path};

use serde_json::json;
use tokio::runtime::Runtime;

use super::{OrdealError, io_error};
use crate::{chat::Agent, flows::Api, parlance::Parlance, scenario};

/// Makes the tenant, the flow, and the scenario that enters it. A server runs for as long as that takes.
///
/// # Errors
/// When something is refused.
pub(super) fn install(parlance: &Parlance, data_dir: &Path, runtime: &Runtime) -> Result<Agent, OrdealError> {
    parlance.create_tenant(data_dir)?;
    let token = parlance.create_token(data_dir)?;
    let server = parlance.serve(data_dir)?;
    let api = Api::new(server.address(), token);
    let flow = runtime.block_on(make_flow(&api)).map_err(io_error("make a flow"))?;
    server.stop().map_err(io_error("stop"))?;
    Ok(parlance.install_agent(data_dir, &scenario::entering(&flow))?)
}

/// The flow's id.
async fn make_flow(api: &Api) -> io::Result<String> {
    let script = json!({ "rules": [], "otherwise": { "say": "Pong {{last_user}}", "delay_ms": 5 } });
    api.put("model-scripts/pong", &script).await?;
    let flow = json!({
        "name": "Pong",
        "states": [{ "id": "talk", "name": "Talk", "thought": "Say back what is said." }],
        "transitions": [],
        "configuration": { "model": { "provider": "scripted", "name": "pong" } },
    });
    api.make("flows/handlers", &flow, "id").await
}
