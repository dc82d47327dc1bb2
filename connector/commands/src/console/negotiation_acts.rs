//! Acts that begin a negotiation or change its terms.

use crate::catalog::arguments::CatalogCommand;
use crate::cli::command_report::report_json;
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::console_act::{
    ActRequest, ConsoleAct, JudgedValues, PreparedAct, SUBJECT, act_value,
};
use crate::console::contract_pages::check_identity;
use crate::console::dataset_pages::check_name;
use crate::console::person_visit::{CommandResults, read_object};
use crate::contract::arguments::ContractCommand;
use crate::contract::contract_diff::{ComparedTerms, TermComparison};
use crate::contract::contract_lookup::load_negotiation;
use crate::contract::negotiation_step::change_terms;
use hansa_console::{
    ActFieldFault, CatalogView, ContractReport, NegotiationDetail, ProposedPolicy,
    describe_contract_request, describe_counter, offers_counter, preview_counter,
};
use hansa_node::config::person::Role;
use hansa_node::console::pending_act::DescribedAct;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::policy_toml;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Field with the terms of an answer.
const POLICY: &str = "policy";

/// Contract that a signature of the proposal would make.
const BECOMES: &str = "becomes";

/// Name of a dataset, with the alias of its participant.
const DATASET: &str = "dataset";

/// Request for a contract under the terms that another participant offers.
pub(super) struct ContractRequest;

#[async_trait::async_trait]
impl ConsoleAct for ContractRequest {
    fn path(&self) -> &'static [&'static str] {
        &["catalog", SUBJECT, SUBJECT, "request"]
    }

    fn command_words(&self) -> &'static str {
        "contract request"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Officer, Role::Analyst]
    }

    fn back_address(&self, subject: &[String]) -> String {
        let mut path = vec!["catalog".to_owned()];
        path.extend_from_slice(subject);
        hansa_console::encode_address(&path, &BTreeMap::new())
    }

    fn page_after(&self, _act: &DescribedAct, results: &CommandResults) -> String {
        let find_member = |name: &str| {
            let mut objects = results.objects.iter();
            objects.find_map(|object| object.get(name).and_then(Value::as_str))
        };
        match find_member("contract").or_else(|| find_member("negotiation")) {
            Some(identity) => format!("/contracts/{identity}"),
            None => "/contracts".to_owned(),
        }
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let (alias, dataset) = (request.subject(0), request.subject(1));
        check_name(alias)?;
        check_name(dataset)?;
        let name = format!("{alias}.{dataset}");
        let command = ConnectorCommand::Catalog(CatalogCommand::Show {
            dataset: name.clone(),
            as_known: true,
            language: Some(request.frame.language.tag().to_owned()),
        });
        let view: CatalogView = request.permitted.read_one(command).await?;
        if view.offers.is_empty() {
            let sentence = "the dataset is not offered to this participant now";
            return Err(Refusal::new(ErrorCode::OfferUnknown, sentence));
        }
        let form = describe_contract_request(&request.frame, &view);
        let line = format!("hansa contract request {} --offer OFFER", quote_word(&name));
        let mut prepared = PreparedAct::new(form, line);
        prepared.facts.insert(DATASET.to_owned(), name);
        Ok(prepared)
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(ConnectorCommand::Contract(ContractCommand::Request {
            dataset: act_value(act, DATASET)?,
            // A signature is an act of its own, on the page that both sign.
            sign: false,
            policy: None,
            policy_text: None,
            offer: Some(act_value(act, "offer")?),
            replaces: None,
            language: Some(act_value(act, "page-language")?),
        }))
    }
}

/// Answer to a proposal with other terms.
pub(super) struct CounterProposal;

