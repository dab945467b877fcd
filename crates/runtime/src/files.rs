//! Files that visitors send: kept plainly on disk, one folder per tenant, with their facts beside them.
//!
//! Invariants: no name from a client becomes a path; a file that can be found is whole and durable; what a
//! contact and a tenant may keep is bounded. Knows nothing of addresses and who may ask for a file.

use std::{
    collections::{HashMap, hash_map::Entry},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use model::{ContactId, FileId, TenantId, Timestamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::documents::{new_id, now};

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimits {
    /// Largest file, in bytes.
    pub file_bytes: usize,
    /// Most files of one contact.
    pub contact_files: usize,
    /// Most bytes of one tenant's files together.
    pub tenant_bytes: u64,
}

impl Default for FileLimits {
    fn default() -> Self {
        Self { file_bytes: 10 << 20, contact_files: 100, tenant_bytes: 5 << 30 }
    }
}

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Its id.
    pub id: FileId,
    /// Who sent it.
    pub contact: ContactId,
    /// Its name on the visitor's machine; for people, never for paths.
    pub name: String,
    /// Its media type, as the visitor's client says.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it came.
    pub created_at: Timestamp,
}

/// Why a file is not kept, or cannot be read. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Its name or type is not acceptable.
    #[error("{field}: {complaint}")]
    Invalid {
        /// Which of the two.
        field: &'static str,
        /// What is wrong and what to do.
        complaint: String,
    },
    /// It is larger than files may be.
    #[error("a file may have {0} bytes: send a smaller one")]
    TooLarge(usize),
    /// The contact has as many as are kept.
    #[error("a visitor may send {0} files: no more are kept")]
    TooMany(usize),
    /// The tenant's files are as large as they may be.
    #[error("the files of a tenant may have {0} bytes together: remove some, or raise the limit")]
    Full(u64),
    /// The disk does not do what it should.
    #[error("files cannot be {action}: {problem}")]
    Disk {
        /// What was being done.
        action: &'static str,
        /// What the system said.
        problem: String,
    },
}

/// Longest name, in characters.
const MAX_NAME: usize = 255;
/// Longest media type, in bytes (RFC 6838 §4.2 allows 127 for each half).
const MAX_TYPE: usize = 255;

/// Whether a name can be shown and sent back: no path, nothing that a header or a terminal would stumble on.
///
/// # Errors
/// [`FileError::Invalid`].
pub fn check_name(name: &str) -> Result<(), FileError> {
    let fits = (1..=MAX_NAME).contains(&name.chars().count());
    if fits && !name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\')) {
        return Ok(());
    }
    let complaint = format!("The name must have 1 to {MAX_NAME} characters, no slashes and no control characters.");
    Err(FileError::Invalid { field: "name", complaint })
}

/// Whether a media type is one: `type/subtype`, perhaps with parameters (RFC 9110 §8.3.1).
///
/// # Errors
/// [`FileError::Invalid`].
pub fn check_type(kind: &str) -> Result<(), FileError> {
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    let essence = kind.split(';').next().unwrap_or_default().trim_end();
    let halves = essence.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype));
    if halves && kind.len() <= MAX_TYPE && kind.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return Ok(());
    }
    let complaint = "The Content-Type must be a media type, such as image/png.".to_owned();
    Err(FileError::Invalid { field: "type", complaint })
}

/// The files of an installation. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    shelf: Arc<Shelf>,
}

struct Shelf {
    folder: PathBuf,
    limits: FileLimits,
    /// What each tenant keeps, counted when it is first asked for: the disk is the truth.
    kept: Mutex<HashMap<TenantId, Kept>>,
}

/// How much a tenant keeps.
#[derive(Debug, Default)]
struct Kept {
    bytes: u64,
    files: HashMap<ContactId, usize>,
}

impl Files {
    pub(crate) fn in_folder(folder: PathBuf, limits: FileLimits) -> Self {
        Self { shelf: Arc::new(Shelf { folder, limits, kept: Mutex::default() }) }
    }

    /// How much is kept.
    pub fn limits(&self) -> FileLimits {
        self.shelf.limits
    }

