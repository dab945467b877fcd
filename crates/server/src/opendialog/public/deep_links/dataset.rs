//! The rows of a request for deep links: contacts and their attributes, checked and typed
//! (spec/opendialog.md §1.5, rows OD-L02, OD-L03, OD-L06, OD-L09, OD-L10).

use dialogue::{engine, expression::coerce};
use model::{ContactId, attribute::AttributeType};
use runtime::links::Invitation;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::opendialog::{envelope, refusal::Violations};

/// Longest name of an attribute, in characters.
const MAX_NAME: usize = 255;
/// Largest value of an attribute, in bytes.
const MAX_VALUE: usize = 8 << 10;

const NO_COMPOSITES: &str = "Composite values and collections of them are not supported. Send a text, a number, a \
                             boolean, or a list of them.";

/// Reads at most `most` rows; `declared` says which type the scenario gives an attribute.
pub(super) fn read(
    body: &Map<String, Value>,
    most: usize,
    declared: impl Fn(&str) -> Option<AttributeType>,
    wrong: &mut Violations,
) -> Vec<Invitation> {
    let rows = match body.get("dataset") {
        Some(Value::Array(rows)) if !rows.is_empty() => rows,
        None | Some(Value::Null | Value::Array(_)) => {
            wrong.add("dataset", "The dataset field is required.");
            return Vec::new();
        }
        Some(_) => {
            wrong.add("dataset", "The dataset must be an array.");
            return Vec::new();
        }
    };
    if rows.len() > most {
        wrong.add("dataset", format!("Maximum number of users is {most}"));
        return Vec::new();
    }
    let mut invitations = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let place = format!("dataset.{index}");
        let Value::Object(row) = row else {
            wrong.add(&place, format!("The {place} must be an object."));
            continue;
        };
        let contact = contact(row, &format!("{place}.user_id"), wrong);
        let attributes = attributes(row, &format!("{place}.attributes"), &declared, wrong);
        if let (Some(contact), Some(attributes)) = (contact, attributes) {
            invitations.push(Invitation { contact, attributes });
        }
    }
    invitations
}

/// The contact that a row names, or a new one (row OD-L02).
fn contact(row: &Map<String, Value>, field: &str, wrong: &mut Violations) -> Option<ContactId> {
    let given = ["user_id", "userId"].iter().filter_map(|name| row.get(*name)).find(|value| !value.is_null());
    match given {
        Some(Value::String(id)) if !id.is_empty() => envelope::contact_id(Some(id), field, wrong),
        None | Some(Value::String(_)) => Uuid::new_v4().to_string().parse().ok(),
        Some(_) => {
            wrong.add(field, "User id must be a string");
            None
        }
    }
}

fn attributes(
    row: &Map<String, Value>,
    field: &str,
    declared: impl Fn(&str) -> Option<AttributeType>,
    wrong: &mut Violations,
) -> Option<Map<String, Value>> {
    let given = match row.get("attributes") {
        Some(Value::Object(given)) => given,
        // An empty PHP map arrives as `[]`.
        Some(Value::Array(list)) if list.is_empty() => return Some(Map::new()),
        None | Some(Value::Null) => {
            wrong.add(field, "The attributes field is required.");
            return None;
        }
        Some(_) => {
            wrong.add(field, "The attributes field must be an object.");
            return None;
        }
    };
    let most = engine::MAX_ATTRIBUTES;
    if given.len() > most {
        wrong.add(field, format!("A user may have at most {most} attributes."));
        return None;
    }
    let mut attributes = Map::new();
    for (name, value) in given {
        if name.is_empty() || name.chars().count() > MAX_NAME {
            let start: String = name.chars().take(20).collect();
            wrong.add(field, format!("The attribute name \"{start}\" must have 1 to {MAX_NAME} characters."));
            continue;
        }
        match typed(name, value, declared(name)) {
            Ok(value) => {
                attributes.insert(name.clone(), value);
            }
            Err(complaint) => wrong.add(&format!("{field}.{name}"), complaint),
        }
    }
    Some(attributes)
}

