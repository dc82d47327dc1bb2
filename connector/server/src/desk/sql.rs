//! `hansa sql`, `explain` and `get`: questions.

mod age;
mod analyze;
mod footer;
mod rows;
mod turn;
mod uncontracted;

use crate::cli::verb::question::{ExplainArgs, GetArgs, SqlArgs};
use crate::desk::out::Out;
use crate::desk::sql::footer::{add_notices, footer, keys_json, lacking};
use crate::desk::sql::rows::Wanted;
use crate::desk::{Outcome, Trouble, blocking};
use crate::node::Node;
use crate::walk::ask;
use crate::walk::cite::cite;
use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::Schema;
use bytes::Bytes;
use futures::StreamExt as _;
use hansa_catalog::dataset::DatasetKind;
use hansa_policy::id::{ContractId, PurposeId};
use hansa_policy::refusal::{Code, Refusal};
use hansa_query::federate::question::{Question, Wish};
use hansa_query::limits::SqlLimits;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Asks.
pub(crate) async fn sql(node: &Arc<Node>, args: SqlArgs, user: Option<u32>, out: &Out) -> Outcome {
    // Who reads a table of figures does not want to see it below each.
    let shows = args.since.is_some();
    asked(node, args, (user, shows), out).await
}

/// Asks; `shows` says whether people see from where the next question goes on.
async fn asked(
    node: &Arc<Node>,
    args: SqlArgs,
    (user, shows): (Option<u32>, bool),
    out: &Out,
) -> Outcome {
    let text = args.sql.unwrap_or_default();
    let wish = Wish {
        settled: args.follow || args.since.is_some(),
        among_several: args.among_several,
        kinds: kinds(&args.kind)?,
        ..wish(node, args.purpose.as_deref(), &args.contract, args.partial)?
    };
    let wanted = Wanted::of(args.since.as_deref(), args.as_of.as_deref())?;
    let turn::Begun {
        answer,
        first,
        told,
        reads,
    } = turn::begun(node, &text, (&wish, &wanted), user).await?;
    let Some(answer) = answer else {
        let (data, text) = told.quiet();
        out.object(data, text).await?;
        return Ok(0);
    };
    let mut batches = futures::stream::iter(first.map(Ok)).chain(answer.batches);
    let schema = Schema::clone(&answer.schema).with_metadata(reads);
    let mut writer = begin(&schema)?;
    let mut rows = 0_u64;
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(|refusal| cite(node, &text, refusal))?;
        rows = rows.saturating_add(u64::try_from(batch.num_rows()).unwrap_or(0));
        let sent = tokio::time::timeout(node.limits().time, piece(&mut writer, &batch, out));
        sent.await.map_err(|_| unread(node))??;
        out.progress("rows", rows, 0);
    }
    end(writer, out).await?;
    let (mut data, mut text) = footer(node, &answer.report, rows);
    told.below(&answer.report, &mut data, &mut text, shows);
    add_notices(&mut data, &text);
    out.object(data, text).await?;
    Ok(0)
}

/// What would go to whom.
pub(crate) async fn explain(
    node: &Arc<Node>,
    args: ExplainArgs,
    user: Option<u32>,
    out: &Out,
) -> Outcome {
    // Whoever would be lacking is shown with the reason, beside what would go to the others; who asks wants all.
    let wish = Wish {
        among_several: args.among_several,
        kinds: kinds(&args.kind)?,
        ..wish(node, args.purpose.as_deref(), &args.contract, !args.analyze)?
    };
    let question = plan(node, &args.sql, &wish).await?;
    let explanation = question.explain();
    let mut text = explanation.to_string();
    let mut errands = Vec::new();
    for errand in &explanation.errands {
        let mut reads = Vec::new();
        for reading in &errand.reads {
            let clauses = reading
                .contract
                .and_then(|contract| clauses(node, contract))
                .unwrap_or_default();
            if !clauses.is_empty() {
                let relation = reading.relation(&errand.alias);
                text.push_str(&format!("\n{relation} under its contract:"));
                for (number, sentence) in &clauses {
                    text.push_str(&format!("\n  {number:<5} {sentence}"));
                }
            }
            reads.push(json!({
                "dataset": reading.dataset.name.as_str(),
                "contract": reading.contract.map(|contract| contract.to_string()),
                "snapshot": reading.snapshot,
                "clauses": clauses.iter().map(|(number, sentence)| json!({"clause": number, "effect": sentence})).collect::<Vec<_>>(),
            }));
        }
        errands.push(json!({
            "participant": errand.participant.domain(),
            "reads": reads,
            "purpose": errand.purpose.as_ref().map(ToString::to_string),
            "sql": errand.sql,
            "most_rows": errand.most_rows,
            "most_bytes": errand.most_bytes,
            "guessed": errand.guessed,
            "relies_on_own_keys": errand.relies,
            "keys": errand.keys.iter().map(keys_json).collect::<Vec<_>>(),
        }));
    }
    let here: Vec<Value> = explanation
        .here
        .iter()
        .map(|(depth, line)| json!({"depth": depth, "step": line}))
        .collect();
    let mut data =
        json!({"errands": errands, "here": here, "missing": lacking(&explanation.left_out)});
    if args.analyze {
        let (came, told) = analyze::came(node, &args.sql, &wish, user).await?;
        if let Some(data) = data.as_object_mut() {
            data.insert("came".to_owned(), came);
        }
        text = format!("{}\n{told}", text.trim_end());
    }
    out.object(data, text).await?;
    Ok(0)
}

