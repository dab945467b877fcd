//! Every operation of the description, called by everybody (bar R3): as nobody, as each built-in role, with
//! exactly the scope that is documented and with every scope but that, and as another tenant's administrator.
//!
//! An operation has a scope, or a line in [`OWN_RULES`] that says why it has none. Nothing is skipped.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use reqwest::{Client, Method, Response, header};
use runtime::{
    access::{BuiltIn, NewRole, Roles, Scope, Scopes},
    agents::Access,
    tenants::Tenants,
    tokens::Tokens,
    users::Users,
};
use serde_json::{Value, json};

use crate::{
    app::{TestAgent, TestApp},
    knowledge::uploaded,
};

/// Who may call what has no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OwnRule {
    /// Signing in has credentials of its own.
    Realm,
    /// Asks for an agent's app key; an API token is none.
    AppKey,
    /// Where the agent's settings say so, it asks for nothing (row OD-W03).
    AsTheAgentSays,
    /// The address itself is the credential.
    Address,
    /// Is for everybody.
    Public,
}

/// Operations that no scope guards.
const OWN_RULES: [(&str, OwnRule, &str); 59] = [
    ("getAccountPage", OwnRule::Realm, "people sign in here"),
    ("beginSecondFactor", OwnRule::Realm, "people sign in here"),
    ("confirmSecondFactor", OwnRule::Realm, "people sign in here"),
    ("removeSecondFactor", OwnRule::Realm, "people sign in here"),
    ("authorize", OwnRule::Realm, "people sign in here"),
    ("authorizeByForm", OwnRule::Realm, "people sign in here"),
    ("getRealmConfiguration", OwnRule::Realm, "what clients discover"),
    ("getRealmKeys", OwnRule::Realm, "public keys"),
    ("getForgotPage", OwnRule::Realm, "people sign in here"),
    ("forgotPassword", OwnRule::Realm, "people sign in here"),
    ("getPasswordPage", OwnRule::Realm, "people sign in here"),
    ("choosePassword", OwnRule::Realm, "people sign in here"),
    ("signOut", OwnRule::Realm, "people sign in here"),
    ("signOutByForm", OwnRule::Realm, "people sign in here"),
    ("revokeRealmToken", OwnRule::Realm, "whoever has a token may end it"),
    ("signIn", OwnRule::Realm, "people sign in here"),
    ("signInSecondFactor", OwnRule::Realm, "people sign in here"),
    ("signInForPage", OwnRule::Realm, "people sign in here"),
    ("issueSessionToken", OwnRule::Realm, "asks for a browser that is signed in, on a page of ours"),
    ("signOutOfPages", OwnRule::Realm, "a browser signs out, on a page of ours"),
    ("issueToken", OwnRule::Realm, "codes, secrets and tokens of the realm"),
    ("getUserInfo", OwnRule::Realm, "a user's token of the realm"),
    ("postUserInfo", OwnRule::Realm, "a user's token of the realm"),
    ("sendMessage", OwnRule::AppKey, "visitors have no account"),
    ("sendFeedback", OwnRule::AppKey, "visitors have no account"),
    ("sendFile", OwnRule::AppKey, "visitors have no account"),
    ("getHistory", OwnRule::AppKey, "visitors have no account"),
    ("addHistoryLine", OwnRule::AppKey, "visitors have no account"),
    ("getTranscript", OwnRule::AppKey, "visitors have no account"),
    ("getConfiguration", OwnRule::AppKey, "visitors have no account"),
    ("postConfiguration", OwnRule::AppKey, "visitors have no account"),
    ("sendMessageChatApi", OwnRule::AsTheAgentSays, "a path of clients that know no key"),
    ("sendMessageWebchat", OwnRule::AsTheAgentSays, "a path of clients that know no key"),
    ("getUserHistory", OwnRule::AsTheAgentSays, "a path of clients that know no key"),
    ("addUserHistoryLine", OwnRule::AsTheAgentSays, "a path of clients that know no key"),
    ("getUserTranscript", OwnRule::AsTheAgentSays, "a path of clients that know no key"),
    ("getConfigurationChatApi", OwnRule::AsTheAgentSays, "a path of clients that know no key"),
    ("postConfigurationChatApi", OwnRule::AsTheAgentSays, "a path of clients that know no key"),
    ("getConfigurationWebchat", OwnRule::AsTheAgentSays, "a path of clients that know no key"),
    ("postConfigurationWebchat", OwnRule::AsTheAgentSays, "a path of clients that know no key"),
    ("getFile", OwnRule::Address, "signed, and good for 30 minutes"),
    ("openDeepLink", OwnRule::Address, "whoever has the link is the contact"),
    ("getChatPage", OwnRule::Public, "a page"),
    ("getChatFrame", OwnRule::Public, "a page; who may frame it, its policy says"),
    ("getChatLinkPage", OwnRule::Public, "a page; the link is its address"),
    ("getHomePage", OwnRule::Public, "a page"),
    ("getChatTestPage", OwnRule::Public, "a page, after signing in where people do; what it calls asks for a token"),
    ("getDemoSettings", OwnRule::Public, "what the start page shows"),
    ("getWidgetFile", OwnRule::Public, "a file of the widget"),
    ("getAsset", OwnRule::Public, "a file of the pages"),
    ("getExamplePicture", OwnRule::Public, "a picture of the example"),
    ("getLogo", OwnRule::Public, "pages show it to visitors"),
    ("getOpenApi", OwnRule::Public, "the description; tests/http/browser_sessions.rs says when it is not"),
    ("getOpenApi31", OwnRule::Public, "the description; tests/http/browser_sessions.rs says when it is not"),
    ("getSwaggerStart", OwnRule::Public, "a script of a page"),
    ("getSession", OwnRule::Public, "tells a browser who has signed in with it"),
    ("healthz", OwnRule::Public, "machines ask it"),
    ("readyz", OwnRule::Public, "machines ask it"),
    ("metrics", OwnRule::Public, "machines ask it; from elsewhere it asks for a token of any tenant"),
];

