//! Defanged forms: how people write an indicator so that nothing makes it a link, undone and made.

use std::borrow::Cow;

use super::IndicatorKind;

/// What stands between brackets, in any case, and what it means.
const TOKENS: [(&str, &str); 6] = [
    (".", "."),
    ("dot", "."),
    (":", ":"),
    ("@", "@"),
    ("at", "@"),
    ("://", "://"),
];

/// Schemes as defanged, and what they mean.
const SCHEMES: [(&str, &str); 3] = [("hxxp", "http"), ("hxxps", "https"), ("fxp", "ftp")];

/// Replaces every bracketed token, also those that a replacement completes, so that none is left: `[.]`, `(dot)`, `{at}`, `[://]`.
///
/// One pass: a token ends with its closing bracket, so it is complete exactly when that is written.
pub(super) fn undo_brackets(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b']' | b')' | b'}')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let open = match c {
            ']' => '[',
            ')' => '(',
            '}' => '{',
            _ => {
                out.push(c);
                continue;
            }
        };
        match token_at_end(&out, open) {
            Some((start, meaning)) => {
                out.truncate(start);
                out.push_str(meaning);
            }
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Where the opening bracket of a token stands that the text ends with, and what the token means.
fn token_at_end(text: &str, open: char) -> Option<(usize, &'static str)> {
    let tail_start = text.len().saturating_sub(4);
    let start = tail_start
        + text.as_bytes()[tail_start..]
            .iter()
            .rposition(|byte| char::from(*byte) == open)?;
    let body = text.get(start + 1..)?;
    let (_, meaning) = TOKENS.iter().find(|(token, _)| token.eq_ignore_ascii_case(body))?;
    Some((start, meaning))
}

/// Replaces a defanged scheme: `hxxp://` becomes `http://`.
pub(super) fn undo_scheme(text: &str) -> Cow<'_, str> {
    let meant = text.split_once("://").and_then(|(scheme, rest)| {
        let (_, meaning) = SCHEMES
            .iter()
            .find(|(defanged, _)| defanged.eq_ignore_ascii_case(scheme))?;
        Some(format!("{meaning}://{rest}"))
    });
    meant.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The defanged form of a canonical value. What no program makes a link of has none and stays as it is.
pub(super) fn defang(kind: IndicatorKind, value: &str) -> String {
    match kind {
        IndicatorKind::Ip | IndicatorKind::Domain | IndicatorKind::Cidr => {
            if value.contains(':') {
                value.replace(':', "[:]")
            } else {
                value.replace('.', "[.]")
            }
        }
        IndicatorKind::Email => match value.rsplit_once('@') {
            Some((local, domain)) => format!("{local}[@]{}", domain.replace('.', "[.]")),
            None => value.to_owned(),
        },
        IndicatorKind::Url => defang_url(value),
        _ => value.to_owned(),
    }
}

fn defang_url(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else {
        return value.to_owned();
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.replace('.', "[.]");
    match SCHEMES.iter().find(|(_, meaning)| *meaning == scheme) {
        Some((defanged, _)) => format!("{defanged}://{host}{path}"),
        None => format!("{scheme}[://]{host}{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_undone_in_every_bracket_and_case() {
        for (written, meant) in [
            ("a[.]b(.)c{.}d", "a.b.c.d"),
            ("a[dot]b(DOT)c{Dot}d", "a.b.c.d"),
            ("u[at]b(@)c{AT}d", "u@b@c@d"),
            ("hxxp[:]//a", "hxxp://a"),
            ("hxxp[://]a", "hxxp://a"),
            ("[[.].]", "[..]"),
            ("[[.]]", "."),
            ("a[.b.]c", "a[.b.]c"),
            ("a(.]b", "a(.]b"),
            ("é[.]ü", "é.ü"),
            ("]", "]"),
        ] {
            assert_eq!(undo_brackets(written), meant, "{written}");
            assert_eq!(undo_brackets(meant), meant, "{meant} is settled");
        }
    }

    #[test]
    fn schemes_are_undone_at_the_front_only() {
        assert_eq!(undo_scheme("hXXps://a/hxxp://b"), "https://a/hxxp://b");
        assert_eq!(undo_scheme("fxp://a"), "ftp://a");
        assert_eq!(undo_scheme("a/hxxp://b"), "a/hxxp://b");
    }
}
