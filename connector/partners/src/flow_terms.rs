//! Terms of data flows: an agreement of an own control plane counts if it repeats an offer of this participant word for word.

use crate::catalog_terms::{CatalogTerms, dataset_id};
use crate::offer_rules;
use crate::partner::Partner;
use crate::partner_identity::{TokenHolder, read_token_file};
use crate::process_terms::FlowAgreement;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::offer::{Offer, SigningMode};
use hansa_dataspace::{AgreementDocument, DataFlowRequest};
use hansa_node::config::dataspace::{ControlPlaneConfig, PartnerConfig};
use hansa_node::negotiation::activation;
use hansa_node::process::blocking_work::run_blocking;
use hansa_node::withdrawal;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::dataspace::client::{self, PartnerCredential};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

impl CatalogTerms {
    /// Control plane that presents an `Authorization` value. EDC 0.14 presents none and has its token in the path.
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
        let holder = self
            .tokens
            .find_holder(&config, shown, self.connector.now())?;
        let TokenHolder::ControlPlane(name) = holder else {
            return None;
        };
        // Each kind of control plane can use only its own way.
        let plane = config.dataspace.as_ref()?.control_plane(&name)?;
        (plane.is_edc == in_path.is_some()).then_some(name)
    }

    fn control_plane_config(&self, name: &str) -> Option<ControlPlaneConfig> {
        let config = self.connector.config();
        config.dataspace.as_ref()?.control_plane(name).cloned()
    }

    /// Control plane as a receiver of messages.
    pub(super) fn control_plane_of(&self, name: &str) -> Option<Partner> {
        let plane = self.control_plane_config(name)?;
        let own = plane.own_token_file.as_deref().and_then(read_token_file);
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

    /// Partner with a participant ID of the protocol.
    pub(super) fn partner_by_identity(&self, identity: &str) -> Option<PartnerConfig> {
        let config = self.connector.config();
        let mut partners = config
            .dataspace
            .iter()
            .flat_map(|dataspace| &dataspace.partners);
        let partner = partners.find(|partner| partner.protocol_id == identity)?;
        self.partner_config(partner.name.as_str())
    }

    /// Returns the agreement of a flow, as stored by its control plane.
    ///
    /// # Errors
    /// `PARTNER_UNKNOWN`, `CONTRACT_UNKNOWN`, `PARTNER_ANSWER_INVALID`, `PARTNER_UNREACHABLE`.
    pub(super) async fn agreement_of_flow(
        &self,
        control_plane: &str,
        flow: &DataFlowRequest,
    ) -> Result<FlowAgreement, Refusal> {
        let stranger = |sentence| Refusal::new(ErrorCode::PartnerUnknown, sentence);
        let plane = self
            .control_plane_config(control_plane)
            .ok_or_else(|| stranger("the configuration names no such control plane"))?;
        let partner = self
            .partner_by_identity(&flow.counter_party_id)
            .ok_or_else(|| stranger("the configuration names no partner of that identity"))?;
        // INVARIANT: agreement-of-the-control-plane. The agreement is read from the control plane; a copy in a message is not
        // trusted.
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
        Ok(FlowAgreement {
            control_plane: control_plane.to_owned(),
            partner: partner.name.to_string(),
            document: agreed,
        })
    }

    /// Returns the contract in force for an agreement of a control plane. A missing contract is made from the offer that the
    /// agreement repeats, and signed by this participant alone.
    ///
    /// # Errors
    /// `OFFER_UNKNOWN`, or the reason why the contract is not in force.
    pub(super) async fn contract_of_flow(
        &self,
        agreement: FlowAgreement,
    ) -> Result<String, Refusal> {
        let gone = || {
            let sentence = "the configuration names no such partner any longer";
            Refusal::new(ErrorCode::PartnerUnknown, sentence)
        };
        let partner = self.partner_config(&agreement.partner).ok_or_else(gone)?;
        let (uid, agreed) = (contract_uid(&agreement), agreement.document);
        let (known, last) = self.last_withdrawal(&partner, &agreed).await?;
        let connector = &self.connector;
        let _turn = connector.contracts.negotiation_lock.lock().await;
        if let Some((id, _, _)) = self.find_contract(&partner, &uid) {
            let now = connector.now();
            connector
                .contracts
                .with_registry(|registry| registry.provided_agreement(id, now).map(drop))?;
            return Ok(id.to_string());
        }
        let (dataset, offer) = self.offer_of(&partner, &agreed)?;
        self.check_not_withdrawn(&partner, &agreed, &known, last)?;
        let mut contract = self.make_agreement(&partner, &dataset, &offer)?;
        contract.uid = uid;
        let (signed, bytes) = self.sign(&partner, &contract)?;
        activation::put_in_force(connector, &signed, &bytes).await?;
        Ok(signed.id.to_string())
    }

    fn own_identity(&self) -> String {
        let config = self.connector.config();
        let dataspace = config.dataspace.as_ref();
        dataspace
            .map(|dataspace| dataspace.id.clone())
            .unwrap_or_default()
    }

    /// Fetches the agreement from the control plane.
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
        let credential = match (&plane.agreement_key_file, &plane.agreement_address) {
            (Some(file), _) => {
                let unread = || {
                    let sentence = "the key of the place of agreements can't be read";
                    Refusal::new(ErrorCode::SourceUnreadable, sentence)
                        .with_help("check agreement_key_file under [control_plane.NAME]")
                };
                Some(PartnerCredential::ApiKey(
                    read_token_file(file).ok_or_else(unread)?,
                ))
            }
            // The control plane's token is sent to no other address.
            (None, Some(_)) => None,
            (None, None) => self
                .control_plane_of(plane.name.as_str())
                .and_then(|plane| plane.credential),
        };
        let answer = client::send_message(&address, credential.as_ref(), None).await?;
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

    /// Finds the offer to the partner that the agreement repeats. Only an offer without an officer's signature counts.
    fn offer_of(
        &self,
        partner: &PartnerConfig,
        agreed: &AgreementDocument,
    ) -> Result<(Dataset, Offer), Refusal> {
        let offered = self.partner_offers(partner).into_iter();
        let mut of_dataset =
            offered.filter(|(dataset, _)| dataset_id(&dataset.id) == agreed.target);
        let found = of_dataset.next().and_then(|(dataset, offers)| {
            let mut same = offers.into_iter().filter(|offer| {
                offer_rules::to_policy_rules(offer).is_ok_and(|rules| rules == agreed.rules)
            });
            same.next().map(|offer| (dataset, offer))
        });
        let gone = |sentence: &str| {
            Refusal::new(ErrorCode::OfferUnknown, sentence).with_help(
                "hansa partner policy NAME tells the policy that the control plane has to offer",
            )
        };
        // INVARIANT: agreement-is-an-offer. Rules that differ in one word are no offer of this participant.
        let (dataset, offer) = found.ok_or_else(|| {
            gone("the rules of the agreement are those of no offer to the partner")
        })?;
        match offer.sign {
            SigningMode::Auto => Ok((dataset, offer)),
            SigningMode::Officer => Err(gone("an officer signs each contract on that offer")),
        }
    }

    /// Withdrawn contracts with a partner on the dataset of an agreement, including withdrawals with notice.
    fn withdrawn_contracts(
        &self,
        partner: &PartnerConfig,
        agreed: &AgreementDocument,
    ) -> BTreeSet<ContractId> {
        let now = self.connector.now();
        self.connector.contracts.with_registry(|registry| {
            let taken = registry.taken_by(&partner.participant, now);
            let withdrawn = taken.filter(|(id, agreement, _)| {
                registry.withdrawn_from(*id).is_some()
                    && dataset_id(&agreement.dataset.id) == agreed.target
            });
            withdrawn.map(|(id, _, _)| id).collect()
        })
    }

    /// Withdrawn contracts of an agreement and the instant of the last withdrawal, read before any lock is taken.
    async fn last_withdrawal(
        &self,
        partner: &PartnerConfig,
        agreed: &AgreementDocument,
    ) -> Result<(BTreeSet<ContractId>, Option<UtcTimestamp>), Refusal> {
        let withdrawn = self.withdrawn_contracts(partner, agreed);
        if withdrawn.is_empty() {
            return Ok((withdrawn, None));
        }
        let (connector, of) = (Arc::clone(&self.connector), withdrawn.clone());
        let last = run_blocking(move || {
            // An unreadable withdrawal counts as one of now.
            let ends = of.iter().map(|id| {
                withdrawal::withdrawal_of(&connector.records, *id)
                    .map_or_else(|| connector.now(), |read| read.issued_at)
            });
            Ok(ends.max())
        });
        Ok((withdrawn, last.await?))
    }

    /// Refuses an agreement from before the last withdrawal of a contract with the partner on the dataset, and one with a later
    /// date than now, which would survive each withdrawal.
    fn check_not_withdrawn(
        &self,
        partner: &PartnerConfig,
        agreed: &AgreementDocument,
        known: &BTreeSet<ContractId>,
        last: Option<UtcTimestamp>,
    ) -> Result<(), Refusal> {
        let invalid = |sentence| Err(Refusal::new(ErrorCode::PartnerAnswerInvalid, sentence));
        let Some(made) = signed_at(&agreed.timestamp) else {
            return invalid("the agreement does not say when it was made");
        };
        if made > self.connector.now().plus_micros(SKEW) {
            return invalid("the agreement is dated in the future");
        }
        let came_meanwhile = self.withdrawn_contracts(partner, agreed) != *known;
        match came_meanwhile || last.is_some_and(|last| made <= last) {
            true => Err(Refusal::new(
                ErrorCode::Withdrawn,
                "a contract on the dataset was withdrawn since the agreement was made",
            )),
            false => Ok(()),
        }
    }
}

