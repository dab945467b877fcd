#![allow(dead_code)]
pub(crate) fn messages(_l: &[model::message::Message], _a: model::Timestamp, _z: Option<&str>) -> serde_json::Value { serde_json::json!([]) }
