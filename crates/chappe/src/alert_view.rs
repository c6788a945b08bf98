//! An alert for the eyes of an analyst, and as a line of JSON.

mod behind;
mod cascade;
mod decision;
mod hit;
mod line;
mod text;

pub use behind::{BehindLine, EvidenceLine, LinkLine, SharedLine};
pub use decision::DecisionLine;
pub use hit::HitLine;
pub use line::AlertLine;
pub use text::Renderer;

pub(crate) use line::millis;
pub(crate) use text::{clock, moment, row};
