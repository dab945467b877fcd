//! The `data` of each message type (§4.2).

use model::message::{
    Body, Button, ButtonAction, ButtonPlacement, Card, DateFormat, DatePicker, DatePickerForm, Field, FieldKind, Form,
    Image, List, Lookup,
};
use serde_json::{Map, Value, json};

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

/// What a type says of itself, followed by what all messages have.
pub(super) fn data(body: &Body, base: &Value) -> Map<String, Value> {
    let own = match body {
        Body::Text(text) | Body::CallToAction(text) => json!({ "text": text }),
        Body::Image(image) => image_data(image),
        Body::Buttons(message) => json!({
            "text": message.text,
            "buttons": buttons(&message.buttons),
            "external": message.external,
            "clear_after_interaction": message.once,
        }),
        Body::Form(form) => form_data(form),
        Body::Card(card) => card_data(card),
        Body::List(list) => list_data(list, base),
        Body::DatePicker(date) => date_data(date),
        Body::Autocomplete(field) => {
            let mut data = json!({
                "title": field.title,
                "endpoint_url": field.endpoint.url,
                "endpoint_params": field.endpoint.params,
                "query_param_name": field.endpoint.query_name,
                "callback": field.intent,
                "submit_text": field.submit_text,
                "placeholder": field.placeholder,
                "attribute_name": field.attribute,
            });
            match &field.lookup {
                Some(Lookup::Google { api_key }) => data["google"] = json!({ "api_key": api_key }),
                Some(Lookup::Fetchify { api_key, fetch_countries, retrieve_url, countries_url }) => {
                    data["fetchify"] = json!({
                        "api_key": api_key,
                        "fetch_countries": fetch_countries,
                        "retrieve_endpoint_url": retrieve_url,
                        "countries_endpoint_url": countries_url,
                    });
                }
                None => {}
            }
            data
        }
        Body::Location(location) => json!({
            "text": location.text,
            "callback_id": location.intent,
            "attribute_name": location.attribute,
            "api_key": location.api_key,
        }),
        Body::Esign(sign) => json!({
            "text": sign.text,
            "callback_id": sign.intent,
            "attribute_name": sign.attribute,
            "signature": sign.signature,
            "submit_text": sign.submit_text,
            "resign_text": sign.resign_text,
            "confirm_text": sign.confirm_text,
            "checkbox_text": sign.checkbox_text,
            "cancel_text": sign.cancel_text,
            "cancel_callback": sign.cancel_intent,
            "document_text": sign.document_text,
            "document_title": sign.document_title,
            "file_name": sign.file_name,
            "file_path": sign.file_path,
        }),
        Body::FileUpload(upload) => json!({
            "text": upload.text,
            "callback_id": upload.intent,
            "submit_text": upload.submit_text,
            "cancel_callback": upload.cancel_intent,
            "cancel_text": upload.cancel_text,
            "error_callback": upload.error_intent,
            "multiple": upload.multiple,
            "file_size": upload.max_bytes,
            "file_types": upload.types,
            "base_path": upload.base_path,
            "attribute_name": upload.attribute,
        }),
        Body::Audio(audio) => json!({ "title": audio.title, "url": audio.url }),
        Body::HandOver(hand_over) => json!({ "system": hand_over.system, "elements": hand_over.details }),
        Body::Meta(elements) => json!({ "elements": elements }),
        Body::LongText(field) => json!({
            "character_limit": field.character_limit,
            "submit_text": field.submit_text,
            "callback_id": field.intent,
            "initial_text": field.initial_text,
            "placeholder": field.placeholder,
            "confirmation_text": field.confirmation_text,
        }),
        Body::TwilioContent(content) => json!({
            "sid": content.sid,
            "name": content.name,
            "variables": content.variables,
        }),
        Body::Empty => json!({}),
    };
    let (Value::Object(mut data), Value::Object(base)) = (own, base) else { return Map::new() };
    data.extend(base.clone());
    data
}

fn image_data(image: &Image) -> Value {
    json!({
        "img_src": image.src,
        "img_link": image.link.as_ref().map(|link| &link.url),
        "link_new_tab": image.link.as_ref().is_some_and(|link| link.new_tab),
        "alt": image.alt,
    })
}

fn buttons(buttons: &[Button]) -> Value {
    buttons.iter().map(button).collect()
}

