//! error: E0308

fn attempt(refusal: &Refusal) {
    let _ = hansa_proto::peer::refusal::to_wire(refusal);
}
