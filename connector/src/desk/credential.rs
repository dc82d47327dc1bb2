//! `hansa credential`: what issuers state of this participant.

use crate::cli::show::table;
use crate::cli::verb::credential::CredentialVerb;
use crate::desk::Outcome;
use crate::desk::out::Out;
use crate::node::Node;
use crate::walk::fact::Fact;
use crate::walk::present;
use ::policy::attribute::Credential;
use evidence::json::Json;
use keep::contracts::Kind;
use serde_json::{Value, json};
use std::sync::Arc;

/// Carries out one of the verbs.
pub(crate) async fn run(node: &Arc<Node>, verb: CredentialVerb, out: &Out) -> Outcome {
    match verb {
        CredentialVerb::List => {
            let mut rows = Vec::new();
            for (credential, _) in present::kept(node)? {
                let counts = counts(node, &credential);
                out.object(told(&credential, counts.as_deref()), "").await?;
                rows.push(vec![
                    credential.issuer.domain().to_owned(),
                    values(&credential).join(", "),
                    credential.until.to_string(),
                    counts.unwrap_or_else(|| "counts".to_owned()),
                ]);
            }
            out.text(table(&["ISSUER", "STATES", "UNTIL", "STATE"], &rows))
                .await?;
        }
        CredentialVerb::Add { file } => {
            let bytes = crate::local::read(&file)?;
            let place = |refusal: ::policy::refusal::Refusal| {
                refusal.with_place(file.display().to_string(), None, None)
            };
            let credential = proto::credential::from_envelope(&bytes).map_err(place)?;
            node.trust
                .bundle()
                .shown(&credential, &node.id(), node.now())
                .map_err(|refusal| {
                    place(refusal).with_help(
                        "a bundle that names its issuer may not be here yet: hansa league export",
                    )
                })?;
            node.documents.keep(Kind::Credential, &bytes)?;
            let _durable = node
                .record(Fact::new(
                    "credential",
                    [
                        ("statement", Json::text(credential.statement)),
                        ("issuer", Json::text(&credential.issuer)),
                        ("until", Json::text(credential.until)),
                    ],
                ))
                .await?;
            out.object(
                told(&credential, None),
                format!(
                    "{} states {} until {}",
                    credential.issuer.domain(),
                    values(&credential).join(", "),
                    credential.until
                ),
            )
            .await?;
        }
    }
    Ok(0)
}

/// Why a credential does not count by the bundle that is here; none where it does.
fn counts(node: &Node, credential: &Credential) -> Option<String> {
    let shown = node
        .trust
        .bundle()
        .shown(credential, &node.id(), node.now());
    shown.err().map(|refusal| refusal.sentence)
}

fn values(credential: &Credential) -> Vec<String> {
    let values = credential.attributes.iter();
    values.map(::policy::attribute::Attribute::value).collect()
}

fn told(credential: &Credential, counts_not: Option<&str>) -> Value {
    json!({
        "statement": credential.statement.to_string(),
        "issuer": credential.issuer.as_str(),
        "states": values(credential),
        "issued_at": credential.issued_at.to_string(),
        "until": credential.until.to_string(),
        "counts": counts_not.is_none(),
        "why_not": counts_not,
    })
}
