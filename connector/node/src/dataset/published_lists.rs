//! Published lists of a participant: the files of one folder, each named by its digest.

use crate::participant::Connector;
use hansa_audit_log::digest::Digest;
use hansa_policy::contract::{ActiveContracts, ContractStatus};
use hansa_policy::published_list::PublishedLists;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::published_list::{ListKind, MOST_BYTES};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Most bytes of all lists together, because lists stay in memory.
const MOST_IN_ALL: u64 = 128 << 20;

/// Loads the lists of the folder and the errors of unusable ones. A missing folder counts as empty.
pub fn load_lists(folder: &Path) -> (PublishedLists, Vec<Refusal>) {
    let mut published = PublishedLists::default();
    let mut faults = Vec::new();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => return (published, faults),
        Err(fault) => {
            faults.push(with_file_place(unreadable_list_refusal(&fault), folder));
            return (published, faults);
        }
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut room = MOST_IN_ALL;
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(kind) = name.and_then(ListKind::of) else {
            continue;
        };
        match read_limited_file(&path, MOST_BYTES.min(room)) {
            Ok(bytes) => match hansa_proto::published_list::read_list(kind, &bytes) {
                Ok(list) => {
                    room = room.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                    published.add_list(Digest::of(&bytes), list);
                }
                Err(refusal) => faults.push(with_file_place(refusal, &path)),
            },
            Err(refusal) => faults.push(with_file_place(refusal, &path)),
        }
    }
    (published, faults)
}

/// Reads at most `most` bytes of a file.
fn read_limited_file(path: &Path, most: u64) -> Result<Vec<u8>, Refusal> {
    let file = std::fs::File::open(path).map_err(|fault| unreadable_list_refusal(&fault))?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|fault| unreadable_list_refusal(&fault))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        let sentence = format!("a list has at most {MOST_BYTES} bytes, all together {MOST_IN_ALL}");
        return Err(Refusal::new(ErrorCode::ConfigInvalid, sentence));
    }
    Ok(bytes)
}

fn unreadable_list_refusal(fault: &std::io::Error) -> Refusal {
    Refusal::new(ErrorCode::FileMissing, format!("it can't be read: {fault}"))
}

fn with_file_place(refusal: Refusal, path: &Path) -> Refusal {
    refusal.with_place(path.display().to_string(), None, None)
}

impl Connector {
    /// Refuses if a contract names a list that is not in the folder, before anything is planned.
    ///
    /// # Errors
    /// `TERM_NOT_EXECUTABLE_HERE`.
    pub(crate) fn check_executable(&self, active: &ActiveContracts) -> Result<(), Refusal> {
        let published = self.reloadable.published_lists();
        for grant in active.grants().values() {
            published
                .check_executable(grant.clauses())
                .map_err(|refusal| match grant.contract() {
                    Some(contract) => refusal.with_contract(contract),
                    None => refusal,
                })?;
        }
        Ok(())
    }

    /// Refusals for own contracts, in force or later, that need a list which is not in the folder; one per contract.
    pub fn unexecutable_refusals(&self) -> Vec<Refusal> {
        let (own, now, published) = (self.id(), self.now(), self.reloadable.published_lists());
        self.contracts.with_registry(|registry| {
            registry
                .all_contracts(now)
                .filter(|(_, agreement, status)| {
                    agreement.dataset.id.owner == own
                        && matches!(status, ContractStatus::InForce | ContractStatus::NotYet)
                })
                .filter_map(|(contract, agreement, _)| {
                    let refusal = published.check_executable(&agreement.clauses).err()?;
                    Some(refusal.with_contract(contract))
                })
                .collect()
        })
    }
}
