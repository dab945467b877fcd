//! Flows on the command line, and the example flow: what it says, what it is made of, what `serve --demo` makes of it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{EXAMPLE, Serving, fails, folder, noted::entries, parlance, prints};

/// The folder of the example flow.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/appointments");

fn example(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

fn read(file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(file).expect("the file is there")).expect("JSON")
}

fn written(data: &Path, name: &str, content: &Value) -> PathBuf {
    let file = data.join(name);
    std::fs::write(&file, content.to_string()).expect("it is written");
    file
}

fn json(printed: &str) -> Value {
    serde_json::from_str(printed).expect("JSON")
}

/// A tenant with the example flow and its model: the flow's id.
fn brought(data: &Path) -> String {
    prints(data, &["tenant", "create", "acme"]);
    prints(data, &["model-script", "set", "appointments", &example("appointments.model.json")]);
    prints(data, &["environment", "set", "LanguageModels.Provider", "scripted"]);
    prints(data, &["environment", "set", "LanguageModels.Model", "appointments"]);
    let imported = json(&prints(data, &["flow", "import", &example("appointments.flow.json")]));
    assert_eq!((&imported["name"], &imported["status"]), (&json!("Appointments"), &json!("draft")));
    let functions = imported["functions"].as_array().expect("a list");
    assert!(functions.len() == 4 && functions.iter().all(|one| one["outcome"] == "created"), "{imported}");
    imported["id"].as_str().expect("an id").to_owned()
}

#[test]
fn the_example_flow_passes_its_test_scenarios() {
    let data = folder();
    let data = data.path();
    let flow = brought(data);
    prints(data, &["flow", "publish", &flow]);
    let tests = example("appointments.tests.json");
    let number = read(&tests).as_array().expect("a list").len();
    assert!(number >= 5);
    let said = prints(data, &["test", "--agent", &flow, "--version", "1", "--draft", "--file", &tests]);
    assert!(said.ends_with(&format!("{} passed, 0 failed\n", 2 * number)), "{said}");
    let one = ["test", "--agent", &flow, "--file", &tests, "--scenario", "Calls a person"];
    assert_eq!(prints(data, &one), "passed  draft  Calls a person\n1 passed, 0 failed\n");
}

