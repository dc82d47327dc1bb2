//! Tests: contract pages with state and signatures.
//!
//! The files `page-*` contain each contract with the status below its page. `HANSA_WRITE_DOCS=1` writes them again.

mod golden;

use crate::render::contract_status::{
    ContractStatusLines, QuotaUsageFacts, SignatureFacts, StatusLineLabel, WithdrawalFacts,
};
use crate::render::{agreement_in, render_page};
use crate::samples;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::mandate::{DisclosureClass, Mandate};
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::ClauseId;
use hansa_policy::negotiation::Phase;
use hansa_policy::term::language::Language;
use hansa_policy::term::prohibition::{ProhibitedAction, ProhibitionCondition, ProhibitionTerm};
use hansa_policy::term::relative_window::{RelativeWindowTerm, WindowStart};
use hansa_policy::term::{Clause, Term};
use hansa_policy::value::cube::CountingUnit;
use std::collections::BTreeSet;

/// Contract with its state and its signatures, as in `hansa contract show`.
fn rendered(language: Language, agreement: &Agreement, withdrawn: bool) -> String {
    let rendering = agreement.rendering.in_language(language);
    let agreement = Agreement {
        rendering,
        ..agreement.clone()
    };
    let lines = ContractStatusLines::new(language, &agreement);
    let id = Some("ab".repeat(32).parse().unwrap());
    let mut text = agreement_in(language, id, &agreement);
    text.push('\n');
    let party = agreement.provider.id.clone();
    let (status, ended) = match withdrawn {
        true => (
            ContractStatus::Withdrawn,
            Some(WithdrawalFacts {
                party: &party,
                issued_at: "2026-07-01T07:15:00Z".parse().unwrap(),
                effective_from: "2026-07-01T07:15:00Z".parse().unwrap(),
                reason: "§ 12",
            }),
        ),
        false => (ContractStatus::InForce, None),
    };
    let mandate = mandate(&agreement);
    let signature = |role, at, mandate| {
        lines.signature(&SignatureFacts {
            role,
            algorithm: "EdDSA",
            key: "AQEBAQEBAQEBAQEB",
            issued_at: at,
            sealed_for: None,
            mandate,
            valid: true,
        })
    };
    for (label, value) in [
        (StatusLineLabel::Shown, lines.describe_page()),
        (StatusLineLabel::State, lines.state(status, ended)),
        (
            StatusLineLabel::Signed,
            signature(
                SignatoryRole::Provider,
                1_763_632_800,
                Some((&mandate, Digest::of(b"mandate"))),
            ),
        ),
        (
            StatusLineLabel::Signed,
            signature(SignatoryRole::Consumer, 1_763_719_205, None),
        ),
    ] {
        text.push_str(&lines.line(label, &value));
        text.push('\n');
    }
    for (clause, used) in agreement.clauses.iter().zip([0, 0, 0, 0, 40, 1]) {
        let used = lines.describe_quota_usage(&QuotaUsageFacts {
            clause,
            used,
            until: "2026-07-01T23:00:00Z".parse().unwrap(),
            by_receipts: used == 1,
        });
        if !used.is_empty() {
            text.push_str(&lines.line(StatusLineLabel::Used, &used));
            text.push('\n');
        }
    }
    text
}

fn mandate(agreement: &Agreement) -> Mandate {
    Mandate {
        participant: agreement.provider.id.clone(),
        holder: String::new(),
        capacity: "Dr. M. Sá".to_owned(),
        up_to: DisclosureClass::Rows,
        longest_days: 400,
        counterparties: BTreeSet::new(),
        not_before: agreement.proposed_at,
        not_after: agreement.not_after,
    }
}

