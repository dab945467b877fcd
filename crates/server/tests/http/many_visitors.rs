//! The answer about thousands of visitors is streamed page by page: held against what a simple loop finds.

use model::{
    Timestamp,
    inbound::{Act, Inbound},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{app::TestApp, appended::Appended, user_interactions::interactions};

/// One of very many visitors.
struct Many {
    id: String,
    browser: &'static str,
    country: String,
    said: Timestamp,
}

const VISITORS: i64 = 3_000;
/// 2024-06-01 00:00:00
const OPENED: i64 = 1_717_200_000;

fn many() -> Vec<Many> {
    let visitor = |number: i64| Many {
        id: format!("visitor {number:04} \"ü\""),
        browser: ["Chrome 105.0.0", "Firefox 140", "Safari 18"][usize::try_from(number % 3).expect("small")],
        country: format!("Country {}", number % 50),
        said: Timestamp((OPENED + 100_000 + number) * 1_000_000 + number),
    };
    (0..VISITORS).map(visitor).collect()
}

/// Somebody who only opens the chat, and then all open the chat and say something.
async fn all_speak(app: &TestApp, many: &[Many]) {
    let open = || Inbound::intent(Act::Open, "intent.core.welcome");
    let first = Timestamp::from_seconds(OPENED);
    Appended::new("a silent one", 1, first, open()).write(app.store.clone()).await;
    for turn in 1..=2 {
        let mut writing = JoinSet::new();
        for visitor in many {
            let (at, inbound) = match turn {
                1 => (first, open()),
                _ => (visitor.said, Inbound::text(format!("I am {}", visitor.id))),
            };
            let attributes = json!({ "browser": visitor.browser, "country": visitor.country, "platform": "webchat",
                                     "name": visitor.id });
            let appended = Appended { attributes, ..Appended::new(&visitor.id, turn, at, inbound) };
            writing.spawn(appended.write(app.store.clone()));
        }
        while let Some(written) = writing.join_next().await {
            written.expect("it is written");
        }
    }
}

fn seconds(at: i64) -> String {
    Timestamp::from_seconds(at).to_string()[..19].replace('T', " ")
}

/// From, to and filters; between them every way in which the store looks for contacts.
type Case = (i64, i64, &'static [(&'static str, &'static str)]);
const CASES: &[Case] = &[
    // Few by time.
    (100_100, 100_199, &[]),
    (100_100, 100_199, &[("browser", "CHROME")]),
    // Few by attribute, the first or a later one.
    (0, 200_000, &[("country", "country 4")]),
    (0, 200_000, &[("platform", "web"), ("country", "COUNTRY 17"), ("browser", "safari")]),
    (0, 200_000, &[("platform", "WEB"), ("browser", "opera")]),
    // All in order.
    (0, 200_000, &[]),
    (0, 200_000, &[("platform", "WEB")]),
];

#[tokio::test]
async fn thousands_of_visitors_come_complete_and_in_order() {
    let app = TestApp::start().await;
    let many = many();
    all_speak(&app, &many).await;
    for (from, to, filters) in CASES {
        let (from, to) = (OPENED + from, OPENED + to);
        let fits = |visitor: &&Many| {
            let has = |(name, part): &(&str, &str)| {
                let value = match *name {
                    "browser" => visitor.browser,
                    "country" => visitor.country.as_str(),
                    _ => "webchat",
                };
                value.to_lowercase().contains(&part.to_lowercase())
            };
            (from..=to).contains(&visitor.said.seconds()) && filters.iter().all(has)
        };
        let element = |visitor: &Many| {
            let mut all = json!({
                "chatbot_user_data": { "id": visitor.id, "name": visitor.id, "email": "" },
                "from": Timestamp::from_seconds(from).to_string(),
                "to": Timestamp::from_seconds(to).to_string(),
                "user_id": visitor.id,
            });
            for (name, part) in *filters {
                all[*name] = Value::from(*part);
            }
            all["interactions"] = json!([{ "type": "text", "date": visitor.said.to_string(),
                                           "text": format!("I am {}", visitor.id), "data": null }]);
            json!({ visitor.id.clone(): all })
        };
        let expected: Vec<Value> = many.iter().filter(fits).map(element).collect();
        let mut query = format!("from={}&to={}", seconds(from), seconds(to)).replace(' ', "+");
        for (name, part) in *filters {
            query.push_str(&format!("&{name}={}", part.replace(' ', "+")));
        }
        let (status, body) = interactions(&app, &query).await;
        assert_eq!(status, 200, "{body}");
        let found = body["data"].as_array().expect("a list");
        assert_eq!(found.len(), expected.len(), "{query}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.to_string(), expected.to_string());
        }
        assert_eq!(body.as_object().map(serde_json::Map::len), Some(1));
    }
}