/// What the other tenant must not get to see.
const CONTACT: &str = "contact-of-demo";

/// An operation as the served document describes it.
#[derive(Debug, Clone)]
struct Operation {
    id: String,
    method: Method,
    path: String,
    /// What the document says it needs.
    scope: Option<String>,
    queries: Vec<(String, String)>,
    has_body: bool,
}

async fn operations(app: &TestApp) -> Vec<Operation> {
    let document = reqwest::get(format!("{}/api/swagger/openapi.json", app.url)).await.expect("an answer");
    let document: Value = document.json().await.expect("JSON");
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, described) in item.as_object().expect("an item") {
            let id = described["operationId"].as_str().expect("a name").to_owned();
            let scope = described["x-required-scope"].as_str().map(str::to_owned);
            let schemes = described["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
            let beside: BTreeSet<&str> =
                schemes.flat_map(|scheme| scheme.values()).filter_map(|scopes| scopes[0].as_str()).collect();
            let apart: BTreeSet<&str> = scope.as_deref().into_iter().collect();
            assert_eq!(beside, apart, "{id}: one scope, said twice");
            let known = scope.as_deref().is_none_or(|scope| Scope::named(scope).is_some());
            assert!(known, "{id}: there is no scope {scope:?}");
            let parameters = described["parameters"].as_array().into_iter().flatten();
            let queries = parameters.filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
            let query = |parameter: &Value| {
                let example = parameter["example"].as_str().unwrap_or_default().to_owned();
                (parameter["name"].as_str().expect("a name").to_owned(), example)
            };
            operations.push(Operation {
                queries: queries.map(query).collect(),
                has_body: described.get("requestBody").is_some(),
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                id,
                scope,
            });
        }
    }
    operations
}

/// Things of the tenant, by the part of the path that stands before them.
struct Things {
    app: TestApp,
    client: Client,
    agent: TestAgent,
    ids: HashMap<&'static str, String>,
}

