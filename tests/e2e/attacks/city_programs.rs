//! Attacks on a city's port for programs: by who holds a token for one contract (T), and by other members of the league (R).

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::clients::{ask, fetch, refusal};
use crate::programs_without_connector::{CityForPrograms, tables};
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use hansa_test_support::workflow::{PURPOSE, text};
use serde_json::Value;

struct CityProgramFixture {
    world: CityForPrograms,
    token: Value,
}

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let world = CityForPrograms::start();
    let token = world.token();
    tried(&mut CityProgramFixture { world, token }, &ATTACKS)
}

const ATTACKS: [AttackCase<CityProgramFixture>; 7] = [
    AttackCase {
        number: 173,
        setup: "city for programs",
        name: "T: asks for another contract of its firm, for what is for nobody, and for what the city holds of others",
        expected: "DATASET_UNKNOWN each time, as for what does not exist",
        does: beside_the_token,
        lacks: "",
    },
    AttackCase {
        number: 174,
        setup: "city for programs",
        name: "T: asks for hidden columns, by name, in filters and in metadata",
        expected: "COLUMN_UNKNOWN, and two columns in the tree",
        does: hidden_columns,
        lacks: "",
    },
    AttackCase {
        number: 175,
        setup: "city for programs",
        name: "T: names a purpose that its token does not list",
        expected: "PURPOSE_NOT_COVERED",
        does: another_purpose,
        lacks: "",
    },
    AttackCase {
        number: 176,
        setup: "city for programs",
        name: "R: presents the stolen token over a connection with its own certificate",
        expected: "TOKEN_INVALID",
        does: stolen_token,
        lacks: "",
    },
    AttackCase {
        number: 177,
        setup: "city for programs",
        name: "R: executes what T has prepared, and fetches its ticket",
        expected: "decided for R, who has no contract",
        does: handle_of_another,
        lacks: "",
    },
    AttackCase {
        number: 178,
        setup: "city for programs",
        name: "R: fetches receipts of others",
        expected: "none",
        does: receipts_of_others,
        lacks: "",
    },
    AttackCase {
        number: 179,
        setup: "city for programs",
        name: "T and R: look and ask without leaving a record",
        expected: "each refusal and each look stands in the log",
        does: without_a_record,
        lacks: "",
    },
];

/// Whether each of these statements is refused with the code.
fn all_refused(fixture: &CityProgramFixture, code: &str, statements: &[&str]) -> AttackVerdict {
    let world = &fixture.world;
    world.runtime.block_on(async {
        let mut client = world.by_token(&fixture.token).await;
        for sql in statements {
            let said = match ask(&mut client, sql).await {
                Ok(rows) => return Err(format!("{sql}: {rows:?}")),
                Err(error) => error.to_string(),
            };
            if !said.contains(code) {
                return Err(format!("{sql}: {said}"));
            }
        }
        Ok(code.to_owned())
    })
}

fn beside_the_token(fixture: &mut CityProgramFixture) -> AttackVerdict {
    all_refused(
        fixture,
        "DATASET_UNKNOWN",
        &[
            "SELECT * FROM lindau.trams",
            "SELECT * FROM lindau.vault",
            "SELECT * FROM lindau.nothing",
            "SELECT * FROM acme.bikes",
            "SELECT * FROM lindau.bikes, lindau.trams",
            "SELECT * FROM lindau.bikes WHERE site IN (SELECT code FROM lindau.vault)",
        ],
    )
}

fn hidden_columns(fixture: &mut CityProgramFixture) -> AttackVerdict {
    all_refused(
        fixture,
        "COLUMN_UNKNOWN",
        &[
            "SELECT door FROM lindau.bikes",
            "SELECT site FROM lindau.bikes WHERE door = 'a'",
            "SELECT count(*) FROM lindau.bikes ORDER BY max(door)",
            "SELECT nothing FROM lindau.bikes",
        ],
    )?;
    let world = &fixture.world;
    world.runtime.block_on(async {
        let mut client = world.by_token(&fixture.token).await;
        let rows = ask(&mut client, "SELECT * FROM lindau.bikes").await;
        let rows = rows.map_err(|error| error.to_string())?;
        match rows[0].num_columns() {
            2 => Ok("two columns".to_owned()),
            more => Err(format!("{more} columns")),
        }
    })
}

