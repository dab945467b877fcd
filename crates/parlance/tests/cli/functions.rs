//! Functions run in processes of the binary itself.

use std::{
    io::Write as _,
    process::{Command, Stdio},
    time::Duration,
};

use ::functions::script::{CallLimits, Script, WorkerOptions, Workers};
use model::function::{FunctionErrorKind, FunctionInput};
use serde_json::json;

use crate::{folder, prints};

struct Nobody;

#[async_trait::async_trait]
impl ::functions::host::Host for Nobody {
    async fn fetch(
        &self,
        _request: ::functions::host::FetchRequest,
    ) -> Result<::functions::host::FetchResponse, String> {
        Err("there is no network here".into())
    }

    async fn secret(&self, _name: &str) -> Result<String, String> {
        Err("there are no secrets here".into())
    }
}

#[tokio::test]
async fn the_binary_is_a_function_worker_too() {
    let workers = Workers::start(WorkerOptions::new(env!("CARGO_BIN_EXE_parlance")));
    let tenant = "demo".parse().expect("a tenant");
    let mut input = FunctionInput::default();
    input.parameters.insert("n".into(), 20.into());
    let limits = CallLimits { wall: Duration::from_secs(10), ..CallLimits::default() };
    let double = Script::new("return { response: parameters.n * 2 }", [], []);
    let output = workers.call(&tenant, &double, &input, &limits, &Nobody).await.expect("an output");
    assert_eq!(output.response, json!(40));
    let limits = CallLimits { wall: Duration::from_millis(200), ..limits };
    let endless = Script::new("Array.prototype.join.call({ length: 1e9 })", [], []);
    let failure = workers.call(&tenant, &endless, &input, &limits, &Nobody).await.expect_err("no output");
    assert!(matches!(failure.kind, FunctionErrorKind::TimedOut | FunctionErrorKind::Memory), "{failure:?}");
    workers.stop().await;
}

#[test]
fn the_binary_is_a_reader_of_documents_too() {
    let mut reader = Command::new(env!("CARGO_BIN_EXE_parlance"));
    reader.arg("document-reader").env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = reader.spawn().expect("it starts");
    let mut told = child.stdin.take().expect("a pipe");
    told.write_all(b"{\"media_type\":\"text/plain\",\"passages_of\":null}\nNine euros.").expect("it listens");
    drop(told);
    let said = child.wait_with_output().expect("it ends");
    assert_eq!((said.status.success(), said.stdout), (true, b"{\"Text\":\"Nine euros.\"}".to_vec()));
}

#[test]
fn the_worker_is_nobodys_command() {
    let help = prints(folder().path(), &["help"]);
    assert!(!help.contains("function-worker") && !help.contains("document-reader"), "{help}");
}
