//! Attacks on the face for programs of analysts: by who holds no token (S), and by who holds one (T).

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::binary;
use crate::clients::{Firm, ask, fetch, refusal};
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_flight::Ticket;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::sql::{
    CommandGetTables, CommandPreparedStatementQuery, ProstMessageExt as _, TicketStatementQuery,
};
use arrow_flight::{FlightClient, FlightDescriptor, FlightInfo};
use futures::{StreamExt as _, TryStreamExt as _};
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, PURPOSE, long_table, text};
use prost::Message as _;
use serde_json::Value;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use tonic::transport::Channel;

type Client = FlightSqlServiceClient<Channel>;

struct ProgramFixture {
    firm: Firm,
    /// Of the one who attacks.
    token: Value,
    /// Of somebody else, for another purpose.
    other: Value,
}

/// What stands in the rows and columns that the contract does not show.
const HIDDEN: &str = "Sesame";

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let league = TestLeague::new(binary());
    let mut city = league.city("lindau");
    let firm = league.firm("acme");
    league.hand_bundle_to("lindau");
    let visits = format!("site,visits,door\nroof,3,a\ncellar,5,{HIDDEN}\nyard,4,b\n");
    city.holds("visits", &visits, "");
    city.holds("vault", &format!("code\n{HIDDEN}\n"), "");
    city.holds("long", &long_table(200_000), "");
    city.publishes();
    let some = format!("{ALL}\ncolumns = [\"site\", \"visits\"]\nrows = \"site <> 'cellar'\"");
    city.offers("visits", "some", &some, "\"league\"", "auto");
    city.offers("long", "all", ALL, "\"league\"", "auto");
    city.serve();
    firm.holds("ledger", &format!("entry\n{HIDDEN}\n"), "");
    firm.publishes();
    firm.knows(&city);
    for dataset in ["lindau.visits", "lindau.long"] {
        let _ = firm.contract(dataset);
    }
    let firm = Firm::of(league, city, firm, "");
    let token = firm.token(&["--purpose", PURPOSE]);
    let other = firm.token(&["--purpose", "dpv:Marketing"]);
    let mut world = ProgramFixture { firm, token, other };
    tried(&mut world, &ATTACKS)
}

const ATTACKS: [AttackCase<ProgramFixture>; 12] = [
    AttackCase {
        number: 161,
        setup: "programs",
        name: "S: makes every call without a token, with headers that name somebody",
        expected: "TOKEN_REQUIRED each time",
        does: without_a_token,
        lacks: "",
    },
    AttackCase {
        number: 162,
        setup: "programs",
        name: "S: presents stolen ids with made-up secrets, and secrets of other ids",
        expected: "TOKEN_INVALID in the same words, whether the id exists or not",
        does: guessed,
        lacks: "",
    },
    AttackCase {
        number: 163,
        setup: "programs",
        name: "T: executes the prepared statement and the ticket of somebody else",
        expected: "decided for T and T's purpose, as if T had written the text",
        does: handle_of_another,
        lacks: "",
    },
    AttackCase {
        number: 164,
        setup: "programs",
        name: "T: looks for hidden columns, rows and datasets in metadata, patterns and errors",
        expected: "what is hidden and what does not exist look alike, and nothing hidden is shown",
        does: metadata,
        lacks: "",
    },
    AttackCase {
        number: 165,
        setup: "programs",
        name: "T: puts SQL into parameters, and parameters where names stand",
        expected: "values stay values, places of names are refused",
        does: injection,
        lacks: "",
    },
    AttackCase {
        number: 166,
        setup: "programs",
        name: "T: makes up handles: writing, several statements, garbage, very large ones",
        expected: "refused, and the face goes on",
        does: forged_handles,
        lacks: "",
    },
    AttackCase {
        number: 167,
        setup: "programs",
        name: "T: asks for the own datasets of the house",
        expected: "as if there were none",
        does: own_datasets,
        lacks: "",
    },
    AttackCase {
        number: 168,
        setup: "programs",
        name: "T: begins many answers and reads none",
        expected: "TOO_MANY_STREAMS for T, and an answer for others",
        does: slow_readers,
        lacks: "",
    },
    AttackCase {
        number: 169,
        setup: "programs",
        name: "T: binds parameters without end",
        expected: "refused at the second row",
        does: endless_parameters,
        lacks: "",
    },
    AttackCase {
        number: 170,
        setup: "programs",
        name: "S: opens hundreds of connections and presents nothing",
        expected: "others are answered",
        does: crowd,
        lacks: "",
    },
    AttackCase {
        number: 171,
        setup: "programs",
        name: "T: executes after its token was revoked, with statement, ticket and stream of before",
        expected: "TOKEN_INVALID, and the stream is cut with an error",
        does: after_revocation,
        lacks: "",
    },
    AttackCase {
        number: 172,
        setup: "programs",
        name: "T: executes after the contract was withdrawn, with statement, ticket and stream of before",
        expected: "WITHDRAWN, and the stream is cut with an error",
        does: after_withdrawal,
        lacks: "",
    },
];

