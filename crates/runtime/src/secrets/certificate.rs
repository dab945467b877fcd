//! Reading certificate files: PEM (with or without its key), DER, PKCS#12 (spec/opendialog.md §3.1.1,
//! row OD-C10).
//!
//! What a file is, its content tells; names of files lie. Reads whatever strangers send, and works as
//! hard as [`MAX_ROUNDS`] for it: call it where nobody waits.

use model::Timestamp;
use p12_keystore::{Pkcs12Archive, error::Error as Pkcs12Error};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use x509_parser::{certificate::X509Certificate, pem::Pem};

use crate::documents::DocumentError;

/// Rounds that are spent on making a key of a password. PKCS#12 files have the same bound in the
/// library that reads them.
const MAX_ROUNDS: u32 = 1_000_000;
/// Characters that are shown of a distinguished name.
const LONGEST_NAME: usize = 500;

/// What may be seen of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// How the file is written.
    pub format: Format,
    /// What the file was called where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// The secret string that opens the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Whether the private key is in the file too.
    pub private_key: bool,
    /// SHA-256 of the certificate in DER: hexadecimal, with colons.
    pub fingerprint: String,
    /// Whose it is.
    pub subject: String,
    /// Who vouches for it.
    pub issuer: String,
    /// Serial number: hexadecimal, with colons.
    pub serial: String,
    /// When it begins to be good.
    pub not_before: Timestamp,
    /// When it stops to be good.
    pub not_after: Timestamp,
}

/// How a certificate file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// `-----BEGIN CERTIFICATE-----`.
    Pem,
    /// One certificate, as bytes.
    Der,
    /// Certificates and keys behind a password.
    Pkcs12,
}

impl Format {
    /// The word for it on the wire and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pem => "pem",
            Self::Der => "der",
            Self::Pkcs12 => "pkcs12",
        }
    }
}

/// Why a file cannot be kept as a certificate. None of the texts quotes the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum CertificateError {
    #[error("it is no certificate: send a PEM, DER or PKCS#12 file as it is, without changing it")]
    Unreadable,
    #[error(
        "a block of the PEM file is broken: between its BEGIN and END lines there must be base64 and nothing else; \
         write a key that begins with `Proc-Type` anew with `openssl pkcs8 -topk8`"
    )]
    BrokenPem,
    #[error("it holds a key and no certificate: put both into one PEM or PKCS#12 file")]
    KeyAlone,
    #[error("it is behind a password: make a secret string of the password, and name it here")]
    PasswordMissing,
    #[error("the secret string that is named does not open the file")]
    PasswordWrong,
    #[error(
        "its key is encrypted in a way that is not understood: use PKCS#12, or PBES2 with PBKDF2, HMAC-SHA-256, AES \
         and at most a million rounds, as `openssl pkcs8 -topk8` does"
    )]
    Encryption,
}

impl CertificateError {
    fn field(self) -> &'static str {
        match self {
            Self::PasswordMissing | Self::PasswordWrong => "password",
            Self::Unreadable | Self::BrokenPem | Self::KeyAlone | Self::Encryption => "file",
        }
    }
}

impl From<CertificateError> for DocumentError {
    fn from(error: CertificateError) -> Self {
        Self::invalid(error.field(), error.to_string())
    }
}

/// Reads a file, and opens with the password what is behind one. The names of file and password are
/// left for the caller to fill in.
pub(super) fn read(file: &[u8], password: Option<&str>) -> Result<Certificate, CertificateError> {
    if is_pem(file) {
        read_pem(file, password)
    } else if let Some(certificate) = parse(file) {
        Ok(describe(&certificate, file, Format::Der, false))
    } else if PrivateKeyInfoRef::try_from(file).is_ok() || EncryptedPrivateKeyInfoRef::try_from(file).is_ok() {
        Err(CertificateError::KeyAlone)
    } else {
        read_pkcs12(file, password)
    }
}

fn is_pem(file: &[u8]) -> bool {
    const BEGIN: &[u8] = b"-----BEGIN ";
    file.windows(BEGIN.len()).any(|window| window == BEGIN)
}

/// One certificate and nothing after it.
fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    match x509_parser::parse_x509_certificate(der) {
        Ok(([], certificate)) => Some(certificate),
        _ => None,
    }
}

