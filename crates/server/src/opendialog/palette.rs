//! The tenant's colours in its web chats: buttons, bubbles, links (row DA-D3).
//!
//! What the agent's own settings say wins. Whatever comes of the two, text can be read on its ground: where the
//! primary colour would not do, the nearest of the palette that does is taken, and where there is none the default
//! stays.

use runtime::branding::{Colour, Palette};
use serde_json::{Map, Value};

/// What links stand on in the dark: the widget's own surfaces there (web/widget/src/chat/style.css).
const IN_THE_DARK: [&str; 4] = ["#0f121a", "#161a24", "#1d2230", "#262d40"];
/// The widget's ground of what is pointed at, beside those that are set.
const SOFT: &str = "#eceffa";
/// The launcher's icon.
const LAUNCHER_ICON: &str = "#ffffff";

/// Puts a tenant's colours in the place of the defaults, except where the agent's settings say something.
pub(super) fn colour(colours: &mut Map<String, Value>, given: Option<&Map<String, Value>>, palette: &Palette) {
    let given = |name: &str| given.and_then(|given| given.get(name)).and_then(Value::as_str);
    let mut chosen: Vec<(&str, &str)> = Vec::new();
    for (ground, hovered, ink) in [
        ("sentMessageBackground", None, "sentMessageText"),
        ("buttonBackground", Some("buttonHoverBackground"), "buttonText"),
    ] {
        match (given(ground), given(ink)) {
            (Some(_), _) => {}
            (None, Some(text)) => {
                let fitting = Colour::read(text).and_then(|text| palette.readable_on(&[text]));
                chosen.extend(fitting.map(|fitting| (ground, fitting)));
                chosen.extend(hovered.zip(fitting));
            }
            (None, None) => {
                let primary = palette.primary();
                chosen.push((ground, primary));
                chosen.extend(hovered.map(|hovered| (hovered, palette.hovered())));
                chosen.extend(Colour::read(primary).map(|primary| (ink, primary.ink())));
            }
        }
    }
    chosen.push(("iconBackground", palette.primary()));
    chosen.push(("iconHoverBackground", palette.hovered()));
    let ground = |name: &str| given(name).or_else(|| colours.get(name).and_then(Value::as_str));
    let readable = |grounds: &[Option<&str>]| {
        let grounds = grounds.iter().map(|ground| Colour::read((*ground)?)).collect::<Option<Vec<_>>>();
        // What cannot be judged is left alone.
        grounds.and_then(|grounds| palette.readable_on(&grounds))
    };
    let texts = [
        ("launcherBackground", readable(&[Some(LAUNCHER_ICON)])),
        ("externalButtonText", readable(&["externalButtonBackground", "externalButtonHoverBackground"].map(ground))),
        ("link", readable(&[ground("receivedMessageBackground"), ground("messageListBackground"), Some(SOFT)])),
        ("linkInTheDark", readable(&IN_THE_DARK.map(Some))),
    ];
    chosen.extend(texts.into_iter().filter_map(|(name, colour)| Some((name, colour?))));
    for (name, colour) in chosen {
        colours.insert(name.to_owned(), colour.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::appearance;
    use super::*;

    /// Yellows, from a dark one to a light one.
    fn yellow() -> Palette {
        let step = |step: u32| {
            ((step * 10).to_string(), format!("#{:02x}{:02x}{:02x}", 31 * step.min(8), 25 * step.min(8), 15 * step))
        };
        Palette::read(&(1..=16).map(step).collect()).expect("a palette")
    }

    fn colours(given: &Value, palette: &Palette) -> Map<String, Value> {
        let given = json!({ "colours": given });
        let all = appearance::complete(given.as_object().expect("an object"), Some(palette));
        all["colours"].as_object().expect("colours").clone()
    }

    fn read(colours: &Map<String, Value>, name: &str) -> Colour {
        Colour::read(colours[name].as_str().expect("text")).expect("a colour")
    }

    const PAIRS: [(&str, &str); 7] = [
        ("sentMessageText", "sentMessageBackground"),
        ("buttonText", "buttonBackground"),
        ("buttonText", "buttonHoverBackground"),
        ("externalButtonText", "externalButtonBackground"),
        ("externalButtonText", "externalButtonHoverBackground"),
        ("link", "receivedMessageBackground"),
        ("link", "messageListBackground"),
    ];

    #[test]
    fn da_d03_the_primary_colour_is_that_of_buttons_and_bubbles_and_text_is_read_on_it() {
        let palette = yellow();
        let colours = colours(&json!({}), &palette);
        for name in ["sentMessageBackground", "buttonBackground", "iconBackground"] {
            assert_eq!(colours[name], palette.primary(), "{name}");
        }
        assert_eq!((&colours["sentMessageText"], &colours["buttonText"]), (&json!("#000000"), &json!("#000000")));
        for (text, ground) in PAIRS {
            assert!(read(&colours, text).reads_on(read(&colours, ground)), "{text} on {ground}");
        }
        for ground in IN_THE_DARK {
            assert!(read(&colours, "linkInTheDark").reads_on(Colour::read(ground).expect("a colour")), "{ground}");
        }
        let of_palette = |name: &str| palette.colours().values().any(|colour| colours[name] == *colour);
        assert!(["link", "linkInTheDark", "launcherBackground", "externalButtonText"].into_iter().all(of_palette));
        assert!(read(&colours, "launcherBackground").reads_on(Colour::read(LAUNCHER_ICON).expect("white")));
        // Ground and text of the agent's answers are not of the palette.
        assert_eq!(colours["receivedMessageBackground"], "#eef1f5");
    }

    #[test]
    fn da_d03_what_the_agents_settings_say_wins() {
        let palette = yellow();
        let own = json!({
            "sentMessageBackground": "#00503c", "buttonText": "#ffffff", "link": "#123456",
            "externalButtonBackground": "#101010", "externalButtonHoverBackground": "#202020",
        });
        let colours = colours(&own, &palette);
        for (name, colour) in own.as_object().expect("an object") {
            assert_eq!(colours[name], *colour, "{name}");
        }
        assert_eq!(colours["sentMessageText"], "#ffffff", "beside a ground of the agent's the default stays");
        for (text, ground) in &PAIRS[..5] {
            assert!(read(&colours, text).reads_on(read(&colours, ground)), "{text} on {ground}");
        }
    }

    #[test]
    fn da_d03_a_palette_without_a_fitting_colour_leaves_the_defaults() {
        let white = (1..=16).map(|step| ((step * 10).to_string(), "#ffffff".to_owned())).collect();
        let palette = Palette::read(&white).expect("a palette");
        let plain = colours(&json!({}), &palette);
        assert_eq!((&plain["externalButtonText"], plain.get("link")), (&json!("#1f5fbf"), None));
        assert_eq!((&plain["buttonBackground"], &plain["buttonText"]), (&json!("#ffffff"), &json!("#000000")));
        assert_eq!(plain["linkInTheDark"], "#ffffff");
        let odd = colours(&json!({ "receivedMessageBackground": "rgb(0 0 0)", "buttonText": "white" }), &yellow());
        assert_eq!((odd.get("link"), &odd["buttonBackground"]), (None, &json!("#1f5fbf")));
    }

    #[test]
    fn da_d03_without_a_palette_nothing_changes() {
        let all = appearance::complete(&Map::new(), None);
        assert_eq!(all["colours"]["sentMessageBackground"], "#1f5fbf");
        assert!(all["colours"].get("link").is_none());
    }
}
