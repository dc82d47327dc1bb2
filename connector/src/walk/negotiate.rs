//! Negotiate: a letter makes a step; file, record, index, then send. A negotiation is its letters, read again.

use crate::node::Node;
use crate::walk::fact::{Fact, maybe};
use crate::walk::{receipt, revoke};
use catalog::lint;
use catalog::offer::{Offer, Sign};
use evidence::digest::Digest;
use evidence::json::Json;
use evidence::time::Time;
use keep::contracts::Kind as Document;
use keep::state::change::{LetterRow, NegotiationRow};
use policy::contract::{Agreement, Role};
use policy::id::{ContractId, ParticipantId};
use policy::negotiate::{
    self, Content as Step, Facts, Message, MessageId, Offered, Parties, Phase, Proposal, Send,
    Side, State,
};
use policy::refusal::{Code, Refusal};
use proto::contract;
use proto::envelope::{self, Kind};
use proto::peer::letter::{Content, Letter, LetterId};
use std::sync::Arc;

/// A negotiation as it stands, with how it came there.
#[derive(Debug)]
pub(crate) struct Open {
    /// The machine's state.
    pub(crate) state: State,
    /// Our side.
    pub(crate) own: Side,
    /// The proposal before the newest one, for showing what changed.
    pub(crate) before: Option<Agreement>,
}

/// Takes in a letter of a peer; `number` is its place in the peer's outbox, where it came from there.
///
/// A letter that was taken in before changes nothing.
///
/// # Errors
/// What is wrong with it; then nothing has changed but that it is on the books.
pub(crate) async fn take_in(
    node: &Arc<Node>,
    peer: &ParticipantId,
    letter: &Letter,
    number: Option<u64>,
) -> Result<(), Refusal> {
    let _turn = node.desk.lock().await;
    let id = letter.id.to_string();
    let known = node.index(|state| state.knows_letter(peer, true, &id))?;
    let bytes = proto::letters::to_bytes(letter);
    if let Some(known) = known {
        return if known == Digest::of(&bytes).to_string() {
            Ok(())
        } else {
            Err(Refusal::new(
                Code::RequestIdReused,
                "a letter of that identity said something else",
            ))
        };
    }
    let digest = Digest::of(&bytes);
    let keep = || crate::node::waiting(|| node.documents.keep(Document::Letter, &bytes));
    let noted = Noted {
        peer: peer.clone(),
        incoming: true,
        letter: letter.clone(),
        digest,
        number,
    };
    match &letter.content {
        Content::Withdrawal { statement } => {
            revoke::take_in(node, statement)?;
            keep()?;
            noted.record(node, None).await
        }
        Content::Acknowledgement {
            request,
            receipt,
            disputed,
        } => {
            receipt::acknowledged(node, peer, *request, receipt, *disputed).await?;
            keep()?;
            noted.record(node, None).await
        }
        _ => {
            let stepped = negotiation_step(node, peer, letter, Direction::In);
            match stepped {
                Ok((open, sends)) => {
                    keep()?;
                    settle(node, &open).await?;
                    noted.record(node, Some((&open, None))).await?;
                    follow(node, open, sends).await
                }
                Err(refusal) if number.is_some() => {
                    // What is in an outbox has its number; a letter that can't be used must not block the next one.
                    keep()?;
                    noted.record(node, None).await?;
                    Err(refusal)
                }
                Err(refusal) => Err(refusal),
            }
        }
    }
}

/// Sends a letter of our own: makes the step, keeps and records it; the outbox delivers it.
///
/// # Errors
/// When the step is not ours to make now, or can't be recorded.
pub(crate) async fn send(
    node: &Arc<Node>,
    peer: &ParticipantId,
    content: Content,
    sign_beforehand: bool,
) -> Result<(), Refusal> {
    let _turn = node.desk.lock().await;
    send_in_turn(node, peer, content, sign_beforehand).await
}

