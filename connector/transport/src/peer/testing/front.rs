//! A front that does what a test tells it, with a real ledger in memory.

use crate::front::{Front, Knock, Letters, NoAnswer, Rows, RowsFrame, Taken};
use crate::peer::call::HasAsk;
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream;
use hansa_audit_log::chain::Chain;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::{Entry, Evidence, Ledger, Recorded, Stamp};
use hansa_audit_log::record::Salt;
use hansa_audit_log::shelf::{Shelf, ShelfBroken};
use hansa_audit_log::time::{Tick, Time};
use hansa_policy::id::{ContractId, RequestId};
use hansa_policy::peer::{Presented, Roster, Standing, VerifiedPeer};
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::ruling::Declined;
use hansa_proto::peer::ask::Asking;
use hansa_proto::peer::catalogue::{Entry as CatalogueEntry, Page, PageRequest};
use hansa_proto::peer::greeting::Greeting;
use hansa_proto::peer::letter::short::Handed;
use hansa_proto::peer::letter::{Letter, Numbered};
use hansa_proto::peer::proof::{Proof, Wanted};
use hansa_proto::peer::witness::{Seen, Shown};
use std::sync::Mutex;
use tokio::sync::{Notify, broadcast, mpsc};

type Answer = Box<dyn Fn(&Asking) -> Result<Rows, Refusal> + Send + Sync>;

/// A question that is heard and never answered.
pub(crate) const HANG: &str = "SELECT hang";

/// What a test tells the front.
pub(crate) struct Told {
    pub(crate) roster: Mutex<Roster>,
    pub(crate) answer: Answer,
    pub(crate) asked: Mutex<Vec<Asking>>,
    pub(crate) heard: Notify,
    pub(crate) letters: Mutex<Vec<Letter>>,
    /// The receipt that it holds of what it has issued.
    pub(crate) issued: Mutex<Option<Bytes>>,
    /// How often a letter was handed in, whole or not.
    pub(crate) handed_in: Mutex<usize>,
    pub(crate) pages: Mutex<Vec<PageRequest>>,
    pub(crate) outbox: Mutex<Vec<Numbered>>,
    pub(crate) late: broadcast::Sender<Numbered>,
    pub(crate) knocks: (
        mpsc::Sender<Knock>,
        tokio::sync::Mutex<mpsc::Receiver<Knock>>,
    ),
    ledger: Mutex<Ledger<Ram>>,
}

impl Told {
    /// Answers every question like this.
    pub(crate) fn answering(
        answer: impl Fn(&Asking) -> Result<Rows, Refusal> + Send + Sync + 'static,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(64);
        Self {
            roster: Mutex::new(members()),
            answer: Box::new(answer),
            asked: Mutex::default(),
            heard: Notify::new(),
            letters: Mutex::default(),
            issued: Mutex::default(),
            handed_in: Mutex::default(),
            pages: Mutex::default(),
            outbox: Mutex::default(),
            late: broadcast::channel(8).0,
            knocks: (sender, tokio::sync::Mutex::new(receiver)),
            ledger: Mutex::new(ledger()),
        }
    }

    /// Answers every question with these frames.
    pub(crate) fn giving(frames: Vec<Result<RowsFrame, Refusal>>) -> Self {
        Self::answering(move |_| {
            Ok(Rows {
                frames: stream::iter(frames.clone()).boxed(),
            })
        })
    }

    /// Answers nothing.
    pub(crate) fn mute() -> Self {
        Self::answering(|_| Err(Refusal::new(Code::DatasetUnknown, "no such dataset")))
    }

    /// How many refusals are on the books.
    pub(crate) fn recorded(&self) -> u64 {
        self.ledger.lock().unwrap().durable().size
    }

    fn declined(&self, refusal: Refusal) -> NoAnswer {
        let declined = Declined::unopened(refusal, None);
        match self.ledger.lock().unwrap().record(declined, stamp()) {
            Ok(recorded) => NoAnswer::Declined(recorded),
            Err(_) => NoAnswer::Closed,
        }
    }

    /// From now on nothing can be recorded.
    pub(crate) fn fill_the_disk(&self) {
        self.ledger.lock().unwrap().shelf_mut().full = true;
    }
}

fn members() -> Roster {
    let standing = Standing {
        issuers: vec![Digest::of(b"issuer")],
        denied: Vec::new(),
    };
    Roster::new([(super::tallinn(), standing)].into())
}

#[async_trait]
impl Front for Told {
    fn recognise(&self, presented: &Presented) -> Result<VerifiedPeer, Refusal> {
        let now = Time::from_micros(1_800_000_000_000_000).unwrap();
        self.roster
            .lock()
            .unwrap()
            .recognise(presented, now)
            .map_err(|stranger| Refusal::new(Code::PeerNotTrusted, stranger.to_string()))
    }

    fn knocked(&self, knock: Knock) {
        // A crowd knocks more often than any test listens.
        let _ = self.knocks.0.try_send(knock);
    }

    async fn decline(&self, _: &Presented, refusal: Refusal) -> NoAnswer {
        self.declined(refusal)
    }