const VISITS: &str = "SELECT site, visits FROM lindau.visits ORDER BY site";

fn ticket(info: &FlightInfo) -> Ticket {
    info.endpoint[0].ticket.clone().unwrap()
}

fn must(holds: bool, otherwise: impl std::fmt::Debug) -> Result<(), String> {
    holds.then_some(()).ok_or_else(|| format!("{otherwise:?}"))
}

fn says(error: &str, code: &str) -> Result<(), String> {
    must(error.contains(code) && !error.contains(HIDDEN), error)
}

async fn tables(client: &mut Client, asked: CommandGetTables) -> Vec<RecordBatch> {
    let info = client.get_tables(asked).await.unwrap();
    fetch(client, &info).await.unwrap()
}

fn without_a_token(world: &mut ProgramFixture) -> AttackVerdict {
    let firm = &world.firm;
    firm.runtime.block_on(async {
        let mut client = firm.connect().await;
        let headers = [
            "x-forwarded-user",
            "x-forwarded-client-cert",
            "x-hansa-peer",
        ];
        for header in headers {
            client.set_header(header, "hansa://acme.example");
        }
        let errors = [
            client.execute(VISITS.to_owned(), None).await.err(),
            client.prepare(VISITS.to_owned(), None).await.err(),
            client.get_tables(CommandGetTables::default()).await.err(),
            client.get_catalogs().await.err(),
            client.get_sql_info(Vec::new()).await.err(),
            client.do_get(Ticket::new("x")).await.err(),
            client.execute_update(VISITS.to_owned(), None).await.err(),
        ];
        for error in errors {
            says(
                &error.ok_or("it was answered")?.to_string(),
                "TOKEN_REQUIRED",
            )?;
        }
        Ok("7 calls".to_owned())
    })
}

fn guessed(world: &mut ProgramFixture) -> AttackVerdict {
    let firm = &world.firm;
    let (mine, other) = (
        text(&world.token, "access_token"),
        text(&world.other, "token"),
    );
    let secret = mine.rsplit('_').next().unwrap();
    let zeros = "0".repeat(64);
    firm.runtime.block_on(async {
        let mut words = Vec::new();
        for token in [
            format!("hansa_{other}_{secret}"),
            format!("hansa_{other}_{zeros}"),
            format!("hansa_{}_{zeros}", "f".repeat(12)),
        ] {
            let mut client = firm.connect().await;
            client.set_token(token);
            let said = refusal(&mut client, VISITS).await;
            says(&said, "TOKEN_INVALID")?;
            words.push(said);
        }
        must(words.windows(2).all(|pair| pair[0] == pair[1]), &words)?;
        for token in [
            mine.to_uppercase(),
            mine[..mine.len() - 1].to_owned(),
            format!("{mine} {mine}"),
            secret.to_owned(),
            other,
        ] {
            let mut client = firm.connect().await;
            client.set_token(token);
            says(&refusal(&mut client, VISITS).await, "TOKEN_INVALID")?;
        }
        Ok("8 tokens".to_owned())
    })
}

fn handle_of_another(world: &mut ProgramFixture) -> AttackVerdict {
    let firm = &world.firm;
    firm.runtime.block_on(async {
        let mut victim = firm.client(&world.token).await;
        let info = victim.execute(VISITS.to_owned(), None).await.unwrap();
        let mut prepared = victim.prepare(VISITS.to_owned(), None).await.unwrap();
        let of_the_statement = prepared.execute().await.unwrap();
        let mut thief = firm.client(&world.other).await;
        for info in [info, of_the_statement] {
            let error = thief.do_get(ticket(&info)).await.err().ok_or("rows came")?;
            says(&error.to_string(), "PURPOSE_NOT_COVERED")?;
        }
        Ok("refused by the purpose of the thief".to_owned())
    })
}