impl Things {
    /// A tenant with one of everything.
    async fn make() -> Self {
        let allow = vec!["127.0.0.0/8".parse().expect("a network")];
        let app = TestApp::start_with(|options| options.outbound_allow = allow).await;
        let agent = app.open_agent().await;
        app.visitor(&agent, CONTACT).opens().await;
        let made = async |method: Method, path: &str, body: Value| {
            let (status, answer) = app.integrator(method, path, Some(body)).await;
            assert!(status.is_success(), "{path}: {answer}");
            answer["id"].as_str().unwrap_or_default().to_owned()
        };
        let role = json!({ "name": "Readers", "scopes": ["transcripts:read"] });
        let webhook = json!({ "url": "http://127.0.0.1:9/hook", "enabled": false });
        let issuer = json!({ "issuer": "https://idp.test/", "jwks_url": "http://127.0.0.1:9/keys" });
        let test_scenarios = format!("agents/{}/test-scenarios", agent.id);
        let ids = HashMap::from([
            ("agents", agent.id.clone()),
            ("contacts", CONTACT.to_owned()),
            ("turns", "1".to_owned()),
            ("dead-letters", "1".to_owned()),
            ("roles", made(Method::POST, "roles", role).await),
            ("users", made(Method::POST, "users", json!({ "name": "Ada", "role": "editor" })).await),
            ("tokens", made(Method::POST, "tokens", json!({ "name": "spare" })).await),
            ("webhooks", made(Method::POST, "webhooks", webhook).await),
            ("secrets", "a_secret".to_owned()),
            ("model-scripts", "a_script".to_owned()),
            ("logos", "chat_header_icon".to_owned()),
            ("{slot}", "light".to_owned()),
            ("environment", "OpenAi.ApiKey".to_owned()),
            ("feature-flags", "file_uploads".to_owned()),
            ("aliases", "an_alias".to_owned()),
            (
                "test-scenarios",
                made(Method::POST, &test_scenarios, json!({ "name": "n", "turns": [{ "say": "a" }] })).await,
            ),
            ("issuers", made(Method::POST, "issuers", issuer).await),
        ]);
        let function =
            json!({ "name": "lookup", "events": ["Found"], "code": { "type": "java_script", "source": "return {};" } });
        let function = made(Method::POST, "functions", function).await;
        let faq = made(Method::POST, "faqs", json!({ "question": "When?", "answer": "At nine." })).await;
        let desk = json!({ "name": "Front desk", "phoneNumber": "+4930123456" });
        let desk = made(Method::POST, "internal-contacts", desk).await;
        let document = uploaded(&app, "a.txt", "text/plain", "Parking costs nine euros.").await;
        let flow = json!({
            "name": "A flow", "configuration": { "files": [{ "id": "a_file", "name": "a.txt", "text": "x" }] },
            "states": [{ "id": "a_state", "name": "Start", "functions": [function] }],
            "transitions": [{ "id": "a_transition", "from": "a_state", "event": "Found", "to": "end" }],
        });
        let flow = made(Method::POST, "flows/handlers", flow).await;
        made(Method::POST, &format!("flows/handlers/{flow}/snapshots"), json!({})).await;
        let point = json!({ "friendlyName": "Shop", "channelType": "Web", "flowId": flow });
        let ids: HashMap<&'static str, String> = ids
            .into_iter()
            .chain([
                ("handlers", flow),
                ("states", "a_state".to_owned()),
                ("transitions", "a_transition".to_owned()),
                ("snapshots", "1".to_owned()),
                ("files", "a_file".to_owned()),
                ("functions", function),
                ("faqs", faq),
                ("documents", document),
                ("internal-contacts", desk),
                ("points-of-contact", made(Method::POST, "points-of-contact", point).await),
            ])
            .collect();
        made(Method::PUT, "secrets/a_secret", json!({ "type": "string", "value": "hidden" })).await;
        made(Method::PUT, "model-scripts/a_script", json!({ "rules": [], "otherwise": { "say": "yes" } })).await;
        made(Method::PUT, "aliases/an_alias", json!({ "agent": agent.id })).await;
        let (_, page) = app.integrator(Method::GET, "transcripts", None).await;
        let transcript = page["transcripts"][0]["id"].as_str().expect("an id").to_owned();
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let mut things = Self { app, client, agent, ids };
        things.ids.insert("webchat", transcript.clone());
        things.ids.insert("test-conversations", transcript.clone());
        things.ids.insert("transcripts", transcript);
        things
    }

