//! YAML as a tree in which every value knows its place. What rules do not need and readers trip over is refused: anchors and aliases, which
//! make a small file a large one, tags, and keys that stand twice.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::fault::{At, Faults};
use crate::limits::{DOCUMENTS, ENTRIES, FILE_BYTES, NESTING, NODES};

/// A value.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// `null`, `~`, or nothing.
    Null,
    /// As written, without quotation marks.
    Plain(String),
    /// In quotation marks, or as a block.
    Quoted(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// The key of an entry.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) at: At,
    pub(crate) text: String,
}

impl Node {
    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Plain(text) | Kind::Quoted(text) => Some(text),
            _ => None,
        }
    }

    /// `true` or `false`, without quotation marks.
    pub(crate) fn truth(&self) -> Option<bool> {
        match &self.kind {
            Kind::Plain(text) if text == "true" => Some(true),
            Kind::Plain(text) if text == "false" => Some(false),
            _ => None,
        }
    }

    /// A whole number without sign, without quotation marks.
    pub(crate) fn number(&self) -> Option<u32> {
        match &self.kind {
            Kind::Plain(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            _ => None,
        }
    }

    /// What it is, for messages.
    pub(crate) fn what(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Plain(_) | Kind::Quoted(_) => "a value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }
}

/// Reads the documents of a file; none, and a fault, when it is not YAML as it should be.
pub(crate) fn documents(file: usize, text: &str, faults: &mut Faults) -> Option<Vec<Node>> {
    let start = At {
        file,
        line: 1,
        column: 1,
    };
    if text.len() > FILE_BYTES {
        faults.push(
            start,
            format!("{} bytes: at most {FILE_BYTES}, split the file", text.len()),
        );
        return None;
    }
    let mut tree = Tree {
        file,
        documents: Vec::new(),
        open: Vec::new(),
        nodes: 0,
    };
    let before = faults.len();
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, span)) => tree.take(event, span, faults),
            Err(error) => {
                let (line, column) = (error.marker().line().max(1), error.marker().col() + 1);
                Err((
                    At { file, line, column },
                    format!("not YAML as it should be: {}", error.info()),
                ))
            }
        };
        if let Err((at, message)) = step {
            faults.push(at, message);
            return None;
        }
    }
    (faults.len() == before).then_some(tree.documents)
}

struct Tree {
    file: usize,
    documents: Vec<Node>,
    open: Vec<Open>,
    nodes: usize,
}

enum Open {
    List(At, Vec<Node>),
    Map(At, Vec<(Key, Node)>, Option<Key>),
}

/// A fault after which the rest of the file cannot be understood.
type Broken = (At, String);

impl Tree {
    fn take(&mut self, event: Event<'_>, span: Span, faults: &mut Faults) -> Result<(), Broken> {
        let at = At {
            file: self.file,
            line: span.start.line().max(1),
            column: span.start.col() + 1,
        };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                no_extras(at, anchor, tag.is_some())?;
                let kind = match style {
                    ScalarStyle::Plain if matches!(&*text, "" | "~" | "null" | "Null" | "NULL") => Kind::Null,
                    ScalarStyle::Plain => Kind::Plain(text.into_owned()),
                    _ => Kind::Quoted(text.into_owned()),
                };
                self.close(Node { at, kind }, faults)
            }
            Event::SequenceStart(anchor, tag) => {
                no_extras(at, anchor, tag.is_some())?;
                self.open(at, Open::List(at, Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                no_extras(at, anchor, tag.is_some())?;
                self.open(at, Open::Map(at, Vec::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let node = match self.open.pop() {
                    Some(Open::List(at, items)) => Node {
                        at,
                        kind: Kind::List(items),
                    },
                    Some(Open::Map(at, entries, _)) => Node {
                        at,
                        kind: Kind::Map(entries),
                    },
                    None => return Ok(()),
                };
                self.close(node, faults)
            }
            Event::Alias(_) => Err((at, "an alias (*): write out what it stands for".into())),
            Event::DocumentStart(_) if self.documents.len() == DOCUMENTS => {
                Err((at, format!("more than {DOCUMENTS} documents: split the file")))
            }
            Event::DocumentStart(_) | Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => {
                Ok(())
            }
        }
    }

    fn open(&mut self, at: At, open: Open) -> Result<(), Broken> {
        if let Some(Open::Map(_, _, None)) = self.open.last() {
            return Err((at, "a list or a map as the key of a map: give a word".into()));
        }
        if self.open.len() == NESTING {
            return Err((at, format!("more than {NESTING} lists and maps within each other")));
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self, node: Node, faults: &mut Faults) -> Result<(), Broken> {
        self.nodes += 1;
        if self.nodes > NODES {
            return Err((node.at, format!("more than {NODES} values: split the file")));
        }
        match self.open.last_mut() {
            None => self.documents.push(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, entries, key)) => match key.take() {
                None => *key = Some(as_key(node)),
                Some(key) if entries.iter().any(|(earlier, _)| earlier.text == key.text) => {
                    faults.push(key.at, format!("'{}' stands twice in one map", key.text));
                }
                Some(key) if entries.len() == ENTRIES => {
                    return Err((key.at, format!("more than {ENTRIES} entries in one map")));
                }
                Some(key) => entries.push((key, node)),
            },
        }
        Ok(())
    }
}

fn as_key(node: Node) -> Key {
    let text = match node.kind {
        Kind::Plain(text) | Kind::Quoted(text) => text,
        _ => String::new(),
    };
    Key { at: node.at, text }
}

fn no_extras(at: At, anchor: usize, tagged: bool) -> Result<(), Broken> {
    if anchor > 0 {
        return Err((at, "an anchor (&): rules are written out".into()));
    }
    if tagged {
        return Err((at, "a tag (!): rules need none, write the plain value".into()));
    }
    Ok(())
}
