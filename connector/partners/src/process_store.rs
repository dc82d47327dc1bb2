//! Store of negotiations and transfers: in memory, and each in a file, so that a restart continues in every state.

use crate::data_flow::DataFlow;
use crate::negotiation_process::NegotiationProcess;
use crate::partner_process::PartnerProcess;
use crate::transfer_process::TransferProcess;
use hansa_files::FileVisibility;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most bytes of one process.
const BYTES: u64 = 4 * 1024 * 1024;

/// Most open processes of one partner.
const OPEN: usize = 200;

/// Most processes that one partner opens in a day.
const OF_DAY: usize = 1_000;

/// One day in microseconds.
const DAY: i64 = 24 * 3_600 * 1_000_000;

/// Most stored processes of one kind and partner that ended without a contract. The oldest are deleted.
const CLOSED: usize = 500;

/// Name of a party whose processes are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartyName<'a> {
    /// Name of the partner or the control plane.
    pub(crate) partner: &'a str,
    /// Other party of the data flows of a control plane; empty for a partner.
    pub(crate) counter_party: &'a str,
}

impl<'a> PartyName<'a> {
    /// Name of a partner that is the party itself.
    pub(crate) const fn of_partner(partner: &'a str) -> Self {
        Self {
            partner,
            counter_party: "",
        }
    }

    fn to_key(self) -> (String, String) {
        (self.partner.to_owned(), self.counter_party.to_owned())
    }
}

/// Process that can be stored.
pub(crate) trait KeptProcess: Clone + Serialize + DeserializeOwned + Send + 'static {
    /// Shared part of the process.
    fn base(&self) -> &PartnerProcess;
    /// True in a final state.
    fn is_over(&self) -> bool;
    /// True if the process ended without a contract and will not be used again.
    fn came_to_nothing(&self) -> bool {
        self.is_over()
    }
    /// Digest of the token for its data.
    fn token(&self) -> Option<&str> {
        None
    }
    /// Party whose limits the process uses.
    fn party(&self) -> PartyName<'_> {
        PartyName::of_partner(&self.base().partner)
    }
}

impl KeptProcess for NegotiationProcess {
    fn base(&self) -> &PartnerProcess {
        &self.base
    }
    fn is_over(&self) -> bool {
        Self::is_over(self)
    }
    fn came_to_nothing(&self) -> bool {
        self.phase() == Some(Phase::Terminated)
    }
}

impl KeptProcess for TransferProcess {
    fn base(&self) -> &PartnerProcess {
        &self.base
    }
    fn is_over(&self) -> bool {
        Self::is_over(self)
    }
    fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }
}

impl KeptProcess for DataFlow {
    fn base(&self) -> &PartnerProcess {
        &self.base
    }
    fn is_over(&self) -> bool {
        Self::is_over(self)
    }
    fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }
    fn party(&self) -> PartyName<'_> {
        PartyName {
            partner: &self.base.partner,
            counter_party: &self.counter_party,
        }
    }
}

/// Store of all processes of one kind.
pub(crate) struct ProcessStore<P> {
    /// Folder of the files; `None` to keep processes in memory only.
    folder: Option<PathBuf>,
    kept: Mutex<BTreeMap<String, P>>,
    /// Number of processes that each party opened on its latest day. Stored processes do not show it, because some are deleted.
    opened: Mutex<BTreeMap<(String, String), (i64, usize)>>,
    /// Callback for each process whose token has ended, which ends its answers.
    token_ended: TokenEnded,
}

/// Callback for a process whose token has ended.
pub(crate) type TokenEnded = Arc<dyn Fn(&str) + Send + Sync>;

impl<P: KeptProcess> ProcessStore<P> {
    /// Loads the processes of a folder.
    ///
    /// # Errors
    /// `STATE_BROKEN` for an unreadable process: continuing as if it did not exist would be wrong.
    pub(crate) fn load(folder: Option<PathBuf>, token_ended: TokenEnded) -> Result<Self, Refusal> {
        let mut kept = BTreeMap::new();
        if let Some(folder) = &folder {
            hansa_files::create_folder(folder)?;
            for file in hansa_files::list_files(folder)? {
                if file.extension().is_none_or(|ending| ending != "json") {
                    continue;
                }
                let bytes = hansa_files::read_file(&file, BYTES)?;
                let process: P = serde_json::from_slice(&bytes).map_err(|cause| {
                    let sentence = format!("`{}` can't be read", file.display());
                    Refusal::new(ErrorCode::StateBroken, sentence)
                        .with_help(
                            "restore it from a backup, or delete it: its process is then unknown",
                        )
                        .caused_by(cause)
                })?;
                kept.insert(process.base().pid.clone(), process);
            }
        }
        Ok(Self {
            folder,
            kept: Mutex::new(kept),
            opened: Mutex::new(BTreeMap::new()),
            token_ended,
        })
    }

