//! Networks as they stand in the configuration: a list, or a text with commas between.

use std::net::IpAddr;

use runtime::outbound::IpNet;
use serde::{Deserialize, Serialize};

/// Networks, each as `10.0.0.0/8`, or one address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Vec<String>")]
pub(crate) struct Networks(pub(crate) Vec<IpNet>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    List(Vec<String>),
    Text(String),
}

impl TryFrom<Written> for Networks {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let list = match written {
            Written::List(list) => list,
            Written::Text(text) => text.split(',').map(str::to_owned).collect(),
        };
        let texts = list.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
        texts.map(network).collect::<Result<_, _>>().map(Self)
    }
}

impl From<Networks> for Vec<String> {
    fn from(networks: Networks) -> Self {
        networks.0.iter().map(IpNet::to_string).collect()
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    network.ok_or_else(|| format!("`{text}` is no network: write 10.0.0.0/8, or one address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Networks, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_list_and_a_text_mean_the_same() {
        let list = read(r#"["127.0.0.0/8", "::1"]"#).unwrap();
        assert_eq!(list, read(r#""127.0.0.0/8, ::1""#).unwrap());
        assert_eq!(serde_json::to_string(&list).unwrap(), r#"["127.0.0.0/8","::1/128"]"#);
        assert_eq!(read(r#""""#).unwrap(), Networks::default());
        assert!(read(r#"["localhost"]"#).unwrap_err().to_string().contains("localhost"));
    }
}
