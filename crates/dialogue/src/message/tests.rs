//! Filling, structure from attributes, problems (rows OD-M04 to M33 that markup decides).

use std::borrow::Cow;

use model::{
    Timestamp,
    message::{Body, ButtonAction, TextFold},
};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

/// Attributes by `context.name`.
struct Values(Value);

impl Scope for Values {
    fn value(&self, context: &str, name: &str) -> Option<Cow<'_, Value>> {
        self.0.get(format!("{context}.{name}")).map(Cow::Borrowed)
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(0)
    }

    fn time_zone(&self) -> Option<&str> {
        None
    }
}

fn compile(inner: &str) -> Result<Markup, Vec<MarkupProblem>> {
    Markup::compile(&format!("<message>{inner}</message>"), MarkupOptions::default())
}

fn render(inner: &str, values: Value) -> Vec<Message> {
    compile(inner).expect("compiles").render(&Values(values), "intent.app.Say", "template").expect("renders")
}

fn text(message: &Message) -> &str {
    match &message.body {
        Body::Text(text) => text,
        other => panic!("a text is expected: {other:?}"),
    }
}

fn one_text(inner: &str, values: Value) -> String {
    text(&render(inner, values)[0]).to_owned()
}

#[test]
fn a_text_stays_as_it_was_written() {
    for words in ["Hello", "It's fine & \"good\"", "100% (sure)"] {
        assert_eq!(one_text(&format!("<text-message>{words}</text-message>"), json!({})), words);
    }
    assert_eq!(one_text("<text-message>\n    Hello,\n    you\n  </text-message>", json!({})), "Hello,\nyou");
}

#[rstest]
#[case("Tom & Jerry", "Hello Tom & Jerry!")]
#[case("50% \"off\" it's", "Hello 50% \"off\" it's!")]
#[case("a < b", "Hello a &lt; b!")]
#[case("<b>Bob</b>", "Hello <b>Bob</b>!")]
#[case("<script>alert(1)</script>", "Hello !")]
#[case("</text-message>", "Hello !")]
#[case("{user.secret}", "Hello {user.secret}!")]
fn od_m05_values_survive_filling(#[case] name: &str, #[case] said: &str) {
    let values = json!({ "user.name": name, "user.secret": "no" });
    assert_eq!(one_text("<text-message>Hello {user.name}!</text-message>", values), said);
}

#[test]
fn od_m05_values_survive_in_other_fields() {
    let values = json!({ "user.name": "A & \"B\" <c> 100%" });
    let sent = render(
        "<button-message><button><text>t</text><callback>i</callback><value>{name}</value></button></button-message>",
        values,
    );
    let Body::Buttons(buttons) = &sent[0].body else { panic!("buttons") };
    let ButtonAction::Intent { value, .. } = &buttons.buttons[0].action else { panic!("an intent") };
    assert_eq!(value.as_deref(), Some("A & \"B\" <c> 100%"));
}

#[test]
fn od_m05_an_attribute_without_value_is_removed() {
    assert_eq!(one_text("<text-message>Hello {user.name}!</text-message>", json!({})), "Hello !");
}

#[test]
fn od_m06_code_may_be_left_unfilled() {
    let markup = "<message><text-message>{user.x} and `{user.x}`</text-message></message>";
    let say = |exclude_code| {
        let markup = Markup::compile(markup, MarkupOptions { exclude_code }).expect("compiles");
        text(&markup.render(&Values(json!({ "user.x": "1" })), "i", "t").expect("renders")[0]).to_owned()
    };
    assert_eq!(say(true), "1 and <code>{user.x}</code>");
    assert_eq!(say(false), "1 and <code>1</code>");
}

#[test]
fn od_m08_scripts_never_pass() {
    let inner = "<text-message>a<script>alert(1)</script><b onclick=\"x()\">b</b></text-message>";
    assert_eq!(one_text(inner, json!({})), "a<b>b</b>");
    let values = json!({ "user.url": "javascript:alert(1)" });
    let sent = render("<button-message><button><text>t</text><link>{url}</link></button></button-message>", values);
    let Body::Buttons(buttons) = &sent[0].body else { panic!("buttons") };
    assert!(matches!(&buttons.buttons[0].action, ButtonAction::Link(link) if link.url.is_empty()));
}