/// The first certificate is whose the file is; those after it vouch for it.
fn read_pem(file: &[u8], password: Option<&str>) -> Result<Certificate, CertificateError> {
    let (mut first, mut private_key) = (None, false);
    for block in Pem::iter_from_buffer(file) {
        let block = block.map_err(|_| CertificateError::BrokenPem)?;
        match block.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" => {
                let certificate = parse(&block.contents).ok_or(CertificateError::Unreadable)?;
                first.get_or_insert_with(|| describe(&certificate, &block.contents, Format::Pem, false));
            }
            "ENCRYPTED PRIVATE KEY" => {
                open_key(&block.contents, password)?;
                private_key = true;
            }
            "PRIVATE KEY" => {
                PrivateKeyInfoRef::try_from(block.contents.as_slice()).map_err(|_| CertificateError::Unreadable)?;
                private_key = true;
            }
            label if label.ends_with("PRIVATE KEY") => private_key = true,
            // Parameters, requests and the like mean nothing here.
            _ => {}
        }
    }
    match first {
        Some(first) => Ok(Certificate { private_key, ..first }),
        None if private_key => Err(CertificateError::KeyAlone),
        None => Err(CertificateError::Unreadable),
    }
}

/// Makes sure that a password opens an encrypted key.
fn open_key(der: &[u8], password: Option<&str>) -> Result<(), CertificateError> {
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| CertificateError::Unreadable)?;
    let password = password.ok_or(CertificateError::PasswordMissing)?;
    let derivation = encrypted.encryption_algorithm.pbes2().and_then(|parameters| parameters.kdf.pbkdf2());
    if derivation.is_none_or(|derivation| derivation.iteration_count > MAX_ROUNDS) {
        return Err(CertificateError::Encryption);
    }
    match encrypted.decrypt(password) {
        // What a wrong password makes of it looks like padding now and then, but not like a key.
        Ok(key) if PrivateKeyInfoRef::try_from(key.as_bytes()).is_ok() => Ok(()),
        Err(pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. })) => {
            Err(CertificateError::Encryption)
        }
        Ok(_) | Err(_) => Err(CertificateError::PasswordWrong),
    }
}

/// The certificate that belongs to the key, else the first.
fn read_pkcs12(file: &[u8], password: Option<&str>) -> Result<Certificate, CertificateError> {
    let archive = Pkcs12Archive::from_pkcs12(file, password.unwrap_or_default()).map_err(|error| match error {
        // With these words of its own it says that it knows no such cipher; all else is a wrong password.
        Pkcs12Error::Pkcs5Error(text) if text.contains("unsupported") => CertificateError::Encryption,
        Pkcs12Error::MacError(_) | Pkcs12Error::UnpadError | Pkcs12Error::Pkcs5Error(_) => match password {
            Some(_) => CertificateError::PasswordWrong,
            None => CertificateError::PasswordMissing,
        },
        Pkcs12Error::InvalidParameters
        | Pkcs12Error::UnsupportedEncryptionScheme
        | Pkcs12Error::UnsupportedMacAlgorithm => CertificateError::Encryption,
        _ => CertificateError::Unreadable,
    })?;
    let of_key = archive.certs.iter().find(|certificate| {
        let id = certificate.local_key_id.as_deref();
        id.is_some() && archive.keys.iter().any(|key| key.local_key_id.as_ref().map(|own| own.0.as_slice()) == id)
    });
    let Some(bag) = of_key.or(archive.certs.first()) else {
        let empty = archive.keys.is_empty();
        return Err(if empty { CertificateError::Unreadable } else { CertificateError::KeyAlone });
    };
    let der = bag.cert.as_der();
    let certificate = parse(der).ok_or(CertificateError::Unreadable)?;
    Ok(describe(&certificate, der, Format::Pkcs12, !archive.keys.is_empty()))
}

fn describe(certificate: &X509Certificate<'_>, der: &[u8], format: Format, private_key: bool) -> Certificate {
    let validity = certificate.validity();
    Certificate {
        format,
        file_name: None,
        password: None,
        private_key,
        fingerprint: colons(&Sha256::digest(der)),
        subject: shown(&certificate.subject().to_string()),
        issuer: shown(&certificate.issuer().to_string()),
        serial: colons(certificate.raw_serial()),
        not_before: Timestamp::from_seconds(validity.not_before.timestamp()),
        not_after: Timestamp::from_seconds(validity.not_after.timestamp()),
    }
}

/// `0A:FF:…`
fn colons(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    digits.join(":")
}

