//! Acts on policies: the change of one, and a new one.

use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::console_act::{
    ActRequest, ConsoleAct, JudgedValues, PreparedAct, SUBJECT, act_value, optional_act_value,
};
use crate::console::person_visit::{CommandResults, PermittedPerson, read_object};
use crate::console::policy_pages::check_policy_name;
use crate::dataset::arguments::{DatasetCommand, DatasetListArgs};
use crate::policy::arguments::PolicyCommand;
use crate::policy::policy_form::{FIELDS, PolicyForm, REST, compose_policy};
use hansa_console::{
    ActFieldFault, DatasetRow, PolicyDraft, PolicyDraftField, PolicyFindings, PolicyView,
    describe_policy_addition, describe_policy_edit, describe_policy_findings, encode_address,
};
use hansa_node::config::offer::OfferSigningMode;
use hansa_node::config::person::Role;
use hansa_node::console::pending_act::DescribedAct;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::printable_lines;
use hansa_policy::term::rule::EnforcementPoint;
use hansa_policy::term::vocabulary::VOCABULARY;
use hansa_proto::policy_toml::examples::term_examples;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Text of the policy from which a form was made.
const BEFORE: &str = "before";

/// SHA-256 of that text.
const DIGEST: &str = "digest";

/// Most datasets among which a person chooses.
const MOST_DATASETS: usize = 500;

/// Change of a policy, by the signing of the contracts on its offers. Where the connector signs them, a change is as much as a signature.
pub(super) struct PolicyEdit(pub(super) OfferSigningMode);

#[async_trait::async_trait]
impl ConsoleAct for PolicyEdit {
    fn path(&self) -> &'static [&'static str] {
        match self.0 {
            OfferSigningMode::Officer => &["policies", SUBJECT, "edit"],
            OfferSigningMode::Auto => &["policies", SUBJECT, "edit-signed"],
        }
    }

    fn command_words(&self) -> &'static str {
        match self.0 {
            OfferSigningMode::Officer => "policy put",
            OfferSigningMode::Auto => "policy put signed",
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
        policy_address(subject.first().map_or("", String::as_str))
    }

    fn page_after(&self, act: &DescribedAct, _results: &CommandResults) -> String {
        policy_address(&act.subject)
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let policy = read_policy(request.permitted, request.subject(0)).await?;
        if self.0 == OfferSigningMode::Officer && policy.is_signed_automatically() {
            let sentence = "contracts on this policy are signed by the connector, so a person with the role `signer` changes it";
            return Err(Refusal::new(ErrorCode::RoleMissing, sentence));
        }
        prepare_edit(request, &policy)
    }

    fn has_preview(&self) -> bool {
        true
    }

    async fn judge_values(
        &self,
        request: &ActRequest<'_>,
        values: &BTreeMap<String, String>,
    ) -> Result<JudgedValues, Refusal> {
        judge_edit(request, values).await
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        build_edit(act)
    }
}

/// New policy, which no offer uses yet.
pub(super) struct PolicyAddition;

#[async_trait::async_trait]
impl ConsoleAct for PolicyAddition {
    fn path(&self) -> &'static [&'static str] {
        &["policies", "add"]
    }

    fn command_words(&self) -> &'static str {
        "policy put new"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Officer]
    }

    fn back_address(&self, _subject: &[String]) -> String {
        "/policies".to_owned()
    }

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
        "/policies".to_owned()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let command = ConnectorCommand::Dataset(DatasetCommand::List(DatasetListArgs {
            limit: Some(MOST_DATASETS),
            ..DatasetListArgs::default()
        }));
        let rows: Vec<DatasetRow> = request.permitted.read_rows(command).await?;
        let form = PolicyForm::read("").ok_or_else(unreadable_policy)?;
        let draft = PolicyDraft {
            datasets: rows.into_iter().map(|row| row.dataset).collect(),
            ..make_draft(&form)
        };
        let mut prepared = PreparedAct::new(
            describe_policy_addition(&request.frame, &draft),
            "hansa policy put NAME FILE --dataset DATASET".to_owned(),
        );
        prepared.facts.insert(BEFORE.to_owned(), String::new());
        Ok(prepared)
    }

    fn has_preview(&self) -> bool {
        true
    }

    async fn judge_values(
        &self,
        request: &ActRequest<'_>,
        values: &BTreeMap<String, String>,
    ) -> Result<JudgedValues, Refusal> {
        let value = |name: &str| values.get(name).cloned().unwrap_or_default();
        let put = PutDraft {
            name: value("name"),
            before: String::new(),
            digest: None,
            dataset: Some(value("dataset")),
        };
        judge_text(request, put, values).await
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        let text = compose_policy("", &act.fields).map_err(|_faults| unreadable_policy())?;
        Ok(ConnectorCommand::Policy(PolicyCommand::Put {
            name: act_value(act, "name")?,
            file: None,
            policy_text: Some(text),
            if_digest: None,
            dataset: optional_act_value(act, "dataset"),
            language: None,
        }))
    }
}

/// Text of a policy that a form would put.
struct PutDraft {
    name: String,
    /// Text from which the form was made.
    before: String,
    digest: Option<String>,
    dataset: Option<String>,
}

