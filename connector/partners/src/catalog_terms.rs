//! Terms of a connector: catalog offers to named partners, and the rights from contracts with them.

use crate::data_flow::DataFlow;
use crate::keepable_rules;
use crate::negotiation_process::NegotiationProcess;
use crate::offer_rules;
use crate::partner::Partner;
use crate::partner_identity::{
    PartnerTokens, TokenHolder, believes_name, mock_identity, read_token_file,
};
use crate::process_terms::{
    AgreedContract, FlowAgreement, NegotiationMove, ProcessRecord, ProcessTerms, TransferGrant,
    TransferMove, TransferSubject,
};
use crate::transfer_process::TransferProcess;
use async_trait::async_trait;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::messages::PartnerMessageRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::offer::{Offer, SigningMode};
use hansa_dataspace::{
    AgreementDocument, DataAddress, DataFlowRequest, OfferDocument, PublishedDataset,
    PublishedOffer, TransferState,
};
use hansa_node::config::dataspace::PartnerConfig;
use hansa_node::log::audit_event::AuditEvent;
use hansa_node::negotiation::{activation, proposal_context};
use hansa_node::participant::Connector;
use hansa_node::participant::approval;
use hansa_node::process::randomness::random_hex;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::contract::{
    Agreement, Assignee, ContractPartner, ContractStatus, SignedContract,
};
use hansa_policy::id::{ContractId, DatasetId, RequestId};
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::{Clause, Term};
use hansa_programs::parquet_writer::ParquetWriter;
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_transport::dataspace::client::PartnerCredential;
use hansa_transport::{
    AnswerWriter, DataspaceBody, DataspaceRequest, DataspaceResponse, TransferFormat,
};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Transfer format for pulled data.
const PULL: &str = "HttpData-PULL";

/// Endpoint type of a pull.
const HTTP_ENDPOINT: &str = "https://w3id.org/idsa/v4.1/HTTP";

/// Terms of a connector.
pub struct CatalogTerms {
    pub(super) connector: Arc<Connector>,
    pub(super) tokens: PartnerTokens,
    /// Running questions of each process's token.
    pub(super) running: Mutex<BTreeMap<String, Vec<RequestId>>>,
}

hansa_node::debug_by_name!(CatalogTerms);

impl CatalogTerms {
    /// Makes the terms of a connector.
    pub fn new(connector: Arc<Connector>) -> Self {
        Self {
            connector,
            tokens: PartnerTokens::default(),
            running: Mutex::new(BTreeMap::new()),
        }
    }

    pub(super) fn partner_config(&self, partner: &str) -> Option<PartnerConfig> {
        let config = self.connector.config();
        let partner = config.dataspace.as_ref()?.partner(partner)?;
        // A participant of the league is served by its connector only. A token for its name is not accepted.
        let bundle = self.connector.identity.trust.bundle();
        let mut members = bundle.roster().members();
        let is_participant = members.any(|member| *member == partner.participant)
            || partner.participant == self.connector.id();
        (!is_participant).then(|| partner.clone())
    }

    /// Datasets that are offered to a partner by name, with their offers.
    pub(super) fn partner_offers(&self, partner: &PartnerConfig) -> Vec<(Dataset, Vec<Offer>)> {
        let now = self.connector.now();
        self.connector.datasets.catalog(|catalog| {
            let offered = catalog.offers_naming(&partner.participant);
            let mut datasets: Vec<(Dataset, Vec<Offer>)> = Vec::new();
            for (dataset, offer) in offered {
                if offer.not_after <= now {
                    continue;
                }
                match datasets.last_mut() {
                    Some((last, offers)) if last.id == dataset.id => {
                        offers.push(Offer::clone(offer))
                    }
                    _ => datasets.push((dataset.clone(), vec![Offer::clone(offer)])),
                }
            }
            datasets
        })
    }

    /// Offer with that id to a partner.
    fn find_offer(
        &self,
        partner: &PartnerConfig,
        id: &str,
        target: Option<&str>,
    ) -> Option<(Dataset, Offer)> {
        let offered = self.partner_offers(partner).into_iter();
        let mut all = offered.flat_map(|(dataset, offers)| {
            offers
                .into_iter()
                .map(move |offer| (dataset.clone(), offer))
        });
        all.find(|(dataset, offer)| {
            offer_id(offer) == id && target.is_none_or(|target| dataset_id(&dataset.id) == target)
        })
    }

