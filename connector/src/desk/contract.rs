//! `hansa contract`: the life of a contract.

use crate::cli::show::table;
use crate::cli::verb::ContractVerb;
use crate::desk::catalog::{find, terms_text};
use crate::desk::out::Out;
use crate::desk::{Manner, Outcome};
use crate::node::Node;
use crate::node::calls::Peer;
use crate::walk::negotiate::{self, Open};
use crate::walk::{post, revoke};
use ::catalog::dataset::Dataset;
use ::policy::contract::{Agreement, Assignee, Standing};
use ::policy::id::{ContractId, ParticipantId};
use ::policy::negotiate::{Phase, Side};
use ::policy::refusal::{Code, Refusal};
use keep::state::change::NegotiationRow;
use proto::contract;
use proto::peer::letter::Content;
use serde_json::{Value, json};
use std::sync::Arc;

/// Carries out one of the verbs.
pub(crate) async fn run(
    node: &Arc<Node>,
    verb: ContractVerb,
    manner: Manner,
    out: &Out,
) -> Outcome {
    match verb {
        ContractVerb::List => list(node, out).await,
        ContractVerb::Request {
            dataset,
            sign,
            policy_text,
            offer,
            ..
        } => request(node, &dataset, sign, policy_text, offer, manner, out).await,
        ContractVerb::Show { id, diff, odrl } => show(node, &id, diff, odrl, out).await,
        ContractVerb::Counter {
            id, policy_text, ..
        } => counter(node, &id, policy_text.as_deref().unwrap_or_default(), out).await,
        ContractVerb::Sign { id } => sign(node, &id, out).await,
        ContractVerb::Decline { id, reason } => decline(node, &id, reason, out).await,
        ContractVerb::Withdraw { id, reason } => withdraw(node, &id, &reason, out).await,
        ContractVerb::Export { id, .. } => export(node, &id, out).await,
        ContractVerb::Verify { .. } => {
            Err(Refusal::new(Code::UsageWrong, "contract verify needs no connector").into())
        }
    }
}

/// Carries the post to and from all peers first, so that what is shown is what there is. A peer that does not answer is
/// mentioned and stops nothing.
async fn collect(node: &Arc<Node>, out: &Out) -> Result<(), Refusal> {
    for peer in node.peers()? {
        if let Err(refusal) = post::pump(node, &peer).await {
            out.notice(format!(
                "{} was not reached: {}",
                peer.id.domain(),
                refusal.sentence
            ))
            .await;
        }
    }
    Ok(())
}

async fn list(node: &Arc<Node>, out: &Out) -> Outcome {
    collect(node, out).await?;
    let mut rows = Vec::new();
    for row in negotiations(node)? {
        if row.state == Phase::Finalized.as_str() {
            continue;
        }
        let turn = negotiate::load(node, &row.id)?.map(|open| turn(&open));
        out.object(negotiation_json(&row, turn.as_deref()), "")
            .await?;
        rows.push(vec![
            short(&row.id),
            row.peer.domain().to_owned(),
            dataset_of(&row.dataset),
            row.role.clone(),
            row.state.to_lowercase(),
            turn.unwrap_or_default(),
        ]);
    }
    for (id, agreement, standing) in contracts(node) {
        let (role, other) = sides(node, &agreement);
        out.object(contract_json(id, &agreement, standing, role), "")
            .await?;
        rows.push(vec![
            id.short(),
            other,
            agreement.dataset.id.name.to_string(),
            role.to_owned(),
            standing.as_str().to_owned(),
            format!("until {}", day(&agreement)),
        ]);
    }
    out.text(table(
        &["ID", "WITH", "DATASET", "WE ARE", "STATE", ""],
        &rows,
    ))
    .await?;
    Ok(0)
}

fn negotiations(node: &Node) -> Result<Vec<NegotiationRow>, Refusal> {
    node.index(|state| state.negotiations())
}

fn contracts(node: &Node) -> Vec<(ContractId, Agreement, Standing)> {
    let now = node.now();
    node.book(|book| {
        book.all(now)
            .map(|(id, agreement, standing)| (id, agreement.clone(), standing))
            .collect()
    })
}

