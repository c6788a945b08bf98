//! The words of a pattern.

use std::fmt;

use super::PatternError;
use crate::shown::shown;

/// One word of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'p> {
    /// An object path, without quotation marks.
    Path(String),
    /// A text in quotation marks, without them.
    Text(String),
    /// Letters, digits and such that are no path: operators, numbers.
    Word(&'p str),
    /// Any other character.
    Sign(char),
    /// Nothing is left.
    End,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(text) | Self::Text(text) => f.write_str(&shown(text)),
            Self::Word(text) => f.write_str(&shown(text)),
            Self::Sign(sign) => f.write_str(&shown(&sign.to_string())),
            Self::End => f.write_str("the end"),
        }
    }
}

/// A place in a pattern.
pub(super) struct Scan<'p> {
    pattern: &'p str,
    at: usize,
}

/// Whether a character may stand in an operator, a number, or the name of an object type or property.
fn is_of_a_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

impl<'p> Scan<'p> {
    pub(super) fn new(pattern: &'p str) -> Self {
        Self { pattern, at: 0 }
    }

    /// Goes over the word if it is next.
    pub(super) fn skip_word(&mut self, word: &str) -> bool {
        let before = self.at;
        let found = matches!(self.next(), Ok((Token::Word(found), _)) if found == word);
        if !found {
            self.at = before;
        }
        found
    }

    /// The next word and its column, in bytes counted from 1.
    pub(super) fn next(&mut self) -> Result<(Token<'p>, usize), PatternError> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        let column = self.at + 1;
        let token = match self.rest().chars().next() {
            None => Token::End,
            Some('\'') => Token::Text(self.text()?),
            Some(c) if is_of_a_word(c) => {
                let word = self.word();
                if self.rest().starts_with(':') {
                    self.at += 1;
                    Token::Path(format!("{word}:{}", self.properties()?))
                } else {
                    Token::Word(word)
                }
            }
            Some(c) => {
                self.at += c.len_utf8();
                Token::Sign(c)
            }
        };
        Ok((token, column))
    }

    fn rest(&self) -> &'p str {
        &self.pattern[self.at..]
    }

    fn word(&mut self) -> &'p str {
        let rest = self.rest();
        let end = rest.find(|c| !is_of_a_word(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// What follows the colon of a path: names with full stops between, some in quotation marks, some with an index.
    fn properties(&mut self) -> Result<String, PatternError> {
        let mut path = String::new();
        loop {
            if self.rest().starts_with('\'') {
                path.push_str(&self.text()?);
            } else {
                path.push_str(self.word());
            }
            if let Some((index, _)) = self.rest().strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                self.at += index.len() + 2;
                path.push_str("[*]");
            }
            if !self.rest().starts_with('.') {
                return Ok(path);
            }
            self.at += 1;
            path.push('.');
        }
    }

    /// A text in quotation marks, in which a backslash goes before a quotation mark or another.
    fn text(&mut self) -> Result<String, PatternError> {
        let column = self.at + 1;
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, c)) = characters.next() {
            match c {
                '\'' => {
                    self.at += at + 1;
                    return Ok(text);
                }
                '\\' => text.extend(characters.next().map(|(_, c)| c)),
                other => text.push(other),
            }
        }
        Err(PatternError {
            column,
            why: "a text that does not end".to_owned(),
        })
    }
}
