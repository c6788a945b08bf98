//! What the rules need to know of a Rust file, read with `syn`: functions with their lengths, modules, and the paths that code names.

use proc_macro2::{Delimiter, Spacing, Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::finding::Finding;
use super::sources::Source;

/// A function and how long it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Line of `fn`.
    pub(crate) line: usize,
    /// Lines from `fn` to the closing brace, both counted.
    pub(crate) lines: usize,
}

/// A path as code names it, a `use` tree taken apart: `std::fs::File` is three parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) parts: Vec<String>,
    pub(crate) line: usize,
    /// Inside `#[cfg(test)]`, a test function, or a file of tests.
    pub(crate) in_test: bool,
}

/// All that is read from one file.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) functions: Vec<Function>,
    pub(crate) paths: Vec<Named>,
    /// Names and lines of modules written in place.
    pub(crate) modules: Vec<(String, usize)>,
}

impl Facts {
    /// Parses a file; a file that does not parse is itself a finding.
    pub(crate) fn read(source: &Source) -> Result<Self, Finding> {
        let file = syn::parse_file(&source.text).map_err(|error| {
            Finding::new(
                &source.path,
                line_of(error.span()),
                format!("not Rust that parses: {error}"),
            )
        })?;
        let mut reader = Reader {
            facts: Self::default(),
            test_depth: usize::from(source.is_test()),
        };
        reader.visit_file(&file);
        Ok(reader.facts)
    }
}

fn line_of(span: Span) -> usize {
    span.start().line
}

struct Reader {
    facts: Facts,
    test_depth: usize,
}

impl Reader {
    fn function(&mut self, name: &syn::Ident, from: Span, to: Span) {
        let line = line_of(from);
        self.facts.functions.push(Function {
            name: name.to_string(),
            line,
            lines: to.end().line.saturating_sub(line) + 1,
        });
    }

    fn named(&mut self, parts: Vec<String>, span: Span) {
        self.facts.paths.push(Named {
            parts,
            line: line_of(span),
            in_test: self.test_depth > 0,
        });
    }

    fn within(&mut self, test: bool, visit: impl FnOnce(&mut Self)) {
        self.test_depth += usize::from(test);
        visit(self);
        self.test_depth -= usize::from(test);
    }

    fn use_tree(&mut self, prefix: &mut Vec<String>, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.use_tree(prefix, &path.tree);
                prefix.pop();
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.use_tree(prefix, item)),
            syn::UseTree::Glob(glob) => self.used(prefix, "*", glob.star_token.span()),
            syn::UseTree::Name(name) => self.used(prefix, &name.ident.to_string(), name.ident.span()),
            syn::UseTree::Rename(rename) => self.used(prefix, &rename.ident.to_string(), rename.ident.span()),
        }
    }

    fn used(&mut self, prefix: &[String], last: &str, span: Span) {
        let mut parts = prefix.to_vec();
        // `use std::fs::{self}` names `std::fs`.
        if last != "self" {
            parts.push(last.to_owned());
        }
        self.named(parts, span);
    }

    /// Macro arguments are tokens, not syntax: paths and functions are picked out of them by shape.
    fn tokens(&mut self, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < trees.len() {
            match &trees[at] {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(word) if word == "fn" => self.function_in_tokens(word.span(), &trees[at + 1..]),
                TokenTree::Ident(word) => {
                    let (parts, last) = path_at(&trees, at);
                    self.named(parts, word.span());
                    at = last;
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn function_in_tokens(&mut self, from: Span, rest: &[TokenTree]) {
        let Some(TokenTree::Ident(name)) = rest.first() else {
            return;
        };
        for tree in rest {
            match tree {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    return self.function(name, from, group.span_close());
                }
                TokenTree::Punct(mark) if mark.as_char() == ';' => return,
                _ => {}
            }
        }
    }
}

/// The path that starts at an identifier, and the position of its last part.
fn path_at(trees: &[TokenTree], start: usize) -> (Vec<String>, usize) {
    let mut parts = vec![trees[start].to_string()];
    let mut at = start;
    while let [
        TokenTree::Punct(first),
        TokenTree::Punct(second),
        TokenTree::Ident(next),
    ] = &trees[at + 1..(at + 4).min(trees.len())]
    {
        if first.as_char() != ':' || first.spacing() != Spacing::Joint || second.as_char() != ':' {
            break;
        }
        parts.push(next.to_string());
        at += 3;
    }
    (parts, at)
}

/// `#[cfg(test)]` and what contains it positively, `#[test]`, `#[tokio::test]`.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let words: Vec<String> = words(list.tokens.clone());
            words.iter().any(|word| word == "test") && !words.iter().any(|word| word == "not")
        }
        meta => meta.path().segments.last().is_some_and(|part| part.ident == "test"),
    })
}