    /// Keeps a file. It is durable when this returns; a caller that goes away does not stop it.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn put(
        &self,
        tenant: &TenantId,
        contact: &ContactId,
        name: &str,
        kind: &str,
        bytes: Vec<u8>,
    ) -> Result<StoredFile, FileError> {
        check_name(name)?;
        check_type(kind)?;
        let file = StoredFile {
            id: FileId(new_id()),
            contact: contact.clone(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            size: bytes.len() as u64,
            created_at: now(),
        };
        let tenant = tenant.clone();
        self.on_disk("kept", move |shelf| shelf.put(&tenant, file, &bytes)).await
    }

    /// What is known of a file; none when the tenant has none of that id.
    ///
    /// # Errors
    /// [`FileError::Disk`].
    pub async fn find(&self, tenant: &TenantId, id: FileId) -> Result<Option<StoredFile>, FileError> {
        let tenant = tenant.clone();
        self.on_disk("read", move |shelf| shelf.facts(&tenant, id)).await
    }

    /// A file with its content; none when the tenant has none of that id.
    ///
    /// # Errors
    /// [`FileError::Disk`].
    pub async fn open(&self, tenant: &TenantId, id: FileId) -> Result<Option<(StoredFile, Vec<u8>)>, FileError> {
        let tenant = tenant.clone();
        self.on_disk("read", move |shelf| {
            let Some(file) = shelf.facts(&tenant, id)? else { return Ok(None) };
            let content = fs::read(shelf.content(&tenant, id)).map_err(disk("read"))?;
            Ok(Some((file, content)))
        })
        .await
    }

    /// Runs off the async threads, to its end.
    async fn on_disk<T: Send + 'static>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Shelf) -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, FileError> {
        let shelf = self.shelf.clone();
        match tokio::task::spawn_blocking(move || work(&shelf)).await {
            Ok(done) => done,
            Err(problem) => Err(FileError::Disk { action, problem: problem.to_string() }),
        }
    }
}

impl Shelf {
    fn put(&self, tenant: &TenantId, file: StoredFile, bytes: &[u8]) -> Result<StoredFile, FileError> {
        if bytes.len() > self.limits.file_bytes {
            return Err(FileError::TooLarge(self.limits.file_bytes));
        }
        self.reserve(tenant, &file)?;
        let written = self.write(tenant, &file, bytes);
        if written.is_err() {
            self.give_back(tenant, &file);
        }
        written.map(|()| file).map_err(disk("kept"))
    }

    /// Content first, then the facts: a file without facts is not there.
    fn write(&self, tenant: &TenantId, file: &StoredFile, bytes: &[u8]) -> io::Result<()> {
        let folder = self.folder_of(tenant);
        fs::create_dir_all(&folder)?;
        place(&self.content(tenant, file.id), bytes)?;
        place(&self.facts_path(tenant, file.id), &serde_json::to_vec(file)?)?;
        // The names are durable when the folder is.
        fs::File::open(&folder)?.sync_all()
    }

    fn facts(&self, tenant: &TenantId, id: FileId) -> Result<Option<StoredFile>, FileError> {
        read_facts(&self.facts_path(tenant, id)).map_err(disk("read"))
    }

    fn reserve(&self, tenant: &TenantId, file: &StoredFile) -> Result<(), FileError> {
        let mut tenants = self.kept.lock();
        let kept = match tenants.entry(tenant.clone()) {
            Entry::Occupied(counted) => counted.into_mut(),
            Entry::Vacant(new) => new.insert(count(&self.folder_of(tenant)).map_err(disk("counted"))?),
        };
        let held = kept.files.get(&file.contact).copied().unwrap_or_default();
        if held >= self.limits.contact_files {
            return Err(FileError::TooMany(self.limits.contact_files));
        }
        if kept.bytes + file.size > self.limits.tenant_bytes {
            return Err(FileError::Full(self.limits.tenant_bytes));
        }
        kept.bytes += file.size;
        kept.files.insert(file.contact.clone(), held + 1);
        Ok(())
    }

    fn give_back(&self, tenant: &TenantId, file: &StoredFile) {
        if let Some(kept) = self.kept.lock().get_mut(tenant) {
            kept.bytes = kept.bytes.saturating_sub(file.size);
            if let Some(held) = kept.files.get_mut(&file.contact) {
                *held = held.saturating_sub(1);
            }
        }
    }

    /// A tenant's name is a DNS label: letters, digits and hyphens.
    fn folder_of(&self, tenant: &TenantId) -> PathBuf {
        self.folder.join(tenant.as_str())
    }

    fn content(&self, tenant: &TenantId, id: FileId) -> PathBuf {
        self.folder_of(tenant).join(id.to_string())
    }

    fn facts_path(&self, tenant: &TenantId, id: FileId) -> PathBuf {
        self.folder_of(tenant).join(format!("{id}.{FACTS}"))
    }
}

/// Ending of the file beside a file that says what is known of it.
const FACTS: &str = "json";
/// Ending of what is half written.
const PART: &str = "part";

