//! Makes a command whole before it travels: the connector that carries it out may run elsewhere.

use crate::cli::verb::DeskVerb;
use crate::cli::verb::audit::AuditVerb;
use crate::cli::verb::contract::ContractVerb;
use crate::cli::verb::credential::CredentialVerb;
use crate::cli::verb::dataset::DatasetVerb;
use crate::cli::verb::policy::PolicyVerb;
use crate::cli::verb::question::SimulateArgs;
use crate::local;
use hansa_policy::refusal::Refusal;
use std::path::{Path, PathBuf};

/// Reads the policies that a verb names here, and makes the paths absolute that it reads or writes there.
///
/// # Errors
/// `FILE_MISSING`
pub(super) fn complete(mut verb: DeskVerb) -> Result<DeskVerb, Refusal> {
    match &mut verb {
        DeskVerb::Contract(ContractVerb::Request {
            policy: Some(file),
            policy_text,
            ..
        })
        | DeskVerb::Contract(ContractVerb::Counter {
            policy: file,
            policy_text,
            ..
        }) => *policy_text = Some(text(file)?),
        DeskVerb::Dataset(DatasetVerb::Guard {
            policy: Some(file),
            policy_text,
            ..
        }) => *policy_text = Some(text(file)?),
        DeskVerb::Contract(ContractVerb::Attach {
            file, signature, ..
        }) => *signature = Some(text(file)?),
        // A draft is a file that lies here; otherwise it is the name of what the configuration offers.
        DeskVerb::Policy(PolicyVerb::Check {
            policies,
            dataset: Some(_),
        }) => policies.iter_mut().for_each(draft),
        DeskVerb::Policy(PolicyVerb::Show {
            policy,
            dataset: Some(_),
            ..
        }) => draft(policy),
        DeskVerb::Policy(PolicyVerb::Diff {
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
        DeskVerb::Simulate(SimulateArgs {
            policy: Some(policy),
            dataset: Some(_),
            ..
        }) => draft(policy),
        DeskVerb::Dataset(DatasetVerb::Add { files, .. }) => {
            files.iter_mut().for_each(make_absolute);
        }
        DeskVerb::Audit(
            AuditVerb::Export { output: file, .. }
            | AuditVerb::Affected {
                output: Some(file), ..
            }
            | AuditVerb::Breach {
                output: Some(file), ..
            }
            | AuditVerb::Recipients {
                output: Some(file), ..
            }
            | AuditVerb::Processing { output: Some(file) },
        )
        | DeskVerb::Credential(CredentialVerb::Add { file })
        | DeskVerb::Backup { file } => make_absolute(file),
        _ => {}
    }
    Ok(verb)
}

fn text(file: &Path) -> Result<String, Refusal> {
    local::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
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