fn words(tokens: TokenStream) -> Vec<String> {
    let each = |tree: TokenTree| match tree {
        TokenTree::Group(group) => words(group.stream()),
        TokenTree::Ident(word) => vec![word.to_string()],
        _ => Vec::new(),
    };
    tokens.into_iter().flat_map(each).collect()
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.facts
            .modules
            .push((item.ident.to_string(), line_of(item.ident.span())));
        self.within(is_test(&item.attrs), |reader| visit::visit_item_mod(reader, item));
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(
            &item.sig.ident,
            item.sig.fn_token.span(),
            item.block.brace_token.span.close(),
        );
        self.within(is_test(&item.attrs), |reader| visit::visit_item_fn(reader, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(
            &item.sig.ident,
            item.sig.fn_token.span(),
            item.block.brace_token.span.close(),
        );
        self.within(is_test(&item.attrs), |reader| visit::visit_impl_item_fn(reader, item));
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(
                &item.sig.ident,
                item.sig.fn_token.span(),
                block.brace_token.span.close(),
            );
        }
        self.within(is_test(&item.attrs), |reader| visit::visit_trait_item_fn(reader, item));
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.within(is_test(&item.attrs), |reader| {
            reader.use_tree(&mut Vec::new(), &item.tree)
        });
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.within(is_test(&item.attrs), |reader| visit::visit_item_impl(reader, item));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts = path.segments.iter().map(|part| part.ident.to_string()).collect();
        self.named(parts, path.span());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        visit::visit_macro(self, item);
        self.tokens(item.tokens.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Facts {
        Facts::read(&Source::new("crates/model/src/a.rs", text)).unwrap()
    }

    fn has(facts: &Facts, path: &str, in_test: bool) -> bool {
        facts
            .paths
            .iter()
            .any(|named| named.parts.join("::") == path && named.in_test == in_test)
    }

    #[test]
    fn a_use_tree_is_taken_apart() {
        let facts = read("use std::{fs::{self, File}, net::IpAddr as Ip, io::*};\n");
        for path in ["std::fs", "std::fs::File", "std::net::IpAddr", "std::io::*"] {
            assert!(has(&facts, path, false), "{path} in {:?}", facts.paths);
        }
    }

    #[test]
    fn paths_in_macros_are_seen_and_words_in_strings_are_not() {
        let facts =
            read("fn f() { let v = vec![g(std::time::SystemTime::now()), h(\"std::fs\")]; /* std::thread */ }\n");
        assert!(has(&facts, "std::time::SystemTime::now", false), "{:?}", facts.paths);
        assert!(!has(&facts, "std::fs", false) && !has(&facts, "std::thread", false));
    }

    #[test]
    fn test_code_is_marked() {
        let facts = read(
            "use std::a;\n#[cfg(test)]\nmod tests { use std::b; }\n#[cfg(not(test))]\nmod real { use std::c; }\n#[tokio::test]\nasync fn t() { std::d(); }\n",
        );
        assert!(
            has(&facts, "std::a", false)
                && has(&facts, "std::b", true)
                && has(&facts, "std::c", false)
                && has(&facts, "std::d", true)
        );
    }

    #[test]
    fn functions_are_counted_from_fn_to_brace() {
        let facts = read(
            "/// Docs.\n#[inline]\npub fn a(\n    x: u8,\n) -> u8 {\n    x\n}\nimpl S { fn b() {} }\nm! {\n    fn c() {\n    }\n}\n",
        );
        let lengths: Vec<(&str, usize, usize)> = facts
            .functions
            .iter()
            .map(|f| (f.name.as_str(), f.line, f.lines))
            .collect();
        assert_eq!(lengths, [("a", 3, 5), ("b", 8, 1), ("c", 10, 2)]);
    }
}
