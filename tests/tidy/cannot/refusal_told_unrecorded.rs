//! error: E0308

fn attempt(refusal: &Refusal) {
    let _ = proto::peer::refusal::to_wire(refusal);
}
