//! Acts on offers: a dataset is offered, and an offer ends.

use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::console_act::{
    ActRequest, ConsoleAct, JudgedValues, PreparedAct, SUBJECT, act_value, optional_act_value,
};
use crate::console::dataset_pages::check_name;
use crate::console::person_visit::{CommandResults, PermittedPerson};
use crate::dataset::arguments::DatasetCommand;
use crate::offer::arguments::OfferCommand;
use hansa_console::{
    DatasetReport, OfferDraft, OfferSummary, describe_offer, describe_offer_end, encode_address,
};
use hansa_node::config::offer::OfferSigningMode;
use hansa_node::config::person::Role;
use hansa_node::console::pending_act::DescribedAct;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;

/// Name of the field with the audience.
const AUDIENCE: &str = "audience";

/// Name of the field with the participants of the audience.
const PARTICIPANTS: &str = "participants";

/// Value of an audience of named participants.
const NAMED: &str = "named";

/// Offer of a dataset, by the signing of its contracts. Where the connector signs them, an offer is as much as a signature.
pub(super) struct OfferAddition(pub(super) OfferSigningMode);

#[async_trait::async_trait]
impl ConsoleAct for OfferAddition {
    fn path(&self) -> &'static [&'static str] {
        match self.0 {
            OfferSigningMode::Officer => &["datasets", SUBJECT, "offer"],
            OfferSigningMode::Auto => &["datasets", SUBJECT, "offer-signed"],
        }
    }

    fn command_words(&self) -> &'static str {
        match self.0 {
            OfferSigningMode::Officer => "offer add",
            OfferSigningMode::Auto => "offer add --auto",
        }
    }

    fn roles(&self) -> &'static [Role] {
        match self.0 {
            OfferSigningMode::Officer => &[Role::Officer],
            OfferSigningMode::Auto => &[Role::Signer],
        }
    }

    fn needs_presence(&self) -> bool {
        self.0 == OfferSigningMode::Auto
    }

    fn back_address(&self, subject: &[String]) -> String {
        dataset_address(subject)
    }

    fn page_after(&self, act: &DescribedAct, _results: &CommandResults) -> String {
        dataset_address(std::slice::from_ref(&act.subject))
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        prepare_offer(request, self.0).await
    }

    async fn judge_values(
        &self,
        _request: &ActRequest<'_>,
        values: &BTreeMap<String, String>,
    ) -> Result<JudgedValues, Refusal> {
        Ok(judge_audience(values))
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        build_offer(act, self.0)
    }
}

/// End of an offer.
pub(super) struct OfferEnd;

#[async_trait::async_trait]
impl ConsoleAct for OfferEnd {
    fn path(&self) -> &'static [&'static str] {
        &["datasets", SUBJECT, "offers", SUBJECT, "end"]
    }

    fn command_words(&self) -> &'static str {
        "offer remove"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Officer]
    }

    fn back_address(&self, subject: &[String]) -> String {
        dataset_address(subject)
    }

    fn page_after(&self, act: &DescribedAct, _results: &CommandResults) -> String {
        let dataset = act.fields.get("dataset").cloned().unwrap_or_default();
        dataset_address(&[dataset])
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let (dataset, policy) = (request.subject(0), request.subject(1));
        let report = read_dataset(request.permitted, dataset).await?;
        let offers = report.offers.iter();
        let fitting: Vec<&OfferSummary> = offers.filter(|offer| offer.policy == policy).collect();
        let [offer] = fitting.as_slice() else {
            let sentence = match fitting.is_empty() {
                true => "the dataset is not offered on this policy",
                false => "the dataset is offered on this policy several times",
            };
            return Err(Refusal::new(ErrorCode::OfferUnknown, sentence)
                .with_help("hansa offer remove DATASET --policy NAME --to PARTICIPANT"));
        };
        let line = format!(
            "hansa offer remove {dataset} --policy {}",
            quote_word(policy)
        );
        let form = describe_offer_end(&request.frame, dataset, offer);
        let mut prepared = PreparedAct::new(form, line);
        for (name, value) in [("dataset", dataset), ("policy", policy)] {
            prepared.facts.insert(name.to_owned(), value.to_owned());
        }
        Ok(prepared)
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(ConnectorCommand::Offer(OfferCommand::Remove {
            dataset: act_value(act, "dataset")?,
            policy: Some(act_value(act, "policy")?),
            to: Vec::new(),
            if_digest: None,
        }))
    }
}