    /// Contract that corresponds to an agreement of the protocol.
    pub(super) fn find_contract(
        &self,
        partner: &PartnerConfig,
        agreement: &str,
    ) -> Option<(ContractId, Agreement, ContractStatus)> {
        let now = self.connector.now();
        self.connector.contracts.with_registry(|registry| {
            let mut taken = registry.taken_by(&partner.participant, now);
            taken
                .find(|(_, taken, _)| taken.partner().is_some() && taken.uid == agreement)
                .map(|(id, taken, status)| (id, taken.clone(), status))
        })
    }

    /// Checks that a contract for a transfer is in force.
    pub(super) fn check_in_force(&self, contract: Option<&str>) -> Result<ContractId, Refusal> {
        let unknown = || Refusal::new(ErrorCode::ContractUnknown, "there is no such agreement");
        let id: ContractId = contract
            .and_then(|id| id.parse().ok())
            .ok_or_else(unknown)?;
        let now = self.connector.now();
        self.connector
            .contracts
            .with_registry(|registry| registry.provided_agreement(id, now).map(|_| id))
    }

    /// Agreement from the proposed offer. The existing draft is returned if its terms are unchanged.
    fn draft_agreement(
        &self,
        partner: &PartnerConfig,
        process: &NegotiationProcess,
    ) -> Result<Agreement, Refusal> {
        let gone = |sentence| Refusal::new(ErrorCode::OfferUnknown, sentence);
        let found = self.find_offer(partner, &process.offer, Some(&process.dataset));
        let (dataset, offer) = found.ok_or_else(|| gone("the offer is no longer made"))?;
        if process.policy().as_ref() != Some(&offer_rules::to_policy_rules(&offer)?) {
            return Err(gone("the terms are not those of the offer"));
        }
        let fresh = self.make_agreement(partner, &dataset, &offer)?;
        let before = process.draft.as_ref();
        let before =
            before.and_then(|before| hansa_proto::contract::from_bytes(before.as_bytes()).ok());
        // Values drawn for each draft do not count in the comparison.
        let says_the_same = |before: &Agreement| {
            *before
                == Agreement {
                    uid: before.uid.clone(),
                    nonce: before.nonce.clone(),
                    proposed_at: before.proposed_at,
                    ..fresh.clone()
                }
        };
        Ok(before.filter(says_the_same).unwrap_or(fresh))
    }

    /// Signs an agreement with a partner, after the checks, by this participant alone.
    pub(super) fn sign(
        &self,
        partner: &PartnerConfig,
        agreement: &Agreement,
    ) -> Result<(SignedContract, Vec<u8>), Refusal> {
        let connector = &self.connector;
        let payload = hansa_proto::contract::to_bytes(agreement);
        approval::require_approvals(connector, ContractId(Digest::of(&payload)), agreement)?;
        proposal_context::check_partner(connector, &partner.participant, agreement)?;
        let signature =
            connector.sign(StatementKind::Agreement, SignatoryRole::Provider, &payload)?;
        let bytes = envelope::assemble_statement(&payload, &[signature]);
        let signed = envelope::parse_partner_contract(&bytes)?;
        let bundle = connector.identity.trust.bundle();
        signed.clone().verify(&bundle.keys(connector.now()))?;
        Ok((signed, bytes))
    }

    /// Returns an offer as an agreement with a partner.
    ///
    /// # Errors
    /// `POLICY_CONTRADICTION` if the offer can't be one.
    pub(super) fn make_agreement(
        &self,
        partner: &PartnerConfig,
        dataset: &Dataset,
        offer: &Offer,
    ) -> Result<Agreement, Refusal> {
        // INVARIANT: partners-have-no-receipts. No partner countersigns receipts, so a clause must permit that.
        let one_sided = |clause: &Clause| clause.term == Term::OneSidedReceipts;
        if !offer.clauses.iter().any(one_sided) {
            let sentence = "an offer to a partner needs the clause `one_sided_receipts`, since a partner signs no receipts";
            return Err(Refusal::new(ErrorCode::PolicyContradiction, sentence));
        }
        let assignee = Assignee::Partner(ContractPartner {
            id: partner.participant.clone(),
            name: partner.title.clone(),
            protocol_id: partner.protocol_id.clone(),
        });
        let connector = &self.connector;
        let filled = connector.new_agreement_parameters(connector.party()?, assignee, None);
        Ok(offer.agreement(dataset, filled))
    }