fn another_purpose(fixture: &mut CityProgramFixture) -> AttackVerdict {
    let world = &fixture.world;
    world.runtime.block_on(async {
        let mut client = world.by_token(&fixture.token).await;
        client.set_header("x-hansa-purpose", "dpv:Marketing");
        let said = refusal(&mut client, "SELECT * FROM lindau.bikes").await;
        match said.contains("PURPOSE_NOT_COVERED") {
            true => Ok("PURPOSE_NOT_COVERED".to_owned()),
            false => Err(said),
        }
    })
}

fn stolen_token(fixture: &mut CityProgramFixture) -> AttackVerdict {
    let world = &fixture.world;
    world.runtime.block_on(async {
        let mut thief = world.by_certificate(&world.rival).await;
        thief.set_token(text(&fixture.token, "access_token"));
        thief.set_header("x-hansa-purpose", PURPOSE);
        let said = refusal(&mut thief, "SELECT * FROM lindau.bikes").await;
        match said.contains("TOKEN_INVALID") {
            true => Ok("TOKEN_INVALID".to_owned()),
            false => Err(said),
        }
    })
}

fn handle_of_another(fixture: &mut CityProgramFixture) -> AttackVerdict {
    let world = &fixture.world;
    world.runtime.block_on(async {
        let mut client = world.by_token(&fixture.token).await;
        let sql = "SELECT sum(bikes) AS n FROM lindau.bikes".to_owned();
        let info = client.execute(sql, None).await;
        let info = info.map_err(|error| error.to_string())?;
        let own = fetch(&mut client, &info).await;
        let own = own.map_err(|error| error.to_string())?;
        assert_eq!(own[0].column(0).as_primitive::<Int64Type>().value(0), 387);
        let mut rival = world.by_certificate(&world.rival).await;
        if !tables(&mut rival).await.is_empty() {
            return Err("R sees tables".to_owned());
        }
        match fetch(&mut rival, &info).await {
            Ok(rows) => Err(format!("{rows:?}")),
            Err(error) if error.to_string().contains("DATASET_UNKNOWN") => {
                Ok("DATASET_UNKNOWN".to_owned())
            }
            Err(error) => Err(error.to_string()),
        }
    })
}

fn receipts_of_others(fixture: &mut CityProgramFixture) -> AttackVerdict {
    let world = &fixture.world;
    world.runtime.block_on(async {
        let mut rival = world.by_certificate(&world.rival).await;
        let found = crate::programs_without_connector::receipts(&mut rival).await;
        let mut client = world.by_token(&fixture.token).await;
        let own = crate::programs_without_connector::receipts(&mut client).await;
        match (found.len(), own.len()) {
            (0, 1..) => Ok("none for R".to_owned()),
            (found, own) => Err(format!("{found} for R, {own} for T")),
        }
    })
}

fn without_a_record(fixture: &mut CityProgramFixture) -> AttackVerdict {
    let city = &fixture.world.city;
    let before = city.records("refuse").len();
    all_refused(
        fixture,
        "DATASET_UNKNOWN",
        &["SELECT * FROM lindau.shed", "SELECT * FROM lindau.barn"],
    )?;
    let refused = city.records("refuse").len() - before;
    let named = city.records("refuse").pop().unwrap_or_default();
    let by = text(&named["body"]["program"], "by");
    // R has no connector that runs and was refused nothing here: each look of its own is one of its program.
    let looks = city.records("action_count");
    let looks = looks
        .iter()
        .filter(|sum| text(sum, "peer").contains("rival") && text(sum, "what") == "catalogue page");
    match (refused, looks.count(), by.as_str()) {
        (2.., 1.., "access_token") => Ok(format!("{refused} refusals")),
        other => Err(format!("{other:?}")),
    }
}
