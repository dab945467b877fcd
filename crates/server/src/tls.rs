//! TLS by file: a certificate and its key in PEM, looked at again while the server runs, so that a renewed
//! certificate is served without a restart.
//!
//! Invariant: there is always a certificate to serve with. Files that cannot be used leave the last one in use.

use std::{
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use parking_lot::{Mutex, RwLock};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(10);
/// Longest time to come to terms with a client.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The first byte of a TLS record that begins a handshake (RFC 8446 §5.1).
const HANDSHAKE_RECORD: u8 = 22;

/// Where certificate and key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those that lead to its authority, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or has nothing of its kind.
    #[error("{}: {problem}", .file.display())]
    File {
        /// Which one.
        file: PathBuf,
        /// What is wrong.
        problem: pem::Error,
    },
    /// There is no certificate in the file.
    #[error("{}: there is no certificate in it", .0.display())]
    NoCertificate(PathBuf),
    /// They are not a pair, or not usable.
    #[error("the certificate cannot be used with its key: {0}")]
    Unusable(#[from] rustls::Error),
}

/// When the files were last changed; none while one of them is not there.
type Changed = Option<(SystemTime, SystemTime)>;

/// What makes connections of sockets.
pub(crate) struct Tls {
    files: TlsFiles,
    current: RwLock<Arc<ServerConfig>>,
    /// The files that were looked at last.
    seen: Mutex<Changed>,
}

impl Tls {
    pub(crate) fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let seen = changed(&files);
        let current = RwLock::new(Arc::new(read(&files)?));
        Ok(Self { files, current, seen: Mutex::new(seen) })
    }

    /// Looks at the files now and then, until told to stop.
    pub(crate) async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let mut every = tokio::time::interval(EVERY);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = every.tick() => {}
            }
            let tls = self.clone();
            let looked = tokio::task::spawn_blocking(move || tls.refresh()).await;
            match looked {
                Ok(Ok(true)) => tracing::info!("the certificate was changed; the new one is served"),
                Ok(Ok(false)) => {}
                Ok(Err(error)) => tracing::warn!(%error, "the certificate was changed; the last one stays in use"),
                Err(error) => tracing::warn!(%error, "the certificate cannot be looked at"),
            }
        }
    }

    /// Reads the files again if they changed; says whether they did.
    fn refresh(&self) -> Result<bool, TlsError> {
        let now = changed(&self.files);
        let mut seen = self.seen.lock();
        if *seen == now {
            return Ok(false);
        }
        // Half of a pair may be written yet: the other half is a change of its own.
        *seen = now;
        *self.current.write() = Arc::new(read(&self.files)?);
        Ok(true)
    }

    /// Comes to terms with a client; none with one that cannot or takes too long.
    pub(crate) async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let acceptor = TlsAcceptor::from(self.current.read().clone());
        let accept = async {
            let mut first = [0_u8];
            if stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE_RECORD {
                send_away(&stream).await?;
                return Ok(None);
            }
            acceptor.accept(stream).await.map(Some)
        };
        let accepted: Result<io::Result<_>, _> = tokio::time::timeout(HANDSHAKE, accept).await;
        match accepted {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::debug!(%error, "no TLS with a client");
                None
            }
            Err(_) => {
                tracing::debug!("a client took too long for its TLS");
                None
            }
        }
    }
}

/// Tells who speaks plain http what is spoken here.
async fn send_away(stream: &TcpStream) -> io::Result<()> {
    const ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 29\r\n\
                            connection: close\r\n\r\nThis port speaks https only.\n";
    // What was sent is read first: closing with something unread would take the answer back.
    let mut sent = [0; 4096];
    let _ = stream.try_read(&mut sent);
    stream.writable().await?;
    stream.try_write(ANSWER).map(drop)
}

fn changed(files: &TlsFiles) -> Changed {
    let of = |file: &PathBuf| file.metadata().and_then(|metadata| metadata.modified()).ok();
    Some((of(&files.certificate)?, of(&files.key)?))
}

fn read(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let TlsFiles { certificate, key } = files;
    let wrong = |file: &PathBuf| {
        let file = file.clone();
        move |problem| TlsError::File { file, problem }
    };
    let chain = CertificateDer::pem_file_iter(certificate).and_then(|found| found.collect::<Result<Vec<_>, _>>());
    let chain = chain.map_err(wrong(certificate))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(certificate.clone()));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(wrong(key))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions()?.with_no_client_auth();
    let mut config = config.with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    const CERTIFICATE: &str = include_str!("../../../tests/certificates/server.pem");
    const KEY: &str = include_str!("../../../tests/certificates/server-key.pem");
    /// Another pair, in one file.
    const OTHER: &str = include_str!("../../../tests/certificates/client.pem");

    /// Writes a file, and makes it look as if that were so many seconds from now.
    fn write(file: &Path, content: &str, seconds: u64) {
        fs::write(file, content).expect("it is written");
        let at = SystemTime::now() + Duration::from_secs(seconds);
        fs::File::options().write(true).open(file).and_then(|file| file.set_modified(at)).expect("it is set");
    }

    #[test]
    fn a_renewed_certificate_is_served_and_half_of_a_pair_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = TlsFiles { certificate: folder.path().join("chain.pem"), key: folder.path().join("key.pem") };
        write(&files.certificate, CERTIFICATE, 0);
        write(&files.key, KEY, 0);
        let tls = Tls::load(files.clone()).unwrap_or_else(|error| panic!("{error}"));
        let first = tls.current.read().clone();
        assert!(matches!(tls.refresh(), Ok(false)), "nothing changed");

        write(&files.certificate, OTHER, 10);
        assert!(matches!(tls.refresh(), Err(TlsError::Unusable(_))), "the key is still the old one");
        assert!(Arc::ptr_eq(&first, &tls.current.read()), "the last one stays in use");
        assert!(matches!(tls.refresh(), Ok(false)), "it is not tried again before something changes");

        write(&files.key, OTHER, 20);
        assert!(matches!(tls.refresh(), Ok(true)));
        assert!(!Arc::ptr_eq(&first, &tls.current.read()));
        fs::remove_file(&files.key).expect("it is removed");
        assert!(matches!(tls.refresh(), Err(TlsError::File { .. })));
    }

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let (good, empty) = (folder.path().join("good.pem"), folder.path().join("empty.pem"));
        write(&good, OTHER, 0);
        write(&empty, "", 0);
        let load = |certificate: &PathBuf, key: &PathBuf| {
            Tls::load(TlsFiles { certificate: certificate.clone(), key: key.clone() }).map(drop)
        };
        assert!(load(&good, &good).is_ok());
        assert!(matches!(load(&empty, &good), Err(TlsError::NoCertificate(file)) if file == empty));
        assert!(matches!(load(&good, &empty), Err(TlsError::File { file, .. }) if file == empty));
        assert!(load(&folder.path().join("none.pem"), &good).is_err());
    }
}
