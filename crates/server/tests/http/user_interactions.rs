//! What visitors said, visitor by visitor: rows OD-U01 to OD-U11, and the answer of 2022.

use model::{Timestamp, inbound::Inbound};
use rstest::rstest;
use runtime::{agents::Access, tenants::Tenants, tokens::Tokens};
use serde_json::{Value, json};

use crate::{
    app::{TestAgent, TestApp, Visitor, json_of},
    appended::Appended,
    flag_evaluations::public,
};

/// All of the time that tests know.
const ALWAYS: &str = "from=2020-01-01%2000:00:00&to=2100-01-01%2000:00:00";
const INVALID: &str = "The given data was invalid.";

pub(crate) async fn interactions(app: &TestApp, query: &str) -> (u16, Value) {
    let (status, body) = json_of(public(app, &app.token, &format!("user-interactions?{query}")).await).await;
    (status.as_u16(), body)
}

/// The visitors of an answer that must be one.
async fn visitors(app: &TestApp, query: &str) -> Vec<String> {
    let (status, body) = interactions(app, query).await;
    assert_eq!(status, 200, "{query}: {body}");
    let elements = body["data"].as_array().expect("a list").iter();
    let key = |element: &Value| {
        let keys: Vec<_> = element.as_object().expect("an object").keys().cloned().collect();
        let [only] = keys.as_slice() else { panic!("one key is the visitor: {keys:?}") };
        only.clone()
    };
    elements.map(key).collect()
}

/// A visitor who says one thing from a browser of which this is known.
async fn says_from(app: &TestApp, agent: &TestAgent, user: &str, profile: Value) {
    let visitor = app.visitor(agent, user);
    let text = json!({ "type": "text", "data": { "text": "when are you open" }, "user": profile });
    assert_eq!(visitor.hears(text).await, "From nine to five");
}

/// A visitor who does everything that a visitor can do.
pub(crate) async fn does_everything(app: &TestApp, agent: &TestAgent, user: &str) -> Visitor {
    let visitor = app.visitor(agent, user);
    let profile = json!({
        "first_name": "John", "last_name": "Doe", "email": "john.doe@example.com", "external_id": "ext_123",
        "ipAddress": "192.0.2.1", "country": "United States", "browserLanguage": "en-US", "os": "Windows",
        "browser": "chrome 112.0.0", "timezone": "America/New_York",
        "custom": { "selected_scenario": agent.id, "language": "en" },
    });
    for act in [
        json!({ "type": "chat_open", "callback_id": "intent.core.welcome", "data": {}, "user": profile }),
        json!({ "type": "text", "data": { "text": "when are you open" } }),
        json!({ "type": "button_response", "callback_id": "intent.user.Pick",
                "data": { "text": "Red", "value": "colour.red" } }),
        json!({ "type": "form_response", "callback_id": "intent.user.Form",
                "data": { "pet": "cat", "text": "Pet: cat" } }),
        json!({ "type": "longtext_response", "callback_id": "intent.user.Essay", "data": { "text": "A long text" } }),
        json!({ "type": "url_click", "data": { "url": "https://x.test/a" } }),
        json!({ "type": "trigger", "callback_id": "WELCOME", "data": {} }),
    ] {
        let (status, said) = visitor.send(act).await;
        assert_eq!(status, 200, "{said}");
    }
    for author in ["me", "them"] {
        let line = json!({ "author": author, "text": format!("By telephone, {author}") });
        assert_eq!(visitor.post("/chat-api/history", &line).await.0, 200);
    }
    visitor
}

/// Takes the times out of lines, and sees to it that they are times in order.
pub(crate) fn undated(lines: &mut Value) {
    let mut last = String::new();
    for line in lines.as_array_mut().expect("lines") {
        let date = line["date"].as_str().expect("a time").to_owned();
        let shape: String = date.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000000Z");
        assert!(last <= date, "{last} is before {date}");
        last = date;
        line["date"] = "then".into();
    }
}

