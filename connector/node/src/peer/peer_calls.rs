//! Connections to peers: opened on demand and kept while they are alive.

use crate::participant::Connector;
use crate::peer::peer_connections::{ContactFailure, KnownPeer, PeerContact, SuccessfulContact};
use hansa_identity::certificate::LeafCertificate;
use hansa_identity::mtls;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::greeting::PeerGreeting;
use hansa_transport::peer::client::{PeerClient, PeerEndpoint};
use hansa_transport::peer::settings::TransportSettings;
use std::sync::Arc;

impl Connector {
    /// Returns the peers of the configuration and the added ones. The configuration takes precedence.
    ///
    /// # Errors
    /// If the index can't be read.
    pub fn known_peers(&self) -> Result<Vec<KnownPeer>, Refusal> {
        let mut peers: Vec<KnownPeer> = self
            .config()
            .peers
            .iter()
            .map(|peer| KnownPeer {
                id: peer.id.clone(),
                address: peer.address.clone(),
                alias: peer.alias.clone(),
            })
            .collect();
        for (id, address, alias) in self.records.index_fast(|state| state.peers())? {
            let known = peers.iter().any(|peer| peer.id == id);
            if let (false, Ok(alias)) = (known, alias.parse()) {
                peers.push(KnownPeer { id, address, alias });
            }
        }
        peers.sort_by(|a, b| a.alias.cmp(&b.alias));
        Ok(peers)
    }

    /// Returns the peer with that alias, domain or ID.
    ///
    /// # Errors
    /// `PEER_UNKNOWN`.
    pub fn find_peer(&self, named: &str) -> Result<KnownPeer, Refusal> {
        self.known_peers()?
            .into_iter()
            .find(|peer| {
                peer.alias.as_str() == named
                    || peer.id.as_str() == named
                    || peer.id.domain() == named
            })
            .ok_or_else(|| {
                Refusal::new(
                    ErrorCode::PeerUnknown,
                    format!("no participant `{named}` is known here"),
                )
                .with_help("hansa peer list shows them; hansa peer add ADDRESS adds one")
            })
    }

    /// Returns the peer with that alias, domain or ID, or else the member of the league, whose address is in the signed bundle.
    ///
    /// The alias of a member is the first label of its domain, if it is free here.
    ///
    /// # Errors
    /// `PEER_UNKNOWN`.
    pub fn peer_or_member(&self, named: &str) -> Result<KnownPeer, Refusal> {
        self.find_peer(named).or_else(|unknown| {
            let is_named = |member: &KnownPeer| {
                member.alias.as_str() == named
                    || member.id.as_str() == named
                    || member.id.domain() == named
            };
            let mut members = self.reachable_members()?.into_iter().filter(is_named);
            match (members.next(), members.next()) {
                (Some(member), None) => Ok(member),
                (_, _) => Err(unknown),
            }
        })
    }

    /// Returns the members of the league that are not yet peers and have an address in the bundle.
    ///
    /// # Errors
    /// If the index can't be read.
    pub fn reachable_members(&self) -> Result<Vec<KnownPeer>, Refusal> {
        let known = self.known_peers()?;
        let own = self.config().participant.alias.clone();
        let is_free = |peer: &KnownPeer| {
            peer.alias != own
                && !known
                    .iter()
                    .any(|known| known.id == peer.id || known.alias == peer.alias)
        };
        let bundle = self.identity.trust.bundle();
        let members = bundle.content().parties.iter();
        Ok(members
            .filter(|member| member.expelled_at.is_none() && member.id != self.id())
            .filter_map(|member| {
                Some(KnownPeer {
                    id: member.id.clone(),
                    // A member that listens on any free port can't be dialled at that address.
                    address: member
                        .address
                        .clone()
                        .filter(|address| !address.ends_with(":0"))?,
                    alias: member.id.default_alias()?,
                })
            })
            .filter(is_free)
            .collect())
    }

    /// Returns a greeted connection to a peer.
    ///
    /// # Errors
    /// `PEER_UNREACHABLE`, or the reason why the other end is not the peer.
    pub async fn call_peer(self: &Arc<Self>, peer: &KnownPeer) -> Result<PeerClient, Refusal> {
        if let Some((address, client)) = self.peers.connections.held.lock().await.get(&peer.id)
            && *address == peer.address
        {
            return Ok(client.clone());
        }
        // Without the lock: a peer that does not answer must not delay calls to others. Only a greeted connection is kept, so that
        // each one is verified.
        let client = self.open_greeted_connection(peer).await?;
        let mut held = self.peers.connections.held.lock().await;
        held.insert(peer.id.clone(), (peer.address.clone(), client.clone()));
        Ok(client)
    }

    /// Opens a connection, greets the peer, and notes how that ended.
    async fn open_greeted_connection(
        self: &Arc<Self>,
        peer: &KnownPeer,
    ) -> Result<PeerClient, Refusal> {
        let begun = self.ticks();
        let opened = async {
            let client = self.open_connection(peer).await?;
            let program = self.greet_peer(&client).await?;
            Ok::<_, Refusal>((client, program))
        };
        match opened.await {
            Ok((client, program)) => {
                let success = SuccessfulContact {
                    at: self.now(),
                    round_trip: self.ticks().saturating_sub(begun),
                    program,
                };
                self.peers.connections.note_success(&peer.id, success);
                Ok(client)
            }
            Err(refusal) => {
                let failure = ContactFailure {
                    at: self.now(),
                    code: refusal.code,
                    sentence: refusal.sentence.clone(),
                };
                self.peers.connections.note_failure(&peer.id, failure);
                Err(refusal)
            }
        }
    }

