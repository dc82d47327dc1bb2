//! Makes a command whole before it travels: the connector that carries it out may run elsewhere.

use crate::audit::arguments::AuditCommand;
use crate::cli::connector_command::ConnectorCommand;
use crate::connect::arguments::ConnectArgs;
use crate::contract::arguments::ContractCommand;
use crate::credential::arguments::CredentialCommand;
use crate::dataset::arguments::DatasetCommand;
use crate::partner::arguments::PartnerCommand;
use crate::policy::arguments::PolicyCommand;
use crate::question::arguments::SimulateArgs;
use crate::rulebook::arguments::RulebookCommand;
use hansa_policy::refusal::Refusal;
use std::path::{Path, PathBuf};

/// Reads the policies that a verb names here, and makes the paths absolute that it reads or writes there.
///
/// # Errors
/// `FILE_MISSING`
pub(crate) fn complete(mut command: ConnectorCommand) -> Result<ConnectorCommand, Refusal> {
    match &mut command {
        ConnectorCommand::Contract(ContractCommand::Request {
            policy: Some(file),
            policy_text,
            ..
        })
        | ConnectorCommand::Contract(ContractCommand::Counter {
            policy: file,
            policy_text,
            ..
        }) => *policy_text = Some(text(file)?),
        ConnectorCommand::Dataset(DatasetCommand::Guard {
            policy: Some(file),
            policy_text,
            ..
        }) => *policy_text = Some(text(file)?),
        ConnectorCommand::Rulebook(RulebookCommand::Install { file, content }) => {
            *content = Some(text(file)?);
        }
        ConnectorCommand::Contract(ContractCommand::Attach {
            file, signature, ..
        }) => *signature = Some(text(file)?),
        // A draft is a file that lies here; otherwise it is the name of what the configuration offers.
        ConnectorCommand::Policy(PolicyCommand::Check {
            policies,
            dataset: Some(_),
        }) => policies.iter_mut().for_each(draft),
        ConnectorCommand::Policy(PolicyCommand::Show {
            policy,
            dataset: Some(_),
            ..
        }) => draft(policy),
        ConnectorCommand::Policy(PolicyCommand::Diff {
            old,
            new,
            dataset: Some(_),
        }) => {
            // One that is no file is the name of an offer.
            for policy in [old, new] {
                if Path::new(policy.as_str()).is_file() {
                    draft(policy);
                }
            }
        }
        ConnectorCommand::Simulate(SimulateArgs {
            policy: Some(policy),
            dataset: Some(_),
            ..
        }) => draft(policy),
        ConnectorCommand::Dataset(DatasetCommand::Add { files, terms, .. }) => {
            files
                .iter_mut()
                .chain(&mut terms.policy)
                .for_each(make_absolute);
        }
        ConnectorCommand::Partner(
            PartnerCommand::Fetch { output, .. } | PartnerCommand::Collect { output, .. },
        ) => make_absolute(output),
        ConnectorCommand::Audit(
            AuditCommand::Export { output: file, .. }
            | AuditCommand::Incident {
                head: Some(file), ..
            }
            | AuditCommand::Affected {
                output: Some(file), ..
            }
            | AuditCommand::Breach {
                output: Some(file), ..
            }
            | AuditCommand::Recipients {
                output: Some(file), ..
            }
            | AuditCommand::Received {
                output: Some(file), ..
            }
            | AuditCommand::Processing {
                output: Some(file), ..
            },
        )
        | ConnectorCommand::Credential(CredentialCommand::Add { file })
        | ConnectorCommand::Connect(ConnectArgs {
            test: Some(file), ..
        })
        | ConnectorCommand::Backup { file } => make_absolute(file),
        _ => {}
    }
    Ok(command)
}

fn text(file: &Path) -> Result<String, Refusal> {
    hansa_node::process::named_file::read(file)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn draft(file: &mut String) {
    let mut path = PathBuf::from(&*file);
    make_absolute(&mut path);
    *file = path.display().to_string();
}

fn make_absolute(file: &mut PathBuf) {
    if let Ok(absolute) = std::path::absolute(&*file) {
        *file = absolute;
    }
}
