use dialogue::scenario::{check, duplicate_scenario, export, import, import_value};

pub(crate) const LIGHTHOUSE_INN: &[u8] = include_bytes!("../../../../examples/lighthouse-inn.scenario.json");

#[test]
fn the_example_is_sound() {
    let imported = import(LIGHTHOUSE_INN).unwrap();
    assert_eq!(imported.ignored, []);
    assert_eq!(check(&imported.scenario), []);
}

#[test]
fn the_example_refers_to_nothing_outside() {
    let text = std::str::from_utf8(LIGHTHOUSE_INN).unwrap();
    assert!(!text.contains("http://") && !text.contains("https://"));
    let pictures: std::collections::BTreeSet<&str> =
        text.split("<src>").skip(1).filter_map(|rest| rest.split("</src>").next()).collect();
    assert_eq!(pictures.len(), 4);
    for picture in pictures {
        let path = format!("{}/../..{picture}", env!("CARGO_MANIFEST_DIR"));
        assert!(std::fs::exists(&path).unwrap(), "{path}");
    }
}

#[test]
fn od_t02_the_example_comes_out_byte_for_byte() {
    assert_eq!(export(&import(LIGHTHOUSE_INN).unwrap().document), LIGHTHOUSE_INN);
}

#[test]
fn od_t04_a_copy_of_the_example_is_sound() {
    let copy = import_value(duplicate_scenario(&import(LIGHTHOUSE_INN).unwrap().document, |_| false)).unwrap();
    assert_eq!(copy.scenario.common.od_id, "lighthouse_inn_copy");
    assert_eq!(check(&copy.scenario), []);
}
