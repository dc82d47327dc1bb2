//! `hansa policy template`: fills a policy with parameters; needs no connector.

use crate::cli::output::OutputSettings;
use hansa_node::offer::template_file::read_template;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::template::PolicyTemplate;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Shows the parameters of a template, or fills them all.
///
/// # Errors
/// What is wrong with the template or with what fills it; then nothing is written.
pub(crate) fn run(
    file: &Path,
    set: &[String],
    author: Option<&str>,
    output: Option<&Path>,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let (template, _) = read_template(file)?;
    if set.is_empty() && !template.parameters.is_empty() {
        show.result(&facts(&template), &template_text(&template));
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
    let mut data = facts(&template);
    if let Value::Object(map) = &mut data {
        map.insert("filled".to_owned(), json!(values));
        map.insert("policy".to_owned(), json!(policy));
    }
    match output {
        None => show.document(&data, &policy),
        Some(target) => {
            hansa_node::process::named_file::write(target, policy.as_bytes())?;
            let shown = target.display();
            show.result(
                &data,
                &format!("written to {shown}\nnext: hansa policy check {shown} --dataset NAME"),
            );
        }
    }
    Ok(0)
}

/// What a template is, and its parameters.
pub(crate) fn facts(template: &PolicyTemplate) -> Value {
    let parameters: BTreeMap<&String, Value> = template
        .parameters
        .iter()
        .map(|(name, parameter)| {
            (
                name,
                json!({"type": parameter.kind.description(), "text": parameter.text}),
            )
        })
        .collect();
    json!({
        "title": template.title,
        "version": template.version,
        "sha256": template.sha256.to_string(),
        "holes": parameters,
    })
}

/// The same for people.
pub(crate) fn template_text(template: &PolicyTemplate) -> String {
    let mut text = format!("{}, version {}", template.title, template.version);
    for (name, parameter) in &template.parameters {
        text.push_str(&format!(
            "\n  {name:<16} {}: {}",
            parameter.kind.description(),
            parameter.text
        ));
    }
    text
}
