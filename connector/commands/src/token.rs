//! `hansa token`: access tokens for the programs of analysts.

pub(crate) mod arguments;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, ReportRow};
use crate::contract::contract_lookup::contract_by_prefix;
use crate::token::arguments::TokenCommand;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::configuration::AccessTokenRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::config::person_key::IssuerAccount;
use hansa_node::log::audit_event::{AuditEvent, list_texts, optional_text};
use hansa_node::log::record_keeping::RecordKeeping;
use hansa_node::participant::Connector;
use hansa_node::participant::caller::Caller;
use hansa_node::participant::pseudonyms::Person;
use hansa_node::participant::startup::JudgedState;
use hansa_node::process::blocking_work::run_waiting;
use hansa_node::process::randomness::random_hex;
use hansa_node::token::access_tokens::AccessTokenGrant;
use hansa_policy::contract::Agreement;
use hansa_policy::decision::program_check::{connector_required, lets_programs_ask};
use hansa_policy::id::{ContractId, PurposeId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::to_printable;
use hansa_store::document_folder::StoredDocumentKind;
use hansa_transport::AccessToken;
use hansa_transport::flight_sql::access_token::{ID_DIGITS, SECRET_DIGITS};
use serde::Serialize;
use std::sync::Arc;

impl Command for TokenCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List { .. } => CommandEffect::Looks,
            Self::Create { .. } | Self::Revoke { .. } => {
                CommandEffect::Acts("hansa token list shows those that there are")
            }
        }
    }
}

impl ConnectorVerb for TokenCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::List { .. } | Self::Create { .. } | Self::Revoke { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::List { .. } | Self::Create { .. } | Self::Revoke { .. } => JudgedState::None,
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext {
            connector,
            caller,
            out,
            ..
        } = context;
        match self {
            TokenCommand::List { after, limit } => {
                list_tokens(connector, after.as_deref(), limit, out).await
            }
            TokenCommand::Create {
                person,
                purpose,
                days,
                contract,
            } => {
                let asked = TokenRequest {
                    name: &person,
                    purposes: &purpose,
                    days,
                    contract: contract.as_deref(),
                };
                create_token(connector, asked, caller, out).await
            }
            TokenCommand::Revoke { token } => revoke_token(connector, &token, caller, out).await,
        }
    }
}

async fn list_tokens(
    connector: &Arc<Connector>,
    after: Option<&str>,
    limit: Option<usize>,
    out: &EventSink,
) -> CommandResult {
    // Tokens are sorted by id.
    let grants = connector.access_tokens.all_tokens();
    let rows: Vec<ListedToken> = grants
        .iter()
        .filter(|grant| after.is_none_or(|after| grant.id.as_str() > after))
        .take(limit.unwrap_or(usize::MAX))
        .map(|grant| ListedToken {
            token: TokenReport::of(grant),
            person: person_name(&connector.records, grant),
            state: grant_state(connector, grant),
        })
        .collect();
    out.send_list(&rows).await?;
    Ok(0)
}

/// Token that somebody asks for.
struct TokenRequest<'a> {
    /// Person or program that will have it.
    name: &'a str,
    purposes: &'a [String],
    days: u16,
    contract: Option<&'a str>,
}