fn metadata(world: &mut ProgramFixture) -> AttackVerdict {
    let firm = &world.firm;
    firm.runtime.block_on(async {
        let mut client = firm.client(&world.token).await;
        let all = CommandGetTables {
            include_schema: true,
            ..CommandGetTables::default()
        };
        let shown = tables(&mut client, all).await;
        let names: Vec<&str> = shown[0]
            .column(2)
            .as_string::<i32>()
            .iter()
            .flatten()
            .collect();
        must(names == ["long", "visits"], names)?;
        let schema = shown[0].column(4).as_binary::<i32>().value(1);
        must(
            !schema.windows(4).any(|part| part == b"door"),
            "a hidden column",
        )?;
        for pattern in ["vault", "%aul%", "ledger", "_____", "%\\"] {
            let asked = CommandGetTables {
                table_name_filter_pattern: Some(pattern.to_owned()),
                ..CommandGetTables::default()
            };
            let found = tables(&mut client, asked).await;
            let count: usize = found.iter().map(RecordBatch::num_rows).sum();
            must(count == 0, pattern)?;
        }
        let alike = async |client: &mut Client, hidden: &str, absent: &str| {
            let (first, second) = (refusal(client, hidden).await, refusal(client, absent).await);
            let first = first.replace("door", "doom").replace("vault", "vaunt");
            must(first == second, (first, second))
        };
        let mut client = firm.client(&world.token).await;
        alike(
            &mut client,
            "SELECT door FROM lindau.visits",
            "SELECT doom FROM lindau.visits",
        )
        .await?;
        alike(
            &mut client,
            "SELECT * FROM lindau.vault",
            "SELECT * FROM lindau.vaunt",
        )
        .await?;
        let rows = ask(&mut client, VISITS).await.unwrap();
        let sites: Vec<&str> = rows[0]
            .column(0)
            .as_string::<i32>()
            .iter()
            .flatten()
            .collect();
        must(sites == ["roof", "yard"], sites)?;
        let probe = "SELECT site, 1 / (visits - 5) AS x FROM lindau.visits";
        ask(&mut client, probe)
            .await
            .map_err(|error| error.to_string())?;
        Ok("2 tables, 2 columns, 2 rows".to_owned())
    })
}

fn one(column: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter([("p", column)]).unwrap()
}

fn injection(world: &mut ProgramFixture) -> AttackVerdict {
    let firm = &world.firm;
    firm.runtime.block_on(async {
        let mut client = firm.client(&world.token).await;
        let sql = "SELECT count(*) AS n FROM lindau.visits WHERE site = ?";
        for value in [
            "' OR '1' = '1",
            "' OR 1 = 1 --",
            "\\' OR 1 = 1 --",
            "roof'; SELECT code FROM lindau.vault; --",
            "'' OR site <> ''",
        ] {
            let mut statement = client.prepare(sql.to_owned(), None).await.unwrap();
            let bound = one(Arc::new(StringArray::from(vec![value])));
            statement.set_parameters(bound).unwrap();
            let info = statement.execute().await.unwrap();
            let rows = fetch(&mut client, &info).await.unwrap();
            must(
                rows[0].column(0).as_primitive::<Int64Type>().value(0) == 0,
                value,
            )?;
        }
        for sql in [
            "SELECT * FROM ?",
            "SELECT * FROM lindau.?",
            "SELECT site AS ? FROM lindau.visits",
            "SELECT site FROM lindau.visits ORDER BY site ?",
            "SELECT site FROM lindau.visits; ?",
            "SELECT count ? FROM lindau.visits",
        ] {
            let error = client.prepare(sql.to_owned(), None).await.err();
            let error = error.ok_or(sql)?.to_string();
            must(!error.contains(HIDDEN), error)?;
        }
        Ok("5 values, 6 places".to_owned())
    })
}

/// A member of a message with bytes.
fn member(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut written = vec![number << 3 | 2];
    let mut length = bytes.len();
    loop {
        let part = u8::try_from(length & 127).unwrap();
        length >>= 7;
        written.push(part | if length > 0 { 128 } else { 0 });
        if length == 0 {
            break;
        }
    }
    [written, bytes.to_vec()].concat()
}