/// Counts what a folder keeps, and removes what a crash left half written. Nothing is being written to it:
/// counting comes before the first file.
fn count(folder: &Path) -> io::Result<Kept> {
    let mut kept = Kept::default();
    let entries = match fs::read_dir(folder) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(kept),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if ending == Some(FACTS) {
            // Facts that cannot be read count for nothing; the file stays for people to look at.
            if let Ok(Some(file)) = read_facts(&path) {
                kept.bytes += file.size;
                *kept.files.entry(file.contact).or_default() += 1;
            }
        } else if ending == Some(PART) || (ending.is_none() && !path.with_extension(FACTS).exists()) {
            fs::remove_file(&path)?;
        }
    }
    Ok(kept)
}

fn read_facts(path: &Path) -> io::Result<Option<StoredFile>> {
    match fs::read(path) {
        Ok(facts) => Ok(Some(serde_json::from_slice(&facts)?)),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// Writes beside, syncs, renames: nobody reads half a file.
fn place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(PART);
    let part = PathBuf::from(name);
    let written = fs::File::create(&part).and_then(|mut file| {
        io::Write::write_all(&mut file, bytes)?;
        file.sync_all()
    });
    if let Err(problem) = written.and_then(|()| fs::rename(&part, path)) {
        // Best effort: what stays is removed at the next count.
        let _ = fs::remove_file(&part);
        return Err(problem);
    }
    Ok(())
}

fn disk(action: &'static str) -> impl Fn(io::Error) -> FileError {
    move |problem| FileError::Disk { action, problem: problem.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(limits: FileLimits) -> (tempfile::TempDir, Files, TenantId) {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::in_folder(folder.path().to_owned(), limits);
        (folder, files, "demo".parse().expect("a tenant"))
    }

    fn contact(name: &str) -> ContactId {
        name.parse().expect("a contact")
    }

    #[test]
    fn names_and_types_are_what_they_say() {
        for good in ["a.pdf", "räksmörgås.jpg", "no ending", "..", &"x".repeat(255)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", "../a", "a\\b", "a\nb", &"x".repeat(256)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        for good in ["image/png", "text/plain; charset=utf-8", "application/vnd.ms-excel"] {
            assert_eq!(check_type(good), Ok(()), "{good}");
        }
        for bad in ["", "png", "image/", "/png", "image/p ng", "image/png\r\nX: y", "image/png; ä"] {
            assert!(check_type(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_file_comes_back_as_it_went_and_only_to_its_tenant() {
        let (folder, files, demo) = files(FileLimits::default());
        let ann = contact("ann/../../etc");
        let stored = files.put(&demo, &ann, "..", "text/plain", b"hello".to_vec()).await.expect("it is kept");
        assert_eq!((stored.size, stored.name.as_str(), &stored.contact), (5, "..", &ann));
        assert_eq!(files.open(&demo, stored.id).await, Ok(Some((stored.clone(), b"hello".to_vec()))));
        let other = "other".parse().expect("a tenant");
        assert_eq!(files.find(&other, stored.id).await, Ok(None));
        let mut names: Vec<_> = fs::read_dir(folder.path().join("demo"))
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        names.sort();
        assert_eq!(names, [stored.id.to_string(), format!("{}.json", stored.id)]);
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded_also_after_a_restart() {
        let limits = FileLimits { file_bytes: 10, contact_files: 2, tenant_bytes: 25 };
        let (folder, files, demo) = files(limits);
        let put = async |files: &Files, who: &str, length: usize| {
            files.put(&demo, &contact(who), "a", "text/plain", vec![0; length]).await.map(|file| file.size)
        };
        assert_eq!(put(&files, "ann", 11).await, Err(FileError::TooLarge(10)));
        assert_eq!(put(&files, "ann", 10).await, Ok(10));
        assert_eq!(put(&files, "ann", 1).await, Ok(1));
        assert_eq!(put(&files, "ann", 1).await, Err(FileError::TooMany(2)));
        // What a crash left behind counts for nothing and goes.
        let left = folder.path().join("demo").join(new_id().to_string());
        fs::write(&left, "half").expect("it is written");
        let files = Files::in_folder(folder.path().to_owned(), limits);
        assert_eq!(put(&files, "ann", 1).await, Err(FileError::TooMany(2)));
        assert!(!left.exists());
        assert_eq!(put(&files, "bob", 10).await, Ok(10));
        assert_eq!(put(&files, "cleo", 5).await, Err(FileError::Full(25)));
        assert_eq!(put(&files, "cleo", 4).await, Ok(4));
    }
}