    /// Signs the draft, by this participant alone.
    fn sign_agreement(
        &self,
        partner: &PartnerConfig,
        process: &NegotiationProcess,
    ) -> Result<AgreedContract, Refusal> {
        let agreement = self.draft_agreement(partner, process)?;
        let (_, bytes) = self.sign(partner, &agreement)?;
        let rules = process.policy();
        let rules = rules.ok_or_else(|| {
            let sentence = "the offer of a negotiation can't be read";
            Refusal::new(ErrorCode::StateBroken, sentence)
        })?;
        Ok(AgreedContract {
            document: AgreementDocument {
                id: agreement.uid.clone(),
                target: process.dataset.clone(),
                assigner: self.own_id(),
                assignee: partner.protocol_id.clone(),
                timestamp: agreement.proposed_at.to_string(),
                rules,
            },
            signed: Some(String::from_utf8_lossy(&bytes).into_owned()),
            withdrawn: self.count_withdrawals(partner, &agreement.dataset.id),
        })
    }

    /// Number of withdrawn contracts with a partner on a dataset, including withdrawals with notice.
    fn count_withdrawals(&self, partner: &PartnerConfig, dataset: &DatasetId) -> usize {
        let now = self.connector.now();
        self.connector.contracts.with_registry(|registry| {
            let taken = registry.taken_by(&partner.participant, now);
            let withdrawn = taken.filter(|(id, agreement, _)| {
                registry.withdrawn_from(*id).is_some() && agreement.dataset.id == *dataset
            });
            withdrawn.count()
        })
    }

    /// Refuses an offer that is no longer made, a negotiation that is too old, and one during which a contract was withdrawn.
    fn check_still_offered(
        &self,
        partner: &PartnerConfig,
        process: &NegotiationProcess,
    ) -> Result<(), Refusal> {
        let now = self.connector.now();
        let gone = |sentence| Err(Refusal::new(ErrorCode::OfferUnknown, sentence));
        if now.micros().saturating_sub(process.base.began) > OPEN {
            return gone("the negotiation began long ago");
        }
        let found = self.find_offer(partner, &process.offer, Some(&process.dataset));
        let Some((dataset, offer)) = found else {
            return gone("the offer is no longer made");
        };
        if Some(offer_rules::to_policy_rules(&offer)?) != process.policy() {
            return gone("the terms are not those of the offer");
        }
        match self.count_withdrawals(partner, &dataset.id) > process.withdrawn {
            true => gone("a contract on the dataset was withdrawn meanwhile"),
            false => Ok(()),
        }
    }
}

/// Longest duration of a negotiation, in microseconds.
const OPEN: i64 = 30 * 24 * 3_600 * 1_000_000;

fn no_partner() -> Refusal {
    Refusal::new(
        ErrorCode::PartnerUnknown,
        "the configuration names no such partner",
    )
}

/// ID of a dataset in the protocol. It is usable in URL paths without escaping.
pub(super) fn dataset_id(id: &DatasetId) -> String {
    format!("urn:hansa:{}:{}", id.owner.domain(), id.name)
}

fn offer_id(offer: &Offer) -> String {
    format!(
        "urn:hansa:offer:{}",
        offer.id().to_string().replace(':', "-")
    )
}

#[async_trait]
impl ProcessTerms for CatalogTerms {
    fn own_id(&self) -> String {
        let config = self.connector.config();
        config
            .dataspace
            .as_ref()
            .map(|dataspace| dataspace.id.clone())
            .unwrap_or_default()
    }

    fn base_address(&self) -> String {
        let config = self.connector.config();
        let base = config
            .dataspace
            .as_ref()
            .map(|dataspace| dataspace.base.clone());
        format!("{}/dsp/2025-1", base.unwrap_or_default())
    }

    fn now(&self) -> UtcTimestamp {
        self.connector.now()
    }

