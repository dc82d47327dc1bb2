//! error: E0308

fn attempt(signed: SignedContract) -> VerifiedContract {
    signed
}
