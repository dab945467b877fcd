//! The `data` of each message type (§4.2).

use model::message::{
    Autocomplete, Body, Button, ButtonAction, ButtonPlacement, Card, DateFormat, DatePicker, DatePickerForm, Esign,
    Field, FieldKind, FileUpload, Form, Image, List, Lookup,
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value, json};

use super::Data;

/// The `type` of a message. Types that the product documents nowhere carry the name of their
/// element; an address is asked for by an autocomplete message with more data.
pub(super) fn wire_type(body: &Body) -> &'static str {
    match body {
        Body::Text(_) => "text",
        Body::Image(_) => "image",
        Body::Buttons(_) => "button",
        Body::Form(form) if form.full_page => "fp-form",
        Body::Form(_) => "form",
        Body::Card(card) if card.full_page => "fp-rich",
        Body::Card(_) => "rich",
        Body::List(_) => "list",
        Body::DatePicker(DatePicker { form: DatePickerForm::Parts { .. }, .. }) => "date-picker",
        Body::DatePicker(_) => "date",
        Body::Autocomplete(_) => "autocomplete",
        Body::Location(_) => "location",
        Body::Esign(_) => "esign",
        Body::FileUpload(_) => "file-upload",
        Body::Audio(_) => "audio",
        Body::HandOver(_) => "hand-to-system",
        Body::Meta(_) => "meta",
        Body::CallToAction(_) => "cta",
        Body::LongText(_) => "long_text",
        Body::Empty => "empty",
        Body::TwilioContent(_) => "twilio-content-template",
    }
}

/// Whether what a type says of itself has a key `attribute_name`; all others have it as null.
pub(super) const fn has_attribute_name(body: &Body) -> bool {
    matches!(
        body,
        Body::DatePicker(_) | Body::Autocomplete(_) | Body::Location(_) | Body::Esign(_) | Body::FileUpload(_)
    )
}

/// Adds what a type says of itself, followed by what all messages have.
pub(super) fn write<M: SerializeMap>(body: &Body, of: &Data<'_>, map: &mut M) -> Result<(), M::Error> {
    match body {
        Body::Text(text) | Body::CallToAction(text) => map.serialize_entry("text", text)?,
        Body::Image(image) => write_image(image, map)?,
        Body::Buttons(message) => {
            map.serialize_entry("text", &message.text)?;
            map.serialize_entry("buttons", &ButtonList(&message.buttons))?;
            map.serialize_entry("external", &message.external)?;
            map.serialize_entry("clear_after_interaction", &message.once)?;
        }
        Body::Form(form) => write_form(form, map)?,
        Body::Card(card) => write_card(card, map)?,
        Body::List(list) => {
            map.serialize_entry("title", &list.title)?;
            map.serialize_entry("items", &Items { list, of })?;
            map.serialize_entry("view_type", &list.view)?;
        }
        Body::DatePicker(date) => write_date(date, map)?,
        Body::Autocomplete(field) => write_autocomplete(field, map)?,
        Body::Location(location) => {
            map.serialize_entry("text", &location.text)?;
            map.serialize_entry("callback_id", &location.intent)?;
            map.serialize_entry("attribute_name", &location.attribute)?;
            map.serialize_entry("api_key", &location.api_key)?;
        }
        Body::Esign(sign) => write_esign(sign, map)?,
        Body::FileUpload(upload) => write_upload(upload, map)?,
        Body::Audio(audio) => {
            map.serialize_entry("title", &audio.title)?;
            map.serialize_entry("url", &audio.url)?;
        }
        Body::HandOver(hand_over) => {
            map.serialize_entry("system", &hand_over.system)?;
            map.serialize_entry("elements", &hand_over.details)?;
        }
        Body::Meta(elements) => map.serialize_entry("elements", elements)?,
        Body::LongText(field) => {
            map.serialize_entry("character_limit", &field.character_limit)?;
            map.serialize_entry("submit_text", &field.submit_text)?;
            map.serialize_entry("callback_id", &field.intent)?;
            map.serialize_entry("initial_text", &field.initial_text)?;
            map.serialize_entry("placeholder", &field.placeholder)?;
            map.serialize_entry("confirmation_text", &field.confirmation_text)?;
        }
        Body::TwilioContent(content) => {
            map.serialize_entry("sid", &content.sid)?;
            map.serialize_entry("name", &content.name)?;
            map.serialize_entry("variables", &content.variables)?;
        }
        Body::Empty => {}
    }
    of.write_base(map)
}