async fn prepare_offer(
    request: &ActRequest<'_>,
    signing: OfferSigningMode,
) -> Result<PreparedAct, Refusal> {
    let dataset = request.subject(0);
    // A dataset that is not published has no columns to be offered.
    let _report = read_dataset(request.permitted, dataset).await?;
    let draft = OfferDraft {
        dataset: dataset.to_owned(),
        policy: request.permitted.visit().parameter("policy").to_owned(),
        signs_itself: signing == OfferSigningMode::Auto,
    };
    let auto = if draft.signs_itself { " --auto" } else { "" };
    Ok(PreparedAct::new(
        describe_offer(&request.frame, &draft),
        format!("hansa offer add {dataset} --policy NAME --to league{auto}"),
    ))
}

async fn read_dataset(
    permitted: &PermittedPerson<'_>,
    name: &str,
) -> Result<DatasetReport, Refusal> {
    check_name(name)?;
    let command = ConnectorCommand::Dataset(DatasetCommand::Show {
        name: name.to_owned(),
        language: None,
    });
    permitted.read_one(command).await
}

fn judge_audience(values: &BTreeMap<String, String>) -> JudgedValues {
    let value = |name: &str| values.get(name).map_or("", String::as_str);
    let named: Vec<&str> = value(PARTICIPANTS).lines().map(str::trim).collect();
    let is_participant = |text: &&str| text.parse::<ParticipantId>().is_ok();
    let is_good = match value(AUDIENCE) {
        NAMED => !named.is_empty() && named.iter().all(is_participant),
        _ => value(PARTICIPANTS).is_empty(),
    };
    match is_good {
        true => JudgedValues::Taken,
        false => JudgedValues::refuse_fields(&[PARTICIPANTS]),
    }
}

fn build_offer(act: &DescribedAct, signing: OfferSigningMode) -> Result<ConnectorCommand, Refusal> {
    let audience = act_value(act, AUDIENCE)?;
    let named = optional_act_value(act, PARTICIPANTS).unwrap_or_default();
    let to = match audience.as_str() {
        NAMED => named.lines().map(|line| line.trim().to_owned()).collect(),
        _ => vec![audience],
    };
    Ok(ConnectorCommand::Offer(OfferCommand::Add {
        dataset: act.subject.clone(),
        policy: act_value(act, "policy")?,
        to,
        auto: signing == OfferSigningMode::Auto,
        if_digest: None,
    }))
}

fn dataset_address(subject: &[String]) -> String {
    let name = subject.first().cloned().unwrap_or_default();
    encode_address(&["datasets".to_owned(), name], &BTreeMap::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn participants_are_named_where_the_audience_is_of_named_ones_alone() {
        let judge = |audience: &str, participants: &str| {
            let values = [(AUDIENCE, audience), (PARTICIPANTS, participants)];
            let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
            judge_audience(&values.into())
        };
        for (audience, participants) in [("league", ""), (NAMED, "acme.example\ncity.example")] {
            let judged = judge(audience, participants);
            assert!(matches!(judged, JudgedValues::Taken), "{audience}");
        }
        for (audience, participants) in [
            (NAMED, ""),
            (NAMED, "no such"),
            (NAMED, "acme.example\n\ncity.example"),
            ("public", "acme.example"),
        ] {
            let JudgedValues::Refused(faults) = judge(audience, participants) else {
                panic!("{audience} {participants}");
            };
            assert_eq!(faults[0].field, PARTICIPANTS);
        }
    }
}
