//! Moderation: what is refused, why, and what a moderator that fails does.

use std::{sync::Arc, time::Duration};

use language::{
    chat::{ModelEndpoint, Provider, Script},
    moderation::{Exclusions, Judge, Moderator, Verdict},
};
use serde_json::{Value, json};

use crate::{
    KEY, call, endpoint,
    mock::{Answer, Mock},
    models, tenant,
};

async fn judged(moderator: &Moderator, text: &str) -> Verdict {
    moderator.judge(&models(), &tenant("a"), text).await
}

fn service(base: &str) -> Moderator {
    let endpoint = ModelEndpoint { model: "omni-moderation-latest".to_owned(), ..endpoint(Provider::OpenAi, base) };
    Moderator::Service { endpoint, timeout: Duration::from_secs(5) }
}

fn judge(script: &str) -> Moderator {
    let model = ModelEndpoint::scripted(Arc::new(Script::parse(script).unwrap()));
    Moderator::Judge(Box::new(Judge { call: call(model), policy: Some("No politics.".to_owned()) }))
}

#[tokio::test]
async fn excluded_words_are_refused_and_named() {
    let list = Moderator::Exclusions(Exclusions::new(&["politics"]).unwrap());
    let refused = judged(&list, "Let us talk about POLITICS.").await.refused;
    assert_eq!(refused.as_deref(), Some("it has the excluded `politics`"));
    assert_eq!(judged(&list, "Let us talk about geopolitics.").await, Verdict::default());
}

#[tokio::test]
async fn a_model_judges_by_the_policy() {
    let judge = judge(
        r#"{"rules": [{"when": {"text_contains": "election", "system_contains": "no politics."},
            "then": {"say": "{\"allowed\": false, \"reason\": \"It is about an election.\"}"}}],
            "otherwise": {"say": "{\"allowed\": true, \"reason\": \"\"}"}}"#,
    );
    let verdict = judged(&judge, "Who won the election?").await;
    assert_eq!(verdict.refused.as_deref(), Some("It is about an election."));
    assert!(verdict.usage.input_tokens > 0 && verdict.usage.attempts == 1);
    assert_eq!(judged(&judge, "Hello").await.refused, None);
    assert_eq!(judged(&judge, " \n").await, Verdict::default(), "nothing is not judged");
}

#[tokio::test]
async fn a_judge_that_fails_refuses_nothing() {
    for script in [r#"{"otherwise": {"fail": "unavailable"}}"#, r#"{"otherwise": {"say": "As an assistant, I…"}}"#] {
        let verdict = judged(&judge(script), "Hello").await;
        assert!(verdict.refused.is_none() && verdict.note.is_some(), "{verdict:?}");
    }
}

#[tokio::test]
async fn the_service_is_sent_its_form_and_its_flags_are_reasons() {
    let flagged = json!({"results": [{"flagged": true, "categories":
        {"violence": true, "hate": false, "harassment": true, "illicit": null}}]});
    let mock = Mock::start(vec![Answer::status(200, &flagged)]).await;
    let verdict = judged(&service(&mock.base), "Bad words").await;
    assert_eq!(verdict.refused.as_deref(), Some("it is flagged as harassment, violence"));
    let sent = mock.one();
    assert_eq!((sent.path.as_str(), sent.header("authorization")), ("/moderations", Some("Bearer sk-test-5ecret")));
    assert_eq!(sent.body, json!({"model": "omni-moderation-latest", "input": "Bad words"}));
    let fine = json!({"results": [{"flagged": false, "categories": {"violence": false}}]});
    let mock = Mock::start(vec![Answer::status(200, &fine)]).await;
    assert_eq!(judged(&service(&mock.base), "Good words").await, Verdict::default());
}

#[tokio::test]
async fn r4_a_service_that_fails_refuses_nothing_and_tells_no_key() {
    let quoting = json!({"error": {"message": KEY, "code": KEY}});
    for answer in [
        Answer::status(401, &quoting),
        Answer::status(500, &quoting),
        Answer::status(200, &Value::Null),
        Answer::status(200, &json!({"results": []})),
    ] {
        let mock = Mock::start(vec![answer]).await;
        let verdict = judged(&service(&mock.base), "Hello").await;
        assert_eq!(verdict.refused, None);
        assert!(verdict.note.is_some_and(|note| !note.contains(KEY)));
    }
}

#[tokio::test]
async fn other_providers_have_no_service() {
    let endpoint = endpoint(Provider::Anthropic, "http://127.0.0.1:1");
    let moderator = Moderator::Service { endpoint, timeout: Duration::from_secs(1) };
    let verdict = judged(&moderator, "Hello").await;
    assert!(verdict.note.is_some_and(|note| note.contains("anthropic has no moderation")));
}
