//! What commands do with partners.

use super::catalog_terms::CatalogTerms;
use super::message_delivery::unknown;
use super::negotiation_process::NegotiationProcess;
use super::partner::Partner;
use super::process_engine::ProcessEngine;
use super::process_terms::{NegotiationMove, ProcessTerms as _, TransferMove};
use super::transfer_process::TransferProcess;
use crate::participant::partner_processes::{
    PartnerOffer, PartnerProcessSummary, PartnerProcesses,
};
use async_trait::async_trait;
use hansa_dataspace::{Catalog, CatalogRequest, Dataset, OfferDocument, join_address};
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::dataspace::client;
use serde_json::Value;

/// Pages of a partner's catalogue that are read.
const PAGES: usize = 50;

/// Datasets of a partner that are read.
const DATASETS: usize = 10_000;

#[async_trait]
impl PartnerProcesses for ProcessEngine<CatalogTerms> {
    fn summaries(&self) -> Vec<PartnerProcessSummary> {
        let negotiations = self.all_negotiations().into_iter().map(of_negotiation);
        let transfers = self.all_transfers().into_iter().map(of_transfer);
        let mut all: Vec<_> = negotiations.chain(transfers).collect();
        all.sort_by_key(|one| one.began);
        all
    }

    async fn offers(&self, partner: &str) -> Result<Vec<PartnerOffer>, Refusal> {
        let partner = self.named(partner)?;
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

    async fn request(&self, partner: &str, offer: &str) -> Result<String, Refusal> {
        let partner = self.named(partner)?;
        let datasets = self.catalog_of(&partner).await?;
        let all = datasets.into_iter().flat_map(|dataset| {
            let id = dataset.id;
            dataset
                .offers
                .into_iter()
                .map(move |offer| (id.clone(), offer))
        });
        // Some makes name the same offer anew in each catalogue.
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
        self.shared()?.ask(&partner, &dataset, offer).await
    }

    async fn agree(&self, pid: &str) -> Result<(), Refusal> {
        let process = self.negotiation(pid).ok_or_else(|| unknown(pid))?;
        let wanted = match (process.phase(), process.base.is_provider) {
            (Some(Phase::Offered), false) => NegotiationMove::Accept,
            (Some(Phase::Requested | Phase::Accepted), true) => NegotiationMove::Agree,
            _ => {
                let sentence = format!(
                    "the negotiation is {}, and waits for nobody here",
                    process.base.state
                );
                return Err(Refusal::new(ErrorCode::NegotiationState, sentence));
            }
        };
        self.shared()?.decide(pid, wanted).await
    }

    async fn end(&self, pid: &str, reason: &str) -> Result<(), Refusal> {
        let code = ErrorCode::Withdrawn.as_str().to_owned();
        match (self.negotiation(pid), self.transfer(pid)) {
            (Some(_), _) => {
                let wanted = NegotiationMove::Terminate(code, reason.to_owned());
                self.shared()?.decide(pid, wanted).await
            }
            (None, Some(_)) => {
                let wanted = TransferMove::Terminate(code, reason.to_owned());
                self.shared()?.decide_transfer(pid, wanted).await
            }
            (None, None) => Err(unknown(pid)),
        }
    }

    async fn complete(&self, pid: &str) -> Result<(), Refusal> {
        self.shared()?
            .decide_transfer(pid, TransferMove::Complete)
            .await
    }

    async fn transfer(
        &self,
        partner: &str,
        agreement: &str,
        format: &str,
    ) -> Result<String, Refusal> {
        let partner = self.named(partner)?;
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
        self.shared()?
            .ask_transfer(&partner, agreement, format)
            .await
    }
}

impl ProcessEngine<CatalogTerms> {
    /// All pages of a partner's catalogue. One that can't be read, or never ends, is no catalogue, and not an empty one.
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
            let answer = client::send(
                &address,
                partner.authorization.as_deref(),
                Some(message.clone()),
            )
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
                    if !partner.owns(next.split('?').next().unwrap_or_default()) {
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

    fn shared(&self) -> Result<std::sync::Arc<Self>, Refusal> {
        self.own
            .upgrade()
            .ok_or_else(|| Refusal::new(ErrorCode::Interrupted, "the connector ends"))
    }
}

fn of_negotiation(process: NegotiationProcess) -> PartnerProcessSummary {
    let agreement = process.agreement.as_ref();
    let agreement = agreement
        .and_then(|agreement| agreement.get("@id"))
        .and_then(Value::as_str);
    PartnerProcessSummary {
        agreement: agreement.map(str::to_owned),
        pid: process.base.pid,
        began: process.base.began,
        kind: "negotiation",
        partner: process.base.partner,
        is_provider: process.base.is_provider,
        state: process.base.state,
        subject: process.dataset,
        ended: process.base.ended,
        data_address: None,
    }
}

fn of_transfer(process: TransferProcess) -> PartnerProcessSummary {
    let address = process.data_address.as_ref();
    let address = address.and_then(|address| hansa_dataspace::DataAddress::read(address).ok());
    let opened = address.and_then(|address| {
        let value = address
            .property("authorization")
            .unwrap_or_default()
            .to_owned();
        Some((address.endpoint?, value))
    });
    PartnerProcessSummary {
        pid: process.base.pid,
        began: process.base.began,
        kind: "transfer",
        partner: process.base.partner,
        is_provider: process.base.is_provider,
        state: process.base.state,
        subject: process.agreement,
        agreement: None,
        ended: process.base.ended,
        data_address: opened,
    }
}
