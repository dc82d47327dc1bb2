//! Certificates of a seal, by which an authority confirms the signer (RFC 7515, section 4.1.6).

/// Certificates in DER, the signing key's first, each issued by the next one. They are not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealCertificates {
    own: Vec<u8>,
    above: Vec<Vec<u8>>,
}

/// Largest number of certificates of one seal.
pub const MOST: usize = 4;

/// Largest size of one certificate, bytes.
pub const LARGEST: usize = 8 * 1024;

impl SealCertificates {
    /// Takes a chain of certificates in order, without duplicates.
    ///
    /// # Errors
    /// The reason why the chain is not accepted.
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

    /// Certificate of the signing key.
    #[must_use]
    pub fn signing_certificate(&self) -> &[u8] {
        &self.own
    }

    /// Certificates between the signing key's and the authority.
    #[must_use]
    pub fn issuer_certificates(&self) -> &[Vec<u8>] {
        &self.above
    }

    /// All certificates in order.
    pub fn chain(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(self.own.as_slice()).chain(self.above.iter().map(Vec::as_slice))
    }
}
