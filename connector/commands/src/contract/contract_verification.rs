//! `hansa contract verify`: a contract file and the keys of a trust bundle; needs no connector.

use crate::cli::GlobalArgs;
use crate::cli::command_report::CommandReport;
use crate::cli::output::OutputSettings;
use crate::config::config_lookup;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::bundle::TrustBundle;
use hansa_node::config::ConnectorConfig;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::path::Path;

/// Checks both signatures and prints the contract as a page.
///
/// # Errors
/// The first fault of the file.
pub(crate) fn verify_contract_file(
    file: &Path,
    bundle: Option<&Path>,
    global: &GlobalArgs,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let bundle = match bundle {
        Some(file) => TrustBundle::open(file)?,
        None => {
            let config = config_lookup::config_file(global.config.as_ref())
                .and_then(|file| {
                    ConnectorConfig::load(&file, &config_lookup::environment_overrides()).map_err(
                        |faults| {
                            faults.into_iter().next().unwrap_or_else(|| {
                                Refusal::new(ErrorCode::ConfigInvalid, "the configuration is wrong")
                            })
                        },
                    )
                })
                .map_err(|refusal| refusal.with_help("or name a trust bundle with --bundle"))?;
            TrustBundle::open(&config.trust.bundle)?
        }
    };
    let bytes = hansa_node::process::named_file::read_named_file(file)?;
    let place = |refusal: Refusal| refusal.with_place(file.display().to_string(), None, None);
    let signed = hansa_proto::envelope::parse_any_contract(&bytes).map_err(place)?;
    // The file alone does not tell when it entered a log; the time of its last signature is the earliest it can be.
    let at = signed
        .signatures
        .iter()
        .filter_map(|signature| {
            UtcTimestamp::from_micros(signature.issued_at.saturating_mul(1_000_000)).ok()
        })
        .max()
        .unwrap_or(now);
    let signatures = signed.signatures.len();
    let agreed = signed.verify(&bundle.keys(at)).map_err(place)?;
    let agreement = agreed.agreement();
    show.print_report(&VerifiedContract {
        contract: agreed.id(),
        provider: agreement.provider.id.domain(),
        consumer: agreement.assignee_id().map(ParticipantId::domain),
        signatures,
        valid: true,
        page: hansa_proto::render::render_agreement(Some(agreed.id()), agreement),
    });
    Ok(0)
}

/// Contract whose signatures hold.
#[derive(Debug, Serialize)]
struct VerifiedContract<'a> {
    contract: ContractId,
    provider: &'a str,
    consumer: Option<&'a str>,
    /// Number of signatures.
    signatures: usize,
    valid: bool,
    #[serde(skip)]
    page: String,
}

impl CommandReport for VerifiedContract<'_> {
    fn to_text(&self) -> String {
        format!(
            "{}\nvalid: {} signatures by the keys of the trust bundle",
            self.page, self.signatures
        )
    }
}