async fn send_in_turn(
    node: &Arc<Node>,
    peer: &ParticipantId,
    content: Content,
    sign_beforehand: bool,
) -> Result<(), Refusal> {
    let letter = Letter {
        id: LetterId(crate::node::fresh()),
        content,
    };
    let bytes = proto::letters::to_bytes(&letter);
    let digest = Digest::of(&bytes);
    let noted = Noted {
        peer: peer.clone(),
        incoming: false,
        letter: letter.clone(),
        digest,
        number: None,
    };
    if matches!(
        letter.content,
        Content::Withdrawal { .. } | Content::Acknowledgement { .. }
    ) {
        node.documents.keep(Document::Letter, &bytes)?;
        noted.record(node, None).await?;
        node.posted.notify_waiters();
        return Ok(());
    }
    let (open, sends) = negotiation_step(node, peer, &letter, Direction::Out { sign_beforehand })?;
    crate::node::waiting(|| node.documents.keep(Document::Letter, &bytes))?;
    settle(node, &open).await?;
    let beforehand = open
        .state
        .consent()
        .filter(|contract| sign_beforehand && *contract == open.state.proposal().contract);
    noted.record(node, Some((&open, beforehand))).await?;
    node.posted.notify_waiters();
    Box::pin(follow(node, open, sends)).await
}

/// Does what follows without asking anybody.
async fn follow(node: &Arc<Node>, open: Open, sends: Vec<Send>) -> Result<(), Refusal> {
    for send in sends {
        let content = written(node, &open, send)?;
        let peer = other(&open).clone();
        Box::pin(send_in_turn(node, &peer, content, false)).await?;
    }
    Ok(())
}

/// The step that is due on our side, as a letter: what `contract sign` does.
///
/// # Errors
/// `NEGOTIATION_STATE` when it is not our turn, or the key is out of reach.
pub(crate) fn due(node: &Node, open: &Open) -> Result<Content, Refusal> {
    let send = open.state.due(open.own).ok_or_else(|| {
        let whose = open.state.turn().map_or_else(
            || format!("it is {}", open.state.phase().as_str()),
            |side| format!("it is the {}'s turn", side.as_str()),
        );
        Refusal::new(
            Code::NegotiationState,
            format!("there is nothing to sign now: {whose}"),
        )
    })?;
    written(node, open, send)
}

/// Signs what has to be signed and writes the letter.
fn written(node: &Node, open: &Open, send: Send) -> Result<Content, Refusal> {
    let negotiation = open.state.parties().negotiation.clone();
    let payload = contract::to_bytes(&open.state.proposal().agreement);
    Ok(match send {
        Send::Acceptance(contract) => Content::Acceptance {
            negotiation,
            contract,
        },
        Send::Agreement(_) => Content::Agreement {
            negotiation,
            contract: half(node, Role::Provider, &payload)?,
        },
        Send::Verification(_) => Content::Verification {
            negotiation,
            contract: half(node, Role::Consumer, &payload)?,
        },
        Send::Finalization(_) => {
            let signed = open.state.signed().ok_or_else(|| {
                Refusal::new(Code::SignatureMissing, "the signatures are not here")
            })?;
            Content::Finalization {
                negotiation,
                contract: envelope::assemble_signed(&payload, &signed.signatures).into(),
            }
        }
    })
}

fn half(node: &Node, role: Role, payload: &[u8]) -> Result<bytes::Bytes, Refusal> {
    let signature = node.sign(Kind::Agreement, role, payload)?;
    Ok(envelope::assemble(payload, &[signature]).into())
}

/// A finalised contract comes into force here: file, record, book.
async fn settle(node: &Arc<Node>, open: &Open) -> Result<(), Refusal> {
    if open.state.phase() != Phase::Finalized {
        return Ok(());
    }
    let Some(signed) = open.state.signed().cloned() else {
        return Ok(());
    };
    let id = signed.id;
    if node.book(|book| book.agreement(id).is_some()) {
        return Ok(());
    }
    let payload = contract::to_bytes(&signed.agreement);
    let bytes = envelope::assemble_signed(&payload, &signed.signatures);
    let agreed = signed.verify(&node.trust.bundle().keys(node.now()))?;
    node.documents.keep_contract(id, &bytes)?;
    let recorded = node.record(agreed).await?;
    node.book_mut(|book| book.admit(recorded));
    Ok(())
}

