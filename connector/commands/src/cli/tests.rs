//! Whoever asks a command for help sees how it is typed.

use super::*;
use clap::CommandFactory as _;

fn leaves(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
    let mut inner = command
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
        .peekable();
    if inner.peek().is_none() {
        let help = command.get_after_help().map(ToString::to_string);
        found.push((path.to_owned(), help.unwrap_or_default()));
    }
    for command in inner {
        leaves(command, &format!("{path} {}", command.get_name()), found);
    }
}

#[test]
fn each_command_shows_an_example_that_can_be_typed() {
    let mut found = Vec::new();
    leaves(&CommandLine::command(), "hansa", &mut found);
    assert!(found.len() > 40, "{}", found.len());
    let examples = found.iter().flat_map(|(path, help)| {
        assert!(!help.is_empty(), "{path} has no example");
        help.lines().map(move |line| (path, line))
    });
    for (path, line) in examples {
        let example = line
            .strip_prefix("Example: ")
            .unwrap_or_else(|| panic!("{path} has no example"));
        let words = words(example);
        let typed = CommandLine::try_parse_from(&words);
        assert!(
            typed.is_ok(),
            "{example}: {:?}",
            typed.err().map(|fault| fault.to_string())
        );
        let verb: Vec<&str> = path.split(' ').skip(1).collect();
        let at = words.iter().position(|word| word == verb[0]).unwrap();
        let shown: Vec<&str> = words[at..]
            .iter()
            .take(verb.len())
            .map(String::as_str)
            .collect();
        assert_eq!(shown, verb, "{example}");
    }
}

/// The words as a shell cuts them.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split('"').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn thumbprints_may_begin_with_a_hyphen() {
    const KEY: &str = "-PPEKYN_MFreaycGE-_VVrv3PHLiKCjzu9HKfTdhA5Q";
    let lines = [
        format!("hansa league key --end {KEY} --of a.example"),
        format!(
            "hansa key mandate --of a.example --holder {KEY} --up-to rows --longest 9 --signed-by k --output o"
        ),
        format!("hansa audit breach --key {KEY}"),
    ];
    for line in lines {
        let typed = CommandLine::try_parse_from(line.split(' '));
        assert!(typed.is_ok(), "{line}: {}", typed.unwrap_err());
    }
}

#[test]
fn a_worker_is_told_its_name_and_where_it_listens() {
    let served = |line: &str| {
        let cli =
            CommandLine::try_parse_from(line.split(' ')).map_err(|fault| fault.to_string())?;
        match cli.verb {
            TopLevelCommand::Serve(args) => args.worker().map_err(|refusal| refusal.sentence),
            other => panic!("{other:?}"),
        }
    };
    for line in [
        "hansa serve",
        "hansa serve other.toml",
        "hansa serve --role connector",
    ] {
        assert_eq!(served(line), Ok(None), "{line}");
    }
    let worker = served("hansa serve --role worker --name one --listen 0.0.0.0:8815").unwrap();
    let (name, listen) = worker.unwrap();
    assert_eq!((name.as_str(), listen.as_str()), ("one", "0.0.0.0:8815"));
    for line in [
        "hansa serve --role worker",
        "hansa serve --role worker --name one",
        "hansa serve --role worker --listen 0.0.0.0:8815",
        "hansa serve --name one --listen 0.0.0.0:8815",
        "hansa serve --role connector --name one",
        "hansa serve --role connector --listen 0.0.0.0:8815",
        "hansa serve --role worker --name One --listen 0.0.0.0:8815",
        "hansa serve other.toml --role worker --name one --listen 0.0.0.0:8815",
    ] {
        assert!(served(line).is_err(), "{line}");
    }
}
