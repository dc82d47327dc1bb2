//! Documents on disk: contracts, withdrawals, messages and receipts, one file each, written once.
//!
//! A file is durable before the record that names it. Nothing is ever overwritten: an existing file has equal bytes, or there is an
//! error.

use hansa_audit_log::digest::Digest;
use hansa_files::FileVisibility;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::{Path, PathBuf};

/// Kinds of documents, each in its own folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredDocumentKind {
    /// Messages, named by the digest of their bytes.
    Message,
    /// Withdrawals in their envelope, named by the digest of their bytes.
    Withdrawal,
    /// Receipts in their envelope, named by the digest of their bytes.
    Receipt,
    /// Credentials of this participant in their envelope, named by the digest of their bytes.
    Credential,
    /// Statements of others that answers rely on, in their envelope, named by the digest of their bytes.
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
    /// Permissions of access tokens, named by the digest of their bytes.
    AccessToken,
}

impl StoredDocumentKind {
    const fn folder(self) -> &'static str {
        match self {
            Self::Message => "messages",
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

/// Documents of one participant.
#[derive(Debug, Clone)]
pub struct DocumentFolder {
    folder: PathBuf,
}

/// Stored contract: its identity from the file name, and the unchecked bytes of its envelope.
pub type ContractFile = (ContractId, Vec<u8>);

/// Contract file that can't be used; it does not affect the others.
#[derive(Debug)]
pub struct UnusableContractFile {
    /// Path of the file.
    pub file: PathBuf,
    /// Reason of the error.
    pub refusal: Refusal,
}

/// Largest document, bytes.
pub const LARGEST: u64 = 1024 * 1024;

impl DocumentFolder {
    /// Opens the documents below this folder, and creates the folder if it is missing.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL`.
    pub fn open(folder: &Path) -> Result<Self, Refusal> {
        for name in [
            "contracts",
            "messages",
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
            hansa_files::create_folder(&folder.join(name))?;
        }
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Stores a document. On return it survives a loss of power.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL`.
    pub fn keep_document(&self, kind: StoredDocumentKind, bytes: &[u8]) -> Result<Digest, Refusal> {
        let digest = Digest::of(bytes);
        self.write_once(&self.path(kind, digest), bytes)?;
        Ok(digest)
    }

    /// Removes a document, if it exists. On return it does not come back after a loss of power.
    ///
    /// # Errors
    /// `STATE_BROKEN`
    pub fn remove(&self, kind: StoredDocumentKind, digest: Digest) -> Result<(), Refusal> {
        hansa_files::remove_file(&self.path(kind, digest))
    }

    /// Reads a document and checks that its bytes are unchanged.
    ///
    /// # Errors
    /// `FILE_MISSING` when the document does not exist, `STATE_BROKEN` when its bytes were changed.
    pub fn read_document(
        &self,
        kind: StoredDocumentKind,
        digest: Digest,
    ) -> Result<Vec<u8>, Refusal> {
        let file = self.path(kind, digest);
        let bytes = hansa_files::read_file(&file, LARGEST)?;
        if Digest::of(&bytes) == digest {
            return Ok(bytes);
        }
        Err(Refusal::new(
            ErrorCode::StateBroken,
            format!("`{}` is not what was written", file.display()),
        ))
    }

    /// True if a document does not exist. A document that can't be read for another reason exists.
    #[must_use]
    pub fn is_missing(&self, kind: StoredDocumentKind, digest: Digest) -> bool {
        let found = std::fs::metadata(self.path(kind, digest));
        found.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    }

    /// Removes a document, if it exists.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL`.
    pub fn remove_document(&self, kind: StoredDocumentKind, digest: Digest) -> Result<(), Refusal> {
        let file = self.path(kind, digest);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(hansa_files::unwritable_file_refusal(&file, &error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// All documents of a kind, each checked to be unchanged.
    ///
    /// # Errors
    /// `FILE_MISSING` when the folder can't be read, `STATE_BROKEN` when the bytes of a document were changed.
    pub fn read_documents(&self, kind: StoredDocumentKind) -> Result<Vec<Vec<u8>>, Refusal> {
        let folder = self.folder.join(kind.folder());
        let failed = |error| hansa_files::unreadable_file_refusal(&folder, &error);
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            // A partial file after a crash has another name.
            let Some(digest) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            match self.read_document(kind, digest) {
                Ok(bytes) => found.push(bytes),
                // The document was removed meanwhile.
                Err(_) if !self.path(kind, digest).exists() => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(found)
    }

    /// Stores a contract in its envelope under its identity.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL`.
    pub fn keep_contract(&self, id: ContractId, envelope: &[u8]) -> Result<(), Refusal> {
        self.write_once(&self.contract_path(id), envelope)
    }

    /// Reads a contract's envelope.
    ///
    /// # Errors
    /// `FILE_MISSING` when the contract does not exist.
    pub fn read_contract(&self, id: ContractId) -> Result<Vec<u8>, Refusal> {
        hansa_files::read_file(&self.contract_path(id), LARGEST)
    }

    /// All contract files, and those whose name or content can't be read. A partial file after a crash was named by no record and
    /// is skipped.
    ///
    /// # Errors
    /// `FILE_MISSING` when the folder can't be read.
    pub fn read_contracts(
        &self,
    ) -> Result<(Vec<ContractFile>, Vec<UnusableContractFile>), Refusal> {
        let folder = self.folder.join("contracts");
        let entries = std::fs::read_dir(&folder)
            .map_err(|error| hansa_files::unreadable_file_refusal(&folder, &error))?;
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for entry in entries {
            let file = entry
                .map_err(|error| hansa_files::unreadable_file_refusal(&folder, &error))?
                .path();
            if hansa_files::is_unfinished(&file) {
                continue;
            }
            let name = file.file_stem().and_then(std::ffi::OsStr::to_str);
            let id = name.and_then(|name| name.parse::<ContractId>().ok());
            match (id, hansa_files::read_file(&file, LARGEST)) {
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

    fn write_once(&self, file: &Path, bytes: &[u8]) -> Result<(), Refusal> {
        if file.exists() {
            let there = hansa_files::read_file(file, LARGEST)?;
            if there == bytes {
                return Ok(());
            }
            return Err(Refusal::new(
                ErrorCode::StateBroken,
                format!("`{}` exists already with other content", file.display()),
            ));
        }
        // A crash during the write leaves nothing: the file is written completely and then renamed.
        hansa_files::replace_file(file, bytes, FileVisibility::Owner)
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
            .keep_document(StoredDocumentKind::Message, b"hello")
            .unwrap();
        assert_eq!(
            documents
                .keep_document(StoredDocumentKind::Message, b"hello")
                .unwrap(),
            digest
        );
        assert_eq!(
            documents
                .read_document(StoredDocumentKind::Message, digest)
                .unwrap(),
            b"hello"
        );
        std::fs::write(folder.path().join(format!("messages/{digest}")), b"hullo").unwrap();
        let refusal = documents
            .read_document(StoredDocumentKind::Message, digest)
            .unwrap_err();
        assert_eq!(refusal.code, ErrorCode::StateBroken);
        // Removing a document twice is not an error.
        documents
            .remove(StoredDocumentKind::Message, digest)
            .unwrap();
        documents
            .remove(StoredDocumentKind::Message, digest)
            .unwrap();
        let refusal = documents
            .read_document(StoredDocumentKind::Message, digest)
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
        let (good, bad) = documents.read_contracts().unwrap();
        assert_eq!(good, [(id, b"envelope".to_vec())]);
        assert_eq!(bad.len(), 1);
    }
}