/// Which way a letter goes.
#[derive(Clone, Copy)]
enum Direction {
    In,
    Out { sign_beforehand: bool },
}

fn negotiation_step(
    node: &Arc<Node>,
    peer: &ParticipantId,
    letter: &Letter,
    direction: Direction,
) -> Result<(Open, Vec<Send>), Refusal> {
    let name = letter.content.negotiation().ok_or_else(|| {
        Refusal::new(
            Code::NegotiationUnknown,
            "the letter belongs to no negotiation",
        )
    })?;
    let unknown = || {
        Refusal::new(
            Code::NegotiationUnknown,
            format!("no negotiation `{name}` with you"),
        )
    };
    let step = read(&letter.content)?;
    match load(node, name)? {
        Some(open) => {
            if other(&open) != peer {
                return Err(unknown());
            }
            let message = message(letter, direction, open.own, step);
            let bundle = node.trust.bundle();
            let now = node.now();
            let asked = proposal_of(&message.content)
                .unwrap_or(open.state.proposal())
                .agreement
                .clone();
            let known = Known::of(node, open.own, other(&open), &asked);
            let keys = bundle.keys(now);
            let taxonomy = node.taxonomy();
            let facts = known.facts(now, open.own, &taxonomy, &keys, direction);
            let before = proposal_of(&message.content)
                .map(|_| open.state.proposal().agreement.clone())
                .or(open.before);
            let (state, sends) = negotiate::step(&open.state, message, &facts)?;
            let open = Open {
                state,
                own: open.own,
                before,
            };
            Ok((open, sends))
        }
        None => {
            let proposal = proposal_of(&step).ok_or_else(unknown)?;
            let agreement = proposal.agreement.clone();
            let consumer = agreement.assignee_id().ok_or_else(unknown)?.clone();
            let own_id = node.id();
            let own = if agreement.provider.id == own_id {
                Side::Provider
            } else {
                Side::Consumer
            };
            let parties = Parties {
                negotiation: name.to_owned(),
                dataset: agreement.dataset.id.clone(),
                provider: agreement.provider.id.clone(),
                consumer,
            };
            let counterpart = match own {
                Side::Provider => &parties.consumer,
                Side::Consumer => &parties.provider,
            };
            if counterpart != peer {
                return Err(unknown());
            }
            let message = message(letter, direction, own, step);
            let bundle = node.trust.bundle();
            let now = node.now();
            let known = Known::of(node, own, peer, &agreement);
            let keys = bundle.keys(now);
            let taxonomy = node.taxonomy();
            let facts = known.facts(now, own, &taxonomy, &keys, direction);
            let (state, sends) = negotiate::open(parties, message, &facts)?;
            let open = Open {
                state,
                own,
                before: None,
            };
            Ok((open, sends))
        }
    }
}

fn message(letter: &Letter, direction: Direction, own: Side, content: Step) -> Message {
    Message {
        id: MessageId(letter.id.0),
        from: match direction {
            Direction::In => own.other(),
            Direction::Out { .. } => own,
        },
        content,
    }
}

fn other(open: &Open) -> &ParticipantId {
    match open.own {
        Side::Provider => &open.state.parties().consumer,
        Side::Consumer => &open.state.parties().provider,
    }
}

fn proposal_of(step: &Step) -> Option<&Proposal> {
    match step {
        Step::Request { proposal, .. } | Step::Offer { proposal } => Some(proposal),
        Step::Acceptance { .. }
        | Step::Agreement { .. }
        | Step::Verification { .. }
        | Step::Finalization { .. }
        | Step::Termination { .. } => None,
    }
}

