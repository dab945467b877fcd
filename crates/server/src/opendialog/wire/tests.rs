//! Every message type from its markup to its wire form (rows OD-M01 to M33).

use std::borrow::Cow;

use dialogue::{
    expression::Scope,
    message::{Markup, MarkupOptions},
};
use insta::assert_json_snapshot;
use serde_json::json;

use super::*;

/// Attributes by `context.name`.
struct Values(Value);

impl Scope for Values {
    fn value(&self, context: &str, name: &str) -> Option<Cow<'_, Value>> {
        self.0.get(format!("{context}.{name}")).map(Cow::Borrowed)
    }

    fn now(&self) -> Timestamp {
        AT
    }

    fn time_zone(&self) -> Option<&str> {
        None
    }
}

const AT: Timestamp = Timestamp::from_seconds(1_683_037_966);

fn send_with(values: Value, inner: &str) -> Value {
    let markup = if inner.starts_with("<message") { inner.to_owned() } else { format!("<message>{inner}</message>") };
    let markup = Markup::compile(&markup, MarkupOptions::default()).expect("compiles");
    let list = markup.render(&Values(values), "intent.app.Welcome", "").expect("renders");
    let tree = messages(&list, AT, None);
    // A tree has no key twice.
    let answer = serde_json::to_string(&Answer::new(&list, AT, None)).expect("an answer");
    assert_eq!(answer, tree.to_string());
    tree
}

fn send(inner: &str) -> Value {
    send_with(json!({}), inner)
}

/// What a type says of itself: its data without the keys that all have.
fn own(inner: &str) -> Value {
    let mut sent = send(inner);
    let data = sent["data"].as_object_mut().expect("one message");
    for key in ["disable_text", "internal", "hidetime", "hideavatar", "time", "date", "meta"] {
        assert!(data.shift_remove(key).is_some(), "{key}");
    }
    json!({ "type": sent["type"], "data": sent["data"] })
}

#[test]
fn od_m01_envelope_and_base_keys() {
    let sent = send("<text-message>Hello</text-message>");
    assert_json_snapshot!(sent);
    let keys: Vec<&String> = sent["data"].as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        ["text", "disable_text", "internal", "hidetime", "hideavatar", "time", "date", "attribute_name", "meta"]
    );
}

#[test]
fn od_m01_time_and_date_are_the_visitors() {
    let markup = Markup::compile("<message><text-message>Hi</text-message></message>", MarkupOptions::default());
    let list = markup.expect("compiles").render(&Values(json!({})), "i", "welcome_template").expect("renders");
    let sent = messages(&list, AT, Some("Asia/Tokyo"));
    assert_eq!((&sent["data"]["time"], &sent["data"]["date"]), (&json!("11:32 PM"), &json!("Tue 2 May")));
    assert_eq!(sent["data"]["message_template_id"], "welcome_template");
}

#[test]
fn od_m02_one_is_an_object_several_a_list() {
    assert!(send("<text-message>a</text-message>").is_object());
    assert_eq!(send("<text-message>a</text-message><text-message>b</text-message>").as_array().map(Vec::len), Some(2));
    assert_eq!(send("<empty-message/>"), json!([false]));
    assert_eq!(send(""), json!([]));
    let mixed = send("<text-message>a</text-message><empty-message/>");
    assert_eq!((mixed[0]["type"].as_str(), &mixed[1]), (Some("text"), &json!(false)));
}

#[test]
fn od_m03_all_but_the_last_are_internal() {
    let sent = send(
        "<text-message>a</text-message><image-message><src>/i.png</src></image-message><cta-message>b</cta-message>",
    );
    let flags: Vec<_> =
        sent.as_array().expect("a list").iter().map(|m| (&m["data"]["internal"], &m["data"]["hidetime"])).collect();
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(flags, [(&yes, &yes), (&yes, &yes), (&no, &no)]);
}

#[test]
fn od_m04_root_attributes_set_all_messages() {
    for said in ["1", "true"] {
        let sent = send(&format!(
            "<message disable_text=\"{said}\" hide_avatar=\"{said}\"><text-message>a</text-message><text-message>b</text-message></message>"
        ));
        for message in sent.as_array().expect("a list") {
            assert_eq!(
                (&message["data"]["disable_text"], &message["data"]["hideavatar"]),
                (&json!(true), &json!(true))
            );
        }
    }
    assert_eq!(
        send("<message disable_text=\"0\"><text-message>a</text-message></message>")["data"]["disable_text"],
        json!(false)
    );
}

