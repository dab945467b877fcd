//! R4: what goes wrong at a provider, for each provider, and what becomes of it.

use std::time::{Duration, Instant};

use language::chat::{ModelCall, Provider};
use model::chat::{ChatError, ChatErrorKind, ChatReply};
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;

use crate::{
    KEY, REAL, call, endpoint,
    mock::{Answer, Mock, data, hello},
    models, saying, tenant,
};

async fn ask(call: &ModelCall) -> Result<ChatReply, ChatError> {
    let answered = models().complete(&tenant("a"), call, &saying("Hi"), None).await;
    if let Err(error) = &answered {
        assert!(!error.message.contains(KEY), "{error}");
        assert!(!error.message.contains("Be kind"), "{error}");
    }
    answered
}

/// Asks once, and gives the failure and how often the mock was asked.
async fn fails(provider: Provider, answer: Answer) -> ChatError {
    let mock = Mock::start(vec![answer]).await;
    let error = ask(&call(endpoint(provider, &mock.base))).await.unwrap_err();
    assert_eq!(mock.sent().len(), 1);
    error
}

/// How a provider writes a failure; its text quotes the key, as some do.
fn problem(provider: Provider, code: &str) -> Value {
    let message = format!("key {KEY} and prompt Be kind");
    match provider {
        Provider::Anthropic => json!({"type": "error", "error": {"type": code, "message": message}}),
        Provider::Gemini => json!({"error": {"code": 1, "status": code, "message": message}}),
        _ => json!({"error": {"code": code, "message": message}}),
    }
}

#[tokio::test]
async fn r4_a_slow_model_is_not_waited_for() {
    for provider in REAL {
        let mock = Mock::start(vec![Answer::hello(provider).late(Duration::from_secs(10))]).await;
        let began = Instant::now();
        let slow = ModelCall { timeout: Duration::from_millis(300), ..call(endpoint(provider, &mock.base)) };
        let error = ask(&slow).await.unwrap_err();
        assert_eq!(error.kind, ChatErrorKind::TimedOut, "{provider}");
        assert!(began.elapsed() < Duration::from_secs(5), "{provider}");
    }
}

#[tokio::test]
async fn r4_a_failing_model_is_unavailable() {
    for provider in REAL {
        let error = fails(provider, Answer::status(500, &problem(provider, "oops"))).await;
        assert_eq!(error.kind, ChatErrorKind::Unavailable, "{provider}");
        assert!(error.message.contains("500") && error.message.contains(provider.name()), "{error}");
    }
}

#[tokio::test]
async fn r4_a_model_that_is_not_there_is_unavailable() {
    for provider in REAL {
        // A port that was free a moment ago.
        let base = Mock::start(vec![Answer::hello(provider)]).await.base.clone();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let error = ask(&call(endpoint(provider, &base))).await.unwrap_err();
        assert_eq!(error.kind, ChatErrorKind::Unavailable, "{provider}: {error}");
    }
}

#[tokio::test]
async fn r4_a_model_that_is_asked_too_much_says_when_to_come_back() {
    for provider in REAL {
        let mut answer = Answer::status(429, &problem(provider, "rate_limit"));
        answer.headers.push(("retry-after", "17"));
        let error = fails(provider, answer).await;
        assert_eq!(error.kind, ChatErrorKind::RateLimited, "{provider}");
        assert_eq!(error.retry_after, Some(Duration::from_secs(17)), "{provider}");
    }
}

#[tokio::test]
async fn r4_a_wish_to_wait_is_kept() {
    for provider in REAL {
        let mut limited = Answer::status(429, &problem(provider, "rate_limit"));
        limited.headers.push(("retry-after", "1"));
        let mock = Mock::start(vec![limited, Answer::hello(provider)]).await;
        let began = Instant::now();
        let reply = ask(&ModelCall { retries: 1, ..call(endpoint(provider, &mock.base)) }).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.usage.attempts), ("Hello there", 2), "{provider}");
        assert!(began.elapsed() >= Duration::from_secs(1), "{provider}");
    }
}

#[tokio::test]
async fn r4_a_wait_beyond_the_time_is_not_begun() {
    let mut limited = Answer::status(429, &json!({}));
    limited.headers.push(("retry-after", "60"));
    let mock = Mock::start(vec![limited]).await;
    let began = Instant::now();
    let error = ask(&ModelCall { retries: 3, ..call(endpoint(Provider::OpenAi, &mock.base)) }).await.unwrap_err();
    assert_eq!(error.kind, ChatErrorKind::RateLimited);
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(mock.sent().len(), 1);
}

