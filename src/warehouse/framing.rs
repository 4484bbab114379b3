//! Checks the length of a server's messages before the `postgres` crate reads them, which would accept any length into
//! memory.
//!
//! A message is a tag of one byte, its length in four bytes (which include themselves), and its body:
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html>.

use std::io;

/// Most bytes that a server may send before it is ready for the first statement: how to authenticate, parameters, a
/// refusal. PostgreSQL's own client accepts 30,000 bytes for the longest of them.
const BEFORE_LOGIN: usize = 64 << 10;

/// Longest message that is not a row: an error may repeat what a trigger's author wrote.
const NO_ROW: usize = 1 << 20;

/// Longest answer to a statement. Ours ask for some thousand rows of a few hundred bytes, and for one short row per
/// asset.
const ANSWER: usize = 32 << 20;

/// Cost of keeping a message beyond its bytes, so that an endless answer of empty rows is limited too.
const MESSAGE: usize = 64;

/// Follows the messages in what is read.
#[derive(Debug, Default)]
pub(super) struct Framing {
    /// The bytes of the next message's head so far.
    head: Vec<u8>,
    /// The remaining bytes of the message's body.
    left: usize,
    /// The size of the answer since the server was last ready.
    answer: usize,
    is_logged_in: bool,
}

impl Framing {
    /// Follows the next bytes read.
    ///
    /// # Errors
    /// As soon as a message is not PostgreSQL's, or too long.
    pub(super) fn follow(&mut self, mut read: &[u8]) -> io::Result<()> {
        loop {
            let (body, behind) = read.split_at(self.left.min(read.len()));
            self.left -= body.len();
            let Some((first, behind)) = behind.split_first() else {
                return Ok(());
            };
            self.head.push(*first);
            read = behind;
            if let Ok(head) = <[u8; 5]>::try_from(self.head.as_slice()) {
                self.head.clear();
                self.begin(head)?;
            }
        }
    }

    fn begin(&mut self, [tag, length @ ..]: [u8; 5]) -> io::Result<()> {
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        let longest = match tag {
            _ if !self.is_logged_in => BEFORE_LOGIN,
            b'D' => ANSWER,
            _ => NO_ROW,
        };
        self.left = length
            .checked_sub(4)
            .filter(|_| length <= longest)
            .ok_or_else(|| broken(&format!("the server announced a message of {length} bytes")))?;
        self.answer = self.answer.saturating_add(length + MESSAGE);
        let longest = if self.is_logged_in {
            ANSWER
        } else {
            BEFORE_LOGIN
        };
        if self.answer > longest {
            return Err(broken(&format!(
                "the server's answer has more than {longest} bytes"
            )));
        }
        // Ready for a statement; the first time means that the login is over.
        if tag == b'Z' {
            self.is_logged_in = true;
            self.answer = 0;
        }
        Ok(())
    }
}

/// Not retried: a server that answers like this will do it again.
fn broken(what: &str) -> io::Error {
    let advice = "it is not PostgreSQL, or it is broken: check the host and port in DATABASE_URL";
    io::Error::new(io::ErrorKind::InvalidData, format!("{what}; {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tag: u8, body: usize) -> Vec<u8> {
        let mut message = head(tag, u32::try_from(body + 4).unwrap());
        message.resize(5 + body, 0);
        message
    }

    fn head(tag: u8, length: u32) -> Vec<u8> {
        [&[tag][..], &length.to_be_bytes()].concat()
    }

    fn logged_in() -> Framing {
        let mut framing = Framing::default();
        let login = [message(b'R', 4), message(b'S', 30), message(b'Z', 1)].concat();
        framing.follow(&login).unwrap();
        framing
    }

    #[test]
    fn messages_are_followed_however_they_are_cut() {
        let read = [message(b'T', 300), message(b'D', 70_000), message(b'Z', 1)].concat();
        for size in [1, 2, 4, 5, 6, 7, 304, 305, 306, 4096, read.len()] {
            let mut framing = logged_in();
            for part in read.chunks(size) {
                framing.follow(part).unwrap();
            }
            assert_eq!(
                (framing.left, framing.head.len(), framing.answer),
                (0, 0, 0)
            );
            // A tag alone at the end.
            framing.follow(b"D").unwrap();
            assert_eq!(framing.head, b"D");
            let error = framing.follow(&u32::MAX.to_be_bytes()).unwrap_err();
            assert!(error.to_string().contains("of 4294967295 bytes"), "{error}");
        }
    }

    #[test]
    fn a_length_that_is_none_is_refused() {
        for length in [0, 3] {
            let error = logged_in().follow(&head(b'C', length)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
        logged_in().follow(&head(b'1', 4)).unwrap();
        // What a web server says.
        let error = Framing::default().follow(b"HTTP/1.1 400 Bad").unwrap_err();
        assert!(error.to_string().contains("not PostgreSQL"), "{error}");
    }

    #[test]
    fn each_kind_of_message_has_its_bound() {
        let takes = |mut framing: Framing, tag, length: usize| {
            let length = u32::try_from(length).unwrap();
            framing.follow(&head(tag, length)).is_ok()
        };
        for (tag, is_logged_in, bound) in [
            (b'R', false, BEFORE_LOGIN - MESSAGE),
            (b'E', false, BEFORE_LOGIN - MESSAGE),
            (b'D', false, BEFORE_LOGIN - MESSAGE),
            (b'E', true, NO_ROW),
            (b'N', true, NO_ROW),
            (b'S', true, NO_ROW),
            (b'D', true, ANSWER - MESSAGE),
        ] {
            let framing = || {
                if is_logged_in {
                    logged_in()
                } else {
                    Framing::default()
                }
            };
            assert!(takes(framing(), tag, bound));
            assert!(!takes(framing(), tag, bound + 1));
        }
    }

    #[test]
    fn an_endless_answer_of_short_messages_has_an_end() {
        for (mut framing, tag, bound) in [
            (Framing::default(), b'S', BEFORE_LOGIN),
            (logged_in(), b'D', ANSWER),
            (logged_in(), b'N', ANSWER),
        ] {
            let short = message(tag, 2);
            let taken = (0..).take_while(|_| framing.follow(&short).is_ok()).count();
            assert_eq!(taken, bound / (6 + MESSAGE));
        }
        // Many answers are not one long answer.
        let mut framing = logged_in();
        let answer = [message(b'D', 1 << 20), message(b'Z', 1)].concat();
        (0..40).for_each(|_| framing.follow(&answer).unwrap());
    }
}