    fn identify_partner(&self, authorization: &str, from: Option<IpAddr>) -> Option<String> {
        let config = self.connector.config();
        if let Some(name) = mock_identity(authorization) {
            // INVARIANT: names-are-no-proof. A mere name is accepted only in a demonstration on this machine.
            let is_demo = self.connector.identity.trust.bundle().content().demo;
            let is_local = from.is_some_and(|address| address.is_loopback());
            let partners = config
                .dataspace
                .iter()
                .flat_map(|dataspace| &dataspace.partners);
            let mut believed =
                partners.filter(|partner| believes_name(partner, &name, is_demo && is_local));
            return believed.next().map(|partner| partner.name.to_string());
        }
        match self
            .tokens
            .find_holder(&config, authorization, self.connector.now())?
        {
            TokenHolder::Partner(name) => Some(name),
            TokenHolder::ControlPlane(_) => None,
        }
    }

    fn partner(&self, name: &str) -> Option<Partner> {
        let partner = self.partner_config(name)?;
        let own = partner.own_token_file.as_deref().and_then(read_token_file);
        Some(Partner {
            name: partner.name.to_string(),
            protocol_id: partner.protocol_id,
            address: partner.address,
            is_edc: false,
            // An identity of a demonstration is a JSON object and is presented without `Bearer`.
            credential: own.map(|own| match own.starts_with('{') {
                true => PartnerCredential::Authorization(own),
                false => PartnerCredential::Authorization(format!("Bearer {own}")),
            }),
        })
    }

    async fn datasets(&self, partner: &Partner) -> Result<Vec<PublishedDataset>, Refusal> {
        let Some(partner) = self.partner_config(&partner.name) else {
            return Ok(Vec::new());
        };
        let mut datasets = Vec::new();
        for (dataset, offers) in self.partner_offers(&partner) {
            let mut published = Vec::new();
            for offer in &offers {
                match offer_rules::to_policy_rules(offer) {
                    Ok(rules) => published.push(PublishedOffer {
                        id: offer_id(offer),
                        assigner: self.own_id(),
                        rules,
                    }),
                    // A dataset that can't be described is left out of the catalog; the others stay.
                    Err(refusal) => {
                        tracing::error!(%refusal, offer = %offer.id(), "dataspace.offer_untold");
                    }
                }
            }
            datasets.push(PublishedDataset {
                id: dataset_id(&dataset.id),
                title: Some(dataset.title.clone()),
                description: None,
                offers: published,
                formats: vec![PULL.to_owned()],
            });
        }
        Ok(datasets)
    }

    fn knows_offer(&self, partner: &Partner, offer: &OfferDocument) -> bool {
        let partner = self.partner_config(&partner.name);
        let found = partner.and_then(|partner| {
            let target = offer.target.as_deref();
            self.find_offer(&partner, &offer.id, target)
        });
        found.is_some()
    }

    fn negotiation_move(&self, process: &NegotiationProcess) -> Option<NegotiationMove> {
        match (process.phase()?, process.base.is_provider) {
            (Phase::Requested | Phase::Accepted, true) => {
                let partner = self.partner_config(&process.base.partner)?;
                let found = self.find_offer(&partner, &process.offer, Some(&process.dataset));
                let rules = found
                    .as_ref()
                    .and_then(|(_, offer)| offer_rules::to_policy_rules(offer).ok());
                match found {
                    Some((_, offer)) if rules == process.policy() => {
                        (offer.sign == SigningMode::Auto).then_some(NegotiationMove::Agree)
                    }
                    _ => Some(NegotiationMove::Terminate(
                        ErrorCode::OfferUnknown.as_str().to_owned(),
                        "there is no such offer to you on these terms".to_owned(),
                    )),
                }
            }
            (Phase::Verified, true) => Some(NegotiationMove::Finalize),
            (Phase::Agreed, false) => Some(NegotiationMove::Verify),
            _ => None,
        }
    }

    fn draft(
        &self,
        partner: &Partner,
        process: &NegotiationProcess,
    ) -> Result<Option<String>, Refusal> {
        let partner = self.partner_config(&partner.name).ok_or_else(no_partner)?;
        let payload = hansa_proto::contract::to_bytes(&self.draft_agreement(&partner, process)?);
        Ok(Some(String::from_utf8_lossy(&payload).into_owned()))
    }

    fn is_in_force(&self, process: &NegotiationProcess) -> bool {
        let signed = process.signed.as_deref();
        let signed =
            signed.and_then(|bytes| envelope::parse_partner_contract(bytes.as_bytes()).ok());
        signed.is_some_and(|signed| {
            self.connector
                .contracts
                .with_registry(|registry| registry.agreement(signed.id).is_some())
        })
    }

