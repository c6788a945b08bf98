//! UUIDs that are functions of what they name: version 5 of RFC 9562, section 5.5.

use sha1::{Digest, Sha1};

/// Of this crate's own names. Never changes: what was once sent or written under an id is known by it.
pub(crate) const OWN: [u8; 16] = *b"\x7b\x0f\x5a\x1e\x3c\x52\x4f\x0e\x8e\x0b\x52\xa1\xc5\xd7\xa9\xf3";

/// The UUID of a name in a namespace, as text.
pub(crate) fn uuid(namespace: &[u8; 16], name: &str) -> String {
    let hash: [u8; 20] = Sha1::new().chain_update(namespace).chain_update(name).finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x50;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
    format!("{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_9562_comes_out() {
        let dns = *b"\x6b\xa7\xb8\x10\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8";
        assert_eq!(uuid(&dns, "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }
}
