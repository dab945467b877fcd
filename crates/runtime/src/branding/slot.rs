//! Where a logo stands, and on which ground (spec/dialai.md §15.1).

use serde::{Deserialize, Serialize};

/// Where a logo stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// At the head of the pages for those who run the tenant.
    ApplicationHeader,
    /// In the head of the chat.
    ChatHeaderIcon,
    /// At the head of the bar beside the chat.
    SidebarHeaderLogo,
}

impl Slot {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ApplicationHeader, Self::ChatHeaderIcon, Self::SidebarHeaderLogo];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApplicationHeader => "application_header",
            Self::ChatHeaderIcon => "chat_header_icon",
            Self::SidebarHeaderLogo => "sidebar_header_logo",
        }
    }
}

/// Which of a slot's two pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// On a light ground.
    Light,
    /// On a dark ground.
    Dark,
}

impl Variant {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// One picture of six.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Where it stands.
    pub slot: Slot,
    /// On which ground.
    pub variant: Variant,
}

impl Place {
    /// The one of these names.
    pub fn named(slot: &str, variant: &str) -> Option<Self> {
        let slot = Slot::ALL.into_iter().find(|one| one.as_str() == slot)?;
        let variant = Variant::ALL.into_iter().find(|one| one.as_str() == variant)?;
        Some(Self { slot, variant })
    }

    /// What its bytes are stored under.
    pub(super) fn id(self) -> String {
        format!("{}.{}", self.slot.as_str(), self.variant.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn da_d02_six_pictures_each_with_a_name_of_its_own() {
        let mut ids = Vec::new();
        for slot in Slot::ALL {
            // What stands in a document is what stands in an address.
            assert_eq!(serde_json::to_value(slot).expect("JSON"), slot.as_str());
            for variant in Variant::ALL {
                let place = Place::named(slot.as_str(), variant.as_str()).expect("it is named");
                assert_eq!(place, Place { slot, variant });
                ids.push(place.id());
            }
        }
        ids.dedup();
        assert_eq!(ids.len(), 6);
        for (slot, variant) in
            [("", "light"), ("application_header", ""), ("light", "application_header"), ("x", "dark")]
        {
            assert_eq!(Place::named(slot, variant), None);
        }
    }
}
