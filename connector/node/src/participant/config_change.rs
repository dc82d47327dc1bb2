//! Change of a file of the configuration by a command. The record is durable before the file is replaced, and whoever made the change
//! from an older file is refused.

use crate::log::audit_event::AuditEvent;
use crate::log::index::PEOPLE_CHANGED;
use crate::participant::Connector;
use crate::participant::approval;
use crate::participant::approval::{Approval, ApprovalAction};
use crate::participant::caller::Caller;
use crate::participant::config_rights::{is_own_user, list_operators, missing_people_right};
use crate::process::blocking_work::run_waiting;
use crate::process::run_to_completion::to_the_end;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::configuration::ConfigurationChangeRecord;
use hansa_files::PreparedFile;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_store::state_index::row::PendingApprovalRow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Change of a file, whose new bytes are on disk beside it and have been judged.
#[derive(Debug)]
pub struct ConfigChange {
    /// Words of the command, such as `policy put`.
    pub change: &'static str,
    /// Policy or dataset; absent for a person.
    pub subject: Option<String>,
    /// File that changes.
    pub file: PathBuf,
    /// Digest of the file that the change was made from; absent for a new file.
    pub old: Option<Digest>,
    /// Digest of the new bytes.
    pub new: Digest,
    /// New bytes.
    pub prepared: PreparedFile,
}

/// Records a change and then replaces the file. Gives the number of the record. The caller holds `reloadable.change_lock`.
///
/// # Errors
/// `CONFIG_CHANGED` if the file is another one by now, or why it can't be recorded or written; the file is then as it was.
pub async fn write_change(
    connector: &Arc<Connector>,
    change: ConfigChange,
    caller: &Caller,
) -> Result<u64, Refusal> {
    let connector = Arc::clone(connector);
    let actor = caller.pseudonym(&connector)?;
    // A recorded change is carried out also where its caller is gone.
    to_the_end(async move {
        let ConfigChange {
            change,
            subject,
            file,
            old,
            new,
            prepared,
        } = change;
        require_digest(&file, old)?;
        let record = ConfigurationChangeRecord {
            change: change.to_owned(),
            subject,
            path: path_below(&file, connector.config().folder()),
            old,
            new,
            actor,
        };
        // INVARIANT: configuration-change. The record is durable before the file is replaced.
        let recorded = connector.record(AuditEvent::from(record)).await?;
        let number = recorded.receipt().index();
        // Somebody with an editor takes no lock.
        require_digest(&file, old)?;
        run_waiting(|| prepared.take_place())?;
        // The file is in place, whatever the index takes in now.
        if let Err(refusal) = connector.records.index(|_| Ok(())) {
            tracing::warn!(code = %refusal.code, "configuration.not_indexed");
        }
        Ok(number)
    })
    .await
}

/// Path of a file below the folder of the configuration, without the names of folders above it.
fn path_below(file: &Path, folder: &Path) -> String {
    let whole = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    let below = whole.strip_prefix(folder).ok();
    let name = || file.file_name().map(Path::new);
    let shown = below.or_else(name).unwrap_or(file);
    shown.display().to_string()
}

/// Digest of a file of the configuration; none where there is no file.
///
/// # Errors
/// `FILE_MISSING` for a file that can't be read.
pub fn file_digest(file: &Path) -> Result<Option<Digest>, Refusal> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(Digest::of(&bytes))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(hansa_files::unreadable_file_refusal(file, &error)),
    }
}

/// Refuses a change that was made from another file than the present one.
///
/// # Errors
/// `CONFIG_CHANGED`, or `FILE_MISSING` for a file that can't be read.
pub fn require_digest(file: &Path, expected: Option<Digest>) -> Result<(), Refusal> {
    let found = file_digest(file)?;
    if found == expected {
        return Ok(());
    }
    let shown = file.display();
    let sentence = match (expected, found) {
        (None, _) => format!("`{shown}` is there already, and the change names no digest of it"),
        (Some(_), None) => format!("`{shown}` is not there any more"),
        (Some(_), Some(found)) => {
            format!("`{shown}` was changed meanwhile: its SHA-256 is {found} now")
        }
    };
    Err(Refusal::new(ErrorCode::ConfigChanged, sentence)
        .with_place(shown.to_string(), None, None)
        .with_help("read it again, and make the change from that: --if-digest"))
}

/// Takes the approval of a person who may add people, where a second one must approve. The command says all of the person who is added.
///
/// # Errors
/// `ROLE_MISSING` for a caller who may not add people, `SECOND_OFFICER_NEEDED` for one who has approved already or whom nobody recognises,
/// or if the approval can't be recorded.
pub async fn approve_addition(
    connector: &Arc<Connector>,
    caller: &Caller,
    command: &str,
) -> Result<Approval, Refusal> {
    match find_addition_right(connector, caller) {
        AdditionRight::Missing => Err(missing_people_right()),
        AdditionRight::Alone => Ok(Approval::Enough(None)),
        AdditionRight::WithAnother => {
            let identity = addition_identity(connector, command)?;
            approval::take_approval(
                connector,
                caller,
                identity,
                ApprovalAction::AddPerson,
                Some(command),
            )
            .await
        }
    }
}

/// Right of a caller to add people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AdditionRight {
    Missing,
    /// The caller can edit the file, and there is nobody else with the right.
    Alone,
    /// Another operator, or the Unix user that the connector runs as, must approve it.
    WithAnother,
}

fn find_addition_right(connector: &Connector, caller: &Caller) -> AdditionRight {
    let operators = list_operators(connector);
    let key = caller.key(&connector.config());
    let owns_file = key.as_ref().is_none_or(|key| is_own_user(connector, key));
    let is_operator = key.as_ref().is_some_and(|key| operators.contains(key));
    let has_other = operators.iter().any(|other| Some(other) != key.as_ref());
    match (owns_file, is_operator) {
        (false, false) => AdditionRight::Missing,
        (true, _) if !has_other => AdditionRight::Alone,
        (true, _) | (false, true) => AdditionRight::WithAnother,
    }
}

/// Identity of an addition, so that both people approve one addition and only once. It includes the place of the last change of the
/// people, because one person can be added and removed repeatedly.
fn addition_identity(connector: &Connector, command: &str) -> Result<ContractId, Refusal> {
    let after = connector
        .records
        .index(|state| state.stored_number(PEOPLE_CHANGED))?;
    Ok(ContractId(Digest::of_parts(&[
        b"person add",
        &after.to_be_bytes(),
        command.as_bytes(),
    ])))
}

/// Checks that an addition can still be carried out, because the people have not changed since.
///
/// # Errors
/// If the index or the reasons can't be read.
pub(crate) fn still_asked(
    connector: &Connector,
    word: &PendingApprovalRow,
) -> Result<bool, Refusal> {
    let reason = approval::read_approval_reason(&connector.records, word.reason.as_deref())?;
    match reason {
        Some(command) => Ok(addition_identity(connector, &command)? == word.contract),
        None => Ok(true),
    }
}