#[test]
fn links_in_texts() {
    let inner = "<text-message>Go <link new_tab=\"true\"><url>https://x.org?a=1&b=2</url><text>here</text></link> <b>now</b></text-message>";
    assert_eq!(
        one_text(inner, json!({})),
        "Go <a class=\"linkified\" target=\"_blank\" href=\"https://x.org?a=1&amp;b=2\">here</a> <b>now</b>"
    );
    assert_eq!(compile(inner).expect("compiles").warnings(), []);
}

#[test]
fn od_m10_folds() {
    let fold = |attributes: &str| compile(&format!("<text-message {attributes}>a</text-message>"));
    let of = |attributes: &str| {
        fold(attributes).expect("compiles").render(&Values(json!({})), "", "").expect("renders")[0].clone()
    };
    assert_eq!(
        of("expandable-text=\"true\" expandable-text-height=\"2em\"").text_fold,
        Some(TextFold::Height("2em".into()))
    );
    assert_eq!(of("expandable-text=\"true\" expandable-text-chars=\"240\"").text_fold, Some(TextFold::Chars(240)));
    assert_eq!(of("expandable-text=\"false\" expandable-text-chars=\"240\"").text_fold, None);
    assert_eq!(
        of("expandable-message=\"true\" expandable-message-height=\"9em\"").message_fold.as_deref(),
        Some("9em")
    );
    for wrong in [
        "expandable-text=\"true\" expandable-text-height=\"2em\" expandable-text-chars=\"240\"",
        "expandable-text=\"true\"",
        "expandable-text=\"true\" expandable-text-chars=\"many\"",
        "expandable-message=\"true\"",
    ] {
        assert!(fold(wrong).is_err(), "{wrong}");
    }
    let image =
        compile("<image-message expandable-text=\"true\" expandable-text-chars=\"9\"><src>/a</src></image-message>");
    assert_eq!(image.expect("compiles").warnings().len(), 1);
}

#[rstest]
#[case("<shout-message>a</shout-message>", "message/shout-message[1]", "Unknown message type \"shout-message\"")]
#[case("<form-message/>", "message/form-message[1]", "Form messages must have \"text\"")]
#[case(
    "<form-message><text>t</text><element><name>n</name></element></form-message>",
    "message/form-message[1]/element[1]",
    "Form message elements must have \"element_type\""
)]
#[case(
    "<form-message><text>t</text><element><element_type>text</element_type></element></form-message>",
    "message/form-message[1]/element[1]",
    "Form message elements must have \"name\""
)]
#[case(
    "<form-message><text>t</text><element><element_type>select</element_type><name>n</name></element></form-message>",
    "message/form-message[1]/element[1]",
    "Form message elements of type \"select\" or \"auto_complete_select\" must have \"options\""
)]
#[case(
    "<form-message><text>t</text><element><element_type>radio</element_type><name>n</name></element></form-message>",
    "message/form-message[1]/element[1]",
    "Form message elements of type \"radio\" must have \"options\""
)]
#[case(
    "<hand-to-system-message/>",
    "message/hand-to-system-message[1]",
    "Hand to system messages must have a non-empty \"system\" attribute."
)]
#[case("<text-message/>", "message/text-message[1]", "Text messages must have text or a link")]
#[case("<image-message/>", "message/image-message[1]", "Image messages must have \"src\"")]
#[case(
    "<list-message><item><x/></item></list-message>",
    "message/list-message[1]/item[1]",
    "Unknown message type \"x\""
)]
#[case(
    "<button-message><button><text>a</text><link>javascript:x</link></button></button-message>",
    "message/button-message[1]/button[1]",
    "`link` leads to a scheme that is not allowed"
)]
#[case("<text-message>{user.a | shout}</text-message>", "message/text-message[1]", "")]
fn od_m12_what_cannot_be_used_is_refused(#[case] inner: &str, #[case] path: &str, #[case] message: &str) {
    let problems = compile(inner).expect_err("is refused");
    assert_eq!(problems[0].path, path);
    assert!(problems[0].message.contains(message), "{}", problems[0].message);
    assert!(!problems[0].remedy.is_empty() && problems[0].severity == Severity::Error);
}

