//! Tests of acts: offered by role and state, described in words, and safe with any text.

use crate::page::contract::report::ContractReport;
use crate::tests::html_reader::{PageElement, read_page};
use crate::tests::page_check::{check_page, check_view, elements};
use crate::tests::sample::{sample_contract, sample_negotiation, sample_status};
use crate::{
    ActCheckView, ActFault, ActFieldFault, ActFields, ActFormView, ActKind, ActStep, AskedStep,
    ContractView, DoneActView, LoginStep, PageFrame, PendingActKind, PendingActView, PendingFault,
    PersonLabel, PersonRole, StatusView, describe_approval_decline, render_act_check,
    render_act_form, render_contract, render_overview, render_pending_act,
};
use hansa_policy::term::language::Language;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn frame(language: Language, roles: &[PersonRole]) -> PageFrame<'_> {
    PageFrame {
        participant_name: "Stadt Münster",
        zone: "Europe/Berlin",
        person: Some(PersonLabel {
            name: "Maria",
            roles,
        }),
        command: Some("hansa contract sign n-3c51a07be4"),
        ..PageFrame::new(language, "/contracts/n-3c51a07be4/sign")
    }
}

fn render_check(language: Language, kind: ActKind, value: &Value) -> String {
    let object = value["object"].clone();
    let text = |name: &str| value[name].as_str().unwrap().to_owned();
    let view = ActCheckView {
        kind,
        report: serde_json::from_value::<ContractReport>(object).unwrap(),
        key: "00ff".to_owned(),
        fields: ActFields {
            reason: text("reason"),
            from: text("from"),
            clause: "3".to_owned(),
            text: text("comment"),
            has_read: true,
        },
        faults: vec![
            ActFault::NotRead,
            ActFault::Reason,
            ActFault::From,
            ActFault::Clause,
            ActFault::Text,
        ]
        .into_iter()
        .filter(|fault| is_fault_of(kind, *fault))
        .collect(),
        unsent: None,
    };
    render_act_check(&frame(language, &PersonRole::ALL), &view)
}

const fn is_fault_of(kind: ActKind, fault: ActFault) -> bool {
    match fault {
        ActFault::NotRead => matches!(kind, ActKind::Sign | ActKind::Withdraw),
        ActFault::Reason => matches!(kind, ActKind::Decline | ActKind::Withdraw),
        ActFault::From => matches!(kind, ActKind::Withdraw),
        ActFault::Clause | ActFault::Text => matches!(kind, ActKind::Comment),
    }
}

#[test]
fn the_page_before_an_act_is_safe_with_any_text() {
    for kind in ActKind::ALL {
        let mut object = match kind {
            ActKind::Withdraw => sample_contract(),
            _ => sample_negotiation(),
        };
        // Without an open approval, so that the form has all fields.
        object["officers"] = json!([]);
        let sample =
            json!({ "object": object, "reason": "over", "from": "2027-01-01", "comment": "why?" });
        let shown: &[&str] = if kind == ActKind::Comment {
            &[]
        } else {
            &["page", "sha256"]
        };
        check_view(&sample, shown, |language, value| {
            render_check(language, kind, value)
        });
    }
}

#[test]
fn a_fault_names_its_field_and_what_was_typed_stays() {
    let sample = json!({ "object": sample_negotiation(), "reason": "not \"now\"", "from": "", "comment": "" });
    let page = read_page(&render_check(Language::En, ActKind::Decline, &sample));
    assert!(elements(&page, "title")[0].text.starts_with("Error: "));
    let field = page
        .iter()
        .find(|element| element.attribute("id") == Some("reason"))
        .unwrap();
    assert_eq!(field.attribute("value"), Some("not \"now\""));
    assert_eq!(field.attribute("aria-invalid"), Some("true"));
    assert!(
        page.iter()
            .any(|element| element.attribute("href") == Some("#reason"))
    );
}

