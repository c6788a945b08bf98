//! Bounds on what is read. An operator's rules fit many times over; a file made to cost time or memory does not.

/// Largest file, in bytes of UTF-8.
pub const FILE_BYTES: usize = 256 * 1024;
/// Most files that are read together.
pub const FILES: usize = 256;
/// Most documents of one file.
pub const DOCUMENTS: usize = 512;
/// Most rules of all files that are read together.
pub const RULES_TOGETHER: usize = 2_048;
/// Most values, lists and maps of one file.
pub const NODES: usize = 50_000;
/// Most lists and maps within each other.
pub const NESTING: usize = 16;
/// Most correlations behind one, each as often as it is referred to.
pub const RULE_PARTS: usize = 64;
/// Most entries of one map.
pub const ENTRIES: usize = 256;
/// Most values of one list of a detection.
pub const VALUES: usize = 1_000;
/// Longest value of a detection, in bytes.
pub const VALUE_BYTES: usize = 2_048;
/// Most words and signs of a condition.
pub const CONDITION_TOKENS: usize = 256;
/// Most brackets and negations within each other in a condition.
pub const CONDITION_DEPTH: usize = 16;
/// Longest title, in characters: Sigma's own bound.
pub const TITLE_CHARS: usize = 256;
/// Longest description, in characters: Sigma's own bound.
pub const DESCRIPTION_CHARS: usize = 65_535;
/// Longest name of a rule, in bytes.
pub const NAME_BYTES: usize = chappe_model::limits::RULE_ID_BYTES;
/// Most pieces of advice, each as long as a title.
pub const ADVICE: usize = 8;
/// Most reports of one test.
pub const CASE_REPORTS: usize = 1_000;
/// Most faults that are told; the rest is counted.
pub const FAULTS: usize = 100;
