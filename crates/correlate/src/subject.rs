use std::sync::Arc;

use chappe_model::{Compartment, KeyField, KeyHash, Rule, Secret};

/// What is being judged: one key under one rule in one compartment.
pub(crate) struct Subject<'a> {
    pub(crate) secret: &'a Secret,
    pub(crate) rule: &'a Arc<Rule>,
    pub(crate) compartment: &'a Compartment,
    pub(crate) key_hash: KeyHash,
    pub(crate) key: &'a Arc<[KeyField]>,
}