/// What the letter says to the machine.
fn read(content: &Content) -> Result<Step, Refusal> {
    let proposal = |payload: &[u8]| -> Result<Proposal, Refusal> {
        Ok(Proposal {
            contract: ContractId(Digest::of(payload)),
            agreement: contract::from_bytes(payload)?,
        })
    };
    Ok(match content {
        Content::Request { offer, payload, .. } => Step::Request {
            offer: match offer {
                None => None,
                Some(offer) => Some(offer.parse().map_err(|_| {
                    Refusal::new(Code::OfferUnknown, "there is no such offer to you")
                })?),
            },
            proposal: proposal(payload)?,
        },
        Content::Offer { payload, .. } => Step::Offer {
            proposal: proposal(payload)?,
        },
        Content::Acceptance { contract, .. } => Step::Acceptance {
            contract: *contract,
        },
        Content::Agreement { contract, .. } => Step::Agreement {
            signed: envelope::parse_half(contract, Role::Provider)?,
        },
        Content::Verification { contract, .. } => Step::Verification {
            signed: envelope::parse_half(contract, Role::Consumer)?,
        },
        Content::Finalization { contract, .. } => Step::Finalization {
            signed: envelope::parse_contract(contract)?,
        },
        Content::Termination { code, reason, .. } => Step::Termination {
            code: *code,
            reason: reason.clone(),
        },
        Content::Withdrawal { .. } | Content::Acknowledgement { .. } => {
            return Err(Refusal::new(
                Code::NegotiationState,
                "the letter is no step of a negotiation",
            ));
        }
    })
}

/// A negotiation as its letters made it.
///
/// # Errors
/// When a letter can't be read again.
pub(crate) fn load(node: &Node, name: &str) -> Result<Option<Open>, Refusal> {
    let (letters, row) = node.index(|state| {
        let row = state
            .negotiations()?
            .into_iter()
            .find(|negotiation| negotiation.id == name);
        Ok((state.letters_of(name)?, row))
    })?;
    let Some(row) = row else {
        return Ok(None);
    };
    let mut open: Option<Open> = None;
    for letter in &letters {
        open = Some(again(node, open, letter, &row)?);
    }
    Ok(open)
}

/// One letter again. It was taken in then, so what was known then is taken to have allowed it.
fn again(
    node: &Node,
    open: Option<Open>,
    row: &LetterRow,
    negotiation: &NegotiationRow,
) -> Result<Open, Refusal> {
    let digest: Digest = row.digest.parse().map_err(|_| lost(&row.digest))?;
    let letter = proto::letters::from_bytes(&node.documents.read(Document::Letter, digest)?)?;
    let own = if negotiation.role == "provider" {
        Side::Provider
    } else {
        Side::Consumer
    };
    let step = read(&letter.content)?;
    let proposed = proposal_of(&step).cloned();
    let beforehand = !row.incoming
        && proposed
            .as_ref()
            .is_some_and(|proposal| Some(proposal.contract) == negotiation.beforehand);
    let direction = if row.incoming {
        Direction::In
    } else {
        Direction::Out {
            sign_beforehand: beforehand,
        }
    };
    let bundle = node.trust.bundle();
    let keys = bundle.keys(row.at);
    let taxonomy = node.taxonomy();
    let replaced = proposed
        .as_ref()
        .and_then(|proposal| proposal.agreement.supersedes)
        .and_then(|old| node.book(|book| book.agreement(old).cloned()));
    let known = Known {
        offered: Offered::Officer,
        replaces: replaced,
        objection: None,
    };
    let facts = known.facts(row.at, own, &taxonomy, &keys, direction);
    let message = message(&letter, direction, own, step);
    match open {
        None => {
            let agreement = proposed.ok_or_else(|| lost(&row.digest))?.agreement;
            let consumer = agreement
                .assignee_id()
                .ok_or_else(|| lost(&row.digest))?
                .clone();
            let parties = Parties {
                negotiation: negotiation.id.clone(),
                dataset: agreement.dataset.id.clone(),
                provider: agreement.provider.id.clone(),
                consumer,
            };
            let (state, _) = negotiate::open_again(parties, message, &facts)?;
            Ok(Open {
                state,
                own,
                before: None,
            })
        }
        Some(open) => {
            let before = if proposed.is_some() {
                Some(open.state.proposal().agreement.clone())
            } else {
                open.before
            };
            let (state, _) = negotiate::step_again(&open.state, message, &facts)?;
            Ok(Open { state, own, before })
        }
    }
}

