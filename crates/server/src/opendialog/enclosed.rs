//! Files in a visitor's answer: what a form says of files is looked up and written anew, so that an attribute
//! never holds an address that is not ours (rows OD-C14, OD-M25, OD-M26).
//!
//! A form's value may be a list of uploaded files, or the address of one (a signed document). Every other value
//! that brings a `url` along is refused: nothing else that a chat sends has one.

use model::{
    FileId, TenantId, Timestamp,
    inbound::{Act, Inbound},
};
use runtime::files::StoredFile;
use serde_json::{Map, Value, json};

use super::{
    asked::{Asked, asked, size_limit, wrong_ending},
    refusal::{Refusal, Violations},
    visit::Visit,
};
use crate::{app::Shared, files};

/// Most files in one field.
const MAX_FILES: usize = 50;

/// A new address of a file of the visitor's tenant.
pub(crate) fn fresh_address(app: &Shared, visit: &Visit, id: FileId) -> Result<String, Refusal> {
    let tenant = &visit.tenant;
    let key = tenant.signing_keys.first().ok_or_else(|| Refusal::Broken(format!("{} cannot sign", tenant.id())))?;
    Ok(files::address(&app.own_url(), tenant.id(), id, key, Timestamp::now()))
}

/// What a form's value says of files.
#[derive(Debug, PartialEq, Eq)]
enum Content {
    /// Nothing.
    Plain,
    /// An address of something else.
    Link,
    /// These were uploaded.
    Files(Vec<FileId>),
    /// The address of one that was uploaded.
    Address(FileId),
    /// It brings addresses along that are not ours.
    Foreign,
}

impl Content {
    fn of(value: &Value, tenant: &TenantId) -> Self {
        match value {
            Value::String(text) => match files::id_in(text, tenant) {
                Some(id) => Self::Address(id),
                // `data:` carries its content along and leads nowhere.
                None if text.contains("//") && !text.starts_with("data:") => Self::Link,
                None => Self::Plain,
            },
            value if !brings_url(value) => Self::Plain,
            Value::Array(items) => {
                let id = |item: &Value| files::id_in(item.get("url")?.as_str()?, tenant);
                items.iter().map(id).collect::<Option<Vec<_>>>().map_or(Self::Foreign, Self::Files)
            }
            _ => Self::Foreign,
        }
    }
}

fn brings_url(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(brings_url),
        Value::Object(map) => map.contains_key("url") || map.values().any(brings_url),
        _ => false,
    }
}

/// Moves the files of a form from its fields, where the client says what it likes, to where the server does.
/// Their addresses are good for 30 minutes from now.
pub(crate) async fn take_files(app: &Shared, visit: &Visit, inbound: &mut Inbound) -> Result<(), Refusal> {
    let tenant = visit.tenant.id();
    let contents: Vec<_> = inbound.fields.values().map(|value| Content::of(value, tenant)).collect();
    if inbound.act != Act::Form || contents.iter().all(|content| *content == Content::Plain) {
        return Ok(());
    }
    let asked = asked(app, visit).await?;
    let mut wrong = Violations::default();
    let mut fields = Map::new();
    for ((name, value), content) in std::mem::take(&mut inbound.fields).into_iter().zip(contents) {
        let field = format!("content.data.{name}");
        match content {
            Content::Link if is_signature(asked.as_ref(), &name) => wrong.add(&field, NOT_SENT),
            Content::Foreign => wrong.add(&field, NOT_SENT),
            Content::Plain | Content::Link => {
                fields.insert(name, value);
            }
            Content::Address(id) => match sent(app, visit, id).await? {
                Some(_) => {
                    let url = fresh_address(app, visit, id)?;
                    fields.insert(name, url.into());
                }
                None => wrong.add(&field, NOT_SENT),
            },
            Content::Files(ids) if ids.len() > MAX_FILES => {
                wrong.add(&field, format!("A field may have at most {MAX_FILES} files."));
            }
            Content::Files(ids) => {
                let mut list = Vec::new();
                for id in ids {
                    let Some(file) = sent(app, visit, id).await? else {
                        wrong.add(&field, NOT_SENT);
                        continue;
                    };
                    let url = fresh_address(app, visit, id)?;
                    if let Some(complaint) = unasked(asked.as_ref(), &name, &file) {
                        wrong.add(&field, complaint);
                    }
                    list.push(json!({ "name": file.name, "url": url, "size": file.size, "type": file.kind }));
                }
                if list.len() > 1 && takes_one(asked.as_ref(), &name) {
                    wrong.add(&field, "Only one file is asked for.");
                }
                inbound.files.insert(name, list.into());
            }
        }
    }
    inbound.fields = fields;
    wrong.or(())
}

const NOT_SENT: &str = "It names a file that this visitor did not send. Upload it to /chat-api/file first.";

/// A file that this very visitor sent.
async fn sent(app: &Shared, visit: &Visit, id: FileId) -> Result<Option<StoredFile>, Refusal> {
    let file = app.runtime.files().find(visit.tenant.id(), id).await?;
    Ok(file.filter(|file| file.contact == visit.contact))
}

fn is_signature(asked: Option<&Asked>, field: &str) -> bool {
    matches!(asked, Some(Asked::Signature(esign)) if esign.attribute == field)
}

fn takes_one(asked: Option<&Asked>, field: &str) -> bool {
    matches!(asked, Some(Asked::Files(upload)) if upload.attribute == field && !upload.multiple)
}

/// Why a file is not what the message asks for: it may have been sent before that message.
fn unasked(asked: Option<&Asked>, field: &str, file: &StoredFile) -> Option<String> {
    match asked {
        Some(Asked::Files(upload)) if upload.attribute == field => {
            let most = size_limit(upload).filter(|most| file.size > *most);
            let too_large = most.map(|most| format!("The file {} is larger than {most} bytes.", file.name));
            too_large.or_else(|| wrong_ending(upload, &file.name))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn od_m25_what_a_form_says_of_files_is_told_from_what_it_plants() {
        let tenant: TenantId = "demo".parse().expect("a tenant");
        let id: FileId = "0190c0de-0000-7000-8000-000000000001".parse().expect("an id");
        let ours = format!("https://x.test/files/demo/{id}?expires=1&signature=00");
        let of = |value: Value| Content::of(&value, &tenant);
        assert_eq!(of(json!([{ "name": "a", "url": ours }])), Content::Files(vec![id]));
        assert_eq!(of(json!(ours)), Content::Address(id));
        for plain in [json!("cat"), json!(7), json!([]), json!(["a"]), json!({ "lat": 1 }), json!(null)] {
            assert_eq!(of(plain.clone()), Content::Plain, "{plain}");
        }
        assert_eq!(of(json!("https://me.test/")), Content::Link);
        assert_eq!(of(json!("//me.test/")), Content::Link);
        assert_eq!(of(json!("data:application/pdf;base64,//8=")), Content::Plain);
        for foreign in [
            json!([{ "url": "https://evil.test/" }]),
            json!([{ "url": ours }, { "name": "b" }]),
            json!([{ "url": ours }, { "url": "https://evil.test/files/other/x" }]),
            json!({ "0": { "url": ours } }),
            json!({ "url": null }),
            json!([[{ "url": ours }]]),
        ] {
            assert_eq!(of(foreign.clone()), Content::Foreign, "{foreign}");
        }
    }
}
