//! Protocol without a connector behind it. A table lists the automatic moves, so that a conformance kit can reach every state.
//! There are no log, contracts or data, and it listens on this machine only.

use crate::negotiation_process::NegotiationProcess;
use crate::partner::Partner;
use crate::process_engine::ProcessEngine;
use crate::process_terms::{
    AgreedContract, NegotiationMove, ProcessRecord, ProcessTerms, TransferGrant, TransferMove,
    TransferSubject,
};
use crate::transfer_process::TransferProcess;
use async_trait::async_trait;
use hansa_audit_log::time::{Clock, UtcTimestamp};
use hansa_dataspace::{
    AgreementDocument, DataAddress, OfferDocument, PolicyRules, PublishedDataset, PublishedOffer,
};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::dataspace::client::PartnerCredential;
use hansa_transport::dataspace::server;
use hansa_transport::{DataspaceHandler, DataspaceRequest, DataspaceResponse, PartnerKey};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Most bytes of a table.
const BYTES: u64 = 1024 * 1024;

/// Content of the table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConformanceScenario {
    /// Participant ID of the tested participant.
    participant: String,
    /// Address of the tested participant for messages of version 2025-1.
    base: String,
    /// Partner that runs the tests.
    partner: ScenarioPartner,
    /// Offered datasets.
    datasets: Vec<String>,
    /// Existing agreements, each with the automatic moves by state of its transfers.
    agreements: BTreeMap<String, BTreeMap<String, String>>,
    /// Datasets, each with the automatic moves by state of its negotiations: `STATE`, or `STATE/2` for the second time.
    negotiations: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioPartner {
    id: String,
    address: String,
    authorization: String,
}

impl ConformanceScenario {
    /// Reads the table from a file.
    ///
    /// # Errors
    /// `CONFIG_INVALID` if the file is no valid table.
    pub fn load(file: &Path) -> Result<Self, Refusal> {
        let bytes = hansa_files::read_file(file, BYTES)?;
        serde_json::from_slice(&bytes).map_err(|cause| {
            let sentence = format!("`{}` is no table of a trial: {cause}", file.display());
            Refusal::new(ErrorCode::ConfigInvalid, sentence)
        })
    }
}

/// Name of the only partner.
const PARTNER: &str = "trial";

struct ScenarioTerms {
    scenario: ConformanceScenario,
    clock: Clock,
}

impl ScenarioTerms {
    /// Automatic move of a table for a reached state.
    fn step_for_state<'a>(
        table: Option<&'a BTreeMap<String, String>>,
        state: &str,
        visits: u32,
    ) -> Option<&'a str> {
        let table = table?;
        let of_visit = table.get(&format!("{state}/{visits}"));
        let word = of_visit.or_else(|| table.get(state))?;
        Some(word.as_str())
    }

    fn use_rules() -> Option<PolicyRules> {
        PolicyRules::read(&json!({"permission": [{"action": "use"}]})).ok()
    }
}

#[async_trait]
impl ProcessTerms for ScenarioTerms {
    fn own_id(&self) -> String {
        self.scenario.participant.clone()
    }

    fn base_address(&self) -> String {
        self.scenario.base.clone()
    }

    fn now(&self) -> UtcTimestamp {
        (self.clock)().wall
    }

    fn identify_partner(&self, authorization: &str, _from: Option<IpAddr>) -> Option<String> {
        (authorization == self.scenario.partner.authorization).then(|| PARTNER.to_owned())
    }

    fn partner(&self, name: &str) -> Option<Partner> {
        (name == PARTNER).then(|| Partner {
            name: PARTNER.to_owned(),
            protocol_id: self.scenario.partner.id.clone(),
            address: self.scenario.partner.address.clone(),
            is_edc: false,
            credential: Some(PartnerCredential::Authorization(
                self.scenario.partner.authorization.clone(),
            )),
        })
    }