#[test]
fn od_m12_what_is_no_message_is_refused() {
    for markup in ["", "Hello", "<msg/>", "<message/><message/>", "<message><text-message>a</message>", "<message>"] {
        let problems = Markup::compile(markup, MarkupOptions::default()).expect_err(markup);
        assert!(!problems[0].message.is_empty() && !problems[0].remedy.is_empty(), "{markup}");
    }
}

#[test]
fn od_m21_cards_take_so_many_buttons() {
    let card = |name: &str, count: usize| {
        compile(&format!(
            "<{name}><text>t</text>{}</{name}>",
            "<button><text>b</text><callback>i</callback></button>".repeat(count)
        ))
    };
    assert!(card("rich-message", 3).is_ok());
    assert!(card("rich-message", 4).is_err());
    assert!(card("fp-rich-message", 4).is_ok());
    assert!(card("fp-rich-message", 5).is_err());
}

#[test]
fn od_m24_attributes_that_must_be_declared() {
    let names =
        |inner: &str| compile(inner).expect("compiles").attributes_to_declare().map(str::to_owned).collect::<Vec<_>>();
    assert!(names("<location-message><text>t</text></location-message>").is_empty());
    assert_eq!(
        names("<location-message><text>t</text><attribute_name>home</attribute_name></location-message>"),
        ["home"]
    );
    assert_eq!(names("<file-upload-message><attribute_name>photos</attribute_name></file-upload-message>"), ["photos"]);
}

#[test]
fn od_m28_an_attribute_message_takes_the_place_of_all() {
    let markup = "<text-message>dropped</text-message><attribute-message>user.generated</attribute-message>";
    let generated = "<message disable_text=\"true\" hide_avatar=\"true\"><text-message>Hi {user.name}</text-message><empty-message/></message>";
    let sent = render(markup, json!({ "user.generated": generated, "user.name": "A & B" }));
    assert_eq!(sent.len(), 2);
    assert_eq!((text(&sent[0]), sent[0].disable_text, sent[0].hide_avatar), ("Hi A & B", true, true));
    assert_eq!((sent[0].intent.as_str(), sent[0].template.as_str()), ("intent.app.Say", "template"));
    // The context may be left out, and nothing is said when the attribute holds nothing.
    assert_eq!(
        render("<attribute-message>generated</attribute-message>", json!({ "user.generated": generated })).len(),
        2
    );
    assert_eq!(render(markup, json!({})), []);
}

#[test]
fn od_m28_attribute_messages_end() {
    let markup = compile("<attribute-message>a</attribute-message>").expect("compiles");
    let itself = "<message><attribute-message>a</attribute-message></message>";
    let render = |value: Value| markup.render(&Values(json!({ "user.a": value })), "i", "t");
    assert_eq!(render(json!(itself)), Err(RenderError::TooDeep));
    for wrong in [json!("Hello"), json!("<message>"), json!({"a": 1}), json!("<message><x/></message>")] {
        assert!(matches!(render(wrong.clone()), Err(RenderError::Markup(_))), "{wrong}");
    }
}

