//! What this participant gives for its control planes: an agreement of theirs counts where it is an offer of this participant, word for word.

use super::catalog_terms::{CatalogTerms, dataset_id};
use super::offer_rules;
use super::partner::Partner;
use super::partner_identity::{TokenHolder, presented};
use super::process_terms::FlowGrant;
use crate::config::dataspace::{ControlPlaneConfig, PartnerConfig};
use crate::workflow::contract_withdrawal;
use crate::workflow::negotiation::activation;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::offer::{Offer, SigningMode};
use hansa_dataspace::{AgreementDocument, DataFlowRequest};
use hansa_policy::contract::ContractStatus;
use hansa_policy::id::{ContractId, DatasetId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::dataspace::client::{self, PartnerCredential};

impl CatalogTerms {
    /// The control plane that presents a value of `Authorization`; one of EDC 0.14 presents nothing, and has its token in the path.
    pub(super) fn control_plane_at(
        &self,
        authorization: Option<&str>,
        path: &[String],
    ) -> Option<String> {
        let config = self.connector.config();
        let in_path = match path {
            [first, second, secret, ..] if first == "dataflows" && second == "edc" => {
                Some(format!("Bearer {secret}"))
            }
            _ => None,
        };
        let shown = in_path.as_deref().or(authorization)?;
        let holder = self.tokens.holder(&config, shown, self.connector.now())?;
        let TokenHolder::ControlPlane(name) = holder else {
            return None;
        };
        // Neither way counts for a control plane of the other kind.
        let plane = config.dataspace.as_ref()?.control_plane(&name)?;
        (plane.is_edc == in_path.is_some()).then_some(name)
    }

    fn plane(&self, name: &str) -> Option<ControlPlaneConfig> {
        let config = self.connector.config();
        config.dataspace.as_ref()?.control_plane(name).cloned()
    }

    /// A control plane as messages to it need it.
    pub(super) fn control_plane_of(&self, name: &str) -> Option<Partner> {
        let plane = self.plane(name)?;
        let own = plane.own_token_file.as_deref().and_then(presented);
        Some(Partner {
            name: plane.name.to_string(),
            protocol_id: String::new(),
            is_edc: plane.is_edc,
            credential: own.map(|own| match plane.is_edc {
                true => PartnerCredential::ApiKey(own),
                false => PartnerCredential::Authorization(format!("Bearer {own}")),
            }),
            address: plane.address,
        })
    }

    /// The partner of an identity in the protocol.
    pub(super) fn partner_by_identity(&self, identity: &str) -> Option<PartnerConfig> {
        let config = self.connector.config();
        let mut partners = config
            .dataspace
            .iter()
            .flat_map(|dataspace| &dataspace.partners);
        let partner = partners.find(|partner| partner.protocol_id == identity)?;
        self.config(partner.name.as_str())
    }

    /// The contract that stands for the agreement of a control plane, in force. Where there is none yet it is made of the offer that the
    /// agreement repeats, and signed by this participant alone.
    ///
    /// # Errors
    /// `PARTNER_UNKNOWN`, `CONTRACT_UNKNOWN`, `OFFER_UNKNOWN`, `PARTNER_ANSWER_INVALID`, or why the contract is not in force.
    pub(super) async fn contract_of_flow(
        &self,
        control_plane: &str,
        flow: &DataFlowRequest,
    ) -> Result<FlowGrant, Refusal> {
        let stranger = |sentence| Refusal::new(ErrorCode::PartnerUnknown, sentence);
        let plane = self
            .plane(control_plane)
            .ok_or_else(|| stranger("the configuration names no such control plane"))?;
        let partner = self
            .partner_by_identity(&flow.counter_party_id)
            .ok_or_else(|| stranger("the configuration names no partner of that identity"))?;
        // INVARIANT: agreement-of-the-control-plane. What a message says of an agreement is not believed: it is read where it is kept.
        let agreed = self.agreement_at(&plane, flow).await?;
        let unknown = |sentence| Refusal::new(ErrorCode::ContractUnknown, sentence);
        if agreed.id != flow.agreement_id || agreed.target != flow.dataset_id {
            return Err(unknown(
                "the agreement is another one, or about another dataset",
            ));
        }
        if agreed.assigner != self.own_identity() || agreed.assignee != partner.protocol_id {
            return Err(unknown("the agreement is between others"));
        }
        let uid = uid(&agreed.id);
        let connector = &self.connector;
        let granted = |id: ContractId| FlowGrant {
            partner: partner.name.to_string(),
            contract: id.to_string(),
        };
        let _turn = connector.contracts.negotiation_lock.lock().await;
        if let Some((id, known, _)) = self.contract(&partner, &uid) {
            let now = connector.now();
            connector
                .contracts
                .with_registry(|registry| registry.provided(id, now).map(drop))?;
            if dataset_id(&known.dataset.id) != agreed.target {
                return Err(unknown("the agreement is about another dataset"));
            }
            return Ok(granted(id));
        }
        let (dataset, offer) = self.offer_of(&partner, &agreed)?;
        self.check_not_withdrawn(&partner, &dataset.id, &agreed)?;
        let mut agreement = self.agreement(&partner, (&dataset, &offer))?;
        agreement.uid = uid;
        let (signed, bytes) = self.sign(&partner, &agreement)?;
        activation::put_in_force(connector, &signed, &bytes).await?;
        Ok(granted(signed.id))
    }

    fn own_identity(&self) -> String {
        let config = self.connector.config();
        let dataspace = config.dataspace.as_ref();
        dataspace
            .map(|dataspace| dataspace.id.clone())
            .unwrap_or_default()
    }

    /// The agreement, as the control plane keeps it.
    async fn agreement_at(
        &self,
        plane: &ControlPlaneConfig,
        flow: &DataFlowRequest,
    ) -> Result<AgreementDocument, Refusal> {
        let agreement = hansa_dataspace::ProcessId::new(&flow.agreement_id).map_err(|cause| {
            Refusal::new(
                ErrorCode::ContractUnknown,
                "the agreement has no id that stands in a path",
            )
            .caused_by(cause)
        })?;
        let address = plane.agreement_at(flow.process_id.as_str(), agreement.as_str());
        let key = plane.agreement_key_file.as_deref().and_then(presented);
        let credential = match key {
            Some(key) => Some(PartnerCredential::ApiKey(key)),
            None => self
                .control_plane_of(plane.name.as_str())
                .and_then(|plane| plane.credential),
        };
        let answer = client::send(&address, credential.as_ref(), None).await?;
        match answer.status {
            200..=299 => AgreementDocument::of_control_plane(&answer.body).map_err(|cause| {
                let sentence = "the agreement at the control plane can't be read";
                Refusal::new(ErrorCode::PartnerAnswerInvalid, sentence).caused_by(cause)
            }),
            404 => Err(Refusal::new(
                ErrorCode::ContractUnknown,
                "the control plane has no such agreement",
            )),
            status => {
                let sentence = format!("the control plane answered {status} for an agreement");
                Err(
                    Refusal::new(ErrorCode::PartnerUnreachable, sentence).with_help(
                        "check agreement_address and agreement_key_file under [control_plane.NAME]",
                    ),
                )
            }
        }
    }

    /// The offer to the partner that the agreement repeats, which whoever asks for it has without an officer.
    fn offer_of(
        &self,
        partner: &PartnerConfig,
        agreed: &AgreementDocument,
    ) -> Result<(Dataset, Offer), Refusal> {
        let offered = self.offered(partner).into_iter();
        let mut of_dataset =
            offered.filter(|(dataset, _)| dataset_id(&dataset.id) == agreed.target);
        let found = of_dataset.next().and_then(|(dataset, offers)| {
            let mut same = offers
                .into_iter()
                .filter(|offer| offer_rules::of(offer).is_ok_and(|rules| rules == agreed.rules));
            same.next().map(|offer| (dataset, offer))
        });
        let gone = |sentence: &str| {
            Refusal::new(ErrorCode::OfferUnknown, sentence).with_help(
                "hansa partner policy NAME tells the policy that the control plane has to offer",
            )
        };
        // INVARIANT: agreement-is-an-offer. Rules of which one word differs are rules that nobody here has offered.
        let (dataset, offer) = found.ok_or_else(|| {
            gone("the rules of the agreement are those of no offer to the partner")
        })?;
        match offer.sign {
            SigningMode::Auto => Ok((dataset, offer)),
            SigningMode::Officer => Err(gone("an officer signs each contract on that offer")),
        }
    }

    /// Refuses an agreement from before the last withdrawal of a contract with the partner on the dataset.
    fn check_not_withdrawn(
        &self,
        partner: &PartnerConfig,
        dataset: &DatasetId,
        agreed: &AgreementDocument,
    ) -> Result<(), Refusal> {
        let now = self.connector.now();
        let withdrawn: Vec<ContractId> = self.connector.contracts.with_registry(|registry| {
            let taken = registry.taken_by(&partner.participant, now);
            let withdrawn = taken.filter(|(_, agreement, status)| {
                *status == ContractStatus::Withdrawn && agreement.dataset.id == *dataset
            });
            withdrawn.map(|(id, _, _)| id).collect()
        });
        // Of one that can't be read any more it is not known when it came.
        let ends = withdrawn.iter().map(|id| {
            let read = contract_withdrawal::withdrawal_of(&self.connector, *id);
            read.map_or(now, |read| read.issued_at)
        });
        match (ends.max(), signed_at(&agreed.timestamp)) {
            (Some(end), agreed) if agreed.is_none_or(|agreed| agreed <= end) => Err(Refusal::new(
                ErrorCode::Withdrawn,
                "a contract on the dataset was withdrawn since the agreement was made",
            )),
            _ => Ok(()),
        }
    }
}

/// When an agreement was made, by its control plane: an instant, or seconds.
fn signed_at(text: &str) -> Option<UtcTimestamp> {
    let seconds = text.parse::<i64>().ok();
    let seconds = seconds.and_then(|seconds| seconds.checked_mul(1_000_000));
    match seconds {
        Some(micros) => UtcTimestamp::from_micros(micros).ok(),
        None => text.parse().ok(),
    }
}

/// The name of a contract that stands for an agreement of a control plane: its own, where that is a UUID.
fn uid(agreement: &str) -> String {
    let bare = agreement.strip_prefix("urn:uuid:").unwrap_or(agreement);
    let is_uuid = bare.len() == 36
        && bare.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if is_uuid {
        return format!("urn:uuid:{}", bare.to_ascii_lowercase());
    }
    // A UUID of the version for values of one's own (RFC 9562, section 5.8).
    let digest = Digest::of(agreement.as_bytes()).to_string();
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    format!(
        "urn:uuid:{}-{}-8{}-8{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 15),
        part(15, 18),
        part(18, 30)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_agreement_has_one_name() {
        let bare = "65E414d6-c942-44b7-ada3-13f4d214da6b";
        let expected = "urn:uuid:65e414d6-c942-44b7-ada3-13f4d214da6b";
        assert_eq!(uid(bare), expected);
        assert_eq!(uid(&format!("urn:uuid:{bare}")), expected);
        let (one, other) = (uid("agreement one"), uid("agreement two"));
        assert_ne!(one, other);
        assert_eq!(one.len(), expected.len());
        assert_eq!(one, uid("agreement one"));
    }

    #[test]
    fn both_forms_of_a_date_are_read() {
        let seconds = signed_at("1795711891").unwrap();
        assert_eq!(signed_at(&seconds.to_string()), Some(seconds));
        assert_eq!(signed_at("yesterday"), None);
    }
}