fn lost(digest: &str) -> Refusal {
    Refusal::new(
        Code::StateBroken,
        format!("the letter `{digest}` can't be read again"),
    )
}

/// What a step may depend on, gathered.
struct Known {
    offered: Offered,
    replaces: Option<Agreement>,
    objection: Option<Refusal>,
}

impl Known {
    fn of(node: &Node, own: Side, peer: &ParticipantId, agreement: &Agreement) -> Self {
        let replaces = agreement
            .supersedes
            .and_then(|old| node.book(|book| book.agreement(old).cloned()));
        if own == Side::Consumer {
            return Self {
                offered: Offered::Nothing,
                replaces,
                objection: None,
            };
        }
        let now = node.now();
        let dataset = node.catalog(|catalog| {
            node.book(|book| {
                catalog
                    .visible_one(peer, book, now, &agreement.dataset.id.name)
                    .map(|seen| {
                        let offers: Vec<Offer> = seen.offers.into_iter().cloned().collect();
                        (seen.dataset.clone(), offers)
                    })
            })
        });
        let Some((dataset, offers)) = dataset else {
            return Self {
                offered: Offered::Nothing,
                replaces,
                objection: None,
            };
        };
        let exact = offers.iter().find(|offer| offer.is_exactly(agreement));
        let offered = match exact.map(|offer| offer.sign) {
            None => Offered::OtherTerms,
            Some(Sign::Officer) => Offered::Officer,
            Some(Sign::Auto) => Offered::Auto,
        };
        let objection = lint::objection(agreement, &dataset, &node.taxonomy());
        Self {
            offered,
            replaces,
            objection,
        }
    }

    fn facts<'a>(
        &'a self,
        now: Time,
        own: Side,
        taxonomy: &'a policy::term::purpose::Taxonomy,
        keys: &'a dyn policy::contract::SignatureCheck,
        direction: Direction,
    ) -> Facts<'a> {
        Facts {
            now,
            own,
            taxonomy,
            keys,
            offered: self.offered,
            replaces: self.replaces.as_ref(),
            objection: self.objection.as_ref(),
            sign_beforehand: match direction {
                Direction::In => false,
                Direction::Out { sign_beforehand } => sign_beforehand,
            },
        }
    }
}

/// A letter about to be recorded.
struct Noted {
    peer: ParticipantId,
    incoming: bool,
    letter: Letter,
    digest: Digest,
    number: Option<u64>,
}

impl Noted {
    /// Records the letter and the state that it led to, and brings the index up to date.
    async fn record(
        self,
        node: &Arc<Node>,
        led_to: Option<(&Open, Option<ContractId>)>,
    ) -> Result<(), Refusal> {
        let open = led_to.map(|(open, _)| open);
        let beforehand = led_to.and_then(|(_, beforehand)| beforehand);
        let state = open.map(|open| &open.state);
        let fact = Fact::new(
            "letter",
            [
                ("peer", Json::text(&self.peer)),
                (
                    "direction",
                    Json::text(if self.incoming { "in" } else { "out" }),
                ),
                ("id", Json::text(self.letter.id)),
                ("kind", Json::text(self.letter.content.kind())),
                // A letter that was refused is on the books, and no part of the negotiation that it names.
                (
                    "negotiation",
                    maybe(open.and_then(|_| self.letter.content.negotiation())),
                ),
                ("digest", Json::text(self.digest)),
                ("number", self.number.map_or(Json::Null, Json::count)),
                ("outbox", Json::Bool(!self.incoming)),
                ("role", maybe(open.map(|open| open.own.as_str()))),
                (
                    "dataset",
                    maybe(state.map(|state| state.parties().dataset.to_string())),
                ),
                ("state", maybe(state.map(|state| state.phase().as_str()))),
                (
                    "contract",
                    maybe(state.map(|state| state.proposal().contract)),
                ),
                ("beforehand", maybe(beforehand)),
                (
                    "reason",
                    maybe(
                        state
                            .and_then(State::ended)
                            .map(|ended| ended.reason.clone()),
                    ),
                ),
            ],
        );
        let _durable = node.record(fact).await?;
        node.index(|_| Ok(()))
    }
}
