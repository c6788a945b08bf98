//! STIX patterns (STIX 2.1, section 9), as far as they only ask for values: `=` and `IN`, joined by `AND` and `OR`.
//!
//! Whatever asks for more (an order of observations, a negation, a comparison of size) is refused with its place: read in part, it would
//! report values that its author did not mean alone.

mod scan;

use self::scan::{Scan, Token};

/// Longest pattern that is read, in bytes.
pub(super) const MAX_PATTERN_BYTES: usize = 256 * 1024;

/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 32;

/// What is read, for messages.
const ACCEPTED: &str = "only values compared by = or IN, joined by AND and OR, are read";

/// The only path that is compared with a number.
const NUMBERED: &str = "autonomous-system:number";

/// One comparison of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    /// The object path without quotation marks, such as `file:hashes.SHA-256`.
    pub(super) path: String,
    /// What it is to be equal to.
    pub(super) value: String,
    /// Where the path stands, in bytes counted from 1.
    pub(super) column: usize,
}

/// Why a pattern is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PatternError {
    /// Where, in bytes counted from 1.
    pub(super) column: usize,
    /// What stands there and what is read.
    pub(super) why: String,
}

/// Every comparison of a pattern.
pub(super) fn terms(pattern: &str) -> Result<Vec<Term>, PatternError> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(PatternError {
            column: 1,
            why: format!("longer than {MAX_PATTERN_BYTES} bytes: split it"),
        });
    }
    let mut parser = Parser {
        scan: Scan::new(pattern),
        terms: Vec::new(),
    };
    parser.observations(0)?;
    match parser.scan.next()? {
        (Token::End, _) => Ok(parser.terms),
        (token, column) => Err(unexpected(&token, column)),
    }
}

struct Parser<'p> {
    scan: Scan<'p>,
    terms: Vec<Term>,
}

impl Parser<'_> {
    fn observations(&mut self, depth: usize) -> Result<(), PatternError> {
        self.joined(depth, Self::observation)
    }

    fn observation(&mut self, depth: usize) -> Result<(), PatternError> {
        match self.scan.next()? {
            (Token::Sign('['), _) => {
                self.comparisons(depth + 1)?;
                self.expect(']')
            }
            (Token::Sign('('), column) => {
                bounded(depth, column)?;
                self.observations(depth + 1)?;
                self.expect(')')
            }
            (token, column) => Err(unexpected(&token, column)),
        }
    }

    fn comparisons(&mut self, depth: usize) -> Result<(), PatternError> {
        self.joined(depth, Self::comparison)
    }

    fn comparison(&mut self, depth: usize) -> Result<(), PatternError> {
        match self.scan.next()? {
            (Token::Sign('('), column) => {
                bounded(depth, column)?;
                self.comparisons(depth + 1)?;
                self.expect(')')
            }
            (Token::Path(path), column) => self.compared(path, column),
            (token, column) => Err(unexpected(&token, column)),
        }
    }

    /// What stands behind a path: an operator and its values.
    fn compared(&mut self, path: String, column: usize) -> Result<(), PatternError> {
        match self.scan.next()? {
            (Token::Sign('='), _) => {
                let value = self.value(&path)?;
                self.terms.push(Term { path, value, column });
                Ok(())
            }
            (Token::Word("IN"), _) => {
                self.expect('(')?;
                loop {
                    let value = self.value(&path)?;
                    let path = path.clone();
                    self.terms.push(Term { path, value, column });
                    match self.scan.next()? {
                        (Token::Sign(','), _) => {}
                        (Token::Sign(')'), _) => return Ok(()),
                        (token, column) => return Err(unexpected(&token, column)),
                    }
                }
            }
            (token, column) => Err(unexpected(&token, column)),
        }
    }

    /// What is to be found at a path.
    fn value(&mut self, path: &str) -> Result<String, PatternError> {
        match self.scan.next()? {
            (Token::Text(value), _) => Ok(value),
            (Token::Word(number), _) if path == NUMBERED && number.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok(number.to_owned())
            }
            (token, column) => Err(unexpected(&token, column)),
        }
    }

    /// One or more of something, with `AND` or `OR` between.
    fn joined(
        &mut self,
        depth: usize,
        one: fn(&mut Self, usize) -> Result<(), PatternError>,
    ) -> Result<(), PatternError> {
        loop {
            one(self, depth)?;
            if !self.scan.skip_word("AND") && !self.scan.skip_word("OR") {
                return Ok(());
            }
        }
    }

    fn expect(&mut self, sign: char) -> Result<(), PatternError> {
        match self.scan.next()? {
            (Token::Sign(found), _) if found == sign => Ok(()),
            (token, column) => Err(unexpected(&token, column)),
        }
    }
}

fn bounded(depth: usize, column: usize) -> Result<(), PatternError> {
    if depth < MAX_DEPTH {
        return Ok(());
    }
    Err(PatternError {
        column,
        why: format!("more than {MAX_DEPTH} parentheses within each other"),
    })
}

fn unexpected(token: &Token<'_>, column: usize) -> PatternError {
    PatternError {
        column,
        why: match token {
            Token::End => "the pattern ends before it is complete".to_owned(),
            other => format!("{other}: {ACCEPTED}"),
        },
    }
}

#[cfg(test)]
mod tests;
