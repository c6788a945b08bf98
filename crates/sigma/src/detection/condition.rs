//! The condition of a detection: names of selections, `and`, `or`, `not`, brackets, `1 of`, `all of`.

use chappe_model::{Filter, Wildcards};

use super::Selection;
use crate::fault::{At, Faults};
use crate::limits::{CONDITION_DEPTH, CONDITION_TOKENS};
use crate::nearest::suggestion;
use crate::values::{cut, items};
use crate::yaml::{Kind, Node};

/// Reads a condition, or a list of them of which one must hold; none, and a fault, when it cannot be.
pub(super) fn read(node: &Node, selections: &mut [Selection], faults: &mut Faults) -> Option<Filter> {
    if let Kind::List(_) = node.kind {
        let parts = items(node, "condition", faults)?.iter();
        let read: Vec<Option<Filter>> = parts.map(|part| one(part, selections, faults)).collect();
        return read.into_iter().collect::<Option<Vec<_>>>().map(Filter::either);
    }
    one(node, selections, faults)
}

fn one(node: &Node, selections: &mut [Selection], faults: &mut Faults) -> Option<Filter> {
    let Some(text) = node.text() else {
        faults.push(node.at, format!("'condition' is a text, this is {}", node.what()));
        return None;
    };
    // Text in several lines has one place: where it begins.
    let quoted = usize::from(matches!(node.kind, Kind::Quoted(_)));
    let at = |column| {
        if text.contains('\n') {
            node.at
        } else {
            node.at.plus(quoted + column)
        }
    };
    let tokens: Vec<(At, &str)> = tokens(text)
        .into_iter()
        .map(|(column, token)| (at(column), token))
        .collect();
    if tokens.len() > CONDITION_TOKENS {
        faults.push(node.at, format!("{} words: at most {CONDITION_TOKENS}", tokens.len()));
        return None;
    }
    let end = at(text.chars().count());
    let mut parser = Parser {
        tokens: &tokens,
        end,
        depth: 0,
        selections,
    };
    let read = parser.either().and_then(|filter| match parser.peek() {
        None => Ok(filter),
        Some((at, ")")) => Err((at, "a bracket that was never opened".into())),
        Some((at, "|")) => Err((at, "aggregations belong to Sigma 1; write a correlation".into())),
        Some((at, token)) => Err((at, format!("'{}' where 'and' or 'or' belongs", cut(token)))),
    });
    match read {
        Ok(filter) => filter,
        Err((at, message)) => {
            faults.push(at, message);
            None
        }
    }
}

/// Words, and every other sign by itself, with their columns.
fn tokens(text: &str) -> Vec<(usize, &str)> {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '*' | '?' | '.');
    let mut found: Vec<(usize, &str)> = Vec::new();
    let mut begun: Option<(usize, usize)> = None;
    for (column, (byte, c)) in text.char_indices().enumerate() {
        if word(c) {
            begun.get_or_insert((column, byte));
            continue;
        }
        if let Some((start, from)) = begun.take() {
            found.push((start, &text[from..byte]));
        }
        if !c.is_whitespace() {
            found.push((column, &text[byte..byte + c.len_utf8()]));
        }
    }
    if let Some((start, from)) = begun {
        found.push((start, &text[from..]));
    }
    found
}

struct Parser<'p> {
    tokens: &'p [(At, &'p str)],
    end: At,
    depth: usize,
    selections: &'p mut [Selection],
}

/// A filter, none where a selection that it needs was faulty itself; or what is wrong with the condition.
type Read = Result<Option<Filter>, (At, String)>;

impl<'p> Parser<'p> {
    fn peek(&self) -> Option<(At, &'p str)> {
        self.tokens.first().copied()
    }

    fn next(&mut self) -> Option<(At, &'p str)> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(*first)
    }

    fn take(&mut self, word: &str) -> bool {
        let there = self.peek().is_some_and(|(_, token)| token == word);
        if there {
            self.next();
        }
        there
    }

    fn either(&mut self) -> Read {
        let mut parts = vec![self.both()?];
        while self.take("or") {
            parts.push(self.both()?);
        }
        Ok(parts.into_iter().collect::<Option<Vec<_>>>().map(Filter::either))
    }

    fn both(&mut self) -> Read {
        let mut parts = vec![self.term()?];
        while self.take("and") {
            parts.push(self.term()?);
        }
        Ok(parts.into_iter().collect::<Option<Vec<_>>>().map(Filter::all))
    }

    fn term(&mut self) -> Read {
        let Some((at, token)) = self.next() else {
            return Err((self.end, "the condition ends where a selection belongs".into()));
        };
        self.depth += 1;
        if self.depth > CONDITION_DEPTH {
            return Err((
                at,
                format!("more than {CONDITION_DEPTH} brackets and negations within each other"),
            ));
        }
        let read = match token {
            "not" => self.term()?.map(Filter::negated),
            "(" => {
                let inner = self.either()?;
                if !self.take(")") {
                    return Err((at, "a bracket that is never closed".into()));
                }
                inner
            }
            "1" | "all" if self.take("of") => self.some_of(token == "all")?,
            token if self.peek().is_some_and(|(_, next)| next == "of") => {
                return Err((at, format!("'{} of': Sigma knows '1 of' and 'all of'", cut(token))));
            }
            name => self.named(at, name)?,
        };
        self.depth -= 1;
        Ok(read)
    }

    fn named(&mut self, at: At, name: &str) -> Read {
        if matches!(name, "AND" | "OR" | "NOT" | "and" | "or" | "of" | "them") {
            return Err((
                at,
                format!("'{name}' where a selection belongs; and, or, not are written in lower case"),
            ));
        }
        if let Some(selection) = self.selections.iter_mut().find(|selection| selection.name == name) {
            selection.used = true;
            return Ok(selection.filter.clone());
        }
        if name.contains('*') {
            return Err((
                at,
                format!(
                    "'{}' stands for several: write '1 of {name}' or 'all of {name}'",
                    cut(name)
                ),
            ));
        }
        let names = self.selections.iter().map(|selection| selection.name.as_str());
        let near = suggestion(name, names.collect::<Vec<_>>());
        Err((at, format!("there is no selection '{}'{near}", cut(name))))
    }

    /// `them` are all whose names begin with no underscore.
    fn some_of(&mut self, all: bool) -> Read {
        let Some((at, pattern)) = self.next() else {
            return Err((self.end, "'of' what? Write 'them', or a name with '*'".into()));
        };
        let wildcards = Wildcards::parse(pattern, true);
        let mut parts = Vec::new();
        for selection in self.selections.iter_mut() {
            let meant = if pattern == "them" {
                !selection.name.starts_with('_')
            } else {
                wildcards.matches(&selection.name)
            };
            if meant {
                selection.used = true;
                parts.push(selection.filter.clone());
            }
        }
        if parts.is_empty() {
            return Err((at, format!("no selection is called like '{}'", cut(pattern))));
        }
        let parts = parts.into_iter().collect::<Option<Vec<_>>>();
        Ok(parts.map(|parts| if all { Filter::all(parts) } else { Filter::either(parts) }))
    }
}
