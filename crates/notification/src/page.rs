//! Pages: how large they are, and the tokens that say where a list goes on.

use chappe_model::{MemberId, Secret};
use chappe_proto::Violations;

use crate::cursor::{bytes_of, same};
use crate::options::{PAGE_SIZE, PAGE_SIZE_MAX};

const ID_BYTES: usize = 16;
const SEAL_BYTES: usize = 16;
const PURPOSE: &str = "page";

/// How many may stand on a page, of those that were asked for.
pub(crate) fn size(asked: i32, bad: &mut Violations) -> usize {
    match usize::try_from(asked) {
        Ok(0) => PAGE_SIZE,
        Ok(size) if size <= PAGE_SIZE_MAX => size,
        _ => {
            bad.push(
                "page_size",
                format!("{asked} is out of range: give 1 to {PAGE_SIZE_MAX}, or leave it out for {PAGE_SIZE}"),
            );
            PAGE_SIZE
        }
    }
}

/// The token for what follows the id `last` in this member's list of what is asked: the text of its filter and time.
pub(crate) fn seal(last: &[u8; ID_BYTES], asked: &str, secret: &Secret, member: &MemberId) -> String {
    let sealed = sealed(last, asked, secret, member);
    chappe_model::hex(&[&last[..], &sealed].concat())
}

/// Takes back what [`seal`] gave to the same member for the same list; an empty token starts the list.
pub(crate) fn open(
    text: &str,
    asked: &str,
    secret: &Secret,
    member: &MemberId,
    bad: &mut Violations,
) -> Option<[u8; ID_BYTES]> {
    if text.is_empty() {
        return None;
    }
    let id = read(text, asked, secret, member);
    if id.is_none() {
        bad.push(
            "page_token",
            "not a token given to this member for a list with this filter and time: leave it out to list from the start",
        );
    }
    id
}

fn read(text: &str, asked: &str, secret: &Secret, member: &MemberId) -> Option<[u8; ID_BYTES]> {
    let bytes = bytes_of(text, ID_BYTES + SEAL_BYTES)?;
    let (id, given) = bytes.split_first_chunk::<ID_BYTES>()?;
    same(given, &sealed(id, asked, secret, member)).then_some(*id)
}

fn sealed(id: &[u8; ID_BYTES], asked: &str, secret: &Secret, member: &MemberId) -> [u8; SEAL_BYTES] {
    // A member id holds no space, so where it ends is plain.
    let context = format!("{member} {asked}");
    secret.seal(PURPOSE, &[&id[..], context.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn holds_for_one_member_and_one_filter() {
        let (secret, a, b) = (
            Secret::new([1; 32]),
            MemberId::parse("a").unwrap(),
            MemberId::parse("b").unwrap(),
        );
        let (all, high) = ("live severity>=info", "live severity>=high");
        let id = [5; 16];
        let token = seal(&id, all, &secret, &a);
        let open = |text: &str, asked: &str, member: &MemberId| {
            let mut bad = Violations::default();
            let id = open(text, asked, &secret, member, &mut bad);
            (id, bad.into_vec().into_iter().map(|v| v.field).collect::<Vec<_>>())
        };
        assert_eq!(open(&token, all, &a), (Some(id), vec![]));
        assert_eq!(open("", all, &a), (None, vec![]));
        for (text, asked, member) in [
            (token.as_str(), high, &a),
            (&token, all, &b),
            (&token[1..], all, &a),
            ("é", all, &a),
        ] {
            assert_eq!(open(text, asked, member), (None, vec!["page_token".to_owned()]));
        }
    }
}
