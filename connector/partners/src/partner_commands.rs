//! Operations of commands with partners.

use crate::catalog_terms::CatalogTerms;
use crate::data_flow::DataFlow;
use crate::message_delivery::unknown_process_refusal;
use crate::negotiation_process::NegotiationProcess;
use crate::partner::Partner;
use crate::partner_process::PartnerProcess;
use crate::process_engine::ProcessEngine;
use crate::process_terms::{NegotiationMove, ProcessTerms as _, TransferMove};
use crate::transfer_process::TransferProcess;
use async_trait::async_trait;
use hansa_audit_log::digest::Digest;
use hansa_dataspace::{
    Catalog, CatalogRequest, DataFlowState, Dataset, OfferDocument, join_address,
};
use hansa_node::partner::{PartnerOffer, PartnerProcessSummary, PartnerProcesses, PartnerTerms};
use hansa_policy::contract::Agreement;
use hansa_policy::id::ContractId;
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::dataspace::client;
use serde_json::Value;

/// Most pages of a partner's catalog that are read.
const PAGES: usize = 50;

/// Most datasets of a partner that are read.
const DATASETS: usize = 10_000;

#[async_trait]
impl PartnerProcesses for ProcessEngine<CatalogTerms> {
    fn summaries(&self) -> Vec<PartnerProcessSummary> {
        let negotiations = self.all_negotiations().into_iter().map(of_negotiation);
        let transfers = self.all_transfers().into_iter().map(of_transfer);
        let flows = self.all_flows().into_iter().map(of_flow);
        let mut all: Vec<_> = negotiations.chain(transfers).chain(flows).collect();
        all.sort_by_key(|one| one.began);
        all
    }

    async fn fetch_offers(&self, partner: &str) -> Result<Vec<PartnerOffer>, Refusal> {
        let partner = self.find_partner(partner)?;
        let datasets = self.catalog_of(&partner).await?;
        let mut offers = Vec::new();
        for dataset in datasets {
            for offer in dataset.offers {
                offers.push(PartnerOffer {
                    dataset: dataset.id.clone(),
                    title: dataset.title.clone(),
                    offer: offer.id,
                    rules: Value::Object(offer.rules.to_json()).to_string(),
                    formats: dataset
                        .distributions
                        .iter()
                        .map(|one| one.format.clone())
                        .collect(),
                });
            }
        }
        Ok(offers)
    }

    async fn local_offers(&self, partner: &str) -> Result<Vec<PartnerOffer>, Refusal> {
        let partner = self.find_partner(partner)?;
        let datasets = self.terms.datasets(&partner).await?;
        let offers = datasets.into_iter().flat_map(|dataset| {
            let (id, title, formats) = (dataset.id, dataset.title, dataset.formats);
            dataset.offers.into_iter().map(move |offer| PartnerOffer {
                dataset: id.clone(),
                title: title.clone(),
                offer: offer.id,
                rules: Value::Object(offer.rules.to_json()).to_string(),
                formats: formats.clone(),
            })
        });
        Ok(offers.collect())
    }

    async fn complete_flow(&self, pid: &str) -> Result<(), Refusal> {
        let flow = self.flow(pid).ok_or_else(|| unknown_process_refusal(pid))?;
        let _turn = self.lock_partner(&flow.base.partner).await;
        let flow = self.flow(pid).ok_or_else(|| unknown_process_refusal(pid))?;
        if flow.current_state() != Some(DataFlowState::Started) || flow.base.is_provider {
            let sentence = format!("the data flow is {}", flow.base.state);
            return Err(Refusal::new(ErrorCode::NegotiationState, sentence));
        }
        self.end_flow(flow, DataFlowState::Completed, None).await?;
        self.running_engine()?.continue_flow(pid);
        Ok(())
    }

