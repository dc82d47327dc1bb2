//! Filter of records by participant, subject, time and outcome.
//!
//! The subject of a record may be in an earlier one: the end of an answer names only the permit that it closes, and the end of a
//! contract names the contract alone.

use hansa_audit_log::json::{Json, to_canonical_bytes};
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::{AnswerBody, RecordBody};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Conditions, all of which must hold; none of them: every record. The head of an export has each as a member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordFilter {
    /// Other party of a question, a contract or a message.
    pub participant: Option<ParticipantId>,
    /// Dataset: its identity, or `/d/` and its name for any owner.
    pub dataset: Option<String>,
    /// Contract or public view.
    pub contract: Option<ContractId>,
    /// First instant.
    pub from: Option<UtcTimestamp>,
    /// First instant after the range.
    pub to: Option<UtcTimestamp>,
    /// Kind, code or outcome of the record.
    pub outcome: Option<String>,
}

impl RecordFilter {
    /// True if all records are selected.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a record of a part shows by itself, or by those before it in the part, that it was chosen.
    #[must_use]
    pub const fn is_evident(&self) -> bool {
        self.from.is_none() && self.outcome.is_none()
    }

    /// Selector that has not processed any record.
    #[must_use]
    pub const fn selector(&self) -> RecordSelector<'_> {
        RecordSelector {
            choice: self,
            requests: BTreeSet::new(),
            opened: BTreeSet::new(),
            contracts: BTreeSet::new(),
        }
    }

    /// True if a record is selected by itself or by the earlier records that it belongs to, which `origins` finds.
    ///
    /// A reader that goes back from the newest record has not processed the earlier ones; a [`RecordSelector`] has. It reads no body
    /// that no condition asks for.
    ///
    /// # Errors
    /// When the record or its origin can't be read.
    pub fn selects_with_origins(
        &self,
        record: &Record,
        origins: &mut impl RecordOrigins,
    ) -> Result<bool, Refusal> {
        if !self.matches_time(record) {
            return Ok(false);
        }
        let has_subject =
            self.participant.is_some() || self.dataset.is_some() || self.contract.is_some();
        if !has_subject && self.outcome.is_none() {
            return Ok(true);
        }
        let body = crate::read_body(record)?;
        if !self.matches_outcome(&body) {
            return Ok(false);
        }
        if self.matches_subject(&body) {
            return Ok(true);
        }
        for contract in body.contracts() {
            let subject = origins.find_contract(contract)?;
            if subject.is_some_and(|subject| self.matches_contract(contract, &subject)) {
                return Ok(true);
            }
        }
        let origin = origins.find_question(record, &body)?;
        Ok(origin.is_some_and(|origin| self.matches_subject(&origin)))
    }

    /// True if a contract satisfies the subject conditions.
    fn matches_contract(&self, contract: &str, subject: &ContractSubject) -> bool {
        self.participant.as_ref().is_none_or(|wanted| {
            let mut parties = subject.parties.iter();
            parties.any(|party| party == wanted)
        }) && self
            .dataset
            .as_ref()
            .is_none_or(|wanted| subject.dataset.ends_with(wanted))
            && self
                .contract
                .is_none_or(|wanted| wanted.to_string() == contract)
    }

    /// True if the record itself satisfies the subject conditions.
    fn matches_subject(&self, body: &RecordBody) -> bool {
        self.participant.as_ref().is_none_or(|wanted| {
            // Owner of the sent key values.
            let owner = format!("{wanted}/d/");
            body.participants().contains(&wanted.as_str())
                || body
                    .sources()
                    .any(|source| source.dataset.starts_with(&owner))
        }) && self.dataset.as_ref().is_none_or(|wanted| {
            let mut datasets = body.datasets().into_iter();
            datasets.any(|dataset| dataset.ends_with(wanted))
        }) && self.contract.is_none_or(|wanted| {
            let wanted = wanted.to_string();
            body.contracts().contains(&wanted.as_str())
        })
    }

    fn matches_time(&self, record: &Record) -> bool {
        self.from.is_none_or(|from| record.at >= from) && self.to.is_none_or(|to| record.at < to)
    }

    fn matches_outcome(&self, body: &RecordBody) -> bool {
        self.outcome.as_ref().is_none_or(|wanted| {
            let is_counted = match body {
                RecordBody::Answer(AnswerBody::RefusalCount(count)) => {
                    count.codes.contains_key(wanted)
                }
                RecordBody::Answer(_)
                | RecordBody::Contract(_)
                | RecordBody::Message(_)
                | RecordBody::Publication(_)
                | RecordBody::Configuration(_)
                | RecordBody::Incident(_)
                | RecordBody::Upkeep(_) => false,
            };
            body.kind() == wanted
                || body.outcome() == Some(wanted)
                || body.refusal_code() == Some(wanted)
                || is_counted
        })
    }
}

