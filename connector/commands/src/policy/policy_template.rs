//! `hansa policy template`: fills a policy with parameters; needs no connector.

use crate::cli::command_report::{CommandReport, report_json};
use crate::cli::output::OutputSettings;
use hansa_audit_log::digest::Digest;
use hansa_node::offer::template_file::read_template;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::template::PolicyTemplate;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Shows the parameters of a template, or fills them all.
///
/// # Errors
/// What is wrong with the template or with what fills it; then nothing is written.
pub(crate) fn fill_template(
    file: &Path,
    set: &[String],
    author: Option<&str>,
    output: Option<&Path>,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let (template, _) = read_template(file)?;
    if set.is_empty() && !template.parameters.is_empty() {
        show.print_report(&TemplateDescription::of(template));
        return Ok(0);
    }
    let mut values = BTreeMap::new();
    for pair in set {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                format!("`{pair}` is not NAME=VALUE"),
            ));
        };
        if values.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                format!("the hole `{name}` is filled twice"),
            ));
        }
    }
    let author: Option<ParticipantId> = author
        .map(|text| {
            text.parse().map_err(|fault| {
                Refusal::new(
                    ErrorCode::UsageWrong,
                    format!("the author `{text}`: {fault}"),
                )
            })
        })
        .transpose()?;
    let policy = template
        .fill(&values, author.as_ref())
        .map_err(|refusal| refusal.with_place(file.display().to_string(), None, None))?;
    let filled = FilledTemplate {
        template: TemplateDescription::of(template),
        filled: values,
        policy,
        output,
    };
    match output {
        None => show.print_document(&report_json(&filled), &filled.to_text()),
        Some(target) => {
            hansa_node::process::named_file::write_named_file(target, filled.policy.as_bytes())?;
            show.print_report(&filled);
        }
    }
    Ok(0)
}

/// Template of a policy, with its parameters.
#[derive(Debug, Serialize)]
pub(super) struct TemplateDescription {
    title: String,
    version: i64,
    pub(super) sha256: Digest,
    #[serde(rename = "holes")]
    parameters: BTreeMap<String, ParameterDescription>,
}

/// Parameter of a template.
#[derive(Debug, Serialize)]
struct ParameterDescription {
    #[serde(rename = "type")]
    kind: String,
    text: String,
}

impl TemplateDescription {
    /// The description of a template.
    pub(super) fn of(template: PolicyTemplate) -> Self {
        let parameters = template.parameters.into_iter().map(|(name, parameter)| {
            let described = ParameterDescription {
                kind: parameter.kind.description(),
                text: parameter.text,
            };
            (name, described)
        });
        Self {
            title: template.title,
            version: template.version,
            sha256: template.sha256,
            parameters: parameters.collect(),
        }
    }
}

impl CommandReport for TemplateDescription {
    fn to_text(&self) -> String {
        let mut text = format!("{}, version {}", self.title, self.version);
        for (name, parameter) in &self.parameters {
            text.push_str(&format!(
                "\n  {name:<16} {}: {}",
                parameter.kind, parameter.text
            ));
        }
        text
    }
}

/// Template with the values of its parameters, and the policy that they make.
#[derive(Debug, Serialize)]
struct FilledTemplate<'a> {
    #[serde(flatten)]
    template: TemplateDescription,
    filled: BTreeMap<String, String>,
    policy: String,
    /// File to which the policy is written.
    #[serde(skip)]
    output: Option<&'a Path>,
}

impl CommandReport for FilledTemplate<'_> {
    fn to_text(&self) -> String {
        match self.output.map(Path::display) {
            None => self.policy.clone(),
            Some(file) => {
                format!("written to {file}\nnext: hansa policy check {file} --dataset NAME")
            }
        }
    }
}
