//! What answers is no PostgreSQL, or an evil one: it says more than fits into memory, before the login or after it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::stock::stocked;

/// What the buffers of two sockets take although nobody reads. A message of 2 GB would be far beyond.
const IN_BUFFERS: usize = 24 << 20;

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    [&head(tag, body.len() + 4), body].concat()
}

fn head(tag: u8, length: usize) -> Vec<u8> {
    let length = u32::try_from(length).unwrap();
    [&[tag][..], &length.to_be_bytes()].concat()
}

/// A server for one connection, which it lets in where it is asked for a statement first.
struct Hostile {
    address: SocketAddr,
    written: JoinHandle<usize>,
}

impl Hostile {
    /// A server that says `first`, and then `endless` for ever.
    fn start(is_encrypted: bool, lets_in: bool, first: Vec<u8>, endless: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let written = thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            if !is_encrypted {
                return speak(socket, lets_in, &first, &endless);
            }
            socket.read_exact(&mut [0; 8]).unwrap();
            socket.write_all(b"S").unwrap();
            let session = ServerConnection::new(Arc::new(own_certificate())).unwrap();
            speak(StreamOwned::new(session, socket), lets_in, &first, &endless)
        });
        Self { address, written }
    }
}

fn own_certificate() -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap()
}

/// Answers, until nobody takes it any more; how many bytes were taken.
fn speak(mut stream: impl Read + Write, lets_in: bool, first: &[u8], endless: &[u8]) -> usize {
    let mut request = vec![0; 65536];
    assert!(stream.read(&mut request).unwrap() > 0, "nobody logs in");
    if lets_in {
        let login = [message(b'R', &[0; 4]), message(b'Z', b"I")].concat();
        stream.write_all(&login).unwrap();
        assert!(stream.read(&mut request).unwrap() > 0, "nobody asks");
    }
    let endless = endless.repeat(65536 / endless.len());
    let mut written = 0;
    let mut next = first;
    while stream.write_all(next).is_ok() {
        written += next.len();
        assert!(written < 1 << 31, "all of it is taken");
        next = &endless;
    }
    written
}

/// Whether it lets us in, what it says first, what then for ever, and a word of what is said of it.
type Case = (bool, Vec<u8>, Vec<u8>, &'static str);

fn cases() -> Vec<Case> {
    const HUGE: usize = 1_900_000_000;
    let announced = "a message of 1900000000 bytes";
    let largest = head(b'E', usize::try_from(u32::MAX).unwrap());
    let rows = [
        message(b'1', b""),
        message(b'2', b""),
        message(b'T', &[0; 2]),
    ]
    .concat();
    let text = b"x".to_vec();
    vec![
        (false, head(b'E', HUGE), text.clone(), announced),
        (false, head(b'R', HUGE), vec![0], announced),
        (false, head(b'S', HUGE), text.clone(), announced),
        (false, largest, text.clone(), "of 4294967295 bytes"),
        (false, head(b'E', 3), text.clone(), "a message of 3 bytes"),
        (
            false,
            b"HTTP/1.1 400 Bad Request".to_vec(),
            text.clone(),
            "it is not PostgreSQL",
        ),
        (
            false,
            message(b'R', &[0; 4]),
            message(b'S', b"a\0b\0"),
            "more than 65536 bytes",
        ),
        (true, head(b'D', HUGE), vec![0], announced),
        (true, head(b'E', HUGE), text, announced),
        (
            true,
            rows,
            message(b'D', &[0; 2]),
            "more than 33554432 bytes",
        ),
    ]
}

#[test]
fn a_server_that_says_too_much_is_left_before_it_fills_the_memory() {
    for (lets_in, first, endless, words) in cases() {
        for mode in ["disable", "require"] {
            let is_encrypted = mode == "require";
            let server = Hostile::start(is_encrypted, lets_in, first.clone(), endless.clone());
            let url = format!("postgres://me:secret@{}/d?sslmode={mode}", server.address);
            let env = stocked(&url, 3);
            // `sync` wants one row, and sees at the second that there are too many.
            let command = if first.starts_with(b"1") {
                "verify"
            } else {
                "sync"
            };
            let ran = env.run(&[command]);
            assert_eq!(
                (ran.code, env.pending()),
                (1, 3),
                "{mode}, {words}: {ran:?}"
            );
            assert!(
                ran.error().contains(words) && ran.error().contains("it is broken"),
                "{mode}, {words}: {ran:?}"
            );
            assert!(!ran.stderr.contains("trying again"), "{ran:?}");
            let written = server.written.join().unwrap();
            assert!(
                written < 33_554_432 + IN_BUFFERS,
                "{mode}, {words}: {written}"
            );
        }
    }
}