    async fn conclude_agreement(
        &self,
        partner: &Partner,
        process: &NegotiationProcess,
    ) -> Result<AgreedContract, Refusal> {
        let partner = self.partner_config(&partner.name).ok_or_else(no_partner)?;
        let _turn = self.connector.contracts.negotiation_lock.lock().await;
        self.sign_agreement(&partner, process)
    }

    async fn finalize_agreement(
        &self,
        partner: &Partner,
        process: &NegotiationProcess,
    ) -> Result<Option<String>, Refusal> {
        let lost = || {
            Refusal::new(
                ErrorCode::StateBroken,
                "the contract that was signed is lost",
            )
        };
        let bytes = process.signed.as_deref().ok_or_else(lost)?.as_bytes();
        let signed = envelope::parse_partner_contract(bytes)?;
        let config = self.partner_config(&partner.name).ok_or_else(no_partner)?;
        let is_known = self
            .connector
            .contracts
            .with_registry(|registry| registry.agreement(signed.id).is_some());
        let _turn = self.connector.contracts.negotiation_lock.lock().await;
        if !is_known {
            // INVARIANT: signed-beforehand. An old signature comes into force only if it would be given again now.
            self.check_still_offered(&config, process)?;
            approval::require_approvals(&self.connector, signed.id, &signed.agreement)?;
            proposal_context::check_partner(
                &self.connector,
                &config.participant,
                &signed.agreement,
            )?;
        }
        activation::put_in_force(&self.connector, &signed, bytes).await?;
        Ok(Some(signed.id.to_string()))
    }

    fn check_agreement(
        &self,
        partner: &Partner,
        _process: &NegotiationProcess,
        agreement: &AgreementDocument,
    ) -> Result<(), Refusal> {
        let config = self.partner_config(&partner.name);
        if !config.is_some_and(|partner| partner.unsigned_agreements) {
            let sentence = "the partner signs nothing, and `unsigned_agreements` is not set for it";
            return Err(Refusal::new(ErrorCode::SignatureMissing, sentence));
        }
        keepable_rules::check_rules(&agreement.rules)
    }

    fn hears_offers(&self) -> bool {
        false
    }

    fn identify_control_plane(
        &self,
        authorization: Option<&str>,
        path: &[String],
    ) -> Option<String> {
        self.control_plane_at(authorization, path)
    }

    fn control_plane(&self, name: &str) -> Option<Partner> {
        self.control_plane_of(name)
    }

    async fn flow_agreement(
        &self,
        control_plane: &str,
        flow: &DataFlowRequest,
    ) -> Result<FlowAgreement, Refusal> {
        self.agreement_of_flow(control_plane, flow).await
    }

    async fn flow_contract(&self, agreement: FlowAgreement) -> Result<String, Refusal> {
        self.contract_of_flow(agreement).await
    }

    fn partner_of(&self, identity: &str) -> Option<String> {
        self.partner_by_identity(identity)
            .map(|partner| partner.name.to_string())
    }

    fn flow_ends(&self, flow: &DataFlow) -> Option<Refusal> {
        let gone = |what: &str| {
            let sentence = format!("the configuration names no such {what} any longer");
            Some(Refusal::new(ErrorCode::PartnerUnknown, sentence))
        };
        if self.control_plane_of(&flow.base.partner).is_none() {
            return gone("control plane");
        }
        if self.partner_config(&flow.counter_party).is_none() {
            return gone("partner");
        }
        match flow.base.is_provider {
            true => self.check_in_force(flow.contract.as_deref()).err(),
            false => None,
        }
    }

    fn grant_transfer(
        &self,
        partner: &Partner,
        agreement: &str,
        format: &str,
    ) -> Result<TransferGrant, Refusal> {
        let unknown = || Refusal::new(ErrorCode::ContractUnknown, "there is no such agreement");
        let partner = self.partner_config(&partner.name).ok_or_else(unknown)?;
        let (id, agreement, status) = self
            .find_contract(&partner, agreement)
            .ok_or_else(unknown)?;
        if status != ContractStatus::InForce {
            let now = self.connector.now();
            self.connector
                .contracts
                .with_registry(|registry| registry.provided_agreement(id, now).map(drop))?;
        }
        if format != PULL {
            let sentence = format!("the dataset is given as {PULL} alone");
            return Err(Refusal::new(ErrorCode::UsageWrong, sentence));
        }
        Ok(TransferGrant {
            dataset: dataset_id(&agreement.dataset.id),
            contract: Some(id.to_string()),
        })
    }