#[test]
fn a_test_scenario_that_does_not_hold_fails_and_says_why() {
    let data = folder();
    let data = data.path();
    let flow = brought(data);
    let wrong = json!([
        { "name": "Full on Mondays", "turns": [{ "say": "Monday", "expect": [
            { "type": "text_contains", "text": "no time is free" },
            { "type": "event", "name": "Booked" },
            { "type": "function_called", "name": "find_free_slots", "with": { "day": "Tuesday" } },
            { "type": "state", "name": "Booked" } ] }] },
        { "name": "Holds", "turns": [{ "say": "Monday", "expect": [{ "type": "event", "name": "SlotsFound" }] }],
          "expect_end": [{ "type": "status", "status": "completed" }] }
    ]);
    let file = written(data, "tests.json", &wrong);
    let output = parlance(data, &["test", "--agent", &flow, "--file", file.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    for part in [
        "FAILED  draft  Full on Mondays\n",
        "09:30, 11:00 and 15:30",
        "emitted: SlotsFound",
        "it is in `Ask for the time`",
        "FAILED  draft  Holds\n        at the end: ",
        "0 passed, 2 failed\n",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let faults = said.lines().filter(|line| line.starts_with("        turn 1: ")).count();
    assert_eq!(faults, 4, "{said}");

    let unsound = json!([{ "name": "a", "turns": [{ "say": "a" }] }, { "name": "b", "turns": [{}] }]);
    let file = written(data, "unsound.json", &unsound);
    let said = fails(data, &["test", "--agent", &flow, "--file", file.to_str().expect("UTF-8")]);
    assert!(said.contains("unsound.json: [1].turns[0]: "), "{said}");
    let file = written(data, "none.json", &json!([]));
    assert!(fails(data, &["test", "--agent", &flow, "--file", file.to_str().expect("UTF-8")]).contains("--file"));
    let file = example("appointments.flow.json");
    assert!(fails(data, &["test", "--agent", &flow, "--file", &file]).contains("appointments.flow.json: "));
}

#[test]
fn the_flow_file_has_the_sources_that_lie_beside_it() {
    let flow = read(&example("appointments.flow.json"));
    let functions = flow["functions"].as_object().expect("functions");
    let libraries = flow["libraries"].as_object().expect("libraries");
    for (name, function) in functions.iter().chain(libraries) {
        let source = std::fs::read_to_string(example(&format!("functions/{name}.js"))).expect("its source");
        assert_eq!(function["code"]["source"], source, "{name}: run examples/appointments/pack");
    }
    let sources = std::fs::read_dir(example("functions")).expect("a folder").count();
    assert_eq!(sources, functions.len() + libraries.len());
}

#[test]
fn da_f12_a_flow_is_exported_and_imported_again() {
    let data = folder();
    let data = data.path();
    let flow = brought(data);
    let published = json(&prints(data, &["flow", "publish", "--note", "First.", &flow]));
    assert_eq!((&published["status"], &published["versions"]), (&json!("published"), &json!(1)));
    let exported = prints(data, &["flow", "export", "--version", "1", &flow]);
    let original = read(&example("appointments.flow.json"));
    let file = json(&exported);
    assert_eq!(
        (&file["format"], &file["flow"]["states"][0]["name"]),
        (&json!("parlance.flow"), &json!("Ask for the day"))
    );
    assert_eq!(file["libraries"]["calendar"]["code"], original["libraries"]["calendar"]["code"]);

    let file = written(data, "exported.json", &file);
    prints(data, &["tenant", "create", "other"]);
    let again = json(&prints(data, &["flow", "import", "--tenant", "acme", file.to_str().expect("UTF-8")]));
    assert!(again["functions"].as_array().expect("a list").iter().all(|one| one["outcome"] == "reused"), "{again}");
    assert_eq!(json(&prints(data, &["flow", "list", "--tenant", "acme"])).as_array().map(Vec::len), Some(2));
    assert_eq!(prints(data, &["flow", "list", "--tenant", "other"]), "[]\n");

    prints(data, &["flow", "delete", "--tenant", "acme", again["id"].as_str().expect("an id")]);
    let left = json(&prints(data, &["flow", "list", "--tenant", "acme"]));
    assert_eq!((left.as_array().map(Vec::len), &left[0]["id"]), (Some(1), &json!(flow)));
}

#[test]
fn mistakes_with_flows_are_explained() {
    let data = folder();
    let data = data.path();
    let flow = brought(data);
    let output = parlance(data, &["flow", "import", EXAMPLE]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("error: format: It is no exported flow."), "{said}");
    let mut file = read(&example("appointments.flow.json"));
    file["flow"]["transitions"][0]["to"] = json!({ "state": "nowhere" });
    let file = written(data, "dangling.json", &file);
    let output = parlance(data, &["flow", "import", file.to_str().expect("UTF-8")]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("flow.transitions[0].to.state"), "{said}");

    let nobody = "01a1fbc1-436f-72b3-9f5c-810aa814a664";
    for arguments in [["flow", "publish", nobody], ["flow", "export", nobody], ["flow", "delete", nobody]] {
        assert!(fails(data, &arguments).contains("there is no agent"), "{arguments:?}");
    }
    assert!(fails(data, &["flow", "export", "--version", "3", &flow]).contains("there is no version `3`"));
    let scenario = json(&prints(data, &["agent", "import", EXAMPLE]));
    let scenario = scenario["id"].as_str().expect("an id");
    assert!(fails(data, &["flow", "delete", scenario]).contains("is a scenario"));
    assert!(fails(data, &["agent", "export", &flow]).contains("is a flow"));

    let rules =
        written(data, "script.json", &json!({ "rules": [{ "name": "x", "when": {}, "then": { "say": "a" } }] }));
    let said = fails(data, &["model-script", "set", "x", rules.to_str().expect("UTF-8")]);
    assert!(said.contains("rules[0] (x).when"), "{said}");
    assert!(fails(data, &["model-script", "delete", "x"]).contains("no model script `x`"));
    assert!(fails(data, &["function", "export", "x"]).contains("no function `x`"));
    assert!(fails(data, &["function", "import", "/nowhere.json"]).contains("/nowhere.json"));
    let typo = written(data, "typo.json", &json!({ "name": "x", "sauce": "" }));
    assert!(fails(data, &["function", "import", typo.to_str().expect("UTF-8")]).contains("sauce"));
}

#[test]
fn a_function_is_taken_out_changed_and_put_back() {
    let data = folder();
    let data = data.path();
    let flow = brought(data);
    prints(data, &["flow", "publish", &flow]);
    let mut function = json(&prints(data, &["function", "export", "calendar"]));
    let source = function["code"]["source"].as_str().expect("a source");
    function["code"]["source"] = source.replace("Monday: ['09:30', '11:00', '15:30']", "Monday: ['08:15']").into();
    let file = written(data, "calendar.json", &function);
    let id = prints(data, &["function", "import", file.to_str().expect("UTF-8")]);
    let listed = prints(data, &["function", "list"]);
    let line = listed.lines().find(|line| line.starts_with(id.trim_end())).expect("it is the one that was there");
    assert!(line.ends_with("\tlibrary\t1\tcalendar") && listed.lines().count() == 4, "{listed}");

    let test = |time: &str| {
        let turn = json!({ "say": "Monday", "expect": [{ "type": "text_contains", "text": time }] });
        let file = written(data, "tests.json", &json!([{ "name": "Monday", "turns": [turn] }]));
        file.to_str().expect("UTF-8").to_owned()
    };
    prints(data, &["test", "--agent", &flow, "--draft", "--file", &test("free: 08:15.")]);
    prints(data, &["test", "--agent", &flow, "--version", "1", "--file", &test("free: 09:30")]);

    let new = written(data, "new.json", &json!({ "name": "new", "code": { "type": "java_script", "source": "" } }));
    let id = prints(data, &["function", "import", new.to_str().expect("UTF-8")]);
    let exported = json(&prints(data, &["function", "export", id.trim_end()]));
    assert_eq!(exported["name"], "new");
}

#[tokio::test]
async fn what_is_done_to_flows_is_noted_and_takes_effect_beside_a_server() {
    let data = folder();
    let data = data.path();
    let server = Serving::start(data, &[], 1);
    let flow = brought(data);
    prints(data, &["flow", "publish", &flow]);
    let function = prints(data, &["function", "export", "calendar"]);
    let file = written(data, "calendar.json", &json(&function));
    prints(data, &["function", "import", file.to_str().expect("UTF-8")]);
    assert!(prints(data, &["model-script", "list"]).starts_with("appointments\t"));
    prints(data, &["model-script", "delete", "appointments"]);
    prints(data, &["flow", "delete", &flow]);
    fails(data, &["flow", "delete", &flow]);

    let token = prints(data, &["token", "create"]);
    let noted = entries(&server, "acme", &token).await;
    let actions: Vec<&str> = noted.iter().map(|entry| entry["action"].as_str().expect("an action")).collect();
    let mut expected = vec!["tenant.created", "model_script.updated", "environment.updated", "environment.updated"];
    expected.extend(["function.created"; 4]);
    expected.extend(["flow.created", "flow.published", "function.updated", "model_script.deleted", "flow.deleted"]);
    expected.push("token.created");
    assert_eq!(actions, expected);
    assert!(noted.iter().all(|entry| entry["actor"]["token"] == "command_line"));
    assert_eq!((&noted[9]["before"]["status"], &noted[9]["after"]["status"]), (&json!("draft"), &json!("published")));
    assert_eq!((&noted[12]["target"]["kind"], &noted[12]["target"]["id"]), (&json!("flow"), &json!(flow)));
    let url = format!("{}/api/v1/acme/flows/handlers/{flow}", server.url);
    let answer = reqwest::Client::new().get(url).bearer_auth(token.trim_end()).send().await.expect("an answer");
    assert_eq!(answer.status(), 404);
}

/// The chat code that a demo prints.
fn chat_code(server: &Serving) -> String {
    let line = server.lines.iter().find_map(|line| line.strip_prefix("flow page")).expect("it prints the page");
    let page = line.trim().strip_prefix(&server.url).and_then(|path| path.strip_prefix("/chat/"));
    page.unwrap_or_else(|| panic!("it is the page of a chat link: {line}")).to_owned()
}

#[tokio::test]
async fn the_demo_has_a_flow_that_needs_no_key() {
    let data = folder();
    let data = data.path();
    let server = Serving::start(data, &["--demo"], 6);
    let code = chat_code(&server);
    let (client, base) = (reqwest::Client::new(), format!("{}/api/org/demo/v2/webchat", server.url));
    let say = async |url: String, body: Value| -> Value {
        let request = client.post(url).header("X-DialAi-Chat-Link", format!("Bearer {code}")).json(&body);
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{body}: {}", answer.status());
        answer.json().await.expect("JSON")
    };
    let begun = say(base.clone(), json!({ "internalParameters": { "customerName": "Ada" } })).await;
    assert_eq!(begun["publicName"], "Robin of the Harbour Practice");
    let transcript = begun["transcriptId"].as_str().expect("an id");
    let url = format!("{base}/{transcript}");
    let times = say(url.clone(), json!({ "message": "On Tuesday, please" })).await;
    assert!(times["messages"][0]["content"].as_str().expect("words").contains("10:00 and 14:30"), "{times}");
    let booked = say(url, json!({ "message": "half past two, 14:30" })).await;
    assert!(booked["messages"][0]["content"].as_str().expect("words").contains("for Ada"), "{booked}");
    assert_eq!(client.get(server.url.clone()).send().await.expect("an answer").status(), 200);
    drop(server);

    // What the tenant decided meanwhile stays.
    prints(data, &["environment", "set", "LanguageModels.Provider", "none"]);
    let server = Serving::start(data, &["--demo"], 6);
    assert_eq!(chat_code(&server), code);
    let flows = json(&prints(data, &["flow", "list"]));
    assert_eq!((flows.as_array().map(Vec::len), &flows[0]["versions"]), (Some(1), &json!(1)));
    assert!(prints(data, &["environment", "list"]).contains("LanguageModels.Provider\tenum\tTenant override\tnone\n"));
    assert_eq!(json(&prints(data, &["agent", "list"])).as_array().map(Vec::len), Some(2));
    let flow = flows[0]["id"].as_str().expect("an id");
    assert!(fails(data, &["flow", "delete", flow]).contains("point of contact `Harbour Practice, web chat`"));

    prints(data, &["environment", "unset", "LanguageModels.Provider"]);
    drop(server);
    let _server = Serving::start(data, &["--demo"], 6);
    let said = prints(data, &["test", "--agent", flow, "--version", "1"]);
    assert!(said.ends_with("5 passed, 0 failed\n"), "{said}");
}