/// Largest lead of a control plane's clock, in microseconds.
const SKEW: i64 = 120 * 1_000_000;

/// Time of an agreement by its control plane: an instant, or seconds.
fn signed_at(text: &str) -> Option<UtcTimestamp> {
    let seconds = text.parse::<i64>().ok();
    let seconds = seconds.and_then(|seconds| seconds.checked_mul(1_000_000));
    match seconds {
        Some(micros) => UtcTimestamp::from_micros(micros).ok(),
        None => text.parse().ok(),
    }
}

/// Contract name for an agreement of a control plane: a UUID for custom values (RFC 9562, section 5.8) over the whole agreement.
/// Equal agreements have equal names. Agreements with another control plane, party or rule have other names.
fn contract_uid(agreement: &FlowAgreement) -> String {
    let document = &agreement.document;
    let said = json!([
        agreement.control_plane,
        agreement.partner,
        document.id,
        document.target,
        document.rules.to_json(),
    ]);
    let digest = Digest::of(said.to_string().as_bytes()).to_string();
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
    fn each_agreement_has_a_name_of_its_own() {
        let of = |plane: &str, id: &str, action: &str| {
            let policy = json!({"permission": [{"action": action}]});
            contract_uid(&FlowAgreement {
                control_plane: plane.to_owned(),
                partner: "firm".to_owned(),
                document: AgreementDocument {
                    id: id.to_owned(),
                    target: "trees".to_owned(),
                    assigner: "did:web:lindau.example".to_owned(),
                    assignee: "did:web:firm.example".to_owned(),
                    timestamp: "1795711891".to_owned(),
                    rules: hansa_dataspace::PolicyRules::read(&policy).unwrap(),
                },
            })
        };
        let one = of("edc", "1", "use");
        assert_eq!(one, of("edc", "1", "use"));
        assert_eq!(
            one.len(),
            "urn:uuid:65e414d6-c942-44b7-ada3-13f4d214da6b".len()
        );
        for other in [
            of("other", "1", "use"),
            of("edc", "2", "use"),
            of("edc", "1", "sell"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn both_forms_of_a_date_are_read() {
        let seconds = signed_at("1795711891").unwrap();
        assert_eq!(signed_at(&seconds.to_string()), Some(seconds));
        assert_eq!(signed_at("yesterday"), None);
    }
}