#[test]
fn acts_are_offered_by_role_and_state() {
    let offered = |roles: &[PersonRole], report: &Value| -> Vec<ActKind> {
        let report: ContractReport = serde_json::from_value(report.clone()).unwrap();
        ActKind::list_offered(roles, &report)
    };
    let mut negotiation = sample_negotiation();
    negotiation["state"] = json!("REQUESTED");
    negotiation["turn"] = json!("our turn");
    let all = &PersonRole::ALL;
    assert_eq!(
        offered(all, &negotiation),
        [ActKind::Sign, ActKind::Comment, ActKind::Decline]
    );
    assert_eq!(
        offered(&[PersonRole::Officer], &negotiation),
        [ActKind::Comment, ActKind::Decline]
    );
    assert_eq!(
        offered(
            &[
                PersonRole::Auditor,
                PersonRole::Operator,
                PersonRole::Analyst
            ],
            &negotiation
        ),
        []
    );
    negotiation["turn"] = json!("their turn");
    assert_eq!(
        offered(all, &negotiation),
        [ActKind::Comment, ActKind::Decline]
    );
    negotiation["state"] = json!("TERMINATED");
    assert_eq!(offered(all, &negotiation), []);
    let mut contract = sample_contract();
    contract["withdrawal"] = Value::Null;
    for (state, acts) in [
        ("in force", vec![ActKind::Withdraw]),
        ("not yet in force", vec![ActKind::Withdraw]),
        ("expired", vec![]),
        ("withdrawn", vec![]),
    ] {
        contract["state"] = json!(state);
        assert_eq!(offered(all, &contract), acts, "{state}");
        assert_eq!(offered(&[PersonRole::Officer], &contract), [], "{state}");
    }
}

#[test]
fn whoever_approves_gives_no_reason_of_their_own() {
    let mut contract = sample_contract();
    contract["officers"] = json!([{ "action": "withdraw from 2027-01-01T00:00:00Z", "first": "ab12", "reason": "the <pilot> is over" }]);
    let sample = json!({ "object": contract, "reason": "approved", "from": "2027-01-01T00:00:00Z", "comment": "" });
    let page = read_page(&render_check(Language::En, ActKind::Withdraw, &sample));
    let hidden = |name: &str| {
        let mut fields = elements(&page, "input").into_iter();
        let field = fields
            .find(|field| field.attribute("name") == Some(name))
            .unwrap();
        (
            field.attribute("type").unwrap().to_owned(),
            field.attribute("value").unwrap().to_owned(),
        )
    };
    assert_eq!(
        hidden("from"),
        ("hidden".to_owned(), "2027-01-01T00:00:00Z".to_owned())
    );
    assert_eq!(hidden("reason").0, "hidden");
    let quoted = elements(&page, "q");
    assert_eq!(quoted.len(), 1, "the reason of the first person is read");
    assert_eq!(quoted[0].text, "the <pilot> is over");
    // Who has asked for it, and since when; and the other answer than a yes.
    let main = elements(&page, "main")[0].text.clone();
    assert!(main.contains("Asked for by ab12"), "{main}");
    let identity = sample["object"]["contract"].as_str().unwrap();
    let decline = format!("/approvals/{identity}/decline");
    let has_link = |page: &[PageElement], address: &str| {
        let mut links = page.iter();
        links.any(|element| element.attribute("href") == Some(address))
    };
    assert!(has_link(&page, &decline));
    // Whoever asks first declines nothing.
    let mut first = sample.clone();
    first["object"]["officers"] = json!([]);
    let page = read_page(&render_check(Language::En, ActKind::Withdraw, &first));
    assert!(!has_link(&page, &decline));
}

#[test]
fn a_signer_comes_from_what_waits_to_the_restriction_that_was_asked_for() {
    let mut status = sample_status();
    let waiting = status["waiting"].as_array_mut().unwrap();
    waiting.push(json!({
        "kind": "approval", "subject": "bike_counts", "severity": "decision", "text": "one officer wants to refuse less",
        "act": "hansa dataset restrict bike_counts --approve 5ed1", "approval": "5ed1", "help": [],
    }));
    let view: StatusView = serde_json::from_value(status).unwrap();
    let list_links = |roles: &[PersonRole]| -> Vec<String> {
        let page = check_page(&render_overview(&frame(Language::En, roles), &view));
        let links = page.iter().filter_map(|element| element.attribute("href"));
        links.map(str::to_owned).collect()
    };
    let answers = [
        "/datasets/bike_counts/guard/5ed1",
        "/approvals/5ed1/decline",
    ];
    let signer = list_links(&[PersonRole::Officer, PersonRole::Signer]);
    let officer = list_links(&[PersonRole::Officer]);
    for answer in answers {
        assert!(signer.iter().any(|link| link == answer), "{answer}");
        assert!(!officer.iter().any(|link| link == answer), "{answer}");
    }
}