#[rstest]
#[case("", &["from", "to"])]
#[case("from=&to=", &["from", "to"])]
#[case("to=2024-01-01%2000:00:00", &["from"])]
#[case("from=2024-01-01%2000:00:00", &["to"])]
#[case("foo=1", &["from", "to"])]
#[tokio::test]
async fn od_u01_from_and_to_are_required(#[case] query: &str, #[case] missing: &[&str]) {
    let app = TestApp::start().await;
    let errors: serde_json::Map<String, Value> =
        missing.iter().map(|name| ((*name).to_owned(), json!([format!("The {name} field is required.")]))).collect();
    let (status, body) = interactions(&app, query).await;
    assert_eq!(status, 422);
    assert_eq!(body.to_string(), json!({ "message": INVALID, "errors": errors }).to_string());
}

#[tokio::test]
async fn od_u02_dates_are_written_in_one_way() {
    let app = TestApp::start().await;
    for wrong in ["2024-01-01", "2024-01-01T00:00:00", "2024-1-1%200:0:0", "2024-02-30%2000:00:00", "yesterday", "%20"]
    {
        let (status, body) = interactions(&app, &format!("from={wrong}&to=2024-01-02+00:00:00")).await;
        let complaint = "The from does not match the format Y-m-d H:i:s.";
        assert_eq!((status, body), (422, json!({ "message": INVALID, "errors": { "from": [complaint] } })), "{wrong}");
    }
    for right in ["2024-01-01%2000:00:00", "2024-01-01+00%3A00%3A00", "0001-01-01%2000:00:00"] {
        let answer = interactions(&app, &format!("from={right}&to=9999-12-31%2023:59:59")).await;
        assert_eq!(answer, (200, json!({ "data": [] })), "{right}");
    }
}

#[tokio::test]
async fn od_u03_od_u11_what_a_visitor_said_by_hand_is_there_and_nothing_else() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    does_everything(&app, &agent, "ann").await;
    let (status, mut body) = interactions(&app, ALWAYS).await;
    assert_eq!(status, 200, "{body}");
    undated(&mut body["data"][0]["ann"]["interactions"]);
    let expected = json!({ "data": [{ "ann": {
        "chatbot_user_data": { "id": "ann", "name": "John Doe", "email": "john.doe@example.com" },
        "from": "2020-01-01T00:00:00.000000Z",
        "to": "2100-01-01T00:00:00.000000Z",
        "user_id": "ann",
        "interactions": [
            { "type": "text", "date": "then", "text": "when are you open", "data": null },
            { "type": "button", "date": "then", "text": "Red",
              "data": { "name": "Red", "callback_id": "intent.user.Pick", "value": "colour.red" } },
            { "type": "form", "date": "then", "text": "Pet: cat",
              "data": { "pet": "cat", "callback_id": "intent.user.Form" } },
            { "type": "longtext", "date": "then", "text": "A long text",
              "data": { "callback_id": "intent.user.Essay" } },
            { "type": "text_external", "date": "then", "text": "By telephone, me", "data": null },
        ],
    } }] });
    assert_eq!(body.to_string(), expected.to_string());
}

#[tokio::test]
async fn od_u04_each_visitor_has_one_element_whoever_spoke_in_between() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let (bob, ann, silent) = (app.visitor(&agent, "bob"), app.visitor(&agent, "ann"), app.visitor(&agent, "also"));
    silent.opens().await;
    for _ in 0..2 {
        bob.says("when are you open").await;
        ann.says("when are you open").await;
    }
    // Whoever only opened the chat said nothing.
    assert_eq!(visitors(&app, ALWAYS).await, ["ann", "bob"]);
    let (_, body) = interactions(&app, ALWAYS).await;
    for (place, user) in ["ann", "bob"].into_iter().enumerate() {
        let element = &body["data"][place][user];
        assert_eq!((&element["user_id"], &element["chatbot_user_data"]["id"]), (&json!(user), &json!(user)));
        assert_eq!(element["interactions"].as_array().map(Vec::len), Some(2), "{body}");
        let nobody = json!({ "id": user, "name": "", "email": "" });
        assert_eq!(element["chatbot_user_data"], nobody);
    }
}

