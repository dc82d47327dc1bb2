//! Records of questions and answers: admissions, refusals, sent and received amounts, questions to other participants.

use crate::answer_bound::AnswerBound;
use crate::digest::Digest;
use crate::time::UtcTimestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The admission of a question, durable before the first byte of its answer.
///
/// Written by the provider. Proves the contracts and clauses of the answer, and an upper bound of the sent amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermitRecord {
    /// The request, as named by the asking participant.
    pub request_id: String,
    /// The participant that asked.
    pub peer: String,
    /// The certificate of the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_cert_sha256: Option<Digest>,
    /// The contracts that the admission relies on.
    pub contracts: Vec<String>,
    /// The permission for each dataset that is read.
    pub grants: Vec<GrantEntry>,
    /// The declared purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// A commitment to the text of the question.
    pub sql_commit: Digest,
    /// The digest of the plan that was admitted.
    pub plan_digest: String,
    /// The datasets that are read.
    pub datasets: Vec<DatasetEntry>,
    /// The amounts that the admission itself takes from quotas.
    pub reservations: Vec<QuotaReservation>,
    /// The amounts that the admission itself takes from prepaid amounts.
    pub charges: Vec<PrepaidDraft>,
    /// The largest numbers of rows and bytes that are sent before a further record.
    pub at_most: AnswerBound,
    /// The version of the connector.
    pub node_version: String,
    /// The place of the permit that this answer continues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follows: Option<u64>,
    /// The instant in whose state the datasets are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<UtcTimestamp>,
    /// The mark of the question with its effects, by which a continuing question is recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The program that asked, where no connector did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramEntry>,
    /// Present for a question from the web, under a public view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web: Option<bool>,
}

/// The permission for one dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantEntry {
    /// The dataset of the permission.
    pub dataset: String,
    /// The contract; absent for the participant's own users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The normal form of the clauses, with its digest.
    pub grant_hash: String,
    /// The numbers of the applied clauses.
    pub clauses_applied: Vec<u32>,
    /// The supporting statements of credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relied_on: Vec<String>,
    /// The first version of the contract under which a statement of deletion is owed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attest: Option<String>,
    /// The digest of the provider's restriction on the dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restriction: Option<Digest>,
}

/// A dataset that an answer reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetEntry {
    /// The identity of the dataset.
    pub id: String,
    /// The label of the snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// The label of the last snapshot whose rows the asking participant has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// An amount that is taken from a quota.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaReservation {
    /// The contract of the quota.
    pub contract: String,
    /// The number of the clause in the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<u32>,
    /// The number of the clause in the provider's restriction, for a quota of a restriction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restriction: Option<u32>,
    /// The unit: `queries`, `rows` or `bytes`.
    pub counts: String,
    /// The period in which it counts.
    pub slot: String,
    /// The amount in the unit.
    pub amount: u64,
}

/// An amount that is taken from a prepaid amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrepaidDraft {
    /// The first version of the contract.
    pub contract: String,
    /// The number of the clause with the price.
    pub clause: u32,
    /// The unit of the price.
    pub per: String,
    /// The price of one unit.
    pub each: String,
    /// The number of units.
    pub count: u64,
}

/// A program without a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramEntry {
    /// The kind of its credential: `certificate` or `access_token`.
    pub by: String,
    /// The access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The contract of the access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
}

/// The decision that nothing new came since an earlier answer.
///
/// Written by the provider. Proves this response, and the earlier answer that it refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoNewDataRecord {
    /// The request.
    pub request_id: String,
    /// The participant that asked.
    pub peer: String,
    /// The place of the permit of the earlier answer.
    pub follows: u64,
}

/// The refusal of a question before its admission.
///
/// Written by the provider. Proves the refusing clause or limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalRecord {
    /// The request, where its identity was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The code of the refusal.
    pub code: String,
    /// The step that refused.
    pub stage: String,
    /// The contract of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The number of the clause in the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<u32>,
    /// The number of the clause in the provider's restriction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restriction: Option<u32>,
    /// The participant that asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The certificate of the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_cert_sha256: Option<Digest>,
    /// The contracts that the question named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contracts: Option<Vec<String>>,
    /// The declared purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// A commitment to the text of the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql_commit: Option<Digest>,
    /// The program that asked, where no connector did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramEntry>,
}

/// A count of refusals without a record each.
///
/// Written by the provider. Proves the number of refusals, and how many more may follow before the next record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalCountRecord {
    /// The participant; absent for strangers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The number of refusals since the preceding record.
    pub count: u64,
    /// The time of the first refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<UtcTimestamp>,
    /// The time of the last refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<UtcTimestamp>,
    /// The numbers of refusals by code.
    pub codes: BTreeMap<String, u64>,
    /// The number of refusals that may follow before the next record; absent where none may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// The digest of the reserve, for a record that was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserve_sha256: Option<Digest>,
}

/// A further block of a running answer, durable before any part of the block is sent.
///
/// Written by the provider. Proves an upper bound of the sent amount, even after a crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgressRecord {
    /// The request.
    pub request_id: String,
    /// The place of the answer's permit.
    pub opened: u64,
    /// The amounts taken from quotas.
    pub reservations: Vec<QuotaReservation>,
    /// The amounts taken from prepaid amounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<PrepaidDraft>,
    /// The largest numbers of rows and bytes that are sent from the beginning of the answer on; absent where the earlier bound
    /// still holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<AnswerBound>,
}

