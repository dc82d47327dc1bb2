//! One question over two participants, as their collectors see it: each its own trace, linked, and nothing in either that the question said.

use crate::binary;
use hansa_test_support::detached_thread::leave;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Bodies of requests, and the tokens with them.
type TraceRequests = Arc<Mutex<Vec<(Vec<u8>, String)>>>;

/// A collector of traces: OTLP over HTTP.
struct TraceCollector {
    url: String,
    came: TraceRequests,
}

impl TraceCollector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let came = TraceRequests::default();
        let kept = Arc::clone(&came);
        leave(std::thread::spawn(move || {
            for caller in listener.incoming() {
                let kept = Arc::clone(&kept);
                leave(std::thread::spawn(move || take(caller.unwrap(), &kept)));
            }
        }));
        Self { url, came }
    }

    fn settings(&self, share: &str) -> String {
        format!(
            "\n[monitoring]\ntraces = \"{}\"\ntrace_share = {share}\ntrace_token_file = \"traces.token\"\n",
            self.url
        )
    }

    /// The spans of one participant.
    fn spans(&self, participant: &str) -> Vec<Span> {
        let came = self.came.lock().unwrap();
        let requests = came
            .iter()
            .map(|(body, _)| ExportTraceServiceRequest::decode(body.as_slice()).unwrap());
        let resources = requests.flat_map(|request| request.resource_spans);
        let of_it = resources.filter(|spans| {
            let resource = spans.resource.as_ref().unwrap();
            let mut named = resource.attributes.iter();
            named.any(|one| {
                one.key == "service.instance.id" && text(one.value.as_ref()) == participant
            })
        });
        of_it
            .flat_map(|spans| spans.scope_spans)
            .flat_map(|scope| scope.spans)
            .collect()
    }
}

/// Takes requests on one connection until it ends.
fn take(caller: TcpStream, kept: &Mutex<Vec<(Vec<u8>, String)>>) {
    let mut reader = BufReader::new(caller);
    loop {
        let (mut length, mut token) = (0, String::new());
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let (name, value) = line
                .trim_end()
                .split_once(": ")
                .unwrap_or((line.trim_end(), ""));
            match name.to_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "authorization" => token = value.to_owned(),
                "" => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        kept.lock().unwrap().push((body, token));
        let answer =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        reader.get_mut().write_all(answer).unwrap();
    }
}

fn text(value: Option<&opentelemetry_proto::tonic::common::v1::AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

/// An attribute that must be there.
#[track_caller]
fn must(span: &Span, key: &str) -> String {
    attribute(span, key).unwrap_or_else(|| panic!("no `{key}` in {span:#?}"))
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|one| one.key == key);
    found.map(|one| text(one.value.as_ref()))
}

fn one<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let mut named = spans.iter().filter(|span| span.name == name);
    let found = named.next().unwrap_or_else(|| {
        let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
        panic!("no span `{name}` among {names:?}")
    });
    assert!(named.next().is_none(), "two spans `{name}`");
    found
}

/// A city and a firm that send their traces to one collector.
fn traced(
    city_share: &str,
    firm_share: &str,
) -> (TestLeague, TestParticipant, TestParticipant, TraceCollector) {
    let collector = TraceCollector::start();
    let league = TestLeague::new(binary());
    let (mut city, firm) = league.bikes_under_contract();
    city.stop();
    for (participant, share) in [(&city, city_share), (&firm, firm_share)] {
        participant.configure(&collector.settings(share));
        participant.write("traces.token", "a token\n");
    }
    city.serve();
    firm.knows(&city);
    (league, city, firm, collector)
}

/// With words and a number that no span has but from it: digits of times and of digests do not come to it by chance.
const SQL: &str =
    "SELECT count(*) AS n FROM lindau.bikes WHERE site <> 'Sesame' AND bikes > 471147114711";

