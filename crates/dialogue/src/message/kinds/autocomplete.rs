//! `<autocomplete-message>` (§4.2.8), with or without a service that finds postal addresses.

use model::message::{Autocomplete, Body, Endpoint, Lookup};

use super::{BodyTemplate, Kind, twilio_content};
use crate::{
    expression::Scope,
    message::{
        field::{Address, Label, Switch, Text},
        reading::Reader,
    },
};

pub(super) const KIND: Kind = Kind::new("autocomplete-message", read).last();

#[derive(Debug)]
struct AutocompleteTemplate {
    title: Label,
    intent: Text,
    submit_text: Label,
    placeholder: Text,
    endpoint: Option<EndpointTemplate>,
    attribute: Text,
    google: Option<Text>,
    fetchify: Option<Fetchify>,
}

#[derive(Debug)]
struct EndpointTemplate {
    url: Address,
    params: Vec<(Text, Text)>,
    query_name: Text,
}

#[derive(Debug)]
struct Fetchify {
    api_key: Text,
    fetch_countries: Switch,
    retrieve_url: Address,
    countries_url: Address,
}

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    reader.structured();
    for name in ["title", "callback", "submit_text", "attribute_name"] {
        reader.require(name, &format!("Autocomplete messages must have \"{name}\""));
    }
    let google = reader.one("google", |google| api_key(google));
    if !reader.has("options-endpoint") && google.is_none() {
        reader.require("options-endpoint", "Autocomplete messages must have \"options-endpoint\"");
    }
    Box::new(AutocompleteTemplate {
        title: reader.label("title"),
        intent: reader.text("callback"),
        submit_text: reader.label("submit_text"),
        placeholder: reader.text("placeholder"),
        endpoint: reader.one("options-endpoint", endpoint),
        attribute: reader.text("attribute_name"),
        google,
        fetchify: reader.one("fetchify", fetchify),
    })
}

fn endpoint(reader: &mut Reader<'_, '_>) -> EndpointTemplate {
    reader.structured().require("query-param-name", "Autocomplete messages must have \"query-param-name\"");
    EndpointTemplate {
        url: reader.address("url"),
        params: reader.one("params", |params| twilio_content::pairs(params.structured(), "param")).unwrap_or_default(),
        query_name: reader.text("query-param-name"),
    }
}

fn api_key(reader: &mut Reader<'_, '_>) -> Text {
    reader.attribute("api_key").unwrap_or(Text::Fixed("".into()))
}

fn fetchify(reader: &mut Reader<'_, '_>) -> Fetchify {
    let mut url = |name: &str, known: &str| Address::new(reader.attribute(name).unwrap_or(Text::Fixed(known.into())));
    let retrieve_url = url("retrieve_endpoint_url", "https://api.craftyclicks.co.uk/address/1.1/retrieve");
    let countries_url = url("countries_endpoint_url", "https://api.craftyclicks.co.uk/address/1.1/countries");
    Fetchify {
        api_key: api_key(reader),
        fetch_countries: reader.switch_attribute("fetch_countries", false),
        retrieve_url,
        countries_url,
    }
}

impl BodyTemplate for AutocompleteTemplate {
    fn fill(&self, scope: &dyn Scope) -> Body {
        let endpoint = self.endpoint.as_ref().map(|endpoint| Endpoint {
            url: endpoint.url.fill(scope),
            params: twilio_content::fill_pairs(&endpoint.params, scope),
            query_name: endpoint.query_name.fill(scope),
        });
        let google = self.google.as_ref().map(|key| Lookup::Google { api_key: key.fill(scope) });
        let fetchify = self.fetchify.as_ref().map(|fetchify| Lookup::Fetchify {
            api_key: fetchify.api_key.fill(scope),
            fetch_countries: fetchify.fetch_countries.fill(scope),
            retrieve_url: fetchify.retrieve_url.fill(scope),
            countries_url: fetchify.countries_url.fill(scope),
        });
        Body::Autocomplete(Autocomplete {
            title: self.title.fill(scope),
            intent: self.intent.fill(scope),
            submit_text: self.submit_text.fill(scope),
            placeholder: self.placeholder.fill(scope),
            endpoint: endpoint.unwrap_or_default(),
            attribute: self.attribute.fill(scope),
            lookup: google.or(fetchify),
        })
    }
}