/// A value as it is to be stored, or what is wrong with it.
fn typed(name: &str, value: &Value, kind: Option<AttributeType>) -> Result<Value, String> {
    if engine::is_reserved(name) {
        return Err(format!("The attribute {name} is reserved."));
    }
    if value.is_null() {
        return Ok(Value::Null);
    }
    if has_object(value) || kind.is_some_and(is_composite) {
        return Err(NO_COMPOSITES.to_owned());
    }
    let typed = match kind {
        None => value.clone(),
        Some(kind) => fitting(kind, value)
            .ok_or_else(|| format!("The attribute {name} must have a value of the type that the scenario declares."))?,
    };
    let bytes = match &typed {
        Value::String(text) => text.len(),
        other => other.to_string().len(),
    };
    if bytes > MAX_VALUE {
        return Err(format!("The attribute {name} has {bytes} bytes, {MAX_VALUE} are allowed."));
    }
    Ok(typed)
}

/// The value in the attribute's type; none when all of it or one of its items cannot be read as that.
///
/// A collection comes as a list or as a text with commas; items are trimmed and empty ones left out in both, so
/// that both say the same (row OD-L09).
fn fitting(kind: AttributeType, value: &Value) -> Option<Value> {
    if !is_collection(kind) {
        return Some(coerce(kind, value)).filter(|typed| !typed.is_null());
    }
    let texts = coerce(AttributeType::StringCollection, value);
    let trimmed: Vec<Value> = texts
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(Value::from)
        .collect();
    let items = trimmed.len();
    let typed = coerce(kind, &Value::Array(trimmed));
    (typed.as_array()?.len() == items).then_some(typed)
}

fn has_object(value: &Value) -> bool {
    match value {
        Value::Object(_) => true,
        Value::Array(items) => items.iter().any(has_object),
        _ => false,
    }
}

fn is_collection(kind: AttributeType) -> bool {
    use AttributeType as Type;
    matches!(
        kind,
        Type::StringCollection
            | Type::BooleanCollection
            | Type::DecimalCollection
            | Type::WholeNumberCollection
            | Type::TimestampCollection
    )
}

fn is_composite(kind: AttributeType) -> bool {
    use AttributeType as Type;
    matches!(
        kind,
        Type::Composite
            | Type::JsonInferredComposite
            | Type::CompositeCollection
            | Type::FileCollection
            | Type::FormData
            | Type::Utterance
            | Type::Location
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn od_l09_a_list_and_a_text_with_commas_are_the_same_collection() {
        for same in [json!(["a", "b c"]), json!("a,b c"), json!("a, b c"), json!([" a ", "b c", ""]), json!("a, ,b c,")]
        {
            assert_eq!(fitting(AttributeType::StringCollection, &same), Some(json!(["a", "b c"])), "{same}");
        }
        for same in [json!([1, 2]), json!("1, 2"), json!(["1", " 2"])] {
            assert_eq!(fitting(AttributeType::WholeNumberCollection, &same), Some(json!([1, 2])), "{same}");
        }
        assert_eq!(fitting(AttributeType::StringCollection, &json!("alone")), Some(json!(["alone"])));
        assert_eq!(fitting(AttributeType::StringCollection, &json!("")), Some(json!([])));
        assert_eq!(fitting(AttributeType::WholeNumberCollection, &json!("1,two")), None);
    }

    #[test]
    fn what_nobody_declared_stays_as_it_is() {
        for value in [json!("a, b"), json!(["a ", ["b"]]), json!(1.5), json!(false), json!("")] {
            assert_eq!(typed("x", &value, None), Ok(value));
        }
    }

    #[test]
    fn od_l10_composites_are_refused_wherever_they_are() {
        for value in [json!({"a": 1}), json!([{"a": 1}]), json!([["a", [{}]]])] {
            assert!(typed("x", &value, None).is_err(), "{value}");
        }
        assert!(typed("x", &json!("text"), Some(AttributeType::CompositeCollection)).is_err());
        assert!(typed("age", &json!("old"), Some(AttributeType::WholeNumber)).is_err());
        assert!(typed("first_seen", &json!(1), None).is_err());
        assert!(typed("x", &json!("x".repeat(8193)), None).is_err());
        assert_eq!(typed("x", &json!("x".repeat(8192)), None), Ok(json!("x".repeat(8192))));
    }
}
