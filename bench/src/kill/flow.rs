//! A flow to be killed: its model is a script that takes a few milliseconds and says back what was typed.

use std::{io, net::SocketAddr, path::Path};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{OrdealError, io_error};
use crate::{
    chat::Agent,
    http::Connection,
    parlance::{Parlance, TENANT},
    scenario,
};

/// Makes the tenant, the flow, and the scenario that enters it. A server runs for as long as that takes.
///
/// # Errors
/// When something is refused.
pub(super) fn install(parlance: &Parlance, data_dir: &Path, runtime: &Runtime) -> Result<Agent, OrdealError> {
    parlance.create_tenant(data_dir)?;
    let token = parlance.create_token(data_dir)?;
    let server = parlance.serve(data_dir)?;
    let flow = runtime.block_on(make_flow(server.address(), &token)).map_err(io_error("make a flow"))?;
    server.stop().map_err(io_error("stop"))?;
    Ok(parlance.install_agent(data_dir, &scenario::entering(&flow))?)
}

/// The flow's id.
async fn make_flow(address: SocketAddr, token: &str) -> io::Result<String> {
    let script = json!({ "rules": [], "otherwise": { "say": "Pong {{last_user}}", "delay_ms": 5 } });
    exchange(address, token, "PUT", "model-scripts/pong", &script).await?;
    let flow = json!({
        "name": "Pong",
        "states": [{ "id": "talk", "name": "Talk", "thought": "Say back what is said." }],
        "transitions": [],
        "configuration": { "model": { "provider": "scripted", "name": "pong" } },
    });
    let made = exchange(address, token, "POST", "flows/handlers", &flow).await?;
    made["id"].as_str().map(str::to_owned).ok_or_else(|| io::Error::other("the flow that was made has no id"))
}

async fn exchange(address: SocketAddr, token: &str, method: &str, path: &str, body: &Value) -> io::Result<Value> {
    let body = body.to_string();
    let head = format!("{method} /api/v1/{TENANT}/{path} HTTP/1.1\r\nHost: {address}\r\n");
    let request = format!(
        "{head}Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len(),
    );
    let mut connection = Connection::open(address).await?;
    let response = connection.exchange(request.as_bytes()).await?;
    if !(200..300).contains(&response.status) {
        let answer = String::from_utf8_lossy(response.body);
        return Err(io::Error::other(format!("{method} {path}: {}: {answer}", response.status)));
    }
    Ok(serde_json::from_slice(response.body)?)
}