async fn create_token(
    connector: &Arc<Connector>,
    request: TokenRequest<'_>,
    caller: &Caller,
    out: &EventSink,
) -> CommandResult {
    let TokenRequest {
        name,
        purposes,
        days,
        contract,
    } = request;
    let usage = |sentence: String| Refusal::new(ErrorCode::UsageWrong, sentence);
    if name.trim().is_empty() || name.chars().count() > MOST_NAME || to_printable(name) != name {
        return Err(usage(format!(
            "the name of a person has 1 to {MOST_NAME} letters, and no control characters"
        ))
        .into());
    }
    if name.parse::<u32>().is_ok() {
        return Err(usage("a number names a Unix user; give the person a name".to_owned()).into());
    }
    if name.parse::<IssuerAccount>().is_ok() {
        let sentence = "this names an account at an issuer; give the person a name";
        return Err(usage(sentence.to_owned()).into());
    }
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(usage(format!("a token counts 1 to {MOST_DAYS} days")).into());
    }
    let contract = contract
        .map(|named| for_programs(connector, named))
        .transpose()?;
    let taxonomy = connector.reloadable.taxonomy();
    // The purposes that a contract declares are words of its own.
    let taxonomy = match &contract {
        None => taxonomy,
        Some((_, agreement)) => Arc::new(taxonomy.with_own(&agreement.own_purposes)?),
    };
    let mut listed: Vec<PurposeId> = Vec::new();
    for text in purposes {
        let unknown = |why: String| {
            Refusal::new(ErrorCode::PurposeUnknown, format!("`{text}`: {why}"))
                .with_help("declare it under [purpose.NAME], or use a purpose of the contract")
        };
        let purpose: PurposeId = text
            .parse()
            .map_err(|fault: hansa_policy::id::IdentifierError| unknown(fault.to_string()))?;
        if !taxonomy.contains(&purpose) && !is_named_by_a_contract(connector, &purpose) {
            let why = "it is in no vocabulary here, and no contract of ours names it";
            return Err(unknown(why.to_owned()).into());
        }
        if !listed.contains(&purpose) {
            listed.push(purpose);
        }
    }
    let now = connector.now();
    let person = Person::Named(name.to_owned());
    let actor = run_waiting(|| connector.records.pseudonyms.pseudonym(&person, now))?;
    let token = AccessToken::new(&random_hex(ID_DIGITS / 2), &random_hex(SECRET_DIGITS / 2))?;
    let grant = AccessTokenGrant {
        id: token.id().to_owned(),
        secret: Digest::of(token.secret().as_bytes()),
        actor,
        contract: contract.as_ref().map(|(id, _)| *id),
        purposes: listed,
        from: now,
        until: now.plus_micros(i64::from(days).saturating_mul(DAY)),
        is_revoked: false,
    };
    let document = run_waiting(|| {
        let documents = &connector.records.documents;
        documents.keep_document(StoredDocumentKind::AccessToken, &grant.to_document())
    })?;
    let mut created = build_token_record(connector, "created", &grant, caller)?;
    created.document = Some(document);
    let _durable = connector.record(AuditEvent::from(created)).await?;
    let report = CreatedToken {
        facts: TokenReport::of(&grant),
        person: name.to_owned(),
        access_token: token.to_text(),
        dataset: contract.map(|(_, agreement)| agreement.dataset.id.name),
    };
    connector.access_tokens.add(grant);
    out.send_report(&report).await?;
    Ok(0)
}

/// A contract that we give and under which programs may ask without a connector.
fn for_programs(connector: &Connector, named: &str) -> Result<(ContractId, Agreement), Refusal> {
    let id = contract_by_prefix(connector, named)?;
    let now = connector.now();
    let agreement = connector
        .contracts
        .with_registry(|registry| registry.provided_agreement(id, now).cloned())?;
    if agreement.partner().is_some() {
        let sentence = "a partner of another make has its data by transfers";
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence).with_contract(id));
    }
    if agreement.assignee_id().is_none() {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            "a public view has no consumer for whom a token could be made",
        )
        .with_contract(id)
        .with_help("for people of this participant, remove --contract"));
    }
    if !lets_programs_ask(&agreement.clauses) {
        return Err(connector_required().with_contract(id));
    }
    Ok((id, agreement))
}

/// Whether a contract that we take data by brings a purpose along, which its provider has declared.
fn is_named_by_a_contract(connector: &Connector, purpose: &PurposeId) -> bool {
    let (own, now) = (connector.id(), connector.now());
    connector.contracts.with_registry(|registry| {
        registry.taken_by(&own, now).any(|(_, agreement, _)| {
            let declared = agreement.own_purposes.iter();
            declared
                .map(|declared| &declared.name)
                .any(|name| name == purpose)
        })
    })
}