fn forged_handles(world: &mut ProgramFixture) -> AttackVerdict {
    let firm = &world.firm;
    firm.runtime.block_on(async {
        let mut client = firm.client(&world.token).await;
        let info = client.execute(VISITS.to_owned(), None).await.unwrap();
        let real = ticket(&info).ticket;
        let any = arrow_flight::sql::Any::decode(&*real).unwrap();
        let real: TicketStatementQuery = any.unpack().unwrap().unwrap();
        // The columns of a real one, with another text.
        let at = real.statement_handle.windows(VISITS.len());
        let at = at
            .clone()
            .position(|part| part == VISITS.as_bytes())
            .unwrap();
        let columns = &real.statement_handle[at + VISITS.len()..];
        let forged = |sql: &str| [member(1, sql.as_bytes()), columns.to_vec()].concat();
        for (handle, code) in [
            (forged("DELETE FROM lindau.visits"), "STATEMENT_NOT_ALLOWED"),
            (
                forged("SELECT 1; SELECT code FROM lindau.vault"),
                "ONE_STATEMENT_ONLY",
            ),
            (forged("SELECT code FROM lindau.vault"), "DATASET_UNKNOWN"),
            (forged("SELECT door FROM lindau.visits"), "COLUMN_UNKNOWN"),
            (
                forged(&format!("SELECT '{}'", "x".repeat(400_000))),
                "SQL_TOO_LARGE",
            ),
            (b"garbage".to_vec(), "USAGE"),
            (Vec::new(), "USAGE"),
        ] {
            let of_a_statement = TicketStatementQuery {
                statement_handle: handle.clone().into(),
            };
            let prepared = CommandPreparedStatementQuery {
                prepared_statement_handle: handle.into(),
            };
            for command in [of_a_statement.as_any(), prepared.as_any()] {
                let ticket = Ticket::new(command.encode_to_vec());
                let error = client.do_get(ticket).await.err().ok_or(code)?;
                says(&error.to_string(), code)?;
            }
        }
        ask(&mut client, VISITS)
            .await
            .map_err(|error| error.to_string())?;
        Ok("14 tickets".to_owned())
    })
}

fn own_datasets(world: &mut ProgramFixture) -> AttackVerdict {
    let firm = &world.firm;
    firm.runtime.block_on(async {
        let mut client = firm.client(&world.token).await;
        let own = refusal(&mut client, "SELECT * FROM acme.ledger").await;
        says(&own, "DATASET_UNKNOWN")?;
        let absent = refusal(&mut client, "SELECT * FROM acme.ledgem").await;
        must(own.replace("ledger", "ledgem") == absent, (own, absent))?;
        Ok("unknown".to_owned())
    })
}

const LONG: &str = "SELECT id, site, note FROM lindau.long";

fn slow_readers(world: &mut ProgramFixture) -> AttackVerdict {
    let firm = &world.firm;
    let friend = firm.token(&["--purpose", PURPOSE]);
    firm.runtime.block_on(async {
        let mut client = firm.client(&world.token).await;
        let info = client.execute(LONG.to_owned(), None).await.unwrap();
        let mut held = Vec::new();
        let refused = loop {
            match client.do_get(ticket(&info)).await {
                Ok(rows) => held.push(rows),
                Err(error) => break error.to_string(),
            }
            must(held.len() < 64, "there is no limit")?;
        };
        says(&refused, "TOO_MANY_STREAMS")?;
        let mut friend = firm.client(&friend).await;
        ask(&mut friend, VISITS)
            .await
            .map_err(|error| error.to_string())?;
        let count = held.len();
        drop(held);
        Ok(format!("{count} answers at once"))
    })
}

fn endless_parameters(world: &mut ProgramFixture) -> AttackVerdict {
    let firm = &world.firm;
    firm.runtime.block_on(async {
        let mut client = firm.client(&world.token).await;
        let sql = "SELECT site FROM lindau.visits WHERE visits = ?";
        let mut prepared = client.prepare(sql.to_owned(), None).await.unwrap();
        let bound = one(Arc::new(Int64Array::from(vec![1])));
        prepared.set_parameters(bound.clone()).unwrap();
        let info = prepared.execute().await.unwrap();
        let any = arrow_flight::sql::Any::decode(&*ticket(&info).ticket).unwrap();
        let command: CommandPreparedStatementQuery = any.unpack().unwrap().unwrap();
        let descriptor = FlightDescriptor::new_cmd(command.as_any().encode_to_vec());
        let endless = futures::stream::repeat_with(move || Ok(bound.clone()));
        let messages = FlightDataEncoderBuilder::new()
            .with_flight_descriptor(Some(descriptor))
            .build(endless);
        let mut plain = FlightClient::new_from_inner(client.into_inner());
        let bearer = format!("Bearer {}", text(&world.token, "access_token"));
        plain.add_header("authorization", &bearer).unwrap();
        let put = async {
            match plain.do_put(messages).await {
                Ok(answer) => answer.try_collect::<Vec<_>>().await.err(),
                Err(error) => Some(error),
            }
        };
        let error = tokio::time::timeout(Duration::from_secs(30), put).await;
        let error = error.map_err(|_| "it takes rows without end")?;
        let error = error.ok_or("it was taken")?.to_string();
        says(&error, "one row of parameters")?;
        Ok("the second row".to_owned())
    })
}