    fn transfer_move(&self, process: &TransferProcess) -> Option<TransferMove> {
        if !process.base.is_provider || process.is_over() {
            return None;
        }
        if self.partner_config(&process.base.partner).is_none() {
            return Some(TransferMove::Terminate(
                ErrorCode::PartnerUnknown.as_str().to_owned(),
                "the partner is named no longer".to_owned(),
            ));
        }
        if let Err(why) = self.check_in_force(process.contract.as_deref()) {
            return Some(TransferMove::Terminate(
                why.code.as_str().to_owned(),
                "the agreement is not in force".to_owned(),
            ));
        }
        (process.current_state() == Some(TransferState::Requested)).then_some(TransferMove::Start)
    }

    async fn open(
        &self,
        subject: TransferSubject<'_>,
    ) -> Result<(Option<DataAddress>, Option<String>), Refusal> {
        self.check_in_force(subject.contract)?;
        let config = self.connector.config();
        let base = config
            .dataspace
            .as_ref()
            .map(|dataspace| dataspace.base.clone());
        let token = format!("transfer-{}", random_hex(32));
        let address = DataAddress {
            endpoint_type: HTTP_ENDPOINT.to_owned(),
            endpoint: Some(format!(
                "{}/dsp/data/{}",
                base.unwrap_or_default(),
                subject.pid
            )),
            properties: vec![
                ("authorization".to_owned(), token.clone()),
                ("authType".to_owned(), "bearer".to_owned()),
            ],
        };
        Ok((
            Some(address),
            Some(Digest::of(token.as_bytes()).to_string()),
        ))
    }

    async fn transfer_rows(
        &self,
        subject: TransferSubject<'_>,
        request: &DataspaceRequest,
    ) -> DataspaceResponse {
        let wanted = request
            .parameters
            .get("format")
            .map_or("csv", String::as_str);
        let format = TransferFormat::ALL
            .into_iter()
            .find(|format| format.as_str() == wanted);
        let Some(format) = format else {
            let names = TransferFormat::ALL.map(TransferFormat::as_str);
            return error_response(400, &format!("the formats are {}", names.join(", ")));
        };
        let asked = self.ask_for_rows(subject, request.address).await;
        let asked = asked.and_then(|answer| {
            let writer: Option<Box<dyn AnswerWriter>> = match format {
                TransferFormat::Parquet => {
                    Some(Box::new(ParquetWriter::new(Arc::clone(&answer.columns))?))
                }
                TransferFormat::Csv | TransferFormat::JsonLines | TransferFormat::Arrow => None,
            };
            Ok((answer, writer))
        });
        match asked {
            Ok((answer, writer)) => DataspaceResponse {
                status: 200,
                links: Vec::new(),
                body: DataspaceBody::Rows {
                    answer: Box::new(answer),
                    format,
                    writer,
                },
            },
            Err(refusal) => {
                tracing::info!(%refusal, process = subject.pid, "dataspace.rows_refused");
                error_response(403, refusal.code.as_str())
            }
        }
    }

    fn token_ended(&self, pid: &str) {
        let requests = self.running.lock().remove(pid).unwrap_or_default();
        let why = Refusal::new(ErrorCode::TokenInvalid, "the transfer has ended");
        for request in requests {
            self.connector.queries.running.cut_request(request, &why);
        }
    }

    async fn record(&self, record: ProcessRecord) -> Result<(), Refusal> {
        let (agreement, contract) = record.given_under.unzip();
        let some = |others: u64| Some(others).filter(|others| *others > 0);
        let (refused, others_refused) = record
            .refused
            .map(|refused| (refused.reason, some(refused.others)))
            .unzip();
        let event = AuditEvent::from(PartnerMessageRecord {
            partner: record.partner.to_string(),
            incoming: record.is_incoming,
            message: record.message.to_string(),
            process: record.process.to_string(),
            state: record.state.to_string(),
            sha256: record.digest.to_string(),
            agreement,
            contract: contract.flatten(),
            others: some(record.others),
            refused,
            others_refused: others_refused.flatten(),
        });
        self.connector.record(event).await.map(drop)
    }
}

fn error_response(status: u16, sentence: &str) -> DataspaceResponse {
    let body = serde_json::json!({"code": sentence})
        .to_string()
        .into_bytes();
    DataspaceResponse::json(status, body)
}
