//! What an officer can't ask for who is another Unix user than the connector: that it reads or writes a file for him.
//!
//! The connector opens files with its own rights. Whoever may only use the socket could have it copy a key into a message, or
//! write over its configuration, and with that over the rule of two officers.

use crate::admin::connector_verb::ConnectorVerb;
use crate::admin::named_file::NamedFile;
use hansa_node::participant::Connector;
use hansa_node::participant::caller::Caller;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::os::unix::fs::MetadataExt as _;

#[cfg(test)]
mod tests;

/// Refuses a verb that names a file to the connector, for anybody but its own Unix user and root.
///
/// # Errors
/// `USAGE_WRONG`, or `STATE_BROKEN` where nobody can say whose the connector is.
pub(super) fn check_file_access(
    connector: &Connector,
    command: &mut impl ConnectorVerb,
    caller: &Caller,
) -> Result<(), Refusal> {
    if *caller == Caller::Process || !names_a_file(command) {
        return Ok(());
    }
    let Some(user) = caller.unix() else {
        let sentence = "a person without a Unix user on this machine names no file of this machine to the connector";
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("leave the file out, or give the person a `unix` under [person.NAME]"));
    };
    check_user(connector, user)
}

/// Refuses everybody but the Unix user of the connector and root.
///
/// # Errors
/// `USAGE_WRONG`, or `STATE_BROKEN` where nobody can say whose the connector is.
pub(super) fn check_own_user(connector: &Connector, caller: &Caller) -> Result<(), Refusal> {
    match caller.unix() {
        Some(user) => check_user(connector, user).map_err(|refusal| {
            let sentence = "only the Unix user that the connector runs as does this for others";
            Refusal::new(refusal.code, sentence)
        }),
        None => {
            let sentence = "the kernel names nobody who gives the command";
            Err(Refusal::new(ErrorCode::UsageWrong, sentence))
        }
    }
}

fn check_user(connector: &Connector, user: u32) -> Result<(), Refusal> {
    let state = &connector.config().state;
    let own = std::fs::metadata(state)
        .map_err(|error| hansa_files::unreadable_file_refusal(state, &error))?;
    refuse_stranger(user, own.uid())
}

/// Refuses every Unix user but root and that of the connector.
fn refuse_stranger(caller: u32, own: u32) -> Result<(), Refusal> {
    if caller == 0 || caller == own {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::UsageWrong,
        "the connector reads and writes files only for the Unix user that it runs as",
    )
    .with_help("leave the file out, or run the command as that user"))
}

/// `true` if the connector itself would open a file that the verb names. Other files are read and written by the command.
fn names_a_file(command: &mut impl ConnectorVerb) -> bool {
    let files = command.named_files();
    files.iter().any(NamedFile::is_opened_by_connector)
}
