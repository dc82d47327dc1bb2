//! Every problem of a file is told, with its line, its key and the nearest word.

use super::*;

#[test]
fn every_problem_is_reported_at_once_with_its_line() {
    wrong(
        r#"colums = ["site"]
columns = ["site", "bike", "site"]
purpose = ["mobility research"]
rows = "operator ~ 'x'"
mask = { operator = "hush", site = { constant = 1 }, at = { level = "x", table = "y" }, device_id = { level = "x" }, lon = { table = "y" } }
coarsen = { at = "hours", bikes = "day", local_date = "hour" }
aggregate = { functions = ["median"], min_row = 10 }
rows_per_day = "many"
duties = ["atribution", "delete-after soon"]
prohibit = ["resell"]
legal = { file = "x.pdf", language = "German" }
area = { box = [8, 51.9, 7.5, 52] }
cells = { lon = "bikes", to = "h3:16", as = "A cell" }
within = { list = "abc", which = "Mitte" }
"#,
        &[
            "CONFIG_UNKNOWN_KEY 2 colums: there is no key `colums`; did you mean `columns`?",
            "TERM_COLUMN_UNKNOWN 3 columns: `bike_counts` has no column `bike`; did you mean `bikes`?",
            "TERM_ILL_TYPED 3 columns: `site` is listed twice; ",
            "TERM_ILL_TYPED 4 purpose: `mobility research`: a purpose is a name such as traffic-planning or dpv:ResearchAndDevelopment; ",
            "TERM_ILL_TYPED 5 rows: row filter, character 10: `~` is not understood; ",
            "TERM_UNKNOWN 6 mask.operator: `hush` is no value of `mask.operator`; did you mean `hash`?",
            "TERM_ILL_TYPED 6 mask.site.constant: `mask.site.constant` is an integer instead of a value of the column's type, text; ",
            "TERM_ILL_TYPED 6 mask.at: `at` is of type instant, which has no level of a table; ",
            "TERM_ILL_TYPED 6 mask.at.table: `y`: a digest is 64 lower-case hexadecimal digits; it is that of the file, unchanged: sha256sum FILE",
            "CONFIG_INVALID 6 mask.device_id: a `level` is that of a `table`, named by the SHA-256 of its file; ",
            "CONFIG_INVALID 6 mask.lon: a `table` has a `level` that is shown; ",
            "TERM_UNKNOWN 7 coarsen.at: `hours` is no value of `coarsen.at`; did you mean `hour`?",
            "TERM_ILL_TYPED 7 coarsen.bikes: `bikes` is neither a date nor an instant; ",
            "TERM_ILL_TYPED 7 coarsen.local_date: `local_date` is a date, which has no hours; ",
            "CONFIG_INVALID 8 aggregate: `aggregate.by` is missing; ",
            "TERM_UNKNOWN 8 aggregate.functions: `median` is no value of `aggregate.functions`; the values are count, sum, avg, var, units",
            "CONFIG_UNKNOWN_KEY 8 aggregate.min_row: there is no key `aggregate.min_row`; did you mean `min_rows`?",
            "TERM_ILL_TYPED 9 rows_per_day: `rows_per_day` is a text instead of a whole number from 1; ",
            "TERM_UNKNOWN 10 duties: `atribution` is no value of `duties`; did you mean `attribution`?",
            "TERM_ILL_TYPED 10 duties: the duty `delete-after soon` is not written like delete-after 30 days; ",
            "TERM_UNKNOWN 11 prohibit: `resell` is no value of `prohibit`; did you mean `sell`?",
            "TERM_ILL_TYPED 12 legal: `German` is no language such as de or en-GB; ",
            "TERM_ILL_TYPED 13 area.box: `box` is [west, south, east, north] in degrees, west ≤ east and south ≤ north; ",
            "TERM_ILL_TYPED 14 cells.lon: `bikes` holds no degrees: its type is not float; ",
            "TERM_UNKNOWN 14 cells.to: `h3:16` is no grid of cells; known are h3:0 to h3:15, grid:100, 250, 500, 1000, 2000, 5000, 10000, 25000, 50000 and 100000, and areas:SHA-256:PROPERTY",
            "TERM_ILL_TYPED 14 cells.as: `A cell`: a name starts with a lower-case letter and holds up to 63 of a-z, 0-9 and _; ",
            "TERM_ILL_TYPED 15 within.list: `abc`: a digest is 64 lower-case hexadecimal digits; it is that of the file, unchanged: sha256sum FILE",
            "TERM_ILL_TYPED 15 within.which: `Mitte`: an area is chosen by what its list says of it, such as name=Mitte; ",
        ],
    );
}

#[test]
fn no_item_of_a_list_is_left_out_silently() {
    wrong(
        "area = { box = [\"x\", 7.5, 51.9, 7.75, 52] }\nduties = [{}]\n",
        &[
            "TERM_ILL_TYPED 2 area.box: `box` is [west, south, east, north] in degrees, west ≤ east and south ≤ north; ",
            "CONFIG_INVALID 3 duties.attribution: `duties.attribution` is missing; ",
        ],
    );
}

#[test]
fn prohibitions_that_cant_be_read() {
    wrong(
        "prohibit = [\n { purpos = \"x\" },\n { rows = \"site = 'C'\", columns = [\"site\"] },\n { columns = [\"sit\"] },\n { action = \"read\" }]",
        &[
            "CONFIG_UNKNOWN_KEY 3 prohibit.purpos: there is no key `prohibit.purpos`; did you mean `purpose`?",
            "TERM_ILL_TYPED 4 prohibit: a prohibition takes rows away, or columns, and not both at once; write two prohibitions",
            "TERM_COLUMN_UNKNOWN 5 prohibit.columns: `bike_counts` has no column `sit`; did you mean `site`?",
            "TERM_UNKNOWN 6 prohibit.action: `read` is no value of `prohibit.action`; the values are use, query, aggregate",
        ],
    );
}