/// Parties and dataset of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractSubject {
    /// Both parties, or the provider alone for a public view.
    pub parties: Vec<ParticipantId>,
    /// Identity of the dataset.
    pub dataset: String,
}

/// Access to the earlier records that say what a record is about.
pub trait RecordOrigins {
    /// Body of the record that began the question of a record; none where the record is about no question, or is itself the beginning.
    ///
    /// # Errors
    /// When it can't be read.
    fn find_question(
        &mut self,
        record: &Record,
        body: &RecordBody,
    ) -> Result<Option<RecordBody>, Refusal>;

    /// Subject of a contract; none for an unknown one.
    ///
    /// # Errors
    /// When it can't be read.
    fn find_contract(&mut self, contract: &str) -> Result<Option<ContractSubject>, Refusal>;
}

/// Goes through a log from its beginning and knows what later records belong to.
#[derive(Debug)]
pub struct RecordSelector<'c> {
    choice: &'c RecordFilter,
    requests: BTreeSet<String>,
    opened: BTreeSet<u64>,
    contracts: BTreeSet<String>,
}

impl RecordSelector<'_> {
    /// True if the next record, with this body, is selected.
    pub fn selects_record(&mut self, record: &Record, body: &RecordBody) -> bool {
        let (request, contract) = (body.request(), body.contract());
        let belongs = request.is_some_and(|request| self.requests.contains(request))
            || contract.is_some_and(|contract| self.contracts.contains(contract))
            || body
                .permit_index()
                .is_some_and(|opened| self.opened.contains(&opened));
        let about = belongs || self.choice.matches_subject(body);
        if about {
            self.opened.insert(record.seq);
            self.requests.extend(request.map(str::to_owned));
            self.contracts.extend(contract.map(str::to_owned));
        }
        about && self.choice.matches_time(record) && self.choice.matches_outcome(body)
    }
}

/// Columns of a table of records: common members, and the complete body in the last column.
pub const COLUMNS: [&str; 11] = [
    "seq",
    "t",
    "type",
    "request_id",
    "peer",
    "contract",
    "code",
    "outcome",
    "rows",
    "bytes",
    "body",
];

fn list_texts(body: &Json, name: &str) -> String {
    let list = body.get(name).and_then(Json::as_list).unwrap_or_default();
    let texts: Vec<&str> = list.iter().filter_map(Json::as_text).collect();
    texts.join(" ")
}

/// Cells of a record for [`COLUMNS`]; empty where the record has no value.
#[must_use]
pub fn record_cells(record: &Record) -> [String; 11] {
    let cell = |name: &str| match record.body.get(name) {
        Some(Json::Text(text)) => text.clone(),
        Some(Json::Int(number)) => number.to_string(),
        Some(Json::Bool(value)) => value.to_string(),
        Some(Json::Null | Json::List(_) | Json::Object(_)) | None => String::new(),
    };
    let contract = match cell("contract") {
        none if none.is_empty() => list_texts(&record.body, "contracts"),
        one => one,
    };
    [
        record.seq.to_string(),
        record.at.to_string(),
        record.kind.clone(),
        cell("request_id"),
        cell("peer"),
        contract,
        cell("code"),
        cell("outcome"),
        cell("rows"),
        cell("bytes"),
        String::from_utf8_lossy(&to_canonical_bytes(&record.body)).into_owned(),
    ]
}

#[cfg(test)]
mod tests;