    /// The address of an operation, led to what is there, or to what is not.
    fn address(&self, operation: &Operation, existing: bool) -> String {
        let mut before = "";
        let mut parts = Vec::new();
        for part in operation.path.split('/') {
            let named = match part {
                "{tenant}" => "demo",
                part if !part.starts_with('{') => part,
                _ if operation.scope.is_none() => "none",
                part => {
                    let id = self.ids.get(before).map(String::as_str);
                    let id = id.unwrap_or_else(|| panic!("{}: which {part}?", operation.path));
                    match before {
                        "turns" | "dead-letters" => id,
                        _ if existing => id,
                        "agents" => "00000000-0000-7000-8000-000000000000",
                        _ => "nobody",
                    }
                }
            };
            parts.push(named);
            before = part;
        }
        format!("{}{}", self.app.url, parts.join("/"))
    }

    /// A body that means something and, with what is not there, changes little.
    fn body(&self, operation: &Operation) -> Value {
        match operation.id.as_str() {
            "createUser" => json!({ "name": "Eve", "roles": ["nobody"] }),
            "putUser" => json!({ "roles": ["nobody"] }),
            "putProfile" => json!({ "status": "Busy" }),
            "createRole" | "putRole" => json!({ "name": "Spies", "scopes": [] }),
            "createToken" => json!({ "name": "another" }),
            "createWebhook" | "putWebhook" => json!({ "url": "http://192.0.2.1:9/hook", "enabled": false }),
            "replayWebhook" => json!({ "after": 0 }),
            "putAlias" => json!({ "agent": "00000000-0000-7000-8000-000000000000" }),
            "createIssuer" | "putIssuer" => {
                json!({ "issuer": "https://x.test/", "jwks_url": "http://192.0.2.1:9/keys" })
            }
            "putBranding" => json!({ "display_name": "Demo" }),
            "putEnvironmentValue" => json!({ "value": "new" }),
            "putFeatureFlag" => json!({ "enabled": true }),
            "putSecret" => json!({ "type": "string", "value": "new" }),
            "putRetention" => json!({ "days": null }),
            "createTestScenario" | "putTestScenario" => json!({ "name": "Greets", "turns": [{ "say": "hello" }] }),
            "recordTestScenario" => json!({ "transcript": "00000000-0000-7000-8000-000000000000" }),
            "putAgentExperiments" => json!({ "flags": [] }),
            "generateWebchatDeepLink" | "generateWebchatDeepLinkBefore" => {
                json!({ "scenario_id": self.agent.id, "dataset": [{ "attributes": {} }] })
            }
            "createFaq" | "replaceFaq" => json!({ "question": "How?", "answer": "So." }),
            "createInternalContact" | "replaceInternalContact" => {
                json!({ "name": "Night porter", "phoneNumber": "+4930654321" })
            }
            "transferTranscript" => json!({ "name": "Front desk" }),
            "searchDocuments" => json!({ "query": "parking" }),
            "putTranscriptTags" => json!({ "tags": {} }),
            "reportTranscript" => json!({ "reason": "spam" }),
            "putTranscriptStatus" | "putWebchatStatus" => json!({ "status": "Completed" }),
            "sendWebchatMessage" | "addCsrMessage" | "sayInTestConversation" => json!({ "message": "Hello" }),
            _ => json!({}),
        }
    }

    async fn call(&self, operation: &Operation, token: Option<&str>, existing: bool) -> Answer {
        let queries = operation.queries.iter().map(|(name, example)| match name.as_str() {
            "scenario_id" => (name.clone(), self.agent.id.clone()),
            _ => (name.clone(), example.clone()),
        });
        let queries: Vec<(String, String)> = queries.collect();
        let mut url = reqwest::Url::parse(&self.address(operation, existing)).expect("an address");
        if !queries.is_empty() {
            url.query_pairs_mut().extend_pairs(queries);
        }
        let request = self.client.request(operation.method.clone(), url);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let request = match operation.has_body {
            true => request.json(&self.body(operation)),
            false => request,
        };
        let request = match operation.scope {
            Some(_) => request,
            None => request.header("OPENDIALOG-USER-ID", "ann").header("OPENDIALOG-SCENARIO-ID", &self.agent.id),
        };
        Answer::of(operation, request.send().await.expect("an answer")).await
    }

    /// A token of somebody of a tenant who holds a role.
    async fn token(&self, tenant: &str, name: &str, role: &str) -> String {
        let (tenant, store) = (tenant.parse().expect("a tenant name"), &self.app.store);
        let user = Users::new(store).add(&tenant, name, vec![role.to_owned()]).await.expect("the user is made");
        Tokens::new(store).create_for(&tenant, name, None, Some(&user)).await.expect("the token is made").1
    }

