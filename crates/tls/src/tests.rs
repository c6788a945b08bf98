//! What is accepted and what is not, over real connections, in virtual time.

mod changes;
mod mutated;
mod pki;
mod right;
mod world;
mod wrong;
