//! `contract request`: an offer, or our own terms for it, sent to its provider.

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::CommandOptions;
use crate::admin::event_sink::EventSink;
use crate::catalog::{find_dataset, terms_text};
use crate::cli::command_report::CommandReport;
use crate::contract::contract_lookup as find_contract;
use crate::contract::contract_text::payload_text;
use crate::contract::negotiation_step::{in_force_from, report_step};
use crate::contract::proposal_terms::terms_from;
use crate::contract::repeated_request::{RepeatedRequest, find_repeated_request};
use crate::peer::remember_peer;
use hansa_catalog::offer::AgreementParameters;
use hansa_node::negotiation;
use hansa_node::negotiation::open_negotiation::OpenNegotiation;
use hansa_node::negotiation::outgoing_message;
use hansa_node::participant::Connector;
use hansa_node::peer::mailbox;
use hansa_node::process::randomness::random_hex;
use hansa_node::question::reachable_tables;
use hansa_policy::contract::Assignee;
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::id::ContractId;
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::language::Language;
use hansa_proto::contract;
use hansa_proto::peer::message::MessageContent;
use serde::Serialize;
use std::sync::Arc;

/// How a contract is wished for.
pub(super) struct ContractRequestArgs {
    /// Sign beforehand.
    pub(super) sign: bool,
    /// Own terms, in the place of the offer's.
    pub(super) policy: Option<String>,
    /// Which of several offers.
    pub(super) offer: Option<String>,
    /// The contract that it takes the place of.
    pub(super) replaces: Option<String>,
    /// The language of the page that both sign.
    pub(super) language: Option<Language>,
}

pub(super) async fn request_contract(
    connector: &Arc<Connector>,
    dataset: &str,
    args: ContractRequestArgs,
    options: CommandOptions,
    out: &EventSink,
) -> CommandResult {
    let ContractRequestArgs {
        sign,
        policy,
        offer,
        replaces,
        language,
    } = args;
    if sign && !connector.concludes_contracts() {
        return Err(negotiation::message_codec::absent_key_refusal().into());
    }
    let visible = find_dataset(connector, dataset).await?;
    if visible.offers.is_empty() {
        let name = visible.dataset.id.name.as_str();
        if let Some(ended) = reachable_tables::ended_offer(connector, &visible.peer, name).await? {
            return Err(ended.into());
        }
    }
    let chosen = match (&offer, visible.offers.as_slice()) {
        (_, []) => Err(Refusal::new(
            ErrorCode::OfferUnknown,
            format!("`{dataset}` is not offered to you"),
        )),
        (None, [one]) => Ok(one),
        (None, many) => {
            let mut refusal = Refusal::new(
                ErrorCode::ContractAmbiguous,
                format!("`{dataset}` has several offers"),
            );
            for offer in many {
                refusal = refusal.with_help(format!(
                    "--offer {} for \"{}\"",
                    offer.id().to_short_text(),
                    offer.title
                ));
            }
            Err(refusal)
        }
        (Some(prefix), many) => many
            .iter()
            .find(|offer| offer.id().to_string().starts_with(prefix) || offer.title == *prefix)
            .ok_or_else(|| {
                Refusal::new(
                    ErrorCode::OfferUnknown,
                    format!("no offer of `{dataset}` begins with `{prefix}`"),
                )
            }),
    }?;
    let bundle = connector.identity.trust.bundle();
    let provider = connector.party_of(&visible.peer.id, &bundle)?;
    let us = Assignee::Participant(connector.party()?);
    let old = replaces
        .map(|named| find_contract::contract_by_prefix(connector, &named))
        .transpose()?;
    let mut filled = connector.new_agreement_parameters(provider, us, old);
    if let Some(language) = language {
        filled.rendering = PageRendering::of(language);
    }
    if let Some(old) = old {
        next_version(connector, old, &mut filled)?;
    }
    let mut agreement = chosen.agreement(&visible.dataset, filled);
    let own_terms = policy.is_some();
    if let Some(text) = policy {
        terms_from(&text, &visible.dataset, &mut agreement, connector)?;
    }
    if options.dry_run {
        out.send_report(&RehearsedRequest {
            dataset,
            would_request: payload_text(&agreement),
            terms: terms_text(&agreement.clauses),
        })
        .await?;
        return Ok(0);
    }
    remember_peer(connector, &visible.peer).await?;
    // What waits here may have ended a negotiation that looks open.
    let _unreached = mailbox::exchange_messages(connector, &visible.peer).await;
    match find_repeated_request(connector, &agreement)? {
        Some(RepeatedRequest::Waits(name)) => {
            let carried = mailbox::exchange_messages(connector, &visible.peer).await;
            return report_step(connector, &name, carried, out, |open| {
                format!(
                    "the same terms were requested already as {name}, so nothing new was sent; {}",
                    open.turn_sentence()
                )
            })
            .await;
        }
        Some(RepeatedRequest::InForce(contract)) => {
            out.send_notice(format!(
                "contract {} has the same terms and is in force",
                contract.to_short_text()
            ))
            .await;
        }
        None => {}
    }
    let payload = contract::to_bytes(&agreement);
    let name = format!("n-{}", random_hex(8));
    let content = MessageContent::Request {
        negotiation: name.clone(),
        dataset: visible.dataset.id.clone(),
        offer: (!own_terms).then(|| chosen.id().to_string()),
        payload: payload.into(),
    };
    outgoing_message::send_message(connector, &visible.peer.id, content, sign).await?;
    let carried = mailbox::exchange_messages(connector, &visible.peer).await;
    report_step(connector, &name, carried, out, |open| {
        let what = match open.state.phase() {
            Phase::Finalized => in_force_from(connector, open),
            _ => format!(
                "requested as {name}; {}{}",
                open.turn_sentence(),
                next_there(open)
            ),
        };
        format!(
            "{what}{}",
            terms_text(&open.state.proposal().agreement.clauses)
        )
    })
    .await
}

/// Request that was not sent.
#[derive(Debug, Serialize)]
struct RehearsedRequest<'a> {
    dataset: &'a str,
    would_request: String,
    /// Terms for people.
    #[serde(skip)]
    terms: String,
}

impl CommandReport for RehearsedRequest<'_> {
    fn to_text(&self) -> String {
        format!(
            "would request {} on these terms:{}",
            self.dataset, self.terms
        )
    }
}

/// What is to be done on the other side before the contract is in force, and how one waits for it here.
fn next_there(open: &OpenNegotiation) -> String {
    if open.state.next_side().is_none_or(|side| side == open.own) {
        return String::new();
    }
    let name = &open.state.proposal().agreement.dataset.id.name;
    format!(
        "\nnext: an officer there signs it: hansa contract sign {name}\n      wait for it here: hansa contract wait {name}"
    )
}

/// Under the label of the contract that it takes the place of.
fn next_version(
    connector: &Connector,
    old: ContractId,
    filled: &mut AgreementParameters,
) -> Result<(), Refusal> {
    let known = connector.contracts.with_registry(|registry| {
        let old = registry.agreement(old)?;
        Some((old.uid.clone(), old.version))
    });
    let (uid, version) = known.ok_or_else(|| {
        Refusal::new(
            ErrorCode::ContractUnknown,
            format!("no contract `{}` here", old.to_short_text()),
        )
    })?;
    filled.uid = uid;
    filled.version = version.saturating_add(1);
    Ok(())
}