#[tokio::test]
async fn od_u05_a_user_id_is_exact() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    for user in ["ann", "anna", "Ann", "a&n=b"] {
        app.visitor(&agent, user).says("when are you open").await;
    }
    let cases: &[(&str, &[&str])] = &[("ann", &["ann"]), ("an", &[]), ("ANN", &[]), ("a%26n%3Db", &["a&n=b"])];
    for (asked, found) in cases {
        assert_eq!(visitors(&app, &format!("{ALWAYS}&user_id={asked}")).await, *found, "{asked}");
    }
    assert_eq!(visitors(&app, &format!("{ALWAYS}&user_id=")).await.len(), 4, "an empty filter is none");
    assert_eq!(visitors(&app, &format!("{ALWAYS}&user_id=ann&user_id=Ann")).await, ["Ann"], "the last one counts");
    let (status, body) = interactions(&app, &format!("{ALWAYS}&user_id={}", "x".repeat(385))).await;
    assert_eq!((status, &body["message"]), (422, &json!(INVALID)), "{body}");
    assert!(body["errors"]["user_id"][0].is_string(), "{body}");
}

#[tokio::test]
async fn od_u06_filters_find_parts_whatever_the_case_and_take_signs_as_they_are() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    says_from(&app, &agent, "ann", json!({ "browser": "chrome 105.0.0", "country": "Österreich", "os": "100% OS_X" }))
        .await;
    says_from(&app, &agent, "bob", json!({ "browser": "firefox 140", "country": "United States", "os": "1000 OSIX" }))
        .await;
    says_from(
        &app,
        &agent,
        "cem",
        json!({ "ipAddress": "192.0.2.77", "browserLanguage": "tr-TR", "timezone": "Europe/Istanbul",
        "email": "Cem@Example.com", "custom": { "selected_scenario": agent.id } }),
    )
    .await;
    let cases: &[(&str, &[&str])] = &[
        ("browser=CHROME", &["ann"]),
        ("browser=105.0", &["ann"]),
        ("browser=fox+14", &["bob"]),
        ("browser=opera", &[]),
        ("country=%C3%96STERREICH", &["ann"]),
        ("country=%C3%B6sterr", &["ann"]),
        ("country=e", &["ann", "bob"]),
        ("os=%25", &["ann"]),
        ("os=100%25", &["ann"]),
        ("os=s_x", &["ann"]),
        ("os=_", &["ann"]),
        ("ip_address=192.0.2", &["cem"]),
        ("browser_language=TR-tr", &["cem"]),
        ("timezone=istanbul", &["cem"]),
        ("email=cem%40example", &["cem"]),
        ("platform=WEB", &["ann", "bob", "cem"]),
        ("platform=whatsapp", &[]),
        ("browser=firefox&browser=chrome", &["ann"]),
        ("browser=&os=osix", &["bob"]),
        ("selected_scenario=nothing", &[]),
    ];
    for (filter, found) in cases {
        assert_eq!(visitors(&app, &format!("{filter}&{ALWAYS}")).await, *found, "{filter}");
    }
    let by_scenario = format!("{ALWAYS}&selected_scenario={}", &agent.id[..20].to_uppercase());
    assert_eq!(visitors(&app, &by_scenario).await, ["ann", "bob", "cem"]);

    // What was asked for is echoed as it was, once, and nothing else.
    let (_, body) = interactions(&app, &format!("os=s_x&{ALWAYS}&browser=fire&browser=CHROME&country=")).await;
    let keys: Vec<_> = body["data"][0]["ann"].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["chatbot_user_data", "from", "to", "user_id", "os", "browser", "interactions"]);
    assert_eq!((&body["data"][0]["ann"]["os"], &body["data"][0]["ann"]["browser"]), (&json!("s_x"), &json!("CHROME")));
}