    async fn request_contract(&self, partner: &str, offer: &str) -> Result<String, Refusal> {
        let partner = self.find_partner(partner)?;
        let datasets = self.catalog_of(&partner).await?;
        let all = datasets.into_iter().flat_map(|dataset| {
            let id = dataset.id;
            dataset
                .offers
                .into_iter()
                .map(move |offer| (id.clone(), offer))
        });
        // Some connectors rename an offer in each catalog.
        let mut found = all.filter(|(dataset, one)| one.id == offer || dataset == offer);
        let (dataset, one) = found.next().ok_or_else(|| {
            let sentence = format!("`{}` has no dataset or offer `{offer}`", partner.name);
            Refusal::new(ErrorCode::OfferUnknown, sentence).with_help("hansa partner catalog NAME")
        })?;
        if found.next().is_some() {
            let sentence = format!("`{}` makes several offers on `{offer}`", partner.name);
            return Err(
                Refusal::new(ErrorCode::OfferUnknown, sentence).with_help("name one of the offers")
            );
        }
        let offer = OfferDocument {
            target: Some(dataset.clone()),
            assigner: Some(partner.protocol_id.clone()),
            assignee: Some(self.terms.own_id()),
            ..one
        };
        self.running_engine()?
            .start_negotiation(&partner, &dataset, offer)
            .await
    }

    fn on_table(&self, pid: &str) -> Result<PartnerTerms, Refusal> {
        let process = self
            .negotiation(pid)
            .ok_or_else(|| unknown_process_refusal(pid))?;
        Ok(PartnerTerms {
            offer: process.offer.clone(),
            rules: Value::Object(process.rules.clone()),
            terms: process.terms(),
            summary: of_negotiation(process),
        })
    }

    async fn agreement_to_sign(&self, pid: &str) -> Result<Option<Agreement>, Refusal> {
        let process = self
            .negotiation(pid)
            .ok_or_else(|| unknown_process_refusal(pid))?;
        let partner = self.find_partner(&process.base.partner)?;
        let _turn = self.lock_partner(&partner.name).await;
        let mut process = self
            .negotiation(pid)
            .ok_or_else(|| unknown_process_refusal(pid))?;
        if !is_to_sign(&process) {
            return Ok(None);
        }
        self.draft_contract(&partner, &mut process).await?;
        let draft = process.draft.as_deref();
        draft
            .map(|draft| hansa_proto::contract::from_bytes(draft.as_bytes()))
            .transpose()
    }

    fn awaits_signature(&self, contract: ContractId) -> bool {
        let is_of = |draft: &str| Digest::of(draft.as_bytes()) == contract.0;
        let found = self
            .negotiations
            .find(|process| is_to_sign(process) && process.draft.as_deref().is_some_and(is_of));
        found.is_some()
    }

    async fn agree_to_terms(&self, pid: &str, terms: Digest) -> Result<(), Refusal> {
        let process = self
            .negotiation(pid)
            .ok_or_else(|| unknown_process_refusal(pid))?;
        let wanted = match (process.phase(), process.base.is_provider) {
            (Some(Phase::Offered), false) => NegotiationMove::Accept,
            (Some(Phase::Requested | Phase::Accepted), true) => NegotiationMove::Agree,
            _ => {
                let sentence = format!(
                    "the negotiation is {}, and waits for no step of this participant",
                    process.base.state
                );
                return Err(Refusal::new(ErrorCode::NegotiationState, sentence));
            }
        };
        self.running_engine()?
            .decide_negotiation(pid, wanted, Some(terms))
            .await
    }

    async fn end_process(&self, pid: &str, reason: &str) -> Result<(), Refusal> {
        let code = ErrorCode::Withdrawn.as_str().to_owned();
        match (self.negotiation(pid), self.transfer(pid)) {
            (Some(_), _) => {
                let wanted = NegotiationMove::Terminate(code, reason.to_owned());
                self.running_engine()?
                    .decide_negotiation(pid, wanted, None)
                    .await
            }
            (None, Some(_)) => {
                let wanted = TransferMove::Terminate(code, reason.to_owned());
                self.running_engine()?.decide_transfer(pid, wanted).await
            }
            (None, None) => self.running_engine()?.decide_flow_end(pid).await,
        }
    }

    async fn complete_transfer(&self, pid: &str) -> Result<(), Refusal> {
        self.running_engine()?
            .decide_transfer(pid, TransferMove::Complete)
            .await
    }

    async fn request_transfer(
        &self,
        partner: &str,
        agreement: &str,
        format: &str,
    ) -> Result<String, Refusal> {
        let partner = self.find_partner(partner)?;
        let is_agreed = self.negotiations.find(|process| {
            let id = process
                .agreement
                .as_ref()
                .and_then(|agreement| agreement.get("@id"));
            process.base.partner == partner.name
                && !process.base.is_provider
                && process.phase() == Some(Phase::Finalized)
                && id.and_then(Value::as_str) == Some(agreement)
        });
        if is_agreed.is_none() {
            let sentence = format!(
                "there is no agreement `{agreement}` with `{}`",
                partner.name
            );
            return Err(
                Refusal::new(ErrorCode::ContractUnknown, sentence).with_help("hansa partner list")
            );
        }
        self.running_engine()?
            .ask_transfer(&partner, agreement, format)
            .await
    }
}