#[test]
fn od_m10_folding_is_sent() {
    let text = send("<text-message expandable-text=\"true\" expandable-text-chars=\"240\">a</text-message>");
    assert_eq!((&text["data"]["expandable_text"], &text["data"]["expandable_text_chars"]), (&json!(true), &json!(240)));
    let whole = send(
        "<button-message expandable-message=\"true\" expandable-message-height=\"10em\"><text>a</text></button-message>",
    );
    assert_eq!(whole["data"]["expandable_message_height"], "10em");
}

#[test]
fn od_m11_image() {
    assert_json_snapshot!(own(
        r#"<image-message><src>https://x.org/a.png</src><url new_tab="true">https://x.org</url><alt>A logo</alt></image-message>"#
    ));
    let older = own(
        r#"<image-message link_new_tab="true"><src>https://x.org/a.png</src><link>https://x.org</link></image-message>"#,
    );
    assert_eq!((&older["data"]["img_link"], &older["data"]["link_new_tab"]), (&json!("https://x.org"), &json!(true)));
}

#[test]
fn od_m13_button_kinds() {
    assert_json_snapshot!(own(r#"<button-message clear_after_interaction="1">
             <text>A bit of <b>text</b></text>
             <external>false</external>
             <button type="skip"><text><b>Yes</b></text><callback>intent.user.Yes</callback><value>a.b</value></button>
             <button><text>Link</text><link new_tab="true">http://example.com?a=1&b=2</link></button>
             <button display="false"><text>Call</text><click_to_call>07999812050</click_to_call></button>
             <button><text>Save chat</text><download>true</download></button>
             <button><text>Comments</text><tab_switch>true</tab_switch></button>
           </button-message>"#));
}

#[test]
fn od_m14_external_buttons() {
    let button = "<button><text>a</text><callback>i</callback></button>";
    let sent = own(&format!("<button-message><text>t</text><external>true</external>{button}</button-message>"));
    assert_eq!(sent["data"]["external"], true);
    assert_eq!(own(&format!("<button-message>{button}</button-message>"))["data"]["external"], false);
}

#[test]
fn od_m15_skip_and_inline() {
    let sent = own("<button-message><button type=\"skip\"><text>a</text><callback>i</callback></button>\
         <button type=\"inline\"><text>b</text><callback>i</callback></button></button-message>");
    assert_eq!(
        (&sent["data"]["buttons"][0]["type"], &sent["data"]["buttons"][1]["type"]),
        (&json!("skip"), &json!("inline"))
    );
}

const FORM: &str = r#"<form-message>
  <text>About **you**</text>
  <submit_text>Send</submit_text>
  <callback>intent.user.Sent</callback>
  <auto_submit>true</auto_submit>
  <cancel_text>Never mind</cancel_text>
  <cancel_callback>intent.user.Cancelled</cancel_callback>
  <element><element_type>select</element_type><name>title</name><display>Title</display><required>true</required>
    <options><option><key>mr</key><value>Mr.</value></option><option><key>ms</key><value>Ms.</value></option></options></element>
  <element><element_type>auto_complete_select</element_type><name>town</name><display>Town</display>
    <options><option><key>b</key><value>Bonn</value></option></options></element>
  <element><element_type>number</element_type><name>age</name><display>Age</display><min>1</min><max>5</max><default_value>3</default_value></element>
  <element><element_type>text</element_type><name>code</name><display>Code</display><placeholder>AB12</placeholder>
    <validation><regex>^[A-Z]{2}\d+$</regex><error>Two letters, then digits</error></validation></element>
  <element><element_type>email</element_type><name>mail</name><display>Mail</display><required>1</required></element>
</form-message>"#;

#[test]
fn od_m16_form_with_validation() {
    assert_json_snapshot!(own(FORM));
}

#[test]
fn od_m11_full_page_form() {
    let sent = own(&FORM.replace("form-message", "fp-form-message"));
    assert_eq!(sent["type"], "fp-form");
    assert_eq!(sent["data"], own(FORM)["data"]);
    let plain = own(
        "<form-message><text>t</text><element><element_type>text</element_type><name>n</name></element></form-message>",
    );
    assert_eq!((&plain["data"]["submit_text"], &plain["data"]["cancel_text"]), (&json!("Submit"), &json!(null)));
}

#[test]
fn od_m17_options_from_an_attribute() {
    let form = "<form-message><text>t</text><element><element_type>select</element_type><name>job</name>\
                <options_attribute>session.jobs</options_attribute></element></form-message>";
    let options =
        |jobs: Value| send_with(json!({ "session.jobs": jobs }), form)["data"]["elements"][0]["options"].clone();
    assert_eq!(options(json!({"1": "Unemployed", "2": "Retired"})), json!({"1": "Unemployed", "2": "Retired"}));
    assert_eq!(options(json!(["a", "b"])), json!({"a": "a", "b": "b"}));
    assert_eq!(options(json!([{"key": "LAP-001", "value": "Laptop"}])), json!({"LAP-001": "Laptop"}));
    assert_eq!(options(json!([1, 2])), json!({"1": "1", "2": "2"}));
}

#[test]
fn od_m18_alphabetical_options() {
    let sent = own(
        "<form-message><text>t</text><element><element_type>select</element_type><name>n</name><alphabetical>true</alphabetical>\
         <options><option><key>1</key><value>pear</value></option><option><key>2</key><value>Apple</value></option>\
         <option><key>3</key><value>*all</value></option></options></element></form-message>",
    );
    assert_eq!(sent["data"]["elements"][0]["options_order"], json!(["3", "2", "1"]));
    assert_eq!(sent["data"]["elements"][0]["alphabetical"], true);
}

#[test]
fn od_m19_auto_submit_is_sent() {
    assert_eq!(own(FORM)["data"]["auto_submit"], true);
}

#[test]
fn od_m20_cancel_is_sent() {
    let sent = own(FORM);
    assert_eq!(
        (&sent["data"]["cancel_text"], &sent["data"]["cancel_callback"]),
        (&json!("Never mind"), &json!("intent.user.Cancelled"))
    );
}

#[test]
fn od_m11_rich() {
    let card = r#"<rich-message>
        <title>title</title><subtitle>subtitle</subtitle><text>text</text>
        <callback>callback</callback><callback_value>callbackValue</callback_value><link>https://docs.example.org</link>
        <button><text>Button text</text><link new_tab="true">https://x.org</link><value>a.b</value><callback>button_callback</callback></button>
        <image><src>https://x.org/a.png</src><url new_tab="true">https://x.org</url></image>
      </rich-message>"#;
    assert_json_snapshot!(own(card));
    assert_eq!(own(&card.replace("rich-message", "fp-rich-message"))["type"], "fp-rich");
}

#[test]
fn od_m30_list_items_are_flat() {
    assert_json_snapshot!(send(
        r#"<list-message view-type="horizontal"><title>Title</title>
             <item><text-message>One</text-message></item>
             <item><image-message><src>https://x.org/a.png</src></image-message></item>
             <item><rich-message><text>Three</text></rich-message></item>
           </list-message>"#
    ));
}

#[test]
fn od_m22_dates() {
    let date = |inner: &str| {
        own(&format!(
            "<date-message><text>When?</text><callback>c</callback><submit_text>ok</submit_text><attribute_name>day</attribute_name>{inner}</date-message>"
        ))
    };
    assert_json_snapshot!(date("<format>month-year</format><max_date>today</max_date><min_date>20200101</min_date>"));
    for format in ["default", "only-time", "date-time", "only-year", "month-year"] {
        assert_eq!(date(&format!("<format>{format}</format>"))["data"]["format"], format);
    }
    assert_eq!(date("")["data"]["format"], "default");
    let range = date("<no_past_dates>true</no_past_dates><no_future_dates>false</no_future_dates>");
    assert_eq!((&range["data"]["min_date"], &range["data"]["max_date"]), (&json!("today"), &json!(null)));
    let older = own(
        "<date-picker-message><text>When?</text><callback>c</callback><submit_text>ok</submit_text><attribute_name>day</attribute_name>\
         <day_required>false</day_required><min_date>2020-01-01</min_date></date-picker-message>",
    );
    assert_json_snapshot!("od_m22_date_picker", older);
}

#[test]
fn od_m23_autocomplete() {
    assert_json_snapshot!(own(
        r#"<autocomplete-message><title>Title</title><callback>callback.id</callback><submit_text>Submit</submit_text>
             <placeholder>Type…</placeholder>
             <options-endpoint><url>/items</url><params><param name="country" value="GBR" /></params>
               <query-param-name>q</query-param-name></options-endpoint>
             <attribute_name>item</attribute_name></autocomplete-message>"#
    ));
}

#[test]
fn od_m23_address_autocomplete() {
    let address = |service: &str| {
        own(&format!(
            "<autocomplete-message><title>T</title><callback>c</callback><submit_text>s</submit_text>{service}\
             <options-endpoint><url>https://api.example.org/find</url><query-param-name>query</query-param-name></options-endpoint>\
             <attribute_name>location</attribute_name>\
             -- THIS MUST BE THE LAST MESSAGE --</autocomplete-message>"
        ))
    };
    assert_eq!(address("<google api_key=\"k\" />")["data"]["google"], json!({ "api_key": "k" }));
    let fetchify = address(
        "<fetchify api_key=\"k\" fetch_countries=\"true\" retrieve_endpoint_url=\"https://r.org\" countries_endpoint_url=\"https://c.org\" />",
    );
    assert_eq!(
        fetchify["data"]["fetchify"],
        json!({"api_key": "k", "fetch_countries": true, "retrieve_endpoint_url": "https://r.org", "countries_endpoint_url": "https://c.org"})
    );
}

#[test]
fn od_m24_location() {
    assert_json_snapshot!(own(
        "<location-message><text>Where?</text><callback>c</callback><attribute_name>place</attribute_name><api_key>k</api_key></location-message>"
    ));
    assert_eq!(own("<location-message><text>Where?</text></location-message>")["data"]["attribute_name"], "location");
}

#[test]
fn od_m25_file_upload() {
    assert_json_snapshot!(own(
        "<file-upload-message><callback>Continue</callback><submit_text>Submit</submit_text><cancel_callback>cc</cancel_callback>\
         <cancel_text>Cancel</cancel_text><error_callback>ec</error_callback><multiple>false</multiple><file_size>500000</file_size>\
         <file_types><option>jpg</option><option>.PNG</option></file_types><base_path>your/file/path</base_path>\
         <attribute_name>photos</attribute_name></file-upload-message>"
    ));
}

#[test]
fn od_m26_esign() {
    assert_json_snapshot!(own(
        "<esign-message><text>Sign</text><callback>Continue</callback><attribute_name>signed</attribute_name><signature>true</signature>\
         <submit_text>Submit</submit_text><resign_text>Again</resign_text><confirm_text>Confirm</confirm_text>\
         <checkbox_text>I agree</checkbox_text><cancel_text>Cancel</cancel_text><cancel_callback>cc</cancel_callback>\
         <document_text>Document **text**</document_text><document_title>Title</document_title>\
         <file_name>signature.pdf</file_name><file_path>/signatures/test</file_path></esign-message>"
    ));
}

#[test]
fn od_m27_meta() {
    assert_json_snapshot!(own("<meta-message><data name=\"progressPercentage\">40%</data></meta-message>"));
}

#[test]
fn od_m29_hand_over() {
    assert_json_snapshot!(own(
        "<hand-to-system-message system=\"chatwoot\"><data name=\"handover_text\">You are connected.</data>\
         <data name=\"handover_id\">sales</data></hand-to-system-message>"
    ));
}

#[test]
fn od_m31_audio() {
    assert_json_snapshot!(own("<audio-message><title>Title</title><url>https://x.org/a.mp3</url></audio-message>"));
}

#[test]
fn od_m11_call_to_action_keeps_two_lines() {
    assert_eq!(own("<cta-message>Need help?\n Ask!\n Now</cta-message>")["data"]["text"], "Need help?\nAsk!");
}

#[test]
fn od_m11_long_text() {
    assert_json_snapshot!(own(
        "<long-text-message><submit_text>Send</submit_text><callback>c</callback><initial_text>Dear</initial_text>\
         <placeholder>…</placeholder><confirmation_text>Sure?</confirmation_text><character_limit>500</character_limit></long-text-message>"
    ));
}

#[test]
fn od_m11_twilio_content_template() {
    let values = json!({ "user.first_name": "Ada" });
    let sent = send_with(
        values,
        "<twilio-content-template-message sid=\"HX1\"><variables><variable name=\"1\" value=\"{user.first_name}\"/></variables></twilio-content-template-message>",
    );
    assert_eq!(sent["type"], "twilio-content-template");
    assert_eq!(sent["data"]["variables"], json!([{ "name": "1", "value": "Ada" }]));
}

#[test]
fn od_m33_feedback_is_sent_unless_inherited() {
    let sent = |said: &str| send(&format!("<message{said}><text-message>a</text-message></message>"))["data"].clone();
    assert_eq!(sent(" enable_feedback=\"true\"")["enable_feedback"], true);
    assert_eq!(sent(" enable_feedback=\"false\"")["enable_feedback"], false);
    assert_eq!(sent("").get("enable_feedback"), None);
}
