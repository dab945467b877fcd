//! What a message can be.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::form::Form;

/// What a message is. Texts that are shown are clean HTML; names, intents and addresses are plain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "is", rename_all = "snake_case")]
pub enum Body {
    /// A text.
    Text(String),
    /// An image.
    Image(Image),
    /// A text with buttons.
    Buttons(Buttons),
    /// Fields to fill in.
    Form(Form),
    /// A card: title, text, image, buttons.
    Card(Card),
    /// Several messages side by side: a carousel.
    List(List),
    /// A date, time, month or year to choose.
    DatePicker(DatePicker),
    /// A value to type, with suggestions from an address on the web.
    Autocomplete(Autocomplete),
    /// A place to find.
    Location(Location),
    /// A document to sign.
    Esign(Esign),
    /// Files to send.
    FileUpload(FileUpload),
    /// A sound to play.
    Audio(Audio),
    /// The conversation goes to people.
    HandOver(HandOver),
    /// Not shown: settings of the chat by name, such as its progress bar.
    Meta(Map<String, Value>),
    /// A text beside the minimised chat.
    CallToAction(String),
    /// A long text to type.
    LongText(LongText),
    /// Nothing: only opens the input again.
    Empty,
    /// A content template of Twilio, for its channels.
    TwilioContent(TwilioContent),
}

impl Body {
    /// Its name in snake case, as it is stored.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Image(_) => "image",
            Self::Buttons(_) => "buttons",
            Self::Form(_) => "form",
            Self::Card(_) => "card",
            Self::List(_) => "list",
            Self::DatePicker(_) => "date_picker",
            Self::Autocomplete(_) => "autocomplete",
            Self::Location(_) => "location",
            Self::Esign(_) => "esign",
            Self::FileUpload(_) => "file_upload",
            Self::Audio(_) => "audio",
            Self::HandOver(_) => "hand_over",
            Self::Meta(_) => "meta",
            Self::CallToAction(_) => "call_to_action",
            Self::LongText(_) => "long_text",
            Self::Empty => "empty",
            Self::TwilioContent(_) => "twilio_content",
        }
    }
}

/// Where something leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its address.
    pub url: String,
    /// Whether it opens beside this page.
    #[serde(default)]
    pub new_tab: bool,
}

/// A name and a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedValue {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// An image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Image {
    /// Its address.
    pub src: String,
    /// What it shows, for those who do not see it.
    pub alt: String,
    /// Where a click leads.
    pub link: Option<Link>,
}

/// A text with buttons.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Buttons {
    /// What is said; HTML.
    pub text: String,
    /// Whether they stand outside the bubble, in place of the input.
    pub external: bool,
    /// Whether they vanish once one was pressed.
    pub once: bool,
    /// The buttons.
    pub buttons: Vec<Button>,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// Its label: HTML of `strong`, `em` and `u` only.
    pub text: String,
    /// Whether it is shown.
    pub display: bool,
    /// Where it stands, if not with the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<ButtonPlacement>,
    /// What it does.
    pub action: ButtonAction,
}

/// Where a button stands, if not with the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonPlacement {
    /// Below external buttons, looking different.
    Skip,
    /// Inside the bubble.
    Inline,
}

/// What a button does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum ButtonAction {
    /// Goes on with an intent.
    Intent {
        /// The intent.
        intent: String,
        /// What comes with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// Opens an address.
    Link(Link),
    /// Calls a telephone number.
    Call {
        /// The number.
        number: String,
    },
    /// Saves the transcript.
    Download,
    /// Shows the other tab of the chat.
    SwitchTab,
}

/// A card.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Card {
    /// Whether it covers the chat.
    pub full_page: bool,
    /// Title; HTML.
    pub title: String,
    /// Title below the title; HTML.
    pub subtitle: String,
    /// Text; HTML.
    pub text: String,
    /// Intent that a click on the card names; empty for none.
    pub intent: String,
    /// What comes with that intent.
    pub value: String,
    /// Where a click on the card leads; empty for nowhere.
    pub link: String,
    /// Its buttons.
    pub buttons: Vec<Button>,
    /// Its image.
    pub image: Option<CardImage>,
}

/// The image of a card.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardImage {
    /// Its address.
    pub src: String,
    /// What it shows, for those who do not see it.
    pub alt: String,
    /// Where a click leads.
    pub link: Option<Link>,
}

/// A carousel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct List {
    /// Title; HTML.
    pub title: String,
    /// `horizontal`, or what the designer wrote.
    pub view: String,
    /// What it shows.
    pub items: Vec<Body>,
}

/// A date, time, month or year to choose.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatePicker {
    /// How it is chosen.
    pub form: DatePickerForm,
    /// What is said; HTML.
    pub text: String,
    /// Intent that sending it names.
    pub intent: String,
    /// Label of the button that sends it.
    pub submit_text: String,
    /// First date: `YYYY-MM-DD` or `today`.
    pub min: Option<String>,
    /// Last date: `YYYY-MM-DD` or `today`.
    pub max: Option<String>,
    /// Attribute that keeps the choice.
    pub attribute: String,
}

