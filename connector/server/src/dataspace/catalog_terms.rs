//! The terms of a connector: what its catalogue offers to partners by name, and what follows from its contracts with them.

use super::negotiation_process::NegotiationProcess;
use super::offer_rules;
use super::partner::Partner;
use super::process_terms::{
    AgreedContract, NegotiationMove, ProcessRecord, ProcessTerms, TransferGrant, TransferMove,
};
use super::transfer_process::TransferProcess;
use crate::clients;
use crate::clients::parquet_writer::ParquetWriter;
use crate::clients::plain_columns::{conformed, plain};
use crate::config::dataspace::PartnerConfig;
use crate::participant::Connector;
use crate::participant::audit_event::AuditEvent;
use crate::process::randomness::random_hex;
use crate::workflow::answer;
use crate::workflow::answer::incoming_query::QueryCaller;
use crate::workflow::approval;
use crate::workflow::negotiation::{activation, proposal_context};
use crate::workflow::peer_query_client::own_answer;
use async_trait::async_trait;
use futures::StreamExt as _;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::offer::{Offer, SigningMode};
use hansa_dataspace::{
    AgreementDocument, DataAddress, OfferDocument, PolicyRules, PublishedDataset, PublishedOffer,
    TransferState,
};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::contract::{Agreement, Assignee, ContractPartner, ContractStatus};
use hansa_policy::id::{ContractId, DatasetId, RequestId};
use hansa_policy::negotiation::Phase;
use hansa_policy::query_request::QueryRequest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::{Clause, Term};
use hansa_proto::envelope::{self, StatementKind};
use hansa_proto::peer::query_request::QueryRequestEnvelope;
use hansa_transport::{
    AnswerWriter, ClientAnswer, DataspaceBody, DataspaceRequest, DataspaceResponse, TransferFormat,
};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use tokio_stream::wrappers::ReceiverStream;

/// Bytes of a file with a token.
const TOKEN: u64 = 16 * 1024;

/// The formats in which data is pulled.
const PULL: &str = "HttpData-PULL";

/// The kind of endpoint of a pull.
const HTTP_ENDPOINT: &str = "https://w3id.org/idsa/v4.1/HTTP";

/// The kind of the record of a message of a partner, or to one.
const PARTNER_MESSAGE: &str = "partner_message";

/// The terms of a connector.
pub(crate) struct CatalogTerms {
    connector: Arc<Connector>,
}

impl CatalogTerms {
    /// Those of this one.
    pub(crate) const fn new(connector: Arc<Connector>) -> Self {
        Self { connector }
    }

    fn config(&self, partner: &str) -> Option<PartnerConfig> {
        let config = self.connector.config();
        let partner = config.dataspace.as_ref()?.partner(partner)?;
        // What names a participant of the league is for its connector, and for nobody who presents a token.
        let bundle = self.connector.identity.trust.bundle();
        let mut members = bundle.roster().members();
        let is_participant = members.any(|member| *member == partner.participant)
            || partner.participant == self.connector.id();
        (!is_participant).then(|| partner.clone())
    }

