//! How a tenant looks: rows DA-D1 to DA-D4.

use reqwest::{Client, Method, Response, header};
use serde_json::{Value, json};

use crate::app::{TestApp, json_of};
use crate::flows_world::World;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nlight";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0dark";

impl TestApp {
    async fn brands(&self, body: Value) -> (u16, Value) {
        let (status, answer) = self.integrator(Method::PUT, "branding", Some(body)).await;
        (status.as_u16(), answer)
    }

    /// `place` is a slot and a variant, with a slash between.
    async fn sets_logo(&self, place: &str, kind: &str, bytes: &[u8]) -> (u16, Value) {
        let url = format!("{}/api/v1/demo/branding/logos/{place}", self.url);
        let request = Client::new().put(url).bearer_auth(&self.token).header("content-type", kind);
        let (status, answer) = json_of(request.body(bytes.to_vec()).send().await.expect("an answer")).await;
        (status.as_u16(), answer)
    }

    /// A logo as anybody gets it.
    async fn logo(&self, place: &str) -> Response {
        let url = format!("{}/api/v1/demo/branding/logos/{place}", self.url);
        reqwest::get(url).await.expect("an answer")
    }

    async fn home(&self) -> String {
        reqwest::get(&self.url).await.expect("an answer").text().await.expect("text")
    }

    /// A page of the chat; none where the server was built before the widget.
    async fn chat_page(&self, path: &str) -> Option<String> {
        let answer = reqwest::get(format!("{}{path}", self.url)).await.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.expect("text"));
        if status == 404 {
            assert!(text.contains("build web/widget first"), "{text}");
            return None;
        }
        Some(text)
    }
}

fn palette() -> Value {
    (1..=16)
        .map(|step| ((step * 10).to_string(), json!(format!("#0000{step:02x}"))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[tokio::test]
async fn da_d01_the_display_name_is_the_pages_title() {
    let app = TestApp::start().await;
    assert!(app.home().await.contains("<title>Parlance</title>"));
    let (status, branding) = app.brands(json!({ "display_name": "The <Lighthouse> Inn" })).await;
    assert_eq!((status, &branding["display_name"]), (200, &json!("The <Lighthouse> Inn")), "{branding}");
    let page = app.home().await;
    assert!(page.contains("<title>The &lt;Lighthouse&gt; Inn</title>"), "{page}");
    for wrong in ["", " ", "a\nb", &"x".repeat(201)] {
        let (status, problem) = app.brands(json!({ "display_name": wrong })).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("display_name")), "{problem}");
    }
    app.brands(json!({})).await;
    assert!(app.home().await.contains("<title>Parlance</title>"));
}

const SLOTS: [&str; 3] = ["application_header", "chat_header_icon", "sidebar_header_logo"];

#[tokio::test]
async fn da_d01_the_display_name_is_the_title_of_the_chats_own_page() {
    let app = TestApp::start().await;
    let path = format!("/web-chat?scenario_id={}", app.open_agent().await.id);
    if let Some(page) = app.chat_page(&path).await {
        assert!(page.contains("<title>Chat</title>"), "{page}");
        app.brands(json!({ "display_name": "The <Lighthouse> Inn" })).await;
        let page = app.chat_page(&path).await.expect("it was there");
        assert!(page.contains("<title>The &lt;Lighthouse&gt; Inn</title>"), "{page}");
    }
}

#[tokio::test]
async fn da_d02_png_and_jpeg_are_kept_apart_and_served_to_everybody() {
    let app = TestApp::start().await;
    for slot in SLOTS {
        let (light, dark) = (format!("{slot}/light"), format!("{slot}/dark"));
        assert_eq!(app.logo(&light).await.status(), 404);
        // What it is called does not count, its content does.
        assert_eq!(app.sets_logo(&light, "image/gif", PNG).await.0, 200);
        let (status, branding) = app.sets_logo(&dark, "image/jpeg", JPEG).await;
        let logos = &branding["logos"][slot];
        let kinds = (&logos["light"]["type"], &logos["dark"]["type"]);
        assert_eq!((status, kinds), (200, (&json!("image/png"), &json!("image/jpeg"))), "{branding}");
        for (variant, kind, bytes) in [("light", "image/png", PNG), ("dark", "image/jpeg", JPEG)] {
            let answer = app.logo(&format!("{slot}/{variant}")).await;
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.headers()[header::CONTENT_TYPE], kind);
            assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert!(answer.headers()[header::CACHE_CONTROL].to_str().expect("text").starts_with("public"));
            let tag = answer.headers()[header::ETAG].clone();
            assert_eq!(answer.bytes().await.expect("a body"), bytes);
            let address = logos[variant]["url"].as_str().expect("an address");
            let url = format!("{}{address}", app.url);
            let again = Client::new().get(url).header(header::IF_NONE_MATCH, tag).send().await.expect("an answer");
            assert_eq!(again.status(), 304);
            assert_eq!(app.home().await.contains(address), slot == "application_header");
        }
    }
    app.brands(json!({ "display_name": "Inn" })).await;
    assert_eq!(app.logo("chat_header_icon/light").await.status(), 200, "a new name leaves the logos");
    let path = "branding/logos/chat_header_icon/light";
    assert_eq!(app.integrator(Method::DELETE, path, None).await.0, 204);
    assert_eq!(app.integrator(Method::DELETE, path, None).await.0, 404);
    for (place, status) in [
        ("chat_header_icon/light", 404),
        ("chat_header_icon/dark", 200),
        ("application_header/light", 200),
        ("chat_header_icon/middle", 404),
        ("footer/light", 404),
    ] {
        assert_eq!(app.logo(place).await.status(), status, "{place}");
    }
    let elsewhere = format!("{}/api/v1/nobody/branding/logos/chat_header_icon/dark", app.url);
    assert_eq!(reqwest::get(elsewhere).await.expect("an answer").status(), 404);
}