#[tokio::test]
async fn od_u07_all_filters_must_hold_and_hold_for_the_present() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    says_from(&app, &agent, "ann", json!({ "browser": "chrome 105.0.0", "country": "US" })).await;
    says_from(&app, &agent, "bob", json!({ "browser": "chrome 106.0.0", "country": "DE" })).await;
    says_from(&app, &agent, "cem", json!({ "browser": "firefox", "country": "US" })).await;
    let cases: &[(&str, &[&str])] = &[
        ("country=US&browser=chrome", &["ann"]),
        ("browser=chrome", &["ann", "bob"]),
        ("country=us&browser=chrome&os=linux", &[]),
        ("country=US&user_id=cem", &["cem"]),
        ("country=DE&user_id=cem", &[]),
    ];
    for (filter, found) in cases {
        assert_eq!(visitors(&app, &format!("{ALWAYS}&{filter}")).await, *found, "{filter}");
    }
    // A browser that was updated is found by what it is now, and so are the lines from before.
    says_from(&app, &agent, "ann", json!({ "browser": "chrome 107.0.0", "country": "US" })).await;
    assert_eq!(visitors(&app, &format!("{ALWAYS}&browser=105")).await, [] as [&str; 0]);
    let (_, body) = interactions(&app, &format!("{ALWAYS}&browser=107")).await;
    assert_eq!(body["data"][0]["ann"]["interactions"].as_array().map(Vec::len), Some(2), "{body}");
}

#[tokio::test]
async fn od_u08_an_unknown_filter_is_named() {
    let app = TestApp::start().await;
    for (name, asked) in [("foo", "foo=1"), ("language", "language="), ("first_name", "browser=x&first_name=y&foo=1")] {
        let complaint = format!("The filter '{name}' is not allowed.");
        let errors = json!({ format!("filters.{name}"): [complaint] });
        let (status, body) = interactions(&app, &format!("{ALWAYS}&{asked}")).await;
        assert_eq!(status, 422);
        assert_eq!(body.to_string(), json!({ "message": complaint, "errors": errors }).to_string());
    }
}

#[tokio::test]
async fn od_u09_nothing_found_is_an_empty_list() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let empty = (200, json!({ "data": [] }));
    assert_eq!(interactions(&app, ALWAYS).await, empty);
    app.visitor(&agent, "ann").opens().await;
    assert_eq!(interactions(&app, ALWAYS).await, empty);
    app.visitor(&agent, "ann").says("when are you open").await;
    assert_eq!(visitors(&app, ALWAYS).await, ["ann"]);
    for range in [
        "from=2020-01-01%2000:00:00&to=2020-01-02%2000:00:00",
        "from=2100-01-01%2000:00:00&to=2020-01-01%2000:00:00",
        "from=2100-01-01%2000:00:00&to=9999-12-31%2023:59:59",
    ] {
        assert_eq!(interactions(&app, range).await, empty, "{range}");
    }
}

#[tokio::test]
async fn od_u10_both_bounds_are_included_to_the_end_of_the_second() {
    let app = TestApp::start().await;
    let (from, to) = (1_705_276_800_000_000, 1_705_363_199_000_000);
    for (number, at) in [from - 1, from, to, to + 999_999, to + 1_000_000].into_iter().enumerate() {
        let turn = u32::try_from(number).expect("few") + 1;
        let said = Inbound::text(format!("at {at}"));
        Appended::new("ann", turn, Timestamp(at), said).write(app.store.clone()).await;
    }
    let (_, body) = interactions(&app, "from=2024-01-15%2000:00:00&to=2024-01-15%2023:59:59").await;
    let said: Vec<_> =
        body["data"][0]["ann"]["interactions"].as_array().expect("lines").iter().map(|line| &line["text"]).collect();
    assert_eq!(
        said,
        [&json!(format!("at {from}")), &json!(format!("at {to}")), &json!(format!("at {}", to + 999_999))]
    );
    let (_, instant) = interactions(&app, "from=2024-01-15%2000:00:00&to=2024-01-15%2000:00:00").await;
    assert_eq!(instant["data"][0]["ann"]["interactions"].as_array().map(Vec::len), Some(1), "{instant}");
}

