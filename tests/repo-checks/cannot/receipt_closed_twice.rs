//! error: E0382

fn attempt(receipt: Receipt, refusal: Refusal) {
    let _ = Declined::closing(receipt, refusal.clone(), None);
    let _ = Declined::closing(receipt, refusal, None);
}