fn write_image<M: SerializeMap>(image: &Image, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("img_src", &image.src)?;
    map.serialize_entry("img_link", &image.link.as_ref().map(|link| &link.url))?;
    map.serialize_entry("link_new_tab", &image.link.as_ref().is_some_and(|link| link.new_tab))?;
    map.serialize_entry("alt", &image.alt)
}

struct ButtonList<'m>(&'m [Button]);

impl Serialize for ButtonList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(SentButton))
    }
}

struct SentButton<'m>(&'m Button);

impl Serialize for SentButton<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(button) = self;
        let placement = button.placement.map_or("", |placement| match placement {
            ButtonPlacement::Skip => "skip",
            ButtonPlacement::Inline => "inline",
        });
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("text", &button.text)?;
        map.serialize_entry("display", &button.display)?;
        map.serialize_entry("type", placement)?;
        match &button.action {
            ButtonAction::Intent { intent, value } => {
                map.serialize_entry("callback_id", intent)?;
                map.serialize_entry("value", value)?;
            }
            ButtonAction::Link(link) => {
                map.serialize_entry("link", &link.url)?;
                map.serialize_entry("link_new_tab", &link.new_tab)?;
            }
            ButtonAction::Call { number } => map.serialize_entry("phone_number", number)?,
            ButtonAction::Download => map.serialize_entry("download", &true)?,
            ButtonAction::SwitchTab => map.serialize_entry("tab_switch", &true)?,
        }
        map.end()
    }
}

fn write_form<M: SerializeMap>(form: &Form, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("text", &form.text)?;
    map.serialize_entry("callback_id", &form.submit_intent)?;
    map.serialize_entry("elements", &FieldList(&form.fields))?;
    map.serialize_entry("auto_submit", &form.auto_submit)?;
    map.serialize_entry("submit_text", &form.submit_text)?;
    map.serialize_entry("cancel_text", &some(&form.cancel_text))?;
    map.serialize_entry("cancel_callback", &some(&form.cancel_intent))
}

struct FieldList<'m>(&'m [Field]);

impl Serialize for FieldList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(SentField))
    }
}

struct SentField<'m>(&'m Field);

impl Serialize for SentField<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(field) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &field.name)?;
        map.serialize_entry("display", &field.label)?;
        map.serialize_entry("required", &field.required)?;
        map.serialize_entry("min", &field.min)?;
        map.serialize_entry("max", &field.max)?;
        map.serialize_entry("element_type", element_type(field.kind))?;
        if field.kind == FieldKind::SelectByTyping {
            map.serialize_entry("options", &field.options)?;
        } else if field.kind.has_options() {
            // A key that is there twice is sent once.
            let options: Map<String, Value> =
                field.options.iter().map(|option| (option.key.clone(), option.value.clone().into())).collect();
            map.serialize_entry("options", &options)?;
            // A JavaScript object does not keep the order of keys that are numbers.
            let order: Vec<&str> = field.options.iter().map(|option| option.key.as_str()).collect();
            map.serialize_entry("options_order", &order)?;
        }
        if field.alphabetical {
            map.serialize_entry("alphabetical", &true)?;
        }
        if let Some(value) = &field.default_value {
            map.serialize_entry("default_value", value)?;
        }
        if let Some(placeholder) = &field.placeholder {
            map.serialize_entry("placeholder", placeholder)?;
        }
        if let Some(validation) = &field.validation {
            map.serialize_entry("validation", validation)?;
        }
        map.end()
    }
}

const fn element_type(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "text",
        FieldKind::Textarea => "textarea",
        FieldKind::Number => "number",
        FieldKind::Email => "email",
        FieldKind::Select => "select",
        FieldKind::SelectByTyping => "auto-select",
        FieldKind::Radio => "radio",
        FieldKind::Checkbox => "checkbox",
    }
}

fn write_card<M: SerializeMap>(card: &Card, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("title", &card.title)?;
    map.serialize_entry("subtitle", &card.subtitle)?;
    map.serialize_entry("text", &card.text)?;
    map.serialize_entry("callback", &some(&card.intent))?;
    map.serialize_entry("callback_value", &some(&card.value))?;
    map.serialize_entry("link", &some(&card.link))?;
    map.serialize_entry("buttons", &ButtonList(&card.buttons))?;
    if let Some(image) = &card.image {
        let image = json!({
            "src": image.src,
            "url": image.link.as_ref().map(|link| &link.url),
            "link_new_tab": image.link.as_ref().is_some_and(|link| link.new_tab),
            "alt": image.alt,
        });
        map.serialize_entry("image", &image)?;
    }
    Ok(())
}

