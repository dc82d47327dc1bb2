//! `hansa offer`: the offers of the configuration.

pub(crate) mod arguments;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::config::config_change::{DescribedChange, apply_change, judge_edit, parse_digest};
use crate::config::config_edit::{EditedConfig, OfferLines, OfferSelector, append_offer};
use crate::offer::arguments::OfferCommand;
use hansa_node::participant::config_rights::require_signer;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::id::{ParticipantId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::{Component, Path};

impl Command for OfferCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::Add { .. } | Self::Remove { .. } => CommandEffect::Rehearses,
        }
    }
}

impl ConnectorVerb for OfferCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::Add { .. } | Self::Remove { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            // The reload tells the faults itself.
            Self::Add { .. } | Self::Remove { .. } => JudgedState::None,
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        match self {
            Self::Add {
                dataset,
                policy,
                to,
                auto,
                if_digest,
            } => {
                let offer = NewOffer {
                    dataset: parse_dataset(&dataset)?,
                    policy: parse_policy(policy)?,
                    to: parse_audience(&to)?,
                    signs_itself: auto,
                };
                add_offer(context, offer, if_digest.as_deref()).await
            }
            Self::Remove {
                dataset,
                policy,
                to,
                if_digest,
            } => {
                let ended = EndedOffer {
                    dataset: parse_dataset(&dataset)?,
                    policy: policy.map(parse_policy).transpose()?,
                    to: match to.is_empty() {
                        true => Vec::new(),
                        false => parse_audience(&to)?,
                    },
                };
                remove_offer(context, ended, if_digest.as_deref()).await
            }
        }
    }
}

/// Offer that is added.
#[derive(Debug)]
struct NewOffer {
    dataset: SqlIdentifier,
    policy: String,
    to: Vec<String>,
    signs_itself: bool,
}

/// Offer that ends.
#[derive(Debug)]
struct EndedOffer {
    dataset: SqlIdentifier,
    policy: Option<String>,
    to: Vec<String>,
}

async fn add_offer(
    context: CommandContext<'_>,
    offer: NewOffer,
    if_digest: Option<&str>,
) -> CommandResult {
    let CommandContext {
        connector, caller, ..
    } = context;
    let named = parse_digest(if_digest)?;
    if offer.signs_itself {
        require_signer(connector, caller)?;
    }
    let dataset = offer.dataset.to_string();
    let _turn = connector.reloadable.change_lock.lock().await;
    let judged = judge_edit(connector, named, move |file, text| {
        let NewOffer {
            dataset,
            policy,
            to,
            signs_itself,
        } = &offer;
        // One more of the same would be one that nobody can tell from the first.
        let same = OfferSelector {
            dataset: dataset.as_str(),
            policy: Some(policy.as_str()),
            to,
        };
        if EditedConfig::parse(file, text)?.has_offer(same)? {
            let sentence = format!("`{dataset}` is offered on this policy to them already");
            return Err(
                Refusal::new(ErrorCode::UsageWrong, sentence).with_help("hansa policy list")
            );
        }
        let lines = OfferLines {
            dataset: dataset.as_str(),
            policy,
            to,
            signs_itself: *signs_itself,
        };
        Ok(append_offer(text, &lines))
    })
    .await?;
    let described = DescribedChange {
        change: "offer add",
        subject: Some(dataset),
        next: None,
        meaning: None,
    };
    apply_change(context, described, judged).await
}

async fn remove_offer(
    context: CommandContext<'_>,
    ended: EndedOffer,
    if_digest: Option<&str>,
) -> CommandResult {
    let connector = context.connector;
    let named = parse_digest(if_digest)?;
    let dataset = ended.dataset.to_string();
    let _turn = connector.reloadable.change_lock.lock().await;
    let judged = judge_edit(connector, named, move |file, text| {
        let mut edited = EditedConfig::parse(file, text)?;
        edited.remove_offer(OfferSelector {
            dataset: ended.dataset.as_str(),
            policy: ended.policy.as_deref(),
            to: &ended.to,
        })?;
        Ok(edited.into_text())
    })
    .await?;
    let described = DescribedChange {
        change: "offer remove",
        subject: Some(dataset),
        next: None,
        meaning: None,
    };
    apply_change(context, described, judged).await
}

fn parse_dataset(text: &str) -> Result<SqlIdentifier, Refusal> {
    text.parse()
        .map_err(|fault| Refusal::new(ErrorCode::UsageWrong, format!("`{text}`: {fault}")))
}

/// Name of a policy, or a file below the folder of the configuration: the connector opens no other file for a person at the socket.
fn parse_policy(text: String) -> Result<String, Refusal> {
    let path = Path::new(&text);
    let is_below = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !text.is_empty() && is_below && !text.contains(char::is_control) {
        return Ok(text);
    }
    let sentence = format!("`{}` is no policy of this folder", text.escape_debug());
    Err(Refusal::new(ErrorCode::UsageWrong, sentence)
        .with_help("the name of a policy, or its file relative to the configuration"))
}

/// Those to whom a dataset is offered, as the configuration writes them.
fn parse_audience(to: &[String]) -> Result<Vec<String>, Refusal> {
    if let [word] = to
        && matches!(word.as_str(), "league" | "public")
    {
        return Ok(vec![word.clone()]);
    }
    to.iter()
        .map(|text| {
            let id: Result<ParticipantId, _> = text.parse();
            id.map(|id| id.domain().to_owned()).map_err(|fault| {
                Refusal::new(ErrorCode::UsageWrong, format!("`{text}`: {fault}"))
                    .with_help("--to league, --to public, or the domains of participants")
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_names_a_policy_of_the_folder_and_participants() {
        for good in ["open", "policies/open.toml", "a.toml"] {
            assert_eq!(parse_policy(good.to_owned()).unwrap(), good);
        }
        for wrong in [
            "",
            "/etc/passwd",
            "../keys/tls.key",
            "policies/../../x",
            "a\nb",
        ] {
            let refusal = parse_policy(wrong.to_owned()).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::UsageWrong, "{wrong}");
        }
        let parse = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            parse_audience(&words)
        };
        assert_eq!(parse(&["league"]).unwrap(), ["league"]);
        assert_eq!(
            parse(&["hansa://acme.example", "city.example"]).unwrap(),
            ["acme.example", "city.example"]
        );
        assert!(parse(&["league", "no such"]).is_err());
    }
}