fn crowd(world: &mut ProgramFixture) -> AttackVerdict {
    let firm = &world.firm;
    let target = firm.target();
    let address: SocketAddr = format!("{}:{}", text(&target, "host"), target["port"])
        .parse()
        .unwrap();
    let silent: Vec<TcpStream> = (0..400)
        .filter_map(|_| TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok())
        .collect();
    firm.runtime.block_on(async {
        let mut strangers = Vec::new();
        // Through the handshake, and then nothing.
        for _ in 0..200 {
            strangers.extend(firm.channel_from([127, 0, 0, 2]).await.ok());
        }
        let mut client = firm.client(&world.token).await;
        ask(&mut client, VISITS)
            .await
            .map_err(|error| error.to_string())?;
        Ok(format!(
            "{} silent, {} without a token",
            silent.len(),
            strangers.len()
        ))
    })
}

fn after_revocation(world: &mut ProgramFixture) -> AttackVerdict {
    let firm = &world.firm;
    let token = firm.token(&["--purpose", PURPOSE]);
    firm.runtime.block_on(async {
        let mut client = firm.client(&token).await;
        let mut prepared = client.prepare(VISITS.to_owned(), None).await.unwrap();
        let info = client.execute(VISITS.to_owned(), None).await.unwrap();
        let long = client.execute(LONG.to_owned(), None).await.unwrap();
        let mut rows = client.do_get(ticket(&long)).await.unwrap();
        must(matches!(rows.next().await, Some(Ok(_))), "no first rows")?;
        firm.firm
            .hansa(&["token", "revoke", &text(&token, "token")])
            .must();
        let error = prepared.execute().await.err().ok_or("it was executed")?;
        says(&error.to_string(), "TOKEN_INVALID")?;
        let error = client
            .do_get(ticket(&info))
            .await
            .err()
            .ok_or("rows came")?;
        says(&error.to_string(), "TOKEN_INVALID")?;
        cut(&mut rows, "TOKEN_INVALID").await
    })
}

/// Reads to the end, which must be an error.
async fn cut(
    rows: &mut (
             impl futures::Stream<Item = Result<RecordBatch, arrow_flight::error::FlightError>> + Unpin
         ),
    code: &str,
) -> AttackVerdict {
    let mut count = 0;
    while let Some(batch) = rows.next().await {
        match batch {
            Ok(batch) => count += batch.num_rows(),
            Err(error) => {
                says(&error.to_string(), code)?;
                must(count < 200_000, "all rows came")?;
                return Ok(format!("cut after {count} more rows"));
            }
        }
    }
    Err(format!("it ended as if whole, after {count} rows"))
}

fn after_withdrawal(world: &mut ProgramFixture) -> AttackVerdict {
    let firm = &world.firm;
    let contracts = firm
        .firm
        .hansa(&["--json", "contract", "list"])
        .must()
        .lines();
    firm.runtime.block_on(async {
        let mut client = firm.client(&world.token).await;
        let mut prepared = client.prepare(LONG.to_owned(), None).await.unwrap();
        let info = client.execute(LONG.to_owned(), None).await.unwrap();
        let mut rows = client.do_get(ticket(&info)).await.unwrap();
        must(matches!(rows.next().await, Some(Ok(_))), "no first rows")?;
        for line in &contracts {
            if text(line, "dataset").ends_with("long") {
                let contract = text(line, "contract");
                let withdraw = [
                    "--yes", "contract", "withdraw", &contract, "--reason", "enough",
                ];
                firm.city.hansa(&withdraw).must();
            }
        }
        let verdict = cut(&mut rows, "WITHDRAWN").await?;
        // A statement is planned anew: what ended is not there any more.
        let executed = prepared.execute().await.unwrap();
        for info in [info, executed] {
            let error = client
                .do_get(ticket(&info))
                .await
                .err()
                .ok_or("rows came")?;
            says(&error.to_string(), "WITHDRAWN")?;
        }
        Ok(verdict)
    })
}