fn button(button: &Button) -> Value {
    let placement = button.placement.map_or("", |placement| match placement {
        ButtonPlacement::Skip => "skip",
        ButtonPlacement::Inline => "inline",
    });
    let mut sent = json!({ "text": button.text, "display": button.display, "type": placement });
    match &button.action {
        ButtonAction::Intent { intent, value } => {
            sent["callback_id"] = json!(intent);
            sent["value"] = json!(value);
        }
        ButtonAction::Link(link) => {
            sent["link"] = json!(link.url);
            sent["link_new_tab"] = json!(link.new_tab);
        }
        ButtonAction::Call { number } => sent["phone_number"] = json!(number),
        ButtonAction::Download => sent["download"] = json!(true),
        ButtonAction::SwitchTab => sent["tab_switch"] = json!(true),
    }
    sent
}

fn form_data(form: &Form) -> Value {
    json!({
        "text": form.text,
        "callback_id": form.submit_intent,
        "elements": form.fields.iter().map(field).collect::<Value>(),
        "auto_submit": form.auto_submit,
        "submit_text": form.submit_text,
        "cancel_text": some(&form.cancel_text),
        "cancel_callback": some(&form.cancel_intent),
    })
}

fn field(field: &Field) -> Value {
    let mut sent = json!({
        "name": field.name,
        "display": field.label,
        "required": field.required,
        "min": field.min,
        "max": field.max,
        "element_type": match field.kind {
            FieldKind::Text => "text",
            FieldKind::Textarea => "textarea",
            FieldKind::Number => "number",
            FieldKind::Email => "email",
            FieldKind::Select => "select",
            FieldKind::SelectByTyping => "auto-select",
            FieldKind::Radio => "radio",
            FieldKind::Checkbox => "checkbox",
        },
    });
    if field.kind == FieldKind::SelectByTyping {
        sent["options"] =
            field.options.iter().map(|option| json!({ "key": option.key, "value": option.value })).collect();
    } else if field.kind.has_options() {
        let options: Map<String, Value> =
            field.options.iter().map(|option| (option.key.clone(), option.value.clone().into())).collect();
        sent["options"] = Value::Object(options);
        // A JavaScript object does not keep the order of keys that are numbers.
        sent["options_order"] = field.options.iter().map(|option| option.key.as_str()).collect();
    }
    if field.alphabetical {
        sent["alphabetical"] = json!(true);
    }
    if let Some(value) = &field.default_value {
        sent["default_value"] = json!(value);
    }
    if let Some(placeholder) = &field.placeholder {
        sent["placeholder"] = json!(placeholder);
    }
    if let Some(validation) = &field.validation {
        sent["validation"] = json!({ "regex": validation.regex, "error": validation.error });
    }
    sent
}

fn card_data(card: &Card) -> Value {
    let mut data = json!({
        "title": card.title,
        "subtitle": card.subtitle,
        "text": card.text,
        "callback": some(&card.intent),
        "callback_value": some(&card.value),
        "link": some(&card.link),
        "buttons": buttons(&card.buttons),
    });
    if let Some(image) = &card.image {
        data["image"] = json!({
            "src": image.src,
            "url": image.link.as_ref().map(|link| &link.url),
            "link_new_tab": image.link.as_ref().is_some_and(|link| link.new_tab),
            "alt": image.alt,
        });
    }
    data
}

/// Each item is the data of its message with its type beside it, not below it (§4.2.6).
fn list_data(list: &List, base: &Value) -> Value {
    let items: Vec<Value> = list
        .items
        .iter()
        .map(|item| {
            let mut sent = data(item, base);
            sent.insert("message_type".into(), wire_type(item).into());
            Value::Object(sent)
        })
        .collect();
    json!({ "title": list.title, "items": items, "view_type": list.view })
}

fn date_data(date: &DatePicker) -> Value {
    let mut data = json!({ "text": date.text });
    match date.form {
        DatePickerForm::Calendar(format) => {
            data["format"] = json!(match format {
                DateFormat::Date => "default",
                DateFormat::Time => "only-time",
                DateFormat::DateTime => "date-time",
                DateFormat::Year => "only-year",
                DateFormat::Month => "month-year",
            });
        }
        DatePickerForm::Parts { day, month, year } => {
            data["day_required"] = json!(day);
            data["month_required"] = json!(month);
            data["year_required"] = json!(year);
        }
    }
    data["max_date"] = json!(date.max);
    data["min_date"] = json!(date.min);
    data["callback"] = json!(date.intent);
    data["submit_text"] = json!(date.submit_text);
    data["attribute_name"] = json!(date.attribute);
    data
}

/// A text, or null where there is none.
fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