    async fn datasets(&self, _partner: &Partner) -> Result<Vec<PublishedDataset>, Refusal> {
        let datasets = self.scenario.datasets.iter().map(|id| PublishedDataset {
            id: id.clone(),
            title: Some(id.clone()),
            description: None,
            offers: Self::use_rules()
                .map(|rules| PublishedOffer {
                    id: format!("CD123:{id}:456"),
                    assigner: self.own_id(),
                    rules,
                })
                .into_iter()
                .collect(),
            formats: vec!["HttpData-PULL".to_owned()],
        });
        Ok(datasets.collect())
    }

    fn knows_offer(&self, _partner: &Partner, offer: &OfferDocument) -> bool {
        let mut datasets = self.scenario.datasets.iter();
        datasets
            .any(|id| offer.target.as_ref() == Some(id) && offer.id == format!("CD123:{id}:456"))
    }

    fn negotiation_move(&self, process: &NegotiationProcess) -> Option<NegotiationMove> {
        let table = self.scenario.negotiations.get(&process.dataset);
        match Self::step_for_state(table, &process.base.state, process.base.visit_count())? {
            "request" => Some(NegotiationMove::Request),
            "offer" => Some(NegotiationMove::Offer),
            "accept" => Some(NegotiationMove::Accept),
            "agree" => Some(NegotiationMove::Agree),
            "verify" => Some(NegotiationMove::Verify),
            "finalize" => Some(NegotiationMove::Finalize),
            "terminate" => Some(NegotiationMove::Terminate(
                "trial".to_owned(),
                "as the table says".to_owned(),
            )),
            _ => None,
        }
    }

    async fn conclude_agreement(
        &self,
        partner: &Partner,
        process: &NegotiationProcess,
    ) -> Result<AgreedContract, Refusal> {
        let rules = process.policy();
        let document = AgreementDocument {
            id: format!("{}-agreement", process.base.pid),
            target: process.dataset.clone(),
            assigner: self.own_id(),
            assignee: partner.protocol_id.clone(),
            timestamp: self.now().to_string(),
            rules: rules.ok_or_else(|| {
                Refusal::new(ErrorCode::Internal, "the rules of an offer can't be read")
            })?,
        };
        Ok(AgreedContract {
            document,
            signed: None,
            withdrawn: 0,
        })
    }

    async fn finalize_agreement(
        &self,
        _partner: &Partner,
        _process: &NegotiationProcess,
    ) -> Result<Option<String>, Refusal> {
        Ok(None)
    }

