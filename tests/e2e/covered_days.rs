//! The days that a dataset covers are those of its zone, below an answer and in the catalogue, and one that is lacking is told.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, PURPOSE, text};
use std::fmt::Write as _;

const ZONES: [(&str, &str); 3] = [
    ("east", "Europe/Berlin"),
    ("far", "Pacific/Kiritimati"),
    ("west", "America/Montreal"),
];

#[test]
fn the_days_of_a_dataset_are_those_of_its_zone() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.write(
        "data/days.csv",
        "day,n\n2024-07-01,1\n2024-08-01,2\n2024-09-30,3\n",
    );
    let mut config = String::new();
    for (name, zone) in ZONES {
        write!(
            config,
            "[[dataset]]\nname = \"{name}\"\ntitle = \"Days\"\nlicence = \"CC0-1.0\"\nzone = \"{zone}\"\n\
             [dataset.source]\nkind = \"text\"\npath = \"data/days.csv\"\n\
             [[dataset.column]]\nname = \"day\"\ntype = \"date\"\nrequired = true\n\
             [[dataset.column]]\nname = \"n\"\ntype = \"int\"\n"
        )
        .unwrap();
    }
    lindau.configure(&config);
    lindau.publishes();
    for (name, _) in ZONES {
        lindau.offers(name, name, ALL, "\"league\"", "auto");
    }
    lindau.serve();
    acme.knows(&lindau);
    for (name, zone) in ZONES {
        let _ = acme.contract(&format!("lindau.{name}"));
        for (condition, short) in [
            ("day BETWEEN '2024-07-01' AND '2024-09-30'", false),
            ("day >= '2024-07-01' AND day < '2024-10-01'", false),
            ("day >= '2024-06-30'", true),
            ("day <= '2024-10-01'", true),
        ] {
            let sql = format!("SELECT sum(n) FROM lindau.{name} WHERE {condition}");
            let table = acme.hansa(&["sql", &sql, "--purpose", PURPOSE]).must();
            let covers = "covers 2024-07-01 to 2024-09-30";
            assert!(table.out.contains(covers), "{zone}: {}", table.out);
            let notice = "less time than the question asks for";
            assert_eq!(
                table.out.contains(notice),
                short,
                "{zone} {condition}: {}",
                table.out
            );
            let lines = acme.ask(&sql).must().lines();
            let read = &lines[1]["hansa"]["participants"][0]["reads"][0];
            assert_eq!(
                read["covers_less_than_asked"], short,
                "{zone} {condition}: {read}"
            );
            assert_eq!(text(read, "first_day"), "2024-07-01", "{read}");
            assert_eq!(text(read, "last_day"), "2024-09-30", "{read}");
        }
        for (of, verb, named) in [
            (&acme, "catalog", format!("lindau.{name}")),
            (&lindau, "dataset", name.to_owned()),
        ] {
            let output = of.hansa(&[verb, "show", &named]).must();
            let days = "time        2024-07-01 to 2024-09-30";
            assert!(output.out.contains(days), "{zone}: {}", output.out);
        }
    }
}
