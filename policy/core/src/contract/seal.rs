//! The certificates of a seal: by them an authority speaks for whoever signs (RFC 7515, section 4.1.6).

/// Certificates in DER, that of the signing key first, each issued by the next. Nothing of them is believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealCertificates {
    own: Vec<u8>,
    above: Vec<Vec<u8>>,
}

/// The most certificates of one seal.
pub const MOST: usize = 4;

/// The most bytes of one certificate.
pub const LARGEST: usize = 8 * 1024;

impl SealCertificates {
    /// The certificates in their order; none of them stands twice.
    ///
    /// # Errors
    /// Why these are no seal.
    pub fn new(chain: Vec<Vec<u8>>) -> Result<Self, &'static str> {
        if chain.is_empty() || chain.len() > MOST {
            return Err("a seal brings one to four certificates");
        }
        if chain
            .iter()
            .any(|one| one.is_empty() || one.len() > LARGEST)
        {
            return Err("a certificate of a seal is empty, or larger than 8 KiB");
        }
        let twice = chain
            .iter()
            .enumerate()
            .any(|(index, one)| chain.iter().skip(index + 1).any(|other| other == one));
        if twice {
            return Err("a certificate of a seal stands twice");
        }
        let mut chain = chain.into_iter();
        let own = chain.next().ok_or("a seal brings a certificate")?;
        Ok(Self {
            own,
            above: chain.collect(),
        })
    }

    /// The certificate of the key that signs.
    #[must_use]
    pub fn own(&self) -> &[u8] {
        &self.own
    }

    /// Those between it and its authority.
    #[must_use]
    pub fn above(&self) -> &[Vec<u8>] {
        &self.above
    }

    /// All of them, in order.
    pub fn chain(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(self.own.as_slice()).chain(self.above.iter().map(Vec::as_slice))
    }
}