fn sides(node: &Node, agreement: &Agreement) -> (&'static str, String) {
    let other = |party: Option<&ParticipantId>| {
        party.map_or_else(
            || "anybody in the league".to_owned(),
            |id| id.domain().to_owned(),
        )
    };
    if agreement.provider.id == node.id() {
        ("provider", other(agreement.assignee_id()))
    } else {
        ("consumer", agreement.provider.id.domain().to_owned())
    }
}

fn day(agreement: &Agreement) -> String {
    agreement.not_after.to_string().chars().take(10).collect()
}

fn short(id: &str) -> String {
    id.chars().take(14).collect()
}

fn dataset_of(id: &str) -> String {
    id.rsplit('/').next().unwrap_or(id).to_owned()
}

fn turn(open: &Open) -> String {
    match open.state.turn() {
        None => String::new(),
        Some(side) if side == open.own => "our turn".to_owned(),
        Some(_) => "their turn".to_owned(),
    }
}

fn negotiation_json(row: &NegotiationRow, turn: Option<&str>) -> Value {
    json!({
        "negotiation": row.id,
        "participant": row.peer.domain(),
        "dataset": dataset_of(&row.dataset),
        "role": row.role,
        "state": row.state,
        "turn": turn,
        "would_become": row.contract.map(|id| id.to_string()),
        "reason": row.reason,
    })
}

fn contract_json(id: ContractId, agreement: &Agreement, standing: Standing, role: &str) -> Value {
    json!({
        "contract": id.to_string(),
        "provider": agreement.provider.id.domain(),
        "consumer": agreement.assignee_id().map(ParticipantId::domain),
        "dataset": agreement.dataset.id.name.as_str(),
        "role": role,
        "state": standing.as_str(),
        "not_before": agreement.not_before.to_string(),
        "not_after": agreement.not_after.to_string(),
        "terms": agreement.clauses.iter().map(|clause| json!({
            "clause": clause.id.to_string(),
            "text": clause.term.plain(),
            "enforced": !clause.term.is_recorded_only(),
        })).collect::<Vec<_>>(),
    })
}

/// The contract that a unique prefix names; those that we hold, and public views of peers by their whole identity.
pub(crate) fn held(node: &Node, named: &str) -> Result<ContractId, Refusal> {
    let ids: Vec<ContractId> = contracts(node)
        .into_iter()
        .map(|(id, _, _)| id)
        .filter(|id| id.to_string().starts_with(named))
        .collect();
    match ids.as_slice() {
        [id] => Ok(*id),
        [] => named.parse().map_err(|_| {
            Refusal::new(
                Code::ContractUnknown,
                format!("no contract begins with `{named}`"),
            )
            .with_help("hansa contract list")
        }),
        _ => Err(Refusal::new(
            Code::ContractAmbiguous,
            format!("several contracts begin with `{named}`"),
        )),
    }
}

/// The negotiation that a unique prefix names, with its own name.
fn named(node: &Node, prefix: &str) -> Result<String, Refusal> {
    let open: Vec<NegotiationRow> = negotiations(node)?
        .into_iter()
        .filter(|row| {
            row.id.starts_with(prefix)
                || row
                    .contract
                    .is_some_and(|contract| contract.to_string().starts_with(prefix))
        })
        .collect();
    let waiting: Vec<&NegotiationRow> = open
        .iter()
        .filter(|row| {
            row.state != Phase::Finalized.as_str() && row.state != Phase::Terminated.as_str()
        })
        .collect();
    match (waiting.as_slice(), open.as_slice()) {
        ([one], _) => Ok(one.id.clone()),
        ([], [one]) => Ok(one.id.clone()),
        ([], []) => Err(Refusal::new(
            Code::NegotiationUnknown,
            format!("no negotiation begins with `{prefix}`"),
        )
        .with_help("hansa contract list")),
        _ => Err(Refusal::new(
            Code::ContractAmbiguous,
            format!("several negotiations begin with `{prefix}`"),
        )
        .with_help("give more of its name: hansa contract list")),
    }
}