#[tokio::test]
async fn da_d02_other_pictures_and_larger_ones_are_refused() {
    let app = TestApp::start().await;
    let large = [JPEG, &vec![0; 3_000_000][..]].concat();
    let refused: [(&str, &[u8]); 4] = [("a GIF", b"GIF89a"), ("SVG", b"<svg/>"), ("nothing", b""), ("3 MB", &large)];
    for slot in SLOTS {
        let place = format!("{slot}/light");
        for (what, bytes) in refused {
            let (status, problem) = app.sets_logo(&place, "image/png", bytes).await;
            assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("file")), "{what}: {problem}");
        }
        assert_eq!(app.logo(&place).await.status(), 404);
    }
    for place in ["chat_header_icon/middle", "footer/light"] {
        assert_eq!(app.sets_logo(place, "image/png", PNG).await.0, 404, "{place}");
    }
}

#[tokio::test]
async fn da_w13_the_chats_page_has_the_tenants_icon_and_logo_for_both_themes() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let (own, framed) =
        (format!("/web-chat?scenario_id={}", agent.id), format!("/web-chat-iframe?scenario_id={}", agent.id));
    let Some(plain) = app.chat_page(&own).await else { return };
    assert!(!plain.contains("<style>") && !plain.contains("<aside"), "{plain}");
    let mut addresses = Vec::new();
    for place in
        ["chat_header_icon/light", "chat_header_icon/dark", "sidebar_header_logo/light", "sidebar_header_logo/dark"]
    {
        let (_, branding) = app.sets_logo(place, "image/png", PNG).await;
        let (slot, variant) = place.split_once('/').expect("two parts");
        addresses.push(branding["logos"][slot][variant]["url"].as_str().expect("an address").to_owned());
    }
    let page = app.chat_page(&own).await.expect("it was there");
    assert!(addresses.iter().all(|address| page.contains(address)), "{page}");
    assert!(page.contains("(prefers-color-scheme: dark)") && page.contains("<aside"), "{page}");
    let frame = app.chat_page(&framed).await.expect("it was there");
    assert!(frame.contains(&addresses[0]) && !frame.contains("<aside"), "{frame}");
    // A theme that the agent's settings force is the one; a logo of the agent's own leaves no room for the icon.
    let settings = json!({ "appearance": { "general": { "theme": "dark", "logo": "https://x.test/logo.png" } } });
    let (status, answer) = app.integrator(Method::PUT, &format!("agents/{}/settings", agent.id), Some(settings)).await;
    assert_eq!(status, 200, "{answer}");
    let page = app.chat_page(&own).await.expect("it was there");
    let stands: Vec<bool> = addresses.iter().map(|address| page.contains(address)).collect();
    assert_eq!(stands, [false, false, false, true], "{page}");
    assert!(!page.contains("prefers-color-scheme"), "{page}");
}