/// The items of a list that is sent with some message.
struct Items<'m> {
    list: &'m List,
    of: &'m Data<'m>,
}

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.list.items.iter().map(|item| Item { item, of: self.of }))
    }
}

/// Each item is the data of its message with its type beside it, not below it (§4.2.6).
struct Item<'m> {
    item: &'m Body,
    of: &'m Data<'m>,
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        write(self.item, self.of, &mut map)?;
        map.serialize_entry("message_type", wire_type(self.item))?;
        map.end()
    }
}

fn write_date<M: SerializeMap>(date: &DatePicker, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("text", &date.text)?;
    match date.form {
        DatePickerForm::Calendar(format) => {
            let format = match format {
                DateFormat::Date => "default",
                DateFormat::Time => "only-time",
                DateFormat::DateTime => "date-time",
                DateFormat::Year => "only-year",
                DateFormat::Month => "month-year",
            };
            map.serialize_entry("format", format)?;
        }
        DatePickerForm::Parts { day, month, year } => {
            map.serialize_entry("day_required", &day)?;
            map.serialize_entry("month_required", &month)?;
            map.serialize_entry("year_required", &year)?;
        }
    }
    map.serialize_entry("max_date", &date.max)?;
    map.serialize_entry("min_date", &date.min)?;
    map.serialize_entry("callback", &date.intent)?;
    map.serialize_entry("submit_text", &date.submit_text)?;
    map.serialize_entry("attribute_name", &date.attribute)
}

fn write_autocomplete<M: SerializeMap>(field: &Autocomplete, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("title", &field.title)?;
    map.serialize_entry("endpoint_url", &field.endpoint.url)?;
    map.serialize_entry("endpoint_params", &field.endpoint.params)?;
    map.serialize_entry("query_param_name", &field.endpoint.query_name)?;
    map.serialize_entry("callback", &field.intent)?;
    map.serialize_entry("submit_text", &field.submit_text)?;
    map.serialize_entry("placeholder", &field.placeholder)?;
    map.serialize_entry("attribute_name", &field.attribute)?;
    match &field.lookup {
        Some(Lookup::Google { api_key }) => map.serialize_entry("google", &json!({ "api_key": api_key })),
        Some(Lookup::Fetchify { api_key, fetch_countries, retrieve_url, countries_url }) => {
            let fetchify = json!({
                "api_key": api_key,
                "fetch_countries": fetch_countries,
                "retrieve_endpoint_url": retrieve_url,
                "countries_endpoint_url": countries_url,
            });
            map.serialize_entry("fetchify", &fetchify)
        }
        None => Ok(()),
    }
}

fn write_esign<M: SerializeMap>(sign: &Esign, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("text", &sign.text)?;
    map.serialize_entry("callback_id", &sign.intent)?;
    map.serialize_entry("attribute_name", &sign.attribute)?;
    map.serialize_entry("signature", &sign.signature)?;
    map.serialize_entry("submit_text", &sign.submit_text)?;
    map.serialize_entry("resign_text", &sign.resign_text)?;
    map.serialize_entry("confirm_text", &sign.confirm_text)?;
    map.serialize_entry("checkbox_text", &sign.checkbox_text)?;
    map.serialize_entry("cancel_text", &sign.cancel_text)?;
    map.serialize_entry("cancel_callback", &sign.cancel_intent)?;
    map.serialize_entry("document_text", &sign.document_text)?;
    map.serialize_entry("document_title", &sign.document_title)?;
    map.serialize_entry("file_name", &sign.file_name)?;
    map.serialize_entry("file_path", &sign.file_path)
}

fn write_upload<M: SerializeMap>(upload: &FileUpload, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("text", &upload.text)?;
    map.serialize_entry("callback_id", &upload.intent)?;
    map.serialize_entry("submit_text", &upload.submit_text)?;
    map.serialize_entry("cancel_callback", &upload.cancel_intent)?;
    map.serialize_entry("cancel_text", &upload.cancel_text)?;
    map.serialize_entry("error_callback", &upload.error_intent)?;
    map.serialize_entry("multiple", &upload.multiple)?;
    map.serialize_entry("file_size", &upload.max_bytes)?;
    map.serialize_entry("file_types", &upload.types)?;
    map.serialize_entry("base_path", &upload.base_path)?;
    map.serialize_entry("attribute_name", &upload.attribute)
}

/// A text, or null where there is none.
fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