#[test]
fn a_step_is_declined_with_a_reason_that_its_record_commits_to_alone() {
    let sample = json!([{
        "approval": "7f3a91c2d0e4", "step": "withdraw", "state": "waits", "asked_by": "p-81c2",
        "at": "2026-11-25T09:00:00Z", "text": "the pilot is over", "declined_by": null,
    }]);
    check_view(&sample, &["step", "asked_by", "text"], |language, value| {
        let steps: Vec<AskedStep> = serde_json::from_value(value.clone()).unwrap();
        let frame = frame(language, &PersonRole::ALL);
        let form = describe_approval_decline(&frame, &steps);
        let names: Vec<&str> = form
            .fields()
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        assert_eq!(names, ["reason"]);
        // Nobody guesses a reason or a name from a digest of the log.
        let typed = BTreeMap::from([("reason".to_owned(), "not yet".to_owned())]);
        assert!(!form.entered_text(&typed).contains("not yet"));
        assert!(!form.shown_text().contains("the pilot is over"));
        render_act_form(
            &frame,
            &ActFormView {
                values: typed,
                form,
                key: "00ff".to_owned(),
                shown: "e7a2".to_owned(),
                faults: Vec::new(),
                unsent: None,
                step: ActStep::Act,
                back: "/".to_owned(),
            },
        )
    });
    // Where several steps wait for one contract, the person says which.
    let step = |step: &str| AskedStep {
        approval: "7f3a91c2d0e4".to_owned(),
        step: step.to_owned(),
        ..AskedStep::default()
    };
    let frame = frame(Language::En, &PersonRole::ALL);
    let steps = [step("withdraw"), step("withdraw from 2027-01-01T00:00:00Z")];
    let form = describe_approval_decline(&frame, &steps);
    let values = BTreeMap::from([
        ("step".to_owned(), "sign".to_owned()),
        ("reason".to_owned(), "no".to_owned()),
    ]);
    assert_eq!(form.find_faults(&values), [ActFieldFault::new("step")]);
}

#[test]
fn a_pending_act_shows_its_number_and_a_done_act_its_record() {
    for language in Language::ALL {
        let frame = frame(language, &PersonRole::ALL);
        let mut view = PendingActView {
            id: "00aa".to_owned(),
            kind: PendingActKind::Contract(ActKind::Sign),
            subject: "n-3c51a07be4".to_owned(),
            number: Some("482913".to_owned()),
            is_for_other: false,
            key: "ff".to_owned(),
            passkey: None,
            can_add_passkey: false,
            login: LoginStep::NotOffered,
            fault: None,
        };
        let page = render_pending_act(&frame, &view);
        check_page(&page);
        assert!(page.contains("hansa console confirm 482913"));
        view.fault = Some(PendingFault::NumberMissing);
        let page = check_page(&render_pending_act(&frame, &view));
        assert!(
            page.iter()
                .any(|element| element.attribute("autofocus").is_some())
        );
        for kind in ActKind::ALL {
            for waits in [false, true] {
                let view = ContractView {
                    report: serde_json::from_value(sample_contract()).unwrap(),
                    page_language: None,
                    done: Some(DoneActView {
                        kind,
                        record: 118,
                        waits,
                    }),
                };
                let page = check_page(&render_contract(&frame, &view));
                assert!(
                    page.iter()
                        .any(|element| element.attribute("href") == Some("/evidence/records/118"))
                );
            }
        }
    }
}

#[test]
fn the_words_of_acts_lead_back_to_them() {
    for kind in ActKind::ALL {
        assert_eq!(ActKind::from_command(kind.command()), Some(kind));
        assert_eq!(ActKind::from_path_word(kind.path_word()), Some(kind));
        let later = format!("{} from 2027-01-01", kind.command());
        assert_eq!(ActKind::from_command(&later), Some(kind));
    }
    assert_eq!(ActKind::from_path_word("show"), None);
}