/// How a date is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatePickerForm {
    /// In a calendar.
    Calendar(DateFormat),
    /// In one field for each part; which of them must be filled in.
    Parts {
        /// The day.
        day: bool,
        /// The month.
        month: bool,
        /// The year.
        year: bool,
    },
}

impl Default for DatePickerForm {
    fn default() -> Self {
        Self::Calendar(DateFormat::Date)
    }
}

/// What is chosen in a calendar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateFormat {
    /// A day.
    #[default]
    Date,
    /// A time of day.
    Time,
    /// A day and a time.
    DateTime,
    /// A year.
    Year,
    /// A month of a year.
    Month,
}

/// A value to type, with suggestions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Autocomplete {
    /// What is asked; HTML.
    pub title: String,
    /// Intent that sending it names.
    pub intent: String,
    /// Label of the button that sends it.
    pub submit_text: String,
    /// Shown while it is empty.
    pub placeholder: String,
    /// Where suggestions come from.
    pub endpoint: Endpoint,
    /// Attribute that keeps the value.
    pub attribute: String,
    /// A service that finds postal addresses, when an address is asked for.
    pub lookup: Option<Lookup>,
}

/// Where suggestions come from: called with what was typed so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Endpoint {
    /// Its address; may be relative.
    pub url: String,
    /// Parameters that never change.
    pub params: Vec<NamedValue>,
    /// Name of the parameter that carries what was typed.
    pub query_name: String,
}

/// A service that finds postal addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "service", rename_all = "snake_case")]
pub enum Lookup {
    /// Google's.
    Google {
        /// Key of the account.
        api_key: String,
    },
    /// Fetchify's.
    Fetchify {
        /// Key of the account.
        api_key: String,
        /// Whether a country is asked for first.
        fetch_countries: bool,
        /// Where an address is read.
        retrieve_url: String,
        /// Where countries are read.
        countries_url: String,
    },
}

/// A place to find.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Location {
    /// What is asked; HTML.
    pub text: String,
    /// Intent that sending it names.
    pub intent: String,
    /// Attribute that keeps the place.
    pub attribute: String,
    /// Key of the map service.
    pub api_key: String,
}

/// A document to sign.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Esign {
    /// What is said; HTML.
    pub text: String,
    /// Intent that signing names.
    pub intent: String,
    /// Attribute that keeps the signed document.
    pub attribute: String,
    /// Whether a drawn signature is asked for.
    pub signature: bool,
    /// Label of the button that sends it.
    pub submit_text: String,
    /// Label of the button that starts the signature again.
    pub resign_text: String,
    /// Label of the button that confirms.
    pub confirm_text: String,
    /// Label of the box to tick.
    pub checkbox_text: String,
    /// Label of the button that cancels.
    pub cancel_text: String,
    /// Intent that cancelling names.
    pub cancel_intent: String,
    /// The document; HTML.
    pub document_text: String,
    /// The document's title; HTML.
    pub document_title: String,
    /// Name of the file to make.
    pub file_name: String,
    /// Where to put it.
    pub file_path: String,
}

/// Files to send.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileUpload {
    /// What is said; HTML.
    pub text: String,
    /// Intent that sending names.
    pub intent: String,
    /// Label of the button that sends.
    pub submit_text: String,
    /// Intent that cancelling names.
    pub cancel_intent: String,
    /// Label of the button that cancels.
    pub cancel_text: String,
    /// Intent that a failed transfer names.
    pub error_intent: String,
    /// Whether several may be sent.
    pub multiple: bool,
    /// Greatest size of a file in bytes.
    pub max_bytes: Option<u64>,
    /// Endings of file names that are taken, without the dot, in lower case; all when empty.
    pub types: Vec<String>,
    /// Where to put them.
    pub base_path: String,
    /// Attribute that keeps the list of files.
    pub attribute: String,
}

/// A sound to play.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Audio {
    /// What it is; HTML.
    pub title: String,
    /// Its address.
    pub url: String,
}

/// The conversation goes to people.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HandOver {
    /// The system where the people are.
    pub system: String,
    /// What it is told, by name: texts for the visitor, the id of the configuration.
    pub details: Map<String, Value>,
}

impl HandOver {
    /// What the visitor is told; empty when nothing.
    pub fn text(&self) -> &str {
        self.details.get("handover_text").and_then(Value::as_str).unwrap_or_default()
    }
}

/// A long text to type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LongText {
    /// Label of the button that sends it.
    pub submit_text: String,
    /// Intent that sending it names.
    pub intent: String,
    /// What it holds at first.
    pub initial_text: String,
    /// Shown while it is empty.
    pub placeholder: String,
    /// Asked before it is sent.
    pub confirmation_text: String,
    /// Greatest length.
    pub character_limit: Option<u32>,
}

/// A content template of Twilio.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TwilioContent {
    /// Its id there; empty when known by name.
    pub sid: String,
    /// Its name there; empty when known by id.
    pub name: String,
    /// Values for its places.
    pub variables: Vec<NamedValue>,
}