#[tokio::test]
async fn r4_rubbish_is_known_as_such() {
    for provider in REAL {
        let page = "<html>Welcome to the router of your hotel</html>".to_owned();
        for parts in
            [vec![page], vec!["data: {\"hello\": 1}\n\n".to_owned()], vec!["data: <?xml\n\n".to_owned()], vec![]]
        {
            let error = fails(provider, Answer::stream(parts.clone())).await;
            assert_eq!(error.kind, ChatErrorKind::Rubbish, "{provider} {parts:?}: {error}");
        }
    }
}

#[tokio::test]
async fn r4_an_answer_of_nothing_is_rubbish() {
    for provider in REAL {
        let silent = hello(provider).into_iter().map(|part| part.replace("Hello", "").replace(" there", "")).collect();
        let error = fails(provider, Answer::stream(silent)).await;
        assert_eq!(error.kind, ChatErrorKind::Rubbish, "{provider}: {error}");
    }
}

#[tokio::test]
async fn r4_an_answer_that_breaks_off_is_no_answer() {
    for provider in REAL {
        let whole = hello(provider);
        let half = whole[..whole.len() - 1].to_vec();
        // The connection is broken.
        let error = fails(provider, Answer::stream(half.clone()).cut()).await;
        assert_eq!(error.kind, ChatErrorKind::Cut, "{provider}: {error}");
        // The connection is closed as if all were well.
        let error = fails(provider, Answer::stream(half.clone())).await;
        assert_eq!(error.kind, ChatErrorKind::Cut, "{provider}: {error}");
        // In the middle of an event.
        let mut torn = half;
        let last = whole.last().unwrap();
        if last.contains('{') {
            torn.push(last[..last.len() / 2].to_owned());
            let error = fails(provider, Answer::stream(torn)).await;
            assert_eq!(error.kind, ChatErrorKind::Cut, "{provider}: {error}");
        }
    }
}

#[tokio::test]
async fn r4_nothing_is_tried_again_once_something_was_said() {
    for provider in REAL {
        let whole = hello(provider);
        let mock =
            Mock::start(vec![Answer::stream(whole[..whole.len() - 1].to_vec()).cut(), Answer::hello(provider)]).await;
        let (deltas, mut said) = unbounded_channel();
        let again = ModelCall {
            retries: 3,
            fallback: Some(endpoint(provider, &mock.base)),
            ..call(endpoint(provider, &mock.base))
        };
        let error = models().complete(&tenant("a"), &again, &saying("Hi"), Some(&deltas)).await.unwrap_err();
        assert_eq!(error.kind, ChatErrorKind::Cut, "{provider}");
        assert_eq!(said.try_recv().as_deref(), Ok("Hello"), "{provider}");
        assert_eq!(mock.sent().len(), 1, "{provider}");
    }
}

#[tokio::test]
async fn r4_what_nobody_heard_is_begun_anew() {
    for provider in REAL {
        let whole = hello(provider);
        let torn = Answer::stream(whole[..whole.len() - 1].to_vec()).cut();
        let mock = Mock::start(vec![torn, Answer::hello(provider)]).await;
        let reply = ask(&ModelCall { retries: 1, ..call(endpoint(provider, &mock.base)) }).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.usage.attempts), ("Hello there", 2), "{provider}");
    }
}

#[tokio::test]
async fn r4_a_wrong_key_is_refused_and_not_tried_again() {
    for provider in REAL {
        for (status, kind) in [(401, "refuses the key"), (403, "refuses the key"), (404, "404"), (400, "400")] {
            let mock = Mock::start(vec![Answer::status(status, &problem(provider, "invalid"))]).await;
            let again = ModelCall { retries: 3, ..call(endpoint(provider, &mock.base)) };
            let error = ask(&again).await.unwrap_err();
            assert_eq!(error.kind, ChatErrorKind::Refused, "{provider}");
            assert!(error.message.contains(kind), "{error}");
            assert_eq!(mock.sent().len(), 1, "{provider}");
        }
    }
}

#[tokio::test]
async fn r4_a_key_in_the_place_of_a_code_is_hidden() {
    for provider in REAL {
        let error = fails(provider, Answer::status(500, &problem(provider, KEY))).await;
        assert!(!error.message.contains(KEY), "{error}");
    }
}

#[tokio::test]
async fn r4_what_a_provider_blocks_is_asked_of_nobody_else() {
    for provider in REAL {
        let answer = match provider {
            Provider::Anthropic => {
                Answer::stream(hello(provider).into_iter().map(|part| part.replace("end_turn", "refusal")).collect())
            }
            Provider::Gemini => Answer::stream(vec![data(&json!({"promptFeedback": {"blockReason": "SAFETY"},
                "usageMetadata": {"promptTokenCount": 3}}))]),
            Provider::AzureOpenAi => Answer::status(400, &problem(provider, "content_filter")),
            _ => Answer::stream(
                hello(provider).into_iter().map(|part| part.replace("\"stop\"", "\"content_filter\"")).collect(),
            ),
        };
        let mock = Mock::start(vec![answer]).await;
        let again = ModelCall {
            retries: 3,
            fallback: Some(endpoint(provider, &mock.base)),
            ..call(endpoint(provider, &mock.base))
        };
        let error = ask(&again).await.unwrap_err();
        assert_eq!(error.kind, ChatErrorKind::Blocked, "{provider}: {error}");
        assert_eq!(mock.sent().len(), 1, "{provider}");
    }
}