fn loaded(node: &Node, prefix: &str) -> Result<(String, Open), Refusal> {
    let name = named(node, prefix)?;
    let open = negotiate::load(node, &name)?.ok_or_else(|| {
        Refusal::new(
            Code::NegotiationUnknown,
            format!("the letters of `{name}` are not here"),
        )
    })?;
    Ok((name, open))
}

async fn request(
    node: &Arc<Node>,
    dataset: &str,
    sign: bool,
    policy: Option<String>,
    offer: Option<String>,
    manner: Manner,
    out: &Out,
) -> Outcome {
    let seen = find(node, dataset).await?;
    let chosen = match (&offer, seen.offers.as_slice()) {
        (_, []) => Err(Refusal::new(
            Code::OfferUnknown,
            format!("`{dataset}` is not offered to you"),
        )),
        (None, [one]) => Ok(one),
        (None, many) => {
            let mut refusal = Refusal::new(
                Code::ContractAmbiguous,
                format!("`{dataset}` has several offers"),
            );
            for offer in many {
                refusal = refusal.with_help(format!(
                    "--offer {} for \"{}\"",
                    offer.id().short(),
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
                    Code::OfferUnknown,
                    format!("no offer of `{dataset}` begins with `{prefix}`"),
                )
            }),
    }?;
    let bundle = node.trust.bundle();
    let provider = node.party_of(&seen.peer.id, &bundle)?;
    let us = Assignee::Participant(node.party()?);
    let filled = node.filled(provider, us, None);
    let mut agreement = chosen.agreement(&seen.dataset, filled);
    let own_terms = policy.is_some();
    if let Some(text) = policy {
        terms_from(&text, &seen.dataset, &mut agreement, node)?;
    }
    if manner.dry_run {
        out.object(
            json!({"dataset": dataset, "would_request": payload_text(&agreement)}),
            format!(
                "would request {dataset} on these terms:{}",
                terms_text(&agreement.clauses)
            ),
        )
        .await?;
        return Ok(0);
    }
    let payload = contract::to_bytes(&agreement);
    let id = ContractId(evidence::digest::Digest::of(&payload));
    let name = format!("n-{}", crate::node::fresh_text(8));
    let content = Content::Request {
        negotiation: name.clone(),
        dataset: seen.dataset.id.clone(),
        offer: (!own_terms).then(|| chosen.id().to_string()),
        payload: payload.into(),
    };
    negotiate::send(node, &seen.peer.id, content, sign).await?;
    let carried = post::pump(node, &seen.peer).await;
    told(node, &name, carried, out, |open| {
        let what = match open.state.phase() {
            Phase::Finalized => format!("contract {} is in force", id.short()),
            _ => format!("requested as {name}; {}", turn_sentence(open)),
        };
        format!(
            "{what}{}",
            terms_text(&open.state.proposal().agreement.clauses)
        )
    })
    .await
}

/// Says how a negotiation stands after a step, and whether the post could be carried.
async fn told(
    node: &Arc<Node>,
    name: &str,
    carried: Result<(), Refusal>,
    out: &Out,
    text: impl Fn(&Open) -> String,
) -> Outcome {
    let row = negotiations(node)?.into_iter().find(|row| row.id == name);
    let open = negotiate::load(node, name)?;
    if let (Some(row), Some(open)) = (row, open) {
        let mut data = negotiation_json(&row, Some(&turn(&open)));
        if let (Value::Object(map), Phase::Finalized) = (&mut data, open.state.phase()) {
            map.insert(
                "contract".to_owned(),
                json!(open.state.proposal().contract.to_string()),
            );
        }
        out.object(data, text(&open)).await?;
    }
    match carried {
        Ok(()) => Ok(0),
        Err(refusal) => Err(refusal.into()),
    }
}

fn turn_sentence(open: &Open) -> String {
    match open.state.turn() {
        None => open.state.ended().map_or_else(
            || "it is done".to_owned(),
            |ended| {
                format!(
                    "it was ended by the {}: {}",
                    ended.by.as_str(),
                    ended.reason
                )
            },
        ),
        Some(side) if side == open.own => {
            "it is our turn: hansa contract show, then sign, counter or decline".to_owned()
        }
        Some(side) => format!("it is the {}'s turn", side.as_str()),
    }
}

/// Other terms, as a policy file says them, in the place of the agreement's.
fn terms_from(
    text: &str,
    dataset: &Dataset,
    agreement: &mut Agreement,
    node: &Node,
) -> Result<(), Refusal> {
    let draft = proto::policy_toml::parse(text, "the policy", dataset).map_err(|problems| {
        let mut problems = problems.into_iter();
        let first = problems
            .next()
            .unwrap_or_else(|| Refusal::new(Code::TermUnknown, "the policy is wrong"));
        problems.fold(first, |first, other| {
            first.with_help(format!("also {other}"))
        })
    })?;
    let known: Vec<_> = agreement
        .own_purposes
        .iter()
        .chain(&node.config().purposes)
        .cloned()
        .collect();
    agreement.own_purposes = crate::node::offers::used_purposes(&draft.clauses, &known);
    agreement.clauses = draft.clauses;
    if let Some(from) = draft.not_before {
        agreement.not_before = from;
    }
    if let Some(until) = draft.not_after {
        agreement.not_after = until;
    }
    Ok(())
}

async fn counter(node: &Arc<Node>, prefix: &str, policy: &str, out: &Out) -> Outcome {
    collect(node, out).await?;
    let (name, open) = loaded(node, prefix)?;
    let mut agreement = open.state.proposal().agreement.clone();
    let dataset = match open.own {
        Side::Provider => node
            .catalog(|catalog| catalog.by_id(&agreement.dataset.id).cloned())
            .ok_or_else(|| {
                Refusal::new(Code::DatasetNotPublished, "the dataset is not published")
            })?,
        Side::Consumer => {
            let peer = peer_of(node, &open)?;
            find(
                node,
                &format!("{}.{}", peer.alias, agreement.dataset.id.name),
            )
            .await?
            .dataset
        }
    };
    terms_from(policy, &dataset, &mut agreement, node)?;
    agreement.version = agreement.version.saturating_add(1);
    agreement.proposed_at = node.now();
    agreement.nonce = proto::base64url::encode(&crate::node::fresh::<16>());
    let payload = contract::to_bytes(&agreement).into();
    let content = match open.own {
        Side::Provider => Content::Offer {
            negotiation: name.clone(),
            payload,
        },
        Side::Consumer => Content::Request {
            negotiation: name.clone(),
            dataset: agreement.dataset.id.clone(),
            offer: None,
            payload,
        },
    };
    step(node, &name, &open, content, out).await
}

fn other(open: &Open) -> ParticipantId {
    match open.own {
        Side::Provider => open.state.parties().consumer.clone(),
        Side::Consumer => open.state.parties().provider.clone(),
    }
}

fn peer_of(node: &Node, open: &Open) -> Result<Peer, Refusal> {
    node.peer(other(open).as_str())
}

/// Sends a letter of ours and carries it, where it is ours to carry.
async fn step(node: &Arc<Node>, name: &str, open: &Open, content: Content, out: &Out) -> Outcome {
    negotiate::send(node, &other(open), content, false).await?;
    let carried = match open.own {
        // A provider never dials; the consumer fetches the letter.
        Side::Provider => Ok(()),
        Side::Consumer => post::pump(node, &peer_of(node, open)?).await,
    };
    told(node, name, carried, out, |open| match open.state.phase() {
        Phase::Finalized => format!(
            "contract {} is in force",
            open.state.proposal().contract.short()
        ),
        phase => format!(
            "{name} is {}; {}",
            phase.as_str().to_lowercase(),
            turn_sentence(open)
        ),
    })
    .await
}

async fn sign(node: &Arc<Node>, prefix: &str, out: &Out) -> Outcome {
    collect(node, out).await?;
    let (name, open) = loaded(node, prefix)?;
    let content = negotiate::due(node, &open)?;
    step(node, &name, &open, content, out).await
}

async fn decline(node: &Arc<Node>, prefix: &str, reason: String, out: &Out) -> Outcome {
    collect(node, out).await?;
    let (name, open) = loaded(node, prefix)?;
    let content = Content::Termination {
        negotiation: name.clone(),
        code: None,
        reason,
    };
    step(node, &name, &open, content, out).await
}

async fn withdraw(node: &Arc<Node>, prefix: &str, reason: &str, out: &Out) -> Outcome {
    let contract = held(node, prefix)?;
    let agreement = node
        .book(|book| book.agreement(contract).cloned())
        .ok_or_else(|| {
            Refusal::new(
                Code::ContractUnknown,
                format!("no contract `{}` here", contract.short()),
            )
        })?;
    let before = node.running.len();
    let (inner, words) = (Arc::clone(node), reason.to_owned());
    let statement =
        crate::desk::blocking(move || revoke::own_now(&inner, contract, &words)).await?;
    let (role, with) = sides(node, &agreement);
    let peer = match (role, agreement.assignee_id()) {
        ("provider", Some(consumer)) => Some(consumer.clone()),
        ("provider", None) => None,
        _ => Some(agreement.provider.id.clone()),
    };
    let mut carried = Ok(());
    if let Some(peer) = peer {
        let content = Content::Withdrawal {
            statement: statement.into(),
        };
        negotiate::send(node, &peer, content, false).await?;
        if role == "consumer" {
            carried = post::pump(node, &node.peer(peer.as_str())?).await;
        }
    }
    out.object(
        json!({
            "contract": contract.to_string(),
            "with": with,
            "withdrawn": true,
            "streams_before": before,
        }),
        format!(
            "contract {} with {with} is withdrawn; its running streams are cut, new questions are refused",
            contract.short()
        ),
    )
    .await?;
    if let Err(refusal) = carried {
        out.notice(format!(
            "the other party will hear of it when it can be reached: {}",
            refusal.sentence
        ))
        .await;
    }
    Ok(0)
}

async fn export(node: &Arc<Node>, prefix: &str, out: &Out) -> Outcome {
    let contract = held(node, prefix)?;
    let bytes = node.documents.contract(contract)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let data: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    out.object(
        json!({"contract": contract.to_string(), "envelope": data, "file": text}),
        text.clone(),
    )
    .await?;
    Ok(0)
}

async fn show(node: &Arc<Node>, prefix: &str, diff: bool, odrl: bool, out: &Out) -> Outcome {
    let by_contract = contracts(node)
        .into_iter()
        .filter(|(id, _, _)| id.to_string().starts_with(prefix))
        .collect::<Vec<_>>();
    if let [(id, agreement, standing)] = by_contract.as_slice() {
        let (role, _) = sides(node, agreement);
        let mut data = contract_json(*id, agreement, *standing, role);
        let signatures = crate::desk::contract::signatures(node, *id);
        let budgets = budgets(node, *id, agreement);
        if let Value::Object(map) = &mut data {
            map.insert("signatures".to_owned(), json!(signatures));
            map.insert("budgets".to_owned(), json!(budgets));
        }
        let text = if odrl {
            payload_text(agreement)
        } else {
            page(*id, agreement, standing.as_str(), &signatures, &budgets)
        };
        out.object(data, text).await?;
        return Ok(0);
    }
    collect(node, out).await?;
    let (name, open) = loaded(node, prefix)?;
    let agreement = &open.state.proposal().agreement;
    let text = if diff {
        match &open.before {
            None => "nothing was changed yet".to_owned(),
            Some(before) => changed(before, agreement),
        }
    } else if odrl {
        payload_text(agreement)
    } else {
        format!(
            "{}\n{}",
            page(
                open.state.proposal().contract,
                agreement,
                &format!("{} ({name})", open.state.phase().as_str().to_lowercase()),
                &[],
                &[],
            ),
            turn_sentence(&open)
        )
    };
    out.object(
        json!({
            "negotiation": name,
            "state": open.state.phase().as_str(),
            "would_become": open.state.proposal().contract.to_string(),
            "turn": turn(&open),
            "terms": agreement.clauses.iter().map(|clause| json!({
                "clause": clause.id.to_string(), "text": clause.term.plain(),
            })).collect::<Vec<_>>(),
            "diff": open.before.as_ref().map(|before| changed(before, agreement)),
        }),
        text,
    )
    .await?;
    Ok(0)
}

/// The signatures of a contract, checked again now.
fn signatures(node: &Node, id: ContractId) -> Vec<Value> {
    let Ok(bytes) = node.documents.contract(id) else {
        return Vec::new();
    };
    let Ok(signed) =
        proto::envelope::parse_contract(&bytes).or_else(|_| proto::envelope::parse_offer(&bytes))
    else {
        return Vec::new();
    };
    let at = node
        .index(|state| state.contracts())
        .ok()
        .and_then(|events| events.into_iter().find(|event| event.id == id))
        .and_then(|event| event.activated)
        .unwrap_or_else(|| node.now());
    let bundle = node.trust.bundle();
    signed
        .signatures
        .iter()
        .map(|signature| {
            let checked = signed.check_signature(signature.role, &bundle.keys(at));
            json!({
                "role": signature.role.as_str(),
                "key": signature.kid,
                "algorithm": signature.alg,
                "valid": checked.is_ok(),
                "fault": checked.err().map(|refusal| refusal.to_string()),
            })
        })
        .collect()
}

/// What of each quota is used in its current slot.
fn budgets(node: &Node, id: ContractId, agreement: &Agreement) -> Vec<Value> {
    use ::policy::term::Term;
    let now = node.now();
    agreement
        .clauses
        .iter()
        .filter_map(|clause| {
            let (what, quota) = match &clause.term {
                Term::Queries(quota) => ("questions", quota),
                Term::RowQuota(quota) => ("rows", quota),
                Term::ByteQuota(quota) => ("bytes", quota),
                _ => return None,
            };
            let (slot, until) = ::policy::term::quota::slot(quota.per, agreement.not_before, now);
            Some(json!({
                "clause": clause.id.to_string(),
                "what": what,
                "used": match agreement.assignee_id() {
                    Some(asker) => node.budgets.spent(id, clause.id, slot, asker),
                    None => node.budgets.most_spent(id, clause.id, slot),
                },
                "of": quota.max,
                "until": until.to_string(),
            }))
        })
        .collect()
}

/// A contract as a page.
fn page(
    id: ContractId,
    agreement: &Agreement,
    state: &str,
    signatures: &[Value],
    budgets: &[Value],
) -> String {
    let mut text = proto::render::agreement(Some(id), agreement);
    let mut line = |name: &str, value: String| {
        text.push_str(&format!("\n  {name:<9} {value}"));
    };
    line("state", state.to_owned());
    let field = |value: &Value, name: &str| {
        value
            .get(name)
            .map(|field| {
                field
                    .as_str()
                    .map_or_else(|| field.to_string(), str::to_owned)
            })
            .unwrap_or_default()
    };
    for signature in signatures {
        line(
            "signed",
            format!(
                "by the {} with {} key {}: {}",
                field(signature, "role"),
                field(signature, "algorithm"),
                field(signature, "key").chars().take(12).collect::<String>(),
                if signature.get("valid") == Some(&Value::Bool(true)) {
                    "valid"
                } else {
                    "NOT VALID"
                }
            ),
        );
    }
    for budget in budgets {
        line(
            "used",
            format!(
                "{} of {} {} until {} (clause {})",
                field(budget, "used"),
                field(budget, "of"),
                field(budget, "what"),
                field(budget, "until"),
                field(budget, "clause"),
            ),
        );
    }
    text
}

/// The payload of an agreement, laid out for reading.
fn payload_text(agreement: &Agreement) -> String {
    let value: Value =
        serde_json::from_slice(&contract::to_bytes(agreement)).unwrap_or(Value::Null);
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

/// What changed between two proposals, a line each.
fn changed(before: &Agreement, after: &Agreement) -> String {
    let lines = ::policy::diff::lines(before, after);
    if lines.is_empty() {
        "the terms are the same".to_owned()
    } else {
        lines.join("\n")
    }
}