#[test]
fn one_question_is_a_trace_of_each_participant_linked_to_the_other() {
    let (_league, mut city, firm, collector) = traced("1", "1.0");
    firm.ask(SQL).must();
    // What is left is sent at the end.
    city.stop();
    let (asked, answered) = (
        collector.spans("acme.example"),
        collector.spans("lindau.example"),
    );
    let (ask, answer) = (one(&asked, "ask"), one(&answered, "answer"));
    assert_eq!(ask.trace_id, one(&asked, "question").trace_id);
    assert_eq!(ask.parent_span_id, one(&asked, "question").span_id);
    assert_eq!(must(ask, "peer"), "lindau.example");
    assert_eq!(must(answer, "peer"), "acme.example");
    // Each has what the user was shown and what the records hold.
    for key in ["request", "contract", "dataset"] {
        let (here, there) = (must(ask, key), must(answer, key));
        assert_eq!(here, there, "{key}");
    }
    let listed = city.hansa(&["--json", "audit", "list"]).must();
    assert!(
        listed.out.contains(&must(answer, "request")),
        "{}",
        listed.out
    );

    // The asker is a link, no parent: its trace is not gone on with.
    assert_ne!(answer.trace_id, ask.trace_id);
    assert!(answer.parent_span_id.is_empty());
    let link = answer.links.first().expect("a link to who asked");
    assert_eq!(
        (&link.trace_id, &link.span_id),
        (&ask.trace_id, &ask.span_id)
    );

    // From the accepted request to the last byte, through the engine.
    for name in ["decide", "record", "enforce", "execute", "deliver", "close"] {
        let span = one(&answered, name);
        assert_eq!(span.trace_id, answer.trace_id, "{name}");
        assert!(
            span.start_time_unix_nano >= answer.start_time_unix_nano,
            "{name}"
        );
    }
    let execute = &one(&answered, "execute").span_id;
    let operators = answered
        .iter()
        .filter(|span| span.parent_span_id == *execute);
    assert!(operators.count() > 0, "no operator is told of");
    assert!(
        answered
            .iter()
            .any(|span| attribute(span, "hansa.rows").is_some())
    );

    // Nothing that was asked, and no counts of the other side.
    for span in asked.iter().chain(&answered) {
        let said = format!("{span:?}").to_lowercase();
        for word in ["sesame", "471147114711", "select", "count(", "site"] {
            assert!(!said.contains(word), "{word} in {said}");
        }
        assert!(span.events.is_empty(), "{said}");
    }
    let of_operators = |span: &&Span| attribute(span, "hansa.rows").is_some();
    let there: Vec<&[u8]> = answered
        .iter()
        .filter(of_operators)
        .map(|span| span.span_id.as_slice())
        .collect();
    assert!(
        asked
            .iter()
            .all(|span| !there.contains(&span.span_id.as_slice()))
    );
    let came = collector.came.lock().unwrap();
    assert!(came.iter().all(|(_, token)| token == "Bearer a token"));
}

#[test]
fn who_asks_forces_no_trace() {
    let (_league, mut city, firm, collector) = traced("0", "1");
    firm.ask(SQL).must();
    city.stop();
    assert!(!collector.spans("acme.example").is_empty());
    assert_eq!(collector.spans("lindau.example").len(), 0);
}

#[test]
fn a_collector_that_takes_nothing_costs_no_answer() {
    let league = TestLeague::new(binary());
    let (mut city, firm) = league.bikes_under_contract();
    city.stop();
    // It accepts, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/traces", silent.local_addr().unwrap());
    city.configure(&format!(
        "\n[monitoring]\ntraces = \"{url}\"\ntrace_share = 1\n"
    ));
    city.serve();
    firm.knows(&city);
    for _ in 0..20 {
        firm.ask(SQL).must();
    }
    city.stop();
}

#[test]
fn what_is_wrong_with_the_collector_is_told() {
    let league = TestLeague::new(binary());
    let city = league.city("lindau");
    let before = std::fs::read_to_string(city.folder().join("hansa.toml")).unwrap();
    for (more, key) in [
        (
            "traces = \"http://collector.example/v1/traces\"",
            "monitoring.traces",
        ),
        ("traces = \"collector\"", "monitoring.traces"),
        ("trace_share = 0.5", "monitoring.trace_share"),
        (
            "traces = \"https://c.example/v1/traces\"\ntrace_share = 2",
            "monitoring.trace_share",
        ),
        (
            "traces = \"https://c.example/v1/traces\"\ntrace_share = \"all\"",
            "monitoring.trace_share",
        ),
    ] {
        city.configure(&format!("[monitoring]\n{more}\n"));
        let checked = city.hansa(&["check"]);
        assert!(checked.err.contains(key), "{more}: {}", checked.err);
        std::fs::write(city.folder().join("hansa.toml"), &before).unwrap();
    }
}