    /// Finds a process by its local ID.
    pub(crate) fn get(&self, pid: &str) -> Option<P> {
        self.kept.lock().get(pid).cloned()
    }

    /// Finds a process of a partner by its ID there.
    pub(crate) fn of_peer(&self, partner: &str, peer_pid: &str) -> Option<P> {
        let kept = self.kept.lock();
        let mut all = kept.values();
        all.find(|process| {
            process.base().partner == partner
                && process.base().peer_pid.as_deref() == Some(peer_pid)
        })
        .cloned()
    }

    /// ID of the first process with a property.
    pub(crate) fn find(&self, holds: impl Fn(&P) -> bool) -> Option<String> {
        let kept = self.kept.lock();
        let mut all = kept.values();
        all.find(|process| holds(process))
            .map(|process| process.base().pid.clone())
    }

    /// IDs of the processes with a property.
    pub(crate) fn find_all(&self, holds: impl Fn(&P) -> bool) -> Vec<String> {
        let kept = self.kept.lock();
        let all = kept.iter().filter(|(_, process)| holds(process));
        all.map(|(pid, _)| pid.clone()).collect()
    }

    /// Returns all processes.
    pub(crate) fn all_processes(&self) -> Vec<P> {
        self.kept.lock().values().cloned().collect()
    }

    /// Checks that a party may open another process at `now`, in microseconds. Processes that this participant began do not count.
    pub(crate) fn has_room(&self, party: PartyName<'_>, now: i64) -> bool {
        let counted = self.opened.lock().get(&party.to_key()).copied();
        if counted.is_some_and(|(day, count)| day == now / DAY && count >= OF_DAY) {
            return false;
        }
        let kept = self.kept.lock();
        let own = kept
            .values()
            .filter(|process| process.party() == party && process.base().by_partner);
        let (mut open, mut of_day) = (0, 0);
        for process in own {
            open += usize::from(!process.is_over() || !process.base().outbox.is_empty());
            of_day += usize::from(now.saturating_sub(process.base().began) < DAY);
        }
        open < OPEN && of_day < OF_DAY
    }

    /// Stores a process, on disk first.
    ///
    /// # Errors
    /// If the process can't be written; the stored one is unchanged then.
    pub(crate) async fn put_process(&self, process: P) -> Result<(), Refusal> {
        if let Some(folder) = &self.folder {
            let bytes = serde_json::to_vec(&process).map_err(|cause| {
                Refusal::new(ErrorCode::Internal, "a process can't be written").caused_by(cause)
            })?;
            if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > BYTES {
                // A process that is too large to be read again is not written.
                let sentence = "a process has grown too large";
                return Err(Refusal::new(ErrorCode::MessageTooLarge, sentence));
            }
            let file = process_file(folder, &process.base().pid);
            run_blocking(move || hansa_files::replace_file(&file, &bytes, FileVisibility::Owner))
                .await?;
        }
        let partner = process.base().partner.to_owned();
        let party = process.party().to_key();
        let (pid, began) = (process.base().pid.clone(), process.base().began);
        let (by_partner, token) = (
            process.base().by_partner,
            process.token().map(str::to_owned),
        );
        let mut kept = self.kept.lock();
        let before = kept.insert(pid.clone(), process);
        match &before {
            None if by_partner => {
                let mut opened = self.opened.lock();
                let counted = opened.entry(party).or_default();
                if counted.0 != began / DAY {
                    *counted = (began / DAY, 0);
                }
                counted.1 = counted.1.saturating_add(1);
            }
            // INVARIANT: streams-end-with-their-token. Ending or replacing a token ends the answers under it.
            Some(before) if before.token().is_some() && before.token() != token.as_deref() => {
                (self.token_ended)(&pid);
            }
            _ => {}
        }
        let closed = kept.iter().filter(|(_, process)| {
            process.base().partner == partner
                && process.came_to_nothing()
                && process.base().outbox.is_empty()
        });
        let mut closed: Vec<(i64, String)> = closed
            .map(|(pid, process)| (process.base().began, pid.clone()))
            .collect();
        closed.sort_unstable();
        if let Some(over) = closed.len().checked_sub(CLOSED) {
            for (_, pid) in closed.into_iter().take(over) {
                kept.remove(&pid);
                if let Some(folder) = &self.folder {
                    let file = process_file(folder, &pid);
                    if let Err(refusal) = hansa_files::remove_file(&file) {
                        tracing::warn!(%refusal, "dataspace.process_kept");
                    }
                }
            }
        }
        Ok(())
    }
}

/// File of a process. Its ID is made here and contains only letters, digits, `:` and `-`.
fn process_file(folder: &Path, pid: &str) -> PathBuf {
    folder.join(format!("{}.json", pid.trim_start_matches("urn:uuid:")))
}