#[tokio::test]
async fn r4_failures_within_a_stream_have_their_kind() {
    for provider in REAL {
        let (code, kind) = match provider {
            Provider::Gemini => ("RESOURCE_EXHAUSTED", ChatErrorKind::RateLimited),
            Provider::Anthropic => ("overloaded_error", ChatErrorKind::Unavailable),
            _ => ("server_error", ChatErrorKind::Unavailable),
        };
        let mut parts = hello(provider)[..1].to_vec();
        let problem = problem(provider, code);
        parts.push(if provider == Provider::Anthropic {
            format!("event: error\ndata: {problem}\n\n")
        } else {
            data(&problem)
        });
        let error = fails(provider, Answer::stream(parts)).await;
        assert_eq!(error.kind, kind, "{provider}: {error}");
    }
}

#[tokio::test]
async fn r4_a_passing_failure_is_tried_again() {
    for provider in REAL {
        let failing = Answer::status(503, &problem(provider, "busy"));
        let mock = Mock::start(vec![failing.clone(), failing, Answer::hello(provider)]).await;
        let reply = ask(&ModelCall { retries: 2, ..call(endpoint(provider, &mock.base)) }).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.usage.attempts), ("Hello there", 3), "{provider}");
        let sent = mock.sent();
        assert!(sent.iter().all(|each| each.body == sent[0].body), "{provider}: each time the same");
    }
}

#[tokio::test]
async fn r4_the_fallback_takes_over_from_whatever_fails() {
    for provider in REAL {
        let whole = hello(provider);
        for broken in [
            Answer::status(500, &problem(provider, "oops")),
            Answer::status(401, &problem(provider, "invalid")),
            Answer::status(429, &problem(provider, "rate_limit")),
            Answer::stream(vec!["<html>".to_owned()]),
            Answer::stream(whole[..whole.len() - 1].to_vec()).cut(),
            Answer::hello(provider).late(Duration::from_secs(10)),
        ] {
            let (first, second) =
                (Mock::start(vec![broken]).await, Mock::start(vec![Answer::hello(Provider::Gemini)]).await);
            let both = ModelCall {
                fallback: Some(endpoint(Provider::Gemini, &second.base)),
                timeout: Duration::from_millis(1500),
                ..call(endpoint(provider, &first.base))
            };
            let reply = ask(&both).await.unwrap();
            assert_eq!((reply.text.as_str(), reply.usage.attempts), ("Hello there", 2), "{provider}");
            assert_eq!(reply.model, "gemini/gemini-2.5-flash");
            assert_eq!((first.sent().len(), second.sent().len()), (1, 1), "{provider}");
        }
    }
}

#[tokio::test]
async fn r4_when_the_fallback_fails_too_both_are_told() {
    let first = Mock::start(vec![Answer::status(500, &json!({}))]).await;
    let second = Mock::start(vec![Answer::status(401, &json!({}))]).await;
    let both = ModelCall {
        fallback: Some(endpoint(Provider::Anthropic, &second.base)),
        ..call(endpoint(Provider::OpenAi, &first.base))
    };
    let error = ask(&both).await.unwrap_err();
    assert_eq!(error.kind, ChatErrorKind::Refused);
    assert_eq!(
        error.message,
        "openai/gpt-4o-high fails (500); the fallback: anthropic/claude-sonnet-4-5 refuses the key (401)"
    );
}

#[tokio::test]
async fn r4_redirects_are_not_followed() {
    let other = Mock::start(vec![Answer::hello(Provider::OpenAi)]).await;
    let mut elsewhere = Answer::status(307, &json!({}));
    let target: &'static str = format!("{}/v1/chat/completions", other.base).leak();
    elsewhere.headers.push(("location", target));
    let mock = Mock::start(vec![elsewhere]).await;
    // The client of the server follows none; this one is built the same way.
    let error = crate::models_without_redirects()
        .complete(&tenant("a"), &call(endpoint(Provider::OpenAi, &mock.base)), &saying("Hi"), None)
        .await
        .unwrap_err();
    assert_eq!(error.kind, ChatErrorKind::Refused);
    assert!(other.sent().is_empty());
}