    fn check_agreement(
        &self,
        _partner: &Partner,
        _process: &NegotiationProcess,
        _agreement: &AgreementDocument,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    fn hears_offers(&self) -> bool {
        true
    }

    fn grant_transfer(
        &self,
        _partner: &Partner,
        agreement: &str,
        _format: &str,
    ) -> Result<TransferGrant, Refusal> {
        match self.scenario.agreements.contains_key(agreement) {
            true => Ok(TransferGrant {
                dataset: agreement.to_owned(),
                contract: None,
            }),
            false => Err(Refusal::new(
                ErrorCode::ContractUnknown,
                "there is no such agreement",
            )),
        }
    }

    fn transfer_move(&self, process: &TransferProcess) -> Option<TransferMove> {
        let table = self.scenario.agreements.get(&process.agreement);
        match Self::step_for_state(table, &process.base.state, process.base.visit_count())? {
            "start" => Some(TransferMove::Start),
            "suspend" => Some(TransferMove::Suspend),
            "complete" => Some(TransferMove::Complete),
            "terminate" => Some(TransferMove::Terminate(
                "trial".to_owned(),
                "as the table says".to_owned(),
            )),
            _ => None,
        }
    }

    async fn open(
        &self,
        _subject: TransferSubject<'_>,
    ) -> Result<(Option<DataAddress>, Option<String>), Refusal> {
        // There is no data.
        Ok((None, None))
    }

    async fn transfer_rows(
        &self,
        _subject: TransferSubject<'_>,
        _request: &DataspaceRequest,
    ) -> DataspaceResponse {
        DataspaceResponse::json(404, Vec::new())
    }

    async fn record(&self, record: ProcessRecord) -> Result<(), Refusal> {
        tracing::info!(?record, "dataspace.trial");
        Ok(())
    }
}

/// Handler of the protocol, and of two paths by which a kit starts a negotiation or a transfer.
struct TrialHandler {
    engine: Arc<ProcessEngine<ScenarioTerms>>,
}

impl TrialHandler {
    /// Starts the process that a kit requests.
    async fn begin_process(&self, kind: &str, body: &[u8]) -> Result<String, Refusal> {
        let wrong = |sentence: String| Refusal::new(ErrorCode::UsageWrong, sentence);
        let asked: Value =
            serde_json::from_slice(body).map_err(|cause| wrong(cause.to_string()))?;
        let text = |name: &str| {
            let text = asked.get(name).and_then(Value::as_str);
            text.map(str::to_owned)
                .ok_or_else(|| wrong(format!("`{name}` is lacking")))
        };
        let partner = self.engine.find_partner(PARTNER)?;
        if text("connectorAddress")?.trim_end_matches('/') != partner.address {
            return Err(wrong(
                "`connectorAddress` is not that of the table".to_owned(),
            ));
        }
        if kind == "transfers" {
            let (agreement, format) = (text("agreementId")?, text("format")?);
            return self
                .engine
                .ask_transfer(&partner, &agreement, &format)
                .await;
        }
        let dataset = text("datasetId")?;
        let rules = ScenarioTerms::use_rules();
        let offer = OfferDocument {
            id: text("offerId")?,
            target: Some(dataset.clone()),
            assigner: Some(partner.protocol_id.clone()),
            assignee: Some(self.engine.terms.own_id()),
            rules: rules.ok_or_else(|| wrong("no rules".to_owned()))?,
        };
        self.engine
            .start_negotiation(&partner, &dataset, offer)
            .await
    }
}

#[async_trait]
impl DataspaceHandler for TrialHandler {
    fn versions(&self) -> Vec<u8> {
        self.engine.versions()
    }

    fn identify(
        &self,
        authorization: Option<&str>,
        address: Option<IpAddr>,
        path: &[String],
    ) -> Result<PartnerKey, Refusal> {
        self.engine.identify(authorization, address, path)
    }

    async fn handle_request(
        &self,
        partner: &PartnerKey,
        request: DataspaceRequest,
    ) -> DataspaceResponse {
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        match (path.as_slice(), request.is_post) {
            (["trial", kind @ ("negotiations" | "transfers")], true) => {
                match self.begin_process(kind, &request.body).await {
                    Ok(pid) => DataspaceResponse::json(
                        200,
                        json!({"process": pid}).to_string().into_bytes(),
                    ),
                    Err(refusal) => DataspaceResponse::json(400, refusal.to_string().into_bytes()),
                }
            }
            _ => self.engine.handle_request(partner, request).await,
        }
    }
}

/// Serves the table until the process ends.
///
/// # Errors
/// `ADDRESS_IN_USE`, or an error if the address is not on this machine.
pub async fn serve_scenario(
    scenario: ConformanceScenario,
    listen: &str,
    clock: Clock,
) -> Result<(), Refusal> {
    let listener = TcpListener::bind(listen).await.map_err(|cause| {
        let sentence = format!("`{listen}` can't be listened on");
        Refusal::new(ErrorCode::AddressInUse, sentence).caused_by(cause)
    })?;
    let terms = Arc::new(ScenarioTerms { scenario, clock });
    let engine = ProcessEngine::load(terms, None)?;
    server::serve_plain(listener, Arc::new(TrialHandler { engine })).await
}