#[test]
fn other_faults_are_reported() {
    let problems = parse_policy("purpose = \"x\"\ntitle = ", FILE, &sample_dataset()).unwrap_err();
    assert!(sentences_of(&problems)[0].starts_with("CONFIG_INVALID 2 "));
    let problems = parse_policy("", FILE, &sample_dataset()).unwrap_err();
    assert_eq!(
        sentences_of(&problems)[0],
        "CONFIG_INVALID 1 title: `title` is missing; "
    );
    wrong(
        "columns = []",
        &["TERM_ILL_TYPED 2 columns: the list `columns` is empty; "],
    );
    wrong(
        "aggregate = { by = [\"site\"], functions = [\"count\"], min_rows = 3, min_contributors = 3 }",
        &[
            "POLICY_CONTRADICTION 2 aggregate.min_contributors: a minimum group counts rows or contributors, not both; ",
        ],
    );
    let aggregate = "aggregate = { by = [\"site\"], functions = [\"count\"], min_rows = 3";
    wrong(
        &format!("{aggregate}, unit = \"site\" }}"),
        &[
            "POLICY_CONTRADICTION 2 aggregate.unit: contributors are counted by `unit`, and no `min_contributors` is written; \
             write min_contributors beside it, or leave `unit` out",
        ],
    );
    let no_bucket = "POLICY_CONTRADICTION 2 aggregate.zone: no `bucket` takes its zone from here; \
                     write `bucket` beside it, or leave `zone` out: buckets of the grid have its zone";
    wrong(&format!("{aggregate}, zone = \"UTC\" }}"), &[no_bucket]);
    let own = "bucket = { at = { to = \"day\", zone = \"UTC\" } }";
    wrong(
        &format!("{aggregate}, {own}, zone = \"Europe/Berlin\" }}"),
        &[no_bucket],
    );
    wrong(
        "rows = \"nope = 1\"",
        &[
            "TERM_COLUMN_UNKNOWN 2 rows: `bike_counts` has no column `nope`; its columns are site, operator, device_id, at, seen_at, local_date, bikes, lon, lat, open",
        ],
    );
}

#[test]
fn a_template_is_named_whole() {
    wrong(
        "template = { author = \"lübeck\", title = \"a\\nb\", version = 0 }",
        &[
            "CONFIG_INVALID 2 template: `template.sha256` is missing; ",
            "TERM_ILL_TYPED 2 template.author: `lübeck`: a participant is written `hansa://` and a lower-case domain, such as hansa://munster.example; ",
            "TERM_ILL_TYPED 2 template.title: `template.title` is a text instead of one line of text; ",
            "TERM_ILL_TYPED 2 template.version: `template.version` is an integer instead of a whole number from 1; ",
        ],
    );
}

#[test]
fn a_group_is_the_providers_own_and_named_alone() {
    wrong(
        "group = \"hansa://ottawa.example/g/hanse-cities\"",
        &[
            "TERM_UNKNOWN 2 group: `hansa://ottawa.example/g/hanse-cities` names a group of hansa://ottawa.example: the provider's own list alone is looked at, and named without its owner, as `hanse-cities`; ",
        ],
    );
    wrong(
        "group = \"Hanse\"",
        &[
            "TERM_ILL_TYPED 2 group: `Hanse`: a group's name starts with a lower-case letter and holds up to 63 of a-z, 0-9, _ and -; ",
        ],
    );
}

#[test]
fn a_size_is_a_number_and_a_unit() {
    for size in [
        "5 mb",
        "MB",
        "-1 MB",
        "0 MB",
        "1.5 MB",
        "99999999999 TB",
        "",
    ] {
        let text = format!("bytes_per_day = \"{size}\"");
        let expect =
            format!("TERM_ILL_TYPED 2 bytes_per_day: `{size}` is no size such as 5 MB or 64 KiB; ");
        wrong(&text, &[&expect]);
    }
}

#[test]
fn days_that_are_none_and_times_that_are_never_are_reported() {
    wrong(
        "valid = { from = 2026-01-02, until = 2026-01-01 }",
        &[
            "POLICY_CONTRADICTION 2 valid: the policy is valid from 2026-01-01T23:00:00Z until 2026-01-01T23:00:00Z, which is never; ",
        ],
    );
    wrong(
        "valid = { from = 2026-01-01T00:00:00 }",
        &[
            "TERM_ILL_TYPED 2 valid.from: `2026-01-01T00:00:00` is neither a date such as 2026-01-31 (in Europe/Berlin) nor an instant such as 2026-01-31T12:00:00Z; ",
        ],
    );
}

#[test]
fn unknown_purposes_are_reported_with_the_nearest() {
    let draft = read(
        "title = \"T\"\n\npurpose = [\"dpv:PublicBenefits\", \"traffic-planning\", \"dpv:Marketing\"]",
    );
    let taxonomy = crate::purpose_taxonomy::embedded_vocabulary();
    let problems = unknown_purposes(&draft, FILE, &taxonomy);
    assert_eq!(
        sentences_of(&problems),
        [
            "TERM_UNKNOWN 3 purpose: there is no purpose `dpv:PublicBenefits`; did you mean `dpv:PublicBenefit`?",
            "TERM_UNKNOWN 3 purpose: there is no purpose `traffic-planning`; declare it: [purpose.traffic-planning] with its parent and its text",
        ]
    );
}
