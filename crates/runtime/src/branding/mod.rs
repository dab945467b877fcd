//! How a tenant looks: its name for people, logos, colours (spec/dialai.md §15.1, rows DA-D1 to DA-D4).
//!
//! The branding is one small document, which is kept in memory; the logos' bytes are documents of their own.

mod colour;
mod picture;
mod slot;

use std::collections::BTreeMap;

use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Expect, Store, StoreError};

pub use colour::Colour;
pub use picture::{LARGEST_LOGO, Picture, PictureKind, too_large};
pub use slot::{Place, Slot, Variant};

use self::picture::StoredPicture;
use crate::documents::{DocumentError, Kind, Together, Versioned, now};

/// How many steps a palette has; their keys are 10, the darkest, to 160, the lightest.
const STEPS: u16 = 16;
/// The step that is the primary colour.
const PRIMARY: u16 = 80;
const LONGEST_NAME: usize = 200;

/// How a tenant looks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Branding {
    /// What people call the tenant; its own name when absent.
    pub display_name: Option<String>,
    /// Colours by step; the platform's when absent.
    pub palette: Option<Palette>,
    /// Logos by where they stand.
    logos: BTreeMap<Slot, Pair>,
    /// Addresses of pictures for destinations of hand-offs.
    pub handoff_icons: BTreeMap<String, String>,
}

/// A logo for each ground.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Pair {
    light: Option<Logo>,
    dark: Option<Logo>,
}

impl Branding {
    /// What is known of a logo.
    pub fn logo(&self, Place { slot, variant }: Place) -> Option<&Logo> {
        let pair = self.logos.get(&slot)?;
        match variant {
            Variant::Light => pair.light.as_ref(),
            Variant::Dark => pair.dark.as_ref(),
        }
    }

    fn logo_mut(&mut self, Place { slot, variant }: Place) -> &mut Option<Logo> {
        let pair = self.logos.entry(slot).or_default();
        match variant {
            Variant::Light => &mut pair.light,
            Variant::Dark => &mut pair.dark,
        }
    }
}

/// What is known of a logo without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logo {
    /// What it is.
    pub kind: PictureKind,
    /// In bytes.
    pub size: usize,
    /// Names the bytes.
    pub digest: String,
    /// When it was set.
    pub updated_at: Timestamp,
}

/// Sixteen colours, by step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Palette(BTreeMap<u16, String>);

impl Palette {
    /// Reads colours: exactly the keys `10`, `20` … `160`, each as `#rrggbb`.
    ///
    /// # Errors
    /// [`DocumentError::Invalid`], which names the key.
    pub fn read(colours: &BTreeMap<String, String>) -> Result<Self, DocumentError> {
        let mut palette = BTreeMap::new();
        for step in (1..=STEPS).map(|step| step * 10) {
            let field = format!("palette.{step}");
            let Some(colour) = colours.get(&step.to_string()) else {
                return Err(DocumentError::invalid(field, "it is missing: give all of 10, 20 … 160"));
            };
            if !is_colour(colour) {
                return Err(DocumentError::invalid(field, "write the colour as #rrggbb, in hexadecimal digits"));
            }
            palette.insert(step, colour.to_ascii_lowercase());
        }
        match colours.keys().find(|key| !palette.keys().any(|step| step.to_string() == **key)) {
            None => Ok(Self(palette)),
            Some(other) => Err(DocumentError::invalid(
                format!("palette.{other}"),
                "there is no such step: give 10, 20 … 160 and nothing else",
            )),
        }
    }

    /// The colours by step, the darkest first.
    pub fn colours(&self) -> &BTreeMap<u16, String> {
        &self.0
    }

    /// The primary colour, as `#rrggbb`.
    pub fn primary(&self) -> &str {
        // Kept by another version, it may lack the step or be something else: that must not get into a page.
        self.0.get(&PRIMARY).map(String::as_str).filter(|colour| is_colour(colour)).unwrap_or("#1f5fbf")
    }

    /// The colour of this palette that is nearest to the primary one and can be read as text on all these grounds.
    pub fn readable_on(&self, grounds: &[Colour]) -> Option<&str> {
        self.nearest(|colour| grounds.iter().all(|ground| colour.reads_on(*ground)))
    }

    /// A step beside the primary one, for what is pointed at: the text on it is the same and can be read.
    pub fn hovered(&self) -> &str {
        let ink = Colour::read(self.primary()).map(Colour::ink).and_then(Colour::read);
        let reads = |colour: Colour| ink.is_some_and(|ink| ink.reads_on(colour));
        let beside = [PRIMARY - 10, PRIMARY + 10].into_iter().filter_map(|step| self.0.get(&step));
        beside.map(String::as_str).find(|text| Colour::read(text).is_some_and(reads)).unwrap_or(self.primary())
    }

