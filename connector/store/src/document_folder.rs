//! Documents on disk: contracts, withdrawals, messages and receipts, one file each, written once.
//!
//! A file is durable before the record that names it. Nothing is ever overwritten; a file that is there already holds the
//! same bytes or is a fault.

use hansa_audit_log::digest::Digest;
use hansa_files::FileVisibility;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::{Path, PathBuf};

/// The kinds of documents, each in a folder of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredDocumentKind {
    /// Messages, named by the digest of their bytes.
    Letter,
    /// Withdrawals in their envelope, named by the digest of their bytes.
    Withdrawal,
    /// Receipts in their envelope, named by the digest of their bytes.
    Receipt,
    /// Credentials of this participant in their envelope, named by the digest of their bytes.
    Credential,
    /// Statements of others on which answers rely, in their envelope, named by the digest of their bytes.
    Shown,
    /// Lists of the groups of this participant, in their envelope, named by the digest of their bytes.
    Group,
    /// Restrictions of the datasets of this participant, named by the digest of their bytes.
    Restriction,
    /// Statements under contracts, ours and those of others, in their envelope, named by the digest of their bytes.
    Statement,
    /// Rulebooks of the league, named by the digest of their bytes.
    Rulebook,
    /// Acceptances of rulebooks by this participant, in their envelope, named by the digest of their bytes.
    RulebookAcceptance,
    /// What access tokens are good for, named by the digest of their bytes.
    AccessToken,
}

impl StoredDocumentKind {
    const fn folder(self) -> &'static str {
        match self {
            Self::Letter => "letters",
            Self::Withdrawal => "withdrawals",
            Self::Receipt => "receipts",
            Self::Credential => "credentials",
            Self::Shown => "shown",
            Self::Group => "groups",
            Self::Restriction => "restrictions",
            Self::Statement => "statements",
            Self::Rulebook => "rulebooks",
            Self::RulebookAcceptance => "rulebook-acceptances",
            Self::AccessToken => "access-tokens",
        }
    }
}

/// The documents of one participant.
#[derive(Debug, Clone)]
pub struct DocumentFolder {
    folder: PathBuf,
}

/// A contract as it is kept: its identity by the file's name, and the bytes of its envelope, not checked yet.
pub type ContractFile = (ContractId, Vec<u8>);

/// A contract file that can't be used; the others can.
#[derive(Debug)]
pub struct UnusableContractFile {
    /// The file.
    pub file: PathBuf,
    /// Why.
    pub refusal: Refusal,
}

/// The largest document, in bytes.
pub const LARGEST: u64 = 1024 * 1024;

