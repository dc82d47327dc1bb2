//! Configurations, keys, rows and policies that are wrong.

use crate::binary;
use crate::wrong_input::try_all;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::run;

const HEAD: &str = "[participant]\nid = \"lindau.example\"\nname = \"Lindau\"\n";

#[test]
fn a_wrong_configuration_is_reported_with_its_line_and_the_nearest_key() {
    let league = TestLeague::new(binary());
    let city = league.city("lindau");
    city.write("key.toml", &format!("{HEAD}[limits]\nmemroy = \"1 GB\"\n"));
    city.write(
        "type.toml",
        &format!("{HEAD}[limits]\nconcurrent = \"many\"\n"),
    );
    city.write("size.toml", &format!("{HEAD}[limits]\nmemory = \"much\"\n"));
    city.write("toml.toml", &format!("{HEAD}[limits\n"));
    city.write(
        "dataset.toml",
        &format!("{HEAD}[[dataset]]\nname = \"d\"\ntitle = \"D\"\nlicense = \"x\"\n[dataset.source]\npath = \"d.csv\"\n"),
    );
    try_all(
        city.folder(),
        &[
            (
                &["--config", "key.toml", "check"],
                "CONFIG_UNKNOWN_KEY",
                6,
                &["key.toml:5", "(limits.memroy)", "did you mean `memory`?"],
            ),
            (
                &["--config", "type.toml", "check"],
                "CONFIG_INVALID",
                6,
                &[
                    "type.toml:5",
                    "(limits.concurrent)",
                    "a text instead of a whole number",
                ],
            ),
            (
                &["--config", "size.toml", "check"],
                "CONFIG_INVALID",
                6,
                &["size.toml:5", "`much` is not a size such as 512 MB"],
            ),
            (
                &["--config", "toml.toml", "check"],
                "CONFIG_INVALID",
                6,
                &["toml.toml:4", "not TOML"],
            ),
            (
                &["--config", "dataset.toml", "check"],
                "CONFIG_UNKNOWN_KEY",
                6,
                &["dataset.toml:7", "did you mean `licence`?"],
            ),
            (
                &["--config", "nowhere.toml", "status"],
                "CONFIG_MISSING",
                6,
                &["nowhere.toml", "hansa init"],
            ),
            (
                &["--config", "key.toml", "sql", "SELECT 1"],
                "CONFIG_UNKNOWN_KEY",
                6,
                &["key.toml:5"],
            ),
        ],
    );
}

