//! `hansa dataset publish` and `withdraw`: what stands in the own catalogue.

mod told;

use crate::desk::dataset::publish::told::told;
use crate::desk::dataset::{configured, unconfigured};
use crate::desk::out::Out;
use crate::desk::{Outcome, blocking};
use crate::node::Node;
use crate::walk;
use crate::walk::publish::Way;
use ::policy::id::Name;
use ::policy::refusal::{Code, Refusal};
use engine::source::config::DatasetConfig;
use serde_json::json;
use std::sync::Arc;

/// Publishes the datasets of these names, or all, as far as they have changed. One that can't be published keeps none of the
/// others from it; the status is that of the first such.
pub(super) async fn publish(node: &Arc<Node>, names: &[String], way: Way, out: &Out) -> Outcome {
    let configs = configured(node)?;
    for name in names {
        if !configs.iter().any(|config| config.name.as_str() == name) {
            return Err(unconfigured(name).into());
        }
    }
    let wanted: Vec<DatasetConfig> = configs
        .into_iter()
        .filter(|config| names.is_empty() || names.iter().any(|name| config.name.as_str() == name))
        .collect();
    if wanted.is_empty() {
        return Err(
            Refusal::new(Code::DatasetNotPublished, "no dataset is configured")
                .with_help("hansa dataset add FILE")
                .into(),
        );
    }
    let is_alone = wanted.len() == 1;
    let mut status = 0;
    for config in wanted {
        let (inner, progress) = (Arc::clone(node), out.clone());
        let name = config.name.clone();
        let published = blocking(move || walk::publish::one(&inner, &config, way, &progress)).await;
        let faults = match published {
            Ok(published) => {
                let (data, text, faults) = told(&published);
                out.object(data, text).await?;
                faults
            }
            Err(refusal) if is_alone => return Err(refusal.into()),
            Err(refusal) => vec![refusal.with_help(format!(
                "`{name}` is not published anew; the others do not wait for it"
            ))],
        };
        for fault in faults {
            if status == 0 {
                status = fault.code.kind().exit_code();
            }
            out.fault(&fault).await;
        }
    }
    Ok(status)
}

/// Takes a dataset out of the catalogue.
pub(super) async fn withdraw(
    node: &Arc<Node>,
    name: Name,
    snapshot: Option<String>,
    out: &Out,
) -> Outcome {
    let inner = Arc::clone(node);
    let dataset =
        blocking(move || walk::publish::withdraw(&inner, &name, snapshot.as_deref())).await?;
    let (name, version) = (&dataset.id.name, &dataset.version);
    out.object(
        json!({"dataset": name.as_str(), "version": version, "withdrawn": true}),
        format!(
            "{name} is withdrawn: snapshot {version} goes from disk with its last reader, and the log says so"
        ),
    )
    .await?;
    Ok(0)
}