    /// The datasets that are offered to a partner by name, with the offers.
    fn offered(&self, partner: &PartnerConfig) -> Vec<(Dataset, Vec<Offer>)> {
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

    /// The offer of that id to a partner.
    fn offer(
        &self,
        partner: &PartnerConfig,
        id: &str,
        target: Option<&str>,
    ) -> Option<(Dataset, Offer)> {
        let offered = self.offered(partner).into_iter();
        let mut all = offered.flat_map(|(dataset, offers)| {
            offers
                .into_iter()
                .map(move |offer| (dataset.clone(), offer))
        });
        all.find(|(dataset, offer)| {
            offer_id(offer) == id && target.is_none_or(|target| dataset_id(&dataset.id) == target)
        })
    }

    /// The contract that an agreement of the protocol stands for.
    fn contract(
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

    /// Whether the contract of a transfer is in force.
    fn stands(&self, process: &TransferProcess) -> Result<ContractId, Refusal> {
        let unknown = || Refusal::new(ErrorCode::ContractUnknown, "there is no such agreement");
        let id: ContractId = process
            .contract
            .as_deref()
            .and_then(|id| id.parse().ok())
            .ok_or_else(unknown)?;
        let now = self.connector.now();
        self.connector
            .contracts
            .with_registry(|registry| registry.provided(id, now).map(|_| id))
    }

    /// The agreement that is made of an offer, signed by this participant alone.
    fn signed(
        &self,
        partner: &PartnerConfig,
        process: &NegotiationProcess,
    ) -> Result<AgreedContract, Refusal> {
        let connector = &self.connector;
        let unknown = || Refusal::new(ErrorCode::OfferUnknown, "the offer is made no longer");
        let found = self.offer(partner, &process.offer, Some(&process.dataset));
        let (dataset, offer) = found.ok_or_else(unknown)?;
        let rules = offer_rules::of(&offer.clauses)?;
        if process.policy().as_ref() != Some(&rules) {
            return Err(Refusal::new(
                ErrorCode::OfferUnknown,
                "the terms are not those of the offer",
            ));
        }
        // INVARIANT: partners-have-no-receipts. Nobody at a partner countersigns, and a clause must allow that.
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
        let agreement = offer.agreement(
            &dataset,
            connector.filled(connector.party()?, assignee, None),
        );
        let payload = hansa_proto::contract::to_bytes(&agreement);
        approval::insist(connector, ContractId(Digest::of(&payload)), &agreement)?;
        proposal_context::check_partner(connector, &partner.participant, &agreement)?;
        let signature =
            connector.sign(StatementKind::Agreement, SignatoryRole::Provider, &payload)?;
        let bytes = envelope::assemble(&payload, &[signature]);
        let signed = envelope::parse_partner_contract(&bytes)?;
        signed.verify(&connector.identity.trust.bundle().keys(connector.now()))?;
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
            withdrawn: self.withdrawn(partner, &dataset.id),
        })
    }

    /// How many contracts with a partner on a dataset were withdrawn.
    fn withdrawn(&self, partner: &PartnerConfig, dataset: &DatasetId) -> usize {
        let now = self.connector.now();
        self.connector.contracts.with_registry(|registry| {
            let taken = registry.taken_by(&partner.participant, now);
            let withdrawn = taken.filter(|(_, agreement, status)| {
                *status == ContractStatus::Withdrawn && agreement.dataset.id == *dataset
            });
            withdrawn.count()
        })
    }

    /// Refuses an offer that is made no longer, one that was agreed long ago, and one beside which a contract was withdrawn meanwhile.
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
        let found = self.offer(partner, &process.offer, Some(&process.dataset));
        let Some((dataset, offer)) = found else {
            return gone("the offer is made no longer");
        };
        if Some(offer_rules::of(&offer.clauses)?) != process.policy() {
            return gone("the terms are not those of the offer");
        }
        match self.withdrawn(partner, &dataset.id) > process.withdrawn {
            true => gone("a contract on the dataset was withdrawn meanwhile"),
            false => Ok(()),
        }
    }

    /// The rows of a transfer, asked for as any other question of the partner.
    async fn ask(
        &self,
        process: &TransferProcess,
        from: Option<IpAddr>,
    ) -> Result<ClientAnswer, Refusal> {
        let connector = &self.connector;
        let contract = self.stands(process)?;
        let stranger = || {
            Refusal::new(
                ErrorCode::PartnerUnknown,
                "the configuration names no such partner",
            )
        };
        let partner = self.config(&process.base.partner).ok_or_else(stranger)?;
        let config = connector.config();
        let partners = config
            .dataspace
            .iter()
            .flat_map(|dataspace| &dataspace.partners);
        let partners: BTreeSet<_> = partners
            .map(|partner| partner.participant.clone())
            .collect();
        let token = clients::transfer_token(&process.base.pid, contract, &partner.participant)
            .from_address(from);
        let peer = connector
            .identity
            .trust
            .recognise_partner(token, &partners, connector.now())?;
        let dataset = connector.contracts.with_registry(|registry| {
            registry
                .provided(contract, connector.now())
                .map(|agreement| agreement.dataset.id.name.clone())
        })?;
        let asking = QueryRequestEnvelope {
            credentials: Vec::new(),
            ask: QueryRequest {
                request: RequestId(crate::process::randomness::random_bytes()),
                contracts: vec![contract],
                sql: format!("SELECT * FROM \"{dataset}\""),
                purpose: partner.purpose.clone(),
                rows: hansa_policy::query_request::RowScope::All,
            },
            deadline: Some(connector.query_limits().time),
            accept: BTreeSet::new(),
            compact_answers: true,
        };
        let delivery = answer::answer(connector, QueryCaller::Peer(peer), asking)
            .await
            .map_err(own_answer::plain)?;
        let frames = ReceiverStream::new(delivery.frames);
        let rows = own_answer::rows(frames.boxed()).await?;
        let columns = plain(&rows.schema, HashMap::new());
        let inner = Arc::clone(&columns);
        let rows = rows
            .batches
            .map(move |batch| batch.and_then(|batch| conformed(&batch, &inner)));
        let answer = ClientAnswer {
            columns,
            rows: rows.boxed(),
            evidence: None,
        };
        Ok(answer)
    }
}

