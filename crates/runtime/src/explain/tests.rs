use proptest::prelude::*;
use serde_json::{Value, json};

use super::explain;

#[test]
fn da_t02_a_scenarios_turn_shows_candidates_conditions_actions_and_templates() {
    let journal = json!({
        "preset": {"plan": "gold", "gone": null},
        "steps": [
            {"step": "session_expired", "silence": 4000},
            {"step": "rung", "intent": "intent.core.TurnNoMatch"},
            {"step": "closed", "level": "scene", "id": "vip", "conditions": [
                {"reference": "user.plan", "operation": "eq", "value": "gold", "parameter": "silver", "outcome": false}]},
            {"step": "interpreted", "interpreter": "examples", "intents": [["intent.user.Hours", 0.92], ["intent.user.Bye", 0.1]]},
            {"step": "not_meant", "intents": ["intent.user.Bye"]},
            {"step": "candidate", "intent": "intent.user.Hours", "place": "main/main/hours",
             "refused": {"confidence": {"got": 0.2, "least": 0.4}}},
            {"step": "candidate", "intent": "intent.user.Hours", "place": "main/main/other", "refused": "conditions", "conditions": [
                {"reference": "user.age", "operation": "gte", "value": null, "parameter": 18, "outcome": false}]},
            {"step": "candidate", "intent": "intent.core.NoMatch", "place": "main/main/none"},
            {"step": "executed", "intent": "intent.core.NoMatch", "place": "main/main/none", "confidence": 1.0},
            {"step": "wrote", "attribute": "user.age"},
            {"step": "wrote", "attribute": "user.first_seen", "refused": "it is reserved"},
            {"step": "action", "action": "look_up", "error": "it is not available"},
            {"step": "template", "template": "warm", "holds": false, "conditions": [
                {"reference": "user.mood", "operation": "is_set", "value": "x", "parameter": null, "outcome": true}]},
            {"step": "said", "template": "plain", "messages": 1},
            {"step": "transition", "to": "main/next"},
            {"step": "virtual", "intent": "intent.user.Go"},
            {"step": "completed"},
            {"step": "unhandled"},
            {"step": "from_the_future", "what": 7}
        ],
        "answers": [
            {"need": "history", "all": true, "lines": 12},
            [{"need": "interpret", "interpreter": "examples", "text": "when?"},
             {"answer": "interpretation", "result": {"Ok": {"intents": [
                {"intent": "intent.user.Hours", "confidence": 0.92, "attributes": {"day": "Monday"}, "rank": 0}]}}}],
            [{"need": "act", "ordinal": 0, "action": "look_up", "component": "action.core.x",
              "configuration": {"table": "t"}, "inputs": {"id": 7}},
             {"answer": "action", "result": {"Ok": {"outputs": [["user", "name", "Ada"], [null, "x", 1]]}}}]
        ]
    });
    let expected = "\
set beside turns: user.plan = gold
set beside turns: user.gone was taken away

Scenario
1. the session had expired: 4000 s of silence
2. looked for a handler of intent.core.TurnNoMatch
3. scene vip is closed by its conditions
    user.plan = \u{201c}gold\u{201d}: eq \u{201c}silver\u{201d} does not hold
4. interpreter examples understood: intent.user.Hours (0.92), intent.user.Bye (0.1)
5. available, and not meant: intent.user.Bye
6. candidate intent.user.Hours in main/main/hours is refused: confidence 0.2 is below 0.4
7. candidate intent.user.Hours in main/main/other is refused: its conditions do not hold
    user.age = nothing: gte 18 does not hold
8. candidate intent.core.NoMatch in main/main/none is eligible
9. executed intent.core.NoMatch in main/main/none with confidence 1.0
10. wrote user.age
11. did not write user.first_seen: it is reserved
12. ran action look_up: it is not available
13. template warm: its conditions do not hold
    user.mood = \u{201c}x\u{201d}: is_set holds
14. said template plain, messages: 1
15. went on to main/next
16. followed the virtual intent intent.user.Go
17. the conversation is over
18. nothing handled the act: the answer is empty
19. {\"step\":\"from_the_future\",\"what\":7}

What it asked for
- what was said with the contact, lines: 12
- examples: what is \u{201c}when?\u{201d}?
    intent.user.Hours (0.92)
      day = Monday
- action look_up (action.core.x)
    table = t
    id = 7
    wrote user.name = Ada
    wrote x = 1
";
    assert_eq!(explain(&journal), expected);
}

#[test]
fn da_t02_a_flows_turn_shows_prompt_model_tokens_functions_passages_and_guardrails() {
    let usage = json!({"input_tokens": 120, "cached_tokens": 20, "output_tokens": 30, "cost": 0.5, "duration_micros": 1_234_567,
                       "attempts": 1});
    let journal = json!({"flows": [{
        "flow": "f", "version": 3,
        "steps": [
            {"step": "began", "state": "greet"},
            {"step": "asked", "completion": 0, "state": "greet", "tools": ["book"]},
            {"step": "called", "call": 0, "function": "book", "event": "Booked"},
            {"step": "moved", "from": "greet", "to": "end", "event": "Booked"},
            {"step": "refused", "guardrail": "excluded", "reason": "a bad word"},
            {"step": "dreamt"}
        ],
        "answers": [
            {"need": "history", "lines": 4},
            [{"need": "guard", "ordinal": 0, "guard": "input", "text": "book me"}, {"answer": "guard", "verdict": {}}],
            [{"need": "passages", "query": "booking", "amount": 2},
             {"answer": "passages", "passages": [{"source": "faq", "text": "We book."}]}],
            {"need": "complete", "ordinal": 0, "purpose": "answer", "past": 2,
             "messages": [{"role": "system", "content": "Be kind.\nBook."}, {"role": "user", "content": "book me"}],
             "tools": ["book"],
             "answer": {"answer": "completion", "result": {"Ok": {"text": "Sure.", "model": "script/one", "usage": usage,
                "tool_calls": [{"id": "1", "name": "book", "arguments": {"day": "Monday"}}]}}}},
            [{"need": "call", "ordinal": 0, "function": "x", "name": "book", "occasion": "agent",
              "parameters": {"day": "Monday"}, "internal_parameters": {"customer": 7}, "conversation": {}},
             {"answer": "call", "result": {"Ok": {"response": {"ok": true}, "event": "Booked", "context_additions": {"id": 9},
               "logs": ["booked"], "warnings": ["late"], "duration_micros": 2000}}}],
            {"need": "complete", "ordinal": 1, "purpose": "call_reason", "past": 0, "messages": [], "tools": [],
             "answer": {"answer": "completion", "result": {"Err": {"kind": "timed_out", "message": "too slow"}}}}
        ],
        "usage": usage
    }]});
    let expected = "\
Flow f, version 3
1. began in state greet
2. asked the model in state greet (completion 0; tools: book)
3. called book (call 0), event Booked
4. event Booked: from greet to end
5. guardrail excluded refused: a bad word
6. {\"step\":\"dreamt\"}

What was said before, lines: 4

Guardrails, input: passed
  book me

Passages for \u{201c}booking\u{201d}
  faq: We book.

Completion 0, for answer: script/one, 120 tokens in (20 from the cache), 30 out, cost 0.5, 1.234 s, attempts: 1
  system: Be kind.
    Book.
  (and 2 messages of earlier turns)
  user: book me
  => Sure.
    calls book {\"day\":\"Monday\"}

Function book, agent, 0.002 s
  in day = Monday
  context customer = 7
  out {\"ok\":true}
  event Booked
  adds id = 9
  warning late
  log booked

Completion 1, for call_reason
  => failed (timed_out): too slow

In all: 120 tokens in (20 from the cache), 30 out, cost 0.5, 1.234 s, attempts: 1
";
    assert_eq!(explain(&journal), expected);
}

#[test]
fn what_is_strange_is_shown_and_never_fails() {
    assert_eq!(explain(&json!({})), "Nothing was noted in this turn.\n");
    assert_eq!(explain(&json!(7)), "This journal is no object: 7\n");
    assert_eq!(explain(&json!({"mood": "fine\u{1b}[31m"})), "mood: fine\u{fffd}[31m\n");
    assert!(explain(&json!({"long": "x".repeat(5_000)})).contains("(5000 characters)"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "preset",
        "steps",
        "answers",
        "flows",
        "step",
        "need",
        "answer",
        "result",
        "Ok",
        "Err",
        "conditions",
        "refused",
        "intents",
        "messages",
        "usage",
        "tool_calls",
        "verdict",
        "passages",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![
            "candidate",
            "complete",
            "call",
            "guard",
            "act",
            "interpret",
            "history",
            "said",
            "",
            "\u{7}é"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..6)
                .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_stored_is_explained(journal in any_json()) {
        let text = explain(&journal);
        prop_assert!(text.ends_with('\n'));
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
    }
}