#[tokio::test]
async fn da_d03_the_palette_colours_the_web_chat_where_the_agent_says_nothing() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let visitor = app.visitor(&agent, "ann");
    let colours = async || json_of(visitor.get("/chat-api/configuration").await).await.1["colours"].clone();
    assert_eq!(colours().await["buttonBackground"], "#1f5fbf");
    // Bright enough that no white text can be read on it.
    let mut bright = palette();
    bright["80"] = json!("#FFD400");
    assert_eq!(app.brands(json!({ "palette": bright })).await.0, 200);
    let shown = colours().await;
    for (name, colour) in [
        ("sentMessageBackground", "#ffd400"),
        ("sentMessageText", "#000000"),
        ("buttonBackground", "#ffd400"),
        ("buttonText", "#000000"),
        ("linkInTheDark", "#ffd400"),
        ("link", "#000007"),
        ("headerBackground", "#1b212a"),
    ] {
        assert_eq!(shown[name], colour, "{name}");
    }
    let path = format!("agents/{}/settings", agent.id);
    let (_, mut settings) = app.integrator(Method::GET, &path, None).await;
    settings["appearance"] = json!({ "colours": { "buttonBackground": "#00503c" } });
    let (status, answer) = app.integrator(Method::PUT, &path, Some(settings)).await;
    assert_eq!(status, 200, "{answer}");
    let shown = colours().await;
    assert_eq!((&shown["buttonBackground"], &shown["buttonText"]), (&json!("#00503c"), &json!("#ffffff")));
    assert_eq!(shown["sentMessageBackground"], "#ffd400");
    app.brands(json!({})).await;
    assert_eq!(colours().await["sentMessageBackground"], "#1f5fbf");
}

#[tokio::test]
async fn da_d03_a_palette_has_exactly_sixteen_steps_and_80_is_primary() {
    let app = TestApp::start().await;
    let (status, branding) = app.brands(json!({ "palette": palette() })).await;
    assert_eq!((status, &branding["palette"]), (200, &palette()), "{branding}");
    let (_, read) = app.integrator(Method::GET, "branding", None).await;
    assert_eq!(read["palette"].as_object().map(serde_json::Map::len), Some(16));
    assert!(app.home().await.contains("--accent: #000008"), "80 is the eighth step");
    for (key, colour, field) in [
        ("170", json!("#000000"), "palette.170"),
        ("0", json!("#000000"), "palette.0"),
        ("80", json!("blue"), "palette.80"),
    ] {
        let mut wrong = palette();
        wrong[key] = colour;
        let (status, problem) = app.brands(json!({ "palette": wrong })).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
    }
    let mut fifteen = palette();
    fifteen.as_object_mut().expect("an object").remove("10");
    let (status, problem) = app.brands(json!({ "palette": fifteen })).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("palette.10")), "{problem}");
    let (_, unchanged) = app.integrator(Method::GET, "branding", None).await;
    assert_eq!(unchanged["palette"], palette());
}

#[tokio::test]
async fn da_d04_only_destinations_of_transcripts_can_have_an_icon() {
    let app = TestApp::start().await;
    let (_, branding) = app.integrator(Method::GET, "branding", None).await;
    assert_eq!((&branding["handoff_destinations"], &branding["handoff_icons"]), (&json!([]), &json!({})));
    let icons = json!({ "handoff_icons": { "sales": "https://example.com/sales.png" } });
    let (status, problem) = app.brands(icons).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("handoff_icons.sales")), "{problem}");
    assert_eq!(app.brands(json!({ "handoff_icons": {} })).await.0, 200);
}

#[tokio::test]
async fn da_d04_a_destination_that_was_seen_gets_its_icon() {
    let world = World::start().await;
    let page = world.chat().await;
    page.says("I want a person").await;
    let (_, branding) = world.ask(Method::GET, "branding", None).await;
    assert_eq!(branding["handoff_destinations"], json!(["queue"]));
    let icons = json!({ "queue": "https://example.com/queue.png" });
    let (status, set) = world.ask(Method::PUT, "branding", Some(json!({ "handoff_icons": icons }))).await;
    assert_eq!((status, &set["handoff_icons"]), (200, &icons), "{set}");
    for wrong in ["http://example.com/queue.png", "javascript:alert(1)", "queue.png", ""] {
        let icons = json!({ "handoff_icons": { "queue": wrong } });
        let (status, problem) = world.ask(Method::PUT, "branding", Some(icons)).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("handoff_icons.queue")), "{problem}");
    }
    // The icon stays when the conversation is handed back.
    let (status, _) = world
        .ask(Method::PUT, &format!("transcripts/{}/status", page.transcript), Some(json!({ "status": "InProgress" })))
        .await;
    assert_eq!(status, 200);
    assert_eq!(world.ask(Method::PUT, "branding", Some(json!({ "handoff_icons": icons }))).await.0, 200);
}