    /// A token that holds exactly these scopes.
    async fn token_with(&self, name: &str, scopes: Scopes) -> String {
        let new = NewRole { name: name.to_owned(), description: String::new(), scopes: scopes.names() };
        let role = Roles::new(&self.app.store).create(&"demo".parse().expect("a name"), new).await;
        self.token("demo", name, &role.expect("the role is made").id).await
    }
}

/// What was answered, with words for a complaint.
struct Answer {
    to: String,
    status: u16,
    challenge: String,
    text: String,
}

impl Answer {
    async fn of(operation: &Operation, response: Response) -> Self {
        let challenge = response.headers().get(header::WWW_AUTHENTICATE);
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        // A stream has no end to wait for.
        let is_stream = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
        Self {
            to: format!("{} ({} {})", operation.id, operation.method, operation.path),
            status: response.status().as_u16(),
            challenge: challenge.map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default(),
            text: match is_stream {
                true => String::new(),
                false => String::from_utf8_lossy(&response.bytes().await.expect("a body")).into_owned(),
            },
        }
    }

    #[track_caller]
    fn is_unauthenticated(&self, who: &str, challenge: &str) {
        let Self { to, status, text, .. } = self;
        assert_eq!((*status, self.challenge.as_str()), (401, challenge), "{who} calls {to}: {text}");
    }

    #[track_caller]
    fn is_forbidden(&self, who: &str, scope: &str) {
        let Self { to, status, text, .. } = self;
        assert_eq!(*status, 403, "{who} calls {to}: {text}");
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
        assert_eq!(self.challenge, challenge, "{who} calls {to}");
        let named = text.contains(&format!("`{scope}`")) || text.contains("This action is unauthorized.");
        assert!(named, "{who} calls {to}: {text}");
    }

    #[track_caller]
    fn is_let_in(&self, who: &str) {
        let Self { to, status, text, .. } = self;
        assert!(![401, 403].contains(status) && *status < 500, "{who} calls {to}: {status} {text}");
    }
}

#[tokio::test]
async fn every_operation_has_a_scope_or_a_rule_of_its_own() {
    let app = TestApp::start().await;
    let mut left: BTreeMap<&str, OwnRule> = OWN_RULES.iter().map(|(id, rule, _)| (*id, *rule)).collect();
    assert_eq!(left.len(), OWN_RULES.len(), "a rule stands twice");
    for operation in operations(&app).await {
        let own = left.remove(operation.id.as_str());
        assert_eq!(own.is_none(), operation.scope.is_some(), "{operation:?} needs a scope or a line in OWN_RULES");
    }
    assert!(left.is_empty(), "these are not described any more: {left:?}");
    assert!(OWN_RULES.iter().all(|(_, _, reason)| !reason.is_empty()));
}

#[tokio::test]
async fn da_a05_nobody_gets_in_without_a_token() {
    let things = Things::make().await;
    for operation in operations(&things.app).await.iter().filter(|operation| operation.scope.is_some()) {
        things.call(operation, None, true).await.is_unauthenticated("nobody", "Bearer");
    }
}

#[tokio::test]
async fn da_a16_od_t14_each_built_in_role_does_what_it_holds_and_no_more() {
    let things = Things::make().await;
    let (_, listed) = things.app.integrator(Method::GET, "roles", None).await;
    let mut tokens = Vec::new();
    for role in BuiltIn::ALL {
        let listed = listed["roles"].as_array().expect("roles").iter().find(|one| one["id"] == role.as_str());
        let held = listed.expect("it is listed")["scopes"].as_array().expect("scopes").clone();
        tokens.push((role, held, things.token("demo", role.as_str(), role.as_str()).await));
    }
    things.app.noticed().await;
    for operation in operations(&things.app).await {
        let Some(scope) = operation.scope.as_deref() else { continue };
        for (role, held, token) in &tokens {
            if held.iter().any(|one| one == scope) {
                let existing = operation.method == Method::GET;
                things.call(&operation, Some(token), existing).await.is_let_in(role.as_str());
            } else {
                things.call(&operation, Some(token), true).await.is_forbidden(role.as_str(), scope);
            }
        }
    }
}