#[async_trait::async_trait]
impl ConsoleAct for CounterProposal {
    fn path(&self) -> &'static [&'static str] {
        &["contracts", SUBJECT, "counter"]
    }

    fn command_words(&self) -> &'static str {
        "contract counter"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Officer]
    }

    fn has_preview(&self) -> bool {
        true
    }

    fn back_address(&self, subject: &[String]) -> String {
        let mut path = vec!["contracts".to_owned()];
        path.extend_from_slice(subject);
        hansa_console::encode_address(&path, &BTreeMap::new())
    }

    fn page_after(&self, act: &DescribedAct, _results: &CommandResults) -> String {
        format!("/contracts/{}", act.subject)
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let id = request.subject(0);
        let detail = read_own_turn(request, id).await?;
        let becomes = detail.would_become.clone().unwrap_or_default();
        let policy = read_policy(request, id, &becomes)?;
        let form = describe_counter(&request.frame, &detail, &policy);
        let line = format!("hansa contract counter {id} --becomes {becomes} --policy FILE");
        let mut prepared = PreparedAct::new(form, line);
        prepared.facts.insert(BECOMES.to_owned(), becomes);
        Ok(prepared)
    }

    async fn judge_values(
        &self,
        request: &ActRequest<'_>,
        values: &BTreeMap<String, String>,
    ) -> Result<JudgedValues, Refusal> {
        let connector = request.permitted.visit().connector;
        let policy = values.get(POLICY).map_or("", String::as_str);
        let (name, open) = load_negotiation(connector, request.subject(0))?;
        let agreement = match change_terms(connector, &open, policy).await {
            Ok(agreement) => agreement,
            Err(refusal) => return Ok(refuse_policy(&refusal)),
        };
        let before = ComparedTerms {
            id: name.clone(),
            agreement: open.state.proposal().agreement.clone(),
        };
        let after = ComparedTerms {
            id: name,
            agreement,
        };
        let comparison = TermComparison::new(before, after, request.frame.language);
        let comparison = read_object(report_json(&comparison))?;
        let preview = preview_counter(&request.frame, &comparison);
        Ok(JudgedValues::Previewed(preview))
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(ConnectorCommand::Contract(ContractCommand::Counter {
            id: act.subject.clone(),
            becomes: Some(act_value(act, BECOMES)?),
            policy: PathBuf::from("policy.toml"),
            policy_text: Some(act_value(act, POLICY)?),
        }))
    }
}

/// Negotiation of a whole identity whose next message is ours.
async fn read_own_turn(request: &ActRequest<'_>, id: &str) -> Result<NegotiationDetail, Refusal> {
    check_identity(id)?;
    let command = ConnectorCommand::Contract(ContractCommand::Show {
        id: id.to_owned(),
        diff: false,
        odrl: false,
        as_known: true,
        language: None,
    });
    let report: ContractReport = request.permitted.read_one(command).await?;
    if report.identity() != id {
        let sentence = "an act names a negotiation by its whole identity";
        return Err(Refusal::new(ErrorCode::ContractUnknown, sentence));
    }
    let facts = request.permitted.visit().plain_frame_facts();
    let is_offered = offers_counter(facts.roles(), &report);
    match report {
        ContractReport::Negotiation(detail) if is_offered => Ok(*detail),
        ContractReport::Negotiation(_) | ContractReport::Contract(_) => {
            let sentence = "other terms are not possible in the state of the negotiation";
            Err(Refusal::new(ErrorCode::NegotiationState, sentence))
        }
    }
}

/// Terms of the proposal that the person reads, in the words of a policy file.
fn read_policy(
    request: &ActRequest<'_>,
    id: &str,
    becomes: &str,
) -> Result<ProposedPolicy, Refusal> {
    let connector = request.permitted.visit().connector;
    let (_, open) = load_negotiation(connector, id)?;
    let proposal = open.state.proposal();
    if proposal.contract.to_string() != becomes {
        let sentence = "the proposal has changed while its page was made";
        return Err(Refusal::new(ErrorCode::TermsChanged, sentence));
    }
    let agreement = &proposal.agreement;
    let title = agreement.dataset.id.name.as_str();
    let file = policy_toml::to_text(title, &agreement.clauses);
    let unsupported = file.unsupported.iter();
    Ok(ProposedPolicy {
        unsupported: unsupported.map(ToString::to_string).collect(),
        text: file.text,
    })
}

/// Particulars of terms that can't be read.
fn refuse_policy(refusal: &Refusal) -> JudgedValues {
    let mut details = vec![refusal.sentence.clone()];
    details.extend(refusal.help.iter().cloned());
    JudgedValues::Refused(vec![ActFieldFault {
        details,
        ..ActFieldFault::new(POLICY)
    }])
}