    /// The colour nearest to the primary one that fits; of two as near the darker.
    fn nearest(&self, fits: impl Fn(Colour) -> bool) -> Option<&str> {
        let mut steps: Vec<_> = self.0.iter().map(|(step, text)| (step.abs_diff(PRIMARY), text.as_str())).collect();
        steps.sort_by_key(|(distance, _)| *distance);
        steps.into_iter().map(|(_, text)| text).find(|text| Colour::read(text).is_some_and(&fits))
    }
}

fn is_colour(text: &str) -> bool {
    Colour::read(text).is_some()
}

/// Whether a text can be the address of a picture: `https` alone, because pages of people with rights show it.
fn is_picture_address(address: &str) -> bool {
    address.len() <= MAX_ADDRESS && url::Url::parse(address).is_ok_and(|url| url.scheme() == "https" && url.has_host())
}

/// Longest address of a picture, in bytes.
const MAX_ADDRESS: usize = 2_048;

/// What the branding is to be, but for the logos.
#[derive(Debug, Clone, Default)]
pub struct NewBranding {
    /// 1 to 200 characters; the tenant's own name when absent.
    pub display_name: Option<String>,
    /// Sixteen colours; the platform's when absent.
    pub palette: Option<BTreeMap<String, String>>,
    /// Pictures for destinations of hand-offs.
    pub handoff_icons: BTreeMap<String, String>,
}

/// The branding of tenants.
#[derive(Clone)]
pub struct Brandings {
    kind: Kind,
    logos: Kind,
}

const ID: &str = "branding";

impl Brandings {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        let kind = |name| Kind { store: store.clone(), name };
        Self { kind: kind("branding"), logos: kind("branding_logo") }
    }

    /// A tenant's branding.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, tenant: &TenantId) -> Result<Branding, DocumentError> {
        Ok(self.stored(tenant).await?.0)
    }

    async fn stored(&self, tenant: &TenantId) -> Result<(Branding, Expect), DocumentError> {
        Ok(match self.kind.get::<Branding>(tenant, ID).await? {
            Some(Versioned { value, version, .. }) => (value, Expect::Version(version)),
            None => (Branding::default(), Expect::New),
        })
    }

    /// The destinations to which transcripts were handed off: those that can have an icon (row DA-D4).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn handoff_destinations(&self, tenant: &TenantId) -> Result<Vec<String>, DocumentError> {
        Ok(self.kind.store.tenant(tenant).destinations().await?)
    }

    /// Replaces name, colours and icons; the logos stay.
    ///
    /// # Errors
    /// [`DocumentError::Invalid`], which names the field; or when somebody else changes it at the same moment.
    pub async fn put(&self, tenant: &TenantId, new: NewBranding) -> Result<Branding, DocumentError> {
        let display_name = new.display_name.as_deref().map(checked_name).transpose()?;
        let palette = new.palette.as_ref().map(Palette::read).transpose()?;
        let (before, expect) = self.stored(tenant).await?;
        let mut destinations = self.handoff_destinations(tenant).await?;
        // One that was seen stays known, though nothing is handed to it any more.
        destinations.extend(before.handoff_icons.keys().cloned());
        if let Some((destination, _)) = new.handoff_icons.iter().find(|(_, address)| !is_picture_address(address)) {
            return Err(DocumentError::invalid(
                format!("handoff_icons.{destination}"),
                "the address of a picture: https://…, at most 2048 characters",
            ));
        }
        if let Some(unknown) = new.handoff_icons.keys().find(|destination| !destinations.contains(*destination)) {
            return Err(DocumentError::invalid(
                format!("handoff_icons.{unknown}"),
                "no transcript was handed off to this destination: only those that were can have an icon",
            ));
        }
        let branding = Branding { display_name, palette, handoff_icons: new.handoff_icons, ..before };
        self.kind.put(tenant, ID, &branding, &[], expect).await?;
        Ok(branding)
    }

    /// A logo with its bytes.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn picture(&self, tenant: &TenantId, place: Place) -> Result<Option<Picture>, DocumentError> {
        let Some(stored) = self.logos.get::<StoredPicture>(tenant, &place.id()).await? else { return Ok(None) };
        let unreadable = || StoreError::Corrupt { what: "logo", problem: "it is no base64: set it again".to_owned() };
        Ok(Some(stored.value.picture().ok_or_else(unreadable)?))
    }

    /// Sets a logo.
    ///
    /// # Errors
    /// When the store fails, or somebody else changes the branding at the same moment.
    pub async fn put_logo(
        &self,
        tenant: &TenantId,
        place: Place,
        picture: &Picture,
    ) -> Result<Branding, DocumentError> {
        let (mut branding, expect) = self.stored(tenant).await?;
        let (kind, size, digest) = (picture.kind, picture.bytes.len(), picture.digest());
        *branding.logo_mut(place) = Some(Logo { kind, size, digest, updated_at: now() });
        let mut together = Together::default();
        // Old pictures are not worth their room.
        together.put_without_past(&self.logos, &place.id(), &StoredPicture::from(picture), Expect::Any)?;
        together.put(&self.kind, ID, &branding, &[], expect)?;
        together.write(&self.kind.store.tenant(tenant)).await?;
        Ok(branding)
    }

    /// Deletes a logo.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], or when somebody else changes the branding at the same moment.
    pub async fn delete_logo(&self, tenant: &TenantId, place: Place) -> Result<Branding, DocumentError> {
        let (mut branding, expect) = self.stored(tenant).await?;
        if branding.logo_mut(place).take().is_none() {
            return Err(DocumentError::not_found("logo", place.id()));
        }
        self.kind.put(tenant, ID, &branding, &[], expect).await?;
        self.logos.discard(tenant, &place.id()).await?;
        Ok(branding)
    }
}