async fn read_policy(permitted: &PermittedPerson<'_>, name: &str) -> Result<PolicyView, Refusal> {
    check_policy_name(name)?;
    let command = ConnectorCommand::Policy(PolicyCommand::Show {
        policy: name.to_owned(),
        odrl: false,
        toml: false,
        dataset: None,
        offered_for: None,
        language: None,
    });
    let object: Option<Value> = permitted.read_objects(command).await?.into_iter().next();
    let mut object = object.ok_or_else(unreadable_policy)?;
    // A form needs no ODRL.
    if let Some(members) = object.as_object_mut() {
        members.remove("odrl");
    }
    read_object(object)
}

fn prepare_edit(request: &ActRequest<'_>, policy: &PolicyView) -> Result<PreparedAct, Refusal> {
    if !matches!(printable_lines(&policy.toml), Cow::Borrowed(_)) {
        let sentence = "the text of the policy has characters that a form can't keep";
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("hansa policy put NAME FILE --if-digest SHA256"));
    }
    let form = PolicyForm::read(&policy.toml).ok_or_else(unreadable_policy)?;
    let draft = PolicyDraft {
        name: policy.name.clone(),
        digest: policy.digest.clone(),
        offers: policy.offers.clone(),
        ..make_draft(&form)
    };
    let line = format!(
        "hansa policy put {} FILE --if-digest {}",
        quote_word(&policy.name),
        policy.digest
    );
    let mut prepared = PreparedAct::new(describe_policy_edit(&request.frame, &draft), line);
    let facts = [(BEFORE, &policy.toml), (DIGEST, &policy.digest)];
    for (name, value) in facts {
        prepared.facts.insert(name.to_owned(), value.clone());
    }
    Ok(prepared)
}

async fn judge_edit(
    request: &ActRequest<'_>,
    values: &BTreeMap<String, String>,
) -> Result<JudgedValues, Refusal> {
    let policy = read_policy(request.permitted, request.subject(0)).await?;
    let put = PutDraft {
        name: policy.name,
        before: policy.toml,
        digest: Some(policy.digest),
        dataset: None,
    };
    judge_text(request, put, values).await
}

/// Rehearses the command with the text that the form makes.
async fn judge_text(
    request: &ActRequest<'_>,
    put: PutDraft,
    values: &BTreeMap<String, String>,
) -> Result<JudgedValues, Refusal> {
    let text = match compose_policy(&put.before, values) {
        Ok(text) => text,
        Err(faults) => {
            let names: Vec<&str> = faults.iter().map(String::as_str).collect();
            return Ok(JudgedValues::refuse_fields(&names));
        }
    };
    let command = ConnectorCommand::Policy(PolicyCommand::Put {
        name: put.name,
        file: None,
        policy_text: Some(text.clone()),
        if_digest: put.digest,
        dataset: put.dataset,
        language: Some(request.frame.language.tag().to_owned()),
    });
    let results = match request.permitted.rehearse(command).await {
        Ok(results) => results,
        Err(refusal) => {
            let mut details = vec![format!("{}: {}", refusal.code, refusal.sentence)];
            details.extend(refusal.help.clone());
            return Ok(JudgedValues::Refused(vec![ActFieldFault {
                field: REST.to_owned(),
                details,
            }]));
        }
    };
    let object = results.objects.into_iter().next();
    let findings: PolicyFindings = read_object(object.unwrap_or_default())?;
    let findings = PolicyFindings { text, ..findings };
    Ok(JudgedValues::Previewed(describe_policy_findings(
        &request.frame,
        &findings,
    )))
}

fn build_edit(act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
    let before = act_value(act, BEFORE)?;
    let text = compose_policy(&before, &act.fields).map_err(|_faults| unreadable_policy())?;
    Ok(ConnectorCommand::Policy(PolicyCommand::Put {
        name: act.subject.clone(),
        file: None,
        policy_text: Some(text),
        if_digest: Some(act_value(act, DIGEST)?),
        dataset: None,
        language: None,
    }))
}

/// Fields of a policy with their values, each with its enforcement as `hansa policy terms` tells it.
fn make_draft(form: &PolicyForm) -> PolicyDraft {
    let examples = term_examples();
    let enforced = |key: &str| {
        let mut terms = VOCABULARY.iter().zip(&examples);
        let inner = format!("aggregate.{key}");
        let is_of_key = |written: &str| written == key || written == inner;
        let (entry, _) =
            terms.find(|(_, example)| example.key.as_deref().is_some_and(is_of_key))?;
        let mut stages = entry.spec.executed.iter();
        Some(stages.any(|stage| *stage != EnforcementPoint::Recorded))
    };
    let fields = FIELDS.iter().filter_map(|field| {
        Some(PolicyDraftField {
            name: field.name.to_owned(),
            value: form.values.get(field.name)?.clone(),
            enforced: enforced(field.key),
        })
    });
    PolicyDraft {
        fields: fields.collect(),
        rest: form.rest.clone(),
        ..PolicyDraft::default()
    }
}

fn policy_address(name: &str) -> String {
    encode_address(&["policies".to_owned(), name.to_owned()], &BTreeMap::new())
}

fn unreadable_policy() -> Refusal {
    let sentence = "the text of the policy can't be read as a form";
    Refusal::new(ErrorCode::UsageWrong, sentence)
        .with_help("hansa policy put NAME FILE --if-digest SHA256")
}