    async fn hello(&self, peer: &VerifiedPeer, greeting: Greeting) -> Result<Greeting, NoAnswer> {
        Ok(Greeting {
            program: format!("{} greets {}", greeting.program, peer.id()),
            ..greeting
        })
    }

    async fn catalog(&self, _: &VerifiedPeer, request: PageRequest) -> Result<Page, NoAnswer> {
        self.pages.lock().unwrap().push(request.clone());
        let after = request.after.unwrap_or_default();
        let dataset = format!("after {after}").into_bytes().into();
        Ok(Page {
            templates: Vec::new(),
            entries: vec![CatalogueEntry {
                dataset,
                kind: None,
                offers: Vec::new(),
            }],
            next: None,
            letters: None,
        })
    }

    async fn send(&self, _: &VerifiedPeer, letter: Handed) -> Result<Taken, NoAnswer> {
        *self.handed_in.lock().unwrap() += 1;
        let letter = match letter {
            Handed::Whole(letter) => Some(letter),
            Handed::Short(short) => {
                let issued = self.issued.lock().unwrap().clone();
                issued.and_then(|issued| short.whole(&issued))
            }
        };
        let Some(letter) = letter else {
            return Ok(Taken::NotWhole);
        };
        self.letters.lock().unwrap().push(letter);
        Ok(Taken::In)
    }

    async fn inbox(&self, _: &VerifiedPeer, after: u64, _once: bool) -> Result<Letters, NoAnswer> {
        let kept: Vec<_> = self
            .outbox
            .lock()
            .unwrap()
            .iter()
            .filter(|numbered| numbered.number > after)
            .cloned()
            .map(Ok)
            .collect();
        let late = stream::unfold(self.late.subscribe(), |mut late| async move {
            Some((Ok(late.recv().await.ok()?), late))
        });
        Ok(stream::iter(kept).chain(late).boxed())
    }

    async fn proof(&self, _: &VerifiedPeer, wanted: Wanted) -> Result<Proof, NoAnswer> {
        match wanted {
            Wanted::Consistency { from, to: _ } => Ok(Proof::Consistency {
                hashes: vec![Digest::of(&from.to_be_bytes())],
                head: "head".into(),
            }),
            Wanted::Records { .. } => {
                Err(self.declined(Refusal::new(Code::EvidenceIncomplete, "nothing for you")))
            }
        }
    }

    async fn witness(&self, _: &VerifiedPeer, shown: Shown) -> Result<Seen, NoAnswer> {
        match shown.growth.is_empty() {
            true => Ok(Seen::Wanted(vec![shown.head])),
            false => Ok(Seen::Witnessed(shown.head)),
        }
    }

    async fn answer(&self, _: &VerifiedPeer, asking: Asking) -> Result<Rows, NoAnswer> {
        let answer = (self.answer)(&asking);
        let hangs = asking.ask.sql == HANG;
        self.asked.lock().unwrap().push(asking);
        self.heard.notify_one();
        if hangs {
            std::future::pending::<()>().await;
        }
        answer.map_err(|refusal| self.declined(refusal))
    }
}

/// A recorded question.
#[derive(Debug)]
pub(crate) struct Errand(pub(crate) Asking);

impl HasAsk for Errand {
    fn asking(&self) -> &Asking {
        &self.0
    }
}

impl Evidence for Errand {
    fn entry(&self) -> Entry {
        Entry {
            kind: "errand",
            body: Json::object([("request_id", Json::text(self.0.ask.request))]),
        }
    }
}

/// A question on the asker's books.
pub(crate) fn recorded(sql: &str) -> Recorded<Errand> {
    let errand = Errand(Asking {
        ask: hansa_policy::ask::Ask {
            request: RequestId([1; 16]),
            contracts: vec![ContractId(Digest::of(b"contract"))],
            sql: sql.to_owned(),
            purpose: None,
            rows: hansa_policy::ask::Rows::All,
        },
        deadline: None,
        accept: [].into(),
        small: true,
        credentials: Vec::new(),
    });
    ledger().record(errand, stamp()).unwrap()
}

/// A refusal with all that a peer may be told.
pub(crate) fn refused() -> Refusal {
    Refusal::new(Code::PurposeNotCovered, "`advertising` is not permitted")
        .with_contract(ContractId(Digest::of(b"contract")))
        .with_clause(hansa_policy::id::ClauseId(3), "research")
        .with_help("ask for research")
}

#[derive(Debug, Default)]
struct Ram {
    full: bool,
}

impl Shelf for Ram {
    fn append(&mut self, _: &[u8]) -> Result<(), ShelfBroken> {
        if self.full {
            return Err(ShelfBroken {
                reason: "full".to_owned(),
                full: true,
            });
        }
        Ok(())
    }
}

fn ledger() -> Ledger<Ram> {
    let chain = Chain::new("munster.example/hansa/evidence");
    Ledger::open(Ram::default(), chain, "boot-1")
}

fn stamp() -> Stamp {
    Stamp {
        tick: Tick {
            wall: Time::from_micros(1_800_000_000_000_000).unwrap(),
            mono_ns: 0,
        },
        salt: Salt([0; 16]),
    }
}