/// The clauses of a contract or public view in plain language.
fn clauses(node: &Node, contract: ContractId) -> Option<Vec<(String, String)>> {
    node.book(|book| {
        book.agreement(contract).map(|agreement| {
            agreement
                .clauses
                .iter()
                .map(|clause| (clause.id.to_string(), clause.term.plain()))
                .collect()
        })
    })
}

/// Fetches the permitted view of one dataset.
pub(crate) async fn get(node: &Arc<Node>, args: GetArgs, user: Option<u32>, out: &Out) -> Outcome {
    let Some((alias, dataset)) = args.dataset.split_once('.') else {
        return Err(Refusal::new(
            Code::UsageWrong,
            format!("`{}` is not participant.dataset", args.dataset),
        )
        .into());
    };
    let order = SqlArgs {
        sql: Some(format!("SELECT * FROM {alias}.{dataset}")),
        purpose: args.purpose,
        contract: args.contract,
        kind: Vec::new(),
        partial: false,
        output: None,
        format: None,
        since: args.since,
        as_of: args.as_of,
        follow: false,
        every: 0,
        among_several: false,
    };
    asked(node, order, (user, true), out).await
}

/// What was typed about how to ask.
fn wish(
    node: &Node,
    purpose: Option<&str>,
    contracts: &[String],
    partial: bool,
) -> Result<Wish, Refusal> {
    let purpose =
        match purpose {
            None => node.config().purpose.clone(),
            Some(text) => Some(text.parse::<PurposeId>().map_err(|fault| {
                Refusal::new(Code::PurposeUnknown, format!("`{text}`: {fault}"))
            })?),
        };
    let mut named = Vec::new();
    for text in contracts {
        let contract = crate::desk::contract::find::held(node, text)?;
        if !named.contains(&contract) {
            named.push(contract);
        }
    }
    Ok(Wish {
        purpose,
        contracts: named,
        among_several: false,
        kinds: BTreeSet::new(),
        partial,
        settled: false,
    })
}

/// The kinds of datasets that were typed.
fn kinds(words: &[String]) -> Result<BTreeSet<DatasetKind>, Refusal> {
    let kinds = words.iter().map(|word| word.trim().parse::<DatasetKind>());
    kinds
        .map(|kind| kind.map_err(|why| Refusal::new(Code::UsageWrong, format!("--kind: {why}"))))
        .collect()
}

async fn plan(node: &Arc<Node>, sql: &str, wish: &Wish) -> Result<Question, Trouble> {
    let home = ask::reach(node, sql, wish).await?;
    let limits = SqlLimits::default();
    if let Some(question) = node.questions.found(&home, sql, (wish, &limits)) {
        return Ok(question);
    }
    let (text, wanted, inner) = (sql.to_owned(), wish.clone(), Arc::clone(node));
    let planned = blocking(move || {
        let (by, now) = ((&wanted, &limits), inner.now());
        inner.questions.plan(home, &text, by, now)
    });
    match planned.await {
        Ok(question) => Ok(question),
        Err(refusal) => {
            // A name that was had until a contract ended is not an unknown name.
            let unknown = refusal.code == Code::DatasetUnknown && refusal.participant.is_none();
            let lapsed = if unknown {
                match ask::damaged(node, sql) {
                    Some(damaged) => Some(damaged),
                    None => match ask::lapsed(node, sql)? {
                        Some(lapsed) => Some(lapsed),
                        None => uncontracted::uncontracted(node, sql).await?,
                    },
                }
            } else {
                None
            };
            Err(match lapsed {
                Some(why) => why.into(),
                None => cite(node, sql, refusal).into(),
            })
        }
    }
}

/// Rows that nobody takes would keep a seat that others wait for.
fn unread(node: &Node) -> Refusal {
    Refusal::new(
        Code::ResourceLimit,
        format!(
            "no row was read for {} seconds",
            node.limits().time.as_secs()
        ),
    )
}

fn begin(schema: &Schema) -> Result<StreamWriter<Vec<u8>>, Refusal> {
    StreamWriter::try_new(Vec::new(), schema).map_err(unencodable)
}

async fn piece(
    writer: &mut StreamWriter<Vec<u8>>,
    batch: &RecordBatch,
    out: &Out,
) -> Result<(), Trouble> {
    writer.write(batch).map_err(unencodable)?;
    let bytes = std::mem::take(writer.get_mut());
    out.rows(Bytes::from(bytes)).await?;
    Ok(())
}

async fn end(mut writer: StreamWriter<Vec<u8>>, out: &Out) -> Result<(), Trouble> {
    writer.finish().map_err(unencodable)?;
    let bytes = writer.into_inner().map_err(unencodable)?;
    out.rows(Bytes::from(bytes)).await?;
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn unencodable(fault: arrow_schema::ArrowError) -> Refusal {
    Refusal::new(
        Code::Internal,
        format!("the rows can't be encoded: {fault}"),
    )
}
