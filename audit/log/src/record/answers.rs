//! Records of questions and their answers: admitted or refused, what left, what was asked of others and received.

use crate::answer_bound::AnswerBound;
use crate::digest::Digest;
use crate::time::UtcTimestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The admission of a question, durable before the first byte of its answer.
///
/// Written by the provider. Proves under which contracts and clauses the answer was given, and how much of it left at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermitRecord {
    /// The request, as the asker has named it.
    pub request_id: String,
    /// The participant that asked.
    pub peer: String,
    /// The certificate of its connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_cert_sha256: Option<Digest>,
    /// The contracts that are relied on.
    pub contracts: Vec<String>,
    /// The permission for each dataset that is read.
    pub grants: Vec<GrantEntry>,
    /// The purpose that the asker gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// A commitment to the text of the question.
    pub sql_commit: Digest,
    /// The digest of the plan that the permission was decided on.
    pub plan_digest: String,
    /// The datasets that are read.
    pub datasets: Vec<DatasetEntry>,
    /// Drawn from quotas by the admission alone.
    pub reservations: Vec<QuotaReservation>,
    /// Drawn from prepaid amounts by the admission alone.
    pub charges: Vec<PrepaidDraft>,
    /// The rows and bytes that leave at most before another record says more.
    pub at_most: AnswerBound,
    /// The version of the connector.
    pub node_version: String,
    /// The place of the permit that this answer goes on from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follows: Option<u64>,
    /// The instant in whose state the datasets are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<UtcTimestamp>,
    /// The mark of the answer, by which a copy that turns up is found again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The program that asked, where no connector did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramEntry>,
    /// Present where somebody on the web asked, under a public view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web: Option<bool>,
}

/// The permission for one dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantEntry {
    /// The dataset.
    pub dataset: String,
    /// The contract; absent for the participant's own people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The normal form of the clauses and its digest.
    pub grant_hash: String,
    /// The numbers of the clauses that decided.
    pub clauses_applied: Vec<u32>,
    /// The statements of credentials that clauses rely on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relied_on: Vec<String>,
    /// The first version of the contract under which deletion is owed.
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
    /// The dataset.
    pub id: String,
    /// The label of the snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// The label behind which rows are new to the asker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// An amount that is drawn from a quota.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaReservation {
    /// The contract.
    pub contract: String,
    /// The number of the clause in the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<u32>,
    /// The number of the clause in the provider's restriction, where the quota stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restriction: Option<u32>,
    /// The unit: `queries`, `rows` or `bytes`.
    pub counts: String,
    /// The period that it counts in.
    pub slot: String,
    /// The amount, in that unit.
    pub amount: u64,
}

/// An amount that is drawn from what was paid beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrepaidDraft {
    /// The first version of the contract.
    pub contract: String,
    /// The number of the clause that has the price.
    pub clause: u32,
    /// The unit that the price is for.
    pub per: String,
    /// The price of one unit.
    pub each: String,
    /// The number of units.
    pub count: u64,
}

/// A program that has no connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramEntry {
    /// The way in which it has shown who it is: `certificate` or `access_token`.
    pub by: String,
    /// The access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The contract that the access token is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
}

/// The word that nothing new came since an earlier answer.
///
/// Written by the provider. Proves that the asker was told so, and behind which answer.
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

/// A refusal before anything was admitted.
///
/// Written by the provider. Proves which clause or limit refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalRecord {
    /// The request, where one was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The code of the refusal.
    pub code: String,
    /// The step that refused.
    pub stage: String,
    /// The contract that refused.
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
    /// The certificate of its connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_cert_sha256: Option<Digest>,
    /// The contracts that the question named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contracts: Option<Vec<String>>,
    /// The purpose that the asker gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// A commitment to the text of the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql_commit: Option<Digest>,
    /// The program that asked, where no connector did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramEntry>,
}

/// A count of refusals that have no record each.
///
/// Written by the provider. Proves how many were refused, and how many more may be before the next record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalCountRecord {
    /// The participant; absent for strangers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The refusals since the record before.
    pub count: u64,
    /// The time of the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<UtcTimestamp>,
    /// The time of the last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<UtcTimestamp>,
    /// The counts by code.
    pub codes: BTreeMap<String, u64>,
    /// The refusals that may follow before the next record; absent where none may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// The digest of the reserve, where the record was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserve_sha256: Option<Digest>,
}

/// A further block of a running answer, durable before anything of it leaves.
///
/// Written by the provider. Proves how much of the answer left at most, also where a crash ended it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgressRecord {
    /// The request.
    pub request_id: String,
    /// The place of its permit.
    pub opened: u64,
    /// Drawn from quotas.
    pub reservations: Vec<QuotaReservation>,
    /// Drawn from prepaid amounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<PrepaidDraft>,
    /// The rows and bytes that leave at most from the beginning on; absent where the bound before still holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<AnswerBound>,
}