/// Roles can hold several scopes; this finds an operation that asks for another one than it says.
#[tokio::test]
async fn the_scope_that_is_documented_is_the_one_that_is_asked_for() {
    let things = Things::make().await;
    let operations = operations(&things.app).await;
    let mut tokens = BTreeMap::new();
    let scopes: BTreeSet<&str> = operations.iter().filter_map(|operation| operation.scope.as_deref()).collect();
    for name in scopes {
        let only: Scopes = Scope::named(name).into_iter().collect();
        let with = things.token_with(&format!("only {name}"), only).await;
        let without = things.token_with(&format!("all but {name}"), Scopes::all().without(only)).await;
        tokens.insert(name, (with, without));
    }
    things.app.noticed().await;
    for operation in &operations {
        let Some(scope) = operation.scope.as_deref() else { continue };
        let (with, without) = &tokens[scope];
        things.call(operation, Some(without), true).await.is_forbidden("who lacks it", scope);
        things.call(operation, Some(with), operation.method == Method::GET).await.is_let_in("who has it");
    }
}

/// The same of a tenant that is not there.
fn nowhere(operation: &Operation) -> Operation {
    Operation { path: operation.path.replace("{tenant}", "nowhere"), ..operation.clone() }
}

#[tokio::test]
async fn da_a04_another_tenants_administrator_gets_nothing_and_learns_nothing() {
    let things = Things::make().await;
    let other = "other".parse().expect("a name");
    Tenants::new(&things.app.store).create(&other, "").await.expect("the tenant is made");
    things.app.agent("other", Access::Open).await;
    let stranger = things.token("other", "Stranger", "admin").await;
    let (_, before) = things.app.integrator(Method::GET, "audit?limit=1000", None).await;
    things.app.noticed().await;
    for operation in operations(&things.app).await.iter().filter(|operation| operation.scope.is_some()) {
        let answer = things.call(operation, Some(&stranger), true).await;
        let Answer { to, status, text, .. } = &answer;
        if operation.path.contains("{tenant}") {
            assert_eq!(*status, 403, "{to}: {text}");
            assert!(text.contains("urn:parlance:problem:wrong-audience"), "{to}: {text}");
            // One that is not there answers the same.
            let nowhere = things.call(&nowhere(operation), Some(&stranger), true).await;
            assert_eq!((nowhere.status, &nowhere.challenge, &nowhere.text), (403, &answer.challenge, text), "{to}");
        } else {
            // The tenant of the public APIs is the token's: they find their own things, and no others.
            assert!([200, 404, 422].contains(status), "{to}: {status} {text}");
        }
        for secret in [CONTACT, &things.agent.app_key, &things.ids["transcripts"], &things.ids["users"]] {
            assert!(!text.contains(secret), "{to} tells a stranger of {secret}: {text}");
        }
    }
    let (_, after) = things.app.integrator(Method::GET, "audit?limit=1000", None).await;
    assert_eq!(after, before, "a stranger changed something");
}

#[tokio::test]
async fn what_has_no_scope_keeps_its_own_rule() {
    let things = Things::make().await;
    let rules: HashMap<&str, OwnRule> = OWN_RULES.iter().map(|(id, rule, _)| (*id, *rule)).collect();
    for operation in operations(&things.app).await.iter().filter(|operation| operation.scope.is_none()) {
        for (who, token) in [("nobody", None), ("an administrator", Some(things.app.token.as_str()))] {
            let answer = things.call(operation, token, true).await;
            let Answer { to, status, text, .. } = &answer;
            match rules[operation.id.as_str()] {
                OwnRule::AppKey => assert_eq!(*status, 401, "{who} calls {to}: {text}"),
                // What it asks for is no API token: one changes nothing (tests/http/realm*.rs).
                OwnRule::Realm => assert!(*status < 500, "{who} calls {to}: {status} {text}"),
                OwnRule::AsTheAgentSays => assert!(*status < 500, "{who} calls {to}: {status} {text}"),
                OwnRule::Address => assert!([403, 404].contains(status), "{who} calls {to}: {status} {text}"),
                OwnRule::Public => answer.is_let_in(who),
            }
        }
    }
}