#[tokio::test]
async fn another_tenants_visitors_are_never_seen() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let other = "other".parse().expect("a name");
    Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    let theirs = app.agent("other", Access::Open).await;
    let (_, token) = Tokens::new(&app.store).create(&other, "", None).await.expect("a token");
    app.noticed().await;
    app.visitor(&agent, "ann").says("when are you open").await;
    app.visitor(&theirs, "ann").says("when are you open").await;
    app.visitor(&theirs, "eve").says("when are you open").await;
    assert_eq!(visitors(&app, ALWAYS).await, ["ann"]);
    assert_eq!(visitors(&app, &format!("{ALWAYS}&user_id=eve")).await, [] as [&str; 0]);
    assert_eq!(visitors(&app, &format!("{ALWAYS}&selected_scenario={}", theirs.id)).await, [] as [&str; 0]);
    let (_, body) = json_of(public(&app, &token, &format!("user-interactions?{ALWAYS}")).await).await;
    assert_eq!(body["data"].as_array().map(Vec::len), Some(2), "{body}");
    for path in [format!("interactions?{ALWAYS}"), "user-data-export?exportType=json".to_owned()] {
        let (_, body) = json_of(public(&app, &app.token, &path).await).await;
        assert_eq!(body["data"].as_array().map(Vec::len), Some(1), "{body}");
    }
}

#[tokio::test]
async fn the_answer_of_2022_has_its_own_shape() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    does_everything(&app, &agent, "ann").await;
    app.visitor(&agent, "also").opens().await;
    let path = format!("interactions?{ALWAYS}&browser=chrome");
    let (status, mut body) = json_of(public(&app, &app.token, &path).await).await;
    assert_eq!(status, 200, "{body}");
    undated(&mut body["data"][0]["ann"]["interactions"]);
    let custom = body["data"][0]["ann"]["chatbot_user_data"]["custom"].take();
    assert_eq!((&custom["selected_scenario"], &custom["language"]), (&json!(agent.id), &json!("en")));
    let line = |kind: &str, text: &str, value: &str, intent: &str| json!({ "type": kind, "date": "then", "text": text, "data": { "value": value, "callback_id": intent } });
    let expected = json!({ "data": [{ "ann": {
        "chatbot_user_data": { "first_name": "John", "last_name": "Doe", "custom": null },
        "from": "2020-01-01T00:00:00.000000Z",
        "to": "2100-01-01T00:00:00.000000Z",
        "interactions": [
            line("text", "when are you open", "", ""),
            line("button", "Red", "colour.red", "intent.user.Pick"),
            line("form", "Pet: cat", "", "intent.user.Form"),
            line("longtext", "A long text", "", "intent.user.Essay"),
            line("text_external", "By telephone, me", "", ""),
        ],
    } }] });
    assert_eq!(body.to_string(), expected.to_string());
    let (status, body) = json_of(public(&app, &app.token, &format!("interactions?{ALWAYS}&foo=1")).await).await;
    assert_eq!((status.as_u16(), &body["errors"]["filters.foo"][0]), (422, &json!("The filter 'foo' is not allowed.")));
    let (_, nothing) = json_of(public(&app, &app.token, &format!("interactions?{ALWAYS}&user_id=bob")).await).await;
    assert_eq!(nothing, json!({ "data": [] }));
}