/// A name in one line that is not too long.
fn shown(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    const PEM: &str = include_str!("../../../../tests/certificates/client.pem");
    const LOCKED: &str = include_str!("../../../../tests/certificates/locked.pem");
    const PKCS12: &str = include_str!("../../../../tests/certificates/client.p12.base64");
    const LEGACY: &str = include_str!("../../../../tests/certificates/legacy.p12.base64");
    const PASSWORD: Option<&str> = Some("open-sesame");

    fn bytes(base64: &str) -> Vec<u8> {
        STANDARD.decode(base64.split_whitespace().collect::<String>()).expect("a fixture is base64")
    }

    /// The certificate and the key of the plain file.
    fn halves() -> (&'static str, &'static str) {
        PEM.split_at(PEM.find("-----BEGIN PRIVATE KEY").expect("the key comes second"))
    }

    fn der() -> Vec<u8> {
        Pem::iter_from_buffer(PEM.as_bytes()).next().expect("a block").expect("it is sound").contents
    }

    fn expected(format: Format, private_key: bool) -> Certificate {
        let name = "C=GB, O=Lighthouse Inn, CN=client.example".to_owned();
        Certificate {
            format,
            file_name: None,
            password: None,
            private_key,
            fingerprint:
                "86:84:2E:35:9D:C3:3D:F5:5E:DB:C0:86:48:DF:62:BA:40:3B:8F:E1:DA:8E:21:2F:5B:12:D2:60:2F:EC:FE:00"
                    .to_owned(),
            subject: name.clone(),
            issuer: name,
            serial: "01:02:03:04:05".to_owned(),
            not_before: Timestamp::from_seconds(1_795_642_962),
            not_after: Timestamp::from_seconds(4_906_042_962),
        }
    }

    #[test]
    fn od_c10_every_form_shows_the_same_certificate() {
        let read = |file: &[u8], password| read(file, password).expect("it is read");
        assert_eq!(read(PEM.as_bytes(), None), expected(Format::Pem, true));
        assert_eq!(read(halves().0.as_bytes(), PASSWORD), expected(Format::Pem, false));
        assert_eq!(read(PEM.replace('\n', "\r\n").as_bytes(), None), expected(Format::Pem, true));
        assert_eq!(read(LOCKED.as_bytes(), PASSWORD), expected(Format::Pem, true));
        assert_eq!(read(&der(), None), expected(Format::Der, false));
        for pkcs12 in [PKCS12, LEGACY] {
            assert_eq!(read(&bytes(pkcs12), PASSWORD), expected(Format::Pkcs12, true));
        }
    }

    #[test]
    fn od_c10_a_password_that_is_wrong_or_missing_is_told_apart() {
        for file in [LOCKED.as_bytes().to_vec(), bytes(PKCS12), bytes(LEGACY)] {
            assert_eq!(read(&file, None), Err(CertificateError::PasswordMissing));
            for wrong in ["", "open sesame", "Open-Sesame"] {
                assert_eq!(read(&file, Some(wrong)), Err(CertificateError::PasswordWrong));
            }
        }
    }

    #[test]
    fn od_c10_a_key_needs_its_certificate() {
        let key = Pem::iter_from_buffer(PEM.as_bytes()).nth(1).expect("a block").expect("it is sound").contents;
        assert_eq!(read(halves().1.as_bytes(), None), Err(CertificateError::KeyAlone));
        assert_eq!(read(&key, None), Err(CertificateError::KeyAlone));
    }

    #[test]
    fn od_c10_what_is_broken_is_refused() {
        let (certificate, key) = halves();
        let half = &certificate[..certificate.len() / 2];
        assert_eq!(read(half.as_bytes(), None), Err(CertificateError::BrokenPem));
        assert_eq!(read(PEM.replace("MII", "M*I").as_bytes(), None), Err(CertificateError::BrokenPem));
        let mixed = format!("{certificate}{}", key.replace("PRIVATE KEY", "CERTIFICATE"));
        assert_eq!(read(mixed.as_bytes(), None), Err(CertificateError::Unreadable));
        let (mut longer, mut shorter) = (der(), bytes(PKCS12));
        longer.push(0);
        shorter.truncate(200);
        for other in [Vec::new(), b"hello".to_vec(), vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff], longer, shorter] {
            assert_eq!(read(&other, None), Err(CertificateError::Unreadable));
        }
    }

    #[test]
    fn no_cut_of_a_file_is_more_than_an_error() {
        for whole in [der(), bytes(PKCS12), bytes(LEGACY), LOCKED.as_bytes().to_vec()] {
            for end in (0..whole.len()).step_by(7) {
                assert!(read(&whole[..end], PASSWORD).is_err() || is_pem(&whole[..end]));
            }
        }
    }
}