/// The end of an answer.
///
/// Written by the provider; after a crash at its next start. Proves the sent amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseRecord {
    /// The request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The place of the answer's permit.
    pub opened: u64,
    /// The outcome: `done`, `cut`, `cancelled` or `failed`.
    pub outcome: String,
    /// The code of the refusal that ended the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The number of sent rows; absent after a crash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The number of sent bytes; absent after a crash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The digest of the sent content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_digest: Option<String>,
    /// The largest numbers of rows and bytes that may have been sent, after a crash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<AnswerBound>,
    /// The step that refused the question after its admission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The contract of that refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The number of the clause in the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<u32>,
    /// The number of the clause in the provider's restriction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restriction: Option<u32>,
}

/// A question to another participant, durable before it is sent.
///
/// Written by the consumer. Proves the question, its recipient, and the values of other participants that were sent with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteQueryRecord {
    /// The request.
    pub request_id: String,
    /// The provider.
    pub peer: String,
    /// The datasets that the question reads there.
    pub datasets: Vec<DatasetEntry>,
    /// The named contracts.
    pub contracts: Vec<String>,
    /// The declared purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The pseudonym of the asking person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// A commitment to the text of the question.
    pub sql_commit: Digest,
    /// The sent values of other participants, by their key columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<SentKeys>,
    /// The access token of the asking program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// The request that this one repeats, after an answer that broke off before the first row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<String>,
}

/// Values of other participants in a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentKeys {
    /// The number of values.
    pub values: u64,
    /// The columns of the values.
    pub of: Vec<KeySource>,
}

/// A column from which sent values come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySource {
    /// The dataset.
    pub dataset: String,
    /// The contract of the dataset; absent for the participant's own data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The number of the clause that permits the transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<u32>,
    /// The column of the values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

/// A received answer.
///
/// Written by the consumer. Proves the received amount, for comparison with the amount that the provider states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceivedRecord {
    /// The request.
    pub request_id: String,
    /// The provider.
    pub peer: String,
    /// The contracts.
    pub contracts: Vec<String>,
    /// The number of received rows.
    pub rows: u64,
    /// The number of received bytes.
    pub bytes: u64,
    /// The digest of the received content.
    pub result_digest: String,
    /// The outcome, with a code where there is one.
    pub outcome: String,
    /// The state of the receipt.
    pub state: String,
    /// The digest of the receipt's file; absent without a receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Digest>,
    /// The reason of a dispute about the receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispute: Option<String>,
}

/// The end of a question without a complete answer.
///
/// Written by the consumer. Proves that an own question has ended without a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotReceivedRecord {
    /// The request.
    pub request_id: String,
    /// The provider.
    pub peer: String,
    /// The code of the reason.
    pub code: String,
    /// `false` for a question that was not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<bool>,
}

/// The acknowledgement of a receipt.
///
/// Written by the provider. Proves that the consumer has countersigned or disputed the receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptAcknowledgementRecord {
    /// The request.
    pub request_id: String,
    /// The consumer.
    pub peer: String,
    /// The digest of the acknowledgement's file.
    pub receipt: Digest,
    /// `true` where both participants have equal counts.
    #[serde(rename = "match")]
    pub matches: bool,
}

/// A receipt for a program, which can't countersign.
///
/// Written by the provider. Proves that the receipt was issued, without a confirmation by the consumer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneSidedReceiptRecord {
    /// The request.
    pub request_id: String,
    /// The consumer.
    pub peer: String,
    /// The digest of the receipt's file.
    pub receipt: Digest,
}

/// A block of requests and bytes for open data, durable before any part of the block is sent.
///
/// Written by the provider. Proves an upper bound of the amount sent under a public view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenBlockRecord {
    /// The contract of the public view; absent for pages without a dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The label of the snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// The number of requests in the block.
    pub requests: u64,
    /// The number of bytes in the block.
    pub bytes: u64,
    /// The used part of the preceding block, since the start of the connector.
    pub used: OpenBlockUse,
}

/// The used part of a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenBlockUse {
    /// The number of requests.
    pub requests: u64,
    /// The number of bytes.
    pub bytes: u64,
}

/// The model of a dataset, as shown by its provider.
///
/// Written by the consumer. Proves the observed model under a contract, for comparison with a later one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSeenRecord {
    /// The contract.
    pub contract: String,
    /// The dataset.
    pub dataset: String,
    /// The digest of the model; absent where the dataset has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// The end of a running answer by a person of this participant.
///
/// Written by the provider, before the answer is cut. Proves who ended it; the record of its end has the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerCancellationRecord {
    /// The request.
    pub request_id: String,
    /// The participant that asks.
    pub peer: String,
    /// The pseudonym of the person; absent where the connector knows no person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// A count of calls without a record each.
///
/// Written by the provider. Proves the number of calls by a participant, or by strangers, that have no other record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionCountRecord {
    /// The participant; absent for strangers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The kind of call.
    #[serde(rename = "what")]
    pub action: String,
    /// The number of calls since the preceding record.
    pub before: u64,
}
