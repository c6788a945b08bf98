//! How a refused value is shown in an error: short, on one line, safe for a terminal.

/// Longest part of a refused value that an error repeats, in characters.
pub(crate) const SHOWN_CHARS: usize = 64;

/// The value between quotation marks: control and format characters escaped, cut after [`SHOWN_CHARS`] characters with its length in bytes.
pub(crate) fn quoted(value: &str) -> String {
    let mut shown = String::with_capacity(value.len().min(SHOWN_CHARS) + 2);
    shown.push('"');
    for c in value.chars().take(SHOWN_CHARS) {
        if c == '"' || c == '\\' || c.is_control() || is_invisible(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown.push('"');
    if value.chars().nth(SHOWN_CHARS).is_some() {
        shown.push_str(&format!("… ({} bytes)", value.len()));
    }
    shown
}

/// Characters that print nothing or turn the direction of the text around them: they would let a value disguise an error message.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_short_value_is_shown_whole() {
        assert_eq!(quoted("UK"), "\"UK\"");
    }

    #[test]
    fn control_characters_and_direction_marks_are_escaped() {
        assert_eq!(quoted("a\n\u{1b}[31m\u{202e}\""), "\"a\\n\\u{1b}[31m\\u{202e}\\\"\"");
    }

    #[test]
    fn a_long_value_is_cut_and_its_length_told() {
        let shown = quoted(&"é".repeat(100));
        assert_eq!(shown, format!("\"{}\"… (200 bytes)", "é".repeat(64)));
    }
}
