//! Files in which nothing can be read, and files that are made to end whoever reads them (row DA-K2).

use reqwest::{Client, Method, header};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    knowledge::{RULES, reading, settled, upload, uploaded},
};

#[rstest]
#[case("a.txt", "text/plain", &b"\xff\xfe"[..], "UTF-8")]
#[case("a.pdf", "application/pdf", b"no pdf", "no PDF")]
#[case("a.txt", "text/plain", b" \n ", "no text")]
#[tokio::test]
async fn da_k02_what_cannot_be_read_fails_and_can_be_tried_again(
    #[case] name: &str,
    #[case] kind: &str,
    #[case] body: &[u8],
    #[case] why: &str,
) {
    let app = TestApp::start().await;
    let (status, taken, _) = upload(&app, &format!("?name={name}"), kind, body).await;
    assert_eq!(status, 202, "{taken}");
    let id = taken["id"].as_str().expect("an id");
    for _ in 0..2 {
        let document = settled(&app, id).await;
        assert_eq!((&document["state"], &document["passages"]), (&json!("Failed"), &json!(0)));
        assert!(document["error"].as_str().expect("a reason").contains(why), "{document}");
        let (status, again) = app.integrator(Method::POST, &format!("documents/{id}/index"), None).await;
        assert_eq!((status.as_u16(), &again["state"], &again["error"]), (202, &json!("Pending"), &Value::Null));
    }
    assert_eq!(app.integrator(Method::POST, "documents/nobody/index", None).await.0, 404);
}

/// A page that draws a form that draws itself: whoever reads it overflows their stack.
fn endless_pdf() -> Vec<u8> {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>",
        "<</Length 5>>\nstream\n/X Do\nendstream",
        "<</Type/XObject/Subtype/Form/BBox[0 0 1 1]/Resources<</XObject<</X 5 0 R>>>>/Length 5>>\nstream\n/X Do\nendstream",
    ];
    let mut pdf = String::from("%PDF-1.4\n");
    let mut table = String::from("xref\n0 6\n0000000000 65535 f \n");
    for (number, object) in (1..).zip(objects) {
        table.push_str(&format!("{:010} 00000 n \n", pdf.len()));
        pdf.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let start = pdf.len();
    format!("{pdf}{table}trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").into_bytes()
}

/// Nothing catches a stack that overflows: what reads such files ends, and the server goes on.
#[rstest]
#[case::a_form_in_itself("application/pdf", endless_pdf())]
#[case::ends_that_end_nothing("text/html", "<div></x>".repeat(20_000).into_bytes())]
#[case::ends_in_comments("text/html", "<div><!--</div>-->".repeat(20_000).into_bytes())]
#[case::cells_in_a_drawing("text/html", format!("<svg>{}", "<td>".repeat(20_000)).into_bytes())]
#[tokio::test]
async fn da_k02_a_file_that_ends_what_reads_it_ends_nothing_else(#[case] kind: &str, #[case] content: Vec<u8>) {
    let app = TestApp::start().await;
    let (status, answer, _) = upload(&app, "?name=evil", kind, content.clone()).await;
    assert_eq!(status, 202, "{answer}");
    let document = settled(&app, answer["id"].as_str().expect("an id")).await;
    assert_eq!(document["state"], "Failed", "{document}");
    assert_eq!(document["error"], "it is damaged, or takes too much to be read");

    // Nor where somebody waits for the text.
    let world = reading(app, &[], json!({})).await;
    let url = format!("{}/api/v1/demo/flows/handlers/{}/files?name=evil", world.app.url, world.flow);
    let request = Client::new().post(url).bearer_auth(&world.app.token).header(header::CONTENT_TYPE, kind);
    let (status, refusal) = json_of(request.body(content).send().await.expect("an answer")).await;
    assert_eq!((status.as_u16(), &refusal["errors"][0]["field"]), (422, &json!("body")), "{refusal}");
    uploaded(&world.app, "rules.md", "text/markdown", RULES).await;
}