/// How long a negotiation may take, in microseconds.
const OPEN: i64 = 30 * 24 * 3_600 * 1_000_000;

fn no_partner() -> Refusal {
    Refusal::new(
        ErrorCode::PartnerUnknown,
        "the configuration names no such partner",
    )
}

/// A dataset by its id in the protocol, which stands in paths as it is.
fn dataset_id(id: &DatasetId) -> String {
    format!("urn:hansa:{}:{}", id.owner.domain(), id.name)
}

fn offer_id(offer: &Offer) -> String {
    format!(
        "urn:hansa:offer:{}",
        offer.id().to_string().replace(':', "-")
    )
}

/// What stands in a file with a token, on one line.
fn token(file: &Path) -> Option<String> {
    let read = hansa_files::read_private(file, TOKEN);
    let bytes = read
        .inspect_err(|refusal| tracing::warn!(%refusal, "dataspace.token_unread"))
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let text = text.trim();
    (text.len() >= 16).then(|| text.to_owned())
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

    fn base(&self) -> String {
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

    fn identify(&self, authorization: &str, from: Option<IpAddr>) -> Option<String> {
        let config = self.connector.config();
        let mut partners = config
            .dataspace
            .iter()
            .flat_map(|dataspace| &dataspace.partners);
        if let Some(name) = mock_identity(authorization) {
            // INVARIANT: names-are-no-proof. Whoever says a name is believed in a demonstration alone, on this machine.
            let is_demo = self.connector.identity.trust.bundle().content().demo;
            let is_local = from.is_some_and(|address| address.is_loopback());
            let mut believed =
                partners.filter(|partner| believes_name(partner, &name, is_demo && is_local));
            return believed.next().map(|partner| partner.name.to_string());
        }
        // The digests are compared: how long that takes tells nothing of a token.
        let shown = Digest::of(authorization.as_bytes());
        let found = partners.find(|partner| {
            token(&partner.token_file)
                .is_some_and(|token| Digest::of(format!("Bearer {token}").as_bytes()) == shown)
        });
        found.map(|partner| partner.name.to_string())
    }

    fn partner(&self, name: &str) -> Option<Partner> {
        let partner = self.config(name)?;
        let own = partner.own_token_file.as_deref().and_then(token);
        Some(Partner {
            name: partner.name.to_string(),
            protocol_id: partner.protocol_id,
            address: partner.address,
            // What is no word is presented as it is: the identity of a demonstration is an object of JSON.
            authorization: own.map(|own| match own.starts_with('{') {
                true => own,
                false => format!("Bearer {own}"),
            }),
        })
    }

    async fn datasets(&self, partner: &Partner) -> Result<Vec<PublishedDataset>, Refusal> {
        let Some(partner) = self.config(&partner.name) else {
            return Ok(Vec::new());
        };
        let mut datasets = Vec::new();
        for (dataset, offers) in self.offered(&partner) {
            let mut published = Vec::new();
            for offer in &offers {
                published.push(PublishedOffer {
                    id: offer_id(offer),
                    assigner: self.own_id(),
                    rules: offer_rules::of(&offer.clauses)?,
                });
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

    fn knows(&self, partner: &Partner, offer: &OfferDocument) -> bool {
        let partner = self.config(&partner.name);
        let found = partner.and_then(|partner| {
            let target = offer.target.as_deref();
            self.offer(&partner, &offer.id, target)
        });
        found.is_some()
    }

    fn negotiation_move(&self, process: &NegotiationProcess) -> Option<NegotiationMove> {
        match (process.phase()?, process.base.is_provider) {
            (Phase::Requested | Phase::Accepted, true) => {
                let partner = self.config(&process.base.partner)?;
                let found = self.offer(&partner, &process.offer, Some(&process.dataset));
                let rules = found
                    .as_ref()
                    .and_then(|(_, offer)| offer_rules::of(&offer.clauses).ok());
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

    async fn agree(
        &self,
        partner: &Partner,
        process: &NegotiationProcess,
    ) -> Result<AgreedContract, Refusal> {
        let partner = self.config(&partner.name).ok_or_else(no_partner)?;
        let _turn = self.connector.contracts.negotiation_lock.lock().await;
        self.signed(&partner, process)
    }

    async fn finalize(
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
        let config = self.config(&partner.name).ok_or_else(no_partner)?;
        let is_known = self
            .connector
            .contracts
            .with_registry(|registry| registry.agreement(signed.id).is_some());
        let _turn = self.connector.contracts.negotiation_lock.lock().await;
        if !is_known {
            // INVARIANT: signed-beforehand. What was signed long ago comes into force only where it would be signed now.
            self.check_still_offered(&config, process)?;
            proposal_context::check_partner(
                &self.connector,
                &config.participant,
                &signed.agreement,
            )?;
        }
        activation::put_in_force(&self.connector, &signed, bytes).await?;
        Ok(Some(signed.id.to_string()))
    }

    fn accept(
        &self,
        partner: &Partner,
        _process: &NegotiationProcess,
        agreement: &AgreementDocument,
    ) -> Result<(), Refusal> {
        let config = self.config(&partner.name);
        if !config.is_some_and(|partner| partner.unsigned_agreements) {
            let sentence = "the partner signs nothing, and `unsigned_agreements` is not set for it";
            return Err(Refusal::new(ErrorCode::SignatureMissing, sentence));
        }
        keepable(&agreement.rules)
    }

    fn hears_offers(&self) -> bool {
        false
    }

    fn grant(
        &self,
        partner: &Partner,
        agreement: &str,
        format: &str,
    ) -> Result<TransferGrant, Refusal> {
        let unknown = || Refusal::new(ErrorCode::ContractUnknown, "there is no such agreement");
        let partner = self.config(&partner.name).ok_or_else(unknown)?;
        let (id, agreement, status) = self.contract(&partner, agreement).ok_or_else(unknown)?;
        if status != ContractStatus::InForce {
            let now = self.connector.now();
            self.connector
                .contracts
                .with_registry(|registry| registry.provided(id, now).map(drop))?;
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
        if let Err(why) = self.stands(process) {
            return Some(TransferMove::Terminate(
                why.code.as_str().to_owned(),
                "the agreement is not in force".to_owned(),
            ));
        }
        (process.current() == Some(TransferState::Requested)).then_some(TransferMove::Start)
    }

    async fn open(
        &self,
        process: &TransferProcess,
    ) -> Result<(Option<DataAddress>, Option<String>), Refusal> {
        self.stands(process)?;
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
                process.base.pid
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

    async fn rows(
        &self,
        process: &TransferProcess,
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
            return told(400, &format!("the formats are {}", names.join(", ")));
        };
        let asked = self.ask(process, request.address).await;
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
                tracing::info!(%refusal, process = process.base.pid, "dataspace.rows_refused");
                told(403, refusal.code.as_str())
            }
        }
    }

    async fn record(&self, record: ProcessRecord) -> Result<(), Refusal> {
        let event = AuditEvent::new(
            PARTNER_MESSAGE,
            [
                ("partner", Json::text(&record.partner)),
                ("incoming", Json::Bool(record.is_incoming)),
                ("message", Json::text(record.message)),
                ("process", Json::text(&record.process)),
                ("state", Json::text(&record.state)),
                ("sha256", Json::text(&record.digest)),
            ],
        );
        self.connector.record(event).await.map(drop)
    }
}

/// Whether a name alone makes somebody that partner: where the configuration says so, in a trial.
fn believes_name(partner: &PartnerConfig, name: &str, is_trial: bool) -> bool {
    is_trial && partner.mock_identity && partner.protocol_id == name
}

/// The name in the object that connectors present which try something out.
fn mock_identity(authorization: &str) -> Option<String> {
    let text = authorization
        .strip_prefix("Bearer ")
        .unwrap_or(authorization);
    if !text.starts_with('{') {
        return None;
    }
    let object: serde_json::Value = serde_json::from_str(text).ok()?;
    object.get("clientId")?.as_str().map(str::to_owned)
}

fn told(status: u16, sentence: &str) -> DataspaceResponse {
    let body = serde_json::json!({"code": sentence})
        .to_string()
        .into_bytes();
    DataspaceResponse::json(status, body)
}

/// Whether this participant can keep to the rules of somebody else's agreement: those that it can't are named.
fn keepable(rules: &PolicyRules) -> Result<(), Refusal> {
    let wrong = |place: String, what: &str| {
        let sentence = format!("{place} of the agreement {what}, which can't be kept to here");
        Err(Refusal::new(ErrorCode::TermUnknown, sentence))
    };
    if let Some((name, _)) = rules.unknown().iter().next() {
        return wrong(format!("`{name}`"), "is not known");
    }
    for (place, list) in [
        ("prohibition", rules.prohibitions()),
        ("obligation", rules.obligations()),
    ] {
        if !list.is_empty() {
            return wrong(format!("`{place}[0]`"), "demands something");
        }
    }
    if !rules.profiles().is_empty() {
        return wrong("`profile`".to_owned(), "is not known");
    }
    for (number, permission) in rules.permissions().iter().enumerate() {
        let uses = |name: &str, value: &serde_json::Value| match name {
            "action" => value.as_str() == Some("use"),
            "constraint" | "duty" => value.as_array().is_some_and(Vec::is_empty),
            _ => false,
        };
        let members = permission.as_object();
        let unknown = members
            .into_iter()
            .flatten()
            .find(|(name, value)| !uses(name, value));
        if let Some((name, _)) = unknown {
            return wrong(
                format!("`permission[{number}].{name}`"),
                "demands something",
            );
        }
        if permission.get("action").is_none() {
            return wrong(format!("`permission[{number}]`"), "permits no action");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_is_believed_in_a_trial_that_says_so() {
        let partner = |mock_identity| PartnerConfig {
            name: "firm".parse().unwrap(),
            participant: "firm.example".parse().unwrap(),
            title: "Firm".to_owned(),
            protocol_id: "did:web:firm.example".to_owned(),
            address: "http://127.0.0.1:8080/dsp".to_owned(),
            data_address: None,
            token_file: "keys/firm.token".into(),
            own_token_file: None,
            purpose: None,
            mock_identity,
            unsigned_agreements: false,
        };
        let shown = "{\"clientId\":\"did:web:firm.example\",\"region\":\"any\"}";
        let name = mock_identity(shown).unwrap();
        assert!(believes_name(&partner(true), &name, true));
        assert!(!believes_name(&partner(true), &name, false));
        assert!(!believes_name(&partner(false), &name, true));
        assert!(!believes_name(
            &partner(true),
            "did:web:other.example",
            true
        ));
        assert_eq!(mock_identity("Bearer 0123"), None);
        assert_eq!(mock_identity("{\"clientId\":7}"), None);
    }

    #[test]
    fn what_can_not_be_kept_to_is_named() {
        let judged = |policy: serde_json::Value| {
            let rules = PolicyRules::read(&policy).unwrap();
            keepable(&rules).err().map(|refusal| refusal.sentence)
        };
        let uses = |more: serde_json::Value| {
            let mut permission = serde_json::json!({"action": "use"});
            for (name, value) in more.as_object().unwrap() {
                permission[name] = value.clone();
            }
            serde_json::json!({"permission": [permission]})
        };
        assert_eq!(judged(uses(serde_json::json!({}))), None);
        assert_eq!(judged(uses(serde_json::json!({"constraint": []}))), None);
        for (policy, place) in [
            (
                uses(serde_json::json!({"action": "https://other.example/pay/use"})),
                "permission[0].action",
            ),
            (
                uses(
                    serde_json::json!({"constraint": [{"leftOperand": "x", "operator": "eq", "rightOperand": "y"}]}),
                ),
                "permission[0].constraint",
            ),
            (uses(serde_json::json!({"and": []})), "permission[0].and"),
            (serde_json::json!({"permission": [{}]}), "permission[0]"),
            (
                serde_json::json!({"permission": [{"action": "use"}], "profile": "urn:other"}),
                "profile",
            ),
            (
                serde_json::json!({"permission": [{"action": "use"}], "obligation": [{"action": "pay"}]}),
                "obligation[0]",
            ),
            (
                serde_json::json!({"permission": [{"action": "use"}], "prohibition": [{"action": "sell"}]}),
                "prohibition[0]",
            ),
        ] {
            let sentence = judged(policy.clone()).unwrap_or_else(|| panic!("taken: {policy}"));
            assert!(sentence.contains(place), "{sentence}");
        }
    }
}
