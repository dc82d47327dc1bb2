//! An Eclipse connector as it was recorded: what it said once it says again, and a city has to say what it said then.

use crate::http_peer::{HttpPeer, PeerRequest};
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Members that name something anew each time.
const NAMES: [&str; 7] = [
    "@id",
    "agreementId",
    "consumerPid",
    "providerPid",
    "endpoint",
    "timestamp",
    "value",
];

/// What is to be said yet, and which names of the record stand for which now.
struct ReplayState {
    steps: VecDeque<Value>,
    names: BTreeMap<String, String>,
    /// What the city said last.
    last: Value,
    /// What differed.
    faults: Vec<String>,
}

/// The recorded connector.
pub(crate) struct ExchangeReplay {
    pub(crate) peer: HttpPeer,
    state: Arc<Mutex<ReplayState>>,
}

impl ExchangeReplay {
    /// Plays these lines to a city at that address.
    pub(crate) fn new(lines: &str, city: &str) -> Self {
        let state = Arc::new(Mutex::new(ReplayState {
            steps: VecDeque::new(),
            names: BTreeMap::new(),
            last: Value::Null,
            faults: Vec::new(),
        }));
        let inner = Arc::clone(&state);
        let peer = HttpPeer::new(move |request| inner.lock().heard(request));
        let text = lines
            .replace("{eclipse}", &peer.address)
            .replace("{city}", city);
        let steps = text.lines().map(|line| serde_json::from_str(line).unwrap());
        state.lock().steps = steps.collect();
        Self { peer, state }
    }

    /// The next step, once it is one of the recorded connector; nothing behind the last one. Waits for what the city has to say before it.
    pub(crate) fn next(&self) -> Option<Value> {
        let begun = Instant::now();
        loop {
            let mut state = self.state.lock();
            assert!(state.faults.is_empty(), "{:#?}", state.faults);
            match state.steps.front() {
                None => return None,
                Some(step) if step["by"] == "eclipse" => {
                    let step = state.steps.pop_front().unwrap();
                    return Some(state.named(&step));
                }
                Some(step) => assert!(
                    begun.elapsed() < Duration::from_secs(60),
                    "the city never said {step:#}"
                ),
            }
            drop(state);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What the city answered to a step.
    pub(crate) fn answered(&self, step: &Value, status: u16, answer: &Value) {
        let mut state = self.state.lock();
        assert_eq!(step["status"], status, "{step:#} {answer:#}");
        state.is_same(&step["answer"], answer, "answer");
    }

    /// What the city said last.
    pub(crate) fn last(&self) -> Value {
        self.state.lock().last.clone()
    }
}

impl ReplayState {
    /// What the recorded connector answers to a message of the city.
    fn heard(&mut self, request: &PeerRequest) -> (u16, Value) {
        let Some(step) = self.steps.pop_front() else {
            self.faults
                .push(format!("the city said too much: {request:?}"));
            return (500, Value::Null);
        };
        let step = self.named(&step);
        if step["by"] != "city"
            || step["method"] != request.method.as_str()
            || step["path"] != request.path.as_str()
        {
            self.faults
                .push(format!("the city said {request:?} instead of {step:#}"));
            return (500, Value::Null);
        }
        self.is_same(&step["message"], &request.body, "message");
        self.last = request.body.clone();
        // Its answer may say what the message named.
        let step = self.named(&step);
        (
            u16::try_from(step["status"].as_u64().unwrap()).unwrap(),
            step["answer"].clone(),
        )
    }

    /// The same with the names of now.
    fn named(&self, step: &Value) -> Value {
        let mut text = step.to_string();
        for (recorded, now) in &self.names {
            text = text.replace(recorded, now);
        }
        serde_json::from_str(&text).unwrap()
    }

    /// Whether something says the same as was recorded; what is named anew is learned.
    fn is_same(&mut self, recorded: &Value, now: &Value, member: &str) {
        match (recorded, now) {
            (Value::Object(recorded), Value::Object(now)) => {
                let members = |object: &serde_json::Map<String, Value>| {
                    object.keys().cloned().collect::<Vec<_>>()
                };
                if members(recorded) != members(now) {
                    self.faults
                        .push(format!("{member}: {recorded:?} is {now:?} now"));
                }
                for (name, value) in recorded {
                    self.is_same(value, now.get(name).unwrap_or(&Value::Null), name);
                }
            }
            (Value::Array(recorded), Value::Array(now)) if recorded.len() == now.len() => {
                for (recorded, now) in recorded.iter().zip(now) {
                    self.is_same(recorded, now, member);
                }
            }
            (Value::String(recorded), Value::String(now))
                if recorded != now && NAMES.contains(&member) && recorded.len() >= 8 =>
            {
                self.names.insert(recorded.clone(), now.clone());
            }
            (recorded, now) if recorded == now => {}
            (recorded, now) => self
                .faults
                .push(format!("{member}: {recorded} is {now} now")),
        }
    }
}