impl DocumentFolder {
    /// The documents below this folder, which is made where it is missing.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL`.
    pub fn open(folder: &Path) -> Result<Self, Refusal> {
        for name in [
            "contracts",
            "letters",
            "withdrawals",
            "receipts",
            "credentials",
            "shown",
            "groups",
            "restrictions",
            "statements",
            "rulebooks",
            "rulebook-acceptances",
            "access-tokens",
        ] {
            hansa_files::folder(&folder.join(name))?;
        }
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Keeps a document; when this returns it survives a loss of power.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL`.
    pub fn keep(&self, kind: StoredDocumentKind, bytes: &[u8]) -> Result<Digest, Refusal> {
        let digest = Digest::of(bytes);
        self.once(&self.path(kind, digest), bytes)?;
        Ok(digest)
    }

    /// Takes a document away; one that is not there is away already. When this returns it does not come back after a loss of
    /// power.
    ///
    /// # Errors
    /// `STATE_BROKEN`
    pub fn remove(&self, kind: StoredDocumentKind, digest: Digest) -> Result<(), Refusal> {
        hansa_files::remove(&self.path(kind, digest))
    }

    /// Reads a document and checks that it is still what was written.
    ///
    /// # Errors
    /// `FILE_MISSING` when it is not there, `STATE_BROKEN` when it is another one.
    pub fn read(&self, kind: StoredDocumentKind, digest: Digest) -> Result<Vec<u8>, Refusal> {
        let file = self.path(kind, digest);
        let bytes = hansa_files::read(&file, LARGEST)?;
        if Digest::of(&bytes) == digest {
            return Ok(bytes);
        }
        Err(Refusal::new(
            ErrorCode::StateBroken,
            format!("`{}` is not what was written", file.display()),
        ))
    }

    /// Whether a document is not there; one that can't be read for another reason is.
    #[must_use]
    pub fn is_missing(&self, kind: StoredDocumentKind, digest: Digest) -> bool {
        let found = std::fs::metadata(self.path(kind, digest));
        found.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    }

    /// Takes a document away, if it is here.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL`.
    pub fn forget(&self, kind: StoredDocumentKind, digest: Digest) -> Result<(), Refusal> {
        let file = self.path(kind, digest);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(hansa_files::unwritable(&file, &error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Every document of a kind, each checked to be what was written.
    ///
    /// # Errors
    /// `FILE_MISSING` when the folder can't be read, `STATE_BROKEN` when a document is another one.
    pub fn all(&self, kind: StoredDocumentKind) -> Result<Vec<Vec<u8>>, Refusal> {
        let folder = self.folder.join(kind.folder());
        let failed = |error| hansa_files::unreadable(&folder, &error);
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            // What a crash left half written has another name.
            let Some(digest) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            match self.read(kind, digest) {
                Ok(bytes) => found.push(bytes),
                // It was taken away meanwhile.
                Err(_) if !self.path(kind, digest).exists() => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(found)
    }

    /// Keeps a contract in its envelope under its identity.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL`.
    pub fn keep_contract(&self, id: ContractId, envelope: &[u8]) -> Result<(), Refusal> {
        self.once(&self.contract_path(id), envelope)
    }

    /// Reads a contract's envelope.
    ///
    /// # Errors
    /// `FILE_MISSING` when it is not there.
    pub fn contract(&self, id: ContractId) -> Result<Vec<u8>, Refusal> {
        hansa_files::read(&self.contract_path(id), LARGEST)
    }

    /// Every contract file, by its name; and those whose name or content can't be read. What a crash left half written
    /// was named by no record and is passed over.
    ///
    /// # Errors
    /// `FILE_MISSING` when the folder can't be read.
    pub fn contracts(&self) -> Result<(Vec<ContractFile>, Vec<UnusableContractFile>), Refusal> {
        let folder = self.folder.join("contracts");
        let entries =
            std::fs::read_dir(&folder).map_err(|error| hansa_files::unreadable(&folder, &error))?;
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for entry in entries {
            let file = entry
                .map_err(|error| hansa_files::unreadable(&folder, &error))?
                .path();
            if hansa_files::is_unfinished(&file) {
                continue;
            }
            let name = file.file_stem().and_then(std::ffi::OsStr::to_str);
            let id = name.and_then(|name| name.parse::<ContractId>().ok());
            match (id, hansa_files::read(&file, LARGEST)) {
                (Some(id), Ok(bytes)) => good.push((id, bytes)),
                (Some(_), Err(refusal)) => bad.push(UnusableContractFile { file, refusal }),
                (None, _) => {
                    let refusal = Refusal::new(
                        ErrorCode::ContractMalformed,
                        "the file's name is not a contract's identity",
                    );
                    bad.push(UnusableContractFile { file, refusal });
                }
            }
        }
        good.sort_by_key(|(id, _)| *id);
        Ok((good, bad))
    }

    fn contract_path(&self, id: ContractId) -> PathBuf {
        self.folder.join("contracts").join(format!("{id}.json"))
    }

    fn path(&self, kind: StoredDocumentKind, digest: Digest) -> PathBuf {
        self.folder.join(kind.folder()).join(digest.to_string())
    }

    fn once(&self, file: &Path, bytes: &[u8]) -> Result<(), Refusal> {
        if file.exists() {
            let there = hansa_files::read(file, LARGEST)?;
            if there == bytes {
                return Ok(());
            }
            return Err(Refusal::new(
                ErrorCode::StateBroken,
                format!("`{}` is there with other content", file.display()),
            ));
        }
        // A crash in the middle of writing leaves nothing: the file is written whole and then put in place.
        hansa_files::replace(file, bytes, FileVisibility::Owner)
    }
}

#[cfg(test)]
mod tests {
    use crate::document_folder::{DocumentFolder, StoredDocumentKind};
    use hansa_audit_log::digest::Digest;
    use hansa_policy::id::ContractId;
    use hansa_policy::refusal::ErrorCode;

    #[test]
    fn a_document_is_written_once_and_checked_when_read() {
        let folder = tempfile::tempdir().unwrap();
        let documents = DocumentFolder::open(folder.path()).unwrap();
        let digest = documents
            .keep(StoredDocumentKind::Letter, b"hello")
            .unwrap();
        assert_eq!(
            documents
                .keep(StoredDocumentKind::Letter, b"hello")
                .unwrap(),
            digest
        );
        assert_eq!(
            documents.read(StoredDocumentKind::Letter, digest).unwrap(),
            b"hello"
        );
        std::fs::write(folder.path().join(format!("letters/{digest}")), b"hullo").unwrap();
        let refusal = documents
            .read(StoredDocumentKind::Letter, digest)
            .unwrap_err();
        assert_eq!(refusal.code, ErrorCode::StateBroken);
        // What is taken away is away, also a second time.
        documents
            .remove(StoredDocumentKind::Letter, digest)
            .unwrap();
        documents
            .remove(StoredDocumentKind::Letter, digest)
            .unwrap();
        let refusal = documents
            .read(StoredDocumentKind::Letter, digest)
            .unwrap_err();
        assert_eq!(refusal.code, ErrorCode::FileMissing);
    }

    #[test]
    fn a_contract_is_never_overwritten_and_a_bad_file_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let documents = DocumentFolder::open(folder.path()).unwrap();
        let id = ContractId(Digest::of(b"payload"));
        documents.keep_contract(id, b"envelope").unwrap();
        documents.keep_contract(id, b"envelope").unwrap();
        assert!(documents.keep_contract(id, b"another").is_err());
        std::fs::write(folder.path().join("contracts/notes.txt"), b"?").unwrap();
        let unfinished = folder.path().join(format!("contracts/{id}.json.new"));
        std::fs::write(unfinished, b"env").unwrap();
        let (good, bad) = documents.contracts().unwrap();
        assert_eq!(good, [(id, b"envelope".to_vec())]);
        assert_eq!(bad.len(), 1);
    }
}