    /// Returns the last contacts with a peer that this participant began, since its start.
    pub fn peer_contact(&self, peer: &ParticipantId) -> PeerContact {
        self.peers.connections.contact(peer)
    }

    /// Returns the open connection to a peer, if any.
    pub(crate) async fn open_call(&self, peer: &ParticipantId) -> Option<PeerClient> {
        let held = self.peers.connections.held.lock().await;
        held.get(peer).map(|(_, client)| client.clone())
    }

    /// Drops the connection to a peer. The next call opens a new one.
    pub async fn hang_up(&self, peer: &ParticipantId) {
        self.peers.connections.held.lock().await.remove(peer);
    }

    async fn open_connection(self: &Arc<Self>, peer: &KnownPeer) -> Result<PeerClient, Refusal> {
        let wrong = || {
            Refusal::new(
                ErrorCode::ConfigInvalid,
                format!(
                    "`{}` is not an address such as data.munster.example:8814",
                    peer.address
                ),
            )
        };
        let (host, port) = peer.address.rsplit_once(':').ok_or_else(wrong)?;
        let port: u16 = port.parse().map_err(|cause| wrong().caused_by(cause))?;
        self.own_certificate()?;
        let tls = mtls::client_config(&self.identity.trust, &peer.id, &self.clock)?;
        let (trust, clock, expected) = (
            Arc::clone(&self.identity.trust),
            Arc::clone(&self.clock),
            peer.id.clone(),
        );
        let endpoint = PeerEndpoint {
            participant: peer.id.clone(),
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            tls: Arc::new(move || Arc::clone(&tls)),
            check: Arc::new(move |connection| {
                mtls::check_listener(&trust, &expected, connection, clock().wall)
            }),
            settings: TransportSettings {
                listening: self.peers.connections.listen_patience(&peer.address),
                ..TransportSettings::default()
            },
        };
        PeerClient::connect(endpoint).await
    }

    /// Returns the own certificate while it is valid. After its end, every peer refuses this participant.
    ///
    /// # Errors
    /// `CERTIFICATE_EXPIRED` with its file.
    pub fn own_certificate(&self) -> Result<LeafCertificate, Refusal> {
        let file = self.config().trust.tls_cert.display().to_string();
        let leaf = self.identity.trust.own_certificate(self.now());
        leaf.map_err(|refusal| refusal.with_place(file, None, None))
    }

    /// Greets a peer: exchanges bundle, own head and heads of other logs. Takes a newer bundle of the league. Gives the program of
    /// the peer.
    async fn greet_peer(self: &Arc<Self>, client: &PeerClient) -> Result<String, Refusal> {
        let theirs = client
            .hello(&self.greeting(0))
            .await
            .map_err(|refusal| turned_away(refusal, client.participant()))?;
        theirs.common_version()?;
        if let Some(bytes) = &theirs.bundle {
            self.take_bundle(bytes)?;
        }
        if self.peers.heads.only_looks() {
            return Ok(theirs.program);
        }
        if let Some(head) = &theirs.head {
            self.follow_head(client, head).await?;
        }
        self.settle_heard(client).await?;
        self.take_in_heads(client.participant(), &theirs.gossiped_heads)
            .await?;
        Ok(theirs.program)
    }

    /// Returns the greeting of this participant. It contains the bundle only if the peer's bundle number is lower.
    pub(crate) fn greeting(&self, their_bundle: u64) -> PeerGreeting {
        let bundle = self.identity.trust.bundle();
        let sequence = bundle.content().sequence;
        // A receiver of a head would record it.
        let looks = self.peers.heads.only_looks();
        PeerGreeting {
            versions: hansa_proto::peer::VERSIONS.into_iter().collect(),
            program: format!("hansa {}", env!("CARGO_PKG_VERSION")),
            bundle_sequence: sequence,
            bundle: (sequence > their_bundle).then(|| bundle.to_bytes().into()),
            head: (!looks).then(|| self.records.log.head().to_string().into()),
            gossiped_heads: match looks {
                true => Vec::new(),
                false => self.heads_to_gossip(),
            },
        }
    }

    /// Takes in the greeting of a caller.
    ///
    /// # Errors
    /// If the log can't be written.
    pub(crate) async fn take_greeting(
        self: &Arc<Self>,
        peer: &ParticipantId,
        greeting: PeerGreeting,
    ) -> Result<(), Refusal> {
        if let Some(bytes) = &greeting.bundle {
            self.take_bundle(bytes)?;
        }
        if let Some(head) = &greeting.head {
            self.see_head(peer, head).await?;
        }
        self.take_in_heads(peer, &greeting.gossiped_heads).await
    }
}

/// Explains a cut connection: in TLS 1.3, a listener that does not trust the caller closes after the handshake.
fn turned_away(refusal: Refusal, peer: &ParticipantId) -> Refusal {
    if refusal.code != ErrorCode::StreamCut {
        return refusal;
    }
    Refusal::new(
        ErrorCode::PeerNotTrusted,
        format!("{} closed the connection before it answered", peer.domain()),
    )
    .with_participant(peer.clone())
    .with_help("it may not know this participant yet: give it the league's newest bundle (hansa league export)")
    .with_help("or this participant's certificate has expired: hansa join")
}
