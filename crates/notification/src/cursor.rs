//! Cursors: where a stream goes on.

use chappe_model::{AlertId, MemberId, Secret, Timestamp};
use chappe_proto::Violations;

const VERSION: u8 = 1;
/// Version, log time, whether something was shown, its id, revision and log time.
const CONTENT_BYTES: usize = 1 + 8 + 1 + 16 + 4 + 8;
const SEAL_BYTES: usize = 16;
const PURPOSE: &str = "cursor";
const REFUSAL: &str = "not a cursor given to this member by this installation: give the cursor of the last answer unchanged, or none and list \
                       the alerts";

/// A point in log time, and what was shown last up to there.
///
/// Whoever holds it was shown everything they may see and asked for (a) before the first time mark that brought log time to `log_time`,
/// and (b) if `shown` lies behind that mark, from there to `shown`. No position stands in it, and no count: alerts that the holder may
/// not see have no influence on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The highest watermark of the time marks up to here; zero before the first.
    pub(crate) log_time: Timestamp,
    pub(crate) shown: Option<Shown>,
}

/// An alert revision put on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) id: AlertId,
    pub(crate) revision: u32,
    /// Log time of the stream then: the highest watermark of the time marks before it.
    pub(crate) log_time: Timestamp,
}

impl Cursor {
    /// The cursor for this member, as text: hexadecimal, of one length always.
    pub(crate) fn seal(&self, secret: &Secret, member: &MemberId) -> String {
        let content = self.content();
        let mut bytes = content.to_vec();
        bytes.extend(seal(secret, &content, member));
        chappe_model::hex(&bytes)
    }

    /// Takes back what [`Cursor::seal`] gave to the same member.
    pub(crate) fn open(text: &str, secret: &Secret, member: &MemberId, bad: &mut Violations) -> Option<Self> {
        let cursor = Self::read(text, secret, member);
        if cursor.is_none() {
            bad.push("cursor", REFUSAL);
        }
        cursor
    }

    fn read(text: &str, secret: &Secret, member: &MemberId) -> Option<Self> {
        let bytes = bytes_of(text, CONTENT_BYTES + SEAL_BYTES)?;
        let (content, sealed) = bytes.split_at_checked(CONTENT_BYTES)?;
        if !same(sealed, &seal(secret, content, member)) {
            return None;
        }
        let (version, rest) = content.split_first()?;
        let (log_time, rest) = rest.split_first_chunk::<8>()?;
        let (flag, rest) = rest.split_first()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let (revision, rest) = rest.split_first_chunk::<4>()?;
        let (shown_at, _) = rest.split_first_chunk::<8>()?;
        let shown = Shown {
            id: AlertId::from_bytes(*id),
            revision: u32::from_be_bytes(*revision),
            log_time: Timestamp::from_millis(u64::from_be_bytes(*shown_at)),
        };
        let log_time = Timestamp::from_millis(u64::from_be_bytes(*log_time));
        (*version == VERSION).then_some(Self {
            log_time,
            shown: (*flag == 1).then_some(shown),
        })
    }

    fn content(&self) -> [u8; CONTENT_BYTES] {
        let nothing = Shown {
            id: AlertId::from_bytes([0; 16]),
            revision: 0,
            log_time: Timestamp::ZERO,
        };
        let shown = self.shown.unwrap_or(nothing);
        let parts: [&[u8]; 6] = [
            &[VERSION],
            &self.log_time.as_millis().to_be_bytes(),
            &[u8::from(self.shown.is_some())],
            shown.id.as_bytes(),
            &shown.revision.to_be_bytes(),
            &shown.log_time.as_millis().to_be_bytes(),
        ];
        let mut content = [0; CONTENT_BYTES];
        for (to, from) in content.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        content
    }
}

/// Binds a content of fixed length to a member.
fn seal(secret: &Secret, content: &[u8], member: &MemberId) -> [u8; SEAL_BYTES] {
    secret.seal(PURPOSE, &[content, member.as_str().as_bytes()].concat())
}

/// Equality in a time that does not tell where the difference lies.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (x, y)| difference | (x ^ y)) == 0
}

/// Exactly `length` bytes from lower-case hexadecimal digits.
pub(crate) fn bytes_of(text: &str, length: usize) -> Option<Vec<u8>> {
    if text.len() != length * 2 {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| Some((digit(pair[0])? << 4) | digit(pair[1])?))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn cursor() -> Cursor {
        let shown = Shown {
            id: AlertId::from_bytes([9; 16]),
            revision: 3,
            log_time: Timestamp::from_millis(77),
        };
        Cursor {
            log_time: Timestamp::from_millis(1_764_547_200_123),
            shown: Some(shown),
        }
    }

    #[test]
    fn comes_back_to_the_member_it_was_given_to_only() {
        let (secret, a, b) = (
            Secret::new([1; 32]),
            MemberId::parse("a").unwrap(),
            MemberId::parse("b").unwrap(),
        );
        for cursor in [
            cursor(),
            Cursor::default(),
            Cursor {
                shown: None,
                ..cursor()
            },
        ] {
            let text = cursor.seal(&secret, &a);
            assert_eq!(Cursor::read(&text, &secret, &a), Some(cursor));
            assert_eq!(Cursor::read(&text, &secret, &b), None);
            assert_eq!(Cursor::read(&text, &Secret::new([2; 32]), &a), None);
        }
    }

    #[test]
    fn any_change_is_noticed_and_every_refusal_reads_the_same() {
        let (secret, a) = (Secret::new([1; 32]), MemberId::parse("a").unwrap());
        let text = cursor().seal(&secret, &a);
        let refusal = |text: &str| {
            let mut bad = Violations::default();
            assert_eq!(Cursor::open(text, &secret, &a, &mut bad), None);
            bad.into_vec()
        };
        let first = refusal("x");
        assert_eq!(first[0].field, "cursor");
        for i in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[i] = if changed[i] == b'0' { b'1' } else { b'0' };
            assert_eq!(refusal(std::str::from_utf8(&changed).unwrap()), first);
        }
        assert_eq!(refusal(&text[2..]), first);
        assert_eq!(refusal(&text.to_uppercase()), first);
        assert_eq!(refusal("é"), first);
    }
}
