//! Logos as files: what they are, their first bytes tell (row DA-D2).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::documents::DocumentError;

/// Bytes of a logo, at most.
pub const LARGEST_LOGO: usize = 2 << 20;

/// What a logo is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureKind {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
}

impl PictureKind {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if bytes.starts_with(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else {
            None
        }
    }
}

/// A logo with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What it is.
    pub kind: PictureKind,
    /// The file.
    pub bytes: Vec<u8>,
}

impl Picture {
    /// Reads a file.
    ///
    /// # Errors
    /// [`DocumentError::Invalid`] under `field` when it is too large, or neither PNG nor JPEG.
    pub fn read(field: &str, bytes: Vec<u8>) -> Result<Self, DocumentError> {
        if bytes.len() > LARGEST_LOGO {
            return Err(too_large(field));
        }
        match PictureKind::of(&bytes) {
            Some(kind) => Ok(Self { kind, bytes }),
            None => Err(DocumentError::invalid(field, "it is neither PNG nor JPEG: send a file of one of these")),
        }
    }

    /// Names the bytes: the start of their SHA-256, hexadecimal.
    pub(super) fn digest(&self) -> String {
        hex::encode(&Sha256::digest(&self.bytes)[..16])
    }
}

/// What is said of a file that is too large.
pub fn too_large(field: &str) -> DocumentError {
    DocumentError::invalid(field, format!("it is larger than {LARGEST_LOGO} bytes: send a smaller picture"))
}

/// A logo as it is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredPicture {
    kind: PictureKind,
    /// Base64, since documents are text.
    bytes: String,
}

impl From<&Picture> for StoredPicture {
    fn from(picture: &Picture) -> Self {
        Self { kind: picture.kind, bytes: STANDARD.encode(&picture.bytes) }
    }
}

impl StoredPicture {
    pub(super) fn picture(&self) -> Option<Picture> {
        Some(Picture { kind: self.kind, bytes: STANDARD.decode(&self.bytes).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn da_d02_the_first_bytes_tell_what_a_picture_is() {
        let read = |bytes: &[u8]| Picture::read("file", bytes.to_vec()).map(|picture| picture.kind).ok();
        assert_eq!(read(b"\x89PNG\r\n\x1a\n..."), Some(PictureKind::Png));
        assert_eq!(read(b"\xff\xd8\xff\xe0..."), Some(PictureKind::Jpeg));
        for other in [&b"GIF89a..."[..], b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG", b"RIFF....WEBP"]
        {
            assert_eq!(read(other), None, "{other:?}");
        }
    }

    #[test]
    fn da_d02_two_megabytes_fit_and_no_more() {
        let mut bytes = b"\xff\xd8\xff".to_vec();
        bytes.resize(LARGEST_LOGO, 0);
        assert!(Picture::read("file", bytes.clone()).is_ok());
        bytes.push(0);
        let said = Picture::read("file", bytes).err().map(|error| error.to_string());
        assert!(said.is_some_and(|said| said.starts_with("file: ")));
    }
}
