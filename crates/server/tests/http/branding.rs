//! How a tenant looks: rows DA-D1 to DA-D4.

use reqwest::{Client, Method, Response, header};
use serde_json::{Value, json};

use crate::app::{TestApp, json_of};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nlight";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0dark";

impl TestApp {
    async fn brands(&self, body: Value) -> (u16, Value) {
        let (status, answer) = self.integrator(Method::PUT, "branding", Some(body)).await;
        (status.as_u16(), answer)
    }

    async fn sets_logo(&self, variant: &str, kind: &str, bytes: &[u8]) -> (u16, Value) {
        let url = format!("{}/api/v1/demo/branding/logo/{variant}", self.url);
        let request = Client::new().put(url).bearer_auth(&self.token).header("content-type", kind);
        let (status, answer) = json_of(request.body(bytes.to_vec()).send().await.expect("an answer")).await;
        (status.as_u16(), answer)
    }

    /// A logo as anybody gets it.
    async fn logo(&self, variant: &str) -> Response {
        let url = format!("{}/api/v1/demo/branding/logo/{variant}", self.url);
        reqwest::get(url).await.expect("an answer")
    }

    async fn home(&self) -> String {
        reqwest::get(&self.url).await.expect("an answer").text().await.expect("text")
    }
}

fn palette() -> Value {
    (1..=16)
        .map(|step| ((step * 10).to_string(), json!(format!("#0000{step:02x}"))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[tokio::test]
async fn da_d1_the_display_name_is_the_pages_title() {
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

#[tokio::test]
async fn da_d2_png_and_jpeg_are_kept_apart_and_served_to_everybody() {
    let app = TestApp::start().await;
    assert_eq!(app.logo("light").await.status(), 404);
    // What it is called does not count, its content does.
    assert_eq!(app.sets_logo("light", "image/gif", PNG).await.0, 200);
    let (status, branding) = app.sets_logo("dark", "image/jpeg", JPEG).await;
    assert_eq!(
        (status, &branding["light"]["type"], &branding["dark"]["type"]),
        (200, &json!("image/png"), &json!("image/jpeg"))
    );
    for (variant, kind, bytes) in [("light", "image/png", PNG), ("dark", "image/jpeg", JPEG)] {
        let answer = app.logo(variant).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], kind);
        assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(answer.headers()[header::CACHE_CONTROL].to_str().expect("text").starts_with("public"));
        let tag = answer.headers()[header::ETAG].clone();
        assert_eq!(answer.bytes().await.expect("a body"), bytes);
        let url = format!("{}{}", app.url, branding[variant]["url"].as_str().expect("an address"));
        let again = Client::new().get(url).header(header::IF_NONE_MATCH, tag).send().await.expect("an answer");
        assert_eq!(again.status(), 304);
        assert!(app.home().await.contains(branding[variant]["url"].as_str().expect("an address")));
    }
    app.brands(json!({ "display_name": "Inn" })).await;
    assert_eq!(app.logo("light").await.status(), 200, "a new name leaves the logos");
    assert_eq!(app.integrator(Method::DELETE, "branding/logo/light", None).await.0, 204);
    assert_eq!(app.integrator(Method::DELETE, "branding/logo/light", None).await.0, 404);
    assert_eq!((app.logo("light").await.status().as_u16(), app.logo("dark").await.status().as_u16()), (404, 200));
    for path in ["demo/branding/logo/middle", "nobody/branding/logo/dark"] {
        let answer = reqwest::get(format!("{}/api/v1/{path}", app.url)).await.expect("an answer");
        assert_eq!(answer.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn da_d2_other_pictures_and_larger_ones_are_refused() {
    let app = TestApp::start().await;
    let large = [JPEG, &vec![0; 3_000_000][..]].concat();
    let refused: [(&str, &[u8]); 4] = [("a GIF", b"GIF89a"), ("SVG", b"<svg/>"), ("nothing", b""), ("3 MB", &large)];
    for (what, bytes) in refused {
        let (status, problem) = app.sets_logo("light", "image/png", bytes).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("file")), "{what}: {problem}");
    }
    assert_eq!(app.logo("light").await.status(), 404);
    assert_eq!(app.sets_logo("middle", "image/png", PNG).await.0, 404);
}

#[tokio::test]
async fn da_d3_a_palette_has_exactly_sixteen_steps_and_80_is_primary() {
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
async fn da_d4_only_destinations_of_transcripts_can_have_an_icon() {
    let app = TestApp::start().await;
    let (_, branding) = app.integrator(Method::GET, "branding", None).await;
    assert_eq!((&branding["handoff_destinations"], &branding["handoff_icons"]), (&json!([]), &json!({})));
    let icons = json!({ "handoff_icons": { "sales": "https://example.com/sales.png" } });
    let (status, problem) = app.brands(icons).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("handoff_icons.sales")), "{problem}");
    assert_eq!(app.brands(json!({ "handoff_icons": {} })).await.0, 200);
}