#[test]
fn od_m28_attributes_may_hold_elements() {
    let markup = "<button-message><text>t {x}</text>{user.buttons}</button-message><text-message>after</text-message>";
    let values = json!({
        "user.buttons": "<button><text>One {x}</text><callback>i</callback></button><button><text>Two</text><callback>i</callback></button>",
        "user.x": "filled",
    });
    let sent = render(markup, values);
    let Body::Buttons(buttons) = &sent[0].body else { panic!("buttons") };
    assert_eq!((sent.len(), buttons.text.as_str(), buttons.buttons[0].text.as_str()), (2, "t filled", "One {x}"));
    assert_eq!(buttons.buttons.len(), 2);

    let sent =
        render("<text-message>a</text-message>{user.more}", json!({ "user.more": "<text-message>b</text-message>" }));
    assert_eq!(sent.iter().map(text).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(render("<text-message>a</text-message>{user.more}", json!({})).len(), 1);
}

#[test]
fn od_m28_what_an_attribute_brings_is_not_missed() {
    let form = "<form-message>{fields}<element><element_type>select</element_type><name>n</name><options>{options}</options></element></form-message>";
    let option = "<option><key>k</key><value>v</value></option>";
    let render = |fields: &str, options: &str| {
        let values = Values(json!({ "user.fields": fields, "user.options": options }));
        compile(form).expect("compiles").render(&values, "i", "t")
    };
    let options = |sent: Result<Vec<Message>, RenderError>| match &sent.expect("renders")[0].body {
        Body::Form(form) => form.fields[0].options.len(),
        other => panic!("a form is expected: {other:?}"),
    };
    assert_eq!(options(render("<text>t</text>", option)), 1);
    assert_eq!(options(render("<text>t</text>", "")), 0);
    assert!(render("", option).is_err(), "no attribute brought the text");
}

#[test]
fn od_m33_feedback() {
    let feedback = |said: &str| {
        let markup = format!("<message {said}><text-message>a</text-message></message>");
        Markup::compile(&markup, MarkupOptions::default())
            .expect("compiles")
            .render(&Values(json!({})), "", "")
            .expect("renders")[0]
            .feedback
    };
    assert_eq!(feedback("enable_feedback=\"true\""), Some(true));
    assert_eq!(feedback("enable_feedback=\"false\""), Some(false));
    assert_eq!(feedback(""), None);
}

#[rstest]
#[case("<form-message><text>t</text></form-message><text-message>a</text-message>", "should be the last message")]
#[case("<form-message><text>t</text></form-message><form-message><text>t</text></form-message>", "one form")]
#[case("<button-message/><button-message/>", "one button message")]
#[case(
    "<button-message><external>1</external></button-message><text-message>a</text-message>",
    "should be the last message"
)]
#[case("<image-message><src>/a</src><sorce>x</sorce></image-message>", "`<sorce>` means nothing here")]
#[case("stray<text-message>a</text-message>", "text between elements is not shown")]
fn composition_rules_warn(#[case] inner: &str, #[case] message: &str) {
    let markup = compile(inner).expect("compiles");
    assert!(markup.warnings().iter().any(|warning| warning.message.contains(message)), "{:?}", markup.warnings());
}

#[test]
fn markup_is_bounded() {
    assert!(compile(&"<empty-message/>".repeat(200)).is_ok());
    assert!(compile(&"<empty-message/>".repeat(201)).is_err());
    assert!(compile(&"x".repeat(300 * 1024)).is_err());
    assert!(compile(&"<a>".repeat(100_000)).is_err());
    let option = "<option><key>k</key><value>v</value></option>";
    let form = |count: usize| {
        compile(&format!(
            "<form-message><text>t</text><element><element_type>select</element_type><name>n</name><options>{}</options></element></form-message>",
            option.repeat(count)
        ))
    };
    assert!(form(1000).is_ok());
    assert!(form(1001).is_err());
}

#[test]
fn all_that_is_read_is_known() {
    let markup = compile(
        "<text-message>{user.a} {session.b}</text-message><attribute-message>c</attribute-message>\
         <form-message><text>t</text><element><element_type>select</element_type><name>n</name>\
         <options_attribute>global.d</options_attribute></element></form-message>",
    );
    let markup = markup.expect("compiles");
    let names: Vec<String> =
        markup.references().map(|reference| format!("{}.{}", reference.context, reference.name)).collect();
    for name in ["user.a", "session.b", "user.c", "global.d"] {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
}

#[test]
fn a_message_of_our_own() {
    let message = plain("Sorry, I did not **understand** {user.x}", "intent.core.NoMatch");
    assert_eq!(text(&message), "Sorry, I did not <strong>understand</strong> {user.x}");
    assert_eq!(message.plain_text(), "Sorry, I did not understand {user.x}");
}

proptest! {
    #[test]
    fn no_markup_panics(inner in "(<|>|/|=|\"|&|;|\\{|\\}|user\\.a|\\||message|text-message|button|form-message|element|list-message|item|<!\\[CDATA\\[|\\]\\]>|<!--|-->| |x|é){0,40}") {
        for markup in [inner.clone(), format!("<message>{inner}</message>"), format!("<message><text-message>{inner}</text-message></message>")] {
            if let Ok(markup) = Markup::compile(&markup, MarkupOptions::default()) {
                let _ = markup.render(&Values(json!({ "user.a": inner })), "i", "t");
            }
        }
    }

    #[test]
    fn no_value_panics(value in "\\PC{0,100}") {
        let markup = compile("<text-message>{a}</text-message><button-message>{a}</button-message>{a}").expect("compiles");
        let _ = markup.render(&Values(json!({ "user.a": value })), "i", "t");
    }
}
