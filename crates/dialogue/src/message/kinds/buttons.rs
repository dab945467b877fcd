//! `<button-message>` (§4.2.3), and the buttons that cards share with it.

use model::message::{Body, Button, ButtonAction, ButtonPlacement, Buttons, Link};

use super::{BodyTemplate, Kind};
use crate::{
    expression::Scope,
    message::{
        Limits,
        field::{Address, Label, Prose, Switch, Text},
        reading::Reader,
    },
};

pub(super) const KIND: Kind = Kind::new("button-message", read).folds(true);

#[derive(Debug)]
struct ButtonsTemplate {
    text: Prose,
    external: Switch,
    once: Switch,
    buttons: Vec<ButtonTemplate>,
}

/// One button.
#[derive(Debug)]
pub(super) struct ButtonTemplate {
    text: Label,
    display: Switch,
    placement: Option<ButtonPlacement>,
    action: ActionTemplate,
}

#[derive(Debug)]
enum ActionTemplate {
    Intent { intent: Text, value: Option<Text> },
    Link { url: Address, new_tab: Switch },
    Call { number: Text },
    Download,
    SwitchTab,
}

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    let once = reader.switch_attribute("clear_after_interaction", false);
    reader.structured();
    Box::new(ButtonsTemplate {
        text: reader.prose("text"),
        external: reader.switch("external", false),
        once,
        buttons: buttons(reader, Limits::OPTIONS),
    })
}

/// Reads the buttons of a message, of which there may be so many.
pub(super) fn buttons(reader: &mut Reader<'_, '_>, limit: usize) -> Vec<ButtonTemplate> {
    let kind = reader.element.name.clone();
    let mut count = 0;
    reader.each("button", |button| {
        count += 1;
        if count == limit + 1 {
            button.reading.refuse(
                format!("`<{kind}>` takes at most {limit} buttons"),
                "remove buttons, or offer the others in a further message",
            );
        }
        template(button)
    })
}

fn template(reader: &mut Reader<'_, '_>) -> ButtonTemplate {
    reader.structured().require("text", "Buttons must have \"text\"");
    let placement = match reader.element.attribute("type").unwrap_or_default().trim() {
        "skip" => Some(ButtonPlacement::Skip),
        "inline" => Some(ButtonPlacement::Inline),
        "" => None,
        other => {
            reader.reading.warn(format!("`{other}` is no type of button"), "write `skip`, `inline` or nothing");
            None
        }
    };
    // `display` stands at the button or in it.
    let display = match reader.attribute("display") {
        Some(said) => said.into(),
        None => reader.switch("display", true),
    };
    let text = reader.label("text");
    let action = action(reader);
    ButtonTemplate { text, display, placement, action }
}

/// What a button does: where several are written a link counts most, as in the product's sample
/// that has both a link and a callback.
fn action(reader: &mut Reader<'_, '_>) -> ActionTemplate {
    let link = reader.link(&["link"]);
    let number = reader.optional("click_to_call");
    let download = reader.optional("download").is_some();
    let switch_tab = reader.optional("tab_switch").is_some();
    let intent = reader.optional("callback");
    let value = reader.optional("value").filter(|value| value.fixed() != Some(""));
    let is_written = |text: &Option<Text>| text.as_ref().is_some_and(|text| text.fixed() != Some(""));
    if reader.says("link")
        && let Some((url, new_tab)) = link
    {
        return ActionTemplate::Link { url, new_tab };
    }
    match (number, intent) {
        (number @ Some(_), _) if is_written(&number) => {
            ActionTemplate::Call { number: number.unwrap_or(Text::Fixed("".into())) }
        }
        _ if download => ActionTemplate::Download,
        _ if switch_tab => ActionTemplate::SwitchTab,
        (_, Some(intent)) => {
            if intent.fixed() == Some("") {
                reader.reading.warn("the callback is empty", "write the name of an intent of the visitor");
            }
            ActionTemplate::Intent { intent, value }
        }
        _ => {
            reader.reading.refuse_lack(
                "Buttons must have one of \"callback\", \"download\", \"link\", \"tab_switch\", \"click_to_call\"",
                "say what the button does",
            );
            ActionTemplate::Download
        }
    }
}

impl ButtonTemplate {
    pub(super) fn button(&self, scope: &dyn Scope) -> Button {
        let action = match &self.action {
            ActionTemplate::Intent { intent, value } => ButtonAction::Intent {
                intent: intent.fill(scope),
                value: value.as_ref().map(|value| value.fill(scope)),
            },
            ActionTemplate::Link { url, new_tab } => {
                ButtonAction::Link(Link { url: url.fill(scope), new_tab: new_tab.fill(scope) })
            }
            ActionTemplate::Call { number } => ButtonAction::Call { number: number.fill(scope) },
            ActionTemplate::Download => ButtonAction::Download,
            ActionTemplate::SwitchTab => ButtonAction::SwitchTab,
        };
        Button { text: self.text.fill(scope), display: self.display.fill(scope), placement: self.placement, action }
    }
}

impl BodyTemplate for ButtonsTemplate {
    fn fill(&self, scope: &dyn Scope) -> Body {
        Body::Buttons(Buttons {
            text: self.text.fill(scope),
            external: self.external.fill(scope),
            once: self.once.fill(scope),
            buttons: self.buttons.iter().map(|button| button.button(scope)).collect(),
        })
    }
}