#[test]
fn files_that_are_wrong_are_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let league = TestLeague::new(binary());
    let city = league.city("lindau");
    let _acme = league.firm("acme");
    let readable = |mode| {
        let key = city.folder().join("keys/signing.key");
        std::fs::set_permissions(key, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    readable(0o644);
    try_all(
        city.folder(),
        &[(
            &["check"],
            "KEY_FILE_PERMISSIONS",
            6,
            &["keys/signing.key", "chmod 600"],
        )],
    );
    readable(0o600);
    city.hansa(&["check"]).must();
    let init = ["init", "lindau", "--id", "lindau.example", "--name", "L"];
    try_all(
        league.folder(),
        &[
            (&init, "FILE_EXISTS", 6, &["lindau"]),
            (
                &["--config", "lindau", "join", "acme/acme.example.join"],
                "KEY_INVALID",
                6,
                &["acme.example"],
            ),
            (
                &["--config", "lindau", "join", "nothing.join"],
                "FILE_MISSING",
                6,
                &["nothing.join"],
            ),
            (
                &["league", "admit", "lindau/hansa.toml", "--dir", "league"],
                "KEY_INVALID",
                6,
                &["lindau/hansa.toml", "hansa init"],
            ),
        ],
    );
    let empty = tempfile::tempdir().unwrap();
    try_all(
        empty.path(),
        &[(&["status"], "CONFIG_MISSING", 6, &["hansa.toml"])],
    );
    for args in [
        &["frobnicate"][..],
        &["contract", "frobnicate"],
        &["sql", "--frobnicate"],
    ] {
        let done = run(binary(), empty.path(), args).ends(2);
        assert!(done.err.contains("frobnicate"), "{}", done.err);
    }
}

#[test]
fn rows_and_policies_that_cannot_be_read_are_reported_with_their_line() {
    let league = TestLeague::new(binary());
    let city = league.city("lindau");
    city.write(
        "data/bikes.csv",
        "site,bikes\nHafen,310\nInsel,viele\nBahnhof,12\n",
    );
    city.configure(
        "[[dataset]]\nname = \"bikes\"\ntitle = \"Bikes\"\nlicence = \"proprietary\"\n[dataset.source]\npath = \"data/bikes.csv\"\n[[dataset.column]]\nname = \"site\"\n[[dataset.column]]\nname = \"bikes\"\ntype = \"int\"\n",
    );
    try_all(
        city.folder(),
        &[
            (
                &["dataset", "publish"],
                "ROWS_UNREADABLE",
                6,
                &["bikes.csv:3", "viele"],
            ),
            (
                &["dataset", "publish", "trips"],
                "DATASET_NOT_PUBLISHED",
                6,
                &["trips", "hansa dataset add"],
            ),
        ],
    );
    city.write(
        "data/bikes.csv",
        "site,bikes\nHafen,310\nInsel,77\nBahnhof,12\n",
    );
    city.publishes();
    city.offers("bikes", "p", "colour = \"red\"", "\"league\"", "officer");
    try_all(
        city.folder(),
        &[(
            &["policy", "check"],
            "CONFIG_UNKNOWN_KEY",
            6,
            &["policies/p.toml:3", "(colour)", "aggregate"],
        )],
    );
    city.write("policies/p.toml", "title = \"p\"\nduties = [\"sing\"]\n");
    try_all(
        city.folder(),
        &[(
            &["policy", "check"],
            "TERM_UNKNOWN",
            6,
            &["policies/p.toml:2", "sing"],
        )],
    );
    // A draft that no offer uses yet is held against a dataset that is named.
    city.write(
        "drafts/loose.toml",
        "title = \"loose\"\ncolumns = [\"site\", \"bykes\"]\n",
    );
    let draft = ["policy", "check", "drafts/loose.toml"];
    try_all(
        city.folder(),
        &[
            (&draft, "OFFER_UNKNOWN", 3, &["drafts/loose.toml"]),
            (
                &[&draft[..], &["--dataset", "boats"]].concat(),
                "DATASET_NOT_PUBLISHED",
                6,
                &["boats"],
            ),
        ],
    );
    let over_bikes = [&draft[..], &["--dataset", "bikes"]].concat();
    let found = city.hansa(&over_bikes).ends(6);
    for text in ["TERM_COLUMN_UNKNOWN", "bykes", "drafts/loose.toml:2"] {
        assert!(found.err.contains(text), "{}", found.err);
    }
    city.write(
        "drafts/loose.toml",
        "title = \"loose\"\ncolumns = [\"site\", \"bikes\"]\n",
    );
    let show = ["policy", "show", "drafts/loose.toml", "--dataset", "bikes"];
    let page = city.hansa(&show).must();
    assert!(page.out.contains("site and bikes"), "{}", page.out);
    let written = city.hansa(&[&show[..], &["--toml"]].concat()).must();
    assert!(written.out.contains("title = \"loose\""), "{}", written.out);
    city.write(
        "policies/p.toml",
        "title = \"p\"\ncolumns = \"all\"\npurpose = [\"dpv:Nonsense\"]\n",
    );
    try_all(
        city.folder(),
        &[(
            &["policy", "check"],
            "PURPOSE_UNKNOWN",
            2,
            &["dpv:Nonsense"],
        )],
    );
    city.write(
        "policies/p.toml",
        "title = \"p\"\ncolumns = [\"site\", \"bykes\"]\n",
    );
    try_all(
        city.folder(),
        &[(
            &["policy", "check"],
            "TERM_COLUMN_UNKNOWN",
            6,
            &["policies/p.toml:2", "bykes"],
        )],
    );
}

#[test]
fn a_result_that_its_place_does_not_take_is_not_reported_as_whole() {
    let folder = tempfile::tempdir().unwrap();
    let tell = |stdout: std::fs::File| {
        std::process::Command::new(binary())
            .args(["error", "WITHDRAWN"])
            .current_dir(folder.path())
            .stdout(stdout)
            .output()
            .unwrap()
    };
    let output = tell(std::fs::File::create(folder.path().join("told")).unwrap());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let lost = tell(std::fs::File::create("/dev/full").unwrap());
    let text = String::from_utf8(lost.stderr).unwrap();
    assert_eq!(lost.status.code(), Some(1), "{text}");
    assert!(text.contains("error[DISK_FULL]"), "{text}");
}
