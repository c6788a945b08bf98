//! The body of an answer, which has its place until it was handed on.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::rooms::Place;

/// So much is handed on at once: what a connection has in hand besides, in bytes, counts nowhere.
pub(super) const PIECE_BYTES: usize = 16 * 1024;

/// A body that is there as a whole. It is handed on in pieces, as its client reads them, and whoever does not read keeps the place of the rest.
pub(crate) struct Content {
    rest: Bytes,
    place: Option<Place>,
}

impl Content {
    /// Takes its place along.
    pub(super) fn held(self, place: Place) -> Self {
        Self {
            place: Some(place),
            ..self
        }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self {
            rest: text.into(),
            place: None,
        }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = match self.rest.len() {
            0 => None,
            // Copies: a part of the whole would keep all of it in memory.
            1..=PIECE_BYTES => {
                let last = Bytes::copy_from_slice(&std::mem::take(&mut self.rest));
                self.place = None;
                Some(last)
            }
            _ => Some(Bytes::copy_from_slice(&self.rest.split_to(PIECE_BYTES))),
        };
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use http_body_util::BodyExt;

    use super::*;
    use crate::taxii::rooms::Room;

    #[tokio::test]
    async fn a_body_goes_in_pieces_and_keeps_its_place_until_the_last() {
        let room = Room::new(1, 1);
        let place = room.enter(&chappe_model::MemberId::parse("a").unwrap()).unwrap();
        let text = "0123456789".repeat(PIECE_BYTES / 4);
        let mut content = Content::from(text.clone()).held(place);
        let (mut read, mut pieces) = (String::new(), 0);
        while !content.is_end_stream() {
            assert_eq!(content.size_hint().exact(), Some((text.len() - read.len()) as u64));
            assert_eq!(room.taken(), 1);
            let piece = content.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(piece.len() <= PIECE_BYTES);
            read.push_str(std::str::from_utf8(&piece).unwrap());
            pieces += 1;
        }
        assert!(content.frame().await.is_none());
        assert_eq!((read == text, pieces, room.taken()), (true, 3, 0));
    }
}
