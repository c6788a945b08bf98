use std::fmt;
use std::sync::Arc;

use crate::SpiffeId;

/// The serial number of a certificate, as its authority gave it: up to 20 bytes (RFC 5280, 4.1.2.2), written in hexadecimal digits without
/// leading zeros.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(Arc<str>);

impl Serial {
    /// Longest, in bytes: 20, and one for the sign that DER may need.
    const BYTES: usize = 21;

    /// From the bytes that stand in a certificate; none for more than a certificate may have.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        (bytes.len() <= Self::BYTES).then(|| Self::canonical(&digits))
    }

    /// Reads hexadecimal digits in either case, with or without colons, as other tools print them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text
            .chars()
            .filter(|c| *c != ':')
            .collect::<String>()
            .to_ascii_lowercase();
        let sound = (1..=2 * Self::BYTES).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        sound.then(|| Self::canonical(&digits))
    }

    fn canonical(digits: &str) -> Self {
        match digits.trim_start_matches('0') {
            "" => Self("0".into()),
            rest => Self(rest.into()),
        }
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an accepted client certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certified {
    /// Its holder.
    pub id: SpiffeId,
    /// Its serial number.
    pub serial: Serial,
}

/// What the transport proved of a connection. It stands among the extensions of each of the connection's requests, so that a message cannot
/// say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The client certificate; none on a connection over TLS that is to name itself by token.
    pub certificate: Option<Arc<Certified>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_compared_however_they_were_written() {
        let serial = Serial::of_bytes(&[0, 0x8f, 0x01]).unwrap();
        assert_eq!(serial.to_string(), "8f01");
        for same in ["8f01", "00:8F:01", "8F:01"] {
            assert_eq!(Serial::parse(same).as_ref(), Some(&serial), "{same}");
        }
        assert_eq!(Serial::of_bytes(&[]), Serial::parse("00"));
        for bad in ["", ":", "0x8f", "8g", &"1".repeat(43)] {
            assert_eq!(Serial::parse(bad), None, "{bad}");
        }
    }
}