fn contracts() -> [(&'static str, Agreement, bool); 3] {
    [
        ("rows", samples::rows_contract(), false),
        ("groups", samples::group_contract(), false),
        ("withdrawn", samples::rows_contract(), true),
    ]
}

#[test]
fn contracts_read_as_their_golden_pages() {
    for (name, agreement, withdrawn) in contracts() {
        for language in Language::ALL {
            golden::same(
                &format!("page-{name}.{language}.txt"),
                &rendered(language, &agreement, withdrawn),
            );
        }
    }
}

/// Ten questions of a lawyer that the page alone answers.
#[test]
fn the_page_answers_what_a_lawyer_asks() {
    let rows = samples::rows_contract();
    let groups = samples::group_contract();
    for (question, agreement, answers) in [
        (
            "who may, and may anybody else?",
            &rows,
            [
                "the consumer alone may query under this contract, and nobody else may",
                "darf der Nutzer allein abfragen und niemand sonst",
                "só o utilizador pode consultar, e ninguém mais",
            ],
        ),
        (
            "from which day through which, and by whose clock?",
            &rows,
            [
                "through 31 December 2026, Brussels time (before 2026-12-31T23:00:00Z)",
                "bis einschließlich 31. Dezember 2026, Ortszeit Brüssel (vor 2026-12-31T23:00:00Z)",
                "até 31 de dezembro de 2026, inclusive, hora de Bruxelas (antes de 2026-12-31T23:00:00Z)",
            ],
        ),
        (
            "what for, and is it checked?",
            &rows,
            [
                "what is declared is checked, and not what is done with the data",
                "wird geprüft, was angegeben wird, und nicht, was mit den Daten geschieht",
                "verifica-se o que é declarado, e não o que é feito com os dados",
            ],
        ),
        (
            "how much, in which period?",
            &rows,
            [
                "at most 100 rows on each day (Brussels time)\n",
                "höchstens 100 Zeilen an jedem Tag (Ortszeit Brüssel)\n",
                "no máximo 100 linhas em cada dia (hora de Bruxelas)\n",
            ],
        ),
        (
            "when does a day begin and end?",
            &rows,
            [
                "each day lasts from midnight to midnight by the time named beside it",
                "jeder Tag dauert von Mitternacht bis Mitternacht nach der daneben genannten Zeit",
                "cada dia vai da meia-noite à meia-noite pela hora indicada ao lado",
            ],
        ),
        (
            "may it be sold?",
            &rows,
            [
                "  - resale of the data\n",
                "  - der Weiterverkauf der Daten\n",
                "  - a revenda dos dados\n",
            ],
        ),
        (
            "what is merely promised?",
            &rows,
            [
                "Agreed, not technically enforced\n  the parties agree on this",
                "Vereinbart, technisch nicht durchgesetzt\n  dies vereinbaren die Parteien",
                "Acordado, não garantido por meios técnicos\n  isto é acordado entre as partes",
            ],
        ),
        (
            "what is a row, a group, a total?",
            &groups,
            [
                "the groups in words: site by day of at (Berlin time)\n         coarser totals are permitted too: by fewer",
                "die Gruppen in Worten: site je Tag von at (Ortszeit Berlin)\n         gröbere Gesamtwerte sind ebenfalls zulässig",
                "os grupos em palavras: site por dia de at (hora de Berlim)\n         são também permitidos totais menos pormenorizados",
            ],
        ),
        (
            "what is shown of few?",
            &groups,
            [
                "a group with fewer than 12 different values of device_id: nothing is shown",
                "eine Gruppe mit weniger als 12 verschiedenen Werten von device_id: nichts wird gezeigt",
                "um grupo com menos de 12 valores diferentes de device_id: nada é mostrado",
            ],
        ),
        (
            "how does it end, and what of a download?",
            &groups,
            [
                "a download that is running is cut off",
                "ein laufender Abruf wird abgebrochen",
                "uma transferência em curso é interrompida",
            ],
        ),
    ] {
        for (language, answer) in Language::ALL.into_iter().zip(answers) {
            let rendering = agreement.rendering.in_language(language);
            let page = render_page(rendering, agreement);
            assert!(page.contains(answer), "{question}\n{answer}\n{page}");
        }
    }
    // The date of a signature is beside the page, because a signature can't be part of the signed text.
    let dated = rendered(Language::De, &rows, false);
    assert!(
        dated.contains("Unterschrift     vom Anbieter, 20. November 2025, 11:00 Uhr"),
        "{dated}"
    );
}

#[test]
fn a_contract_that_is_withdrawn_from_a_later_day_says_until_when_it_runs() {
    let agreement = samples::rows_contract();
    let party = agreement.provider.id.clone();
    let said = |language, status| {
        let facts = WithdrawalFacts {
            party: &party,
            issued_at: "2026-07-01T07:15:00Z".parse().unwrap(),
            effective_from: "2026-09-30T22:00:00Z".parse().unwrap(),
            reason: "§ 12",
        };
        ContractStatusLines::new(language, &agreement).state(status, Some(facts))
    };
    let domain = party.domain();
    let from = "1 October 2026, 00:00, Brussels time (2026-09-30T22:00:00Z)";
    let at = "1 July 2026, 09:15, Brussels time (2026-07-01T07:15:00Z)";
    assert_eq!(
        said(Language::En, ContractStatus::InForce),
        format!("in force until {from}; withdrawn by {domain}, {at}: § 12")
    );
    assert_eq!(
        said(Language::En, ContractStatus::Withdrawn),
        format!("withdrawn by {domain}, {from}: § 12")
    );
    for (language, words) in [
        (
            Language::De,
            ["in Kraft bis 1. Oktober 2026", "gekündigt von"],
        ),
        (
            Language::Pt,
            ["em vigor até 1 de outubro de 2026", "denunciado por"],
        ),
    ] {
        let text = said(language, ContractStatus::InForce);
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
}

#[test]
fn an_end_within_a_day_is_told_by_the_minute() {
    let rendering = PageRendering::of(Language::En).in_zone("Europe/Berlin");
    let text = render_page(rendering, &samples::group_contract());
    assert!(text.contains("from the second signature on\n"), "{text}");
    assert!(
        text.contains("until 1 December 2027, 10:30, Berlin time, that instant not included (before 2027-12-01T09:30:00Z)"),
        "{text}"
    );
    // Lists and notices name an equal end.
    let rows = samples::rows_contract();
    let lines = ContractStatusLines::new(Language::En, &rows);
    assert_eq!(lines.last_day(), "2026-12-31");
    assert_eq!(
        lines.end_text(rows.not_after),
        "through 31 December 2026, Brussels time (before 2026-12-31T23:00:00Z)"
    );
    // A time zone without a fixed rule is shown in UTC.
    let utc = render_page(
        PageRendering::of(Language::En).in_zone("America/Toronto"),
        &samples::group_contract(),
    );
    assert!(utc.contains("until 1 December 2027, 09:30, UTC,"), "{utc}");
}

/// On the Azores, the clock goes back from 01:00 to midnight. An end at the second midnight is within the day.
#[test]
fn a_second_midnight_begins_no_day() {
    let at = |from: &str, until: &str| {
        let agreement = Agreement {
            not_before: from.parse().unwrap(),
            not_after: until.parse().unwrap(),
            ..samples::public_view()
        };
        render_page(
            PageRendering::of(Language::En).in_zone("Atlantic/Azores"),
            &agreement,
        )
    };
    let (first, second) = ("2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z");
    let within = at(second, "2027-01-01T01:00:00Z");
    assert!(
        within.contains("from 25 October 2026, 00:00, Azores time (2026-10-25T01:00:00Z)"),
        "{within}"
    );
    let within = at("2026-01-01T01:00:00Z", second);
    assert!(
        within.contains("until 25 October 2026, 00:00, Azores time, that instant not included (before 2026-10-25T01:00:00Z)"),
        "{within}"
    );
    let whole = at("2026-01-01T01:00:00Z", first);
    assert!(
        whole.contains("through 24 October 2026, Azores time (before 2026-10-25T00:00:00Z)"),
        "{whole}"
    );
}

/// Regulated points are not listed as open, and open points are not listed as regulated.
#[test]
fn what_the_clauses_leave_open_is_said() {
    let rendering = PageRendering::of(Language::En);
    let all = render_page(rendering, &samples::sample_agreement());
    let (_, open) = all.split_once("Not regulated\n").unwrap();
    assert!(open.contains("- liability, warranty"), "{open}");
    for regulated in [
        "- passing",
        "- resale",
        "- deletion",
        "- a price",
        "- naming",
    ] {
        assert!(!open.contains(regulated), "{regulated} in {open}");
    }
    let view = render_page(rendering, &samples::public_view());
    for line in [
        "  - passing the data on to third parties\n",
        "  - deletion of what was received\n",
        "  no clause restricts a query: all rows and columns",
        "every participant of the data space may query under this public view, and nobody else may",
        "  contract text    none is part of this contract\n",
    ] {
        assert!(view.contains(line), "{line} in {view}");
    }
}

/// The text above and below the clauses agrees with the clauses.
#[test]
fn the_page_contradicts_no_clause() {
    let with = |of: Agreement, terms: Vec<Term>| {
        let kept = of.clauses.iter().map(|clause| clause.term.clone());
        let terms = kept.chain(terms).zip(2..);
        let clauses = terms.map(|(term, number)| Clause {
            id: ClauseId(number),
            term,
        });
        Agreement {
            clauses: clauses.collect(),
            ..of.clone()
        }
    };
    let said = |agreement: &Agreement, has: [&str; 3], lacks: [&str; 3]| {
        for ((language, has), lacks) in Language::ALL.into_iter().zip(has).zip(lacks) {
            let page = render_page(PageRendering::of(language), agreement);
            assert!(page.contains(has), "{has} in {page}");
            assert!(!page.contains(lacks), "{lacks} in {page}");
        }
    };
    let lasts = || {
        Term::Lasts(RelativeWindowTerm {
            days: 30,
            since: WindowStart::Activation,
        })
    };
    let endless = Agreement {
        not_after: UtcTimestamp::LATEST,
        ..samples::public_view()
    };
    let no_end = [
        "there is no instant at which it ends",
        "es gibt keinen Zeitpunkt, zu dem",
        "não há instante em que",
    ];
    said(
        &with(endless.clone(), vec![lasts()]),
        [
            "  it ends by itself as clause #c2 says\n",
            "  die Laufzeit endet von selbst, wie Klausel #c2 sagt\n",
            "  a vigência cessa por si só como diz a cláusula #c2\n",
        ],
        no_end,
    );
    let earlier = Term::NotAfter("2026-06-01T00:00:00Z".parse().unwrap());
    said(
        &with(samples::public_view(), vec![lasts(), earlier]),
        [
            "at the instant named above, or earlier, as clauses #c2 and #c3 say\n",
            "zum oben genannten Zeitpunkt oder früher, wie die Klauseln #c2 und #c3 sagen\n",
            "no instante acima indicado, ou antes, como dizem as cláusulas #c2 e #c3\n",
        ],
        no_end,
    );
    // A clause with the end date of the agreement is no earlier end.
    said(
        &samples::rows_contract(),
        [
            "  it ends by itself at the instant named above\n",
            "  die Laufzeit endet von selbst zum oben genannten Zeitpunkt\n",
            "  a vigência cessa por si só no instante acima indicado\n",
        ],
        no_end,
    );
    let prohibited = Term::from(ProhibitionTerm {
        action: ProhibitedAction::Use,
        part: None,
        condition: ProhibitionCondition {
            purpose: Some(vec!["dpv:Marketing".parse().unwrap()]),
            ..ProhibitionCondition::default()
        },
    });
    said(
        &with(samples::public_view(), vec![prohibited]),
        ["dpv:Marketing"; 3],
        [
            "  - the purpose of the use\n",
            "  - der Zweck der Nutzung\n",
            "  - a finalidade da utilização\n",
        ],
    );
    let mut single = samples::group_contract();
    for clause in &mut single.clauses {
        if let Term::MinGroup { at_least, unit } = &mut clause.term {
            (*at_least, *unit) = (1, CountingUnit::Rows);
        }
    }
    let of_one = [
        "a group may be of one row of the dataset\n",
        "eine Gruppe kann aus einer einzigen Zeile des Datensatzes bestehen\n",
        "um grupo pode ser formado por uma única linha do conjunto de dados\n",
    ];
    let never = [
        "never a single row",
        "nie eine einzelne Zeile",
        "nunca uma linha individual",
    ];
    said(&samples::group_contract(), never, of_one);
    said(&single, of_one, never);
    single
        .clauses
        .retain(|clause| !matches!(clause.term, Term::MinGroup { .. }));
    said(&single, of_one, never);
    for term in [
        Term::Group("cities".parse().unwrap()),
        Term::Region("DE".parse().unwrap()),
    ] {
        said(
            &with(samples::public_view(), vec![term]),
            [
                "every participant of the data space who meets the clauses below may query",
                "darf jeder Teilnehmer des Datenraums abfragen, der die Klauseln unten erfüllt, und niemand sonst",
                "cada participante do espaço de dados que cumpra as cláusulas abaixo, e ninguém mais",
            ],
            [
                "every participant of the data space may query",
                "jeder Teilnehmer des Datenraums abfragen und",
                "cada participante do espaço de dados, e ninguém",
            ],
        );
    }
}

/// Words of an English page in a page of another language are data or words of both languages.
#[test]
fn no_english_word_is_left_in_other_languages() {
    for language in [Language::De, Language::Pt] {
        let (mut english, mut other) = (BTreeSet::new(), BTreeSet::new());
        for (into, language) in [(&mut english, Language::En), (&mut other, language)] {
            let whole = Agreement {
                rendering: PageRendering::of(language).in_zone("Europe/Brussels"),
                ..samples::agreement_from_template()
            };
            into.extend(words(&rendered(language, &whole, true)));
            into.extend(words(&render_page(
                PageRendering::of(language),
                &samples::public_view(),
            )));
            for (_, agreement, withdrawn) in contracts() {
                into.extend(words(&rendered(language, &agreement, withdrawn)));
            }
            for phase in Phase::ALL {
                into.extend(words(
                    &ContractStatusLines::new(language, &whole).phase(phase),
                ));
            }
        }
        let both = match language {
            Language::De => GERMAN_TOO,
            _ => PORTUGUESE_TOO,
        };
        let left: Vec<&String> = english
            .intersection(&other)
            .filter(|word| !both.contains(&word.as_str()))
            .collect();
        assert!(left.is_empty(), "{language} has {left:?}");
    }
}

/// Words without digits, after removing the texts of the samples.
fn words(text: &str) -> Vec<String> {
    let mut text = text.to_owned();
    for data in DATA {
        text = text.replace(data, " ");
    }
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| word.chars().count() > 1)
        .filter(|word| !word.contains(|letter: char| letter.is_numeric() || letter == '_'))
        .map(str::to_lowercase)
        .collect()
}

/// Texts of the samples, longest first, and words that are equal in all languages.
const DATA: &[&str] = &[
    "site = 'it''s' OR NOT (site IS NULL) OR (site NOT IN ('A', 'B') AND site BETWEEN -3 AND 0.50)",
    "abababababababababababababababababababababababababababababababab",
    "hansa://munster.example/grid/bike_counts-1",
    "hansa://munster.example/d/bike_counts",
    "hansa://munster.example/d/parishes",
    "The people of munster.example",
    "The people of firma.example",
    "Source: City of Münster",
    "Forschung über Mobilität",
    "dpv:ProvideOfficialStatistics",
    "dpv:ResearchAndDevelopment",
    "Hanse mobility, basic",
    "mobility-research.pdf",
    "dpv:AcademicResearch",
    "hansa://munster.example",
    "hansa://firma.example",
    "AQEBAQEBAQEB",
    "device_id and note",
    "device_id und note",
    "device_id e note",
    "lau_code and hour",
    "lau_code und hour",
    "lau_code e hour",
    "mobility-research",
    "luebeck.example",
    "munster.example",
    "bremen.example",
    "dpv:Marketing",
    "{{consumer}}",
    "hanse-cities",
    "“the group”",
    "„the group“",
    "«the group»",
    "„section“",
    "«section»",
    "name=Mitte",
    "DISTRICTE",
    "arrow-ipc",
    "Dr. M. Sá",
    "'hidden'",
    "urn:uuid:",
    "page/1",
    "FALSE",
    "EdDSA",
    "bikes",
    "Hafen",
    "Insel",
    "nace",
    "site",
    "EPSG",
    "NULL",
    "EUR",
    "UTC",
];
/// Words that German shares with English, and column names.
const GERMAN_TOO: &[&str] = &[
    "all",
    "an",
    "at",
    "august",
    "berlin",
    "de",
    "epsilon",
    "eu",
    "form",
    "format",
    "hash",
    "in",
    "km",
    "lat",
    "lon",
    "mb",
    "ms",
    "november",
    "pseudonym",
    "region",
    "schema",
    "september",
    "was",
];
/// Words that Portuguese shares with English, and column names.
const PORTUGUESE_TOO: &[&str] = &[
    "as", "at", "data", "de", "do", "eu", "for", "hash", "km", "lat", "local", "lon", "mb", "ms",
    "no", "total", "zero",
];

#[test]
fn a_page_is_read_in_another_language_with_the_zone_that_is_signed() {
    let whole = samples::rows_contract();
    let german = agreement_in(Language::De, None, &whole);
    let rendering = whole.rendering.in_language(Language::De);
    assert!(
        german.ends_with(&render_page(rendering, &whole)) && german.contains("Ortszeit Brüssel")
    );
}

#[test]
fn every_language_words_every_clause_of_a_page_once() {
    let whole = samples::sample_agreement();
    for language in Language::ALL {
        let text = render_page(PageRendering::of(language), &whole);
        for clause in &whole.clauses {
            let id = format!("\n  {:<6} ", clause.id.to_string());
            assert_eq!(text.matches(&id).count(), 1, "{id} in {text}");
        }
        assert_eq!(
            Digest::of(text.as_bytes()),
            Digest::of(render_page(PageRendering::of(language), &whole).as_bytes())
        );
    }
}

#[test]
fn foreign_text_does_not_steer_the_terminal() {
    let mut whole = samples::rows_contract();
    whole.provider.name = "x\n  consumer         somebody else".to_owned();
    let text = render_page(PageRendering::of(Language::En), &whole);
    assert_eq!(text.matches("\n  consumer ").count(), 1);
}
