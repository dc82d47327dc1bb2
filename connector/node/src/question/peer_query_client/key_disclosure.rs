//! Disclosure of one participant's values in a question to another. They are checked again before they are sent, and recorded.

use crate::log::audit_event::optional_text;
use crate::participant::Connector;
use hansa_audit_log::record::answers::{KeySource, SentKeys};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::ContractStatus;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::clause_summary;
use hansa_query::federation::remote_query::{KeySourceDataset, RemoteQuery};

/// Checks the contracts of the values in a remote query as of now, because time has passed since planning.
///
/// # Errors
/// `WITHDRAWN`, `SUPERSEDED` or `EXPIRED` if a contract is no longer in force; `KEY_MUST_STAY` if it does not permit the
/// disclosure, or for own values.
pub(super) fn may_go(
    connector: &Connector,
    remote_query: &RemoteQuery,
    peer: &ParticipantId,
) -> Result<(), Refusal> {
    // A participant may get its own values back.
    for keys in remote_query
        .keys_sent()
        .filter(|keys| keys.participant != *peer)
    {
        for key_source in &keys.of {
            let Some(code) = disclosure_refusal_code(connector, key_source, peer) else {
                continue;
            };
            let refusal = Refusal::new(
                code,
                format!(
                    "values of `{}.{}` would be sent to {}, but no contract permits that any more",
                    keys.alias,
                    key_source.dataset.name,
                    peer.domain()
                ),
            )
            .with_participant(keys.participant.clone())
            .with_help("ask again: the tables are then joined here");
            return Err(match key_source.contract {
                Some(contract) => refusal.with_contract(contract),
                None => refusal,
            });
        }
    }
    Ok(())
}

/// Refusal code if values of this dataset may not be sent to `peer`.
fn disclosure_refusal_code(
    connector: &Connector,
    key_source: &KeySourceDataset,
    peer: &ParticipantId,
) -> Option<ErrorCode> {
    // Plans send own values to nobody.
    let Some(contract) = key_source.contract else {
        return Some(ErrorCode::KeyMustStay);
    };
    let now = connector.now();
    connector.contracts.with_registry(|registry| {
        // A contract outside the registry is a public view, which was checked with the catalog.
        let (agreement, status) = registry.find_contract(contract, now)?;
        let lets = clause_summary::key_transfer(&agreement.clauses);
        match status {
            ContractStatus::InForce if lets.is_some_and(|(_, travel)| travel.to.contains(peer)) => {
                None
            }
            ContractStatus::InForce | ContractStatus::NotYet => Some(ErrorCode::KeyMustStay),
            ContractStatus::Withdrawn => Some(ErrorCode::Withdrawn),
            // The question is asked again under the newer contract.
            ContractStatus::Superseded => Some(ErrorCode::Superseded),
            ContractStatus::Expired => Some(ErrorCode::Expired),
        }
    })
}

/// First instant after the end of one of these contracts, as far as they are in the registry.
pub(super) fn earliest_contract_end(
    connector: &Connector,
    remote_query: &RemoteQuery,
) -> UtcTimestamp {
    let sources = remote_query.keys_sent().flat_map(|keys| &keys.of);
    let contracts = sources.filter_map(|key_source| key_source.contract);
    connector.contracts.with_registry(|registry| {
        let ends = contracts.filter_map(|contract| registry.over_from(contract));
        ends.min().unwrap_or(UtcTimestamp::LATEST)
    })
}

/// Disclosed values for the record: each list with the columns that it concerns.
pub(super) fn sent_keys(remote_query: &RemoteQuery) -> Vec<SentKeys> {
    let all = remote_query.keys_sent();
    all.map(|keys| SentKeys {
        values: keys
            .values
            .and_then(|count| u64::try_from(count).ok())
            .unwrap_or_default(),
        of: keys.of.iter().map(key_source).collect(),
    })
    .collect()
}

