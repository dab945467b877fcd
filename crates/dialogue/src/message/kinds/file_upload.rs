//! `<file-upload-message>` (§4.2.11).

use model::message::{Body, FileUpload};

use super::{BodyTemplate, Kind};
use crate::{
    expression::Scope,
    message::{
        field::{Label, Prose, Switch, Text},
        reading::Reader,
    },
};

pub(super) const KIND: Kind = Kind::new("file-upload-message", read);

#[derive(Debug)]
struct FileUploadTemplate {
    text: Prose,
    intent: Text,
    submit_text: Label,
    cancel_intent: Text,
    cancel_text: Label,
    error_intent: Text,
    multiple: Switch,
    max_bytes: Text,
    types: Vec<Text>,
    base_path: Text,
    attribute: Text,
}

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    reader.structured();
    let max_bytes = reader.text("file_size");
    if max_bytes.fixed().is_some_and(|size| !size.is_empty() && size.parse::<u64>().is_err()) {
        reader.reading.refuse("`file_size` is not a number of bytes", "write a whole number, such as 500000");
    }
    let attribute = reader.text_or("attribute_name", "file_upload");
    reader.stores_in(&attribute, "file_upload");
    let types = reader.one("file_types", |types| types.structured().each("option", |option| option.own_text()));
    Box::new(FileUploadTemplate {
        text: reader.prose("text"),
        intent: reader.text("callback"),
        submit_text: reader.label("submit_text"),
        cancel_intent: reader.text("cancel_callback"),
        cancel_text: reader.label("cancel_text"),
        error_intent: reader.text("error_callback"),
        multiple: reader.switch("multiple", false),
        max_bytes,
        types: types.unwrap_or_default(),
        base_path: reader.text("base_path"),
        attribute,
    })
}

impl BodyTemplate for FileUploadTemplate {
    fn fill(&self, scope: &dyn Scope) -> Body {
        let types = self.types.iter().map(|kind| kind.fill(scope).trim_start_matches('.').to_ascii_lowercase());
        Body::FileUpload(FileUpload {
            text: self.text.fill(scope),
            intent: self.intent.fill(scope),
            submit_text: self.submit_text.fill(scope),
            cancel_intent: self.cancel_intent.fill(scope),
            cancel_text: self.cancel_text.fill(scope),
            error_intent: self.error_intent.fill(scope),
            multiple: self.multiple.fill(scope),
            max_bytes: self.max_bytes.fill(scope).trim().parse().ok(),
            types: types.filter(|kind| !kind.is_empty()).collect(),
            base_path: self.base_path.fill(scope),
            attribute: self.attribute.fill(scope),
        })
    }
}