fn checked_name(name: &str) -> Result<String, DocumentError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains(char::is_control) {
        let complaint = format!("use 1 to {LONGEST_NAME} characters, none of them a control character");
        return Err(DocumentError::invalid("display_name", complaint));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colours() -> BTreeMap<String, String> {
        (1..=STEPS).map(|step| ((step * 10).to_string(), format!("#0000{step:02X}"))).collect()
    }

    #[test]
    fn da_d03_a_palette_has_exactly_its_sixteen_steps() {
        let palette = Palette::read(&colours()).expect("sixteen colours");
        let steps: Vec<u16> = palette.colours().keys().copied().collect();
        assert_eq!(steps, (1..=16).map(|step| step * 10).collect::<Vec<u16>>());
        assert_eq!(palette.primary(), "#000008");
        let stored = serde_json::to_value(&palette).expect("JSON");
        assert_eq!(serde_json::from_value::<Palette>(stored).expect("what was stored"), palette);

        let complaint = |change: &dyn Fn(&mut BTreeMap<String, String>)| {
            let mut changed = colours();
            change(&mut changed);
            Palette::read(&changed).expect_err("it is none").to_string()
        };
        let missing = complaint(&|colours| drop(colours.remove("160")));
        assert!(missing.starts_with("palette.160: "), "{missing}");
        let more = complaint(&|colours| drop(colours.insert("170".to_owned(), "#000000".to_owned())));
        assert!(more.starts_with("palette.170: "), "{more}");
        for wrong in ["red", "#fff", "#gggggg", "000000", "#0000000", "#00000;"] {
            let said = complaint(&|colours| drop(colours.insert("80".to_owned(), wrong.to_owned())));
            assert!(said.starts_with("palette.80: "), "{wrong}: {said}");
        }
    }

    /// Greys, from the darkest to the lightest.
    fn greys() -> BTreeMap<String, String> {
        (1..=STEPS).map(|step| ((step * 10).to_string(), format!("#{0:02x}{0:02x}{0:02x}", (step - 1) * 17))).collect()
    }

    #[test]
    fn da_d03_text_takes_the_nearest_colour_that_can_be_read() {
        let palette = Palette::read(&greys()).expect("sixteen colours");
        let ground = |text| Colour::read(text).expect("a colour");
        assert_eq!(palette.primary(), "#777777");
        // On white the primary colour is a little too light; on black it can be read.
        assert_eq!(palette.readable_on(&[ground("#ffffff")]), Some("#666666"));
        assert_eq!(palette.readable_on(&[ground("#000000")]), Some("#777777"));
        assert_eq!(palette.readable_on(&[ground("#1d2230")]), Some("#999999"));
        assert_eq!(palette.readable_on(&[ground("#ffffff"), ground("#000000")]), None);
        // Black stands on it, so what is pointed at becomes lighter.
        assert_eq!((ground(palette.primary()).ink(), palette.hovered()), ("#000000", "#888888"));
    }

    #[test]
    fn da_d02_logos_are_kept_apart_and_come_back_from_their_document() {
        let mut branding = Branding::default();
        let places: Vec<Place> =
            Slot::ALL.into_iter().flat_map(|slot| Variant::ALL.map(|variant| Place { slot, variant })).collect();
        for (size, place) in places.iter().enumerate() {
            let (kind, digest) = (PictureKind::Png, place.id());
            *branding.logo_mut(*place) = Some(Logo { kind, size, digest, updated_at: now() });
        }
        let stored = serde_json::to_value(&branding).expect("JSON");
        let read: Branding = serde_json::from_value(stored).expect("what was stored");
        for (size, place) in places.iter().enumerate() {
            assert_eq!(read.logo(*place).map(|logo| logo.size), Some(size), "{place:?}");
        }
    }

    #[test]
    fn da_d01_a_name_is_one_line() {
        assert_eq!(checked_name(" The Lighthouse Inn ").expect("a name"), "The Lighthouse Inn");
        for wrong in ["", "  ", "a\nb", &"x".repeat(201)] {
            assert!(checked_name(wrong).is_err(), "{wrong}");
        }
    }
}