impl ProcessEngine<CatalogTerms> {
    /// All pages of a partner's catalog. An unreadable or endless catalog is an error, not an empty catalog.
    async fn catalog_of(&self, partner: &Partner) -> Result<Vec<Dataset>, Refusal> {
        let invalid = |sentence: String| Refusal::new(ErrorCode::PartnerAnswerInvalid, sentence);
        let request = CatalogRequest {
            message_id: None,
            offset: None,
            limit: None,
        };
        let message = request.to_json().to_string().into_bytes();
        let mut address = join_address(&partner.address, "/catalog/request");
        let (mut datasets, mut pages) = (Vec::new(), 0_usize);
        loop {
            let answer =
                client::send_message(&address, partner.credential.as_ref(), Some(message.clone()))
                    .await?;
            if !(200..300).contains(&answer.status) {
                return Err(invalid(format!(
                    "`{}` answered {} instead of a catalogue",
                    partner.name, answer.status
                )));
            }
            let page = Catalog::read(&answer.body).map_err(|cause| {
                invalid(format!(
                    "the catalogue of `{}` can't be read: {cause}",
                    partner.name
                ))
            })?;
            for one in &page.unusable {
                tracing::warn!(
                    partner = partner.name,
                    dataset = one.id,
                    reason = one.reason,
                    "dataspace.dataset_unusable"
                );
            }
            let is_empty = page.datasets.is_empty();
            datasets.extend(page.datasets);
            pages = pages.saturating_add(1);
            match answer.next {
                Some(next) if !is_empty => {
                    if !partner.owns_address(next.split('?').next().unwrap_or_default()) {
                        return Err(invalid(format!(
                            "the next page of `{}` is on another host",
                            partner.name
                        )));
                    }
                    if pages >= PAGES || datasets.len() >= DATASETS {
                        return Err(invalid(format!(
                            "the catalogue of `{}` does not end",
                            partner.name
                        )));
                    }
                    address = next;
                }
                _ => return Ok(datasets),
            }
        }
    }

    fn running_engine(&self) -> Result<std::sync::Arc<Self>, Refusal> {
        self.own
            .upgrade()
            .ok_or_else(|| Refusal::new(ErrorCode::Interrupted, "the connector ends"))
    }
}

/// True if the next step is the signature of this participant.
fn is_to_sign(process: &NegotiationProcess) -> bool {
    process.base.is_provider && matches!(process.phase(), Some(Phase::Requested | Phase::Accepted))
}

fn of_negotiation(process: NegotiationProcess) -> PartnerProcessSummary {
    let agreement = process.agreement.as_ref();
    let agreement = agreement
        .and_then(|agreement| agreement.get("@id"))
        .and_then(Value::as_str);
    PartnerProcessSummary {
        agreement: agreement.map(str::to_owned),
        ..process_summary("negotiation", process.base, process.dataset)
    }
}

fn of_flow(flow: DataFlow) -> PartnerProcessSummary {
    PartnerProcessSummary {
        data_address: flow.data_address.as_ref().and_then(parse_data_address),
        partner: flow.counter_party,
        ..process_summary("data flow", flow.base, flow.agreement)
    }
}

/// Summary of a process about a dataset or an agreement.
fn process_summary(
    kind: &'static str,
    base: PartnerProcess,
    subject: String,
) -> PartnerProcessSummary {
    PartnerProcessSummary {
        pid: base.pid,
        began: base.began,
        kind,
        partner: base.partner,
        is_provider: base.is_provider,
        state: base.state,
        subject,
        agreement: None,
        ended: base.ended,
        data_address: None,
    }
}

/// Address of the data, and its token.
fn parse_data_address(address: &Value) -> Option<(String, String)> {
    let address = hansa_dataspace::DataAddress::read(address).ok()?;
    let value = address
        .property("authorization")
        .unwrap_or_default()
        .to_owned();
    Some((address.endpoint?, value))
}

fn of_transfer(process: TransferProcess) -> PartnerProcessSummary {
    PartnerProcessSummary {
        data_address: process.data_address.as_ref().and_then(parse_data_address),
        ..process_summary("transfer", process.base, process.agreement)
    }
}
