//! Content negotiation (section 1.6.8).

/// The media type of every answer, and of what is posted.
pub const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";
/// The media type of the objects.
pub const STIX_MEDIA_TYPE: &str = "application/stix+json;version=2.1";

const TYPE: &str = "application/taxii+json";
const VERSION: &str = "2.1";

/// Whether an `Accept` header asks for TAXII 2.1: at least one of its ranges names the type, with this version or none.
#[must_use]
pub fn accepts(header: &str) -> bool {
    header.split(',').any(is_taxii)
}

/// Whether a `Content-Type` says TAXII 2.1.
#[must_use]
pub fn is_taxii(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(TYPE));
    named
        && parts.all(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "version" => value == VERSION,
                // A weight of nothing refuses the type.
                "q" => value.parse::<f32>().is_ok_and(|weight| weight > 0.0),
                _ => true,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_with_its_version_or_none_is_taken() {
        for header in [
            MEDIA_TYPE,
            "application/taxii+json",
            "application/taxii+json; version=2.1",
            "application/taxii+json;version=\"2.1\"",
            "Application/TAXII+json;Version=2.1;q=0.5",
            "application/taxii+json;version=2.1,application/stix+json;version=2.1",
            "application/taxii+json;version=2.0, application/taxii+json;version=2.1",
        ] {
            assert!(accepts(header), "{header}");
        }
        for header in [
            "",
            "*/*",
            "application/json",
            "application/taxii+json;version=2.0",
            "application/taxii+json;version=",
            "application/taxii+json;q=0",
            "application/vnd.oasis.taxii+json; version=2.0",
        ] {
            assert!(!accepts(header), "{header}");
        }
    }
}