/// The end of an answer.
///
/// Written by the provider, after a crash at its next start. Proves what left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseRecord {
    /// The request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The place of its permit.
    pub opened: u64,
    /// The outcome: `done`, `cut`, `cancelled` or `failed`.
    pub outcome: String,
    /// The code of the refusal that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The rows that left; absent where a crash ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The bytes that left; absent where a crash ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The digest of what left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_digest: Option<String>,
    /// The rows and bytes that left at most, where a crash ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<AnswerBound>,
    /// The step that refused the question after its admission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The contract that refused it then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The number of the clause in the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<u32>,
    /// The number of the clause in the provider's restriction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restriction: Option<u32>,
}

/// A question that goes to another participant, durable before it goes.
///
/// Written by the consumer. Proves what was asked of whom, and which values of others went along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteQueryRecord {
    /// The request.
    pub request_id: String,
    /// The provider.
    pub peer: String,
    /// The datasets that are read there.
    pub datasets: Vec<DatasetEntry>,
    /// The contracts that are named.
    pub contracts: Vec<String>,
    /// The purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The pseudonym of the person that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// A commitment to the text of the question.
    pub sql_commit: Digest,
    /// Values of other participants that go along, by the columns they are keys of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<SentKeys>,
    /// The access token of the program that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// The request that this one repeats, since its answer broke off before the first row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<String>,
}

/// Values of other participants in a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentKeys {
    /// The number of values.
    pub values: u64,
    /// The columns that they are of.
    pub of: Vec<KeySource>,
}

/// A column that values are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySource {
    /// The dataset.
    pub dataset: String,
    /// The contract on it; absent for the participant's own data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The number of the clause that lets values go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<u32>,
    /// The column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

/// An answer that was received.
///
/// Written by the consumer. Proves what came, beside what the provider says that it sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceivedRecord {
    /// The request.
    pub request_id: String,
    /// The provider.
    pub peer: String,
    /// The contracts.
    pub contracts: Vec<String>,
    /// The rows that came.
    pub rows: u64,
    /// The bytes that came.
    pub bytes: u64,
    /// The digest of what came.
    pub result_digest: String,
    /// The outcome, and the code where it has one.
    pub outcome: String,
    /// The state of the receipt.
    pub state: String,
    /// The digest of the file that holds the receipt; absent where none came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Digest>,
    /// The reason for which the receipt is disputed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispute: Option<String>,
}

/// The word that an answer was not taken to its end.
///
/// Written by the consumer. Proves that a question of its own has ended without a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotReceivedRecord {
    /// The request.
    pub request_id: String,
    /// The provider.
    pub peer: String,
    /// The code of what ended it.
    pub code: String,
    /// `false` where the question did not go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<bool>,
}

/// The acknowledgement of a receipt.
///
/// Written by the provider. Proves that the consumer has countersigned the receipt, or that it disputes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptAcknowledgementRecord {
    /// The request.
    pub request_id: String,
    /// The consumer.
    pub peer: String,
    /// The digest of the file that holds the acknowledgement.
    pub receipt: Digest,
    /// `true` where both have counted alike.
    #[serde(rename = "match")]
    pub matches: bool,
}

/// A receipt for a program that can't countersign.
///
/// Written by the provider. Proves that the receipt was issued; nobody confirms it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneSidedReceiptRecord {
    /// The request.
    pub request_id: String,
    /// The consumer.
    pub peer: String,
    /// The digest of the file that holds the receipt.
    pub receipt: Digest,
}

/// A block of requests and bytes for anybody on the web, durable before anything of it leaves.
///
/// Written by the provider. Proves how much left at most under a public view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenBlockRecord {
    /// The contract of the public view; absent for pages that show no dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The label of the snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// The requests that the block is for.
    pub requests: u64,
    /// The bytes that the block is for.
    pub bytes: u64,
    /// Taken of the block before, since the connector began.
    pub used: OpenBlockUse,
}

/// Requests and bytes that were taken of a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenBlockUse {
    /// Requests.
    pub requests: u64,
    /// Bytes.
    pub bytes: u64,
}

/// The model of a dataset as its provider shows it.
///
/// Written by the consumer. Proves which model was seen under a contract, so that a later one is told apart.
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

/// A count of calls that have no record each.
///
/// Written by the provider. Proves how often a participant, or strangers, did something that leaves nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionCountRecord {
    /// The participant; absent for strangers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The kind of call.
    #[serde(rename = "what")]
    pub action: String,
    /// The calls since the record before.
    pub before: u64,
}