async fn revoke_token(
    connector: &Arc<Connector>,
    prefix: &str,
    caller: &Caller,
    out: &EventSink,
) -> CommandResult {
    let all = connector.access_tokens.all_tokens();
    let mut meant = all.iter().filter(|grant| grant.id.starts_with(prefix));
    let (Some(grant), None) = (meant.next(), meant.next()) else {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{prefix}` is the beginning of no access token here, or of several"),
        )
        .with_help("hansa token list shows them")
        .into());
    };
    let revoked = build_token_record(connector, "revoked", grant, caller)?;
    let _durable = connector.record(AuditEvent::from(revoked)).await?;
    connector.access_tokens.revoke(&grant.id);
    let cut = connector
        .queries
        .client_answers
        .cut_token_answers(&grant.id);
    out.send_report(&RevokedToken {
        token: TokenReport::of(grant),
        state: "revoked",
        cut,
    })
    .await?;
    Ok(0)
}

/// What the log holds of a token: never its secret, nor the name of the person.
fn build_token_record(
    connector: &Connector,
    event: &str,
    grant: &AccessTokenGrant,
    caller: &Caller,
) -> Result<AccessTokenRecord, Refusal> {
    let by = caller.pseudonym(connector)?;
    Ok(AccessTokenRecord {
        event: event.to_owned(),
        token: grant.id.to_string(),
        actor: grant.actor.to_string(),
        purposes: list_texts(&grant.purposes),
        until: grant.until,
        by,
        contract: optional_text(grant.contract),
        document: None,
    })
}

/// The name of the person, as long as it is known here.
fn person_name(records: &RecordKeeping, grant: &AccessTokenGrant) -> Option<String> {
    let person = records.pseudonyms.person(&grant.actor);
    person.map(|person| person.to_string())
}

fn grant_state(connector: &Connector, grant: &AccessTokenGrant) -> &'static str {
    match grant.is_revoked {
        true => "revoked",
        false if connector.now() >= grant.until => "over",
        false => "counts",
    }
}

/// Access token, without its secret.
#[derive(Debug, Serialize)]
struct TokenReport {
    token: String,
    purposes: Vec<PurposeId>,
    contract: Option<ContractId>,
    until: UtcTimestamp,
}

impl TokenReport {
    fn of(grant: &AccessTokenGrant) -> Self {
        Self {
            token: grant.id.clone(),
            purposes: grant.purposes.clone(),
            contract: grant.contract,
            until: grant.until,
        }
    }

    fn purposes_text(&self) -> String {
        let purposes: Vec<String> = self.purposes.iter().map(ToString::to_string).collect();
        purposes.join(", ")
    }
}

/// Access token with its person, as long as the name is known here.
#[derive(Debug, Serialize)]
struct ListedToken {
    #[serde(flatten)]
    token: TokenReport,
    person: Option<String>,
    state: &'static str,
}

impl ReportRow for ListedToken {
    const HEADER: &'static [&'static str] =
        &["TOKEN", "PERSON", "PURPOSES", "CONTRACT", "UNTIL", "STATE"];

    fn cells(&self) -> Vec<String> {
        let contract = self.token.contract;
        vec![
            self.token.token.clone(),
            self.person.clone().unwrap_or_else(|| "erased".to_owned()),
            self.token.purposes_text(),
            // A token of the house is for all that the house has.
            contract.map_or_else(|| "–".to_owned(), |id| id.to_short_text()),
            self.token.until.to_string(),
            self.state.to_owned(),
        ]
    }
}

/// Access token that was created, with its secret.
#[derive(Serialize)]
struct CreatedToken {
    #[serde(flatten)]
    facts: TokenReport,
    person: String,
    access_token: String,
    /// Dataset of its contract.
    #[serde(skip)]
    dataset: Option<SqlIdentifier>,
}

impl CommandReport for CreatedToken {
    fn to_text(&self) -> String {
        let scope = match (self.facts.contract, &self.dataset) {
            (Some(id), Some(dataset)) => {
                format!(", under contract {} on {dataset} alone", id.to_short_text())
            }
            (_, _) => String::new(),
        };
        format!(
            "access token {} for {}, until {}{}{scope}\n\n  {}\n\nThis is shown once. Programs present it as `Authorization: Bearer TOKEN`, or its \
             id as the user and the rest behind the last _ as the password.\n\nnext: hansa connect python",
            self.facts.token,
            self.person,
            self.facts.until,
            match self.facts.purposes.is_empty() {
                true => ", for questions that declare no purpose".to_owned(),
                false => format!(", for {}", self.facts.purposes_text()),
            },
            self.access_token
        )
    }
}

/// Access token that was revoked.
#[derive(Debug, Serialize)]
struct RevokedToken {
    #[serde(flatten)]
    token: TokenReport,
    state: &'static str,
    /// Answers that were cut.
    cut: usize,
}

impl CommandReport for RevokedToken {
    fn to_text(&self) -> String {
        format!(
            "the access token {} is revoked; answers cut: {}",
            self.token.token, self.cut
        )
    }
}

/// The most letters of a person's name.
const MOST_NAME: usize = 100;

/// The most days that a token counts.
const MOST_DAYS: u16 = 366;

/// In microseconds.
const DAY: i64 = 86_400_000_000;
