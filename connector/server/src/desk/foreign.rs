//! What an officer can't ask for who is another Unix user than the connector: that it reads or writes a file for him.
//!
//! The connector opens files with its own rights. Whoever may only use the socket could have it copy a key into a message, or
//! write over its configuration, and with that over the rule of two officers.

use crate::cli::verb::DeskVerb;
use crate::cli::verb::audit::AuditVerb;
use crate::cli::verb::credential::CredentialVerb;
use crate::cli::verb::dataset::DatasetVerb;
use crate::cli::verb::policy::PolicyVerb;
use crate::cli::verb::question::SimulateArgs;
use crate::node::Node;
use hansa_policy::refusal::{Code, Refusal};
use std::os::unix::fs::MetadataExt as _;

/// Refuses a verb that names a file to the connector, for anybody but its own Unix user and root.
///
/// # Errors
/// `USAGE_WRONG`, or `STATE_BROKEN` where nobody can say whose the connector is.
pub(super) fn check(node: &Node, verb: &DeskVerb, caller: Option<u32>) -> Result<(), Refusal> {
    let Some(caller) = caller.filter(|caller| *caller != 0 && names_a_file(verb)) else {
        return Ok(());
    };
    let state = &node.config().state;
    let own = std::fs::metadata(state).map_err(|error| hansa_files::unreadable(state, &error))?;
    if own.uid() == caller {
        return Ok(());
    }
    Err(Refusal::new(
        Code::UsageWrong,
        "the connector reads and writes files with its own rights, and does so for its own Unix user alone",
    )
    .with_help("leave the file out, or run this as the user whose the connector is"))
}

/// Whether the connector itself would open a file that the verb names; others are read and written by the command.
const fn names_a_file(verb: &DeskVerb) -> bool {
    matches!(
        verb,
        DeskVerb::Policy(
            PolicyVerb::Check {
                dataset: Some(_),
                ..
            } | PolicyVerb::Show {
                dataset: Some(_),
                ..
            } | PolicyVerb::Diff {
                dataset: Some(_),
                ..
            }
        ) | DeskVerb::Simulate(SimulateArgs {
            policy: Some(_),
            dataset: Some(_),
            ..
        }) | DeskVerb::Dataset(DatasetVerb::Add { .. })
            | DeskVerb::Audit(
                AuditVerb::Export { .. }
                    | AuditVerb::Incident { head: Some(_), .. }
                    | AuditVerb::Affected {
                        output: Some(_),
                        ..
                    }
                    | AuditVerb::Breach {
                        output: Some(_),
                        ..
                    }
                    | AuditVerb::Recipients {
                        output: Some(_),
                        ..
                    }
                    | AuditVerb::Processing { output: Some(_) }
            )
            | DeskVerb::Credential(CredentialVerb::Add { .. })
            | DeskVerb::Backup { .. }
    )
}