fn key_source(key: &KeySourceDataset) -> KeySource {
    KeySource {
        dataset: key.dataset.to_string(),
        contract: optional_text(key.contract.as_ref()),
        clause: key.clause.map(|clause| clause.0),
        column: optional_text(key.column.as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use crate::participant::testing::pause_point::pause_points;
    use crate::participant::testing::{
        TERMS, TestFederation, make_contract, participant_id, records_of_kind,
    };
    use crate::question::peer_query_client::key_disclosure::{may_go, sent_keys};
    use crate::question::peer_query_client::remote_query_record::RemoteQueryRecord;
    use crate::withdrawal;
    use arrow_schema::Schema;
    use hansa_policy::id::{ClauseId, ContractId, DatasetId, RequestId};
    use hansa_policy::query_request::{QueryRequest, RowScope};
    use hansa_policy::refusal::ErrorCode;
    use hansa_policy::safe_text::SingleLineText;
    use hansa_proto::peer::query_request::QueryRequestEnvelope;
    use hansa_query::federation::remote_query::{KeySourceDataset, PushdownKeys, RemoteQuery};
    use std::collections::BTreeSet;
    use std::sync::Arc;

    /// Question to bregenz with a value of lindau.
    fn sample_remote_query(contract: ContractId) -> RemoteQuery {
        let dataset: DatasetId = "hansa://lindau.example/d/bikes".parse().unwrap();
        let key_source = KeySourceDataset {
            dataset,
            contract: Some(contract),
            clause: Some(ClauseId(3)),
            column: Some("site".to_owned()),
        };
        RemoteQuery {
            number: 0,
            participant: participant_id("bregenz"),
            alias: "bregenz".parse().unwrap(),
            reads: Vec::new(),
            purpose: None,
            sql: "SELECT 1".to_owned(),
            schema: Arc::new(Schema::empty()),
            at_most: None,
            at_least: 0,
            most_rows: 0,
            most_bytes: 0,
            guessed: false,
            relies: BTreeSet::new(),
            states: std::collections::BTreeMap::new(),
            keys: vec![PushdownKeys {
                participant: participant_id("lindau"),
                alias: "lindau".parse().unwrap(),
                of: vec![key_source],
                values: Some(1),
            }],
            attempt: 0,
        }
    }

    /// No list of values is recorded after the withdrawal of the contract that permits its disclosure.
    #[tokio::test(flavor = "multi_thread")]
    async fn values_are_in_the_log_only_where_their_contract_lets_them() {
        let mut federation = TestFederation::new();
        let travel = "join = { travel = { columns = [\"site\"], to = [\"bregenz.example\"] } }\n";
        federation.settle_two(&format!("{TERMS}{travel}"), TERMS);
        let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
        let contract = make_contract(&lindau, &acme).await;
        let remote_query = sample_remote_query(contract);
        let sending = RemoteQueryRecord {
            repeats: None,
            asking: QueryRequestEnvelope {
                ask: QueryRequest {
                    request: RequestId(crate::process::randomness::random_bytes()),
                    contracts: Vec::new(),
                    sql: remote_query.sql.clone(),
                    purpose: None,
                    rows: RowScope::All,
                },
                deadline: None,
                accept: BTreeSet::new(),
                credentials: Vec::new(),
                compact_answers: true,
            },
            participant: remote_query.participant.clone(),
            datasets: Vec::new(),
            keys: sent_keys(&remote_query),
            actor: None,
            access_token: None,
        };
        let _recorded = sending.clone().record(&acme, &remote_query).await.unwrap();
        let held = pause_points(&acme).decided.close().await;
        let (sender, remote_queries) = (Arc::clone(&acme), remote_query);
        let sent =
            tokio::spawn(async move { sending.record(&sender, &remote_queries).await.map(drop) });
        pause_points(&acme).decided.holds_somebody().await;
        let _statement =
            withdrawal::own_now(&acme, contract, &SingleLineText::from_any_text("over")).unwrap();
        drop(held);
        assert_eq!(sent.await.unwrap().unwrap_err().code, ErrorCode::Withdrawn);
        assert_eq!(records_of_kind(&acme, "remote_query").len(), 1);
    }

    /// A contract from the planning can have ended when the values are here.
    #[tokio::test(flavor = "multi_thread")]
    async fn values_go_as_long_as_their_contract_lets_them() {
        let mut federation = TestFederation::new();
        let travel = "join = { travel = { columns = [\"site\"], to = [\"bregenz.example\"] } }\n";
        federation.settle_two(&format!("{TERMS}{travel}"), TERMS);
        let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
        let contract = make_contract(&lindau, &acme).await;
        let mut remote_query = sample_remote_query(contract);
        assert!(may_go(&acme, &remote_query, &participant_id("bregenz")).is_ok());
        let elsewhere = may_go(&acme, &remote_query, &participant_id("lisbon")).unwrap_err();
        assert_eq!(elsewhere.code, ErrorCode::KeyMustStay);
        assert_eq!(elsewhere.participant, Some(participant_id("lindau")));
        assert!(!sent_keys(&remote_query).is_empty());
        let _statement =
            withdrawal::own_now(&acme, contract, &SingleLineText::from_any_text("over")).unwrap();
        let over = may_go(&acme, &remote_query, &participant_id("bregenz")).unwrap_err();
        assert_eq!(
            (over.code, over.contract),
            (ErrorCode::Withdrawn, Some(contract))
        );
        // Values may go back to their owner. Own values go to nobody, and values that are not sent need no permission.
        assert!(may_go(&acme, &remote_query, &participant_id("lindau")).is_ok());
        let of = std::mem::take(&mut remote_query.keys[0].of);
        let own = of.iter().cloned().map(|key_source| KeySourceDataset {
            contract: None,
            ..key_source
        });
        remote_query.keys[0].of = own.collect();
        let stays = may_go(&acme, &remote_query, &participant_id("bregenz")).unwrap_err();
        assert_eq!((stays.code, stays.contract), (ErrorCode::KeyMustStay, None));
        remote_query.keys[0].of = of;
        remote_query.keys[0].values = None;
        assert!(may_go(&acme, &remote_query, &participant_id("bregenz")).is_ok());
        assert!(sent_keys(&remote_query).is_empty());
    }
}
